/*
 * engine_step_facts.c - what is on record of a case, as facts for its mails.
 *
 * Runs in the engine process and writes nothing.  A fact has the name of its
 * answer with "_" for a blank, a choice is a fact of its own beside it
 * (cause, status_not_reproduced); which of them a mail may use stands in
 * daemon/write/write_facts.c, what its reader may not see is taken out here.
 */
#include "engine_step.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

static bool
is_ja(const char *language)
{
	return strcmp(language, "ja") == 0;
}

/* ---- answers ---- */

static char *
underscored(const void *ctx, const char *name)
{
	char *copy = talloc_strdup(ctx, name);

	for (char *p = copy; p != NULL && *p != '\0'; p++)
		if (*p == ' ')
			*p = '_';
	return copy;
}

static bool
is_ascii(const char *text)
{
	while (*text != '\0')
		if ((unsigned char)*text++ >= 0x80)
			return false;
	return true;
}

/* The first of these words that is of the language. */
static const char *
word_in(const char *const *words, const char *name, const char *language)
{
	for (size_t i = 0; is_ja(language) && words[i] != NULL; i++)
		if (!is_ascii(words[i]))
			return words[i];
	return name;
}

/* "2026-12-01" stays; with a time it is told in two zones. */
static const char *
date_in(const void *ctx, const char *value)
{
	int64_t when = 0;
	int zone_min = 0;

	if (strchr(value, 'T') == NULL ||
	    !desk_parse_time(value, &when, &zone_min))
		return value;
	return desk_two_zones(ctx, when);
}

const char *
answer_in(const void *ctx, const struct answer_rule *rule, const char *value,
    const char *language)
{
	const struct answer_choice *choice;

	if (rule->type == ANSWER_DATE)
		return date_in(ctx, value);
	choice = answer_choice(rule, value);
	return choice != NULL ? word_in(choice->words, choice->name, language)
			      : value;
}

/* Of a kind with many, each on a line; else the last that stands. */
static const char *
values_of(const void *ctx, const struct case_view *v,
    const struct answer_rule *rule, const char *language)
{
	char *all = NULL;

	if (!rule->many) {
		const struct case_answer *a = case_answer_of(v, rule->kind);

		return a != NULL ? answer_in(ctx, rule, a->value, language)
				 : NULL;
	}
	for (size_t i = 0; i < v->nanswers; i++)
		if (v->answers[i].kind == rule->kind)
			all = talloc_asprintf(ctx, "%s%s%s",
			    all != NULL ? all : "", all != NULL ? "\n" : "",
			    answer_in(
				ctx, rule, v->answers[i].value, language));
	return all;
}

static bool
says(const struct case_view *v, enum answer_kind kind, const char *value)
{
	const struct case_answer *a = case_answer_of(v, kind);

	return a != NULL && strcmp(a->value, value) == 0;
}

static void
answer_facts(struct facts *f, const void *ctx, const struct case_view *v,
    const char *language)
{
	for (int kind = 1; kind < ANSWER_KIND_COUNT; kind++) {
		const struct answer_rule *rule =
		    answer_rule((enum answer_kind)kind);
		const struct case_answer *a =
		    case_answer_of(v, (enum answer_kind)kind);
		const char *name;

		/* Named as it wants to be, and where it wants to be. */
		if (a == NULL || (kind == ANSWER_CREDIT &&
				     !says(v, ANSWER_CREDIT_OK, "yes")))
			continue;
		name = underscored(ctx, rule->name);
		draft_fact(f, name, values_of(ctx, v, rule, language));
		if (rule->type == ANSWER_CHOICE)
			draft_fact(f,
			    talloc_asprintf(
				ctx, "%s_%s", name, underscored(ctx, a->value)),
			    "1");
	}
	if (case_answer_of(v, ANSWER_PUBLISH) != NULL)
		draft_fact(f, "publish_on",
		    date_in(ctx, case_answer_of(v, ANSWER_PUBLISH)->value));
}

/* What a report of the examination is still without. */
static char *
holes_of(const void *ctx, const struct case_view *v, const char *language)
{
	static const enum answer_kind wanted[] = {ANSWER_STATUS, ANSWER_CAUSE,
	    ANSWER_CONDITIONS, ANSWER_AFFECTED, ANSWER_CVSS, ANSWER_IMPACT,
	    ANSWER_DIFFICULTY, ANSWER_PLANNED};
	char *all = NULL;

	for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
		const struct answer_rule *rule = answer_rule(wanted[i]);

		if (case_answer_of(v, wanted[i]) == NULL)
			all = talloc_asprintf(ctx, "%s%s%s",
			    all != NULL ? all : "", all != NULL ? "\n" : "",
			    word_in(rule->words, rule->name, language));
	}
	return all;
}

/* ---- the case ---- */

/* The nearest running clock of a kind, as a date. */
static char *
clock_day(const void *ctx, const struct casework *w, uint32_t kind)
{
	for (size_t i = 0; i < w->nclocks; i++)
		if (w->clocks[i].kind == kind &&
		    w->clocks[i].source != CLOCK_PROPOSED)
			return clock_date(ctx, w->clocks[i].due);
	return NULL;
}

static char *
questions_of(const void *ctx, const struct casework *w)
{
	char *all = NULL;

	for (size_t i = 0; i < w->nquestions; i++)
		if (w->questions[i].state == QUESTION_OPEN)
			all = talloc_asprintf(ctx, "%s%s%u. %s",
			    all != NULL ? all : "", all != NULL ? "\n\n" : "",
			    w->questions[i].number, w->questions[i].text);
	return all;
}

static const char *
source_kind(const struct casework *w, const char *language)
{
	if (w->c.correspondent != NULL)
		return is_ja(language) ? "海外の調整機関"
				       : "a coordinator abroad";
	return is_ja(language) ? "発見者" : "a finder";
}

void
case_facts(struct facts *f, const void *ctx, const struct casework *w,
    const char *language)
{
	const struct case_view *v = &w->view;
	const struct settings *s = v->s;
	size_t customers = 0;

	draft_fact(f, "number", w->c.number);
	draft_fact(
	    f, v->kind == FLOW_JPCERT ? "flow_jpcert" : "flow_direct", "1");
	draft_fact(f, "received", clock_date(ctx, w->c.received));
	draft_fact(f, "product", w->c.product);
	draft_fact(f, "imposed", clock_day(ctx, w, CLOCK_IMPOSED));
	draft_fact(f, "year_ends", clock_day(ctx, w, CLOCK_YEAR));
	draft_fact(f, "questions", questions_of(ctx, w));
	draft_fact(f, "source_kind", source_kind(w, language));
	/* RULES 5, <2>1.2.1: its name goes on with its leave alone. */
	if (w->c.correspondent == NULL && says(v, ANSWER_SHARE_NAME, "yes"))
		draft_fact(f, "finder", case_finder(ctx, &w->c));
	for (size_t i = 0; i < s->ncustomers; i++)
		customers += customer_has(&s->customers[i], w->c.product);
	if (customers > 0)
		draft_fact(f, "count", talloc_asprintf(ctx, "%zu", customers));
	answer_facts(f, ctx, v, language);
	draft_fact(f, "holes", holes_of(ctx, v, language));
}

bool
customer_has(const struct customer *customer, const char *product)
{
	for (size_t i = 0; product != NULL && i < customer->nproducts; i++)
		if (strcmp(customer->products[i], product) == 0)
			return true;
	return false;
}

/* ---- a pass ---- */

void
step_facts(struct facts *f, const void *ctx, const struct casework *w,
    const struct case_step *pass, const char *language)
{
	const struct flow_step *step = pass->step;

	draft_fact(f, "step", step->number);
	draft_fact(f, "step_title",
	    is_ja(language) && step->title_ja != NULL ? step->title_ja
						      : step->title_en);
	/* A day: nobody asks a person for minutes. */
	if (pass->due != 0)
		draft_fact(f, "reply_by", clock_date(ctx, pass->due));
	if (pass->round > 1)
		draft_fact(f, "again", "1");
	if (pass->ref == NULL)
		return;
	draft_fact(f, "ref", pass->ref);
	draft_fact(f, "lines",
	    desk_lines_to_copy(ctx, step, w->c.number, pass->ref, language));
}

/* ---- what a reader may not see ---- */

/* The answer that a fact is; NULL: none. */
static const struct answer_rule *
rule_of(const char *fact)
{
	char word[64];
	size_t n = 0;
	const struct answer_rule *rule;

	for (; fact[n] != '\0' && n + 1 < sizeof(word); n++)
		word[n] = fact[n] == '_' ? ' ' : fact[n];
	word[n] = '\0';
	rule = answer_by_word(word);
	return rule != NULL && strcmp(rule->name, word) == 0 ? rule : NULL;
}

bool
role_is_harmless(enum role role)
{
	return role == ROLE_SALES || role == ROLE_CARE ||
	       role == ROLE_PUBLICITY;
}

static void
keep_harmless(struct facts *f)
{
	size_t n = 0;

	for (size_t i = 0; i < f->n; i++) {
		const struct answer_rule *rule = rule_of(f->list[i].name);

		if (rule == NULL || !rule->exploit)
			f->list[n++] = f->list[i];
	}
	f->n = n;
}

/* Departments write for the house. */
static void
scrub_words(struct facts *f, const void *ctx, const struct settings *s)
{
	for (size_t i = 0; i < f->n; i++) {
		const struct answer_rule *rule = rule_of(f->list[i].name);
		const char *left;

		/* A finder may be called as somebody here is. */
		if (rule == NULL || rule->type != ANSWER_TEXT ||
		    rule->kind == ANSWER_CREDIT)
			continue;
		left = desk_scrub(ctx, s, f->list[i].value);
		f->list[i].value =
		    left != NULL && left[0] != '\0' ? left : "[…]";
	}
}

void
facts_for_reader(struct facts *f, const void *ctx, const struct settings *s,
    enum audience audience, const struct department *d)
{
	/* OEM partners are no department of ours. */
	bool outside =
	    d != NULL ? d->role == ROLE_OEM : audience != AUDIENCE_DESK;

	if (audience == AUDIENCE_CUSTOMER ||
	    (d != NULL && role_is_harmless(d->role)))
		keep_harmless(f);
	if (outside)
		scrub_words(f, ctx, s);
}
