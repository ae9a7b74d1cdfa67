/*
 * engine_case.c - rows become a casework: what the desk is told of a case.
 *
 * Runs in the engine process and writes nothing of a case.  A case goes to
 * its end by the flow file it began with, whose text stands in the store
 * (RULES 29): here those texts become flows, each parsed once.
 */
#include "engine_step.h"

#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define CLOCKS_MOST 1000

_Static_assert(CASE_STEP_READY == STEP_READY, "states of a pass");
_Static_assert(CASE_STEP_RUNNING == STEP_RUNNING, "states of a pass");
_Static_assert(CASE_STEP_ENDED == STEP_ENDED, "states of a pass");
_Static_assert(CASE_STEP_SKIPPED == STEP_SKIPPED, "states of a pass");

/* A flow that some case goes by. */
struct kept_flow {
	int64_t id;
	const struct flow_file *flow;
};

/* ---- flows ---- */

static void
keep_parsed(struct engine *e, int64_t id, const struct flow_file *flow)
{
	e->flows = talloc_realloc(e, e->flows, struct kept_flow, e->nflows + 1);
	e->flows[e->nflows++] = (struct kept_flow){id, flow};
}

static const struct flow_file *
flow_of_row(struct engine *e, int64_t id, struct error *err)
{
	const struct flow_file *flow;
	char *errors = NULL;
	char *text = NULL;
	uint32_t kind = 0;
	int found;

	for (size_t i = 0; i < e->nflows; i++)
		if (e->flows[i].id == id)
			return e->flows[i].flow;
	found = store_flow_get(e, e->st, id, &kind, &text, err);
	if (found == 0)
		error_set(err, FAULT_SETUP, "the text of flow %lld is gone",
		    (long long)id);
	if (found != 1)
		return NULL;
	flow = flow_parse(e, (enum flow)kind,
	    talloc_asprintf(e, "flow %s of the database, %lld",
		flow_name((enum flow)kind), (long long)id),
	    text, &errors, err);
	if (flow == NULL && errors != NULL)
		fputs(errors, stderr);
	if (flow != NULL)
		keep_parsed(e, id, flow);
	return flow;
}

const struct flow_file *
case_flow(struct engine *e, const struct store_case *c, struct error *err)
{
	const struct flow_file *flow;

	if (c->flow_file != 0)
		return flow_of_row(e, c->flow_file, err);
	/* It was made before cases went by one. */
	flow = settings_flow(e->s, (enum flow)c->flow);
	if (flow == NULL)
		error_set(err, FAULT_SETUP, "there is no file of flow %s",
		    flow_name((enum flow)c->flow));
	return flow;
}

/* ---- rows -> casework ---- */

static struct case_step *
view_step(struct casework *w, int64_t id)
{
	struct case_step *steps = (struct case_step *)(uintptr_t)w->view.steps;

	for (size_t i = 0; i < w->view.nsteps; i++)
		if (steps[i].id == id)
			return &steps[i];
	return NULL;
}

/* A number that the case's flow does not have is of a file it has left. */
static int
load_steps(struct casework *w, struct engine *e, struct error *err)
{
	struct case_step *steps;
	size_t all = 0;
	size_t n = 0;

	if (store_step_list(w, e->st, w->c.id, &w->steps, &all, err) != 0)
		return -1;
	steps = talloc_zero_array(w, struct case_step, all + 1);
	for (size_t i = 0; i < all; i++) {
		const struct store_step *row = &w->steps[i];
		const struct flow_step *step =
		    flow_step(w->view.flow, row->number);

		if (step == NULL)
			continue;
		steps[n] = (struct case_step){.id = row->id,
		    .step = step,
		    .round = row->round,
		    .state = row->state,
		    .started = row->started,
		    .due = row->due,
		    .ref = row->ref};
		w->steps[n++] = *row;
	}
	w->view.steps = steps;
	w->view.nsteps = n;
	return 0;
}

/* What a step is done by; not what only speaks of it. */
static bool
is_of_step(uint32_t kind)
{
	return kind != MAIL_REMINDER && kind != MAIL_CONFIRM &&
	       kind != MAIL_SHARE;
}

/* How far the mails of each pass have come: counted, for a case may have one
 * to each of thousands, and is loaded for each of them. */
static int
load_mails(struct casework *w, struct engine *e, struct error *err)
{
	struct store_mail_count *list = NULL;
	void *ctx = talloc_new(w);
	size_t n = 0;
	int rc = store_step_mails(ctx, e->st, w->c.id, &list, &n, err);

	for (size_t i = 0; rc == 0 && i < n; i++) {
		struct case_step *step = is_of_step(list[i].kind)
					     ? view_step(w, list[i].step)
					     : NULL;
		unsigned mails = (unsigned)list[i].mails;

		if (step == NULL)
			continue;
		/* What came back was as good as not sent. */
		if (list[i].state == OUTMAIL_SENT && !list[i].bounced)
			step->mails_sent += mails;
		else if (list[i].state == OUTMAIL_CANCELLED ||
			 list[i].state == OUTMAIL_FAILED || list[i].bounced)
			step->mails_dropped += mails;
		else
			step->mails_waiting += mails;
		if (list[i].state == OUTMAIL_DRAFT)
			step->mails_draft += mails;
		else if (list[i].state == OUTMAIL_HELD ||
			 list[i].state == OUTMAIL_UNCERTAIN)
			step->mails_held += mails;
	}
	talloc_free(ctx);
	return rc;
}

static int
load_answers(struct casework *w, struct engine *e, struct error *err)
{
	struct case_answer *answers;
	size_t n = 0;

	if (store_answer_list(
		w, e->st, w->c.id, &w->answers, &w->nanswers, err) != 0)
		return -1;
	answers = talloc_zero_array(w, struct case_answer, w->nanswers + 1);
	for (size_t i = 0; i < w->nanswers; i++) {
		const struct store_answer *row = &w->answers[i];
		const struct case_step *step;

		if (row->void_)
			continue;
		step = row->step != 0 ? view_step(w, row->step) : NULL;
		answers[n++] = (struct case_answer){.id = row->id,
		    .kind = (enum answer_kind)row->kind,
		    .value = row->value,
		    .by = row->by,
		    .department = row->department,
		    .step = step != NULL ? step->step : NULL,
		    .at = row->at};
	}
	w->view.answers = answers;
	w->view.nanswers = n;
	return 0;
}

static int
load_rest(struct casework *w, struct engine *e, struct error *err)
{
	if (store_question_list(
		w, e->st, w->c.id, &w->questions, &w->nquestions, err) != 0)
		return -1;
	for (size_t i = 0; i < w->nquestions; i++)
		if (w->questions[i].state == QUESTION_OPEN ||
		    w->questions[i].state == QUESTION_ASKED)
			w->view.questions_open++;
	return store_clock_list(
	    w, e->st, w->c.id, CLOCKS_MOST, &w->clocks, &w->nclocks, err);
}

int
case_customers(const void *ctx, struct engine *e, const struct store_case *c,
    enum mail_kind kind, struct customer_reached **list, size_t *n,
    struct error *err)
{
	const struct settings *s = e->s;
	const size_t most = s->ncustomers + 1;
	const char **addresses = talloc_array(ctx, const char *, most);
	uint32_t *states = talloc_array(ctx, uint32_t, most);

	*n = 0;
	*list = talloc_array(ctx, struct customer_reached, most);
	for (size_t i = 0; i < s->ncustomers; i++) {
		if (!customer_has(&s->customers[i], c->product))
			continue;
		addresses[*n] = s->customers[i].address;
		(*list)[(*n)++].customer = &s->customers[i];
	}
	if (*n > 0 && store_mails_reached(
			  e->st, c->id, kind, addresses, *n, states, err) != 0)
		return -1;
	for (size_t i = 0; i < *n; i++)
		(*list)[i].state = states[i];
	return 0;
}

/* Every notice that was to leave has left, or will not: now it can be said
 * who has none.  Before, a case is loaded for each of thousands. */
static bool
notices_are_out(const struct case_view *v)
{
	bool out = false;

	for (size_t i = 0; i < v->nsteps; i++) {
		const struct case_step *pass = &v->steps[i];

		if (!step_tells_customers(pass->step))
			continue;
		if (pass->mails_waiting > 0)
			return false;
		out = out || pass->mails_sent + pass->mails_dropped > 0;
	}
	return out;
}

static int
load_customers(struct casework *w, struct engine *e, struct error *err)
{
	struct customer_reached *list = NULL;
	char *names = NULL;
	size_t n = 0;

	if (!notices_are_out(&w->view))
		return 0;
	if (case_customers(w, e, &w->c, MAIL_CUSTOMER, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (list[i].state == OUTMAIL_SENT)
			w->view.customers_told++;
		else
			names = talloc_asprintf(w, "%s%s%s",
			    names != NULL ? names : "",
			    names != NULL ? ", " : "", list[i].customer->name);
	}
	w->view.customers_untold = names;
	return 0;
}

struct casework *
case_load(
    const void *ctx, struct engine *e, int64_t casefile, struct error *err)
{
	struct casework *w = talloc_zero(ctx, struct casework);
	struct case_view *v = &w->view;
	int found = store_case_get(w, e->st, casefile, &w->c, err);

	if (found == 0)
		error_set(err, FAULT_DENIED, "there is no such case");
	if (found != 1)
		goto fail;
	v->s = e->s;
	v->flow = case_flow(e, &w->c, err);
	v->kind = (enum flow)w->c.flow;
	v->channel = w->c.channel;
	v->closed = w->c.state == CASE_CLOSED;
	v->phase = w->c.phase;
	v->product = w->c.product;
	v->counterpart = w->c.correspondent;
	v->finder_address = w->c.finder_address;
	v->received = w->c.received;
	v->routed = w->c.routed;
	v->now = clock_now();
	if (v->flow != NULL && load_steps(w, e, err) == 0 &&
	    load_mails(w, e, err) == 0 && load_answers(w, e, err) == 0 &&
	    load_customers(w, e, err) == 0 && load_rest(w, e, err) == 0)
		return w;
fail:
	talloc_free(w);
	return NULL;
}

int
case_record(struct engine *e, int64_t casefile, enum record_what what,
    uint32_t code, const char *digest, const char *note, const char *actor,
    struct error *err)
{
	struct store_record r = {0};

	r.at = clock_now();
	r.what = what;
	r.actor = (char *)(uintptr_t)actor;
	r.casefile = casefile;
	r.code = code;
	r.digest = (char *)(uintptr_t)digest;
	r.note = (char *)(uintptr_t)note;
	return store_record_add(e->st, &r, err);
}

/* ---- at start ---- */

/*
 * Another file than last time: the record says so, and where it guards less
 * than the one shipped (RULES 28).
 */
static int
note_change(struct engine *e, const struct flow_file *flow, int64_t id,
    struct error *err)
{
	void *ctx = talloc_new(e);
	char *name = talloc_asprintf(ctx, "flow-%s", flow_name(flow->flow));
	char *notes = flow_notes(ctx, flow);
	uint8_t digest[STORE_DIGEST_BYTES];
	int64_t last = 0;
	int rc;

	if (notes != NULL)
		log_warn("%s: guards less than the file shipped: \"psirtd -n\" "
			 "says where",
		    flow->path);
	store_digest(bytes_str(flow->text), digest);
	rc = store_memo_get(e->st, name, &last, err) < 0 ? -1 : 0;
	if (rc == 0 && last != id &&
	    (store_memo_put(e->st, name, id, err) != 0 ||
		case_record(e, 0, RECORD_FLOW, flow->flow,
		    bytes_hex(ctx, bytes_of(digest, sizeof(digest))), NULL,
		    "psirtd", err) != 0 ||
		(notes != NULL &&
		    case_record(e, 0, RECORD_GUARD_MISSING, flow->flow, NULL,
			notes, "psirtd", err) != 0)))
		rc = -1;
	talloc_free(ctx);
	return rc;
}

static int
keep_flows(struct engine *e, struct error *err)
{
	static const enum flow all[] = {FLOW_DIRECT, FLOW_JPCERT};

	if (store_begin(e->st, err) != 0)
		return -1;
	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		const struct flow_file *flow = settings_flow(e->s, all[i]);
		int64_t id = 0;

		if (flow == NULL)
			continue;
		if (store_flow_keep(e->st, all[i], flow->text, &id, err) != 0 ||
		    note_change(e, flow, id, err) != 0) {
			store_rollback(e->st);
			return -1;
		}
		keep_parsed(e, id, flow);
	}
	return store_commit(e->st, err);
}

/* A step that a case is at and that its flow does not have. */
static int
check_case(struct engine *e, const void *ctx, const char *number,
    const struct store_case *c, struct error *err)
{
	const struct flow_file *flow = case_flow(e, c, err);
	struct store_step *steps = NULL;
	size_t n = 0;

	if (flow == NULL)
		return error_prefix(err, "case %s", number);
	if (store_step_list(ctx, e->st, c->id, &steps, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if ((steps[i].state == STEP_RUNNING ||
			steps[i].state == STEP_READY) &&
		    flow_step(flow, steps[i].number) == NULL)
			return error_set(err, FAULT_SETUP,
			    "case %s is at step %s, which %s does not have; "
			    "start the psirtd that made it and say \"psirt "
			    "step %s --move\"",
			    number, steps[i].number, flow->path, number);
	return 0;
}

/* One that was damaged does not keep psirtd from starting: the stop `flow`
 * takes it up, and sets it aside with an alert. */
static int
start_case(struct engine *e, int64_t id, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_case c = {0};
	char *number = NULL;
	int rc = store_case_number(ctx, e->st, id, &number, err);

	if (rc == 0 && (store_case_get(ctx, e->st, id, &c, err) != 1 ||
			   check_case(e, ctx, number, &c, err) != 0))
		rc = -1;
	if (rc != 0 && err->fault == FAULT_INPUT) {
		log_warn("case=%s cannot be read: %s", number, err->text);
		error_clear(err);
		rc = store_begin(e->st, err);
		if (rc == 0)
			rc = store_case_advance(e->st, id, true, err);
		if (rc == 0)
			rc = store_commit(e->st, err);
	}
	talloc_free(ctx);
	return rc;
}

int
case_flows_start(struct engine *e, struct error *err)
{
	int64_t id = INT64_MAX;

	if (keep_flows(e, err) != 0)
		return -1;
	do {
		if (store_case_next(e->st, id, false, &id, err) != 0)
			return -1;
		if (id != 0 && start_case(e, id, err) != 0)
			return -1;
	} while (id != 0);
	/* An NDA of today, a key, another product: settings are an event. */
	if (store_begin(e->st, err) != 0 ||
	    store_case_advance_offered(e->st, err) != 0)
		return -1;
	return store_commit(e->st, err);
}
