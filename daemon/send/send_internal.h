/*
 * send_internal.h - what the files of send/ share.
 */
#ifndef PSIRTD_SEND_INTERNAL_H
#define PSIRTD_SEND_INTERNAL_H

#include <stdbool.h>

#include <libetpan/libetpan.h>

#include "psirtd/send.h"
#include "psirtd/stream.h"

/* What the server's answer to EHLO offers; nothing else is looked at. */
struct offer {
	bool starttls;
	bool plain;
	bool login;
	bool size;         /* it wants to know the size */
	uint64_t size_max; /* 0: no limit named */
};

struct smtp {
	const struct send_setup *setup;
	char *secret; /* wiped when freed */

	/* The session; NULL: none */
	struct stream *stream;
	mailsmtp *session;
	struct offer offer;
	int64_t used_ms; /* when it was last of use */

	/* The last reply: 200 to 599, or 0 where none came or none that can
	 * be understood; text is fit to be shown, without addresses. */
	unsigned code;
	char *text;
};

/* ---- reply.c ---- */

/* Reads the reply to a command whose bytes have left; gives the code. */
unsigned reply_read(struct smtp *s);
/* Takes the reply that libetpan has read. */
unsigned reply_take(struct smtp *s);
/* Sends one line (CRLF is added) and reads the reply. */
unsigned reply_to(struct smtp *s, const char *line);
/* "250-X\n250-Y" without the codes, one a line: what EHLO offers. */
void reply_offer(const char *lines, struct offer *offer);
/* A server's words, made safe: no controls, no address, not long. */
char *reply_words(const void *ctx, const char *text);

/* ---- session.c ---- */

/*
 * A session that is ready for MAIL: the one that is open, else a new one.
 * *fresh: it is new.  -1: err says why, without a secret.
 */
int submission_need(struct smtp *s, bool *fresh, struct error *err);
/* QUIT, politely; or at once when the stream is broken. */
void submission_end(struct smtp *s);
/* Milliseconds until an idle session is to be ended; -1: there is none. */
int submission_idle_left(const struct smtp *s);
/* Time and bytes for one command. */
void submission_allow(struct smtp *s);

/* ---- mail.c ---- */

/* Sends one mail; done->outcome, code and text (a child of ctx) are set. */
void mail_send(struct smtp *s, const void *ctx, const struct send_mail *mail,
    struct send_done *done);

#endif
