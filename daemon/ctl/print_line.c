/*
 * print_line.c - lines that never reach the terminal's edge.
 *
 * Runs in psirt.  A line that the terminal has to break goes on at its left
 * edge, where only psirt speaks: so every line is broken here, and what goes
 * on stands behind a mark or an indentation of its own.
 */
#include "print.h"

#include <string.h>

#include <talloc.h>

#include "psirtd/bytes.h"
#include "psirtd/text.h"

#define TAB 8
#define LINE_MOST ((size_t)1 << 28)
#define ROOM_LEAST 10   /* for text behind a label */
#define CLUSTER_MOST 32 /* bytes of a letter and the marks it may bear */

/*
 * The bytes of the first character and of the marks on it, which are never
 * parted; *width: its columns.  All but ASCII counts as two: in Japanese
 * terminals Greek, Cyrillic and lines are wide too, and a line that the
 * terminal itself breaks goes on at the left edge, where only psirt speaks.
 */
static size_t
char_bytes(const char *text, size_t *width)
{
	size_t left = strnlen(text, CLUSTER_MOST);
	uint32_t c;
	size_t len = 0;
	size_t n;

	*width = 0;
	do {
		n = text_next(text + len, left - len, &c);
		n = n > 0 ? n : 1;
		*width += n > 1 ? 2 : 1;
		len += n;
		n = text_next(text + len, left - len, &c);
	} while (n > 1 && text_is_mark(c));
	return len;
}

/* The bytes of text that fit into `most` columns; one character always. */
static size_t
bytes_that_fit(const char *text, size_t most)
{
	size_t used = 0, len = 0;

	while (text[len] != '\0') {
		size_t width;
		size_t n = char_bytes(text + len, &width);

		if (len > 0 && used + width > most)
			break;
		len += n;
		used += width;
	}
	return len;
}

/* The same, up to the end of a word where one ends in the second half. */
static size_t
words_that_fit(const char *text, size_t most)
{
	size_t len = bytes_that_fit(text, most);

	if (text[len] == '\0')
		return len;
	if (text[len] == ' ') {
		while (len > 1 && text[len - 1] == ' ')
			len--;
		return len;
	}
	for (size_t cut = len; cut > len / 2; cut--) {
		if (text[cut - 1] != ' ')
			continue;
		while (cut > 1 && text[cut - 2] == ' ')
			cut--;
		return cut > 1 ? cut - 1 : len;
	}
	return len;
}

/* Behind `first`, then `next`; one column at the edge stays free. */
static void
print_lines(const struct printer *p, size_t edge, const char *first,
    const char *next, const char *text,
    size_t (*fit)(const char *text, size_t most))
{
	const char *lead = first;

	do {
		size_t width = text_width(lead);
		size_t len = strlen(lead);

		/* A label that leaves no room stands alone. */
		if (width + ROOM_LEAST > edge && width > ROOM_LEAST) {
			while (len > 0 && lead[len - 1] == ' ')
				len--;
			fprintf(p->out, "%.*s\n", (int)len, lead);
			lead = next = *next == ' '   ? "    "
				      : *next == '|' ? "|   "
						     : "?   ";
			width = 4;
		}
		fputs(lead, p->out);
		len = fit(text, edge > width + 1 ? edge - width - 1 : 1);
		fwrite(text, 1, len, p->out);
		fputc('\n', p->out);
		text += len;
		/* The space at which a sentence was broken. */
		if (fit == words_that_fit)
			text += strspn(text, " ");
		lead = next;
	} while (*text != '\0');
}

void
print_wrapped(const struct printer *p, const char *first, const char *next,
    const char *text)
{
	print_lines(p, p->edge, first, next, text, words_that_fit);
}

/* Tabs become spaces: what they jump over cannot be counted. */
static struct buf *
content_line(const void *ctx, const char *line, size_t len)
{
	struct buf *out = buf_new(ctx, LINE_MOST);
	char *plain = talloc_strndup(ctx, line, len);
	size_t column = 0;
	char *rest = plain;
	char *tab;

	if (len > 0 && plain[len - 1] == '\r')
		plain[len - 1] = '\0';
	do {
		char *safe;

		tab = strchr(rest, '\t');
		if (tab != NULL)
			*tab = '\0';
		safe = text_show(ctx, rest);
		buf_add(out, safe, strlen(safe), NULL);
		column += text_width(safe);
		talloc_free(safe);
		if (tab != NULL) {
			size_t fill = TAB - column % TAB;

			buf_add(out, "        ", fill, NULL);
			column += fill;
			rest = tab + 1;
		}
	} while (tab != NULL);
	buf_add(out, "", 1, NULL);
	return out;
}

void
print_row(const struct printer *p, const char *first, const char *next,
    const char *text)
{
	print_lines(p, p->width, first, next, text, words_that_fit);
}

void
print_content(const struct printer *p, const char *mark, const char *text)
{
	bool colour = p->colour && *mark == '?';

	if (colour)
		fputs("\033[33m", p->out);
	while (*text != '\0') {
		void *ctx = talloc_new(NULL);
		size_t len = strcspn(text, "\n");
		struct buf *line = content_line(ctx, text, len);

		/* Letter by letter: nothing of it is moved or left out. */
		print_lines(
		    p, p->edge, mark, mark, (char *)line->data, bytes_that_fit);
		talloc_free(ctx);
		text += len;
		if (*text == '\n')
			text++;
	}
	if (colour)
		fputs("\033[0m", p->out);
}
