/*
 * write_flow.c - do the mails that a flow names exist, and are they for whom
 * it sends them to?
 *
 * Runs in the engine, at start and for `psirtd -n`.  Pure.  A flow file may
 * say who is told what; it may not hand a mail that is written for one reader
 * to another, whose eyes its facts are not for (RULES 5, 28).
 */
#include "write_internal.h"

#include <stdarg.h>

#include <talloc.h>

struct check {
	const struct flow_file *flow;
	char **errors;
	unsigned count;
	bool no_memory;
};

static void wrong(struct check *c, struct place place, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static void
wrong(struct check *c, struct place place, const char *fmt, ...)
{
	char *sentence;
	va_list ap;

	va_start(ap, fmt);
	sentence = talloc_vasprintf(c->flow, fmt, ap);
	va_end(ap);
	c->count++;
	if (*c->errors == NULL)
		*c->errors = talloc_strdup(c->flow, "");
	if (sentence != NULL && *c->errors != NULL)
		*c->errors = talloc_asprintf_append(*c->errors, "%s:%d: %s\n",
		    place.file, place.line, sentence);
	if (sentence == NULL || *c->errors == NULL)
		c->no_memory = true;
	talloc_free(sentence);
}

/* JPCERT/CC may read as coordinator what it may read as counterpart. */
static bool
may_read(enum audience reader, enum audience written_for)
{
	return reader == written_for ||
	       (reader == AUDIENCE_COORDINATOR &&
		   written_for == AUDIENCE_COUNTERPART);
}

/* A partner's contact is no department of ours: nothing internal is for it. */
static void
check_roles(
    struct check *c, struct place place, enum mail_kind kind, uint32_t roles)
{
	uint32_t partners = ROLE_BIT(ROLE_OEM);

	if (kind == MAIL_OEM && (roles & ~partners) != 0)
		wrong(c, place,
		    "the mail \"oem\" is for the role oem alone: name no "
		    "other");
	if (kind != MAIL_OEM && (roles & partners) != 0)
		wrong(c, place,
		    "the role oem is a partner outside: it is sent the mail "
		    "\"oem\" alone, not \"%s\"",
		    mail_kind_name(kind));
	if (kind == MAIL_INCIDENT && (roles & ~ROLE_BIT(ROLE_CSIRT)) != 0)
		wrong(c, place,
		    "the mail \"incident\" is for the role csirt alone");
}

static void
check_mail(struct check *c, struct place place, const char *name,
    enum audience reader, uint32_t roles)
{
	enum mail_kind kind = mail_kind_by_name(name);
	enum audience written_for = mail_kind_audience(kind);

	if (kind == 0)
		wrong(c, place, "there is no mail \"%s\"", name);
	else if (written_for == 0)
		wrong(c, place,
		    "psirtd sends the mail \"%s\" by itself: no step can",
		    name);
	else if (!may_read(reader, written_for))
		wrong(c, place,
		    "the mail \"%s\" is written for %s: it may not go to %s",
		    name, audience_name(written_for), audience_name(reader));
	else if (reader == AUDIENCE_DEPARTMENT)
		check_roles(c, place, kind, roles);
}

int
write_check_flow(const struct flow_file *flow, char **errors, struct error *err)
{
	char *none = NULL;
	struct check c = {.flow = flow};

	c.errors = errors != NULL ? errors : &none;
	for (size_t i = 0; i < flow->nsteps; i++) {
		const struct flow_step *s = &flow->steps[i];

		for (size_t k = 0; k < s->nmails; k++)
			check_mail(&c, s->mails[k].place, s->mails[k].template,
			    s->mails[k].to, s->mails[k].roles);
		for (size_t k = 0; k < s->nshares; k++)
			check_mail(&c, s->shares[k].place,
			    s->shares[k].template, AUDIENCE_DEPARTMENT,
			    ROLE_BIT(s->shares[k].role));
	}
	talloc_free(none);
	if (c.no_memory)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (c.count > 0)
		return error_set(err, FAULT_SETUP,
		    "%u mails of %s cannot be sent", c.count, flow->path);
	return 0;
}
