/*
 * room.h - a room is this program started anew as `psirtd -x NAME`, with one
 * socketpair (fd 3) to the engine, an empty environment but what is named,
 * and everything else closed.  One row a room: see rooms[] in daemon/main.c.
 */
#ifndef PSIRTD_ROOM_H
#define PSIRTD_ROOM_H

#include <sys/types.h>

#include "psirtd/channel.h"
#include "psirtd/error.h"

#define ROOM_FD 3
/* The most a frame may carry: a letter, its parts, and room to spare. */
#define ROOM_FRAME_MAX ((size_t)192 << 20)

struct room_process {
	const char *name;
	pid_t pid;
	struct channel *channel;
};

/*
 * Starts the room NAME: fork, a socketpair to its fd 3, the rest closed, exec
 * of `self` (the path of this program).  Returns its pid, *fd is our end.  The
 * room is killed when the calling process dies (PR_SET_PDEATHSIG).
 */
pid_t room_spawn(
    const char *self, const char *name, int *fd, struct error *err);
/* Wraps our end (taken over) in a channel; freeing it lets the room leave. */
struct room_process *room_adopt(
    const void *ctx, const char *name, pid_t pid, int fd, struct error *err);

/*
 * The starter: a small process that starts rooms for the engine, so that the
 * engine can wall itself off the network and still have a fetch room started
 * anew.  It is forked before the engine's walls, holds nothing but one
 * socketpair, and ends with the engine.  Rooms are its children; the engine
 * sees the end of a room as the end of its channel.
 */
struct starter;
struct starter *starter_new(
    const void *ctx, const char *self, struct error *err);
/* Starts the room NAME through the starter. */
struct room_process *starter_room(const void *ctx, struct starter *starter,
    const char *name, struct error *err);
/* Lets the rooms end (their channels are to be freed before), at most 5 s. */
void starter_end(struct starter *starter);

/* ---- one child a job (read, vault) ---- */

struct room_limits {
	unsigned wall_ms;    /* killed after this */
	unsigned cpu_s;      /* RLIMIT_CPU */
	size_t memory_bytes; /* RLIMIT_AS; not under SANITIZE */
	size_t reply_bytes;  /* the most it may answer */
};

enum room_end {
	ROOM_END_OK,      /* answered, exit 0 */
	ROOM_END_TIME,    /* wall clock or CPU */
	ROOM_END_MEMORY,  /* out of memory */
	ROOM_END_CRASH,   /* a signal, an exit code, or an answer malformed */
	ROOM_END_TOO_BIG, /* answered more than reply_bytes */
};

/*
 * The job of a child: answers by writing into out and returning 0.  Runs in
 * the child, behind its limits; whatever it allocates dies with it.
 */
typedef int room_job(void *arg, struct buf *out, struct error *err);

/*
 * Forks a child in a process group of its own, puts the limits on it, runs
 * job, takes its answer over a pipe, and kills the whole group afterwards
 * (gpg lingers otherwise).  `enter` (may be NULL) runs in the child before
 * the job and walls it in; its failure is a CRASH.  A child that SIGKILL ended
 * from outside, as the kernel does where memory is short, has a second one.
 */
enum room_end room_run_job(const void *ctx, const struct room_limits *limits,
    int (*enter)(struct error *err), room_job *job, void *arg,
    struct bytes *answer, struct error *err);
const char *room_end_name(enum room_end end);

#endif
