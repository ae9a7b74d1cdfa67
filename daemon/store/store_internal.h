/*
 * store_internal.h - what the files of the store share.
 *
 *   store.c          opening and closing the file, transactions
 *   store_schema.c, store_schema_3.c   migrations
 *   store_query.c    binding, stepping and reading prepared statements
 *   store_seal.c     sealing, look-up hashes, streams of letter bytes
 *   store_key.c      the data key: its row, its locked memory
 *   store_renew.c, _row.c, _letter.c   a new data key: all is sealed anew
 *   store_mailbox.c  mailboxes and copies
 *   store_intake.c   a letter arrives
 *   store_letter.c   letters and openings
 *   store_case.c     cases and their numbers
 *   store_known.c    what a case is known by; reports
 *   store_outmail.c  what leaves
 *   store_record.c   the record
 *   store_alert.c    alerts and counts
 *   store_flow.c     the texts of flow files, memos
 *   store_step.c     passes of a case through steps
 *   store_answer.c   what is on record of a case; used signatures
 *   store_desk.c     questions, tasks, who was told what
 *   store_approval.c approvals of drafts
 *   store_clock.c    clocks
 *   store_link.c     cases that belong together: links, marks, merging
 *   store_inspect.c  what can be seen without the key
 *   store_backup.c   a copy of it all
 *   store_purge.c    what is kept no longer
 *
 * Each family of statements is one table of texts, indexed by an enum of its
 * file and prepared when the store is opened.
 */
#ifndef PSIRTD_STORE_INTERNAL_H
#define PSIRTD_STORE_INTERNAL_H

#include <sodium.h>
#include <sqlite3.h>

#include "psirtd/store.h"

/* ---- statements ---- */

enum store_family {
	FAMILY_CORE, /* store.c */
	FAMILY_KEY,
	FAMILY_RENEW,
	FAMILY_RENEW_LETTER,
	FAMILY_MAILBOX,
	FAMILY_INTAKE,
	FAMILY_LETTER,
	FAMILY_CASE,
	FAMILY_KNOWN,
	FAMILY_OUTMAIL,
	FAMILY_RECORD,
	FAMILY_ALERT,
	FAMILY_FLOW,
	FAMILY_STEP,
	FAMILY_ANSWER,
	FAMILY_DESK,
	FAMILY_APPROVAL,
	FAMILY_CLOCK,
	FAMILY_LINK,
	FAMILY_EXPIRY,
	FAMILY_PIN,
	FAMILY_INSPECT,
	FAMILY_PURGE,
	FAMILY_COUNT
};

struct store_sql {
	const char *const *text;
	int count;
};

extern const struct store_sql store_core_sql, store_key_sql, store_renew_sql,
    store_renew_letter_sql, store_mailbox_sql, store_intake_sql,
    store_letter_sql, store_case_sql, store_known_sql, store_outmail_sql,
    store_record_sql, store_alert_sql, store_flow_sql, store_step_sql,
    store_answer_sql, store_desk_sql, store_approval_sql, store_clock_sql,
    store_link_sql, store_expiry_sql, store_pin_sql, store_inspect_sql,
    store_purge_sql;

struct store_keys;

/* What a renewal stepped over: store_renew.c. */
struct renew_left {
	int64_t n;
	char where[400];
};

struct store {
	sqlite3 *db;
	const char *vfs; /* of a copy; NULL: the common one */
	sqlite3_stmt **stmts[FAMILY_COUNT];
	bool begun;
	struct store_keys *keys;   /* locked memory; NULL until unlocked */
	struct store_keys *former; /* while it is renewed: the one before */
	uint32_t former_id;        /* of that; 0: none */
	struct renew_left leaving; /* by the walk of the renewal */
	struct renew_left left;    /* by the last whole one */
};

/* Says which fault a result code of SQLite is, with its text; returns -1. */
int store_sql_error(
    struct store *st, int rc, const char *what, struct error *err);
/* A whole copy, for looking, by its name in that VFS of SQLite. */
struct store *store_look_copy(
    const void *ctx, const char *name, const char *vfs, struct error *err);
/* FAULT_BUG outside a transaction; FAULT_RETRY when SQLite gave it up. */
int store_writing(const struct store *st, struct error *err);
/*
 * Ids that stand in sealed associated data are taken from a counter, so that
 * they are known before the row is and never come again.
 */
int store_next_id(
    struct store *st, const char *table, int64_t *id, struct error *err);

/* ---- one run of a statement (store_query.c) ---- */

struct lookup_hash;

/* Where a sealed value stands: part of its associated data. */
struct place {
	const char *table, *column;
	int64_t row;
};

static inline struct place
place(const char *table, const char *column, int64_t row)
{
	return (struct place){table, column, row};
}

/* A sealed text member of a row, by its column. */
struct text_field {
	const char *column;
	size_t offset; /* of a char * */
};

/*
 * Values are bound in the order of the ?s and read in the order of the
 * columns.  A failure is kept until the next query_next, query_run or
 * query_end, which returns it.
 */
struct query {
	struct store *st;
	sqlite3_stmt *stmt;
	struct error *err;
	int at;
	bool failed;
};

void query_start(struct query *q, struct store *st, enum store_family family,
    int statement, struct error *err);
void query_int(struct query *q, int64_t value);
void query_id(struct query *q, int64_t id); /* 0 is NULL */
void query_text(struct query *q, const char *text);
/* Kept by pointer until the query ends. */
void query_blob(struct query *q, struct bytes blob);
/* Two ?s: under the present key, and under the former or NULL. */
void query_lookup(struct query *q, const struct lookup_hash *hash);
/* Starts a query of which the first value is a look-up, and steps it: under
 * the present key or, where that gives nothing, under the former. */
int query_find(struct query *q, struct store *st, enum store_family family,
    int statement, const struct lookup_hash *hash, struct error *err);
void query_seal(struct query *q, struct place where, struct bytes clear);
void query_seal_text(struct query *q, struct place where, const char *clear);
void query_seal_fields(struct query *q, const char *table, int64_t row,
    const void *base, const struct text_field *fields, size_t count);

/* 1: a row stands ready; 0: no more; -1. */
int query_next(struct query *q);
/* Runs a statement that gives no rows, and ends it. */
int query_run(struct query *q);
/* Of a statement that gives id, casefile and a time: the first row. */
int query_due(struct store *st, enum store_family family, int statement,
    struct store_due *due, struct error *err);
/* Of one that sets a time of the row with this id. */
int query_put_off(struct store *st, enum store_family family, int statement,
    int64_t id, int64_t at, struct error *err);
/* Ends a query; -1 when anything in it failed. */
int query_end(struct query *q);
/* For a query of at most one row: ends it; the value of `found`, or -1. */
int query_end_found(struct query *q, int found);
/* For a query that made a list: ends it; where it failed, frees the list. */
int query_end_list(struct query *q, void *list_out, size_t *count);

int64_t query_get_int(struct query *q);
uint32_t query_get_u32(struct query *q);
char *query_get_text(struct query *q, const void *ctx);
/* A view, until the next step; {NULL,0} for NULL. */
struct bytes query_get_blob(struct query *q);
/* Copies exactly len bytes; a NULL column leaves zeros. */
void query_get_exact(struct query *q, uint8_t *to, size_t len);
struct bytes query_open(struct query *q, const void *ctx, struct place where);
char *query_open_text(struct query *q, const void *ctx, struct place where);
void query_open_fields(struct query *q, const void *ctx, const char *table,
    int64_t row, void *base, const struct text_field *fields, size_t count);
/*
 * The place of the next row in a list, zeroed; NULL with the query failed.
 * What belongs to a row is made a child of the list.
 */
void *query_row(struct query *q, const void *ctx, void *list_out, size_t count,
    size_t size);
/* For callers that find fault with a value they read. */
void query_fail(struct query *q, enum fault fault, const char *text);

/* ---- sealing (store_seal.c) ---- */

#define SEAL_CHUNK 65536 /* clear bytes in one row of letter bytes */
#define SEAL_HASH_BYTES 32
#define SEAL_LOOKUP_MAX (4 + SEAL_HASH_BYTES)

/* Each kind hashes under a key of its own, so that rows of different tables
 * cannot be tied to each other without the data key. */
enum lookup {
	LOOKUP_IDENT = 1,
	LOOKUP_ADDRESS,
	LOOKUP_MESSAGE_ID,
	LOOKUP_REPORT,
	LOOKUP_RECIPIENT,
	LOOKUP_FLOW,
	LOOKUP_REF,
	LOOKUP_SIGNATURE,
	LOOKUP_MARK,
	LOOKUP_KEY,
	LOOKUP_COUNT
};

/* A talloc'ed sealed copy; {NULL,0} with err set. */
struct bytes seal_close(const void *ctx, struct store *st, struct place where,
    struct bytes clear, struct error *err);
struct bytes seal_open(const void *ctx, struct store *st, struct place where,
    struct bytes sealed, struct error *err);

/*
 * What a value is found by.  While the data key is renewed it stands in a
 * table under the present key or under the former one, never under both
 * (store_renew.c).
 */
struct lookup_hash {
	uint8_t present[SEAL_LOOKUP_MAX], former[SEAL_LOOKUP_MAX];
	size_t present_len;
	size_t former_len; /* 0: no key is being renewed */
};

/* {NULL,0} where there is none. */
static inline struct bytes
lookup_present(const struct lookup_hash *hash)
{
	return hash->present_len > 0
		   ? bytes_of(hash->present, hash->present_len)
		   : BYTES_NONE;
}

static inline struct bytes
lookup_former(const struct lookup_hash *hash)
{
	return hash->former_len > 0 ? bytes_of(hash->former, hash->former_len)
				    : BYTES_NONE;
}

int seal_lookup(struct store *st, enum lookup kind, struct bytes value,
    struct lookup_hash *hash, struct error *err);
/* The hash under the present key of a value that `was` is the former one of. */
int seal_lookup_again(struct store *st, struct bytes was,
    struct lookup_hash *hash, struct error *err);
/* The data key that a sealed value, a header or a look-up is under; 0: none. */
uint32_t sealed_key(struct bytes sealed);
uint32_t header_key(struct bytes header);
uint32_t lookup_key(struct bytes lookup);
/* The hash that mails to one address are found by: store_outmail.c */
int recipient_lookup(struct store *st, const char *address,
    struct lookup_hash *hash, struct error *err);

/* The bytes of one letter, as a stream of chunks. */
#define SEAL_STREAM_HEADER                                                     \
	(4 + crypto_secretstream_xchacha20poly1305_HEADERBYTES)
#define SEAL_CHUNK_SEALED                                                      \
	(SEAL_CHUNK + crypto_secretstream_xchacha20poly1305_ABYTES)

struct seal_stream {
	crypto_secretstream_xchacha20poly1305_state state;
	int64_t letter;
	uint32_t key; /* id of the data key */
	uint32_t seq; /* of the next chunk */
	bool final;   /* the last chunk was seen */
};

int seal_stream_begin(struct store *st, struct seal_stream *stream,
    int64_t letter, uint8_t header[SEAL_STREAM_HEADER], struct error *err);
/* out has room for SEAL_CHUNK_SEALED bytes. */
int seal_stream_push(struct seal_stream *stream, struct bytes clear, bool final,
    uint8_t *out, size_t *out_len, struct error *err);
int seal_stream_resume(struct store *st, struct seal_stream *stream,
    int64_t letter, struct bytes header, struct error *err);
/* out has room for SEAL_CHUNK bytes. */
int seal_stream_pull(struct seal_stream *stream, struct bytes sealed,
    uint8_t *out, size_t *out_len, struct error *err);

/* ---- the data key (store_key.c) ---- */

#define SUBKEY_BYTES 32

/*
 * Marks and used signatures are hashes alone: there is no value to hash anew.
 * So the hash of a value under a later key is that under the key before,
 * hashed once more; the subkeys of the hashes before are carried along.
 */
struct store_keys {
	uint32_t id;
	uint8_t column[SUBKEY_BYTES];
	uint8_t stream[SUBKEY_BYTES];
	uint8_t lookup[LOOKUP_COUNT][SUBKEY_BYTES];
	size_t nagain;
	uint8_t again[][SUBKEY_BYTES]; /* one for each key after the first */
};

/*
 * Makes the subkeys of the former data key, if that is its id, and else of
 * the present one readable until key_done: a caller that opens compares the
 * id.  NULL with FAULT_SETUP when the store is locked.
 */
const struct store_keys *key_use(
    struct store *st, uint32_t id, struct error *err);
void key_done(struct store *st);
void key_forget(struct store *st);
/* The row of the key after the present one; inside a transaction. */
int key_add_next(struct store *st, struct bytes wrapped,
    const uint8_t key[STORE_KEY_BYTES], struct error *err);
/* The present one becomes the former; store_unlock() gives the next. */
void key_next(struct store *st);
/* Wiped, when nothing is under it any more. */
void key_forget_former(struct store *st);

/* ---- renewing the data key (store_renew.c) ---- */

/*
 * Before a value is added to a table where it stands once: what stands there
 * under the former key is brought under the present one.
 */
int renew_lookup(struct store *st, const char *table,
    const struct lookup_hash *hash, struct error *err);
/*
 * A letter of which a part is sealed anew: `stream` is made that of its
 * beginning, and *rest that of the chunks from rest->seq on.
 */
int renew_letter(struct store *st, int64_t letter, struct seal_stream *stream,
    struct seal_stream *rest, struct error *err); /* 1, 0 it is whole, -1 */

/* ---- schema (store_schema.c) ---- */

extern const char *const store_migrations[];
extern const char store_version_3[], store_version_5[], store_renew_version[];
extern const int store_migration_count;

/*
 * Refuses (FAULT_SETUP) a file that is no database, another program's, or
 * newer than `count`; *version is what it has, 0 when it is empty.
 */
int store_schema_check(
    struct store *st, int count, int *version, struct error *err);
/* Brings a database to version `count` of `migrations`. */
int store_migrate(struct store *st, const char *const *migrations, int count,
    struct error *err);

/* ---- intake (store_intake.c) ---- */

/* Throws away what was arriving when the last run ended. */
int store_intake_sweep(struct store *st, struct error *err);

#endif
