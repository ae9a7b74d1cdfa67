/*
 * test_engine_reopen.c - a closed case is taken up where it was left: steps,
 * drafts, clocks, tasks; by a person, by a letter, by a split.  With a real
 * store.
 */
#include "engine_world.h"

#define DAY ((int64_t)86400)

static void
flow_rests(struct vendor *v)
{
	size_t n = 0;

	while (n < 100 && stop_flow(v->e))
		n++;
	assert_false(v->e->trouble);
	assert_true(n < 100);
}

static void
closed(struct vendor *v, int64_t id)
{
	assert_ordered(v, .what = ORDER_CLOSE, .casefile = id,
	    .words = (const char *[]){"duplicate"}, .nwords = 1);
	flow_rests(v);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_CLOSED);
}

static void
opened(struct vendor *v, int64_t id)
{
	assert_ordered(v, .what = ORDER_REOPEN, .casefile = id);
	flow_rests(v);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_OPEN);
}

/* Every pass and every mail of the case, with its state. */
static char *
place_of(struct vendor *v, int64_t id)
{
	struct casework *cw = vendor_load(v, id);
	char *place = talloc_strdup(v, "");
	struct store_outmail *mails = NULL;
	size_t n = 0;

	for (size_t i = 0; i < cw->view.nsteps; i++)
		place = talloc_asprintf_append(place, "%s/%u:%u ",
		    cw->steps[i].number, cw->steps[i].round,
		    cw->steps[i].state);
	assert_ok(v->w, store_outmail_list(
			    v, v->w->st, 0, id, 1000, &mails, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		place = talloc_asprintf_append(
		    place, "%lld:%u ", (long long)mails[i].id, mails[i].state);
	return place;
}

static struct store_outmail
mail_row(struct vendor *v, int64_t id)
{
	struct store_outmail m = {0};

	assert_int_equal(store_outmail_get(v, v->w->st, id, &m, &v->w->err), 1);
	return m;
}

/* ---- steps ---- */

/* The countermeasure is asked for; a step is left out, another offered. */
static int64_t
case_underway(struct vendor *v, enum flow flow)
{
	int64_t id = vendor_case(v, flow);

	vendor_begin(v, id, "2.1.1");
	assert_ordered(v, .what = ORDER_STEP_SKIP, .casefile = id,
	    .step = "2.1.1", .why = "known already");
	vendor_begin(v, id, "3.1.1");
	flow_rests(v);
	return id;
}

static void
test_steps_go_on(void **state)
{
	static const enum flow flows[] = {FLOW_JPCERT, FLOW_DIRECT};
	struct vendor *v = *state;

	for (size_t i = 0; i < 2; i++) {
		int64_t id = case_underway(v, flows[i]);
		const char *before = place_of(v, id);

		assert_non_null(strstr(before, "3.1.1/1:2"));
		assert_non_null(strstr(before, "2.1.1/1:4"));
		closed(v, id);
		opened(v, id);
		assert_string_equal(place_of(v, id), before);
		assert_non_null(strstr(v->said, "3.1.1 runs: "));
		/* It ends as it would have: by what it asks for. */
		assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
		    .step = "3.1.1",
		    .words = (const char *[]){"plan=a new version",
			"planned=2031-02-01"},
		    .nwords = 2);
		flow_rests(v);
		assert_non_null(strstr(place_of(v, id), "3.1.1/1:3"));
	}
}

/* The overview went; nobody has said whether details are needed. */
static void
test_nothing_runs_without_its_mail(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_JPCERT);
	const char *before;

	vendor_begin(v, id, "1.3.1");
	vendor_begin(v, id, "2.1.1");
	flow_rests(v);
	before = place_of(v, id);
	closed(v, id);
	opened(v, id);
	assert_string_equal(place_of(v, id), before);
	assert_null(strstr(before, "1.4.1"));
}

static void
test_a_letter_takes_up_too(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = case_underway(v, FLOW_DIRECT);
	const char *before = place_of(v, id);

	closed(v, id);
	begin(w);
	assert_ok(w, store_message_id_add(
			 w->st, "ours@vendor.example", id, 0, 0, &w->err));
	commit(w);
	vendor_files(v, &(struct vendor_letter){.from = FINDER,
			    .text = "It is not fixed.",
			    .reply = "ours@vendor.example"});
	flow_rests(v);
	assert_int_equal(vendor_load(v, id)->c.state, CASE_OPEN);
	assert_string_equal(place_of(v, id), before);
	assert_true(vendor_task(v, id, TASK_ANSWER_FINDER).id != 0);
}

/* What waits for a person waits again; what a person dropped does not. */
static void
test_drafts_come_back(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_outmail dropped, m;

	vendor_begin(v, id, "2.6.1");
	dropped = vendor_mail(v, id, MAIL_REPORT);
	assert_ordered(v, .what = ORDER_DROP, .casefile = id,
	    .mail = dropped.id, .why = "another wording");
	vendor_begin(v, id, "2.6.1");
	m = vendor_mail(v, id, MAIL_REPORT);
	assert_true(m.id != dropped.id);
	assert_int_equal(m.state, OUTMAIL_DRAFT);
	closed(v, id);
	assert_null(strstr(v->said, "is a draft still"));
	assert_refused(v, "is no draft", .what = ORDER_APPROVE, .casefile = id,
	    .mail = m.id, .digest = "00");
	opened(v, id);
	assert_int_equal(mail_row(v, m.id).state, OUTMAIL_DRAFT);
	assert_null(mail_row(v, m.id).reason);
	assert_int_equal(mail_row(v, dropped.id).state, OUTMAIL_CANCELLED);
}

static void
test_reminders_are_counted_anew(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_step late = vendor_begin(v, id, "3.1.1");
	struct store_step ahead = vendor_begin(v, id, "2.2.1");
	struct store_due due = {0};

	v->s.remind_s = 3 * DAY;
	late.due = clock_now() - DAY;
	late.reminders = 2;
	late.escalated = 1;
	late.look = clock_now() - 1;
	ahead.due = clock_now() + DAY;
	begin(w);
	assert_ok(w, store_step_put(w->st, &late, &w->err));
	assert_ok(w, store_step_put(w->st, &ahead, &w->err));
	commit(w);
	closed(v, id);
	assert_ok(w, store_step_next_look(w->st, &due, &w->err));
	assert_int_equal(due.id, 0);
	opened(v, id);
	late = vendor_step(v, late.id);
	assert_int_equal(late.reminders, 0);
	assert_int_equal(late.escalated, 0);
	assert_in_range(
	    late.look, clock_now() + 3 * DAY - 60, clock_now() + 3 * DAY);
	assert_ok(w, store_step_next_look(w->st, &due, &w->err));
	assert_int_equal(due.id, ahead.id);
	assert_int_equal(due.at, ahead.due);
}

/* ---- clocks ---- */

static void
sets(struct vendor *v, int64_t id, const char *name, const char *date)
{
	assert_ordered(v, .what = ORDER_CLOCK_SET, .casefile = id,
	    .words = (const char *[]){name, date}, .nwords = 2);
}

static size_t
nclocks(struct vendor *v, int64_t id)
{
	return vendor_load(v, id)->nclocks;
}

static void
test_clocks_run_again(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_clock imposed, publication;
	struct store_outmail m;
	size_t lines;

	v->s.status_finder_s = 14 * DAY;
	sets(v, id, "target", "2031-02-01");
	sets(v, id, "imposed", "2031-03-01");
	sets(v, id, "publication", "2031-03-01");
	sets(v, id, "first answer", "2031-01-01");
	assert_ordered(v, .what = ORDER_CLOCK_END, .casefile = id,
	    .words = (const char *[]){"target"}, .nwords = 1);
	imposed = vendor_clock(v, id, CLOCK_IMPOSED);
	publication = vendor_clock(v, id, CLOCK_PUBLICATION);
	assert_int_equal(nclocks(v, id), 3);
	closed(v, id);
	assert_int_equal(nclocks(v, id), 1);
	assert_true(vendor_clock(v, id, CLOCK_RETENTION).id != 0);
	assert_int_equal(vendor_load(v, id)->c.next_status, 0);
	/* Met meanwhile is met. */
	assert_ordered(
	    v, .what = ORDER_REPLY, .casefile = id, .text = "It was known.");
	m = vendor_mail(v, id, MAIL_REPLY);
	vendor_sent(v, m.id, clock_now());
	lines = vendor_recorded(v, id, RECORD_CLOCK);
	opened(v, id);
	assert_int_equal(nclocks(v, id), 2);
	assert_int_equal(vendor_clock(v, id, CLOCK_IMPOSED).due, imposed.due);
	assert_int_equal(vendor_clock(v, id, CLOCK_IMPOSED).warn, imposed.warn);
	assert_int_equal(
	    vendor_clock(v, id, CLOCK_PUBLICATION).due, publication.due);
	assert_int_equal(vendor_recorded(v, id, RECORD_CLOCK), lines + 2);
	assert_non_null(strstr(v->said, "publication: 2031-03-01"));
	assert_in_range(vendor_load(v, id)->c.next_status,
	    clock_now() + 14 * DAY - 60, clock_now() + 14 * DAY);
}

/* While it was closed nobody was told: it is said again, or at last. */
static void
test_a_clock_that_is_over_warns(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_clock c;
	size_t n = 0;

	sets(v, id, "imposed", "2031-03-01");
	c = vendor_clock(v, id, CLOCK_IMPOSED);
	c.due = clock_now() + 60;
	c.warn = 0;
	begin(w);
	assert_ok(w, store_clock_put(w->st, &c, &w->err));
	commit(w);
	closed(v, id);
	assert_false(stop_due(v->e));
	opened(v, id);
	while (n < 10 && stop_due(v->e))
		n++;
	assert_true(n > 0 && n < 10);
	assert_int_equal(vendor_task(v, id, TASK_DEADLINE).due, c.due);
}

/* One that a letter or an answer has set meanwhile holds. */
static void
test_a_clock_set_meanwhile_holds(void **state)
{
	struct vendor *v = *state;
	int64_t id = vendor_case(v, FLOW_DIRECT);

	sets(v, id, "publication", "2031-03-01");
	closed(v, id);
	assert_ordered(v, .what = ORDER_ANSWER, .casefile = id,
	    .words = (const char *[]){"publish=2031-04-01"}, .nwords = 1);
	opened(v, id);
	assert_int_equal(nclocks(v, id), 1);
	assert_non_null(strstr(v->said, "publication: 2031-04-01"));
}

/* ---- tasks ---- */

static void
test_tasks_are_open_again(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t id = vendor_case(v, FLOW_DIRECT);
	struct store_task t = {.kind = TASK_UNDERSTAND, .casefile = id};
	struct store_task done = {.kind = TASK_COUNTERPART, .casefile = id};

	begin(w);
	assert_ok(w, task_add(v->e, &t, &w->err));
	assert_ok(w, task_add(v->e, &done, &w->err));
	assert_ok(w, task_end(v->e, id, TASK_COUNTERPART, "haru", &w->err));
	commit(w);
	t = vendor_task(v, id, TASK_UNDERSTAND);
	closed(v, id);
	assert_int_equal(vendor_task(v, id, TASK_UNDERSTAND).id, 0);
	assert_refused(
	    v, "psirt reopen", .what = ORDER_TASK_DONE, .number = t.id);
	opened(v, id);
	assert_int_equal(vendor_task(v, id, TASK_UNDERSTAND).id, t.id);
	assert_int_equal(vendor_task(v, id, TASK_COUNTERPART).id, 0);
}

/* ---- split off from a case that was closed meanwhile ---- */

static void
test_a_split_takes_up_too(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	int64_t into = vendor_case(v, FLOW_DIRECT);
	int64_t from = case_underway(v, FLOW_DIRECT);
	const char *before = place_of(v, from);
	struct store_task t = {.kind = TASK_UNDERSTAND, .casefile = from};

	v->s.status_finder_s = 14 * DAY;
	sets(v, into, "imposed", "2031-02-01");
	sets(v, from, "imposed", "2031-03-01");
	sets(v, from, "target", "2031-04-01");
	begin(w);
	assert_ok(w, task_add(v->e, &t, &w->err));
	commit(w);
	assert_ordered(v, .what = ORDER_MERGE, .casefile = from, .other = into);
	closed(v, into);
	assert_ordered(v, .what = ORDER_SPLIT, .casefile = from);
	flow_rests(v);
	assert_int_equal(vendor_load(v, from)->c.state, CASE_OPEN);
	assert_int_equal(nclocks(v, from), 2);
	assert_int_equal(vendor_clock(v, from, CLOCK_RETENTION).id, 0);
	assert_true(vendor_task(v, from, TASK_UNDERSTAND).id != 0);
	assert_string_equal(place_of(v, from), before);
	assert_true(vendor_load(v, from)->c.next_status > clock_now());
	/* The other one is as closed as it was. */
	assert_int_equal(vendor_load(v, into)->c.state, CASE_CLOSED);
	assert_int_equal(nclocks(v, into), 1);
	assert_true(vendor_clock(v, into, CLOCK_RETENTION).id != 0);
	opened(v, into);
	assert_int_equal(nclocks(v, into), 1);
	assert_true(vendor_clock(v, into, CLOCK_IMPOSED).id != 0);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_steps_go_on),
	    TEST(test_nothing_runs_without_its_mail),
	    TEST(test_a_letter_takes_up_too),
	    TEST(test_drafts_come_back),
	    TEST(test_reminders_are_counted_anew),
	    TEST(test_clocks_run_again),
	    TEST(test_a_clock_that_is_over_warns),
	    TEST(test_a_clock_set_meanwhile_holds),
	    TEST(test_tasks_are_open_again),
	    TEST(test_a_split_takes_up_too),
	};
#undef TEST

	return cmocka_run_group_tests(tests, NULL, NULL);
}
