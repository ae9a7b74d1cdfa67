/*
 * test_vault_packets.c - armor taken off and packets counted, without gpg:
 * what is well-formed, what is refused, and what is said of a message.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/vault/vault_internal.h"

#define BEGIN "-----BEGIN PGP MESSAGE-----\n"
#define END "-----END PGP MESSAGE-----\n"

/* NULL: refused. */
struct armor_row {
	const char *in;
	const char *out;
};

static const struct armor_row armors[] = {
    {BEGIN "\naGVsbG8=\n" END, "hello"},
    {BEGIN "\naGVsbG8=\n=abcd\n" END, "hello"},
    {BEGIN "Version: 1\nComment: x: y\n\naGVs\nbG8=\n" END, "hello"},
    {"-----BEGIN PGP MESSAGE-----\r\n\r\naGVsbG8=\r\n"
     "-----END PGP MESSAGE-----\r\n",
	"hello"},
    {BEGIN "  \naGVs bG8=  \n\n" END, "hello"},
    {"\xe5\xa0\xb1\xe5\x91\x8a\n" BEGIN "\naGVsbG8=\n" END, "hello"},
    {"words above\n" BEGIN "\naGVsbG8=\n" END "words below\n", "hello"},
    {BEGIN "\naGVsbG8=\n-----END PGP MESSAGE-----", "hello"},
    {BEGIN "\naGVsbG8=\n", NULL},
    {BEGIN, NULL},
    {"", NULL},
    {"hello", NULL},
    {BEGIN "\naGVs*G8=\n" END, NULL},
    {BEGIN "\naGVsbG8=aGVs\n" END, NULL},
    {"> " BEGIN "> aGVsbG8=\n> " END, NULL},
    {"words\n\xc2\xa0" BEGIN "\naGVsbG8=\n" END, NULL},
    {BEGIN "\naGVsbG8=\n" END BEGIN "\naGVsbG8=\n" END, NULL},
    {"-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=\n"
     "-----END PGP SIGNATURE-----\n",
	NULL},
};

static void
test_armor(void **state)
{
	for (size_t i = 0; i < sizeof(armors) / sizeof(armors[0]); i++) {
		void *ctx = talloc_new(NULL);
		struct bytes out = BYTES_NONE;
		struct error err = {0};
		int rc = armor_open(
		    ctx, bytes_str(armors[i].in), "MESSAGE", &out, &err);

		if ((rc == 0) != (armors[i].out != NULL) ||
		    (rc == 0 && !bytes_equal(out, bytes_str(armors[i].out))))
			fail_msg("row %zu: %d, %zu bytes", i, rc, out.len);
		if (rc != 0)
			assert_int_equal(err.fault, FAULT_INPUT);
		talloc_free(ctx);
	}
}

static void
test_binary_passes(void **state)
{
	static const uint8_t data[] = {0xc3, 1, 4};
	struct bytes out = BYTES_NONE;

	assert_int_equal(
	    armor_open(NULL, bytes_of(data, 3), "MESSAGE", &out, NULL), 0);
	assert_ptr_equal(out.data, data);
	assert_int_equal(out.len, 3);
}

#define CLEAR "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nwords\n"
#define SIGNED                                                                 \
	"-----BEGIN PGP SIGNATURE-----\n\naGVsbG8=\n"                          \
	"-----END PGP SIGNATURE-----\n"

static void
test_clearsigned_block(void **state)
{
	void *ctx = talloc_new(NULL);
	struct bytes block = BYTES_NONE;
	struct bytes sig = BYTES_NONE;

	assert_int_equal(
	    armor_clearsigned(ctx, bytes_str("above\n" CLEAR SIGNED "below\n"),
		&block, &sig, NULL),
	    0);
	assert_true(bytes_equal(block, bytes_str(CLEAR SIGNED)));
	assert_true(bytes_equal(sig, bytes_str("hello")));
	assert_int_equal(
	    armor_clearsigned(ctx, bytes_str(CLEAR), &block, &sig, NULL), -1);
	assert_int_equal(
	    armor_clearsigned(ctx, bytes_str(SIGNED), &block, &sig, NULL), -1);
	assert_int_equal(
	    armor_clearsigned(
		ctx, bytes_str(CLEAR SIGNED CLEAR SIGNED), &block, &sig, NULL),
	    -1);
	talloc_free(ctx);
}

/* ---- packets ---- */

struct packet_row {
	const char *what;
	uint8_t data[24];
	size_t len;
	int rc; /* of the first packet_next() */
	unsigned tag;
	size_t body;
	size_t rest; /* bytes left behind it */
};

static const struct packet_row packets[] = {
    {"nothing", {0}, 0, 0, 0, 0, 0},
    {"old, one length byte", {0x84, 2, 1, 2, 9}, 5, 1, 1, 2, 1},
    {"old, two length bytes", {0x85, 0, 2, 1, 2}, 5, 1, 1, 2, 0},
    {"old, four length bytes", {0x86, 0, 0, 0, 1, 7}, 6, 1, 1, 1, 0},
    {"old, to the end", {0xa3, 1, 2, 3}, 4, 1, 8, 3, 0},
    {"new, one length byte", {0xd2, 1, 1, 9}, 4, 1, 18, 1, 1},
    {"new, five length bytes", {0xd2, 255, 0, 0, 0, 1, 1}, 7, 1, 18, 1, 0},
    {"new, in two pieces", {0xd2, 0xe1, 1, 2, 1, 3}, 6, 1, 18, 2, 0},
    {"no packet", {0x20, 1, 1}, 3, -1, 0, 0, 0},
    {"tag 0", {0x80, 0}, 2, -1, 0, 0, 0},
    {"new tag 0", {0xc0, 0}, 2, -1, 0, 0, 0},
    {"no length", {0xd2}, 1, -1, 0, 0, 0},
    {"half a length", {0xd2, 192}, 2, -1, 0, 0, 0},
    {"half of five", {0xd2, 255, 0, 0}, 4, -1, 0, 0, 0},
    {"old half a length", {0x85, 0}, 2, -1, 0, 0, 0},
    {"longer than the data", {0xd2, 5, 1}, 3, -1, 0, 0, 0},
    {"far longer", {0xd2, 255, 255, 255, 255, 255, 1}, 7, -1, 0, 0, 0},
    {"a piece and no end", {0xd2, 0xe1, 1, 2}, 4, -1, 0, 0, 0},
};

static void
test_packets(void **state)
{
	for (size_t i = 0; i < sizeof(packets) / sizeof(packets[0]); i++) {
		const struct packet_row *row = &packets[i];
		struct bytes rest = bytes_of(row->data, row->len);
		struct packet packet = {0};
		int rc = packet_next(&rest, &packet);

		if (rc != row->rc ||
		    (rc > 0 && (packet.tag != row->tag ||
				   packet.body.len != row->body ||
				   rest.len != row->rest)))
			fail_msg("%s: %d, tag %u, %zu bytes, %zu left",
			    row->what, rc, packet.tag, packet.body.len,
			    rest.len);
	}
}

static void
test_scan(void **state)
{
	static const uint8_t message[] = {
	    0xc1, 10, 3, 0, 0, 0, 0, 0, 0, 0, 7, 1, /* for 7, that is ours */
	    0xc1, 10, 3, 0, 0, 0, 0, 0, 0, 0, 7, 1, 0xc1, 10, 3, 0, 0, 0, 0, 0,
	    0, 0, 9, 1,                             /* for 9 */
	    0xc1, 10, 3, 0, 0, 0, 0, 0, 0, 0, 0, 1, /* for nobody named */
	    0xc1, 2, 6, 0,                          /* RFC 9580 */
	    0xc3, 1, 4,                             /* a password */
	    0xd2, 2, 1, 0,                          /* the container */
	    0xcb, 1, 0,                             /* and more */
	};
	void *ctx = talloc_new(NULL);
	const uint64_t own[] = {5, 7};
	struct packet_scan scan;

	assert_int_equal(
	    packets_scan_message(
		ctx, bytes_of(message, sizeof(message)), own, 2, &scan, NULL),
	    0);
	assert_int_equal(scan.npkesk, 5);
	assert_int_equal(scan.nforeign_new, 1);
	assert_int_equal(scan.nhidden, 1);
	assert_int_equal(scan.most_own, 2);
	assert_int_equal(scan.nskesk, 1);
	assert_true(scan.for_us);
	assert_int_equal(scan.container, PACKET_SEIPD);
	assert_int_equal(scan.version, 1);
	assert_true(scan.trailing);
	assert_false(scan.broken);
	assert_int_equal(scan.nrecipients, 3);
	assert_int_equal(scan.recipients[0], 7);
	assert_int_equal(scan.recipients[1], 9);
	assert_int_equal(scan.recipients[2], 0);
	/* Cut off, and nothing behind the container. */
	assert_int_equal(packets_scan_message(
			     ctx, bytes_of(message, 11), own, 2, &scan, NULL),
	    0);
	assert_true(scan.broken);
	assert_int_equal(scan.npkesk, 0);
	assert_int_equal(
	    packets_scan_message(ctx, bytes_of(message, sizeof(message) - 3),
		own, 1, &scan, NULL),
	    0);
	assert_false(scan.trailing);
	assert_false(scan.for_us);
	talloc_free(ctx);
}

static void
test_signatures_and_keys(void **state)
{
	static const uint8_t sig[] = {0xc2, 1, 4};
	static const uint8_t mixed[] = {0xc2, 1, 4, 0xcb, 1, 0};
	static const uint8_t keys[] = {
	    0xc6, 1, 4, 0xcd, 1, 'x', 0xce, 1, 4, 0xc6, 1, 4};
	static const uint8_t secret[] = {0xc6, 1, 4, 0xc5, 1, 4};
	uint8_t many[3 * (SIGNATURES_MAX + 1)];

	for (size_t i = 0; i < sizeof(many); i++)
		many[i] = sig[i % 3];
	assert_true(packets_are_signatures(bytes_of(sig, 3)));
	assert_true(packets_are_signatures(bytes_of(many, sizeof(many) - 3)));
	assert_false(packets_are_signatures(bytes_of(many, sizeof(many))));
	assert_false(packets_are_signatures(bytes_of(mixed, sizeof(mixed))));
	assert_false(packets_are_signatures(bytes_of(sig, 2)));
	assert_false(packets_are_signatures(BYTES_NONE));
	assert_int_equal(packets_count_keys(bytes_of(keys, sizeof(keys))), 2);
	assert_int_equal(packets_count_keys(bytes_of(keys, 9)), 1);
	assert_int_equal(packets_count_keys(bytes_of(keys, 8)), -1);
	assert_int_equal(
	    packets_count_keys(bytes_of(secret, sizeof(secret))), -1);
	assert_int_equal(packets_count_keys(bytes_of(sig, 3)), -1);
	assert_int_equal(packets_count_keys(BYTES_NONE), -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_armor),
	    cmocka_unit_test(test_binary_passes),
	    cmocka_unit_test(test_clearsigned_block),
	    cmocka_unit_test(test_packets),
	    cmocka_unit_test(test_scan),
	    cmocka_unit_test(test_signatures_and_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
