/*
 * store_world.h - a database of its own for each test of the store.
 *
 * A folder under /tmp, a store in it with a data key, and the plain SQLite
 * interface for what somebody does to the file while the daemon is down.
 */
#ifndef TEST_STORE_WORLD_H
#define TEST_STORE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <sqlite3.h>
#include <talloc.h>

#include "psirtd/store.h"

#define NOW 1795510000 /* a day in November 2026 */

struct world {
	char folder[32];
	char path[64];
	char wal[80];
	uint8_t key[STORE_KEY_BYTES];
	struct store *st; /* NULL: the daemon is down */
	struct error err;
};

#define assert_ok(w, call)                                                     \
	do {                                                                   \
		error_clear(&(w)->err);                                        \
		if ((call) != 0)                                               \
			fail_msg("%s: %s", #call, (w)->err.text);              \
	} while (0)

#define assert_fault(w, call, want)                                            \
	do {                                                                   \
		error_clear(&(w)->err);                                        \
		assert_int_equal((call), -1);                                  \
		if ((w)->err.fault != (want))                                  \
			fail_msg("%s: fault %d: %s", #call,                    \
			    (int)(w)->err.fault, (w)->err.text);               \
	} while (0)

/* A member of a row takes its text so; the store never writes to it. */
static inline char *
text(const char *from)
{
	return (char *)(uintptr_t)from;
}

static inline void
world_close(struct world *w)
{
	talloc_free(w->st);
	w->st = NULL;
}

/* Opens the file; does not unlock. */
static inline void
world_open_locked(struct world *w)
{
	error_clear(&w->err);
	w->st = store_open(w, w->path, &w->err);
	if (w->st == NULL)
		fail_msg("store_open: %s", w->err.text);
}

static inline void
world_open(struct world *w)
{
	world_open_locked(w);
	assert_ok(w, store_unlock(w->st, w->key, &w->err));
}

static inline int
world_setup(void **state)
{
	struct world *w = talloc_zero(NULL, struct world);

	strcpy(w->folder, "/tmp/test_store.XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	snprintf(w->path, sizeof(w->path), "%s/psirtd.db", w->folder);
	snprintf(w->wal, sizeof(w->wal), "%s-wal", w->path);
	w->st = store_open(w, w->path, &w->err);
	store_new_key(w->key);
	if (w->st == NULL ||
	    store_keep_key(
		w->st, bytes_str("-----WRAPPED-----"), w->key, &w->err) != 0 ||
	    store_unlock(w->st, w->key, &w->err) != 0) {
		fprintf(stderr, "%s\n", w->err.text);
		return -1;
	}
	*state = w;
	return 0;
}

static inline int
world_teardown(void **state)
{
	struct world *w = *state;
	char other[96];

	world_close(w);
	unlink(w->path);
	unlink(w->wal);
	snprintf(other, sizeof(other), "%s-shm", w->path);
	unlink(other);
	snprintf(other, sizeof(other), "%s-journal", w->path);
	unlink(other);
	rmdir(w->folder);
	talloc_free(w);
	return 0;
}

/* What a hand at the file does; the daemon is down. */
static inline void
tamper(struct world *w, const char *sql)
{
	sqlite3 *db = NULL;
	char *text = NULL;

	assert_null(w->st);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	if (sqlite3_exec(db, sql, NULL, NULL, &text) != SQLITE_OK)
		fail_msg("%s: %s", sql, text);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

/* A number out of the file; the daemon is down. */
static inline int64_t
peek(struct world *w, const char *sql)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *stmt = NULL;
	int64_t value;

	assert_null(w->st);
	assert_int_equal(sqlite3_open(w->path, &db), SQLITE_OK);
	assert_int_equal(
	    sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
	value = sqlite3_column_int64(stmt, 0);
	sqlite3_finalize(stmt);
	assert_int_equal(sqlite3_close(db), SQLITE_OK);
	return value;
}

/* A letter that arrives in chunks of `step` bytes. */
static inline int64_t
arrive(struct world *w, uint32_t uid, struct bytes letter, size_t step,
    bool *known)
{
	struct store_intake *in = store_intake_begin(
	    w, w->st, "INBOX", 7, uid, NOW - 60, false, &w->err);
	int64_t id = 0;

	assert_non_null(in);
	for (size_t at = 0; at < letter.len; at += step) {
		size_t len = letter.len - at < step ? letter.len - at : step;

		assert_ok(w, store_intake_chunk(
				 in, bytes_span(letter, at, len), &w->err));
	}
	assert_ok(w, store_intake_end(in, NOW, &id, known, &w->err));
	assert_true(id > 0);
	return id;
}

static inline int64_t
arrive_text(struct world *w, uint32_t uid, const char *text)
{
	bool known;

	return arrive(w, uid, bytes_str(text), 4096, &known);
}

/* Bytes that do not repeat and cannot be guessed from each other. */
static inline struct bytes
noise(void *ctx, size_t len, uint32_t seed)
{
	uint8_t *data = talloc_size(ctx, len + 1);

	for (size_t i = 0; i < len; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (uint8_t)(seed >> 24);
	}
	return bytes_of(data, len);
}

static inline void
begin(struct world *w)
{
	assert_ok(w, store_begin(w->st, &w->err));
}

static inline void
commit(struct world *w)
{
	assert_ok(w, store_commit(w->st, &w->err));
}

/* A case in a transaction of its own. */
static inline int64_t
new_case(struct world *w, const char *product)
{
	struct store_case c = {.flow = 2,
	    .state = CASE_OPEN,
	    .phase = 1,
	    .received = NOW,
	    .filed = NOW};

	c.product = text(product);
	begin(w);
	assert_ok(w, store_case_new(w, w->st, &c, "PSIRT", 2026, &w->err));
	commit(w);
	return c.id;
}

/* No store is opened, and it is said why. */
static inline void
refuse_open(struct world *w, const char *why)
{
	error_clear(&w->err);
	assert_null(store_open(w, w->path, &w->err));
	assert_int_equal(w->err.fault, FAULT_SETUP);
	if (strstr(w->err.text, why) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", w->err.text, why);
}

#endif
