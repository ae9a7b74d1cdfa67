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
#include "psirtd/text.h"

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
	const struct flow_step *step =
	    question_step(w->view.flow, MAIL_QUESTIONS);
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

/* Nothing else is out: who waits for the answers need not wait longer. */
static const struct case_step *
waits_for_nothing(const void *ctx, const struct casework *w)
{
	for (size_t i = 0; i < w->view.nsteps; i++)
		if (w->view.steps[i].state == CASE_STEP_RUNNING &&
		    question_awaited(w->view.flow, w->view.steps[i].step))
			return questions_out(ctx, w) == NULL ? &w->view.steps[i]
							     : NULL;
	return NULL;
}

/* An answer that stands already may be on its way with other words. */
static int
say_relay(struct engine *e, const void *ctx, const struct casework *w,
    const struct store_question *q, char **said, struct error *err)
{
	const struct flow_step *step = question_step(w->view.flow, MAIL_RELAY);
	const struct case_step *waits = waits_for_nothing(ctx, w);
	struct store_outmail *list = NULL;
	size_t n = 0;

	if (store_outmail_list(
		ctx, e->st, OUTMAIL_DRAFT, w->c.id, 1000, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (list[i].kind == MAIL_RELAY && list[i].question == q->id)
			order_say(ctx, said,
			    "mail %lld holds what was there before: psirt "
			    "approve %lld --drop",
			    (long long)list[i].id, (long long)list[i].id);
	if (q->state != QUESTION_ANSWERED)
		order_say(ctx, said, "psirt question %s ask %u asks it anew",
		    w->c.number, q->number);
	else if (waits != NULL)
		order_say(ctx, said, "psirt step %s %s done hands it on",
		    w->c.number, waits->step->number);
	else if (step != NULL && case_step_of(&w->view, step->number) != NULL)
		order_say(ctx, said, "psirt step %s %s again hands it on",
		    w->c.number, step->number);
	return 0;
}

/* What a person knows takes the place of what a letter seemed to say. */
int
order_question_answer(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_question *q = question_of(w, o->number);
	uint8_t digest[STORE_DIGEST_BYTES];

	if (q == NULL || q->state == QUESTION_DROPPED)
		return error_set(err, FAULT_DENIED, "%s has no question %lld",
		    w->c.number, (long long)o->number);
	if (o->text == NULL || text_is_blank(bytes_str(o->text)))
		return error_set(err, FAULT_DENIED, "what is the answer?");
	q->state = QUESTION_ANSWERED;
	q->answer = (char *)(uintptr_t)o->text;
	q->answer_letter = 0;
	store_digest(bytes_str(o->text), digest);
	if (store_question_put(e->st, q, err) != 0 ||
	    order_record(e, w, o, RECORD_QUESTION, q->number, 0, NULL,
		bytes_hex(ctx, bytes_of(digest, sizeof(digest))), err) != 0)
		return -1;
	order_say(ctx, said, "question %u is answered", q->number);
	return say_relay(e, ctx, w, q, said, err);
}

/* What seemed to answer it does not: it is open once more. */
int
order_question_again(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_question *q = question_of(w, o->number);

	if (q == NULL || q->state == QUESTION_OPEN)
		return error_set(err, FAULT_DENIED,
		    q == NULL ? "%s has no question %lld"
			      : "%s: question %lld is open",
		    w->c.number, (long long)o->number);
	q->state = QUESTION_OPEN;
	q->answer = NULL;
	q->answer_letter = 0;
	if (store_question_put(e->st, q, err) != 0 ||
	    order_record(
		e, w, o, RECORD_QUESTION, q->number, 0, NULL, NULL, err) != 0)
		return -1;
	order_say(ctx, said, "question %u is open again", q->number);
	return say_relay(e, ctx, w, q, said, err);
}
