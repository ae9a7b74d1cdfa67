/*
 * test_engine_leave.c - what leaves for a case: who approves it and over
 * what, which guard holds it at the last moment, and who knows what after it.
 */
#include "case_world.h"

/* Steps that a person begins, one a mail. */
static const char flow_text[] =
    "step \"1.1.1\" { title_en = \"t\" title_ja = \"t\" phase = 1"
    " lead = {poc} start = letter }\n"
    "step \"1.2.1\" { title_en = \"t\" title_ja = \"t\" phase = 1"
    " lead = {poc} start = hand again = yes"
    " mail \"support_request\" { to = coordinator policy = approve } }\n"
    "step \"1.2.2\" { title_en = \"t\" title_ja = \"t\" phase = 1"
    " lead = {poc} start = hand expects = {mediation} }\n"
    "step \"2.3.1\" { title_en = \"t\" title_ja = \"t\" phase = 2"
    " lead = {poc} start = hand again = yes"
    " mail \"questions\" { to = counterpart policy = approve } }\n"
    "step \"2.3.3\" { title_en = \"t\" title_ja = \"t\" phase = 2"
    " lead = {poc} start = hand again = yes"
    " mail \"relay\" { to = {design, research} policy = approve } }\n"
    "step \"2.6.1\" { title_en = \"t\" title_ja = \"t\" phase = 2"
    " lead = {poc} start = hand"
    " mail \"report\" { to = counterpart policy = two } }\n"
    "step \"4.3.2\" { title_en = \"t\" title_ja = \"t\" phase = 4"
    " lead = {poc} start = hand"
    " mail \"date\" { to = counterpart policy = approve } }\n"
    "step \"5.1.1\" { title_en = \"t\" title_ja = \"t\" phase = 5"
    " lead = {poc} start = hand guard = {\"not_before\"}"
    " mail \"circulate\" { to = {design} } }\n"
    "step \"5.1.2\" { title_en = \"t\" title_ja = \"t\" phase = 5"
    " lead = {poc} start = hand again = yes"
    " mail \"published\" { to = counterpart policy = approve } }\n"
    "close \"published\" {}\n";

static int
set_up(void **state)
{
	struct world *w = world_new(FLOW_DIRECT, flow_text);

	case_make(w, FLOW_DIRECT);
	flow_run(w);
	*state = w;
	return 0;
}

/* A draft of this kind, by its step. */
static struct store_outmail
drafted(struct world *w, const char *step, enum mail_kind kind)
{
	ordered(w, ORDER_STEP_START, step);
	return mail_of(w, kind);
}

static struct order
approval(struct world *w, const struct store_outmail *m)
{
	struct order o = order_of(w, ORDER_APPROVE, NULL);

	o.mail = m->id;
	o.digest = digest_of_mail(w, m);
	return o;
}

static uint32_t
mail_state(struct world *w, int64_t id)
{
	struct store_outmail m = {0};

	assert_int_equal(store_outmail_get(w, w->e->st, id, &m, &w->err), 1);
	return m.state;
}

/* ---- the digest ---- */

static void
test_an_approval_is_over_all_that_is_read(void **state)
{
	struct world *w = *state;
	const struct store_outmail m = {.kind = MAIL_REPORT,
	    .subject = talloc_strdup(w, "ab"),
	    .body = talloc_strdup(w, "c"),
	    .to = talloc_strdup(w, AT_FINDER),
	    .recipient = talloc_strdup(w, KEY_FINDER),
	    .encrypt = 1};
	struct store_outmail others[] = {m, m, m, m, m, m, m, m};
	const char *was = digest_of_mail(w, &m);

	others[0].kind = MAIL_PLAN;
	others[1].subject = talloc_strdup(w, "a");
	others[2].body = talloc_strdup(w, "d");
	others[3].to = talloc_strdup(w, AT_CERT);
	others[4].recipient = talloc_strdup(w, KEY_CERT);
	others[5].encrypt = 0;
	others[6].with_files = 1;
	others[6].letter = 4;
	/* No text moves from one field into another. */
	others[7].subject = talloc_strdup(w, "a");
	others[7].body = talloc_strdup(w, "bc");
	for (size_t i = 0; i < COUNT_OF(others); i++)
		assert_string_not_equal(was, digest_of_mail(w, &others[i]));
	/* What only says how far it has come is not of it. */
	others[0] = m;
	others[0].state = OUTMAIL_DRAFT;
	others[0].tries = 3;
	assert_string_equal(was, digest_of_mail(w, &others[0]));
}

/* ---- approving ---- */

static void
test_a_mail_waits_until_it_is_approved(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "4.3.2", MAIL_DATE);
	struct order o = approval(w, &m);
	const struct case_step *pass;

	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_int_equal(
	    case_step_of(&case_now(w)->view, "4.3.2")->mails_draft, 1);
	o.digest = "00";
	assert_refused(w, &o, "changed since it was shown");
	o.digest = NULL;
	assert_refused(w, &o, "changed since it was shown");
	assert_int_equal(mail_state(w, m.id), OUTMAIL_DRAFT);
	o = approval(w, &m);
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_APPROVED);
	assert_int_equal(records_of(w, RECORD_APPROVED), 1);
	pass = case_step_of(&case_now(w)->view, "4.3.2");
	assert_int_equal(pass->mails_waiting, 1);
	assert_int_equal(pass->mails_draft + pass->mails_held, 0);
	m.state = OUTMAIL_APPROVED;
	assert_ok(mail_mark(w->e, &m, OUTMAIL_HELD, "no key", "seal", &w->err));
	pass = case_step_of(&case_now(w)->view, "4.3.2");
	assert_int_equal(pass->mails_held, 1);
	assert_refused(w, &o, "it is held");
	o.mail = 999;
	assert_refused(w, &o, "no mail 999");
}

static void
test_two_persons_are_two(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "2.6.1", MAIL_REPORT);
	struct order o = approval(w, &m);

	o.uid = 0;
	assert_refused(w, &o, "two persons");
	/* The account of psirtd is another one than root's. */
	if (geteuid() == 0)
		assert_int_equal(seteuid(54321), 0);
	o.uid = geteuid();
	assert_refused(w, &o, "two persons");
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	o.uid = 12345;
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_DRAFT);
	assert_refused(w, &o, "you have approved it");
	o.actor = "mika";
	o.uid = 12346;
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_APPROVED);
	assert_int_equal(records_of(w, RECORD_APPROVED), 2);
}

static void
test_a_change_voids_an_approval(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "2.6.1", MAIL_REPORT);
	struct order o = approval(w, &m);
	struct order edit = order_of(w, ORDER_EDIT, NULL);
	struct order second = approval(w, &m);

	assert_ok(give(w, &o));
	edit.mail = m.id;
	edit.text = "Another text.\n";
	assert_ok(give(w, &edit));
	assert_int_equal(records_of(w, RECORD_APPROVAL_VOID), 1);
	/* Over what the first one saw: it is another mail by now. */
	second.actor = "mika";
	assert_refused(w, &second, "changed since it was shown");
	m = mail_of(w, MAIL_REPORT);
	assert_string_equal(m.body, "Another text.\n");
	second = approval(w, &m);
	second.actor = "mika";
	assert_ok(give(w, &second));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_DRAFT);
	/* One that is approved is changed no more. */
	o = approval(w, &m);
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_APPROVED);
	assert_refused(w, &edit, "no draft");
}

/* Of the first of two it holds for the second, and when it is sealed. */
static void
test_the_first_of_two_overrides(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "2.6.1", MAIL_REPORT);
	struct order o = approval(w, &m);
	struct order second = approval(w, &m);
	enum guard_kind guard = 0;
	char *why = NULL;

	answered(w, "1.2.2", "mediation=accepted");
	o.override = 1U << GUARD_NO_FINDER;
	o.why = "JPCERT/CC asked us to";
	second.actor = "mika";
	second.role = OPERATOR_OPERATOR;
	assert_refused(w, &second, "JPCERT/CC speaks with the finder");
	/* Who is no lead overrides nothing, first or second. */
	o.role = OPERATOR_OPERATOR;
	assert_refused(w, &o, "by the handling lead alone");
	o.role = OPERATOR_LEAD;
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_DRAFT);
	assert_int_equal(records_of(w, RECORD_OVERRIDE), 1);
	assert_ok(give(w, &second));
	assert_int_equal(store_outmail_get(w, w->e->st, m.id, &m, &w->err), 1);
	assert_int_equal(m.state, OUTMAIL_APPROVED);
	assert_int_equal(m.overridden, 1U << GUARD_NO_FINDER);
	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, 0);
	assert_int_equal(records_of(w, RECORD_OVERRIDE), 1);
}

/* It was for the text that its approval was for. */
static void
test_a_change_takes_the_override_away(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "2.6.1", MAIL_REPORT);
	struct order o = approval(w, &m);
	struct order edit = order_of(w, ORDER_EDIT, NULL);
	struct order second;

	answered(w, "1.2.2", "mediation=accepted");
	o.override = 1U << GUARD_NO_FINDER;
	o.why = "JPCERT/CC asked us to";
	assert_ok(give(w, &o));
	edit.mail = m.id;
	edit.text = "Another text.\n";
	assert_ok(give(w, &edit));
	assert_non_null(strstr(w->said, "void, and so is what it overrode"));
	m = mail_of(w, MAIL_REPORT);
	assert_int_equal(m.overridden, 0);
	second = approval(w, &m);
	second.actor = "mika";
	assert_refused(w, &second, "JPCERT/CC speaks with the finder");
	assert_int_equal(mail_state(w, m.id), OUTMAIL_DRAFT);
	/* The draft's own, of who began the step, stays with it. */
	m.overridden = 1U << GUARD_NO_FINDER;
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_outmail_put(w->e->st, &m, OUTMAIL_DRAFT, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	assert_ok(give(w, &edit));
	assert_ok(give(w, &second));
	assert_null(strstr(w->said, "void"));
}

/* Of a text that is another by now, however it came to be so. */
static void
test_an_old_approval_is_none(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "2.6.1", MAIL_REPORT);
	struct store_approval old = {.outmail = m.id,
	    .at = clock_now(),
	    .overridden = 1U << GUARD_NO_FINDER,
	    .person = talloc_strdup(w, "mika")};
	struct order o = approval(w, &m);

	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_approval_add(w->e->st, &old, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	answered(w, "1.2.2", "mediation=accepted");
	assert_refused(w, &o, "JPCERT/CC speaks with the finder");
	o.override = 1U << GUARD_NO_FINDER;
	o.why = "JPCERT/CC asked us to";
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_DRAFT);
}

static void
test_a_subject_keeps_the_number_and_one_line(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "4.3.2", MAIL_DATE);
	struct order o = order_of(w, ORDER_EDIT, NULL);

	o.mail = m.id;
	o.text = "x\n";
	o.subject = "Publication";
	assert_refused(w, &o, "has to keep");
	o.subject = "[PSIRT-2026-0001] a\nBcc: x@other.example";
	assert_refused(w, &o, "one line");
	o.subject = "[PSIRT-2026-0001] The date";
	assert_ok(give(w, &o));
	assert_string_equal(
	    mail_of(w, MAIL_DATE).subject, "[PSIRT-2026-0001] The date");
	o.text = " \n";
	assert_refused(w, &o, "has to be text");
}

static void
test_a_dropped_draft_does_not_leave(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "4.3.2", MAIL_DATE);
	struct order o = order_of(w, ORDER_DROP, NULL);

	o.mail = m.id;
	o.why = "told by phone";
	assert_ok(give(w, &o));
	assert_int_equal(mail_state(w, m.id), OUTMAIL_CANCELLED);
	assert_refused(w, &o, "no draft");
	assert_int_equal(
	    case_step_of(&case_now(w)->view, "4.3.2")->mails_dropped, 1);
}

/* ---- overtaken ---- */

/* Drafted for the source, and JPCERT/CC has become its window since. */
static void
test_the_channel_holds_what_was_drafted_before(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "4.3.2", MAIL_DATE);
	struct order o = approval(w, &m);
	enum guard_kind guard = 0;
	char *why = NULL;

	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, 0);
	answered(w, "1.2.2", "mediation=accepted");
	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, GUARD_NO_FINDER);
	assert_non_null(why);
	assert_refused(w, &o, "JPCERT/CC speaks with the finder");
	/* The next one is JPCERT/CC's. */
	m = drafted(w, "2.6.1", MAIL_REPORT);
	assert_string_equal(m.to, AT_JPCERT);
	assert_string_equal(m.recipient, KEY_JPCERT);
}

/* Set aside by the lead when it is approved, it is sealed as well. */
static void
test_an_override_stays_with_the_mail(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "4.3.2", MAIL_DATE);
	struct order o = approval(w, &m);
	enum guard_kind guard = 0;
	char *why = NULL;

	answered(w, "1.2.2", "mediation=accepted");
	o.override = 1U << GUARD_NO_FINDER;
	o.why = "JPCERT/CC asked us to";
	assert_ok(give(w, &o));
	assert_int_equal(store_outmail_get(w, w->e->st, m.id, &m, &w->err), 1);
	assert_int_equal(m.overridden, 1U << GUARD_NO_FINDER);
	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, 0);
}

static void
test_nothing_leaves_before_its_day(void **state)
{
	struct world *w = *state;
	struct order o = order_of(w, ORDER_STEP_START, "5.1.1");
	struct store_outmail m;
	enum guard_kind guard = 0;
	char *why = NULL;

	assert_refused(w, &o, "not_before");
	answered(w, NULL, "publish=2020-01-01");
	m = drafted(w, "5.1.1", MAIL_CIRCULATE);
	/* The date is put off after it was drafted. */
	answered(w, NULL, "publish=2099-01-01");
	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, GUARD_NOT_BEFORE);
	assert_non_null(strstr(why, "2099"));
}

/* What the desk is told is no mail of the procedure. */
static void
test_alerts_ask_no_guard(void **state)
{
	struct world *w = *state;
	struct store_outmail m = {.kind = MAIL_ALERT,
	    .casefile = w->casefile,
	    .to = talloc_strdup(w, AT_FINDER)};
	enum guard_kind guard = 0;
	char *why = NULL;

	answered(w, "1.2.2", "mediation=accepted");
	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, 0);
	m.kind = MAIL_ACKNOWLEDGE;
	assert_ok(leave_may(w->e, w, &m, &guard, &why, &w->err));
	assert_int_equal(guard, GUARD_NO_FINDER);
}

/* ---- it left ---- */

static void
test_who_was_told_is_on_record(void **state)
{
	struct world *w = *state;
	struct store_told *list = NULL;
	size_t n = 0;

	drafted(w, "2.6.1", MAIL_REPORT);
	assert_ok(
	    store_told_list(w, w->e->st, w->casefile, &list, &n, &w->err));
	assert_int_equal(n, 0); /* a draft tells nobody */
	mail_leaves(w, mail_of(w, MAIL_REPORT));
	assert_ok(
	    store_told_list(w, w->e->st, w->casefile, &list, &n, &w->err));
	assert_int_equal(n, 1);
	assert_string_equal(list[0].person, "Robin");
	assert_string_equal(list[0].address, AT_FINDER);
	assert_string_equal(list[0].fingerprint, KEY_FINDER);
	assert_null(list[0].department);
	assert_int_equal(list[0].parts, TOLD_OVERVIEW | TOLD_DETAILS);
	assert_int_equal(records_of(w, RECORD_TOLD), 1);
	assert_string_equal(state_of(w, "2.6.1"), "ended");
}

/* RULES 5: to JPCERT/CC its name goes with its leave alone. */
static void
test_the_source_is_named_with_its_leave(void **state)
{
	static const struct {
		const char *word;
		bool named;
	} rows[] = {{"note=none yet", false}, {"share name=no", false},
	    {"share name=yes", true}};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct store_outmail m;

		answered(w, NULL, rows[i].word);
		m = drafted(w, "1.2.1", MAIL_SUPPORT_REQUEST);
		assert_string_equal(m.to, AT_JPCERT);
		assert_int_equal(
		    strstr(m.body, AT_FINDER) != NULL, rows[i].named);
		assert_int_equal(
		    strstr(m.body, "Robin") != NULL, rows[i].named);
		all_leave(w, MAIL_SUPPORT_REQUEST);
	}
}

/* <2>1.2.1: where the source sits, and what was tried to reach it. */
static void
test_the_request_says_what_was_tried(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "1.2.1", MAIL_SUPPORT_REQUEST);

	assert_null(strstr(m.body, "これまでの対応"));
	assert_null(strstr(m.body, "国・地域"));
	all_leave(w, MAIL_SUPPORT_REQUEST);
	answered(w, NULL, "country=Germany");
	answered(w, NULL, "tried=two mails");
	answered(w, NULL, "経緯=and a call");
	m = drafted(w, "1.2.1", MAIL_SUPPORT_REQUEST);
	assert_non_null(strstr(m.body, "国・地域: Germany\n"));
	assert_non_null(strstr(
	    m.body, "これまでの対応\n\n    two mails\n    and a call\n"));
}

static void
test_credit_is_given_where_it_is_wanted(void **state)
{
	static const struct {
		const char *word;
		bool named;
	} rows[] = {{"credit=R. of Example Labs", false},
	    {"credit ok=no", false}, {"credit ok=yes", true}};
	struct world *w = *state;

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct store_outmail m;

		answered(w, NULL, rows[i].word);
		m = drafted(w, "5.1.2", MAIL_PUBLISHED);
		assert_int_equal(
		    strstr(m.body, "Example Labs") != NULL, rows[i].named);
		all_leave(w, MAIL_PUBLISHED);
	}
}

/* What was taken back is on record, and no part of what is known. */
static void
test_what_was_taken_back_is_not_told(void **state)
{
	struct world *w = *state;
	const struct casework *now;

	answered(w, NULL, "affected=XYZ-100 < 2.4");
	answered(w, NULL, "affected=ABC-7");
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(
	    store_answer_void(w->e->st, case_now(w)->answers[1].id, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	now = case_now(w);
	assert_int_equal(now->nanswers, 2);
	assert_int_equal(now->view.nanswers, 1);
	assert_null(strstr(drafted(w, "2.6.1", MAIL_REPORT).body, "ABC-7"));
}

/* `psirt queue sent`: the server's answer was lost, and it arrived. */
static void
test_what_a_person_decides_counts(void **state)
{
	struct world *w = *state;
	struct store_outmail m = drafted(w, "2.6.1", MAIL_REPORT);
	struct store_told *list = NULL;
	size_t n = 0;

	m.state = OUTMAIL_SENT;
	m.sent = clock_now();
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_outmail_put(w->e->st, &m, OUTMAIL_DRAFT, &w->err));
	assert_ok(engine_asks.decided(w->e, &m, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	assert_int_equal(flow_run(w), 1);
	assert_string_equal(state_of(w, "2.6.1"), "ended");
	assert_ok(
	    store_told_list(w, w->e->st, w->casefile, &list, &n, &w->err));
	assert_int_equal(n, 1);
	/* One that is given up lets the case be looked at. */
	m = drafted(w, "4.3.2", MAIL_DATE);
	m.state = OUTMAIL_CANCELLED;
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_outmail_put(w->e->st, &m, OUTMAIL_DRAFT, &w->err));
	assert_ok(engine_asks.decided(w->e, &m, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	assert_int_equal(flow_run(w), 1);
	assert_ok(
	    store_told_list(w, w->e->st, w->casefile, &list, &n, &w->err));
	assert_int_equal(n, 1);
}

/* Only who asked, and who holds the details, hears the answer. */
static void
test_questions_go_out_and_answers_come_back(void **state)
{
	struct world *w = *state;
	const struct casework *now;
	struct store_outmail m;
	struct order o = order_of(w, ORDER_ANSWER, NULL);
	const char *words[] = {"question=Which version was it?"};
	struct store_question later = {
	    .state = QUESTION_OPEN, .text = talloc_strdup(w, "And when?")};

	o.words = words;
	o.nwords = 1;
	o.by = "design";
	assert_ok(give(w, &o));
	flow_run(w);
	m = drafted(w, "2.3.1", MAIL_QUESTIONS);
	assert_non_null(strstr(m.body, "1. Which version was it?"));
	assert_null(strstr(m.body, "design"));
	assert_int_equal(case_now(w)->questions[0].state, QUESTION_OPEN);
	/* One that came when the mail was written already is not in it. */
	later.casefile = w->casefile;
	later.at = m.made + 1;
	assert_ok(store_begin(w->e->st, &w->err));
	assert_ok(store_question_add(w->e->st, &later, &w->err));
	assert_ok(store_commit(w->e->st, &w->err));
	mail_leaves(w, m);
	assert_int_equal(case_now(w)->questions[0].state, QUESTION_ASKED);
	assert_int_equal(case_now(w)->questions[1].state, QUESTION_OPEN);
	answered(w, NULL, "answer=2.3, from the box");
	now = case_now(w);
	assert_int_equal(now->questions[0].state, QUESTION_ANSWERED);
	m = drafted(w, "2.3.3", MAIL_RELAY);
	assert_string_equal(m.to, "design@vendor.example");
	assert_int_equal(m.question, now->questions[0].id);
	assert_non_null(strstr(m.body, "2.3, from the box"));
	mail_leaves(w, m);
	assert_int_equal(case_now(w)->questions[0].state, QUESTION_RELAYED);
}

int
main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, world_free)
	const struct CMUnitTest tests[] = {
	    TEST(test_an_approval_is_over_all_that_is_read),
	    TEST(test_a_mail_waits_until_it_is_approved),
	    TEST(test_two_persons_are_two),
	    TEST(test_a_change_voids_an_approval),
	    TEST(test_the_first_of_two_overrides),
	    TEST(test_a_change_takes_the_override_away),
	    TEST(test_an_old_approval_is_none),
	    TEST(test_a_subject_keeps_the_number_and_one_line),
	    TEST(test_a_dropped_draft_does_not_leave),
	    TEST(test_the_channel_holds_what_was_drafted_before),
	    TEST(test_an_override_stays_with_the_mail),
	    TEST(test_nothing_leaves_before_its_day),
	    TEST(test_alerts_ask_no_guard),
	    TEST(test_who_was_told_is_on_record),
	    TEST(test_the_source_is_named_with_its_leave),
	    TEST(test_the_request_says_what_was_tried),
	    TEST(test_credit_is_given_where_it_is_wanted),
	    TEST(test_what_was_taken_back_is_not_told),
	    TEST(test_what_a_person_decides_counts),
	    TEST(test_questions_go_out_and_answers_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
