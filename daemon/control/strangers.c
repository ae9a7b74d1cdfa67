/*
 * strangers.c - what those may cost whom the settings name nowhere.
 *
 * Runs in the engine.  Who is in the socket's group can ask, named or not;
 * a refusal is a committed line of the record, and lines are never taken
 * out again.  So all strangers together get so many of them a minute.  What
 * comes on top is told that psirtd is busy, and counted: one line says how
 * many when the minute is over.  Those whom the settings name are not
 * limited: a refusal of theirs says who it was, and what they may ask leaves
 * its line too.
 */
#include "request.h"

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

bool
strangers_may_be_recorded(struct control *c)
{
	strangers_turn(c);
	if (c->strangers.refused == 0)
		c->strangers.since_ms = clock_monotonic_ms();
	return ++c->strangers.refused <= CONTROL_STRANGER_LINES;
}

/* The actor is no login name, which would name somebody. */
static void
strangers_count(struct control *c, unsigned more)
{
	struct error err = {0};
	void *ctx = talloc_new(c);
	struct store_record line = {
	    .at = clock_now(),
	    .what = RECORD_REFUSED,
	    .actor = talloc_strdup(ctx, "(strangers)"),
	    .note = talloc_asprintf(ctx, "%u more in that minute", more),
	};

	if (record_commit(c->st, &line, false, &err) != 0)
		log_err("control: %u refusals could not be recorded: %s", more,
		    err.text);
	log_warn("control: refused strangers %u times more", more);
	talloc_free(ctx);
}

void
strangers_turn(struct control *c)
{
	unsigned refused = c->strangers.refused;

	if (refused == 0 ||
	    clock_monotonic_ms() - c->strangers.since_ms < CONTROL_MINUTE_MS)
		return;
	c->strangers.refused = 0;
	if (refused > CONTROL_STRANGER_LINES)
		strangers_count(c, refused - CONTROL_STRANGER_LINES);
}
