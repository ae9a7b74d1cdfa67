/*
 * test_vault_verify.c - what is signed and not encrypted, verified by a real
 * room with real gpg; and the second pass, with a key that came with a letter.
 */
#include "vault_world.h"

#include "../../daemon/vault/vault_internal.h"

static const char script[] =
    "key poc never; key alice never; key eve never\n"
    "for n in alice eve; do g --armor --export $(k $n) >k/$n.asc; done\n"
    "g --armor --export $(k eve) $(k alice) >k/both.asc\n"
    "e() { o=$1; shift; g -r $(k poc) \"$@\" -o m/$o; }\n"
    "e unknown -u $(k eve) -se <in\n"
    "e mixed -u $(k alice) -u $(k eve) -se <in\n"
    "g -u $(k eve) -s -o m/signed-unknown <in\n"
    "g -u $(k alice) --clear-sign -o m/clear <in\n"
    "g -u $(k eve) --clear-sign -o m/clear-unknown <in\n"
    "g -u $(k alice) -b -o m/detached <in\n"
    "g -u $(k eve) --armor -b -o m/detached-unknown <in\n"
    "g -u $(k alice) --armor -b <in | sed s/SIGNATURE/MESSAGE/"
    " >m/detached-message\n"
    "g -u $(k alice) --armor -s -o m/whole-armored <in\n"
    "g -u $(k alice) -s -o m/whole <in\n";

static struct world world;

static int
group_setup(void **state)
{
	static const char *const pinned[] = {"alice", NULL};

	world_begin(&world, script, pinned, NULL);
	return 0;
}

static int
group_end(void **state)
{
	world_leave(&world, 0);
	world_end(&world);
	return 0;
}

static struct vault_opened *
verified(const void *ctx, uint32_t kind, struct bytes data,
    struct bytes signature, struct bytes bound)
{
	struct vault_open_job job = {.kind = kind,
	    .data = data,
	    .signature = signature,
	    .bound_key = bound};

	return world_open(&world, ctx, &job);
}

static void
test_detached(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes sig = world_file(ctx, &world, "m/detached");
	struct vault_opened *o = verified(ctx, VAULT_VERIFY_DETACHED,
	    bytes_str(WORLD_REPORT), sig, BYTES_NONE);

	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->nsignatures, 1);
	assert_int_equal(o->plain.len, 0);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	o = verified(
	    ctx, VAULT_VERIFY_DETACHED, bytes_str("other\n"), sig, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->signatures[0].status, SIGNATURE_BAD);
	o = verified(ctx, VAULT_VERIFY_DETACHED, BYTES_NONE, sig, BYTES_NONE);
	assert_int_equal(o->signatures[0].status, SIGNATURE_BAD);
	/* aerc 0.14 labels it so. */
	sig = world_file(ctx, &world, "m/detached-message");
	o = verified(ctx, VAULT_VERIFY_DETACHED, bytes_str(WORLD_REPORT), sig,
	    BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	talloc_free(ctx);
}

static void
test_no_detached_signature(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes sig = world_file(ctx, &world, "m/detached");
	struct bytes whole = world_file(ctx, &world, "m/whole");
	struct bytes armored = world_file(ctx, &world, "m/whole-armored");
	struct bytes changed = bytes_copy(ctx, sig);
	struct vault_opened *o;

	/* A signed message of its own would verify over its own text. */
	o = verified(ctx, VAULT_VERIFY_DETACHED, bytes_str("other\n"), whole,
	    BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_MALFORMED);
	assert_int_equal(o->nsignatures, 0);
	o = verified(ctx, VAULT_VERIFY_DETACHED, bytes_str("other\n"), armored,
	    BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_MALFORMED);
	o = verified(ctx, VAULT_VERIFY_DETACHED, bytes_str(WORLD_REPORT),
	    bytes_str("no signature"), BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_MALFORMED);
	/* An algorithm that gpg 2.2 does not know, then a version. */
	((uint8_t *)(uintptr_t)changed.data)[4] = 27;
	o = verified(ctx, VAULT_VERIFY_DETACHED, bytes_str(WORLD_REPORT),
	    changed, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->signatures[0].status, SIGNATURE_UNSUPPORTED);
	((uint8_t *)(uintptr_t)changed.data)[2] = 6;
	o = verified(ctx, VAULT_VERIFY_DETACHED, bytes_str(WORLD_REPORT),
	    changed, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_UNSUPPORTED);
	assert_non_null(o->note);
	talloc_free(ctx);
}

static void
test_clearsigned(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes clear = world_file(ctx, &world, "m/clear");
	struct bytes around =
	    world_joined(ctx, bytes_str("forged above\n"), clear);
	struct vault_opened *o;
	ptrdiff_t at = bytes_find(clear, bytes_str("heap"));

	around = world_joined(ctx, around, bytes_str("forged below\n"));
	o = verified(ctx, VAULT_VERIFY_CLEAR, around, BYTES_NONE, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_OPEN);
	/* Nothing but what is signed. */
	assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	assert_true(at > 0);
	o = verified(ctx, VAULT_VERIFY_CLEAR,
	    world_flipped(ctx, clear, (size_t)at), BYTES_NONE, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->signatures[0].status, SIGNATURE_BAD);
	o = verified(ctx, VAULT_VERIFY_CLEAR, world_joined(ctx, clear, clear),
	    BYTES_NONE, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_MALFORMED);
	o = verified(ctx, VAULT_VERIFY_CLEAR, bytes_str(WORLD_REPORT),
	    BYTES_NONE, BYTES_NONE);
	assert_int_equal(o->outcome, LAYER_MALFORMED);
	talloc_free(ctx);
}

/* ---- the second pass (RULES 10) ---- */

static void
check_bound(uint32_t kind, const char *data, const char *signature)
{
	void *ctx = talloc_new(NULL);
	struct bytes sig =
	    signature != NULL ? world_file(ctx, &world, signature) : BYTES_NONE;
	struct bytes in = world_file(ctx, &world, data);
	struct bytes eve = world_file(ctx, &world, "k/eve.asc");
	struct bytes alice = world_file(ctx, &world, "k/alice.asc");
	struct bytes both = world_file(ctx, &world, "k/both.asc");
	struct vault_opened *o = verified(ctx, kind, in, sig, eve);

	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->nsignatures, 1);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "eve")));
	if (kind != VAULT_VERIFY_DETACHED)
		assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
	/* Another key, more than one key, no key at all. */
	o = verified(ctx, kind, in, sig, alice);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	o = verified(ctx, kind, in, sig, both);
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	o = verified(ctx, kind, in, sig, bytes_str("no key"));
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	/* And it is forgotten again. */
	o = verified(ctx, kind, in, sig, BYTES_NONE);
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	talloc_free(ctx);
}

static void
test_bound_key(void **state)
{
	check_bound(VAULT_DECRYPT, "m/unknown", NULL);
	check_bound(VAULT_DECRYPT, "m/signed-unknown", NULL);
	check_bound(VAULT_VERIFY_CLEAR, "m/clear-unknown", NULL);
	check_bound(VAULT_VERIFY_DETACHED, "in", "m/detached-unknown");
}

/* Opened before: only whose the signature is, not the text once more. */
static void
test_signatures_only(void **state)
{
	static const struct {
		uint32_t kind;
		const char *file;
	} rows[] = {{VAULT_DECRYPT, "m/unknown"},
	    {VAULT_DECRYPT, "m/signed-unknown"},
	    {VAULT_VERIFY_CLEAR, "m/clear-unknown"}};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vault_open_job job = {.kind = rows[i].kind,
		    .data = world_file(ctx, &world, rows[i].file),
		    .bound_key = world_file(ctx, &world, "k/eve.asc"),
		    .signatures_only = 1};
		struct vault_opened *o = world_open(&world, ctx, &job);

		print_message("%s\n", rows[i].file);
		assert_int_equal(o->outcome, LAYER_OPEN);
		assert_true(world_signed(
		    o, SIGNATURE_GOOD, world_key(ctx, &world, "eve")));
		assert_int_equal(o->plain.len, 0);
		job.signatures_only = 0;
		o = world_open(&world, ctx, &job);
		assert_true(o->plain.len > 0);
	}
	talloc_free(ctx);
}

static void
test_bound_beside_pinned(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_opened *o =
	    verified(ctx, VAULT_DECRYPT, world_file(ctx, &world, "m/mixed"),
		BYTES_NONE, world_file(ctx, &world, "k/eve.asc"));

	assert_int_equal(o->nsignatures, 2);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "eve")));
	talloc_free(ctx);
}

/* Where it is looked at: nothing is fetched, nothing but its own signatures
 * is taken in, and no agent is started. */
static void
test_home_of_a_key_that_came_along(void **state)
{
	static const char *const lines[] = {"no-auto-key-retrieve\n",
	    "no-auto-key-locate\n", "no-auto-key-import\n", "disable-dirmngr\n",
	    "no-autostart\n", "import-options self-sigs-only\n"};
	void *ctx = talloc_new(NULL);
	struct vault_home home = {
	    .path = talloc_asprintf(ctx, "%s/h", world.dir)};
	struct error err = {0};
	struct bytes conf;
	char *path;

	assert_int_equal(mkdir(home.path, 0700), 0);
	assert_int_equal(
	    mkdir(talloc_asprintf(ctx, "%s/t", home.path), 0700), 0);
	path = home_throwaway(ctx, &home, &err);
	assert_non_null(path);
	conf = world_file(ctx, &world,
	    talloc_asprintf(ctx, "%s/gpg.conf", path + strlen(world.dir) + 1));
	for (size_t i = 0; i < COUNT_OF(lines); i++)
		if (bytes_find(conf, bytes_str(lines[i])) < 0)
			fail_msg("not there: %s", lines[i]);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_detached),
	    cmocka_unit_test(test_no_detached_signature),
	    cmocka_unit_test(test_clearsigned),
	    cmocka_unit_test(test_bound_key),
	    cmocka_unit_test(test_signatures_only),
	    cmocka_unit_test(test_bound_beside_pinned),
	    cmocka_unit_test(test_home_of_a_key_that_came_along),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
