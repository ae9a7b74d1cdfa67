/*
 * test_engine_link.c - cases that may be one vulnerability: what proposes
 * it, and linking, merging and splitting by hand (RULES 30).  With a real
 * store.
 */
#include "engine_world.h"

static struct store_letter
report(struct vendor *v, const char *from, const char *text,
    struct ident *idents, size_t nidents, struct part *file)
{
	return vendor_files(v, &(struct vendor_letter){.from = from,
				   .text = text,
				   .idents = idents,
				   .nidents = nidents,
				   .file = file,
				   .encrypted = true});
}

static uint32_t
link_kind(struct vendor *v, int64_t a, int64_t b)
{
	struct store_link *list = NULL;
	size_t n = 0;

	assert_ok(v->w, store_link_list(v, v->w->st, a, &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		if (list[i].from == b || list[i].to == b)
			return list[i].kind;
	return 0;
}

static void
test_one_number_in_two_cases(void **state)
{
	struct vendor *v = *state;
	struct ident ids[] = {
	    {IDENT_CVE, "CVE-2026-41928", 1}, {IDENT_CWE, "CWE-120", 1}};
	int64_t a = report(v, FINDER, "One.", ids, 2, NULL).casefile;
	int64_t b = report(v, "b@example.org", "Two.", ids, 2, NULL).casefile;
	int64_t c =
	    report(v, "c@example.org", "Three.", ids + 1, 1, NULL).casefile;
	struct store_task t = vendor_task(v, b, TASK_LINK);

	assert_true(a != b && b != c);
	assert_int_equal(link_kind(v, a, b), LINK_PROPOSED);
	assert_non_null(strstr(t.text, "PSIRT-2026-0001: the same identifier"));
	/* A kind of flaw is no flaw. */
	assert_int_equal(link_kind(v, a, c), 0);
	assert_int_equal(vendor_task(v, c, TASK_LINK).id, 0);
}

static void
test_one_file_in_two_cases(void **state)
{
	struct vendor *v = *state;
	struct part poc = {.kind = PART_FILE,
	    .type = "application/zip",
	    .content = noise(v, 200, 7)};
	struct part logo = poc;
	int64_t a = report(v, FINDER, "One.", NULL, 0, &poc).casefile;
	int64_t b = report(v, "b@example.org", "Two.", NULL, 0, &poc).casefile;
	int64_t c, d;

	assert_int_equal(link_kind(v, a, b), LINK_PROPOSED);
	logo.type = "image/png";
	logo.content = noise(v, 200, 8);
	c = report(v, "c@example.org", "Three.", NULL, 0, &logo).casefile;
	d = report(v, "d@example.org", "Four.", NULL, 0, &logo).casefile;
	assert_int_equal(link_kind(v, c, d), 0);
}

static void
test_one_product_version_and_type(void **state)
{
	struct vendor *v = *state;
	struct field fields[] = {
	    {FIELD_VERSION, "2.3", 1}, {FIELD_TYPE, "Buffer overflow", 1}};
	struct field other[] = {
	    {FIELD_VERSION, "2.4", 1}, {FIELD_TYPE, "Buffer overflow", 1}};
	int64_t cases[3];

	for (size_t i = 0; i < 3; i++) {
		struct casework *cw;
		int64_t id = vendor_case(v, FLOW_DIRECT);
		char *ours = talloc_asprintf(v, "ours%zu@vendor.example", i);

		cases[i] = id;
		cw = vendor_load(v, id);
		assert_string_equal(cw->c.product, "XYZ-100");
		begin(v->w);
		assert_ok(v->w,
		    store_message_id_add(v->w->st, ours, id, 0, 0, &v->w->err));
		commit(v->w);
		vendor_files(
		    v, &(struct vendor_letter){.from = FINDER,
			   .text = talloc_asprintf(v, "Report %zu.", i),
			   .reply = ours,
			   .fields = i == 2 ? other : fields,
			   .nfields = 2});
	}
	assert_int_equal(link_kind(v, cases[0], cases[1]), LINK_PROPOSED);
	assert_int_equal(link_kind(v, cases[0], cases[2]), 0);
}

/* Refused is refused: the same letter again proposes nothing. */
static void
test_a_proposal_is_decided(void **state)
{
	struct vendor *v = *state;
	struct ident id = {IDENT_CVE, "CVE-2026-41928", 1};
	int64_t a = report(v, FINDER, "One.", &id, 1, NULL).casefile;
	int64_t b = report(v, "b@example.org", "Two.", &id, 1, NULL).casefile;

	assert_ordered(v, .what = ORDER_UNLINK, .casefile = a, .other = b);
	assert_int_equal(link_kind(v, a, b), LINK_REFUSED);
	assert_int_equal(vendor_task(v, b, TASK_LINK).id, 0);
	begin(v->w);
	assert_ok(v->w, store_message_id_add(v->w->st, "ours@vendor.example", b,
			    0, 0, &v->w->err));
	commit(v->w);
	vendor_files(v, &(struct vendor_letter){.from = "b@example.org",
			    .text = "Two again.",
			    .reply = "ours@vendor.example",
			    .idents = &id,
			    .nidents = 1});
	assert_int_equal(link_kind(v, a, b), LINK_REFUSED);
	assert_int_equal(vendor_task(v, b, TASK_LINK).id, 0);
	/* A person may think better of it. */
	assert_ordered(v, .what = ORDER_LINK, .casefile = b, .other = a);
	assert_int_equal(link_kind(v, a, b), LINK_SAME);
	assert_int_equal(vendor_recorded(v, a, RECORD_CASE_LINKED), 1);
	assert_int_equal(vendor_recorded(v, b, RECORD_CASE_LINKED), 1);
	assert_refused(v, "are one already", .what = ORDER_LINK, .casefile = a,
	    .other = b);
	assert_ordered(v, .what = ORDER_UNLINK, .casefile = a, .other = b);
	assert_refused(v, "are not linked", .what = ORDER_UNLINK, .casefile = a,
	    .other = b);
}

static void
test_flows_are_never_merged(void **state)
{
	struct vendor *v = *state;
	int64_t a = vendor_case(v, FLOW_DIRECT);
	int64_t b = vendor_case(v, FLOW_JPCERT);

	assert_refused(v, "linked, never merged", .what = ORDER_MERGE,
	    .casefile = a, .other = b);
	assert_ordered(v, .what = ORDER_LINK, .casefile = a, .other = b);
}

/* A source that JPCERT/CC speaks with is not opened by another case's. */
static void
test_a_mediated_case_is_merged_with_its_like(void **state)
{
	struct vendor *v = *state;
	int64_t a = vendor_case(v, FLOW_DIRECT);
	int64_t b = vendor_case(v, FLOW_DIRECT);
	const struct order mediated = {.what = ORDER_ANSWER,
	    .words = (const char *[]){"mediation=accepted"},
	    .nwords = 1};
	struct order each = mediated;
	struct case_draft reply = {
	    .kind = MAIL_REPLY, .to = {.address = FINDER}};

	each.casefile = a;
	assert_int_equal(vendor_order(v, &each), 0);
	assert_refused(v, "psirt link PSIRT-2026-0001 PSIRT-2026-0002",
	    .what = ORDER_MERGE, .casefile = a, .other = b);
	assert_refused(v, "with the source of PSIRT-2026-0001",
	    .what = ORDER_MERGE, .casefile = b, .other = a);
	each.casefile = b;
	assert_int_equal(vendor_order(v, &each), 0);
	assert_ordered(v, .what = ORDER_MERGE, .casefile = a, .other = b);
	assert_int_equal(
	    leave_ask(v->e, vendor_load(v, b), &reply, &v->w->err), -1);
	assert_non_null(strstr(v->w->err.text, "no_finder"));
	assert_ordered(v, .what = ORDER_SPLIT, .casefile = a);
	assert_int_equal(vendor_load(v, a)->c.channel, CHANNEL_JPCERT);
}

static void
test_merge_and_split(void **state)
{
	struct vendor *v = *state;
	int64_t a = vendor_case(v, FLOW_DIRECT);
	int64_t b = vendor_case(v, FLOW_DIRECT);

	assert_ordered(
	    v, .what = ORDER_NOTE, .casefile = b, .text = "of the second");
	assert_ordered(v, .what = ORDER_MERGE, .casefile = b, .other = a);
	assert_int_equal(vendor_load(v, b)->c.merged_into, a);
	assert_string_equal(vendor_answer(v, a, ANSWER_NOTE), "of the second");
	assert_int_equal(link_kind(v, a, b), LINK_MERGED);
	/* What is done now is done of the whole. */
	assert_refused(v, "psirt split PSIRT-2026-0002", .what = ORDER_NOTE,
	    .casefile = b, .text = "x");
	assert_refused(v, "psirt split PSIRT-2026-0002", .what = ORDER_UNLINK,
	    .casefile = a, .other = b);
	assert_ordered(v, .what = ORDER_SPLIT, .casefile = b);
	assert_null(vendor_answer(v, a, ANSWER_NOTE));
	assert_string_equal(vendor_answer(v, b, ANSWER_NOTE), "of the second");
	assert_int_equal(vendor_load(v, b)->c.state, CASE_OPEN);
	assert_int_equal(vendor_recorded(v, b, RECORD_CASE_SPLIT), 1);
	assert_refused(
	    v, "merged into no other", .what = ORDER_SPLIT, .casefile = b);
}

/* ---- letters of a merged case ---- */

#define KEY_A "AAAA000000000000000000000000000000000001"
#define KEY_B "BBBB000000000000000000000000000000000002"
#define BEA "bea@example.org"
#define ALIAS "robin@home.example"

/* A case of its own, whose finder has an address and perhaps a bound key. */
static int64_t
finders_case(struct vendor *v, const char *address, const char *key)
{
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_case c = {0};

	assert_int_equal(store_case_get(v, w->st, id, &c, &w->err), 1);
	c.finder_address = talloc_strdup(v, address);
	c.finder_key = key != NULL ? talloc_strdup(v, key) : NULL;
	c.finder_key_standing = key != NULL ? FINDER_KEY_BOUND : 0;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_case_address_add(w->st, id, address, &w->err));
	commit(w);
	return id;
}

/* Names the second case by its number. */
static struct store_letter
names_second(struct vendor *v, const char *from, const char *key)
{
	struct ident number = {IDENT_CASE, "PSIRT-2026-0002", 1};

	return vendor_files(
	    v, &(struct vendor_letter){.from = from,
		   .text = talloc_asprintf(v, "Something more, %u.", v->uid),
		   .key = key,
		   .made = clock_now(),
		   .idents = &number,
		   .nidents = 1});
}

static void
test_a_letter_of_a_merged_case(void **state)
{
	struct vendor *v = *state;
	int64_t a = finders_case(v, FINDER, KEY_A);
	int64_t b = finders_case(v, BEA, KEY_B);
	static const struct {
		const char *from, *key;
		uint32_t verdict;
		bool unconfirmed;
	} rows[] = {
	    {BEA, KEY_B, VERDICT_KNOWN, false},
	    {FINDER, KEY_A, VERDICT_KNOWN, false},
	    {BEA, NULL, VERDICT_UNSIGNED, true},
	    {FINDER, NULL, VERDICT_UNSIGNED, true},
	    /* in the name of the one, by the key of nobody */
	    {BEA, "CCCC000000000000000000000000000000000003",
		VERDICT_UNKNOWN_KEY, true},
	};

	assert_ordered(v, .what = ORDER_MERGE, .casefile = b, .other = a);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct store_letter l =
		    names_second(v, rows[i].from, rows[i].key);

		assert_int_equal(l.casefile, a);
		assert_int_equal(l.verdict, rows[i].verdict);
		assert_int_equal(l.unconfirmed, rows[i].unconfirmed);
	}
	/* Apart again, each has its own letters and its own key. */
	assert_ordered(v, .what = ORDER_SPLIT, .casefile = b);
	assert_int_equal(names_second(v, BEA, KEY_B).casefile, b);
}

/* One has a bound key and two addresses, the other none: that one is believed
 * as it was, and lends it to nobody. */
static void
assert_keyless_lends_nothing(struct vendor *v, bool into_keyless)
{
	int64_t a = into_keyless ? finders_case(v, BEA, NULL)
				 : finders_case(v, FINDER, KEY_A);
	int64_t b = into_keyless ? finders_case(v, FINDER, KEY_A)
				 : finders_case(v, BEA, NULL);

	begin(v->w);
	assert_ok(v->w, store_case_address_add(
			    v->w->st, into_keyless ? b : a, ALIAS, &v->w->err));
	commit(v->w);
	assert_ordered(v, .what = ORDER_MERGE, .casefile = b, .other = a);
	assert_false(names_second(v, BEA, NULL).unconfirmed);
	assert_true(names_second(v, FINDER, NULL).unconfirmed);
	assert_true(names_second(v, ALIAS, NULL).unconfirmed);
	assert_false(names_second(v, ALIAS, KEY_A).unconfirmed);
}

static void
test_a_source_without_a_key_is_merged(void **state)
{
	assert_keyless_lends_nothing(*state, false);
}

static void
test_a_source_with_a_key_is_merged(void **state)
{
	assert_keyless_lends_nothing(*state, true);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_one_number_in_two_cases),
	    TEST(test_one_file_in_two_cases),
	    TEST(test_one_product_version_and_type),
	    TEST(test_a_proposal_is_decided),
	    TEST(test_flows_are_never_merged),
	    TEST(test_a_mediated_case_is_merged_with_its_like),
	    TEST(test_merge_and_split),
	    TEST(test_a_letter_of_a_merged_case),
	    TEST(test_a_source_without_a_key_is_merged),
	    TEST(test_a_source_with_a_key_is_merged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
