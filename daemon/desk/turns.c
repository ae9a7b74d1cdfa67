/*
 * turns.c - who has to act in a case, and what a person may do to a step.
 *
 * Runs in the engine, pure.  Every refusal is a sentence that says what is
 * missing and what to type; CASE in it stands for the number of the case.
 */
#include "procedure_internal.h"

#include <talloc.h>

/* ---- who has to act ---- */

/* Where a product is led by another than design, by that one (RULES 31). */
static uint32_t
leaders(const struct case_view *v, const struct flow_step *step)
{
	const struct department *d;

	if ((step->lead & ROLE_BIT(ROLE_DESIGN)) == 0)
		return step->lead;
	d = desk_department(v->s, v->product, ROLE_DESIGN);
	if (d == NULL)
		return step->lead;
	return (step->lead & ~ROLE_BIT(ROLE_DESIGN)) | ROLE_BIT(d->role);
}

static uint32_t
who_acts(const struct case_view *v, const struct case_step *pass)
{
	const struct flow_step *step = pass->step;

	/* An offer, a draft, a mail that does not leave: the desk's. */
	if (pass->state == CASE_STEP_READY || pass->mails_draft > 0 ||
	    pass->mails_held > 0)
		return ROLE_BIT(ROLE_POC);
	/* Nothing of it left and nobody was asked: only the desk can tell. */
	if (step->nexpects == 0 && step->start != START_LETTER &&
	    step->nmails > 0 && pass->mails_waiting == 0)
		return ROLE_BIT(ROLE_POC);
	if (step->lead == 0)
		return ROLE_BIT(ROLE_POC);
	return leaders(v, step);
}

size_t
desk_turns(const void *ctx, const struct case_view *v, struct case_turn **list)
{
	struct case_turn *turns =
	    talloc_zero_array(ctx, struct case_turn, v->nsteps + 1);
	size_t n = 0;

	*list = turns;
	if (turns == NULL || v->closed)
		return 0;
	for (size_t i = 0; i < v->nsteps; i++) {
		const struct case_step *pass = &v->steps[i];
		bool runs = pass->state == CASE_STEP_RUNNING;

		if (!runs && pass->state != CASE_STEP_READY)
			continue;
		/* The flow goes on without it: nobody has to. */
		if (pass->state == CASE_STEP_READY && pass->step->optional)
			continue;
		turns[n++] = (struct case_turn){.pass = pass,
		    .roles = who_acts(v, pass),
		    .due = pass->due,
		    .late = pass->due != 0 && v->now > pass->due,
		    .approval = runs && pass->mails_draft > 0,
		    .held = runs && pass->mails_held > 0,
		    .queued = runs && pass->mails_waiting >
					  pass->mails_draft + pass->mails_held};
	}
	return n;
}

/* ---- what a person may do ---- */

/* It ended when its mails had left, and then they came back: nobody was told,
 * so it is not done. */
static bool
came_back(const struct case_step *pass)
{
	return pass->step->nexpects == 0 && pass->mails_sent == 0 &&
	       pass->mails_dropped > 0;
}

bool
desk_may_start(const void *ctx, const struct case_view *v,
    const struct flow_step *step, char **why)
{
	const struct case_step *pass = case_step_of(v, step->number);
	unsigned state = pass != NULL ? pass->state : 0;

	*why = NULL;
	if (v->closed)
		*why = talloc_strdup(ctx, "the case is closed");
	else if (state == CASE_STEP_RUNNING)
		*why = talloc_asprintf(ctx,
		    "%s runs already: psirt step CASE %s done ends it",
		    step->number, step->number);
	else if (state == CASE_STEP_ENDED && !step->again && !came_back(pass))
		*why = talloc_asprintf(
		    ctx, "%s has ended, and is not done twice", step->number);
	else
		return step_way_open(ctx, v, step, why);
	return false;
}

bool
desk_may_end(const void *ctx, const struct case_view *v,
    const struct case_step *pass, char **why)
{
	const char *number = pass->step->number;
	enum answer_kind awaits;

	*why = NULL;
	if (pass->state != CASE_STEP_RUNNING) {
		*why = talloc_asprintf(ctx, "%s does not run%s%s%s", number,
		    pass->state == CASE_STEP_READY ? " yet: psirt step CASE "
						   : "",
		    pass->state == CASE_STEP_READY ? number : "",
		    pass->state == CASE_STEP_READY ? " start" : "");
		return false;
	}
	awaits = step_awaits(v, pass);
	if (awaits != 0) {
		const struct answer_rule *rule = answer_rule(awaits);

		*why = talloc_asprintf(ctx,
		    "%s expects \"%s\": psirt step CASE %s \"%s=…\"", number,
		    rule != NULL ? rule->name : "an answer", number,
		    rule != NULL ? rule->name : "answer");
		return false;
	}
	if (pass->mails_waiting > 0) {
		*why = talloc_asprintf(ctx,
		    "%u of its mails wait%s: psirt %s shows %s",
		    pass->mails_waiting, pass->mails_waiting == 1 ? "s" : "",
		    pass->mails_draft > 0 ? "approve" : "queue",
		    pass->mails_waiting == 1 ? "it" : "them");
		return false;
	}
	return true;
}

/* The latest step so far that takes it, or the first that will. */
static const struct flow_step *
that_takes(const struct case_view *v, enum answer_kind kind)
{
	for (size_t i = v->nsteps; i > 0; i--)
		if (desk_step_takes(v->steps[i - 1].step, kind))
			return v->steps[i - 1].step;
	for (size_t i = 0; i < v->flow->nsteps; i++)
		if (desk_step_takes(&v->flow->steps[i], kind))
			return &v->flow->steps[i];
	return NULL;
}

static bool
step_takes(const void *ctx, const struct case_view *v,
    const struct flow_step *step, const struct answer_rule *rule, char **why)
{
	const struct flow_step *other;

	if (desk_step_takes(step, rule->kind))
		return true;
	other = that_takes(v, rule->kind);
	*why = other == NULL
		   ? talloc_asprintf(
			 ctx, "no step of this flow takes \"%s\"", rule->name)
		   : talloc_asprintf(ctx,
			 "%s does not take \"%s\": psirt step CASE %s "
			 "\"%s=…\"",
			 step->number, rule->name, other->number, rule->name);
	return false;
}

static char *
not_asked(const void *ctx, const struct case_step *pass)
{
	const char *number = pass->step->number;

	if (pass->mails_waiting > 0)
		return talloc_asprintf(ctx,
		    "the mail of %s that asks for it has not left: psirt %s",
		    number, pass->mails_draft > 0 ? "approve" : "queue");
	if (pass->step->start == START_ROUTE)
		return talloc_asprintf(ctx,
		    "nobody was asked yet by %s: psirt route CASE", number);
	return talloc_asprintf(ctx,
	    "nobody was asked yet by %s: psirt step CASE %s %s", number, number,
	    pass->state == CASE_STEP_READY ? "start" : "again");
}

bool
desk_may_answer(const void *ctx, const struct case_view *v,
    const struct case_step *pass, const struct answer_rule *rule,
    const char *by, uint32_t overridden, char **why)
{
	*why = NULL;
	if (pass != NULL && !step_takes(ctx, v, pass->step, rule, why))
		return false;
	if (rule->guard == 0 ||
	    (overridden & (1U << (unsigned)rule->guard)) != 0)
		return true;
	if (pass == NULL || pass->mails_sent == 0)
		*why = pass != NULL
			   ? not_asked(ctx, pass)
			   : talloc_asprintf(ctx, "no step asks for \"%s\" now",
				 rule->name);
	else if (!rule->desk && by == NULL)
		*why = talloc_asprintf(ctx,
		    "who said so? psirt step CASE %s \"%s=…\" --by NAME",
		    pass->step->number, rule->name);
	else
		return true;
	*why = talloc_asprintf(ctx,
	    "%s; the handling lead may: --override %s --why \"…\"", *why,
	    guard_name(rule->guard));
	return false;
}

/* A countermeasure that nobody verified (RULES 28). */
static char *
warn_verified(
    const void *ctx, const struct case_view *v, const struct flow_step *step)
{
	static const struct flow_when verified = {ANSWER_VERIFIED, "yes"};
	const struct flow_step *asks = case_asks(v, ANSWER_VERIFIED);

	if (asks == NULL || step->phase <= asks->phase ||
	    case_has(v, &verified))
		return NULL;
	return talloc_asprintf(
	    ctx, "the countermeasure is not verified yet (%s)", asks->number);
}

static bool
guards_nda(const struct guard *guards, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (guards[i].kind == GUARD_NDA)
			return true;
	return false;
}

static unsigned
customers_without_nda(const struct case_view *v)
{
	unsigned n = 0;

	for (size_t i = 0; i < v->s->ncustomers; i++)
		if (case_concerns(v, &v->s->customers[i]) &&
		    !v->s->customers[i].nda)
			n++;
	return n;
}

/* Where the flow does not refuse it, it is said (FLOWS.md <2>4.2.1). */
static char *
warn_nda(
    const void *ctx, const struct case_view *v, const struct flow_step *step)
{
	unsigned n;

	for (size_t i = 0; i < step->nmails; i++) {
		const struct flow_mail *mail = &step->mails[i];

		if (mail->to != AUDIENCE_CUSTOMER ||
		    guards_nda(mail->guards, mail->nguards) ||
		    guards_nda(step->guards, step->nguards))
			continue;
		n = customers_without_nda(v);
		return n == 0 ? NULL
			      : talloc_asprintf(ctx, "%u customer%s no NDA", n,
				    n == 1 ? " has" : "s have");
	}
	return NULL;
}

char *
desk_step_warning(
    const void *ctx, const struct case_view *v, const struct flow_step *step)
{
	char *verified = warn_verified(ctx, v, step);
	char *nda = warn_nda(ctx, v, step);

	if (verified == NULL)
		return nda;
	if (nda == NULL)
		return verified;
	return talloc_asprintf(ctx, "%s; %s", verified, nda);
}
