/*
 * ask.h - one question to psirtd over its Unix socket.
 */
#ifndef PSIRTD_CTL_ASK_H
#define PSIRTD_CTL_ASK_H

#include <jansson.h>

#include "psirtd/error.h"

#define ASK_EXIT_DONE 0
#define ASK_EXIT_REFUSED 1
#define ASK_EXIT_USAGE 2
#define ASK_EXIT_AGAIN 75

/*
 * Asks and waits for the whole answer, an object with "version", "data",
 * "error" and "exit".  NULL with *err: FAULT_RETRY (exit 75) when no daemon
 * is there, FAULT_DENIED (exit 1) otherwise.
 */
json_t *ask(const char *socket, const char *const *args, size_t nargs,
    struct error *err);

#endif
