/*
 * engine_order_talk.c - what the desk writes to the counterpart by hand: a
 * reply in its own words, and the questions of departments (2.3.1).
 *
 * Runs in the engine process, inside the transaction of engine_order.c.
 */
#include "engine_order.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define LETTERS_MOST 50

/* ---- reply ---- */

/* The last letter that came from there, so that it stands in its thread. */
static int
last_letter(struct engine *e, const void *ctx, const struct casework *w,
    const char *address, struct case_draft *d, struct error *err)
{
	struct store_letter *list = NULL;
	size_t n = 0;

	if (store_letter_list(
		ctx, e->st, 0, w->c.id, LETTERS_MOST, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		struct opening *o;

		if (list[i].sender == NULL ||
		    strcasecmp(list[i].sender, address) != 0)
			continue;
		o = engine_opening(ctx, e, list[i].id, err);
		if (o == NULL && err->text[0] != '\0')
			return -1;
		if (o == NULL)
			continue;
		d->letter = list[i].id;
		d->in_reply_to = o->headers.message_id;
		return 0;
	}
	return 0;
}

int
order_reply(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct case_draft d = {.kind = MAIL_REPLY,
	    .policy = POLICY_APPROVE,
	    .parts = TOLD_OVERVIEW | TOLD_DETAILS,
	    .overridden = o->override};
	struct facts f = {0};
	int64_t mail = 0;

	if (!case_counterpart(ctx, e, w, &d.to, &d.audience))
		return error_set(err, FAULT_DENIED,
		    "nobody is known to write to about %s", w->c.number);
	if (last_letter(e, ctx, w, d.to.address, &d, err) != 0)
		return -1;
	draft_common_facts(&f, ctx, e, d.to.language);
	draft_fact(&f, "number", w->c.number);
	outside_facts(&f, ctx, e, w, &d.to);
	draft_fact(&f, "text", o->text);
	if (leave_draft(e, w, &d, &f, o->actor, &mail, err) != 0)
		return -1;
	order_say(ctx, said, "mail %lld is drafted: psirt approve %lld%s",
	    (long long)mail, (long long)mail,
	    o->text == NULL || o->text[0] == '\0' ? " --edit" : "");
	return 0;
}

/* ---- questions ---- */

/* The step whose mail puts questions, as this flow has it. */
static const struct flow_step *
asking_step(const struct flow_file *flow)
{
	for (size_t i = 0; i < flow->nsteps; i++)
		for (size_t k = 0; k < flow->steps[i].nmails; k++)
			if (mail_kind_by_name(
				flow->steps[i].mails[k].template) ==
			    MAIL_QUESTIONS)
				return &flow->steps[i];
	return NULL;
}

static struct store_question *
question_of(struct casework *w, int64_t number)
{
	for (size_t i = 0; i < w->nquestions; i++)
		if (w->questions[i].number == number)
			return &w->questions[i];
	return NULL;
}

/* What the mail is to hold stays in the casework; *n: how many are open. */
static int
choose(struct casework *w, int64_t number, size_t *n, struct error *err)
{
	size_t kept = 0;

	if (number != 0 && question_of(w, number) == NULL)
		return error_set(err, FAULT_DENIED, "%s has no question %lld",
		    w->c.number, (long long)number);
	for (size_t i = 0; i < w->nquestions; i++)
		if (w->questions[i].state == QUESTION_OPEN &&
		    (number == 0 || w->questions[i].number == number))
			w->questions[kept++] = w->questions[i];
	w->nquestions = *n = kept;
	if (kept == 0)
		return error_set(err, FAULT_DENIED, "nothing is open to ask");
	return 0;
}

static int
begin_asking(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, const struct flow_step *step, struct error *err)
{
	const struct case_step *pass = case_step_of(&w->view, step->number);
	size_t made = 0;
	char *why = NULL;

	if (pass != NULL && pass->state == CASE_STEP_RUNNING) {
		if (step_mails(e, w, pass, o->override, o->actor, &made, err) !=
		    0)
			return -1;
		return made > 0 ? 0
				: error_set(err, FAULT_DENIED, "%s",
				      w->refused != NULL
					  ? w->refused
					  : "nobody is there to be asked");
	}
	if (!desk_may_start(ctx, &w->view, step, &why))
		return order_refuse(w, why, err);
	return step_begin(e, w, step, true, o->override, o->actor, err);
}

int
order_question_ask(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct flow_step *step = asking_step(w->view.flow);
	size_t all = w->nquestions;
	size_t n = 0;

	if (step == NULL)
		return error_set(err, FAULT_DENIED,
		    "no step of the flow sends the mail \"questions\"");
	if (choose(w, o->number, &n, err) != 0 ||
	    begin_asking(e, ctx, w, o, step, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (order_record(e, w, o, RECORD_QUESTION,
			w->questions[i].number, 0, NULL, NULL, err) != 0)
			return -1;
	order_say(ctx, said,
	    "step %s: %zu question%s drafted: psirt approve shows it",
	    step->number, n, n == 1 ? "" : "s");
	/* Some may be left for another mail. */
	return n < all && o->number != 0
		   ? 0
		   : task_end(e, w->c.id, TASK_QUESTION, o->actor, err);
}

int
order_question_drop(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_question *q = question_of(w, o->number);

	if (q == NULL)
		return error_set(err, FAULT_DENIED, "%s has no question %lld",
		    w->c.number, (long long)o->number);
	if (q->state == QUESTION_ANSWERED || q->state == QUESTION_RELAYED ||
	    q->state == QUESTION_DROPPED)
		return error_set(err, FAULT_DENIED,
		    "question %lld waits for nobody", (long long)o->number);
	q->state = QUESTION_DROPPED;
	if (store_question_put(e->st, q, err) != 0 ||
	    store_case_advance(e->st, w->c.id, true, err) != 0)
		return -1;
	order_say(ctx, said, "question %u is dropped", q->number);
	return order_record(
	    e, w, o, RECORD_QUESTION, q->number, 0, o->why, NULL, err);
}
