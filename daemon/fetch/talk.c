/*
 * talk.c - the channel to the engine, as the rest of fetch/ uses it.
 *
 * When the engine closes it, the room is leaving: f->leaving is set and every
 * function here gives -1 from then on.  Runs in the fetch room.
 */
#include "fetch_internal.h"

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"
#include "psirtd/text.h"

int
engine_hear(
    struct fetch *f, const void *ctx, int timeout_ms, struct frame *frame)
{
	struct error err = {0};
	bool timed_out = false;
	int rc;

	if (f->leaving)
		return -1;
	rc = channel_recv(f->engine, ctx, timeout_ms, frame, &timed_out, &err);
	if (rc == 1)
		return 1;
	if (rc == 0 && timed_out)
		return 0;
	if (rc < 0 && err.fault != FAULT_RETRY)
		log_err("engine: %s", err.text);
	f->leaving = true;
	return -1;
}

int
engine_tell(struct fetch *f, uint32_t type, const struct wire_type *wire,
    const void *obj)
{
	struct error err = {0};

	if (f->leaving)
		return -1;
	if (channel_send(f->engine, type, wire, obj, &err) == 0)
		return 0;
	if (err.fault == FAULT_BUG)
		log_err("engine: %s", err.text);
	f->leaving = true;
	return -1;
}

int
tell_trouble(struct fetch *f, uint32_t type, enum fetch_trouble_kind kind,
    const char *text)
{
	struct fetch_trouble trouble = {0};
	char *safe = text_escape(f, text, false);
	int rc;

	/* A word of the server or of an error may stand in it. */
	trouble.kind = kind;
	trouble.text = safe != NULL ? safe : "trouble";
	rc = engine_tell(f, type, &fetch_trouble_wire, &trouble);
	talloc_free(safe);
	return rc;
}

int
engine_said(struct fetch *f, const struct frame *frame)
{
	struct error err = {0};
	struct fetch_go *go;
	struct fetch_order *order;
	int rc = 0;

	switch (frame->type) {
	case FETCH_GO:
		go = wire_decode(f, &fetch_go_wire, frame->payload, &err);
		if (go == NULL)
			break;
		f->after = go->after;
		talloc_free(go);
		return 0;
	case FETCH_MOVE:
		order = wire_decode(f, &fetch_order_wire, frame->payload, &err);
		if (order == NULL)
			break;
		if (f->imap != NULL && f->box.uidvalidity != 0)
			rc = letter_move(f, order, false);
		talloc_free(order);
		return rc;
	case FETCH_RECONCILE:
		f->reconcile = (struct reconcile){.due = true};
		return 0;
	case FETCH_TAKE:
	case FETCH_KEEP:
	case FETCH_UNKNOWN:
	case FETCH_LEAVE:
		return 0; /* of a letter that is no longer in question */
	default:
		error_set(
		    &err, FAULT_BUG, "a frame of unknown type %u", frame->type);
		break;
	}
	log_err("engine: %s", err.text);
	f->leaving = true;
	return -1;
}

int
engine_heed(struct fetch *f, int64_t until_ms)
{
	void *ctx = talloc_new(f);
	int heard = 0;
	int rc = 0;

	for (;;) {
		int64_t left = until_ms - clock_monotonic_ms();
		struct frame frame;

		if (left < 0)
			left = 0;
		rc = engine_hear(
		    f, ctx, left > INT32_MAX ? INT32_MAX : (int)left, &frame);
		if (rc <= 0)
			break;
		heard = 1;
		rc = engine_said(f, &frame);
		talloc_free_children(ctx);
		if (rc != 0)
			break;
	}
	talloc_free(ctx);
	return rc < 0 ? -1 : heard;
}
