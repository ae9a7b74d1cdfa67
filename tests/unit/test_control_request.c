/*
 * test_control_request.c - who may ask what, what is wrong with a question,
 * and the record: refusals stand in it, lists do not (RULES 20).
 */
#include "control_world.h"

#include "../../daemon/control/request.h"

static void
test_bad_lines(void **state)
{
	static const struct {
		const char *line;
		const char *words;
	} rows[] = {
	    {"hello\n", "one line of JSON"},
	    {"[]\n", "one line of JSON"},
	    {"{\"version\":2,\"args\":[]}\n", "version 1"},
	    {"{\"version\":1}\n", "must be a list"},
	    {"{\"version\":1,\"args\":[1]}\n", "nothing but words"},
	    {"{\"version\":1,\"version\":1,\"args\":[]}\n", "one line of JSON"},
	    {"{\"version\":1,\"args\":[\"show\\u0000x\"]}\n", "JSON"},
	};
	struct desk_world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(ask_line(w, rows[i].line), 2, rows[i].words);
}

static void
test_usage(void **state)
{
	struct desk_world *w = *state;

	assert_refused(ask(w, "lsit"), 2, "did you mean \"list\"?");
	assert_refused(ask(w, "rout"), 2, "did you mean \"route\"?");
	assert_refused(ask(w, "nonsense"), 2, "psirt help");
	assert_refused(ask(w, ""), 2, "no command");
	assert_refused(ask(w, "queue drop"), 2, "no command");
	assert_refused(
	    ask(w, "key"), 2, "too few words: psirt key confirm FINGERPRINT");
	assert_refused(ask(w, "show"), 2, "too few words: psirt show CASE");
	assert_refused(ask(w, "show", "1", "2"), 2, "too many words");
	assert_refused(ask(w, "list", "--raw"), 2, "--raw does not go here");
	assert_refused(ask(w, "list", "--nope"), 2, "no option");
	assert_refused(ask(w, "list", "--all=1"), 2, "takes no value");
	assert_refused(ask(w, "log", "--case"), 2, "wants a word");
	assert_refused(ask(w, "log", "--notes", "--verify"), 2, "--verify");
	assert_refused(ask(w, "letter", "x"), 2, "is no number of a letter");
	assert_refused(ask(w, "letter", "-1"), 2, "is no number");
	assert_refused(ask(w, "letter", "99999999999999999999"), 2, "number");
	assert_refused(ask(w, "letter", "1"), 1, "no letter 1");
	assert_refused(ask(w, "queue", "drop", "1"), 1, "no mail 1");
	assert_refused(ask(w, "show", "PSIRT-1999-0001"), 1, "no case");
	assert_refused(
	    ask(w, "list", "--", "--all"), 2, "no \"--all\" behind list");
	assert_refused(ask(w, "key", "foo"), 2,
	    "no \"foo\" behind key: psirt key confirm FINGERPRINT");
	assert_refused(ask(w, "queue", "foo"), 2, "no \"foo\" behind queue");
}

static void
test_a_long_line(void **state)
{
	struct desk_world *w = *state;
	char *line = calloc(1, 270000);

	memset(line, 'x', 269999);
	assert_refused(ask_line(w, line), 2, "longer than 256 KB");
	free(line);
}

/* ---- roles ---- */

static void
test_a_stranger_is_refused_and_recorded(void **state)
{
	struct desk_world *w = *state;
	char actor[32];

	w->s.noperators = 0;
	assert_refused(ask(w, "list"), 1, "name no operator with uid");
	snprintf(actor, sizeof(actor), "uid %u", (unsigned)getuid());
	assert_int_equal(last_line(w).what, RECORD_REFUSED);
	assert_string_equal(last_line(w).actor, actor);
	assert_string_equal(last_line(w).note, "psirt list");
	/* Who asks comes before what is wrong with the question. */
	assert_refused(ask(w, "list", "--nope"), 1, "name no operator");
	assert_refused(ask(w, "nonsense"), 1, "name no operator");
}

static void
test_what_a_viewer_may(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	char n[24];

	snprintf(n, sizeof(n), "%lld", (long long)id);
	add_case(w, 1, 2026);
	w->operators[0].role = OPERATOR_VIEWER;
	assert_done(ask(w, "today"));
	assert_done(ask(w, "list"));
	assert_done(ask(w, "letter", n));
	assert_done(ask(w, "show", "1"));
	assert_done(ask(w, "log"));
	assert_done(ask(w, "queue"));
	assert_refused(ask(w, "drop", n, "--why", "x"), 1,
	    "needs the role operator, and yuki is viewer");
	assert_refused(ask(w, "file", n), 1,
	    "needs the role operator, and yuki is viewer");
	assert_refused(ask(w, "letter", n, "--reopen"), 1,
	    "needs the role operator, and yuki is viewer");
	assert_refused(ask(w, "route", "1", "plc"), 1,
	    "needs the role operator, and yuki is viewer");
	assert_refused(ask(w, "queue", "resend", "1"), 1,
	    "needs the role operator, and yuki is viewer");
	assert_refused(ask(w, "key", "reseal"), 1, "needs the role lead");
	assert_int_equal(last_line(w).what, RECORD_REFUSED);
	assert_string_equal(last_line(w).actor, "yuki");
	assert_int_equal(w->filed + w->reopened + w->routed, 0);
	w->operators[0].role = OPERATOR_OPERATOR;
	assert_done(ask(w, "file", n));
	assert_refused(ask(w, "key", "reseal"), 1,
	    "needs the role lead, and yuki is operator");
	assert_refused(ask(w, "key", "renew"), 1,
	    "needs the role lead, and yuki is operator");
	w->operators[0].role = OPERATOR_LEAD;
	assert_done(ask(w, "key", "reseal"));
	assert_done(ask(w, "key", "renew"));
}

/* The table says all there is about rights: its rows keep some rules. */
static void
test_the_table_of_commands(void **state)
{
	(void)state;
	for (size_t i = 0; i < ncommands; i++) {
		const struct command *c = &commands[i];
		bool overrides = strstr(c->name, "--override") != NULL;

		if (i > 0 && strcmp(commands[i - 1].name, c->name) >= 0)
			fail_msg("%s stands out of order", c->name);
		/* A guard is overridden by a lead alone, who says why. */
		assert_int_equal(
		    overrides, (c->options & OPTION_OVERRIDE) != 0);
		if (overrides) {
			assert_int_equal(c->role, OPERATOR_LEAD);
			assert_true(c->options & OPTION_WHY);
		}
		/* Who only looks changes nothing, and what changes something
		 * has its line written by who does it. */
		if (c->role == OPERATOR_VIEWER)
			assert_int_not_equal(c->recorder, RECORDER_ENGINE);
		else
			assert_int_not_equal(c->recorder, RECORDER_NONE);
		assert_int_equal(c->recorder == RECORDER_NONE, c->records == 0);
		assert_true(c->least <= c->most);
	}
}

/* The row that says most of what was typed is meant. */
static void
test_which_row_is_meant(void **state)
{
	static const struct {
		const char *words[8];
		const char *name;
	} rows[] = {
	    {{"approve", "0", "--yes", "--why", "x"}, "approve MAIL --yes"},
	    {{"approve", "1", "2"}, "approve [MAIL]"},
	    {{"task", "1", "2"}, "task N [done]"},
	    {{"clock", "1", "set"}, "clock CASE set NAME WHEN"},
	    {{"clock", "set", "set"}, "clock CASE set NAME WHEN"},
	    {{"question", "1", "drop"}, "question CASE drop N"},
	    {{"step", "1", "2", "3", "--ja"}, "step CASE STEP ["},
	};
	struct desk_world *w = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_refused(ask_words(w, rows[i].words), 2, rows[i].name);
}

static void
test_reseal_waits_without_keeping_the_loop(void **state)
{
	struct desk_world *w = *state;
	struct buf *in = buf_new(w, 65536);
	int fd = client_connect(w);

	w->reseal_turns = 3;
	client_send(fd, "{\"version\":1,\"args\":[\"key\",\"reseal\"]}\n");
	for (int i = 0; i < 3; i++)
		turn(w, 10);
	/* Under way: nothing to do before the vault has answered. */
	assert_int_equal(control_wait_ms(w->c), -1);
	for (int i = 0; i < 20 && !client_take(fd, in); i++)
		turn(w, 1);
	assert_non_null(strstr((char *)in->data, "keys of today"));
	assert_true(w->again);
	close(fd);
	w->refuse = FAULT_RETRY;
	assert_refused(ask(w, "key", "reseal"), 75, "the engine says no");
	assert_false(w->again);
}

/* ---- the record ---- */

static void
test_lists_leave_no_trace(void **state)
{
	struct desk_world *w = *state;
	int64_t before;

	add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	add_case(w, 1, 2026);
	before = last_line(w).id;
	assert_done(ask(w, "today"));
	assert_done(ask(w, "list"));
	assert_done(ask(w, "list", "--letters"));
	assert_done(ask(w, "list", "--all"));
	assert_done(ask(w, "queue"));
	assert_done(ask(w, "log"));
	assert_done(ask(w, "log", "--verify"));
	assert_int_equal(last_line(w).id, before);
}

/* No line, no content: the disk is full before the letter is read. */
static void
test_no_content_before_the_line_is_committed(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	json_t *root;
	char n[24];

	snprintf(n, sizeof(n), "%lld", (long long)id);
	/* A transaction that is open already: the line cannot be committed. */
	assert_ok(w, store_begin(w->st, &w->err));
	root = ask(w, "letter", n);
	store_rollback(w->st);
	assert_int_not_equal(exit_of(root), 0);
	assert_int_equal(json_object_size(json_object_get(root, "data")), 0);
	json_decref(root);
	root = ask(w, "letter", n);
	assert_string_equal(
	    text_at(json_object_get(data_of(root), "headers"), "subject"),
	    "the subject is secret");
	json_decref(root);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_bad_lines),
	    TEST(test_usage),
	    TEST(test_a_long_line),
	    TEST(test_a_stranger_is_refused_and_recorded),
	    TEST(test_what_a_viewer_may),
	    TEST(test_the_table_of_commands),
	    TEST(test_which_row_is_meant),
	    TEST(test_reseal_waits_without_keeping_the_loop),
	    TEST(test_lists_leave_no_trace),
	    TEST(test_no_content_before_the_line_is_committed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
