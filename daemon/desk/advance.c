/*
 * advance.c - what follows from what is on record of a case.
 *
 * Runs in the engine, pure.  Takes the passes and answers of a case and its
 * flow; says which passes end, which are to be made or started, which phase
 * the case has come to.  It looks at what is there and at nothing else, so
 * asking twice gives nothing new, and a case whose daemon was killed goes on.
 */
#include "procedure_internal.h"

#include <string.h>

#include <talloc.h>

static bool
pass_is_over(const struct case_step *pass)
{
	return pass->state == CASE_STEP_ENDED ||
	       pass->state == CASE_STEP_SKIPPED;
}

/* ---- may a step begin ---- */

enum passed { PASSED_NOT, PASSED_BY, PASSED_TRULY };

/*
 * One step of `after`.  An optional one that nobody took up is passed by: it
 * holds nothing up, and alone it lets nothing begin (no answer is waited for
 * where no question was asked).
 */
static enum passed
after_passed(const struct case_view *v, const char *number)
{
	const struct flow_step *step = flow_step(v->flow, number);
	const struct case_step *pass = case_step_of(v, number);
	bool optional = step != NULL && step->optional;

	if (pass != NULL && pass->state == CASE_STEP_RUNNING)
		return PASSED_NOT;
	if (pass != NULL && pass->state == CASE_STEP_ENDED)
		return PASSED_TRULY;
	if (optional)
		return PASSED_BY;
	return pass != NULL && pass->state == CASE_STEP_SKIPPED ? PASSED_TRULY
								: PASSED_NOT;
}

static bool
after_holds(const void *ctx, const struct case_view *v,
    const struct flow_way *way, char **why)
{
	const char *missing = NULL;
	bool truly = way->nafter == 0;

	for (size_t i = 0; i < way->nafter && missing == NULL; i++) {
		enum passed passed = after_passed(v, way->after[i]);

		if (passed == PASSED_NOT)
			missing = way->after[i];
		truly = truly || passed == PASSED_TRULY;
	}
	if (missing == NULL && !truly)
		missing = way->after[0];
	if (missing == NULL)
		return true;
	*why = talloc_asprintf(ctx,
	    "it comes after %s, which has not ended: psirt step CASE %s",
	    missing, missing);
	return false;
}

static bool
when_holds(const void *ctx, const struct case_view *v,
    const struct flow_way *way, char **why)
{
	for (size_t i = 0; i < way->nwhen; i++) {
		const struct flow_step *asks;

		if (case_has(v, &way->when[i]))
			continue;
		asks = case_asks(v, way->when[i].answer);
		*why = talloc_asprintf(ctx, "it needs \"%s\" on record%s%s",
		    case_words(ctx, way->when[i].answer, way->when[i].value),
		    asks != NULL ? ", which is asked for at " : "",
		    asks != NULL ? asks->number : "");
		return false;
	}
	return true;
}

bool
step_way_open(const void *ctx, const struct case_view *v,
    const struct flow_step *step, char **why)
{
	char *first = NULL;

	*why = NULL;
	for (size_t i = 0; i < step->nways; i++) {
		char *missing = NULL;

		if (after_holds(ctx, v, &step->ways[i], &missing) &&
		    when_holds(ctx, v, &step->ways[i], &missing))
			return true;
		if (first == NULL)
			first = missing;
	}
	*why = first;
	return step->nways == 0;
}

/* All that this way comes after was done since. */
static bool
way_was_done_since(const struct case_view *v, const struct flow_way *way,
    const struct case_step *pass)
{
	for (size_t i = 0; i < way->nafter; i++) {
		const struct case_step *after = case_step_of(v, way->after[i]);

		if (after == NULL || after < pass ||
		    after->state != CASE_STEP_ENDED)
			return false;
	}
	return way->nafter > 0;
}

/*
 * What a step that is done again comes after was done again itself: the
 * second question has a second answer.
 */
static bool
is_due_again(const struct case_view *v, const struct case_step *pass)
{
	const struct flow_step *step = pass->step;

	if (!step->again || !pass_is_over(pass))
		return false;
	for (size_t i = 0; i < step->nways; i++)
		if (way_was_done_since(v, &step->ways[i], pass))
			return true;
	return false;
}

static bool
begins(const void *ctx, const struct case_view *v, const struct flow_step *step,
    struct advance *a)
{
	const struct case_step *pass = case_step_of(v, step->number);
	/* The product map, or a person, decides where it goes. */
	bool routed = step->start == START_ROUTE && v->routed == 2;
	bool hand = step->start == START_HAND ||
		    (step->start == START_ROUTE && !routed);
	char *why;

	if (pass != NULL && pass->state == CASE_STEP_READY) {
		*a = (struct advance){
		    .what = ADVANCE_START, .step = step, .pass = pass};
		return routed;
	}
	if ((pass != NULL && !is_due_again(v, pass)) ||
	    !step_way_open(ctx, v, step, &why))
		return false;
	*a = (struct advance){
	    .what = hand ? ADVANCE_READY : ADVANCE_START, .step = step};
	return true;
}

/* ---- has a pass what it expects ---- */

/* Is an answer of this kind one to what the step expects? */
static bool
answers_to(enum answer_kind kind, enum answer_kind expected)
{
	/* Which are hit and which are not: either says how far it reaches. */
	if (expected == ANSWER_AFFECTED && kind == ANSWER_NOT_AFFECTED)
		return true;
	return kind == expected;
}

static bool
step_expects(const struct flow_step *step, enum answer_kind kind)
{
	for (size_t i = 0; i < step->nexpects; i++)
		if (step->expects[i] == kind)
			return true;
	return false;
}

/*
 * What was answered to this step, an earlier round aside; or, since it runs,
 * of the case or to a step that does not itself ask for it.  What ended the
 * step before, in the same second, is none of that.
 */
static bool
answer_belongs(const struct case_answer *a, const struct case_step *pass)
{
	if (a->step == pass->step)
		return pass->round <= 1 || a->at >= pass->started;
	return a->at > pass->started &&
	       (a->step == NULL || !step_expects(a->step, a->kind));
}

static bool
is_answered(const struct case_view *v, const struct case_step *pass,
    enum answer_kind expected)
{
	for (size_t i = v->nanswers; i > 0; i--) {
		const struct case_answer *a = &v->answers[i - 1];
		const struct answer_choice *choice;

		if (!answers_to(a->kind, expected) || !answer_belongs(a, pass))
			continue;
		choice = answer_choice(answer_rule(a->kind), a->value);
		/* "investigating": it was said, and the step stays open. */
		return choice == NULL || !choice->open;
	}
	return false;
}

enum answer_kind
step_awaits(const struct case_view *v, const struct case_step *pass)
{
	for (size_t i = 0; i < pass->step->nexpects; i++)
		if (!is_answered(v, pass, pass->step->expects[i]))
			return pass->step->expects[i];
	return 0;
}

static bool
ends(const struct case_view *v, const struct case_step *pass)
{
	const struct flow_step *step = pass->step;

	if (pass->state != CASE_STEP_RUNNING)
		return false;
	if (step->nexpects > 0)
		return step_awaits(v, pass) == 0;
	/* The case's first letter is there; another is awaited. */
	if (step->start == START_LETTER)
		return step->nways == 0;
	if (step->nmails > 0)
		return pass->mails_waiting == 0 && pass->mails_sent > 0;
	return step->start == START_AUTO;
}

/* ---- all of it ---- */

static unsigned
phase_reached(const struct case_view *v)
{
	unsigned phase = 0;

	for (size_t i = 0; i < v->nsteps; i++)
		if ((v->steps[i].state == CASE_STEP_RUNNING ||
			v->steps[i].state == CASE_STEP_ENDED) &&
		    v->steps[i].step->phase > phase)
			phase = v->steps[i].step->phase;
	return phase;
}

size_t
desk_advance(const void *ctx, const struct case_view *v, struct advance **list)
{
	struct advance *a = talloc_zero_array(
	    ctx, struct advance, v->nsteps + v->flow->nsteps + 1);
	unsigned phase;
	size_t n = 0;

	*list = a;
	/* A closed case rests where it is: opened again, it goes on there. */
	if (a == NULL || v->closed)
		return 0;
	for (size_t i = 0; i < v->nsteps; i++)
		if (ends(v, &v->steps[i]))
			a[n++] = (struct advance){.what = ADVANCE_END,
			    .step = v->steps[i].step,
			    .pass = &v->steps[i]};
	for (size_t i = 0; i < v->flow->nsteps; i++)
		if (begins(a, v, &v->flow->steps[i], &a[n]))
			n++;
	phase = phase_reached(v);
	if (phase > v->phase)
		a[n++] =
		    (struct advance){.what = ADVANCE_PHASE, .phase = phase};
	return n;
}
