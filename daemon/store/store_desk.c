/*
 * store_desk.c - what the desk keeps beside the steps: questions to be
 * relayed, tasks, and who was told which part of a case.
 *
 * Runs in the engine.  What a task asks for, and what may be told to whom, is
 * decided elsewhere.
 */
#include "store_internal.h"

#include <talloc.h>

enum {
	QUESTION_NUMBER,
	QUESTION_ADD,
	QUESTION_PUT,
	QUESTION_LIST,
	TASK_ADD,
	TASK_DONE,
	TASK_REST,
	TASK_GET,
	TASK_LIST,
	TASK_LIST_CASE,
	TOLD_ADD,
	TOLD_LIST,
	DESK_STMT_COUNT
};

#define QUESTION_COLUMNS                                                       \
	"id, casefile, number, state, at, letter, answer_letter, department,"  \
	" person, text, answer"
#define TASK_COLUMNS                                                           \
	"id, kind, casefile, letter, outmail, step, made, due, done, actor,"   \
	" text"
#define TASK_SELECT "SELECT " TASK_COLUMNS " FROM task"
#define TOLD_COLUMNS                                                           \
	"id, casefile, outmail, at, parts, person, address, fingerprint,"      \
	" department"

static const char *const sql[DESK_STMT_COUNT] = {
    [QUESTION_NUMBER] = "SELECT ifnull(max(number), 0) + 1 FROM question"
			" WHERE casefile = ?",
    [QUESTION_ADD] = "INSERT INTO question (" QUESTION_COLUMNS ") VALUES"
		     " (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [QUESTION_PUT] = "UPDATE question SET state = ?, at = ?, letter = ?,"
		     " answer_letter = ?, department = ?, person = ?,"
		     " text = ?, answer = ? WHERE id = ?",
    [QUESTION_LIST] = "SELECT " QUESTION_COLUMNS " FROM question"
		      " WHERE casefile = ? ORDER BY number",
    [TASK_ADD] = "INSERT INTO task (" TASK_COLUMNS ") SELECT"
		 " ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 0, ?9, ?10"
		 " WHERE NOT EXISTS (SELECT 1 FROM task WHERE done = 0"
		 " AND casefile IS ?3 AND kind = ?2 AND letter IS ?4"
		 " AND step IS ?6)",
    [TASK_DONE] = "UPDATE task SET done = ?, actor = ? WHERE id = ?"
		  " AND done = 0",
    [TASK_REST] = "UPDATE task SET done = ?3 WHERE casefile = ?1"
		  " AND done = ?2",
    [TASK_GET] = TASK_SELECT " WHERE id = ?",
    [TASK_LIST] = TASK_SELECT " WHERE done = 0 ORDER BY id LIMIT ?",
    [TASK_LIST_CASE] = TASK_SELECT " WHERE done = 0 AND casefile = ?"
				   " ORDER BY id LIMIT ?",
    [TOLD_ADD] = "INSERT INTO told (" TOLD_COLUMNS ") VALUES"
		 " (?, ?, ?, ?, ?, ?, ?, ?, ?)",
    [TOLD_LIST] = "SELECT " TOLD_COLUMNS " FROM told WHERE casefile = ?"
		  " ORDER BY id",
};

const struct store_sql store_desk_sql = {sql, DESK_STMT_COUNT};

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* ---- questions ---- */

static const struct text_field question_texts[] = {
    {"department", offsetof(struct store_question, department)},
    {"person", offsetof(struct store_question, by)},
    {"text", offsetof(struct store_question, text)},
    {"answer", offsetof(struct store_question, answer)},
};

static int
question_number(struct store *st, struct store_question *q_, struct error *err)
{
	struct query q;

	query_start(&q, st, FAMILY_DESK, QUESTION_NUMBER, err);
	query_int(&q, q_->casefile);
	if (query_next(&q) == 1)
		q_->number = query_get_u32(&q);
	return query_end(&q);
}

/* Binds QUESTION_COLUMNS from `state` on. */
static void
bind_question(struct query *q, const struct store_question *question)
{
	query_int(q, question->state);
	query_int(q, question->at);
	query_id(q, question->letter);
	query_id(q, question->answer_letter);
	query_seal_fields(q, "question", question->id, question, question_texts,
	    COUNT_OF(question_texts));
}

int
store_question_add(
    struct store *st, struct store_question *question, struct error *err)
{
	struct query q;

	if (store_next_id(st, "question", &question->id, err) != 0 ||
	    question_number(st, question, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_DESK, QUESTION_ADD, err);
	query_int(&q, question->id);
	query_int(&q, question->casefile);
	query_int(&q, question->number);
	bind_question(&q, question);
	return query_run(&q);
}

int
store_question_put(
    struct store *st, const struct store_question *question, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_DESK, QUESTION_PUT, err);
	bind_question(&q, question);
	query_int(&q, question->id);
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		return error_set(err, FAULT_BUG, "there is no question %lld",
		    (long long)question->id);
	return 0;
}

int
store_question_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_question **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_DESK, QUESTION_LIST, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		struct store_question *one =
		    query_row(&q, ctx, list, *count, sizeof(*one));

		if (one == NULL)
			break;
		one->id = query_get_int(&q);
		one->casefile = query_get_int(&q);
		one->number = query_get_u32(&q);
		one->state = query_get_u32(&q);
		one->at = query_get_int(&q);
		one->letter = query_get_int(&q);
		one->answer_letter = query_get_int(&q);
		query_open_fields(&q, *list, "question", one->id, one,
		    question_texts, COUNT_OF(question_texts));
		++*count;
	}
	return query_end_list(&q, list, count);
}

/* ---- tasks ---- */

static const struct text_field task_texts[] = {
    {"actor", offsetof(struct store_task, actor)},
    {"text", offsetof(struct store_task, text)},
};

/* Reads a row of TASK_COLUMNS. */
static void
task_row(struct query *q, const void *ctx, struct store_task *t)
{
	*t = (struct store_task){0};
	t->id = query_get_int(q);
	t->kind = query_get_u32(q);
	t->casefile = query_get_int(q);
	t->letter = query_get_int(q);
	t->outmail = query_get_int(q);
	t->step = query_get_int(q);
	t->made = query_get_int(q);
	t->due = query_get_int(q);
	t->done = query_get_int(q);
	query_open_fields(
	    q, ctx, "task", t->id, t, task_texts, COUNT_OF(task_texts));
}

int
store_task_add(struct store *st, struct store_task *t, struct error *err)
{
	struct query q;

	if (store_next_id(st, "task", &t->id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_DESK, TASK_ADD, err);
	query_int(&q, t->id);
	query_int(&q, t->kind);
	query_id(&q, t->casefile);
	query_id(&q, t->letter);
	query_id(&q, t->outmail);
	query_id(&q, t->step);
	query_int(&q, t->made);
	query_int(&q, t->due);
	query_seal_fields(
	    &q, "task", t->id, t, task_texts, COUNT_OF(task_texts));
	if (query_run(&q) != 0)
		return -1;
	if (sqlite3_changes(st->db) == 0)
		t->id = 0;
	return 0;
}

int
store_task_done(struct store *st, int64_t id, int64_t now, const char *actor,
    struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_DESK, TASK_DONE, err);
	query_int(&q, now);
	query_seal_text(&q, place("task", "actor", id), actor);
	query_int(&q, id);
	return query_run(&q);
}

int
store_task_rest(
    struct store *st, int64_t casefile, bool rest, struct error *err)
{
	struct query q;

	if (store_writing(st, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_DESK, TASK_REST, err);
	query_int(&q, casefile);
	query_int(&q, rest ? 0 : TASK_RESTING);
	query_int(&q, rest ? TASK_RESTING : 0);
	return query_run(&q);
}

int
store_task_get(const void *ctx, struct store *st, int64_t id,
    struct store_task *t, struct error *err)
{
	struct query q;
	int found;

	query_start(&q, st, FAMILY_DESK, TASK_GET, err);
	query_int(&q, id);
	found = query_next(&q);
	if (found == 1)
		task_row(&q, ctx, t);
	return query_end_found(&q, found);
}

int
store_task_list(const void *ctx, struct store *st, int64_t casefile,
    size_t most, struct store_task **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_DESK,
	    casefile != 0 ? TASK_LIST_CASE : TASK_LIST, err);
	if (casefile != 0)
		query_int(&q, casefile);
	query_int(&q, (int64_t)most);
	while (query_next(&q) == 1) {
		struct store_task *t =
		    query_row(&q, ctx, list, *count, sizeof(*t));

		if (t == NULL)
			break;
		task_row(&q, *list, t);
		++*count;
	}
	return query_end_list(&q, list, count);
}

/* ---- need to know ---- */

static const struct text_field told_texts[] = {
    {"person", offsetof(struct store_told, person)},
    {"address", offsetof(struct store_told, address)},
    {"fingerprint", offsetof(struct store_told, fingerprint)},
    {"department", offsetof(struct store_told, department)},
};

int
store_told_add(struct store *st, struct store_told *t, struct error *err)
{
	struct query q;

	if (store_next_id(st, "told", &t->id, err) != 0)
		return -1;
	query_start(&q, st, FAMILY_DESK, TOLD_ADD, err);
	query_int(&q, t->id);
	query_int(&q, t->casefile);
	query_id(&q, t->outmail);
	query_int(&q, t->at);
	query_int(&q, t->parts);
	query_seal_fields(
	    &q, "told", t->id, t, told_texts, COUNT_OF(told_texts));
	return query_run(&q);
}

int
store_told_list(const void *ctx, struct store *st, int64_t casefile,
    struct store_told **list, size_t *count, struct error *err)
{
	struct query q;

	*list = NULL;
	*count = 0;
	query_start(&q, st, FAMILY_DESK, TOLD_LIST, err);
	query_int(&q, casefile);
	while (query_next(&q) == 1) {
		struct store_told *t =
		    query_row(&q, ctx, list, *count, sizeof(*t));

		if (t == NULL)
			break;
		t->id = query_get_int(&q);
		t->casefile = query_get_int(&q);
		t->outmail = query_get_int(&q);
		t->at = query_get_int(&q);
		t->parts = query_get_u32(&q);
		query_open_fields(&q, *list, "told", t->id, t, told_texts,
		    COUNT_OF(told_texts));
		++*count;
	}
	return query_end_list(&q, list, count);
}
