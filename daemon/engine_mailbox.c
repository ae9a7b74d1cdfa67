/*
 * engine_mailbox.c - what psirtd knows of a folder: from which letter on it is
 * looked at, and which of them stood there before (RULES 4, 9).
 *
 * Runs in the engine process.  Takes what the fetch room says of a folder each
 * time it selects it; asks for nothing.
 */
#include "engine_internal.h"

#include "psirtd/clock.h"
#include "psirtd/log.h"

/*
 * What stands there at the first start.  Where nobody said what to do with it
 * and it is not the folder of new letters, it is left.
 */
static int
adopt_mailbox(struct engine *e, const struct fetch_mailbox *mb, bool restored,
    struct error *err)
{
	struct store_mailbox *box = &e->boxes[mb->which].row;
	uint32_t there = mb->uidnext > 0 ? mb->uidnext - 1 : 0;

	box->folder = intake_folder(e, mb->which);
	box->uidvalidity = mb->uidvalidity;
	box->after = 0;
	box->adopt_upto = 0;
	box->adopted = clock_now();
	if (mb->exists == 0 || e->s->adopt == ADOPT_ANSWER)
		return 0;
	/* The backup is of before that folder was looked at: it may hold all
	 * that came since. */
	if (restored)
		return 0;
	if (e->s->adopt == ADOPT_FILE) {
		box->adopt_upto = there;
	} else if (e->s->adopt == ADOPT_LEAVE || mb->which != FETCH_INBOX) {
		box->after = there;
	} else {
		return error_set(err, FAULT_SETUP,
		    "%s holds %u letters already: set adopt = leave (take only "
		    "what comes from now on), file (file them, answer none) or "
		    "answer in %s",
		    box->folder, mb->exists, e->s->file);
	}
	return 0;
}

/* Makes or reads the row of a folder that is seen for the first time. */
static int
mailbox_first(
    struct engine *e, const struct fetch_mailbox *mb, struct error *err)
{
	struct box *box = &e->boxes[mb->which];
	uint32_t there = mb->uidnext > 0 ? mb->uidnext - 1 : 0;
	bool restored = false;
	int found = store_mailbox_get(
	    e, e->st, intake_folder(e, mb->which), &box->row, err);

	if (found < 0 || reconcile_read(e, mb->which, err) != 0 ||
	    reconcile_restored(e, &restored, err) != 0 ||
	    (found == 0 && adopt_mailbox(e, mb, restored, err) != 0))
		return -1;
	if (found == 1 && !restored)
		return 0;
	if (store_begin(e->st, err) != 0)
		return -1;
	if (found == 0 && (store_mailbox_put(e->st, &box->row, err) != 0 ||
			      (mb->which == FETCH_INBOX &&
				  engine_record(e, RECORD_ADOPTED, 0, 0, 0,
				      (uint32_t)e->s->adopt, err) != 0)))
		return -1;
	if (restored && reconcile_doubt(e, mb->which, there, err) != 0)
		return -1;
	return stop_commit(e, "store", err);
}

/* A new UIDVALIDITY: every letter is looked at anew, and known again by its
 * digest; what is unknown may have been answered. */
static int
renumbered(struct engine *e, const struct fetch_mailbox *mb, struct error *err)
{
	struct store_mailbox *box = &e->boxes[mb->which].row;

	log_warn("the server numbered %s anew", box->folder);
	box->uidvalidity = mb->uidvalidity;
	box->after = 0;
	box->adopt_upto = 0;
	if (store_begin(e->st, err) != 0 ||
	    store_mailbox_put(e->st, box, err) != 0 ||
	    reconcile_doubt(
		e, mb->which, mb->uidnext > 0 ? mb->uidnext - 1 : 0, err) != 0)
		return -1;
	return stop_commit(e, "store", err);
}

int
mailbox_know(
    struct engine *e, const struct fetch_mailbox *mb, struct error *err)
{
	struct box *box = &e->boxes[mb->which];

	if (!box->known && mailbox_first(e, mb, err) != 0)
		return -1;
	box->known = true;
	if (box->row.uidvalidity == mb->uidvalidity)
		return 0;
	/* Where that fails it is read again, as it stands in the table. */
	box->known = renumbered(e, mb, err) == 0;
	return box->known ? 0 : -1;
}
