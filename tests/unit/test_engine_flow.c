/*
 * test_engine_flow.c - a case goes through the shipped flows in the engine,
 * with a real store: which steps begin and end, what is drafted to whom, and
 * that nothing happens twice.
 */
#include "case_world.h"

static int
set_up_jpcert(void **state)
{
	struct world *w = world_new(FLOW_JPCERT, NULL);

	case_make(w, FLOW_JPCERT);
	*state = w;
	return 0;
}

static int
set_up_direct(void **state)
{
	struct world *w = world_new(FLOW_DIRECT, NULL);

	case_make(w, FLOW_DIRECT);
	*state = w;
	return 0;
}

static void
assert_state(struct world *w, const char *number, const char *state)
{
	if (strcmp(state_of(w, number), state) != 0)
		fail_msg(
		    "%s is \"%s\", not %s", number, state_of(w, number), state);
}

/* ---- each stage of flow <1> ---- */

/* Until design has said that details are needed, and they were asked for. */
static void
jpcert_asks_for_details(struct world *w)
{
	flow_run(w);
	case_routes(w);
	assert_int_equal(all_leave(w, MAIL_OVERVIEW), 2);
	answered(w, "1.3.1", "need details=yes");
	assert_int_equal(all_leave(w, MAIL_DETAIL_REQUEST), 1);
}

static void
jpcert_examines(struct world *w)
{
	letter_ends(w, "1.5.1");
	assert_true(all_leave(w, MAIL_DETAILS) > 0);
	answered(w, "2.1.1", "status=reproduced");
	answered(w, "2.2.1", "cause=a length is not checked (CWE-120)");
	answered(w, "2.2.1", "conditions=the web service is on");
	answered(w, "2.4.1", "affected=XYZ-100 < 2.4");
	answered(w, "2.4.1", "affected=XYZ-110 < 1.1");
	answered(w, "2.5.1", "impact=code runs on the device");
	answered(w, "2.5.1", "difficulty=small");
}

static void
jpcert_plans(struct world *w)
{
	assert_int_equal(all_leave(w, MAIL_REPORT), 1);
	answered(w, "3.1.1", "plan=a new firmware");
	answered(w, "3.1.1", "planned=2026-12-20");
	assert_int_equal(all_leave(w, MAIL_PLAN), 1);
	answered(w, "3.2.1", "fix=version 2.4");
	answered(w, "3.2.2", "workaround=turn the web service off");
	answered(w, "3.3.1", "verified=yes");
}

/* ---- tests ---- */

static void
test_a_new_case_waits_for_its_route(void **state)
{
	struct world *w = *state;

	assert_int_equal(flow_run(w), 1);
	assert_state(w, "1.1", "ended");
	assert_state(w, "1.2.1", "ended");
	assert_state(w, "1.3.1", "ready");
	assert_state(w, "1.4.1", "");
	case_routes(w);
	assert_state(w, "1.3.1", "running");
	/* Nothing is new: it is marked, looked at, and left alone. */
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_case_advance(w->e->st, w->casefile, true, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	assert_int_equal(flow_run(w), 1);
	assert_int_equal(case_now(w)->view.nsteps, 3 + 2);
	assert_int_equal(records_of(w, RECORD_STEP_STARTED), 3);
	assert_int_equal(flow_run(w), 0);
}

static void
test_details_are_asked_for_where_they_are_needed(void **state)
{
	struct world *w = *state;
	struct store_outmail m;

	flow_run(w);
	case_routes(w);
	all_leave(w, MAIL_OVERVIEW);
	answered(w, "1.3.1", "need details=yes");
	assert_state(w, "1.3.1", "ended");
	assert_state(w, "1.4.1", "running");
	m = mail_of(w, MAIL_DETAIL_REQUEST);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_string_equal(m.to, AT_JPCERT);
	assert_string_equal(m.recipient, KEY_JPCERT);
	assert_int_equal(m.encrypt, 1);
	assert_int_equal(m.automatic, 0);
	all_leave(w, MAIL_DETAIL_REQUEST);
	assert_state(w, "1.4.1", "ended");
	assert_state(w, "1.5.1", "running");
}

static void
word_refused(
    struct world *w, const char *step, const char *word, const char *because)
{
	struct order o = order_of(w, ORDER_ANSWER, step);

	o.words = &word;
	o.nwords = 1;
	assert_refused(w, &o, because);
	flow_run(w);
}

/* Its question says what details oblige to: design was asked it, and it is
 * known who answered. */
static void
test_details_are_needed_by_who_was_asked(void **state)
{
	struct world *w = *state;

	flow_run(w);
	word_refused(w, "1.3.1", "need details=yes", "psirt route PSIRT-");
	case_routes(w);
	word_refused(w, "1.3.1", "need details=yes", "psirt queue");
	all_leave(w, MAIL_OVERVIEW);
	word_refused(w, "1.3.1", "need details=yes", "--by NAME");
	assert_int_equal(case_now(w)->nanswers, 0);
	answered(w, "1.3.1", "need details=yes");
	assert_state(w, "1.4.1", "running");
}

static void
test_the_lead_may_know_it_without(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_ANSWER, "1.3.1");
	const char *word = "need details=yes";

	flow_run(w);
	o.words = &word;
	o.nwords = 1;
	o.override = 1U << GUARD_ANSWERED;
	assert_refused(w, &o, "--why");
	o.why = "design was warned by telephone";
	assert_ok(give(w, &o));
	assert_int_equal(records_of(w, RECORD_OVERRIDE), 1);
	flow_run(w);
	assert_state(w, "1.4.1", "running");
}

/* No guard of a later step is met by a word at an earlier one. */
static void
test_a_word_goes_to_the_step_that_takes_it(void **state)
{
	struct world *w = *state;

	flow_run(w);
	case_routes(w);
	all_leave(w, MAIL_OVERVIEW);
	word_refused(w, "1.3.1", "consent=yes",
	    "psirt step PSIRT-2026-0001 4.2.1 \"consent=…\"");
	word_refused(w, "1.3.1", "mediation=accepted", "no step of this flow");
	assert_int_equal(case_now(w)->nanswers, 0);
	answered(w, "1.3.1", "note=on a bench");
	assert_int_equal(case_now(w)->nanswers, 1);
}

static void
test_without_details_it_is_declined(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;

	flow_run(w);
	case_routes(w);
	all_leave(w, MAIL_OVERVIEW);
	answered(w, "1.3.1", "need details=no");
	assert_int_equal(mails_of(w, MAIL_DETAIL_REQUEST, &list), 0);
	assert_int_equal(all_leave(w, MAIL_DECLINE), 1);
	assert_state(w, "1.5.1", "");
}

static void
test_not_reproduced_is_reported(void **state)
{
	struct world *w = *state;

	jpcert_asks_for_details(w);
	letter_ends(w, "1.5.1");
	all_leave(w, MAIL_DETAILS);
	answered(w, "2.1.1", "status=investigating");
	assert_state(w, "2.1.1", "running");
	answered(w, "2.1.1", "status=not reproduced");
	assert_state(w, "2.2.1", "");
	assert_non_null(strstr(mail_of(w, MAIL_REPORT).body, "再現"));
}

/* Customers are many: JPCERT/CC consents, and those with an NDA are told. */
static void
test_jpcert_publishes(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;

	jpcert_asks_for_details(w);
	jpcert_examines(w);
	assert_state(w, "2.6.1", "running");
	jpcert_plans(w);
	assert_state(w, "4.1.1", "ready");
	ordered(w, ORDER_STEP_START, "4.1.1");
	assert_true(all_leave(w, MAIL_MEETING) > 0);
	answered(w, "4.1.1", "decision=publish");
	answered(w, "4.1.1", "weighing=the finder may publish");
	assert_int_equal(all_leave(w, MAIL_POLICY), 1);
	/* Nobody consents to what nobody was told. */
	word_refused(w, "4.2.1", "consent=yes", "4.2.1 start");
	ordered(w, ORDER_STEP_START, "4.2.1");
	word_refused(w, "4.2.1", "consent=yes", "psirt approve");
	assert_int_equal(all_leave(w, MAIL_PRIOR_NOTICE), 1);
	answered(w, "4.2.1", "consent=yes");
	ordered(w, ORDER_STEP_START, "4.2.2");
	assert_non_null(strstr(w->said, "NDA"));
	assert_int_equal(mails_of(w, MAIL_CUSTOMER, &list), 1);
	assert_string_equal(list[0].to, AT_NDA);
	assert_int_equal(all_leave(w, MAIL_CUSTOMER), 1);
	assert_true(all_leave(w, MAIL_DATES) > 0);
	answered(w, "4.4.1", "publish=2026-01-20 10:00");
	assert_int_equal(all_leave(w, MAIL_DATE), 1);
	letter_ends(w, "5.2.0");
	assert_true(all_leave(w, MAIL_CIRCULATE) > 0);
	answered(w, "5.2.1", "ok=yes");
	assert_int_equal(all_leave(w, MAIL_NO_OBJECTION), 1);
	answered(w, "5.2.2", "jvn=JVN#12345678");
	assert_true(all_leave(w, MAIL_NOTIFIED) > 0);
	assert_state(w, "5.2.5", "ended");
	assert_int_equal(case_now(w)->c.phase, 5);
}

/* A delivery report came for the mail to this address. */
static void
comes_back(struct world *w, enum mail_kind kind, const char *to)
{
	struct store_outmail *list;
	size_t n = mails_of(w, kind, &list);

	while (n > 0 && strcmp(list[n - 1].to, to) != 0)
		n--;
	assert_true(n > 0);
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_outmail_bounced(
	    w->e->st, list[n - 1].id, clock_now(), &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
}

static struct order
closing(struct world *w, const char *const *reason)
{
	struct order o = order_of(w, ORDER_CLOSE, NULL);

	o.words = (const char **)(uintptr_t)reason;
	o.nwords = 1;
	return o;
}

/* All customers are known: JPCERT/CC agrees, and every one is told, under
 * NDA or not. */
static void
jpcert_tells_customers(struct world *w)
{
	struct store_outmail *list;

	jpcert_asks_for_details(w);
	jpcert_examines(w);
	jpcert_plans(w);
	ordered(w, ORDER_STEP_START, "4.1.1");
	all_leave(w, MAIL_MEETING);
	answered(w, "4.1.1", "decision=customers only");
	answered(w, "4.1.1", "weighing=all of them are known");
	all_leave(w, MAIL_POLICY);
	assert_state(w, "4.4.1", "");
	assert_int_equal(all_leave(w, MAIL_ALL_CUSTOMERS), 1);
	assert_int_equal(mails_of(w, MAIL_CUSTOMER, &list), 0);
	answered(w, "4.3.1", "agreement=yes");
	assert_int_equal(all_leave(w, MAIL_CUSTOMER), 2);
	assert_state(w, "4.3.2", "ended");
}

static void
test_jpcert_tells_customers_alone(void **state)
{
	static const char *const reason = "customers";
	struct world *w = *state;
	struct store_outmail m;
	struct order o;

	jpcert_tells_customers(w);
	m = mail_of(w, MAIL_PUBLISHED);
	assert_string_equal(m.to, AT_JPCERT);
	assert_non_null(strstr(m.body, "公表は\n行いません"));
	assert_null(strstr(m.body, "公表いたしました"));
	o = closing(w, &reason);
	assert_refused(w, &o, "4.3.4");
	assert_int_equal(all_leave(w, MAIL_PUBLISHED), 1);
	assert_state(w, "4.3.3", "ready");
	assert_ok(give(w, &o));
}

/* Until every one is reached, and nobody is told twice. */
static void
test_a_notice_that_came_back_is_sent_again(void **state)
{
	static const char *const reason = "customers";
	struct world *w = *state;
	struct order again = order_of(w, ORDER_STEP_START, "4.3.2");
	struct order report = order_of(w, ORDER_APPROVE, NULL);
	struct store_outmail m;
	struct order o;

	jpcert_tells_customers(w);
	assert_refused(w, &again, "every customer has the notice");
	assert_state(w, "4.3.2", "ended");
	comes_back(w, MAIL_CUSTOMER, AT_NO_NDA);
	/* Neither is JPCERT/CC told that all are, nor does it end so. */
	m = mail_of(w, MAIL_PUBLISHED);
	report.mail = m.id;
	report.digest = digest_of_mail(w, &m);
	assert_refused(w, &report, "4.3.2 has not reached Office:");
	o = closing(w, &reason);
	assert_refused(w, &o, "4.3.2 has not reached Office:");
	assert_null(strstr(w->err.text, "Plant"));
	ordered(w, ORDER_STEP_START, "4.3.2");
	assert_state(w, "4.3.2", "running");
	m = mail_of(w, MAIL_CUSTOMER);
	assert_string_equal(m.to, AT_NO_NDA);
	assert_refused(w, &o, "4.3.2");
	/* Nor a second draft, while that one waits. */
	assert_ok(give(w, &(struct order){.what = ORDER_STEP_SKIP,
			      .actor = "yuki",
			      .role = OPERATOR_LEAD,
			      .uid = 12345,
			      .casefile = w->casefile,
			      .step = "4.3.2",
			      .why = "another address first"}));
	ordered(w, ORDER_STEP_START, "4.3.2");
	assert_int_equal(all_leave(w, MAIL_CUSTOMER), 1);
	assert_state(w, "4.3.2", "ended");
	assert_refused(w, &again, "every customer has the notice");
	assert_int_equal(all_leave(w, MAIL_PUBLISHED), 1);
	assert_ok(give(w, &o));
}

/* Whose NDA is signed later is told later, alone. */
static void
test_a_prior_notice_reaches_who_signs_later(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;

	jpcert_asks_for_details(w);
	jpcert_examines(w);
	jpcert_plans(w);
	ordered(w, ORDER_STEP_START, "4.1.1");
	all_leave(w, MAIL_MEETING);
	answered(w, "4.1.1", "decision=publish");
	answered(w, "4.1.1", "weighing=x");
	all_leave(w, MAIL_POLICY);
	ordered(w, ORDER_STEP_START, "4.2.1");
	all_leave(w, MAIL_PRIOR_NOTICE);
	answered(w, "4.2.1", "consent=yes");
	ordered(w, ORDER_STEP_START, "4.2.2");
	assert_int_equal(all_leave(w, MAIL_CUSTOMER), 1);
	assert_state(w, "4.2.2", "ended");
	w->p.customers[1].nda = true;
	ordered(w, ORDER_STEP_START, "4.2.2");
	assert_int_equal(mails_of(w, MAIL_CUSTOMER, &list), 2);
	assert_string_equal(list[0].to, AT_NDA);
	assert_string_equal(list[1].to, AT_NO_NDA);
	assert_int_equal(all_leave(w, MAIL_CUSTOMER), 1);
	assert_state(w, "4.2.2", "ended");
}

static void
test_direct_goes_its_way(void **state)
{
	static const char *const reason = "published";
	struct world *w = *state;
	struct store_outmail m;
	struct order o;

	flow_run(w);
	assert_state(w, "1.1.1", "ended");
	case_routes(w);
	assert_state(w, "2.1.1", "running");
	all_leave(w, MAIL_OVERVIEW);
	answered(w, "2.1.1", "status=reproduced");
	answered(w, "2.2.1", "cause=x");
	answered(w, "2.2.1", "conditions=x");
	answered(w, "2.4.1", "affected=XYZ-100");
	answered(w, "2.5.1", "impact=x");
	answered(w, "2.5.1", "difficulty=x");
	answered(w, "3.1.1", "plan=x");
	answered(w, "3.1.1", "planned=2026-12-20");
	answered(w, "3.2.1", "fix=x");
	answered(w, "3.2.2", "workaround=x");
	answered(w, "3.3.1", "verified=yes");
	/* The desk decides without a meeting mail: the offer is taken up. */
	answered(w, "4.1.1", "decision=publish");
	answered(w, "4.1.1", "weighing=x");
	answered(w, "4.3.1", "publish=2026-01-20");
	ordered(w, ORDER_STEP_START, "5.1.1");
	answered(w, "5.1.1", "ok=yes");
	answered(w, "5.1.1", "url=https://vendor.example/1");
	m = mail_of(w, MAIL_PUBLISHED);
	assert_string_equal(m.to, AT_FINDER);
	assert_string_equal(m.recipient_key_fpr, KEY_FINDER);
	assert_int_equal(m.policy, POLICY_APPROVE);
	assert_int_equal(all_leave(w, MAIL_PUBLISHED), 1);
	assert_state(w, "5.1.2", "ended");
	/* It came back: the source was not told, and is told again. */
	comes_back(w, MAIL_PUBLISHED, AT_FINDER);
	o = closing(w, &reason);
	assert_refused(w, &o, "the mail of 5.1.2 has not left");
	ordered(w, ORDER_STEP_START, "5.1.2");
	assert_refused(w, &o, "5.1.2");
	assert_int_equal(all_leave(w, MAIL_PUBLISHED), 1);
	/* What is offered and not taken up ends with the case. */
	assert_state(w, "2.6.1", "ready");
	assert_ok(give(w, &o));
}

/* A mail that cannot be written stops its case alone, and the POC is told. */
static void
test_a_case_that_cannot_go_on_is_shown(void **state)
{
	struct world *w = *state;
	struct store_alert *alerts = NULL;
	struct order o = order_of(w, ORDER_ANSWER, "1.3.1");
	const char *word = "need details=yes";
	size_t n = 0;

	flow_run(w);
	case_routes(w);
	all_leave(w, MAIL_OVERVIEW);
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_case_ident_add(w->e->st, w->casefile, IDENT_JPCERT,
	    "JPCERT#1\nBcc: x@other.example", &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	o.words = &word;
	o.nwords = 1;
	o.by = "design";
	assert_ok(give(w, &o));
	assert_true(stop_flow(w->e));
	assert_false(stop_flow(w->e));
	assert_int_equal(w->e->exit_code, 0);
	assert_state(w, "1.3.1", "running");
	assert_state(w, "1.4.1", "");
	assert_ok(store_alert_list(w, w->e->st, &alerts, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(alerts[0].casefile, w->casefile);
}

/* A confirmation that is held does not hold the step up. */
static void
test_what_only_speaks_of_a_step_is_none_of_its_mails(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;
	const struct case_step *pass;

	flow_run(w);
	case_routes(w);
	pass = case_step_of(&case_now(w)->view, "1.3.1");
	assert_int_equal(pass->mails_waiting, 1); /* quality is only told */
	assert_int_equal(mails_of(w, MAIL_OVERVIEW, &list), 2);
	list[0].kind = MAIL_CONFIRM;
	list[0].state = OUTMAIL_HELD;
	list[0].step = pass->id;
	list[0].message_id = talloc_strdup(w, "other@vendor.example");
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_outmail_add(w->e->st, &list[0], &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	pass = case_step_of(&case_now(w)->view, "1.3.1");
	assert_int_equal(pass->mails_waiting, 1);
}

static void
test_a_case_that_waits_for_a_key_stands_still(void **state)
{
	struct world *w = *state;
	struct casework *now = case_now(w);

	now->c.state = CASE_UNOPENED;
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_case_put(w->e->st, &now->c, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	assert_int_equal(flow_run(w), 1);
	assert_int_equal(case_now(w)->view.nsteps, 0);
	assert_int_equal(flow_run(w), 0);
}

int
main(void)
{
#define JPCERT(test)                                                           \
	cmocka_unit_test_setup_teardown(test, set_up_jpcert, world_free)
#define DIRECT(test)                                                           \
	cmocka_unit_test_setup_teardown(test, set_up_direct, world_free)
	const struct CMUnitTest tests[] = {
	    JPCERT(test_a_new_case_waits_for_its_route),
	    JPCERT(test_details_are_asked_for_where_they_are_needed),
	    JPCERT(test_details_are_needed_by_who_was_asked),
	    JPCERT(test_the_lead_may_know_it_without),
	    JPCERT(test_a_word_goes_to_the_step_that_takes_it),
	    JPCERT(test_without_details_it_is_declined),
	    JPCERT(test_not_reproduced_is_reported),
	    JPCERT(test_jpcert_publishes),
	    JPCERT(test_jpcert_tells_customers_alone),
	    JPCERT(test_a_notice_that_came_back_is_sent_again),
	    JPCERT(test_a_prior_notice_reaches_who_signs_later),
	    JPCERT(test_a_case_that_cannot_go_on_is_shown),
	    JPCERT(test_what_only_speaks_of_a_step_is_none_of_its_mails),
	    DIRECT(test_direct_goes_its_way),
	    DIRECT(test_a_case_that_waits_for_a_key_stands_still),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
