/*
 * test_engine_ask.c - what a person asks of a letter: one that was purged is
 * not read again.
 */
#include "engine_world.h"

#include "psirtd/store_keep.h"

static int64_t
set_aside(struct vendor *v, const char *text)
{
	struct world *w = v->w;
	struct store_letter row = {0};
	int64_t id = vendor_opened(
	    v, &(struct vendor_letter){.from = FINDER, .text = text});

	assert_int_equal(store_letter_get(v, w->st, id, &row, &w->err), 1);
	row.state = LETTER_SET_ASIDE;
	begin(w);
	assert_ok(w, store_letter_put(w->st, &row, LETTER_OPENED, &w->err));
	commit(w);
	return id;
}

static void
test_a_purged_letter_stays_as_it_is(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = set_aside(v, "an advert");
	int64_t kept = set_aside(v, "another");
	struct store_letter row = {0};
	bool done = false;

	begin(w);
	assert_ok(w, store_purge_letter(w->st, id, &done, &w->err));
	commit(w);
	assert_int_equal(engine_asks.reopen(v->e, id, "haru", &w->err), -1);
	assert_int_equal(w->err.fault, FAULT_DENIED);
	assert_non_null(strstr(w->err.text, "was purged"));
	assert_int_equal(engine_asks.file(v->e, id, "haru", &w->err), -1);
	assert_int_equal(w->err.fault, FAULT_DENIED);
	assert_int_equal(store_letter_get(v, w->st, id, &row, &w->err), 1);
	assert_int_equal(row.state, LETTER_SET_ASIDE);

	assert_ok(w, engine_asks.reopen(v->e, kept, "haru", &w->err));
	assert_int_equal(store_letter_get(v, w->st, kept, &row, &w->err), 1);
	assert_int_equal(row.state, LETTER_RECEIVED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_a_purged_letter_stays_as_it_is,
		vendor_setup, vendor_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
