/*
 * test_control_lists.c - what needs a person, lists, a case, the queue and
 * its decisions, routing, the record.
 */
#include "control_world.h"

#include "psirtd/write.h"

static const char *
word_of(struct desk_world *w, int64_t id)
{
	return talloc_asprintf(w, "%lld", (long long)id);
}

static json_t *
row_of(const json_t *data, const char *key, size_t i)
{
	json_t *row = json_array_get(json_object_get(data, key), i);

	assert_non_null(row);
	return row;
}

static int64_t
add_mail(struct desk_world *w, enum mail_kind kind, int64_t casefile,
    enum outmail_state state, const char *reason, bool wire)
{
	struct store_outmail m = {.kind = kind,
	    .state = OUTMAIL_APPROVED,
	    .casefile = casefile,
	    .made = RECEIVED,
	    .encrypt = 1,
	    .message_id = talloc_asprintf(w, "m%d.%u@vendor.example", (int)kind,
		(unsigned)clock_monotonic_ms()),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, FINDER),
	    .subject = talloc_strdup(w, "a subject"),
	    .body = talloc_strdup(w, "a body"),
	    .department =
		kind == MAIL_OVERVIEW ? talloc_strdup(w, "plc") : NULL};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	if (wire)
		assert_ok(w, store_outmail_wire_put(
				 w->st, m.id, bytes_str("wire"), &w->err));
	m.state = state;
	m.reason = reason != NULL ? talloc_strdup(w, reason) : NULL;
	if (state != OUTMAIL_APPROVED)
		assert_ok(
		    w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return m.id;
}

static uint32_t
mail_state(struct desk_world *w, int64_t id)
{
	struct store_outmail m = {0};

	assert_int_equal(store_outmail_get(w, w->st, id, &m, &w->err), 1);
	return m.state;
}

/* ---- today ---- */

static void
test_today(void **state)
{
	struct desk_world *w = *state;
	int64_t settled = add_case(w, 2, 2026);
	int64_t proposed = add_case(w, 1, 2026);
	int64_t forged = add_letter(w, "a", LETTER_SET_ASIDE, REASON_FORGED, 0);
	int64_t mail = add_mail(w, MAIL_OVERVIEW, proposed, OUTMAIL_FAILED,
	    "550 <hana@vendor.example>: no such user", true);
	json_t *root, *data, *row;

	add_letter(w, "b", LETTER_SET_ASIDE, REASON_AUTO_REPLY, 0);
	add_letter(w, "c", LETTER_SET_ASIDE, REASON_LIST, 0);
	add_mail(w, MAIL_ACKNOWLEDGE, settled, OUTMAIL_SEALED, NULL, true);
	add_mail(w, MAIL_ACKNOWLEDGE, proposed, OUTMAIL_SEALED, NULL, true);
	root = ask(w, "today");
	data = data_of(root);
	assert_int_equal(
	    json_integer_value(json_object_get(data, "open_cases")), 2);
	/* Routed and on its way to an answer: needs nobody. */
	assert_int_equal(json_array_size(json_object_get(data, "cases")), 1);
	row = row_of(data, "cases", 0);
	assert_string_equal(text_at(row, "case"), "PSIRT-2026-0002");
	assert_string_equal(text_at(row, "why"), "departments proposed");
	assert_string_equal(
	    text_at(row, "next"), "psirt route PSIRT-2026-0002 plc");
	assert_string_not_equal(text_at(row, "due"), "(none)");
	/* Auto-replies and list mail are counted, not shown. */
	assert_int_equal(json_array_size(json_object_get(data, "letters")), 1);
	row = row_of(data, "letters", 0);
	assert_int_equal(
	    json_integer_value(json_object_get(row, "letter")), forged);
	assert_string_not_equal(text_at(row, "due"), "(none)");
	assert_int_equal(
	    json_integer_value(json_object_get(data, "set_aside_by_itself")),
	    2);
	row = row_of(data, "mails", 0);
	assert_int_equal(
	    json_integer_value(json_object_get(row, "mail")), mail);
	/* A list shows no address, not even the mail server's word of it. */
	assert_string_equal(
	    text_at(row, "reason"), "550 <address> no such user");
	json_decref(root);
	w->trouble = "mailbox: no route";
	root = ask_line(w, "{\"version\":1,\"args\":[]}\n");
	assert_string_equal(
	    text_at(data_of(root), "trouble"), "mailbox: no route");
	json_decref(root);
}

/* What the desk was told of by mail stands in `psirt` too. */
static void
test_list_mail_that_may_be_a_report(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "a", LETTER_SET_ASIDE, REASON_LIST, 0);
	struct store_letter l = {0};
	json_t *root;

	assert_int_equal(store_letter_get(w, w->st, id, &l, &w->err), 1);
	l.unconfirmed = 1;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_letter_put(w->st, &l, LETTER_SET_ASIDE, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "today");
	assert_int_equal(json_integer_value(json_object_get(
			     row_of(data_of(root), "letters", 0), "letter")),
	    id);
	assert_int_equal(json_integer_value(json_object_get(
			     data_of(root), "set_aside_by_itself")),
	    0);
	json_decref(root);
}

/* ---- keys ---- */

static void
test_keys(void **state)
{
	static struct vault_key keys[] = {
	    {.fingerprint = KEY_FINDER, .can_sign = 1, .can_encrypt = 1},
	    {.fingerprint = KEY_JPCERT, .can_sign = 1, .can_encrypt = 1},
	    {.fingerprint = "6666666666666666666666666666666666666666",
		.problem = VAULT_KEY_REVOKED,
		.text = "it was revoked"},
	};
	static struct vault_ready ready = {keys, 3};
	struct desk_world *w = *state;
	json_t *root, *data;

	assert_refused(ask(w, "key", "list"), 75, "no vault has looked");
	w->keys = &ready;
	keys[1].expires = clock_now() + 3600;
	root = ask(w, "key", "list");
	data = data_of(root);
	assert_int_equal(json_array_size(json_object_get(data, "keys")), 3);
	assert_string_equal(text_at(row_of(data, "keys", 0), "whose"), "poc");
	assert_string_equal(
	    text_at(row_of(data, "keys", 0), "fingerprint"), KEY_FINDER);
	assert_int_equal(
	    json_array_size(json_object_get(row_of(data, "keys", 0), "can")),
	    2);
	assert_string_equal(text_at(row_of(data, "keys", 1), "whose"),
	    "correspondent JPCERT/CC");
	assert_string_equal(
	    text_at(row_of(data, "keys", 2), "problem"), "it was revoked");
	json_decref(root);

	/* What needs nobody is not in the way. */
	root = ask(w, "today");
	data = data_of(root);
	assert_int_equal(json_array_size(json_object_get(data, "keys")), 2);
	assert_string_equal(
	    text_at(row_of(data, "keys", 0), "fingerprint"), KEY_JPCERT);
	assert_string_equal(
	    text_at(row_of(data, "keys", 0), "problem"), "(none)");
	assert_string_equal(
	    text_at(row_of(data, "keys", 0), "next"), "psirt key list");
	json_decref(root);

	/* It was fine when the vault looked. */
	keys[1].expires = clock_now() - 1;
	root = ask(w, "today");
	assert_string_equal(
	    text_at(row_of(data_of(root), "keys", 0), "problem"),
	    "it has expired");
	json_decref(root);
}

static void
test_a_key_is_staged(void **state)
{
	static const struct {
		struct vault_key key;
		const char *why;
	} rows[] = {
	    {{.problem = VAULT_KEY_EXPIRED, .text = "it expired"},
		"it expired"},
	    {{.weak = 1, .nuids = 1}, "too weak"},
	    {{.nuids = 0}, "no user id"},
	};
	static const char *uids[] = {"Hana <hana@vendor.example>"};
	struct desk_world *w = *state;
	struct vault_key keys[2] = {{0}};
	json_t *root;

	w->staged = (struct vault_keys){keys, 1};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		keys[0] = rows[i].key;
		keys[0].uids = uids;
		assert_refused(
		    ask(w, "key", "stage", "a block"), 1, rows[i].why);
	}
	keys[0] = (struct vault_key){.fingerprint = KEY_JPCERT,
	    .uids = uids,
	    .nuids = 1,
	    .algorithm = "ed25519, cv25519"};
	w->staged.nkeys = 2;
	assert_refused(ask(w, "key", "stage", "a block"), 1, "exactly one");
	w->staged.nkeys = 1;
	root = ask(w, "key", "stage", "a block");
	assert_string_equal(
	    text_at(data_of(root), "line"), "fingerprint = \"" KEY_JPCERT "\"");
	assert_string_equal(
	    text_at(data_of(root), "owner"), "correspondent JPCERT/CC");
	assert_non_null(strstr(text_at(data_of(root), "import"), "--import"));
	json_decref(root);
}

static void
test_what_nobody_has_read(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t report =
	    add_letter(w, "a", LETTER_FILED, REASON_NEW_REPORT, id);
	int64_t answer =
	    add_letter(w, "b", LETTER_FILED, REASON_JOINED_UNCONFIRMED, id);
	json_t *root, *data;

	add_letter(w, "c", LETTER_FILED, REASON_AUTO_REPLY, id);
	add_letter(w, "d", LETTER_FILED, REASON_DUPLICATE, id);
	add_mail(w, MAIL_ACKNOWLEDGE, id, OUTMAIL_SEALED, NULL, true);
	root = ask(w, "today");
	data = data_of(root);
	assert_int_equal(json_array_size(json_object_get(data, "cases")), 0);
	assert_int_equal(json_array_size(json_object_get(data, "letters")), 2);
	assert_string_equal(
	    text_at(row_of(data, "letters", 0), "reason"), "new-report");
	assert_string_not_equal(
	    text_at(row_of(data, "letters", 0), "due"), "(none)");
	assert_string_equal(
	    text_at(row_of(data, "letters", 1), "reason"), "unconfirmed");
	assert_string_equal(
	    text_at(row_of(data, "letters", 1), "case"), "PSIRT-2026-0001");
	json_decref(root);
	assert_done(ask(w, "letter", word_of(w, report)));
	root = ask(w, "today");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "letters")), 1);
	assert_int_equal(json_integer_value(json_object_get(
			     row_of(data_of(root), "letters", 0), "letter")),
	    answer);
	json_decref(root);
	assert_done(ask(w, "letter", word_of(w, answer), "--raw"));
	root = ask(w, "today");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "letters")), 0);
	json_decref(root);
}

/* Who wrote, in a word; From alone proves nothing. */
static void
test_who_wrote(void **state)
{
	static const char *theirs[] = {"vuls@jpcert.example"};
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	struct {
		const char *sender, *who;
		enum reason reason;
	} rows[] = {
	    {FINDER, "finder", REASON_JOINED},
	    {"else@x.example", "other", REASON_JOINED_UNCONFIRMED},
	    {"Hana@vendor.example", "plc?", REASON_JOINED},
	    {"vuls@jpcert.example", "JPCERT/CC?", REASON_JOINED},
	    {FINDER, "machine", REASON_AUTO_REPLY},
	};

	w->correspondents[0].addresses = theirs;
	w->correspondents[0].naddresses = 1;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_address_add(w->st, id, FINDER, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t letter =
		    add_letter(w, "x", LETTER_FILED, rows[i].reason, id);
		struct store_letter l = {0};
		json_t *root;

		assert_int_equal(
		    store_letter_get(w, w->st, letter, &l, &w->err), 1);
		l.sender = talloc_strdup(w, rows[i].sender);
		assert_ok(w, store_begin(w->st, &w->err));
		assert_ok(
		    w, store_letter_put(w->st, &l, LETTER_FILED, &w->err));
		assert_ok(w, store_commit(w->st, &w->err));
		root = ask(w, "list", "--letters");
		assert_string_equal(
		    text_at(row_of(data_of(root), "letters", 0), "who"),
		    rows[i].who);
		json_decref(root);
	}
}

static void
test_today_counts_what_it_does_not_show(void **state)
{
	struct desk_world *w = *state;
	json_t *root, *data;

	for (int i = 0; i < 103; i++)
		add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	root = ask(w, "today");
	data = data_of(root);
	assert_int_equal(
	    json_array_size(json_object_get(data, "letters")), 100);
	assert_int_equal(json_integer_value(json_object_get(
			     json_object_get(data, "not_shown"), "letters")),
	    3);
	json_decref(root);
}

/* One row that was changed on the disk must not hide what else waits. */
static void
test_today_goes_on_behind_a_damaged_row(void **state)
{
	struct desk_world *w = *state;
	int64_t bad, good;
	json_t *root, *data;

	good = add_case(w, 1, 2026);
	bad = add_case(w, 1, 2026);
	root = ask(w, "today");
	assert_true(json_is_false(json_object_get(data_of(root), "damaged")));
	json_decref(root);
	damage(w, "UPDATE casefile SET product = x'00' WHERE id = 2");
	assert_int_equal(bad, 2);
	assert_int_equal(good, 1);
	root = ask(w, "today");
	data = data_of(root);
	assert_true(json_is_true(json_object_get(data, "damaged")));
	assert_int_equal(json_array_size(json_object_get(data, "cases")), 1);
	assert_string_equal(
	    text_at(row_of(data, "cases", 0), "case"), "PSIRT-2026-0001");
	json_decref(root);
}

/* ---- list, show, how a case is named ---- */

static void
test_how_a_case_is_named(void **state)
{
	static const char *const words[] = {"PSIRT-2026-0001",
	    "psirt-2026-0001", "PSIRT-2026-1", "2026-1", "1", "0001",
	    "PSIRT-1"};
	struct desk_world *w = *state;

	add_case(w, 0, 2026);
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		json_t *root = ask(w, "show", words[i]);

		assert_string_equal(
		    text_at(data_of(root), "case"), "PSIRT-2026-0001");
		json_decref(root);
	}
	add_case(w, 0, 2025);
	assert_refused(ask(w, "show", "1"), 2,
	    "may be PSIRT-2026-0001 or PSIRT-2025-0001");
	assert_refused(ask(w, "show", "2"), 1, "no case");
	assert_refused(ask(w, "show", "1x"), 1, "no case");
	assert_refused(ask(w, "show", "PSIRT-"), 2, "no case");
	assert_refused(ask(w, "show", "abc"), 2, "no case");
}

static void
test_list(void **state)
{
	struct desk_world *w = *state;
	struct store_case c = {0};
	json_t *root;

	add_case(w, 0, 2026);
	assert_int_equal(
	    store_case_get(w, w->st, add_case(w, 2, 2026), &c, &w->err), 1);
	c.state = CASE_CLOSED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "list");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "cases")), 1);
	json_decref(root);
	root = ask(w, "list", "--all");
	/* Newest first. */
	assert_string_equal(text_at(row_of(data_of(root), "cases", 0), "case"),
	    "PSIRT-2026-0002");
	assert_string_equal(
	    text_at(row_of(data_of(root), "cases", 0), "state"), "closed");
	json_decref(root);
	assert_refused(ask(w, "route", "2", "plc"), 1, "is closed");
	add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	root = ask(w, "list", "--letters");
	assert_string_equal(
	    text_at(row_of(data_of(root), "letters", 0), "state"), "inquiry");
	json_decref(root);
}

static void
test_show(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 1, 2026);
	json_t *root, *data;

	add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, id);
	add_mail(w, MAIL_OVERVIEW, id, OUTMAIL_SENT, NULL, false);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_ident_add(
			 w->st, id, IDENT_CVE, "CVE-2026-41928", &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "show", "1");
	data = data_of(root);
	assert_string_equal(
	    text_at(json_object_get(data, "finder"), "address"), FINDER);
	assert_string_equal(
	    text_at(row_of(data, "identifiers", 0), "value"), "CVE-2026-41928");
	assert_string_equal(text_at(row_of(data, "letters", 0), "subject"),
	    "the subject is secret");
	assert_string_equal(
	    text_at(row_of(data, "mails", 0), "address"), FINDER);
	assert_string_equal(
	    text_at(row_of(data, "departments", 0), "department"), "plc");
	assert_string_equal(
	    text_at(row_of(data, "departments", 0), "kind"), "overview");
	assert_string_equal(
	    text_at(row_of(data, "departments", 0), "state"), "sent");
	assert_string_equal(
	    text_at(row_of(data, "clocks", 0), "clock"), "first answer");
	assert_string_equal(
	    json_string_value(json_array_get(json_object_get(data, "next"), 0)),
	    "psirt route PSIRT-2026-0001 plc");
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
	assert_int_equal(last_line(w).casefile, id);
}

/* ---- route ---- */

static void
test_route(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 1, 2026);
	json_t *root;

	assert_done(ask(w, "route", "1", "PLC", "qa", "plc", "--details"));
	assert_int_equal(w->asked, id);
	assert_int_equal(w->ndepartments, 2); /* each once */
	assert_true(w->details);
	assert_false(w->attachments);
	assert_int_equal(w->woken, 1);
	assert_refused(ask(w, "route", "1", "nobody"), 1,
	    "no department \"nobody\": the settings have plc qa");
	w->contacts[0].notice = true;
	root = ask(w, "route", "1", "plc", "qa");
	/* What is done, not what was asked. */
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "departments")), 1);
	assert_string_equal(json_string_value(json_array_get(
				json_object_get(data_of(root), "notices"), 0)),
	    "plc");
	json_decref(root);
	assert_refused(ask(w, "route", "1"), 2, "too few words");
	w->refuse = FAULT_DENIED;
	assert_refused(ask(w, "route", "1", "qa"), 1, "the engine says no");
}

/* What plc has it does not get again by a slip of the finger. */
static void
test_route_twice(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t mail =
	    add_mail(w, MAIL_OVERVIEW, id, OUTMAIL_FAILED, "550", false);
	struct store_outmail m = {0};

	assert_done(ask(w, "route", "1", "plc"));
	assert_int_equal(store_outmail_get(w, w->st, mail, &m, &w->err), 1);
	m.state = OUTMAIL_SENT;
	m.sent = RECEIVED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_FAILED, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	assert_refused(ask(w, "route", "1", "qa", "plc"), 1,
	    talloc_asprintf(w, "plc has the overview since %s: add --again",
		clock_text(w, RECEIVED)));
	assert_int_equal(w->routed, 1);
	assert_done(ask(w, "route", "1", "plc", "--details"));
	assert_done(ask(w, "route", "1", "plc", "--again"));
	assert_int_equal(w->routed, 3);
}

/* ---- queue ---- */

static void
tried_once(struct desk_world *w, int64_t id)
{
	struct store_outmail m;

	assert_int_equal(store_outmail_get(w, w->st, id, &m, &w->err), 1);
	m.tries = 1;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_put(w->st, &m, m.state, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
}

static void
test_queue_decisions(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t held =
	    add_mail(w, MAIL_OVERVIEW, id, OUTMAIL_HELD, "no key", false);
	int64_t maybe =
	    add_mail(w, MAIL_ACKNOWLEDGE, id, OUTMAIL_UNCERTAIN, "lost", true);
	int64_t gone =
	    add_mail(w, MAIL_DETAILS, id, OUTMAIL_UNCERTAIN, "lost", false);
	int64_t restored =
	    add_mail(w, MAIL_DETAILS, id, OUTMAIL_UNCERTAIN, "lost", false);
	int64_t away =
	    add_mail(w, MAIL_OVERVIEW, id, OUTMAIL_SENT, NULL, false);
	struct store_case c = {0};
	json_t *root = ask(w, "queue");

	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "mails")), 4);
	assert_string_equal(
	    text_at(row_of(data_of(root), "mails", 0), "to"), "plc");
	json_decref(root);
	assert_refused(
	    ask(w, "queue", "drop", word_of(w, away)), 1, "is sent: only held");
	assert_refused(
	    ask(w, "queue", "sent", word_of(w, held)), 1, "never left");
	assert_done(ask(w, "queue", "resend", word_of(w, held)));
	assert_int_equal(mail_state(w, held), OUTMAIL_APPROVED);
	/* It may have arrived: the same bytes or none. */
	tried_once(w, gone);
	assert_refused(
	    ask(w, "queue", "resend", word_of(w, gone)), 1, "are gone");
	/* In doubt by a restore: it was never sealed here. */
	assert_done(ask(w, "queue", "resend", word_of(w, restored)));
	assert_int_equal(mail_state(w, restored), OUTMAIL_APPROVED);
	assert_done(ask(w, "queue", "resend", word_of(w, maybe)));
	assert_int_equal(mail_state(w, maybe), OUTMAIL_SEALED);
	assert_int_equal(last_line(w).what, RECORD_MAIL_DECIDED);
	assert_int_equal(last_line(w).outmail, maybe);
	assert_done(ask(w, "queue", "drop", word_of(w, gone)));
	assert_int_equal(mail_state(w, gone), OUTMAIL_CANCELLED);
	maybe =
	    add_mail(w, MAIL_ACKNOWLEDGE, id, OUTMAIL_UNCERTAIN, "lost", true);
	assert_done(ask(w, "queue", "sent", word_of(w, maybe)));
	assert_int_equal(mail_state(w, maybe), OUTMAIL_SENT);
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	assert_true(c.acknowledged != 0);
	assert_int_equal(w->woken, 5);
}

/* ---- log ---- */

static void
test_log(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_letter(w, "x", LETTER_INQUIRY, REASON_INQUIRY, 0);
	json_t *root, *lines;
	size_t n;

	add_case(w, 0, 2026);
	assert_done(ask(w, "drop", word_of(w, id), "--why", "an advert"));
	for (int i = 0; i < 150; i++) /* more than one batch */
		assert_done(ask(w, "show", "1"));
	root = ask(w, "log");
	lines = json_object_get(data_of(root), "lines");
	n = json_array_size(lines);
	assert_true(n >= 152);
	for (size_t i = 0; i < n; i++) {
		const json_t *line = json_array_get(lines, i);

		assert_int_equal(
		    json_integer_value(json_object_get(line, "line")), i + 1);
		assert_true(json_is_null(json_object_get(line, "note")));
	}
	json_decref(root);
	root = ask(w, "log", "--case", "1");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "lines")), 150);
	json_decref(root);
	root = ask(w, "log", "--verify");
	assert_true(json_is_true(json_object_get(data_of(root), "whole")));
	assert_int_equal(
	    json_integer_value(json_object_get(data_of(root), "lines")), n);
	assert_int_equal(strlen(text_at(data_of(root), "head")), 64);
	json_decref(root);
	assert_refused(
	    ask(w, "log", "--case", "1", "--verify"), 2, "leave --case out");
	/* Against each line as a checkpoint had it: where it stands in a piece
	 * makes no difference. */
	for (size_t i = 1; i <= n; i++) {
		struct store_walk walk = {0};
		bool done = false;

		while (walk.lines < (int64_t)i)
			assert_ok(w,
			    store_record_walk(w->st, &walk, 1, &done, &w->err));
		w->checkpoint = (struct checkpoint){walk, 1};
		w->reseal_turns = 2;
		root = ask(w, "log", "--verify", "--checkpoint", "a block");
		assert_int_equal(
		    json_integer_value(json_object_get(
			json_object_get(data_of(root), "checkpoint"), "line")),
		    i);
		json_decref(root);
		w->checkpoint.head.link[31] ^= 1;
		assert_refused(
		    ask(w, "log", "--verify", "--checkpoint", "a block"), 1,
		    "was rewritten");
	}
	w->checkpoint.head.lines = (int64_t)n + 1;
	assert_refused(ask(w, "log", "--verify", "--checkpoint", "a block"), 1,
	    "lines are missing");
	w->refuse = FAULT_DENIED;
	assert_refused(ask(w, "log", "--verify", "--checkpoint", "a block"), 1,
	    "the engine says no");
	w->refuse = FAULT_NONE;
	assert_refused(
	    ask(w, "log", "--checkpoint", "a block"), 2, "with --verify");
	assert_int_equal(last_line(w).id, n);
	/* Notes are content: reading them is one line more. */
	root = ask(w, "log", "--notes");
	lines = json_object_get(data_of(root), "lines");
	assert_int_equal(json_array_size(lines), n + 1);
	assert_int_equal(last_line(w).what, RECORD_NOTES_READ);
	for (size_t i = 0; i < n; i++)
		if (json_is_true(
			json_object_get(json_array_get(lines, i), "noted")))
			assert_string_equal(
			    text_at(json_array_get(lines, i), "note"),
			    "an advert");
	json_decref(root);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_today),
	    TEST(test_list_mail_that_may_be_a_report),
	    TEST(test_keys),
	    TEST(test_a_key_is_staged),
	    TEST(test_what_nobody_has_read),
	    TEST(test_who_wrote),
	    TEST(test_today_counts_what_it_does_not_show),
	    TEST(test_today_goes_on_behind_a_damaged_row),
	    TEST(test_how_a_case_is_named),
	    TEST(test_list),
	    TEST(test_show),
	    TEST(test_route),
	    TEST(test_route_twice),
	    TEST(test_queue_decisions),
	    TEST(test_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
