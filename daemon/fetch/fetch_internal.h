/*
 * fetch_internal.h - what the files of fetch/ share.
 */
#ifndef PSIRTD_FETCH_INTERNAL_H
#define PSIRTD_FETCH_INTERNAL_H

#include <stdbool.h>

#include <libetpan/libetpan.h>

#include "psirtd/fetch.h"
#include "psirtd/stream.h"

#define KEYWORD_FILED "$PsirtdFiled"
#define LEFT_MS 30000

/* A letter that was left or made trouble; it comes last, and later. */
struct hard {
	enum fetch_folder which;
	uint32_t uidvalidity;
	uint32_t uid;
	bool oversize;         /* more came than letter_max */
	unsigned tries;        /* that failed, in a row */
	int64_t not_before_ms; /* the next try */
};

/* One row of a listing. */
struct item {
	uint32_t uid;
	int64_t size; /* announced; a hint (libetpan cuts it to 32 bits) */
	int64_t internaldate;
	bool filed;   /* carries KEYWORD_FILED */
	bool deleted; /* carries \Deleted */
	bool hard;
};

/* How far every folder is gone through (reconcile.c). */
struct reconcile {
	bool due;
	enum fetch_folder which; /* this one is next … */
	uint32_t uidvalidity;    /* 0: and has not begun … */
	uint64_t next;           /* with this uid */
	uint32_t width;          /* so many numbers at once */
	uint32_t left;           /* letters that could not be had */
};

struct fetch {
	struct channel *engine;
	const struct fetch_setup *setup;
	char *secret; /* wiped when freed */
	/* in the words of the settings, and as IMAP writes them; NULL: none */
	const char *folders[FETCH_FOLDERS];
	const char *names[FETCH_FOLDERS];

	struct stream *stream;
	mailimap *imap;
	struct fetch_mailbox box; /* of the folder that is selected */
	uint32_t after;
	struct reconcile reconcile;
	bool junk_due; /* to be looked at before the next wait */

	bool leaving;  /* the engine closed the channel */
	bool progress; /* a letter was moved since the last trouble */
	/* a letter of it was left, or could not be fetched */
	bool unsettled[FETCH_FOLDERS];
	bool again;  /* the connection was dropped by us: connect at once */
	bool waited; /* this connection got as far as waiting */
	int64_t connected_ms;

	/* The trouble the session ended with. */
	enum fetch_trouble_kind kind;
	struct error why;

	struct hard *hard;
	size_t nhard;
};

/*
 * Functions of the session give 0, or -1 when the connection is to be
 * dropped: then f->leaving is set, or f->kind and f->why say why.
 */

/* session.c */
int session_open(struct fetch *f);
void session_close(struct fetch *f);
/* What libetpan's result means: 0 done, 1 the server said no, -1 drop. */
int session_result(struct fetch *f, int r, const char *what);
int session_trouble(struct fetch *f, enum fetch_trouble_kind kind,
    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* Time and bytes for one ordinary command. */
void session_allow(struct fetch *f, uint64_t bytes);
/* UID FETCH; a result of libetpan, *rows NULL where it failed. */
int session_fetch(struct fetch *f, struct mailimap_set *set,
    struct mailimap_fetch_type *what, clist **rows);
/* The server offers this extension. */
bool session_has(struct fetch *f, const char *name);
/* NOOP; *arrived: the server spoke of letters that came meanwhile. */
int session_noop(struct fetch *f, bool *arrived);

/* folder.c */
/*
 * Selects it, tells of it and hears from where on its letters are wanted.
 * 1: the server does not open it; none is selected.
 */
int folder_enter(struct fetch *f, enum fetch_folder which);

/* login.c */
int session_login(struct fetch *f);
/*
 * Sends a command that the server answers with "+": 0, 1 it said no, -1.
 * *arrived: it spoke of letters before that.
 */
int session_continue(
    struct fetch *f, const char *command, const char *what, bool *arrived);

/* list.c */
int list_letters(
    struct fetch *f, const void *ctx, struct item **items, size_t *nitems);
/* The uids from first to last, in order. */
int list_uids(struct fetch *f, const void *ctx, uint32_t first, uint32_t last,
    uint32_t **uids, size_t *nuids);
/* One row; item->uid 0: it is not there. */
int list_one(struct fetch *f, uint32_t uid, struct item *item);
/* The greatest uid there is, for a server that does not tell UIDNEXT. */
int list_highest(struct fetch *f, uint32_t *uid);
int list_has(struct fetch *f, uint32_t uid, bool *there);
struct hard *hard_find(struct fetch *f, uint32_t uid);
/* The same, made when missing; NULL only when out of memory. */
struct hard *hard_note(struct fetch *f, uint32_t uid);
/* It is fetched: forgotten. */
void hard_drop(struct fetch *f, uint32_t uid);
/* It stays for now: not shown again before LEFT_MS have passed. */
void hard_left(struct fetch *f, uint32_t uid);

/* letter.c */
/* Shows every letter that is there to the engine, once. */
int letters_look(struct fetch *f);
/* Shows this one, and does what the engine says. */
int letter_show(
    struct fetch *f, const void *ctx, const struct item *item, bool reconcile);

/* reconcile.c */
/* A portion more; f->reconcile.due: there is another. */
int reconcile_some(struct fetch *f);

/* take.c */
/*
 * Streams one letter: FETCH_BEGIN … FETCH_END, or FETCH_ABORT.  1: the engine
 * has it and will answer; 0: it was not fetched; -1: drop the connection.
 */
int letter_take(struct fetch *f, const struct item *item);

/* move.c */
/* copied: only the expunging is left.  Tells FETCH_MOVED. */
int letter_move(struct fetch *f, const struct fetch_order *order, bool copied);

/* wait.c */
/* Waits until there is a reason to look again (IDLE or poll). */
int letters_wait(struct fetch *f);

/* talk.c: the engine's half of the conversation */
/* A frame of the engine outside the talk about one letter. */
int engine_said(struct fetch *f, const struct frame *frame);
/* The next frame; timeout_ms as channel_recv.  1 / 0 time is up / -1. */
int engine_hear(
    struct fetch *f, const void *ctx, int timeout_ms, struct frame *frame);
/* Hears and handles what comes until then: 1 something, 0 nothing, -1. */
int engine_heed(struct fetch *f, int64_t until_ms);
int engine_tell(struct fetch *f, uint32_t type, const struct wire_type *wire,
    const void *obj);
/* FETCH_TROUBLE or FETCH_ABORT. */
int tell_trouble(struct fetch *f, uint32_t type, enum fetch_trouble_kind kind,
    const char *text);

/* utf7.c: a folder name in modified UTF-7 (RFC 3501, 5.1.3). */
char *utf7_encode(const void *ctx, const char *name);
/* A name that libetpan can write: no quote, no backslash. */
bool utf7_sayable(const char *name);

#endif
