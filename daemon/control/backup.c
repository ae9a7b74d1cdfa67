/*
 * backup.c - backup: a copy of the database into the file that came along.
 *
 * Runs in the engine.  psirt opens the file and passes it (RULES 21).  It works
 * a part of the time alone, so that neither the loop nor the disk is full of it
 * when a letter comes (RULES 19).  The line of the record is committed before
 * the first page, so that it stands in the copy too.
 */
#include "request.h"

#include "psirtd/clock.h"
#include "psirtd/store_keep.h"

#define WORK_MS 4
#define REST_MS 12

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
	int64_t enough_ms = clock_monotonic_ms() + WORK_MS;
	bool done = false;

	if (r->state == NULL && backup_start(r) != 0)
		return TURN_FAILED;
	while (request_has_time(r)) {
		if (store_backup_turn(r->state, &done, &r->err) != 0)
			return TURN_FAILED;
		if (done)
			return backup_answer(r);
		if (clock_monotonic_ms() >= enough_ms) {
			r->rest_until_ms = clock_monotonic_ms() + REST_MS;
			break;
		}
	}
	return TURN_MORE;
}
