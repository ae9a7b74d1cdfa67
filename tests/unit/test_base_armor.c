/*
 * test_base_armor.c - the one reading of ASCII armor: what the vault opens,
 * what makes two blocks the same, what tells one report from another.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/armor.h"

#define BEGIN "-----BEGIN PGP MESSAGE-----"
#define END "-----END PGP MESSAGE-----"
#define CLEAR "-----BEGIN PGP SIGNED MESSAGE-----"
#define SIG_BEGIN "-----BEGIN PGP SIGNATURE-----"
#define SIG_END "-----END PGP SIGNATURE-----"

static void
test_block(void **state)
{
	static const struct {
		const char *content, *packets; /* NULL: it holds none */
	} rows[] = {
	    {BEGIN "\r\n\r\nhAMD\r\n=abcd\r\n" END, "\x84\x03\x03"},
	    {BEGIN " \nComment: AAAA\n \t\nhA\n MD\n\n" END "\t\n",
		"\x84\x03\x03"},
	    {"text\n" BEGIN "\n\nhAMD\n" END "\ntext\n", "\x84\x03\x03"},
	    {BEGIN "\n\nhAM=\n" END, "\x84\x03"},
	    /* Mailers lose the empty line, and move the checksum. */
	    {BEGIN "\nhAMD\n" END, "\x84\x03\x03"},
	    {BEGIN "\nComment: x\nhAMD\n" END, "\x84\x03\x03"},
	    {BEGIN "\n\n=AAAA\nhAMD\n" END, "\x84\x03\x03"},
	    {BEGIN "\n\n" END, ""},
	    /* damaged, cut off, or not alone */
	    {BEGIN "\n\nhA-D\n" END, NULL},
	    {BEGIN "\n\nhA==\nhAMD\n" END, NULL},
	    {BEGIN "\n\nhAMD\nVersion: x\n" END, NULL},
	    {BEGIN "\n\nhAMD\n", NULL},
	    {BEGIN "\n\nhAMD\n" END "\n" BEGIN "\n\nhAMD\n" END, NULL},
	    {"> " BEGIN "\n\nhAMD\n> " END, NULL},
	    {"text", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *ctx = talloc_new(NULL);
		struct bytes p;
		struct error err = {0};
		int rc = armor_block(
		    ctx, bytes_str(rows[i].content), "MESSAGE", &p, &err);

		assert_int_equal(rc, rows[i].packets != NULL ? 0 : -1);
		if (rc == 0)
			assert_true(bytes_equal(p, bytes_str(rows[i].packets)));
		else
			assert_int_equal(err.fault, FAULT_INPUT);
		talloc_free(ctx);
	}
}

/* What has no packets is no message, and equal to none. */
static void
test_message(void **state)
{
	static const struct {
		const char *content, *packets;
	} rows[] = {
	    {BEGIN "\n\nhAMD\n" END, "\x84\x03\x03"},
	    {"\x84\x03\x03k", "\x84\x03\x03k"},
	    /* No second message in one: two that differ must stay two. */
	    {"\x84\n" BEGIN "\n\nhAMD\n" END, "\x84\n" BEGIN "\n\nhAMD\n" END},
	    {BEGIN "\n\n" END, NULL},
	    {BEGIN "\n\nAAAA\n" END, NULL},
	    {"text", NULL},
	    {"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		void *ctx = talloc_new(NULL);
		struct bytes p;
		struct error err = {0};
		int rc =
		    armor_message(ctx, bytes_str(rows[i].content), &p, &err);

		assert_int_equal(rc, rows[i].packets != NULL ? 0 : -1);
		if (rc == 0)
			assert_true(bytes_equal(p, bytes_str(rows[i].packets)));
		else
			assert_int_equal(err.fault, FAULT_INPUT);
		talloc_free(ctx);
	}
}

static void
test_clearsigned(void **state)
{
	static const char block[] =
	    CLEAR "\nHash: SHA256\n\n- " BEGIN "\nwords\n" SIG_BEGIN
		  "\n\nhAMD\n=abcd\n" SIG_END "\n";
	static const char *const bad[] = {
	    "words\n" SIG_BEGIN "\n\nhAMD\n" SIG_END "\n",
	    CLEAR "\n\nwords\n",
	    CLEAR "\n\nwords\n" SIG_BEGIN "\n\nhA-D\n" SIG_END "\n",
	    CLEAR "\n\nwords\n" SIG_BEGIN "\n\nhAMD\n" SIG_END "\n" CLEAR "\n",
	};
	void *ctx = talloc_new(NULL);
	struct bytes in = bytes_str(talloc_asprintf(ctx, "a\n%sz\n", block));
	struct bytes cut, signature;
	struct error err = {0};

	(void)state;
	assert_int_equal(armor_clearsigned(ctx, in, &cut, &signature, &err), 0);
	assert_true(bytes_equal(cut, bytes_str(block)));
	assert_true(bytes_equal(signature, bytes_str("\x84\x03\x03")));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(armor_clearsigned(ctx, bytes_str(bad[i]), &cut,
				     &signature, &err),
		    -1);
		assert_int_equal(err.fault, FAULT_INPUT);
	}
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_block),
	    cmocka_unit_test(test_message),
	    cmocka_unit_test(test_clearsigned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
