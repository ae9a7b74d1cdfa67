/*
 * engine_opening.c - what rooms said of a letter, put together: the opening.
 *
 * Runs in the engine process.  Everything that a read room or a vault says is
 * checked here, as if an attacker had written it, before it is taken.
 */
#include "engine_open.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define APPEND(ctx, list, nlist, from, nfrom)                                  \
	do {                                                                   \
		(list) = talloc_realloc_size(                                  \
		    ctx, list, ((nlist) + (nfrom) + 1) * sizeof(*(list)));     \
		if ((list) == NULL)                                            \
			return error_set(err, FAULT_RETRY, "out of memory");   \
		if ((nfrom) > 0)                                               \
			memcpy((list) + (nlist), from,                         \
			    (nfrom) * sizeof(*(list)));                        \
		(nlist) += (nfrom);                                            \
	} while (0)

struct open_state *
open_state_of(struct task *task)
{
	return task->state;
}

/* ---- a reading ---- */

/* What a hostile read room may not say. */
static int
check_reading(const struct engine *e, const struct reading *r,
    const struct source *source, struct error *err)
{
	for (size_t i = 0; i < r->nparts; i++) {
		const struct part *p = &r->parts[i];

		if (p->kind < PART_TEXT || p->kind > PART_DSN)
			return error_set(err, FAULT_INPUT, "part of no kind");
		if (p->within > i)
			return error_set(
			    err, FAULT_INPUT, "part within a later one");
		if (p->within > 0 &&
		    r->parts[p->within - 1].kind != PART_SIGNED)
			return error_set(err, FAULT_INPUT,
			    "part within one that is not signed");
		if (p->off < 0 || p->len < 0 ||
		    (p->len > 0 && bytes_span(source->data, (uint64_t)p->off,
				       (uint64_t)p->len)
					   .data == NULL))
			return error_set(
			    err, FAULT_INPUT, "span outside of the letter");
		if (p->kind == PART_TEXT && !text_valid(p->content))
			return error_set(err, FAULT_INPUT, "text is not UTF-8");
	}
	if (r->inner_within > r->nparts ||
	    (r->inner_within > 0 &&
		r->parts[r->inner_within - 1].kind != PART_SIGNED))
		return error_set(
		    err, FAULT_INPUT, "fields of one that is not signed");
	for (size_t i = 0; i < r->nhits; i++)
		if (r->hits[i].product >= e->s->nproducts ||
		    r->hits[i].part > r->nparts)
			return error_set(err, FAULT_INPUT, "no such product");
	for (size_t i = 0; i < r->nidents; i++)
		if (r->idents[i].part > r->nparts || r->idents[i].value == NULL)
			return error_set(err, FAULT_INPUT, "no such part");
	for (size_t i = 0; i < r->nfields; i++)
		if (r->fields[i].part > r->nparts || r->fields[i].value == NULL)
			return error_set(err, FAULT_INPUT, "no such part");
	return 0;
}

static int
add_pending(struct task *task, size_t part, size_t source, struct error *err)
{
	struct open_state *s = open_state_of(task);
	struct pending one = {part, source};

	APPEND(s, s->pending, s->npending, &one, 1);
	return 0;
}

static int
take_parts(struct task *task, const struct reading *r, size_t source,
    struct error *err)
{
	struct open_state *s = open_state_of(task);
	struct opening *o = s->o;
	size_t base = o->nparts;

	APPEND(o, o->parts, o->nparts, r->parts, r->nparts);
	for (size_t i = base; i < o->nparts; i++) {
		struct part *p = &o->parts[i];

		if (p->within > 0)
			p->within += (uint32_t)base;
		p->layer = s->sources[source].layer;
		p->depth += s->sources[source].depth;
		if ((p->flags & PART_REPEATED) == 0 &&
		    (p->kind == PART_ENCRYPTED || p->kind == PART_SIGNED ||
			p->kind == PART_CLEARSIGNED) &&
		    add_pending(task, i, source, err) != 0)
			return -1;
	}
	return 0;
}

static bool
has_fields(const struct headers *h)
{
	return h->subject != NULL || h->nfrom > 0 || h->nsender > 0 ||
	       h->nreply_to > 0 || h->nto > 0 || h->message_id != NULL ||
	       h->nreferences > 0 || h->date != 0;
}

int
opening_take_reading(struct task *task, const struct reading *r, size_t source,
    struct error *err)
{
	struct open_state *s = open_state_of(task);
	struct opening *o = s->o;
	size_t base = o->nparts;
	size_t idents = o->nidents;
	size_t fields = o->nfields;
	size_t hits = o->nhits;

	if (check_reading(task->engine, r, &s->sources[source], err) != 0 ||
	    take_parts(task, r, source, err) != 0)
		return -1;
	APPEND(o, o->idents, o->nidents, r->idents, r->nidents);
	APPEND(o, o->fields, o->nfields, r->fields, r->nfields);
	APPEND(o, o->hits, o->nhits, r->hits, r->nhits);
	/* Part numbers of this reading become those of the opening. */
	for (size_t i = idents; i < o->nidents; i++)
		if (o->idents[i].part > 0)
			o->idents[i].part += (uint32_t)base;
	for (size_t i = fields; i < o->nfields; i++)
		if (o->fields[i].part > 0)
			o->fields[i].part += (uint32_t)base;
	for (size_t i = hits; i < o->nhits; i++)
		if (o->hits[i].part > 0)
			o->hits[i].part += (uint32_t)base;
	o->japanese |= r->japanese;
	o->truncated |= r->truncated;
	if (o->limit == READ_LIMIT_NONE)
		o->limit = r->limit;
	if (source == 0)
		o->headers = r->headers;
	s->sources[source].inner = r->inner;
	if (r->inner_within > 0) /* once it was looked at: opening_cover() */
		s->sources[source].inner_part =
		    r->inner_within + (uint32_t)base;
	else
		s->sources[source].inner_layer = s->sources[source].layer;
	return 0;
}

int
opening_add_source(struct task *task, struct bytes data, uint32_t layer,
    uint32_t depth, struct error *err)
{
	struct open_state *s = open_state_of(task);
	struct source one = {.data = data, .layer = layer, .depth = depth};

	APPEND(s, s->sources, s->nsources, &one, 1);
	return 0;
}

/* ---- layers ---- */

const struct part *
opening_part_pending(const struct open_state *s)
{
	return &s->o->parts[s->pending[s->next].part];
}

uint32_t
opening_depth(const struct open_state *s, uint32_t layer)
{
	uint32_t depth = 0;

	while (layer > 0) {
		layer = s->o->layers[layer - 1].parent;
		depth++;
	}
	return depth;
}

int
opening_add_layer(struct task *task, const struct vault_opened *v,
    uint32_t *layer, struct error *err)
{
	struct open_state *s = open_state_of(task);
	const struct part *p = opening_part_pending(s);
	struct layer one = {0};

	/* "BEGIN PGP MESSAGE" may hold what is signed alone: no recipient. */
	one.kind = p->kind == PART_ENCRYPTED &&
			   (v->outcome != LAYER_OPEN || v->nrecipients > 0)
		       ? LAYER_ENCRYPTED
		   : p->kind == PART_ENCRYPTED ? LAYER_SIGNED
		   : p->kind == PART_SIGNED    ? LAYER_SIGNED
					       : LAYER_CLEARSIGNED;
	one.parent = s->sources[s->pending[s->next].source].layer;
	one.part = (uint32_t)s->pending[s->next].part + 1;
	one.outcome = v->outcome;
	one.signatures = v->signatures;
	one.nsignatures = v->nsignatures;
	one.recipients = v->recipients;
	one.nrecipients = v->nrecipients;
	one.for_us = v->for_us;
	one.note = v->note;
	APPEND(s->o, s->o->layers, s->o->nlayers, &one, 1);
	*layer = (uint32_t)s->o->nlayers;
	if (one.kind == LAYER_ENCRYPTED && one.outcome == LAYER_OPEN)
		s->o->encrypted = 1;
	if (one.kind == LAYER_ENCRYPTED && one.outcome != LAYER_OPEN)
		s->o->unopened = 1;
	return 0;
}

/*
 * Every part that lies in the signed one is covered by this layer; a layer
 * that is opened later out of such a part is covered through its parent.  So
 * are the protected fields that stand under this signature.
 */
void
opening_cover(struct open_state *s, size_t signed_part, uint32_t layer)
{
	/* What a part lies in stands before it: one pass, however deep. */
	for (size_t i = signed_part + 1; i < s->o->nparts; i++) {
		uint32_t within = s->o->parts[i].within;

		if (within == signed_part + 1 ||
		    (within > signed_part + 1 &&
			s->o->parts[within - 1].layer == layer))
			s->o->parts[i].layer = layer;
	}
	for (size_t i = 0; i < s->nsources; i++)
		if (s->sources[i].inner_part == signed_part + 1 &&
		    s->o->layers[layer - 1].outcome == LAYER_OPEN)
			s->sources[i].inner_layer = layer;
}

/* ---- the protected fields ---- */

/* Does it stand in a message inside of the letter? */
static bool
is_forwarded(const struct opening *o, uint32_t layer)
{
	for (; layer > 0; layer = o->layers[layer - 1].parent)
		if ((o->parts[o->layers[layer - 1].part - 1].flags &
			PART_FORWARDED) != 0)
			return true;
	return false;
}

/* The innermost encryption that it lies in, itself counted; 0: none. */
static uint32_t
encryption_around(const struct opening *o, uint32_t layer)
{
	while (layer > 0 && o->layers[layer - 1].kind != LAYER_ENCRYPTED)
		layer = o->layers[layer - 1].parent;
	return layer;
}

/*
 * How well a part stands for what the letter itself says: what was encrypted
 * before what was not, a text before a file, the deeper one; 0: not at all.
 */
static uint32_t
words_rank(const struct opening *o, const struct open_state *s, size_t part)
{
	const struct part *p = &o->parts[part];
	bool text = p->kind == PART_TEXT && (p->flags & PART_ATTACHED) == 0 &&
		    !text_is_blank(p->content);

	if (p->layer == 0 || (p->flags & PART_FORWARDED) != 0 ||
	    is_forwarded(o, p->layer))
		return 0;
	return (encryption_around(o, p->layer) > 0 ? 0x20000 : 0) +
	       (text ? 0x10000 : 0) + opening_depth(s, p->layer);
}

static bool
take_inner(struct open_state *s, uint32_t layer)
{
	for (size_t i = 0; i < s->nsources; i++) {
		const struct source *from = &s->sources[i];

		if (from->inner_layer != layer || !has_fields(&from->inner))
			continue;
		s->o->inner = from->inner;
		s->o->inner_layer = layer;
		return true;
	}
	return false;
}

/*
 * Somebody on the way can sign or encrypt around a letter, or lay a part
 * beside it, with fields of his own: they say nothing of words in another
 * encryption.
 */
void
opening_settle_inner(struct open_state *s)
{
	const struct opening *o = s->o;
	uint32_t layer = 0;
	uint32_t best = 0;
	uint32_t last;

	for (size_t i = 0; i < o->nparts; i++) {
		uint32_t rank = words_rank(o, s, i);

		if (rank > best) {
			best = rank;
			layer = o->parts[i].layer;
		}
	}
	last = encryption_around(o, layer);
	for (; layer > 0 && !take_inner(s, layer) && layer != last;
	     layer = o->layers[layer - 1].parent)
		;
}

/* What a vault in bad hands may not say. */
int
opening_check_layer(const struct vault_opened *v, struct error *err)
{
	if (v->outcome < LAYER_OPEN || v->outcome >= LAYER_OUTCOME_COUNT)
		return error_set(err, FAULT_INPUT, "no such outcome");
	if (v->outcome != LAYER_OPEN && v->plain.len > 0)
		return error_set(err, FAULT_INPUT, "text of a closed layer");
	for (size_t i = 0; i < v->nsignatures; i++) {
		const struct signature *sig = &v->signatures[i];

		if (sig->status < SIGNATURE_GOOD ||
		    sig->status > SIGNATURE_UNSUPPORTED ||
		    (sig->primary != NULL &&
			!text_is_fingerprint(sig->primary)) ||
		    (sig->status == SIGNATURE_GOOD && sig->primary == NULL))
			return error_set(
			    err, FAULT_INPUT, "a signature that cannot be");
	}
	return 0;
}
