/*
 * test_store_case.c - cases, their numbers, and what they are known by.
 */
#include "store_world.h"

#include "psirtd/reading.h"

static char *
text(const char *from)
{
	return (char *)(uintptr_t)from;
}

static struct store_case
full_case(void)
{
	return (struct store_case){
	    .flow = 2,
	    .state = CASE_UNOPENED,
	    .phase = 3,
	    .received = NOW - 100,
	    .filed = NOW,
	    .acknowledged = NOW + 5,
	    .correspondent = text("jpcert"),
	    .finder_name = text("Robin Finder"),
	    .finder_address = text("robin@example.org"),
	    .finder_key = text("0123456789ABCDEF0123456789ABCDEF01234567"),
	    .finder_key_standing = FINDER_KEY_BOUND,
	    .finder_key_blob = bytes_of("key\0blob", 8),
	    .language = text("ja"),
	    .product = text("XYZ-100"),
	    .title = text("short"),
	    .routed = 1,
	    .proposed = text("design quality"),
	};
}

static void
assert_same_case(const struct store_case *a, const struct store_case *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->number, b->number);
	assert_int_equal(a->flow, b->flow);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->phase, b->phase);
	assert_int_equal(a->received, b->received);
	assert_int_equal(a->filed, b->filed);
	assert_int_equal(a->acknowledged, b->acknowledged);
	assert_string_equal(a->correspondent, b->correspondent);
	assert_string_equal(a->finder_name, b->finder_name);
	assert_string_equal(a->finder_address, b->finder_address);
	assert_string_equal(a->finder_key, b->finder_key);
	assert_int_equal(a->finder_key_standing, b->finder_key_standing);
	assert_true(bytes_equal(a->finder_key_blob, b->finder_key_blob));
	assert_string_equal(a->language, b->language);
	assert_string_equal(a->product, b->product);
	assert_string_equal(a->title, b->title);
	assert_int_equal(a->routed, b->routed);
	assert_string_equal(a->proposed, b->proposed);
}

static struct store_case
get_case(struct world *w, int64_t id)
{
	struct store_case c;

	memset(&c, 0x55, sizeof(c));
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	return c;
}

static void
test_case_round_trips(void **state)
{
	struct world *w = *state;
	struct store_case c = full_case();
	struct store_case back;

	begin(w);
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", 2026, &w->err));
	commit(w);
	assert_int_equal(c.id, 1);
	assert_string_equal(c.number, "PSIRT-2026-0001");
	world_close(w);
	world_open(w);
	c.number = text("PSIRT-2026-0001");
	back = get_case(w, 1);
	assert_same_case(&back, &c);
	assert_int_equal(store_case_get(w, w->st, 2, &back, &w->err), 0);
}

static void
test_case_is_changed(void **state)
{
	struct world *w = *state;
	int64_t id = new_case(w, "before");
	struct store_case c = full_case();
	struct store_case back;

	c.id = id;
	c.number = text("ignored");
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	c.number = text("PSIRT-2026-0001"); /* a number never changes */
	back = get_case(w, id);
	assert_same_case(&back, &c);

	c = (struct store_case){.id = id, .state = CASE_CLOSED};
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	c.id = 99;
	assert_fault(w, store_case_put(w->st, &c, &w->err), FAULT_BUG);
	commit(w);
	back = get_case(w, id);
	assert_int_equal(back.state, CASE_CLOSED);
	assert_null(back.product);
	assert_null(back.finder_address);
	assert_null(back.finder_key_blob.data);
	assert_null(back.proposed);
}

/* ---- numbers ---- */

static void
number_is(struct world *w, int year, const char *want, bool keep)
{
	struct store_case c = {.state = CASE_OPEN};

	begin(w);
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", year, &w->err));
	assert_string_equal(c.number, want);
	if (keep)
		commit(w);
	else
		store_rollback(w->st);
}

static void
test_numbers_have_no_gap(void **state)
{
	struct world *w = *state;

	number_is(w, 2026, "PSIRT-2026-0001", true);
	/* Undone: its number is given again. */
	number_is(w, 2026, "PSIRT-2026-0002", false);
	number_is(w, 2026, "PSIRT-2026-0002", true);
	/* Each year has a counter of its own, whatever comes in between. */
	number_is(w, 2027, "PSIRT-2027-0001", false);
	number_is(w, 2027, "PSIRT-2027-0001", true);
	number_is(w, 2026, "PSIRT-2026-0003", true);
	number_is(w, 2027, "PSIRT-2027-0002", true);
	/* And a restart knows. */
	world_close(w);
	tamper(w, "UPDATE case_number SET last = 9999 WHERE year = 2027");
	world_open(w);
	number_is(w, 2026, "PSIRT-2026-0004", true);
	number_is(w, 2027, "PSIRT-2027-10000", true);
}

/* Two cases in one transaction: both numbers can be read afterwards. */
static void
test_numbers_live_on(void **state)
{
	struct world *w = *state;
	struct store_case a = {.state = CASE_OPEN}, b = {.state = CASE_OPEN};

	begin(w);
	assert_ok(w, store_case_new(w, w->st, &a, "P", 2026, &w->err));
	assert_ok(w, store_case_new(w, w->st, &b, "P", 2026, &w->err));
	commit(w);
	assert_string_equal(a.number, "P-2026-0001");
	assert_string_equal(b.number, "P-2026-0002");
}

static void
test_number_is_found_in_any_case(void **state)
{
	struct world *w = *state;
	int64_t id;

	new_case(w, NULL);
#define BY_NUMBER(number, want)                                                \
	do {                                                                   \
		assert_ok(                                                     \
		    w, store_case_by_number(w->st, number, &id, &w->err));     \
		assert_int_equal(id, want);                                    \
	} while (0)
	BY_NUMBER("PSIRT-2026-0001", 1);
	BY_NUMBER("psirt-2026-0001", 1);
	BY_NUMBER("PsIrT-2026-0001", 1);
	BY_NUMBER("PSIRT-2026-0002", 0);
	BY_NUMBER("PSIRT-2026-000", 0);
	BY_NUMBER("PSIRT-2026-%", 0);
	BY_NUMBER("", 0);
}

static void
test_lists_of_cases(void **state)
{
	struct world *w = *state;
	struct store_case *list, c;
	size_t count;

	for (int i = 0; i < 12; i++)
		new_case(w, "XYZ-100");
	c = get_case(w, 12);
	c.state = CASE_CLOSED;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	assert_ok(
	    w, store_case_list(w, w->st, true, 99, &list, &count, &w->err));
	assert_int_equal(count, 12);
	assert_int_equal(list[0].id, 12);
	assert_string_equal(list[11].number, "PSIRT-2026-0001");
	assert_ok(
	    w, store_case_list(w, w->st, false, 2, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].id, 11);
	assert_string_equal(list[1].product, "XYZ-100");
	assert_ptr_equal(talloc_parent(list[1].product), list);
}

/* ---- identifiers ---- */

static void
test_idents(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t *cases;
	uint32_t *kinds;
	char **values;
	size_t count;

	begin(w);
	assert_ok(w, store_case_ident_add(
			 w->st, b, IDENT_JPCERT, "JPCERT#91837758", &w->err));
	for (int i = 0; i < 2; i++) {
		assert_ok(w, store_case_ident_add(w->st, a, IDENT_JPCERT,
				 "JPCERT#91837758", &w->err));
		assert_ok(w, store_case_ident_add(w->st, a, IDENT_CVE,
				 "CVE-2026-12345", &w->err));
	}
	assert_ok(w, store_case_ident_add(
			 w->st, a, IDENT_JPCERT, "jpcert#91837758", &w->err));
	commit(w);

	assert_ok(w,
	    store_case_idents(w, w->st, a, &kinds, &values, &count, &w->err));
	assert_int_equal(count, 2); /* adding twice is nothing */
	assert_int_equal(kinds[0], IDENT_JPCERT);
	assert_string_equal(values[0], "JPCERT#91837758");
	assert_int_equal(kinds[1], IDENT_CVE);
	assert_string_equal(values[1], "CVE-2026-12345");
	assert_ok(w,
	    store_case_idents(w, w->st, 99, &kinds, &values, &count, &w->err));
	assert_int_equal(count, 0);

#define BY_IDENT(kind, value, n)                                               \
	do {                                                                   \
		assert_ok(w, store_cases_by_ident(w, w->st, kind, value,       \
				 &cases, &count, &w->err));                    \
		assert_int_equal(count, n);                                    \
	} while (0)
	BY_IDENT(IDENT_JPCERT, "JPCERT#91837758", 2);
	assert_int_equal(cases[0], a);
	assert_int_equal(cases[1], b);
	BY_IDENT(IDENT_JPCERT, "jpcert#91837758", 2);
	BY_IDENT(IDENT_CVE, "CVE-2026-12345", 1);
	/* The kind counts: no number of one kind is one of another. */
	BY_IDENT(IDENT_JVN, "JPCERT#91837758", 0);
	BY_IDENT(IDENT_CVE, "CVE-2026-1234", 0);
}

static void
test_many_idents(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL);
	uint32_t *kinds;
	char **values, one[32];
	size_t count;

	begin(w);
	for (uint32_t i = 0; i < 40; i++) {
		snprintf(one, sizeof(one), "CVE-2026-%05u", i);
		assert_ok(
		    w, store_case_ident_add(w->st, a, IDENT_CVE, one, &w->err));
	}
	commit(w);
	assert_ok(w,
	    store_case_idents(w, w->st, a, &kinds, &values, &count, &w->err));
	assert_int_equal(count, 40);
	for (uint32_t i = 0; i < 40; i++) {
		snprintf(one, sizeof(one), "CVE-2026-%05u", i);
		assert_string_equal(values[i], one);
		assert_int_equal(kinds[i], IDENT_CVE);
	}
}

/* ---- addresses ---- */

static void
test_addresses(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t *cases;
	size_t count;
	bool has;

	begin(w);
	assert_ok(
	    w, store_case_address_add(w->st, b, "Robin@Example.ORG", &w->err));
	assert_ok(
	    w, store_case_address_add(w->st, b, "robin@example.org", &w->err));
	assert_ok(
	    w, store_case_address_add(w->st, a, "robin@example.org", &w->err));
	assert_ok(
	    w, store_case_address_add(w->st, a, "other@example.org", &w->err));
	commit(w);

#define HAS(casefile, address, want)                                           \
	do {                                                                   \
		assert_ok(w, store_case_has_address(                           \
				 w->st, casefile, address, &has, &w->err));    \
		assert_int_equal(has, want);                                   \
	} while (0)
	HAS(a, "ROBIN@EXAMPLE.ORG", true);
	HAS(b, "rObin@example.org", true);
	HAS(b, "other@example.org", false);
	HAS(a, "robin@example.com", false);
	HAS(99, "robin@example.org", false);

	assert_ok(w, store_cases_by_address(w, w->st, "ROBIN@example.org",
			 &cases, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(cases[0], a);
	assert_int_equal(cases[1], b);
	assert_ok(w, store_cases_by_address(w, w->st, "nobody@example.org",
			 &cases, &count, &w->err));
	assert_int_equal(count, 0);
}

/* ---- Message-IDs ---- */

static int64_t
new_mail(struct world *w, int64_t casefile)
{
	struct store_outmail m = {.kind = 3,
	    .state = OUTMAIL_APPROVED,
	    .casefile = casefile,
	    .made = NOW,
	    .to = text("a@example.org")};

	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	return m.id;
}

static void
test_message_ids(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t letter = arrive_text(w, 1, "x");
	int64_t mail = new_mail(w, b), alert = new_mail(w, 0);
	int64_t casefile, outmail;

	begin(w);
	for (int i = 0; i < 2; i++) {
		assert_ok(w, store_message_id_add(w->st, "one@example.org", a,
				 letter, 0, &w->err));
		assert_ok(w, store_message_id_add(
				 w->st, "psirtd.x@us", b, 0, mail, &w->err));
		assert_ok(w, store_message_id_add(
				 w->st, "psirtd.y@us", 0, 0, alert, &w->err));
	}
	/* A stranger's letter that carries the Message-ID of a mail of ours,
	 * and one that carries that of another finder. */
	assert_ok(w,
	    store_message_id_add(w->st, "psirtd.x@us", a, letter, 0, &w->err));
	assert_ok(w, store_message_id_add(
			 w->st, "one@example.org", b, letter, 0, &w->err));
	commit(w);

#define FIND(id, want_case, want_mail)                                         \
	do {                                                                   \
		assert_ok(w, store_message_id_find(                            \
				 w->st, id, &casefile, &outmail, &w->err));    \
		assert_int_equal(casefile, want_case);                         \
		assert_int_equal(outmail, want_mail);                          \
	} while (0)
	FIND("one@example.org", a, 0);
	FIND("psirtd.x@us", b, mail);
	FIND("psirtd.y@us", 0, alert);
	FIND("two@example.org", 0, 0);
	FIND("ONE@example.org", 0, 0);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM message_id"), 5);
}

/* ---- reports ---- */

static void
test_reports(void **state)
{
	struct world *w = *state;
	int64_t first = arrive_text(w, 1, "x"), second = arrive_text(w, 2, "y");
	int64_t a = new_case(w, NULL);
	uint8_t digest[STORE_DIGEST_BYTES], other[STORE_DIGEST_BYTES];
	int64_t report, again, casefile = 77;
	bool fresh = false;

	store_digest(bytes_str("report"), digest);
	store_digest(bytes_str("other"), other);
	begin(w);
	assert_ok(w, store_report(w->st, digest, first, &report, &fresh,
			 &casefile, &w->err));
	assert_true(fresh);
	assert_int_equal(casefile, 0);
	assert_ok(w, store_report_case(w->st, report, a, &w->err));
	assert_ok(w, store_report(w->st, digest, second, &again, &fresh,
			 &casefile, &w->err));
	assert_false(fresh);
	assert_int_equal(again, report);
	assert_int_equal(casefile, a);
	assert_ok(w, store_report(w->st, other, second, &again, &fresh,
			 &casefile, &w->err));
	assert_true(fresh);
	assert_int_not_equal(again, report);
	assert_int_equal(casefile, 0);
	assert_fault(w, store_report_case(w->st, 99, a, &w->err), FAULT_BUG);
	commit(w);
}

static void
test_names(void **state)
{
	assert_string_equal(case_state_name(CASE_OPEN), "open");
	assert_string_equal(case_state_name(CASE_UNOPENED), "unopened");
	assert_string_equal(case_state_name(CASE_CLOSED), "closed");
	assert_string_equal(case_state_name(0), "?");
	assert_string_equal(case_state_name(CASE_CLOSED + 1), "?");
	assert_string_equal(case_state_name(UINT32_MAX), "?");
	assert_string_equal(key_standing_name(FINDER_KEY_KEPT), "kept");
	assert_string_equal(key_standing_name(FINDER_KEY_BOUND), "bound");
	assert_string_equal(
	    key_standing_name(FINDER_KEY_CONFIRMED), "confirmed");
	assert_string_equal(key_standing_name(FINDER_KEY_CONFIRMED + 1), "?");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_case_round_trips),
	    TEST(test_case_is_changed),
	    TEST(test_numbers_have_no_gap),
	    TEST(test_numbers_live_on),
	    TEST(test_number_is_found_in_any_case),
	    TEST(test_lists_of_cases),
	    TEST(test_idents),
	    TEST(test_many_idents),
	    TEST(test_addresses),
	    TEST(test_message_ids),
	    TEST(test_reports),
	    TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
