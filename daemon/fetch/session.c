/*
 * session.c - one IMAP session: connected, verified, logged in.
 *
 * Takes the set-up; gives a session in which a folder can be selected.  What
 * libetpan answers is sorted here into done, refused and lost.  Runs in the
 * fetch room.
 */
#include "fetch_internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define COMMAND_BYTES ((uint64_t)1 << 20)
#define LOGOUT_MS 2000

int
session_trouble(
    struct fetch *f, enum fetch_trouble_kind kind, const char *fmt, ...)
{
	va_list ap;

	f->kind = kind;
	f->why.fault = kind == FETCH_TLS ? FAULT_DENIED : FAULT_RETRY;
	va_start(ap, fmt);
	vsnprintf(f->why.text, sizeof(f->why.text), fmt, ap);
	va_end(ap);
	return -1;
}

void
session_allow(struct fetch *f, uint64_t bytes)
{
	uint32_t s = f->setup->server.timeout_s;

	if (s == 0)
		s = 60;
	stream_allow(f->stream, (s > 3600 ? 3600 : s) * 1000,
	    bytes != 0 ? bytes : COMMAND_BYTES);
}

int
session_result(struct fetch *f, int r, const char *what)
{
	const char *broken = stream_trouble(f->stream);

	if (broken != NULL)
		return session_trouble(f, FETCH_LOST, "%s: %s", what, broken);
	switch (r) {
	case MAILIMAP_NO_ERROR:
	case MAILIMAP_NO_ERROR_AUTHENTICATED:
	case MAILIMAP_NO_ERROR_NON_AUTHENTICATED:
		return 0;
	case MAILIMAP_ERROR_STREAM:
		return session_trouble(
		    f, FETCH_LOST, "%s: the connection was lost", what);
	case MAILIMAP_ERROR_BAD_STATE:
	case MAILIMAP_ERROR_PARSE:
	case MAILIMAP_ERROR_MEMORY:
	case MAILIMAP_ERROR_FATAL:
	case MAILIMAP_ERROR_PROTOCOL:
	case MAILIMAP_ERROR_INVAL:
		return session_trouble(f, FETCH_PROTOCOL,
		    "%s: the server's answer cannot be understood", what);
	default:
		return 1;
	}
}

int
session_fetch(struct fetch *f, struct mailimap_set *set,
    struct mailimap_fetch_type *what, clist **rows)
{
	int r;

	*rows = NULL;
	r = mailimap_uid_fetch(f->imap, set, what, rows);
	/* Where the server said no, libetpan has freed what it returns. */
	if (r != MAILIMAP_NO_ERROR)
		*rows = NULL;
	return r;
}

/* ---- connecting ---- */

static int
greeting(struct fetch *f)
{
	bool starttls = f->setup->server.starttls != 0;
	int r = mailimap_connect(f->imap, stream_mailstream(f->stream));

	stream_gave_away(f->stream);
	if (session_result(f, r, "greeting") != 0)
		return f->why.text[0] != '\0'
			   ? -1
			   : session_trouble(f, FETCH_UNREACHABLE,
				 "the server takes no connections now");
	/* PREAUTH before TLS skips STARTTLS: an attack (RFC 9051, 11). */
	if (starttls && r != MAILIMAP_NO_ERROR_NON_AUTHENTICATED)
		return session_trouble(f, FETCH_TLS,
		    "the server says we are known before TLS has begun: "
		    "somebody may stand in between");
	return r;
}

static int
starttls(struct fetch *f)
{
	int rc;

	session_allow(f, 0);
	rc = session_result(f, mailimap_starttls(f->imap), "STARTTLS");
	if (rc > 0)
		return session_trouble(
		    f, FETCH_TLS, "the server offers no STARTTLS");
	if (rc < 0)
		return -1;
	if (stream_start_tls(f->stream, &f->why) != 0) {
		f->kind = f->why.fault == FAULT_RETRY ? FETCH_LOST : FETCH_TLS;
		return -1;
	}
	return 0;
}

/* Asked anew each time: what was said before TLS or login is void. */
static int
capabilities(struct fetch *f)
{
	struct mailimap_capability_data *data = NULL;
	int rc;
	int r;

	session_allow(f, 0);
	r = mailimap_capability(f->imap, &data);
	rc = session_result(f, r, "CAPABILITY");
	if (r == MAILIMAP_NO_ERROR && data != NULL)
		mailimap_capability_data_free(data);
	if (rc > 0)
		return session_trouble(
		    f, FETCH_PROTOCOL, "the server refuses CAPABILITY");
	return rc;
}

bool
session_has(struct fetch *f, const char *name)
{
	/* mailimap_has_extension() takes a char *, and only reads it. */
	return mailimap_has_extension(f->imap, (char *)(uintptr_t)name) != 0;
}

int
session_noop(struct fetch *f, bool *arrived)
{
	const struct mailimap_selection_info *sel;
	int rc;

	session_allow(f, 0);
	rc = session_result(f, mailimap_noop(f->imap), "NOOP");
	if (rc < 0)
		return -1;
	sel = f->imap->imap_selection_info;
	if (rc > 0 || sel == NULL)
		return session_trouble(
		    f, FETCH_PROTOCOL, "the server refuses NOOP");
	if (sel->sel_uidvalidity != f->box.uidvalidity)
		return session_trouble(
		    f, FETCH_LOST, "the server numbered the folder anew");
	*arrived = sel->sel_has_exists != 0;
	return 0;
}

int
session_open(struct fetch *f)
{
	int r;

	error_clear(&f->why);
	f->waited = false;
	f->connected_ms = clock_monotonic_ms();
	f->stream = stream_open(f, &f->setup->server, &f->why);
	if (f->stream == NULL) {
		f->kind =
		    f->why.fault == FAULT_RETRY ? FETCH_UNREACHABLE : FETCH_TLS;
		return -1;
	}
	f->imap = mailimap_new(0, NULL);
	if (f->imap == NULL)
		return session_trouble(f, FETCH_LOST, "out of memory");
	session_allow(f, 0);
	r = greeting(f);
	if (r < 0)
		return -1;
	if (f->setup->server.starttls && starttls(f) != 0)
		return -1;
	if (capabilities(f) != 0)
		return -1;
	if (r == MAILIMAP_NO_ERROR_NON_AUTHENTICATED &&
	    (session_login(f) != 0 || capabilities(f) != 0))
		return -1;
	return 0;
}

void
session_close(struct fetch *f)
{
	/* mailimap_free() says LOGOUT and waits for the answer. */
	if (f->stream != NULL)
		stream_allow(f->stream, LOGOUT_MS, COMMAND_BYTES);
	if (f->imap != NULL)
		mailimap_free(f->imap);
	f->imap = NULL;
	TALLOC_FREE(f->stream);
}
