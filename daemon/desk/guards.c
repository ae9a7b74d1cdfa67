/*
 * guards.c - may this mail leave, may this case close (RULES 28).
 *
 * Runs in the engine, pure.  Asked when a mail is drafted, approved and
 * sealed, whatever made it.  Three guards hold for every mail and stand in no
 * flow file: nobody writes past JPCERT/CC where it speaks with the finder, no
 * exploit goes where it has no business, no customer is told but by a step.
 * The others are those that the flow gives a step or one of its mails.
 */
#include "procedure_internal.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "desk_internal.h"

/* ---- what one guard asks; mail: NULL where a case is to be closed ---- */

struct asked {
	const void *ctx;
	const struct case_view *v;
	const struct leaving *mail;
	char **why;
};

/* Refuses: as a condition that returns what the guard does. */
static bool refused(const struct asked *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

static bool
refused(const struct asked *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	*a->why = talloc_vasprintf(a->ctx, fmt, ap);
	va_end(ap);
	return false;
}

static bool
has_address(const char *address, const char *other)
{
	return address != NULL && other != NULL &&
	       strcasecmp(address, other) == 0;
}

static bool
is_window(const struct correspondent *window, const char *address)
{
	return window != NULL && address != NULL &&
	       correspondent_has_address(window, address);
}

/* By its address, whatever kind of mail it is. */
static bool
goes_to_finder(const struct asked *a)
{
	return has_address(a->mail->address, a->v->finder_address) &&
	       !is_window(settings_jpcert(a->v->s), a->mail->address);
}

static bool
holds_no_finder(const struct asked *a, const struct guard *guard)
{
	return a->mail == NULL || !goes_to_finder(a) ||
	       refused(a, "it is for the finder, whom this step does not "
			  "write to");
}

/* The desk said so, or the department did: the last word counts. */
static bool
holds_answer(const struct asked *a, enum answer_kind kind, const char *value)
{
	const struct flow_when when = {kind, value};
	const struct flow_step *asks = case_asks(a->v, kind);
	const char *words;

	if (case_has(a->v, &when))
		return true;
	words = case_words(a->ctx, kind, value);
	return asks == NULL
		   ? refused(a, "\"%s\" is not on record", words)
		   : refused(a,
			 "\"%s\" is not on record: psirt step CASE %s \"%s\"%s",
			 words, asks->number, words,
			 answer_rule(kind)->desk ? "" : " --by NAME");
}

static bool
holds_consent(const struct asked *a, const struct guard *guard)
{
	return holds_answer(a, ANSWER_CONSENT, "yes");
}

static bool
holds_agreement(const struct asked *a, const struct guard *guard)
{
	return holds_answer(a, ANSWER_AGREEMENT, "yes");
}

static bool
holds_answered(const struct asked *a, const struct guard *guard)
{
	return holds_answer(a, guard->answer, guard->value);
}

/* Each customer for itself; a department or JPCERT/CC needs none. */
static bool
holds_nda(const struct asked *a, const struct guard *guard)
{
	if (a->mail == NULL || a->mail->audience != AUDIENCE_CUSTOMER)
		return true;
	if (a->mail->customer != NULL && a->mail->customer->nda)
		return true;
	return refused(a, "%s has no NDA in the customer file",
	    a->mail->customer != NULL ? a->mail->customer->name
				      : "the customer");
}

static bool
holds_not_before(const struct asked *a, const struct guard *guard)
{
	int64_t when = case_publication(a->v);

	if (when == 0)
		return refused(a, "no publication date is agreed");
	return a->v->now >= when ||
	       refused(a, "not before the publication date, %s",
		   desk_two_zones(a->ctx, when));
}

/* All of them, whichever pass or step it was that told each. */
static bool
holds_all_told(const struct asked *a, const char *number)
{
	if (a->v->customers_untold != NULL)
		return refused(a,
		    "%s has not reached %s: psirt step CASE %s again", number,
		    a->v->customers_untold, number);
	return a->v->customers_told > 0 ||
	       refused(
		   a, "the mails of %s have not left: psirt approve", number);
}

static bool
holds_requires_sent(const struct asked *a, const struct guard *guard)
{
	const struct case_step *pass = case_step_of(a->v, guard->step);

	if (pass != NULL && step_tells_customers(pass->step))
		return holds_all_told(a, guard->step);
	if (pass != NULL && pass->mails_sent > 0 && pass->mails_waiting == 0)
		return true;
	return refused(
	    a, "the mail of %s has not left: psirt approve", guard->step);
}

static bool (*const holds[GUARD_COUNT])(
    const struct asked *a, const struct guard *guard) = {
    [GUARD_NO_FINDER] = holds_no_finder,
    [GUARD_CONSENT] = holds_consent,
    [GUARD_NDA] = holds_nda,
    [GUARD_AGREEMENT] = holds_agreement,
    [GUARD_NOT_BEFORE] = holds_not_before,
    [GUARD_REQUIRES_SENT] = holds_requires_sent,
    [GUARD_ANSWERED] = holds_answered,
};

bool
guard_may_be_overridden(enum guard_kind kind)
{
	return kind > 0 && kind < GUARD_COUNT && holds[kind] != NULL;
}

static bool
is_overridden(uint32_t overridden, enum guard_kind kind)
{
	return guard_may_be_overridden(kind) &&
	       (overridden & (1U << (unsigned)kind)) != 0;
}

/* The first that refuses; 0 none. */
static enum guard_kind
first_refusal(const struct asked *a, const struct guard *guards, size_t n,
    uint32_t overridden)
{
	for (size_t i = 0; i < n; i++)
		if (guard_may_be_overridden(guards[i].kind) &&
		    !is_overridden(overridden, guards[i].kind) &&
		    !holds[guards[i].kind](a, &guards[i]))
			return guards[i].kind;
	return 0;
}

/* ---- what holds for every mail ---- */

static bool
is_contact(const struct settings *s, const char *address)
{
	for (size_t i = 0; address != NULL && i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++)
			if (has_address(
				address, s->departments[i].contacts[k].address))
				return true;
	return false;
}

/* An answer to a letter goes to whoever wrote it: by another address of the
 * finder's, too, and where the case has none of a finder. */
static bool
answers_outside(const struct asked *a)
{
	const struct leaving *mail = a->mail;

	return mail->audience == 0 &&
	       !is_window(case_window(a->v), mail->address) &&
	       !is_contact(a->v->s, mail->address);
}

/*
 * Where JPCERT/CC speaks with the finder, what is for the counterpart goes to
 * JPCERT/CC under its pinned key, and nothing goes to the finder but the one
 * answer that says so (RULES 30).
 */
static bool
keeps_the_window(const struct asked *a)
{
	const struct leaving *mail = a->mail;
	const struct correspondent *window;

	if (mail->audience != AUDIENCE_COORDINATOR) {
		if (!case_speaks_through_jpcert(a->v))
			return true;
		if (mail->mediated && a->v->kind != FLOW_JPCERT)
			return true;
		if (goes_to_finder(a) || answers_outside(a))
			return refused(a, "JPCERT/CC speaks with the finder of "
					  "this case, we do not");
		if (mail->audience != AUDIENCE_COUNTERPART)
			return true;
	}
	window = case_speaks_through_jpcert(a->v) ? case_window(a->v)
						  : settings_jpcert(a->v->s);
	if (!is_window(window, mail->address))
		return refused(
		    a, "it is for JPCERT/CC, and not to its address");
	if (mail->fingerprint == NULL ||
	    settings_correspondent_by_key(a->v->s, mail->fingerprint) != window)
		return refused(
		    a, "it is not sealed to a pinned key of %s", window->name);
	return true;
}

/* Role 0: the department was taken out of the settings since. */
static bool
keeps_the_exploit(const struct asked *a)
{
	const struct leaving *mail = a->mail;

	if ((mail->parts & CASE_PART_EXPLOIT) == 0)
		return true;
	if (mail->audience == AUDIENCE_CUSTOMER)
		return refused(a, "customers get no exploit");
	if (mail->audience != AUDIENCE_DEPARTMENT)
		return true;
	if (mail->role == 0)
		return refused(a, "its reader is in no department now, and "
				  "gets no exploit");
	if (mail->role == ROLE_SALES || mail->role == ROLE_CARE ||
	    mail->role == ROLE_PUBLICITY)
		return refused(a, "sales, care and publicity get no exploit");
	return true;
}

/* A customer is told by a step that tells customers; by nothing else, unless
 * it is the finder itself. */
static bool
keeps_to_the_flow(const struct asked *a)
{
	const struct leaving *mail = a->mail;
	bool told = mail->audience == AUDIENCE_CUSTOMER;

	if (!told && mail->address != NULL && mail->audience == 0 &&
	    settings_customer(a->v->s, mail->address) != NULL)
		told = !has_address(mail->address, a->v->finder_address);
	if (told && mail->step != NULL && step_tells_customers(mail->step))
		return true;
	return !told || refused(a, "no step tells customers of this case now");
}

/* Is this the mail of the step that is asked about?  Of two of one kind that
 * have conditions, the one whose conditions hold. */
static bool
is_mail(const struct asked *a, const struct flow_mail *mail, bool holds_now)
{
	const struct leaving *leaving = a->mail;

	return mail->to == leaving->audience && leaving->template != NULL &&
	       strcmp(mail->template, leaving->template) == 0 &&
	       (!holds_now || case_holds(a->v, mail->when, mail->nwhen));
}

static enum guard_kind
mail_refusal(const struct asked *a)
{
	const struct flow_step *step = a->mail->step;
	enum guard_kind refusal = 0;
	bool holds_now = false;

	for (size_t i = 0; i < step->nmails; i++)
		holds_now = holds_now || is_mail(a, &step->mails[i], true);
	for (size_t i = 0; refusal == 0 && i < step->nmails; i++)
		if (is_mail(a, &step->mails[i], holds_now))
			refusal = first_refusal(a, step->mails[i].guards,
			    step->mails[i].nguards, a->mail->overridden);
	return refusal;
}

enum guard_kind
desk_may_leave(const void *ctx, const struct case_view *v,
    const struct leaving *mail, char **why)
{
	const struct asked a = {ctx, v, mail, why};
	enum guard_kind refusal;

	*why = NULL;
	if (!keeps_the_exploit(&a))
		return GUARD_EXPLOIT;
	if (!keeps_to_the_flow(&a))
		return GUARD_FLOW;
	if (!is_overridden(mail->overridden, GUARD_NO_FINDER) &&
	    !keeps_the_window(&a))
		return GUARD_NO_FINDER;
	/* What the desk is told of its own step tells nobody anything. */
	if (mail->step == NULL || mail->audience == AUDIENCE_DESK)
		return 0;
	refusal = first_refusal(
	    &a, mail->step->guards, mail->step->nguards, mail->overridden);
	if (refusal == 0)
		refusal = mail_refusal(&a);
	return refusal;
}

/* "published, duplicate" */
static char *
reasons_of(const void *ctx, const struct flow_file *flow)
{
	char *list = talloc_strdup(ctx, "");

	for (size_t i = 0; i < flow->ncloses && list != NULL; i++)
		list = talloc_asprintf_append(list, "%s%s", i > 0 ? ", " : "",
		    close_reason_name(flow->closes[i].reason));
	return list;
}

enum guard_kind
desk_may_close(const void *ctx, const struct case_view *v,
    enum close_reason reason, uint32_t overridden, char **why)
{
	const struct asked a = {ctx, v, NULL, why};

	*why = NULL;
	for (size_t i = 0; i < v->flow->ncloses; i++) {
		const struct flow_close *row = &v->flow->closes[i];

		if (row->reason == reason)
			return first_refusal(
			    &a, row->guards, row->nguards, overridden);
	}
	refused(&a, "flow %s closes for none but: %s", flow_name(v->flow->flow),
	    reasons_of(ctx, v->flow));
	return GUARD_FLOW;
}
