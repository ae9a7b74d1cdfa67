/*
 * test_engine_key.c - psirt key reseal and key renew: whose answer it is, and
 * a renewal that comes to its end meanwhile.  The vault is played.
 */
#include "engine_world.h"

#include "psirtd/wire.h"

static int
reseal(struct vendor *v, bool again)
{
	error_clear(&v->w->err);
	return key_reseal(v->e, "haru", again, &v->w->err);
}

static void
vault_idles(struct vendor *v)
{
	v->e->workers = talloc_zero_array(v->e, struct worker, 1);
	v->e->workers[0].read.ready = v->e->workers[0].vault.ready = true;
	v->e->nworkers = 1;
}

static void
answer(struct vendor *v, uint32_t type, struct bytes data)
{
	struct task *task = v->e->workers[0].task;
	const struct vault_blob blob = {data};
	struct buf *buf = buf_new(v, 65536);
	struct frame frame = {.type = type};

	assert_non_null(task);
	assert_int_equal(task->kind, WORK_RESEAL);
	assert_ok(v->w, wire_encode(&vault_blob_wire, &blob, buf, &v->w->err));
	frame.payload = buf_bytes(buf);
	key_vault_frame(task, &frame);
}

static struct bytes
key_bytes(const uint8_t *key)
{
	return bytes_of(key, STORE_KEY_BYTES);
}

/* Who asked went away before it was done: the next one asks for himself. */
static void
test_an_answer_nobody_fetched(void **state)
{
	struct vendor *v = *state;

	vault_idles(v);
	assert_int_equal(reseal(v, false), 1);
	answer(v, VAULT_UNWRAPPED, key_bytes(v->w->key));
	answer(v, VAULT_WRAPPED, bytes_str("sealed to the keys of then"));
	assert_int_equal(v->e->reseal.state, RESEAL_DONE);
	assert_int_equal(reseal(v, false), 1);
	assert_int_equal(v->e->reseal.state, RESEAL_UNWRAP);
	answer(v, VAULT_UNWRAPPED, key_bytes(v->w->key));
	answer(v, VAULT_WRAPPED, bytes_str("sealed to the keys of today"));
	assert_int_equal(reseal(v, true), 0);
	assert_int_equal(reseal(v, false), 1);
	key_lost(v->e->workers[0].task);
	assert_int_equal(v->e->reseal.state, RESEAL_FAILED);
	/* Nor does it stand in the way of the other verb. */
	error_clear(&v->w->err);
	assert_int_equal(key_renew(v->e, "haru", false, &v->w->err), 1);
	assert_int_equal(v->e->reseal.state, RESEAL_WRAP);
}

static void
test_a_renewal_that_ends_amid_a_reseal(void **state)
{
	struct vendor *v = *state;
	struct world *w = v->w;
	enum store_renewing what = RENEWING_MORE;
	struct bytes wrapped = BYTES_NONE;
	uint8_t key[STORE_KEY_BYTES];

	store_new_key(key);
	begin(w);
	assert_ok(
	    w, store_renew(w->st, bytes_str("the new one"), key, NOW, &w->err));
	commit(w);
	assert_ok(w, store_renewed(w->st, key, &w->err));
	vault_idles(v);
	assert_int_equal(reseal(v, false), 1);
	answer(v, VAULT_UNWRAPPED, key_bytes(w->key));
	while (what != RENEWING_NONE)
		assert_ok(w, store_renew_step(w->st, NOW, &what, &w->err));
	answer(v, VAULT_WRAPPED, bytes_str("the former"));
	answer(v, VAULT_UNWRAPPED, key_bytes(key));
	answer(v, VAULT_WRAPPED, bytes_str("resealed"));
	if (reseal(v, true) != 0)
		fail_msg("%s", w->err.text);
	assert_ok(w, store_wrapped_key(v, w->st, &wrapped, &w->err));
	assert_true(bytes_equal(wrapped, bytes_str("resealed")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_an_answer_nobody_fetched, vendor_setup, vendor_teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_renewal_that_ends_amid_a_reseal, vendor_setup,
		vendor_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
