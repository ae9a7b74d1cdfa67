/*
 * test_engine_intake.c - what a fetch room in an attacker's hands may not put
 * into the database: letters nobody asked for, in the place of others, or
 * over the limit.  With a real store; the room's frames are given by hand.
 */
#include "store_world.h"

#include "../../daemon/engine_internal.h"
#include "psirtd/clock.h"

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
copy_in(struct engine *e, const char *folder, uint32_t validity, uint32_t uid)
{
	struct error err = {0};
	int64_t id = 0;

	assert_int_equal(
	    store_copy_find(e->st, folder, validity, uid, &id, &err), 0);
	return id;
}

static int64_t
copy_of(struct engine *e, uint32_t validity, uint32_t uid)
{
	return copy_in(e, "INBOX", validity, uid);
}

/* A whole letter, as the room says it; the row of its letter. */
static int64_t
intake(struct engine *e, struct fetch_letter letter, const char *text)
{
	letter.internaldate = NOW;
	say(e, FETCH_FOUND, &fetch_letter_wire, &letter);
	say(e, FETCH_BEGIN, &fetch_letter_wire, &letter);
	say_bytes(e, text);
	say(e, FETCH_END, &fetch_letter_wire, &letter);
	return copy_in(e, letter.which == FETCH_FILED ? "Filed" : "INBOX",
	    letter.uidvalidity, letter.uid);
}

static uint32_t
came(struct engine *e, int64_t id)
{
	struct store_letter letter = {0};
	struct error err = {0};

	assert_int_equal(store_letter_get(e, e->st, id, &letter, &err), 1);
	return letter.came;
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

/* Found in going through the folders, or where it may have been answered. */
static void
test_letters_in_doubt(void **state)
{
	struct engine *e = engine_of(*state);
	struct fetch_letter letter = {.uidvalidity = VALIDITY, .uid = 3};

	assert_int_equal(came(e, intake(e, letter, "new\r\n")), 0);
	/* It came just while INBOX was gone through: nobody saw to it. */
	letter.uid = 2;
	letter.reconcile = 1;
	assert_int_equal(came(e, intake(e, letter, "just now\r\n")), 0);
	letter.uid = 3;
	letter.which = FETCH_FILED;
	assert_int_equal(
	    came(e, intake(e, letter, "missed\r\n")), CAME_RECONCILED);
	/* The same number in another folder is another copy. */
	assert_int_not_equal(
	    copy_in(e, "Filed", VALIDITY, 3), copy_of(e, VALIDITY, 3));
	letter = (struct fetch_letter){.uidvalidity = VALIDITY, .uid = 4};
	e->boxes[FETCH_INBOX].in_doubt = 4;
	assert_int_equal(
	    came(e, intake(e, letter, "of before\r\n")), CAME_RECONCILED);
	letter.uid = 5;
	assert_int_equal(came(e, intake(e, letter, "later\r\n")), 0);
	e->boxes[FETCH_INBOX].row.adopt_upto = 6;
	letter.uid = 6;
	assert_int_equal(
	    came(e, intake(e, letter, "adopted\r\n")), CAME_ADOPTED);
	/* A folder that is none. */
	letter.which = FETCH_FOLDERS;
	letter.uid = 7;
	assert_int_equal(intake(e, letter, "forged\r\n"), 0);
	assert_null(e->intake);
	assert_false(e->stopping);
}

static void
test_moved_is_known_there(void **state)
{
	struct engine *e = engine_of(*state);
	struct fetch_letter letter = {.uidvalidity = VALIDITY, .uid = 3};
	struct fetch_order moved = {.uidvalidity = VALIDITY,
	    .uid = 3,
	    .folder = "Filed",
	    .how = FETCH_MOVED_MOVE,
	    .to_uidvalidity = 9,
	    .to_uid = 1};
	int64_t first = intake(e, letter, "one\r\n");
	int64_t second;

	say(e, FETCH_MOVED, &fetch_order_wire, &moved);
	assert_int_equal(copy_in(e, "Filed", 9, 1), first);
	/* Of what is known already nothing is taken away. */
	letter.uid = moved.uid = 4;
	second = intake(e, letter, "two\r\n");
	say(e, FETCH_MOVED, &fetch_order_wire, &moved);
	assert_int_equal(copy_in(e, "Filed", 9, 1), first);
	moved.folder = "Too large";
	moved.to_uid = 2;
	say(e, FETCH_MOVED, &fetch_order_wire, &moved);
	assert_int_equal(copy_in(e, "Filed", 9, 2), 0);
	assert_int_equal(copy_of(e, VALIDITY, 4), second);
	/* A letter that nobody took. */
	moved.uid = 99;
	moved.folder = "Filed";
	say(e, FETCH_MOVED, &fetch_order_wire, &moved);
	assert_int_equal(copy_in(e, "Filed", 9, 2), 0);
	assert_false(e->stopping);
}

/* Selected again and again, it gives nothing: nobody sees a letter. */
static void
test_reached_is_what_can_be_used(void **state)
{
	struct engine *e = engine_of(*state);
	struct fetch_mailbox box = {.uidvalidity = VALIDITY, .uidnext = 1};
	struct fetch_letter letter = {.uidvalidity = VALIDITY, .uid = 3};
	struct fetch_trouble trouble = {
	    .kind = FETCH_PROTOCOL, .text = "UID FETCH: no"};
	struct frame idle = {.type = FETCH_IDLE};

	say(e, FETCH_TROUBLE, &fetch_trouble_wire, &trouble);
	assert_false(e->watch.reached);
	e->watch.reached_ms -= 1000000;
	for (int i = 0; i < 3; i++) {
		say(e, FETCH_MAILBOX, &fetch_mailbox_wire, &box);
		say_letter(e, FETCH_FOUND, VALIDITY, 3);
		say(e, FETCH_TROUBLE, &fetch_trouble_wire, &trouble);
	}
	assert_in_range(
	    watch_unreached_since(e), clock_now() - 1002, clock_now() - 999);
	intake(e, letter, "one\r\n");
	assert_true(e->watch.reached);
	say(e, FETCH_TROUBLE, &fetch_trouble_wire, &trouble);
	assert_false(e->watch.reached);
	intake_frame(e, &idle);
	assert_true(e->watch.reached);
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
	    T(test_letters_in_doubt),
	    T(test_moved_is_known_there),
	    T(test_reached_is_what_can_be_used),
	    T(test_frames_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
