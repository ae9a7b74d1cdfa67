/*
 * mails.c - queue: what has not left yet, and what a person decides of it.
 *
 * Runs in the engine.  The list shows kinds, states and reasons, no
 * addresses and no text.  A decision is one transaction: the mail's next
 * state and its line of the record.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/store_keep.h"
#include "psirtd/write.h"

static const enum outmail_state queue_states[] = {OUTMAIL_HELD,
    OUTMAIL_UNCERTAIN, OUTMAIL_FAILED, OUTMAIL_DRAFT, OUTMAIL_APPROVED,
    OUTMAIL_SEALED, OUTMAIL_SENDING};

#define NQUEUE (sizeof(queue_states) / sizeof(queue_states[0]))

const char *
mail_to(const struct store_outmail *m)
{
	if (m->department != NULL)
		return m->department;
	switch (m->audience) {
	case AUDIENCE_COUNTERPART:
		return "counterpart";
	case AUDIENCE_COORDINATOR:
		return "coordinator";
	case AUDIENCE_CUSTOMER:
		return "customer";
	case AUDIENCE_DESK:
		return "desk";
	default:
		return m->kind == MAIL_ALERT ? "desk" : "sender";
	}
}

static bool
needs_decision(const struct store_outmail *m)
{
	return m->state == OUTMAIL_HELD || m->state == OUTMAIL_UNCERTAIN ||
	       m->state == OUTMAIL_FAILED;
}

/* A mail server's words name the reader: a list shows no addresses. */
static json_t *
reason_without_addresses(const char *reason)
{
	char *out = reason != NULL ? talloc_strdup(NULL, "") : NULL;
	json_t *text;

	while (out != NULL && *reason != '\0') {
		size_t word = strcspn(reason, " ");
		size_t gap = strspn(reason + word, " ");
		bool hide = memchr(reason, '@', word) != NULL;

		out = talloc_asprintf_append(out, "%.*s%.*s",
		    hide ? 9 : (int)word, hide ? "<address>" : reason, (int)gap,
		    reason + word);
		reason += word + gap;
	}
	text = json_text(out);
	talloc_free(out);
	return text;
}

json_t *
mail_row(struct request *r, const struct store_outmail *m)
{
	char *next = NULL;
	json_t *row;

	if (m->state == OUTMAIL_UNCERTAIN)
		next = talloc_asprintf(r,
		    "psirt queue sent %lld or psirt queue resend %lld or "
		    "psirt queue drop %lld",
		    (long long)m->id, (long long)m->id, (long long)m->id);
	else if (m->state == OUTMAIL_DRAFT)
		next =
		    talloc_asprintf(r, "psirt approve %lld", (long long)m->id);
	else if (needs_decision(m))
		next = talloc_asprintf(r,
		    "psirt queue resend %lld or psirt queue drop %lld",
		    (long long)m->id, (long long)m->id);
	row = json_pack("{s:I,s:o,s:s,s:o,s:s,s:b,s:o,s:o,s:o,s:i,s:o,s:o,s:o}",
	    "mail", (json_int_t)m->id, "case",
	    json_text(request_case_number(r, m->casefile)), "kind",
	    mail_kind_name((enum mail_kind)m->kind), "to",
	    json_text(mail_to(m)), "state", outmail_state_name(m->state),
	    "encrypted", m->encrypt != 0, "made", json_time(m->made),
	    "not_before", json_time(m->not_before), "sent", json_time(m->sent),
	    "tries", (int)m->tries, "smtp", json_number(m->smtp_code), "reason",
	    reason_without_addresses(m->reason), "next", json_text(next));
	talloc_free(next);
	return row;
}

/* Damage in its sealed columns leaves what is plain, and can be dropped. */
int
mail_look(
    struct request *r, const void *ctx, int64_t id, struct store_outmail *m)
{
	int found = store_outmail_get(ctx, r->st, id, m, &r->err);

	if (found >= 0 || r->err.fault != FAULT_INPUT)
		return found;
	error_clear(&r->err);
	m->reason = talloc_strdup(ctx, "its row in the database is damaged");
	return 1;
}

/* ---- queue ---- */

struct queue {
	size_t state;
	int64_t id;
};

enum turn
queue_run(struct request *r)
{
	struct queue *q = r->state;
	struct store_outmail m;
	int64_t id, next;
	void *ctx;
	int rc;

	if (q == NULL) {
		q = r->state = talloc_zero(r, struct queue);
		if (q == NULL || answer_list(r, "mails") != 0)
			return TURN_FAILED;
	}
	while (q->state < NQUEUE) {
		if (!request_has_time(r))
			return TURN_MORE;
		id = next = 0;
		if (store_outmail_next(r->st, queue_states[q->state], INT64_MAX,
			q->id, &id, &next, &r->err) < 0)
			return TURN_FAILED;
		q->id = id;
		if (id == 0) {
			q->state++;
			continue;
		}
		ctx = talloc_new(r);
		rc = mail_look(r, ctx, id, &m);
		if (rc == 1)
			rc = answer_row(r, mail_row(r, &m));
		talloc_free(ctx);
		if (rc != 0)
			return TURN_FAILED;
	}
	return answer_list_end(r) == 0 ? TURN_DONE : TURN_FAILED;
}

/* ---- decisions ---- */

/* Restored from a backup: what has not left may be dropped before it does. */
static bool
waits_for_release(struct request *r, const struct store_outmail *m)
{
	struct error err = {0};
	int64_t since = 0;

	return (m->state == OUTMAIL_APPROVED || m->state == OUTMAIL_SEALED) &&
	       store_memo_get(r->st, MEMO_RESTORED, &since, &err) == 0 &&
	       since != 0;
}

/* A mail that waits for a person; else failed, false. */
static bool
request_mail(struct request *r, const char *word, struct store_outmail *m)
{
	int64_t id;

	if (!request_number(r, word, "mail", "psirt queue", &id))
		return false;
	switch (mail_look(r, r, id, m)) {
	case 1:
		break;
	case 0:
		request_fail(r, CONTROL_EXIT_REFUSED,
		    "no mail %lld: \"psirt queue\" shows them", (long long)id);
		return false;
	default:
		return false;
	}
	if (needs_decision(m) || waits_for_release(r, m))
		return true;
	request_fail(r, CONTROL_EXIT_REFUSED,
	    "mail %lld is %s: only held, uncertain and failed ones wait for a "
	    "decision",
	    (long long)id, outmail_state_name(m->state));
	return false;
}

/* Inside the transaction: what else follows from a mail being sent. */
static int
mail_acknowledged(struct request *r, const struct store_outmail *m)
{
	struct store_case c;

	if (m->state != OUTMAIL_SENT || m->kind != MAIL_ACKNOWLEDGE ||
	    m->casefile == 0)
		return 0;
	switch (store_case_get(r, r->st, m->casefile, &c, &r->err)) {
	case 1:
		break;
	case 0:
		return 0;
	default:
		return -1;
	}
	if (c.acknowledged != 0)
		return 0;
	c.acknowledged = m->sent;
	return store_case_put(r->st, &c, &r->err);
}

static enum turn
mail_decide(struct request *r, struct store_outmail *m,
    enum outmail_state state, const char *done)
{
	uint32_t from = m->state;

	m->state = state;
	m->not_before = 0;
	if (store_begin(r->st, &r->err) != 0)
		return TURN_FAILED;
	if (store_outmail_put(r->st, m, from, &r->err) != 0 ||
	    mail_acknowledged(r, m) != 0 ||
	    r->control->engine->decided(r->control->engine->arg, m, &r->err) !=
		0) {
		store_rollback(r->st);
		return TURN_FAILED;
	}
	if (request_record(
		r, m->casefile, m->letter, m->id, state, NULL, true) != 0)
		return TURN_FAILED;
	r->control->engine->wake(r->control->engine->arg);
	if (answer_set(r, "mail", json_integer(m->id)) != 0 ||
	    answer_set(r, "state", json_text(outmail_state_name(state))) != 0 ||
	    answer_set(r, "done", json_text(done)) != 0 ||
	    answer_set(r, "next", json_pack("[s]", "psirt queue")) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

enum turn
queue_drop_run(struct request *r)
{
	struct store_outmail m;

	if (!request_mail(r, r->words[0], &m))
		return TURN_FAILED;
	return mail_decide(r, &m, OUTMAIL_CANCELLED, "will not be sent");
}

enum turn
queue_resend_run(struct request *r)
{
	struct store_outmail m;
	struct bytes wire = BYTES_NONE;

	if (!request_mail(r, r->words[0], &m))
		return TURN_FAILED;
	if (store_outmail_wire_get(r, r->st, m.id, &wire, &r->err) < 0)
		return TURN_FAILED;
	/*
	 * It may have arrived: only the very same bytes under the same
	 * Message-ID can be recognised as the same mail (RULES 23).  One that
	 * was never tried is in doubt by a restore, or by a letter that was
	 * found late: no bytes of it were here.
	 */
	if (m.state == OUTMAIL_UNCERTAIN && wire.len == 0 && m.tries > 0)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "the bytes of mail %lld are gone, so it cannot go out the "
		    "same again: psirt queue drop %lld",
		    (long long)m.id, (long long)m.id);
	m.tries = 0;
	/* An answer that a person sends may be one to an old letter. */
	if (m.kind == MAIL_ACKNOWLEDGE || m.kind == MAIL_RESEND)
		m.automatic = 0;
	m.smtp_code = 0;
	m.reason = NULL;
	if (wire.len > 0)
		return mail_decide(
		    r, &m, OUTMAIL_SEALED, "goes out again, the same bytes");
	return mail_decide(
	    r, &m, OUTMAIL_APPROVED, "is signed anew and goes out");
}

enum turn
queue_sent_run(struct request *r)
{
	struct store_outmail m;

	if (!request_mail(r, r->words[0], &m))
		return TURN_FAILED;
	if (m.state == OUTMAIL_HELD)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "mail %lld never left: psirt queue resend %lld",
		    (long long)m.id, (long long)m.id);
	m.sent = clock_now();
	return mail_decide(r, &m, OUTMAIL_SENT, "counts as sent");
}

enum turn
queue_release_run(struct request *r)
{
	int64_t since = 0;

	if (store_memo_get(r->st, MEMO_RESTORED, &since, &r->err) < 0)
		return TURN_FAILED;
	if (since == 0)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "mails leave: this database was not restored, or was "
		    "released");
	if (store_begin(r->st, &r->err) != 0)
		return TURN_FAILED;
	if (store_memo_put(r->st, MEMO_RESTORED, 0, &r->err) != 0) {
		store_rollback(r->st);
		return TURN_FAILED;
	}
	if (request_record(r, 0, 0, 0, 0, NULL, true) != 0)
		return TURN_FAILED;
	r->control->engine->wake(r->control->engine->arg);
	if (answer_set(r, "done", json_text("Mails leave again.")) != 0 ||
	    answer_set(r, "next", json_pack("[s]", "psirt queue")) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
