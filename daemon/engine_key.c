/*
 * engine_key.c - the data key: opened at start, sealed anew on request.
 *
 * Runs in the engine process.  The first vault that is ready opens the data
 * key (DESIGN.md, "At rest"); a new database gets a new one, sealed to the
 * POC key and the recovery key.  `psirt key reseal` has a vault open it and
 * seal it to the keys of today, so that a retired POC key can be put away
 * (RULES 17).  `psirt key renew` has a new one sealed, and the stop `renew`
 * brings what rests under the former one over to it; until then a start opens
 * both.  The key itself stays here only while it is on its way.
 */
#include "engine_case.h"

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
	    mail_recover(e, &err) != 0 || case_flows_start(e, &err) != 0 ||
	    held_look(e, &err) != 0) {
		log_err("%s", err.text);
		engine_end_of(e, &err);
		return;
	}
	e->unlocked = true;
	e->unlocking->ready = true;
	e->unlocking = NULL;
}

/* 1: asked; 0: there is no such key; -1. */
static int
ask_wrapped(struct engine *e, struct slot *slot, bool former, struct error *err)
{
	struct vault_blob blob = {BYTES_NONE};
	int rc = former ? store_former_key(e, e->st, &blob.data, err)
			: store_wrapped_key(e, e->st, &blob.data, err);

	if (rc == 0 && blob.data.len > 0) {
		room_tell(slot, VAULT_UNWRAP, &vault_blob_wire, &blob);
		rc = 1;
	}
	talloc_free((void *)(uintptr_t)blob.data.data);
	return rc;
}

/* The first vault is asked for the data key; a new database gets a new one. */
void
key_ask(struct engine *e, struct slot *slot)
{
	struct vault_blob blob = {BYTES_NONE};
	struct error err = {0};
	int asked;

	if (e->unlocked) {
		slot->ready = true;
		return;
	}
	if (e->unlocking != NULL)
		return; /* ready as soon as the other has the key */
	asked = ask_wrapped(e, slot, true, &err);
	e->former_asked = asked == 1;
	if (asked == 0)
		asked = ask_wrapped(e, slot, false, &err);
	if (asked < 0) {
		log_err("%s", err.text);
		engine_end_of(e, &err);
		return;
	}
	e->unlocking = slot;
	if (asked == 1)
		return;
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
		engine_end_of(e, &err);
	} else {
		log_info("a new data key is sealed to the POC key");
		unlocked(e, bytes_of(e->new_key, sizeof(e->new_key)));
	}
	explicit_bzero(e->new_key, sizeof(e->new_key));
	talloc_free(blob);
}

/* The key of before is open: now for the present one. */
static void
former_unlocked(struct engine *e, struct bytes key)
{
	struct error err = {0};

	e->former_asked = false;
	if (key.len != STORE_KEY_BYTES)
		error_set(&err, FAULT_SETUP,
		    "the former data key is not %d "
		    "bytes",
		    STORE_KEY_BYTES);
	else if (store_unlock(e->st, key.data, &err) == 0 &&
		 ask_wrapped(e, e->unlocking, false, &err) == 1)
		return;
	log_err("%s", err.text);
	engine_end_of(e, &err);
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
		if (e->former_asked)
			former_unlocked(e, blob->data);
		else
			unlocked(e, blob->data);
		explicit_bzero(
		    (void *)(uintptr_t)blob->data.data, blob->data.len);
	}
	explicit_bzero(
	    (void *)(uintptr_t)frame->payload.data, frame->payload.len);
	talloc_free(blob);
}

/* ---- psirt key reseal, psirt key renew ---- */

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

/* A key that is held: the vault opens it first. */
static int
ask_held(struct engine *e, struct worker *w, struct error *err)
{
	struct reseal *r = &e->reseal;
	int asked = 0;

	r->state = RESEAL_UNWRAP;
	if (r->former)
		asked = ask_wrapped(e, &w->vault, true, err);
	if (asked != 0)
		return asked < 0 ? -1 : 0;
	r->former = false;
	return ask_wrapped(e, &w->vault, false, err) < 0 ? -1 : 0;
}

static void
ask_new(struct engine *e, struct worker *w)
{
	struct vault_blob blob = {BYTES_NONE};

	e->reseal.state = RESEAL_WRAP;
	store_new_key(e->reseal.key);
	blob.data = bytes_of(e->reseal.key, sizeof(e->reseal.key));
	room_tell(&w->vault, VAULT_WRAP, &vault_blob_wire, &blob);
}

static int
reseal_start(struct engine *e, struct worker *w, struct error *err)
{
	struct task *task = task_new(e, w, WORK_RESEAL, 0);

	if (task == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	e->reseal.former = true;
	if (e->reseal.renew) {
		ask_new(e, w);
		return 0;
	}
	if (ask_held(e, w, err) == 0)
		return 0;
	e->reseal.state = RESEAL_NONE;
	task_done(task);
	return -1;
}

static int
may_renew(struct engine *e, struct error *err)
{
	struct store_renewal renewal;

	if (store_renewal(e->st, &renewal, err) != 0)
		return -1;
	if (renewal.started == 0)
		return 0;
	if (renewal.left > 0)
		return error_set(err, FAULT_DENIED,
		    "the former data key is still kept: %lld values could not "
		    "be brought over: %.300s",
		    (long long)renewal.left, renewal.where);
	return error_set(err, FAULT_DENIED,
	    "the data key is being renewed: %u %% is done", renewal.percent);
}

static int
key_run(struct engine *e, bool renew, const char *actor, bool again,
    struct error *err)
{
	struct reseal *r = &e->reseal;
	struct worker *w;

	/* Who asked for it went away; the keys may have changed since. */
	if (!again && (r->state == RESEAL_DONE || r->state == RESEAL_FAILED))
		r->state = RESEAL_NONE;
	if (r->state != RESEAL_NONE && r->renew != renew)
		return error_set(err, FAULT_RETRY,
		    "the data key is being sealed; try again");
	switch (r->state) {
	case RESEAL_NONE:
		if (renew && may_renew(e, err) != 0)
			return -1;
		w = worker_idle(e);
		if (w == NULL)
			return 1;
		talloc_free(r->actor);
		r->actor = talloc_strdup(e, actor);
		r->renew = renew;
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

int
key_reseal(void *arg, const char *actor, bool again, struct error *err)
{
	return key_run(arg, false, actor, again, err);
}

int
key_renew(void *arg, const char *actor, bool again, struct error *err)
{
	return key_run(arg, true, actor, again, err);
}

/* On record is the last of the two keys that there are amid a renewal. */
static int
write_wrapped(struct engine *e, struct bytes wrapped, struct error *err)
{
	struct reseal *r = &e->reseal;
	struct store_record line = {0};
	int rc;

	line.at = clock_now();
	line.what = r->renew ? RECORD_KEY_RENEW : RECORD_KEY_RESEALED;
	line.actor = r->actor;
	if (r->renew)
		rc = store_renew(e->st, wrapped, r->key, line.at, err);
	else
		rc = store_rewrap_key(e->st, wrapped, r->key, err);
	if (rc != 0 || (r->former && !r->renew))
		return rc;
	return store_record_add(e->st, &line, err);
}

static int
commit_wrapped(struct engine *e, struct bytes wrapped, struct error *err)
{
	if (store_begin(e->st, err) != 0 ||
	    write_wrapped(e, wrapped, err) != 0 ||
	    store_commit(e->st, err) != 0) {
		store_rollback(e->st);
		return -1;
	}
	if (!e->reseal.renew) {
		log_info("the data key is sealed to the present keys");
		return 0;
	}
	if (store_renewed(e->st, e->reseal.key, err) != 0) {
		engine_end_of(e, err);
		return -1;
	}
	log_info("a new data key is in use; the rest is sealed anew");
	e->progress = true;
	return 0;
}

/* The former key is done: the present one has its turn. */
static int
wrapped_next(struct task *task, struct bytes wrapped, struct error *err)
{
	struct engine *e = task->engine;
	/* The renewal came to its end meanwhile: that key is gone. */
	bool gone =
	    e->reseal.former && !e->reseal.renew && !store_renewing(e->st);

	if (!gone && commit_wrapped(e, wrapped, err) != 0)
		return -1;
	if (e->reseal.renew || !e->reseal.former)
		return 1;
	e->reseal.former = false;
	return ask_held(e, task->worker, err);
}

void
key_vault_frame(struct task *task, const struct frame *frame)
{
	struct engine *e = task->engine;
	struct error err = {0};
	struct vault_failed *failed;
	struct vault_blob *blob = NULL;
	int rc;

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
	rc = wrapped_next(task, blob->data, &err);
	talloc_free(blob);
	if (rc != 0)
		reseal_end(task, rc == 1 ? NULL : &err);
}

void
key_lost(struct task *task)
{
	struct error err = {0};

	error_set(&err, FAULT_RETRY, "the vault died; try again");
	reseal_end(task, &err);
}

/* ---- the stop ---- */

#define RENEW_AGAIN_MS ((int64_t)60 * 1000)
#define RENEW_WAITS_MS 1000 /* for the end of a letter that arrives */
#define RENEW_LEFT_MS ((int64_t)86400 * 1000) /* for who mends the damage */

/* What cannot be opened holds up this stop alone; it is tried again. */
static void
renew_failed(struct engine *e, const struct error *err)
{
	log_err("renew: %s", err->text);
	if (err->fault == FAULT_SETUP || err->fault == FAULT_BUG) {
		engine_trouble(e, "renew", err);
		return;
	}
	talloc_free(e->renew_trouble);
	e->renew_trouble = talloc_strdup(e, err->text);
	e->renew_after_ms = clock_monotonic_ms() + RENEW_AGAIN_MS;
}

/* The former key stays; said once, and by `psirt` as long as it is so. */
static void
renew_left(struct engine *e)
{
	struct store_renewal renewal;
	struct error err = {0};

	e->renew_after_ms = clock_monotonic_ms() + RENEW_LEFT_MS;
	if (e->renew_left_told || store_renewal(e->st, &renewal, &err) != 0)
		return;
	log_warn("renew: %lld values could not be brought over to the new data "
		 "key, and the former one is kept: %s",
	    (long long)renewal.left, renewal.where);
	e->renew_left_told = true;
}

bool
stop_renew(struct engine *e)
{
	enum store_renewing what;
	struct error err = {0};

	if (!e->unlocked || !store_renewing(e->st) ||
	    clock_monotonic_ms() < e->renew_after_ms)
		return false;
	stop_test("renew", "before");
	if (store_renew_step(e->st, clock_now(), &what, &err) != 0) {
		renew_failed(e, &err);
		return false;
	}
	stop_test("renew", "after");
	TALLOC_FREE(e->renew_trouble);
	if (what == RENEWING_NONE)
		log_info("nothing is under the former data key any more");
	if (what == RENEWING_LEFT)
		renew_left(e);
	if (what == RENEWING_WAITS)
		e->renew_after_ms = clock_monotonic_ms() + RENEW_WAITS_MS;
	return what == RENEWING_MORE;
}
