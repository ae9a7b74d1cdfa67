/*
 * engine_order_case.c - whose a case is, what the desk notes of it, and how
 * it ends.
 *
 * Runs in the engine process, inside the transaction of engine_order.c.
 */
#include "engine_order.h"

#include <string.h>

#include <talloc.h>

#include "engine_step.h"
#include "psirtd/clock.h"
#include "psirtd/text.h"

#define TITLE_COLUMNS 100
#define ROWS_MOST 1000

static char *
digest_of(const void *ctx, const char *text)
{
	uint8_t digest[STORE_DIGEST_BYTES];

	store_digest(bytes_str(text), digest);
	return bytes_hex(ctx, bytes_of(digest, sizeof(digest)));
}

/* ---- owner, title, note ---- */

static bool
is_operator(const struct settings *s, const char *user)
{
	for (size_t i = 0; i < s->noperators; i++)
		if (strcmp(s->operators[i].user, user) == 0)
			return true;
	return false;
}

int
order_take(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const char *owner = o->nwords > 0 ? o->words[0] : o->actor;
	const char *deputy = o->nwords > 1 ? o->words[1] : NULL;

	if (!is_operator(e->s, owner) ||
	    (deputy != NULL && !is_operator(e->s, deputy)))
		return error_set(err, FAULT_DENIED,
		    "\"%.40s\" is no operator of the settings",
		    is_operator(e->s, owner) ? deputy : owner);
	w->c.owner = (char *)(uintptr_t)owner;
	/* Without a word of it the deputy stays. */
	if (deputy != NULL)
		w->c.deputy = (char *)(uintptr_t)deputy;
	if (store_case_put(e->st, &w->c, err) != 0)
		return -1;
	order_say(ctx, said, "%s is %s's%s%s", w->c.number, owner,
	    w->c.deputy != NULL ? ", deputy " : "",
	    w->c.deputy != NULL ? w->c.deputy : "");
	return order_record(
	    e, w, o, RECORD_CASE_TAKEN, 0, 0, NULL, digest_of(ctx, owner), err);
}

static bool
is_title(const char *text)
{
	size_t left = strlen(text);
	uint32_t c;
	size_t n;

	for (; left > 0; text += n, left -= n) {
		n = text_next(text, left, &c);
		if (n == 0 || text_is_hidden(c))
			return false;
	}
	return true;
}

int
order_title(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	if (o->text == NULL || text_is_blank(bytes_str(o->text)))
		return error_set(
		    err, FAULT_DENIED, "a title wants a few words");
	if (!is_title(o->text) || text_width(o->text) > TITLE_COLUMNS)
		return error_set(err, FAULT_DENIED,
		    "a title is one line of at most %d columns", TITLE_COLUMNS);
	w->c.title = (char *)(uintptr_t)o->text;
	if (store_case_put(e->st, &w->c, err) != 0)
		return -1;
	order_say(ctx, said, "%s has its title", w->c.number);
	return order_record(e, w, o, RECORD_CASE_TITLED, 0, 0, NULL,
	    digest_of(ctx, o->text), err);
}

int
order_note(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_answer a = {.casefile = w->c.id,
	    .kind = ANSWER_NOTE,
	    .at = clock_now(),
	    .value = (char *)(uintptr_t)o->text,
	    .by = (char *)(uintptr_t)(o->by != NULL ? o->by : o->actor),
	    .told_by = (char *)(uintptr_t)(o->by != NULL ? o->actor : NULL)};

	if (o->text == NULL || text_is_blank(bytes_str(o->text)))
		return error_set(err, FAULT_DENIED, "a note wants words");
	order_say(ctx, said, "noted");
	return answer_record(e, w, &a, o->actor, err);
}

/* ---- tasks ---- */

/* Another letter waits for an answer as well. */
static int
answer_waits(struct engine *e, const void *ctx, int64_t casefile, bool *waits,
    struct error *err)
{
	struct store_task *tasks = NULL;
	size_t n = 0;

	*waits = false;
	if (store_task_list(ctx, e->st, casefile, ROWS_MOST, &tasks, &n, err) !=
	    0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (tasks[i].kind == TASK_ANSWER_FINDER ||
		    tasks[i].kind == TASK_COUNTERPART ||
		    tasks[i].kind == TASK_OTHER_KEY)
			*waits = true;
	return 0;
}

/* Nobody is attacked, a person has found: what was proposed goes. */
static int
end_proposed(struct engine *e, const struct casework *w, struct error *err)
{
	for (size_t i = 0; i < w->nclocks; i++)
		if (w->clocks[i].source == CLOCK_PROPOSED &&
		    store_clock_end(e->st, w->clocks[i].id, clock_now(), err) !=
			0)
			return -1;
	return 0;
}

static int
after_task(struct engine *e, const void *ctx, const struct casework *w,
    uint32_t kind, struct error *err)
{
	bool waits = false;

	if (w == NULL)
		return 0;
	if (kind == TASK_EXPLOITED)
		return end_proposed(e, w, err);
	if (kind != TASK_ANSWER_FINDER && kind != TASK_COUNTERPART &&
	    kind != TASK_OTHER_KEY)
		return 0;
	if (answer_waits(e, ctx, w->c.id, &waits, err) != 0)
		return -1;
	return waits ? 0 : clock_end_kind(e, w->c.id, CLOCK_INQUIRY, NULL, err);
}

int
order_task_done(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_task t = {0};
	int found = store_task_get(ctx, e->st, o->number, &t, err);

	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, FAULT_DENIED, "there is no task %lld",
		    (long long)o->number);
	if (t.done == TASK_RESTING)
		return error_set(err, FAULT_DENIED,
		    "task %lld rests with its case: psirt reopen",
		    (long long)t.id);
	if (t.done != 0)
		return error_set(err, FAULT_DENIED, "task %lld is done already",
		    (long long)o->number);
	if (t.kind == TASK_HAND_ON && (o->why == NULL || o->why[0] == '\0'))
		return error_set(err, FAULT_DENIED,
		    "departments were told that the words follow: psirt route, "
		    "or say why not: --why \"...\"");
	if (store_task_done(e->st, t.id, clock_now(), o->actor, err) != 0 ||
	    after_task(e, ctx, w, t.kind, err) != 0)
		return -1;
	order_say(ctx, said, "task %lld is done", (long long)t.id);
	return order_record(
	    e, w, o, RECORD_TASK_DONE, t.kind, 0, o->why, NULL, err);
}

/* ---- the end ---- */

/* How long it is kept. */
static int
begin_retention(struct engine *e, const struct casework *w,
    const struct order *o, struct error *err)
{
	struct store_clock c = {.casefile = w->c.id,
	    .kind = CLOCK_RETENTION,
	    .source = CLOCK_OF_FLOW};

	c.due = clock_years(clock_now(), (int)e->s->retention_years);
	return clock_add(e, &c, o->actor, err);
}

/* Drafts of no step are the desk's own words: they are not thrown away. */
static int
say_drafts(struct engine *e, const void *ctx, const struct casework *w,
    char **said, struct error *err)
{
	struct store_outmail *mails = NULL;
	size_t n = 0;

	if (store_outmail_list(ctx, e->st, OUTMAIL_DRAFT, w->c.id, ROWS_MOST,
		&mails, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		order_say(ctx, said,
		    "mail %lld is a draft still: psirt approve "
		    "%lld, or psirt approve %lld --drop",
		    (long long)mails[i].id, (long long)mails[i].id,
		    (long long)mails[i].id);
	return 0;
}

static int
close_case(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, enum close_reason reason, char **said,
    struct error *err)
{
	char *why = NULL;

	if (desk_may_close(ctx, &w->view, reason, o->override, &why) != 0)
		return order_refuse(w, why, err);
	if (case_rest(e, w, o->actor, err) != 0 ||
	    begin_retention(e, w, o, err) != 0)
		return -1;
	w->c.state = CASE_CLOSED;
	w->c.closed = clock_now();
	w->c.close_reason = reason;
	w->c.next_status = 0;
	if (store_case_put(e->st, &w->c, err) != 0 ||
	    order_record(
		e, w, o, RECORD_CASE_CLOSED, reason, 0, o->why, NULL, err) != 0)
		return -1;
	order_say(ctx, said, "%s is closed: %s", w->c.number,
	    close_reason_name(reason));
	return say_drafts(e, ctx, w, said, err);
}

static const char *
reasons_of(const void *ctx, const struct casework *w)
{
	char *all = NULL;

	for (size_t i = 0; i < w->view.flow->ncloses; i++)
		all = talloc_asprintf(ctx, "%s%s%s", all != NULL ? all : "",
		    all != NULL ? ", " : "",
		    close_reason_name(w->view.flow->closes[i].reason));
	return all != NULL ? all : "none";
}

int
order_close(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	enum close_reason reason =
	    o->nwords > 0 ? close_reason_by_name(o->words[0]) : 0;

	if (reason == 0)
		return error_set(err, FAULT_DENIED,
		    "closing wants one of these reasons: %s",
		    reasons_of(ctx, w));
	return close_case(e, ctx, w, o, reason, said, err);
}

/* Where it goes on, and the dates that count again. */
static int
say_taken_up(struct engine *e, const void *ctx, const struct casework *w,
    char **said, struct error *err)
{
	struct store_clock *list = NULL;
	size_t n = 0;

	for (size_t i = 0; i < w->view.nsteps; i++)
		if (w->view.steps[i].state == CASE_STEP_RUNNING)
			order_say(ctx, said, "%s runs: %s",
			    w->view.steps[i].step->number,
			    w->view.steps[i].step->title_en);
	if (store_clock_list(ctx, e->st, w->c.id, ROWS_MOST, &list, &n, err) !=
	    0)
		return -1;
	for (size_t i = 0; i < n; i++)
		order_say(ctx, said, "%s: %s",
		    clock_rule((enum clock_kind)list[i].kind)->name,
		    desk_two_zones(ctx, list[i].due));
	return 0;
}

int
order_reopen(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	if (!w->view.closed)
		return error_set(err, FAULT_DENIED, "%s is open", w->c.number);
	if (case_open_again(e, w, o->actor, err) != 0)
		return -1;
	order_say(ctx, said, "%s is open again", w->c.number);
	if (say_taken_up(e, ctx, w, said, err) != 0)
		return -1;
	return order_record(
	    e, w, o, RECORD_CASE_REOPENED, 0, 0, o->why, NULL, err);
}

/* ---- an incident is no vulnerability (RULES 31) ---- */

static int
hand_over(struct engine *e, struct casework *w, const struct order *o,
    const struct department *d, const struct contact *c, struct error *err)
{
	const char *language =
	    c->language != NULL ? c->language : e->s->language;
	const struct draft_share share = {.text = true, .by_hand = true};
	struct case_draft draft = {
	    .kind = c->notice ? MAIL_NOTICE : MAIL_INCIDENT,
	    .audience = AUDIENCE_DEPARTMENT,
	    .policy = POLICY_AUTO,
	    .department = d,
	    .to = {.address = c->address,
		.name = c->name,
		.language = language,
		.recipient = c->fingerprint,
		.encrypt = !c->notice},
	    .parts = c->notice ? 0 : TOLD_OVERVIEW | TOLD_DETAILS,
	    .overridden = o->override};
	struct facts f = {0};
	struct opening *opening;

	opening = told_opening(w, e, w->c.id, true, false, &draft.letter, err);
	if (opening == NULL && err->text[0] != '\0')
		return -1;
	draft_common_facts(&f, w, e, language);
	case_facts(&f, w, w, language);
	letter_facts(&f, w, e, &w->c, opening, share);
	draft_fact(&f, "to_name", c->name);
	draft_fact(&f, "department", d->title != NULL ? d->title : d->name);
	draft_fact(&f, "reason", o->why);
	return leave_draft(e, w, &draft, &f, o->actor, NULL, err);
}

int
order_incident(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct department *d =
	    desk_department(e->s, w->c.product, ROLE_CSIRT);

	if (d == NULL || d->ncontacts == 0)
		return error_set(err, FAULT_DENIED,
		    "no department has the role csirt: add it to the settings");
	for (size_t i = 0; i < d->ncontacts; i++) {
		if (hand_over(e, w, o, d, &d->contacts[i], err) != 0)
			return -1;
		order_say(ctx, said, "handed over to %s, %s", d->name,
		    d->contacts[i].name);
	}
	return close_case(e, ctx, w, o, CLOSE_INCIDENT, said, err);
}
