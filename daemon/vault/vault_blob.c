/*
 * vault_blob.c - key blocks that came from outside.
 *
 * Takes a block of at most 64 KB; imports it, self-signatures only, into a
 * throw-away home without agent and without secret keys, and lists it there.
 * The home of the room never sees it.  Runs in a job's child; the room sweeps
 * the folder away afterwards, also when the job was killed.
 */
#include "vault_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

static struct gpg_watch nobody_watches;
static struct gpg_asked nobody_asked;

static int
blob_import(gpgme_ctx_t gpg, struct bytes packets, struct error *err)
{
	gpgme_data_t data = NULL;
	gpgme_import_result_t result;
	gpgme_error_t rc;

	if (gpg_data_from(packets, &data, err) != 0)
		return -1;
	rc = gpgme_op_import(gpg, data);
	gpgme_data_release(data);
	if (rc != 0)
		return gpg_fault(err, FAULT_INPUT, "key block", rc);
	result = gpgme_op_import_result(gpg);
	if (result == NULL || result->imported <= 0)
		return error_set(err, FAULT_INPUT,
		    "the key block holds no key that GnuPG can read");
	return 0;
}

int
blob_ring(const void *ctx, const struct vault *vault, struct bytes blob,
    char **home, struct key_ring *ring, struct error *err)
{
	struct bytes packets = BYTES_NONE;
	gpgme_ctx_t gpg = NULL;
	int rc = -1;

	if (blob.len > KEY_BLOB_MAX)
		return error_set(err, FAULT_INPUT,
		    "the key block has %zu bytes, the limit is %zu", blob.len,
		    KEY_BLOB_MAX);
	if (armor_open(ctx, blob, "PUBLIC KEY BLOCK", &packets, err) != 0)
		return -1;
	if (packets_count_keys(packets) < 1)
		return error_set(
		    err, FAULT_INPUT, "this is no block of public keys");
	*home = home_throwaway(ctx, vault->home, err);
	if (*home == NULL)
		return -1;
	gpg = gpg_context(*home, &nobody_watches, &nobody_asked, err);
	if (gpg == NULL)
		return -1;
	if (blob_import(gpg, packets, err) == 0)
		rc = key_ring_load(ctx, gpg, false, ring, err);
	gpgme_release(gpg);
	return rc;
}

gpgme_key_t
blob_single(const void *ctx, const struct vault *vault, struct bytes blob,
    char **home, struct key_ring *ring, struct error *err)
{
	struct bytes packets = BYTES_NONE;

	/* Counted in the packets: gpg may have passed over one of two. */
	if (armor_open(ctx, blob, "PUBLIC KEY BLOCK", &packets, err) != 0)
		return NULL;
	if (packets_count_keys(packets) != 1) {
		error_set(err, FAULT_INPUT,
		    "the key block must hold exactly one key");
		return NULL;
	}
	if (blob_ring(ctx, vault, blob, home, ring, err) != 0)
		return NULL;
	if (ring->nkeys != 1) {
		error_set(err, FAULT_INPUT,
		    "the key block must hold exactly one key");
		return NULL;
	}
	return ring->keys[0];
}

int
job_keys(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err)
{
	struct vault_keys *seen = talloc_zero(ctx, struct vault_keys);
	struct key_ring ring = {0};
	struct error why = {0};
	char *home = NULL;

	if (seen == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (blob_ring(ctx, vault, job->data, &home, &ring, &why) != 0) {
		if (why.fault == FAULT_INPUT)
			return answer_failed(
			    ctx, answer, VAULT_FAIL_INPUT, "%s", why.text);
		*err = why;
		return -1;
	}
	seen->keys = talloc_zero_array(seen, struct vault_key, ring.nkeys + 1);
	if (seen->keys == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < ring.nkeys && i < 256; i++)
		key_judge(seen, ring.keys[i]->fpr, ring.keys[i], KEY_PINNED,
		    clock_now(), &seen->keys[seen->nkeys++]);
	*answer = (struct vault_answer){
	    VAULT_KEYS_SEEN, &vault_keys_wire, seen, false};
	return 0;
}
