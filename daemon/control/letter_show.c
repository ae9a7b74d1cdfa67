/*
 * letter_show.c - `psirt letter N`: a letter is read by a person.
 *
 * Runs in the engine.  Takes the sealed opening (or, --raw, the bytes) out
 * of the store, commits the line of the record, then answers part by part;
 * what each of them is told of stands in letter_parts.c.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/opening.h"

#define RAW_CHUNK 49152 /* a multiple of three: base64 without padding */
#define MAILS_MOST 200  /* the newest, that it is the cause of */

struct reader {
	struct store_letter letter;
	struct opening *opening; /* NULL: never opened */
	char *bound_key;         /* of the case's finder */
	size_t part;
	struct bytes raw;
	size_t at;
};

/* A VN or TN stands in it, or it claims to be a notice: the clocks run. */
static bool
has_clocks(const struct store_letter *l, const struct opening *o)
{
	if (l->state == LETTER_FILED || l->state == LETTER_DROPPED)
		return false;
	for (size_t i = 0; o != NULL && i < o->nidents; i++)
		if (o->idents[i].kind == IDENT_JVN ||
		    o->idents[i].kind == IDENT_JVNVU ||
		    o->idents[i].kind == IDENT_JPCERT)
			return true;
	return letter_claims(l);
}

/* What was sent to the writer of this letter: two kinds, newest first. */
static int
answer_answered(struct request *r, const struct store_letter *l)
{
	struct store_outmail *list = NULL;
	size_t count = 0;

	if (store_outmail_of_letter(
		r, r->st, l->id, MAILS_MOST, &list, &count, &r->err) != 0 ||
	    answer_list(r, "answered") != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct store_outmail *m = &list[i];

		if (m->kind != MAIL_RESEND && m->kind != MAIL_ACKNOWLEDGE)
			continue;
		if (answer_row(r, json_pack("{s:I,s:s,s:s,s:o}", "mail",
				      (json_int_t)m->id, "how",
				      m->kind == MAIL_RESEND ? "asked to resend"
							     : "acknowledged",
				      "state", outmail_state_name(m->state),
				      "sent", json_time(m->sent))) != 0)
			return -1;
	}
	talloc_free(list);
	return answer_list_end(r);
}

static int
answer_head(struct request *r, struct reader *reader)
{
	const struct store_letter *l = &reader->letter;
	const struct opening *o = reader->opening;
	json_t *row = letter_row(r, l);
	const char *key;
	json_t *value;

	if (row == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	json_object_foreach(row, key, value)
	{
		if (answer_set(r, key, json_incref(value)) != 0) {
			json_decref(row);
			return -1;
		}
	}
	json_decref(row);
	if (answer_set(r, "signer", letter_signer(l, reader->bound_key)) != 0 ||
	    answer_set(r, "opened", json_boolean(o != NULL)) != 0 ||
	    answer_answered(r, l) != 0 ||
	    answer_set(r, "clocks",
		has_clocks(l, o) ? clocks_json(r->s, FLOW_JPCERT, l->received)
				 : json_array()) != 0)
		return -1;
	if (o != NULL
		? answer_opening(r, o, reader->bound_key) != 0
		: answer_set(r, "headers",
		      json_pack("{s:o,s:o}", "subject", json_text(l->subject),
			  "sender_address", json_text(l->sender))) != 0)
		return -1;
	return answer_list(r, "parts");
}

/* ---- the raw bytes ---- */

static int
answer_chunk(struct request *r, struct reader *reader)
{
	size_t left = reader->raw.len - reader->at;
	size_t len = left < RAW_CHUNK ? left : RAW_CHUNK;
	char *text = base64(r, bytes_span(reader->raw, reader->at, len));
	int rc;

	if (text == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	rc = answer_row(r, json_string(text));
	talloc_free(text);
	reader->at += len;
	return rc;
}

/* ---- the cursor ---- */

/* Its bytes were taken once: their digest is known. */
static bool
letter_was_here(const struct store_letter *l)
{
	static const uint8_t none[STORE_DIGEST_BYTES];

	return memcmp(l->digest, none, sizeof(none)) != 0;
}

static int
reader_load(struct request *r, struct reader *reader)
{
	const struct store_letter *l = &reader->letter;
	struct bytes wire = BYTES_NONE;
	struct store_case c;

	if (request_has(r, OPTION_RAW)) {
		if (store_letter_bytes(
			reader, r->st, l->id, &reader->raw, &r->err) != 0)
			return -1;
		if (reader->raw.len == 0 && letter_was_here(l)) {
			request_fail(r, CONTROL_EXIT_REFUSED,
			    "letter %lld was purged: its digest alone is kept",
			    (long long)l->id);
			return -1;
		}
		if (reader->raw.len == 0) {
			request_fail(r, CONTROL_EXIT_REFUSED,
			    "the bytes of letter %lld are not here: it lies "
			    "in the mailbox, folder %s",
			    (long long)l->id, r->s->too_large);
			return -1;
		}
		return 0;
	}
	if (store_opening_get(reader, r->st, l->id, &wire, &r->err) < 0)
		return -1;
	if (wire.len > 0) {
		reader->opening = opening_decode(reader, wire, &r->err);
		if (reader->opening == NULL)
			return error_prefix(
			    &r->err, "letter %lld", (long long)l->id);
	}
	if (l->casefile == 0)
		return 0;
	switch (store_case_get(reader, r->st, l->casefile, &c, &r->err)) {
	case 1:
		if (c.finder_key_standing >= FINDER_KEY_BOUND)
			reader->bound_key = c.finder_key;
		return 0;
	case 0:
		return 0;
	default:
		return -1;
	}
}

static int
reader_start(struct request *r)
{
	struct reader *reader = talloc_zero(r, struct reader);

	if (reader == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	r->state = reader;
	if (!request_letter(r, r->words[0], &reader->letter) ||
	    reader_load(r, reader) != 0)
		return -1;
	/* Read by this person: on disk before the first byte leaves. */
	if (request_record(r, reader->letter.casefile, reader->letter.id, 0,
		request_has(r, OPTION_RAW), NULL, false) != 0)
		return -1;
	if (!request_has(r, OPTION_RAW))
		return answer_head(r, reader);
	if (answer_set(r, "letter", json_integer(reader->letter.id)) != 0 ||
	    answer_set(r, "size", json_integer((json_int_t)reader->raw.len)) !=
		0)
		return -1;
	return answer_list(r, "raw");
}

static int
reader_next(struct request *r, const struct store_letter *l)
{
	json_t *next = json_array();
	long long id = (long long)l->id;

	switch (l->state) {
	case LETTER_INQUIRY:
	case LETTER_SET_ASIDE:
	case LETTER_QUARANTINED:
		json_array_append_new(
		    next, json_text(talloc_asprintf(r, "psirt file %lld", id)));
		json_array_append_new(next,
		    json_text(
			talloc_asprintf(r, "psirt drop %lld --why TEXT", id)));
		break;
	case LETTER_DROPPED:
		json_array_append_new(
		    next, json_text(talloc_asprintf(r, "psirt file %lld", id)));
		break;
	case LETTER_FILED:
		if (l->casefile != 0)
			json_array_append_new(
			    next, json_text(talloc_asprintf(r, "psirt show %s",
				      request_case_number(r, l->casefile))));
		break;
	default:
		break;
	}
	if (reason_may_reopen((enum reason)l->reason))
		json_array_append_new(next,
		    json_text(
			talloc_asprintf(r, "psirt letter %lld --reopen", id)));
	return answer_set(r, "next", next);
}

enum turn
letter_run(struct request *r)
{
	struct reader *reader;

	if (r->state == NULL && reader_start(r) != 0)
		return TURN_FAILED;
	reader = r->state;
	while (
	    reader->opening != NULL && reader->part < reader->opening->nparts) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (answer_part(r, reader->opening, reader->part++,
			reader->bound_key) != 0)
			return TURN_FAILED;
	}
	while (reader->at < reader->raw.len) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (answer_chunk(r, reader) != 0)
			return TURN_FAILED;
	}
	if (answer_list_end(r) != 0 || reader_next(r, &reader->letter) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
