/*
 * test_settings_secret.c - secrets from files and commands: what is taken,
 * what is refused, and that no error tells a byte of one.
 */
#include "settings_file.h"

#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "../../daemon/settings/settings_internal.h"
#include "psirtd/clock.h"

static const struct place place = {"psirtd.conf", 12};

static char *
secret_file(const void *ctx, const void *data, size_t len, mode_t mode)
{
	char *path = file_with(ctx, "");
	int fd = open(path, O_WRONLY);

	assert_int_equal(write(fd, data, len), len);
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
	return path;
}

static struct buf *
of_file(const void *ctx, const char *path, struct error *err)
{
	struct secret_source from = {.file = path};

	*err = (struct error){0};
	return settings_secret(ctx, &from, place, err);
}

static struct buf *
of_command(const void *ctx, const char *command, struct error *err)
{
	struct secret_source from = {.command = command};

	*err = (struct error){0};
	return settings_secret(ctx, &from, place, err);
}

static void
assert_secret(
    const struct buf *secret, const struct error *err, const char *want)
{
	if (secret == NULL)
		fail_msg("%s", err->text);
	assert_int_equal(secret->len, strlen(want));
	assert_memory_equal(secret->data, want, strlen(want));
}

static void
assert_refused(
    const struct buf *secret, const struct error *err, const char *says)
{
	assert_null(secret);
	assert_int_equal(err->fault, FAULT_SETUP);
	assert_int_equal(strncmp(err->text, "psirtd.conf:12: ", 16), 0);
	if (strstr(err->text, says) == NULL)
		fail_msg("wanted \"%s\" in \"%s\"", says, err->text);
	assert_null(strstr(err->text, "hunter2"));
}

static void
test_file(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err;

	assert_secret(
	    of_file(ctx, secret_file(ctx, "hunter2\n", 8, 0600), &err), &err,
	    "hunter2");
	assert_secret(of_file(ctx, secret_file(ctx, "hunter2", 7, 0400), &err),
	    &err, "hunter2");
	/* systemd's credentials are the group's to read, by ACL. */
	assert_secret(of_file(ctx, secret_file(ctx, " a b \n", 6, 0440), &err),
	    &err, " a b ");
	talloc_free(ctx);
}

static void
test_file_refused(void **state)
{
	static const char two[] = "hunter2\nhunter2\n";
	void *ctx = talloc_new(NULL);
	char *big = talloc_zero_size(ctx, SECRET_MAX + 2);
	struct error err;
	char *path;

	memset(big, 'x', SECRET_MAX + 2);
	path = secret_file(ctx, "hunter2\n", 8, 0604);
	assert_refused(of_file(ctx, path, &err), &err,
	    "is open to everybody on this host: chmod o= it");
	assert_non_null(strstr(err.text, path));
	assert_refused(
	    of_file(ctx, secret_file(ctx, "", 0, 0600), &err), &err, "empty");
	assert_refused(
	    of_file(ctx, secret_file(ctx, "\n", 1, 0600), &err), &err, "empty");
	assert_refused(
	    of_file(ctx, secret_file(ctx, two, strlen(two), 0600), &err), &err,
	    "more than one line");
	assert_refused(
	    of_file(ctx, secret_file(ctx, "hunter2\0x", 9, 0600), &err), &err,
	    "more than one line");
	assert_refused(
	    of_file(ctx, secret_file(ctx, big, SECRET_MAX + 2, 0600), &err),
	    &err, "more than 4096 bytes");
	assert_refused(of_file(ctx, "/no/such/imap.secret", &err), &err,
	    "/no/such/imap.secret: No such file or directory");
	assert_refused(of_file(ctx, "/", &err), &err, "is no file");
	talloc_free(ctx);
}

/* A FIFO would hold up the start for ever. */
static void
test_file_fifo(void **state)
{
	void *ctx = talloc_new(NULL);
	char *path = file_with(ctx, "");
	struct error err;

	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(of_file(ctx, path, &err), &err, "is no file");
	talloc_free(ctx);
}

static void
test_credentials(void **state)
{
	void *ctx = talloc_new(NULL);
	char *path = secret_file(ctx, "hunter2\n", 8, 0400);
	char *name = talloc_asprintf(ctx, "%%d/%s", strrchr(path, '/') + 1);
	struct error err;

	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp", 1), 0);
	assert_secret(of_file(ctx, name, &err), &err, "hunter2");
	assert_refused(of_file(ctx, "%d/nothing-such", &err), &err,
	    "/tmp/nothing-such: No such file");
	assert_int_equal(unsetenv("CREDENTIALS_DIRECTORY"), 0);
	assert_refused(of_file(ctx, name, &err), &err,
	    "$CREDENTIALS_DIRECTORY is not set: start psirtd by its unit");
	talloc_free(ctx);
}

static void
test_words(void **state)
{
	void *ctx = talloc_new(NULL);
	char **w =
	    command_words(ctx, " /bin/x  'a  b' c\"d 'e\"f \"\" $HOME \\n\t;");

	assert_string_equal(w[0], "/bin/x");
	assert_string_equal(w[1], "a  b");
	assert_string_equal(w[2], "cd 'ef");
	assert_string_equal(w[3], "");
	assert_string_equal(w[4], "$HOME");
	assert_string_equal(w[5], "\\n");
	assert_string_equal(w[6], ";");
	assert_null(w[7]);
	assert_null(command_words(ctx, "/bin/x 'a"));
	assert_null(command_words(ctx, "/bin/x a\""));
	assert_null(command_words(ctx, "")[0]);
	assert_null(command_words(ctx, "  \t ")[0]);
	/* The most words there can be. */
	assert_null(command_words(ctx, "a b c d e")[5]);
	talloc_free(ctx);
}

static void
test_command(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err;

	assert_secret(
	    of_command(ctx, "/bin/echo hunter2", &err), &err, "hunter2");
	/* No shell: what it would do with these is not done. */
	assert_secret(of_command(ctx, "/bin/echo $HOME `id` ; exit 3", &err),
	    &err, "$HOME `id` ; exit 3");
	/* Its input is empty, and the descriptors of ours are closed. */
	assert_secret(
	    of_command(ctx,
		"/bin/sh -c 'cat; ls /proc/self/fd | tr -d \"\\n\"'", &err),
	    &err, "0123");
	talloc_free(ctx);
}

static void
test_command_environment(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err;

	assert_int_equal(setenv("HOME", "/home/of-desk", 1), 0);
	assert_int_equal(setenv("LD_PRELOAD_X", "hunter2", 1), 0);
	assert_int_equal(setenv("CREDENTIALS_DIRECTORY", "/tmp", 1), 0);
	unsetenv("LOGNAME");
	unsetenv("USER");
	assert_secret(of_command(ctx,
			  "/bin/sh -c 'env | grep -v -e ^PWD -e ^_ -e ^SHLVL "
			  "| sort | tr \"\\n\" \" \"'",
			  &err),
	    &err,
	    "CREDENTIALS_DIRECTORY=/tmp HOME=/home/of-desk "
	    "PATH=/usr/bin:/bin ");
	unsetenv("CREDENTIALS_DIRECTORY");
	talloc_free(ctx);
}

static void
test_command_refused(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err;

	assert_refused(of_command(ctx, "/no/such/program hunter2", &err), &err,
	    "/no/such/program cannot be run");
	assert_refused(
	    of_command(ctx, "/bin/sh -c 'echo hunter2; exit 3'", &err), &err,
	    "/bin/sh failed: exit status 3");
	assert_refused(of_command(ctx, "/bin/sh -c 'kill -9 $$'", &err), &err,
	    "/bin/sh was ended by signal 9");
	assert_refused(
	    of_command(ctx, "/bin/true hunter2", &err), &err, "empty");
	assert_refused(of_command(ctx, "/bin/echo -e 'hunter2\\nx'", &err),
	    &err, "more than one line");
	assert_refused(of_command(ctx, "/usr/bin/yes hunter2", &err), &err,
	    "more than 4096 bytes");
	assert_refused(of_command(ctx, "", &err), &err, "no program");
	assert_refused(of_file(ctx, NULL, &err), &err, "neither a file nor");
	talloc_free(ctx);
}

/* Ended, if perhaps not yet reaped by init. */
static bool
runs(pid_t pid)
{
	char path[40];
	char state = 'Z';
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	f = fopen(path, "r");
	if (f == NULL)
		return false;
	if (fscanf(f, "%*d (%*[^)]) %c", &state) != 1)
		state = 'Z';
	fclose(f);
	return state != 'Z' && state != 'X';
}

static bool
is_gone(pid_t pid)
{
	const struct timespec pause = {0, 10000000};

	for (int i = 0; i < 300 && runs(pid); i++)
		nanosleep(&pause, NULL);
	return !runs(pid);
}

/* Stopped in time, with all it has started, whether it talks or not. */
static void
test_command_time(void **state)
{
	static const char *const scripts[] = {"sleep 60 & echo $! >$0; wait",
	    "sleep 60 >/dev/null & echo $! >$0; exec >/dev/null; wait"};

	for (size_t i = 0; i < COUNT(scripts); i++) {
		void *ctx = talloc_new(NULL);
		char *pids = file_with(ctx, "");
		char *words[] = {(char *)(uintptr_t) "/bin/sh",
		    (char *)(uintptr_t) "-c", (char *)(uintptr_t)scripts[i],
		    pids, NULL};
		int64_t began = clock_monotonic_ms();
		struct error err = {0};
		long pid = 0;
		FILE *f;

		assert_refused(secret_run(ctx, words, 300, place, &err), &err,
		    "/bin/sh does not end in time and was stopped");
		assert_true(clock_monotonic_ms() - began < 5000);
		f = fopen(pids, "r");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "%ld", &pid), 1);
		fclose(f);
		assert_true(is_gone((pid_t)pid));
		talloc_free(ctx);
	}
}

/* The engine has signals blocked; a program of the desk must not. */
static void
test_command_signals(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err;
	sigset_t all;
	sigset_t before;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	assert_refused(
	    of_command(ctx, "/bin/sh -c 'kill -TERM $$; echo x'", &err), &err,
	    "was ended by signal 15");
	sigprocmask(SIG_SETMASK, &before, NULL);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_file),
	    cmocka_unit_test(test_file_refused),
	    cmocka_unit_test(test_file_fifo),
	    cmocka_unit_test(test_credentials),
	    cmocka_unit_test(test_words),
	    cmocka_unit_test(test_command),
	    cmocka_unit_test(test_command_environment),
	    cmocka_unit_test(test_command_refused),
	    cmocka_unit_test(test_command_time),
	    cmocka_unit_test(test_command_signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
