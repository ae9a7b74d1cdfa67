/*
 * test_engine_limit.c - answers over the limits of the settings: late within
 * the hour, else held, and the POC told once.  With a real store.
 */
#include "engine_world.h"
#include "psirtd/store_keep.h"

#define HOUR 3600

/* In the table, too; 0: it need not be. */
static int64_t of_letter;

/* The acknowledgement of a letter of this address; its row. */
static struct store_outmail
answer_of(struct vendor *v, const char *address)
{
	struct world *w = v->w;
	struct store_case c = {0};
	struct store_letter letter = {0};
	struct draft_to to = {.address = address, .language = "en"};
	struct store_outmail *list = NULL;
	size_t n = 0;

	letter.id = of_letter;
	letter.received = clock_now();
	begin(w);
	assert_ok(
	    w, draft_acknowledge(v->e, &c, &letter, NULL, 0, &to, &w->err));
	commit(w);
	assert_ok(w, store_outmail_list(v, w->st, 0, 0, 1, &list, &n, &w->err));
	assert_int_equal(n, 1);
	return list[0];
}

/* As if a mail made so many seconds ago had left so long ago. */
static void
left_ago(struct vendor *v, const char *address, int64_t made_s, int64_t left_s)
{
	struct store_outmail m = {.kind = MAIL_ACKNOWLEDGE,
	    .state = OUTMAIL_SENT,
	    .automatic = 1,
	    .made = clock_now() - made_s,
	    .not_before = clock_now() - left_s,
	    .from = (char *)(uintptr_t) "psirt@vendor.example",
	    .to = (char *)(uintptr_t)address};

	begin(v->w);
	assert_ok(v->w, store_outmail_add(v->w->st, &m, &v->w->err));
	commit(v->w);
}

static void
assert_leaves(const struct store_outmail *m, int64_t in_s)
{
	int64_t now = clock_now();

	assert_int_equal(m->state, OUTMAIL_APPROVED);
	assert_int_equal(m->automatic, 1);
	if (in_s == 0)
		assert_int_equal(m->not_before, 0);
	else
		assert_in_range(m->not_before, now + in_s - 5, now + in_s);
}

/* Alerts of this reason, mailed or not. */
static size_t
told(struct vendor *v, enum reason reason)
{
	struct store_alert *list = NULL;
	size_t n = 0;
	size_t found = 0;

	assert_ok(v->w, store_alert_list(v, v->w->st, &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].reason == (uint32_t)reason;
	return found;
}

static void
test_over_the_limit_to_an_address(void **state)
{
	struct vendor *v = *state;
	struct store_outmail m;

	v->s.acknowledge_per_hour = 2;
	left_ago(v, FINDER, 3000, 3000);
	m = answer_of(v, FINDER);
	assert_leaves(&m, 0);
	assert_int_equal(told(v, REASON_ANSWER_LATE), 0);
	/* Room is there when the first of them is an hour ago. */
	m = answer_of(v, "Finder@EXAMPLE.org");
	assert_leaves(&m, HOUR - 3000);
	assert_int_equal(told(v, REASON_ANSWER_LATE), 1);
	m = answer_of(v, FINDER);
	assert_leaves(&m, HOUR);
	/* Nothing is left in the hour after: a person decides. */
	for (int i = 0; i < 3; i++) {
		m = answer_of(v, FINDER);
		assert_int_equal(m.state, OUTMAIL_HELD);
		assert_int_equal(m.automatic, 0);
		assert_non_null(strstr(m.reason, "acknowledge_per_hour"));
	}
	assert_int_equal(told(v, REASON_ANSWER_LATE), 1);
	assert_int_equal(told(v, REASON_ANSWER_HELD), 1);
	/* Others wait for nobody. */
	m = answer_of(v, "other@research.example");
	assert_leaves(&m, 0);
}

static void
test_over_the_limit_in_all(void **state)
{
	struct vendor *v = *state;
	struct store_outmail m;

	v->s.automatic_per_hour = 2;
	left_ago(v, "a@one.example", 3 * HOUR, 3 * HOUR);
	left_ago(v, "b@two.example", HOUR + 10, HOUR + 10);
	/* This one was late itself. */
	left_ago(v, "c@three.example", HOUR + 10, 1000);
	m = answer_of(v, FINDER);
	assert_leaves(&m, 0);
	m = answer_of(v, "d@four.example");
	assert_leaves(&m, HOUR - 1000);
	m = answer_of(v, "e@five.example");
	assert_leaves(&m, HOUR);
	m = answer_of(v, "f@six.example");
	assert_int_equal(m.state, OUTMAIL_HELD);
}

/* What is in doubt is not late, and makes nobody late who comes after it. */
static void
test_in_doubt_there_is_no_limit(void **state)
{
	struct vendor *v = *state;
	struct store_outmail m;

	v->s.acknowledge_per_hour = 1;
	v->s.automatic_per_hour = 2;
	of_letter = vendor_arrives(v, "A letter.\r\n", 0);
	v->e->in_doubt = true;
	for (int i = 0; i < 4; i++) {
		m = answer_of(v, FINDER);
		assert_int_equal(m.state, OUTMAIL_UNCERTAIN);
		assert_int_equal(m.not_before, 0);
		assert_non_null(strstr(m.reason, "answered before"));
	}
	v->e->in_doubt = false;
	m = answer_of(v, FINDER);
	assert_leaves(&m, 0);
	begin(v->w);
	assert_ok(v->w,
	    store_memo_put(v->w->st, MEMO_RESTORED, clock_now(), &v->w->err));
	commit(v->w);
	for (int i = 0; i < 4; i++) {
		m = answer_of(v, FINDER);
		assert_int_equal(m.state, OUTMAIL_UNCERTAIN);
		assert_non_null(strstr(m.reason, "backup"));
	}
	begin(v->w);
	assert_ok(v->w, store_memo_put(v->w->st, MEMO_RESTORED, 0, &v->w->err));
	commit(v->w);
	m = answer_of(v, "other@research.example");
	assert_leaves(&m, 0);
	assert_int_equal(told(v, REASON_ANSWER_HELD), 0);
	of_letter = 0;
}

/* Told again in the next hour; not for ever where a clock was wrong. */
static void
test_the_desk_is_told_once_an_hour(void **state)
{
	struct vendor *v = *state;
	int64_t now = clock_now();
	const struct {
		int64_t last;
		size_t more;
	} rows[] = {
	    {now - HOUR + 60, 0}, {now - HOUR - 1, 1}, {now + 86400, 1}};
	size_t before = 0;

	v->s.acknowledge_per_hour = 1;
	for (int i = 0; i < 3; i++)
		answer_of(v, FINDER);
	for (size_t i = 0; i < 3; i++) {
		begin(v->w);
		assert_ok(v->w,
		    store_memo_put(v->w->st, reason_name(REASON_ANSWER_HELD),
			rows[i].last, &v->w->err));
		commit(v->w);
		before = told(v, REASON_ANSWER_HELD);
		answer_of(v, FINDER);
		assert_int_equal(
		    told(v, REASON_ANSWER_HELD), before + rows[i].more);
	}
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_over_the_limit_to_an_address),
	    TEST(test_over_the_limit_in_all),
	    TEST(test_in_doubt_there_is_no_limit),
	    TEST(test_the_desk_is_told_once_an_hour),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
