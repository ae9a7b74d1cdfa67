/*
 * stream.h - the only way to a server: TCP, TLS by GnuTLS, and a libetpan
 * mailstream on top (facts: libetpan's own TLS verifies nothing).
 *
 * Chain, host name and dates are verified inside the handshake, before any
 * byte of the protocol; TLS 1.2 and 1.3 only; SNI sent; EOF is an error; each
 * operation has a deadline and a byte budget.  Used by fetch and send.
 */
#ifndef PSIRTD_STREAM_H
#define PSIRTD_STREAM_H

#include <libetpan/mailstream.h>

#include "psirtd/fetch.h" /* struct server */

struct stream;

/*
 * Connects.  server->starttls: plain until stream_start_tls().  FAULT_RETRY
 * unreachable; FAULT_DENIED when the certificate is refused (text says why).
 */
struct stream *stream_open(
    const void *ctx, const struct server *server, struct error *err);
/*
 * TLS over the plain stream, after the server said yes to STARTTLS.  Fails
 * when plain bytes are still buffered (CVE-2020-15953 class).
 */
int stream_start_tls(struct stream *stream, struct error *err);
/* The libetpan handle; owned by the stream until handed to mailimap_connect
 * or mailsmtp_connect, which then close it: call stream_gave_away(). */
mailstream *stream_mailstream(struct stream *stream);
void stream_gave_away(struct stream *stream);
/*
 * From now: the most milliseconds and the most bytes read for what follows.
 * Also the most CPU time, whatever runs (a loop in libetpan ends the room).
 */
void stream_allow(struct stream *stream, unsigned ms, uint64_t bytes);
int stream_fd(const struct stream *stream);
/* Bytes already decrypted or buffered, which poll(2) would not show. */
bool stream_pending(const struct stream *stream);
/*
 * SMTP: start counting; true once every byte up to and with the final
 * CRLF.CRLF was handed to TLS (RULES 23).
 */
void stream_watch_final_dot(struct stream *stream);
bool stream_final_dot_gone(const struct stream *stream);
/* Marks the stream as broken: every read and write fails from now on. */
void stream_give_up(struct stream *stream, const char *why);
/* Why the last read or write failed: a sentence, or NULL. */
const char *stream_trouble(const struct stream *stream);

/* ---- passwords: what is returned is wiped when it is freed ---- */

/* A password as text; NULL when empty or with a control character in it. */
char *stream_secret_text(
    const void *ctx, struct bytes secret, struct error *err);
char *stream_base64(const void *ctx, struct bytes from);
/* What AUTH PLAIN says (RFC 4616), in base64. */
char *stream_auth_plain(const void *ctx, const char *user, const char *secret);
/* Wipes what was written from libetpan's buffer. */
void stream_forget(struct stream *stream);

/*
 * The walls of fetch and send (RULES 16), before the first connect: resolver
 * and CA files to read, sockets of the internet only, memory_bytes at most.
 */
int stream_walls(size_t memory_bytes, struct error *err);

#endif
