/*
 * engine_checkpoint.c - the head of the record, signed: what a person keeps
 * outside of this machine, so that a record written anew is found out.
 *
 * Runs in the engine process.  A vault clearsigns the few lines for the
 * morning mail; gpg alone can check them.  Years later a vault says whether a
 * block is ours, and what it says is compared with the record (control's
 * log --verify).  An answer is tied to what was asked by a digest, as that of
 * `psirt key stage` is.
 */
#include "engine_internal.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

#define WALK_LINES 2000 /* of the record, a round */
#define WAIT_S 60       /* that letters wait for a signature */

/* ---- the lines ---- */

char *
checkpoint_text(const void *ctx, const char *desk, const struct checkpoint *c)
{
	return talloc_asprintf(ctx,
	    "psirtd checkpoint 1\n"
	    "desk: %s\n"
	    "at: %s\n"
	    "lines: %lld\n"
	    "head: %s\n",
	    desk, clock_rfc3339(ctx, c->at), (long long)c->head.lines,
	    bytes_hex(ctx, bytes_of(c->head.link, sizeof(c->head.link))));
}

/* What stands behind this; NULL: it is not there. */
static const char *
word_after(const char *text, const char *name)
{
	const char *at = strstr(text, name);

	return at != NULL ? at + strlen(name) : NULL;
}

static bool
link_read(const char *hex, uint8_t *link)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < 2 * (size_t)STORE_DIGEST_BYTES; i++) {
		const char *digit =
		    hex[i] != '\0' ? strchr(digits, hex[i]) : NULL;

		if (digit == NULL)
			return false;
		link[i / 2] =
		    (uint8_t)(link[i / 2] << 4 | (uint8_t)(digit - digits));
	}
	return true;
}

/*
 * Read without much care: what is written anew from it must be the same text.
 */
static bool
checkpoint_read(const char *text, struct checkpoint *c)
{
	const char *desk = word_after(text, "\ndesk: ");
	const char *at = word_after(text, "\nat: ");
	const char *lines = word_after(text, "\nlines: ");
	const char *head = word_after(text, "\nhead: ");
	struct tm tm = {0};
	char *again;
	bool same;

	*c = (struct checkpoint){0};
	if (desk == NULL || at == NULL || lines == NULL || head == NULL ||
	    strptime(at, "%Y-%m-%dT%H:%M:%SZ", &tm) == NULL ||
	    !link_read(head, c->head.link))
		return false;
	c->at = timegm(&tm);
	c->head.lines = strtoll(lines, NULL, 10);
	desk = talloc_strndup(NULL, desk, strcspn(desk, "\n"));
	again = desk != NULL ? checkpoint_text(desk, desk, c) : NULL;
	same = again != NULL && c->head.lines > 0 && strcmp(again, text) == 0;
	talloc_free((void *)(uintptr_t)desk);
	return same;
}

/* ---- a vault is asked ---- */

static void
errand_end(struct task *task, const char *text, const struct error *err)
{
	struct errand *a = &task->engine->errands[task->id];

	a->state = text != NULL ? ERRAND_DONE : ERRAND_FAILED;
	a->text = talloc_strdup(task->engine, text);
	if (text == NULL)
		a->err = *err;
	task_done(task);
}

static int
errand_begin(struct engine *e, enum errand_kind kind, struct bytes what,
    struct error *err)
{
	const struct vault_blob sign = {what};
	const struct vault_open_job verify = {
	    .kind = VAULT_VERIFY_CLEAR, .data = what};
	struct worker *w = worker_idle(e);
	struct task *task;
	int rc;

	if (w == NULL)
		return 1;
	task = task_new(e, w, WORK_CHECKPOINT, kind);
	if (task == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = kind == ERRAND_SIGN
		 ? room_tell(&w->vault, VAULT_SIGN, &vault_blob_wire, &sign)
		 : room_tell(
		       &w->vault, VAULT_OPEN, &vault_open_job_wire, &verify);
	if (rc != 0) {
		task_done(task);
		return error_set(err, FAULT_DENIED, "it is too large");
	}
	store_digest(what, e->errands[kind].digest);
	e->errands[kind].state = ERRAND_ASKED;
	return 1;
}

/* 1: under way, ask again; 0: *text, on ctx; -1: what the vault said. */
static int
errand_ask(struct engine *e, const void *ctx, enum errand_kind kind,
    struct bytes what, char **text, struct error *err)
{
	struct errand *a = &e->errands[kind];
	uint8_t digest[STORE_DIGEST_BYTES];
	enum errand_state was = a->state;

	if (was == ERRAND_ASKED)
		return 1;
	store_digest(what, digest);
	a->state = ERRAND_NONE;
	if (was != ERRAND_NONE &&
	    memcmp(digest, a->digest, sizeof(digest)) == 0) {
		*text = talloc_steal(ctx, a->text);
		a->text = NULL;
		if (was == ERRAND_DONE)
			return 0;
		*err = a->err;
		return -1;
	}
	TALLOC_FREE(a->text);
	return errand_begin(e, kind, what, err);
}

/* Of the POC key, or one that was it: such a block is kept for years. */
static bool
is_ours(const struct settings *s, const char *fingerprint)
{
	if (fingerprint == NULL)
		return false;
	for (size_t i = 0; i < s->nretired; i++)
		if (strcasecmp(s->retired[i], fingerprint) == 0)
			return true;
	return strcasecmp(s->poc, fingerprint) == 0;
}

/*
 * Why it is not ours; NULL: it is.  A key that has expired since was good when
 * it signed: gpg makes no signature with one that has.
 */
static const char *
not_ours(const struct settings *s, const struct vault_opened *o)
{
	const struct signature *sig = o->signatures;

	if (o->outcome != LAYER_OPEN)
		return "no signature can be read in it";
	if (o->nsignatures != 1)
		return "it has more than one signature";
	switch (sig->status) {
	case SIGNATURE_GOOD:
	case SIGNATURE_KEY_EXPIRED:
		return is_ours(s, sig->primary)
			   ? NULL
			   : "another key than the POC's signed it";
	case SIGNATURE_BAD:
		return "it was changed after it was signed";
	case SIGNATURE_NO_KEY:
		return "a key signed it that is not known here";
	case SIGNATURE_KEY_REVOKED:
		return "the key that signed it was revoked";
	default:
		return "its signature cannot be believed";
	}
}

/* The text under a signature of ours; NULL with err. */
static char *
verified_text(struct task *task, const struct frame *frame, struct error *err)
{
	struct vault_opened *o =
	    wire_decode(task, &vault_opened_wire, frame->payload, err);
	const char *why = o != NULL ? not_ours(task->engine->s, o) : NULL;
	char *text = NULL;

	if (o != NULL && why == NULL)
		text = bytes_text(task, o->plain);
	if (text != NULL)
		return text_to_lf(task, text);
	if (o != NULL)
		error_set(err, FAULT_DENIED,
		    "this is no checkpoint of ours: %s",
		    why != NULL ? why : "it holds a zero byte");
	return NULL;
}

void
checkpoint_vault_frame(struct task *task, const struct frame *frame)
{
	struct vault_blob *block;
	struct vault_failed *failed;
	struct error err = {0};
	char *text = NULL;

	if (frame->type == VAULT_SIGNED && task->id == ERRAND_SIGN) {
		block =
		    wire_decode(task, &vault_blob_wire, frame->payload, &err);
		if (block != NULL)
			text = bytes_text(task, block->data);
		if (block != NULL && text == NULL)
			error_set(&err, FAULT_RETRY, "it holds a zero byte");
	} else if (frame->type == VAULT_OPENED && task->id == ERRAND_VERIFY) {
		text = verified_text(task, frame, &err);
	} else if (frame->type == VAULT_FAILED) {
		failed =
		    wire_decode(task, &vault_failed_wire, frame->payload, NULL);
		error_set(&err, FAULT_DENIED, "%s",
		    failed != NULL && failed->text != NULL
			? failed->text
			: "the vault cannot do it");
	} else {
		error_set(&err, FAULT_RETRY, "the vault answered another job");
	}
	errand_end(task, text, &err);
}

void
checkpoint_lost(struct task *task)
{
	struct error err = {0};

	error_set(&err, FAULT_RETRY, "the vault died; try again");
	errand_end(task, NULL, &err);
}

/* ---- what others ask ---- */

int
checkpoint_sign(struct engine *e, const void *ctx, const struct checkpoint *c,
    char **block, struct error *err)
{
	char *text = checkpoint_text(ctx, e->s->address, c);

	if (text == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return errand_ask(e, ctx, ERRAND_SIGN, bytes_str(text), block, err);
}

/* The head in e->morning: a piece of the way, 1; it is there, 0. */
static int
find_head(
    struct engine *e, int64_t now, struct error *broken, struct error *err)
{
	bool whole = false;

	if (e->morning.at != 0)
		return 0;
	if (store_record_walk(
		e->st, &e->morning.head, WALK_LINES, &whole, broken) != 0) {
		/* Not whole: the mail says so, and where. */
		if (broken->fault == FAULT_INPUT)
			return 0;
		*err = *broken;
		return -1;
	}
	if (!whole)
		return 1;
	e->morning.at = now;
	return 0;
}

int
checkpoint_make(struct engine *e, const void *ctx, int64_t now, char **block,
    struct error *broken, bool *at_once, struct error *err)
{
	struct error why = {0};
	int rc = find_head(e, now, broken, err);

	*at_once = true;
	if (rc != 0 || broken->fault != FAULT_NONE)
		return rc;
	rc = checkpoint_sign(e, ctx, &e->morning, block, &why);
	*at_once = rc <= 0;
	if (rc < 0)
		log_warn("the head of the record is not signed: %s", why.text);
	return rc > 0 ? 1 : 0;
}

bool
checkpoint_waits(const struct engine *e)
{
	int64_t since = clock_now() - e->morning.at;

	/* Not for long: the clock may have been set meanwhile. */
	return e->morning.at != 0 && since >= 0 && since < WAIT_S &&
	       e->errands[ERRAND_SIGN].state == ERRAND_NONE;
}

int
checkpoint_verify(
    void *arg, struct bytes block, struct checkpoint *c, struct error *err)
{
	struct engine *e = arg;
	char *text = NULL;
	int rc = errand_ask(e, e, ERRAND_VERIFY, block, &text, err);

	if (rc == 0 && (text == NULL || !checkpoint_read(text, c)))
		rc = error_set(err, FAULT_DENIED,
		    "it is signed by us, but it is no checkpoint");
	talloc_free(text);
	return rc;
}
