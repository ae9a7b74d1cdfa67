/*
 * test_vault_attacks.c - messages and keys that mean harm, given to a real
 * room with real gpg: nothing of what is not whole comes out, nobody is said
 * to have signed who did not, and the next message opens at once.
 */
#include "vault_world.h"

#include <netinet/in.h>

/* $N: what a status line of gpg would look like; $PORT: where we listen. */
static const char script[] =
    "key poc never; key alice never; key bob never; key eve never\n"
    "N=\"$(printf 'x\\n[GNUPG:] GOODSIG 1234567890123456 alice\\n"
    "[GNUPG:] VALIDSIG %s 2024-01-01 1704067200 0 4 0 22 8 00 %s' \\\n"
    "    $(k alice) $(k alice))\"\n"
    "e() { o=$1; shift; g -r $(k poc) \"$@\" -o m/$o; }\n"
    "e good -e <in\n"
    "e flat -z0 -e <in\n"
    "e signed -u $(k alice) -z0 -se <in\n"
    /* The packets of two signatures stand behind the text. */
    "g -u $(k alice) -u $(k bob) -s -z0 <in >t\n"
    "perl -0777 -pe 's/(.)$/chr(ord($1)^1)/se' <t >t2\n"
    "! cmp -s t t2\n"
    "e good-and-bad --no-literal -e <t2\n"
    "g -u $(k alice) -u $(k bob) -b -o m/detached <in\n"
    "g -u $(k alice) -u $(k eve) -b -o m/detached-unknown <in\n"
    "e md5 -u $(k alice) --digest-algo MD5 -se <in\n"
    "e rmd160 -u $(k alice) --digest-algo RIPEMD160 -se <in\n"
    /* SigSpoof: a file name, a notation, a user id. */
    "e spoof-name --set-filename \"$N\" -e <in\n"
    "e spoof-name-unknown --set-filename \"$N\" -u $(k eve) -se <in\n"
    "e spoof-notation -u $(k eve) \\\n"
    "    --sig-notation \"n@t.example=[GNUPG:] GOODSIG 1234 alice\" -se <in\n"
    "g --faked-system-time $T --quick-add-uid $(k eve) \"$N\"\n"
    "g --armor --export $(k eve) >k/eve.asc\n"
    "g --export $(k eve) >k/eve.bin\n"
    "g --export $(k bob) >k/bob.bin\n"
    "e fetch -u $(k eve) --sig-keyserver-url \"hkp://127.0.0.1:$PORT\" \\\n"
    "    -se <in\n"
    /* Literal packets where one is expected. */
    "g --store -z0 <in >l1\n"
    "cat l1 l1 >l2; e two-texts --no-literal -e <l2\n"
    "g -u $(k alice) -s -z0 <in >s1\n"
    "cat s1 l1 >l3; e text-behind-signed --no-literal -e <l3\n"
    "cat l1 s1 >l4; e text-before-signed --no-literal -e <l4\n"
    "cat s1 s1 >l5; e signed-twice --no-literal -e <l5\n"
    "g --store -z0 <l1 >l6; e text-in-text --no-literal -e <l6\n"
    /* Bombs. */
    "head -c 60000000 /dev/zero | e bomb-zlib -z9 -e\n"
    "head -c 60000000 /dev/zero | e bomb-bzip2 --compress-algo bzip2 -e\n"
    "head -c 60000000 /dev/zero | g --store -z0 >t\n"
    "perl -0777 -MCompress::Raw::Zlib -e '$d = <STDIN>;\n"
    "    for (1 .. 3) { my $z = new Compress::Raw::Zlib::Deflate(\n"
    "        -WindowBits => -15, -AppendOutput => 1);\n"
    "      my $o = \"\"; $z->deflate($d, $o); $z->flush($o);\n"
    "      $d = \"\\xa3\\x01$o\"; } print $d' <t >t2\n"
    "e bomb-nested -z0 --no-literal -e <t2\n"
    "rm t t2\n";

static struct world world;
static int listener;

static int
group_setup(void **state)
{
	static const char *const pinned[] = {"alice", "bob", NULL};
	struct sockaddr_in sin = {.sin_family = AF_INET};
	socklen_t len = sizeof(sin);
	char port[16];

	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	listener =
	    socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	assert_int_equal(
	    bind(listener, (struct sockaddr *)&sin, sizeof(sin)), 0);
	assert_int_equal(listen(listener, 4), 0);
	assert_int_equal(
	    getsockname(listener, (struct sockaddr *)&sin, &len), 0);
	snprintf(port, sizeof(port), "%u", ntohs(sin.sin_port));
	assert_int_equal(setenv("PORT", port, 1), 0);
	world_begin(&world, script, pinned, NULL);
	return 0;
}

static int
group_end(void **state)
{
	world_leave(&world, 0);
	world_end(&world);
	close(listener);
	return 0;
}

static struct vault_opened *
opened(const void *ctx, const char *message)
{
	char *name = talloc_asprintf(ctx, "m/%s", message);

	return world_decrypt(&world, ctx, world_file(ctx, &world, name));
}

/* Not open, and then nothing of it is there. */
static void
assert_closed(const struct vault_opened *o, const char *what)
{
	if (o->outcome == LAYER_OPEN || o->plain.len != 0 ||
	    o->nsignatures != 0)
		fail_msg("%s: %s, %zu bytes, %zu signatures", what,
		    layer_outcome_name(o->outcome), o->plain.len,
		    o->nsignatures);
}

/* ---- what was changed on its way ---- */

/*
 * One bit anywhere in what is encrypted: no byte of it comes out, and nobody
 * signed it.  The session key before it is told apart by what it opens.
 */
static void
test_no_changed_message_opens(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/signed");
	size_t head = (size_t)good.data[1] + 2;

	assert_int_equal(good.data[0], 0x84);
	for (size_t at = 0; at < good.len; at += at < head ? 13 : 3) {
		void *one = talloc_new(ctx);
		char *what = talloc_asprintf(one, "byte %zu", at);
		struct vault_opened *o =
		    world_decrypt(&world, one, world_flipped(one, good, at));

		if (at >= head || o->outcome != LAYER_OPEN)
			assert_closed(o, what);
		else
			assert_true(
			    bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
		talloc_free(one);
	}
	talloc_free(ctx);
}

static void
test_no_cut_message_opens(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/signed");

	for (size_t cut = 1; cut < good.len; cut += 17) {
		void *one = talloc_new(ctx);
		char *what = talloc_asprintf(one, "%zu bytes less", cut);

		assert_closed(world_decrypt(&world, one,
				  bytes_span(good, 0, good.len - cut)),
		    what);
		talloc_free(one);
	}
	talloc_free(ctx);
}

/*
 * EFAIL: who knows a piece of the text can make another of it, here an image
 * that would carry the rest away.
 */
static void
test_gadget_does_not_open(void **state)
{
	static const char known[] = "a heap overflow";
	static const char wanted[] = "<img src=http:x";
	void *ctx = talloc_new(NULL);
	struct bytes flat = bytes_copy(ctx, world_file(ctx, &world, "m/flat"));
	uint8_t *data = (uint8_t *)(uintptr_t)flat.data;
	size_t at = (size_t)data[1] + 2; /* behind the session key */

	/* head 2, version 1, prefix 18, literal packet: 2 + 2 + 4 */
	assert_int_equal(data[at], 0xd2);
	at += 2 + 1 + 18 + 8;
	assert_true(at + sizeof(known) < flat.len - 22);
	for (size_t i = 0; i < sizeof(known) - 1; i++)
		data[at + i] ^= (uint8_t)(known[i] ^ wanted[i]);
	assert_int_equal(
	    world_decrypt(&world, ctx, flat)->outcome, LAYER_INTEGRITY);
	assert_closed(world_decrypt(&world, ctx, flat), "gadget");
	talloc_free(ctx);
}

/* What stands behind the encrypted data was not encrypted. */
static void
test_data_behind_it(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes good = world_file(ctx, &world, "m/good");
	struct bytes text = world_file(ctx, &world, "l1");
	struct bytes sig = world_file(ctx, &world, "m/detached");

	assert_closed(world_decrypt(&world, ctx, world_joined(ctx, good, text)),
	    "text behind");
	assert_closed(world_decrypt(&world, ctx, world_joined(ctx, text, good)),
	    "text before");
	assert_closed(world_decrypt(&world, ctx, world_joined(ctx, good, sig)),
	    "signature behind");
	talloc_free(ctx);
}

/* More than one text in one message: which was signed? */
static void
test_one_text_a_message(void **state)
{
	static const char *const messages[] = {"two-texts",
	    "text-behind-signed", "text-before-signed", "signed-twice"};
	void *ctx = talloc_new(NULL);
	struct vault_opened *o;

	for (size_t i = 0; i < COUNT_OF(messages); i++)
		assert_closed(opened(ctx, messages[i]), messages[i]);
	/* A packet as text is a text. */
	o = opened(ctx, "text-in-text");
	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(bytes_equal(o->plain, world_file(ctx, &world, "l1")));
	talloc_free(ctx);
}

/* ---- signatures ---- */

static void
test_good_beside_bad(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes both = world_file(ctx, &world, "m/detached");
	struct vault_open_job job = {.kind = VAULT_VERIFY_DETACHED,
	    .data = bytes_str(WORLD_REPORT),
	    .signature = both};
	struct vault_opened *o = opened(ctx, "good-and-bad");

	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_int_equal(o->nsignatures, 2);
	assert_int_equal((o->signatures[0].status == SIGNATURE_GOOD) +
			     (o->signatures[1].status == SIGNATURE_GOOD),
	    1);
	assert_int_equal((o->signatures[0].status == SIGNATURE_BAD) +
			     (o->signatures[1].status == SIGNATURE_BAD),
	    1);
	o = world_open(&world, ctx, &job);
	assert_int_equal(o->nsignatures, 2);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "bob")));
	job.signature = world_flipped(ctx, both, both.len - 1);
	o = world_open(&world, ctx, &job);
	assert_int_equal(o->nsignatures, 2);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")) !=
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "bob")));
	job.data = bytes_str("other words\n");
	o = world_open(&world, ctx, &job);
	assert_false(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	assert_false(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "bob")));
	job.data = bytes_str(WORLD_REPORT);
	job.signature = world_file(ctx, &world, "m/detached-unknown");
	o = world_open(&world, ctx, &job);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "alice")));
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	talloc_free(ctx);
}

static void
test_broken_digests(void **state)
{
	static const char *const messages[] = {"md5", "rmd160"};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < COUNT_OF(messages); i++) {
		struct vault_opened *o = opened(ctx, messages[i]);

		assert_int_equal(o->outcome, LAYER_OPEN);
		assert_int_equal(o->nsignatures, 1);
		if (o->signatures[0].status != SIGNATURE_WEAK)
			fail_msg("%s: %s", messages[i],
			    signature_status_name(o->signatures[0].status));
	}
	talloc_free(ctx);
}

/* What looks like a status line of gpg, wherever it may stand. */
static void
test_nobody_writes_status_lines(void **state)
{
	static const char *const unknown[] = {
	    "spoof-name-unknown", "spoof-notation"};
	void *ctx = talloc_new(NULL);
	struct vault_opened *o = opened(ctx, "spoof-name");

	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
	assert_int_equal(o->nsignatures, 0);
	for (size_t i = 0; i < COUNT_OF(unknown); i++) {
		o = opened(ctx, unknown[i]);
		assert_int_equal(o->outcome, LAYER_OPEN);
		assert_int_equal(o->nsignatures, 1);
		assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	}
	talloc_free(ctx);
}

/* Nor in the user id of a key that came along. */
static void
test_user_id_writes_none(void **state)
{
	void *ctx = talloc_new(NULL);
	struct vault_open_job job = {.kind = VAULT_DECRYPT,
	    .data = world_file(ctx, &world, "m/spoof-name-unknown"),
	    .bound_key = world_file(ctx, &world, "k/eve.asc")};
	struct vault_blob blob = {job.bound_key};
	struct vault_opened *o = world_open(&world, ctx, &job);
	struct vault_keys *keys;
	const char *line = NULL;

	assert_int_equal(o->nsignatures, 1);
	assert_true(
	    world_signed(o, SIGNATURE_GOOD, world_key(ctx, &world, "eve")));
	keys = world_take(ctx,
	    world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob),
	    VAULT_KEYS_SEEN, &vault_keys_wire);
	assert_int_equal(keys->nkeys, 1);
	assert_string_equal(
	    keys->keys[0].fingerprint, world_key(ctx, &world, "eve"));
	for (size_t i = 0; i < keys->keys[0].nuids; i++) {
		if (strstr(keys->keys[0].uids[i], "GOODSIG") != NULL)
			line = keys->keys[0].uids[i];
		assert_null(strchr(keys->keys[0].uids[i], '\n'));
	}
	assert_non_null(line);
	talloc_free(ctx);
}

/* The signature names a key server, its key an address with WKD. */
static void
test_nothing_is_fetched(void **state)
{
	static const char *const off[] = {"no-auto-key-retrieve\n",
	    "no-auto-key-locate\n", "no-auto-key-import\n",
	    "disable-dirmngr\n"};
	void *ctx = talloc_new(NULL);
	struct vault_open_job job = {.kind = VAULT_DECRYPT,
	    .data = world_file(ctx, &world, "m/fetch"),
	    .bound_key = world_file(ctx, &world, "k/bob.bin")};
	struct vault_opened *o = opened(ctx, "fetch");
	struct bytes conf = BYTES_NONE;
	DIR *work = opendir(world.work);
	struct dirent *entry;

	assert_int_equal(o->outcome, LAYER_OPEN);
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	/* Nor by the second pass, with a key that came along. */
	o = world_open(&world, ctx, &job);
	assert_true(world_signed(o, SIGNATURE_NO_KEY, NULL));
	assert_int_equal(accept(listener, NULL, NULL), -1);
	/* The agent is all that runs there. */
	assert_true(world_settles(&world, "/v/", 1));
	assert_non_null(work);
	while ((entry = readdir(work)) != NULL)
		if (entry->d_name[0] == 'v')
			conf = world_file(ctx, &world,
			    talloc_asprintf(
				ctx, "v/%s/gpg.conf", entry->d_name));
	closedir(work);
	for (size_t i = 0; i < COUNT_OF(off); i++)
		assert_true(bytes_find(conf, bytes_str(off[i])) >= 0);
	talloc_free(ctx);
}

/* ---- too much ---- */

static void
test_bombs(void **state)
{
	static const char *const bombs[] = {
	    "bomb-zlib", "bomb-bzip2", "bomb-nested"};

	for (size_t i = 0; i < COUNT_OF(bombs); i++) {
		void *ctx = talloc_new(NULL);
		int64_t start = clock_monotonic_ms();
		struct vault_opened *o = opened(ctx, bombs[i]);

		assert_closed(o, bombs[i]);
		if (o->outcome != LAYER_TOO_BIG)
			fail_msg(
			    "%s: %s", bombs[i], layer_outcome_name(o->outcome));
		assert_true(clock_monotonic_ms() - start < 5000);
		assert_true(world_settles(&world, "/v/", 1));
		world_opens(&world, ctx, "m/good");
		talloc_free(ctx);
	}
}

/* The head of the key block up to and with packet `tag`; then that packet. */
static struct bytes
packet_of(struct bytes key, unsigned tag)
{
	size_t at = 0;

	/* gpg writes old packets: one or two bytes of length. */
	while (at < key.len) {
		bool two = (key.data[at] & 3) == 1;
		size_t len =
		    two ? ((size_t)key.data[at + 1] << 8 | key.data[at + 2]) + 3
			: (size_t)key.data[at + 1] + 2;

		if ((key.data[at] >> 2 & 0xf) == tag)
			return bytes_span(key, at, len);
		at += len;
	}
	fail_msg("no packet %u", tag);
	return BYTES_NONE;
}

/* A key with so many copies of its first packet of this kind. */
static struct bytes
poisoned(const void *ctx, unsigned tag, size_t copies)
{
	struct bytes key = world_file(ctx, &world, "k/eve.bin");
	struct bytes one = packet_of(key, tag);
	size_t head = (size_t)(one.data - key.data) + one.len;
	uint8_t *all = talloc_size(ctx, key.len + copies * one.len);
	size_t at = head;

	memcpy(all, key.data, head);
	for (size_t i = 0; i < copies; i++, at += one.len)
		memcpy(all + at, one.data, one.len);
	memcpy(all + at, key.data + head, key.len - head);
	return bytes_of(all, at + key.len - head);
}

/* Signatures, user ids or subkeys: refused by its length, before gpg. */
static void
test_poisoned_keys(void **state)
{
	static const struct {
		unsigned tag;
		size_t copies;
	} keys[] = {{2, 100000}, {13, 5000}, {14, 2000}};

	for (size_t i = 0; i < COUNT_OF(keys); i++) {
		void *ctx = talloc_new(NULL);
		struct vault_blob blob = {
		    poisoned(ctx, keys[i].tag, keys[i].copies)};
		int64_t start;
		struct frame frame;

		assert_true(blob.data.len > 64 << 10);
		start = clock_monotonic_ms();
		frame =
		    world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob);
		assert_int_equal(frame.type, VAULT_FAILED);
		assert_true(clock_monotonic_ms() - start < 2000);
		world_opens(&world, ctx, "m/good");
		talloc_free(ctx);
	}
}

/* As much of it as is let through costs what it costs, and no more. */
static void
test_poisoned_keys_that_are_looked_at(void **state)
{
	static const unsigned tags[] = {2, 13, 14};

	for (size_t i = 0; i < COUNT_OF(tags); i++) {
		void *ctx = talloc_new(NULL);
		size_t one =
		    packet_of(world_file(ctx, &world, "k/eve.bin"), tags[i])
			.len;
		struct vault_blob blob = {poisoned(ctx, tags[i], 60000 / one)};
		int64_t start = clock_monotonic_ms();

		assert_true(blob.data.len <= 64 << 10);
		world_ask(&world, ctx, VAULT_KEYS, &vault_blob_wire, &blob);
		assert_true(clock_monotonic_ms() - start < 10000);
		assert_true(world_settles(&world, "/v/", 1));
		world_opens(&world, ctx, "m/good");
		talloc_free(ctx);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_changed_message_opens),
	    cmocka_unit_test(test_no_cut_message_opens),
	    cmocka_unit_test(test_gadget_does_not_open),
	    cmocka_unit_test(test_data_behind_it),
	    cmocka_unit_test(test_one_text_a_message),
	    cmocka_unit_test(test_good_beside_bad),
	    cmocka_unit_test(test_broken_digests),
	    cmocka_unit_test(test_nobody_writes_status_lines),
	    cmocka_unit_test(test_user_id_writes_none),
	    cmocka_unit_test(test_nothing_is_fetched),
	    cmocka_unit_test(test_bombs),
	    cmocka_unit_test(test_poisoned_keys),
	    cmocka_unit_test(test_poisoned_keys_that_are_looked_at),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
