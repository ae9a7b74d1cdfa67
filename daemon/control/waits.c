/*
 * waits.c - pieces of `psirt`: what of the procedure waits for the desk.
 *
 * Runs in the engine.  Steps where the desk has to act or somebody is late,
 * tasks, clocks that are near.  Numbers, dates, kinds and the flow file's
 * titles only: it leaves no trace (RULES 20).
 */
#include "request.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define NEAR_S INT64_C(1209600) /* a clock due in 14 days is shown */

/* The desk's own, or late: else its department or JPCERT/CC is at work. */
static bool
turn_waits(const json_t *turn)
{
	const json_t *who = json_object_get(turn, "who");
	const json_t *role;
	size_t i;

	/* It stands among the drafts, or the mails that did not leave. */
	if (json_is_true(json_object_get(turn, "approval")) ||
	    json_is_true(json_object_get(turn, "held")))
		return false;
	if (json_is_true(json_object_get(turn, "late")))
		return true;
	json_array_foreach(who, i, role)
	{
		if (strcmp(json_string_value(role), role_name(ROLE_POC)) == 0)
			return true;
	}
	return false;
}

int
waits_steps(struct request *r, int64_t casefile, size_t most, size_t *shown,
    int64_t *over)
{
	struct casework *w = request_casework(r, r, casefile);
	json_t *turns, *turn;
	int rc = 0;
	size_t i;

	if (w == NULL)
		return -1;
	turns = turns_json(r, w);
	json_array_foreach(turns, i, turn)
	{
		if (rc != 0 || !turn_waits(turn))
			continue;
		if (*shown >= most) {
			++*over;
			continue;
		}
		++*shown;
		json_object_set_new(turn, "case", json_text(w->c.number));
		json_object_set_new(turn, "owner", json_text(w->c.owner));
		rc = answer_row(r, json_incref(turn));
	}
	json_decref(turns);
	talloc_free(w);
	return rc;
}

int
waits_tasks(struct request *r)
{
	struct store_task *list = NULL;
	size_t count = 0;
	int rc;

	if (store_task_list(
		r, r->st, 0, CONTROL_TODAY_ROWS, &list, &count, &r->err) != 0)
		return -1;
	rc = answer_list(r, "tasks");
	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = answer_row(r, task_row(r, &list[i]));
	talloc_free(list);
	return rc == 0 ? answer_list_end(r) : -1;
}

int
waits_clocks(struct request *r)
{
	struct store_clock *list = NULL;
	int64_t until = clock_now() + NEAR_S;
	size_t count = 0;
	int rc;

	if (store_clock_list(
		r, r->st, 0, CONTROL_TODAY_ROWS, &list, &count, &r->err) != 0)
		return -1;
	rc = answer_list(r, "clocks");
	for (size_t i = 0; rc == 0 && i < count && list[i].due <= until; i++) {
		const char *number = request_case_number(r, list[i].casefile);
		json_t *row = case_clock_row(r, &list[i]);

		if (row != NULL) {
			json_object_set_new(row, "case", json_text(number));
			json_object_set_new(row, "over",
			    json_boolean(list[i].due < clock_now()));
			json_object_set_new(row, "next",
			    json_text(talloc_asprintf(list, "psirt clock %s",
				number != NULL ? number : "CASE")));
		}
		rc = answer_row(r, row);
	}
	talloc_free(list);
	return rc == 0 ? answer_list_end(r) : -1;
}
