/*
 * read_style.c - does an element of HTML hide its text from the eye?
 *
 * Takes the style attribute of an element.  Style sheets are not read: what
 * they hide is shown as any text.  Neither is a colour compared with that
 * below it.  Runs in the child of the read room.
 */
#include "read_internal.h"

#include <string.h>

#define STYLE_MOST 4096 /* bytes looked at */

enum is {
	IS_WORD,
	IS_TINY, /* a number or length that nobody can see */
	IS_FAR,  /* out of the page to the left or above it */
};

static const struct hiding {
	const char *property;
	enum is is;
	const char *word;
} hidings[] = {
    {"display", IS_WORD, "none"},
    {"visibility", IS_WORD, "hidden"},
    {"visibility", IS_WORD, "collapse"},
    {"content-visibility", IS_WORD, "hidden"},
    {"mso-hide", IS_WORD, "all"},
    {"color", IS_WORD, "transparent"},
    {"clip-path", IS_WORD, "inset(100%)"},
    {"opacity", IS_TINY, NULL},
    {"font-size", IS_TINY, NULL},
    {"max-height", IS_TINY, NULL},
    {"max-width", IS_TINY, NULL},
    {"text-indent", IS_FAR, NULL},
    {"left", IS_FAR, NULL},
    {"top", IS_FAR, NULL},
    {"margin-left", IS_FAR, NULL},
    {"margin-top", IS_FAR, NULL},
};

/* One character behind a backslash; *s is moved behind it. */
static char
unescape(const char **s)
{
	unsigned c = 0;
	unsigned n = 0;

	while (n < 6 && g_ascii_xdigit_value(**s) >= 0) {
		c = c * 16 + (unsigned)g_ascii_xdigit_value(**s);
		n++;
		(*s)++;
	}
	if (n == 0)
		return **s != '\0' ? *(*s)++ : '\0';
	*s += g_ascii_isspace(**s);
	return c > ' ' && c < 0x7f ? (char)c : '?';
}

/* Lower-case, without blanks and comments, escapes taken off. */
static void
squeeze(const char *style, char *to)
{
	const char *end = style + strnlen(style, STYLE_MOST);

	for (const char *s = style; s < end;) {
		char c = *s++;

		if (c == '/' && *s == '*') {
			s = strstr(s + 1, "*/");
			if (s == NULL)
				break;
			s += 2;
			continue;
		}
		if (c == '\\')
			c = unescape(&s);
		if (c != '\0' && !g_ascii_isspace(c))
			*to++ = g_ascii_tolower(c);
	}
	*to = '\0';
}

static bool
holds(const struct hiding *h, const char *value)
{
	char *unit;
	double number;

	if (h->is == IS_WORD)
		return strncmp(value, h->word, strlen(h->word)) == 0;
	number = g_ascii_strtod(value, &unit);
	if (unit == value)
		return false;
	if (h->is == IS_FAR)
		return number <= -500;
	return number <= 0.1 ||
	       (number <= 2 && (unit[0] == 'p' && strchr("xt", unit[1])));
}

bool
style_hides(const char *style)
{
	char text[STYLE_MOST + 1];
	char *next = text;

	squeeze(style, text);
	while (*next != '\0') {
		char *property = next;
		char *value;

		next += strcspn(next, ";");
		if (*next != '\0')
			*next++ = '\0';
		value = strchr(property, ':');
		if (value == NULL)
			continue;
		*value++ = '\0';
		for (size_t i = 0; i < sizeof(hidings) / sizeof(hidings[0]);
		     i++)
			if (strcmp(property, hidings[i].property) == 0 &&
			    holds(&hidings[i], value))
				return true;
	}
	return false;
}
