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
#include "engine_open.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

/*
 * A letter that ends its rooms thrice is quarantined; one that was under way
 * when psirtd itself ended only after a dozen times: that may have been
 * anything, but must not go on for ever.
 */
#define TRIES_ROOM 4 /* what the end of a room counts */
/* Layers in all, for each one that may lie in another. */
#define LAYERS_EACH 8

static void open_next(struct task *task);
static void give_up(struct engine *e, int64_t id);
static void open_again(struct task *task);

/* ---- the end of the task ---- */

/* Who said what the letter says, for the record; 0: nobody could read it. */
static uint32_t
verdict_of(const struct engine *e, const struct open_state *s)
{
	if (!s->readable || desk_is_closed(s->o))
		return 0;
	return desk_letter_signer(e->s, s->o, s->bound_fingerprint).verdict;
}

static int
commit_opening(struct task *task, struct error *err)
{
	struct engine *e = task->engine;
	struct open_state *s = open_state_of(task);
	struct store_letter letter = {0};
	struct buf *wire = buf_new(task, ROOM_FRAME_MAX);
	int found;

	if (s->readable && opening_encode(s->o, wire, err) != 0)
		return -1;
	found = store_letter_get(task, e->st, task->id, &letter, err);
	if (found <= 0 || letter.state != LETTER_RECEIVED)
		return found < 0 ? -1 : 0;
	letter.state = LETTER_OPENED;
	if (store_begin(e->st, err) != 0)
		return -1;
	if (s->readable &&
	    store_opening_put(e->st, task->id, buf_bytes(wire), err) != 0)
		return -1;
	if (store_letter_put(e->st, &letter, LETTER_RECEIVED, err) != 0 ||
	    engine_record(e, RECORD_LETTER_OPENED, letter.casefile, task->id, 0,
		verdict_of(e, s), err) != 0)
		return -1;
	return stop_commit(e, "open", err);
}

static void
open_done(struct task *task)
{
	struct error err = {0};

	if (commit_opening(task, &err) != 0) {
		/* The letter's own fault: nobody else is to wait for it. */
		if (err.fault == FAULT_INPUT) {
			log_warn("letter=%lld stop=open %s",
			    (long long)task->id, err.text);
			store_rollback(task->engine->st);
			give_up(task->engine, task->id);
		} else {
			engine_trouble(task->engine, "open", &err);
		}
	} else
		log_info("letter=%lld stop=open layers=%zu%s",
		    (long long)task->id, open_state_of(task)->o->nlayers,
		    open_state_of(task)->readable ? "" : " unreadable");
	task_done(task);
}

/* The tables still say `received`: another worker takes it up again. */
void
open_lost(struct task *task)
{
	log_warn("letter=%lld stop=open interrupted", (long long)task->id);
	open_again(task);
}

/* ---- read ---- */

/* -1: it is more than the room can be given. */
static int
ask_read(
    struct task *task, uint32_t mode, const char *charset, struct bytes data)
{
	struct read_job job = {mode, charset, data};

	if (room_tell(&task->worker->read, READ_JOB, &read_job_wire, &job) != 0)
		return -1;
	open_state_of(task)->reading = true;
	return 0;
}

/*
 * Nothing came of a source.  The letter itself: no more to open; a limit that
 * it passed is all that is known of it.  An opened layer that cannot be read
 * stays as one that was not opened.
 */
static void
unread(struct task *task, size_t source, const struct frame *frame)
{
	static const struct {
		uint32_t limit, outcome;
	} of_end[] = {
	    [ROOM_END_OK] = {READ_LIMIT_NONE, LAYER_MALFORMED},
	    [ROOM_END_TIME] = {READ_LIMIT_TIME, LAYER_TOO_SLOW},
	    [ROOM_END_MEMORY] = {READ_LIMIT_TIME, LAYER_TOO_SLOW},
	    [ROOM_END_CRASH] = {READ_LIMIT_NONE, LAYER_MALFORMED},
	    [ROOM_END_TOO_BIG] = {READ_LIMIT_OUTPUT, LAYER_TOO_BIG},
	};
	struct open_state *s = open_state_of(task);
	struct read_failed *failed =
	    frame->type == READ_FAILED
		? wire_decode(s->o, &read_failed_wire, frame->payload, NULL)
		: NULL;
	uint32_t end = ROOM_END_CRASH;
	struct layer *layer;

	if (failed != NULL && failed->end < sizeof(of_end) / sizeof(*of_end))
		end = failed->end;
	if (source > 0) {
		layer = &s->o->layers[s->sources[source].layer - 1];
		layer->outcome = of_end[end].outcome;
		layer->note = "what came out of it could not be read";
		s->o->unopened = 1;
		open_next(task);
		return;
	}
	s->o->limit = of_end[end].limit;
	s->readable = s->o->limit != READ_LIMIT_NONE;
	open_done(task);
}

void
open_read_frame(struct task *task, const struct frame *frame)
{
	struct open_state *s = open_state_of(task);
	size_t source = s->nsources - 1;
	struct error err = {0};
	struct reading *r;

	if (!s->reading)
		return;
	s->reading = false;
	if (frame->type == READ_DONE) {
		/* Lives as long as the opening that points into it. */
		r = wire_decode(s->o, &reading_wire, frame->payload, &err);
		if (r != NULL &&
		    opening_take_reading(task, r, source, &err) == 0) {
			s->readable = true;
			if (source == 0)
				opening_find_key(task);
			open_next(task);
			return;
		}
		log_warn("letter=%lld stop=open read: %s", (long long)task->id,
		    err.text);
	}
	unread(task, source, frame);
}

/* ---- vault ---- */

/* An outcome of a layer that never came to gpg, or died there. */
static int
closed_layer(
    struct task *task, uint32_t outcome, const char *note, struct error *err)
{
	struct vault_opened v = {0};
	uint32_t layer;

	v.outcome = outcome;
	v.note = note;
	if (opening_add_layer(task, &v, &layer, err) != 0)
		return -1;
	open_state_of(task)->next++;
	open_next(task);
	return 0;
}

/* It opened, and is too much to be looked at. */
static int
too_big(struct task *task, uint32_t layer, struct vault_opened *v)
{
	struct open_state *s = open_state_of(task);
	struct layer *l = &s->o->layers[layer - 1];

	l->outcome = LAYER_TOO_BIG;
	l->nsignatures = 0;
	s->o->unopened = 1;
	talloc_free((void *)(uintptr_t)v->plain.data);
	v->plain = BYTES_NONE;
	open_next(task);
	return 0;
}

static int
vault_opened(struct task *task, struct vault_opened *v, struct error *err)
{
	struct open_state *s = open_state_of(task);
	size_t part = s->pending[s->next].part;
	struct part p = s->o->parts[part];
	struct bytes plain = v->plain;
	uint32_t layer;
	bool entity;

	if (opening_add_layer(task, v, &layer, err) != 0)
		return -1;
	s->next++;
	if (p.kind == PART_SIGNED) {
		opening_cover(s, part, layer);
		/* Layers found inside are children of this one. */
		for (size_t i = s->next; i < s->npending; i++)
			if (s->o->parts[s->pending[i].part].layer == layer) {
				struct source in =
				    s->sources[s->pending[i].source];

				in.layer = layer;
				s->pending[i].source = s->nsources;
				if (opening_add_source(task, in.data, layer,
					in.depth, err) != 0)
					return -1;
			}
		open_next(task);
		return 0;
	}
	if (v->outcome != LAYER_OPEN) {
		open_next(task);
		return 0;
	}
	/* All that is opened of one letter together, not each layer. */
	if (plain.len > (size_t)task->engine->s->letter_max * 2 - s->opened)
		return too_big(task, layer, v);
	s->opened += plain.len;
	/* PGP/MIME holds an entity; a block in a text or file holds text. */
	entity = p.kind == PART_ENCRYPTED &&
		 (p.flags & (PART_IN_TEXT | PART_ATTACHED)) == 0;
	if (entity)
		plain = text_to_crlf(s, plain);
	if (opening_add_source(task, plain, layer, p.depth + 1, err) != 0)
		return -1;
	if (ask_read(
		task, entity ? READ_ENTITY : READ_TEXT, p.charset, plain) == 0)
		return 0;
	s->nsources--;
	return too_big(task, layer, v);
}

void
open_vault_frame(struct task *task, const struct frame *frame)
{
	struct open_state *s = open_state_of(task);
	struct vault_failed *failed;
	struct error err = {0};
	struct vault_opened *v;

	if (s->proof != NULL) {
		if (!proof_frame(task, frame))
			open_done(task);
		return;
	}
	if (s->reading || s->next >= s->npending) {
		log_warn("vault: an answer nobody asked for");
		return;
	}
	if (frame->type == VAULT_OPENED) {
		v = wire_decode(s->o, &vault_opened_wire, frame->payload, &err);
		if (v == NULL || opening_check_layer(v, &err) != 0 ||
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
	engine_trouble(task->engine, "open", &err);
	open_again(task);
}

int
opening_ask(struct task *task, const struct pending *pending, struct bytes key)
{
	struct open_state *s = open_state_of(task);
	const struct part *p = &s->o->parts[pending->part];
	struct vault_open_job job = {0};

	job.bound_key = key;
	job.signatures_only = s->proof != NULL;
	switch (p->kind) {
	case PART_SIGNED:
		job.kind = VAULT_VERIFY_DETACHED;
		job.data = bytes_span(s->sources[pending->source].data,
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
	return room_tell(
	    &task->worker->vault, VAULT_OPEN, &vault_open_job_wire, &job);
}

/* Nothing more to open: the keys that came along, then the end. */
static void
open_keys(struct task *task)
{
	opening_settle_inner(open_state_of(task));
	if (!proof_start(task))
		open_done(task);
}

/* What is next: a layer, the key that came along, or the end. */
static void
open_next(struct task *task)
{
	struct open_state *s = open_state_of(task);
	struct error err = {0};
	const struct part *p;
	uint32_t outcome = 0;
	uint32_t deepest;
	const char *note = NULL;

	if (s->next >= s->npending) {
		open_keys(task);
		return;
	}
	p = opening_part_pending(s);
	deepest = task->engine->s->max_layers;
	if (s->o->nlayers >= (size_t)deepest * LAYERS_EACH ||
	    opening_depth(s, s->sources[s->pending[s->next].source].layer) >=
		deepest) {
		outcome = LAYER_TOO_DEEP;
		note = "more layers than are opened";
	} else if (p->kind == PART_SIGNED && p->len == 0) {
		outcome = LAYER_MALFORMED;
		note =
		    "the signed bytes do not stand in the letter as one span";
	}
	if (outcome == 0 &&
	    opening_ask(task, &s->pending[s->next], s->bound_key) == 0)
		return;
	if (outcome == 0) {
		outcome = LAYER_TOO_BIG;
		note = NULL;
	}
	if (s->o->nlayers >= 200)
		open_keys(task); /* the rest stays closed, and is shown so */
	else if (closed_layer(task, outcome, note, &err) != 0) {
		engine_trouble(task->engine, "open", &err);
		task_done(task);
	}
}

/* ---- start ---- */

/* Quarantined unread: it ended its rooms too often, or cannot be kept. */
static void
give_up(struct engine *e, int64_t id)
{
	struct store_letter letter = {0};
	struct error err = {0};
	void *ctx = talloc_new(e);

	if (store_letter_get(ctx, e->st, id, &letter, &err) == 1) {
		letter.state = LETTER_OPENED; /* without an opening: broken */
		if (store_begin(e->st, &err) != 0 ||
		    store_letter_put(e->st, &letter, LETTER_RECEIVED, &err) !=
			0 ||
		    engine_record(e, RECORD_LETTER_OPENED, letter.casefile, id,
			0, 0, &err) != 0 ||
		    stop_commit(e, "open", &err) != 0)
			engine_trouble(e, "open", &err);
	}
	talloc_free(ctx);
}

/* Counts against the letter; false when it was too often, and is given up. */
static bool
may_try(struct engine *e, int64_t id, uint32_t weight)
{
	int may = stop_try(e, "open", id, weight);

	if (may == 0)
		give_up(e, id);
	return may > 0;
}

/* It stays `received` and is taken up again, unless it ends rooms too often. */
static void
open_again(struct task *task)
{
	if (!task->engine->draining)
		may_try(task->engine, task->id, TRIES_ROOM);
	task_done(task);
}

bool
stop_open(struct engine *e)
{
	struct error err = {0};
	struct worker *w = worker_idle(e);
	struct open_state *s;
	struct task *task;
	struct bytes raw;
	int64_t id = 0;

	/* A flood must not keep the morning's checkpoint from being signed. */
	if (w == NULL || !e->unlocked || checkpoint_waits(e))
		return false;
	do {
		if (store_letter_next(e->st, LETTER_RECEIVED, id, &id, &err) !=
		    0) {
			engine_trouble(e, "open", &err);
			return false;
		}
	} while (id != 0 && worker_has(e, WORK_OPEN, id));
	if (id == 0 || !may_try(e, id, 1))
		return id != 0;
	task = task_new(e, w, WORK_OPEN, id);
	task->state = s = talloc_zero(task, struct open_state);
	s->o = talloc_zero(s, struct opening);
	if (store_letter_bytes(s, e->st, id, &raw, &err) != 0 ||
	    opening_add_source(task, text_to_crlf(s, raw), 0, 0, &err) != 0) {
		engine_trouble(e, "open", &err);
		task_done(task);
		return false;
	}
	if (ask_read(task, READ_LETTER, NULL, s->sources[0].data) != 0) {
		task_done(task);
		give_up(e, id);
	}
	return true;
}
