/*
 * show.c - `psirt show CASE`: one screen about a case.
 *
 * Runs in the engine.  The finder, subjects and identifiers come out of
 * letters, so the line of the record is committed before anything is
 * answered (RULES 20).
 */
#include "request.h"

#include <talloc.h>

#include "psirtd/opening.h"
#include "psirtd/reading.h"
#include "psirtd/store_keep.h"
#include "psirtd/write.h"

#define SHOW_ROWS 100
#define SHOW_WAITING 5 /* what to type next is no list */

static const char *
phase_text(uint32_t phase)
{
	static const char *const names[] = {
	    "before notification",
	    "notification",
	    "investigation",
	    "countermeasures",
	    "coordination",
	    "publication",
	};

	return phase < sizeof(names) / sizeof(names[0]) ? names[phase] : "?";
}

json_t *
clocks_json(const struct settings *s, enum flow flow, int64_t received)
{
	struct desk_clock clocks[DESK_CLOCKS_MOST];
	size_t n = desk_clocks(s, flow, received, clocks);
	json_t *list = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(
		    list, json_pack("{s:s,s:o}", "clock", clocks[i].name, "due",
			      json_time(clocks[i].due)));
	return list;
}

int64_t
first_answer_due(const struct settings *s, enum flow flow, int64_t received)
{
	struct desk_clock clocks[DESK_CLOCKS_MOST];

	return desk_clocks(s, flow, received, clocks) > 0 ? clocks[0].due : 0;
}

/* What is kept with the case; of one from before, what runs from receipt. */
static json_t *
show_clocks(struct request *r, const struct casework *w)
{
	const struct store_case *c = &w->c;

	if (c->state == CASE_CLOSED || w->nclocks > 0)
		return case_clock_rows(r, w);
	return clocks_json(r->s, (enum flow)c->flow, c->received);
}

/* At a glance: where it stands, who has to act, and by when. */
static int
show_way(struct request *r, const struct casework *w)
{
	const struct store_case *c = &w->c;
	struct store_task *tasks = NULL;
	size_t count = 0;

	if (answer_set(r, "owner", json_text(c->owner)) != 0 ||
	    answer_set(r, "deputy", json_text(c->deputy)) != 0 ||
	    answer_set(r, "channel",
		json_text(c->channel != CHANNEL_OWN ? channel_name(c->channel)
						    : NULL)) != 0 ||
	    answer_set(r, "closed", json_time(c->closed)) != 0 ||
	    answer_set(r, "close_reason",
		json_text(
		    c->close_reason != 0
			? close_reason_name((enum close_reason)c->close_reason)
			: NULL)) != 0 ||
	    answer_set(r, "merged_into",
		json_text(request_case_number(r, c->merged_into))) != 0 ||
	    answer_set(
		r, "publication", json_time(case_publication(&w->view))) != 0 ||
	    answer_set(r, "next_status", json_time(c->next_status)) != 0 ||
	    answer_set(r, "turns", turns_json(r, w)) != 0 ||
	    answer_set(r, "refused",
		json_text(case_sentence(w, w, w->refused))) != 0 ||
	    answer_set(r, "questions", question_rows(w)) != 0 ||
	    answer_set(r, "links", link_rows(r, w, c->id)) != 0 ||
	    answer_set(r, "clocks", show_clocks(r, w)) != 0)
		return -1;
	if (store_task_list(
		r, r->st, c->id, SHOW_ROWS, &tasks, &count, &r->err) != 0 ||
	    answer_list(r, "tasks") != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (answer_row(r, task_row(r, &tasks[i])) != 0)
			return -1;
	return answer_list_end(r);
}

static int
show_who(struct request *r, const struct store_case *c)
{
	json_t *finder = json_null();

	if (c->finder_address != NULL || c->finder_name != NULL)
		finder = json_pack("{s:o,s:o,s:o,s:o,s:b}", "name",
		    json_text(c->finder_name), "address",
		    json_text(c->finder_address), "key",
		    json_text(c->finder_key), "key_standing",
		    json_text(c->finder_key != NULL
				  ? key_standing_name(c->finder_key_standing)
				  : NULL),
		    "key_confirmed",
		    c->finder_key_standing == FINDER_KEY_CONFIRMED);
	if (answer_set(r, "case", json_text(c->number)) != 0 ||
	    answer_set(r, "title", json_text(c->title)) != 0 ||
	    answer_set(r, "state", json_text(case_state_name(c->state))) != 0 ||
	    answer_set(r, "flow", json_text(flow_name((enum flow)c->flow))) !=
		0 ||
	    answer_set(r, "phase", json_integer(c->phase)) != 0 ||
	    answer_set(r, "phase_text", json_text(phase_text(c->phase))) != 0 ||
	    answer_set(r, "source", json_text(case_source(c))) != 0 ||
	    answer_set(r, "finder", finder) != 0 ||
	    answer_set(r, "language", json_text(c->language)) != 0 ||
	    answer_set(r, "product", json_text(c->product)) != 0 ||
	    answer_set(r, "received", json_time(c->received)) != 0 ||
	    answer_set(r, "filed", json_time(c->filed)) != 0 ||
	    answer_set(r, "acknowledged", json_time(c->acknowledged)) != 0 ||
	    answer_set(r, "routed", json_text(case_routed(c))) != 0)
		return -1;
	return answer_set(
	    r, "proposed", json_words(c->routed == 1 ? c->proposed : NULL));
}

/* When its letters and words were purged; null: they are here. */
static int
show_purged(struct request *r, const struct store_case *c)
{
	int64_t at = 0;

	if (store_purge_when(r->st, c->id, &at, &r->err) != 0)
		return -1;
	return answer_set(r, "purged", json_time(at));
}

static int
show_idents(struct request *r, const struct store_case *c)
{
	uint32_t *kinds = NULL;
	char **values = NULL;
	size_t count = 0;

	if (store_case_idents(
		r, r->st, c->id, &kinds, &values, &count, &r->err) != 0 ||
	    answer_list(r, "identifiers") != 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (answer_row(r, json_pack("{s:s,s:o}", "kind",
				      ident_kind_name(kinds[i]), "value",
				      json_text(values[i]))) != 0)
			return -1;
	return answer_list_end(r);
}

static int
show_letters(struct request *r, const struct store_case *c)
{
	const char *key =
	    c->finder_key_standing >= FINDER_KEY_BOUND ? c->finder_key : NULL;
	struct store_letter *list = NULL;
	size_t count = 0;

	if (store_letter_list(
		r, r->st, 0, c->id, SHOW_ROWS, &list, &count, &r->err) != 0 ||
	    answer_list(r, "letters") != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		json_t *row = letter_row(r, &list[i]);

		if (row != NULL) {
			json_object_set_new(
			    row, "sender", json_text(list[i].sender));
			json_object_set_new(
			    row, "subject", json_text(list[i].subject));
			json_object_set_new(
			    row, "signer", letter_signer(&list[i], key));
		}
		if (answer_row(r, row) != 0)
			return -1;
	}
	return answer_list_end(r);
}

/* The mails, and which departments they went to. */
static int
show_mails(struct request *r, const struct store_case *c)
{
	struct store_outmail *list = NULL;
	size_t count = 0;

	if (store_outmail_list(
		r, r->st, 0, c->id, SHOW_ROWS, &list, &count, &r->err) != 0 ||
	    answer_list(r, "mails") != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		json_t *row = mail_row(r, &list[i]);

		if (row != NULL)
			json_object_set_new(
			    row, "address", json_text(list[i].to));
		if (answer_row(r, row) != 0)
			return -1;
	}
	if (answer_list_end(r) != 0 || answer_list(r, "departments") != 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		const struct department *d;

		if (list[i].department == NULL)
			continue;
		d = settings_department(r->s, list[i].department);
		if (answer_row(
			r, json_pack("{s:o,s:o,s:o,s:s,s:s,s:o}", "department",
			       json_text(list[i].department), "title",
			       json_text(d != NULL ? d->title : NULL),
			       "contact", json_text(list[i].to_name), "kind",
			       mail_kind_name((enum mail_kind)list[i].kind),
			       "state", outmail_state_name(list[i].state),
			       "sent", json_time(list[i].sent))) != 0)
			return -1;
	}
	return answer_list_end(r);
}

/* Its mails in this state that wait for a decision, the oldest first. */
static int
show_waiting(struct request *r, const struct store_case *c,
    enum outmail_state state, json_t *next)
{
	struct store_outmail *list = NULL;
	size_t count = 0;

	if (store_outmail_list(r, r->st, state, c->id, SHOW_WAITING, &list,
		&count, &r->err) != 0)
		return -1;
	while (count-- > 0) {
		json_t *row = mail_row(r, &list[count]);

		json_array_append(next, json_object_get(row, "next"));
		json_decref(row);
	}
	talloc_free(list);
	return 0;
}

static int
show_next(struct request *r, const struct store_case *c)
{
	json_t *next = json_array();

	if (show_waiting(r, c, OUTMAIL_DRAFT, next) != 0 ||
	    show_waiting(r, c, OUTMAIL_HELD, next) != 0 ||
	    show_waiting(r, c, OUTMAIL_UNCERTAIN, next) != 0) {
		json_decref(next);
		return -1;
	}

	if (c->state != CASE_CLOSED && c->routed == 1 && c->proposed != NULL)
		json_array_append_new(
		    next, json_text(talloc_asprintf(
			      r, "psirt route %s %s", c->number, c->proposed)));
	else if (c->state != CASE_CLOSED && c->routed == 0)
		json_array_append_new(
		    next, json_text(talloc_asprintf(
			      r, "psirt route %s DEPARTMENT", c->number)));
	json_array_append_new(
	    next, json_text(talloc_asprintf(r, "psirt step %s", c->number)));
	json_array_append_new(next,
	    json_text(talloc_asprintf(r, "psirt log --case %s", c->number)));
	return answer_set(r, "next", next);
}

enum turn
show_run(struct request *r)
{
	struct casework *w;
	struct store_case c;

	if (!request_case(r, r->words[0], &c) ||
	    (w = request_casework(r, r, c.id)) == NULL)
		return TURN_FAILED;
	if (request_record(r, c.id, 0, 0, 0, NULL, false) != 0)
		return TURN_FAILED;
	if (show_who(r, &c) != 0 || show_purged(r, &c) != 0 ||
	    show_way(r, w) != 0 || show_idents(r, &c) != 0 ||
	    show_letters(r, &c) != 0 || show_mails(r, &c) != 0 ||
	    show_next(r, &c) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
