/*
 * test_stream_limits.c - what a server may take of us: time, bytes and CPU,
 * each with an end; the final dot is seen; a password is written and wiped.
 */
#include "net_server.h"

#include <sys/syscall.h>

#include <libetpan/libetpan.h>

#include "psirtd/stream.h"

#include "../../daemon/stream/stream_internal.h"

static struct stream *
open_to(struct net_server *s, void (*talk)(struct peer *p))
{
	struct error err = {0};
	struct server at;
	struct stream *stream;

	server_start(s, talk);
	at = server_at(s, false);
	stream = stream_open(NULL, &at, &err);
	assert_string_equal(err.text, "");
	assert_non_null(stream);
	return stream;
}

/* One byte every 50 ms: each read is in time, the whole is not. */
static void
talk_trickle(struct peer *p)
{
	if (!peer_tls(p, CERT_GOOD, NULL))
		return;
	for (;;) {
		say(p, ".");
		usleep(50000);
	}
}

static void
talk_endless(struct peer *p)
{
	static char block[8192];

	memset(block, 'k', sizeof(block));
	if (!peer_tls(p, CERT_GOOD, NULL))
		return;
	for (;;)
		say_bytes(p, block, sizeof(block));
}

static void
talk_leaves(struct peer *p)
{
	if (peer_tls(p, CERT_GOOD, NULL))
		say(p, "half a li");
}

static void
talk_deaf(struct peer *p)
{
	if (peer_tls(p, CERT_GOOD, NULL))
		sleep(60);
}

static void
talk_sink(struct peer *p)
{
	char line[256];

	if (peer_tls(p, CERT_GOOD, NULL))
		while (hear(p, line, sizeof(line)))
			continue;
}

static void
test_trickle(void **state)
{
	struct net_server s;
	struct stream *stream = open_to(&s, talk_trickle);
	MMAPString *line = mmap_string_new("");
	int64_t began = clock_monotonic_ms();

	stream_allow(stream, 400, 1 << 20);
	assert_null(mailstream_read_line(stream_mailstream(stream), line));
	assert_in_range(clock_monotonic_ms() - began, 350, 2000);
	assert_non_null(strstr(stream_trouble(stream), "too long"));
	/* A new allowance does not bring it back. */
	stream_allow(stream, 400, 1 << 20);
	assert_null(mailstream_read_line(stream_mailstream(stream), line));
	mmap_string_free(line);
	talloc_free(stream);
	server_stop(&s);
}

static void
test_endless_line(void **state)
{
	struct net_server s;
	struct stream *stream = open_to(&s, talk_endless);
	MMAPString *line = mmap_string_new("");

	stream_allow(stream, 5000, 100000);
	assert_null(mailstream_read_line(stream_mailstream(stream), line));
	assert_in_range(line->len, 1, 100000);
	assert_non_null(strstr(stream_trouble(stream), "100000 bytes"));
	mmap_string_free(line);
	talloc_free(stream);
	server_stop(&s);
}

/* The end of the connection is an error, never a read of nothing. */
static void
test_end_is_an_error(void **state)
{
	struct net_server s;
	struct stream *stream = open_to(&s, talk_leaves);
	mailstream_low *low = mailstream_get_low(stream_mailstream(stream));
	char got[64];
	ssize_t n;
	ssize_t all = 0;

	while ((n = mailstream_low_read(low, got, sizeof(got))) > 0)
		all += n;
	assert_int_equal(all, 9);
	assert_int_equal(n, -1);
	assert_int_equal(mailstream_low_read(low, got, sizeof(got)), -1);
	assert_int_equal(mailstream_low_write(low, "x", 1), -1);
	assert_non_null(strstr(stream_trouble(stream), "closed"));
	talloc_free(stream);
	server_stop(&s);
}

/* A server that reads nothing: writing ends as well. */
static void
test_deaf(void **state)
{
	static char block[65536];
	struct net_server s;
	struct stream *stream = open_to(&s, talk_deaf);
	mailstream_low *low = mailstream_get_low(stream_mailstream(stream));
	int64_t began = clock_monotonic_ms();

	stream_allow(stream, 300, 1 << 20);
	while (mailstream_low_write(low, block, sizeof(block)) > 0)
		continue;
	assert_in_range(clock_monotonic_ms() - began, 250, 3000);
	assert_non_null(strstr(stream_trouble(stream), "too long"));
	talloc_free(stream);
	server_stop(&s);
}

static void
test_final_dot(void **state)
{
	static const char letter[] = "Subject: x\r\n\r\n.\r\n..\r\nlast";
	struct net_server s;
	struct stream *stream = open_to(&s, talk_sink);
	mailstream *mail = stream_mailstream(stream);

	/* Not watched: not counted. */
	mailstream_write(mail, "x\r\n.\r\n", 6);
	mailstream_flush(mail);
	assert_false(stream_final_dot_gone(stream));
	stream_watch_final_dot(stream);
	/* The end of what was written before is no beginning of it. */
	mailstream_write(mail, ".\r\n", 3);
	mailstream_flush(mail);
	assert_false(stream_final_dot_gone(stream));
	stream_watch_final_dot(stream);
	mailstream_write(mail, "a\r\n", 3);
	mailstream_flush(mail);
	mailstream_write(mail, ".\r", 2);
	mailstream_flush(mail);
	assert_false(stream_final_dot_gone(stream));
	mailstream_write(mail, "\n", 1);
	/* In libetpan's buffer it is not with TLS yet. */
	assert_false(stream_final_dot_gone(stream));
	mailstream_flush(mail);
	assert_true(stream_final_dot_gone(stream));
	/* Dots of the letter itself are stuffed. */
	stream_watch_final_dot(stream);
	assert_false(stream_final_dot_gone(stream));
	assert_int_equal(
	    mailstream_send_data(mail, letter, sizeof(letter) - 1, 0, NULL), 0);
	assert_true(stream_final_dot_gone(stream));
	wait_told(&s, "\r\n..\r\n...\r\nlast\r\n.\r\n");
	talloc_free(stream);
	server_stop(&s);
}

/* Freed in either order, libetpan's half and ours. */
static void
test_lives(void **state)
{
	struct net_server s;
	struct stream *stream = open_to(&s, talk_sink);
	mailimap *imap = mailimap_new(0, NULL);

	imap->imap_stream = stream_mailstream(stream);
	stream_gave_away(stream);
	talloc_free(stream);
	mailimap_free(imap); /* says LOGOUT to nobody */
	server_stop(&s);

	stream = open_to(&s, talk_sink);
	imap = mailimap_new(0, NULL);
	imap->imap_stream = stream_mailstream(stream);
	stream_gave_away(stream);
	stream_give_up(stream, "enough");
	mailimap_free(imap);
	assert_string_equal(stream_trouble(stream), "enough");
	assert_int_equal(stream_fd(stream), -1);
	assert_false(stream_pending(stream));
	talloc_free(stream);
	server_stop(&s);
}

static void
test_watchdog(void **state)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		volatile unsigned n = 0;

		stream_watchdog(100);
		while (n + 1 != 0)
			n++;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGVTALRM);
}

static void
test_secrets(void **state)
{
	static const struct {
		const char *raw, *base64;
	} rows[] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"\xff\xfe\xfd", "//79"},
	};
	void *ctx = talloc_new(NULL);
	struct error err = {0};

	for (size_t i = 0; i < COUNT_OF(rows); i++)
		assert_string_equal(
		    stream_base64(ctx, bytes_str(rows[i].raw)), rows[i].base64);
	assert_string_equal(stream_auth_plain(ctx, "tim", "tanstaaftanstaaf"),
	    "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
	assert_string_equal(
	    stream_secret_text(ctx, bytes_str("pa ss\xc3\xa9"), &err),
	    "pa ss\xc3\xa9");
	assert_null(stream_secret_text(ctx, bytes_str(""), &err));
	assert_null(stream_secret_text(ctx, bytes_of("a\0b", 3), &err));
	assert_null(stream_secret_text(ctx, bytes_str("a\r\nA1 LOGOUT"), &err));
	assert_int_equal(err.fault, FAULT_SETUP);
	assert_null(strstr(err.text, "LOGOUT"));
	talloc_free(ctx);
}

static bool
has_landlock(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0, 1) >= 1;
}

/* Behind the walls: the internet's families, and few files. */
static void
test_walls(void **state)
{
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		struct error err = {0};
		char name[128];
		FILE *file;

		snprintf(name, sizeof(name), "%s/ca.key", net_folder);
		if (stream_walls((size_t)256 << 20, &err) != 0)
			_exit(1);
		if (socket(AF_UNIX, SOCK_STREAM, 0) >= 0)
			_exit(2);
		if (socket(AF_INET, SOCK_STREAM, 0) < 0 ||
		    socket(AF_INET6, SOCK_STREAM, 0) < 0)
			_exit(3);
		file = fopen(name, "r");
		if (file != NULL && has_landlock())
			_exit(4);
		file = fopen("/etc/hosts", "r");
		if (file == NULL)
			_exit(5);
		execl("/bin/true", "true", (char *)NULL);
		if (malloc((size_t)512 << 20) != NULL)
			_exit(6);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
#ifndef PSIRTD_SANITIZE
	assert_int_equal(WEXITSTATUS(status), 0);
#endif
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_trickle),
	    cmocka_unit_test(test_endless_line),
	    cmocka_unit_test(test_end_is_an_error),
	    cmocka_unit_test(test_deaf),
	    cmocka_unit_test(test_final_dot),
	    cmocka_unit_test(test_lives),
	    cmocka_unit_test(test_watchdog),
	    cmocka_unit_test(test_secrets),
	    cmocka_unit_test(test_walls),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
