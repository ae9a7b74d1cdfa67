/*
 * store_alert.c - what the POC is to be told by mail, and how much there is
 * of everything.
 *
 * Plain numbers, dates and states alone: works before the data key is there.
 * Runs in the engine.
 */
#include "store_internal.h"

#include <talloc.h>

#define ALERTS_MOST 1000 /* in one list */

enum {
	ALERT_ADD,
	ALERT_LIST,
	ALERT_DONE,
	COUNT_LETTERS,
	COUNT_OUTMAILS,
	COUNT_CASES,
	COUNT_PROPOSED,
	COUNT_TASKS,
	WAITING_LETTERS,
	WAITING_MAILS,
	ALERT_STMT_COUNT
};

static const char *const sql[ALERT_STMT_COUNT] = {
    [ALERT_ADD] = "INSERT INTO alert (reason, letter, casefile, at)"
		  " VALUES (?, ?, ?, ?)",
    [ALERT_LIST] = "SELECT id, reason, letter, casefile, at FROM alert"
		   " WHERE mailed = 0 ORDER BY id LIMIT ?",
    [ALERT_DONE] = "UPDATE alert SET mailed = 1 WHERE mailed = 0 AND id <= ?",
    [COUNT_LETTERS] = "SELECT state, count(*) FROM letter WHERE state <> 0"
		      " GROUP BY state",
    [COUNT_OUTMAILS] = "SELECT state, count(*) FROM outmail GROUP BY state",
    [COUNT_CASES] = "SELECT state, count(*) FROM casefile GROUP BY state",
    /* 1 proposed; 3 closed */
    [COUNT_PROPOSED] = "SELECT 0, count(*) FROM casefile"
		       " WHERE routed = 1 AND state <> 3",
    [COUNT_TASKS] = "SELECT 0, count(*) FROM task WHERE done = 0",
    /* received, opened */
    [WAITING_LETTERS] = "SELECT count(*), ifnull(min(stored), 0) FROM letter"
			" WHERE state IN (1, 2)",
    /* approved, sealed, sending */
    [WAITING_MAILS] = "SELECT count(*), ifnull(min(made), 0) FROM outmail"
		      " WHERE state IN (3, 4, 5)",
};

_Static_assert(CASE_CLOSED == 3, "COUNT_PROPOSED");
_Static_assert(STORE_LETTER_RECEIVED == 1, "WAITING_LETTERS");
_Static_assert(OUTMAIL_APPROVED == 3 && OUTMAIL_SENDING == 5, "WAITING_MAILS");

const struct store_sql store_alert_sql = {sql, ALERT_STMT_COUNT};

int
store_alert_add(struct store *st, uint32_t reason, int64_t letter,
    int64_t casefile, int64_t now, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_ALERT, ALERT_ADD, err);
	query_int(&q, reason);
	query_int(&q, letter);
	query_int(&q, casefile);
	query_int(&q, now);
	return query_run(&q);
}

int
store_alert_list(const void *ctx, struct store *st, struct store_alert **list,
    size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_ALERT, ALERT_LIST, err);
	query_int(&q, ALERTS_MOST);
	while (query_next(&q) == 1) {
		struct store_alert *a =
		    query_row(&q, ctx, list, *count, sizeof(*a));

		if (a == NULL)
			break;
		a->id = query_get_int(&q);
		a->reason = query_get_u32(&q);
		a->letter = query_get_int(&q);
		a->casefile = query_get_int(&q);
		a->at = query_get_int(&q);
		++*count;
	}
	return query_end_list(&q, list, count);
}

int
store_alert_done(struct store *st, int64_t upto, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_ALERT, ALERT_DONE, err);
	query_int(&q, upto);
	return query_run(&q);
}

/* ---- counts ---- */

static int
count_by_state(struct store *st, int statement, int64_t *counts, size_t ncounts,
    struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_ALERT, statement, err);
	while (query_next(&q) == 1) {
		uint32_t state = query_get_u32(&q);

		if (state < ncounts)
			counts[state] = query_get_int(&q);
		else
			query_fail(&q, FAULT_INPUT, "a state that is none");
	}
	return query_end(&q);
}

#define COUNTS(array) (array), sizeof(array) / sizeof((array)[0])

int
store_count(struct store *st, struct store_counts *counts, struct error *err)
{
	*counts = (struct store_counts){0};
	if (count_by_state(st, COUNT_LETTERS, COUNTS(counts->letters), err) !=
		0 ||
	    count_by_state(st, COUNT_OUTMAILS, COUNTS(counts->outmails), err) !=
		0 ||
	    count_by_state(st, COUNT_CASES, COUNTS(counts->cases), err) != 0 ||
	    count_by_state(st, COUNT_PROPOSED, &counts->proposed, 1, err) != 0)
		return -1;
	return count_by_state(st, COUNT_TASKS, &counts->tasks, 1, err);
}

static int
waiting_of(struct store *st, int statement, int64_t *count, int64_t *since,
    struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_ALERT, statement, err);
	if (query_next(&q) == 1) {
		*count = query_get_int(&q);
		*since = query_get_int(&q);
	}
	return query_end(&q);
}

int
store_waiting(struct store *st, struct store_waiting *w, struct error *err)
{
	*w = (struct store_waiting){0};
	if (waiting_of(
		st, WAITING_LETTERS, &w->letters, &w->letter_since, err) != 0)
		return -1;
	return waiting_of(st, WAITING_MAILS, &w->mails, &w->mail_since, err);
}
