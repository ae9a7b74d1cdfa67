/*
 * test_store_inspect.c - looking at a file without its key: numbers, dates
 * and states, nothing else, and nothing is written.
 */
#include "store_world.h"

struct seen {
	char text[8192];
	int rows;
};

/* "table name=value …" a line */
static void
see(void *arg, const char *table, const struct store_plain *values, size_t n)
{
	struct seen *seen = arg;
	size_t at = strlen(seen->text);

	seen->rows++;
	at += (size_t)snprintf(
	    seen->text + at, sizeof(seen->text) - at, "%s", table);
	for (size_t i = 0; i < n && at < sizeof(seen->text); i++) {
		if (values[i].text != NULL)
			at += (size_t)snprintf(seen->text + at,
			    sizeof(seen->text) - at, " %s=%s", values[i].name,
			    values[i].text);
		else
			at += (size_t)snprintf(seen->text + at,
			    sizeof(seen->text) - at, " %s=%lld", values[i].name,
			    (long long)values[i].number);
	}
	if (at < sizeof(seen->text))
		snprintf(seen->text + at, sizeof(seen->text) - at, "\n");
	assert_true(at < sizeof(seen->text));
}

static void
fill(struct world *w)
{
	struct store_mailbox mb = {"INBOX", 7, 12, NOW, 9};
	struct store_outmail m = {.kind = 3,
	    .state = OUTMAIL_HELD,
	    .made = NOW,
	    .to = text("robin-zq@example.org"),
	    .subject = text("Subject-zq")};

	struct store_step step = {.casefile = 1,
	    .number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING,
	    .due = NOW + 7,
	    .ref = text("Ref-zq")};
	struct store_answer answer = {
	    .casefile = 1, .kind = 4, .value = text("Value-zq")};
	struct store_question question = {
	    .casefile = 1, .state = 2, .text = text("Question-zq")};
	struct store_task task = {
	    .kind = 3, .casefile = 1, .text = text("Task-zq")};
	struct store_told told = {
	    .casefile = 1, .parts = 5, .person = text("Person-zq")};
	struct store_approval approval = {
	    .outmail = 1, .at = NOW, .person = text("Approver-zq")};
	struct store_clock clock = {
	    .casefile = 1, .kind = 6, .due = NOW, .note = text("Words-zq")};
	struct store_link link = {
	    .from = 1, .to = 2, .kind = LINK_SAME, .at = NOW};
	int64_t flow;

	new_case(w, "Product-zq");
	new_case(w, "Product-zq");
	arrive_text(w, 1, "Body-zq");
	begin(w);
	assert_ok(w, store_mailbox_put(w->st, &mb, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_alert_add(w->st, 5, 1, 0, NOW, &w->err));
	assert_ok(w, store_step_add(w->st, &step, &w->err));
	assert_ok(w, store_answer_add(w->st, &answer, &w->err));
	assert_ok(w, store_question_add(w->st, &question, &w->err));
	assert_ok(w, store_task_add(w->st, &task, &w->err));
	assert_ok(w, store_told_add(w->st, &told, &w->err));
	assert_ok(w, store_approval_add(w->st, &approval, &w->err));
	assert_ok(w, store_clock_set(w->st, &clock, &w->err));
	assert_ok(w, store_link_set(w->st, &link, &w->err));
	assert_ok(w, store_flow_keep(w->st, 1, "Flow-zq", &flow, &w->err));
	assert_ok(w, store_memo_put(w->st, "morning", 5, &w->err));
	assert_ok(w, store_expiry_put(w->st, "Finger-zq", 77, 2, &w->err));
	commit(w);
}

static void
test_shows_numbers_dates_and_states(void **state)
{
	struct world *w = *state;
	struct seen seen = {.rows = 0};
	char want[64];

	fill(w);
	world_close(w);
	w->st = store_look(w, w->path, &w->err);
	assert_non_null(w->st);
	assert_ok(w, store_inspect(w->st, see, &seen, &w->err));
	assert_int_equal(seen.rows, 16);
	assert_non_null(strstr(seen.text, "mailbox folder=INBOX"));
	assert_non_null(strstr(seen.text, "case number=PSIRT-2026-0001"));
	assert_non_null(strstr(seen.text, "letter id=1 state=1"));
	assert_non_null(strstr(seen.text, "mail id=1 kind=3 state=2"));
	assert_non_null(strstr(seen.text, "alert id=1 reason=5 letter=1"));
	assert_non_null(
	    strstr(seen.text, "step id=1 casefile=1 number=1.3.1 round=1"));
	assert_non_null(strstr(seen.text, "answer id=1 casefile=1"));
	assert_non_null(
	    strstr(seen.text, "question id=1 casefile=1 number=1 state=2"));
	assert_non_null(strstr(seen.text, "task id=1 kind=3 casefile=1"));
	assert_non_null(strstr(seen.text, "told id=1 casefile=1"));
	assert_non_null(strstr(seen.text, "approval id=1 outmail=1"));
	assert_non_null(strstr(seen.text, "clock id=1 casefile=1 kind=6"));
	assert_non_null(strstr(seen.text, "link id=1 case_from=1 case_to=2"));
	assert_non_null(strstr(seen.text, "memo name=morning value=5"));
	assert_non_null(strstr(seen.text, "key expires=77 told=2"));
	snprintf(want, sizeof(want), "received=%lld", (long long)NOW - 60);
	assert_non_null(strstr(seen.text, want));
	assert_null(strstr(seen.text, "zq"));
}

static void
test_looking_writes_nothing(void **state)
{
	struct world *w = *state;
	struct store_mailbox mb = {.folder = "INBOX"};

	fill(w);
	world_close(w);
	w->st = store_look(w, w->path, &w->err);
	assert_non_null(w->st);
	/* No transaction that could write is to be had. */
	if (store_begin(w->st, &w->err) == 0) {
		assert_int_equal(store_mailbox_put(w->st, &mb, &w->err), -1);
		store_rollback(w->st);
	}
	world_close(w);
	assert_int_equal(peek(w, "SELECT uidvalidity FROM mailbox"), 7);
	world_open(w);
}

static void
refused(struct world *w, const char *why)
{
	error_clear(&w->err);
	assert_null(store_look(w, w->path, &w->err));
	assert_int_equal(w->err.fault, FAULT_SETUP);
	if (strstr(w->err.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", w->err.text, why);
}

static void
test_what_cannot_be_looked_at(void **state)
{
	struct world *w = *state;

	refused(w, "in use"); /* by a daemon */
	world_close(w);
	tamper(w, "PRAGMA user_version = 99");
	refused(w, "schema version 99");
	/* No file is made where none is. */
	assert_int_equal(unlink(w->path), 0);
	refused(w, "cannot be opened");
	assert_int_equal(access(w->path, F_OK), -1);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_shows_numbers_dates_and_states),
	    TEST(test_looking_writes_nothing),
	    TEST(test_what_cannot_be_looked_at),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
