/*
 * flow_words.c - the words of a flow file: answers, roles, times, steps,
 * conditions, guards.
 *
 * Each list is read with the line of every value; a word that is not known is
 * told with the nearest that is.  Pure.
 */
#include "flow_internal.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

#define DAY ((int64_t)86400)
#define DUE_MOST ((int64_t)5 * 366 * DAY)
#define DUE_DAYS_MOST 366

static void *
grown(void *list, const void *ctx, size_t size, size_t n)
{
	void *more = talloc_realloc_size(ctx, list, size * (n + 1));

	if (more == NULL)
		abort(); /* half a flow is none */
	return more;
}
#define GROW(list, ctx, n) grown((list), (ctx), sizeof(*(list)), (n))

static const char *
shown(const struct flow_reader *r, const char *word)
{
	return text_cut(r->l.p, text_escape(r->l.p, word, false), 60);
}

/* "KEY: "X" is no WHAT", and what is near. */
static void
say_unknown(struct flow_reader *r, int line, const char *key, const char *word,
    const char *what, const char *const *known, size_t nknown)
{
	const char *near = name_nearest(r->l.p, word, known, nknown);

	if (near != NULL)
		problem(r->l.p, line, "%s: \"%s\" is no %s: did you mean %s?",
		    key, shown(r, word), what, near);
	else
		problem(r->l.p, line,
		    "%s: \"%s\" is no %s: see psirtd-flow(5) for the known "
		    "ones",
		    key, shown(r, word), what);
}

/* ---- answers ---- */

static void
say_no_answer(
    struct flow_reader *r, int line, const char *key, const char *word)
{
	const char *known[ANSWER_KIND_COUNT];
	size_t n = 0;

	for (int k = 1; k < ANSWER_KIND_COUNT; k++)
		known[n++] = answer_rule((enum answer_kind)k)->name;
	say_unknown(r, line, key, word, "answer", known, n);
}

void
read_answers(struct flow_reader *r, const struct node *node, const char *key,
    enum answer_kind **list, size_t *n)
{
	const struct entry *e = entry_find(node, key);

	for (size_t i = 0; e != NULL && i < e->nvalues; i++) {
		const struct answer_rule *rule = answer_by_word(e->values[i]);
		bool again = false;

		if (rule == NULL) {
			say_no_answer(r, e->lines[i], key, e->values[i]);
			continue;
		}
		for (size_t k = 0; k < *n; k++)
			again = again || (*list)[k] == rule->kind;
		if (again) {
			problem(r->l.p, e->lines[i],
			    "%s: \"%s\" stands in the list twice: take one out",
			    key, rule->name);
			continue;
		}
		*list = GROW(*list, r->f, *n);
		(*list)[(*n)++] = rule->kind;
	}
}

/* ---- roles and times ---- */

void
read_roles(struct flow_reader *r, const struct node *node, const char *key,
    bool parties, uint32_t *roles)
{
	const struct entry *e = entry_find(node, key);
	const int end = parties ? ROLE_PARTY_COUNT : ROLE_COUNT;
	const char *known[ROLE_PARTY_COUNT];
	size_t n = 0;

	for (int k = 1; k < end; k++)
		known[n++] = role_name((enum role)k);
	for (size_t i = 0; e != NULL && i < e->nvalues; i++) {
		enum role role = role_by_name(e->values[i], parties);

		if (role == 0)
			say_unknown(r, e->lines[i], key, e->values[i], "role",
			    known, n);
		else if ((*roles & ROLE_BIT(role)) != 0)
			problem(r->l.p, e->lines[i],
			    "%s: \"%s\" stands in the list twice: take one out",
			    key, e->values[i]);
		else
			*roles |= ROLE_BIT(role);
	}
}

void
read_due(struct flow_reader *r, const struct node *node, struct flow_step *step)
{
	const struct entry *e = entry_find(node, "due");
	const char *word = e == NULL ? NULL : e->values[0];
	size_t len = word == NULL ? 0 : strlen(word);
	int64_t days = 0;
	bool fine;

	if (e == NULL)
		return;
	if (e->nvalues == 1 && len > 1 && word[len - 1] == 'b') {
		fine = value_number(
			   talloc_strndup(r->l.p, word, len - 1), &days) == 0 &&
		       days >= 1 && days <= DUE_DAYS_MOST;
		step->due_days = fine ? (unsigned)days : 0;
	} else {
		fine = e->nvalues == 1 &&
		       value_seconds(word, &step->due_s) == 0 &&
		       step->due_s >= 1 && step->due_s <= DUE_MOST;
	}
	if (!fine)
		problem(r->l.p, e->lines[0],
		    "due = \"%s\" must be a time such as \"10b\" (business "
		    "days, at most 366), \"36h\" or \"14d\"",
		    shown(r, word));
}

/* ---- steps ---- */

static const struct flow_step *
read_step(struct flow_reader *r, int line, const char *key, const char *number)
{
	const struct flow_step *step = flow_step(r->f, number);
	const char **known;

	if (step != NULL || r->l.tree->cut)
		return step;
	known = talloc_array(r->l.p, const char *, r->f->nsteps + 1);
	for (size_t i = 0; known != NULL && i < r->f->nsteps; i++)
		known[i] = r->f->steps[i].number;
	say_unknown(r, line, key, number, "step of this flow", known,
	    known == NULL ? 0 : r->f->nsteps);
	return NULL;
}

void
read_after(struct flow_reader *r, const struct node *node,
    const struct flow_step *step, struct flow_way *way)
{
	const struct entry *e = entry_find(node, "after");

	for (size_t i = 0; e != NULL && i < e->nvalues; i++) {
		const struct flow_step *before =
		    read_step(r, e->lines[i], "after", e->values[i]);
		bool again = false;

		if (before == NULL)
			continue;
		for (size_t k = 0; k < way->nafter; k++)
			again =
			    again || strcmp(way->after[k], before->number) == 0;
		if (again || before == step) {
			problem(r->l.p, e->lines[i],
			    "after: %s %s: take it out", before->number,
			    again ? "stands in the list twice"
				  : "cannot come after itself");
			continue;
		}
		way->after = GROW(way->after, r->f, way->nafter);
		way->after[way->nafter++] = before->number;
	}
}

/* ---- conditions ---- */

/* Both halves of "word = value" without blanks; false: there is no "=". */
static bool
halves(const struct flow_reader *r, const char *text, char between,
    const char **word, const char **value)
{
	const char *at = strchr(text, between);
	size_t len = at == NULL ? strlen(text) : (size_t)(at - text);

	*value = NULL;
	while (len > 0 && text[len - 1] == ' ')
		len--;
	*word = talloc_strndup(r->l.p, text, len);
	if (at == NULL)
		return false;
	*value = at + 1 + strspn(at + 1, " ");
	return true;
}

/* "word = value", or a word alone: any value. */
static bool
read_condition(struct flow_reader *r, int line, const char *key,
    const char *text, struct flow_when *when)
{
	const struct answer_rule *rule;
	const char *word;
	const char *value;
	const char *why;
	bool has_value = halves(r, text, '=', &word, &value);

	rule = answer_by_word(word);
	if (rule == NULL) {
		say_no_answer(r, line, key, word);
		return false;
	}
	*when = (struct flow_when){rule->kind, NULL};
	if (!has_value)
		return true;
	when->value = answer_value(r->f, rule, value, &why);
	if (when->value != NULL)
		return true;
	problem(r->l.p, line, "%s: \"%s\" of %s %s", key, shown(r, value),
	    rule->name, why);
	return false;
}

/* A value alone, where one of these steps expects it. */
static bool
value_of_step(
    const struct flow_step *step, const char *value, struct flow_when *when)
{
	for (size_t i = 0; i < step->nexpects; i++) {
		const struct answer_choice *choice =
		    answer_choice(answer_rule(step->expects[i]), value);

		if (choice == NULL)
			continue;
		*when = (struct flow_when){step->expects[i], choice->name};
		return true;
	}
	return false;
}

void
read_whens(struct flow_reader *r, const struct node *node,
    const struct flow_step *const *of, size_t nof, struct flow_when **list,
    size_t *n)
{
	const struct entry *e = entry_find(node, "when");

	for (size_t i = 0; e != NULL && i < e->nvalues; i++) {
		struct flow_when when;
		bool found = false;

		for (size_t k = 0; k < nof && !found; k++)
			found = value_of_step(of[k], e->values[i], &when);
		if (!found && !read_condition(
				  r, e->lines[i], "when", e->values[i], &when))
			continue;
		for (size_t k = 0; k < *n; k++)
			if ((*list)[k].answer == when.answer)
				problem(r->l.p, e->lines[i],
				    "when: %s stands in the list twice: no "
				    "answer is two at once",
				    answer_rule(when.answer)->name);
		*list = GROW(*list, r->f, *n);
		(*list)[(*n)++] = when;
	}
}

/* ---- guards ---- */

static void
read_guard(struct flow_reader *r, int line, const char *text,
    struct guard **list, size_t *n)
{
	struct guard guard = {.place = {r->f->path, line}};
	const char *known[GUARD_EXPLOIT];
	const struct flow_step *step;
	struct flow_when when;
	const char *word;
	const char *of;
	bool has_of = halves(r, text, ':', &word, &of);
	bool wants_of;

	guard.kind = guard_by_name(word);
	wants_of =
	    guard.kind == GUARD_REQUIRES_SENT || guard.kind == GUARD_ANSWERED;
	if (guard.kind == 0) {
		for (int k = 1; k < GUARD_EXPLOIT; k++)
			known[k - 1] = guard_name((enum guard_kind)k);
		say_unknown(
		    r, line, "guard", word, "guard", known, GUARD_EXPLOIT - 1);
		return;
	}
	if (has_of != wants_of) {
		problem(r->l.p, line, "guard: %s %s", guard_name(guard.kind),
		    !wants_of ? "stands alone, nothing behind it"
		    : guard.kind == GUARD_ANSWERED
			? "needs an answer: \"answered: details = yes\""
			: "needs a step: \"requires_sent: 5.1.2\"");
		return;
	}
	if (guard.kind == GUARD_REQUIRES_SENT) {
		step = read_step(r, line, "guard", of);
		if (step == NULL)
			return;
		guard.step = step->number;
	}
	if (guard.kind == GUARD_ANSWERED) {
		if (!read_condition(r, line, "guard", of, &when))
			return;
		guard.answer = when.answer;
		guard.value = when.value;
	}
	*list = GROW(*list, r->f, *n);
	(*list)[(*n)++] = guard;
}

void
read_guards(struct flow_reader *r, const struct node *node, struct guard **list,
    size_t *n)
{
	const struct entry *e = entry_find(node, "guard");

	for (size_t i = 0; e != NULL && i < e->nvalues; i++)
		read_guard(r, e->lines[i], e->values[i], list, n);
}
