/*
 * vault_job.c - one fork a job.
 *
 * Runs in the vault room.  Takes a frame; forks a child that decodes it, does
 * it with the context and keys made before the fork, and answers over a pipe.
 * The child and every gpg it started die with its process group.  After a job
 * that was killed, or whose answer may be the agent's doing, the agent is
 * ended and started anew.  What a child answers is passed on unread: the
 * engine checks it.
 */
#include "vault_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include <talloc.h>

#include "psirtd/log.h"

/* The head of a child's answer: u32 frame type, one byte `suspect`. */
#define HEAD_BYTES 5

struct job {
	struct vault *vault;
	const struct frame *frame;
	const char *stopped; /* job_open(): look at the packets alone */
};

int
answer_failed(const void *ctx, struct vault_answer *answer, uint32_t reason,
    const char *fmt, ...)
{
	struct vault_failed *failed = talloc_zero(ctx, struct vault_failed);
	va_list args;

	if (failed != NULL) {
		failed->reason = reason;
		va_start(args, fmt);
		failed->text = talloc_vasprintf(failed, fmt, args);
		va_end(args);
	}
	*answer = (struct vault_answer){
	    VAULT_FAILED, &vault_failed_wire, failed, false};
	return 0;
}

/* ---- in the child ---- */

/* Frames by type: how its payload is decoded. */
static const struct wire_type *
job_type(uint32_t type)
{
	switch (type) {
	case VAULT_OPEN:
		return &vault_open_job_wire;
	case VAULT_SEAL:
		return &vault_seal_job_wire;
	case VAULT_KEYS:
	case VAULT_WRAP:
	case VAULT_UNWRAP:
	case VAULT_SIGN:
		return &vault_blob_wire;
	default:
		return NULL;
	}
}

static int
job_do(const struct job *job, const void *input, void *ctx,
    struct vault_answer *answer, struct error *err)
{
	switch (job->frame->type) {
	case VAULT_OPEN:
		return job_open(
		    ctx, job->vault, input, job->stopped, answer, err);
	case VAULT_SEAL:
		return job_seal(ctx, job->vault, input, answer, err);
	case VAULT_KEYS:
		return job_keys(ctx, job->vault, input, answer, err);
	case VAULT_WRAP:
		return job_wrap(ctx, job->vault, input, answer, err);
	case VAULT_SIGN:
		return job_sign(ctx, job->vault, input, answer, err);
	default:
		return job_unwrap(ctx, job->vault, input, answer, err);
	}
}

static int
put_answer(
    const struct vault_answer *answer, struct buf *out, struct error *err)
{
	uint8_t head[HEAD_BYTES] = {(uint8_t)(answer->type >> 24),
	    (uint8_t)(answer->type >> 16), (uint8_t)(answer->type >> 8),
	    (uint8_t)answer->type, answer->suspect};

	if (answer->object == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (buf_add(out, head, sizeof(head), err) != 0)
		return -1;
	return wire_encode(answer->of, answer->object, out, err);
}

static int
job_child(void *arg, struct buf *out, struct error *err)
{
	const struct job *job = arg;
	const struct wire_type *type = job_type(job->frame->type);
	void *ctx = talloc_new(NULL);
	struct vault_answer answer = {0};
	struct error why = {0};
	const void *input = NULL;

	/* gpg, which GPGME lets go, comes back to us when it ends. */
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (ctx == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (type != NULL)
		input = wire_decode(ctx, type, job->frame->payload, &why);
	if (input == NULL)
		answer_failed(ctx, &answer, VAULT_FAIL_INPUT, "%s",
		    type != NULL ? why.text : "no such job");
	else if (job_do(job, input, ctx, &answer, &why) != 0) {
		if (why.fault == FAULT_RETRY) {
			*err = why; /* memory: an end by a limit */
			return -1;
		}
		answer_failed(ctx, &answer,
		    why.fault == FAULT_INPUT ? VAULT_FAIL_INPUT
					     : VAULT_FAIL_SETUP,
		    "%s", why.text);
	}
	/* Freed by the end of the process, which is near. */
	return put_answer(&answer, out, err);
}

/* ---- in the room ---- */

static enum room_end
job_run(const void *ctx, struct job *job, struct frame *answer, bool *suspect,
    struct error *err)
{
	const struct vault_setup *setup = job->vault->setup;
	struct room_limits limits = {
	    .wall_ms = setup->wall_ms,
	    .cpu_s = setup->cpu_s,
	    .memory_bytes = (size_t)setup->memory_mb << 20,
	    .reply_bytes = ROOM_FRAME_MAX,
	};
	struct bytes raw = BYTES_NONE;
	enum room_end end =
	    room_run_job(ctx, &limits, NULL, job_child, job, &raw, err);

	home_sweep(job->vault->home);
	if (end != ROOM_END_OK)
		return end;
	if (raw.len < HEAD_BYTES) {
		error_set(
		    err, FAULT_INPUT, "%s", room_end_name(ROOM_END_CRASH));
		return ROOM_END_CRASH;
	}
	answer->type = (uint32_t)raw.data[0] << 24 |
		       (uint32_t)raw.data[1] << 16 |
		       (uint32_t)raw.data[2] << 8 | raw.data[3];
	*suspect = raw.data[4] != 0;
	answer->payload = bytes_span(raw, HEAD_BYTES, raw.len - HEAD_BYTES);
	return ROOM_END_OK;
}

/* Says of a frame that failed why, without a child. */
static void
refuse(const void *ctx, struct frame *answer, uint32_t reason, const char *text)
{
	struct vault_failed failed = {.reason = reason, .text = text};
	struct buf *buf = buf_new(ctx, 4096);

	answer->type = VAULT_FAILED;
	answer->payload = BYTES_NONE;
	if (buf != NULL &&
	    wire_encode(&vault_failed_wire, &failed, buf, NULL) == 0)
		answer->payload = buf_bytes(buf);
}

/* The job was ended: who it was for can still be told. */
static bool
run_stopped(const void *ctx, const struct job *job, enum room_end end,
    struct frame *answer)
{
	struct job again = *job;
	struct error err = {0};
	bool suspect;

	if (job->frame->type != VAULT_OPEN)
		return false;
	again.stopped = room_end_name(end);
	return job_run(ctx, &again, answer, &suspect, &err) == ROOM_END_OK;
}

void
vault_job_run(const void *ctx, struct vault *vault, const struct frame *frame,
    struct frame *answer)
{
	struct job job = {vault, frame, NULL};
	struct error err = {0};
	bool suspect = false;
	enum room_end end;

	/* It may have died by itself since. */
	if (!agent_answers(vault->home) &&
	    agent_start(vault->home, &err) != 0) {
		refuse(ctx, answer, VAULT_FAIL_SETUP, err.text);
		return;
	}
	end = job_run(ctx, &job, answer, &suspect, &err);
	if (end == ROOM_END_OK && suspect) {
		if (agent_start(vault->home, &err) != 0) {
			refuse(ctx, answer, VAULT_FAIL_SETUP, err.text);
			return;
		}
		end = job_run(ctx, &job, answer, &suspect, &err);
	}
	if (end == ROOM_END_OK)
		return;
	log_warn("a job %s: %s", room_end_name(end), err.text);
	/* What it asked of the agent may go on there for minutes. */
	if (agent_start(vault->home, &err) != 0)
		log_err("%s", err.text); /* tried again before the next job */
	if (!run_stopped(ctx, &job, end, answer))
		refuse(ctx, answer, VAULT_FAIL_CHILD, room_end_name(end));
}
