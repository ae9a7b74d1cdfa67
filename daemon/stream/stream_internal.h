/*
 * stream_internal.h - what the files of stream/ share: the stream itself.
 */
#ifndef PSIRTD_STREAM_INTERNAL_H
#define PSIRTD_STREAM_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include <gnutls/gnutls.h>

#include "psirtd/stream.h"

#define FINAL_DOT "\r\n.\r\n"
#define FINAL_DOT_LEN (sizeof(FINAL_DOT) - 1)

struct stream {
	int fd;
	const char *host; /* the name the certificate must carry */
	const char *ca;   /* PEM, or NULL for the system's */

	/* tls.c; tls is NULL while the stream is plain */
	gnutls_session_t tls;
	gnutls_certificate_credentials_t trust;
	gnutls_typed_vdata_st must[2]; /* what its certificate must say */

	/* libetpan's half: freed by mailstream_close() */
	mailstream *mail;
	mailstream_low *low;
	bool given_away;

	/* what the operation under way may still take */
	int64_t deadline_ms;
	uint64_t budget;
	uint64_t budget_given;

	/* Once broken, every read and write fails: nothing comes back. */
	bool broken;
	char trouble[256];

	bool watching; /* for the final dot */
	bool dot_gone;
	char tail[FINAL_DOT_LEN];
};

/* connect.c: tries every address until deadline_ms; the socket, or -1. */
int tcp_connect(const struct server *server, int64_t deadline_ms,
    unsigned timeout_ms, struct error *err);

/* tls.c */
int tls_start(struct stream *stream, struct error *err);
void tls_end(struct stream *stream);
/* > 0 bytes, 0 the peer closed, -1 failed (trouble is set), -2 wait first:
 * *events says for what. */
ssize_t tls_read(struct stream *stream, void *to, size_t len, short *events);
ssize_t tls_write(
    struct stream *stream, const void *from, size_t len, short *events);

/* watchdog.c: SIGVTALRM ends the process after this much CPU time. */
void stream_watchdog(unsigned cpu_ms);

/* stream.c */
/* Waits for events on the socket until the deadline; -1: time is up. */
int stream_wait(struct stream *stream, short events);
/* Marks the stream as broken with a sentence; the first one stays. */
void stream_break(struct stream *stream, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
