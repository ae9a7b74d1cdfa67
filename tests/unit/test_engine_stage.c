/*
 * test_engine_stage.c - a key is looked into before it is pinned: one vault
 * at a time, and an answer belongs to its block.  The vault is played.
 */
#include "engine_world.h"

static struct vault_keys *seen;

static int
ask(struct vendor *v, const char *block)
{
	error_clear(&v->w->err);
	seen = NULL;
	return stage_key(v->e, v, bytes_str(block), &seen, &v->w->err);
}

static void
answer(struct vendor *v, uint32_t type, const struct wire_type *of,
    const void *obj)
{
	struct task *task = v->e->workers[0].task;
	struct buf *buf = buf_new(v, 65536);
	struct frame frame = {.type = type};

	assert_non_null(task);
	assert_int_equal(task->kind, WORK_STAGE);
	assert_ok(v->w, wire_encode(of, obj, buf, &v->w->err));
	frame.payload = buf_bytes(buf);
	stage_vault_frame(task, &frame);
	assert_null(v->e->workers[0].task);
}

static void
answer_key(struct vendor *v, const char *fingerprint)
{
	struct vault_key key = {.fingerprint = fingerprint, .can_sign = 1};
	struct vault_keys keys = {&key, 1};

	answer(v, VAULT_KEYS_SEEN, &vault_keys_wire, &keys);
}

static void
test_asked_and_answered(void **state)
{
	struct vendor *v = *state;

	/* No vault is idle. */
	assert_int_equal(ask(v, "one"), 1);
	assert_int_equal(v->e->stage.state, STAGE_NONE);
	vendor_worker(v);
	assert_int_equal(ask(v, "one"), 1);
	/* Another has to wait for it. */
	assert_int_equal(ask(v, "two"), 1);
	answer_key(v, JPCERT);
	assert_int_equal(ask(v, "one"), 0);
	assert_string_equal(seen->keys[0].fingerprint, JPCERT);
	/* It is given once; to ask again is to have it looked at again. */
	assert_int_equal(ask(v, "one"), 1);
	answer_key(v, JPCERT);
	/* Nobody fetches it: the next one begins, and gets its own. */
	assert_int_equal(ask(v, "two"), 1);
	answer_key(v, SORA);
	assert_int_equal(ask(v, "two"), 0);
	assert_string_equal(seen->keys[0].fingerprint, SORA);
}

static void
test_refused_and_lost(void **state)
{
	struct vendor *v = *state;
	struct vault_failed failed = {.reason = VAULT_FAIL_INPUT,
	    .text = "this is no block of public keys"};

	vendor_worker(v);
	assert_int_equal(ask(v, "one"), 1);
	answer(v, VAULT_FAILED, &vault_failed_wire, &failed);
	assert_int_equal(ask(v, "one"), -1);
	assert_int_equal(v->w->err.fault, FAULT_DENIED);
	assert_non_null(strstr(v->w->err.text, "no block of public keys"));
	assert_int_equal(ask(v, "one"), 1);
	stage_lost(v->e->workers[0].task);
	assert_int_equal(ask(v, "one"), -1);
	assert_int_equal(v->w->err.fault, FAULT_RETRY);
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_asked_and_answered),
	    TEST(test_refused_and_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
