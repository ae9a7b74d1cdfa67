/*
 * text.c - text from outside: validity, width, escaping, addresses.
 *
 * Used by every room.  Nothing here allocates but what it returns.
 */
#include "psirtd/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <talloc.h>

/* Decodes one character; returns its length, 0 when malformed (RFC 3629). */
static size_t
utf8_next(const uint8_t *s, size_t len, uint32_t *out)
{
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
		size_t n = utf8_next(text.data + at, text.len - at, &c);

		if (n == 0 || c == 0)
			return false;
		at += n;
	}
	return true;
}

struct range {
	uint32_t first, last;
};

/* East Asian Width W and F (Unicode 15), neighbours joined. */
static const struct range wide[] = {
    {0x1100, 0x115f},
    {0x231a, 0x231b},
    {0x2329, 0x232a},
    {0x23e9, 0x23ec},
    {0x23f0, 0x23f0},
    {0x23f3, 0x23f3},
    {0x25fd, 0x25fe},
    {0x2614, 0x2615},
    {0x2648, 0x2653},
    {0x267f, 0x267f},
    {0x2693, 0x2693},
    {0x26a1, 0x26a1},
    {0x26aa, 0x26ab},
    {0x26bd, 0x26be},
    {0x26c4, 0x26c5},
    {0x26ce, 0x26ce},
    {0x26d4, 0x26d4},
    {0x26ea, 0x26ea},
    {0x26f2, 0x26f3},
    {0x26f5, 0x26f5},
    {0x26fa, 0x26fa},
    {0x26fd, 0x26fd},
    {0x2705, 0x2705},
    {0x270a, 0x270b},
    {0x2728, 0x2728},
    {0x274c, 0x274c},
    {0x274e, 0x274e},
    {0x2753, 0x2755},
    {0x2757, 0x2757},
    {0x2795, 0x2797},
    {0x27b0, 0x27b0},
    {0x27bf, 0x27bf},
    {0x2b1b, 0x2b1c},
    {0x2b50, 0x2b50},
    {0x2b55, 0x2b55},
    {0x2e80, 0x303e},
    {0x3041, 0x3247},
    {0x3250, 0x4dbf},
    {0x4e00, 0xa4cf},
    {0xa960, 0xa97f},
    {0xac00, 0xd7a3},
    {0xf900, 0xfaff},
    {0xfe10, 0xfe19},
    {0xfe30, 0xfe6f},
    {0xff01, 0xff60},
    {0xffe0, 0xffe6},
    {0x16fe0, 0x18cff},
    {0x1aff0, 0x1b2ff},
    {0x1f004, 0x1f004},
    {0x1f0cf, 0x1f0cf},
    {0x1f18e, 0x1f18e},
    {0x1f191, 0x1f19a},
    {0x1f200, 0x1f320},
    {0x1f32d, 0x1f335},
    {0x1f337, 0x1f37c},
    {0x1f37e, 0x1f393},
    {0x1f3a0, 0x1f3ca},
    {0x1f3cf, 0x1f3d3},
    {0x1f3e0, 0x1f3f0},
    {0x1f3f4, 0x1f3f4},
    {0x1f3f8, 0x1f43e},
    {0x1f440, 0x1f440},
    {0x1f442, 0x1f4fc},
    {0x1f4ff, 0x1f53d},
    {0x1f54b, 0x1f567},
    {0x1f57a, 0x1f57a},
    {0x1f595, 0x1f596},
    {0x1f5a4, 0x1f5a4},
    {0x1f5fb, 0x1f64f},
    {0x1f680, 0x1f6c5},
    {0x1f6cc, 0x1f6cc},
    {0x1f6d0, 0x1f6d7},
    {0x1f6dc, 0x1f6df},
    {0x1f6eb, 0x1f6ec},
    {0x1f6f4, 0x1f6fc},
    {0x1f7e0, 0x1f7f0},
    {0x1f90c, 0x1f9ff},
    {0x1fa70, 0x1faff},
    {0x20000, 0x3fffd},
};

/* Combining marks that meet in mail of the languages we are written to. */
static const struct range zero[] = {
    {0x0300, 0x036f},
    {0x0483, 0x0489},
    {0x0591, 0x05bd},
    {0x0610, 0x061a},
    {0x064b, 0x065f},
    {0x0e31, 0x0e31},
    {0x0e34, 0x0e3a},
    {0x0e47, 0x0e4e},
    {0x1ab0, 0x1aff},
    {0x1dc0, 0x1dff},
    {0x200b, 0x200f},
    {0x202a, 0x202e},
    {0x2060, 0x2064},
    {0x20d0, 0x20f0},
    {0x302a, 0x302d},
    {0x3099, 0x309a},
    {0xfe00, 0xfe0f},
    {0xfe20, 0xfe2f},
    {0xfeff, 0xfeff},
    {0xe0100, 0xe01ef},
};

/*
 * Not to be shown as they are: bidirectional and zero-width controls, line
 * and paragraph separators, tags, and variation of what a terminal shows.
 */
static const struct range hidden[] = {
    {0x00ad, 0x00ad},
    {0x034f, 0x034f},
    {0x061c, 0x061c},
    {0x115f, 0x1160},
    {0x17b4, 0x17b5},
    {0x180b, 0x180f},
    {0x200b, 0x200f},
    {0x2028, 0x202e},
    {0x2060, 0x206f},
    {0x3164, 0x3164},
    {0xfeff, 0xfeff},
    {0xffa0, 0xffa0},
    {0xfff9, 0xfffb},
    {0xe0000, 0xe007f},
};

static bool
in_ranges(uint32_t c, const struct range *r, size_t n)
{
	for (size_t i = 0; i < n && r[i].first <= c; i++)
		if (c <= r[i].last)
			return true;
	return false;
}

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static size_t
char_width(uint32_t c)
{
	if (in_ranges(c, zero, COUNT(zero)))
		return 0;
	return in_ranges(c, wide, COUNT(wide)) ? 2 : 1;
}

size_t
text_width(const char *text)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t left = strlen(text);
	size_t width = 0;
	uint32_t c;

	while (left > 0) {
		size_t n = utf8_next(s, left, &c);

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
text_escape(const void *ctx, const char *text, bool keep_lines)
{
	const uint8_t *s = (const uint8_t *)text;
	size_t left = strlen(text);
	/* "<U+10FFFF>" is ten bytes for the shortest two-byte character. */
	char *out = talloc_array(ctx, char, left * 10 + 1);
	char *to = out;
	uint32_t c;

	if (out == NULL)
		return NULL;
	while (left > 0) {
		size_t n = utf8_next(s, left, &c);

		if (n == 0) {
			n = 1;
			to += sprintf(to, "\\x%02x", s[0]);
		} else if (keep_lines && (c == '\n' || c == '\t')) {
			*to++ = (char)c;
		} else if (c < 0x20 || c == 0x7f) {
			to += sprintf(to, "\\x%02x", (unsigned)c);
		} else if ((c >= 0x80 && c < 0xa0) ||
			   in_ranges(c, hidden, COUNT(hidden))) {
			to += sprintf(to, "<U+%04X>", (unsigned)c);
		} else {
			memcpy(to, s, n);
			to += n;
		}
		s += n;
		left -= n;
	}
	*to = '\0';
	return talloc_realloc(ctx, out, char, (size_t)(to - out) + 1);
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
		size_t n = utf8_next(s, left, &c);

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
