/*
 * test_control_approve.c - drafts that wait: what is shown of one, whose
 * guards speak, and that only what was shown is approved.
 */
#include "control_world.h"

static json_t *
row_of(const json_t *data, const char *key, size_t i)
{
	json_t *row = json_array_get(json_object_get(data, key), i);

	assert_non_null(row);
	return row;
}

static int64_t
add_draft(struct desk_world *w, int64_t casefile, int64_t step,
    enum outmail_state state)
{
	static unsigned n;
	struct store_outmail m = {.kind = MAIL_REPORT,
	    .state = state,
	    .casefile = casefile,
	    .made = RECEIVED,
	    .encrypt = 1,
	    .message_id = talloc_asprintf(w, "d%u@vendor.example", ++n),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, FINDER),
	    .to_name = talloc_strdup(w, "Taro"),
	    .recipient_key = bytes_str("a key"),
	    .recipient_key_fpr = talloc_strdup(w, KEY_FINDER),
	    .subject = talloc_strdup(w, "[PSIRT-2026-0001] Our findings"),
	    .body = talloc_strdup(w, "We reproduced it.\n"),
	    .step = step,
	    .audience = AUDIENCE_COUNTERPART,
	    .policy = POLICY_TWO,
	    .parts = TOLD_OVERVIEW | TOLD_DETAILS,
	    .language = talloc_strdup(w, "en")};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return m.id;
}

static const char *
word_of(struct desk_world *w, int64_t id)
{
	return talloc_asprintf(w, "%lld", (long long)id);
}

/* Of the report step of a case whose status nobody has told. */
static int64_t
report_draft(struct desk_world *w, int64_t *casefile)
{
	int64_t step;

	*casefile = add_case(w, 2, 2026);
	add_step(w, *casefile, "2.1.1", STEP_ENDED, 0);
	step = add_step(w, *casefile, "2.6.1", STEP_RUNNING, 0);
	return add_draft(w, *casefile, step, OUTMAIL_DRAFT);
}

/* ---- looking ---- */

static void
test_the_list_shows_no_content(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	struct store_approval a = {
	    .outmail = mail, .at = RECEIVED, .person = talloc_strdup(w, "ken")};
	json_t *root, *row;
	int64_t before;
	char *text;

	add_draft(w, id, 0, OUTMAIL_APPROVED);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_approval_add(w->st, &a, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	before = last_line(w).id;
	root = ask(w, "approve");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "mails")), 1);
	row = row_of(data_of(root), "mails", 0);
	assert_int_equal(
	    json_integer_value(json_object_get(row, "mail")), mail);
	assert_string_equal(text_at(row, "case"), "PSIRT-2026-0001");
	assert_string_equal(text_at(row, "kind"), "report");
	assert_string_equal(text_at(row, "to"), "counterpart");
	assert_string_equal(text_at(row, "step"), "2.6.1");
	assert_string_equal(text_at(row, "policy"), "two");
	assert_string_equal(
	    json_string_value(row_of(row, "approved_by", 0)), "ken");
	assert_string_equal(text_at(row, "next"),
	    talloc_asprintf(w, "psirt approve %lld", (long long)mail));
	text = json_dumps(root, 0);
	assert_null(strstr(text, FINDER));
	assert_null(strstr(text, "reproduced"));
	assert_null(strstr(text, "findings"));
	free(text);
	json_decref(root);
	assert_int_equal(last_line(w).id, before);
	/* The case says what to type. */
	root = ask(w, "show", "1");
	assert_string_equal(json_string_value(row_of(data_of(root), "next", 0)),
	    talloc_asprintf(w, "psirt approve %lld", (long long)mail));
	json_decref(root);
}

static void
test_a_draft_as_its_reader_has_it(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	json_t *root, *row, *data;

	w->operators[0].role = OPERATOR_VIEWER;
	root = ask(w, "approve", word_of(w, mail));
	data = data_of(root);
	row = json_object_get(data, "mail");
	assert_string_equal(text_at(row, "address"), FINDER);
	assert_string_equal(text_at(row, "name"), "Taro");
	assert_string_equal(text_at(row, "key"), KEY_FINDER);
	assert_true(json_is_false(json_object_get(row, "key_pinned")));
	assert_string_equal(
	    text_at(row, "subject"), "[PSIRT-2026-0001] Our findings");
	assert_string_equal(text_at(row, "body"), "We reproduced it.\n");
	assert_string_equal(
	    json_string_value(row_of(row, "parts", 1)), "details");
	assert_string_equal(
	    text_at(row, "digest"), "digest-of-[PSIRT-2026-0001] Our findings");
	/* What step 2.1.1 was to bring, and has not. */
	assert_int_equal(json_array_size(json_object_get(data, "holes")), 1);
	assert_string_equal(
	    text_at(row_of(data, "holes", 0), "answer"), "status");
	assert_int_equal(json_array_size(json_object_get(data, "files")), 0);
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_MAIL_READ);
	assert_int_equal(last_line(w).outmail, mail);
	assert_int_equal(last_line(w).casefile, id);
}

static void
test_nothing_is_missing_that_is_on_record(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	json_t *root;

	add_answer(w, id, 0, ANSWER_STATUS, "reproduced");
	root = ask(w, "approve", word_of(w, mail));
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "holes")), 0);
	json_decref(root);
}

/* Of a case that this correspondent, or a finder, has brought. */
static void
assert_files(struct desk_world *w, int64_t mail, const char *correspondent,
    bool first, const char *why)
{
	struct store_outmail m = {0};
	struct store_case c = {0};
	json_t *root, *row;

	assert_int_equal(store_outmail_get(w, w->st, mail, &m, &w->err), 1);
	assert_int_equal(store_case_get(w, w->st, m.casefile, &c, &w->err), 1);
	c.correspondent = talloc_strdup(w, correspondent);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "approve", word_of(w, mail));
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "files")), 2);
	row = row_of(data_of(root), "files", 0);
	assert_string_equal(text_at(row, "name"), "poc.zip");
	assert_int_equal(json_integer_value(json_object_get(row, "size")), 4);
	assert_int_equal(json_is_true(json_object_get(row, "covered")), first);
	assert_string_equal(text_at(row, "why"), first ? "(none)" : why);
	/* Somebody on the way laid it beside. */
	row = row_of(data_of(root), "files", 1);
	assert_string_equal(text_at(row, "name"), "tool.exe");
	assert_true(json_is_false(json_object_get(row, "covered")));
	assert_string_equal(text_at(row, "why"), why);
	json_decref(root);
}

/* The files of the letter go along, by their names; of each it is said
 * whether who brought the case has signed it. */
static void
test_files(void **state)
{
#define NOT_BY(who)                                                            \
	"no signature of " who                                                 \
	" covers it: anybody on the way may have put it there"
	struct desk_world *w = *state;
	struct signature signature = {
	    .status = SIGNATURE_GOOD, .primary = KEY_FINDER};
	struct layer layer = {.kind = LAYER_SIGNED,
	    .outcome = LAYER_OPEN,
	    .signatures = &signature,
	    .nsignatures = 1};
	struct part parts[] = {
	    {.kind = PART_TEXT, .type = "text/plain", .layer = 1},
	    {.kind = PART_FILE,
		.type = "application/zip",
		.name = "poc.zip",
		.layer = 1,
		.content = bytes_str("PK..")},
	    {.kind = PART_FILE,
		.type = "application/zip",
		.name = "tool.exe",
		.content = bytes_str("MZ")},
	};
	struct opening o = {
	    .layers = &layer, .nlayers = 1, .parts = parts, .nparts = 3};
	int64_t id = add_case(w, 2, 2026);
	int64_t letter =
	    add_letter(w, "x", LETTER_FILED, REASON_NEW_REPORT, id);
	struct store_outmail m = {.kind = MAIL_DETAILS,
	    .state = OUTMAIL_DRAFT,
	    .casefile = id,
	    .letter = letter,
	    .made = RECEIVED,
	    .with_files = 1,
	    .message_id = talloc_strdup(w, "f@vendor.example"),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, "hana@vendor.example"),
	    .department = talloc_strdup(w, "plc"),
	    .audience = AUDIENCE_DEPARTMENT,
	    .subject = talloc_strdup(w, "s"),
	    .body = talloc_strdup(w, "b")};

	add_opening(w, letter, &o);
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	assert_files(w, m.id, NULL, true, NOT_BY("the finder"));
	/* The finder's signature is none of theirs. */
	assert_files(w, m.id, "JPCERT/CC", false, NOT_BY("JPCERT/CC"));
	signature.primary = KEY_JPCERT;
	add_opening(w, letter, &o);
	assert_files(w, m.id, "JPCERT/CC", true, NOT_BY("JPCERT/CC"));
	assert_files(w, m.id, NULL, false, NOT_BY("the finder"));
}

/* A notice shows no key, though its reader may have one. */
static void
test_in_clear(void **state)
{
	struct desk_world *w = *state;
	struct store_outmail m = {.kind = MAIL_NOTICE,
	    .state = OUTMAIL_DRAFT,
	    .casefile = add_case(w, 2, 2026),
	    .made = RECEIVED,
	    .message_id = talloc_strdup(w, "n@vendor.example"),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, "hana@vendor.example"),
	    .recipient = talloc_strdup(w, KEY_JPCERT),
	    .department = talloc_strdup(w, "plc"),
	    .audience = AUDIENCE_DEPARTMENT,
	    .subject = talloc_strdup(w, "s"),
	    .body = talloc_strdup(w, "b")};
	json_t *root, *row;

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "approve", word_of(w, m.id));
	row = json_object_get(data_of(root), "mail");
	assert_true(json_is_null(json_object_get(row, "key")));
	assert_true(json_is_false(json_object_get(row, "key_pinned")));
	assert_true(json_is_false(json_object_get(row, "encrypted")));
	json_decref(root);
}

/* ---- at a glance ---- */

/* What psirt says of this step of the only case, and of the day. */
static void
assert_now(
    struct desk_world *w, const char *waits, const char *next, const char *then)
{
	static const char *const states[] = {"approval", "held", "queued"};
	json_t *root = ask(w, "show", "1");
	json_t *data = data_of(root);
	json_t *turn = row_of(data, "turns", 0);

	for (size_t i = 0; i < 3; i++)
		assert_int_equal(json_is_true(json_object_get(turn, states[i])),
		    strcmp(states[i], waits) == 0);
	assert_string_equal(text_at(turn, "next"), next);
	assert_string_equal(json_string_value(row_of(data, "next", 0)), then);
	json_decref(root);
	root = ask(w, "step", "1");
	turn = row_of(data_of(root), "steps", 3);
	assert_string_equal(text_at(turn, "step"), "2.6.1");
	assert_true(json_is_true(json_object_get(turn, waits)));
	assert_string_equal(text_at(turn, "next"), next);
	json_decref(root);
}

/* A draft, one that is held, one on its way: each goes on another way. */
static void
test_mails_that_wait(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	struct store_outmail m = {0};
	json_t *root;

	assert_now(w, "approval", "psirt approve",
	    talloc_asprintf(w, "psirt approve %lld", (long long)mail));
	assert_int_equal(store_outmail_get(w, w->st, mail, &m, &w->err), 1);
	m.state = OUTMAIL_HELD;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_DRAFT, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	assert_now(w, "held", "psirt queue",
	    talloc_asprintf(w,
		"psirt queue resend %lld or psirt queue drop %lld",
		(long long)mail, (long long)mail));
	/* Once a day is enough: among the mails that did not leave. */
	root = ask(w, "today");
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "steps")), 0);
	assert_int_equal(
	    json_array_size(json_object_get(data_of(root), "mails")), 1);
	json_decref(root);
	m.state = OUTMAIL_SEALED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_HELD, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	assert_now(w, "queued", "psirt queue", "psirt step PSIRT-2026-0001");
}

/* ---- guards ---- */

static const char *
guard_state(const json_t *data, const char *key, const char *guard)
{
	const json_t *row;
	size_t i;

	json_array_foreach(json_object_get(data, key), i, row)
	{
		if (strcmp(text_at(row, "guard"), guard) == 0)
			return text_at(row, "state");
	}
	return "(none)";
}

static void
test_guards(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	struct store_case c = {0};
	json_t *root, *row;

	add_answer(w, id, 0, ANSWER_DETAILS, "yes");
	root = ask(w, "approve", word_of(w, mail));
	/* The step must not write to the finder, and this is its address. */
	assert_string_equal(
	    guard_state(data_of(root), "guards", "no_finder"), "refuses");
	assert_string_equal(
	    guard_state(data_of(root), "guards", "answered"), "holds");
	row = row_of(data_of(root), "guards", 1);
	assert_string_equal(text_at(row, "of"), "need details = yes");
	json_decref(root);
	/* A linked case in which JPCERT/CC is the window refuses it too. */
	id = add_case(w, 2, 2026);
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.channel = CHANNEL_JPCERT;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(
	    w, store_link_set(w->st,
		   &(struct store_link){
		       .from = 1, .to = id, .kind = LINK_SAME, .at = RECEIVED},
		   &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "approve", word_of(w, mail));
	assert_string_equal(
	    guard_state(data_of(root), "linked", "no_finder"), "refuses");
	row = row_of(data_of(root), "linked", 0);
	assert_string_equal(text_at(row, "case"), "PSIRT-2026-0002");
	assert_string_not_equal(text_at(row, "why"), "(none)");
	json_decref(root);
}

/* What the first of two has overridden the second one is shown. */
static void
test_overridden(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	struct store_approval a = {.outmail = mail,
	    .at = RECEIVED,
	    .overridden = 1U << GUARD_NO_FINDER,
	    .person = talloc_strdup(w, "haru")};
	struct store_outmail m = {0};
	json_t *root;

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_approval_add(w->st, &a, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "approve", word_of(w, mail));
	assert_string_equal(
	    guard_state(data_of(root), "guards", "no_finder"), "overridden");
	assert_string_equal(text_at(row_of(data_of(root), "guards", 1), "why"),
	    "haru: psirt log --case PSIRT-2026-0001 --notes says why");
	/* This one was asked for by nobody. */
	assert_string_equal(
	    guard_state(data_of(root), "guards", "answered"), "refuses");
	json_decref(root);
	assert_int_equal(store_outmail_get(w, w->st, mail, &m, &w->err), 1);
	m.overridden = 1U << GUARD_ANSWERED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_DRAFT, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "approve", word_of(w, mail));
	assert_string_equal(text_at(row_of(data_of(root), "guards", 1), "why"),
	    "psirt log --case PSIRT-2026-0001 --notes says by whom and why");
	json_decref(root);
}

/* ---- acting ---- */

static void
test_what_was_shown_is_approved(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	const char *n = word_of(w, mail);

	assert_done(ask(w, "approve", n, "--yes", "--digest", "abc"));
	assert_int_equal(last_order(w)->what, ORDER_APPROVE);
	assert_int_equal(last_order(w)->mail, mail);
	assert_int_equal(last_order(w)->casefile, id);
	assert_string_equal(last_order(w)->digest, "abc");
	assert_int_equal(last_order(w)->uid, getuid());
	assert_refused(ask(w, "approve", n, "--yes"), 2,
	    "--digest must say what was read");
	assert_int_equal(w->norders, 1);
	assert_done(ask(w, "approve", n, "--yes", "--digest", "abc",
	    "--override", "no_finder", "--why", "agreed"));
	assert_int_equal(last_order(w)->override, 1u << GUARD_NO_FINDER);
}

static void
test_edit_and_drop(void **state)
{
	struct desk_world *w = *state;
	int64_t id, mail = report_draft(w, &id);
	const char *n = word_of(w, mail);
	char *body = talloc_zero_size(w, 120001);

	memset(body, 'x', 120000);
	assert_done(ask(w, "approve", "--edit", "--digest", "abc", "--", n,
	    "[PSIRT-2026-0001] Other", body));
	assert_int_equal(last_order(w)->what, ORDER_EDIT);
	assert_int_equal(last_order(w)->mail, mail);
	assert_string_equal(last_order(w)->subject, "[PSIRT-2026-0001] Other");
	assert_string_equal(last_order(w)->text, body);
	assert_string_equal(last_order(w)->digest, "abc");
	assert_done(ask(w, "approve", n, "--drop", "--why", "too early"));
	assert_int_equal(last_order(w)->what, ORDER_DROP);
	assert_string_equal(last_order(w)->why, "too early");
	assert_refused(
	    ask(w, "approve", n, "--drop"), 2, "say why it is dropped");
	assert_refused(ask(w, "approve", n, "--edit", "--digest", "abc"), 2,
	    "too few words");
	assert_int_equal(w->norders, 2);
}

static void
test_only_drafts_wait(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t mail = add_draft(w, id, 0, OUTMAIL_APPROVED);
	const char *n = word_of(w, mail);

	assert_refused(ask(w, "approve", n), 1,
	    "is approved: only drafts wait for approval");
	assert_refused(
	    ask(w, "approve", n, "--yes", "--digest", "x"), 1, "only drafts");
	assert_refused(ask(w, "approve", "99"), 1, "no mail 99");
	assert_refused(ask(w, "approve", "x"), 2, "is no number of a mail");
	assert_int_equal(w->norders, 0);
}

static void
test_who_may(void **state)
{
	struct desk_world *w = *state;
	int64_t id;
	const char *n = word_of(w, report_draft(w, &id));

	w->operators[0].role = OPERATOR_OPERATOR;
	assert_refused(ask(w, "approve", n, "--yes", "--digest", "x",
			   "--override", "consent", "--why", "x"),
	    1, "needs the role lead, and yuki is operator");
	w->operators[0].role = OPERATOR_VIEWER;
	assert_refused(ask(w, "approve", n, "--yes", "--digest", "x"), 1,
	    "needs the role operator");
	assert_refused(ask(w, "approve", n, "--drop", "--why", "x"), 1,
	    "needs the role operator");
	assert_refused(
	    ask(w, "approve", "--edit", "--digest", "x", n, "s", "t"), 1,
	    "needs the role operator");
	assert_int_equal(last_line(w).what, RECORD_REFUSED);
	assert_int_equal(w->norders, 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_the_list_shows_no_content),
	    TEST(test_a_draft_as_its_reader_has_it),
	    TEST(test_nothing_is_missing_that_is_on_record),
	    TEST(test_files),
	    TEST(test_in_clear),
	    TEST(test_mails_that_wait),
	    TEST(test_guards),
	    TEST(test_overridden),
	    TEST(test_what_was_shown_is_approved),
	    TEST(test_edit_and_drop),
	    TEST(test_only_drafts_wait),
	    TEST(test_who_may),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
