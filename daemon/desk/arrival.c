/*
 * arrival.c - a letter of JPCERT/CC or of the source has come to a case: does
 * a step end by it, who has to answer.
 *
 * Runs in the engine, pure.  A step ends only by the party that the case
 * speaks with, and only where it is the one step that waits for a letter;
 * else a person decides.
 */
#include "procedure_internal.h"

/* The one step that waits for a letter and for nothing else; NULL: none, or
 * more than one, or what the letter says has to be recorded by a person. */
static const struct case_step *
awaiting(const struct case_view *v)
{
	const struct case_step *found = NULL;

	for (size_t i = 0; i < v->nsteps && !v->closed; i++) {
		const struct case_step *pass = &v->steps[i];

		if (pass->state != CASE_STEP_RUNNING ||
		    pass->step->start != START_LETTER || pass->step->nways == 0)
			continue;
		if (found != NULL)
			return NULL;
		found = pass;
	}
	return found != NULL && step_awaits(v, found) == 0 ? found : NULL;
}

static struct arrival
task(unsigned kind, bool answer_due)
{
	return (struct arrival){
	    .what = ARRIVAL_TASK, .task = kind, .answer_due = answer_due};
}

static struct arrival
of_jpcert(const struct case_view *v, const struct desk_signer *signer,
    bool unconfirmed)
{
	const struct case_step *pass = awaiting(v);
	struct arrival a = task(CASE_TASK_COUNTERPART, true);

	/* Under its pinned key alone; and where it only stands behind the desk
	 * no step waits for it. */
	if (unconfirmed || signer->verdict != VERDICT_PINNED ||
	    signer->correspondent == NULL || pass == NULL ||
	    !case_speaks_through_jpcert(v))
		return a;
	return (struct arrival){.what = ARRIVAL_ENDS_STEP, .pass = pass};
}

static struct arrival
of_source(const struct case_view *v, bool unconfirmed)
{
	const struct case_step *pass = awaiting(v);
	struct arrival a = task(CASE_TASK_ANSWER_FINDER, true);

	/* JPCERT/CC speaks with it now: it gets one prepared answer. */
	if (case_speaks_through_jpcert(v))
		return task(CASE_TASK_MEDIATED, false);
	if (pass == NULL || v->questions_open == 0)
		return a;
	/* Somebody answers our question, from elsewhere or under another key
	 * than the report. */
	if (unconfirmed)
		return task(CASE_TASK_OTHER_KEY, true);
	/* It is a letter of the finder's all the same (RULES 32). */
	a.what = ARRIVAL_ENDS_STEP;
	a.pass = pass;
	return a;
}

struct arrival
desk_arrival(const struct case_view *v, const struct desk_signer *signer,
    bool from_source, bool from_jpcert, bool unconfirmed)
{
	if (from_jpcert)
		return of_jpcert(v, signer, unconfirmed);
	if (from_source)
		return of_source(v, unconfirmed);
	if (unconfirmed)
		return task(CASE_TASK_OTHER_KEY, true);
	return (struct arrival){.what = ARRIVAL_NOTHING};
}
