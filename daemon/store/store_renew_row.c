/*
 * store_renew_row.c - a new data key: the sealed values and the look-up of a
 * row.
 *
 * Look-ups are brought over by the value: all rows of a table that have it
 * change together, so that it still stands there once, and rows that are
 * compared with each other stay alike.  That is one change, however many: an
 * address of ten thousand cases takes the loop a tenth of a second, once.
 * Where no index finds them (`outmail`) each row is changed on its own, and
 * those who ask ask for both hashes.  Runs in the engine.
 */
#include "store_renew.h"

#include <string.h>

#include <talloc.h>

/* ---- statements made for a table ---- */

int
made_start(
    struct query *q, struct store *st, const char *text, struct error *err)
{
	int rc;

	*q = (struct query){.st = st, .err = err};
	if (text == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = sqlite3_prepare_v2(st->db, text, -1, &q->stmt, NULL);
	return rc == SQLITE_OK ? 0 : store_sql_error(st, rc, text, err);
}

int
made_end(struct query *q, int rc)
{
	if (q->stmt != NULL && query_end(q) != 0)
		rc = -1;
	sqlite3_finalize(q->stmt);
	return rc;
}

/* ---- look-ups ---- */

static int
change_lookups(struct store *st, const char *table, bool row, int64_t id,
    const struct lookup_hash *hash, struct error *err)
{
	char *text = talloc_asprintf(st,
	    "UPDATE \"%s\" SET lookup = ? WHERE lookup = ?%s", table,
	    row ? " AND rowid = ?" : "");
	struct query q;
	int rc = made_start(&q, st, text, err);

	if (rc == 0) {
		query_blob(&q, lookup_present(hash));
		query_blob(&q, lookup_former(hash));
		if (row)
			query_int(&q, id);
		rc = query_next(&q) == 0 ? 0 : -1;
	}
	rc = made_end(&q, rc);
	talloc_free(text);
	return rc;
}

int
renew_lookup(struct store *st, const char *table,
    const struct lookup_hash *hash, struct error *err)
{
	if (hash->former_len == 0)
		return 0;
	if (store_writing(st, err) != 0)
		return -1;
	return change_lookups(st, table, false, 0, hash, err);
}

/* ---- one row ---- */

static void
read_row(struct query *q, const void *ctx, struct batch *b, struct row *row)
{
	uint32_t present = b->st->former_id + 1;

	row->id = query_get_int(q);
	for (size_t i = 0; i < b->table.ncolumns; i++) {
		struct bytes sealed = query_get_blob(q);

		if (sealed.data == NULL)
			continue;
		b->bytes += sealed.len;
		row->values[i] = bytes_copy(row->values, sealed);
		if (row->values[i].data == NULL)
			query_fail(q, FAULT_RETRY, "out of memory");
		row->old |= sealed_key(sealed) != present;
	}
	if (b->table.lookup)
		row->lookup = bytes_copy(ctx, query_get_blob(q));
}

int
renew_next_row(const void *ctx, struct batch *b, struct row *row)
{
	char *text = talloc_asprintf(ctx, "SELECT rowid");
	struct query q;
	int found = -1;

	*row = (struct row){0};
	row->values = talloc_zero_array(ctx, struct bytes, b->table.ncolumns);
	if (row->values == NULL)
		return error_set(b->err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < b->table.ncolumns; i++)
		text = talloc_asprintf_append(
		    text, ", \"%s\"", b->table.columns[i]);
	text = talloc_asprintf_append(text,
	    "%s FROM \"%s\" WHERE rowid > ? ORDER BY rowid LIMIT 1",
	    b->table.lookup ? ", lookup" : "", b->r->table);
	if (made_start(&q, b->st, text, b->err) == 0) {
		query_int(&q, b->r->row);
		found = query_next(&q);
		if (found == 1)
			read_row(&q, ctx, b, row);
	}
	return made_end(&q, found < 0 ? -1 : 0) != 0 ? -1 : found;
}

static void
bind_anew(struct query *q, const void *ctx, struct batch *b, struct row *row)
{
	for (size_t i = 0; i < b->table.ncolumns; i++) {
		struct place where =
		    place(b->r->table, b->table.columns[i], row->id);
		struct bytes clear = BYTES_NONE;

		if (row->values[i].data != NULL && !q->failed) {
			clear = seal_open(
			    ctx, b->st, where, row->values[i], b->err);
			q->failed = clear.data == NULL;
		}
		query_seal(q, where, clear);
		if (clear.data != NULL) {
			sodium_memzero(
			    (void *)(uintptr_t)clear.data, clear.len);
			talloc_free((void *)(uintptr_t)clear.data);
		}
	}
}

static int
seal_anew(const void *ctx, struct batch *b, struct row *row)
{
	char *text = talloc_asprintf(ctx, "UPDATE \"%s\" SET ", b->r->table);
	struct query q;
	int rc;

	for (size_t i = 0; i < b->table.ncolumns; i++)
		text = talloc_asprintf_append(text, "%s\"%s\" = ?",
		    i > 0 ? ", " : "", b->table.columns[i]);
	text = talloc_asprintf_append(text, " WHERE rowid = ?");
	rc = made_start(&q, b->st, text, b->err);
	if (rc == 0) {
		bind_anew(&q, ctx, b, row);
		query_int(&q, row->id);
		rc = query_next(&q) == 0 ? 0 : -1;
	}
	return made_end(&q, rc);
}

/* The look-up of a row, with those of its value where an index finds them. */
static int
look_up_anew(struct batch *b, const struct row *row)
{
	struct lookup_hash hash;

	if (row->lookup.data == NULL ||
	    lookup_key(row->lookup) != b->st->former_id)
		return 0;
	b->r->found++;
	if (seal_lookup_again(b->st, row->lookup, &hash, b->err) != 0)
		return -1;
	return change_lookups(
	    b->st, b->r->table, !b->table.indexed, row->id, &hash, b->err);
}

int
renew_row(const void *ctx, struct batch *b, struct row *row)
{
	int done = 1;

	if (row->old) {
		b->r->found++;
		if (seal_anew(ctx, b, row) != 0 && !renew_step_over(b))
			return -1;
	}
	if (look_up_anew(b, row) != 0)
		return -1;
	if (strcmp(b->r->table, "letter") == 0)
		done = renew_bytes(ctx, b, row->id);
	return done < 0 && renew_step_over(b) ? 1 : done;
}
