/*
 * engine_order_clock.c - clocks by hand: a date is set, a clock of the CRA is
 * started, one is ended.
 *
 * Runs in the engine process, inside the transaction of engine_order.c.
 */
#include "engine_order.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define HOUR_S INT64_C(3600)

static const struct clock_rule *
rule_of(const void *ctx, const struct order *o, struct error *err)
{
	const struct clock_rule *rule =
	    o->nwords > 0 ? clock_by_name(o->words[0]) : NULL;
	char *all = NULL;

	if (rule != NULL)
		return rule;
	for (int kind = 1; kind < CLOCK_KIND_COUNT; kind++)
		all = talloc_asprintf(ctx, "%s%s%s", all != NULL ? all : "",
		    all != NULL ? ", " : "",
		    clock_rule((enum clock_kind)kind)->name);
	error_set(err, FAULT_DENIED, "the clocks are: %s", all);
	return NULL;
}

static void
say_due(
    const void *ctx, char **said, const struct clock_rule *rule, int64_t due)
{
	order_say(ctx, said, "%s: %s", rule->name, desk_two_zones(ctx, due));
}

/* ---- set ---- */

/*
 * These dates are on record as answers, and guards ask for them there: the
 * clock follows.  0: it is a clock alone.
 */
static enum answer_kind
answer_behind(enum clock_kind kind)
{
	switch (kind) {
	case CLOCK_PUBLICATION:
		return ANSWER_PUBLISH;
	case CLOCK_PLANNED:
		return ANSWER_PLANNED;
	default:
		return 0;
	}
}

static int
set_answer(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, enum answer_kind kind, struct error *err)
{
	const char *why = NULL;
	struct store_answer a = {.casefile = w->c.id,
	    .kind = kind,
	    .at = clock_now(),
	    .by = (char *)(uintptr_t)(o->by != NULL ? o->by : o->actor),
	    .told_by = (char *)(uintptr_t)(o->by != NULL ? o->actor : NULL)};

	a.value = answer_value(ctx, answer_rule(kind), o->words[1], &why);
	if (a.value == NULL)
		return error_set(err, FAULT_DENIED, "%s", why);
	if (answer_record(e, w, &a, o->actor, err) != 0)
		return -1;
	return store_case_advance(e->st, w->c.id, true, err);
}

int
order_clock_set(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct clock_rule *rule = rule_of(ctx, o, err);
	struct store_clock c = {.casefile = w->c.id, .source = CLOCK_TYPED};
	int zone_min = 0;

	if (rule == NULL)
		return -1;
	if (o->nwords < 2 || !desk_parse_time(o->words[1], &c.due, &zone_min))
		return error_set(err, FAULT_DENIED,
		    "when? 2026-12-01, or \"2026-12-01 10:00 JST\"");
	say_due(ctx, said, rule, c.due);
	if (answer_behind(rule->kind) != 0)
		return set_answer(e, ctx, w, o, answer_behind(rule->kind), err);
	c.kind = rule->kind;
	c.zone_min = zone_min;
	c.note = (char *)(uintptr_t)o->why;
	/* What a person says counts, wherever it was found before. */
	if (clock_end_kind(e, w->c.id, rule->kind, NULL, err) != 0)
		return -1;
	return clock_add(e, &c, o->actor, err);
}

/* ---- start: the clocks of CRA Article 14 ---- */

static const struct store_clock *
proposed_one(const struct casework *w, enum clock_kind kind)
{
	for (size_t i = 0; i < w->nclocks; i++)
		if (w->clocks[i].kind == (uint32_t)kind &&
		    w->clocks[i].source == CLOCK_PROPOSED)
			return &w->clocks[i];
	return NULL;
}

static int
start_one(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, enum clock_kind kind, int64_t due, char **said,
    struct error *err)
{
	struct store_clock c = {.casefile = w->c.id,
	    .kind = kind,
	    .due = due,
	    .source = CLOCK_TYPED,
	    .zone_min = clock_zone_min(due),
	    .note = (char *)(uintptr_t)o->why};

	say_due(ctx, said, clock_rule(kind), due);
	if (clock_end_kind(e, w->c.id, kind, NULL, err) != 0)
		return -1;
	return clock_add(e, &c, o->actor, err);
}

/*
 * From awareness: as typed, else from the letter whose words proposed it,
 * else from now.  Early warning and notification run together; the final
 * report too, where a fix is there already.
 */
static int
start_vulnerability(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, int64_t since, char **said, struct error *err)
{
	const struct store_clock *found = proposed_one(w, CLOCK_CRA_WARNING);
	const struct case_answer *fix = case_answer_of(&w->view, ANSWER_FIX);

	if (since == 0)
		since = found != NULL ? found->due - 24 * HOUR_S : clock_now();
	if (start_one(e, ctx, w, o, CLOCK_CRA_WARNING, since + 24 * HOUR_S,
		said, err) != 0 ||
	    start_one(e, ctx, w, o, CLOCK_CRA_NOTIFICATION, since + 72 * HOUR_S,
		said, err) != 0)
		return -1;
	if (fix != NULL && start_one(e, ctx, w, o, CLOCK_CRA_FINAL,
			       fix->at + CRA_FINAL_S, said, err) != 0)
		return -1;
	return task_end(e, w->c.id, TASK_EXPLOITED, o->actor, err);
}

int
order_clock_start(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct clock_rule *rule = rule_of(ctx, o, err);
	const struct case_answer *fix = case_answer_of(&w->view, ANSWER_FIX);
	int64_t since = 0;
	int zone_min = 0;

	if (rule == NULL)
		return -1;
	if (o->nwords > 1 && !desk_parse_time(o->words[1], &since, &zone_min))
		return error_set(err, FAULT_DENIED,
		    "since when? 2026-12-01, or \"2026-12-01 10:00 JST\"");
	switch (rule->kind) {
	case CLOCK_CRA_WARNING:
	case CLOCK_CRA_NOTIFICATION:
		return start_vulnerability(e, ctx, w, o, since, said, err);
	case CLOCK_CRA_FINAL:
		if (since == 0 && fix == NULL)
			return error_set(err, FAULT_DENIED,
			    "no fix is on record yet; the clock runs from it");
		return start_one(e, ctx, w, o, CLOCK_CRA_FINAL,
		    (since != 0 ? since : fix->at) + CRA_FINAL_S, said, err);
	case CLOCK_INCIDENT_FINAL:
		return start_one(e, ctx, w, o, CLOCK_INCIDENT_FINAL,
		    clock_months(since != 0 ? since : clock_now(), 1), said,
		    err);
	default:
		return error_set(err, FAULT_DENIED,
		    "\"%s\" wants a date: psirt clock %s set %s DATE",
		    rule->name, w->c.number, o->words[0]);
	}
}

/* ---- end ---- */

int
order_clock_end(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct clock_rule *rule = rule_of(ctx, o, err);
	size_t ended = 0;

	if (rule == NULL ||
	    clock_end_kind(e, w->c.id, rule->kind, &ended, err) != 0)
		return -1;
	if (ended == 0)
		return error_set(
		    err, FAULT_DENIED, "no clock \"%s\" runs", rule->name);
	order_say(ctx, said, "%s: ended", rule->name);
	return order_record(e, w, o, RECORD_CLOCK, rule->kind, 0,
	    o->why != NULL ? o->why : "ended", NULL, err);
}
