/*
 * store_letter.c - letters that have arrived, and what came out of them.
 *
 * Gives a letter's row, its bytes and its opening; moves it from one state
 * to the next, and only from the state the caller saw.  Rows in state
 * `arriving` (store_intake.c) are not letters and are never seen here.  Runs
 * in the engine.  What the states mean is the desk's.
 */
#include "store_internal.h"

#include <talloc.h>

enum {
	LETTER_GET,
	LETTER_STREAM,
	LETTER_CHUNKS,
	LETTER_NEXT,
	LETTER_TRY,
	LETTER_PUT,
	LETTER_LIST,
	LETTER_LIST_STATE,
	LETTER_LIST_CASE,
	OPENING_PUT,
	OPENING_GET,
	LETTER_STMT_COUNT
};

#define LETTER_COLUMNS                                                         \
	"id, received, stored, size, state, reason, verdict, casefile,"        \
	" adopted, by_hand, tries, unconfirmed, digest, sender, subject,"      \
	" signer"
#define LETTER_SELECT "SELECT " LETTER_COLUMNS " FROM letter WHERE state <> 0"

static const char *const sql[LETTER_STMT_COUNT] = {
    [LETTER_GET] = LETTER_SELECT " AND id = ?",
    [LETTER_STREAM] = "SELECT size, stream FROM letter"
		      " WHERE state <> 0 AND id = ?",
    [LETTER_CHUNKS] = "SELECT data FROM letter_chunk WHERE letter = ?"
		      " ORDER BY seq",
    [LETTER_NEXT] = "SELECT id FROM letter"
		    " WHERE state = ? AND state <> 0 AND id > ?"
		    " ORDER BY id LIMIT 1",
    [LETTER_TRY] = "UPDATE letter SET tries = tries + ?2"
		   " WHERE state <> 0 AND id = ?1 RETURNING tries",
    [LETTER_PUT] = "UPDATE letter SET"
		   " tries = CASE state WHEN ?1 THEN tries ELSE 0 END,"
		   " state = ?1, reason = ?2, verdict = ?3, casefile = ?4,"
		   " origin_case = CASE WHEN casefile IS ?4"
		   " THEN origin_case END,"
		   " by_hand = ?5, unconfirmed = ?6,"
		   " sender = ?7, subject = ?8, signer = ?9"
		   " WHERE id = ?10 AND state = ?11 AND state <> 0",
    [LETTER_LIST] = LETTER_SELECT " ORDER BY id DESC LIMIT ?",
    [LETTER_LIST_STATE] = LETTER_SELECT " AND state = ?"
					" ORDER BY id DESC LIMIT ?",
    [LETTER_LIST_CASE] = LETTER_SELECT " AND casefile = ?1"
				       " AND (?2 = 0 OR state = ?2)"
				       " ORDER BY id DESC LIMIT ?3",
    [OPENING_PUT] = "INSERT INTO opening (letter, wire) VALUES (?, ?)"
		    " ON CONFLICT (letter) DO UPDATE SET wire = excluded.wire",
    [OPENING_GET] = "SELECT wire FROM opening WHERE letter = ?",
};

const struct store_sql store_letter_sql = {sql, LETTER_STMT_COUNT};

static const struct text_field letter_texts[] = {
    {"sender", offsetof(struct store_letter, sender)},
    {"subject", offsetof(struct store_letter, subject)},
    {"signer", offsetof(struct store_letter, signer)},
};

#define NTEXTS (sizeof(letter_texts) / sizeof(letter_texts[0]))

/* Reads a row of LETTER_COLUMNS. */
static void
letter_row(struct query *q, const void *ctx, struct store_letter *l)
{
	*l = (struct store_letter){0};
	l->id = query_get_int(q);
	l->received = query_get_int(q);
	l->stored = query_get_int(q);
	l->size = query_get_int(q);
	l->state = query_get_u32(q);
	l->reason = query_get_u32(q);
	l->verdict = query_get_u32(q);
	l->casefile = query_get_int(q);
	l->came = query_get_u32(q);
	l->by_hand = query_get_u32(q);
	l->tries = query_get_u32(q);
	l->unconfirmed = query_get_u32(q);
	query_get_exact(q, l->digest, sizeof(l->digest));
	query_open_fields(q, ctx, "letter", l->id, l, letter_texts, NTEXTS);
}

int
store_letter_get(const void *ctx, struct store *st, int64_t id,
    struct store_letter *letter, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_LETTER, LETTER_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1)
		letter_row(&q, ctx, letter);
	return query_end_found(&q, found);
}

/* ---- bytes ---- */

/* Opens the chunks into `out`, which has room for `size` bytes. */
static int
read_chunks(struct store *st, struct seal_stream *stream,
    const struct seal_stream *rest, uint8_t *out, size_t size,
    struct error *err)
{
	const size_t tag = SEAL_CHUNK_SEALED - SEAL_CHUNK;
	size_t at = 0;
	struct query q;

	query_start(&q, st, FAMILY_LETTER, LETTER_CHUNKS, err);
	query_int(&q, stream->letter);
	while (query_next(&q) == 1) {
		struct bytes sealed = query_get_blob(&q);
		size_t len = 0;

		if (rest->seq > 0 && stream->seq == rest->seq)
			*stream = *rest;
		if (sealed.len < tag || sealed.len - tag > size - at)
			query_fail(&q, FAULT_INPUT, "a letter of another size");
		else if (seal_stream_pull(
			     stream, sealed, out + at, &len, err) != 0)
			q.failed = true;
		at += len;
	}
	/* Cut off at its end, or chunks of another letter behind it. */
	if (!q.failed && (!stream->final || at != size))
		query_fail(&q, FAULT_INPUT, "a letter that is not whole");
	return query_end(&q);
}

int
store_letter_bytes(const void *ctx, struct store *st, int64_t id,
    struct bytes *bytes, struct error *err)
{
	struct seal_stream stream = {0};
	struct seal_stream rest = {0};
	struct query q;
	uint8_t *out = NULL;
	int64_t size = 0;
	int found;
	int rc = -1;

	*bytes = BYTES_NONE;
	query_start(&q, st, FAMILY_LETTER, LETTER_STREAM, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1) {
		struct bytes header;

		size = query_get_int(&q);
		header = query_get_blob(&q);
		if (header.data == NULL)
			return query_end(&q);
		if (seal_stream_resume(st, &stream, id, header, err) != 0)
			q.failed = true;
	} else if (found == 0) {
		query_fail(&q, FAULT_INPUT, "no such letter");
	}
	if (query_end(&q) != 0 || renew_letter(st, id, &stream, &rest, err) < 0)
		return -1;
	/* One NUL behind, as bytes_copy() has it. */
	if (size >= 0)
		out = talloc_size(ctx, (size_t)size + 1);
	if (out == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
	} else if (read_chunks(st, &stream, &rest, out, (size_t)size, err) ==
		   0) {
		out[size] = '\0';
		*bytes = bytes_of(out, (size_t)size);
		rc = 0;
	}
	if (rc != 0)
		talloc_free(out);
	sodium_memzero(&stream, sizeof(stream));
	sodium_memzero(&rest, sizeof(rest));
	return rc;
}

/* ---- states ---- */

int
store_letter_next(struct store *st, uint32_t state, int64_t after, int64_t *id,
    struct error *err)
{
	struct query q;

	*id = 0;
	query_start(&q, st, FAMILY_LETTER, LETTER_NEXT, err);
	query_int(&q, state);
	query_int(&q, after);
	if (query_next(&q) == 1)
		*id = query_get_int(&q);
	return query_end(&q);
}

int
store_letter_try(struct store *st, int64_t id, uint32_t weight, uint32_t *tries,
    struct error *err)
{
	struct query q;
	int found;

	*tries = 0;
	if (store_begin(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_LETTER, LETTER_TRY, err);
	query_int(&q, id);
	query_int(&q, weight);
	found = query_next(&q);
	if (found == 1)
		*tries = query_get_u32(&q);
	else if (found == 0)
		query_fail(&q, FAULT_INPUT, "no such letter");
	if (query_end(&q) == 0 && store_commit(st, err) == 0)
		return 0;
	store_rollback(st);
	return -1;
}

int
store_letter_put(struct store *st, const struct store_letter *letter,
    uint32_t from, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_LETTER, LETTER_PUT, err);
	query_int(&q, letter->state);
	query_int(&q, letter->reason);
	query_int(&q, letter->verdict);
	query_id(&q, letter->casefile);
	query_int(&q, letter->by_hand);
	query_int(&q, letter->unconfirmed);
	query_seal_fields(
	    &q, "letter", letter->id, letter, letter_texts, NTEXTS);
	query_int(&q, letter->id);
	query_int(&q, from);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(err, FAULT_DENIED,
		    "letter %lld is in another state by now",
		    (long long)letter->id);
	return 0;
}

int
store_letter_list(const void *ctx, struct store *st, uint32_t state,
    int64_t casefile, size_t most, struct store_letter **list, size_t *count,
    struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_LETTER,
	    casefile != 0 ? LETTER_LIST_CASE
	    : state != 0  ? LETTER_LIST_STATE
			  : LETTER_LIST,
	    err);
	if (casefile != 0)
		query_int(&q, casefile);
	if (casefile != 0 || state != 0)
		query_int(&q, state);
	query_int(&q, (int64_t)most);
	while (query_next(&q) == 1) {
		struct store_letter *l =
		    query_row(&q, ctx, list, *count, sizeof(*l));

		if (l == NULL)
			break;
		letter_row(&q, *list, l);
		++*count;
	}
	return query_end_list(&q, list, count);
}

/* ---- openings ---- */

int
store_opening_put(
    struct store *st, int64_t letter, struct bytes wire, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_LETTER, OPENING_PUT, err);
	query_int(&q, letter);
	query_seal(&q, place("opening", "wire", letter), wire);
	return query_run(&q);
}

int
store_opening_get(const void *ctx, struct store *st, int64_t letter,
    struct bytes *wire, struct error *err)
{
	struct query q;
	int found;

	*wire = BYTES_NONE;
	query_start(&q, st, FAMILY_LETTER, OPENING_GET, err);
	query_int(&q, letter);
	found = query_next(&q);
	if (found == 1)
		*wire = query_open(&q, ctx, place("opening", "wire", letter));
	return query_end_found(&q, found);
}
