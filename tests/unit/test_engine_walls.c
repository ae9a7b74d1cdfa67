/*
 * test_engine_walls.c - behind its walls the engine sees its database and
 * socket, and neither the keys nor the network, and can start nothing.
 *
 * Each try is a child behind the real walls: there is no way back out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <talloc.h>

#include "../../daemon/engine_internal.h"
#include "psirtd/sandbox.h"

struct world {
	char folder[32];
	char data[64], keys[64];
	char database[96], socket[96], secret[96];
};

static int
setup(void **state)
{
	struct world *w = talloc_zero(NULL, struct world);
	FILE *file;

	strcpy(w->folder, "/tmp/test_walls.XXXXXX");
	if (mkdtemp(w->folder) == NULL)
		return -1;
	snprintf(w->data, sizeof(w->data), "%s/data", w->folder);
	snprintf(w->keys, sizeof(w->keys), "%s/keys", w->folder);
	snprintf(w->database, sizeof(w->database), "%s/psirtd.db", w->data);
	snprintf(w->socket, sizeof(w->socket), "%s/psirt", w->data);
	snprintf(w->secret, sizeof(w->secret), "%s/secret", w->keys);
	if (mkdir(w->data, 0700) != 0 || mkdir(w->keys, 0700) != 0)
		return -1;
	file = fopen(w->secret, "w");
	if (file == NULL || fclose(file) != 0)
		return -1;
	*state = w;
	return 0;
}

static int
teardown(void **state)
{
	struct world *w = *state;

	unlink(w->database);
	unlink(w->secret);
	rmdir(w->data);
	rmdir(w->keys);
	rmdir(w->folder);
	talloc_free(w);
	return 0;
}

/* What `act` gives behind the walls: 0, or its errno. */
static int
behind(struct world *w, int (*act)(const struct world *w))
{
	struct settings s = {.database = w->database, .socket = w->socket};
	struct engine *e = talloc_zero(w, struct engine);
	struct error err = {0};
	pid_t pid;
	int status;

	e->s = &s;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (sandbox_base(&err) != 0 || engine_walls(e, &err) != 0)
			_exit(255);
		errno = 0;
		_exit(act(w) >= 0 ? 0 : errno);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int
write_database(const struct world *w)
{
	return open(w->database, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
}

static int
read_keys(const struct world *w)
{
	return open(w->secret, O_RDONLY | O_CLOEXEC);
}

static int
list_keys(const struct world *w)
{
	return open(w->keys, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static int
run_program(const struct world *w)
{
	char *const none[] = {NULL};

	return execve("/bin/true", none, none);
}

static int
call_out(const struct world *w)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
call_out_6(const struct world *w)
{
	return socket(AF_INET6, SOCK_STREAM, 0);
}

static int
call_here(const struct world *w)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

/* Landlock: 0 where this kernel has none. */
static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) > 0;
}

static void
test_its_own_is_there(void **state)
{
	assert_int_equal(behind(*state, write_database), 0);
	assert_int_equal(behind(*state, call_here), 0);
}

static void
test_keys_are_out_of_sight(void **state)
{
	if (!sandbox_is_real() || !has_landlock())
		skip();
	assert_int_equal(behind(*state, read_keys), EACCES);
	assert_int_equal(behind(*state, list_keys), EACCES);
}

static void
test_nothing_is_started(void **state)
{
	if (!sandbox_is_real())
		skip();
	assert_int_equal(behind(*state, run_program), EPERM);
}

static void
test_there_is_no_network(void **state)
{
	if (!sandbox_is_real())
		skip();
	assert_int_equal(behind(*state, call_out), EPERM);
	assert_int_equal(behind(*state, call_out_6), EPERM);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		test_its_own_is_there, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_keys_are_out_of_sight, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_nothing_is_started, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_there_is_no_network, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
