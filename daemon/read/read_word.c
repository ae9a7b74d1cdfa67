/*
 * read_word.c - the text of a header field: RFC 2047 words to UTF-8.
 *
 * Takes the raw value of a field and gives one line of UTF-8 without
 * controls.  The bytes of neighbouring words of one charset are joined before
 * they are converted, as mailers cut characters in two; what stands raw in
 * eight bits or in ISO-2022-JP is guessed.  Runs in the child of the read
 * room.
 */
#include "read_internal.h"

#include <string.h>

#include <talloc.h>

/* "=?charset?B?text?=" */
struct word {
	const char *charset;
	size_t charset_len;
	char how; /* 'b' or 'q' */
	const char *text;
	size_t text_len;
	const char *end;
};

static const char *
skip_space(const char *s, const char *end)
{
	while (s < end && strchr(" \t\r\n", *s) != NULL && *s != '\0')
		s++;
	return s;
}

/* Mailers put spaces into words, or text right beside them: both are read. */
static bool
word_at(const char *s, const char *end, struct word *w)
{
	const char *q;

	if (end - s < 8 || s[0] != '=' || s[1] != '?')
		return false;
	w->charset = s + 2;
	q = memchr(w->charset, '?', (size_t)(end - w->charset));
	if (q == NULL || q == w->charset || q - w->charset > 60 ||
	    end - q < 5 || q[2] != '?')
		return false;
	w->charset_len = (size_t)(q - w->charset);
	w->how = g_ascii_tolower(q[1]);
	if (w->how != 'b' && w->how != 'q')
		return false;
	w->text = q + 3;
	for (q = w->text; q + 1 < end; q++) {
		if (q[0] == '?' && q[1] == '=') {
			w->text_len = (size_t)(q - w->text);
			w->end = q + 2;
			return true;
		}
		/* Not in the middle of the next word; base64 may end "==?=". */
		if (q[0] == '=' && q[1] == '?' && (q + 2 >= end || q[2] != '='))
			break;
	}
	/* One without an end goes to the next blank. */
	for (q = w->text; q < end && strchr(" \t\r\n", *q) == NULL; q++)
		;
	w->text_len = (size_t)(q - w->text);
	w->end = q;
	return w->text_len > 0;
}

static int
hex_digit(char c)
{
	return g_ascii_xdigit_value(c);
}

static int
word_bytes(const struct word *w, struct buf *out, struct error *err)
{
	if (w->how == 'b') {
		gint state = 0;
		guint save = 0;
		guchar *bytes = g_malloc(w->text_len / 4 * 3 + 9);
		gsize n = g_base64_decode_step(
		    w->text, w->text_len, bytes, &state, &save);
		int rc;

		/* Padding that is missing is made up. */
		n += g_base64_decode_step("===", 3, bytes + n, &state, &save);
		rc = buf_add(out, bytes, n, err);

		g_free(bytes);
		return rc;
	}
	for (size_t i = 0; i < w->text_len; i++) {
		char c = w->text[i];

		if (c == '_') {
			c = ' ';
		} else if (c == '=' && i + 2 < w->text_len &&
			   hex_digit(w->text[i + 1]) >= 0 &&
			   hex_digit(w->text[i + 2]) >= 0) {
			c = (char)(hex_digit(w->text[i + 1]) << 4 |
				   hex_digit(w->text[i + 2]));
			i += 2;
		}
		if (buf_add(out, &c, 1, err) != 0)
			return -1;
	}
	return 0;
}

struct decoder {
	const struct charsets *cs;
	struct buf *out;     /* UTF-8 */
	struct buf *pending; /* bytes of words in one charset */
	char charset[64];    /* of pending; "" none */
};

static int
add_converted(
    struct decoder *d, struct bytes from, const char *label, struct error *err)
{
	struct converted to;
	void *tmp;
	int rc;

	if (from.len == 0)
		return 0;
	tmp = talloc_new(d->out);
	rc = charset_convert(tmp, d->cs, from, label, &to, err);
	if (rc == 0)
		rc = buf_add(d->out, to.text, to.len, err);
	talloc_free(tmp);
	return rc;
}

static int
flush_words(struct decoder *d, struct error *err)
{
	int rc = add_converted(d, buf_bytes(d->pending), d->charset, err);

	buf_clear(d->pending);
	d->charset[0] = '\0';
	return rc;
}

static int
add_word(struct decoder *d, const struct word *w, struct error *err)
{
	char charset[64];

	memcpy(charset, w->charset, w->charset_len);
	charset[w->charset_len] = '\0';
	charset[strcspn(charset, "*")] = '\0'; /* RFC 2231 language */
	if (g_ascii_strcasecmp(charset, d->charset) != 0 &&
	    flush_words(d, err) != 0)
		return -1;
	memcpy(d->charset, charset, sizeof(charset));
	return word_bytes(w, d->pending, err);
}

static int
decode(struct decoder *d, const char *s, const char *end, struct error *err)
{
	const char *plain = s; /* where text that is no word began */
	struct word w = {0};

	while (s < end) {
		if (!word_at(s, end, &w)) {
			const char *next =
			    s + 1 < end
				? memchr(s + 1, '=', (size_t)(end - s - 1))
				: NULL;

			s = next != NULL ? next : end;
			continue;
		}
		/* White space between two words is not text. */
		if (d->charset[0] == '\0' || skip_space(plain, s) != s) {
			if (flush_words(d, err) != 0 ||
			    add_converted(d,
				bytes_of(plain, (size_t)(s - plain)), NULL,
				err) != 0)
				return -1;
		}
		if (add_word(d, &w, err) != 0)
			return -1;
		s = plain = w.end;
	}
	if (flush_words(d, err) != 0)
		return -1;
	return add_converted(
	    d, bytes_of(plain, (size_t)(end - plain)), NULL, err);
}

/* Controls that change how a line is shown, or that nobody can see. */
static bool
is_hidden(gunichar c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) ||
	       (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	       (c >= 0x2060 && c <= 0x206f) || c == 0xfeff ||
	       (c >= 0xfff9 && c <= 0xfffb) || (c >= 0xe0000 && c <= 0xe007f);
}

void
word_clean(char *text)
{
	char *to = text;

	for (const char *s = text; *s != '\0';) {
		const char *next = g_utf8_next_char(s);
		gunichar c = g_utf8_get_char(s);

		/* A folded line: the space behind the line end is enough. */
		if (c == '\t' || c == '\n' || c == '\r') {
			if (to == text || to[-1] != ' ')
				*to++ = ' ';
		} else if (c == ' ' && to > text && s[-1] == '\n' &&
			   to[-1] == ' ') {
			/* that space */
		} else if (!is_hidden(c)) {
			memmove(to, s, (size_t)(next - s));
			to += next - s;
		}
		s = next;
	}
	while (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
	if (text[0] == ' ')
		memmove(text, text + strspn(text, " "),
		    strlen(text + strspn(text, " ")) + 1);
}

static void
cut_utf8(char *text, size_t max)
{
	if (strlen(text) <= max)
		return;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	text[max] = '\0';
}

char *
word_decode(const void *ctx, const struct charsets *cs, const char *raw,
    size_t max, struct error *err)
{
	/* More than that is cut before the work, not after it. */
	size_t len = strnlen(raw, max * 8 + 1024);
	void *tmp = talloc_new(ctx);
	struct decoder d = {
	    cs, buf_new(tmp, len * 4 + 64), buf_new(tmp, len + 64), ""};
	char *text = NULL;

	if (d.out == NULL || d.pending == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto out;
	}
	if (decode(&d, raw, raw + len, err) != 0)
		goto out;
	text = talloc_strndup(ctx,
	    d.out->data != NULL ? (const char *)d.out->data : "", d.out->len);
	if (text == NULL) {
		error_set(err, FAULT_RETRY, "out of memory");
		goto out;
	}
	word_clean(text);
	cut_utf8(text, max);
out:
	talloc_free(tmp);
	return text;
}
