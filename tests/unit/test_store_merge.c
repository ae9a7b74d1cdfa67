/*
 * test_store_merge.c - a case is merged into another, and split off again.
 */
#include "store_world.h"

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

/* A row of each kind that a case may have; `n` tells two cases' apart. */
static void
furnish(struct world *w, int64_t casefile, uint32_t n)
{
	int64_t letter = arrive(w, n, noise(w, 100, n), 4096, &(bool){0});
	struct store_outmail m = {.kind = 3,
	    .state = OUTMAIL_DRAFT,
	    .casefile = casefile,
	    .letter = letter,
	    .to = text("robin@example.org")};
	struct store_step s = {.casefile = casefile,
	    .number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING,
	    .due = NOW + n,
	    .ref = text(n == 1 ? "AAAAAA" : "BBBBBB")};
	struct store_answer a = {.casefile = casefile,
	    .kind = n,
	    .letter = letter,
	    .value = text("yes")};
	struct store_question q = {.casefile = casefile,
	    .state = QUESTION_OPEN,
	    .letter = letter,
	    .text = text(n == 1 ? "one?" : "two?")};
	struct store_task t = {
	    .casefile = casefile, .kind = TASK_EXPLOITED, .made = NOW};
	struct store_told told = {
	    .casefile = casefile, .person = text("Robin")};
	struct store_clock c = {.casefile = casefile,
	    .kind = 5,
	    .source = 2,
	    .due = NOW + 10 * n,
	    .warn = NOW + n};
	uint8_t digest[STORE_DIGEST_BYTES];
	char own[32];
	struct store_letter l;
	int64_t report, of;
	bool fresh;

	snprintf(own, sizeof(own), "CVE-2026-000%u", n);
	store_digest(bytes_str(own), digest);
	assert_int_equal(store_letter_get(w, w->st, letter, &l, &w->err), 1);
	l.state = 3;
	l.casefile = casefile;
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, 1, &w->err));
	assert_ok(w,
	    store_report(w->st, digest, letter, &report, &fresh, &of, &w->err));
	assert_ok(w, store_report_case(w->st, report, casefile, &w->err));
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	m.step = a.step = s.id;
	assert_ok(w, store_answer_add(w->st, &a, &w->err));
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	m.question = q.id;
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_task_add(w->st, &t, &w->err));
	assert_ok(w, store_told_add(w->st, &told, &w->err));
	assert_ok(w, store_clock_set(w->st, &c, &w->err));
	assert_ok(
	    w, store_message_id_add(w->st, own, casefile, letter, 0, &w->err));
	/* One of its own, and one that both have. */
	assert_ok(w, store_case_ident_add(w->st, casefile, 3, own, &w->err));
	assert_ok(w, store_case_ident_add(w->st, casefile, 4, "VU#1", &w->err));
	assert_ok(w, store_case_address_add(w->st, casefile, own, &w->err));
	assert_ok(w, store_case_address_add(
			 w->st, casefile, "robin@example.org", &w->err));
	assert_ok(w, store_case_mark(w->st, casefile, MARK_IDENT,
			 bytes_str("VU#1"), &w->err));
	assert_ok(w, store_case_mark(
			 w->st, casefile, MARK_IDENT, bytes_str(own), &w->err));
	commit(w);
}

/* How many rows of each kind are seen under a case. */
static char *
seen(struct world *w, int64_t casefile)
{
	struct store_letter *letters;
	struct store_outmail *mails;
	struct store_answer *answers;
	struct store_question *questions;
	struct store_task *tasks;
	struct store_told *told;
	struct store_clock *clocks;
	struct store_step *steps;
	uint32_t *kinds;
	char **values;
	size_t n[9];

	assert_ok(w, store_letter_list(
			 w, w->st, 0, casefile, 99, &letters, &n[0], &w->err));
	assert_ok(w, store_outmail_list(
			 w, w->st, 0, casefile, 99, &mails, &n[1], &w->err));
	assert_ok(
	    w, store_answer_list(w, w->st, casefile, &answers, &n[2], &w->err));
	assert_ok(w, store_question_list(
			 w, w->st, casefile, &questions, &n[3], &w->err));
	assert_ok(
	    w, store_task_list(w, w->st, casefile, 99, &tasks, &n[4], &w->err));
	assert_ok(
	    w, store_told_list(w, w->st, casefile, &told, &n[5], &w->err));
	assert_ok(w,
	    store_clock_list(w, w->st, casefile, 99, &clocks, &n[6], &w->err));
	assert_ok(
	    w, store_step_list(w, w->st, casefile, &steps, &n[7], &w->err));
	assert_ok(w, store_case_idents(
			 w, w->st, casefile, &kinds, &values, &n[8], &w->err));
	for (size_t i = 0; i < n[3]; i++)
		assert_int_equal(questions[i].number, i + 1);
	return talloc_asprintf(w,
	    "letters %zu mails %zu answers %zu questions %zu tasks %zu told "
	    "%zu clocks %zu steps %zu idents %zu",
	    n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]);
}

#define ALONE                                                                  \
	"letters 1 mails 1 answers 1 questions 1 tasks 1 told 1 clocks 1 "     \
	"steps 1 idents 2"
#define NOTHING                                                                \
	"letters 0 mails 0 answers 0 questions 0 tasks 0 told 0 clocks 0 "     \
	"steps 1 idents 1"
#define TOGETHER                                                               \
	"letters 2 mails 2 answers 2 questions 2 tasks 2 told 2 clocks 2 "     \
	"steps 1 idents 3"

static void
merge(struct world *w, int64_t from, int64_t into)
{
	begin(w);
	assert_ok(w, store_case_merge(w->st, from, into, NOW + 5, &w->err));
	commit(w);
}

static void
split(struct world *w, int64_t from)
{
	begin(w);
	assert_ok(w, store_case_split(w->st, from, &w->err));
	commit(w);
}

static struct store_case
get_case(struct world *w, int64_t id)
{
	struct store_case c;

	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	return c;
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
	struct store_step *list;
	int64_t next;
	size_t count;

	assert_ok(w, store_step_late(
			 w, w->st, NOW + 9, 9, &list, &count, &next, &w->err));
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
	    TEST(test_rows_written_again_keep_their_case),
	    TEST(test_what_is_never_merged),
	    TEST(test_split_gives_the_state_back),
	    TEST(test_merge_is_one_transaction),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
