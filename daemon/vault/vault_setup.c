/*
 * vault_setup.c - everything before the first job.
 *
 * Runs in the vault room, once.  Takes struct vault_setup; makes the fresh
 * home, starts its agent (before any limit is set), takes the keys in, makes
 * the GPGME context and the key objects that jobs use after their fork, and
 * then walls the room in: from here on neither the settings' GNUPGHOME nor
 * anything else but gpg and our own homes can be seen, and no network.
 */
#include "vault_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/sandbox.h"

#define OWN_KEY_MAX ((size_t)1 << 20)

static int
vault_free(struct vault *vault)
{
	if (vault->gpg != NULL)
		gpgme_release(vault->gpg);
	vault->gpg = NULL;
	return 0;
}

/* The key ids that the passphrase callback answers for. */
static int
own_ids(struct vault *vault, struct error *err)
{
	const struct vault_setup *setup = vault->setup;

	for (size_t i = 0; i < setup->nretired + 1; i++) {
		gpgme_key_t key = key_ring_find(
		    &vault->ring, i == 0 ? setup->poc : setup->retired[i - 1]);

		for (gpgme_subkey_t s = key != NULL ? key->subkeys : NULL;
		     s != NULL; s = s->next) {
			uint64_t *ids;

			if (s->keyid == NULL)
				continue;
			ids = talloc_realloc(
			    vault, vault->own, uint64_t, vault->nown + 1);
			if (ids == NULL)
				return error_set(
				    err, FAULT_RETRY, "out of memory");
			vault->own = ids;
			vault->own[vault->nown++] = key_id_of(s->keyid);
		}
	}
	vault->asked.ids = vault->own;
	vault->asked.nids = vault->nown;
	vault->asked.passphrase = setup->passphrase;
	return 0;
}

/* The POC's public key as it goes along with mails: its own signatures only. */
static int
export_own(struct vault *vault, struct error *err)
{
	struct gpg_sink sink = {.buf = buf_new(vault, OWN_KEY_MAX)};
	gpgme_data_t data = NULL;
	gpgme_error_t rc;

	if (vault->poc == NULL)
		return 0;
	if (sink.buf == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (gpg_data_to(&sink, &data, err) != 0)
		return -1;
	gpgme_set_armor(vault->gpg, 1);
	rc = gpgme_op_export(
	    vault->gpg, vault->poc->fpr, GPGME_EXPORT_MODE_MINIMAL, data);
	gpgme_set_armor(vault->gpg, 0);
	gpgme_data_release(data);
	if (rc != 0)
		return gpg_fault(err, FAULT_SETUP, "export of the POC key", rc);
	vault->own_key = buf_bytes(sink.buf);
	return 0;
}

static void
judge(struct vault *vault, const char *fingerprint, enum key_use use)
{
	struct vault_key *to = &vault->ready.keys[vault->ready.nkeys++];

	key_judge(vault, fingerprint, key_ring_find(&vault->ring, fingerprint),
	    use, clock_now(), to);
	if (use == KEY_OWN && to->problem == VAULT_KEY_NO_SECRET &&
	    vault->wrong_passphrase)
		to->text = "its passphrase is missing or wrong";
}

/* In the order of vault.h: poc, retired, recovery, pinned. */
static int
make_ready(struct vault *vault, struct error *err)
{
	const struct vault_setup *setup = vault->setup;

	vault->ready.keys = talloc_zero_array(
	    vault, struct vault_key, setup->nretired + setup->npinned + 2);
	if (vault->ready.keys == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	judge(vault, setup->poc, KEY_OWN);
	for (size_t i = 0; i < setup->nretired; i++)
		judge(vault, setup->retired[i], KEY_RETIRED);
	if (setup->recovery != NULL)
		judge(vault, setup->recovery, KEY_RECOVERY);
	for (size_t i = 0; i < setup->npinned; i++)
		judge(vault, setup->pinned[i], KEY_PINNED);
	return 0;
}

/*
 * The home, not work_dir: other workers' homes are none of ours.  So its
 * folder stays, empty, when the room leaves; the next one removes it.
 */
int
vault_walls(const char *home, const char *work_dir, struct error *err)
{
	static const char *const read[] = {"/etc/gnupg", "/etc/gcrypt",
	    "/etc/ld.so.cache", "/etc/localtime", "/usr/share", "/proc",
	    "/dev/urandom", NULL};
	static const char *const execute[] = {
	    GPG, GPG_AGENT, "/usr/lib", "/usr/lib64", "/lib", "/lib64", NULL};
	const char *write[] = {home, "/dev/null", NULL};
	/* Its own home, at the end, which is empty by then. */
	const char *remove[] = {work_dir, NULL};
	struct sandbox_paths paths = {read, execute, write, remove};

	if (sandbox_files(&paths, err) != 0)
		return -1;
	return sandbox_calls(SANDBOX_VAULT, err);
}

static int
setup_check(const struct vault_setup *setup, struct error *err)
{
	if (setup->home == NULL || setup->work_dir == NULL ||
	    setup->poc == NULL || setup->max_output <= 0 || setup->wall_ms == 0)
		return error_set(err, FAULT_BUG, "vault: half a set-up");
	return 0;
}

struct vault *
vault_setup_do(
    const void *ctx, const struct vault_setup *setup, struct error *err)
{
	struct vault *vault = talloc_zero(ctx, struct vault);

	if (vault == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	talloc_set_destructor(vault, vault_free);
	vault->setup = setup;
	if (gpgme_check_version("1.14.0") == NULL) {
		error_set(err, FAULT_SETUP, "GPGME is too old");
		goto fail;
	}
	if (setup_check(setup, err) != 0 || sandbox_base(err) != 0)
		goto fail;
	vault->home = home_new(vault, setup->work_dir, err);
	if (vault->home == NULL || agent_start(vault->home, err) != 0 ||
	    vault_import(vault, err) != 0)
		goto fail;
	vault->gpg =
	    gpg_context(vault->home->path, &vault->watch, &vault->asked, err);
	if (vault->gpg == NULL ||
	    key_ring_load(vault, vault->gpg, true, &vault->ring, err) != 0)
		goto fail;
	vault->poc = key_ring_find(&vault->ring, setup->poc);
	vault->recovery = key_ring_find(&vault->ring, setup->recovery);
	if (own_ids(vault, err) != 0 || export_own(vault, err) != 0 ||
	    make_ready(vault, err) != 0 ||
	    vault_walls(vault->home->path, setup->work_dir, err) != 0)
		goto fail;
	return vault;
fail:
	talloc_free(vault);
	return NULL;
}
