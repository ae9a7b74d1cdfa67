/*
 * engine_seal.c - the stop `seal`: approved -> sealed | held | failed.
 *
 * Runs in the engine process.  A vault makes the bytes that leave; they are
 * committed before the send room sees them, and every try sends the same
 * ones.  What cannot be sealed as it must be is held, and never leaves in
 * clear.
 */
#include "engine_case.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define LATER_S 30 /* a vault that stumbled is asked again */

struct seal_state {
	struct store_outmail m;
};

static int commit_held(struct task *task, const char *why, struct error *err);
static int commit_later(struct task *task, struct error *err);

/* The files of the letter that go along with `psirt route --attachments`. */
static int
add_files(struct engine *e, struct seal_state *s, struct vault_seal_job *job,
    struct error *err)
{
	struct opening *o = engine_opening(s, e, s->m.letter, err);

	if (o == NULL)
		return err->text[0] != '\0' ? -1 : 0;
	job->files = talloc_zero_array(s, struct draft_file, o->nparts + 1);
	for (size_t i = 0; i < o->nparts; i++) {
		const struct part *p = &o->parts[i];

		if (!part_is_attachment(p))
			continue;
		job->files[job->nfiles].name =
		    p->name != NULL ? p->name : "attachment";
		job->files[job->nfiles].type = p->type;
		job->files[job->nfiles].content = p->content;
		job->nfiles++;
	}
	return 0;
}

static int
fill_seal_job(struct engine *e, struct seal_state *s,
    struct vault_seal_job *job, struct error *err)
{
	const struct store_outmail *m = &s->m;

	job->from_name = e->s->from_name;
	job->from = e->s->address;
	job->to_name = m->to_name;
	job->to = m->to;
	job->subject = m->subject;
	job->message_id = m->message_id;
	job->in_reply_to = m->in_reply_to;
	if (m->in_reply_to != NULL) {
		job->references = talloc_array(s, const char *, 1);
		job->references[0] = m->in_reply_to;
		job->nreferences = 1;
	}
	job->date = m->made;
	job->automatic = m->automatic || mail_is_answer(m);
	job->kind = mail_kind_name((enum mail_kind)m->kind);
	job->body = m->body;
	job->encrypt = m->encrypt;
	job->recipient = m->recipient;
	job->recipient_key = m->recipient_key;
	job->recipient_key_fpr = m->recipient_key_fpr;
	/* Who writes to us for the first time needs our key to write again. */
	job->attach_own_key = mail_is_answer(m);
	return m->with_files ? add_files(e, s, job, err) : 0;
}

/*
 * Why it may not leave; NULL: it may.  What was drafted or approved in time
 * may have been overtaken: by the channel, the publication date, an answer.
 */
static int
find_refusal(
    struct engine *e, struct seal_state *s, char **why, struct error *err)
{
	enum guard_kind guard = 0;
	bool stale = false;

	*why = NULL;
	if (mail_is_stale(e, &s->m, &stale, err) != 0 ||
	    leave_may(e, s, &s->m, &guard, why, err) != 0)
		return -1;
	if (guard != 0)
		*why = talloc_asprintf(s, "guard %s: %s", guard_name(guard),
		    *why != NULL ? *why : "it may not leave");
	if (*why == NULL && s->m.encrypt && s->m.recipient != NULL)
		*why = pin_refusal(s, e->s, s->m.recipient);
	if (stale)
		*why = talloc_strdup(s, MAIL_STALE);
	return 0;
}

bool
stop_seal(struct engine *e)
{
	struct vault_seal_job job = {0};
	struct worker *w = worker_idle(e);
	struct error err = {0};
	struct seal_state *s;
	struct task *task;
	int64_t id = 0;
	int64_t next = 0;
	char *why = NULL;
	bool done;

	if (w == NULL || !e->unlocked || release_waits(e))
		return false;
	do {
		if (store_outmail_next(e->st, OUTMAIL_APPROVED, clock_now(), id,
			&id, &next, &err) != 0) {
			engine_trouble(e, "seal", &err);
			return false;
		}
	} while (id != 0 && worker_has(e, WORK_SEAL, id));
	if (next != 0 && (e->retry_at == 0 || next < e->retry_at))
		e->retry_at = next;
	if (id == 0)
		return false;
	task = task_new(e, w, WORK_SEAL, id);
	task->state = s = talloc_zero(task, struct seal_state);
	if (store_outmail_get(s, e->st, id, &s->m, &err) != 1 ||
	    fill_seal_job(e, s, &job, &err) != 0 ||
	    find_refusal(e, s, &why, &err) != 0) {
		/* The mail's own fault: nobody else is to wait for it. */
		done = err.fault == FAULT_INPUT &&
		       mail_mark(e, &s->m, OUTMAIL_FAILED, err.text, "seal",
			   &err) == 0;
		if (!done)
			engine_trouble(e, "seal", &err);
		task_done(task);
		return done;
	}
	if (why != NULL) {
		if (commit_held(task, why, &err) != 0)
			engine_trouble(e, "seal", &err);
		task_done(task);
		return true;
	}
	if (room_tell(&w->vault, VAULT_SEAL, &vault_seal_job_wire, &job) != 0) {
		if (commit_held(task, "it is too large to be sealed", &err) !=
		    0)
			engine_trouble(e, "seal", &err);
		task_done(task);
	}
	return true;
}

void
seal_lost(struct task *task)
{
	struct error err = {0};

	log_warn("outmail=%lld stop=seal interrupted", (long long)task->id);
	if (!task->engine->draining && commit_later(task, &err) != 0)
		engine_trouble(task->engine, "seal", &err);
	task_done(task);
}

static int
commit_sealed(
    struct task *task, const struct vault_sealed *sealed, struct error *err)
{
	struct engine *e = task->engine;
	struct seal_state *s = task->state;
	struct store_record r = {0};

	const char *want = !s->m.encrypt            ? NULL
			   : s->m.recipient != NULL ? s->m.recipient
						    : s->m.recipient_key_fpr;

	/* In clear, or to another key than was asked: it must not leave. */
	if ((want == NULL) != (sealed->fingerprint == NULL) ||
	    (want != NULL && strcasecmp(want, sealed->fingerprint) != 0))
		return commit_held(task, "the vault sealed another mail", err);
	s->m.state = OUTMAIL_SEALED;
	r.at = clock_now();
	r.what = RECORD_MAIL_SEALED;
	r.actor = (char *)(uintptr_t) "psirtd";
	r.casefile = s->m.casefile;
	r.letter = s->m.letter;
	r.outmail = s->m.id;
	r.code = s->m.encrypt;
	if (store_begin(e->st, err) != 0 ||
	    store_outmail_wire_put(e->st, s->m.id, sealed->wire, err) != 0 ||
	    store_outmail_put(e->st, &s->m, OUTMAIL_APPROVED, err) != 0 ||
	    store_record_add(e->st, &r, err) != 0)
		return -1;
	return stop_commit(e, "seal", err);
}

/* No usable key: it waits for a person, never leaves in clear (DESIGN 8). */
static int
commit_held(struct task *task, const char *why, struct error *err)
{
	struct seal_state *s = task->state;

	return mail_mark(task->engine, &s->m, OUTMAIL_HELD, why, "seal", err);
}

/* The vault stumbled: the mail waits a while, then is tried again. */
static int
commit_later(struct task *task, struct error *err)
{
	struct engine *e = task->engine;
	struct seal_state *s = task->state;

	s->m.tries++;
	s->m.not_before = clock_now() + LATER_S;
	if (s->m.tries > 3)
		return commit_held(task, "the vault cannot seal it", err);
	if (store_begin(e->st, err) != 0 ||
	    store_outmail_put(e->st, &s->m, OUTMAIL_APPROVED, err) != 0)
		return -1;
	return stop_commit(e, "seal", err);
}

void
seal_vault_frame(struct task *task, const struct frame *frame)
{
	struct engine *e = task->engine;
	struct vault_sealed *sealed;
	struct vault_failed *failed;
	struct error err = {0};
	int rc = -1;

	if (frame->type == VAULT_SEALED) {
		sealed =
		    wire_decode(task, &vault_sealed_wire, frame->payload, &err);
		if (sealed != NULL)
			rc = commit_sealed(task, sealed, &err);
	} else if (frame->type == VAULT_FAILED) {
		failed =
		    wire_decode(task, &vault_failed_wire, frame->payload, &err);
		if (failed != NULL && failed->reason == VAULT_FAIL_CHILD)
			rc = commit_later(task, &err);
		else if (failed != NULL)
			rc = commit_held(
			    task, held_reason(task, e, failed), &err);
	} else {
		error_set(&err, FAULT_RETRY, "the vault answered another job");
	}
	if (rc != 0)
		engine_trouble(e, "seal", &err);
	else
		log_info("outmail=%lld stop=seal", (long long)task->id);
	task_done(task);
}
