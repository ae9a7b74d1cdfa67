/*
 * channel.c - frames over a socketpair between the engine and a room.
 *
 * A frame is 12 bytes of head (magic "psd1", u32 type, u32 length) and the
 * payload.  Lengths are checked against the cap before memory is taken: the
 * peer may be in an attacker's hands.
 */
#include "psirtd/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define HEAD_BYTES 12
#define FILL_BYTES 65536

static const uint8_t magic[4] = {'p', 's', 'd', '1'};

struct channel {
	int fd;
	size_t max_frame;
	struct buf *in;
	size_t in_off; /* bytes of `in` already taken */
	struct buf *out;
	size_t out_off; /* bytes of `out` already written */
};

static int
channel_close(struct channel *ch)
{
	/* What passed may have been clear text or a secret. */
	if (ch->in->data != NULL)
		explicit_bzero(ch->in->data, ch->in->cap);
	if (ch->out->data != NULL)
		explicit_bzero(ch->out->data, ch->out->cap);
	if (ch->fd >= 0)
		close(ch->fd);
	return 0;
}

struct channel *
channel_new(const void *ctx, int fd, size_t max_frame)
{
	struct channel *ch = talloc_zero(ctx, struct channel);

	if (ch == NULL)
		return NULL;
	ch->fd = fd;
	ch->max_frame = max_frame;
	ch->in = buf_new(ch, max_frame + HEAD_BYTES + FILL_BYTES);
	ch->out = buf_new(ch, 2 * (max_frame + HEAD_BYTES));
	if (ch->in == NULL || ch->out == NULL) {
		talloc_free(ch);
		return NULL;
	}
	talloc_set_destructor(ch, channel_close);
	return ch;
}

int
channel_fd(const struct channel *ch)
{
	return ch->fd;
}

static void
put_u32(uint8_t *to, uint32_t v)
{
	to[0] = (uint8_t)(v >> 24);
	to[1] = (uint8_t)(v >> 16);
	to[2] = (uint8_t)(v >> 8);
	to[3] = (uint8_t)v;
}

static uint32_t
get_u32(const uint8_t *from)
{
	return (uint32_t)from[0] << 24 | (uint32_t)from[1] << 16 |
	       (uint32_t)from[2] << 8 | from[3];
}

/* Moves what is left to the front, so that a buffer does not creep. */
static void
compact(struct buf *buf, size_t *off)
{
	if (*off == 0)
		return;
	buf_drop(buf, *off);
	/* What has passed may have been a secret: it does not linger. */
	explicit_bzero(buf->data + buf->len, *off);
	*off = 0;
	/* A big frame has passed: give its memory back. */
	if (buf->len == 0 && buf->cap > (size_t)4 * FILL_BYTES) {
		explicit_bzero(buf->data, buf->cap);
		TALLOC_FREE(buf->data);
		buf->cap = 0;
	}
}

static int
queue_head(struct channel *ch, uint32_t type, size_t *at, struct error *err)
{
	uint8_t head[HEAD_BYTES] = {0};

	compact(ch->out, &ch->out_off);
	*at = ch->out->len;
	memcpy(head, magic, sizeof(magic));
	put_u32(head + 4, type);
	return buf_add(ch->out, head, sizeof(head), err);
}

static int
queue_end(struct channel *ch, size_t at, struct error *err)
{
	size_t len = ch->out->len - at - HEAD_BYTES;

	if (len > ch->max_frame) {
		ch->out->len = at;
		return error_set(err, FAULT_INPUT,
		    "frame of %zu bytes is over the limit", len);
	}
	put_u32(ch->out->data + at + 8, (uint32_t)len);
	return 0;
}

int
channel_queue(struct channel *ch, uint32_t type,
    const struct wire_type *type_of, const void *obj, struct error *err)
{
	size_t at;

	if (queue_head(ch, type, &at, err) != 0)
		return -1;
	if (type_of != NULL && wire_encode(type_of, obj, ch->out, err) != 0) {
		ch->out->len = at;
		return -1;
	}
	return queue_end(ch, at, err);
}

bool
channel_wants_write(const struct channel *ch)
{
	return ch->out->len > ch->out_off;
}

int
channel_flush(struct channel *ch, struct error *err)
{
	while (channel_wants_write(ch)) {
		ssize_t n = send(ch->fd, ch->out->data + ch->out_off,
		    ch->out->len - ch->out_off, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return 0;
		if (n < 0)
			return error_errno(err, FAULT_RETRY, "room is gone");
		ch->out_off += (size_t)n;
	}
	compact(ch->out, &ch->out_off);
	return 0;
}

int
channel_fill(struct channel *ch, struct error *err)
{
	uint8_t chunk[FILL_BYTES];
	ssize_t n;

	compact(ch->in, &ch->in_off);
	do {
		n = recv(ch->fd, chunk, sizeof(chunk), MSG_DONTWAIT);
	} while (n < 0 && errno == EINTR);
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 1;
	if (n < 0)
		return error_errno(err, FAULT_RETRY, "room is gone");
	if (n == 0)
		return 0;
	if (buf_add(ch->in, chunk, (size_t)n, err) != 0)
		return -1;
	explicit_bzero(chunk, (size_t)n);
	return 1;
}

int
channel_next(
    struct channel *ch, const void *ctx, struct frame *frame, struct error *err)
{
	const uint8_t *head = ch->in->data + ch->in_off;
	size_t have = ch->in->len - ch->in_off;
	size_t len;

	if (have < HEAD_BYTES)
		return 0;
	if (memcmp(head, magic, sizeof(magic)) != 0)
		return error_set(err, FAULT_INPUT, "not a frame");
	len = get_u32(head + 8);
	if (len > ch->max_frame)
		return error_set(err, FAULT_INPUT,
		    "frame of %zu bytes is over the limit", len);
	if (have - HEAD_BYTES < len)
		return 0;
	frame->type = get_u32(head + 4);
	frame->payload = bytes_copy(ctx, bytes_of(head + HEAD_BYTES, len));
	if (frame->payload.data == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	ch->in_off += HEAD_BYTES + len;
	if (ch->in_off == ch->in->len)
		compact(ch->in, &ch->in_off);
	return 1;
}

/* ---- the blocking half ---- */

static int
flush_all(struct channel *ch, struct error *err)
{
	while (channel_wants_write(ch)) {
		struct pollfd p = {ch->fd, POLLOUT, 0};

		if (channel_flush(ch, err) != 0)
			return -1;
		if (channel_wants_write(ch) && poll(&p, 1, -1) < 0 &&
		    errno != EINTR)
			return error_errno(err, FAULT_RETRY, "poll");
	}
	return 0;
}

int
channel_send(struct channel *ch, uint32_t type, const struct wire_type *type_of,
    const void *obj, struct error *err)
{
	if (channel_queue(ch, type, type_of, obj, err) != 0)
		return -1;
	return flush_all(ch, err);
}

int
channel_send_bytes(
    struct channel *ch, uint32_t type, struct bytes payload, struct error *err)
{
	size_t at;

	if (queue_head(ch, type, &at, err) != 0)
		return -1;
	if (buf_add(ch->out, payload.data, payload.len, err) != 0) {
		ch->out->len = at;
		return -1;
	}
	if (queue_end(ch, at, err) != 0)
		return -1;
	return flush_all(ch, err);
}

int
channel_recv(struct channel *ch, const void *ctx, int timeout_ms,
    struct frame *frame, bool *timed_out, struct error *err)
{
	int64_t until = clock_monotonic_ms() + timeout_ms;

	if (timed_out != NULL)
		*timed_out = false;
	for (;;) {
		struct pollfd p = {ch->fd, POLLIN, 0};
		int wait = -1;
		int rc = channel_next(ch, ctx, frame, err);

		if (rc != 0)
			return rc;
		if (timeout_ms >= 0) {
			int64_t left = until - clock_monotonic_ms();

			wait = left > 0 ? (int)left : 0;
		}
		rc = poll(&p, 1, wait);
		if (rc < 0 && errno != EINTR)
			return error_errno(err, FAULT_RETRY, "poll");
		if (rc == 0) {
			if (timed_out != NULL)
				*timed_out = true;
			return 0;
		}
		if (rc < 0)
			continue;
		rc = channel_fill(ch, err);
		if (rc < 0)
			return -1;
		if (rc == 0) {
			if (ch->in->len > ch->in_off)
				return error_set(err, FAULT_INPUT,
				    "the peer closed in mid-frame");
			return 0;
		}
	}
}
