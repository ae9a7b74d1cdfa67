/*
 * vault_room.c - the room that holds the keys: its loop over frames.
 *
 * Takes VAULT_SETUP once, then job after job, each answered by one frame.
 * Leaves when the engine closes the channel; the home, with the copies of the
 * secret keys in it, and its agent go with it.
 */
#include "vault_internal.h"

#include <signal.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/log.h"

enum { LEAVE_OK = 0, LEAVE_GONE = 75, LEAVE_SETUP = 78 };

static void
wipe(struct bytes secret)
{
	if (secret.data != NULL)
		explicit_bzero((void *)(uintptr_t)secret.data, secret.len);
}

static void
say_failed(struct channel *engine, const char *text)
{
	struct vault_failed failed = {.reason = VAULT_FAIL_SETUP, .text = text};

	log_err("%s", text);
	channel_send(engine, VAULT_FAILED, &vault_failed_wire, &failed, NULL);
}

/* NULL with *leave set when the room is to end. */
static struct vault *
first_frame(void *ctx, struct channel *engine, int *leave)
{
	struct vault_setup *setup;
	struct vault *vault = NULL;
	struct error err = {0};
	struct frame frame = {0};
	int rc = channel_recv(engine, ctx, -1, &frame, NULL, &err);

	*leave = LEAVE_OK;
	if (rc == 0)
		return NULL;
	*leave = LEAVE_GONE;
	if (rc < 0 || frame.type != VAULT_SETUP) {
		log_err("no set-up: %s", rc < 0 ? err.text : "another frame");
		return NULL;
	}
	setup = wire_decode(ctx, &vault_setup_wire, frame.payload, &err);
	wipe(frame.payload);
	if (setup != NULL)
		vault = vault_setup_do(ctx, setup, &err);
	if (vault == NULL) {
		*leave = LEAVE_SETUP;
		say_failed(engine, err.text);
		return NULL;
	}
	if (channel_send(engine, VAULT_READY, &vault_ready_wire, &vault->ready,
		&err) != 0) {
		log_err("%s", err.text);
		talloc_free(vault);
		return NULL;
	}
	return vault;
}

/* One job; false when the room is to end. */
static bool
next_frame(struct channel *engine, struct vault *vault, int *leave)
{
	void *ctx = talloc_new(vault);
	struct frame frame = {0};
	struct frame answer = {0};
	struct error err = {0};
	int rc;

	*leave = LEAVE_GONE;
	if (ctx == NULL)
		return false;
	rc = channel_recv(engine, ctx, -1, &frame, NULL, &err);
	if (rc > 0) {
		vault_job_run(ctx, vault, &frame, &answer);
		wipe(frame.payload);
		if (channel_send_bytes(
			engine, answer.type, answer.payload, &err) != 0)
			rc = -1;
		wipe(answer.payload);
	}
	if (rc == 0)
		*leave = LEAVE_OK;
	if (rc < 0)
		log_err("%s", err.text);
	talloc_free(ctx);
	return rc > 0;
}

int
vault_room(struct channel *engine)
{
	void *ctx = talloc_new(NULL);
	struct vault *vault;
	int leave = LEAVE_GONE;

	if (ctx == NULL)
		return LEAVE_GONE;
	/* A terminal's ^C is for the engine; a gpg that ends early is no end.
	 */
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	vault = first_frame(ctx, engine, &leave);
	while (vault != NULL && next_frame(engine, vault, &leave))
		continue;
	talloc_free(ctx);
	return leave;
}
