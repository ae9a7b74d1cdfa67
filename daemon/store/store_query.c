/*
 * store_query.c - one run of a prepared statement.
 *
 * Values are bound and read one after the other, in the order the statement
 * names them; sealed columns are closed and opened on the way.  What fails
 * is kept in the query and returned by its end, so that a caller reads a row
 * in straight lines.  Runs in the engine.  Knows no table.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

void
query_start(struct query *q, struct store *st, enum store_family family,
    int statement, struct error *err)
{
	*q = (struct query){
	    .st = st,
	    .stmt = st->stmts[family][statement],
	    .err = err,
	};
}

void
query_fail(struct query *q, enum fault fault, const char *text)
{
	if (!q->failed)
		error_set(q->err, fault, "database: %s", text);
	q->failed = true;
}

static void
check(struct query *q, int rc)
{
	if (rc == SQLITE_OK || q->failed)
		return;
	q->failed = true;
	store_sql_error(q->st, rc, sqlite3_sql(q->stmt), q->err);
}

/* ---- binding ---- */

void
query_int(struct query *q, int64_t value)
{
	check(q, sqlite3_bind_int64(q->stmt, ++q->at, value));
}

void
query_id(struct query *q, int64_t id)
{
	if (id != 0)
		query_int(q, id);
	else
		check(q, sqlite3_bind_null(q->stmt, ++q->at));
}

void
query_text(struct query *q, const char *text)
{
	if (text != NULL)
		check(q, sqlite3_bind_text(
			     q->stmt, ++q->at, text, -1, SQLITE_STATIC));
	else
		check(q, sqlite3_bind_null(q->stmt, ++q->at));
}

void
query_blob(struct query *q, struct bytes blob)
{
	if (blob.data != NULL)
		check(q, sqlite3_bind_blob64(q->stmt, ++q->at, blob.data,
			     blob.len, SQLITE_STATIC));
	else
		check(q, sqlite3_bind_null(q->stmt, ++q->at));
}

void
query_lookup(struct query *q, const struct lookup_hash *hash)
{
	query_blob(q, lookup_present(hash));
	query_blob(q, lookup_former(hash));
}

static void
sealed_free(void *data)
{
	talloc_free(data);
}

void
query_seal(struct query *q, struct place where, struct bytes clear)
{
	struct bytes sealed;

	if (clear.data == NULL || q->failed) {
		check(q, sqlite3_bind_null(q->stmt, ++q->at));
		return;
	}
	sealed = seal_close(NULL, q->st, where, clear, q->err);
	if (sealed.data == NULL) {
		q->failed = true;
		return;
	}
	/* SQLite frees it, also when binding fails. */
	check(q, sqlite3_bind_blob64(
		     q->stmt, ++q->at, sealed.data, sealed.len, sealed_free));
}

void
query_seal_text(struct query *q, struct place where, const char *clear)
{
	query_seal(q, where, bytes_str(clear));
}

void
query_seal_fields(struct query *q, const char *table, int64_t row,
    const void *base, const struct text_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *text;

		memcpy(&text, (const uint8_t *)base + fields[i].offset,
		    sizeof(text));
		query_seal_text(q, place(table, fields[i].column, row), text);
	}
}

/* ---- stepping ---- */

int
query_next(struct query *q)
{
	int rc;

	if (q->failed)
		return -1;
	rc = sqlite3_step(q->stmt);
	q->at = 0;
	if (rc == SQLITE_ROW)
		return 1;
	if (rc == SQLITE_DONE)
		return 0;
	check(q, rc);
	return -1;
}

int
query_find(struct query *q, struct store *st, enum store_family family,
    int statement, const struct lookup_hash *hash, struct error *err)
{
	struct bytes former = lookup_former(hash);
	int found;

	query_start(q, st, family, statement, err);
	query_blob(q, lookup_present(hash));
	found = query_next(q);
	if (found != 0 || former.data == NULL || query_end(q) != 0)
		return found;
	query_start(q, st, family, statement, err);
	query_blob(q, former);
	return query_next(q);
}

int
query_end(struct query *q)
{
	/* Its result repeats what the last step said. */
	sqlite3_reset(q->stmt);
	sqlite3_clear_bindings(q->stmt);
	return q->failed ? -1 : 0;
}

int
query_end_found(struct query *q, int found)
{
	return query_end(q) != 0 ? -1 : found;
}

int
query_end_list(struct query *q, void *list_out, size_t *count)
{
	void *list;

	if (query_end(q) == 0)
		return 0;
	memcpy(&list, list_out, sizeof(list));
	talloc_free(list);
	memset(list_out, 0, sizeof(list));
	*count = 0;
	return -1;
}

int
query_run(struct query *q)
{
	if (query_next(q) == 1)
		query_fail(q, FAULT_BUG, "a change that gives rows");
	return query_end(q);
}

int
query_due(struct store *st, enum store_family family, int statement,
    struct store_due *due, struct error *err)
{
	struct query q;

	*due = (struct store_due){0};
	query_start(&q, st, family, statement, err);
	if (query_next(&q) == 1) {
		due->id = query_get_int(&q);
		due->casefile = query_get_int(&q);
		due->at = query_get_int(&q);
	}
	return query_end(&q);
}

int
query_put_off(struct store *st, enum store_family family, int statement,
    int64_t id, int64_t at, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, family, statement, err);
	query_int(&q, at);
	query_int(&q, id);
	return query_run(&q);
}

/* ---- reading ---- */

int64_t
query_get_int(struct query *q)
{
	return sqlite3_column_int64(q->stmt, q->at++);
}

uint32_t
query_get_u32(struct query *q)
{
	return (uint32_t)query_get_int(q);
}

struct bytes
query_get_blob(struct query *q)
{
	const void *data = sqlite3_column_blob(q->stmt, q->at);
	int len = sqlite3_column_bytes(q->stmt, q->at);
	bool null = sqlite3_column_type(q->stmt, q->at) == SQLITE_NULL;

	q->at++;
	/* An empty blob has no address, yet is not NULL. */
	if (!null && data == NULL)
		return bytes_of("", 0);
	return bytes_of(data, (size_t)len);
}

char *
query_get_text(struct query *q, const void *ctx)
{
	struct bytes raw = query_get_blob(q);
	char *text;

	if (raw.data == NULL || q->failed)
		return NULL;
	text = bytes_text(ctx, raw);
	if (text == NULL)
		query_fail(q, FAULT_RETRY, "out of memory");
	return text;
}

void
query_get_exact(struct query *q, uint8_t *to, size_t len)
{
	struct bytes raw = query_get_blob(q);

	memset(to, 0, len);
	if (raw.data == NULL)
		return;
	if (raw.len != len)
		query_fail(q, FAULT_INPUT, "a value has a wrong length");
	else
		memcpy(to, raw.data, len);
}

struct bytes
query_open(struct query *q, const void *ctx, struct place where)
{
	struct bytes sealed = query_get_blob(q);
	struct bytes clear;

	if (sealed.data == NULL || q->failed)
		return BYTES_NONE;
	clear = seal_open(ctx, q->st, where, sealed, q->err);
	if (clear.data == NULL)
		q->failed = true;
	return clear;
}

char *
query_open_text(struct query *q, const void *ctx, struct place where)
{
	struct bytes clear = query_open(q, ctx, where);
	char *text;

	/* A NUL stands behind what seal_open gives; none can stand inside. */
	memcpy(&text, &clear.data, sizeof(text));
	return text;
}

void
query_open_fields(struct query *q, const void *ctx, const char *table,
    int64_t row, void *base, const struct text_field *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *text = query_open_text(
		    q, ctx, place(table, fields[i].column, row));

		memcpy((uint8_t *)base + fields[i].offset, &text, sizeof(text));
	}
}

void *
query_row(
    struct query *q, const void *ctx, void *list_out, size_t count, size_t size)
{
	uint8_t *list;

	memcpy(&list, list_out, sizeof(list));
	/* Room for 8, 16, 32 … rows. */
	if (count == 0 || (count >= 8 && (count & (count - 1)) == 0)) {
		list = talloc_realloc_size(
		    ctx, list, (count < 8 ? 8 : 2 * count) * size);
		if (list == NULL) {
			query_fail(q, FAULT_RETRY, "out of memory");
			return NULL;
		}
		memcpy(list_out, &list, sizeof(list));
	}
	memset(list + count * size, 0, size);
	return list + count * size;
}
