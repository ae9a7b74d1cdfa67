/*
 * mail_lines.h - the lines of a mail's text, and whose words each one is.
 *
 *   mail_lines.c  the walk: quoted, attributed, signed off, own
 *   commands.c    a department's answer; command_ref.c its reference
 *   scrub.c       a question as it may leave
 */
#ifndef PSIRTD_DESK_MAIL_LINES_H
#define PSIRTD_DESK_MAIL_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "psirtd/text.h"

enum line_kind {
	LINE_OWN,
	LINE_BLANK,
	LINE_QUOTED,      /* behind ">" or "|", or below an original's head */
	LINE_ATTRIBUTION, /* "On … wrote:" */
	LINE_SIGNATURE,   /* "-- " and all below it */
};

struct mail_line {
	enum line_kind kind;
	unsigned depth; /* of quoting; 0: own words */
	/* in the plain text */
	size_t start, end; /* without its "\n" */
	size_t words;      /* behind marks of quoting and blanks */
	unsigned indent;   /* blanks before the words of an own line */
};

struct line_walk {
	const struct plain_text *text;
	size_t next;
	bool below;           /* an unquoted original goes on to the end */
	bool signed_off;      /* "-- " stood above */
	unsigned attribution; /* lines that still belong to one */
};

/* Zero the walk and set `text` before; false: that was the last line. */
bool mail_line_next(struct line_walk *walk, struct mail_line *line);
/* The words of the line begin with this one. */
bool line_begins(const struct line_walk *walk, const struct mail_line *line,
    const char *word);

#endif
