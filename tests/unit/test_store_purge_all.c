/*
 * test_store_purge_all.c - of a purged case nothing sealed stays but what is
 * named here: a column that is added to the schema is to be purged, or is to
 * have a reason.
 */
#include "store_secrets.h"

#include "psirtd/store_keep.h"

/* Words of the settings, and hashes by which something is known again. */
static const char *const stays[] = {
    "case_mark.lookup",
    "casefile.correspondent",
    "casefile.deputy",
    "casefile.language",
    "casefile.owner",
    "data_key.proof",
    "data_key.wrapped",
    "flow_text.lookup",
    "flow_text.value",
    "key_expiry.lookup",
    "letter.digest",
    "outmail.department",
    "outmail.language",
    "outmail.lookup",
    "pin.fingerprint",
    "pin.owner",
    "pin.person",
    "record.chain",
    "record.digest",
    "record.note",
    "record_note.value", /* of the line that is of no case */
    "signature_used.lookup",
};

static bool
may_stay(const char *column)
{
	for (size_t i = 0; i < sizeof(stays) / sizeof(stays[0]); i++)
		if (strcmp(stays[i], column) == 0)
			return true;
	return false;
}

static void
check_columns(struct world *w)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int n = 0;

	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
			     "SELECT s.name, c.name FROM sqlite_schema s"
			     " JOIN pragma_table_info(s.name) c"
			     " WHERE s.type = 'table' AND c.type = 'BLOB'",
			     -1, &stmt, NULL),
	    SQLITE_OK);
	for (; sqlite3_step(stmt) == SQLITE_ROW; n++) {
		char *table = text((const char *)sqlite3_column_text(stmt, 0));
		char *column = text((const char *)sqlite3_column_text(stmt, 1));
		int64_t left =
		    peek(w, talloc_asprintf(w, "SELECT count(\"%s\") FROM %s",
				column, table));

		column = talloc_asprintf(w, "%s.%s", table, column);
		if (left != 0 && !may_stay(column))
			fail_msg("%s is left", column);
	}
	assert_true(n > 40);
	sqlite3_finalize(stmt);
	sqlite3_close(db);
}

static void
test_nothing_sealed_stays_but_what_may(void **state)
{
	struct world *w = *state;
	bool done = false;

	write_secrets(w);
	world_close(w);
	tamper(w, "UPDATE letter SET casefile = 1;"
		  "UPDATE task SET casefile = 1");
	world_open(w);
	begin(w);
	assert_ok(w, store_record_add(w->st,
			 &(struct store_record){.at = NOW,
			     .what = RECORD_LETTER_DROPPED,
			     .actor = text("haru"),
			     .casefile = 1,
			     .note = text("because")},
			 &w->err));
	assert_ok(w, store_message_id_add(
			 w->st, "letter-zq@example.org", 0, 1, 0, &w->err));
	assert_ok(w, store_purge_letter(w->st, 1, &done, &w->err));
	assert_true(done);
	assert_ok(w, store_purge_case(w->st, 1, &w->err));
	commit(w);
	world_close(w);
	check_columns(w);
	assert_int_equal(peek(w, "SELECT count(*) FROM record_note"), 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_nothing_sealed_stays_but_what_may, world_setup,
		world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
