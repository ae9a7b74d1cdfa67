/*
 * test_store_crash.c - killed at any moment, or on a full disk, the file
 * holds whole things alone.
 */
#include "store_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

#define MIB ((size_t)1 << 20)
#define ROUNDS 50
#define ROUNDS_S 60 /* however slow the machine: fewer rounds, but done */

/* ---- kill -9 ---- */

/* A letter, now and then a large one; then what an engine does with it. */
static int
one_turn(struct store *st, void *ctx, uint32_t n, struct error *err)
{
	struct bytes letter =
	    noise(ctx, n % 8 == 3 ? MIB + MIB / 2 : 3000 + n, n);
	struct store_intake *in =
	    store_intake_begin(ctx, st, "INBOX", 7, n, NOW, false, err);
	struct store_case c = {.state = CASE_OPEN, .product = text("XYZ-100")};
	struct store_outmail m = {.kind = 1,
	    .state = OUTMAIL_APPROVED,
	    .to = text("robin@example.org")};
	struct store_record r = {.at = NOW,
	    .what = RECORD_CASE_MADE,
	    .actor = text("psirtd"),
	    .note = text("a note")};
	struct store_step step = {.number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING,
	    .due = NOW,
	    .ref = text("7KQ2MX")};
	struct store_answer answer = {.kind = 1, .value = text("yes")};
	struct store_clock clock = {.kind = 1, .source = 1, .due = NOW};
	struct store_task task = {.kind = TASK_ANSWER_FINDER, .made = NOW};
	struct store_told told = {.person = text("Robin")};
	struct store_letter l;
	int64_t id, casefile;
	bool known, fresh;

	if (in == NULL || store_intake_chunk(in, letter, err) != 0 ||
	    store_intake_end(in, NOW, &id, &known, err) != 0 ||
	    store_letter_get(ctx, st, id, &l, err) != 1)
		return -1;
	l.state = 3;
	if (store_begin(st, err) != 0 ||
	    store_report(st, l.digest, id, &m.report, &fresh, &casefile, err) !=
		0 ||
	    store_case_new(st, st, &c, "PSIRT", 2026, err) != 0)
		return -1;
	l.casefile = m.casefile = r.casefile = c.id;
	r.letter = m.letter = id;
	if (store_opening_put(st, id, bytes_str("opening"), err) != 0 ||
	    store_letter_put(st, &l, STORE_LETTER_RECEIVED, err) != 0 ||
	    store_outmail_add(st, &m, err) != 0 ||
	    store_record_add(st, &r, err) != 0)
		return -1;
	step.casefile = answer.casefile = clock.casefile = c.id;
	task.casefile = told.casefile = c.id;
	told.outmail = m.id;
	if (store_step_add(st, &step, err) != 0)
		return -1;
	answer.step = step.id;
	if (store_answer_add(st, &answer, err) != 0 ||
	    store_clock_set(st, &clock, err) != 0 ||
	    store_task_add(st, &task, err) != 0 ||
	    store_told_add(st, &told, err) != 0 ||
	    store_case_advance(st, c.id, true, err) != 0)
		return -1;
	/* Every other case turns out to be the one before. */
	if (n % 2 == 1 && store_case_get(ctx, st, c.id - 1, &c, err) == 1 &&
	    c.merged_into == 0 &&
	    store_case_merge(st, c.id + 1, c.id, NOW, err) != 0)
		return -1;
	return store_commit(st, err);
}

/* Works until it is killed; says on fd when the file is open. */
static void
work(struct world *w, int fd, uint32_t n)
{
	struct error err = {0};
	struct store *st = store_open(w, w->path, &err);

	if (st == NULL || store_unlock(st, w->key, &err) != 0 ||
	    write(fd, "x", 1) != 1)
		_exit(2);
	for (;; n++) {
		void *ctx = talloc_new(w);

		if (one_turn(st, ctx, n, &err) != 0) {
			dprintf(2, "%s\n", err.text);
			_exit(3);
		}
		talloc_free(ctx);
	}
}

static void
wait_ms(unsigned ms)
{
	struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

/* A worker, killed `ms` after it opened the file; -1: in opening it. */
static void
killed_worker(struct world *w, uint32_t n, int ms)
{
	int status, fds[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(fds), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		close(fds[0]);
		work(w, fds[1], n);
	}
	close(fds[1]);
	if (ms < 0)
		wait_ms((unsigned)-ms);
	else if (read(fds[0], &c, 1) == 1)
		wait_ms((unsigned)ms);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(fds[0]);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* The bytes of a letter are those its digest says. */
static void
letter_is_whole(struct world *w, const struct store_letter *l)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	struct bytes bytes;

	assert_ok(w, store_letter_bytes(w, w->st, l->id, &bytes, &w->err));
	assert_int_equal(bytes.len, l->size);
	store_digest(bytes, digest);
	assert_memory_equal(digest, l->digest, sizeof(digest));
	talloc_free((void *)(uintptr_t)bytes.data);
}

/* Letters after `upto` are whole; so is all else. Returns the last letter. */
static int64_t
all_is_whole(struct world *w, int64_t upto)
{
	struct store_letter *list;
	struct store_counts counts;
	size_t count;
	int64_t lines, filed;
	int64_t last = upto;
	char *head;

	assert_ok(w,
	    store_letter_list(w, w->st, 0, 0, 100000, &list, &count, &w->err));
	for (size_t i = 0; i < count && list[i].id > upto; i++) {
		struct bytes wire;
		bool filed_one = list[i].state == 3;

		letter_is_whole(w, &list[i]);
		/* Its case and its opening came with its state. */
		assert_int_equal(list[i].casefile != 0, filed_one);
		assert_int_equal(
		    store_opening_get(w, w->st, list[i].id, &wire, &w->err),
		    filed_one);
		if (list[i].id > last)
			last = list[i].id;
	}
	talloc_free(list);
	assert_ok(w, store_count(w->st, &counts, &w->err));
	filed = counts.letters[3];
	assert_int_equal(
	    counts.cases[CASE_OPEN] + counts.cases[CASE_CLOSED], filed);
	assert_int_equal(counts.tasks, filed);
	assert_int_equal(counts.outmails[OUTMAIL_APPROVED], filed);
	assert_ok(w, store_record_verify(w, w->st, &lines, &head, &w->err));
	/* A line for each letter and each case: no more, no less. */
	assert_int_equal(
	    lines, counts.letters[STORE_LETTER_RECEIVED] + 2 * filed);
	return last;
}

/* One row a case, and those that go with it into another. */
static const char *const tables[] = {
    "step", "answer", "clock", "task", "told", "report"};
static const char *const moved[] = {
    "answer", "clock", "task", "told", "outmail"};

static void
test_killed_at_any_moment(void **state)
{
	struct world *w = *state;
	time_t until = time(NULL) + ROUNDS_S;
	int64_t last = 0, before;
	unsigned fruitful = 0, rounds = 0;
	uint32_t seed = (uint32_t)time(NULL);

	world_close(w);
	for (; rounds < ROUNDS && time(NULL) < until; rounds++) {
		int ms;

		seed = seed * 1664525 + 1013904223;
		ms = (int)(seed >> 16) % 30;
		killed_worker(
		    w, 1 + rounds * 1000, rounds % 10 == 9 ? -ms : ms);
		world_open(w);
		before = last;
		last = all_is_whole(w, last);
		fruitful += last > before;
		world_close(w);
		assert_int_equal(
		    peek(w, "SELECT count(*) FROM letter WHERE state = 0"), 0);
	}
	/* It was killed at work, not before it began. */
	assert_true(rounds >= 5);
	assert_true(fruitful >= rounds / 4);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM letter_chunk WHERE letter NOT IN"
		    " (SELECT id FROM letter)"),
	    0);
	assert_int_equal(peek(w, "SELECT count(*) FROM pragma_integrity_check"
				 " WHERE integrity_check <> 'ok'"),
	    0);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
	/* Each case has all that it was made with, and a merge is whole. */
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		assert_int_equal(
		    peek(w, talloc_asprintf(w,
				"SELECT count(*) - (SELECT count(*) FROM"
				" casefile) FROM %s",
				tables[i])),
		    0);
	for (size_t i = 0; i < sizeof(moved) / sizeof(moved[0]); i++)
		assert_int_equal(
		    peek(w, talloc_asprintf(w,
				"SELECT count(*) FROM %s JOIN casefile ON"
				" casefile.id = ifnull(origin_case, casefile)"
				" WHERE (origin_case IS NULL) <>"
				" (merged_into IS NULL)",
				moved[i])),
		    0);
	if (fruitful > 1)
		assert_true(peek(w, "SELECT count(*) FROM casefile"
				    " WHERE merged_into IS NOT NULL") > 0);
	/* Numbers without a gap, whatever was undone. */
	assert_int_equal(
	    peek(w, "SELECT count(*) - (SELECT last FROM case_number)"
		    " FROM casefile"),
	    0);
}

/* In the middle of a large letter: all its batches go. */
static void
test_killed_between_batches(void **state)
{
	struct world *w = *state;
	int status;
	pid_t pid;

	world_close(w);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct store *st = store_open(w, w->path, NULL);
		struct store_intake *in;

		if (st == NULL || store_unlock(st, w->key, NULL) != 0)
			_exit(2);
		in = store_intake_begin(w, st, "INBOX", 7, 1, NOW, false, NULL);
		if (in == NULL ||
		    store_intake_chunk(in, noise(w, 3 * MIB, 1), NULL) != 0)
			_exit(3);
		raise(SIGKILL);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 1);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 32);
	world_open(w);
	assert_int_equal(all_is_whole(w, 0), 0);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter_chunk"), 0);
}

/* ---- a full disk ---- */

static struct rlimit no_limit;

static int
full_setup(void **state)
{
	/* Else the first byte over the limit ends us (setrlimit(2)). */
	signal(SIGXFSZ, SIG_IGN);
	if (getrlimit(RLIMIT_FSIZE, &no_limit) != 0)
		return -1;
	return world_setup(state);
}

static void
limit_files(size_t size)
{
	struct rlimit limit = no_limit;

	if (size > 0)
		limit.rlim_cur = size;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int
full_teardown(void **state)
{
	setrlimit(RLIMIT_FSIZE, &no_limit);
	return world_teardown(state);
}

static size_t
size_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return (size_t)info.st_size;
}

/* A letter for which there is no room; returns the fault. */
static enum fault
no_room(struct world *w, uint32_t uid, struct bytes letter)
{
	struct store_intake *in =
	    store_intake_begin(w, w->st, "INBOX", 7, uid, NOW, false, &w->err);
	int64_t id = 77;
	bool known;

	assert_non_null(in);
	error_clear(&w->err);
	if (store_intake_chunk(in, letter, &w->err) != 0) {
		/* Nothing more is taken of a letter that was given up. */
		assert_int_equal(store_intake_chunk(in, letter, NULL), -1);
		assert_int_equal(
		    store_intake_end(in, NOW, &id, &known, NULL), -1);
		assert_int_equal(id, 0);
		return w->err.fault;
	}
	assert_int_equal(store_intake_end(in, NOW, &id, &known, &w->err), -1);
	assert_int_equal(id, 0);
	return w->err.fault;
}

static void
test_full_disk_is_tried_again_later(void **state)
{
	struct world *w = *state;
	struct bytes small = noise(w, 300000, 1), large = noise(w, 3 * MIB, 2);
	struct store_case c = {.state = CASE_OPEN};
	bool known;
	int64_t id;

	arrive_text(w, 1, "before");
	limit_files(size_of(w->wal) + 100000);
	assert_int_equal(no_room(w, 2, small), FAULT_RETRY);
	assert_int_equal(no_room(w, 3, large), FAULT_RETRY);

	/* A stop that fails half-way leaves nothing, and blocks nothing. */
	begin(w);
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", 2026, &w->err));
	c.finder_key_blob = large;
	if (store_case_put(w->st, &c, &w->err) == 0)
		assert_fault(w, store_commit(w->st, &w->err), FAULT_RETRY);
	else
		assert_int_equal(w->err.fault, FAULT_RETRY);
	store_rollback(w->st);
	assert_int_equal(store_case_get(w, w->st, c.id, &c, &w->err), 0);

	/* What is there can be read, and what is small still written. */
	assert_int_equal(all_is_whole(w, 0), 1);
	limit_files(0);
	id = arrive(w, 3, large, 65536, &known);
	assert_false(known);
	assert_int_equal(all_is_whole(w, 0), id);
	/* The number that was not committed is given to the next. */
	new_case(w, NULL);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM casefile"
				 " WHERE number = 'PSIRT-2026-0001'"),
	    1);
	assert_int_equal(peek(w, "SELECT count(*) FROM letter"), 2);
	assert_int_equal(peek(w, "SELECT count(*) FROM pragma_integrity_check"
				 " WHERE integrity_check <> 'ok'"),
	    0);
}

/* The file itself may not grow: SQLite gives the transaction up by itself. */
static void
test_rolled_back_by_sqlite(void **state)
{
	struct world *w = *state;
	struct store_letter l;

	arrive_text(w, 1, "before");
	assert_int_equal(store_letter_get(w, w->st, 1, &l, &w->err), 1);
	limit_files(size_of(w->wal) + 50000);
	begin(w);
	assert_ok(w, store_letter_put(w->st, &l, l.state, &w->err));
	assert_int_equal(
	    store_opening_put(w->st, 1, noise(w, 20 * MIB, 1), &w->err), -1);
	assert_int_equal(w->err.fault, FAULT_RETRY);
	/* Nothing may be written any more as if the rest still stood. */
	assert_fault(
	    w, store_letter_put(w->st, &l, l.state, &w->err), FAULT_RETRY);
	assert_fault(w, store_commit(w->st, &w->err), FAULT_RETRY);
	store_rollback(w->st);
	limit_files(0);
	arrive_text(w, 2, "after");
	assert_int_equal(all_is_whole(w, 0), 2);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_killed_at_any_moment, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_killed_between_batches, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_full_disk_is_tried_again_later, full_setup, full_teardown),
	    cmocka_unit_test_setup_teardown(
		test_rolled_back_by_sqlite, full_setup, full_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
