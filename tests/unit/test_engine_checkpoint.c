/*
 * test_engine_checkpoint.c - what is signed, what is believed, and that an
 * answer belongs to what was asked.  The vault is played; a real one signs and
 * verifies in tests/mail/test_checkpoint.py.
 */
#include "engine_world.h"

static struct checkpoint
some(int64_t lines)
{
	struct checkpoint c = {.head.lines = lines, .at = 1700000000};

	for (size_t i = 0; i < sizeof(c.head.link); i++)
		c.head.link[i] = (uint8_t)(i * 7 + 1);
	return c;
}

static int
ask(struct vendor *v, const char *block, struct checkpoint *c)
{
	error_clear(&v->w->err);
	return checkpoint_verify(v->e, bytes_str(block), c, &v->w->err);
}

static bool
opened(struct vendor *v, const char *plain, const char *primary,
    enum signature_status status, size_t n)
{
	struct signature signatures[2] = {
	    {.status = status, .primary = primary}, {.status = status}};
	const struct vault_opened o = {
	    .outcome = n > 0 ? LAYER_OPEN : LAYER_MALFORMED,
	    .plain = bytes_str(plain),
	    .signatures = signatures,
	    .nsignatures = n};

	return vendor_checkpoint(v, VAULT_OPENED, &vault_opened_wire, &o);
}

static void
test_who_is_believed(void **state)
{
	static const char *retired[] = {SORA};
	static const struct {
		const char *primary;
		enum signature_status status;
		size_t n;
		const char *why; /* NULL: it is */
	} rows[] = {
	    {POC, SIGNATURE_GOOD, 1, NULL},
	    {SORA, SIGNATURE_GOOD, 1, NULL},
	    {SORA, SIGNATURE_KEY_EXPIRED, 1, NULL},
	    {JPCERT, SIGNATURE_GOOD, 1, "another key"},
	    {JPCERT, SIGNATURE_KEY_EXPIRED, 1, "another key"},
	    {NULL, SIGNATURE_GOOD, 1, "another key"},
	    {POC, SIGNATURE_BAD, 1, "was changed"},
	    {POC, SIGNATURE_KEY_REVOKED, 1, "revoked"},
	    {POC, SIGNATURE_EXPIRED, 1, "cannot be believed"},
	    {POC, SIGNATURE_WEAK, 1, "cannot be believed"},
	    {POC, SIGNATURE_FUTURE, 1, "cannot be believed"},
	    {NULL, SIGNATURE_NO_KEY, 1, "not known here"},
	    {POC, SIGNATURE_GOOD, 2, "more than one"},
	    {POC, SIGNATURE_GOOD, 0, "no signature"},
	};
	struct vendor *v = *state;
	const struct checkpoint is = some(12);
	char *text = checkpoint_text(v, v->s.address, &is);

	v->s.retired = retired;
	v->s.nretired = 1;
	vendor_worker(v);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct checkpoint c = {0};

		assert_int_equal(ask(v, "block", &c), 1);
		assert_true(opened(
		    v, text, rows[i].primary, rows[i].status, rows[i].n));
		assert_int_equal(
		    ask(v, "block", &c), rows[i].why == NULL ? 0 : -1);
		if (rows[i].why == NULL) {
			assert_int_equal(c.head.lines, 12);
			assert_int_equal(c.at, is.at);
			assert_memory_equal(
			    c.head.link, is.head.link, sizeof(c.head.link));
		} else if (strstr(v->w->err.text, rows[i].why) == NULL) {
			fail_msg("%zu: %s", i, v->w->err.text);
		}
	}
}

/* Exactly the lines that we write, and nothing beside them. */
static void
test_what_is_a_checkpoint(void **state)
{
	struct vendor *v = *state;
	const struct checkpoint is = some(12), none = some(0);
	char *text = checkpoint_text(v, v->s.address, &is);
	char *upper = talloc_strdup(v, text);
	const char *rows[] = {
	    "",
	    "a word of ours\n",
	    talloc_asprintf(v, "%smore\n", text),
	    talloc_asprintf(v, "more\n%s", text),
	    talloc_strndup(v, text, strlen(text) - 2),
	    checkpoint_text(v, v->s.address, &none),
	    upper,
	};

	strstr(upper, "head: ")[7] = 'A';
	vendor_worker(v);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct checkpoint c = {0};

		assert_int_equal(ask(v, "block", &c), 1);
		assert_true(opened(v, rows[i], POC, SIGNATURE_GOOD, 1));
		assert_int_equal(ask(v, "block", &c), -1);
		assert_non_null(strstr(v->w->err.text, "no checkpoint"));
	}
}

static void
test_asked_and_answered(void **state)
{
	struct vendor *v = *state;
	const struct checkpoint one = some(1), two = some(2);
	struct checkpoint c = {0};
	char *block = NULL;

	/* No vault is idle. */
	assert_int_equal(checkpoint_sign(v->e, v, &one, &block, &v->w->err), 1);
	assert_int_equal(v->e->errands[ERRAND_SIGN].state, ERRAND_NONE);
	vendor_worker(v);
	assert_int_equal(checkpoint_sign(v->e, v, &one, &block, &v->w->err), 1);
	/* What was signed is given for that alone. */
	assert_true(vendor_signs(v));
	assert_int_equal(checkpoint_sign(v->e, v, &two, &block, &v->w->err), 1);
	assert_true(vendor_signs(v));
	assert_int_equal(checkpoint_sign(v->e, v, &two, &block, &v->w->err), 0);
	assert_string_equal(block, "-----SIGNED-----\n");
	/* The vault dies; the answer of another job is none. */
	assert_int_equal(ask(v, "a", &c), 1);
	checkpoint_lost(v->e->workers[0].task);
	assert_int_equal(ask(v, "a", &c), -1);
	assert_int_equal(v->w->err.fault, FAULT_RETRY);
	assert_int_equal(ask(v, "a", &c), 1);
	assert_true(vendor_signs(v));
	assert_int_equal(ask(v, "a", &c), -1);
	assert_int_equal(v->w->err.fault, FAULT_RETRY);
}

/* Letters are opened by whatever vault is idle: one is left for the head. */
static void
test_a_flood_leaves_a_vault(void **state)
{
	struct vendor *v = *state;
	struct engine *e = v->e;
	char *block = NULL;

	assert_false(checkpoint_waits(e));
	e->morning = some(7);
	e->morning.at = clock_now();
	assert_true(checkpoint_waits(e));
	assert_false(stop_open(e));
	vendor_worker(v);
	assert_int_equal(
	    checkpoint_sign(e, v, &e->morning, &block, &v->w->err), 1);
	assert_false(checkpoint_waits(e));
	/* Whatever comes of it, letters do not wait for ever. */
	e->errands[ERRAND_SIGN].state = ERRAND_NONE;
	e->morning.at = clock_now() - 61;
	assert_false(checkpoint_waits(e));
	e->morning.at = clock_now() + 3600;
	assert_false(checkpoint_waits(e));
}

int
main(void)
{
#define TEST(f)                                                                \
	cmocka_unit_test_setup_teardown(f, vendor_setup, vendor_teardown)
	static const struct CMUnitTest tests[] = {
	    TEST(test_who_is_believed),
	    TEST(test_what_is_a_checkpoint),
	    TEST(test_asked_and_answered),
	    TEST(test_a_flood_leaves_a_vault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
