/*
 * test_store_plan.c - what the loop asks of the database costs the same with
 * one case and with a hundred thousand: no statement looks at every row of a
 * table, none sorts rows that an index has in order.
 */
#include "store_world.h"

#include "../../daemon/store/store_internal.h"

/* Lists that end at their limit, newest first by the row's own id. */
static const char *const walks[] = {
    "FROM casefile ORDER BY id DESC LIMIT",
    "FROM casefile WHERE state <> 3 ORDER BY id DESC LIMIT",
    "FROM letter WHERE state <> 0 ORDER BY id DESC LIMIT",
    "FROM outmail ORDER BY id DESC LIMIT",
    "FROM record ORDER BY id DESC LIMIT 1",
    /* as many as there are flow files in use */
    "SELECT id FROM flow_text WHERE EXISTS",
    /* of a purge: notes are few */
    "DELETE FROM record_note WHERE (SELECT letter",
    /* at a start, and when one is confirmed: as many as the settings have */
    "FROM pin ORDER BY id",
};

/* The rows of one case, or of one value looked up, are few: they may be
 * sorted. */
static const char *const sorts[] = {
    "WHERE casefile = ?",
    "casefile = ? ORDER BY",
    "lookup = ?",
    "lookup IN (?",
    "case_from = ?1 OR case_to = ?1",
    ") GROUP BY id ORDER BY id",
};

static bool
has_one_of(const char *sql, const char *const *parts, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strstr(sql, parts[i]) != NULL)
			return true;
	return false;
}

#define ONE_OF(sql, parts)                                                     \
	has_one_of(sql, parts, sizeof(parts) / sizeof((parts)[0]))

/* One line of the plan of a statement; 1: it must not be. */
static int
check_line(const char *sql, const char *line)
{
	bool walk = strncmp(line, "SCAN ", 5) == 0 &&
		    strstr(line, "CONSTANT ROW") == NULL &&
		    strstr(line, "USING") == NULL &&
		    strstr(line, "subquery") == NULL;

	bool sort = strstr(line, "TEMP B-TREE") != NULL;

	if ((!walk || ONE_OF(sql, walks)) && (!sort || ONE_OF(sql, sorts)))
		return 0;
	print_error("%s\n%s\n", line, sql);
	return 1;
}

static int
check_plan(struct world *w, const char *sql)
{
	char *text = talloc_asprintf(w, "EXPLAIN QUERY PLAN %s", sql);
	sqlite3_stmt *stmt = NULL;
	int bad = 0;

	assert_int_equal(
	    sqlite3_prepare_v2(w->st->db, text, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		bad +=
		    check_line(sql, (const char *)sqlite3_column_text(stmt, 3));
	sqlite3_finalize(stmt);
	talloc_free(text);
	return bad;
}

static void
test_no_statement_looks_at_every_row(void **state)
{
	static const struct store_sql *const families[] = {&store_core_sql,
	    &store_mailbox_sql, &store_intake_sql, &store_letter_sql,
	    &store_case_sql, &store_known_sql, &store_outmail_sql,
	    &store_record_sql, &store_flow_sql, &store_step_sql,
	    &store_answer_sql, &store_desk_sql, &store_approval_sql,
	    &store_clock_sql, &store_link_sql, &store_expiry_sql,
	    &store_pin_sql, &store_purge_sql};
	struct world *w = *state;
	int bad = 0;

	for (size_t f = 0; f < sizeof(families) / sizeof(families[0]); f++)
		for (int i = 0; i < families[f]->count; i++)
			bad += check_plan(w, families[f]->text[i]);
	assert_int_equal(bad, 0);
}

/* The plan of the one statement of a family that has `part` in it: a line a
 * step. */
static char *
plan_of(struct world *w, const struct store_sql *family, const char *part)
{
	sqlite3_stmt *stmt = NULL;
	const char *sql = NULL;
	char *plan = talloc_strdup(w, "");

	for (int i = 0; i < family->count; i++)
		if (strstr(family->text[i], part) != NULL) {
			assert_null(sql);
			sql = family->text[i];
		}
	assert_non_null(sql);
	sql = talloc_asprintf(w, "EXPLAIN QUERY PLAN %s", sql);
	assert_int_equal(
	    sqlite3_prepare_v2(w->st->db, sql, -1, &stmt, NULL), SQLITE_OK);
	while (sqlite3_step(stmt) == SQLITE_ROW)
		plan = talloc_asprintf_append(
		    plan, "%s\n", (const char *)sqlite3_column_text(stmt, 3));
	sqlite3_finalize(stmt);
	return plan;
}

/* Each of these is asked at every turn of the loop. */
static void
test_what_is_next_is_the_first_of_an_index(void **state)
{
	static const struct {
		const struct store_sql *family;
		const char *part, *index;
	} asked[] = {
	    {&store_case_sql, "casefile WHERE advance = 1", "casefile_advance"},
	    {&store_case_sql, "SELECT id, id, next_status", "casefile_status"},
	    {&store_step_sql, "SELECT id, casefile, iif(look", "step_late"},
	    {&store_clock_sql, "AND warn > 0", "clock_warn"},
	    {&store_clock_sql, "ended = 0 ORDER BY due", "clock_due"},
	    {&store_desk_sql, "done = 0 ORDER BY id LIMIT", "task_open"},
	    {&store_desk_sql, "done = 0 AND casefile = ?", "task_casefile"},
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(asked) / sizeof(asked[0]); i++) {
		char *plan = plan_of(w, asked[i].family, asked[i].part);

		/* One step, by this index. */
		assert_ptr_equal(strchr(plan, '\n'), plan + strlen(plan) - 1);
		if (strstr(plan, asked[i].index) == NULL)
			fail_msg("%s: %s", asked[i].part, plan);
	}
}

/* Where many cases have a mark of a case, no more of them are looked at than
 * the limit says: their rows are sorted after it, not before. */
static void
test_alike_is_limited_before_it_is_sorted(void **state)
{
	struct world *w = *state;
	char *plan = plan_of(w, &store_link_sql, "case_mark own");

	assert_non_null(strstr(plan, "SEARCH own USING"));
	assert_non_null(strstr(plan, "SEARCH other USING"));
	assert_null(strstr(plan, "FOR ORDER BY"));
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_no_statement_looks_at_every_row),
	    TEST(test_alike_is_limited_before_it_is_sorted),
	    TEST(test_what_is_next_is_the_first_of_an_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
