/*
 * store_case.c - cases and their numbers.
 *
 * A number is taken from the counter of its year inside the transaction that
 * makes the case, so that a case undone gives it back and no gap is left.
 * Runs in the engine.  What a case is known by is in store_known.c.
 */
#include "store_internal.h"

#include <talloc.h>

enum {
	CASE_NUMBER,
	CASE_ADD,
	CASE_GET,
	CASE_BY_NUMBER,
	CASE_PUT,
	CASE_ADVANCE,
	CASE_ADVANCE_OFFERED,
	CASE_NEXT_ADVANCE,
	CASE_NEXT_STATUS,
	CASE_PUT_OFF,
	CASE_NEXT,
	CASE_NEXT_ALL,
	CASE_NUMBER_OF,
	CASE_STMT_COUNT
};

#define CASE_COLUMNS                                                           \
	"id, number, flow, state, phase, received, filed, acknowledged,"       \
	" finder_key_standing, routed, channel, flow_file, advance, closed,"   \
	" close_reason, next_status, status_phase, status_same,"               \
	" finder_key_blob, correspondent, finder_name, finder_address,"        \
	" finder_key, language, product, title, proposed, owner, deputy"
#define CASE_SELECT "SELECT " CASE_COLUMNS ", merged_into FROM casefile"

static const char *const sql[CASE_STMT_COUNT] = {
    [CASE_NUMBER] = "INSERT INTO case_number (year, last) VALUES (?, 1)"
		    " ON CONFLICT (year) DO UPDATE SET last = last + 1"
		    " RETURNING last",
    [CASE_ADD] = "INSERT INTO casefile (" CASE_COLUMNS ") VALUES"
		 " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?,"
		 " ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [CASE_GET] = CASE_SELECT " WHERE id = ?",
    [CASE_BY_NUMBER] = "SELECT id FROM casefile WHERE number = ?",
    /* What asked for the stop `flow` meanwhile is not taken back by a row
     * that was read before. */
    [CASE_PUT] = "UPDATE casefile SET flow = ?, state = ?, phase = ?,"
		 " received = ?, filed = ?, acknowledged = ?,"
		 " finder_key_standing = ?, routed = ?, channel = ?,"
		 " flow_file = ?, advance = max(advance, ?), closed = ?,"
		 " close_reason = ?, next_status = ?, status_phase = ?,"
		 " status_same = ?,"
		 " finder_key_blob = ?, correspondent = ?, finder_name = ?,"
		 " finder_address = ?, finder_key = ?, language = ?,"
		 " product = ?, title = ?, proposed = ?, owner = ?,"
		 " deputy = ? WHERE id = ?",
    [CASE_ADVANCE] = "UPDATE casefile SET advance = ? WHERE id = ?",
    [CASE_ADVANCE_OFFERED] = "UPDATE casefile SET advance = 1"
			     " WHERE state <> 3 AND id IN"
			     " (SELECT casefile FROM step WHERE state = 1)",
    [CASE_NEXT_ADVANCE] = "SELECT id FROM casefile WHERE advance = 1"
			  " AND id > ? ORDER BY id LIMIT 1",
    [CASE_NEXT_STATUS] = "SELECT id, id, next_status FROM casefile"
			 " WHERE state <> 3 AND next_status > 0"
			 " ORDER BY next_status, id LIMIT 1",
    [CASE_PUT_OFF] = "UPDATE casefile SET next_status = ? WHERE id = ?",
    [CASE_NEXT] = "SELECT id FROM casefile WHERE state <> 3 AND id < ?"
		  " ORDER BY id DESC LIMIT 1",
    [CASE_NEXT_ALL] = "SELECT id FROM casefile WHERE id < ?"
		      " ORDER BY id DESC LIMIT 1",
    [CASE_NUMBER_OF] = "SELECT number FROM casefile WHERE id = ?",
};

_Static_assert(CASE_CLOSED == 3, "CASE_NEXT, CASE_NEXT_STATUS");

const struct store_sql store_case_sql = {sql, CASE_STMT_COUNT};

static const struct text_field case_texts[] = {
    {"correspondent", offsetof(struct store_case, correspondent)},
    {"finder_name", offsetof(struct store_case, finder_name)},
    {"finder_address", offsetof(struct store_case, finder_address)},
    {"finder_key", offsetof(struct store_case, finder_key)},
    {"language", offsetof(struct store_case, language)},
    {"product", offsetof(struct store_case, product)},
    {"title", offsetof(struct store_case, title)},
    {"proposed", offsetof(struct store_case, proposed)},
    {"owner", offsetof(struct store_case, owner)},
    {"deputy", offsetof(struct store_case, deputy)},
};

#define NTEXTS (sizeof(case_texts) / sizeof(case_texts[0]))

const char *
case_state_name(uint32_t state)
{
	static const char *const names[] = {
	    [CASE_OPEN] = "open",
	    [CASE_UNOPENED] = "unopened",
	    [CASE_CLOSED] = "closed",
	};

	return state >= CASE_OPEN && state <= CASE_CLOSED ? names[state] : "?";
}

const char *
key_standing_name(uint32_t standing)
{
	static const char *const names[] = {
	    [FINDER_KEY_KEPT] = "kept",
	    [FINDER_KEY_BOUND] = "bound",
	    [FINDER_KEY_CONFIRMED] = "confirmed",
	};

	return standing <= FINDER_KEY_CONFIRMED ? names[standing] : "?";
}

/* Reads a row of CASE_SELECT. */
static void
case_row(struct query *q, const void *ctx, struct store_case *c)
{
	*c = (struct store_case){0};
	c->id = query_get_int(q);
	c->number = query_get_text(q, ctx);
	c->flow = query_get_u32(q);
	c->state = query_get_u32(q);
	c->phase = query_get_u32(q);
	c->received = query_get_int(q);
	c->filed = query_get_int(q);
	c->acknowledged = query_get_int(q);
	c->finder_key_standing = query_get_u32(q);
	c->routed = query_get_u32(q);
	c->channel = query_get_u32(q);
	c->flow_file = query_get_int(q);
	c->advance = query_get_u32(q);
	c->closed = query_get_int(q);
	c->close_reason = query_get_u32(q);
	c->next_status = query_get_int(q);
	c->status_phase = query_get_u32(q);
	c->status_same = query_get_u32(q);
	c->finder_key_blob =
	    query_open(q, ctx, place("casefile", "finder_key_blob", c->id));
	query_open_fields(q, ctx, "casefile", c->id, c, case_texts, NTEXTS);
	c->merged_into = query_get_int(q);
}

/* Binds CASE_COLUMNS from `flow` on. */
static void
bind_case(struct query *q, const struct store_case *c)
{
	query_int(q, c->flow);
	query_int(q, c->state);
	query_int(q, c->phase);
	query_int(q, c->received);
	query_int(q, c->filed);
	query_int(q, c->acknowledged);
	query_int(q, c->finder_key_standing);
	query_int(q, c->routed);
	query_int(q, c->channel);
	query_id(q, c->flow_file);
	query_int(q, c->advance != 0);
	query_int(q, c->closed);
	query_int(q, c->close_reason);
	query_int(q, c->next_status);
	query_int(q, c->status_phase);
	query_int(q, c->status_same);
	query_seal(
	    q, place("casefile", "finder_key_blob", c->id), c->finder_key_blob);
	query_seal_fields(q, "casefile", c->id, c, case_texts, NTEXTS);
}

/* The next number of this year. */
static int
next_number(struct store *st, int year, int64_t *number, struct error *err)
{
	struct query q;

	*number = 0;
	query_start(&q, st, FAMILY_CASE, CASE_NUMBER, err);
	query_int(&q, year);
	if (query_next(&q) == 1)
		*number = query_get_int(&q);
	return query_end(&q);
}

int
store_case_new(const void *ctx, struct store *st, struct store_case *c,
    const char *prefix, int year, struct error *err)
{
	int64_t number;
	char *text;
	struct query q;

	if (store_writing(st, err) != 0 ||
	    next_number(st, year, &number, err) != 0 ||
	    store_next_id(st, "casefile", &c->id, err) != 0)
		return -1;
	text = talloc_asprintf(
	    ctx, "%s-%04d-%04lld", prefix, year, (long long)number);
	if (text == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	query_start(&q, st, FAMILY_CASE, CASE_ADD, err);
	query_int(&q, c->id);
	query_text(&q, text);
	bind_case(&q, c);
	if (query_run(&q) != 0) {
		talloc_free(text);
		return -1;
	}
	c->number = text;
	return 0;
}

int
store_case_get(const void *ctx, struct store *st, int64_t id,
    struct store_case *c, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_CASE, CASE_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1)
		case_row(&q, ctx, c);
	return query_end_found(&q, found);
}

int
store_case_by_number(
    struct store *st, const char *number, int64_t *id, struct error *err)
{
	struct query q;

	*id = 0;
	query_start(&q, st, FAMILY_CASE, CASE_BY_NUMBER, err);
	query_text(&q, number);
	if (query_next(&q) == 1)
		*id = query_get_int(&q);
	return query_end(&q);
}

int
store_case_put(struct store *st, const struct store_case *c, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CASE, CASE_PUT, err);
	bind_case(&q, c);
	query_int(&q, c->id);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(
		    err, FAULT_BUG, "there is no case %lld", (long long)c->id);
	return 0;
}

/* ---- which is next, which are there ---- */

int
store_case_advance(
    struct store *st, int64_t casefile, bool advance, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CASE, CASE_ADVANCE, err);
	query_int(&q, advance);
	query_int(&q, casefile);
	return query_run(&q);
}

int
store_case_advance_offered(struct store *st, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CASE, CASE_ADVANCE_OFFERED, err);
	return query_run(&q);
}

int
store_case_next_advance(
    struct store *st, int64_t after, int64_t *id, struct error *err)
{
	struct query q;

	*id = 0;
	query_start(&q, st, FAMILY_CASE, CASE_NEXT_ADVANCE, err);
	query_int(&q, after);
	if (query_next(&q) == 1)
		*id = query_get_int(&q);
	return query_end(&q);
}

int
store_case_next_status(
    struct store *st, struct store_due *due, struct error *err)
{
	return query_due(st, FAMILY_CASE, CASE_NEXT_STATUS, due, err);
}

int
store_case_put_off(
    struct store *st, int64_t casefile, int64_t at, struct error *err)
{
	return query_put_off(st, FAMILY_CASE, CASE_PUT_OFF, casefile, at, err);
}

int
store_case_next(struct store *st, int64_t before, bool closed_too, int64_t *id,
    struct error *err)
{
	struct query q;

	*id = 0;
	query_start(
	    &q, st, FAMILY_CASE, closed_too ? CASE_NEXT_ALL : CASE_NEXT, err);
	query_int(&q, before);
	if (query_next(&q) == 1)
		*id = query_get_int(&q);
	return query_end(&q);
}

int
store_case_number(const void *ctx, struct store *st, int64_t casefile,
    char **number, struct error *err)
{
	struct query q;

	*number = NULL;
	query_start(&q, st, FAMILY_CASE, CASE_NUMBER_OF, err);
	query_int(&q, casefile);
	if (query_next(&q) == 1)
		*number = query_get_text(&q, ctx);
	return query_end(&q);
}
