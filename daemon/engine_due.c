/*
 * engine_due.c - the stop `due`: what has to be done because time has passed.
 *
 * Runs in the engine process.  Departments that are late are reminded, then
 * the handling lead is told; clocks warn; status mails and the morning mail
 * go.  Each round does one thing in one transaction, of what stands in rows:
 * after a kill nothing is said twice and nothing is left out.
 */
#include "engine_step.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

/* ---- departments that are late ---- */

static const struct contact *
contact_of(const struct department *d, const char *address)
{
	for (size_t i = 0; d != NULL && address != NULL && i < d->ncontacts;
	     i++)
		if (strcmp(d->contacts[i].address, address) == 0)
			return &d->contacts[i];
	return NULL;
}

/*
 * It has said this at this pass, and it stands; 0: anything, if it does not
 * just ask back.
 */
static bool
has_said(const struct casework *w, const struct case_step *pass,
    const struct department *d, enum answer_kind kind)
{
	for (size_t i = 0; i < w->nanswers; i++) {
		const struct store_answer *a = &w->answers[i];
		const struct answer_rule *rule =
		    answer_rule((enum answer_kind)a->kind);
		const struct answer_choice *choice =
		    rule != NULL ? answer_choice(rule, a->value) : NULL;

		if (kind != 0 ? a->kind != (uint32_t)kind
			      : a->kind == ANSWER_QUESTION)
			continue;
		if (a->step == pass->id && !a->void_ && a->department != NULL &&
		    strcmp(a->department, d->name) == 0 &&
		    (choice == NULL || !choice->open))
			return true;
	}
	return false;
}

/*
 * All that the step wants of departments; where the rest is the desk's alone
 * to record, any word of theirs.
 */
static bool
has_answered(const struct casework *w, const struct case_step *pass,
    const struct department *d)
{
	bool wanted = false;

	for (size_t i = 0; i < pass->step->nexpects; i++) {
		enum answer_kind kind = pass->step->expects[i];

		if (answer_rule(kind)->desk)
			continue;
		wanted = true;
		if (!has_said(w, pass, d, kind))
			return false;
	}
	return wanted || has_said(w, pass, d, 0);
}

/* A question of its own is on its way: it waits for us, not we for it. */
static bool
waits_for_us(const struct casework *w, const struct department *d)
{
	for (size_t i = 0; i < w->nquestions; i++) {
		const struct store_question *q = &w->questions[i];

		if ((q->state == QUESTION_OPEN || q->state == QUESTION_ASKED ||
			q->state == QUESTION_ANSWERED) &&
		    q->department != NULL &&
		    strcmp(q->department, d->name) == 0)
			return true;
	}
	return false;
}

/* The mail that put the question, not what came after it. */
static bool
is_question(const struct store_outmail *m)
{
	return m->audience == AUDIENCE_DEPARTMENT && m->sent != 0 &&
	       m->kind != MAIL_REMINDER && m->kind != MAIL_CONFIRM &&
	       m->kind != MAIL_SHARE;
}

static int
remind_one(struct engine *e, struct casework *w, const struct case_step *pass,
    const struct store_outmail *asked, const struct department *d,
    const struct contact *c, unsigned count, size_t *made, struct error *err)
{
	void *ctx = talloc_new(w);
	const char *language =
	    c->language != NULL ? c->language : e->s->language;
	struct case_draft draft = {
	    .kind = c->notice ? MAIL_NOTICE : MAIL_REMINDER,
	    .audience = AUDIENCE_DEPARTMENT,
	    .policy = POLICY_AUTO,
	    .pass = pass,
	    .department = d,
	    .to = {.address = c->address,
		.name = c->name,
		.language = language,
		.recipient = c->fingerprint,
		.encrypt = !c->notice},
	    .in_reply_to = asked->message_id,
	    .automatic = true};
	struct facts f = {0};
	int64_t mail = 0;
	int rc;

	draft_common_facts(&f, ctx, e, language);
	draft_fact(&f, "to_name", c->name);
	draft_fact(&f, "number", w->c.number);
	draft_fact(&f, "product", w->c.product);
	draft_fact(&f, "department", d->title != NULL ? d->title : d->name);
	step_facts(&f, ctx, w, pass, language);
	draft_fact(&f, "asked", clock_date(ctx, asked->sent));
	draft_fact(&f, "count", talloc_asprintf(ctx, "%u", count));
	rc = draft_unless_refused(e, w, &draft, &f, &mail, err);
	*made += mail != 0;
	talloc_free(ctx);
	return rc;
}

/* Of those who were asked and have not answered. */
struct lateness {
	size_t late;
	size_t waiting;  /* for us */
	size_t reminded; /* of the late ones, now */
};

/* To each who is late, the count-th time; no more than the settings say. */
static int
remind(struct engine *e, struct casework *w, const struct case_step *pass,
    unsigned count, struct lateness *l, struct error *err)
{
	struct store_outmail *mails = NULL;
	size_t n = 0;

	if (store_outmail_of_step(w, e->st, pass->id, &mails, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		const struct department *d =
		    settings_department(e->s, mails[i].department);
		const struct contact *c = contact_of(d, mails[i].to);
		bool again = false;

		for (size_t k = 0; k < i; k++)
			if (is_question(&mails[k]) && mails[k].to != NULL &&
			    mails[i].to != NULL &&
			    strcmp(mails[k].to, mails[i].to) == 0)
				again = true;
		if (c == NULL || again || !is_question(&mails[i]) ||
		    has_answered(w, pass, d))
			continue;
		if (waits_for_us(w, d)) {
			l->waiting++;
			continue;
		}
		l->late++;
		if (count <= e->s->reminders &&
		    remind_one(e, w, pass, &mails[i], d, c, count, &l->reminded,
			err) != 0)
			return -1;
	}
	return 0;
}

static char *
roles_text(const void *ctx, uint32_t roles, const char *language)
{
	char *all = NULL;

	for (int role = 1; role < ROLE_PARTY_COUNT; role++)
		if (roles & ROLE_BIT(role))
			all = talloc_asprintf(ctx, "%s%s%s",
			    all != NULL ? all : "", all != NULL ? ", " : "",
			    role_title((enum role)role, language));
	return all;
}

/* Numbers and names of departments alone: to the desk's own leads. */
static int
escalate_to(struct engine *e, const struct casework *w,
    const struct case_step *pass, unsigned reminders, const struct operator* to,
    struct error *err)
{
	void *ctx = talloc_new(e);
	const char *language =
	    to->language != NULL ? to->language : e->s->language;
	struct facts f = {0};
	int rc;

	draft_common_facts(&f, ctx, e, language);
	draft_fact(&f, "to_name", to->user);
	draft_fact(&f, "number", w->c.number);
	draft_fact(
	    &f, "department", roles_text(ctx, pass->step->lead, language));
	step_facts(&f, ctx, w, pass, language);
	draft_fact(&f, "asked", clock_date(ctx, pass->started));
	draft_fact(&f, "count", talloc_asprintf(ctx, "%u", reminders));
	rc = draft_to_operator(
	    e, MAIL_ESCALATION, w->c.id, to, language, &f, err);
	talloc_free(ctx);
	return rc;
}

static int
escalate(struct engine *e, const struct casework *w,
    const struct case_step *pass, unsigned reminders, struct error *err)
{
	for (size_t i = 0; i < e->s->noperators; i++) {
		const struct operator* to = & e->s->operators[i];

		if (to->role == OPERATOR_LEAD && to->address != NULL &&
		    to->fingerprint != NULL &&
		    escalate_to(e, w, pass, reminders, to, err) != 0)
			return -1;
	}
	return engine_record(e, RECORD_ESCALATED, w->c.id, 0, 0,
	    store_step_code(pass->step->number), err);
}

static const struct case_step *
pass_of(const struct casework *w, int64_t id)
{
	for (size_t i = 0; i < w->view.nsteps; i++)
		if (w->view.steps[i].id == id)
			return &w->view.steps[i];
	return NULL;
}

/*
 * Reminders to who was asked, as many as the settings say; then, and at once
 * where nobody could be reminded, the handling lead.  While all who have not
 * answered wait for an answer themselves, neither.
 */
static int
step_is_late(struct engine *e, struct casework *w, struct store_step *row,
    struct error *err)
{
	const struct case_step *pass = pass_of(w, row->id);
	int64_t now = clock_now();
	struct lateness l = {0};

	if (pass != NULL &&
	    remind(e, w, pass, row->reminders + 1, &l, err) != 0)
		return -1;
	if (l.late == 0 && l.waiting > 0) {
		row->look = now + e->s->remind_s;
	} else if (l.reminded > 0) {
		row->reminders++;
		row->reminded = now;
		row->look = now + e->s->remind_s;
		if (engine_record(e, RECORD_REMINDED, row->casefile, 0, 0,
			store_step_code(row->number), err) != 0)
			return -1;
	} else {
		row->escalated = 1;
		row->look = -1;
		if (pass != NULL &&
		    escalate(e, w, pass, row->reminders, err) != 0)
			return -1;
	}
	return store_step_put(e->st, row, err);
}

static int
due_step(struct engine *e, const struct store_due *due, struct error *err)
{
	struct casework *w = case_load(e, e, due->casefile, err);
	struct store_step row;
	int rc = -1;

	if (w != NULL && store_step_get(w, e->st, due->id, &row, err) == 1)
		rc = step_is_late(e, w, &row, err);
	talloc_free(w);
	return rc;
}

static int
due_clock(struct engine *e, const struct store_due *due, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_clock c;
	int rc = -1;

	if (store_clock_get(ctx, e->st, due->id, &c, err) == 1)
		rc = clock_warn(e, &c, err);
	talloc_free(ctx);
	return rc;
}

static int
due_status(struct engine *e, const struct store_due *due, struct error *err)
{
	return status_mail(e, due->casefile, err);
}

/* ---- the stop ---- */

static const struct duty {
	int (*next)(struct store *st, struct store_due *due, struct error *err);
	/* Inside a transaction. */
	int (*run)(
	    struct engine *e, const struct store_due *due, struct error *err);
	put_off_fn *put_off;
} duties[] = {
    {store_step_next_look, due_step, store_step_put_off},
    {store_clock_next_warn, due_clock, store_clock_put_off},
    {store_case_next_status, due_status, store_case_put_off},
};

#define NDUTIES (sizeof(duties) / sizeof(duties[0]))

static int
do_duty(struct engine *e, const struct duty *d, const struct store_due *due,
    struct error *err)
{
	if (store_begin(e->st, err) != 0 || d->run(e, due, err) != 0)
		return -1;
	return stop_commit(e, "due", err);
}

bool
stop_due(struct engine *e)
{
	static const struct store_due morning = {0}, keys = {0};
	int64_t now = clock_now();
	struct error err = {0};
	bool done = false;

	if (!e->unlocked)
		return false;
	for (size_t i = 0; i < NDUTIES; i++) {
		struct store_due due;

		if (duties[i].next(e->st, &due, &err) != 0) {
			engine_trouble(e, "due", &err);
			return false;
		}
		if (due.id == 0 || due.at > now)
			continue;
		return do_duty(e, &duties[i], &due, &err) == 0 ||
		       stop_aside(e, "due", &due, duties[i].put_off, &err);
	}
	if (expiry_due(e, now, &done, &err) != 0)
		return stop_aside(e, "due", &keys, expiry_put_off, &err);
	if (!done && morning_due(e, now, &done, &err) != 0)
		return stop_aside(e, "due", &morning, morning_put_off, &err);
	return done;
}

static void
sooner(int64_t *next, int64_t at)
{
	if (at > 0 && (*next == 0 || at < *next))
		*next = at;
}

int64_t
due_next(struct engine *e)
{
	int64_t next = 0;
	int64_t at = 0;

	for (size_t i = 0; i < NDUTIES; i++) {
		struct store_due due;

		if (duties[i].next(e->st, &due, NULL) == 0)
			sooner(&next, due.at);
	}
	if (morning_next(e, clock_now(), &at, NULL) == 0)
		sooner(&next, at);
	sooner(&next, expiry_next(e));
	return next;
}
