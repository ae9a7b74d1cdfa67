/*
 * engine_stage.c - psirt key stage: a vault looks into a key before it is
 * pinned (RULES 15).
 *
 * Runs in the engine process.  The block goes to an idle vault, which takes
 * it into a throw-away home; nothing of it is kept.  An answer is tied to the
 * block by its digest: whoever asks for the same one gets it, and one that
 * nobody fetched is in nobody's way.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

static void
stage_end(struct task *task, struct vault_keys *keys, const struct error *err)
{
	struct stage *s = &task->engine->stage;

	s->state = keys != NULL ? STAGE_DONE : STAGE_FAILED;
	s->keys = talloc_steal(task->engine, keys);
	if (err != NULL)
		s->err = *err;
	task_done(task);
}

static int
stage_begin(struct engine *e, struct bytes block, struct error *err)
{
	struct worker *w = worker_idle(e);
	const struct vault_blob blob = {block};
	struct task *task;

	if (w == NULL)
		return 1;
	task = task_new(e, w, WORK_STAGE, 0);
	if (task == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (room_tell(&w->vault, VAULT_KEYS, &vault_blob_wire, &blob) != 0) {
		task_done(task);
		return error_set(err, FAULT_DENIED, "the block is too large");
	}
	store_digest(block, e->stage.digest);
	e->stage.state = STAGE_ASKED;
	return 1;
}

int
stage_key(void *arg, const void *ctx, struct bytes block,
    struct vault_keys **keys, struct error *err)
{
	struct engine *e = arg;
	struct stage *s = &e->stage;
	uint8_t digest[STORE_DIGEST_BYTES];
	enum stage_state was = s->state;

	store_digest(block, digest);
	if (was == STAGE_ASKED)
		return 1;
	s->state = STAGE_NONE;
	if (was != STAGE_NONE &&
	    memcmp(digest, s->digest, sizeof(digest)) == 0) {
		*keys = talloc_steal(ctx, s->keys);
		s->keys = NULL;
		if (was == STAGE_DONE)
			return 0;
		*err = s->err;
		return -1;
	}
	talloc_free(s->keys);
	s->keys = NULL;
	return stage_begin(e, block, err);
}

void
stage_vault_frame(struct task *task, const struct frame *frame)
{
	struct vault_keys *keys = NULL;
	struct vault_failed *failed;
	struct error err = {0};

	if (frame->type == VAULT_KEYS_SEEN) {
		keys =
		    wire_decode(task, &vault_keys_wire, frame->payload, &err);
	} else if (frame->type == VAULT_FAILED) {
		failed =
		    wire_decode(task, &vault_failed_wire, frame->payload, NULL);
		error_set(&err, FAULT_DENIED, "%s",
		    failed != NULL && failed->text != NULL
			? failed->text
			: "the key cannot be read");
	} else {
		error_set(&err, FAULT_RETRY, "the vault answered another job");
	}
	stage_end(task, keys, &err);
}

void
stage_lost(struct task *task)
{
	struct error err = {0};

	error_set(&err, FAULT_RETRY, "the vault died; try again");
	stage_end(task, NULL, &err);
}
