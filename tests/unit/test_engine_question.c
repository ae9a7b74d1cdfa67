/*
 * test_engine_question.c - what answers a question that was asked: a letter of
 * the counterpart, or what the desk types.  With a real store.
 */
#include "engine_world.h"

static struct store_question
add_question(struct vendor *v, int64_t casefile, uint32_t state)
{
	struct world *w = v->w;
	struct store_question q = {.casefile = casefile,
	    .state = state,
	    .at = clock_now(),
	    .department = talloc_strdup(v, "plc"),
	    .by = talloc_strdup(v, "Akira"),
	    .text = talloc_strdup(v, "Which firmware?")};

	begin(w);
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	commit(w);
	return q;
}

/* So many are out, and 2.3.2 waits for them. */
static int64_t
asked(struct vendor *v, size_t n, struct store_step *step)
{
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	for (size_t i = 0; i < n; i++)
		add_question(v, id, QUESTION_ASKED);
	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "ours@vendor.example", id, 0, 0, &w->err));
	commit(w);
	*step = vendor_begin(v, id, "2.3.2");
	return id;
}

static struct store_letter
finder_writes(struct vendor *v, const char *text)
{
	return vendor_files(v,
	    &(struct vendor_letter){
		.from = FINDER, .text = text, .reply = "ours@vendor.example"});
}

static const struct store_question *
question(struct vendor *v, int64_t casefile, size_t number)
{
	return &vendor_load(v, casefile)->questions[number - 1];
}

/* It says when it will, and nothing else. */
static void
test_a_letter_without_numbers_answers_none_of_two(void **state)
{
	struct vendor *v = *state;
	struct store_step step;
	int64_t id = asked(v, 2, &step);
	struct store_letter l = finder_writes(
	    v, "I am travelling and answer your questions next week.");
	struct store_task t = vendor_task(v, id, TASK_ANSWER_FINDER);

	assert_int_equal(question(v, id, 1)->state, QUESTION_ASKED);
	assert_int_equal(question(v, id, 2)->state, QUESTION_ASKED);
	assert_int_equal(vendor_step(v, step.id).state, STEP_RUNNING);
	assert_int_equal(t.letter, l.id);
	assert_non_null(strstr(t.text, "question 1, 2"));
	assert_non_null(
	    strstr(t.text, "psirt question PSIRT-2026-0001 answer N"));
}

static void
test_numbers_say_what_is_answered(void **state)
{
	struct vendor *v = *state;
	struct store_step step;
	int64_t id = asked(v, 2, &step);

	finder_writes(v, "Hello,\n2: port 80\n");
	assert_int_equal(question(v, id, 1)->state, QUESTION_ASKED);
	assert_int_equal(question(v, id, 2)->state, QUESTION_ANSWERED);
	assert_string_equal(question(v, id, 2)->answer, "port 80");
	assert_int_equal(vendor_step(v, step.id).state, STEP_RUNNING);
	assert_non_null(
	    strstr(vendor_task(v, id, TASK_ANSWER_FINDER).text, "question 1."));
	/* The one that is left needs none. */
	finder_writes(v, "It was 2.4.");
	assert_string_equal(question(v, id, 1)->answer, "It was 2.4.");
	assert_string_equal(question(v, id, 2)->answer, "port 80");
	assert_int_equal(vendor_step(v, step.id).state, STEP_ENDED);
}

/* Its letter is no answer to a question that is out. */
static void
test_another_steps_letter_answers_nothing(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct store_step step;

	add_question(v, id, QUESTION_ASKED);
	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "toj@vendor.example", id, 0, 0, &w->err));
	commit(w);
	step = vendor_begin(v, id, "5.2.0");
	vendor_files(v, &(struct vendor_letter){.from = "office@jpcert.example",
			    .text = "1: the draft",
			    .key = JPCERT,
			    .made = clock_now(),
			    .reply = "toj@vendor.example"});
	assert_int_equal(vendor_step(v, step.id).state, STEP_ENDED);
	assert_int_equal(question(v, id, 1)->state, QUESTION_ASKED);
}

/* Anybody on the way may send an older one of its letters once more. */
static void
test_what_was_signed_before_answers_nothing(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct vendor_letter letter = {.from = "office@jpcert.example",
	    .text = "It was 2.4.",
	    .key = JPCERT,
	    .reply = "toj@vendor.example"};
	struct store_step step;

	add_question(v, id, QUESTION_ASKED);
	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "toj@vendor.example", id, 0, 0, &w->err));
	commit(w);
	step = vendor_begin(v, id, "2.3.2");
	letter.made = step.started - 1;
	vendor_files(v, &letter);
	assert_int_equal(question(v, id, 1)->state, QUESTION_ASKED);
	assert_int_equal(vendor_step(v, step.id).state, STEP_RUNNING);
	assert_true(vendor_task(v, id, TASK_COUNTERPART).id != 0);
	letter.made = step.started;
	letter.text = "It was 2.5.";
	vendor_files(v, &letter);
	assert_int_equal(question(v, id, 1)->state, QUESTION_ANSWERED);
	assert_int_equal(vendor_step(v, step.id).state, STEP_ENDED);
}

/* What is typed takes the place of what the letter seemed to say. */
static void
test_a_person_knows_better(void **state)
{
	struct vendor *v = *state;
	struct store_step step;
	int64_t id = asked(v, 1, &step);
	struct store_outmail m;

	finder_writes(v, "I am travelling.");
	assert_string_equal(question(v, id, 1)->answer, "I am travelling.");
	while (stop_flow(v->e))
		;
	m = vendor_mail(v, id, MAIL_RELAY);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_refused(v, "psirt question PSIRT-2026-0001 answer N",
	    .what = ORDER_ANSWER, .casefile = id, .step = "2.3.2",
	    .words = (const char *[]){"answer=It was 2.4."}, .nwords = 1);
	assert_ordered(v, .what = ORDER_QUESTION_ANSWER, .casefile = id,
	    .number = 1, .text = "It was 2.4.");
	assert_string_equal(question(v, id, 1)->answer, "It was 2.4.");
	assert_int_equal(question(v, id, 1)->answer_letter, 0);
	assert_non_null(strstr(v->said,
	    talloc_asprintf(v, "psirt approve %lld --drop", (long long)m.id)));
	assert_non_null(strstr(v->said, "2.3.3 again"));
	/* What it says to type hands the better answer on. */
	assert_ordered(v, .what = ORDER_DROP, .casefile = id, .mail = m.id);
	assert_ordered(v, .what = ORDER_ASK, .casefile = id, .step = "2.3.3");
	m = vendor_mail(v, id, MAIL_RELAY);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_non_null(strstr(m.body, "It was 2.4."));
	assert_null(strstr(m.body, "travelling"));
	assert_refused(v, "no question 7", .what = ORDER_QUESTION_ANSWER,
	    .casefile = id, .number = 7, .text = "x");
	assert_refused(v, "what is the answer", .what = ORDER_QUESTION_ANSWER,
	    .casefile = id, .number = 1, .text = " ");
}

static void
test_a_question_is_open_again(void **state)
{
	struct vendor *v = *state;
	struct store_step step;
	int64_t id = asked(v, 1, &step);

	finder_writes(v, "I am travelling.");
	assert_ordered(
	    v, .what = ORDER_QUESTION_AGAIN, .casefile = id, .number = 1);
	assert_int_equal(question(v, id, 1)->state, QUESTION_OPEN);
	assert_null(question(v, id, 1)->answer);
	assert_non_null(strstr(v->said, "ask 1"));
	assert_refused(v, "is open", .what = ORDER_QUESTION_AGAIN,
	    .casefile = id, .number = 1);
}

/* Typed at the step: of two, it has to say which. */
static void
test_an_answer_is_typed_by_number(void **state)
{
	struct vendor *v = *state;
	struct store_step step;
	int64_t id = asked(v, 2, &step);

	assert_refused(v, "questions 1, 2 are out", .what = ORDER_ANSWER,
	    .casefile = id, .step = "2.3.2",
	    .words = (const char *[]){"answer=It was 2.4."}, .nwords = 1);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id, .step = "2.3.2",
	    .words = (const char *[]){"answer=2: port 80"}, .nwords = 1);
	assert_int_equal(question(v, id, 1)->state, QUESTION_ASKED);
	assert_string_equal(question(v, id, 2)->answer, "port 80");
	assert_ordered(v, .what = ORDER_QUESTION_ANSWER, .casefile = id,
	    .number = 1, .text = "2.4");
	assert_non_null(strstr(v->said, "2.3.2 done"));
	assert_ordered(
	    v, .what = ORDER_STEP_END, .casefile = id, .step = "2.3.2");
	while (stop_flow(v->e))
		;
	assert_int_equal(vendor_mail(v, id, MAIL_RELAY).state, OUTMAIL_DRAFT);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_letter_without_numbers_answers_none_of_two),
	    TEST(test_numbers_say_what_is_answered),
	    TEST(test_another_steps_letter_answers_nothing),
	    TEST(test_what_was_signed_before_answers_nothing),
	    TEST(test_a_person_knows_better),
	    TEST(test_a_question_is_open_again),
	    TEST(test_an_answer_is_typed_by_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
