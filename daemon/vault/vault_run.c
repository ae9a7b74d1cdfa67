/*
 * vault_run.c - gpg started by hand, for what GPGME cannot ask for.
 *
 * Runs in the vault room at set-up, before its walls: taking secret keys
 * out of one home and into another needs a passphrase on a pipe, which
 * GPGME's export and import do not pass on.  Its output is kept in memory
 * that is wiped, its messages are dropped (they name people).
 */
#include "vault_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define PASSPHRASE_FD 4
#define ARGS_MAX 16384

struct pipes {
	int in[2];
	int out[2];
	int pass[2];
};

static void
shut(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void
shut_all(struct pipes *p)
{
	shut(&p->in[0]);
	shut(&p->in[1]);
	shut(&p->out[0]);
	shut(&p->out[1]);
	shut(&p->pass[0]);
	shut(&p->pass[1]);
}

static void __attribute__((noreturn))
run_exec(const struct pipes *p, char **argv)
{
	char *envp[] = {(char *)(uintptr_t) "PATH=/usr/bin:/bin", NULL};
	/* Copies above the numbers that are to be taken. */
	int in = fcntl(p->in[0], F_DUPFD_CLOEXEC, 10);
	int out = fcntl(p->out[1], F_DUPFD_CLOEXEC, 10);
	int pass = fcntl(p->pass[0], F_DUPFD_CLOEXEC, 10);
	int null = open("/dev/null", O_WRONLY);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (null < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 ||
	    dup2(null, 2) < 0 || dup2(pass, PASSPHRASE_FD) < 0)
		_exit(71);
	close(3);
	close_range(PASSPHRASE_FD + 1, ~0u, 0);
	execve(GPG, argv, envp);
	_exit(71);
}

static char **
run_argv(const void *ctx, const struct gpg_run *run)
{
	static const char *const first[] = {"gpg", "--homedir", NULL, "--batch",
	    "--no-tty", "--quiet", "--pinentry-mode", "loopback",
	    "--passphrase-fd", "4"};
	size_t n = sizeof(first) / sizeof(first[0]);
	char **argv = talloc_zero_array(ctx, char *, n + ARGS_MAX + 1);

	if (argv == NULL)
		return NULL;
	for (size_t i = 0; i < n; i++)
		argv[i] = (char *)(uintptr_t)(first[i] != NULL ? first[i]
							       : run->home);
	for (size_t i = 0; run->args[i] != NULL; i++) {
		if (i >= ARGS_MAX)
			return NULL;
		argv[n + i] = (char *)(uintptr_t)run->args[i];
	}
	return argv;
}

/* Feeds input and takes output until gpg closes its end. */
static int
run_pump(const struct gpg_run *run, struct pipes *p, struct buf *output,
    struct error *err)
{
	struct bytes left = run->input;
	int64_t until = clock_monotonic_ms() + run->timeout_ms;
	uint8_t chunk[16384];
	ssize_t n = 0;
	int rc = -1;

	if (left.len == 0)
		shut(&p->in[1]);
	for (;;) {
		struct pollfd fds[2] = {
		    {p->out[0], POLLIN, 0}, {p->in[1], POLLOUT, 0}};
		int64_t wait = until - clock_monotonic_ms();

		if (wait <= 0) {
			error_set(err, FAULT_SETUP, "gpg: no end of it");
			break;
		}
		if (poll(fds, 2, (int)wait) < 0) {
			if (errno == EINTR)
				continue;
			error_errno(err, FAULT_RETRY, "poll");
			break;
		}
		if (fds[1].revents != 0) {
			n = write(p->in[1], left.data, left.len);
			if (n > 0) {
				left.data += n;
				left.len -= (size_t)n;
			}
			if ((n < 0 && errno != EAGAIN) || left.len == 0)
				shut(&p->in[1]);
		}
		if (fds[0].revents == 0)
			continue;
		n = read(p->out[0], chunk, sizeof(chunk));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			rc = 0;
			break;
		}
		if (buf_add(output, chunk, (size_t)n, err) != 0)
			break;
	}
	explicit_bzero(chunk, sizeof(chunk));
	return rc;
}

static int
run_pipes(const struct gpg_run *run, struct pipes *p, struct error *err)
{
	static const char newline = '\n';

	*p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
	if (pipe2(p->in, O_CLOEXEC) != 0 || pipe2(p->out, O_CLOEXEC) != 0 ||
	    pipe2(p->pass, O_CLOEXEC) != 0)
		return error_errno(err, FAULT_RETRY, "pipe");
	fcntl(p->in[1], F_SETFL, O_NONBLOCK);
	/* Shorter than any pipe's buffer. */
	if (run->passphrase.len > 4000 ||
	    (run->passphrase.len > 0 &&
		write(p->pass[1], run->passphrase.data, run->passphrase.len) !=
		    (ssize_t)run->passphrase.len) ||
	    write(p->pass[1], &newline, 1) != 1)
		return error_set(
		    err, FAULT_SETUP, "the passphrase is too long");
	shut(&p->pass[1]);
	return 0;
}

int
gpg_run(const struct gpg_run *run, struct buf *output, struct error *err)
{
	char **argv = run_argv(NULL, run);
	struct pipes p = {{-1, -1}, {-1, -1}, {-1, -1}};
	int status = -1;
	int rc = -1;
	pid_t pid;

	if (argv == NULL)
		return error_set(err, FAULT_RETRY, "too many keys for one gpg");
	if (run_pipes(run, &p, err) != 0)
		goto out;
	pid = fork();
	if (pid == 0)
		run_exec(&p, argv);
	if (pid < 0) {
		error_errno(err, FAULT_RETRY, "fork");
		goto out;
	}
	shut(&p.in[0]);
	shut(&p.out[1]);
	shut(&p.pass[0]);
	rc = run_pump(run, &p, output, err);
	if (rc != 0)
		kill(pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (rc == 0 && (!WIFEXITED(status) || WEXITSTATUS(status) != 0))
		rc = error_set(err, FAULT_SETUP, "gpg refused");
out:
	shut_all(&p);
	talloc_free(argv);
	return rc;
}
