/*
 * secret.c - a password on its way to the server: made up, and wiped.
 *
 * Takes a user and a password, gives what AUTH PLAIN and AUTH LOGIN say in
 * base64; whatever holds it is wiped when it is freed.  No library for it:
 * Cyrus SASL would load plug-ins behind the walls, and libetpan cuts a
 * command at 512 bytes.  Runs in the fetch and send rooms.
 */
#include "stream_internal.h"

#include <string.h>

#include <talloc.h>

static int
wipe(char *text)
{
	explicit_bzero(text, talloc_get_size(text));
	return 0;
}

char *
stream_base64(const void *ctx, struct bytes from)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *out = talloc_array(ctx, char, (from.len + 2) / 3 * 4 + 1);
	char *to = out;

	if (out == NULL)
		return NULL;
	talloc_set_destructor(out, wipe);
	for (size_t i = 0; i < from.len; i += 3) {
		size_t n = from.len - i < 3 ? from.len - i : 3;
		uint32_t v = (uint32_t)from.data[i] << 16;

		if (n > 1)
			v |= (uint32_t)from.data[i + 1] << 8;
		if (n > 2)
			v |= from.data[i + 2];
		*to++ = digits[v >> 18];
		*to++ = digits[v >> 12 & 63];
		*to++ = (char)(n > 1 ? digits[v >> 6 & 63] : '=');
		*to++ = (char)(n > 2 ? digits[v & 63] : '=');
	}
	*to = '\0';
	return out;
}

/* RFC 4616: an empty identity to act as, the user, the password. */
char *
stream_auth_plain(const void *ctx, const char *user, const char *secret)
{
	struct buf *raw =
	    buf_new_secret(ctx, strlen(user) + strlen(secret) + 2);
	char *out = NULL;

	if (raw != NULL && buf_add(raw, "", 1, NULL) == 0 &&
	    buf_add(raw, user, strlen(user) + 1, NULL) == 0 &&
	    buf_add(raw, secret, strlen(secret), NULL) == 0)
		out = stream_base64(ctx, buf_bytes(raw));
	talloc_free(raw);
	return out;
}

char *
stream_secret_text(const void *ctx, struct bytes secret, struct error *err)
{
	char *text = bytes_text(ctx, secret);

	if (text == NULL || text[0] == '\0') {
		error_set(err, FAULT_SETUP, "there is no password");
		return NULL;
	}
	talloc_set_destructor(text, wipe);
	for (const char *c = text; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			talloc_free(text);
			error_set(err, FAULT_SETUP,
			    "the password holds a control character");
			return NULL;
		}
	return text;
}

void
stream_forget(struct stream *stream)
{
	mailstream *mail = stream->mail;

	if (mail != NULL)
		explicit_bzero(mail->write_buffer + mail->write_buffer_len,
		    mail->buffer_max_size - mail->write_buffer_len);
}
