/*
 * room.c - starting a room, and running one job in a child with limits.
 *
 * room_start() runs in the engine.  room_run_job() runs in a room: it forks
 * a child for one job, in a process group of its own, and whatever the child
 * started (gpg) is killed with the group when the answer is in or time is up.
 */
#include "psirtd/room.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

/* Between fork and exec: only async-signal-safe calls. */
static void
room_exec(int fd, const char *self, const char *name, char *const envp[])
{
	char *const argv[] = {(char *)(uintptr_t) "psirtd",
	    (char *)(uintptr_t) "-x", (char *)(uintptr_t)name, NULL};
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (fd == ROOM_FD)
		fcntl(fd, F_SETFD, 0);
	else if (dup2(fd, ROOM_FD) < 0)
		_exit(71);
	close_range(ROOM_FD + 1, ~0u, 0);
	execve(self, argv, envp);
	_exit(71);
}

/* What a room may know of the environment: nothing but these. */
static char **
room_environment(const void *ctx)
{
	static const char *const keep[] = {"TZ", "JOURNAL_STREAM",
	    "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS"};
	char **envp =
	    talloc_zero_array(ctx, char *, sizeof(keep) / sizeof(keep[0]) + 2);
	size_t n = 0;

	if (envp == NULL)
		return NULL;
	envp[n++] = talloc_strdup(envp, "PATH=/usr/bin:/bin");
	for (size_t i = 0; i < sizeof(keep) / sizeof(keep[0]); i++) {
		const char *value = getenv(keep[i]);

		if (value != NULL)
			envp[n++] =
			    talloc_asprintf(envp, "%s=%s", keep[i], value);
	}
	return envp;
}

pid_t
room_spawn(const char *self, const char *name, int *fd, struct error *err)
{
	char **envp = room_environment(NULL);
	int fds[2];
	pid_t pid;

	*fd = -1;
	if (envp == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
		talloc_free(envp);
		return error_errno(err, FAULT_RETRY, "socketpair");
	}
	pid = fork();
	if (pid == 0)
		room_exec(fds[1], self, name, envp);
	close(fds[1]);
	talloc_free(envp);
	if (pid < 0) {
		error_errno(err, FAULT_RETRY, "fork");
		close(fds[0]);
		return -1;
	}
	*fd = fds[0];
	return pid;
}

struct room_process *
room_adopt(
    const void *ctx, const char *name, pid_t pid, int fd, struct error *err)
{
	struct room_process *room = talloc_zero(ctx, struct room_process);

	if (room != NULL) {
		room->name = name;
		room->pid = pid;
		room->channel = channel_new(room, fd, ROOM_FRAME_MAX);
	}
	if (room == NULL || room->channel == NULL) {
		close(fd);
		talloc_free(room);
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	return room;
}

/* ---- one child a job ---- */

/* The first byte of a child's answer. */
enum { ANSWER_OK = 'k', ANSWER_ERROR = 'e' };

static void
set_limit(int resource, rlim_t value)
{
	struct rlimit limit = {value, value};

	/* Past the soft limit SIGXCPU tells why; the hard one kills. */
	if (resource == RLIMIT_CPU)
		limit.rlim_max++;

	setrlimit(resource, &limit);
}

static void
limits_enter(const struct room_limits *limits)
{
	if (limits->cpu_s > 0)
		set_limit(RLIMIT_CPU, limits->cpu_s);
#ifndef PSIRTD_SANITIZE /* the sanitizer reserves terabytes of addresses */
	if (limits->memory_bytes > 0)
		set_limit(RLIMIT_AS, limits->memory_bytes);
#endif
	set_limit(RLIMIT_CORE, 0);
}

static int
write_all(int fd, const void *data, size_t len)
{
	const uint8_t *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return -1;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

static void __attribute__((noreturn))
child_main(int fd, const struct room_limits *limits,
    int (*enter)(struct error *err), room_job *job, void *arg)
{
	struct error err = {0};
	struct buf *out;
	char tag = ANSWER_OK;

	limits_enter(limits);
	if (enter != NULL && enter(&err) != 0) {
		log_err("walls: %s", err.text);
		_exit(70);
	}
	out = buf_new(NULL, limits->reply_bytes);
	if (out == NULL)
		_exit(71);
	if (job(arg, out, &err) != 0) {
		tag = ANSWER_ERROR;
		buf_clear(out);
		if (write_all(fd, &tag, 1) != 0 ||
		    write_all(fd, &err, sizeof(err)) != 0)
			_exit(71);
		_exit(0);
	}
	if (write_all(fd, &tag, 1) != 0 ||
	    write_all(fd, out->data, out->len) != 0)
		_exit(71);
	/* No exit(3): nothing the parent shares is to be run twice. */
	_exit(0);
}

/* Reads until the child closes its end, time is up or it says too much. */
static enum room_end
take_answer(int fd, struct buf *answer, int64_t until, struct error *err)
{
	uint8_t chunk[65536];

	for (;;) {
		int64_t left = until - clock_monotonic_ms();
		struct pollfd p = {fd, POLLIN, 0};
		ssize_t n;
		int rc = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (rc < 0 && errno == EINTR)
			continue;
		if (rc <= 0)
			return ROOM_END_TIME;
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return ROOM_END_CRASH;
		if (n == 0)
			return ROOM_END_OK;
		rc = buf_add(answer, chunk, (size_t)n, err);
		explicit_bzero(chunk, (size_t)n); /* of a vault's: a key */
		if (rc != 0)
			return ROOM_END_TOO_BIG;
	}
}

static enum room_end
end_of_status(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGXCPU ? ROOM_END_TIME
						   : ROOM_END_CRASH;
	if (WEXITSTATUS(status) == 71)
		return ROOM_END_MEMORY;
	return WEXITSTATUS(status) == 0 ? ROOM_END_OK : ROOM_END_CRASH;
}

/* Takes the tag off; an error of the job becomes *err and ROOM_END_CRASH. */
static enum room_end
judge_answer(struct buf *raw, struct bytes *answer, struct error *err)
{
	struct bytes all = buf_bytes(raw);

	if (all.len == 0)
		return ROOM_END_CRASH;
	if (all.data[0] == ANSWER_OK) {
		*answer = bytes_span(all, 1, all.len - 1);
		return ROOM_END_OK;
	}
	if (all.data[0] == ANSWER_ERROR && all.len == 1 + sizeof(*err) &&
	    err != NULL) {
		memcpy(err, all.data + 1, sizeof(*err));
		err->text[sizeof(err->text) - 1] = '\0';
		return err->fault == FAULT_RETRY ? ROOM_END_MEMORY
						 : ROOM_END_CRASH;
	}
	return ROOM_END_CRASH;
}

/* Waits for the exit that follows the closing of the pipe; reaps nothing. */
static bool
child_ended(pid_t pid, int ms)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd p = {fd, POLLIN, 0};
	int rc;

	if (fd < 0)
		return false;
	do {
		rc = poll(&p, 1, ms);
	} while (rc < 0 && errno == EINTR);
	close(fd);
	return rc > 0;
}

/* struck: SIGKILL ended it, and it was not ours. */
static enum room_end
run_once(const void *ctx, const struct room_limits *limits,
    int (*enter)(struct error *err), room_job *job, void *arg,
    struct bytes *answer, bool *struck, struct error *err)
{
	struct buf *raw = buf_new(ctx, limits->reply_bytes + 1);
	enum room_end end;
	int fds[2];
	int status = 0;
	pid_t pid;

	*answer = BYTES_NONE;
	*struck = false;
	error_clear(err);
	if (raw == NULL || pipe2(fds, O_CLOEXEC) != 0) {
		talloc_free(raw);
		error_errno(err, FAULT_RETRY, "pipe");
		return ROOM_END_MEMORY;
	}
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		setpgid(0, 0);
		close(fds[0]);
		if (fds[1] != ROOM_FD) /* a child answers its room alone */
			close(ROOM_FD);
		child_main(fds[1], limits, enter, job, arg);
	}
	close(fds[1]);
	if (pid < 0) {
		error_errno(err, FAULT_RETRY, "fork");
		close(fds[0]);
		talloc_free(raw);
		return ROOM_END_MEMORY;
	}
	setpgid(pid, pid); /* both do it: no race for the kill below */
	end = take_answer(
	    fds[0], raw, clock_monotonic_ms() + limits->wall_ms, err);
	close(fds[0]);
	if (end == ROOM_END_OK && !child_ended(pid, 1000))
		end = ROOM_END_TIME;
	/* Not reaped yet, so the group's number is still its own. */
	kill(-pid, SIGKILL);
	waitpid(pid, &status, 0);
	if (end == ROOM_END_OK) {
		end = end_of_status(status);
		*struck = WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
	}
	if (end == ROOM_END_OK)
		end = judge_answer(raw, answer, err);
	if (end != ROOM_END_OK && err != NULL && err->text[0] == '\0')
		error_set(err, FAULT_INPUT, "%s", room_end_name(end));
	if (end != ROOM_END_OK)
		talloc_free(raw);
	return end;
}

enum room_end
room_run_job(const void *ctx, const struct room_limits *limits,
    int (*enter)(struct error *err), room_job *job, void *arg,
    struct bytes *answer, struct error *err)
{
	bool struck;
	enum room_end end =
	    run_once(ctx, limits, enter, job, arg, answer, &struck, err);

	/* No letter does that: the kernel that wants memory, or a person. */
	if (struck)
		end = run_once(
		    ctx, limits, enter, job, arg, answer, &struck, err);
	return end;
}

const char *
room_end_name(enum room_end end)
{
	static const char *const names[] = {
	    [ROOM_END_OK] = "done",
	    [ROOM_END_TIME] = "took too long and was stopped",
	    [ROOM_END_MEMORY] = "ran out of memory and was stopped",
	    [ROOM_END_CRASH] = "crashed",
	    [ROOM_END_TOO_BIG] = "answered more than the limit",
	};

	return names[end];
}
