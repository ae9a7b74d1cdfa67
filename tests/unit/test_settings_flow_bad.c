/*
 * test_settings_flow_bad.c - every mistake of a flow file is told with its
 * line and with what to do.
 */
#include "settings_file.h"

#include "psirtd/flow.h"

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

/* The line numbers are counted on. */
static const char good_flow[] =
    "step \"1.1\" {\n" /* 1 */
    "  title_en = \"Report\" title_ja = \"届出\" phase = 1\n"
    "  lead = {source}\n"
    "  start = letter\n"
    "}\n" /* 5 */
    "step \"1.2\" {\n"
    "  title_en = \"Handed on\" title_ja = \"内部展開\" phase = 1\n"
    "  lead = {design} joint = {research}\n"
    "  start = route\n"
    "  after = {\"1.1\"}\n" /* 10 */
    "  expects = {status} may = {note}\n"
    "  due = 5b\n"
    "  mail \"overview\" { to = {design, research} }\n"
    "  share \"quality\" { on = yes }\n"
    "}\n" /* 15 */
    "step \"2.1\" {\n"
    "  title_en = \"Plan\" title_ja = \"計画\" phase = 2\n"
    "  lead = {poc}\n"
    "  after = {\"1.2\"} when = {\"reproduced\"}\n"
    "  or { after = {\"1.1\"} when = {\"plan\"} }\n" /* 20 */
    "  expects = {plan}\n"
    "  due = 36h\n"
    "  guard = {\"no_finder\"}\n"
    "  mail \"report\" {\n"
    "    to = counterpart\n" /* 25 */
    "    when = {\"status = reproduced\"}\n"
    "    guard = {\"answered: status = reproduced\"}\n"
    "  }\n"
    "}\n"
    "step \"2.2\" {\n" /* 30 */
    "  title_en = \"Told\" title_ja = \"報告\" phase = 2 lead = {poc}\n"
    "  after = {\"2.1\"}\n"
    "}\n"
    "close \"published\" { guard = {\"requires_sent: 2.1\"} }\n"
    "close \"duplicate\" {}\n"; /* 35 */

static struct flow_file *
parse(const void *ctx, const char *text, char **errors)
{
	struct error err = {0};
	struct flow_file *f =
	    flow_parse(ctx, FLOW_DIRECT, "f", text, errors, &err);

	assert_int_equal(f == NULL, err.fault == FAULT_SETUP);
	assert_int_equal(f == NULL, *errors != NULL);
	return f;
}

static void
test_good(void **state)
{
	void *ctx = talloc_new(NULL);
	char *errors = NULL;
	const struct flow_file *f = parse(ctx, good_flow, &errors);
	const struct flow_step *s;

	if (f == NULL)
		fail_msg("%s", errors);
	assert_int_equal(f->flow, FLOW_DIRECT);
	assert_string_equal(f->path, "f");
	/* Kept as it was, comments and all: a case goes by it to its end. */
	assert_string_equal(f->text, good_flow);
	assert_null(f->digest);
	assert_int_equal(f->nsteps, 4);
	assert_int_equal(f->ncloses, 2);
	assert_ptr_equal(flow_step(f, "1.2"), &f->steps[1]);
	assert_null(flow_step(f, "1.3"));
	assert_null(flow_step(f, NULL));
	s = &f->steps[1];
	assert_int_equal(s->place.line, 6);
	assert_string_equal(s->place.file, "f");
	assert_int_equal(s->lead, ROLE_BIT(ROLE_DESIGN));
	assert_int_equal(s->joint, ROLE_BIT(ROLE_RESEARCH));
	assert_int_equal(s->due_days, 5);
	assert_int_equal(s->nexpects, 1);
	assert_int_equal(s->may[0], ANSWER_NOTE);
	assert_int_equal(s->mails[0].policy, POLICY_AUTO);
	assert_int_equal(
	    s->mails[0].roles, ROLE_BIT(ROLE_DESIGN) | ROLE_BIT(ROLE_RESEARCH));
	assert_true(s->shares[0].on);
	assert_string_equal(s->shares[0].template, "share");
	s = &f->steps[2];
	assert_int_equal(s->start, START_AUTO);
	assert_int_equal(s->due_s, 36 * 3600);
	assert_int_equal(s->nways, 2);
	/* A value alone is an answer that 1.2 expects. */
	assert_int_equal(s->ways[0].when[0].answer, ANSWER_STATUS);
	assert_string_equal(s->ways[0].when[0].value, "reproduced");
	assert_int_equal(s->ways[1].when[0].answer, ANSWER_PLAN);
	assert_null(s->ways[1].when[0].value);
	assert_int_equal(s->mails[0].to, AUDIENCE_COUNTERPART);
	assert_int_equal(s->mails[0].policy, POLICY_APPROVE);
	assert_int_equal(s->mails[0].guards[0].kind, GUARD_ANSWERED);
	assert_int_equal(s->mails[0].guards[0].place.line, 27);
	assert_string_equal(f->closes[0].guards[0].step, "2.1");
	assert_int_equal(f->closes[0].place.line, 34);
	talloc_free(ctx);
}

struct bad {
	const char *from; /* NULL: `to` stands at the end */
	const char *to;
	int line;
	const char *says;
};

static const struct bad words[] = {
    {"lead = {design}", "lead = {desing}", 8,
	"lead: \"desing\" is no role: did you mean design?"},
    {"lead = {design}", "lead = {xyzzy}", 8,
	"lead: \"xyzzy\" is no role: see psirtd-flow(5)"},
    {"joint = {research}", "joint = {research, research}", 8,
	"joint: \"research\" stands in the list twice"},
    {"joint = {research}", "joint = {design}", 8,
	"step 1.2: a role leads and works along: take it out of joint"},
    {"expects = {status}", "expects = {statsu}", 11,
	"expects: \"statsu\" is no answer: did you mean status?"},
    {"expects = {status}", "expects = {status, status}", 11,
	"expects: \"status\" stands in the list twice"},
    {"may = {note}", "may = {nothing}", 11, "may: \"nothing\" is no answer"},
    {"due = 5b", "due = 5", 12,
	"due = \"5\" must be a time such as \"10b\" (business days"},
    {"due = 5b", "due = 0b", 12, "due = \"0b\" must be"},
    {"due = 5b", "due = 999b", 12, "due = \"999b\" must be"},
    {"due = 5b", "due = {5b, 6b}", 12, "due = \"5b\" must be"},
    {"due = 36h", "due = 99w9", 22, "due = \"99w9\" must be"},
    {"start = route", "start = later", 9,
	"start = \"later\" must be one of auto, hand, letter, route"},
    {"phase = 2\n  lead", "phase = 6\n  lead", 17,
	"phase = \"6\" must lie between 0 and 5"},
    {"after = {\"1.1\"}", "after = {\"1.11\"}", 10,
	"after: \"1.11\" is no step of this flow: did you mean 1.1?"},
    {"after = {\"1.1\"}", "after = {\"1.1\", \"1.1\"}", 10,
	"after: 1.1 stands in the list twice"},
    {"after = {\"1.1\"}", "after = {\"1.2\"}", 10,
	"after: 1.2 cannot come after itself"},
    {"when = {\"reproduced\"}", "when = {\"reproducde\"}", 19,
	"when: \"reproducde\" is no answer"},
    {"when = {\"reproduced\"}", "when = {\"status = yes\"}", 19,
	"when: \"yes\" of status is none of reproduced, not reproduced"},
    {"when = {\"reproduced\"}", "when = {\"decision = publish\"}", 16,
	"step 2.1: no step expects decision, so when never holds"},
    {"when = {\"reproduced\"}",
	"when = {\"reproduced\",\n\"status = not reproduced\"}", 20,
	"when: status stands in the list twice: no answer is two at once"},
    {"\"no_finder\"", "\"no_fnider\"", 23,
	"guard: \"no_fnider\" is no guard: did you mean no_finder?"},
    {"\"no_finder\"", "\"exploit\"", 23, "guard: \"exploit\" is no guard"},
    {"\"no_finder\"", "\"flow\"", 23, "guard: \"flow\" is no guard"},
    {"\"no_finder\"", "\"no_finder: 2.1\"", 23,
	"guard: no_finder stands alone"},
    {"\"requires_sent: 2.1\"", "\"requires_sent\"", 34,
	"guard: requires_sent needs a step: \"requires_sent: 5.1.2\""},
    {"\"requires_sent: 2.1\"", "\"requires_sent: 2.9\"", 34,
	"guard: \"2.9\" is no step of this flow"},
    {"\"requires_sent: 2.1\"", "\"requires_sent: 2.2\"", 34,
	"guard: step 2.2 has no mail that could be sent"},
    {"\"answered: status = reproduced\"", "\"answered\"", 27,
	"guard: answered needs an answer"},
    {"\"answered: status = reproduced\"", "\"answered: state\"", 27,
	"guard: \"state\" is no answer: did you mean status?"},
    {"\"answered: status = reproduced\"", "\"answered: consent = yes\"", 27,
	"guard: no step expects consent"},
    {"to = counterpart", "to = counterprat", 25,
	"to: \"counterprat\" is no role"},
    {"to = counterpart", "to = {counterpart, design}", 25,
	"to: counterpart stands alone"},
    {"to = {design, research}", "to = {design, poc}", 13,
	"to: \"poc\" is no role"},
    {"share \"quality\"", "share \"quallity\"", 14,
	"share \"quallity\": it must be the role of a department, or poc"},
    {"share \"quality\"", "share \"ipa\"", 14, "share \"ipa\": it must be"},
    {"share \"quality\"", "share \"quality\" {}\n  share \"quality\"", 15,
	"share quality stands twice, first on line 14"},
    {"close \"duplicate\"", "close \"dupicate\"", 35,
	"close \"dupicate\": there is no such reason: did you mean duplicate?"},
    {"close \"duplicate\"", "close \"published\"", 35,
	"close published stands twice, first on line 34"},
};

static const struct bad shapes[] = {
    {"step \"2.2\"", "step \"2.1\"", 30,
	"step 2.1 stands twice, first on line 16: give one another number"},
    {"step \"2.2\"", "step \"2.b\"", 30,
	"step \"2.b\": its name must be a number such as 1.3.1"},
    {"step \"2.2\"", "step \"1.2.3.4\"", 30, "its name must be a number"},
    {"step \"2.2\"", "step \"2.100\"", 30, "its name must be a number"},
    {"step \"2.2\"", "step \"2.\"", 30, "its name must be a number"},
    {"  lead = {source}\n", "", 1, "step 1.1 needs lead: who or what"},
    {"title_ja = \"届出\"", "", 1, "step 1.1 needs title_ja: one line"},
    {"to = {design, research}", "", 13, "mail overview needs to: who"},
    {"    to = counterpart", "    too = counterpart", 25,
	"too is not known in mail { }: did you mean to?"},
    {"  due = 5b", "  policy = auto", 12,
	"policy is not known in step { }: it belongs in mail { }"},
    {"  due = 5b", "  xyzzy = auto", 12,
	"take it out, or see psirtd-flow(5) for the known ones"},
    {"close \"duplicate\" {}", "database = /x", 35,
	"database is not known at the top level"},
    {"  due = 5b", "  due = 5b due = 6b", 12, "due is set twice"},
    {"  after = {\"2.1\"}\n}", "  or { after = {\"2.1\"} }\n}", 32,
	"step 2.2: or { } is another way than after and when"},
    {"or { after = {\"1.1\"} when = {\"plan\"} }", "or { }", 20,
	"step 2.1: or { } is another way"},
    {"mail \"overview\"", "mail \"ask\"", 6,
	"step 1.2: start = route needs mail overview { }"},
    {"close \"duplicate\" {}", "close \"duplicate\" {", 35,
	"close \"duplicate\" is not closed: put } behind it"},
    {"\"Told\"", "\"Told", 31, "this quote is not closed"},
    {"\"Told\"", "\"${USER}\"", 31, "${…} is not filled in here"},
};

/* Steps that wait for what never comes. */
static const struct bad circles[] = {
    {"after = {\"1.1\"}", "after = {\"2.2\"}", 19,
	"step 2.1 can never begin so: 2.1 after 1.2 after 2.2 after 2.1"},
    {"or { after = {\"1.1\"}", "or { after = {\"2.2\"}", 20,
	"step 2.1 can never begin so: 2.1 after 2.2 after 2.1"},
    {NULL,
	"step \"3.1\" { title_en = a title_ja = b phase = 3 lead = {poc}\n"
	"after = {\"3.2\"} }\n"
	"step \"3.2\" { title_en = a title_ja = b phase = 3 lead = {poc}\n"
	"after = {\"3.1\"} }\n"
	"step \"3.3\" { title_en = a title_ja = b phase = 3 lead = {poc}\n"
	"after = {\"3.2\"} }\n",
	41, "step 3.3 can never begin so: nothing leads to step 3.2"},
};

static void
check(const struct bad *bad, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		void *ctx = talloc_new(NULL);
		char *errors = NULL;
		char *text =
		    bad[i].from == NULL
			? talloc_asprintf(ctx, "%s%s", good_flow, bad[i].to)
			: replaced(ctx, good_flow, bad[i].from, bad[i].to);
		char *line = talloc_asprintf(ctx, "f:%d: ", bad[i].line);
		const char *at;

		if (parse(ctx, text, &errors) != NULL)
			fail_msg("%s was taken", bad[i].to);
		at = strstr(errors, line);
		if (at == NULL || strstr(at, bad[i].says) == NULL ||
		    (strchr(at, '\n') < strstr(at, bad[i].says)))
			fail_msg("%s\nnot: %s%s", errors, line, bad[i].says);
		talloc_free(ctx);
	}
}

static void
test_words(void **state)
{
	check(words, COUNT_OF(words));
}

static void
test_shapes(void **state)
{
	check(shapes, COUNT_OF(shapes));
}

static void
test_circles(void **state)
{
	check(circles, COUNT_OF(circles));
}

/* Several at once, in the order of the file, added to what was there. */
static void
test_all_of_them(void **state)
{
	void *ctx = talloc_new(NULL);
	char *text = replaced(ctx, good_flow, "due = 36h", "due = x");
	char *errors = talloc_strdup(ctx, "before\n");
	struct error err = {0};

	text = replaced(ctx, text, "lead = {source}", "lead = {sauce}");
	assert_null(flow_parse(ctx, FLOW_DIRECT, "f", text, &errors, &err));
	assert_int_equal(strncmp(errors, "before\nf:3: lead: ", 18), 0);
	assert_non_null(strstr(errors, "\nf:22: due = \"x\""));
	assert_string_equal(err.text, "2 errors in f");
	errors = NULL;
	assert_null(flow_parse(ctx, FLOW_DIRECT, "f", "", &errors, &err));
	assert_string_equal(
	    errors, "f:1: the file has no step: write step \"1.1\" { … }\n");
	/* Who wants no list gets the count. */
	assert_null(flow_parse(ctx, FLOW_DIRECT, "f", text, NULL, &err));
	talloc_free(ctx);
}

/* How many sections and lists are open at the end; -1: a quote is. */
static int
open_at_end(const char *text)
{
	bool quoted = false;
	int depth = 0;

	for (; *text != '\0'; text++) {
		if (*text == '"')
			quoted = !quoted;
		else if (!quoted)
			depth += *text == '{' ? 1 : *text == '}' ? -1 : 0;
	}
	return quoted ? -1 : depth;
}

/* Half of a file is none, and no step of its other half is missed. */
static void
test_cut(void **state)
{
	for (size_t len = 1; len < sizeof(good_flow) - 1; len++) {
		void *ctx = talloc_new(NULL);
		char *text = talloc_strndup(ctx, good_flow, len);
		char *errors = NULL;

		if (open_at_end(text) == 0) {
			talloc_free(ctx);
			continue;
		}
		assert_null(parse(ctx, text, &errors));
		if (strstr(errors, "is not closed") == NULL ||
		    strstr(errors, "no step") != NULL ||
		    strstr(errors, "has no mail") != NULL)
			fail_msg("%zu: %s", len, errors);
		talloc_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_shapes),
	    cmocka_unit_test(test_circles),
	    cmocka_unit_test(test_all_of_them),
	    cmocka_unit_test(test_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
