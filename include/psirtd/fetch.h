/*
 * fetch.h - the room that speaks IMAP: shows what is in the mailbox, streams
 * the letters the engine takes, moves those whose bytes are committed.
 *
 * The conversation:
 *   engine FETCH_SETUP
 *   room   FETCH_MAILBOX  after each SELECT (which, uidvalidity, uidnext, …)
 *   engine FETCH_GO       it may look for letters (uid above `after`)
 *   room   FETCH_FOUND    one a letter, before its bytes
 *   engine FETCH_TAKE | FETCH_MOVE | FETCH_LEAVE   the answer, by uid
 *   room   FETCH_BEGIN, FETCH_CHUNK…, FETCH_END | FETCH_ABORT
 *   engine FETCH_MOVE     the bytes are committed (or a copy of it is known)
 *   room   FETCH_MOVED    done, or flagged $PsirtdFiled and left (RULES 7)
 *   room   FETCH_IDLE     nothing left to do; waiting (IDLE or poll)
 *   room   FETCH_TROUBLE  not connected; it tries again with back-off by
 *                         itself.  With `once`, it ends instead.
 *
 * And, once a day or after what may have lost a letter (RULES 9):
 *   engine FETCH_RECONCILE  every folder is to be gone through; in between
 *                           the room looks for new letters as ever
 *   room   FETCH_LIST       uids that stand in the folder it named last
 *   engine FETCH_UNKNOWN    those of them that it knows no copy of
 *   room   FETCH_FOUND      one of these: `reconcile` is set
 *   engine FETCH_KEEP       in place of FETCH_MOVE: it stays where it is
 *   room   FETCH_RECONCILED gone through; `left`: so many could not be had
 */
#ifndef PSIRTD_FETCH_H
#define PSIRTD_FETCH_H

#include "psirtd/channel.h"

/* How a server is reached; shared with send.h. */
struct server {
	const char *host;       /* name that the certificate must carry */
	const char *connect_to; /* address to connect to, or NULL for host */
	uint32_t port;
	uint32_t starttls; /* 1: STARTTLS required; 0: implicit TLS */
	const char *ca;    /* PEM contents of the trusted CAs; NULL: system */
	const char *user;
	struct bytes secret;
	uint32_t timeout_s; /* for one command; default 60 */
};

enum fetch_frame {
	FETCH_SETUP = 1,  /* struct fetch_setup */
	FETCH_MAILBOX,    /* struct fetch_mailbox */
	FETCH_GO,         /* struct fetch_go */
	FETCH_FOUND,      /* struct fetch_letter */
	FETCH_TAKE,       /* struct fetch_order */
	FETCH_LEAVE,      /* struct fetch_order */
	FETCH_BEGIN,      /* struct fetch_letter */
	FETCH_CHUNK,      /* raw bytes, at most 64 KiB */
	FETCH_END,        /* struct fetch_letter; size is what was streamed */
	FETCH_ABORT,      /* struct fetch_trouble: the bytes so far are void */
	FETCH_MOVE,       /* struct fetch_order; folder is where to */
	FETCH_MOVED,      /* struct fetch_order; how: enum fetch_moved */
	FETCH_IDLE,       /* none */
	FETCH_TROUBLE,    /* struct fetch_trouble */
	FETCH_RECONCILE,  /* none */
	FETCH_LIST,       /* struct fetch_uids */
	FETCH_UNKNOWN,    /* struct fetch_uids; uidvalidity 0: not now */
	FETCH_KEEP,       /* struct fetch_order */
	FETCH_RECONCILED, /* struct fetch_reconciled */
};

/* The folders that letters stand in. */
enum fetch_folder { FETCH_INBOX, FETCH_JUNK, FETCH_FILED, FETCH_FOLDERS };

struct fetch_setup {
	struct server server;
	const char *folder;    /* INBOX */
	const char *junk;      /* looked at too, or NULL */
	const char *filed;     /* Filed: made when missing */
	const char *too_large; /* Too large */
	uint32_t poll_s;
	int64_t letter_max; /* bytes; over it FETCH_FOUND says too_large */
	uint32_t once;
};

struct fetch_mailbox {
	uint32_t uidvalidity; /* 0, of junk alone: it cannot be opened */
	uint32_t uidnext;
	uint32_t exists;
	uint32_t can_idle;
	uint32_t can_move;
	uint32_t can_uidplus;
	uint32_t which; /* enum fetch_folder */
};

struct fetch_go {
	uint32_t after; /* only letters with a greater uid */
};

struct fetch_letter {
	uint32_t uidvalidity;
	uint32_t uid;
	int64_t internaldate;
	int64_t size;       /* as announced; FETCH_END: as streamed */
	uint32_t too_large; /* over letter_max: TAKE is not allowed */
	uint32_t which;     /* enum fetch_folder it stands in */
	uint32_t reconcile; /* it is found in going through the folder */
};

#define FETCH_LIST_MOST 1024

/* Of one folder; uids: uint32_t each, of this machine. */
struct fetch_uids {
	uint32_t which;
	uint32_t uidvalidity;
	struct bytes uids;
};

struct fetch_reconciled {
	uint32_t left;
};

enum fetch_moved {
	FETCH_MOVED_MOVE = 1,
	FETCH_MOVED_COPY,
	FETCH_MOVED_FLAG,
	FETCH_MOVED_GONE
};

struct fetch_order {
	uint32_t uidvalidity;
	uint32_t uid;
	const char *folder;
	uint32_t how;
	uint32_t which; /* enum fetch_folder it stands in */
	/* FETCH_MOVED: the copy in `folder`, where the server says (RFC 4315);
	 * uid 0: it does not */
	uint32_t to_uidvalidity;
	uint32_t to_uid;
};

enum fetch_trouble_kind {
	FETCH_UNREACHABLE = 1,
	FETCH_TLS,
	FETCH_AUTH,
	FETCH_PROTOCOL,
	FETCH_LOST,
	FETCH_OVERSIZE
};

struct fetch_trouble {
	uint32_t kind;    /* enum fetch_trouble_kind */
	const char *text; /* a sentence for the operator; no secret */
};

extern const struct wire_type server_wire;
extern const struct wire_type fetch_setup_wire;
extern const struct wire_type fetch_mailbox_wire;
extern const struct wire_type fetch_go_wire;
extern const struct wire_type fetch_letter_wire;
extern const struct wire_type fetch_order_wire;
extern const struct wire_type fetch_trouble_wire;
extern const struct wire_type fetch_uids_wire;
extern const struct wire_type fetch_reconciled_wire;

/* The room: `psirtd -x fetch`. */
int fetch_room(struct channel *engine);

#endif
