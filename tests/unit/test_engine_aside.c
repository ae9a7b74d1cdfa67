/*
 * test_engine_aside.c - what fails for one case holds up no other: rows that
 * were damaged, rows that are odd, a database that fails.  With a real store;
 * the damaged ones are always those whose time came first.
 */
#include "engine_world.h"

#define DAY ((int64_t)86400)

/* A hand at the file; then psirtd starts again. */
static void
damage(struct vendor *v, const char *sql)
{
	world_close(v->w);
	tamper(v->w, sql);
	world_open(v->w);
	v->e->st = v->w->st;
	v->e->nflows = 0;
}

static void
run(struct vendor *v)
{
	size_t n = 0;

	while (stop_flow(v->e) || stop_due(v->e) || vendor_signs(v))
		assert_true(++n < 100);
	assert_false(v->e->trouble);
	assert_false(v->e->stopping);
}

static size_t
alerts_of(struct vendor *v, int64_t casefile)
{
	struct store_alert *list = NULL;
	size_t found = 0;
	size_t n = 0;

	assert_ok(v->w, store_alert_list(v, v->w->st, &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].reason == REASON_STUCK &&
			 list[i].casefile == casefile;
	return found;
}

/* The POC is told of this case, and of none besides. */
static void
is_stuck(struct vendor *v, int64_t casefile, const char *why)
{
	struct store_task t = vendor_task(v, casefile, TASK_STUCK);

	assert_true(alerts_of(v, casefile) > 0);
	assert_non_null(t.text);
	if (strstr(t.text, why) == NULL)
		fail_msg("not \"%s\": %s", why, t.text);
}

static void
is_fine(struct vendor *v, int64_t casefile)
{
	assert_int_equal(alerts_of(v, casefile), 0);
	assert_int_equal(vendor_task(v, casefile, TASK_STUCK).id, 0);
}

static int64_t
begin_late(struct vendor *v, int64_t casefile, int64_t due)
{
	struct world *w = v->w;
	struct store_step row = vendor_begin(v, casefile, "3.1.1");

	vendor_sent(v, vendor_mail(v, casefile, MAIL_ASK).id, due - 100);
	row.due = due;
	begin(w);
	assert_ok(w, store_step_put(w->st, &row, &w->err));
	assert_ok(w, store_case_advance(w->st, casefile, false, &w->err));
	commit(w);
	return row.id;
}

static void
set_clock(struct vendor *v, int64_t casefile, int64_t warn)
{
	struct world *w = v->w;
	struct store_clock c = {.casefile = casefile,
	    .kind = CLOCK_YEAR,
	    .due = warn + 29 * DAY,
	    .warn = warn,
	    .source = CLOCK_TYPED,
	    .note = text("a word")};

	begin(w);
	assert_ok(w, store_clock_set(w->st, &c, &w->err));
	commit(w);
}

static void
status_at(struct vendor *v, int64_t casefile, int64_t at)
{
	begin(v->w);
	assert_ok(v->w, store_case_put_off(v->w->st, casefile, at, &v->w->err));
	commit(v->w);
}

/* ---- rows that were damaged ---- */

static void
test_a_damaged_step(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t bad = vendor_case(v, FLOW_DIRECT);
	int64_t good = vendor_case(v, FLOW_DIRECT);
	int64_t step = begin_late(v, bad, now - 20);
	struct store_due due;

	v->s.reminders = 2;
	v->s.remind_s = 2 * DAY;
	begin_late(v, good, now - 10);
	damage(v, "UPDATE step SET ref = x'00' WHERE casefile = 1");
	run(v);
	assert_true(vendor_mail(v, good, MAIL_REMINDER).id != 0);
	is_fine(v, good);
	is_stuck(v, bad, "step.ref of row");
	/* It is not forgotten: tomorrow its time comes again. */
	assert_ok(v->w, store_step_next_look(v->w->st, &due, &v->w->err));
	assert_int_equal(due.id, step);
	assert_true(due.at >= now + DAY && due.at < now + DAY + 60);
	assert_int_equal(due_next(v->e), due.at);
	damage(v, "UPDATE step SET look = due WHERE casefile = 1");
	run(v);
	assert_int_equal(alerts_of(v, bad), 2);
}

/* Nothing at all can be done for it. */
static void
test_a_damaged_case(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t bad = vendor_case(v, FLOW_DIRECT);
	int64_t good = vendor_case(v, FLOW_DIRECT);

	v->s.status_finder_s = 14 * DAY;
	v->s.reminders = 2;
	begin_late(v, bad, now - 20);
	begin_late(v, good, now - 10);
	status_at(v, bad, now - 20);
	status_at(v, good, now - 10);
	set_clock(v, bad, now - 20);
	set_clock(v, good, now - 10);
	damage(v, "UPDATE casefile SET product = x'00', advance = 1"
		  " WHERE id = 1");
	run(v);
	assert_true(vendor_mail(v, good, MAIL_REMINDER).id != 0);
	assert_true(vendor_mail(v, good, MAIL_STATUS).id != 0);
	assert_true(vendor_task(v, good, TASK_DEADLINE).id != 0);
	is_fine(v, good);
	/* The flow, its step, its status; a clock asks no case. */
	is_stuck(v, bad, "casefile.product of row 1");
	assert_int_equal(alerts_of(v, bad), 3);
	assert_true(vendor_task(v, bad, TASK_DEADLINE).id != 0);
}

static void
test_a_damaged_clock(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	int64_t bad = vendor_case(v, FLOW_DIRECT);
	int64_t odd = vendor_case(v, FLOW_DIRECT);
	int64_t good = vendor_case(v, FLOW_DIRECT);

	set_clock(v, bad, now - 30);
	set_clock(v, odd, now - 20);
	set_clock(v, good, now - 10);
	damage(v, "UPDATE clock SET note = x'00' WHERE casefile = 1;"
		  "UPDATE clock SET kind = 99 WHERE casefile = 2");
	run(v);
	assert_true(vendor_task(v, good, TASK_DEADLINE).id != 0);
	is_fine(v, good);
	is_stuck(v, bad, "clock.note of row");
	is_stuck(v, odd, "is none");
}

/* Cases that go by the damaged text, and the next psirtd after it. */
static void
test_a_damaged_flow(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t now = clock_now();
	int64_t bad = vendor_case(v, FLOW_JPCERT);
	int64_t good = vendor_case(v, FLOW_DIRECT);

	status_at(v, bad, now - 20);
	begin_late(v, good, now - 10);
	v->s.reminders = 1;
	v->s.flows[FLOW_JPCERT] = NULL;
	damage(v, "UPDATE flow_text SET value = x'00' WHERE flow = 2");
	for (size_t starts = 1; starts <= 2; starts++) {
		assert_ok(w, case_flows_start(v->e, &w->err));
		run(v);
		is_stuck(v, bad, "flow_text.value of row");
		is_fine(v, good);
		/* Of its status once; of its flow at each start. */
		assert_int_equal(alerts_of(v, bad), starts + 1);
		v->e->nflows = 0;
	}
	assert_true(vendor_mail(v, good, MAIL_REMINDER).id != 0);
}

/* Where the settings have the same text, that is it. */
static void
test_the_text_of_the_settings_needs_no_copy(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	damage(v, "UPDATE flow_text SET value = x'00'");
	assert_ok(w, case_flows_start(v->e, &w->err));
	assert_string_equal(vendor_load(v, id)->c.number, "PSIRT-2026-0001");
}

/* The settings may be others than when a step was held back. */
static void
test_a_start_asks_again_what_was_held_back(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t bare = vendor_case(v, FLOW_DIRECT);
	int64_t held = vendor_case(v, FLOW_DIRECT);
	struct store_step row = {.casefile = held,
	    .number = talloc_strdup(v, "4.2.1"),
	    .round = 1,
	    .state = STEP_READY};
	int64_t id = 0;

	assert_ok(w, store_begin(w->st, &w->err));
	assert_ok(w, store_case_advance(w->st, bare, false, &w->err));
	assert_ok(w, store_step_add(w->st, &row, &w->err));
	assert_ok(w, store_case_advance(w->st, held, false, &w->err));
	assert_ok(w, store_commit(w->st, &w->err));
	assert_ok(w, case_flows_start(v->e, &w->err));
	assert_ok(w, store_case_next_advance(w->st, 0, &id, &w->err));
	assert_int_equal(id, held);
	assert_ok(w, store_case_next_advance(w->st, id, &id, &w->err));
	assert_int_equal(id, 0);
}

static void
test_the_morning_names_it(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	struct store_outmail m;

	vendor_case(v, FLOW_DIRECT);
	vendor_begin(v, vendor_case(v, FLOW_DIRECT), "2.2.1");
	v->s.morning = 0;
	begin(w);
	assert_ok(
	    w, store_memo_put(w->st, "morning", clock_now() - DAY, &w->err));
	assert_ok(w,
	    store_task_add(w->st,
		&(struct store_task){
		    .kind = TASK_LINK, .casefile = 2, .text = text("a word")},
		&w->err));
	commit(w);
	damage(v, "UPDATE casefile SET title = x'00' WHERE id = 1;"
		  "UPDATE task SET text = x'00' WHERE id = 1");
	vendor_worker(v);
	run(v);
	m = vendor_mail(v, 0, MAIL_MORNING);
	assert_non_null(strstr(m.body, "PSIRT-2026-0001  cannot be read"));
	assert_non_null(strstr(m.body, "PSIRT-2026-0002  2.2.1"));
	assert_non_null(strstr(m.body, "task.text of row 1"));
}

/* ---- what is no damage ---- */

/* A text that this program cannot read ended psirtd; so did a bug. */
static void
test_whatever_fails_for_one_case(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t now = clock_now();
	int64_t bad = vendor_case(v, FLOW_DIRECT);
	int64_t worse = vendor_case(v, FLOW_DIRECT);
	int64_t good = vendor_case(v, FLOW_DIRECT);
	struct casework *cw = vendor_load(v, bad);

	begin(w);
	assert_ok(w, store_flow_keep(w->st, FLOW_DIRECT, "step {",
			 &cw->c.flow_file, &w->err));
	cw->c.advance = 1;
	assert_ok(w, store_case_put(w->st, &cw->c, &w->err));
	commit(w);
	set_clock(v, worse, now - 20);
	set_clock(v, good, now - 10);
	/* A constraint is a bug. */
	damage(v, "CREATE TRIGGER no BEFORE INSERT ON task"
		  " WHEN new.casefile = 2 AND new.kind = 9"
		  " BEGIN SELECT raise(ABORT, 'no such task'); END");
	run(v);
	is_stuck(v, bad, "error");
	is_stuck(v, worse, "no such task");
	assert_int_equal(vendor_task(v, worse, TASK_DEADLINE).id, 0);
	assert_true(vendor_task(v, good, TASK_DEADLINE).id != 0);
	assert_int_equal(v->e->exit_code, 0);
}

/* ---- a database that fails ---- */

static int put_off; /* how often */

static int
can_be_put_off(struct store *st, int64_t row, int64_t at, struct error *err)
{
	put_off++;
	return store_step_put_off(st, row, at, err);
}

static int
nothing_can(struct store *st, int64_t row, int64_t at, struct error *err)
{
	(void)st;
	(void)row;
	(void)at;
	return error_set(err, FAULT_RETRY, "the disk is full");
}

static void
test_a_database_that_fails_is_tried_again(void **state)
{
	struct vendor *v = *state;
	struct error why = {.fault = FAULT_RETRY, .text = "the disk is full"};
	struct store_due one = {1, vendor_case(v, FLOW_DIRECT), 1};
	struct store_due other = {2, one.casefile, 1};

	put_off = 0;
	assert_false(stop_aside(v->e, "due", &one, can_be_put_off, &why));
	assert_true(v->e->trouble && v->e->pause_until_ms > 0);
	/* Another one, or long after: counted anew. */
	assert_false(stop_aside(v->e, "due", &other, can_be_put_off, &why));
	assert_false(stop_aside(v->e, "due", &one, can_be_put_off, &why));
	assert_false(stop_aside(v->e, "due", &one, can_be_put_off, &why));
	v->e->failing.at_ms -= 3600 * 1000;
	assert_false(stop_aside(v->e, "due", &one, can_be_put_off, &why));
	assert_false(stop_aside(v->e, "due", &one, can_be_put_off, &why));
	is_fine(v, one.casefile);
	assert_int_equal(put_off, 0);
	/* Time and again the same: it lies where the disk is bad. */
	assert_true(stop_aside(v->e, "due", &one, can_be_put_off, &why));
	assert_int_equal(put_off, 1);
	is_stuck(v, one.casefile, "the disk is full");
	assert_false(v->e->stopping);
}

/* Then nobody is told of every case that it is stuck. */
static void
test_where_all_of_it_fails_nothing_is_put_off(void **state)
{
	struct vendor *v = *state;
	struct error why = {.fault = FAULT_RETRY, .text = "the disk is full"};
	struct store_due one = {1, vendor_case(v, FLOW_DIRECT), 1};

	for (size_t i = 0; i < 9; i++)
		assert_false(stop_aside(v->e, "due", &one, nothing_can, &why));
	is_fine(v, one.casefile);
	assert_true(v->e->trouble);
	assert_false(v->e->stopping);
	/* What was begun is undone: the store can be written to. */
	begin(v->w);
	commit(v->w);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_a_damaged_step),
	    TEST(test_a_damaged_case),
	    TEST(test_a_damaged_clock),
	    TEST(test_a_damaged_flow),
	    TEST(test_the_text_of_the_settings_needs_no_copy),
	    TEST(test_a_start_asks_again_what_was_held_back),
	    TEST(test_the_morning_names_it),
	    TEST(test_whatever_fails_for_one_case),
	    TEST(test_a_database_that_fails_is_tried_again),
	    TEST(test_where_all_of_it_fails_nothing_is_put_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
