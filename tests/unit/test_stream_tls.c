/*
 * test_stream_tls.c - who is spoken to: chain, host name, dates and protocol
 * are judged in the handshake, and a refused server hears not one byte.
 */
#include "net_server.h"

#include "psirtd/stream.h"

static void
talk_echo(struct peer *p)
{
	char line[256];

	if (!peer_tls(p, CERT_GOOD, NULL))
		return;
	while (hear(p, line, sizeof(line)))
		say(p, "%s\r\n", line);
}

static void
talk_wrong_host(struct peer *p)
{
	char line[256];

	if (peer_tls(p, CERT_WRONG_HOST, NULL))
		hear(p, line, sizeof(line));
}

static void
talk_expired(struct peer *p)
{
	char line[256];

	if (peer_tls(p, CERT_EXPIRED, NULL))
		hear(p, line, sizeof(line));
}

static void
talk_unknown_ca(struct peer *p)
{
	char line[256];

	if (peer_tls(p, CERT_UNKNOWN_CA, NULL))
		hear(p, line, sizeof(line));
}

#define TLS11 "NORMAL:-VERS-ALL:+VERS-TLS1.1:%VERIFY_ALLOW_SIGN_WITH_SHA1"

static void
talk_tls11(struct peer *p)
{
	char line[256];

	if (peer_tls(p, CERT_GOOD, TLS11))
		hear(p, line, sizeof(line));
}

/* Says whom the client asked for. */
static void
talk_name(struct peer *p)
{
	char name[256] = "nobody";
	size_t len = sizeof(name) - 1;
	unsigned type = 0;

	if (!peer_tls(p, CERT_GOOD, NULL))
		return;
	if (gnutls_server_name_get(p->tls, name, &len, &type, 0) != 0)
		len = strlen(name);
	say(p, "%.*s\r\n", (int)len, name);
	hear(p, name, sizeof(name));
}

#define TLS12 "NORMAL:-VERS-ALL:+VERS-TLS1.2"

/* Wants a second handshake, where the protocol still knows one. */
static void
talk_again(struct peer *p)
{
	char line[256];

	if (!peer_tls(p, CERT_GOOD, TLS12) || gnutls_rehandshake(p->tls) != 0)
		return;
	say(p, "* OK\r\n");
	hear(p, line, sizeof(line));
}

/* Says nothing at all: the handshake must not wait for ever. */
static void
talk_mute(struct peer *p)
{
	while (recv(p->fd, p->buf, sizeof(p->buf), 0) > 0)
		continue;
}

/* Nothing is waited for: the connection is reset. */
static void
talk_reset(struct peer *p)
{
	const struct linger now = {1, 0};

	setsockopt(p->fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
	close(p->fd);
}

/* Leaves without a word, in the handshake. */
static void
talk_nothing(struct peer *p)
{
	recv(p->fd, p->buf, 1, 0);
}

static void
talk_reset_in_handshake(struct peer *p)
{
	talk_nothing(p);
	talk_reset(p);
}

/* The handshake was good; then the server is gone. */
static void
talk_reset_after(struct peer *p)
{
	char line[256];

	if (!peer_tls(p, CERT_GOOD, NULL) || !hear(p, line, sizeof(line)))
		return;
	talk_reset(p);
}

static void
talk_alert_after(struct peer *p)
{
	char line[256];

	if (peer_tls(p, CERT_GOOD, NULL) && hear(p, line, sizeof(line)))
		gnutls_alert_send(
		    p->tls, GNUTLS_AL_FATAL, GNUTLS_A_INTERNAL_ERROR);
}

static void
talk_not_tls(struct peer *p)
{
	say(p, "* OK this is not TLS\r\n");
	talk_mute(p);
}

static void
test_good(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;
	struct stream *stream;
	mailstream *mail;
	char got[16] = {0};

	server_start(&s, talk_echo);
	at = server_at(&s, false);
	stream = stream_open(NULL, &at, &err);
	assert_string_equal(err.text, "");
	assert_non_null(stream);
	mail = stream_mailstream(stream);
	mailstream_write(mail, "hello\r\n", 7);
	assert_int_equal(mailstream_flush(mail), 0);
	assert_int_equal(mailstream_read(mail, got, 7), 7);
	assert_string_equal(got, "hello\r\n");
	assert_null(stream_trouble(stream));
	talloc_free(stream);
	server_stop(&s);
}

/* A server of many names is asked for the one that is configured. */
static void
test_server_name(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;
	struct stream *stream;
	char got[sizeof(HOST)] = {0};

	server_start(&s, talk_name);
	at = server_at(&s, false);
	stream = stream_open(NULL, &at, &err);
	assert_string_equal(err.text, "");
	assert_non_null(stream);
	assert_int_equal(
	    mailstream_read(stream_mailstream(stream), got, sizeof(got) - 1),
	    sizeof(got) - 1);
	assert_string_equal(got, HOST);
	talloc_free(stream);
	server_stop(&s);
}

/* One handshake a session: a second is the end of it. */
static void
test_second_handshake(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;
	struct stream *stream;
	char got[16];

	server_start(&s, talk_again);
	at = server_at(&s, false);
	stream = stream_open(NULL, &at, &err);
	assert_string_equal(err.text, "");
	assert_non_null(stream);
	assert_true(
	    mailstream_read(stream_mailstream(stream), got, sizeof(got)) < 0);
	assert_non_null(stream_trouble(stream));
	assert_non_null(strstr(stream_trouble(stream), "new handshake"));
	assert_int_equal(s.seen->len, 0);
	talloc_free(stream);
	server_stop(&s);
}

static void
test_refused(void **state)
{
	static const struct {
		void (*talk)(struct peer *p);
		enum fault fault;
		const char *words;
	} rows[] = {
	    {talk_wrong_host, FAULT_DENIED, "another host name"},
	    {talk_expired, FAULT_DENIED, "expired"},
	    {talk_unknown_ca, FAULT_DENIED, "unknown CA"},
	    {talk_tls11, FAULT_DENIED, "TLS 1.2"},
	    {talk_not_tls, FAULT_DENIED, "TLS"},
	    {talk_mute, FAULT_RETRY, "took too long"},
	    {talk_nothing, FAULT_RETRY,
		"closed the connection during the TLS handshake"},
	    {talk_reset_in_handshake, FAULT_RETRY,
		"closed the connection during the TLS handshake"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct error err = {0};
		struct server at;

		server_start(&s, rows[i].talk);
		at = server_at(&s, false);
		at.timeout_s = 1;
		assert_null(stream_open(NULL, &at, &err));
		assert_int_equal(err.fault, rows[i].fault);
		if (strstr(err.text, rows[i].words) == NULL)
			fail_msg("%s: %s", rows[i].words, err.text);
		assert_int_equal(s.seen->len, 0);
		server_stop(&s);
	}
}

/* What happened, in words of whoever reads the log. */
static void
test_broken_off(void **state)
{
	static const struct {
		void (*talk)(struct peer *p);
		const char *words;
	} rows[] = {
	    {talk_reset_after, "the server broke off the connection"},
	    {talk_alert_after, "the server ended TLS: Internal error"},
	};

	for (size_t i = 0; i < COUNT_OF(rows); i++) {
		struct net_server s;
		struct error err = {0};
		struct server at;
		struct stream *stream;
		mailstream *mail;
		char got[16];

		server_start(&s, rows[i].talk);
		at = server_at(&s, false);
		stream = stream_open(NULL, &at, &err);
		assert_non_null(stream);
		mail = stream_mailstream(stream);
		mailstream_write(mail, "hello\r\n", 7);
		mailstream_flush(mail);
		assert_true(mailstream_read(mail, got, sizeof(got)) < 0);
		assert_string_equal(stream_trouble(stream), rows[i].words);
		talloc_free(stream);
		server_stop(&s);
	}
}

/* The server of talk_tls11() is a good one but for its age. */
static void
test_old_server_is_real(void **state)
{
	gnutls_certificate_credentials_t none;
	gnutls_session_t tls;
	struct net_server s;
	struct sockaddr_in in = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	int rc;

	server_start(&s, talk_tls11);
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	in.sin_port = htons((uint16_t)s.port);
	assert_int_equal(connect(fd, (void *)&in, sizeof(in)), 0);
	gnutls_certificate_allocate_credentials(&none);
	gnutls_init(&tls, GNUTLS_CLIENT);
	gnutls_priority_set_direct(tls, TLS11, NULL);
	gnutls_credentials_set(tls, GNUTLS_CRD_CERTIFICATE, none);
	gnutls_transport_set_int(tls, fd);
	do {
		rc = gnutls_handshake(tls);
	} while (rc < 0 && !gnutls_error_is_fatal(rc));
	assert_int_equal(rc, 0);
	gnutls_deinit(tls);
	gnutls_certificate_free_credentials(none);
	close(fd);
	server_stop(&s);
}

/* Without a CA of its own a host is judged by the system's. */
static void
test_system_trust_does_not_know_us(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;

	server_start(&s, talk_echo);
	at = server_at(&s, false);
	at.ca = NULL;
	assert_null(stream_open(NULL, &at, &err));
	assert_true(err.fault == FAULT_DENIED || err.fault == FAULT_SETUP);
	assert_int_equal(s.seen->len, 0);
	at.ca = "not a certificate";
	assert_null(stream_open(NULL, &at, &err));
	assert_int_equal(err.fault, FAULT_SETUP);
	server_stop(&s);
}

static void
test_nobody_there(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;

	server_start(&s, talk_echo);
	at = server_at(&s, false);
	server_stop(&s);
	assert_null(stream_open(NULL, &at, &err));
	assert_int_equal(err.fault, FAULT_RETRY);
	at.port = 0;
	assert_null(stream_open(NULL, &at, &err));
	assert_int_equal(err.fault, FAULT_SETUP);
}

/* ---- STARTTLS ---- */

static void
talk_starttls(struct peer *p)
{
	char line[256];

	hear(p, line, sizeof(line));
	say(p, "go\r\n");
	if (!peer_tls(p, CERT_GOOD, NULL))
		return;
	while (hear(p, line, sizeof(line)))
		say(p, "%s\r\n", line);
}

/* Somebody in between adds a line to the last answer in clear. */
static void
talk_injecting(struct peer *p)
{
	char line[256];

	hear(p, line, sizeof(line));
	say(p, "go\r\ninjected\r\n");
	peer_tls(p, CERT_GOOD, NULL);
}

static int
up_to_tls(struct stream *stream, struct error *err)
{
	mailstream *mail = stream_mailstream(stream);
	char got[4];

	mailstream_write(mail, "tls\r\n", 5);
	assert_int_equal(mailstream_flush(mail), 0);
	assert_int_equal(mailstream_read(mail, got, 4), 4);
	return stream_start_tls(stream, err);
}

static void
test_starttls(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;
	struct stream *stream;
	mailstream *mail;
	char got[16] = {0};

	server_start(&s, talk_starttls);
	at = server_at(&s, true);
	stream = stream_open(NULL, &at, &err);
	assert_non_null(stream);
	assert_int_equal(up_to_tls(stream, &err), 0);
	mail = stream_mailstream(stream);
	mailstream_write(mail, "sealed\r\n", 8);
	assert_int_equal(mailstream_flush(mail), 0);
	assert_int_equal(mailstream_read(mail, got, 8), 8);
	assert_string_equal(got, "sealed\r\n");
	assert_int_equal(stream_start_tls(stream, &err), -1);
	talloc_free(stream);
	server_stop(&s);
}

static void
test_injected_before_tls(void **state)
{
	struct net_server s;
	struct error err = {0};
	struct server at;
	struct stream *stream;

	server_start(&s, talk_injecting);
	at = server_at(&s, true);
	stream = stream_open(NULL, &at, &err);
	assert_non_null(stream);
	assert_int_equal(up_to_tls(stream, &err), -1);
	assert_int_equal(err.fault, FAULT_DENIED);
	/* And nothing can be said over it any more. */
	assert_non_null(stream_trouble(stream));
	assert_int_equal(
	    mailstream_low_write(
		mailstream_get_low(stream_mailstream(stream)), "x", 1),
	    -1);
	talloc_free(stream);
	server_stop(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_good),
	    cmocka_unit_test(test_server_name),
	    cmocka_unit_test(test_second_handshake),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_broken_off),
	    cmocka_unit_test(test_old_server_is_real),
	    cmocka_unit_test(test_system_trust_does_not_know_us),
	    cmocka_unit_test(test_nobody_there),
	    cmocka_unit_test(test_starttls),
	    cmocka_unit_test(test_injected_before_tls),
	};

	return cmocka_run_group_tests(tests, net_setup, net_teardown);
}
