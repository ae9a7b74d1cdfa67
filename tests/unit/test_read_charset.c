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
test_family(void **state)
{
	static const struct row rows[] = {
	    /* ISO-2022-JP-1, -2, -3, -2004: by the bytes that name the sets */
	    {"\033$(D0!0~\033(B", "iso-2022-jp-1", "丂侄", "ISO-2022-JP", 0},
	    {"\033$A2zF7\033(B", "iso-2022-jp-2", "产品", "ISO-2022-JP", 0},
	    {"\033$(CA&G0\033(B", "ISO-2022-JP-2", "제품", "ISO-2022-JP", 0},
	    {"caf\033.A\033Ni \033.F\033NY", "ISO-2022-JP-2", "café Ω",
		"ISO-2022-JP", 0},
	    {"\033$B@=\033$(O-!.#\033(B", "iso-2022-jp-3", "製①㐂",
		"ISO-2022-JP", 0},
	    {"\033$(P!!\033$(Q.!\033(B", "iso-2022-jp-2004", "𠂉俱",
		"ISO-2022-JP", 0},
	    {"\033$(Q$w\033(B", "iso-2022-jp-2004", "か゚", "ISO-2022-JP", 0},
	    /* JIS C 6226-1978; "of 1990"; JIS X 0201 by SO and SI */
	    {"\033$@@=IJ\033(J", "iso-2022-jp", "製品", "ISO-2022-JP", 0},
	    {"\033&@\033$B@=\033(B", "iso-2022-jp", "製", "ISO-2022-JP", 0},
	    {"a\0166E\017 b", "cp50222", "aｶﾅ b", "ISO-2022-JP", 0},
	    /* row 13; NEC's rows 89 to 92 and IBM's own 115 to 119 */
	    {"\033$B-b-c-d-e-_\033(B", "CP50220", "№㏍℡㊤㍻", "ISO-2022-JP", 0},
	    {"\033$By!|b\033(B", "ISO-2022-JP-MS", "纊髙", "ISO-2022-JP", 0},
	    {"\033$B\223!\227,\033(B", "ISO-2022-JP-MS", "ⅰ黑", "ISO-2022-JP",
		0},
	    {"\207@\207\212\356\340\201`\201|\201a", "x-sjis", "①㈱髙～－∥",
		"Shift_JIS", 0},
	    {"\207@\207\212\356\340\201`\201|\201a", "ms_kanji", "①㈱髙～－∥",
		"Shift_JIS", 0},
	    {"\207@\207\212\356\340\201`\201|\201a", "windows-31j",
		"①㈱髙～－∥", "Shift_JIS", 0},
	    {"\207@\207\212\356\340\201`\201|\201a", "cp932", "①㈱髙～－∥",
		"Shift_JIS", 0},
	    {"\207@\207\212\356\340\201`\201|\201a", "MS932", "①㈱髙～－∥",
		"Shift_JIS", 0},
	    {"\207@\207\212\356\340\201`\201|\201a", "csShiftJIS", "①㈱髙～－∥",
		"Shift_JIS", 0},
	    {"\356\357\356\340", "shift_jis", "ⅰ髙", "Shift_JIS", 0},
	    {"\255\241\255\352", "eucJP-ms", "①㈱", "EUC-JP", 0},
	    {"\371\241\374\342", "x-euc-jp", "纊髙", "EUC-JP", 0},
	    {"\217\260\241\217\260\376", "euc-jp", "丂侄", "EUC-JP", 0},
	    /* IBM's own in three bytes: the first and the last */
	    {"\217\363\363\217\364\376", "euc-jp", "ⅰ黑", "EUC-JP", 0},
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
	    {"\243\303\243\255\321u", "GB18030", "Ｃ－製", "GB18030", 0},
	    {"\262\372\306\267\242\343", "x-gbk", "产品€", "GBK", 0},
	    {"\262\243\253~", "x-big5", "產品", "Big5", 0},
	    {"\214c", "KS_C_5601-1987", "똠", "EUC-KR", 0},
	    {"\223\362\345\361\362\224", "cp1251", "“тест”", "windows-1251", 0},
	    {"\277\363\263\346", "windows-1250", "żółć", "windows-1250", 0},
	    {"\277\363\263\346", "latin2", "żółć", "ISO-8859-2", 0},
	    {"\331\354\335\343\341", "iso-8859-7", "Ωμέγα", "ISO-8859-7", 0},
	    {"+iP0- +-", "unicode-1-1-utf-7", "製 +", "UTF-7", 0},
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
	    /* It fits the label, and is something else. */
	    {"\343\201\223\343\202\214\343\201\257\350\243\275\345\223\201",
		"shift_jis", "これは製品", "UTF-8", PART_GUESSED},
	    {"\343\201\223\343\202\214\343\201\257\350\243\275\345\223\201",
		"euc-jp", "これは製品", "UTF-8", PART_GUESSED},
	    {"\344\272\247\345\223\201", "gbk", "产品", "UTF-8", PART_GUESSED},
	    {"\354\240\234\355\222\210", "euc-kr", "제품", "UTF-8",
		PART_GUESSED},
	    {"\321\202\320\265\321\201\321\202", "koi8-r", "тест", "UTF-8",
		PART_GUESSED},
	    {"\244\263\244\354\244\317", "shift_jis", "これは", "EUC-JP",
		PART_GUESSED},
	    {"\202\261\202\352\202\315", "euc-jp", "これは", "Shift_JIS",
		PART_GUESSED},
	    {"\303\275", "shift_jis", "ﾃｽ", "Shift_JIS", 0},
	    {"\033$B$3$l$O\033(B", "shift_jis", "これは", "ISO-2022-JP",
		PART_GUESSED},
	    {"\202\261\202\352\202\315", "iso-2022-jp", "これは", "Shift_JIS",
		PART_GUESSED},
	    {"\202\261\202\352\202\315", "unknown-8bit", "これは", "Shift_JIS",
		PART_GUESSED},
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
	    cmocka_unit_test(test_family),
	    cmocka_unit_test(test_others),
	    cmocka_unit_test(test_wrong_labels),
	    cmocka_unit_test(test_lossy),
	    cmocka_unit_test(test_any_bytes),
	    cmocka_unit_test(test_kana),
	};

	return cmocka_run_group_tests(tests, open_charsets, close_charsets);
}
