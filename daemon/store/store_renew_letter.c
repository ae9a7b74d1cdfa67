/*
 * store_renew_letter.c - a new data key: the bytes of a letter.
 *
 * The chunks of a letter are one stream, of which the state after each chunk
 * comes from all before it.  It is sealed anew in place: between two batches
 * the states of both streams are kept, sealed, in the row of `renewal`, and a
 * reader takes the beginning from the one and the rest from the other.  One
 * that turns out to be damaged gets its own bytes back: a stream that is
 * begun by the same header gives the same ones.  Runs in the engine.
 */
#include "store_renew.h"

#include <string.h>

#include <talloc.h>

enum {
	RENEW_LETTER,
	RENEW_CHUNK,
	RENEW_CHUNK_PUT,
	RENEW_STREAM_PUT,
	RENEW_LETTER_STMT_COUNT
};

static const char *const sql[RENEW_LETTER_STMT_COUNT] = {
    [RENEW_LETTER] = "SELECT state, stream FROM letter WHERE id = ?",
    [RENEW_CHUNK] = "SELECT data FROM letter_chunk"
		    " WHERE letter = ? AND seq = ?",
    [RENEW_CHUNK_PUT] = "UPDATE letter_chunk SET data = ?"
			" WHERE letter = ? AND seq = ?",
    [RENEW_STREAM_PUT] = "UPDATE letter SET stream = ? WHERE id = ?",
};

const struct store_sql store_renew_letter_sql = {sql, RENEW_LETTER_STMT_COUNT};

/* The streams of a letter between two chunks. */
struct states {
	struct seal_stream from, to;
};

/* 1 it has bytes under the former key, 0 not, -1. */
static int
letter_header(const void *ctx, struct batch *b, int64_t letter,
    struct bytes *header, bool *arriving)
{
	struct query q;
	int old = 0;

	query_start(&q, b->st, FAMILY_RENEW_LETTER, RENEW_LETTER, b->err);
	query_int(&q, letter);
	if (query_next(&q) == 1) {
		*arriving = query_get_int(&q) == 0;
		*header = bytes_copy(ctx, query_get_blob(&q));
		old = header->data != NULL &&
		      header_key(*header) == b->st->former_id;
	}
	return query_end_found(&q, old);
}

static int
begin_letter(const void *ctx, struct batch *b, int64_t letter,
    struct bytes header, struct states *s)
{
	uint8_t fresh[SEAL_STREAM_HEADER];

	if (seal_stream_resume(b->st, &s->from, letter, header, b->err) != 0 ||
	    seal_stream_begin(b->st, &s->to, letter, fresh, b->err) != 0)
		return -1;
	b->r->letter = letter;
	b->r->stream = bytes_copy(ctx, bytes_of(fresh, sizeof(fresh)));
	if (b->r->stream.data == NULL)
		return error_set(b->err, FAULT_RETRY, "out of memory");
	return 0;
}

static int
pull_chunk(struct batch *b, struct states *s, uint8_t *clear, size_t *len)
{
	struct query q;
	int found;

	query_start(&q, b->st, FAMILY_RENEW_LETTER, RENEW_CHUNK, b->err);
	query_int(&q, s->from.letter);
	query_int(&q, s->from.seq);
	found = query_next(&q);
	if (found == 0)
		query_fail(&q, FAULT_INPUT, "a letter that is not whole");
	if (found == 1 && seal_stream_pull(&s->from, query_get_blob(&q), clear,
			      len, b->err) != 0)
		q.failed = true;
	return query_end(&q);
}

static int
push_chunk(struct batch *b, struct states *s, struct bytes clear)
{
	uint8_t sealed[SEAL_CHUNK_SEALED];
	uint32_t seq = s->to.seq;
	size_t len = 0;
	struct query q;

	if (seal_stream_push(
		&s->to, clear, s->from.final, sealed, &len, b->err) != 0)
		return -1;
	query_start(&q, b->st, FAMILY_RENEW_LETTER, RENEW_CHUNK_PUT, b->err);
	query_blob(&q, bytes_of(sealed, len));
	query_int(&q, s->to.letter);
	query_int(&q, seq);
	b->bytes += len;
	b->r->done++;
	return query_run(&q);
}

static int
move_chunks(struct batch *b, struct states *s)
{
	uint8_t clear[SEAL_CHUNK];
	size_t len = 0;
	int rc = 0;

	do {
		rc = pull_chunk(b, s, clear, &len);
		if (rc == 0)
			rc = push_chunk(b, s, bytes_of(clear, len));
	} while (rc == 0 && !s->from.final && b->bytes < BATCH_BYTES);
	sodium_memzero(clear, sizeof(clear));
	return rc;
}

/*
 * What was sealed anew of a damaged letter, to the last chunk of it.  All at
 * once: this is rare, and takes the loop a second at most.
 */
static int
put_back(struct batch *b, int64_t letter, struct bytes header, struct states *s)
{
	const struct error damage = *b->err;
	uint8_t clear[SEAL_CHUNK];
	size_t len = 0;
	int rc;

	error_clear(b->err);
	rc = seal_stream_resume(b->st, &s->from, letter, b->r->stream, b->err);
	if (rc == 0)
		rc = seal_stream_resume(b->st, &s->to, letter, header, b->err);
	while (rc == 0 && !s->from.final) {
		rc = pull_chunk(b, s, clear, &len);
		if (rc == 0)
			rc = push_chunk(b, s, bytes_of(clear, len));
	}
	sodium_memzero(clear, sizeof(clear));
	b->r->letter = 0;
	if (b->err->fault == FAULT_INPUT || rc == 0)
		*b->err = damage;
	return -1;
}

static int
end_letter(struct batch *b)
{
	struct query q;

	query_start(&q, b->st, FAMILY_RENEW_LETTER, RENEW_STREAM_PUT, b->err);
	query_blob(&q, b->r->stream);
	query_int(&q, b->r->letter);
	b->r->letter = 0;
	return query_run(&q);
}

static int
wipe_states(struct states *s)
{
	sodium_memzero(s, sizeof(*s));
	return 0;
}

int
renew_bytes(const void *ctx, struct batch *b, int64_t letter)
{
	struct bytes header = BYTES_NONE;
	struct states *s = talloc_zero(ctx, struct states);
	bool arriving = false;
	int old = letter_header(ctx, b, letter, &header, &arriving);
	int rc = 0;

	if (s == NULL)
		return error_set(b->err, FAULT_RETRY, "out of memory");
	talloc_set_destructor(s, wipe_states);
	if (old != 1)
		return old < 0 ? -1 : 1;
	/* Its end is still to come, under the key it began with. */
	if (arriving) {
		b->r->found++;
		return 1;
	}
	if (b->r->letter != letter) {
		b->r->found++;
		rc = begin_letter(ctx, b, letter, header, s);
	} else if (b->r->states.len == sizeof(*s)) {
		memcpy(s, b->r->states.data, sizeof(*s));
	} else {
		rc = error_set(b->err, FAULT_INPUT,
		    "database: the state of letter %lld was changed or moved",
		    (long long)letter);
	}
	if (rc == 0)
		rc = move_chunks(b, s);
	if (rc != 0 && b->err->fault == FAULT_INPUT && b->r->letter == letter)
		return put_back(b, letter, header, s);
	if (rc == 0 && s->from.final)
		return end_letter(b) == 0 ? 1 : -1;
	/* put_renewal() keeps them. */
	b->r->states = bytes_of((const uint8_t *)s, sizeof(*s));
	return rc;
}

int
renew_letter(struct store *st, int64_t letter, struct seal_stream *stream,
    struct seal_stream *rest, struct error *err)
{
	void *ctx;
	struct renewal r;
	struct states s;
	int found;

	if (st->former == NULL)
		return 0;
	ctx = talloc_new(st);
	found = renewal_get(ctx, st, &r, err);
	if (found == 1 && (r.letter != letter || r.states.len != sizeof(s)))
		found = 0;
	if (found == 1) {
		memcpy(&s, r.states.data, sizeof(s));
		*rest = s.from;
		if (seal_stream_resume(st, stream, letter, r.stream, err) != 0)
			found = -1;
		sodium_memzero(&s, sizeof(s));
	}
	if (r.states.data != NULL)
		sodium_memzero((void *)(uintptr_t)r.states.data, r.states.len);
	talloc_free(ctx);
	return found;
}
