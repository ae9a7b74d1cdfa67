/*
 * test_store_outmail.c - what leaves.
 */
#include "store_world.h"

#include "psirtd/write.h"

static struct store_outmail
plain_mail(uint32_t kind, const char *to)
{
	return (struct store_outmail){.kind = kind,
	    .state = OUTMAIL_APPROVED,
	    .made = NOW,
	    .automatic = 1,
	    .to = text(to)};
}

static int64_t
add(struct world *w, struct store_outmail m)
{
	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	assert_true(m.id > 0);
	return m.id;
}

static struct store_outmail
get(struct world *w, int64_t id)
{
	struct store_outmail m;

	memset(&m, 0x55, sizeof(m));
	assert_int_equal(store_outmail_get(w, w->st, id, &m, &w->err), 1);
	return m;
}

static void
put(struct world *w, int64_t id, uint32_t state, int64_t not_before)
{
	struct store_outmail m = get(w, id);
	uint32_t from = m.state;

	m.state = state;
	m.not_before = not_before;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, from, &w->err));
	commit(w);
}

static int64_t
new_report(struct world *w, int64_t letter, const char *what)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	int64_t report, casefile;
	bool fresh;

	store_digest(bytes_str(what), digest);
	begin(w);
	assert_ok(w, store_report(w->st, digest, letter, &report, &fresh,
			 &casefile, &w->err));
	commit(w);
	assert_true(fresh);
	return report;
}

static void
test_mail_round_trips(void **state)
{
	struct world *w = *state;
	int64_t letter = arrive_text(w, 1, "x");
	int64_t casefile = new_case(w, NULL);
	int64_t report = new_report(w, letter, "r");
	struct store_outmail in = {
	    .kind = MAIL_DETAILS,
	    .state = OUTMAIL_HELD,
	    .casefile = casefile,
	    .letter = letter,
	    .report = report,
	    .made = NOW,
	    .not_before = NOW + 1,
	    .sent = NOW + 2,
	    .tries = 3,
	    .smtp_code = 451,
	    .encrypt = 1,
	    .message_id = text("psirtd.1@example.com"),
	    .from = text("psirt@example.com"),
	    .to = text("robin@example.org"),
	    .to_name = text("Robin"),
	    .recipient = text("FINGERPRINT"),
	    .recipient_key = bytes_of("k\0y", 3),
	    .recipient_key_fpr = text("OTHER"),
	    .subject = text("subject"),
	    .body = text("body\r\nof\r\ntext"),
	    .in_reply_to = text("one@example.org"),
	    .reason = text("why"),
	    .with_files = 1,
	    .automatic = 0,
	    .department = text("design"),
	    .audience = 4,
	    .policy = 2,
	    .parts = TOLD_DETAILS,
	    .overridden = 8,
	    .bounced = NOW + 3,
	    .language = text("ja"),
	};
	struct store_step step = {.casefile = casefile,
	    .number = text("1.5.2"),
	    .round = 1,
	    .state = STEP_RUNNING};
	struct store_question question = {.casefile = casefile};
	struct store_outmail m;

	begin(w);
	assert_ok(w, store_step_add(w->st, &step, &w->err));
	assert_ok(w, store_question_add(w->st, &question, &w->err));
	commit(w);
	in.step = step.id;
	in.question = question.id;
	m = get(w, add(w, in));

	assert_int_equal(m.kind, in.kind);
	assert_int_equal(m.state, in.state);
	assert_int_equal(m.casefile, in.casefile);
	assert_int_equal(m.letter, in.letter);
	assert_int_equal(m.report, in.report);
	assert_int_equal(m.made, in.made);
	assert_int_equal(m.not_before, in.not_before);
	assert_int_equal(m.sent, in.sent);
	assert_int_equal(m.tries, in.tries);
	assert_int_equal(m.smtp_code, in.smtp_code);
	assert_int_equal(m.encrypt, 1);
	assert_int_equal(m.with_files, 1);
	assert_int_equal(m.automatic, 0);
	assert_string_equal(m.message_id, in.message_id);
	assert_string_equal(m.from, in.from);
	assert_string_equal(m.to, in.to);
	assert_string_equal(m.to_name, in.to_name);
	assert_string_equal(m.recipient, in.recipient);
	assert_true(bytes_equal(m.recipient_key, in.recipient_key));
	assert_string_equal(m.recipient_key_fpr, in.recipient_key_fpr);
	assert_string_equal(m.subject, in.subject);
	assert_string_equal(m.body, in.body);
	assert_string_equal(m.in_reply_to, in.in_reply_to);
	assert_string_equal(m.reason, in.reason);
	assert_string_equal(m.department, in.department);
	assert_int_equal(m.step, in.step);
	assert_int_equal(m.audience, 4);
	assert_int_equal(m.policy, 2);
	assert_int_equal(m.parts, TOLD_DETAILS);
	assert_int_equal(m.overridden, 8);
	assert_int_equal(m.question, in.question);
	assert_int_equal(m.bounced, NOW + 3);
	assert_string_equal(m.language, "ja");

	m = get(w, add(w, plain_mail(MAIL_ALERT, "desk@example.com")));
	assert_int_equal(m.casefile, 0);
	assert_int_equal(m.letter, 0);
	assert_int_equal(m.report, 0);
	assert_null(m.subject);
	assert_null(m.reason);
	assert_null(m.recipient_key.data);
	assert_int_equal(store_outmail_get(w, w->st, 99, &m, &w->err), 0);
}

static void
test_mail_to_nobody_is_refused(void **state)
{
	struct world *w = *state;
	struct store_outmail m = plain_mail(MAIL_ALERT, NULL);

	begin(w);
	assert_fault(w, store_outmail_add(w->st, &m, &w->err), FAULT_INPUT);
	store_rollback(w->st);
}

/* RULES 2 and 6, by the table itself. */
static void
test_one_acknowledgement_a_report(void **state)
{
	struct world *w = *state;
	int64_t letter = arrive_text(w, 1, "x");
	struct store_outmail m =
	    plain_mail(MAIL_ACKNOWLEDGE, "robin@example.org");

	m.letter = letter;
	m.report = new_report(w, letter, "one");
	add(w, m);
	begin(w);
	assert_fault(w, store_outmail_add(w->st, &m, &w->err), FAULT_DENIED);
	/* Not even to somebody else, or after the first was cancelled. */
	m.to = text("other@example.org");
	m.state = OUTMAIL_DRAFT;
	assert_fault(w, store_outmail_add(w->st, &m, &w->err), FAULT_DENIED);
	commit(w); /* the rest of the transaction goes on */
	put(w, 1, OUTMAIL_CANCELLED, 0);
	begin(w);
	assert_fault(w, store_outmail_add(w->st, &m, &w->err), FAULT_DENIED);
	commit(w);

	/* Another kind, and another report, are other mails. */
	m.kind = MAIL_OVERVIEW;
	add(w, m);
	add(w, m);
	m.kind = MAIL_ACKNOWLEDGE;
	m.report = new_report(w, letter, "two");
	add(w, m);
}

static void
test_one_resend_note_a_report_and_letter(void **state)
{
	struct world *w = *state;
	int64_t letter = arrive_text(w, 1, "x"), other = arrive_text(w, 2, "y");
	struct store_outmail m = plain_mail(MAIL_RESEND, "robin@example.org");

	m.letter = letter;
	m.report = new_report(w, letter, "one");
	add(w, m);
	begin(w);
	m.letter = other; /* the same report again */
	assert_fault(w, store_outmail_add(w->st, &m, &w->err), FAULT_DENIED);
	m.letter = letter; /* the same letter opened again */
	m.report = 0;
	assert_fault(w, store_outmail_add(w->st, &m, &w->err), FAULT_DENIED);
	commit(w);
	m.letter = other;
	m.report = new_report(w, other, "two");
	add(w, m);
}

static void
test_put_writes_and_guards_the_state(void **state)
{
	struct world *w = *state;
	struct store_outmail m = plain_mail(MAIL_NOTICE, "a@example.org");
	int64_t id;

	m.subject = text("stays");
	m.reason = text("old");
	id = add(w, m);
	m = get(w, id);
	m.state = OUTMAIL_SENDING;
	m.not_before = NOW + 30;
	m.sent = NOW + 1;
	m.tries = 4;
	m.smtp_code = 250;
	m.reason = text("new");
	m.subject = text("not written");
	begin(w);
	assert_fault(w, store_outmail_put(w->st, &m, OUTMAIL_SEALED, &w->err),
	    FAULT_DENIED);
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err));
	assert_fault(w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err),
	    FAULT_DENIED);
	commit(w);
	m = get(w, id);
	assert_int_equal(m.state, OUTMAIL_SENDING);
	assert_int_equal(m.not_before, NOW + 30);
	assert_int_equal(m.sent, NOW + 1);
	assert_int_equal(m.tries, 4);
	assert_int_equal(m.smtp_code, 250);
	assert_string_equal(m.reason, "new");
	assert_string_equal(m.subject, "stays");
	m.reason = NULL;
	begin(w);
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_SENDING, &w->err));
	commit(w);
	assert_null(get(w, id).reason);
}

static size_t
wire_len(struct world *w, int64_t id)
{
	struct bytes wire = bytes_str("x");

	assert_ok(w, store_outmail_wire_get(w, w->st, id, &wire, &w->err));
	return wire.len;
}

static void
test_wire_is_kept_until_sent(void **state)
{
	struct world *w = *state;
	int64_t a = add(w, plain_mail(MAIL_NOTICE, "a@example.org"));
	int64_t b = add(w, plain_mail(MAIL_NOTICE, "b@example.org"));
	struct bytes wire = noise(w, 100000, 6), back;

	assert_int_equal(wire_len(w, a), 0);
	begin(w);
	assert_ok(
	    w, store_outmail_wire_put(w->st, a, bytes_str("first"), &w->err));
	assert_ok(w, store_outmail_wire_put(w->st, a, wire, &w->err));
	assert_ok(w, store_outmail_wire_put(w->st, b, wire, &w->err));
	commit(w);
	assert_ok(w, store_outmail_wire_get(w, w->st, a, &back, &w->err));
	assert_true(bytes_equal(back, wire));

	/* The very same bytes are there for every later try (RULES 23). */
	put(w, a, OUTMAIL_SEALED, 0);
	put(w, a, OUTMAIL_SENDING, 0);
	put(w, a, OUTMAIL_UNCERTAIN, 0);
	put(w, a, OUTMAIL_FAILED, 0);
	assert_int_equal(wire_len(w, a), wire.len);
	put(w, a, OUTMAIL_SENT, 0);
	assert_int_equal(wire_len(w, a), 0);
	assert_int_equal(wire_len(w, b), wire.len);
	put(w, b, OUTMAIL_CANCELLED, 0);
	assert_int_equal(wire_len(w, b), 0);
}

static void
test_next_waits_for_its_time(void **state)
{
	struct world *w = *state;
	int64_t ids[4], id, next;

	for (size_t i = 0; i < 4; i++)
		ids[i] = add(w, plain_mail(MAIL_NOTICE, "a@example.org"));
	put(w, ids[0], OUTMAIL_APPROVED, NOW + 50);
	put(w, ids[1], OUTMAIL_APPROVED, NOW + 20);
	put(w, ids[3], OUTMAIL_SENT, 0);

#define NEXT(now, after, want, want_next)                                      \
	do {                                                                   \
		assert_ok(w, store_outmail_next(w->st, OUTMAIL_APPROVED, now,  \
				 after, &id, &next, &w->err));                 \
		assert_int_equal(id, want);                                    \
		assert_int_equal(next, want_next);                             \
	} while (0)
	NEXT(NOW, 0, ids[2], NOW + 20);
	NEXT(NOW, ids[2], 0, NOW + 20);
	NEXT(NOW + 20, 0, ids[1], NOW + 50);
	NEXT(NOW + 50, 0, ids[0], 0);
	NEXT(INT64_MAX, 0, ids[0], 0);
	NEXT(INT64_MAX, ids[0], ids[1], 0);
	NEXT(INT64_MAX, ids[2], 0, 0);
	assert_ok(w, store_outmail_next(
			 w->st, OUTMAIL_SENT, NOW, 0, &id, &next, &w->err));
	assert_int_equal(id, ids[3]);
}

static void
test_lists_are_newest_first(void **state)
{
	struct world *w = *state;
	int64_t casefile = new_case(w, NULL);
	int64_t letter = arrive_text(w, 1, "x");
	struct store_outmail *list, m;
	size_t count;

	for (int i = 0; i < 12; i++) {
		m = plain_mail(MAIL_NOTICE, "a@example.org");
		m.casefile = i % 3 == 0 ? casefile : 0;
		m.state = i % 2 == 0 ? OUTMAIL_SENT : OUTMAIL_HELD;
		m.letter = i % 4 == 3 ? letter : 0;
		add(w, m);
	}
#define LIST(state, casefile, most, want)                                      \
	do {                                                                   \
		assert_ok(w, store_outmail_list(w, w->st, state, casefile,     \
				 most, &list, &count, &w->err));               \
		assert_int_equal(count, want);                                 \
	} while (0)
	LIST(0, 0, 99, 12);
	assert_int_equal(list[0].id, 12);
	assert_string_equal(list[11].to, "a@example.org");
	assert_ptr_equal(talloc_parent(list[11].to), list);
	LIST(0, 0, 5, 5);
	LIST(OUTMAIL_HELD, 0, 99, 6);
	assert_int_equal(list[0].id, 12);
	LIST(0, casefile, 99, 4);
	assert_int_equal(list[0].id, 10);
	LIST(OUTMAIL_HELD, casefile, 99, 2);
	LIST(OUTMAIL_DRAFT, casefile, 99, 0);
	assert_null(list);
	assert_ok(w, store_outmail_of_letter(
			 w, w->st, letter, 99, &list, &count, &w->err));
	assert_int_equal(count, 3);
	assert_int_equal(list[0].id, 12);
	assert_int_equal(list[2].letter, letter);
	assert_ok(w, store_outmail_of_letter(
			 w, w->st, letter, 2, &list, &count, &w->err));
	assert_int_equal(count, 2);
}

static void
test_mails_of_a_step(void **state)
{
	struct world *w = *state;
	struct store_step s = {.casefile = new_case(w, NULL),
	    .number = text("1.5.2"),
	    .state = STEP_RUNNING};
	struct store_outmail m = plain_mail(MAIL_DETAILS, "a@example.org");
	struct store_outmail *list;
	size_t count;

	for (s.round = 1; s.round < 3; s.round++) {
		begin(w);
		assert_ok(w, store_step_add(w->st, &s, &w->err));
		commit(w);
		m.step = s.id;
		add(w, m);
		add(w, m);
	}
	m.step = 0;
	add(w, m);
	assert_ok(
	    w, store_outmail_of_step(w, w->st, s.id, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].id, 3);
	assert_int_equal(list[1].id, 4);
	assert_string_equal(list[1].to, "a@example.org");
	assert_ok(
	    w, store_outmail_of_step(w, w->st, 99, &list, &count, &w->err));
	assert_int_equal(count, 0);
}

/* Each kind and state for itself; what is of no step, or of another case, is
 * not counted. */
static void
test_mails_of_steps_are_counted(void **state)
{
	struct world *w = *state;
	struct store_step s = {.casefile = new_case(w, NULL),
	    .number = text("1.5.2"),
	    .round = 1,
	    .state = STEP_RUNNING};
	struct store_outmail m = plain_mail(MAIL_DETAILS, "a@example.org");
	struct store_mail_count *list;
	int64_t id;
	size_t count;

	begin(w);
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	commit(w);
	m.casefile = s.casefile;
	m.audience = 2;
	add(w, m);
	m.audience = 3;
	m.step = s.id;
	add(w, m);
	add(w, m);
	m.kind = MAIL_SHARE;
	add(w, m);
	m.casefile = new_case(w, NULL);
	m.step = 0;
	add(w, m);
	assert_ok(
	    w, store_step_mails(w, w->st, s.casefile, &list, &count, &w->err));
	assert_int_equal(count, 2);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(list[i].step, s.id);
		assert_int_equal(list[i].state, m.state);
		assert_int_equal(
		    list[i].mails, list[i].kind == MAIL_SHARE ? 1 : 2);
	}
	assert_ok(
	    w, store_step_mails(w, w->st, m.casefile, &list, &count, &w->err));
	assert_int_equal(count, 0);
	/* And one after the other, to one audience. */
	assert_ok(
	    w, store_outmail_next_to(w->st, s.casefile, 3, 0, &id, &w->err));
	assert_int_equal(id, 2);
	assert_ok(
	    w, store_outmail_next_to(w->st, s.casefile, 3, id, &id, &w->err));
	assert_int_equal(id, 3);
	assert_ok(
	    w, store_outmail_next_to(w->st, s.casefile, 3, 4, &id, &w->err));
	assert_int_equal(id, 0);
}

static void
test_first_bounce_counts(void **state)
{
	struct world *w = *state;
	int64_t id = add(w, plain_mail(MAIL_DETAILS, "a@example.org"));
	int64_t other = add(w, plain_mail(MAIL_DETAILS, "a@example.org"));

	for (int i = 0; i < 2; i++) {
		begin(w);
		assert_ok(
		    w, store_outmail_bounced(w->st, id, NOW + i, &w->err));
		commit(w);
	}
	assert_int_equal(get(w, id).bounced, NOW);
	assert_int_equal(get(w, other).bounced, 0);
}

/* By address, in any case of letters; what came back or will not leave has
 * reached nobody. */
static void
test_whom_a_mail_has_reached(void **state)
{
	static const char *const to[] = {"back@example.org",
	    "Twice@example.org", "failed@example.org", "draft@example.org",
	    "never@example.org"};
	static const uint32_t mails[][2] = {
	    {OUTMAIL_SENT, OUTMAIL_CANCELLED},
	    {OUTMAIL_SENT, OUTMAIL_DRAFT},
	    {OUTMAIL_FAILED, OUTMAIL_CANCELLED},
	    {OUTMAIL_CANCELLED, OUTMAIL_DRAFT},
	};
	static const uint32_t reached[] = {
	    0, OUTMAIL_SENT, 0, OUTMAIL_DRAFT, 0};
	struct world *w = *state;
	struct store_step s = {.casefile = new_case(w, NULL),
	    .number = text("4.3.2"),
	    .round = 1,
	    .state = STEP_RUNNING};
	struct store_mail_count *list;
	uint32_t states[5];
	size_t count;
	size_t back = 0;

	begin(w);
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	commit(w);
	for (size_t i = 0; i < 4; i++)
		for (size_t k = 0; k < 2; k++) {
			struct store_outmail m =
			    plain_mail(MAIL_CUSTOMER, to[i]);
			int64_t id;

			m.casefile = s.casefile;
			m.step = s.id;
			m.state = mails[i][k];
			id = add(w, m);
			if (i > 0 || k > 0)
				continue;
			begin(w);
			assert_ok(
			    w, store_outmail_bounced(w->st, id, NOW, &w->err));
			commit(w);
		}
	assert_ok(w, store_mails_reached(w->st, s.casefile, MAIL_CUSTOMER,
			 (const char *const[]){
			     to[0], "twice@EXAMPLE.org", to[2], to[3], to[4]},
			 5, states, &w->err));
	for (size_t i = 0; i < 5; i++)
		assert_int_equal(states[i], reached[i]);
	/* Neither by another kind nor of another case. */
	assert_ok(w, store_mails_reached(w->st, s.casefile, MAIL_DETAILS, to, 5,
			 states, &w->err));
	assert_int_equal(states[1], 0);
	assert_ok(w, store_mails_reached(w->st, new_case(w, NULL),
			 MAIL_CUSTOMER, to, 5, states, &w->err));
	assert_int_equal(states[1], 0);
	assert_ok(
	    w, store_step_mails(w, w->st, s.casefile, &list, &count, &w->err));
	for (size_t i = 0; i < count; i++)
		if (list[i].bounced) {
			assert_int_equal(list[i].state, OUTMAIL_SENT);
			back += (size_t)list[i].mails;
		}
	assert_int_equal(back, 1);
}

static void
test_automatic_mails_are_counted(void **state)
{
	struct world *w = *state;
	struct store_outmail m;
	unsigned count;

	for (int i = 0; i < 5; i++) {
		m = plain_mail(MAIL_NOTICE, "robin@example.org");
		m.made = NOW + i;
		add(w, m);
	}
	m = plain_mail(MAIL_NOTICE, "Other@Example.org");
	add(w, m);
	m.automatic = 0;
	add(w, m);
	/* What the desk is told uses nothing up. */
	m = plain_mail(STORE_MAIL_ALERT, "desk@example.org");
	m.made = NOW;
	add(w, m);
#define COUNT(address, since, want)                                            \
	do {                                                                   \
		assert_ok(w, store_automatic_count(                            \
				 w->st, address, since, &count, &w->err));     \
		assert_int_equal(count, want);                                 \
	} while (0)
	COUNT(NULL, NOW, 6);
	COUNT(NULL, NOW + 3, 2);
	COUNT("robin@example.org", NOW, 5);
	COUNT("ROBIN@example.ORG", NOW + 4, 1);
	COUNT("other@example.org", 0, 1);
	COUNT("nobody@example.org", 0, 0);
	COUNT("robin@example.org", NOW + 5, 0);
}

/* Where the next one finds room, an hour after the nth before it. */
static void
test_when_the_latest_leave(void **state)
{
	struct world *w = *state;
	struct store_outmail m;
	int64_t at;

	for (int i = 0; i < 3; i++) {
		m = plain_mail(MAIL_NOTICE, "robin@example.org");
		m.made = NOW + i;
		add(w, m);
	}
	/* One that waits counts where it leaves, not where it was made. */
	m = plain_mail(MAIL_NOTICE, "Other@Example.org");
	m.made = NOW;
	m.not_before = NOW + 1000;
	add(w, m);
	/* These use nothing up: of a person, and to the desk. */
	m.automatic = 0;
	add(w, m);
	m = plain_mail(STORE_MAIL_ALERT, "desk@example.org");
	m.made = NOW + 2000;
	add(w, m);
#define LATEST(address, since, nth, want)                                      \
	do {                                                                   \
		assert_ok(w, store_automatic_latest(                           \
				 w->st, address, since, nth, &at, &w->err));   \
		assert_int_equal(at, want);                                    \
	} while (0)
	LATEST(NULL, NOW, 1, NOW + 1000);
	LATEST(NULL, NOW, 2, NOW + 2);
	LATEST(NULL, NOW, 4, NOW);
	LATEST(NULL, NOW, 5, 0);
	LATEST(NULL, NOW + 1, 3, 0);
	LATEST("ROBIN@example.org", NOW, 3, NOW);
	LATEST("robin@example.org", NOW, 4, 0);
	LATEST("other@example.org", NOW, 1, NOW + 1000);
	LATEST("nobody@example.org", NOW, 1, 0);
}

static void
test_names(void **state)
{
	for (uint32_t s = OUTMAIL_DRAFT; s <= OUTMAIL_CANCELLED; s++)
		for (uint32_t t = 0; t < s; t++)
			assert_string_not_equal(
			    outmail_state_name(s), outmail_state_name(t));
	assert_string_equal(outmail_state_name(OUTMAIL_UNCERTAIN), "uncertain");
	assert_string_equal(outmail_state_name(0), "?");
	assert_string_equal(outmail_state_name(OUTMAIL_CANCELLED + 1), "?");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_mail_round_trips),
	    TEST(test_mail_to_nobody_is_refused),
	    TEST(test_one_acknowledgement_a_report),
	    TEST(test_one_resend_note_a_report_and_letter),
	    TEST(test_put_writes_and_guards_the_state),
	    TEST(test_wire_is_kept_until_sent),
	    TEST(test_next_waits_for_its_time),
	    TEST(test_lists_are_newest_first),
	    TEST(test_mails_of_a_step),
	    TEST(test_mails_of_steps_are_counted),
	    TEST(test_first_bounce_counts),
	    TEST(test_whom_a_mail_has_reached),
	    TEST(test_automatic_mails_are_counted),
	    TEST(test_when_the_latest_leave),
	    TEST(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
