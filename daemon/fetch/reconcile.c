/*
 * reconcile.c - goes through every folder for letters that the engine does not
 * know (RULES 9).
 *
 * Takes the numbers that stand in a folder, a range at a time; the engine says
 * of which it knows no copy, and those alone are shown.  So years of mail cost
 * their numbers, not their bytes.  It is done in portions, so that a new
 * letter never waits for it; each goes on by one at least, however slow the
 * server is.  What comes to a watched folder is left to the
 * look that takes it as new: here only what carries $PsirtdFiled counts.  Runs
 * in the fetch room.
 */
#include "fetch_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define PORTION_MS 2000
/* Long gaps between the numbers are stepped over. */
#define WIDTH_MOST ((uint32_t)1 << 16)

/* Those of the list that the engine does not know, in *unknown. */
static int
ask_unknown(struct fetch *f, const void *ctx, const uint32_t *uids, size_t n,
    struct fetch_uids **unknown)
{
	struct fetch_uids list = {.which = f->box.which,
	    .uidvalidity = f->box.uidvalidity,
	    .uids = bytes_of(uids, n * sizeof(*uids))};
	struct error err = {0};
	struct frame frame;

	if (engine_tell(f, FETCH_LIST, &fetch_uids_wire, &list) != 0)
		return -1;
	for (;;) {
		if (engine_hear(f, ctx, -1, &frame) != 1)
			return -1;
		if (frame.type == FETCH_UNKNOWN)
			break;
		if (engine_said(f, &frame) != 0)
			return -1;
	}
	*unknown = wire_decode(ctx, &fetch_uids_wire, frame.payload, &err);
	return *unknown != NULL
		   ? 0
		   : session_trouble(f, FETCH_LOST, "%s", err.text);
}

static int
take_one(struct fetch *f, uint32_t uid)
{
	bool *unsettled = &f->unsettled[f->box.which];
	bool before = *unsettled;
	void *ctx = talloc_new(f);
	struct item item;
	int rc = list_one(f, uid, &item);

	*unsettled = false;
	if (rc == 0 && item.uid != 0 &&
	    (f->box.which == FETCH_FILED || item.filed))
		rc = letter_show(f, ctx, &item, true);
	/* The engine asks for all of it again; nobody waits for one of them. */
	if (*unsettled)
		f->reconcile.left++;
	*unsettled = before;
	talloc_free(ctx);
	return rc;
}

/* Left for this time: else every session broke at it, and INBOX waited. */
static int
folder_leave(struct fetch *f)
{
	struct reconcile *r = &f->reconcile;

	r->left++;
	r->which++;
	r->uidvalidity = 0;
	return -1;
}

/* The next range of numbers. */
static int
one_range(struct fetch *f, void *ctx, int64_t until_ms)
{
	struct reconcile *r = &f->reconcile;
	struct fetch_uids *unknown = NULL;
	uint32_t highest = f->box.uidnext - 1;
	uint32_t last = highest - r->next < r->width
			    ? highest
			    : (uint32_t)(r->next + r->width - 1);
	uint32_t *uids = NULL;
	size_t n = 0;

	if (list_uids(f, ctx, (uint32_t)r->next, last, &uids, &n) != 0)
		return f->kind == FETCH_PROTOCOL ? folder_leave(f) : -1;
	if (n > FETCH_LIST_MOST) {
		r->width = FETCH_LIST_MOST;
		return 0;
	}
	if (n > 0 && ask_unknown(f, ctx, uids, n, &unknown) != 0)
		return -1;
	if (n > 0 && unknown->uidvalidity != f->box.uidvalidity) {
		r->left++; /* its store rests */
	} else if (n > 0) {
		for (size_t i = 0; i + 4 <= unknown->uids.len; i += 4) {
			uint32_t uid;

			memcpy(&uid, unknown->uids.data + i, 4);
			r->next = uid;
			if (i > 0 && clock_monotonic_ms() > until_ms)
				return 0;
			if (take_one(f, uid) != 0)
				return -1;
		}
	} else if (r->width < WIDTH_MOST) {
		r->width *= 2;
	}
	r->next = (uint64_t)last + 1;
	return 0;
}

/* 1: this folder is done. */
static int
one_folder(struct fetch *f, int64_t until_ms)
{
	struct reconcile *r = &f->reconcile;
	void *ctx;
	int rc;

	if (f->names[r->which] == NULL)
		return 1;
	/* Filed may not be there yet; without another there is trouble. */
	rc = folder_enter(f, r->which);
	if (rc != 0)
		return rc;
	if (r->uidvalidity != f->box.uidvalidity) {
		r->uidvalidity = f->box.uidvalidity;
		r->next = (uint64_t)f->after + 1;
		r->width = FETCH_LIST_MOST;
	}
	ctx = talloc_new(f);
	while (rc == 0 && r->next < f->box.uidnext) {
		rc = one_range(f, ctx, until_ms);
		talloc_free_children(ctx);
		if (clock_monotonic_ms() >= until_ms)
			break;
	}
	talloc_free(ctx);
	if (rc != 0)
		return -1;
	return r->next >= f->box.uidnext;
}

int
reconcile_some(struct fetch *f)
{
	struct reconcile *r = &f->reconcile;
	struct fetch_reconciled done = {0};
	int64_t until_ms = clock_monotonic_ms() + PORTION_MS;

	while (r->which < FETCH_FOLDERS) {
		int rc = one_folder(f, until_ms);

		if (rc <= 0)
			return rc;
		r->which++;
		r->uidvalidity = 0;
	}
	r->due = false;
	done.left = r->left;
	return engine_tell(f, FETCH_RECONCILED, &fetch_reconciled_wire, &done);
}
