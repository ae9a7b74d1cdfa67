/*
 * test_store_merge.c - a case is merged into another, and split off again.
 */
#include "merge_world.h"

static struct store_link *
links(struct world *w, int64_t casefile, size_t want)
{
	struct store_link *all;
	size_t count;

	assert_ok(
	    w, store_link_list(w, w->st, casefile, &all, &count, &w->err));
	assert_int_equal(count, want);
	return all;
}

static size_t
alike(struct world *w, int64_t casefile, int64_t **cases, uint32_t **why)
{
	size_t count;

	assert_ok(w,
	    store_cases_alike(w, w->st, casefile, cases, why, &count, &w->err));
	return count;
}

/* The one case that this ident and this address lead to. */
static void
leads_to(struct world *w, const char *own, const char *both, int64_t want,
    size_t want_both)
{
	int64_t *cases, casefile, outmail, report;
	uint8_t digest[STORE_DIGEST_BYTES];
	size_t count;
	bool fresh;

	assert_ok(
	    w, store_cases_by_ident(w, w->st, 3, own, &cases, &count, &w->err));
	assert_int_equal(count, 1);
	assert_int_equal(cases[0], want);
	assert_ok(
	    w, store_cases_by_address(w, w->st, own, &cases, &count, &w->err));
	assert_int_equal(count, 1);
	assert_int_equal(cases[0], want);
	assert_ok(
	    w, store_message_id_find(w->st, own, &casefile, &outmail, &w->err));
	assert_int_equal(casefile, want);
	store_digest(bytes_str(own), digest);
	begin(w);
	assert_ok(w, store_report(w->st, digest, 1, &report, &fresh, &casefile,
			 &w->err));
	commit(w);
	assert_false(fresh);
	assert_int_equal(casefile, want);
	assert_ok(w,
	    store_cases_by_ident(w, w->st, 4, both, &cases, &count, &w->err));
	assert_int_equal(count, want_both);
}

static void
late_is(struct world *w, size_t want)
{
	struct store_due due;
	size_t count = 0;

	begin(w);
	for (;; count++) {
		assert_ok(w, store_step_next_look(w->st, &due, &w->err));
		if (due.id == 0 || due.at > NOW + 9)
			break;
		assert_ok(
		    w, store_step_put_off(w->st, due.id, NOW + 1000, &w->err));
	}
	store_rollback(w->st);
	assert_int_equal(count, want);
}

static void
test_merge_and_split(void **state)
{
	struct world *w = *state;
	int64_t into = new_case(w, "XYZ-100"), from = new_case(w, "XYZ-100");
	struct store_case c;
	int64_t *cases;
	uint32_t *why;

	furnish(w, into, 1);
	furnish(w, from, 2);
	assert_string_equal(seen(w, into), ALONE);
	assert_string_equal(seen(w, from), ALONE);
	assert_int_equal(alike(w, into, &cases, &why), 1);
	late_is(w, 2);

	/* There and back again, and again. */
	for (int i = 0; i < 2; i++) {
		merge(w, from, into);
		world_close(w);
		world_open(w);
		assert_string_equal(seen(w, into), TOGETHER);
		assert_string_equal(seen(w, from), NOTHING);
		leads_to(w, "CVE-2026-0001", "VU#1", into, 1);
		leads_to(w, "CVE-2026-0002", "VU#1", into, 1);
		assert_int_equal(alike(w, into, &cases, &why), 0);
		late_is(w, 1);
		c = get_case(w, from);
		assert_int_equal(c.state, CASE_CLOSED);
		assert_int_equal(c.closed, NOW + 5);
		assert_int_equal(c.merged_into, into);
		assert_int_equal(c.advance, 0);
		c = get_case(w, into);
		assert_int_equal(c.state, CASE_OPEN);
		assert_int_equal(c.merged_into, 0);
		assert_int_equal(c.advance, 1);
		assert_int_equal(links(w, into, 1)->kind, LINK_MERGED);
		assert_int_equal(links(w, from, 1)->to, into);

		split(w, from);
		assert_string_equal(seen(w, into), ALONE);
		assert_string_equal(seen(w, from), ALONE);
		leads_to(w, "CVE-2026-0001", "VU#1", into, 2);
		leads_to(w, "CVE-2026-0002", "VU#1", from, 2);
		assert_int_equal(alike(w, into, &cases, &why), 1);
		late_is(w, 2);
		c = get_case(w, from);
		assert_int_equal(c.state, CASE_OPEN);
		assert_int_equal(c.closed, 0);
		assert_int_equal(c.merged_into, 0);
		assert_int_equal(c.advance, 1);
		links(w, into, 0);
	}
	world_close(w);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"
				 " WHERE origin_case IS NOT NULL"),
	    0);
}

/* What is new while they are one is of the other case, and stays there. */
static void
test_what_is_new_meanwhile_stays(void **state)
{
	struct world *w = *state;
	int64_t into = new_case(w, NULL), from = new_case(w, NULL);
	int64_t other = new_case(w, NULL);
	struct store_answer a = {
	    .casefile = into, .kind = 9, .value = text("new")};
	struct store_question *questions,
	    q = {.casefile = into, .state = QUESTION_OPEN};
	struct store_clock *clocks,
	    c = {.casefile = into, .kind = 5, .source = 2, .due = NOW + 99};
	struct store_letter l;
	size_t count;

	furnish(w, into, 1);
	furnish(w, from, 2);
	merge(w, from, into);
	begin(w);
	assert_ok(w, store_answer_add(w->st, &a, &w->err));
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	assert_int_equal(q.number, 3);
	/* A clock set anew takes the place of both. */
	assert_ok(w, store_clock_set(w->st, &c, &w->err));
	commit(w);
	assert_ok(
	    w, store_clock_list(w, w->st, into, 99, &clocks, &count, &w->err));
	assert_int_equal(count, 1);
	assert_int_equal(clocks[0].due, NOW + 99);
	/* A letter that a person gives to a third case is that one's. */
	assert_int_equal(store_letter_get(w, w->st, 2, &l, &w->err), 1);
	assert_int_equal(l.casefile, into);
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, 3, &w->err)); /* unchanged */
	l.casefile = other;
	assert_ok(w, store_letter_put(w->st, &l, 3, &w->err));
	commit(w);

	split(w, from);
	assert_string_equal(seen(w, from),
	    "letters 0 mails 1 answers 1 questions 1 tasks 1 told 1 clocks 1 "
	    "steps 1 idents 2");
	assert_int_equal(store_letter_get(w, w->st, 2, &l, &w->err), 1);
	assert_int_equal(l.casefile, other);
	assert_ok(
	    w, store_clock_list(w, w->st, from, 99, &clocks, &count, &w->err));
	assert_int_equal(clocks[0].due, NOW + 20);
	assert_ok(w,
	    store_question_list(w, w->st, into, &questions, &count, &w->err));
	assert_int_equal(count, 2);
	assert_string_equal(questions[0].text, "one?");
	assert_int_equal(questions[1].number, 3);
}

/* What both cases had already is found once, under the one that stands. */
static void
test_what_both_had_is_found_once(void **state)
{
	struct world *w = *state;
	int64_t from = new_case(w, NULL), into = new_case(w, NULL);
	int64_t letter = arrive_text(w, 1, "x"), casefile, outmail;

	begin(w);
	assert_ok(
	    w, store_message_id_add(w->st, "one@x", from, letter, 0, &w->err));
	assert_ok(
	    w, store_message_id_add(w->st, "one@x", into, letter, 0, &w->err));
	commit(w);
	assert_ok(w, store_message_id_find(
			 w->st, "one@x", &casefile, &outmail, &w->err));
	assert_int_equal(casefile, from);
	merge(w, from, into);
	assert_ok(w, store_message_id_find(
			 w->st, "one@x", &casefile, &outmail, &w->err));
	assert_int_equal(casefile, into);
	split(w, from);
	assert_ok(w, store_message_id_find(
			 w->st, "one@x", &casefile, &outmail, &w->err));
	assert_int_equal(casefile, from);
}

/* A letter that a person took out and gave back is of the case it was given
 * to. */
static void
test_given_by_hand_is_its_own(void **state)
{
	struct world *w = *state;
	int64_t into = new_case(w, NULL), from = new_case(w, NULL);
	int64_t other = new_case(w, NULL);
	struct store_letter l;

	furnish(w, into, 1);
	furnish(w, from, 2);
	merge(w, from, into);
	assert_int_equal(store_letter_get(w, w->st, 2, &l, &w->err), 1);
	begin(w);
	l.casefile = other;
	assert_ok(w, store_letter_put(w->st, &l, 3, &w->err));
	l.casefile = into;
	assert_ok(w, store_letter_put(w->st, &l, 3, &w->err));
	commit(w);
	split(w, from);
	assert_int_equal(store_letter_get(w, w->st, 2, &l, &w->err), 1);
	assert_int_equal(l.casefile, into);
}

/* A letter whose row is only written again keeps whose it was. */
static void
test_rows_written_again_keep_their_case(void **state)
{
	struct world *w = *state;
	int64_t into = new_case(w, NULL), from = new_case(w, NULL), report;
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_letter l;
	int64_t casefile;
	bool fresh;

	furnish(w, into, 1);
	furnish(w, from, 2);
	merge(w, from, into);
	assert_int_equal(store_letter_get(w, w->st, 2, &l, &w->err), 1);
	l.state = 4;
	store_digest(bytes_str("CVE-2026-0002"), digest);
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, 3, &w->err));
	assert_ok(w, store_report(w->st, digest, 2, &report, &fresh, &casefile,
			 &w->err));
	assert_ok(w, store_report_case(w->st, report, casefile, &w->err));
	commit(w);
	split(w, from);
	assert_string_equal(seen(w, from), ALONE);
	leads_to(w, "CVE-2026-0002", "VU#1", from, 2);
}

static void
refused(struct world *w, int64_t from, int64_t into, const char *why)
{
	begin(w);
	assert_fault(
	    w, store_case_merge(w->st, from, into, NOW, &w->err), FAULT_DENIED);
	if (strstr(w->err.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", w->err.text, why);
	commit(w); /* nothing was written */
}

static void
test_what_is_never_merged(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t c = new_case(w, NULL), other = new_case(w, NULL);
	struct store_case flow = get_case(w, other);

	flow.flow = 1;
	begin(w);
	assert_ok(w, store_case_put(w->st, &flow, &w->err));
	assert_fault(w, store_case_split(w->st, a, &w->err), FAULT_DENIED);
	commit(w);
	refused(w, a, other, "different flows");
	refused(w, a, a, "no two cases");
	refused(w, a, 99, "no two cases");
	merge(w, b, a);
	refused(w, b, c, "merged already");
	refused(w, c, b, "merged already");
	refused(w, a, c, "the other way round");
	assert_int_equal(get_case(w, c).advance, 0);
	/* The other way round goes; each is split off alone. */
	furnish(w, c, 2);
	merge(w, c, a);
	split(w, b);
	assert_int_equal(get_case(w, c).merged_into, a);
	assert_string_equal(seen(w, c), "letters 0 mails 0 answers 0 questions "
					"0 tasks 0 told 0 clocks 0 steps 1 "
					"idents 0");
	split(w, c);
	assert_string_equal(seen(w, c), ALONE);
}

/* As open, or as closed, as it was. */
static void
test_split_gives_the_state_back(void **state)
{
	struct world *w = *state;
	int64_t into = new_case(w, NULL), from = new_case(w, NULL);
	struct store_case c = get_case(w, from);

	c.state = CASE_UNOPENED;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	merge(w, from, into);
	/* Its row may be written; that it is merged stays. */
	c = get_case(w, from);
	c.close_reason = 3;
	c.merged_into = 0;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	assert_int_equal(get_case(w, from).merged_into, into);
	split(w, from);
	c = get_case(w, from);
	assert_int_equal(c.state, CASE_UNOPENED);
	assert_int_equal(c.close_reason, 0);

	c.state = CASE_CLOSED;
	c.closed = NOW - 50;
	c.close_reason = 8;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	merge(w, from, into);
	split(w, from);
	c = get_case(w, from);
	assert_int_equal(c.state, CASE_CLOSED);
	assert_int_equal(c.closed, NOW - 50);
	assert_int_equal(c.close_reason, 8);
	assert_int_equal(c.advance, 0);
}

/* A merge that is undone leaves nothing of itself. */
static void
test_merge_is_one_transaction(void **state)
{
	struct world *w = *state;
	int64_t into = new_case(w, NULL), from = new_case(w, NULL);

	furnish(w, into, 1);
	furnish(w, from, 2);
	begin(w);
	assert_ok(w, store_case_merge(w->st, from, into, NOW, &w->err));
	store_rollback(w->st);
	assert_string_equal(seen(w, into), ALONE);
	assert_string_equal(seen(w, from), ALONE);
	assert_int_equal(get_case(w, from).merged_into, 0);
	links(w, into, 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_merge_and_split),
	    TEST(test_what_is_new_meanwhile_stays),
	    TEST(test_what_both_had_is_found_once),
	    TEST(test_given_by_hand_is_its_own),
	    TEST(test_rows_written_again_keep_their_case),
	    TEST(test_what_is_never_merged),
	    TEST(test_split_gives_the_state_back),
	    TEST(test_merge_is_one_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
