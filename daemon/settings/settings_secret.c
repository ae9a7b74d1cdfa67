/*
 * settings_secret.c - a secret from its file or its command, into a buffer
 * that is wiped when freed.
 *
 * Runs in the engine at start, before its walls.  Nothing here prints or
 * keeps content: errors name the line of the settings, the file or the
 * program.  The command is run without a shell, once, in a process group of
 * its own that is ended when the answer is in or time is up.
 */
#include "settings_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"

#define CANNOT_RUN 127

static const char *
where(const void *ctx, struct place place)
{
	if (place.line <= 0)
		return place.file;
	return talloc_asprintf(ctx, "%s:%d", place.file, place.line);
}

/* ---- what came ---- */

/* Takes one trailing line end off; a secret is one line, not empty. */
static int
secret_trim(struct buf *secret, const char *from, struct error *err)
{
	if (secret->len > 0 && secret->data[secret->len - 1] == '\n')
		secret->data[--secret->len] = '\0';
	if (secret->len == 0)
		return error_set(
		    err, FAULT_SETUP, "%s gives no secret: it is empty", from);
	/* Either would end the command of a mail server early. */
	if (memchr(secret->data, '\n', secret->len) != NULL ||
	    memchr(secret->data, '\r', secret->len) != NULL ||
	    memchr(secret->data, '\0', secret->len) != NULL)
		return error_set(err, FAULT_SETUP,
		    "%s gives more than one line: the secret alone is wanted",
		    from);
	return 0;
}

/* 1: more may come; 0: that was all. */
static int
secret_take(struct buf *secret, int fd, const char *from, struct error *err)
{
	char chunk[SECRET_MAX + 2];
	ssize_t n = read(fd, chunk, sizeof(chunk));
	int rc = n > 0 ? 1 : 0;

	if (n < 0 && errno != EINTR && errno != EAGAIN)
		rc = error_errno(err, FAULT_SETUP, "%s", from);
	else if (n < 0)
		rc = 1;
	else if (n > 0 && buf_add(secret, chunk, (size_t)n, NULL) != 0)
		rc = error_set(err, FAULT_SETUP,
		    "%s gives more than %d bytes: the secret alone is wanted",
		    from, SECRET_MAX);
	explicit_bzero(chunk, sizeof(chunk));
	return rc;
}

/* ---- from a file ---- */

char *
secret_path(const void *ctx, const char *path, struct error *err)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");

	if (strncmp(path, "%d/", 3) != 0)
		return talloc_strdup(ctx, path);
	if (folder == NULL || folder[0] != '/') {
		error_set(err, FAULT_SETUP,
		    "%s: %%d is the credentials folder of systemd, and "
		    "$CREDENTIALS_DIRECTORY is not set: start psirtd by its "
		    "unit, or write a whole path",
		    path);
		return NULL;
	}
	return talloc_asprintf(ctx, "%s%s", folder, path + 2);
}

static int
secret_read(struct buf *secret, const char *path, struct error *err)
{
	/* O_NONBLOCK: a FIFO in its place must not hold up the start. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	int rc = -1;

	if (fd < 0)
		return error_errno(err, FAULT_SETUP, "%s", path);
	if (fstat(fd, &st) != 0)
		error_errno(err, FAULT_SETUP, "%s", path);
	else if (!S_ISREG(st.st_mode))
		error_set(err, FAULT_SETUP, "%s is no file", path);
	else if ((st.st_mode & S_IRWXO) != 0)
		error_set(err, FAULT_SETUP,
		    "%s is open to everybody on this host: chmod o= it, and "
		    "change the secret",
		    path);
	else
		do {
			rc = secret_take(secret, fd, path, err);
		} while (rc > 0);
	close(fd);
	return rc;
}

/* ---- from a command ---- */

/* What the program may know; nothing of ours is inherited beside it. */
static char **
command_environment(const void *ctx)
{
	static const char *const keep[] = {
	    "HOME", "LOGNAME", "USER", "CREDENTIALS_DIRECTORY"};
	char **envp = talloc_zero_array(ctx, char *, COUNT(keep) + 2);
	size_t n = 0;

	if (envp == NULL)
		return NULL;
	envp[n++] = talloc_strdup(envp, "PATH=/usr/bin:/bin");
	for (size_t i = 0; i < COUNT(keep) && envp[n - 1] != NULL; i++) {
		const char *value = getenv(keep[i]);

		if (value != NULL)
			envp[n++] =
			    talloc_asprintf(envp, "%s=%s", keep[i], value);
	}
	return envp[n - 1] == NULL ? NULL : envp;
}

/* Between fork and exec: only async-signal-safe calls. */
static void __attribute__((noreturn))
command_exec(char *const *words, char *const *envp, int out)
{
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setpgid(0, 0);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	signal(SIGPIPE, SIG_DFL);
	if (null < 0 || dup2(null, STDIN_FILENO) < 0 ||
	    dup2(out, STDOUT_FILENO) < 0)
		_exit(CANNOT_RUN);
	close_range(STDERR_FILENO + 1, ~0u, 0);
	execve(words[0], words, envp);
	_exit(CANNOT_RUN);
}

static int
poll_until(int fd, int64_t until)
{
	struct pollfd p = {fd, POLLIN, 0};

	for (;;) {
		int64_t left = until - clock_monotonic_ms();
		int rc = left > 0 ? poll(&p, 1, (int)left) : 0;

		if (rc >= 0 || errno != EINTR)
			return rc;
	}
}

/* Its output whole, then its end; -1 with the reason. */
static int
command_listen(struct buf *secret, int fd, pid_t pid, const char *name,
    int64_t until, struct error *err)
{
	int end;
	int rc;

	do {
		if (poll_until(fd, until) <= 0)
			return error_set(err, FAULT_SETUP,
			    "%s does not end in time and was stopped", name);
		rc = secret_take(secret, fd, name, err);
	} while (rc > 0);
	if (rc != 0)
		return -1;
	end = (int)syscall(SYS_pidfd_open, pid, 0);
	if (end < 0)
		return error_errno(err, FAULT_SETUP, "%s", name);
	rc = poll_until(end, until);
	close(end);
	if (rc <= 0)
		return error_set(err, FAULT_SETUP,
		    "%s does not end in time and was stopped", name);
	return 0;
}

static int
command_judge(int status, const char *name, struct error *err)
{
	if (WIFSIGNALED(status))
		return error_set(err, FAULT_SETUP, "%s was ended by signal %d",
		    name, WTERMSIG(status));
	if (WEXITSTATUS(status) == CANNOT_RUN)
		return error_set(err, FAULT_SETUP,
		    "%s cannot be run (or said so itself, by exit status %d)",
		    name, CANNOT_RUN);
	if (WEXITSTATUS(status) != 0)
		return error_set(err, FAULT_SETUP, "%s failed: exit status %d",
		    name, WEXITSTATUS(status));
	return 0;
}

static int
command_run(
    struct buf *secret, char *const *words, int wait_ms, struct error *err)
{
	char **envp = command_environment(secret);
	int64_t until = clock_monotonic_ms() + wait_ms;
	int status = 0;
	int fds[2];
	pid_t pid;
	int rc;

	if (envp == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (pipe2(fds, O_CLOEXEC) != 0)
		return error_errno(err, FAULT_RETRY, "pipe");
	pid = fork();
	if (pid == 0)
		command_exec(words, envp, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return error_errno(err, FAULT_RETRY, "fork");
	}
	setpgid(pid, pid); /* both do it: no race for the kill below */
	rc = command_listen(secret, fds[0], pid, words[0], until, err);
	close(fds[0]);
	/* Not reaped yet, so the group's number is still its own. */
	kill(-pid, SIGKILL);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return rc != 0 ? rc : command_judge(status, words[0], err);
}

char **
command_words(const void *ctx, const char *command)
{
	size_t most = strlen(command);
	char **words = talloc_zero_array(ctx, char *, most / 2 + 2);
	const char *from = command + strspn(command, " \t");
	size_t n = 0;

	while (words != NULL && *from != '\0') {
		char *word = talloc_zero_array(words, char, most + 1);
		char quote = '\0';
		size_t len = 0;

		for (; word != NULL && *from != '\0'; from++) {
			if (quote == '\0' && strchr(" \t", *from) != NULL)
				break;
			if (quote == '\0' && strchr("'\"", *from) != NULL)
				quote = *from;
			else if (quote == *from)
				quote = '\0';
			else
				word[len++] = *from;
		}
		if (word == NULL || quote != '\0') {
			talloc_free(words);
			return NULL;
		}
		words[n++] = word;
		from += strspn(from, " \t");
	}
	return words;
}

struct buf *
secret_run(const void *ctx, char *const *words, int wait_ms, struct place place,
    struct error *err)
{
	struct buf *secret = buf_new_secret(ctx, SECRET_MAX + 1);

	if (secret == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	if (command_run(secret, words, wait_ms, err) != 0 ||
	    secret_trim(secret, words[0], err) != 0) {
		error_prefix(err, "%s", where(secret, place));
		talloc_free(secret);
		return NULL;
	}
	return secret;
}

/* ---- both ---- */

struct buf *
secret_of_file(const void *ctx, const char *file, struct error *err)
{
	struct buf *secret = buf_new_secret(ctx, SECRET_MAX + 1);
	char *path;

	if (secret == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	path = secret_path(secret, file, err);
	if (path == NULL || secret_read(secret, path, err) != 0 ||
	    secret_trim(secret, path, err) != 0) {
		talloc_free(secret);
		return NULL;
	}
	return secret;
}

struct buf *
settings_secret(const void *ctx, const struct secret_source *from,
    struct place place, struct error *err)
{
	struct buf *secret;
	char **words;

	if (from->place.line > 0)
		place = from->place;
	if (from->file != NULL) {
		secret = secret_of_file(ctx, from->file, err);
		if (secret == NULL)
			error_prefix(err, "%s", where(ctx, place));
		return secret;
	}
	if (from->command == NULL) {
		error_set(err, FAULT_SETUP,
		    "%s: neither a file nor a command names the secret",
		    where(ctx, place));
		return NULL;
	}
	words = command_words(ctx, from->command);
	if (words == NULL || words[0] == NULL) {
		error_set(err, FAULT_SETUP, "%s: the command has no program",
		    where(ctx, place));
		talloc_free(words);
		return NULL;
	}
	secret = secret_run(ctx, words, SECRET_WAIT_MS, place, err);
	talloc_free(words);
	return secret;
}
