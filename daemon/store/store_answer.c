/*
 * store_answer.c - what is on record of a case: who said what, at which step;
 * and which signatures have moved a step.
 *
 * Answers are added, and made void; none is changed or taken away.  Runs in
 * the engine.  Which of them counts is the desk's to say.
 */
#include "store_internal.h"

#include <talloc.h>

enum { ANSWER_ADD, ANSWER_VOID, ANSWER_LIST, SIGNATURE_USE, ANSWER_STMT_COUNT };

#define ANSWER_COLUMNS                                                         \
	"id, casefile, step, kind, at, letter, void, value, person, told_by,"  \
	" department"

static const char *const sql[ANSWER_STMT_COUNT] = {
    [ANSWER_ADD] = "INSERT INTO answer (" ANSWER_COLUMNS ") VALUES"
		   " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [ANSWER_VOID] = "UPDATE answer SET void = 1 WHERE id = ?",
    [ANSWER_LIST] = "SELECT " ANSWER_COLUMNS " FROM answer"
		    " WHERE casefile = ? ORDER BY id",
    [SIGNATURE_USE] = "INSERT INTO signature_used (lookup, letter)"
		      " VALUES (?, ?) ON CONFLICT DO NOTHING",
};

const struct store_sql store_answer_sql = {sql, ANSWER_STMT_COUNT};

static const struct text_field answer_texts[] = {
    {"value", offsetof(struct store_answer, value)},
    {"person", offsetof(struct store_answer, by)},
    {"told_by", offsetof(struct store_answer, told_by)},
    {"department", offsetof(struct store_answer, department)},
};

#define NTEXTS (sizeof(answer_texts) / sizeof(answer_texts[0]))

int
store_answer_add(struct store *st, struct store_answer *a, struct error *err)
{
	struct query q;

	if (store_next_id(st, "answer", &a->id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_ANSWER, ANSWER_ADD, err);
	query_int(&q, a->id);
	query_int(&q, a->casefile);
	query_id(&q, a->step);
	query_int(&q, a->kind);
	query_int(&q, a->at);
	query_id(&q, a->letter);
	query_int(&q, a->void_ != 0);
	query_seal_fields(&q, "answer", a->id, a, answer_texts, NTEXTS);
	return query_run(&q);
}

int
store_answer_void(struct store *st, int64_t id, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_ANSWER, ANSWER_VOID, err);
	query_int(&q, id);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(
		    err, FAULT_BUG, "there is no answer %lld", (long long)id);
	return 0;
}

int
store_answer_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_answer **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_ANSWER, ANSWER_LIST, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		struct store_answer *a =
		    query_row(&q, ctx, list, *count, sizeof(*a));

		if (a == NULL)
			break;
		a->id = query_get_int(&q);
		a->casefile = query_get_int(&q);
		a->step = query_get_int(&q);
		a->kind = query_get_u32(&q);
		a->at = query_get_int(&q);
		a->letter = query_get_int(&q);
		a->void_ = query_get_u32(&q);
		query_open_fields(
		    &q, *list, "answer", a->id, a, answer_texts, NTEXTS);
		++*count;
	}
	return query_end_list(&q, list, count);
}

int
store_signature_use(struct store *st, const uint8_t digest[STORE_DIGEST_BYTES],
    int64_t letter, bool *fresh, struct error *err)
{
	struct lookup_hash hash;
	struct query q;

	*fresh = false;
	if (store_writing(st, err) != 0 ||
	    seal_lookup(st, LOOKUP_SIGNATURE,
		bytes_of(digest, STORE_DIGEST_BYTES), &hash, err) != 0 ||
	    renew_lookup(st, "signature_used", &hash, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_ANSWER, SIGNATURE_USE, err);
	query_blob(&q, lookup_present(&hash));
	query_int(&q, letter);
	if (query_run(&q) != 0)
		return -1;
	*fresh = sqlite3_changes(st->db) > 0;
	return 0;
}
