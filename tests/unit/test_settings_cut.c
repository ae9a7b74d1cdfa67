/*
 * test_settings_cut.c - half a psirtd.conf is never good: cut behind every
 * byte, and without each single brace.
 */
#include "settings_file.h"

/* Every error has a line, and none is said twice. */
static void
assert_lines(const void *ctx, const char *errors)
{
	for (const char *at = errors; *at != '\0';) {
		size_t len = strcspn(at, "\n");
		char *one = talloc_strndup(ctx, at, len + 1);

		if (at[0] != ':' || atoi(at + 1) < 1)
			fail_msg("no line in: %s", one);
		if (strstr(at + len, one) != NULL)
			fail_msg("said twice: %s", one);
		at += len + (at[len] == '\n');
	}
}

/*
 * Cut behind any byte it is good only where every brace is closed, and the
 * sections that must be there (up to line 30) are.
 */
static void
test_cut_anywhere(void **state)
{
	void *top = talloc_new(NULL);
	const char *text = good_text(top);
	size_t good = 0;
	int depth = 0;
	int line = 1;

	for (size_t i = 0; text[i] != '\0'; i++) {
		void *ctx = talloc_new(top);
		char *part = talloc_strndup(ctx, text, i + 1);
		char *errors = NULL;
		bool whole;

		depth += (text[i] == '{') - (text[i] == '}');
		whole = depth == 0 && line >= 30 &&
			(text[i] == '}' || text[i] == '\n');
		if ((load_text(ctx, part, &errors) != NULL) != whole)
			fail_msg("cut in line %d behind \"%s\": %s", line,
			    part + (i > 30 ? i - 30 : 0),
			    whole ? errors : "taken as good");
		if (!whole)
			assert_lines(ctx, errors);
		good += whole;
		line += text[i] == '\n';
		talloc_free(ctx);
	}
	/* The last line of each part, with its line end and without. */
	assert_int_equal(good, 20);
	talloc_free(top);
}

static void
test_brace_dropped(void **state)
{
	void *top = talloc_new(NULL);
	const char *text = good_text(top);
	int dropped = 0;

	for (const char *at = strpbrk(text, "{}"); at != NULL;
	     at = strpbrk(at + 1, "{}")) {
		void *ctx = talloc_new(top);
		char *errors = NULL;

		if (load_text(ctx,
			talloc_asprintf(
			    ctx, "%.*s%s", (int)(at - text), text, at + 1),
			&errors) != NULL)
			fail_msg(
			    "taken as good without the %c of: %.60s", *at, at);
		assert_lines(ctx, errors);
		if (*at == '}' && strstr(errors, "is not closed") == NULL)
			fail_msg("not said: } before %.60s\n%s", at, errors);
		dropped++;
		talloc_free(ctx);
	}
	assert_int_equal(dropped, 2 * 25);
	talloc_free(top);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_cut_anywhere),
	    cmocka_unit_test(test_brace_dropped),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
