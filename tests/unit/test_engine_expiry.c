/*
 * test_engine_expiry.c - keys that expire: the desk is told 30, 7 and 1 days
 * before, and when it has happened, once each.  With a real store; time is
 * what stands in the keys.
 */
#include "engine_world.h"

#define DAY ((int64_t)86400)
#define OTHER "8888888888888888888888888888888888888888"

/* Everything that is due by now; how many rounds it took. */
static size_t
run(struct vendor *v)
{
	size_t n = 0;

	while (n < 100 && stop_due(v->e))
		n++;
	assert_false(v->e->trouble);
	assert_true(n < 100);
	return n;
}

static size_t
mails(struct vendor *v)
{
	struct store_outmail *list = NULL;
	size_t found = 0;
	size_t n = 0;

	assert_ok(v->w,
	    store_outmail_list(v, v->w->st, 0, 0, 1000, &list, &n, &v->w->err));
	for (size_t i = 0; i < n; i++)
		found += list[i].kind == MAIL_EXPIRY;
	return found;
}

/* A vault looked at the keys; these are the n it saw. */
static struct vault_key *
seen(struct vendor *v, size_t n)
{
	v->e->keys = talloc_zero(v, struct vault_ready);
	v->e->keys->keys = talloc_zero_array(v, struct vault_key, n);
	v->e->keys->nkeys = n;
	v->e->expiry_at = 0;
	return v->e->keys->keys;
}

/* As after a start. */
static void
again(struct vendor *v)
{
	v->e->expiry_at = 0;
}

static void
test_told_once_each_time(void **state)
{
	/* how far off, and how many mails there are then */
	static const struct {
		int64_t left;
		size_t mails;
	} rows[] = {
	    {31 * DAY, 0},
	    {30 * DAY - 60, 1},
	    {8 * DAY, 0},
	    {7 * DAY - 60, 1},
	    {2 * DAY, 0},
	    {DAY - 60, 1},
	    {60, 0},
	    {0, 1},
	    {-40 * DAY, 0},
	};
	struct vendor *v = *state;
	int64_t expires = clock_now() + 100 * DAY;
	struct vault_key *k = seen(v, 1);

	k->fingerprint = JPCERT;
	k->expires = expires;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t before = mails(v);
		bool done = false;

		for (int round = 0; round < 3; round++) {
			again(v);
			assert_ok(v->w, expiry_due(v->e, expires - rows[i].left,
					    &done, &v->w->err));
		}
		assert_int_equal(mails(v) - before, rows[i].mails);
	}
	assert_int_equal(vendor_recorded(v, 0, RECORD_KEY_EXPIRES), 4);
}

static void
test_late_is_said_once(void **state)
{
	struct vendor *v = *state;
	struct vault_key *k = seen(v, 3);
	struct store_outmail m;

	/* The one of the two that are near is ours; one never ends. */
	k[0].fingerprint = POC;
	k[0].expires = clock_now() + 5 * DAY;
	k[1].fingerprint = JPCERT;
	k[1].expires = clock_now() - DAY;
	k[2].fingerprint = OTHER;
	assert_int_equal(run(v), 1);
	assert_int_equal(mails(v), 1);
	m = vendor_mail(v, 0, MAIL_EXPIRY);
	assert_string_equal(m.to, "haru@vendor.example");
	assert_int_equal(m.encrypt, 1);
	assert_non_null(strstr(m.body, "  poc\n    " POC "\n    expires on "));
	assert_non_null(
	    strstr(m.body, "  correspondent JPCERT/CC\n    " JPCERT "\n"));
	assert_non_null(strstr(m.body, " (it has expired)\n"));
	assert_non_null(strstr(m.body, "gpg --quick-set-expire " POC));
	assert_null(strstr(m.body, OTHER));
	assert_null(strstr(m.subject, "JPCERT"));
	/* After a start, too. */
	again(v);
	assert_int_equal(run(v), 0);
	/* The next time is that of the key that still lives. */
	assert_int_equal(expiry_next(v->e), k[0].expires - DAY);
	assert_true(due_next(v->e) <= k[0].expires - DAY);
}

static void
test_prolonged_begins_anew(void **state)
{
	struct vendor *v = *state;
	struct vault_key *k = seen(v, 1);

	k->fingerprint = JPCERT;
	k->expires = clock_now() + 5 * DAY;
	run(v);
	k->expires = clock_now() + 400 * DAY;
	again(v);
	assert_int_equal(run(v), 0);
	assert_int_equal(mails(v), 1);
	assert_int_equal(expiry_next(v->e), k->expires - 30 * DAY);
	k->expires = clock_now() + 6 * DAY;
	again(v);
	run(v);
	assert_int_equal(mails(v), 2);
}

/* As many mails as it takes; each key in one of them. */
static void
test_many_keys(void **state)
{
	struct vendor *v = *state;
	struct vault_key *k = seen(v, 120);

	for (int i = 0; i < 120; i++) {
		k[i].fingerprint = talloc_asprintf(v, "%040d", i);
		k[i].expires = clock_now() + DAY / 2;
	}
	assert_int_equal(run(v), 3);
	assert_int_equal(mails(v), 3);
}

/* Nobody to be told: nothing to do until the next start. */
static void
test_no_key_expires(void **state)
{
	struct vendor *v = *state;

	assert_int_equal(expiry_next(v->e), 0);
	seen(v, 1)->fingerprint = JPCERT;
	assert_int_equal(run(v), 0);
	assert_int_equal(expiry_next(v->e), 0);
}

/* It opens older mail, expired as it may be. */
static void
test_a_retired_key_is_not_told_of(void **state)
{
	static const char *retired[] = {OTHER};
	struct vendor *v = *state;
	struct vault_key *k = seen(v, 1);

	v->s.retired = retired;
	v->s.nretired = 1;
	k->fingerprint = OTHER;
	k->expires = clock_now() - DAY;
	assert_int_equal(run(v), 0);
	assert_int_equal(mails(v), 0);
	assert_int_equal(expiry_next(v->e), 0);
	v->s.nretired = 0;
	again(v);
	assert_int_equal(run(v), 1);
}

/* What could not be said is said later; nothing counts as told. */
static void
test_put_off(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	struct vault_key *k = seen(v, 1);
	int64_t later = clock_now() + DAY;
	bool done = false;

	k->fingerprint = JPCERT;
	k->expires = clock_now() + 5 * DAY;
	begin(w);
	assert_ok(w, expiry_put_off(w->st, 0, later, &w->err));
	commit(w);
	assert_int_equal(run(v), 0);
	assert_int_equal(expiry_next(v->e), later);
	assert_ok(w, expiry_due(v->e, later, &done, &w->err));
	assert_true(done);
	assert_int_equal(mails(v), 1);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_told_once_each_time),
	    TEST(test_late_is_said_once),
	    TEST(test_prolonged_begins_anew),
	    TEST(test_many_keys),
	    TEST(test_no_key_expires),
	    TEST(test_a_retired_key_is_not_told_of),
	    TEST(test_put_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
