/*
 * vault_mime.c - the MIME entity of a mail, before it is signed or encrypted.
 *
 * Runs in a job's child.  Takes struct vault_seal_job; GMime makes the text,
 * the files and our key of it, in an encoding that no server on the way has a
 * reason to touch: CRLF, 7-bit, no blanks at line ends, no line that begins
 * with "From ".  Names and types of files were chosen by whoever wrote the
 * letter they come from.  Knows nothing of gpg.
 */
#include "vault_internal.h"

#include <string.h>
#include <strings.h>
#include <sys/random.h>

#include <gmime/gmime.h>
#include <talloc.h>

#include "psirtd/text.h"

#define FILE_NAME_COLUMNS 80
#define TYPE_MAX 100
#define ID_MAX 250
#define OCTETS "octet-stream"

/* ---- what may stand in a header ---- */

static bool
has_control(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;

	for (; *s != '\0'; s++)
		/* C0, DEL, C1, and the separators of lines and paragraphs. */
		if (*s < 0x20 || *s == 0x7f || (s[0] == 0xc2 && s[1] < 0xa0) ||
		    (s[0] == 0xe2 && s[1] == 0x80 &&
			(s[2] == 0xa8 || s[2] == 0xa9)))
			return true;
	return false;
}

static int
check_text(const char *name, const char *text, struct error *err)
{
	if (text == NULL)
		return 0;
	if (!text_valid(bytes_str(text)))
		return error_set(err, FAULT_INPUT, "%s is not UTF-8", name);
	if (has_control(text))
		return error_set(
		    err, FAULT_INPUT, "%s holds a control character", name);
	return 0;
}

/* A Message-ID that can stand in one line, as it is, between < and >. */
bool
mime_is_id(const char *id)
{
	const char *at = id != NULL ? strchr(id, '@') : NULL;

	if (at == NULL || at == id || at[1] == '\0' || strlen(id) > ID_MAX)
		return false;
	for (const char *c = id; *c != '\0'; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("<>,;\"\\()", *c) != NULL)
			return false;
	return true;
}

static bool
is_kind(const char *kind)
{
	return kind != NULL && kind[0] != '\0' && strlen(kind) < 32 &&
	       strspn(kind, "abcdefghijklmnopqrstuvwxyz_-") == strlen(kind);
}

int
mime_check_job(const struct vault_seal_job *job, struct error *err)
{
	if (!text_is_address(job->from) || !text_is_address(job->to))
		return error_set(
		    err, FAULT_INPUT, "sender or recipient is no mail address");
	if (check_text("the sender's name", job->from_name, err) != 0 ||
	    check_text("the recipient's name", job->to_name, err) != 0 ||
	    check_text("the subject", job->subject, err) != 0 ||
	    check_text("In-Reply-To", job->in_reply_to, err) != 0)
		return -1;
	for (size_t i = 0; i < job->nreferences; i++)
		if (check_text("References", job->references[i], err) != 0)
			return -1;
	if (job->subject == NULL || job->subject[0] == '\0')
		return error_set(err, FAULT_INPUT, "there is no subject");
	if (!mime_is_id(job->message_id))
		return error_set(err, FAULT_INPUT, "this is no Message-ID");
	if (!is_kind(job->kind))
		return error_set(err, FAULT_INPUT, "this is no kind of mail");
	if (job->body == NULL || !text_valid(bytes_str(job->body)))
		return error_set(err, FAULT_INPUT, "the text is not UTF-8");
	return 0;
}

/* ---- parts ---- */

static GMimeObject *
part_new(const char *type, const char *subtype, GMimeContentEncoding encoding,
    struct bytes content)
{
	GMimePart *part = g_mime_part_new_with_type(type, subtype);
	GMimeStream *stream = g_mime_stream_mem_new_with_buffer(
	    content.len > 0 ? (const char *)content.data : "", content.len);
	GMimeDataWrapper *wrapper = g_mime_data_wrapper_new_with_stream(
	    stream, GMIME_CONTENT_ENCODING_DEFAULT);

	g_mime_part_set_content(part, wrapper);
	g_mime_part_set_content_encoding(part, encoding);
	g_object_unref(wrapper);
	g_object_unref(stream);
	return GMIME_OBJECT(part);
}

static int
object_bytes(
    const void *ctx, GMimeObject *object, struct bytes *to, struct error *err)
{
	GMimeFormatOptions *options = g_mime_format_options_new();
	GMimeStream *stream = g_mime_stream_mem_new();
	const GByteArray *made;

	g_mime_format_options_set_newline_format(
	    options, GMIME_NEWLINE_FORMAT_DOS);
	*to = BYTES_NONE;
	if (g_mime_object_write_to_stream(object, options, stream) >= 0) {
		made =
		    g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream));
		*to = bytes_copy(ctx, bytes_of(made->data, made->len));
	}
	g_object_unref(stream);
	g_mime_format_options_free(options);
	if (to->data == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	return 0;
}

static GMimeObject *
text_part(const char *body, GMimeContentEncoding encoding)
{
	GMimeObject *part =
	    part_new("text", "plain", encoding, bytes_str(body));

	g_mime_object_set_content_type_parameter(part, "charset", "utf-8");
	return part;
}

/*
 * Quoted-printable stays readable for whoever has no better program; base64
 * is shorter where most of the text is not ASCII.  The text of a base64 part
 * has CRLF line ends (RFC 2046, 4.1.1).
 */
static GMimeObject *
body_part(const void *ctx, const char *body, struct error *err)
{
	size_t len = strlen(body);
	size_t high = 0;
	struct bytes crlf;
	struct bytes made;
	GMimeObject *part;

	for (const char *c = body; *c != '\0'; c++)
		high += (unsigned char)*c >= 0x80;
	if (high * 6 <= len) {
		part = text_part(body, GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE);
		if (object_bytes(ctx, part, &made, err) != 0) {
			g_object_unref(part);
			return NULL;
		}
		/* Some servers put ">" before it, and break the signature. */
		if (bytes_find(made, bytes_str("\nFrom ")) < 0)
			return part;
		g_object_unref(part);
	}
	crlf = text_to_crlf(ctx, bytes_str(body));
	if (crlf.data == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		return NULL;
	}
	return text_part(
	    (const char *)crlf.data, GMIME_CONTENT_ENCODING_BASE64);
}

/* A stranger's type is kept where a reader's program can only save it. */
static bool
is_plain_type(const char *type)
{
	static const char token[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-+._";
	static const char *const families[] = {
	    "application/", "image/", "audio/", "video/"};

	if (type == NULL || strlen(type) > TYPE_MAX ||
	    strncasecmp(type, "application/pgp", 15) == 0 ||
	    strcasestr(type, "pkcs7") != NULL)
		return false;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		size_t len = strlen(families[i]);

		if (strncasecmp(type, families[i], len) == 0)
			return type[len] != '\0' &&
			       strspn(type + len, token) == strlen(type + len);
	}
	return false;
}

/* No path, no control, nothing hidden; never empty. */
static char *
file_name(const void *ctx, const char *name)
{
	char *safe = text_escape(ctx, name != NULL ? name : "", false);
	char *cut =
	    safe != NULL ? text_cut(ctx, safe, FILE_NAME_COLUMNS) : NULL;

	if (cut == NULL)
		return NULL;
	for (char *c = cut; *c != '\0'; c++)
		if (strchr("/\\:*?\"<>|", *c) != NULL ||
		    (c == cut && *c == '.'))
			*c = '_';
	return cut[0] != '\0' ? cut : talloc_strdup(ctx, "attachment");
}

static int
add_file(const void *ctx, GMimeMultipart *all, const struct draft_file *file,
    struct error *err)
{
	const char *type = file->type;
	char *name = file_name(ctx, file->name);
	char *family = NULL;
	GMimeObject *part;

	if (is_plain_type(type))
		family = talloc_strndup(
		    ctx, type, (size_t)(strchr(type, '/') - type));
	if (name == NULL)
		return error_set(err, FAULT_RETRY, "out of memory");
	part = part_new(family != NULL ? family : "application",
	    family != NULL ? strchr(type, '/') + 1 : OCTETS,
	    GMIME_CONTENT_ENCODING_BASE64, file->content);
	g_mime_object_set_disposition(part, "attachment");
	/* GMime writes it by RFC 2231. */
	g_mime_part_set_filename(GMIME_PART(part), name);
	g_mime_multipart_add(all, part);
	g_object_unref(part);
	return 0;
}

/*
 * The subject also stands where the signature covers it.  It is the outer one
 * again: that holds our number and a fixed phrase alone, so nothing is hidden
 * and nobody's program has to know of protected headers.
 */
static void
protect_subject(GMimeObject *entity, const struct vault_seal_job *job)
{
	g_mime_object_set_content_type_parameter(
	    entity, "protected-headers", "v1");
	g_mime_object_set_header(entity, "Subject", job->subject, "utf-8");
}

/* "=_" can stand in no quoted-printable or base64 line (RFC 2045, 6.7). */
char *
mime_boundary(const void *ctx, struct error *err)
{
	uint8_t random[16];
	char *made = NULL;

	if (getrandom(random, sizeof(random), 0) == sizeof(random))
		made = talloc_asprintf(ctx, "=_%s",
		    bytes_hex(ctx, bytes_of(random, sizeof(random))));
	if (made == NULL)
		error_set(err, FAULT_RETRY, "no boundary");
	return made;
}

static int
mixed_bytes(const void *ctx, const struct vault_seal_job *job,
    struct bytes own_key, GMimeObject *body, struct bytes *entity,
    struct error *err)
{
	static const char key_name[] = "OpenPGP_public_key.asc";
	GMimeMultipart *all = g_mime_multipart_new_with_subtype("mixed");
	char *boundary = mime_boundary(ctx, err);
	GMimeObject *part;
	int rc = -1;

	if (boundary == NULL)
		goto out;
	g_mime_multipart_set_boundary(all, boundary);
	g_mime_multipart_add(all, body);
	if (job->attach_own_key && own_key.len > 0) {
		part = part_new("application", "pgp-keys",
		    GMIME_CONTENT_ENCODING_BASE64, own_key);
		g_mime_object_set_disposition(part, "attachment");
		g_mime_part_set_filename(GMIME_PART(part), key_name);
		g_mime_multipart_add(all, part);
		g_object_unref(part);
	}
	for (size_t i = 0; i < job->nfiles; i++)
		if (add_file(ctx, all, &job->files[i], err) != 0)
			goto out;
	protect_subject(GMIME_OBJECT(all), job);
	rc = object_bytes(ctx, GMIME_OBJECT(all), entity, err);
out:
	g_object_unref(all);
	return rc;
}

int
mime_build_entity(const void *ctx, const struct vault_seal_job *job,
    struct bytes own_key, struct bytes *entity, struct error *err)
{
	GMimeObject *body;
	int rc;

	g_mime_init();
	body = body_part(ctx, job->body, err);
	if (body == NULL)
		return -1;
	if (job->nfiles > 0 || (job->attach_own_key && own_key.len > 0)) {
		rc = mixed_bytes(ctx, job, own_key, body, entity, err);
	} else {
		protect_subject(body, job);
		rc = object_bytes(ctx, body, entity, err);
	}
	g_object_unref(body);
	return rc;
}
