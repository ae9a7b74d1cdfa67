/*
 * control.c - the Unix socket of psirt: who may connect, turns, time.
 *
 * Runs in the engine, which polls for it.  Nothing here waits: a turn works at
 * most CONTROL_TURN_MS on all requests together, one after the other, and a
 * slow reader stops only his own.  Says nothing about what is asked: that is
 * request.c.
 */
#include "connection.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/log.h"

/* ---- listening ---- */

static int
control_address(
    const char *path, struct sockaddr_un *address, struct error *err)
{
	size_t len = strlen(path);

	memset(address, 0, sizeof(*address));
	address->sun_family = AF_UNIX;
	if (len >= sizeof(address->sun_path))
		return error_set(err, FAULT_SETUP,
		    "the socket's path is longer than %zu bytes: %s",
		    sizeof(address->sun_path) - 1, path);
	memcpy(address->sun_path, path, len + 1);
	return 0;
}

/* 0, or what connect(2) says. */
static int
control_knock(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return errno;
	do
		rc = connect(
		    fd, (const struct sockaddr *)address, sizeof(*address));
	while (rc != 0 && errno == EINTR);
	rc = rc == 0 ? 0 : errno;
	close(fd);
	return rc;
}

bool
control_is_answered(const char *path)
{
	struct sockaddr_un address;
	int rc;

	if (control_address(path, &address, NULL) != 0)
		return false;
	rc = control_knock(&address);
	return rc == 0 || rc == EAGAIN;
}

/* A socket somebody answers at is refused, one left behind is taken away. */
static int
control_clear(const struct sockaddr_un *address, struct error *err)
{
	const char *path = address->sun_path;
	struct stat st;
	int rc;

	if (lstat(path, &st) != 0) {
		if (errno == ENOENT)
			return 0;
		return error_errno(err, FAULT_SETUP, "%s", path);
	}
	if (!S_ISSOCK(st.st_mode))
		return error_set(err, FAULT_SETUP,
		    "%s is there and no socket: move it away", path);
	rc = control_knock(address);
	if (rc != ECONNREFUSED && rc != ENOENT)
		return error_set(err, FAULT_SETUP,
		    "another psirtd answers at %s: stop it first", path);
	if (unlink(path) != 0 && errno != ENOENT)
		return error_errno(err, FAULT_SETUP, "%s", path);
	return 0;
}

static int
control_listen(struct control *c, struct error *err)
{
	struct sockaddr_un address;
	struct stat st;
	mode_t mask;
	int rc;

	if (control_address(c->path, &address, err) != 0 ||
	    control_clear(&address, err) != 0)
		return -1;
	c->listener =
	    socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (c->listener < 0)
		return error_errno(err, FAULT_RETRY, "socket");
	/* 0660 from its first moment on, not only after a chmod. */
	mask = umask(0117);
	rc = bind(
	    c->listener, (const struct sockaddr *)&address, sizeof(address));
	umask(mask);
	if (rc != 0)
		return error_errno(err, FAULT_SETUP, "%s", c->path);
	if (stat(c->path, &st) == 0) {
		c->device = (uint64_t)st.st_dev;
		c->inode = (uint64_t)st.st_ino;
	}
	if (listen(c->listener, CONTROL_CONNECTIONS) != 0)
		return error_errno(err, FAULT_SETUP, "%s", c->path);
	return 0;
}

static int
control_end(struct control *c)
{
	struct stat st;

	if (c->listener < 0)
		return 0;
	close(c->listener);
	/* Another daemon may have put its own there by now. */
	if (c->inode != 0 && stat(c->path, &st) == 0 &&
	    (uint64_t)st.st_ino == c->inode && (uint64_t)st.st_dev == c->device)
		unlink(c->path);
	return 0;
}

struct control *
control_new(const void *ctx, const struct settings *s, struct store *st,
    const struct control_engine *engine, struct error *err)
{
	struct control *c = talloc_zero(ctx, struct control);

	if (c == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	c->s = s;
	c->st = st;
	c->engine = engine;
	c->listener = -1;
	c->idle_ms = CONTROL_IDLE_MS;
	c->life_ms = CONTROL_LIFE_MS;
	c->path = talloc_strdup(c, s->socket);
	talloc_set_destructor(c, control_end);
	if (c->path == NULL || control_listen(c, err) != 0) {
		talloc_free(c);
		return NULL;
	}
	return c;
}

/* ---- connections ---- */

/* One too many: told so if it takes no waiting, and closed. */
static void
control_busy_answer(struct control *c, int fd)
{
	struct request *r =
	    request_refuse(c, c, CONTROL_EXIT_AGAIN, CONTROL_BUSY);

	if (r != NULL && send(fd, r->out->data, r->out->len,
			     MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		log_debug("control: one too many is gone already");
	talloc_free(r);
	close(fd);
}

/*
 * So that one user's connections leave room for everybody else's, and those
 * of any number of strangers for the desk's.
 */
static bool
control_has_room(const struct control *c, uid_t uid)
{
	bool stranger = settings_operator(c->s, uid) == NULL;
	size_t mine = 0, strangers = 0;

	for (size_t i = 0; i < c->nconnections; i++) {
		uid_t other = c->connections[i]->uid;

		mine += other == uid;
		strangers += settings_operator(c->s, other) == NULL;
	}
	return c->nconnections < CONTROL_CONNECTIONS &&
	       mine < CONTROL_ONE_USER &&
	       (!stranger || strangers < CONTROL_STRANGERS);
}

static void
control_accept(struct control *c)
{
	/* A flood of connections must not keep the loop either. */
	for (int i = 0; i < CONTROL_CONNECTIONS; i++) {
		struct ucred who;
		socklen_t len = sizeof(who);
		struct connection *conn;
		int fd = accept4(
		    c->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0)
			return;
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &len) != 0) {
			close(fd);
			continue;
		}
		if (!control_has_room(c, who.uid)) {
			control_busy_answer(c, fd);
			continue;
		}
		conn = connection_new(c, fd, who.uid);
		if (conn == NULL) {
			close(fd);
			continue;
		}
		c->connections[c->nconnections++] = conn;
	}
}

/* ---- what the engine calls ---- */

size_t
control_poll(struct control *c, struct pollfd *fds, size_t most)
{
	size_t n = 0;

	if (most == 0)
		return 0;
	fds[n++] = (struct pollfd){.fd = c->listener, .events = POLLIN};
	for (size_t i = 0; i < c->nconnections && n < most; i++) {
		const struct connection *conn = c->connections[i];
		short events = 0;

		if (conn->request == NULL)
			events |= POLLIN;
		else if (conn->request->out->len > conn->request->sent)
			events |= POLLOUT;
		fds[n++] = (struct pollfd){.fd = conn->fd, .events = events};
	}
	return n;
}

int64_t
control_wait_ms(const struct control *c)
{
	int64_t now_ms = clock_monotonic_ms();
	int64_t wait = -1;

	for (size_t i = 0; i < c->nconnections; i++) {
		const struct connection *conn = c->connections[i];
		int64_t left;

		/* One that waits for a room wakes with that room's answer. */
		if (!connection_can_work(conn) || conn->request->waits)
			continue;
		left = conn->request->rest_until_ms - now_ms;
		if (left < 0)
			left = 0;
		if (wait < 0 || left < wait)
			wait = left;
	}
	return wait;
}

static struct connection *
connection_of(struct control *c, int fd)
{
	for (size_t i = 0; i < c->nconnections; i++)
		if (c->connections[i]->fd == fd)
			return c->connections[i];
	return NULL;
}

static void
control_sockets(struct control *c, const struct pollfd *fds, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct connection *conn;

		if (fds[i].revents == 0 || fds[i].fd == c->listener)
			continue;
		conn = connection_of(c, fds[i].fd);
		if (conn == NULL)
			continue;
		if ((fds[i].revents & POLLIN) && conn->request == NULL)
			connection_read(conn);
		if ((fds[i].revents & POLLOUT) && conn->request != NULL)
			connection_write(conn);
		/* Both ways shut: nobody is left to read the answer. */
		if (fds[i].revents & (POLLHUP | POLLERR | POLLNVAL))
			conn->gone = true;
	}
}

/* One request after the other, each for what is left of the turn. */
static void
control_work(struct control *c)
{
	int64_t until_ms = clock_monotonic_ms() + CONTROL_TURN_MS;
	size_t n = c->nconnections;

	for (size_t i = 0; i < n; i++) {
		struct connection *conn = c->connections[(c->first + i) % n];

		if (conn->gone || conn->request == NULL)
			continue;
		if (connection_can_work(conn) && !connection_rests(conn))
			request_turn(conn->request, until_ms);
		connection_write(conn);
		if (clock_monotonic_ms() >= until_ms) {
			c->first = (c->first + i + 1) % n;
			return;
		}
	}
}

static void
control_close(struct control *c)
{
	int64_t now_ms = clock_monotonic_ms();
	size_t kept = 0;

	for (size_t i = 0; i < c->nconnections; i++) {
		struct connection *conn = c->connections[i];

		if (now_ms - conn->active_ms > c->idle_ms &&
		    !connection_can_work(conn))
			conn->gone = true;
		if (conn->request == NULL &&
		    now_ms - conn->since_ms > CONTROL_ASK_MS)
			conn->gone = true;
		/* A backup takes as long as its file. */
		if (conn->passed < 0 && now_ms - conn->since_ms > c->life_ms)
			conn->gone = true;
		if (conn->gone)
			talloc_free(conn);
		else
			c->connections[kept++] = conn;
	}
	c->nconnections = kept;
}

void
control_turn(struct control *c, const struct pollfd *fds, size_t count)
{
	bool called = false;

	for (size_t i = 0; i < count; i++)
		called |= fds[i].fd == c->listener && fds[i].revents != 0;
	control_sockets(c, fds, count);
	control_work(c);
	control_close(c);
	if (called)
		control_accept(c);
	strangers_turn(c);
}
