/*
 * store_record.c - the record: one line a fact, chained by SHA-256.
 *
 * A line holds ids, codes, digests, an actor and a time, never content
 * (RULES 18).  Its link is the SHA-256 of
 *
 *   the link before it (32 zero bytes before the first line),
 *   id, at, what, casefile, letter, outmail, code: 8 bytes each,
 *   actor, digest, note: each 8 bytes of length + 1 and its bytes,
 *   or 8 zero bytes where there is none
 *
 * with all numbers big-endian.  Ids begin at 1 and leave no gap.  Free text
 * is a sealed row of its own: 16 random bytes and the text; the line holds
 * the SHA-256 of both, from which no short text can be guessed, not even
 * after the row was purged.  Verifying needs no key.  Runs in the engine.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

#define LINK_BYTES crypto_hash_sha256_BYTES
#define SALT_BYTES 16
#define WALK_LINES 1000

_Static_assert(LINK_BYTES == STORE_DIGEST_BYTES, "a link is a SHA-256");

enum {
	RECORD_LAST,
	RECORD_ADD,
	RECORD_NOTE_ADD,
	RECORD_LIST,
	RECORD_LIST_CASE,
	RECORD_ALL,
	RECORD_GIVEN,
	RECORD_STMT_COUNT
};

#define RECORD_COLUMNS                                                         \
	"record.id, at, what, casefile, letter, outmail, code, actor, digest," \
	" note, chain"
#define RECORD_SELECT                                                          \
	"SELECT " RECORD_COLUMNS ", record_note.value FROM record"             \
	" LEFT JOIN record_note ON record_note.record = record.id"             \
	" WHERE record.id > ?"

static const char *const sql[RECORD_STMT_COUNT] = {
    [RECORD_LAST] = "SELECT chain FROM record ORDER BY id DESC LIMIT 1",
    [RECORD_ADD] = "INSERT INTO record (id, at, what, casefile, letter,"
		   " outmail, code, actor, digest, note, chain)"
		   " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [RECORD_NOTE_ADD] = "INSERT INTO record_note (record, value)"
			" VALUES (?, ?)",
    [RECORD_LIST] = RECORD_SELECT " ORDER BY record.id LIMIT ?",
    [RECORD_LIST_CASE] = RECORD_SELECT " AND casefile = ?"
				       " ORDER BY record.id LIMIT ?",
    [RECORD_ALL] = "SELECT " RECORD_COLUMNS " FROM record WHERE id > ?"
		   " ORDER BY id LIMIT ?",
    [RECORD_GIVEN] = "SELECT last FROM sequence WHERE name = 'record'",
};

const struct store_sql store_record_sql = {sql, RECORD_STMT_COUNT};

const char *
record_what_name(uint32_t what)
{
	static const char *const names[RECORD_WHAT_COUNT] = {
	    [RECORD_START] = "start",
	    [RECORD_STOP] = "stop",
	    [RECORD_LETTER_RECEIVED] = "letter-received",
	    [RECORD_LETTER_OPENED] = "letter-opened",
	    [RECORD_LETTER_FILED] = "letter-filed",
	    [RECORD_LETTER_JOINED] = "letter-joined",
	    [RECORD_LETTER_INQUIRY] = "letter-inquiry",
	    [RECORD_LETTER_SET_ASIDE] = "letter-set-aside",
	    [RECORD_LETTER_QUARANTINED] = "letter-quarantined",
	    [RECORD_LETTER_DROPPED] = "letter-dropped",
	    [RECORD_LETTER_MOVED] = "letter-moved",
	    [RECORD_LETTER_READ] = "letter-read",
	    [RECORD_CASE_MADE] = "case-made",
	    [RECORD_CASE_READ] = "case-read",
	    [RECORD_KEY_BOUND] = "key-bound",
	    [RECORD_ROUTE_PROPOSED] = "route-proposed",
	    [RECORD_ROUTED] = "routed",
	    [RECORD_MAIL_DRAFTED] = "mail-drafted",
	    [RECORD_MAIL_HELD] = "mail-held",
	    [RECORD_MAIL_SEALED] = "mail-sealed",
	    [RECORD_MAIL_SENT] = "mail-sent",
	    [RECORD_MAIL_RETRY] = "mail-retry",
	    [RECORD_MAIL_FAILED] = "mail-failed",
	    [RECORD_MAIL_UNCERTAIN] = "mail-uncertain",
	    [RECORD_MAIL_DECIDED] = "mail-decided",
	    [RECORD_MAIL_READ] = "mail-read",
	    [RECORD_REFUSED] = "refused",
	    [RECORD_NO_ACKNOWLEDGE] = "no-acknowledge",
	    [RECORD_ADOPTED] = "adopted",
	    [RECORD_SEARCHED] = "searched",
	    [RECORD_KEY_RESEALED] = "key-resealed",
	    [RECORD_LETTER_DECIDED] = "letter-decided",
	    [RECORD_NOTES_READ] = "notes-read",
	    [RECORD_KEY_KEPT] = "key-kept",
	    [RECORD_STEP_STARTED] = "step-started",
	    [RECORD_STEP_ENDED] = "step-ended",
	    [RECORD_STEP_SKIPPED] = "step-skipped",
	    [RECORD_STEP_MOVED] = "step-moved",
	    [RECORD_ANSWER] = "answer",
	    [RECORD_ANSWER_REFUSED] = "answer-refused",
	    [RECORD_OVERRIDE] = "override",
	    [RECORD_GUARD_MISSING] = "guard-missing",
	    [RECORD_APPROVED] = "approved",
	    [RECORD_APPROVAL_VOID] = "approval-void",
	    [RECORD_DRAFT_EDITED] = "draft-edited",
	    [RECORD_DRAFT_DROPPED] = "draft-dropped",
	    [RECORD_TOLD] = "told",
	    [RECORD_QUESTION] = "question",
	    [RECORD_REMINDED] = "reminded",
	    [RECORD_ESCALATED] = "escalated",
	    [RECORD_CLOCK] = "clock",
	    [RECORD_CLOCK_WARNED] = "clock-warned",
	    [RECORD_TASK] = "task",
	    [RECORD_TASK_DONE] = "task-done",
	    [RECORD_CASE_TAKEN] = "case-taken",
	    [RECORD_CASE_TITLED] = "case-titled",
	    [RECORD_CASE_LINKED] = "case-linked",
	    [RECORD_CASE_UNLINKED] = "case-unlinked",
	    [RECORD_CASE_MERGED] = "case-merged",
	    [RECORD_CASE_SPLIT] = "case-split",
	    [RECORD_CASE_CLOSED] = "case-closed",
	    [RECORD_CASE_REOPENED] = "case-reopened",
	    [RECORD_CHANNEL] = "channel",
	    [RECORD_MORNING] = "morning",
	    [RECORD_MAIL_BOUNCED] = "mail-bounced",
	    [RECORD_FLOW] = "flow",
	    [RECORD_BACKUP] = "backup",
	    [RECORD_RESTORED] = "restored",
	    [RECORD_RELEASED] = "released",
	    [RECORD_PURGED] = "purged",
	    [RECORD_KEY_EXPIRES] = "key-expires",
	    [RECORD_PIN_CHANGED] = "pin-changed",
	    [RECORD_PIN_REMOVED] = "pin-removed",
	    [RECORD_PIN_CONFIRMED] = "pin-confirmed",
	    [RECORD_KEY_RENEW] = "key-renew",
	    [RECORD_KEY_RENEWED] = "key-renewed",
	};

	return what < RECORD_WHAT_COUNT && names[what] != NULL ? names[what]
							       : "?";
}

/* ---- one line and its link ---- */

/* As wide as the table has them: no other number encodes to the same. */
struct line {
	int64_t id, at, what, casefile, letter, outmail, code;
	struct bytes actor, digest, note; /* {NULL,0} where there is none */
};

static void
hash_number(crypto_hash_sha256_state *hash, uint64_t n)
{
	uint8_t be[8];

	for (int i = 0; i < 8; i++)
		be[i] = (uint8_t)(n >> (56 - 8 * i));
	crypto_hash_sha256_update(hash, be, sizeof(be));
}

static void
hash_bytes(crypto_hash_sha256_state *hash, struct bytes b)
{
	hash_number(hash, b.data != NULL ? (uint64_t)b.len + 1 : 0);
	crypto_hash_sha256_update(hash, b.data, b.len);
}

static void
line_link(const struct line *l, const uint8_t before[LINK_BYTES],
    uint8_t link[LINK_BYTES])
{
	const int64_t numbers[] = {
	    l->id, l->at, l->what, l->casefile, l->letter, l->outmail, l->code};
	crypto_hash_sha256_state hash;

	crypto_hash_sha256_init(&hash);
	crypto_hash_sha256_update(&hash, before, LINK_BYTES);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		hash_number(&hash, (uint64_t)numbers[i]);
	hash_bytes(&hash, l->actor);
	hash_bytes(&hash, l->digest);
	hash_bytes(&hash, l->note);
	crypto_hash_sha256_final(&hash, link);
}

/* ---- adding ---- */

static int
last_link(struct store *st, uint8_t link[LINK_BYTES], struct error *err)
{
	struct query q;

	memset(link, 0, LINK_BYTES);
	query_start(&q, st, FAMILY_RECORD, RECORD_LAST, err);
	if (query_next(&q) == 1)
		query_get_exact(&q, link, LINK_BYTES);
	return query_end(&q);
}

/* Salt and text, as they are sealed and digested. */
static struct bytes
salted_note(const void *ctx, const char *note, struct error *err)
{
	struct bytes clear = bytes_str(note);
	uint8_t *salted = talloc_size(ctx, SALT_BYTES + clear.len);

	if (salted == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return BYTES_NONE;
	}
	randombytes_buf(salted, SALT_BYTES);
	memcpy(salted + SALT_BYTES, clear.data, clear.len);
	return bytes_of(salted, SALT_BYTES + clear.len);
}

static int
insert_note(
    struct store *st, int64_t line, struct bytes salted, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_RECORD, RECORD_NOTE_ADD, err);
	query_int(&q, line);
	query_seal(&q, place("record_note", "value", line), salted);
	return query_run(&q);
}

static int
insert_line(struct store *st, const struct line *l, struct error *err)
{
	uint8_t before[LINK_BYTES];
	uint8_t link[LINK_BYTES];
	struct query q;

	if (last_link(st, before, err) != 0)
		return -1;
	line_link(l, before, link);
	query_start(&q, st, FAMILY_RECORD, RECORD_ADD, err);
	query_int(&q, l->id);
	query_int(&q, l->at);
	query_int(&q, l->what);
	query_int(&q, l->casefile);
	query_int(&q, l->letter);
	query_int(&q, l->outmail);
	query_int(&q, l->code);
	query_text(&q, (const char *)l->actor.data);
	query_blob(&q, l->digest);
	query_blob(&q, l->note);
	query_blob(&q, bytes_of(link, sizeof(link)));
	return query_run(&q);
}

/* The digest comes in hexadecimal: exactly one SHA-256. */
static int
digest_of(
    const char *hex, uint8_t digest[STORE_DIGEST_BYTES], struct error *err)
{
	size_t len = 0;
	const char *end = NULL;

	if (sodium_hex2bin(digest, STORE_DIGEST_BYTES, hex, strlen(hex), NULL,
		&len, &end) != 0 ||
	    len != STORE_DIGEST_BYTES || *end != '\0')
		return error_set(err, FAULT_BUG, "a digest that is no SHA-256");
	return 0;
}

int
store_record_add(
    struct store *st, const struct store_record *r, struct error *err)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	uint8_t note_digest[STORE_DIGEST_BYTES];
	struct bytes salted = BYTES_NONE;
	void *ctx = NULL;
	struct line l = {
	    .at = r->at,
	    .what = r->what,
	    .casefile = r->casefile,
	    .letter = r->letter,
	    .outmail = r->outmail,
	    .code = r->code,
	    .actor = bytes_str(r->actor),
	};
	int rc;

	if (r->actor == NULL)
		return error_set(err, FAULT_BUG, "a line by nobody");
	if (store_next_id(st, "record", &l.id, err) != 0)
		return -1;
	if (r->digest != NULL) {
		if (digest_of(r->digest, digest, err) != 0)
			return -1;
		l.digest = bytes_of(digest, sizeof(digest));
	}
	if (r->note != NULL) {
		ctx = talloc_new(st);
		salted = salted_note(ctx, r->note, err);
		if (salted.data == NULL) {
			talloc_free(ctx);
			return -1;
		}
		store_digest(salted, note_digest);
		l.note = bytes_of(note_digest, sizeof(note_digest));
	}
	rc = insert_line(st, &l, err);
	if (rc == 0 && salted.data != NULL)
		rc = insert_note(st, l.id, salted, err);
	talloc_free(ctx);
	return rc;
}

/* ---- reading ---- */

static void
get_line(struct query *q, struct line *l)
{
	l->id = query_get_int(q);
	l->at = query_get_int(q);
	l->what = query_get_int(q);
	l->casefile = query_get_int(q);
	l->letter = query_get_int(q);
	l->outmail = query_get_int(q);
	l->code = query_get_int(q);
	l->actor = query_get_blob(q);
	l->digest = query_get_blob(q);
	l->note = query_get_blob(q);
}

/* The note of a line, when its row was not purged: it must be that one. */
static char *
open_note(struct query *q, const void *ctx, const struct line *l)
{
	void *own = talloc_new(ctx);
	struct bytes salted =
	    query_open(q, own, place("record_note", "value", l->id));
	uint8_t digest[STORE_DIGEST_BYTES];
	char *note = NULL;

	if (salted.data == NULL) {
		talloc_free(own);
		return NULL;
	}
	store_digest(salted, digest);
	if (salted.len < SALT_BYTES ||
	    !bytes_equal(l->note, bytes_of(digest, sizeof(digest)))) {
		query_fail(q, FAULT_INPUT,
		    "the note of a line of the record was changed");
	} else {
		note = bytes_text(ctx,
		    bytes_span(salted, SALT_BYTES, salted.len - SALT_BYTES));
		if (note == NULL)
			query_fail(q, FAULT_RETRY, "out of memory");
	}
	talloc_free(own);
	return note;
}

static void
record_row(struct query *q, const void *ctx, struct store_record *r)
{
	struct line l;

	get_line(q, &l);
	*r = (struct store_record){
	    .id = l.id,
	    .at = l.at,
	    .what = (uint32_t)l.what,
	    .actor = bytes_text(ctx, l.actor),
	    .casefile = l.casefile,
	    .letter = l.letter,
	    .outmail = l.outmail,
	    .code = (uint32_t)l.code,
	    .digest = l.digest.data != NULL ? bytes_hex(ctx, l.digest) : NULL,
	    .chain = bytes_hex(ctx, query_get_blob(q)),
	};
	r->note = open_note(q, ctx, &l);
	if (r->actor == NULL || r->chain == NULL ||
	    (l.digest.data != NULL && r->digest == NULL))
		query_fail(q, FAULT_RETRY, "out of memory");
}

int
store_record_list(const void *ctx, struct store *st, int64_t casefile,
    int64_t after, size_t most, struct store_record **list, size_t *count,
    struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_RECORD,
	    casefile != 0 ? RECORD_LIST_CASE : RECORD_LIST, err);
	query_int(&q, after);
	if (casefile != 0)
		query_int(&q, casefile);
	query_int(&q, (int64_t)most);
	while (query_next(&q) == 1) {
		struct store_record *r =
		    query_row(&q, ctx, list, *count, sizeof(*r));

		if (r == NULL)
			break;
		record_row(&q, *list, r);
		++*count;
	}
	return query_end_list(&q, list, count);
}

/* ---- verifying ---- */

/* How many lines were ever written: cutting off the last ones shows, too. */
static int
lines_given(struct store *st, int64_t *given, struct error *err)
{
	struct query q;

	*given = 0;
	query_start(&q, st, FAMILY_RECORD, RECORD_GIVEN, err);
	if (query_next(&q) == 1)
		*given = query_get_int(&q);
	return query_end(&q);
}

int
store_record_walk(struct store *st, struct store_walk *walk, size_t most,
    bool *done, struct error *err)
{
	int64_t given = 0;
	bool whole = true;
	size_t n = 0;
	struct query q;

	*done = false;
	query_start(&q, st, FAMILY_RECORD, RECORD_ALL, err);
	query_int(&q, walk->lines);
	query_int(&q, (int64_t)most);
	while (whole && query_next(&q) == 1) {
		struct line l;
		uint8_t want[LINK_BYTES];

		get_line(&q, &l);
		line_link(&l, walk->link, want);
		whole = l.id == walk->lines + 1 &&
			bytes_equal(
			    query_get_blob(&q), bytes_of(want, sizeof(want)));
		if (whole) {
			memcpy(walk->link, want, LINK_BYTES);
			walk->lines++;
			n++;
		}
	}
	if (query_end(&q) != 0)
		return -1;
	if (whole && n < most) {
		if (lines_given(st, &given, err) != 0)
			return -1;
		whole = given == walk->lines;
		*done = whole;
	}
	if (!whole)
		return error_set(err, FAULT_INPUT,
		    "line %lld of the record is not as it was written",
		    (long long)walk->lines + 1);
	return 0;
}

int
store_record_verify(const void *ctx, struct store *st, int64_t *lines,
    char **head, struct error *err)
{
	struct store_walk walk = {0};
	bool done = false;

	*head = NULL;
	while (!done)
		if (store_record_walk(st, &walk, WALK_LINES, &done, err) != 0)
			return -1;
	*lines = walk.lines;
	*head = bytes_hex(ctx, bytes_of(walk.link, sizeof(walk.link)));
	if (*head == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}
