/*
 * test_engine_pin.c - pins that changed since the last start wait for two
 * persons: mails to them, and what they signed.  With a real store.
 */
#include "engine_world.h"

#include <unistd.h>

#define OTHER "8888888888888888888888888888888888888888"

static void
start(struct vendor *v)
{
	assert_ok(v->w, pin_start(v->e, &v->w->err));
}

/* A vendor that has started once. */
static void
settled(struct vendor *v)
{
	v->s.waiting = talloc_zero(v, struct waiting_keys);
	start(v);
	assert_int_equal(v->s.waiting->n, 0);
	assert_int_equal(vendor_recorded(v, 0, RECORD_PIN_CHANGED), 0);
}

/* The first correspondent has this key from now on. */
static void
pin_key(struct vendor *v, const char *fingerprint)
{
	const char **keys = talloc_array(v, const char *, 1);

	keys[0] = fingerprint;
	v->s.correspondents[0].fingerprints = keys;
	v->s.correspondents[0].nfingerprints = 1;
}

/* NULL: it was done. */
static const char *
confirm(struct vendor *v, const char *fingerprint, const char *who, uid_t uid)
{
	char *said = NULL;

	error_clear(&v->w->err);
	if (pin_confirm(v->e, v, fingerprint, who, uid, &said, &v->w->err) == 0)
		return NULL;
	assert_int_equal(v->w->err.fault, FAULT_DENIED);
	return v->w->err.text;
}

static void
test_the_first_start_is_exempt(void **state)
{
	struct vendor *v = *state;

	settled(v);
	assert_false(settings_key_waits(&v->s, JPCERT));
	/* Nor does the second find anything new. */
	start(v);
	assert_int_equal(v->s.waiting->n, 0);
	assert_int_equal(vendor_recorded(v, 0, RECORD_PIN_CHANGED), 0);
	assert_int_equal(vendor_recorded(v, 0, RECORD_PIN_REMOVED), 0);
}

static void
test_a_changed_pin_waits(void **state)
{
	struct vendor *v = *state;
	struct store_alert *alerts = NULL;
	size_t n = 0;

	settled(v);
	pin_key(v, OTHER);
	for (int i = 0; i < 3; i++) {
		start(v);
		assert_true(settings_key_waits(&v->s, OTHER));
		assert_false(settings_key_waits(&v->s, REI));
		assert_non_null(
		    strstr(pin_refusal(v, &v->s, OTHER), "key confirm " OTHER));
		assert_null(pin_refusal(v, &v->s, REI));
	}
	/* Recorded and told once; what was there is gone. */
	assert_int_equal(vendor_recorded(v, 0, RECORD_PIN_CHANGED), 1);
	assert_int_equal(vendor_recorded(v, 0, RECORD_PIN_REMOVED), 1);
	assert_ok(v->w, store_alert_list(v, v->w->st, &alerts, &n, &v->w->err));
	assert_int_equal(n, 1);
	assert_int_equal(alerts[0].reason, REASON_PIN_CHANGED);
	/* To come back is a change, too. */
	pin_key(v, JPCERT);
	start(v);
	assert_true(settings_key_waits(&v->s, JPCERT));
	assert_false(settings_key_waits(&v->s, OTHER));
}

/* Whoever it is that is written to or believed. */
static void
test_the_pins_of_all_parties(void **state)
{
	struct vendor *v = *state;
	struct customer customer = {.name = "Plant", .fingerprint = SORA};
	const char **pins[] = {&v->contacts[1].fingerprint,
	    &v->operators[0].fingerprint, &customer.fingerprint};

	v->s.customers = &customer;
	v->s.ncustomers = 1;
	settled(v);
	for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
		const char *was = *pins[i];

		*pins[i] = OTHER;
		start(v);
		assert_true(settings_key_waits(&v->s, OTHER));
		*pins[i] = was;
		start(v);
		assert_false(settings_key_waits(&v->s, OTHER));
	}
	v->s.ncustomers = 0;
}

/* A key that is trusted as one party's is not so as another's. */
static void
test_a_known_key_of_another(void **state)
{
	struct vendor *v = *state;

	settled(v);
	pin_key(v, AKIRA);
	start(v);
	assert_true(settings_key_waits(&v->s, AKIRA));
}

static void
test_two_persons_confirm(void **state)
{
	struct vendor *v = *state;
	uid_t other = geteuid() + 4711;

	settled(v);
	assert_non_null(strstr(confirm(v, JPCERT, "haru", other), "waits"));
	pin_key(v, OTHER);
	start(v);
	assert_non_null(strstr(confirm(v, OTHER, "root", 0), "none"));
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_non_null(strstr(confirm(v, OTHER, "psirtd", geteuid()), "none"));
	if (getuid() == 0)
		assert_int_equal(seteuid(0), 0);
	assert_null(confirm(v, OTHER, "haru", other));
	assert_true(settings_key_waits(&v->s, OTHER));
	assert_non_null(
	    strstr(confirm(v, OTHER, "haru", other), "second person"));
	/* A start between the two forgets nothing. */
	start(v);
	assert_true(settings_key_waits(&v->s, OTHER));
	assert_null(confirm(v, OTHER, "yuki", other + 1));
	assert_false(settings_key_waits(&v->s, OTHER));
	start(v);
	assert_false(settings_key_waits(&v->s, OTHER));
	assert_int_equal(vendor_recorded(v, 0, RECORD_PIN_CONFIRMED), 2);
}

/* Once it is confirmed what waited for that alone leaves. */
static void
test_held_mails_leave(void **state)
{
	struct vendor *v = *state;
	uid_t other = geteuid() + 4711;
	int64_t mine, another, why;

	settled(v);
	pin_key(v, OTHER);
	start(v);
	mine = vendor_held(v, OTHER, pin_refusal(v, &v->s, OTHER));
	another = vendor_held(v, JPCERT,
	    "its key is new in the settings and waits for two persons: psirt "
	    "key confirm " JPCERT);
	why = vendor_held(v, OTHER, "guard consent: not yet");
	assert_null(confirm(v, OTHER, "haru", other));
	assert_int_equal(vendor_mail_state(v, mine), OUTMAIL_HELD);
	assert_null(confirm(v, OTHER, "yuki", other));
	assert_int_equal(vendor_mail_state(v, mine), OUTMAIL_APPROVED);
	assert_int_equal(vendor_mail_state(v, another), OUTMAIL_HELD);
	assert_int_equal(vendor_mail_state(v, why), OUTMAIL_HELD);
}

/* Which letters may be judged anew; not one from before, nor another's. */
static void
test_its_letters_are_named(void **state)
{
	struct vendor *v = *state;
	uid_t other = geteuid() + 4711;
	const struct vendor_letter claim = {.from = "office@jpcert.example",
	    .text = "The details.",
	    .key = OTHER,
	    .made = clock_now()};
	const struct vendor_letter clear = {
	    .from = "office@jpcert.example", .text = "The details."};
	struct store_letter row;
	char *said = NULL;

	settled(v);
	pin_key(v, OTHER);
	start(v);
	row = vendor_files(v, &claim);
	assert_int_equal(row.state, LETTER_SET_ASIDE);
	assert_int_equal(vendor_files(v, &clear).state, LETTER_SET_ASIDE);
	assert_null(confirm(v, OTHER, "haru", other));
	assert_ok(v->w,
	    pin_confirm(v->e, v, OTHER, "yuki", other + 1, &said, &v->w->err));
	assert_string_equal(strchr(said, '\n') + 1,
	    talloc_asprintf(v,
		"Signed meanwhile by a key that was not believed: psirt "
		"letter %lld --reopen",
		(long long)row.id));
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_the_first_start_is_exempt),
	    TEST(test_a_changed_pin_waits),
	    TEST(test_the_pins_of_all_parties),
	    TEST(test_a_known_key_of_another),
	    TEST(test_two_persons_confirm),
	    TEST(test_held_mails_leave),
	    TEST(test_its_letters_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
