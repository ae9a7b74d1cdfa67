/*
 * store_intake.c - a letter arrives, chunk by chunk, and is kept.
 *
 * Up to BATCH bytes wait in memory, so that a usual letter is one transaction
 * of its own: letter, bytes, copy and line of the record, or nothing.  A
 * larger one is written in batches under a row in state `arriving`, which no
 * other function sees and which a start throws away; its last transaction
 * makes it a letter.  Between two calls no transaction is open, however slow
 * the mail server.  Runs in the engine.  Never looks into the bytes.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

#define BATCH ((size_t)16 * SEAL_CHUNK) /* 1 MiB */

enum {
	INTAKE_ADD,
	INTAKE_CHUNK,
	INTAKE_KNOWN,
	INTAKE_LETTER,
	INTAKE_COPY,
	INTAKE_TOO_LARGE,
	INTAKE_DROP_CHUNKS,
	INTAKE_DROP,
	INTAKE_SWEEP_CHUNKS,
	INTAKE_SWEEP,
	INTAKE_STMT_COUNT
};

static const char *const sql[INTAKE_STMT_COUNT] = {
    [INTAKE_ADD] = "INSERT INTO letter (id, state, received, adopted, stream)"
		   " VALUES (?, 0, ?, ?, ?)",
    [INTAKE_CHUNK] = "INSERT INTO letter_chunk (letter, seq, data)"
		     " VALUES (?, ?, ?)",
    [INTAKE_KNOWN] = "SELECT id FROM letter WHERE digest = ?",
    [INTAKE_LETTER] = "UPDATE letter SET state = ?, stored = ?, size = ?,"
		      " digest = ? WHERE id = ? AND state = 0",
    /* A server that gives one UID to two letters: both are kept, and the
     * copy is that of the later one, which is still to be moved. */
    [INTAKE_COPY] = "INSERT INTO copy (folder, uidvalidity, uid, letter)"
		    " VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
		    " letter = excluded.letter, moved = 0",
    [INTAKE_TOO_LARGE] = "INSERT INTO letter"
			 " (id, state, reason, received, stored, size, adopted)"
			 " VALUES (?, ?, ?, ?, ?, ?, 0)",
    [INTAKE_DROP_CHUNKS] =
	"DELETE FROM letter_chunk WHERE letter ="
	" (SELECT id FROM letter WHERE id = ? AND state = 0)",
    [INTAKE_DROP] = "DELETE FROM letter WHERE id = ? AND state = 0",
    [INTAKE_SWEEP_CHUNKS] = "DELETE FROM letter_chunk WHERE letter IN"
			    " (SELECT id FROM letter WHERE state = 0)",
    [INTAKE_SWEEP] = "DELETE FROM letter WHERE state = 0",
};

const struct store_sql store_intake_sql = {sql, INTAKE_STMT_COUNT};

struct store_intake {
	struct store *st;
	char *folder;
	uint32_t uidvalidity, uid;
	int64_t received;
	uint32_t came;
	bool broken; /* a batch failed: hash and stream are out of step */

	int64_t size;
	crypto_hash_sha256_state hash;

	int64_t letter; /* of the arriving row; 0: all is in memory still */
	struct seal_stream stream;
	size_t fill;
	uint8_t pending[BATCH];
	uint8_t sealed[SEAL_CHUNK_SEALED];
};

/* Its bytes may be a report in clear, its stream holds a key. */
static int
intake_wipe(struct store_intake *in)
{
	sodium_memzero(in, sizeof(*in));
	return 0;
}

struct store_intake *
store_intake_begin(const void *ctx, struct store *st, const char *folder,
    uint32_t uidvalidity, uint32_t uid, int64_t received, uint32_t came,
    struct error *err)
{
	struct store_intake *in;

	if (st->keys == NULL) {
		error_set(err, FAULT_SETUP,
		    "the data key has not been handed over yet");
		return NULL;
	}
	in = talloc_zero(ctx, struct store_intake);
	if (in != NULL)
		in->folder = talloc_strdup(in, folder);
	if (in == NULL || in->folder == NULL) {
		talloc_free(in);
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	talloc_set_destructor(in, intake_wipe);
	in->st = st;
	in->uidvalidity = uidvalidity;
	in->uid = uid;
	in->received = received;
	in->came = came;
	crypto_hash_sha256_init(&in->hash);
	return in;
}

/* The row in state `arriving`, inside the transaction that is open. */
static int
add_row(struct store_intake *in, int64_t *letter, struct error *err)
{
	uint8_t header[SEAL_STREAM_HEADER];
	struct query q;

	if (store_next_id(in->st, "letter", letter, err) != 0 ||
	    seal_stream_begin(in->st, &in->stream, *letter, header, err) != 0)
		return -1;
	query_start(&q, in->st, FAMILY_INTAKE, INTAKE_ADD, err);
	query_int(&q, *letter);
	query_int(&q, in->received);
	query_int(&q, in->came);
	query_blob(&q, bytes_of(header, sizeof(header)));
	return query_run(&q);
}

/* Seals and inserts what is pending; with `final`, ends the stream. */
static int
add_chunks(struct store_intake *in, bool final, struct error *err)
{
	size_t at = 0;

	do {
		size_t len = in->fill - at;
		size_t sealed_len = 0;
		int64_t seq = in->stream.seq;
		struct query q;

		if (len > SEAL_CHUNK)
			len = SEAL_CHUNK;
		if (seal_stream_push(&in->stream,
			bytes_of(in->pending + at, len),
			final && at + len == in->fill, in->sealed, &sealed_len,
			err) != 0)
			return -1;
		query_start(&q, in->st, FAMILY_INTAKE, INTAKE_CHUNK, err);
		query_int(&q, in->stream.letter);
		query_int(&q, seq);
		query_blob(&q, bytes_of(in->sealed, sealed_len));
		if (query_run(&q) != 0)
			return -1;
		at += len;
	} while (at < in->fill);
	return 0;
}

/* One batch of a large letter, in a transaction of its own. */
static int
flush(struct store_intake *in, struct error *err)
{
	int64_t letter = in->letter;

	if (store_begin(in->st, err) != 0)
		return -1;
	if ((letter == 0 && add_row(in, &letter, err) != 0) ||
	    add_chunks(in, false, err) != 0 || store_commit(in->st, err) != 0) {
		store_rollback(in->st);
		return -1;
	}
	in->letter = letter;
	in->fill = 0;
	return 0;
}

int
store_intake_chunk(
    struct store_intake *in, struct bytes chunk, struct error *err)
{
	if (in->st->begun || in->broken)
		return error_set(err, FAULT_BUG,
		    in->broken ? "a chunk for a letter that was given up"
			       : "a letter arrives inside a transaction");
	crypto_hash_sha256_update(&in->hash, chunk.data, chunk.len);
	in->size += (int64_t)chunk.len;
	while (chunk.len > 0) {
		size_t room = BATCH - in->fill;
		size_t len = chunk.len < room ? chunk.len : room;

		/* Only when more comes: the last chunk ends the stream. */
		if (room == 0) {
			in->broken = flush(in, err) != 0;
			if (in->broken)
				return -1;
			continue;
		}
		memcpy(in->pending + in->fill, chunk.data, len);
		in->fill += len;
		chunk = bytes_span(chunk, len, chunk.len - len);
	}
	return 0;
}

static int
drop_row(struct store *st, int64_t letter, struct error *err)
{
	static const int drops[] = {INTAKE_DROP_CHUNKS, INTAKE_DROP};
	struct query q;

	for (int i = 0; i < 2; i++) {
		query_start(&q, st, FAMILY_INTAKE, drops[i], err);
		query_int(&q, letter);
		if (query_run(&q) != 0)
			return -1;
	}
	return 0;
}

static int
add_copy(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, int64_t letter, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_INTAKE, INTAKE_COPY, err);
	query_text(&q, folder);
	query_int(&q, uidvalidity);
	query_int(&q, uid);
	query_int(&q, letter);
	return query_run(&q);
}

static int
add_line(struct store *st, uint32_t what, int64_t letter, uint32_t code,
    const uint8_t *digest, int64_t now, struct error *err)
{
	char hex[2 * STORE_DIGEST_BYTES + 1];
	struct store_record r = {
	    .at = now,
	    .what = what,
	    .actor = "psirtd",
	    .letter = letter,
	    .code = code,
	};

	if (digest != NULL)
		r.digest = sodium_bin2hex(
		    hex, sizeof(hex), digest, STORE_DIGEST_BYTES);
	return store_record_add(st, &r, err);
}

/* The arriving row becomes a letter. */
static int
make_letter(struct store_intake *in, const uint8_t *digest, int64_t now,
    int64_t *letter, struct error *err)
{
	struct query q;

	*letter = in->letter;
	if ((*letter == 0 && add_row(in, letter, err) != 0) ||
	    add_chunks(in, true, err) != 0)
		return -1;
	query_start(&q, in->st, FAMILY_INTAKE, INTAKE_LETTER, err);
	query_int(&q, STORE_LETTER_RECEIVED);
	query_int(&q, now);
	query_int(&q, in->size);
	query_blob(&q, bytes_of(digest, STORE_DIGEST_BYTES));
	query_int(&q, *letter);
	if (query_run(&q) != 0)
		return -1;
	return add_line(
	    in->st, RECORD_LETTER_RECEIVED, *letter, 0, digest, now, err);
}

static int
find_known(
    struct store *st, const uint8_t *digest, int64_t *letter, struct error *err)
{
	struct query q;

	*letter = 0;
	query_start(&q, st, FAMILY_INTAKE, INTAKE_KNOWN, err);
	query_blob(&q, bytes_of(digest, STORE_DIGEST_BYTES));
	if (query_next(&q) == 1)
		*letter = query_get_int(&q);
	return query_end(&q);
}

static int
finish(struct store_intake *in, int64_t now, int64_t *letter, bool *known,
    struct error *err)
{
	uint8_t digest[STORE_DIGEST_BYTES];

	crypto_hash_sha256_final(&in->hash, digest);
	if (find_known(in->st, digest, letter, err) != 0)
		return -1;
	*known = *letter != 0;
	if (*known) {
		if (in->letter != 0 && drop_row(in->st, in->letter, err) != 0)
			return -1;
	} else if (make_letter(in, digest, now, letter, err) != 0) {
		return -1;
	}
	return add_copy(
	    in->st, in->folder, in->uidvalidity, in->uid, *letter, err);
}

int
store_intake_end(struct store_intake *in, int64_t now, int64_t *letter,
    bool *known, struct error *err)
{
	struct store *st = in->st;

	*letter = 0;
	*known = false;
	if (in->broken || store_begin(st, err) != 0) {
		if (in->broken)
			error_set(err, FAULT_BUG,
			    "the end of a letter that was given up");
		store_intake_abort(in);
		return -1;
	}
	if (finish(in, now, letter, known, err) != 0 ||
	    store_commit(st, err) != 0) {
		store_rollback(st);
		*letter = 0;
		store_intake_abort(in);
		return -1;
	}
	talloc_free(in);
	return 0;
}

void
store_intake_abort(struct store_intake *in)
{
	struct store *st = in->st;

	/* Where this fails, the next start throws the row away. */
	if (in->letter != 0 && !st->begun && store_begin(st, NULL) == 0) {
		if (drop_row(st, in->letter, NULL) != 0 ||
		    store_commit(st, NULL) != 0)
			store_rollback(st);
	}
	talloc_free(in);
}

int
store_intake_sweep(struct store *st, struct error *err)
{
	static const int sweeps[] = {INTAKE_SWEEP_CHUNKS, INTAKE_SWEEP};
	struct query q;

	if (store_begin(st, err) != 0)
		return -1;
	for (int i = 0; i < 2; i++) {
		query_start(&q, st, FAMILY_INTAKE, sweeps[i], err);
		if (query_run(&q) != 0)
			goto fail;
	}
	if (store_commit(st, err) == 0)
		return 0;
fail:
	store_rollback(st);
	return -1;
}

/* ---- a letter that is not taken ---- */

static int
add_too_large(struct store *st, int64_t received, int64_t size, int64_t now,
    int64_t *letter, struct error *err)
{
	struct query q;

	if (store_next_id(st, "letter", letter, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_INTAKE, INTAKE_TOO_LARGE, err);
	query_int(&q, *letter);
	query_int(&q, STORE_LETTER_QUARANTINED);
	query_int(&q, STORE_REASON_TOO_LARGE);
	query_int(&q, received);
	query_int(&q, now);
	query_int(&q, size);
	if (query_run(&q) != 0)
		return -1;
	return add_line(st, RECORD_LETTER_QUARANTINED, *letter,
	    STORE_REASON_TOO_LARGE, NULL, now, err);
}

int
store_letter_too_large(struct store *st, const char *folder,
    uint32_t uidvalidity, uint32_t uid, int64_t received, int64_t size,
    int64_t now, int64_t *letter, struct error *err)
{
	/* Seen before, and not moved yet: the same row again. */
	if (store_writing(st, err) != 0 ||
	    store_copy_find(st, folder, uidvalidity, uid, letter, err) != 0)
		return -1;
	if (*letter == 0 &&
	    (add_too_large(st, received, size, now, letter, err) != 0 ||
		add_copy(st, folder, uidvalidity, uid, *letter, err) != 0))
		return -1;
	return 0;
}
