/*
 * test_read_attack.c - letters made to cost more than they weigh, read in the
 * room with its limits on CPU, memory and time.
 *
 * Each must come back as a reading, with the header of the letter or with the
 * limit that it passed, and within a few seconds of CPU; the next letter must
 * be read as if nothing had been.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <signal.h>
#include <string.h>

#include "psirtd/sandbox.h"
#include "read_child.h"

/* Linear needs tenths of one; what is not needs minutes. */
#define CPU_S 5
/* Under the sanitizers all is some times slower. */
#define CPU_SLOW_S 40
/* Ends what waits for nothing: on a busy machine a second of CPU takes many. */
#define WALL_MS (ANSWER_MS - 60000)

static struct room *room;
static void *room_ctx;

static int
open_room(void **state)
{
	struct read_setup setup;

	world_setup(&setup);
	setup.cpu_s = sandbox_is_real() ? CPU_S : CPU_SLOW_S;
	setup.wall_ms = WALL_MS;
	room_ctx = talloc_new(NULL);
	room = room_ready(room_ctx, &setup);
	return 0;
}

static int
close_room(void **state)
{
	room_close(room, 0);
	talloc_free(room_ctx);
	return 0;
}

#define MIXED "Content-Type: multipart/mixed; boundary=b\r\n\r\n"

/* Text that comes again and again, between a head and a tail. */
struct attack {
	const char *name;
	const char *head; /* behind "Subject: attack" */
	const char *text;
	size_t n;
	const char *tail;
	uint32_t limit; /* enum read_limit */
	uint32_t truncated;
};

static void
must_stand(const struct attack *a)
{
	void *ctx = talloc_new(NULL);
	char *head = talloc_asprintf(ctx, "Subject: attack\r\n%s", a->head);
	/* A sanitizer that measures a string whenever it is looked into makes
	 * what is linear quadratic. */
	size_t n = sandbox_is_real() ? a->n : a->n / 4;
	struct reading *r =
	    must_read(room, ctx, repeat(ctx, head, a->text, n, a->tail));

	if (r->limit != a->limit || r->truncated != a->truncated)
		print_error("%s: limit %u, truncated %u\n", a->name, r->limit,
		    r->truncated);
	assert_string_equal(r->headers.subject, "attack");
	assert_int_equal(r->limit, a->limit);
	assert_int_equal(r->truncated, a->truncated);
	talloc_free(ctx);
	ctx = talloc_new(NULL);
	must_live(room, ctx);
	talloc_free(ctx);
}

static void
test_nesting(void **state)
{
	static const struct attack rows[] = {
	    {"one boundary", MIXED, "--b\r\n" MIXED, 50000, "\r\nx",
		READ_LIMIT_DEPTH, 0},
	    {"messages", "Content-Type: message/rfc822\r\n\r\n",
		"Content-Type: message/rfc822\r\n\r\n", 50000, "\r\nx",
		READ_LIMIT_DEPTH, 0},
	    {"signed", "Content-Type: multipart/signed; boundary=b\r\n\r\n",
		"--b\r\nContent-Type: multipart/signed; boundary=b\r\n\r\n",
		50000,
		"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\n"
		"Content-Type: application/pgp-signature\r\n\r\nx\r\n--b--\r\n",
		READ_LIMIT_DEPTH, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		must_stand(&rows[i]);
}

static void
test_boundaries_apart(void **state)
{
	void *ctx = talloc_new(NULL);
	struct buf *buf = buf_new(ctx, (size_t)32 << 20);
	struct reading *r;

	buf_addf(buf, NULL, "Subject: attack\r\n");
	for (unsigned i = 0; i < 50000; i++)
		buf_addf(buf, NULL,
		    "Content-Type: multipart/mixed; boundary=\"x%u\"\r\n\r\n"
		    "--x%u\r\n",
		    i, i);
	buf_addf(buf, NULL, "\r\nend\r\n");
	r = must_read(room, ctx, buf_bytes(buf));
	assert_string_equal(r->headers.subject, "attack");
	assert_int_equal(r->limit, READ_LIMIT_DEPTH);
	must_live(room, ctx);
	talloc_free(ctx);
}

static void
test_numbers(void **state)
{
	static const struct attack rows[] = {
	    {"parts", MIXED, "--b\r\n\r\nx\r\n", 100000, "--b--\r\n",
		READ_LIMIT_PARTS, 0},
	    {"empty multiparts", MIXED,
		"--b\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\n",
		100000, "--b--\r\n", READ_LIMIT_PARTS, 0},
	    {"fields", "", "X-Field: value\r\n", 100000, "\r\nx",
		READ_LIMIT_FIELDS, 0},
	    {"fields of one letter", "", "a:\r\n", 5000000, "\r\nx",
		READ_LIMIT_FIELDS, 0},
	    {"fields of a part", MIXED "--b\r\n", "X-Field: value\r\n", 100000,
		"\r\nx\r\n--b--\r\n", READ_LIMIT_FIELDS, 0},
	    {"fields of a message", "Content-Type: message/rfc822\r\n\r\n",
		"X-Field: value\r\n", 100000, "\r\nx", READ_LIMIT_FIELDS, 0},
	    {"blocks", "\r\n",
		"-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n"
		"-----END PGP MESSAGE-----\r\n",
		100000, "", READ_LIMIT_PARTS, 0},
	    {"beginnings", "\r\n", "-----BEGIN PGP SIGNED MESSAGE-----\r\n",
		1000000, "", READ_LIMIT_NONE, 1},
	    /* a block now and then, and each time the search begins again */
	    {"beginnings between blocks", "\r\n",
		"-----BEGIN PGP PUBLIC KEY BLOCK-----\r\n"
		"-----BEGIN PGP SIGNED MESSAGE-----\r\n"
		"-----BEGIN PGP MESSAGE-----\r\n\r\nAAAA\r\n"
		"-----END PGP MESSAGE-----\r\n",
		100000, "", READ_LIMIT_PARTS, 0},
	    {"pieces of a name", "Content-Disposition: attachment",
		"; filename*1=b", 100000, "\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"autocrypt", "From: a@b.example\r\nAutocrypt: addr=a@b.example",
		"; _a=b", 100000, "; keydata=AAAA\r\n\r\nx", READ_LIMIT_NONE,
		0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		must_stand(&rows[i]);
}

static void
test_addresses(void **state)
{
	static const struct attack rows[] = {
	    {"groups in groups", "To: ", "g:", 200000, "\r\n\r\nx",
		READ_LIMIT_ADDRESSES, 0},
	    {"groups as far as they are shown to GMime", "To: ", "g:", 2000,
		"\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"groups of a message", "Content-Type: message/rfc822\r\n\r\nTo: ",
		"g:", 200000, "\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"recipients", "To: x@y.example", ",\r\n x@y.example", 100000,
		"\r\n\r\nx", READ_LIMIT_ADDRESSES, 0},
	    {"comments", "From: ", "(", 1000000, "\r\n\r\nx", READ_LIMIT_NONE,
		0},
	    {"quotes", "From: ", "\"", 1000000, "\r\n\r\nx", READ_LIMIT_NONE,
		0},
	    {"routes", "From: ", "<@", 500000, "\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"commas", "From: ", ",", 1000000, "\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"words", "From: ", "=?utf-8?Q?a?= ", 70000,
		"<a@b.example>\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"references", "References: ", "<a@b>\r\n ", 200000, "\r\n\r\nx",
		READ_LIMIT_NONE, 0},
	    {"brackets", "References: ", "<", 2000000, ">\r\n\r\nx",
		READ_LIMIT_NONE, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		must_stand(&rows[i]);
}

#define LINE_64                                                                \
	"sixty-four bytes of words that are in nobody's interest to read."

static void
test_lines(void **state)
{
	static const struct attack rows[] = {
	    {"line in the header", "X-Line: ", LINE_64, 160000, "\r\n\r\nx",
		READ_LIMIT_NONE, 0},
	    {"line of words", "Comments: ", "=?utf-8?Q?a?= ", 200000,
		"\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"line of a part", MIXED "--b\r\nX-Line: ", LINE_64, 160000,
		"\r\n\r\nx\r\n--b--\r\n", READ_LIMIT_NONE, 0},
	    {"line of parameters", "Content-Type: text/plain", "; a*1=b",
		100000, "\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"line in the body", "\r\n", LINE_64, 300000, "", READ_LIMIT_NONE,
		1},
	    {"line of armor", "\r\n-----BEGIN PGP MESSAGE-----\r\n\r\n",
		LINE_64, 160000, "", READ_LIMIT_NONE, 0},
	    {"line that is a boundary",
		"Content-Type: multipart/mixed; boundary=\"", "b", 1000000,
		"\"\r\n\r\nx", READ_LIMIT_NONE, 0},
	    {"fifty megabytes", "\r\n", LINE_64 "\r\n", 794000, "",
		READ_LIMIT_NONE, 1},
	    {"fifty megabytes of base64",
		"Content-Type: application/octet-stream\r\n"
		"Content-Transfer-Encoding: base64\r\n\r\n",
		LINE_64 "\r\n", 794000, "", READ_LIMIT_NONE, 0},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		must_stand(&rows[i]);
}

/* A NUL ends a string, but neither the field nor the header. */
static void
test_nul(void **state)
{
	static const char letter[] =
	    "Subject: attack\r\nFrom: a\0b@c.example\r\nX: \0\0\0\r\n"
	    "Content-Type: text/plain; charset=\0utf-8\r\n"
	    "Message-ID: <here@c.example>\r\n\r\nbody\0behind\r\n";
	void *ctx = talloc_new(NULL);
	struct buf *buf = buf_new(ctx, (size_t)16 << 20);
	struct reading *r;

	r = must_read(room, ctx, bytes_of(letter, sizeof(letter) - 1));
	assert_string_equal(r->headers.subject, "attack");
	assert_string_equal(r->headers.message_id, "here@c.example");
	assert_int_equal(r->nparts, 1);
	buf_addf(buf, NULL, "Subject: attack\r\nX: ");
	for (unsigned i = 0; i < 1000000; i++)
		buf_add(buf, "\0", 1, NULL);
	buf_addf(buf, NULL, "\r\n\r\n");
	for (unsigned i = 0; i < 1000000; i++)
		buf_add(buf, "\0", 1, NULL);
	r = must_read(room, ctx, buf_bytes(buf));
	assert_string_equal(r->headers.subject, "attack");
	assert_int_equal(r->nparts, 1);
	must_live(room, ctx);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nesting),
	    cmocka_unit_test(test_boundaries_apart),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_lines),
	    cmocka_unit_test(test_nul),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, open_room, close_room);
}
