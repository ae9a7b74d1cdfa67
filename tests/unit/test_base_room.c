/*
 * test_base_room.c - one child a job with its limits, the channel, and the
 * walls: what a room may not do is refused or ends it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <talloc.h>

#include "psirtd/channel.h"
#include "psirtd/clock.h"
#include "psirtd/room.h"
#include "psirtd/sandbox.h"

static const struct room_limits limits = {
    .wall_ms = 3000,
    .cpu_s = 2,
    .memory_bytes = 256 << 20,
    .reply_bytes = 1 << 20,
};

static int
job_echo(void *arg, struct buf *out, struct error *err)
{
	return buf_add(out, arg, strlen(arg), err);
}

static int
job_error(void *arg, struct buf *out, struct error *err)
{
	return error_set(err, FAULT_INPUT, "no %s here", (const char *)arg);
}

static int
job_crash(void *arg, struct buf *out, struct error *err)
{
	raise(SIGKILL);
	return 0;
}

/* How many times it ran, where all of its processes see it. */
static int *ran;

static int
job_struck(void *arg, struct buf *out, struct error *err)
{
	if (++*ran < *(int *)arg)
		raise(SIGKILL);
	return buf_add(out, "soup", 4, err);
}

static int
job_aborts(void *arg, struct buf *out, struct error *err)
{
	++*ran;
	raise(SIGABRT);
	return 0;
}

static int
job_hang(void *arg, struct buf *out, struct error *err)
{
	while (pause() != 0)
		continue;
	return 0;
}

static int
job_spin(void *arg, struct buf *out, struct error *err)
{
	volatile unsigned n = 0;

	while (n + 1 != 0 || arg == NULL)
		n++;
	return 0;
}

static int
job_flood(void *arg, struct buf *out, struct error *err)
{
	/* A child in bad hands writes as it likes. */
	char block[4096] = {'k'};

	for (int i = 0; i < 1000; i++)
		for (int fd = 3; fd < 32; fd++)
			if (write(fd, block, sizeof(block)) < 0)
				continue;
	return 0;
}

/* Leaves a process behind that holds a lock file's byte: its pid. */
static int
job_orphan(void *arg, struct buf *out, struct error *err)
{
	pid_t pid = fork();

	if (pid == 0) {
		for (int fd = 3; fd < 64; fd++)
			close(fd);
		for (;;)
			pause();
	}
	return buf_add(out, &pid, sizeof(pid), err);
}

static void
test_jobs(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct bytes answer;
	char word[] = "soup";

	assert_int_equal(
	    room_run_job(ctx, &limits, NULL, job_echo, word, &answer, &err),
	    ROOM_END_OK);
	assert_true(bytes_equal(answer, bytes_str("soup")));
	assert_int_equal(
	    room_run_job(ctx, &limits, NULL, job_error, word, &answer, &err),
	    ROOM_END_CRASH);
	assert_string_equal(err.text, "no soup here");
	assert_int_equal(
	    room_run_job(ctx, &limits, NULL, job_crash, word, &answer, &err),
	    ROOM_END_CRASH);
	assert_int_equal(
	    room_run_job(ctx, &limits, NULL, job_flood, word, &answer, &err),
	    ROOM_END_TOO_BIG);
	talloc_free(ctx);
}

static enum room_end
ends(void *ctx, room_job *job, int good)
{
	struct bytes answer;
	struct error err;

	*ran = 0;
	return room_run_job(ctx, &limits, NULL, job, &good, &answer, &err);
}

/* The kernel that wants memory back says nothing about a letter. */
static void
test_struck_from_outside(void **state)
{
	void *ctx = talloc_new(NULL);

	ran = mmap(NULL, sizeof(*ran), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_true(ran != MAP_FAILED);
	assert_int_equal(ends(ctx, job_struck, 2), ROOM_END_OK);
	assert_int_equal(*ran, 2);
	assert_int_equal(ends(ctx, job_struck, 3), ROOM_END_CRASH);
	assert_int_equal(*ran, 2);
	/* What it does itself it would do again. */
	assert_int_equal(ends(ctx, job_aborts, 0), ROOM_END_CRASH);
	assert_int_equal(*ran, 1);
	munmap(ran, sizeof(*ran));
	talloc_free(ctx);
}

static void
test_time(void **state)
{
	void *ctx = talloc_new(NULL);
	struct room_limits quick = limits;
	struct error err = {0};
	struct bytes answer;
	int64_t start = clock_monotonic_ms();

	quick.wall_ms = 200;
	assert_int_equal(
	    room_run_job(ctx, &quick, NULL, job_hang, NULL, &answer, &err),
	    ROOM_END_TIME);
	assert_true(clock_monotonic_ms() - start < 2000);
	quick.wall_ms = 20000;
	quick.cpu_s = 1;
	assert_int_equal(
	    room_run_job(ctx, &quick, NULL, job_spin, NULL, &answer, &err),
	    ROOM_END_TIME);
	assert_true(clock_monotonic_ms() - start < 10000);
	talloc_free(ctx);
}

static void
test_group_killed(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct bytes answer;
	pid_t pid;

	assert_int_equal(
	    room_run_job(ctx, &limits, NULL, job_orphan, NULL, &answer, &err),
	    ROOM_END_OK);
	assert_int_equal(answer.len, sizeof(pid));
	memcpy(&pid, answer.data, sizeof(pid));
	for (int i = 0; i < 200 && kill(pid, 0) == 0; i++) {
		char path[64];
		char stat[256] = {0};
		int fd;

		/* Dead and not yet reaped by init counts as gone. */
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
		fd = open(path, O_RDONLY);
		if (fd >= 0 && read(fd, stat, sizeof(stat) - 1) > 0 &&
		    strstr(stat, ") Z ") != NULL) {
			close(fd);
			break;
		}
		if (fd >= 0)
			close(fd);
		usleep(10000);
		assert_true(i < 199);
	}
	talloc_free(ctx);
}

/* ---- walls ---- */

static int
enter_read(struct error *err)
{
	return sandbox_base(err) != 0 ? -1 : sandbox_calls(SANDBOX_READ, err);
}

static int
enter_net(struct error *err)
{
	return sandbox_base(err) != 0 ? -1 : sandbox_calls(SANDBOX_NET, err);
}

static int
enter_vault(struct error *err)
{
	static const char *const read_paths[] = {"/usr", NULL};
	static const char *const write_paths[] = {"/dev/null", NULL};
	const struct sandbox_paths paths = {
	    .read = read_paths, .write = write_paths};

	if (sandbox_base(err) != 0 || sandbox_files(&paths, err) != 0)
		return -1;
	return sandbox_calls(SANDBOX_VAULT, err);
}

static int
enter_engine(struct error *err)
{
	static const char *const read_paths[] = {"/usr", NULL};
	static const char *const write_paths[] = {"/dev/null", NULL};
	const struct sandbox_paths paths = {
	    .read = read_paths, .write = write_paths};

	if (sandbox_base(err) != 0 || sandbox_files(&paths, err) != 0)
		return -1;
	return sandbox_calls(SANDBOX_ENGINE, err);
}

static int
try_open(void *arg, struct buf *out, struct error *err)
{
	int fd = open("/etc/passwd", O_RDONLY);

	return buf_addf(out, err, "%d", fd >= 0 ? 0 : errno);
}

static int
try_family(void *arg, struct buf *out, struct error *err)
{
	int fd = socket(*(int *)arg, SOCK_STREAM, 0);

	return buf_addf(out, err, "%d", fd >= 0 ? 0 : errno);
}

static int
try_fork(void *arg, struct buf *out, struct error *err)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return buf_addf(out, err, "%d", pid > 0 ? 0 : errno);
}

static int
try_exec(void *arg, struct buf *out, struct error *err)
{
	char *const argv[] = {(char *)(uintptr_t) "true", NULL};

	execv("/bin/true", argv);
	return buf_addf(out, err, "%d", errno);
}

static int
try_ptrace(void *arg, struct buf *out, struct error *err)
{
	long rc = ptrace(PTRACE_TRACEME, 0, NULL, NULL);

	return buf_addf(out, err, "%d", rc == 0 ? 0 : errno);
}

static int
try_vm(void *arg, struct buf *out, struct error *err)
{
	char a = 0;
	char b = 0;
	struct iovec here = {&a, 1};
	struct iovec there = {&b, 1};
	ssize_t n = process_vm_readv(getpid(), &here, 1, &there, 1, 0);

	return buf_addf(out, err, "%d", n >= 0 ? 0 : errno);
}

static int
try_core(void *arg, struct buf *out, struct error *err)
{
	return buf_addf(out, err, "%d", prctl(PR_GET_DUMPABLE));
}

static int unix_family = AF_UNIX;
static int inet_family = AF_INET;
static int inet6_family = AF_INET6;
static int netlink_family = AF_NETLINK;

enum expect { WORKS, REFUSED, ENDS };

static const struct {
	const char *what;
	int (*enter)(struct error *err);
	room_job *job;
	int *arg;
	enum expect expect;
} cells[] = {
    {"read: open", enter_read, try_open, NULL, REFUSED},
    {"read: socket", enter_read, try_family, &unix_family, ENDS},
    {"read: inet", enter_read, try_family, &inet_family, ENDS},
    {"read: fork", enter_read, try_fork, NULL, ENDS},
    {"read: exec", enter_read, try_exec, NULL, ENDS},
    {"read: ptrace", enter_read, try_ptrace, NULL, ENDS},
    {"net: inet", enter_net, try_family, &inet_family, WORKS},
    {"net: inet6", enter_net, try_family, &inet6_family, WORKS},
    {"net: unix", enter_net, try_family, &unix_family, REFUSED},
    {"net: netlink", enter_net, try_family, &netlink_family, REFUSED},
    {"net: exec", enter_net, try_exec, NULL, REFUSED},
    {"net: ptrace", enter_net, try_ptrace, NULL, REFUSED},
    {"net: vm", enter_net, try_vm, NULL, REFUSED},
    {"engine: unix", enter_engine, try_family, &unix_family, WORKS},
    {"engine: inet", enter_engine, try_family, &inet_family, REFUSED},
    {"engine: inet6", enter_engine, try_family, &inet6_family, REFUSED},
    {"engine: open", enter_engine, try_open, NULL, REFUSED},
    {"engine: exec", enter_engine, try_exec, NULL, REFUSED},
    {"engine: ptrace", enter_engine, try_ptrace, NULL, REFUSED},
    {"engine: vm", enter_engine, try_vm, NULL, REFUSED},
    {"vault: unix", enter_vault, try_family, &unix_family, WORKS},
    {"vault: inet", enter_vault, try_family, &inet_family, REFUSED},
    {"vault: inet6", enter_vault, try_family, &inet6_family, REFUSED},
    {"vault: open", enter_vault, try_open, NULL, REFUSED},
    {"vault: ptrace", enter_vault, try_ptrace, NULL, REFUSED},
    {"vault: vm", enter_vault, try_vm, NULL, REFUSED},
    {"vault: not dumpable", enter_vault, try_core, NULL, WORKS},
};

static void
test_walls(void **state)
{
	void *ctx;

	if (!sandbox_is_real())
		skip();
	ctx = talloc_new(NULL);
	for (size_t i = 0; i < sizeof(cells) / sizeof(cells[0]); i++) {
		struct error err = {0};
		struct bytes answer;
		enum room_end end = room_run_job(ctx, &limits, cells[i].enter,
		    cells[i].job, cells[i].arg, &answer, &err);

		print_message("%s\n", cells[i].what);
		if (cells[i].expect == ENDS) {
			assert_int_equal(end, ROOM_END_CRASH);
			continue;
		}
		assert_int_equal(end, ROOM_END_OK);
		if (cells[i].expect == WORKS)
			assert_true(bytes_equal(answer, bytes_str("0")));
		else
			assert_false(bytes_equal(answer, bytes_str("0")));
	}
	talloc_free(ctx);
}

/* ---- the channel ---- */

static void
test_channel(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct channel *a;
	struct channel *b;
	struct frame frame;
	bool timed_out;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	a = channel_new(ctx, fds[0], 1000);
	b = channel_new(ctx, fds[1], 1000);
	assert_int_equal(channel_send_bytes(a, 7, bytes_str("hello"), &err), 0);
	assert_int_equal(channel_send_bytes(a, 8, BYTES_NONE, &err), 0);
	assert_int_equal(channel_recv(b, ctx, 1000, &frame, NULL, &err), 1);
	assert_int_equal(frame.type, 7);
	assert_true(bytes_equal(frame.payload, bytes_str("hello")));
	assert_int_equal(channel_recv(b, ctx, 1000, &frame, NULL, &err), 1);
	assert_int_equal(frame.type, 8);
	assert_int_equal(channel_recv(b, ctx, 20, &frame, &timed_out, &err), 0);
	assert_true(timed_out);
	/* Over the cap: refused on the way out, */
	assert_int_equal(channel_send_bytes(a, 9,
			     bytes_of(talloc_zero_size(ctx, 1001), 1001), &err),
	    -1);
	/* and on the way in, before memory is taken. */
	assert_int_equal(write(fds[0], "psd1\0\0\0\1\xff\xff\xff\xff", 12), 12);
	assert_int_equal(channel_recv(b, ctx, 1000, &frame, NULL, &err), -1);
	assert_int_equal(err.fault, FAULT_INPUT);
	talloc_free(ctx);
}

static void
test_channel_ends(void **state)
{
	void *ctx = talloc_new(NULL);
	struct error err = {0};
	struct channel *b;
	struct frame frame;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	b = channel_new(ctx, fds[1], 1000);
	assert_int_equal(write(fds[0], "psd1\0\0\0\1\0\0", 10), 10);
	close(fds[0]);
	assert_int_equal(channel_recv(b, ctx, 1000, &frame, NULL, &err), -1);
	talloc_free(b);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	b = channel_new(ctx, fds[1], 1000);
	assert_int_equal(write(fds[0], "SSH-2.0-nope", 12), 12);
	assert_int_equal(channel_recv(b, ctx, 1000, &frame, NULL, &err), -1);
	talloc_free(b);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	b = channel_new(ctx, fds[1], 1000);
	close(fds[0]);
	assert_int_equal(channel_recv(b, ctx, 1000, &frame, NULL, &err), 0);
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_jobs),
	    cmocka_unit_test(test_struck_from_outside),
	    cmocka_unit_test(test_time),
	    cmocka_unit_test(test_group_killed),
	    cmocka_unit_test(test_walls),
	    cmocka_unit_test(test_channel),
	    cmocka_unit_test(test_channel_ends),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
