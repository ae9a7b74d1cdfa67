/*
 * test_store_clock.c - the clocks of cases.
 */
#include "store_world.h"

static int64_t
set(struct world *w, struct store_clock c)
{
	begin(w);
	assert_ok(w, store_clock_set(w->st, &c, &w->err));
	commit(w);
	assert_true(c.id > 0);
	return c.id;
}

static struct store_clock *
list(struct world *w, int64_t casefile, size_t want)
{
	struct store_clock *all;
	size_t count;

	assert_ok(
	    w, store_clock_list(w, w->st, casefile, 99, &all, &count, &w->err));
	assert_int_equal(count, want);
	return all;
}

static void
test_clock_round_trips(void **state)
{
	struct world *w = *state;
	struct store_clock in = {
	    .casefile = new_case(w, NULL),
	    .kind = 5,
	    .due = NOW + 90,
	    .warn = NOW + 60,
	    .source = 2,
	    .letter = arrive_text(w, 1, "x"),
	    .zone_min = -300,
	    .note = text("90 days"),
	};
	struct store_clock *out;

	in.id = set(w, in);
	world_close(w);
	world_open(w);
	out = list(w, in.casefile, 1);
	assert_int_equal(out->id, in.id);
	assert_int_equal(out->casefile, in.casefile);
	assert_int_equal(out->kind, 5);
	assert_int_equal(out->due, in.due);
	assert_int_equal(out->warn, in.warn);
	assert_int_equal(out->ended, 0);
	assert_int_equal(out->source, 2);
	assert_int_equal(out->letter, in.letter);
	assert_int_equal(out->zone_min, -300);
	assert_string_equal(out->note, "90 days");

	out->due = NOW + 100;
	out->warn = 0;
	out->note = NULL;
	begin(w);
	assert_ok(w, store_clock_put(w->st, out, &w->err));
	out->id = 99;
	assert_fault(w, store_clock_put(w->st, out, &w->err), FAULT_BUG);
	commit(w);
	out = list(w, 0, 1);
	assert_int_equal(out->due, NOW + 100);
	assert_int_equal(out->warn, 0);
	assert_null(out->note);
}

/* One runs of a kind and source; the imposed date of a letter and the one a
 * person typed stand side by side. */
static void
test_set_anew_is_replaced(void **state)
{
	struct world *w = *state;
	struct store_clock c = {.casefile = new_case(w, NULL),
	    .kind = 5,
	    .source = 2,
	    .due = NOW + 45};
	struct store_clock *all;
	int64_t anew;

	set(w, c);
	c.due = NOW + 90;
	anew = set(w, c);
	all = list(w, c.casefile, 1);
	assert_int_equal(all->id, anew);
	assert_int_equal(all->due, NOW + 90);
	c.source = 3;
	set(w, c);
	c.kind = 4;
	set(w, c);
	c.casefile = new_case(w, NULL);
	set(w, c);
	list(w, 1, 3);
	list(w, 0, 4);
	/* One that ended is not run again by another. */
	begin(w);
	assert_ok(w, store_clock_end(w->st, anew, NOW, &w->err));
	commit(w);
	c = (struct store_clock){
	    .casefile = 1, .kind = 5, .source = 2, .due = NOW};
	set(w, c);
	list(w, 1, 3);
	world_close(w);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM clock WHERE ended > 0"), 1);
}

/* One that has ended was there, too; one that is proposed only was not. */
static void
test_what_a_case_has_had(void **state)
{
	struct world *w = *state;
	struct store_clock c = {
	    .casefile = new_case(w, NULL), .kind = 8, .source = 4, .due = NOW};
	int64_t other = new_case(w, NULL);
	int64_t id;

	set(w, c);
	assert_int_equal(store_clock_had(w->st, c.casefile, 8, 4, &w->err), 0);
	c.source = 3;
	id = set(w, c);
	assert_int_equal(store_clock_had(w->st, c.casefile, 8, 4, &w->err), 1);
	begin(w);
	assert_ok(w, store_clock_end(w->st, id, NOW, &w->err));
	commit(w);
	assert_int_equal(store_clock_had(w->st, c.casefile, 8, 4, &w->err), 1);
	assert_int_equal(store_clock_had(w->st, c.casefile, 9, 4, &w->err), 0);
	assert_int_equal(store_clock_had(w->st, other, 8, 4, &w->err), 0);
}

static void
test_nearest_first(void **state)
{
	struct world *w = *state;
	struct store_clock c = {.casefile = new_case(w, NULL), .source = 1};
	struct store_clock *all;
	size_t count;

	for (uint32_t kind = 1; kind < 12; kind++) {
		c.kind = kind;
		c.due = NOW + 7 * kind % 12;
		set(w, c);
	}
	all = list(w, 0, 11);
	for (size_t i = 1; i < 11; i++)
		assert_true(all[i - 1].due < all[i].due);
	assert_ok(w, store_clock_list(w, w->st, 1, 3, &all, &count, &w->err));
	assert_int_equal(count, 3);
	assert_int_equal(all[0].due, NOW + 1);
	list(w, 99, 0);
}

static void
next_warn(struct world *w, int64_t want)
{
	struct store_due due = {77, 77, 77};

	assert_ok(w, store_clock_next_warn(w->st, &due, &w->err));
	assert_int_equal(due.id, want);
}

static void
test_next_warning(void **state)
{
	struct world *w = *state;
	struct store_clock c = {
	    .casefile = new_case(w, NULL), .kind = 1, .source = 1, .due = NOW};
	int64_t first, second;

	next_warn(w, 0);
	set(w, c); /* without a warning */
	next_warn(w, 0);
	c.kind = 2;
	c.warn = NOW + 20;
	second = set(w, c);
	c.kind = 3;
	c.warn = NOW + 10;
	first = set(w, c);
	next_warn(w, first);
	/* Warned: the next one is later. */
	c.id = first;
	c.warn = NOW + 30;
	begin(w);
	assert_ok(w, store_clock_put(w->st, &c, &w->err));
	commit(w);
	next_warn(w, second);
	/* One that ended warns no more. */
	begin(w);
	assert_ok(w, store_clock_end(w->st, second, NOW, &w->err));
	commit(w);
	next_warn(w, first);
	list(w, 1, 2);
	assert_int_equal(store_clock_get(w, w->st, second, &c, &w->err), 0);
	begin(w);
	assert_ok(w, store_clock_put_off(w->st, first, NOW + 90, &w->err));
	commit(w);
	assert_int_equal(store_clock_get(w, w->st, first, &c, &w->err), 1);
	assert_int_equal(c.warn, NOW + 90);
	assert_int_equal(c.kind, 3);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_clock_round_trips),
	    TEST(test_set_anew_is_replaced),
	    TEST(test_what_a_case_has_had),
	    TEST(test_nearest_first),
	    TEST(test_next_warning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
