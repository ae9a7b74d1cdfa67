/*
 * store_renew.c - a new data key: everything is sealed anew, in batches.
 *
 * The walk goes from table to table by the schema itself, in each by the
 * row: no list can forget a column.  Every sealed value says which key it is
 * under, so a row is brought over once and found done after a kill; the row
 * of `renewal` says where the walk stands.  All that is written meanwhile is
 * under the present key.  When a whole walk finds nothing under the former
 * key, its row goes.
 *
 * What is damaged cannot be brought over: it is stepped over, and stays as it
 * was.  While there is such a row the former key is kept: it may open what
 * stands beside the damage.
 *
 * What one row holds is brought over by store_renew_row.c, the bytes of
 * letters by store_renew_letter.c.  Runs in the engine.
 */
#include "store_renew.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

#define BATCH_ROWS 64

const char store_renew_version[] =
    "ALTER TABLE data_key ADD COLUMN carried BLOB;" /* store_key.c */

    "CREATE TABLE renewal ("
    " id INTEGER PRIMARY KEY CHECK (id = 1),"
    " started INTEGER NOT NULL,"
    " total INTEGER NOT NULL,"
    " done INTEGER NOT NULL DEFAULT 0,"
    " walk INTEGER NOT NULL DEFAULT 1,"
    " found INTEGER NOT NULL DEFAULT 0," /* by this walk */
    " at_table TEXT NOT NULL DEFAULT '',"
    " at_row INTEGER NOT NULL DEFAULT 0,"
    " letter INTEGER NOT NULL DEFAULT 0," /* a part of it is sealed anew */
    " stream BLOB,"                       /* its header to be */
    " states BLOB"
    ") STRICT;"

    /* Rows are walked by their number. */
    "CREATE TABLE signature_kept ("
    " id INTEGER PRIMARY KEY,"
    " lookup BLOB NOT NULL UNIQUE,"
    " letter INTEGER NOT NULL"
    ") STRICT;"
    "INSERT INTO signature_kept (lookup, letter)"
    " SELECT lookup, letter FROM signature_used;"
    "DROP TABLE signature_used;"
    "ALTER TABLE signature_kept RENAME TO signature_used;"

    "PRAGMA user_version = 6;";

enum {
	RENEW_ADD,
	RENEW_GET,
	RENEW_PUT,
	RENEW_DROP,
	RENEW_DROP_KEY,
	RENEW_TABLE,
	RENEW_COLUMNS,
	RENEW_LOOKUP,
	RENEW_STMT_COUNT
};

static const char *const sql[RENEW_STMT_COUNT] = {
    [RENEW_ADD] = "INSERT INTO renewal (id, started, total) VALUES (1, ?, ?)",
    [RENEW_GET] = "SELECT started, total, done, walk, found, at_table, at_row,"
		  " letter, stream, states FROM renewal",
    [RENEW_PUT] = "UPDATE renewal SET done = ?, walk = ?, found = ?,"
		  " at_table = ?, at_row = ?, letter = ?, stream = ?,"
		  " states = ?",
    [RENEW_DROP] = "DELETE FROM renewal",
    [RENEW_DROP_KEY] = "DELETE FROM data_key WHERE id = ?",
    /* Chunks are taken with their letter; the record has nothing sealed. */
    [RENEW_TABLE] = "SELECT t.name FROM sqlite_schema t"
		    " WHERE t.type = 'table' AND t.name > ?"
		    " AND t.name NOT IN ('data_key', 'renewal',"
		    " 'letter_chunk', 'record')"
		    " AND EXISTS (SELECT 1 FROM pragma_table_info(t.name) c"
		    " WHERE c.type = 'BLOB') ORDER BY t.name LIMIT 1",
    [RENEW_COLUMNS] = "SELECT name FROM pragma_table_info(?)"
		      " WHERE type = 'BLOB' AND name NOT IN ('lookup',"
		      " 'digest', 'proof', 'wrapped', 'stream', 'chain')"
		      " ORDER BY cid",
    /* 1: an index finds the rows of a value. */
    [RENEW_LOOKUP] = "SELECT EXISTS (SELECT 1 FROM pragma_index_list(?1) i"
		     " JOIN pragma_index_info(i.name) c ON c.seqno = 0"
		     " AND c.name = 'lookup') FROM pragma_table_info(?1)"
		     " WHERE name = 'lookup'",
};

const struct store_sql store_renew_sql = {sql, RENEW_STMT_COUNT};

/* The first number of the only row of a text with a table's name. */
static int
ask_number(struct store *st, char *text, int64_t *number, struct error *err)
{
	struct query q;
	int rc = made_start(&q, st, text, err);

	*number = 0;
	if (rc == 0 && query_next(&q) == 1)
		*number = query_get_int(&q);
	rc = made_end(&q, rc);
	talloc_free(text);
	return rc;
}

/* ---- the schema ---- */

/* 1 the table after this one, 0 there is none, -1. */
static int
next_table(const void *ctx, struct store *st, const char *after, char **table,
    struct error *err)
{
	struct query q;
	int found;

	*table = NULL;
	query_start(&q, st, FAMILY_RENEW, RENEW_TABLE, err);
	query_text(&q, after);
	found = query_next(&q);
	if (found == 1)
		*table = query_get_text(&q, ctx);
	return query_end_found(&q, found);
}

static int
look_at_table(const void *ctx, struct store *st, const char *name,
    struct walked *table, struct error *err)
{
	struct query q;

	*table = (struct walked){0};
	query_start(&q, st, FAMILY_RENEW, RENEW_COLUMNS, err);
	query_text(&q, name);
	while (query_next(&q) == 1) {
		char **column = query_row(
		    &q, ctx, &table->columns, table->ncolumns, sizeof(*column));

		if (column == NULL)
			break;
		*column = query_get_text(&q, ctx);
		++table->ncolumns;
	}
	if (query_end(&q) != 0)
		return -1;
	query_start(&q, st, FAMILY_RENEW, RENEW_LOOKUP, err);
	query_text(&q, name);
	table->lookup = query_next(&q) == 1;
	if (table->lookup)
		table->indexed = query_get_int(&q) != 0;
	return query_end(&q);
}

/* ---- the row of `renewal` ---- */

/* 1, 0 no key is being renewed, -1. */
int
renewal_get(
    const void *ctx, struct store *st, struct renewal *r, struct error *err)
{
	struct error why = {0};
	struct bytes sealed;
	struct query q;
	int found;

	*r = (struct renewal){0};
	query_start(&q, st, FAMILY_RENEW, RENEW_GET, err);
	found = query_next(&q);
	if (found == 1) {
		r->started = query_get_int(&q);
		r->total = query_get_int(&q);
		r->done = query_get_int(&q);
		r->walk = query_get_int(&q);
		r->found = query_get_int(&q);
		r->table = query_get_text(&q, ctx);
		r->row = query_get_int(&q);
		r->letter = query_get_int(&q);
		r->stream = bytes_copy(ctx, query_get_blob(&q));
		sealed = query_get_blob(&q);
		/* Damaged, it is as if there were none: renew_bytes(). */
		if (sealed.data != NULL)
			r->states = seal_open(ctx, st,
			    place("renewal", "states", r->letter), sealed,
			    &why);
		if (why.fault != FAULT_NONE && why.fault != FAULT_INPUT)
			query_fail(&q, why.fault, why.text);
	}
	return query_end_found(&q, found);
}

static int
put_renewal(struct store *st, const struct renewal *r, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_RENEW, RENEW_PUT, err);
	query_int(&q, r->done);
	query_int(&q, r->walk);
	query_int(&q, r->found);
	query_text(&q, r->table);
	query_int(&q, r->row);
	query_int(&q, r->letter);
	query_blob(&q, r->letter != 0 ? r->stream : BYTES_NONE);
	query_seal(&q, place("renewal", "states", r->letter),
	    r->letter != 0 ? r->states : BYTES_NONE);
	return query_run(&q);
}

/* How many rows there are to look at. */
static int
count_rows(struct store *st, int64_t *total, struct error *err)
{
	void *ctx = talloc_new(st);
	char *table = talloc_strdup(ctx, "");
	int64_t rows = 0;
	int found = 1;
	int rc;

	rc = ask_number(st,
	    talloc_strdup(ctx, "SELECT count(*) FROM letter_chunk"), total,
	    err);
	while (rc == 0 && found == 1) {
		found = next_table(ctx, st, table, &table, err);
		rc = found < 0 ? -1 : 0;
		if (found == 1)
			rc = ask_number(st,
			    talloc_asprintf(
				ctx, "SELECT count(*) FROM \"%s\"", table),
			    &rows, err);
		if (found == 1 && rc == 0)
			*total += rows;
	}
	talloc_free(ctx);
	return rc;
}

int
store_renew(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], int64_t now, struct error *err)
{
	struct store_renewal renewal;
	int64_t total = 0;
	struct query q;

	if (wrapped.len == 0)
		return error_set(err, FAULT_BUG, "an empty wrapped data key");
	if (store_writing(st, err) != 0 ||
	    store_renewal(st, &renewal, err) != 0)
		return -1;
	if (renewal.started != 0)
		return error_set(
		    err, FAULT_DENIED, "the data key is being renewed already");
	if (key_add_next(st, wrapped, key, err) != 0 ||
	    count_rows(st, &total, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_RENEW, RENEW_ADD, err);
	query_int(&q, now);
	query_int(&q, total);
	return query_run(&q);
}

int
store_renewed(
    struct store *st, const uint8_t key[STORE_KEY_BYTES], struct error *err)
{
	key_next(st);
	return store_unlock(st, key, err);
}

bool
store_renewing(const struct store *st)
{
	return st->former != NULL;
}

int
store_renewal(
    struct store *st, struct store_renewal *renewal, struct error *err)
{
	struct query q;

	*renewal = (struct store_renewal){.left = st->left.n};
	memcpy(renewal->where, st->left.where, sizeof(renewal->where));
	query_start(&q, st, FAMILY_RENEW, RENEW_GET, err);
	if (query_next(&q) == 1) {
		int64_t total, done;

		renewal->started = query_get_int(&q);
		total = query_get_int(&q);
		done = query_get_int(&q);
		/* Rows that came meanwhile count, too; the end is the end. */
		renewal->percent =
		    done < total ? (uint32_t)(done * 99 / total) : 99;
	}
	return query_end(&q);
}

/* ---- the walk ---- */

bool
renew_step_over(struct batch *b)
{
	struct renew_left *left = &b->st->leaving;
	size_t len = strlen(left->where);
	size_t more = strlen(b->err->text) + 2;

	if (b->err->fault != FAULT_INPUT)
		return false;
	left->n++;
	if (len + more < sizeof(left->where))
		snprintf(left->where + len, sizeof(left->where) - len, "%s%s",
		    len > 0 ? "; " : "", b->err->text);
	error_clear(b->err);
	return true;
}

/* 1 the table has no more rows, 0 the batch is full, -1. */
static int
walk_rows(const void *ctx, struct batch *b)
{
	struct row row;

	while (b->bytes < BATCH_BYTES && b->rows < BATCH_ROWS) {
		int found = renew_next_row(ctx, b, &row);
		int done;

		if (found != 1)
			return found < 0 ? -1 : 1;
		done = renew_row(ctx, b, &row);
		if (done != 1)
			return done;
		b->r->row = row.id;
		b->r->done++;
		b->rows++;
	}
	return 0;
}

/* 1 the walk is at its end, 0 the batch is full, -1. */
static int
walk(const void *ctx, struct batch *b)
{
	int rc = 1;

	if (b->r->table == NULL)
		return error_set(b->err, FAULT_SETUP,
		    "database: the walk of the renewal is damaged");
	if (*b->r->table == '\0')
		rc = next_table(ctx, b->st, "", &b->r->table, b->err);
	/* A walk that sees nothing would take the former key away. */
	if (rc == 0)
		return error_set(
		    b->err, FAULT_BUG, "no table has anything sealed");
	while (rc == 1) {
		rc = look_at_table(ctx, b->st, b->r->table, &b->table, b->err);
		if (rc == 0)
			rc = walk_rows(ctx, b);
		if (rc != 1)
			return rc;
		rc = next_table(ctx, b->st, b->r->table, &b->r->table, b->err);
		b->r->row = 0;
	}
	return rc == 0 ? 1 : -1;
}

static int
drop_former(struct store *st, int64_t now, struct error *err)
{
	struct store_record line = {.at = now,
	    .what = RECORD_KEY_RENEWED,
	    .actor = (char *)(uintptr_t) "psirtd"};
	struct query q;

	query_start(&q, st, FAMILY_RENEW, RENEW_DROP_KEY, err);
	query_int(&q, st->former_id);
	if (query_run(&q) != 0)
		return -1;
	query_start(&q, st, FAMILY_RENEW, RENEW_DROP, err);
	return query_run(&q) != 0 ? -1 : store_record_add(st, &line, err);
}

/* What the batch has left to do, written before its commit. */
static int
end_batch(
    struct batch *b, int walked, enum store_renewing *what, struct error *err)
{
	struct store *st = b->st;

	*what = RENEWING_MORE;
	if (walked == 1 && b->r->found == 0) {
		*what = RENEWING_NONE;
		return drop_former(st, b->now, err);
	}
	if (walked == 1) {
		/* A second walk finds what was arriving, or nothing. */
		if (b->r->found == st->leaving.n)
			*what = RENEWING_LEFT;
		else if (b->r->walk > 1)
			*what = RENEWING_WAITS;
		st->left = st->leaving;
		st->leaving = (struct renew_left){0};
		b->r->walk++;
		b->r->found = 0;
		b->r->row = 0;
		b->r->table = (char *)(uintptr_t) "";
	}
	return put_renewal(b->st, b->r, err);
}

static int
run_batch(const void *ctx, struct store *st, int64_t now,
    enum store_renewing *what, struct error *err)
{
	struct error why = {0};
	struct renewal r;
	struct batch b = {.st = st, .r = &r, .now = now, .err = &why};
	int found = renewal_get(ctx, st, &r, err);
	struct bytes states = r.states;
	int walked;
	int rc = -1;

	if (found != 1)
		return found < 0 ? -1
				 : error_set(err, FAULT_SETUP,
				       "database: two data keys, and none is "
				       "being renewed");
	walked = walk(ctx, &b);
	if (walked < 0)
		error_set(err, why.fault, "%s", why.text);
	else
		rc = end_batch(&b, walked, what, err);
	/* Streams of a letter, whose keys are in them. */
	if (states.data != NULL)
		sodium_memzero((void *)(uintptr_t)states.data, states.len);
	return rc;
}

int
store_renew_step(
    struct store *st, int64_t now, enum store_renewing *what, struct error *err)
{
	void *ctx;
	int rc;

	*what = RENEWING_NONE;
	if (st->former == NULL)
		return 0;
	ctx = talloc_new(st);
	rc = store_begin(st, err);
	if (rc == 0)
		rc = run_batch(ctx, st, now, what, err);
	if (rc == 0)
		rc = store_commit(st, err);
	if (rc != 0)
		store_rollback(st);
	talloc_free(ctx);
	if (rc != 0 || *what != RENEWING_NONE)
		return rc;
	key_forget_former(st);
	st->left = (struct renew_left){0};
	/* Pages of before are in the log still; busy, the next one takes it. */
	sqlite3_wal_checkpoint_v2(
	    st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return 0;
}
