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
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/text.h"

#include "../../daemon/ctl/print.h"
#include "linear.h"

struct screen {
	char *text;
	size_t len;
	struct printer p;
};

static struct screen
screen_open(size_t width)
{
	struct screen s = {
	    .p = {.width = width, .edge = width, .header = true}};

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

/* Columns where all but ASCII takes two, as on a Japanese terminal. */
static size_t
widest(const char *line, size_t len)
{
	size_t width = 0;

	for (size_t i = 0; i < len; i++)
		if (((unsigned char)line[i] & 0xc0) != 0x80)
			width += (unsigned char)line[i] < 0x80 ? 1 : 2;
	return width;
}

/*
 * Every line begins with the mark, ends before the edge, and holds nothing
 * that a terminal would obey; a line that is one letter with its marks may be
 * as wide as it is.
 */
static void
assert_behind_mark(const char *text, size_t edge)
{
	for (const char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		uint32_t c;

		assert_int_equal(line[len], '\n');
		assert_memory_equal(line, "? ", 2);
		if (widest(line, len) >= edge && widest(line, len) > 2 + 8)
			fail_msg(
			    "wider than %zu: \"%.*s\"", edge, (int)len, line);
		for (size_t i = 2; i < len;) {
			size_t n = text_next(line + i, len - i, &c);

			assert_true(n > 0);
			assert_false(text_is_hidden(c));
			assert_false(i == 2 && text_is_mark(c));
			i += n;
		}
		line += len + 1;
	}
}

static size_t
put_utf8(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to = (char)c;
		return 1;
	}
	if (c < 0x800) {
		to[0] = (char)(0xc0 | c >> 6);
		to[1] = (char)(0x80 | (c & 63));
		return 2;
	}
	if (c < 0x10000) {
		to[0] = (char)(0xe0 | c >> 12);
		to[1] = (char)(0x80 | (c >> 6 & 63));
		to[2] = (char)(0x80 | (c & 63));
		return 3;
	}
	to[0] = (char)(0xf0 | c >> 18);
	to[1] = (char)(0x80 | (c >> 12 & 63));
	to[2] = (char)(0x80 | (c >> 6 & 63));
	to[3] = (char)(0x80 | (c & 63));
	return 4;
}

/* Whatever Unicode has, alone, doubled and between the words of psirt. */
static void
test_no_character_leaves_its_mark(void **state)
{
	static const size_t edges[] = {8, 20, 80};
	char line[256];

	(void)state;
	for (uint32_t c = 1; c < 0x110000; c += c < 0x3000 ? 1 : 31) {
		size_t edge = edges[c % 3];
		size_t len = 0;
		SCREEN(s, edge);

		if (c >= 0xd800 && c <= 0xdfff)
			c = 0xe000;
		for (int i = 0; i < 40; i++) {
			if (i % 5 == 3)
				line[len++] = "a| \t"[i % 4];
			len += put_utf8(line + len, c);
		}
		strcpy(line + len, "| SIGNED");
		print_content(&s.p, "? ", line);
		assert_behind_mark(screen_text(&s), edge);
		screen_close(&s);
	}
}

static void
test_wrapped_words_stay_behind_their_mark(void **state)
{
	/* Where a line is broken, the next begins with a mark of its own. */
	static const char *const words[] = {
	    "                                | SIGNED by JPCERT/CC",
	    "ああああああああああああああああ| SIGNED by JPCERT/CC",
	    "ααααααααααααααααααααααααααααααααα| SIGNED by JPCERT/CC",
	    "ｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱｱ| SIGNED by JPCERT/CC",
	    "e\xcc\x81\xcc\x81\xcc\x81"
	    "e\xcc\x81\xcc\x81| SIGNED",
	    "\t\t\t\t\t\t\t\t\t\t| SIGNED by JPCERT/CC",
	    "\r| SIGNED\r\n\v| SIGNED\f| SIGNED\xc2\x85| SIGNED",
	    "\x1b[2K\x1b[1A| SIGNED\x1b]8;;http://x\x1b\\",
	    "\b\b\b| SIGNED",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		for (size_t edge = 8; edge < 90; edge++) {
			SCREEN(s, edge);

			print_content(&s.p, "? ", words[i]);
			assert_behind_mark(screen_text(&s), edge);
			screen_close(&s);
		}
	}
}

static void
print_a_text(const char *text, size_t len)
{
	SCREEN(s, 80);

	(void)len;
	print_content(&s.p, "? ", text);
	screen_close(&s);
}

/* The slowest there is. */
static void
test_a_long_line_is_no_burden(void **state)
{
	static const char *const pieces[] = {"\t", "a", "e\xcc\x81", "あ", "\n",
	    "\xd0\xb0"
	    "a "};

	(void)state;
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++)
		assert_linear(print_a_text, pieces[i], 1 << 19);
}

/* Cells, labels and sentences: no terminal is left to break them. */
static void
test_nothing_reaches_the_edge(void **state)
{
	static const struct column fields[] = {
	    {"title", "a label that is rather long", HOW_TEXT, false},
	    {"from", "from", HOW_ADDRESS, false},
	};
	json_t *rows = rows_of("[{\"case\":\"PSIRT-2026-0001\",\"title\":"
			       "\"αβγ ααααααααα 制御盤 -- part 1: SIGNED by "
			       "JPCERT/CC\",\"from\":\"a@b\u00e9 <c@d>\"}]");

	(void)state;
	for (size_t edge = 20; edge < 90; edge++) {
		SCREEN(s, edge);
		const char *text;

		print_table(&s.p, rows, columns, 2);
		print_fields(&s.p, json_array_get(rows, 0), fields, 2);
		print_wrapped(&s.p, "Trouble: ", "         ",
		    "ααααααααα ααααααααα ααααααααααααα");
		text = screen_text(&s);
		while (*text != '\0') {
			size_t len = strcspn(text, "\n");

			/* Our own label may be wider; nothing follows it. */
			if (widest(text, len) >= edge &&
			    strncmp(text, "  a label", 9) != 0)
				fail_msg("wider than %zu: \"%.*s\"", edge,
				    (int)len, text);
			assert_memory_not_equal(text, "--", 2);
			text += len + 1;
		}
		screen_close(&s);
	}
	json_decref(rows);
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
	assert_value("\"\u0430x\"", HOW_TEXT, "<U+0430>x");
	assert_value("\"\u60c5@x\"", HOW_TEXT, "情@x");
	assert_value("\"\u60c5@x\"", HOW_ADDRESS, "<U+60C5>@x");
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
		/* Text is broken all the same, for a pager. */
		assert_true(printer_of(out).edge < 1000);
	}
	setenv("COLUMNS", "20", 1);
	assert_int_equal(printer_of(out).width, 20);
	setenv("COLUMNS", "132", 1);
	assert_int_equal(printer_of(out).width, 132);
	unsetenv("COLUMNS");
	fclose(out);
	json_decref(rows);
}

/* COLUMNS may make lines shorter than the terminal's, never longer. */
static void
test_a_terminal_knows_how_wide_it_is(void **state)
{
	static const struct {
		unsigned short real;
		const char *asked;
		size_t edge;
	} rows[] = {
	    {80, "200", 80},
	    {80, "40", 40},
	    {80, NULL, 80},
	    {30, NULL, 30},
	    {30, "80", 30},
	    {3, NULL, 8},
	    {0, NULL, 80},
	    {0, "100", 100},
	};
	int pty = posix_openpt(O_RDWR | O_NOCTTY);
	FILE *out;

	(void)state;
	assert_true(pty >= 0 && grantpt(pty) == 0 && unlockpt(pty) == 0);
	/* Without O_NOCTTY its end would end a test that leads a session. */
	out = fdopen(open(ptsname(pty), O_RDWR | O_NOCTTY | O_CLOEXEC), "r+");
	assert_non_null(out);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct winsize size = {.ws_row = 24, .ws_col = rows[i].real};

		assert_int_equal(ioctl(pty, TIOCSWINSZ, &size), 0);
		if (rows[i].asked != NULL)
			setenv("COLUMNS", rows[i].asked, 1);
		else
			unsetenv("COLUMNS");
		assert_int_equal(printer_of(out).edge, rows[i].edge);
		assert_int_equal(printer_of(out).width, rows[i].edge);
	}
	unsetenv("COLUMNS");
	fclose(out);
	close(pty);
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
	    cmocka_unit_test(test_no_character_leaves_its_mark),
	    cmocka_unit_test(test_wrapped_words_stay_behind_their_mark),
	    cmocka_unit_test(test_a_long_line_is_no_burden),
	    cmocka_unit_test(test_nothing_reaches_the_edge),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_sentences_break_between_words),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_width),
	    cmocka_unit_test(test_a_terminal_knows_how_wide_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
