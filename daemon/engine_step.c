/*
 * engine_step.c - a pass of a case through a step begins and ends.
 *
 * Runs in the engine process, inside the transaction of its caller: the stop
 * `flow`, an order of a person, or what files a letter.  When it begins, its
 * mails are drafted; when it ends, those are told who are to be told.
 */
#include "engine_case.h"

#include <string.h>
#include <sys/random.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define REF_LENGTH 6

/* ---- a pass ---- */

/* RULES 12: nobody answers a question by guessing its token.  Letters and
 * digits that no eye takes for another. */
static char *
new_ref(const void *ctx)
{
	static const char letters[32] = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
	uint8_t random[REF_LENGTH];
	char ref[REF_LENGTH + 1] = "";

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return NULL;
	for (size_t i = 0; i < REF_LENGTH; i++)
		ref[i] = letters[random[i] % sizeof(letters)];
	return talloc_strdup(ctx, ref);
}

static int64_t
due_of(const struct settings *s, const struct flow_step *step, int64_t now)
{
	if (step->due_days != 0)
		return settings_business_days(s, now, (int)step->due_days);
	return step->due_s != 0 ? now + step->due_s : 0;
}

/* The offered pass, or a new one after all the others. */
static struct store_step
pass_of(const struct casework *w, const struct flow_step *step, int64_t now)
{
	struct store_step row = {.casefile = w->c.id,
	    .number = (char *)(uintptr_t)step->number,
	    .state = STEP_READY,
	    .ready = now};

	for (size_t i = 0; i < w->view.nsteps; i++) {
		if (strcmp(w->steps[i].number, step->number) != 0)
			continue;
		if (w->steps[i].state == STEP_READY)
			return w->steps[i];
		row.round = w->steps[i].round;
	}
	row.round++;
	return row;
}

static int
write_pass(struct engine *e, struct store_step *row, struct error *err)
{
	return row->id == 0 ? store_step_add(e->st, row, err)
			    : store_step_put(e->st, row, err);
}

/* ---- begin ---- */

int
step_mails(struct engine *e, struct casework *w, const struct case_step *pass,
    uint32_t overridden, const char *actor, size_t *made, struct error *err)
{
	const struct flow_step *step = pass->step;

	*made = 0;
	/* Those went, or go, with the overviews (engine_overview.c). */
	if (step->start == START_ROUTE)
		return 0;
	for (size_t i = 0; i < step->nmails; i++) {
		const struct flow_mail *mail = &step->mails[i];
		size_t n = 0;

		if (!case_holds(&w->view, mail->when, mail->nwhen))
			continue;
		if (step_mail(e, w, pass, mail, overridden, actor, &n, err) !=
		    0)
			return -1;
		*made += n;
	}
	return 0;
}

/*
 * No mail of it may leave.  A person who began it is told why, and nothing is
 * kept; what would begin by itself is offered to the desk instead.
 */
static int
not_begun(struct engine *e, struct casework *w, struct store_step *row,
    const char *actor, struct error *err)
{
	if (strcmp(actor, "psirtd") != 0)
		return error_set(err, FAULT_DENIED, "%s", w->refused);
	row->state = STEP_READY;
	row->started = row->due = 0;
	if (store_step_put(e->st, row, err) != 0)
		return -1;
	return store_alert_add(
	    e->st, REASON_MAIL_HELD, 0, w->c.id, clock_now(), err);
}

/* Nobody asked for this step just now: who reads the task learns what is
 * missing of it, and why. */
static int
tell_refused(struct engine *e, const struct store_step *row, const char *why,
    struct error *err)
{
	const struct store_task t = {.kind = TASK_NOT_DRAFTED,
	    .casefile = row->casefile,
	    .step = row->id,
	    .text = (char *)(uintptr_t)why};

	return task_add(e, &t, err);
}

static size_t
refused_length(const struct casework *w)
{
	return w->refused != NULL ? strlen(w->refused) : 0;
}

/* Sooner or later it began: no mail of it is missing any more. */
static int
not_refused_now(struct engine *e, const struct store_step *row,
    const char *actor, struct error *err)
{
	return task_end_step(
	    e, row->casefile, row->id, TASK_NOT_DRAFTED, actor, err);
}

int
step_may_begin(struct engine *e, struct casework *w,
    const struct case_step *pass, bool *may, struct error *err)
{
	char *refused = w->refused;
	size_t made = 0;
	int rc;

	w->refused = NULL;
	rc = step_mails(e, w, pass, 0, NULL, &made, err);
	*may = rc == 0 && (made > 0 || w->refused == NULL);
	talloc_free(w->refused);
	w->refused = refused;
	return rc;
}

int
step_begin(struct engine *e, struct casework *w, const struct flow_step *step,
    bool start, uint32_t overridden, const char *actor, struct error *err)
{
	void *ctx = talloc_new(e);
	int64_t now = clock_now();
	struct store_step row = pass_of(w, step, now);
	struct case_step pass = {.step = step};
	const size_t refused = refused_length(w);
	const bool offered = row.id != 0;
	size_t made = 0;
	int rc = -1;

	row.actor = (char *)(uintptr_t)actor;
	if (start) {
		row.state = STEP_RUNNING;
		row.started = now;
		row.due = due_of(e->s, step, now);
		if (row.ref == NULL && step->nexpects > 0)
			row.ref = new_ref(ctx);
	}
	if (write_pass(e, &row, err) != 0 ||
	    (start && offered && not_refused_now(e, &row, actor, err) != 0))
		goto out;
	pass.id = row.id;
	pass.round = row.round;
	pass.state = row.state;
	pass.started = row.started;
	pass.due = row.due;
	pass.ref = row.ref;
	if (start &&
	    step_mails(e, w, &pass, overridden, actor, &made, err) != 0)
		goto out;
	if (refused_length(w) > refused && strcmp(actor, "psirtd") == 0 &&
	    tell_refused(e, &row, w->refused + refused + (refused > 0), err) !=
		0)
		goto out;
	if (start && made == 0 && refused_length(w) > refused)
		rc = not_begun(e, w, &row, actor, err);
	else
		rc = start ? case_record(e, w->c.id, RECORD_STEP_STARTED,
				 store_step_code(step->number), NULL, NULL,
				 actor, err)
			   : 0;
	if (rc == 0)
		rc = store_case_advance(e->st, w->c.id, true, err);
out:
	talloc_free(ctx);
	return rc;
}

/* ---- end ---- */

/* "+quality -risk": what this pass tells otherwise than the file. */
bool
step_shares(const struct store_step *row, const struct flow_share *share)
{
	const char *name = role_name(share->role);
	size_t len = strlen(name);
	bool on = share->on;

	for (const char *p = row->shares; p != NULL && *p != '\0';) {
		if ((*p == '+' || *p == '-') &&
		    strncmp(p + 1, name, len) == 0 &&
		    (p[1 + len] == ' ' || p[1 + len] == '\0'))
			on = *p == '+';
		p += strcspn(p, " ");
		p += strspn(p, " ");
	}
	return on;
}

/* A mail of a step that is left out shall not leave any more. */
static int
drop_drafts(struct engine *e, const struct casework *w, int64_t step,
    const char *actor, struct error *err)
{
	struct store_outmail *list = NULL;
	void *ctx = talloc_new(e);
	size_t n = 0;
	int rc = store_outmail_of_step(ctx, e->st, step, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		uint32_t from = list[i].state;

		if (from != OUTMAIL_DRAFT && from != OUTMAIL_HELD)
			continue;
		list[i].state = OUTMAIL_CANCELLED;
		rc = store_outmail_put(e->st, &list[i], from, err);
		if (rc == 0)
			rc = case_record(e, w->c.id, RECORD_DRAFT_DROPPED,
			    list[i].kind, NULL, NULL, actor, err);
	}
	talloc_free(ctx);
	return rc;
}

static struct store_step *
row_of(struct casework *w, int64_t id)
{
	for (size_t i = 0; i < w->view.nsteps; i++)
		if (w->steps[i].id == id)
			return &w->steps[i];
	return NULL;
}

static int
close_pass(struct engine *e, struct casework *w, const struct case_step *pass,
    bool skipped, const char *why, const char *actor, struct error *err)
{
	const struct flow_step *step = pass->step;
	struct store_step *row = row_of(w, pass->id);

	if (row == NULL)
		return error_set(
		    err, FAULT_BUG, "no pass %lld", (long long)pass->id);
	row->state = skipped ? STEP_SKIPPED : STEP_ENDED;
	row->ended = clock_now();
	row->actor = (char *)(uintptr_t)actor;
	if (store_step_put(e->st, row, err) != 0 ||
	    case_record(e, w->c.id,
		skipped ? RECORD_STEP_SKIPPED : RECORD_STEP_ENDED,
		store_step_code(step->number), NULL, why, actor, err) != 0 ||
	    store_case_advance(e->st, w->c.id, true, err) != 0)
		return -1;
	if (skipped)
		return drop_drafts(e, w, pass->id, actor, err);
	for (size_t i = 0; i < step->nshares; i++)
		if (step_shares(row, &step->shares[i]) &&
		    step_share(e, w, pass, &step->shares[i], actor, err) != 0)
			return -1;
	return 0;
}

int
step_end(struct engine *e, struct casework *w, const struct case_step *pass,
    bool skipped, const char *actor, struct error *err)
{
	return close_pass(e, w, pass, skipped, NULL, actor, err);
}

int
step_skip(struct engine *e, struct casework *w, const struct case_step *pass,
    const char *why, const char *actor, struct error *err)
{
	return close_pass(e, w, pass, true, why, actor, err);
}
