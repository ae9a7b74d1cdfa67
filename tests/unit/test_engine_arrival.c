/*
 * test_engine_arrival.c - a letter of the counterpart, the finder or a mail
 * server: clocks, steps, tasks, bounces.  With a real store.
 */
#include "engine_world.h"

#define DAY 86400

static struct store_letter
report(struct vendor *v, const char *text)
{
	return vendor_files(
	    v, &(struct vendor_letter){
		   .from = FINDER, .text = text, .encrypted = true});
}

/* A letter of the finder in answer to a mail of ours. */
static struct store_letter
finder_wrote(struct vendor *v, int64_t casefile, const char *text, int64_t age)
{
	struct world *w = v->w;

	begin(w);
	assert_ok(w, store_message_id_add(w->st, "ours@vendor.example",
			 casefile, 0, 0, &w->err));
	commit(w);
	return vendor_files(v, &(struct vendor_letter){.from = FINDER,
				   .text = text,
				   .reply = "ours@vendor.example",
				   .age = age});
}

static struct store_letter
finder_writes(struct vendor *v, int64_t casefile, const char *text)
{
	return finder_wrote(v, casefile, text, 0);
}

static struct store_letter
jpcert_writes(struct vendor *v, int64_t casefile, const char *text)
{
	struct world *w = v->w;

	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "toj@vendor.example", casefile, 0, 0, &w->err));
	commit(w);
	return vendor_files(
	    v, &(struct vendor_letter){.from = "office@jpcert.example",
		   .text = text,
		   .key = JPCERT,
		   .made = clock_now(),
		   .reply = "toj@vendor.example"});
}

static void
test_a_report_sets_its_clocks(void **state)
{
	struct vendor *v = *state;
	struct store_letter l =
	    report(v, "A flaw.\nWe will publish our findings in 90 days.");
	struct store_clock c;

	assert_int_equal(l.reason, REASON_NEW_REPORT);
	c = vendor_clock(v, l.casefile, CLOCK_ACKNOWLEDGE);
	assert_int_equal(c.source, CLOCK_OF_FLOW);
	assert_true(c.due > l.received && c.warn > 0);
	assert_true(
	    vendor_clock(v, l.casefile, CLOCK_FIRST_ANSWER).due > c.due);
	assert_true(vendor_clock(v, l.casefile, CLOCK_TARGET).id != 0);
	assert_int_equal(vendor_clock(v, l.casefile, CLOCK_YEAR).id, 0);
	c = vendor_clock(v, l.casefile, CLOCK_IMPOSED);
	assert_int_equal(c.source, CLOCK_OF_LETTER);
	assert_int_equal(c.letter, l.id);
	assert_true(c.due >= l.received + (int64_t)89 * DAY &&
		    c.due <= l.received + (int64_t)91 * DAY);
	assert_non_null(strstr(c.note, "90"));
	assert_int_equal(vendor_task(v, l.casefile, TASK_ANSWER_FINDER).id, 0);
}

/* Words start nothing: a person does, or says that it is nothing. */
static void
test_exploitation_is_proposed(void **state)
{
	struct vendor *v = *state;
	struct store_letter l =
	    report(v, "This flaw is being actively exploited in the wild.");
	struct store_task t = vendor_task(v, l.casefile, TASK_EXPLOITED);
	struct store_clock c = vendor_clock(v, l.casefile, CLOCK_CRA_WARNING);

	assert_true(t.id != 0);
	assert_int_equal(c.source, CLOCK_PROPOSED);
	assert_int_equal(c.due, l.received + DAY);
	assert_int_equal(c.warn, 0);
	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = l.casefile,
	    .words = (const char *[]){"cra warning"}, .nwords = 1);
	c = vendor_clock(v, l.casefile, CLOCK_CRA_WARNING);
	assert_int_equal(c.source, CLOCK_TYPED);
	assert_int_equal(c.due, l.received + DAY);
	assert_true(c.warn > 0);
	assert_int_equal(
	    vendor_clock(v, l.casefile, CLOCK_CRA_NOTIFICATION).due,
	    l.received + (int64_t)3 * DAY);
	assert_int_equal(vendor_task(v, l.casefile, TASK_EXPLOITED).id, 0);
	/* 14 days after a fix there is. */
	assert_refused(v, "no fix is on record", .what = ORDER_CLOCK_START,
	    .casefile = l.casefile, .words = (const char *[]){"cra final"},
	    .nwords = 1);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = l.casefile,
	    .words = (const char *[]){"fix=version 2.5"}, .nwords = 1);
	assert_true(vendor_clock(v, l.casefile, CLOCK_CRA_FINAL).due >=
		    clock_now() + (int64_t)14 * DAY - 5);
}

static size_t
clocks_of(struct vendor *v, int64_t casefile, enum clock_kind kind)
{
	struct casework *cw = vendor_load(v, casefile);
	size_t n = 0;

	for (size_t i = 0; i < cw->nclocks; i++)
		n += cw->clocks[i].kind == (uint32_t)kind;
	return n;
}

/* It is said again: what a person has started runs on, alone. */
static void
test_exploitation_is_proposed_once(void **state)
{
	struct vendor *v = *state;
	struct store_letter l =
	    report(v, "This flaw is being actively exploited in the wild.");

	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = l.casefile,
	    .words = (const char *[]){"cra warning"}, .nwords = 1);
	finder_writes(
	    v, l.casefile, "It is being actively exploited in the wild.");
	/* A person is told of it all the same. */
	assert_true(vendor_task(v, l.casefile, TASK_EXPLOITED).id != 0);
	assert_int_equal(clocks_of(v, l.casefile, CLOCK_CRA_WARNING), 1);
	assert_int_equal(clocks_of(v, l.casefile, CLOCK_CRA_NOTIFICATION), 1);
	assert_int_equal(
	    vendor_clock(v, l.casefile, CLOCK_CRA_WARNING).source, CLOCK_TYPED);
}

static void
test_no_exploitation_a_person_says(void **state)
{
	struct vendor *v = *state;
	struct store_letter l =
	    report(v, "This flaw is being actively exploited in the wild.");

	assert_ordered(v, .what = ORDER_TASK_DONE,
	    .number = vendor_task(v, l.casefile, TASK_EXPLOITED).id);
	assert_int_equal(vendor_clock(v, l.casefile, CLOCK_CRA_WARNING).id, 0);
	assert_int_equal(
	    vendor_clock(v, l.casefile, CLOCK_CRA_NOTIFICATION).id, 0);
	assert_true(vendor_clock(v, l.casefile, CLOCK_TARGET).id != 0);
}

static void
test_the_answer_is_due_by_the_letter_that_waits_longest(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_letter late = finder_writes(v, id, "Hello again?");
	struct store_clock c = vendor_clock(v, id, CLOCK_INQUIRY);
	struct store_letter early;

	assert_int_equal(c.letter, late.id);
	/* It came first and was opened last. */
	early = finder_wrote(v, id, "Is it fixed?", 7 * DAY);
	assert_true(vendor_clock(v, id, CLOCK_INQUIRY).due < c.due);
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).letter, early.id);
}

static void
test_a_finders_letter_wants_an_answer(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_letter l = finder_writes(v, id, "How far are you?");
	struct store_task t = vendor_task(v, id, TASK_ANSWER_FINDER);

	assert_int_equal(l.reason, REASON_JOINED);
	assert_int_equal(t.letter, l.id);
	assert_true(t.due > l.received);
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).letter, l.id);
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).due, t.due);
	/* A second one does not move the first one's time. */
	finder_writes(v, id, "Hello?");
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).letter, l.id);
	assert_ordered(v, .what = ORDER_TASK_DONE, .number = t.id);
	assert_true(vendor_clock(v, id, CLOCK_INQUIRY).id != 0);
	assert_ordered(v, .what = ORDER_TASK_DONE,
	    .number = vendor_task(v, id, TASK_ANSWER_FINDER).id);
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).id, 0);
	assert_refused(
	    v, "done already", .what = ORDER_TASK_DONE, .number = t.id);
}

/* Asked, sent, answered: the step that waited for it is over. */
static void
test_an_answer_ends_the_step_that_waits(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_question q = {.casefile = id,
	    .state = QUESTION_ASKED,
	    .at = clock_now(),
	    .department = talloc_strdup(v, "plc"),
	    .text = talloc_strdup(v, "Which firmware?")};
	struct store_step step;
	struct casework *cw;

	begin(w);
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	commit(w);
	step = vendor_begin(v, id, "2.3.2");
	finder_writes(v, id,
	    "> Which firmware?\nIt was 2.4.\n\n-- \nF. Finder, "
	    "finder@example.org\n");
	cw = vendor_load(v, id);
	assert_int_equal(vendor_step(v, step.id).state, STEP_ENDED);
	assert_int_equal(cw->questions[0].state, QUESTION_ANSWERED);
	assert_string_equal(cw->questions[0].answer, "It was 2.4.");
	assert_true(cw->questions[0].answer_letter != 0);
}

static void
test_an_unconfirmed_answer_ends_nothing(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_question q = {.casefile = id,
	    .state = QUESTION_ASKED,
	    .at = clock_now(),
	    .text = talloc_strdup(v, "Which firmware?")};
	struct store_step step;
	struct store_letter l;

	begin(w);
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	assert_ok(w, store_message_id_add(
			 w->st, "ours@vendor.example", id, 0, 0, &w->err));
	commit(w);
	step = vendor_begin(v, id, "2.3.2");
	l = vendor_files(v, &(struct vendor_letter){.from = "other@example.net",
				.text = "It was 2.4.  We publish in 90 days.",
				.reply = "ours@vendor.example"});
	assert_int_equal(l.reason, REASON_JOINED_UNCONFIRMED);
	assert_int_equal(vendor_step(v, step.id).state, STEP_RUNNING);
	assert_int_equal(vendor_clock(v, id, CLOCK_IMPOSED).id, 0);
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).id, 0);
	assert_true(vendor_task(v, id, TASK_OTHER_KEY).id != 0);
}

static void
test_jpcert_sends_the_details(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct store_step step = vendor_begin(v, id, "1.5.1");

	jpcert_writes(v, id, "The details.");
	assert_int_equal(vendor_step(v, step.id).state, STEP_ENDED);
	assert_int_equal(vendor_task(v, id, TASK_COUNTERPART).id, 0);
	/* What no step awaits is for a person. */
	jpcert_writes(v, id, "Something else.");
	assert_true(vendor_task(v, id, TASK_COUNTERPART).due != 0);
}

/* What was laid beside its signed words is not its word. */
static void
test_jpcerts_dates_are_signed(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct part beside = {.kind = PART_TEXT,
	    .type = "text/plain",
	    .content = bytes_str("We publish in 90 days.")};
	struct vendor_letter letter = {.from = "office@jpcert.example",
	    .text = "Please reply within 10 business days.",
	    .key = JPCERT,
	    .reply = "toj@vendor.example",
	    .file = &beside};

	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "toj@vendor.example", id, 0, 0, &w->err));
	commit(w);
	letter.made = clock_now();
	vendor_files(v, &letter);
	assert_true(vendor_clock(v, id, CLOCK_REPLY_BY).id != 0);
	assert_int_equal(vendor_clock(v, id, CLOCK_IMPOSED).id, 0);
	letter.text = "We publish in 90 days.";
	vendor_files(v, &letter);
	assert_true(vendor_clock(v, id, CLOCK_IMPOSED).id != 0);
}

static void
test_a_reply_opens_a_closed_case(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_letter l;

	assert_ordered(v, .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"duplicate"}, .nwords = 1);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_CLOSED);
	assert_true(vendor_clock(v, id, CLOCK_RETENTION).id != 0);
	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "ours@vendor.example", id, 0, 0, &w->err));
	commit(w);
	l = vendor_files(v, &(struct vendor_letter){.from = "other@example.net",
				.text = "Who is here?",
				.reply = "ours@vendor.example"});
	assert_int_equal(l.reason, REASON_JOINED_UNCONFIRMED);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_CLOSED);
	finder_writes(v, id, "It is not fixed.");
	assert_int_equal(vendor_load(v, id)->c.state, CASE_OPEN);
	assert_int_equal(vendor_load(v, id)->c.close_reason, 0);
	assert_int_equal(vendor_clock(v, id, CLOCK_RETENTION).id, 0);
	assert_int_equal(vendor_recorded(v, id, RECORD_CASE_REOPENED), 1);
	assert_true(vendor_task(v, id, TASK_ANSWER_FINDER).id != 0);
}

/* RULES 30: one answer, prepared, and a task each time. */
static void
test_the_source_is_pointed_to_jpcert(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail m;

	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"mediation=accepted"}, .nwords = 1);
	finder_writes(v, id, "How far are you?");
	m = vendor_mail(v, id, MAIL_MEDIATED);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_string_equal(m.to, FINDER);
	assert_non_null(strstr(m.body, "JPCERT/CC"));
	assert_true(vendor_task(v, id, TASK_MEDIATED).id != 0);
	assert_int_equal(vendor_task(v, id, TASK_ANSWER_FINDER).id, 0);
	finder_writes(v, id, "And now?");
	assert_int_equal(vendor_mail(v, id, MAIL_MEDIATED).id, m.id);
}

/* Only failed is failed; the mail is named by its own Message-ID. */
static void
test_a_bounce_is_tied_to_its_mail(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail first, m;
	struct part dsn = {.kind = PART_DSN, .type = "message/delivery-status"};
	struct vendor_letter bounce = {.from = "mailer-daemon@example.org",
	    .file = &dsn,
	    .flags = HEADER_REPORT | HEADER_NULL_RETURN_PATH};

	vendor_begin(v, id, "2.2.1");
	first = vendor_mail(v, id, MAIL_ASK);
	vendor_sent(v, first.id, clock_now());
	vendor_begin(v, id, "2.5.1");
	m = vendor_mail(v, id, MAIL_ASK);
	vendor_sent(v, m.id, clock_now());
	assert_true(m.id != first.id);
	bounce.text = talloc_asprintf(v,
	    "References: <%s>\nMessage-ID:\n <%s>\nIn-Reply-To: <%s>\n",
	    first.message_id, m.message_id, first.message_id);
	dsn.content = bytes_str("Action: delayed\n");
	vendor_files(v, &bounce);
	assert_int_equal(vendor_mail(v, id, MAIL_ASK).bounced, 0);
	assert_int_equal(vendor_task(v, id, TASK_BOUNCED).id, 0);
	dsn.content = bytes_str("Final-Recipient: x\naction: failed\n");
	bounce.text = talloc_asprintf(v, "%s\n", bounce.text);
	vendor_files(v, &bounce);
	assert_true(vendor_mail(v, id, MAIL_ASK).bounced != 0);
	assert_int_equal(vendor_task(v, id, TASK_BOUNCED).outmail, m.id);
	assert_int_equal(vendor_recorded(v, id, RECORD_MAIL_BOUNCED), 1);
	assert_int_equal(vendor_task(v, id, TASK_COUNTERPART).id, 0);
	assert_int_equal(vendor_task(v, id, TASK_OTHER_KEY).id, 0);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_report_sets_its_clocks),
	    TEST(test_exploitation_is_proposed),
	    TEST(test_exploitation_is_proposed_once),
	    TEST(test_no_exploitation_a_person_says),
	    TEST(test_a_finders_letter_wants_an_answer),
	    TEST(test_the_answer_is_due_by_the_letter_that_waits_longest),
	    TEST(test_an_answer_ends_the_step_that_waits),
	    TEST(test_an_unconfirmed_answer_ends_nothing),
	    TEST(test_jpcert_sends_the_details),
	    TEST(test_jpcerts_dates_are_signed),
	    TEST(test_a_reply_opens_a_closed_case),
	    TEST(test_the_source_is_pointed_to_jpcert),
	    TEST(test_a_bounce_is_tied_to_its_mail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
