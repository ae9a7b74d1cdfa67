/*
 * vault_verify.c - who signed: gpg's words made into struct signature.
 *
 * Takes the result of a GPGME operation that succeeded as a whole; gives a
 * status that is GOOD only when gpg said so, digest and time are sane and the
 * key that made it is in our hands: the primary key's fingerprint is taken
 * from the key object, not from the signature, which may name a subkey or
 * nothing but a claim.  gpg's notion of validity is never used.  Runs in a
 * job's child.
 */
#include "vault_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

/* The wire's limit. */
#define TAKEN_MAX 64
/* Clocks differ; a signature from further ahead is kept for a replay. */
#define FUTURE_SLACK 600

static bool
is_weak(gpgme_hash_algo_t hash)
{
	return hash == GPGME_MD_MD5 || hash == GPGME_MD_SHA1 ||
	       hash == GPGME_MD_RMD160;
}

static enum signature_status
status_of(gpgme_signature_t sig, int64_t now)
{
	switch (gpgme_err_code(sig->status)) {
	case GPG_ERR_NO_ERROR:
		break;
	case GPG_ERR_BAD_SIGNATURE:
		return SIGNATURE_BAD;
	case GPG_ERR_NO_PUBKEY:
		return SIGNATURE_NO_KEY;
	case GPG_ERR_SIG_EXPIRED:
		return SIGNATURE_EXPIRED;
	case GPG_ERR_KEY_EXPIRED:
		return SIGNATURE_KEY_EXPIRED;
	case GPG_ERR_CERT_REVOKED:
		return SIGNATURE_KEY_REVOKED;
	case GPG_ERR_DIGEST_ALGO:
		return is_weak(sig->hash_algo) ? SIGNATURE_WEAK
					       : SIGNATURE_UNSUPPORTED;
	default:
		return SIGNATURE_UNSUPPORTED;
	}
	if (sig->wrong_key_usage)
		return SIGNATURE_UNSUPPORTED;
	/* Both pass as good in gpg's eyes. */
	if (is_weak(sig->hash_algo))
		return SIGNATURE_WEAK;
	if ((int64_t)sig->timestamp > now + FUTURE_SLACK)
		return SIGNATURE_FUTURE;
	return SIGNATURE_GOOD;
}

/* One key may hold that (sub)key: two that claim it prove nothing. */
static gpgme_key_t
only_owner(const struct key_ring *ring, const char *id)
{
	gpgme_key_t owner = key_ring_owner(ring, id);
	uint64_t short_id = key_id_of(id);

	for (size_t i = 0; owner != NULL && i < ring->nkeys; i++)
		if (ring->keys[i] != owner &&
		    key_has_id(ring->keys[i], short_id))
			return NULL;
	return owner;
}

static int
take_one(const void *ctx, gpgme_signature_t sig, const struct key_ring *ring,
    struct signature *to, struct error *err)
{
	gpgme_key_t owner;

	to->status = status_of(sig, clock_now());
	to->made = (int64_t)sig->timestamp;
	if (sig->fpr == NULL)
		goto out;
	to->claimed = talloc_strdup(ctx, sig->fpr);
	if (to->claimed == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	owner = only_owner(ring, sig->fpr);
	if (owner != NULL && owner->fpr != NULL) {
		to->primary = talloc_strdup(ctx, owner->fpr);
		if (to->primary == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
	}
out:
	/* Good means: by this key.  A key id alone does not say which. */
	if (to->status == SIGNATURE_GOOD &&
	    (sig->fpr == NULL || strlen(sig->fpr) != 40 || to->primary == NULL))
		to->status = SIGNATURE_UNSUPPORTED;
	return 0;
}

int
verify_take(const void *ctx, gpgme_ctx_t gpg, const struct key_ring *ring,
    struct vault_opened *opened, struct error *err)
{
	gpgme_verify_result_t result = gpgme_op_verify_result(gpg);
	size_t n = 0;

	opened->signatures = NULL;
	opened->nsignatures = 0;
	for (gpgme_signature_t s = result != NULL ? result->signatures : NULL;
	     s != NULL; s = s->next)
		n++;
	if (n == 0)
		return 0;
	opened->signatures = talloc_zero_array(ctx, struct signature, n);
	if (opened->signatures == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (gpgme_signature_t s = result->signatures;
	     s != NULL && opened->nsignatures < TAKEN_MAX; s = s->next)
		if (take_one(ctx, s, ring,
			&opened->signatures[opened->nsignatures++], err) != 0)
			return -1;
	/* What stands behind the limit might be bad: nothing here is good. */
	for (size_t i = 0; n > TAKEN_MAX && i < opened->nsignatures; i++)
		opened->signatures[i].status = SIGNATURE_UNSUPPORTED;
	return 0;
}

/* Versions after 4 (RFC 9580: 6): gpg 2.2 passes over them. */
static bool
has_new_version(struct bytes packets)
{
	struct packet packet = {0};

	while (packet_next(&packets, &packet) > 0)
		if (packet.tag == PACKET_SIGNATURE && packet.body.len > 0 &&
		    packet.body.data[0] > 4)
			return true;
	return false;
}

static int
judge_verified(const void *ctx, gpgme_ctx_t gpg, const struct key_ring *ring,
    const struct bytes *detached, const struct gpg_sink *sink, gpgme_error_t rc,
    struct vault_opened *opened, struct error *err)
{
	if (sink->no_memory)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (sink->overflow) {
		opened_close(opened, LAYER_TOO_BIG, NULL);
		return 0;
	}
	if (rc != 0 && gpg_was_killed()) {
		opened_close(opened, LAYER_TOO_SLOW, NULL);
		return 0;
	}
	if (rc == 0 && verify_take(ctx, gpg, ring, opened, err) != 0)
		return -1;
	if (rc != 0 || opened->nsignatures == 0) {
		if (detached != NULL && has_new_version(*detached))
			opened_close(opened, LAYER_UNSUPPORTED,
			    "the signature was made with features of RFC 9580 "
			    "that are not supported here");
		else
			opened_close(opened, LAYER_MALFORMED,
			    "no signature can be read in it");
		return 0;
	}
	opened->outcome = LAYER_OPEN;
	if (detached == NULL)
		opened->plain = buf_bytes(sink->buf);
	return 0;
}

int
verify_signed(const void *ctx, const struct vault *vault, gpgme_ctx_t gpg,
    const struct key_ring *ring, struct bytes signed_data,
    const struct bytes *detached, struct vault_opened *opened,
    struct error *err)
{
	struct gpg_sink sink = {.buf = buf_new(ctx, open_limit(vault))};
	gpgme_data_t data = NULL;
	gpgme_data_t other = NULL; /* the signature, or the text that comes */
	gpgme_error_t rc;

	if (sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (gpg_data_from(signed_data, &data, err) != 0)
		return -1;
	if ((detached != NULL ? gpg_data_from(*detached, &other, err)
			      : gpg_data_to(&sink, &other, err)) != 0) {
		gpgme_data_release(data);
		return -1;
	}
	rc = detached != NULL ? gpgme_op_verify(gpg, other, data, NULL)
			      : gpgme_op_verify(gpg, data, NULL, other);
	gpgme_data_release(data);
	gpgme_data_release(other);
	return judge_verified(ctx, gpg, ring, detached, &sink, rc, opened, err);
}

/* ---- the second pass ---- */

bool
opened_lacks_key(const struct vault_opened *opened)
{
	for (size_t i = 0;
	     opened->outcome == LAYER_OPEN && i < opened->nsignatures; i++)
		if (opened->signatures[i].status == SIGNATURE_NO_KEY)
			return true;
	return false;
}

/* Same signatures over the same text, seen with another key at hand. */
static bool
is_same(const struct vault_opened *a, const struct vault_opened *b)
{
	if (b->outcome != LAYER_OPEN || a->nsignatures != b->nsignatures ||
	    !bytes_equal(a->plain, b->plain))
		return false;
	for (size_t i = 0; i < a->nsignatures; i++)
		if (a->signatures[i].made != b->signatures[i].made &&
		    a->signatures[i].made != 0)
			return false;
	return true;
}

int
verify_bound(const void *ctx, const struct vault *vault, struct bytes blob,
    struct bytes signed_data, const struct bytes *detached,
    struct vault_opened *opened, struct error *err)
{
	static struct gpg_watch nobody_watches;
	static struct gpg_asked nobody_asked;
	struct vault_opened again = {0};
	struct key_ring ring = {0};
	struct error why = {0};
	char *home = NULL;
	gpgme_ctx_t gpg;
	int rc;

	if (blob_single(ctx, vault, blob, &home, &ring, &why) == NULL) {
		if (why.fault == FAULT_INPUT)
			return 0; /* the key that is bound helps no further */
		*err = why;
		return -1;
	}
	gpg = gpg_context(home, &nobody_watches, &nobody_asked, err);
	if (gpg == NULL)
		return -1;
	rc = verify_signed(
	    ctx, vault, gpg, &ring, signed_data, detached, &again, err);
	gpgme_release(gpg);
	if (rc != 0)
		return -1;
	if (!is_same(opened, &again))
		return 0;
	for (size_t i = 0; i < opened->nsignatures; i++)
		if (opened->signatures[i].status == SIGNATURE_NO_KEY)
			opened->signatures[i] = again.signatures[i];
	return 0;
}
