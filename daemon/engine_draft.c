/*
 * engine_draft.c - facts become drafts, drafts become rows of outmail.
 *
 * Runs in the engine process, inside the transaction of the stop that calls.
 * One outmail has one recipient and one key (RULES 23).  What goes to whom:
 * an acknowledgement quotes nothing of the report; an overview holds number,
 * product and recognised fields; a text goes along only where the caller,
 * who asked the desk or a person, says so (RULES 5).
 */
#include "engine_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

#define FACTS_MOST 48
#define FIELD_COLUMNS 300 /* of a recognised field in an overview */
#define ALERT_WAIT_S 3    /* what comes together is told together */
#define ALERT_EVERY_S 600 /* a flood makes one mail in this time */
#define ALERT_LINES 50

struct facts {
	struct fact list[FACTS_MOST];
	size_t n;
};

static void
fact(struct facts *f, const char *name, const char *value)
{
	if (f->n < FACTS_MOST && value != NULL && value[0] != '\0')
		f->list[f->n++] = (struct fact){name, value};
}

/* A Message-ID that tells nothing and can be recognised (RFC 5322 3.6.4). */
static char *
new_message_id(const void *ctx, const struct settings *s)
{
	uint8_t random[16];
	const char *at = strchr(s->address, '@');

	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		return NULL;
	return talloc_asprintf(ctx, "psirtd.%s%s",
	    bytes_hex(ctx, bytes_of(random, sizeof(random))), at);
}

static void
common_facts(struct facts *f, const void *ctx, const struct engine *e,
    const char *language)
{
	const struct settings *s = e->s;
	bool ja = strcmp(language, "ja") == 0;

	fact(f, "organization",
	    ja && s->organization_ja != NULL ? s->organization_ja
					     : s->organization);
	fact(f, "desk_address", s->address);
	fact(f, "fingerprint", s->poc);
	fact(f, "key_url", s->key_url);
	fact(f, "policy_url", s->policy_url);
	fact(f, "now", clock_text(ctx, clock_now()));
}

/* The counterpart's own numbers, for its subject (RULES 24). */
static char *
tracking_of(const void *ctx, struct engine *e, int64_t casefile)
{
	char *jvn = NULL;
	char *jpcert = NULL;
	char *other = NULL;
	uint32_t *kinds = NULL;
	char **values = NULL;
	size_t n = 0;

	if (store_case_idents(
		ctx, e->st, casefile, &kinds, &values, &n, NULL) != 0)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		if (kinds[i] == IDENT_JVN || kinds[i] == IDENT_JVNVU)
			jvn = jvn != NULL ? jvn : values[i];
		else if (kinds[i] == IDENT_JPCERT)
			jpcert = jpcert != NULL ? jpcert : values[i];
		else if (kinds[i] == IDENT_VU || kinds[i] == IDENT_VRF ||
			 kinds[i] == IDENT_ICSVU)
			other = other != NULL ? other : values[i];
	}
	if (jvn != NULL && jpcert != NULL)
		return talloc_asprintf(ctx, "VN: %s / TN: %s", jvn, jpcert);
	return jpcert != NULL ? jpcert : jvn != NULL ? jvn : other;
}

/* Renders, and writes the row; m has everything but the text. */
static int
add_mail(struct engine *e, struct store_outmail *m, const char *language,
    const struct facts *facts, const char *actor, struct error *err)
{
	void *ctx = talloc_new(e);
	struct draft_text draft;
	struct store_record r = {0};
	int rc = -1;

	if (write_render(ctx, e->templates, m->kind, language, facts->list,
		facts->n, &draft, err) != 0)
		goto out;
	m->state = OUTMAIL_APPROVED;
	m->made = clock_now();
	m->message_id = new_message_id(ctx, e->s);
	m->from = talloc_strdup(ctx, e->s->address);
	m->subject = talloc_strdup(ctx, draft.subject);
	m->body = talloc_strdup(ctx, draft.body);
	if (m->message_id == NULL || m->subject == NULL || m->body == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto out;
	}
	if (store_outmail_add(e->st, m, err) != 0 ||
	    store_message_id_add(
		e->st, m->message_id, m->casefile, 0, m->id, err) != 0)
		goto out;
	r.at = m->made;
	r.what = RECORD_MAIL_DRAFTED;
	r.actor = (char *)(uintptr_t)actor;
	r.casefile = m->casefile;
	r.letter = m->letter;
	r.outmail = m->id;
	r.code = m->kind;
	rc = store_record_add(e->st, &r, err);
out:
	talloc_free(ctx);
	return rc;
}

static void
address_mail(struct store_outmail *m, const struct draft_to *to)
{
	m->to = (char *)(uintptr_t)to->address;
	m->to_name = (char *)(uintptr_t)to->name;
	m->recipient = (char *)(uintptr_t)to->recipient;
	m->recipient_key = to->key;
	m->recipient_key_fpr = (char *)(uintptr_t)to->key_fpr;
	m->encrypt = to->encrypt;
}

int
draft_acknowledge(struct engine *e, const struct store_case *c,
    const struct store_letter *letter, const struct opening *o, int64_t report,
    const struct draft_to *to, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	struct facts f = {0};
	int64_t reply_by =
	    clock_business_days(letter->received, (int)e->s->reply_days);
	int rc;

	common_facts(&f, ctx, e, to->language);
	fact(&f, "number", c->number);
	/* A finder's own text is not echoed, not even a number in it. */
	if (c->correspondent != NULL)
		fact(&f, "tracking", tracking_of(ctx, e, c->id));
	fact(&f, "received", clock_text(ctx, letter->received));
	fact(&f, "reply_by", clock_date(ctx, reply_by));
	fact(&f, c->flow == FLOW_JPCERT ? "flow_jpcert" : "flow_direct", "1");
	m.kind = MAIL_ACKNOWLEDGE;
	m.casefile = c->id;
	m.letter = letter->id;
	m.report = report;
	m.automatic = 1;
	if (o != NULL)
		m.in_reply_to = (char *)(uintptr_t)o->headers.message_id;
	address_mail(&m, to);
	rc = add_mail(e, &m, to->language, &f, "psirtd", err);
	talloc_free(ctx);
	return rc;
}

/* Which of the reasons of a resend note holds (conf/templates). */
static void
resend_reason(struct facts *f, const struct opening *o)
{
	static const char *const names[] = {
	    [LAYER_NO_SECRET_KEY] = "reason_no_key",
	    [LAYER_INTEGRITY] = "reason_integrity",
	    [LAYER_SYMMETRIC] = "reason_symmetric",
	    [LAYER_MALFORMED] = "reason_malformed",
	    [LAYER_UNSUPPORTED] = "reason_unsupported",
	};

	for (size_t i = 0; o != NULL && i < o->nlayers; i++) {
		uint32_t outcome = o->layers[i].outcome;

		if (outcome < sizeof(names) / sizeof(names[0]) &&
		    names[outcome] != NULL) {
			fact(f, names[outcome], "1");
			return;
		}
	}
	for (size_t i = 0; o != NULL && i < o->nparts; i++)
		if (o->parts[i].kind == PART_SMIME) {
			fact(f, "reason_smime", "1");
			return;
		}
	fact(f, "reason_malformed", "1");
}

int
draft_resend(struct engine *e, const struct store_letter *letter,
    const struct opening *o, int64_t report, int64_t casefile,
    const struct draft_to *to, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	struct store_case c = {0};
	struct facts f = {0};
	int rc;

	common_facts(&f, ctx, e, to->language);
	fact(&f, "received", clock_text(ctx, letter->received));
	if (casefile != 0 && store_case_get(ctx, e->st, casefile, &c, err) == 1)
		fact(&f, "number", c.number);
	resend_reason(&f, o);
	m.kind = MAIL_RESEND;
	m.casefile = casefile;
	m.letter = letter->id;
	m.report = report;
	m.automatic = 1;
	if (o != NULL)
		m.in_reply_to = (char *)(uintptr_t)o->headers.message_id;
	address_mail(&m, to);
	rc = add_mail(e, &m, to->language, &f, "psirtd", err);
	talloc_free(ctx);
	return rc;
}

/* ---- overviews ---- */

static char *
fields_of(const void *ctx, const struct opening *o, enum field_kind kind)
{
	char *all = NULL;

	for (size_t i = 0; o != NULL && i < o->nfields; i++) {
		char *one;

		if (o->fields[i].kind != kind)
			continue;
		one = text_cut(ctx, text_escape(ctx, o->fields[i].value, false),
		    FIELD_COLUMNS);
		all = all == NULL ? one
				  : talloc_asprintf(ctx, "%s; %s", all, one);
		if (strlen(all) > 3 * FIELD_COLUMNS)
			break;
	}
	return all;
}

static char *
idents_of(const void *ctx, struct engine *e, int64_t casefile)
{
	uint32_t *kinds = NULL;
	char **values = NULL;
	char *all = NULL;
	size_t n = 0;

	if (store_case_idents(
		ctx, e->st, casefile, &kinds, &values, &n, NULL) != 0)
		return NULL;
	for (size_t i = 0; i < n && i < 20; i++)
		if (kinds[i] != IDENT_CVSS)
			all = all == NULL ? talloc_strdup(ctx, values[i])
					  : talloc_asprintf(
						ctx, "%s, %s", all, values[i]);
	return all;
}

static const char *
cvss_of(const struct opening *o)
{
	for (size_t i = 0; o != NULL && i < o->nidents; i++)
		if (o->idents[i].kind == IDENT_CVSS)
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

		if (p->kind != PART_FILE)
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
	fact(f, "number", c->number);
	fact(f, "department", d->title != NULL ? d->title : d->name);
	fact(f, "role", role_name(d->role));
	fact(f, c->flow == FLOW_JPCERT ? "flow_jpcert" : "flow_direct", "1");
	fact(f, "received", clock_date(ctx, c->received));
	fact(f, "reply_by",
	    clock_date(
		ctx, clock_business_days(clock_now(), (int)e->s->reply_days)));
	fact(f, "product", c->product);
	/* Quality learns that something came in, and of which product. */
	if (d->role == ROLE_QUALITY && !share.by_hand) {
		fact(f, "receipt_only", "1");
		return;
	}
	fact(f, "versions", fields_of(ctx, o, FIELD_VERSION));
	fact(f, "identifiers", idents_of(ctx, e, c->id));
	fact(f, "vulnerability_type", fields_of(ctx, o, FIELD_TYPE));
	fact(f, "score", cvss_of(o));
	if (c->correspondent != NULL)
		fact(f, "source", c->correspondent);
	else if (e->s->share_finder && share.by_hand)
		fact(f, "finder", finder_of(ctx, c));
	if (share.text && o != NULL) {
		const char *text = desk_text(o, NULL);

		if (text != NULL)
			fact(f, "text", text_to_lf(ctx, text));
	}
	if (share.attachments)
		fact(f, "attachments", attachments_of(ctx, o));
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

	common_facts(&f, ctx, e, language);
	fact(&f, "to_name", contact->name);
	if (contact->notice) {
		fact(&f, "number", c->number);
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
	rc = add_mail(e, &m, language, &f, actor, err);
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

/* ---- the POC is told: numbers and reasons alone, gathered ---- */

/* "forged: letter 7", "mail-held: PSIRT-2026-0001": reason and numbers. */
static char *
alert_line(const void *ctx, struct engine *e, const struct store_alert *alert)
{
	const char *reason = reason_name((enum reason)alert->reason);
	struct store_case c = {0};

	if (alert->casefile != 0 &&
	    store_case_get(ctx, e->st, alert->casefile, &c, NULL) == 1 &&
	    alert->letter != 0)
		return talloc_asprintf(ctx, "%s: letter %lld, %s", reason,
		    (long long)alert->letter, c.number);
	if (c.number != NULL)
		return talloc_asprintf(ctx, "%s: %s", reason, c.number);
	if (alert->letter != 0)
		return talloc_asprintf(
		    ctx, "%s: letter %lld", reason, (long long)alert->letter);
	return talloc_strdup(ctx, reason);
}

static int
draft_alert(struct engine *e, const struct store_alert *alerts, size_t n,
    const struct operator* to, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	struct facts f = {0};
	const char *language =
	    to->language != NULL ? to->language : e->s->language;
	char *lines = talloc_strdup(ctx, "");
	int rc;

	for (size_t i = 0; i < n && i < ALERT_LINES; i++)
		lines = talloc_asprintf_append(
		    lines, "  %s\n", alert_line(ctx, e, &alerts[i]));
	common_facts(&f, ctx, e, language);
	fact(&f, "to_name", to->user);
	fact(&f, "count", talloc_asprintf(ctx, "%zu", n));
	fact(&f, "lines", lines);
	m.kind = MAIL_ALERT;
	m.to = (char *)(uintptr_t)to->address;
	m.recipient = (char *)(uintptr_t)to->fingerprint;
	m.encrypt = 1;
	m.automatic = 1;
	rc = add_mail(e, &m, language, &f, "psirtd", err);
	talloc_free(ctx);
	return rc;
}

static int
tell_desk(struct engine *e, const struct store_alert *alerts, size_t n,
    struct error *err)
{
	if (store_begin(e->st, err) != 0)
		return -1;
	for (size_t i = 0; i < e->s->noperators; i++) {
		const struct operator* to = & e->s->operators[i];

		if (to->address != NULL && to->fingerprint != NULL &&
		    draft_alert(e, alerts, n, to, err) != 0)
			return -1;
	}
	if (store_alert_done(e->st, alerts[n - 1].id, err) != 0)
		return -1;
	return stop_commit(e, "alert", err);
}

bool
stop_alert(struct engine *e)
{
	struct store_alert *alerts = NULL;
	struct error err = {0};
	int64_t now = clock_now();
	int64_t due;
	bool done = false;
	size_t n = 0;

	if (!e->unlocked)
		return false;
	if (store_alert_list(e, e->st, &alerts, &n, &err) != 0) {
		engine_trouble(e, "alert", &err);
		return false;
	}
	if (n > 0) {
		due = alerts[0].at + (e->once ? 0 : ALERT_WAIT_S);
		if (e->alerted_at != 0 && e->alerted_at + ALERT_EVERY_S > due)
			due = e->alerted_at + ALERT_EVERY_S;
		if (now >= due) {
			if (tell_desk(e, alerts, n, &err) != 0) {
				engine_trouble(e, "alert", &err);
			} else {
				e->alerted_at = now;
				done = true;
			}
		} else if (e->retry_at == 0 || due < e->retry_at) {
			e->retry_at = due;
		}
	}
	talloc_free(alerts);
	return done;
}
