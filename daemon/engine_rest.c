/*
 * engine_rest.c - a closed case rests, and is taken up where it was left.
 *
 * Runs in the engine process, inside the transaction of its caller.  What
 * closing stops is told apart from what a person ended: passes stay at the
 * step they are at, drafts of theirs, clocks and tasks are marked, so that
 * opening the case again begins nothing anew and loses nothing.
 */
#include "engine_case.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

/* Of a draft that may not leave meanwhile, and comes back. */
#define RESTS "its case was closed"

/* ---- drafts of a step ---- */

static int
change_draft(struct engine *e, struct store_outmail *m, uint32_t to,
    const char *why, const char *actor, struct error *err)
{
	uint32_t from = m->state;

	m->state = to;
	m->reason = (char *)(uintptr_t)why;
	if (store_outmail_put(e->st, m, from, err) != 0)
		return -1;
	return case_record(e, m->casefile,
	    to == OUTMAIL_DRAFT ? RECORD_MAIL_DRAFTED : RECORD_DRAFT_DROPPED,
	    m->kind, NULL, NULL, actor, err);
}

static bool
may_rest(const struct store_outmail *m)
{
	return m->state == OUTMAIL_DRAFT || m->state == OUTMAIL_HELD;
}

static bool
rests(const struct store_outmail *m)
{
	return m->state == OUTMAIL_CANCELLED && m->reason != NULL &&
	       strcmp(m->reason, RESTS) == 0;
}

static int
change_drafts(struct engine *e, int64_t step, bool rest, const char *actor,
    struct error *err)
{
	struct store_outmail *list = NULL;
	void *ctx = talloc_new(e);
	size_t n = 0;
	int rc = store_outmail_of_step(ctx, e->st, step, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		if (rest && may_rest(&list[i]))
			rc = change_draft(
			    e, &list[i], OUTMAIL_CANCELLED, RESTS, actor, err);
		else if (!rest && rests(&list[i]))
			rc = change_draft(
			    e, &list[i], OUTMAIL_DRAFT, NULL, actor, err);
	}
	talloc_free(ctx);
	return rc;
}

/* ---- passes ---- */

/* Nobody is reminded of what rests; then as if nobody had been. */
static int
change_pass(struct engine *e, struct store_step *row, bool rest,
    const char *actor, struct error *err)
{
	int64_t now = clock_now();

	if (rest) {
		row->look = -1;
	} else {
		row->reminders = 0;
		row->escalated = 0;
		row->look =
		    row->due != 0 && row->due <= now ? now + e->s->remind_s : 0;
	}
	if (store_step_put(e->st, row, err) != 0)
		return -1;
	return change_drafts(e, row->id, rest, actor, err);
}

static int
change_passes(struct engine *e, struct casework *w, bool rest,
    const char *actor, struct error *err)
{
	for (size_t i = 0; i < w->view.nsteps; i++)
		if (w->steps[i].state == STEP_RUNNING &&
		    change_pass(e, &w->steps[i], rest, actor, err) != 0)
			return -1;
	return 0;
}

/* ---- the case ---- */

/* Tasks that tell of clocks alone: those warn anew. */
static int
end_warnings(struct engine *e, const struct casework *w, const char *actor,
    struct error *err)
{
	if (task_end(e, w->c.id, TASK_DEADLINE, actor, err) != 0)
		return -1;
	return task_end(e, w->c.id, TASK_PLAN_SLIPS, actor, err);
}

int
case_rest(
    struct engine *e, struct casework *w, const char *actor, struct error *err)
{
	if (change_passes(e, w, true, actor, err) != 0 ||
	    clock_rest(e, w->c.id, err) != 0 ||
	    end_warnings(e, w, actor, err) != 0)
		return -1;
	return store_task_rest(e->st, w->c.id, true, err);
}

int
case_take_up(
    struct engine *e, struct casework *w, const char *actor, struct error *err)
{
	status_anew(w);
	if (store_case_put(e->st, &w->c, err) != 0 ||
	    change_passes(e, w, false, actor, err) != 0 ||
	    clock_take_up(e, w->c.id, actor, err) != 0 ||
	    store_task_rest(e->st, w->c.id, false, err) != 0)
		return -1;
	return store_case_advance(e->st, w->c.id, true, err);
}

int
case_open_again(
    struct engine *e, struct casework *w, const char *actor, struct error *err)
{
	w->c.state = CASE_OPEN;
	w->c.closed = 0;
	w->c.close_reason = 0;
	w->view.closed = false;
	if (clock_end_kind(e, w->c.id, CLOCK_RETENTION, NULL, err) != 0 ||
	    end_warnings(e, w, actor, err) != 0)
		return -1;
	return case_take_up(e, w, actor, err);
}
