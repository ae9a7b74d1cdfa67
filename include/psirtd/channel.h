/*
 * channel.h - frames over a socketpair between the engine and a room.
 *
 * A frame is magic "psd1", u32 type, u32 length, payload.  A length over the
 * channel's cap, a wrong magic or an end in mid-frame is an error and ends
 * the channel.  The engine uses the non-blocking half, a room the blocking.
 */
#ifndef PSIRTD_CHANNEL_H
#define PSIRTD_CHANNEL_H

#include <stdbool.h>

#include "psirtd/bytes.h"
#include "psirtd/error.h"
#include "psirtd/wire.h"

struct channel;

struct frame {
	uint32_t type;
	struct bytes payload;
};

/* Takes fd over; it is closed when the channel is freed (talloc). */
struct channel *channel_new(const void *ctx, int fd, size_t max_frame);
int channel_fd(const struct channel *ch);

/* ---- blocking (rooms) ---- */

/* Sends obj as one frame; type_of may be NULL for a frame without payload. */
int channel_send(struct channel *ch, uint32_t type,
    const struct wire_type *type_of, const void *obj, struct error *err);
/* Sends raw bytes as the payload. */
int channel_send_bytes(
    struct channel *ch, uint32_t type, struct bytes payload, struct error *err);
/*
 * Waits for the next frame at most timeout_ms (-1: for ever).
 * 1: a frame, payload a child of ctx.  0: the peer closed, or time is up
 * (then *timed_out is true, where given).  -1: error.
 */
int channel_recv(struct channel *ch, const void *ctx, int timeout_ms,
    struct frame *frame, bool *timed_out, struct error *err);

/* ---- non-blocking (engine) ---- */

/* Queues a frame; nothing is written yet. */
int channel_queue(struct channel *ch, uint32_t type,
    const struct wire_type *type_of, const void *obj, struct error *err);
bool channel_wants_write(const struct channel *ch);
/* Writes what the socket takes.  -1: the peer is gone. */
int channel_flush(struct channel *ch, struct error *err);
/* Reads what is there.  1: more may come, 0: the peer closed, -1: error. */
int channel_fill(struct channel *ch, struct error *err);
/* Takes a whole frame out of what was read.  1 / 0 not yet / -1 malformed. */
int channel_next(struct channel *ch, const void *ctx, struct frame *frame,
    struct error *err);

#endif
