/*
 * walls.c - the walls of the two rooms that speak to the network (RULES 16).
 *
 * Runs once at the start of fetch and of send, before the first connect: they
 * may read the resolver's files, the CAs and the system's libraries, open
 * sockets of the internet families, and nothing else; no core file, a cap on
 * memory, few descriptors (libetpan calls select(2)), no death by SIGPIPE.
 */
#include "stream_internal.h"

#include <signal.h>
#include <sys/resource.h>

#include "psirtd/sandbox.h"

#define DESCRIPTORS 64

/* The resolver's file is often a link into /run. */
static const char *const files[] = {
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/services",
    "/etc/gai.conf",
    "/etc/ssl",
    "/etc/ld.so.cache",
    "/run/systemd/resolve",
    "/run/resolvconf",
    "/usr/share/ca-certificates",
    "/usr/local/share/ca-certificates",
    "/usr/lib",
    "/lib",
    NULL,
};

int
stream_walls(size_t memory_bytes, struct error *err)
{
	const struct sandbox_paths paths = {.read = files};
	struct rlimit limit = {DESCRIPTORS, DESCRIPTORS};

	if (signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return error_errno(err, FAULT_SETUP, "SIGPIPE");
	if (sandbox_base(err) != 0)
		return -1;
	if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
		return error_errno(err, FAULT_SETUP, "descriptors");
	limit.rlim_cur = memory_bytes;
	limit.rlim_max = memory_bytes;
	/* The sanitizer maps terabytes. */
	if (sandbox_is_real() && setrlimit(RLIMIT_AS, &limit) != 0)
		return error_errno(err, FAULT_SETUP, "memory");
	if (sandbox_files(&paths, err) != 0)
		return -1;
	return sandbox_calls(SANDBOX_NET, err);
}
