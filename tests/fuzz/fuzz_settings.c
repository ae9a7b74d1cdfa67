/*
 * fuzz_settings.c - any file given for psirtd.conf.
 *
 * Fed: the file.  Must hold: it becomes a tree, or problems each of which is
 * a line that names the file; libconfuse is left fit for the next file.
 */
#include "fuzz.h"

#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../../daemon/settings/settings_internal.h"

static void
check(const void *ctx, const char *path)
{
	struct problems *p = problems_new(ctx, "the file");
	char *text = settings_text(ctx, path, p);
	const struct tree *tree = NULL;
	const char *said;
	bool closed;

	if (text != NULL) {
		closed = settings_closed(ctx, &conf_grammar, text, p);
		tree = settings_parse(ctx, &conf_grammar, text, p);
		MUST(tree != NULL && tree->nnodes > 0);
		MUST(closed || p->count > 0);
		for (size_t i = 0; i < tree->nnodes; i++)
			MUST(section_find(tree->nodes[i].section) != NULL &&
			     tree->nodes[i].parent <= i);
	}
	said = problems_text(ctx, p);
	MUST((said != NULL) == (p->count > 0));
	MUST(tree != NULL || said != NULL);
	if (said != NULL)
		MUST(is_text(said, strlen(said)) &&
		     strncmp(said, "the file", 8) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	void *ctx = talloc_new(NULL);
	int fd = memfd_create("settings", MFD_CLOEXEC);

	MUST(fd >= 0 && fchmod(fd, 0600) == 0);
	MUST(write(fd, data, size) == (ssize_t)size);
	check(ctx, talloc_asprintf(ctx, "/proc/self/fd/%d", fd));
	close(fd);
	talloc_free(ctx);
	return 0;
}
