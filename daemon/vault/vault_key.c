/*
 * vault_key.c - what a key can do now: lists, looks up, judges.
 *
 * Takes GPGME's key objects; gives struct vault_key.  gpg's own notion of
 * validity is not used (identity is the pinned fingerprint); expiry,
 * revocation and the uses of each subkey are looked at here.  The key objects
 * may be older than the moment, so dates are compared anew.
 */
#include "vault_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

static int
ring_free(struct key_ring *holder)
{
	for (size_t i = 0; i < holder->nkeys; i++)
		gpgme_key_unref(holder->keys[i]);
	return 0;
}

/* Key objects hang off a talloc struct, so that goto out stays short. */
static int
ring_keep(const void *ctx, struct key_ring *ring, struct error *err)
{
	struct key_ring *holder = talloc_zero(ctx, struct key_ring);

	if (holder == NULL) {
		ring_free(ring);
		return error_set(err, FAULT_RETRY, "out of memory");
	}
	*holder = *ring;
	talloc_steal(holder, ring->keys);
	talloc_set_destructor(holder, ring_free);
	return 0;
}

int
key_ring_load(const void *ctx, gpgme_ctx_t gpg, bool secret,
    struct key_ring *ring, struct error *err)
{
	gpgme_error_t rc;
	gpgme_key_t key = NULL;

	*ring = (struct key_ring){0};
	gpgme_set_keylist_mode(
	    gpg, GPGME_KEYLIST_MODE_LOCAL | GPGME_KEYLIST_MODE_WITH_KEYGRIP |
		     (secret ? GPGME_KEYLIST_MODE_WITH_SECRET : 0));
	rc = gpgme_op_keylist_start(gpg, NULL, 0);
	while (rc == 0 && (rc = gpgme_op_keylist_next(gpg, &key)) == 0) {
		gpgme_key_t *keys = talloc_realloc(
		    ctx, ring->keys, gpgme_key_t, ring->nkeys + 1);

		if (keys == NULL) {
			gpgme_key_unref(key);
			ring_free(ring);
			return error_set(err, FAULT_RETRY, "out of memory");
		}
		ring->keys = keys;
		ring->keys[ring->nkeys++] = key;
	}
	gpgme_op_keylist_end(gpg);
	if (gpgme_err_code(rc) != GPG_ERR_EOF) {
		ring_free(ring);
		*ring = (struct key_ring){0};
		return gpg_fault(err, FAULT_SETUP, "list of keys", rc);
	}
	return ring_keep(ctx, ring, err);
}

gpgme_key_t
key_ring_find(const struct key_ring *ring, const char *fingerprint)
{
	for (size_t i = 0; fingerprint != NULL && i < ring->nkeys; i++)
		if (ring->keys[i]->fpr != NULL &&
		    strcasecmp(ring->keys[i]->fpr, fingerprint) == 0)
			return ring->keys[i];
	return NULL;
}

uint64_t
key_id_of(const char *hex)
{
	size_t len = strlen(hex);

	return strtoull(len > 16 ? hex + len - 16 : hex, NULL, 16);
}

bool
key_has_id(gpgme_key_t key, uint64_t id)
{
	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next)
		if (s->keyid != NULL && key_id_of(s->keyid) == id)
			return true;
	return false;
}

/* Whole fingerprints are compared where both have one. */
static bool
subkey_is(gpgme_subkey_t subkey, const char *id)
{
	if (strlen(id) > 16)
		return subkey->fpr != NULL && strcasecmp(subkey->fpr, id) == 0;
	return subkey->keyid != NULL && strcasecmp(subkey->keyid, id) == 0;
}

gpgme_key_t
key_ring_owner(const struct key_ring *ring, const char *id)
{
	for (size_t i = 0; id != NULL && i < ring->nkeys; i++)
		for (gpgme_subkey_t s = ring->keys[i]->subkeys; s != NULL;
		     s = s->next)
			if (subkey_is(s, id))
				return ring->keys[i];
	return NULL;
}

/* ---- judging ---- */

struct uses {
	gpgme_subkey_t sign; /* the newest that can, now */
	gpgme_subkey_t encrypt;
	gpgme_subkey_t stale; /* could encrypt, but has expired */
	gpgme_subkey_t stale_sign;
	bool no_secret; /* a use fails for want of the secret part */
};

static bool
subkey_over(gpgme_subkey_t s, int64_t now)
{
	return s->expired || (s->expires > 0 && s->expires <= now);
}

static void
take_newer(gpgme_subkey_t *best, gpgme_subkey_t s)
{
	if (*best == NULL || s->timestamp >= (*best)->timestamp)
		*best = s;
}

static struct uses
key_uses(gpgme_key_t key, bool own, int64_t now)
{
	struct uses uses = {0};

	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next) {
		if (s->revoked || s->disabled || s->invalid ||
		    (!s->can_sign && !s->can_encrypt))
			continue;
		if (subkey_over(s, now)) {
			if (s->can_encrypt)
				take_newer(&uses.stale, s);
			if (s->can_sign)
				take_newer(&uses.stale_sign, s);
			continue;
		}
		if (own && !s->secret) {
			uses.no_secret = true;
			continue;
		}
		if (s->can_sign)
			take_newer(&uses.sign, s);
		if (s->can_encrypt)
			take_newer(&uses.encrypt, s);
	}
	return uses;
}

static bool
has_secret(gpgme_key_t key)
{
	for (gpgme_subkey_t s = key->subkeys; s != NULL; s = s->next)
		if (s->secret)
			return true;
	return false;
}

static void
earlier(int64_t *when, gpgme_subkey_t s)
{
	if (s != NULL && s->expires > 0 && (*when == 0 || s->expires < *when))
		*when = s->expires;
}

static void
take_uids(const void *ctx, gpgme_key_t key, struct vault_key *to)
{
	to->uids = talloc_zero_array(ctx, const char *, 256);
	for (gpgme_user_id_t u = key->uids;
	     u != NULL && to->uids != NULL && to->nuids < 256; u = u->next) {
		if (u->revoked || u->invalid || u->uid == NULL)
			continue;
		/* Whoever made the key wrote this: it may hold anything. */
		if (text_valid(bytes_str(u->uid)))
			to->uids[to->nuids++] =
			    text_escape(to->uids, u->uid, false);
	}
}

static void
set_problem(
    struct vault_key *to, enum vault_key_problem problem, const char *text)
{
	if (to->problem != VAULT_KEY_FINE)
		return; /* the first one counts */
	to->problem = problem;
	to->text = text;
}

static void
judge_uses(const void *ctx, const struct uses *uses, enum key_use use,
    struct vault_key *to)
{
	if (uses->no_secret && (!to->can_sign || !to->can_encrypt))
		set_problem(to, VAULT_KEY_NO_SECRET,
		    "its secret part is not in GNUPGHOME, or the passphrase "
		    "does not open it");
	if (!to->can_encrypt && uses->stale != NULL)
		set_problem(to, VAULT_KEY_NO_ENCRYPT,
		    talloc_asprintf(ctx, "its encryption subkey expired on %s",
			clock_date(ctx, uses->stale->expires)));
	else if (!to->can_encrypt)
		set_problem(to, VAULT_KEY_NO_ENCRYPT,
		    "it has no subkey that can encrypt");
	if (!to->can_sign && use != KEY_RECOVERY)
		set_problem(
		    to, VAULT_KEY_NO_SIGN, "it has no subkey that can sign");
}

/* ---- how strong it is ---- */

#define BITS_LEAST 2048 /* of a key over a finite field or RSA */

static bool
subkey_weak(gpgme_subkey_t s)
{
	switch (s->pubkey_algo) {
	case GPGME_PK_RSA:
	case GPGME_PK_RSA_E:
	case GPGME_PK_RSA_S:
	case GPGME_PK_ELG:
	case GPGME_PK_ELG_E:
	case GPGME_PK_DSA:
		return s->length < BITS_LEAST;
	case GPGME_PK_ECC:
	case GPGME_PK_ECDSA:
	case GPGME_PK_ECDH:
	case GPGME_PK_EDDSA:
		return false;
	default:
		return true;
	}
}

/* Of a subkey that is in use; NULL: none is. */
static void
take_strength(const void *ctx, gpgme_subkey_t s, struct vault_key *to)
{
	char *name = s != NULL ? gpgme_pubkey_algo_string(s) : NULL;

	if (s == NULL)
		return;
	to->weak = to->weak || subkey_weak(s);
	to->algorithm = talloc_asprintf(ctx, "%s%s%s",
	    to->algorithm != NULL ? to->algorithm : "",
	    to->algorithm != NULL ? ", " : "",
	    name != NULL && text_valid(bytes_str(name)) ? name : "?");
	gpgme_free(name);
}

void
key_judge(const void *ctx, const char *fingerprint, gpgme_key_t key,
    enum key_use use, int64_t now, struct vault_key *to)
{
	bool own = use == KEY_OWN || use == KEY_RETIRED;
	struct uses uses;

	*to = (struct vault_key){.fingerprint = fingerprint};
	if (key == NULL || key->subkeys == NULL) {
		set_problem(to, VAULT_KEY_MISSING, "it is not in GNUPGHOME");
		return;
	}
	take_uids(ctx, key, to);
	uses = key_uses(key, own, now);
	to->expires = 0;
	earlier(&to->expires, key->subkeys);
	/* What has expired is still in use where nothing took its place. */
	earlier(&to->expires, uses.sign != NULL ? uses.sign : uses.stale_sign);
	earlier(&to->expires, uses.encrypt != NULL ? uses.encrypt : uses.stale);
	take_strength(ctx, key->subkeys, to);
	if (uses.sign != key->subkeys)
		take_strength(ctx, uses.sign, to);
	take_strength(ctx, uses.encrypt, to);
	if (use == KEY_RETIRED) {
		/* It opens old mail, expired or revoked as it may be. */
		if (!has_secret(key))
			set_problem(to, VAULT_KEY_NO_SECRET,
			    "its secret part is not in GNUPGHOME, or the "
			    "passphrase does not open it");
		return;
	}
	if (key->revoked || key->subkeys->revoked)
		set_problem(to, VAULT_KEY_REVOKED, "it was revoked");
	else if (key->expired || subkey_over(key->subkeys, now))
		set_problem(to, VAULT_KEY_EXPIRED,
		    talloc_asprintf(ctx, "it expired on %s",
			clock_date(ctx, key->subkeys->expires)));
	else if (key->disabled || key->invalid)
		set_problem(to, VAULT_KEY_NO_ENCRYPT, "gpg calls it unusable");
	if (to->problem != VAULT_KEY_FINE)
		return;
	to->can_sign = uses.sign != NULL;
	to->can_encrypt = uses.encrypt != NULL;
	judge_uses(ctx, &uses, use, to);
}
