/*
 * store.c - opens the database, makes it safe to use, runs transactions.
 *
 * Takes a path, gives a struct store with every statement of the program
 * prepared.  Runs in the engine alone.  SQLite's own locks keep a second
 * daemon out: they belong to this process, are not inherited by a fork and
 * end with it, even by SIGKILL, so that nothing stale can stay behind.
 *
 * Knows neither what a letter nor what a case is: that is in the other files
 * of this folder, one for each family of tables.
 */
#include "store_internal.h"

#include <string.h>
#include <sys/stat.h>

#include <talloc.h>

#define MODE_PRIVATE 0600
#define BUSY_MS 1000

enum { CORE_BEGIN, CORE_COMMIT, CORE_ROLLBACK, CORE_NEXT_ID, CORE_STMT_COUNT };

static const char *const sql[CORE_STMT_COUNT] = {
    [CORE_BEGIN] = "BEGIN IMMEDIATE",
    [CORE_COMMIT] = "COMMIT",
    [CORE_ROLLBACK] = "ROLLBACK",
    [CORE_NEXT_ID] = "UPDATE sequence SET last = last + 1 WHERE name = ?"
		     " RETURNING last",
};

const struct store_sql store_core_sql = {sql, CORE_STMT_COUNT};

static const struct store_sql *const families[FAMILY_COUNT] = {
    [FAMILY_CORE] = &store_core_sql,
    [FAMILY_KEY] = &store_key_sql,
    [FAMILY_RENEW] = &store_renew_sql,
    [FAMILY_RENEW_LETTER] = &store_renew_letter_sql,
    [FAMILY_MAILBOX] = &store_mailbox_sql,
    [FAMILY_INTAKE] = &store_intake_sql,
    [FAMILY_LETTER] = &store_letter_sql,
    [FAMILY_CASE] = &store_case_sql,
    [FAMILY_KNOWN] = &store_known_sql,
    [FAMILY_OUTMAIL] = &store_outmail_sql,
    [FAMILY_RECORD] = &store_record_sql,
    [FAMILY_ALERT] = &store_alert_sql,
    [FAMILY_FLOW] = &store_flow_sql,
    [FAMILY_STEP] = &store_step_sql,
    [FAMILY_ANSWER] = &store_answer_sql,
    [FAMILY_DESK] = &store_desk_sql,
    [FAMILY_APPROVAL] = &store_approval_sql,
    [FAMILY_CLOCK] = &store_clock_sql,
    [FAMILY_LINK] = &store_link_sql,
    [FAMILY_EXPIRY] = &store_expiry_sql,
    [FAMILY_PIN] = &store_pin_sql,
    [FAMILY_INSPECT] = &store_inspect_sql,
    [FAMILY_PURGE] = &store_purge_sql,
};

/*
 * Each is set, then asked for: SQLite takes an unknown or refused pragma
 * without a word.
 */
static const struct pragma {
	const char *set, *get, *want;
} pragmas[] = {
    {"PRAGMA journal_mode = WAL", "PRAGMA journal_mode", "wal"},
    {"PRAGMA synchronous = FULL", "PRAGMA synchronous", "2"},
    {"PRAGMA foreign_keys = ON", "PRAGMA foreign_keys", "1"},
    {"PRAGMA secure_delete = ON", "PRAGMA secure_delete", "1"},
    {"PRAGMA temp_store = MEMORY", "PRAGMA temp_store", "2"},
    {"PRAGMA trusted_schema = OFF", "PRAGMA trusted_schema", "0"},
    /* REPLACE must not slip past the triggers that guard the record. */
    {"PRAGMA recursive_triggers = ON", "PRAGMA recursive_triggers", "1"},
    {"PRAGMA cell_size_check = ON", "PRAGMA cell_size_check", "1"},
    {"PRAGMA journal_size_limit = 67108864", "PRAGMA journal_size_limit",
	"67108864"},
};

int
store_sql_error(struct store *st, int rc, const char *what, struct error *err)
{
	enum fault fault;

	switch (rc & 0xff) {
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
	case SQLITE_FULL:
	case SQLITE_IOERR:
	case SQLITE_NOMEM:
	case SQLITE_INTERRUPT:
	case SQLITE_PROTOCOL:
		fault = FAULT_RETRY;
		break;
	case SQLITE_READONLY:
	case SQLITE_CANTOPEN:
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
		fault = FAULT_SETUP;
		break;
	case SQLITE_TOOBIG:
		fault = FAULT_INPUT;
		break;
	default:
		fault = FAULT_BUG;
	}
	return error_set(err, fault, "database: %s: %s", what,
	    st != NULL && st->db != NULL ? sqlite3_errmsg(st->db)
					 : sqlite3_errstr(rc));
}

static int
store_free(struct store *st)
{
	key_forget(st);
	for (int f = 0; f < FAMILY_COUNT; f++)
		for (int i = 0; st->stmts[f] && i < families[f]->count; i++)
			sqlite3_finalize(st->stmts[f][i]);
	/* Nothing is committed here: what is open is undone. */
	sqlite3_close(st->db);
	return 0;
}

/* The first column of the first row of a fixed statement. */
static int
ask(struct store *st, const char *text, char *to, size_t size,
    struct error *err)
{
	sqlite3_stmt *stmt = NULL;
	const char *value;
	int rc = sqlite3_prepare_v2(st->db, text, -1, &stmt, NULL);

	if (rc == SQLITE_OK)
		rc = sqlite3_step(stmt);
	if (rc != SQLITE_ROW) {
		store_sql_error(st, rc, text, err);
		sqlite3_finalize(stmt);
		return -1;
	}
	value = (const char *)sqlite3_column_text(stmt, 0);
	sqlite3_snprintf((int)size, to, "%s", value != NULL ? value : "");
	sqlite3_finalize(stmt);
	return 0;
}

static int
set_pragmas(struct store *st, struct error *err)
{
	char got[32];

	for (size_t i = 0; i < sizeof(pragmas) / sizeof(pragmas[0]); i++) {
		const struct pragma *p = &pragmas[i];
		int rc = sqlite3_exec(st->db, p->set, NULL, NULL, NULL);

		if (rc != SQLITE_OK)
			return store_sql_error(st, rc, p->set, err);
		if (ask(st, p->get, got, sizeof(got), err) != 0)
			return -1;
		if (strcmp(got, p->want) != 0)
			return error_set(err, FAULT_SETUP,
			    "database: %s gave %s", p->set, got);
	}
	return 0;
}

/* What a file may not talk SQLite into. */
static int
set_limits(struct store *st, struct error *err)
{
	static const struct {
		int option, value;
	} options[] = {
	    {SQLITE_DBCONFIG_DEFENSIVE, 1},
	    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
	    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
	    {SQLITE_DBCONFIG_DQS_DML, 0},
	    {SQLITE_DBCONFIG_DQS_DDL, 0},
	    {SQLITE_DBCONFIG_ENABLE_FKEY, 1},
	};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		int now = -1;
		int rc = sqlite3_db_config(
		    st->db, options[i].option, options[i].value, &now);

		if (rc != SQLITE_OK || now != options[i].value)
			return store_sql_error(st, rc, "options", err);
	}
	sqlite3_extended_result_codes(st->db, 1);
	sqlite3_limit(st->db, SQLITE_LIMIT_ATTACHED, 0);
	return 0;
}

static int
prepare_all(struct store *st, struct error *err)
{
	for (int f = 0; f < FAMILY_COUNT; f++) {
		int count = families[f]->count;

		st->stmts[f] = talloc_zero_array(st, sqlite3_stmt *, count);
		if (st->stmts[f] == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		for (int i = 0; i < count; i++) {
			int rc = sqlite3_prepare_v3(st->db,
			    families[f]->text[i], -1, SQLITE_PREPARE_PERSISTENT,
			    &st->stmts[f][i], NULL);

			if (rc != SQLITE_OK)
				return store_sql_error(
				    st, rc, families[f]->text[i], err);
		}
	}
	return 0;
}

/* Opens the file alone: nothing is read from it yet. */
static int
open_file(struct store *st, const char *path, int create, struct error *err)
{
	mode_t mask = umask(0777 & ~MODE_PRIVATE);
	struct stat info;
	int rc;

	rc = sqlite3_open_v2(
	    path, &st->db, SQLITE_OPEN_READWRITE | create, NULL);
	umask(mask);
	if (rc != SQLITE_OK)
		return store_sql_error(st, rc, "it cannot be opened", err);
	if (sqlite3_db_readonly(st->db, "main") != 0)
		return error_set(err, FAULT_SETUP, "it cannot be written");
	/*
	 * By name, not by descriptor: closing a descriptor of this file would
	 * drop every lock SQLite holds on it (POSIX, fcntl(2)).
	 */
	if (stat(path, &info) != 0)
		return error_errno(err, FAULT_SETUP, "stat");
	if ((info.st_mode & 0777 & ~MODE_PRIVATE) != 0 &&
	    chmod(path, MODE_PRIVATE) != 0)
		return error_errno(err, FAULT_SETUP, "it is open to others");
	return set_limits(st, err);
}

/*
 * Takes the file for this process alone.  With exclusive locking WAL needs no
 * shared memory file either.  For a moment two starts may both see the file
 * free; then one of them, or both, are refused by the next lock.
 */
static int
take_file(struct store *st, struct error *err)
{
	char text[32];
	int rc;

	if (ask(st, "PRAGMA locking_mode = EXCLUSIVE", text, sizeof(text),
		err) != 0)
		return -1;
	rc = sqlite3_exec(st->db, "BEGIN IMMEDIATE; COMMIT", NULL, NULL, NULL);
	if ((rc & 0xff) == SQLITE_BUSY)
		return error_set(
		    err, FAULT_SETUP, "it is in use by another process");
	if (rc != SQLITE_OK)
		return store_sql_error(st, rc, "it cannot be taken", err);
	return 0;
}

static int
store_start(struct store *st, const char *path, struct error *err)
{
	/* The schema is looked at before anything is written to the file. */
	if (open_file(st, path, SQLITE_OPEN_CREATE, err) != 0 ||
	    take_file(st, err) != 0 ||
	    store_schema_check(st, store_migration_count, NULL, err) != 0 ||
	    set_pragmas(st, err) != 0 ||
	    store_migrate(st, store_migrations, store_migration_count, err) !=
		0 ||
	    prepare_all(st, err) != 0)
		return error_prefix(err, "%s", path);
	sqlite3_busy_timeout(st->db, BUSY_MS);
	if (store_intake_sweep(st, err) != 0)
		return -1;
	/* After a kill: what was purged or sealed anew stays in no log. */
	sqlite3_wal_checkpoint_v2(
	    st->db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
	return 0;
}

static int
store_start_look(struct store *st, const char *path, struct error *err)
{
	int version = 0;

	if (open_file(st, path, 0, err) != 0 || take_file(st, err) != 0 ||
	    store_schema_check(st, store_migration_count, &version, err) != 0)
		return error_prefix(err, "%s", path);
	if (version != store_migration_count)
		return error_set(err, FAULT_SETUP,
		    "%s: it has schema version %d, this program looks at %d: "
		    "start psirtd on it once",
		    path, version, store_migration_count);
	if (sqlite3_exec(st->db, "PRAGMA query_only = ON", NULL, NULL, NULL) !=
		SQLITE_OK ||
	    prepare_all(st, err) != 0)
		return error_prefix(err, "%s", path);
	return 0;
}

static int
store_start_copy(struct store *st, const char *name, struct error *err)
{
	int version = 0;
	int rc = sqlite3_open_v2(name, &st->db, SQLITE_OPEN_READONLY, st->vfs);

	if (rc != SQLITE_OK)
		return store_sql_error(st, rc, "it cannot be opened", err);
	if (set_limits(st, err) != 0 ||
	    store_schema_check(st, store_migration_count, &version, err) != 0)
		return -1;
	if (version != store_migration_count)
		return error_set(err, FAULT_BUG, "its schema is another");
	return prepare_all(st, err);
}

typedef int store_starter(
    struct store *st, const char *path, struct error *err);

static struct store *
store_new(const void *ctx, const char *path, const char *vfs,
    store_starter *start, struct error *err)
{
	struct store *st = talloc_zero(ctx, struct store);

	if (st == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	st->vfs = vfs;
	talloc_set_destructor(st, store_free);
	if (sodium_init() < 0) {
		error_set(err, FAULT_SETUP, "libsodium does not start");
		talloc_free(st);
		return NULL;
	}
	if (start(st, path, err) != 0) {
		talloc_free(st);
		return NULL;
	}
	return st;
}

struct store *
store_open(const void *ctx, const char *path, struct error *err)
{
	return store_new(ctx, path, NULL, store_start, err);
}

struct store *
store_look(const void *ctx, const char *path, struct error *err)
{
	return store_new(ctx, path, NULL, store_start_look, err);
}

struct store *
store_look_copy(
    const void *ctx, const char *name, const char *vfs, struct error *err)
{
	return store_new(ctx, name, vfs, store_start_copy, err);
}

/* ---- transactions ---- */

static int
core_run(struct store *st, int statement, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_CORE, statement, err);
	return query_run(&q);
}

int
store_begin(struct store *st, struct error *err)
{
	if (st->begun)
		return error_set(
		    err, FAULT_BUG, "a transaction inside a transaction");
	if (core_run(st, CORE_BEGIN, err) != 0)
		return -1;
	st->begun = true;
	return 0;
}

int
store_commit(struct store *st, struct error *err)
{
	if (store_writing(st, err) != 0 || core_run(st, CORE_COMMIT, err) != 0)
		return -1;
	st->begun = false;
	return 0;
}

void
store_rollback(struct store *st)
{
	/* SQLite may have rolled back by itself (disk full, I/O error). */
	if (st->begun && !sqlite3_get_autocommit(st->db))
		core_run(st, CORE_ROLLBACK, NULL);
	st->begun = false;
}

int
store_writing(const struct store *st, struct error *err)
{
	if (!st->begun)
		return error_set(
		    err, FAULT_BUG, "a change outside of a transaction");
	if (sqlite3_get_autocommit(st->db))
		return error_set(err, FAULT_RETRY,
		    "database: the transaction was rolled back");
	return 0;
}

int
store_next_id(
    struct store *st, const char *table, int64_t *id, struct error *err)
{
	struct query q;
	int found;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CORE, CORE_NEXT_ID, err);
	query_text(&q, table);
	found = query_next(&q);
	if (found == 1)
		*id = query_get_int(&q);
	if (found == 0)
		query_fail(&q, FAULT_BUG, "a table without a counter");
	return query_end(&q);
}

void
store_digest(struct bytes data, uint8_t digest[STORE_DIGEST_BYTES])
{
	crypto_hash_sha256(digest, data.data, data.len);
}
