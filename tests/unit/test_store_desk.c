/*
 * test_store_desk.c - answers, used signatures, questions, tasks, who was
 * told what, approvals.
 */
#include "store_world.h"

/* ---- answers ---- */

static int64_t
answer(struct world *w, struct store_answer a)
{
	begin(w);
	assert_ok(w, store_answer_add(w->st, &a, &w->err));
	commit(w);
	assert_true(a.id > 0);
	return a.id;
}

static void
test_answers_round_trip(void **state)
{
	struct world *w = *state;
	int64_t casefile = new_case(w, NULL), other = new_case(w, NULL);
	struct store_step s = {.casefile = casefile,
	    .number = text("1.3.1"),
	    .round = 1,
	    .state = STEP_RUNNING};
	struct store_answer *list;
	int64_t letter = arrive_text(w, 1, "x");
	size_t count;

	begin(w);
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	commit(w);
	answer(w, (struct store_answer){.casefile = casefile,
		      .step = s.id,
		      .kind = 3,
		      .at = NOW,
		      .letter = letter,
		      .value = text("yes"),
		      .by = text("Hana Sekkei"),
		      .told_by = text("alice"),
		      .department = text("design")});
	answer(w, (struct store_answer){.casefile = casefile,
		      .kind = 4,
		      .at = NOW + 1,
		      .value = text("")});
	answer(w, (struct store_answer){.casefile = other, .kind = 5});
	world_close(w);
	world_open(w);
	assert_ok(
	    w, store_answer_list(w, w->st, casefile, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].casefile, casefile);
	assert_int_equal(list[0].step, s.id);
	assert_int_equal(list[0].kind, 3);
	assert_int_equal(list[0].at, NOW);
	assert_int_equal(list[0].letter, letter);
	assert_int_equal(list[0].void_, 0);
	assert_string_equal(list[0].value, "yes");
	assert_string_equal(list[0].by, "Hana Sekkei");
	assert_string_equal(list[0].told_by, "alice");
	assert_string_equal(list[0].department, "design");
	assert_ptr_equal(talloc_parent(list[0].value), list);
	assert_int_equal(list[1].step, 0);
	assert_int_equal(list[1].letter, 0);
	assert_string_equal(list[1].value, "");
	assert_null(list[1].by);
}

/* What was said is never taken away: it is void, and still seen. */
static void
test_answer_is_made_void(void **state)
{
	struct world *w = *state;
	int64_t casefile = new_case(w, NULL);
	int64_t first =
	    answer(w, (struct store_answer){.casefile = casefile, .kind = 3});
	struct store_answer *list;
	size_t count;

	answer(w, (struct store_answer){.casefile = casefile, .kind = 3});
	begin(w);
	assert_ok(w, store_answer_void(w->st, first, &w->err));
	assert_fault(w, store_answer_void(w->st, 99, &w->err), FAULT_BUG);
	commit(w);
	assert_ok(
	    w, store_answer_list(w, w->st, casefile, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].void_, 1);
	assert_int_equal(list[1].void_, 0);
}

static bool
use(struct world *w, const char *of, bool keep)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	bool fresh;

	store_digest(bytes_str(of), digest);
	begin(w);
	assert_ok(w, store_signature_use(w->st, digest, 1, &fresh, &w->err));
	if (keep)
		commit(w);
	else
		store_rollback(w->st);
	return fresh;
}

/* RULES 12. */
static void
test_signature_counts_once(void **state)
{
	struct world *w = *state;

	assert_true(use(w, "one", false));
	assert_true(use(w, "one", true));
	assert_false(use(w, "one", true));
	assert_true(use(w, "two", true));
	world_close(w);
	world_open(w);
	assert_false(use(w, "one", true));
	assert_false(use(w, "two", true));
}

/* ---- questions ---- */

static struct store_question
question(struct world *w, struct store_question q)
{
	begin(w);
	assert_ok(w, store_question_add(w->st, &q, &w->err));
	commit(w);
	assert_true(q.id > 0);
	return q;
}

static void
test_questions(void **state)
{
	struct world *w = *state;
	int64_t a = new_case(w, NULL), b = new_case(w, NULL);
	int64_t letter = arrive_text(w, 1, "x"), reply = arrive_text(w, 2, "y");
	struct store_question q, *list;
	size_t count;

	q = question(w, (struct store_question){.casefile = a,
			    .state = QUESTION_OPEN,
			    .at = NOW,
			    .letter = letter,
			    .department = text("design"),
			    .by = text("Hana Sekkei"),
			    .text = text("Which firmware?")});
	assert_int_equal(q.number, 1);
	assert_int_equal(
	    question(w, (struct store_question){.casefile = a}).number, 2);
	/* Each case counts its own. */
	assert_int_equal(
	    question(w, (struct store_question){.casefile = b}).number, 1);

	q.state = QUESTION_ANSWERED;
	q.answer_letter = reply;
	q.answer = text("2.4");
	q.number = 7;
	begin(w);
	assert_ok(w, store_question_put(w->st, &q, &w->err));
	q.id = 99;
	assert_fault(w, store_question_put(w->st, &q, &w->err), FAULT_BUG);
	commit(w);
	world_close(w);
	world_open(w);
	assert_ok(w, store_question_list(w, w->st, a, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].casefile, a);
	assert_int_equal(list[0].number, 1); /* never changes */
	assert_int_equal(list[0].state, QUESTION_ANSWERED);
	assert_int_equal(list[0].at, NOW);
	assert_int_equal(list[0].letter, letter);
	assert_int_equal(list[0].answer_letter, reply);
	assert_string_equal(list[0].department, "design");
	assert_string_equal(list[0].by, "Hana Sekkei");
	assert_string_equal(list[0].text, "Which firmware?");
	assert_string_equal(list[0].answer, "2.4");
	assert_int_equal(list[1].number, 2);
	assert_null(list[1].answer);
}

/* ---- tasks ---- */

static int64_t
task(struct world *w, struct store_task t)
{
	begin(w);
	assert_ok(w, store_task_add(w->st, &t, &w->err));
	commit(w);
	return t.id;
}

static void
done(struct world *w, int64_t id, const char *actor)
{
	begin(w);
	assert_ok(w, store_task_done(w->st, id, NOW + 9, actor, &w->err));
	commit(w);
}

static size_t
tasks(struct world *w, int64_t casefile, size_t most, struct store_task **list)
{
	size_t count;

	assert_ok(w,
	    store_task_list(w, w->st, casefile, most, list, &count, &w->err));
	return count;
}

static void
test_task_round_trips(void **state)
{
	struct world *w = *state;
	struct store_outmail m = {
	    .state = OUTMAIL_DRAFT, .to = text("a@example.org")};
	struct store_task t = {.kind = TASK_UNDERSTAND,
	    .casefile = new_case(w, NULL),
	    .letter = arrive_text(w, 1, "x"),
	    .made = NOW,
	    .due = NOW + 5,
	    .text = text("tomorrow, maybe")};
	struct store_step s = {.casefile = t.casefile,
	    .number = text("2.1.1"),
	    .round = 1,
	    .state = STEP_RUNNING};
	int64_t id;

	begin(w);
	assert_ok(w, store_step_add(w->st, &s, &w->err));
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	t.step = s.id;
	t.outmail = m.id;
	id = task(w, t);
	world_close(w);
	world_open(w);
	assert_int_equal(store_task_get(w, w->st, id, &t, &w->err), 1);
	assert_int_equal(t.id, id);
	assert_int_equal(t.kind, TASK_UNDERSTAND);
	assert_int_equal(t.casefile, 1);
	assert_int_equal(t.letter, 1);
	assert_int_equal(t.outmail, m.id);
	assert_int_equal(t.step, s.id);
	assert_int_equal(t.made, NOW);
	assert_int_equal(t.due, NOW + 5);
	assert_int_equal(t.done, 0);
	assert_null(t.actor);
	assert_string_equal(t.text, "tomorrow, maybe");

	done(w, id, "alice");
	done(w, id, "bob"); /* the first did it */
	assert_int_equal(store_task_get(w, w->st, id, &t, &w->err), 1);
	assert_int_equal(t.done, NOW + 9);
	assert_string_equal(t.actor, "alice");
	assert_int_equal(store_task_get(w, w->st, 99, &t, &w->err), 0);
}

/* The same thing asked for twice is one task, until it is done. */
static void
test_a_task_is_open_once(void **state)
{
	struct world *w = *state;
	struct store_task t = {.kind = TASK_EXPLOITED,
	    .casefile = new_case(w, NULL),
	    .letter = arrive_text(w, 1, "x")};
	struct store_task free_of_case = {.kind = TASK_REGISTRATION};
	struct store_task *list;
	struct store_counts counts;
	int64_t id = task(w, t);

	assert_int_not_equal(id, 0);
	assert_int_equal(task(w, t), 0);
	assert_int_not_equal(task(w, free_of_case), 0);
	assert_int_equal(task(w, free_of_case), 0);
	assert_int_equal(tasks(w, 0, 99, &list), 2);
	assert_int_equal(list[0].id, id);
	assert_ok(w, store_count(w->st, &counts, &w->err));
	assert_int_equal(counts.tasks, 2);
	/* Another letter, kind or case is another task. */
	t.letter = arrive_text(w, 2, "y");
	assert_int_not_equal(task(w, t), 0);
	t.kind = TASK_LINK;
	assert_int_not_equal(task(w, t), 0);
	t.casefile = new_case(w, NULL);
	assert_int_not_equal(task(w, t), 0);
	assert_int_equal(tasks(w, 1, 99, &list), 3);
	assert_int_equal(tasks(w, 1, 2, &list), 2);
	assert_int_equal(tasks(w, 0, 99, &list), 5);
	done(w, id, "alice");
	assert_int_equal(tasks(w, 1, 99, &list), 2);
	assert_int_equal(tasks(w, 0, 99, &list), 4);
	t = (struct store_task){
	    .kind = TASK_EXPLOITED, .casefile = 1, .letter = 1};
	assert_int_not_equal(task(w, t), 0);
	assert_ok(w, store_count(w->st, &counts, &w->err));
	assert_int_equal(counts.tasks, 5);
}

/* ---- need to know ---- */

static void
test_told(void **state)
{
	struct world *w = *state;
	struct store_outmail m = {
	    .state = OUTMAIL_SENT, .to = text("hana@example.com")};
	struct store_told t = {.casefile = new_case(w, NULL),
	    .at = NOW,
	    .parts = TOLD_OVERVIEW | TOLD_DETAILS,
	    .person = text("Hana Sekkei"),
	    .address = text("hana@example.com"),
	    .fingerprint = text("0123456789ABCDEF"),
	    .department = text("design")};
	struct store_told *list;
	size_t count;

	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	t.outmail = m.id;
	assert_ok(w, store_told_add(w->st, &t, &w->err));
	/* The same person again is another line of the ledger. */
	t.parts = TOLD_EXPLOIT;
	t.outmail = 0;
	t.fingerprint = t.department = NULL;
	assert_ok(w, store_told_add(w->st, &t, &w->err));
	commit(w);
	world_close(w);
	world_open(w);
	assert_ok(w, store_told_list(w, w->st, 1, &list, &count, &w->err));
	assert_int_equal(count, 2);
	assert_int_equal(list[0].casefile, 1);
	assert_int_equal(list[0].outmail, m.id);
	assert_int_equal(list[0].at, NOW);
	assert_int_equal(list[0].parts, TOLD_OVERVIEW | TOLD_DETAILS);
	assert_string_equal(list[0].person, "Hana Sekkei");
	assert_string_equal(list[0].address, "hana@example.com");
	assert_string_equal(list[0].fingerprint, "0123456789ABCDEF");
	assert_string_equal(list[0].department, "design");
	assert_int_equal(list[1].parts, TOLD_EXPLOIT);
	assert_int_equal(list[1].outmail, 0);
	assert_null(list[1].fingerprint);
	assert_null(list[1].department);
	assert_ok(w, store_told_list(w, w->st, 99, &list, &count, &w->err));
	assert_int_equal(count, 0);
}

/* ---- approvals (RULES 26) ---- */

static void
approve(struct world *w, int64_t outmail, const char *person)
{
	struct store_approval a = {
	    .outmail = outmail, .at = NOW, .person = text(person)};

	a.overridden = strcmp(person, "alice") == 0 ? 1U << 3 : 0;
	store_digest(bytes_str(person), a.digest);
	begin(w);
	assert_ok(w, store_approval_add(w->st, &a, &w->err));
	commit(w);
}

static struct store_approval *
approvals(struct world *w, int64_t outmail, size_t want)
{
	struct store_approval *list;
	size_t count;

	assert_ok(
	    w, store_approval_list(w, w->st, outmail, &list, &count, &w->err));
	assert_int_equal(count, want);
	return list;
}

static int64_t
mail(struct world *w, uint32_t state)
{
	struct store_outmail m = {.state = state,
	    .to = text("a@example.org"),
	    .subject = text("before"),
	    .body = text("before")};

	begin(w);
	assert_ok(w, store_outmail_add(w->st, &m, &w->err));
	commit(w);
	return m.id;
}

static void
test_approvals(void **state)
{
	struct world *w = *state;
	int64_t one = mail(w, OUTMAIL_DRAFT), two = mail(w, OUTMAIL_DRAFT);
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_approval *list;
	size_t count = 77;

	approve(w, one, "alice");
	approve(w, one, "bob");
	approve(w, two, "carol");
	world_close(w);
	world_open(w);
	list = approvals(w, one, 2);
	assert_int_equal(list[0].outmail, one);
	assert_int_equal(list[0].at, NOW);
	assert_string_equal(list[0].person, "alice");
	assert_int_equal(list[0].overridden, 1U << 3);
	store_digest(bytes_str("alice"), digest);
	assert_memory_equal(list[0].digest, digest, sizeof(digest));
	assert_string_equal(list[1].person, "bob");
	assert_int_equal(list[1].overridden, 0);

	begin(w);
	assert_ok(w, store_approval_void(w->st, two, &count, &w->err));
	assert_int_equal(count, 1);
	assert_ok(w, store_approval_void(w->st, two, &count, &w->err));
	assert_int_equal(count, 0);
	commit(w);
	approvals(w, one, 2);
	approvals(w, two, 0);
}

static void
test_edit_takes_approvals_away(void **state)
{
	struct world *w = *state;
	int64_t draft = mail(w, OUTMAIL_DRAFT), other = mail(w, OUTMAIL_DRAFT);
	int64_t sealed = mail(w, OUTMAIL_SEALED);
	struct store_outmail m;

	approve(w, draft, "alice");
	approve(w, other, "alice");
	approve(w, sealed, "alice");
	begin(w);
	assert_ok(
	    w, store_outmail_edit(w->st, draft, "after", "after all", &w->err));
	/* What is on its way is as it was approved. */
	assert_fault(w,
	    store_outmail_edit(w->st, sealed, "after", "after all", &w->err),
	    FAULT_DENIED);
	assert_fault(w,
	    store_outmail_edit(w->st, 99, "after", "after all", &w->err),
	    FAULT_DENIED);
	commit(w);
	approvals(w, draft, 0);
	approvals(w, other, 1);
	approvals(w, sealed, 1);
	assert_int_equal(store_outmail_get(w, w->st, draft, &m, &w->err), 1);
	assert_string_equal(m.subject, "after");
	assert_string_equal(m.body, "after all");
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	assert_int_equal(store_outmail_get(w, w->st, sealed, &m, &w->err), 1);
	assert_string_equal(m.body, "before");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_answers_round_trip),
	    TEST(test_answer_is_made_void),
	    TEST(test_signature_counts_once),
	    TEST(test_questions),
	    TEST(test_task_round_trips),
	    TEST(test_a_task_is_open_once),
	    TEST(test_told),
	    TEST(test_approvals),
	    TEST(test_edit_takes_approvals_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
