/*
 * engine_order.c - what a person decides of a case: the table of orders.
 *
 * Runs in the engine process.  An order is one transaction: the case is
 * loaded, an override checked and recorded, one function does the rest
 * (engine_order_step.c, engine_order_case.c, engine_order_clock.c,
 * engine_order_link.c), and what it refuses leaves nothing behind.
 */
#include "engine_order.h"

#include <stdarg.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define OVER 1     /* also of a case that is closed */
#define CASELESS 2 /* also without a case */

static const struct {
	order_run_one *run;
	unsigned flags;
	bool override; /* a guard may be overridden by it */
} orders[ORDER_KIND_COUNT] = {
    [ORDER_STEP_START] = {order_step_start, 0, true},
    [ORDER_STEP_END] = {order_step_end, 0, true},
    [ORDER_STEP_SKIP] = {order_step_skip, 0, true},
    [ORDER_STEP_MOVE] = {order_step_move, 0, false},
    [ORDER_ANSWER] = {order_answers, OVER, true},
    [ORDER_SHARE] = {order_share, 0, false},
    [ORDER_ASK] = {order_ask, 0, true},
    [ORDER_APPROVE] = {order_approve, OVER, true},
    [ORDER_EDIT] = {order_edit, OVER, false},
    [ORDER_DROP] = {order_drop, OVER, false},
    [ORDER_TAKE] = {order_take, OVER, false},
    [ORDER_TITLE] = {order_title, OVER, false},
    [ORDER_NOTE] = {order_note, OVER, false},
    [ORDER_REPLY] = {order_reply, OVER, true},
    [ORDER_QUESTION_ASK] = {order_question_ask, 0, true},
    [ORDER_QUESTION_DROP] = {order_question_drop, OVER, false},
    [ORDER_QUESTION_ANSWER] = {order_question_answer, OVER, false},
    [ORDER_QUESTION_AGAIN] = {order_question_again, 0, false},
    [ORDER_CLOCK_SET] = {order_clock_set, 0, false},
    [ORDER_CLOCK_START] = {order_clock_start, 0, false},
    [ORDER_CLOCK_END] = {order_clock_end, OVER, false},
    [ORDER_TASK_DONE] = {order_task_done, OVER | CASELESS, false},
    [ORDER_LINK] = {order_link, OVER, false},
    [ORDER_UNLINK] = {order_unlink, OVER, false},
    [ORDER_MERGE] = {order_merge, 0, false},
    [ORDER_SPLIT] = {order_split, OVER, false},
    [ORDER_CLOSE] = {order_close, 0, true},
    [ORDER_REOPEN] = {order_reopen, OVER, false},
    [ORDER_INCIDENT] = {order_incident, 0, true},
};

void
order_say(const void *ctx, char **said, const char *format, ...)
{
	va_list ap;
	char *line;

	va_start(ap, format);
	line = talloc_vasprintf(ctx, format, ap);
	va_end(ap);
	if (*said != NULL)
		line = talloc_asprintf(ctx, "%s\n%s", *said, line);
	*said = line;
}

int
order_record(struct engine *e, const struct casework *w, const struct order *o,
    enum record_what what, uint32_t code, int64_t mail, const char *note,
    const char *digest, struct error *err)
{
	struct store_record r = {.at = clock_now(),
	    .what = what,
	    .actor = (char *)(uintptr_t)o->actor,
	    .casefile = w != NULL ? w->c.id : 0,
	    .outmail = mail,
	    .code = code,
	    .note = (char *)(uintptr_t)note,
	    .digest = (char *)(uintptr_t)digest};

	return store_record_add(e->st, &r, err);
}

/* ---- overrides (RULES 28): the handling lead's, and said why ---- */

static int
check_override(const struct order *o, struct error *err)
{
	if (o->override == 0)
		return 0;
	if (o->role != OPERATOR_LEAD)
		return error_set(err, FAULT_DENIED,
		    "a guard is overridden by the handling lead alone");
	if (o->why == NULL || o->why[0] == '\0')
		return error_set(err, FAULT_DENIED,
		    "say why the guard is overridden: --why \"...\"");
	if (!orders[o->what].override)
		return error_set(
		    err, FAULT_DENIED, "no guard is asked for that");
	for (int kind = 1; kind < GUARD_COUNT; kind++)
		if ((o->override & (1U << (unsigned)kind)) != 0 &&
		    !guard_may_be_overridden((enum guard_kind)kind))
			return error_set(err, FAULT_DENIED,
			    "nobody may override the guard \"%s\"",
			    guard_name((enum guard_kind)kind));
	return 0;
}

static int
record_override(struct engine *e, const struct casework *w,
    const struct order *o, struct error *err)
{
	for (int kind = 1; kind < GUARD_COUNT; kind++)
		if ((o->override & (1U << (unsigned)kind)) != 0 &&
		    order_record(e, w, o, RECORD_OVERRIDE, (uint32_t)kind,
			o->mail, o->why, NULL, err) != 0)
			return -1;
	return 0;
}

/* ---- the run ---- */

/* The case that the order is of; a mail, a task know theirs. */
static int
find_case(struct engine *e, const void *ctx, const struct order *o,
    int64_t *casefile, struct error *err)
{
	struct store_outmail m = {0};
	struct store_task t = {0};
	int found = 1;

	*casefile = o->casefile;
	if (*casefile != 0)
		return 0;
	if (o->mail != 0) {
		found = store_outmail_get(ctx, e->st, o->mail, &m, err);
		*casefile = m.casefile;
	} else if (o->what == ORDER_TASK_DONE) {
		found = store_task_get(ctx, e->st, o->number, &t, err);
		*casefile = t.casefile;
	}
	if (found < 0)
		return -1;
	if (*casefile == 0 && (orders[o->what].flags & CASELESS) == 0)
		return error_set(err, FAULT_DENIED, "it belongs to no case");
	return 0;
}

static int
may_be_ordered(
    const struct casework *w, const struct order *o, struct error *err)
{
	if (w == NULL)
		return 0;
	if (w->c.merged_into != 0 && o->what != ORDER_SPLIT &&
	    o->what != ORDER_TASK_DONE)
		return error_set(err, FAULT_DENIED,
		    "%s is merged into another case: psirt split %s",
		    w->c.number, w->c.number);
	if (w->view.closed && (orders[o->what].flags & OVER) == 0)
		return error_set(err, FAULT_DENIED,
		    "%s is closed: psirt reopen %s", w->c.number, w->c.number);
	return 0;
}

static int
run(struct engine *e, const void *ctx, const struct order *o, char **said,
    struct error *err)
{
	struct casework *w = NULL;
	int64_t casefile;

	if (find_case(e, ctx, o, &casefile, err) != 0)
		return -1;
	if (casefile != 0) {
		w = case_load(ctx, e, casefile, err);
		if (w == NULL)
			return -1;
	}
	if (may_be_ordered(w, o, err) != 0 ||
	    record_override(e, w, o, err) != 0)
		return -1;
	return orders[o->what].run(e, ctx, w, o, said, err);
}

/* The refusal stays, as those of a role do (RULES 20). */
static void
record_refused(struct engine *e, const struct order *o)
{
	struct store_record r = {.at = clock_now(),
	    .what = RECORD_REFUSED,
	    .actor = (char *)(uintptr_t)o->actor,
	    .casefile = o->casefile,
	    .outmail = o->mail,
	    .code = o->override};
	struct error err = {0};

	if (store_begin(e->st, &err) != 0 ||
	    store_record_add(e->st, &r, &err) != 0 ||
	    store_commit(e->st, &err) != 0) {
		store_rollback(e->st);
		log_warn("order: a refusal is not on record: %s", err.text);
	}
}

int
engine_order(void *arg, const void *ctx, const struct order *order, char **said,
    struct error *err)
{
	struct engine *e = arg;

	*said = NULL;
	if (order->what <= 0 || order->what >= ORDER_KIND_COUNT ||
	    orders[order->what].run == NULL)
		return error_set(err, FAULT_BUG, "no order %d", order->what);
	if (check_override(order, err) != 0) {
		record_refused(e, order);
		return -1;
	}
	if (store_begin(e->st, err) == 0 &&
	    run(e, ctx, order, said, err) == 0 &&
	    stop_commit(e, "order", err) == 0)
		return 0;
	store_rollback(e->st);
	*said = NULL;
	return -1;
}
