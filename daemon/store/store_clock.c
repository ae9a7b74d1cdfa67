/*
 * store_clock.c - the clocks of cases.
 *
 * A case has one running clock of a kind and source; one that is set anew
 * takes the place of the one before.  One that came with a merged case only
 * makes way until that is split off again (store_link.c).  Runs in the
 * engine.  When a clock warns is the desk's to say.
 */
#include "store_internal.h"

#include <talloc.h>

enum {
	CLOCK_DROP,
	CLOCK_COVER,
	CLOCK_ADD,
	CLOCK_END,
	CLOCK_PUT,
	CLOCK_LIST,
	CLOCK_LIST_CASE,
	CLOCK_LIST_RESTING,
	CLOCK_GET,
	CLOCK_HAD,
	CLOCK_NEXT_WARN,
	CLOCK_PUT_OFF,
	CLOCK_STMT_COUNT
};

#define CLOCK_COLUMNS                                                          \
	"id, casefile, kind, due, warn, ended, source, letter, zone_min, note"
#define CLOCK_SELECT "SELECT " CLOCK_COLUMNS " FROM clock WHERE ended = 0"
#define CLOCK_SAME                                                             \
	" WHERE casefile = ? AND kind = ? AND source = ? AND ended = 0"

static const char *const sql[CLOCK_STMT_COUNT] = {
    [CLOCK_DROP] = "DELETE FROM clock" CLOCK_SAME " AND origin_case IS NULL",
    [CLOCK_COVER] = "UPDATE clock SET ended = -1" CLOCK_SAME,
    [CLOCK_ADD] = "INSERT INTO clock (" CLOCK_COLUMNS ") VALUES"
		  " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [CLOCK_END] = "UPDATE clock SET ended = ?, warn = 0 WHERE id = ?"
		  " AND ended = 0",
    [CLOCK_PUT] = "UPDATE clock SET kind = ?, due = ?, warn = ?, ended = ?,"
		  " source = ?, letter = ?, zone_min = ?, note = ?"
		  " WHERE id = ?",
    [CLOCK_LIST] = CLOCK_SELECT " ORDER BY due, id LIMIT ?",
    [CLOCK_LIST_CASE] = CLOCK_SELECT " AND casefile = ?"
				     " ORDER BY due, id LIMIT ?",
    [CLOCK_LIST_RESTING] = "SELECT " CLOCK_COLUMNS " FROM clock"
			   " WHERE ended = -2 AND casefile = ?"
			   " ORDER BY due, id LIMIT ?",
    [CLOCK_GET] = CLOCK_SELECT " AND id = ?",
    [CLOCK_HAD] = "SELECT id FROM clock"
		  " WHERE casefile = ? AND kind = ? AND source <> ? LIMIT 1",
    [CLOCK_NEXT_WARN] = "SELECT id, casefile, warn FROM clock"
			" WHERE ended = 0 AND warn > 0"
			" ORDER BY warn, id LIMIT 1",
    [CLOCK_PUT_OFF] = "UPDATE clock SET warn = ? WHERE id = ?",
};

_Static_assert(CLOCK_RESTING == -2, "CLOCK_LIST_RESTING");

const struct store_sql store_clock_sql = {sql, CLOCK_STMT_COUNT};

/* Reads a row of CLOCK_COLUMNS. */
static void
clock_row(struct query *q, const void *ctx, struct store_clock *c)
{
	*c = (struct store_clock){0};
	c->id = query_get_int(q);
	c->casefile = query_get_int(q);
	c->kind = query_get_u32(q);
	c->due = query_get_int(q);
	c->warn = query_get_int(q);
	c->ended = query_get_int(q);
	c->source = query_get_u32(q);
	c->letter = query_get_int(q);
	c->zone_min = (int32_t)query_get_int(q);
	c->note = query_open_text(q, ctx, place("clock", "note", c->id));
}

/* Binds CLOCK_COLUMNS from `kind` on. */
static void
bind_clock(struct query *q, const struct store_clock *c)
{
	query_int(q, c->kind);
	query_int(q, c->due);
	query_int(q, c->warn);
	query_int(q, c->ended);
	query_int(q, c->source);
	query_id(q, c->letter);
	query_int(q, c->zone_min);
	query_seal_text(q, place("clock", "note", c->id), c->note);
}

static int
make_way(struct store *st, int statement, const struct store_clock *c,
    struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_CLOCK, statement, err);
	query_int(&q, c->casefile);
	query_int(&q, c->kind);
	query_int(&q, c->source);
	return query_run(&q);
}

int
store_clock_set(struct store *st, struct store_clock *c, struct error *err)
{
	struct query q;

	if (store_next_id(st, "clock", &c->id, err) != 0 ||
	    make_way(st, CLOCK_DROP, c, err) != 0 ||
	    make_way(st, CLOCK_COVER, c, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CLOCK, CLOCK_ADD, err);
	query_int(&q, c->id);
	query_int(&q, c->casefile);
	bind_clock(&q, c);
	return query_run(&q);
}

int
store_clock_end(struct store *st, int64_t id, int64_t now, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CLOCK, CLOCK_END, err);
	query_int(&q, now);
	query_int(&q, id);
	return query_run(&q);
}

int
store_clock_put(
    struct store *st, const struct store_clock *c, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_CLOCK, CLOCK_PUT, err);
	bind_clock(&q, c);
	query_int(&q, c->id);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(
		    err, FAULT_BUG, "there is no clock %lld", (long long)c->id);
	return 0;
}

static int
clock_rows(const void *ctx, struct query *q, size_t most,
    struct store_clock **list, size_t *count)
{
	*list = NULL;
	*count = 0;
	query_int(q, (int64_t)most);
	while (query_next(q) == 1) {
		struct store_clock *c =
		    query_row(q, ctx, list, *count, sizeof(*c));

		if (c == NULL)
			break;
		clock_row(q, *list, c);
		++*count;
	}
	return query_end_list(q, list, count);
}

int
store_clock_list(const void *ctx, struct store *st, int64_t casefile,
    size_t most, struct store_clock **list, size_t *count, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_CLOCK,
	    casefile != 0 ? CLOCK_LIST_CASE : CLOCK_LIST, err);
	if (casefile != 0)
		query_int(&q, casefile);
	return clock_rows(ctx, &q, most, list, count);
}

int
store_clock_resting(const void *ctx, struct store *st, int64_t casefile,
    size_t most, struct store_clock **list, size_t *count, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_CLOCK, CLOCK_LIST_RESTING, err);
	query_int(&q, casefile);
	return clock_rows(ctx, &q, most, list, count);
}

int
store_clock_get(const void *ctx, struct store *st, int64_t id,
    struct store_clock *c, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_CLOCK, CLOCK_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1)
		clock_row(&q, ctx, c);
	return query_end_found(&q, found);
}

int
store_clock_had(struct store *st, int64_t casefile, uint32_t kind, uint32_t but,
    struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_CLOCK, CLOCK_HAD, err);
	query_int(&q, casefile);
	query_int(&q, kind);
	query_int(&q, but);
	return query_end_found(&q, query_next(&q));
}

int
store_clock_next_warn(
    struct store *st, struct store_due *due, struct error *err)
{
	return query_due(st, FAMILY_CLOCK, CLOCK_NEXT_WARN, due, err);
}

int
store_clock_put_off(
    struct store *st, int64_t id, int64_t warn, struct error *err)
{
	return query_put_off(st, FAMILY_CLOCK, CLOCK_PUT_OFF, id, warn, err);
}
