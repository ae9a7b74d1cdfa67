/*
 * test_store_open.c - the file, its key, its transactions.
 */
#include "store_world.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "../../daemon/store/store_internal.h"

/* ---- the file ---- */

static int
mode_of(const char *path)
{
	struct stat info;

	assert_int_equal(stat(path, &info), 0);
	return info.st_mode & 07777;
}

static void
test_file_is_private(void **state)
{
	struct world *w = *state;

	arrive_text(w, 1, "x");
	assert_int_equal(mode_of(w->path), 0600);
	assert_int_equal(mode_of(w->wal), 0600);
	world_close(w);
	assert_int_equal(chmod(w->path, 0644), 0);
	world_open(w);
	assert_int_equal(mode_of(w->path), 0600);
}

static int64_t
pragma(struct store *st, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	assert_int_equal(
	    sqlite3_prepare_v2(st->db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	return value;
}

static void
test_pragmas_hold(void **state)
{
	struct world *w = *state;

	assert_int_equal(pragma(w->st, "PRAGMA synchronous"), 2);
	assert_int_equal(pragma(w->st, "PRAGMA secure_delete"), 1);
	assert_int_equal(pragma(w->st, "PRAGMA foreign_keys"), 1);
	assert_int_equal(
	    pragma(w->st, "SELECT count(*) FROM pragma_journal_mode"
			  " WHERE journal_mode = 'wal'"),
	    1);
	/* Every table is STRICT: a text never stands where a number should. */
	assert_int_equal(pragma(w->st, "SELECT count(*) FROM pragma_table_list"
				       " WHERE type = 'table' AND strict = 0"
				       " AND name NOT LIKE 'sqlite_%'"),
	    0);
}

static void
test_second_daemon_is_refused(void **state)
{
	struct world *w = *state;
	struct error err = {0};
	int status;
	pid_t pid;

	assert_null(store_open(w, w->path, &err));
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_non_null(strstr(err.text, "in use"));

	/* POSIX locks belong to a process: ask from another one, too. */
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(store_open(NULL, w->path, &err) == NULL &&
			      err.fault == FAULT_SETUP
			  ? 0
			  : 1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);

	/* The first one still writes, and its end frees the file. */
	arrive_text(w, 1, "x");
	world_close(w);
	world_open(w);
}

static void
test_newer_schema_is_refused(void **state)
{
	struct world *w = *state;

	world_close(w);
	tamper(w, "PRAGMA user_version = 99");
	refuse_open(w, "schema version 99");
	/* And left as it was. */
	assert_int_equal(peek(w, "PRAGMA user_version"), 99);
	assert_int_equal(peek(w, "SELECT count(*) FROM data_key"), 1);
}

static void
test_other_files_are_refused(void **state)
{
	struct world *w = *state;
	int fd;

	world_close(w);
	tamper(w, "PRAGMA application_id = 1");
	refuse_open(w, "another program");

	assert_int_equal(unlink(w->path), 0);
	tamper(w, "CREATE TABLE other (x)");
	refuse_open(w, "another program");
	assert_int_equal(peek(w, "SELECT count(*) FROM sqlite_schema"), 1);

	fd = open(w->path, O_WRONLY | O_TRUNC);
	assert_int_equal(write(fd, noise(w, 8192, 1).data, 8192), 8192);
	close(fd);
	refuse_open(w, "not a database");

	/* A folder that is not there. */
	assert_int_equal(unlink(w->path), 0);
	strcpy(strrchr(w->path, '/'), "/x/y");
	refuse_open(w, "cannot be opened");
}

/* ---- the key ---- */

static void
test_wrong_key_is_refused(void **state)
{
	struct world *w = *state;
	uint8_t other[STORE_KEY_BYTES];
	struct bytes wrapped;

	arrive_text(w, 1, "x");
	world_close(w);
	world_open_locked(w);
	assert_ok(w, store_wrapped_key(w, w->st, &wrapped, &w->err));
	assert_true(bytes_equal(wrapped, bytes_str("-----WRAPPED-----")));

	store_new_key(other);
	assert_memory_not_equal(other, w->key, sizeof(other));
	assert_fault(w, store_unlock(w->st, other, &w->err), FAULT_SETUP);
	memcpy(other, w->key, sizeof(other));
	other[31] ^= 1;
	assert_fault(w, store_unlock(w->st, other, &w->err), FAULT_SETUP);
	assert_ok(w, store_unlock(w->st, w->key, &w->err));
}

static void
test_key_is_kept_once(void **state)
{
	struct world *w = *state;

	assert_fault(w,
	    store_keep_key(w->st, bytes_str("other"), w->key, &w->err),
	    FAULT_DENIED);
}

static void
test_key_is_wrapped_anew(void **state)
{
	struct world *w = *state;
	uint8_t other[STORE_KEY_BYTES];
	struct bytes wrapped;

	assert_fault(w,
	    store_rewrap_key(w->st, bytes_str("new"), w->key, &w->err),
	    FAULT_BUG);
	store_new_key(other);
	begin(w);
	assert_fault(w,
	    store_rewrap_key(w->st, bytes_str("new"), other, &w->err),
	    FAULT_SETUP);
	assert_fault(
	    w, store_rewrap_key(w->st, BYTES_NONE, w->key, &w->err), FAULT_BUG);
	assert_ok(
	    w, store_rewrap_key(w->st, bytes_str("new"), w->key, &w->err));
	commit(w);
	world_close(w);
	world_open(w); /* the same key */
	assert_ok(w, store_wrapped_key(w, w->st, &wrapped, &w->err));
	assert_true(bytes_equal(wrapped, bytes_str("new")));
}

static void
test_new_database_has_no_key(void **state)
{
	struct world *w = *state;
	struct bytes wrapped;

	world_close(w);
	assert_int_equal(unlink(w->path), 0);
	world_open_locked(w);
	assert_ok(w, store_wrapped_key(w, w->st, &wrapped, &w->err));
	assert_null(wrapped.data);
	assert_fault(w, store_unlock(w->st, w->key, &w->err), FAULT_SETUP);
	assert_fault(
	    w, store_keep_key(w->st, BYTES_NONE, w->key, &w->err), FAULT_BUG);
}

static void
test_nothing_is_sealed_or_opened_while_locked(void **state)
{
	struct world *w = *state;
	struct store_case c = {.state = CASE_OPEN};
	struct store_letter letter;
	struct bytes bytes;
	int64_t id = arrive_text(w, 1, "x");

	new_case(w, "XYZ-100");
	world_close(w);
	world_open_locked(w);
	assert_null(
	    store_intake_begin(w, w->st, "INBOX", 7, 2, NOW, false, &w->err));
	assert_int_equal(w->err.fault, FAULT_SETUP);
	assert_fault(
	    w, store_letter_bytes(w, w->st, id, &bytes, &w->err), FAULT_SETUP);
	assert_fault(w, store_case_get(w, w->st, 1, &c, &w->err), FAULT_SETUP);
	/* Numbers, dates and states are plain. */
	assert_int_equal(store_letter_get(w, w->st, id, &letter, &w->err), 1);
	assert_int_equal(letter.size, 1);
}

/* ---- transactions ---- */

static void
test_changes_want_a_transaction(void **state)
{
	struct world *w = *state;
	struct store_mailbox mb = {.folder = "INBOX"};
	struct store_record r = {
	    .at = NOW, .what = RECORD_START, .actor = text("psirtd")};
	struct store_case c = {.state = CASE_OPEN};
	struct store_letter letter = {.id = 1};
	struct store_outmail m = {.id = 1, .to = text("a@example.org")};
	struct store_step step = {.id = 1};
	struct store_answer answer = {.id = 1};
	struct store_question question = {.id = 1};
	struct store_task task = {.id = 1};
	struct store_told told = {.id = 1};
	struct store_approval approval = {.outmail = 1};
	struct store_clock clock = {.id = 1};
	struct store_link link = {.from = 1, .to = 2};
	uint8_t digest[STORE_DIGEST_BYTES] = {0};
	size_t count;
	int64_t id;
	bool fresh;

#define REFUSED(call) assert_fault(w, call, FAULT_BUG)
	REFUSED(store_mailbox_put(w->st, &mb, &w->err));
	REFUSED(store_copy_moved(w->st, "INBOX", 7, 1, 1, &w->err));
	REFUSED(store_letter_put(w->st, &letter, 1, &w->err));
	REFUSED(store_opening_put(w->st, 1, bytes_str("x"), &w->err));
	REFUSED(store_report(w->st, digest, 1, &id, &fresh, &id, &w->err));
	REFUSED(store_report_case(w->st, 1, 1, &w->err));
	REFUSED(store_case_new(w, w->st, &c, "PSIRT", 2026, &w->err));
	REFUSED(store_case_put(w->st, &c, &w->err));
	REFUSED(store_case_ident_add(w->st, 1, 1, "x", &w->err));
	REFUSED(store_case_address_add(w->st, 1, "x", &w->err));
	REFUSED(store_message_id_add(w->st, "x", 1, 0, 0, &w->err));
	REFUSED(store_outmail_add(w->st, &m, &w->err));
	REFUSED(store_outmail_put(w->st, &m, 1, &w->err));
	REFUSED(store_outmail_wire_put(w->st, 1, bytes_str("x"), &w->err));
	REFUSED(store_record_add(w->st, &r, &w->err));
	REFUSED(store_alert_add(w->st, 1, 0, 0, NOW, &w->err));
	REFUSED(store_alert_done(w->st, 1, &w->err));
	REFUSED(store_case_advance(w->st, 1, true, &w->err));
	REFUSED(store_outmail_edit(w->st, 1, "x", "x", &w->err));
	REFUSED(store_outmail_bounced(w->st, 1, NOW, &w->err));
	REFUSED(store_flow_keep(w->st, 1, "x", &id, &w->err));
	REFUSED(store_memo_put(w->st, "x", 1, &w->err));
	REFUSED(store_step_add(w->st, &step, &w->err));
	REFUSED(store_step_put(w->st, &step, &w->err));
	REFUSED(store_answer_add(w->st, &answer, &w->err));
	REFUSED(store_answer_void(w->st, 1, &w->err));
	REFUSED(store_signature_use(w->st, digest, 1, &fresh, &w->err));
	REFUSED(store_question_add(w->st, &question, &w->err));
	REFUSED(store_question_put(w->st, &question, &w->err));
	REFUSED(store_task_add(w->st, &task, &w->err));
	REFUSED(store_task_done(w->st, 1, NOW, "alice", &w->err));
	REFUSED(store_told_add(w->st, &told, &w->err));
	REFUSED(store_approval_add(w->st, &approval, &w->err));
	REFUSED(store_approval_void(w->st, 1, &count, &w->err));
	REFUSED(store_clock_set(w->st, &clock, &w->err));
	REFUSED(store_clock_put(w->st, &clock, &w->err));
	REFUSED(store_clock_end(w->st, 1, NOW, &w->err));
	REFUSED(store_link_set(w->st, &link, &w->err));
	REFUSED(store_case_mark(w->st, 1, MARK_FILE, bytes_str("x"), &w->err));
	REFUSED(store_case_merge(w->st, 1, 2, NOW, &w->err));
	REFUSED(store_case_split(w->st, 1, &w->err));
	REFUSED(store_commit(w->st, &w->err));
	store_rollback(w->st); /* nothing happens outside one */

	/* And a transaction stands in no other. */
	begin(w);
	REFUSED(store_begin(w->st, &w->err));
	store_rollback(w->st);
	begin(w);
	commit(w);
}

static void
test_rollback_leaves_nothing(void **state)
{
	struct world *w = *state;
	struct store_mailbox mb = {.folder = "INBOX", .uidvalidity = 7};

	begin(w);
	assert_ok(w, store_mailbox_put(w->st, &mb, &w->err));
	store_rollback(w->st);
	assert_int_equal(store_mailbox_get(w, w->st, "INBOX", &mb, &w->err), 0);
}

/* What is open when the store is closed is undone, not committed. */
static void
test_close_commits_nothing(void **state)
{
	struct world *w = *state;
	struct store_mailbox mb = {.folder = "INBOX", .uidvalidity = 7};

	begin(w);
	assert_ok(w, store_mailbox_put(w->st, &mb, &w->err));
	world_close(w);
	world_open(w);
	assert_int_equal(store_mailbox_get(w, w->st, "INBOX", &mb, &w->err), 0);
}

/* ---- the mailbox ---- */

static void
test_mailbox_round_trips(void **state)
{
	struct world *w = *state;
	struct store_mailbox in = {"INBOX", 4294967295U, 12, NOW, 9};
	struct store_mailbox out;

	assert_int_equal(
	    store_mailbox_get(w, w->st, "INBOX", &out, &w->err), 0);
	for (int i = 0; i < 2; i++) {
		begin(w);
		in.after++;
		assert_ok(w, store_mailbox_put(w->st, &in, &w->err));
		commit(w);
	}
	assert_int_equal(
	    store_mailbox_get(w, w->st, "INBOX", &out, &w->err), 1);
	assert_string_equal(out.folder, "INBOX");
	assert_int_equal(out.uidvalidity, 4294967295U);
	assert_int_equal(out.after, 14);
	assert_int_equal(out.adopted, NOW);
	assert_int_equal(out.adopt_upto, 9);
	assert_int_equal(
	    store_mailbox_get(w, w->st, "Other", &out, &w->err), 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_file_is_private),
	    TEST(test_pragmas_hold),
	    TEST(test_second_daemon_is_refused),
	    TEST(test_newer_schema_is_refused),
	    TEST(test_other_files_are_refused),
	    TEST(test_wrong_key_is_refused),
	    TEST(test_key_is_kept_once),
	    TEST(test_key_is_wrapped_anew),
	    TEST(test_new_database_has_no_key),
	    TEST(test_nothing_is_sealed_or_opened_while_locked),
	    TEST(test_changes_want_a_transaction),
	    TEST(test_rollback_leaves_nothing),
	    TEST(test_close_commits_nothing),
	    TEST(test_mailbox_round_trips),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
