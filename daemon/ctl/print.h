/*
 * print.h - text for a terminal: tables, fields, foreign content.
 *
 * What psirt shows came from strangers: every string goes through text_show()
 * here, no line is left to the terminal to break, and so no line of content
 * can look like one of psirt's.
 */
#ifndef PSIRTD_CTL_PRINT_H
#define PSIRTD_CTL_PRINT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include <jansson.h>

struct printer {
	FILE *out;
	size_t width; /* of tables: the edge, or no end where a program reads */
	size_t edge;  /* columns of a line of text */
	bool colour;
	bool header; /* tables have a line of titles */
};

enum how {
	HOW_TEXT,
	HOW_ADDRESS, /* of mail: ASCII alone */
	HOW_DATE,    /* RFC 3339 in, day in the local time zone out */
	HOW_TIME,    /* the same, with hour and minute */
	HOW_YES,     /* true or something: yes, false or null: no */
	HOW_BELOW,   /* last of a table: a line of its own where it fits not */
};

struct column {
	const char *key;
	const char *title;
	enum how how;
	bool keep; /* never cut: a number that will be typed */
};

/*
 * stdout: its width, which COLUMNS may say, but for a terminal no more than it
 * has; its colours unless NO_COLOR says no.  Where it is no terminal no table
 * is cut: another program reads it.  Text is broken all the same: that program
 * may be a pager.
 */
struct printer printer_of(FILE *out);
/* One line of safe text for a value; "-" for null. */
char *print_value(const void *ctx, const json_t *value, enum how how);
/* A list as one line of such values; NULL: there are none. */
char *print_list(const void *ctx, const json_t *list, const char *between);
/* Broken at the edge like any line. */
void print_title(const struct printer *p, const char *title);
/* "  label  value", the values under each other; nulls are left out. */
void print_fields(const struct printer *p, const json_t *object,
    const struct column *columns, size_t ncolumns);
/* A column that may be cut and has no value in any row is left out. */
void print_table(const struct printer *p, const json_t *rows,
    const struct column *columns, size_t ncolumns);
/*
 * A line of safe text that never reaches the terminal's edge: what does not
 * fit goes on behind `next`, broken between words where it can be.
 */
void print_wrapped(const struct printer *p, const char *first, const char *next,
    const char *text);
/* The same for a row of a table, which a pipe gets whole. */
void print_row(const struct printer *p, const char *first, const char *next,
    const char *text);
/* Foreign text: every line behind this mark ("| " or "? "). */
void print_content(const struct printer *p, const char *mark, const char *text);

#endif
