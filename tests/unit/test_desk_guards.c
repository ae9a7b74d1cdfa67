/*
 * test_desk_guards.c - every guard is shown to refuse, to let through what it
 * is there for, and, where it may be overridden, to be passed by the lead.
 */
#include "procedure_world.h"

#include "psirtd/store.h"

#define TITLES                                                                 \
	"title_en = \"a step\" title_ja = \"手順\" phase = 2 lead = {poc} "

/* One step for each guard, and one with two mails that exclude each other. */
static const char flow_text[] =
    "step \"1.1\" { " TITLES "start = auto expects = {details, consent,"
    " agreement, publish} mail \"ask\" { to = {design} policy = auto } }\n"
    "step \"1.2\" { " TITLES "start = hand"
    " mail \"detail_request\" { to = {counterpart} policy = approve"
    "   guard = {\"answered: details = yes\"} }"
    " mail \"decline\" { to = {counterpart} policy = approve"
    "   guard = {\"answered: details = no\"} } }\n"
    "step \"2.1\" { " TITLES "start = hand guard = {\"consent\", \"nda\"}"
    " mail \"customer\" { to = {customers} policy = approve } }\n"
    "step \"2.2\" { " TITLES "start = hand guard = {\"agreement\"}"
    " mail \"customer\" { to = {customers} policy = approve } }\n"
    "step \"3.1\" { " TITLES "start = hand guard = {\"not_before\"}"
    " mail \"published\" { to = {counterpart} policy = approve } }\n"
    "step \"3.2\" { " TITLES "start = hand"
    " guard = {\"requires_sent: 3.1\", \"no_finder\"}"
    " mail \"report\" { to = {counterpart} policy = approve } }\n"
    "step \"3.3\" { " TITLES "start = hand"
    " mail \"published\" { to = {counterpart} policy = approve"
    "   when = {\"decision = publish\"} guard = {\"not_before\"} }"
    " mail \"published\" { to = {counterpart} policy = approve"
    "   when = {\"decision = customers only\"} }"
    " expects = {decision} }\n"
    "close \"published\" { guard = {\"requires_sent: 3.1\"} }\n"
    "close \"customers\" { guard = {\"agreement\", \"not_before\"} }\n"
    "close \"duplicate\" { }\n"
    "close \"other-vendor\" { guard = {\"requires_sent: 2.1\"} }\n";

/* What refuses, asked once more with every guard overridden. */
struct asked {
	enum guard_kind guard, overridden;
	const char *why; /* of the first */
};

static struct asked
ask(struct procedure *p, struct leaving mail)
{
	struct asked a;
	char *why = NULL;

	a.guard = desk_may_leave(p->ctx, &p->v, &mail, &why);
	assert_int_equal(a.guard != 0, why != NULL);
	a.why = why != NULL ? why : "";
	mail.overridden = UINT32_MAX;
	a.overridden = desk_may_leave(p->ctx, &p->v, &mail, &why);
	return a;
}

static const struct flow_step *
step_of(struct procedure *p, const char *number)
{
	const struct flow_step *step = flow_step(p->v.flow, number);

	assert_non_null(step);
	return step;
}

static struct leaving
to_jpcert(struct procedure *p, const char *step, const char *template)
{
	return (struct leaving){.step = step != NULL ? step_of(p, step) : NULL,
	    .audience = AUDIENCE_COUNTERPART,
	    .address = AT_JPCERT,
	    .fingerprint = KEY_JPCERT,
	    .template = template};
}

static struct leaving
to_finder(struct procedure *p, const char *step, const char *template)
{
	struct leaving mail = to_jpcert(p, step, template);

	mail.address = AT_FINDER;
	mail.fingerprint = KEY_FINDER;
	return mail;
}

static struct leaving
to_customer(struct procedure *p, const char *step, size_t customer)
{
	return (struct leaving){.step = step != NULL ? step_of(p, step) : NULL,
	    .audience = AUDIENCE_CUSTOMER,
	    .address = p->customers[customer].address,
	    .fingerprint = p->customers[customer].fingerprint,
	    .customer = &p->customers[customer],
	    .template = "customer"};
}

static void
refuses(struct asked a, enum guard_kind guard, const char *says)
{
	assert_string_equal(guard_name(a.guard), guard_name(guard));
	if (strstr(a.why, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", a.why, says);
	assert_int_equal(
	    a.overridden, guard_may_be_overridden(guard) ? 0 : guard);
}

static void
lets(struct asked a)
{
	if (a.guard != 0)
		fail_msg("%s: %s", guard_name(a.guard), a.why);
}

static void
test_numbers_of_the_store(void **state)
{
	assert_int_equal(CASE_CHANNEL_JPCERT, CHANNEL_JPCERT);
	assert_int_equal(CASE_PART_EXPLOIT, TOLD_EXPLOIT);
	assert_int_equal(CASE_TASK_ANSWER_FINDER, TASK_ANSWER_FINDER);
	assert_int_equal(CASE_TASK_COUNTERPART, TASK_COUNTERPART);
	assert_int_equal(CASE_TASK_OTHER_KEY, TASK_OTHER_KEY);
	assert_int_equal(CASE_TASK_MEDIATED, TASK_MEDIATED);
}

/* ---- no_finder ---- */

static void
test_jpcert_case_writes_to_jpcert_alone(void **state)
{
	static const enum audience audiences[] = {0, AUDIENCE_DEPARTMENT,
	    AUDIENCE_COUNTERPART, AUDIENCE_COORDINATOR, AUDIENCE_DESK};
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	/* JPCERT/CC named the finder: whatever mail it is, by its address. */
	p.v.finder_address = AT_FINDER;
	for (size_t i = 0; i < COUNT_OF(audiences); i++) {
		mail = to_finder(&p, NULL, NULL);
		mail.audience = audiences[i];
		refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
		mail.address = "ROBIN@Research.example";
		refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
	}
	/* An answer goes to whoever wrote: inside, or the finder from
	 * elsewhere, whose address the case does not know. */
	mail.audience = 0;
	mail.address = "HANA@vendor.example";
	lets(ask(&p, mail));
	mail.address = "robin@home.example";
	refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
	p.v.finder_address = NULL;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
	p.v.finder_address = AT_FINDER;
	lets(ask(&p, to_jpcert(&p, NULL, NULL)));
	/* The prepared answer of RULES 30 is for cases of ours alone. */
	mail = to_finder(&p, NULL, NULL);
	mail.mediated = true;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
	procedure_free(&p);
}

static void
test_jpcert_case_is_sealed_to_its_pinned_key(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	for (int i = 0; i < 2; i++) {
		mail = to_jpcert(&p, NULL, NULL);
		if (i == 1)
			mail.audience = AUDIENCE_COORDINATOR;
		lets(ask(&p, mail));
		mail.fingerprint = NULL;
		refuses(ask(&p, mail), GUARD_NO_FINDER, "pinned key");
		mail.fingerprint = KEY_CERT; /* pinned, by another */
		refuses(ask(&p, mail), GUARD_NO_FINDER, "pinned key");
		mail.fingerprint = KEY_JPCERT;
		mail.address = AT_CERT;
		refuses(ask(&p, mail), GUARD_NO_FINDER, "its address");
		mail.address = NULL;
		refuses(ask(&p, mail), GUARD_NO_FINDER, "its address");
	}
	/* Without one in the settings there is nobody to write to. */
	p.s.ncorrespondents = 0;
	refuses(
	    ask(&p, to_jpcert(&p, NULL, NULL)), GUARD_NO_FINDER, "its address");
	procedure_free(&p);
}

/* Two correspondents bring cases of that flow: each is its own window. */
static void
test_the_window_is_who_brought_it(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	p.correspondents[1].flow = FLOW_JPCERT;
	p.v.counterpart = "CERT/CC";
	mail = to_jpcert(&p, NULL, NULL);
	refuses(ask(&p, mail), GUARD_NO_FINDER, "its address");
	mail.address = AT_CERT;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "pinned key");
	mail.fingerprint = KEY_CERT;
	lets(ask(&p, mail));
	procedure_free(&p);
}

/* The address that its case came from is JPCERT/CC's own. */
static void
test_jpcert_itself_is_no_finder(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	p.v.finder_address = AT_JPCERT;
	mail = to_jpcert(&p, NULL, NULL);
	lets(ask(&p, mail));
	mail.audience = 0; /* its acknowledgement */
	lets(ask(&p, mail));
	procedure_free(&p);
}

static void
test_direct_case_after_the_switch(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	mail = to_finder(&p, NULL, NULL);
	lets(ask(&p, mail)); /* ours, so far */
	mail.fingerprint = NULL;
	lets(ask(&p, mail)); /* a finder without a key */
	p.v.channel = CHANNEL_ADVISED;
	lets(ask(&p, mail)); /* it stands behind us */

	p.v.channel = CHANNEL_JPCERT;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
	lets(ask(&p, to_jpcert(&p, NULL, NULL)));
	mail.mediated = true;
	lets(ask(&p, mail));
	/* The overseas CERT that brought it is its source no less. */
	mail = to_finder(&p, NULL, NULL);
	p.v.counterpart = "CERT/CC";
	p.v.finder_address = mail.address = AT_CERT;
	mail.fingerprint = KEY_CERT;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "JPCERT/CC");
	lets(ask(&p, to_jpcert(&p, NULL, NULL)));
	procedure_free(&p);
}

/* The request for support leaves a direct case for JPCERT/CC alone. */
static void
test_coordinator_in_a_direct_case(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	mail = to_jpcert(&p, NULL, NULL);
	mail.audience = AUDIENCE_COORDINATOR;
	lets(ask(&p, mail));
	mail.address = AT_FINDER;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "its address");
	mail.address = AT_JPCERT;
	mail.fingerprint = NULL;
	refuses(ask(&p, mail), GUARD_NO_FINDER, "pinned key");
	procedure_free(&p);
}

/* A step of a direct case that a vendor's flow keeps from the source. */
static void
test_no_finder_of_a_step(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	p.v.nsteps = 1;
	p.steps[0] = (struct case_step){.step = step_of(&p, "3.1"),
	    .state = CASE_STEP_ENDED,
	    .mails_sent = 1};
	refuses(ask(&p, to_finder(&p, "3.2", "report")), GUARD_NO_FINDER,
	    "this step");
	lets(ask(&p, to_jpcert(&p, "3.2", "report")));
	procedure_free(&p);
}

/* ---- exploit ---- */

static void
test_exploit_never_to_who_sells(void **state)
{
	static const enum role never[] = {
	    ROLE_SALES, ROLE_CARE, ROLE_PUBLICITY};
	struct procedure p;
	struct leaving mail = {.audience = AUDIENCE_DEPARTMENT,
	    .address = "hana@vendor.example",
	    .fingerprint = KEY_DEPARTMENT};

	procedure_init(&p, FLOW_DIRECT, flow_text);
	for (int r = ROLE_DESIGN; r < ROLE_COUNT; r++) {
		bool is_never = false;

		for (size_t i = 0; i < COUNT_OF(never); i++)
			is_never = is_never || (enum role)r == never[i];
		mail.role = (enum role)r;
		mail.parts = TOLD_OVERVIEW | TOLD_DETAILS;
		lets(ask(&p, mail));
		mail.parts |= TOLD_EXPLOIT;
		if (is_never)
			refuses(ask(&p, mail), GUARD_EXPLOIT, "no exploit");
		else
			lets(ask(&p, mail));
	}
	mail.role = 0;
	refuses(ask(&p, mail), GUARD_EXPLOIT, "no department");
	mail = to_customer(&p, "2.2", 0);
	mail.parts = TOLD_EXPLOIT;
	refuses(ask(&p, mail), GUARD_EXPLOIT, "no exploit");
	procedure_free(&p);
}

/* ---- customers ---- */

static void
test_customers_are_told_by_a_step(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	answer_add(&p, NULL, ANSWER_AGREEMENT, "yes");
	lets(ask(&p, to_customer(&p, "2.2", 0)));
	/* Of a step that tells no customer, or of none. */
	refuses(ask(&p, to_customer(&p, "3.1", 0)), GUARD_FLOW, "customers");
	refuses(ask(&p, to_customer(&p, NULL, 0)), GUARD_FLOW, "customers");
	/* An answer by hand to a customer's address. */
	mail = (struct leaving){.address = AT_NDA};
	refuses(ask(&p, mail), GUARD_FLOW, "customers");
	/* Unless that customer found the flaw. */
	p.v.finder_address = AT_NDA;
	lets(ask(&p, mail));
	procedure_free(&p);
}

static void
test_consent_and_nda(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	refuses(ask(&p, to_customer(&p, "2.1", 0)), GUARD_CONSENT,
	    "psirt step CASE 1.1 \"consent = yes\"");
	answer_add(&p, "1.1", ANSWER_CONSENT, "no");
	refuses(ask(&p, to_customer(&p, "2.1", 0)), GUARD_CONSENT, "consent");
	answer_add(&p, "1.1", ANSWER_CONSENT, "yes");
	/* Each customer for itself. */
	lets(ask(&p, to_customer(&p, "2.1", 0)));
	refuses(ask(&p, to_customer(&p, "2.1", 1)), GUARD_NDA, "Office");
	mail = to_customer(&p, "2.1", 0);
	mail.customer = NULL; /* taken out of the file since */
	refuses(ask(&p, mail), GUARD_NDA, "the customer");
	/* Who is told inside needs none. */
	mail = (struct leaving){.step = step_of(&p, "2.1"),
	    .audience = AUDIENCE_DEPARTMENT,
	    .address = "hana@vendor.example",
	    .fingerprint = KEY_DEPARTMENT,
	    .role = ROLE_SALES,
	    .template = "share"};
	lets(ask(&p, mail));
	/* The last word counts. */
	answer_add(&p, "1.1", ANSWER_CONSENT, "no");
	refuses(ask(&p, to_customer(&p, "2.1", 0)), GUARD_CONSENT, "consent");
	procedure_free(&p);
}

/* One guard overridden is not the other. */
static void
test_an_override_is_of_one_guard(void **state)
{
	struct procedure p;
	struct leaving mail;
	char *why;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	mail = to_customer(&p, "2.1", 1);
	mail.overridden = 1U << GUARD_CONSENT;
	assert_int_equal(desk_may_leave(p.ctx, &p.v, &mail, &why), GUARD_NDA);
	mail.overridden = 1U << GUARD_NDA;
	assert_int_equal(
	    desk_may_leave(p.ctx, &p.v, &mail, &why), GUARD_CONSENT);
	for (int k = GUARD_NO_FINDER; k <= GUARD_ANSWERED; k++)
		assert_true(guard_may_be_overridden((enum guard_kind)k));
	assert_false(guard_may_be_overridden(GUARD_EXPLOIT));
	assert_false(guard_may_be_overridden(GUARD_FLOW));
	assert_false(guard_may_be_overridden((enum guard_kind)0));
	assert_false(guard_may_be_overridden(GUARD_COUNT));
	procedure_free(&p);
}

static void
test_agreement(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	refuses(ask(&p, to_customer(&p, "2.2", 1)), GUARD_AGREEMENT,
	    "agreement = yes");
	answer_add(&p, NULL, ANSWER_AGREEMENT, "yes");
	lets(ask(&p, to_customer(&p, "2.2", 1))); /* no NDA is asked for */
	procedure_free(&p);
}

/* ---- not_before, requires_sent, answered ---- */

static void
test_not_before(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	mail = to_finder(&p, "3.1", "published");
	assert_int_equal(case_publication(&p.v), 0);
	refuses(ask(&p, mail), GUARD_NOT_BEFORE, "agreed");
	answer_add(&p, "1.1", ANSWER_PUBLISH, "2026-12-01T01:00:00Z");
	assert_int_equal(case_publication(&p.v), INT64_C(1796086800));
	p.v.now = INT64_C(1796086800) - 1;
	refuses(ask(&p, mail), GUARD_NOT_BEFORE, "2026-12-01");
	p.v.now++;
	lets(ask(&p, mail));
	/* It was put off. */
	answer_add(&p, "1.1", ANSWER_PUBLISH, "2026-12-08T01:00:00Z");
	refuses(ask(&p, mail), GUARD_NOT_BEFORE, "2026-12-08");
	procedure_free(&p);
}

static void
test_requires_sent(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	mail = to_jpcert(&p, "3.2", "report");
	refuses(ask(&p, mail), GUARD_REQUIRES_SENT, "3.1");
	p.v.nsteps = 1;
	p.steps[0] = (struct case_step){.step = step_of(&p, "3.1"),
	    .state = CASE_STEP_RUNNING,
	    .mails_waiting = 1};
	refuses(ask(&p, mail), GUARD_REQUIRES_SENT, "3.1");
	p.steps[0].mails_sent = 1; /* one of two */
	refuses(ask(&p, mail), GUARD_REQUIRES_SENT, "3.1");
	p.steps[0].mails_waiting = 0;
	lets(ask(&p, mail));
	/* Dropped by the desk: it did not leave. */
	p.steps[0].mails_sent = 0;
	p.steps[0].mails_dropped = 1;
	refuses(ask(&p, mail), GUARD_REQUIRES_SENT, "3.1");
	procedure_free(&p);
}

/* Of two mails of one step each has its own condition. */
static void
test_answered(void **state)
{
	struct procedure p;
	struct leaving request, decline;

	procedure_init(&p, FLOW_JPCERT, flow_text);
	request = to_jpcert(&p, "1.2", "detail_request");
	decline = to_jpcert(&p, "1.2", "decline");
	refuses(ask(&p, request), GUARD_ANSWERED,
	    "psirt step CASE 1.1 \"need details = yes\"");
	refuses(ask(&p, decline), GUARD_ANSWERED, "need details = no");
	answer_add(&p, "1.1", ANSWER_DETAILS, "yes");
	lets(ask(&p, request));
	refuses(ask(&p, decline), GUARD_ANSWERED, "need details = no");
	answer_add(&p, "1.1", ANSWER_DETAILS, "no");
	refuses(ask(&p, request), GUARD_ANSWERED, "need details = yes");
	lets(ask(&p, decline));
	/* A reminder of that step is neither, nor what has no kind. */
	request.template = "reminder";
	lets(ask(&p, request));
	request.template = NULL;
	lets(ask(&p, request));
	procedure_free(&p);
}

/* Of two of one kind the one that the decision chose. */
static void
test_two_mails_of_one_kind(void **state)
{
	struct procedure p;
	struct leaving mail;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	mail = to_finder(&p, "3.3", "published");
	/* None of the two yet: all that either asks for. */
	refuses(ask(&p, mail), GUARD_NOT_BEFORE, "agreed");
	answer_add(&p, "3.3", ANSWER_DECISION, "customers only");
	lets(ask(&p, mail));
	answer_add(&p, "3.3", ANSWER_DECISION, "publish");
	refuses(ask(&p, mail), GUARD_NOT_BEFORE, "agreed");
	procedure_free(&p);
}

/* The desk is told of its own steps whatever guards stand there. */
static void
test_the_desk_may_know(void **state)
{
	struct procedure p;
	struct leaving mail = {
	    .audience = AUDIENCE_DESK, .address = "psirt@vendor.example"};

	procedure_init(&p, FLOW_JPCERT, flow_text);
	mail.step = step_of(&p, "2.1");
	mail.parts = TOLD_EXPLOIT;
	lets(ask(&p, mail));
	procedure_free(&p);
}

/* ---- closing ---- */

static enum guard_kind
closes(struct procedure *p, enum close_reason reason, uint32_t overridden,
    const char *says)
{
	char *why = NULL;
	enum guard_kind guard =
	    desk_may_close(p->ctx, &p->v, reason, overridden, &why);

	if (guard != 0 && strstr(why, says) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, says);
	return guard;
}

/* Of a step that tells customers: every one, by whichever pass. */
static void
test_requires_that_every_customer_is_told(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	p.v.nsteps = 1;
	p.steps[0] = (struct case_step){.step = step_of(&p, "2.1"),
	    .state = CASE_STEP_RUNNING,
	    .mails_waiting = 1,
	    .mails_sent = 1};
	assert_true(step_tells_customers(p.steps[0].step));
	assert_int_equal(closes(&p, CLOSE_OTHER_VENDOR, 0, "have not left"),
	    GUARD_REQUIRES_SENT);
	p.steps[0].mails_waiting = 0;
	p.steps[0].state = CASE_STEP_ENDED;
	p.v.customers_told = 1;
	p.v.customers_untold = "Office, Depot";
	assert_int_equal(
	    closes(&p, CLOSE_OTHER_VENDOR, 0, "has not reached Office, Depot"),
	    GUARD_REQUIRES_SENT);
	assert_int_equal(
	    closes(&p, CLOSE_OTHER_VENDOR, 1U << GUARD_REQUIRES_SENT, ""), 0);
	p.v.customers_untold = NULL;
	assert_int_equal(closes(&p, CLOSE_OTHER_VENDOR, 0, ""), 0);
	procedure_free(&p);
}

static void
test_closing(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	assert_int_equal(closes(&p, CLOSE_DUPLICATE, 0, ""), 0);
	/* Not sent yet: 5.1.2 of the direct flow. */
	assert_int_equal(
	    closes(&p, CLOSE_PUBLISHED, 0, "3.1"), GUARD_REQUIRES_SENT);
	assert_int_equal(
	    closes(&p, CLOSE_PUBLISHED, 1U << GUARD_REQUIRES_SENT, ""), 0);
	p.v.nsteps = 1;
	p.steps[0] = (struct case_step){.step = step_of(&p, "3.1"),
	    .state = CASE_STEP_ENDED,
	    .mails_sent = 1};
	assert_int_equal(closes(&p, CLOSE_PUBLISHED, 0, ""), 0);
	/* Two guards, one after the other. */
	assert_int_equal(
	    closes(&p, CLOSE_CUSTOMERS, 0, "agreement"), GUARD_AGREEMENT);
	answer_add(&p, NULL, ANSWER_AGREEMENT, "yes");
	assert_int_equal(
	    closes(&p, CLOSE_CUSTOMERS, 0, "agreed"), GUARD_NOT_BEFORE);
	/* A reason that this flow does not have, and no override helps. */
	assert_int_equal(closes(&p, CLOSE_WITHDRAWN, UINT32_MAX,
			     "published, customers, duplicate"),
	    GUARD_FLOW);
	procedure_free(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_numbers_of_the_store),
	    cmocka_unit_test(test_jpcert_case_writes_to_jpcert_alone),
	    cmocka_unit_test(test_jpcert_case_is_sealed_to_its_pinned_key),
	    cmocka_unit_test(test_the_window_is_who_brought_it),
	    cmocka_unit_test(test_jpcert_itself_is_no_finder),
	    cmocka_unit_test(test_direct_case_after_the_switch),
	    cmocka_unit_test(test_coordinator_in_a_direct_case),
	    cmocka_unit_test(test_no_finder_of_a_step),
	    cmocka_unit_test(test_exploit_never_to_who_sells),
	    cmocka_unit_test(test_customers_are_told_by_a_step),
	    cmocka_unit_test(test_consent_and_nda),
	    cmocka_unit_test(test_an_override_is_of_one_guard),
	    cmocka_unit_test(test_agreement),
	    cmocka_unit_test(test_not_before),
	    cmocka_unit_test(test_requires_sent),
	    cmocka_unit_test(test_requires_that_every_customer_is_told),
	    cmocka_unit_test(test_answered),
	    cmocka_unit_test(test_two_mails_of_one_kind),
	    cmocka_unit_test(test_the_desk_may_know),
	    cmocka_unit_test(test_closing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
