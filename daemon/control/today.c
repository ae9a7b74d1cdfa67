/*
 * today.c - `psirt` alone: what needs a person, and what to type next.
 *
 * Runs in the engine.  Goes through the open cases, the letters that wait
 * for a decision and the mails that did not leave, a few rows a turn.  Shows
 * numbers, dates, states and reasons only, so it leaves no trace (RULES 20).
 */
#include "request.h"

#include <talloc.h>

#include "psirtd/opening.h"
#include "psirtd/write.h"

enum stage {
	STAGE_CASES,
	STAGE_STEPS,
	STAGE_LETTERS,
	STAGE_UNREAD,
	STAGE_MAILS,
	STAGE_DRAFTS,
	STAGE_END,
};

struct today {
	enum stage stage;
	size_t state; /* index in the states of this stage */
	int64_t id;   /* the row looked at last */
	int64_t newest, open_cases;
	int64_t open; /* open cases not come across yet */
	size_t shown;
	int64_t cases_over, steps_over, letters_over, mails_over, drafts_over;
	int64_t by_itself;
	bool damaged; /* a row could not be read */
};

static const enum letter_state letter_states[] = {
    LETTER_INQUIRY, LETTER_SET_ASIDE, LETTER_QUARANTINED};
static const enum outmail_state mail_states[] = {
    OUTMAIL_HELD, OUTMAIL_UNCERTAIN, OUTMAIL_FAILED, OUTMAIL_SEALED};
static const enum outmail_state draft_states[] = {OUTMAIL_DRAFT};

#define N(a) (sizeof(a) / sizeof((a)[0]))

#define TRIES_TOLD 3 /* so often a mail server may say: later */

/* The room for a row of this list; else counted in *over. */
static bool
today_room(struct today *t, int64_t *over)
{
	if (t->shown < CONTROL_TODAY_ROWS) {
		t->shown++;
		return true;
	}
	++*over;
	return false;
}

/* A row that was damaged hides no other: the list goes on behind it. */
static int
today_goes_on(struct request *r, struct today *t, int rc)
{
	if (rc == 0 || r->err.fault != FAULT_INPUT)
		return rc;
	error_clear(&r->err);
	t->damaged = true;
	return 0;
}

static int
today_start(struct request *r)
{
	struct today *t = talloc_zero(r, struct today);
	struct store_counts counts;
	struct store_renewal renewal;
	const struct control_engine *engine = r->control->engine;

	if (t == NULL)
		return error_set(&r->err, FAULT_RETRY, "out of memory");
	r->state = t;
	if (store_count(r->st, &counts, &r->err) != 0 ||
	    store_renewal(r->st, &renewal, &r->err) != 0 ||
	    request_newest_case(r, &t->newest) != 0)
		return -1;
	t->id = t->newest + 1;
	t->open_cases = counts.cases[CASE_OPEN] + counts.cases[CASE_UNOPENED];
	t->open = t->open_cases;
	if (answer_set(r, "trouble",
		json_text(engine->trouble(engine->arg, r))) != 0 ||
	    answer_set(r, "renewal",
		renewal.started != 0
		    ? json_pack("{s:o,s:i,s:I,s:o}", "since",
			  json_time(renewal.started), "percent",
			  (int)renewal.percent, "left",
			  (json_int_t)renewal.left, "where",
			  json_text(renewal.left > 0 ? renewal.where : NULL))
		    : json_null()) != 0 ||
	    answer_set(r, "open_cases", json_integer(t->open)) != 0)
		return -1;
	return answer_list(r, "cases");
}

/* ---- cases ---- */

/*
 * An acknowledgement that is on its way needs nobody, and one that is held
 * or failed stands among the mails.
 */
static int
today_answered(struct request *r, const struct store_case *c, bool *answered)
{
	struct store_outmail *mails;
	size_t count;

	*answered = c->acknowledged != 0;
	if (*answered)
		return 0;
	if (store_outmail_list(
		r, r->st, 0, c->id, 64, &mails, &count, &r->err) != 0) {
		/* A damaged one stands among the mails. */
		*answered = r->err.fault == FAULT_INPUT;
		if (*answered)
			error_clear(&r->err);
		return *answered ? 0 : -1;
	}
	for (size_t i = 0; i < count; i++)
		if (mails[i].kind == MAIL_ACKNOWLEDGE &&
		    mails[i].state != OUTMAIL_CANCELLED)
			*answered = true;
	talloc_free(mails);
	return 0;
}

static int
today_case_row(struct request *r, const struct store_case *c, bool answered)
{
	const char *why = "not acknowledged";
	char *next = talloc_asprintf(r, "psirt show %s", c->number);
	int rc;

	if (c->state == CASE_UNOPENED) {
		why = "could not be opened yet";
	} else if (c->routed == 0) {
		why = "no department chosen";
	} else if (c->routed == 1) {
		why = "departments proposed";
		talloc_free(next);
		next = talloc_asprintf(r, "psirt route %s %s", c->number,
		    c->proposed != NULL ? c->proposed : "DEPARTMENT");
	}
	rc = answer_row(
	    r, json_pack("{s:o,s:o,s:s,s:s,s:b,s:s,s:o,s:o,s:o,s:o}", "case",
		   json_text(c->number), "received", json_time(c->received),
		   "flow", flow_name((enum flow)c->flow), "state",
		   case_state_name(c->state), "acknowledged", answered, "why",
		   why, "source", json_text(case_source(c)), "proposed",
		   json_words(c->proposed), "due",
		   json_time(
		       first_answer_due(r->s, (enum flow)c->flow, c->received)),
		   "next", json_text(next)));
	talloc_free(next);
	return rc;
}

static int
today_case(struct request *r, struct today *t)
{
	struct store_case c;
	void *ctx = talloc_new(r);
	bool answered = true;
	int rc = -1;
	int found;

	found = store_case_get(ctx, r->st, t->id, &c, &r->err);
	if (found < 0)
		goto out;
	rc = 0;
	if (found == 0 || c.state == CASE_CLOSED)
		goto out;
	t->open--;
	rc = today_answered(r, &c, &answered);
	if (rc == 0 &&
	    (!answered || c.routed != 2 || c.state == CASE_UNOPENED) &&
	    today_room(t, &t->cases_over))
		rc = today_case_row(r, &c, answered);
out:
	talloc_free(ctx);
	return rc;
}

/* Its steps that wait for the desk, or for somebody who is late. */
static int
today_steps(struct request *r, struct today *t)
{
	struct store_case c;
	void *ctx = talloc_new(r);
	int rc = store_case_get(ctx, r->st, t->id, &c, &r->err);

	if (rc == 1 && c.state != CASE_CLOSED) {
		t->open--;
		rc = waits_steps(
		    r, c.id, CONTROL_TODAY_ROWS, &t->shown, &t->steps_over);
	}
	talloc_free(ctx);
	return rc < 0 ? -1 : 0;
}

/* ---- letters ---- */

static int
today_letter_row(struct request *r, const struct store_letter *l, int64_t due)
{
	json_t *row = letter_row(r, l);
	char *next =
	    talloc_asprintf(NULL, "psirt letter %lld", (long long)l->id);

	if (row != NULL) {
		json_object_set_new(row, "next", json_text(next));
		json_object_set_new(row, "due", json_time(due));
	}
	talloc_free(next);
	return answer_row(r, row);
}

static int
today_letter(struct request *r, struct today *t)
{
	struct store_letter l;
	void *ctx = talloc_new(r);
	int rc = -1;
	int found;

	found = store_letter_get(ctx, r->st, t->id, &l, &r->err);
	if (found < 0)
		goto out;
	rc = 0;
	if (found == 0)
		goto out;
	if (l.state == LETTER_SET_ASIDE && letter_is_noise(&l)) {
		t->by_itself++;
		goto out;
	}
	if (!today_room(t, &t->letters_over))
		goto out;
	/* Perhaps a real notice: its clocks run already (RULES 8). */
	rc = today_letter_row(r, &l,
	    letter_claims(&l) ? first_answer_due(r->s, FLOW_JPCERT, l.received)
			      : 0);
out:
	talloc_free(ctx);
	return rc;
}

/* What was filed under an open case and read by nobody; oldest first. */
static int
today_unread(struct request *r, struct today *t)
{
	struct store_letter *letters = NULL;
	struct store_case c;
	void *ctx = talloc_new(r);
	size_t n = 0;
	int rc = -1;
	int found;

	found = store_case_get(ctx, r->st, t->id, &c, &r->err);
	if (found < 0)
		goto out;
	rc = 0;
	if (found == 0 || c.state == CASE_CLOSED)
		goto out;
	t->open--;
	rc = unread_letters(ctx, r, c.id, &letters, &n);
	while (rc == 0 && n > 0) {
		const struct store_letter *l = &letters[--n];
		bool report = l->reason == REASON_NEW_REPORT;

		if (today_room(t, &t->letters_over))
			rc = today_letter_row(r, l,
			    report ? first_answer_due(
					 r->s, (enum flow)c.flow, l->received)
				   : 0);
	}
out:
	talloc_free(ctx);
	return rc;
}

/* ---- mails ---- */

static int
today_mail(struct request *r, struct today *t)
{
	struct store_outmail m;
	void *ctx = talloc_new(r);
	int rc = -1;
	int found;

	found = mail_look(r, ctx, t->id, &m);
	if (found < 0)
		goto out;
	rc = 0;
	if (found == 0 || (m.state == OUTMAIL_SEALED && m.tries < TRIES_TOLD) ||
	    !today_room(t, &t->mails_over))
		goto out;
	rc = answer_row(r, mail_row(r, &m));
out:
	talloc_free(ctx);
	return rc;
}

static int
today_draft(struct request *r, struct today *t)
{
	struct store_outmail m;
	void *ctx = talloc_new(r);
	int rc = mail_look(r, ctx, t->id, &m);

	if (rc == 1)
		rc = today_room(t, &t->drafts_over)
			 ? answer_row(r, draft_row(r, &m))
			 : 0;
	talloc_free(ctx);
	return rc < 0 ? -1 : 0;
}

/* ---- the walk ---- */

static int
today_next_list(struct request *r, struct today *t, const char *key)
{
	t->stage++;
	t->id = 0;
	t->state = 0;
	t->shown = 0;
	if (answer_list_end(r) != 0)
		return -1;
	return key != NULL ? answer_list(r, key) : 0;
}

/* All open cases once more, newest first. */
static void
today_cases_again(struct today *t)
{
	t->id = t->newest + 1;
	t->open = t->open_cases;
}

/* The next letter that waits; 0 in t->id when there is none left. */
static int
today_next_letter(struct request *r, struct today *t)
{
	while (t->state < N(letter_states)) {
		int64_t id = 0;

		if (store_letter_next(r->st, letter_states[t->state], t->id,
			&id, &r->err) < 0)
			return -1;
		t->id = id;
		if (id != 0)
			return 0;
		t->state++;
	}
	return 0;
}

/* The same for mails in these states. */
static int
today_next_mail(struct request *r, struct today *t,
    const enum outmail_state *states, size_t nstates)
{
	while (t->state < nstates) {
		int64_t id = 0, next = 0;

		if (store_outmail_next(r->st, states[t->state], INT64_MAX,
			t->id, &id, &next, &r->err) < 0)
			return -1;
		t->id = id;
		if (id != 0)
			return 0;
		t->state++;
	}
	return 0;
}

static int
today_step(struct request *r, struct today *t)
{
	switch (t->stage) {
	case STAGE_CASES:
		if (--t->id >= 1 && t->open > 0)
			return today_goes_on(r, t, today_case(r, t));
		if (today_next_list(r, t, "steps") != 0)
			return -1;
		today_cases_again(t);
		return 0;
	case STAGE_STEPS:
		if (--t->id < 1 || t->open <= 0)
			return today_next_list(r, t, "letters");
		return today_goes_on(r, t, today_steps(r, t));
	case STAGE_LETTERS:
		if (today_next_letter(r, t) != 0)
			return -1;
		if (t->id != 0)
			return today_goes_on(r, t, today_letter(r, t));
		t->stage = STAGE_UNREAD;
		today_cases_again(t);
		return 0;
	case STAGE_UNREAD:
		if (--t->id < 1 || t->open <= 0)
			return today_next_list(r, t, "mails");
		return today_goes_on(r, t, today_unread(r, t));
	case STAGE_MAILS:
		if (today_next_mail(r, t, mail_states, N(mail_states)) != 0)
			return -1;
		return t->id != 0 ? today_goes_on(r, t, today_mail(r, t))
				  : today_next_list(r, t, "drafts");
	case STAGE_DRAFTS:
		if (today_next_mail(r, t, draft_states, N(draft_states)) != 0)
			return -1;
		return t->id != 0 ? today_goes_on(r, t, today_draft(r, t))
				  : today_next_list(r, t, NULL);
	case STAGE_END:
		break;
	}
	return 0;
}

enum turn
today_run(struct request *r)
{
	struct today *t;

	if (r->state == NULL && today_start(r) != 0)
		return TURN_FAILED;
	t = r->state;
	while (t->stage != STAGE_END) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (today_step(r, t) != 0)
			return TURN_FAILED;
	}
	if (waits_tasks(r) != 0 || waits_clocks(r) != 0 || waits_keys(r) != 0 ||
	    answer_set(r, "set_aside_by_itself", json_integer(t->by_itself)) !=
		0 ||
	    answer_set(r, "damaged", json_boolean(t->damaged)) != 0 ||
	    answer_set(r, "not_shown",
		json_pack("{s:I,s:I,s:I,s:I,s:I}", "cases",
		    (json_int_t)t->cases_over, "steps",
		    (json_int_t)t->steps_over, "letters",
		    (json_int_t)t->letters_over, "mails",
		    (json_int_t)t->mails_over, "drafts",
		    (json_int_t)t->drafts_over)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}
