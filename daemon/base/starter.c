/*
 * starter.c - starts rooms on behalf of the engine.
 *
 * Runs half in the engine (asks) and half in a process of its own (answers).
 * The engine's seccomp filter, which forbids it the network, would be
 * inherited by every room it starts; this process has no filter, no secret
 * and no input but one word from the engine: the name of a room.
 */
#include "psirtd/room.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

#define NAME_MAX_BYTES 16
#define END_WAIT_MS 5000

struct starter {
	pid_t pid;
	int fd;
};

/* ---- in the starter ---- */

/* The answer: the pid as data, the room's socket as SCM_RIGHTS. */
static int
send_room(int to, pid_t pid, int fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {&pid, sizeof(pid)};
	struct msghdr msg = {0};
	struct cmsghdr *c;

	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	if (fd >= 0) {
		msg.msg_control = control.space;
		msg.msg_controllen = sizeof(control.space);
		c = CMSG_FIRSTHDR(&msg);
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	}
	return sendmsg(to, &msg, MSG_NOSIGNAL) == sizeof(pid) ? 0 : -1;
}

static void
reap(void)
{
	while (waitpid(-1, NULL, WNOHANG) > 0)
		continue;
}

/* The engine is gone or wants the end: the rooms leave by themselves. */
static void
wait_for_rooms(void)
{
	int64_t until = clock_monotonic_ms() + END_WAIT_MS;

	for (;;) {
		pid_t pid = waitpid(-1, NULL, WNOHANG);

		if (pid < 0)
			return; /* no child is left */
		if (pid == 0 && clock_monotonic_ms() > until)
			return; /* PR_SET_PDEATHSIG ends the rest */
		if (pid == 0)
			poll(NULL, 0, 10);
	}
}

static void __attribute__((noreturn)) starter_main(int fd, const char *self)
{
	char name[NAME_MAX_BYTES + 1];

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	signal(SIGINT, SIG_IGN); /* a terminal's ^C is for the engine */
	signal(SIGTERM, SIG_IGN);
	for (;;) {
		struct pollfd p = {fd, POLLIN, 0};
		struct error err = {0};
		int room_fd = -1;
		pid_t pid;
		ssize_t n;

		/* Wakes now and then to reap rooms that died. */
		if (poll(&p, 1, 1000) <= 0) {
			reap();
			continue;
		}
		n = recv(fd, name, NAME_MAX_BYTES, 0);
		if (n <= 0)
			break;
		name[n] = '\0';
		reap();
		pid = room_spawn(self, name, &room_fd, &err);
		if (pid < 0)
			log_err("cannot start room %s: %s", name, err.text);
		if (send_room(fd, pid, room_fd) != 0)
			break;
		if (room_fd >= 0)
			close(room_fd);
	}
	wait_for_rooms();
	_exit(0);
}

/* ---- in the engine ---- */

static int
starter_free(struct starter *starter)
{
	starter_end(starter);
	return 0;
}

struct starter *
starter_new(const void *ctx, const char *self, struct error *err)
{
	struct starter *starter = talloc_zero(ctx, struct starter);
	int fds[2];

	if (starter == NULL ||
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, fds) != 0) {
		talloc_free(starter);
		error_errno(err, FAULT_RETRY, "socketpair");
		return NULL;
	}
	starter->pid = fork();
	if (starter->pid == 0) {
		close(fds[0]);
		starter_main(fds[1], self);
	}
	close(fds[1]);
	starter->fd = fds[0];
	if (starter->pid < 0) {
		error_errno(err, FAULT_RETRY, "fork");
		close(fds[0]);
		talloc_free(starter);
		return NULL;
	}
	talloc_set_destructor(starter, starter_free);
	return starter;
}

void
starter_end(struct starter *starter)
{
	if (starter->fd < 0)
		return;
	close(starter->fd);
	starter->fd = -1;
	waitpid(starter->pid, NULL, 0);
}

static int
receive_room(int from, pid_t *pid)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	struct iovec iov = {pid, sizeof(*pid)};
	struct msghdr msg = {0};
	struct cmsghdr *c;
	int fd = -1;
	ssize_t n;

	msg.msg_iov = &iov;
	msg.msg_iovlen = 1;
	msg.msg_control = control.space;
	msg.msg_controllen = sizeof(control.space);
	do {
		n = recvmsg(from, &msg, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n != sizeof(*pid))
		return -1;
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

struct room_process *
starter_room(const void *ctx, struct starter *starter, const char *name,
    struct error *err)
{
	struct room_process *room;
	pid_t pid = -1;
	int fd;

	if (send(starter->fd, name, strlen(name), MSG_NOSIGNAL) < 0) {
		error_errno(err, FAULT_SETUP, "the starter is gone");
		return NULL;
	}
	fd = receive_room(starter->fd, &pid);
	if (fd < 0) {
		error_set(err, FAULT_RETRY, "room %s was not started", name);
		return NULL;
	}
	room = room_adopt(ctx, name, 0, fd, err);
	if (room != NULL)
		room->pid = pid;
	return room;
}
