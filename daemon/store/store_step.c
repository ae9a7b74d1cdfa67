/*
 * store_step.c - the passes of a case through the steps of its flow.
 *
 * A pass is known by (case, number, round), and to departments by the token
 * of its reference (RULES 12), which is found by its keyed hash.  Passes are
 * never moved: those of a merged case sleep until it is split off again
 * (store_link.c).  Runs in the engine.  Which step follows which is the
 * desk's to say.
 */
#include "store_internal.h"

#include <stdlib.h>

#include <talloc.h>

#include "psirtd/text.h"

enum {
	STEP_ADD,
	STEP_PUT,
	STEP_GET,
	STEP_LIST,
	STEP_BY_REF,
	STEP_NEXT_LOOK,
	STEP_PUT_OFF,
	STEP_MAILS,
	STEP_REACHED,
	STEP_STMT_COUNT
};

#define STEP_COLUMNS                                                           \
	"id, casefile, number, round, state, ready, started, ended, due,"      \
	" look, reminders, reminded, escalated, letter, actor, ref, shares"
#define STEP_SELECT "SELECT " STEP_COLUMNS " FROM step"
/* Word for word as the index step_late has them. */
#define LOOK "iif(look = 0, due, look)"
#define STEP_AWAKE "state = 2 AND asleep = 0 AND " LOOK " > 0"

static const char *const sql[STEP_STMT_COUNT] = {
    [STEP_ADD] = "INSERT INTO step (" STEP_COLUMNS ", lookup) VALUES"
		 " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [STEP_PUT] = "UPDATE step SET state = ?, ready = ?, started = ?,"
		 " ended = ?, due = ?, look = ?, reminders = ?, reminded = ?,"
		 " escalated = ?, letter = ?, actor = ?, ref = ?, shares = ?,"
		 " lookup = ? WHERE id = ?",
    [STEP_GET] = STEP_SELECT " WHERE id = ?",
    [STEP_LIST] = STEP_SELECT " WHERE casefile = ? ORDER BY id",
    /* Tokens are random, not unique: one that runs is meant first. */
    [STEP_BY_REF] = STEP_SELECT " WHERE lookup = ?"
				" ORDER BY state <> 2, id DESC LIMIT 1",
    [STEP_NEXT_LOOK] = "SELECT id, casefile, " LOOK " FROM step"
		       " WHERE " STEP_AWAKE " ORDER BY " LOOK ", id LIMIT 1",
    [STEP_PUT_OFF] = "UPDATE step SET look = ? WHERE id = ?",
    [STEP_MAILS] = "SELECT step, kind, state, bounced <> 0, count(*)"
		   " FROM outmail WHERE casefile = ? AND step IS NOT NULL"
		   " GROUP BY step, kind, state, bounced <> 0",
    [STEP_REACHED] = "SELECT lookup, state FROM outmail"
		     " WHERE casefile = ? AND kind = ? AND bounced = 0",
};

_Static_assert(STEP_RUNNING == 2, "STEP_AWAKE, STEP_BY_REF");

const struct store_sql store_step_sql = {sql, STEP_STMT_COUNT};

static const struct text_field step_texts[] = {
    {"actor", offsetof(struct store_step, actor)},
    {"ref", offsetof(struct store_step, ref)},
    {"shares", offsetof(struct store_step, shares)},
};

#define NTEXTS (sizeof(step_texts) / sizeof(step_texts[0]))

/* Reads a row of STEP_COLUMNS. */
static void
step_row(struct query *q, const void *ctx, struct store_step *s)
{
	*s = (struct store_step){0};
	s->id = query_get_int(q);
	s->casefile = query_get_int(q);
	s->number = query_get_text(q, ctx);
	s->round = query_get_u32(q);
	s->state = query_get_u32(q);
	s->ready = query_get_int(q);
	s->started = query_get_int(q);
	s->ended = query_get_int(q);
	s->due = query_get_int(q);
	s->look = query_get_int(q);
	s->reminders = query_get_u32(q);
	s->reminded = query_get_int(q);
	s->escalated = query_get_u32(q);
	s->letter = query_get_int(q);
	query_open_fields(q, ctx, "step", s->id, s, step_texts, NTEXTS);
}

/* Binds STEP_COLUMNS from `state` on. */
static void
bind_step(struct query *q, const struct store_step *s)
{
	query_int(q, s->state);
	query_int(q, s->ready);
	query_int(q, s->started);
	query_int(q, s->ended);
	query_int(q, s->due);
	query_int(q, s->look);
	query_int(q, s->reminders);
	query_int(q, s->reminded);
	query_int(q, s->escalated);
	query_id(q, s->letter);
	query_seal_fields(q, "step", s->id, s, step_texts, NTEXTS);
}

static int
ref_lookup(struct store *st, const char *ref, struct lookup_hash *hash,
    struct error *err)
{
	char *folded = text_lower(st, ref);
	int rc;

	*hash = (struct lookup_hash){0};
	if (folded == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = seal_lookup(st, LOOKUP_REF, bytes_str(folded), hash, err);
	talloc_free(folded);
	return rc;
}

/* {NULL,0} where the step asks nothing. */
static int
step_lookup(struct store *st, const struct store_step *s,
    struct lookup_hash *hash, struct bytes *lookup, struct error *err)
{
	*lookup = BYTES_NONE;
	if (s->ref == NULL)
		return 0;
	if (ref_lookup(st, s->ref, hash, err) != 0 ||
	    renew_lookup(st, "step", hash, err) != 0)
		return -1;
	*lookup = lookup_present(hash);
	return 0;
}

int
store_step_add(struct store *st, struct store_step *s, struct error *err)
{
	struct lookup_hash hash;
	struct bytes lookup;
	struct query q;

	if (store_next_id(st, "step", &s->id, err) != 0 ||
	    step_lookup(st, s, &hash, &lookup, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_STEP, STEP_ADD, err);
	query_int(&q, s->id);
	query_int(&q, s->casefile);
	query_text(&q, s->number);
	query_int(&q, s->round);
	bind_step(&q, s);
	query_blob(&q, lookup);
	return query_run(&q);
}

int
store_step_put(struct store *st, const struct store_step *s, struct error *err)
{
	struct lookup_hash hash;
	struct bytes lookup;
	struct query q;

	if (store_writing(st, err) != 0 ||
	    step_lookup(st, s, &hash, &lookup, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_STEP, STEP_PUT, err);
	bind_step(&q, s);
	query_blob(&q, lookup);
	query_int(&q, s->id);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(
		    err, FAULT_BUG, "there is no step %lld", (long long)s->id);
	return 0;
}

int
store_step_get(const void *ctx, struct store *st, int64_t id,
    struct store_step *s, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_STEP, STEP_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1)
		step_row(&q, ctx, s);
	return query_end_found(&q, found);
}

int
store_step_by_ref(const void *ctx, struct store *st, const char *ref,
    struct store_step *s, struct error *err)
{
	struct lookup_hash hash;
	struct query q;
	int found;

	if (ref_lookup(st, ref, &hash, err) != 0)
		return -1;
	found = query_find(&q, st, FAMILY_STEP, STEP_BY_REF, &hash, err);
	if (found == 1)
		step_row(&q, ctx, s);
	return query_end_found(&q, found);
}

static int
step_rows(
    const void *ctx, struct query *q, struct store_step **list, size_t *count)
{
	while (query_next(q) == 1) {
		struct store_step *s =
		    query_row(q, ctx, list, *count, sizeof(*s));

		if (s == NULL)
			break;
		step_row(q, *list, s);
		++*count;
	}
	return query_end_list(q, list, count);
}

int
store_step_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_step **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_STEP, STEP_LIST, err);
	query_int(&q, casefile);
	return step_rows(ctx, &q, list, count);
}

int
store_step_next_look(struct store *st, struct store_due *due, struct error *err)
{
	return query_due(st, FAMILY_STEP, STEP_NEXT_LOOK, due, err);
}

int
store_step_put_off(
    struct store *st, int64_t id, int64_t look, struct error *err)
{
	return query_put_off(st, FAMILY_STEP, STEP_PUT_OFF, id, look, err);
}

int
store_step_mails(const void *ctx, struct store *st, int64_t casefile,
    struct store_mail_count **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_STEP, STEP_MAILS, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		struct store_mail_count *c =
		    query_row(&q, ctx, list, *count, sizeof(*c));

		if (c == NULL)
			break;
		c->step = query_get_int(&q);
		c->kind = query_get_u32(&q);
		c->state = query_get_u32(&q);
		c->bounced = query_get_u32(&q) != 0;
		c->mails = query_get_int(&q);
		++*count;
	}
	return query_end_list(&q, list, count);
}

uint32_t
store_step_code(const char *number)
{
	unsigned long part[3] = {0};
	char *end;

	for (int i = 0; i < 3; i++) {
		part[i] = strtoul(number, &end, 10);
		if (*end != '.')
			break;
		number = end + 1;
	}
	return (uint32_t)(part[0] * 10000 + part[1] * 100 + part[2]);
}

/* Of two mails to one address the one that has come furthest counts. */
static uint32_t
further(uint32_t was, uint32_t is)
{
	if (is == OUTMAIL_FAILED || is == OUTMAIL_CANCELLED)
		return was;
	return was == OUTMAIL_SENT ? was : is;
}

int
store_mails_reached(struct store *st, int64_t casefile, uint32_t kind,
    const char *const *addresses, size_t n, uint32_t *states, struct error *err)
{
	struct lookup_hash *hashes =
	    talloc_array(st, struct lookup_hash, n + 1);
	struct query q;
	int rc = -1;

	if (hashes == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	for (size_t i = 0; i < n; i++) {
		states[i] = 0;
		if (recipient_lookup(st, addresses[i], &hashes[i], err) != 0)
			goto out;
	}
	query_start(&q, st, FAMILY_STEP, STEP_REACHED, err);
	query_int(&q, casefile);
	query_int(&q, kind);
	while (query_next(&q) == 1) {
		struct bytes to = query_get_blob(&q);
		uint32_t state = query_get_u32(&q);

		for (size_t i = 0; i < n; i++)
			if (bytes_equal(to, lookup_present(&hashes[i])) ||
			    bytes_equal(to, lookup_former(&hashes[i])))
				states[i] = further(states[i], state);
	}
	rc = query_end(&q);
out:
	talloc_free(hashes);
	return rc;
}
