/*
 * test_store_letter.c - letters arrive whole, are known again, walk from
 * state to state, and give back the bytes that came.
 */
#include "store_world.h"

#include "psirtd/desk.h"
#include "psirtd/write.h"

/* The store writes these by itself; they must mean what the desk means. */
_Static_assert(STORE_LETTER_RECEIVED == LETTER_RECEIVED, "desk.h");
_Static_assert(STORE_LETTER_QUARANTINED == LETTER_QUARANTINED, "desk.h");
_Static_assert(STORE_REASON_TOO_LARGE == REASON_TOO_LARGE, "desk.h");
_Static_assert(STORE_MAIL_ACKNOWLEDGE == MAIL_ACKNOWLEDGE, "write.h");
_Static_assert(STORE_MAIL_RESEND == MAIL_RESEND, "write.h");

#define MIB ((size_t)1 << 20)

static struct bytes
bytes_back(struct world *w, int64_t id)
{
	struct bytes back;

	assert_ok(w, store_letter_bytes(w, w->st, id, &back, &w->err));
	assert_non_null(back.data);
	return back;
}

static struct store_letter
row(struct world *w, int64_t id)
{
	struct store_letter l;

	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	return l;
}

/* ---- arriving ---- */

static void
test_letter_round_trips(void **state)
{
	struct world *w = *state;
	const char text[] = "From: a@example.org\r\n\r\nbody\0with NUL\r\n";
	struct bytes letter = bytes_of(text, sizeof(text) - 1);
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_letter l;
	bool known = true;
	int64_t id = arrive(w, 1, letter, 7, &known);
	int64_t copy;

	assert_false(known);
	assert_true(bytes_equal(bytes_back(w, id), letter));
	l = row(w, id);
	store_digest(letter, digest);
	assert_memory_equal(l.digest, digest, sizeof(digest));
	assert_int_equal(l.state, LETTER_RECEIVED);
	assert_int_equal(l.size, letter.len);
	assert_int_equal(l.received, NOW - 60);
	assert_int_equal(l.stored, NOW);
	assert_int_equal(l.tries, 0);
	assert_int_equal(l.came, 0);
	assert_null(l.sender);
	assert_ok(w, store_copy_find(w->st, "INBOX", 7, 1, &copy, &w->err));
	assert_int_equal(copy, id);
}

static void
test_sizes_around_the_edges(void **state)
{
	struct world *w = *state;
	static const size_t sizes[] = {0, 1, 65535, 65536, 65537, 131072,
	    MIB - 1, MIB, MIB + 1, MIB + 65536, 2 * MIB};
	bool known;

	for (uint32_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct bytes letter = noise(w, sizes[i], i);
		int64_t id = arrive(w, i + 1, letter, 50000, &known);

		assert_false(known);
		assert_true(bytes_equal(bytes_back(w, id), letter));
		assert_int_equal(row(w, id).size, sizes[i]);
	}
}

static void
test_large_letter_comes_in_batches(void **state)
{
	struct world *w = *state;
	struct bytes letter = noise(w, 3 * MIB, 3);
	bool known = true;
	int64_t id = arrive(w, 1, letter, 65536, &known);

	assert_false(known);
	assert_true(bytes_equal(bytes_back(w, id), letter));
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 48);
	world_open(w);
	assert_true(bytes_equal(bytes_back(w, id), letter));
}

static void
test_same_bytes_are_known(void **state)
{
	struct world *w = *state;
	struct bytes small = bytes_str("Subject: one\r\n\r\n");
	struct bytes large = noise(w, MIB + MIB / 2, 9);
	bool known;
	int64_t id, copy;

	id = arrive(w, 1, small, 4096, &known);
	assert_false(known);
	assert_int_equal(arrive(w, 2, small, 3, &known), id);
	assert_true(known);
	assert_ok(w, store_copy_find(w->st, "INBOX", 7, 2, &copy, &w->err));
	assert_int_equal(copy, id);

	id = arrive(w, 3, large, 65536, &known);
	assert_false(known);
	assert_int_equal(arrive(w, 4, large, 65536, &known), id);
	assert_true(known);
	assert_true(bytes_equal(bytes_back(w, id), large));

	/* Two letters; nothing of the second arrivals stayed. */
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 2);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 25);
	assert_int_equal(peek(w, "SELECT count(*) FROM copy"), 4);
	/* A line for each letter, none for a copy. */
	assert_int_equal(peek(w, "SELECT count(*) FROM record"), 2);
}

static void
test_copies(void **state)
{
	struct world *w = *state;
	int64_t id = arrive_text(w, 1, "x");
	int64_t copy;

	assert_ok(w, store_copy_find(w->st, "INBOX", 8, 1, &copy, &w->err));
	assert_int_equal(copy, 0);
	assert_ok(w, store_copy_find(w->st, "Other", 7, 1, &copy, &w->err));
	assert_int_equal(copy, 0);
	begin(w);
	assert_ok(w, store_copy_moved(w->st, "INBOX", 7, 1, 2, &w->err));
	assert_fault(
	    w, store_copy_moved(w->st, "INBOX", 7, 2, 2, &w->err), FAULT_INPUT);
	commit(w);
	assert_ok(w, store_copy_find(w->st, "INBOX", 7, 1, &copy, &w->err));
	assert_int_equal(copy, id);
	world_close(w);
	assert_int_equal(peek(w, "SELECT moved FROM copy"), 2);
	world_open(w);

	/* The same UID for other bytes: the letter is kept all the same. */
	assert_true(arrive_text(w, 1, "y") != id);
	assert_ok(w, store_copy_find(w->st, "INBOX", 7, 1, &copy, &w->err));
	assert_true(copy != id);
}

static void
test_aborted_letter_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct bytes letter = noise(w, 2 * MIB, 4);
	struct store_intake *in;
	int64_t id;

	/* Of nothing, of a part in memory, and of batches in the file. */
	for (size_t len = 0; len <= 2 * MIB; len += MIB) {
		in = store_intake_begin(
		    w, w->st, "INBOX", 7, 1, NOW, false, &w->err);
		assert_non_null(in);
		assert_ok(w, store_intake_chunk(
				 in, bytes_span(letter, 0, len), &w->err));
		store_intake_abort(in);
	}
	assert_ok(w, store_letter_next(w->st, 0, 0, &id, &w->err));
	assert_int_equal(id, 0);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM record"), 0);
}

/* While it arrives it is no letter; one left behind is swept at the start. */
static void
test_arriving_letter_is_not_seen(void **state)
{
	struct world *w = *state;
	struct bytes letter = noise(w, 2 * MIB, 4);
	struct store_counts counts;
	struct store_letter l, *list;
	struct store_intake *in;
	struct bytes back;
	uint32_t tries;
	size_t count;
	int64_t id;

	in = store_intake_begin(w, w->st, "INBOX", 7, 1, NOW, false, &w->err);
	assert_ok(w, store_intake_chunk(in, letter, &w->err));
	assert_int_equal(store_letter_get(w, w->st, 1, &l, &w->err), 0);
	assert_fault(
	    w, store_letter_bytes(w, w->st, 1, &back, &w->err), FAULT_INPUT);
	assert_fault(
	    w, store_letter_try(w->st, 1, 1, &tries, &w->err), FAULT_INPUT);
	for (uint32_t s = 0; s <= LETTER_DROPPED; s++) {
		assert_ok(w, store_letter_next(w->st, s, 0, &id, &w->err));
		assert_int_equal(id, 0);
		assert_ok(w, store_letter_list(
				 w, w->st, s, 0, 10, &list, &count, &w->err));
		assert_int_equal(count, 0);
	}
	assert_ok(w, store_count(w->st, &counts, &w->err));
	for (size_t i = 0; i < 16; i++)
		assert_int_equal(counts.letters[i], 0);
	/* Another letter may come in between. */
	id = arrive_text(w, 2, "in between");
	assert_true(id > 1);

	talloc_free(in);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 2);
	world_open(w);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 1);
}

static void
test_letter_does_not_arrive_inside_a_transaction(void **state)
{
	struct world *w = *state;
	struct store_intake *in =
	    store_intake_begin(w, w->st, "INBOX", 7, 1, NOW, false, &w->err);
	bool known;
	int64_t id;

	begin(w);
	assert_fault(
	    w, store_intake_chunk(in, bytes_str("x"), &w->err), FAULT_BUG);
	assert_fault(
	    w, store_intake_end(in, NOW, &id, &known, &w->err), FAULT_BUG);
	commit(w); /* the caller's transaction is whole */
}

static void
test_too_large_is_a_row_without_bytes(void **state)
{
	struct world *w = *state;
	uint8_t zeros[STORE_DIGEST_BYTES] = {0};
	struct bytes back = bytes_str("x");
	struct store_letter l;
	int64_t id, again;

	begin(w);
	assert_ok(w, store_letter_too_large(w->st, "INBOX", 7, 5, NOW - 9,
			 77777777777, NOW, &id, &w->err));
	commit(w);
	l = row(w, id);
	assert_int_equal(l.state, LETTER_QUARANTINED);
	assert_int_equal(l.reason, REASON_TOO_LARGE);
	assert_int_equal(l.size, 77777777777);
	assert_int_equal(l.received, NOW - 9);
	assert_memory_equal(l.digest, zeros, sizeof(zeros));
	assert_ok(w, store_letter_bytes(w, w->st, id, &back, &w->err));
	assert_null(back.data);
	assert_int_equal(back.len, 0);

	/* Found once more, before it was moved: the same row. */
	begin(w);
	assert_ok(w, store_letter_too_large(w->st, "INBOX", 7, 5, NOW - 9,
			 77777777777, NOW, &again, &w->err));
	commit(w);
	assert_int_equal(again, id);
	begin(w);
	assert_ok(w, store_letter_too_large(w->st, "INBOX", 7, 6, NOW - 9,
			 77777777777, NOW, &again, &w->err));
	commit(w);
	assert_int_not_equal(again, id);
}

/* ---- states ---- */

static void
test_put_writes_and_guards_the_state(void **state)
{
	struct world *w = *state;
	int64_t id = arrive_text(w, 1, "x");
	int64_t casefile = new_case(w, NULL);
	struct store_letter l = row(w, id);

	l.state = LETTER_FILED;
	l.reason = REASON_NEW_REPORT;
	l.verdict = VERDICT_KNOWN;
	l.casefile = casefile;
	l.by_hand = 1;
	l.unconfirmed = 1;
	l.sender = text("robin@example.org");
	l.subject = text("\xe8\x84\x86\xe5\xbc\xb1\xe6\x80\xa7");
	l.signer = text("");
	begin(w);
	assert_fault(w, store_letter_put(w->st, &l, LETTER_OPENED, &w->err),
	    FAULT_DENIED);
	assert_ok(w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err));
	assert_fault(w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err),
	    FAULT_DENIED);
	commit(w);

	l = row(w, id);
	assert_int_equal(l.state, LETTER_FILED);
	assert_int_equal(l.reason, REASON_NEW_REPORT);
	assert_int_equal(l.verdict, VERDICT_KNOWN);
	assert_int_equal(l.casefile, casefile);
	assert_int_equal(l.by_hand, 1);
	assert_int_equal(l.unconfirmed, 1);
	assert_string_equal(l.sender, "robin@example.org");
	assert_string_equal(l.subject, "\xe8\x84\x86\xe5\xbc\xb1\xe6\x80\xa7");
	assert_string_equal(l.signer, "");
	/* What put does not write stays. */
	assert_int_equal(l.received, NOW - 60);
	assert_int_equal(l.size, 1);

	l.sender = l.subject = l.signer = NULL;
	l.casefile = 0;
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, LETTER_FILED, &w->err));
	l.id = 99;
	assert_fault(w, store_letter_put(w->st, &l, LETTER_FILED, &w->err),
	    FAULT_DENIED);
	commit(w);
	l = row(w, id);
	assert_null(l.sender);
	assert_null(l.subject);
	assert_null(l.signer);
	assert_int_equal(l.casefile, 0);
}

static void
test_tries_count_and_begin_anew(void **state)
{
	struct world *w = *state;
	int64_t id = arrive_text(w, 1, "x");
	struct store_letter l;
	uint32_t tries;

	for (uint32_t i = 1; i <= 3; i++) {
		assert_ok(w, store_letter_try(w->st, id, 1, &tries, &w->err));
		assert_int_equal(tries, i);
	}
	/* Survives a kill: that is what it is for. */
	world_close(w);
	world_open(w);
	l = row(w, id);
	assert_int_equal(l.tries, 3);

	/* The same state keeps them; a later reopening begins anew. */
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err));
	assert_int_equal(row(w, id).tries, 3);
	l.state = LETTER_OPENED;
	assert_ok(w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err));
	l.state = LETTER_RECEIVED;
	assert_ok(w, store_letter_put(w->st, &l, LETTER_OPENED, &w->err));
	commit(w);
	assert_ok(w, store_letter_try(w->st, id, 1, &tries, &w->err));
	assert_int_equal(tries, 1);
	assert_fault(
	    w, store_letter_try(w->st, 99, 1, &tries, &w->err), FAULT_INPUT);
	/* A try that failed left no transaction open. */
	begin(w);
	store_rollback(w->st);
}

static void
test_next_walks_oldest_first(void **state)
{
	struct world *w = *state;
	int64_t a = arrive_text(w, 1, "a");
	int64_t b = arrive_text(w, 2, "b");
	struct store_letter l = row(w, a);
	int64_t id;

#define NEXT(state, after, want)                                               \
	do {                                                                   \
		assert_ok(                                                     \
		    w, store_letter_next(w->st, state, after, &id, &w->err));  \
		assert_int_equal(id, want);                                    \
	} while (0)
	NEXT(LETTER_RECEIVED, 0, a);
	NEXT(LETTER_RECEIVED, a, b);
	NEXT(LETTER_RECEIVED, b, 0);
	NEXT(LETTER_OPENED, 0, 0);
	l.state = LETTER_OPENED;
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err));
	commit(w);
	NEXT(LETTER_RECEIVED, 0, b);
	NEXT(LETTER_OPENED, 0, a);
}

static void
test_lists_are_newest_first(void **state)
{
	struct world *w = *state;
	int64_t casefile = new_case(w, NULL);
	struct store_letter *list, l;
	size_t count;

	for (uint32_t i = 1; i <= 20; i++) {
		char text[16];

		snprintf(text, sizeof(text), "letter %u", i);
		l = row(w, arrive_text(w, i, text));
		l.state = i % 2 ? LETTER_FILED : LETTER_INQUIRY;
		l.casefile = i % 4 == 1 ? casefile : 0;
		l.sender = text;
		begin(w);
		assert_ok(
		    w, store_letter_put(w->st, &l, LETTER_RECEIVED, &w->err));
		commit(w);
	}
#define LIST(state, casefile, most)                                            \
	assert_ok(w, store_letter_list(w, w->st, state, casefile, most, &list, \
			 &count, &w->err))
	LIST(0, 0, 100);
	assert_int_equal(count, 20);
	for (size_t i = 0; i < count; i++) {
		char text[32];

		assert_int_equal(list[i].id, 20 - (int64_t)i);
		snprintf(text, sizeof(text), "letter %zu", 20 - i);
		assert_string_equal(list[i].sender, text);
		/* All of a list goes with the list. */
		assert_ptr_equal(talloc_parent(list[i].sender), list);
	}
	LIST(0, 0, 3);
	assert_int_equal(count, 3);
	assert_int_equal(list[2].id, 18);
	LIST(LETTER_INQUIRY, 0, 100);
	assert_int_equal(count, 10);
	assert_int_equal(list[0].id, 20);
	LIST(0, casefile, 100);
	assert_int_equal(count, 5);
	assert_int_equal(list[0].id, 17);
	LIST(LETTER_FILED, casefile, 2);
	assert_int_equal(count, 2);
	LIST(LETTER_INQUIRY, casefile, 100);
	assert_int_equal(count, 0);
	assert_null(list);
	LIST(0, 99, 100);
	assert_int_equal(count, 0);
}

/* ---- openings ---- */

static void
test_opening_round_trips_and_is_replaced(void **state)
{
	struct world *w = *state;
	int64_t id = arrive_text(w, 1, "x");
	struct bytes first = noise(w, 300000, 5);
	struct bytes wire = bytes_str("x");

	assert_int_equal(store_opening_get(w, w->st, id, &wire, &w->err), 0);
	assert_null(wire.data);
	begin(w);
	assert_ok(w, store_opening_put(w->st, id, first, &w->err));
	commit(w);
	assert_int_equal(store_opening_get(w, w->st, id, &wire, &w->err), 1);
	assert_true(bytes_equal(wire, first));
	begin(w);
	assert_ok(w, store_opening_put(w->st, id, bytes_str("later"), &w->err));
	commit(w);
	assert_int_equal(store_opening_get(w, w->st, id, &wire, &w->err), 1);
	assert_true(bytes_equal(wire, bytes_str("later")));
}

static void
test_nothing_there_is_no_error(void **state)
{
	struct world *w = *state;
	struct store_letter l;
	struct bytes bytes;

	assert_int_equal(store_letter_get(w, w->st, 5, &l, &w->err), 0);
	assert_int_equal(store_opening_get(w, w->st, 5, &bytes, &w->err), 0);
	assert_fault(
	    w, store_letter_bytes(w, w->st, 5, &bytes, &w->err), FAULT_INPUT);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_letter_round_trips),
	    TEST(test_sizes_around_the_edges),
	    TEST(test_large_letter_comes_in_batches),
	    TEST(test_same_bytes_are_known),
	    TEST(test_copies),
	    TEST(test_aborted_letter_leaves_nothing),
	    TEST(test_arriving_letter_is_not_seen),
	    TEST(test_letter_does_not_arrive_inside_a_transaction),
	    TEST(test_too_large_is_a_row_without_bytes),
	    TEST(test_put_writes_and_guards_the_state),
	    TEST(test_tries_count_and_begin_anew),
	    TEST(test_next_walks_oldest_first),
	    TEST(test_lists_are_newest_first),
	    TEST(test_opening_round_trips_and_is_replaced),
	    TEST(test_nothing_there_is_no_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
