/*
 * engine_counterpart.c - to whom outside a case's mails go, under which key.
 *
 * Runs in the engine process and writes nothing.  Who the counterpart is
 * follows from flow and channel (<2>1.2.2), never from who wrote last.
 */
#include "engine_step.h"

#include <string.h>
#include <strings.h>

static bool
key_is_fine(const struct engine *e, const char *fingerprint)
{
	for (size_t i = 0; e->keys != NULL && i < e->keys->nkeys; i++)
		if (strcasecmp(e->keys->keys[i].fingerprint, fingerprint) == 0)
			return e->keys->keys[i].problem == VAULT_KEY_FINE;
	return true;
}

/* Of several pinned ones the first that can be sealed to. */
static const char *
key_of(const struct engine *e, const struct correspondent *c)
{
	for (size_t i = 0; i < c->nfingerprints; i++)
		if (key_is_fine(e, c->fingerprints[i]))
			return c->fingerprints[i];
	return c->nfingerprints > 0 ? c->fingerprints[0] : NULL;
}

bool
to_correspondent(
    const struct engine *e, const struct correspondent *c, struct draft_to *to)
{
	if (c == NULL || c->naddresses == 0)
		return false;
	to->address = c->addresses[0];
	to->name = c->name;
	to->language = c->language != NULL ? c->language : e->s->language;
	to->recipient = key_of(e, c);
	to->encrypt = true;
	return true;
}

const struct correspondent *
correspondent_named(const struct settings *s, const char *name)
{
	for (size_t i = 0; name != NULL && i < s->ncorrespondents; i++)
		if (strcmp(s->correspondents[i].name, name) == 0)
			return &s->correspondents[i];
	return NULL;
}

/* Without a key of its own a mail to it is held: it never goes in clear. */
static bool
to_finder(
    const struct engine *e, const struct store_case *c, struct draft_to *to)
{
	if (c->finder_address == NULL)
		return false;
	to->address = c->finder_address;
	to->name = c->finder_name;
	to->language = c->language != NULL ? c->language : e->s->language;
	to->key = c->finder_key_blob;
	to->key_fpr = c->finder_key;
	to->encrypt = true;
	return true;
}

bool
case_counterpart(const void *ctx, struct engine *e, const struct casework *w,
    struct draft_to *to, enum audience *audience)
{
	const struct correspondent *c =
	    correspondent_named(e->s, w->c.correspondent);

	memset(to, 0, sizeof(*to));
	*audience = AUDIENCE_COUNTERPART;
	if (case_speaks_through_jpcert(&w->view))
		return to_correspondent(e,
		    c != NULL && c->flow == FLOW_JPCERT ? c
							: settings_jpcert(e->s),
		    to);
	return c != NULL ? to_correspondent(e, c, to) : to_finder(e, &w->c, to);
}
