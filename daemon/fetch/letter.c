/*
 * letter.c - shows the engine every letter that is there, and does with each
 * what it says.
 *
 * Takes the listing; for each row FETCH_FOUND goes out and one order comes
 * back: take, move, keep or leave.  A letter is moved only when the engine says
 * so, which it does once the bytes are committed.  Runs in the fetch room.
 */
#include "fetch_internal.h"

#include <talloc.h>

#include "psirtd/clock.h"

/*
 * The engine's order for this letter; other frames are handled meanwhile.
 * *type is FETCH_TAKE, FETCH_MOVE, FETCH_KEEP or FETCH_LEAVE.
 */
static int
hear_order(struct fetch *f, const void *ctx, uint32_t uid, uint32_t *type,
    struct fetch_order **order)
{
	for (;;) {
		struct error err = {0};
		struct frame frame;

		if (engine_hear(f, ctx, -1, &frame) != 1)
			return -1;
		*type = frame.type;
		if (frame.type != FETCH_TAKE && frame.type != FETCH_MOVE &&
		    frame.type != FETCH_KEEP && frame.type != FETCH_LEAVE) {
			if (engine_said(f, &frame) != 0)
				return -1;
			continue;
		}
		*order =
		    wire_decode(ctx, &fetch_order_wire, frame.payload, &err);
		if (*order == NULL)
			return session_trouble(f, FETCH_LOST, "%s", err.text);
		if ((*order)->uid == uid && (*order)->which == f->box.which &&
		    (*order)->uidvalidity == f->box.uidvalidity)
			return 0;
		/* Of a letter shown in an earlier session: void. */
	}
}

int
letter_show(
    struct fetch *f, const void *ctx, const struct item *item, bool reconcile)
{
	const struct hard *hard = hard_find(f, item->uid);
	struct fetch_letter letter = {0};
	struct fetch_order *order = NULL;
	uint32_t type = 0;
	int rc;

	letter.which = f->box.which;
	letter.reconcile = reconcile;
	letter.uidvalidity = f->box.uidvalidity;
	letter.uid = item->uid;
	letter.internaldate = item->internaldate;
	letter.size = item->size;
	letter.too_large = item->size > f->setup->letter_max ||
			   (hard != NULL && hard->oversize);
	if (letter.too_large && letter.size <= f->setup->letter_max)
		letter.size = f->setup->letter_max + 1;
	if (hard != NULL && hard->not_before_ms > clock_monotonic_ms()) {
		f->unsettled[f->box.which] = true;
		return 0;
	}
	if (engine_tell(f, FETCH_FOUND, &fetch_letter_wire, &letter) != 0 ||
	    hear_order(f, ctx, item->uid, &type, &order) != 0)
		return -1;
	if (type == FETCH_TAKE && !letter.too_large) {
		rc = letter_take(f, item);
		if (rc <= 0)
			return rc;
		if (hear_order(f, ctx, item->uid, &type, &order) != 0)
			return -1;
	}
	if (type == FETCH_MOVE)
		return letter_move(f, order, item->filed && item->deleted);
	if (type == FETCH_KEEP) {
		hard_drop(f, item->uid);
		return 0;
	}
	hard_left(f, item->uid);
	return 0;
}

int
letters_look(struct fetch *f)
{
	void *ctx = talloc_new(f);
	void *each = talloc_new(ctx);
	struct item *items = NULL;
	size_t n = 0;
	int rc;

	f->unsettled[f->box.which] = false;
	rc = list_letters(f, ctx, &items, &n);
	for (size_t i = 0; i < n && rc == 0; i++) {
		rc = letter_show(f, each, &items[i], false);
		talloc_free_children(each);
	}
	talloc_free(ctx);
	return rc;
}
