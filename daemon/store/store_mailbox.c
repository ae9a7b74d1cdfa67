/*
 * store_mailbox.c - mailboxes and the copies of letters that stand in them.
 *
 * A copy is (folder, UIDVALIDITY, UID); several may be of one letter.  Runs
 * in the engine.  Knows nothing of what a letter holds.
 */
#include "store_internal.h"

#include <string.h>

#include <talloc.h>

enum {
	MAILBOX_GET,
	MAILBOX_PUT,
	COPY_ADD,
	COPY_FIND,
	COPY_MOVED,
	MAILBOX_STMT_COUNT
};

static const char *const sql[MAILBOX_STMT_COUNT] = {
    [MAILBOX_GET] = "SELECT folder, uidvalidity, after, adopted, adopt_upto"
		    " FROM mailbox WHERE folder = ?",
    [MAILBOX_PUT] = "INSERT INTO mailbox"
		    " (folder, uidvalidity, after, adopted, adopt_upto)"
		    " VALUES (?, ?, ?, ?, ?)"
		    " ON CONFLICT (folder) DO UPDATE SET"
		    " uidvalidity = excluded.uidvalidity,"
		    " after = excluded.after, adopted = excluded.adopted,"
		    " adopt_upto = excluded.adopt_upto",
    [COPY_ADD] = "INSERT INTO copy (folder, uidvalidity, uid, letter)"
		 " VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
    [COPY_FIND] = "SELECT letter FROM copy"
		  " WHERE folder = ? AND uidvalidity = ? AND uid = ?",
    [COPY_MOVED] = "UPDATE copy SET moved = ?"
		   " WHERE folder = ? AND uidvalidity = ? AND uid = ?",
};

const struct store_sql store_mailbox_sql = {sql, MAILBOX_STMT_COUNT};

int
store_mailbox_get(const void *ctx, struct store *st, const char *folder,
    struct store_mailbox *mb, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_MAILBOX, MAILBOX_GET, err);
	query_text(&q, folder);
	found = query_next(&q);
	if (found == 1) {
		mb->folder = query_get_text(&q, ctx);
		mb->uidvalidity = query_get_u32(&q);
		mb->after = query_get_u32(&q);
		mb->adopted = query_get_int(&q);
		mb->adopt_upto = query_get_u32(&q);
	}
	return query_end_found(&q, found);
}

int
store_mailbox_put(
    struct store *st, const struct store_mailbox *mb, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_MAILBOX, MAILBOX_PUT, err);
	query_text(&q, mb->folder);
	query_int(&q, mb->uidvalidity);
	query_int(&q, mb->after);
	query_int(&q, mb->adopted);
	query_int(&q, mb->adopt_upto);
	return query_run(&q);
}

int
store_copy_add(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, int64_t letter, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_MAILBOX, COPY_ADD, err);
	query_text(&q, folder);
	query_int(&q, uidvalidity);
	query_int(&q, uid);
	query_int(&q, letter);
	return query_run(&q);
}

int
store_copy_find(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, int64_t *letter, struct error *err)
{
	struct query q;

	*letter = 0;
	query_start(&q, st, FAMILY_MAILBOX, COPY_FIND, err);
	query_text(&q, folder);
	query_int(&q, uidvalidity);
	query_int(&q, uid);
	if (query_next(&q) == 1)
		*letter = query_get_int(&q);
	return query_end(&q);
}

int
store_copy_moved(struct store *st, const char *folder, uint32_t uidvalidity,
    uint32_t uid, uint32_t how, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_MAILBOX, COPY_MOVED, err);
	query_int(&q, how);
	query_text(&q, folder);
	query_int(&q, uidvalidity);
	query_int(&q, uid);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(err, FAULT_INPUT,
		    "a letter was moved that was never taken: uid %u", uid);
	return 0;
}
