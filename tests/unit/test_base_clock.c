/*
 * test_base_clock.c - dates as people type and write them, and the text made
 * alike that they are looked for in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define NEAR INT64_C(1795568400) /* 2026-11-25 10:00 in Tokyo */

struct date {
	const char *text;
	const char *want; /* RFC 3339 */
	int zone_min;
	bool zoned, timed;
};

static const struct date dates[] = {
    {"2026-12-01", "2026-11-30T15:00:00Z", 540, false, false},
    {" 2026-12-1 \n", "2026-11-30T15:00:00Z", 540, false, false},
    {"2026/12/01", "2026-11-30T15:00:00Z", 540, false, false},
    {"2026.12.1", "2026-11-30T15:00:00Z", 540, false, false},
    {"2026年12月1日", "2026-11-30T15:00:00Z", 540, false, false},
    {"2026 年 12 月 1 日（火）", "2026-11-30T15:00:00Z", 540, false, false},
    {"２０２６年１２月１日　火曜日", "2026-11-30T15:00:00Z", 540, false, false},
    {"２０２６－１２－０１", "2026-11-30T15:00:00Z", 540, false, false},
    {"令和8年12月1日", "2026-11-30T15:00:00Z", 540, false, false},
    {"令和元年5月1日", "2019-04-30T15:00:00Z", 540, false, false},
    {"R8.12.1", "2026-11-30T15:00:00Z", 540, false, false},
    {"1 December 2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"1st of December, 2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"the 1st December 2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"1-Dec-2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"Dec 1, 2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"Sept. 3rd 2026", "2026-09-02T15:00:00Z", 540, false, false},
    {"Tuesday, December 1st, 2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"12/31/2026", "2026-12-30T15:00:00Z", 540, false, false},
    {"31/12/2026", "2026-12-30T15:00:00Z", 540, false, false},
    {"1.12.2026", "2026-11-30T15:00:00Z", 540, false, false},
    {"29 Feb 2028", "2028-02-28T15:00:00Z", 540, false, false},
    /* with a time of day */
    {"2026-12-01 10:00", "2026-12-01T01:00:00Z", 540, false, true},
    {"2026-12-01 24:00", "2026-12-01T15:00:00Z", 540, false, true},
    {"2026-12-01T10:00:30", "2026-12-01T01:00:30Z", 540, false, true},
    {"2026年12月1日10時", "2026-12-01T01:00:00Z", 540, false, true},
    {"2026年12月1日 午後3時30分", "2026-12-01T06:30:00Z", 540, false, true},
    {"2026年12月1日（火）正午", "2026-12-01T03:00:00Z", 540, false, true},
    {"12/31/2026 at 5 pm", "2026-12-31T08:00:00Z", 540, false, true},
    {"1 Dec 2026, 12:15 a.m.", "2026-11-30T15:15:00Z", 540, false, true},
    /* and a zone */
    {"2026-12-01T10:00:00Z", "2026-12-01T10:00:00Z", 0, true, true},
    {"2026-12-01T10:00:00.123+09:00", "2026-12-01T01:00:00Z", 540, true, true},
    {"2026-12-01 10:00 JST", "2026-12-01T01:00:00Z", 540, true, true},
    {"2026-12-01 10:00 (日本時間)", "2026-12-01T01:00:00Z", 540, true, true},
    {"2026-12-01 10:00 UTC", "2026-12-01T10:00:00Z", 0, true, true},
    {"2026-12-01 10:00 UTC+2", "2026-12-01T08:00:00Z", 120, true, true},
    {"Tue, 1 Dec 2026 10:00:00 -0500", "2026-12-01T15:00:00Z", -300, true,
	true},
    {"2026-12-01 10:00 EDT", "2026-12-01T14:00:00Z", -240, true, true},
    {"2026-12-01 UTC", "2026-12-01T00:00:00Z", 0, true, false},
};

/* None that there is, or which is not said. */
static const char *const no_dates[] = {"2026-02-29", "2026-13-01", "2026-00-10",
    "2026-12-32", "3/4/2026", "2026-12/01", "12/1", "1 December",
    "2026-12-01 25:00", "2026-12-01 10:60", "2026-12-01 24:30",
    "2026-12-01 13:00 pm", "2026-12-01 10:00 +99:00", "2026-12-01 10:00 XYZ",
    "2026-12-01 and later", "令和0年", "26-12-01", "20261201", "tomorrow",
    "May 5000", "1 Decem 2026", "", " "};

static void
test_parse(void **state)
{
	for (size_t i = 0; i < COUNT_OF(dates); i++) {
		const struct date *d = &dates[i];
		void *ctx = talloc_new(NULL);
		struct clock_read r;

		if (!clock_parse(d->text, &r))
			fail_msg("%s: no date", d->text);
		if (strcmp(clock_rfc3339(ctx, r.when), d->want) != 0 ||
		    r.zone_min != d->zone_min || r.zoned != d->zoned ||
		    r.timed != d->timed)
			fail_msg("%s: %s %d", d->text,
			    clock_rfc3339(ctx, r.when), r.zone_min);
		talloc_free(ctx);
	}
}

static void
test_no_date(void **state)
{
	struct clock_read r;

	for (size_t i = 0; i < COUNT_OF(no_dates); i++)
		if (clock_parse(no_dates[i], &r))
			fail_msg("%s: a date", no_dates[i]);
}

/* Without a year it is the next one, today included. */
static void
test_yearless(void **state)
{
	static const struct {
		const char *text;
		const char *want;
		size_t len;
	} near[] = {
	    {"12月1日に", "2026-12-01", 9},
	    {"11月25日", "2026-11-25", 10},
	    {"11月24日", "2027-11-24", 10},
	    {"12/1(火)まで", "2026-12-01", 9},
	    {"12/1まで", "2026-12-01", 4},
	    {"january 5, we", "2027-01-05", 9},
	    {"5th of jan.", "2027-01-05", 11},
	    {"feb 29", "2028-02-29", 6},
	};

	for (size_t i = 0; i < COUNT_OF(near); i++) {
		void *ctx = talloc_new(NULL);
		struct clock_read r;

		assert_true(clock_read(near[i].text, NEAR, &r));
		assert_string_equal(clock_date(ctx, r.when), near[i].want);
		assert_int_equal(r.len, near[i].len);
		assert_false(clock_read(near[i].text, 0, &r));
		talloc_free(ctx);
	}
}

/* Where the clocks are put forward and back, a date alone is its midnight. */
static void
test_summer_time(void **state)
{
	struct clock_read r;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	assert_true(clock_parse("2026-07-01 12:00", &r));
	assert_int_equal(r.zone_min, 120);
	assert_int_equal(r.when, 1782900000);
	assert_true(clock_parse("2026-12-01 12:00", &r));
	assert_int_equal(r.zone_min, 60);
	assert_int_equal(clock_zone_min(r.when), 60);
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	assert_int_equal(clock_zone_min(r.when), 540);
}

static void
test_months(void **state)
{
	static const struct {
		const char *from;
		int months;
		const char *want;
	} rows[] = {
	    {"2026-11-25", 1, "2026-12-25"},
	    {"2026-11-30", 3, "2027-02-28"},
	    {"2027-11-30", 3, "2028-02-29"},
	    {"2026-12-31", 1, "2027-01-31"},
	    {"2026-01-31", 1, "2026-02-28"},
	    {"2026-11-25", 14, "2028-01-25"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *ctx = talloc_new(NULL);
		struct clock_read r;

		assert_true(clock_parse(rows[i].from, &r));
		assert_string_equal(
		    clock_date(ctx, clock_months(r.when, rows[i].months)),
		    rows[i].want);
		talloc_free(ctx);
	}
}

/* ---- text_plain() ---- */

static void
test_plain(void **state)
{
	static const struct {
		const char *text, *want;
	} rows[] = {
	    {"Status：ＡＢＣ　１２３", "status:abc 123"},
	    {"ｶﾞｲﾄﾞﾊﾟｽ", "ガイドパス"},
	    {"ｶﾀｶﾅ", "カタカナ"},
	    {"ﾞ", "\xe3\x82\x99"},
	    {"a\r\nb\rc\td", "a\nb c d"},
	    {"2026‐12−01", "2026-12-01"},
	    {"re\xe2\x80\x8b"
	     "f\xef\xbb\xbf:",
		"ref:"},
	    {"\xff"
	     "a",
		"?a"},
	    {"日本語", "日本語"},
	    {"", ""},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *ctx = talloc_new(NULL);
		struct plain_text p;

		assert_true(
		    text_plain(ctx, rows[i].text, strlen(rows[i].text), &p));
		assert_string_equal(p.text, rows[i].want);
		assert_int_equal(p.len, strlen(p.text));
		assert_int_equal(p.from[p.len], strlen(rows[i].text));
		talloc_free(ctx);
	}
}

/* What is found can be shown as it stands there. */
static void
test_way_back(void **state)
{
	static const char text[] = "x ｶﾞ　２０２６年 y";
	void *ctx = talloc_new(NULL);
	struct plain_text p;
	const char *at;
	size_t start;
	size_t end;

	assert_true(text_plain(ctx, text, strlen(text), &p));
	at = strstr(p.text, "ガ 2026年");
	assert_non_null(at);
	start = p.from[at - p.text];
	end = p.from[(size_t)(at - p.text) + strlen("ガ 2026年")];
	assert_int_equal(end - start, strlen("ｶﾞ　２０２６年"));
	assert_memory_equal(text + start, "ｶﾞ　２０２６年", end - start);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_no_date),
	    cmocka_unit_test(test_yearless),
	    cmocka_unit_test(test_summer_time),
	    cmocka_unit_test(test_months),
	    cmocka_unit_test(test_plain),
	    cmocka_unit_test(test_way_back),
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
