/*
 * room.c - the fetch room: its start, its sessions, its patience.
 *
 * `psirtd -x fetch`.  Holds the IMAP secret and nothing else: no database, no
 * keys, no word of what a letter says.  A session that ends is begun anew,
 * later each time; what it was about is in the engine's tables.
 */
#include "fetch_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define MEMORY_BYTES ((size_t)768 << 20)
#define BACKOFF_FIRST_MS 500
#define BACKOFF_MOST_MS 300000
/* A wrong password, over and over, locks an account. */
#define BACKOFF_AUTH_MS 60000
#define STEADY_MS 60000
/* Looks without a wait between them, however often letters are announced. */
#define LOOKS_MOST 8

/* ---- one session ---- */

/* New letters; *arrived: more came meanwhile. */
static int
look(struct fetch *f, bool *arrived)
{
	*arrived = false;
	if (letters_look(f) != 0 || session_noop(f, arrived) != 0)
		return -1;
	return 0;
}

/* The other folder of new letters; that it is not there stops nothing. */
static int
look_at_junk(struct fetch *f)
{
	int rc = folder_enter(f, FETCH_JUNK);

	f->junk_due = false;
	f->unsettled[FETCH_JUNK] = false;
	if (rc > 0)
		return engine_tell(
		    f, FETCH_MAILBOX, &fetch_mailbox_wire, &f->box);
	return rc == 0 ? letters_look(f) : -1;
}

static int
session_run(struct fetch *f)
{
	unsigned looks = 0;

	if (session_open(f) != 0 || folder_enter(f, FETCH_INBOX) != 0)
		return -1;
	f->junk_due = f->setup->junk != NULL;
	for (;;) {
		bool arrived;

		if (look(f, &arrived) != 0)
			return -1;
		if (arrived && ++looks < LOOKS_MOST)
			continue;
		looks = 0;
		/* What comes meanwhile is not announced: looked for anew. */
		if (f->junk_due || f->reconcile.due) {
			if ((f->junk_due && look_at_junk(f) != 0) ||
			    (f->reconcile.due && reconcile_some(f) != 0) ||
			    folder_enter(f, FETCH_INBOX) != 0)
				return -1;
			continue;
		}
		if (f->setup->once)
			return 0;
		if (engine_tell(f, FETCH_IDLE, NULL, NULL) != 0 ||
		    letters_wait(f) != 0)
			return -1;
		f->junk_due = f->setup->junk != NULL;
	}
}

/* ---- patience ---- */

static int64_t
next_wait(struct fetch *f, int64_t wait)
{
	bool steady =
	    f->waited && clock_monotonic_ms() - f->connected_ms >= STEADY_MS;

	if (f->progress || steady || wait == 0)
		wait = BACKOFF_FIRST_MS;
	else if (wait < BACKOFF_MOST_MS / 2)
		wait *= 2;
	else
		wait = BACKOFF_MOST_MS;
	if (f->kind == FETCH_AUTH && wait < BACKOFF_AUTH_MS)
		wait = BACKOFF_AUTH_MS;
	f->progress = false;
	return wait;
}

static int
run_for_ever(struct fetch *f)
{
	int64_t wait = 0;

	while (!f->leaving) {
		session_run(f);
		session_close(f);
		f->box = (struct fetch_mailbox){0};
		if (f->again && !f->leaving) {
			f->again = false;
			continue;
		}
		if (f->leaving ||
		    tell_trouble(f, FETCH_TROUBLE, f->kind, f->why.text) != 0)
			break;
		wait = next_wait(f, wait);
		engine_heed(f, clock_monotonic_ms() + wait);
	}
	return 0;
}

/* One look; then the engine is told how it went, and ends the room. */
static int
run_once(struct fetch *f)
{
	int rc;

	do {
		f->again = false;
		rc = session_run(f);
		session_close(f);
		f->box = (struct fetch_mailbox){0};
	} while (f->again && !f->leaving);
	for (size_t i = 0; i < FETCH_FOLDERS && rc == 0; i++)
		if (f->unsettled[i])
			rc = session_trouble(
			    f, FETCH_LOST, "a letter is left in the mailbox");
	if (rc == 0)
		engine_tell(f, FETCH_IDLE, NULL, NULL);
	else if (!f->leaving)
		tell_trouble(f, FETCH_TROUBLE, f->kind, f->why.text);
	engine_heed(f, INT64_MAX);
	return 0;
}

/* ---- the start ---- */

/* As IMAP writes them. */
static int
folders_name(struct fetch *f, struct error *err)
{
	for (size_t i = 0; i < FETCH_FOLDERS; i++) {
		if (f->folders[i] == NULL || !utf7_sayable(f->folders[i]))
			continue;
		f->names[i] = utf7_encode(f, f->folders[i]);
		if (f->names[i] == NULL)
			return error_set(err, FAULT_RETRY, "out of memory");
	}
	if (f->names[FETCH_INBOX] == NULL)
		return error_set(err, FAULT_SETUP,
		    "the name of the folder to watch holds a quote or a "
		    "backslash");
	return 0;
}

static int
set_up(struct fetch *f, struct error *err)
{
	struct fetch_setup *setup;
	struct frame frame;
	int rc = channel_recv(f->engine, f, -1, &frame, NULL, err);

	if (rc == 0)
		f->leaving = true; /* it changed its mind */
	if (rc != 1)
		return rc;
	if (frame.type != FETCH_SETUP)
		return error_set(err, FAULT_BUG, "no set-up");
	setup = wire_decode(f, &fetch_setup_wire, frame.payload, err);
	explicit_bzero(
	    (void *)(uintptr_t)frame.payload.data, frame.payload.len);
	if (setup == NULL)
		return -1;
	if (setup->folder == NULL || setup->server.user == NULL ||
	    setup->letter_max <= 0)
		return error_set(err, FAULT_BUG, "the set-up lacks something");
	f->setup = setup;
	f->folders[FETCH_INBOX] = setup->folder;
	f->folders[FETCH_JUNK] = setup->junk;
	f->folders[FETCH_FILED] = setup->filed;
	f->kind = FETCH_PROTOCOL;
	if (folders_name(f, err) != 0)
		return -1;
	f->kind = FETCH_AUTH;
	f->secret = stream_secret_text(f, setup->server.secret, err);
	if (setup->server.secret.data != NULL)
		explicit_bzero((void *)(uintptr_t)setup->server.secret.data,
		    setup->server.secret.len);
	setup->server.secret = BYTES_NONE;
	return f->secret != NULL ? 0 : -1;
}

int
fetch_room(struct channel *engine)
{
	struct fetch *f = talloc_zero(NULL, struct fetch);
	struct error err = {0};
	int rc = 75;

	if (f == NULL)
		return rc;
	f->engine = engine;
	if (stream_walls(MEMORY_BYTES, &err) != 0 || set_up(f, &err) != 0) {
		log_err("%s", err.text);
		/* Started anew it would fail the same way. */
		if (err.fault == FAULT_SETUP)
			tell_trouble(f, FETCH_TROUBLE, f->kind, err.text);
		if (err.fault == FAULT_SETUP)
			engine_heed(f, INT64_MAX);
	} else if (f->leaving) {
		rc = 0;
	} else {
		rc = f->setup->once ? run_once(f) : run_for_ever(f);
	}
	talloc_free(f);
	return rc;
}
