/*
 * settings_check_keys.c - whose address, domain, name and key is whose.
 *
 * Authority comes from a pinned fingerprint, and a claim to be a
 * correspondent is told by address, domain and name: none of them may stand
 * for two parties.  One person may be a contact of several departments and an
 * operator; by the same address it is the same person.  Runs in the engine at
 * start; asks no keyring.
 */
#include "settings_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

/* ---- addresses, domains and names of correspondents ---- */

/* The first string of a that stands in b too, or NULL. */
static const char *
shared(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	for (size_t i = 0; i < na; i++)
		for (size_t k = 0; k < nb; k++)
			if (strcasecmp(a[i], b[k]) == 0)
				return a[i];
	return NULL;
}

static const char *const *
strings(const char **list)
{
	return (const char *const *)list;
}

static void
check_pair(struct loader *l, const struct correspondent *a,
    const struct correspondent *b)
{
	const struct {
		const char *key;
		const char *value;
	} both[] = {
	    {"names", shared(strings(b->names), b->nnames, strings(a->names),
			  a->nnames)},
	    {"addresses", shared(strings(b->addresses), b->naddresses,
			      strings(a->addresses), a->naddresses)},
	    {"domains", shared(strings(b->domains), b->ndomains,
			    strings(a->domains), a->ndomains)},
	};

	/* Two of the same title were said already. */
	if (strcasecmp(a->name, b->name) == 0)
		return;
	for (size_t i = 0; i < COUNT(both); i++)
		if (both[i].value != NULL)
			problem(l->p,
			    settings_line(l, "correspondent", b->place.line,
				both[i].key, both[i].value),
			    "correspondent %s: \"%s\" is among the %s of "
			    "correspondent %s too (line %d): take it out of "
			    "one",
			    b->name, both[i].value, both[i].key, a->name,
			    a->place.line);
}

static bool
is_below(const char *address, const char *domain)
{
	const char *at = strrchr(address, '@');
	size_t have = at == NULL ? 0 : strlen(at + 1);
	size_t want = strlen(domain);

	if (at == NULL || have < want ||
	    strcasecmp(at + 1 + (have - want), domain) != 0)
		return false;
	return have == want || at[have - want] == '.';
}

/* Mail of our own people must not look like a forged correspondent's. */
static void
check_inside(struct loader *l, const struct correspondent *c,
    const char *address, const char *whose)
{
	if (address == NULL)
		return;
	for (size_t i = 0; i < c->naddresses; i++)
		if (strcmp(c->addresses[i], address) == 0)
			problem(l->p,
			    settings_line(l, "correspondent", c->place.line,
				"addresses", address),
			    "correspondent %s: %s is the address of %s: take "
			    "it out",
			    c->name, address, whose);
	for (size_t i = 0; i < c->ndomains; i++)
		if (is_below(address, c->domains[i]))
			problem(l->p,
			    settings_line(l, "correspondent", c->place.line,
				"domains", c->domains[i]),
			    "correspondent %s: %s is the domain of %s, whose "
			    "letters would be set aside: name a narrower one",
			    c->name, c->domains[i], whose);
}

static void
check_correspondent(struct loader *l, const struct correspondent *c)
{
	const struct settings *s = l->s;

	check_inside(l, c, s->address, "the desk");
	for (size_t i = 0; i < s->naliases; i++)
		check_inside(l, c, s->aliases[i], "the desk");
	for (size_t i = 0; i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++) {
			const struct contact *who =
			    &s->departments[i].contacts[k];

			check_inside(l, c, who->address,
			    talloc_asprintf(l->p, "contact %s", who->name));
		}
	for (size_t i = 0; i < s->noperators; i++)
		check_inside(l, c, s->operators[i].address,
		    talloc_asprintf(l->p, "operator %s", s->operators[i].user));
}

void
settings_check_parties(struct loader *l)
{
	const struct settings *s = l->s;

	for (size_t i = 0; i < s->ncorrespondents; i++) {
		check_correspondent(l, &s->correspondents[i]);
		for (size_t k = 0; k < i; k++)
			check_pair(
			    l, &s->correspondents[k], &s->correspondents[i]);
	}
}

/* ---- keys ---- */

/* One place where a fingerprint stands. */
struct use {
	const char *fingerprint;
	const char *whose;
	const char *address; /* of a person; NULL: no person's key */
	int line;
};

struct uses {
	struct use *list;
	size_t n;
};

static void
use_add(struct loader *l, struct uses *u, struct use use)
{
	if (use.fingerprint == NULL)
		return;
	u->list = talloc_realloc(l->p, u->list, struct use, u->n + 1);
	if (u->list == NULL || use.whose == NULL)
		abort(); /* a check that was not made is no success */
	u->list[u->n++] = use;
}

static void
use_own(struct loader *l, struct uses *u, const char *key, const char *whose,
    const char *fingerprint)
{
	use_add(l, u,
	    (struct use){fingerprint, whose, NULL,
		settings_line(
		    l, "keys", l->s->keys_place.line, key, fingerprint)});
}

static void
use_contacts(struct loader *l, struct uses *u, const struct department *d)
{
	for (size_t i = 0; i < d->ncontacts; i++) {
		const struct contact *c = &d->contacts[i];

		use_add(l, u,
		    (struct use){c->fingerprint,
			talloc_asprintf(l->p, "contact %s", c->name),
			c->address,
			settings_line(l, "contact", c->place.line,
			    "fingerprint", c->fingerprint)});
	}
}

static struct uses
uses_of(struct loader *l)
{
	const struct settings *s = l->s;
	struct uses u = {0};

	use_own(l, &u, "poc", "the POC", s->poc);
	for (size_t i = 0; i < s->nretired; i++)
		use_own(l, &u, "retired", "the POC, retired", s->retired[i]);
	use_own(l, &u, "recovery", "recovery", s->recovery);
	for (size_t i = 0; i < s->ndepartments; i++)
		use_contacts(l, &u, &s->departments[i]);
	for (size_t i = 0; i < s->ncorrespondents; i++) {
		const struct correspondent *c = &s->correspondents[i];

		for (size_t k = 0; k < c->nfingerprints; k++)
			use_add(l, &u,
			    (struct use){c->fingerprints[k],
				talloc_asprintf(
				    l->p, "correspondent %s", c->name),
				NULL,
				settings_line(l, "correspondent", c->place.line,
				    "fingerprints", c->fingerprints[k])});
	}
	for (size_t i = 0; i < s->noperators; i++) {
		const struct operator* o = & s->operators[i];

		use_add(l, &u,
		    (struct use){o->fingerprint,
			talloc_asprintf(l->p, "operator %s", o->user),
			o->address,
			settings_line(l, "operator", o->place.line,
			    "fingerprint", o->fingerprint)});
	}
	return u;
}

static void
check_uses(struct loader *l, const struct use *a, const struct use *b)
{
	bool person = a->address != NULL && b->address != NULL;
	bool same = person && strcmp(a->address, b->address) == 0;

	/* The lower one is told, with the line of the upper. */
	if (a->line > b->line) {
		const struct use *upper = b;

		b = a;
		a = upper;
	}
	if (strcmp(a->fingerprint, b->fingerprint) == 0 && !same)
		problem(l->p, b->line,
		    "fingerprint %s of %s is that of %s already (line %d): a "
		    "key stands for one party%s",
		    b->fingerprint, b->whose, a->whose, a->line,
		    person ? "; one person has one address" : "");
	if (strcmp(a->fingerprint, b->fingerprint) != 0 && same)
		problem(l->p, b->line,
		    "fingerprint of %s: %s has another key as %s (line %d): "
		    "one of them is wrong",
		    b->whose, b->address, a->whose, a->line);
}

void
settings_check_keys(struct loader *l)
{
	struct uses u = uses_of(l);

	for (size_t i = 1; i < u.n; i++)
		for (size_t k = 0; k < i; k++)
			check_uses(l, &u.list[k], &u.list[i]);
	talloc_free(u.list);
}
