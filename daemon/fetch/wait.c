/*
 * wait.c - waits for a reason to look again: IDLE, or the time of the poll.
 *
 * Both ends are watched meanwhile: a word of the engine is heeded at once.
 * IDLE is begun anew within 29 minutes (RFC 2177).  What came in one packet
 * with the "+" lies in a buffer that poll(2) does not know.  Runs in the
 * fetch room.
 */
#include "fetch_internal.h"

#include <errno.h>
#include <poll.h>

#include "psirtd/clock.h"

#define IDLE_MS ((int64_t)24 * 60 * 1000)
#define POLL_DEFAULT_S 60

/* Until time is up, the server speaks or the engine does. */
static int
watch_both(struct fetch *f, int64_t until_ms)
{
	for (;;) {
		struct pollfd fds[2] = {
		    {channel_fd(f->engine), POLLIN, 0},
		    {stream_fd(f->stream), POLLIN, 0},
		};
		int64_t left = until_ms - clock_monotonic_ms();
		int rc;

		if (left <= 0 || stream_pending(f->stream))
			return 0;
		rc = poll(fds, 2, left > INT32_MAX ? INT32_MAX : (int)left);
		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR)
			return session_trouble(
			    f, FETCH_LOST, "poll failed while waiting");
	}
}

/* 1: the server does not let us idle. */
static int
wait_idle(struct fetch *f, int64_t until_ms)
{
	bool arrived = false;
	int rc;

	session_allow(f, 0);
	rc = session_continue(f, "IDLE", "IDLE", &arrived);
	if (rc != 0)
		return rc;
	if (!arrived && watch_both(f, until_ms) != 0)
		return -1;
	session_allow(f, 0);
	rc = session_result(f, mailimap_idle_done(f->imap), "IDLE");
	if (rc > 0)
		return session_trouble(
		    f, FETCH_PROTOCOL, "the server does not end IDLE");
	return rc;
}

int
letters_wait(struct fetch *f)
{
	uint32_t poll_s =
	    f->setup->poll_s != 0 ? f->setup->poll_s : POLL_DEFAULT_S;
	int64_t now = clock_monotonic_ms();
	/* Of another folder IDLE tells nothing. */
	bool idle_tells = f->box.can_idle && f->setup->junk == NULL;
	int64_t wait_ms = idle_tells ? IDLE_MS : (int64_t)poll_s * 1000;
	int rc;

	/* What is there already, frames in our buffer too; after a word of
	 * the engine there may be more to see. */
	rc = engine_heed(f, now);
	if (rc != 0)
		return rc < 0 ? -1 : 0;
	for (size_t i = 0; i < FETCH_FOLDERS; i++)
		if (f->unsettled[i] && wait_ms > LEFT_MS)
			wait_ms = LEFT_MS;
	if (f->box.can_idle) {
		rc = wait_idle(f, now + wait_ms);
		if (rc > 0) {
			f->box.can_idle = 0;
			rc = 0;
		}
	} else {
		rc = watch_both(f, now + wait_ms);
	}
	f->waited = true;
	if (rc != 0)
		return -1;
	return engine_heed(f, clock_monotonic_ms()) < 0 ? -1 : 0;
}
