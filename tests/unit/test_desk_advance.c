/*
 * test_desk_advance.c - how a case goes on: what begins when, what ends what,
 * and that nothing follows twice.
 */
#include "procedure_world.h"

#define TITLES "title_en = \"a step\" title_ja = \"手順\" lead = {poc} "
#define STEP(number, more)                                                     \
	"step \"" number "\" { " TITLES "phase = 2 " more " }\n"
#define ASK "mail \"ask\" { to = {design} policy = auto }"
#define OVERVIEW "mail \"overview\" { to = {design} policy = auto }"
#define REPORT "mail \"report\" { to = {counterpart} policy = approve }"

static void
goes(enum flow flow, const char *text, const struct move *moves, size_t n)
{
	struct procedure p;

	procedure_init(&p, flow, text);
	walk(&p, moves, n);
	procedure_free(&p);
}

#define GOES(text, ...)                                                        \
	do {                                                                   \
		const struct move list_[] = {__VA_ARGS__};                     \
		goes(FLOW_DIRECT, text, list_, COUNT_OF(list_));               \
	} while (0)

static void
test_a_step_that_only_happens(void **state)
{
	GOES(STEP("1", "") STEP("2", "after = {\"1\"}")
		 STEP("3", "after = {\"2\"} expects = {status}"),
	    {BEGINS, .at = "3"});
}

static void
test_a_hand_begins_and_ends(void **state)
{
	GOES(STEP("1", "start = hand")
		 STEP("2", "after = {\"1\"} start = hand"),
	    {BEGINS, .at = "[1]"}, {STARTS, "1", .at = "1"},
	    {DONE, "1", .at = "[2]"}, {SKIPS, "2", .at = ""});
}

static void
test_mails_end_what_expects_nothing(void **state)
{
	GOES(STEP("1", REPORT) STEP("2", "after = {\"1\"} expects = {plan}"),
	    {BEGINS, .at = "1"}, {SENT, "1", .at = "2"});
	GOES(STEP("1", ASK) STEP("2", "after = {\"1\"} expects = {plan}"),
	    {BEGINS, .at = "2"});
	/* It waits for one that is answered, however many mails left. */
	GOES(STEP("1", ASK "expects = {plan}"), {BEGINS, .at = "1"},
	    {ANSWER, "1", "plan = by spring", .at = ""});
}

/* A mail that was dropped, or never could be drafted, ends nothing. */
static void
test_a_mail_that_did_not_leave(void **state)
{
	struct procedure p;
	struct advance *list;
	char *why;

	procedure_init(&p, FLOW_DIRECT, STEP("1", REPORT));
	procedure_run(&p);
	p.steps[0].mails_waiting = 0;
	p.steps[0].mails_dropped = 1;
	assert_int_equal(desk_advance(p.ctx, &p.v, &list), 0);
	assert_true(desk_may_end(p.ctx, &p.v, &p.steps[0], &why));
	procedure_free(&p);
}

static void
test_everything_expected(void **state)
{
	GOES(STEP("1", "expects = {cause, conditions}"), {BEGINS, .at = "1"},
	    {ANSWER, "1", "cause = CWE-79", .at = "1"},
	    {ANSWER, "1", "conditions = a crafted packet", .at = ""});
	/* An open choice is on record and ends nothing; the last word does. */
	GOES(STEP("1", "expects = {status}"), {BEGINS, .at = "1"},
	    {ANSWER, "1", "status = investigating", .at = "1"},
	    {ANSWER, "1", "status = reproduced", .at = ""});
	GOES(STEP("1", "expects = {status, cause}"), {BEGINS, .at = "1"},
	    {ANSWER, "1", "status = reproduced", .at = "1"},
	    {ANSWER, "1", "status = investigating", .at = "1"},
	    {ANSWER, "1", "cause = CWE-79", .at = "1"});
	/* That nothing is hit is an answer to what is hit. */
	GOES(STEP("1", "expects = {affected}"), {BEGINS, .at = "1"},
	    {ANSWER, "1", "under investigation = XYZ-100 2.3", .at = "1"},
	    {ANSWER, "1", "not affected = XYZ-100", .at = ""});
}

static void
test_whose_answer_it_is(void **state)
{
	/* Of the case, since it runs; not what was said before. */
	GOES(STEP("1", "expects = {plan}")
		 STEP("2", "after = {\"1\"} expects = {plan}"),
	    {BEGINS, .at = "1"}, {ANSWER, NULL, "plan = A", .at = "2"},
	    {ANSWER, NULL, "plan = B", .at = ""});
	/* To this step before it began: said ahead of time. */
	GOES(STEP("1", "expects = {plan}")
		 STEP("2", "after = {\"1\"} expects = {fix}"),
	    {BEGINS, .at = "1"}, {ANSWER, "2", "fix = 2.4", .at = "1"},
	    {ANSWER, "1", "plan = A", .at = ""});
	/* Two steps ask for the same, each has its own. */
	GOES(STEP("1", "expects = {ok}") STEP("2", "expects = {ok}"),
	    {BEGINS, .at = "1 2"}, {ANSWER, "2", "ok = yes", .at = "1"},
	    {ANSWER, "1", "ok = yes", .at = ""});
	/* Told along with another step that does not ask for it. */
	GOES(STEP("1", "expects = {status} may = {cause}")
		 STEP("2", "expects = {cause}"),
	    {BEGINS, .at = "1 2"},
	    {ANSWER, "1", "status = reproduced; cause = CWE-79", .at = ""});
}

static void
test_ways(void **state)
{
	static const char text[] = STEP("1", "expects = {status}")
	    STEP("2", "expects = {details}") STEP(
		"3", "after = {\"1\"} when = {\"reproduced\"} start = hand")
		STEP("4", "after = {\"1\"} when = {\"status = not "
			  "reproduced\"} start = hand")
		    STEP("5", "after = {\"1\", \"2\"} start = hand or { "
			      "after = {\"4\"} }");

	GOES(text, {BEGINS, .at = "1 2"},
	    {ANSWER, "1", "status = reproduced", .at = "2 [3]"},
	    {ANSWER, "2", "need details = yes", .at = "[3] [5]"});
	GOES(text, {BEGINS, .at = "1 2"},
	    {ANSWER, "1", "status = not reproduced", .at = "2 [4]"},
	    {STARTS, "4", .at = "2 4"}, {DONE, "4", .at = "2 [5]"});
	/* It was reproduced after all: the other way opens, none closes. */
	GOES(text, {BEGINS, .at = "1 2"},
	    {ANSWER, "1", "status = not reproduced", .at = "2 [4]"},
	    {ANSWER, "1", "status = reproduced", .at = "2 [3] [4]"});
}

/* What nobody took up holds nothing up, and lets nothing begin. */
static void
test_optional(void **state)
{
	static const char text[] = STEP("1", "expects = {status}")
	    STEP("2", "after = {\"1\"} optional = yes start = hand " REPORT)
		STEP("3", "after = {\"2\"} optional = yes start = letter")
		    STEP("4", "after = {\"1\", \"2\", \"3\"} start = hand");

	GOES(text, {BEGINS, .at = "1"},
	    {ANSWER, "1", "status = reproduced", .at = "[2] [4]"},
	    {STARTS, "2", .at = "2 [4]"}, {SENT, "2", .at = "3 [4]"});
	/* Taken up at once with what it follows, it is waited for. */
	GOES(STEP("1", "optional = yes start = hand expects = {plan}")
		 STEP("2", "start = hand")
		     STEP("3", "after = {\"1\", \"2\"} start = hand"),
	    {BEGINS, .at = "[1] [2]"}, {STARTS, "1", .at = "1 [2]"},
	    {STARTS, "2", .at = "1 2"}, {DONE, "2", .at = "1"},
	    {ANSWER, "1", "plan = A", .at = "[3]"});
	/* Passed by it opens no way; a step that had to be done does. */
	GOES(text, {BEGINS, .at = "1"},
	    {ANSWER, "1", "status = reproduced", .at = "[2] [4]"},
	    {SKIPS, "2", .at = "[4]"});
	GOES(STEP("1", "start = hand")
		 STEP("2", "after = {\"1\"} start = hand"),
	    {BEGINS, .at = "[1]"}, {SKIPS, "1", .at = "[2]"});
}

static void
test_done_again(void **state)
{
	static const char text[] = STEP(
	    "1", "optional = yes again = yes start = hand " REPORT) STEP("2",
	    "after = {\"1\"} optional = yes again = yes start = letter");
	struct procedure p;
	static const struct move moves[] = {{BEGINS, .at = "[1]"},
	    {STARTS, "1", .at = "1"}, {SENT, "1", .at = "2"},
	    {ASKED, .at = "2"}, {FROM_SOURCE, "2", .at = ""},
	    /* The second question has a second answer. */
	    {STARTS, "1", .at = "1"}, {SENT, "1", .at = "2"},
	    {ASKED, .at = "2"}, {FROM_SOURCE, "2", .at = ""}};

	procedure_init(&p, FLOW_DIRECT, text);
	walk(&p, moves, COUNT_OF(moves));
	assert_int_equal(case_step_of(&p.v, "2")->round, 2);
	procedure_free(&p);
	/* Passed by the first time, it is done the second. */
	GOES(STEP("1", "start = hand again = yes")
		 STEP("2", "after = {\"1\"} again = yes start = hand"),
	    {BEGINS, .at = "[1]"}, {STARTS, "1", .at = "1"},
	    {DONE, "1", .at = "[2]"}, {SKIPS, "2", .at = ""},
	    {STARTS, "1", .at = "1"}, {DONE, "1", .at = "[2]"});
	/* One of two that it comes after is not all of it. */
	GOES(STEP("1", "start = hand") STEP("2", "start = hand again = yes")
		 STEP("3", "after = {\"1\", \"2\"} again = yes "
			   "expects = {plan}"),
	    {BEGINS, .at = "[1] [2]"}, {STARTS, "1", .at = "1 [2]"},
	    {DONE, "1", .at = "[2]"}, {STARTS, "2", .at = "2"},
	    {DONE, "2", .at = "3"}, {ANSWER, "3", "plan = A", .at = ""},
	    {STARTS, "2", .at = "2"}, {DONE, "2", .at = ""});
	/* An answer to the first round is none to the second. */
	GOES(STEP("1", "again = yes start = hand expects = {plan}"),
	    {BEGINS, .at = "[1]"}, {STARTS, "1", .at = "1"},
	    {ANSWER, "1", "plan = A", .at = ""}, {STARTS, "1", .at = "1"},
	    {ANSWER, "1", "plan = B", .at = ""});
}

static void
test_letters(void **state)
{
	/* The case's first letter is there; the next is awaited. */
	GOES(STEP("1", "start = letter")
		 STEP("2", "after = {\"1\"} start = letter"),
	    {BEGINS, .at = "2"});
	/* What a letter has to say is recorded by a person. */
	GOES(STEP("1", "") STEP("2", "after = {\"1\"} start = letter "
				     "expects = {consent}"),
	    {BEGINS, .at = "2"}, {ANSWER, "2", "consent = yes", .at = ""});
}

static void
test_routes(void **state)
{
	struct procedure p;
	static const struct move moves[] = {{BEGINS, .at = "[1]"},
	    {ROUTED, .at = "1"}, {ANSWER, "1", "need details = no", .at = ""}};

	procedure_init(&p, FLOW_DIRECT,
	    STEP("1", "start = route " OVERVIEW " expects = {details}"));
	p.v.routed = 1; /* proposed */
	walk(&p, moves, COUNT_OF(moves));
	procedure_free(&p);
	/* The map has one clear answer: it never was an offer. */
	GOES(STEP("1", "start = route " OVERVIEW " expects = {details}"),
	    {BEGINS, .at = "1"});
	/* A receipt that asks nothing is over when it left. */
	GOES(STEP("1", "start = route " OVERVIEW), {BEGINS, .at = ""});
}

static void
test_phases(void **state)
{
	static const char text[] =
	    "step \"0\" { " TITLES "phase = 0 }\n"
	    "step \"1\" { " TITLES "phase = 1 start = hand }\n"
	    "step \"4\" { " TITLES "phase = 4 start = hand after = {\"1\"} }\n"
	    "step \"3\" { " TITLES "phase = 3 start = hand after = {\"4\"} }\n";
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, text);
	procedure_run(&p);
	assert_int_equal(p.v.phase, 0); /* an offer is no phase */
	make_move(&p, &(struct move){STARTS, "1", .at = "1"});
	assert_int_equal(p.v.phase, 1);
	make_move(&p, &(struct move){DONE, "1", .at = "[4]"});
	make_move(&p, &(struct move){SKIPS, "4", .at = "[3]"});
	assert_int_equal(p.v.phase, 1); /* passed by */
	make_move(&p, &(struct move){STARTS, "3", .at = "3"});
	assert_int_equal(p.v.phase, 3);
	p.v.phase = 5; /* it never falls back */
	procedure_run(&p);
	assert_int_equal(p.v.phase, 5);
	procedure_free(&p);
}

static void
test_a_closed_case_rests(void **state)
{
	struct procedure p;
	struct advance *list;

	procedure_init(&p, FLOW_DIRECT,
	    STEP("1", "expects = {status}") STEP(
		"2", "optional = yes start = hand") STEP("3", "start = hand")
		STEP("4", "after = {\"1\"} start = hand"));
	make_move(&p, &(struct move){BEGINS, .at = "1 [2] [3]"});
	p.v.closed = true;
	assert_int_equal(desk_advance(p.ctx, &p.v, &list), 0);
	make_move(&p,
	    &(struct move){ANSWER, "1", "status = reproduced", "1 [2] [3]"});
	/* Opened again, it goes on where it stood. */
	p.v.closed = false;
	make_move(&p, &(struct move){BEGINS, .at = "[2] [3] [4]"});
	procedure_free(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_step_that_only_happens),
	    cmocka_unit_test(test_a_hand_begins_and_ends),
	    cmocka_unit_test(test_mails_end_what_expects_nothing),
	    cmocka_unit_test(test_a_mail_that_did_not_leave),
	    cmocka_unit_test(test_everything_expected),
	    cmocka_unit_test(test_whose_answer_it_is),
	    cmocka_unit_test(test_ways),
	    cmocka_unit_test(test_optional),
	    cmocka_unit_test(test_done_again),
	    cmocka_unit_test(test_letters),
	    cmocka_unit_test(test_routes),
	    cmocka_unit_test(test_phases),
	    cmocka_unit_test(test_a_closed_case_rests),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
