/*
 * test_store_rest.c - nothing is to be read in the file as it rests, but what
 * is plain (RULES 17).
 */
#include "store_secrets.h"

#define MIB ((size_t)1 << 20)

/* Each goes in under a name of its own, and must be found nowhere. */
static const char *const secrets[] = {"sender-zq@example.org", "Subject-zq",
    "Body-zq of the letter", "Signer-zq", "Opening-zq", "JPCERT#zq1",
    "jpcert#zq1", "Address-zq@example.org", "address-zq@example.org",
    "Message-Id-zq@example.org", "Finder-Name-zq", "finder-zq@example.org",
    "FINGERPRINT-zq", "Key-Blob-zq", "ja-zq", "Product-zq", "Title-zq",
    "Department-zq", "to-zq@example.org", "To-Name-zq", "Mail-Subject-zq",
    "Mail-Body-zq", "Mail-Reason-zq", "in-reply-zq@example.org",
    "Correspondent-zq", "Wire-zq", "Note-zq", "from-zq@example.org", "Owner-zq",
    "Deputy-zq", "Language-zq", "Actor-zq", "Refzq2", "refzq2", "Shares-zq",
    "Answer-zq", "By-zq", "Told-By-zq", "Question-zq", "Reply-zq", "Task-zq",
    "Done-zq", "Person-zq", "person-zq@example.org", "Approver-zq", "Words-zq",
    "Flow-zq", "Mark-zq"};

static const char *const digested[] = {
    "signature", "Flow-zq", "Mark-zq", "Refzq2", "refzq2"};

static struct bytes
file_bytes(struct world *w, const char *path)
{
	struct buf *buf = buf_new(w, 64 * MIB);
	char chunk[4096];
	FILE *f = fopen(path, "rb");
	size_t n;

	if (f == NULL)
		return BYTES_NONE;
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		assert_ok(w, buf_add(buf, chunk, n, &w->err));
	fclose(f);
	return buf_bytes(buf);
}

static void
holds_no_secret(struct world *w, const char *path)
{
	struct bytes all = file_bytes(w, path);

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
		if (bytes_find(all, bytes_str(secrets[i])) >= 0)
			fail_msg("\"%s\" rests in %s", secrets[i], path);
	/* Nor a digest that a short text could be guessed from. */
	for (size_t i = 0; i < sizeof(digested) / sizeof(digested[0]); i++) {
		uint8_t digest[STORE_DIGEST_BYTES];

		store_digest(bytes_str(digested[i]), digest);
		if (bytes_find(all, bytes_of(digest, sizeof(digest))) >= 0)
			fail_msg("the digest of \"%s\" rests in %s",
			    digested[i], path);
	}
}

static void
test_nothing_rests_in_clear(void **state)
{
	struct world *w = *state;
	struct bytes wal;

	write_secrets(w);
	/* What is plain is found: the search sees what stands there. */
	wal = file_bytes(w, w->wal);
	assert_true(bytes_find(wal, bytes_str("PSIRT-2026-0001")) >= 0);
	assert_true(bytes_find(wal, bytes_str("alice")) >= 0);
	holds_no_secret(w, w->path);
	holds_no_secret(w, w->wal);
	/* After the log was written back into the file, too. */
	world_close(w);
	assert_true(bytes_find(file_bytes(w, w->path),
			bytes_str("PSIRT-2026-0001")) >= 0);
	holds_no_secret(w, w->path);
	holds_no_secret(w, w->wal);
}

/* Neither does the key, nor anything it can be computed from. */
static void
test_key_does_not_rest(void **state)
{
	struct world *w = *state;
	struct bytes key = bytes_of(w->key, sizeof(w->key));

	write_secrets(w);
	assert_true(bytes_find(file_bytes(w, w->wal), key) < 0);
	world_close(w);
	assert_true(bytes_find(file_bytes(w, w->path), key) < 0);
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
	    TEST(test_nothing_rests_in_clear),
	    TEST(test_key_does_not_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
