/*
 * test_engine_order.c - what a person decides of a case: whose it is, what
 * is noted, asked and answered by hand, how it ends; who may override.  With
 * a real store.
 */
#include "engine_world.h"

#define DAY ((int64_t)86400)

static void
test_owner_title_and_note(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct casework *cw;

	assert_ordered(v, .what = ORDER_TAKE, .casefile = id,
	    .words = (const char *[]){"haru", "yuki"}, .nwords = 2);
	assert_ordered(
	    v, .what = ORDER_TITLE, .casefile = id, .text = "Long packets");
	assert_ordered(
	    v, .what = ORDER_NOTE, .casefile = id, .text = "Called the plant.");
	cw = vendor_load(v, id);
	assert_string_equal(cw->c.owner, "haru");
	assert_string_equal(cw->c.deputy, "yuki");
	assert_string_equal(cw->c.title, "Long packets");
	assert_string_equal(
	    vendor_answer(v, id, ANSWER_NOTE), "Called the plant.");
	assert_int_equal(vendor_recorded(v, id, RECORD_CASE_TAKEN), 1);
	assert_int_equal(vendor_recorded(v, id, RECORD_CASE_TITLED), 1);
	assert_refused(v, "no operator", .what = ORDER_TAKE, .casefile = id,
	    .words = (const char *[]){"eve"}, .nwords = 1);
	assert_refused(v, "one line", .what = ORDER_TITLE, .casefile = id,
	    .text = "two\nlines");
	assert_refused(
	    v, "a few words", .what = ORDER_TITLE, .casefile = id, .text = " ");
	assert_string_equal(vendor_load(v, id)->c.title, "Long packets");
}

/* A refusal leaves nothing behind but its line. */
static void
test_who_may_override(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	const uint32_t requires_sent = 1U << GUARD_REQUIRES_SENT;

	assert_refused(v, "handling lead alone", .what = ORDER_CLOSE,
	    .casefile = id, .words = (const char *[]){"published"}, .nwords = 1,
	    .role = OPERATOR_OPERATOR, .actor = "yuki",
	    .override = requires_sent, .why = "in a hurry");
	assert_int_equal(vendor_recorded(v, id, RECORD_REFUSED), 1);
	assert_refused(v, "say why", .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"published"}, .nwords = 1,
	    .override = requires_sent);
	assert_refused(v, "nobody may", .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"published"}, .nwords = 1,
	    .override = 1U << GUARD_EXPLOIT, .why = "in a hurry");
	assert_refused(v, "no guard is asked", .what = ORDER_NOTE,
	    .casefile = id, .text = "x", .override = requires_sent,
	    .why = "in a hurry");
	/* <2>5.1.2 has not left. */
	assert_refused(v, "5.1.2", .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"published"}, .nwords = 1);
	assert_int_equal(vendor_recorded(v, id, RECORD_OVERRIDE), 0);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_OPEN);
	assert_ordered(v, .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"published"}, .nwords = 1,
	    .override = requires_sent, .why = "told by telephone");
	assert_int_equal(vendor_recorded(v, id, RECORD_OVERRIDE), 1);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_CLOSED);
}

static void
test_closing_stops_what_runs(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step step = vendor_begin(v, id, "2.2.1");
	struct store_task t = {.kind = TASK_UNDERSTAND, .casefile = id};
	struct casework *cw;
	int64_t until;

	v->s.retention_years = 7;
	begin(w);
	assert_ok(w, task_add(v->e, &t, &w->err));
	commit(w);
	assert_ordered(v, .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"target", "2031-02-01"}, .nwords = 2);
	assert_refused(v, "one of these reasons: ", .what = ORDER_CLOSE,
	    .casefile = id, .words = (const char *[]){"tired"}, .nwords = 1);
	assert_ordered(v, .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"withdrawn"}, .nwords = 1,
	    .why = "the finder was wrong");
	cw = vendor_load(v, id);
	assert_int_equal(cw->c.state, CASE_CLOSED);
	assert_int_equal(cw->c.close_reason, CLOSE_WITHDRAWN);
	assert_int_equal(cw->c.next_status, 0);
	assert_int_equal(vendor_step(v, step.id).state, STEP_RUNNING);
	assert_int_equal(vendor_clock(v, id, CLOCK_TARGET).id, 0);
	until = vendor_clock(v, id, CLOCK_RETENTION).due;
	assert_in_range(until, clock_years(clock_now() - 60, 7),
	    clock_years(clock_now(), 7));
	assert_int_equal(vendor_task(v, id, TASK_UNDERSTAND).id, 0);
	/* What is over stays so until somebody opens it. */
	assert_refused(v, "psirt reopen", .what = ORDER_CLOCK_SET,
	    .casefile = id, .words = (const char *[]){"target", "2031-02-01"},
	    .nwords = 2);
	assert_ordered(v, .what = ORDER_REOPEN, .casefile = id);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_OPEN);
	assert_int_equal(vendor_clock(v, id, CLOCK_RETENTION).id, 0);
	assert_refused(v, "is open", .what = ORDER_REOPEN, .casefile = id);
}

static void
test_a_reply_is_a_draft(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct store_outmail m;

	assert_ordered(
	    v, .what = ORDER_REPLY, .casefile = id, .text = "We are on it.");
	m = vendor_mail(v, id, MAIL_REPLY);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_string_equal(m.to, "office@jpcert.example");
	assert_string_equal(m.recipient, JPCERT);
	assert_non_null(strstr(m.body, "We are on it."));
	assert_non_null(strstr(v->said,
	    talloc_asprintf(v, "psirt approve %lld", (long long)m.id)));
}

/* To the last letter that came from there. */
static void
test_a_reply_stands_in_its_thread(void **state)
{
	struct vendor *v = *state;
	struct store_letter l = vendor_files(
	    v, &(struct vendor_letter){
		   .from = FINDER, .text = "A flaw.", .encrypted = true});
	struct store_outmail m;

	assert_ordered(v, .what = ORDER_REPLY, .casefile = l.casefile,
	    .text = "Thank you.");
	m = vendor_mail(v, l.casefile, MAIL_REPLY);
	assert_string_equal(m.in_reply_to, "letter.1@example.org");
	assert_int_equal(m.letter, l.id);
}

/* ---- questions ---- */

static int64_t
with_questions(struct vendor *v)
{
	static const char *const texts[] = {
	    "Which firmware?", "Which port?", "Since when?"};
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	begin(w);
	for (size_t i = 0; i < 3; i++) {
		struct store_question q = {.casefile = id,
		    .state = QUESTION_OPEN,
		    .at = clock_now(),
		    .department = talloc_strdup(v, "plc"),
		    .by = talloc_strdup(v, "Akira"),
		    .text = talloc_strdup(v, texts[i])};

		assert_ok(w, store_question_add(w->st, &q, &w->err));
	}
	commit(w);
	vendor_begin(v, id, "1.1.1");
	while (stop_flow(v->e))
		;
	return id;
}

static unsigned
question_state(struct vendor *v, int64_t casefile, size_t i)
{
	return vendor_load(v, casefile)->questions[i].state;
}

static void
test_questions_are_asked_together(void **state)
{
	struct vendor *v = *state;
	int64_t id = with_questions(v);
	struct store_outmail m;

	assert_ordered(
	    v, .what = ORDER_QUESTION_DROP, .casefile = id, .number = 2);
	assert_ordered(v, .what = ORDER_QUESTION_ASK, .casefile = id);
	m = vendor_mail(v, id, MAIL_QUESTIONS);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_string_equal(m.to, FINDER);
	assert_non_null(strstr(m.body, "1. Which firmware?"));
	assert_non_null(strstr(m.body, "3. Since when?"));
	assert_null(strstr(m.body, "Which port?"));
	assert_null(strstr(m.body, "Akira"));
	assert_null(strstr(m.body, "plc"));
	assert_int_equal(question_state(v, id, 0), QUESTION_OPEN);
	vendor_sent(v, m.id, clock_now());
	assert_int_equal(question_state(v, id, 0), QUESTION_ASKED);
	assert_int_equal(question_state(v, id, 1), QUESTION_DROPPED);
	assert_int_equal(question_state(v, id, 2), QUESTION_ASKED);
	assert_refused(
	    v, "nothing is open", .what = ORDER_QUESTION_ASK, .casefile = id);
	assert_refused(v, "waits for nobody", .what = ORDER_QUESTION_DROP,
	    .casefile = id, .number = 2);
}

static void
test_a_question_is_asked_alone(void **state)
{
	struct vendor *v = *state;
	int64_t id = with_questions(v);
	struct store_outmail m;

	assert_ordered(
	    v, .what = ORDER_QUESTION_ASK, .casefile = id, .number = 2);
	m = vendor_mail(v, id, MAIL_QUESTIONS);
	assert_non_null(strstr(m.body, "2. Which port?"));
	assert_null(strstr(m.body, "Which firmware?"));
	vendor_sent(v, m.id, clock_now());
	assert_int_equal(question_state(v, id, 0), QUESTION_OPEN);
	assert_int_equal(question_state(v, id, 1), QUESTION_ASKED);
	assert_refused(v, "no question 7", .what = ORDER_QUESTION_ASK,
	    .casefile = id, .number = 7);
}

/* ---- clocks ---- */

static void
test_clocks_by_hand(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_clock c;

	assert_ordered(v, .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"imposed", "2031-02-01 10:00 JST"},
	    .nwords = 2);
	c = vendor_clock(v, id, CLOCK_IMPOSED);
	assert_int_equal(c.due, 1927674000);
	assert_int_equal(c.zone_min, 540);
	assert_int_equal(c.source, CLOCK_TYPED);
	/* Guards ask for the date where answers stand. */
	assert_ordered(v, .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"publication", "2031-01-01"},
	    .nwords = 2);
	assert_string_equal(vendor_answer(v, id, ANSWER_PUBLISH), "2031-01-01");
	assert_ordered(v, .what = ORDER_CLOCK_END, .casefile = id,
	    .words = (const char *[]){"imposed"}, .nwords = 1);
	assert_refused(v, "no clock \"imposed\" runs", .what = ORDER_CLOCK_END,
	    .casefile = id, .words = (const char *[]){"imposed"}, .nwords = 1);
	assert_refused(v, "the clocks are: acknowledgement",
	    .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"wall", "2031-01-01"}, .nwords = 2);
	assert_refused(v, "when?", .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"target", "soon"}, .nwords = 2);
	assert_refused(v, "wants a date", .what = ORDER_CLOCK_START,
	    .casefile = id, .words = (const char *[]){"target"}, .nwords = 1);
}

static void
test_the_clocks_of_the_cra(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t id = vendor_case(v, FLOW_DIRECT);
	int64_t due;

	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = id,
	    .words = (const char *[]){"cra notification"}, .nwords = 1);
	due = vendor_clock(v, id, CLOCK_CRA_WARNING).due;
	assert_true(due >= now + DAY && due <= now + DAY + 5);
	assert_int_equal(
	    vendor_clock(v, id, CLOCK_CRA_NOTIFICATION).due, due + 2 * DAY);
	assert_int_equal(vendor_clock(v, id, CLOCK_CRA_FINAL).id, 0);
	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = id,
	    .words = (const char *[]){"incident final"}, .nwords = 1);
	due = vendor_clock(v, id, CLOCK_INCIDENT_FINAL).due;
	assert_true(due >= now + 28 * DAY && due <= now + 31 * DAY + 5);
	/* One month, and not into the next but one. */
	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = id,
	    .words = (const char *[]){"incident final", "2031-01-31"},
	    .nwords = 2);
	due = vendor_clock(v, id, CLOCK_INCIDENT_FINAL).due;
	assert_string_equal(clock_date(v, due), "2031-02-28");
}

/* ---- an incident ---- */

static void
test_an_incident_is_handed_over(void **state)
{
	struct vendor *v = *state;
	struct store_letter l =
	    vendor_files(v, &(struct vendor_letter){.from = FINDER,
				.text = "Somebody is in your network.",
				.encrypted = true});
	struct store_outmail m;

	assert_ordered(v, .what = ORDER_INCIDENT, .casefile = l.casefile,
	    .why = "no product of ours");
	m = vendor_mail(v, l.casefile, MAIL_INCIDENT);
	assert_string_equal(m.to, "rei@vendor.example");
	assert_string_equal(m.recipient, REI);
	assert_int_equal(m.state, OUTMAIL_APPROVED);
	assert_non_null(strstr(m.body, "Somebody is in your network."));
	assert_int_equal(
	    vendor_load(v, l.casefile)->c.close_reason, CLOSE_INCIDENT);
	v->s.ndepartments = 2;
	v->s.default_departments[ROLE_CSIRT] = -1;
	assert_refused(v, "no department has the role csirt",
	    .what = ORDER_INCIDENT,
	    .casefile = vendor_files(
		v, &(struct vendor_letter){.from = "two@example.org",
		       .text = "Another one.",
		       .encrypted = true})
			    .casefile);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_owner_title_and_note),
	    TEST(test_who_may_override),
	    TEST(test_closing_stops_what_runs),
	    TEST(test_a_reply_is_a_draft),
	    TEST(test_a_reply_stands_in_its_thread),
	    TEST(test_questions_are_asked_together),
	    TEST(test_a_question_is_asked_alone),
	    TEST(test_clocks_by_hand),
	    TEST(test_the_clocks_of_the_cra),
	    TEST(test_an_incident_is_handed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
