/*
 * session.c - one SMTP session: connected, verified, known to the server.
 *
 * Implicit TLS, or STARTTLS without which nothing goes on; then AUTH PLAIN or
 * LOGIN, over TLS alone.  EHLO is said by ourselves: libetpan's tells this
 * machine's name, and its reader of the answer can loop.  A session is kept
 * for mails that come close together.  Runs in the send room.
 */
#include "send_internal.h"

#include <poll.h>
#include <string.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define REPLY_BYTES ((uint64_t)64 << 10)
#define IDLE_MS 20000
#define QUIT_MS 2000
/*
 * An address literal that says nothing of us (RFC 5321, 4.1.3); a submission
 * server knows us by AUTH.
 */
#define EHLO "EHLO [127.0.0.1]"

void
submission_allow(struct smtp *s)
{
	uint32_t seconds = s->setup->server.timeout_s;

	if (seconds == 0)
		seconds = 60;
	stream_allow(
	    s->stream, (seconds > 3600 ? 3600 : seconds) * 1000, REPLY_BYTES);
}

/* ---- the steps; each 0, or -1 with err ---- */

static int
refused(struct smtp *s, const char *step, struct error *err)
{
	return error_set(err, FAULT_RETRY, "%s: %u%s%s", step, s->code,
	    s->code != 0 ? " " : ": ", s->text != NULL ? s->text : "");
}

static int
greeting(struct smtp *s, struct error *err)
{
	submission_allow(s);
	/* mailsmtp_connect() would close it before we saw the reason. */
	s->session->stream = stream_mailstream(s->stream);
	stream_gave_away(s->stream);
	if (reply_read(s) != 220)
		return refused(s, "the SMTP server does not greet", err);
	return 0;
}

static int
ehlo(struct smtp *s, struct error *err)
{
	submission_allow(s);
	if (reply_to(s, EHLO) != 250)
		return refused(s, "EHLO is refused", err);
	reply_offer(s->session->response, &s->offer);
	s->session->auth = MAILSMTP_AUTH_CHECKED;
	s->session->esmtp = MAILSMTP_ESMTP;
	if (s->offer.size)
		s->session->esmtp |= MAILSMTP_ESMTP_SIZE;
	if (s->offer.starttls)
		s->session->esmtp |= MAILSMTP_ESMTP_STARTTLS;
	return 0;
}

static int
starttls(struct smtp *s, struct error *err)
{
	if (!s->offer.starttls)
		return error_set(
		    err, FAULT_DENIED, "the SMTP server offers no STARTTLS");
	submission_allow(s);
	mailesmtp_starttls(s->session);
	if (reply_take(s) != 220)
		return refused(s, "STARTTLS is refused", err);
	if (stream_start_tls(s->stream, err) != 0)
		return -1;
	/* What was offered before TLS is void. */
	return ehlo(s, err);
}

/* One line that holds the secret; its reply. */
static unsigned
secret_line(struct smtp *s, char *line)
{
	unsigned code = line != NULL ? reply_to(s, line) : 0;

	if (line != NULL)
		explicit_bzero(line, strlen(line));
	talloc_free(line);
	stream_forget(s->stream);
	return code;
}

static unsigned
auth_plain(struct smtp *s)
{
	char *token = stream_auth_plain(s, s->setup->server.user, s->secret);
	char *line = NULL;

	if (token != NULL)
		line = talloc_asprintf(s, "AUTH PLAIN %s", token);
	talloc_free(token);
	return secret_line(s, line);
}

static unsigned
auth_login(struct smtp *s)
{
	unsigned code = reply_to(s, "AUTH LOGIN");

	if (code == 334)
		code = secret_line(
		    s, stream_base64(s, bytes_str(s->setup->server.user)));
	if (code == 334)
		code = secret_line(s, stream_base64(s, bytes_str(s->secret)));
	return code;
}

/* The server's words are left out here: it may repeat what it was told. */
static int
authenticate(struct smtp *s, struct error *err)
{
	unsigned code;

	if (!s->offer.plain && !s->offer.login)
		return error_set(err, FAULT_DENIED,
		    "the SMTP server offers neither AUTH PLAIN nor LOGIN");
	submission_allow(s);
	code = s->offer.plain ? auth_plain(s) : auth_login(s);
	if (code == 235)
		return 0;
	if (code == 0)
		return error_set(err, FAULT_RETRY, "AUTH: %s",
		    s->text != NULL ? s->text : "the connection was lost");
	return error_set(err, code < 500 ? FAULT_RETRY : FAULT_DENIED,
	    code < 500
		? "the SMTP server cannot check the password now (%u)"
		: "the SMTP server refuses the user name or the password (%u)",
	    code);
}

/* ---- life ---- */

static int
submission_open(struct smtp *s, struct error *err)
{
	TALLOC_FREE(s->text);
	s->code = 0;
	s->stream = stream_open(s, &s->setup->server, err);
	if (s->stream == NULL)
		return -1;
	s->session = mailsmtp_new(0, NULL);
	if (s->session == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (greeting(s, err) != 0 || ehlo(s, err) != 0)
		return -1;
	if (s->setup->server.starttls && starttls(s, err) != 0)
		return -1;
	return authenticate(s, err);
}

void
submission_end(struct smtp *s)
{
	if (s->stream != NULL)
		stream_allow(s->stream, QUIT_MS, REPLY_BYTES);
	if (s->session != NULL)
		mailsmtp_free(s->session);
	s->session = NULL;
	TALLOC_FREE(s->stream);
}

/* An idle session that says something says good-bye. */
static bool
submission_alive(const struct smtp *s)
{
	struct pollfd p;

	if (s->session == NULL || stream_trouble(s->stream) != NULL ||
	    stream_pending(s->stream))
		return false;
	p = (struct pollfd){stream_fd(s->stream), POLLIN, 0};
	return poll(&p, 1, 0) == 0;
}

int
submission_need(struct smtp *s, bool *fresh, struct error *err)
{
	*fresh = false;
	if (submission_alive(s))
		return 0;
	submission_end(s);
	*fresh = true;
	if (submission_open(s, err) == 0)
		return 0;
	submission_end(s);
	return -1;
}

int
submission_idle_left(const struct smtp *s)
{
	int64_t left = s->used_ms + IDLE_MS - clock_monotonic_ms();

	if (s->session == NULL)
		return -1;
	return left > 0 ? (int)left : 0;
}
