/*
 * orders.c - what a person decides of a case, word by word to the engine.
 *
 * Runs in the engine.  A command that is one order is a row of this table:
 * which words it has.  What may be done, and all that is done, stands in the
 * engine, in one transaction with its line of the record.
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

struct order
request_order(const struct request *r, enum order_kind what)
{
	return (struct order){
	    .what = what,
	    .actor = r->actor,
	    .role = r->who->role,
	    .uid = r->uid,
	    .by = r->by,
	    .why = r->why,
	};
}

int
request_give(struct request *r, const struct order *order, json_t *said)
{
	const struct control_engine *engine = r->control->engine;
	char *save = NULL;
	char *text = NULL;

	if (engine->order(engine->arg, r, order, &text, &r->err) != 0)
		return -1;
	engine->wake(engine->arg);
	for (char *line = text != NULL ? strtok_r(text, "\n", &save) : NULL;
	     line != NULL; line = strtok_r(NULL, "\n", &save))
		json_array_append_new(said, json_text(line));
	talloc_free(text);
	return 0;
}

enum turn
order_answer(struct request *r, const struct store_case *c, json_t *said)
{
	if (answer_set(r, "case", json_text(c != NULL ? c->number : NULL)) !=
	    0) {
		json_decref(said);
		return TURN_FAILED;
	}
	if (answer_set(r, "said", said) != 0)
		return TURN_FAILED;
	if (c != NULL &&
	    answer_set(r, "next",
		json_pack("[o]", json_text(talloc_asprintf(
				     r, "psirt show %s", c->number)))) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

/* ---- words ---- */

char *
request_text(const struct request *r, size_t from)
{
	char *text = talloc_strdup(r, "");

	for (size_t i = from; i < r->nwords; i++)
		text = talloc_asprintf_append(
		    text, "%s%s", i > from ? " " : "", r->words[i]);
	return text;
}

static uint32_t
guard_by_name(const char *name)
{
	for (int kind = 1; kind < GUARD_COUNT; kind++)
		if (strcmp(guard_name((enum guard_kind)kind), name) == 0)
			return (uint32_t)kind;
	return 0;
}

bool
request_override(struct request *r, uint32_t *guards)
{
	char *rest, *save = NULL;

	*guards = 0;
	if (r->override == NULL)
		return true;
	if (r->why == NULL || *r->why == '\0') {
		request_fail(r, CONTROL_EXIT_USAGE,
		    "say why the guard is overridden: psirt %s",
		    r->command->usage);
		return false;
	}
	rest = talloc_strdup(r, r->override);
	for (char *word = strtok_r(rest, " ,", &save); word != NULL;
	     word = strtok_r(NULL, " ,", &save)) {
		uint32_t kind = guard_by_name(word);

		if (kind == 0 ||
		    !guard_may_be_overridden((enum guard_kind)kind)) {
			request_fail(r,
			    kind == 0 ? CONTROL_EXIT_USAGE
				      : CONTROL_EXIT_REFUSED,
			    kind == 0 ? "no guard \"%.40s\": the refusal names "
					"the one that refused"
				      : "nobody may override \"%.40s\"",
			    word);
			return false;
		}
		*guards |= 1U << kind;
	}
	return true;
}

/* A login of the settings, with a role; else failed, false. */
static bool
request_login(struct request *r, const char *name)
{
	char *known = talloc_strdup(r, "");

	for (size_t i = 0; i < r->s->noperators; i++) {
		if (strcmp(r->s->operators[i].user, name) == 0)
			return true;
		known = talloc_asprintf_append(
		    known, " %s", r->s->operators[i].user);
	}
	request_fail(r, CONTROL_EXIT_REFUSED,
	    "no operator \"%.40s\": the settings have%s", name, known);
	return false;
}

/* ---- one command, one order ---- */

enum order_words {
	WORDS_CASE,        /* nothing else */
	WORDS_CASE_OTHER,  /* another case */
	WORDS_CASE_TEXT,   /* a text, as one or as many words */
	WORDS_CASE_REASON, /* one word of the order's own */
	WORDS_CASE_NAME,   /* a name, and a text behind it where one may be */
	WORDS_CASE_NUMBER, /* a number, or none: all */
	WORDS_CASE_NUMBER_TEXT, /* a number, and a text behind it */
	WORDS_CASE_TAKE,        /* nothing, or --deputy NAME */
	WORDS_NUMBER,           /* no case, a number */
};

static const struct {
	const char *command; /* its name in commands[] */
	enum order_kind what;
	enum order_words words;
	const char *noun; /* of the number */
} orders[] = {
    {"clock CASE end", ORDER_CLOCK_END, WORDS_CASE_NAME, NULL},
    {"clock CASE set", ORDER_CLOCK_SET, WORDS_CASE_NAME, NULL},
    {"clock CASE start", ORDER_CLOCK_START, WORDS_CASE_NAME, NULL},
    {"close", ORDER_CLOSE, WORDS_CASE_REASON, NULL},
    {"close --override", ORDER_CLOSE, WORDS_CASE_REASON, NULL},
    {"incident", ORDER_INCIDENT, WORDS_CASE, NULL},
    {"link", ORDER_LINK, WORDS_CASE_OTHER, NULL},
    {"merge", ORDER_MERGE, WORDS_CASE_OTHER, NULL},
    {"note", ORDER_NOTE, WORDS_CASE_TEXT, NULL},
    {"question CASE again", ORDER_QUESTION_AGAIN, WORDS_CASE_NUMBER,
	"question"},
    {"question CASE answer", ORDER_QUESTION_ANSWER, WORDS_CASE_NUMBER_TEXT,
	"question"},
    {"question CASE ask", ORDER_QUESTION_ASK, WORDS_CASE_NUMBER, "question"},
    {"question CASE drop", ORDER_QUESTION_DROP, WORDS_CASE_NUMBER, "question"},
    {"reopen", ORDER_REOPEN, WORDS_CASE, NULL},
    {"reply", ORDER_REPLY, WORDS_CASE_TEXT, NULL},
    {"reply --override", ORDER_REPLY, WORDS_CASE_TEXT, NULL},
    {"split", ORDER_SPLIT, WORDS_CASE, NULL},
    {"take", ORDER_TAKE, WORDS_CASE_TAKE, NULL},
    {"task N done", ORDER_TASK_DONE, WORDS_NUMBER, "task"},
    {"title", ORDER_TITLE, WORDS_CASE_TEXT, NULL},
    {"unlink", ORDER_UNLINK, WORDS_CASE_OTHER, NULL},
};

#define NORDERS (sizeof(orders) / sizeof(orders[0]))

static bool
order_other(struct request *r, struct order *order)
{
	struct store_case other;

	if (!request_case(r, r->words[1], &other))
		return false;
	order->other = other.id;
	if (other.id != order->casefile)
		return true;
	request_fail(
	    r, CONTROL_EXIT_USAGE, "that is one and the same case: name two");
	return false;
}

static bool
order_take(struct request *r, struct order *order)
{
	order->words[order->nwords++] = r->actor;
	if (r->deputy == NULL)
		return true;
	order->words[order->nwords++] = r->deputy;
	return request_login(r, r->deputy);
}

/* What stands behind CASE; else failed, false. */
static bool
order_matter(struct request *r, struct order *order, enum order_words words,
    const char *noun)
{
	switch (words) {
	case WORDS_CASE:
		return true;
	case WORDS_CASE_OTHER:
		return order_other(r, order);
	case WORDS_CASE_TEXT:
		order->text = request_text(r, 1);
		return true;
	case WORDS_CASE_REASON:
		order->words[order->nwords++] = r->words[1];
		return true;
	case WORDS_CASE_NAME:
		order->words[order->nwords++] = r->words[1];
		if (r->nwords > 2)
			order->words[order->nwords++] = request_text(r, 2);
		return true;
	case WORDS_CASE_NUMBER_TEXT:
		order->text = request_text(r, 2);
		return request_number(
		    r, r->words[1], noun, r->command->usage, &order->number);
	case WORDS_CASE_NUMBER:
		return r->nwords < 2 || request_number(r, r->words[1], noun,
					    r->command->usage, &order->number);
	case WORDS_CASE_TAKE:
		return order_take(r, order);
	case WORDS_NUMBER:
		return request_number(
		    r, r->words[0], noun, "psirt task", &order->number);
	}
	return false;
}

enum turn
order_run(struct request *r)
{
	const char *name = r->command->name;
	struct order order = {0};
	const char *words[2] = {NULL, NULL};
	json_t *said;
	struct store_case c = {0};
	size_t i = 0;

	while (i < NORDERS && strcmp(orders[i].command, name) != 0)
		i++;
	if (i == NORDERS) {
		error_set(&r->err, FAULT_BUG, "%s is no order", name);
		return TURN_FAILED;
	}
	order = request_order(r, orders[i].what);
	order.words = words;
	if (!request_override(r, &order.override))
		return TURN_FAILED;
	if (orders[i].words != WORDS_NUMBER) {
		if (!request_case(r, r->words[0], &c))
			return TURN_FAILED;
		order.casefile = c.id;
	}
	if (!order_matter(r, &order, orders[i].words, orders[i].noun))
		return TURN_FAILED;
	said = json_array();
	if (request_give(r, &order, said) != 0) {
		json_decref(said);
		return TURN_FAILED;
	}
	return order_answer(r, c.id != 0 ? &c : NULL, said);
}
