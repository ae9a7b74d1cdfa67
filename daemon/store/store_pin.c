/*
 * store_pin.c - which keys the settings pinned at the last start (RULES 15).
 *
 * A row a key and owner; as many as the settings have.  Runs in the engine.
 */
#include "store_internal.h"

enum { PIN_LIST, PIN_ADD, PIN_PUT, PIN_REMOVE, PIN_LETTERS, PIN_STMT_COUNT };

static const char *const sql[PIN_STMT_COUNT] = {
    [PIN_LIST] = "SELECT id, waits, at, owner, fingerprint, person FROM pin"
		 " ORDER BY id",
    [PIN_ADD] = "INSERT INTO pin (id, waits, at, owner, fingerprint)"
		" VALUES (?, ?, ?, ?, ?)",
    [PIN_PUT] = "UPDATE pin SET waits = ?, person = ? WHERE id = ?",
    [PIN_REMOVE] = "DELETE FROM pin WHERE id = ?",
    [PIN_LETTERS] = "SELECT id FROM letter WHERE state = ? AND verdict = ?"
		    " AND stored >= ? ORDER BY id LIMIT ?",
};

const struct store_sql store_pin_sql = {sql, PIN_STMT_COUNT};

int
store_pin_list(const void *ctx, struct store *st, struct store_pin **list,
    size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_PIN, PIN_LIST, err);
	while (query_next(&q) == 1) {
		struct store_pin *p =
		    query_row(&q, ctx, list, *count, sizeof(*p));

		if (p == NULL)
			break;
		p->id = query_get_int(&q);
		p->waits = query_get_u32(&q);
		p->at = query_get_int(&q);
		p->owner =
		    query_open_text(&q, *list, place("pin", "owner", p->id));
		p->fingerprint = query_open_text(
		    &q, *list, place("pin", "fingerprint", p->id));
		p->person =
		    query_open_text(&q, *list, place("pin", "person", p->id));
		++*count;
	}
	return query_end_list(&q, list, count);
}

int
store_pin_add(struct store *st, const struct store_pin *p, struct error *err)
{
	struct query q;
	int64_t id;

	if (store_next_id(st, "pin", &id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_PIN, PIN_ADD, err);
	query_int(&q, id);
	query_int(&q, p->waits);
	query_int(&q, p->at);
	query_seal_text(&q, place("pin", "owner", id), p->owner);
	query_seal_text(&q, place("pin", "fingerprint", id), p->fingerprint);
	return query_run(&q);
}

int
store_pin_put(struct store *st, const struct store_pin *p, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_PIN, PIN_PUT, err);
	query_int(&q, p->waits);
	query_seal_text(&q, place("pin", "person", p->id), p->person);
	query_int(&q, p->id);
	return query_run(&q);
}

int
store_pin_remove(struct store *st, int64_t id, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_PIN, PIN_REMOVE, err);
	query_int(&q, id);
	return query_run(&q);
}

int
store_pin_letters(const void *ctx, struct store *st, uint32_t state,
    uint32_t verdict, int64_t since, size_t most, int64_t **list, size_t *count,
    struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_PIN, PIN_LETTERS, err);
	query_int(&q, state);
	query_int(&q, verdict);
	query_int(&q, since);
	query_int(&q, (int64_t)most);
	while (query_next(&q) == 1) {
		int64_t *id = query_row(&q, ctx, list, *count, sizeof(*id));

		if (id == NULL)
			break;
		*id = query_get_int(&q);
		++*count;
	}
	return query_end_list(&q, list, count);
}
