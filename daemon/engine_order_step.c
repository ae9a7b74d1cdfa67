/*
 * engine_order_step.c - what a person decides of a case's steps and answers:
 * start, done, skip, answers, shares, asking again, another flow file.
 *
 * Runs in the engine process, inside the transaction that engine_order.c
 * opens.  It writes what the person says where the desk allows it; what
 * follows from that says the stop `flow`.
 */
#include "engine_order.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"

/* ---- shared ---- */

int
order_refuse(const struct casework *w, const char *why, struct error *err)
{
	const char *at = why != NULL ? strstr(why, "CASE") : NULL;

	if (at == NULL)
		return error_set(
		    err, FAULT_DENIED, "%s", why != NULL ? why : "refused");
	return error_set(err, FAULT_DENIED, "%.*s%s%s", (int)(at - why), why,
	    w->c.number, at + strlen("CASE"));
}

static const struct flow_step *
step_of(const struct casework *w, const struct order *o, struct error *err)
{
	const struct flow_step *step =
	    o->step != NULL ? flow_step(w->view.flow, o->step) : NULL;

	if (step == NULL)
		error_set(err, FAULT_DENIED, "flow %s has no step %s",
		    flow_name(w->view.kind), o->step != NULL ? o->step : "?");
	return step;
}

/* The latest pass of the step; NULL: it has not come to it yet. */
static const struct case_step *
pass_of(const void *ctx, const struct casework *w, const struct order *o,
    struct error *err)
{
	const struct flow_step *step = step_of(w, o, err);
	const struct case_step *pass;
	char *why = NULL;

	if (step == NULL)
		return NULL;
	pass = case_step_of(&w->view, step->number);
	if (pass != NULL)
		return pass;
	if (desk_may_start(ctx, &w->view, step, &why))
		why = talloc_asprintf(ctx,
		    "%s has not begun: psirt step CASE %s start", step->number,
		    step->number);
	order_refuse(w, why, err);
	return NULL;
}

static void
say_refused(const void *ctx, const struct casework *w, char **said)
{
	if (w->refused == NULL)
		return;
	order_say(ctx, said, "not drafted: %s", w->refused);
	order_say(
	    ctx, said, "the handling lead may: --override GUARD --why \"…\"");
}

/* What the step has drafted, and what a person has to look at. */
static int
say_mails(struct engine *e, const void *ctx, const struct casework *w,
    const char *number, char **said, struct error *err)
{
	struct store_outmail *list = NULL;
	const struct case_step *pass;
	struct casework *now;
	size_t n = 0;
	size_t drafts = 0;

	now = case_load(ctx, e, w->c.id, err);
	if (now == NULL)
		return -1;
	pass = case_step_of(&now->view, number);
	if (store_outmail_of_step(ctx, e->st, pass->id, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		drafts += list[i].state == OUTMAIL_DRAFT;
	if (drafts > 0)
		order_say(ctx, said, "%zu draft%s wait%s: psirt approve",
		    drafts, drafts == 1 ? "" : "s", drafts == 1 ? "s" : "");
	return 0;
}

/* ---- start, done, skip ---- */

int
order_step_start(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct flow_step *step = step_of(w, o, err);
	char *why = NULL;

	if (step == NULL)
		return -1;
	if (!desk_may_start(ctx, &w->view, step, &why))
		return order_refuse(w, why, err);
	if (step->start == START_ROUTE)
		return order_refuse(
		    w, "it begins with the overviews: psirt route CASE", err);
	if (step_begin(e, w, step, true, o->override, o->actor, err) != 0)
		return -1;
	order_say(ctx, said, "%s %s: begun", step->number, step->title_en);
	say_refused(ctx, w, said);
	why = desk_step_warning(ctx, &w->view, step);
	if (why != NULL)
		order_say(ctx, said, "warning: %s", why);
	return say_mails(e, ctx, w, step->number, said, err);
}

int
order_step_end(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct case_step *pass = pass_of(ctx, w, o, err);
	char *why = NULL;

	if (pass == NULL)
		return -1;
	if (!desk_may_end(ctx, &w->view, pass, &why))
		return order_refuse(w, why, err);
	order_say(
	    ctx, said, "%s %s: done", pass->step->number, pass->step->title_en);
	return step_end(e, w, pass, false, o->actor, err);
}

int
order_step_skip(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct case_step *pass = pass_of(ctx, w, o, err);

	if (pass == NULL)
		return -1;
	if (pass->state != CASE_STEP_READY && pass->state != CASE_STEP_RUNNING)
		return error_set(
		    err, FAULT_DENIED, "%s is over", pass->step->number);
	if (!pass->step->optional && (o->why == NULL || o->why[0] == '\0'))
		return error_set(err, FAULT_DENIED,
		    "%s belongs to the flow: say why it is left out (--why)",
		    pass->step->number);
	order_say(ctx, said, "%s %s: left out", pass->step->number,
	    pass->step->title_en);
	return step_skip(e, w, pass, o->why, o->actor, err);
}

/* ---- answers ---- */

/* A person answers an offered step without its mails: it runs from now. */
static int
take_up(struct engine *e, struct casework *w, const struct case_step *pass,
    const struct order *o, struct error *err)
{
	for (size_t i = 0; i < w->view.nsteps; i++) {
		struct store_step *row = &w->steps[i];

		if (row->id != pass->id || row->state != STEP_READY)
			continue;
		row->state = STEP_RUNNING;
		row->started = clock_now();
		row->actor = (char *)(uintptr_t)o->actor;
		if (store_step_put(e->st, row, err) != 0)
			return -1;
		return order_record(e, w, o, RECORD_STEP_STARTED,
		    store_step_code(row->number), 0, NULL, NULL, err);
	}
	return 0;
}

/* The running step that asks for it, where none is named. */
static const struct case_step *
awaiting(const struct casework *w, enum answer_kind kind)
{
	for (size_t i = w->view.nsteps; i > 0; i--) {
		const struct case_step *pass = &w->view.steps[i - 1];

		for (size_t k = 0; pass->state == CASE_STEP_RUNNING &&
				   k < pass->step->nexpects;
		     k++)
			if (pass->step->expects[k] == kind)
				return pass;
	}
	return NULL;
}

/* For whom it is typed: a contact's department, or a party outside. */
static const char *
department_of(const struct settings *s, const char *by)
{
	for (size_t i = 0; by != NULL && i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++)
			if (strcasecmp(
				s->departments[i].contacts[k].name, by) == 0)
				return s->departments[i].name;
	return NULL;
}

static int
answer_one(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, const struct case_step *pass, const char *word,
    char **said, struct error *err)
{
	const char *is = strchr(word, '=');
	char *name =
	    is != NULL ? talloc_strndup(ctx, word, (size_t)(is - word)) : NULL;
	const struct answer_rule *rule =
	    name != NULL ? answer_by_word(name) : NULL;
	struct store_answer a = {.casefile = w->c.id, .at = clock_now()};
	const char *why = NULL;
	char *refusal = NULL;

	if (rule == NULL)
		return error_set(err, FAULT_DENIED,
		    "\"%s\" is no answer: psirt step %s %s shows the words",
		    name != NULL ? name : word, w->c.number,
		    o->step != NULL ? o->step : "STEP");
	a.value = answer_value(ctx, rule, is + 1, &why);
	if (a.value == NULL)
		return error_set(err, FAULT_DENIED, "%s: %s", rule->name,
		    why != NULL ? why : "not a value");
	if (pass == NULL)
		pass = awaiting(w, rule->kind);
	if (!desk_may_answer(
		ctx, &w->view, pass, rule, o->by, o->override, &refusal))
		return order_refuse(w, refusal, err);
	if (pass != NULL)
		a.step = pass->id;
	a.kind = rule->kind;
	a.by = (char *)(uintptr_t)(o->by != NULL ? o->by : o->actor);
	a.told_by = o->by != NULL ? (char *)(uintptr_t)o->actor : NULL;
	a.department = (char *)(uintptr_t)department_of(e->s, o->by);
	if (answer_record(e, w, &a, o->actor, err) != 0)
		return -1;
	order_say(ctx, said, "on record: %s = %s", rule->name, a.value);
	return 0;
}

int
order_answers(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct case_step *pass = NULL;
	int64_t casefile = w->c.id;

	if (o->nwords == 0)
		return error_set(err, FAULT_DENIED, "nothing is answered");
	if (o->step != NULL) {
		pass = pass_of(ctx, w, o, err);
		if (pass == NULL)
			return -1;
		if (pass->state == CASE_STEP_SKIPPED)
			return error_set(err, FAULT_DENIED, "%s was left out",
			    pass->step->number);
		/* What its mails are to say comes before them. */
		if ((pass->step->nmails == 0 ||
			flow_step_expects(pass->step, o->words, o->nwords)) &&
		    take_up(e, w, pass, o, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < o->nwords; i++) {
		/* What one changes the next one is asked of. */
		if (i > 0) {
			w = case_load(ctx, e, casefile, err);
			if (w == NULL)
				return -1;
			pass = o->step != NULL ? case_step_of(&w->view, o->step)
					       : NULL;
		}
		if (answer_one(e, ctx, w, o, pass, o->words[i], said, err) != 0)
			return -1;
	}
	return store_case_advance(e->st, casefile, true, err);
}

/* ---- who is told, and asking again ---- */

static const struct flow_share *
share_of(const struct flow_step *step, const char *name)
{
	for (size_t i = 0; i < step->nshares; i++)
		if (strcmp(role_name(step->shares[i].role), name) == 0)
			return &step->shares[i];
	return NULL;
}

/* What was said before but for this role, and the new word. */
static char *
shares_with(const void *ctx, const char *shares, const char *word)
{
	char *all = talloc_strdup(ctx, "");
	const char *p = shares != NULL ? shares : "";

	while (*p != '\0') {
		size_t len = strcspn(p, " ");

		if (len != strlen(word) ||
		    strncmp(p + 1, word + 1, len - 1) != 0)
			all = talloc_asprintf_append(all, "%.*s ", (int)len, p);
		p += len + strspn(p + len, " ");
	}
	return talloc_asprintf_append(all, "%s", word);
}

int
order_share(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct case_step *pass = pass_of(ctx, w, o, err);
	struct store_step *row;

	if (pass == NULL)
		return -1;
	row = &w->steps[pass - w->view.steps];
	for (size_t i = 0; i < o->nwords; i++) {
		const char *word = o->words[i];
		bool on = word[0] == '+';
		const struct flow_share *share =
		    on || word[0] == '-' ? share_of(pass->step, word + 1)
					 : NULL;
		bool was;

		if (share == NULL)
			return error_set(err, FAULT_DENIED,
			    "%s is shared with no \"%s\": say +ROLE or -ROLE "
			    "of those that psirt step %s shows",
			    pass->step->number, word, w->c.number);
		was = step_shares(row, share);
		row->shares = shares_with(w, row->shares, word);
		order_say(ctx, said, "%s: %s is %s", pass->step->number,
		    role_name(share->role), on ? "told" : "not told");
		/* Its outcome is there already. */
		if (on && !was && pass->state == CASE_STEP_ENDED &&
		    step_share(e, w, pass, share, o->actor, err) != 0)
			return -1;
	}
	say_refused(ctx, w, said);
	return store_step_put(e->st, row, err);
}

int
order_ask(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct case_step *pass = pass_of(ctx, w, o, err);
	struct flow_mail ask = {.template = "ask",
	    .to = AUDIENCE_DEPARTMENT,
	    .policy = POLICY_AUTO};
	size_t made = 0;
	int rc;

	if (pass == NULL)
		return -1;
	if (pass->state != CASE_STEP_RUNNING)
		return error_set(
		    err, FAULT_DENIED, "%s does not run", pass->step->number);
	if (pass->mails_waiting > 0)
		return error_set(err, FAULT_DENIED,
		    "a mail of %s waits already: psirt %s", pass->step->number,
		    pass->mails_draft > 0 ? "approve" : "queue");
	/* What asks nothing is told once more to whom it was meant for. */
	ask.roles = pass->step->lead;
	rc =
	    pass->step->nexpects > 0
		? step_mail(e, w, pass, &ask, o->override, o->actor, &made, err)
		: step_mails(e, w, pass, o->override, o->actor, &made, err);
	if (rc != 0)
		return -1;
	if (made == 0)
		return w->refused != NULL
			   ? order_refuse(w, w->refused, err)
			   : error_set(err, FAULT_DENIED,
				 "nobody in the settings is asked by %s",
				 pass->step->number);
	order_say(ctx, said, "%s: asked once more, %zu mail%s",
	    pass->step->number, made, made == 1 ? "" : "s");
	say_refused(ctx, w, said);
	return say_mails(e, ctx, w, pass->step->number, said, err);
}

/* ---- another flow file (RULES 29) ---- */

static bool
is_at(const struct case_step *pass)
{
	return pass->state == CASE_STEP_RUNNING ||
	       pass->state == CASE_STEP_READY;
}

/* The steps that the case is at and today's file does not have. */
static char *
gone_steps(
    const void *ctx, const struct casework *w, const struct flow_file *today)
{
	char *all = NULL;

	for (size_t i = 0; i < w->view.nsteps; i++) {
		const struct case_step *pass = &w->view.steps[i];

		if (is_at(pass) && flow_step(today, pass->step->number) == NULL)
			all = talloc_asprintf(ctx, "%s%s%s",
			    all != NULL ? all : "", all != NULL ? ", " : "",
			    pass->step->number);
	}
	return all;
}

static int
leave_gone(struct engine *e, struct casework *w, const struct flow_file *today,
    const struct order *o, struct error *err)
{
	for (size_t i = 0; i < w->view.nsteps; i++) {
		const struct case_step *pass = &w->view.steps[i];

		if (is_at(pass) &&
		    flow_step(today, pass->step->number) == NULL &&
		    step_end(e, w, pass, true, o->actor, err) != 0)
			return -1;
	}
	return 0;
}

int
order_step_move(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	const struct flow_file *today = settings_flow(e->s, w->view.kind);
	const struct flow_step *to = NULL;
	uint8_t digest[STORE_DIGEST_BYTES];
	int64_t id = 0;
	char *gone;

	if (store_flow_keep(e->st, w->c.flow, today->text, &id, err) != 0)
		return -1;
	if (id == w->c.flow_file)
		return error_set(err, FAULT_DENIED,
		    "%s goes by the file of today already", w->c.number);
	if (o->step != NULL && (to = flow_step(today, o->step)) == NULL)
		return error_set(err, FAULT_DENIED, "%s has no step %s",
		    today->path, o->step);
	gone = gone_steps(ctx, w, today);
	if (gone != NULL && to == NULL)
		return error_set(err, FAULT_DENIED,
		    "%s is at %s, which %s does not have: psirt step %s STEP "
		    "--move says where to",
		    w->c.number, gone, today->path, w->c.number);
	if (leave_gone(e, w, today, o, err) != 0)
		return -1;
	w->c.flow_file = id;
	w->c.advance = 1;
	store_digest(bytes_str(today->text), digest);
	if (store_case_put(e->st, &w->c, err) != 0 ||
	    order_record(e, w, o, RECORD_STEP_MOVED,
		to != NULL ? store_step_code(to->number) : 0, 0, NULL,
		bytes_hex(ctx, bytes_of(digest, sizeof(digest))), err) != 0)
		return -1;
	order_say(ctx, said, "%s goes by the file of today", w->c.number);
	w = case_load(ctx, e, w->c.id, err);
	if (w == NULL)
		return -1;
	if (to == NULL || case_step_of(&w->view, to->number) != NULL)
		return 0;
	/* Of the kept copy: it outlives the settings. */
	to = flow_step(w->view.flow, to->number);
	return step_begin(e, w, to,
	    to->start != START_HAND && to->start != START_ROUTE, o->override,
	    o->actor, err);
}
