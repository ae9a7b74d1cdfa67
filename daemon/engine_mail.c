/*
 * engine_mail.c - the stops `seal` and `send`: approved -> sealed -> sending
 * -> sent | uncertain | failed.
 *
 * Runs in the engine process.  A vault makes the bytes that leave; they are
 * committed before the send room sees them, and every try sends the same
 * ones.  `sending` is committed before that, so that a mail whose fate is
 * unknown is shown and never sent again by itself (RULES 23).
 */
#include "engine_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define RETRY_FIRST_S 30
#define RETRY_MOST_S 3600
#define STALE_WHY "the letter became too old to be answered by itself"

struct seal_state {
	struct store_outmail m;
};

/* ---- seal ---- */

static int commit_held(struct task *task, const char *why, struct error *err);
static int commit_later(struct task *task, struct error *err);
static int mark_mail(struct engine *e, struct store_outmail *m,
    enum outmail_state state, const char *why, const char *stop,
    struct error *err);

/* What answers a letter before anybody has read it. */
static bool
is_answer(const struct store_outmail *m)
{
	return m->kind == MAIL_ACKNOWLEDGE || m->kind == MAIL_RESEND;
}

/*
 * RULES 4: an answer that waited until its letter got old does not leave by
 * itself any more; one that a person sends again is not automatic.
 */
static int
is_stale(struct engine *e, const struct store_outmail *m, bool *stale,
    struct error *err)
{
	struct store_letter letter = {0};
	void *ctx = talloc_new(e);
	int found = 0;

	*stale = false;
	if (m->automatic && is_answer(m) && m->letter != 0) {
		found = store_letter_get(ctx, e->st, m->letter, &letter, err);
		*stale =
		    found == 1 && letter.received < clock_now() - e->s->stale_s;
	}
	talloc_free(ctx);
	return found < 0 ? -1 : 0;
}

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
	job->automatic = m->automatic || is_answer(m);
	job->kind = mail_kind_name((enum mail_kind)m->kind);
	job->body = m->body;
	job->encrypt = m->encrypt;
	job->recipient = m->recipient;
	job->recipient_key = m->recipient_key;
	job->recipient_key_fpr = m->recipient_key_fpr;
	/* Who writes to us for the first time needs our key to write again. */
	job->attach_own_key = is_answer(m);
	return m->with_files ? add_files(e, s, job, err) : 0;
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
	bool stale = false;
	bool done;

	if (w == NULL || !e->unlocked)
		return false;
	do {
		if (store_outmail_next(e->st, OUTMAIL_APPROVED, clock_now(), id,
			&id, &next, &err) != 0) {
			engine_trouble(e, "seal", &err);
			return false;
		}
	} while (id != 0 && worker_has(e, TASK_SEAL, id));
	if (next != 0 && (e->retry_at == 0 || next < e->retry_at))
		e->retry_at = next;
	if (id == 0)
		return false;
	task = task_new(e, w, TASK_SEAL, id);
	task->state = s = talloc_zero(task, struct seal_state);
	if (store_outmail_get(s, e->st, id, &s->m, &err) != 1 ||
	    fill_seal_job(e, s, &job, &err) != 0 ||
	    is_stale(e, &s->m, &stale, &err) != 0) {
		/* The mail's own fault: nobody else is to wait for it. */
		done = err.fault == FAULT_INPUT &&
		       mark_mail(e, &s->m, OUTMAIL_FAILED, err.text, "seal",
			   &err) == 0;
		if (!done)
			engine_trouble(e, "seal", &err);
		task_done(task);
		return done;
	}
	if (stale) {
		if (commit_held(task, STALE_WHY, &err) != 0)
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

/* The POC is told of a mail, but not by mail of what tells it. */
static int
tell_of_mail(struct engine *e, const struct store_outmail *m,
    enum reason reason, struct error *err)
{
	if (reason == REASON_NONE || m->kind == MAIL_ALERT)
		return 0;
	return store_alert_add(
	    e->st, (uint32_t)reason, m->letter, m->casefile, clock_now(), err);
}

/*
 * Held or failed before the send room saw it: it waits for a person.  Why
 * stands in its row alone: what the vault says may name a key.
 */
static int
mark_mail(struct engine *e, struct store_outmail *m, enum outmail_state state,
    const char *why, const char *stop, struct error *err)
{
	bool held = state == OUTMAIL_HELD;
	char *reason = talloc_strdup(e, why);
	uint32_t from = m->state;
	int rc = -1;

	store_rollback(e->st);
	m->state = state;
	m->reason = reason;
	log_warn("outmail=%lld stop=%s %s: \"psirt queue\" says why",
	    (long long)m->id, stop, outmail_state_name(state));
	if (store_begin(e->st, err) == 0 &&
	    store_outmail_put(e->st, m, from, err) == 0 &&
	    engine_record(e, held ? RECORD_MAIL_HELD : RECORD_MAIL_FAILED,
		m->casefile, m->letter, m->id, 0, err) == 0 &&
	    tell_of_mail(
		e, m, held ? REASON_MAIL_HELD : REASON_MAIL_FAILED, err) == 0)
		rc = stop_commit(e, stop, err);
	m->reason = NULL;
	talloc_free(reason);
	return rc;
}

/* No usable key: it waits for a person, never leaves in clear (DESIGN 8). */
static int
commit_held(struct task *task, const char *why, struct error *err)
{
	struct seal_state *s = task->state;

	return mark_mail(task->engine, &s->m, OUTMAIL_HELD, why, "seal", err);
}

/* The vault stumbled: the mail waits a while, then is tried again. */
static int
commit_later(struct task *task, struct error *err)
{
	struct engine *e = task->engine;
	struct seal_state *s = task->state;

	s->m.tries++;
	s->m.not_before = clock_now() + RETRY_FIRST_S;
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
			rc = commit_held(task,
			    failed->text != NULL ? failed->text
						 : "cannot be sealed",
			    &err);
	} else {
		error_set(&err, FAULT_RETRY, "the vault answered another job");
	}
	if (rc != 0)
		engine_trouble(task->engine, "seal", &err);
	else
		log_info("outmail=%lld stop=seal", (long long)task->id);
	task_done(task);
}

/* ---- send ---- */

/* What becomes of a mail after each outcome of the send room. */
static const struct {
	uint32_t state;
	enum record_what record;
	enum reason tell; /* REASON_NONE: the POC need not be told */
} after_send[] = {
    [SEND_ACCEPTED] = {OUTMAIL_SENT, RECORD_MAIL_SENT, REASON_NONE},
    [SEND_RETRY] = {OUTMAIL_SEALED, RECORD_MAIL_RETRY, REASON_NONE},
    [SEND_REFUSED] = {OUTMAIL_FAILED, RECORD_MAIL_FAILED, REASON_MAIL_FAILED},
    [SEND_UNCERTAIN] = {OUTMAIL_UNCERTAIN, RECORD_MAIL_UNCERTAIN,
	REASON_MAIL_UNCERTAIN},
};

static int64_t
next_try(uint32_t tries)
{
	int64_t wait = RETRY_FIRST_S;

	for (uint32_t i = 1; i < tries && wait < RETRY_MOST_S; i++)
		wait *= 2;
	return clock_now() + (wait > RETRY_MOST_S ? RETRY_MOST_S : wait);
}

static int
mark_acknowledged(
    struct engine *e, const struct store_outmail *m, struct error *err)
{
	struct store_case c = {0};
	void *ctx = talloc_new(e);
	int rc = 0;

	if (m->kind == MAIL_ACKNOWLEDGE && m->casefile != 0) {
		rc = store_case_get(ctx, e->st, m->casefile, &c, err);
		if (rc == 1 && c.acknowledged == 0) {
			c.acknowledged = m->sent;
			rc = store_case_put(e->st, &c, err);
		} else if (rc == 1) {
			rc = 0;
		}
	}
	talloc_free(ctx);
	return rc < 0 ? -1 : 0;
}

static int
commit_sent(struct engine *e, int64_t id, uint32_t outcome, uint32_t code,
    const char *text, struct error *err)
{
	struct store_outmail m = {0};
	void *ctx = talloc_new(e);
	int rc = -1;

	if (store_outmail_get(ctx, e->st, id, &m, err) != 1)
		goto out;
	m.state = after_send[outcome].state;
	m.smtp_code = code;
	if (outcome == SEND_ACCEPTED)
		m.sent = clock_now();
	if (outcome == SEND_RETRY)
		m.not_before = next_try(m.tries);
	m.reason = text != NULL && outcome != SEND_ACCEPTED
		       ? talloc_strdup(ctx, text)
		       : NULL;
	if (store_begin(e->st, err) != 0 ||
	    store_outmail_put(e->st, &m, OUTMAIL_SENDING, err) != 0 ||
	    engine_record(e, after_send[outcome].record, m.casefile, m.letter,
		id, code, err) != 0 ||
	    (outcome == SEND_ACCEPTED && mark_acknowledged(e, &m, err) != 0) ||
	    tell_of_mail(e, &m, after_send[outcome].tell, err) != 0)
		goto out;
	rc = stop_commit(e, "sent", err);
out:
	talloc_free(ctx);
	return rc;
}

/*
 * A mail is `sending` and the send room has none: psirtd died, or the answer
 * could not be committed (a full disk).  Nobody knows whether it arrived.
 */
static int
doubt_all(struct engine *e, const char *why, struct error *err)
{
	int64_t id = 0;
	int64_t next = 0;

	for (;;) {
		if (store_outmail_next(e->st, OUTMAIL_SENDING, INT64_MAX, 0,
			&id, &next, err) != 0)
			return -1;
		if (id == 0)
			return 0;
		log_warn("outmail=%lld uncertain: %s", (long long)id, why);
		if (commit_sent(e, id, SEND_UNCERTAIN, 0, why, err) != 0)
			return -1;
	}
}

bool
stop_send(struct engine *e)
{
	struct store_outmail m = {0};
	struct send_mail mail = {0};
	struct error err = {0};
	void *ctx;
	int64_t id = 0;
	int64_t next = 0;
	bool stale = false;
	bool done = false;

	if (!e->unlocked || !e->send.ready || e->sending != 0)
		return false;
	if (doubt_all(e, "its answer could not be kept", &err) != 0) {
		engine_trouble(e, "send", &err);
		return false;
	}
	if (store_outmail_next(
		e->st, OUTMAIL_SEALED, clock_now(), 0, &id, &next, &err) != 0) {
		engine_trouble(e, "send", &err);
		return false;
	}
	if (next != 0 && (e->retry_at == 0 || next < e->retry_at))
		e->retry_at = next;
	if (id == 0)
		return false;
	ctx = talloc_new(e);
	if (store_outmail_get(ctx, e->st, id, &m, &err) != 1 ||
	    store_outmail_wire_get(ctx, e->st, id, &mail.wire, &err) < 0 ||
	    is_stale(e, &m, &stale, &err) != 0) {
		/* The mail's own fault: nobody else is to wait for it. */
		done = err.fault == FAULT_INPUT &&
		       mark_mail(
			   e, &m, OUTMAIL_FAILED, err.text, "send", &err) == 0;
		if (!done)
			engine_trouble(e, "send", &err);
		goto out;
	}
	if (stale) {
		done = mark_mail(
			   e, &m, OUTMAIL_HELD, STALE_WHY, "send", &err) == 0;
		if (!done)
			engine_trouble(e, "send", &err);
		goto out;
	}
	m.state = OUTMAIL_SENDING;
	m.tries++;
	if (store_begin(e->st, &err) != 0 ||
	    store_outmail_put(e->st, &m, OUTMAIL_SEALED, &err) != 0 ||
	    stop_commit(e, "send", &err) != 0) {
		engine_trouble(e, "send", &err);
		goto out;
	}
	e->sending = id;
	mail.outmail = id;
	mail.from = m.from;
	mail.to = m.to;
	room_tell(&e->send, SEND_MAIL, &send_mail_wire, &mail);
	done = true;
out:
	talloc_free(ctx);
	return done;
}

void
send_frame(struct engine *e, const struct frame *frame)
{
	struct error err = {0};
	struct send_done *done;

	done = frame->type == SEND_DONE
		   ? wire_decode(e, &send_done_wire, frame->payload, &err)
		   : NULL;
	if (done == NULL || done->outmail != e->sending || e->sending == 0 ||
	    done->outcome < SEND_ACCEPTED || done->outcome > SEND_UNCERTAIN) {
		log_warn("send: an answer nobody asked for");
		talloc_free(done);
		return;
	}
	e->sending = 0;
	e->send.failures = 0;
	if (commit_sent(e, done->outmail, done->outcome, done->code, done->text,
		&err) != 0)
		engine_trouble(e, "sent", &err);
	if (done->outcome == SEND_ACCEPTED)
		log_info("outmail=%lld stop=sent code=%u",
		    (long long)done->outmail, done->code);
	else
		log_warn("outmail=%lld stop=sent %s code=%u: %s",
		    (long long)done->outmail, send_outcome_name(done->outcome),
		    done->code, done->text != NULL ? done->text : "");
	if (done->outcome == SEND_RETRY)
		e->trouble = true;
	TALLOC_FREE(e->send_trouble);
	/* `psirt` shows it, and no addresses: one it names stays in its row. */
	if (done->outcome == SEND_RETRY)
		e->send_trouble = talloc_strdup(
		    e, done->text != NULL && strchr(done->text, '@') == NULL
			   ? done->text
			   : "a mail is to be tried again");
	talloc_free(done);
}

/* The send room died with a mail in hand: nobody knows how far it came. */
void
send_lost(struct engine *e)
{
	struct error err = {0};
	int64_t id = e->sending;

	e->sending = 0;
	if (id != 0 &&
	    commit_sent(e, id, SEND_UNCERTAIN, 0,
		"the send room died while it sent this mail", &err) != 0)
		engine_trouble(e, "sent", &err);
}

int
mail_recover(struct engine *e, struct error *err)
{
	if (store_begin(e->st, err) != 0)
		return -1;
	if (engine_record(e, RECORD_START, 0, 0, 0, 0, err) != 0 ||
	    stop_commit(e, "start", err) != 0)
		return -1;
	return doubt_all(e, "psirtd died while it sent this mail", err);
}
