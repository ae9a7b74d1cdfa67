/*
 * match.c - match first: which case does the letter name (RULES 1).
 *
 * Runs in the engine, pure.  Takes the candidates the store found; chooses
 * the one the letter may join.  A thread is joined whoever signed (nobody
 * guesses a Message-ID); a number or a tracking id is known to many, so its
 * sender must fit the case; a report digest is the same bytes once more.
 */
#include "desk_internal.h"

#include <string.h>

/* What a letter joins by, the surest first. */
static unsigned
certainty(enum match_by by)
{
	switch (by) {
	case MATCH_THREAD:
		return 4;
	case MATCH_NUMBER:
		return 3;
	case MATCH_REPORT:
		return 2;
	case MATCH_TRACKING:
		return 1;
	}
	return 0;
}

static struct desk_signer
signer_for(const struct judging *j, const struct candidate *c)
{
	return desk_letter_signer(j->s, j->o, c != NULL ? c->bound_key : NULL);
}

static bool
is_counterpart(const struct desk_signer *signer, const struct candidate *c)
{
	return signer->verdict == VERDICT_PINNED &&
	       signer->correspondent != NULL && c->correspondent != NULL &&
	       strcmp(signer->correspondent->name, c->correspondent) == 0;
}

/*
 * A pinned correspondent's notice is never swallowed by another party's case
 * because both carry one VU# or JVN#, or because that party had sent the same
 * words before: it makes its own, to be linked by a person (RULES 30).  Who
 * puts a known number into a report, or gets hold of the notice first, must
 * not catch what JPCERT/CC sends.
 */
static bool
is_other_flow(const struct desk_signer *signer, const struct candidate *c)
{
	return (c->by == MATCH_TRACKING || c->by == MATCH_REPORT) &&
	       signer->verdict == VERDICT_PINNED &&
	       signer->correspondent != NULL && !is_counterpart(signer, c);
}

static bool
may_join(const struct desk_signer *signer, const struct candidate *c)
{
	switch (c->by) {
	case MATCH_THREAD:
	case MATCH_REPORT:
		return true;
	case MATCH_NUMBER:
		return c->address_known || signer->verdict == VERDICT_PINNED ||
		       signer->verdict == VERDICT_KNOWN;
	case MATCH_TRACKING:
		/* Departments name a case by number or thread. */
		if (signer->verdict == VERDICT_PINNED)
			return is_counterpart(signer, c);
		return c->address_known || signer->verdict == VERDICT_KNOWN;
	}
	return false;
}

/* Are address and key those that the case expects? */
static bool
is_expected(const struct desk_signer *signer, const struct candidate *c)
{
	if (signer->contact != NULL)
		return true;
	if (c->correspondent != NULL)
		return is_counterpart(signer, c);
	if (signer->verdict == VERDICT_KNOWN)
		return true;
	/* A finder who has signed once is expected to sign. */
	if (c->bound_key != NULL)
		return false;
	return c->address_known && !c->address_doubted &&
	       (signer->verdict == VERDICT_UNSIGNED ||
		   signer->verdict == VERDICT_UNKNOWN_KEY);
}

/*
 * Two cases named: the letter joins by the surest match, as one that is not
 * confirmed.  A tracking id does not count against a surer match: one id may
 * stand on several cases.
 */
static bool
is_contradicted(const struct judging *j)
{
	const struct candidate *best = j->best;

	for (size_t i = 0; i < j->in->ncandidates; i++) {
		const struct candidate *c = &j->in->candidates[i];

		if (c->casefile == best->casefile)
			continue;
		if (c->by != MATCH_TRACKING || best->by == MATCH_TRACKING)
			return true;
	}
	return false;
}

void
match_find(struct judging *j)
{
	struct desk_signer signer;

	for (size_t i = 0; i < j->in->ncandidates; i++) {
		const struct candidate *c = &j->in->candidates[i];
		const struct candidate **place;

		signer = signer_for(j, c);
		if (is_other_flow(&signer, c)) {
			if (j->d->named == 0)
				j->d->named = c->casefile;
			j->d->tell_poc = true; /* to be linked */
			continue;
		}
		place = may_join(&signer, c) ? &j->best : &j->foreign;
		if (*place == NULL ||
		    certainty(c->by) > certainty((*place)->by))
			*place = c;
	}
	j->d->signer = signer_for(j, j->best);
	if (j->best != NULL) {
		j->d->named = j->best->casefile;
		j->confirmed =
		    is_expected(&j->d->signer, j->best) && !is_contradicted(j);
	} else if (j->foreign != NULL) {
		j->d->named = j->foreign->casefile;
	}
}
