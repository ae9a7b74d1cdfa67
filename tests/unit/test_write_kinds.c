/*
 * test_write_kinds.c - what a mail of each kind may know, who it may be sent
 * to, and that both languages say the same.
 */
#include "write_world.h"

static bool
may_use(enum mail_kind kind, const char *fact)
{
	for (const char *const *f = write_fact_names(kind); *f != NULL; f++)
		if (strcmp(*f, fact) == 0)
			return true;
	return false;
}

static void
test_names(void **state)
{
	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++) {
		const char *name = mail_kind_name((enum mail_kind)kind);

		assert_true(strlen(name) > 2);
		/* As flow files, files and X-PSIRTD-Mail write them. */
		assert_int_equal(
		    strspn(name, "abcdefghijklmnopqrstuvwxyz_"), strlen(name));
		/* Found by its name, so no two have the same. */
		assert_int_equal(mail_kind_by_name(name), kind);
	}
	assert_int_equal(mail_kind_by_name("?"), 0);
	assert_int_equal(mail_kind_by_name(""), 0);
	assert_int_equal(mail_kind_by_name("Ask"), 0);
	assert_int_equal(mail_kind_by_name(NULL), 0);
	assert_int_equal(mail_kind_audience((enum mail_kind)0), 0);
	assert_int_equal(mail_kind_audience(MAIL_KIND_COUNT), 0);
}

static void
test_facts_are_named_once(void **state)
{
	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++) {
		const char *const *f = write_fact_names((enum mail_kind)kind);

		for (size_t i = 0; f[i] != NULL; i++)
			for (size_t k = 0; k < i; k++)
				if (strcmp(f[i], f[k]) == 0)
					fail_msg("%s has %s twice",
					    mail_kind_name(
						(enum mail_kind)kind),
					    f[i]);
		if (kind != MAIL_ALERT && kind != MAIL_MORNING &&
		    kind != MAIL_EXPIRY && kind != MAIL_WAKE)
			assert_true(may_use((enum mail_kind)kind, "number"));
	}
}

static char *
file_text(const void *ctx, const char *path)
{
	char *text = talloc_zero_size(ctx, 1 << 20);
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	assert_true(fread(text, 1, (1 << 20) - 1, file) > 1000);
	fclose(file);
	return text;
}

/* ---- what a reader may not know ---- */

/* `but`: the one mail that is made to say it. */
static const struct {
	const char *fact;
	enum audience reader;
	enum mail_kind but;
} forbidden[] = {
    /* The counterpart knows the desk, and nobody behind it. */
    {"department", AUDIENCE_COUNTERPART, 0},
    {"role", AUDIENCE_COUNTERPART, 0},
    {"step", AUDIENCE_COUNTERPART, 0},
    {"step_title", AUDIENCE_COUNTERPART, 0},
    {"ref", AUDIENCE_COUNTERPART, 0},
    {"lines", AUDIENCE_COUNTERPART, 0},
    {"question", AUDIENCE_COUNTERPART, 0},
    {"understood", AUDIENCE_COUNTERPART, 0},
    {"weighing", AUDIENCE_COUNTERPART, 0},
    {"source", AUDIENCE_COUNTERPART, 0},
    {"finder", AUDIENCE_COUNTERPART, 0},
    {"integrator", AUDIENCE_COUNTERPART, 0},
    {"attachments", AUDIENCE_COUNTERPART, 0},
    {"text", AUDIENCE_COUNTERPART, MAIL_REPLY},
    {"questions", AUDIENCE_COUNTERPART, MAIL_QUESTIONS},
    {"comment", AUDIENCE_COUNTERPART, MAIL_NO_OBJECTION},
    {"cause", AUDIENCE_COUNTERPART, MAIL_REPORT},
    {"conditions", AUDIENCE_COUNTERPART, MAIL_REPORT},
    /* <2>1.2.1: its name with its leave; its own number never. */
    {"finder", AUDIENCE_COORDINATOR, MAIL_SUPPORT_REQUEST},
    {"tracking", AUDIENCE_COORDINATOR, 0},
    {"identifiers", AUDIENCE_COORDINATOR, 0},
    {"department", AUDIENCE_COORDINATOR, 0},
    {"role", AUDIENCE_COORDINATOR, 0},
    {"text", AUDIENCE_COORDINATOR, 0},
    {"cause", AUDIENCE_COORDINATOR, 0},
    {"conditions", AUDIENCE_COORDINATOR, 0},
    /* A customer: what it needs to protect itself. */
    {"cause", AUDIENCE_CUSTOMER, 0},
    {"conditions", AUDIENCE_CUSTOMER, 0},
    {"questions", AUDIENCE_CUSTOMER, 0},
    {"question", AUDIENCE_CUSTOMER, 0},
    {"text", AUDIENCE_CUSTOMER, 0},
    {"attachments", AUDIENCE_CUSTOMER, 0},
    {"finder", AUDIENCE_CUSTOMER, 0},
    {"credit", AUDIENCE_CUSTOMER, 0},
    {"source", AUDIENCE_CUSTOMER, 0},
    {"tracking", AUDIENCE_CUSTOMER, 0},
    {"identifiers", AUDIENCE_CUSTOMER, 0},
    {"department", AUDIENCE_CUSTOMER, 0},
    {"role", AUDIENCE_CUSTOMER, 0},
    {"imposed", AUDIENCE_CUSTOMER, 0},
    {"weighing", AUDIENCE_CUSTOMER, 0},
    {"difficulty", AUDIENCE_CUSTOMER, 0},
    {"count", AUDIENCE_CUSTOMER, 0},
    {"lines", AUDIENCE_CUSTOMER, 0},
    /* What psirtd sends by itself holds nothing of a report. */
    {"product", 0, 0},
    {"text", 0, 0},
    {"cause", 0, 0},
    {"conditions", 0, 0},
    {"affected", 0, 0},
    {"finder", 0, 0},
    {"identifiers", 0, 0},
    {"attachments", 0, 0},
    /* Departments hear of who reported by overview and details alone. */
    {"tried", AUDIENCE_DEPARTMENT, 0},
    {"country", AUDIENCE_DEPARTMENT, 0},
    {"integrator", AUDIENCE_DEPARTMENT, 0},
};

static void
test_no_reader_is_told_what_it_may_not_know(void **state)
{
	unsigned kinds[AUDIENCE_DESK + 1] = {0};

	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++) {
		enum audience reader = mail_kind_audience((enum mail_kind)kind);

		kinds[reader]++;
		/* What is missing is for the desk, at approval. */
		assert_false(may_use((enum mail_kind)kind, "holes"));
		for (size_t i = 0; i < COUNT_OF(forbidden); i++)
			if (forbidden[i].reader == reader &&
			    (int)forbidden[i].but != kind &&
			    may_use((enum mail_kind)kind, forbidden[i].fact))
				fail_msg("%s may say %s",
				    mail_kind_name((enum mail_kind)kind),
				    forbidden[i].fact);
	}
	for (size_t i = 0; i < COUNT_OF(forbidden); i++)
		if (forbidden[i].but != 0)
			assert_true(
			    may_use(forbidden[i].but, forbidden[i].fact));
	/* 0: acknowledge, resend, alert, escalation, morning, expiry, wake. */
	assert_int_equal(kinds[0], 7);
	assert_int_equal(kinds[AUDIENCE_COORDINATOR], 1);
	assert_int_equal(kinds[AUDIENCE_CUSTOMER], 1);
	assert_true(kinds[AUDIENCE_COUNTERPART] > 10);
	assert_true(kinds[AUDIENCE_DEPARTMENT] > 10);
}

/* Sales, care and publicity read these: GUARD_EXPLOIT, by construction. */
static void
test_mails_to_many_departments_hold_no_exploit(void **state)
{
	static const enum mail_kind many[] = {MAIL_REMINDER, MAIL_CONFIRM,
	    MAIL_MEETING, MAIL_DATES, MAIL_CIRCULATE, MAIL_NOTIFIED, MAIL_OEM,
	    MAIL_NOTICE};
	static const char *const exploit[] = {
	    "cause", "conditions", "question", "answer", "note", "finder"};

	for (size_t i = 0; i < COUNT_OF(many); i++)
		for (size_t k = 0; k < COUNT_OF(exploit); k++)
			assert_false(may_use(many[i], exploit[k]));
	/* A partner is outside, whatever its role. */
	assert_false(may_use(MAIL_OEM, "department"));
	assert_false(may_use(MAIL_OEM, "text"));
	assert_false(may_use(MAIL_OEM, "tracking"));
	assert_false(may_use(MAIL_OEM, "weighing"));
}

/* It may go in clear (RULES 25): nothing but these. */
static void
test_a_status_mail_knows_number_phase_and_date(void **state)
{
	static const char *const all[] = {"organization", "desk_address",
	    "fingerprint", "key_url", "policy_url", "now", "correspondent",
	    "number", "tracking", "phase_words", "next_contact"};
	size_t n = 0;

	for (const char *const *f = write_fact_names(MAIL_STATUS); *f != NULL;
	     f++)
		n++;
	assert_int_equal(n, COUNT_OF(all));
	for (size_t i = 0; i < COUNT_OF(all); i++)
		assert_true(may_use(MAIL_STATUS, all[i]));
}

/* ---- subjects, languages ---- */

static bool
is_public(const char *fact)
{
	static const char *const may[] = {
	    "number", "tracking", "organization", "count"};

	for (size_t i = 0; i < COUNT_OF(may); i++)
		if (strcmp(may[i], fact) == 0)
			return true;
	return false;
}

static void
test_subjects_hold_nothing_of_a_report(void **state)
{
	struct world *w = *state;

	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++)
		for (size_t l = 0; l < 2; l++) {
			void *ctx = talloc_new(NULL);
			struct fact facts[FACTS_MOST];
			size_t n = all_facts((enum mail_kind)kind, facts);
			struct draft_text d;

			for (size_t i = 0; i < n; i++)
				facts[i].value = is_public(facts[i].name)
						     ? "PUBLIC"
						     : "SECRET";
			d = render(w, ctx, (enum mail_kind)kind, languages[l],
			    facts, n);
			assert_null(strstr(d.subject, "SECRET"));
			if (may_use((enum mail_kind)kind, "number"))
				assert_ptr_equal(
				    strstr(d.subject, "[PUBLIC] "), d.subject);
			talloc_free(ctx);
		}
}

/* A fact that changes the mail in one language does so in the other. */
static void
test_both_languages_use_the_same_facts(void **state)
{
	struct world *w = *state;

	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++) {
		enum mail_kind k = (enum mail_kind)kind;
		struct fact all[FACTS_MOST];
		size_t n = all_facts(k, all);

		for (size_t i = 0; i < n; i++) {
			void *ctx;
			bool used[2];

			/* Whom a Japanese letter names above its text. */
			if (strcmp(all[i].name, "department") == 0 ||
			    (k == MAIL_RESEND &&
				strcmp(all[i].name, "correspondent") == 0))
				continue;
			ctx = talloc_new(NULL);
			for (size_t l = 0; l < 2; l++) {
				struct draft_text with =
				    render(w, ctx, k, languages[l], &all[i], 1);
				struct draft_text without =
				    render(w, ctx, k, languages[l], NULL, 0);

				check_mail(with);
				used[l] =
				    strcmp(with.body, without.body) != 0 ||
				    strcmp(with.subject, without.subject) != 0;
			}
			if (used[0] != used[1])
				fail_msg("%s: only one language says %s",
				    mail_kind_name(k), all[i].name);
			talloc_free(ctx);
		}
	}
}

/* ---- what a flow may name ---- */

#define HERE(l)                                                                \
	{                                                                      \
		"flow.conf", l                                                 \
	}

static int
check(const struct flow_step *step, char **errors, struct error *err)
{
	struct flow_step copy = *step;
	struct flow_file *flow = talloc_zero(NULL, struct flow_file);
	int rc;

	flow->path = "flow.conf";
	flow->steps = &copy;
	flow->nsteps = 1;
	/* They outlive the flow. */
	if (errors != NULL)
		*errors = talloc_strdup(NULL, "");
	rc = write_check_flow(flow, errors, err);
	talloc_free(flow);
	return rc;
}

static void
test_a_mail_goes_to_whom_it_is_written_for(void **state)
{
	static const struct {
		const char *template;
		enum audience to;
		uint32_t roles;
		const char *error; /* NULL: it may */
	} table[] = {
	    {"ask", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_DESIGN), NULL},
	    {"meeting", AUDIENCE_DEPARTMENT,
		ROLE_BIT(ROLE_CARE) | ROLE_BIT(ROLE_SALES), NULL},
	    {"report", AUDIENCE_COUNTERPART, 0, NULL},
	    {"date", AUDIENCE_COORDINATOR, 0, NULL},
	    {"support_request", AUDIENCE_COORDINATOR, 0, NULL},
	    {"customer", AUDIENCE_CUSTOMER, 0, NULL},
	    {"oem", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_OEM), NULL},
	    {"incident", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_CSIRT), NULL},

	    {"asks", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_DESIGN),
		"flow.conf:7: there is no mail \"asks\""},
	    {"", AUDIENCE_COUNTERPART, 0, "there is no mail \"\""},
	    {"report", AUDIENCE_CUSTOMER, 0,
		"flow.conf:7: the mail \"report\" is written for counterpart: "
		"it may not go to customers"},
	    {"report", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_DESIGN),
		"may not go to department"},
	    {"ask", AUDIENCE_COUNTERPART, 0, "may not go to counterpart"},
	    {"details", AUDIENCE_CUSTOMER, 0, "may not go to customers"},
	    {"customer", AUDIENCE_COUNTERPART, 0, "may not go to counterpart"},
	    {"ask", AUDIENCE_DESK, 0, "may not go to desk"},
	    /* The source must not read what JPCERT/CC is asked of it. */
	    {"support_request", AUDIENCE_COUNTERPART, 0,
		"may not go to counterpart"},
	    {"acknowledge", AUDIENCE_COUNTERPART, 0, "by itself"},
	    {"escalation", AUDIENCE_DESK, 0, "by itself"},
	    {"morning", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_DESIGN),
		"by itself"},
	    {"oem", AUDIENCE_DEPARTMENT,
		ROLE_BIT(ROLE_OEM) | ROLE_BIT(ROLE_DESIGN),
		"for the role oem alone"},
	    {"ask", AUDIENCE_DEPARTMENT,
		ROLE_BIT(ROLE_OEM) | ROLE_BIT(ROLE_DESIGN),
		"a partner outside: it is sent the mail \"oem\" alone"},
	    {"incident", AUDIENCE_DEPARTMENT, ROLE_BIT(ROLE_SALES),
		"for the role csirt alone"},
	};

	for (size_t i = 0; i < COUNT_OF(table); i++) {
		struct flow_mail mail = {.template = table[i].template,
		    .to = table[i].to,
		    .roles = table[i].roles,
		    .place = HERE(7)};
		struct flow_step step = {.mails = &mail, .nmails = 1};
		struct error err = {0};
		char *errors;
		int rc = check(&step, &errors, &err);

		if (table[i].error == NULL) {
			if (rc != 0)
				fail_msg("%s: %s", table[i].template, errors);
			assert_string_equal(errors, "");
		} else {
			assert_int_equal(rc, -1);
			assert_int_equal(err.fault, FAULT_SETUP);
			assert_ptr_equal(
			    strstr(errors, "flow.conf:7: "), errors);
			if (strstr(errors, table[i].error) == NULL)
				fail_msg(
				    "%s is not in %s", table[i].error, errors);
			assert_int_equal(errors[strlen(errors) - 1], '\n');
		}
		talloc_free(errors);
	}
}

static void
test_shares_are_looked_at_and_all_is_told_at_once(void **state)
{
	struct flow_mail mails[] = {
	    {.template = "nothing", .to = AUDIENCE_DESK, .place = HERE(3)},
	    {.template = "plan", .to = AUDIENCE_COUNTERPART, .place = HERE(4)},
	};
	struct flow_share shares[] = {
	    {ROLE_QUALITY, true, "share", HERE(5)},
	    {ROLE_POC, true, "share", HERE(6)},
	    {ROLE_OEM, true, "share", HERE(8)},
	    {ROLE_CARE, false, "report", HERE(9)},
	};
	struct flow_step step = {
	    .mails = mails, .nmails = 2, .shares = shares, .nshares = 4};
	struct error err = {0};
	char *errors;

	assert_int_equal(check(&step, &errors, &err), -1);
	assert_non_null(strstr(errors, "flow.conf:3: there is no mail"));
	assert_non_null(strstr(errors, "flow.conf:8: the role oem"));
	assert_non_null(strstr(errors, "flow.conf:9: the mail \"report\""));
	assert_null(strstr(errors, ":4:"));
	assert_null(strstr(errors, ":5:"));
	assert_null(strstr(errors, ":6:"));
	assert_non_null(strstr(err.text, "3 mails of flow.conf"));
	talloc_free(errors);
	/* Nobody wants to know which. */
	assert_int_equal(check(&step, NULL, &err), -1);
	assert_non_null(strstr(err.text, "3 mails of flow.conf"));
}

/* Who writes templates finds every kind and name in psirtd.conf(5). */
static void
test_the_manual_names_them_all(void **state)
{
	char *page = file_text(*state, "conf/psirtd.conf.5");

	for (int kind = MAIL_ACKNOWLEDGE; kind < MAIL_KIND_COUNT; kind++) {
		enum mail_kind k = (enum mail_kind)kind;
		char *item = talloc_asprintf(
		    page, "\n.It Pa %s.txt\n", mail_kind_name(k));

		if (strstr(page, item) == NULL)
			fail_msg("no %s", mail_kind_name(k));
		for (const char *const *f = write_fact_names(k); *f != NULL;
		     f++)
			if (strstr(page, *f) == NULL)
				fail_msg("no %s of %s", *f, mail_kind_name(k));
	}
	talloc_free(page);
}

/* The shipped flows name mails that exist, and hand none to the wrong. */
static void
test_shipped_flows(void **state)
{
	static const struct {
		enum flow flow;
		const char *path;
	} flows[] = {
	    {FLOW_DIRECT, "conf/flow-direct.conf"},
	    {FLOW_JPCERT, "conf/flow-jpcert.conf"},
	};

	for (size_t i = 0; i < COUNT_OF(flows); i++) {
		void *ctx = talloc_new(NULL);
		char *text = file_text(ctx, flows[i].path);
		struct error err = {0};
		struct flow_file *flow;
		char *errors = NULL;

		flow = flow_parse(
		    ctx, flows[i].flow, flows[i].path, text, &errors, &err);
		if (flow == NULL)
			fail_msg("%s", errors != NULL ? errors : err.text);
		if (write_check_flow(flow, &errors, &err) != 0)
			fail_msg("%s", errors);
		talloc_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_facts_are_named_once),
	    cmocka_unit_test(test_no_reader_is_told_what_it_may_not_know),
	    cmocka_unit_test(test_mails_to_many_departments_hold_no_exploit),
	    cmocka_unit_test(test_a_status_mail_knows_number_phase_and_date),
	    cmocka_unit_test(test_subjects_hold_nothing_of_a_report),
	    cmocka_unit_test(test_both_languages_use_the_same_facts),
	    cmocka_unit_test(test_a_mail_goes_to_whom_it_is_written_for),
	    cmocka_unit_test(test_shares_are_looked_at_and_all_is_told_at_once),
	    cmocka_unit_test(test_the_manual_names_them_all),
	    cmocka_unit_test(test_shipped_flows),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
