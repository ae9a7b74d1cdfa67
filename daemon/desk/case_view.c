/*
 * case_view.c - what is on record of a case, looked up.
 *
 * Runs in the engine, pure.  Takes the view that the engine made of the rows;
 * decides nothing but which of two records counts.
 */
#include "procedure_internal.h"

#include <string.h>

#include <talloc.h>

#include "desk_internal.h"

const struct case_answer *
case_answer_of(const struct case_view *v, enum answer_kind kind)
{
	for (size_t i = v->nanswers; i > 0; i--)
		if (v->answers[i - 1].kind == kind)
			return &v->answers[i - 1];
	return NULL;
}

const struct case_step *
case_step_of(const struct case_view *v, const char *number)
{
	for (size_t i = v->nsteps; i > 0; i--)
		if (strcmp(v->steps[i - 1].step->number, number) == 0)
			return &v->steps[i - 1];
	return NULL;
}

bool
case_speaks_through_jpcert(const struct case_view *v)
{
	return v->kind == FLOW_JPCERT || v->channel == CASE_CHANNEL_JPCERT;
}

const struct correspondent *
case_window(const struct case_view *v)
{
	const struct correspondent *c;

	if (!case_speaks_through_jpcert(v))
		return NULL;
	c = correspondent_by_name(v->s, v->counterpart);
	if (c != NULL && c->flow == FLOW_JPCERT)
		return c;
	return settings_jpcert(v->s);
}

bool
case_holds(const struct case_view *v, const struct flow_when *when, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!case_has(v, &when[i]))
			return false;
	return true;
}

bool
step_tells_customers(const struct flow_step *step)
{
	for (size_t i = 0; i < step->nmails; i++)
		if (step->mails[i].to == AUDIENCE_CUSTOMER)
			return true;
	return false;
}

/* A day alone begins at midnight here. */
int64_t
case_publication(const struct case_view *v)
{
	const struct case_answer *a = case_answer_of(v, ANSWER_PUBLISH);
	int64_t when;
	int zone_min;

	if (a == NULL || !desk_parse_time(a->value, &when, &zone_min))
		return 0;
	return when;
}

bool
case_has(const struct case_view *v, const struct flow_when *when)
{
	const struct case_answer *a = case_answer_of(v, when->answer);

	return a != NULL &&
	       (when->value == NULL || strcmp(a->value, when->value) == 0);
}

const struct flow_step *
case_asks(const struct case_view *v, enum answer_kind kind)
{
	for (size_t i = 0; i < v->flow->nsteps; i++)
		for (size_t k = 0; k < v->flow->steps[i].nexpects; k++)
			if (v->flow->steps[i].expects[k] == kind)
				return &v->flow->steps[i];
	return NULL;
}

bool
case_concerns(const struct case_view *v, const struct customer *customer)
{
	for (size_t i = 0; v->product != NULL && i < customer->nproducts; i++)
		if (strcmp(customer->products[i], v->product) == 0)
			return true;
	return false;
}

char *
case_words(const void *ctx, enum answer_kind kind, const char *value)
{
	const struct answer_rule *rule = answer_rule(kind);
	const char *name = rule != NULL ? rule->name : "answer";

	return value != NULL ? talloc_asprintf(ctx, "%s = %s", name, value)
			     : talloc_strdup(ctx, name);
}

/* Whom a map names for a role: an index in departments, -1 nobody. */
static int
named(const struct settings *s, const int *map, enum role role)
{
	int at = role > 0 && role < ROLE_COUNT ? map[role] : -1;

	return at >= 0 && (size_t)at < s->ndepartments ? at : -1;
}

static int
first_with(const struct settings *s, enum role role)
{
	for (size_t i = 0; i < s->ndepartments; i++)
		if (s->departments[i].role == role)
			return (int)i;
	return -1;
}

const struct department *
desk_department(const struct settings *s, const char *product, enum role role)
{
	const struct product *p = NULL;
	int at = -1;

	for (size_t i = 0; product != NULL && i < s->nproducts; i++)
		if (strcmp(s->products[i].name, product) == 0)
			p = &s->products[i];
	/* Where flaws are handled as bugs, quality leads (RULES 31). */
	if (role == ROLE_DESIGN && p != NULL)
		at = named(s, p->departments, p->lead);
	if (at < 0 && p != NULL)
		at = named(s, p->departments, role);
	if (at < 0)
		at = named(s, s->default_departments, role);
	/* These two are no product's own. */
	if (at < 0 && (role == ROLE_CSIRT || role == ROLE_OEM))
		at = first_with(s, role);
	return at >= 0 ? &s->departments[at] : NULL;
}
