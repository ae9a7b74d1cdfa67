/*
 * folder.c - a folder is selected, and the engine asked of its letters.
 *
 * Takes one of the folders of the set-up; gives the mailbox as the server
 * describes it, and the uid from which on its letters are wanted.  Runs in the
 * fetch room.
 */
#include "fetch_internal.h"

#include <talloc.h>

#define GO_MS 10000

/* ---- the server's half ---- */

/* Only without the first there is nothing to do. */
static int
refused(struct fetch *f, enum fetch_folder which, const char *why)
{
	if (which != FETCH_INBOX)
		return 1;
	return session_trouble(
	    f, FETCH_PROTOCOL, "%s %s", why, f->folders[which]);
}

static int
folder_select(struct fetch *f, enum fetch_folder which)
{
	const struct mailimap_selection_info *sel;
	uint32_t highest = 0;
	int rc;

	f->box = (struct fetch_mailbox){.which = which};
	if (f->names[which] == NULL)
		return 1;
	session_allow(f, 0);
	rc = session_result(
	    f, mailimap_select(f->imap, f->names[which]), "SELECT");
	sel = f->imap->imap_selection_info;
	if (rc < 0)
		return -1;
	if (rc > 0 || sel == NULL)
		return refused(f, which, "the server does not open the folder");
	if (sel->sel_perm == MAILIMAP_MAILBOX_READONLY && which != FETCH_FILED)
		return refused(f, which,
		    "letters cannot be moved out of the read-only folder");
	if (sel->sel_uidvalidity == 0)
		return refused(f, which, "the server gives no UIDVALIDITY for");
	f->box.uidvalidity = sel->sel_uidvalidity;
	f->box.uidnext = sel->sel_uidnext;
	f->box.exists = sel->sel_exists;
	f->box.can_idle = session_has(f, "IDLE");
	f->box.can_move = session_has(f, "MOVE");
	f->box.can_uidplus = session_has(f, "UIDPLUS");
	if (f->box.uidnext == 0) {
		if (list_highest(f, &highest) != 0)
			return -1;
		f->box.uidnext = highest == UINT32_MAX ? highest : highest + 1;
	}
	return 0;
}

/* ---- the engine's ---- */

/* Tells of the mailbox until the engine says which letters it wants. */
static int
ask_go(struct fetch *f)
{
	void *ctx = talloc_new(f);
	struct frame frame;
	int rc;

	do {
		rc =
		    engine_tell(f, FETCH_MAILBOX, &fetch_mailbox_wire, &f->box);
		while (rc == 0) {
			/* Its store may rest: then it is told again. */
			rc = engine_hear(f, ctx, GO_MS, &frame);
			if (rc != 1)
				break;
			rc = engine_said(f, &frame);
			if (rc == 0 && frame.type == FETCH_GO) {
				talloc_free(ctx);
				return 0;
			}
		}
	} while (rc == 0);
	talloc_free(ctx);
	return -1;
}

int
folder_enter(struct fetch *f, enum fetch_folder which)
{
	int rc = folder_select(f, which);

	return rc == 0 ? ask_go(f) : rc;
}
