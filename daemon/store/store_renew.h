/*
 * store_renew.h - what the two files that renew the data key share.
 */
#ifndef PSIRTD_STORE_RENEW_H
#define PSIRTD_STORE_RENEW_H

#include "store_internal.h"

/* What one batch takes on; a single great value is a batch of its own. */
#define BATCH_BYTES ((size_t)4 * SEAL_CHUNK)

/* The row of `renewal`. */
struct renewal {
	int64_t started, total, done, walk, found;
	char *table;
	int64_t row;
	int64_t letter;
	struct bytes stream, states;
};

/* A table that is walked. */
struct walked {
	char **columns; /* sealed */
	size_t ncolumns;
	bool lookup; /* it has one … */
	bool indexed;
};

struct batch {
	struct store *st;
	struct renewal *r;
	struct walked table;
	size_t bytes, rows;
	int64_t now;
	struct error *err;
};

/* One of a text that names its table; made_end() frees it, gives rc or -1. */
int made_start(
    struct query *q, struct store *st, const char *text, struct error *err);
int made_end(struct query *q, int rc);

/* The row after the one the walk stands at: its sealed columns, its look-up. */
struct row {
	int64_t id;
	struct bytes *values;
	struct bytes lookup;
	bool old;
};

/* 1 there is one after the one the walk stands at, 0 none, -1. */
int renew_next_row(const void *ctx, struct batch *b, struct row *row);
/* What b->err says is damage: it is noted, and the walk goes on behind it. */
bool renew_step_over(struct batch *b);
/* 1 the row is done, 0 its bytes are not all, -1. */
int renew_row(const void *ctx, struct batch *b, struct row *row);

/* 1, 0 no key is being renewed, -1.  What it has is a child of ctx. */
int renewal_get(
    const void *ctx, struct store *st, struct renewal *r, struct error *err);
/* The bytes of a letter: 1 all of them are done, 0 the batch is full, -1; one
 * that is damaged is as it was then. */
int renew_bytes(const void *ctx, struct batch *b, int64_t letter);

#endif
