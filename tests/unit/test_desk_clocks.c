/*
 * test_desk_clocks.c - due dates start from receipt (RULES 8), and clocks warn
 * before they are due.
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
#include "psirtd/procedure.h"

#define DAY INT64_C(86400)

static int64_t
at(int year, int month, int day, int hour)
{
	struct tm tm = {0};

	tm.tm_year = year - 1900;
	tm.tm_mon = month - 1;
	tm.tm_mday = day;
	tm.tm_hour = hour;
	tm.tm_isdst = -1;
	return (int64_t)mktime(&tm);
}

static void
test_jpcert(void **state)
{
	struct settings s = {.reply_days = 5, .imposed_days = 45};
	struct desk_clock clocks[DESK_CLOCKS_MOST];
	/* A Friday: the weekend does not count. */
	int64_t received = at(2026, 11, 20, 17);

	assert_int_equal(desk_clocks(&s, FLOW_JPCERT, received, clocks), 3);
	assert_string_equal(clocks[0].name, "first answer");
	assert_int_equal(clocks[0].due, at(2026, 11, 27, 17));
	assert_string_equal(clocks[1].name, "target");
	assert_int_equal(clocks[1].due, at(2027, 1, 4, 17));
	assert_string_equal(clocks[2].name, "one year");
	assert_int_equal(clocks[2].due, at(2027, 11, 20, 17));
}

static void
test_direct_has_no_year(void **state)
{
	struct settings s = {.reply_days = 1};
	struct desk_clock clocks[DESK_CLOCKS_MOST];

	assert_int_equal(
	    desk_clocks(&s, FLOW_DIRECT, at(2026, 11, 24, 9), clocks), 2);
	assert_int_equal(clocks[0].due, at(2026, 11, 25, 9));
}

static void
test_leap_day(void **state)
{
	assert_int_equal(clock_years(at(2028, 2, 29, 9), 1), at(2029, 3, 1, 9));
	assert_int_equal(
	    clock_years(at(2027, 2, 28, 9), 1), at(2028, 2, 28, 9));
}

/* ---- the procedure's clocks ---- */

/* Every kind can be shown and typed, and warns nearer and nearer. */
static void
test_rules(void **state)
{
	assert_null(clock_rule(0));
	assert_null(clock_rule(CLOCK_KIND_COUNT));
	assert_null(clock_by_name("second answer"));
	assert_null(clock_by_name(""));
	assert_null(clock_by_name(NULL));
	for (int kind = 1; kind < CLOCK_KIND_COUNT; kind++) {
		const struct clock_rule *rule = clock_rule(kind);

		assert_int_equal(rule->kind, kind);
		assert_true(strlen(rule->title_en) > 0);
		assert_true(strlen(rule->title_ja) > 0);
		assert_ptr_equal(clock_by_name(rule->name), rule);
		assert_true(rule->warn_s[0] > 0);
		for (int i = 1; i < 3; i++)
			assert_true(rule->warn_s[i] < rule->warn_s[i - 1]);
	}
	assert_ptr_equal(
	    clock_by_name("First-Answer"), clock_rule(CLOCK_FIRST_ANSWER));
	assert_ptr_equal(
	    clock_by_name("cra_warning"), clock_rule(CLOCK_CRA_WARNING));
}

static void
test_warnings(void **state)
{
	static const struct {
		enum clock_kind kind;
		int64_t before[5]; /* until -1: of each warning, and of due */
	} rows[] = {
	    {CLOCK_YEAR, {90 * DAY, 30 * DAY, 7 * DAY, 0, -1}},
	    {CLOCK_IMPOSED, {14 * DAY, 7 * DAY, DAY, 0, -1}},
	    {CLOCK_REPLY_BY, {3 * DAY, DAY, 0, -1}},
	    {CLOCK_PUBLICATION, {7 * DAY, 3 * DAY, DAY, 0, -1}},
	    {CLOCK_CRA_WARNING, {43200, 14400, 3600, 0, -1}},
	    {CLOCK_FIRST_ANSWER, {DAY, 14400, 0, -1}},
	};
	int64_t due = at(2027, 11, 20, 17);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct clock_rule *rule = clock_rule(rows[i].kind);
		int64_t now = due - 400 * DAY;

		for (int k = 0; rows[i].before[k] >= 0; k++) {
			int64_t next = clock_next_warning(rule, due, now);

			assert_int_equal(due - next, rows[i].before[k]);
			now = next;
		}
		assert_int_equal(clock_next_warning(rule, due, now), 0);
	}
}

static void
test_first_clocks(void **state)
{
	void *ctx = talloc_new(NULL);
	/* Monday 23 November 2026 is a holiday. */
	struct holiday holidays[] = {{20780, "勤労感謝の日"}};
	struct settings s = {.reply_days = 5,
	    .acknowledge_days = 1,
	    .imposed_days = 60,
	    .holidays = holidays,
	    .nholidays = 1};
	int64_t received = at(2026, 11, 20, 17);
	struct found_clock *list;
	struct desk_clock clocks[DESK_CLOCKS_MOST];

	assert_int_equal(
	    desk_first_clocks(ctx, &s, FLOW_JPCERT, received, &list), 4);
	assert_int_equal(list[0].kind, CLOCK_ACKNOWLEDGE);
	assert_int_equal(list[0].due, at(2026, 11, 24, 17));
	assert_int_equal(list[1].kind, CLOCK_FIRST_ANSWER);
	assert_int_equal(list[1].due, at(2026, 11, 30, 17));
	assert_int_equal(list[2].kind, CLOCK_TARGET);
	assert_int_equal(list[2].due, received + 60 * DAY);
	assert_int_equal(list[3].kind, CLOCK_YEAR);
	assert_int_equal(list[3].due, at(2027, 11, 20, 17));
	assert_int_equal(list[3].zone_min, 540);
	assert_int_equal(
	    desk_first_clocks(ctx, &s, FLOW_DIRECT, received, &list), 3);
	/* psirt shows the same ones of a letter that is no case yet. */
	assert_int_equal(desk_clocks(&s, FLOW_DIRECT, received, clocks), 2);
	assert_int_equal(clocks[0].due, list[1].due);
	assert_int_equal(clocks[1].due, list[2].due);
	talloc_free(ctx);
}

static void
test_typed(void **state)
{
	int64_t when;
	int zone_min;

	assert_true(desk_parse_time("2026-12-01", &when, &zone_min));
	assert_int_equal(when, at(2026, 12, 1, 0));
	assert_int_equal(zone_min, 540);
	assert_true(desk_parse_time("2026-12-01 01:00 UTC", &when, &zone_min));
	assert_int_equal(when, at(2026, 12, 1, 10));
	assert_int_equal(zone_min, 0);
	assert_false(desk_parse_time("soon", &when, &zone_min));
	assert_false(desk_parse_time(NULL, &when, &zone_min));
}

static void
test_two_zones(void **state)
{
	void *ctx = talloc_new(NULL);

	assert_string_equal(desk_two_zones(ctx, at(2026, 12, 1, 10)),
	    "2026-12-01 10:00 JST (01:00 UTC)");
	/* On another day there. */
	assert_string_equal(desk_two_zones(ctx, at(2026, 12, 1, 8)),
	    "2026-12-01 08:00 JST (2026-11-30 23:00 UTC)");
	setenv("TZ", "UTC", 1);
	tzset();
	assert_string_equal(
	    desk_two_zones(ctx, at(2026, 12, 1, 10)), "2026-12-01 10:00 UTC");
	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jpcert),
	    cmocka_unit_test(test_direct_has_no_year),
	    cmocka_unit_test(test_leap_day),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_warnings),
	    cmocka_unit_test(test_first_clocks),
	    cmocka_unit_test(test_typed),
	    cmocka_unit_test(test_two_zones),
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
