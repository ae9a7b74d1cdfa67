/*
 * engine_order_link.c - cases that are one: linked, or within a flow merged,
 * and apart again (RULES 30).
 *
 * Runs in the engine process, inside the transaction of engine_order.c.
 */
#include "engine_order.h"

#include <talloc.h>

#include "psirtd/clock.h"

static int
other_case(struct engine *e, const void *ctx, const struct casework *w,
    int64_t id, struct store_case *other, struct error *err)
{
	int found = store_case_get(ctx, e->st, id, other, err);

	if (found < 0)
		return -1;
	if (found == 0 || id == w->c.id)
		return error_set(
		    err, FAULT_DENIED, "name another case as well");
	return 0;
}

/* A line for each of the two: the record of either tells it. */
static int
record_both(struct engine *e, const struct casework *w,
    const struct store_case *other, const struct order *o,
    enum record_what what, struct error *err)
{
	const struct casework them = {.c = *other};

	if (order_record(e, w, o, what, 0, 0, o->why, NULL, err) != 0)
		return -1;
	return order_record(e, &them, o, what, 0, 0, o->why, NULL, err);
}

/* Somebody has decided: nothing is proposed any more. */
static int
end_proposals(struct engine *e, const struct casework *w,
    const struct store_case *other, const struct order *o, struct error *err)
{
	if (task_end(e, w->c.id, TASK_LINK, o->actor, err) != 0)
		return -1;
	return task_end(e, other->id, TASK_LINK, o->actor, err);
}

static int
set_link(struct engine *e, const struct casework *w, int64_t other,
    enum link_kind kind, struct error *err)
{
	struct store_link l = {
	    .from = w->c.id, .to = other, .kind = kind, .at = clock_now()};

	return store_link_set(e->st, &l, err);
}

static int
link_of(struct engine *e, const void *ctx, const struct casework *w,
    int64_t other, uint32_t *kind, struct error *err)
{
	struct store_link *list = NULL;
	size_t n = 0;

	*kind = 0;
	if (store_link_list(ctx, e->st, w->c.id, &list, &n, err) != 0)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (list[i].from == other || list[i].to == other)
			*kind = list[i].kind;
	return 0;
}

int
order_link(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_case other = {0};
	uint32_t kind;

	if (other_case(e, ctx, w, o->other, &other, err) != 0 ||
	    link_of(e, ctx, w, other.id, &kind, err) != 0)
		return -1;
	if (kind == LINK_SAME || kind == LINK_MERGED)
		return error_set(err, FAULT_DENIED, "%s and %s are one already",
		    w->c.number, other.number);
	if (set_link(e, w, other.id, LINK_SAME, err) != 0 ||
	    end_proposals(e, w, &other, o, err) != 0)
		return -1;
	order_say(ctx, said, "%s and %s are linked", w->c.number, other.number);
	return record_both(e, w, &other, o, RECORD_CASE_LINKED, err);
}

/* A proposal is refused, and not made again. */
int
order_unlink(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_case other = {0};
	uint32_t kind;

	if (other_case(e, ctx, w, o->other, &other, err) != 0 ||
	    link_of(e, ctx, w, other.id, &kind, err) != 0)
		return -1;
	if (kind == LINK_MERGED)
		return error_set(err, FAULT_DENIED,
		    "they are merged: psirt split %s",
		    w->c.merged_into == other.id ? w->c.number : other.number);
	if (kind == 0 || kind == LINK_REFUSED)
		return error_set(err, FAULT_DENIED, "%s and %s are not linked",
		    w->c.number, other.number);
	if (set_link(e, w, other.id, LINK_REFUSED, err) != 0 ||
	    end_proposals(e, w, &other, o, err) != 0)
		return -1;
	order_say(ctx, said, "%s and %s are not linked any more", w->c.number,
	    other.number);
	return record_both(e, w, &other, o, RECORD_CASE_UNLINKED, err);
}

static bool
is_mediated(const struct store_case *c)
{
	return c->channel == CHANNEL_JPCERT;
}

int
order_merge(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_case other = {0};

	if (other_case(e, ctx, w, o->other, &other, err) != 0)
		return -1;
	if (other.flow != w->c.flow)
		return error_set(err, FAULT_DENIED,
		    "cases of different flows are linked, never merged: psirt "
		    "link %s %s",
		    w->c.number, other.number);
	if (other.state == CASE_CLOSED)
		return error_set(err, FAULT_DENIED,
		    "%s is closed: nothing goes into it", other.number);
	/* One channel goes on: it would open a source that we may not write
	 * to, or shut one that has not agreed to it. */
	if (is_mediated(&w->c) != is_mediated(&other))
		return error_set(err, FAULT_DENIED,
		    "JPCERT/CC speaks with the source of %s, and not with that "
		    "of %s: psirt link %s %s, or record its mediation in both "
		    "first",
		    is_mediated(&other) ? other.number : w->c.number,
		    is_mediated(&other) ? w->c.number : other.number,
		    w->c.number, other.number);
	if (end_proposals(e, w, &other, o, err) != 0 ||
	    store_case_merge(e->st, w->c.id, other.id, clock_now(), err) != 0)
		return -1;
	order_say(ctx, said, "%s is part of %s now: psirt split %s undoes it",
	    w->c.number, other.number, w->c.number);
	return record_both(e, w, &other, o, RECORD_CASE_MERGED, err);
}

int
order_split(struct engine *e, const void *ctx, struct casework *w,
    const struct order *o, char **said, struct error *err)
{
	struct store_case other = {0};
	struct casework *own;

	if (w->c.merged_into == 0)
		return error_set(err, FAULT_DENIED,
		    "%s is merged into no other case", w->c.number);
	if (other_case(e, ctx, w, w->c.merged_into, &other, err) != 0 ||
	    store_case_split(e->st, w->c.id, err) != 0)
		return -1;
	/* What ran of it may have come to rest with the other one. */
	own = case_load(ctx, e, w->c.id, err);
	if (own == NULL || (own->c.state == CASE_OPEN &&
			       case_take_up(e, own, o->actor, err) != 0))
		return -1;
	order_say(ctx, said, "%s is a case of its own again", w->c.number);
	return record_both(e, w, &other, o, RECORD_CASE_SPLIT, err);
}
