/*
 * engine_intake.c - a letter comes in: what the fetch room shows is taken,
 * committed, and only then moved in the mailbox (RULES 2, 4, 7).
 *
 * What stands in Filed is taken as well where nobody knows it, and stays there
 * (RULES 9, engine_reconcile.c).
 *
 * Runs in the engine process.  What the room says is checked: a letter begins
 * only where we said TAKE, once, and ends where it is over the limit.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

const char *
intake_folder(const struct engine *e, uint32_t which)
{
	const char *const names[FETCH_FOLDERS] = {
	    [FETCH_INBOX] = e->s->folder,
	    [FETCH_JUNK] = e->s->junk,
	    [FETCH_FILED] = e->s->filed,
	};

	return which < FETCH_FOLDERS ? names[which] : NULL;
}

static void
order(struct engine *e, uint32_t type, const struct fetch_letter *letter,
    const char *folder)
{
	struct fetch_order o = {0};

	o.which = letter->which;
	o.uidvalidity = letter->uidvalidity;
	o.uid = letter->uid;
	o.folder = folder;
	room_tell(&e->fetch, type, &fetch_order_wire, &o);
}

/* Its bytes are committed: to there, or it stands where it belongs. */
static void
order_done(
    struct engine *e, const struct fetch_letter *letter, const char *folder)
{
	if (letter->which == FETCH_FILED)
		order(e, FETCH_KEEP, letter, NULL);
	else
		order(e, FETCH_MOVE, letter, folder);
}

/* ---- the mailbox ---- */

/* It is said in `psirt`, and all else goes on. */
static bool
junk_gone(struct engine *e, bool gone)
{
	if (gone && !e->no_junk)
		log_warn("mailbox: the server does not open the folder %s",
		    e->s->junk);
	if (!gone && e->no_junk)
		log_info("mailbox: the folder %s is there again", e->s->junk);
	e->no_junk = gone;
	return gone;
}

/* ---- the password ---- */

static int
password_note(struct engine *e, int64_t since, struct error *err)
{
	if (store_begin(e->st, err) != 0 ||
	    store_memo_put(e->st, MEMO_PASSWORD, since, err) != 0)
		return -1;
	if (since != 0 && store_alert_add(e->st, REASON_MAILBOX_PASSWORD, 0, 0,
			      since, err) != 0)
		return -1;
	return stop_commit(e, "store", err);
}

/* The POC is told once, until it works again: also over a start of ours. */
static void
password_refused(struct engine *e)
{
	struct error err = {0};
	int64_t since = 0;

	if (store_memo_get(e->st, MEMO_PASSWORD, &since, &err) != 0 ||
	    (since == 0 && password_note(e, clock_now(), &err) != 0))
		engine_trouble(e, "mailbox", &err);
}

static void
password_taken(struct engine *e)
{
	struct error err = {0};
	int64_t since = 0;

	if (store_memo_get(e->st, MEMO_PASSWORD, &since, &err) != 0 ||
	    (since != 0 && password_note(e, 0, &err) != 0))
		engine_trouble(e, "mailbox", &err);
}

static void
mailbox_seen(struct engine *e, const struct fetch_mailbox *mb)
{
	struct error err = {0};
	struct fetch_go go = {0};

	if (intake_folder(e, mb->which) == NULL) {
		log_warn("fetch: a folder that is none");
		return;
	}
	if (mb->which == FETCH_JUNK && junk_gone(e, mb->uidvalidity == 0))
		return;
	if (mailbox_know(e, mb, &err) != 0) {
		engine_trouble(e, "mailbox", &err);
		return;
	}
	if (e->fetch_trouble != NULL) {
		log_info("the mailbox is reached again");
		TALLOC_FREE(e->fetch_trouble);
	}
	if (mb->which == FETCH_INBOX) {
		password_taken(e);
		reconcile_ask(e);
	}
	go.after = e->boxes[mb->which].row.after;
	room_tell(&e->fetch, FETCH_GO, &fetch_go_wire, &go);
}

/* ---- a letter ---- */

static void
too_large(struct engine *e, const struct fetch_letter *letter)
{
	struct error err = {0};
	int64_t now = clock_now();
	int64_t id = 0;

	if (store_begin(e->st, &err) != 0 ||
	    store_letter_too_large(e->st, intake_folder(e, letter->which),
		letter->uidvalidity, letter->uid, letter->internaldate,
		letter->size, now, &id, &err) != 0 ||
	    store_alert_add(e->st, REASON_TOO_LARGE, id, 0, now, &err) != 0 ||
	    stop_commit(e, "store", &err) != 0) {
		engine_trouble(e, "store", &err);
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	log_warn("letter=%lld is over letter_max: quarantined unfetched",
	    (long long)id);
	order_done(e, letter, e->s->too_large);
}

static void
letter_found(struct engine *e, const struct fetch_letter *letter)
{
	struct error err = {0};
	const char *folder = intake_folder(e, letter->which);
	int64_t known = 0;

	e->fetch_idle = false;
	if (folder == NULL) {
		log_warn("fetch: a letter of a folder that is none");
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	if (store_copy_find(e->st, folder, letter->uidvalidity, letter->uid,
		&known, &err) != 0) {
		engine_trouble(e, "store", &err);
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	if (known != 0) {
		/* Committed before, not moved yet: we died in between. */
		order_done(e, letter,
		    letter->too_large ? e->s->too_large : e->s->filed);
		return;
	}
	/* It stays in the mailbox, and is found again. */
	if (watch_disk_low(e)) {
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	if (letter->too_large) {
		too_large(e, letter);
		return;
	}
	e->taken = *letter;
	order(e, FETCH_TAKE, letter, NULL);
}

static void
intake_drop(struct engine *e)
{
	if (e->intake != NULL)
		store_intake_abort(e->intake);
	e->intake = NULL;
}

/* Bits for its row: by them it is answered, or not. */
static uint32_t
came(const struct engine *e, const struct fetch_letter *letter)
{
	const struct box *box = &e->boxes[letter->which];
	uint32_t bits = 0;

	if (letter->uid <= box->row.adopt_upto)
		bits |= CAME_ADOPTED;
	/* In the other folders it came while they were gone through. */
	if ((letter->reconcile && letter->which == FETCH_FILED) ||
	    letter->uid <= box->in_doubt)
		bits |= CAME_RECONCILED;
	if (letter->which == FETCH_JUNK)
		bits |= CAME_JUNK;
	return bits;
}

static void
letter_begin(struct engine *e, const struct fetch_letter *letter)
{
	struct error err = {0};

	intake_drop(e);
	if (letter->uid != e->taken.uid || letter->which != e->taken.which ||
	    letter->uidvalidity != e->taken.uidvalidity || letter->uid == 0) {
		log_warn("fetch: a letter that was not taken");
		return;
	}
	/* What was found is what was judged: by it the letter is kept. */
	e->arriving = e->taken;
	e->taken = (struct fetch_letter){0};
	e->arrived = 0;
	letter = &e->arriving;
	e->intake = store_intake_begin(e, e->st,
	    intake_folder(e, letter->which), letter->uidvalidity, letter->uid,
	    letter->internaldate, came(e, letter), &err);
	if (e->intake == NULL)
		engine_trouble(e, "store", &err);
}

static void
letter_chunk(struct engine *e, struct bytes chunk)
{
	struct error err = {0};

	if (e->intake == NULL)
		return; /* given up already; the end will say LEAVE */
	e->arrived += (int64_t)chunk.len;
	if (e->arrived > e->s->letter_max) {
		log_warn("fetch: a letter over letter_max");
		intake_drop(e);
		return;
	}
	if (store_intake_chunk(e->intake, chunk, &err) != 0) {
		intake_drop(e);
		engine_trouble(e, "store", &err);
	}
}

static void
letter_end(struct engine *e, const struct fetch_letter *letter)
{
	struct error err = {0};
	struct store_intake *intake = e->intake;
	int64_t id = 0;
	bool known = false;

	e->intake = NULL;
	if (intake == NULL || letter->uid != e->arriving.uid ||
	    letter->which != e->arriving.which ||
	    letter->uidvalidity != e->arriving.uidvalidity) {
		if (intake != NULL)
			store_intake_abort(intake);
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	stop_test("store", "before");
	if (store_intake_end(intake, clock_now(), &id, &known, &err) != 0) {
		engine_trouble(e, "store", &err);
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	stop_test("store", "after");
	log_info("letter=%lld stop=store %s", (long long)id,
	    known ? "known" : "received");
	order_done(e, letter, e->s->filed);
}

/* Where the server says what it is called in Filed, it is known there too. */
static int
know_moved(struct engine *e, const char *folder, const struct fetch_order *o,
    struct error *err)
{
	int64_t letter = 0;

	if (o->to_uid == 0 || o->to_uidvalidity == 0 || o->folder == NULL ||
	    strcmp(o->folder, e->s->filed) != 0)
		return 0;
	if (store_copy_find(
		e->st, folder, o->uidvalidity, o->uid, &letter, err) != 0)
		return -1;
	return store_copy_add(
	    e->st, o->folder, o->to_uidvalidity, o->to_uid, letter, err);
}

static void
letter_moved(struct engine *e, const struct fetch_order *o)
{
	const char *folder = intake_folder(e, o->which);
	struct error err = {0};

	if (folder == NULL) {
		log_warn(
		    "fetch: a letter was moved from a folder that is none");
		return;
	}
	if (store_begin(e->st, &err) != 0 ||
	    store_copy_moved(
		e->st, folder, o->uidvalidity, o->uid, o->how, &err) != 0 ||
	    know_moved(e, folder, o, &err) != 0 ||
	    store_commit(e->st, &err) != 0)
		engine_trouble(e, "store", &err);
}

static void
trouble(struct engine *e, const struct fetch_trouble *t)
{
	const char *text = t->text != NULL ? t->text : "trouble";

	if (e->fetch_trouble == NULL || strcmp(e->fetch_trouble, text) != 0)
		log_warn("mailbox: %s", text);
	talloc_free(e->fetch_trouble);
	e->fetch_trouble = talloc_strdup(e, text);
	intake_drop(e);
	if (t->kind == FETCH_AUTH)
		password_refused(e);
	if (e->once) {
		e->trouble = true;
		e->fetch_idle = true;
	}
}

void
intake_lost(struct engine *e)
{
	intake_drop(e);
	e->reconciling = false;
	watch_mailbox(e, false);
	if (e->once && !e->fetch_idle) {
		e->trouble = true;
		e->fetch_idle = true;
	}
}

/*
 * Words that come only out of a mailbox that can be used.  That it can be
 * selected is not enough: where every look fails afterwards nothing comes in.
 */
static bool
is_of_use(uint32_t type)
{
	return type == FETCH_IDLE || type == FETCH_END || type == FETCH_MOVED ||
	       type == FETCH_LIST;
}

void
intake_frame(struct engine *e, const struct frame *frame)
{
	static const struct {
		uint32_t type;
		const struct wire_type *wire;
	} frames[] = {
	    {FETCH_MAILBOX, &fetch_mailbox_wire},
	    {FETCH_FOUND, &fetch_letter_wire},
	    {FETCH_BEGIN, &fetch_letter_wire},
	    {FETCH_END, &fetch_letter_wire},
	    {FETCH_ABORT, &fetch_trouble_wire},
	    {FETCH_MOVED, &fetch_order_wire},
	    {FETCH_TROUBLE, &fetch_trouble_wire},
	    {FETCH_LIST, &fetch_uids_wire},
	    {FETCH_RECONCILED, &fetch_reconciled_wire},
	};
	struct error err = {0};
	void *obj = NULL;

	for (size_t i = 0; i < sizeof(frames) / sizeof(frames[0]); i++)
		if (frames[i].type == frame->type)
			obj = wire_decode(
			    e, frames[i].wire, frame->payload, &err);
	if (err.text[0] != '\0') {
		log_err("fetch: %s", err.text);
		return;
	}
	if (is_of_use(frame->type))
		watch_mailbox(e, true);
	switch (frame->type) {
	case FETCH_MAILBOX:
		e->fetch.failures = 0;
		mailbox_seen(e, obj);
		break;
	case FETCH_FOUND:
		letter_found(e, obj);
		break;
	case FETCH_BEGIN:
		letter_begin(e, obj);
		break;
	case FETCH_CHUNK:
		letter_chunk(e, frame->payload);
		break;
	case FETCH_END:
		letter_end(e, obj);
		break;
	case FETCH_ABORT:
		log_warn("a letter did not come whole; it is fetched again");
		intake_drop(e);
		break;
	case FETCH_MOVED:
		letter_moved(e, obj);
		break;
	case FETCH_IDLE:
		e->fetch_idle = true;
		reconcile_ask(e);
		break;
	case FETCH_LIST:
		reconcile_list(e, obj);
		break;
	case FETCH_RECONCILED:
		reconcile_done(e, obj);
		break;
	case FETCH_TROUBLE:
		watch_mailbox(e, false);
		trouble(e, obj);
		break;
	default:
		log_warn("fetch: a frame of unknown type %u", frame->type);
		break;
	}
	talloc_free(obj);
}
