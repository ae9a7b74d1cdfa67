/*
 * test_engine_due.c - the stop `due`: reminders and the handling lead, clocks
 * that warn, status mails, the morning.  With a real store; time is what
 * stands in the rows.
 */
#include "engine_world.h"

#define DAY ((int64_t)86400)
#define RETIRED "8888888888888888888888888888888888888888"

/* Everything that is due by now; how many rounds it took. */
static size_t
run(struct vendor *v)
{
	size_t n = 0;

	while (n < 1000 && (stop_due(v->e) || vendor_signs(v)))
		n++;
	assert_false(v->e->trouble);
	assert_true(n < 1000);
	return n;
}

static size_t
mails_of(struct vendor *v, int64_t casefile, enum mail_kind kind)
{
	struct store_outmail *list = NULL;
	size_t found = 0;
	size_t n = 0;

	assert_ok(v->w, store_outmail_list(v, v->w->st, 0, casefile, 1000,
			    &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].kind == (uint32_t)kind;
	return found;
}

/* ---- departments that are late ---- */

/* The pass is looked at once more, as if its time had come. */
static void
let_pass(struct vendor *v, int64_t step)
{
	struct world *w = v->w;
	struct store_step row = vendor_step(v, step);

	row.due = row.look = clock_now() - 1;
	begin(w);
	assert_ok(w, store_step_put(w->st, &row, &w->err));
	commit(w);
}

static void
test_reminders_and_then_the_lead(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step step = vendor_begin(v, id, "3.1.1");
	struct store_outmail m;

	v->s.reminders = 2;
	v->s.remind_s = DAY;
	assert_int_equal(run(v), 0);
	assert_true(due_next(v->e) == step.due);
	vendor_sent(v, vendor_mail(v, id, MAIL_ASK).id, clock_now() - 100);
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	/* Of two departments that were asked, the one whose mail left. */
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 1);
	m = vendor_mail(v, id, MAIL_REMINDER);
	assert_int_equal(m.state, OUTMAIL_APPROVED);
	assert_int_equal(m.encrypt, 1);
	assert_non_null(strstr(m.body, step.ref));
	assert_int_equal(vendor_recorded(v, id, RECORD_REMINDED), 1);
	/* Not again before the time of the settings. */
	assert_int_equal(run(v), 0);
	assert_true(due_next(v->e) > clock_now() + DAY - 100);
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 2);
	assert_int_equal(mails_of(v, id, MAIL_ESCALATION), 0);
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 2);
	m = vendor_mail(v, id, MAIL_ESCALATION);
	assert_string_equal(m.to, "haru@vendor.example");
	assert_string_equal(m.recipient, LEAD);
	assert_int_equal(vendor_recorded(v, id, RECORD_ESCALATED), 1);
	/* That is all that psirtd can do. */
	assert_int_equal(run(v), 0);
	assert_int_equal(vendor_step(v, step.id).escalated, 1);
}

/* All that the step put to departments has left; how many mails. */
static size_t
all_asked(struct vendor *v, int64_t step)
{
	struct store_outmail *asked = NULL;
	size_t n = 0;

	v->s.reminders = 2;
	v->s.remind_s = DAY;
	assert_ok(v->w,
	    store_outmail_of_step(v, v->w->st, step, &asked, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		vendor_sent(v, asked[i].id, clock_now() - 100);
	return n;
}

static void
says(struct vendor *v, const struct store_step *step, enum answer_kind kind,
    const char *department, const char *value)
{
	struct world *w = v->w;
	struct store_answer a = {.casefile = step->casefile,
	    .step = step->id,
	    .kind = kind,
	    .at = clock_now(),
	    .value = talloc_strdup(v, value),
	    .by = talloc_strdup(v, "somebody"),
	    .department = talloc_strdup(v, department)};

	begin(w);
	assert_ok(w, answer_record(v->e, vendor_load(v, step->casefile), &a,
			 "psirtd", &w->err));
	commit(w);
}

static void
test_who_has_answered_is_not_reminded(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step step = vendor_begin(v, id, "3.1.1");

	assert_int_equal(all_asked(v, step.id), 2);
	says(v, &step, ANSWER_PLAN, "plc", "version 2.5");
	says(v, &step, ANSWER_PLANNED, "plc", "2031-01-10");
	let_pass(v, step.id);
	run(v);
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 1);
	assert_string_equal(
	    vendor_mail(v, id, MAIL_REMINDER).to, "sora@vendor.example");
}

/* Half of it, a remark, a first impression: the step is where it was. */
static void
test_who_has_answered_half_is_reminded(void **state)
{
	static const struct {
		const char *step;
		enum answer_kind kind;
		const char *value;
	} rows[] = {
	    {"2.2.1", ANSWER_CAUSE, "CWE-120"},
	    {"2.2.1", ANSWER_COMMENT, "this is old code"},
	    {"2.4.1", ANSWER_NOT_AFFECTED, "XYZ-200"},
	};
	struct vendor *v = *state;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t id = vendor_case(v, FLOW_DIRECT);
		struct store_step step = vendor_begin(v, id, rows[i].step);

		assert_int_equal(all_asked(v, step.id), 1);
		says(v, &step, rows[i].kind, "plc", rows[i].value);
		let_pass(v, step.id);
		assert_int_equal(run(v), 1);
		assert_int_equal(mails_of(v, id, MAIL_REMINDER), 1);
		assert_int_equal(mails_of(v, id, MAIL_ESCALATION), 0);
	}
}

static void
question_is(struct vendor *v, int64_t casefile, enum question_state state)
{
	struct world *w = v->w;
	struct casework *cw = vendor_load(v, casefile);

	assert_int_equal(cw->nquestions, 1);
	cw->questions[0].state = state;
	begin(w);
	assert_ok(w, store_question_put(w->st, &cw->questions[0], &w->err));
	commit(w);
}

/* The decision is the desk's to record: who has said what it thinks is done. */
static void
test_a_word_is_enough_where_the_desk_decides(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step step = vendor_begin(v, id, "4.1.1");

	assert_int_equal(all_asked(v, step.id), 1);
	/* To ask back is not to say it. */
	says(v, &step, ANSWER_QUESTION, "si", "Whom does it concern?");
	question_is(v, id, QUESTION_RELAYED);
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 1);
	says(v, &step, ANSWER_COMMENT, "si", "publish it");
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 1);
	assert_int_equal(mails_of(v, id, MAIL_ESCALATION), 1);
}

/* Who asks back waits for us, until the answer has gone to it. */
static void
test_who_asks_back_is_waited_for(void **state)
{
	static const enum question_state open[] = {
	    QUESTION_OPEN, QUESTION_ASKED, QUESTION_ANSWERED};
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step step = vendor_begin(v, id, "2.2.1");

	assert_int_equal(all_asked(v, step.id), 1);
	says(v, &step, ANSWER_QUESTION, "plc", "Which firmware was it?");
	for (size_t i = 0; i < 3; i++) {
		question_is(v, id, open[i]);
		let_pass(v, step.id);
		assert_int_equal(run(v), 1);
		assert_int_equal(mails_of(v, id, MAIL_REMINDER), 0);
		assert_int_equal(vendor_step(v, step.id).escalated, 0);
		assert_true(vendor_step(v, step.id).look > clock_now());
	}
	question_is(v, id, QUESTION_RELAYED);
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_REMINDER), 1);
	assert_int_equal(mails_of(v, id, MAIL_ESCALATION), 0);
}

/* Another department's question helps nobody out. */
static void
test_who_asks_back_waits_alone(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step step = vendor_begin(v, id, "3.1.1");

	assert_int_equal(all_asked(v, step.id), 2);
	says(v, &step, ANSWER_QUESTION, "plc", "Which firmware was it?");
	for (size_t i = 1; i <= 2; i++) {
		let_pass(v, step.id);
		assert_int_equal(run(v), 1);
		assert_int_equal(mails_of(v, id, MAIL_REMINDER), i);
		assert_string_equal(vendor_mail(v, id, MAIL_REMINDER).to,
		    "sora@vendor.example");
	}
	let_pass(v, step.id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_ESCALATION), 1);
}

/* ---- clocks ---- */

static void
set_clock(struct vendor *v, int64_t casefile, enum clock_kind kind, int64_t due,
    int64_t warn)
{
	struct world *w = v->w;
	struct store_clock c = {.casefile = casefile,
	    .kind = kind,
	    .due = due,
	    .warn = warn,
	    .source = CLOCK_TYPED};

	begin(w);
	assert_ok(w, store_clock_set(w->st, &c, &w->err));
	commit(w);
}

static void
test_clocks_warn(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct store_alert *alerts = NULL;
	struct store_task t;
	size_t n = 0;

	set_clock(v, id, CLOCK_YEAR, now + 29 * DAY, now - 1);
	assert_int_equal(due_next(v->e), now - 1);
	assert_int_equal(run(v), 1);
	t = vendor_task(v, id, TASK_DEADLINE);
	assert_non_null(strstr(t.text, "one year: "));
	assert_int_equal(t.due, now + 29 * DAY);
	/* 90 and 30 days before are over, 7 are to come. */
	assert_int_equal(vendor_clock(v, id, CLOCK_YEAR).warn, now + 22 * DAY);
	assert_int_equal(vendor_recorded(v, id, RECORD_CLOCK_WARNED), 1);
	assert_ok(v->w, store_alert_list(v, v->w->st, &alerts, &n, &v->w->err));
	assert_int_equal(n, 1);
	assert_int_equal(alerts[0].reason, REASON_DEADLINE);
	assert_int_equal(run(v), 0);
	/* The next one takes the task's place, and tells of both. */
	set_clock(v, id, CLOCK_REPLY_BY, now - 10, now - 10);
	assert_int_equal(run(v), 1);
	assert_true(vendor_task(v, id, TASK_DEADLINE).id != t.id);
	t = vendor_task(v, id, TASK_DEADLINE);
	assert_non_null(strstr(t.text, "reply by: "));
	assert_non_null(strstr(t.text, "one year: "));
	/* Overdue: it has said so. */
	assert_int_equal(vendor_clock(v, id, CLOCK_REPLY_BY).warn, 0);
}

/* It is over when it is set: said at once, and once. */
static void
test_a_clock_that_is_over_warns(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t now = clock_now();
	int64_t id = vendor_case(v, FLOW_JPCERT);
	char *past = clock_rfc3339(v, now - 3 * DAY);
	struct store_clock proposed = {.casefile = id,
	    .kind = CLOCK_CRA_WARNING,
	    .due = now - DAY,
	    .source = CLOCK_PROPOSED};

	assert_ordered(v, .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){"reply by", past}, .nwords = 2);
	assert_int_equal(run(v), 1);
	assert_non_null(
	    strstr(vendor_task(v, id, TASK_DEADLINE).text, "reply by: "));
	assert_int_equal(vendor_recorded(v, id, RECORD_CLOCK_WARNED), 1);
	assert_int_equal(run(v), 0);
	/* Early warning and notification. */
	assert_ordered(v, .what = ORDER_CLOCK_START, .casefile = id,
	    .words = (const char *[]){"cra warning", past}, .nwords = 2);
	assert_int_equal(run(v), 2);
	assert_non_null(
	    strstr(vendor_task(v, id, TASK_DEADLINE).text, "cra warning: "));
	assert_int_equal(vendor_recorded(v, id, RECORD_CLOCK_WARNED), 3);
	assert_int_equal(run(v), 0);
	/* What is only proposed warns of nothing. */
	begin(w);
	assert_ok(w, clock_add(v->e, &proposed, "psirtd", &w->err));
	commit(w);
	assert_int_equal(proposed.warn, 0);
}

static void
test_a_plan_that_slips(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t id = vendor_case(v, FLOW_DIRECT);

	set_clock(v, id, CLOCK_PLANNED, now - 1, now - 1);
	run(v);
	assert_true(vendor_task(v, id, TASK_PLAN_SLIPS).id != 0);
	assert_int_equal(vendor_task(v, id, TASK_DEADLINE).id, 0);
}

/* The mail that a clock wants stops it. */
static void
test_a_mail_meets_its_clock(void **state)
{
	struct vendor *v = *state;
	int64_t due = clock_now() + DAY;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	set_clock(v, id, CLOCK_FIRST_ANSWER, due, due);
	set_clock(v, id, CLOCK_INQUIRY, due, due);
	set_clock(v, id, CLOCK_TARGET, due, due);
	assert_ordered(
	    v, .what = ORDER_REPLY, .casefile = id, .text = "We have seen it.");
	assert_true(vendor_clock(v, id, CLOCK_FIRST_ANSWER).id != 0);
	vendor_sent(v, vendor_mail(v, id, MAIL_REPLY).id, clock_now());
	assert_int_equal(vendor_clock(v, id, CLOCK_FIRST_ANSWER).id, 0);
	assert_int_equal(vendor_clock(v, id, CLOCK_INQUIRY).id, 0);
	assert_true(vendor_clock(v, id, CLOCK_TARGET).id != 0);
}

/* Not every mail that leaves is an answer. */
static void
test_what_is_no_answer_meets_no_clock(void **state)
{
	static const enum clock_kind answers[] = {
	    CLOCK_FIRST_ANSWER, CLOCK_INQUIRY, CLOCK_REPLY_BY};
	static const struct {
		struct store_outmail mail;
		bool acknowledges, answers;
	} rows[] = {
	    {{.kind = MAIL_REPLY, .audience = AUDIENCE_COUNTERPART}, true,
		true},
	    {{.kind = MAIL_REPORT, .audience = AUDIENCE_COUNTERPART}, true,
		true},
	    {{.kind = MAIL_ACKNOWLEDGE,
		 .audience = AUDIENCE_COUNTERPART,
		 .automatic = 1},
		true, false},
	    {{.kind = MAIL_REPORT,
		 .audience = AUDIENCE_COUNTERPART,
		 .automatic = 1},
		false, false},
	    {{.kind = MAIL_STATUS,
		 .audience = AUDIENCE_COUNTERPART,
		 .automatic = 1},
		false, false},
	    /* The third, that a person let go. */
	    {{.kind = MAIL_STATUS, .audience = AUDIENCE_COUNTERPART}, false,
		false},
	    {{.kind = MAIL_MEDIATED, .audience = AUDIENCE_COUNTERPART}, false,
		false},
	    {{.kind = MAIL_ASK, .audience = AUDIENCE_DEPARTMENT}, false, false},
	};
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t due = clock_now() + DAY;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t id = vendor_case(v, FLOW_JPCERT);
		struct store_outmail m = rows[i].mail;

		m.casefile = id;
		set_clock(v, id, CLOCK_ACKNOWLEDGE, due, due);
		for (size_t k = 0; k < 3; k++)
			set_clock(v, id, answers[k], due, due);
		begin(w);
		assert_ok(w, clock_met(v->e, &m, &w->err));
		commit(w);
		if ((vendor_clock(v, id, CLOCK_ACKNOWLEDGE).id == 0) !=
		    rows[i].acknowledges)
			fail_msg("row %zu: acknowledgement", i);
		for (size_t k = 0; k < 3; k++)
			if ((vendor_clock(v, id, answers[k]).id == 0) !=
			    rows[i].answers)
				fail_msg("row %zu: %s", i,
				    clock_rule(answers[k])->name);
	}
}

/* ---- status mails ---- */

static void
status_due(struct vendor *v, int64_t casefile)
{
	struct world *w = v->w;
	struct casework *cw = vendor_load(v, casefile);

	cw->c.next_status = clock_now() - 1;
	begin(w);
	assert_ok(w, store_case_put(w->st, &cw->c, &w->err));
	commit(w);
}

static void
test_the_third_status_mail_is_a_draft(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail m;

	v->s.status_finder_s = 14 * DAY;
	for (size_t i = 1; i <= 3; i++) {
		status_due(v, id);
		assert_int_equal(run(v), 1);
		assert_int_equal(mails_of(v, id, MAIL_STATUS), i);
		m = vendor_mail(v, id, MAIL_STATUS);
		assert_int_equal(
		    m.state, i < 3 ? OUTMAIL_APPROVED : OUTMAIL_DRAFT);
		assert_true(vendor_load(v, id)->c.next_status >=
			    clock_now() + 14 * DAY - 5);
	}
	assert_string_equal(m.to, FINDER);
	/* It never gave a key: signed in clear, and nothing in it. */
	assert_int_equal(m.encrypt, 0);
	assert_non_null(strstr(m.body, "under examination"));
	assert_null(strstr(m.body, "XYZ-100"));
	assert_int_equal(m.parts, 0);
}

static void
test_a_key_that_cannot_be_used_holds_it(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	struct vault_key key = {.fingerprint = JPCERT,
	    .can_encrypt = 0,
	    .problem = VAULT_KEY_EXPIRED};
	struct vault_ready ready = {.keys = &key, .nkeys = 1};

	v->s.status_jpcert_s = 14 * DAY;
	v->e->keys = &ready;
	status_due(v, id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_STATUS), 0);
	assert_true(vendor_task(v, id, TASK_STATUS_HELD).id != 0);
	key.can_encrypt = 1;
	key.problem = VAULT_KEY_FINE;
	status_due(v, id);
	run(v);
	assert_string_equal(vendor_mail(v, id, MAIL_STATUS).recipient, JPCERT);
	v->e->keys = NULL;
}

static void
test_no_status_after_a_real_mail(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	v->s.status_finder_s = 14 * DAY;
	v->s.status_quiet_s = 7 * DAY;
	assert_ordered(v, .what = ORDER_REPLY, .casefile = id, .text = "Soon.");
	vendor_sent(v, vendor_mail(v, id, MAIL_REPLY).id, clock_now() - DAY);
	status_due(v, id);
	assert_int_equal(run(v), 1);
	assert_int_equal(mails_of(v, id, MAIL_STATUS), 0);
	assert_true(vendor_load(v, id)->c.next_status > clock_now());
}

/* The source was told to ask JPCERT/CC; JPCERT/CC has heard nothing by it. */
static void
test_a_pointer_to_jpcert_is_no_word_to_it(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail m = {.casefile = id,
	    .kind = MAIL_MEDIATED,
	    .audience = AUDIENCE_COUNTERPART,
	    .to = talloc_strdup(v, FINDER),
	    .state = OUTMAIL_SENT,
	    .made = clock_now() - DAY,
	    .sent = clock_now() - DAY};

	v->s.status_jpcert_s = 14 * DAY;
	v->s.status_quiet_s = 7 * DAY;
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"mediation=accepted"}, .nwords = 1);
	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	status_due(v, id);
	run(v);
	assert_string_equal(vendor_mail(v, id, MAIL_STATUS).recipient, JPCERT);
}

/* ---- the morning ---- */

static void
morning_was(struct vendor *v, int64_t at)
{
	struct world *w = v->w;

	begin(w);
	assert_ok(w, store_memo_put(w->st, "morning", at, &w->err));
	commit(w);
}

static void
test_the_morning_mail(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail m;
	int64_t lines = 0;
	char *head = NULL;

	vendor_begin(v, id, "2.2.1");
	assert_ordered(v, .what = ORDER_REPLY, .casefile = id, .text = "Soon.");
	v->s.morning = 0;
	/* The first day begins without one. */
	run(v);
	assert_int_equal(mails_of(v, 0, MAIL_MORNING), 0);
	morning_was(v, clock_now() - DAY);
	assert_true(due_next(v->e) <= clock_now());
	assert_ok(w, store_record_verify(v, w->st, &lines, &head, &w->err));
	/* Until a vault has signed the head. */
	assert_false(stop_due(v->e));
	assert_int_equal(mails_of(v, 0, MAIL_MORNING), 0);
	vendor_worker(v);
	run(v);
	/* To who has an address and a key. */
	assert_int_equal(mails_of(v, 0, MAIL_MORNING), 1);
	m = vendor_mail(v, 0, MAIL_MORNING);
	assert_string_equal(m.to, "haru@vendor.example");
	assert_int_equal(m.encrypt, 1);
	assert_non_null(strstr(m.body, head));
	assert_non_null(strstr(m.body, "\n-----SIGNED-----\n"));
	assert_non_null(strstr(m.body, "PSIRT-2026-0001  2.2.1"));
	assert_non_null(
	    strstr(m.body, talloc_asprintf(v, "psirt approve %lld",
			       (long long)vendor_mail(v, id, MAIL_REPLY).id)));
	assert_null(strstr(m.body, FINDER));
	assert_null(strstr(m.body, "XYZ-100"));
	assert_int_equal(vendor_recorded(v, 0, RECORD_MORNING), 1);
	/* Once a day. */
	assert_int_equal(run(v), 0);
	assert_true(due_next(v->e) > clock_now());
}

/* Keys near their end or not usable, our own first; of others no line. */
static void
test_the_morning_tells_of_keys(void **state)
{
	struct vendor *v = *state;
	const char *retired[] = {RETIRED};
	const char *waiting[] = {JPCERT};
	struct waiting_keys waits = {waiting, 1};
	struct vault_key keys[] = {
	    {.fingerprint = POC, .expires = clock_now() + 5 * DAY},
	    {.fingerprint = RETIRED, .expires = clock_now() - 5 * DAY},
	    {.fingerprint = AKIRA,
		.problem = VAULT_KEY_REVOKED,
		.text = "it was revoked"},
	    {.fingerprint = SORA, .expires = clock_now() + 40 * DAY},
	    {.fingerprint = REI},
	    {.fingerprint = JPCERT},
	    {.fingerprint = LEAD, .expires = clock_now() - 1},
	};
	struct vault_ready ready = {keys, sizeof(keys) / sizeof(keys[0])};
	const char *at;
	char *body;

	v->s.retired = retired;
	v->s.nretired = 1;
	v->s.waiting = &waits;
	v->s.morning = 0;
	v->e->keys = &ready;
	v->e->expiry_at = -1;
	morning_was(v, clock_now() - DAY);
	vendor_worker(v);
	run(v);
	body = vendor_mail(v, 0, MAIL_MORNING).body;
	at = strstr(body, "poc  its key expires on ");
	assert_non_null(at);
	at = strstr(at, "plc: Akira  its key cannot be used: it was revoked");
	assert_non_null(at);
	at = strstr(at, "its key is new and waits for two persons");
	assert_non_null(at);
	assert_non_null(strstr(at, "(it has expired)"));
	assert_null(strstr(body, "retired"));
	assert_null(strstr(body, "Sora"));
	assert_null(strstr(body, "Rei"));
	v->e->keys = NULL;
}

/* No key to sign with: the mail is made all the same. */
static void
test_the_morning_without_a_signature(void **state)
{
	struct vendor *v = *state;
	const struct vault_failed failed = {
	    .reason = VAULT_FAIL_KEY, .text = "it has expired"};
	struct store_outmail m;

	vendor_order(v, &(struct order){.what = ORDER_NOTE,
			    .casefile = vendor_case(v, FLOW_DIRECT),
			    .text = "one"});
	morning_was(v, clock_now() - DAY);
	v->s.morning = 0;
	vendor_worker(v);
	while (stop_due(v->e))
		continue;
	assert_true(
	    vendor_checkpoint(v, VAULT_FAILED, &vault_failed_wire, &failed));
	run(v);
	m = vendor_mail(v, 0, MAIL_MORNING);
	assert_non_null(strstr(m.body, "The head of the record"));
	assert_null(strstr(m.body, "--checkpoint"));
}

/* Somebody was at the file: the mail says which line. */
static void
test_the_morning_tells_of_a_broken_record(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;

	vendor_order(v, &(struct order){.what = ORDER_NOTE,
			    .casefile = vendor_case(v, FLOW_DIRECT),
			    .text = "one"});
	morning_was(v, clock_now() - DAY);
	world_close(w);
	tamper(w, "DROP TRIGGER IF EXISTS record_not_changed;"
		  "UPDATE record SET actor = 'eve' WHERE id = 1");
	world_open(w);
	v->e->st = w->st;
	v->s.morning = 0;
	run(v);
	assert_non_null(strstr(vendor_mail(v, 0, MAIL_MORNING).body, "line 1"));
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_reminders_and_then_the_lead),
	    TEST(test_who_has_answered_is_not_reminded),
	    TEST(test_who_has_answered_half_is_reminded),
	    TEST(test_a_word_is_enough_where_the_desk_decides),
	    TEST(test_who_asks_back_is_waited_for),
	    TEST(test_who_asks_back_waits_alone),
	    TEST(test_clocks_warn),
	    TEST(test_a_clock_that_is_over_warns),
	    TEST(test_a_plan_that_slips),
	    TEST(test_a_mail_meets_its_clock),
	    TEST(test_what_is_no_answer_meets_no_clock),
	    TEST(test_the_third_status_mail_is_a_draft),
	    TEST(test_a_key_that_cannot_be_used_holds_it),
	    TEST(test_no_status_after_a_real_mail),
	    TEST(test_a_pointer_to_jpcert_is_no_word_to_it),
	    TEST(test_the_morning_mail),
	    TEST(test_the_morning_tells_of_keys),
	    TEST(test_the_morning_without_a_signature),
	    TEST(test_the_morning_tells_of_a_broken_record),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
