/*
 * test_write_language.c - the template language: blocks, lines that vanish,
 * facts that may not stand in a subject, and every mistake with file:line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/write.h"

struct world {
	char *folder;
};

static char *
path_of(const struct world *w, const char *language, const char *kind)
{
	return talloc_asprintf(w, "%s/%s/%s.txt", w->folder, language, kind);
}

static void
put(const struct world *w, const char *language, const char *kind,
    const char *text, size_t len)
{
	FILE *file = fopen(path_of(w, language, kind), "w");

	assert_non_null(file);
	assert_int_equal(fwrite(text, 1, len, file), len);
	assert_int_equal(fclose(file), 0);
}

/* A folder of good templates, of which each test spoils some. */
static int
set_up(void **state)
{
	struct world *w = talloc_zero(NULL, struct world);

	w->folder = talloc_strdup(w, "/tmp/psirtd-write.XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	for (int l = 0; l < 2; l++) {
		const char *language = l == 0 ? "en" : "ja";

		mkdir(talloc_asprintf(w, "%s/%s", w->folder, language), 0700);
		for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT;
		     kind++)
			put(w, language, mail_kind_name((enum mail_kind)kind),
			    "Subject: s\n\nb\n", 14);
	}
	*state = w;
	return 0;
}

static int
tear_down(void **state)
{
	struct world *w = *state;

	for (int l = 0; l < 2; l++) {
		const char *language = l == 0 ? "en" : "ja";

		for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT;
		     kind++)
			unlink(path_of(
			    w, language, mail_kind_name((enum mail_kind)kind)));
		rmdir(talloc_asprintf(w, "%s/%s", w->folder, language));
	}
	rmdir(w->folder);
	talloc_free(w);
	return 0;
}

/* Renders one template of kind overview; the result hangs off w. */
static int
render(struct world *w, const char *template, const struct fact *facts,
    size_t n, struct draft_text *draft, struct error *err)
{
	char *errors = NULL;
	struct templates *t;

	put(w, "en", "overview", template, strlen(template));
	t = write_load(w, w->folder, &errors, err);
	if (t == NULL)
		fail_msg("%s", errors != NULL ? errors : err->text);
	assert_null(errors);
	return write_render(w, t, MAIL_OVERVIEW, "en", facts, n, draft, err);
}

static void
check(struct world *w, const char *template, const char *number,
    const char *product, const char *subject, const char *body)
{
	const struct fact facts[] = {{"number", number}, {"product", product}};
	struct draft_text d;
	struct error err = {0};

	if (render(w, template, facts, 2, &d, &err) != 0)
		fail_msg("%s", err.text);
	assert_string_equal(d.subject, subject);
	assert_string_equal(d.body, body);
}

static void
test_blocks(void **state)
{
	static const char t[] =
	    "Subject: {{?number}}[{{number}}] {{/number}}s\n"
	    "\n"
	    "a{{?product}} {{product}}{{/product}}.\n"
	    "{{!product}}none{{/product}}\n"
	    "b\n";
	struct world *w = *state;

	check(w, t, "N-1", "XYZ", "[N-1] s", "a XYZ.\nb\n");
	check(w, t, NULL, "", "s", "a.\nnone\nb\n");
	/* A subject may ask whether it is a receipt, and not say it. */
	check(w,
	    "Subject: {{?receipt_only}}r{{/receipt_only}}{{!receipt_only}}"
	    "s{{/receipt_only}}\n\nb\n",
	    NULL, NULL, "s", "b\n");
}

static void
test_lines_vanish_with_their_block(void **state)
{
	static const char t[] = "Subject: s\n\nfirst\n"
				"  {{?product}}p{{/product}}  \n"
				"{{?product}}\n"
				"inner {{product}}\n"
				"\n"
				"{{/product}}\n"
				"{{product}}\n"
				"\n"
				"last";
	struct world *w = *state;

	/* A line that was empty in the template stays. */
	check(w, t, NULL, NULL, "s", "first\n\nlast\n");
	check(w, t, NULL, "X", "s", "first\n  p  \ninner X\n\nX\n\nlast\n");
}

static void
test_blocks_stand_in_each_other(void **state)
{
	static const char t[] =
	    "Subject: s\n\n"
	    "{{?number}}n{{?product}}p{{/product}}{{!product}}q{{/product}}"
	    "{{/number}}{{!number}}{{?product}}r{{/product}}{{/number}}.\n";
	struct world *w = *state;

	check(w, t, "1", "1", "s", "np.\n");
	check(w, t, "1", NULL, "s", "nq.\n");
	check(w, t, NULL, "1", "s", "r.\n");
	check(w, t, NULL, NULL, "s", ".\n");
}

static void
test_facts_are_text_and_never_a_template(void **state)
{
	static const char t[] = "Subject: s\n\n{{product}}!\n> {{product}}\n";
	struct world *w = *state;

	check(w, t, NULL, "{{number}} {{?x}}", "s",
	    "{{number}} {{?x}}!\n> {{number}} {{?x}}\n");
	check(w, t, NULL, "a\tb\n\r\x1b[2J\xe2\x80\xae\xff\n\nc\n\n", "s",
	    "a\tb\n\\x0d\\x1b[2J<U+202E>\\xff\n\nc!\n"
	    "> a\tb\n> \\x0d\\x1b[2J<U+202E>\\xff\n>\n> c\n");
}

static void
test_files_with_crlf(void **state)
{
	check(*state, "Subject: s\r\n\r\na\r\n", NULL, NULL, "s", "a\n");
}

static void
test_subject_refuses_line_breaks(void **state)
{
	static const char *const hostile[] = {"a\nBcc: x@evil.example",
	    "a\r\nBcc: x@evil.example", "a\rb", "a\tb", "a\x7f", "a\xc2\x85",
	    "a\xe2\x80\xa8", "a\xe2\x80\xae", "a\xff", "a\n"};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(hostile) / sizeof(hostile[0]); i++) {
		const struct fact facts[] = {{"number", hostile[i]}};
		struct draft_text d;
		struct error err = {0};

		assert_int_equal(
		    render(w, "Subject: {{number}}\n\nb\n", facts, 1, &d, &err),
		    -1);
		assert_int_equal(err.fault, FAULT_INPUT);
		assert_non_null(strstr(err.text, "number"));
		assert_null(d.subject);
	}
}

static void
test_unknown_language_kind_and_fact(void **state)
{
	const struct fact facts[] = {{"finder_name", "Robin"}};
	struct world *w = *state;
	struct draft_text d;
	struct error err = {0};
	struct templates *t = write_load(w, w->folder, NULL, &err);

	assert_non_null(t);
	assert_int_equal(
	    write_render(w, t, MAIL_NOTICE, "fr", NULL, 0, &d, &err), -1);
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_int_equal(
	    write_render(w, t, MAIL_KIND_COUNT, "en", NULL, 0, &d, &err), -1);
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_int_equal(
	    write_render(w, t, MAIL_NOTICE, NULL, NULL, 0, &d, &err), -1);
	assert_int_equal(
	    write_render(w, t, MAIL_OVERVIEW, "en", facts, 1, &d, &err), -1);
	assert_int_equal(err.fault, FAULT_BUG);
	assert_string_equal(mail_kind_name(MAIL_ACKNOWLEDGE), "acknowledge");
	assert_string_equal(mail_kind_name((enum mail_kind)77), "?");
	assert_null(write_fact_names((enum mail_kind)0)[0]);
}

/* ---- mistakes ---- */

static size_t
count(const char *text, char c)
{
	size_t n = 0;

	for (; *text != '\0'; text++)
		n += *text == c;
	return n;
}

static void
check_mistake(struct world *w, const char *template, int line,
    const char *sentence, size_t mistakes)
{
	char *errors = NULL;
	struct error err = {0};
	char *want = talloc_asprintf(
	    w, "%s:%d: %s", path_of(w, "ja", "acknowledge"), line, sentence);

	put(w, "ja", "acknowledge", template, strlen(template));
	assert_null(write_load(w, w->folder, &errors, &err));
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_non_null(errors);
	if (strncmp(errors, want, strlen(want)) != 0)
		fail_msg("%s\nis not\n%s", errors, want);
	assert_int_equal(count(errors, '\n'), mistakes);
	assert_int_equal(errors[strlen(errors) - 1], '\n');
}

static void
test_mistakes_have_their_line(void **state)
{
	static const struct {
		const char *template;
		int line;
		const char *sentence;
		size_t mistakes;
	} table[] = {
	    {"Subject: s\n\na\n{{report_text}}\n", 4,
		"unknown name \"report_text\": a mail of kind acknowledge may "
		"use organization, desk_address, ",
		1},
	    {"Subject: s\n\n{{ number }}\n", 3, "unknown name \" number \"", 1},
	    {"Subject: s\n\n{{}}\n", 3, "unknown name \"\"", 1},
	    {"Subject: s\n\n{{?}}\n", 3, "unknown name \"\"", 1},
	    {"Subject: s\n\n{{product}}\n", 3, "unknown name \"product\"", 1},
	    {"Subject: s\n\na\nb\n{{?number}}\nc\n", 5,
		"the block of {{?number}} is not closed", 1},
	    {"Subject: s\n\n{{!number}}\nc\n", 3,
		"the block of {{!number}} is not closed", 1},
	    {"Subject: {{?number}}s\n\na\n", 1,
		"the block of {{?number}} is not closed", 1},
	    {"Subject: s\n\na {{/number}}\n", 3, "{{/number}} closes nothing",
		1},
	    {"Subject: s\n\n{{?number}}\n\na {{/received}}\n", 5,
		"{{/received}} stands where the block of {{?number}} in line 3",
		1},
	    {"Subject: s\n\na {{number\n}}\n", 3, "{{ without a }} in its line",
		2},
	    {"Subject: s\n\na }} b\n", 3, "}} without a {{ before it", 1},
	    {"Subject: s\n\n}}{{number}}\n", 3, "}} without a {{ before it", 1},
	    {"Subject: {{received}}\n\na\n", 1,
		"{{received}} may not stand in a subject", 1},
	    {"Hello\n", 1, "the first line must be \"Subject: ...\"", 1},
	    {"", 1, "the first line must be \"Subject: ...\"", 2},
	    {"Subject:  \n\na\n", 1, "the subject is empty", 1},
	    {"Subject: s\nTo: x\n\na\n", 2, "an empty line must follow", 1},
	    {"Subject: s\n\n \n\n", 2, "there is no text below the subject", 1},
	    {"Subject: s\n\n\xff\n", 1, "is not UTF-8", 1},
	};

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
		check_mistake(*state, table[i].template, table[i].line,
		    table[i].sentence, table[i].mistakes);
}

static void
test_all_mistakes_are_told_at_once(void **state)
{
	struct world *w = *state;
	char *errors = NULL;
	struct error err = {0};
	char *large = talloc_zero_size(w, 70000);

	memset(large, 'a', 70000);
	put(w, "en", "overview", "Subject: {{receipt_only}}\n\nb\n", 28);
	unlink(path_of(w, "en", "alert"));
	put(w, "en", "resend", large, 70000);
	put(w, "ja", "notice", "Subject: s\n\n{{x}}\n{{?number}}\n}}\n", 33);
	put(w, "ja", "alert", "Subject: \0s\n\nb\n", 15);
	assert_null(write_load(w, w->folder, &errors, &err));
	assert_non_null(errors);
	assert_non_null(strstr(errors, "en/alert.txt:1: cannot be read: No "));
	assert_non_null(strstr(errors, "en/resend.txt:1: is longer than"));
	assert_non_null(strstr(errors, "ja/notice.txt:3: unknown name \"x\""));
	assert_non_null(strstr(errors, "ja/notice.txt:4: the block"));
	assert_non_null(strstr(errors, "ja/notice.txt:5: }} without"));
	assert_non_null(strstr(errors, "ja/alert.txt:1: is not UTF-8"));
	assert_non_null(strstr(errors, "{{receipt_only}} may not stand in"));
	assert_int_equal(count(errors, '\n'), 7);
	assert_non_null(strstr(err.text, "7 mistakes"));
}

static void
test_missing_folder(void **state)
{
	char *errors = NULL;
	struct error err = {0};

	assert_null(write_load(*state, "/nonexistent", &errors, &err));
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_int_equal(count(errors, '\n'), 2 * (MAIL_KIND_COUNT - 1));
	assert_null(write_load(*state, "/nonexistent", NULL, &err));
}

static void
test_deep_blocks_are_refused(void **state)
{
	struct world *w = *state;
	char *text = talloc_strdup(w, "Subject: s\n\n");

	for (int i = 0; i < 17; i++)
		text = talloc_asprintf_append(text, "{{?number}}");
	for (int i = 0; i < 16; i++)
		text = talloc_asprintf_append(text, "{{/number}}");
	check_mistake(w, talloc_asprintf_append(text, "\n"), 3,
	    "more than 16 blocks in each other", 1);
}

#define WITH_FOLDER(test)                                                      \
	cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    WITH_FOLDER(test_blocks),
	    WITH_FOLDER(test_lines_vanish_with_their_block),
	    WITH_FOLDER(test_blocks_stand_in_each_other),
	    WITH_FOLDER(test_facts_are_text_and_never_a_template),
	    WITH_FOLDER(test_files_with_crlf),
	    WITH_FOLDER(test_subject_refuses_line_breaks),
	    WITH_FOLDER(test_unknown_language_kind_and_fact),
	    WITH_FOLDER(test_mistakes_have_their_line),
	    WITH_FOLDER(test_all_mistakes_are_told_at_once),
	    WITH_FOLDER(test_missing_folder),
	    WITH_FOLDER(test_deep_blocks_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
