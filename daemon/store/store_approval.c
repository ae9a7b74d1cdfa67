/*
 * store_approval.c - who approved a draft, and what exactly (RULES 26).
 *
 * The digest is that of what was shown; any change of the draft takes all of
 * its approvals away, and the overrides with them (store_outmail_edit).  Runs
 * in the engine.  How many are needed is the engine's to say.
 */
#include "store_internal.h"

#include <talloc.h>

enum { APPROVAL_ADD, APPROVAL_LIST, APPROVAL_VOID, APPROVAL_STMT_COUNT };

static const char *const sql[APPROVAL_STMT_COUNT] = {
    [APPROVAL_ADD] = "INSERT INTO approval (id, outmail, at, digest,"
		     " overridden, person) VALUES (?, ?, ?, ?, ?, ?)",
    [APPROVAL_LIST] = "SELECT id, outmail, at, digest, overridden, person"
		      " FROM approval WHERE outmail = ? ORDER BY id",
    [APPROVAL_VOID] = "DELETE FROM approval WHERE outmail = ?",
};

const struct store_sql store_approval_sql = {sql, APPROVAL_STMT_COUNT};

int
store_approval_add(
    struct store *st, const struct store_approval *a, struct error *err)
{
	struct query q;
	int64_t id;

	if (store_next_id(st, "approval", &id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_APPROVAL, APPROVAL_ADD, err);
	query_int(&q, id);
	query_int(&q, a->outmail);
	query_int(&q, a->at);
	query_blob(&q, bytes_of(a->digest, sizeof(a->digest)));
	query_int(&q, a->overridden);
	query_seal_text(&q, place("approval", "person", id), a->person);
	return query_run(&q);
}

int
store_approval_list(const void *ctx, struct store *st, int64_t outmail,
    struct store_approval **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_APPROVAL, APPROVAL_LIST, err);
	query_int(&q, outmail);
	while (query_next(&q) == 1) {
		struct store_approval *a =
		    query_row(&q, ctx, list, *count, sizeof(*a));
		int64_t id;

		if (a == NULL)
			break;
		id = query_get_int(&q);
		a->outmail = query_get_int(&q);
		a->at = query_get_int(&q);
		query_get_exact(&q, a->digest, sizeof(a->digest));
		a->overridden = (uint32_t)query_get_int(&q);
		a->person =
		    query_open_text(&q, *list, place("approval", "person", id));
		++*count;
	}
	return query_end_list(&q, list, count);
}

int
store_approval_void(
    struct store *st, int64_t outmail, size_t *count, struct error *err)
{
	struct query q;

	*count = 0;
	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_APPROVAL, APPROVAL_VOID, err);
	query_int(&q, outmail);
	if (query_run(&q) != 0)
		return -1;
	*count = (size_t)sqlite3_changes(st->db);
	return 0;
}
