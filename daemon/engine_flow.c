/*
 * engine_flow.c - the stop `flow`: a case goes on as its flow says.
 *
 * Runs in the engine process.  Whoever changes the steps, answers, mails or
 * letters of a case marks it in the same transaction; here a marked case is
 * loaded, the desk says what follows, it is written, and asked again until
 * nothing does.  All of it is one transaction, and done twice it is nothing
 * new: a kill loses no step and begins none twice.
 */
#include "engine_case.h"

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

/* More than any flow has steps one after the other: it goes in a circle. */
#define ROUNDS_MOST 200

static int
write_phase(
    struct engine *e, struct casework *w, unsigned phase, struct error *err)
{
	w->c.phase = phase;
	return store_case_put(e->st, &w->c, err);
}

static int
write_advance(struct engine *e, struct casework *w, const struct advance *a,
    struct error *err)
{
	switch (a->what) {
	case ADVANCE_READY:
	case ADVANCE_START:
		return step_begin(
		    e, w, a->step, a->what == ADVANCE_START, 0, "psirtd", err);
	case ADVANCE_END:
		return step_end(e, w, a->pass, false, "psirtd", err);
	case ADVANCE_PHASE:
		return write_phase(e, w, a->phase, err);
	}
	return error_set(err, FAULT_BUG, "no advance %d", (int)a->what);
}

/* It begins by itself; it was offered because no mail of it might leave. */
static bool
was_held_back(const struct case_step *pass)
{
	return pass->state == CASE_STEP_READY &&
	       (pass->step->start == START_AUTO ||
		   pass->step->start == START_LETTER);
}

/*
 * The day has come, the consent is on record, the mail before it has left:
 * what no guard refuses any more begins.  The guards are asked as for the
 * drafts themselves, so that what is begun here is not held back again.
 */
static int
begin_held_back(
    struct engine *e, struct casework *w, size_t *begun, struct error *err)
{
	const struct case_view *v = &w->view;
	char *why = NULL;
	bool may = false;

	for (size_t i = 0; i < v->nsteps; i++) {
		const struct case_step *pass = &v->steps[i];

		if (!was_held_back(pass) ||
		    !desk_may_start(w, v, pass->step, &why))
			continue;
		if (step_may_begin(e, w, pass, &may, err) != 0)
			return -1;
		if (!may)
			continue;
		++*begun;
		if (step_begin(e, w, pass->step, true, 0, "psirtd", err) != 0)
			return -1;
	}
	return 0;
}

/* What follows once; *n 0: nothing does. */
static int
go_on(struct engine *e, int64_t id, size_t *n, struct error *err)
{
	void *ctx = talloc_new(e);
	struct casework *w = case_load(ctx, e, id, err);
	struct advance *list = NULL;
	int rc = w != NULL ? 0 : -1;

	*n = 0;
	/* A case that waits for a key to be read waits with all its steps. */
	if (w != NULL && w->c.state != CASE_UNOPENED)
		*n = desk_advance(w, &w->view, &list);
	for (size_t i = 0; rc == 0 && i < *n; i++)
		rc = write_advance(e, w, &list[i], err);
	if (rc == 0 && *n == 0 && w->c.state != CASE_UNOPENED)
		rc = begin_held_back(e, w, n, err);
	if (w != NULL && w->refused != NULL)
		log_warn("case=%s stop=flow not every mail could be drafted: "
			 "\"psirt task\" says why",
		    w->c.number);
	talloc_free(ctx);
	return rc;
}

static int
advance_case(struct engine *e, int64_t id, struct error *err)
{
	size_t n = 1;

	if (store_begin(e->st, err) != 0)
		return -1;
	for (unsigned round = 0; n > 0; round++) {
		if (round == ROUNDS_MOST)
			return error_set(
			    err, FAULT_INPUT, "its flow does not come to rest");
		if (go_on(e, id, &n, err) != 0)
			return -1;
	}
	if (store_case_advance(e->st, id, false, err) != 0)
		return -1;
	return stop_commit(e, "flow", err);
}

/* Until somebody does something about it: that marks it again. */
static int
let_rest(struct store *st, int64_t casefile, int64_t at, struct error *err)
{
	(void)at;
	return store_case_advance(st, casefile, false, err);
}

bool
stop_flow(struct engine *e)
{
	struct store_due row = {0};
	struct error err = {0};

	if (!e->unlocked)
		return false;
	if (store_case_next_advance(e->st, 0, &row.id, &err) != 0) {
		engine_trouble(e, "flow", &err);
		return false;
	}
	row.casefile = row.id;
	if (row.id == 0)
		return false;
	if (advance_case(e, row.id, &err) != 0)
		return stop_aside(e, "flow", &row, let_rest, &err);
	log_info("case=%lld stop=flow", (long long)row.id);
	return true;
}
