/*
 * store_flow.c - the texts of flow files that cases go by; memos.
 *
 * A text is kept once, found again by the keyed hash of its SHA-256 and its
 * flow, so that every case keeps the file it began with (RULES 29).  Runs in
 * the engine.  What a flow says is not known here.
 */
#include "store_internal.h"

#include <string.h>

enum { FLOW_FIND, FLOW_ADD, FLOW_GET, MEMO_GET, MEMO_PUT, FLOW_STMT_COUNT };

static const char *const sql[FLOW_STMT_COUNT] = {
    [FLOW_FIND] = "SELECT id FROM flow_text WHERE lookup = ?",
    [FLOW_ADD] = "INSERT INTO flow_text (id, flow, lookup, value)"
		 " VALUES (?, ?, ?, ?)",
    [FLOW_GET] = "SELECT flow, value FROM flow_text WHERE id = ?",
    [MEMO_GET] = "SELECT value FROM memo WHERE name = ?",
    [MEMO_PUT] = "INSERT INTO memo (name, value) VALUES (?, ?)"
		 " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
};

const struct store_sql store_flow_sql = {sql, FLOW_STMT_COUNT};

/* The SHA-256 of a text, with its flow in front. */
static int
flow_lookup(struct store *st, uint32_t flow, const char *text,
    struct lookup_hash *hash, struct error *err)
{
	uint8_t value[4 + STORE_DIGEST_BYTES];

	for (int i = 0; i < 4; i++)
		value[i] = (uint8_t)(flow >> (24 - 8 * i));
	store_digest(bytes_str(text), value + 4);
	return seal_lookup(
	    st, LOOKUP_FLOW, bytes_of(value, sizeof(value)), hash, err);
}

int
store_flow_keep(struct store *st, uint32_t flow, const char *text, int64_t *id,
    struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	*id = 0;
	if (store_writing(st, err) != 0 ||
	    flow_lookup(st, flow, text, &hash, err) != 0)
		return -1;
	if (query_find(&q, st, FAMILY_FLOW, FLOW_FIND, &hash, err) == 1)
		*id = query_get_int(&q);
	if (query_end(&q) != 0)
		return -1;
	if (*id != 0)
		return 0;
	if (store_next_id(st, "flow_text", id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_FLOW, FLOW_ADD, err);
	query_int(&q, *id);
	query_int(&q, flow);
	query_blob(&q, lookup_present(&hash));
	query_seal_text(&q, place("flow_text", "value", *id), text);
	return query_run(&q);
}

int
store_flow_get(const void *ctx, struct store *st, int64_t id, uint32_t *flow,
    char **text, struct error *err)
{
	struct query q;
	int found;

	*flow = 0;
	*text = NULL;
	query_start(&q, st, FAMILY_FLOW, FLOW_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1) {
		*flow = query_get_u32(&q);
		*text =
		    query_open_text(&q, ctx, place("flow_text", "value", id));
	}
	return query_end_found(&q, found);
}

/* ---- memos ---- */

int
store_memo_get(
    struct store *st, const char *name, int64_t *value, struct error *err)
{
	struct query q;

	*value = 0;
	query_start(&q, st, FAMILY_FLOW, MEMO_GET, err);
	query_text(&q, name);
	if (query_next(&q) == 1)
		*value = query_get_int(&q);
	return query_end(&q);
}

int
store_memo_put(
    struct store *st, const char *name, int64_t value, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_FLOW, MEMO_PUT, err);
	query_text(&q, name);
	query_int(&q, value);
	return query_run(&q);
}
