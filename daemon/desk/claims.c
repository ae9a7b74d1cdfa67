/*
 * claims.c - whom a letter claims to come from (RULES 8).
 *
 * Runs in the engine, pure.  Takes headers and the settings; gives the
 * correspondent a reader of the letter would take for its sender.  A claim
 * is no authority: it only makes a letter that cannot prove it be set aside.
 * So it is read generously: a name in another width, an address used as a
 * display name, a domain with more labels around it all count.
 */
#include "desk_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

const struct correspondent *
correspondent_by_name(const struct settings *s, const char *name)
{
	for (size_t i = 0; name != NULL && i < s->ncorrespondents; i++)
		if (strcmp(s->correspondents[i].name, name) == 0)
			return &s->correspondents[i];
	return NULL;
}

static const char *
domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

/* domain itself, or a host below it */
static bool
is_below(const char *host, const char *domain)
{
	size_t n = strlen(host);
	size_t m = strlen(domain);

	return m > 0 && n >= m && strcasecmp(host + n - m, domain) == 0 &&
	       (n == m || host[n - m - 1] == '.');
}

bool
correspondent_has_address(const struct correspondent *c, const char *address)
{
	for (size_t i = 0; i < c->naddresses; i++)
		if (strcasecmp(c->addresses[i], address) == 0)
			return true;
	for (size_t i = 0; i < c->ndomains; i++)
		if (is_below(domain_of(address), c->domains[i]))
			return true;
	return false;
}

/* jpcert.or.jp in vuls@jpcert.or.jp.example.net: whole labels, anywhere */
static bool
shows_domain(const char *address, const char *domain)
{
	size_t n = strlen(domain);

	for (const char *at = address; n > 0; at++) {
		at = strcasestr(at, domain);
		if (at == NULL)
			return false;
		if ((at == address || at[-1] == '.' || at[-1] == '@') &&
		    (at[n] == '\0' || at[n] == '.' || at[n] == '@'))
			return true;
	}
	return false;
}

static bool
claims_by_address(const struct correspondent *c, const char *address)
{
	if (address == NULL)
		return false;
	if (correspondent_has_address(c, address))
		return true;
	for (size_t i = 0; i < c->ndomains; i++)
		if (shows_domain(address, c->domains[i]))
			return true;
	return false;
}

static bool
name_has_any(const void *ctx, const char *folded, const char *const *words,
    size_t nwords)
{
	for (size_t i = 0; i < nwords; i++) {
		const char *word = fold_name(ctx, words[i]);

		if (word != NULL && fold_has_name(folded, word))
			return true;
	}
	return false;
}

static bool
claims_by_name(const struct correspondent *c, const char *name)
{
	TALLOC_CTX *tmp;
	const char *folded;
	bool claims;

	if (name == NULL)
		return false;
	tmp = talloc_new(NULL);
	folded = fold_name(tmp, name);
	/* Out of memory: a claim costs least. */
	claims = folded == NULL ||
		 name_has_any(tmp, folded, (const char *const *)&c->name, 1) ||
		 name_has_any(
		     tmp, folded, (const char *const *)c->names, c->nnames) ||
		 name_has_any(tmp, folded, (const char *const *)c->addresses,
		     c->naddresses) ||
		 name_has_any(
		     tmp, folded, (const char *const *)c->domains, c->ndomains);
	talloc_free(tmp);
	return claims;
}

static bool
claims_in(const struct correspondent *c, const struct mail_address *list,
    size_t count, bool names)
{
	for (size_t i = 0; i < count; i++)
		if (claims_by_address(c, list[i].address) ||
		    (names && claims_by_name(c, list[i].name)))
			return true;
	return false;
}

/* From decides before the fields that a reader does not see. */
const struct correspondent *
desk_claims(const struct settings *s, const struct headers *h)
{
	const struct correspondent *all = s->correspondents;

	for (size_t i = 0; i < s->ncorrespondents; i++)
		if (claims_in(&all[i], h->from, h->nfrom, false))
			return &all[i];
	for (size_t i = 0; i < s->ncorrespondents; i++)
		if (claims_in(&all[i], h->from, h->nfrom, true))
			return &all[i];
	for (size_t i = 0; i < s->ncorrespondents; i++)
		if (claims_in(&all[i], h->reply_to, h->nreply_to, false) ||
		    claims_by_address(&all[i], h->return_path))
			return &all[i];
	return NULL;
}

/* Ends in the same sixteen digits or more: a long key id or a fingerprint. */
static bool
names_key(const char *claimed, const char *fingerprint)
{
	size_t n = claimed != NULL ? strlen(claimed) : 0;
	size_t m = strlen(fingerprint);

	return n >= 16 && n <= m &&
	       strcasecmp(fingerprint + m - n, claimed) == 0;
}

/* A signature under the name of a pinned key. */
static const struct correspondent *
claims_by_signature(const struct settings *s, const struct signature *sig)
{
	for (size_t i = 0; i < s->ncorrespondents; i++) {
		const struct correspondent *c = &s->correspondents[i];

		for (size_t k = 0; k < c->nfingerprints; k++)
			if (names_key(sig->primary, c->fingerprints[k]) ||
			    names_key(sig->claimed, c->fingerprints[k]))
				return c;
	}
	return NULL;
}

/*
 * A signature that says nothing of the letter, in the name of a pinned key:
 * one that is not good; or a good one over other bytes than the letter's
 * words, a message that is sent on or ciphertext.  Only where the letter's own
 * words stand in it: a finder may quote somebody's signed advisory.
 */
static const struct correspondent *
claims_by_layers(const struct judging *j)
{
	const struct desk_signer *signer = &j->d->signer;
	const struct correspondent *c = NULL;
	bool unsigned_words = signer->verdict == VERDICT_UNSIGNED;

	for (size_t i = 0; i < j->o->nlayers && c == NULL; i++) {
		const struct layer *layer = &j->o->layers[i];

		if (unsigned_words && signer->layer != i + 1)
			continue;
		for (size_t k = 0; k < layer->nsignatures && c == NULL; k++)
			if (unsigned_words ||
			    layer->signatures[k].status != SIGNATURE_GOOD)
				c = claims_by_signature(
				    j->s, &layer->signatures[k]);
	}
	return c;
}

static const struct correspondent *
claims_by_user_id(const struct settings *s, const char *user_id)
{
	const char *open = strrchr(user_id, '<');
	size_t len = strcspn(open != NULL ? open + 1 : user_id, ">");
	TALLOC_CTX *tmp = talloc_new(NULL);
	const struct correspondent *c = NULL;
	struct mail_address who;

	who.address =
	    talloc_strndup(tmp, open != NULL ? open + 1 : user_id, len);
	who.name = open != NULL
		       ? talloc_strndup(tmp, user_id, (size_t)(open - user_id))
		       : user_id;
	for (size_t i = 0; i < s->ncorrespondents && c == NULL; i++)
		if (claims_in(&s->correspondents[i], &who, 1, true))
			c = &s->correspondents[i];
	talloc_free(tmp);
	return c;
}

const struct correspondent *
claims_by_user_ids(const struct settings *s, const struct opening *o)
{
	const struct correspondent *c = NULL;

	for (size_t i = 0; i < o->nkey_uids && c == NULL; i++)
		c = claims_by_user_id(s, o->key_uids[i]);
	return c;
}

/*
 * A tracking id of a correspondent's case.  Not where the letter joins some
 * other party's case: finders and departments quote such numbers in answers.
 */
static const struct correspondent *
claims_by_tracking(const struct judging *j)
{
	if (j->best != NULL && j->best->correspondent == NULL)
		return NULL;
	for (size_t i = 0; i < j->in->ncandidates; i++) {
		const struct candidate *c = &j->in->candidates[i];

		if (c->by == MATCH_TRACKING && c->correspondent != NULL)
			return correspondent_by_name(j->s, c->correspondent);
	}
	return NULL;
}

const struct correspondent *
claims_find(const struct judging *j)
{
	const struct correspondent *c = desk_claims(j->s, &j->o->headers);

	/* A claim is read wherever it stands, believed or not. */
	if (c == NULL)
		c = desk_claims(j->s, &j->o->inner);
	/* A good key says who it is; only the headers may differ. */
	if (c != NULL || j->d->signer.verdict == VERDICT_PINNED ||
	    j->d->signer.verdict == VERDICT_KNOWN)
		return c;
	c = claims_by_user_ids(j->s, j->o);
	if (c == NULL)
		c = claims_by_layers(j);
	return c != NULL ? c : claims_by_tracking(j);
}
