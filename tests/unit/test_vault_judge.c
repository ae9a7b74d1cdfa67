/*
 * test_vault_judge.c - what the vault believes of gpg, without gpg: who is
 * told the passphrase, when a message counts as whole, whose a signature is,
 * and to whom a mail of ours was made.
 *
 * What gpg would have to do wrong cannot be had from it: its results are made
 * here, in place of gpgme's functions that give them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* The judges are static. */
#include "../../daemon/vault/vault_open.c"
#include "../../daemon/vault/vault_seal.c"
#include "../../daemon/vault/vault_verify.c"

static struct _gpgme_op_decrypt_result decrypted;
static struct _gpgme_op_encrypt_result encrypted;
static struct _gpgme_op_verify_result verified;

gpgme_decrypt_result_t
gpgme_op_decrypt_result(gpgme_ctx_t gpg)
{
	return &decrypted;
}

gpgme_encrypt_result_t
gpgme_op_encrypt_result(gpgme_ctx_t gpg)
{
	return &encrypted;
}

gpgme_verify_result_t
gpgme_op_verify_result(gpgme_ctx_t gpg)
{
	return &verified;
}

/* What gpg says and gives when it takes the encryption off. */
static struct gpg_watch *told;
static struct gpg_watch tells;

gpgme_error_t
gpgme_op_decrypt_ext(gpgme_ctx_t gpg, gpgme_decrypt_flags_t flags,
    gpgme_data_t cipher, gpgme_data_t plain)
{
	assert_int_equal(flags, GPGME_DECRYPT_UNWRAP);
	*told = tells;
	return gpgme_data_write(plain, "inside", 6) == 6 ? 0 : 1;
}

/* ---- the passphrase ---- */

static void
ask_passphrase(const char *hint, int was_bad, const char *want)
{
	static const uint64_t own[] = {5, 0x00000000000000a7};
	struct gpg_asked asked = {bytes_str("open sesame"), own, 2, false};
	char got[64] = "";
	gpgme_error_t rc;
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	rc = gpg_passphrase(&asked, hint, "", was_bad, fds[1]);
	close(fds[1]);
	assert_true(read(fds[0], got, sizeof(got) - 1) >= 0);
	close(fds[0]);
	assert_string_equal(got, want);
	assert_int_equal(asked.refused, want[0] == '\0');
	assert_int_equal(gpgme_err_code(rc),
	    want[0] == '\0' ? GPG_ERR_CANCELED : GPG_ERR_NO_ERROR);
}

static void
test_passphrase(void **state)
{
	ask_passphrase("00000000000000A7 Vendor PSIRT", 0, "open sesame\n");
	ask_passphrase("0000000000000005 x", 0, "open sesame\n");
	/* another's key, a password, a second try, half an id */
	ask_passphrase("00000000000000A8 Vendor PSIRT", 0, "");
	ask_passphrase(NULL, 0, "");
	ask_passphrase("00000000000000A7 Vendor PSIRT", 1, "");
	ask_passphrase("A7 Vendor PSIRT", 0, "");
	ask_passphrase("", 0, "");
}

/* ---- a message that is whole ---- */

static void
test_whole(void **state)
{
	static const struct {
		struct gpg_watch watch;
		bool no_mdc;
		uint32_t outcome;
	} rows[] = {
	    {{true, true, true}, false, LAYER_OPEN},
	    {{true, false, true}, false, LAYER_INTEGRITY},
	    {{true, true, false}, false, LAYER_INTEGRITY},
	    {{true, true, true}, true, LAYER_NO_MDC},
	};
	void *ctx = talloc_new(NULL);
	struct packet_scan scan = {0};
	struct gpg_sink sink = {.buf = buf_new(ctx, 64)};
	struct vault vault = {0};
	struct error err = {0};

	assert_int_equal(buf_add(sink.buf, "plain", 5, &err), 0);
	vault.gpg =
	    gpg_context("/nonexistent", &vault.watch, &vault.asked, &err);
	assert_non_null(vault.gpg);
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct vault_opened opened = {0};
		bool suspect = false;

		vault.watch = rows[i].watch;
		decrypted.legacy_cipher_nomdc = rows[i].no_mdc;
		assert_int_equal(judge_decrypted(ctx, &vault, &scan, &sink, 0,
				     &opened, &suspect, &err),
		    0);
		assert_int_equal(opened.outcome, rows[i].outcome);
		assert_int_equal(
		    opened.plain.len, rows[i].outcome == LAYER_OPEN ? 5 : 0);
	}
	gpgme_release(vault.gpg);
	talloc_free(ctx);
}

/* The same for what the second pass is given. */
static void
test_whole_inside(void **state)
{
	static const struct gpg_watch rows[] = {
	    {true, true, true}, {true, false, true}, {true, true, false}};
	void *ctx = talloc_new(NULL);
	struct vault_setup setup = {.max_output = 1 << 20};
	struct vault vault = {.setup = &setup};
	struct error err = {0};

	told = &vault.watch;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bytes inside = BYTES_NONE;

		tells = rows[i];
		assert_int_equal(
		    unwrap(ctx, &vault, bytes_str("packets"), &inside, &err),
		    0);
		assert_int_equal(inside.len, i == 0 ? 6 : 0);
	}
	talloc_free(ctx);
}

/* ---- whose a signature is ---- */

#define SUBKEY "00000000000000000000000000000000000000B7"

static void
test_two_keys_claim_one_subkey(void **state)
{
	struct _gpgme_subkey subkeys[2] = {0};
	struct _gpgme_key keys[2] = {0};
	gpgme_key_t list[] = {&keys[0], &keys[1]};
	struct key_ring ring = {list, 1};

	for (size_t i = 0; i < 2; i++) {
		subkeys[i].fpr = (char *)(uintptr_t)SUBKEY;
		subkeys[i].keyid = subkeys[i].fpr + 24;
		keys[i].subkeys = &subkeys[i];
	}
	assert_ptr_equal(only_owner(&ring, SUBKEY), &keys[0]);
	ring.nkeys = 2;
	assert_null(only_owner(&ring, SUBKEY));
	/* The same key id, another fingerprint: told apart by nobody. */
	subkeys[1].fpr =
	    (char *)(uintptr_t) "11111111111111111111111100000000000000B7";
	assert_null(only_owner(&ring, SUBKEY));
	subkeys[1].keyid = (char *)(uintptr_t) "00000000000000B8";
	subkeys[1].fpr =
	    (char *)(uintptr_t) "11111111111111111111111100000000000000B8";
	assert_ptr_equal(only_owner(&ring, SUBKEY), &keys[0]);
}

/* Behind those that are taken may stand one that is bad. */
static void
test_more_signatures_than_are_taken(void **state)
{
	struct _gpgme_subkey subkey = {.keyid = (char *)(uintptr_t)SUBKEY + 24,
	    .fpr = (char *)(uintptr_t)SUBKEY};
	struct _gpgme_key key = {
	    .subkeys = &subkey, .fpr = (char *)(uintptr_t)SUBKEY};
	gpgme_key_t list[] = {&key};
	struct key_ring ring = {list, 1};
	struct _gpgme_signature signatures[TAKEN_MAX + 1] = {0};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < TAKEN_MAX + 1; i++) {
		signatures[i].fpr = subkey.fpr;
		signatures[i].hash_algo = GPGME_MD_SHA256;
		signatures[i].next = i < TAKEN_MAX ? &signatures[i + 1] : NULL;
	}
	for (size_t n = TAKEN_MAX; n <= TAKEN_MAX + 1; n++) {
		struct vault_opened opened = {0};

		verified.signatures = &signatures[TAKEN_MAX + 1 - n];
		assert_int_equal(
		    verify_take(ctx, NULL, &ring, &opened, NULL), 0);
		assert_int_equal(opened.nsignatures, TAKEN_MAX);
		for (size_t i = 0; i < TAKEN_MAX; i++)
			assert_int_equal(opened.signatures[i].status,
			    n == TAKEN_MAX ? SIGNATURE_GOOD
					   : SIGNATURE_UNSUPPORTED);
	}
	verified.signatures = NULL;
	talloc_free(ctx);
}

/* ---- to whom a mail was made ---- */

#define FOR(id) 0xc1, 10, 3, 0, 0, 0, 0, 0, 0, 0, (id), 1
#define SEALED 0xd2, 2, 1, 0
#define MESSAGE(...) {__VA_ARGS__}, sizeof((uint8_t[]){__VA_ARGS__})

static void
test_for_the_reader_alone(void **state)
{
	static const struct {
		int rc;
		uint8_t data[32];
		size_t len;
	} rows[] = {
	    {0, MESSAGE(FOR(7), SEALED)},
	    {-1, MESSAGE(FOR(9), SEALED)},
	    {-1, MESSAGE(FOR(7), FOR(9), SEALED)},
	    {-1, MESSAGE(FOR(6), SEALED)}, /* its key, but for signing */
	    {-1, MESSAGE(FOR(0), SEALED)},
	    {-1, MESSAGE(SEALED)},
	    {-1, MESSAGE(FOR(7), 0xc3, 1, 4, SEALED)}, /* and a password */
	    {-1, MESSAGE(FOR(7), 0xc9, 1, 0)},
	    {-1, MESSAGE(FOR(7), SEALED, 0xcb, 1, 0)},
	    {-1, MESSAGE(FOR(7))},
	};
	struct _gpgme_subkey subkeys[2] = {0};
	struct _gpgme_key reader = {0};
	struct _gpgme_invalid_key invalid = {0};
	void *ctx = talloc_new(NULL);
	struct vault vault = {0};
	struct seal seal = {.ctx = ctx, .vault = &vault, .reader = &reader};

	subkeys[0].keyid = (char *)(uintptr_t) "0000000000000006";
	subkeys[0].next = &subkeys[1];
	subkeys[1].keyid = (char *)(uintptr_t) "0000000000000007";
	subkeys[1].can_encrypt = 1;
	reader.subkeys = subkeys;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err = {0};
		struct bytes data = bytes_of(rows[i].data, rows[i].len);

		if (check_encrypted(&seal, data, &err) != rows[i].rc)
			fail_msg("row %zu: %s", i, err.text);
	}
	/* gpg left a reader out. */
	encrypted.invalid_recipients = &invalid;
	assert_int_equal(
	    check_encrypted(&seal, bytes_of(rows[0].data, rows[0].len), NULL),
	    -1);
	encrypted.invalid_recipients = NULL;
	talloc_free(ctx);
}

/* ---- when a key ends ---- */

/* A subkey that has expired counts until another took its place. */
static void
test_the_end_of_a_key(void **state)
{
	const int64_t now = 1000000;
	static const struct {
		int64_t sign, encrypt, newer; /* end of each; newer -1: none */
		int64_t expires;
		enum vault_key_problem problem;
	} rows[] = {
	    {0, 0, -1, 0, VAULT_KEY_FINE},
	    {0, 2000000, -1, 2000000, VAULT_KEY_FINE},
	    {1500000, 2000000, -1, 1500000, VAULT_KEY_FINE},
	    {0, 900000, -1, 900000, VAULT_KEY_NO_ENCRYPT},
	    {900000, 0, -1, 900000, VAULT_KEY_NO_SIGN},
	    {0, 900000, 3000000, 3000000, VAULT_KEY_FINE},
	    {0, 900000, 0, 0, VAULT_KEY_FINE},
	};
	void *ctx = talloc_new(NULL);

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct _gpgme_subkey s[4] = {0};
		struct _gpgme_key key = {.subkeys = s};
		struct vault_key k;

		s[0].can_certify = 1;
		s[0].next = &s[1];
		s[1].can_sign = 1;
		s[1].expires = rows[i].sign;
		s[1].next = &s[2];
		s[2].can_encrypt = 1;
		s[2].expires = rows[i].encrypt;
		s[2].timestamp = 1;
		s[3].can_encrypt = 1;
		s[3].expires = rows[i].newer;
		s[3].timestamp = 2;
		if (rows[i].newer >= 0)
			s[2].next = &s[3];
		s[0].pubkey_algo = s[1].pubkey_algo = GPGME_PK_EDDSA;
		s[2].pubkey_algo = s[3].pubkey_algo = GPGME_PK_ECDH;
		key_judge(ctx, "F", &key, KEY_PINNED, now, &k);
		assert_false(k.weak);
		assert_int_equal(k.expires, rows[i].expires);
		assert_int_equal(k.problem, rows[i].problem);
	}
	talloc_free(ctx);
}

/* ---- how strong a key is ---- */

static void
test_weak_keys(void **state)
{
	static const struct {
		gpgme_pubkey_algo_t algorithm;
		unsigned length;
		bool weak;
	} rows[] = {
	    {GPGME_PK_RSA, 1024, true},
	    {GPGME_PK_RSA, 2047, true},
	    {GPGME_PK_RSA, 2048, false},
	    {GPGME_PK_DSA, 1024, true},
	    {GPGME_PK_ELG_E, 1536, true},
	    {GPGME_PK_EDDSA, 255, false},
	    {99, 4096, true},
	};
	void *ctx = talloc_new(NULL);

	/* Wherever it stands: one weak subkey in use is enough. */
	for (size_t i = 0; i < 2 * sizeof(rows) / sizeof(rows[0]); i++) {
		struct _gpgme_subkey s[2] = {0};
		struct _gpgme_key key = {.subkeys = s};
		struct vault_key k;

		s[0].can_sign = s[1].can_encrypt = 1;
		s[0].pubkey_algo = s[1].pubkey_algo = GPGME_PK_EDDSA;
		s[0].next = &s[1];
		s[i % 2].pubkey_algo = rows[i / 2].algorithm;
		s[i % 2].length = rows[i / 2].length;
		key_judge(ctx, "F", &key, KEY_PINNED, 1000000, &k);
		assert_int_equal(k.weak, rows[i / 2].weak);
		assert_non_null(k.algorithm);
	}
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_passphrase),
	    cmocka_unit_test(test_whole),
	    cmocka_unit_test(test_whole_inside),
	    cmocka_unit_test(test_two_keys_claim_one_subkey),
	    cmocka_unit_test(test_the_end_of_a_key),
	    cmocka_unit_test(test_weak_keys),
	    cmocka_unit_test(test_more_signatures_than_are_taken),
	    cmocka_unit_test(test_for_the_reader_alone),
	};

	gpgme_check_version(NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
