/*
 * vault_agent.c - the gpg-agent of a home: started, asked, ended.
 *
 * Runs in the vault room, never in a job's child.  The agent is a direct
 * child on a socket made here (--supervised), so its pid is known and it
 * dies with the room; gpg itself is told never to start one.
 */
#include "vault_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define AGENT_FD 3 /* where --supervised looks for its socket */

static int
agent_address(const struct vault_home *home, struct sockaddr_un *sun)
{
	int n;

	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	n = snprintf(
	    sun->sun_path, sizeof(sun->sun_path), "%s/S.gpg-agent", home->path);
	return n > 0 && (size_t)n < sizeof(sun->sun_path) ? 0 : -1;
}

static void __attribute__((noreturn)) agent_exec(int fd, const char *path)
{
	char pid[32];
	char *argv[] = {(char *)(uintptr_t) "gpg-agent",
	    (char *)(uintptr_t) "--homedir", (char *)(uintptr_t)path,
	    (char *)(uintptr_t) "--supervised", NULL};
	char *envp[] = {(char *)(uintptr_t) "PATH=/usr/bin:/bin",
	    (char *)(uintptr_t) "LISTEN_FDS=1", pid, NULL};
	int null = open("/dev/null", O_RDWR);
	struct error err = {0};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	snprintf(pid, sizeof(pid), "LISTEN_PID=%ld", (long)getpid());
	if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
	    dup2(null, 2) < 0)
		_exit(71);
	if (fd == AGENT_FD)
		fcntl(fd, F_SETFD, 0);
	else if (dup2(fd, AGENT_FD) < 0)
		_exit(71);
	close_range(AGENT_FD + 1, ~0u, 0);
	/* As the room's own, which come later and do not bind what runs. */
	if (vault_walls(path, NULL, &err) != 0)
		_exit(71);
	execve(GPG_AGENT, argv, envp);
	_exit(71);
}

int
agent_start(struct vault_home *home, struct error *err)
{
	struct sockaddr_un sun;
	int64_t until = clock_monotonic_ms() + 5000;
	int fd;

	agent_end(home);
	if (agent_address(home, &sun) != 0)
		return error_set(err, FAULT_SETUP,
		    "%s: too long a path for a socket", home->path);
	unlink(sun.sun_path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, FAULT_SETUP, "agent socket");
	if (bind(fd, (struct sockaddr *)&sun, sizeof(sun)) != 0 ||
	    listen(fd, 16) != 0) {
		error_errno(err, FAULT_SETUP, "%s", sun.sun_path);
		close(fd);
		return -1;
	}
	home->agent = fork();
	if (home->agent == 0)
		agent_exec(fd, home->path);
	close(fd);
	if (home->agent < 0) {
		home->agent = 0;
		return error_errno(err, FAULT_RETRY, "fork");
	}
	while (clock_monotonic_ms() < until) {
		if (agent_answers(home))
			return 0;
		if (waitpid(home->agent, NULL, WNOHANG) == home->agent) {
			home->agent = 0;
			break;
		}
	}
	agent_end(home);
	return error_set(err, FAULT_SETUP, "gpg-agent does not start");
}

void
agent_end(struct vault_home *home)
{
	if (home->agent <= 0)
		return;
	/* SIGKILL ends a stopped one as well; its group is its helpers. */
	kill(-home->agent, SIGKILL);
	kill(home->agent, SIGKILL);
	while (waitpid(home->agent, NULL, 0) < 0 && errno == EINTR)
		;
	home->agent = 0;
}

bool
agent_answers(const struct vault_home *home)
{
	int64_t until = clock_monotonic_ms() + 1000;
	struct sockaddr_un sun;
	bool heard = false;
	int fd;

	if (home->agent <= 0 || agent_address(home, &sun) != 0)
		return false;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return false;
	/* The greeting is enough: "OK Pleased to meet you". */
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0) {
		struct pollfd p = {fd, POLLIN, 0};
		char greeting[2] = "";
		int left = (int)(until - clock_monotonic_ms());

		if (poll(&p, 1, left > 0 ? left : 0) == 1 &&
		    read(fd, greeting, 2) == 2)
			heard = memcmp(greeting, "OK", 2) == 0;
	}
	close(fd);
	return heard;
}
