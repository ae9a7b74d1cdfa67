/*
 * tls.c - TLS by GnuTLS: verified inside the handshake, or not at all.
 *
 * Takes a connected socket and the name its certificate must carry; gives a
 * session over which the first byte of the protocol may pass.  Chain, host
 * name and dates are looked at by gnutls_session_set_verify_cert(), so that
 * the handshake itself fails.  Runs in the fetch and send rooms; the only
 * file that names GnuTLS.
 */
#include "stream_internal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include <gnutls/x509.h>
#include <talloc.h>

/* TLS 1.2 and 1.3; keys below 2048 bits (RSA) or 224 (EC) are too weak. */
#define PRIORITIES "NORMAL:-VERS-ALL:+VERS-TLS1.3:+VERS-TLS1.2:%PROFILE_MEDIUM"

/* An address in numbers has no SNI (RFC 6066, 3). */
static bool
is_address(const char *host)
{
	return strchr(host, ':') != NULL ||
	       strspn(host, "0123456789.") == strlen(host);
}

/* Why a certificate was refused, the plainest reason first. */
static const char *
refusal(unsigned status)
{
	static const struct {
		unsigned flag;
		const char *text;
	} reasons[] = {
	    {GNUTLS_CERT_EXPIRED, "it has expired"},
	    {GNUTLS_CERT_NOT_ACTIVATED, "it is not valid yet"},
	    {GNUTLS_CERT_REVOKED, "it is revoked"},
	    {GNUTLS_CERT_SIGNER_NOT_FOUND, "it comes from an unknown CA"},
	    {GNUTLS_CERT_SIGNER_NOT_CA, "its issuer is not a CA"},
	    {GNUTLS_CERT_UNEXPECTED_OWNER, "it is for another host name"},
	    {GNUTLS_CERT_INSECURE_ALGORITHM, "it is weakly signed"},
	    {GNUTLS_CERT_SIGNATURE_FAILURE, "its signature is wrong"},
	    {GNUTLS_CERT_PURPOSE_MISMATCH, "it is not for servers"},
	    {GNUTLS_CERT_MISSING_OCSP_STATUS, "it must carry OCSP status"},
	    {GNUTLS_CERT_INVALID_OCSP_STATUS, "its OCSP status is wrong"},
	};

	for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++)
		if ((status & reasons[i].flag) != 0)
			return reasons[i].text;
	return "it cannot be verified";
}

static int
set_trust(struct stream *stream, struct error *err)
{
	gnutls_datum_t pem;
	int n;

	if (gnutls_certificate_allocate_credentials(&stream->trust) < 0)
		return error_set(err, FAULT_RETRY, "TLS: out of memory");
	if (stream->ca == NULL) {
		n = gnutls_certificate_set_x509_system_trust(stream->trust);
		if (n <= 0)
			return error_set(err, FAULT_SETUP,
			    "TLS: the system has no trusted CAs");
		return 0;
	}
	pem.data = (unsigned char *)(uintptr_t)stream->ca;
	pem.size = (unsigned)strlen(stream->ca);
	n = gnutls_certificate_set_x509_trust_mem(
	    stream->trust, &pem, GNUTLS_X509_FMT_PEM);
	if (n <= 0)
		return error_set(err, FAULT_SETUP,
		    "TLS: the configured CA file holds no certificate");
	return 0;
}

static int
set_session(struct stream *stream, struct error *err)
{
	int rc = gnutls_init(
	    &stream->tls, GNUTLS_CLIENT | GNUTLS_NONBLOCK | GNUTLS_NO_SIGNAL);

	if (rc < 0) {
		stream->tls = NULL;
		return error_set(
		    err, FAULT_RETRY, "TLS: %s", gnutls_strerror(rc));
	}
	rc = gnutls_priority_set_direct(stream->tls, PRIORITIES, NULL);
	if (rc >= 0)
		rc = gnutls_credentials_set(
		    stream->tls, GNUTLS_CRD_CERTIFICATE, stream->trust);
	if (rc >= 0 && !is_address(stream->host))
		rc = gnutls_server_name_set(stream->tls, GNUTLS_NAME_DNS,
		    stream->host, strlen(stream->host));
	if (rc < 0)
		return error_set(
		    err, FAULT_SETUP, "TLS: %s", gnutls_strerror(rc));
	stream->must[0] = (gnutls_typed_vdata_st){GNUTLS_DT_DNS_HOSTNAME,
	    (unsigned char *)(uintptr_t)stream->host, 0};
	stream->must[1] = (gnutls_typed_vdata_st){GNUTLS_DT_KEY_PURPOSE_OID,
	    (unsigned char *)(uintptr_t)GNUTLS_KP_TLS_WWW_SERVER, 0};
	gnutls_session_set_verify_cert2(stream->tls, stream->must, 2, 0);
	gnutls_transport_set_int(stream->tls, stream->fd);
	return 0;
}

static int
handshake_failed(struct stream *stream, int rc, struct error *err)
{
	/* The server's log is to say why, not only that we left. */
	if (rc == GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR)
		gnutls_alert_send_appropriate(stream->tls, rc);
	switch (rc) {
	case GNUTLS_E_CERTIFICATE_VERIFICATION_ERROR:
		return error_set(err, FAULT_DENIED,
		    "the certificate of %s is refused: %s", stream->host,
		    refusal(
			gnutls_session_get_verify_cert_status(stream->tls)));
	case GNUTLS_E_NO_CERTIFICATE_FOUND:
		return error_set(err, FAULT_DENIED, "%s showed no certificate",
		    stream->host);
	case GNUTLS_E_PUSH_ERROR:
	case GNUTLS_E_PULL_ERROR:
	case GNUTLS_E_PREMATURE_TERMINATION:
		return error_set(err, FAULT_RETRY,
		    "%s closed the connection during the TLS handshake",
		    stream->host);
	case GNUTLS_E_UNSUPPORTED_VERSION_PACKET:
	case GNUTLS_E_UNEXPECTED_PACKET_LENGTH:
		return error_set(err, FAULT_DENIED,
		    "%s does not speak TLS 1.2 or 1.3", stream->host);
	case GNUTLS_E_FATAL_ALERT_RECEIVED:
		return error_set(err, FAULT_DENIED,
		    "%s refused TLS 1.2 and 1.3: %s", stream->host,
		    gnutls_alert_get_name(gnutls_alert_get(stream->tls)));
	default:
		return error_set(err, FAULT_DENIED, "TLS with %s failed: %s",
		    stream->host, gnutls_strerror(rc));
	}
}

int
tls_start(struct stream *stream, struct error *err)
{
	int rc;

	if (set_trust(stream, err) != 0 || set_session(stream, err) != 0)
		return -1;
	for (;;) {
		rc = gnutls_handshake(stream->tls);
		if (rc == GNUTLS_E_SUCCESS)
			return 0;
		if (gnutls_error_is_fatal(rc))
			return handshake_failed(stream, rc, err);
		if (stream_wait(
			stream, gnutls_record_get_direction(stream->tls) == 1
				    ? POLLOUT
				    : POLLIN) != 0)
			return error_set(err, FAULT_RETRY,
			    "the TLS handshake with %s took too long",
			    stream->host);
	}
}

void
tls_end(struct stream *stream)
{
	if (stream->tls != NULL) {
		/* After a failure nothing more may leave: a record that was
		 * held back could hold the final dot. */
		if (!stream->broken)
			gnutls_bye(stream->tls, GNUTLS_SHUT_WR);
		gnutls_deinit(stream->tls);
		stream->tls = NULL;
	}
	if (stream->trust != NULL) {
		gnutls_certificate_free_credentials(stream->trust);
		stream->trust = NULL;
	}
}

static short
direction(const struct stream *stream)
{
	return gnutls_record_get_direction(stream->tls) == 1 ? POLLOUT : POLLIN;
}

/* GnuTLS names its own functions where a connection is gone; failed: errno. */
static void
record_failed(struct stream *stream, int rc, int failed)
{
	bool gone = rc == GNUTLS_E_PULL_ERROR || rc == GNUTLS_E_PUSH_ERROR;

	if (gone && (failed == ECONNRESET || failed == EPIPE || failed == 0))
		stream_break(stream, "the server broke off the connection");
	else if (gone)
		stream_break(stream, "connection: %s", strerror(failed));
	else if (rc == GNUTLS_E_FATAL_ALERT_RECEIVED)
		stream_break(stream, "the server ended TLS: %s",
		    gnutls_alert_get_name(gnutls_alert_get(stream->tls)));
	else
		stream_break(stream, "TLS: %s", gnutls_strerror(rc));
}

ssize_t
tls_read(struct stream *stream, void *to, size_t len, short *events)
{
	ssize_t n;

	errno = 0;
	n = gnutls_record_recv(stream->tls, to, len);
	if (n >= 0)
		return n;
	/* The server wants a new handshake: never needed, often an attack. */
	if (n == GNUTLS_E_REHANDSHAKE) {
		stream_break(stream, "the server asked for a new handshake");
		return -1;
	}
	if (!gnutls_error_is_fatal((int)n)) {
		*events = direction(stream);
		return -2;
	}
	if (n == GNUTLS_E_PREMATURE_TERMINATION)
		return 0;
	record_failed(stream, (int)n, errno);
	return -1;
}

ssize_t
tls_write(struct stream *stream, const void *from, size_t len, short *events)
{
	ssize_t n;

	errno = 0;
	n = gnutls_record_send(stream->tls, from, len);
	if (n >= 0)
		return n;
	if (!gnutls_error_is_fatal((int)n)) {
		*events = direction(stream);
		return -2;
	}
	record_failed(stream, (int)n, errno);
	return -1;
}
