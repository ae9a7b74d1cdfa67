/*
 * test_read_charset.c - bytes of mail to UTF-8: the Japanese sets as they are
 * really sent, labels that are missing or wrong, bytes that fit nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "read_world.h"

static struct charsets *cs;

static int
open_charsets(void **state)
{
	cs = charsets_new(NULL, NULL);
	return cs != NULL ? 0 : -1;
}

static int
close_charsets(void **state)
{
	talloc_free(cs);
	return 0;
}

struct row {
	const char *bytes;
	const char *label;
	const char *text;
	const char *charset;
	uint32_t flags;
};

static void
check(const struct row *rows, size_t n)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};

	for (size_t i = 0; i < n; i++) {
		struct converted to;

		assert_int_equal(
		    charset_convert(ctx, cs, bytes_str(rows[i].bytes),
			rows[i].label, &to, &err),
		    0);
		assert_string_equal(to.text, rows[i].text);
		assert_int_equal(to.len, strlen(rows[i].text));
		assert_string_equal(to.charset, rows[i].charset);
		assert_int_equal(to.flags, rows[i].flags);
	}
	talloc_free(ctx);
}

#define CHECK(rows) check(rows, sizeof(rows) / sizeof((rows)[0]))

static void
test_japanese(void **state)
{
	static const struct row rows[] = {
	    {"\x1b$B@=IJ\x1b(B 1", "ISO-2022-JP", "製品 1", "ISO-2022-JP", 0},
	    /* row 13 of NEC, half-width kana, Roman, 8-bit kana */
	    {"\x1b$B-!-j\x1b(B", "iso-2022-jp", "①㈱", "ISO-2022-JP", 0},
	    {"\x1b(I6E\x1b(B", "ISO-2022-JP", "ｶﾅ", "ISO-2022-JP", 0},
	    {"\x1b(Jabc\x1b(B", "cp50221", "abc", "ISO-2022-JP", 0},
	    {"\x1b$B@=\x1b(B\xb6\xc5", "ISO-2022-JP", "製ｶﾅ", "ISO-2022-JP", 0},
	    {"\x1b$(D0!\x1b(B", "ISO-2022-JP-1", "丂", "ISO-2022-JP", 0},
	    /* a line that does not go back; controls inside two-byte text */
	    {"\x1b$B@=\nabc", "ISO-2022-JP", "製\nabc", "ISO-2022-JP", 0},
	    {"\x1b$B@=\tIJ\x1b(B", "ISO-2022-JP", "製\t品", "ISO-2022-JP", 0},
	    {"\x87\x40\x90\xbb\xb6", "Shift_JIS", "①製ｶ", "Shift_JIS", 0},
	    {"\xfb\xfc", "windows-31j", "髙", "Shift_JIS", 0},
	    {"\xc0\xbd\xc9\xca\xad\xa1", "EUC-JP", "製品①", "EUC-JP", 0},
	    {"\x8e\xb6\x8f\xb0\xa1", "x-euc-jp", "ｶ丂", "EUC-JP", 0},
	};

	CHECK(rows);
}

static void
test_others(void **state)
{
	static const struct row rows[] = {
	    {"caf\xe9 \x93q\x94", "ISO-8859-1", "café “q”", "ISO-8859-1", 0},
	    {"\xa4", "iso-8859-15", "€", "ISO-8859-15", 0},
	    {"\xd4\xc5\xd3\xd4", "KOI8-R", "тест", "KOI8-R", 0},
	    {"\xb2\xfa\xc6\xb7", "gb2312", "产品", "GB2312", 0},
	    {"\xb2\xa3\xab\x7e", "Big5", "產品", "Big5", 0},
	    {"\xc1\xa6\xc7\xb0", "EUC-KR", "제품", "EUC-KR", 0},
	    /* letters that wait for a mark, at the very end */
	    {"Vi\xea\xf2t", "windows-1258", "Vi\xe1\xbb\x87t", "windows-1258",
		0},
	    {"a", "windows-1258", "a", "windows-1258", 0},
	    {"caf\xc3\xa9", "utf-8*fr", "café", "UTF-8", 0},
	    {"\xef\xbb\xbfx", "us-ascii", "x", "UTF-8", 0},
	};

	CHECK(rows);
}

static void
test_wrong_labels(void **state)
{
	static const struct row rows[] = {
	    {"abc", NULL, "abc", "US-ASCII", 0},
	    {"caf\xc3\xa9", NULL, "café", "UTF-8", PART_GUESSED},
	    {"caf\xc3\xa9", "us-ascii", "café", "UTF-8", PART_GUESSED},
	    {"caf\xc3\xa9", "iso-8859-1", "café", "UTF-8", PART_GUESSED},
	    {"caf\xe9", "utf-8", "café", "windows-1252", PART_GUESSED},
	    {"\x1b$B@=IJ\x1b(B", "us-ascii", "製品", "ISO-2022-JP",
		PART_GUESSED},
	    {"\x1b$B@=IJ\x1b(B", NULL, "製品", "ISO-2022-JP", PART_GUESSED},
	    {"\x82\xb1\x82\xea\x82\xcd", NULL, "これは", "Shift_JIS",
		PART_GUESSED},
	    {"\xa4\xb3\xa4\xec\xa4\xcf", NULL, "これは", "EUC-JP",
		PART_GUESSED},
	    {"\xa4\xb3\xa4\xec\xa4\xcf", "iso-2022-jp", "これは", "EUC-JP",
		PART_GUESSED},
	    {"\x82\xb1\x82\xea\x82\xcd", "utf-8", "これは", "Shift_JIS",
		PART_GUESSED},
	    {"\x82\xb1\x82\xea\x82\xcd", "iso-8859-1", "これは", "Shift_JIS",
		PART_GUESSED},
	    {"\xe3\x81\x93", "x-martian", "こ", "UTF-8", PART_GUESSED},
	    /* accents beside each other are no ideographs */
	    {"cr\xe9\xe9 par Andr\xe9", "iso-8859-1", "créé par André",
		"ISO-8859-1", 0},
	};

	CHECK(rows);
}

static void
test_lossy(void **state)
{
	static const struct row rows[] = {
	    {"\xe3\x81\x93\xff!", "utf-8", "こ\xef\xbf\xbd!", "UTF-8",
		PART_LOSSY},
	    {"\xe3\x81\x93\xff!", NULL, "こ\xef\xbf\xbd!", "UTF-8",
		PART_LOSSY | PART_GUESSED},
	    {"\x1b$B@\x1b(Bx", "iso-2022-jp", "\xef\xbf\xbdx", "ISO-2022-JP",
		PART_LOSSY},
	    /* three bytes of JIS X 0212 without a character are one loss */
	    {"\x8f\xa1\xa1\x8f\xb0\xa1", "euc-jp", "\xef\xbf\xbd丂", "EUC-JP",
		PART_LOSSY},
	};
	void *ctx = talloc_new(NULL);
	struct converted to;

	CHECK(rows);
	/* A NUL never comes through. */
	assert_int_equal(
	    charset_convert(ctx, cs, bytes_of("a\0b", 3), "utf-8", &to, NULL),
	    0);
	assert_string_equal(to.text, "a\xef\xbf\xbd"
				     "b");
	assert_int_equal(to.flags & PART_LOSSY, PART_LOSSY);
	assert_int_equal(charset_convert(ctx, cs, bytes_of("a\0b\0", 4),
			     "utf-16le", &to, NULL),
	    0);
	assert_string_equal(to.text, "ab");
	assert_int_equal(
	    charset_convert(ctx, cs, BYTES_NONE, NULL, &to, NULL), 0);
	assert_string_equal(to.text, "");
	talloc_free(ctx);
}

/* Whatever comes: valid UTF-8 without NUL, in every set. */
static void
test_any_bytes(void **state)
{
	static const char *const labels[] = {"utf-8", "iso-2022-jp",
	    "shift_jis", "euc-jp", "big5", "gb18030", "euc-kr", "utf-7",
	    "utf-16", "iso-2022-kr", "iso-2022-cn", "windows-1258", NULL};
	void *ctx = talloc_new(NULL);
	uint32_t seed = 7;

	for (unsigned round = 0; round < 600; round++) {
		const char *label = labels[round % 13];
		struct converted to;
		uint8_t bytes[97];
		size_t n = round % sizeof(bytes);

		for (size_t i = 0; i < n; i++) {
			seed = seed * 1664525 + 1013904223;
			bytes[i] = (uint8_t)(seed >> 24);
			if (i % 11 == 3)
				bytes[i] = 0x1b;
			else if (i % 11 == 4)
				bytes[i] = '$';
			else if (i % 11 == 5)
				bytes[i] = round % 2 ? 'B' : ')';
		}
		assert_int_equal(charset_convert(ctx, cs, bytes_of(bytes, n),
				     label, &to, NULL),
		    0);
		assert_true(text_valid(bytes_of(to.text, to.len)));
	}
	talloc_free(ctx);
}

static void
test_kana(void **state)
{
	assert_true(japanese_kana("abc の", 7));
	assert_true(japanese_kana("ｶﾅ", 6));
	assert_false(japanese_kana("制御", 6)); /* may be Chinese */
	assert_false(japanese_kana("abc", 3));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_japanese),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_wrong_labels),
	    cmocka_unit_test(test_lossy),
	    cmocka_unit_test(test_any_bytes),
	    cmocka_unit_test(test_kana),
	};

	return cmocka_run_group_tests(tests, open_charsets, close_charsets);
}
