/*
 * test_control_orders.c - commands that are one order each: what the engine
 * is given, who may, and what is wrong usage.
 */
#include "control_world.h"

/* Each is typed as it stands; a row says what the engine is to hear. */
struct row {
	const char *words[8];
	enum order_kind what;
	const char *first, *second; /* words of the order; NULL: none */
	const char *text, *why, *by;
	int64_t number;
	bool other;
};

static const struct row rows[] = {
    {{"clock", "1", "end", "imposed"}, ORDER_CLOCK_END, .first = "imposed"},
    {{"clock", "1", "set", "publication", "2026-12-01", "10:00", "JST"},
	ORDER_CLOCK_SET, .first = "publication",
	.second = "2026-12-01 10:00 JST"},
    {{"clock", "1", "start", "CRA warning"}, ORDER_CLOCK_START,
	.first = "CRA warning"},
    {{"close", "1", "duplicate", "--why", "of 12"}, ORDER_CLOSE,
	.first = "duplicate", .why = "of 12"},
    {{"incident", "1"}, .what = ORDER_INCIDENT},
    {{"link", "1", "2"}, ORDER_LINK, .other = true},
    {{"merge", "1", "2"}, ORDER_MERGE, .other = true},
    {{"note", "1", "called", "at", "ten", "--by", "Hana"}, ORDER_NOTE,
	.text = "called at ten", .by = "Hana"},
    {{"question", "1", "ask"}, .what = ORDER_QUESTION_ASK},
    {{"question", "1", "ask", "2"}, ORDER_QUESTION_ASK, .number = 2},
    {{"question", "1", "drop", "3"}, ORDER_QUESTION_DROP, .number = 3},
    {{"reopen", "1"}, .what = ORDER_REOPEN},
    {{"reply", "1", "Thank you.\n\nWe look."}, ORDER_REPLY,
	.text = "Thank you.\n\nWe look."},
    {{"reply", "1"}, ORDER_REPLY, .text = ""},
    {{"split", "1"}, .what = ORDER_SPLIT},
    {{"take", "1"}, ORDER_TAKE, .first = "yuki"},
    {{"take", "1", "--deputy", "ken"}, ORDER_TAKE, .first = "yuki",
	.second = "ken"},
    {{"title", "1", "the", "gateway"}, ORDER_TITLE, .text = "the gateway"},
    {{"unlink", "1", "2"}, ORDER_UNLINK, .other = true},
};

#define NROWS (sizeof(rows) / sizeof(rows[0]))

static void
assert_same(const char *have, const char *want)
{
	if (want == NULL)
		assert_null(have);
	else
		assert_string_equal(have, want);
}

static void
test_what_the_engine_is_given(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t other = add_case(w, 2, 2026);

	w->said = "it is so";
	for (size_t i = 0; i < NROWS; i++) {
		const struct row *row = &rows[i];
		json_t *root = ask_words(w, row->words);
		const struct order *o;

		assert_string_equal(
		    json_string_value(json_array_get(
			json_object_get(data_of(root), "said"), 0)),
		    "it is so");
		json_decref(root);
		o = last_order(w);
		assert_int_equal(w->norders, 1);
		assert_int_equal(o->what, row->what);
		assert_string_equal(o->actor, "yuki");
		assert_int_equal(o->casefile, id);
		assert_int_equal(o->other, row->other ? other : 0);
		assert_same(o->words[0], row->first);
		assert_same(o->words[1], row->second);
		assert_same(o->text, row->text);
		assert_same(o->why, row->why);
		assert_same(o->by, row->by);
		assert_int_equal(o->number, row->number);
		assert_int_equal(o->override, 0);
		w->norders = 0;
	}
	assert_int_equal(w->woken, NROWS);
}

/* Each needs an operator, and a viewer's try stands in the record. */
static void
test_a_viewer_decides_nothing(void **state)
{
	struct desk_world *w = *state;

	add_case(w, 2, 2026);
	add_case(w, 2, 2026);
	w->operators[0].role = OPERATOR_VIEWER;
	for (size_t i = 0; i < NROWS; i++) {
		assert_refused(ask_words(w, rows[i].words), 1,
		    "needs the role operator, and yuki is viewer");
		assert_int_equal(last_line(w).what, RECORD_REFUSED);
	}
	assert_refused(ask(w, "task", "1", "done"), 1, "needs the role");
	assert_int_equal(w->norders, 0);
}

static void
test_what_the_engine_refuses(void **state)
{
	struct desk_world *w = *state;

	add_case(w, 2, 2026);
	w->refuse = FAULT_DENIED;
	assert_refused(
	    ask(w, "close", "1", "published"), 1, "the engine says no");
	assert_int_equal(w->woken, 0);
	w->refuse = FAULT_RETRY;
	assert_refused(
	    ask(w, "close", "1", "published"), 75, "the engine says no");
}

static void
test_wrong_usage(void **state)
{
	struct desk_world *w = *state;

	add_case(w, 2, 2026);
	assert_refused(ask(w, "link", "1", "1"), 2, "one and the same case");
	assert_refused(ask(w, "link", "1", "7"), 1, "no case \"7\"");
	assert_refused(ask(w, "link", "1"), 2, "psirt link CASE OTHER");
	assert_refused(ask(w, "take", "1", "--deputy", "nobody"), 1,
	    "no operator \"nobody\": the settings have yuki ken");
	assert_refused(ask(w, "question", "1", "drop"), 2, "too few words");
	assert_refused(ask(w, "question", "1", "drop", "x"), 2, "is no number");
	assert_refused(ask(w, "clock", "1", "set", "year"), 2, "too few");
	assert_refused(ask(w, "clock", "1", "foo"), 2, "too many words");
	assert_refused(ask(w, "clock"), 2, "too few words: psirt clock CASE");
	assert_refused(ask(w, "title", "1"), 2, "psirt title CASE TEXT");
	assert_refused(ask(w, "task", "x", "done"), 2, "is no number");
	assert_int_equal(w->norders, 0);
}

static void
test_tasks_belong_to_their_case(void **state)
{
	struct desk_world *w = *state;

	assert_done(ask(w, "task", "4", "done"));
	assert_int_equal(last_order(w)->what, ORDER_TASK_DONE);
	assert_int_equal(last_order(w)->number, 4);
	assert_int_equal(last_order(w)->casefile, 0);
}

/* ---- a guard may be overridden where one is asked ---- */

static void
test_overrides(void **state)
{
	struct desk_world *w = *state;

	add_case(w, 2, 2026);
	assert_done(ask(w, "close", "1", "published", "--override",
	    "requires_sent", "--why", "told by telephone"));
	assert_int_equal(last_order(w)->what, ORDER_CLOSE);
	assert_int_equal(last_order(w)->override, 1u << GUARD_REQUIRES_SENT);
	assert_done(ask(w, "reply", "1", "words", "--override", "no_finder",
	    "--why", "JPCERT/CC asks us to"));
	assert_int_equal(last_order(w)->what, ORDER_REPLY);
	assert_int_equal(last_order(w)->override, 1u << GUARD_NO_FINDER);
	assert_string_equal(last_order(w)->text, "words");
	assert_refused(
	    ask(w, "close", "1", "published", "--override", "requires_sent"), 2,
	    "say why");
	assert_refused(
	    ask(w, "title", "1", "x", "--override", "consent", "--why", "x"), 2,
	    "--override does not go here");
	w->operators[0].role = OPERATOR_OPERATOR;
	assert_refused(ask(w, "close", "1", "published", "--override",
			   "requires_sent", "--why", "x"),
	    1, "needs the role lead");
	assert_refused(ask(w, "reply", "1", "words", "--override", "no_finder",
			   "--why", "x"),
	    1, "needs the role lead");
	assert_int_equal(w->norders, 2);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_what_the_engine_is_given),
	    TEST(test_a_viewer_decides_nothing),
	    TEST(test_what_the_engine_refuses),
	    TEST(test_wrong_usage),
	    TEST(test_tasks_belong_to_their_case),
	    TEST(test_overrides),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
