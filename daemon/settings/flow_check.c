/*
 * flow_check.c - can a case go through this flow?
 *
 * A step that no way leads to, steps that wait for each other, a condition on
 * what nobody is asked for, a guard on a mail that no step sends: each would
 * leave a case standing one day, so each is told at start.  Pure.
 */
#include "flow_internal.h"

#include <stdlib.h>
#include <string.h>

#include <talloc.h>

struct checking {
	struct flow_reader *r;
	bool *reached;  /* by step: a case can come to it */
	size_t *before; /* by step, while a circle is looked for */
};

static size_t
index_of(const struct flow_file *f, const char *number)
{
	return (size_t)(flow_step(f, number) - f->steps);
}

static bool
way_holds(
    const struct flow_file *f, const struct flow_way *way, const bool *reached)
{
	for (size_t i = 0; i < way->nafter; i++)
		if (!reached[index_of(f, way->after[i])])
			return false;
	return true;
}

static bool
can_begin(const struct flow_file *f, const struct flow_step *step,
    const bool *reached)
{
	if (step->nways == 0)
		return true;
	for (size_t i = 0; i < step->nways; i++)
		if (way_holds(f, &step->ways[i], reached))
			return true;
	return false;
}

/* What can be come to where step `without` never is; n: none is left out. */
static void
reach(struct checking *c, size_t without)
{
	const struct flow_file *f = c->r->f;
	bool more = true;

	memset(c->reached, 0, f->nsteps * sizeof(c->reached[0]));
	while (more) {
		more = false;
		for (size_t i = 0; i < f->nsteps; i++) {
			if (i == without || c->reached[i] ||
			    !can_begin(f, &f->steps[i], c->reached))
				continue;
			c->reached[i] = true;
			more = true;
		}
	}
}

/* From `at` back over what is not reached; true: `to` stands on the way. */
static bool
leads_back(struct checking *c, size_t at, size_t to, bool *seen)
{
	const struct flow_file *f = c->r->f;
	const struct flow_step *step = &f->steps[at];

	if (at == to)
		return true;
	if (seen[at])
		return false;
	seen[at] = true;
	for (size_t i = 0; i < step->nways; i++)
		for (size_t k = 0; k < step->ways[i].nafter; k++) {
			size_t next = index_of(f, step->ways[i].after[k]);

			if ((next == to || !c->reached[next]) &&
			    leads_back(c, next, to, seen)) {
				c->before[at] = next;
				return true;
			}
		}
	return false;
}

/* "2.1.1 after 2.2.1 after 2.1.1"; NULL: there is none. */
static char *
circle(struct checking *c, size_t step, size_t before)
{
	const struct flow_file *f = c->r->f;
	bool *seen = talloc_zero_array(c->r->l.p, bool, f->nsteps);
	char *text;

	if (seen == NULL)
		abort(); /* a check that was not made is no success */
	if (!leads_back(c, before, step, seen))
		return NULL;
	text = talloc_strdup(seen, f->steps[step].number);
	for (size_t at = before;; at = c->before[at]) {
		text = talloc_asprintf_append(
		    text, " after %s", f->steps[at].number);
		if (at == step)
			return text;
	}
}

/* Line of `number` among the values of `after` in the step, or the step's. */
static int
after_line(
    const struct checking *c, const struct flow_step *step, const char *number)
{
	const struct tree *tree = c->r->l.tree;

	for (size_t i = 1; i < tree->nnodes; i++) {
		const struct node *node = &tree->nodes[i];
		const struct node *whole = strcmp(node->section, "or") == 0
					       ? &tree->nodes[node->parent]
					       : node;
		const struct entry *e = entry_find(node, "after");

		if (whole->line != step->place.line || e == NULL)
			continue;
		for (size_t k = 0; k < e->nvalues; k++)
			if (strcmp(e->values[k], number) == 0)
				return e->lines[k];
	}
	return step->place.line;
}

static void
check_ways(struct checking *c, size_t at)
{
	const struct flow_file *f = c->r->f;
	const struct flow_step *step = &f->steps[at];

	reach(c, at);
	for (size_t i = 0; i < step->nways; i++)
		for (size_t k = 0; k < step->ways[i].nafter; k++) {
			const char *number = step->ways[i].after[k];
			size_t before = index_of(f, number);
			char *round;

			if (c->reached[before])
				continue;
			round = circle(c, at, before);
			if (round != NULL)
				problem(c->r->l.p, after_line(c, step, number),
				    "step %s can never begin so: %s",
				    step->number, round);
			else
				problem(c->r->l.p, after_line(c, step, number),
				    "step %s can never begin so: nothing leads "
				    "to step %s",
				    step->number, number);
		}
}

/* ---- what is asked for ---- */

static bool
is_asked(const struct flow_file *f, enum answer_kind kind)
{
	for (size_t i = 0; i < f->nsteps; i++) {
		const struct flow_step *step = &f->steps[i];

		for (size_t k = 0; k < step->nexpects; k++)
			if (step->expects[k] == kind)
				return true;
		for (size_t k = 0; k < step->nmay; k++)
			if (step->may[k] == kind)
				return true;
	}
	return false;
}

static void
check_whens(struct checking *c, const struct flow_step *step, int line,
    const struct flow_when *when, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_asked(c->r->f, when[i].answer))
			problem(c->r->l.p, line,
			    "step %s: no step expects %s, so when never holds: "
			    "add it to expects or may of one",
			    step->number, answer_rule(when[i].answer)->name);
}

static void
check_guards(struct checking *c, const struct guard *guards, size_t n)
{
	const struct flow_file *f = c->r->f;

	for (size_t i = 0; i < n; i++) {
		const struct guard *g = &guards[i];

		if (g->kind == GUARD_REQUIRES_SENT &&
		    flow_step(f, g->step)->nmails == 0)
			problem(c->r->l.p, g->place.line,
			    "guard: step %s has no mail that could be sent",
			    g->step);
		if (g->kind == GUARD_ANSWERED && !is_asked(f, g->answer))
			problem(c->r->l.p, g->place.line,
			    "guard: no step expects %s: add it to expects or "
			    "may of one",
			    answer_rule(g->answer)->name);
	}
}

static void
check_step(struct checking *c, const struct flow_step *step)
{
	bool overview = false;

	for (size_t i = 0; i < step->nways; i++)
		check_whens(c, step, step->place.line, step->ways[i].when,
		    step->ways[i].nwhen);
	check_guards(c, step->guards, step->nguards);
	for (size_t i = 0; i < step->nmails; i++) {
		const struct flow_mail *mail = &step->mails[i];

		check_whens(c, step, mail->place.line, mail->when, mail->nwhen);
		check_guards(c, mail->guards, mail->nguards);
		overview = overview || strcmp(mail->template, "overview") == 0;
	}
	if (step->start == START_ROUTE && !overview)
		problem(c->r->l.p, step->place.line,
		    "step %s: start = route needs mail overview { }, which is "
		    "what the map of products sends",
		    step->number);
}

void
flow_check(struct flow_reader *r)
{
	const struct flow_file *f = r->f;
	struct checking c = {.r = r};

	c.reached = talloc_zero_array(r->l.p, bool, f->nsteps);
	c.before = talloc_zero_array(r->l.p, size_t, f->nsteps);
	if (c.reached == NULL || c.before == NULL)
		abort();
	for (size_t i = 0; i < f->nsteps; i++) {
		check_ways(&c, i);
		check_step(&c, &f->steps[i]);
	}
	for (size_t i = 0; i < f->ncloses; i++)
		check_guards(&c, f->closes[i].guards, f->closes[i].nguards);
}
