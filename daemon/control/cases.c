/*
 * cases.c - list and route, and how a case is named on the command line.
 *
 * Runs in the engine.  A list shows numbers, dates, states and the desk's own
 * title: no trace.  Routing is decided here as far as words go (is it a case,
 * are these departments) and done by the engine in one transaction.
 */
#include "request.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define OLDEST_YEAR 2000
#define ROUTE_MAILS 500 /* the newest of a case */

const char *
case_source(const struct store_case *c)
{
	return c->correspondent != NULL ? c->correspondent : "finder";
}

const char *
case_routed(const struct store_case *c)
{
	static const char *const names[] = {"no", "proposed", "sent"};

	return c->routed < 3 ? names[c->routed] : "?";
}

const char *
request_case_number(struct request *r, int64_t id)
{
	if (id == 0)
		return NULL;
	if (id == r->known_case)
		return r->known_number;
	talloc_free(r->known_number);
	r->known_case = id;
	store_case_number(r, r->st, id, &r->known_number, NULL);
	return r->known_number;
}

int
request_newest_case(struct request *r, int64_t *id)
{
	return store_case_next(r->st, INT64_MAX, true, id, &r->err);
}

/* ---- how a case is named ---- */

/*
 * "12" is the twelfth of any year, "2026-12" that of one; more than one case
 * so named are told in *names, and *id is 0.
 */
static int
case_by_end(struct request *r, const char *word, int64_t *id, char **names)
{
	int first = OLDEST_YEAR, last = clock_year(clock_now()) + 1;
	unsigned long year, n;
	unsigned found = 0;
	char *end;

	*id = 0;
	n = strtoul(word, &end, 10);
	if (*end == '-') {
		year = n;
		n = strtoul(end + 1, &end, 10);
		if (year < OLDEST_YEAR || year > (unsigned long)last)
			return 0;
		first = last = (int)year;
	}
	if (*end != '\0' || n == 0 || n > 999999999)
		return 0;
	for (int y = last; y >= first; y--) {
		char *number = talloc_asprintf(
		    r, "%s-%04d-%04lu", r->s->number_prefix, y, n);
		int64_t here = 0;

		if (store_case_by_number(r->st, number, &here, &r->err) != 0)
			return -1;
		if (here != 0) {
			*names = found++ == 0 ? talloc_strdup(r, number)
					      : talloc_asprintf_append(
						    *names, " or %s", number);
			*id = found == 1 ? here : 0;
		}
		talloc_free(number);
	}
	return 0;
}

bool
request_case(struct request *r, const char *word, struct store_case *c)
{
	size_t prefix = strlen(r->s->number_prefix);
	const char *end = word;
	char *names = NULL;
	int64_t id = 0;

	if (strlen(word) > 64) {
		request_fail(r, CONTROL_EXIT_USAGE, "that is no case's number");
		return false;
	}
	if (store_case_by_number(r->st, word, &id, &r->err) != 0)
		return false;
	if (strncasecmp(word, r->s->number_prefix, prefix) == 0 &&
	    word[prefix] == '-')
		end = word + prefix + 1;
	if (id == 0 && isdigit((unsigned char)*end) &&
	    case_by_end(r, end, &id, &names) != 0)
		return false;
	if (id == 0 && names != NULL) {
		request_fail(r, CONTROL_EXIT_USAGE,
		    "\"%s\" may be %s: type the year too", word, names);
		return false;
	}
	if (id == 0) {
		/* A word that can be no number of a case is wrong usage. */
		request_fail(r,
		    strpbrk(word, "0123456789") != NULL ? CONTROL_EXIT_REFUSED
							: CONTROL_EXIT_USAGE,
		    "no case \"%s\": \"psirt list --all\" shows them", word);
		return false;
	}
	switch (store_case_get(r, r->st, id, c, &r->err)) {
	case 1:
		return true;
	case 0:
		request_fail(r, CONTROL_EXIT_REFUSED,
		    "no case \"%s\": \"psirt list --all\" shows them", word);
		return false;
	default:
		return false;
	}
}

/* ---- list ---- */

struct list {
	int64_t id; /* the row looked at last; they go down */
};

/* Adds what is not in it yet. */
static void
list_merge(json_t *list, const json_t *words)
{
	json_t *word, *have;
	size_t i, k;

	json_array_foreach(words, i, word)
	{
		bool known = false;

		json_array_foreach(list, k, have)
		{
			known |= json_equal(have, word);
		}
		if (!known)
			json_array_append(list, word);
	}
}

/* Which steps it is at, who has to act, and the first date by when. */
static void
list_turns(struct request *r, const struct casework *w, json_t *row)
{
	json_t *turns = turns_json(r, w);
	json_t *steps = json_array();
	json_t *who = json_array();
	const json_t *turn;
	const char *due = NULL;
	bool late = false;
	size_t i;

	json_array_foreach(turns, i, turn)
	{
		const char *when =
		    json_string_value(json_object_get(turn, "due"));

		json_array_append(steps, json_object_get(turn, "step"));
		list_merge(who, json_object_get(turn, "who"));
		late |= json_is_true(json_object_get(turn, "late"));
		/* RFC 3339 in UTC: the smaller text is the earlier. */
		if (when != NULL && (due == NULL || strcmp(when, due) < 0))
			due = when;
	}
	json_object_set_new(row, "steps", steps);
	json_object_set_new(row, "who", who);
	json_object_set_new(row, "due", json_text(due));
	json_object_set_new(row, "late", json_boolean(late));
	json_decref(turns);
}

static int
list_case_row(struct request *r, const void *ctx, const struct store_case *c)
{
	struct casework *w = NULL;
	json_t *row;

	/* Nobody has to act in one that is closed, and there will be many. */
	if (c->state != CASE_CLOSED) {
		w = request_casework(r, ctx, c->id);
		if (w == NULL)
			return -1;
	}
	row = json_pack("{s:o,s:o,s:s,s:s,s:i,s:o,s:s,s:o,s:o,s:o,s:o,s:o,s:o}",
	    "case", json_text(c->number), "received", json_time(c->received),
	    "state", case_state_name(c->state), "flow",
	    flow_name((enum flow)c->flow), "phase", (int)c->phase, "source",
	    json_text(case_source(c)), "routed", case_routed(c), "proposed",
	    json_words(c->proposed), "acknowledged", json_time(c->acknowledged),
	    "filed", json_time(c->filed), "title", json_text(c->title), "owner",
	    json_text(c->owner), "deputy", json_text(c->deputy));
	if (row != NULL && w != NULL)
		list_turns(r, w, row);
	return answer_row(r, row);
}

static int
list_case(struct request *r, int64_t id)
{
	struct store_case c;
	void *ctx = talloc_new(r);
	int rc;

	rc = store_case_get(ctx, r->st, id, &c, &r->err);
	if (rc == 1 && (c.state != CASE_CLOSED || request_has(r, OPTION_ALL)))
		rc = list_case_row(r, ctx, &c);
	else if (rc == 1)
		rc = 0;
	talloc_free(ctx);
	return rc;
}

static int
list_letter(struct request *r, int64_t id)
{
	struct store_letter l;
	void *ctx = talloc_new(r);
	int rc;

	rc = store_letter_get(ctx, r->st, id, &l, &r->err);
	if (rc == 1)
		rc = answer_row(r, letter_row(r, &l));
	talloc_free(ctx);
	return rc;
}

static int
list_start(struct request *r)
{
	struct list *list = talloc_zero(r, struct list);
	struct store_letter *letters = NULL;
	size_t count = 0;

	if (list == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	r->state = list;
	if (!request_has(r, OPTION_LETTERS)) {
		if (request_newest_case(r, &list->id) != 0)
			return -1;
		return answer_list(r, "cases");
	}
	if (store_letter_list(r, r->st, 0, 0, 1, &letters, &count, &r->err) !=
	    0)
		return -1;
	if (count > 0)
		list->id = letters[0].id;
	talloc_free(letters);
	return answer_list(r, "letters");
}

enum turn
list_run(struct request *r)
{
	struct list *list;
	int rc;

	if (r->state == NULL && list_start(r) != 0)
		return TURN_FAILED;
	list = r->state;
	for (; list->id > 0; list->id--) {
		if (!request_has_time(r))
			return TURN_MORE;
		rc = request_has(r, OPTION_LETTERS) ? list_letter(r, list->id)
						    : list_case(r, list->id);
		if (rc != 0)
			return TURN_FAILED;
	}
	return answer_list_end(r) == 0 ? TURN_DONE : TURN_FAILED;
}

/* ---- route ---- */

static const struct department *
route_department(struct request *r, const char *name)
{
	char *known;

	for (size_t i = 0; i < r->s->ndepartments; i++)
		if (strcasecmp(r->s->departments[i].name, name) == 0)
			return &r->s->departments[i];
	known = talloc_strdup(r, "");
	for (size_t i = 0; i < r->s->ndepartments; i++)
		known = talloc_asprintf_append(
		    known, " %s", r->s->departments[i].name);
	request_fail(r, CONTROL_EXIT_REFUSED,
	    "no department \"%.40s\": the settings have%s", name, known);
	return NULL;
}

/* Nobody in it has OpenPGP: "come to the desk" is all that goes there. */
static bool
notice_alone(const struct department *d)
{
	for (size_t i = 0; i < d->ncontacts; i++)
		if (!d->contacts[i].notice)
			return false;
	return d->ncontacts > 0;
}

/* Whether this mail is what the route would send to this department. */
static bool
is_same_mail(struct request *r, const struct store_outmail *m,
    const struct department *d)
{
	bool files = request_has(r, OPTION_ATTACHMENTS);
	enum mail_kind kind = request_has(r, OPTION_DETAILS) || files
				  ? MAIL_DETAILS
				  : MAIL_OVERVIEW;

	if (m->department == NULL || strcmp(m->department, d->name) != 0 ||
	    m->state == OUTMAIL_CANCELLED || m->state == OUTMAIL_FAILED)
		return false;
	if (notice_alone(d))
		return m->kind == MAIL_NOTICE;
	return m->kind == kind && (m->with_files != 0) == files;
}

/* Refuses what went there already: one slip of the finger is two mails. */
static bool
route_is_new(struct request *r, int64_t casefile,
    const struct department *const *to, size_t n)
{
	struct store_outmail *list = NULL;
	size_t count = 0;

	if (request_has(r, OPTION_AGAIN))
		return true;
	if (store_outmail_list(r, r->st, 0, casefile, ROUTE_MAILS, &list,
		&count, &r->err) != 0)
		return false;
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < count; k++) {
			const struct store_outmail *m = &list[k];

			if (!is_same_mail(r, m, to[i]))
				continue;
			request_fail(r, CONTROL_EXIT_REFUSED,
			    "%s has the %s since %s: add --again", to[i]->name,
			    mail_kind_name((enum mail_kind)m->kind),
			    clock_text(r, m->sent != 0 ? m->sent : m->made));
			return false;
		}
	talloc_free(list);
	return true;
}

/* What was done: who gets what. */
static enum turn
route_answer(struct request *r, const struct store_case *c,
    const struct department *const *to, size_t n)
{
	json_t *names = json_array();
	json_t *notices = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(notice_alone(to[i]) ? notices : names,
		    json_text(to[i]->name));
	if (answer_set(r, "case", json_text(c->number)) != 0 ||
	    answer_set(r, "departments", json_incref(names)) != 0 ||
	    answer_set(r, "notices", json_incref(notices)) != 0 ||
	    answer_set(r, "details",
		json_boolean(request_has(r, OPTION_DETAILS))) != 0 ||
	    answer_set(r, "attachments",
		json_boolean(request_has(r, OPTION_ATTACHMENTS))) != 0 ||
	    answer_set(r, "next",
		json_pack("[o]", json_text(talloc_asprintf(
				     r, "psirt show %s", c->number)))) != 0)
		r->exit = CONTROL_EXIT_AGAIN;
	json_decref(names);
	json_decref(notices);
	return r->exit == CONTROL_EXIT_DONE ? TURN_DONE : TURN_FAILED;
}

enum turn
route_run(struct request *r)
{
	const struct department *to[32];
	const struct control_engine *engine = r->control->engine;
	struct store_case c;
	size_t n = 0;

	if (!request_case(r, r->words[0], &c))
		return TURN_FAILED;
	if (c.state == CASE_CLOSED)
		return request_fail(r, CONTROL_EXIT_REFUSED,
		    "%s is closed: nothing is sent for it any more", c.number);
	for (size_t i = 1; i < r->nwords; i++) {
		const struct department *d = route_department(r, r->words[i]);
		bool twice = false;

		if (d == NULL)
			return TURN_FAILED;
		for (size_t k = 0; k < n; k++)
			twice |= to[k] == d;
		if (!twice)
			to[n++] = d;
	}
	if (!route_is_new(r, c.id, to, n))
		return TURN_FAILED;
	if (engine->route(engine->arg, c.id, to, n,
		request_has(r, OPTION_DETAILS),
		request_has(r, OPTION_ATTACHMENTS), r->actor, &r->err) != 0)
		return TURN_FAILED;
	engine->wake(engine->arg);
	return route_answer(r, &c, to, n);
}
