/*
 * test_engine_intake.c - what a fetch room in an attacker's hands may not put
 * into the database: letters nobody asked for, in the place of others, or
 * over the limit.  With a real store; the room's frames are given by hand.
 */
#include "store_world.h"

#include "../../daemon/engine_internal.h"

#define VALIDITY 7
#define LETTER_MAX 1000

static struct engine *
engine_of(struct world *w)
{
	struct engine *e = talloc_zero(w, struct engine);
	struct settings *s = talloc_zero(e, struct settings);

	s->folder = "INBOX";
	s->filed = "Filed";
	s->too_large = "Too large";
	s->letter_max = LETTER_MAX;
	e->s = s;
	e->st = w->st;
	return e;
}

static void
say(struct engine *e, uint32_t type, const struct wire_type *wire,
    const void *obj)
{
	struct buf *buf = buf_new(e, 1 << 20);
	struct frame frame = {.type = type};
	struct error err = {0};

	assert_int_equal(wire_encode(wire, obj, buf, &err), 0);
	frame.payload = buf_bytes(buf);
	intake_frame(e, &frame);
	talloc_free(buf);
}

static void
say_letter(struct engine *e, uint32_t type, uint32_t validity, uint32_t uid)
{
	struct fetch_letter letter = {
	    .uidvalidity = validity, .uid = uid, .internaldate = NOW};

	say(e, type, &fetch_letter_wire, &letter);
}

static void
say_bytes(struct engine *e, const char *text)
{
	struct frame frame = {.type = FETCH_CHUNK, .payload = bytes_str(text)};

	intake_frame(e, &frame);
}

/* The letter that lies in the store as this copy; 0: none. */
static int64_t
copy_of(struct engine *e, uint32_t validity, uint32_t uid)
{
	struct error err = {0};
	int64_t id = 0;

	assert_int_equal(
	    store_copy_find(e->st, "INBOX", validity, uid, &id, &err), 0);
	return id;
}

static void
test_taken_letter_is_kept(void **state)
{
	struct engine *e = engine_of(*state);

	say_letter(e, FETCH_FOUND, VALIDITY, 3);
	say_letter(e, FETCH_BEGIN, VALIDITY, 3);
	say_bytes(e, "Subject: one\r\n\r\n");
	say_bytes(e, "text\r\n");
	say_letter(e, FETCH_END, VALIDITY, 3);
	assert_true(copy_of(e, VALIDITY, 3) > 0);
}

static void
test_letter_that_was_not_taken(void **state)
{
	struct engine *e = engine_of(*state);

	/* Of itself; of another number; of another mailbox; a second time. */
	say_letter(e, FETCH_BEGIN, VALIDITY, 3);
	say_bytes(e, "forged\r\n");
	say_letter(e, FETCH_END, VALIDITY, 3);
	assert_int_equal(copy_of(e, VALIDITY, 3), 0);

	say_letter(e, FETCH_FOUND, VALIDITY, 3);
	say_letter(e, FETCH_BEGIN, VALIDITY, 4);
	say_bytes(e, "forged\r\n");
	say_letter(e, FETCH_END, VALIDITY, 4);
	assert_int_equal(copy_of(e, VALIDITY, 4), 0);

	say_letter(e, FETCH_BEGIN, VALIDITY + 1, 3);
	say_bytes(e, "forged\r\n");
	say_letter(e, FETCH_END, VALIDITY + 1, 3);
	assert_int_equal(copy_of(e, VALIDITY + 1, 3), 0);

	say_letter(e, FETCH_BEGIN, VALIDITY, 3);
	say_bytes(e, "true\r\n");
	say_letter(e, FETCH_BEGIN, VALIDITY, 3);
	say_bytes(e, "forged\r\n");
	say_letter(e, FETCH_END, VALIDITY, 3);
	assert_int_equal(copy_of(e, VALIDITY, 3), 0);
}

static void
test_end_of_another(void **state)
{
	struct engine *e = engine_of(*state);

	say_letter(e, FETCH_FOUND, VALIDITY, 3);
	say_letter(e, FETCH_BEGIN, VALIDITY, 3);
	say_bytes(e, "text\r\n");
	say_letter(e, FETCH_END, VALIDITY, 9);
	assert_int_equal(copy_of(e, VALIDITY, 3), 0);
	assert_int_equal(copy_of(e, VALIDITY, 9), 0);
	assert_null(e->intake);
}

static void
test_bytes_over_the_limit(void **state)
{
	struct engine *e = engine_of(*state);
	char text[LETTER_MAX / 2 + 1];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	say_letter(e, FETCH_FOUND, VALIDITY, 3);
	say_letter(e, FETCH_BEGIN, VALIDITY, 3);
	say_bytes(e, text);
	say_bytes(e, text);
	assert_non_null(e->intake); /* just at the limit */
	say_bytes(e, "x");
	assert_null(e->intake);
	say_letter(e, FETCH_END, VALIDITY, 3);
	assert_int_equal(copy_of(e, VALIDITY, 3), 0);
}

static void
test_time_of_receipt_is_that_of_the_listing(void **state)
{
	struct engine *e = engine_of(*state);
	struct fetch_letter begin = {
	    .uidvalidity = VALIDITY, .uid = 3, .internaldate = NOW + 86400};
	struct store_letter letter = {0};
	struct error err = {0};

	say_letter(e, FETCH_FOUND, VALIDITY, 3);
	say(e, FETCH_BEGIN, &fetch_letter_wire, &begin);
	say_bytes(e, "text\r\n");
	say_letter(e, FETCH_END, VALIDITY, 3);
	assert_int_equal(
	    store_letter_get(e, e->st, copy_of(e, VALIDITY, 3), &letter, &err),
	    1);
	assert_int_equal(letter.received, NOW);
}

static void
test_frames_that_are_none(void **state)
{
	struct engine *e = engine_of(*state);
	struct frame frame = {.type = FETCH_FOUND, .payload = bytes_str("no")};

	say_bytes(e, "bytes of nothing");
	intake_frame(e, &frame);
	frame.type = FETCH_END;
	intake_frame(e, &frame);
	frame.type = 999;
	intake_frame(e, &frame);
	say_letter(e, FETCH_END, VALIDITY, 3);
	assert_int_equal(copy_of(e, VALIDITY, 3), 0);
	assert_null(e->intake);
	assert_false(e->stopping);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(name)                                                                \
	cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	    T(test_taken_letter_is_kept),
	    T(test_letter_that_was_not_taken),
	    T(test_end_of_another),
	    T(test_bytes_over_the_limit),
	    T(test_time_of_receipt_is_that_of_the_listing),
	    T(test_frames_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
