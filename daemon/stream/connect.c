/*
 * connect.c - a TCP connection with a deadline of our own.
 *
 * Takes a server's name or address and a point in time; gives a connected,
 * non-blocking socket.  Every address of the name is tried, each with its
 * share of the time left.  Runs in the fetch and send rooms.  Knows nothing
 * of TLS or mail.
 */
#include "stream_internal.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "psirtd/clock.h"

/* A dead peer is noticed also while nobody speaks (IDLE). */
static void
tune(int fd, unsigned timeout_ms)
{
	const int on = 1;
	const int idle_s = 120;
	const int between_s = 30;
	const int count = 4;

	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(
	    fd, IPPROTO_TCP, TCP_KEEPINTVL, &between_s, sizeof(between_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(
	    fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout_ms, sizeof(timeout_ms));
}

/* 0, or an errno. */
static int
finish(int fd, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd p = {fd, POLLOUT, 0};
		int64_t left = deadline_ms - clock_monotonic_ms();
		socklen_t len = sizeof(int);
		int failed = 0;
		int rc;

		if (left <= 0)
			return ETIMEDOUT;
		rc = poll(&p, 1, left > INT32_MAX ? INT32_MAX : (int)left);
		if (rc < 0 && errno != EINTR)
			return errno;
		if (rc <= 0)
			continue;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &len) != 0)
			return errno;
		return failed;
	}
}

/* The socket, or -1 with *failed set. */
static int
try_address(const struct addrinfo *ai, int64_t deadline_ms, int *failed)
{
	int fd = socket(ai->ai_family,
	    ai->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, ai->ai_protocol);

	if (fd < 0) {
		*failed = errno;
		return -1;
	}
	*failed = 0;
	if (connect(fd, ai->ai_addr, ai->ai_addrlen) != 0)
		*failed = errno == EINPROGRESS || errno == EINTR
			      ? finish(fd, deadline_ms)
			      : errno;
	if (*failed == 0)
		return fd;
	close(fd);
	return -1;
}

int
tcp_connect(const struct server *server, int64_t deadline_ms,
    unsigned timeout_ms, struct error *err)
{
	const char *where =
	    server->connect_to != NULL ? server->connect_to : server->host;
	struct addrinfo hints = {0};
	struct addrinfo *list = NULL;
	char port[16];
	int failed = ETIMEDOUT;
	int left = 0;
	int fd = -1;
	int rc;

	if (where == NULL || server->port == 0 || server->port > 65535)
		return error_set(
		    err, FAULT_SETUP, "no host or port to connect to");
	hints.ai_family = AF_UNSPEC;
	hints.ai_socktype = SOCK_STREAM;
	hints.ai_flags = AI_NUMERICSERV;
	snprintf(port, sizeof(port), "%u", (unsigned)server->port);
	rc = getaddrinfo(where, port, &hints, &list);
	if (rc != 0)
		return error_set(err, FAULT_RETRY, "cannot find %s: %s", where,
		    rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc));
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next)
		left++;
	for (const struct addrinfo *ai = list; ai != NULL && fd < 0;
	     ai = ai->ai_next) {
		int64_t now = clock_monotonic_ms();

		if (now >= deadline_ms)
			break;
		fd = try_address(ai, now + (deadline_ms - now) / left, &failed);
		left--;
	}
	freeaddrinfo(list);
	if (fd < 0)
		return error_set(err, FAULT_RETRY, "cannot connect to %s: %s",
		    where, strerror(failed));
	tune(fd, timeout_ms);
	return fd;
}
