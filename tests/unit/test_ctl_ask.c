/*
 * test_ctl_ask.c - one question over a real Unix socket: whole answers,
 * broken ones, and nobody there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "../../daemon/ctl/ask.h"

struct place {
	char folder[32];
	char path[64];
};

static int
setup(void **state)
{
	static struct place place;

	snprintf(place.folder, sizeof(place.folder), "/tmp/ask-XXXXXX");
	if (mkdtemp(place.folder) == NULL)
		return -1;
	snprintf(place.path, sizeof(place.path), "%s/s", place.folder);
	*state = &place;
	return 0;
}

static int
teardown(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	return rmdir(place->folder);
}

static int
listen_at(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	assert_int_equal(
	    bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	return fd;
}

/* A child takes one line; exit 0: it was the line wanted. */
static pid_t
serve(const char *path, const char *want, const char *answer)
{
	int fd = listen_at(path);
	pid_t pid = fork();

	if (pid == 0) {
		int peer = accept(fd, NULL, NULL);
		char line[4096];
		size_t len = 0;
		ssize_t n;

		while (
		    len < sizeof(line) - 1 &&
		    (n = recv(peer, line + len, sizeof(line) - 1 - len, 0)) > 0)
			len += (size_t)n;
		line[len] = '\0';
		if (send(peer, answer, strlen(answer), MSG_NOSIGNAL) < 0)
			_exit(2);
		_exit(strcmp(line, want) == 0 ? 0 : 1);
	}
	close(fd);
	return pid;
}

static json_t *
ask_once(struct place *place, const char *want, const char *answer,
    struct error *err)
{
	static const char *const words[] = {"show", "PSIRT-2026-0001"};
	pid_t pid = serve(place->path, want, answer);
	json_t *root;
	int status;

	error_clear(err);
	root = ask(place->path, words, 2, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	unlink(place->path);
	return root;
}

#define LINE "{\"version\":1,\"args\":[\"show\",\"PSIRT-2026-0001\"]}\n"

static void
test_a_whole_answer(void **state)
{
	struct error err;
	json_t *root = ask_once(*state, LINE,
	    "{\"version\":1,\"data\":{\"a\":1},\"error\":null,\"exit\":0}\n",
	    &err);

	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(
			     json_object_get(root, "data"), "a")),
	    1);
	json_decref(root);
}

static void
test_broken_answers(void **state)
{
	static const struct {
		const char *answer;
		enum fault fault;
	} rows[] = {
	    {"", FAULT_RETRY},
	    {"{\"version\":1,\"data\":{", FAULT_RETRY},
	    {"{\"version\":1,\"data\":{}}", FAULT_RETRY}, /* no end of line */
	    {"{\"version\":2,\"data\":{}}\n", FAULT_DENIED},
	    {"{\"version\":1,\"data\":[]}\n", FAULT_DENIED},
	    {"hello\n", FAULT_DENIED},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct error err;

		assert_null(ask_once(*state, LINE, rows[i].answer, &err));
		assert_int_equal(err.fault, rows[i].fault);
		assert_true(strlen(err.text) > 10);
	}
}

static void
test_nobody_there(void **state)
{
	static const char *const words[] = {"list"};
	static const char *const odd[] = {"sh\xff"};
	struct place *place = *state;
	char longer[200];
	struct error err;

	assert_null(ask(place->path, words, 1, &err));
	assert_int_equal(err.fault, FAULT_RETRY);
	assert_non_null(strstr(err.text, place->path));
	/* A socket left behind by a daemon that died. */
	close(listen_at(place->path));
	assert_null(ask(place->path, words, 1, &err));
	assert_int_equal(err.fault, FAULT_RETRY);
	unlink(place->path);
	memset(longer, 'x', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_null(ask(longer, words, 1, &err));
	assert_int_equal(err.fault, FAULT_DENIED);
	assert_null(ask(place->path, odd, 1, &err));
	assert_int_equal(err.fault, FAULT_DENIED);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_whole_answer),
	    cmocka_unit_test(test_broken_answers),
	    cmocka_unit_test(test_nobody_there),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
