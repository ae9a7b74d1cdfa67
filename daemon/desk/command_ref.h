/*
 * command_ref.h - the reference among the lines of a mail, for commands.c.
 */
#ifndef PSIRTD_DESK_COMMAND_REF_H
#define PSIRTD_DESK_COMMAND_REF_H

#include "mail_lines.h"
#include "psirtd/procedure.h"

struct ref_scan {
	const char *prefix;         /* of numbers, in lower case */
	struct commands_read *read; /* what stands there is put into it */
	unsigned depth;             /* of quoting, of the one put there */
	bool failed;                /* memory */
};

/* true: the line is one of a reference, well-formed or not. */
bool ref_scan(struct ref_scan *sc, const struct plain_text *text,
    const struct mail_line *line, size_t words);

#endif
