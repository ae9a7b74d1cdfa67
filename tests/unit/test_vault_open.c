/*
 * test_vault_open.c - messages opened by a real room with real gpg: for each
 * kind what comes out, and what is said of its signatures.
 */
#include "vault_world.h"

static const char script[] =
    "key poc never; key alice never; key bob never; key eve never\n"
    "key rev never; key old 1y\n"
    "g --faked-system-time $T --quick-add-key $(k bob) ed25519 sign never\n"
    "e() { o=$1; shift; g -r $(k poc) \"$@\" -o m/$o; }\n"
    "e unsigned -e <in\n"
    "e pinned -u $(k alice) -se <in\n"
    "e armored --armor -u $(k alice) -se <in\n"
    "e subkey -u $(k bob) -se <in\n"
    "e unknown -u $(k eve) -se <in\n"
    "e two -u $(k alice) -u $(k bob) -se <in\n"
    "e mixed -u $(k alice) -u $(k eve) -se <in\n"
    "g -u $(k alice) -s -z0 <in >t\n"
    "sed s/heap/help/ <t >m/signed-bad\n"
    "e bad --no-literal -e <m/signed-bad\n"
    "perl -0777 -pe 's/\\x88(.)\\x04\\x00/\\x88$1\\x06\\x00/s' <t >t2\n"
    "! cmp -s t t2\n"
    "e version-6 --no-literal -e <t2\n"
    "g --faked-system-time 20240601T000000 -u $(k alice) \\\n"
    "    --default-sig-expire 1d -s <in >t\n"
    "e expired-sig --no-literal -e <t\n"
    "cp t m/signed-expired\n"
    "e expired-key --faked-system-time 20240601T000000 -u $(k old) -se <in\n"
    "e revoked -u $(k rev) -se <in\n"
    "sed 's/^:---/---/' w/openpgp-revocs.d/$(k rev).rev | g --import\n"
    "e sha1 -u $(k alice) --digest-algo SHA1 -se <in\n"
    "e future --faked-system-time 20380101T000000 -u $(k alice) -se <in\n"
    "g -c --passphrase x -o m/symmetric <in\n"
    "e with-password -c -e --passphrase x <in\n"
    "g -r $(k eve) -r $(k bob) -e -o m/others <in\n"
    "g --hidden-recipient $(k poc) -e -o m/hidden <in\n"
    "e nested --armor -e <m/armored\n"
    "g -u $(k alice) --armor -s -o m/signed <in\n"
    "g -u $(k alice) -b -o m/detached <in\n"
    "head -c 40000000 /dev/zero | e bomb -e -z9\n"
    "e compressed-text -e -z9 <in\n"
    "g --store -o m/literal <in\n";

static struct world world;

static int
group_setup(void **state)
{
	static const char *const pinned[] = {
	    "alice", "bob", "rev", "old", NULL};

	world_begin(&world, script, pinned, NULL);
	return 0;
}

static int
group_end(void **state)
{
	assert_int_equal(world_room_end(&world), 0);
	world_end(&world);
	return 0;
}

/* ---- decrypted as a whole, and who signed ---- */

struct row {
	const char *message;
	size_t nsignatures;
	struct {
		enum signature_status status;
		const char *by; /* NULL: no key of the ring */
	} signatures[2];
};

static const struct row rows[] = {
    {"pinned", 1, {{SIGNATURE_GOOD, "alice"}}},
    {"armored", 1, {{SIGNATURE_GOOD, "alice"}}},
    {"subkey", 1, {{SIGNATURE_GOOD, "bob"}}},
    {"unsigned", 0, {{0, NULL}}},
    {"compressed-text", 0, {{0, NULL}}},
    {"unknown", 1, {{SIGNATURE_NO_KEY, NULL}}},
    {"two", 2, {{SIGNATURE_GOOD, "alice"}, {SIGNATURE_GOOD, "bob"}}},
    {"mixed", 2, {{SIGNATURE_GOOD, "alice"}, {SIGNATURE_NO_KEY, NULL}}},
    {"expired-sig", 1, {{SIGNATURE_EXPIRED, "alice"}}},
    {"expired-key", 1, {{SIGNATURE_KEY_EXPIRED, "old"}}},
    {"revoked", 1, {{SIGNATURE_KEY_REVOKED, "rev"}}},
    {"sha1", 1, {{SIGNATURE_WEAK, "alice"}}},
    {"future", 1, {{SIGNATURE_FUTURE, "alice"}}},
    {"with-password", 0, {{0, NULL}}},
    {"hidden", 0, {{0, NULL}}},
    {"signed", 1, {{SIGNATURE_GOOD, "alice"}}},
    {"signed-expired", 1, {{SIGNATURE_EXPIRED, "alice"}}},
};

static void
check_row(const struct row *row)
{
	void *ctx = talloc_new(NULL);
	char *name = talloc_asprintf(ctx, "m/%s", row->message);
	struct vault_opened *o =
	    world_decrypt(&world, ctx, world_file(ctx, &world, name));

	if (o->outcome != LAYER_OPEN || o->nsignatures != row->nsignatures)
		fail_msg("%s: %s (%s), %zu signatures", row->message,
		    layer_outcome_name(o->outcome),
		    o->note != NULL ? o->note : "-", o->nsignatures);
	assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
	for (size_t i = 0; i < row->nsignatures; i++) {
		const char *by = row->signatures[i].by;

		if (!world_signed(o, row->signatures[i].status,
			by != NULL ? world_key(ctx, &world, by) : NULL))
			fail_msg("%s: signature is %s by %s", row->message,
			    signature_status_name(o->signatures[i].status),
			    o->signatures[i].primary != NULL
				? o->signatures[i].primary
				: "nobody");
	}
	talloc_free(ctx);
}

static void
test_signers(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++)
		check_row(&rows[i]);
}

static void
check_bad(const char *message)
{
	void *ctx = talloc_new(NULL);
	struct vault_opened *o =
	    world_decrypt(&world, ctx, world_file(ctx, &world, message));

	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(
	    bytes_equal(o->plain, bytes_str("a help overflow in XYZ-100\n")));
	assert_int_equal(o->nsignatures, 1);
	assert_int_equal(o->signatures[0].status, SIGNATURE_BAD);
	/* Told by a key id alone, but the one key that has it is ours. */
	assert_string_equal(
	    o->signatures[0].primary, world_key(ctx, &world, "alice"));
	talloc_free(ctx);
}

static void
test_bad_is_readable(void **state)
{
	check_bad("m/bad");
	check_bad("m/signed-bad");
}

static void
test_claim_and_time(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_opened *o =
	    world_decrypt(&world, ctx, world_file(ctx, &world, "m/unknown"));

	assert_string_equal(
	    o->signatures[0].claimed, world_key(ctx, &world, "eve"));
	assert_true(llabs(o->signatures[0].made - clock_now()) < 120);
	assert_int_equal(o->for_us, 1);
	talloc_free(ctx);
}

/* ---- not opened ---- */

/* Nothing of a layer that did not open may come out of the room. */
static struct vault_opened *
closed(const void *ctx, struct bytes data, uint32_t outcome)
{
	struct vault_opened *o = world_decrypt(&world, ctx, data);

	if (o->outcome != outcome)
		fail_msg("%s (%s) instead of %s",
		    layer_outcome_name(o->outcome),
		    o->note != NULL ? o->note : "-",
		    layer_outcome_name(outcome));
	assert_int_equal(o->plain.len, 0);
	assert_int_equal(o->nsignatures, 0);
	return o;
}

/* The session-key packet that gpg puts first: old format, one length byte. */
static struct bytes
first_packet(struct bytes message)
{
	assert_int_equal(message.data[0], 0x84);
	return bytes_span(message, 0, (size_t)message.data[1] + 2);
}

/* The encrypted packet behind it: new format; its body. */
static struct bytes
container_body(struct bytes message)
{
	size_t at = first_packet(message).len;

	assert_int_equal(message.data[at], 0xd2);
	assert_true(message.data[at + 1] < 192);
	return bytes_span(message, at + 2, message.len - at - 2);
}

static void
test_integrity(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/unsigned");
	struct bytes pinned = world_file(ctx, &world, "m/pinned");
	struct bytes body = container_body(good);
	uint8_t head[2] = {0xc9, (uint8_t)(body.len - 1)};
	struct bytes old;

	/* gpg hands the text out, and calls the signature good (!). */
	closed(
	    ctx, world_flipped(ctx, pinned, pinned.len - 1), LAYER_INTEGRITY);
	closed(ctx, world_flipped(ctx, good, good.len - 1), LAYER_INTEGRITY);
	/* The same bytes as a packet without integrity protection. */
	old = world_joined(ctx, first_packet(good), bytes_of(head, 2));
	old = world_joined(ctx, old, bytes_span(body, 1, body.len - 1));
	assert_int_equal(closed(ctx, old, LAYER_NO_MDC)->for_us, 1);
	talloc_free(ctx);
}

static void
test_damaged(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/unsigned");
	struct bytes armored = world_file(ctx, &world, "m/armored");

	closed(ctx, bytes_span(good, 0, good.len - 20), LAYER_MALFORMED);
	closed(ctx, bytes_span(good, 0, 50), LAYER_MALFORMED);
	closed(ctx, first_packet(good), LAYER_MALFORMED);
	closed(ctx, bytes_span(armored, 0, armored.len - 100), LAYER_MALFORMED);
	closed(ctx, world_joined(ctx, good, good), LAYER_MALFORMED);
	closed(ctx, world_joined(ctx, armored, armored), LAYER_MALFORMED);
	closed(ctx, bytes_str(WORLD_REPORT), LAYER_MALFORMED);
	closed(ctx, BYTES_NONE, LAYER_MALFORMED);
	closed(ctx, world_file(ctx, &world, "m/literal"), LAYER_MALFORMED);
	closed(ctx, world_file(ctx, &world, "m/detached"), LAYER_MALFORMED);
	/* A key in the middle of the text is damaged as well. */
	closed(ctx, world_flipped(ctx, good, 20), LAYER_MALFORMED);
	talloc_free(ctx);
}

static void
test_for_others(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes others = world_file(ctx, &world, "m/others");
	struct vault_opened *o = closed(ctx, others, LAYER_NO_SECRET_KEY);

	assert_int_equal(o->nrecipients, 2);
	assert_int_equal(strlen(o->recipients[0]), 16);
	assert_int_equal(o->for_us, 0);
	o = closed(
	    ctx, world_file(ctx, &world, "m/symmetric"), LAYER_SYMMETRIC);
	assert_int_equal(o->for_us, 0);
	assert_int_equal(o->nrecipients, 0);
	/* Made for us by its key id, though not by its session key. */
	o = world_decrypt(&world, ctx, world_file(ctx, &world, "m/unsigned"));
	assert_int_equal(o->nrecipients, 1);
	assert_int_equal(o->for_us, 1);
	talloc_free(ctx);
}

static void
test_hidden_for_others(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes others = world_file(ctx, &world, "m/others");
	struct bytes one = bytes_copy(ctx, others);

	memset((uint8_t *)(uintptr_t)one.data + 3, 0, 8);
	assert_int_equal(closed(ctx, one, LAYER_NO_SECRET_KEY)->for_us, 0);
	talloc_free(ctx);
}

/* RFC 9580: session key packet 6, container 2. */
static void
test_unsupported(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/unsigned");
	struct bytes first = first_packet(good);
	uint8_t pkesk[40] = {0x84, 38, 6, 33, 6};
	struct bytes message = bytes_copy(ctx, good);

	((uint8_t *)(uintptr_t)message.data)[first.len + 2] = 2;
	assert_non_null(closed(ctx, message, LAYER_UNSUPPORTED)->note);
	message = world_joined(ctx, bytes_of(pkesk, sizeof(pkesk)),
	    bytes_span(good, first.len, good.len - first.len));
	assert_non_null(closed(ctx, message, LAYER_UNSUPPORTED)->note);
	message = world_joined(ctx, bytes_of(pkesk, sizeof(pkesk)), good);
	assert_int_equal(closed(ctx, message, LAYER_UNSUPPORTED)->for_us, 1);
	/* A signature of version 6 inside. */
	message = world_file(ctx, &world, "m/version-6");
	assert_non_null(closed(ctx, message, LAYER_UNSUPPORTED)->note);
	talloc_free(ctx);
}

static struct bytes
flood(const void *ctx, struct bytes message, size_t copies, const char *id)
{
	struct bytes first = bytes_copy(ctx, first_packet(message));

	if (id != NULL)
		memcpy((uint8_t *)(uintptr_t)first.data + 3, id, 8);
	for (size_t i = 0; i < copies; i++)
		message = world_joined(ctx, first, message);
	return message;
}

/* Session keys of ten bytes each: looking at all would take its time. */
static struct bytes
tiny_packets(const void *ctx, size_t len)
{
	static const uint8_t one[12] = {0xc1, 10, 3, 1, 2, 3, 4, 5, 6, 7, 8, 1};
	uint8_t *all = talloc_size(ctx, len);

	for (size_t i = 0; i < len; i++)
		all[i] = i % sizeof(one) == 10 ? (uint8_t)(i / sizeof(one))
					       : one[i % sizeof(one)];
	return bytes_of(all, len);
}

static void
test_floods(void **state)
{
	static const char hidden[8];
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/unsigned");
	int64_t start = clock_monotonic_ms();

	closed(ctx, flood(ctx, good, 200, "stranger"), LAYER_TOO_MANY_KEYS);
	closed(ctx, flood(ctx, good, 5, hidden), LAYER_TOO_MANY_KEYS);
	closed(ctx, flood(ctx, good, 4, NULL), LAYER_TOO_MANY_KEYS);
	closed(ctx, tiny_packets(ctx, 30000000), LAYER_TOO_MANY_KEYS);
	assert_true(clock_monotonic_ms() - start < 2000);
	/* Below the limits it is opened. */
	assert_int_equal(
	    world_decrypt(&world, ctx, flood(ctx, good, 99, "stranger"))
		->outcome,
	    LAYER_OPEN);
	talloc_free(ctx);
}

static void
test_bomb(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes bomb = world_file(ctx, &world, "m/bomb");
	int64_t start = clock_monotonic_ms();

	assert_true(bomb.len < 100000);
	assert_int_equal(closed(ctx, bomb, LAYER_TOO_BIG)->for_us, 1);
	assert_true(clock_monotonic_ms() - start < 5000);
	/* gpg would drain it to its end. */
	assert_true(world_settles(&world, "/v/", 1));
	talloc_free(ctx);
}

static void
test_nested(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_opened *o =
	    world_decrypt(&world, ctx, world_file(ctx, &world, "m/nested"));

	/* The outer layer is not signed by whoever signed the inner one. */
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->nsignatures, 0);
	assert_true(
	    bytes_equal(o->plain, world_file(ctx, &world, "m/armored")));
	o = world_decrypt(&world, ctx, o->plain);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	talloc_free(ctx);
}

static void
test_text_around(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes armored = world_file(ctx, &world, "m/armored");
	struct bytes all =
	    world_joined(ctx, bytes_str("Dear desk,\n\n"), armored);
	struct vault_opened *o;

	all = world_joined(ctx, all, bytes_str("\nPS: not signed\n"));
	o = world_decrypt(&world, ctx, all);
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signers),
	    cmocka_unit_test(test_bad_is_readable),
	    cmocka_unit_test(test_claim_and_time),
	    cmocka_unit_test(test_integrity),
	    cmocka_unit_test(test_damaged),
	    cmocka_unit_test(test_for_others),
	    cmocka_unit_test(test_hidden_for_others),
	    cmocka_unit_test(test_unsupported),
	    cmocka_unit_test(test_floods),
	    cmocka_unit_test(test_bomb),
	    cmocka_unit_test(test_nested),
	    cmocka_unit_test(test_text_around),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
