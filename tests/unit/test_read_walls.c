/*
 * test_read_walls.c - the room as it runs, with another reader: what is to
 * read a letter tries what whoever has taken it over would try first.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/sandbox.h"
#include "read_child.h"

static struct reading *reading_tried(const void *ctx,
    const struct reader *reader, const struct read_job *job, struct error *err);

/* The whole room, but for what looks into a letter. */
#define reading_new reading_tried
#include "../../daemon/read/read_room.c"
#undef reading_new

static int
try_nothing(void)
{
	return 0;
}

static int
try_open(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int
try_write(void)
{
	return open("/tmp/psirtd-read-walls", O_WRONLY | O_CREAT, 0600);
}

static int
try_unix(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int
try_inet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int
try_inet6(void)
{
	return socket(AF_INET6, SOCK_DGRAM, 0);
}

static int
try_exec(void)
{
	char *const argv[] = {(char *)(uintptr_t) "none", NULL};

	return execv("/no/such/program", argv);
}

static int
try_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid;
}

enum expect { WORKS, REFUSED, ENDS };

static const struct {
	const char *what;
	int (*act)(void);
	enum expect expect;
} tries[] = {
    {"nothing", try_nothing, WORKS},
    {"open", try_open, REFUSED},
    {"open to write", try_write, REFUSED},
    {"socket(AF_UNIX)", try_unix, ENDS},
    {"socket(AF_INET)", try_inet, ENDS},
    {"socket(AF_INET6)", try_inet6, ENDS},
    {"exec", try_exec, ENDS},
    {"fork", try_fork, ENDS},
};
#define NTRIES (sizeof(tries) / sizeof(tries[0]))

/* The mode of the job is the row; its errno stands in the subject. */
static struct reading *
reading_tried(const void *ctx, const struct reader *reader,
    const struct read_job *job, struct error *err)
{
	struct reading *r = talloc_zero(ctx, struct reading);
	int rc;

	errno = 0;
	rc = tries[job->mode].act();
	r->headers.subject = talloc_asprintf(r, "%d", rc >= 0 ? 0 : errno);
	return r;
}

static void
check(const char *what, const struct frame *frame, enum expect expect)
{
	void *ctx = talloc_new(NULL);
	struct read_failed *failed;
	struct reading *r;
	int code;

	print_message("%s\n", what);
	if (expect == ENDS) {
		assert_int_equal(frame->type, READ_FAILED);
		failed =
		    wire_decode(ctx, &read_failed_wire, frame->payload, NULL);
		assert_non_null(failed);
		assert_int_equal(failed->end, ROOM_END_CRASH);
	} else {
		assert_int_equal(frame->type, READ_DONE);
		r = wire_decode(ctx, &reading_wire, frame->payload, NULL);
		assert_non_null(r);
		code = (int)strtol(r->headers.subject, NULL, 10);
		if (expect == WORKS)
			assert_int_equal(code, 0);
		else
			assert_true(code == EPERM || code == EACCES);
	}
	talloc_free(ctx);
}

static void
test_job_behind_its_walls(void **state)
{
	struct read_setup setup;
	struct room *room;
	void *ctx;

	if (!sandbox_is_real()) {
		print_message("skipped: no walls under the sanitizer\n");
		skip();
	}
	ctx = talloc_new(NULL);
	world_setup(&setup);
	room = room_ready(ctx, &setup);
	for (size_t i = 0; i < NTRIES; i++) {
		struct frame frame =
		    ask_job(room, ctx, (uint32_t)i, BYTES_NONE);

		check(tries[i].what, &frame, tries[i].expect);
	}
	/* A job that was ended costs itself alone. */
	assert_int_equal(ask_job(room, ctx, 0, BYTES_NONE).type, READ_DONE);
	room_close(room, 0);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_job_behind_its_walls),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
