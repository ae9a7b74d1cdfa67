/*
 * control.h - requests of psirt over a Unix socket.
 *
 * A request is one line of JSON {"version":1,"args":["show","PSIRT-2026-0001"],
 * "json":false}; the answer one line {"version":1,"exit":0,"error":…,
 * "data":…}.  psirt prints data.  SO_PEERCRED says who asks; settings say
 * which role that is; commands[] says which role may what and which line of
 * the record it leaves, committed before the answer goes out (RULES 20).
 */
#ifndef PSIRTD_CONTROL_H
#define PSIRTD_CONTROL_H

#include <poll.h>

#include "psirtd/procedure.h"
#include "psirtd/store.h"
#include "psirtd/vault.h"
#include "psirtd/write.h"

struct control;

/* A case with all that is known of its way; one talloc tree. */
struct casework {
	struct store_case c;
	struct case_view view;
	struct store_step *steps;     /* as view.steps, index by index */
	struct store_answer *answers; /* all, void ones too */
	size_t nanswers;
	struct store_question *questions;
	size_t nquestions;
	struct store_clock *clocks; /* running */
	size_t nclocks;
	/* Mails that could not be drafted, and why: a line each; NULL none. */
	char *refused;
};

/* The record as it was: the line it ended with then, and its link. */
struct checkpoint {
	struct store_walk head;
	int64_t at;
};

/* What a person decides of a case: one transaction each (engine_order.c). */
enum order_kind {
	ORDER_STEP_START = 1, /* step; also a pass of an ended step anew */
	ORDER_STEP_END,
	ORDER_STEP_SKIP,
	ORDER_STEP_MOVE, /* to the flow file of today; step: where to, or NULL
			  */
	ORDER_ANSWER,    /* words: "status=reproduced" …; by: who said it */
	ORDER_SHARE,     /* words: "+quality", "-risk", for step */
	ORDER_ASK,       /* the step's question once more, to its leads */
	ORDER_APPROVE,   /* mail, digest: of what was shown */
	ORDER_EDIT,      /* mail, subject, text */
	ORDER_DROP,      /* mail: a draft that shall not leave; why */
	ORDER_TAKE,      /* words: owner, or {owner, deputy} */
	ORDER_TITLE,     /* text */
	ORDER_NOTE,      /* text */
	ORDER_REPLY,     /* text, or "": a draft to the counterpart */
	ORDER_QUESTION_ASK, /* number; 0: all open ones, in one mail */
	ORDER_QUESTION_DROP,
	ORDER_QUESTION_ANSWER, /* number, text: in the place of what stands */
	ORDER_QUESTION_AGAIN,  /* number: it is open once more */
	ORDER_CLOCK_SET,       /* words: name, when */
	ORDER_CLOCK_START,     /* words: name */
	ORDER_CLOCK_END,       /* words: name */
	ORDER_TASK_DONE,       /* number */
	ORDER_LINK,            /* other */
	ORDER_UNLINK,
	ORDER_MERGE, /* other: into it */
	ORDER_SPLIT,
	ORDER_CLOSE, /* words: the reason */
	ORDER_REOPEN,
	ORDER_INCIDENT, /* to csirt, and closed */
	ORDER_KIND_COUNT,
};

struct order {
	enum order_kind what;
	const char *actor;
	enum operator_role role;
	uid_t uid; /* who asks: `two` counts neither 0 nor our own */
	int64_t casefile, other, mail, number;
	const char *step;
	const char **words;
	size_t nwords;
	const char *by, *why, *subject, *text, *digest;
	uint32_t override; /* guards: 1u << enum guard_kind; needs why, lead */
};

/* What the engine offers to control, kept as long as control lives; each
 * returns 0 or -1 with *err. */
struct control_engine {
	void *arg;
	/* Something changed in the tables: look for work. */
	void (*wake)(void *arg);
	/* `psirt file N`: the letter walks the stops again, by hand. */
	int (*file)(
	    void *arg, int64_t letter, const char *actor, struct error *err);
	/* `psirt letter N --reopen`. */
	int (*reopen)(
	    void *arg, int64_t letter, const char *actor, struct error *err);
	/* `psirt route`: drafts to these departments, in one transaction. */
	int (*route)(void *arg, int64_t casefile,
	    const struct department *const *departments, size_t ndepartments,
	    bool details, bool attachments, const char *actor,
	    struct error *err);
	/*
	 * `psirt key reseal`: the data key to the POC and recovery keys of
	 * today.  1: under way, ask again; 0: done and recorded.  again: this
	 * request asked before; what another one left is no answer to a first.
	 */
	int (*reseal)(
	    void *arg, const char *actor, bool again, struct error *err);
	/* The same for `psirt key renew`; 0: the new key is in use, and what
	 * is under the former is being sealed anew. */
	int (*renew)(
	    void *arg, const char *actor, bool again, struct error *err);
	/*
	 * *said: what came of it, sentences a line each, on ctx.  FAULT_DENIED:
	 * refused, with what to do.
	 */
	int (*order)(void *arg, const void *ctx, const struct order *order,
	    char **said, struct error *err);
	/* A case as the desk sees it, for show, list, today and step. */
	struct casework *(*casework)(
	    void *arg, const void *ctx, int64_t casefile, struct error *err);
	/* `psirt queue`: a person decided what became of a mail, and what
	 * follows of it, inside control's transaction. */
	int (*decided)(
	    void *arg, const struct store_outmail *m, struct error *err);
	/* hex of what an approval is over: the mail as it is now. */
	char *(*approval_digest)(
	    void *arg, const void *ctx, const struct store_outmail *m);
	/* `psirt key confirm`: one person more; *said: what came of it. */
	int (*confirm)(void *arg, const void *ctx, const char *fingerprint,
	    const char *actor, uid_t uid, char **said, struct error *err);
	/*
	 * `psirt key stage`: what a vault sees in the block.  1: under way, ask
	 * again with the same block; 0: *keys, on ctx.
	 */
	int (*stage)(void *arg, const void *ctx, struct bytes block,
	    struct vault_keys **keys, struct error *err);
	/*
	 * `psirt log --verify --checkpoint`: is the clearsigned block ours, and
	 * what does it say?  1: under way, ask again; FAULT_DENIED: it is not.
	 */
	int (*checkpoint)(void *arg, struct bytes block, struct checkpoint *c,
	    struct error *err);
	/* Every key as a vault saw it last; NULL: none has looked yet. */
	const struct vault_ready *(*keys)(void *arg);
	/* state of the rooms for `psirt`: one line or NULL when all is well */
	const char *(*trouble)(void *arg, const void *ctx);
};

/* Listens on settings->socket (0660); refuses when another daemon answers. */
struct control *control_new(const void *ctx, const struct settings *s,
    struct store *st, const struct control_engine *engine, struct error *err);
/* Somebody answers at this socket. */
bool control_is_answered(const char *path);
/* The poll set: fills at most `most`, returns how many. */
size_t control_poll(struct control *c, struct pollfd *fds, size_t most);
/* After poll(2); a turn works at most 20 ms (RULES 19). */
void control_turn(struct control *c, const struct pollfd *fds, size_t count);
/* How long poll(2) may wait for a request that is half answered: 0 not at all,
 * -1 for ever. */
int64_t control_wait_ms(const struct control *c);

#endif
