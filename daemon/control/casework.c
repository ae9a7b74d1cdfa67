/*
 * casework.c - a case on its way, in JSON.
 *
 * Runs in the engine.  Which step it is at, who has to act and by when is the
 * desk's to say (desk_turns); here it gets words.  Turns, states and dates
 * are no content; answers, questions and the words by which a clock was found
 * are, so what shows them has left its line in the record.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

bool
request_japanese(const struct request *r)
{
	const char *language = r->who != NULL ? r->who->language : NULL;

	return request_has(r, OPTION_JA) ||
	       (language != NULL && strcmp(language, "ja") == 0);
}

struct casework *
request_casework(struct request *r, const void *ctx, int64_t casefile)
{
	const struct control_engine *engine = r->control->engine;

	return engine->casework(engine->arg, ctx, casefile, &r->err);
}

static const char *
step_title(const struct request *r, const struct flow_step *step)
{
	return request_japanese(r) ? step->title_ja : step->title_en;
}

char *
case_sentence(const void *ctx, const struct casework *w, const char *sentence)
{
	char *text = sentence != NULL ? talloc_strdup(ctx, "") : NULL;
	const char *at;

	while (text != NULL && (at = strstr(sentence, "CASE")) != NULL) {
		text = talloc_asprintf_append(text, "%.*s%s",
		    (int)(at - sentence), sentence, w->c.number);
		sentence = at + strlen("CASE");
	}
	return text != NULL ? talloc_strdup_append(text, sentence) : NULL;
}

/* ---- who has to act ---- */

/* "design" is the lead of the product, by the name its department has. */
static void
who_json(
    struct request *r, const struct casework *w, uint32_t roles, json_t *row)
{
	json_t *who = json_array();
	json_t *departments = json_array();

	for (int role = 1; role < ROLE_PARTY_COUNT; role++) {
		const struct department *d;

		if (!(roles & ROLE_BIT(role)))
			continue;
		json_array_append_new(
		    who, json_string(role_name((enum role)role)));
		d = role < ROLE_COUNT ? desk_department(r->s, w->view.product,
					    (enum role)role)
				      : NULL;
		if (d != NULL)
			json_array_append_new(departments, json_text(d->name));
	}
	json_object_set_new(row, "who", who);
	json_object_set_new(row, "departments", departments);
}

/* Behind it: a draft to look through, a mail that does not leave, a step to
 * start, to answer. */
static json_t *
turn_next(const struct casework *w, const struct case_turn *turn)
{
	const char *step = turn->pass->step->number;

	if (turn->approval)
		return json_string("psirt approve");
	if (turn->held || turn->queued)
		return json_string("psirt queue");
	return json_sprintf("psirt step %s %s%s", w->c.number, step,
	    turn->pass->state == CASE_STEP_READY ? " start" : "");
}

static void
turn_json(struct request *r, const struct casework *w,
    const struct case_turn *turn, json_t *row)
{
	who_json(r, w, turn->roles, row);
	json_object_set_new(row, "approval", json_boolean(turn->approval));
	json_object_set_new(row, "held", json_boolean(turn->held));
	json_object_set_new(row, "queued", json_boolean(turn->queued));
	json_object_set_new(row, "next", turn_next(w, turn));
}

static json_t *
turn_row(
    struct request *r, const struct casework *w, const struct case_turn *turn)
{
	const struct flow_step *step = turn->pass->step;
	json_t *row = json_pack("{s:o,s:o,s:s,s:o,s:b}", "step",
	    json_text(step->number), "title", json_text(step_title(r, step)),
	    "state", step_state_name(turn->pass->state), "due",
	    json_time(turn->due), "late", turn->late);

	if (row != NULL)
		turn_json(r, w, turn, row);
	return row;
}

json_t *
turns_json(struct request *r, const struct casework *w)
{
	struct case_turn *turns = NULL;
	json_t *list = json_array();
	size_t n;

	n = w->view.closed ? 0 : desk_turns(w, &w->view, &turns);
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, turn_row(r, w, &turns[i]));
	talloc_free(turns);
	return list;
}

/* ---- steps and what was answered ---- */

/* The row of store_step behind a pass of the view. */
static const struct store_step *
stored_step(const struct casework *w, const struct case_step *pass)
{
	return pass != NULL ? &w->steps[pass - w->view.steps] : NULL;
}

/* Who acts now and what to type; of a step that waits for nobody its lead. */
static void
acting_json(struct request *r, const struct casework *w,
    const struct flow_step *step, const struct case_step *pass, json_t *row)
{
	struct case_turn *turns = NULL;
	size_t n, i = 0;

	n = pass != NULL ? desk_turns(w, &w->view, &turns) : 0;
	while (i < n && turns[i].pass != pass)
		i++;
	if (i < n)
		turn_json(r, w, &turns[i], row);
	else
		who_json(r, w, step->lead, row);
	talloc_free(turns);
}

json_t *
step_row(
    struct request *r, const struct casework *w, const struct flow_step *step)
{
	const struct case_step *pass = case_step_of(&w->view, step->number);
	const struct store_step *s = stored_step(w, pass);
	json_t *expects = json_array();
	json_t *row;

	for (size_t i = 0; i < step->nexpects; i++)
		json_array_append_new(
		    expects, json_text(answer_rule(step->expects[i])->name));
	row = json_pack(
	    "{s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "step",
	    json_text(step->number), "title", json_text(step_title(r, step)),
	    "phase", (int)step->phase, "state",
	    json_text(s != NULL ? step_state_name(s->state) : NULL), "round",
	    json_number(s != NULL ? s->round : 0), "started",
	    json_time(s != NULL ? s->started : 0), "ended",
	    json_time(s != NULL ? s->ended : 0), "due",
	    json_time(s != NULL ? s->due : 0), "actor",
	    json_text(s != NULL ? s->actor : NULL), "reminders",
	    json_number(s != NULL ? s->reminders : 0), "shares",
	    json_text(s != NULL ? s->shares : NULL), "mails_waiting",
	    json_number(pass != NULL ? pass->mails_waiting : 0), "mails_sent",
	    json_number(pass != NULL ? pass->mails_sent : 0), "expects",
	    expects);
	if (row == NULL)
		return NULL;
	json_object_set_new(row, "late",
	    json_boolean(pass != NULL && pass->state == CASE_STEP_RUNNING &&
			 pass->due != 0 && pass->due < w->view.now));
	acting_json(r, w, step, pass, row);
	return row;
}

/* Of which step an answer is: its pass may be an older one. */
static const char *
answer_step(const struct casework *w, const struct store_answer *a)
{
	for (size_t i = 0; a->step != 0 && i < w->view.nsteps; i++)
		if (w->steps[i].id == a->step)
			return w->steps[i].number;
	return NULL;
}

json_t *
answer_rows(
    struct request *r, const struct casework *w, const struct flow_step *step)
{
	json_t *list = json_array();

	(void)r;
	for (size_t i = 0; i < w->nanswers; i++) {
		const struct store_answer *a = &w->answers[i];
		const struct answer_rule *rule =
		    answer_rule((enum answer_kind)a->kind);
		const char *number = answer_step(w, a);

		if (step != NULL &&
		    (number == NULL || strcmp(number, step->number) != 0))
			continue;
		json_array_append_new(list,
		    json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:b}", "step",
			json_text(number), "answer",
			json_text(rule != NULL ? rule->name : NULL), "value",
			json_text(a->value), "by", json_text(a->by), "told_by",
			json_text(a->told_by), "department",
			json_text(a->department), "at", json_time(a->at),
			"letter", json_number(a->letter), "taken_back",
			a->void_ != 0));
	}
	return list;
}

json_t *
question_rows(const struct casework *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->nquestions; i++) {
		const struct store_question *q = &w->questions[i];

		json_array_append_new(list,
		    json_pack("{s:i,s:s,s:o,s:o,s:o,s:o,s:o,s:o,s:o}",
			"question", (int)q->number, "state",
			question_state_name(q->state), "at", json_time(q->at),
			"department", json_text(q->department), "by",
			json_text(q->by), "text", json_text(q->text), "answer",
			json_text(q->answer), "letter", json_number(q->letter),
			"answer_letter", json_number(q->answer_letter)));
	}
	return list;
}

/* ---- clocks, links ---- */

json_t *
case_clock_row(struct request *r, const struct store_clock *c)
{
	const struct clock_rule *rule = clock_rule((enum clock_kind)c->kind);
	const char *title = NULL;

	if (rule != NULL)
		title = request_japanese(r) ? rule->title_ja : rule->title_en;
	return json_pack("{s:o,s:o,s:o,s:o,s:s,s:o,s:i}", "clock",
	    json_text(rule != NULL ? rule->name : NULL), "title",
	    json_text(title), "due", json_time(c->due), "warning",
	    json_time(c->warn), "source",
	    clock_source_name((enum clock_source)c->source), "letter",
	    json_number(c->letter), "zone_min", (int)c->zone_min);
}

json_t *
case_clock_rows(struct request *r, const struct casework *w)
{
	json_t *list = json_array();

	for (size_t i = 0; i < w->nclocks; i++) {
		json_t *row = case_clock_row(r, &w->clocks[i]);

		if (row != NULL)
			json_object_set_new(
			    row, "words", json_text(w->clocks[i].note));
		json_array_append_new(list, row);
	}
	return list;
}

json_t *
link_rows(struct request *r, const void *ctx, int64_t casefile)
{
	static const char *const whys[] = {
	    NULL, "an identifier", "product, version and kind", "a file"};
	struct store_link *links = NULL;
	json_t *list = json_array();
	size_t count = 0;

	if (store_link_list(ctx, r->st, casefile, &links, &count, &r->err) !=
	    0) {
		json_decref(list);
		return NULL;
	}
	for (size_t i = 0; i < count; i++) {
		const struct store_link *l = &links[i];
		int64_t other = l->from == casefile ? l->to : l->from;
		struct store_case c;

		if (store_case_get(ctx, r->st, other, &c, &r->err) != 1)
			continue;
		json_array_append_new(list,
		    json_pack("{s:o,s:s,s:s,s:o,s:s,s:s,s:o}", "case",
			json_text(c.number), "link", link_kind_name(l->kind),
			"direction", l->from == casefile ? "to" : "from", "why",
			json_text(l->why < sizeof(whys) / sizeof(whys[0])
				      ? whys[l->why]
				      : NULL),
			"flow", flow_name((enum flow)c.flow), "state",
			case_state_name(c.state), "title", json_text(c.title)));
	}
	return list;
}
