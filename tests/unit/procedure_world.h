/*
 * procedure_world.h - a case on its way, for the desk's tests: a vendor with a
 * department for every role, customers with and without an NDA, and a small
 * hand that does with what desk_advance() says what the engine does with it.
 *
 * A walk is a table of moves.  Each says what happens and at which steps the
 * case stands then: running ones by number, offered ones in brackets.
 */
#ifndef TESTS_UNIT_PROCEDURE_WORLD_H
#define TESTS_UNIT_PROCEDURE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/procedure.h"

#define KEY_JPCERT "1111111111111111111111111111111111111111"
#define KEY_CERT "2222222222222222222222222222222222222222"
#define KEY_DEPARTMENT "3333333333333333333333333333333333333333"
#define KEY_FINDER "4444444444444444444444444444444444444444"
#define KEY_CUSTOMER "5555555555555555555555555555555555555555"

#define AT_JPCERT "vuls@jpcert.example"
#define AT_CERT "cert@cert.example"
#define AT_FINDER "robin@research.example"
#define AT_NDA "plant@customer.example"
#define AT_NO_NDA "office@elsewhere.example"

#define NOW INT64_C(1795543200) /* 2026-11-24 18:00 UTC */
#define DAY 86400
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define PASSES_MOST 96
#define ANSWERS_MOST 96

struct procedure {
	void *ctx;
	struct settings s;
	struct contact contacts[ROLE_COUNT];
	struct department departments[ROLE_COUNT];
	struct product product;
	struct correspondent correspondents[2];
	struct customer customers[3];

	struct case_view v;
	struct case_step steps[PASSES_MOST];
	struct case_answer answers[ANSWERS_MOST];
	/* the guard that refused a mail of the step begun last; 0 none */
	enum guard_kind refused;
};

static inline void
procedure_vendor(struct procedure *p)
{
	static const char *jp_addresses[] = {AT_JPCERT};
	static const char *jp_keys[] = {KEY_JPCERT};
	static const char *ce_addresses[] = {AT_CERT};
	static const char *ce_keys[] = {KEY_CERT};
	static const char *names[] = {"XYZ-100"};
	static const char *others[] = {"ABC-7"};

	for (int r = ROLE_DESIGN; r < ROLE_COUNT; r++) {
		p->contacts[r] = (struct contact){.name = "Hana",
		    .address = "hana@vendor.example",
		    .fingerprint = KEY_DEPARTMENT};
		p->departments[r] =
		    (struct department){.name = role_name((enum role)r),
			.role = (enum role)r,
			.contacts = &p->contacts[r],
			.ncontacts = 1};
	}
	p->product =
	    (struct product){.name = "XYZ-100", .names = names, .nnames = 1};
	p->correspondents[0] = (struct correspondent){.name = "JPCERT/CC",
	    .addresses = jp_addresses,
	    .naddresses = 1,
	    .fingerprints = jp_keys,
	    .nfingerprints = 1,
	    .flow = FLOW_JPCERT,
	    .language = "ja"};
	p->correspondents[1] = (struct correspondent){.name = "CERT/CC",
	    .addresses = ce_addresses,
	    .naddresses = 1,
	    .fingerprints = ce_keys,
	    .nfingerprints = 1,
	    .flow = FLOW_DIRECT,
	    .language = "en"};
	p->customers[0] = (struct customer){.name = "Plant",
	    .address = AT_NDA,
	    .fingerprint = KEY_CUSTOMER,
	    .nda = true,
	    .products = names,
	    .nproducts = 1};
	p->customers[1] = (struct customer){.name = "Office",
	    .address = AT_NO_NDA,
	    .fingerprint = KEY_CUSTOMER,
	    .products = names,
	    .nproducts = 1};
	p->customers[2] = (struct customer){.name = "Depot",
	    .address = "depot@elsewhere.example",
	    .products = others,
	    .nproducts = 1};
	p->s = (struct settings){.address = "psirt@vendor.example",
	    .language = "en",
	    .departments = p->departments,
	    .ndepartments = ROLE_COUNT,
	    .products = &p->product,
	    .nproducts = 1,
	    .correspondents = p->correspondents,
	    .ncorrespondents = 2,
	    .customers = p->customers,
	    .ncustomers = 3,
	    .status_jpcert_s = 14 * DAY,
	    .status_cert_s = 10 * DAY,
	    .status_finder_s = 7 * DAY,
	    .status_quiet_s = 3 * DAY};
	for (int r = 0; r < ROLE_COUNT; r++) {
		p->product.departments[r] = r > 0 && r <= ROLE_SALES ? r : -1;
		p->s.default_departments[r] = r > 0 && r < ROLE_CSIRT ? r : -1;
	}
}

/* The flow of a text in the language of conf/flow-*.conf. */
static inline struct flow_file *
flow_of(const void *ctx, enum flow flow, const char *text)
{
	char *errors = NULL;
	struct error err = {0};
	struct flow_file *f =
	    flow_parse(ctx, flow, "flow.conf", text, &errors, &err);

	if (f == NULL)
		fail_msg("%s", errors != NULL ? errors : err.text);
	return f;
}

static inline struct flow_file *
flow_shipped(const void *ctx, enum flow flow)
{
	const char *path = flow == FLOW_JPCERT ? "conf/flow-jpcert.conf"
					       : "conf/flow-direct.conf";
	FILE *in = fopen(path, "rb");
	char *text = talloc_zero_size(ctx, 1 << 18);

	if (in == NULL || text == NULL)
		fail_msg("%s", path);
	assert_int_not_equal(fread(text, 1, (1 << 18) - 1, in), 0);
	fclose(in);
	return flow_of(ctx, flow, text);
}

/* A fresh case: JPCERT/CC's, or of a finder. */
static inline void
procedure_init(struct procedure *p, enum flow kind, const char *text)
{
	memset(p, 0, sizeof(*p));
	p->ctx = talloc_new(NULL);
	procedure_vendor(p);
	p->v = (struct case_view){.s = &p->s,
	    .flow = text != NULL ? flow_of(p->ctx, kind, text)
				 : flow_shipped(p->ctx, kind),
	    .kind = kind,
	    .product = "XYZ-100",
	    .received = NOW - DAY,
	    .steps = p->steps,
	    .answers = p->answers,
	    .routed = 2,
	    .now = NOW};
	if (kind == FLOW_JPCERT)
		p->v.counterpart = "JPCERT/CC";
	else
		p->v.finder_address = AT_FINDER;
}

static inline void
procedure_free(struct procedure *p)
{
	talloc_free(p->ctx);
}

/* ---- what the engine does ---- */

static inline struct case_step *
pass_of(struct procedure *p, const char *number)
{
	const struct case_step *pass = case_step_of(&p->v, number);

	return pass != NULL ? &p->steps[pass - p->steps] : NULL;
}

static inline struct case_step *
pass_new(struct procedure *p, const struct flow_step *step)
{
	const struct case_step *last = case_step_of(&p->v, step->number);

	assert_true(p->v.nsteps < PASSES_MOST);
	p->steps[p->v.nsteps] = (struct case_step){.id = 1,
	    .step = step,
	    .round = last != NULL ? last->round + 1 : 1,
	    .state = CASE_STEP_READY};
	return &p->steps[p->v.nsteps++];
}

static inline void
mail_to(struct procedure *p, struct case_step *pass,
    const struct flow_mail *mail, struct leaving leaving)
{
	enum guard_kind guard;
	char *why;

	leaving.step = pass->step;
	leaving.audience = mail->to;
	leaving.template = mail->template;
	guard = desk_may_leave(p->ctx, &p->v, &leaving, &why);
	if (guard != 0) {
		assert_non_null(why);
		p->refused = guard;
	} else if (mail->policy == POLICY_AUTO) {
		pass->mails_sent++;
	} else {
		pass->mails_waiting++;
		pass->mails_draft++;
	}
}

/* To JPCERT/CC where it is the counterpart, and then to the finder never. */
static inline void
mail_outside(
    struct procedure *p, struct case_step *pass, const struct flow_mail *mail)
{
	struct leaving to_finder = {.step = pass->step,
	    .audience = mail->to,
	    .address = AT_FINDER,
	    .fingerprint = KEY_FINDER,
	    .template = mail->template};
	struct leaving to_jpcert = {
	    .address = AT_JPCERT, .fingerprint = KEY_JPCERT};
	char *why;

	if (mail->to == AUDIENCE_COUNTERPART &&
	    !case_speaks_through_jpcert(&p->v)) {
		mail_to(p, pass, mail, to_finder);
		return;
	}
	assert_int_equal(
	    desk_may_leave(p->ctx, &p->v, &to_finder, &why), GUARD_NO_FINDER);
	mail_to(p, pass, mail, to_jpcert);
}

static inline void
mail_readers(
    struct procedure *p, struct case_step *pass, const struct flow_mail *mail)
{
	switch (mail->to) {
	case AUDIENCE_DEPARTMENT:
		for (int r = ROLE_DESIGN; r < ROLE_COUNT; r++)
			if ((mail->roles & ROLE_BIT(r)) != 0)
				mail_to(p, pass, mail,
				    (struct leaving){
					.address = "hana@vendor.example",
					.fingerprint = KEY_DEPARTMENT,
					.role = (enum role)r});
		break;
	case AUDIENCE_CUSTOMER:
		for (size_t i = 0; i < 2; i++)
			mail_to(p, pass, mail,
			    (struct leaving){.address = p->customers[i].address,
				.fingerprint = p->customers[i].fingerprint,
				.customer = &p->customers[i]});
		break;
	default:
		mail_outside(p, pass, mail);
		break;
	}
}

static inline bool
is_on(const struct case_view *v, const struct flow_when *when, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct case_answer *a = case_answer_of(v, when[i].answer);

		if (a == NULL || (when[i].value != NULL &&
				     strcmp(a->value, when[i].value) != 0))
			return false;
	}
	return true;
}

static inline void
step_run(struct procedure *p, struct case_step *pass)
{
	const struct flow_step *step = pass->step;

	pass->state = CASE_STEP_RUNNING;
	pass->started = p->v.now;
	p->refused = 0;
	if (step->start == START_ROUTE) {
		pass->mails_sent = 1; /* the overviews */
		return;
	}
	for (size_t i = 0; i < step->nmails; i++)
		if (is_on(&p->v, step->mails[i].when, step->mails[i].nwhen))
			mail_readers(p, pass, &step->mails[i]);
	/* Nothing of it may leave: offered, for the desk to see. */
	if (p->refused != 0 && pass->mails_sent + pass->mails_waiting == 0)
		pass->state = CASE_STEP_READY;
}

static inline void
write_line(struct procedure *p, const struct advance *a)
{
	struct case_step *pass = NULL;

	if (a->pass != NULL)
		pass = &p->steps[a->pass - p->steps];
	if (a->what == ADVANCE_PHASE) {
		p->v.phase = a->phase;
		return;
	}
	if (a->what == ADVANCE_READY || pass == NULL)
		pass = pass_new(p, a->step);
	if (a->what == ADVANCE_START)
		step_run(p, pass);
	else if (a->what == ADVANCE_END)
		pass->state = CASE_STEP_ENDED;
}

/* Writes what follows until nothing does; how many lines that were. */
static inline size_t
procedure_run(struct procedure *p)
{
	size_t all = 0, n;

	do {
		struct advance *list;

		n = desk_advance(p->ctx, &p->v, &list);
		all += n;
		assert_true(all < 200); /* it comes to rest */
		for (size_t i = 0; i < n; i++)
			write_line(p, &list[i]);
	} while (n > 0);
	return all;
}

/* ---- moves ---- */

enum move_kind {
	BEGINS = 1,  /* the case is made */
	ANSWER,      /* words, recorded at the step; step NULL: of the case */
	SENT,        /* all mails of the step that wait have left */
	STARTS,      /* a person starts it */
	DONE,        /* a person ends it */
	SKIPS,       /* a person passes it by */
	FROM_JPCERT, /* a letter under its pinned key */
	FROM_SOURCE, /* a letter of the finder, under its key */
	ASKED,       /* a question is open */
	ROUTED,      /* `psirt route` */
	WINDOW,      /* JPCERT/CC is the window from now on */
	LATER,       /* the publication date has come */
};

struct move {
	enum move_kind what;
	const char *step;
	const char *words; /* "status = reproduced; cause = …" */
	const char *at;    /* where the case stands then */
};

static inline void
answer_add(struct procedure *p, const char *step, enum answer_kind kind,
    const char *value)
{
	assert_true(p->v.nanswers < ANSWERS_MOST);
	p->answers[p->v.nanswers++] = (struct case_answer){.id = 1,
	    .kind = kind,
	    .value = value,
	    .by = "Hana",
	    .step = step != NULL ? flow_step(p->v.flow, step) : NULL,
	    .at = p->v.now};
}

static inline void
answer_words(struct procedure *p, const char *step, const char *words)
{
	char *copy = talloc_strdup(p->ctx, words), *rest = copy, *one;

	while ((one = strsep(&rest, ";")) != NULL) {
		char *value = strchr(one, '=');
		const struct answer_rule *rule;
		const char *why = NULL;

		assert_non_null(value);
		*value++ = '\0';
		rule = answer_by_word(one);
		if (rule == NULL)
			fail_msg("\"%s\" is no answer", one);
		value = answer_value(p->ctx, rule, value, &why);
		if (value == NULL)
			fail_msg("\"%s\": %s", one, why);
		answer_add(p, step, rule->kind, value);
	}
}

static inline void
letter_comes(struct procedure *p, const struct move *m)
{
	bool jpcert = m->what == FROM_JPCERT;
	struct desk_signer signer = {
	    .verdict = jpcert ? VERDICT_PINNED : VERDICT_KNOWN,
	    .correspondent = jpcert ? &p->correspondents[0] : NULL};
	struct arrival a = desk_arrival(&p->v, &signer, !jpcert, jpcert, false);

	assert_int_equal(a.what, ARRIVAL_ENDS_STEP);
	assert_string_equal(a.pass->step->number, m->step);
	p->steps[a.pass - p->steps].state = CASE_STEP_ENDED;
	p->v.questions_open = 0;
}

static inline void
step_move(struct procedure *p, const struct move *m)
{
	const struct flow_step *step = flow_step(p->v.flow, m->step);
	struct case_step *pass = pass_of(p, m->step);
	char *why = NULL;

	if (step == NULL)
		fail_msg("there is no step %s", m->step);
	if (m->what == STARTS) {
		if (!desk_may_start(p->ctx, &p->v, step, &why))
			fail_msg("%s: %s", m->step, why);
		step_run(p, pass != NULL && pass->state == CASE_STEP_READY
				? pass
				: pass_new(p, step));
		return;
	}
	assert_non_null(pass);
	if (m->what == SENT) {
		assert_int_equal(pass->state, CASE_STEP_RUNNING);
		assert_true(pass->mails_waiting > 0);
		if (step_tells_customers(step))
			p->v.customers_told = pass->mails_waiting;
		pass->mails_sent += pass->mails_waiting;
		pass->mails_waiting = pass->mails_draft = 0;
	} else if (m->what == DONE) {
		if (!desk_may_end(p->ctx, &p->v, pass, &why))
			fail_msg("%s: %s", m->step, why);
		pass->state = CASE_STEP_ENDED;
	} else {
		pass->state = CASE_STEP_SKIPPED;
	}
}

/* "1.3.1 [2.3.1]", in the order of the flow; on p->ctx. */
static inline char *
stands_at(struct procedure *p)
{
	char *text = talloc_strdup(p->ctx, "");

	for (size_t i = 0; i < p->v.flow->nsteps; i++) {
		const struct case_step *pass =
		    case_step_of(&p->v, p->v.flow->steps[i].number);
		bool ready = pass != NULL && pass->state == CASE_STEP_READY;

		if (!ready &&
		    (pass == NULL || pass->state != CASE_STEP_RUNNING))
			continue;
		text = talloc_asprintf_append(text, "%s%s%s%s",
		    *text != '\0' ? " " : "", ready ? "[" : "",
		    pass->step->number, ready ? "]" : "");
	}
	return text;
}

static inline void
make_move(struct procedure *p, const struct move *m)
{
	struct advance *list;
	char *at;

	p->v.now += 60;
	switch (m->what) {
	case BEGINS:
		break;
	case ANSWER:
		answer_words(p, m->step, m->words);
		break;
	case FROM_JPCERT:
	case FROM_SOURCE:
		letter_comes(p, m);
		break;
	case ASKED:
		p->v.questions_open++;
		break;
	case ROUTED:
		p->v.routed = 2;
		break;
	case WINDOW:
		p->v.channel = CASE_CHANNEL_JPCERT;
		break;
	case LATER:
		assert_true(case_publication(&p->v) > p->v.now);
		p->v.now = case_publication(&p->v);
		break;
	default:
		step_move(p, m);
		break;
	}
	procedure_run(p);
	/* Kill-safe: to ask once more gives nothing new. */
	assert_int_equal(desk_advance(p->ctx, &p->v, &list), 0);
	at = stands_at(p);
	if (m->at != NULL && strcmp(at, m->at) != 0)
		fail_msg("after %d %s %s: at \"%s\", not \"%s\"", (int)m->what,
		    m->step != NULL ? m->step : "",
		    m->words != NULL ? m->words : "", at, m->at);
}

/* Wherever the case stands then. */
static inline void
does(struct procedure *p, enum move_kind what, const char *step,
    const char *words)
{
	make_move(p, &(struct move){what, step, words, NULL});
}

static inline void
walk(struct procedure *p, const struct move *moves, size_t n)
{
	for (size_t i = 0; i < n; i++)
		make_move(p, &moves[i]);
}

#endif
