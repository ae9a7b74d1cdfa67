/*
 * scrub.h - what the two halves of desk_scrub() share.
 *
 *   scrub.c        lines that do not leave
 *   scrub_names.c  names, addresses and hosts in those that do
 */
#ifndef PSIRTD_DESK_SCRUB_H
#define PSIRTD_DESK_SCRUB_H

#include "psirtd/settings.h"
#include "psirtd/text.h"

struct names;

/* NULL: memory. */
struct names *names_new(const void *ctx, const struct settings *s);
/*
 * Where a name or address that begins at `at` ends, before `end`; 0 none does.
 * *keep: it is a product's.  raw is what the plain text was made of.
 */
size_t names_at(const struct names *names, const struct plain_text *t,
    const char *raw, size_t at, size_t end, bool *keep);

#endif
