/*
 * test_vault_room.c - the room as a whole: set-up and what it says of keys,
 * the passphrase of the POC key, key blocks, frames that are malformed.
 */
#include "vault_world.h"

static const char script[] =
    "key poc never; key retired 1y; key recovery never; key alice never\n"
    "key eve never; key rev never; key old 1y\n"
    "echo cert-digest-algo SHA1 >>w/gpg.conf; key aged never\n"
    "sed -i '$d' w/gpg.conf\n"
    "g --faked-system-time $T --quick-gen-key 'signs <s@test.example>' \\\n"
    "    ed25519 cert,sign never\n"
    "g --with-colons --list-keys '<s@test.example>' |\n"
    "    sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' >k/signs\n"
    "sed 's/^:---/---/' w/openpgp-revocs.d/$(k rev).rev | g --import\n"
    "for n in alice eve signs; do g --export $(k $n) >k/$n.gpg; done\n"
    "g --armor --export $(k alice) $(k eve) >k/both.asc\n"
    "g --armor --export-secret-keys $(k eve) >k/secret.asc\n"
    "g -r $(k poc) -u $(k alice) -se -o m/pinned <in\n"
    "g --faked-system-time 20240601T000000 -r $(k retired) -e \\\n"
    "    -o m/retired <in\n"
    "mkdir -m 700 w2; cp w/gpg.conf w/gpg-agent.conf w2\n"
    "GNUPGHOME=\"$D/w2\"\n"
    "P=correct; key locked never\n"
    "g -r $(k locked) -u $(k locked) -se -o m/locked <in\n"
    "g --export $(k locked) >k/locked.gpg\n"
    "g --import k/eve.gpg\n"
    "g --hidden-recipient $(k eve) -c -o m/password <in\n";

static struct world world;
static char *settings_home; /* how it looked before the first room */

static char *
listing(const struct world *w)
{
	char *command =
	    talloc_asprintf(NULL, "ls -lR --time-style=full-iso %s", w->home);
	char *text = talloc_zero_size(NULL, 65536);
	FILE *ls = popen(command, "r");

	assert_non_null(ls);
	assert_true(fread(text, 1, 65535, ls) > 0);
	pclose(ls);
	talloc_free(command);
	return text;
}

static int
group_setup(void **state)
{
	world_make(&world, script);
	settings_home = listing(&world);
	return 0;
}

static int
group_end(void **state)
{
	talloc_free(settings_home);
	world_end(&world);
	return 0;
}

static const struct vault_key *
key_of(const void *ctx, const struct vault_ready *ready, size_t i,
    const char *name)
{
	assert_true(i < ready->nkeys);
	assert_string_equal(
	    ready->keys[i].fingerprint, world_key(ctx, &world, name));
	return &ready->keys[i];
}

/* ---- set-up ---- */

static void
test_ready(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	const char *nowhere = "0123456789ABCDEF0123456789ABCDEF01234567";
	const char *retired[] = {world_key(ctx, &world, "retired")};
	const char *pinned[] = {world_key(ctx, &world, "alice"),
	    world_key(ctx, &world, "rev"), world_key(ctx, &world, "old"),
	    world_key(ctx, &world, "signs"), world_key(ctx, &world, "aged"),
	    nowhere};
	struct vault_ready *ready;
	char *now;

	setup.retired = retired;
	setup.nretired = 1;
	setup.recovery = world_key(ctx, &world, "recovery");
	setup.pinned = pinned;
	setup.npinned = COUNT_OF(pinned);
	ready = world_room(&world, ctx, &setup);
	assert_int_equal(ready->nkeys, 9);
	assert_int_equal(key_of(ctx, ready, 0, "poc")->problem, VAULT_KEY_FINE);
	assert_int_equal(ready->keys[0].can_sign, 1);
	assert_int_equal(ready->keys[0].can_encrypt, 1);
	assert_int_equal(ready->keys[0].expires, 0);
	assert_int_equal(ready->keys[0].nuids, 1);
	assert_string_equal(ready->keys[0].uids[0], "poc <poc@test.example>");
	/* Expired long ago, and yet it opens. */
	assert_int_equal(
	    key_of(ctx, ready, 1, "retired")->problem, VAULT_KEY_FINE);
	assert_int_equal(
	    key_of(ctx, ready, 2, "recovery")->problem, VAULT_KEY_FINE);
	assert_int_equal(
	    key_of(ctx, ready, 3, "alice")->problem, VAULT_KEY_FINE);
	assert_int_equal(
	    key_of(ctx, ready, 4, "rev")->problem, VAULT_KEY_REVOKED);
	assert_int_equal(
	    key_of(ctx, ready, 5, "old")->problem, VAULT_KEY_EXPIRED);
	assert_non_null(strstr(ready->keys[5].text, "2024-12-31"));
	assert_int_equal(
	    key_of(ctx, ready, 6, "signs")->problem, VAULT_KEY_NO_ENCRYPT);
	/* So old that it vouches for itself with SHA-1. */
	assert_int_equal(
	    key_of(ctx, ready, 7, "aged")->problem, VAULT_KEY_FINE);
	assert_int_equal(ready->keys[8].problem, VAULT_KEY_MISSING);
	assert_string_equal(ready->keys[8].fingerprint, nowhere);
	world_opens(&world, ctx, "m/pinned");
	world_opens(&world, ctx, "m/retired");
	world_leave(&world, 0);
	/* The GNUPGHOME of the settings was only read from. */
	now = listing(&world);
	assert_string_equal(now, settings_home);
	talloc_free(now);
	talloc_free(ctx);
}

/* A key of the home that is not configured is nobody's. */
static void
test_only_configured_keys(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_opened *o;

	world_room(&world, ctx, &setup);
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/retired"));
	assert_int_equal(o->outcome, LAYER_NO_SECRET_KEY);
	assert_int_equal(o->for_us, 0);
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/pinned"));
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->signatures[0].status, SIGNATURE_NO_KEY);
	assert_null(o->signatures[0].primary);
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
refused_setup(const void *ctx, const struct vault_setup *setup)
{
	struct frame answer;
	struct vault_failed *failed;

	world_room_fork(&world);
	answer = world_ask(&world, ctx, VAULT_SETUP, &vault_setup_wire, setup);
	failed = world_take(ctx, answer, VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_SETUP);
	assert_true(strlen(failed->text) > 10);
	world_leave(&world, 78);
}

static void
test_setup_refused(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_setup bad = setup;

	bad.home = talloc_asprintf(ctx, "%s/m", world.dir);
	refused_setup(ctx, &bad);
	bad = setup;
	bad.work_dir = talloc_asprintf(ctx, "%s/missing", world.dir);
	refused_setup(ctx, &bad);
	assert_int_equal(chmod(world.work, 0755), 0);
	refused_setup(ctx, &setup);
	assert_int_equal(chmod(world.work, 0700), 0);
	/* 108 bytes are all that a socket's path may have. */
	bad.work_dir = talloc_asprintf(ctx, "%s/v/%0100d", world.dir, 0);
	refused_setup(ctx, &bad);
	/* Another frame first. */
	world_room_fork(&world);
	assert_int_equal(channel_send(world.ch, VAULT_KEYS, &vault_blob_wire,
			     &(struct vault_blob){BYTES_NONE}, NULL),
	    0);
	world_leave(&world, 75);
	talloc_free(ctx);
}

static void
test_stale_home(void **state)
{
	void *ctx = talloc_new(NULL);
	struct world other;
	struct vault_setup setup = world_setup(ctx, &world);
	char *command = talloc_asprintf(ctx,
	    "mkdir -m 700 %s/vABCDEF && "
	    "touch %s/vABCDEF/secret",
	    world.work, world.work);

	/* Left by a room that was killed. */
	assert_int_equal(system(command), 0);
	world_room(&world, ctx, &setup);
	command = talloc_asprintf(ctx, "%s/vABCDEF", world.work);
	assert_int_equal(access(command, F_OK), -1);
	/* That of a living one stays, as with several workers. */
	other = world;
	world_room(&other, ctx, &setup);
	world_opens(&world, ctx, "m/pinned");
	assert_int_equal(world_room_end(&other), 0);
	world_opens(&world, ctx, "m/pinned");
	world_leave(&world, 0);
	talloc_free(ctx);
}

/* ---- the passphrase of the POC key ---- */

static void
test_passphrase(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_opened *o;

	setup.home = talloc_asprintf(ctx, "%s/w2", world.dir);
	setup.poc = world_key(ctx, &world, "locked");
	setup.passphrase = bytes_str("correct");
	assert_int_equal(
	    world_room(&world, ctx, &setup)->keys[0].problem, VAULT_KEY_FINE);
	world_opens(&world, ctx, "m/locked");
	world_opens(&world, ctx, "m/locked");
	/* Locked by the very same words, but not one of our keys. */
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/password"));
	assert_int_equal(o->outcome, LAYER_SYMMETRIC);
	assert_int_equal(o->plain.len, 0);
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
check_locked(struct bytes passphrase)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_ready *ready;
	struct vault_opened *o;

	setup.home = talloc_asprintf(ctx, "%s/w2", world.dir);
	setup.poc = world_key(ctx, &world, "locked");
	setup.passphrase = passphrase;
	ready = world_room(&world, ctx, &setup);
	assert_int_equal(ready->keys[0].problem, VAULT_KEY_NO_SECRET);
	assert_non_null(strstr(ready->keys[0].text, "passphrase"));
	assert_int_equal(ready->keys[0].can_sign, 0);
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/locked"));
	assert_int_equal(o->outcome, LAYER_NO_SECRET_KEY);
	assert_int_equal(o->for_us, 1);
	assert_int_equal(o->plain.len, 0);
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
test_wrong_passphrase(void **state)
{
	check_locked(bytes_str("incorrect"));
	check_locked(BYTES_NONE);
}

/* ---- key blocks ---- */

static struct vault_keys *
keys_seen(const void *ctx, struct bytes data)
{
	struct vault_blob blob = {data};

	return world_take(ctx,
	    world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob),
	    VAULT_KEYS_SEEN, &vault_keys_wire);
}

static void
keys_refused(const void *ctx, struct bytes data)
{
	struct vault_blob blob = {data};
	struct vault_failed *failed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob),
	    VAULT_FAILED, &vault_failed_wire);

	assert_int_equal(failed->reason, VAULT_FAIL_INPUT);
}

static void
test_keys(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_keys *keys;
	uint8_t *large = talloc_zero_size(ctx, 70000);
	struct bytes eve;

	world_room(&world, ctx, &setup);
	eve = world_file(ctx, &world, "k/eve.gpg");
	keys = keys_seen(ctx, eve);
	assert_int_equal(keys->nkeys, 1);
	assert_string_equal(
	    keys->keys[0].fingerprint, world_key(ctx, &world, "eve"));
	assert_int_equal(keys->keys[0].can_encrypt, 1);
	assert_string_equal(keys->keys[0].uids[0], "eve <eve@test.example>");
	keys = keys_seen(ctx, world_file(ctx, &world, "k/signs.gpg"));
	assert_int_equal(keys->nkeys, 1);
	assert_int_equal(keys->keys[0].can_encrypt, 0);
	assert_int_equal(
	    keys_seen(ctx, world_file(ctx, &world, "k/both.asc"))->nkeys, 2);
	keys_refused(ctx, world_file(ctx, &world, "k/secret.asc"));
	keys_refused(ctx, world_file(ctx, &world, "m/pinned"));
	keys_refused(ctx, bytes_str("no key"));
	keys_refused(ctx, BYTES_NONE);
	keys_refused(ctx, bytes_span(eve, 0, eve.len - 10));
	memcpy(large, eve.data, eve.len);
	keys_refused(ctx, bytes_of(large, 70000));
	/* None of them came into the ring. */
	assert_int_equal(
	    world_decrypt(&world, ctx, world_file(ctx, &world, "m/pinned"))
		->signatures[0]
		.status,
	    SIGNATURE_NO_KEY);
	world_leave(&world, 0);
	talloc_free(ctx);
}

static void
failed_input(const void *ctx, uint32_t type, struct bytes payload)
{
	struct vault_failed *failed;

	assert_int_equal(channel_send_bytes(world.ch, type, payload, NULL), 0);
	failed = world_take(
	    ctx, world_answer(&world, ctx), VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_INPUT);
}

static void
test_malformed_frames(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = world_setup(ctx, &world);
	struct vault_open_job job = {.kind = 77};
	struct vault_failed *failed;

	world_room(&world, ctx, &setup);
	failed_input(ctx, VAULT_OPEN, bytes_str("soup"));
	failed_input(ctx, VAULT_KEYS, BYTES_NONE);
	failed_input(ctx, VAULT_SETUP, BYTES_NONE);
	failed_input(ctx, 4711, BYTES_NONE);
	failed = world_take(ctx,
	    world_ask(&world, ctx, VAULT_OPEN, &vault_open_job_wire, &job),
	    VAULT_FAILED, &vault_failed_wire);
	assert_int_equal(failed->reason, VAULT_FAIL_INPUT);
	world_opens(&world, ctx, "m/pinned");
	world_leave(&world, 0);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ready),
	    cmocka_unit_test(test_only_configured_keys),
	    cmocka_unit_test(test_setup_refused),
	    cmocka_unit_test(test_stale_home),
	    cmocka_unit_test(test_passphrase),
	    cmocka_unit_test(test_wrong_passphrase),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_malformed_frames),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
