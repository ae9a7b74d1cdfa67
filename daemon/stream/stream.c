/*
 * stream.c - libetpan's stream over our own sockets and TLS.
 *
 * A mailstream_low driver with a plain and a TLS mode.  Every read and write
 * stands under the deadline and the byte budget of the operation under way;
 * the end of the connection is an error (libetpan 1.9.4 loops for ever on a
 * read of 0); what failed once fails always, because libetpan overlooks a
 * write that failed half-way.  Runs in the fetch and send rooms; knows
 * nothing of IMAP, and of SMTP only the final dot.
 */
#include "stream_internal.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define BUFFER_BYTES 8192
#define OPEN_BYTES ((uint64_t)64 << 10)
#define DEFAULT_TIMEOUT_S 60
/* No operation of an honest server costs more. */
#define CPU_MOST_MS 30000

void
stream_break(struct stream *stream, const char *fmt, ...)
{
	va_list ap;

	if (stream->broken)
		return;
	stream->broken = true;
	va_start(ap, fmt);
	vsnprintf(stream->trouble, sizeof(stream->trouble), fmt, ap);
	va_end(ap);
}

int
stream_wait(struct stream *stream, short events)
{
	for (;;) {
		struct pollfd p = {stream->fd, events, 0};
		int64_t left = stream->deadline_ms - clock_monotonic_ms();
		int rc;

		if (left <= 0) {
			stream_break(stream, "the server took too long");
			return -1;
		}
		rc = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (rc > 0)
			return 0;
		if (rc < 0 && errno != EINTR) {
			stream_break(stream, "poll: %s", strerror(errno));
			return -1;
		}
	}
}

/* ---- plain mode: only what comes before STARTTLS ---- */

static ssize_t
plain_result(struct stream *stream, ssize_t n, short wanted, short *events)
{
	if (n >= 0)
		return n;
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
		*events = wanted;
		return -2;
	}
	stream_break(stream, "connection: %s", strerror(errno));
	return -1;
}

/* ---- the driver ---- */

/* A server that trickles must not live on bytes that are there already. */
static bool
out_of_time(struct stream *stream)
{
	if (clock_monotonic_ms() < stream->deadline_ms)
		return false;
	stream_break(stream, "the server took too long");
	return true;
}

static ssize_t
stream_read(struct stream *stream, void *to, size_t len)
{
	if (stream->broken || out_of_time(stream))
		return -1;
	if (stream->budget == 0) {
		stream_break(stream,
		    "the server sent more than %llu bytes for one command",
		    (unsigned long long)stream->budget_given);
		return -1;
	}
	if (len > stream->budget)
		len = (size_t)stream->budget;
	for (;;) {
		short events = POLLIN;
		ssize_t n =
		    stream->tls != NULL
			? tls_read(stream, to, len, &events)
			: plain_result(stream, recv(stream->fd, to, len, 0),
			      POLLIN, &events);

		if (n > 0) {
			stream->budget -= (uint64_t)n;
			return n;
		}
		if (n == 0)
			stream_break(
			    stream, "the server closed the connection");
		if (n != -2 || stream_wait(stream, events) != 0)
			return -1;
	}
}

/* Remembers the last bytes that were taken and looks for CRLF.CRLF. */
static void
watch(struct stream *stream, const char *taken, size_t len)
{
	const size_t keep = sizeof(stream->tail);

	if (!stream->watching)
		return;
	if (len >= keep) {
		memcpy(stream->tail, taken + len - keep, keep);
	} else {
		memmove(stream->tail, stream->tail + len, keep - len);
		memcpy(stream->tail + keep - len, taken, len);
	}
	/* Dots are stuffed, so this stands at the very end only. */
	if (memcmp(stream->tail, FINAL_DOT, keep) == 0)
		stream->dot_gone = true;
}

static ssize_t
stream_write(struct stream *stream, const void *from, size_t len)
{
	if (stream->broken || out_of_time(stream))
		return -1;
	for (;;) {
		short events = POLLOUT;
		ssize_t n = stream->tls != NULL
				? tls_write(stream, from, len, &events)
				: plain_result(stream,
				      send(stream->fd, from, len, MSG_NOSIGNAL),
				      POLLOUT, &events);

		if (n >= 0) {
			watch(stream, from, (size_t)n);
			return n;
		}
		if (n != -2 || stream_wait(stream, events) != 0)
			return -1;
	}
}

static void
stream_shut(struct stream *stream)
{
	tls_end(stream);
	if (stream->fd >= 0)
		close(stream->fd);
	stream->fd = -1;
	stream_break(stream, "the connection is closed");
}

/* data is NULL when the stream was freed before libetpan let go of it. */
static ssize_t
low_read(mailstream_low *low, void *to, size_t len)
{
	return low->data != NULL ? stream_read(low->data, to, len) : -1;
}

static ssize_t
low_write(mailstream_low *low, const void *from, size_t len)
{
	return low->data != NULL ? stream_write(low->data, from, len) : -1;
}

static int
low_close(mailstream_low *low)
{
	if (low->data != NULL)
		stream_shut(low->data);
	return 0;
}

static int
low_fd(mailstream_low *low)
{
	return low->data != NULL ? stream_fd(low->data) : -1;
}

static void
low_free(mailstream_low *low)
{
	struct stream *stream = low->data;

	if (stream != NULL) {
		/* mailstream_close() frees the mailstream behind us. */
		stream->low = NULL;
		stream->mail = NULL;
	}
	free(low);
}

static struct mailstream_cancel *
low_cancel(mailstream_low *low)
{
	(void)low;
	return NULL;
}

static mailstream_low_driver driver = {
    .mailstream_read = low_read,
    .mailstream_write = low_write,
    .mailstream_close = low_close,
    .mailstream_get_fd = low_fd,
    .mailstream_free = low_free,
    .mailstream_get_cancel = low_cancel,
};

/* ---- life ---- */

static int
stream_free(struct stream *stream)
{
	if (stream->mail != NULL && !stream->given_away)
		mailstream_close(stream->mail);
	else if (stream->low != NULL)
		stream->low->data = NULL;
	stream_shut(stream);
	return 0;
}

static int
stream_handle(struct stream *stream, struct error *err)
{
	stream->low = mailstream_low_new(stream, &driver);
	if (stream->low == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	stream->mail = mailstream_new(stream->low, BUFFER_BYTES);
	if (stream->mail == NULL) {
		free(stream->low);
		stream->low = NULL;
		return error_set(err, FAULT_RETRY, "out of memory");
	}
	return 0;
}

struct stream *
stream_open(const void *ctx, const struct server *server, struct error *err)
{
	unsigned s =
	    server->timeout_s != 0 ? server->timeout_s : DEFAULT_TIMEOUT_S;
	struct stream *stream;

	if (server->host == NULL || server->host[0] == '\0') {
		error_set(err, FAULT_SETUP, "no host name to connect to");
		return NULL;
	}
	stream = talloc_zero(ctx, struct stream);
	if (stream == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	stream->fd = -1;
	talloc_set_destructor(stream, stream_free);
	stream->host = talloc_strdup(stream, server->host);
	stream->ca = talloc_strdup(stream, server->ca);
	if (stream->host == NULL ||
	    (server->ca != NULL && stream->ca == NULL)) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto failed;
	}
	if (s > 3600)
		s = 3600;
	stream_allow(stream, s * 1000, OPEN_BYTES);
	stream->fd = tcp_connect(server, stream->deadline_ms, s * 1000, err);
	if (stream->fd < 0 || stream_handle(stream, err) != 0)
		goto failed;
	if (!server->starttls && tls_start(stream, err) != 0)
		goto failed;
	return stream;
failed:
	stream_break(stream, "not connected");
	talloc_free(stream);
	return NULL;
}

int
stream_start_tls(struct stream *stream, struct error *err)
{
	if (stream->tls != NULL)
		return error_set(err, FAULT_BUG, "TLS is started twice");
	if (stream->broken || stream->mail == NULL)
		return error_set(err, FAULT_RETRY, "%s",
		    stream->broken ? stream->trouble : "not connected");
	/* Bytes from before TLS would count as said under it. */
	if (stream->mail->read_buffer_len != 0) {
		stream_break(stream, "bytes were slipped in before TLS");
		return error_set(err, FAULT_DENIED,
		    "%s sent more than its answer to STARTTLS", stream->host);
	}
	if (tls_start(stream, err) != 0) {
		stream_break(stream, "TLS was not started");
		return -1;
	}
	return 0;
}

mailstream *
stream_mailstream(struct stream *stream)
{
	return stream->mail;
}

void
stream_gave_away(struct stream *stream)
{
	stream->given_away = true;
}

void
stream_allow(struct stream *stream, unsigned ms, uint64_t bytes)
{
	stream->deadline_ms = clock_monotonic_ms() + (int64_t)ms;
	stream->budget = bytes;
	stream->budget_given = bytes;
	stream_watchdog(CPU_MOST_MS);
}

int
stream_fd(const struct stream *stream)
{
	return stream->fd;
}

bool
stream_pending(const struct stream *stream)
{
	if (stream->mail != NULL && stream->mail->read_buffer_len > 0)
		return true;
	return stream->tls != NULL &&
	       gnutls_record_check_pending(stream->tls) > 0;
}

void
stream_watch_final_dot(struct stream *stream)
{
	stream->watching = true;
	stream->dot_gone = false;
	memset(stream->tail, 0, sizeof(stream->tail));
}

bool
stream_final_dot_gone(const struct stream *stream)
{
	return stream->dot_gone;
}

void
stream_give_up(struct stream *stream, const char *why)
{
	stream_break(stream, "%s", why);
}

const char *
stream_trouble(const struct stream *stream)
{
	return stream->broken ? stream->trouble : NULL;
}
