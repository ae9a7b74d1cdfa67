/*
 * test_control_desk.c - tasks, questions, clocks, who knows what, the ledger
 * of customers, and a case at a glance: in `psirt`, list and show.
 */
#include "control_world.h"

#include "../../daemon/control/request.h"

static json_t *
row_of(const json_t *data, const char *key, size_t i)
{
	json_t *row = json_array_get(json_object_get(data, key), i);

	assert_non_null(row);
	return row;
}

static size_t
rows_in(const json_t *data, const char *key)
{
	return json_array_size(json_object_get(data, key));
}

static int64_t
add_task(struct desk_world *w, enum task_kind kind, int64_t casefile,
    int64_t letter, const char *text)
{
	struct store_task t = {.kind = kind,
	    .casefile = casefile,
	    .letter = letter,
	    .made = RECEIVED,
	    .due = RECEIVED + 86400,
	    .text = text != NULL ? talloc_strdup(w, text) : NULL};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_task_add(w->st, &t, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	return t.id;
}

static void
add_clock(struct desk_world *w, int64_t casefile, enum clock_kind kind,
    int64_t due, const char *words)
{
	struct store_clock c = {.casefile = casefile,
	    .kind = kind,
	    .due = due,
	    .source = words != NULL ? CLOCK_OF_LETTER : CLOCK_OF_FLOW,
	    .note = words != NULL ? talloc_strdup(w, words) : NULL};

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_clock_set(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
}

/* ---- tasks ---- */

static void
test_tasks(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t letter = add_letter(w, "x", LETTER_FILED, REASON_JOINED, id);
	int64_t words = add_task(
	    w, TASK_UNDERSTAND, id, letter, "the secret words of Hana");
	int64_t before = last_line(w).id;
	json_t *root, *row;
	char *text, *n = talloc_asprintf(w, "%lld", (long long)words);

	add_task(w, TASK_ANSWER_FINDER, id, letter, NULL);
	add_task(w, TASK_UNSIGNED, id, letter, NULL);
	root = ask(w, "task");
	assert_int_equal(rows_in(data_of(root), "tasks"), 3);
	row = row_of(data_of(root), "tasks", 0);
	assert_string_equal(text_at(row, "kind"), "not-understood");
	assert_string_equal(
	    text_at(row, "next"), talloc_asprintf(w, "psirt task %s", n));
	row = row_of(data_of(root), "tasks", 1);
	assert_string_equal(text_at(row, "kind"), "answer-finder");
	assert_string_equal(
	    text_at(row, "next"), "psirt reply PSIRT-2026-0001");
	assert_string_not_equal(text_at(row, "due"), "(none)");
	row = row_of(data_of(root), "tasks", 2);
	assert_string_equal(text_at(row, "next"),
	    talloc_asprintf(w, "psirt letter %lld", (long long)letter));
	text = json_dumps(root, 0);
	assert_null(strstr(text, "secret"));
	free(text);
	json_decref(root);
	root = ask(w, "task", "--case", "1");
	assert_int_equal(rows_in(data_of(root), "tasks"), 3);
	json_decref(root);
	assert_int_equal(last_line(w).id, before);
	/* Its words are content: reading them leaves a line. */
	root = ask(w, "task", n);
	assert_string_equal(
	    text_at(json_object_get(data_of(root), "task"), "text"),
	    "the secret words of Hana");
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
	assert_int_equal(last_line(w).casefile, id);
	assert_int_equal(last_line(w).letter, letter);
	assert_refused(ask(w, "task", "99"), 1, "no task 99");
	assert_refused(ask(w, "task", "--case", "7"), 1, "no case");
}

/* Who waits for the words of a report stands in what is to be typed. */
static void
test_words_to_hand_on(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	int64_t letter = add_letter(w, "x", LETTER_FILED, REASON_JOINED, id);
	int64_t task = add_task(w, TASK_HAND_ON, id, letter, "plc lab");
	const char *route = "psirt route PSIRT-2026-0001 plc lab --details";
	char *n = talloc_asprintf(w, "%lld", (long long)task);
	json_t *root = ask(w, "today");
	const json_t *row = row_of(data_of(root), "tasks", 0);

	assert_string_equal(text_at(row, "kind"), "hand-on");
	assert_string_equal(text_at(row, "next"), route);
	json_decref(root);
	root = ask(w, "task", n);
	assert_string_equal(
	    json_string_value(row_of(data_of(root), "next", 0)), route);
	assert_string_equal(json_string_value(row_of(data_of(root), "next", 1)),
	    talloc_asprintf(w, "psirt task %s done --why TEXT", n));
	json_decref(root);
}

/* Every kind has a name and a way on. */
static void
test_kinds_of_tasks(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	json_t *root;

	for (int kind = 1; kind < TASK_KIND_COUNT; kind++)
		add_task(w, (enum task_kind)kind, id, 0, NULL);
	root = ask(w, "task");
	assert_int_equal(rows_in(data_of(root), "tasks"), TASK_KIND_COUNT - 1);
	for (size_t i = 0; i < rows_in(data_of(root), "tasks"); i++) {
		const json_t *row = row_of(data_of(root), "tasks", i);

		assert_string_not_equal(text_at(row, "kind"), "?");
		assert_non_null(strstr(text_at(row, "next"), "psirt "));
	}
	json_decref(root);
}

/* ---- questions, clocks ---- */

static void
test_questions(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	struct store_question q = {.casefile = id,
	    .state = QUESTION_OPEN,
	    .at = RECEIVED,
	    .department = talloc_strdup(w, "plc"),
	    .by = talloc_strdup(w, "Hana"),
	    .text = talloc_strdup(w, "Which firmware?")};
	json_t *root, *row;

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "question", "1");
	row = row_of(data_of(root), "questions", 0);
	assert_int_equal(
	    json_integer_value(json_object_get(row, "question")), 1);
	assert_string_equal(text_at(row, "state"), "open");
	assert_string_equal(text_at(row, "text"), "Which firmware?");
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
}

static void
test_clocks(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	json_t *root, *row;

	add_clock(w, id, CLOCK_IMPOSED, RECEIVED + 90 * 86400, "in 90 days");
	root = ask(w, "clock", "1");
	row = row_of(data_of(root), "clocks", 0);
	assert_string_equal(
	    text_at(row, "clock"), clock_rule(CLOCK_IMPOSED)->name);
	assert_string_equal(text_at(row, "source"), "letter");
	assert_string_equal(text_at(row, "words"), "in 90 days");
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
	assert_int_equal(last_line(w).casefile, id);
}

/* ---- who knows what ---- */

static void
test_who(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	struct store_told t = {.casefile = id,
	    .outmail = 0,
	    .at = RECEIVED,
	    .parts = TOLD_OVERVIEW | TOLD_EXPLOIT,
	    .person = talloc_strdup(w, "Hana"),
	    .address = talloc_strdup(w, "hana@vendor.example"),
	    .fingerprint = talloc_strdup(w, KEY_JPCERT),
	    .department = talloc_strdup(w, "plc")};
	json_t *root, *row;

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_told_add(w->st, &t, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "who", "1");
	row = row_of(data_of(root), "told", 0);
	assert_string_equal(text_at(row, "person"), "Hana");
	assert_string_equal(text_at(row, "key"), KEY_JPCERT);
	assert_int_equal(rows_in(row, "parts"), 2);
	assert_string_equal(
	    json_string_value(row_of(row, "parts", 1)), "exploit");
	assert_string_not_equal(text_at(row, "at"), "(none)");
	assert_true(json_is_false(json_object_get(row, "customer")));
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
}

/* A step that is shared tells departments of it, not of whom it told: each
 * customer has its row, and thousands are told in pieces (RULES 19). */
static void
test_who_of_the_customers(void **state)
{
	enum { MANY = 3000 };
	static const char line[] = "{\"version\":1,\"args\":[\"who\",\"1\"]}";
	struct desk_world *w = *state;
	struct customer *customers =
	    talloc_zero_array(w, struct customer, MANY);
	struct store_told t = {.casefile = add_case(w, 2, 2026),
	    .at = RECEIVED,
	    .parts = TOLD_OVERVIEW,
	    .fingerprint = talloc_strdup(w, KEY_JPCERT)};
	struct request *r;
	unsigned turns = 0;
	json_t *root, *row;

	assert_ok(w, store_begin(w->st, &w->err));
	for (int i = 0; i < MANY; i++) {
		t.person = talloc_asprintf(customers, "Name %d", i);
		t.address =
		    talloc_asprintf(customers, "c%d@customer.example", i);
		t.id = 0;
		customers[i].name = t.person;
		customers[i].address = t.address;
		assert_ok(w, store_told_add(w->st, &t, &w->err));
	}
	t.person = talloc_strdup(customers, "Taro");
	t.address = talloc_strdup(customers, FINDER);
	t.id = 0;
	assert_ok(w, store_told_add(w->st, &t, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	w->s.customers = customers;
	w->s.ncustomers = MANY;
	r = request_new(w, w->c, getuid(), bytes_str(line));
	for (; request_turn(r, INT64_MAX); turns++) {
		assert_true(r->out->len - r->sent < CONTROL_OUT_ENOUGH + 4096);
		r->sent = r->out->len;
	}
	assert_int_not_equal(turns, 0);
	talloc_free(r);
	root = ask(w, "who", "1");
	assert_int_equal(rows_in(data_of(root), "told"), MANY + 1);
	row = row_of(data_of(root), "told", 2999);
	assert_string_equal(text_at(row, "person"), "Name 2999");
	assert_string_equal(text_at(row, "address"), "c2999@customer.example");
	assert_true(json_is_true(json_object_get(row, "customer")));
	row = row_of(data_of(root), "told", MANY);
	assert_true(json_is_false(json_object_get(row, "customer")));
	json_decref(root);
}

/* Sent, bounced, and who has the product and was told nothing yet. */
static void
test_customers(void **state)
{
	static const char *const product[] = {"XYZ-100"};
	static const char *const another[] = {"Another"};
	struct desk_world *w = *state;
	struct customer customers[3] = {
	    {.name = "Alpha",
		.address = "a@alpha.example",
		.nda = true,
		.integrator = "Integrator"},
	    {.name = "Beta", .address = "b@beta.example"},
	    {.name = "Gamma", .address = "g@gamma.example"},
	};
	int64_t id = add_case(w, 2, 2026);
	struct store_outmail m = {.kind = MAIL_CUSTOMER,
	    .state = OUTMAIL_APPROVED,
	    .casefile = id,
	    .made = RECEIVED,
	    .message_id = talloc_strdup(w, "c@vendor.example"),
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .to = talloc_strdup(w, "a@alpha.example"),
	    .audience = AUDIENCE_CUSTOMER,
	    .subject = talloc_strdup(w, "s"),
	    .body = talloc_strdup(w, "b")};
	struct store_case c = {0};
	json_t *root, *row;

	for (size_t i = 0; i < 3; i++) {
		customers[i].products =
		    (const char **)(uintptr_t)(i < 2 ? product : another);
		customers[i].nproducts = 1;
	}
	w->s.customers = customers;
	w->s.ncustomers = 3;
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.product = talloc_strdup(w, "XYZ-100");
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	m.state = OUTMAIL_SENT;
	m.sent = RECEIVED;
	assert_ok(w, store_outmail_put(w->st, &m, OUTMAIL_APPROVED, &w->err));
	assert_ok(w, store_outmail_bounced(w->st, m.id, RECEIVED, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "customers", "1");
	assert_int_equal(rows_in(data_of(root), "customers"), 2);
	row = row_of(data_of(root), "customers", 0);
	assert_string_equal(text_at(row, "customer"), "Alpha");
	assert_string_equal(text_at(row, "via"), "Integrator");
	assert_true(json_is_true(json_object_get(row, "nda")));
	assert_string_equal(text_at(row, "state"), "sent");
	assert_string_not_equal(text_at(row, "bounced"), "(none)");
	row = row_of(data_of(root), "customers", 1);
	assert_string_equal(text_at(row, "customer"), "Beta");
	assert_string_equal(text_at(row, "state"), "(none)");
	row = json_object_get(data_of(root), "counts");
	assert_int_equal(
	    json_integer_value(json_object_get(row, "customers")), 2);
	assert_int_equal(json_integer_value(json_object_get(row, "told")), 0);
	assert_int_equal(
	    json_integer_value(json_object_get(row, "bounced")), 1);
	json_decref(root);
	assert_int_equal(last_line(w).what, RECORD_CASE_READ);
}

/* Thousands of them, and a mail to each third: a piece a turn (RULES 19). */
static void
test_customers_in_pieces(void **state)
{
	enum { MANY = 3000 };
	static const char line[] = "{\"version\":1,\"args\":[\"customers\","
				   "\"1\"]}";
	struct desk_world *w = *state;
	struct customer *customers =
	    talloc_zero_array(w, struct customer, MANY);
	int64_t id = add_case(w, 2, 2026);
	struct store_outmail m = {.kind = MAIL_CUSTOMER,
	    .state = OUTMAIL_APPROVED,
	    .casefile = id,
	    .made = RECEIVED,
	    .from = talloc_strdup(w, "psirt@vendor.example"),
	    .audience = AUDIENCE_CUSTOMER,
	    .subject = talloc_strdup(w, "s"),
	    .body = talloc_strdup(w, "b")};
	struct request *r;
	unsigned turns = 0;
	json_t *root;

	assert_ok(w, store_begin(w->st, &w->err));
	for (int i = 0; i < MANY; i++) {
		customers[i].name = talloc_asprintf(customers, "Name %d", i);
		m.to = talloc_asprintf(customers, "c%d@customer.example", i);
		customers[i].address = m.to;
		m.message_id = talloc_asprintf(customers, "%d@vendor", i);
		m.id = 0;
		if (i % 3 == 0)
			assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	}
	/* What goes to others is none of the ledger. */
	m.audience = AUDIENCE_COUNTERPART;
	m.message_id = talloc_strdup(customers, "other@vendor");
	m.id = 0;
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	w->s.customers = customers;
	w->s.ncustomers = MANY;
	/* However much time a turn has, it stops where its reader is slow. */
	r = request_new(w, w->c, getuid(), bytes_str(line));
	for (; request_turn(r, INT64_MAX); turns++) {
		assert_true(r->out->len - r->sent < CONTROL_OUT_ENOUGH + 4096);
		r->sent = r->out->len;
	}
	assert_int_not_equal(turns, 0);
	talloc_free(r);
	root = ask(w, "customers", "1");
	assert_int_equal(rows_in(data_of(root), "customers"), MANY);
	assert_string_equal(
	    text_at(row_of(data_of(root), "customers", 999), "customer"),
	    "Name 2997");
	assert_string_equal(
	    text_at(row_of(data_of(root), "customers", 1000), "state"),
	    "(none)");
	assert_string_equal(
	    text_at(row_of(data_of(root), "customers", 1000), "customer"),
	    "Name 1");
	json_decref(root);
}

/* ---- at a glance ---- */

static void
test_list(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026);
	struct store_case c = {0};
	json_t *root, *row;
	int64_t before;

	add_step(w, id, "1.3.1", STEP_RUNNING, -86400);
	add_step(w, id, "2.6.1", STEP_READY, 0);
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.owner = talloc_strdup(w, "yuki");
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	before = last_line(w).id;
	root = ask(w, "list");
	row = row_of(data_of(root), "cases", 0);
	assert_string_equal(
	    json_string_value(row_of(row, "steps", 0)), "1.3.1");
	assert_string_equal(
	    json_string_value(row_of(row, "steps", 1)), "2.6.1");
	assert_string_equal(json_string_value(row_of(row, "who", 0)), "design");
	assert_string_equal(json_string_value(row_of(row, "who", 1)), "poc");
	assert_true(json_is_true(json_object_get(row, "late")));
	assert_string_not_equal(text_at(row, "due"), "(none)");
	assert_string_equal(text_at(row, "owner"), "yuki");
	json_decref(root);
	assert_int_equal(last_line(w).id, before);
	/* A closed one waits for nobody. */
	c.state = CASE_CLOSED;
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "list", "--all");
	row = row_of(data_of(root), "cases", 0);
	assert_string_equal(text_at(row, "state"), "closed");
	assert_int_equal(rows_in(row, "steps"), 0);
	json_decref(root);
}

static void
test_show(void **state)
{
	struct desk_world *w = *state;
	int64_t id = add_case(w, 2, 2026), other = add_case(w, 2, 2026);
	struct store_case c = {0};
	json_t *root, *row, *data;

	add_step(w, id, "1.3.1", STEP_RUNNING, 86400);
	add_task(w, TASK_EXPLOITED, id, 0, NULL);
	add_clock(w, id, CLOCK_YEAR, RECEIVED + 365 * 86400, NULL);
	w->refused = "2.6.1: type psirt step CASE 2.6.1";
	assert_int_equal(store_case_get(w, w->st, id, &c, &w->err), 1);
	c.channel = CHANNEL_ADVISED;
	c.deputy = talloc_strdup(w, "ken");
	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_put(w->st, &c, &w->err));
	assert_ok(w, store_link_set(w->st,
			 &(struct store_link){.from = id,
			     .to = other,
			     .kind = LINK_PROPOSED,
			     .at = RECEIVED,
			     .why = MARK_IDENT},
			 &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "show", "1");
	data = data_of(root);
	row = row_of(data, "turns", 0);
	assert_string_equal(text_at(row, "step"), "1.3.1");
	assert_string_equal(
	    json_string_value(row_of(row, "departments", 0)), "plc");
	assert_string_not_equal(text_at(row, "due"), "(none)");
	assert_true(json_is_false(json_object_get(row, "late")));
	assert_string_equal(
	    text_at(row_of(data, "tasks", 0), "kind"), "exploited");
	assert_string_equal(text_at(row_of(data, "clocks", 0), "clock"),
	    clock_rule(CLOCK_YEAR)->name);
	row = row_of(data, "links", 0);
	assert_string_equal(text_at(row, "case"), "PSIRT-2026-0002");
	assert_string_equal(text_at(row, "link"), "proposed");
	assert_string_equal(text_at(row, "why"), "an identifier");
	assert_string_equal(text_at(data, "channel"), "advised");
	assert_string_equal(text_at(data, "deputy"), "ken");
	/* What to type names the case. */
	assert_string_equal(text_at(data, "refused"),
	    "2.6.1: type psirt step PSIRT-2026-0001 2.6.1");
	json_decref(root);
}

static void
test_today(void **state)
{
	struct desk_world *w = *state;
	int64_t late = add_case(w, 2, 2026);
	int64_t ours = add_case(w, 2, 2026);
	int64_t theirs = add_case(w, 2, 2026);
	int64_t before;
	json_t *root, *data;

	add_step(w, late, "1.3.1", STEP_RUNNING, -86400);
	add_step(w, ours, "2.6.1", STEP_READY, 0);
	/* A department at work, in time: nobody at the desk has to act. */
	add_step(w, theirs, "2.1.1", STEP_RUNNING, 86400);
	add_task(w, TASK_QUESTION, ours, 0, "secret words");
	add_clock(w, ours, CLOCK_REPLY_BY, clock_now() + 86400, NULL);
	add_clock(w, ours, CLOCK_YEAR, clock_now() + 300 * 86400, NULL);
	before = last_line(w).id;
	root = ask(w, "today");
	data = data_of(root);
	assert_int_equal(rows_in(data, "steps"), 2);
	assert_string_equal(
	    text_at(row_of(data, "steps", 0), "case"), "PSIRT-2026-0002");
	assert_string_equal(text_at(row_of(data, "steps", 0), "next"),
	    "psirt step PSIRT-2026-0002 2.6.1 start");
	assert_true(
	    json_is_true(json_object_get(row_of(data, "steps", 1), "late")));
	assert_string_equal(text_at(row_of(data, "steps", 1), "next"),
	    "psirt step PSIRT-2026-0001 1.3.1");
	assert_int_equal(rows_in(data, "tasks"), 1);
	assert_string_equal(text_at(row_of(data, "tasks", 0), "next"),
	    "psirt question PSIRT-2026-0002");
	assert_int_equal(rows_in(data, "clocks"), 1);
	assert_string_equal(text_at(row_of(data, "clocks", 0), "clock"),
	    clock_rule(CLOCK_REPLY_BY)->name);
	assert_string_equal(
	    text_at(row_of(data, "clocks", 0), "case"), "PSIRT-2026-0002");
	assert_int_equal(rows_in(data, "drafts"), 0);
	json_decref(root);
	assert_int_equal(last_line(w).id, before);
}

/* The codes of lines of the procedure, in words. */
static void
test_log(void **state)
{
	static const struct {
		enum record_what what;
		uint32_t code;
		const char *text;
	} lines[] = {
	    {RECORD_STEP_STARTED, 20301, "2.3.1"},
	    {RECORD_STEP_ENDED, 10100, "1.1"},
	    {RECORD_ANSWER, ANSWER_STATUS, "status"},
	    {RECORD_OVERRIDE, GUARD_CONSENT, "consent"},
	    {RECORD_TASK, TASK_BOUNCED, "bounced"},
	    {RECORD_CASE_CLOSED, CLOSE_DUPLICATE, "duplicate"},
	    {RECORD_CHANNEL, CHANNEL_JPCERT, "jpcert"},
	    {RECORD_TOLD, TOLD_OVERVIEW | TOLD_DETAILS, "overview, details"},
	    {RECORD_QUESTION, 3, "3"},
	};
	struct desk_world *w = *state;
	json_t *root;
	size_t n = sizeof(lines) / sizeof(lines[0]), have;

	assert_ok(w, store_begin(w->st, &w->err));
	for (size_t i = 0; i < n; i++)
		assert_ok(w, store_record_add(w->st,
				 &(struct store_record){.at = RECEIVED,
				     .what = lines[i].what,
				     .actor = talloc_strdup(w, "psirtd"),
				     .code = lines[i].code},
				 &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	root = ask(w, "log");
	have = rows_in(data_of(root), "lines");
	assert_true(have >= n);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(
		    text_at(row_of(data_of(root), "lines", have - n + i),
			"code_text"),
		    lines[i].text);
	json_decref(root);
}

static void
test_a_viewer_may_look(void **state)
{
	struct desk_world *w = *state;

	add_case(w, 2, 2026);
	w->operators[0].role = OPERATOR_VIEWER;
	assert_done(ask(w, "clock", "1"));
	assert_done(ask(w, "customers", "1"));
	assert_done(ask(w, "question", "1"));
	assert_done(ask(w, "task"));
	assert_done(ask(w, "who", "1"));
	assert_refused(ask(w, "who", "9"), 1, "no case");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, desk_setup, desk_teardown)
	    TEST(test_tasks),
	    TEST(test_words_to_hand_on),
	    TEST(test_kinds_of_tasks),
	    TEST(test_questions),
	    TEST(test_clocks),
	    TEST(test_who),
	    TEST(test_who_of_the_customers),
	    TEST(test_customers),
	    TEST(test_customers_in_pieces),
	    TEST(test_list),
	    TEST(test_show),
	    TEST(test_today),
	    TEST(test_log),
	    TEST(test_a_viewer_may_look),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
