/*
 * engine_overview.c - what departments are handed: overviews, and what
 * `psirt route` adds (RULES 5, 27, 31).
 *
 * Runs in the engine process, inside the transaction of the stop that calls.
 */
#include "engine_internal.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

#define FIELD_COLUMNS 300 /* of a recognised field */

/* One line of a field: white space is one space, controls are gone. */
static char *
folded(const void *ctx, const char *value)
{
	size_t left = strlen(value);
	char *out = talloc_strdup(ctx, "");
	bool space = false;
	uint32_t c;

	while (out != NULL && left > 0) {
		size_t n = text_next(value, left, &c);
		size_t step = n > 0 ? n : 1;

		if (n == 1 && strchr(" \t\n\v\f\r", (int)c) != NULL) {
			space = *out != '\0';
		} else if (n > 0 && !text_is_hidden(c)) {
			out = talloc_asprintf_append(
			    out, "%s%.*s", space ? " " : "", (int)n, value);
			space = false;
		}
		value += step;
		left -= step;
	}
	return out;
}

/*
 * What is told of a letter as a correspondent's, its key has signed: anybody
 * may put more words beside them.  source NULL: nobody is named.
 */
static char *
fields_of(const void *ctx, const struct engine *e, const struct opening *o,
    const char *source, enum field_kind kind)
{
	char *all = NULL;

	for (size_t i = 0; o != NULL && i < o->nfields; i++) {
		char *one;

		if (o->fields[i].kind != kind || o->fields[i].value == NULL ||
		    !desk_signed_by(e->s, o, o->fields[i].part, source))
			continue;
		one = folded(ctx, o->fields[i].value);
		if (one == NULL || *one == '\0')
			continue;
		one = text_cut(ctx, one, FIELD_COLUMNS);
		all = all == NULL ? one
				  : talloc_asprintf(ctx, "%s; %s", all, one);
		if (strlen(all) > (size_t)3 * FIELD_COLUMNS)
			break;
	}
	return all;
}

static bool
has_ident(const struct engine *e, const struct opening *o, const char *source,
    uint32_t kind, const char *value)
{
	if (source == NULL)
		return true;
	for (size_t i = 0; o != NULL && i < o->nidents; i++)
		if (o->idents[i].kind == kind &&
		    strcasecmp(o->idents[i].value, value) == 0 &&
		    desk_signed_by(e->s, o, o->idents[i].part, source))
			return true;
	return false;
}

static char *
idents_of(const void *ctx, struct engine *e, const struct store_case *c,
    const struct opening *o, const char *type)
{
	uint32_t *kinds = NULL;
	char **values = NULL;
	char *all = NULL;
	size_t told = 0;
	size_t n = 0;

	if (store_case_idents(ctx, e->st, c->id, &kinds, &values, &n, NULL) !=
	    0)
		return NULL;
	for (size_t i = 0; i < n && told < 20; i++) {
		/* Score and type have lines of their own. */
		if (kinds[i] == IDENT_CVSS ||
		    (kinds[i] == IDENT_CWE && type != NULL &&
			strcasestr(type, values[i]) != NULL) ||
		    !has_ident(e, o, c->correspondent, kinds[i], values[i]))
			continue;
		told++;
		all = all == NULL
			  ? talloc_strdup(ctx, values[i])
			  : talloc_asprintf(ctx, "%s, %s", all, values[i]);
	}
	return all;
}

static const char *
cvss_of(const struct engine *e, const struct opening *o, const char *source)
{
	for (size_t i = 0; o != NULL && i < o->nidents; i++)
		if (o->idents[i].kind == IDENT_CVSS &&
		    desk_signed_by(e->s, o, o->idents[i].part, source))
			return o->idents[i].value;
	return NULL;
}

static char *
attachments_of(const void *ctx, const struct opening *o)
{
	char *all = NULL;

	for (size_t i = 0; o != NULL && i < o->nparts; i++) {
		const struct part *p = &o->parts[i];
		char *line;

		if (!part_is_attachment(p))
			continue;
		line = talloc_asprintf(ctx, "%s (%zu bytes)",
		    p->name != NULL ? text_escape(ctx, p->name, false) : "-",
		    p->content.len);
		all = all == NULL ? line
				  : talloc_asprintf(ctx, "%s\n%s", all, line);
	}
	return all;
}

/* Who found it, as it stands in the letter; only where the settings say so. */
static char *
finder_of(const void *ctx, const struct store_case *c)
{
	if (c->finder_address == NULL)
		return NULL;
	if (c->finder_name == NULL)
		return talloc_strdup(ctx, c->finder_address);
	return talloc_asprintf(ctx, "%s <%s>",
	    text_escape(ctx, c->finder_name, false), c->finder_address);
}

static void
overview_facts(struct facts *f, const void *ctx, struct engine *e,
    const struct store_case *c, const struct opening *o,
    const struct department *d, struct draft_share share)
{
	const char *type;

	draft_fact(f, "number", c->number);
	draft_fact(f, "department", d->title != NULL ? d->title : d->name);
	draft_fact(f, "role", role_name(d->role));
	draft_fact(
	    f, c->flow == FLOW_JPCERT ? "flow_jpcert" : "flow_direct", "1");
	draft_fact(f, "received", clock_date(ctx, c->received));
	draft_fact(f, "reply_by",
	    clock_date(
		ctx, clock_business_days(clock_now(), (int)e->s->reply_days)));
	draft_fact(f, "product", c->product);
	/*
	 * Quality learns that something came in, and of which product: more
	 * only where a person shares more than the overview.
	 */
	if (d->role == ROLE_QUALITY && !share.text && !share.attachments) {
		draft_fact(f, "receipt_only", "1");
		return;
	}
	draft_fact(f, "versions",
	    fields_of(ctx, e, o, c->correspondent, FIELD_VERSION));
	type = fields_of(ctx, e, o, c->correspondent, FIELD_TYPE);
	draft_fact(f, "identifiers", idents_of(ctx, e, c, o, type));
	draft_fact(f, "vulnerability_type", type);
	draft_fact(f, "score", cvss_of(e, o, c->correspondent));
	if (c->correspondent != NULL)
		draft_fact(f, "source", c->correspondent);
	else if (e->s->share_finder && share.by_hand)
		draft_fact(f, "finder", finder_of(ctx, c));
	if (share.text && o != NULL) {
		const char *text = desk_text(o, NULL);

		if (text != NULL)
			draft_fact(f, "text", text_to_lf(ctx, text));
	}
	if (share.attachments)
		draft_fact(f, "attachments", attachments_of(ctx, o));
}

static int
draft_overview(struct engine *e, const struct store_case *c, int64_t letter,
    const struct opening *o, const struct department *d,
    const struct contact *contact, struct draft_share share, const char *actor,
    struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	struct facts f = {0};
	const char *language =
	    contact->language != NULL ? contact->language : e->s->language;
	int rc;

	draft_common_facts(&f, ctx, e, language);
	draft_fact(&f, "to_name", contact->name);
	if (contact->notice) {
		draft_fact(&f, "number", c->number);
		m.kind = MAIL_NOTICE;
	} else {
		overview_facts(&f, ctx, e, c, o, d, share);
		m.kind = share.by_hand && (share.text || share.attachments)
			     ? MAIL_DETAILS
			     : MAIL_OVERVIEW;
		m.encrypt = 1;
		m.recipient = (char *)(uintptr_t)contact->fingerprint;
		m.with_files = share.attachments;
	}
	m.casefile = c->id;
	m.letter = letter;
	m.to = (char *)(uintptr_t)contact->address;
	m.to_name = (char *)(uintptr_t)contact->name;
	m.department = (char *)(uintptr_t)d->name;
	m.automatic = !share.by_hand;
	rc = draft_add(e, &m, language, &f, actor, err);
	talloc_free(ctx);
	return rc;
}

/* One person with several roles gets one mail (RULES 31). */
static bool
told_already(const struct department *const *departments, size_t upto,
    const char *address)
{
	for (size_t i = 0; i < upto; i++)
		for (size_t k = 0; k < departments[i]->ncontacts; k++)
			if (strcmp(departments[i]->contacts[k].address,
				address) == 0)
				return true;
	return false;
}

int
draft_overviews(struct engine *e, const struct store_case *c, int64_t letter,
    const struct opening *o, const struct department *const *departments,
    size_t ndepartments, struct draft_share share, const char *actor,
    struct error *err)
{
	struct store_record r = {0};

	if (share.attachments) {
		char *files = attachments_of(e, o);

		if (files == NULL)
			return error_set(err, FAULT_DENIED,
			    "the letter has no files: leave --attachments out");
		talloc_free(files);
	}
	for (size_t i = 0; i < ndepartments; i++)
		for (size_t k = 0; k < departments[i]->ncontacts; k++) {
			const struct contact *contact =
			    &departments[i]->contacts[k];

			if (told_already(departments, i, contact->address))
				continue;
			if (draft_overview(e, c, letter, o, departments[i],
				contact, share, actor, err) != 0)
				return -1;
		}
	r.at = clock_now();
	r.what = RECORD_ROUTED;
	r.actor = (char *)(uintptr_t)actor;
	r.casefile = c->id;
	r.letter = letter;
	r.code = (uint32_t)ndepartments;
	return store_record_add(e->st, &r, err);
}
