/*
 * test_desk_turns.c - who has to act, what a person may do to a step, what it
 * is warned of, and who stands for a role.
 */
#include "procedure_world.h"

#define TITLES "title_en = \"a step\" title_ja = \"手順\" phase = 2 "
#define STEP(number, more) "step \"" number "\" { " TITLES more " }\n"

static const char flow_text[] =
    STEP("1", "lead = {design, integration} expects = {status}"
	      " mail \"ask\" { to = {design} policy = auto }")
	STEP("2", "lead = {publicity} start = hand"
		  " mail \"report\" { to = {counterpart} policy = approve }")
	    STEP("3", "lead = {risk} optional = yes start = hand")
		STEP("4", "lead = {jpcert} start = letter after = {\"2\"}")
		    STEP("5", "lead = {care} start = hand after = {\"4\"}"
			      " when = {\"status = reproduced\"}"
			      " or { after = {\"3\"} }");

static void
mails_wait(struct procedure *p, const char *number, unsigned drafts,
    unsigned held, unsigned queued)
{
	struct case_step *pass = pass_of(p, number);

	assert_non_null(pass);
	if (pass == NULL)
		return;
	pass->mails_waiting = drafts + held + queued;
	pass->mails_draft = drafts;
	pass->mails_held = held;
}

static const struct case_turn *
turn_of(struct procedure *p, const char *number)
{
	struct case_turn *list;
	size_t n = desk_turns(p->ctx, &p->v, &list);

	for (size_t i = 0; i < n; i++)
		if (strcmp(list[i].pass->step->number, number) == 0)
			return &list[i];
	return NULL;
}

static void
acts(struct procedure *p, const char *number, uint32_t roles)
{
	const struct case_turn *turn = turn_of(p, number);

	assert_non_null(turn);
	assert_int_equal(turn->roles, roles);
}

static void
test_who_acts(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	procedure_run(&p);
	acts(&p, "1", ROLE_BIT(ROLE_DESIGN) | ROLE_BIT(ROLE_INTEGRATION));
	acts(&p, "2", ROLE_BIT(ROLE_POC)); /* to be started */
	assert_null(turn_of(&p, "3"));     /* nobody has to */
	assert_null(turn_of(&p, "4"));     /* not come to */
	does(&p, STARTS, "2", NULL);
	acts(&p, "2", ROLE_BIT(ROLE_POC));
	assert_true(turn_of(&p, "2")->approval);
	/* On its way by itself: who was asked has to act. */
	mails_wait(&p, "1", 0, 0, 1);
	acts(&p, "1", ROLE_BIT(ROLE_DESIGN) | ROLE_BIT(ROLE_INTEGRATION));
	assert_false(turn_of(&p, "1")->approval);
	assert_true(turn_of(&p, "1")->queued);
	/* It does not leave, and nobody was asked: the desk's. */
	mails_wait(&p, "1", 0, 1, 0);
	acts(&p, "1", ROLE_BIT(ROLE_POC));
	assert_false(turn_of(&p, "1")->approval);
	assert_true(turn_of(&p, "1")->held);
	assert_false(turn_of(&p, "1")->queued);
	/* Approved, it waits for no approval any more. */
	mails_wait(&p, "2", 0, 0, 1);
	assert_false(turn_of(&p, "2")->approval);
	assert_true(turn_of(&p, "2")->queued);
	mails_wait(&p, "2", 1, 1, 0);
	assert_true(turn_of(&p, "2")->approval && turn_of(&p, "2")->held);
	/* Dropped: the desk has to say what becomes of it. */
	mails_wait(&p, "2", 0, 0, 0);
	acts(&p, "2", ROLE_BIT(ROLE_POC));
	assert_false(turn_of(&p, "2")->approval);
	does(&p, STARTS, "3", NULL);
	acts(&p, "3", ROLE_BIT(ROLE_RISK));
	does(&p, DONE, "2", NULL);
	assert_null(turn_of(&p, "2"));
	acts(&p, "4", ROLE_BIT(ROLE_JPCERT));
	p.v.closed = true;
	assert_null(turn_of(&p, "1"));
	procedure_free(&p);
}

static void
test_by_when(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	procedure_run(&p);
	assert_int_equal(turn_of(&p, "1")->due, 0);
	assert_false(turn_of(&p, "1")->late);
	p.steps[0].due = p.v.now;
	assert_int_equal(turn_of(&p, "1")->due, p.v.now);
	assert_false(turn_of(&p, "1")->late);
	p.v.now++;
	assert_true(turn_of(&p, "1")->late);
	procedure_free(&p);
}

/* Where flaws are handled as bugs, quality leads (RULES 31). */
static void
test_who_stands_for_design(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	procedure_run(&p);
	p.product.lead = ROLE_DESIGN;
	acts(&p, "1", ROLE_BIT(ROLE_DESIGN) | ROLE_BIT(ROLE_INTEGRATION));
	p.product.lead = ROLE_QUALITY;
	acts(&p, "1", ROLE_BIT(ROLE_QUALITY) | ROLE_BIT(ROLE_INTEGRATION));
	assert_ptr_equal(desk_department(&p.s, "XYZ-100", ROLE_DESIGN),
	    &p.departments[ROLE_QUALITY]);
	/* The map names no such department: design itself. */
	p.product.departments[ROLE_QUALITY] = -1;
	assert_ptr_equal(desk_department(&p.s, "XYZ-100", ROLE_DESIGN),
	    &p.departments[ROLE_DESIGN]);
	procedure_free(&p);
}

static void
test_departments(void **state)
{
	struct procedure p;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	assert_ptr_equal(desk_department(&p.s, "XYZ-100", ROLE_SALES),
	    &p.departments[ROLE_SALES]);
	/* The default, where the product has none or none is known. */
	assert_ptr_equal(desk_department(&p.s, "XYZ-100", ROLE_RISK),
	    &p.departments[ROLE_RISK]);
	assert_ptr_equal(desk_department(&p.s, NULL, ROLE_DESIGN),
	    &p.departments[ROLE_DESIGN]);
	assert_ptr_equal(desk_department(&p.s, "no such", ROLE_DESIGN),
	    &p.departments[ROLE_DESIGN]);
	/* These two are no product's own. */
	assert_ptr_equal(desk_department(&p.s, "XYZ-100", ROLE_CSIRT),
	    &p.departments[ROLE_CSIRT]);
	assert_ptr_equal(
	    desk_department(&p.s, NULL, ROLE_OEM), &p.departments[ROLE_OEM]);
	p.s.default_departments[ROLE_RISK] = 0; /* the first of the file */
	assert_ptr_equal(
	    desk_department(&p.s, "XYZ-100", ROLE_RISK), &p.departments[0]);
	p.product.departments[ROLE_SALES] = 0;
	assert_ptr_equal(
	    desk_department(&p.s, "XYZ-100", ROLE_SALES), &p.departments[0]);
	p.departments[0].role = ROLE_OEM;
	assert_ptr_equal(
	    desk_department(&p.s, NULL, ROLE_OEM), &p.departments[0]);
	p.s.default_departments[ROLE_RISK] = -1;
	assert_null(desk_department(&p.s, "XYZ-100", ROLE_RISK));
	p.s.default_departments[ROLE_RISK] = 99;
	assert_null(desk_department(&p.s, "XYZ-100", ROLE_RISK));
	assert_null(desk_department(&p.s, "XYZ-100", ROLE_JPCERT));
	procedure_free(&p);
}

/* ---- what a person may do ---- */

static void
says(const char *why, const char *part)
{
	assert_non_null(why);
	if (strstr(why, part) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", why, part);
}

static void
may_not_start(struct procedure *p, const char *number, const char *part)
{
	char *why = NULL;

	assert_false(
	    desk_may_start(p->ctx, &p->v, flow_step(p->v.flow, number), &why));
	says(why, part);
}

static void
may_not_end(struct procedure *p, const char *number, const char *part)
{
	char *why = NULL;

	assert_false(desk_may_end(p->ctx, &p->v, pass_of(p, number), &why));
	says(why, part);
}

static void
test_may_start(void **state)
{
	struct procedure p;
	char *why;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	procedure_run(&p);
	may_not_start(&p, "1", "runs already");
	may_not_start(&p, "4", "comes after 2");
	does(&p, STARTS, "2", NULL);
	does(&p, SENT, "2", NULL);
	may_not_start(&p, "2", "not done twice");
	does(&p, DONE, "4", NULL);
	/* Of two ways, what the first lacks. */
	may_not_start(&p, "5", "\"status = reproduced\" on record");
	may_not_start(&p, "5", "asked for at 1");
	does(&p, ANSWER, "1", "status = reproduced");
	assert_true(
	    desk_may_start(p.ctx, &p.v, flow_step(p.v.flow, "5"), &why));
	/* What was passed by may be taken up after all. */
	does(&p, SKIPS, "5", NULL);
	assert_true(
	    desk_may_start(p.ctx, &p.v, flow_step(p.v.flow, "5"), &why));
	p.v.closed = true;
	may_not_start(&p, "5", "closed");
	procedure_free(&p);
}

static void
test_may_end(void **state)
{
	struct procedure p;
	char *why;

	procedure_init(&p, FLOW_DIRECT, flow_text);
	procedure_run(&p);
	may_not_end(&p, "1", "psirt step CASE 1 \"status=");
	does(&p, ANSWER, "1", "status = investigating");
	may_not_end(&p, "1", "expects \"status\"");
	may_not_end(&p, "2", "psirt step CASE 2 start");
	does(&p, STARTS, "2", NULL);
	may_not_end(&p, "2", "1 of its mails waits: psirt approve shows it");
	mails_wait(&p, "2", 2, 0, 0);
	may_not_end(&p, "2", "2 of its mails wait: psirt approve shows them");
	mails_wait(&p, "2", 0, 1, 0);
	may_not_end(&p, "2", "1 of its mails waits: psirt queue shows it");
	mails_wait(&p, "2", 0, 0, 0);
	assert_true(desk_may_end(p.ctx, &p.v, pass_of(&p, "2"), &why));
	does(&p, DONE, "2", NULL);
	may_not_end(&p, "2", "does not run");
	/* A letter that came another way. */
	assert_true(desk_may_end(p.ctx, &p.v, pass_of(&p, "4"), &why));
	procedure_free(&p);
}

/* ---- warnings, which refuse nothing ---- */

static const char warned_text[] =
    "step \"3\" { title_en = \"a\" title_ja = \"手順\" phase = 3"
    " lead = {design} expects = {verified}"
    " mail \"report\" { to = {counterpart} policy = approve } }\n"
    "step \"4\" { title_en = \"a\" title_ja = \"手順\" phase = 4 lead = {poc}"
    " start = hand mail \"report\" { to = {counterpart} policy = approve }"
    " mail \"customer\" { to = {customers} policy = approve } }\n"
    "step \"5\" { title_en = \"a\" title_ja = \"手順\" phase = 5 lead = {poc}"
    " start = hand guard = {\"nda\"}"
    " mail \"customer\" { to = {customers} policy = approve } }\n";

static char *
warns(struct procedure *p, const char *number)
{
	return desk_step_warning(p->ctx, &p->v, flow_step(p->v.flow, number));
}

static void
test_warnings(void **state)
{
	struct procedure p;
	char *why;

	procedure_init(&p, FLOW_DIRECT, warned_text);
	assert_null(warns(&p, "3"));
	says(warns(&p, "5"), "not verified yet (3)");
	assert_null(strstr(warns(&p, "5"), "NDA")); /* it will be refused */
	says(warns(&p, "4"), "not verified yet (3); 1 customer has no NDA");
	/* Under attack a workaround has to go out (RULES 28). */
	assert_true(
	    desk_may_start(p.ctx, &p.v, flow_step(p.v.flow, "4"), &why));
	answer_add(&p, "3", ANSWER_VERIFIED, "no");
	says(warns(&p, "5"), "not verified");
	answer_add(&p, "3", ANSWER_VERIFIED, "yes");
	assert_null(warns(&p, "5"));
	says(warns(&p, "4"), "1 customer has no NDA");
	p.customers[0].nda = false;
	says(warns(&p, "4"), "2 customers have no NDA");
	p.customers[0].nda = p.customers[1].nda = true;
	assert_null(warns(&p, "4"));
	p.customers[1].nda = false;
	p.v.product = NULL; /* no customer is concerned yet */
	assert_null(warns(&p, "4"));
	procedure_free(&p);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_who_acts),
	    cmocka_unit_test(test_by_when),
	    cmocka_unit_test(test_who_stands_for_design),
	    cmocka_unit_test(test_departments),
	    cmocka_unit_test(test_may_start),
	    cmocka_unit_test(test_may_end),
	    cmocka_unit_test(test_warnings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
