/*
 * lookalike.c - letters that are drawn like letters of ASCII.
 *
 * Used where names are compared (desk/) and where they are shown (psirt).
 * It is no list of all look-alikes (UTS 39): those of the alphabets that a
 * reader here would not notice, and the forms that Unicode itself calls a
 * variant of an ASCII letter.
 */
#include "psirtd/text.h"

#include <stdlib.h>

#include <glib.h>

/* In the order of `from`. */
static const struct lookalike {
	uint16_t from;
	char to;
} lookalikes[] = {
    {0x0251, 'a'},
    {0x0261, 'g'},
    {0x037f, 'j'},
    {0x0391, 'a'},
    {0x0392, 'b'},
    {0x0395, 'e'},
    {0x0396, 'z'},
    {0x0397, 'h'},
    {0x0399, 'i'},
    {0x039a, 'k'},
    {0x039c, 'm'},
    {0x039d, 'n'},
    {0x039f, 'o'},
    {0x03a1, 'p'},
    {0x03a4, 't'},
    {0x03a5, 'y'},
    {0x03a7, 'x'},
    {0x03ba, 'k'},
    {0x03bd, 'v'},
    {0x03bf, 'o'},
    {0x03c1, 'p'},
    {0x03c5, 'u'},
    {0x03f2, 'c'},
    {0x03f3, 'j'},
    {0x03f9, 'c'},
    {0x0405, 's'},
    {0x0406, 'i'},
    {0x0408, 'j'},
    {0x0410, 'a'},
    {0x0412, 'b'},
    {0x0415, 'e'},
    {0x041a, 'k'},
    {0x041c, 'm'},
    {0x041d, 'h'},
    {0x041e, 'o'},
    {0x0420, 'p'},
    {0x0421, 'c'},
    {0x0422, 't'},
    {0x0423, 'y'},
    {0x0425, 'x'},
    {0x0430, 'a'},
    {0x0435, 'e'},
    {0x043e, 'o'},
    {0x0440, 'p'},
    {0x0441, 'c'},
    {0x0443, 'y'},
    {0x0445, 'x'},
    {0x0455, 's'},
    {0x0456, 'i'},
    {0x0458, 'j'},
    {0x0474, 'v'},
    {0x0475, 'v'},
    {0x04ae, 'y'},
    {0x04af, 'y'},
    {0x04bb, 'h'},
    {0x04c0, 'i'},
    {0x04cf, 'l'},
    {0x0501, 'd'},
    {0x051a, 'q'},
    {0x051b, 'q'},
    {0x051c, 'w'},
    {0x051d, 'w'},
};

static int
compare(const void *key, const void *row)
{
	uint32_t c = *(const uint32_t *)key;
	uint16_t from = ((const struct lookalike *)row)->from;

	return (c > from) - (c < from);
}

/* Letter-like symbols, Roman numerals, mathematical and full-width letters. */
static bool
is_variant(uint32_t c)
{
	return (c >= 0x2100 && c <= 0x217f) || (c >= 0xff10 && c <= 0xff5a) ||
	       (c >= 0x1d400 && c <= 0x1d7ff);
}

char
text_lookalike(uint32_t c)
{
	const struct lookalike *row;
	gunichar plain;

	if (is_variant(c)) {
		if (g_unichar_fully_decompose(c, TRUE, &plain, 1) != 1)
			return '\0';
		if (plain < 0x80)
			return g_ascii_isalnum((char)plain)
				   ? g_ascii_tolower((char)plain)
				   : '\0';
		c = plain; /* a mathematical Greek letter */
	}
	row =
	    bsearch(&c, lookalikes, sizeof(lookalikes) / sizeof(lookalikes[0]),
		sizeof(lookalikes[0]), compare);
	return row != NULL ? row->to : '\0';
}
