/*
 * fold.c - text made alike, so that names and words can be compared.
 *
 * Runs in the engine, pure.  Takes UTF-8 from outside, gives a talloc string
 * for comparing only, never for showing.  It knows the tricks by which one
 * name is written to look like another: width, case, spaces, controls without
 * width, and the letters of Greek and Cyrillic that look Latin.  It is no
 * list of all look-alikes (UTS 39): a name that slips through gains nothing
 * but the standing of a stranger.
 */
#include "desk_internal.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/text.h"

/* One character of UTF-8; a byte that is none counts for itself. */
static uint32_t
next_char(const char **at, const char *end)
{
	const unsigned char *s = (const unsigned char *)*at;
	size_t left = (size_t)(end - *at);
	size_t n = s[0] < 0xc0 ? 1 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	uint32_t c;

	if (n > left)
		n = 1;
	c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3f);
	*at += n;
	return c;
}

static uint32_t
fold_char(uint32_t c)
{
	char like;

	if (c >= 0xff01 && c <= 0xff5e) /* full-width ASCII */
		c = c - 0xff01 + '!';
	if (c == 0x3000 || c == 0xa0)
		c = ' ';
	if (c >= 'A' && c <= 'Z')
		return c - 'A' + 'a';
	like = text_lookalike(c);
	return like != '\0' ? (unsigned char)like : c;
}

/* Controls that show nothing and would part a word in two. */
static bool
has_no_width(uint32_t c)
{
	return c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xfeff;
}

static bool
is_word(uint32_t c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 0x80 && !(c >= 0x2000 && c <= 0x206f) &&
		   !(c >= 0x3000 && c <= 0x303f && c != 0x3005) && c != 0xb7 &&
		   c != 0x30fb && c != 0xfffd);
}

static char *
put_char(char *to, uint32_t c)
{
	if (c < 0x80) {
		*to++ = (char)c;
	} else if (c < 0x800) {
		*to++ = (char)(0xc0 | c >> 6);
		*to++ = (char)(0x80 | (c & 0x3f));
	} else if (c < 0x10000) {
		*to++ = (char)(0xe0 | c >> 12);
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	} else {
		*to++ = (char)(0xf0 | c >> 18);
		*to++ = (char)(0x80 | (c >> 12 & 0x3f));
		*to++ = (char)(0x80 | (c >> 6 & 0x3f));
		*to++ = (char)(0x80 | (c & 0x3f));
	}
	return to;
}

char *
fold_name(const void *ctx, const char *text)
{
	size_t len = strlen(text);
	const char *end = text + len;
	/* Folding lengthens nothing, but a byte that is no UTF-8. */
	char *out = talloc_array(ctx, char, len * 2 + 1);
	char *to = out;
	bool gap = false;

	if (out == NULL)
		return NULL;
	while (text < end) {
		uint32_t c = fold_char(next_char(&text, end));

		if (has_no_width(c))
			continue;
		if (!is_word(c)) {
			gap = true;
			continue;
		}
		if (gap && to != out)
			*to++ = ' ';
		gap = false;
		to = put_char(to, c);
	}
	*to = '\0';
	return out;
}

/* Two ASCII characters that hold together are one word. */
static bool
is_edge(char before, char after)
{
	return before == '\0' || after == '\0' || before == ' ' ||
	       after == ' ' || (before & 0x80) != 0 || (after & 0x80) != 0;
}

/* Does needle start here?  Spaces on either side are passed over. */
static bool
stands_at(const char *hay, const char *needle)
{
	char last = '\0';

	while (*needle != '\0') {
		if (*needle == ' ') {
			needle++;
		} else if (*hay == ' ') {
			last = *hay++;
		} else if (*hay == *needle) {
			last = *hay++;
			needle++;
		} else {
			return false;
		}
	}
	return is_edge(last, *hay);
}

bool
fold_has_name(const char *hay, const char *needle)
{
	char before = '\0';

	if (needle[0] == '\0')
		return false;
	for (; *hay != '\0'; before = *hay++)
		if (is_edge(before, *hay) && *hay != ' ' &&
		    stands_at(hay, needle))
			return true;
	return false;
}

char *
fold_prose(const void *ctx, const char *text, size_t len, size_t most)
{
	const char *end = text + (len < most ? len : most);
	char *out = talloc_array(ctx, char, (size_t)(end - text) * 2 + 1);
	char *to = out;
	uint32_t before = 0;
	bool gap = false;

	if (out == NULL)
		return NULL;
	while (text < end) {
		uint32_t c = fold_char(next_char(&text, end));

		if (has_no_width(c))
			continue;
		if (c <= ' ' || c == 0x7f) {
			gap = true;
			continue;
		}
		if (gap && before != 0 && (before < 0x80 || c < 0x80))
			*to++ = ' ';
		gap = false;
		to = put_char(to, c);
		before = c;
	}
	*to = '\0';
	return out;
}
