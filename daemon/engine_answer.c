/*
 * engine_answer.c - what is said of a case is put on record, and what follows
 * of it at once: a question waits to be relayed, a date becomes a clock, the
 * channel of the case is switched.
 *
 * Runs in the engine process, inside the transaction of its caller: a
 * department's letter (engine_department.c) or what the desk types
 * (engine_order_step.c).  Whether a step ends by it says the stop `flow`.
 */
#include "engine_case.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define DAY_S 86400

/* ---- what follows of an answer ---- */

typedef int follow(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err);

static int
follow_question(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_question q = {.casefile = a->casefile,
	    .state = QUESTION_OPEN,
	    .at = a->at,
	    .letter = a->letter,
	    .department = a->department,
	    .by = a->by};
	struct store_task t = {.kind = TASK_QUESTION,
	    .casefile = a->casefile,
	    .letter = a->letter,
	    .step = a->step,
	    .made = a->at};
	struct store_record r = {.at = a->at,
	    .what = RECORD_QUESTION,
	    .actor = (char *)(uintptr_t)actor,
	    .casefile = a->casefile,
	    .letter = a->letter};
	int rc = 0;

	/* Nothing is left of it that may leave: the answer stays on record. */
	q.text = desk_scrub(ctx, e->s, a->value);
	if (q.text == NULL || text_is_blank(bytes_str(q.text)))
		goto out;
	rc = store_question_add(e->st, &q, err);
	r.code = q.number;
	t.text = talloc_strdup(ctx, q.text);
	if (rc == 0)
		rc = task_add(e, &t, err);
	if (rc == 0)
		rc = store_record_add(e->st, &r, err);
out:
	talloc_free(ctx);
	return rc;
}

static int
follow_reply(struct engine *e, struct casework *w, const struct store_answer *a,
    const char *actor, struct error *err)
{
	size_t count = 0;
	char *out;

	if (question_answered(e, w, a->letter, a->value, &count, err) != 0)
		return -1;
	if (count > 0 || a->letter != 0)
		return 0;
	out = questions_out(w, w);
	return out == NULL
		   ? error_set(err, FAULT_DENIED,
			 "no question is out: psirt question %s answer N "
			 "\"…\" puts another answer in the place of one",
			 w->c.number)
		   : error_set(err, FAULT_DENIED,
			 "questions %s are out: psirt question %s answer N "
			 "\"…\" says which it answers",
			 out, w->c.number);
}

static int
add_date(struct engine *e, const struct store_answer *a, enum clock_kind kind,
    const char *actor, struct error *err)
{
	struct clock_read read;
	struct store_clock c = {.casefile = a->casefile,
	    .kind = kind,
	    .source = a->letter != 0 ? CLOCK_OF_LETTER : CLOCK_TYPED,
	    .letter = a->letter};

	if (!clock_parse(a->value, &read))
		return 0;
	c.due = read.when;
	c.zone_min = read.zone_min;
	/* A plan is late when its day is over. */
	if (!read.timed && kind == CLOCK_PLANNED)
		c.due += DAY_S;
	if (clock_end_kind(e, a->casefile, kind, NULL, err) != 0)
		return -1;
	return clock_add(e, &c, actor, err);
}

static int
follow_planned(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err)
{
	return add_date(e, a, CLOCK_PLANNED, actor, err);
}

static int
follow_publish(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err)
{
	return add_date(e, a, CLOCK_PUBLICATION, actor, err);
}

static int
follow_verified(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err)
{
	if (strcmp(a->value, "yes") != 0)
		return 0;
	return clock_end_kind(e, a->casefile, CLOCK_PLANNED, NULL, err);
}

/*
 * A person has started the clocks of the CRA.  They may be over: early warning
 * and notification are given long before there is a fix.
 */
static int
cra_begun(struct engine *e, int64_t casefile, struct error *err)
{
	int had = store_clock_had(
	    e->st, casefile, CLOCK_CRA_WARNING, CLOCK_PROPOSED, err);

	return had != 0 ? had
			: store_clock_had(e->st, casefile,
			      CLOCK_CRA_NOTIFICATION, CLOCK_PROPOSED, err);
}

/* A fix there is: the final report of the CRA is due, where one was begun. */
static int
follow_fix(struct engine *e, struct casework *w, const struct store_answer *a,
    const char *actor, struct error *err)
{
	struct store_clock c = {.casefile = a->casefile,
	    .kind = CLOCK_CRA_FINAL,
	    .due = a->at + CRA_FINAL_S,
	    .source = CLOCK_OF_FLOW};
	int begun;

	for (size_t i = 0; i < w->nclocks; i++)
		if (w->clocks[i].kind == CLOCK_CRA_FINAL)
			return 0;
	begun = cra_begun(e, a->casefile, err);
	return begun == 1 ? clock_add(e, &c, actor, err) : begun;
}

/* <2>1.2.2: from now on JPCERT/CC speaks with the source, or stands behind. */
static int
follow_mediation(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err)
{
	struct store_record r = {.at = a->at,
	    .what = RECORD_CHANNEL,
	    .actor = (char *)(uintptr_t)actor,
	    .casefile = a->casefile,
	    .letter = a->letter};

	w->c.channel = strcmp(a->value, "accepted") == 0 ? CHANNEL_JPCERT
							 : CHANNEL_ADVISED;
	w->view.channel = w->c.channel;
	if (w->c.channel == CHANNEL_JPCERT)
		status_anew(w);
	r.code = w->c.channel;
	if (store_case_put(e->st, &w->c, err) != 0)
		return -1;
	return store_record_add(e->st, &r, err);
}

/* What is published under a number: letters that carry it belong here. */
static int
follow_number(struct engine *e, struct casework *w,
    const struct store_answer *a, const char *actor, struct error *err)
{
	static const struct {
		const char *start;
		enum ident_kind kind;
	} forms[] = {
	    {"CVE-", IDENT_CVE}, {"JVN#", IDENT_JVN}, {"JVNVU#", IDENT_JVNVU}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		if (strncasecmp(
			a->value, forms[i].start, strlen(forms[i].start)) == 0)
			return store_case_ident_add(
			    e->st, a->casefile, forms[i].kind, a->value, err);
	return 0;
}

static follow *const follows[ANSWER_KIND_COUNT] = {
    [ANSWER_QUESTION] = follow_question,
    [ANSWER_REPLY] = follow_reply,
    [ANSWER_PLANNED] = follow_planned,
    [ANSWER_PUBLISH] = follow_publish,
    [ANSWER_VERIFIED] = follow_verified,
    [ANSWER_FIX] = follow_fix,
    [ANSWER_MEDIATION] = follow_mediation,
    [ANSWER_CVE] = follow_number,
    [ANSWER_JVN] = follow_number,
};

/* ---- on record ---- */

/*
 * Of a kind that counts once a later word takes the place of the same
 * person's; what the desk types takes the place of everybody's.
 */
static bool
takes_back(const struct store_answer *now, const struct store_answer *was)
{
	if (was->void_ || was->kind != now->kind || was->step != now->step ||
	    answer_rule((enum answer_kind)now->kind)->many)
		return false;
	return now->letter == 0 || (was->by != NULL && now->by != NULL &&
				       strcmp(was->by, now->by) == 0);
}

int
answer_record(struct engine *e, struct casework *w, struct store_answer *a,
    const char *actor, struct error *err)
{
	follow *then;
	struct store_record r = {.at = a->at,
	    .what = RECORD_ANSWER,
	    .actor = (char *)(uintptr_t)actor,
	    .casefile = a->casefile,
	    .letter = a->letter,
	    .code = a->kind,
	    /* Sealed: of "yes" or a product's name a digest would tell. */
	    .note = (char *)(uintptr_t)a->value};

	if (answer_rule((enum answer_kind)a->kind) == NULL)
		return error_set(err, FAULT_BUG, "no answer %u", a->kind);
	then = follows[a->kind];
	for (size_t i = 0; i < w->nanswers; i++)
		if (takes_back(a, &w->answers[i]) &&
		    store_answer_void(e->st, w->answers[i].id, err) != 0)
			return -1;
	if (store_answer_add(e->st, a, err) != 0)
		return -1;
	if (store_record_add(e->st, &r, err) != 0)
		return -1;
	return then != NULL ? then(e, w, a, actor, err) : 0;
}
