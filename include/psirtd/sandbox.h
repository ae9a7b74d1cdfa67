/*
 * sandbox.h - the walls of a room (RULES 16): landlock for files, seccomp for
 * calls.  A release refuses to run without seccomp; landlock is used where
 * the kernel has it.  Under SANITIZE=1 the walls are left out (the sanitizer
 * cannot live behind them) and sandbox_is_real() is false.
 */
#ifndef PSIRTD_SANDBOX_H
#define PSIRTD_SANDBOX_H

#include <stdbool.h>

#include "psirtd/error.h"

enum sandbox_kind {
	SANDBOX_ENGINE, /* socket() AF_UNIX only, no exec: password_command and
			   the starter come before the walls */
	SANDBOX_NET, /* fetch, send: socket() AF_INET and AF_INET6 only, no exec
		      */
	SANDBOX_VAULT, /* socket() AF_UNIX only; may exec (gpg) */
	SANDBOX_READ,  /* nothing but read, write, memory, time, exit */
};

/* Paths a room may see; NULL-terminated lists. */
struct sandbox_paths {
	const char *const *read;    /* files and trees to read */
	const char *const *execute; /* trees to read and execute */
	const char *const *write;   /* trees to read, write, make, remove */
	const char *const *remove;  /* trees whose empty folders may go */
};

/* no_new_privs, no core, not dumpable: every room, first thing. */
int sandbox_base(struct error *err);
/* Landlock; a no-op (with a log line) where the kernel has none. */
int sandbox_files(const struct sandbox_paths *paths, struct error *err);
/* The seccomp filter; nobody: ptrace, process_vm_*, mount, bpf, namespaces… */
int sandbox_calls(enum sandbox_kind kind, struct error *err);
bool sandbox_is_real(void);

#endif
