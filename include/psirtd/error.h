/*
 * error.h - what went wrong, grouped by what the caller does about it.
 *
 * Functions that can fail return 0 or -1 and take `struct error *err` last.
 * err may be NULL where the caller needs no reason.
 */
#ifndef PSIRTD_ERROR_H
#define PSIRTD_ERROR_H

enum fault {
	FAULT_NONE,
	FAULT_INPUT,  /* what came from outside is wrong: hold that letter */
	FAULT_RETRY,  /* try the same again later */
	FAULT_SETUP,  /* the operator must act; psirtd exits 78 */
	FAULT_DENIED, /* policy said no */
	FAULT_BUG,    /* cannot happen: abort after logging */
};

struct error {
	enum fault fault;
	char text[512]; /* one sentence: no full stop, no content of a letter */
};

/* Sets *err (if any) and returns -1, so that `return error_set(...)` works. */
int error_set(struct error *err, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Like error_set, with ": strerror(errno)" behind the text. */
int error_errno(struct error *err, enum fault fault, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
/* Puts "PREFIX: " before the text that stands in *err; returns -1. */
int error_prefix(struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void error_clear(struct error *err);

#endif
