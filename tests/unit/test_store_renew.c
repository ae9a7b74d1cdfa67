/*
 * test_store_renew.c - a new data key: everything is read and found before,
 * amid and after; a kill loses nothing; in the end nothing is under the key
 * of before (RULES 17).
 */
#include <signal.h>
#include <sys/wait.h>

#include "store_secrets.h"

#define MIB ((size_t)1 << 20)
#define CASES 40

/* What stood in the database before. */
struct before {
	uint8_t next[STORE_KEY_BYTES];
	struct bytes great; /* a letter of many batches */
	int64_t great_id, small_id;
	int64_t cases[CASES];
	int64_t report, flow;
	uint8_t digest[STORE_DIGEST_BYTES], signature[STORE_DIGEST_BYTES];
};

static const char small_text[] = "From: robin@example.org\r\n\r\nA small one";

static void
fill_cases(struct world *w, struct before *b)
{
	char text[32];

	for (int i = 0; i < CASES; i++) {
		b->cases[i] = new_case(w, "Widget");
		snprintf(text, sizeof(text), "CVE-2026-%04d", i);
		begin(w);
		assert_ok(w,
		    store_case_ident_add(w->st, b->cases[i], 1, text, &w->err));
		assert_ok(w, store_case_address_add(w->st, b->cases[i],
				 "robin@example.org", &w->err));
		assert_ok(w, store_case_mark(w->st, b->cases[i], MARK_PRODUCT,
				 bytes_str("Widget"), &w->err));
		commit(w);
	}
}

static void
fill(struct world *w, struct before *b)
{
	int64_t casefile;
	bool fresh;

	*b = (struct before){0};
	write_secrets(w);
	b->great = noise(w, 2 * MIB + 77, 5);
	b->great_id = arrive(w, 100, b->great, 4096, &fresh);
	b->small_id = arrive_text(w, 101, small_text);
	fill_cases(w, b);
	store_digest(bytes_str("a report"), b->digest);
	store_digest(bytes_str("signature"), b->signature);
	begin(w);
	assert_ok(w, store_report(w->st, b->digest, b->great_id, &b->report,
			 &fresh, &casefile, &w->err));
	assert_ok(w, store_report_mark(w->st, b->report, b->digest, &w->err));
	assert_ok(w, store_flow_keep(w->st, 1, "Flow-zq", &b->flow, &w->err));
	commit(w);
}

/* ---- all that was there is read, and found under its value ---- */

static void
read_letters(struct world *w, const struct before *b, void *ctx)
{
	struct bytes got;

	assert_ok(
	    w, store_letter_bytes(ctx, w->st, b->great_id, &got, &w->err));
	assert_true(bytes_equal(got, b->great));
	assert_ok(
	    w, store_letter_bytes(ctx, w->st, b->small_id, &got, &w->err));
	assert_true(bytes_equal(got, bytes_str(small_text)));
	assert_int_equal(store_opening_get(ctx, w->st, 1, &got, &w->err), 1);
	assert_true(bytes_equal(got, bytes_str("Opening-zq")));
}

static void
find_cases(struct world *w, const struct before *b, void *ctx)
{
	int64_t *cases, outmail, casefile;
	uint32_t *why;
	size_t n;
	bool has;

	assert_ok(w, store_cases_by_address(
			 ctx, w->st, "ROBIN@example.org", &cases, &n, &w->err));
	assert_int_equal(n, CASES);
	assert_ok(w, store_cases_by_ident(
			 ctx, w->st, 1, "cve-2026-0007", &cases, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(cases[0], b->cases[7]);
	assert_ok(w, store_case_has_address(w->st, b->cases[3],
			 "robin@example.org", &has, &w->err));
	assert_true(has);
	/* Rows of marks are compared with each other. */
	assert_ok(w, store_cases_alike(ctx, w->st, b->cases[CASES - 1], &cases,
			 &why, &n, &w->err));
	assert_int_equal(n, CASES - 1);
	assert_ok(w, store_message_id_find(w->st, "Message-Id-zq@example.org",
			 &casefile, &outmail, &w->err));
	assert_int_equal(outmail, 1);
}

static void
find_procedure(struct world *w, const struct before *b, void *ctx)
{
	const char *to[] = {"to-zq@example.org"};
	struct store_record *lines;
	struct store_outmail m;
	struct store_report *reports;
	struct store_step step;
	struct store_case c;
	uint32_t state;
	unsigned sent;
	int64_t at;
	size_t n;
	char *flow;
	uint32_t kind;

	assert_int_equal(
	    store_step_by_ref(ctx, w->st, "REFZQ2", &step, &w->err), 1);
	assert_string_equal(step.actor, "Actor-zq");
	assert_int_equal(store_outmail_get(ctx, w->st, 1, &m, &w->err), 1);
	assert_string_equal(m.body, "Mail-Body-zq");
	assert_ok(w, store_mails_reached(
			 w->st, m.casefile, m.kind, to, 1, &state, &w->err));
	assert_int_equal(state, OUTMAIL_APPROVED);
	assert_ok(w, store_automatic_count(
			 w->st, "TO-zq@example.org", NOW, &sent, &w->err));
	assert_int_equal(sent, 1);
	assert_ok(w, store_automatic_latest(
			 w->st, "to-zq@example.org", NOW, 1, &at, &w->err));
	assert_int_equal(at, NOW);
	assert_int_equal(store_case_get(ctx, w->st, 1, &c, &w->err), 1);
	assert_string_equal(c.title, "Title-zq");
	assert_ok(w, store_reports_by_mark(
			 ctx, w->st, b->digest, &reports, &n, &w->err));
	assert_int_equal(n, 1);
	assert_int_equal(
	    store_flow_get(ctx, w->st, b->flow, &kind, &flow, &w->err), 1);
	assert_string_equal(flow, "Flow-zq");
	assert_ok(
	    w, store_record_list(ctx, w->st, 0, 0, 100, &lines, &n, &w->err));
	assert_true(n > 0);
}

/* What may stand once still stands once. */
static void
add_again(struct world *w, const struct before *b)
{
	static uint32_t round;
	struct store_step step = {
	    .casefile = 1, .state = STEP_ENDED, .round = ++round};
	int64_t report, casefile, flow;
	uint32_t told;
	bool fresh;

	begin(w);
	assert_ok(w, store_case_address_add(
			 w->st, b->cases[0], "robin@example.org", &w->err));
	assert_ok(w, store_case_ident_add(
			 w->st, b->cases[9], 1, "CVE-2026-0009", &w->err));
	assert_ok(w, store_case_mark(w->st, b->cases[1], MARK_PRODUCT,
			 bytes_str("Widget"), &w->err));
	assert_ok(w, store_report_mark(w->st, b->report, b->digest, &w->err));
	assert_ok(w, store_report(w->st, b->digest, b->great_id, &report,
			 &fresh, &casefile, &w->err));
	assert_false(fresh);
	assert_int_equal(report, b->report);
	assert_ok(
	    w, store_signature_use(w->st, b->signature, 1, &fresh, &w->err));
	assert_false(fresh);
	assert_ok(w, store_flow_keep(w->st, 1, "Flow-zq", &flow, &w->err));
	assert_int_equal(flow, b->flow);
	assert_ok(w, store_message_id_add(
			 w->st, "Message-Id-zq@example.org", 1, 0, 1, &w->err));
	assert_ok(
	    w, store_expiry_get(w->st, "FINGERPRINT-zq", NOW, &told, &w->err));
	assert_int_equal(told, 30);
	assert_ok(
	    w, store_expiry_put(w->st, "FINGERPRINT-zq", NOW, 30, &w->err));
	/* A later pass, ended, does not hide the one that runs. */
	step.number = text("9.9");
	step.ref = text("Refzq2");
	assert_ok(w, store_step_add(w->st, &step, &w->err));
	commit(w);
}

static void
all_is_there(struct world *w, const struct before *b)
{
	void *ctx = talloc_new(w);

	read_letters(w, b, ctx);
	find_cases(w, b, ctx);
	find_procedure(w, b, ctx);
	talloc_free(ctx);
}

/* ---- the file ---- */

#define WALKED                                                                 \
	"FROM sqlite_schema s JOIN pragma_table_info(s.name) c"                \
	" WHERE s.type = 'table' AND c.type = 'BLOB'"                          \
	" AND s.name NOT IN ('data_key', 'renewal', 'record', 'letter_chunk')" \
	" AND c.name NOT IN ('digest', 'stream')"

/* Runs a text for every column of the schema; its number is 0 or it says so. */
static void
each_column(
    struct world *w, const char *list, const char *ask, const char *complaint)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *columns = NULL, *stmt = NULL;
	int n = 0;

	assert_null(w->st);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, list, -1, &columns, NULL), SQLITE_OK);
	for (; sqlite3_step(columns) == SQLITE_ROW; n++) {
		const char *table =
		    (const char *)sqlite3_column_text(columns, 0);
		const char *column =
		    (const char *)sqlite3_column_text(columns, 1);
		char *text = sqlite3_mprintf(ask, column, table);

		assert_int_equal(
		    sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
		assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
		if (sqlite3_column_int(stmt, 0) != 0)
			fail_msg("%s.%s %s", table, column, complaint);
		sqlite3_finalize(stmt);
		sqlite3_free(text);
	}
	assert_true(n > 0);
	sqlite3_finalize(columns);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* The former key has no value, no look-up and no letter left. */
static void
nothing_is_under_the_former(struct world *w)
{
	each_column(w,
	    "SELECT s.name, c.name " WALKED " AND c.name <> 'lookup'",
	    "SELECT count(*) FROM (SELECT \"%w\" AS v FROM \"%w\")"
	    " WHERE v IS NOT NULL AND substr(v, 1, 5) <> x'0100000002'",
	    "is under the former key");
	each_column(w, "SELECT s.name, c.name " WALKED " AND c.name = 'lookup'",
	    "SELECT count(*) FROM (SELECT \"%w\" AS v FROM \"%w\")"
	    " WHERE v IS NOT NULL AND"
	    " (substr(v, 1, 4) <> x'00000002' OR length(v) <> 36)",
	    "is under the former key");
	assert_int_equal(peek(w, "SELECT count(*) FROM letter WHERE"
				 " substr(stream, 1, 4) <> x'00000002'"),
	    0);
	assert_int_equal(peek(w, "SELECT count(*) FROM renewal"), 0);
	assert_int_equal(peek(w, "SELECT count(*) FROM data_key"), 1);
	assert_int_equal(peek(w, "SELECT id FROM data_key"), 2);
}

/* ---- a renewal ---- */

static void
start(struct world *w, struct before *b)
{
	store_new_key(b->next);
	begin(w);
	assert_ok(w, store_renew(w->st, bytes_str("-----NEXT-----"), b->next,
			 NOW, &w->err));
	commit(w);
	assert_ok(w, store_renewed(w->st, b->next, &w->err));
}

static void
open_both(struct world *w, const struct before *b)
{
	world_open(w);
	assert_ok(w, store_unlock(w->st, b->next, &w->err));
}

static enum store_renewing
one_batch(struct world *w)
{
	enum store_renewing what;

	assert_ok(w, store_renew_step(w->st, NOW, &what, &w->err));
	return what;
}

/* After the last batch the former key is no key of this file. */
static void
ends(struct world *w, struct before *b)
{
	struct store_renewal r;
	struct bytes wrapped;

	assert_ok(w, store_former_key(w, w->st, &wrapped, &w->err));
	assert_null(wrapped.data);
	assert_ok(w, store_renewal(w->st, &r, &w->err));
	assert_int_equal(r.started, 0);
	all_is_there(w, b);
	add_again(w, b);
	all_is_there(w, b);
	world_close(w);
	nothing_is_under_the_former(w);
	world_open_locked(w);
	assert_fault(w, store_unlock(w->st, w->key, &w->err), FAULT_SETUP);
	assert_ok(w, store_unlock(w->st, b->next, &w->err));
	all_is_there(w, b);
}

/* A column that is sealed and not filled here would not be tested. */
static void
test_every_sealed_column_is_filled(void **state)
{
	struct world *w = *state;
	struct before b;

	fill(w, &b);
	world_close(w);
	each_column(w, "SELECT s.name, c.name " WALKED,
	    "SELECT count(\"%w\") = 0 FROM \"%w\"",
	    "has no value: give it one in store_secrets.h");
	/* The row in the associated data is the row of the table. */
	each_column(w,
	    "SELECT DISTINCT s.name, 'rowid' " WALKED
	    " AND NOT EXISTS (SELECT 1 FROM pragma_table_info(s.name) k"
	    " WHERE k.pk = 1 AND k.type = 'INTEGER') UNION ALL"
	    " SELECT 'casefile', 'id'",
	    "SELECT \"%w\" = 'rowid' FROM \"%w\"",
	    "has no number for its rows");
}

static void
test_all_is_read_amid(void **state)
{
	struct world *w = *state;
	struct store_renewal r;
	struct before b;
	uint32_t last = 0;
	int batches = 0;

	fill(w, &b);
	start(w, &b);
	for (; one_batch(w) != RENEWING_NONE; batches++) {
		all_is_there(w, &b);
		assert_ok(w, store_renewal(w->st, &r, &w->err));
		assert_int_equal(r.started, NOW);
		assert_in_range(r.percent, last, 99);
		last = r.percent;
		if (batches % 3 == 0)
			add_again(w, &b);
	}
	assert_true(batches > 10);
	ends(w, &b);
}

/* Each time it is begun where it was left. */
static void
test_a_start_goes_on_after_each_batch(void **state)
{
	struct world *w = *state;
	struct before b;
	bool more = true;

	fill(w, &b);
	start(w, &b);
	for (int i = 0; more; i++) {
		world_close(w);
		open_both(w, &b);
		if (i % 2 == 0)
			all_is_there(w, &b);
		if (i % 4 == 1)
			add_again(w, &b);
		more = one_batch(w) != RENEWING_NONE;
	}
	ends(w, &b);
}

static void
run_until_killed(struct world *w, const struct before *b)
{
	enum store_renewing what = RENEWING_MORE;
	struct store *st = store_open(NULL, w->path, NULL);

	if (st == NULL || store_unlock(st, w->key, NULL) != 0 ||
	    store_unlock(st, b->next, NULL) != 0)
		_exit(1);
	while (what != RENEWING_NONE)
		if (store_renew_step(st, NOW, &what, NULL) != 0)
			_exit(1);
	_exit(0);
}

static void
test_a_kill_at_any_moment_loses_nothing(void **state)
{
	struct world *w = *state;
	struct before b;
	int status = SIGKILL;
	int kills = 0;

	fill(w, &b);
	start(w, &b);
	for (useconds_t wait = 500; WIFSIGNALED(status); wait += 700) {
		pid_t child;

		world_close(w);
		child = fork();
		if (child == 0)
			run_until_killed(w, &b);
		assert_true(child > 0);
		usleep(wait);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, &status, 0), child);
		if (!WIFSIGNALED(status))
			break;
		kills++;
		world_open_locked(w);
		assert_ok(w, store_unlock(w->st, b.next, &w->err));
		if (store_unlock(w->st, w->key, &w->err) != 0)
			break; /* it was at its end */
		all_is_there(w, &b);
	}
	assert_true(kills > 2);
	talloc_free(w->st);
	w->st = NULL;
	world_open_locked(w);
	assert_ok(w, store_unlock(w->st, b.next, &w->err));
	ends(w, &b);
}

/* A letter that began before keeps the former key until it is done. */
static void
test_a_letter_that_arrives_is_waited_for(void **state)
{
	struct world *w = *state;
	struct store_intake *in;
	struct bytes late, got;
	struct before b;
	bool known;
	int64_t id;

	fill(w, &b);
	late = noise(w, 3 * MIB, 9);
	in = store_intake_begin(
	    w, w->st, "INBOX", 7, 200, NOW - 60, false, &w->err);
	assert_ok(
	    w, store_intake_chunk(in, bytes_span(late, 0, 2 * MIB), &w->err));
	start(w, &b);
	for (int i = 0; i < 100; i++)
		assert_int_not_equal(one_batch(w), RENEWING_NONE);
	assert_int_equal(one_batch(w), RENEWING_WAITS);
	assert_ok(
	    w, store_intake_chunk(in, bytes_span(late, 2 * MIB, MIB), &w->err));
	assert_ok(w, store_intake_end(in, NOW, &id, &known, &w->err));
	while (one_batch(w) != RENEWING_NONE)
		;
	assert_ok(w, store_letter_bytes(w, w->st, id, &got, &w->err));
	assert_true(bytes_equal(got, late));
	ends(w, &b);
}

static void
test_one_at_a_time_and_again_later(void **state)
{
	struct world *w = *state;
	uint8_t third[STORE_KEY_BYTES];
	struct before b;

	fill(w, &b);
	start(w, &b);
	store_new_key(third);
	begin(w);
	assert_fault(w,
	    store_renew(w->st, bytes_str("third"), third, NOW, &w->err),
	    FAULT_DENIED);
	store_rollback(w->st);
	/* Both are sealed anew to the keys of today. */
	begin(w);
	assert_ok(
	    w, store_rewrap_key(w->st, bytes_str("former"), w->key, &w->err));
	assert_ok(
	    w, store_rewrap_key(w->st, bytes_str("next"), b.next, &w->err));
	commit(w);
	while (one_batch(w) != RENEWING_NONE)
		;
	begin(w);
	assert_ok(
	    w, store_renew(w->st, bytes_str("third"), third, NOW, &w->err));
	commit(w);
	assert_ok(w, store_renewed(w->st, third, &w->err));
	add_again(w, &b);
	while (one_batch(w) != RENEWING_NONE)
		all_is_there(w, &b);
	all_is_there(w, &b);
	add_again(w, &b);
	world_close(w);
	world_open_locked(w);
	assert_fault(w, store_unlock(w->st, b.next, &w->err), FAULT_SETUP);
	assert_ok(w, store_unlock(w->st, third, &w->err));
	all_is_there(w, &b);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_every_sealed_column_is_filled),
	    TEST(test_all_is_read_amid),
	    TEST(test_a_start_goes_on_after_each_batch),
	    TEST(test_a_kill_at_any_moment_loses_nothing),
	    TEST(test_a_letter_that_arrives_is_waited_for),
	    TEST(test_one_at_a_time_and_again_later),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
