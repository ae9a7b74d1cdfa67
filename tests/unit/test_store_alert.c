/*
 * test_store_alert.c - what the POC is to be told, and counts.
 */
#include "store_world.h"

static void
test_alerts_are_gathered_and_done_once(void **state)
{
	struct world *w = *state;
	struct store_alert *list;
	size_t count;

	assert_ok(w, store_alert_list(w, w->st, &list, &count, &w->err));
	assert_int_equal(count, 0);
	begin(w);
	assert_ok(w, store_alert_done(w->st, 100, &w->err)); /* of nothing */
	for (uint32_t i = 1; i <= 20; i++)
		assert_ok(w, store_alert_add(
				 w->st, i, 100 + i, i % 3, NOW + i, &w->err));
	commit(w);
	assert_ok(w, store_alert_list(w, w->st, &list, &count, &w->err));
	assert_int_equal(count, 20);
	assert_int_equal(list[0].at, NOW + 1);
	assert_int_equal(list[19].reason, 20);
	assert_int_equal(list[19].letter, 120);
	assert_int_equal(list[19].casefile, 2);
	begin(w);
	assert_ok(w, store_alert_done(w->st, list[17].id, &w->err));
	commit(w);
	assert_ok(w, store_alert_list(w, w->st, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].reason, 19);
}

static void
test_counts(void **state)
{
	struct world *w = *state;
	struct store_counts c;
	struct store_outmail m = {
	    .state = OUTMAIL_APPROVED, .to = text("a@example.org")};
	struct store_case one;
	int64_t id = new_case(w, NULL);

	new_case(w, NULL);
	arrive_text(w, 1, "x");
	arrive_text(w, 2, "y");
	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	assert_int_equal(store_case_get(w, w->st, id, &one, &w->err), 1);
	one.routed = 1;
	begin(w);
	assert_ok(w, store_case_put(w->st, &one, &w->err));
	commit(w);
	memset(&c, 0x55, sizeof(c));
	assert_ok(w, store_count(w->st, &c, &w->err));
	assert_int_equal(c.letters[STORE_LETTER_RECEIVED], 2);
	assert_int_equal(c.letters[0], 0);
	assert_int_equal(c.letters[15], 0);
	assert_int_equal(c.outmails[OUTMAIL_APPROVED], 1);
	assert_int_equal(c.outmails[OUTMAIL_SENT], 0);
	assert_int_equal(c.cases[CASE_OPEN], 2);
	assert_int_equal(c.proposed, 1);
	/* A closed one waits for nobody. */
	one.state = CASE_CLOSED;
	begin(w);
	assert_ok(w, store_case_put(w->st, &one, &w->err));
	commit(w);
	assert_ok(w, store_count(w->st, &c, &w->err));
	assert_int_equal(c.cases[CASE_OPEN], 1);
	assert_int_equal(c.cases[CASE_CLOSED], 1);
	assert_int_equal(c.proposed, 0);

	world_close(w);
	tamper(w, "UPDATE letter SET state = 16 WHERE id = 1");
	world_open(w);
	assert_fault(w, store_count(w->st, &c, &w->err), FAULT_INPUT);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_alerts_are_gathered_and_done_once),
	    TEST(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
