/*
 * text.c - text from outside: validity, width, addresses, ends of lines.
 *
 * Used by every room.  Nothing here allocates but what it returns.  What a
 * character is (wide, a mark, not assigned) is GLib's to know.
 */
#include "psirtd/text.h"

#include <string.h>

#include <glib.h>
#include <talloc.h>

size_t
text_next(const void *text, size_t len, uint32_t *out)
{
	const uint8_t *s = text;
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t n;
	uint32_t c;

	if (len == 0)
		return 0;
	if (s[0] < 0x80) {
		*out = s[0];
		return 1;
	}
	if ((s[0] & 0xe0) == 0xc0)
		n = 2;
	else if ((s[0] & 0xf0) == 0xe0)
		n = 3;
	else if ((s[0] & 0xf8) == 0xf0)
		n = 4;
	else
		return 0;
	if (n > len)
		return 0;
	c = s[0] & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (c < least[n] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*out = c;
	return n;
}

bool
text_valid(struct bytes text)
{
	size_t at = 0;
	uint32_t c;

	while (at < text.len) {
		size_t n = text_next(text.data + at, text.len - at, &c);

		if (n == 0 || c == 0)
			return false;
		at += n;
	}
	return true;
}

bool
text_is_blank(struct bytes text)
{
	size_t at = 0;

	while (at < text.len) {
		uint32_t c = 0;
		size_t n = text_next(text.data + at, text.len - at, &c);

		if (n == 0 || (c > ' ' && c != 0xa0 && c != 0x200b &&
				  c != 0x3000 && c != 0xfeff))
			return false;
		at += n;
	}
	return true;
}

static size_t
char_width(uint32_t c)
{
	if (g_unichar_iszerowidth(c))
		return 0;
	return g_unichar_iswide(c) ? 2 : 1;
}

size_t
text_width(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t left = strlen(text);
	size_t width = 0;
	uint32_t c;

	while (left > 0) {
		size_t n = text_next(s, left, &c);

		if (n == 0) {
			n = 1;
			c = '?';
		}
		width += char_width(c);
		s += n;
		left -= n;
	}
	return width;
}

char *
text_cut(const void *ctx, const char *text, size_t columns)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t left = strlen(text);
	size_t width = 0;
	size_t fits = 0; /* bytes that leave a column for the ellipsis */
	uint32_t c;

	if (text_width(text) <= columns)
		return talloc_strdup(ctx, text);
	while (left > 0) {
		size_t n = text_next(s, left, &c);

		if (n == 0) {
			n = 1;
			c = '?';
		}
		width += char_width(c);
		if (width + 1 > columns)
			break;
		fits += n;
		s += n;
		left -= n;
	}
	if (columns == 0)
		return talloc_strdup(ctx, "");
	return talloc_asprintf(ctx, "%.*s\xe2\x80\xa6", (int)fits, text);
}

static bool
is_atom_char(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z') ||
	       (c != '\0' && strchr("!#$%&'*+-/=?^_`{|}~.", c) != NULL);
}

static bool
is_domain(const char *s)
{
	size_t label = 0;

	if (*s == '[') {
		size_t len = strlen(s);

		return len > 2 && s[len - 1] == ']' &&
		       strspn(s + 1, "0123456789abcdefABCDEFIPv:.") == len - 2;
	}
	for (; *s != '\0'; s++) {
		bool alnum = (*s >= '0' && *s <= '9') ||
			     (*s >= 'a' && *s <= 'z') ||
			     (*s >= 'A' && *s <= 'Z');

		if (*s == '.') {
			if (label == 0 || s[-1] == '-')
				return false;
			label = 0;
		} else if (alnum || (*s == '-' && label > 0)) {
			if (++label > 63)
				return false;
		} else {
			return false;
		}
	}
	return label > 0 && s[-1] != '-';
}

bool
text_is_address(const char *text)
{
	const char *at;
	size_t local;

	if (text == NULL || strlen(text) > 254)
		return false;
	at = strrchr(text, '@');
	if (at == NULL)
		return false;
	local = (size_t)(at - text);
	if (local == 0 || local > 64)
		return false;
	if (text[0] == '.' || at[-1] == '.')
		return false;
	/* A quoted local part is legal (RFC 5321) and never needed: refused. */
	for (size_t i = 0; i < local; i++)
		if (!is_atom_char(text[i]) ||
		    (text[i] == '.' && text[i + 1] == '.'))
			return false;
	return is_domain(at + 1);
}

char *
text_lower(const void *ctx, const char *text)
{
	char *out = talloc_strdup(ctx, text);

	for (char *c = out; c != NULL && *c != '\0'; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	return out;
}

bool
text_is_fingerprint(const char *text)
{
	return text != NULL && strlen(text) == 40 &&
	       strspn(text, "0123456789ABCDEFabcdef") == 40;
}

struct bytes
text_to_crlf(const void *ctx, struct bytes from)
{
	size_t bare = 0;
	uint8_t *out;
	uint8_t *to;

	for (size_t i = 0; i < from.len; i++)
		if (from.data[i] == '\n' &&
		    (i == 0 || from.data[i - 1] != '\r'))
			bare++;
	out = talloc_size(ctx, from.len + bare + 1);
	if (out == NULL)
		return BYTES_NONE;
	to = out;
	for (size_t i = 0; i < from.len; i++) {
		if (from.data[i] == '\n' &&
		    (i == 0 || from.data[i - 1] != '\r'))
			*to++ = '\r';
		*to++ = from.data[i];
	}
	*to = '\0';
	return bytes_of(out, (size_t)(to - out));
}

char *
text_to_lf(const void *ctx, const char *text)
{
	char *out = talloc_strdup(ctx, text);
	char *to = out;

	if (out == NULL)
		return NULL;
	for (const char *s = text; *s != '\0'; s++)
		if (s[0] != '\r' || s[1] != '\n')
			*to++ = *s;
	*to = '\0';
	return out;
}
