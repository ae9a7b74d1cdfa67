/*
 * test_engine_inspect.c - `psirtd --inspect` tells what numbers mean: dates,
 * states and kinds of the procedure, by words.
 */
#include "engine_world.h"

#include <stdio.h>
#include <unistd.h>

/* A case that was begun, with a row of each kind. */
static void
fill(struct vendor *v)
{
	struct world *w = v->w;
	struct store_case c = {0};
	int64_t a = vendor_case(v, FLOW_DIRECT);
	int64_t b = vendor_case(v, FLOW_DIRECT);
	struct store_step step = {.casefile = a,
	    .number = talloc_strdup(v, "2.1.1"),
	    .round = 1,
	    .state = STEP_RUNNING,
	    .ready = NOW,
	    .started = NOW,
	    .due = NOW + 60,
	    .look = -1};
	struct store_answer answer = {.casefile = a,
	    .kind = ANSWER_STATUS,
	    .value = talloc_strdup(v, "reproduced"),
	    .at = NOW};
	struct store_question question = {.casefile = a,
	    .state = QUESTION_ASKED,
	    .text = talloc_strdup(v, "Which version?"),
	    .at = NOW};
	struct store_task task = {
	    .kind = TASK_CONFLICT, .casefile = a, .made = NOW, .due = NOW + 60};
	struct store_clock clock = {.casefile = a,
	    .kind = CLOCK_IMPOSED,
	    .due = NOW + 60,
	    .warn = NOW,
	    .source = CLOCK_TYPED};
	struct store_link link = {.from = a,
	    .to = b,
	    .kind = LINK_PROPOSED,
	    .at = NOW,
	    .why = MARK_PRODUCT};
	struct store_outmail m = {.kind = MAIL_CUSTOMER,
	    .state = OUTMAIL_SENT,
	    .casefile = a,
	    .made = NOW,
	    .sent = NOW,
	    .bounced = NOW + 60,
	    .audience = AUDIENCE_CUSTOMER,
	    .policy = POLICY_TWO,
	    .to = talloc_strdup(v, "a@customer.example"),
	    .subject = talloc_strdup(v, "Notice")};

	assert_int_equal(store_case_get(v, w->st, b, &c, &w->err), 1);
	c.state = CASE_CLOSED;
	c.closed = NOW;
	c.close_reason = CLOSE_DUPLICATE;
	c.channel = CHANNEL_ADVISED;
	c.next_status = NOW + 60;
	begin(w);
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_step_add(w->st, &step, &w->err));
	assert_ok(w, store_answer_add(w->st, &answer, &w->err));
	assert_ok(w, store_question_add(w->st, &question, &w->err));
	assert_ok(w, store_task_add(w->st, &task, &w->err));
	assert_ok(w, store_clock_set(w->st, &clock, &w->err));
	assert_ok(w, store_link_set(w->st, &link, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
}

/* What it prints. */
static char *
inspected(const void *ctx, const char *path)
{
	FILE *to = tmpfile();
	char *text = talloc_zero_array(ctx, char, 16384);
	int before;

	assert_non_null(to);
	fflush(stdout);
	before = dup(STDOUT_FILENO);
	assert_true(before >= 0 && dup2(fileno(to), STDOUT_FILENO) >= 0);
	assert_int_equal(engine_inspect(path), ENGINE_EXIT_OK);
	fflush(stdout);
	assert_true(dup2(before, STDOUT_FILENO) >= 0);
	close(before);
	rewind(to);
	assert_true(fread(text, 1, 16383, to) > 0);
	fclose(to);
	return text;
}

/* In a line that begins so stands each of these. */
static void
assert_line(const char *text, const char *start, const char *const *words)
{
	const char *line = strstr(text, start);
	char *copy;

	if (line == NULL)
		fail_msg("no \"%s\" in\n%s", start, text);
	copy = talloc_asprintf(NULL, "%.*s ", (int)strcspn(line, "\n"), line);
	for (; *words != NULL; words++)
		if (strstr(copy, talloc_asprintf(copy, " %s ", *words)) == NULL)
			fail_msg("no %s in %s", *words, copy);
	talloc_free(copy);
}

static void
test_numbers_are_told_by_words(void **state)
{
	struct vendor *v = *state;
	const char *now = clock_rfc3339(v, NOW);
	const char *then = clock_rfc3339(v, NOW + 60);
	const char *text;
#define AT(name, when) talloc_asprintf(v, name "=%s", when)
#define HAS(start, ...)                                                        \
	assert_line(text, start, (const char *const[]){__VA_ARGS__, NULL})

	fill(v);
	world_close(v->w);
	text = inspected(v, v->w->path);
	world_open(v->w);
	v->e->st = v->w->st;
	HAS("case PSIRT-2026-0002", "state=closed", "close_reason=duplicate",
	    "channel=advised", AT("closed", now), AT("next_status", then));
	HAS("step 1", "state=running", AT("ready", now), AT("started", now),
	    "ended=-", AT("due", then), "look=-1", "reminded=-");
	HAS("answer 1", "kind=status", AT("at", now));
	HAS("question 1", "state=asked", AT("at", now));
	HAS("task 1", "kind=answers-differ", AT("made", now), AT("due", then));
	HAS("clock 1", "kind=imposed", "source=typed", AT("due", then),
	    AT("warn", now));
	HAS("link 1", "kind=proposed", "why=product", AT("at", now));
	HAS("mail 1", "kind=customer", "audience=customers", "policy=two",
	    AT("bounced", then));
	assert_null(strstr(text, "customer.example"));
	assert_null(strstr(text, "reproduced"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_numbers_are_told_by_words, vendor_setup, vendor_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
