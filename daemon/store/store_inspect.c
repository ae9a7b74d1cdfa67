/*
 * store_inspect.c - what can be seen of a database without its key: numbers,
 * dates and states (RULES 20).
 *
 * For `psirtd --inspect`, on a database that no daemon has open.  Each report
 * below names columns that are plain; a sealed one is never asked for.
 */
#include "store_internal.h"

enum {
	INSPECT_MAILBOX,
	INSPECT_CASE,
	INSPECT_LETTER,
	INSPECT_MAIL,
	INSPECT_ALERT,
	INSPECT_STEP,
	INSPECT_ANSWER,
	INSPECT_QUESTION,
	INSPECT_TASK,
	INSPECT_TOLD,
	INSPECT_APPROVAL,
	INSPECT_CLOCK,
	INSPECT_LINK,
	INSPECT_MEMO,
	INSPECT_EXPIRY,
	INSPECT_STMT_COUNT
};

static const char *const sql[INSPECT_STMT_COUNT] = {
    [INSPECT_MAILBOX] = "SELECT folder, uidvalidity, after, adopted,"
			" adopt_upto FROM mailbox ORDER BY folder",
    [INSPECT_CASE] = "SELECT number, flow, state, phase, received, filed,"
		     " acknowledged, routed, channel, advance, closed,"
		     " close_reason, merged_into, next_status FROM casefile"
		     " ORDER BY id",
    [INSPECT_LETTER] = "SELECT id, state, reason, verdict, received, stored,"
		       " size, casefile, tries FROM letter ORDER BY id",
    [INSPECT_MAIL] = "SELECT id, kind, state, casefile, letter, made,"
		     " not_before, sent, tries, smtp_code, step, audience,"
		     " policy, bounced FROM outmail ORDER BY id",
    [INSPECT_ALERT] = "SELECT id, reason, letter, casefile, at FROM alert"
		      " WHERE mailed = 0 ORDER BY id",
    [INSPECT_STEP] = "SELECT id, casefile, number, round, state, ready,"
		     " started, ended, due, look, reminders, reminded,"
		     " escalated, letter FROM step ORDER BY id",
    [INSPECT_ANSWER] = "SELECT id, casefile, step, kind, at, letter, void"
		       " FROM answer ORDER BY id",
    [INSPECT_QUESTION] = "SELECT id, casefile, number, state, at, letter,"
			 " answer_letter FROM question ORDER BY id",
    [INSPECT_TASK] = "SELECT id, kind, casefile, letter, outmail, step, made,"
		     " due FROM task WHERE done = 0 ORDER BY id",
    [INSPECT_TOLD] = "SELECT id, casefile, outmail, at, parts FROM told"
		     " ORDER BY id",
    [INSPECT_APPROVAL] = "SELECT id, outmail, at FROM approval ORDER BY id",
    [INSPECT_CLOCK] = "SELECT id, casefile, kind, due, warn, ended, source,"
		      " letter, zone_min FROM clock ORDER BY id",
    [INSPECT_LINK] = "SELECT id, case_from, case_to, kind, at, why FROM link"
		     " ORDER BY id",
    [INSPECT_MEMO] = "SELECT name, value FROM memo ORDER BY name",
    [INSPECT_EXPIRY] = "SELECT expires, told FROM key_expiry"
		       " ORDER BY expires",
};

const struct store_sql store_inspect_sql = {sql, INSPECT_STMT_COUNT};

static const char *const tables[INSPECT_STMT_COUNT] = {
    [INSPECT_MAILBOX] = "mailbox",
    [INSPECT_CASE] = "case",
    [INSPECT_LETTER] = "letter",
    [INSPECT_MAIL] = "mail",
    [INSPECT_ALERT] = "alert",
    [INSPECT_STEP] = "step",
    [INSPECT_ANSWER] = "answer",
    [INSPECT_QUESTION] = "question",
    [INSPECT_TASK] = "task",
    [INSPECT_TOLD] = "told",
    [INSPECT_APPROVAL] = "approval",
    [INSPECT_CLOCK] = "clock",
    [INSPECT_LINK] = "link",
    [INSPECT_MEMO] = "memo",
    [INSPECT_EXPIRY] = "key",
};

#define VALUES_MOST 16

static void
give_row(
    sqlite3_stmt *stmt, const char *table, store_inspect_row *row, void *arg)
{
	struct store_plain values[VALUES_MOST];
	int n = sqlite3_column_count(stmt);

	if (n > VALUES_MOST)
		n = VALUES_MOST;
	for (int i = 0; i < n; i++) {
		values[i].name = sqlite3_column_name(stmt, i);
		values[i].text = NULL;
		values[i].number = 0;
		/* Its type is asked for first: reading may convert it. */
		if (sqlite3_column_type(stmt, i) == SQLITE_TEXT)
			values[i].text =
			    (const char *)sqlite3_column_text(stmt, i);
		else
			values[i].number = sqlite3_column_int64(stmt, i);
	}
	row(arg, table, values, (size_t)n);
}

int
store_inspect(
    struct store *st, store_inspect_row *row, void *arg, struct error *err)
{
	for (int i = 0; i < INSPECT_STMT_COUNT; i++) {
		struct query q;

		query_start(&q, st, FAMILY_INSPECT, i, err);
		while (query_next(&q) == 1)
			give_row(q.stmt, tables[i], row, arg);
		if (query_end(&q) != 0)
			return -1;
	}
	return 0;
}
