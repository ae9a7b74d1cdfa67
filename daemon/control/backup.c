/*
 * backup.c - backup: a copy of the database into the file that came along.
 *
 * Runs in the engine.  psirt opens the file and passes it (RULES 21); a turn
 * writes a few pages (RULES 19), and one piece alone while a letter or a mail
 * is under way, whenever its room has said something.  The line of the record
 * is committed before the first page, so that it stands in the copy too.
 */
#include "request.h"

#include "psirtd/store_keep.h"

static int
backup_start(struct request *r)
{
	struct store_backup *copy;

	if (r->passed < 0) {
		request_fail(r, CONTROL_EXIT_USAGE,
		    "the file of a backup is opened by psirt: psirt backup "
		    "FILE");
		return -1;
	}
	copy = store_backup_begin(r, r->st, r->passed, &r->err);
	if (copy == NULL)
		return -1;
	r->state = copy;
	return request_record(r, 0, 0, 0, 0, NULL, false);
}

static enum turn
backup_answer(struct request *r)
{
	const struct store_walk *head = store_backup_head(r->state);

	if (answer_set(r, "lines", json_integer(head->lines)) != 0 ||
	    answer_set(r, "head",
		json_text(bytes_hex(r->state,
		    bytes_of(head->link, sizeof(head->link))))) != 0 ||
	    answer_set(r, "done", json_text("The copy is whole.")) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

enum turn
backup_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;
	bool done = false;

	if (r->state == NULL && backup_start(r) != 0)
		return TURN_FAILED;
	r->waits = engine->at_work(engine->arg);
	while (!done) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (store_backup_turn(r->state, &done, &r->err) != 0)
			return TURN_FAILED;
		if (r->waits && !done)
			return TURN_MORE;
	}
	return backup_answer(r);
}
