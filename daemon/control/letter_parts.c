/*
 * letter_parts.c - what an opening says: layers, findings, parts.
 *
 * Runs in the engine, for letter_show.c.  Of each part it tells which bytes
 * which key signed, and to whom that key is pinned.  What a letter says of
 * itself is never among the answers to that: those are words of the desk's,
 * made of numbers and settings.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/opening.h"

#define FIELD_MOST 4096 /* bytes of a field that are shown */

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

/* ---- who signed which bytes ---- */

bool
signer_is_good(const struct desk_signer *s)
{
	return s->verdict == VERDICT_PINNED || s->verdict == VERDICT_KNOWN;
}

const char *
signer_name(const struct desk_signer *s)
{
	if (s->correspondent != NULL)
		return s->correspondent->name;
	if (s->contact != NULL)
		return s->contact->name;
	return s->fingerprint;
}

json_t *
signer_pinned_to(const struct desk_signer *s)
{
	if (s->verdict == VERDICT_KNOWN)
		return json_text("the finder of this case");
	if (s->verdict != VERDICT_PINNED)
		return json_null();
	if (s->correspondent != NULL)
		return json_sprintf("correspondent %s", s->correspondent->name);
	return json_sprintf("contact %s of %s", s->contact->name,
	    s->department != NULL ? s->department->name : "?");
}

struct desk_signer
signer_of_layer(struct request *r, const struct opening *o, uint32_t layer,
    const char *bound_key)
{
	struct part *parts =
	    talloc_zero_array(r, struct part, (unsigned)(o->nparts + 1));
	struct opening with = *o;
	struct desk_signer signer;

	if (parts == NULL)
		return (struct desk_signer){
		    .verdict = VERDICT_UNSIGNED, .why = "out of memory"};
	if (o->nparts > 0)
		memcpy(parts, o->parts, o->nparts * sizeof(parts[0]));
	parts[o->nparts] = (struct part){.kind = PART_TEXT, .layer = layer};
	with.parts = parts;
	with.nparts++;
	signer = desk_part_signer(r->s, &with, o->nparts, bound_key);
	talloc_free(parts);
	return signer;
}

/* The signed octets: a span of the letter, or of what a layer opened to. */
static const struct part *
signed_span(const struct opening *o, const struct layer *layer)
{
	const struct part *span;

	if (layer->kind != LAYER_SIGNED || layer->part == 0 ||
	    layer->part > o->nparts)
		return NULL;
	span = &o->parts[layer->part - 1];
	if (span->off < 0 || span->len < 0 || span->off > INT64_MAX - span->len)
		return NULL;
	return span;
}

/* {"layer":0,"offset":411,"length":1422}; null: no span of bytes. */
static json_t *
bytes_json(const struct opening *o, uint32_t at)
{
	const struct layer *layer = opening_layer(o, at);
	const struct part *span = layer != NULL ? signed_span(o, layer) : NULL;

	if (span == NULL)
		return json_null();
	return json_pack("{s:i,s:I,s:I}", "layer", (int)layer->parent, "offset",
	    (json_int_t)span->off, "length", (json_int_t)span->len);
}

/* "bytes 412 to 1833 of the letter": the first byte is 1. */
static json_t *
covers_text(const struct opening *o, uint32_t at)
{
	const struct layer *layer = opening_layer(o, at);
	const struct part *span;
	int64_t first, last;

	if (layer == NULL || layer->nsignatures == 0)
		return json_null();
	if (layer->kind == LAYER_ENCRYPTED)
		return json_sprintf("all that layer %u opened to", at);
	if (layer->kind == LAYER_CLEARSIGNED)
		return json_sprintf(
		    "the text of the block, part %u", layer->part);
	span = signed_span(o, layer);
	if (span == NULL)
		return json_null();
	first = span->off + 1;
	last = span->off + span->len;
	if (layer->parent == 0)
		return json_sprintf("bytes %lld to %lld of the letter",
		    (long long)first, (long long)last);
	return json_sprintf("bytes %lld to %lld of what layer %u opened to",
	    (long long)first, (long long)last, layer->parent);
}

/* ---- layers ---- */

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

		for (size_t k = 0;
		     k < layer->nrecipients && k < LETTER_LIST_MOST; k++)
			json_array_append_new(
			    to, json_text(layer->recipients[k]));
		if (answer_row(r,
			json_pack(
			    "{s:i,s:i,s:i,s:s,s:s,s:b,s:o,s:o,s:{s:I},s:o}",
			    "layer", (int)i + 1, "parent", (int)layer->parent,
			    "part", (int)layer->part, "kind",
			    layer_kind_name(layer->kind), "outcome",
			    layer_outcome_name(layer->outcome), "opened",
			    layer->outcome == LAYER_OPEN, "note",
			    json_text(layer->note), "recipients", to, "counts",
			    "recipients", (json_int_t)layer->nrecipients,
			    "signatures", signatures_json(layer))) != 0)
			return -1;
	}
	return answer_list_end(r);
}

/* ---- findings ---- */

/* Does a good signature cover the subject that is shown? */
static bool
is_subject_covered(
    struct request *r, const struct opening *o, const char *bound_key)
{
	struct desk_signer s;

	if (o->inner.subject == NULL || o->inner.subject[0] == '\0')
		return false;
	s = signer_of_layer(r, o, o->inner_layer, bound_key);
	return signer_is_good(&s);
}

/* The same of a part; 0: of the subject. */
static bool
is_covered(const struct request *r, const struct opening *o, uint32_t part,
    bool subject, const char *bound_key)
{
	struct desk_signer s;

	if (part == 0)
		return subject;
	s = desk_part_signer(r->s, o, part - 1, bound_key);
	return signer_is_good(&s);
}

static int
answer_findings(
    struct request *r, const struct opening *o, const char *bound_key)
{
	bool subject = is_subject_covered(r, o, bound_key);

	if (answer_set(r, "counts",
		json_pack("{s:I,s:I}", "identifiers", (json_int_t)o->nidents,
		    "fields", (json_int_t)o->nfields)) != 0 ||
	    answer_list(r, "identifiers") != 0)
		return -1;
	for (size_t i = 0; i < o->nidents && i < LETTER_LIST_MOST; i++)
		if (answer_row(r, json_pack("{s:s,s:o,s:i,s:b}", "kind",
				      ident_kind_name(o->idents[i].kind),
				      "value", json_text(o->idents[i].value),
				      "part", (int)o->idents[i].part, "covered",
				      is_covered(r, o, o->idents[i].part,
					  subject, bound_key))) != 0)
			return -1;
	if (answer_list_end(r) != 0 || answer_list(r, "fields") != 0)
		return -1;
	for (size_t i = 0; i < o->nfields && i < LETTER_LIST_MOST; i++) {
		const char *value = o->fields[i].value;

		if (answer_row(r,
			json_pack("{s:s,s:o,s:i,s:b}", "field",
			    field_kind_name(o->fields[i].kind), "value",
			    value == NULL
				? json_null()
				: text_part(value, strlen(value), FIELD_MOST),
			    "part", (int)o->fields[i].part, "covered",
			    is_covered(r, o, o->fields[i].part, subject,
				bound_key))) != 0)
			return -1;
	}
	return answer_list_end(r);
}

int
answer_opening(
    struct request *r, const struct opening *o, const char *bound_key)
{
	enum reason limit = desk_limit(o);

	if (answer_set(r, "limit",
		json_text(limit != REASON_NONE ? reason_text(limit) : NULL)) !=
		0 ||
	    answer_set(r, "truncated", json_boolean(o->truncated != 0)) != 0 ||
	    answer_set(r, "headers", headers_json(&o->headers)) != 0 ||
	    answer_set(r, "protected", protected_json(r, o, bound_key)) != 0 ||
	    answer_layers(r, o) != 0)
		return -1;
	return answer_findings(r, o, bound_key);
}

/* ---- parts ---- */

static const struct {
	uint32_t flag;
	const char *name; /* for programs */
	const char *text; /* for people; NULL: note_of() makes one */
} part_flags[] = {
    {PART_FORWARDED, "forwarded", "from a message inside this letter"},
    {PART_HTML, "html", "an HTML part, shown as text"},
    {PART_GUESSED, "guessed", NULL},
    {PART_LOSSY, "lossy", "some bytes could not be read"},
    {PART_REPEATED, "repeated", NULL},
    {PART_ARCHIVE, "archive", "an archive: never unpacked here"},
    {PART_HEADER, "autocrypt", "from an Autocrypt field"},
    {PART_IN_TEXT, "in-text", "it stood inside a text"},
    {PART_ATTACHED, "attached", "attached as a file"},
};

#define NFLAGS (sizeof(part_flags) / sizeof(part_flags[0]))

/* The same but for white space: HTML breaks lines in its own way. */
static bool
same_words(struct bytes a, struct bytes b)
{
	size_t i = 0, k = 0;

	for (;;) {
		while (i < a.len && a.data[i] <= ' ')
			i++;
		while (k < b.len && b.data[k] <= ' ')
			k++;
		if (i == a.len || k == b.len)
			return i == a.len && k == b.len;
		if (a.data[i++] != b.data[k++])
			return false;
	}
}

/* The earlier part that a repeated block repeats + 1; 0: none is found. */
static size_t
repeated_part(const struct opening *o, size_t i)
{
	if ((o->parts[i].flags & PART_REPEATED) == 0)
		return 0;
	for (size_t k = 0; k < i; k++)
		if (o->parts[k].kind == o->parts[i].kind &&
		    same_words(o->parts[k].content, o->parts[i].content))
			return k + 1;
	return 0;
}

static json_t *
note_of(const struct opening *o, size_t i, size_t flag)
{
	const struct part *part = &o->parts[i];

	if (part_flags[flag].text != NULL)
		return json_text(part_flags[flag].text);
	if (part_flags[flag].flag == PART_GUESSED)
		return json_sprintf("read as %s, not as labelled",
		    part->charset != NULL ? part->charset : "UTF-8");
	if (repeated_part(o, i) == 0)
		return json_text("the same block as an earlier part");
	return json_sprintf("the same block as part %zu", repeated_part(o, i));
}

/* The key that came along, where this is the part it came in. */
static json_t *
key_json(const struct opening *o, size_t i)
{
	json_t *names = json_array();

	if (o->key_part != i + 1 || o->key_fingerprint == NULL) {
		json_decref(names);
		return json_null();
	}
	for (size_t k = 0; k < o->nkey_uids; k++)
		json_array_append_new(names, json_text(o->key_uids[k]));
	return json_pack("{s:o,s:o,s:b}", "fingerprint",
	    json_text(o->key_fingerprint), "user_ids", names, "signed",
	    o->key_signed != 0);
}

/* By which key: the pinned one, or what the only signature there is says. */
static void
set_key(json_t *row, const struct opening *o, const struct desk_signer *s)
{
	const struct layer *layer = opening_layer(o, s->layer);
	const struct signature *only =
	    layer != NULL && layer->nsignatures == 1 ? layer->signatures : NULL;
	const char *key = s->fingerprint;

	if (key == NULL && only != NULL)
		key = only->primary;
	json_object_set_new(row, "fingerprint", json_text(key));
	json_object_set_new(row, "claimed_key",
	    json_text(key == NULL && only != NULL ? only->claimed : NULL));
	json_object_set_new(row, "pinned_to", signer_pinned_to(s));
}

/*
 * The part that has the words of a block signed in clear + 1: what its layer
 * opened to, under the verdict of the signature.  0: it is no such block, or
 * one that did not open.
 */
static size_t
text_part_of(const struct opening *o, size_t i)
{
	size_t block = repeated_part(o, i);

	block = block != 0 ? block : i + 1;
	if (o->parts[i].kind != PART_CLEARSIGNED)
		return 0;
	for (size_t k = 0; k < o->nparts; k++) {
		const struct layer *layer = opening_layer(o, o->parts[k].layer);

		if (layer != NULL && layer->part == block &&
		    layer->kind == LAYER_CLEARSIGNED &&
		    layer->outcome == LAYER_OPEN)
			return k + 1;
	}
	return 0;
}

/*
 * The words of a part; null: it is no text, must not be shown, or another part
 * has its words.
 */
static json_t *
content_of(const struct part *part, bool elsewhere)
{
	json_t *content;

	if (elsewhere || part->content.len == 0 ||
	    (part->kind != PART_TEXT && part->kind != PART_DSN &&
		part->kind != PART_CLEARSIGNED))
		return json_null();
	content = text_part((const char *)part->content.data, part->content.len,
	    CONTROL_PART_MAX);
	/* A clearsigned block is bytes as sent: perhaps not UTF-8. */
	return content != NULL ? content : json_null();
}

int
answer_part(
    struct request *r, const struct opening *o, size_t i, const char *bound_key)
{
	const struct part *part = &o->parts[i];
	const struct layer *layer = opening_layer(o, part->layer);
	struct desk_signer s = desk_part_signer(r->s, o, i, bound_key);
	size_t text_in = text_part_of(o, i);
	json_t *content = content_of(part, s.withheld || text_in != 0);
	json_t *flags = json_array();
	json_t *notes = json_array();
	json_t *row;

	for (size_t k = 0; k < NFLAGS; k++) {
		if ((part->flags & part_flags[k].flag) == 0)
			continue;
		json_array_append_new(flags, json_text(part_flags[k].name));
		json_array_append_new(notes, note_of(o, i, k));
	}
	row = json_pack("{s:i,s:s,s:o,s:o,s:b,s:b,s:s,s:o,s:o,s:o,s:o,s:o,s:b,"
			"s:o,s:o,s:o,s:I,s:b,s:o,s:o}",
	    "part", (int)i + 1, "kind", part_kind_name(part->kind), "type",
	    json_text(part->type), "name", json_text(part->name), "encrypted",
	    layer != NULL && layer->kind == LAYER_ENCRYPTED, "covered",
	    signer_is_good(&s), "verdict", verdict_name(s.verdict), "signer",
	    json_text(signer_is_good(&s) ? signer_name(&s) : NULL), "why",
	    json_text(s.why), "layer", json_number(s.layer), "bytes",
	    bytes_json(o, s.layer), "over", covers_text(o, s.layer), "withheld",
	    s.withheld, "flags", flags, "notes", notes, "key", key_json(o, i),
	    "size", (json_int_t)part->content.len, "cut",
	    json_is_string(content) && part->content.len > CONTROL_PART_MAX,
	    "text", content, "text_in", json_number((int64_t)text_in));
	if (row != NULL)
		set_key(row, o, &s);
	return answer_row(r, row);
}
