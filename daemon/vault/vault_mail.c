/*
 * vault_mail.c - the whole mail around what was signed or encrypted.
 *
 * Runs in a job's child.  Takes the job and the bytes gpg signed or made;
 * gives the mail as SMTP will carry it (RFC 3156).  GMime writes the header
 * fields; the parts are put in as they are, never written anew, and the mail
 * is read back before anybody gets it.  Knows nothing of gpg.
 */
#include "vault_internal.h"

#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>
#include <talloc.h>

#include "psirtd/clock.h"
#include "psirtd/text.h"

/* With what a reply frame holds beside the mail. */
#define MAIL_MAX (ROOM_FRAME_MAX - ((size_t)1 << 20))
#define LINE_MAX_BYTES 998
#define NAME_MAX_BYTES 200
#define REFERENCES_MOST 20

/* The fields a mail of ours has; each stands once. */
static const char *const fields[] = {"From", "To", "Subject", "Date",
    "Message-ID", "In-Reply-To", "References", "Auto-Submitted",
    "X-Auto-Response-Suppress", "X-PSIRTD-Mail", "MIME-Version",
    "Content-Type"};
#define NFIELDS (sizeof(fields) / sizeof(fields[0]))

static void
set(GMimeObject *mail, const char *name, const char *value)
{
	if (value != NULL)
		g_mime_object_set_header(mail, name, value, NULL);
}

static void
set_mailbox(GMimeMessage *mail, GMimeAddressType type, const char *name,
    const char *address)
{
	if (name != NULL && (name[0] == '\0' || strlen(name) > NAME_MAX_BYTES))
		name = NULL;
	g_mime_message_add_mailbox(mail, type, name, address);
}

/* What cannot be written as it came is left out: our number still ties. */
static void
set_thread(const void *ctx, GMimeObject *mail, const struct vault_seal_job *job)
{
	size_t n = job->nreferences;
	char *all = NULL;

	if (mime_is_id(job->in_reply_to))
		set(mail, "In-Reply-To",
		    talloc_asprintf(ctx, "<%s>", job->in_reply_to));
	for (size_t i = n > REFERENCES_MOST ? n - REFERENCES_MOST : 0; i < n;
	     i++)
		if (mime_is_id(job->references[i]))
			all = talloc_asprintf(ctx, "%s%s<%s>",
			    all != NULL ? all : "", all != NULL ? " " : "",
			    job->references[i]);
	set(mail, "References", all);
}

/* RFC 3834: an answer to a letter, or a mail that answers nothing. */
static void
set_automatic(GMimeObject *mail, const struct vault_seal_job *job)
{
	if (!job->automatic)
		return;
	set(mail, "Auto-Submitted",
	    job->in_reply_to != NULL ? "auto-replied" : "auto-generated");
	set(mail, "X-Auto-Response-Suppress", "All");
}

int
mime_headers(const void *ctx, const struct vault_seal_job *job, struct buf *out,
    struct error *err)
{
	GMimeFormatOptions *options;
	GMimeMessage *message;
	GMimeObject *mail;
	char *text;
	int rc;

	g_mime_init();
	message = g_mime_message_new(FALSE);
	mail = GMIME_OBJECT(message);
	set_mailbox(
	    message, GMIME_ADDRESS_TYPE_FROM, job->from_name, job->from);
	set_mailbox(message, GMIME_ADDRESS_TYPE_TO, job->to_name, job->to);
	g_mime_message_set_subject(message, job->subject, "utf-8");
	set(mail, "Date", clock_rfc5322(ctx, job->date));
	set(mail, "Message-ID", talloc_asprintf(ctx, "<%s>", job->message_id));
	set_thread(ctx, mail, job);
	set_automatic(mail, job);
	set(mail, "X-PSIRTD-Mail", job->kind);
	set(mail, "MIME-Version", "1.0");
	options = g_mime_format_options_new();
	g_mime_format_options_set_newline_format(
	    options, GMIME_NEWLINE_FORMAT_DOS);
	text = g_mime_object_get_headers(mail, options);
	rc = buf_add(out, text, strlen(text), err);
	g_free(text);
	g_mime_format_options_free(options);
	g_object_unref(message);
	return rc;
}

/* ---- the two forms of RFC 3156 ---- */

static int
add_bytes(struct buf *out, struct bytes what, struct error *err)
{
	return buf_add(out, what.data, what.len, err);
}

int
mime_signed(const void *ctx, const struct vault_seal_job *job,
    struct bytes entity, struct bytes signature, const char *micalg,
    struct bytes *wire, struct error *err)
{
	struct buf *out = buf_new(ctx, MAIL_MAX);
	struct bytes crlf = text_to_crlf(ctx, signature);
	char *edge = mime_boundary(ctx, err);

	if (out == NULL || crlf.data == NULL || edge == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (mime_headers(ctx, job, out, err) != 0 ||
	    buf_addf(out, err,
		"Content-Type: multipart/signed; micalg=\"%s\";\r\n"
		"\tprotocol=\"application/pgp-signature\";\r\n"
		"\tboundary=\"%s\"\r\n\r\n--%s\r\n",
		micalg, edge, edge) != 0 ||
	    add_bytes(out, entity, err) != 0 ||
	    buf_addf(out, err,
		"\r\n--%s\r\n"
		"Content-Type: application/pgp-signature; "
		"name=\"signature.asc\"\r\n"
		"Content-Description: OpenPGP digital signature\r\n"
		"Content-Disposition: attachment; "
		"filename=\"signature.asc\"\r\n\r\n",
		edge) != 0 ||
	    add_bytes(out, crlf, err) != 0 ||
	    buf_addf(out, err, "\r\n--%s--\r\n", edge) != 0)
		return -1;
	*wire = buf_bytes(out);
	return mime_self_check(*wire, "signed", entity, err);
}

int
mime_encrypted(const void *ctx, const struct vault_seal_job *job,
    struct bytes armored, struct bytes *wire, struct error *err)
{
	struct buf *out = buf_new(ctx, MAIL_MAX);
	struct bytes crlf = text_to_crlf(ctx, armored);
	char *edge = mime_boundary(ctx, err);

	if (out == NULL || crlf.data == NULL || edge == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	if (mime_headers(ctx, job, out, err) != 0 ||
	    buf_addf(out, err,
		"Content-Type: multipart/encrypted;\r\n"
		"\tprotocol=\"application/pgp-encrypted\";\r\n"
		"\tboundary=\"%s\"\r\n\r\n--%s\r\n"
		"Content-Type: application/pgp-encrypted\r\n"
		"Content-Description: PGP/MIME version identification\r\n"
		"\r\nVersion: 1\r\n\r\n--%s\r\n"
		"Content-Type: application/octet-stream; "
		"name=\"encrypted.asc\"\r\n"
		"Content-Description: OpenPGP encrypted message\r\n"
		"Content-Disposition: inline; "
		"filename=\"encrypted.asc\"\r\n\r\n",
		edge, edge, edge) != 0 ||
	    add_bytes(out, crlf, err) != 0 ||
	    buf_addf(out, err, "\r\n--%s--\r\n", edge) != 0)
		return -1;
	*wire = buf_bytes(out);
	return mime_self_check(*wire, "encrypted", crlf, err);
}

/* ---- reading our own mail back ---- */

/* CRLF, 7-bit, no NUL, no line over the limit (RFC 5321, 4.5.3.1.6). */
static int
check_lines(struct bytes wire, struct error *err)
{
	size_t start = 0;

	for (size_t i = 0; i < wire.len; i++) {
		uint8_t c = wire.data[i];

		if (c >= 0x80 || c == '\0')
			return error_set(
			    err, FAULT_BUG, "the mail made is not 7-bit");
		if (c == '\r' &&
		    (i + 1 == wire.len || wire.data[i + 1] != '\n'))
			return error_set(
			    err, FAULT_BUG, "the mail made has a bare CR");
		if (c != '\n')
			continue;
		if (i == 0 || wire.data[i - 1] != '\r')
			return error_set(
			    err, FAULT_BUG, "the mail made has a bare LF");
		if (i - 1 - start > LINE_MAX_BYTES)
			return error_set(err, FAULT_INPUT,
			    "the mail made has a line of %zu bytes",
			    i - 1 - start);
		start = i + 1;
	}
	if (start != wire.len)
		return error_set(err, FAULT_BUG, "the mail made is cut off");
	return 0;
}

/* Only fields of ours, each once: what was given has made no new one. */
static bool
fields_are_ours(GMimeObject *mail)
{
	GMimeHeaderList *list = g_mime_object_get_header_list(mail);
	bool seen[NFIELDS] = {false};

	for (int i = 0; i < g_mime_header_list_get_count(list); i++) {
		const char *name = g_mime_header_get_name(
		    g_mime_header_list_get_header_at(list, i));
		size_t at = 0;

		while (at < NFIELDS && strcasecmp(name, fields[at]) != 0)
			at++;
		if (at == NFIELDS || seen[at])
			return false;
		seen[at] = true;
	}
	return seen[0] && seen[1] && seen[2] && seen[3] && seen[4];
}

/* The two parts' bytes, between the delimiter lines of this boundary. */
static bool
split_parts(struct bytes wire, const char *boundary, struct bytes parts[2])
{
	char *middle = talloc_asprintf(NULL, "\r\n--%s\r\n", boundary);
	char *last = talloc_asprintf(NULL, "\r\n--%s--\r\n", boundary);
	ptrdiff_t at[3] = {-1, -1, -1};
	size_t from = 0;

	for (int i = 0; i < 3 && middle != NULL && last != NULL; i++) {
		struct bytes edge = bytes_str(i < 2 ? middle : last);
		struct bytes rest = bytes_span(wire, from, wire.len - from);

		at[i] = bytes_find(rest, edge);
		if (at[i] < 0)
			break;
		if (i > 0)
			parts[i - 1] = bytes_span(rest, 0, (uint64_t)at[i]);
		from += (size_t)at[i] + edge.len;
	}
	talloc_free(middle);
	talloc_free(last);
	return at[2] >= 0 && from == wire.len;
}

static bool
reads_back(
    GMimeObject *top, struct bytes wire, const char *subtype, struct bytes part)
{
	GMimeContentType *type = g_mime_object_get_content_type(top);
	struct bytes parts[2] = {BYTES_NONE, BYTES_NONE};
	ptrdiff_t head;

	if (!GMIME_IS_MULTIPART(top) ||
	    !g_mime_content_type_is_type(type, "multipart", subtype) ||
	    g_mime_multipart_get_count(GMIME_MULTIPART(top)) != 2 ||
	    !split_parts(wire,
		g_mime_multipart_get_boundary(GMIME_MULTIPART(top)), parts))
		return false;
	if (strcmp(subtype, "signed") == 0)
		return bytes_equal(parts[0], part);
	/* What was encrypted stands behind the second part's own header. */
	head = bytes_find(parts[1], bytes_str("\r\n\r\n"));
	return head >= 0 && bytes_equal(bytes_span(parts[1], (uint64_t)head + 4,
					    parts[1].len - (size_t)head - 4),
				part);
}

int
mime_self_check(struct bytes wire, const char *subtype, struct bytes part,
    struct error *err)
{
	GMimeMessage *message;
	GMimeStream *stream;
	GMimeParser *parser;
	bool good = false;

	if (check_lines(wire, err) != 0)
		return -1;
	g_mime_init();
	stream = g_mime_stream_mem_new_with_buffer(
	    (const char *)wire.data, wire.len);
	parser = g_mime_parser_new_with_stream(stream);
	message = g_mime_parser_construct_message(parser, NULL);
	if (message != NULL)
		good = fields_are_ours(GMIME_OBJECT(message)) &&
		       reads_back(g_mime_message_get_mime_part(message), wire,
			   subtype, part);
	if (message != NULL)
		g_object_unref(message);
	g_object_unref(parser);
	g_object_unref(stream);
	if (!good)
		return error_set(err, FAULT_BUG,
		    "the mail made does not read back as it was meant");
	return 0;
}
