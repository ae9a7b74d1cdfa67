/*
 * engine_open.c - the stop `open`: received -> opened.
 *
 * Runs in the engine process and opens nothing itself: it carries bytes
 * between a read room, which finds the layers of PGP, and a vault, which
 * opens them, until nothing is closed or a limit is met.  What both say is
 * put together into one opening and committed, sealed, with the new state.
 *
 * A signature is checked over a span of the very bytes that were read: the
 * span is cut here, out of the canonical letter or of an opened entity, which
 * is made once and kept beside the task (RULES 11).
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

#define TRIES_MOST 3   /* a letter that ends us thrice is quarantined */
#define DEPTH_MOST 4   /* layers in layers */
#define LAYERS_MOST 32 /* layers in all */

/* Bytes that were given to the read room; spans point into them. */
struct source {
	struct bytes data;
	uint32_t layer; /* the layer they came out of + 1; 0: the letter */
	uint32_t depth;
};

/* A layer found and not yet opened. */
struct pending {
	size_t part; /* index in opening.parts */
	size_t source;
};

struct open_state {
	struct opening *o;
	struct source *sources;
	size_t nsources;
	struct pending *pending;
	size_t npending;
	size_t next;  /* the pending one that the vault has, or will get */
	bool reading; /* else the vault is asked */
	bool keys_asked;
	bool readable; /* the letter itself could be read */
	struct bytes bound_key;
};

static void open_next(struct task *task);
static void find_bound_key(struct task *task);

static struct open_state *
state_of(struct task *task)
{
	return task->state;
}

/* ---- the end of the task ---- */

static int
commit_opening(struct task *task, struct error *err)
{
	struct engine *e = task->engine;
	struct open_state *s = state_of(task);
	struct store_letter letter = {0};
	struct buf *wire = buf_new(task, ROOM_FRAME_MAX);
	int found;

	if (s->readable && wire_encode(&opening_wire, s->o, wire, err) != 0)
		return -1;
	found = store_letter_get(task, e->st, task->id, &letter, err);
	if (found <= 0 || letter.state != LETTER_RECEIVED)
		return found < 0 ? -1 : 0;
	letter.state = LETTER_OPENED;
	letter.tries = 0; /* a later --reopen counts anew */
	if (store_begin(e->st, err) != 0)
		return -1;
	if (s->readable &&
	    store_opening_put(e->st, task->id, buf_bytes(wire), err) != 0)
		return -1;
	if (store_letter_put(e->st, &letter, LETTER_RECEIVED, err) != 0 ||
	    engine_record(e, RECORD_LETTER_OPENED, letter.casefile, task->id, 0,
		s->readable ? (uint32_t)s->o->nlayers : 0, err) != 0)
		return -1;
	return stop_commit(e, "open", err);
}

static void
open_done(struct task *task)
{
	struct error err = {0};

	if (commit_opening(task, &err) != 0)
		engine_trouble(task->engine, "open", &err);
	else
		log_info("letter=%lld stop=open layers=%zu%s",
		    (long long)task->id, state_of(task)->o->nlayers,
		    state_of(task)->readable ? "" : " unreadable");
	task_done(task);
}

/* The tables still say `received`: another worker takes it up again. */
void
open_lost(struct task *task)
{
	log_warn("letter=%lld stop=open interrupted", (long long)task->id);
	task_done(task);
}

/* ---- putting a reading into the opening ---- */

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
	struct open_state *s = state_of(task);
	struct pending one = {part, source};

	APPEND(s, s->pending, s->npending, &one, 1);
	return 0;
}

static int
take_parts(struct task *task, const struct reading *r, size_t source,
    struct error *err)
{
	struct open_state *s = state_of(task);
	struct opening *o = s->o;
	size_t base = o->nparts;

	APPEND(o, o->parts, o->nparts, r->parts, r->nparts);
	for (size_t i = base; i < o->nparts; i++) {
		struct part *p = &o->parts[i];

		if (p->within > 0)
			p->within += (uint32_t)base;
		p->layer = s->sources[source].layer;
		p->depth += s->sources[source].depth;
		if ((p->kind == PART_ENCRYPTED || p->kind == PART_SIGNED ||
			p->kind == PART_CLEARSIGNED) &&
		    add_pending(task, i, source, err) != 0)
			return -1;
	}
	return 0;
}

static int
take_reading(struct task *task, const struct reading *r, size_t source,
    struct error *err)
{
	struct open_state *s = state_of(task);
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
	if (source == 0) {
		o->headers = r->headers;
	} else if (o->inner_subject == NULL && r->headers.subject != NULL) {
		o->inner_subject = r->headers.subject;
	}
	return 0;
}

/* ---- read ---- */

static int
add_source(struct task *task, struct bytes data, uint32_t layer, uint32_t depth,
    struct error *err)
{
	struct open_state *s = state_of(task);
	struct source one = {data, layer, depth};

	APPEND(s, s->sources, s->nsources, &one, 1);
	return 0;
}

static void
ask_read(
    struct task *task, uint32_t mode, const char *charset, struct bytes data)
{
	struct read_job job = {mode, charset, data};

	state_of(task)->reading = true;
	room_tell(&task->worker->read, READ_JOB, &read_job_wire, &job);
}

void
open_read_frame(struct task *task, const struct frame *frame)
{
	struct open_state *s = state_of(task);
	size_t source = s->nsources - 1;
	struct error err = {0};
	struct reading *r;

	if (!s->reading)
		return;
	s->reading = false;
	if (frame->type == READ_DONE) {
		/* Lives as long as the opening that points into it. */
		r = wire_decode(s->o, &reading_wire, frame->payload, &err);
		if (r != NULL && take_reading(task, r, source, &err) == 0) {
			s->readable = true;
			if (source == 0)
				find_bound_key(task);
			open_next(task);
			return;
		}
		log_warn("letter=%lld stop=open read: %s", (long long)task->id,
		    err.text);
	}
	/* The letter itself cannot be read: nothing more to open.  An opened
	 * layer that cannot be read stays as one that was not opened. */
	if (source > 0) {
		struct layer *layer =
		    &s->o->layers[s->sources[source].layer - 1];

		layer->outcome = LAYER_MALFORMED;
		layer->note = "what came out of it could not be read";
		s->o->unopened = 1;
		open_next(task);
		return;
	}
	open_done(task);
}

/* ---- vault ---- */

static const struct part *
part_pending(const struct open_state *s)
{
	return &s->o->parts[s->pending[s->next].part];
}

static uint32_t
depth_of(const struct open_state *s, uint32_t layer)
{
	uint32_t depth = 0;

	while (layer > 0) {
		layer = s->o->layers[layer - 1].parent;
		depth++;
	}
	return depth;
}

static int
add_layer(struct task *task, const struct vault_opened *v, uint32_t *layer,
    struct error *err)
{
	struct open_state *s = state_of(task);
	const struct part *p = part_pending(s);
	struct layer one = {0};

	one.kind = p->kind == PART_ENCRYPTED ? LAYER_ENCRYPTED
		   : p->kind == PART_SIGNED  ? LAYER_SIGNED
					     : LAYER_CLEARSIGNED;
	one.parent = s->sources[s->pending[s->next].source].layer;
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
 * that is opened later out of such a part is covered through its parent.
 */
static void
cover(struct open_state *s, size_t signed_part, uint32_t layer)
{
	for (size_t i = signed_part + 1; i < s->o->nparts; i++) {
		uint32_t within = s->o->parts[i].within;

		while (within > 0 && within != signed_part + 1)
			within = s->o->parts[within - 1].within;
		if (within == signed_part + 1)
			s->o->parts[i].layer = layer;
	}
}

/* An outcome of a layer that never came to gpg, or died there. */
static int
closed_layer(
    struct task *task, uint32_t outcome, const char *note, struct error *err)
{
	struct vault_opened v = {0};
	uint32_t layer;

	v.outcome = outcome;
	v.note = note;
	if (add_layer(task, &v, &layer, err) != 0)
		return -1;
	state_of(task)->next++;
	open_next(task);
	return 0;
}

/* What a vault in bad hands may not say. */
static int
check_opened(const struct vault_opened *v, struct error *err)
{
	if (v->outcome < LAYER_OPEN || v->outcome > LAYER_TOO_DEEP)
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

static int
vault_opened(struct task *task, struct vault_opened *v, struct error *err)
{
	struct open_state *s = state_of(task);
	size_t part = s->pending[s->next].part;
	struct part p = s->o->parts[part];
	struct bytes plain = v->plain;
	uint32_t layer;
	bool entity;

	if (add_layer(task, v, &layer, err) != 0)
		return -1;
	s->next++;
	if (p.kind == PART_SIGNED) {
		cover(s, part, layer);
		/* Layers found inside are children of this one. */
		for (size_t i = s->next; i < s->npending; i++)
			if (s->o->parts[s->pending[i].part].layer == layer) {
				struct source in =
				    s->sources[s->pending[i].source];

				in.layer = layer;
				s->pending[i].source = s->nsources;
				if (add_source(task, in.data, layer, in.depth,
					err) != 0)
					return -1;
			}
		open_next(task);
		return 0;
	}
	if (v->outcome != LAYER_OPEN) {
		open_next(task);
		return 0;
	}
	/* PGP/MIME holds an entity; a block in a text or file holds text. */
	entity = p.kind == PART_ENCRYPTED &&
		 (p.flags & (PART_IN_TEXT | PART_ATTACHED)) == 0;
	if (entity)
		plain = text_to_crlf(s, plain);
	if (add_source(task, plain, layer, p.depth + 1, err) != 0)
		return -1;
	ask_read(task, entity ? READ_ENTITY : READ_TEXT, p.charset, plain);
	return 0;
}

/* The key that came along: usable, and just one? */
static void
keys_seen(struct task *task, const struct frame *frame)
{
	struct open_state *s = state_of(task);
	struct vault_keys *keys =
	    wire_decode(s->o, &vault_keys_wire, frame->payload, NULL);

	if (keys != NULL && keys->nkeys == 1 && keys->keys[0].can_encrypt &&
	    text_is_fingerprint(keys->keys[0].fingerprint))
		s->o->key_fingerprint = keys->keys[0].fingerprint;
	else
		s->o->key_part = 0;
	open_done(task);
}

void
open_vault_frame(struct task *task, const struct frame *frame)
{
	struct open_state *s = state_of(task);
	struct vault_failed *failed;
	struct error err = {0};
	struct vault_opened *v;

	if (s->keys_asked) {
		if (frame->type == VAULT_KEYS_SEEN) {
			keys_seen(task, frame);
		} else {
			s->o->key_part = 0;
			open_done(task);
		}
		return;
	}
	if (s->reading || s->next >= s->npending) {
		log_warn("vault: an answer nobody asked for");
		return;
	}
	if (frame->type == VAULT_OPENED) {
		v = wire_decode(s->o, &vault_opened_wire, frame->payload, &err);
		if (v == NULL || check_opened(v, &err) != 0 ||
		    vault_opened(task, v, &err) != 0)
			goto broken;
		return;
	}
	failed =
	    frame->type == VAULT_FAILED
		? wire_decode(s->o, &vault_failed_wire, frame->payload, NULL)
		: NULL;
	if (failed != NULL && failed->reason == VAULT_FAIL_CHILD) {
		if (closed_layer(task, LAYER_TOO_SLOW, failed->text, &err) != 0)
			goto broken;
		return;
	}
	error_set(&err, FAULT_RETRY, "vault: %s",
	    failed != NULL && failed->text != NULL ? failed->text
						   : "malformed answer");
broken:
	/* Stays `received`; the count of tries sees to the end of it. */
	engine_trouble(task->engine, "open", &err);
	task_done(task);
}

static void
ask_keys(struct task *task)
{
	struct open_state *s = state_of(task);
	struct vault_blob blob;

	s->keys_asked = true;
	for (size_t i = 0; i < s->o->nparts; i++) {
		if (s->o->parts[i].kind != PART_KEY)
			continue;
		s->o->key_part = (uint32_t)i + 1;
		blob.data = s->o->parts[i].content;
		room_tell(
		    &task->worker->vault, VAULT_KEYS, &vault_blob_wire, &blob);
		return;
	}
	open_done(task);
}

static void
ask_open(struct task *task)
{
	struct open_state *s = state_of(task);
	const struct part *p = part_pending(s);
	struct vault_open_job job = {0};

	job.bound_key = s->bound_key;
	switch (p->kind) {
	case PART_SIGNED:
		job.kind = VAULT_VERIFY_DETACHED;
		job.data =
		    bytes_span(s->sources[s->pending[s->next].source].data,
			(uint64_t)p->off, (uint64_t)p->len);
		job.signature = p->signature;
		break;
	case PART_CLEARSIGNED:
		job.kind = VAULT_VERIFY_CLEAR;
		job.data = p->content;
		break;
	default:
		job.kind = VAULT_DECRYPT;
		job.data = p->content;
		break;
	}
	room_tell(&task->worker->vault, VAULT_OPEN, &vault_open_job_wire, &job);
}

/* What is next: a layer, the key that came along, or the end. */
static void
open_next(struct task *task)
{
	struct open_state *s = state_of(task);
	struct error err = {0};
	const struct part *p;
	uint32_t outcome = 0;
	const char *note = NULL;

	if (s->next >= s->npending) {
		ask_keys(task);
		return;
	}
	p = part_pending(s);
	if (s->o->nlayers >= LAYERS_MOST ||
	    depth_of(s, s->sources[s->pending[s->next].source].layer) >=
		DEPTH_MOST) {
		outcome = LAYER_TOO_DEEP;
		note = "more layers than are opened";
	} else if (p->kind == PART_SIGNED && p->len == 0) {
		outcome = LAYER_MALFORMED;
		note =
		    "the signed bytes do not stand in the letter as one span";
	}
	if (outcome == 0)
		ask_open(task);
	else if (s->o->nlayers >= 200)
		ask_keys(task); /* the rest stays closed, and is shown so */
	else if (closed_layer(task, outcome, note, &err) != 0) {
		engine_trouble(task->engine, "open", &err);
		task_done(task);
	}
}

/* ---- start ---- */

/* The case that the letter seems to belong to, by what stands outside. */
static int64_t
likely_case(struct task *task)
{
	const struct opening *o = state_of(task)->o;
	const struct headers *h = &o->headers;
	struct store *st = task->engine->st;
	int64_t *cases = NULL;
	int64_t casefile = 0;
	int64_t outmail = 0;
	size_t n = 0;

	for (size_t i = 0; i < h->nreferences && casefile == 0; i++)
		if (store_message_id_find(
			st, h->references[i], &casefile, &outmail, NULL) != 0)
			return 0;
	for (size_t i = 0; i < o->nidents && casefile == 0; i++)
		if (o->idents[i].kind == IDENT_CASE &&
		    store_case_by_number(
			st, o->idents[i].value, &casefile, NULL) != 0)
			return 0;
	if (casefile == 0 && h->nfrom > 0 && h->from[0].address != NULL &&
	    store_cases_by_address(
		task, st, h->from[0].address, &cases, &n, NULL) == 0 &&
	    n > 0)
		casefile = cases[n - 1];
	return casefile;
}

/*
 * The key bound to the finder of that case: only then can the vault tell
 * `known` from `unknown-key`.  A wrong guess costs nothing: the desk looks at
 * the case the letter really joins.
 */
static void
find_bound_key(struct task *task)
{
	struct open_state *s = state_of(task);
	struct engine *e = task->engine;
	int64_t casefile = likely_case(task);

	if (casefile != 0) {
		struct store_case c = {0};

		if (store_case_get(s, e->st, casefile, &c, NULL) == 1)
			s->bound_key = c.finder_key_blob;
	}
}

/* Quarantined unread: it ended the daemon or its rooms too often. */
static void
give_up(struct engine *e, int64_t id)
{
	struct store_letter letter = {0};
	struct error err = {0};
	void *ctx = talloc_new(e);

	if (store_letter_get(ctx, e->st, id, &letter, &err) == 1) {
		letter.state = LETTER_OPENED; /* without an opening: broken */
		letter.tries = 0;
		if (store_begin(e->st, &err) != 0 ||
		    store_letter_put(e->st, &letter, LETTER_RECEIVED, &err) !=
			0 ||
		    stop_commit(e, "open", &err) != 0)
			engine_trouble(e, "open", &err);
	}
	talloc_free(ctx);
}

bool
stop_open(struct engine *e)
{
	struct error err = {0};
	struct worker *w = worker_idle(e);
	struct open_state *s;
	struct task *task;
	struct bytes raw;
	uint32_t tries = 0;
	int64_t id = 0;

	if (w == NULL || !e->unlocked)
		return false;
	do {
		if (store_letter_next(e->st, LETTER_RECEIVED, id, &id, &err) !=
		    0) {
			engine_trouble(e, "open", &err);
			return false;
		}
	} while (id != 0 && worker_has(e, TASK_OPEN, id));
	if (id == 0)
		return false;
	if (store_letter_try(e->st, id, &tries, &err) != 0) {
		engine_trouble(e, "open", &err);
		return false;
	}
	if (tries > TRIES_MOST) {
		log_warn("letter=%lld stop=open given up after %u tries",
		    (long long)id, tries - 1);
		give_up(e, id);
		return true;
	}
	task = task_new(e, w, TASK_OPEN, id);
	task->state = s = talloc_zero(task, struct open_state);
	s->o = talloc_zero(s, struct opening);
	if (store_letter_bytes(s, e->st, id, &raw, &err) != 0 ||
	    add_source(task, text_to_crlf(s, raw), 0, 0, &err) != 0) {
		engine_trouble(e, "open", &err);
		task_done(task);
		return false;
	}
	ask_read(task, READ_LETTER, NULL, s->sources[0].data);
	return true;
}
