/*
 * test_engine_held.c - what is held for a key that cannot be used leaves by
 * itself once a vault has seen that it can.  With a real store.
 */
#include "engine_world.h"

#define DAY ((int64_t)86400)
#define THEIRS "8888888888888888888888888888888888888888"

static const char *
expired(struct vendor *v, const char *fingerprint)
{
	const struct vault_failed failed = {.reason = VAULT_FAIL_KEY,
	    .text = "the reader's key: it expired on 2026-01-01",
	    .fingerprint = fingerprint};

	return held_reason(v, v->e, &failed);
}

/* A vault looked at the keys: ours and that of Akira. */
static struct vault_key *
seen(struct vendor *v)
{
	struct vault_key *keys = talloc_zero_array(v, struct vault_key, 2);

	keys[0] = (struct vault_key){
	    .fingerprint = POC, .can_sign = 1, .can_encrypt = 1};
	keys[1] = (struct vault_key){.fingerprint = AKIRA,
	    .can_sign = 1,
	    .can_encrypt = 1,
	    .expires = clock_now() + DAY};
	v->e->keys = talloc_zero(v, struct vault_ready);
	v->e->keys->keys = keys;
	v->e->keys->nkeys = 2;
	return keys;
}

static void
look(struct vendor *v)
{
	assert_ok(v->w, held_look(v->e, &v->w->err));
}

static void
test_the_reason_names_key_and_owner(void **state)
{
	struct vendor *v = *state;
	const struct vault_failed none = {
	    .reason = VAULT_FAIL_KEY, .text = "there is none"};

	assert_string_equal(expired(v, AKIRA),
	    "waits for key " AKIRA " (department plc: Akira): the reader's "
	    "key: it expired on 2026-01-01");
	assert_non_null(strstr(expired(v, POC), POC " (poc): "));
	assert_string_equal(expired(v, THEIRS),
	    "key " THEIRS " cannot be used: the reader's key: it expired on "
	    "2026-01-01");
	assert_string_equal(held_reason(v, v->e, &none), "there is none");
}

static void
test_it_leaves_once_the_key_is_good(void **state)
{
	static const struct vault_key bad[] = {
	    {.problem = VAULT_KEY_MISSING},
	    {.problem = VAULT_KEY_NO_SIGN, .can_encrypt = 1},
	    {.can_sign = 1},
	    /* It was good when the vault looked, and is past its end. */
	    {.can_sign = 1, .can_encrypt = 1, .expires = 1},
	};
	struct vendor *v = *state;
	struct vault_key *keys = seen(v);
	struct vault_key good = keys[1];
	int64_t mine = vendor_held(v, AKIRA, expired(v, AKIRA));
	int64_t other = vendor_held(v, SORA, expired(v, SORA));
	int64_t guard = vendor_held(v, AKIRA, "guard consent: not yet");
	int64_t late = vendor_held(v, AKIRA, MAIL_STALE);
	int64_t theirs = vendor_held(v, NULL, expired(v, THEIRS));

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		keys[1] = bad[i];
		keys[1].fingerprint = AKIRA;
		look(v);
		assert_int_equal(vendor_mail_state(v, mine), OUTMAIL_HELD);
	}
	assert_int_equal(vendor_recorded(v, 0, RECORD_MAIL_DECIDED), 0);
	keys[1] = good;
	look(v);
	assert_int_equal(vendor_mail_state(v, mine), OUTMAIL_APPROVED);
	assert_int_equal(vendor_mail_state(v, other), OUTMAIL_HELD);
	assert_int_equal(vendor_mail_state(v, guard), OUTMAIL_HELD);
	assert_int_equal(vendor_mail_state(v, late), OUTMAIL_HELD);
	assert_int_equal(vendor_mail_state(v, theirs), OUTMAIL_HELD);
	assert_int_equal(vendor_recorded(v, 0, RECORD_MAIL_DECIDED), 1);
}

/* Whoever reads them: they wait for our own key alone. */
static void
test_mails_that_wait_for_our_own_key(void **state)
{
	struct vendor *v = *state;
	struct vault_key *keys = seen(v);
	int64_t sealed = vendor_held(v, SORA, expired(v, POC));
	int64_t clear = vendor_held(v, NULL, expired(v, POC));

	keys[0].expires = clock_now() - 1;
	look(v);
	assert_int_equal(vendor_mail_state(v, sealed), OUTMAIL_HELD);
	keys[0].expires = clock_now() + DAY;
	look(v);
	assert_int_equal(vendor_mail_state(v, sealed), OUTMAIL_APPROVED);
	assert_int_equal(vendor_mail_state(v, clear), OUTMAIL_APPROVED);
}

static void
test_a_damaged_one_holds_up_no_other(void **state)
{
	struct vendor *v = *state;
	int64_t damaged, mine;

	seen(v);
	damaged = vendor_held(v, AKIRA, expired(v, AKIRA));
	mine = vendor_held(v, AKIRA, expired(v, AKIRA));
	world_close(v->w);
	tamper(v->w, "UPDATE outmail SET reason = zeroblob(80) WHERE id ="
		     " (SELECT min(id) FROM outmail)");
	world_open(v->w);
	v->e->st = v->w->st;
	look(v);
	assert_int_equal(vendor_mail_state(v, mine), OUTMAIL_APPROVED);
	assert_true(damaged < mine);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_the_reason_names_key_and_owner),
	    TEST(test_it_leaves_once_the_key_is_good),
	    TEST(test_mails_that_wait_for_our_own_key),
	    TEST(test_a_damaged_one_holds_up_no_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
