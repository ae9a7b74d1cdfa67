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

#include "psirtd/settings.h"
#include "psirtd/store.h"
#include "psirtd/write.h"

struct control;

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
	 * today.  1: under way, ask again; 0: done and recorded.
	 */
	int (*reseal)(void *arg, const char *actor, struct error *err);
	/* state of the rooms for `psirt`: one line or NULL when all is well */
	const char *(*trouble)(void *arg, const void *ctx);
};

/* Listens on settings->socket (0660); refuses when another daemon answers. */
struct control *control_new(const void *ctx, const struct settings *s,
    struct store *st, const struct control_engine *engine, struct error *err);
/* The poll set: fills at most `most`, returns how many. */
size_t control_poll(struct control *c, struct pollfd *fds, size_t most);
/* After poll(2); a turn works at most 20 ms (RULES 19). */
void control_turn(struct control *c, const struct pollfd *fds, size_t count);
/* A request is half answered: poll with timeout 0. */
bool control_busy(const struct control *c);

#endif
