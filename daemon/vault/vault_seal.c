/*
 * vault_seal.c - signs a mail, and encrypts it where its reader has a key;
 * signs a few lines that are kept (job_sign).
 *
 * Runs in a job's child.  Takes struct vault_seal_job; gives the bytes that
 * leave, or the reason why the mail must wait.  A mail that is to be encrypted
 * is never made in clear.  The reader is a fingerprint out of the settings, or
 * the one key of a block that came with a letter: that one is used from a
 * file in a throw-away home and never joins the ring.
 */
#include "vault_internal.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>
#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

struct seal {
	const void *ctx;
	struct vault *vault;
	const struct vault_seal_job *job;
	struct vault_answer *answer; /* set where a function gives 1 */
	gpgme_sig_mode_t mode;       /* of a signature without a reader */
	gpgme_key_t reader;
	char *reader_file; /* NULL: the reader is in the ring */
	const char *reader_fpr;
};

/* ---- keys; 0: usable, 1: it was answered why not, -1: error ---- */

static int
refuse_key(
    struct seal *s, const char *whose, const char *fingerprint, const char *why)
{
	struct vault_failed *failed = talloc_zero(s->ctx, struct vault_failed);

	if (failed != NULL) {
		failed->reason = VAULT_FAIL_KEY;
		failed->fingerprint = fingerprint;
		failed->text = talloc_asprintf(failed, "%s key: %s", whose,
		    why != NULL ? why : "not usable");
	}
	*s->answer = (struct vault_answer){
	    VAULT_FAILED, &vault_failed_wire, failed, false};
	return 1;
}

static int
check_own(struct seal *s)
{
	struct vault_key own;

	key_judge(s->ctx, s->vault->setup->poc, s->vault->poc, KEY_OWN,
	    clock_now(), &own);
	if (own.can_sign)
		return 0;
	return refuse_key(s, "our", s->vault->setup->poc,
	    s->vault->wrong_passphrase ? "its passphrase is missing or wrong"
				       : own.text);
}

static int
check_reader(struct seal *s)
{
	struct vault_key reader;

	key_judge(
	    s->ctx, s->reader_fpr, s->reader, KEY_PINNED, clock_now(), &reader);
	if (reader.can_encrypt)
		return 0;
	return refuse_key(s, "the reader's", s->reader_fpr, reader.text);
}

/* The block's one key, written to a file as it was scanned. */
static int
reader_from_block(struct seal *s, struct error *err)
{
	const struct vault_seal_job *job = s->job;
	struct bytes packets = BYTES_NONE;
	struct key_ring ring = {0};
	struct error why = {0};
	char *home = NULL;

	s->reader_fpr = job->recipient_key_fpr;
	s->reader = blob_single(
	    s->ctx, s->vault, job->recipient_key, &home, &ring, &why);
	if (s->reader == NULL && why.fault == FAULT_INPUT)
		return refuse_key(s, "the reader's", s->reader_fpr, why.text);
	if (s->reader == NULL) {
		*err = why;
		return -1;
	}
	if (s->reader->fpr == NULL ||
	    strcasecmp(s->reader->fpr, s->reader_fpr) != 0)
		return refuse_key(s, "the reader's", s->reader_fpr,
		    "the key block holds another key");
	if (armor_open(s->ctx, job->recipient_key, "PUBLIC KEY BLOCK", &packets,
		err) != 0 ||
	    home_write(home, "reader.gpg", packets, err) != 0)
		return -1;
	s->reader_file = talloc_asprintf(s->ctx, "%s/reader.gpg", home);
	if (s->reader_file == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

static int
find_reader(struct seal *s, struct error *err)
{
	const struct vault_seal_job *job = s->job;
	int rc = 0;

	if (job->recipient != NULL) {
		s->reader_fpr = job->recipient;
		s->reader = key_ring_find(&s->vault->ring, job->recipient);
	} else if (job->recipient_key.len > 0 &&
		   text_is_fingerprint(job->recipient_key_fpr)) {
		rc = reader_from_block(s, err);
	} else {
		return refuse_key(s, "the reader's", NULL, "there is none");
	}
	return rc != 0 ? rc : check_reader(s);
}

/* ---- gpg ---- */

/* Why an operation failed: 1 when it was answered. */
static int
op_failed(struct seal *s, const struct gpg_sink *sink, gpgme_error_t rc,
    struct error *err)
{
	char text[128] = "";

	if (sink->no_memory)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (sink->overflow) {
		answer_failed(s->ctx, s->answer, VAULT_FAIL_INPUT,
		    "the mail is too large");
		return 1;
	}
	gpgme_strerror_r(rc, text, sizeof(text));
	if (s->vault->asked.refused)
		return refuse_key(s, "our", s->vault->setup->poc,
		    "its passphrase is missing or wrong");
	if (gpgme_err_code(rc) == GPG_ERR_UNUSABLE_PUBKEY ||
	    gpgme_err_code(rc) == GPG_ERR_INV_KEYINFO)
		return refuse_key(s, "the reader's", s->reader_fpr, text);
	/* The key was good a moment ago: perhaps the agent is gone. */
	answer_failed(s->ctx, s->answer, VAULT_FAIL_CHILD,
	    "gpg could not seal the mail: %s", text);
	s->answer->suspect = true;
	return 1;
}

static bool
is_strong(gpgme_hash_algo_t hash)
{
	return hash == GPGME_MD_SHA256 || hash == GPGME_MD_SHA384 ||
	       hash == GPGME_MD_SHA512;
}

/* One signature, by our key, with a digest of today. */
static int
check_signed(const struct seal *s, char **micalg, struct error *err)
{
	gpgme_sign_result_t result = gpgme_op_sign_result(s->vault->gpg);
	gpgme_new_signature_t made = result != NULL ? result->signatures : NULL;
	const char *name;

	if (made == NULL || made->next != NULL ||
	    result->invalid_signers != NULL ||
	    key_ring_owner(&s->vault->ring, made->fpr) != s->vault->poc)
		return error_set(
		    err, FAULT_SETUP, "gpg did not sign with the POC key");
	name = gpgme_hash_algo_name(made->hash_algo);
	if (!is_strong(made->hash_algo) || name == NULL)
		return error_set(err, FAULT_SETUP,
		    "gpg signed with the digest %s", name != NULL ? name : "?");
	*micalg = text_lower(s->ctx, talloc_asprintf(s->ctx, "pgp-%s", name));
	if (*micalg == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

/* For this reader alone, and integrity protected. */
static int
check_encrypted(const struct seal *s, struct bytes armored, struct error *err)
{
	gpgme_encrypt_result_t result = gpgme_op_encrypt_result(s->vault->gpg);
	struct packet_scan scan = {0};
	struct bytes packets = BYTES_NONE;
	uint64_t *ids = NULL;
	size_t n = 0;

	for (gpgme_subkey_t k = s->reader->subkeys; k != NULL; k = k->next) {
		ids = talloc_realloc(s->ctx, ids, uint64_t, n + 1);
		if (ids == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		if (k->can_encrypt && k->keyid != NULL)
			ids[n++] = key_id_of(k->keyid);
	}
	if (armor_open(s->ctx, armored, "MESSAGE", &packets, err) != 0 ||
	    packets_scan_message(s->ctx, packets, ids, n, &scan, err) != 0)
		return -1;
	if (result == NULL || result->invalid_recipients != NULL ||
	    scan.npkesk != 1 || !scan.for_us || scan.nskesk != 0 ||
	    scan.container != PACKET_SEIPD || scan.broken || scan.trailing)
		return error_set(err, FAULT_SETUP,
		    "gpg did not encrypt to the reader's key alone");
	return 0;
}

static gpgme_error_t
op_encrypt(struct seal *s, gpgme_data_t plain, gpgme_data_t cipher)
{
	gpgme_key_t ring[] = {s->reader, NULL};
	char *file = NULL;

	/* Identity is the fingerprint that was compared, not gpg's trust. */
	if (s->reader_file == NULL)
		return gpgme_op_encrypt_sign(s->vault->gpg, ring,
		    GPGME_ENCRYPT_ALWAYS_TRUST, plain, cipher);
	file = talloc_asprintf(s->ctx, "--file\n%s", s->reader_file);
	if (file == NULL)
		return gpgme_error(GPG_ERR_ENOMEM);
	return gpgme_op_encrypt_sign_ext(s->vault->gpg, NULL, file,
	    GPGME_ENCRYPT_ALWAYS_TRUST, plain, cipher);
}

/* Runs one operation over the entity; its armored output goes to *made. */
static int
run_gpg(
    struct seal *s, struct bytes entity, struct bytes *made, struct error *err)
{
	struct vault *vault = s->vault;
	struct gpg_sink sink = {.buf = buf_new(s->ctx, ROOM_FRAME_MAX)};
	gpgme_data_t in = NULL;
	gpgme_data_t out = NULL;
	gpgme_error_t rc;
	int done = -1;

	if (sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (gpg_data_from(entity, &in, err) != 0 ||
	    gpg_data_to(&sink, &out, err) != 0)
		goto out;
	vault->watch = (struct gpg_watch){0};
	vault->asked.refused = false;
	gpgme_set_armor(vault->gpg, 1);
	/* Exactly these bytes: text mode would sign what it makes of them. */
	gpgme_set_textmode(vault->gpg, 0);
	gpgme_signers_clear(vault->gpg);
	rc = gpgme_signers_add(vault->gpg, vault->poc);
	if (rc == 0)
		rc = s->reader != NULL
			 ? op_encrypt(s, in, out)
			 : gpgme_op_sign(vault->gpg, in, out, s->mode);
	*made = buf_bytes(sink.buf);
	done = rc == 0 ? 0 : op_failed(s, &sink, rc, err);
out:
	if (in != NULL)
		gpgme_data_release(in);
	if (out != NULL)
		gpgme_data_release(out);
	return done;
}

static int
make_wire(struct seal *s, struct bytes *wire, struct error *err)
{
	struct bytes entity = BYTES_NONE;
	struct bytes made = BYTES_NONE;
	char *micalg = NULL;
	int rc;

	if (mime_build_entity(
		s->ctx, s->job, s->vault->own_key, &entity, err) != 0)
		return -1;
	rc = run_gpg(s, entity, &made, err);
	if (rc != 0)
		return rc;
	if (check_signed(s, &micalg, err) != 0)
		return -1;
	if (s->reader == NULL)
		return mime_signed(
		    s->ctx, s->job, entity, made, micalg, wire, err);
	if (check_encrypted(s, made, err) != 0)
		return -1;
	return mime_encrypted(s->ctx, s->job, made, wire, err);
}

int
job_seal(const void *ctx, struct vault *vault, const struct vault_seal_job *job,
    struct vault_answer *answer, struct error *err)
{
	struct seal s = {.ctx = ctx,
	    .vault = vault,
	    .job = job,
	    .answer = answer,
	    .mode = GPGME_SIG_MODE_DETACH};
	struct vault_sealed *sealed = talloc_zero(ctx, struct vault_sealed);
	int rc;

	if (sealed == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (mime_check_job(job, err) != 0)
		return -1;
	rc = check_own(&s);
	if (rc == 0 && job->encrypt)
		rc = find_reader(&s, err);
	if (rc == 0)
		rc = make_wire(&s, &sealed->wire, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	sealed->fingerprint = s.reader_fpr;
	*answer = (struct vault_answer){
	    VAULT_SEALED, &vault_sealed_wire, sealed, false};
	return 0;
}

int
job_sign(const void *ctx, struct vault *vault, const struct vault_blob *job,
    struct vault_answer *answer, struct error *err)
{
	struct seal s = {.ctx = ctx,
	    .vault = vault,
	    .answer = answer,
	    .mode = GPGME_SIG_MODE_CLEAR};
	struct vault_blob *block = talloc_zero(ctx, struct vault_blob);
	char *micalg = NULL;
	int rc;

	if (block == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = check_own(&s);
	if (rc == 0)
		rc = run_gpg(&s, job->data, &block->data, err);
	if (rc == 0)
		rc = check_signed(&s, &micalg, err);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	*answer =
	    (struct vault_answer){VAULT_SIGNED, &vault_blob_wire, block, false};
	return 0;
}
