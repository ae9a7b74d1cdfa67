/*
 * engine_step_mail.c - the mails of a step: who reads them, and their drafts.
 *
 * Runs in the engine process, inside the transaction of its caller.  One mail
 * has one reader and one key (RULES 23); a person with several roles gets one
 * (RULES 31).  What a guard refuses is not drafted: w->refused says so.
 */
#include "engine_step.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/log.h"

/* One mail of a step, on its way to all its readers. */
struct mailing {
	struct engine *e;
	struct casework *w;
	const struct case_step *pass;
	enum mail_kind kind;
	enum audience audience;
	enum policy policy;
	uint32_t overridden;
	const char *actor; /* NULL: it is only asked what may leave */
	struct along along;
	const char *in_reply_to;
	/* that is relayed; NULL none */
	const struct store_question *question;
	size_t made;
};

/* ---- one reader ---- */

/* Of what the case holds: `psirt who` lists it by reader.  What a letter that
 * goes along tells besides comes with it. */
static uint32_t
parts_of(const struct mailing *m, const struct department *d)
{
	switch (m->kind) {
	case MAIL_NOTICE:
	case MAIL_STATUS:
	case MAIL_MEDIATED:
	case MAIL_DETAIL_REQUEST:
	case MAIL_DECLINE:
		return 0;
	case MAIL_ASK:
	case MAIL_SHARE:
		return d != NULL && role_is_harmless(d->role)
			   ? TOLD_OVERVIEW
			   : TOLD_OVERVIEW | TOLD_DETAILS;
	case MAIL_RELAY:
		return m->question != NULL ? TOLD_OVERVIEW | TOLD_DETAILS
					   : TOLD_OVERVIEW;
	case MAIL_QUESTIONS:
	case MAIL_REPORT:
		return TOLD_OVERVIEW | TOLD_DETAILS;
	default:
		return TOLD_OVERVIEW;
	}
}

static void
reader_facts(struct facts *f, const void *ctx, const struct mailing *m,
    const struct case_draft *draft)
{
	const struct department *d = draft->department;
	const char *language = draft->to.language;

	draft_common_facts(f, ctx, m->e, language);
	draft_fact(f, "to_name", draft->to.name);
	case_facts(f, ctx, m->w, language);
	step_facts(f, ctx, m->w, m->pass, language);
	if (d != NULL) {
		draft_fact(
		    f, "department", d->title != NULL ? d->title : d->name);
		draft_fact(f, "role", role_name(d->role));
	}
	if (m->question != NULL) {
		draft_fact(f, "question_number",
		    talloc_asprintf(ctx, "%u", m->question->number));
		draft_fact(f, "question", m->question->text);
		if (m->along.o == NULL)
			draft_fact(f, "text", m->question->answer);
	}
	if (draft->customer != NULL) {
		draft_fact(f, "integrator", draft->customer->integrator);
		draft_fact(f, "nda", draft->customer->nda ? "1" : NULL);
	}
	/* An office is addressed as such, a finder by its own name. */
	if (correspondent_named(m->e->s, draft->to.name) != NULL) {
		draft_fact(f, "correspondent", draft->to.name);
		draft_fact(
		    f, "tracking", draft_tracking(ctx, m->e, m->w->c.id));
	}
	facts_for_reader(f, ctx, m->e->s, m->audience, d);
}

static void
refuse(struct mailing *m, const struct case_draft *draft, const char *why)
{
	struct casework *w = m->w;

	w->refused = talloc_asprintf(w, "%s%s%s to %s: %s",
	    w->refused != NULL ? w->refused : "",
	    w->refused != NULL ? "\n" : "", mail_kind_name(draft->kind),
	    draft->to.name != NULL ? draft->to.name : draft->to.address, why);
}

static int
draft_one(struct mailing *m, struct case_draft *draft, struct error *err)
{
	void *ctx = talloc_new(m->e);
	struct facts f = {0};
	int rc;

	draft->audience = m->audience;
	draft->policy = m->policy;
	draft->pass = m->pass;
	draft->parts = parts_of(m, draft->department);
	draft->overridden = m->overridden;
	draft->automatic = m->policy == POLICY_AUTO;
	draft->in_reply_to = m->in_reply_to;
	draft->question = m->question != NULL ? m->question->id : 0;
	/* Whom no mail under PGP reaches: "come to the desk" alone. */
	if (draft->kind == MAIL_NOTICE)
		draft->parts = 0;
	else if (draft->department != NULL)
		along_add(&m->along, &f, ctx, m->e, &m->w->c, draft);
	if (m->actor == NULL) {
		rc = leave_ask(m->e, m->w, draft, err);
	} else {
		reader_facts(&f, ctx, m, draft);
		rc = leave_draft(m->e, m->w, draft, &f, m->actor, NULL, err);
	}
	if (rc == 0) {
		m->made++;
	} else if (err->fault == FAULT_DENIED) {
		refuse(m, draft, err->text);
		error_clear(err);
		rc = 0;
	}
	talloc_free(ctx);
	return rc;
}

/* ---- all readers ---- */

/* RULES 5: the answer to a question goes to those who hold the details, and
 * to who asked. */
static int
may_be_relayed(const struct mailing *m, const struct department *d,
    const char *address, bool *may, struct error *err)
{
	struct store_told *list = NULL;
	void *ctx;
	size_t n = 0;
	int rc;

	*may = m->kind != MAIL_RELAY ||
	       (m->question != NULL && m->question->department != NULL &&
		   strcasecmp(m->question->department, d->name) == 0);
	if (*may)
		return 0;
	ctx = talloc_new(m->e);
	rc = store_told_list(ctx, m->e->st, m->w->c.id, &list, &n, err);
	for (size_t i = 0; rc == 0 && i < n; i++)
		if ((list[i].parts & TOLD_DETAILS) != 0 &&
		    strcasecmp(list[i].address, address) == 0)
			*may = true;
	talloc_free(ctx);
	return rc;
}

static int
to_contact(struct mailing *m, const struct department *d,
    const struct contact *contact, struct error *err)
{
	struct case_draft draft = {.kind = m->kind, .department = d};
	bool may = false;

	if (may_be_relayed(m, d, contact->address, &may, err) != 0)
		return -1;
	if (!may)
		return 0;
	draft.to.address = contact->address;
	draft.to.name = contact->name;
	draft.to.language =
	    contact->language != NULL ? contact->language : m->e->s->language;
	draft.to.recipient = contact->fingerprint;
	draft.to.encrypt = !contact->notice;
	if (contact->notice)
		draft.kind = MAIL_NOTICE;
	return draft_one(m, &draft, err);
}

static int
to_departments(struct mailing *m, uint32_t roles, struct error *err)
{
	const struct settings *s = m->e->s;
	const char *told[256];
	size_t ntold = 0;

	for (int role = 1; role < ROLE_COUNT; role++) {
		const struct department *d =
		    (roles & ROLE_BIT(role)) != 0
			? desk_department(
			      s, m->w->view.product, (enum role)role)
			: NULL;

		for (size_t i = 0; d != NULL && i < d->ncontacts; i++) {
			const char *address = d->contacts[i].address;
			bool known = false;

			for (size_t k = 0; k < ntold; k++)
				known = known || strcmp(told[k], address) == 0;
			if (known || ntold == sizeof(told) / sizeof(told[0]))
				continue;
			told[ntold++] = address;
			if (to_contact(m, d, &d->contacts[i], err) != 0)
				return -1;
		}
	}
	return 0;
}

static int
to_customer(struct mailing *m, const struct customer *c, struct error *err)
{
	struct case_draft draft = {.kind = m->kind, .customer = c};

	draft.to.address = c->address;
	draft.to.name = c->name;
	draft.to.language =
	    c->language != NULL ? c->language : m->e->s->language;
	draft.to.recipient = c->fingerprint;
	draft.to.encrypt = true;
	return draft_one(m, &draft, err);
}

/* Each singly; who hears of one customer hears of no other.  Done again, it
 * is for those alone who have no notice: nobody gets a second one. */
static int
to_customers(struct mailing *m, struct error *err)
{
	void *ctx = talloc_new(m->e);
	struct customer_reached *list = NULL;
	size_t told = 0;
	size_t n = 0;
	int rc = case_customers(ctx, m->e, &m->w->c, m->kind, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (list[i].state != 0)
			told++;
		else
			rc = to_customer(m, list[i].customer, err);
	}
	if (rc == 0 && n > 0 && told == n && m->w->refused == NULL)
		m->w->refused = talloc_asprintf(m->w,
		    "every customer has the notice, or it is on its way: "
		    "psirt customers %s",
		    m->w->c.number);
	talloc_free(ctx);
	return rc;
}

static int
to_desk(struct mailing *m, struct error *err)
{
	const struct settings *s = m->e->s;

	for (size_t i = 0; i < s->noperators; i++) {
		const struct operator* to = & s->operators[i];
		struct case_draft draft = {.kind = m->kind};

		if (to->address == NULL || to->fingerprint == NULL)
			continue;
		draft.to.address = to->address;
		draft.to.name = to->user;
		draft.to.language =
		    to->language != NULL ? to->language : s->language;
		draft.to.recipient = to->fingerprint;
		draft.to.encrypt = true;
		if (draft_one(m, &draft, err) != 0)
			return -1;
	}
	return 0;
}

/* Its first letter, so that its mail client shows ours beneath: where it is
 * the one that wrote it. */
static int
find_thread(struct mailing *m, const void *ctx, struct error *err)
{
	struct opening *o;
	int64_t letter = 0;

	if (m->w->view.kind == FLOW_DIRECT &&
	    case_speaks_through_jpcert(&m->w->view))
		return 0;
	o = told_opening(ctx, m->e, m->w->c.id, false, false, &letter, err);
	if (o == NULL)
		return err->text[0] != '\0' ? -1 : 0;
	m->in_reply_to = o->headers.message_id;
	return 0;
}

static int
to_counterpart(struct mailing *m, struct error *err)
{
	void *ctx = talloc_new(m->e);
	struct case_draft draft = {.kind = m->kind};
	enum audience audience;
	int rc = 0;

	if (m->audience == AUDIENCE_COORDINATOR) {
		if (to_correspondent(m->e, settings_jpcert(m->e->s), &draft.to))
			rc = draft_one(m, &draft, err);
	} else if (case_counterpart(ctx, m->e, m->w, &draft.to, &audience)) {
		rc = find_thread(m, ctx, err);
		if (rc == 0)
			rc = draft_one(m, &draft, err);
	}
	talloc_free(ctx);
	return rc;
}

static int
to_readers(struct mailing *m, uint32_t roles, struct error *err)
{
	switch (m->audience) {
	case AUDIENCE_DEPARTMENT:
		return to_departments(m, roles, err);
	case AUDIENCE_COUNTERPART:
	case AUDIENCE_COORDINATOR:
		return to_counterpart(m, err);
	case AUDIENCE_CUSTOMER:
		return to_customers(m, err);
	case AUDIENCE_DESK:
		return to_desk(m, err);
	}
	return error_set(err, FAULT_BUG, "no audience %d", (int)m->audience);
}

/* ---- one mail of a step ---- */

/* 2.3.2: each answer for itself, to who asked. */
static int
relay_all(struct mailing *m, uint32_t roles, struct error *err)
{
	for (size_t i = 0; i < m->w->nquestions; i++) {
		if (m->w->questions[i].state != QUESTION_ANSWERED)
			continue;
		m->question = &m->w->questions[i];
		if (to_readers(m, roles, err) != 0)
			return -1;
	}
	return 0;
}

/* One that is put alone: the others go on waiting (leave_sent()). */
static const struct store_question *
asked_alone(const struct casework *w)
{
	const struct store_question *one = NULL;

	for (size_t i = 0; i < w->nquestions; i++) {
		if (w->questions[i].state != QUESTION_OPEN)
			continue;
		if (one != NULL)
			return NULL;
		one = &w->questions[i];
	}
	return one;
}

static int
mail_out(struct mailing *m, uint32_t roles, struct error *err)
{
	void *ctx = talloc_new(m->e);
	int rc;

	rc = m->kind == MAIL_RELAY ? relay_all(m, roles, err) : 0;
	if (rc == 0 && m->question == NULL) {
		if (m->kind == MAIL_QUESTIONS)
			m->question = asked_alone(m->w);
		rc = along_take(&m->along, ctx, m->e, m->w, m->pass->step,
		    m->kind, m->policy, err);
		if (rc == 0)
			rc = to_readers(m, roles, err);
	}
	if (rc == 0 && m->made == 0 && m->w->refused == NULL)
		log_info("case=%s step=%s mail=%s has no reader",
		    m->w->c.number, m->pass->step->number,
		    mail_kind_name(m->kind));
	talloc_free(ctx);
	return rc;
}

int
step_mail(struct engine *e, struct casework *w, const struct case_step *pass,
    const struct flow_mail *mail, uint32_t overridden, const char *actor,
    size_t *made, struct error *err)
{
	struct mailing m = {.e = e,
	    .w = w,
	    .pass = pass,
	    .kind = mail_kind_by_name(mail->template),
	    .audience = mail->to,
	    .policy = mail->policy,
	    .overridden = overridden,
	    .actor = actor};
	int rc = mail_out(&m, mail->roles, err);

	*made = m.made;
	return rc;
}

int
step_share(struct engine *e, struct casework *w, const struct case_step *pass,
    const struct flow_share *share, const char *actor, struct error *err)
{
	struct mailing m = {.e = e,
	    .w = w,
	    .pass = pass,
	    .kind = mail_kind_by_name(share->template),
	    .audience = AUDIENCE_DEPARTMENT,
	    .policy = POLICY_AUTO,
	    .actor = actor};

	/* The desk sees it in `psirt`; other parties are told by steps. */
	if (share->role >= ROLE_COUNT)
		return 0;
	return mail_out(&m, ROLE_BIT(share->role), err);
}
