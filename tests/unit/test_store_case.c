/*
 * test_store_case.c - cases, their numbers, and which of them is next.
 */
#include "store_world.h"

static struct store_case
full_case(void)
{
	return (struct store_case){
	    .flow = 2,
	    .state = CASE_UNOPENED,
	    .phase = 3,
	    .received = NOW - 100,
	    .filed = NOW,
	    .acknowledged = NOW + 5,
	    .correspondent = text("jpcert"),
	    .finder_name = text("Robin Finder"),
	    .finder_address = text("robin@example.org"),
	    .finder_key = text("0123456789ABCDEF0123456789ABCDEF01234567"),
	    .finder_key_standing = FINDER_KEY_BOUND,
	    .finder_key_blob = bytes_of("key\0blob", 8),
	    .language = text("ja"),
	    .product = text("XYZ-100"),
	    .title = text("short"),
	    .routed = 1,
	    .proposed = text("design quality"),
	    .owner = text("alice"),
	    .deputy = text("bob"),
	    .channel = CHANNEL_ADVISED,
	    .advance = 1,
	    .closed = NOW + 6,
	    .close_reason = 4,
	    .next_status = NOW + 7,
	    .status_phase = 2,
	    .status_same = 3,
	};
}

static void
assert_same_case(const struct store_case *a, const struct store_case *b)
{
	assert_int_equal(a->id, b->id);
	assert_string_equal(a->number, b->number);
	assert_int_equal(a->flow, b->flow);
	assert_int_equal(a->state, b->state);
	assert_int_equal(a->phase, b->phase);
	assert_int_equal(a->received, b->received);
	assert_int_equal(a->filed, b->filed);
	assert_int_equal(a->acknowledged, b->acknowledged);
	assert_string_equal(a->correspondent, b->correspondent);
	assert_string_equal(a->finder_name, b->finder_name);
	assert_string_equal(a->finder_address, b->finder_address);
	assert_string_equal(a->finder_key, b->finder_key);
	assert_int_equal(a->finder_key_standing, b->finder_key_standing);
	assert_true(bytes_equal(a->finder_key_blob, b->finder_key_blob));
	assert_string_equal(a->language, b->language);
	assert_string_equal(a->product, b->product);
	assert_string_equal(a->title, b->title);
	assert_int_equal(a->routed, b->routed);
	assert_string_equal(a->proposed, b->proposed);
	assert_string_equal(a->owner, b->owner);
	assert_string_equal(a->deputy, b->deputy);
	assert_int_equal(a->channel, b->channel);
	assert_int_equal(a->flow_file, b->flow_file);
	assert_int_equal(a->advance, b->advance);
	assert_int_equal(a->closed, b->closed);
	assert_int_equal(a->close_reason, b->close_reason);
	assert_int_equal(a->merged_into, b->merged_into);
	assert_int_equal(a->next_status, b->next_status);
	assert_int_equal(a->status_phase, b->status_phase);
	assert_int_equal(a->status_same, b->status_same);
}

static struct store_case
get_case(struct world *w, int64_t id)
{
	struct store_case c;

	memset(&c, 0x55, sizeof(c));
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	return c;
}

static void
test_case_round_trips(void **state)
{
	struct world *w = *state;
	struct store_case c = full_case();
	struct store_case back;

	begin(w);
	assert_ok(w, store_flow_keep(w->st, 2, "flow", &c.flow_file, &w->err));
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", 2026, &w->err));
	commit(w);
	assert_int_equal(c.id, 1);
	assert_string_equal(c.number, "PSIRT-2026-0001");
	world_close(w);
	world_open(w);
	c.number = text("PSIRT-2026-0001");
	back = get_case(w, 1);
	assert_same_case(&back, &c);
	assert_int_equal(store_case_get(w, w->st, 2, &back, &w->err), 0);
}

static void
test_case_is_changed(void **state)
{
	struct world *w = *state;
	int64_t id = new_case(w, "before");
	struct store_case c = full_case();
	struct store_case back;

	c.id = id;
	c.number = text("ignored");
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	c.number = text("PSIRT-2026-0001"); /* a number never changes */
	back = get_case(w, id);
	assert_same_case(&back, &c);

	c = (struct store_case){.id = id, .state = CASE_CLOSED};
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	c.id = 99;
	assert_fault(w, store_case_put(w->st, &c, &w->err), FAULT_BUG);
	commit(w);
	back = get_case(w, id);
	assert_int_equal(back.state, CASE_CLOSED);
	assert_null(back.product);
	assert_null(back.finder_address);
	assert_null(back.finder_key_blob.data);
	assert_null(back.proposed);
}

/* ---- numbers ---- */

static void
number_is(struct world *w, int year, const char *want, bool keep)
{
	struct store_case c = {.state = CASE_OPEN};

	begin(w);
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", year, &w->err));
	assert_string_equal(c.number, want);
	if (keep)
		commit(w);
	else
		store_rollback(w->st);
}

static void
test_numbers_have_no_gap(void **state)
{
	struct world *w = *state;

	number_is(w, 2026, "PSIRT-2026-0001", true);
	/* Undone: its number is given again. */
	number_is(w, 2026, "PSIRT-2026-0002", false);
	number_is(w, 2026, "PSIRT-2026-0002", true);
	/* Each year has a counter of its own, whatever comes in between. */
	number_is(w, 2027, "PSIRT-2027-0001", false);
	number_is(w, 2027, "PSIRT-2027-0001", true);
	number_is(w, 2026, "PSIRT-2026-0003", true);
	number_is(w, 2027, "PSIRT-2027-0002", true);
	/* And a restart knows. */
	world_close(w);
	tamper(w, "UPDATE case_number SET last = 9999 WHERE year = 2027");
	world_open(w);
	number_is(w, 2026, "PSIRT-2026-0004", true);
	number_is(w, 2027, "PSIRT-2027-10000", true);
}

/* Two cases in one transaction: both numbers can be read afterwards. */
static void
test_numbers_live_on(void **state)
{
	struct world *w = *state;
	struct store_case a = {.state = CASE_OPEN}, b = {.state = CASE_OPEN};

	begin(w);
	assert_ok(w, store_case_new(w, w->st, &a, "P", 2026, &w->err));
	assert_ok(w, store_case_new(w, w->st, &b, "P", 2026, &w->err));
	commit(w);
	assert_string_equal(a.number, "P-2026-0001");
	assert_string_equal(b.number, "P-2026-0002");
}

static void
test_number_is_found_in_any_case(void **state)
{
	struct world *w = *state;
	int64_t id;

	new_case(w, NULL);
#define BY_NUMBER(number, want)                                                \
	do {                                                                   \
		assert_ok(                                                     \
		    w, store_case_by_number(w->st, number, &id, &w->err));     \
		assert_int_equal(id, want);                                    \
	} while (0)
	BY_NUMBER("PSIRT-2026-0001", 1);
	BY_NUMBER("psirt-2026-0001", 1);
	BY_NUMBER("PsIrT-2026-0001", 1);
	BY_NUMBER("PSIRT-2026-0002", 0);
	BY_NUMBER("PSIRT-2026-000", 0);
	BY_NUMBER("PSIRT-2026-%", 0);
	BY_NUMBER("", 0);
}

static void
newest_is(struct world *w, int64_t before, bool closed_too, int64_t want)
{
	int64_t id = 77;

	assert_ok(w, store_case_next(w->st, before, closed_too, &id, &w->err));
	assert_int_equal(id, want);
}

static void
named(struct world *w, int64_t id, const char *want)
{
	char *number = NULL;

	assert_ok(w, store_case_number(w, w->st, id, &number, &w->err));
	if (want == NULL)
		assert_null(number);
	else
		assert_string_equal(number, want);
}

static void
test_from_the_newest_case_to_the_oldest(void **state)
{
	struct world *w = *state;
	struct store_case c;

	newest_is(w, INT64_MAX, true, 0);
	for (int i = 0; i < 3; i++)
		new_case(w, "XYZ-100");
	c = get_case(w, 3);
	c.state = CASE_CLOSED;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	newest_is(w, INT64_MAX, true, 3);
	newest_is(w, INT64_MAX, false, 2);
	newest_is(w, 2, false, 1);
	newest_is(w, 1, true, 0);
	named(w, 3, "PSIRT-2026-0003");
	named(w, 4, NULL);
}

/* One that was damaged has its place and its number still. */
static void
test_a_damaged_case_is_found_and_named(void **state)
{
	struct world *w = *state;
	struct store_case c;

	new_case(w, "XYZ-100");
	world_close(w);
	tamper(w, "UPDATE casefile SET product = x'00'");
	world_open(w);
	assert_fault(w, store_case_get(w, w->st, 1, &c, &w->err), FAULT_INPUT);
	newest_is(w, INT64_MAX, false, 1);
	named(w, 1, "PSIRT-2026-0001");
}

/* ---- which is next ---- */

static void
set_advance(struct world *w, int64_t id, bool advance)
{
	begin(w);
	assert_ok(w, store_case_advance(w->st, id, advance, &w->err));
	commit(w);
}

static void
next_is(struct world *w, int64_t after, int64_t want)
{
	int64_t id = 77;

	assert_ok(w, store_case_next_advance(w->st, after, &id, &w->err));
	assert_int_equal(id, want);
}

static void
test_cases_that_are_to_be_looked_at(void **state)
{
	struct world *w = *state;
	struct store_case c;

	for (int i = 0; i < 5; i++)
		new_case(w, "XYZ-100");
	next_is(w, 0, 0);
	set_advance(w, 4, true);
	set_advance(w, 2, true);
	set_advance(w, 2, true);
	next_is(w, 0, 2);
	next_is(w, 2, 4);
	next_is(w, 4, 0);
	/* Nothing else of the row is touched. */
	c = get_case(w, 2);
	assert_int_equal(c.advance, 1);
	assert_string_equal(c.product, "XYZ-100");
	set_advance(w, 2, false);
	next_is(w, 0, 4);
	/* A row read before does not take it back when it is written. */
	c = get_case(w, 3);
	set_advance(w, 3, true);
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	next_is(w, 0, 3);
	set_advance(w, 3, false);
	world_close(w);
	world_open(w);
	next_is(w, 0, 4);
}

static void
status_is(struct world *w, int64_t want, int64_t want_due)
{
	struct store_due due = {77, 77, 77};

	assert_ok(w, store_case_next_status(w->st, &due, &w->err));
	assert_int_equal(due.id, want);
	assert_int_equal(due.casefile, want);
	assert_int_equal(due.at, want_due);
}

static void
test_case_whose_status_is_due_first(void **state)
{
	static const int64_t dues[] = {NOW + 30, 0, NOW + 10, NOW + 20};
	struct world *w = *state;
	struct store_case c;

	status_is(w, 0, 0);
	for (int i = 0; i < 4; i++) {
		c = get_case(w, new_case(w, NULL));
		c.next_status = dues[i];
		begin(w);
		assert_ok(w, store_case_put(w->st, &c, &w->err));
		commit(w);
	}
	status_is(w, 3, NOW + 10);
	c = get_case(w, 3);
	c.state = CASE_CLOSED;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	commit(w);
	status_is(w, 4, NOW + 20);
	begin(w);
	assert_ok(w, store_case_put_off(w->st, 4, NOW + 40, &w->err));
	commit(w);
	status_is(w, 1, NOW + 30);
}

static void
test_names(void **state)
{
	assert_string_equal(case_state_name(CASE_OPEN), "open");
	assert_string_equal(case_state_name(CASE_UNOPENED), "unopened");
	assert_string_equal(case_state_name(CASE_CLOSED), "closed");
	assert_string_equal(case_state_name(0), "?");
	assert_string_equal(case_state_name(CASE_CLOSED + 1), "?");
	assert_string_equal(case_state_name(UINT32_MAX), "?");
	assert_string_equal(key_standing_name(FINDER_KEY_KEPT), "kept");
	assert_string_equal(key_standing_name(FINDER_KEY_BOUND), "bound");
	assert_string_equal(
	    key_standing_name(FINDER_KEY_CONFIRMED), "confirmed");
	assert_string_equal(key_standing_name(FINDER_KEY_CONFIRMED + 1), "?");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_case_round_trips),
	    TEST(test_case_is_changed),
	    TEST(test_numbers_have_no_gap),
	    TEST(test_numbers_live_on),
	    TEST(test_number_is_found_in_any_case),
	    TEST(test_from_the_newest_case_to_the_oldest),
	    TEST(test_a_damaged_case_is_found_and_named),
	    TEST(test_cases_that_are_to_be_looked_at),
	    TEST(test_case_whose_status_is_due_first),
	    TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
