/*
 * test_base_text.c - text from outside: validity, width, escaping, addresses,
 * canonical line ends; capped buffers; business days.
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
test_business_days(void **state)
{
	void *ctx = talloc_new(NULL);
	int64_t friday = 1795132800; /* 2026-11-20 00:00 UTC */

	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(clock_date(ctx, friday), "2026-11-20");
	assert_string_equal(
	    clock_date(ctx, clock_business_days(friday, 1)), "2026-11-23");
	assert_string_equal(
	    clock_date(ctx, clock_business_days(friday, 5)), "2026-11-27");
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
	    cmocka_unit_test(test_escape),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_crlf),
	    cmocka_unit_test(test_buf),
	    cmocka_unit_test(test_business_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
