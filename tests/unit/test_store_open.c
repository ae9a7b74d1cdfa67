/*
 * test_store_open.c - the file, its key, its transactions, its migrations.
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
refuse_open(struct world *w, const char *why)
{
	error_clear(&w->err);
	assert_null(store_open(w, w->path, &w->err));
	assert_int_equal(w->err.fault, FAULT_SETUP);
	if (strstr(w->err.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", w->err.text, why);
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
	struct store_record r = {.at = NOW,
	    .what = RECORD_START,
	    .actor = (char *)(uintptr_t) "psirtd"};
	struct store_case c = {.state = CASE_OPEN};
	struct store_letter letter = {.id = 1};
	struct store_outmail m = {
	    .id = 1, .to = (char *)(uintptr_t) "a@example.org"};
	uint8_t digest[STORE_DIGEST_BYTES] = {0};
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

/* ---- migrations ---- */

#define NEXT(text) text "; PRAGMA user_version = 3;"

static const char version_next[] =
    NEXT("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT");
static const char version_next_broken[] =
    NEXT("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;"
	 "CREATE TABLE letter (id INTEGER)");

static void
test_old_database_is_brought_up_to_date(void **state)
{
	struct world *w = *state;
	const char *migrations[] = {
	    store_migrations[0], store_migrations[1], version_next};
	const char *broken[] = {
	    store_migrations[0], store_migrations[1], version_next_broken};
	int version = 0;

	assert_int_equal(store_migration_count, 2);
	/* One that fails half-way leaves the old version as it was. */
	assert_int_equal(store_migrate(w->st, broken, 3, &w->err), -1);
	assert_ok(w, store_schema_check(w->st, 3, &version, &w->err));
	assert_int_equal(version, 2);
	assert_int_equal(pragma(w->st, "SELECT count(*) FROM sqlite_schema"
				       " WHERE name = 'later'"),
	    0);

	assert_ok(w, store_migrate(w->st, migrations, 3, &w->err));
	assert_ok(w, store_schema_check(w->st, 3, &version, &w->err));
	assert_int_equal(version, 3);
	/* Twice is once. */
	assert_ok(w, store_migrate(w->st, migrations, 3, &w->err));
	/* And the older program refuses it from now on. */
	world_close(w);
	refuse_open(w, "schema version 3");
}

/* Every table, index and trigger as the file has it. */
static char *
schema(struct world *w)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	char *all;

	assert_null(w->st);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db,
		"SELECT group_concat(sql, ';') FROM (SELECT sql FROM"
		" sqlite_schema ORDER BY type, name)",
		-1, &stmt, NULL),
	    SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	all = talloc_strdup(w, (const char *)sqlite3_column_text(stmt, 0));
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return all;
}

/* A file that the first release wrote: 1 meant that a person had looked. */
static void
test_version_1_is_brought_up_to_date(void **state)
{
	struct world *w = *state;
	char *fresh;

	world_close(w);
	fresh = schema(w);
	unlink(w->path);
	unlink(w->wal);
	tamper(w, store_migrations[0]);
	assert_int_equal(peek(w, "PRAGMA user_version"), 1);
	tamper(w,
	    "INSERT INTO casefile (id, number, flow, state, phase, received,"
	    " filed, acknowledged, finder_key_confirmed, routed) VALUES"
	    " (1, 'PSIRT-2026-0001', 1, 1, 1, 5, 6, 7, 0, 0),"
	    " (2, 'PSIRT-2026-0002', 1, 1, 1, 5, 6, 7, 1, 0);"
	    "INSERT INTO letter (id, state, received, adopted, digest) VALUES"
	    " (1, 2, 5, 0, x'01'), (2, 3, 5, 0, x'02'), (3, 2, 5, 0, NULL)");
	world_open_locked(w);
	world_close(w);
	assert_int_equal(peek(w, "PRAGMA user_version"), store_migration_count);
	assert_string_equal(schema(w), fresh);
	assert_int_equal(
	    peek(w, "SELECT finder_key_standing FROM casefile WHERE id = 1"),
	    FINDER_KEY_KEPT);
	assert_int_equal(
	    peek(w, "SELECT finder_key_standing FROM casefile WHERE id = 2"),
	    FINDER_KEY_CONFIRMED);
	assert_int_equal(
	    peek(w, "SELECT acknowledged FROM casefile WHERE id = 2"), 7);
	/* Opened in the old format, filed, without bytes. */
	assert_int_equal(peek(w, "SELECT state FROM letter WHERE id = 1"), 1);
	assert_int_equal(peek(w, "SELECT state FROM letter WHERE id = 2"), 3);
	assert_int_equal(peek(w, "SELECT state FROM letter WHERE id = 3"), 2);
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
	    TEST(test_old_database_is_brought_up_to_date),
	    TEST(test_version_1_is_brought_up_to_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
