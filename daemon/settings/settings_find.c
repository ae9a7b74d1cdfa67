/*
 * settings_find.c - who is who in the settings, and what ought to be known.
 *
 * Pure but for the clock: settings in, answers out.  Fingerprints and addresses
 * are compared as settings.h says they are kept: fingerprints upper-case,
 * addresses lower-case; what is asked for may be of any case.
 */
#include "flow_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define HOLIDAYS_AHEAD ((int64_t)60 * 86400)

/* ---- keys ---- */

static bool
is_key(const char *pinned, const char *asked)
{
	return pinned != NULL && asked != NULL &&
	       strcasecmp(pinned, asked) == 0;
}

static void
pin(const char **list, size_t *n, const char *fingerprint)
{
	if (fingerprint == NULL)
		return;
	for (size_t i = 0; i < *n; i++)
		if (strcmp(list[i], fingerprint) == 0)
			return;
	list[(*n)++] = fingerprint;
}

const char **
settings_pinned(const void *ctx, const struct settings *s, size_t *count)
{
	size_t most = s->noperators + s->ncustomers + 1;
	const char **list;
	size_t n = 0;

	*count = 0;
	for (size_t i = 0; i < s->ndepartments; i++)
		most += s->departments[i].ncontacts;
	for (size_t i = 0; i < s->ncorrespondents; i++)
		most += s->correspondents[i].nfingerprints;
	list = talloc_zero_array(ctx, const char *, most);
	if (list == NULL)
		return NULL;
	for (size_t i = 0; i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++)
			pin(list, &n,
			    s->departments[i].contacts[k].fingerprint);
	for (size_t i = 0; i < s->ncorrespondents; i++)
		for (size_t k = 0; k < s->correspondents[i].nfingerprints; k++)
			pin(list, &n, s->correspondents[i].fingerprints[k]);
	for (size_t i = 0; i < s->noperators; i++)
		pin(list, &n, s->operators[i].fingerprint);
	for (size_t i = 0; i < s->ncustomers; i++)
		pin(list, &n, s->customers[i].fingerprint);
	*count = n;
	return list;
}

struct pins {
	struct pin *list;
	size_t n;
	const char *only; /* NULL: all */
};

static void
pin_add(struct pins *p, const char *fingerprint, const char *what,
    const char *name, const char *person)
{
	struct pin *list;

	if (fingerprint == NULL ||
	    (p->only != NULL && !is_key(fingerprint, p->only)))
		return;
	list = talloc_realloc(NULL, p->list, struct pin, p->n + 1);
	p->list = list;
	list[p->n].fingerprint = fingerprint;
	list[p->n++].owner = talloc_asprintf(list, "%s %s%s%s", what, name,
	    person != NULL ? ": " : "", person != NULL ? person : "");
}

static void
find_pins(const struct settings *s, struct pins *p)
{
	for (size_t i = 0; i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++)
			pin_add(p, s->departments[i].contacts[k].fingerprint,
			    "department", s->departments[i].name,
			    s->departments[i].contacts[k].name);
	for (size_t i = 0; i < s->ncorrespondents; i++)
		for (size_t k = 0; k < s->correspondents[i].nfingerprints; k++)
			pin_add(p, s->correspondents[i].fingerprints[k],
			    "correspondent", s->correspondents[i].name, NULL);
	for (size_t i = 0; i < s->noperators; i++)
		pin_add(p, s->operators[i].fingerprint, "operator",
		    s->operators[i].user, NULL);
	for (size_t i = 0; i < s->ncustomers; i++)
		pin_add(p, s->customers[i].fingerprint, "customer",
		    s->customers[i].name, NULL);
}

struct pin *
settings_pins(const void *ctx, const struct settings *s, size_t *count)
{
	struct pins p = {.list = NULL};

	find_pins(s, &p);
	*count = p.n;
	return talloc_steal(ctx, p.list);
}

bool
settings_key_waits(const struct settings *s, const char *fingerprint)
{
	for (size_t i = 0; s->waiting != NULL && i < s->waiting->n; i++)
		if (is_key(s->waiting->fingerprints[i], fingerprint))
			return true;
	return false;
}

bool
settings_key_retired(const struct settings *s, const char *fingerprint)
{
	for (size_t i = 0; i < s->nretired; i++)
		if (is_key(s->retired[i], fingerprint))
			return true;
	return false;
}

static char *
one_more(const void *ctx, char *all, const char *owner)
{
	return all == NULL ? talloc_strdup(ctx, owner)
			   : talloc_asprintf(ctx, "%s; %s", all, owner);
}

char *
settings_key_owner(
    const void *ctx, const struct settings *s, const char *fingerprint)
{
	struct pins p = {.only = fingerprint};
	char *all = NULL;

	if (is_key(s->poc, fingerprint))
		all = one_more(ctx, all, "poc");
	for (size_t i = 0; i < s->nretired; i++)
		if (is_key(s->retired[i], fingerprint))
			all = one_more(ctx, all, "retired");
	if (is_key(s->recovery, fingerprint))
		all = one_more(ctx, all, "recovery");
	if (fingerprint != NULL)
		find_pins(s, &p);
	for (size_t i = 0; i < p.n; i++)
		all = one_more(ctx, all, p.list[i].owner);
	talloc_free(p.list);
	return all;
}

const struct correspondent *
settings_correspondent_by_key(const struct settings *s, const char *fingerprint)
{
	for (size_t i = 0; i < s->ncorrespondents; i++)
		for (size_t k = 0; k < s->correspondents[i].nfingerprints; k++)
			if (is_key(s->correspondents[i].fingerprints[k],
				fingerprint))
				return &s->correspondents[i];
	return NULL;
}

const struct correspondent *
settings_jpcert(const struct settings *s)
{
	for (size_t i = 0; i < s->ncorrespondents; i++)
		if (s->correspondents[i].flow == FLOW_JPCERT)
			return &s->correspondents[i];
	return NULL;
}

const struct contact *
settings_contact_by_key(const struct settings *s, const char *fingerprint,
    const struct department **department)
{
	for (size_t i = 0; i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++) {
			const struct contact *c =
			    &s->departments[i].contacts[k];

			if (!is_key(c->fingerprint, fingerprint))
				continue;
			if (department != NULL)
				*department = &s->departments[i];
			return c;
		}
	if (department != NULL)
		*department = NULL;
	return NULL;
}

/* ---- names, addresses, logins ---- */

const struct department *
settings_department(const struct settings *s, const char *name)
{
	for (size_t i = 0; name != NULL && i < s->ndepartments; i++)
		if (strcasecmp(s->departments[i].name, name) == 0)
			return &s->departments[i];
	return NULL;
}

bool
settings_is_own_address(const struct settings *s, const char *address)
{
	if (address == NULL)
		return false;
	if (s->address != NULL && strcasecmp(s->address, address) == 0)
		return true;
	for (size_t i = 0; i < s->naliases; i++)
		if (strcasecmp(s->aliases[i], address) == 0)
			return true;
	return false;
}

const struct operator* settings_operator(const struct settings *s, uid_t uid)
{
	/* -1 is nobody: a login that could not be found has it. */
	for (size_t i = 0; uid != (uid_t)-1 && i < s->noperators; i++)
		if (s->operators[i].uid == uid)
			return &s->operators[i];
	return NULL;
}

const char *
flow_name(enum flow flow)
{
	switch (flow) {
	case FLOW_DIRECT:
		return "direct";
	case FLOW_JPCERT:
		return "jpcert";
	}
	return "unknown";
}

/* ---- notes ---- */

static char *
note(char *notes, struct place place, const char *text)
{
	return talloc_asprintf_append(
	    notes, "%s:%d: note: %s\n", place.file, place.line, text);
}

static char *
key_notes(char *notes, const struct settings *s)
{
	if (s->passphrase.file == NULL && s->passphrase.command == NULL)
		notes = note(notes, s->keys_place,
		    "the POC key has no passphrase_file or passphrase_command: "
		    "sealing at rest protects backups, not this disk");
	if (s->recovery == NULL)
		notes = note(notes, s->keys_place,
		    "there is no recovery key: when the POC key is lost, so is "
		    "every letter");
	return notes;
}

/* RULES 27: who gets "come to the desk" alone. */
static char *
notice_notes(char *notes, const struct settings *s)
{
	for (size_t i = 0; i < s->ndepartments; i++)
		for (size_t k = 0; k < s->departments[i].ncontacts; k++) {
			const struct contact *c =
			    &s->departments[i].contacts[k];

			if (!c->notice)
				continue;
			notes = talloc_asprintf_append(notes,
			    "%s:%d: note: contact %s of department %s cannot "
			    "be "
			    "reached under PGP: gets the number and a request "
			    "to come to the desk\n",
			    c->place.file, c->place.line, c->name,
			    s->departments[i].name);
		}
	return notes;
}

/* The folder of a path holds `below`, or is it. */
static bool
folder_holds(const char *path, const char *below)
{
	const char *slash = path == NULL ? NULL : strrchr(path, '/');
	size_t len = slash == NULL ? 0 : (size_t)(slash - path);

	return slash != NULL && below != NULL &&
	       strncmp(path, below, len) == 0 &&
	       (below[len] == '/' || below[len] == '\0');
}

/* The engine sees the folders of its database and socket whole. */
static char *
folder_notes(char *notes, const struct settings *s)
{
	if (folder_holds(s->database, s->gnupghome) ||
	    folder_holds(s->socket, s->gnupghome))
		notes = note(notes, s->keys_place,
		    "gnupghome lies below the folder of database or socket: "
		    "the engine is not walled off from it");
	if (folder_holds(s->database, s->work_dir) ||
	    folder_holds(s->socket, s->work_dir))
		notes = note(notes, s->work_dir_place,
		    "work_dir lies below the folder of database or socket: "
		    "the engine is not walled off from the keys in it");
	return notes;
}

/* Alerts go to operators, encrypted. */
static bool
anybody_is_told(const struct settings *s)
{
	for (size_t i = 0; i < s->noperators; i++)
		if (s->operators[i].address != NULL &&
		    s->operators[i].fingerprint != NULL)
			return true;
	return false;
}

/* Behind the last holiday only weekends are free: clocks run too fast. */
static char *
holiday_notes(char *notes, const struct settings *s)
{
	int64_t last;

	if (s->nholidays == 0)
		return notes;
	last = s->holidays[s->nholidays - 1].day * 86400;
	if (last > clock_now() + HOLIDAYS_AHEAD)
		return notes;
	return talloc_asprintf_append(notes,
	    "%s:1: note: its last day is %s: add those of the next year\n",
	    s->holidays_file, clock_date(notes, last));
}

/* RULES 28: a guard that was taken away. */
static char *
flows_notes(char *notes, const struct settings *s)
{
	for (int flow = FLOW_DIRECT; flow <= FLOW_JPCERT; flow++) {
		char *of = s->flows[flow] == NULL
			       ? NULL
			       : flow_notes(notes, s->flows[flow]);

		if (of != NULL)
			notes = talloc_asprintf_append(notes, "%s", of);
	}
	return notes;
}

char *
settings_notes(const void *ctx, const struct settings *s)
{
	char *notes = talloc_strdup(ctx, "");

	notes = key_notes(notes, s);
	if (s->key_url == NULL)
		notes = note(notes, s->desk_place,
		    "there is no key_url: readers of our mails cannot compare "
		    "the fingerprint with a published one");
	notes = notice_notes(notes, s);
	notes = folder_notes(notes, s);
	if (s->noperators == 0)
		notes = note(notes, (struct place){s->file, 1},
		    "there is no operator: nobody may use psirt");
	else if (!anybody_is_told(s))
		notes = note(notes, s->operators[0].place,
		    "no operator has address and fingerprint: alerts reach "
		    "nobody by mail");
	if (s->nalert_plain > 0)
		notes = note(notes, s->desk_place,
		    "alert_plain: these mails leave in clear, signed: the "
		    "numbers of cases and letters, and why somebody is needed");
	notes = holiday_notes(notes, s);
	notes = flows_notes(notes, s);
	if (notes != NULL && notes[0] == '\0')
		TALLOC_FREE(notes);
	return notes;
}
