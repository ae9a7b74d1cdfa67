/*
 * test_read_letters.c - tests/letters/NAME.eml reads as NAME.want says.
 *
 * A new bug is a new pair and no C.  A name that begins with "entity-" is
 * what came out of PGP/MIME, the others are whole letters.  Every reading
 * must survive the wire as well.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "read_world.h"

static const char *folder;

static void
say_difference(const char *want, const char *got)
{
	unsigned line = 1;

	while (*want != '\0' || *got != '\0') {
		size_t w = strcspn(want, "\n");
		size_t g = strcspn(got, "\n");

		if (w != g || memcmp(want, got, w) != 0) {
			print_error("  line %u\n  - %.*s\n  + %.*s\n", line,
			    (int)w, want, (int)g, got);
			return;
		}
		want += w + (want[w] == '\n');
		got += g + (got[g] == '\n');
		line++;
	}
}

/* Spans lie in the letter, and layers behind what holds them. */
static bool
is_sound(const struct reading *r, struct bytes data)
{
	for (size_t i = 0; i < r->nparts; i++) {
		const struct part *p = &r->parts[i];

		if (p->within > i ||
		    (p->len > 0 &&
			bytes_span(data, (uint64_t)p->off, (uint64_t)p->len)
				.data == NULL) ||
		    (p->kind == PART_TEXT && !text_valid(p->content)))
			return false;
	}
	return true;
}

static bool
read_one(const struct reader *reader, const char *name)
{
	void *ctx = talloc_new(NULL);
	struct buf *wire = buf_new(ctx, (size_t)64 << 20);
	struct read_job job = {READ_LETTER, NULL, BYTES_NONE};
	struct error err = {0};
	struct reading *r;
	struct bytes want;
	char *got;
	bool same;

	job.data =
	    world_file(ctx, talloc_asprintf(ctx, "%s/%s.eml", folder, name));
	want =
	    world_file(ctx, talloc_asprintf(ctx, "%s/%s.want", folder, name));
	if (strncmp(name, "entity-", 7) == 0)
		job.mode = READ_ENTITY;
	r = reading_new(ctx, reader, &job, &err);
	if (r == NULL || !is_sound(r, job.data) ||
	    wire_encode(&reading_wire, r, wire, &err) != 0 ||
	    wire_decode(ctx, &reading_wire, buf_bytes(wire), &err) == NULL) {
		print_error("%s: %s\n", name, err.text);
		talloc_free(ctx);
		return false;
	}
	got = world_render(ctx, r, job.data);
	same = want.data != NULL &&
	       strcmp(text_to_lf(ctx, (const char *)want.data), got) == 0;
	if (!same) {
		print_error("%s: not as %s.want says\n", name, name);
		say_difference(want.data != NULL
				   ? text_to_lf(ctx, (const char *)want.data)
				   : "",
		    got);
		if (getenv("PSIRTD_SHOW_READING") != NULL)
			fputs(got, stderr);
	}
	talloc_free(ctx);
	return same;
}

static int
is_letter(const struct dirent *entry)
{
	size_t len = strlen(entry->d_name);

	return len > 4 && strcmp(entry->d_name + len - 4, ".eml") == 0;
}

static void
test_letters(void **state)
{
	struct reader *reader = world_reader(NULL);
	struct dirent **list = NULL;
	int n = scandir(folder, &list, is_letter, alphasort);
	unsigned wrong = 0;

	assert_non_null(reader);
	assert_true(n >= 25);
	for (int i = 0; i < n; i++) {
		list[i]->d_name[strlen(list[i]->d_name) - 4] = '\0';
		wrong += !read_one(reader, list[i]->d_name);
		free(list[i]);
	}
	free(list);
	talloc_free(reader);
	assert_int_equal(wrong, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_letters),
	};

	folder = getenv("PSIRTD_LETTERS");
	if (argc > 1)
		folder = argv[1];
	if (folder == NULL)
		folder = "tests/letters";
	return cmocka_run_group_tests(tests, NULL, NULL);
}
