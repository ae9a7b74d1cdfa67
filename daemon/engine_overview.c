/*
 * engine_overview.c - what departments are handed: overviews, and what
 * `psirt route` adds (RULES 5, 27, 31).
 *
 * Runs in the engine process, inside the transaction of the stop that calls.
 */
#include "engine_step.h"

#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
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

bool
letter_has_files(const struct opening *o)
{
	for (size_t i = 0; o != NULL && i < o->nparts; i++)
		if (part_is_attachment(&o->parts[i]))
			return true;
	return false;
}

/* As it stands in the letter. */
char *
case_finder(const void *ctx, const struct store_case *c)
{
	if (c->finder_address == NULL)
		return NULL;
	if (c->finder_name == NULL)
		return talloc_strdup(ctx, c->finder_address);
	return talloc_asprintf(ctx, "%s <%s>",
	    text_escape(ctx, c->finder_name, false), c->finder_address);
}

void
letter_facts(struct facts *f, const void *ctx, struct engine *e,
    const struct store_case *c, const struct opening *o,
    struct draft_share share)
{
	const char *type;

	draft_fact(f, "versions",
	    fields_of(ctx, e, o, c->correspondent, FIELD_VERSION));
	type = fields_of(ctx, e, o, c->correspondent, FIELD_TYPE);
	draft_fact(f, "identifiers", idents_of(ctx, e, c, o, type));
	draft_fact(f, "vulnerability_type", type);
	draft_fact(f, "score", cvss_of(e, o, c->correspondent));
	if (c->correspondent != NULL)
		draft_fact(f, "source", c->correspondent);
	else if (e->s->share_finder && share.by_hand)
		draft_fact(f, "finder", case_finder(ctx, c));
	if (share.text && o != NULL) {
		const char *text = desk_text(o, NULL);

		if (text != NULL)
			draft_fact(f, "text", text_to_lf(ctx, text));
	}
	if (share.attachments)
		draft_fact(f, "attachments", attachments_of(ctx, o));
}

/* ---- overviews ---- */

/* All that the mails of one routing have in common. */
struct routing {
	struct engine *e;
	struct casework *w;
	const struct case_step *pass; /* NULL: nothing is asked any more */
	int64_t letter;
	const struct opening *o;
	struct draft_share share;
	const char *actor;
};

/* Is this department asked?  The others are told. */
static bool
is_asked(const struct routing *r, const struct department *d)
{
	const struct case_view *v = &r->w->view;
	uint32_t roles;

	if (r->pass == NULL)
		return false;
	roles = r->pass->step->lead | r->pass->step->joint;
	/* Where quality leads, it is asked what design would be. */
	if ((roles & ROLE_BIT(ROLE_DESIGN)) != 0 &&
	    desk_department(v->s, v->product, ROLE_DESIGN) == d)
		return true;
	if ((roles & ~ROLE_BIT(ROLE_POC)) == 0)
		return d->role != ROLE_QUALITY;
	return (roles & ROLE_BIT(d->role)) != 0;
}

/*
 * Quality learns that something came in, and of which product: more only
 * where a person shares more than the overview.
 */
static bool
is_receipt(const struct routing *r, const struct department *d)
{
	return d->role == ROLE_QUALITY && !is_asked(r, d) &&
	       !(r->share.by_hand && (r->share.text || r->share.attachments));
}

static void
overview_facts(struct facts *f, const void *ctx, const struct routing *r,
    const struct department *d, const char *language)
{
	const struct store_case *c = &r->w->c;
	bool asked = is_asked(r, d);

	draft_fact(f, "department", d->title != NULL ? d->title : d->name);
	draft_fact(f, "role", role_name(d->role));
	draft_fact(
	    f, c->flow == FLOW_JPCERT ? "flow_jpcert" : "flow_direct", "1");
	draft_fact(f, "received", clock_date(ctx, c->received));
	draft_fact(f, "product", c->product);
	if (asked)
		step_facts(f, ctx, r->w, r->pass, language);
	if (!asked || r->pass->due == 0)
		draft_fact(f, "reply_by",
		    clock_date(ctx, settings_business_days(r->e->s, clock_now(),
					(int)r->e->s->reply_days)));
	if (is_receipt(r, d))
		draft_fact(f, "receipt_only", "1");
	else
		letter_facts(f, ctx, r->e, c, r->o, r->share);
}

/* What JPCERT/CC sends first is an overview, and no more by its text. */
static uint32_t
parts_of(const struct routing *r)
{
	bool overview = r->w->c.flow == FLOW_JPCERT && !r->share.by_hand;

	return TOLD_OVERVIEW |
	       (r->share.text && !overview ? TOLD_DETAILS : 0U) |
	       (r->share.attachments ? TOLD_DETAILS | TOLD_EXPLOIT : 0U);
}

static int
draft_overview(const struct routing *r, const struct department *d,
    const struct contact *contact, struct error *err)
{
	void *ctx = talloc_new(r->e);
	struct draft_share share = r->share;
	struct case_draft draft = {.kind = MAIL_NOTICE,
	    .audience = AUDIENCE_DEPARTMENT,
	    .policy = POLICY_AUTO,
	    /* Who is only told is not reminded of the question. */
	    .pass = is_asked(r, d) ? r->pass : NULL,
	    .department = d,
	    .letter = r->letter,
	    .automatic = !share.by_hand};
	struct facts f = {0};
	int rc;

	draft.to.address = contact->address;
	draft.to.name = contact->name;
	draft.to.language =
	    contact->language != NULL ? contact->language : r->e->s->language;
	draft_common_facts(&f, ctx, r->e, draft.to.language);
	draft_fact(&f, "to_name", contact->name);
	draft_fact(&f, "number", r->w->c.number);
	if (!contact->notice) {
		overview_facts(&f, ctx, r, d, draft.to.language);
		draft.kind = share.by_hand && (share.text || share.attachments)
				 ? MAIL_DETAILS
				 : MAIL_OVERVIEW;
		draft.to.encrypt = true;
		draft.to.recipient = contact->fingerprint;
		draft.with_files = share.attachments;
		draft.parts = is_receipt(r, d) ? TOLD_OVERVIEW : parts_of(r);
	}
	rc = leave_draft(r->e, r->w, &draft, &f, r->actor, NULL, err);
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

/*
 * The pass that the overviews carry: the one that runs, else a first one.
 * Once it has ended, what is handed on asks nothing more.
 */
static int
take_pass(struct routing *r, const void *ctx, struct error *err)
{
	const struct flow_file *flow = r->w->view.flow;
	const struct flow_step *step = NULL;
	int64_t id = r->w->c.id;

	for (size_t i = 0; i < flow->nsteps && step == NULL; i++)
		if (flow->steps[i].start == START_ROUTE)
			step = &flow->steps[i];
	if (step == NULL)
		return 0;
	r->pass = case_step_of(&r->w->view, step->number);
	if (r->pass == NULL || r->pass->state == CASE_STEP_READY) {
		if (step_begin(r->e, r->w, step, true, 0, r->actor, err) != 0)
			return -1;
		r->w = case_load(ctx, r->e, id, err);
		if (r->w == NULL)
			return -1;
		r->pass = case_step_of(&r->w->view, step->number);
	}
	if (r->pass->state != CASE_STEP_RUNNING)
		r->pass = NULL;
	return 0;
}

/* By itself a letter is filed whatever a guard says of one of the mails. */
static int
draft_all(const struct routing *r, const struct department *const *departments,
    size_t ndepartments, struct error *err)
{
	for (size_t i = 0; i < ndepartments; i++)
		for (size_t k = 0; k < departments[i]->ncontacts; k++) {
			const struct contact *contact =
			    &departments[i]->contacts[k];

			if (told_already(departments, i, contact->address) ||
			    draft_overview(r, departments[i], contact, err) ==
				0)
				continue;
			if (r->share.by_hand || err->fault != FAULT_DENIED)
				return -1;
			log_warn("case=%s an overview was not drafted",
			    r->w->c.number);
			error_clear(err);
			if (store_alert_add(r->e->st, REASON_MAIL_HELD,
				r->letter, r->w->c.id, clock_now(), err) != 0)
				return -1;
		}
	return 0;
}

/* Nobody in it reads PGP: "come to the desk" alone was said. */
static bool
notice_alone(const struct department *d)
{
	for (size_t i = 0; i < d->ncontacts; i++)
		if (!d->contacts[i].notice)
			return false;
	return true;
}

/* In flow direct an overview without the words says that they follow. */
static int
hold_to_words(const struct routing *r,
    const struct department *const *departments, size_t ndepartments,
    struct error *err)
{
	const struct department **to =
	    talloc_array(r->w, const struct department *, ndepartments + 1);
	size_t n = 0;

	if (to == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < ndepartments; i++)
		if (!notice_alone(departments[i]) &&
		    !is_receipt(r, departments[i]))
			to[n++] = departments[i];
	if (r->w->c.flow != FLOW_DIRECT || n == 0)
		return 0;
	return task_hand_on(
	    r->e, r->w->c.id, r->letter, to, n, r->share.text, r->actor, err);
}

int
draft_overviews(struct engine *e, const struct store_case *c, int64_t letter,
    const struct opening *o, const struct department *const *departments,
    size_t ndepartments, struct draft_share share, const char *actor,
    struct error *err)
{
	void *ctx = talloc_new(e);
	struct routing r = {
	    .e = e, .letter = letter, .o = o, .share = share, .actor = actor};
	struct store_record line = {0};
	int rc = -1;

	if (share.attachments && !letter_has_files(o)) {
		error_set(err, FAULT_DENIED,
		    "the letter has no files: leave --attachments out");
		goto out;
	}
	r.w = case_load(ctx, e, c->id, err);
	if (r.w == NULL || take_pass(&r, ctx, err) != 0 ||
	    draft_all(&r, departments, ndepartments, err) != 0 ||
	    hold_to_words(&r, departments, ndepartments, err) != 0)
		goto out;
	line.at = clock_now();
	line.what = RECORD_ROUTED;
	line.actor = (char *)(uintptr_t)actor;
	line.casefile = c->id;
	line.letter = letter;
	line.code = (uint32_t)ndepartments;
	rc = store_record_add(e->st, &line, err);
out:
	talloc_free(ctx);
	return rc;
}
