/*
 * room.c - the send room: its start, and one answer to each mail.
 *
 * `psirtd -x send`.  Holds the SMTP secret and nothing else: no database, no
 * keys, no IMAP.  Mails come one after the other; between them the session is
 * kept for a while.  Whether a mail is tried again is the engine's business.
 */
#include "send_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/log.h"

#define MEMORY_BYTES ((size_t)1024 << 20)

static int
set_up(struct smtp *s, struct channel *engine, struct error *err)
{
	struct send_setup *setup;
	struct frame frame;
	int rc = channel_recv(engine, s, -1, &frame, NULL, err);

	if (rc != 1)
		return rc; /* 0: it changed its mind */
	if (frame.type != SEND_SETUP)
		return error_set(err, FAULT_BUG, "no set-up");
	setup = wire_decode(s, &send_setup_wire, frame.payload, err);
	explicit_bzero(
	    (void *)(uintptr_t)frame.payload.data, frame.payload.len);
	if (setup == NULL)
		return -1;
	if (setup->server.user == NULL)
		return error_set(err, FAULT_BUG, "the set-up lacks a user");
	s->setup = setup;
	s->secret = stream_secret_text(s, setup->server.secret, err);
	if (setup->server.secret.data != NULL)
		explicit_bzero((void *)(uintptr_t)setup->server.secret.data,
		    setup->server.secret.len);
	setup->server.secret = BYTES_NONE;
	return 1;
}

static int
one_mail(struct smtp *s, struct channel *engine, const void *ctx,
    const struct frame *frame, struct error *setup_err, struct error *err)
{
	struct send_done done = {0};
	struct send_mail *mail;

	if (frame->type != SEND_MAIL)
		return error_set(
		    err, FAULT_BUG, "a frame of unknown type %u", frame->type);
	mail = wire_decode(ctx, &send_mail_wire, frame->payload, err);
	if (mail == NULL)
		return -1;
	if (s->secret == NULL) {
		done.outmail = mail->outmail;
		done.outcome = SEND_RETRY;
		done.text = setup_err->text;
	} else {
		mail_send(s, ctx, mail, &done);
	}
	return channel_send(engine, SEND_DONE, &send_done_wire, &done, err);
}

/* 0: the engine closed the channel. */
static int
serve(struct smtp *s, struct channel *engine, struct error *setup_err,
    struct error *err)
{
	void *ctx = talloc_new(s);
	int rc;

	for (;;) {
		struct frame frame;
		bool timed_out = false;

		rc = channel_recv(engine, ctx, submission_idle_left(s), &frame,
		    &timed_out, err);
		if (rc == 0 && timed_out) {
			submission_end(s);
			continue;
		}
		if (rc == 1)
			rc = one_mail(s, engine, ctx, &frame, setup_err, err);
		else
			break;
		talloc_free_children(ctx);
		if (rc != 0)
			break;
	}
	submission_end(s);
	talloc_free(ctx);
	return rc;
}

int
send_room(struct channel *engine)
{
	struct smtp *s = talloc_zero(NULL, struct smtp);
	struct error setup_err = {0};
	struct error err = {0};
	int rc = -1;

	if (s == NULL)
		return 75;
	if (stream_walls(MEMORY_BYTES, &err) == 0) {
		rc = set_up(s, engine, &setup_err);
		if (rc < 0)
			err = setup_err;
		if (rc == 1)
			rc = serve(s, engine, &setup_err, &err);
	}
	if (rc != 0)
		log_err("%s", err.text);
	talloc_free(s);
	if (rc == 0)
		return 0;
	return err.fault == FAULT_SETUP ? 78 : 75;
}
