/*
 * test_control_step.c - the steps of a case: what is shown of them, and what
 * a person does to one, as orders to the engine.
 */
#include "control_world.h"

static json_t *
row_of(const json_t *data, const char *key, size_t i)
{
	json_t *row = json_array_get(json_object_get(data, key), i);

	assert_non_null(row);
	return row;
}

/* A case that design is to reproduce, late; details were asked for. */
static int64_t
running_case(struct desk_world *w)
{
	int64_t id = add_case(w, 2, 2026);
	int64_t first = add_step(w, id, "1.3.1", STEP_ENDED, 0);

	add_answer(w, id, first, ANSWER_DETAILS, "yes");
	add_step(w, id, "2.1.1", STEP_RUNNING, -3600);
	add_step(w, id, "2.3.1", STEP_READY, 0);
	return id;
}

/* ---- looking ---- */

static void
test_all_steps(void **state)
{
	struct desk_world *w = *state;
	int64_t id = running_case(w);
	json_t *root, *data, *row;

	w->refused = "2.6.1 report: no mail to the finder";
	root = ask(w, "step", "1");
	data = data_of(root);
	assert_string_equal(text_at(data, "case"), "PSIRT-2026-0001");
	/* Every step of the flow, also those not come to. */
	assert_int_equal(json_array_size(json_object_get(data, "steps")), 4);
	row = row_of(data, "steps", 0);
	assert_string_equal(text_at(row, "step"), "1.3.1");
	assert_string_equal(text_at(row, "state"), "ended");
	assert_string_equal(text_at(row, "title"), "Details needed?");
	row = row_of(data, "steps", 1);
	assert_string_equal(text_at(row, "state"), "running");
	assert_string_equal(json_string_value(row_of(row, "who", 0)), "design");
	assert_string_equal(
	    json_string_value(row_of(row, "departments", 0)), "plc");
	assert_string_not_equal(text_at(row, "due"), "(none)");
	assert_true(
	    json_is_null(json_object_get(row_of(data, "steps", 3), "state")));
	row = row_of(data, "answers", 0);
	assert_string_equal(text_at(row, "answer"), "need details");
	assert_string_equal(text_at(row, "value"), "yes");
	assert_string_equal(text_at(row, "by"), "Hana");
	assert_string_equal(text_at(row, "told_by"), "ken");
	assert_string_equal(text_at(row, "step"), "1.3.1");
	assert_string_equal(text_at(data, "refused"), w->refused);
	json_decref(root);
	/* What departments said is content. */
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
	assert_int_equal(last_line(w).casefile, id);
}

static void
test_one_step(void **state)
{
	struct desk_world *w = *state;
	json_t *root, *data;

	running_case(w);
	root = ask(w, "step", "1", "2.1.1");
	data = data_of(root);
	assert_int_equal(json_array_size(json_object_get(data, "steps")), 1);
	assert_int_equal(json_array_size(json_object_get(data, "answers")), 0);
	assert_string_equal(text_at(data, "lines"),
	    "status: reproduced | not reproduced | investigating\n");
	json_decref(root);
	assert_int_equal(last_line(w).code, store_step_code("2.1.1"));
	assert_refused(ask(w, "step", "1", "9.9.9"), 1,
	    "flow direct has no step \"9.9.9\"");
	assert_refused(ask(w, "step", "77"), 1, "no case");
}

static void
test_titles_in_japanese(void **state)
{
	struct desk_world *w = *state;
	json_t *root;

	running_case(w);
	root = ask(w, "step", "1", "--ja");
	assert_string_equal(text_at(row_of(data_of(root), "steps", 1), "title"),
	    "再現の確認・共有");
	json_decref(root);
	w->operators[0].language = "ja";
	root = ask(w, "step", "1");
	assert_string_equal(text_at(row_of(data_of(root), "steps", 1), "title"),
	    "再現の確認・共有");
	json_decref(root);
	w->operators[0].language = "en";
	root = ask(w, "step", "1");
	assert_string_equal(text_at(row_of(data_of(root), "steps", 1), "title"),
	    "Reproduction");
	json_decref(root);
}

/* ---- acting ---- */

static void
test_verbs(void **state)
{
	struct desk_world *w = *state;
	int64_t id = running_case(w);

	assert_done(ask(w, "step", "1", "2.3.1", "start"));
	assert_int_equal(last_order(w)->what, ORDER_STEP_START);
	assert_int_equal(last_order(w)->casefile, id);
	assert_string_equal(last_order(w)->step, "2.3.1");
	assert_string_equal(last_order(w)->actor, "yuki");
	assert_int_equal(last_order(w)->role, OPERATOR_LEAD);
	assert_int_equal(last_order(w)->uid, getuid());
	assert_done(ask(w, "step", "1", "2.1.1", "done"));
	assert_int_equal(last_order(w)->what, ORDER_STEP_END);
	assert_done(
	    ask(w, "step", "1", "2.3.1", "skip", "--why", "not needed"));
	assert_int_equal(last_order(w)->what, ORDER_STEP_SKIP);
	assert_string_equal(last_order(w)->why, "not needed");
	/* Once more: the question of a running one, else a new pass. */
	assert_done(ask(w, "step", "1", "2.1.1", "again"));
	assert_int_equal(last_order(w)->what, ORDER_ASK);
	assert_done(ask(w, "step", "1", "1.3.1", "again"));
	assert_int_equal(last_order(w)->what, ORDER_STEP_START);
	assert_int_equal(w->norders, 5);
	assert_int_equal(w->woken, 5);
}

/* A slip does not ask everybody anew. */
static void
test_a_step_is_started_once(void **state)
{
	struct desk_world *w = *state;

	running_case(w);
	assert_refused(ask(w, "step", "1", "2.1.1", "start"), 1,
	    "step 2.1.1 is running already: psirt step PSIRT-2026-0001 2.1.1 "
	    "again");
	assert_refused(ask(w, "step", "1", "1.3.1", "start"), 1,
	    "step 1.3.1 is ended already");
	assert_int_equal(w->norders, 0);
}

static void
test_answers(void **state)
{
	struct desk_world *w = *state;
	json_t *root;

	running_case(w);
	w->said = "status: reproduced\n2.1.1 has ended";
	root = ask(w, "step", "1", "2.1.1", "status=reproduced",
	    "cause=CWE-787 a=b", "--by", "Hana");
	assert_string_equal(json_string_value(row_of(data_of(root), "said", 1)),
	    "2.1.1 has ended");
	assert_string_equal(json_string_value(row_of(data_of(root), "next", 0)),
	    "psirt show PSIRT-2026-0001");
	json_decref(root);
	assert_int_equal(w->norders, 1);
	assert_int_equal(last_order(w)->what, ORDER_ANSWER);
	assert_int_equal(last_order(w)->nwords, 2);
	assert_string_equal(last_order(w)->words[0], "status=reproduced");
	assert_string_equal(last_order(w)->words[1], "cause=CWE-787 a=b");
	assert_string_equal(last_order(w)->by, "Hana");
}

/* Who is told, the start, the answers, the end: in this order. */
static void
test_orders_come_in_order(void **state)
{
	struct desk_world *w = *state;

	running_case(w);
	assert_done(ask(w, "step", "1", "2.1.1", "done", "status=reproduced",
	    "--share", "+quality,-sales"));
	assert_int_equal(w->norders, 3);
	assert_int_equal(w->orders[0].what, ORDER_SHARE);
	assert_int_equal(w->orders[0].nwords, 2);
	assert_string_equal(w->orders[0].words[0], "+quality");
	assert_string_equal(w->orders[0].words[1], "-sales");
	assert_int_equal(w->orders[1].what, ORDER_ANSWER);
	assert_int_equal(w->orders[2].what, ORDER_STEP_END);
	assert_done(ask(w, "step", "1", "2.3.1", "note=x", "start"));
	/* What the mails of a step may say stands before they are made. */
	assert_int_equal(w->orders[3].what, ORDER_ANSWER);
	assert_int_equal(w->orders[4].what, ORDER_STEP_START);
	/* What the engine refuses ends it. */
	w->refuse = FAULT_DENIED;
	assert_refused(ask(w, "step", "1", "2.1.1", "status=reproduced",
			   "--share", "+quality"),
	    1, "the engine says no");
	assert_int_equal(w->norders, 6);
}

static void
test_words_that_are_none(void **state)
{
	struct desk_world *w = *state;

	running_case(w);
	assert_refused(ask(w, "step", "1", "2.1.1", "stop"), 2,
	    "\"stop\" is no word for a step: start, done, skip or again");
	assert_refused(ask(w, "step", "1", "2.1.1", "start", "done"), 2,
	    "\"done\" is one word too many");
	assert_refused(ask(w, "step", "1", "2.1.1", "--share", "quality"), 2,
	    "\"quality\" is nobody to share with");
	assert_refused(ask(w, "step", "1", "2.1.1", "--share", "+nobody"), 2,
	    "\"+nobody\" is nobody to share with");
	assert_refused(
	    ask(w, "step", "1", "2.1.1", "--share", " "), 2, "wants +ROLE");
	assert_refused(
	    ask(w, "step", "1", "2.1.1", "--by", "Hana"), 2, "does not go");
	assert_refused(ask(w, "step"), 2, "too few words: psirt step CASE");
	assert_refused(
	    ask(w, "step", "1", "3.9.9", "done"), 1, "has no step \"3.9.9\"");
	assert_int_equal(w->norders, 0);
}

/* ---- guards are a lead's to override ---- */

static void
test_override(void **state)
{
	struct desk_world *w = *state;

	running_case(w);
	assert_done(ask(w, "step", "1", "2.6.1", "start", "--override",
	    "consent,nda", "--why", "told by telephone"));
	assert_int_equal(
	    last_order(w)->override, 1u << GUARD_CONSENT | 1u << GUARD_NDA);
	assert_string_equal(last_order(w)->why, "told by telephone");
	assert_refused(
	    ask(w, "step", "1", "2.6.1", "start", "--override", "consent"), 2,
	    "say why the guard is overridden");
	assert_refused(ask(w, "step", "1", "2.6.1", "start", "--override",
			   "nothing", "--why", "x"),
	    2, "no guard \"nothing\"");
	assert_refused(ask(w, "step", "1", "2.6.1", "start", "--override",
			   "exploit", "--why", "x"),
	    1, "nobody may override \"exploit\"");
	assert_int_equal(w->norders, 1);
	w->operators[0].role = OPERATOR_OPERATOR;
	assert_refused(ask(w, "step", "1", "2.6.1", "start", "--override",
			   "consent", "--why", "x", "--share", "+quality"),
	    1, "needs the role lead, and yuki is operator");
	assert_int_equal(last_line(w).what, RECORD_REFUSED);
	assert_int_equal(w->norders, 1);
}

static void
test_move(void **state)
{
	struct desk_world *w = *state;
	int64_t id = running_case(w);

	assert_done(ask(w, "step", "1", "--move"));
	assert_int_equal(last_order(w)->what, ORDER_STEP_MOVE);
	assert_int_equal(last_order(w)->casefile, id);
	assert_null(last_order(w)->step);
	assert_done(ask(w, "step", "1", "2.1.1", "--move"));
	assert_string_equal(last_order(w)->step, "2.1.1");
	assert_refused(ask(w, "step", "1", "2.1.1", "start", "--move"), 2,
	    "too many words");
}

static void
test_a_viewer_looks_only(void **state)
{
	static const char *const words[][6] = {
	    {"step", "1", "2.1.1", "done", NULL},
	    {"step", "1", "2.1.1", "status=reproduced", NULL},
	    {"step", "1", "2.1.1", "--share", "+quality", NULL},
	    {"step", "1", "--move", NULL},
	};
	struct desk_world *w = *state;

	running_case(w);
	w->operators[0].role = OPERATOR_VIEWER;
	assert_done(ask(w, "step", "1"));
	assert_done(ask(w, "step", "1", "2.1.1"));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		assert_refused(
		    ask_words(w, words[i]), 1, "needs the role operator");
		assert_int_equal(last_line(w).what, RECORD_REFUSED);
	}
	assert_int_equal(w->norders, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_all_steps),
	    TEST(test_one_step),
	    TEST(test_titles_in_japanese),
	    TEST(test_verbs),
	    TEST(test_a_step_is_started_once),
	    TEST(test_answers),
	    TEST(test_orders_come_in_order),
	    TEST(test_words_that_are_none),
	    TEST(test_override),
	    TEST(test_move),
	    TEST(test_a_viewer_looks_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
