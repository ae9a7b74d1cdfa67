/*
 * store_purge.c - what a retention ends: the letters of cases closed long ago,
 * and those that became no case.
 *
 * Runs in the engine.  What is sealed goes: bytes, openings, words, people,
 * notes.  What stays is plain: numbers, dates, states, digests, so that a
 * letter is known again and no report acknowledged twice, and every line of
 * the record, which says itself what was purged.  The pages of what goes are
 * overwritten (secure_delete).  A letter goes in pieces; one begun is not read
 * any more, and is found again after a kill.
 */
#include "store_internal.h"

#include "psirtd/store_keep.h"

#define CHUNKS_A_TURN 16 /* of 64 KiB */

_Static_assert(OUTMAIL_SENT == 6 && OUTMAIL_CANCELLED == 9, "PURGE_MAILS");
_Static_assert(
    QUESTION_RELAYED == 4 && QUESTION_DROPPED == 5, "PURGE_QUESTIONS");
_Static_assert(CASE_CLOSED == 3, "PURGE_NEXT, PURGE_GOES");

enum {
	PURGE_NEXT,
	PURGE_GOES,
	PURGE_WHEN,
	PURGE_LEFT,
	PURGE_STRAY,
	PURGE_STRAY_GOES,
	PURGE_COUNT,
	PURGE_GONE,
	PURGE_CHUNKS,
	/* of a letter, when its chunks are gone */
	PURGE_LETTER,
	PURGE_OPENING,
	PURGE_LETTER_MESSAGE,
	PURGE_LETTER_MAIL_MESSAGE,
	PURGE_LETTER_MAIL_WIRE,
	PURGE_LETTER_MAILS,
	PURGE_LETTER_TASKS,
	PURGE_LETTER_NOTES,
	PURGE_LETTER_END,
	/* of a case, when its letters are gone */
	PURGE_CASE = PURGE_LETTER_END,
	PURGE_STEPS,
	PURGE_CLOCKS,
	PURGE_ANSWERS,
	PURGE_APPROVALS,
	PURGE_WIRE,
	PURGE_MAILS,
	PURGE_QUESTIONS,
	PURGE_TASKS,
	PURGE_TOLD,
	PURGE_IDENTS,
	PURGE_ADDRESSES,
	PURGE_MESSAGES,
	PURGE_NOTES,
	PURGE_STMT_COUNT
};

/* Of a letter there is something left beside its row. */
#define LEFT                                                                   \
	" (stream IS NOT NULL OR sender IS NOT NULL OR subject IS NOT NULL"    \
	" OR signer IS NOT NULL"                                               \
	" OR EXISTS (SELECT 1 FROM letter_chunk"                               \
	" WHERE letter_chunk.letter = letter.id)"                              \
	" OR EXISTS (SELECT 1 FROM opening WHERE opening.letter = letter.id))"

/* What had not left, or was not asked by then, never is. */
#define MAIL_GOES                                                              \
	"UPDATE outmail SET state = CASE state WHEN 6 THEN 6 ELSE 9 END,"      \
	" recipient_key = NULL, reason = NULL, message_id = NULL,"             \
	" sender = NULL, recipient_address = NULL, recipient_name = NULL,"     \
	" recipient = NULL, recipient_key_fpr = NULL, subject = NULL,"         \
	" body = NULL, in_reply_to = NULL"

#define OF_MAILS "(SELECT id FROM outmail WHERE casefile = ?1)"

#define OF_LETTER                                                              \
	"(SELECT id FROM outmail WHERE letter = ?1 AND casefile IS NULL)"

static const char *const sql[PURGE_STMT_COUNT] = {
    [PURGE_NEXT] = "SELECT id FROM casefile WHERE state = 3 AND id > ?"
		   " ORDER BY id LIMIT 1",
    /*
     * A merged case goes with the one that it is part of, which has its
     * letters and clocks.  A letter that came later, of somebody who could
     * not open it again, holds the case until it is as old; one that came to
     * a purged case ends as the others did.
     */
    [PURGE_GOES] = "SELECT 1 FROM casefile c WHERE id = ?1 AND state = 3"
		   " AND closed > 0 AND closed < ?2"
		   " AND (merged_into IS NULL OR EXISTS (SELECT 1"
		   " FROM casefile t WHERE t.id = c.merged_into"
		   " AND t.state = 3 AND t.closed > 0 AND t.closed < ?2))"
		   " AND (NOT EXISTS (SELECT 1 FROM record"
		   " WHERE record.casefile = c.id AND what = ?3"
		   " AND at >= c.closed) OR EXISTS (SELECT 1 FROM letter"
		   " WHERE letter.casefile = c.id AND" LEFT "))"
		   " AND NOT EXISTS (SELECT 1 FROM letter WHERE"
		   " letter.casefile = ifnull(c.merged_into, c.id)"
		   " AND stored >= ?2)"
		   " AND NOT EXISTS (SELECT 1 FROM clock WHERE"
		   " clock.casefile = ifnull(c.merged_into, c.id)"
		   " AND kind = ?4 AND ended = 0"
		   " AND due > ?5)",
    [PURGE_WHEN] = "SELECT ifnull(max(at), 0) FROM record"
		   " WHERE casefile = ? AND what = ?",
    [PURGE_LEFT] = "SELECT id FROM letter WHERE casefile = ? AND" LEFT
		   " ORDER BY id LIMIT 1",
    [PURGE_STRAY] = "SELECT id FROM letter WHERE state = ? AND id > ?"
		    " ORDER BY id LIMIT 1",
    [PURGE_STRAY_GOES] = "SELECT 1 FROM letter WHERE id = ? AND state = ?"
			 " AND casefile IS NULL AND stored > 0"
			 " AND stored < ? AND" LEFT,
    [PURGE_COUNT] = "SELECT count(*) FROM letter WHERE casefile = ?",
    [PURGE_GONE] = "SELECT 1 FROM letter WHERE id = ?"
		   " AND digest IS NOT NULL AND stream IS NULL",
    [PURGE_CHUNKS] = "DELETE FROM letter_chunk WHERE id IN (SELECT id"
		     " FROM letter_chunk WHERE letter = ? LIMIT ?)",
    [PURGE_LETTER] = "UPDATE letter SET stream = NULL, sender = NULL,"
		     " subject = NULL, signer = NULL WHERE id = ?1",
    [PURGE_OPENING] = "DELETE FROM opening WHERE letter = ?1",
    [PURGE_LETTER_MESSAGE] = "DELETE FROM message_id WHERE letter = ?1",
    [PURGE_LETTER_MAIL_MESSAGE] = "DELETE FROM message_id WHERE outmail"
				  " IN" OF_LETTER,
    [PURGE_LETTER_MAIL_WIRE] = "DELETE FROM outmail_wire WHERE outmail"
			       " IN" OF_LETTER,
    [PURGE_LETTER_MAILS] = MAIL_GOES " WHERE letter = ?1"
				     " AND casefile IS NULL",
    [PURGE_LETTER_TASKS] = "DELETE FROM task WHERE letter = ?1"
			   " AND casefile IS NULL",
    /* Notes are few, lines are many. */
    [PURGE_LETTER_NOTES] = "DELETE FROM record_note WHERE (SELECT letter"
			   " FROM record WHERE record.id ="
			   " record_note.record) = ?1",
    [PURGE_CASE] = "UPDATE casefile SET finder_key_standing = 0,"
		   " finder_key_blob = NULL, finder_name = NULL,"
		   " finder_address = NULL, finder_key = NULL,"
		   " product = NULL, title = NULL, proposed = NULL"
		   " WHERE id = ?1",
    [PURGE_STEPS] = "UPDATE step SET lookup = NULL, actor = NULL,"
		    " ref = NULL, shares = NULL WHERE casefile = ?1",
    [PURGE_CLOCKS] = "UPDATE clock SET note = NULL,"
		     " ended = CASE ended WHEN 0 THEN due ELSE ended END"
		     " WHERE casefile = ?1",
    [PURGE_ANSWERS] = "DELETE FROM answer WHERE casefile = ?1",
    [PURGE_APPROVALS] = "DELETE FROM approval WHERE outmail IN" OF_MAILS,
    [PURGE_WIRE] = "DELETE FROM outmail_wire WHERE outmail IN" OF_MAILS,
    [PURGE_MAILS] = MAIL_GOES " WHERE casefile = ?1",
    [PURGE_QUESTIONS] = "UPDATE question SET text = NULL, answer = NULL,"
			" department = NULL, person = NULL,"
			" state = CASE state WHEN 4 THEN 4 ELSE 5 END"
			" WHERE casefile = ?1",
    [PURGE_TASKS] = "DELETE FROM task WHERE casefile = ?1",
    [PURGE_TOLD] = "DELETE FROM told WHERE casefile = ?1",
    [PURGE_IDENTS] = "DELETE FROM case_ident WHERE casefile = ?1",
    [PURGE_ADDRESSES] = "DELETE FROM case_address WHERE casefile = ?1",
    [PURGE_MESSAGES] = "DELETE FROM message_id WHERE casefile = ?1",
    [PURGE_NOTES] = "DELETE FROM record_note WHERE record IN"
		    " (SELECT id FROM record WHERE casefile = ?1)",
};

const struct store_sql store_purge_sql = {sql, PURGE_STMT_COUNT};

/* The number that a query gives; 0: it gives none. */
static int
one(struct query *q, int64_t *value)
{
	*value = 0;
	if (query_next(q) == 1)
		*value = query_get_int(q);
	return query_end(q);
}

/* Whether a query gives a row. */
static int
any(struct query *q, bool *is)
{
	*is = query_next(q) == 1;
	return query_end(q);
}

int
store_purge_next(
    struct store *st, int64_t after, int64_t *casefile, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_NEXT, err);
	query_int(&q, after);
	return one(&q, casefile);
}

int
store_purge_goes(struct store *st, const struct purge_age *age,
    int64_t casefile, bool *goes, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_GOES, err);
	query_int(&q, casefile);
	query_int(&q, age->before);
	query_int(&q, RECORD_PURGED);
	query_int(&q, age->clock);
	query_int(&q, age->now);
	return any(&q, goes);
}

int
store_purge_when(
    struct store *st, int64_t casefile, int64_t *at, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_WHEN, err);
	query_int(&q, casefile);
	query_int(&q, RECORD_PURGED);
	return one(&q, at);
}

int
store_purge_left(
    struct store *st, int64_t casefile, int64_t *letter, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_LEFT, err);
	query_int(&q, casefile);
	return one(&q, letter);
}

int
store_purge_stray(struct store *st, uint32_t state, int64_t after,
    int64_t *letter, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_STRAY, err);
	query_int(&q, state);
	query_int(&q, after);
	return one(&q, letter);
}

int
store_purge_stray_goes(struct store *st, uint32_t state, int64_t before,
    int64_t letter, bool *goes, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_STRAY_GOES, err);
	query_int(&q, letter);
	query_int(&q, state);
	query_int(&q, before);
	return any(&q, goes);
}

int
store_purge_count(
    struct store *st, int64_t casefile, int64_t *letters, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_COUNT, err);
	query_int(&q, casefile);
	return one(&q, letters);
}

int
store_purge_gone(
    struct store *st, int64_t letter, bool *gone, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_PURGE, PURGE_GONE, err);
	query_int(&q, letter);
	return any(&q, gone);
}

/* These statements in turn, each with the id of the row they are about. */
static int
run_all(struct store *st, int from, int to, int64_t id, struct error *err)
{
	if (store_writing(st, err) != 0)
		return -1;
	for (int i = from; i < to; i++) {
		struct query q;

		query_start(&q, st, FAMILY_PURGE, i, err);
		query_int(&q, id);
		if (query_run(&q) != 0)
			return -1;
	}
	return 0;
}

int
store_purge_letter(
    struct store *st, int64_t letter, bool *done, struct error *err)
{
	struct query q;

	*done = false;
	/* First of all it is no letter that could be read. */
	if (run_all(st, PURGE_LETTER, PURGE_LETTER + 1, letter, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_PURGE, PURGE_CHUNKS, err);
	query_int(&q, letter);
	query_int(&q, CHUNKS_A_TURN);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == CHUNKS_A_TURN)
		return 0;
	*done = true;
	return run_all(st, PURGE_LETTER + 1, PURGE_LETTER_END, letter, err);
}

int
store_purge_case(struct store *st, int64_t casefile, struct error *err)
{
	return run_all(st, PURGE_CASE, PURGE_STMT_COUNT, casefile, err);
}

int
store_purge_end(struct store *st, struct error *err)
{
	int rc = sqlite3_wal_checkpoint_v2(
	    st->db, "main", SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);

	return rc == SQLITE_OK ? 0 : store_sql_error(st, rc, "purge", err);
}
