/*
 * bytes.c - views of bytes and growing buffers with a cap.
 *
 * Used by every room.  A buffer made by buf_new_secret() leaves no copy of
 * its bytes behind when it grows or is freed.
 */
#include "psirtd/bytes.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>

struct secret_buf {
	struct buf buf; /* first: a struct buf * is a struct secret_buf * */
};

struct bytes
bytes_of(const void *data, size_t len)
{
	return (struct bytes){data, len};
}

struct bytes
bytes_str(const char *text)
{
	if (text == NULL)
		return BYTES_NONE;
	return bytes_of(text, strlen(text));
}

bool
bytes_equal(struct bytes a, struct bytes b)
{
	return a.len == b.len &&
	       (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

ptrdiff_t
bytes_find(struct bytes hay, struct bytes needle)
{
	const uint8_t *at;

	if (needle.len == 0)
		return 0;
	if (hay.len < needle.len)
		return -1;
	at = memmem(hay.data, hay.len, needle.data, needle.len);
	return at == NULL ? -1 : at - hay.data;
}

struct bytes
bytes_copy(const void *ctx, struct bytes from)
{
	uint8_t *data = talloc_size(ctx, from.len + 1);

	if (data == NULL)
		return BYTES_NONE;
	if (from.len > 0)
		memcpy(data, from.data, from.len);
	data[from.len] = '\0';
	return bytes_of(data, from.len);
}

char *
bytes_text(const void *ctx, struct bytes from)
{
	if (from.len > 0 && memchr(from.data, '\0', from.len) != NULL)
		return NULL;
	return talloc_strndup(
	    ctx, from.len > 0 ? (const char *)from.data : "", from.len);
}

struct bytes
bytes_span(struct bytes whole, uint64_t off, uint64_t len)
{
	if (off > whole.len || len > whole.len - off)
		return BYTES_NONE;
	return bytes_of(whole.data + off, (size_t)len);
}

char *
bytes_hex(const void *ctx, struct bytes from)
{
	static const char digits[] = "0123456789abcdef";
	char *text = talloc_array(ctx, char, from.len * 2 + 1);

	if (text == NULL)
		return NULL;
	for (size_t i = 0; i < from.len; i++) {
		text[2 * i] = digits[from.data[i] >> 4];
		text[2 * i + 1] = digits[from.data[i] & 15];
	}
	text[from.len * 2] = '\0';
	return text;
}

struct buf *
buf_new(const void *ctx, size_t max)
{
	struct buf *buf = talloc_zero(ctx, struct buf);

	if (buf != NULL)
		buf->max = max;
	return buf;
}

static int
secret_wipe(struct secret_buf *secret)
{
	if (secret->buf.data != NULL)
		explicit_bzero(secret->buf.data, secret->buf.cap);
	return 0;
}

/*
 * A secret buffer takes all of its max at once: growing would leave the old
 * bytes in freed memory.
 */
struct buf *
buf_new_secret(const void *ctx, size_t max)
{
	struct secret_buf *secret = talloc_zero(ctx, struct secret_buf);

	if (secret == NULL)
		return NULL;
	secret->buf.data = talloc_zero_size(secret, max + 1);
	if (secret->buf.data == NULL) {
		talloc_free(secret);
		return NULL;
	}
	secret->buf.cap = max + 1;
	secret->buf.max = max;
	talloc_set_destructor(secret, secret_wipe);
	return &secret->buf;
}

static int
buf_reserve(struct buf *buf, size_t more, struct error *err)
{
	size_t need;
	size_t cap;
	uint8_t *data;

	if (more > buf->max - buf->len)
		return error_set(
		    err, FAULT_INPUT, "over the limit of %zu bytes", buf->max);
	need = buf->len + more + 1;
	if (need <= buf->cap)
		return 0;
	cap = buf->cap < 256 ? 256 : buf->cap;
	while (cap < need)
		cap += cap / 2;
	if (cap > buf->max + 1)
		cap = buf->max + 1;
	/* Not talloc's own cap on one object, which is 256 MiB. */
	data = talloc_realloc_size(buf, buf->data, cap);
	if (data == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	buf->data = data;
	buf->cap = cap;
	return 0;
}

int
buf_add(struct buf *buf, const void *data, size_t len, struct error *err)
{
	if (buf_reserve(buf, len, err) != 0)
		return -1;
	if (len > 0)
		memcpy(buf->data + buf->len, data, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
	return 0;
}

int
buf_addf(struct buf *buf, struct error *err, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int rc;

	va_start(ap, fmt);
	text = talloc_vasprintf(buf, fmt, ap);
	va_end(ap);
	if (text == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	rc = buf_add(buf, text, strlen(text), err);
	talloc_free(text);
	return rc;
}

void
buf_drop(struct buf *buf, size_t len)
{
	if (len >= buf->len) {
		buf->len = 0;
		return;
	}
	memmove(buf->data, buf->data + len, buf->len - len);
	buf->len -= len;
}

void
buf_clear(struct buf *buf)
{
	buf->len = 0;
}

struct bytes
buf_bytes(const struct buf *buf)
{
	return bytes_of(buf->data, buf->len);
}
