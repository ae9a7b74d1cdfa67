/*
 * test_desk_flows.c - the shipped flows, walked to their ends: every step of
 * both is begun and ended by what ends it, its mails pass the guards, and at
 * each move the case stands where the seed says.
 */
#include "procedure_world.h"

#define STEPS_MOST 64

/* Which steps some walk has brought to their end, by flow. */
static const char *ended[FLOW_JPCERT + 1][STEPS_MOST];

static void
note_ended(const struct procedure *p)
{
	for (size_t i = 0; i < p->v.nsteps; i++) {
		const char **list = ended[p->v.kind];
		size_t k = 0;

		if (p->v.steps[i].state != CASE_STEP_ENDED)
			continue;
		while (list[k] != NULL &&
		       strcmp(list[k], p->v.steps[i].step->number) != 0)
			k++;
		assert_true(k + 1 < STEPS_MOST);
		if (list[k] == NULL)
			list[k] = strdup(p->v.steps[i].step->number);
	}
}

static void
case_init(struct procedure *p, enum flow flow)
{
	procedure_init(p, flow, NULL);
	/* JPCERT/CC may name the finder; nobody writes to it all the same. */
	p->v.finder_address = AT_FINDER;
}

static void
case_free(struct procedure *p)
{
	note_ended(p);
	procedure_free(p);
}

#define WALK(p, ...)                                                           \
	do {                                                                   \
		static const struct move list_[] = {__VA_ARGS__};              \
		walk(p, list_, COUNT_OF(list_));                               \
	} while (0)

static void
closes(struct procedure *p, enum close_reason reason, enum guard_kind guard)
{
	char *why = NULL;

	assert_string_equal(
	    guard_name(desk_may_close(p->ctx, &p->v, reason, 0, &why)),
	    guard_name(guard));
	assert_int_equal(why != NULL, guard != 0);
	/* Every guard of closing may be overridden by the lead. */
	assert_int_equal(
	    desk_may_close(p->ctx, &p->v, reason, UINT32_MAX, &why), 0);
}

/* ---- flow <1> ---- */

static void
jpcert_to_details(struct procedure *p)
{
	WALK(p, {BEGINS, .at = "[0.1.1] [0.2.1] 1.3.1"},
	    {STARTS, "0.1.1", .at = "0.1.1 [0.2.1] 1.3.1"},
	    {DONE, "0.1.1", .at = "[0.2.1] 1.3.1"},
	    {STARTS, "0.2.1", .at = "0.2.1 1.3.1"},
	    {DONE, "0.2.1", .at = "1.3.1"},
	    {ANSWER, "1.3.1", "need details = yes", "1.4.1"});
	assert_int_equal(case_step_of(&p->v, "1.4.1")->mails_waiting, 1);
	WALK(p, {SENT, "1.4.1", .at = "1.5.1"},
	    {FROM_JPCERT, "1.5.1", .at = "1.5.2"},
	    {SENT, "1.5.2", .at = "2.1.1 [2.3.1]"});
	assert_int_equal(p->v.phase, 2);
}

static void
jpcert_investigates(struct procedure *p)
{
	WALK(p, {ANSWER, "2.1.1", "status = investigating", "2.1.1 [2.3.1]"},
	    {ANSWER, "2.1.1", "status = reproduced", "2.2.1 [2.3.1]"},
	    {STARTS, "2.3.1", .at = "2.2.1 2.3.1"},
	    {SENT, "2.3.1", .at = "2.2.1 2.3.2"},
	    {FROM_JPCERT, "2.3.2", .at = "2.2.1 2.3.3"},
	    {SENT, "2.3.3", .at = "2.2.1"},
	    /* One more question. */
	    {STARTS, "2.3.1", .at = "2.2.1 2.3.1"},
	    {SENT, "2.3.1", .at = "2.2.1 2.3.2"},
	    {FROM_JPCERT, "2.3.2", .at = "2.2.1 2.3.3"},
	    {SENT, "2.3.3", .at = "2.2.1"},
	    {ANSWER, "2.2.1", "cause = CWE-79", "2.2.1"},
	    {ANSWER, "2.2.1", "conditions = the port is open", "2.4.1"},
	    {ANSWER, "2.4.1",
		"affected = XYZ-100 < 2.4; oem = Partner; oem by = us",
		"[2.4.2] 2.5.1"},
	    {STARTS, "2.4.2", .at = "2.4.2 2.5.1"},
	    {SENT, "2.4.2", .at = "2.5.1"},
	    {ANSWER, "2.5.1", "impact = the plant stops; difficulty = low",
		"2.6.1"},
	    {SENT, "2.6.1", .at = "3.1.1"});
	assert_int_equal(p->v.phase, 3);
}

static void
jpcert_prepares(struct procedure *p)
{
	WALK(p, {ANSWER, "3.1.1", "plan = by spring", "3.1.1"},
	    {ANSWER, "3.1.1", "planned = 2027-01-15",
		"3.1.3 3.2.1 3.2.2 [4.1.1]"},
	    {SENT, "3.1.3", .at = "[3.1.2] 3.2.1 3.2.2 [4.1.1]"},
	    {STARTS, "3.1.2", .at = "3.1.2 3.2.1 3.2.2 [4.1.1]"},
	    {DONE, "3.1.2", .at = "3.2.1 3.2.2 [4.1.1]"},
	    /* The plan slips, and is told anew. */
	    {STARTS, "3.1.1", .at = "3.1.1 3.2.1 3.2.2 [4.1.1]"},
	    {ANSWER, "3.1.1", "plan = by summer; planned = 2027-02-15",
		"3.1.3 3.2.1 3.2.2 [4.1.1]"},
	    {SENT, "3.1.3", .at = "3.2.1 3.2.2 [4.1.1]"},
	    {ANSWER, "3.2.1", "fix = 2.4", "3.2.2 [4.1.1]"},
	    {ANSWER, "3.2.2", "workaround = close the port", "3.3.1 [4.1.1]"},
	    {ANSWER, "3.3.1", "verified = yes", "[4.1.1]"});
}

static void
test_jpcert_customers_not_all_known(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_JPCERT);
	jpcert_to_details(&p);
	jpcert_investigates(&p);
	jpcert_prepares(&p);
	WALK(&p, {STARTS, "4.1.1", .at = "4.1.1"},
	    {SENT, "4.1.1", .at = "4.1.1"},
	    {ANSWER, "4.1.1", "decision = publish; weighing = it is known",
		"4.1.2"},
	    {SENT, "4.1.2", .at = "[4.2.1] 4.4.1"},
	    {STARTS, "4.2.1", .at = "4.2.1 4.4.1"},
	    {SENT, "4.2.1", .at = "4.2.1 4.4.1"},
	    {ANSWER, "4.2.1", "consent = no", "4.4.1"},
	    /* JPCERT/CC thinks better of it. */
	    {ANSWER, "4.2.1", "consent = yes", "[4.2.2] 4.4.1"},
	    {STARTS, "4.2.2", .at = "4.2.2 4.4.1"});
	/* One customer has an NDA, the other was refused. */
	assert_int_equal(p.refused, GUARD_NDA);
	assert_int_equal(case_step_of(&p.v, "4.2.2")->mails_waiting, 1);
	WALK(&p, {SENT, "4.2.2", .at = "4.4.1"},
	    {ANSWER, "4.4.1", "publish = 2027-02-15 10:00 UTC", "4.4.2"});
	closes(&p, CLOSE_PUBLISHED, GUARD_REQUIRES_SENT);
	WALK(&p, {SENT, "4.4.2", .at = "[5.1.1] 5.2.0"});
	/* Told is not published: its day has not come. */
	closes(&p, CLOSE_PUBLISHED, GUARD_NOT_BEFORE);
	WALK(&p,
	    /* The date moves: JPCERT/CC is told by itself. */
	    {STARTS, "4.4.1", .at = "4.4.1 [5.1.1] 5.2.0"},
	    {ANSWER, "4.4.1", "publish = 2027-02-22 10:00 UTC",
		"4.4.2 [5.1.1] 5.2.0"},
	    {SENT, "4.4.2", .at = "[5.1.1] 5.2.0"},
	    {STARTS, "5.1.1", .at = "5.1.1 5.2.0"},
	    {SENT, "5.1.1", .at = "5.1.1 5.2.0"},
	    {ANSWER, "5.1.1", "ok = yes", "5.1.1 5.2.0"},
	    {FROM_JPCERT, "5.2.0", .at = "5.1.1 5.2.1"},
	    {SENT, "5.2.1", .at = "5.1.1 5.2.1"},
	    /* What was said of ours is not said of JVN's. */
	    {ANSWER, "5.2.1", "ok = no", "5.1.1 5.2.4"},
	    {SENT, "5.2.4", .at = "5.1.1 5.2.2"}, {LATER, .at = "5.1.1 5.2.2"},
	    {ANSWER, "5.1.1", "url = https://vendor.example/1", "5.2.2"},
	    {ANSWER, "5.2.2", "jvn = JVN#12345678", "[5.2.3]"},
	    {STARTS, "5.2.3", .at = "5.2.3"}, {DONE, "5.2.3", .at = ""});
	assert_int_equal(p.v.phase, 5);
	closes(&p, CLOSE_PUBLISHED, 0);
	case_free(&p);
}

static void
test_jpcert_all_customers_known(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_JPCERT);
	jpcert_to_details(&p);
	jpcert_investigates(&p);
	jpcert_prepares(&p);
	WALK(&p, {STARTS, "4.1.1", .at = "4.1.1"},
	    {ANSWER, "4.1.1", "decision = customers only; weighing = few",
		"4.1.2"},
	    {SENT, "4.1.2", .at = "4.3.1"}, {SENT, "4.3.1", .at = "4.3.1"});
	closes(&p, CLOSE_CUSTOMERS, GUARD_AGREEMENT);
	WALK(&p, {ANSWER, "4.3.1", "agreement = no", ""},
	    {ANSWER, "4.3.1", "agreement = yes", "4.3.2"});
	closes(&p, CLOSE_CUSTOMERS, GUARD_REQUIRES_SENT);
	/* The mail to one of them came back: JPCERT/CC is not told of all. */
	p.v.customers_untold = "Office";
	WALK(&p, {SENT, "4.3.2", .at = "[4.3.4]"});
	closes(&p, CLOSE_CUSTOMERS, GUARD_REQUIRES_SENT);
	p.v.customers_untold = NULL;
	WALK(&p, {STARTS, "4.3.4", .at = "4.3.4"});
	closes(&p, CLOSE_CUSTOMERS, GUARD_REQUIRES_SENT);
	WALK(&p, {SENT, "4.3.4", .at = "[4.3.3]"},
	    {STARTS, "4.3.3", .at = "4.3.3"}, {DONE, "4.3.3", .at = ""});
	closes(&p, CLOSE_CUSTOMERS, 0);
	case_free(&p);
}

/* 詳細 不要: the decline, and the end. */
static void
test_jpcert_details_declined(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_JPCERT);
	p.v.routed = 1;
	WALK(&p, {BEGINS, .at = "[0.1.1] [0.2.1] [1.3.1]"},
	    {ROUTED, .at = "[0.1.1] [0.2.1] 1.3.1"},
	    {ANSWER, "1.3.1", "need details = no", "[0.1.1] [0.2.1] 1.4.1"});
	/* The decline alone, and the request was not even tried. */
	assert_int_equal(case_step_of(&p.v, "1.4.1")->mails_waiting, 1);
	assert_int_equal(p.refused, 0);
	closes(&p, CLOSE_DECLINED, GUARD_REQUIRES_SENT);
	WALK(&p, {SENT, "1.4.1", .at = "[0.1.1] [0.2.1]"});
	closes(&p, CLOSE_DECLINED, 0);
	/* Design changes its mind: asked for by hand. */
	WALK(&p,
	    {ANSWER, "1.3.1", "need details = yes", "[0.1.1] [0.2.1] 1.5.1"},
	    {STARTS, "1.4.1", .at = "[0.1.1] [0.2.1] 1.4.1 1.5.1"},
	    {SENT, "1.4.1", .at = "[0.1.1] [0.2.1] 1.5.1"},
	    {FROM_JPCERT, "1.5.1", .at = "[0.1.1] [0.2.1] 1.5.2"});
	p.v.closed = true;
	WALK(&p, {BEGINS, .at = "[0.1.1] [0.2.1] 1.5.2"});
	case_free(&p);
}

static void
test_jpcert_not_reproduced(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_JPCERT);
	jpcert_to_details(&p);
	WALK(&p, {ANSWER, "2.1.1", "status = not reproduced", "[2.3.1] 2.6.1"});
	closes(&p, CLOSE_NOT_REPRODUCIBLE, GUARD_REQUIRES_SENT);
	closes(&p, CLOSE_NOT_A_VULNERABILITY, GUARD_REQUIRES_SENT);
	WALK(&p, {SENT, "2.6.1", .at = "[2.3.1]"});
	closes(&p, CLOSE_NOT_REPRODUCIBLE, 0);
	closes(&p, CLOSE_NOT_A_VULNERABILITY, 0);
	/* With the answer of the finder it is: all of it, and a new report. */
	WALK(&p, {STARTS, "2.3.1", .at = "2.3.1"},
	    {SENT, "2.3.1", .at = "2.3.2"},
	    {FROM_JPCERT, "2.3.2", .at = "2.3.3"}, {SENT, "2.3.3", .at = ""},
	    {ANSWER, "2.1.1", "status = reproduced", "2.2.1"},
	    {ANSWER, "2.2.1", "cause = CWE-79; conditions = one", "2.4.1"},
	    {ANSWER, "2.4.1", "not affected = XYZ-200", "[2.4.2] 2.5.1"},
	    {SKIPS, "2.4.2", .at = "2.5.1"},
	    {ANSWER, "2.5.1", "impact = low; difficulty = low", "2.6.1 3.1.1"},
	    {SENT, "2.6.1", .at = "3.1.1"},
	    /* A report more asks no department for anything. */
	    {STARTS, "2.6.1", .at = "2.6.1 3.1.1"},
	    {SENT, "2.6.1", .at = "3.1.1"},
	    {ANSWER, "3.1.1", "plan = A; planned = 2027-01-15",
		"3.1.3 3.2.1 3.2.2 [4.1.1]"},
	    {STARTS, "2.6.1", .at = "2.6.1 3.1.3 3.2.1 3.2.2 [4.1.1]"},
	    {SENT, "2.6.1", .at = "3.1.3 3.2.1 3.2.2 [4.1.1]"});
	case_free(&p);
}

/* ---- flow <2> ---- */

static void
direct_investigates(struct procedure *p)
{
	WALK(p,
	    {ANSWER, "2.2.1", "cause = CWE-79; conditions = one",
		"[2.3.1] 2.4.1 [2.6.1]"},
	    {ANSWER, "2.4.1", "affected = XYZ-100; oem by = us",
		"[2.3.1] [2.4.2] 2.5.1 [2.6.1]"},
	    {STARTS, "2.4.2", .at = "[2.3.1] 2.4.2 2.5.1 [2.6.1]"},
	    {SENT, "2.4.2", .at = "[2.3.1] 2.5.1 [2.6.1]"},
	    {ANSWER, "2.5.1", "impact = low; difficulty = low",
		"[2.3.1] [2.6.1] 3.1.1"},
	    {ANSWER, "3.1.1", "plan = A; planned = 2027-01-15",
		"[2.3.1] [2.6.1] 3.2.1 3.2.2 [4.1.1]"},
	    {ANSWER, "3.2.1", "fix = 2.4", "[2.3.1] [2.6.1] 3.2.2 [4.1.1]"},
	    {ANSWER, "3.2.2", "workaround = close the port",
		"[2.3.1] [2.6.1] 3.3.1 [4.1.1]"},
	    {ANSWER, "3.3.1", "verified = yes", "[2.3.1] [2.6.1] [4.1.1]"});
	assert_int_equal(p->v.phase, 3);
}

static void
test_direct_without_mediation(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_DIRECT);
	WALK(&p, {BEGINS, .at = "[1.2.1] 2.1.1 [2.3.1]"},
	    {SKIPS, "1.2.1", .at = "2.1.1 [2.3.1]"},
	    {ANSWER, "2.1.1", "status = reproduced", "2.2.1 [2.3.1] [2.6.1]"});
	direct_investigates(&p);
	WALK(&p, {STARTS, "2.3.1", .at = "2.3.1 [2.6.1] [4.1.1]"},
	    {SENT, "2.3.1", .at = "2.3.2 [2.6.1] [4.1.1]"},
	    {ASKED, .at = "2.3.2 [2.6.1] [4.1.1]"},
	    {FROM_SOURCE, "2.3.2", .at = "2.3.3 [2.6.1] [4.1.1]"},
	    {SENT, "2.3.3", .at = "[2.6.1] [4.1.1]"},
	    /* The source asks how it stands. */
	    {STARTS, "2.6.1", .at = "2.6.1 [4.1.1]"},
	    {SENT, "2.6.1", .at = "[4.1.1]"}, /* Each of it once more. */
	    {STARTS, "2.3.1", .at = "2.3.1 [4.1.1]"},
	    {SENT, "2.3.1", .at = "2.3.2 [4.1.1]"},
	    {ASKED, .at = "2.3.2 [4.1.1]"},
	    {FROM_SOURCE, "2.3.2", .at = "2.3.3 [4.1.1]"},
	    {SENT, "2.3.3", .at = "[4.1.1]"},
	    {STARTS, "2.6.1", .at = "2.6.1 [4.1.1]"},
	    {SENT, "2.6.1", .at = "[4.1.1]"},
	    {STARTS, "3.1.1", .at = "3.1.1 [4.1.1]"},
	    {ANSWER, "3.1.1", "plan = B; planned = 2027-02-15", "[4.1.1]"},
	    {STARTS, "4.1.1", .at = "4.1.1"}, {SENT, "4.1.1", .at = "4.1.1"},
	    {ANSWER, "4.1.1", "decision = publish; weighing = known",
		"[4.2.1] 4.3.1"},
	    {STARTS, "4.2.1", .at = "4.2.1 4.3.1"});
	/* No NDA is asked for: a warning alone. */
	assert_int_equal(p.refused, 0);
	assert_int_equal(case_step_of(&p.v, "4.2.1")->mails_waiting, 2);
	WALK(&p, {SENT, "4.2.1", .at = "4.3.1"},
	    {ANSWER, "4.3.1", "publish = 2027-02-15 10:00 UTC",
		"[4.3.2] [5.1.1]"},
	    {STARTS, "4.3.2", .at = "4.3.2 [5.1.1]"},
	    {SENT, "4.3.2", .at = "[5.1.1]"},
	    /* The date moves, and is told anew when it is asked for. */
	    {STARTS, "4.3.1", .at = "4.3.1 [5.1.1]"},
	    {ANSWER, "4.3.1", "publish = 2027-02-22 10:00 UTC",
		"[4.3.2] [5.1.1]"},
	    {SKIPS, "4.3.2", .at = "[5.1.1]"}, {STARTS, "5.1.1", .at = "5.1.1"},
	    {SENT, "5.1.1", .at = "5.1.1"},
	    {ANSWER, "5.1.1", "ok = yes", "5.1.1"},
	    /* Too early: what tells the source is kept back. */
	    {ANSWER, "5.1.1", "url = https://vendor.example/1", "[5.1.2]"});
	assert_int_equal(p.refused, GUARD_NOT_BEFORE);
	closes(&p, CLOSE_PUBLISHED, GUARD_REQUIRES_SENT);
	WALK(&p, {LATER, .at = "[5.1.2]"}, {STARTS, "5.1.2", .at = "5.1.2"});
	closes(&p, CLOSE_PUBLISHED, GUARD_REQUIRES_SENT);
	WALK(&p, {SENT, "5.1.2", .at = ""});
	closes(&p, CLOSE_PUBLISHED, 0);
	assert_int_equal(p.v.phase, 5);
	case_free(&p);
}

static void
test_direct_with_mediation(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_DIRECT);
	WALK(&p, {BEGINS, .at = "[1.2.1] 2.1.1 [2.3.1]"},
	    {STARTS, "1.2.1", .at = "1.2.1 2.1.1 [2.3.1]"},
	    {SENT, "1.2.1", .at = "1.2.2 2.1.1 [2.3.1]"},
	    {ANSWER, "1.2.2", "mediation = accepted", "2.1.1 [2.3.1]"},
	    {WINDOW, .at = "2.1.1 [2.3.1]"},
	    {ANSWER, "2.1.1", "status = reproduced", "2.2.1 [2.3.1] [2.6.1]"});
	direct_investigates(&p);
	/* From now on JPCERT/CC is asked, and answers. */
	WALK(&p, {STARTS, "2.3.1", .at = "2.3.1 [2.6.1] [4.1.1]"},
	    {SENT, "2.3.1", .at = "2.3.2 [2.6.1] [4.1.1]"},
	    {FROM_JPCERT, "2.3.2", .at = "2.3.3 [2.6.1] [4.1.1]"},
	    {SENT, "2.3.3", .at = "[2.6.1] [4.1.1]"},
	    {STARTS, "2.6.1", .at = "2.6.1 [4.1.1]"},
	    {SENT, "2.6.1", .at = "[4.1.1]"}, {STARTS, "4.1.1", .at = "4.1.1"},
	    {ANSWER, "4.1.1", "decision = customers only; weighing = few",
		"[4.2.1]"});
	closes(&p, CLOSE_CUSTOMERS, GUARD_REQUIRES_SENT);
	WALK(&p, {STARTS, "4.2.1", .at = "4.2.1"});
	/* One of them has no notice: "every customer" would not be true. */
	p.v.customers_untold = "Office";
	WALK(&p, {SENT, "4.2.1", .at = "[5.1.2]"});
	closes(&p, CLOSE_CUSTOMERS, GUARD_REQUIRES_SENT);
	p.v.customers_untold = NULL;
	WALK(&p, {STARTS, "5.1.2", .at = "5.1.2"}, {SENT, "5.1.2", .at = ""});
	closes(&p, CLOSE_CUSTOMERS, 0);
	case_free(&p);
}

/* JPCERT/CC stands behind the desk: the source is spoken with as before. */
static void
test_direct_mediation_refused(void **state)
{
	struct procedure p;

	case_init(&p, FLOW_DIRECT);
	p.v.routed = 0;
	WALK(&p, {BEGINS, .at = "[1.2.1] [2.1.1] [2.3.1]"},
	    {STARTS, "1.2.1", .at = "1.2.1 [2.1.1] [2.3.1]"},
	    {SENT, "1.2.1", .at = "1.2.2 [2.1.1] [2.3.1]"},
	    {ANSWER, "1.2.2", "mediation = refused", "[2.1.1] [2.3.1]"});
	p.v.channel = 2;
	WALK(&p, {ROUTED, .at = "2.1.1 [2.3.1]"},
	    {ANSWER, "2.1.1", "status = not reproduced", "[2.3.1] [2.6.1]"});
	closes(&p, CLOSE_NOT_REPRODUCIBLE, GUARD_REQUIRES_SENT);
	closes(&p, CLOSE_NOT_A_VULNERABILITY, GUARD_REQUIRES_SENT);
	WALK(&p, {STARTS, "2.6.1", .at = "[2.3.1] 2.6.1"},
	    {SENT, "2.6.1", .at = "[2.3.1]"});
	closes(&p, CLOSE_NOT_REPRODUCIBLE, 0);
	case_free(&p);
}

/* ---- all of it ---- */

static void
every_step_ended(enum flow flow)
{
	void *ctx = talloc_new(NULL);
	const struct flow_file *f = flow_shipped(ctx, flow);

	for (size_t i = 0; i < f->nsteps; i++) {
		bool found = false;

		for (size_t k = 0; ended[flow][k] != NULL; k++)
			found = found ||
				strcmp(ended[flow][k], f->steps[i].number) == 0;
		if (!found)
			fail_msg("no walk ends step %s", f->steps[i].number);
	}
	talloc_free(ctx);
}

static void
test_every_step_was_walked(void **state)
{
	every_step_ended(FLOW_JPCERT);
	every_step_ended(FLOW_DIRECT);
}

/* FLOWS of the seed, row by row: none may be lost from the files. */
static void
test_every_row_of_the_seed_is_there(void **state)
{
	static const char *const jpcert[] = {"0.1.1", "0.2.1", "1.1", "1.2.1",
	    "1.3.1", "1.4.1", "1.5.1", "1.5.2", "2.1.1", "2.2.1", "2.3.1",
	    "2.3.2", "2.4.1", "2.5.1", "2.6.1", "3.1.1", "3.1.2", "3.2.1",
	    "3.2.2", "3.3.1", "4.1.1", "4.1.2", "4.2.1", "4.2.2", "4.3.1",
	    "4.3.2", "4.3.3", "4.4.1", "4.4.2", "5.1.1", "5.2.1", "5.2.2",
	    "5.2.3"};
	static const char *const direct[] = {"1.1.1", "1.2.1", "1.2.2", "2.1.1",
	    "2.2.1", "2.3.1", "2.3.2", "2.4.1", "2.5.1", "2.6.1", "3.1.1",
	    "3.2.1", "3.2.2", "3.3.1", "4.1.1", "4.2.1", "4.3.1", "4.3.2",
	    "5.1.1", "5.1.2"};
	void *ctx = talloc_new(NULL);
	const struct flow_file *f = flow_shipped(ctx, FLOW_JPCERT);

	for (size_t i = 0; i < COUNT_OF(jpcert); i++)
		assert_non_null(flow_step(f, jpcert[i]));
	f = flow_shipped(ctx, FLOW_DIRECT);
	for (size_t i = 0; i < COUNT_OF(direct); i++)
		assert_non_null(flow_step(f, direct[i]));
	talloc_free(ctx);
}

/* Steps that a case may leave out: nobody has to act in one that is offered,
 * and it is over with the case. */
static void
test_what_may_be_left_out(void **state)
{
	static const char *const optional[FLOW_JPCERT + 1] = {
	    [FLOW_JPCERT] = "0.1.1 0.2.1 2.3.1 2.3.2 2.3.3 2.4.2 3.1.2 4.2.1 "
			    "4.2.2 4.3.3 5.2.3",
	    [FLOW_DIRECT] = "1.2.1 1.2.2 2.3.1 2.3.2 2.3.3 2.4.2 2.6.1 4.2.1 "
			    "4.3.2"};

	for (int flow = FLOW_DIRECT; flow <= FLOW_JPCERT; flow++) {
		void *ctx = talloc_new(NULL);
		const struct flow_file *f = flow_shipped(ctx, (enum flow)flow);
		char *list = talloc_strdup(ctx, "");

		for (size_t i = 0; i < f->nsteps; i++)
			if (f->steps[i].optional)
				list = talloc_asprintf_append(list, "%s%s",
				    *list != '\0' ? " " : "",
				    f->steps[i].number);
		assert_string_equal(list, optional[flow]);
		talloc_free(ctx);
	}
}

/* ---- the guards that the files attach ---- */

struct guarded {
	enum flow flow;
	const char *step, *template;
	enum guard_kind guard;
	const char *on_record; /* with it the mail may leave */
	const char *given;     /* before that */
};

static const struct guarded guarded[] = {
    {FLOW_JPCERT, "1.4.1", "detail_request", GUARD_ANSWERED,
	"need details = yes", NULL},
    {FLOW_JPCERT, "4.2.2", "customer", GUARD_CONSENT, "consent = yes", NULL},
    {FLOW_JPCERT, "4.3.2", "customer", GUARD_AGREEMENT, "agreement = yes",
	NULL},
    {FLOW_JPCERT, "5.2.5", "notified", GUARD_NOT_BEFORE, "publish = 2026-11-01",
	NULL},
    {FLOW_DIRECT, "5.1.2", "published", GUARD_NOT_BEFORE,
	"publish = 2026-11-01", "decision = publish"},
};

static const struct flow_mail *
mail_named(const struct flow_step *step, const char *template)
{
	size_t i = 0;

	while (
	    i < step->nmails && strcmp(step->mails[i].template, template) != 0)
		i++;
	assert_true(i < step->nmails);
	return &step->mails[i];
}

static struct leaving
leaving_to(const struct procedure *p, const struct flow_step *step,
    const struct flow_mail *mail)
{
	struct leaving l = {.step = step,
	    .audience = mail->to,
	    .template = mail->template,
	    .address = "hana@vendor.example",
	    .fingerprint = KEY_DEPARTMENT,
	    .role = ROLE_DESIGN};

	if (mail->to == AUDIENCE_CUSTOMER) {
		l.customer = &p->customers[0];
		l.address = l.customer->address;
		l.fingerprint = l.customer->fingerprint;
	} else if (mail->to != AUDIENCE_DEPARTMENT) {
		l.address = p->v.kind == FLOW_JPCERT ? AT_JPCERT : AT_FINDER;
		l.fingerprint =
		    p->v.kind == FLOW_JPCERT ? KEY_JPCERT : KEY_FINDER;
	}
	return l;
}

static void
test_shipped_guards(void **state)
{
	for (size_t i = 0; i < COUNT_OF(guarded); i++) {
		const struct guarded *g = &guarded[i];
		const struct flow_step *step;
		const struct flow_mail *mail;
		struct procedure p;
		struct leaving l;
		char *why;

		case_init(&p, g->flow);
		if (g->given != NULL)
			answer_words(&p, NULL, g->given);
		step = flow_step(p.v.flow, g->step);
		assert_non_null(step);
		mail = mail_named(step, g->template);
		l = leaving_to(&p, step, mail);
		assert_int_equal(
		    desk_may_leave(p.ctx, &p.v, &l, &why), g->guard);
		l.overridden = 1U << (unsigned)g->guard;
		assert_int_equal(desk_may_leave(p.ctx, &p.v, &l, &why), 0);
		l.overridden = 0;
		answer_words(&p, NULL, g->on_record);
		assert_int_equal(desk_may_leave(p.ctx, &p.v, &l, &why), 0);
		procedure_free(&p);
	}
}

/* Each mail of each step, were it for the finder. */
static void
test_no_mail_of_any_step_reaches_the_finder(void **state)
{
	for (int flow = FLOW_DIRECT; flow <= FLOW_JPCERT; flow++) {
		struct procedure p;
		size_t n = 0;

		case_init(&p, (enum flow)flow);
		p.v.channel = CASE_CHANNEL_JPCERT;
		for (size_t i = 0; i < p.v.flow->nsteps; i++) {
			const struct flow_step *step = &p.v.flow->steps[i];

			for (size_t k = 0; k < step->nmails; k++, n++) {
				struct leaving l =
				    leaving_to(&p, step, &step->mails[k]);
				char *why;

				l.address = AT_FINDER;
				l.fingerprint = KEY_FINDER;
				assert_int_equal(
				    desk_may_leave(p.ctx, &p.v, &l, &why),
				    GUARD_NO_FINDER);
			}
		}
		assert_true(n > 10);
		procedure_free(&p);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jpcert_customers_not_all_known),
	    cmocka_unit_test(test_jpcert_all_customers_known),
	    cmocka_unit_test(test_jpcert_details_declined),
	    cmocka_unit_test(test_jpcert_not_reproduced),
	    cmocka_unit_test(test_direct_without_mediation),
	    cmocka_unit_test(test_direct_with_mediation),
	    cmocka_unit_test(test_direct_mediation_refused),
	    cmocka_unit_test(test_every_step_was_walked),
	    cmocka_unit_test(test_every_row_of_the_seed_is_there),
	    cmocka_unit_test(test_what_may_be_left_out),
	    cmocka_unit_test(test_shipped_guards),
	    cmocka_unit_test(test_no_mail_of_any_step_reaches_the_finder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
