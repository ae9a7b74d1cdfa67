/*
 * text_plain.c - text made alike, so that words in it can be looked for.
 *
 * Used where people's mails are read for words and dates (desk/) and for the
 * settings' own words.  Width, case and kana are made one; lines stay.  Never
 * for showing: the map back says which bytes to show.  Nothing gets longer.
 */
#include "psirtd/text.h"

#include <string.h>

#include <glib.h>
#include <talloc.h>

#define PLAIN_MOST (64u << 20) /* bytes; the map counts in 32 bits */

static uint32_t
plain_char(uint32_t c)
{
	gunichar to[G_UNICHAR_MAX_DECOMPOSITION_LENGTH];

	/* Forms of another width: ASCII, kana, and what is like them. */
	if (c >= 0xff01 && c <= 0xffee &&
	    g_unichar_fully_decompose(c, TRUE, to, G_N_ELEMENTS(to)) > 0)
		c = to[0];
	if (c == 0x3000 || c == 0xa0 || c == 0x202f || c == '\t' ||
	    (c >= 0x2000 && c <= 0x200a))
		return ' ';
	if ((c >= 0x2010 && c <= 0x2015) || c == 0x2212)
		return '-';
	if (c == 0xfe55 || c == 0x2236) /* small colon, ratio */
		return ':';
	return c < 0x80 ? (uint32_t)g_ascii_tolower((gchar)c) : c;
}

static bool
has_no_width(uint32_t c)
{
	return c == 0xad || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) ||
	       c == 0xfeff;
}

/* Half-width kana write the voice mark behind the letter; 0: no such pair. */
static uint32_t
voiced(uint32_t before, uint32_t c)
{
	gunichar whole;

	return (c == 0x3099 || c == 0x309a) &&
		       g_unichar_compose(before, c, &whole)
		   ? whole
		   : 0;
}

bool
text_plain(
    const void *ctx, const char *text, size_t len, struct plain_text *out)
{
	size_t n;
	size_t to = 0;
	size_t last = 0; /* where the character before it was put */
	uint32_t before = 0;

	memset(out, 0, sizeof(*out));
	if (len >= PLAIN_MOST)
		return false;
	out->text = talloc_array(ctx, char, len + 1);
	out->from = talloc_array(ctx, uint32_t, len + 1);
	if (out->text == NULL || out->from == NULL)
		return false;
	for (size_t at = 0; at < len; at += n) {
		uint32_t c;
		uint32_t whole;
		gchar utf8[6];
		size_t start;
		size_t m;

		n = text_next(text + at, len - at, &c);
		if (n == 0 || c == 0) {
			n = 1;
			c = '?';
		}
		/* CR LF is one end of a line; a CR alone is a blank. */
		if (c == '\r' && at + 1 < len && text[at + 1] == '\n')
			continue;
		c = c == '\r' ? ' ' : plain_char(c);
		if (has_no_width(c))
			continue;
		start = at;
		whole = voiced(before, c);
		if (whole != 0) {
			c = whole;
			to = last;
			start = out->from[last];
		}
		m = (size_t)g_unichar_to_utf8(c, utf8);
		memcpy(out->text + to, utf8, m);
		for (size_t i = 0; i < m; i++)
			out->from[to + i] = (uint32_t)start;
		last = to;
		before = c;
		to += m;
	}
	out->text[to] = '\0';
	out->from[to] = (uint32_t)len;
	out->len = to;
	return true;
}
