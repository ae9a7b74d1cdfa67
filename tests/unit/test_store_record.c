/*
 * test_store_record.c - the record: what was written is read, and what was
 * changed behind its back shows.
 */
#include "store_world.h"

#include "../../daemon/store/store_internal.h"

#define AB8 "abababababababab"
#define AB64 AB8 AB8 AB8 AB8

static void
add(struct world *w, struct store_record r)
{
	begin(w);
	assert_ok(w, store_record_add(w->st, &r, &w->err));
	commit(w);
}

/* Lines 1 to n; every third of case 7, every fourth with a note. */
static void
fill(struct world *w, uint32_t n)
{
	for (uint32_t i = 1; i <= n; i++)
		add(w, (struct store_record){.at = NOW + i,
			   .what = RECORD_MAIL_SENT,
			   .actor = text(i % 2 ? "psirtd" : "alice"),
			   .casefile = i % 3 == 0 ? 7 : 0,
			   .letter = i,
			   .outmail = 2 * (int64_t)i,
			   .code = 250,
			   .note = i % 4 == 0 ? text("a note") : NULL,
			   .digest = i % 5 == 0 ? text(AB64) : NULL});
}

static int64_t
verify(struct world *w)
{
	int64_t lines = -1;
	char *head = NULL;

	assert_ok(w, store_record_verify(w, w->st, &lines, &head, &w->err));
	assert_non_null(head);
	assert_int_equal(strlen(head), 64);
	return lines;
}

/* ---- reading and writing ---- */

static void
test_lines_round_trip(void **state)
{
	struct world *w = *state;
	struct store_record *list;
	size_t count;

	fill(w, 20);
	assert_ok(
	    w, store_record_list(w, w->st, 0, 0, 99, &list, &count, &w->err));
	assert_int_equal(count, 20);
	for (uint32_t i = 1; i <= 20; i++) {
		const struct store_record *r = &list[i - 1];

		assert_int_equal(r->id, i);
		assert_int_equal(r->at, NOW + i);
		assert_int_equal(r->what, RECORD_MAIL_SENT);
		assert_string_equal(r->actor, i % 2 ? "psirtd" : "alice");
		assert_int_equal(r->casefile, i % 3 == 0 ? 7 : 0);
		assert_int_equal(r->letter, i);
		assert_int_equal(r->outmail, 2 * i);
		assert_int_equal(r->code, 250);
		if (i % 4 == 0)
			assert_string_equal(r->note, "a note");
		else
			assert_null(r->note);
		if (i % 5 == 0)
			assert_string_equal(r->digest, AB64);
		else
			assert_null(r->digest);
		assert_int_equal(strlen(r->chain), 64);
		assert_ptr_equal(talloc_parent(r->chain), list);
	}
	assert_int_equal(verify(w), 20);
}

static void
test_lists_go_on_where_they_stopped(void **state)
{
	struct world *w = *state;
	struct store_record *list;
	size_t count;

	fill(w, 20);
	assert_ok(
	    w, store_record_list(w, w->st, 0, 5, 3, &list, &count, &w->err));
	assert_int_equal(count, 3);
	assert_int_equal(list[0].id, 6);
	assert_int_equal(list[2].id, 8);
	assert_ok(
	    w, store_record_list(w, w->st, 7, 6, 99, &list, &count, &w->err));
	assert_int_equal(count, 4);
	assert_int_equal(list[0].id, 9);
	assert_int_equal(list[3].id, 18);
	assert_ok(
	    w, store_record_list(w, w->st, 0, 20, 99, &list, &count, &w->err));
	assert_int_equal(count, 0);
	assert_null(list);
}

/* The encoding never changes: links made by another program by its words. */
static void
test_chain_is_the_one_described(void **state)
{
	struct world *w = *state;
	struct store_record *list;
	int64_t lines;
	size_t count;
	char *head;

	assert_int_equal(verify(w), 0);
	assert_ok(w, store_record_verify(w, w->st, &lines, &head, &w->err));
	assert_string_equal(head,
	    "0000000000000000000000000000000000000000000000000000000000000000");
	add(w, (struct store_record){
		   .at = 1795510000, .what = 1, .actor = text("psirtd")});
	add(w, (struct store_record){.at = 1795510001,
		   .what = 3,
		   .casefile = 2,
		   .letter = 3,
		   .outmail = 4,
		   .code = UINT32_MAX,
		   .actor = text(""),
		   .digest = text(AB64)});
	assert_ok(
	    w, store_record_list(w, w->st, 0, 0, 9, &list, &count, &w->err));
	assert_string_equal(list[0].chain,
	    "c0158fd93bd1920154d609c09e856c777305187f38904468b3eafec51825904d");
	assert_string_equal(list[1].chain,
	    "46c5200c2cc0a2b8bdf7a40b9b058402267ebef67259d111fe90113d3027ba53");
	assert_ok(w, store_record_verify(w, w->st, &lines, &head, &w->err));
	assert_int_equal(lines, 2);
	assert_string_equal(head, list[1].chain);
}

static void
test_rolled_back_line_leaves_no_gap(void **state)
{
	struct world *w = *state;
	struct store_record r = {
	    .at = NOW, .what = RECORD_START, .actor = text("psirtd")};

	fill(w, 2);
	begin(w);
	assert_ok(w, store_record_add(w->st, &r, &w->err));
	store_rollback(w->st);
	fill(w, 1);
	assert_int_equal(verify(w), 3);
}

static void
test_bad_lines_are_refused(void **state)
{
	struct world *w = *state;
	struct store_record r = {.at = NOW, .what = RECORD_START};

	begin(w);
	assert_fault(w, store_record_add(w->st, &r, &w->err), FAULT_BUG);
	r.actor = text("psirtd");
#define BAD_DIGEST(hex)                                                        \
	do {                                                                   \
		r.digest = text(hex);                                          \
		assert_fault(                                                  \
		    w, store_record_add(w->st, &r, &w->err), FAULT_BUG);       \
	} while (0)
	BAD_DIGEST("");
	BAD_DIGEST("ab");
	BAD_DIGEST(AB64 "ab");
	BAD_DIGEST(AB64 "x");
	BAD_DIGEST("x" AB64);
	store_rollback(w->st);
	assert_int_equal(verify(w), 0);
}

/* ---- tampering ---- */

/* After `sql` was done to twelve lines, `line` is named as the first bad. */
static void
shows(struct world *w, const char *sql, int line)
{
	int64_t lines;
	char *head = text("x"), want[32];

	world_close(w);
	/* The triggers only guard against mistakes of our own. */
	tamper(w, "DROP TRIGGER IF EXISTS record_not_changed;"
		  "DROP TRIGGER IF EXISTS record_not_deleted;");
	tamper(w, sql);
	world_open_locked(w); /* needs no key */
	assert_fault(w, store_record_verify(w, w->st, &lines, &head, &w->err),
	    FAULT_INPUT);
	snprintf(want, sizeof(want), "line %d ", line);
	if (strstr(w->err.text, want) == NULL)
		fail_msg("%s: \"%s\"", sql, w->err.text);
	assert_null(head);
}

#define TAMPER_TEST(name, sql, line)                                           \
	static void test_##name##_shows(void **state)                          \
	{                                                                      \
		fill(*state, 12);                                              \
		shows(*state, sql, line);                                      \
	}

TAMPER_TEST(changed_time, "UPDATE record SET at = at + 1 WHERE id = 5", 5)
TAMPER_TEST(changed_actor, "UPDATE record SET actor = 'bob' WHERE id = 6", 6)
TAMPER_TEST(changed_case, "UPDATE record SET casefile = 8 WHERE id = 3", 3)
TAMPER_TEST(changed_letter, "UPDATE record SET letter = 9 WHERE id = 1", 1)
TAMPER_TEST(changed_mail, "UPDATE record SET outmail = 9 WHERE id = 12", 12)
TAMPER_TEST(changed_code, "UPDATE record SET code = 251 WHERE id = 4", 4)
/* 250 + 2^32: the same in 32 bits */
TAMPER_TEST(wide_code, "UPDATE record SET code = 4294967546 WHERE id = 4", 4)
TAMPER_TEST(
    wide_what, "UPDATE record SET what = what + 4294967296 WHERE id = 4", 4)
TAMPER_TEST(removed_digest, "UPDATE record SET digest = NULL WHERE id = 5", 5)
TAMPER_TEST(
    changed_note, "UPDATE record SET note = zeroblob(32) WHERE id = 8", 8)
TAMPER_TEST(
    changed_link, "UPDATE record SET chain = zeroblob(32) WHERE id = 7", 7)
TAMPER_TEST(short_link, "UPDATE record SET chain = x'00' WHERE id = 7", 7)
TAMPER_TEST(deleted_line,
    "DELETE FROM record_note WHERE record = 4;"
    "DELETE FROM record WHERE id = 4",
    4)
TAMPER_TEST(deleted_first, "DELETE FROM record WHERE id = 1", 1)
TAMPER_TEST(deleted_last,
    "DELETE FROM record_note WHERE record = 12;"
    "DELETE FROM record WHERE id >= 11",
    11)
TAMPER_TEST(swapped_lines,
    "UPDATE record SET id = 99 WHERE id = 5;"
    "UPDATE record SET id = 5 WHERE id = 6;"
    "UPDATE record SET id = 6 WHERE id = 99",
    5)
TAMPER_TEST(moved_up,
    "DELETE FROM record WHERE id = 5;"
    "UPDATE record SET id = id - 1 WHERE id > 5",
    5)
TAMPER_TEST(added_line,
    "INSERT INTO record SELECT 13, at, what, actor, casefile, letter, outmail,"
    " code, digest, note, chain FROM record WHERE id = 11",
    13)
TAMPER_TEST(all_gone, "DELETE FROM record_note; DELETE FROM record", 1)

/* Before anything is unlocked, and after: the same. */
static void
test_verify_needs_no_key(void **state)
{
	struct world *w = *state;
	int64_t lines;
	char *head, *unlocked;

	fill(w, 12);
	assert_ok(w, store_record_verify(w, w->st, &lines, &unlocked, &w->err));
	world_close(w);
	world_open_locked(w);
	assert_ok(w, store_record_verify(w, w->st, &lines, &head, &w->err));
	assert_int_equal(lines, 12);
	assert_string_equal(head, unlocked);
}

/* The program itself can neither change nor delete a line. */
static void
test_lines_are_guarded_against_ourselves(void **state)
{
	static const char *const changes[] = {
	    "UPDATE record SET code = 1 WHERE id = 1",
	    "DELETE FROM record WHERE id = 1",
	    "PRAGMA recursive_triggers = ON;"
	    "INSERT OR REPLACE INTO record SELECT * FROM record WHERE id = 1",
	};
	struct world *w = *state;

	fill(w, 3);
	world_close(w);
	for (size_t i = 0; i < 3; i++) {
		sqlite3 *db = NULL;

		assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
		assert_int_equal(sqlite3_exec(db, changes[i], NULL, NULL, NULL),
		    SQLITE_CONSTRAINT);
		sqlite3_close(db);
	}
	world_open(w);
	assert_int_equal(verify(w), 3);
}

/* ---- notes ---- */

static void
test_purged_note_leaves_its_line(void **state)
{
	struct world *w = *state;
	struct store_record *list;
	size_t count;

	fill(w, 12);
	world_close(w);
	tamper(w, "DELETE FROM record_note WHERE record = 8");
	world_open(w);
	assert_int_equal(verify(w), 12);
	assert_ok(
	    w, store_record_list(w, w->st, 0, 0, 99, &list, &count, &w->err));
	assert_int_equal(count, 12);
	assert_string_equal(list[3].note, "a note");
	assert_null(list[7].note);
}

/* A note of another line, sealed in its own place, is not this line's. */
static void
test_exchanged_note_shows(void **state)
{
	struct world *w = *state;
	struct store_record *list;
	size_t count;

	fill(w, 12);
	world_close(w);
	tamper(w, "UPDATE record_note SET value ="
		  " (SELECT value FROM record_note WHERE record = 4)"
		  " WHERE record = 8");
	world_open(w);
	assert_fault(w,
	    store_record_list(w, w->st, 0, 4, 99, &list, &count, &w->err),
	    FAULT_INPUT);
	assert_null(list);
	assert_int_equal(count, 0);
}

/* Nor are other words, sealed in its place by one who has the key. */
static void
test_note_sealed_anew_shows(void **state)
{
	struct world *w = *state;
	struct store_record *list;
	sqlite3_stmt *stmt = NULL;
	struct bytes other;
	size_t count;

	fill(w, 4);
	other = seal_close(w, w->st, place("record_note", "value", 4),
	    bytes_str("sixteen of salt.other words"), &w->err);
	assert_int_equal(sqlite3_prepare_v2(w->st->db,
			     "UPDATE record_note SET value = ?"
			     " WHERE record = 4",
			     -1, &stmt, NULL),
	    SQLITE_OK);
	sqlite3_bind_blob(stmt, 1, other.data, (int)other.len, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(stmt), SQLITE_DONE);
	sqlite3_finalize(stmt);
	assert_fault(w,
	    store_record_list(w, w->st, 0, 0, 99, &list, &count, &w->err),
	    FAULT_INPUT);
	assert_non_null(strstr(w->err.text, "note of a line"));
}

/* The same words have another digest in every line: nobody can guess. */
static void
test_note_digests_are_salted(void **state)
{
	struct world *w = *state;

	fill(w, 12);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(DISTINCT note) FROM record"), 3);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM record WHERE note IS NOT NULL"), 3);
}

static void
test_names(void **state)
{
	for (uint32_t a = RECORD_START; a < RECORD_WHAT_COUNT; a++) {
		assert_string_not_equal(record_what_name(a), "?");
		for (uint32_t b = RECORD_START; b < a; b++)
			assert_string_not_equal(
			    record_what_name(a), record_what_name(b));
	}
	assert_string_equal(record_what_name(RECORD_CASE_READ), "case-read");
	assert_string_equal(record_what_name(0), "?");
	assert_string_equal(record_what_name(RECORD_WHAT_COUNT), "?");
	assert_string_equal(record_what_name(UINT32_MAX), "?");
}

static void
test_digest_is_sha256(void **state)
{
	static const uint8_t abc[] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf,
	    0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03,
	    0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2,
	    0x00, 0x15, 0xad};
	uint8_t digest[STORE_DIGEST_BYTES];

	store_digest(bytes_str("abc"), digest);
	assert_memory_equal(digest, abc, sizeof(abc));
}

/* Piece by piece as in one go, and nothing is done before the end. */
static void
test_walk_in_pieces(void **state)
{
	struct world *w = *state;
	struct store_walk walk = {0};
	bool done = false;
	int64_t lines = 0;
	char *head = NULL;
	size_t pieces = 0;

	fill(w, 20);
	while (!done) {
		assert_ok(
		    w, store_record_walk(w->st, &walk, 7, &done, &w->err));
		pieces++;
	}
	assert_int_equal(pieces, 3);
	assert_ok(w, store_record_verify(w, w->st, &lines, &head, &w->err));
	assert_int_equal(walk.lines, lines);
	assert_string_equal(
	    head, bytes_hex(w, bytes_of(walk.link, sizeof(walk.link))));
	/* A piece that ends with the last line is not yet the end. */
	memset(&walk, 0, sizeof(walk));
	assert_ok(w, store_record_walk(w->st, &walk, 20, &done, &w->err));
	assert_false(done);
	assert_ok(w, store_record_walk(w->st, &walk, 20, &done, &w->err));
	assert_true(done);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_lines_round_trip),
	    TEST(test_lists_go_on_where_they_stopped),
	    TEST(test_chain_is_the_one_described),
	    TEST(test_rolled_back_line_leaves_no_gap),
	    TEST(test_bad_lines_are_refused),
	    TEST(test_changed_time_shows),
	    TEST(test_changed_actor_shows),
	    TEST(test_changed_case_shows),
	    TEST(test_changed_letter_shows),
	    TEST(test_changed_mail_shows),
	    TEST(test_changed_code_shows),
	    TEST(test_wide_code_shows),
	    TEST(test_wide_what_shows),
	    TEST(test_removed_digest_shows),
	    TEST(test_changed_note_shows),
	    TEST(test_changed_link_shows),
	    TEST(test_short_link_shows),
	    TEST(test_deleted_line_shows),
	    TEST(test_deleted_first_shows),
	    TEST(test_deleted_last_shows),
	    TEST(test_swapped_lines_shows),
	    TEST(test_moved_up_shows),
	    TEST(test_added_line_shows),
	    TEST(test_all_gone_shows),
	    TEST(test_verify_needs_no_key),
	    TEST(test_lines_are_guarded_against_ourselves),
	    TEST(test_purged_note_leaves_its_line),
	    TEST(test_exchanged_note_shows),
	    TEST(test_note_sealed_anew_shows),
	    TEST(test_note_digests_are_salted),
	    TEST(test_names),
	    TEST(test_digest_is_sha256),
	    TEST(test_walk_in_pieces),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
