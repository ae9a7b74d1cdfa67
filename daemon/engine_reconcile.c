/*
 * engine_reconcile.c - letters that were missed are found (RULES 9).
 *
 * Once a day, and at once after a first start, a restored backup or a new
 * UIDVALIDITY, the fetch room goes through every folder; the table of copies
 * says which of its letters are known.  What is found so was seen to without
 * us, or by a database that is lost: what answers it by itself is uncertain,
 * and a person decides.  Runs in the engine process.
 */
#include "engine_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/store_keep.h"

#define EVERY_S INT64_C(86400)
#define AGAIN_S INT64_C(3600) /* where letters could not be had */

/* ---- what is in doubt ---- */

/* Up to this uid, in the present numbers of the folder; NULL: not kept, as all
 * that is taken from there is. */
static const char *
memo_doubt(uint32_t which)
{
	static const char *const names[FETCH_FOLDERS] = {
	    [FETCH_INBOX] = "doubt_inbox",
	    [FETCH_JUNK] = "doubt_junk",
	};

	return names[which];
}

int
reconcile_read(struct engine *e, uint32_t which, struct error *err)
{
	struct box *box = &e->boxes[which];

	box->in_doubt = 0;
	if (memo_doubt(which) == NULL)
		return 0;
	return store_memo_get(e->st, memo_doubt(which), &box->in_doubt, err);
}

int
reconcile_doubt(
    struct engine *e, uint32_t which, uint32_t upto, struct error *err)
{
	if (memo_doubt(which) != NULL) {
		if (store_memo_put(e->st, memo_doubt(which), upto, err) != 0)
			return -1;
		e->boxes[which].in_doubt = upto;
	}
	return store_memo_put(e->st, MEMO_RECONCILED, 0, err);
}

int
reconcile_restored(struct engine *e, bool *restored, struct error *err)
{
	int64_t since = 0;
	int64_t last = 0;

	if (store_memo_get(e->st, MEMO_RESTORED, &since, err) != 0 ||
	    store_memo_get(e->st, MEMO_RECONCILED, &last, err) != 0)
		return -1;
	*restored = since != 0 && last == 0;
	return 0;
}

/* ---- going through ---- */

void
reconcile_ask(struct engine *e)
{
	struct error err = {0};
	int64_t now = clock_now();
	int64_t last = 0;

	if (e->reconciling)
		return;
	if (store_memo_get(e->st, MEMO_RECONCILED, &last, &err) != 0) {
		engine_trouble(e, "reconcile", &err);
		return;
	}
	/* A clock may have been wrong. */
	if (last > now - EVERY_S && last <= now)
		return;
	e->reconciling = true;
	room_tell(&e->fetch, FETCH_RECONCILE, NULL, NULL);
}

void
reconcile_list(struct engine *e, const struct fetch_uids *list)
{
	struct fetch_uids unknown = {.which = list->which};
	const char *folder = intake_folder(e, list->which);
	uint32_t uids[FETCH_LIST_MOST];
	struct error err = {0};
	size_t n = 0;

	if (folder == NULL || list->uids.len > sizeof(uids)) {
		log_warn("fetch: a list of letters that is none");
		goto tell;
	}
	for (size_t i = 0; i + 4 <= list->uids.len; i += 4) {
		int64_t letter = 0;

		memcpy(&uids[n], list->uids.data + i, 4);
		if (store_copy_find(e->st, folder, list->uidvalidity, uids[n],
			&letter, &err) != 0) {
			engine_trouble(e, "reconcile", &err);
			goto tell;
		}
		if (letter == 0)
			n++;
	}
	unknown.uidvalidity = list->uidvalidity;
	unknown.uids = bytes_of(uids, n * sizeof(uids[0]));
tell:
	room_tell(&e->fetch, FETCH_UNKNOWN, &fetch_uids_wire, &unknown);
}

void
reconcile_done(struct engine *e, const struct fetch_reconciled *done)
{
	struct error err = {0};
	int64_t at = clock_now();

	if (!e->reconciling) {
		log_warn("fetch: it went through what nobody asked for");
		return;
	}
	e->reconciling = false;
	if (done->left != 0) {
		log_warn("mailbox: %u letters could not be had in going "
			 "through its folders; tried again in an hour",
		    done->left);
		at -= EVERY_S - AGAIN_S;
	}
	if (store_begin(e->st, &err) != 0 ||
	    store_memo_put(e->st, MEMO_RECONCILED, at, &err) != 0 ||
	    store_commit(e->st, &err) != 0)
		engine_trouble(e, "reconcile", &err);
}
