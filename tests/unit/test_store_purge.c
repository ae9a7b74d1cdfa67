/*
 * test_store_purge.c - what a retention ends: what goes, what stays, and a
 * purge that is cut short.
 */
#include <sys/stat.h>
#include <sys/wait.h>

#include "store_world.h"

#include "psirtd/store_keep.h"

#define YEAR (INT64_C(365) * 86400)
#define BEFORE (NOW + YEAR)
#define CLOCK 9 /* some kind of clock */

static const struct purge_age age = {BEFORE, CLOCK, NOW + 2 * YEAR};
#define BIG (3u << 20) /* of several pieces */

static void
file_letter(struct world *w, int64_t id, int64_t casefile, uint32_t state)
{
	struct store_letter l;

	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	l.state = state;
	l.casefile = casefile;
	l.sender = text("robin@example.org");
	l.subject = text("A flaw");
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, 1, &w->err));
	assert_ok(
	    w, store_opening_put(w->st, id, bytes_str("an opening"), &w->err));
	assert_ok(w, store_message_id_add(w->st,
			 talloc_asprintf(w, "m%d@example.org", (int)id),
			 casefile, id, 0, &w->err));
	assert_ok(w, store_record_add(w->st,
			 &(struct store_record){.at = NOW,
			     .what = RECORD_LETTER_DROPPED,
			     .actor = text("haru"),
			     .casefile = casefile,
			     .letter = id,
			     .note = text("because")},
			 &w->err));
	commit(w);
}

static void
close_case(struct world *w, int64_t id, int64_t closed)
{
	struct store_case c;

	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.state = CASE_CLOSED;
	c.closed = closed;
	c.title = text("a title");
	c.finder_address = text("robin@example.org");
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(
	    w, store_case_ident_add(w->st, id, 1, "CVE-2026-0001", &w->err));
	assert_ok(
	    w, store_case_address_add(w->st, id, "robin@example.org", &w->err));
	commit(w);
}

static int64_t
mail_of(struct world *w, int64_t casefile, int64_t letter)
{
	struct store_outmail m = {.kind = 3,
	    .state = OUTMAIL_APPROVED,
	    .casefile = casefile,
	    .letter = letter,
	    .made = NOW,
	    .message_id = text("ours@example.org"),
	    .from = text("psirt@example.org"),
	    .to = text("robin@example.org"),
	    .subject = text("subject"),
	    .body = text("body")};

	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_message_id_add(
			 w->st, m.message_id, casefile, 0, m.id, &w->err));
	assert_ok(
	    w, store_outmail_wire_put(w->st, m.id, bytes_str("wire"), &w->err));
	commit(w);
	return m.id;
}

/* One piece, committed. */
static bool
piece(struct world *w, int64_t letter)
{
	bool done = false;

	begin(w);
	assert_ok(w, store_purge_letter(w->st, letter, &done, &w->err));
	commit(w);
	return done;
}

static int64_t
next_case(struct world *w)
{
	int64_t id = 0;
	bool goes = false;

	do {
		assert_ok(w, store_purge_next(w->st, id, &id, &w->err));
		if (id != 0)
			assert_ok(w,
			    store_purge_goes(w->st, &age, id, &goes, &w->err));
	} while (id != 0 && !goes);
	return id;
}

static int64_t
left_of(struct world *w, int64_t casefile)
{
	int64_t id = -1;

	assert_ok(w, store_purge_left(w->st, casefile, &id, &w->err));
	return id;
}

static void
end_case(struct world *w, int64_t id)
{
	begin(w);
	assert_ok(w, store_purge_case(w->st, id, &w->err));
	assert_ok(w, store_record_add(w->st,
			 &(struct store_record){.at = NOW + 2 * YEAR,
			     .what = RECORD_PURGED,
			     .actor = text("haru"),
			     .casefile = id},
			 &w->err));
	commit(w);
	assert_ok(w, store_purge_end(w->st, &w->err));
}

static void
test_a_case_goes_in_pieces(void **state)
{
	struct world *w = *state;
	struct bytes big = noise(w, BIG, 7);
	int64_t id = new_case(w, "XYZ-100");
	int64_t open = new_case(w, "GW-7");
	int64_t letter, kept, mail, at = 0;
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_outmail m;
	struct store_letter l;
	struct store_case c;
	struct bytes bytes;
	bool known = false;

	letter = arrive(w, 1, big, 4096, &known);
	kept = arrive_text(w, 2, "of the open case");
	file_letter(w, letter, id, 3);
	file_letter(w, kept, open, 3);
	mail = mail_of(w, id, letter);
	assert_int_equal(next_case(w), 0); /* none is closed */
	close_case(w, id, NOW);
	assert_int_equal(next_case(w), id);

	/* Cut short after a piece: not to be read, and found again. */
	assert_false(piece(w, letter));
	world_close(w);
	world_open(w);
	assert_ok(w, store_letter_bytes(w, w->st, letter, &bytes, &w->err));
	assert_int_equal(bytes.len, 0);
	assert_int_equal(next_case(w), id);
	assert_int_equal(left_of(w, id), letter);
	while (!piece(w, letter))
		;
	assert_int_equal(left_of(w, id), 0);
	end_case(w, id);
	assert_int_equal(next_case(w), 0);
	assert_ok(w, store_purge_when(w->st, id, &at, &w->err));
	assert_int_equal(at, NOW + 2 * YEAR);

	/* What stays: numbers, dates, states, the digest. */
	assert_int_equal(store_letter_get(w, w->st, letter, &l, &w->err), 1);
	store_digest(big, digest);
	assert_memory_equal(l.digest, digest, sizeof(digest));
	assert_int_equal(l.size, BIG);
	assert_null(l.sender);
	assert_null(l.subject);
	assert_int_equal(arrive(w, 3, big, 65536, &known), letter);
	assert_true(known);
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	assert_null(c.finder_address);
	assert_null(c.title);
	assert_int_equal(c.closed, NOW);
	assert_int_equal(store_outmail_get(w, w->st, mail, &m, &w->err), 1);
	assert_null(m.body);
	assert_null(m.to);
	assert_int_equal(m.state, OUTMAIL_CANCELLED);

	/* The other case has all of its own. */
	assert_ok(w, store_letter_bytes(w, w->st, kept, &bytes, &w->err));
	assert_int_equal(bytes.len, strlen("of the open case"));
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM opening"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM message_id"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM record_note"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM outmail_wire"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM case_ident"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM case_address"), 0);
	/* Every line of the record stands, the notes' digests too. */
	world_open(w);
	assert_ok(w, store_record_walk(
			 w->st, &(struct store_walk){0}, 99, &known, &w->err));
	assert_true(known);
}

/* The sealed bytes themselves are in no page any more, nor in the WAL. */
static void
test_nothing_stays_in_the_file(void **state)
{
	struct world *w = *state;
	int64_t id = new_case(w, "XYZ-100");
	int64_t letter = arrive_text(w, 1, "a letter of some length, sealed");
	uint8_t sealed[32];
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	uint8_t *all;
	size_t len;
	FILE *f;

	file_letter(w, letter, id, 3);
	close_case(w, id, NOW);
	world_close(w);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
			     "SELECT substr(data, 1, 32) FROM letter_chunk", -1,
			     &stmt, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	assert_int_equal(sqlite3_column_bytes(stmt, 0), sizeof(sealed));
	memcpy(sealed, sqlite3_column_blob(stmt, 0), sizeof(sealed));
	sqlite3_finalize(stmt);
	sqlite3_close(db);

	for (int purged = 0; purged < 2; purged++) {
		size_t at = 0;

		if (purged) {
			world_open(w);
			assert_true(piece(w, letter));
			end_case(w, id);
			assert_int_equal(access(w->wal, F_OK), 0);
			f = fopen(w->wal, "rb");
			assert_int_equal(fgetc(f), EOF);
			fclose(f);
			world_close(w);
		}
		f = fopen(w->path, "rb");
		all = talloc_size(w, 4 << 20);
		len = fread(all, 1, 4 << 20, f);
		fclose(f);
		while (at + sizeof(sealed) <= len &&
		       memcmp(all + at, sealed, sizeof(sealed)) != 0)
			at++;
		assert_int_equal(at + sizeof(sealed) <= len, !purged);
		talloc_free(all);
	}
	world_open(w);
}

static int64_t
wal_size(struct world *w)
{
	struct stat info;

	return stat(w->wal, &info) == 0 ? info.st_size : 0;
}

/* Killed before the WAL was cut: the next start does it. */
static void
test_nothing_stays_in_the_wal_after_a_kill(void **state)
{
	struct world *w = *state;
	int status = -1;
	pid_t child;

	world_close(w);
	child = fork();
	if (child == 0) {
		int64_t letter;

		world_open(w);
		letter = arrive_text(w, 1, "a letter of some length, sealed");
		_exit(piece(w, letter) ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_true(wal_size(w) > 0);
	world_open(w);
	assert_int_equal(wal_size(w), 0);
}

static void
task_of(struct world *w, int64_t letter)
{
	struct store_task t = {
	    .kind = 1, .letter = letter, .text = text("to be read")};

	begin(w);
	assert_ok(w, store_task_add(w->st, &t, &w->err));
	commit(w);
}

static bool
stray_goes(struct world *w, int64_t letter, int64_t before)
{
	bool goes = false;

	assert_ok(w,
	    store_purge_stray_goes(w->st, 5, before, letter, &goes, &w->err));
	return goes;
}

static void
test_letters_of_no_case(void **state)
{
	struct world *w = *state;
	int64_t aside = arrive_text(w, 1, "set aside");
	int64_t waits = arrive_text(w, 2, "quarantined");
	int64_t id = -1;

	file_letter(w, aside, 0, 5);
	file_letter(w, waits, 0, 6);
	mail_of(w, 0, aside);
	task_of(w, aside);
	task_of(w, waits);
	assert_ok(w, store_purge_stray(w->st, 5, 0, &id, &w->err));
	assert_int_equal(id, aside);
	assert_false(stray_goes(w, aside, NOW - 1)); /* not that old */
	assert_false(stray_goes(w, waits, BEFORE));
	assert_true(stray_goes(w, aside, BEFORE));
	assert_true(piece(w, aside));
	assert_false(stray_goes(w, aside, BEFORE));
	assert_ok(w, store_purge_stray(w->st, 5, aside, &id, &w->err));
	assert_int_equal(id, 0);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM record_note"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM message_id"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM task"), 1);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM outmail WHERE body IS NOT NULL"), 0);
	world_open(w);
}

/*
 * Somebody wrote to a case long closed, and what he wrote did not open it:
 * nobody may have read it.  It ends as the others did, when it is as old.
 */
static void
test_a_later_letter_holds_it(void **state)
{
	struct world *w = *state;
	int64_t id = new_case(w, "XYZ-100");
	int64_t letter = arrive_text(w, 1, "one more thing");

	file_letter(w, letter, id, 3);
	close_case(w, id, NOW);
	world_close(w);
	tamper(w, talloc_asprintf(
		      w, "UPDATE letter SET stored = %lld", (long long)BEFORE));
	world_open(w);
	assert_int_equal(next_case(w), 0);
	/* Purged before it came. */
	end_case(w, id);
	assert_int_equal(next_case(w), 0);
	world_close(w);
	tamper(w, "UPDATE letter SET stored = stored - 1");
	world_open(w);
	assert_int_equal(next_case(w), id);
	assert_true(piece(w, letter));
	end_case(w, id);
	assert_int_equal(next_case(w), 0);
}

static void
clock_of(struct world *w, int64_t casefile, int64_t due)
{
	world_close(w);
	tamper(w, talloc_asprintf(w,
		      "DELETE FROM clock; INSERT INTO clock (casefile, kind,"
		      " due, warn, ended, source, zone_min)"
		      " VALUES (%d, %d, %lld, 0, 0, 1, 0)",
		      (int)casefile, CLOCK, (long long)due));
	world_open(w);
}

/* What a person set for later holds, and ends with the purge. */
static void
test_a_clock_holds_it(void **state)
{
	struct world *w = *state;
	int64_t id = new_case(w, "XYZ-100");

	close_case(w, id, NOW);
	clock_of(w, id, NOW + 3 * YEAR);
	assert_int_equal(next_case(w), 0);
	clock_of(w, id, NOW + YEAR);
	assert_int_equal(next_case(w), id);
	end_case(w, id);
	world_close(w);
	assert_int_equal(peek(w, "SELECT ended FROM clock"), NOW + YEAR);
	world_open(w);
}

static void
test_merged_goes_with_the_other(void **state)
{
	struct world *w = *state;
	int64_t part = new_case(w, "XYZ-100");
	int64_t whole = new_case(w, "XYZ-100");
	int64_t letter;

	close_case(w, part, NOW);
	world_close(w);
	tamper(w, talloc_asprintf(w,
		      "UPDATE casefile SET merged_into = %d WHERE id = %d",
		      (int)whole, (int)part));
	world_open(w);
	assert_int_equal(next_case(w), 0); /* the other is open */
	close_case(w, whole, NOW);
	assert_int_equal(next_case(w), part);
	clock_of(w, whole, NOW + 3 * YEAR);
	assert_int_equal(next_case(w), 0); /* the other is held */
	clock_of(w, whole, NOW);
	letter = arrive_text(w, 1, "one more thing");
	file_letter(w, letter, whole, 3);
	assert_int_equal(next_case(w), part);
	world_close(w);
	tamper(w, talloc_asprintf(
		      w, "UPDATE letter SET stored = %lld", (long long)BEFORE));
	world_open(w);
	assert_int_equal(next_case(w), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_a_case_goes_in_pieces, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_nothing_stays_in_the_file, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_nothing_stays_in_the_wal_after_a_kill, world_setup,
		world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_letters_of_no_case, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_later_letter_holds_it, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_clock_holds_it, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_merged_goes_with_the_other, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
