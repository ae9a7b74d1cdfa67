/*
 * engine_expiry.c - the stop `due`, once more: keys that expire.
 *
 * Runs in the engine process.  Our own keys and those that the settings pin
 * are looked at as the vault saw them last; the desk is told of each 30, 7
 * and 1 days before, and when it has expired.  What was told stands with the
 * mails in one transaction: after a kill nothing is said twice and nothing is
 * left out.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define MEMO "expiry" /* it could not be said: not before */
#define DAY_S INT64_C(86400)
#define KEYS_MOST 50 /* in one mail; the others in the next one */

static const int64_t before_s[] = {30 * DAY_S, 7 * DAY_S, DAY_S, 0};

#define NBEFORE (sizeof(before_s) / sizeof(before_s[0]))

/* How many of these times have come; *next: the one to come, if sooner. */
static uint32_t
nearness(int64_t expires, int64_t now, int64_t *next)
{
	for (uint32_t i = 0; i < NBEFORE; i++) {
		int64_t at = expires - before_s[i];

		if (at <= now)
			continue;
		if (*next < 0 || at < *next)
			*next = at;
		return i;
	}
	return NBEFORE;
}

/* ---- the mail ---- */

struct keys_told {
	const struct vault_key *keys[KEYS_MOST];
	size_t n;
	const char *own; /* the POC key is one of them */
};

static char *
key_lines(const void *ctx, const struct engine *e, const struct keys_told *told,
    int64_t now, const char *language)
{
	bool ja = strcmp(language, "ja") == 0;
	char *text = talloc_strdup(ctx, "");

	for (size_t i = 0; i < told->n; i++) {
		const struct vault_key *k = told->keys[i];
		const char *whose =
		    settings_key_owner(ctx, e->s, k->fingerprint);

		text = talloc_asprintf_append(text,
		    ja ? "  %s\n    %s\n    有効期限 %s%s\n"
		       : "  %s\n    %s\n    expires on %s%s\n",
		    whose != NULL ? whose : "-", k->fingerprint,
		    clock_date(ctx, k->expires),
		    k->expires > now ? ""
		    : ja             ? "（失効）"
				     : " (it has expired)");
	}
	return text;
}

static int
draft_expiry(struct engine *e, const struct operator* to,
    const struct keys_told *told, int64_t now, struct error *err)
{
	void *ctx = talloc_new(e);
	const char *language =
	    to->language != NULL ? to->language : e->s->language;
	struct facts f = {0};
	int rc;

	draft_common_facts(&f, ctx, e, language);
	draft_fact(&f, "to_name", to->user);
	draft_fact(&f, "count", talloc_asprintf(ctx, "%zu", told->n));
	draft_fact(&f, "lines", key_lines(ctx, e, told, now, language));
	draft_fact(&f, "own", told->own);
	rc = draft_to_operator(e, MAIL_EXPIRY, 0, to, language, &f, err);
	talloc_free(ctx);
	return rc;
}

/* ---- the line of the morning ---- */

char *
expiry_line(const void *ctx, const struct engine *e, const struct vault_key *k,
    int64_t now, bool ja)
{
	const char *whose = settings_key_owner(ctx, e->s, k->fingerprint);

	if (whose == NULL)
		return NULL;
	if (k->problem != VAULT_KEY_FINE)
		return talloc_asprintf(ctx,
		    ja ? "%s  使用できない鍵"
		       : "%s  its key cannot be used: %s",
		    whose, k->text != NULL ? k->text : "not usable");
	if (settings_key_waits(e->s, k->fingerprint))
		return talloc_asprintf(ctx,
		    ja ? "%s  新しい鍵（2 名の確認待ち）"
		       : "%s  its key is new and waits for two persons",
		    whose);
	/* What opens alone is no worse for having expired. */
	if (k->expires == 0 || k->expires > now + before_s[0] ||
	    settings_key_retired(e->s, k->fingerprint))
		return NULL;
	return talloc_asprintf(ctx,
	    ja ? "%s  鍵の有効期限 %s%s" : "%s  its key expires on %s%s", whose,
	    clock_date(ctx, k->expires),
	    k->expires > now ? ""
	    : ja             ? "（失効）"
			     : " (it has expired)");
}

/* ---- the stop ---- */

/* Each key that has come nearer its end since it was last told of; inside
 * the transaction that tells. */
static int
gather(struct engine *e, int64_t now, struct keys_told *told, int64_t *next,
    struct error *err)
{
	for (size_t i = 0; i < e->keys->nkeys && told->n < KEYS_MOST; i++) {
		const struct vault_key *k = &e->keys->keys[i];
		uint32_t near, was;

		/* What opens alone is no worse for having expired. */
		if (k->expires == 0 || k->fingerprint == NULL ||
		    settings_key_retired(e->s, k->fingerprint))
			continue;
		near = nearness(k->expires, now, next);
		if (near == 0)
			continue;
		if (store_expiry_get(
			e->st, k->fingerprint, k->expires, &was, err) != 0)
			return -1;
		if (was >= near)
			continue;
		if (store_expiry_put(
			e->st, k->fingerprint, k->expires, near, err) != 0)
			return -1;
		if (strcmp(k->fingerprint, e->s->poc) == 0)
			told->own = e->s->poc;
		told->keys[told->n++] = k;
	}
	return 0;
}

static int
tell(struct engine *e, const struct keys_told *told, int64_t now,
    struct error *err)
{
	for (size_t i = 0; i < e->s->noperators; i++) {
		const struct operator* to = & e->s->operators[i];

		if (to->address != NULL && to->fingerprint != NULL &&
		    draft_expiry(e, to, told, now, err) != 0)
			return -1;
	}
	return engine_record(
	    e, RECORD_KEY_EXPIRES, 0, 0, 0, (uint32_t)told->n, err);
}

int
expiry_due(struct engine *e, int64_t now, bool *done, struct error *err)
{
	struct keys_told told = {0};
	int64_t not_before = 0, next = -1;
	int64_t at = expiry_next(e);

	if (at == 0 || at > now)
		return 0;
	if (store_memo_get(e->st, MEMO, &not_before, err) < 0)
		return -1;
	if (not_before > now) {
		e->expiry_at = not_before;
		return 0;
	}
	if (store_begin(e->st, err) != 0 ||
	    gather(e, now, &told, &next, err) != 0)
		return -1;
	if (told.n == 0) {
		store_rollback(e->st);
		e->expiry_at = next;
		return 0;
	}
	/* Once more: what found no room, and when the next one is due. */
	*done = true;
	e->expiry_at = 0;
	if (tell(e, &told, now, err) != 0)
		return -1;
	return stop_commit(e, "due", err);
}

int64_t
expiry_next(const struct engine *e)
{
	if (e->keys == NULL || e->expiry_at < 0)
		return 0;
	return e->expiry_at > 0 ? e->expiry_at : 1;
}

/* It cannot be said: once more tomorrow. */
int
expiry_put_off(struct store *st, int64_t row, int64_t at, struct error *err)
{
	(void)row;
	return store_memo_put(st, MEMO, at, err);
}
