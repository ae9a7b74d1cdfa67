/*
 * test_store_backup.c - a copy of the database while it is written to, and
 * whether a file is whole.
 */
#include "store_world.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "psirtd/store_keep.h"

#define LINES 900 /* some hundred pages */

struct copied {
	char path[80];
	int fd;
};

static void
copy_open(struct world *w, struct copied *c)
{
	snprintf(c->path, sizeof(c->path), "%s/copy.db", w->folder);
	c->fd = open(c->path, O_CREAT | O_EXCL | O_RDWR | O_CLOEXEC, 0600);
	assert_true(c->fd >= 0);
}

static void
copy_end(struct copied *c)
{
	if (c->fd >= 0)
		close(c->fd);
	unlink(c->path);
}

/* Lines of the record, with notes that are looked for later. */
static void
fill(struct world *w, uint32_t n)
{
	char note[512];

	memset(note, 'n', sizeof(note));
	note[sizeof(note) - 1] = '\0';
	begin(w);
	for (uint32_t i = 0; i < n; i++)
		assert_ok(w, store_record_add(w->st,
				 &(struct store_record){.at = NOW,
				     .what = RECORD_MAIL_SENT,
				     .actor = text("psirtd"),
				     .code = 250,
				     .note = note},
				 &w->err));
	commit(w);
}

/* Backs up; `meanwhile` lines are added between any two turns, up to 300. */
static struct store_walk
copy(struct world *w, struct copied *c, bool meanwhile)
{
	struct store_backup *b = store_backup_begin(w, w->st, c->fd, &w->err);
	struct store_walk head;
	unsigned turns = 0;
	bool done = false;

	assert_non_null(b);
	while (!done) {
		assert_ok(w, store_backup_turn(b, &done, &w->err));
		if (meanwhile && !done && turns < 300)
			fill(w, 1);
		turns++;
		assert_true(turns < 100000);
	}
	assert_true(turns > 10);
	head = *store_backup_head(b);
	talloc_free(b);
	close(c->fd);
	c->fd = -1;
	return head;
}

/* The copy as a store of its own: whole, and opened by the same key. */
static int64_t
copy_lines(struct world *w, const struct copied *c)
{
	struct store *st = store_look(w, c->path, &w->err);
	struct store_record *list = NULL;
	int64_t lines = 0;
	char *head = NULL;
	size_t n = 0;

	if (st == NULL)
		fail_msg("%s", w->err.text);
	assert_ok(w, store_check(st, &w->err));
	assert_ok(w, store_unlock(st, w->key, &w->err));
	assert_ok(w, store_record_verify(w, st, &lines, &head, &w->err));
	assert_ok(
	    w, store_record_list(w, st, 0, lines - 1, 2, &list, &n, &w->err));
	assert_int_equal(n, 1);
	assert_non_null(list[0].note);
	assert_int_equal(strlen(list[0].note), 511);
	talloc_free(st);
	return lines;
}

static void
test_copy_is_the_database(void **state)
{
	struct world *w = *state;
	struct store_walk head;
	char *now_head = NULL;
	int64_t lines = 0;
	struct copied c;

	fill(w, LINES);
	copy_open(w, &c);
	head = copy(w, &c, false);
	assert_int_equal(head.lines, LINES);
	assert_ok(w, store_record_verify(w, w->st, &lines, &now_head, &w->err));
	assert_string_equal(
	    bytes_hex(w, bytes_of(head.link, sizeof(head.link))), now_head);
	assert_int_equal(copy_lines(w, &c), LINES);
	copy_end(&c);
}

static void
test_copy_while_written(void **state)
{
	struct world *w = *state;
	struct store_walk head;
	struct copied c;
	int64_t lines;

	fill(w, LINES);
	copy_open(w, &c);
	head = copy(w, &c, true);
	lines = copy_lines(w, &c);
	assert_int_equal(head.lines, lines);
	/* What came before the last page was copied stands in the copy. */
	assert_true(lines > LINES + 5);
	copy_end(&c);
}

/* No file beside it, and none is needed to look into it. */
static void
test_copy_stands_alone(void **state)
{
	struct world *w = *state;
	char beside[96];
	struct copied c;
	uint8_t versions[2];
	int fd;

	fill(w, LINES);
	copy_open(w, &c);
	copy(w, &c, true);
	snprintf(beside, sizeof(beside), "%s-wal", c.path);
	assert_int_equal(access(beside, F_OK), -1);
	snprintf(beside, sizeof(beside), "%s-journal", c.path);
	assert_int_equal(access(beside, F_OK), -1);
	fd = open(c.path, O_RDONLY);
	assert_int_equal(pread(fd, versions, 2, 18), 2);
	close(fd);
	assert_int_equal(versions[0], 1);
	assert_int_equal(versions[1], 1);
	copy_end(&c);
}

static void
test_begun_and_left(void **state)
{
	struct world *w = *state;
	struct store_backup *b;
	bool done = false;
	struct copied c;

	fill(w, LINES);
	copy_open(w, &c);
	b = store_backup_begin(w, w->st, c.fd, &w->err);
	assert_non_null(b);
	assert_ok(w, store_backup_turn(b, &done, &w->err));
	assert_false(done);
	talloc_free(b);
	/* The database goes on; half a copy is none. */
	fill(w, 3);
	error_clear(&w->err);
	assert_null(store_look(w, c.path, &w->err));
	copy_end(&c);
}

static void
test_only_a_new_file(void **state)
{
	struct world *w = *state;
	struct copied c;
	int ends[2];

	copy_open(w, &c);
	assert_int_equal(write(c.fd, "x", 1), 1);
	assert_null(store_backup_begin(w, w->st, c.fd, &w->err));
	assert_int_equal(w->err.fault, FAULT_DENIED);
	assert_int_equal(pipe(ends), 0);
	assert_null(store_backup_begin(w, w->st, ends[1], &w->err));
	close(ends[0]);
	close(ends[1]);
	assert_int_equal(ftruncate(c.fd, 0), 0);
	close(c.fd);
	c.fd = open(c.path, O_WRONLY);
	assert_null(store_backup_begin(w, w->st, c.fd, &w->err));
	copy_end(&c);
}

/* A page turned to zeros anywhere in the second half shows. */
static void
test_damage_shows(void **state)
{
	struct world *w = *state;
	static const char zeros[4096];
	struct stat info;
	struct copied c;
	struct store *st;
	int fd;

	fill(w, LINES);
	copy_open(w, &c);
	copy(w, &c, false);
	fd = open(c.path, O_RDWR);
	assert_int_equal(fstat(fd, &info), 0);
	assert_int_equal(pwrite(fd, zeros, sizeof(zeros),
			     (info.st_size / 4096 * 3 / 4) * 4096),
	    sizeof(zeros));
	close(fd);
	st = store_look(w, c.path, &w->err);
	assert_non_null(st);
	error_clear(&w->err);
	assert_int_equal(store_check(st, &w->err), -1);
	talloc_free(st);
	copy_end(&c);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_copy_is_the_database, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_copy_while_written, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_copy_stands_alone, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_begun_and_left, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_only_a_new_file, world_setup, world_teardown),
	    cmocka_unit_test_setup_teardown(
		test_damage_shows, world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
