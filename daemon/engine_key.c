/*
 * engine_key.c - the data key: opened at start, sealed anew on request.
 *
 * Runs in the engine process.  The first vault that is ready opens the data
 * key (DESIGN.md, "At rest"); a new database gets a new one, sealed to the
 * POC key and the recovery key.  `psirt key reseal` has a vault open it and
 * seal it to the keys of today, so that a retired POC key can be put away
 * (RULES 17).  The key itself stays here only while it is on its way.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

/* ---- at start ---- */

static void
unlocked(struct engine *e, struct bytes key)
{
	struct error err = {0};

	if (key.len != STORE_KEY_BYTES) {
		log_err("the data key is not %d bytes", STORE_KEY_BYTES);
		engine_end(e, ENGINE_EXIT_SETUP);
		return;
	}
	if (store_unlock(e->st, key.data, &err) != 0 ||
	    release_start(e, &err) != 0 || pin_start(e, &err) != 0 ||
	    mail_recover(e, &err) != 0 ||
	    case_flows_start(e, &err) != 0) {
		log_err("%s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
		return;
	}
	e->unlocked = true;
	e->unlocking->ready = true;
	e->unlocking = NULL;
}

/* The first vault is asked for the data key; a new database gets a new one. */
void
key_ask(struct engine *e, struct slot *slot)
{
	struct vault_blob blob = {BYTES_NONE};
	struct error err = {0};

	if (e->unlocked) {
		slot->ready = true;
		return;
	}
	if (e->unlocking != NULL)
		return; /* ready as soon as the other has the key */
	if (store_wrapped_key(e, e->st, &blob.data, &err) != 0) {
		log_err("%s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
		return;
	}
	e->unlocking = slot;
	if (blob.data.len > 0) {
		room_tell(slot, VAULT_UNWRAP, &vault_blob_wire, &blob);
		return;
	}
	store_new_key(e->new_key);
	blob.data = bytes_of(e->new_key, sizeof(e->new_key));
	room_tell(slot, VAULT_WRAP, &vault_blob_wire, &blob);
}

void
key_wrapped(struct engine *e, const struct frame *frame)
{
	struct vault_blob *blob;
	struct error err = {0};

	blob = wire_decode(e, &vault_blob_wire, frame->payload, &err);
	if (blob == NULL || e->unlocking == NULL ||
	    store_keep_key(e->st, blob->data, e->new_key, &err) != 0) {
		log_err("data key: %s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
	} else {
		log_info("a new data key is sealed to the POC key");
		unlocked(e, bytes_of(e->new_key, sizeof(e->new_key)));
	}
	explicit_bzero(e->new_key, sizeof(e->new_key));
	talloc_free(blob);
}

void
key_unwrapped(struct engine *e, const struct frame *frame)
{
	struct vault_blob *blob;
	struct error err = {0};

	blob = wire_decode(e, &vault_blob_wire, frame->payload, &err);
	if (blob == NULL || e->unlocking == NULL) {
		log_err("data key: %s", err.text);
		engine_end(e, ENGINE_EXIT_SETUP);
	} else {
		unlocked(e, blob->data);
		explicit_bzero(
		    (void *)(uintptr_t)blob->data.data, blob->data.len);
	}
	explicit_bzero(
	    (void *)(uintptr_t)frame->payload.data, frame->payload.len);
	talloc_free(blob);
}

/* ---- psirt key reseal ---- */

static void
reseal_end(struct task *task, const struct error *err)
{
	struct reseal *r = &task->engine->reseal;

	explicit_bzero(r->key, sizeof(r->key));
	r->state = err == NULL ? RESEAL_DONE : RESEAL_FAILED;
	if (err != NULL)
		r->err = *err;
	task_done(task);
}

static int
reseal_start(struct engine *e, struct worker *w, struct error *err)
{
	struct vault_blob blob = {BYTES_NONE};
	struct task *task;

	if (store_wrapped_key(e, e->st, &blob.data, err) != 0)
		return -1;
	task = task_new(e, w, WORK_RESEAL, 0);
	if (task == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	e->reseal.state = RESEAL_UNWRAP;
	room_tell(&w->vault, VAULT_UNWRAP, &vault_blob_wire, &blob);
	talloc_free((void *)(uintptr_t)blob.data.data);
	return 0;
}

int
key_reseal(void *arg, const char *actor, struct error *err)
{
	struct engine *e = arg;
	struct reseal *r = &e->reseal;
	struct worker *w;

	switch (r->state) {
	case RESEAL_NONE:
		w = worker_idle(e);
		if (w == NULL)
			return 1;
		talloc_free(r->actor);
		r->actor = talloc_strdup(e, actor);
		return reseal_start(e, w, err) == 0 ? 1 : -1;
	case RESEAL_DONE:
		r->state = RESEAL_NONE;
		return 0;
	case RESEAL_FAILED:
		r->state = RESEAL_NONE;
		*err = r->err;
		return -1;
	default:
		return 1;
	}
}

static int
commit_wrapped(struct engine *e, struct bytes wrapped, struct error *err)
{
	struct store_record line = {0};

	line.at = clock_now();
	line.what = RECORD_KEY_RESEALED;
	line.actor = e->reseal.actor;
	if (store_begin(e->st, err) != 0 ||
	    store_rewrap_key(e->st, wrapped, e->reseal.key, err) != 0 ||
	    store_record_add(e->st, &line, err) != 0 ||
	    store_commit(e->st, err) != 0) {
		store_rollback(e->st);
		return -1;
	}
	log_info("the data key is sealed to the present keys");
	return 0;
}

void
key_vault_frame(struct task *task, const struct frame *frame)
{
	struct engine *e = task->engine;
	struct error err = {0};
	struct vault_failed *failed;
	struct vault_blob *blob = NULL;

	if (frame->type == VAULT_FAILED) {
		failed =
		    wire_decode(task, &vault_failed_wire, frame->payload, NULL);
		error_set(&err, FAULT_RETRY, "the vault: %s",
		    failed != NULL && failed->text != NULL ? failed->text
							   : "failed");
		reseal_end(task, &err);
		return;
	}
	blob = wire_decode(task, &vault_blob_wire, frame->payload, &err);
	if (blob != NULL && frame->type == VAULT_UNWRAPPED &&
	    e->reseal.state == RESEAL_UNWRAP &&
	    blob->data.len == STORE_KEY_BYTES) {
		memcpy(e->reseal.key, blob->data.data, STORE_KEY_BYTES);
		e->reseal.state = RESEAL_WRAP;
		room_tell(
		    &task->worker->vault, VAULT_WRAP, &vault_blob_wire, blob);
		explicit_bzero(
		    (void *)(uintptr_t)blob->data.data, blob->data.len);
		explicit_bzero(
		    (void *)(uintptr_t)frame->payload.data, frame->payload.len);
		talloc_free(blob);
		return;
	}
	if (blob == NULL || frame->type != VAULT_WRAPPED ||
	    e->reseal.state != RESEAL_WRAP) {
		if (blob != NULL)
			error_set(&err, FAULT_RETRY,
			    "the vault answered what nobody asked");
		reseal_end(task, &err);
		return;
	}
	reseal_end(
	    task, commit_wrapped(e, blob->data, &err) == 0 ? NULL : &err);
}

void
key_lost(struct task *task)
{
	struct error err = {0};

	error_set(&err, FAULT_RETRY, "the vault died; try again");
	reseal_end(task, &err);
}
