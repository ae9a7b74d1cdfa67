/*
 * engine_mail.c - the stop `send`: sealed -> sending -> sent | uncertain |
 * failed; and what it shares with `seal` (engine_seal.c).
 *
 * Runs in the engine process.  `sending` is committed before the send room
 * sees the mail, so that one whose fate is unknown is shown, and never sent
 * again by itself (RULES 23).
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define RETRY_FIRST_S 30
#define RETRY_MOST_S 3600

/* ---- of any mail ---- */

/* What answers a letter before anybody has read it. */
bool
mail_is_answer(const struct store_outmail *m)
{
	return m->kind == MAIL_ACKNOWLEDGE || m->kind == MAIL_RESEND;
}

/*
 * RULES 4: an answer that waited until its letter got old does not leave by
 * itself any more; one that a person sends again is not automatic.
 */
int
mail_is_stale(struct engine *e, const struct store_outmail *m, bool *stale,
    struct error *err)
{
	struct store_letter letter = {0};
	void *ctx = talloc_new(e);
	int found = 0;

	*stale = false;
	if (m->automatic && mail_is_answer(m) && m->letter != 0) {
		found = store_letter_get(ctx, e->st, m->letter, &letter, err);
		*stale =
		    found == 1 && letter.received < clock_now() - e->s->stale_s;
	}
	talloc_free(ctx);
	return found < 0 ? -1 : 0;
}

/* The POC is told of a mail, but not by mail of what tells it. */
int
mail_tell(struct engine *e, const struct store_outmail *m, enum reason reason,
    struct error *err)
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
int
mail_mark(struct engine *e, struct store_outmail *m, enum outmail_state state,
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
	    mail_tell(
		e, m, held ? REASON_MAIL_HELD : REASON_MAIL_FAILED, err) == 0)
		rc = stop_commit(e, stop, err);
	m->reason = NULL;
	talloc_free(reason);
	return rc;
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

int
mail_acknowledged(
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

/* Its step may go on, or stands still and shows it. */
int
mail_tell_case(
    struct engine *e, const struct store_outmail *m, struct error *err)
{
	if (m->state == OUTMAIL_SENT)
		return leave_sent(e, m, err);
	return m->casefile != 0
		   ? store_case_advance(e->st, m->casefile, true, err)
		   : 0;
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
	if (outcome == SEND_UNCERTAIN) {
		int came = copy_came(e, &m, err);

		if (came < 0)
			goto out;
		if (came == 1) {
			log_info("outmail=%lld sent: its copy was here before",
			    (long long)id);
			outcome = SEND_ACCEPTED;
		}
	}
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
	    (outcome == SEND_ACCEPTED && mail_acknowledged(e, &m, err) != 0) ||
	    mail_tell_case(e, &m, err) != 0 ||
	    mail_tell(e, &m, after_send[outcome].tell, err) != 0)
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

	if (!e->unlocked || !e->send.ready || e->sending != 0 ||
	    release_waits(e))
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
	    mail_is_stale(e, &m, &stale, &err) != 0) {
		/* The mail's own fault: nobody else is to wait for it. */
		done = err.fault == FAULT_INPUT &&
		       mail_mark(
			   e, &m, OUTMAIL_FAILED, err.text, "send", &err) == 0;
		if (!done)
			engine_trouble(e, "send", &err);
		goto out;
	}
	if (stale) {
		done = mail_mark(
			   e, &m, OUTMAIL_HELD, MAIL_STALE, "send", &err) == 0;
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
	mail.copy = copy_address(e, &m);
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
