/*
 * engine_arrival.c - a letter of the counterpart or the finder on a case: the
 * clocks it sets, the step that waited for it, who has to answer.
 *
 * Runs in the engine process, inside the transaction of the stop `file`.
 * What the letter means decides the desk (desk_arrival()).  One that is not
 * confirmed sets no clock, ends no step and opens no case again: a person
 * sees it (RULES 1).
 */
#include "engine_case.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define HOUR_S INT64_C(3600)

/* It says something of the case, and is surely of it. */
static bool
is_confirmed(const struct filing *f)
{
	return f->made_case || (!f->d->unconfirmed && f->o != NULL &&
				   (f->d->reason == REASON_JOINED ||
				       f->d->reason == REASON_BY_HAND));
}

/* ---- clocks ---- */

static int
add_clocks(struct filing *f, const struct found_clock *list, size_t n,
    enum clock_source source, struct error *err)
{
	for (size_t i = 0; i < n; i++) {
		struct store_clock c = {.casefile = f->c.id,
		    .kind = list[i].kind,
		    .due = list[i].due,
		    .source = source,
		    .zone_min = list[i].zone_min,
		    .note = (char *)(uintptr_t)list[i].words};

		if (source == CLOCK_OF_LETTER)
			c.letter = f->letter.id;
		if (clock_add(f->e, &c, "psirtd", err) != 0)
			return -1;
	}
	return 0;
}

/* "Please reply by Friday" binds us only in a coordinator's own words. */
static size_t
without_reply_by(struct found_clock *list, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (list[i].kind != CLOCK_REPLY_BY)
			list[kept++] = list[i];
	return kept;
}

/* Those of receipt, for a new case; and what the letter itself sets. */
static int
take_clocks(struct filing *f, struct error *err)
{
	struct found_clock *list = NULL;
	size_t n;

	if (f->made_case) {
		n = desk_first_clocks(
		    f, f->e->s, (enum flow)f->c.flow, f->c.received, &list);
		if (add_clocks(f, list, n, CLOCK_OF_FLOW, err) != 0)
			return -1;
	}
	if (f->o == NULL || !is_confirmed(f))
		return 0;
	n = desk_found_clocks(
	    f, f->e->s, f->o, &f->d->signer, f->letter.received, &list);
	if (f->d->signer.correspondent == NULL)
		n = without_reply_by(list, n);
	return add_clocks(f, list, n, CLOCK_OF_LETTER, err);
}

/* A running clock of this kind that a person or the flow has started. */
static bool
runs(const struct casework *w, enum clock_kind kind)
{
	for (size_t i = 0; i < w->nclocks; i++)
		if (w->clocks[i].kind == (uint32_t)kind)
			return true;
	return false;
}

/*
 * Words of active exploitation: whether the clocks of the CRA run from now on
 * says a person.  What would be due, and by which words, stands ready.
 */
static int
take_exploited(struct filing *f, const struct casework *w, struct error *err)
{
	static const struct {
		enum clock_kind kind;
		int64_t after_s;
	} proposed[] = {{CLOCK_CRA_WARNING, 24 * HOUR_S},
	    {CLOCK_CRA_NOTIFICATION, 72 * HOUR_S}};
	struct store_task t = {.kind = TASK_EXPLOITED,
	    .casefile = f->c.id,
	    .letter = f->letter.id,
	    .text = (char *)(uintptr_t)f->d->exploited};

	if (f->d->exploited == NULL)
		return 0;
	t.due = f->letter.received + proposed[0].after_s;
	for (size_t i = 0; i < sizeof(proposed) / sizeof(proposed[0]); i++) {
		struct store_clock c = {.casefile = f->c.id,
		    .kind = proposed[i].kind,
		    .due = f->letter.received + proposed[i].after_s,
		    .source = CLOCK_PROPOSED,
		    .letter = f->letter.id,
		    .note = (char *)(uintptr_t)f->d->exploited};

		if (!runs(w, proposed[i].kind) &&
		    clock_add(f->e, &c, "psirtd", err) != 0)
			return -1;
	}
	return task_add(f->e, &t, err);
}

/* ---- what it means ---- */

static bool
is_source(const struct filing *f)
{
	const struct mail_address *from;
	const struct desk_signer *signer = &f->d->signer;
	bool known = false;

	if (signer->verdict == VERDICT_KNOWN)
		return true;
	if (f->c.correspondent != NULL)
		return signer->correspondent != NULL &&
		       strcmp(signer->correspondent->name,
			   f->c.correspondent) == 0;
	from = desk_from(f->e->s, f->o,
	    f->c.finder_key_standing >= FINDER_KEY_BOUND ? f->c.finder_key
							 : NULL);
	if (from == NULL || from->address == NULL)
		return false;
	return store_case_has_address(
		   f->e->st, f->c.id, from->address, &known, NULL) == 0 &&
	       known;
}

/*
 * The answer's clock goes by the letter that waits longest: one that came
 * earlier may be opened later.  One that a person has set stands.
 */
static bool
answer_is_nearer(const struct casework *w, int64_t due)
{
	for (size_t i = 0; i < w->nclocks; i++)
		if (w->clocks[i].kind == CLOCK_INQUIRY)
			return w->clocks[i].source == CLOCK_OF_LETTER &&
			       due < w->clocks[i].due;
	return true;
}

/* A task; and where it has to be answered a clock. */
static int
add_task(struct filing *f, const struct casework *w, const struct arrival *a,
    const char *text, struct error *err)
{
	struct store_task t = {.kind = a->task,
	    .casefile = f->c.id,
	    .letter = f->letter.id,
	    .step = a->pass != NULL ? a->pass->id : 0,
	    .text = (char *)(uintptr_t)text};
	struct store_clock c = {.casefile = f->c.id,
	    .kind = CLOCK_INQUIRY,
	    .source = CLOCK_OF_LETTER,
	    .letter = f->letter.id};

	if (a->answer_due)
		t.due = settings_business_days(
		    f->e->s, f->letter.received, (int)f->e->s->reply_days);
	if (task_add(f->e, &t, err) != 0)
		return -1;
	c.due = t.due;
	if (t.due == 0 || !is_confirmed(f) || !answer_is_nearer(w, t.due))
		return 0;
	return clock_add(f->e, &c, "psirtd", err);
}

/*
 * Under the finder's own key, from where nobody has heard of it.  It is of the
 * case; whether it answers our questions says a person (<2>2.3.2).
 */
static bool
is_elsewhere(const struct filing *f)
{
	if (f->d->signer.verdict != VERDICT_KNOWN ||
	    f->d->reason == REASON_BY_HAND)
		return false;
	for (size_t i = 0; i < f->in.ncandidates; i++)
		if (f->in.candidates[i].casefile == f->c.id &&
		    f->in.candidates[i].address_known &&
		    !f->in.candidates[i].address_doubted)
			return false;
	return true;
}

/* JPCERT/CC is the window: one answer, that it is to be asked (RULES 30). */
static int
point_to_jpcert(struct filing *f, struct casework *w, struct error *err)
{
	const struct correspondent *jpcert = settings_jpcert(f->e->s);
	struct store_outmail *mails = NULL;
	size_t n = 0;
	struct case_draft d = {.kind = MAIL_MEDIATED,
	    .audience = AUDIENCE_COUNTERPART,
	    .policy = POLICY_APPROVE,
	    .letter = f->letter.id,
	    .in_reply_to = f->o->headers.message_id};
	struct facts facts = {0};
	int64_t mail = 0;

	if (f->c.finder_address == NULL || jpcert == NULL)
		return 0;
	if (store_outmail_list(
		w, f->e->st, 0, f->c.id, 1000, &mails, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (mails[i].kind == MAIL_MEDIATED &&
		    mails[i].state != OUTMAIL_CANCELLED)
			return 0;
	d.to = (struct draft_to){.address = f->c.finder_address,
	    .name = f->c.finder_name,
	    .language =
		f->c.language != NULL ? f->c.language : f->e->s->language};
	if (f->c.finder_key_blob.len > 0) {
		d.to.key = f->c.finder_key_blob;
		d.to.key_fpr = f->c.finder_key;
		d.to.encrypt = true;
	}
	draft_common_facts(&facts, w, f->e, d.to.language);
	case_facts(&facts, w, w, d.to.language);
	draft_fact(&facts, "to_name", f->c.finder_name);
	draft_fact(&facts, "coordinator", jpcert->name);
	if (jpcert->naddresses > 0)
		draft_fact(&facts, "coordinator_address", jpcert->addresses[0]);
	return draft_unless_refused(f->e, w, &d, &facts, &mail, err);
}

/*
 * What its words answer of what was asked.  They go on to departments without
 * what it quotes, and without the finder's card.  *out: what a person has to
 * say of those that it does not answer; NULL: none is out.
 */
static int
take_answers(
    struct filing *f, struct casework *w, char **out, struct error *err)
{
	const char *text = desk_text(f->o, NULL);
	char *words = desk_scrub(w, f->e->s, text != NULL ? text : "");
	size_t count = 0;

	if (words == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (question_answered(f->e, w, f->letter.id, words, &count, err) != 0)
		return -1;
	*out = questions_out(w, w);
	if (*out != NULL)
		*out = talloc_asprintf(w,
		    "Not answered by a number: question %s. Where the letter "
		    "answers it, type it: psirt question %s answer N \"…\"",
		    *out, w->c.number);
	return 0;
}

/* What follows the step hands on this letter, and no later one. */
static int
end_step(struct filing *f, struct casework *w, const struct case_step *pass,
    struct error *err)
{
	w->steps[pass - w->view.steps].letter = f->letter.id;
	return step_end(f->e, w, pass, false, "psirtd", err);
}

/*
 * Are its words what the signature says, and new?  Anybody on the way may send
 * an older letter once more, or lay other words beside it.
 */
static bool
is_its_answer(const struct filing *f, const struct case_step *pass)
{
	const struct desk_signer *signer = &f->d->signer;
	size_t part = 0;

	if (signer->fingerprint == NULL)
		return true;
	if (desk_signed_at(f->o, signer) < pass->started)
		return false;
	return desk_text(f->o, &part) == NULL ||
	       desk_signed_alike(f->e->s, f->o, (uint32_t)part + 1, signer);
}

/* It is written to again: the case is not over. */
static int
reopen(struct filing *f, struct casework *w, struct error *err)
{
	if (w->c.state != CASE_CLOSED || w->c.merged_into != 0 ||
	    !is_confirmed(f))
		return 0;
	if (case_open_again(f->e, w, "psirtd", err) != 0)
		return -1;
	f->c = w->c;
	return engine_record(
	    f->e, RECORD_CASE_REOPENED, f->c.id, f->letter.id, 0, 0, err);
}

static int
take_joined(struct filing *f, struct casework *w, struct error *err)
{
	const struct correspondent *jpcert = settings_jpcert(f->e->s);
	const struct correspondent *signer = f->d->signer.correspondent;
	struct arrival a = desk_arrival(&w->view, &f->d->signer, is_source(f),
	    jpcert != NULL && signer == jpcert,
	    f->d->unconfirmed != 0 || is_elsewhere(f));
	bool its = a.what == ARRIVAL_ENDS_STEP && is_its_answer(f, a.pass);
	char *out = NULL;

	if (reopen(f, w, err) != 0)
		return -1;
	if (its && question_awaited(w->view.flow, a.pass->step) &&
	    take_answers(f, w, &out, err) != 0)
		return -1;
	if (a.what == ARRIVAL_ENDS_STEP && (!its || out != NULL)) {
		/* A person reads what it is. */
		a.what = ARRIVAL_TASK;
		a.task = signer != NULL ? TASK_COUNTERPART : TASK_ANSWER_FINDER;
		a.answer_due = true;
	}
	if (a.what == ARRIVAL_ENDS_STEP && end_step(f, w, a.pass, err) != 0)
		return -1;
	if (a.task == TASK_MEDIATED && point_to_jpcert(f, w, err) != 0)
		return -1;
	return a.task != 0 ? add_task(f, w, &a, out, err) : 0;
}

/* Of a program, or here before: nothing follows. */
static bool
says_nothing(const struct filing *f)
{
	switch (f->d->reason) {
	case REASON_AUTO_REPLY:
	case REASON_LIST:
	case REASON_BOUNCE:
	case REASON_OWN:
	case REASON_DUPLICATE:
		return true;
	default:
		return false;
	}
}

/* The first status mail of a case whose report could be read (RULES 25). */
static int
begin_status(struct filing *f, struct casework *w, struct error *err)
{
	int64_t every = desk_status_every(&w->view);

	if (f->c.state != CASE_OPEN || every <= 0)
		return 0;
	f->c.next_status = w->c.next_status = f->c.received + every;
	/* Of an old letter that was adopted: not at once. */
	if (f->c.next_status < f->in.now)
		f->c.next_status = w->c.next_status = f->in.now + every;
	return store_case_put(f->e->st, &w->c, err);
}

int
arrival_take(struct filing *f, struct error *err)
{
	struct casework *w;

	if (!f->have_case || f->d->state != LETTER_FILED || says_nothing(f))
		return 0;
	if (take_clocks(f, err) != 0)
		return -1;
	w = case_load(f, f->e, f->c.id, err);
	if (w == NULL)
		return -1;
	if (f->made_case ? begin_status(f, w, err) != 0
			 : take_joined(f, w, err) != 0)
		return -1;
	return take_exploited(f, w, err);
}
