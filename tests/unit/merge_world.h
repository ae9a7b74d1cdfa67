/*
 * merge_world.h - two cases with a row of every kind, to be merged and split.
 */
#ifndef TEST_MERGE_WORLD_H
#define TEST_MERGE_WORLD_H

#include "store_world.h"

/* A row of each kind that a case may have; `n` tells two cases' apart. */
static inline void
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
static inline char *
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

static inline void
merge(struct world *w, int64_t from, int64_t into)
{
	begin(w);
	assert_ok(w, store_case_merge(w->st, from, into, NOW + 5, &w->err));
	commit(w);
}

static inline void
split(struct world *w, int64_t from)
{
	begin(w);
	assert_ok(w, store_case_split(w->st, from, &w->err));
	commit(w);
}

static inline struct store_case
get_case(struct world *w, int64_t id)
{
	struct store_case c;

	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	return c;
}

#endif
