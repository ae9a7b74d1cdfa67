/*
 * ask.h - one question to psirtd over its Unix socket.
 */
#ifndef PSIRTD_CTL_ASK_H
#define PSIRTD_CTL_ASK_H

#include <jansson.h>
#include <stdbool.h>

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
/*
 * The same, with a file that psirtd is to write; waits as long as it grows.
 * growing: says how far it is, on standard error.
 */
json_t *ask_to_write(const char *socket, const char *const *args, size_t nargs,
    int file, bool growing, struct error *err);

#endif
