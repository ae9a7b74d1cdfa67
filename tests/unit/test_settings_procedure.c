/*
 * test_settings_procedure.c - procedure { } and the files it names: times,
 * flows, holidays and business days; each mistake by its own file and line.
 */
#include "settings_file.h"

#include <time.h>

#include "psirtd/clock.h"
#include "psirtd/flow.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* ---- the section ---- */

static void
test_defaults(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_text(ctx, good_text(ctx), &errors);

	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->acknowledge_days, 1);
	assert_int_equal(s->imposed_days, 45);
	assert_int_equal(s->status_jpcert_s, 14 * 86400);
	assert_int_equal(s->status_cert_s, 14 * 86400);
	assert_int_equal(s->status_finder_s, 14 * 86400);
	assert_int_equal(s->status_quiet_s, 7 * 86400);
	assert_int_equal(s->remind_s, 3 * 86400);
	assert_int_equal(s->reminders, 2);
	assert_int_equal(s->morning, 8 * 60 + 30);
	assert_int_equal(s->retention_years, 5);
	assert_int_equal(s->nholidays, 0);
	assert_int_equal(s->ncustomers, 0);
	assert_null(settings_customer(s, "ops@north.example"));
	/* The flows stand beside the templates. */
	assert_string_equal(settings_flow(s, FLOW_JPCERT)->path,
	    "/proc/self/cwd/conf/flow-jpcert.conf");
	assert_int_equal(settings_flow(s, FLOW_DIRECT)->flow, FLOW_DIRECT);
	assert_null(settings_flow(s, (enum flow)0));
	assert_null(settings_flow(s, (enum flow)9));
	assert_int_equal(s->products[0].lead, ROLE_DESIGN);
	assert_ptr_equal(settings_jpcert(s), &s->correspondents[0]);
	talloc_free(ctx);
}

static void
test_values(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_with(ctx,
	    "status_jpcert = 3s status_cert = 0s status_finder = 1w\n"
	    "status_quiet = 0s remind = 2s reminders = 0 morning = none\n"
	    "acknowledge_days = 2 imposed_days = 90 retention_years = 10\n",
	    &errors);

	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->status_jpcert_s, 3);
	assert_int_equal(s->status_cert_s, 0);
	assert_int_equal(s->status_finder_s, 7 * 86400);
	assert_int_equal(s->status_quiet_s, 0);
	assert_int_equal(s->remind_s, 2);
	assert_int_equal(s->reminders, 0);
	assert_int_equal(s->morning, -1);
	assert_int_equal(s->acknowledge_days, 2);
	assert_int_equal(s->imposed_days, 90);
	assert_int_equal(s->retention_years, 10);
	talloc_free(ctx);
}

static void
test_bad_values(void **state)
{
	static const char *const each[][2] = {
	    {"morning = 24:00\n",
		":81: morning = \"24:00\" must be a time of day such as "
		"\"08:30\", or none"},
	    {"morning = 8:30\n", ":81: morning = \"8:30\" must be"},
	    {"morning = 08:60\n", ":81: morning = \"08:60\" must be"},
	    {"morning = \"08:3a\"\n", ":81: morning = \"08:3a\" must be"},
	    {"remind = 0s\n", ":81: remind = \"0s\" must lie between"},
	    {"\nreminders = x\n", ":82: reminders = \"x\" must be a whole"},
	    {"imposed_days = 0\n", ":81: imposed_days = \"0\" must lie"},
	    {"retention_years = 0\n", ":81: retention_years = \"0\" must lie"},
	    {"retention_years = 5y\n",
		":81: retention_years = \"5y\" must be a whole"},
	    {"customers = c.csv\n",
		":81: customers = \"c.csv\" must be a path"},
	    {"flow_direct = /nonexistent\n",
		":81: flow_direct: /nonexistent cannot be opened: No such"},
	    {"\nholidays = /dev/null\n", ":82: holidays: /dev/null is no file"},
	    {"customers = /proc\n", ":81: customers: /proc is no file"},
	};

	for (size_t i = 0; i < COUNT_OF(each); i++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;

		assert_null(load_with(ctx, each[i][0], &errors));
		if (strstr(errors, each[i][1]) != errors)
			fail_msg("%s\nnot %s", errors, each[i][1]);
		talloc_free(ctx);
	}
}

static void
test_lead(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	char *text = replaced(
	    ctx, good_text(ctx), "  pattern", "  lead = quality\n  pattern");
	const struct settings *s = load_text(ctx, text, &errors);

	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->products[1].lead, ROLE_QUALITY);
	text = replaced(ctx, text, "lead = quality", "lead = sales");
	assert_null(load_text(ctx, text, &errors));
	assert_non_null(strstr(
	    errors, ":58: lead = \"sales\" must be one of design, quality"));
	talloc_free(ctx);
}

/* ---- flows ---- */

static void
test_flow_errors(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;

	/* Those of psirtd.conf first, then each file's own. */
	assert_null(load_file(ctx, "remind = no\nflow_jpcert",
	    "step \"1.1\" {\n title_en = a title_ja = b phase = 1\n"
	    " lead = {poc}\n after = {\"1.2\"}\n}\n",
	    &errors));
	assert_string_equal(errors,
	    ":81: remind = \"no\" must be a time such as \"60s\", \"5m\", "
	    "\"2h\" or \"3d\"\n"
	    "FILE:4: after: \"1.2\" is no step of this flow: did you mean "
	    "1.1?\n");
	/* Bytes that are no text, by their line. */
	errors = NULL;
	assert_null(load_file(ctx, "flow_direct", "#\n\xff\n", &errors));
	assert_string_equal(
	    errors, "FILE:2: is not UTF-8: save the file as UTF-8\n");
	talloc_free(ctx);
}

/* A guard that was taken away is a note of `psirtd -n`. */
static void
test_flow_notes(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_file(ctx, "flow_direct",
	    "step \"5.1.2\" { title_en = a title_ja = b phase = 5\n"
	    "lead = {poc} mail published { to = counterpart } }\n"
	    "close published { guard = {\"requires_sent: 5.1.2\"} }\n",
	    &errors);
	const char *notes;

	if (s == NULL)
		fail_msg("%s", errors);
	notes = settings_notes(ctx, s);
	assert_non_null(strstr(notes,
	    ":1: note: step 5.1.2 has no guard \"not_before\", which the flow "
	    "as shipped has\n"));
	assert_null(strstr(notes, "close published has"));
	talloc_free(ctx);
}

/* ---- holidays ---- */

static int64_t
at(int year, int month, int day, int hour)
{
	struct tm tm = {.tm_year = year - 1900,
	    .tm_mon = month - 1,
	    .tm_mday = day,
	    .tm_hour = hour,
	    .tm_isdst = -1};

	return (int64_t)mktime(&tm);
}

static void
test_business_days(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_with(
	    ctx, "holidays = /proc/self/cwd/conf/holidays-jp\n", &errors);
	const struct settings *none = load_text(ctx, good_text(ctx), &errors);

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	if (s == NULL)
		fail_msg("%s", errors);
	/* Golden Week 2026: Tuesday 28 April, then 29 April (Wednesday) off,
	 * 30 April and 1 May work, 2 to 6 May off (the 6th for the 3rd). */
	assert_int_equal(settings_business_days(s, at(2026, 4, 28, 9), 1),
	    at(2026, 4, 30, 9));
	assert_int_equal(settings_business_days(s, at(2026, 4, 28, 9), 2),
	    at(2026, 5, 1, 9));
	assert_int_equal(settings_business_days(s, at(2026, 4, 28, 9), 3),
	    at(2026, 5, 7, 9));
	/* From within it. */
	assert_int_equal(settings_business_days(s, at(2026, 5, 3, 23), 1),
	    at(2026, 5, 7, 23));
	/* The 22nd of September 2026 lies between two holidays. */
	assert_int_equal(settings_business_days(s, at(2026, 9, 18, 9), 1),
	    at(2026, 9, 24, 9));
	assert_int_equal(settings_business_days(s, at(2026, 4, 28, 9), 0),
	    at(2026, 4, 28, 9));
	/* A day is one of here: 23:30 UTC is the next morning in Japan. */
	assert_int_equal(settings_business_days(s, at(2026, 5, 1, 8) + 1800, 1),
	    at(2026, 5, 7, 8) + 1800);
	/* Without the file, Monday to Friday. */
	assert_int_equal(settings_business_days(none, at(2026, 4, 28, 9), 3),
	    at(2026, 5, 1, 9));
	assert_int_equal(settings_business_days(none, at(2026, 5, 1, 9), 1),
	    at(2026, 5, 4, 9));
	for (size_t i = 1; i < s->nholidays; i++)
		assert_true(s->holidays[i - 1].day < s->holidays[i].day);
	talloc_free(ctx);
}

static void
test_holiday_errors(void **state)
{
	static const char *const each[][2] = {
	    {"2026-02-29 none\n",
		"FILE:1: \"2026-02-29\" must be a day, YYYY-MM-DD, with its "
		"name behind it\n"},
	    {"2028-02-29 fine\n\n# x\n2026/01/01 New Year\n",
		"FILE:4: \"2026/01/01\" must be a day"},
	    {"2026-1-1 New Year\n", "FILE:1: \"2026-1-1\" must be a day"},
	    {"2026-13-01 x\n", "FILE:1: \"2026-13-01\" must be a day"},
	    {"2026-01-01\n",
		"FILE:1: 2026-01-01 needs its name behind it: at most 60"},
	    {"2026-01-01 # New Year\n", "FILE:1: 2026-01-01 needs its name"},
	    {"2026-01-01 a\n2026-01-02 b\n2026-01-01 c\n",
		"FILE:3: 2026-01-01 stands in the file already: take one"},
	};

	for (size_t i = 0; i < COUNT_OF(each); i++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;

		assert_null(load_file(ctx, "holidays", each[i][0], &errors));
		if (strstr(errors, each[i][1]) != errors)
			fail_msg("%s\nnot %s", errors, each[i][1]);
		assert_ptr_equal(strchr(errors, '\n'), strrchr(errors, '\n'));
		talloc_free(ctx);
	}
}

static void
test_holiday_file(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_file(ctx, "holidays",
	    "# ours\r\n2027-01-01\t元日\r\n\r\n  1970-01-02 second  # day\n"
	    "1970-01-01 first",
	    &errors);

	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->nholidays, 3);
	assert_int_equal(s->holidays[0].day, 0);
	assert_string_equal(s->holidays[0].name, "first");
	assert_int_equal(s->holidays[1].day, 1);
	assert_string_equal(s->holidays[1].name, "second");
	assert_string_equal(s->holidays[2].name, "元日");
	talloc_free(ctx);
}

/* A table that ends soon makes clocks run too fast. */
static void
test_holidays_end(void **state)
{
	static const char note[] = ":1: note: its last day is ";
	void *ctx = talloc_new(NULL);
	const int64_t day = 86400;
	char *errors = NULL;
	const struct settings *s;

	setenv("TZ", "UTC", 1);
	tzset();
	s = load_file(ctx, "holidays",
	    talloc_asprintf(ctx, "2020-01-01 past\n%s soon\n",
		clock_date(ctx, clock_now() + 50 * day)),
	    &errors);
	assert_non_null(s);
	assert_non_null(strstr(settings_notes(ctx, s),
	    talloc_asprintf(ctx, "%s%s: add those of the next year\n", note,
		clock_date(ctx, clock_now() + 50 * day))));
	s = load_file(ctx, "holidays",
	    talloc_asprintf(ctx, "%s far\n2020-01-01 past\n",
		clock_date(ctx, clock_now() + 70 * day)),
	    &errors);
	assert_non_null(s);
	assert_null(strstr(settings_notes(ctx, s), note));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_bad_values),
	    cmocka_unit_test(test_lead),
	    cmocka_unit_test(test_flow_errors),
	    cmocka_unit_test(test_flow_notes),
	    cmocka_unit_test(test_business_days),
	    cmocka_unit_test(test_holiday_errors),
	    cmocka_unit_test(test_holiday_file),
	    cmocka_unit_test(test_holidays_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
