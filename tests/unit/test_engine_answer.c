/*
 * test_engine_answer.c - a department's letter: which lines move its step,
 * and what becomes of the others (RULES 12).  With a real store.
 */
#include "engine_world.h"

/* A case at a step, asked of a department a minute ago. */
struct asked {
	struct vendor *v;
	int64_t casefile;
	struct store_step step;
	struct store_outmail mail;
	char *ref; /* "ref: PSIRT-2026-0001/2.2.1/7KQ2MX" */
};

static struct asked
ask_of(void **state, const char *step, enum mail_kind kind, const char *key)
{
	struct asked a = {.v = *state};
	int64_t now = clock_now();

	a.casefile = vendor_case(a.v, FLOW_DIRECT);
	a.step = vendor_begin(a.v, a.casefile, step);
	a.mail = vendor_mail(a.v, a.casefile, kind);
	assert_true(a.mail.id != 0);
	assert_string_equal(a.mail.recipient, key);
	vendor_sent(a.v, a.mail.id, now - 60);
	a.ref = talloc_asprintf(a.v, "ref: %s/%s/%s",
	    vendor_load(a.v, a.casefile)->c.number, step, a.step.ref);
	assert_non_null(strstr(a.mail.body, a.ref));
	return a;
}

static struct asked
ask(void **state)
{
	return ask_of(state, "2.2.1", MAIL_ASK, AKIRA);
}

static struct store_letter
answer(const struct asked *a, const char *key, const char *lines)
{
	return vendor_files(
	    a->v, &(struct vendor_letter){.from = "akira@vendor.example",
		      .text = talloc_asprintf(a->v, "%s\n%s\n", lines, a->ref),
		      .key = key,
		      .made = clock_now(),
		      .reply = a->mail.message_id});
}

/* A digest of so few values would tell which: it is a sealed note. */
static void
assert_answers_are_notes(struct vendor *v, int64_t casefile)
{
	struct store_record *list = NULL;
	size_t n = 0;

	assert_ok(v->w, store_record_list(v, v->w->st, casefile, 0, 1000, &list,
			    &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		if (list[i].what == RECORD_ANSWER) {
			assert_null(list[i].digest);
			assert_string_equal(list[i].note,
			    list[i].code == ANSWER_CAUSE ? "CWE-120"
							 : "a long packet");
		}
}

static void
test_lines_are_put_on_record(void **state)
{
	struct asked a = ask(state);
	struct store_letter l =
	    answer(&a, AKIRA, "cause: CWE-120\nconditions: a long packet");
	struct store_outmail confirm;

	assert_int_equal(l.casefile, a.casefile);
	/* Nobody has to read it. */
	assert_int_equal(l.reason, REASON_ANSWER);
	assert_string_equal(
	    vendor_answer(a.v, a.casefile, ANSWER_CAUSE), "CWE-120");
	assert_string_equal(
	    vendor_answer(a.v, a.casefile, ANSWER_CONDITIONS), "a long packet");
	assert_int_equal(vendor_recorded(a.v, a.casefile, RECORD_ANSWER), 2);
	assert_answers_are_notes(a.v, a.casefile);
	assert_int_equal(vendor_task(a.v, a.casefile, TASK_UNDERSTAND).id, 0);
	confirm = vendor_mail(a.v, a.casefile, MAIL_CONFIRM);
	assert_string_equal(confirm.recipient, AKIRA);
	assert_int_equal(confirm.state, OUTMAIL_APPROVED);
	assert_int_equal(confirm.encrypt, 1);
	assert_non_null(strstr(confirm.body, "cause: CWE-120"));
	/* What was asked is there: the flow goes on. */
	assert_true(stop_flow(a.v->e));
	assert_int_equal(vendor_step(a.v, a.step.id).state, STEP_ENDED);
}

/* A value of several lines stands beneath its word, in either language, and
 * no line of it reads like another answer. */
static void
test_a_long_value_is_confirmed_beneath_its_word(void **state)
{
	static const char *const languages[] = {"en", "ja"};
	struct asked a = ask(state);

	for (size_t i = 0; i < 2; i++) {
		char *lines = talloc_asprintf(a.v,
		    "cause: CWE-120 %zu\n  seen in recv()\n\n"
		    "  conditions: none\nconditions: a long packet\n"
		    "nonsense: one\n  two",
		    i);
		struct store_outmail confirm;

		a.v->contacts[0].language = languages[i];
		answer(&a, AKIRA, lines);
		confirm = vendor_mail(a.v, a.casefile, MAIL_CONFIRM);
		if (strstr(confirm.body, talloc_asprintf(a.v,
					     "\n    cause: CWE-120 %zu\n"
					     "        seen in recv()\n\n"
					     "        conditions: none\n"
					     "    conditions: a long packet\n",
					     i)) == NULL ||
		    strstr(confirm.body, "\n    nonsense: one\n        two") ==
			NULL)
			fail_msg("%s", confirm.body);
	}
}

static void
test_the_same_signature_counts_once(void **state)
{
	struct asked a = ask(state);
	int64_t now = clock_now();
	struct vendor_letter letter = {.from = "akira@vendor.example",
	    .text = talloc_asprintf(a.v, "cause: CWE-120\n%s\n", a.ref),
	    .key = AKIRA,
	    .made = now,
	    .reply = a.mail.message_id};
	struct part other = {.kind = PART_FILE,
	    .type = "text/plain",
	    .content = bytes_str("something")};
	struct store_letter l;
	struct casework *cw;

	vendor_files(a.v, &letter);
	/* The desk knows better by now; the old words come again. */
	assert_ordered(a.v, .what = ORDER_ANSWER, .casefile = a.casefile,
	    .step = "2.2.1", .words = (const char *[]){"cause=CWE-20"},
	    .nwords = 1);
	/* Laid into another mail, by who carried it. */
	letter.from = "somebody@example.org";
	letter.file = &other;
	l = vendor_files(a.v, &letter);
	assert_int_equal(l.reason, REASON_JOINED);
	assert_string_equal(
	    vendor_answer(a.v, a.casefile, ANSWER_CAUSE), "CWE-20");
	cw = vendor_load(a.v, a.casefile);
	assert_int_equal(cw->nanswers, 2);
	assert_int_equal(
	    vendor_recorded(a.v, a.casefile, RECORD_ANSWER_REFUSED), 1);
}

/* Nothing of it moves the step; a person reads the words. */
static void
assert_moves_nothing(
    const struct asked *a, enum task_kind kind, const char *words)
{
	struct store_task t = vendor_task(a->v, a->casefile, kind);

	assert_null(vendor_answer(a->v, a->casefile, ANSWER_CAUSE));
	assert_true(t.id != 0);
	assert_non_null(strstr(t.text, words));
	assert_int_equal(
	    vendor_recorded(a->v, a->casefile, RECORD_ANSWER_REFUSED), 1);
}

static void
test_unsigned_moves_nothing(void **state)
{
	struct asked a = ask(state);

	answer(&a, NULL, "cause: CWE-120");
	assert_moves_nothing(&a, TASK_UNSIGNED, "cause: CWE-120");
}

static void
test_a_bad_signature_moves_nothing(void **state)
{
	struct asked a = ask(state);

	vendor_files(a.v,
	    &(struct vendor_letter){.from = "akira@vendor.example",
		.text = talloc_asprintf(a.v, "cause: CWE-120\n%s\n", a.ref),
		.key = AKIRA,
		.status = SIGNATURE_BAD,
		.made = clock_now(),
		.reply = a.mail.message_id});
	assert_moves_nothing(&a, TASK_UNSIGNED, "cause: CWE-120");
}

/* A stranger that knows the token writes from anywhere. */
static void
test_who_has_the_reference_alone_moves_nothing(void **state)
{
	struct asked a = ask(state);

	vendor_files(a.v,
	    &(struct vendor_letter){.from = "stranger@example.org",
		.text = talloc_asprintf(a.v, "cause: CWE-120\n%s\n", a.ref),
		.reply = a.mail.message_id});
	assert_moves_nothing(&a, TASK_UNSIGNED, "cause: CWE-120");
}

static void
test_a_department_that_was_not_asked(void **state)
{
	struct asked a = ask(state);

	answer(&a, REI, "cause: CWE-120");
	assert_moves_nothing(&a, TASK_UNDERSTAND, "cause: CWE-120");
}

static void
test_signed_before_the_question(void **state)
{
	struct asked a = ask(state);

	vendor_files(a.v,
	    &(struct vendor_letter){.from = "akira@vendor.example",
		.text = talloc_asprintf(a.v, "cause: CWE-120\n%s\n", a.ref),
		.key = AKIRA,
		.made = clock_now() - 3600,
		.reply = a.mail.message_id});
	assert_moves_nothing(&a, TASK_UNDERSTAND, "cause: CWE-120");
}

static void
test_without_a_reference(void **state)
{
	struct asked a = ask(state);

	a.ref = talloc_strdup(a.v, "");
	answer(&a, AKIRA, "cause: CWE-120");
	assert_moves_nothing(&a, TASK_UNDERSTAND, "cause: CWE-120");
}

/* Of another case: its token is good there alone. */
static void
test_the_reference_of_another_case(void **state)
{
	struct asked a = ask(state);
	struct asked b = ask(state);
	char *ref = a.ref;

	a.ref = b.ref;
	answer(&a, AKIRA, "cause: CWE-120");
	a.ref = ref;
	assert_moves_nothing(&a, TASK_UNDERSTAND, "cause: CWE-120");
	assert_null(vendor_answer(b.v, b.casefile, ANSWER_CAUSE));
}

static void
test_what_is_not_understood_becomes_a_task(void **state)
{
	struct asked a = ask(state);
	struct store_task t;
	struct store_letter l;

	l = answer(&a, AKIRA,
	    "cause: CWE-120\ndecision: publish\nverified: yes\nweather: "
	    "fine\n\n"
	    "We have seen this in the field before, and the customer of the "
	    "plant in question asks to be called by somebody of the desk.");
	assert_int_equal(l.reason, REASON_JOINED);
	assert_string_equal(
	    vendor_answer(a.v, a.casefile, ANSWER_CAUSE), "CWE-120");
	/* Good words, but not this step's to ask for, or the desk's alone. */
	assert_null(vendor_answer(a.v, a.casefile, ANSWER_VERIFIED));
	assert_null(vendor_answer(a.v, a.casefile, ANSWER_DECISION));
	t = vendor_task(a.v, a.casefile, TASK_UNDERSTAND);
	assert_non_null(strstr(
	    t.text, "decision: publish  (is the desk's alone to record)"));
	assert_non_null(strstr(t.text, "verified: yes"));
	assert_non_null(strstr(t.text, "weather: fine"));
	assert_non_null(strstr(t.text, "asks to be called"));
	assert_non_null(
	    strstr(vendor_mail(a.v, a.casefile, MAIL_CONFIRM).body, "weather"));
}

/* No signature of a department sets the day of publication. */
static void
test_the_date_is_the_desks(void **state)
{
	struct asked a = ask_of(state, "4.3.1", MAIL_DATES, SORA);

	assert_non_null(strstr(a.mail.body, "candidate: "));
	assert_null(strstr(a.mail.body, "publish:"));
	answer(
	    &a, SORA, "candidate: 2031-12-01 10:00\npublish: 2031-12-01 10:00");
	assert_non_null(vendor_answer(a.v, a.casefile, ANSWER_CANDIDATE));
	assert_null(vendor_answer(a.v, a.casefile, ANSWER_PUBLISH));
	assert_int_equal(
	    vendor_clock(a.v, a.casefile, CLOCK_PUBLICATION).id, 0);
	assert_non_null(
	    strstr(vendor_task(a.v, a.casefile, TASK_UNDERSTAND).text,
		"publish: 2031-12-01"));
}

static void
test_a_greeting_is_no_task(void **state)
{
	struct asked a = ask(state);

	answer(&a, AKIRA, "cause: CWE-120\n\nBest regards,\nAkira");
	assert_int_equal(vendor_task(a.v, a.casefile, TASK_UNDERSTAND).id, 0);
}

/* The last does not win. */
static void
test_two_contacts_who_differ(void **state)
{
	struct asked a = ask(state);
	struct store_task t;

	answer(&a, AKIRA, "cause: CWE-120");
	vendor_files(a.v, &(struct vendor_letter){.from = "sora@vendor.example",
			      .text = talloc_asprintf(
				  a.v, "cause: CWE-20\nnote: two\n%s\n", a.ref),
			      .key = SORA,
			      .made = clock_now(),
			      .reply = a.mail.message_id});
	assert_string_equal(
	    vendor_answer(a.v, a.casefile, ANSWER_CAUSE), "CWE-120");
	assert_null(vendor_answer(a.v, a.casefile, ANSWER_NOTE));
	t = vendor_task(a.v, a.casefile, TASK_CONFLICT);
	assert_non_null(strstr(t.text, "CWE-120 (Akira)"));
	assert_non_null(strstr(t.text, "CWE-20 (Sora)"));
}

/* Names of who asks stay here; the number is the case's own. */
static void
test_a_question_waits_to_be_relayed(void **state)
{
	struct asked a = ask(state);
	struct casework *cw;

	answer(&a, AKIRA,
	    "question: Which firmware did the finder use? Ask Akira "
	    "<akira@vendor.example>.");
	cw = vendor_load(a.v, a.casefile);
	assert_int_equal(cw->nquestions, 1);
	assert_int_equal(cw->questions[0].number, 1);
	assert_int_equal(cw->questions[0].state, QUESTION_OPEN);
	assert_non_null(strstr(cw->questions[0].text, "Which firmware"));
	assert_null(strstr(cw->questions[0].text, "akira@"));
	assert_true(vendor_task(a.v, a.casefile, TASK_QUESTION).id != 0);
	assert_int_equal(vendor_recorded(a.v, a.casefile, RECORD_QUESTION), 1);
}

/* Dates on record become clocks; what the desk types takes their place. */
static void
test_dates_become_clocks(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_clock c;

	assert_ordered(v, .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"imposed", "2031-02-01"}, .nwords = 2);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words =
		(const char *[]){"planned=2031-01-10", "publish=2031-03-01"},
	    .nwords = 2);
	c = vendor_clock(v, id, CLOCK_PLANNED);
	assert_true(c.due > 0 && c.warn > 0 && c.warn < c.due);
	assert_true(vendor_clock(v, id, CLOCK_PUBLICATION).id != 0);
	/* Ours is later than theirs. */
	assert_true(vendor_task(v, id, TASK_LATER_DATE).id != 0);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"verified=yes"}, .nwords = 1);
	assert_int_equal(vendor_clock(v, id, CLOCK_PLANNED).id, 0);
}

/* A plan is late when its day is over; one with a time, then. */
static void
test_the_day_of_a_plan_is_over_at_its_end(void **state)
{
	static const struct {
		const char *typed, *end;
	} rows[] = {
	    {"planned=2031-01-10", "2031-01-11 00:00"},
	    {"planned=2031-01-10 10:00", "2031-01-10 10:00"},
	};
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	for (size_t i = 0; i < 2; i++) {
		struct clock_read read;

		assert_true(clock_parse(rows[i].end, &read));
		assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
		    .words = (const char *[]){rows[i].typed}, .nwords = 1);
		assert_int_equal(
		    vendor_clock(v, id, CLOCK_PLANNED).due, read.when);
	}
	/* The day of publication begins with it. */
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"publish=2031-01-11"}, .nwords = 1);
	assert_int_equal(vendor_clock(v, id, CLOCK_PUBLICATION).due,
	    vendor_clock(v, id, CLOCK_PLANNED).due + 14 * 3600);
}

/* Early warning and notification are given before there is a fix. */
static void
test_a_fix_starts_the_final_report(void **state)
{
	static const char *const clocks[] = {"cra warning", "cra notification"};
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t id = vendor_case(v, FLOW_DIRECT);
	int64_t other = vendor_case(v, FLOW_DIRECT);

	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = id,
	    .words = (const char *[]){clocks[0]}, .nwords = 1);
	for (size_t i = 0; i < 2; i++)
		assert_ordered(v, .what = ORDER_CLOCK_END, .casefile = id,
		    .words = (const char *[]){clocks[i]}, .nwords = 1);
	for (int64_t c = id; c != 0; c = c == id ? other : 0)
		assert_ordered(v, .what = ORDER_ANSWER, .casefile = c,
		    .words = (const char *[]){"fix=2.4"}, .nwords = 1);
	assert_in_range(vendor_clock(v, id, CLOCK_CRA_FINAL).due,
	    now + CRA_FINAL_S, clock_now() + CRA_FINAL_S);
	/* Nobody has said that it is exploited. */
	assert_int_equal(vendor_clock(v, other, CLOCK_CRA_FINAL).id, 0);
}

/* <2>1.2.2 */
static void
test_mediation_switches_the_channel(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"mediation=accepted"}, .nwords = 1);
	assert_int_equal(vendor_load(v, id)->c.channel, CHANNEL_JPCERT);
	assert_int_equal(vendor_recorded(v, id, RECORD_CHANNEL), 1);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"mediation=refused"}, .nwords = 1);
	assert_int_equal(vendor_load(v, id)->c.channel, CHANNEL_ADVISED);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_lines_are_put_on_record),
	    TEST(test_a_long_value_is_confirmed_beneath_its_word),
	    TEST(test_the_same_signature_counts_once),
	    TEST(test_unsigned_moves_nothing),
	    TEST(test_a_bad_signature_moves_nothing),
	    TEST(test_who_has_the_reference_alone_moves_nothing),
	    TEST(test_a_department_that_was_not_asked),
	    TEST(test_signed_before_the_question),
	    TEST(test_without_a_reference),
	    TEST(test_the_reference_of_another_case),
	    TEST(test_what_is_not_understood_becomes_a_task),
	    TEST(test_the_date_is_the_desks),
	    TEST(test_a_greeting_is_no_task),
	    TEST(test_two_contacts_who_differ),
	    TEST(test_a_question_waits_to_be_relayed),
	    TEST(test_dates_become_clocks),
	    TEST(test_the_day_of_a_plan_is_over_at_its_end),
	    TEST(test_a_fix_starts_the_final_report),
	    TEST(test_mediation_switches_the_channel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
