/*
 * net_server.h - small servers for the tests of stream/, fetch/ and send/,
 * each a child of the test that says what one function says, over TLS with
 * certificates made on the spot; and a room in a child, talked to in frames.
 *
 * What a server was told stands in memory that the test shares with it, so
 * that a test can say: no secret came this far.
 */
#ifndef TESTS_UNIT_NET_SERVER_H
#define TESTS_UNIT_NET_SERVER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <signal.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <talloc.h>

#include "psirtd/channel.h"
#include "psirtd/clock.h"
#include "psirtd/fetch.h"
#include "psirtd/room.h"

#define HOST "mail.vendor.example"
#define USER "psirt@vendor.example"
#define SECRET "correct-horse-battery"
#define WAIT_MS 8000
#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))

enum cert { CERT_GOOD, CERT_WRONG_HOST, CERT_EXPIRED, CERT_UNKNOWN_CA };

static const char *const cert_files[] = {
    [CERT_GOOD] = "good.pem",
    [CERT_WRONG_HOST] = "wrong-host.pem",
    [CERT_EXPIRED] = "expired.pem",
    [CERT_UNKNOWN_CA] = "unknown-ca.pem",
};

/* A room must leave nothing behind; what the test holds is its own. */
#ifdef PSIRTD_SANITIZE
void __lsan_do_leak_check(void);
void __lsan_disable(void);
void __lsan_enable(void);
const char *__lsan_default_suppressions(void);

/* libetpan 1.9.4 loses a greeting that is BYE. */
const char *
__lsan_default_suppressions(void)
{
	return "leak:mailimap_greeting_new\n";
}
#else
#define __lsan_do_leak_check() ((void)0)
#define __lsan_disable() ((void)0)
#define __lsan_enable() ((void)0)
#endif

/* ---- certificates ---- */

static char net_folder[64];
static char *net_ca; /* PEM of the CA that is trusted */

static inline int
net_setup(void **state)
{
	static const char script[] =
	    "{ cd %s && new='-newkey ec -pkeyopt ec_paramgen_curve:P-256"
	    " -nodes' && for ca in ca other; do openssl req -x509 $new"
	    " -keyout $ca.key -out $ca.pem -days 2 -subj /CN=$ca-of-a-test"
	    " -addext keyUsage=critical,keyCertSign; done"
	    " && openssl req -new $new -keyout server.key -out server.csr"
	    " -subj /CN=" HOST " && : >index && echo 1000 >serial"
	    " && printf '[ca]\\ndefault_ca=d\\n[d]\\ndatabase=index\\n"
	    "serial=serial\\nnew_certs_dir=.\\ndefault_md=sha256\\npolicy=p\\n"
	    "unique_subject=no\\n[p]\\ncommonName=supplied\\n"
	    "[host]\\nsubjectAltName=DNS:" HOST "\\n"
	    "[other]\\nsubjectAltName=DNS:mail.elsewhere.example\\n' >conf"
	    " && sign() { openssl ca -batch -config conf -notext -in"
	    " server.csr -cert $2.pem -keyfile $2.key -extensions $3"
	    " -out $1.pem ${4:--days 1}; }"
	    " && sign good ca host && sign wrong-host ca other"
	    " && sign unknown-ca other host && sign expired ca host"
	    " '-startdate 20200101000000Z -enddate 20200201000000Z'; }"
	    " >%s.log 2>&1";
	char command[4096];
	FILE *pem;

	snprintf(net_folder, sizeof(net_folder), "/tmp/psirtd-test-XXXXXX");
	if (mkdtemp(net_folder) == NULL)
		return -1;
	snprintf(command, sizeof(command), script, net_folder, net_folder);
	if (system(command) != 0)
		return -1;
	snprintf(command, sizeof(command), "%s/ca.pem", net_folder);
	pem = fopen(command, "r");
	net_ca = calloc(1, 16384);
	if (pem == NULL || fread(net_ca, 1, 16383, pem) == 0)
		return -1;
	fclose(pem);
	signal(SIGPIPE, SIG_IGN);
	__lsan_disable();
	return 0;
}

static inline int
net_teardown(void **state)
{
	char command[192];

	free(net_ca);
	snprintf(command, sizeof(command), "rm -rf %s %s.log", net_folder,
	    net_folder);
	return system(command);
}

/* ---- a server ---- */

struct seen {
	unsigned sessions;
	size_t len;
	char text[1 << 20];
};

struct peer {
	int fd;
	gnutls_session_t tls;
	struct seen *seen;
	unsigned nth; /* 1: the first session of this server */
	size_t len;
	char buf[16384];
};

struct net_server {
	pid_t pid;
	int port;
	struct seen *seen;
};

static inline void
say_bytes(struct peer *p, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = p->tls != NULL ? gnutls_record_send(p->tls, at, len)
					   : send(p->fd, at, len, MSG_NOSIGNAL);

		if (n <= 0)
			_exit(0); /* the client left: so do we */
		at += n;
		len -= (size_t)n;
	}
}

static inline void __attribute__((format(printf, 2, 3)))
say(struct peer *p, const char *fmt, ...)
{
	char text[8192];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	say_bytes(p, text, (size_t)n);
}

/* The next line without its end; false when the client has left. */
static inline bool
hear(struct peer *p, char *line, size_t size)
{
	for (;;) {
		char *eol = memchr(p->buf, '\n', p->len);
		ssize_t n;

		if (eol != NULL) {
			size_t len = (size_t)(eol - p->buf) + 1;
			size_t kept = len < size ? len : size - 1;

			memcpy(line, p->buf, kept);
			line[kept] = '\0';
			line[strcspn(line, "\r\n")] = '\0';
			if (p->seen->len + len < sizeof(p->seen->text)) {
				memcpy(
				    p->seen->text + p->seen->len, p->buf, len);
				p->seen->len += len;
			}
			memmove(p->buf, p->buf + len, p->len - len);
			p->len -= len;
			return true;
		}
		if (p->len == sizeof(p->buf))
			return false;
		n = p->tls != NULL ? gnutls_record_recv(p->tls, p->buf + p->len,
					 sizeof(p->buf) - p->len)
				   : recv(p->fd, p->buf + p->len,
					 sizeof(p->buf) - p->len, 0);
		if (n <= 0)
			return false;
		p->len += (size_t)n;
	}
}

/* TLS from here on; ends the session when the client does not want it. */
static inline bool
peer_tls(struct peer *p, enum cert cert, const char *priorities)
{
	gnutls_certificate_credentials_t own;
	char pem[128];
	char key[128];
	int rc;

	snprintf(pem, sizeof(pem), "%s/%s", net_folder, cert_files[cert]);
	snprintf(key, sizeof(key), "%s/server.key", net_folder);
	gnutls_certificate_allocate_credentials(&own);
	if (gnutls_certificate_set_x509_key_file(
		own, pem, key, GNUTLS_X509_FMT_PEM) < 0)
		_exit(3);
	gnutls_init(&p->tls, GNUTLS_SERVER);
	if (gnutls_priority_set_direct(
		p->tls, priorities != NULL ? priorities : "NORMAL", NULL) < 0)
		_exit(4);
	gnutls_credentials_set(p->tls, GNUTLS_CRD_CERTIFICATE, own);
	gnutls_transport_set_int(p->tls, p->fd);
	do {
		rc = gnutls_handshake(p->tls);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	return rc == 0;
}

static inline void
serve(int listener, struct seen *seen, void (*talk)(struct peer *p))
{
	const int on = 1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		struct peer *p = calloc(1, sizeof(*p));

		p->fd = accept(listener, NULL, NULL);
		if (p->fd < 0)
			_exit(2);
		setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		p->seen = seen;
		p->nth = ++seen->sessions;
		/* A child a session: say() may end it, whatever it is. */
		pid_t pid = fork();
		if (pid == 0) {
			talk(p);
			if (p->tls != NULL)
				gnutls_bye(p->tls, GNUTLS_SHUT_WR);
			_exit(0);
		}
		close(p->fd);
		free(p);
		waitpid(pid, NULL, 0);
	}
}

static inline void
server_start(struct net_server *s, void (*talk)(struct peer *p))
{
	struct sockaddr_in in = {.sin_family = AF_INET};
	socklen_t len = sizeof(in);
	int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(listener, (void *)&in, sizeof(in)), 0);
	assert_int_equal(listen(listener, 8), 0);
	getsockname(listener, (void *)&in, &len);
	s->port = ntohs(in.sin_port);
	s->seen = mmap(NULL, sizeof(*s->seen), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert_ptr_not_equal(s->seen, MAP_FAILED);
	s->pid = fork();
	if (s->pid == 0) {
		setpgid(0, 0);
		serve(listener, s->seen, talk);
	}
	setpgid(s->pid, s->pid);
	close(listener);
}

static inline void
server_stop(struct net_server *s)
{
	kill(-s->pid, SIGKILL);
	waitpid(s->pid, NULL, 0);
	munmap(s->seen, sizeof(*s->seen));
}

static inline bool
was_told(const struct net_server *s, const char *words)
{
	return strcasestr(s->seen->text, words) != NULL;
}

/* Waits until it was told so. */
static inline void
wait_told(const struct net_server *s, const char *words)
{
	int64_t until = clock_monotonic_ms() + WAIT_MS;

	while (!was_told(s, words)) {
		if (clock_monotonic_ms() > until)
			fail_msg("never told: %s", words);
		usleep(2000);
	}
}

static inline void
told_no_secret(const struct net_server *s)
{
	/* In clear, and as AUTH PLAIN and LOGIN write it. */
	assert_false(was_told(s, SECRET));
	assert_false(was_told(s, "Y29ycmVjdC1ob3JzZS1iYXR0ZXJ5"));
	assert_false(was_told(s, "LOGIN"));
	assert_false(was_told(s, "AUTH"));
}

/* ---- a room ---- */

struct test_room {
	void *ctx;
	pid_t pid;
	struct channel *channel;
};

static inline void
room_begin(struct test_room *r, int (*run)(struct channel *engine))
{
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	r->ctx = talloc_new(NULL);
	r->pid = fork();
	if (r->pid == 0) {
		struct channel *engine;
		int rc;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		/* A crash is a crash, not a failed test that goes on. */
		signal(SIGSEGV, SIG_DFL);
		signal(SIGABRT, SIG_DFL);
		signal(SIGBUS, SIG_DFL);
		close(fds[0]);
		__lsan_enable();
		engine = channel_new(NULL, fds[1], ROOM_FRAME_MAX);
		rc = run(engine);
		talloc_free(engine);
		__lsan_do_leak_check();
		_exit(rc);
	}
	close(fds[1]);
	r->channel = channel_new(r->ctx, fds[0], ROOM_FRAME_MAX);
}

/* Closes the channel; the room must end by itself, and well. */
static inline void
room_finish(struct test_room *r)
{
	int status = 0;

	talloc_free(r->ctx);
	assert_int_equal(waitpid(r->pid, &status, 0), r->pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static inline void
tell(struct test_room *r, uint32_t type, const struct wire_type *wire,
    const void *obj)
{
	struct error err = {0};

	assert_int_equal(channel_send(r->channel, type, wire, obj, &err), 0);
}

static inline struct frame
next_frame(struct test_room *r)
{
	struct error err = {0};
	struct frame frame = {0};
	bool late = false;

	if (channel_recv(r->channel, r->ctx, WAIT_MS, &frame, &late, &err) != 1)
		fail_msg("no frame: %s", late ? "time is up" : err.text);
	return frame;
}

/* The next frame, which must be of this type. */
static inline void *
expect(struct test_room *r, uint32_t type, const struct wire_type *wire)
{
	struct frame frame = next_frame(r);
	struct error err = {0};
	void *obj;

	assert_int_equal(frame.type, type);
	if (wire == NULL)
		return NULL;
	obj = wire_decode(r->ctx, wire, frame.payload, &err);
	assert_non_null(obj);
	return obj;
}

static inline struct server
server_at(const struct net_server *s, bool starttls)
{
	struct server server = {0};

	server.host = HOST;
	server.connect_to = "127.0.0.1";
	server.port = (uint32_t)s->port;
	server.starttls = starttls;
	server.ca = net_ca;
	server.user = USER;
	server.secret = bytes_str(SECRET);
	server.timeout_s = 5;
	return server;
}

#endif
