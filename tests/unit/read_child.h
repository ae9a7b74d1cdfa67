/*
 * read_child.h - the read room as the engine meets it, for tests that want
 * its walls and limits around a letter.
 */
#ifndef READ_CHILD_H
#define READ_CHILD_H

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/log.h"
#include "psirtd/room.h"
#include "read_world.h"

/* Longer than any room may take, however busy the machine is. */
#define ANSWER_MS 900000

struct room {
	pid_t pid;
	struct channel *channel;
};

static inline struct room *
room_open(const void *ctx)
{
	struct room *room = talloc_zero(ctx, struct room);
	int fds[2];

	assert_int_equal(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	room->pid = fork();
	assert_true(room->pid >= 0);
	if (room->pid == 0) {
		struct channel *engine;

		close(fds[0]);
		log_start("read", LOG_LEVEL_ERR);
		engine = channel_new(NULL, fds[1], ROOM_FRAME_MAX);
		_exit(read_room(engine));
	}
	close(fds[1]);
	room->channel = channel_new(room, fds[0], ROOM_FRAME_MAX);
	return room;
}

/* The room leaves when the engine does, and says that all was well. */
static inline void
room_close(struct room *room, int want)
{
	int status = 0;

	TALLOC_FREE(room->channel);
	assert_int_equal(waitpid(room->pid, &status, 0), room->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), want);
	talloc_free(room);
}

static inline struct frame
ask(struct room *room, const void *ctx, uint32_t type,
    const struct wire_type *wire, const void *obj)
{
	struct error err = {0};
	struct frame frame = {0};

	assert_int_equal(channel_send(room->channel, type, wire, obj, &err), 0);
	assert_int_equal(
	    channel_recv(room->channel, ctx, ANSWER_MS, &frame, NULL, &err), 1);
	return frame;
}

static inline struct room *
room_ready(const void *ctx, const struct read_setup *setup)
{
	struct room *room = room_open(ctx);

	assert_int_equal(
	    ask(room, ctx, READ_SETUP, &read_setup_wire, setup).type,
	    READ_READY);
	return room;
}

static inline struct frame
ask_job(struct room *room, const void *ctx, uint32_t mode, struct bytes data)
{
	struct read_job job = {mode, NULL, data};

	return ask(room, ctx, READ_JOB, &read_job_wire, &job);
}

static inline struct reading *
must_read(struct room *room, const void *ctx, struct bytes data)
{
	struct frame frame = ask_job(room, ctx, READ_LETTER, data);
	struct error err = {0};
	struct reading *r;

	assert_int_equal(frame.type, READ_DONE);
	r = wire_decode(ctx, &reading_wire, frame.payload, &err);
	assert_non_null(r);
	return r;
}

/* The end that the room told of, with a sentence. */
static inline uint32_t
must_fail(struct room *room, const void *ctx, struct bytes data)
{
	struct frame frame = ask_job(room, ctx, READ_LETTER, data);
	struct read_failed *failed;

	assert_int_equal(frame.type, READ_FAILED);
	failed = wire_decode(ctx, &read_failed_wire, frame.payload, NULL);
	assert_non_null(failed);
	assert_non_null(failed->text);
	return failed->end;
}

static const char simple[] = "Subject: still here\r\n\r\nHello XYZ-100\r\n";

static inline void
must_live(struct room *room, const void *ctx)
{
	struct reading *r = must_read(room, ctx, bytes_str(simple));

	assert_string_equal(r->headers.subject, "still here");
	assert_int_equal(r->nparts, 1);
	assert_int_equal(r->nhits, 1);
}

/* text repeated n times between head and tail */
static inline struct bytes
repeat(const void *ctx, const char *head, const char *text, size_t n,
    const char *tail)
{
	struct buf *buf = buf_new(ctx, (size_t)160 << 20);

	assert_int_equal(buf_add(buf, head, strlen(head), NULL), 0);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(buf_add(buf, text, strlen(text), NULL), 0);
	assert_int_equal(buf_add(buf, tail, strlen(tail), NULL), 0);
	return buf_bytes(buf);
}

#endif
