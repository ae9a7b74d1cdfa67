/*
 * test_engine_file.c - the stop `file`: a letter that ends psirtd while it is
 * filed holds the others up a dozen times, and no more; one of which nothing
 * usable came out, not at all.  With a real store.
 */
#include "store_world.h"

#include "../../daemon/engine_internal.h"

#define TRIES 12

static struct engine *
engine_of(struct world *w)
{
	struct engine *e = talloc_zero(w, struct engine);
	struct settings *s = talloc_zero(e, struct settings);

	s->address = "psirt@vendor.example";
	s->language = "en";
	s->number_prefix = "PSIRT";
	s->acknowledge = ACKNOWLEDGE_ENCRYPTED;
	e->s = s;
	e->st = w->st;
	e->unlocked = true;
	return e;
}

/* It was opened, and says little. */
static int64_t
opened_letter(struct world *w, struct engine *e, uint32_t uid, const char *text)
{
	struct part part = {.kind = PART_TEXT, .content = bytes_str(text)};
	struct opening o = {.parts = &part, .nparts = 1};
	struct buf *wire = buf_new(e, 1 << 20);
	struct store_letter letter = {0};
	struct store_intake *in;
	int64_t id = 0;
	bool known;

	in = store_intake_begin(e, w->st, "INBOX", 7, uid, NOW, false, &w->err);
	assert_non_null(in);
	assert_ok(w, store_intake_chunk(in, bytes_str(text), &w->err));
	assert_ok(w, store_intake_end(in, NOW, &id, &known, &w->err));
	assert_ok(w, opening_encode(&o, wire, &w->err));
	assert_int_equal(store_letter_get(e, w->st, id, &letter, &w->err), 1);
	letter.state = LETTER_OPENED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_opening_put(w->st, id, buf_bytes(wire), &w->err));
	assert_ok(
	    w, store_letter_put(w->st, &letter, LETTER_RECEIVED, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return id;
}

static struct store_letter
filed(struct world *w, struct engine *e, int64_t id)
{
	struct store_letter letter = {0};

	assert_true(stop_file(e));
	assert_int_equal(store_letter_get(e, w->st, id, &letter, &w->err), 1);
	assert_int_equal(letter.tries, 0);
	return letter;
}

static void
test_a_letter_that_ends_us_is_given_up(void **state)
{
	struct world *w = *state;
	struct engine *e = engine_of(w);
	int64_t hostile = opened_letter(w, e, 1, "one");
	int64_t other = opened_letter(w, e, 2, "two");
	struct store_letter letter;
	uint32_t tries;

	/* So often psirtd was started, and did not live to count anew. */
	assert_ok(w, store_letter_try(w->st, hostile, TRIES, &tries, &w->err));
	letter = filed(w, e, hostile);
	assert_int_equal(letter.state, LETTER_QUARANTINED);
	assert_int_equal(letter.reason, REASON_BROKEN);
	assert_ok(
	    w, store_letter_try(w->st, other, TRIES - 1, &tries, &w->err));
	letter = filed(w, e, other);
	assert_int_equal(letter.state, LETTER_INQUIRY);
	assert_false(stop_file(e));
}

/* What came out of it is no opening: the POC is told, and nothing waits. */
static void
test_a_letter_that_cannot_be_used(void **state)
{
	struct world *w = *state;
	struct engine *e = engine_of(w);
	int64_t id = opened_letter(w, e, 1, "one");
	struct store_letter letter;
	struct store_alert *alerts;
	struct bytes wire;
	size_t n = 0;

	assert_int_equal(store_opening_get(e, w->st, id, &wire, &w->err), 1);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_opening_put(w->st, id,
			 bytes_span(wire, 0, wire.len - 1), &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	letter = filed(w, e, id);
	assert_int_equal(letter.state, LETTER_QUARANTINED);
	assert_int_equal(letter.reason, REASON_BROKEN);
	assert_ok(w, store_alert_list(e, w->st, &alerts, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(alerts[0].reason, REASON_BROKEN);
	assert_int_equal(alerts[0].letter, id);
	assert_false(e->trouble);
	assert_false(stop_file(e));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_letter_that_ends_us_is_given_up, world_setup,
		world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_letter_that_cannot_be_used, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
