/*
 * command_judge.c - may a department's answer move a step (RULES 12).
 *
 * Takes who signed, when, what the lines say, and the pass that their
 * reference names; gives the first reason why nothing moves.  That the same
 * signature was used before is the store's to say.  Pure.
 */
#include "psirtd/procedure.h"

#include <string.h>

/* Has this department a contact with the key? */
static bool
has_contact(const struct department *d, const char *fingerprint)
{
	for (size_t i = 0; d != NULL && i < d->ncontacts; i++)
		if (d->contacts[i].fingerprint != NULL &&
		    strcmp(d->contacts[i].fingerprint, fingerprint) == 0)
			return true;
	return false;
}

/*
 * Roles that lead, join, or were sent a mail that asks.  An overview asks who
 * has to act and tells the others; quality learns of the receipt alone.
 */
static uint32_t
asked_roles(const struct flow_step *step)
{
	uint32_t acting = step->lead | step->joint;
	uint32_t roles = acting;

	for (size_t i = 0; i < step->nmails; i++)
		if (step->mails[i].to == AUDIENCE_DEPARTMENT)
			roles |= step->mails[i].roles;
	if (step->start != START_ROUTE)
		return roles;
	return (acting & ~ROLE_BIT(ROLE_POC)) != 0
		   ? acting
		   : roles & ~ROLE_BIT(ROLE_QUALITY);
}

/* One person may be a contact of several departments, by one key. */
static bool
was_asked(const struct case_view *v, const struct flow_step *step,
    const char *fingerprint)
{
	uint32_t roles = asked_roles(step);

	for (unsigned r = ROLE_DESIGN; r < ROLE_COUNT; r++)
		if ((roles & ROLE_BIT(r)) != 0 &&
		    has_contact(desk_department(v->s, v->product, (enum role)r),
			fingerprint))
			return true;
	return false;
}

bool
desk_step_takes(const struct flow_step *step, enum answer_kind kind)
{
	if (kind == ANSWER_QUESTION || kind == ANSWER_COMMENT ||
	    kind == ANSWER_NOTE)
		return true;
	for (size_t i = 0; i < step->nexpects; i++)
		if (step->expects[i] == kind)
			return true;
	for (size_t i = 0; i < step->nmay; i++)
		if (step->may[i] == kind)
			return true;
	return false;
}

static bool
is_open(const struct answer_rule *rule, const char *value)
{
	const struct answer_choice *c = answer_choice(rule, value);

	return c != NULL && c->open;
}

const struct case_answer *
desk_conflict(const struct case_view *v, const struct case_step *pass,
    enum answer_kind kind, const char *value, const char *by)
{
	const struct answer_rule *rule = answer_rule(kind);

	if (rule == NULL || rule->many)
		return NULL;
	for (size_t i = v->nanswers; i-- > 0;) {
		const struct case_answer *a = &v->answers[i];

		if (a->kind != kind || a->step != pass->step ||
		    a->at < pass->started || a->by == NULL ||
		    a->value == NULL || strcmp(a->by, by) == 0)
			continue;
		/* "investigating" contradicts nobody. */
		if (strcmp(a->value, value) != 0 && !is_open(rule, a->value))
			return a;
	}
	return NULL;
}

/* Good lines that this step takes; *conflict: one contradicts. */
static size_t
understood(const struct case_view *v, const struct case_step *pass,
    const char *by, const struct commands_read *read, bool *conflict)
{
	size_t n = 0;

	*conflict = false;
	for (size_t i = 0; i < read->nlines; i++) {
		const struct command_line *line = &read->lines[i];

		if (line->rule == NULL || line->trouble != NULL ||
		    !desk_step_takes(pass->step, line->rule->kind))
			continue;
		n++;
		*conflict =
		    *conflict || desk_conflict(v, pass, line->rule->kind,
				     line->value, by) != NULL;
	}
	return n;
}

enum command_trouble
desk_command_judge(const struct case_view *v, const struct case_step *pass,
    const struct desk_signer *signer, int64_t signed_at, int64_t asked_at,
    const struct commands_read *read)
{
	bool conflict;

	if (signer->verdict != VERDICT_PINNED || signer->contact == NULL ||
	    signer->fingerprint == NULL)
		return COMMAND_UNSIGNED;
	if (read->ref == NULL || read->refs_differ)
		return COMMAND_NO_REF;
	if (pass == NULL || pass->ref == NULL || pass->step == NULL ||
	    strcmp(pass->ref, read->ref) != 0 ||
	    strcmp(pass->step->number, read->step) != 0)
		return COMMAND_UNKNOWN_REF;
	if (pass->state != CASE_STEP_RUNNING || v->closed)
		return COMMAND_STEP_OVER;
	/* Both in whole seconds: the same one may hold the question first. */
	if (asked_at == 0 || signed_at < asked_at)
		return COMMAND_TOO_OLD;
	if (!was_asked(v, pass->step, signer->fingerprint))
		return COMMAND_NOT_ASKED;
	if (understood(v, pass, signer->contact->name, read, &conflict) == 0)
		return COMMAND_NOTHING;
	return conflict ? COMMAND_CONFLICT : COMMAND_FINE;
}

const char *
command_trouble_text(enum command_trouble trouble)
{
	static const char *const texts[COMMAND_TROUBLE_COUNT] = {
	    [COMMAND_FINE] = "It was understood.",
	    [COMMAND_UNSIGNED] =
		"It is not signed by the pinned key of a contact.",
	    [COMMAND_NO_REF] =
		"It carries no reference (\"ref: …\"), or two different ones.",
	    [COMMAND_UNKNOWN_REF] =
		"Its reference is none that a question of ours carried.",
	    [COMMAND_STEP_OVER] = "The step it answers is over.",
	    [COMMAND_TOO_OLD] = "It was signed before the question was sent.",
	    [COMMAND_REPLAYED] = "The same signature has answered before.",
	    [COMMAND_NOT_ASKED] =
		"Who signed it is no contact of those who were asked.",
	    [COMMAND_NOTHING] = "No line of it was understood.",
	    [COMMAND_CONFLICT] = "Another contact has answered differently.",
	};

	return (unsigned)trouble < COMMAND_TROUBLE_COUNT ? texts[trouble] : "?";
}
