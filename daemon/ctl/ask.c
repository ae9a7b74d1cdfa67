/*
 * ask.c - one question to psirtd over its Unix socket.
 *
 * Runs in psirt.  Sends one line of JSON, reads one line back.  Says in
 * plain words what is the matter when nobody answers.
 */
#include "ask.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <talloc.h>

#include "psirtd/bytes.h"

#define ANSWER_MAX ((size_t)1 << 30)
#define WAIT_S 60

/* A file that psirtd writes while we wait. */
struct growth {
	int file; /* -1: none */
	bool shown;
	off_t size;
	int still_s; /* since it grew */
};

static int
ask_connect(const char *path, int wait_s, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = wait_s};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, FAULT_DENIED,
		    "the socket's path is too long: %s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_errno(err, FAULT_RETRY, "socket");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) ==
	    0)
		return fd;
	switch (errno) {
	case EACCES:
	case EPERM:
		error_set(err, FAULT_DENIED,
		    "you may not ask psirtd at %s: your login must be in the "
		    "group that owns it",
		    path);
		break;
	case ENOENT:
	case ECONNREFUSED:
		error_set(err, FAULT_RETRY,
		    "psirtd does not answer at %s: is it running? "
		    "(systemctl status psirtd)",
		    path);
		break;
	default:
		error_errno(err, FAULT_RETRY, "%s", path);
	}
	close(fd);
	return -1;
}

static char *
ask_line(const char *const *args, size_t nargs)
{
	json_t *words = json_array();
	json_t *root;
	char *line;

	for (size_t i = 0; i < nargs; i++) {
		/* A word that is not UTF-8 is none psirtd could know. */
		if (json_array_append_new(words, json_string(args[i])) != 0) {
			json_decref(words);
			return NULL;
		}
	}
	root = json_pack("{s:i,s:o}", "version", 1, "args", words);
	line = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return line;
}

/* The first byte of the question, and the file with it. */
static int
ask_pass(int fd, const char *line, int file, struct error *err)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} passed = {0};
	struct iovec byte = {.iov_base = (void *)(uintptr_t)line, .iov_len = 1};
	struct msghdr message = {.msg_iov = &byte,
	    .msg_iovlen = 1,
	    .msg_control = &passed,
	    .msg_controllen = sizeof(passed)};

	passed.header.cmsg_level = SOL_SOCKET;
	passed.header.cmsg_type = SCM_RIGHTS;
	passed.header.cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(&passed.header), &file, sizeof(int));
	/* Refused at the door: the answer says why. */
	if (sendmsg(fd, &message, MSG_NOSIGNAL) < 0 && errno != EPIPE &&
	    errno != ECONNRESET)
		return error_errno(
		    err, FAULT_RETRY, "psirtd takes no question");
	return 0;
}

static int
ask_send(int fd, const char *data, size_t len, struct error *err)
{
	while (len > 0) {
		ssize_t n = send(fd, data, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		/* Refused in the middle: the answer says why. */
		if (n < 0 && (errno == EPIPE || errno == ECONNRESET))
			return 0;
		if (n < 0)
			return error_errno(
			    err, FAULT_RETRY, "psirtd takes no question");
		data += n;
		len -= (size_t)n;
	}
	return 0;
}

/* A second passed without an answer; true: it is worth to wait on. */
static bool
grows(struct growth *g)
{
	struct stat info;

	if (g->file < 0 || fstat(g->file, &info) != 0)
		return false;
	g->still_s = info.st_size > g->size ? 0 : g->still_s + 1;
	g->size = info.st_size;
	if (g->shown)
		fprintf(
		    stderr, "\r%lld MB written ", (long long)(g->size >> 20));
	return g->still_s < WAIT_S;
}

static int
ask_receive(int fd, struct buf *in, struct growth *g, struct error *err)
{
	char chunk[65536];

	for (;;) {
		ssize_t n = recv(fd, chunk, sizeof(chunk), 0);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && grows(g))
			continue;
		if (n == 0 || (n < 0 && errno == ECONNRESET && in->len > 0))
			return 0;
		if (n < 0)
			return error_errno(
			    err, FAULT_RETRY, "psirtd gives no answer");
		if (buf_add(in, chunk, (size_t)n, err) != 0)
			return -1;
	}
}

static json_t *
ask_answer(struct bytes line, struct error *err)
{
	json_error_t at;
	json_t *root;

	if (line.len == 0 || line.data[line.len - 1] != '\n') {
		error_set(err, FAULT_RETRY,
		    "psirtd broke off in the middle: try again");
		return NULL;
	}
	root = json_loadb((const char *)line.data, line.len, 0, &at);
	if (json_integer_value(json_object_get(root, "version")) == 1 &&
	    json_is_object(json_object_get(root, "data")))
		return root;
	json_decref(root);
	error_set(err, FAULT_DENIED,
	    "the answer is not understood: psirt and psirtd must be of the "
	    "same release");
	return NULL;
}

json_t *
ask(const char *socket, const char *const *args, size_t nargs,
    struct error *err)
{
	return ask_to_write(socket, args, nargs, -1, false, err);
}

json_t *
ask_to_write(const char *socket, const char *const *args, size_t nargs,
    int file, bool growing, struct error *err)
{
	struct growth growth = {.file = file, .shown = growing};
	struct buf *in = buf_new(NULL, ANSWER_MAX);
	char *line = ask_line(args, nargs);
	json_t *root = NULL;
	size_t sent = 0;
	int fd = -1;

	if (in == NULL || line == NULL) {
		error_set(
		    err, FAULT_DENIED, "a word of the command is not UTF-8");
		goto out;
	}
	fd = ask_connect(socket, file < 0 ? WAIT_S : 1, err);
	if (fd < 0)
		goto out;
	if (file >= 0) {
		if (ask_pass(fd, line, file, err) != 0)
			goto out;
		sent = 1;
	}
	if (ask_send(fd, line + sent, strlen(line) - sent, err) != 0 ||
	    ask_send(fd, "\n", 1, err) != 0)
		goto out;
	shutdown(fd, SHUT_WR);
	if (ask_receive(fd, in, &growth, err) == 0)
		root = ask_answer(buf_bytes(in), err);
	if (growing)
		fputs("\r\033[K", stderr);
out:
	if (fd >= 0)
		close(fd);
	free(line);
	talloc_free(in);
	return root;
}
