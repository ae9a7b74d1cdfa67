/*
 * vault_import.c - the configured keys, out of the settings' GNUPGHOME and
 * into a fresh home of our own.
 *
 * Runs in the vault room at set-up, before its walls.  The home of the
 * settings is only read: its ring and the secret keys that are wanted are
 * copied into a stage, a second fresh home with an agent of its own, and gpg
 * exports from there.  Keys that went through an import carry gpg's cache of
 * their self-signatures (an operation costs half), and a passphrase put on
 * anew costs a thousandth (s2k-count in gpg-agent.conf).  A key that cannot
 * be taken is left out; vault_setup.c says so by its fingerprint.
 */
#include "vault_internal.h"

#include <string.h>
#include <sys/stat.h>

#include <talloc.h>

#include "psirtd/log.h"

#define RING_MAX ((size_t)128 << 20)
#define SECRET_MAX ((size_t)4 << 20)
/* An import is quadratic in the number of keys: 1000 take 2 s. */
#define IMPORT_MS 120000

struct stage {
	struct vault_home *home;
	struct key_ring ring;
	const char **wanted; /* fingerprints: public keys */
	size_t nwanted;
};

static int
copy_file(const void *ctx, const char *from, const char *folder,
    const char *name, size_t max, bool *found, struct error *err)
{
	char *path = talloc_asprintf(ctx, "%s/%s", from, name);
	struct bytes content = BYTES_NONE;
	int rc;

	if (path == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (home_read(path, path, max, &content, err) != 0) {
		talloc_free(path);
		return -1;
	}
	*found = content.data != NULL;
	rc = *found ? home_write(folder, name, content, err) : 0;
	talloc_free(path);
	return rc;
}

static int
stage_ring(
    const void *ctx, struct stage *stage, const char *from, struct error *err)
{
	static struct gpg_watch nobody_watches;
	static struct gpg_asked nobody_asked;
	bool box = false;
	bool old = false;
	gpgme_ctx_t gpg;
	int rc;

	if (copy_file(ctx, from, stage->home->path, "pubring.kbx", RING_MAX,
		&box, err) != 0 ||
	    copy_file(ctx, from, stage->home->path, "pubring.gpg", RING_MAX,
		&old, err) != 0)
		return -1;
	if (!box && !old)
		return error_set(err, FAULT_SETUP,
		    "%s: there is no pubring.kbx in this GNUPGHOME", from);
	gpg =
	    gpg_context(stage->home->path, &nobody_watches, &nobody_asked, err);
	if (gpg == NULL)
		return -1;
	rc = key_ring_load(ctx, gpg, false, &stage->ring, err);
	gpgme_release(gpg);
	return rc;
}

/* Once each, and only what is there: gpg stumbles over the others. */
static void
want(struct stage *stage, const char *fingerprint)
{
	if (key_ring_find(&stage->ring, fingerprint) == NULL)
		return;
	for (size_t i = 0; i < stage->nwanted; i++)
		if (strcmp(stage->wanted[i], fingerprint) == 0)
			return;
	stage->wanted[stage->nwanted++] = fingerprint;
}

static int
want_all(const void *ctx, struct stage *stage, const struct vault_setup *setup,
    struct error *err)
{
	stage->wanted = talloc_zero_array(
	    ctx, const char *, setup->nretired + setup->npinned + 2);
	if (stage->wanted == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	want(stage, setup->poc);
	for (size_t i = 0; i < setup->nretired; i++)
		want(stage, setup->retired[i]);
	want(stage, setup->recovery);
	for (size_t i = 0; i < setup->npinned; i++)
		want(stage, setup->pinned[i]);
	return 0;
}

/* The files of one key's secret parts; how many are there. */
static int
stage_secret(const void *ctx, struct stage *stage, const char *from,
    const char *fingerprint, size_t *count, struct error *err)
{
	gpgme_key_t key = key_ring_find(&stage->ring, fingerprint);
	char *source = talloc_asprintf(ctx, "%s/private-keys-v1.d", from);
	char *folder =
	    talloc_asprintf(ctx, "%s/private-keys-v1.d", stage->home->path);

	*count = 0;
	if (source == NULL || folder == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (gpgme_subkey_t s = key != NULL ? key->subkeys : NULL; s != NULL;
	     s = s->next) {
		bool found = false;
		char *name;

		if (s->keygrip == NULL)
			continue;
		name = talloc_asprintf(ctx, "%s.key", s->keygrip);
		if (name == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
		if (copy_file(ctx, source, folder, name, SECRET_MAX, &found,
			err) != 0)
			return -1;
		*count += found ? 1 : 0;
	}
	return 0;
}

/* gpg --export… in the stage, gpg --import in the home of the room. */
static int
transfer(const struct stage *stage, struct vault *vault,
    const char *const *export_args, struct buf *keys, struct error *err)
{
	static const char *const import_args[] = {"--import", NULL};
	struct gpg_run run = {.home = stage->home->path,
	    .args = export_args,
	    .passphrase = vault->setup->passphrase,
	    .timeout_ms = IMPORT_MS};
	struct buf *nothing = buf_new(stage->home, 65536);
	int rc = -1;

	if (keys == NULL || nothing == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto out;
	}
	if (gpg_run(&run, keys, err) != 0)
		goto out;
	if (keys->len == 0) {
		error_set(err, FAULT_SETUP, "nothing was exported");
		goto out;
	}
	run.home = vault->home->path;
	run.args = import_args;
	run.input = buf_bytes(keys);
	rc = gpg_run(&run, nothing, err);
out:
	talloc_free(nothing);
	return rc;
}

static int
import_public(const void *ctx, const struct stage *stage, struct vault *vault,
    struct error *err)
{
	const char **args =
	    talloc_zero_array(ctx, const char *, stage->nwanted + 2);
	struct error why = {0};

	if (args == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (stage->nwanted == 0)
		return 0;
	args[0] = "--export";
	for (size_t i = 0; i < stage->nwanted; i++)
		args[i + 1] = stage->wanted[i];
	/* gpg says 2 for one key of many; which, the list shows. */
	if (transfer(stage, vault, args, buf_new(ctx, RING_MAX), &why) != 0)
		log_warn("import of the public keys: %s", why.text);
	return 0;
}

static int
import_secret(const void *ctx, struct stage *stage, struct vault *vault,
    const char *fingerprint, struct error *err)
{
	const char *args[] = {"--export-secret-keys", fingerprint, NULL};
	struct buf *keys = NULL;
	struct error why = {0};
	size_t count = 0;

	if (fingerprint == NULL)
		return 0;
	if (stage_secret(
		ctx, stage, vault->setup->home, fingerprint, &count, err) != 0)
		return -1;
	if (count == 0)
		return 0;
	keys = buf_new_secret(ctx, SECRET_MAX);
	if (transfer(stage, vault, args, keys, &why) != 0) {
		log_warn("import of secret key %s: %s", fingerprint, why.text);
		if (strcmp(fingerprint, vault->setup->poc) == 0)
			vault->wrong_passphrase = true;
	}
	talloc_free(keys); /* wiped */
	return 0;
}

static int
stage_run(const void *ctx, struct stage *stage, struct vault *vault,
    struct error *err)
{
	const struct vault_setup *setup = vault->setup;
	char *folder =
	    talloc_asprintf(ctx, "%s/private-keys-v1.d", stage->home->path);

	if (folder == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (mkdir(folder, 0700) != 0)
		return error_errno(err, FAULT_SETUP, "%s", folder);
	if (stage_ring(ctx, stage, setup->home, err) != 0 ||
	    want_all(ctx, stage, setup, err) != 0 ||
	    agent_start(stage->home, err) != 0 ||
	    import_public(ctx, stage, vault, err) != 0 ||
	    import_secret(ctx, stage, vault, setup->poc, err) != 0)
		return -1;
	for (size_t i = 0; i < setup->nretired; i++)
		if (import_secret(ctx, stage, vault, setup->retired[i], err) !=
		    0)
			return -1;
	/* Where somebody put it there: to open a backup by it. */
	return import_secret(ctx, stage, vault, setup->recovery, err);
}

int
vault_import(struct vault *vault, struct error *err)
{
	void *ctx = talloc_new(NULL);
	struct stage stage = {0};
	int rc = -1;

	if (ctx == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	stage.home = home_new(ctx, vault->setup->work_dir, err);
	if (stage.home != NULL)
		rc = stage_run(ctx, &stage, vault, err);
	talloc_free(ctx);
	return rc;
}
