/*
 * step.c - `psirt step`: the steps of a case, and what a person does to one.
 *
 * Runs in the engine.  Looking shows what departments answered: a reading.
 * What is done goes as orders to the engine, one after the other: who is told
 * besides, then start, then the answers, then the end.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

/* ---- looking ---- */

/* A step of this case's flow; else failed, false. */
static bool
request_step(struct request *r, const struct casework *w, const char *word,
    const struct flow_step **step)
{
	*step = flow_step(w->view.flow, word);
	if (*step != NULL)
		return true;
	request_fail(r, CONTROL_EXIT_REFUSED,
	    "flow %s has no step \"%.40s\": \"psirt step %s\" shows them",
	    flow_name(w->view.kind), word, w->c.number);
	return false;
}

static int
step_answer(
    struct request *r, const struct casework *w, const struct flow_step *only)
{
	const struct flow_file *flow = w->view.flow;

	if (answer_set(r, "case", json_text(w->c.number)) != 0 ||
	    answer_set(r, "flow", json_text(flow_name(w->view.kind))) != 0 ||
	    answer_set(r, "phase", json_integer(w->view.phase)) != 0 ||
	    answer_list(r, "steps") != 0)
		return -1;
	for (size_t i = 0; i < flow->nsteps; i++)
		if ((only == NULL || only == &flow->steps[i]) &&
		    answer_row(r, step_row(r, w, &flow->steps[i])) != 0)
			return -1;
	if (answer_list_end(r) != 0 ||
	    answer_set(r, "turns", turns_json(r, w)) != 0 ||
	    answer_set(
		r, "refused", json_text(case_sentence(w, w, w->refused))) != 0)
		return -1;
	return answer_set(r, "answers", answer_rows(r, w, only));
}

static int
step_words(struct request *r, const struct flow_step *step)
{
	return answer_set(r, "lines",
	    json_text(desk_lines_to_type(
		r, step, request_japanese(r) ? "ja" : "en")));
}

enum turn
step_run(struct request *r)
{
	const struct flow_step *only = NULL;
	struct casework *w;
	struct store_case c;

	if (!request_case(r, r->words[0], &c))
		return TURN_FAILED;
	w = request_casework(r, r, c.id);
	if (w == NULL ||
	    (r->nwords > 1 && !request_step(r, w, r->words[1], &only)) ||
	    request_record(r, c.id, 0, 0,
		only != NULL ? store_step_code(only->number) : 0, NULL,
		false) != 0 ||
	    step_answer(r, w, only) != 0 ||
	    (only != NULL && step_words(r, only) != 0))
		return TURN_FAILED;
	return TURN_DONE;
}

/* ---- acting ---- */

enum step_do { DO_NOTHING, DO_START, DO_DONE, DO_SKIP, DO_AGAIN };

static const struct {
	const char *word;
	enum step_do what;
} verbs[] = {
    {"again", DO_AGAIN},
    {"done", DO_DONE},
    {"skip", DO_SKIP},
    {"start", DO_START},
};

/* What stands behind CASE STEP: one verb at most, else WORD=VALUE. */
static bool
step_parse(struct request *r, enum step_do *what, struct order *answers)
{
	*what = DO_NOTHING;
	answers->words = talloc_zero_array(r, const char *, r->nwords + 1);
	for (size_t i = 2; i < r->nwords; i++) {
		const char *word = r->words[i];
		enum step_do verb = DO_NOTHING;

		for (size_t k = 0; k < sizeof(verbs) / sizeof(verbs[0]); k++)
			if (strcmp(verbs[k].word, word) == 0)
				verb = verbs[k].what;
		if (verb == DO_NOTHING && strchr(word, '=') != NULL) {
			answers->words[answers->nwords++] = word;
		} else if (verb == DO_NOTHING || *what != DO_NOTHING) {
			request_fail(r, CONTROL_EXIT_USAGE,
			    "\"%.40s\" is %s: start, done, skip or again, or "
			    "WORD=VALUE for an answer",
			    word,
			    verb == DO_NOTHING ? "no word for a step"
					       : "one word too many");
			return false;
		} else {
			*what = verb;
		}
	}
	return true;
}

/* "+quality -risk" or "+quality,-risk", each with its sign. */
static bool
step_shares(struct request *r, struct order *order)
{
	char *rest = talloc_strdup(r, r->share);
	char *save = NULL;

	order->words = talloc_zero_array(r, const char *, strlen(rest) / 2 + 2);
	for (char *word = strtok_r(rest, " ,", &save); word != NULL;
	     word = strtok_r(NULL, " ,", &save)) {
		if ((word[0] != '+' && word[0] != '-') ||
		    role_by_name(word + 1, false) == 0) {
			request_fail(r, CONTROL_EXIT_USAGE,
			    "\"%.40s\" is nobody to share with: +ROLE tells "
			    "it, -ROLE does not, as in --share +quality",
			    word);
			return false;
		}
		order->words[order->nwords++] = word;
	}
	if (order->nwords > 0)
		return true;
	request_fail(r, CONTROL_EXIT_USAGE, "--share wants +ROLE or -ROLE");
	return false;
}

/* The order behind the verb; a slip does not ask everybody anew. */
static enum turn
step_verb(struct request *r, const struct casework *w,
    const struct flow_step *step, enum step_do what, struct order *order)
{
	const struct case_step *pass = case_step_of(&w->view, step->number);
	bool running = pass != NULL && pass->state == CASE_STEP_RUNNING;
	bool over = pass != NULL && (pass->state == CASE_STEP_ENDED ||
					pass->state == CASE_STEP_SKIPPED);

	switch (what) {
	case DO_START:
		if (running || over)
			return request_fail(r, CONTROL_EXIT_REFUSED,
			    "step %s is %s already: psirt step %s %s again",
			    step->number, step_state_name(pass->state),
			    w->c.number, step->number);
		order->what = ORDER_STEP_START;
		break;
	case DO_AGAIN:
		order->what = running ? ORDER_ASK : ORDER_STEP_START;
		break;
	case DO_DONE:
		order->what = ORDER_STEP_END;
		break;
	case DO_SKIP:
		order->what = ORDER_STEP_SKIP;
		break;
	case DO_NOTHING:
		break;
	}
	return TURN_MORE;
}

static int
step_give(struct request *r, struct order *act, struct order *answers,
    struct order *shares, bool answers_first, json_t *said)
{
	if (shares->nwords > 0 && request_give(r, shares, said) != 0)
		return -1;
	if (act->what != 0 && !answers_first && request_give(r, act, said) != 0)
		return -1;
	if (answers->nwords > 0 && request_give(r, answers, said) != 0)
		return -1;
	if (act->what != 0 && answers_first && request_give(r, act, said) != 0)
		return -1;
	return 0;
}

enum turn
step_order_run(struct request *r)
{
	struct order act = request_order(r, 0);
	struct order answers = request_order(r, ORDER_ANSWER);
	struct order shares = request_order(r, ORDER_SHARE);
	const struct flow_step *step;
	json_t *said = json_array();
	bool answers_first;
	enum step_do what;
	struct casework *w;
	struct store_case c;

	if (!step_parse(r, &what, &answers) ||
	    (r->share != NULL && !step_shares(r, &shares)) ||
	    !request_override(r, &act.override) ||
	    !request_case(r, r->words[0], &c) ||
	    (w = request_casework(r, r, c.id)) == NULL ||
	    !request_step(r, w, r->words[1], &step) ||
	    step_verb(r, w, step, what, &act) != TURN_MORE)
		goto failed;
	act.casefile = answers.casefile = shares.casefile = c.id;
	act.step = answers.step = shares.step = step->number;
	answers.override = act.override;
	/* A text that the step's own mails show stands before they are made. */
	answers_first =
	    what == DO_DONE || what == DO_SKIP ||
	    (what == DO_START && case_step_of(&w->view, step->number) != NULL &&
		!flow_step_expects(step, answers.words, answers.nwords));
	if (step_give(r, &act, &answers, &shares, answers_first, said) != 0)
		goto failed;
	return order_answer(r, &c, said);
failed:
	json_decref(said);
	return TURN_FAILED;
}

enum turn
step_move_run(struct request *r)
{
	struct order order = request_order(r, ORDER_STEP_MOVE);
	json_t *said = json_array();
	struct store_case c;

	if (!request_case(r, r->words[0], &c))
		goto failed;
	order.casefile = c.id;
	order.step = r->nwords > 1 ? r->words[1] : NULL;
	if (request_give(r, &order, said) != 0)
		goto failed;
	return order_answer(r, &c, said);
failed:
	json_decref(said);
	return TURN_FAILED;
}
