/*
 * engine_pin.c - pins that changed wait for two persons (RULES 15).
 *
 * Runs in the engine process.  Who can write the settings could pin a key of
 * his own: at each start the pins are held against those of the last one.
 * What is new is told and recorded; until two named persons have confirmed
 * it, no mail is sealed to that key (engine_seal.c) and no signature of it
 * speaks for anybody (desk/belief.c).  At the first start all stand as they
 * are: there is nothing to hold them against.
 */
#include "engine_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define MEMO "pins" /* when they were first seen */
#define LETTERS_MOST 20

char *
pin_refusal(const void *ctx, const struct settings *s, const char *fingerprint)
{
	if (!settings_key_waits(s, fingerprint))
		return NULL;
	return talloc_asprintf(ctx,
	    "its key is new in the settings and waits for two persons: psirt "
	    "key confirm %s",
	    fingerprint);
}

static int
pin_record(struct engine *e, enum record_what what, const char *actor,
    const char *fingerprint, uint32_t code, struct error *err)
{
	uint8_t digest[STORE_DIGEST_BYTES];
	struct store_record r = {.at = clock_now(),
	    .what = what,
	    .actor = (char *)(uintptr_t)actor,
	    .code = code};
	int rc;

	store_digest(bytes_str(fingerprint), digest);
	r.digest = bytes_hex(e, bytes_of(digest, sizeof(digest)));
	rc = store_record_add(e->st, &r, err);
	talloc_free(r.digest);
	return rc;
}

/* What waits, where the desk looks for it. */
static void
keep_waiting(struct engine *e, const struct store_pin *rows, size_t n)
{
	struct waiting_keys *waiting = e->s->waiting;

	if (waiting == NULL)
		return;
	talloc_free(waiting->fingerprints);
	waiting->fingerprints = talloc_array(waiting, const char *, n);
	waiting->n = 0;
	for (size_t i = 0; i < n; i++)
		if (rows[i].waits)
			waiting->fingerprints[waiting->n++] = talloc_strdup(
			    waiting->fingerprints, rows[i].fingerprint);
}

static int
look_again(struct engine *e, struct error *err)
{
	struct store_pin *rows = NULL;
	size_t n = 0;

	if (store_pin_list(e, e->st, &rows, &n, err) != 0)
		return -1;
	keep_waiting(e, rows, n);
	talloc_free(rows);
	return 0;
}

/* ---- at start ---- */

static int
order_rows(const void *a, const void *b)
{
	const struct store_pin *x = a, *y = b;
	int by = strcmp(x->owner, y->owner);

	return by != 0 ? by : strcmp(x->fingerprint, y->fingerprint);
}

static int
order_pins(const void *a, const void *b)
{
	const struct pin *x = a, *y = b;
	int by = strcmp(x->owner, y->owner);

	return by != 0 ? by : strcmp(x->fingerprint, y->fingerprint);
}

static int
pin_new(struct engine *e, const struct pin *pin, bool first, struct error *err)
{
	const struct store_pin row = {.waits = !first,
	    .at = clock_now(),
	    .owner = (char *)(uintptr_t)pin->owner,
	    .fingerprint = (char *)(uintptr_t)pin->fingerprint};

	if (store_pin_add(e->st, &row, err) != 0)
		return -1;
	return first ? 0
		     : pin_record(e, RECORD_PIN_CHANGED, "psirtd",
			   pin->fingerprint, 0, err);
}

static int
pin_gone(struct engine *e, const struct store_pin *row, struct error *err)
{
	if (store_pin_remove(e->st, row->id, err) != 0)
		return -1;
	return pin_record(
	    e, RECORD_PIN_REMOVED, "psirtd", row->fingerprint, 0, err);
}

struct pin_changes {
	size_t fresh, gone;
};

/* Both in order, one beside the other. */
static int
compare(struct engine *e, bool first, struct pin *pins, size_t npins,
    struct store_pin *rows, size_t nrows, struct pin_changes *c,
    struct error *err)
{
	size_t p = 0, r = 0;

	if (npins > 1)
		qsort(pins, npins, sizeof(*pins), order_pins);
	if (nrows > 1)
		qsort(rows, nrows, sizeof(*rows), order_rows);
	while (p < npins || r < nrows) {
		int by = p == npins   ? 1
			 : r == nrows ? -1
				      : strcmp(pins[p].owner, rows[r].owner);

		if (by == 0)
			by = strcmp(pins[p].fingerprint, rows[r].fingerprint);
		if (by < 0 && pin_new(e, &pins[p], first, err) != 0)
			return -1;
		if (by > 0 && pin_gone(e, &rows[r], err) != 0)
			return -1;
		c->fresh += by < 0;
		c->gone += by > 0;
		if (by >= 0)
			r++;
		if (by > 0)
			continue;
		/* One that is written twice is one. */
		do
			p++;
		while (p < npins && order_pins(&pins[p - 1], &pins[p]) == 0);
	}
	return 0;
}

int
pin_start(struct engine *e, struct error *err)
{
	void *ctx = talloc_new(e);
	struct pin_changes c = {0};
	struct store_pin *rows = NULL;
	struct pin *pins;
	int64_t since = 0;
	size_t npins = 0, nrows = 0;
	int rc = -1;

	pins = settings_pins(ctx, e->s, &npins);
	if (store_memo_get(e->st, MEMO, &since, err) < 0 ||
	    store_pin_list(ctx, e->st, &rows, &nrows, err) != 0 ||
	    store_begin(e->st, err) != 0 ||
	    compare(e, since == 0, pins, npins, rows, nrows, &c, err) != 0)
		goto out;
	if (since == 0 && store_memo_put(e->st, MEMO, clock_now(), err) != 0)
		goto out;
	if (since != 0 && c.fresh > 0) {
		log_warn("%zu keys are new in the settings and wait for two "
			 "persons: \"psirt key list\"",
		    c.fresh);
		if (store_alert_add(
			e->st, REASON_PIN_CHANGED, 0, 0, clock_now(), err) != 0)
			goto out;
	}
	if (store_commit(e->st, err) == 0)
		rc = look_again(e, err);
out:
	if (rc != 0)
		store_rollback(e->st);
	talloc_free(ctx);
	return rc;
}

/* ---- psirt key confirm ---- */

/* One more person; *code: how many there are now. */
static int
confirm_row(struct engine *e, struct store_pin *row, const char *actor,
    uint32_t *code, struct error *err)
{
	if (row->person != NULL && strcmp(row->person, actor) == 0)
		return error_set(err, FAULT_DENIED,
		    "you have confirmed it: it waits for a second person");
	*code = row->person == NULL ? 1 : 2;
	if (row->person != NULL)
		row->waits = 0;
	else
		row->person = (char *)(uintptr_t)actor;
	if (store_pin_put(e->st, row, err) != 0)
		return -1;
	return pin_record(
	    e, RECORD_PIN_CONFIRMED, actor, row->fingerprint, *code, err);
}

/*
 * A letter that it signed while it waited is not judged anew by itself: what
 * was typed of it since stands.  The desk is told which may be.
 */
static int
letters_since(struct engine *e, const void *ctx, int64_t since, char **said,
    struct error *err)
{
	static const uint32_t states[] = {LETTER_INQUIRY, LETTER_SET_ASIDE};

	for (size_t s = 0; s < sizeof(states) / sizeof(states[0]); s++) {
		int64_t *ids = NULL;
		size_t n = 0;

		if (store_pin_letters(ctx, e->st, states[s],
			VERDICT_UNKNOWN_KEY, since, LETTERS_MOST, &ids, &n,
			err) != 0)
			return -1;
		for (size_t i = 0; i < n; i++)
			*said = talloc_asprintf_append(*said,
			    "\nSigned meanwhile by a key that was not "
			    "believed: "
			    "psirt letter %lld --reopen",
			    (long long)ids[i]);
	}
	return 0;
}

static int
confirm(struct engine *e, const void *ctx, const char *fingerprint,
    const char *actor, char **said, struct error *err)
{
	struct store_pin *rows = NULL;
	const struct store_pin *row = NULL;
	size_t n = 0, waits = 0, mails = 0;
	const char *why;
	uint32_t code = 0;

	if (store_pin_list(ctx, e->st, &rows, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (!rows[i].waits ||
		    strcasecmp(rows[i].fingerprint, fingerprint) != 0)
			continue;
		row = &rows[i];
		if (confirm_row(e, &rows[i], actor, &code, err) != 0)
			return -1;
		waits += rows[i].waits;
	}
	if (row == NULL)
		return error_set(err, FAULT_DENIED,
		    "no key of that fingerprint waits: psirt key list");
	if (waits > 0) {
		*said = talloc_strdup(ctx,
		    "You have confirmed it; it waits for a second person.");
		return 0;
	}
	why = pin_refusal(ctx, e->s, row->fingerprint);
	if (held_release(e, &why, 1, &mails, err) != 0)
		return -1;
	*said = talloc_asprintf(ctx,
	    "Two persons have confirmed it. Held mails that leave now: %zu.",
	    mails);
	return letters_since(e, ctx, row->at, said, err);
}

int
pin_confirm(void *arg, const void *ctx, const char *fingerprint,
    const char *actor, uid_t uid, char **said, struct error *err)
{
	struct engine *e = arg;

	if (!e->unlocked)
		return error_set(
		    err, FAULT_RETRY, "the data key is not opened yet");
	if (uid == 0 || uid == geteuid())
		return error_set(err, FAULT_DENIED,
		    "a changed key takes two persons: root and the account of "
		    "psirtd are none");
	if (store_begin(e->st, err) != 0)
		return -1;
	if (confirm(e, ctx, fingerprint, actor, said, err) != 0 ||
	    store_commit(e->st, err) != 0) {
		store_rollback(e->st);
		return -1;
	}
	return look_again(e, err);
}
