/*
 * test_control_backup.c - backup into a passed file, turn by turn; what else
 * keeps the database: queue release, purge.
 */
#include "control_world.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "../../daemon/control/request.h"
#include "psirtd/store_keep.h"

#define LINE "{\"version\":1,\"args\":[\"backup\"]}\n"

static void
pass(int to, const char *line, int file)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} passed = {0};
	struct iovec text = {
	    .iov_base = (void *)(uintptr_t)line, .iov_len = strlen(line)};
	struct msghdr message = {.msg_iov = &text,
	    .msg_iovlen = 1,
	    .msg_control = &passed,
	    .msg_controllen = sizeof(passed)};

	passed.header.cmsg_level = SOL_SOCKET;
	passed.header.cmsg_type = SCM_RIGHTS;
	passed.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&passed.header), &file, sizeof(int));
	assert_int_equal(sendmsg(to, &message, 0), strlen(line));
}

/* Asks for a backup into this file; *longest: of its turns. */
static json_t *
backup(struct desk_world *w, int file, int64_t *longest)
{
	struct buf *in = buf_new(w, 1 << 20);
	int fd = client_connect(w);
	json_t *root;

	*longest = 0;
	pass(fd, LINE, file);
	for (int i = 0; i < 100000 && !client_take(fd, in); i++) {
		int64_t ms = turn(w, 10);

		*longest = ms > *longest ? ms : *longest;
	}
	close(fd);
	root = json_loadb((char *)in->data, in->len, 0, NULL);
	assert_non_null(root);
	talloc_free(in);
	turn(w, 0);
	return root;
}

static int
new_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	return fd;
}

static void
test_backup_turn_by_turn(void **state)
{
	struct desk_world *w = *state;
	char path[96];
	int64_t longest, lines;
	struct store *copy;
	char *head = NULL;
	json_t *root;
	int file;

	snprintf(path, sizeof(path), "%s.copy", w->path);
	for (int i = 0; i < 300; i++)
		add_case(w, 2, 2026);
	file = new_file(path);
	root = backup(w, file, &longest);
	close(file);
	assert_int_equal(exit_of(root), 0);
	assert_int_equal(last_line(w).what, RECORD_BACKUP);
	/* CONTROL_TURN_MS, and what a busy machine adds. */
	assert_true(longest < 10 * CONTROL_TURN_MS);
	copy = store_look(w, path, &w->err);
	assert_non_null(copy);
	assert_ok(w, store_check(copy, &w->err));
	assert_ok(w, store_record_verify(w, copy, &lines, &head, &w->err));
	assert_string_equal(head, text_at(data_of(root), "head"));
	assert_int_equal(lines, last_line(w).id);
	talloc_free(copy);
	json_decref(root);
	unlink(path);
}

/* It has a share of the time: a turn in its rest gives it nothing. */
static void
test_backup_rests(void **state)
{
	struct desk_world *w = *state;
	struct buf *in = buf_new(w, 1 << 20);
	char path[96];
	struct stat before, after;
	int fd, file, rests = 0;

	snprintf(path, sizeof(path), "%s.copy", w->path);
	for (int i = 0; i < 12000; i++)
		add_case(w, 2, 2026);
	file = new_file(path);
	fd = client_connect(w);
	pass(fd, LINE, file);
	for (int64_t lines = last_line(w).id; last_line(w).id == lines;)
		turn(w, 10);
	while (!client_take(fd, in)) {
		int64_t rest = control_wait_ms(w->c);

		assert_int_equal(fstat(file, &before), 0);
		if (rest > 2) {
			turn(w, 0);
			assert_int_equal(fstat(file, &after), 0);
			rests += before.st_size == after.st_size;
		} else {
			turn(w, 10);
		}
	}
	assert_true(rests > 2);
	close(fd);
	close(file);
	unlink(path);
	talloc_free(in);
	turn(w, 0);
}

static void
test_backup_wants_a_new_file(void **state)
{
	struct desk_world *w = *state;
	int64_t before = last_line(w).id, longest;
	char path[96];
	int file;

	assert_refused(ask(w, "backup"), 2, "opened by psirt");
	snprintf(path, sizeof(path), "%s.copy", w->path);
	file = new_file(path);
	assert_int_equal(write(file, "x", 1), 1);
	assert_refused(backup(w, file, &longest), 1, "a new file");
	close(file);
	unlink(path);
	assert_int_equal(last_line(w).id, before);
}

static int
open_files(void)
{
	int n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

/* As many as there is room for: none stays open. */
static void
test_many_files_at_once(void **state)
{
	struct desk_world *w = *state;
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(4 * sizeof(int))];
	} passed = {0};
	struct iovec text = {
	    .iov_base = (void *)(uintptr_t)LINE, .iov_len = strlen(LINE)};
	struct msghdr message = {.msg_iov = &text,
	    .msg_iovlen = 1,
	    .msg_control = &passed,
	    .msg_controllen = sizeof(passed)};
	int files[] = {0, 0, 0, 0};
	int before = open_files();
	int fd;

	passed.header.cmsg_level = SOL_SOCKET;
	passed.header.cmsg_type = SCM_RIGHTS;
	passed.header.cmsg_len = CMSG_LEN(sizeof(files));
	memcpy(CMSG_DATA(&passed.header), files, sizeof(files));
	for (int i = 0; i < 3; i++) {
		fd = client_connect(w);
		assert_int_equal(sendmsg(fd, &message, 0), strlen(LINE));
		for (int k = 0; k < 10; k++)
			turn(w, 0);
		close(fd);
		turn(w, 10);
		turn(w, 0);
	}
	assert_int_equal(open_files(), before);
}

/* With a question that has not ended, and a file. */
static int
taken_with(struct desk_world *w, int file)
{
	int before = open_files();
	int fd = client_connect(w);
	int n;

	pass(fd, "{", file);
	for (int i = 0; i < 5; i++)
		turn(w, 1);
	n = open_files() - before;
	close(fd);
	for (int i = 0; i < 5; i++)
		turn(w, 1);
	assert_int_equal(open_files(), before);
	return n;
}

/* A viewer's file is not even taken. */
static void
test_backup_is_no_viewers(void **state)
{
	struct desk_world *w = *state;
	struct operator* who =(struct operator*)(uintptr_t)
	    settings_operator(&w->s, getuid());
	int64_t longest;
	char path[96];
	int file;

	snprintf(path, sizeof(path), "%s.copy", w->path);
	file = new_file(path);
	who->role = OPERATOR_VIEWER;
	assert_refused(backup(w, file, &longest), 1, "needs the role");
	assert_int_equal(taken_with(w, file), 2); /* both ends */
	who->role = OPERATOR_OPERATOR;
	assert_int_equal(taken_with(w, file), 3);
	who->role = OPERATOR_LEAD;
	close(file);
	unlink(path);
}

static void
test_release(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	struct store_outmail m = {.kind = MAIL_OVERVIEW,
	    .state = OUTMAIL_APPROVED,
	    .casefile = id,
	    .message_id = (char *)(uintptr_t) "m@vendor.example",
	    .from = (char *)(uintptr_t) "psirt@vendor.example",
	    .to = (char *)(uintptr_t) "akira@vendor.example",
	    .subject = (char *)(uintptr_t) "subject",
	    .body = (char *)(uintptr_t) "body"};
	int64_t since = -1;
	char mail[24];

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	snprintf(mail, sizeof(mail), "%lld", (long long)m.id);
	assert_refused(ask(w, "queue", "release"), 1, "mails leave");
	assert_refused(ask(w, "queue", "drop", mail), 1, "is approved");
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_memo_put(w->st, MEMO_RESTORED, 1, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	/* It may have left before: it can be dropped before it does again. */
	assert_done(ask(w, "queue", "drop", mail));
	assert_done(ask(w, "queue", "release"));
	assert_int_equal(last_line(w).what, RECORD_RELEASED);
	assert_ok(w, store_memo_get(w->st, MEMO_RESTORED, &since, &w->err));
	assert_int_equal(since, 0);
	assert_refused(ask(w, "queue", "release"), 1, "released");
}

static void
test_purge(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	struct store_case c;
	json_t *root;

	w->s.retention_years = 1;
	add_case(w, 2, 2026);
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.state = CASE_CLOSED;
	c.closed = clock_years(clock_now(), -2);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	for (int i = 0; i < 3; i++) {
		static const struct {
			const char *word;
			size_t cases;
		} rows[] = {{"--dry-run", 1}, {"--", 1}, {"--", 0}};

		root = ask(w, rows[i].word, "purge");
		assert_int_equal(
		    json_array_size(json_object_get(data_of(root), "cases")),
		    rows[i].cases);
		json_decref(root);
		if (i == 1) {
			assert_int_equal(last_line(w).what, RECORD_PURGED);
			assert_int_equal(last_line(w).casefile, id);
			assert_int_equal(last_line(w).code, 0);
		}
	}
}

static size_t
letters_left(struct desk_world *w, int64_t first, size_t n)
{
	struct store_letter l = {0};
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		assert_int_equal(
		    store_letter_get(w, w->st, first + (int64_t)i, &l, &w->err),
		    1);
		left += l.subject != NULL;
	}
	return left;
}

static void
set_state(struct desk_world *w, int64_t id, uint32_t state)
{
	struct store_case c;

	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.state = state;
	c.closed = RECEIVED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
}

/* Between two turns somebody writes to it, or a person opens it again. */
static void
test_purge_of_a_case_opened_again(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026), first = 0;
	struct buf *in = buf_new(w, 1 << 20);
	const size_t n = 400;
	size_t left = n;
	int fd;

	w->s.retention_years = (unsigned)-1; /* all that is a year to come */
	for (size_t i = 0; i < n; i++) {
		int64_t letter =
		    add_letter(w, "a letter", LETTER_FILED, REASON_NONE, id);

		first = first == 0 ? letter : first;
	}
	set_state(w, id, CASE_CLOSED);
	fd = client_connect(w);
	client_send(fd, "{\"version\":1,\"args\":[\"purge\"]}\n");
	while (left == n && !client_take(fd, in)) {
		turn(w, 10);
		left = letters_left(w, first, n);
	}
	assert_in_range(left, 1, n - 1);
	set_state(w, id, CASE_OPEN);
	while (!client_take(fd, in))
		turn(w, 10);
	close(fd);
	turn(w, 0);
	assert_int_equal(letters_left(w, first, n), left);
	assert_int_not_equal(last_line(w).casefile, id);
	talloc_free(in);
}

/* Its line stands with its last piece, and nothing in the WAL. */
static void
test_purge_of_a_letter_of_none(void **state)
{
	struct desk_world *w = *state;
	int64_t letter =
	    add_letter(w, "an advert", LETTER_SET_ASIDE, REASON_NONE, 0);
	char *wal = talloc_asprintf(w, "%s-wal", w->path);
	struct stat info;
	json_t *root;

	w->s.retention_years = (unsigned)-1; /* all that is a year to come */
	root = ask(w, "purge");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "letters")), 1);
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_PURGED);
	assert_int_equal(last_line(w).letter, letter);
	assert_int_equal(stat(wal, &info), 0);
	assert_int_equal(info.st_size, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_backup_turn_by_turn),
	    TEST(test_backup_rests),
	    TEST(test_backup_wants_a_new_file),
	    TEST(test_backup_is_no_viewers),
	    TEST(test_many_files_at_once),
	    TEST(test_release),
	    TEST(test_purge),
	    TEST(test_purge_of_a_case_opened_again),
	    TEST(test_purge_of_a_letter_of_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
