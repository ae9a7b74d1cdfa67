/*
 * engine_draft.c - facts become drafts, drafts become rows of outmail.
 *
 * Runs in the engine process, inside the transaction of the stop that calls.
 * One outmail has one recipient and one key (RULES 23).  Here are the answers
 * to a sender, which quote nothing of the report, and what all drafts share;
 * engine_overview.c and engine_alert.c have the rest.
 */
#include "engine_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/random.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

void
draft_fact(struct facts *f, const char *name, const char *value)
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

void
draft_common_facts(struct facts *f, const void *ctx, const struct engine *e,
    const char *language)
{
	const struct settings *s = e->s;
	bool ja = strcmp(language, "ja") == 0;

	draft_fact(f, "organization",
	    ja && s->organization_ja != NULL ? s->organization_ja
					     : s->organization);
	draft_fact(f, "desk_address", s->address);
	draft_fact(f, "fingerprint", s->poc);
	draft_fact(f, "key_url", s->key_url);
	draft_fact(f, "policy_url", s->policy_url);
	draft_fact(f, "now", clock_text(ctx, clock_now()));
}

char *
draft_tracking(const void *ctx, struct engine *e, int64_t casefile)
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

/* Those that a mail of this kind may use. */
static void
allowed_facts(
    struct facts *into, enum mail_kind kind, const struct facts *facts)
{
	const char *const *names = write_fact_names(kind);

	for (size_t i = 0; i < facts->n; i++)
		for (size_t k = 0; names[k] != NULL; k++)
			if (strcmp(names[k], facts->list[i].name) == 0)
				into->list[into->n++] = facts->list[i];
}

int
draft_add(struct engine *e, struct store_outmail *m, const char *language,
    const struct facts *facts, const char *actor, struct error *err)
{
	void *ctx = talloc_new(e);
	struct facts allowed = {0};
	struct draft_text draft;
	struct store_record r = {0};
	int rc = -1;

	allowed_facts(&allowed, m->kind, facts);
	if (write_render(ctx, e->templates, m->kind, language, allowed.list,
		allowed.n, &draft, err) != 0)
		goto out;
	/* RULES 26: what waits for a person is born a draft. */
	if (m->state != OUTMAIL_HELD)
		m->state =
		    m->policy == POLICY_APPROVE || m->policy == POLICY_TWO
			? OUTMAIL_DRAFT
			: OUTMAIL_APPROVED;
	release_doubt(e, m, actor);
	m->language = (char *)(uintptr_t)language;
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
	if (rc == 0 && m->state == OUTMAIL_UNCERTAIN)
		rc = release_tell(e, m, err);
out:
	talloc_free(ctx);
	return rc;
}

int
draft_to_operator(struct engine *e, enum mail_kind kind, int64_t casefile,
    const struct operator* to, const char *language, const struct facts *facts,
    struct error *err)
{
	struct store_outmail m = {.kind = kind,
	    .casefile = casefile,
	    .to = (char *)(uintptr_t)to->address,
	    .recipient = (char *)(uintptr_t)to->fingerprint,
	    .audience = AUDIENCE_DESK,
	    .policy = POLICY_AUTO,
	    .encrypt = 1,
	    .automatic = 1};

	return draft_add(e, &m, language, facts, "psirtd", err);
}

/* What both answers to a letter have in common. */
static int
add_answer(struct engine *e, struct store_outmail *m,
    const struct store_letter *letter, const struct opening *o,
    const struct draft_to *to, const struct facts *facts, struct error *err)
{
	m->letter = letter->id;
	m->automatic = 1;
	if (o != NULL)
		m->in_reply_to = (char *)(uintptr_t)o->headers.message_id;
	m->to = (char *)(uintptr_t)to->address;
	m->to_name = (char *)(uintptr_t)to->name;
	m->recipient = (char *)(uintptr_t)to->recipient;
	m->recipient_key = to->key;
	m->recipient_key_fpr = (char *)(uintptr_t)to->key_fpr;
	m->encrypt = to->encrypt;
	if (limit_answer(e, m, err) != 0 ||
	    draft_add(e, m, to->language, facts, "psirtd", err) != 0)
		return -1;
	return limit_tell(e, m, err);
}

int
draft_acknowledge(struct engine *e, const struct store_case *c,
    const struct store_letter *letter, const struct opening *o, int64_t report,
    const struct draft_to *to, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	struct facts f = {0};
	int64_t reply_by = settings_business_days(
	    e->s, letter->received, (int)e->s->reply_days);
	int rc;

	draft_common_facts(&f, ctx, e, to->language);
	draft_fact(&f, "number", c->number);
	/* A finder's own text is not echoed, not even a number in it. */
	if (c->correspondent != NULL) {
		draft_fact(&f, "tracking", draft_tracking(ctx, e, c->id));
		draft_fact(&f, "correspondent", c->correspondent);
	}
	draft_fact(&f, "received", clock_text(ctx, letter->received));
	draft_fact(&f, "reply_by", clock_date(ctx, reply_by));
	if (c->id != 0) /* an inquiry has no flow yet */
		draft_fact(&f,
		    c->flow == FLOW_JPCERT ? "flow_jpcert" : "flow_direct",
		    "1");
	m.kind = MAIL_ACKNOWLEDGE;
	m.casefile = c->id;
	m.report = report;
	rc = add_answer(e, &m, letter, o, to, &f, err);
	talloc_free(ctx);
	return rc;
}

/*
 * Which of the reasons of a resend note holds (conf/templates): the limit or
 * the S/MIME that the desk found, else what became of the first closed layer.
 */
static const char *
resend_reason(uint32_t reason, const struct opening *o)
{
	static const char *const of_letter[REASON_COUNT] = {
	    [REASON_SMIME] = "reason_smime",
	    [REASON_LIMIT_PARTS] = "reason_limit_parts",
	    [REASON_LIMIT_DEPTH] = "reason_limit_depth",
	    [REASON_LIMIT_FIELDS] = "reason_limit_fields",
	    [REASON_LIMIT_ADDRESSES] = "reason_limit_addresses",
	    [REASON_LIMIT_OUTPUT] = "reason_limit_output",
	    [REASON_LIMIT_TIME] = "reason_limit_time",
	    [REASON_LIMIT_KEYS] = "reason_limit_keys",
	};
	static const char *const of_layer[LAYER_OUTCOME_COUNT] = {
	    [LAYER_NO_SECRET_KEY] = "reason_no_key",
	    [LAYER_INTEGRITY] = "reason_integrity",
	    [LAYER_NO_MDC] = "reason_no_mdc",
	    [LAYER_SYMMETRIC] = "reason_symmetric",
	    [LAYER_MALFORMED] = "reason_malformed",
	    [LAYER_UNSUPPORTED] = "reason_unsupported",
	};

	if (reason < REASON_COUNT && of_letter[reason] != NULL)
		return of_letter[reason];
	for (size_t i = 0; o != NULL && i < o->nlayers; i++)
		if (o->layers[i].outcome < LAYER_OUTCOME_COUNT &&
		    of_layer[o->layers[i].outcome] != NULL)
			return of_layer[o->layers[i].outcome];
	return "reason_malformed";
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

	draft_common_facts(&f, ctx, e, to->language);
	draft_fact(&f, "received", clock_text(ctx, letter->received));
	if (casefile != 0 &&
	    store_case_get(ctx, e->st, casefile, &c, err) == 1) {
		draft_fact(&f, "number", c.number);
		if (c.correspondent != NULL) {
			draft_fact(
			    &f, "tracking", draft_tracking(ctx, e, c.id));
			draft_fact(&f, "correspondent", c.correspondent);
		}
	}
	draft_fact(&f, resend_reason(letter->reason, o), "1");
	m.kind = MAIL_RESEND;
	m.casefile = casefile;
	m.report = report;
	rc = add_answer(e, &m, letter, o, to, &f, err);
	talloc_free(ctx);
	return rc;
}
