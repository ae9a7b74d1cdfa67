/*
 * engine_aside.c - what fails for one case holds up no other.
 *
 * Runs in the engine process.  The stops `flow` and `due` take the first of
 * the rows whose turn it is: one that always fails would be the first for
 * ever, and everybody behind it would wait.  It is put off in a transaction
 * of its own, and the POC is told.
 */
#include "engine_case.h"

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define PUT_OFF_S INT64_C(86400)
#define TRIES_MOST 3
#define TRIES_WITHIN_MS 60000

/* The same row has failed so often now, and nothing else meanwhile. */
static unsigned
tries_of(struct engine *e, put_off_fn *table, int64_t row)
{
	int64_t now = clock_monotonic_ms();
	struct failing *f = &e->failing;

	if (f->table != table || f->row != row ||
	    now - f->at_ms > TRIES_WITHIN_MS)
		f->tries = 0;
	f->table = table;
	f->row = row;
	f->at_ms = now;
	return ++f->tries;
}

static int
set_aside(struct engine *e, const char *stop, const struct store_due *row,
    put_off_fn *put_off, const char *why, struct error *err)
{
	int64_t now = clock_now();
	const struct store_task t = {.kind = TASK_STUCK,
	    .casefile = row->casefile,
	    .text = (char *)(uintptr_t)why};

	if (store_begin(e->st, err) != 0 ||
	    put_off(e->st, row->id, now + PUT_OFF_S, err) != 0 ||
	    store_alert_add(e->st, REASON_STUCK, 0, row->casefile, now, err) !=
		0 ||
	    task_add(e, &t, err) != 0)
		return -1;
	return stop_commit(e, stop, err);
}

/*
 * Of a database that fails (FAULT_RETRY) it is not the row's fault: the same
 * is tried again, but not for ever, since only this row may lie where the
 * disk is bad.  Where the whole database fails, so does putting it off: then
 * nobody is set aside, and the engine rests, or ends.
 */
bool
stop_aside(struct engine *e, const char *stop, const struct store_due *row,
    put_off_fn *put_off, const struct error *why)
{
	struct error err = {0};

	store_rollback(e->st);
	log_warn(
	    "case=%lld stop=%s %s", (long long)row->casefile, stop, why->text);
	if (why->fault == FAULT_RETRY &&
	    tries_of(e, put_off, row->id) < TRIES_MOST) {
		engine_trouble(e, stop, why);
		return false;
	}
	if (set_aside(e, stop, row, put_off, why->text, &err) == 0)
		return true;
	engine_trouble(e, stop, &err);
	return false;
}
