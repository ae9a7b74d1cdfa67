/*
 * keys.c - key list: whose keys there are; key stage: whether one may be
 * pinned; key confirm: one that is new in the settings; key reseal: the data
 * key to those of today; key renew: another data key.
 *
 * Runs in the engine.  What a key can do is what a vault saw when it took the
 * keys in; its date is compared anew.  For a reseal the vault does the work;
 * the request waits for it turn by turn without keeping the loop awake.  No
 * secret key is seen here.
 */
#include "request.h"

#include <talloc.h>

#include "psirtd/clock.h"

#define NEAR_S INT64_C(2592000) /* a key that expires in 30 days is shown */

/* ---- the keys ---- */

static json_t *
key_can(const struct vault_key *k)
{
	json_t *can = json_array();

	if (k->can_sign)
		json_array_append_new(can, json_string("sign"));
	if (k->can_encrypt)
		json_array_append_new(can, json_string("encrypt"));
	return can;
}

static json_t *
key_row(struct request *r, const struct vault_key *k)
{
	char *whose = settings_key_owner(r, r->s, k->fingerprint);
	const char *problem = k->problem != VAULT_KEY_FINE ? k->text : NULL;
	json_t *row;

	/* It was fine when the vault looked. */
	if (problem == NULL && k->expires != 0 && k->expires <= clock_now())
		problem = "it has expired";
	if (problem == NULL && settings_key_waits(r->s, k->fingerprint))
		problem = "new: waits for two persons";
	row = json_pack("{s:o,s:o,s:o,s:o,s:o,s:b}", "whose", json_text(whose),
	    "fingerprint", json_text(k->fingerprint), "can", key_can(k),
	    "expires", json_time(k->expires), "problem", json_text(problem),
	    "waits", settings_key_waits(r->s, k->fingerprint));
	talloc_free(whose);
	return row;
}

static const struct vault_ready *
keys_of(const struct request *r)
{
	return r->control->engine->keys(r->control->engine->arg);
}

enum turn
keys_run(struct request *r)
{
	const struct vault_ready *keys = keys_of(r);
	size_t *at = r->state;

	if (keys == NULL)
		return request_fail(r, CONTROL_EXIT_AGAIN,
		    "no vault has looked at the keys yet: try again in a "
		    "moment");
	if (at == NULL) {
		at = r->state = talloc_zero(r, size_t);
		if (at == NULL || answer_list(r, "keys") != 0)
			return TURN_FAILED;
	}
	for (; *at < keys->nkeys; ++*at) {
		if (!request_has_time(r))
			return TURN_MORE;
		if (answer_row(r, key_row(r, &keys->keys[*at])) != 0)
			return TURN_FAILED;
	}
	return answer_list_end(r) == 0 ? TURN_DONE : TURN_FAILED;
}

int
waits_keys(struct request *r)
{
	const struct vault_ready *keys = keys_of(r);
	int64_t until = clock_now() + NEAR_S;
	size_t shown = 0;
	int rc = answer_list(r, "keys");

	for (size_t i = 0; keys != NULL && i < keys->nkeys && rc == 0 &&
			   shown < CONTROL_TODAY_ROWS;
	     i++) {
		const struct vault_key *k = &keys->keys[i];
		json_t *row;

		bool waits = settings_key_waits(r->s, k->fingerprint);
		char *next = NULL;

		/* What opens alone is no worse for having expired. */
		if (k->problem == VAULT_KEY_FINE && !waits &&
		    (k->expires == 0 || k->expires > until ||
			settings_key_retired(r->s, k->fingerprint)))
			continue;
		shown++;
		row = key_row(r, k);
		if (waits)
			next = talloc_asprintf(
			    r, "psirt key confirm %s", k->fingerprint);
		if (row != NULL)
			json_object_set_new(row, "next",
			    json_text(next != NULL ? next : "psirt key list"));
		talloc_free(next);
		rc = answer_row(r, row);
	}
	return rc == 0 ? answer_list_end(r) : -1;
}

/* Why it should not be pinned; NULL: it may be. */
static const char *
unfit(const struct vault_keys *keys)
{
	const struct vault_key *k = keys->keys;

	if (keys->nkeys != 1)
		return "the block must hold exactly one key";
	if (k->problem != VAULT_KEY_FINE)
		return k->text != NULL ? k->text : "it cannot be used";
	if (k->weak)
		return "it is too weak: RSA and its like need 2048 bits";
	if (k->nuids == 0)
		return "it has no user id";
	return NULL;
}

static json_t *
uids_of(const struct vault_key *k)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k->nuids; i++)
		json_array_append_new(list, json_text(k->uids[i]));
	return list;
}

enum turn
stage_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;
	struct vault_keys *keys = NULL;
	const struct vault_key *k;
	const char *why;
	int under_way = engine->stage(
	    engine->arg, r, bytes_str(r->words[0]), &keys, &r->err);

	if (under_way < 0)
		return TURN_FAILED;
	r->waits = under_way > 0;
	if (r->waits)
		return TURN_MORE;
	why = unfit(keys);
	if (why != NULL)
		return request_fail(
		    r, CONTROL_EXIT_REFUSED, "do not pin it: %s", why);
	k = keys->keys;
	if (answer_set(r, "done", json_text("The key may be pinned.")) != 0 ||
	    answer_set(r, "fingerprint", json_text(k->fingerprint)) != 0 ||
	    answer_set(r, "uids", uids_of(k)) != 0 ||
	    answer_set(r, "algorithm", json_text(k->algorithm)) != 0 ||
	    answer_set(r, "expires", json_time(k->expires)) != 0 ||
	    answer_set(r, "owner",
		json_text(settings_key_owner(r, r->s, k->fingerprint))) != 0 ||
	    answer_set(r, "import",
		json_text(talloc_asprintf(r, "gpg --homedir %s --import FILE",
		    r->s->gnupghome))) != 0 ||
	    answer_set(r, "line",
		json_text(talloc_asprintf(
		    r, "fingerprint = \"%s\"", k->fingerprint))) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

enum turn
confirm_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;
	char *said = NULL;

	if (engine->confirm(engine->arg, r, r->words[0], r->actor, r->uid,
		&said, &r->err) != 0)
		return TURN_FAILED;
	engine->wake(engine->arg);
	return answer_set(r, "done", json_text(said)) == 0 ? TURN_DONE
							   : TURN_FAILED;
}

/* ---- the data key ---- */

static enum turn
key_run(struct request *r, int under_way, const char *done)
{
	if (under_way < 0)
		return TURN_FAILED;
	r->waits = under_way > 0;
	if (r->waits)
		return TURN_MORE;
	if (answer_set(r, "done", json_text(done)) != 0 ||
	    answer_set(r, "poc", json_text(r->s->poc)) != 0 ||
	    answer_set(r, "recovery", json_text(r->s->recovery)) != 0)
		return TURN_FAILED;
	return TURN_DONE;
}

/* This request asked before. */
static bool
asked(struct request *r)
{
	bool before = r->state != NULL;

	if (!before)
		r->state = talloc_new(r);
	return before;
}

enum turn
reseal_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;

	return key_run(r,
	    engine->reseal(engine->arg, r->actor, asked(r), &r->err),
	    "The data key is sealed to the keys of today.");
}

enum turn
renew_run(struct request *r)
{
	const struct control_engine *engine = r->control->engine;

	return key_run(r,
	    engine->renew(engine->arg, r->actor, asked(r), &r->err),
	    "A new data key is in use. What rests under the former one is "
	    "being sealed anew: \"psirt\" says how far it is.");
}
