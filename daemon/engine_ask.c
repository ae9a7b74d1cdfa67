/*
 * engine_ask.c - what control asks of the engine on behalf of a person.
 *
 * Runs in the engine process.  Each request is one transaction, recorded
 * under the name of the person who asked.
 */
#include "engine_step.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/store_keep.h"

struct opening *
engine_opening(
    const void *ctx, struct engine *e, int64_t letter, struct error *err)
{
	struct bytes wire = BYTES_NONE;
	struct opening *o;
	int found;

	found = store_opening_get(ctx, e->st, letter, &wire, err);
	if (found < 0 || wire.len == 0)
		return NULL;
	o = opening_decode(ctx, wire, err);
	if (o == NULL)
		error_prefix(err, "letter %lld", (long long)letter);
	return o;
}

static int
letter_decided(struct engine *e, const struct store_letter *letter,
    const char *actor, struct error *err)
{
	struct store_record r = {0};

	r.at = clock_now();
	r.what = RECORD_LETTER_DECIDED;
	r.actor = (char *)(uintptr_t)actor;
	r.casefile = letter->casefile;
	r.letter = letter->id;
	r.code = letter->state;
	return store_record_add(e->st, &r, err);
}

static void
ask_wake(void *arg)
{
	struct engine *e = arg;

	e->progress = true;
}

/* Back to `received` (open again) or `opened` (judge again). */
static int
again(struct engine *e, int64_t id, enum letter_state to, bool by_hand,
    const char *actor, struct error *err)
{
	struct store_letter letter = {0};
	void *ctx = talloc_new(e);
	bool gone = false;
	uint32_t from;
	int rc = -1;
	int found;

	found = store_letter_get(ctx, e->st, id, &letter, err);
	if (found == 0)
		error_set(err, FAULT_DENIED, "there is no letter %lld",
		    (long long)id);
	if (found != 1)
		goto out;
	from = letter.state;
	if (from == LETTER_RECEIVED || from == LETTER_OPENED) {
		error_set(err, FAULT_DENIED, "letter %lld is being worked on",
		    (long long)id);
		goto out;
	}
	if (letter.size > 0 && letter.reason == REASON_TOO_LARGE) {
		error_set(err, FAULT_DENIED,
		    "letter %lld was over letter_max and was not fetched; it "
		    "lies in the mailbox folder \"%s\"",
		    (long long)id, e->s->too_large);
		goto out;
	}
	if (store_purge_gone(e->st, id, &gone, err) != 0)
		goto out;
	if (gone) {
		error_set(err, FAULT_DENIED,
		    "letter %lld was purged: its digest alone is kept",
		    (long long)id);
		goto out;
	}
	letter.state = to;
	if (by_hand)
		letter.by_hand = 1;
	if (store_begin(e->st, err) != 0 ||
	    store_letter_put(e->st, &letter, from, err) != 0 ||
	    letter_decided(e, &letter, actor, err) != 0)
		goto out;
	rc = stop_commit(e, "decide", err);
out:
	if (rc != 0)
		store_rollback(e->st);
	talloc_free(ctx);
	return rc;
}

static int
ask_file(void *arg, int64_t letter, const char *actor, struct error *err)
{
	struct engine *e = arg;
	struct store_letter row = {0};
	void *ctx = talloc_new(e);
	int found = store_letter_get(ctx, e->st, letter, &row, err);

	talloc_free(ctx);
	if (found < 0)
		return -1;
	if (found == 1 && row.casefile != 0)
		return error_set(err, FAULT_DENIED,
		    "letter %lld belongs to a case already", (long long)letter);
	return again(e, letter, LETTER_OPENED, true, actor, err);
}

static int
ask_reopen(void *arg, int64_t letter, const char *actor, struct error *err)
{
	return again(arg, letter, LETTER_RECEIVED, false, actor, err);
}

static int
ask_route(void *arg, int64_t casefile,
    const struct department *const *departments, size_t ndepartments,
    bool details, bool attachments, const char *actor, struct error *err)
{
	struct engine *e = arg;
	struct draft_share share = {details, attachments, true};
	struct store_case c = {0};
	struct opening *o;
	void *ctx = talloc_new(e);
	int64_t letter = 0;
	int rc = -1;

	if (store_case_get(ctx, e->st, casefile, &c, err) != 1) {
		error_set(err, FAULT_DENIED, "there is no such case");
		goto out;
	}
	o = told_opening(ctx, e, casefile, details, attachments, &letter, err);
	if (o == NULL && err->text[0] != '\0')
		goto out;
	if (o == NULL && (details || attachments)) {
		error_set(err, FAULT_DENIED,
		    "nothing of %s could be opened yet", c.number);
		goto out;
	}
	c.routed = 2;
	c.advance = 1;
	if (store_begin(e->st, err) != 0 ||
	    draft_overviews(e, &c, letter, o, departments, ndepartments, share,
		actor, err) != 0 ||
	    store_case_put(e->st, &c, err) != 0)
		goto out;
	rc = stop_commit(e, "route", err);
out:
	if (rc != 0)
		store_rollback(e->st);
	talloc_free(ctx);
	return rc;
}

static const char *
ask_trouble(void *arg, const void *ctx)
{
	struct engine *e = arg;
	const char *why;
	int64_t since;
	char *text;

	if (!e->unlocked)
		return talloc_strdup(ctx,
		    "the data key is not opened yet; see the daemon's log");
	why = release_why(e, ctx);
	text = talloc_strdup(ctx, why != NULL ? why : "");
	if (e->watch.low)
		text = talloc_asprintf_append(text,
		    "%sdisk: less than reserve is free at the database: "
		    "letters stay in the mailbox",
		    text[0] != '\0' ? "; " : "");
	since = watch_unreached_since(e);
	if (e->fetch_trouble != NULL)
		text = talloc_asprintf_append(text, "%smailbox: %s%s%s",
		    text[0] != '\0' ? "; " : "", e->fetch_trouble,
		    since != 0 ? ", not reached since " : "",
		    since != 0 ? clock_text(ctx, since) : "");
	if (e->no_junk)
		text = talloc_asprintf_append(text,
		    "%smailbox: the server does not open the folder %s, so "
		    "letters in it are not seen",
		    text[0] != '\0' ? "; " : "", e->s->junk);
	/* No alert can leave then: this line is how the desk learns of it. */
	if (e->send_trouble != NULL)
		text = talloc_asprintf_append(text, "%ssubmission: %s",
		    text[0] != '\0' ? "; " : "", e->send_trouble);
	if (e->renew_trouble != NULL)
		text =
		    talloc_asprintf_append(text, "%sthe new data key waits: %s",
			text[0] != '\0' ? "; " : "", e->renew_trouble);
	if (text == NULL || text[0] != '\0')
		return text;
	if (e->fetch.process == NULL || e->send.process == NULL)
		return talloc_strdup(
		    ctx, "a room is down and is being started anew");
	return NULL;
}

static struct casework *
ask_casework(void *arg, const void *ctx, int64_t casefile, struct error *err)
{
	return case_load(ctx, arg, casefile, err);
}

static int
ask_decided(void *arg, const struct store_outmail *m, struct error *err)
{
	return mail_tell_case(arg, m, err);
}

static char *
ask_approval_digest(void *arg, const void *ctx, const struct store_outmail *m)
{
	uint8_t digest[STORE_DIGEST_BYTES];

	leave_digest(m, digest);
	return bytes_hex(ctx, bytes_of(digest, sizeof(digest)));
}

static const struct vault_ready *
ask_keys(void *arg)
{
	const struct engine *e = arg;

	return e->keys;
}

const struct control_engine engine_asks = {
    .wake = ask_wake,
    .file = ask_file,
    .reopen = ask_reopen,
    .route = ask_route,
    .reseal = key_reseal,
    .renew = key_renew,
    .order = engine_order,
    .casework = ask_casework,
    .decided = ask_decided,
    .approval_digest = ask_approval_digest,
    .keys = ask_keys,
    .confirm = pin_confirm,
    .stage = stage_key,
    .checkpoint = checkpoint_verify,
    .trouble = ask_trouble,
};
