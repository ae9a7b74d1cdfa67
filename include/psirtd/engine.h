/*
 * engine.h - the way of a letter and of an outmail: `psirtd` itself.
 */
#ifndef PSIRTD_ENGINE_H
#define PSIRTD_ENGINE_H

#include <stdbool.h>

#include "psirtd/settings.h"

/* Exit codes of psirtd (sysexits.h). */
#define ENGINE_EXIT_OK 0
#define ENGINE_EXIT_TRY_AGAIN 75 /* --once: something is left to be tried */
#define ENGINE_EXIT_SETUP 78     /* the operator must act */
#define ENGINE_EXIT_BUG 70

/*
 * Runs until told to stop by SIGTERM or SIGINT, or, with once, until what is
 * there is handled.  self is the path of this program.  Returns an exit code.
 */
int engine_run(const struct settings *s, const char *self, bool once);
/*
 * `psirtd -n`: starts the read room and a vault, and says what they say of
 * patterns and keys.  Returns an exit code; 0 when a start would succeed.
 */
int engine_check(const struct settings *s, const char *self);
/*
 * `psirtd --inspect PATH`: prints numbers, dates and states of a database that
 * no daemon has open, and verifies its record.  Returns an exit code.
 */
int engine_inspect(const char *path);
/*
 * `psirtd --restore FILE`: a backup becomes the database of these settings,
 * where none is.  Returns an exit code.
 */
int engine_restore(const struct settings *s, const char *file);
/* Writes the names of the stops, one a line (the build for kill tests). */
void engine_print_stops(void);

#endif
