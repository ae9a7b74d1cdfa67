/*
 * engine_rooms.c - the rooms as the engine sees them: started, set up, heard,
 * started anew when they die.
 *
 * Runs in the engine process.  A room that dies costs nothing but time: what
 * it worked on stays in its state in the tables.  Fetch and send are started
 * only when the store has its data key (engine_setup.c).
 */
#include "engine_internal.h"

#include <poll.h>
#include <string.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define RESTART_FIRST_MS 500
#define RESTART_MOST_MS 60000
/* A room answers within so many times the limit of a job, and this. */
#define ANSWER_JOBS 3
#define ANSWER_EXTRA_MS 10000

static const char *const slot_names[] = {
    [SLOT_FETCH] = "fetch",
    [SLOT_SEND] = "send",
    [SLOT_READ] = "read",
    [SLOT_VAULT] = "vault",
};

void
rooms_init(struct engine *e)
{
	size_t n = e->s->workers;

	if (n == 0) {
		long cores = sysconf(_SC_NPROCESSORS_ONLN);

		n = cores > 0 ? (size_t)cores : 1;
	}
	e->nworkers = n > 16 ? 16 : n;
	e->workers = talloc_zero_array(e, struct worker, e->nworkers);
	e->fetch.kind = SLOT_FETCH;
	e->send.kind = SLOT_SEND;
	for (size_t i = 0; i < e->nworkers; i++) {
		struct worker *w = &e->workers[i];

		w->read.kind = SLOT_READ;
		w->read.worker = w;
		w->vault.kind = SLOT_VAULT;
		w->vault.worker = w;
	}
}

int
room_tell(struct slot *slot, uint32_t type, const struct wire_type *type_of,
    const void *obj)
{
	struct error err = {0};

	if (slot->process == NULL)
		return 0;
	if (channel_queue(slot->process->channel, type, type_of, obj, &err) !=
	    0) {
		log_warn("%s: %s", slot->process->name, err.text);
		return -1;
	}
	if (channel_flush(slot->process->channel, &err) != 0)
		log_warn("%s: %s", slot->process->name, err.text);
	return 0;
}

/* ---- frames ---- */

static void
vault_ready(struct engine *e, struct slot *slot, const struct frame *frame)
{
	struct error err = {0};
	struct vault_ready *ready =
	    wire_decode(e, &vault_ready_wire, frame->payload, &err);

	if (ready == NULL) {
		log_err("vault: %s", err.text);
		engine_end(e, ENGINE_EXIT_BUG);
		return;
	}
	for (size_t i = 0; i < ready->nkeys && e->keys == NULL; i++) {
		const struct vault_key *k = &ready->keys[i];

		if (k->problem == VAULT_KEY_FINE)
			continue;
		log_warn("key %s: %s", k->fingerprint,
		    k->text != NULL ? k->text : "not usable");
		if (k->fingerprint != NULL &&
		    strcmp(k->fingerprint, e->s->poc) == 0)
			engine_end(e, ENGINE_EXIT_SETUP);
	}
	/* A key that was prolonged meanwhile is seen by a vault made since. */
	talloc_free(e->keys);
	e->keys = ready;
	e->expiry_at = 0;
	slot->failures = 0;
	slot->set_up = true;
	if (e->unlocked && held_look(e, &err) != 0)
		engine_trouble(e, "keys", &err);
	if (!e->stopping)
		key_ask(e, slot);
}

static void
vault_frame(struct engine *e, struct slot *slot, const struct frame *frame)
{
	struct task *task = slot->worker->task;
	struct vault_failed *failed;

	/* Whatever it says while it has a job is its answer to that job. */
	if (task != NULL && slot->ready) {
		switch (task->kind) {
		case WORK_OPEN:
			open_vault_frame(task, frame);
			return;
		case WORK_SEAL:
			seal_vault_frame(task, frame);
			return;
		case WORK_RESEAL:
			key_vault_frame(task, frame);
			return;
		case WORK_STAGE:
			stage_vault_frame(task, frame);
			return;
		case WORK_CHECKPOINT:
			checkpoint_vault_frame(task, frame);
			return;
		}
	}
	switch (frame->type) {
	case VAULT_READY:
		vault_ready(e, slot, frame);
		return;
	case VAULT_WRAPPED:
		key_wrapped(e, frame);
		return;
	case VAULT_UNWRAPPED:
		key_unwrapped(e, frame);
		return;
	default:
		break;
	}
	if (slot->ready) {
		log_warn("vault: an answer nobody asked for");
		return;
	}
	/* A set-up or the data key failed: a person has to look. */
	failed = frame->type == VAULT_FAILED
		     ? wire_decode(e, &vault_failed_wire, frame->payload, NULL)
		     : NULL;
	log_err("vault: %s", failed != NULL && failed->text != NULL
				 ? failed->text
				 : "an answer nobody asked for");
	talloc_free(failed);
	engine_end(e, ENGINE_EXIT_SETUP);
}

static void
read_frame(struct engine *e, struct slot *slot, const struct frame *frame)
{
	struct task *task = slot->worker->task;
	struct read_failed *failed;

	if (frame->type == READ_READY) {
		slot->ready = true;
		slot->failures = 0;
	} else if (frame->type == READ_REFUSED) {
		failed =
		    wire_decode(e, &read_failed_wire, frame->payload, NULL);
		log_err("%s: %s", e->s->file,
		    failed != NULL && failed->text != NULL ? failed->text
							   : "refused");
		talloc_free(failed);
		engine_end(e, ENGINE_EXIT_SETUP);
	} else if (task != NULL && task->kind == WORK_OPEN) {
		open_read_frame(task, frame);
	} else {
		log_warn("read: an answer nobody asked for");
	}
}

/* Each job has limits of its own in its room; this is for a room that hangs. */
static void
task_extend(struct task *task)
{
	if (task == NULL)
		return;
	task->until_ms = clock_monotonic_ms() + ANSWER_EXTRA_MS +
			 (int64_t)ANSWER_JOBS * task->engine->s->wall_ms;
}

static void
slot_frame(struct engine *e, struct slot *slot, const struct frame *frame)
{
	switch (slot->kind) {
	case SLOT_FETCH:
		intake_frame(e, frame);
		break;
	case SLOT_SEND:
		send_frame(e, frame);
		break;
	case SLOT_READ:
		task_extend(slot->worker->task);
		read_frame(e, slot, frame);
		break;
	case SLOT_VAULT:
		task_extend(slot->worker->task);
		vault_frame(e, slot, frame);
		break;
	}
}

/* ---- a room is gone ---- */

static void
task_lost(struct task *task)
{
	if (task == NULL)
		return;
	switch (task->kind) {
	case WORK_OPEN:
		open_lost(task);
		break;
	case WORK_SEAL:
		seal_lost(task);
		break;
	case WORK_RESEAL:
		key_lost(task);
		break;
	case WORK_STAGE:
		stage_lost(task);
		break;
	case WORK_CHECKPOINT:
		checkpoint_lost(task);
		break;
	}
}

static void
slot_lost(struct engine *e, struct slot *slot, const char *why)
{
	unsigned shift = slot->failures < 7 ? slot->failures : 7;
	int64_t wait = (int64_t)RESTART_FIRST_MS << shift;
	struct slot *other;

	if (wait > RESTART_MOST_MS)
		wait = RESTART_MOST_MS;
	TALLOC_FREE(slot->process);
	slot->ready = false;
	slot->set_up = false;
	slot->failures++;
	slot->start_at_ms = clock_monotonic_ms() + wait;
	if (e->stopping)
		return;
	log_warn("room %s is gone (%s); it is started anew",
	    slot_names[slot->kind], why);
	if (slot->failures >= 5 && !e->unlocked) {
		log_err("room %s does not stay up", slot_names[slot->kind]);
		engine_end(e, ENGINE_EXIT_SETUP);
	}
	if (slot == e->unlocking)
		e->unlocking = NULL;
	switch (slot->kind) {
	case SLOT_FETCH:
		intake_lost(e);
		break;
	case SLOT_SEND:
		send_lost(e);
		break;
	case SLOT_READ:
	case SLOT_VAULT:
		if (slot->worker->task == NULL)
			break;
		/* What the other one still answers would be taken for an
		 * answer to the worker's next task: it goes as well. */
		other = slot->kind == SLOT_READ ? &slot->worker->vault
						: &slot->worker->read;
		TALLOC_FREE(other->process);
		other->ready = false;
		other->set_up = false;
		task_lost(slot->worker->task);
		break;
	}
}

void
rooms_turn(struct engine *e, struct slot *slot, short revents)
{
	struct error err = {0};
	struct frame frame;
	void *ctx;
	int more = 1;
	int rc = 0;

	if (slot->process == NULL)
		return;
	if ((revents & POLLOUT) != 0 &&
	    channel_flush(slot->process->channel, &err) != 0) {
		slot_lost(e, slot, err.text);
		return;
	}
	if ((revents & (POLLIN | POLLHUP | POLLERR)) == 0)
		return;
	more = channel_fill(slot->process->channel, &err);
	ctx = talloc_new(NULL);
	while (slot->process != NULL && !e->stopping &&
	       (rc = channel_next(slot->process->channel, ctx, &frame, &err)) ==
		   1) {
		slot_frame(e, slot, &frame);
		talloc_free_children(ctx);
	}
	talloc_free(ctx);
	if (slot->process != NULL && (more <= 0 || rc < 0))
		slot_lost(e, slot, err.text[0] != '\0' ? err.text : "it left");
}

/* ---- starting ---- */

static void
slot_start(struct engine *e, struct slot *slot)
{
	struct error err = {0};

	if (slot->process != NULL || slot->start_at_ms > clock_monotonic_ms())
		return;
	slot->process =
	    starter_room(e, e->starter, slot_names[slot->kind], &err);
	if (slot->process == NULL) {
		log_err("%s", err.text);
		slot->start_at_ms = clock_monotonic_ms() + RESTART_MOST_MS;
		/* Killed, it took all rooms along: another engine has one. */
		if (err.fault == FAULT_SETUP)
			engine_end(e, ENGINE_EXIT_TRY_AGAIN);
		return;
	}
	switch (slot->kind) {
	case SLOT_FETCH:
		rooms_setup_fetch(e);
		break;
	case SLOT_SEND:
		rooms_setup_send(e);
		break;
	case SLOT_READ:
		rooms_setup_read(e, slot);
		break;
	case SLOT_VAULT:
		rooms_setup_vault(e, slot);
		break;
	}
}

void
rooms_start(struct engine *e)
{
	for (size_t i = 0; i < e->nworkers; i++) {
		struct worker *w = &e->workers[i];

		if (w->task != NULL && clock_monotonic_ms() > w->task->until_ms)
			slot_lost(e, &w->read, "it does not answer");
		slot_start(e, &w->read);
		slot_start(e, &w->vault);
		/* Those that waited for another's data key. */
		if (e->unlocked && w->vault.set_up)
			w->vault.ready = true;
	}
	if (!e->unlocked)
		return;
	slot_start(e, &e->send);
	/* --once: a fetch room that has ended had its say. */
	if (!(e->once && e->fetch_idle))
		slot_start(e, &e->fetch);
}

bool
rooms_all_ready(const struct engine *e)
{
	for (size_t i = 0; i < e->nworkers; i++)
		if (!e->workers[i].read.ready || !e->workers[i].vault.ready)
			return false;
	return e->fetch.ready && e->send.ready;
}

size_t
rooms_poll(
    struct engine *e, struct pollfd *fds, struct slot **slots, size_t most)
{
	size_t n = 0;

	for (size_t i = 0; i < 2 + 2 * e->nworkers && n < most; i++) {
		struct slot *slot = i == 0       ? &e->fetch
				    : i == 1     ? &e->send
				    : i % 2 == 0 ? &e->workers[i / 2 - 1].read
						 : &e->workers[i / 2 - 1].vault;

		if (slot->process == NULL)
			continue;
		slots[n] = slot;
		fds[n].fd = channel_fd(slot->process->channel);
		fds[n].events = POLLIN;
		if (channel_wants_write(slot->process->channel))
			fds[n].events |= POLLOUT;
		fds[n].revents = 0;
		n++;
	}
	return n;
}

void
rooms_stop(struct engine *e)
{
	TALLOC_FREE(e->fetch.process);
	TALLOC_FREE(e->send.process);
	for (size_t i = 0; i < e->nworkers; i++) {
		TALLOC_FREE(e->workers[i].read.process);
		TALLOC_FREE(e->workers[i].vault.process);
	}
	starter_end(e->starter);
}

/* ---- workers and tasks ---- */

struct worker *
worker_idle(struct engine *e)
{
	for (size_t i = 0; i < e->nworkers; i++) {
		struct worker *w = &e->workers[i];

		if (w->task == NULL && w->read.ready && w->vault.ready)
			return w;
	}
	return NULL;
}

bool
worker_has(struct engine *e, enum work_kind kind, int64_t id)
{
	for (size_t i = 0; i < e->nworkers; i++) {
		const struct task *task = e->workers[i].task;

		if (task != NULL && task->kind == kind && task->id == id)
			return true;
	}
	return false;
}

struct task *
task_new(struct engine *e, struct worker *w, enum work_kind kind, int64_t id)
{
	struct task *task = talloc_zero(e, struct task);

	if (task == NULL)
		return NULL;
	task->kind = kind;
	task->id = id;
	task->engine = e;
	task->worker = w;
	w->task = task;
	task_extend(task);
	return task;
}

void
task_done(struct task *task)
{
	task->worker->task = NULL;
	task->engine->progress = true;
	talloc_free(task);
}
