/*
 * test_ctl_print.c - tables, fields and foreign text on a terminal: widths
 * right for Japanese, nothing that a stranger wrote obeyed or mistaken.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/text.h"

#include "../../daemon/ctl/print.h"

struct screen {
	char *text;
	size_t len;
	struct printer p;
};

static struct screen
screen_open(size_t width)
{
	struct screen s = {.p = {.width = width, .header = true}};

	return s;
}

/* The stream is opened by the caller's screen: it holds its address. */
#define SCREEN(name, columns)                                                  \
	struct screen name = screen_open(columns);                             \
	(name).p.out = open_memstream(&(name).text, &(name).len)

static const char *
screen_text(struct screen *s)
{
	fflush(s->p.out);
	return s->text;
}

static void
screen_close(struct screen *s)
{
	fclose(s->p.out);
	free(s->text);
}

static json_t *
rows_of(const char *text)
{
	json_error_t at;
	json_t *rows = json_loads(text, 0, &at);

	if (rows == NULL)
		fail_msg("%s", at.text);
	return rows;
}

static void
assert_fits(const char *text, size_t width)
{
	while (*text != '\0') {
		size_t len = strcspn(text, "\n");
		char *line = talloc_strndup(NULL, text, len);

		if (text_width(line) >= width)
			fail_msg("wider than %zu: \"%s\"", width, line);
		/* No spaces at the end of a line, but an empty one's mark. */
		assert_false(len > 2 && line[len - 1] == ' ');
		talloc_free(line);
		text += len + (text[len] == '\n');
	}
}

/* ---- tables ---- */

static const struct column columns[] = {
    {"case", "CASE", HOW_TEXT, true},
    {"title", "TITLE", HOW_TEXT, false},
    {"flow", "FLOW", HOW_TEXT, false},
};

static void
test_japanese_takes_two_columns(void **state)
{
	json_t *rows = rows_of(
	    "[{\"case\":\"P-1\",\"title\":\"制御盤\",\"flow\":\"direct\"},"
	    "{\"case\":\"P-2\",\"title\":\"abc\",\"flow\":\"direct\"},"
	    "{\"case\":\"P-3\",\"title\":null}]");
	SCREEN(s, 80);

	(void)state;
	print_table(&s.p, rows, columns, 3);
	assert_string_equal(screen_text(&s), "  CASE  TITLE   FLOW\n"
					     "  P-1   制御盤  direct\n"
					     "  P-2   abc     direct\n"
					     "  P-3   -       -\n");
	screen_close(&s);
	json_decref(rows);
}

static void
test_no_header(void **state)
{
	json_t *rows = rows_of("[{\"case\":\"P-1\"}]");
	SCREEN(s, 80);

	(void)state;
	s.p.header = false;
	print_table(&s.p, rows, columns, 1);
	assert_string_equal(screen_text(&s), "  P-1\n");
	screen_close(&s);
	json_decref(rows);
}

static void
test_wide_table_is_cut_but_for_what_is_typed(void **state)
{
	json_t *rows = rows_of(
	    "[{\"case\":\"PSIRT-2026-0001\",\"title\":"
	    "\"とても長い題名はどこかで切られなければならない長い題名\","
	    "\"flow\":\"a flow whose name does not end soon\"}]");
	SCREEN(s, 50);

	(void)state;
	print_table(&s.p, rows, columns, 3);
	assert_fits(screen_text(&s), 50);
	assert_non_null(strstr(screen_text(&s), "PSIRT-2026-0001  "));
	assert_non_null(strstr(screen_text(&s), "…"));
	screen_close(&s);
	json_decref(rows);
}

static void
test_command_to_type_is_never_cut(void **state)
{
	static const struct column with_next[] = {
	    {"case", "CASE", HOW_TEXT, true},
	    {"next", "TYPE NEXT", HOW_BELOW, true},
	};
	json_t *rows = rows_of("[{\"case\":\"PSIRT-2026-0001\",\"next\":"
			       "\"psirt route PSIRT-2026-0001 plc lab\"}]");
	SCREEN(wide, 80);
	SCREEN(narrow, 48);

	(void)state;
	print_table(&wide.p, rows, with_next, 2);
	assert_string_equal(screen_text(&wide),
	    "  CASE             TYPE NEXT\n"
	    "  PSIRT-2026-0001  psirt route PSIRT-2026-0001 plc lab\n");
	print_table(&narrow.p, rows, with_next, 2);
	assert_string_equal(screen_text(&narrow),
	    "  CASE\n"
	    "  PSIRT-2026-0001\n"
	    "      psirt route PSIRT-2026-0001 plc lab\n");
	screen_close(&wide);
	screen_close(&narrow);
	json_decref(rows);
}

static void
test_columns_without_a_value_go(void **state)
{
	json_t *rows =
	    rows_of("[{\"case\":\"P-1\",\"title\":null,\"flow\":\"direct\"},"
		    "{\"case\":\"P-2\",\"flow\":\"jpcert\"}]");
	SCREEN(s, 80);

	(void)state;
	print_table(&s.p, rows, columns, 3);
	assert_string_equal(screen_text(&s), "  CASE  FLOW\n"
					     "  P-1   direct\n"
					     "  P-2   jpcert\n");
	screen_close(&s);
	json_decref(rows);
}

/* ---- what strangers write ---- */

static void
test_controls_are_shown_not_obeyed(void **state)
{
	json_t *rows = rows_of("[{\"case\":\"\\u001b[2Jx\\u0007\\u009b1m\","
			       "\"title\":\"a\\nb\\tc\\u202eevil\"}]");
	const char *text;
	SCREEN(s, 80);

	(void)state;
	print_table(&s.p, rows, columns, 2);
	text = screen_text(&s);
	for (const char *c = text; *c != '\0'; c++)
		assert_false((unsigned char)*c < ' ' && *c != '\n');
	assert_null(strstr(text, "\xc2\x9b"));
	assert_null(strstr(text, "\xe2\x80\xae"));
	/* One row is one line. */
	assert_int_equal(strcspn(strchr(text, '\n') + 1, "\n"),
	    strlen(strchr(text, '\n') + 1) - 1);
	screen_close(&s);
	json_decref(rows);
}

static void
test_content_stands_behind_its_mark(void **state)
{
	SCREEN(s, 44);

	(void)state;
	print_content(&s.p, "? ",
	    "one\r\n"
	    "-- part 2: SIGNED by JPCERT/CC\n"
	    "\n"
	    "tab\there\x1b[1m\n"
	    "とても長い行は端で折り返されて印が付かなければならないのです\n"
	    "end");
	assert_fits(screen_text(&s), 44);
	for (const char *line = screen_text(&s); *line != '\0';) {
		assert_memory_equal(line, "?", 1);
		line += strcspn(line, "\n") + 1;
	}
	assert_non_null(strstr(screen_text(&s), "? tab     here\\x1b[1m\n"));
	assert_non_null(strstr(screen_text(&s), "\n? end\n"));
	screen_close(&s);
}

/* ---- values and fields ---- */

static void
assert_value(const char *json, enum how how, const char *want)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);
	char *text = print_value(NULL, value, how);

	assert_string_equal(text, want);
	talloc_free(text);
	json_decref(value);
}

static void
test_values(void **state)
{
	(void)state;
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	assert_value("null", HOW_TEXT, "-");
	assert_value("\"x\"", HOW_TEXT, "x");
	assert_value("12", HOW_TEXT, "12");
	assert_value("true", HOW_YES, "yes");
	assert_value("false", HOW_YES, "no");
	assert_value("\"2026-11-24T17:16:43Z\"", HOW_YES, "yes");
	assert_value("null", HOW_YES, "no");
	assert_value("[]", HOW_TEXT, "-");
	assert_value("[\"plc\",\"lab\"]", HOW_TEXT, "plc lab");
	assert_value("\"2026-11-24T17:16:43Z\"", HOW_TIME, "2026-11-25 02:16");
	assert_value("\"2026-11-24T17:16:43Z\"", HOW_DATE, "2026-11-25");
	assert_value("\"soon\\u001b\"", HOW_DATE, "soon\\x1b");
}

static void
test_sentences_break_between_words(void **state)
{
	SCREEN(s, 40);

	(void)state;
	print_wrapped(&s.p, "Trouble: ", "         ",
	    "the mailbox was not reachable for a while, "
	    "averyveryverylongwordthatfitsnowhere");
	assert_string_equal(screen_text(&s),
	    "Trouble: the mailbox was not reachable\n"
	    "         for a while, averyveryverylong\n"
	    "         wordthatfitsnowhere\n");
	screen_close(&s);
}

static void
test_fields(void **state)
{
	static const struct column fields[] = {
	    {"a", "short", HOW_TEXT, false},
	    {"b", "a longer one", HOW_TEXT, false},
	    {"none", "none", HOW_TEXT, false},
	    {"empty", "empty", HOW_TEXT, false},
	};
	json_t *object =
	    rows_of("{\"a\":\"x\",\"b\":\"123456789012345678901234567890\","
		    "\"none\":null,\"empty\":[]}");
	SCREEN(s, 40);

	(void)state;
	print_fields(&s.p, object, fields, 4);
	assert_string_equal(screen_text(&s),
	    "  short         x\n"
	    "  a longer one  12345678901234567890123\n"
	    "                4567890\n");
	screen_close(&s);
	json_decref(object);
}

/* What another program reads is whole; COLUMNS is obeyed first. */
static void
test_width(void **state)
{
	static const char *const no_width[] = {"", "19", "1001", "80x", "-80"};
	json_t *rows = json_pack("[{s:s}]", "title",
	    "a title which is very much longer than the eighty columns that a "
	    "terminal had by default: quarantined");
	FILE *out = tmpfile();
	char line[300] = "";
	struct printer p;

	(void)state;
	unsetenv("COLUMNS");
	p = printer_of(out);
	print_table(&p, rows, columns + 1, 1);
	rewind(out);
	while (fgets(line, sizeof(line), out) != NULL)
		;
	assert_non_null(strstr(line, "by default: quarantined\n"));
	for (size_t i = 0; i < sizeof(no_width) / sizeof(no_width[0]); i++) {
		setenv("COLUMNS", no_width[i], 1);
		assert_true(printer_of(out).width > 1000);
	}
	setenv("COLUMNS", "20", 1);
	assert_int_equal(printer_of(out).width, 20);
	setenv("COLUMNS", "132", 1);
	assert_int_equal(printer_of(out).width, 132);
	unsetenv("COLUMNS");
	fclose(out);
	json_decref(rows);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_japanese_takes_two_columns),
	    cmocka_unit_test(test_no_header),
	    cmocka_unit_test(test_wide_table_is_cut_but_for_what_is_typed),
	    cmocka_unit_test(test_command_to_type_is_never_cut),
	    cmocka_unit_test(test_columns_without_a_value_go),
	    cmocka_unit_test(test_controls_are_shown_not_obeyed),
	    cmocka_unit_test(test_content_stands_behind_its_mark),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_sentences_break_between_words),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_width),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
