/*
 * letter_show.c - `psirt letter N`: a letter is read by a person.
 *
 * Runs in the engine.  Takes the sealed opening (or, --raw, the bytes) out
 * of the store, commits the line of the record, then answers part by part.
 * Each part says whose good signature covers it, or that none does: the
 * letter cannot say so itself.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/opening.h"

#define RAW_CHUNK 49152 /* a multiple of three: base64 without padding */
#define LIST_MOST 100   /* addresses, identifiers, fields */
#define FIELD_MOST 4096 /* bytes of a field that are shown */
#define MAILS_MOST 200  /* the newest, that it is the cause of */

struct reader {
	struct store_letter letter;
	struct opening *opening; /* NULL: never opened */
	char *bound_key;         /* of the case's finder */
	size_t part;
	struct bytes raw;
	size_t at;
};

/* At most `most` bytes, not in the middle of a character. */
static json_t *
text_part(const char *text, size_t len, size_t most)
{
	if (len > most) {
		len = most;
		while (len > 0 && ((uint8_t)text[len] & 0xc0) == 0x80)
			len--;
	}
	return json_stringn(text, len);
}

/* ---- what stands above the parts ---- */

static json_t *
addresses(const struct mail_address *list, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n && i < LIST_MOST; i++)
		json_array_append_new(array,
		    json_pack("{s:o,s:o}", "name", json_text(list[i].name),
			"address", json_text(list[i].address)));
	return array;
}

static json_t *
headers_json(const struct opening *o)
{
	const struct headers *h = &o->headers;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "from",
	    addresses(h->from, h->nfrom), "sender",
	    addresses(h->sender, h->nsender), "reply_to",
	    addresses(h->reply_to, h->nreply_to), "to",
	    addresses(h->to, h->nto), "date", json_time(h->date), "subject",
	    json_text(h->subject), "protected_subject",
	    json_text(o->inner.subject), "message_id",
	    json_text(h->message_id));
}

static json_t *
signatures_json(const struct layer *layer)
{
	json_t *array = json_array();

	for (size_t i = 0; i < layer->nsignatures; i++) {
		const struct signature *s = &layer->signatures[i];

		json_array_append_new(array,
		    json_pack("{s:s,s:o,s:o,s:o}", "status",
			signature_status_name(s->status), "key",
			json_text(s->primary), "claimed", json_text(s->claimed),
			"made", json_time(s->made)));
	}
	return array;
}

static int
answer_layers(struct request *r, const struct opening *o)
{
	if (answer_list(r, "layers") != 0)
		return -1;
	for (size_t i = 0; i < o->nlayers; i++) {
		const struct layer *layer = &o->layers[i];
		json_t *to = json_array();

		for (size_t k = 0; k < layer->nrecipients && k < LIST_MOST; k++)
			json_array_append_new(
			    to, json_text(layer->recipients[k]));
		if (answer_row(
			r, json_pack("{s:i,s:s,s:s,s:b,s:o,s:o,s:o}", "layer",
			       (int)i + 1, "kind", layer_kind_name(layer->kind),
			       "outcome", layer_outcome_name(layer->outcome),
			       "opened", layer->outcome == LAYER_OPEN, "note",
			       json_text(layer->note), "recipients", to,
			       "signatures", signatures_json(layer))) != 0)
			return -1;
	}
	return answer_list_end(r);
}

static int
answer_findings(struct request *r, const struct opening *o)
{
	if (answer_list(r, "identifiers") != 0)
		return -1;
	for (size_t i = 0; i < o->nidents && i < LIST_MOST; i++)
		if (answer_row(
			r, json_pack("{s:s,s:o}", "kind",
			       ident_kind_name(o->idents[i].kind), "value",
			       json_text(o->idents[i].value))) != 0)
			return -1;
	if (answer_list_end(r) != 0 || answer_list(r, "fields") != 0)
		return -1;
	for (size_t i = 0; i < o->nfields && i < LIST_MOST; i++) {
		const char *value = o->fields[i].value;

		if (value == NULL)
			continue;
		if (answer_row(r,
			json_pack("{s:s,s:o}", "field",
			    field_kind_name(o->fields[i].kind), "value",
			    text_part(value, strlen(value), FIELD_MOST))) != 0)
			return -1;
	}
	return answer_list_end(r);
}

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
	if (answer_set(r, "signer", json_text(l->signer)) != 0 ||
	    answer_set(r, "opened", json_boolean(o != NULL)) != 0 ||
	    answer_answered(r, l) != 0 ||
	    answer_set(r, "clocks",
		has_clocks(l, o) ? clocks_json(r->s, FLOW_JPCERT, l->received)
				 : json_array()) != 0 ||
	    answer_set(r, "headers",
		o != NULL
		    ? headers_json(o)
		    : json_pack("{s:o,s:o}", "subject", json_text(l->subject),
			  "sender_address", json_text(l->sender))) != 0)
		return -1;
	if (o != NULL &&
	    (answer_layers(r, o) != 0 || answer_findings(r, o) != 0))
		return -1;
	return answer_list(r, "parts");
}

/* ---- the parts ---- */

static const char *
signer_name(const struct desk_signer *s)
{
	if (s->correspondent != NULL)
		return s->correspondent->name;
	if (s->contact != NULL)
		return s->contact->name;
	return s->fingerprint;
}

static int
answer_part(struct request *r, const struct reader *reader, size_t i)
{
	const struct opening *o = reader->opening;
	const struct part *part = &o->parts[i];
	struct desk_signer signer =
	    desk_part_signer(r->s, o, i, reader->bound_key);
	bool covered =
	    signer.verdict == VERDICT_PINNED || signer.verdict == VERDICT_KNOWN;
	bool text = part->kind == PART_TEXT || part->kind == PART_DSN ||
		    part->kind == PART_CLEARSIGNED;
	json_t *content = json_null();

	if (text && part->content.len > 0) {
		content = text_part((const char *)part->content.data,
		    part->content.len, CONTROL_PART_MAX);
		/* A clearsigned block is bytes as sent: perhaps not UTF-8. */
		if (content == NULL)
			content = json_null();
	}
	return answer_row(r,
	    json_pack("{s:i,s:s,s:o,s:o,s:b,s:b,s:s,s:o,s:o,s:I,s:b,s:o}",
		"part", (int)i + 1, "kind", part_kind_name(part->kind), "type",
		json_text(part->type), "name", json_text(part->name),
		"encrypted",
		part->layer > 0 && part->layer <= o->nlayers &&
		    o->layers[part->layer - 1].kind == LAYER_ENCRYPTED,
		"covered", covered, "verdict", verdict_name(signer.verdict),
		"signer", json_text(covered ? signer_name(&signer) : NULL),
		"why", json_text(signer.why), "size",
		(json_int_t)part->content.len, "cut",
		text && part->content.len > CONTROL_PART_MAX, "text", content));
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

enum step
letter_run(struct request *r)
{
	struct reader *reader;

	if (r->state == NULL && reader_start(r) != 0)
		return STEP_FAILED;
	reader = r->state;
	while (
	    reader->opening != NULL && reader->part < reader->opening->nparts) {
		if (!request_has_time(r))
			return STEP_MORE;
		if (answer_part(r, reader, reader->part++) != 0)
			return STEP_FAILED;
	}
	while (reader->at < reader->raw.len) {
		if (!request_has_time(r))
			return STEP_MORE;
		if (answer_chunk(r, reader) != 0)
			return STEP_FAILED;
	}
	if (answer_list_end(r) != 0 || reader_next(r, &reader->letter) != 0)
		return STEP_FAILED;
	return STEP_DONE;
}
