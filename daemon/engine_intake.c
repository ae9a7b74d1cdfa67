/*
 * engine_intake.c - a letter comes in: what the fetch room shows is taken,
 * committed, and only then moved in the mailbox (RULES 2, 4, 7).
 *
 * Runs in the engine process.  What the room says is checked: a letter begins
 * only where we said TAKE, once, and ends where it is over the limit.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

static void
order(struct engine *e, uint32_t type, const struct fetch_letter *letter,
    const char *folder)
{
	struct fetch_order o = {0};

	o.uidvalidity = letter->uidvalidity;
	o.uid = letter->uid;
	o.folder = folder;
	room_tell(&e->fetch, type, &fetch_order_wire, &o);
}

/* ---- the mailbox, and the first start (RULES 4) ---- */

static int
adopt_mailbox(
    struct engine *e, const struct fetch_mailbox *mb, struct error *err)
{
	struct store_mailbox *box = &e->mailbox;
	uint32_t there = mb->uidnext > 0 ? mb->uidnext - 1 : 0;

	box->folder = e->s->folder;
	box->uidvalidity = mb->uidvalidity;
	box->after = 0;
	box->adopt_upto = 0;
	box->adopted = clock_now();
	if (mb->exists == 0 || e->s->adopt == ADOPT_ANSWER)
		return 0;
	switch (e->s->adopt) {
	case ADOPT_LEAVE:
		box->after = there;
		return 0;
	case ADOPT_FILE:
		box->adopt_upto = there;
		return 0;
	default:
		return error_set(err, FAULT_SETUP,
		    "%s holds %u letters already: set adopt = leave (take only "
		    "what comes from now on), file (file them, answer none) or "
		    "answer in %s",
		    e->s->folder, mb->exists, e->s->file);
	}
}

/* A new UIDVALIDITY: every letter is looked at anew, and known again by its
 * digest; what is unknown is filed without automatic mail. */
static void
renumbered(struct engine *e, const struct fetch_mailbox *mb)
{
	log_warn("the server numbered %s anew", e->s->folder);
	e->mailbox.uidvalidity = mb->uidvalidity;
	e->mailbox.after = 0;
	e->mailbox.adopt_upto = mb->uidnext > 0 ? mb->uidnext - 1 : 0;
}

static void
mailbox_seen(struct engine *e, const struct fetch_mailbox *mb)
{
	struct error err = {0};
	struct fetch_go go = {0};
	int found;

	if (!e->mailbox_known) {
		found = store_mailbox_get(
		    e, e->st, e->s->folder, &e->mailbox, &err);
		if (found < 0) {
			engine_trouble(e, "mailbox", &err);
			return;
		}
		if (found == 0 && adopt_mailbox(e, mb, &err) != 0) {
			engine_trouble(e, "mailbox", &err);
			return;
		}
		if (found == 0 &&
		    (store_begin(e->st, &err) != 0 ||
			store_mailbox_put(e->st, &e->mailbox, &err) != 0 ||
			engine_record(e, RECORD_ADOPTED, 0, 0, 0,
			    (uint32_t)e->s->adopt, &err) != 0 ||
			stop_commit(e, "store", &err) != 0)) {
			engine_trouble(e, "mailbox", &err);
			return;
		}
		e->mailbox_known = true;
	}
	if (e->mailbox.uidvalidity != mb->uidvalidity) {
		renumbered(e, mb);
		if (store_begin(e->st, &err) != 0 ||
		    store_mailbox_put(e->st, &e->mailbox, &err) != 0 ||
		    stop_commit(e, "store", &err) != 0) {
			engine_trouble(e, "mailbox", &err);
			return;
		}
	}
	if (e->fetch_trouble != NULL) {
		log_info("the mailbox is reached again");
		TALLOC_FREE(e->fetch_trouble);
	}
	go.after = e->mailbox.after;
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
	    store_letter_too_large(e->st, e->s->folder, letter->uidvalidity,
		letter->uid, letter->internaldate, letter->size, now, &id,
		&err) != 0 ||
	    store_alert_add(e->st, REASON_TOO_LARGE, id, 0, now, &err) != 0 ||
	    stop_commit(e, "store", &err) != 0) {
		engine_trouble(e, "store", &err);
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	log_warn("letter=%lld is over letter_max: quarantined unfetched",
	    (long long)id);
	order(e, FETCH_MOVE, letter, e->s->too_large);
}

static void
letter_found(struct engine *e, const struct fetch_letter *letter)
{
	struct error err = {0};
	int64_t known = 0;

	e->fetch_idle = false;
	if (store_copy_find(e->st, e->s->folder, letter->uidvalidity,
		letter->uid, &known, &err) != 0) {
		engine_trouble(e, "store", &err);
		order(e, FETCH_LEAVE, letter, NULL);
		return;
	}
	if (known != 0) {
		/* Committed before, not moved yet: we died in between. */
		order(e, FETCH_MOVE, letter,
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

static void
letter_begin(struct engine *e, const struct fetch_letter *letter)
{
	struct error err = {0};

	intake_drop(e);
	if (letter->uid != e->taken.uid ||
	    letter->uidvalidity != e->taken.uidvalidity || letter->uid == 0) {
		log_warn("fetch: a letter that was not taken");
		return;
	}
	/* What was found is what was judged: by it the letter is kept. */
	e->arriving = e->taken;
	e->taken = (struct fetch_letter){0};
	e->arrived = 0;
	letter = &e->arriving;
	e->intake = store_intake_begin(e, e->st, e->s->folder,
	    letter->uidvalidity, letter->uid, letter->internaldate,
	    letter->uid <= e->mailbox.adopt_upto, &err);
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
	order(e, FETCH_MOVE, letter, e->s->filed);
}

static void
letter_moved(struct engine *e, const struct fetch_order *o)
{
	struct error err = {0};

	if (store_begin(e->st, &err) != 0 ||
	    store_copy_moved(e->st, e->s->folder, o->uidvalidity, o->uid,
		o->how, &err) != 0 ||
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
	if (e->once) {
		e->trouble = true;
		e->fetch_idle = true;
	}
}

void
intake_lost(struct engine *e)
{
	intake_drop(e);
	watch_mailbox(e, false);
	if (e->once && !e->fetch_idle) {
		e->trouble = true;
		e->fetch_idle = true;
	}
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
	switch (frame->type) {
	case FETCH_MAILBOX:
		e->fetch.failures = 0;
		watch_mailbox(e, true);
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
