/*
 * send.h - the room that speaks SMTP submission (RFC 6409) and nothing else.
 *
 * One mail has one recipient (RULES 23).  The room keeps a session open
 * between mails that come close together.
 */
#ifndef PSIRTD_SEND_H
#define PSIRTD_SEND_H

#include "psirtd/fetch.h" /* struct server */

enum send_frame {
	SEND_SETUP = 1, /* struct send_setup */
	SEND_MAIL,      /* struct send_mail */
	SEND_DONE,      /* struct send_done: one a SEND_MAIL, in its order */
};

struct send_setup {
	struct server server;
};

struct send_mail {
	int64_t outmail;
	const char *from; /* envelope; "" is the null return path (RFC 3834) */
	const char *to;
	struct bytes wire; /* CRLF, 7-bit */
	/* Our own address, which gets the same bytes; NULL: no copy.  That it
	 * is refused changes nothing for `to`. */
	const char *copy;
};

enum send_outcome {
	SEND_ACCEPTED = 1, /* 250 after the final dot */
	SEND_RETRY,     /* nothing was handed over: 4xx, no connection, TLS */
	SEND_REFUSED,   /* 5xx: this mail will not be taken */
	SEND_UNCERTAIN, /* the final dot was handed to TLS, no reply came */
};

struct send_done {
	int64_t outmail;
	uint32_t outcome; /* enum send_outcome */
	uint32_t code;    /* the last SMTP reply code; 0 none */
	const char *text; /* the reply's text or what went wrong; no secret */
};

extern const struct wire_type send_setup_wire;
extern const struct wire_type send_mail_wire;
extern const struct wire_type send_done_wire;

const char *send_outcome_name(uint32_t outcome);

/* The room: `psirtd -x send`. */
int send_room(struct channel *engine);

#endif
