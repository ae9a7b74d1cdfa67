/*
 * text_show.c - text from outside, made safe to show.
 *
 * Used by every room that says what a stranger wrote.  Gives copies in which
 * nothing moves the cursor, hides, piles up or speaks with letters of another
 * alphabet; each such character is spelled out where it stood, so that
 * nothing is lost.  Japanese, and words of one alphabet, stay as they are.
 */
#include "psirtd/text.h"

#include <stdio.h>
#include <string.h>

#include <glib.h>
#include <talloc.h>

/* On one letter: Hebrew and Vietnamese need so many, nobody needs more. */
#define MARKS_MOST 3

/* No letters, and not of a type that says so: fillers, selectors, joiners. */
static const struct range {
	uint32_t first, last;
} ignorable[] = {
    {0x034f, 0x034f},
    {0x115f, 0x1160},
    {0x17b4, 0x17b5},
    {0x180b, 0x180f},
    {0x3164, 0x3164},
    {0xfe00, 0xfe0f},
    {0xffa0, 0xffa0},
    {0xe0100, 0xe01ef},
};

bool
text_is_hidden(uint32_t c)
{
	switch (g_unichar_type(c)) {
	case G_UNICODE_CONTROL:
	case G_UNICODE_FORMAT:
	case G_UNICODE_UNASSIGNED:
	case G_UNICODE_PRIVATE_USE:
	case G_UNICODE_SURROGATE:
	case G_UNICODE_LINE_SEPARATOR:
	case G_UNICODE_PARAGRAPH_SEPARATOR:
		return true;
	default:
		break;
	}
	for (size_t i = 0; i < sizeof(ignorable) / sizeof(ignorable[0]); i++)
		if (c >= ignorable[i].first && c <= ignorable[i].last)
			return true;
	return false;
}

bool
text_is_mark(uint32_t c)
{
	return g_unichar_ismark(c);
}

/* ---- one character after the other ---- */

struct copy {
	char *start, *to;
	const char *text;
	size_t left;
	/* on the last letter; MARKS_MOST where nothing stands to bear one */
	unsigned marks;
};

static bool
copy_start(struct copy *copy, const void *ctx, const char *text)
{
	copy->text = text;
	copy->left = strlen(text);
	/* "<U+10FFFF>" is ten bytes for the shortest two-byte character. */
	copy->start = talloc_array(ctx, char, copy->left * 10 + 1);
	copy->to = copy->start;
	copy->marks = MARKS_MOST;
	return copy->start != NULL;
}

static char *
copy_end(const void *ctx, struct copy *copy)
{
	*copy->to++ = '\0';
	return talloc_realloc(
	    ctx, copy->start, char, (size_t)(copy->to - copy->start));
}

/* The next character, n bytes (0: malformed); spelled out where it must be. */
static void
copy_char(struct copy *copy, size_t n, uint32_t c, bool spell)
{
	if (n == 0 || c < 0x20 || c == 0x7f) {
		copy->to += sprintf(
		    copy->to, "\\x%02x", (unsigned)(uint8_t)*copy->text);
		copy->marks = MARKS_MOST;
	} else if (spell || text_is_hidden(c) ||
		   (g_unichar_ismark(c) && copy->marks >= MARKS_MOST)) {
		copy->to += sprintf(copy->to, "<U+%04X>", (unsigned)c);
		copy->marks = MARKS_MOST;
	} else {
		memcpy(copy->to, copy->text, n);
		copy->to += n;
		if (g_unichar_ismark(c))
			copy->marks++;
		else
			copy->marks = g_unichar_isspace(c) ? MARKS_MOST : 0;
	}
	n = n > 0 ? n : 1;
	copy->text += n;
	copy->left -= n;
}

char *
text_escape(const void *ctx, const char *text, bool keep_lines)
{
	struct copy copy;
	uint32_t c;

	if (!copy_start(&copy, ctx, text))
		return NULL;
	while (copy.left > 0) {
		if (keep_lines && (*copy.text == '\n' || *copy.text == '\t')) {
			*copy.to++ = *copy.text++;
			copy.left--;
			copy.marks = MARKS_MOST;
		} else {
			size_t n = text_next(copy.text, copy.left, &c);

			copy_char(&copy, n, c, false);
		}
	}
	return copy_end(ctx, &copy);
}

char *
text_show_address(const void *ctx, const char *address)
{
	struct copy copy;
	uint32_t c;

	if (!copy_start(&copy, ctx, address))
		return NULL;
	while (copy.left > 0) {
		size_t n = text_next(copy.text, copy.left, &c);

		copy_char(&copy, n, c, n > 0 && (c == ' ' || c >= 0x7f));
	}
	return copy_end(ctx, &copy);
}

/* ---- words ---- */

enum alphabet {
	NO_LETTER,
	MARK, /* belongs to the letter before it */
	LATIN,
	GREEK,
	CYRILLIC, /* and Armenian: nobody writes one word in them and Latin */
	VARIANT,  /* full-width, Roman numerals, letter-like: usual in Japan */
	FANCY,    /* mathematical; alphabets that nobody writes letters in */
	ALPHABETS
};

static enum alphabet
alphabet_of(uint32_t c)
{
	if (c < 0x80)
		return g_ascii_isalpha((char)c) ? LATIN : NO_LETTER;
	if (g_unichar_ismark(c))
		return MARK;
	if (c >= 0x1d400 && c <= 0x1d7ff)
		return FANCY;
	if (!g_unichar_isalpha(c) &&
	    g_unichar_type(c) != G_UNICODE_LETTER_NUMBER)
		return NO_LETTER;
	switch (g_unichar_get_script(c)) {
	case G_UNICODE_SCRIPT_GREEK:
		return GREEK;
	case G_UNICODE_SCRIPT_CYRILLIC:
	case G_UNICODE_SCRIPT_ARMENIAN:
		return CYRILLIC;
	case G_UNICODE_SCRIPT_CHEROKEE:
	case G_UNICODE_SCRIPT_COPTIC:
	case G_UNICODE_SCRIPT_DESERET:
	case G_UNICODE_SCRIPT_GOTHIC:
	case G_UNICODE_SCRIPT_LISU:
	case G_UNICODE_SCRIPT_OLD_ITALIC:
	case G_UNICODE_SCRIPT_OSAGE:
		return FANCY;
	case G_UNICODE_SCRIPT_LATIN:
		return text_lookalike(c) != '\0' ? VARIANT : LATIN;
	default:
		return text_lookalike(c) != '\0' ? VARIANT : NO_LETTER;
	}
}

struct word {
	size_t len; /* bytes */
	size_t letters;
	bool has[ALPHABETS];
	bool alike; /* all of it is drawn like ASCII */
};

/* The letters from here on; len 0: none stands here. */
static struct word
word_at(const char *text, size_t left)
{
	struct word w = {.alike = true};
	uint32_t c;

	for (;;) {
		size_t n = text_next(text + w.len, left - w.len, &c);
		enum alphabet in = n > 0 ? alphabet_of(c) : NO_LETTER;

		if (in == NO_LETTER || (in == MARK && w.len == 0))
			return w;
		w.has[in] = true;
		if (in != MARK) {
			w.letters++;
			w.alike &= text_lookalike(c) != '\0';
		}
		w.len += n;
	}
}

/* Which alphabets the text has a word in that could be of no other. */
static void
text_speaks(const char *text, bool speaks[ALPHABETS])
{
	size_t left = strlen(text);

	while (left > 0) {
		struct word w = word_at(text, left);
		size_t step = w.len > 0 ? w.len : 1;

		for (size_t i = 0; i < ALPHABETS; i++)
			if (w.has[i] && !w.has[LATIN] && !w.alike)
				speaks[i] = true;
		text += step;
		left -= step;
	}
}

/* Is this letter of the word one that poses as another? */
static bool
word_spells(const struct word *w, uint32_t c, const bool speaks[ALPHABETS])
{
	enum alphabet in = alphabet_of(c);
	bool poses = w->alike && !speaks[in];

	switch (in) {
	case FANCY:
		return true;
	case VARIANT:
		return w->has[LATIN] || w->has[FANCY];
	case CYRILLIC:
		return w->has[LATIN] || poses;
	case GREEK:
		/* Units and versions have Greek letters beside Latin ones. */
		if (w->has[LATIN] || w->has[CYRILLIC])
			return text_lookalike(c) != '\0';
		return poses && w->letters > 1;
	default:
		return false;
	}
}

char *
text_show(const void *ctx, const char *text)
{
	bool speaks[ALPHABETS] = {false};
	struct copy copy;
	uint32_t c;

	if (!copy_start(&copy, ctx, text))
		return NULL;
	text_speaks(text, speaks);
	while (copy.left > 0) {
		struct word w = word_at(copy.text, copy.left);
		size_t rest = copy.left - w.len;
		size_t n;

		while (copy.left > rest) {
			n = text_next(copy.text, copy.left, &c);
			copy_char(&copy, n, c, word_spells(&w, c, speaks));
		}
		if (copy.left > 0) {
			n = text_next(copy.text, copy.left, &c);
			copy_char(&copy, n, c, false);
		}
	}
	return copy_end(ctx, &copy);
}
