/*
 * test_store_renew_purge.c - a letter is purged while it is sealed anew: the
 * renewal goes on with the others, and comes to its end.
 */
#include "store_world.h"

#include "psirtd/store_keep.h"

#define BIG ((size_t)3 << 20) /* of several batches, and pieces */

static int64_t
half_renewed(struct world *w, const uint8_t *next)
{
	int64_t id;

	world_close(w);
	id = peek(w, "SELECT letter FROM renewal");
	world_open(w);
	assert_ok(w, store_unlock(w->st, next, &w->err));
	return id;
}

static enum store_renewing
one_batch(struct world *w)
{
	enum store_renewing what;

	assert_ok(w, store_renew_step(w->st, NOW, &what, &w->err));
	return what;
}

static bool
one_piece(struct world *w, int64_t letter)
{
	bool done = false;

	begin(w);
	assert_ok(w, store_purge_letter(w->st, letter, &done, &w->err));
	commit(w);
	return done;
}

static void
test_purged_while_it_is_sealed_anew(void **state)
{
	struct world *w = *state;
	struct bytes before = noise(w, BIG, 3), after = noise(w, BIG, 4);
	uint8_t next[STORE_KEY_BYTES];
	struct bytes got;
	int64_t first, second;
	bool known, done = false;

	first = arrive(w, 1, before, 65536, &known);
	second = arrive(w, 2, after, 65536, &known);
	store_new_key(next);
	begin(w);
	assert_ok(w, store_renew(w->st, bytes_str("next"), next, NOW, &w->err));
	commit(w);
	assert_ok(w, store_renewed(w->st, next, &w->err));
	while (half_renewed(w, next) != first)
		assert_int_equal(one_batch(w), RENEWING_MORE);
	assert_false(one_piece(w, first));
	while (half_renewed(w, next) != second) {
		done = done || one_piece(w, first);
		assert_int_equal(one_batch(w), RENEWING_MORE);
	}
	while (!done)
		done = one_piece(w, first);
	assert_ok(w, store_letter_bytes(w, w->st, second, &got, &w->err));
	assert_true(bytes_equal(got, after));
	while (one_batch(w) != RENEWING_NONE)
		;
	assert_ok(w, store_letter_bytes(w, w->st, second, &got, &w->err));
	assert_true(bytes_equal(got, after));
	assert_ok(w, store_letter_bytes(w, w->st, first, &got, &w->err));
	assert_int_equal(got.len, 0);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM renewal"), 0);
	assert_int_equal(peek(w, "SELECT id FROM data_key"), 2);
	assert_int_equal(
	    peek(w, "SELECT count(DISTINCT letter) FROM letter_chunk"), 1);
	world_open_locked(w);
	assert_ok(w, store_unlock(w->st, next, &w->err));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_purged_while_it_is_sealed_anew,
		world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
