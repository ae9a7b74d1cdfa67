/*
 * connection.c - one psirt that is connected: its line comes in, the answer
 * goes out, and it is closed.
 *
 * Runs in the engine.  Never waits: it takes and gives what there is room for.
 */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"

static int
connection_close(struct connection *conn)
{
	if (conn->passed >= 0)
		close(conn->passed);
	if (conn->fd >= 0)
		close(conn->fd);
	return 0;
}

struct connection *
connection_new(struct control *c, int fd, uid_t uid)
{
	struct connection *conn = talloc_zero(c, struct connection);

	if (conn == NULL)
		return NULL;
	conn->control = c;
	conn->fd = -1;
	conn->passed = -1;
	conn->uid = uid;
	conn->in = buf_new(conn, CONTROL_REQUEST_MAX);
	if (conn->in == NULL) {
		talloc_free(conn);
		return NULL;
	}
	conn->fd = fd;
	conn->since_ms = conn->active_ms = clock_monotonic_ms();
	talloc_set_destructor(conn, connection_close);
	return conn;
}

static void
connection_ask(struct connection *conn, struct bytes line)
{
	conn->request = request_new(conn, conn->control, conn->uid, line);
	if (conn->request == NULL)
		conn->gone = true;
	else
		conn->request->passed = conn->passed;
	buf_clear(conn->in);
}

/*
 * What came, and a file that was passed with it.  To close one may take long,
 * on a file system that its sender chose: nobody but the desk may pass any.
 */
static ssize_t
connection_receive(struct connection *conn, char *chunk, size_t size)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} passed;
	struct iovec to = {.iov_base = chunk, .iov_len = size};
	struct msghdr message = {.msg_iov = &to, .msg_iovlen = 1};
	const struct operator* who =
	    settings_operator(conn->control->s, conn->uid);
	const struct cmsghdr *m;
	ssize_t n;

	if (who != NULL && who->role >= OPERATOR_OPERATOR && conn->passed < 0) {
		message.msg_control = &passed;
		message.msg_controllen = sizeof(passed);
	}
	n = recvmsg(conn->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	if (n < 0)
		return n;
	m = CMSG_FIRSTHDR(&message);
	if (m != NULL && m->cmsg_level == SOL_SOCKET &&
	    m->cmsg_type == SCM_RIGHTS)
		for (size_t at = CMSG_LEN(0); at + sizeof(int) <= m->cmsg_len;
		     at += sizeof(int)) {
			/* Room for one may hold two: the last one stays. */
			if (conn->passed >= 0)
				close(conn->passed);
			memcpy(
			    &conn->passed, (const char *)m + at, sizeof(int));
		}
	return n;
}

void
connection_read(struct connection *conn)
{
	char chunk[16384];
	ssize_t n = connection_receive(conn, chunk, sizeof(chunk));
	const char *end;

	if (n < 0) {
		if (errno != EAGAIN && errno != EINTR)
			conn->gone = true;
		return;
	}
	/* A line without its end is a client that died: nothing is done. */
	if (n == 0) {
		conn->gone = true;
		return;
	}
	conn->active_ms = clock_monotonic_ms();
	end = memchr(chunk, '\n', (size_t)n);
	if (buf_add(conn->in, chunk,
		end != NULL ? (size_t)(end - chunk) : (size_t)n, NULL) != 0) {
		conn->request = request_refuse(conn, conn->control,
		    CONTROL_EXIT_USAGE, "the request is longer than 256 KB");
		conn->gone = conn->request == NULL;
		return;
	}
	if (end != NULL)
		connection_ask(conn, buf_bytes(conn->in));
}

void
connection_write(struct connection *conn)
{
	struct request *r = conn->request;

	while (r->sent < r->out->len) {
		ssize_t n = send(conn->fd, r->out->data + r->sent,
		    r->out->len - r->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			if (errno != EAGAIN)
				conn->gone = true;
			break;
		}
		r->sent += (size_t)n;
		conn->active_ms = clock_monotonic_ms();
	}
	/* What left is dropped, so that a long answer stays small here. */
	if (r->sent == r->out->len || r->sent > CONTROL_OUT_ENOUGH) {
		buf_drop(r->out, r->sent);
		r->sent = 0;
	}
	if (r->place == ANSWER_WHOLE && r->out->len == 0)
		conn->gone = true;
}

bool
connection_can_work(const struct connection *conn)
{
	return !conn->gone && conn->request != NULL &&
	       conn->request->place != ANSWER_WHOLE &&
	       !answer_is_full(conn->request);
}

bool
connection_rests(const struct connection *conn)
{
	return conn->request->rest_until_ms > clock_monotonic_ms();
}
