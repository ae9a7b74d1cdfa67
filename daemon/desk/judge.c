/*
 * judge.c - the trust table (DESIGN.md), row by row.
 *
 * Runs in the engine, pure.  Takes a letter's opening, the cases it may
 * belong to and the settings; gives one decision.  match_find() matches
 * first; then the rules below are asked in order, and the first that answers
 * has judged the letter.  What the answer brings with it (an automatic mail,
 * departments) is worked out last, by answer.c and route.c.
 *
 * Nothing here believes a header: authority is d->signer alone, and that is
 * a pinned fingerprint over the letter's own words.
 */
#include "desk_internal.h"

#include <talloc.h>

/* ---- where a letter may end ---- */

static void
set_aside(
    struct judging *j, enum reason reason, enum silence silence, bool tell_poc)
{
	j->d->state = LETTER_SET_ASIDE;
	j->d->reason = reason;
	j->d->silence = silence;
	j->d->tell_poc = tell_poc;
}

static void
quarantine(struct judging *j, enum reason reason)
{
	j->d->state = LETTER_QUARANTINED;
	j->d->reason = reason;
	j->d->silence = SILENCE_SET_ASIDE;
	j->d->tell_poc = true;
	j->d->unopened = true;
}

static void
join(struct judging *j, enum reason reason, enum silence silence)
{
	const struct correspondent *c =
	    correspondent_by_name(j->s, j->best->correspondent);

	j->d->state = LETTER_FILED;
	j->d->reason = reason;
	j->d->silence = silence;
	j->d->join = j->best->casefile;
	j->d->flow = c != NULL ? c->flow : FLOW_DIRECT;
	if (j->d->correspondent == NULL)
		j->d->correspondent = c;
}

/* A case of this correspondent's flow, or of a finder. */
static void
make_case(struct judging *j, enum reason reason, const struct correspondent *c)
{
	j->d->state = LETTER_FILED;
	j->d->reason = reason;
	j->d->new_case = true;
	j->d->flow = c != NULL ? c->flow : FLOW_DIRECT;
	j->d->correspondent = c;
}

/* The key block that came with a finder's letter (RULES 10).  A key that a
 * case has is never replaced by itself. */
static void
keep_key(struct judging *j)
{
	enum verdict v = j->d->signer.verdict;

	if ((v == VERDICT_UNSIGNED || v == VERDICT_UNKNOWN_KEY) &&
	    (j->best == NULL || j->best->bound_key == NULL))
		j->d->bind_key = report_has_key(j->s, j->o, &j->d->signer);
}

static enum reason
closed_reason(const struct judging *j)
{
	enum reason limit = desk_limit(j->o);

	if (limit != REASON_NONE)
		return limit;
	return j->o->unopened ? REASON_UNDECRYPTABLE : REASON_SMIME;
}

/* Filed, and what was encrypted in it waits for a key (RULES 6). */
static void
wait_for_key(struct judging *j)
{
	j->d->reason = closed_reason(j);
	j->d->unopened = true;
	j->d->tell_poc = true;
	/* There is nothing yet to say "received" of; a note may go. */
	if (j->d->silence == SILENCE_NONE)
		j->d->silence = SILENCE_POLICY;
}

static enum reason
machine_reason(enum machine machine)
{
	switch (machine) {
	case MACHINE_BOUNCE:
		return REASON_BOUNCE;
	case MACHINE_LIST:
		return REASON_LIST;
	default:
		return REASON_AUTO_REPLY;
	}
}

/* Joins the case it names; unconfirmed it moves nothing, and the POC sees. */
static void
join_named(struct judging *j, enum silence silence)
{
	join(j, j->confirmed ? REASON_JOINED : REASON_JOINED_UNCONFIRMED,
	    silence);
	j->d->unconfirmed = !j->confirmed;
	if (!j->confirmed)
		j->d->tell_poc = true;
	if (j->closed)
		wait_for_key(j);
}

/* A case whose counterpart is the correspondent that the letter claims. */
static bool
is_claimed_case(const struct judging *j, const struct candidate *c)
{
	return c != NULL && j->d->claims_correspondent &&
	       correspondent_by_name(j->s, c->correspondent) == j->claimed;
}

/* ---- the rules; each answers true when the letter is its own ---- */

/*
 * `psirt file N`: a person has accepted it.  It joins what it may join, or
 * the claimed correspondent's case that it names; else it makes a case.  The
 * person gives it a case, not authority: a claim is not acknowledged, and a
 * number from a foreign address still joins nothing.
 */
static bool
rule_by_hand(struct judging *j)
{
	struct decision *d = j->d;

	if (!j->in->by_hand)
		return false;
	if (j->best == NULL && is_claimed_case(j, j->foreign))
		j->best = j->foreign;
	if (j->best != NULL) {
		join(j, REASON_BY_HAND, SILENCE_JOINED);
	} else {
		make_case(j, REASON_BY_HAND,
		    d->signer.correspondent != NULL ? d->signer.correspondent
						    : j->claimed);
		if (d->signer.contact != NULL)
			d->silence = SILENCE_DEPARTMENT;
		else if (d->claims_correspondent)
			d->silence = SILENCE_SET_ASIDE;
		else if (d->signer.correspondent == NULL && !j->encrypted &&
			 j->s->acknowledge == ACKNOWLEDGE_ENCRYPTED)
			d->silence = SILENCE_POLICY;
	}
	d->unopened = j->o == NULL || j->closed;
	/* Nothing to say "received" of while nobody could read it. */
	if (d->new_case && d->unopened && d->silence == SILENCE_NONE)
		d->silence = SILENCE_POLICY;
	if (d->new_case && d->correspondent == NULL && j->o != NULL)
		keep_key(j);
	return true;
}

/* Our own mail came back: copy_to_self, a redirect. */
static bool
rule_own(struct judging *j)
{
	if (!j->in->own_message_id)
		return false;
	if (j->best != NULL)
		join(j, REASON_OWN, SILENCE_OWN);
	else
		set_aside(j, REASON_OWN, SILENCE_OWN, false);
	return true;
}

/* The read room was killed or refused: nothing is known of it. */
static bool
rule_broken(struct judging *j)
{
	if (j->o != NULL)
		return false;
	quarantine(j, REASON_BROKEN);
	return true;
}

/* A delivery report that names one of our mails. */
static bool
rule_bounce(struct judging *j)
{
	if (!j->in->bounce_of_ours)
		return false;
	if (j->best != NULL)
		join(j, REASON_BOUNCE, SILENCE_MACHINE);
	else
		set_aside(j, REASON_BOUNCE, SILENCE_MACHINE, false);
	return true;
}

/*
 * Bounce, auto-reply, list: with its case when it names one, or set aside.
 * Where the role address itself is a list, reports in clear come under List-*
 * too: one that looks like a report is told to the POC.
 */
static bool
rule_machine(struct judging *j)
{
	if (j->machine == MACHINE_NONE || machine_says_more(j))
		return false;
	if (machine_names_case(j))
		join(j, machine_reason(j->machine), SILENCE_MACHINE);
	else
		set_aside(j, machine_reason(j->machine), SILENCE_MACHINE,
		    j->machine == MACHINE_LIST && j->report);
	/* Perhaps a report: `psirt` shows it, unlike other list mail. */
	j->d->unconfirmed |= j->d->tell_poc;
	return true;
}

/*
 * The same report again (RULES 2): it says nothing new, whoever sent it.  But
 * that somebody foreign to the case has the same report is new to the POC.  A
 * block of it with other words around is joined further down, to be read.
 */
static bool
rule_duplicate(struct judging *j)
{
	if (j->best == NULL)
		return false;
	for (size_t i = 0; i < j->in->ncandidates; i++) {
		const struct candidate *c = &j->in->candidates[i];

		if (c->by == MATCH_REPORT && !c->partly &&
		    c->casefile == j->best->casefile) {
			join(j, REASON_DUPLICATE, SILENCE_JOINED);
			j->d->unopened = j->closed;
			j->d->unconfirmed =
			    !c->address_known || c->address_doubted;
			if (j->d->unconfirmed)
				j->d->tell_poc = true;
			return true;
		}
	}
	return false;
}

/*
 * Claims to be a correspondent, and its key does not say so.  This goes
 * before every join: RULES 1 would let a letter that names our number join
 * unconfirmed, but a notice in a correspondent's name, on that very case, is
 * what a forger would send.  Set aside with the case in d->named, the POC
 * told at once, it loses nothing: `psirt file N` joins it.  What could not
 * be opened has no signature to judge and goes on (RULES 6).
 */
static bool
rule_claims(struct judging *j)
{
	enum verdict v = j->d->signer.verdict;

	if (!j->d->claims_correspondent || (j->closed && v == VERDICT_UNSIGNED))
		return false;
	set_aside(j, v == VERDICT_UNSIGNED ? REASON_UNPINNED : REASON_FORGED,
	    SILENCE_SET_ASIDE, true);
	j->d->flow = j->claimed->flow;
	return true;
}

/* Signed by a department: by number or thread, never a case of its own. */
static bool
rule_department(struct judging *j)
{
	if (j->d->signer.contact == NULL)
		return false;
	if (j->best == NULL) {
		set_aside(j, REASON_DEPARTMENT, SILENCE_DEPARTMENT, true);
		return true;
	}
	join_named(j, SILENCE_DEPARTMENT);
	return true;
}

/*
 * Sent again so that we can read it: the case that waited for it is made of
 * it, and its sender hears so as for any report.  He answers the mail that
 * asked him to, or a key says who he is: a number is guessed, a From written
 * by anybody, and either would open the case on another's words.
 */
static bool
rule_opens(struct judging *j)
{
	const struct correspondent *c = j->d->signer.correspondent;

	if (j->best == NULL || !j->best->unopened || !j->confirmed ||
	    j->closed || (c == NULL && !j->encrypted))
		return false;
	if (!j->best->answers_us && j->d->signer.verdict != VERDICT_PINNED &&
	    j->d->signer.verdict != VERDICT_KNOWN)
		return false;
	make_case(j, REASON_NEW_REPORT, c);
	j->d->join = j->best->casefile;
	if (c == NULL)
		keep_key(j);
	return true;
}

/* Names a case that it may join, whoever signed it (RULES 1). */
static bool
rule_join(struct judging *j)
{
	if (j->best == NULL)
		return false;
	join_named(j, SILENCE_JOINED);
	return true;
}

/*
 * Cannot be decrypted (RULES 6), or passed a limit.  Tied to a correspondent,
 * to a known address or by a VN or TN: an `unopened` case, or the
 * correspondent's own case that it names, so that its clocks run.  A number
 * alone ties a letter to nothing when its address is foreign (RULES 1).  Clear
 * words that are a report make it a case further down, like any; not those of
 * half a letter.
 */
static bool
rule_unopened(struct judging *j)
{
	if (!j->closed || j->d->signer.correspondent != NULL)
		return false;
	if (is_claimed_case(j, j->foreign)) {
		j->best = j->foreign;
		join(j, closed_reason(j), SILENCE_JOINED);
		wait_for_key(j);
	} else if (j->d->claims_correspondent) {
		make_case(j, closed_reason(j), j->claimed);
		wait_for_key(j);
	} else if (j->foreign != NULL) {
		quarantine(j, closed_reason(j));
	} else if (j->in->address_known || report_has_vn(j->o)) {
		make_case(j, closed_reason(j), NULL);
		wait_for_key(j);
	} else if (j->report && desk_limit(j->o) == REASON_NONE) {
		return false;
	} else {
		quarantine(j, closed_reason(j));
	}
	return true;
}

/* Names a case from an address and key foreign to it: to the POC, unjoined. */
static bool
rule_foreign(struct judging *j)
{
	if (j->foreign == NULL)
		return false;
	set_aside(j, REASON_FOREIGN_NUMBER, SILENCE_SET_ASIDE, true);
	return true;
}

/* Signed by a correspondent's pinned key: a case of its flow. */
static bool
rule_correspondent(struct judging *j)
{
	if (j->d->signer.correspondent == NULL)
		return false;
	make_case(j, REASON_NEW_REPORT, j->d->signer.correspondent);
	if (j->closed)
		wait_for_key(j);
	return true;
}

/* Encrypted to us, unsigned or signed by whom we do not know: a finder. */
static bool
rule_encrypted(struct judging *j)
{
	if (!j->encrypted)
		return false;
	make_case(j, REASON_NEW_REPORT, NULL);
	keep_key(j);
	return true;
}

/* In clear, and it looks like a report. */
static bool
rule_clear_report(struct judging *j)
{
	if (!j->report)
		return false;
	make_case(j, REASON_NEW_REPORT, NULL);
	if (j->s->acknowledge == ACKNOWLEDGE_ENCRYPTED)
		j->d->silence = SILENCE_POLICY;
	if (j->closed)
		wait_for_key(j);
	keep_key(j);
	return true;
}

/*
 * In clear, and it does not: no case (RULES 3).  `acknowledge = any` answers
 * it all the same: RULES 3 forbids status mails, clocks and department mail
 * before a person accepted it, not the word that it came; that mail has no
 * case number to tell.
 */
static bool
rule_inquiry(struct judging *j)
{
	j->d->state = LETTER_INQUIRY;
	j->d->reason = REASON_INQUIRY;
	if (j->s->acknowledge != ACKNOWLEDGE_ANY)
		j->d->silence = SILENCE_POLICY;
	return true;
}

/* In this order: what is no letter to us, what belongs to a case, what may
 * make one. */
static bool (*const rules[])(struct judging *) = {
    rule_by_hand,
    rule_broken,
    rule_own,
    rule_bounce,
    rule_machine,
    rule_duplicate,
    rule_claims,
    rule_department,
    rule_opens,
    rule_join,
    rule_unopened,
    rule_foreign,
    rule_correspondent,
    rule_encrypted,
    rule_clear_report,
    rule_inquiry,
};

/* Everything the rules ask about, found once. */
static void
look(struct judging *j)
{
	struct decision *d = j->d;

	d->flow = FLOW_DIRECT;
	d->signer = (struct desk_signer){
	    .verdict = VERDICT_UNSIGNED, .why = "no signature"};
	if (j->o == NULL)
		return;
	j->machine = machine_of(&j->o->headers);
	j->closed = desk_is_closed(j->o);
	j->encrypted = report_encrypted(j->o) && !j->closed;
	j->report = report_in_text(j->o);
	match_find(j);
	j->claimed = claims_find(j);
	if (j->claimed != NULL && !signer_is(&d->signer, j->claimed)) {
		d->claims_correspondent = true;
		d->correspondent = j->claimed;
	}
}

struct decision *
desk_judge(const void *ctx, const struct desk_input *in)
{
	struct decision *d = talloc_zero(ctx, struct decision);
	struct judging j = {
	    .in = in, .s = in->settings, .o = in->opening, .d = d};

	if (d == NULL)
		return NULL;
	look(&j);
	for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++)
		if (rules[i](&j))
			break;
	if (j.o != NULL)
		d->exploited = exploited_words(d, j.o);
	if (answer_decide(&j) != 0 || route_decide(&j) != 0) {
		talloc_free(d);
		return NULL;
	}
	return d;
}
