/*
 * test_desk_found.c - dates that letters set, as people write them, and those
 * that set nothing.
 */
#include "desk_world.h"

#include <stdio.h>

#include "psirtd/clock.h"
#include "psirtd/procedure.h"
#include "linear.h"

/* Wednesday, 25 November 2026, 10:00 in Tokyo */
#define RECEIVED INT64_C(1795568400)

static const struct desk_signer nobody;

struct letter_row {
	const char *text;
	const char *want; /* "imposed DATE|words" … as told() says */
};

static char *
told(void *ctx, const struct found_clock *list, size_t n)
{
	char *out = talloc_strdup(ctx, "");

	for (size_t i = 0; i < n; i++)
		out = talloc_asprintf_append(out, "%s%s %.16s|%s",
		    i > 0 ? "; " : "", clock_rule(list[i].kind)->name,
		    clock_text(ctx, list[i].due), list[i].words);
	return out;
}

static const struct letter_row english[] = {
    {"We will publish on 1 December 2026.",
	"imposed 2026-12-01 00:00|1 December 2026"},
    {"we intend to disclose this publicly on Dec. 1st, 2026 at 10am UTC",
	"imposed 2026-12-01 19:00|Dec. 1st, 2026 at 10am UTC"},
    {"Public disclosure: 2027-02-23T12:00:00Z",
	"imposed 2027-02-23 21:00|2027-02-23T12:00:00Z"},
    {"The advisory will be released on Tuesday, 12 January 2027, 09:00 JST.",
	"imposed 2027-01-12 09:00|Tuesday, 12 January 2027, 09:00 JST"},
    {"Embargo until 12/31/2026", "imposed 2026-12-31 00:00|12/31/2026"},
    {"Embargo until 31.12.2026", "imposed 2026-12-31 00:00|31.12.2026"},
    {"Embargo until January 15", "imposed 2027-01-15 00:00|January 15"},
    {"We follow a 90-day disclosure policy.",
	"imposed 2027-02-23 10:00|90-day"},
    {"This is subject to a 90 day disclosure deadline.",
	"imposed 2027-02-23 10:00|90 day"},
    {"We will go public 45 days\nafter this first contact.",
	"imposed 2027-01-09 10:00|45 days"},
    {"Details will be made public in one hundred twenty (120) days.",
	"imposed 2027-03-25 10:00|120) days"},
    {"We plan to publish within two weeks.",
	"imposed 2026-12-09 10:00|two weeks"},
    {"I intend to disclose the issue in 3 months",
	"imposed 2027-02-25 10:00|3 months"},
    {"Please reply by 1 December 2026.",
	"reply by 2026-12-01 23:59|1 December 2026"},
    {"Please respond by 2026-12-01 17:00 JST",
	"reply by 2026-12-01 17:00|2026-12-01 17:00 JST"},
    {"We expect your answer within 5 business days.",
	"reply by 2026-12-02 10:00|5 business days"},
    {"Please acknowledge receipt within 7 days",
	"reply by 2026-12-02 10:00|7 days"},
    /* both; the nearest words say which */
    {"If we do not hear from you by 4 December 2026, we will publish on "
     "4 January 2027.",
	"imposed 2027-01-04 00:00|4 January 2027; "
	"reply by 2026-12-04 23:59|4 December 2026"},
    /* the earliest of several */
    {"We will publish after 90 days, in any case not later than 1 December "
     "2026.",
	"imposed 2026-12-01 00:00|1 December 2026"},
};

static const struct letter_row japanese[] = {
    {"2026年12月1日に公開します。", "imposed 2026-12-01 00:00|2026年12月1日"},
    {"公表予定日：２０２６年１２月１日（火）１０時",
	"imposed 2026-12-01 10:00|２０２６年１２月１日（火）１０時"},
    {"令和9年1月12日に JVN にて公表する予定です。",
	"imposed 2027-01-12 00:00|令和9年1月12日"},
    {"公開日は令和九年とします。", ""},
    {"R9.1.12 公表予定", "imposed 2027-01-12 00:00|R9.1.12"},
    {"本件は90日後に公開いたします。", "imposed 2027-02-23 10:00|90日"},
    {"受領から４５日以内に公表をお願いします",
	"imposed 2027-01-09 10:00|４５日"},
    {"3か月を目途に公開する方針です", "imposed 2027-02-25 10:00|3か月"},
    {"2週間後に脆弱性情報を公開します", "imposed 2026-12-09 10:00|2週間"},
    {"12月4日（金）までにご回答ください。",
	"reply by 2026-12-04 23:59|12月4日（金）"},
    {"回答期限：2026/12/04 17:00",
	"reply by 2026-12-04 17:00|2026/12/04 17:00"},
    {"12/4(金)までにご返信をお願いいたします。",
	"reply by 2026-12-04 23:59|12/4(金)"},
    {"詳細情報の要否を 2026 年 12 月 4 日 までにご連絡\nください。",
	"reply by 2026-12-04 23:59|2026 年 12 月 4 日"},
    {"5営業日以内にご返答ください", "reply by 2026-12-02 10:00|5営業日"},
    {"１月５日午後３時までに回答願います",
	"reply by 2027-01-05 15:00|１月５日午後３時"},
    {"公表は2027年1月12日の予定です。ご意見は12月10日までにご返信ください。",
	"imposed 2027-01-12 00:00|2027年1月12日; "
	"reply by 2026-12-10 23:59|12月10日"},
};

static const struct letter_row nothing[] = {
    {"", ""},
    {"I found this on 1 December 2026 in XYZ.", ""},
    {"We published it on 1 November 2026.", ""},
    {"We will publish on 30 February 2027.", ""},
    {"We will publish on 1 December 2036.", ""},
    {"We will publish on 3/4/2027.", ""},
    {"We will publish in 5000 days.", ""},
    {"Version 90 days of uptime", ""},
    {"The password expires after 90 days.", ""},
    {"My public key expires on ... see 公開鍵 2027年1月1日", ""},
    {"JVN#2026-12-01 was published", ""},
    {"> We will publish on 1 December 2026.", ""},
    {"ok\n\nOn 24 Nov 2026, PSIRT wrote:\n> publish on 1 December 2026", ""},
    {"2026年10月1日に公開しました。", ""},
    {"公開から1日", ""},
    {"2026年13月41日に公開します。", ""},
    {"It shows after 2.4 days; publish nothing.", ""},
};

static void
check(const struct letter_row *rows, size_t n)
{
	struct settings s = {0};

	for (size_t i = 0; i < n; i++) {
		void *ctx = talloc_new(NULL);
		struct part part = {
		    .kind = PART_TEXT, .content = bytes_str(rows[i].text)};
		struct opening o = {.parts = &part, .nparts = 1};
		struct found_clock *list;
		char *is = told(ctx, list,
		    desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list));

		if (strcmp(is, rows[i].want) != 0)
			fail_msg("%s\nwant: %s\nis:   %s", rows[i].text,
			    rows[i].want, is);
		talloc_free(ctx);
	}
}

static void
test_sentences(void **state)
{
	check(english, COUNT_OF(english));
	check(japanese, COUNT_OF(japanese));
}

static void
test_nothing(void **state)
{
	check(nothing, COUNT_OF(nothing));
}

/* The label of a form says what its date is, and goes before sentences. */
static void
test_fields(void **state)
{
	void *ctx = talloc_new(NULL);
	struct settings s = {0};
	struct part part = {.kind = PART_TEXT,
	    .content = bytes_str("We will publish on 1 December 2026.")};
	struct field fields[] = {
	    {.kind = FIELD_FOUND, .value = "2026-12-24", .part = 1},
	    {.kind = FIELD_DISCLOSURE, .value = "2027-01-12", .part = 1}};
	struct opening o = {.parts = &part, .nparts = 1};
	struct found_clock *list;
	size_t n;

	o.fields = fields;
	o.nfields = 2;
	n = desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list);
	assert_string_equal(
	    told(ctx, list, n), "imposed 2027-01-12 00:00|2027-01-12");
	assert_int_equal(list[0].zone_min, 540);
	fields[1].value = "no";
	n = desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list);
	assert_string_equal(
	    told(ctx, list, n), "imposed 2026-12-01 00:00|1 December 2026");
	talloc_free(ctx);
}

/* What was sent on, or came as a file, is another's word. */
static void
test_other_parts(void **state)
{
	static const uint32_t flags[] = {PART_FORWARDED, PART_ATTACHED};
	struct settings s = {0};

	for (size_t i = 0; i < COUNT_OF(flags); i++) {
		void *ctx = talloc_new(NULL);
		struct part part = {.kind = PART_TEXT,
		    .flags = flags[i],
		    .content = bytes_str("We publish on 1 December 2026.")};
		struct opening o = {.parts = &part, .nparts = 1};
		struct found_clock *list;

		assert_int_equal(
		    desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list),
		    0);
		talloc_free(ctx);
	}
}

/* Anybody on the way may lay other words beside those that are signed. */
static void
test_beside_what_is_signed(void **state)
{
	static const struct {
		const char *key;   /* that signed the first part */
		const char *bound; /* of the case */
		const char *want;
	} rows[] = {
	    {KEY_JPCERT, NULL, "reply by 2026-12-10 23:59|10 December."},
	    {KEY_FINDER, KEY_FINDER, "reply by 2026-12-10 23:59|10 December."},
	    /* Whose word it is nobody knows, of all of it. */
	    {KEY_OTHER, KEY_FINDER,
		"imposed 2026-12-24 00:00|2026-12-24; "
		"reply by 2026-12-10 23:59|10 December."},
	    {NULL, KEY_FINDER,
		"imposed 2026-12-24 00:00|2026-12-24; "
		"reply by 2026-12-10 23:59|10 December."},
	};
	struct part parts[] = {
	    {.kind = PART_TEXT,
		.layer = 1,
		.content = bytes_str("Please reply by 10 December.")},
	    {.kind = PART_TEXT,
		.content = bytes_str("We will publish on 1 December 2026. "
				     "Please reply by 12 December.")}};
	struct field fields[] = {
	    {.kind = FIELD_DISCLOSURE, .value = "2026-12-24", .part = 2},
	    {.kind = FIELD_DISCLOSURE, .value = "2026-12-26", .part = 0}};
	struct world w;

	world_init(&w);
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *ctx = talloc_new(NULL);
		struct signature signature = {
		    .status = SIGNATURE_GOOD, .primary = rows[i].key};
		struct layer layer = {.kind = LAYER_SIGNED,
		    .outcome = LAYER_OPEN,
		    .signatures = &signature,
		    .nsignatures = rows[i].key != NULL};
		struct opening o = {.parts = parts,
		    .nparts = 2,
		    .fields = fields,
		    .nfields = 2,
		    .layers = &layer,
		    .nlayers = 1};
		struct desk_signer by =
		    desk_letter_signer(&w.s, &o, rows[i].bound);
		struct found_clock *list;
		size_t n =
		    desk_found_clocks(ctx, &w.s, &o, &by, RECEIVED, &list);

		assert_string_equal(told(ctx, list, n), rows[i].want);
		talloc_free(ctx);
	}
}

static void
test_business_days_know_holidays(void **state)
{
	void *ctx = talloc_new(NULL);
	struct holiday holidays[] = {{20783, "a day off"}}; /* 2026-11-26 */
	struct settings s = {.holidays = holidays, .nholidays = 1};
	struct part part = {.kind = PART_TEXT,
	    .content = bytes_str("Please reply within 1 business day.")};
	struct opening o = {.parts = &part, .nparts = 1};
	struct found_clock *list;
	size_t n = desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list);

	assert_string_equal(
	    told(ctx, list, n), "reply by 2026-11-27 10:00|1 business day");
	talloc_free(ctx);
}

static void
find_in_a_text(const char *text, size_t len)
{
	void *ctx = talloc_new(NULL);
	struct settings s = {0};
	struct part part = {.kind = PART_TEXT, .content = bytes_of(text, len)};
	struct opening o = {.parts = &part, .nparts = 1};
	struct found_clock *list;

	desk_found_clocks(ctx, &s, &o, &nobody, RECEIVED, &list);
	talloc_free(ctx);
}

static void
test_linear(void **state)
{
	static const char *const shapes[] = {"1 day publish ", "1",
	    "2026-12-01 ", "december ", "日", "publish ", "\n", "one ", "令和",
	    "1月1日公開"};

	(void)state;
	for (size_t i = 0; i < COUNT_OF(shapes); i++)
		assert_linear(find_in_a_text, shapes[i], 1 << 19);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_sentences),
	    cmocka_unit_test(test_nothing),
	    cmocka_unit_test(test_fields),
	    cmocka_unit_test(test_other_parts),
	    cmocka_unit_test(test_beside_what_is_signed),
	    cmocka_unit_test(test_business_days_know_holidays),
	    cmocka_unit_test(test_linear),
	};

	setenv("TZ", "Asia/Tokyo", 1);
	tzset();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
