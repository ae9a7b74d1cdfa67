/*
 * bytes.h - bytes from outside, and a growing buffer with a cap.
 *
 * Anything that came in is a struct bytes; it becomes a C string only
 * through bytes_text(), which refuses NUL.
 */
#ifndef PSIRTD_BYTES_H
#define PSIRTD_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "psirtd/error.h"

/* A view of bytes.  Owned by whoever made it (usually a talloc context). */
struct bytes {
	const uint8_t *data;
	size_t len;
};

/* A growing buffer, never longer than max; freed with its talloc parent. */
struct buf {
	uint8_t *data;
	size_t len;
	size_t cap;
	size_t max;
};

#define BYTES_NONE ((struct bytes){NULL, 0})

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_str(const char *text); /* without its NUL; NULL is none */
bool bytes_equal(struct bytes a, struct bytes b);
/* Offset of needle in hay, or -1. */
ptrdiff_t bytes_find(struct bytes hay, struct bytes needle);
/* A talloc copy; data is never NULL, one NUL stands behind the bytes. */
struct bytes bytes_copy(const void *ctx, struct bytes from);
/* A talloc string of the bytes; NULL when they hold a NUL. */
char *bytes_text(const void *ctx, struct bytes from);
/* A sub-view; {NULL,0} when [off, off+len) does not lie inside. */
struct bytes bytes_span(struct bytes whole, uint64_t off, uint64_t len);
/* Lower-case hexadecimal, a talloc string. */
char *bytes_hex(const void *ctx, struct bytes from);

/* NULL when out of memory.  max is the most bytes it will ever hold. */
struct buf *buf_new(const void *ctx, size_t max);
/* The same, wiped by explicit_bzero when freed or grown: for secrets. */
struct buf *buf_new_secret(const void *ctx, size_t max);
/* -1 with FAULT_INPUT when max would be passed, FAULT_RETRY for memory. */
int buf_add(struct buf *buf, const void *data, size_t len, struct error *err);
int buf_addf(struct buf *buf, struct error *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void buf_drop(struct buf *buf, size_t len); /* removes from the front */
void buf_clear(struct buf *buf);
struct bytes buf_bytes(const struct buf *buf);

#endif
