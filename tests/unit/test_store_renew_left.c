/*
 * test_store_renew_left.c - a renewal steps over what is damaged, leaves it as
 * it was, and keeps the former key as long as there is something under it.
 */
#include "store_secrets.h"

#define MIB ((size_t)1 << 20)

struct before {
	uint8_t next[STORE_KEY_BYTES];
	char side[120]; /* the file as it was: ATTACH */
	struct bytes great;
	int64_t great_id;
};

/* A letter of many batches among the rest, and a copy beside the file. */
static void
fill(struct world *w, struct before *b)
{
	char text[200];
	bool fresh;

	*b = (struct before){0};
	write_secrets(w);
	b->great = noise(w, 2 * MIB + 77, 5);
	b->great_id = arrive(w, 100, b->great, 4096, &fresh);
	world_close(w);
	snprintf(b->side, sizeof(b->side), "%s.side", w->path);
	snprintf(text, sizeof(text), "VACUUM INTO '%s'", b->side);
	tamper(w, text);
}

static void
start(struct world *w, struct before *b)
{
	world_open(w);
	store_new_key(b->next);
	begin(w);
	assert_ok(w, store_renew(w->st, bytes_str("-----NEXT-----"), b->next,
			 NOW, &w->err));
	commit(w);
	assert_ok(w, store_renewed(w->st, b->next, &w->err));
}

static void
open_both(struct world *w, const struct before *b)
{
	world_open(w);
	assert_ok(w, store_unlock(w->st, b->next, &w->err));
}

/* As far as it goes; again: with a start after every second batch. */
static enum store_renewing
run(struct world *w, const struct before *b, bool again)
{
	enum store_renewing what = RENEWING_MORE;

	for (int i = 1; what != RENEWING_NONE && what != RENEWING_LEFT; i++) {
		assert_true(i < 500);
		if (again && i % 2 == 0) {
			world_close(w);
			open_both(w, b);
		}
		assert_ok(w, store_renew_step(w->st, NOW, &what, &w->err));
	}
	return what;
}

static void
is_left(struct world *w, int64_t n, const char *where)
{
	struct store_renewal r;
	struct bytes wrapped;

	assert_ok(w, store_renewal(w->st, &r, &w->err));
	assert_int_equal(r.started, NOW);
	assert_int_equal(r.left, n);
	if (strstr(r.where, where) == NULL)
		fail_msg("%s: %s", where, r.where);
	assert_ok(w, store_former_key(w, w->st, &wrapped, &w->err));
	assert_non_null(wrapped.data);
}

static void
is_done(struct world *w)
{
	struct store_renewal r;
	struct bytes wrapped;

	assert_ok(w, store_renewal(w->st, &r, &w->err));
	assert_int_equal(r.started, 0);
	assert_int_equal(r.left, 0);
	assert_ok(w, store_former_key(w, w->st, &wrapped, &w->err));
	assert_null(wrapped.data);
}

/* A hand at the file, which has the copy at hand. */
static void
mend(struct world *w, const struct before *b, const char *sql)
{
	char *text;

	world_close(w);
	text = talloc_asprintf(w, "ATTACH '%s' AS side; %s", b->side, sql);
	tamper(w, text);
	open_both(w, b);
}

static void
test_a_value_is_stepped_over(void **state)
{
	struct world *w = *state;
	struct store_outmail m = {0};
	struct store_case c;
	struct bytes got;
	struct before b;

	fill(w, &b);
	tamper(w, "UPDATE outmail SET body = zeroblob(200) WHERE id = 1");
	start(w, &b);
	assert_int_equal(run(w, &b, false), RENEWING_LEFT);
	is_left(w, 1, "outmail.body of row 1 ");
	/* Everything else is read, and is so after a start that looks again. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(store_case_get(w, w->st, 1, &c, &w->err), 1);
		assert_string_equal(c.title, "Title-zq");
		assert_ok(
		    w, store_letter_bytes(w, w->st, b.great_id, &got, &w->err));
		assert_true(bytes_equal(got, b.great));
		world_close(w);
		open_both(w, &b);
		assert_int_equal(run(w, &b, false), RENEWING_LEFT);
		is_left(w, 1, "outmail.body of row 1 ");
	}
	/* What stands beside the damage is as it was. */
	mend(w, &b,
	    "UPDATE outmail SET body ="
	    " (SELECT body FROM side.outmail WHERE id = 1)"
	    " WHERE id = 1");
	assert_int_equal(store_outmail_get(w, w->st, 1, &m, &w->err), 1);
	assert_string_equal(m.body, "Mail-Body-zq");
	assert_int_equal(run(w, &b, false), RENEWING_NONE);
	is_done(w);
	assert_int_equal(store_outmail_get(w, w->st, 1, &m, &w->err), 1);
	assert_string_equal(m.body, "Mail-Body-zq");
	unlink(b.side);
}

/* Another key is not begun while something is under the one before. */
static void
test_a_second_renewal_says_why_not(void **state)
{
	struct world *w = *state;
	uint8_t third[STORE_KEY_BYTES];
	struct before b;

	fill(w, &b);
	tamper(w, "UPDATE casefile SET title = x'0100000001aa'"
		  " WHERE id = 1;"
		  "UPDATE outmail SET body = zeroblob(200) WHERE id = 1");
	start(w, &b);
	assert_int_equal(run(w, &b, true), RENEWING_LEFT);
	is_left(w, 2, "casefile.title of row 1 ");
	is_left(w, 2, "outmail.body of row 1 ");
	store_new_key(third);
	begin(w);
	assert_fault(w,
	    store_renew(w->st, bytes_str("third"), third, NOW, &w->err),
	    FAULT_DENIED);
	store_rollback(w->st);
	unlink(b.side);
}

static void
damaged_letter(void **state, bool again)
{
	struct world *w = *state;
	struct before b;
	struct bytes got;

	fill(w, &b);
	tamper(w, "UPDATE letter_chunk SET data = zeroblob(65553)"
		  " WHERE seq = 20");
	start(w, &b);
	assert_int_equal(run(w, &b, again), RENEWING_LEFT);
	is_left(w, 1, "letter_chunk.data of row ");
	assert_fault(w, store_letter_bytes(w, w->st, b.great_id, &got, &w->err),
	    FAULT_INPUT);
	error_clear(&w->err);
	/* Not a byte of it is another one than before. */
	mend(w, &b,
	    "CREATE TEMP TABLE same (n CHECK (n = 1));"
	    "INSERT INTO same SELECT count(*) FROM letter_chunk c"
	    " JOIN side.letter_chunk k ON k.letter = c.letter"
	    " AND k.seq = c.seq AND c.letter = (SELECT letter FROM"
	    " letter_chunk WHERE seq = 20) WHERE c.data <> k.data;"
	    "UPDATE letter_chunk SET data = (SELECT data"
	    " FROM side.letter_chunk WHERE seq = 20) WHERE seq = 20");
	assert_ok(w, store_letter_bytes(w, w->st, b.great_id, &got, &w->err));
	assert_true(bytes_equal(got, b.great));
	assert_int_equal(run(w, &b, again), RENEWING_NONE);
	is_done(w);
	assert_ok(w, store_letter_bytes(w, w->st, b.great_id, &got, &w->err));
	assert_true(bytes_equal(got, b.great));
	unlink(b.side);
}

static void
test_a_letter_is_put_back(void **state)
{
	damaged_letter(state, false);
}

static void
test_a_letter_is_put_back_across_starts(void **state)
{
	damaged_letter(state, true);
}

/* What the renewal knows of a letter it is amid of. */
static void
test_a_damaged_state_costs_no_letter(void **state)
{
	struct world *w = *state;
	enum store_renewing what;
	struct before b;
	struct bytes got;

	fill(w, &b);
	start(w, &b);
	do {
		assert_ok(w, store_renew_step(w->st, NOW, &what, &w->err));
		assert_int_equal(what, RENEWING_MORE);
		world_close(w);
		what = peek(w, "SELECT letter FROM renewal") != 0
			   ? RENEWING_LEFT
			   : RENEWING_MORE;
		open_both(w, &b);
	} while (what == RENEWING_MORE);
	assert_ok(w, store_renew_step(w->st, NOW, &what, &w->err));
	mend(w, &b, "UPDATE renewal SET states = zeroblob(length(states))");
	assert_fault(w, store_letter_bytes(w, w->st, b.great_id, &got, &w->err),
	    FAULT_INPUT);
	error_clear(&w->err);
	while (run(w, &b, false) != RENEWING_NONE)
		;
	is_done(w);
	assert_ok(w, store_letter_bytes(w, w->st, b.great_id, &got, &w->err));
	assert_true(bytes_equal(got, b.great));
	unlink(b.side);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_value_is_stepped_over),
	    TEST(test_a_second_renewal_says_why_not),
	    TEST(test_a_letter_is_put_back),
	    TEST(test_a_letter_is_put_back_across_starts),
	    TEST(test_a_damaged_state_costs_no_letter),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
