/*
 * landlock.c - which files a room may see (landlock, Linux 5.13 and later).
 *
 * Debian 12's C library has no wrappers, so the three calls are made here.
 * A kernel without landlock gets a log line: seccomp and the unit file are
 * still there.
 */
#include "psirtd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <linux/landlock.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "psirtd/log.h"

#define READ_FILE LANDLOCK_ACCESS_FS_READ_FILE
#define READ_TREE (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_TREE                                                             \
	(READ_TREE | LANDLOCK_ACCESS_FS_WRITE_FILE |                           \
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |   \
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |        \
	    LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_SYM |       \
	    ACCESS_REFER)

/* Names that the headers of Debian 12 may lack. */
#define ACCESS_REFER (1ULL << 13)    /* ABI 2 */
#define ACCESS_TRUNCATE (1ULL << 14) /* ABI 3 */

static int
add_path(int ruleset, const char *path, uint64_t access, struct error *err)
{
	struct landlock_path_beneath_attr rule = {0};
	struct stat st;
	int rc;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0) {
		if (errno == ENOENT)
			return 0; /* not there, so not to be seen */
		return error_errno(err, FAULT_SETUP, "landlock: %s", path);
	}
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		access &= READ_FILE | LANDLOCK_ACCESS_FS_EXECUTE |
			  LANDLOCK_ACCESS_FS_WRITE_FILE | ACCESS_TRUNCATE;
	rule.allowed_access = access;
	rc = (int)syscall(SYS_landlock_add_rule, ruleset,
	    LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	if (rc != 0)
		error_errno(err, FAULT_SETUP, "landlock: %s", path);
	close(rule.parent_fd);
	return rc;
}

static int
add_paths(
    int ruleset, const char *const *paths, uint64_t access, struct error *err)
{
	for (; paths != NULL && *paths != NULL; paths++)
		if (add_path(ruleset, *paths, access, err) != 0)
			return -1;
	return 0;
}

int
sandbox_files(const struct sandbox_paths *paths, struct error *err)
{
	struct landlock_ruleset_attr attr = {0};
	uint64_t handled = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1; /* ABI 1 */
	int abi;
	int ruleset;
	int rc = -1;

	if (!sandbox_is_real())
		return 0;
	abi = (int)syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
	if (abi < 1) {
		log_warn("this kernel has no landlock: files are walled off "
			 "by the unit file alone");
		return 0;
	}
	if (abi >= 2)
		handled |= ACCESS_REFER;
	if (abi >= 3)
		handled |= ACCESS_TRUNCATE;
	attr.handled_access_fs = handled;
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &attr,
	    sizeof(attr.handled_access_fs), 0);
	if (ruleset < 0)
		return error_errno(err, FAULT_SETUP, "landlock");
	if (add_paths(ruleset, paths->read, READ_TREE & handled, err) != 0 ||
	    add_paths(ruleset, paths->execute,
		(READ_TREE | LANDLOCK_ACCESS_FS_EXECUTE) & handled, err) != 0 ||
	    add_paths(ruleset, paths->write,
		(WRITE_TREE | ACCESS_TRUNCATE) & handled, err) != 0 ||
	    add_paths(ruleset, paths->remove, LANDLOCK_ACCESS_FS_REMOVE_DIR,
		err) != 0)
		goto out;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
		error_errno(err, FAULT_SETUP, "landlock");
		goto out;
	}
	rc = 0;
out:
	close(ruleset);
	return rc;
}
