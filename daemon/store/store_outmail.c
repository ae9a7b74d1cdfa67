/*
 * store_outmail.c - what leaves: mails, their states, their sealed bytes.
 *
 * A report has at most one acknowledgement, and one note to resend: unique
 * indexes of the table say so, whatever the callers do (RULES 2, 6).  The
 * bytes to be sent stay beside the row until the mail is sent or cancelled.
 * Runs in the engine.  Never sends, never decides what may be sent.
 */
#include "store_internal.h"

#include <stdint.h>

#include <talloc.h>

#include "psirtd/text.h"

enum {
	OUTMAIL_ADD,
	OUTMAIL_GET,
	OUTMAIL_PUT,
	OUTMAIL_EDIT,
	OUTMAIL_BOUNCE,
	OUTMAIL_NEXT,
	OUTMAIL_NEXT_TIME,
	OUTMAIL_NEXT_TO,
	OUTMAIL_LIST,
	OUTMAIL_LIST_STATE,
	OUTMAIL_LIST_CASE,
	OUTMAIL_LIST_LETTER,
	OUTMAIL_LIST_STEP,
	OUTMAIL_COUNT_ALL,
	OUTMAIL_COUNT_TO,
	OUTMAIL_LATEST,
	WIRE_PUT,
	WIRE_GET,
	WIRE_DROP,
	OUTMAIL_STMT_COUNT
};

#define OUTMAIL_COLUMNS                                                        \
	"id, kind, state, casefile, letter, report, made, not_before, sent,"   \
	" tries, smtp_code, encrypt, with_files, automatic, step, audience,"   \
	" policy, parts, overridden, question, bounced, recipient_key,"        \
	" reason, message_id, sender, recipient_address, recipient_name,"      \
	" recipient, recipient_key_fpr, subject, body, in_reply_to,"           \
	" department, language"
#define OUTMAIL_SELECT "SELECT " OUTMAIL_COLUMNS " FROM outmail"

static const char *const sql[OUTMAIL_STMT_COUNT] = {
    /* Refused by one of the unique indexes, it changes no row. */
    [OUTMAIL_ADD] = "INSERT INTO outmail (" OUTMAIL_COLUMNS ", lookup) VALUES"
		    " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		    " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		    " ON CONFLICT DO NOTHING",
    [OUTMAIL_GET] = OUTMAIL_SELECT " WHERE id = ?",
    [OUTMAIL_PUT] = "UPDATE outmail SET state = ?, not_before = ?, sent = ?,"
		    " tries = ?, smtp_code = ?, automatic = ?,"
		    " overridden = ?, reason = ?"
		    " WHERE id = ? AND state = ?",
    [OUTMAIL_EDIT] = "UPDATE outmail SET subject = ?, body = ?"
		     " WHERE id = ? AND state = 1",
    [OUTMAIL_BOUNCE] = "UPDATE outmail SET bounced = ?"
		       " WHERE id = ? AND bounced = 0",
    /* Nothing waits for more than an hour: the clock has gone back. */
    [OUTMAIL_NEXT] = "SELECT id FROM outmail WHERE state = ?1 AND id > ?2"
		     " AND (not_before <= ?3 OR not_before > ?3 + 7200)"
		     " ORDER BY id LIMIT 1",
    [OUTMAIL_NEXT_TIME] = "SELECT min(not_before) FROM outmail"
			  " WHERE state = ? AND not_before > ?",
    [OUTMAIL_NEXT_TO] = "SELECT id FROM outmail WHERE casefile = ?"
			" AND audience = ? AND id > ? ORDER BY id LIMIT 1",
    [OUTMAIL_LIST] = OUTMAIL_SELECT " ORDER BY id DESC LIMIT ?",
    [OUTMAIL_LIST_STATE] = OUTMAIL_SELECT " WHERE state = ?"
					  " ORDER BY id DESC LIMIT ?",
    [OUTMAIL_LIST_CASE] = OUTMAIL_SELECT " WHERE casefile = ?1"
					 " AND (?2 = 0 OR state = ?2)"
					 " ORDER BY id DESC LIMIT ?3",
    [OUTMAIL_LIST_LETTER] = OUTMAIL_SELECT " WHERE letter = ?"
					   " ORDER BY id DESC LIMIT ?",
    [OUTMAIL_LIST_STEP] = OUTMAIL_SELECT " WHERE step = ? ORDER BY id",
    /* kind 6: alert.  What the desk is told uses nothing up of the rest. */
    [OUTMAIL_COUNT_ALL] = "SELECT count(*) FROM outmail"
			  " WHERE automatic = 1 AND kind <> 6 AND made >= ?",
    [OUTMAIL_COUNT_TO] = "SELECT count(*) FROM outmail"
			 " WHERE automatic = 1 AND made >= ?"
			 " AND lookup IN (?, ?)",
    [OUTMAIL_LATEST] = "SELECT max(made, not_before) AS at FROM outmail"
		       " WHERE automatic = 1 AND kind <> 6 AND made >= ?1"
		       " AND (?2 IS NULL OR lookup IN (?2, ?3))"
		       " ORDER BY at DESC LIMIT 1 OFFSET ?4 - 1",
    [WIRE_PUT] = "INSERT INTO outmail_wire (outmail, wire) VALUES (?, ?)"
		 " ON CONFLICT (outmail) DO UPDATE SET wire = excluded.wire",
    [WIRE_GET] = "SELECT wire FROM outmail_wire WHERE outmail = ?",
    [WIRE_DROP] = "DELETE FROM outmail_wire WHERE outmail = ?",
};

_Static_assert(OUTMAIL_DRAFT == 1, "OUTMAIL_EDIT");

const struct store_sql store_outmail_sql = {sql, OUTMAIL_STMT_COUNT};

static const struct text_field outmail_texts[] = {
    {"reason", offsetof(struct store_outmail, reason)},
    {"message_id", offsetof(struct store_outmail, message_id)},
    {"sender", offsetof(struct store_outmail, from)},
    {"recipient_address", offsetof(struct store_outmail, to)},
    {"recipient_name", offsetof(struct store_outmail, to_name)},
    {"recipient", offsetof(struct store_outmail, recipient)},
    {"recipient_key_fpr", offsetof(struct store_outmail, recipient_key_fpr)},
    {"subject", offsetof(struct store_outmail, subject)},
    {"body", offsetof(struct store_outmail, body)},
    {"in_reply_to", offsetof(struct store_outmail, in_reply_to)},
    {"department", offsetof(struct store_outmail, department)},
    {"language", offsetof(struct store_outmail, language)},
};

#define NTEXTS (sizeof(outmail_texts) / sizeof(outmail_texts[0]))

const char *
outmail_state_name(uint32_t state)
{
	static const char *const names[] = {
	    [OUTMAIL_DRAFT] = "draft",
	    [OUTMAIL_HELD] = "held",
	    [OUTMAIL_APPROVED] = "approved",
	    [OUTMAIL_SEALED] = "sealed",
	    [OUTMAIL_SENDING] = "sending",
	    [OUTMAIL_SENT] = "sent",
	    [OUTMAIL_UNCERTAIN] = "uncertain",
	    [OUTMAIL_FAILED] = "failed",
	    [OUTMAIL_CANCELLED] = "cancelled",
	};

	return state >= OUTMAIL_DRAFT && state <= OUTMAIL_CANCELLED
		   ? names[state]
		   : "?";
}

/* Reads a row of OUTMAIL_COLUMNS. */
static void
outmail_row(struct query *q, const void *ctx, struct store_outmail *m)
{
	*m = (struct store_outmail){0};
	m->id = query_get_int(q);
	m->kind = query_get_u32(q);
	m->state = query_get_u32(q);
	m->casefile = query_get_int(q);
	m->letter = query_get_int(q);
	m->report = query_get_int(q);
	m->made = query_get_int(q);
	m->not_before = query_get_int(q);
	m->sent = query_get_int(q);
	m->tries = query_get_u32(q);
	m->smtp_code = query_get_u32(q);
	m->encrypt = query_get_u32(q);
	m->with_files = query_get_u32(q);
	m->automatic = query_get_u32(q);
	m->step = query_get_int(q);
	m->audience = query_get_u32(q);
	m->policy = query_get_u32(q);
	m->parts = query_get_u32(q);
	m->overridden = query_get_u32(q);
	m->question = query_get_int(q);
	m->bounced = query_get_int(q);
	m->recipient_key =
	    query_open(q, ctx, place("outmail", "recipient_key", m->id));
	query_open_fields(q, ctx, "outmail", m->id, m, outmail_texts, NTEXTS);
}

/* The hash that mails to one address are counted by. */
int
recipient_lookup(struct store *st, const char *address,
    struct lookup_hash *hash, struct error *err)
{
	char *folded = text_lower(st, address);
	int rc;

	if (folded == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = seal_lookup(st, LOOKUP_RECIPIENT, bytes_str(folded), hash, err);
	talloc_free(folded);
	return rc;
}

static void
bind_outmail(struct query *q, const struct store_outmail *m)
{
	query_int(q, m->id);
	query_int(q, m->kind);
	query_int(q, m->state);
	query_id(q, m->casefile);
	query_id(q, m->letter);
	query_id(q, m->report);
	query_int(q, m->made);
	query_int(q, m->not_before);
	query_int(q, m->sent);
	query_int(q, m->tries);
	query_int(q, m->smtp_code);
	query_int(q, m->encrypt != 0);
	query_int(q, m->with_files != 0);
	query_int(q, m->automatic != 0);
	query_id(q, m->step);
	query_int(q, m->audience);
	query_int(q, m->policy);
	query_int(q, m->parts);
	query_int(q, m->overridden);
	query_id(q, m->question);
	query_int(q, m->bounced);
	query_seal(
	    q, place("outmail", "recipient_key", m->id), m->recipient_key);
	query_seal_fields(q, "outmail", m->id, m, outmail_texts, NTEXTS);
}

int
store_outmail_add(struct store *st, struct store_outmail *m, struct error *err)
{
	struct lookup_hash hash = {0};
	struct query q;

	if (m->to == NULL)
		return error_set(err, FAULT_INPUT, "a mail to nobody");
	if (store_next_id(st, "outmail", &m->id, err) != 0 ||
	    recipient_lookup(st, m->to, &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_ADD, err);
	bind_outmail(&q, m);
	query_blob(&q, lookup_present(&hash));
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) > 0)
		return 0;
	m->id = 0;
	return error_set(
	    err, FAULT_DENIED, "this report has its answer already");
}

int
store_outmail_get(const void *ctx, struct store *st, int64_t id,
    struct store_outmail *m, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1)
		outmail_row(&q, ctx, m);
	return query_end_found(&q, found);
}

static int
drop_wire(struct store *st, int64_t id, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_OUTMAIL, WIRE_DROP, err);
	query_int(&q, id);
	return query_run(&q);
}

int
store_outmail_put(struct store *st, const struct store_outmail *m,
    uint32_t from, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_PUT, err);
	query_int(&q, m->state);
	query_int(&q, m->not_before);
	query_int(&q, m->sent);
	query_int(&q, m->tries);
	query_int(&q, m->smtp_code);
	query_int(&q, m->automatic != 0);
	query_int(&q, m->overridden);
	query_seal_text(&q, place("outmail", "reason", m->id), m->reason);
	query_int(&q, m->id);
	query_int(&q, from);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(err, FAULT_DENIED,
		    "mail %lld is in another state by now", (long long)m->id);
	if (m->state == OUTMAIL_SENT || m->state == OUTMAIL_CANCELLED)
		return drop_wire(st, m->id, err);
	return 0;
}

int
store_outmail_edit(struct store *st, int64_t id, const char *subject,
    const char *body, struct error *err)
{
	size_t voided;
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_EDIT, err);
	query_seal_text(&q, place("outmail", "subject", id), subject);
	query_seal_text(&q, place("outmail", "body", id), body);
	query_int(&q, id);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(
		    err, FAULT_DENIED, "mail %lld is no draft", (long long)id);
	return store_approval_void(st, id, &voided, err);
}

int
store_outmail_bounced(
    struct store *st, int64_t id, int64_t at, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_BOUNCE, err);
	query_int(&q, at);
	query_int(&q, id);
	return query_run(&q);
}

/* ---- the sealed message ---- */

int
store_outmail_wire_put(
    struct store *st, int64_t id, struct bytes wire, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL, WIRE_PUT, err);
	query_int(&q, id);
	query_seal(&q, place("outmail_wire", "wire", id), wire);
	return query_run(&q);
}

int
store_outmail_wire_get(const void *ctx, struct store *st, int64_t id,
    struct bytes *wire, struct error *err)
{
	struct query q;

	*wire = BYTES_NONE;
	query_start(&q, st, FAMILY_OUTMAIL, WIRE_GET, err);
	query_int(&q, id);
	if (query_next(&q) == 1)
		*wire = query_open(&q, ctx, place("outmail_wire", "wire", id));
	return query_end(&q);
}

/* ---- which is next, which are there ---- */

int
store_outmail_next(struct store *st, uint32_t state, int64_t now, int64_t after,
    int64_t *id, int64_t *next, struct error *err)
{
	struct query q;

	*id = 0;
	*next = 0;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_NEXT, err);
	query_int(&q, state);
	query_int(&q, after);
	query_int(&q, now);
	if (query_next(&q) == 1)
		*id = query_get_int(&q);
	if (query_end(&q) != 0)
		return -1;
	/* A walk over all of them, whatever their time, asks for no time. */
	if (now == INT64_MAX)
		return 0;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_NEXT_TIME, err);
	query_int(&q, state);
	query_int(&q, now);
	if (query_next(&q) == 1)
		*next = query_get_int(&q);
	return query_end(&q);
}

int
store_outmail_next_to(struct store *st, int64_t casefile, uint32_t audience,
    int64_t after, int64_t *id, struct error *err)
{
	struct query q;

	*id = 0;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_NEXT_TO, err);
	query_int(&q, casefile);
	query_int(&q, audience);
	query_int(&q, after);
	if (query_next(&q) == 1)
		*id = query_get_int(&q);
	return query_end(&q);
}

static int
outmail_rows(const void *ctx, struct query *q, struct store_outmail **list,
    size_t *count)
{
	while (query_next(q) == 1) {
		struct store_outmail *m =
		    query_row(q, ctx, list, *count, sizeof(*m));

		if (m == NULL)
			break;
		outmail_row(q, *list, m);
		++*count;
	}
	return query_end_list(q, list, count);
}

int
store_outmail_list(const void *ctx, struct store *st, uint32_t state,
    int64_t casefile, size_t most, struct store_outmail **list, size_t *count,
    struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_OUTMAIL,
	    casefile != 0 ? OUTMAIL_LIST_CASE
	    : state != 0  ? OUTMAIL_LIST_STATE
			  : OUTMAIL_LIST,
	    err);
	if (casefile != 0)
		query_int(&q, casefile);
	if (casefile != 0 || state != 0)
		query_int(&q, state);
	query_int(&q, (int64_t)most);
	return outmail_rows(ctx, &q, list, count);
}

int
store_outmail_of_letter(const void *ctx, struct store *st, int64_t letter,
    size_t most, struct store_outmail **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_LIST_LETTER, err);
	query_int(&q, letter);
	query_int(&q, (int64_t)most);
	return outmail_rows(ctx, &q, list, count);
}

int
store_outmail_of_step(const void *ctx, struct store *st, int64_t step,
    struct store_outmail **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_LIST_STEP, err);
	query_int(&q, step);
	return outmail_rows(ctx, &q, list, count);
}

int
store_automatic_count(struct store *st, const char *address, int64_t since,
    unsigned *count, struct error *err)
{
	struct lookup_hash hash = {0};
	struct query q;

	*count = 0;
	if (address != NULL && recipient_lookup(st, address, &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL,
	    address != NULL ? OUTMAIL_COUNT_TO : OUTMAIL_COUNT_ALL, err);
	query_int(&q, since);
	if (address != NULL)
		query_lookup(&q, &hash);
	if (query_next(&q) == 1)
		*count = query_get_u32(&q);
	return query_end(&q);
}

int
store_automatic_latest(struct store *st, const char *address, int64_t since,
    unsigned nth, int64_t *at, struct error *err)
{
	struct lookup_hash hash = {0};
	struct query q;

	*at = 0;
	if (address != NULL && recipient_lookup(st, address, &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_OUTMAIL, OUTMAIL_LATEST, err);
	query_int(&q, since);
	query_lookup(&q, &hash);
	query_int(&q, nth);
	if (query_next(&q) == 1)
		*at = query_get_int(&q);
	return query_end(&q);
}
