/*
 * engine_held.c - mails that wait for a key leave once it can be used.
 *
 * Runs in the engine process.  A mail that could not be sealed says in its
 * reason which key it waits for.  Every vault that has looked at the keys
 * tells what they can do now: after a start, and whenever one was started
 * anew.  What was held for a key that is good again is approved once more,
 * and the guards are asked before it is sealed (engine_seal.c).
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

static char *
waits_for(const void *ctx, const char *fingerprint)
{
	return talloc_asprintf(ctx, "waits for key %s ", fingerprint);
}

char *
held_reason(
    const void *ctx, const struct engine *e, const struct vault_failed *failed)
{
	const char *text =
	    failed->text != NULL ? failed->text : "cannot be sealed";
	const char *owner = NULL;

	if (failed->fingerprint != NULL)
		owner = settings_key_owner(ctx, e->s, failed->fingerprint);
	if (owner != NULL)
		return talloc_asprintf(ctx, "%s(%s): %s",
		    waits_for(ctx, failed->fingerprint), owner, text);
	/* It came with a letter: no start brings another one. */
	if (failed->fingerprint != NULL)
		return talloc_asprintf(ctx, "key %s cannot be used: %s",
		    failed->fingerprint, text);
	return talloc_strdup(ctx, text);
}

static bool
begins_with_one(const char *reason, const char *const *whys, size_t nwhys)
{
	for (size_t i = 0; reason != NULL && i < nwhys; i++)
		if (strncmp(reason, whys[i], strlen(whys[i])) == 0)
			return true;
	return false;
}

static int
approve_again(struct engine *e, struct store_outmail *m, struct error *err)
{
	m->state = OUTMAIL_APPROVED;
	m->reason = NULL;
	if (store_outmail_put(e->st, m, OUTMAIL_HELD, err) != 0 ||
	    engine_record(e, RECORD_MAIL_DECIDED, m->casefile, m->letter, m->id,
		OUTMAIL_APPROVED, err) != 0)
		return -1;
	return m->casefile != 0
		   ? store_case_advance(e->st, m->casefile, true, err)
		   : 0;
}

/* One that is damaged stays where it is, and holds up no other. */
static int
look_at_mail(struct engine *e, int64_t id, const char *const *whys,
    size_t nwhys, size_t *count, struct error *err)
{
	void *ctx = talloc_new(e);
	struct store_outmail m = {0};
	int rc = store_outmail_get(ctx, e->st, id, &m, err);

	if (rc == 1 && begins_with_one(m.reason, whys, nwhys)) {
		rc = approve_again(e, &m, err);
		++*count;
	} else if (rc < 0 && err->fault == FAULT_INPUT) {
		error_clear(err);
		rc = 0;
	}
	talloc_free(ctx);
	return rc < 0 ? -1 : 0;
}

int
held_release(struct engine *e, const char *const *whys, size_t nwhys,
    size_t *count, struct error *err)
{
	int64_t id = 0;
	int64_t next = 0;

	do {
		if (store_outmail_next(e->st, OUTMAIL_HELD, INT64_MAX, id, &id,
			&next, err) != 0 ||
		    (id != 0 &&
			look_at_mail(e, id, whys, nwhys, count, err) != 0))
			return -1;
	} while (id != 0);
	return 0;
}

/* Whatever it is wanted for: ours signs, those of others are sealed to. */
static bool
is_good(const struct engine *e, const struct vault_key *k)
{
	if (k->fingerprint == NULL || k->problem != VAULT_KEY_FINE ||
	    (k->expires != 0 && k->expires <= clock_now()))
		return false;
	return strcmp(k->fingerprint, e->s->poc) == 0 ? k->can_sign
						      : k->can_encrypt;
}

int
held_look(struct engine *e, struct error *err)
{
	void *ctx = talloc_new(e);
	const char **whys = talloc_array(ctx, const char *, e->keys->nkeys);
	size_t n = 0, count = 0;
	int rc;

	for (size_t i = 0; i < e->keys->nkeys; i++)
		if (is_good(e, &e->keys->keys[i]))
			whys[n++] =
			    waits_for(whys, e->keys->keys[i].fingerprint);
	rc = store_begin(e->st, err);
	if (rc == 0)
		rc = held_release(e, whys, n, &count, err);
	if (rc == 0)
		rc = store_commit(e->st, err);
	if (rc != 0)
		store_rollback(e->st);
	else if (count > 0)
		log_info("%zu held mails leave: their keys can be used", count);
	talloc_free(ctx);
	return rc;
}
