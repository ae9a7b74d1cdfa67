/*
 * replay.c - a harness without libFuzzer: main() of one that `make check`
 * runs.
 *
 * Feeds each file named, and each file of each folder named, to the harness.
 * Each lies in memory of just its length, so that ASan sees a byte too far.
 * A harness that does not like one ends the program, and the last line of
 * the output names the file.  TAP: one test a harness.
 */
#include "fuzz.h"

#include <dirent.h>

static size_t
replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	long len = -1;
	uint8_t *data;

	printf("# %s\n", path);
	fflush(stdout);
	MUST(f != NULL);
	if (fseek(f, 0, SEEK_END) == 0)
		len = ftell(f);
	MUST(len >= 0);
	rewind(f);
	data = malloc((size_t)len);
	MUST(fread(data, 1, (size_t)len, f) == (size_t)len);
	fclose(f);
	LLVMFuzzerTestOneInput(data, (size_t)len);
	free(data);
	return 1;
}

static int
is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static size_t
replay_folder(const char *folder)
{
	struct dirent **list = NULL;
	int n = scandir(folder, &list, is_seed, alphasort);
	size_t done = 0;

	for (int i = 0; i < n; i++) {
		char *path =
		    talloc_asprintf(NULL, "%s/%s", folder, list[i]->d_name);

		done += replay(path);
		talloc_free(path);
		free(list[i]);
	}
	free(list);
	return n < 0 ? replay(folder) : done;
}

int
main(int argc, char **argv)
{
	size_t done = 0;

	for (int i = 1; i < argc; i++)
		done += replay_folder(argv[i]);
	printf("1..1\n%s 1 - %zu inputs\n", done > 0 ? "ok" : "not ok", done);
	return done > 0 ? 0 : 1;
}
