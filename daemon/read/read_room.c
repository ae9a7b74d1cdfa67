/*
 * read_room.c - the read room: `psirtd -x read`.
 *
 * Takes the setup, then jobs; each job is read by a child of its own, which
 * has limits on CPU, memory, time and answer, and may do nothing but compute.
 * A child that crashes costs its letter alone.  The room itself looks into no
 * letter: it carries bytes from the engine to a child and back, without files,
 * sockets or other programs.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/log.h"
#include "psirtd/room.h"
#include "psirtd/sandbox.h"
#include "psirtd/text.h"

/* The frame's own head and the child's tag take a little. */
#define REPLY_MOST (ROOM_FRAME_MAX - 1024)

struct read_task {
	const struct reader *reader;
	struct bytes payload;
};

/* What libraries say of a letter may quote it. */
static void
say_nothing(
    const gchar *domain, GLogLevelFlags level, const gchar *text, gpointer data)
{
}

/* ---- in the child ---- */

static int
enter(struct error *err)
{
	return sandbox_calls(SANDBOX_READ, err);
}

static int
do_job(void *arg, struct buf *out, struct error *err)
{
	const struct read_task *task = arg;
	struct read_job *job =
	    wire_decode(NULL, &read_job_wire, task->payload, err);
	struct reading *r;

	if (job == NULL)
		return -1;
	r = reading_new(NULL, task->reader, job, err);
	if (r == NULL)
		return -1;
	return wire_encode(&reading_wire, r, out, err);
}

/* ---- in the room ---- */

static int
answer_failed(struct channel *engine, uint32_t type, enum room_end end,
    const struct error *why, struct error *err)
{
	struct read_failed failed = {end, why->text};

	/* A child in bad hands may have written it. */
	if (!text_valid(bytes_str(why->text)))
		failed.text = room_end_name(end);
	return channel_send(engine, type, &read_failed_wire, &failed, err);
}

static int
answer_job(struct channel *engine, const struct room_limits *limits,
    const struct read_task *task, struct error *err)
{
	struct read_task copy = *task;
	struct error why = {0};
	struct bytes answer;
	void *ctx = talloc_new(NULL);
	enum room_end end =
	    room_run_job(ctx, limits, enter, do_job, &copy, &answer, &why);
	int rc;

	if (end == ROOM_END_OK)
		rc = channel_send_bytes(engine, READ_DONE, answer, err);
	else
		rc = answer_failed(engine, READ_FAILED, end, &why, err);
	talloc_free(ctx);
	return rc;
}

/*
 * Files are closed by landlock; the lists of two kinds of rooms together
 * leave no socket and no other program.
 */
static int
raise_walls(struct error *err)
{
	static const struct sandbox_paths none = {0};

	if (sandbox_files(&none, err) != 0 ||
	    sandbox_calls(SANDBOX_NET, err) != 0 ||
	    sandbox_calls(SANDBOX_VAULT, err) != 0)
		return -1;
	return 0;
}

/* NULL with *err: what the engine is to be told. */
static struct reader *
take_setup(const void *ctx, const struct frame *frame,
    struct room_limits *limits, struct error *err)
{
	const struct read_setup *setup;
	struct reader *reader;

	if (frame->type != READ_SETUP) {
		error_set(err, FAULT_BUG, "read: a job before the setup");
		return NULL;
	}
	setup = wire_decode(ctx, &read_setup_wire, frame->payload, err);
	if (setup == NULL)
		return NULL;
	limits->wall_ms = setup->wall_ms;
	limits->cpu_s = setup->cpu_s;
	limits->memory_bytes = (size_t)setup->memory_mb << 20;
	limits->reply_bytes = REPLY_MOST;
	reader = reader_new(ctx, setup, err);
	if (reader != NULL && raise_walls(err) != 0)
		return NULL;
	return reader;
}

/* 1: set up.  0: refused, or the engine left.  -1: the channel broke. */
static int
set_up(const void *ctx, struct channel *engine, struct room_limits *limits,
    struct reader **reader, struct error *err)
{
	struct error why = {0};
	struct frame frame;
	int rc = channel_recv(engine, ctx, -1, &frame, NULL, err);

	if (rc != 1)
		return rc;
	*reader = take_setup(ctx, &frame, limits, &why);
	if (*reader == NULL)
		return answer_failed(
		    engine, READ_REFUSED, ROOM_END_OK, &why, err);
	if (channel_send(engine, READ_READY, NULL, NULL, err) != 0)
		return -1;
	return 1;
}

static int
serve(struct channel *engine, const struct room_limits *limits,
    const struct reader *reader, struct error *err)
{
	for (;;) {
		struct read_task task = {reader, BYTES_NONE};
		void *ctx = talloc_new(NULL);
		struct frame frame;
		int rc = channel_recv(engine, ctx, -1, &frame, NULL, err);

		if (rc == 1 && frame.type != READ_JOB)
			rc = error_set(err, FAULT_BUG,
			    "read: a frame of type %u", frame.type);
		if (rc == 1) {
			task.payload = frame.payload;
			if (answer_job(engine, limits, &task, err) != 0)
				rc = -1;
		}
		talloc_free(ctx);
		if (rc != 1)
			return rc;
	}
}

int
read_room(struct channel *engine)
{
	void *ctx = talloc_new(NULL);
	struct room_limits limits = {0};
	struct reader *reader = NULL;
	struct error err = {0};
	int rc;

	g_log_set_default_handler(say_nothing, NULL);
	rc = sandbox_base(&err);
	if (rc == 0)
		rc = set_up(ctx, engine, &limits, &reader, &err);
	if (rc == 1)
		rc = serve(engine, &limits, reader, &err);
	if (rc < 0)
		log_err("%s", err.text);
	talloc_free(ctx);
	return rc < 0 ? 1 : 0;
}
