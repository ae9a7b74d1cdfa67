/*
 * test_engine_step.c - one step at a time: its reference and due date, who
 * gets its mails and what stands in them, what a guard keeps from being
 * drafted, who is told at its end, and what a person may do with it.
 */
#include "case_world.h"

#define ASKS                                                                   \
	"step \"2.1.1\" { title_en = \"Reproduction\" title_ja = \"再現\""   \
	" phase = 2 lead = {design} start = hand expects = {status}"           \
	" due = 36h mail \"ask\" { to = {design, research} }"                  \
	" share \"quality\" { on = yes } share \"risk\" { on = no } }\n"

static const char flow_text[] =
    "step \"1.1.1\" { title_en = \"Report\" title_ja = \"届出\" phase = 1"
    " lead = {source} start = letter }\n" ASKS
    "step \"2.5.1\" { title_en = \"Evaluation\" title_ja = \"評価\" phase = 2"
    " lead = {design} start = hand expects = {impact}"
    " mail \"ask\" { to = {design, sales} } }\n"
    "step \"4.2.1\" { title_en = \"Notice\" title_ja = \"通知\" phase = 4"
    " lead = {poc} start = hand optional = yes guard = {\"nda\"}"
    " mail \"customer\" { to = customers policy = approve } }\n"
    "step \"5.1.2\" { title_en = \"Published\" title_ja = \"公表\" phase = 5"
    " lead = {poc} after = {\"2.1.1\"} when = {\"reproduced\"}"
    " guard = {\"not_before\"}"
    " mail \"published\" { to = counterpart policy = two } }\n"
    "close \"published\" {}\n";

static int
set_up(void **state)
{
	struct world *w = world_new(FLOW_DIRECT, flow_text);

	case_make(w, FLOW_DIRECT);
	flow_run(w);
	*state = w;
	return 0;
}

static const struct case_step *
pass_now(struct world *w, const char *number)
{
	const struct case_step *pass = case_step_of(&case_now(w)->view, number);

	assert_non_null(pass);
	return pass;
}

/* ---- beginning ---- */

static void
test_a_question_has_a_reference_and_a_day(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;
	const struct case_step *pass;
	char *ref, *day;

	ordered(w, ORDER_STEP_START, "2.1.1");
	pass = pass_now(w, "2.1.1");
	assert_int_equal(pass->state, CASE_STEP_RUNNING);
	assert_int_equal(pass->due - pass->started, 36 * 3600);
	assert_int_equal(strlen(pass->ref), 6);
	assert_int_equal(
	    strspn(pass->ref, "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"), 6);
	assert_int_equal(mails_of(w, MAIL_ASK, &list), 2);
	ref = talloc_asprintf(w, "ref: PSIRT-2026-0001/2.1.1/%s", pass->ref);
	day =
	    talloc_asprintf(w, "Answer by:    %s\n", clock_date(w, pass->due));
	for (size_t i = 0; i < 2; i++) {
		assert_non_null(strstr(list[i].body, day));
		assert_non_null(strstr(list[i].body, ref));
		assert_non_null(strstr(list[i].body, "status:"));
		assert_null(strstr(list[i].subject, pass->ref));
		assert_int_equal(list[i].step, pass->id);
		assert_int_equal(list[i].state, OUTMAIL_APPROVED);
		assert_int_equal(list[i].encrypt, 1);
		assert_string_equal(list[i].recipient, KEY_DEPARTMENT);
	}
	assert_string_equal(list[0].to, "design@vendor.example");
	assert_string_equal(list[0].department, "design");
	assert_string_equal(list[1].to, "research@vendor.example");
	/* A step that asks nothing has none. */
	assert_null(pass_now(w, "1.1.1")->ref);
}

static void
test_one_person_gets_one_mail(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;

	w->p.contacts[ROLE_RESEARCH].address =
	    w->p.contacts[ROLE_DESIGN].address;
	ordered(w, ORDER_STEP_START, "2.1.1");
	assert_int_equal(mails_of(w, MAIL_ASK, &list), 1);
}

/* RULES 27: signed in clear, and nothing in it. */
static void
test_who_has_no_key_is_asked_to_come(void **state)
{
	struct world *w = *state;
	struct store_outmail m;

	w->p.contacts[ROLE_RESEARCH].fingerprint = NULL;
	w->p.contacts[ROLE_RESEARCH].notice = true;
	ordered(w, ORDER_STEP_START, "2.1.1");
	m = mail_of(w, MAIL_NOTICE);
	assert_string_equal(m.to, "research@vendor.example");
	assert_int_equal(m.encrypt, 0);
	assert_int_equal(m.parts, 0);
	assert_null(strstr(m.body, "XYZ-100"));
	assert_null(strstr(m.body, "ref:"));
}

/* What helps an attacker stays with those who examine it. */
static void
test_sales_reads_no_cause(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;

	answered(w, NULL, "cause=a length is not checked");
	answered(w, NULL, "affected=XYZ-100 < 2.4");
	ordered(w, ORDER_STEP_START, "2.5.1");
	assert_int_equal(mails_of(w, MAIL_ASK, &list), 2);
	assert_string_equal(list[0].to, "design@vendor.example");
	assert_non_null(strstr(list[0].body, "a length is not checked"));
	assert_non_null(strstr(list[0].body, "XYZ-100 < 2.4"));
	assert_int_equal(list[0].parts, TOLD_OVERVIEW | TOLD_DETAILS);
	assert_string_equal(list[1].to, "sales@vendor.example");
	assert_null(strstr(list[1].body, "a length is not checked"));
	assert_int_equal(list[1].parts, TOLD_OVERVIEW);
}

static void
test_what_runs_is_not_begun_twice(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_STEP_START, "2.1.1");
	struct store_outmail *list;

	assert_ok(give(w, &o));
	assert_refused(w, &o, "runs already");
	assert_int_equal(mails_of(w, MAIL_ASK, &list), 2);
	o.step = "9.9.9";
	assert_refused(w, &o, "has no step 9.9.9");
}

/* ---- guards ---- */

/* Each singly, sealed to its own key; who has no NDA is named to the desk. */
static void
test_customers_without_nda_are_not_written_to(void **state)
{
	struct world *w = *state;
	struct store_outmail *list;

	answered(w, NULL, "fix=firmware 2.4 (design@vendor.example)");
	ordered(w, ORDER_STEP_START, "4.2.1");
	assert_int_equal(mails_of(w, MAIL_CUSTOMER, &list), 1);
	assert_string_equal(list[0].to, AT_NDA);
	assert_non_null(strstr(list[0].body, "non-disclosure agreement"));
	/* Departments write for the house. */
	assert_non_null(strstr(list[0].body, "firmware 2.4 ([…])"));
	assert_string_equal(list[0].recipient, KEY_CUSTOMER);
	assert_int_equal(list[0].state, OUTMAIL_DRAFT);
	assert_null(strstr(list[0].body, "Office"));
	assert_non_null(strstr(w->said, "Office"));
	assert_non_null(strstr(w->said, "--override"));
}

/* Nothing of it may leave: nothing is begun, nothing is kept. */
static void
test_a_person_is_told_which_guard_refuses(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_STEP_START, "4.2.1");
	struct store_outmail *list;

	w->p.customers[0].nda = false;
	assert_refused(w, &o, "nda");
	assert_string_equal(state_of(w, "4.2.1"), "ready");
	assert_int_equal(mails_of(w, 0, &list), 0);
	/* The handling lead alone, and with a reason. */
	o.override = 1U << GUARD_NDA;
	assert_refused(w, &o, "--why");
	o.why = "the contract is being signed today";
	o.role = OPERATOR_OPERATOR;
	assert_refused(w, &o, "lead");
	o.role = OPERATOR_LEAD;
	assert_ok(give(w, &o));
	assert_int_equal(mails_of(w, MAIL_CUSTOMER, &list), 2);
	assert_int_equal(list[0].overridden, 1U << GUARD_NDA);
	assert_int_equal(records_of(w, RECORD_OVERRIDE), 1);
}

/* What would begin by itself is offered to the desk, and the POC told. */
static void
test_a_step_that_a_guard_holds_is_offered(void **state)
{
	struct world *w = *state;
	struct store_alert *alerts = NULL;
	struct store_task *tasks = NULL;
	struct store_outmail *list;
	size_t n = 0;

	answered(w, "2.1.1", "status=reproduced");
	assert_string_equal(state_of(w, "2.1.1"), "ended");
	assert_string_equal(state_of(w, "5.1.2"), "ready");
	assert_int_equal(mails_of(w, MAIL_PUBLISHED, &list), 0);
	assert_ok(store_alert_list(w, w->e->st, &alerts, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(alerts[0].casefile, w->casefile);
	/* It is not tried again and again, and said once. */
	answered(w, NULL, "note=x");
	assert_int_equal(flow_run(w), 0);
	assert_ok(
	    store_task_list(w, w->e->st, w->casefile, 10, &tasks, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(tasks[0].kind, TASK_NOT_DRAFTED);
	assert_non_null(strstr(tasks[0].text, "publication date"));
	assert_string_equal(state_of(w, "5.1.2"), "ready");
	/* A day that has not come holds it back as well; the case rests. */
	answered(w, NULL, "publish=2099-01-01");
	assert_string_equal(state_of(w, "5.1.2"), "ready");
	assert_int_equal(flow_run(w), 0);
	/* One that has is on record: it begins by itself, and is no task. */
	answered(w, NULL, "publish=2020-01-01");
	assert_string_equal(state_of(w, "5.1.2"), "running");
	assert_string_equal(mail_of(w, MAIL_PUBLISHED).to, AT_FINDER);
	assert_int_equal(mail_of(w, MAIL_PUBLISHED).state, OUTMAIL_DRAFT);
	assert_ok(
	    store_task_list(w, w->e->st, w->casefile, 10, &tasks, &n, &w->err));
	for (size_t i = 0; i < n; i++)
		assert_int_not_equal(tasks[i].kind, TASK_NOT_DRAFTED);
}

/* Nothing but time has passed: the stop `due` wakes at it, and says so. */
static void
test_on_the_day_it_begins_by_itself(void **state)
{
	struct world *w = *state;
	int64_t day = clock_now() + 1;
	const char *word =
	    talloc_asprintf(w, "publish=%s", clock_rfc3339(w, day));
	struct store_outmail *list;

	answered(w, "2.1.1", "status=reproduced");
	answered(w, NULL, word);
	assert_true(due_next(w->e) > 0);
	while (clock_now() < day) {
		assert_int_equal(mails_of(w, MAIL_PUBLISHED, &list), 0);
		assert_true(due_next(w->e) <= day);
		usleep(100000);
	}
	while (stop_due(w->e))
		;
	assert_int_equal(flow_run(w), 1);
	assert_string_equal(state_of(w, "5.1.2"), "running");
	assert_int_equal(mails_of(w, MAIL_PUBLISHED, &list), 1);
	assert_int_equal(list[0].state, OUTMAIL_DRAFT);
	assert_int_equal(list[0].policy, POLICY_TWO);
}

/* ---- ending ---- */

static void
test_who_is_to_be_told_is_told(void **state)
{
	struct world *w = *state;
	struct store_outmail m;

	ordered(w, ORDER_STEP_START, "2.1.1");
	answered(w, "2.1.1", "status=reproduced");
	m = mail_of(w, MAIL_SHARE);
	assert_string_equal(m.to, "quality@vendor.example");
	assert_non_null(strstr(m.body, "eproduced"));
}

static void
test_a_person_chooses_who_is_told(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_SHARE, "2.1.1");
	const char *words[] = {"-quality", "+risk"};

	o.words = words;
	o.nwords = 2;
	assert_ok(give(w, &o));
	answered(w, "2.1.1", "status=reproduced");
	assert_string_equal(mail_of(w, MAIL_SHARE).to, "risk@vendor.example");
	/* Told afterwards, where the outcome is there already. */
	mail_leaves(w, mail_of(w, MAIL_SHARE));
	words[0] = "+quality";
	o.nwords = 1;
	assert_ok(give(w, &o));
	assert_string_equal(
	    mail_of(w, MAIL_SHARE).to, "quality@vendor.example");
	words[0] = "+sales";
	assert_refused(w, &o, "+ROLE or -ROLE");
}

static void
test_what_is_left_out_takes_its_drafts_with_it(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_STEP_SKIP, "4.2.1");
	struct store_outmail *list;

	ordered(w, ORDER_STEP_START, "4.2.1");
	assert_ok(give(w, &o));
	assert_string_equal(state_of(w, "4.2.1"), "skipped");
	assert_int_equal(mails_of(w, MAIL_CUSTOMER, &list), 1);
	assert_int_equal(list[0].state, OUTMAIL_CANCELLED);
	/* One that the flow wants is left out for a reason. */
	o.step = "2.1.1";
	assert_refused(w, &o, "--why");
	o.why = "done by hand before";
	assert_ok(give(w, &o));
	assert_string_equal(state_of(w, "2.1.1"), "skipped");
	/* Nothing is shared of what was not done. */
	assert_int_equal(mails_of(w, MAIL_SHARE, &list), 0);
}

static void
test_a_step_is_not_done_without_its_answer(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_STEP_END, "2.1.1");

	ordered(w, ORDER_STEP_START, "2.1.1");
	assert_refused(w, &o, "expects \"status\"");
	assert_non_null(strstr(w->err.text, "PSIRT-2026-0001"));
}

/* ---- answers ---- */

static void
test_an_answer_is_typed_for_somebody(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_ANSWER, "2.1.1");
	const char *words[] = {"再現結果=再現", "note=on a bench"};
	const struct casework *now;

	o.words = words;
	o.nwords = 2;
	o.by = "design";
	assert_ok(give(w, &o));
	now = case_now(w);
	assert_int_equal(now->nanswers, 2);
	assert_string_equal(now->answers[0].value, "reproduced");
	assert_string_equal(now->answers[0].by, "design");
	assert_string_equal(now->answers[0].department, "design");
	assert_string_equal(now->answers[0].told_by, "yuki");
	assert_int_equal(
	    now->answers[0].step, case_step_of(&now->view, "2.1.1")->id);
	/* One wrong word, and none is kept. */
	words[0] = "comment=seen twice";
	words[1] = "status=perhaps";
	assert_refused(w, &o, "status");
	words[1] = "colour=red";
	assert_refused(w, &o, "no answer");
	assert_int_equal(case_now(w)->nanswers, 2);
}

static void
test_asking_again_asks_the_lead(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_ASK, "2.1.1");
	struct store_outmail *list;

	assert_refused(w, &o, "does not run");
	ordered(w, ORDER_STEP_START, "2.1.1");
	assert_refused(w, &o, "waits already");
	assert_int_equal(all_leave(w, MAIL_ASK), 2);
	assert_ok(give(w, &o));
	assert_string_equal(mail_of(w, MAIL_ASK).to, "design@vendor.example");
	assert_int_equal(mails_of(w, MAIL_ASK, &list), 3);
	assert_non_null(
	    strstr(list[2].body, pass_now(w, "2.1.1")->ref)); /* the same one */
}

/* ---- another flow file (RULES 29) ---- */

static void
test_a_case_keeps_its_flow_until_it_is_moved(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_STEP_MOVE, NULL);

	assert_refused(w, &o, "of today already");
	ordered(w, ORDER_STEP_START, "2.1.1");
	w->p.s.flows[FLOW_DIRECT] = flow_of(w->p.ctx, FLOW_DIRECT,
	    "step \"1.1.1\" { title_en = \"a\" title_ja = \"a\" phase = 1"
	    " lead = {source} start = letter }\n"
	    "step \"2.2.0\" { title_en = \"b\" title_ja = \"b\" phase = 2"
	    " lead = {design} start = hand after = {\"1.1.1\"}"
	    " expects = {cause} mail \"ask\" { to = {design} } }\n");
	/* It goes by its own file still. */
	assert_non_null(flow_step(case_now(w)->view.flow, "2.1.1"));
	assert_refused(w, &o, "2.1.1");
	o.step = "2.2.0";
	assert_ok(give(w, &o));
	flow_run(w);
	assert_null(flow_step(case_now(w)->view.flow, "2.1.1"));
	assert_string_equal(state_of(w, "2.2.0"), "ready");
	assert_int_equal(records_of(w, RECORD_STEP_MOVED), 1);
}

static void
test_at_start_the_flows_are_looked_at(void **state)
{
	struct world *w = *state;
	struct store_step row = {
	    .number = talloc_strdup(w, "7.7.7"), .state = STEP_RUNNING};

	assert_ok(case_flows_start(w->e, &w->err));
	/* A case that is at a step its flow does not have is named. */
	row.casefile = w->casefile;
	row.round = 1;
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_step_add(w->e->st, &row, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	assert_int_equal(case_flows_start(w->e, &w->err), -1);
	assert_int_equal(w->err.fault, FAULT_SETUP);
	assert_non_null(strstr(w->err.text, "PSIRT-2026-0001"));
	assert_non_null(strstr(w->err.text, "7.7.7"));
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_free)
	const struct CMUnitTest tests[] = {
	    TEST(test_a_question_has_a_reference_and_a_day),
	    TEST(test_one_person_gets_one_mail),
	    TEST(test_who_has_no_key_is_asked_to_come),
	    TEST(test_sales_reads_no_cause),
	    TEST(test_what_runs_is_not_begun_twice),
	    TEST(test_customers_without_nda_are_not_written_to),
	    TEST(test_a_person_is_told_which_guard_refuses),
	    TEST(test_a_step_that_a_guard_holds_is_offered),
	    TEST(test_on_the_day_it_begins_by_itself),
	    TEST(test_who_is_to_be_told_is_told),
	    TEST(test_a_person_chooses_who_is_told),
	    TEST(test_what_is_left_out_takes_its_drafts_with_it),
	    TEST(test_a_step_is_not_done_without_its_answer),
	    TEST(test_an_answer_is_typed_for_somebody),
	    TEST(test_asking_again_asks_the_lead),
	    TEST(test_a_case_keeps_its_flow_until_it_is_moved),
	    TEST(test_at_start_the_flows_are_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
