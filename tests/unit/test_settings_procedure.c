/*
 * test_settings_procedure.c - procedure { } and the files it names: times,
 * holidays and business days, customers, flows; each mistake by its own file
 * and line.
 */
#include "settings_file.h"

#include <time.h>

#include "psirtd/clock.h"
#include "psirtd/flow.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define HEAD "name,address,fingerprint,nda,products,integrator,language\n"
#define KEY_1 "4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A4A"
#define KEY_2 "4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B4B"

/* The good file with a procedure { } of these lines at line 80. */
static const struct settings *
load_with(const void *ctx, const char *lines, char **errors)
{
	return load_text(ctx,
	    talloc_asprintf(ctx, "%sprocedure {\n%s}\n", good_text(ctx), lines),
	    errors);
}

/* With a file of this text under a key; *errors names it "FILE". */
static const struct settings *
load_file(const void *ctx, const char *key, const char *text, char **errors)
{
	char *path = file_with(ctx, text);
	const struct settings *s = load_with(
	    ctx, talloc_asprintf(ctx, "%s = \"%s\"\n", key, path), errors);

	if (s == NULL) {
		size_t len = strlen(path);
		char *out = talloc_strdup(ctx, "");
		const char *from = *errors;
		const char *at;

		while ((at = strstr(from, path)) != NULL) {
			out = talloc_asprintf_append(
			    out, "%.*sFILE", (int)(at - from), from);
			from = at + len;
		}
		*errors = talloc_asprintf_append(out, "%s", from);
	}
	return s;
}

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
	    "acknowledge_days = 2 imposed_days = 90\n",
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
	    clock_business_days(at(2026, 5, 1, 9), 1));
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

/* ---- customers ---- */

static void
test_customers(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct settings *s = load_file(
	    ctx, "customers", "\xef\xbb\xbf" HEAD "North, Power,x\n", &errors);
	const struct customer *k;
	const char **pinned;
	size_t n;

	/* The mark in front does no harm; a comma needs quotes. */
	assert_null(s);
	assert_non_null(strstr(errors, "FILE:2: 3 cells, there must be 7: "));
	errors = NULL;
	s = load_file(ctx, "customers",
	    HEAD "\"North, \"\"Power\"\"\",Ops@North.example, 4a4a 4a4a 4a4a "
		 "4a4a 4a4a 4a4a 4a4a 4a4a 4a4a 4a4a ,YES,xyz-100;制御盤,"
		 "Sora Systems,EN\r\n"
		 "\r\n"
		 "西ガス,ops@west.example," KEY_2 ",no,\"XYZ-100 ; \",,\r\n",
	    &errors);
	if (s == NULL)
		fail_msg("%s", errors);
	assert_int_equal(s->ncustomers, 2);
	k = settings_customer(s, "OPS@north.example");
	assert_ptr_equal(k, &s->customers[0]);
	assert_string_equal(k->name, "North, \"Power\"");
	assert_string_equal(k->address, "ops@north.example");
	assert_string_equal(k->fingerprint, KEY_1);
	assert_true(k->nda);
	assert_int_equal(k->nproducts, 2);
	/* As the map writes them. */
	assert_string_equal(k->products[0], "XYZ-100");
	assert_string_equal(k->products[1], "制御盤");
	assert_string_equal(k->integrator, "Sora Systems");
	assert_string_equal(k->language, "en");
	assert_int_equal(k->place.line, 2);
	k = &s->customers[1];
	assert_false(k->nda);
	assert_int_equal(k->nproducts, 1);
	assert_null(k->integrator);
	assert_string_equal(k->language, "ja"); /* the desk's */
	assert_int_equal(k->place.line, 4);
	assert_null(settings_customer(s, "ops@south.example"));
	assert_null(settings_customer(s, NULL));

	/* Their keys are wanted in the keyring as the others are. */
	pinned = settings_pinned(ctx, s, &n);
	assert_int_equal(n, 8);
	assert_string_equal(pinned[6], KEY_1);
	assert_string_equal(pinned[7], KEY_2);
	talloc_free(ctx);
}

/* A quoted cell may hold line ends: the line of a record is its first. */
static void
test_customer_lines(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;

	assert_null(load_file(ctx, "customers",
	    HEAD "\"North\nPower\",ops@north.example," KEY_1 ",yes,XYZ-100,,\n"
		 "West,west," KEY_2 ",yes,XYZ-100,,\n",
	    &errors));
	assert_string_equal(errors,
	    "FILE:2: name: one line of text is wanted\n"
	    "FILE:4: address = \"west\" must be a mail address such as "
	    "ops@example.com\n");
	talloc_free(ctx);
}

#define ROW(name, address, key, nda, products, integrator, language)           \
	HEAD name "," address "," key "," nda "," products "," integrator      \
		  "," language "\n"

static void
test_customer_errors(void **state)
{
	static const char *const each[][2] = {
	    {"", "FILE:1: the first line must be name,address,fingerprint,"},
	    {"name,address\n", "FILE:1: the first line must be"},
	    {"North,ops@north.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:1: the first line must be"},
	    {ROW("", "a@b.example", KEY_1, "yes", "XYZ-100", "", ""),
		"FILE:2: name: 1 to 60 columns of text are wanted\n"},
	    {ROW("N", "a@", KEY_1, "yes", "XYZ-100", "", ""),
		"FILE:2: address = \"a@\" must be a mail address"},
	    {ROW("N", "a@b.example", "4A4A", "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint = \"4A4A\" must be a whole OpenPGP"},
	    {ROW("N", "a@b.example", KEY_1, "", "XYZ-100", "", ""),
		"FILE:2: nda = \"\" must be yes or no"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-10", "", ""),
		"FILE:2: products: there is no product \"XYZ-10\" in "
		"psirtd.conf\n"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "", "", ""),
		"FILE:2: products: name one at least"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-100", "", "de"),
		"FILE:2: language = \"de\" must be en or ja"},
	    {ROW("N", "psirt@vendor.example", KEY_1, "yes", "XYZ-100", "", ""),
		"FILE:2: address psirt@vendor.example is the desk's own"},
	    {ROW("N", "a@b.example", KEY_JPCERT, "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint " KEY_JPCERT " is that of somebody in "
		"psirtd.conf: a key stands for one party"},
	    {ROW("N", "a@b.example", KEY_DESIGN, "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint " KEY_DESIGN " is that of somebody"},
	    {ROW("N", "a@b.example", KEY_POC, "yes", "XYZ-100", "", ""),
		"FILE:2: fingerprint " KEY_POC " is that of somebody"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-100", "",
		 "") "O,A@b.example," KEY_2 ",yes,XYZ-100,,\n",
		"FILE:3: address a@b.example stands on line 2 already"},
	    {ROW("N", "a@b.example", KEY_1, "yes", "XYZ-100", "",
		 "") "O,c@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:3: fingerprint " KEY_1 " stands on line 2 already"},
	    {HEAD "N,a@b.example\n", "FILE:2: 2 cells, there must be 7"},
	    {HEAD "\"N,a@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:2: this quote is not closed: put \" behind the cell\n"},
	    {HEAD "\"N\"x,a@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:2: a quote ends within a cell: double it"},
	    {HEAD "N\"x,a@b.example," KEY_1 ",yes,XYZ-100,,\n",
		"FILE:2: a cell with a quote in it stands in quotes"},
	};

	for (size_t i = 0; i < COUNT_OF(each); i++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;

		if (load_file(ctx, "customers", each[i][0], &errors) != NULL)
			fail_msg("%s", each[i][0]);
		if (strstr(errors, each[i][1]) != errors)
			fail_msg("%s\nnot %s", errors, each[i][1]);
		/* One mistake, one line. */
		assert_ptr_equal(strchr(errors, '\n'), strrchr(errors, '\n'));
		talloc_free(ctx);
	}
}

/* Cut anywhere it is read or refused, never half a customer. */
static void
test_customers_cut(void **state)
{
	static const char whole[] = ROW("\"N, \"\"1\"\"\"", "a@b.example",
	    KEY_1, "yes", "XYZ-100", "\"S\"", "en");

	for (size_t len = 0; len < sizeof(whole) - 2; len++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;
		const struct settings *s = load_file(
		    ctx, "customers", talloc_strndup(ctx, whole, len), &errors);
		bool head = len == strlen(HEAD) || len == strlen(HEAD) - 1;
		/* The language is optional. */
		bool row = len == strlen(whole) - 1 || len == strlen(whole) - 3;

		if ((s != NULL) != (head || row))
			fail_msg("%zu: %s", len, s ? "taken" : errors);
		if (s != NULL)
			assert_int_equal(s->ncustomers, row);
		talloc_free(ctx);
	}
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
	    cmocka_unit_test(test_customers),
	    cmocka_unit_test(test_customer_lines),
	    cmocka_unit_test(test_customer_errors),
	    cmocka_unit_test(test_customers_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
