/*
 * test_desk_clocks.c - due dates start from receipt (RULES 8).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <time.h>

#include "psirtd/clock.h"
#include "psirtd/desk.h"

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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jpcert),
	    cmocka_unit_test(test_direct_has_no_year),
	    cmocka_unit_test(test_leap_day),
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
