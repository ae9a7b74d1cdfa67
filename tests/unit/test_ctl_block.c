/*
 * test_ctl_block.c - of a file for `psirt key stage` a public key in armor is
 * handed on, of one with a checkpoint the block, and nothing else.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "../../daemon/ctl/block.h"

#define PUBLIC "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nAAAA\n"
#define SECRET "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n"

static void
test_what_is_handed_on(void **state)
{
	static const struct {
		const char *bytes;
		size_t len, fill; /* more of it */
		const char *why;  /* NULL: it is */
	} rows[] = {
	    {PUBLIC, sizeof(PUBLIC) - 1, 0, NULL},
	    {"", 0, 0, "no public key in armor"},
	    {"\x99\x01\x0d", 3, 0, "no public key in armor"},
	    {SECRET, sizeof(SECRET) - 1, 0, "no public key in armor"},
	    {PUBLIC SECRET, sizeof(PUBLIC SECRET) - 1, 0, "no public key"},
	    {PUBLIC "\0x", sizeof(PUBLIC "\0x") - 1, 0, "no public key"},
	    {PUBLIC "\xff", sizeof(PUBLIC "\xff") - 1, 0, "no public key"},
	    {PUBLIC, sizeof(PUBLIC) - 1, 100000, "too large"},
	};
	char path[] = "/tmp/block.XXXXXX";
	void *ctx = talloc_new(NULL);
	int fd = mkstemp(path);

	(void)state;
	assert_true(fd >= 0);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {0};
		char *got;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].bytes, rows[i].len, 0),
		    (ssize_t)rows[i].len);
		for (size_t k = 0; k < rows[i].fill; k += 10)
			assert_int_equal(pwrite(fd, "AAAAAAAAAA", 10,
					     (off_t)(rows[i].len + k)),
			    10);
		got = block_read(ctx, path, &err);
		assert_int_equal(got != NULL, rows[i].why == NULL);
		if (got != NULL)
			assert_string_equal(got, PUBLIC);
		else
			assert_non_null(strstr(err.text, rows[i].why));
	}
	close(fd);
	unlink(path);
	talloc_free(ctx);
}

static void
test_a_file_that_is_not_there(void **state)
{
	struct error err = {0};

	(void)state;
	assert_null(block_read(NULL, "/nonexistent", &err));
	assert_non_null(strstr(err.text, "cannot be read"));
}

#define CHECKPOINT                                                             \
	"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nlines\n"          \
	"-----BEGIN PGP SIGNATURE-----\n\niQIz\n=AAAA\n"                       \
	"-----END PGP SIGNATURE-----\n"

static void
test_a_checkpoint(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: it is */
	} rows[] = {
	    {CHECKPOINT, NULL},
	    {"Good morning,\n\nsecret\n" CHECKPOINT "\n-- \npsirtd\n", NULL},
	    {"Good morning,\n", "no clearsigned text"},
	    {CHECKPOINT CHECKPOINT, "two clearsigned texts"},
	    {"> " CHECKPOINT, "no clearsigned text"},
	};
	char path[] = "/tmp/block.XXXXXX";
	void *ctx = talloc_new(NULL);
	int fd = mkstemp(path);

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {0};
		ssize_t len = (ssize_t)strlen(rows[i].text);
		char *got;

		assert_int_equal(ftruncate(fd, 0), 0);
		assert_int_equal(pwrite(fd, rows[i].text, (size_t)len, 0), len);
		got = checkpoint_read(ctx, path, &err);
		if (rows[i].why == NULL)
			assert_string_equal(got, CHECKPOINT);
		else
			assert_non_null(strstr(err.text, rows[i].why));
	}
	close(fd);
	unlink(path);
	assert_null(checkpoint_read(ctx, "/nonexistent", &(struct error){0}));
	talloc_free(ctx);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_is_handed_on),
	    cmocka_unit_test(test_a_checkpoint),
	    cmocka_unit_test(test_a_file_that_is_not_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
