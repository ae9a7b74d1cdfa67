/*
 * read_line.h - what a line of a report form looks like (read_line.c).
 *
 * All of it takes valid UTF-8 and looks at the beginning of a line alone, so
 * that a line of any length costs its length once.
 */
#ifndef PSIRTD_READ_LINE_H
#define PSIRTD_READ_LINE_H

#include "read_internal.h"

#define LINE_LABEL_MOST 240 /* bytes of a label, with what stands around it */

struct line {
	const char *s;
	const char *end;  /* without the line end and blanks before it */
	const char *next; /* the line behind it */
};

enum line_mark {
	MARK_BULLET = 1 << 0,
	MARK_NUMBER = 1 << 1,
	MARK_HEADING = 1 << 2, /* ■, "##" */
	MARK_STRONG = 1 << 3,  /* "**" */
};

/* The character here, full-width ASCII and blanks made narrow; 0 at the end.
 * *n is its length. */
gunichar line_char(const char *s, const char *end, size_t *n);
const char *line_blanks(const char *s, const char *end);
struct line line_next(const char *s, const char *end);
/* Behind the marks that it begins with: *marks are their bits. */
const char *line_marks(const char *s, const char *end, unsigned *marks);
/* Does a pair of brackets stand here?  inside->next is behind it. */
bool line_bracket(const char *s, const char *end, struct line *inside);
bool line_is_quoted(struct line line);
bool line_is_rule(struct line line);
/* A heading, of whatever. */
bool line_is_heading(struct line line);
bool line_is_farewell(struct line line);
/* "words: …", "words?" or "words | …" */
bool line_has_shape(struct line line);

#endif
