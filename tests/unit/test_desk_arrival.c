/*
 * test_desk_arrival.c - a letter of JPCERT/CC or of the source on a case: one
 * row a situation.
 */
#include "procedure_world.h"

#define STEP(number, more)                                                     \
	"step \"" number                                                       \
	"\" { title_en = \"a\" title_ja = \"手順\" phase = 2 lead = {poc} "  \
	"start = letter " more " }\n"

static const char waits_for_none[] = STEP("1", "");
static const char waits_for_one[] = STEP("1", "") STEP("2", "after = {\"1\"}");
static const char waits_for_two[] =
    STEP("1", "") STEP("2", "after = {\"1\"}") STEP("3", "after = {\"1\"}");
static const char waits_for_words[] =
    STEP("1", "") STEP("2", "after = {\"1\"} expects = {consent}");

struct row {
	const char *name;
	const char *flow_text;
	enum flow flow;
	unsigned channel, questions;
	bool closed;
	enum verdict verdict;
	bool source, jpcert, unconfirmed;

	enum arrival_do what;
	unsigned task;
	bool due;
};

#define PINNED .jpcert = true, .verdict = VERDICT_PINNED
#define ENDS .what = ARRIVAL_ENDS_STEP
#define TASK(kind) .what = ARRIVAL_TASK, .task = CASE_TASK_##kind

static const struct row rows[] = {
    {"the details come", waits_for_one, FLOW_JPCERT, PINNED, ENDS},
    {"nothing is awaited of it", waits_for_none, FLOW_JPCERT, PINNED,
	TASK(COUNTERPART), .due = true},
    {"two steps wait: a person says which", waits_for_two, FLOW_JPCERT, PINNED,
	TASK(COUNTERPART), .due = true},
    {"its words have to be recorded", waits_for_words, FLOW_JPCERT, PINNED,
	TASK(COUNTERPART), .due = true},
    {"not under its key", waits_for_one, FLOW_JPCERT, .jpcert = true,
	.verdict = VERDICT_UNSIGNED, TASK(COUNTERPART), .due = true},
    {"under a key known of a finder", waits_for_one, FLOW_JPCERT,
	.jpcert = true, .verdict = VERDICT_KNOWN, TASK(COUNTERPART),
	.due = true},
    {"unconfirmed", waits_for_one, FLOW_JPCERT, PINNED, .unconfirmed = true,
	TASK(COUNTERPART), .due = true},
    {"a closed case", waits_for_one, FLOW_JPCERT, PINNED, .closed = true,
	TASK(COUNTERPART), .due = true},
    {"JPCERT/CC on a case of ours", waits_for_one, FLOW_DIRECT, PINNED,
	TASK(COUNTERPART), .due = true},
    {"JPCERT/CC stands behind us", waits_for_one, FLOW_DIRECT, .channel = 2,
	PINNED, TASK(COUNTERPART), .due = true},
    {"JPCERT/CC is the window now", waits_for_one, FLOW_DIRECT, .channel = 1,
	PINNED, ENDS},

    {"the source writes", waits_for_none, FLOW_DIRECT, .source = true,
	.verdict = VERDICT_KNOWN, TASK(ANSWER_FINDER), .due = true},
    {"the source answers our question", waits_for_one, FLOW_DIRECT,
	.questions = 1, .source = true, .verdict = VERDICT_KNOWN, ENDS,
	.task = CASE_TASK_ANSWER_FINDER, .due = true},
    {"a finder without a key answers", waits_for_one, FLOW_DIRECT,
	.questions = 2, .source = true, .verdict = VERDICT_UNSIGNED, ENDS,
	.task = CASE_TASK_ANSWER_FINDER, .due = true},
    {"no question is open", waits_for_one, FLOW_DIRECT, .source = true,
	.verdict = VERDICT_KNOWN, TASK(ANSWER_FINDER), .due = true},
    {"answered under another key", waits_for_one, FLOW_DIRECT, .questions = 1,
	.source = true, .unconfirmed = true, .verdict = VERDICT_UNKNOWN_KEY,
	TASK(OTHER_KEY), .due = true},
    {"the source writes past JPCERT/CC", waits_for_one, FLOW_DIRECT,
	.channel = 1, .questions = 1, .source = true, .verdict = VERDICT_KNOWN,
	TASK(MEDIATED)},
    {"a finder on a case of JPCERT/CC", waits_for_one, FLOW_JPCERT,
	.source = true, .verdict = VERDICT_UNSIGNED, TASK(MEDIATED)},

    {"somebody else", waits_for_one, FLOW_DIRECT, .questions = 1,
	.unconfirmed = true, TASK(OTHER_KEY), .due = true},
    {"a department", waits_for_one, FLOW_DIRECT, .questions = 1,
	.what = ARRIVAL_NOTHING},
};

static void
test_row(void **state)
{
	const struct row *r = *state;
	struct desk_signer signer = {.verdict = r->verdict};
	struct procedure p;
	struct arrival a;

	procedure_init(&p, r->flow, r->flow_text);
	procedure_run(&p);
	p.v.channel = r->channel;
	p.v.questions_open = r->questions;
	p.v.closed = r->closed;
	if (r->jpcert)
		signer.correspondent = &p.correspondents[0];
	a = desk_arrival(&p.v, &signer, r->source, r->jpcert, r->unconfirmed);
	assert_int_equal(a.what, r->what);
	assert_int_equal(a.task, r->task);
	assert_int_equal(a.answer_due, r->due);
	if (a.what == ARRIVAL_ENDS_STEP)
		assert_string_equal(a.pass->step->number, "2");
	else
		assert_null(a.pass);
	procedure_free(&p);
}

int
main(void)
{
	struct CMUnitTest tests[COUNT_OF(rows)] = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		tests[i].name = rows[i].name;
		tests[i].test_func = test_row;
		memcpy(&tests[i].initial_state, &(const void *){&rows[i]},
		    sizeof(void *));
	}
	return cmocka_run_group_tests(tests, NULL, NULL);
}
