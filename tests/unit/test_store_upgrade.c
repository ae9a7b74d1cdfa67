/*
 * test_store_upgrade.c - a file of an older release is brought up to date.
 */
#include "store_world.h"

#include "../../daemon/store/store_internal.h"

#define NEXT(text) text "; PRAGMA user_version = 7;"

static const char version_next[] =
    NEXT("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT");
static const char version_next_broken[] =
    NEXT("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT;"
	 "CREATE TABLE letter (id INTEGER)");

static void
test_old_database_is_brought_up_to_date(void **state)
{
	struct world *w = *state;
	const char *migrations[] = {store_migrations[0], store_migrations[1],
	    store_migrations[2], store_migrations[3], store_migrations[4],
	    store_migrations[5], version_next};
	const char *broken[] = {store_migrations[0], store_migrations[1],
	    store_migrations[2], store_migrations[3], store_migrations[4],
	    store_migrations[5], version_next_broken};
	int version = 0;

	assert_int_equal(store_migration_count, 6);
	/* One that fails half-way leaves the old version as it was. */
	assert_int_equal(store_migrate(w->st, broken, 7, &w->err), -1);
	assert_ok(w, store_schema_check(w->st, 7, &version, &w->err));
	assert_int_equal(version, 6);
	world_close(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM sqlite_schema"
				 " WHERE name = 'later'"),
	    0);

	world_open_locked(w);
	assert_ok(w, store_migrate(w->st, migrations, 7, &w->err));
	assert_ok(w, store_schema_check(w->st, 7, &version, &w->err));
	assert_int_equal(version, 7);
	/* Twice is once. */
	assert_ok(w, store_migrate(w->st, migrations, 7, &w->err));
	/* And the older program refuses it from now on. */
	world_close(w);
	refuse_open(w, "schema version 7");
}

/* The texts of releases, as they were: a changed one would leave databases
 * that differ from what this program expects. */
static void
test_released_versions_never_change(void **state)
{
	static const char *const released[] = {
	    "32352de7a87ccc58f6e7e3de320de3d4db9fbc81b9bf9541d6636d8ae479c703",
	    "3442adce2a820c6c7fe6f5fc1b729e15c130cc7ea34406a7f4a4afba0f820f95",
	    "80f77076dc031f503d88d7d5b8d9d94e356d81fc4fe57840635ac86e9a67ed79",
	};
	uint8_t digest[STORE_DIGEST_BYTES];

	for (size_t i = 0; i < sizeof(released) / sizeof(released[0]); i++) {
		store_digest(bytes_str(store_migrations[i]), digest);
		assert_string_equal(
		    bytes_hex(*state, bytes_of(digest, sizeof(digest))),
		    released[i]);
	}
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

/* A file of the second release, with a mail, a report and its key in it. */
static void
test_version_2_is_brought_up_to_date(void **state)
{
	struct world *w = *state;
	struct store_letter l;
	struct store_case c;
	char *fresh;

	world_close(w);
	fresh = schema(w);
	unlink(w->path);
	unlink(w->wal);
	tamper(w, store_migrations[0]);
	tamper(w, store_migrations[1]);
	assert_int_equal(peek(w, "PRAGMA user_version"), 2);
	tamper(w,
	    "INSERT INTO casefile (id, number, flow, state, phase, received,"
	    " filed, acknowledged, finder_key_standing, routed) VALUES"
	    " (1, 'PSIRT-2026-0001', 2, 1, 1, 5, 6, 7, 0, 2),"
	    " (2, 'PSIRT-2026-0002', 1, 3, 1, 5, 6, 7, 1, 0);"
	    "INSERT INTO case_number (year, last) VALUES (2026, 2);"
	    "UPDATE sequence SET last = 2 WHERE name = 'casefile';"
	    "INSERT INTO letter (id, state, received, adopted, digest, "
	    "casefile)"
	    " VALUES (1, 3, 5, 0, NULL, 1);"
	    "INSERT INTO outmail (id, kind, state, casefile, letter, made,"
	    " not_before, sent, tries, smtp_code, encrypt, with_files,"
	    " automatic, lookup) VALUES (1, 1, 6, 1, 1, 5, 0, 8, 1, 250, 1, 0,"
	    " 1, x'01')");
	world_open_locked(w);
	world_close(w);
	assert_int_equal(peek(w, "PRAGMA user_version"), store_migration_count);
	assert_string_equal(schema(w), fresh);
	assert_int_equal(
	    peek(w, "SELECT count(*) FROM pragma_foreign_key_check"), 0);

	/* An open case is looked at, and has no flow yet; the rest is as it
	 * was. */
	world_open_locked(w);
	assert_ok(w, store_keep_key(w->st, bytes_str("w"), w->key, &w->err));
	assert_ok(w, store_unlock(w->st, w->key, &w->err));
	assert_int_equal(store_case_get(w, w->st, 1, &c, &w->err), 1);
	assert_int_equal(c.routed, 2);
	assert_int_equal(c.advance, 1);
	assert_int_equal(c.flow_file, 0);
	assert_int_equal(c.channel, CHANNEL_OWN);
	assert_int_equal(c.merged_into, 0);
	assert_null(c.owner);
	assert_int_equal(store_case_get(w, w->st, 2, &c, &w->err), 1);
	assert_int_equal(c.advance, 0);
	assert_int_equal(c.finder_key_standing, FINDER_KEY_BOUND);
	assert_int_equal(store_letter_get(w, w->st, 1, &l, &w->err), 1);
	assert_int_equal(l.casefile, 1);
	assert_int_equal(new_case(w, NULL), 3);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_old_database_is_brought_up_to_date),
	    TEST(test_released_versions_never_change),
	    TEST(test_version_1_is_brought_up_to_date),
	    TEST(test_version_2_is_brought_up_to_date),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
