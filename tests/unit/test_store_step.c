/*
 * test_store_step.c - passes of a case through steps, the flow files that
 * cases go by, memos.
 */
#include "store_world.h"

static int64_t
add(struct world *w, struct store_step s)
{
	begin(w);
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	commit(w);
	assert_true(s.id > 0);
	return s.id;
}

static struct store_step
get(struct world *w, int64_t id)
{
	struct store_step s;

	memset(&s, 0x55, sizeof(s));
	assert_int_equal(store_step_get(w, w->st, id, &s, &w->err), 1);
	return s;
}

static void
put(struct world *w, const struct store_step *s)
{
	begin(w);
	assert_ok(w, store_step_put(w->st, s, &w->err));
	commit(w);
}

static struct store_step
full_step(int64_t casefile)
{
	return (struct store_step){
	    .casefile = casefile,
	    .number = text("1.3.1"),
	    .round = 2,
	    .state = STEP_RUNNING,
	    .ready = NOW,
	    .started = NOW + 1,
	    .ended = NOW + 2,
	    .due = NOW + 3,
	    .look = NOW + 4,
	    .reminders = 5,
	    .reminded = NOW + 6,
	    .escalated = 1,
	    .actor = text("alice"),
	    .ref = text("7KQ2MX"),
	    .shares = text("+quality -risk"),
	};
}

static void
assert_same_step(const struct store_step *a, const struct store_step *b)
{
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->casefile, b->casefile);
	assert_string_equal(a->number, b->number);
	assert_int_equal(a->round, b->round);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->ready, b->ready);
	assert_int_equal(a->started, b->started);
	assert_int_equal(a->ended, b->ended);
	assert_int_equal(a->due, b->due);
	assert_int_equal(a->look, b->look);
	assert_int_equal(a->reminders, b->reminders);
	assert_int_equal(a->reminded, b->reminded);
	assert_int_equal(a->escalated, b->escalated);
	assert_string_equal(a->actor, b->actor);
	assert_string_equal(a->ref, b->ref);
	assert_string_equal(a->shares, b->shares);
}

static void
test_step_round_trips(void **state)
{
	struct world *w = *state;
	struct store_step in = full_step(new_case(w, NULL)), out;

	in.id = add(w, in);
	world_close(w);
	world_open(w);
	out = get(w, in.id);
	assert_same_step(&out, &in);
	assert_int_equal(store_step_get(w, w->st, 99, &out, &w->err), 0);

	out = get(w, add(w, (struct store_step){.casefile = in.casefile,
				.number = text("2.1.1"),
				.round = 1,
				.state = STEP_READY}));
	assert_int_equal(out.state, STEP_READY);
	assert_null(out.actor);
	assert_null(out.ref);
	assert_null(out.shares);
}

static void
test_step_is_changed(void **state)
{
	struct world *w = *state;
	int64_t casefile = new_case(w, NULL), other = new_case(w, NULL);
	struct store_step s = {.casefile = casefile,
	    .number = text("1.3.1"),
	    .round = 2,
	    .state = STEP_READY};
	struct store_step want = full_step(casefile), out;

	want.id = s.id = add(w, s);
	/* Which pass of which case it is never changes. */
	s = want;
	s.casefile = other;
	s.number = text("9.9.9");
	s.round = 7;
	put(w, &s);
	out = get(w, s.id);
	assert_same_step(&out, &want);
	/* The token is found, and gone with the reference. */
	assert_int_equal(
	    store_step_by_ref(w, w->st, "7KQ2MX", &out, &w->err), 1);
	s.ref = NULL;
	put(w, &s);
	assert_int_equal(
	    store_step_by_ref(w, w->st, "7KQ2MX", &out, &w->err), 0);

	begin(w);
	s.id = 99;
	assert_fault(w, store_step_put(w->st, &s, &w->err), FAULT_BUG);
	store_rollback(w->st);
}

/* A step is begun once a round, however often the stop is run. */
static void
test_a_pass_is_made_once(void **state)
{
	struct world *w = *state;
	struct store_step s = full_step(new_case(w, NULL));

	add(w, s);
	begin(w);
	assert_int_equal(store_step_add(w->st, &s, &w->err), -1);
	store_rollback(w->st);
	s.round++;
	add(w, s);
	s.casefile = new_case(w, NULL);
	add(w, s);
}

static void
test_list_is_in_the_order_made(void **state)
{
	struct world *w = *state;
	struct store_step s = full_step(new_case(w, NULL)), *list;
	size_t count;

	for (uint32_t round = 9; round > 0; round--) {
		s.round = round;
		add(w, s);
	}
	s.casefile = new_case(w, NULL);
	add(w, s);
	assert_ok(w, store_step_list(w, w->st, 1, &list, &count, &w->err));
	assert_int_equal(count, 9);
	for (uint32_t i = 0; i < 9; i++)
		assert_int_equal(list[i].round, 9 - i);
	assert_string_equal(list[8].ref, "7KQ2MX");
	assert_ptr_equal(talloc_parent(list[8].ref), list);
	assert_ok(w, store_step_list(w, w->st, 99, &list, &count, &w->err));
	assert_int_equal(count, 0);
	assert_null(list);
}

static int64_t
by_ref(struct world *w, const char *ref)
{
	struct store_step s;
	int found = store_step_by_ref(w, w->st, ref, &s, &w->err);

	assert_true(found >= 0);
	return found == 1 ? s.id : 0;
}

static void
test_reference_is_found(void **state)
{
	struct world *w = *state;
	struct store_step s = full_step(new_case(w, NULL));
	int64_t running, ended;

	running = add(w, s);
	s.round++;
	s.state = STEP_ENDED;
	s.ref = text("ABCDEF");
	ended = add(w, s);
	assert_int_equal(by_ref(w, "7KQ2MX"), running);
	assert_int_equal(by_ref(w, "7kq2mx"), running);
	assert_int_equal(by_ref(w, "abcdef"), ended);
	assert_int_equal(by_ref(w, "7KQ2M"), 0);
	assert_int_equal(by_ref(w, "7KQ2MXX"), 0);
	assert_int_equal(by_ref(w, ""), 0);
	/* The same token by chance: the one that waits for an answer. */
	s.ref = text("7KQ2MX");
	s.round++;
	add(w, s);
	assert_int_equal(by_ref(w, "7KQ2MX"), running);
}

static void
look_is(struct world *w, int64_t want, int64_t want_at)
{
	struct store_due due = {77, 77, 77};

	assert_ok(w, store_step_next_look(w->st, &due, &w->err));
	assert_int_equal(due.id, want);
	assert_int_equal(due.casefile, want != 0);
	assert_int_equal(due.at, want_at);
}

static void
test_the_step_that_is_looked_at_first(void **state)
{
	struct world *w = *state;
	struct store_step s = {.casefile = new_case(w, NULL),
	    .number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING};
	int64_t by_due, reminded;

	look_is(w, 0, 0);
	add(w, s); /* without a date */
	s.round = 2;
	s.due = NOW + 20;
	by_due = add(w, s);
	/* Long overdue; it was reminded of, and is looked at again later. */
	s.round = 3;
	s.due = NOW - 1000;
	s.look = NOW + 10;
	reminded = add(w, s);
	/* Nobody is to be told any more; and one that is over. */
	s.round = 4;
	s.look = -1;
	add(w, s);
	s.round = 5;
	s.look = 0;
	s.state = STEP_ENDED;
	add(w, s);

	look_is(w, reminded, NOW + 10);
	/* Another date for a step counts at once. */
	s = get(w, by_due);
	s.due = NOW + 5;
	put(w, &s);
	look_is(w, by_due, NOW + 5);
	s.state = STEP_ENDED;
	put(w, &s);
	look_is(w, reminded, NOW + 10);
	begin(w);
	assert_ok(w, store_step_put_off(w->st, reminded, NOW + 90, &w->err));
	commit(w);
	look_is(w, reminded, NOW + 90);
}

/* It is put off without being read. */
static void
test_a_damaged_step_can_be_put_off(void **state)
{
	struct world *w = *state;
	struct store_step s = {.casefile = new_case(w, NULL),
	    .number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING,
	    .due = NOW,
	    .ref = text("7KQ2MX")};
	int64_t id = add(w, s);

	world_close(w);
	tamper(w, "UPDATE step SET ref = x'00'");
	world_open(w);
	look_is(w, id, NOW);
	begin(w);
	assert_ok(w, store_step_put_off(w->st, id, NOW + 1, &w->err));
	commit(w);
	look_is(w, id, NOW + 1);
	assert_fault(w, store_step_get(w, w->st, id, &s, &w->err), FAULT_INPUT);
}

static void
test_code_of_a_step(void **state)
{
	assert_int_equal(store_step_code("2.3.1"), 20301);
	assert_int_equal(store_step_code("0.1.1"), 101);
	assert_int_equal(store_step_code("1.1"), 10100);
	assert_int_equal(store_step_code("5"), 50000);
	assert_int_equal(store_step_code("1.12.34"), 11234);
	assert_int_equal(store_step_code(""), 0);
}

/* ---- flow files ---- */

static int64_t
keep(struct world *w, uint32_t flow, const char *of)
{
	int64_t id = 0;

	begin(w);
	assert_ok(w, store_flow_keep(w->st, flow, of, &id, &w->err));
	commit(w);
	assert_true(id > 0);
	return id;
}

static void
test_flow_text_is_kept_once(void **state)
{
	struct world *w = *state;
	int64_t one = keep(w, 1, "step \"1.1\" {}");
	int64_t other = keep(w, 2, "step \"1.1\" {}");
	uint32_t flow;
	char *back;

	/* The same text as another flow is another file. */
	assert_int_not_equal(one, other);
	assert_int_not_equal(keep(w, 1, "step \"1.2\" {}"), one);
	assert_int_equal(keep(w, 1, "step \"1.1\" {}"), one);
	world_close(w);
	world_open(w);
	assert_int_equal(keep(w, 2, "step \"1.1\" {}"), other);
	assert_int_equal(
	    store_flow_get(w, w->st, other, &flow, &back, &w->err), 1);
	assert_int_equal(flow, 2);
	assert_string_equal(back, "step \"1.1\" {}");
	assert_int_equal(
	    store_flow_get(w, w->st, 99, &flow, &back, &w->err), 0);
	assert_null(back);
}

static void
test_memos(void **state)
{
	struct world *w = *state;
	int64_t value = 77;

	assert_ok(w, store_memo_get(w->st, "morning", &value, &w->err));
	assert_int_equal(value, 0);
	for (int i = 0; i < 2; i++) {
		begin(w);
		assert_ok(
		    w, store_memo_put(w->st, "morning", NOW + i, &w->err));
		assert_ok(w, store_memo_put(w->st, "other", 5, &w->err));
		commit(w);
	}
	world_close(w);
	world_open(w);
	assert_ok(w, store_memo_get(w->st, "morning", &value, &w->err));
	assert_int_equal(value, NOW + 1);
	assert_ok(w, store_memo_get(w->st, "other", &value, &w->err));
	assert_int_equal(value, 5);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_step_round_trips),
	    TEST(test_step_is_changed),
	    TEST(test_a_pass_is_made_once),
	    TEST(test_list_is_in_the_order_made),
	    TEST(test_reference_is_found),
	    TEST(test_the_step_that_is_looked_at_first),
	    TEST(test_a_damaged_step_can_be_put_off),
	    TEST(test_code_of_a_step),
	    TEST(test_flow_text_is_kept_once),
	    TEST(test_memos),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
