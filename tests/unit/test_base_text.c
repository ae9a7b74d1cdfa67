/*
 * test_base_text.c - text from outside: validity, width, addresses, how it is
 * shown, canonical line ends; capped buffers; business days.
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

#include "psirtd/bytes.h"
#include "psirtd/clock.h"
#include "psirtd/text.h"

static void
test_width(void **state)
{
	assert_int_equal(text_width("abc"), 3);
	assert_int_equal(text_width("制御盤"), 6);
	assert_int_equal(text_width("ｶﾞ"), 2);             /* half-width kana */
	assert_int_equal(text_width("か\xe3\x82\x99"), 2); /* combining mark */
	assert_int_equal(text_width("①㈱"), 3);
	assert_int_equal(text_width("\xff"), 1);
}

static void
test_cut(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(text_cut(ctx, "制御盤", 6), "制御盤");
	assert_string_equal(text_cut(ctx, "制御盤", 5), "制御…");
	assert_string_equal(text_cut(ctx, "制御盤", 4), "制…");
	assert_string_equal(text_cut(ctx, "abc", 1), "…");
	assert_string_equal(text_cut(ctx, "abc", 0), "");
	for (size_t n = 0; n < 8; n++)
		assert_true(text_width(text_cut(ctx, "a制b御c", n)) <= n);
	talloc_free(ctx);
}

static void
test_blank(void **state)
{
	static const char *const blank[] = {"", " \t\r\n", "\xc2\xa0",
	    "\xe3\x80\x80\n\xe2\x80\x8b", "\xef\xbb\xbf"};
	static const char *const words[] = {"x", " x ", "\xe3\x80\x80 a",
	    "\xe3\x80\x82", "\xc2\xa1", "\xc2", "\xe3\x80", "\xff", "\xa0"};

	for (size_t i = 0; i < sizeof(blank) / sizeof(blank[0]); i++)
		assert_true(text_is_blank(bytes_str(blank[i])));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		assert_false(text_is_blank(bytes_str(words[i])));
	assert_true(text_is_blank(bytes_of("\0 ", 2)));
}

static void
test_escape(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(text_escape(ctx, "a\033[2Jb", false), "a\\x1b[2Jb");
	assert_string_equal(text_escape(ctx, "a\nb\tc", true), "a\nb\tc");
	assert_string_equal(text_escape(ctx, "a\nb", false), "a\\x0ab");
	assert_string_equal(
	    text_escape(ctx, "x\xe2\x80\xaey", false), "x<U+202E>y");
	assert_string_equal(text_escape(ctx,
				"\xc2\x9b"
				"31m",
				false),
	    "<U+009B>31m");
	assert_string_equal(text_escape(ctx, "\xfe", false), "\\xfe");
	assert_string_equal(text_escape(ctx, "製品", false), "製品");
	talloc_free(ctx);
}

/* Each becomes its number, and nothing of it reaches the screen. */
static void
test_what_is_hidden_is_spelled_out(void **state)
{
	static const char *const rows[][2] = {
	    {"a\xc2\x85"
	     "b",
		"a<U+0085>b"}, /* C1: next line */
	    {"a\x7f"
	     "b",
		"a\\x7fb"},                     /* DEL */
	    {"\x1b]0;x\x07", "\\x1b]0;x\\x07"}, /* OSC: a title */
	    {"a\xc2\xad"
	     "b",
		"a<U+00AD>b"}, /* soft hyphen */
	    {"a\xcd\x8f"
	     "b",
		"a<U+034F>b"}, /* grapheme joiner */
	    {"a\xe2\x80\x8b"
	     "b",
		"a<U+200B>b"}, /* zero-width space */
	    {"a\xe2\x80\xa8"
	     "b",
		"a<U+2028>b"}, /* line separator */
	    {"a\xe2\x80\xa9"
	     "b",
		"a<U+2029>b"}, /* paragraph separator */
	    {"a\xe2\x81\xa6"
	     "b",
		"a<U+2066>b"}, /* isolate */
	    {"a\xe3\x85\xa4"
	     "b",
		"a<U+3164>b"}, /* Hangul filler */
	    {"a\xef\xb8\x8f"
	     "b",
		"a<U+FE0F>b"}, /* variation selector */
	    {"a\xf3\xa0\x84\x80"
	     "b",
		"a<U+E0100>b"}, /* … of Han */
	    {"a\xf3\xa0\x81\x81"
	     "b",
		"a<U+E0041>b"}, /* tag */
	    {"a\xee\x80\x80"
	     "b",
		"a<U+E000>b"}, /* private use */
	    {"a\xef\xbf\xbe"
	     "b",
		"a<U+FFFE>b"}, /* no character */
	    {"a\xe0\xa7\xbf"
	     "b",
		"a<U+09FF>b"}, /* not assigned */
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(
		    text_escape(ctx, rows[i][0], false), rows[i][1]);
		assert_string_equal(text_show(ctx, rows[i][0]), rows[i][1]);
	}
	talloc_free(ctx);
}

static void
test_marks_do_not_pile_up(void **state)
{
	void *ctx = talloc_new(NULL);

	/* Two in Vietnamese, two in Thai, one in Japanese: all usual. */
	assert_string_equal(
	    text_escape(ctx, "Vie\xcc\xa3\xcc\x82t ก็ か\xe3\x82\x99", false),
	    "Vie\xcc\xa3\xcc\x82t ก็ か\xe3\x82\x99");
	assert_string_equal(
	    text_escape(
		ctx, "a\xcc\x80\xcc\x81\xcc\x82\xcc\x83\xcc\x84z", false),
	    "a\xcc\x80\xcc\x81\xcc\x82<U+0303><U+0304>z");
	/* It would stand on what psirt wrote before it. */
	assert_string_equal(text_escape(ctx, "\xcc\xb8x", false), "<U+0338>x");
	assert_string_equal(
	    text_escape(ctx, "a\n\xcc\xb8x", true), "a\n<U+0338>x");
	assert_string_equal(
	    text_escape(ctx, "a \xcc\xb8", false), "a <U+0338>");
	talloc_free(ctx);
}

static void
test_lookalikes_are_spelled_out(void **state)
{
	static const char *const rows[][2] = {
	    /* one letter of another alphabet among Latin ones */
	    {"p\xd0\xb0ypal", "p<U+0430>ypal"},
	    {"JPCER\xd0\xa2/CC", "JPCER<U+0422>/CC"},
	    {"\xce\x92\x61nk", "<U+0392>ank"},
	    {"report.\xd1\x80\x64\x66", "report.<U+0440>df"},
	    {"Ｗeb", "<U+FF37>eb"},
	    /* not a look-alike, but no word has both */
	    {"JP\xd0\xb6", "JP<U+0436>"},
	    /* a whole word that says IPA, and no Cyrillic beside it */
	    {"\xd0\x86\xd0\xa0\xd0\x90 から", "<U+0406><U+0420><U+0410> から"},
	    {"\xce\x92\xce\x9f\xce\xa4", "<U+0392><U+039F><U+03A4>"},
	    /* mathematical letters; Cherokee */
	    {"\xf0\x9d\x90\x89\xf0\x9d\x90\x8f", "<U+1D409><U+1D40F>"},
	    {"\xe1\x8e\xaa", "<U+13AA>"},
	    /* a mark is no end of a word */
	    {"a\xcc\x81\xd0\xb0", "a\xcc\x81<U+0430>"},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_string_equal(text_show(ctx, rows[i][0]), rows[i][1]);
		assert_string_equal(
		    text_escape(ctx, rows[i][0], false), rows[i][0]);
	}
	talloc_free(ctx);
}

/* What people here, and those who write to them, really write. */
static void
test_honest_words_stay_as_they_are(void **state)
{
	static const char *const rows[] = {
	    "ＪＰＣＥＲＴ／ＣＣ　早期警戒グループの山田です。",
	    "ＸＹＺ－１００のＷｅｂ管理画面（ＨＴＴＰ）に、認証回避の脆弱性があ"
	    "ります。",
	    "WebサーバとＤＢサーバ、CPUユニットＲ08の2台で再現しました。",
	    "影響を受けるバージョン：Ｖｅｒ．２．３．１以前①②③㈱㍿℡№",
	    "第Ⅱ章 XYZ-100α版 β版 μm 10μA Δt Ω kΩ ｶﾞ ﾊﾝｶｸ 5ℓ ℃ ～ ― ‐ “引用”",
	    "髙橋 﨑山 𠮷野 㐂 〆切 ヴェ 々 〇",
	    "━━━━━━━━━━━━ ┃ ■□◆◇ ★☆ → ⇒ ※ 〒100-0001",
	    "顔文字(´Д｀)とemoji\xf0\x9f\x98\x80もあります",
	    "Добрый день! Отчёт об уязвимости в модуле. а, о, с",
	    "SQL-инъекция в XYZ-100, версия 2.3.1",
	    "Γειά σας, βρήκα ένα κενό ασφαλείας",
	    "Schöne Grüße, Nº 5, naïve façade, İstanbul, Łódź, ﬁ",
	    "안녕하세요 취약점 보고 ABC",
	    "您好，我发现了一个漏洞。XYZ-100的Web界面",
	    "สวัสดีครับ XYZ-100 मुझे एक समस्या مرحبا שלום",
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_string_equal(text_show(ctx, rows[i]), rows[i]);
	talloc_free(ctx);
}

static void
test_addresses_are_shown_in_ascii(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(text_show_address(ctx, "vuls@jpcert.example"),
	    "vuls@jpcert.example");
	assert_string_equal(
	    text_show_address(ctx, "vuls@jpcert.\xd0\xb5xample"),
	    "vuls@jpcert.<U+0435>xample");
	assert_string_equal(text_show_address(ctx, "情報@例.example"),
	    "<U+60C5><U+5831>@<U+4F8B>.example");
	/* No room for a second address in one. */
	assert_string_equal(text_show_address(ctx, "a@b c\n@d\xff"),
	    "a@b<U+0020>c\\x0a@d\\xff");
	talloc_free(ctx);
}

static void
test_lookalike(void **state)
{
	assert_int_equal(text_lookalike(0x0430), 'a');
	assert_int_equal(text_lookalike(0x051d), 'w'); /* the last row */
	assert_int_equal(text_lookalike(0x0251), 'a'); /* the first */
	assert_int_equal(text_lookalike(0xff21), 'a');
	assert_int_equal(text_lookalike(0x2160), 'i');
	assert_int_equal(text_lookalike(0x1d409), 'j');
	assert_int_equal(text_lookalike(0x1d6a8), 'a'); /* by way of Greek */
	assert_int_equal(text_lookalike('a'), 0);
	assert_int_equal(text_lookalike(0x0436), 0);
	assert_int_equal(text_lookalike(0x2161), 0); /* two letters */
	assert_int_equal(text_lookalike(0x3042), 0);
}

static void
test_addresses(void **state)
{
	static const char *const good[] = {
	    "a@b.example", "o'neil+x@b-c.example", "root@[127.0.0.1]"};
	static const char *const bad[] = {"", "a", "@b", "a@", "a@b>\r\nRSET",
	    "a b@c", "a@b c", "a@-b", "a@b-", "a..b@c", ".a@c", "a.@c",
	    "a@b..c", "\"a\"@b", "a@b\n", "<a@b>", "\xe3\x81\x82@b", "a@[x]"};
	char long_one[400];

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(text_is_address(good[i]));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(text_is_address(bad[i]));
	memset(long_one, 'a', sizeof(long_one));
	memcpy(long_one + 300, "@b.example", 11);
	assert_false(text_is_address(long_one));
	assert_false(text_is_address(NULL));
}

static void
test_crlf(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes in = bytes_of("a\nb\r\nc\rd\n\n", 10);
	struct bytes out = text_to_crlf(ctx, in);

	assert_true(bytes_equal(out, bytes_of("a\r\nb\r\nc\rd\r\n\r\n", 13)));
	/* Canonical form is its own canonical form. */
	assert_true(bytes_equal(text_to_crlf(ctx, out), out));
	assert_string_equal(text_to_lf(ctx, "a\r\nb\r"), "a\nb\r");
	talloc_free(ctx);
}

static void
test_buf(void **state)
{
	void *ctx = talloc_new(NULL);
	struct buf *buf = buf_new(ctx, 10);
	struct error err = {0};

	assert_int_equal(buf_add(buf, "0123456789", 10, &err), 0);
	assert_int_equal(buf_add(buf, "x", 1, &err), -1);
	assert_int_equal(err.fault, FAULT_INPUT);
	buf_drop(buf, 4);
	assert_true(bytes_equal(buf_bytes(buf), bytes_str("456789")));
	assert_null(bytes_span(buf_bytes(buf), 5, 2).data);
	assert_null(bytes_span(buf_bytes(buf), UINT64_MAX, 2).data);
	assert_null(bytes_text(ctx, bytes_of("a\0b", 3)));
	talloc_free(ctx);
}

static void
test_clock_words(void **state)
{
	void *ctx = talloc_new(NULL);
	int64_t friday = 1795132800; /* 2026-11-20 00:00 UTC */

	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(clock_date(ctx, friday), "2026-11-20");
	assert_string_equal(
	    clock_rfc5322(ctx, friday), "Fri, 20 Nov 2026 00:00:00 +0000");
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_width),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_blank),
	    cmocka_unit_test(test_escape),
	    cmocka_unit_test(test_what_is_hidden_is_spelled_out),
	    cmocka_unit_test(test_marks_do_not_pile_up),
	    cmocka_unit_test(test_lookalikes_are_spelled_out),
	    cmocka_unit_test(test_honest_words_stay_as_they_are),
	    cmocka_unit_test(test_addresses_are_shown_in_ascii),
	    cmocka_unit_test(test_lookalike),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_crlf),
	    cmocka_unit_test(test_buf),
	    cmocka_unit_test(test_clock_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
