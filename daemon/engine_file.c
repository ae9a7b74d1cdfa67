/*
 * engine_file.c - the stop `file`: opened -> filed | inquiry | set-aside |
 * quarantined.
 *
 * Runs in the engine process.  It asks the desk what the letter is
 * (engine_match.c gathers what it needs), and writes what the desk decided,
 * with the mails that follow, in one transaction.  It decides nothing itself.
 */
#include "engine_open.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

/* ---- writing what was decided ---- */

/* The key that signs for the finder of its case, or for that of a case that
 * was merged into it; or NULL. */
static const char *
bound_key(const struct filing *f)
{
	if (f->d->signer.verdict == VERDICT_KNOWN)
		return f->d->signer.fingerprint;
	return source_key(&f->c);
}

static const struct mail_address *
letter_from(const struct filing *f)
{
	return desk_from(f->e->s, f->o, bound_key(f));
}

/* Identifiers and addresses that the letter brings to its case.  Where its
 * protected From is believed, the outer one is no address of the finder. */
static int
write_case_facts(struct filing *f, struct error *err)
{
	const struct headers *h = &f->o->headers;
	const struct mail_address *from = letter_from(f);
	size_t nfrom = h->nfrom;

	if (from != h->from)
		nfrom = 1;
	for (size_t i = 0; i < f->o->nidents; i++) {
		const struct ident *id = &f->o->idents[i];

		if (id->kind != IDENT_CASE && id->kind != IDENT_TLP &&
		    store_case_ident_add(
			f->e->st, f->c.id, id->kind, id->value, err) != 0)
			return -1;
	}
	for (size_t i = 0; i < nfrom && from != NULL; i++)
		if (text_is_address(from[i].address) &&
		    store_case_address_add(
			f->e->st, f->c.id, from[i].address, err) != 0)
			return -1;
	return 0;
}

static char *
route_words(struct filing *f)
{
	char *words = NULL;

	for (size_t i = 0; i < f->d->nroutes; i++)
		words = talloc_asprintf(f, "%s%s%s", words != NULL ? words : "",
		    words != NULL ? " " : "", f->d->routes[i].department->name);
	return words;
}

static void
fill_case(struct filing *f)
{
	const struct decision *d = f->d;
	struct store_case *c = &f->c;
	const struct mail_address *from;

	c->flow = d->flow;
	c->state = d->unopened ? CASE_UNOPENED : CASE_OPEN;
	c->phase = 1;
	/* The clocks of a case that waited run since its first letter. */
	if (!f->have_case)
		c->received = f->letter.received;
	c->language = talloc_strdup(f, d->language);
	/*
	 * A claim makes no counterpart.  But the case that waits for a key is
	 * the claimed one's, so that its signed letter finds it (RULES 6).
	 */
	c->correspondent = NULL;
	if (d->correspondent != NULL &&
	    (!d->claims_correspondent || d->unopened))
		c->correspondent = talloc_strdup(f, d->correspondent->name);
	c->finder_name = c->finder_address = NULL;
	from = f->o != NULL ? letter_from(f) : NULL;
	if (c->correspondent == NULL && from != NULL) {
		c->finder_name = talloc_strdup(f, from->name);
		c->finder_address = talloc_strdup(f, from->address);
	}
	if (d->bind_key)
		finder_take_key(f);
	if (d->product >= 0)
		c->product =
		    talloc_strdup(f, f->e->s->products[d->product].name);
	c->proposed = route_words(f);
	c->routed = c->proposed != NULL ? 1 : 0;
	c->advance = 1;
}

/* It goes by the file of today to its end (RULES 29). */
static int
take_flow(struct filing *f, struct error *err)
{
	const struct flow_file *flow =
	    settings_flow(f->e->s, (enum flow)f->c.flow);

	if (flow == NULL)
		return error_set(err, FAULT_SETUP,
		    "there is no file of flow %s",
		    flow_name((enum flow)f->c.flow));
	return store_flow_keep(
	    f->e->st, f->c.flow, flow->text, &f->c.flow_file, err);
}

/* The case that the letter joins becomes f->c. */
static int
take_case(struct filing *f, struct error *err)
{
	if (f->d->join == 0 || (f->have_case && f->c.id == f->d->join))
		return 0;
	memset(&f->c, 0, sizeof(f->c));
	if (store_case_get(f, f->e->st, f->d->join, &f->c, err) != 1)
		return -1;
	f->have_case = true;
	return 0;
}

static int
write_case(struct filing *f, struct error *err)
{
	struct engine *e = f->e;

	if (!f->d->new_case)
		return 0;
	if (take_case(f, err) != 0)
		return -1;
	if (f->have_case && f->c.state != CASE_UNOPENED)
		return 0; /* a letter read again: its case stands */
	fill_case(f);
	if (take_flow(f, err) != 0)
		return -1;
	if (f->have_case) {
		if (store_case_put(e->st, &f->c, err) != 0)
			return -1;
	} else {
		f->c.filed = clock_now();
		if (store_case_new(f, e->st, &f->c, e->s->number_prefix,
			clock_year(f->c.filed), err) != 0 ||
		    engine_record(e, RECORD_CASE_MADE, f->c.id, f->letter.id, 0,
			f->c.flow, err) != 0)
			return -1;
	}
	f->have_case = f->made_case = true;
	if (f->c.finder_key != NULL &&
	    engine_record(e,
		f->c.finder_key_standing == FINDER_KEY_KEPT ? RECORD_KEY_KEPT
							    : RECORD_KEY_BOUND,
		f->c.id, f->letter.id, 0, 0, err) != 0)
		return -1;
	if (f->report != 0 &&
	    store_report_case(e->st, f->report, f->c.id, err) != 0)
		return -1;
	return f->o != NULL ? write_case_facts(f, err) : 0;
}

static int
write_join(struct filing *f, struct error *err)
{
	if (f->d->join == 0 || f->made_case)
		return 0;
	if (take_case(f, err) != 0)
		return -1;
	if (f->report != 0 && f->report_case == 0 &&
	    store_report_case(f->e->st, f->report, f->c.id, err) != 0)
		return -1;
	/* What a stranger writes into a thread teaches the case nothing. */
	if (f->o == NULL || f->d->reason != REASON_JOINED)
		return 0;
	if (finder_prove_key(f, letter_from(f), err) != 0)
		return -1;
	return write_case_facts(f, err);
}

static const enum record_what record_of[] = {
    [LETTER_FILED] = RECORD_LETTER_FILED,
    [LETTER_INQUIRY] = RECORD_LETTER_INQUIRY,
    [LETTER_SET_ASIDE] = RECORD_LETTER_SET_ASIDE,
    [LETTER_QUARANTINED] = RECORD_LETTER_QUARANTINED,
};

/* Answers to it name the protected one where a gateway wrote another. */
static int
write_message_ids(struct filing *f, struct error *err)
{
	const struct headers *inner = desk_inner(f->e->s, f->o, bound_key(f));
	const char *const ids[] = {
	    f->o->headers.message_id, inner != NULL ? inner->message_id : NULL};

	for (size_t i = 0; i < 2; i++)
		if (ids[i] != NULL &&
		    store_message_id_add(f->e->st, ids[i], f->letter.casefile,
			f->letter.id, 0, err) != 0)
			return -1;
	return 0;
}

static int
write_letter(struct filing *f, struct error *err)
{
	struct engine *e = f->e;
	struct store_letter *l = &f->letter;
	const struct decision *d = f->d;
	enum record_what what = record_of[d->state];

	l->state = d->state;
	l->reason = d->reason;
	/* Who signed what nobody could open is not known. */
	l->verdict =
	    f->o == NULL || desk_is_closed(f->o) ? 0 : d->signer.verdict;
	l->casefile = f->have_case ? f->c.id : 0;
	l->unconfirmed = d->unconfirmed;
	if (f->o != NULL) {
		const struct mail_address *from = letter_from(f);
		const char *subject = desk_subject(f->o);

		l->sender =
		    from != NULL ? talloc_strdup(f, from->address) : NULL;
		l->subject = subject != NULL ? talloc_strdup(f, subject) : NULL;
	}
	l->signer = d->signer.correspondent != NULL
			? talloc_strdup(f, d->signer.correspondent->name)
		    : d->signer.contact != NULL
			? talloc_strdup(f, d->signer.contact->name)
			: NULL;
	if (what == RECORD_LETTER_FILED && !d->new_case)
		what = RECORD_LETTER_JOINED;
	if (store_letter_put(e->st, l, LETTER_OPENED, err) != 0 ||
	    engine_record(e, what, l->casefile, l->id, 0, l->reason, err) != 0)
		return -1;
	if (f->o != NULL && l->casefile != 0 && !f->in.own_message_id &&
	    write_message_ids(f, err) != 0)
		return -1;
	/* Its clocks run in hours, also while it lies set aside as a claim. */
	if (d->exploited != NULL &&
	    (d->state == LETTER_FILED || d->claims_correspondent) &&
	    store_alert_add(e->st, REASON_EXPLOITED, l->id, l->casefile,
		f->in.now, err) != 0)
		return -1;
	if (d->tell_poc && store_alert_add(e->st, l->reason, l->id, l->casefile,
			       f->in.now, err) != 0)
		return -1;
	return 0;
}

static struct draft_to
answer_to(const struct filing *f)
{
	const struct decision *d = f->d;
	struct draft_to to = {0};

	to.address = d->reply_to;
	to.name = d->reply_name;
	to.language = d->language;
	if (d->signer.verdict == VERDICT_PINNED) {
		to.recipient = d->signer.fingerprint;
		to.encrypt = true;
	} else if (f->have_case && f->c.finder_key != NULL &&
		   f->c.finder_key_blob.len > 0) {
		to.key = f->c.finder_key_blob;
		to.key_fpr = f->c.finder_key;
		to.encrypt = true;
	}
	return to;
}

static int
write_answers(struct filing *f, struct error *err)
{
	const struct decision *d = f->d;
	struct draft_to to = answer_to(f);

	/* Without a case it says that the letter came, and no number. */
	if (d->acknowledge && draft_acknowledge(f->e, &f->c, &f->letter, f->o,
				  f->report, &to, err) != 0) {
		if (err->fault != FAULT_DENIED)
			return -1;
		error_clear(err); /* this report has its answer already */
	}
	if (!d->acknowledge &&
	    engine_record(f->e, RECORD_NO_ACKNOWLEDGE, f->letter.casefile,
		f->letter.id, 0, d->silence, err) != 0)
		return -1;
	if (d->ask_resend && draft_resend(f->e, &f->letter, f->o, f->report,
				 f->letter.casefile, &to, err) != 0) {
		if (err->fault != FAULT_DENIED)
			return -1;
		error_clear(err);
	}
	return 0;
}

static int
write_routes(struct filing *f, struct error *err)
{
	const struct decision *d = f->d;
	struct draft_share share = {0};
	const struct department **to;

	if (!f->made_case || d->nroutes == 0)
		return 0;
	if (!d->route_now)
		return engine_record(f->e, RECORD_ROUTE_PROPOSED, f->c.id,
		    f->letter.id, 0, (uint32_t)d->nroutes, err);
	to = talloc_array(f, const struct department *, d->nroutes);
	for (size_t i = 0; i < d->nroutes; i++)
		to[i] = d->routes[i].department;
	share.text = d->share_text;
	if (draft_overviews(f->e, &f->c, f->letter.id, f->o, to, d->nroutes,
		share, "psirtd", err) != 0)
		return -1;
	f->c.routed = 2;
	return store_case_put(f->e->st, &f->c, err);
}

/* What the letter means for the case it belongs to now. */
static int
write_procedure(struct filing *f, struct error *err)
{
	int taken;

	if (bounce_take(f, err) != 0)
		return -1;
	taken = answer_take(f, err);
	if (taken < 0)
		return -1;
	if (taken == 0 &&
	    (arrival_take(f, err) != 0 || link_propose(f, err) != 0))
		return -1;
	return f->have_case ? store_case_advance(f->e->st, f->c.id, true, err)
			    : 0;
}

/*
 * When our mail server got it (RULES 8).  The topmost Received is that
 * server's; the mailbox gives a later time to a letter that was moved there,
 * and none at all where it does not tell.
 */
static void
find_received(struct filing *f)
{
	int64_t at = f->o != NULL ? f->o->headers.received : 0;

	if (at > 0 && (at < f->letter.received || f->letter.received <= 0))
		f->letter.received = at;
}

static int
file_letter(struct filing *f, struct error *err)
{
	f->o = engine_opening(f, f->e, f->letter.id, err);
	if (f->o == NULL && err->text[0] != '\0')
		return -1;
	find_received(f);
	if (f->letter.casefile != 0) {
		/* Walks the stops once more: its case is there (RULES 6). */
		if (store_case_get(
			f, f->e->st, f->letter.casefile, &f->c, err) != 1)
			return -1;
		f->have_case = true;
	}
	if (store_begin(f->e->st, err) != 0 || filing_gather(f, err) != 0)
		return -1;
	f->d = desk_judge(f, &f->in);
	if (f->d == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (write_case(f, err) != 0 || write_join(f, err) != 0 ||
	    write_letter(f, err) != 0 || write_answers(f, err) != 0 ||
	    write_routes(f, err) != 0 || write_procedure(f, err) != 0)
		return -1;
	return stop_commit(f->e, "file", err);
}

/*
 * What came out of the letter cannot be used, or it ended psirtd itself again
 * and again: quarantined whole, so that the letters behind it go on.  Not for
 * a store in trouble: that waits.
 */
static int
quarantine(struct filing *f, struct error *err)
{
	struct engine *e = f->e;

	store_rollback(e->st);
	f->letter.state = LETTER_QUARANTINED;
	f->letter.reason = REASON_BROKEN;
	if (store_begin(e->st, err) != 0 ||
	    store_letter_put(e->st, &f->letter, LETTER_OPENED, err) != 0 ||
	    engine_record(e, RECORD_LETTER_QUARANTINED, f->letter.casefile,
		f->letter.id, 0, REASON_BROKEN, err) != 0 ||
	    store_alert_add(
		e->st, REASON_BROKEN, f->letter.id, 0, clock_now(), err) != 0)
		return -1;
	return stop_commit(e, "file", err);
}

bool
stop_file(struct engine *e)
{
	struct error err = {0};
	struct filing *f;
	int64_t id = 0;
	bool done = false;
	int may;

	if (!e->unlocked)
		return false;
	if (store_letter_next(e->st, LETTER_OPENED, 0, &id, &err) != 0) {
		engine_trouble(e, "file", &err);
		return false;
	}
	if (id == 0)
		return false;
	may = stop_try(e, "file", id, 1);
	if (may < 0)
		return false;
	f = talloc_zero(e, struct filing);
	f->e = e;
	if (store_letter_get(f, e->st, id, &f->letter, &err) != 1) {
		engine_trouble(e, "file", &err);
		goto out;
	}
	/* Not for a letter that a person decided on meanwhile. */
	e->in_doubt =
	    (f->letter.came & CAME_RECONCILED) != 0 && f->letter.by_hand == 0;
	if (may == 0) {
		done = quarantine(f, &err) == 0;
		if (!done)
			engine_trouble(e, "file", &err);
	} else if (file_letter(f, &err) != 0) {
		log_warn("letter=%lld stop=file %s", (long long)id, err.text);
		if (err.fault != FAULT_INPUT || quarantine(f, &err) != 0)
			engine_trouble(e, "file", &err);
		done = err.fault == FAULT_INPUT;
	} else {
		log_info("letter=%lld stop=file %s %s%s%s", (long long)id,
		    letter_state_name(f->d->state), reason_name(f->d->reason),
		    f->have_case ? " case=" : "",
		    f->have_case && f->c.number != NULL ? f->c.number : "");
		done = true;
	}
out:
	e->in_doubt = false;
	talloc_free(f);
	return done;
}
