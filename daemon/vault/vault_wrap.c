/*
 * vault_wrap.c - the data key as an OpenPGP message to our own keys.
 *
 * Runs in a job's child.  Wraps to the POC key, and to the recovery key where
 * the settings name one; unwraps with whatever of our secret keys fits.  What
 * comes out is held in memory that is wiped.  Whether it is the right key the
 * store finds out: an attacker could encrypt one to us as well.
 */
#include "vault_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define WRAPPED_MAX ((size_t)64 << 10)
#define SECRET_MAX ((size_t)4096)

static int
check_key(const void *ctx, const char *whose, const char *fingerprint,
    gpgme_key_t key, enum key_use use, struct error *err)
{
	struct vault_key to;

	key_judge(ctx, fingerprint, key, use, clock_now(), &to);
	if (to.can_encrypt)
		return 0;
	return error_set(err, FAULT_SETUP,
	    "the data key cannot be encrypted to the %s key %s: %s", whose,
	    fingerprint, to.text != NULL ? to.text : "not usable");
}

/* One operation of this context, armored or not, into sink. */
static void
op_begin(struct vault *vault, bool armor)
{
	vault->watch = (struct gpg_watch){0};
	vault->asked.refused = false;
	gpgme_set_armor(vault->gpg, armor);
	gpgme_set_textmode(vault->gpg, 0);
}

static int
wrap_to(struct vault *vault, gpgme_key_t *keys, struct bytes secret,
    struct gpg_sink *sink, struct error *err)
{
	gpgme_data_t in = NULL;
	gpgme_data_t out = NULL;
	gpgme_error_t rc = 0;
	int done = -1;

	if (gpg_data_from(secret, &in, err) != 0 ||
	    gpg_data_to(sink, &out, err) != 0)
		goto out;
	op_begin(vault, true);
	/* Random bytes: nothing to compress. */
	rc = gpgme_op_encrypt(vault->gpg, keys,
	    GPGME_ENCRYPT_ALWAYS_TRUST | GPGME_ENCRYPT_NO_COMPRESS, in, out);
	done = rc == 0
		   ? 0
		   : gpg_fault(err, FAULT_SETUP, "encrypting the data key", rc);
out:
	if (in != NULL)
		gpgme_data_release(in);
	if (out != NULL)
		gpgme_data_release(out);
	return done;
}

/* To as many keys as were meant, under integrity protection. */
static int
check_wrapped(const void *ctx, const struct vault *vault, struct bytes armored,
    size_t nkeys, struct error *err)
{
	struct packet_scan scan = {0};
	struct bytes packets = BYTES_NONE;

	if (armor_open(ctx, armored, "MESSAGE", &packets, err) != 0 ||
	    packets_scan_message(
		ctx, packets, vault->own, vault->nown, &scan, err) != 0)
		return -1;
	if (scan.npkesk != nkeys || !scan.for_us || scan.nskesk != 0 ||
	    scan.container != PACKET_SEIPD || scan.broken || scan.trailing)
		return error_set(err, FAULT_SETUP,
		    "gpg did not encrypt the data key to our keys alone");
	return 0;
}

int
job_wrap(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err)
{
	const struct vault_setup *setup = vault->setup;
	struct vault_blob *wrapped = talloc_zero(ctx, struct vault_blob);
	struct gpg_sink sink = {.buf = buf_new(ctx, WRAPPED_MAX)};
	gpgme_key_t keys[3] = {vault->poc, NULL, NULL};
	size_t nkeys = 1;

	if (wrapped == NULL || sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (job->data.len == 0 || job->data.len > SECRET_MAX)
		return error_set(err, FAULT_INPUT, "this is no data key");
	if (check_key(ctx, "POC", setup->poc, vault->poc, KEY_OWN, err) != 0)
		return -1;
	if (setup->recovery != NULL) {
		if (check_key(ctx, "recovery", setup->recovery, vault->recovery,
			KEY_RECOVERY, err) != 0)
			return -1;
		/* The same key twice would be one PKESK. */
		if (vault->recovery != vault->poc)
			keys[nkeys++] = vault->recovery;
	}
	if (wrap_to(vault, keys, job->data, &sink, err) != 0)
		return -1;
	wrapped->data = buf_bytes(sink.buf);
	if (check_wrapped(ctx, vault, wrapped->data, nkeys, err) != 0)
		return -1;
	*answer = (struct vault_answer){
	    VAULT_WRAPPED, &vault_blob_wire, wrapped, false};
	return 0;
}

/* ---- back ---- */

static int
unwrap_failed(const void *ctx, const struct vault *vault, gpgme_error_t rc,
    struct vault_answer *answer)
{
	char text[128] = "";

	gpgme_strerror_r(rc, text, sizeof(text));
	if (vault->asked.refused || vault->wrong_passphrase)
		return answer_failed(ctx, answer, VAULT_FAIL_SETUP,
		    "the data key cannot be opened: the passphrase of the POC "
		    "key is missing or wrong");
	answer_failed(ctx, answer, VAULT_FAIL_SETUP,
	    "the data key cannot be opened: %s",
	    rc == 0 ? "its message is damaged" : text);
	answer->suspect = gpgme_err_code(rc) == GPG_ERR_NO_SECKEY;
	return 0;
}

int
job_unwrap(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err)
{
	struct vault_blob *secret = talloc_zero(ctx, struct vault_blob);
	struct gpg_sink sink = {.buf = buf_new_secret(ctx, SECRET_MAX)};
	gpgme_data_t in = NULL;
	gpgme_data_t out = NULL;
	gpgme_error_t rc = 0;
	int done = -1;

	if (secret == NULL || sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (job->data.len == 0 || job->data.len > WRAPPED_MAX)
		return error_set(err, FAULT_INPUT, "this is no wrapped key");
	if (gpg_data_from(job->data, &in, err) != 0 ||
	    gpg_data_to(&sink, &out, err) != 0)
		goto out;
	op_begin(vault, false);
	rc = gpgme_op_decrypt(vault->gpg, in, out);
	/* gpg hands out text before it knows whether it is whole. */
	if (rc != 0 || sink.overflow || !vault->watch.okay ||
	    !vault->watch.intact || sink.buf->len == 0) {
		done = unwrap_failed(ctx, vault, rc, answer);
		goto out;
	}
	secret->data = buf_bytes(sink.buf);
	*answer = (struct vault_answer){
	    VAULT_UNWRAPPED, &vault_blob_wire, secret, false};
	done = 0;
out:
	if (in != NULL)
		gpgme_data_release(in);
	if (out != NULL)
		gpgme_data_release(out);
	return done;
}
