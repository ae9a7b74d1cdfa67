/*
 * store_link.c - cases that belong together: links, the marks by which a
 * second report of the same vulnerability shows, merging and its undoing.
 *
 * Merging moves the rows of the one case to the other and writes beside each
 * whose it was; splitting moves those back.  A row that the other case has
 * already (an identifier, an address, a mark) stays where it is and is looked
 * over while its case is merged.  The passes of the merged case stay and
 * sleep: they belong to its own procedure.  Lines of the record never move.
 * Runs in the engine.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

enum {
	LINK_PROPOSE,
	LINK_ADD,
	LINK_DROP,
	LINK_LIST,
	MARK_ADD,
	MARK_ALIKE,
	MERGE_LOOK,
	MERGE_CASE,
	MERGE_SLEEP,
	MERGE_QUESTION,
	MERGE_MOVE, /* one a table */
	MERGE_MOVE_LAST = MERGE_MOVE + 10,
	SPLIT_LOOK,
	SPLIT_CASE,
	SPLIT_WAKE,
	SPLIT_QUESTION,
	SPLIT_CLOCK,
	SPLIT_MOVE,
	SPLIT_MOVE_LAST = SPLIT_MOVE + 10,
	BOTH_ADVANCE,
	LINK_STMT_COUNT
};

#define NMOVES (MERGE_MOVE_LAST - MERGE_MOVE + 1)

/* ?1 is merged into ?2, or split off from it. */
#define MOVE(table)                                                            \
	"UPDATE OR IGNORE " table " SET origin_case = casefile,"               \
	" casefile = ?2 WHERE casefile = ?1"
#define BACK(table)                                                            \
	"UPDATE " table " SET casefile = origin_case, origin_case = NULL"      \
	" WHERE casefile = ?2 AND origin_case = ?1"

#define LINK_VALUES                                                            \
	"INSERT INTO link (case_from, case_to, kind, at, why)"                 \
	" VALUES (?, ?, ?, ?, ?)"

static const char *const sql[LINK_STMT_COUNT] = {
    [LINK_PROPOSE] = LINK_VALUES " ON CONFLICT DO NOTHING",
    [LINK_ADD] = LINK_VALUES,
    [LINK_DROP] = "DELETE FROM link WHERE (case_from = ?1 AND case_to = ?2)"
		  " OR (case_from = ?2 AND case_to = ?1)",
    [LINK_LIST] = "SELECT id, case_from, case_to, kind, at, why FROM link"
		  " WHERE case_from = ?1 OR case_to = ?1 ORDER BY id",
    [MARK_ADD] = "INSERT INTO case_mark (casefile, kind, lookup)"
		 " VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
    /* The identifiers first: a product that many cases share may not hide
     * them, nor make a search of all those cases. */
    [MARK_ALIKE] = "SELECT id, min(kind) FROM ("
		   " SELECT c.id, own.kind FROM case_mark own"
		   " CROSS JOIN case_mark other ON other.lookup = own.lookup"
		   " AND other.casefile <> ?1"
		   " CROSS JOIN casefile c ON c.id = other.casefile"
		   " AND c.merged_into IS NULL"
		   " WHERE own.casefile = ?1"
		   " ORDER BY own.kind, own.id LIMIT 256"
		   ") GROUP BY id ORDER BY id",

    [MERGE_LOOK] = "SELECT a.flow = b.flow, a.merged_into IS NULL,"
		   " b.merged_into IS NULL,"
		   " NOT EXISTS (SELECT 1 FROM casefile"
		   " WHERE merged_into = a.id)"
		   " FROM casefile a, casefile b WHERE a.id = ? AND b.id = ?",
    [MERGE_CASE] = "UPDATE casefile SET merged_into = ?2,"
		   " merged_state = state, state = 3, advance = 0,"
		   " closed = CASE closed WHEN 0 THEN ?3 ELSE closed END"
		   " WHERE id = ?1",
    [MERGE_SLEEP] = "UPDATE step SET asleep = 1 WHERE casefile = ?",
    /* Numbers that went out to a counterpart stay those of the other case. */
    [MERGE_QUESTION] = "UPDATE question SET origin_case = casefile,"
		       " origin_number = number, casefile = ?2,"
		       " number = number + (SELECT ifnull(max(number), 0)"
		       " FROM question WHERE casefile = ?2)"
		       " WHERE casefile = ?1",
    [MERGE_MOVE] = MOVE("letter"),
    [MERGE_MOVE + 1] = MOVE("report"),
    [MERGE_MOVE + 2] = MOVE("case_ident"),
    [MERGE_MOVE + 3] = MOVE("case_address"),
    [MERGE_MOVE + 4] = MOVE("message_id"),
    [MERGE_MOVE + 5] = MOVE("outmail"),
    [MERGE_MOVE + 6] = MOVE("answer"),
    [MERGE_MOVE + 7] = MOVE("task"),
    [MERGE_MOVE + 8] = MOVE("told"),
    [MERGE_MOVE + 9] = MOVE("clock"),
    [MERGE_MOVE_LAST] = MOVE("case_mark"),

    [SPLIT_LOOK] = "SELECT merged_into FROM casefile WHERE id = ?"
		   " AND merged_into IS NOT NULL",
    [SPLIT_CASE] = "UPDATE casefile SET merged_into = NULL,"
		   " state = merged_state, merged_state = 0,"
		   " closed = CASE merged_state WHEN 3 THEN closed ELSE 0 END,"
		   " close_reason ="
		   " CASE merged_state WHEN 3 THEN close_reason ELSE 0 END"
		   " WHERE id = ?",
    [SPLIT_WAKE] = "UPDATE step SET asleep = 0 WHERE casefile = ?",
    [SPLIT_QUESTION] = "UPDATE question SET casefile = origin_case,"
		       " number = origin_number, origin_case = NULL,"
		       " origin_number = NULL"
		       " WHERE casefile = ?2 AND origin_case = ?1",
    [SPLIT_CLOCK] = "UPDATE clock SET ended = 0"
		    " WHERE casefile = ?2 AND origin_case = ?1"
		    " AND ended = -1",
    [SPLIT_MOVE] = BACK("letter"),
    [SPLIT_MOVE + 1] = BACK("report"),
    [SPLIT_MOVE + 2] = BACK("case_ident"),
    [SPLIT_MOVE + 3] = BACK("case_address"),
    [SPLIT_MOVE + 4] = BACK("message_id"),
    [SPLIT_MOVE + 5] = BACK("outmail"),
    [SPLIT_MOVE + 6] = BACK("answer"),
    [SPLIT_MOVE + 7] = BACK("task"),
    [SPLIT_MOVE + 8] = BACK("told"),
    [SPLIT_MOVE + 9] = BACK("clock"),
    [SPLIT_MOVE_LAST] = BACK("case_mark"),
    [BOTH_ADVANCE] = "UPDATE casefile SET advance = 1 WHERE id IN (?1, ?2)"
		     " AND state <> 3",
};

_Static_assert(CASE_CLOSED == 3, "MERGE_CASE, SPLIT_CASE, BOTH_ADVANCE");

const struct store_sql store_link_sql = {sql, LINK_STMT_COUNT};

/* ---- links ---- */

static int
run_pair(struct store *st, int statement, int64_t from, int64_t to,
    struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_LINK, statement, err);
	query_int(&q, from);
	query_int(&q, to);
	return query_run(&q);
}

static int
run_one(struct store *st, int statement, int64_t casefile, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_LINK, statement, err);
	query_int(&q, casefile);
	return query_run(&q);
}

int
store_link_set(struct store *st, struct store_link *l, struct error *err)
{
	bool directed = l->kind == LINK_MERGED || l->kind == LINK_FOLLOWS;
	struct query q;

	if (l->from == l->to)
		return error_set(err, FAULT_BUG, "a case linked to itself");
	if (!directed && l->from > l->to) {
		int64_t greater = l->from;

		l->from = l->to;
		l->to = greater;
	}
	if (store_writing(st, err) != 0)
		return -1;
	if (l->kind != LINK_PROPOSED &&
	    run_pair(st, LINK_DROP, l->from, l->to, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_LINK,
	    l->kind == LINK_PROPOSED ? LINK_PROPOSE : LINK_ADD, err);
	query_int(&q, l->from);
	query_int(&q, l->to);
	query_int(&q, l->kind);
	query_int(&q, l->at);
	query_int(&q, l->why);
	if (query_run(&q) != 0)
		return -1;
	l->id =
	    sqlite3_changes(st->db) > 0 ? sqlite3_last_insert_rowid(st->db) : 0;
	return 0;
}

int
store_link_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_link **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_LINK, LINK_LIST, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		struct store_link *l =
		    query_row(&q, ctx, list, *count, sizeof(*l));

		if (l == NULL)
			break;
		l->id = query_get_int(&q);
		l->from = query_get_int(&q);
		l->to = query_get_int(&q);
		l->kind = query_get_u32(&q);
		l->at = query_get_int(&q);
		l->why = query_get_u32(&q);
		++*count;
	}
	return query_end_list(&q, list, count);
}

/* ---- marks ---- */

int
store_case_mark(struct store *st, int64_t casefile, uint32_t kind,
    struct bytes value, struct error *err)
{
	struct lookup_hash hash;
	uint8_t *text;
	struct query q;
	int rc;

	if (store_writing(st, err) != 0)
		return -1;
	/* The kind stands in front: a name is never taken for a digest. */
	text = talloc_size(st, 1 + value.len);
	if (text == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	text[0] = (uint8_t)kind;
	if (value.len > 0)
		memcpy(text + 1, value.data, value.len);
	rc = seal_lookup(
	    st, LOOKUP_MARK, bytes_of(text, 1 + value.len), &hash, err);
	talloc_free(text);
	/* MARK_ALIKE compares rows: all of one mark are under one key. */
	if (rc != 0 || renew_lookup(st, "case_mark", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_LINK, MARK_ADD, err);
	query_int(&q, casefile);
	query_int(&q, kind);
	query_blob(&q, lookup_present(&hash));
	return query_run(&q);
}

int
store_cases_alike(const void *ctx, struct store *st, int64_t casefile,
    int64_t **cases, uint32_t **why, size_t *count, struct error *err)
{
	size_t nwhy;
	struct query q;

	*cases = NULL;
	*why = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_LINK, MARK_ALIKE, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		int64_t *one = query_row(&q, ctx, cases, *count, sizeof(*one));
		uint32_t *kind = query_row(&q, ctx, why, *count, sizeof(*kind));

		if (one == NULL || kind == NULL)
			break;
		*one = query_get_int(&q);
		*kind = query_get_u32(&q);
		++*count;
	}
	nwhy = *count;
	if (query_end_list(&q, cases, count) == 0)
		return 0;
	return query_end_list(&q, why, &nwhy);
}

/* ---- merging ---- */

static int
may_merge(struct store *st, int64_t from, int64_t into, struct error *err)
{
	bool flow = false, own = false, target = false, single = false;
	struct query q;
	int found;

	query_start(&q, st, FAMILY_LINK, MERGE_LOOK, err);
	query_int(&q, from);
	query_int(&q, into);
	found = query_next(&q);
	if (found == 1) {
		flow = query_get_int(&q) != 0;
		own = query_get_int(&q) != 0;
		target = query_get_int(&q) != 0;
		single = query_get_int(&q) != 0;
	}
	if (query_end(&q) != 0)
		return -1;
	if (found == 0 || from == into)
		return error_set(err, FAULT_DENIED, "there are no two cases");
	if (!own || !target)
		return error_set(
		    err, FAULT_DENIED, "one of them is merged already");
	if (!flow)
		return error_set(err, FAULT_DENIED,
		    "cases of different flows are linked, never merged");
	if (!single)
		return error_set(err, FAULT_DENIED,
		    "another case is merged into it: split that off first, or "
		    "merge the other way round");
	return 0;
}

static int
close_merged(struct store *st, int64_t from, int64_t into, int64_t now,
    struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_LINK, MERGE_CASE, err);
	query_int(&q, from);
	query_int(&q, into);
	query_int(&q, now);
	return query_run(&q);
}

int
store_case_merge(struct store *st, int64_t from, int64_t into, int64_t now,
    struct error *err)
{
	struct store_link link = {
	    .from = from, .to = into, .kind = LINK_MERGED, .at = now};

	if (store_writing(st, err) != 0 ||
	    may_merge(st, from, into, err) != 0 ||
	    run_one(st, MERGE_SLEEP, from, err) != 0 ||
	    run_pair(st, MERGE_QUESTION, from, into, err) != 0)
		return -1;
	for (int i = 0; i < NMOVES; i++)
		if (run_pair(st, MERGE_MOVE + i, from, into, err) != 0)
			return -1;
	if (close_merged(st, from, into, now, err) != 0 ||
	    store_link_set(st, &link, err) != 0)
		return -1;
	return run_pair(st, BOTH_ADVANCE, from, into, err);
}

int
store_case_split(struct store *st, int64_t from, struct error *err)
{
	int64_t into = 0;
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_LINK, SPLIT_LOOK, err);
	query_int(&q, from);
	if (query_next(&q) == 1)
		into = query_get_int(&q);
	if (query_end(&q) != 0)
		return -1;
	if (into == 0)
		return error_set(
		    err, FAULT_DENIED, "it is not merged into another case");
	if (run_pair(st, SPLIT_QUESTION, from, into, err) != 0 ||
	    run_pair(st, SPLIT_CLOCK, from, into, err) != 0)
		return -1;
	for (int i = 0; i < NMOVES; i++)
		if (run_pair(st, SPLIT_MOVE + i, from, into, err) != 0)
			return -1;
	if (run_one(st, SPLIT_WAKE, from, err) != 0 ||
	    run_one(st, SPLIT_CASE, from, err) != 0 ||
	    run_pair(st, LINK_DROP, from, into, err) != 0)
		return -1;
	return run_pair(st, BOTH_ADVANCE, from, into, err);
}
