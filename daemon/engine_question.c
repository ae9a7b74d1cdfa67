/*
 * engine_question.c - questions that were put to the counterpart, and what is
 * said to answer them.
 *
 * Runs in the engine process, inside the transaction of its caller: a letter
 * of the counterpart (engine_arrival.c) or what the desk types.  What a letter
 * answers is its likely answer; a person may put another in its place
 * (engine_order_talk.c).
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

const struct flow_step *
question_step(const struct flow_file *flow, enum mail_kind kind)
{
	for (size_t i = 0; i < flow->nsteps; i++)
		for (size_t k = 0; k < flow->steps[i].nmails; k++)
			if (mail_kind_by_name(
				flow->steps[i].mails[k].template) == kind)
				return &flow->steps[i];
	return NULL;
}

/* It comes after the step that asks. */
bool
question_awaited(const struct flow_file *flow, const struct flow_step *step)
{
	const struct flow_step *asks = question_step(flow, MAIL_QUESTIONS);

	for (size_t i = 0; asks != NULL && i < step->nways; i++)
		for (size_t k = 0; k < step->ways[i].nafter; k++)
			if (strcmp(step->ways[i].after[k], asks->number) == 0)
				return true;
	return false;
}

char *
questions_out(const void *ctx, const struct casework *w)
{
	char *list = NULL;

	for (size_t i = 0; i < w->nquestions; i++)
		if (w->questions[i].state == QUESTION_ASKED)
			list = talloc_asprintf(ctx, "%s%s%u",
			    list != NULL ? list : "", list != NULL ? ", " : "",
			    w->questions[i].number);
	return list;
}

static int
answer_put(struct engine *e, struct casework *w, uint32_t number,
    int64_t letter, const char *text, struct error *err)
{
	for (size_t i = 0; i < w->nquestions; i++) {
		struct store_question *q = &w->questions[i];

		if (q->number != number)
			continue;
		q->state = QUESTION_ANSWERED;
		q->answer_letter = letter;
		q->answer = talloc_strdup(w, text);
		return store_question_put(e->st, q, err);
	}
	return 0;
}

int
question_answered(struct engine *e, struct casework *w, int64_t letter,
    const char *text, size_t *count, struct error *err)
{
	unsigned *asked = talloc_array(w, unsigned, w->nquestions + 1);
	char **answers;
	size_t n = 0;

	*count = 0;
	for (size_t i = 0; asked != NULL && i < w->nquestions; i++)
		if (w->questions[i].state == QUESTION_ASKED)
			asked[n++] = w->questions[i].number;
	answers = asked != NULL ? desk_numbered(w, text, asked, n) : NULL;
	if (answers == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < n; i++)
		*count += answers[i] != NULL;
	/* Which one it means goes without saying. */
	if (n == 1 && *count == 0) {
		answers[0] = (char *)(uintptr_t)text;
		*count = 1;
	}
	for (size_t i = 0; i < n; i++)
		if (answers[i] != NULL &&
		    answer_put(e, w, asked[i], letter, answers[i], err) != 0)
			return -1;
	return 0;
}
