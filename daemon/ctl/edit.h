/*
 * edit.h - a text in the editor of the person at the desk.
 */
#ifndef PSIRTD_CTL_EDIT_H
#define PSIRTD_CTL_EDIT_H

#include "psirtd/error.h"

#define EDIT_MAX 131072 /* bytes of a text; a request has room for it */

/*
 * Opens $VISUAL, else $EDITOR, else vi on a file of its own under
 * $XDG_RUNTIME_DIR, which must be in memory, the user's and nobody else's
 * (RULES 21): FAULT_DENIED otherwise.  The file, and what the editor left
 * beside it, is gone afterwards.  NULL with *err.
 */
char *edit_text(const void *ctx, const char *text, struct error *err);

#endif
