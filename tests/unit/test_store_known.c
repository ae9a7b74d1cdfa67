/*
 * test_store_known.c - what cases and reports are known by.
 */
#include "store_world.h"

#include "psirtd/reading.h"

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

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_idents),
	    TEST(test_many_idents),
	    TEST(test_addresses),
	    TEST(test_message_ids),
	    TEST(test_reports),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
