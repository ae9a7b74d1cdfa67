/*
 * engine_leave.c - what leaves for a case: guards before it, who knows what
 * after it (RULES 26, 28).
 *
 * Runs in the engine process.  A mail is asked for three times whether it may
 * leave: when it is drafted, when a person approves it, and before it is
 * sealed; the desk answers from what is on record then.
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

/* ---- guards ---- */

static const char *
sealed_to(const struct store_outmail *m)
{
	if (!m->encrypt)
		return NULL;
	return m->recipient != NULL ? m->recipient : m->recipient_key_fpr;
}

static struct leaving
leaving_of(const struct settings *s, const struct store_outmail *m,
    const struct flow_step *step)
{
	const struct department *d = settings_department(s, m->department);
	struct leaving leaving = {0};

	leaving.step = step;
	leaving.audience = (enum audience)m->audience;
	leaving.address = m->to;
	leaving.fingerprint = sealed_to(m);
	if (m->audience == AUDIENCE_CUSTOMER)
		leaving.customer = settings_customer(s, m->to);
	leaving.parts = m->parts;
	if (d != NULL)
		leaving.role = d->role;
	leaving.overridden = m->overridden;
	leaving.template = mail_kind_name((enum mail_kind)m->kind);
	leaving.mediated = m->kind == MAIL_MEDIATED;
	return leaving;
}

/* What the desk tells itself is no mail of a case's procedure. */
bool
mail_is_to_desk(const struct store_outmail *m)
{
	return m->audience == AUDIENCE_DESK || m->kind == MAIL_ALERT ||
	       m->kind == MAIL_ESCALATION || m->kind == MAIL_MORNING ||
	       m->kind == MAIL_EXPIRY || m->kind == MAIL_WAKE;
}

int
leave_may(struct engine *e, const void *ctx, const struct store_outmail *m,
    enum guard_kind *guard, char **why, struct error *err)
{
	const struct flow_step *step = NULL;
	struct leaving leaving;
	struct casework *w;

	*guard = 0;
	*why = NULL;
	if (m->casefile == 0 || mail_is_to_desk(m))
		return 0;
	w = case_load(ctx, e, m->casefile, err);
	if (w == NULL)
		return -1;
	for (size_t i = 0; i < w->view.nsteps; i++)
		if (m->step != 0 && w->view.steps[i].id == m->step)
			step = w->view.steps[i].step;
	leaving = leaving_of(e->s, m, step);
	*guard = desk_may_leave(ctx, &w->view, &leaving, why);
	talloc_free(w);
	return 0;
}

/* ---- drafts ---- */

static struct store_outmail
row_of(const struct casework *w, const struct case_draft *d)
{
	struct store_outmail m = {0};

	m.kind = d->kind;
	m.casefile = w->c.id;
	m.letter = d->letter;
	m.encrypt = d->to.encrypt;
	m.to = (char *)(uintptr_t)d->to.address;
	m.to_name = (char *)(uintptr_t)d->to.name;
	m.recipient = (char *)(uintptr_t)d->to.recipient;
	m.recipient_key = d->to.key;
	m.recipient_key_fpr = (char *)(uintptr_t)d->to.key_fpr;
	m.in_reply_to = (char *)(uintptr_t)d->in_reply_to;
	m.with_files = d->with_files;
	m.automatic = d->automatic;
	if (d->department != NULL)
		m.department = (char *)(uintptr_t)d->department->name;
	if (d->pass != NULL)
		m.step = d->pass->id;
	m.audience = d->audience;
	m.policy = d->policy;
	m.parts = d->parts;
	m.overridden = d->overridden;
	m.question = d->question;
	return m;
}

int
leave_ask(struct engine *e, struct casework *w, const struct case_draft *draft,
    struct error *err)
{
	void *ctx = talloc_new(e);
	const struct store_outmail m = row_of(w, draft);
	const struct leaving leaving = leaving_of(
	    e->s, &m, draft->pass != NULL ? draft->pass->step : NULL);
	char *why = NULL;
	enum guard_kind guard = desk_may_leave(ctx, &w->view, &leaving, &why);

	if (guard != 0)
		error_set(err, FAULT_DENIED, "guard %s: %s", guard_name(guard),
		    why != NULL ? why : "it may not leave");
	talloc_free(ctx);
	return guard != 0 ? -1 : 0;
}

int
leave_draft(struct engine *e, struct casework *w,
    const struct case_draft *draft, const struct facts *facts,
    const char *actor, int64_t *mail, struct error *err)
{
	struct store_outmail m = row_of(w, draft);

	if (leave_ask(e, w, draft, err) != 0 ||
	    draft_add(e, &m, draft->to.language, facts, actor, err) != 0 ||
	    store_case_advance(e->st, w->c.id, true, err) != 0)
		return -1;
	if (mail != NULL)
		*mail = m.id;
	return 0;
}

/* ---- it left ---- */

static char *
digest_of(const void *ctx, const char *text)
{
	uint8_t digest[STORE_DIGEST_BYTES];

	store_digest(bytes_str(text), digest);
	return bytes_hex(ctx, bytes_of(digest, sizeof(digest)));
}

/* Who was sent which part, when, under which key: `psirt who CASE`. */
static int
told(struct engine *e, const struct store_outmail *m, struct error *err)
{
	struct store_told t = {0};
	struct store_record r = {0};
	void *ctx;
	int rc;

	if (m->parts == 0)
		return 0;
	ctx = talloc_new(e);
	t.casefile = r.casefile = m->casefile;
	t.outmail = r.outmail = m->id;
	t.at = r.at = m->sent;
	t.parts = r.code = m->parts;
	t.person = m->to_name;
	t.address = m->to;
	t.fingerprint = (char *)(uintptr_t)sealed_to(m);
	t.department = m->department;
	r.what = RECORD_TOLD;
	r.actor = (char *)(uintptr_t) "psirtd";
	if (t.fingerprint != NULL)
		r.digest = digest_of(ctx, t.fingerprint);
	rc = store_told_add(e->st, &t, err);
	if (rc == 0)
		rc = store_record_add(e->st, &r, err);
	talloc_free(ctx);
	return rc;
}

/*
 * A question that was put to the counterpart is asked, an answer that was
 * handed on is relayed: the one that the mail is about, or all it could hold.
 */
static int
questions_on(struct engine *e, const struct store_outmail *m, struct error *err)
{
	uint32_t from = m->kind == MAIL_QUESTIONS ? QUESTION_OPEN
			: m->kind == MAIL_RELAY   ? QUESTION_ANSWERED
						  : 0;
	struct store_question *list = NULL;
	void *ctx;
	size_t n = 0;
	int rc;

	if (from == 0)
		return 0;
	ctx = talloc_new(e);
	rc = store_question_list(ctx, e->st, m->casefile, &list, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (list[i].state != from ||
		    (m->question != 0 && list[i].id != m->question) ||
		    list[i].at > m->made)
			continue;
		list[i].state =
		    from == QUESTION_OPEN ? QUESTION_ASKED : QUESTION_RELAYED;
		rc = store_question_put(e->st, &list[i], err);
	}
	talloc_free(ctx);
	return rc;
}

int
leave_sent(struct engine *e, const struct store_outmail *m, struct error *err)
{
	if (m->casefile == 0)
		return 0;
	if (told(e, m, err) != 0 || questions_on(e, m, err) != 0 ||
	    clock_met(e, m, err) != 0)
		return -1;
	return store_case_advance(e->st, m->casefile, true, err);
}

/* ---- approvals ---- */

/*
 * Over everything that its reader will get: the digests of the fields in this
 * order, so that no text can move from one field into another.
 */
void
leave_digest(const struct store_outmail *m, uint8_t digest[STORE_DIGEST_BYTES])
{
	const uint64_t numbers[] = {
	    m->kind, m->with_files ? (uint64_t)m->letter : 0};
	const struct bytes fields[] = {bytes_of(numbers, sizeof(numbers)),
	    bytes_str(m->subject), bytes_str(m->body), bytes_str(m->to),
	    bytes_str(sealed_to(m))};
	uint8_t all[sizeof(fields) / sizeof(fields[0])][STORE_DIGEST_BYTES];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		store_digest(fields[i], all[i]);
	store_digest(bytes_of(all, sizeof(all)), digest);
}
