/*
 * test_vault_forms.c - for whom messages are made in real life: hidden and
 * many readers, several keys of ours, old ones and rotated ones.
 */
#include "vault_world.h"

/*
 * poc has an encryption subkey that ran out, a retired key and its own
 * successor of the subkey; `next` is a key that is ours, too, and retired.
 */
static const char script[] =
    "key poc never; key next never; key gone 1y; key alice never\n"
    "key eve never; key bob never\n"
    "e() { o=$1; shift; g \"$@\" -e -o m/$o <in; }\n"
    "old() { o=$1; shift; e $o --faked-system-time 20240601T000000 \"$@\"; }\n"
    "P=; e bcc -R $(k eve) -R $(k poc) -R $(k bob)\n"
    "e bcc-beside -r $(k eve) -R $(k poc) -r $(k bob)\n"
    "e thrown --throw-keyids -r $(k eve) -r $(k poc) -u $(k alice) -s\n"
    "e both -r $(k poc) -r $(k next)\n"
    "e next -r $(k next)\n"
    "e next-hidden -R $(k next)\n"
    /* Of the time when the key was good; it has run out since. */
    "old gone -r $(k gone)\n"
    /* The first encryption subkey has the shorter life. */
    "g --faked-system-time $T --quick-gen-key 'rot <rot@test.example>' \\\n"
    "    ed25519 cert,sign never\n"
    "g --with-colons --list-keys '<rot@test.example>' |\n"
    "    sed -n 's/^fpr:*\\([0-9A-F]*\\):/\\1/p' | head -n 1 >k/rot\n"
    "g --faked-system-time $T --quick-add-key $(k rot) cv25519 encr 1y\n"
    "old subkey-expired -r $(k rot)\n"
    "g --faked-system-time 20240701T000000 --quick-add-key $(k rot) cv25519 "
    "\\\n"
    "    encr never\n"
    "e subkey-rotated -r $(k rot)\n"
    "g --with-colons --list-keys $(k rot) | sed -n 's/^sub:*//p' >subkeys\n"
    "test $(wc -l <subkeys) = 2\n"
    /* A mailing of a coordinator: many vendors. */
    "i=0; to=; while [ $i -lt 60 ]; do to=\"$to -r $(k eve)\"; i=$((i+1))\n"
    "done; e same-60 $to -r $(k poc)\n"
    "for i in 0 1 2 3 4 5 6 7 8 9; do for j in 0 1 2 3 4 5; do\n"
    "    g --faked-system-time $T --quick-gen-key \"vendor$i$j\" ed25519 \\\n"
    "        cert,sign never\n"
    "done; done\n"
    "g --with-colons --list-keys vendor | sed -n "
    "'/^pub/{n;s/^fpr:*\\([0-9A-F]*\\)"
    ":/\\1/p}' >vendors\n"
    "to=; for v in $(cat vendors); do\n"
    "    g --faked-system-time $T --quick-add-key $v cv25519 encr never\n"
    "    to=\"$to -r $v\"; done\n"
    "e many $to -r $(k poc)\n";

static struct world world;

static int
group_setup(void **state)
{
	static const char *const retired[] = {"next", "gone", "rot", NULL};

	world_begin(&world, script, NULL, retired);
	return 0;
}

static int
group_end(void **state)
{
	world_leave(&world, 0);
	world_end(&world);
	return 0;
}

static const struct {
	const char *message;
	bool for_us; /* said in clear */
	size_t nrecipients;
} rows[] = {
    {"bcc", false, 1}, /* key id 0, three times */
    {"bcc-beside", false, 3},
    {"thrown", false, 1},
    {"both", true, 2},
    {"next", true, 1},
    {"next-hidden", false, 1},
    {"gone", true, 1},
    {"subkey-expired", true, 1},
    {"subkey-rotated", true, 1},
    {"same-60", true, 2},
    {"many", true, 61},
};

static void
test_all_of_them_open(void **state)
{
	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		void *ctx = talloc_new(NULL);
		char *name = talloc_asprintf(ctx, "m/%s", rows[i].message);
		struct vault_opened *o =
		    world_decrypt(&world, ctx, world_file(ctx, &world, name));

		if (o->outcome != LAYER_OPEN || o->for_us != rows[i].for_us ||
		    o->nrecipients != rows[i].nrecipients)
			fail_msg("%s: %s (%s), %u, %zu", rows[i].message,
			    layer_outcome_name(o->outcome),
			    o->note != NULL ? o->note : "-", o->for_us,
			    o->nrecipients);
		assert_true(bytes_equal(o->plain, bytes_str(WORLD_REPORT)));
		talloc_free(ctx);
	}
}

/* Five readers who are all hidden are more than are tried one by one. */
static void
test_hidden_readers_have_a_limit(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes bcc = world_file(ctx, &world, "m/bcc");
	struct bytes first = bytes_span(bcc, 0, (size_t)bcc.data[1] + 2);
	struct vault_opened *o;

	assert_int_equal(bcc.data[0], 0x84);
	o = world_decrypt(&world, ctx, world_joined(ctx, first, bcc));
	assert_int_equal(o->outcome, LAYER_OPEN);
	o = world_decrypt(&world, ctx,
	    world_joined(ctx, first, world_joined(ctx, first, bcc)));
	assert_int_equal(o->outcome, LAYER_TOO_MANY_KEYS);
	assert_int_equal(o->plain.len, 0);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_all_of_them_open),
	    cmocka_unit_test(test_hidden_readers_have_a_limit),
	};

	return cmocka_run_group_tests(tests, group_setup, group_end);
}
