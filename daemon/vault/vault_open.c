/*
 * vault_open.c - opens one layer: decrypts, and says who signed.
 *
 * Takes struct vault_open_job; gives struct vault_opened.  Text is held back
 * until the operation succeeded as a whole: gpg hands out text that is not
 * authenticated, and calls a signature good over text whose integrity check
 * fails.  So the operation's own end is looked at first, signatures only
 * afterwards.  Runs in a job's child; knows nothing of mail.
 */
#include "vault_internal.h"

#include <string.h>

#include <talloc.h>

/* Beside the text an answer holds recipients, signatures and notes. */
#define ANSWER_ROOM ((size_t)2 << 20)

void
opened_close(
    struct vault_opened *opened, enum layer_outcome outcome, const char *note)
{
	opened->outcome = outcome;
	opened->plain = BYTES_NONE;
	opened->signatures = NULL;
	opened->nsignatures = 0;
	opened->note = note;
}

size_t
open_limit(const struct vault *vault)
{
	uint64_t max = (uint64_t)vault->setup->max_output;

	return max < ROOM_FRAME_MAX - ANSWER_ROOM
		   ? (size_t)max
		   : ROOM_FRAME_MAX - ANSWER_ROOM;
}

/* GPG_ERR_DECRYPT_FAILED and its like: which of them. */
static void
judge_failure(const struct vault *vault, const struct packet_scan *scan,
    gpgme_error_t rc, struct vault_opened *opened, bool *suspect)
{
	const struct gpg_watch *watch = &vault->watch;

	switch (gpgme_err_code(rc)) {
	case GPG_ERR_NO_SECKEY:
		/* For us, and yet no key: perhaps the agent is gone. */
		*suspect = scan->for_us;
		opened_close(opened, LAYER_NO_SECRET_KEY,
		    scan->for_us ? "our secret key could not be used" : NULL);
		return;
	case GPG_ERR_CANCELED:
		/* We refused: a password, or a key that is not ours. */
		if (scan->nskesk > 0 && !scan->for_us)
			opened_close(opened, LAYER_SYMMETRIC, NULL);
		else
			opened_close(opened, LAYER_NO_SECRET_KEY,
			    "our secret key could not be used");
		return;
	default:
		break;
	}
	if (gpgme_err_code(rc) == GPG_ERR_DECRYPT_FAILED && watch->began)
		opened_close(opened, LAYER_INTEGRITY, NULL);
	else
		opened_close(
		    opened, LAYER_MALFORMED, "it is cut off or damaged");
}

/* After the operation: its end first, then the signatures. */
static int
judge_decrypted(const void *ctx, struct vault *vault,
    const struct packet_scan *scan, const struct gpg_sink *sink,
    gpgme_error_t rc, struct vault_opened *opened, bool *suspect,
    struct error *err)
{
	gpgme_decrypt_result_t result;

	if (sink->no_memory)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (sink->overflow) {
		opened_close(opened, LAYER_TOO_BIG, NULL);
		return 0;
	}
	if (rc != 0) {
		if (gpg_was_killed())
			opened_close(opened, LAYER_TOO_SLOW, NULL);
		else
			judge_failure(vault, scan, rc, opened, suspect);
		return 0;
	}
	result = gpgme_op_decrypt_result(vault->gpg);
	/* Braces beside the belt: gpg itself must have said both. */
	if (result != NULL && result->legacy_cipher_nomdc) {
		opened_close(opened, LAYER_NO_MDC, NULL);
		return 0;
	}
	if (result == NULL || !vault->watch.okay || !vault->watch.intact) {
		opened_close(opened, LAYER_INTEGRITY, NULL);
		return 0;
	}
	if (verify_take(ctx, vault->gpg, &vault->ring, opened, err) != 0)
		return -1;
	opened->outcome = LAYER_OPEN;
	opened->plain = buf_bytes(sink->buf);
	return 0;
}

/*
 * What is inside, as it stands there, for the second pass; nothing where the
 * encryption is not whole.
 */
static int
unwrap(const void *ctx, struct vault *vault, struct bytes packets,
    struct bytes *inside, struct error *err)
{
	struct gpg_sink sink = {.buf = buf_new(ctx, open_limit(vault))};
	gpgme_data_t in = NULL;
	gpgme_data_t out = NULL;
	gpgme_error_t rc;

	*inside = BYTES_NONE;
	if (sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (gpg_data_from(packets, &in, err) != 0)
		return -1;
	if (gpg_data_to(&sink, &out, err) != 0) {
		gpgme_data_release(in);
		return -1;
	}
	vault->watch = (struct gpg_watch){0};
	rc = gpgme_op_decrypt_ext(vault->gpg, GPGME_DECRYPT_UNWRAP, in, out);
	gpgme_data_release(in);
	gpgme_data_release(out);
	if (rc == 0 && vault->watch.okay && vault->watch.intact)
		*inside = buf_bytes(sink.buf);
	return 0;
}

static int
open_encrypted(const void *ctx, struct vault *vault,
    const struct vault_open_job *job, struct bytes packets,
    const struct packet_scan *scan, struct vault_opened *opened, bool *suspect,
    struct error *err)
{
	struct gpg_sink sink = {.buf = buf_new(ctx, open_limit(vault))};
	struct bytes inside = BYTES_NONE;
	gpgme_data_t in = NULL;
	gpgme_data_t out = NULL;
	gpgme_error_t rc;
	bool unread;

	if (sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (gpg_data_from(packets, &in, err) != 0)
		return -1;
	if (gpg_data_to(&sink, &out, err) != 0) {
		gpgme_data_release(in);
		return -1;
	}
	vault->watch = (struct gpg_watch){0};
	vault->asked.refused = false;
	rc = gpgme_op_decrypt_verify(vault->gpg, in, out);
	gpgme_data_release(in);
	gpgme_data_release(out);
	if (judge_decrypted(
		ctx, vault, scan, &sink, rc, opened, suspect, err) != 0)
		return -1;
	unread = opened->outcome == LAYER_MALFORMED && vault->watch.began;
	if (!unread && (job->bound_key.len == 0 || !opened_lacks_key(opened)))
		return 0;
	if (unwrap(ctx, vault, packets, &inside, err) != 0)
		return -1;
	if (inside.len == 0)
		return 0;
	if (!unread)
		return verify_bound(
		    ctx, vault, job->bound_key, inside, NULL, opened, err);
	/* Whole and untouched, and yet gpg cannot read what is inside. */
	opened_close(opened, LAYER_UNSUPPORTED,
	    "what is inside was made with OpenPGP features that are not "
	    "supported here");
	return 0;
}

/* ---- the three kinds ---- */

static int
open_message(const void *ctx, struct vault *vault,
    const struct vault_open_job *job, const char *stopped,
    struct vault_opened *opened, bool *suspect, struct error *err)
{
	struct bytes packets = BYTES_NONE;
	struct packet_scan scan;
	struct error why = {0};
	int rc;

	if (armor_open(ctx, job->data, "MESSAGE", &packets, &why) != 0) {
		if (why.fault != FAULT_INPUT) {
			*err = why;
			return -1;
		}
		opened_close(
		    opened, LAYER_MALFORMED, talloc_strdup(ctx, why.text));
		return 0;
	}
	rc = open_scan(ctx, vault, packets, &scan, opened, err);
	if (rc != 0)
		return rc > 0 ? 0 : -1;
	if (stopped != NULL) {
		opened_close(opened, LAYER_TOO_SLOW, stopped);
		return 0;
	}
	if (scan.container == PACKET_SEIPD || scan.container == PACKET_AEAD)
		return open_encrypted(
		    ctx, vault, job, packets, &scan, opened, suspect, err);
	if (verify_signed(ctx, vault, vault->gpg, &vault->ring, packets, NULL,
		opened, err) != 0)
		return -1;
	if (job->bound_key.len == 0 || !opened_lacks_key(opened))
		return 0;
	return verify_bound(
	    ctx, vault, job->bound_key, packets, NULL, opened, err);
}

/*
 * The packets of a detached signature.  Some programs write MESSAGE over it
 * (aerc 0.14): it is the packets that must be signatures.
 */
static int
detached_packets(
    const void *ctx, struct bytes in, struct bytes *packets, struct error *err)
{
	bool labelled =
	    bytes_find(in, bytes_str("-----BEGIN PGP SIGNATURE-----")) >= 0;

	if (in.len > SIGNATURE_BLOB_MAX)
		return error_set(err, FAULT_INPUT, "the signature is too long");
	return armor_open(
	    ctx, in, labelled ? "SIGNATURE" : "MESSAGE", packets, err);
}

/* Detached or clearsigned: data, and the packets of its signature. */
static int
open_signed(const void *ctx, struct vault *vault,
    const struct vault_open_job *job, struct vault_opened *opened,
    struct error *err)
{
	bool detached = job->kind == VAULT_VERIFY_DETACHED;
	struct bytes data = job->data;
	struct bytes signature = BYTES_NONE;
	struct error why = {0};
	int rc;

	if (detached)
		rc = detached_packets(ctx, job->signature, &signature, &why);
	else
		rc = armor_clearsigned(ctx, job->data, &data, &signature, &why);
	if (rc == 0 && !packets_are_signatures(signature))
		rc = error_set(&why, FAULT_INPUT,
		    "its signature is damaged, or no signature");
	if (rc != 0 && why.fault != FAULT_INPUT) {
		*err = why;
		return -1;
	}
	if (rc != 0) {
		opened_close(
		    opened, LAYER_MALFORMED, talloc_strdup(ctx, why.text));
		return 0;
	}
	if (verify_signed(ctx, vault, vault->gpg, &vault->ring, data,
		detached ? &signature : NULL, opened, err) != 0)
		return -1;
	if (job->bound_key.len == 0 || !opened_lacks_key(opened))
		return 0;
	return verify_bound(ctx, vault, job->bound_key, data,
	    detached ? &signature : NULL, opened, err);
}

int
job_open(const void *ctx, struct vault *vault, const struct vault_open_job *job,
    const char *stopped, struct vault_answer *answer, struct error *err)
{
	struct vault_opened *opened = talloc_zero(ctx, struct vault_opened);
	int rc;

	if (opened == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	*answer = (struct vault_answer){
	    VAULT_OPENED, &vault_opened_wire, opened, false};
	switch (job->kind) {
	case VAULT_DECRYPT:
		rc = open_message(
		    ctx, vault, job, stopped, opened, &answer->suspect, err);
		break;
	case VAULT_VERIFY_DETACHED:
	case VAULT_VERIFY_CLEAR:
		if (stopped != NULL) {
			opened_close(opened, LAYER_TOO_SLOW, stopped);
			return 0;
		}
		rc = open_signed(ctx, vault, job, opened, err);
		break;
	default:
		return answer_failed(
		    ctx, answer, VAULT_FAIL_INPUT, "no such kind of layer");
	}
	if (job->signatures_only)
		opened->plain = BYTES_NONE;
	return rc;
}
