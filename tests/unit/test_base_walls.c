/*
 * test_base_walls.c - which calls the walls of each kind of room refuse.
 *
 * Each try is a child.  Before the walls it loads a filter of its own that
 * answers the call with MARK: of two filters that refuse, the later one's
 * errno is seen.  So whoever sees MARK came through the walls, the kernel is
 * never asked, and its own refusals (no right, no such call) count for
 * nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/sched.h>
#include <seccomp.h>

#include "psirtd/sandbox.h"

#define MARK EXFULL
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define X32 0x40000000 /* the bit of a call's number, on x86-64 */

/* The rooms, by the walls around them. */
static const struct room_kind {
	const char *name;
	enum sandbox_kind kinds[2];
	size_t nkinds;
} rooms[] = {
    {"engine", {SANDBOX_ENGINE}, 1},
    {"fetch, send", {SANDBOX_NET}, 1},
    {"vault", {SANDBOX_VAULT}, 1},
    {"read", {SANDBOX_NET, SANDBOX_VAULT}, 2},
    {"read's child", {SANDBOX_READ}, 1},
};

enum { ENGINE = 1, NET = 2, VAULT = 4, READ = 8, CHILD = 16 };
#define NOBODY 0

static const struct row {
	const char *what;
	long call;
	unsigned long first; /* the first argument */
	unsigned may;        /* whom it is allowed */
} rows[] = {
    {"socket(AF_UNIX)", SYS_socket, AF_UNIX, ENGINE | VAULT},
    {"socket(AF_INET)", SYS_socket, AF_INET, NET},
    {"socket(AF_INET6)", SYS_socket, AF_INET6, NET},
    {"socket(AF_UNSPEC)", SYS_socket, AF_UNSPEC, NOBODY},
    {"socket(AF_AX25)", SYS_socket, AF_AX25, NOBODY},
    {"socket(AF_NETLINK)", SYS_socket, AF_NETLINK, NOBODY},
    {"socket(AF_PACKET)", SYS_socket, AF_PACKET, NOBODY},
    {"socket(AF_ALG)", SYS_socket, AF_ALG, NOBODY},
    {"socket(AF_VSOCK)", SYS_socket, AF_VSOCK, NOBODY},
    {"socket(AF_KEY)", SYS_socket, AF_KEY, NOBODY},
    {"socket of a family over 32 bits", SYS_socket, 1UL << 32 | AF_UNIX,
	NOBODY},
    {"io_uring_setup", SYS_io_uring_setup, 1, NOBODY},
    {"io_uring_enter", SYS_io_uring_enter, 1, NOBODY},
    {"bpf", SYS_bpf, 0, NOBODY},
    {"perf_event_open", SYS_perf_event_open, 0, NOBODY},
    {"userfaultfd", SYS_userfaultfd, 0, NOBODY},
    {"ptrace", SYS_ptrace, 0, NOBODY},
    {"process_vm_readv", SYS_process_vm_readv, 1, NOBODY},
    {"process_vm_writev", SYS_process_vm_writev, 1, NOBODY},
    {"pidfd_getfd", SYS_pidfd_getfd, 0, NOBODY},
    {"kcmp", SYS_kcmp, 1, NOBODY},
    {"keyctl", SYS_keyctl, 0, NOBODY},
    {"add_key", SYS_add_key, 0, NOBODY},
    {"request_key", SYS_request_key, 0, NOBODY},
    {"unshare(CLONE_NEWUSER)", SYS_unshare, CLONE_NEWUSER, NOBODY},
    {"setns", SYS_setns, 0, NOBODY},
    {"clone(CLONE_NEWUSER)", SYS_clone, CLONE_NEWUSER | SIGCHLD, NOBODY},
    {"clone(CLONE_NEWNS)", SYS_clone, CLONE_NEWNS | SIGCHLD, NOBODY},
    {"clone(CLONE_NEWPID)", SYS_clone, CLONE_NEWPID | SIGCHLD, NOBODY},
    {"clone(CLONE_NEWNET)", SYS_clone, CLONE_NEWNET | SIGCHLD, NOBODY},
    {"clone(CLONE_NEWIPC)", SYS_clone, CLONE_NEWIPC | SIGCHLD, NOBODY},
    {"clone(CLONE_NEWUTS)", SYS_clone, CLONE_NEWUTS | SIGCHLD, NOBODY},
    {"clone(CLONE_NEWCGROUP)", SYS_clone, CLONE_NEWCGROUP | SIGCHLD, NOBODY},
    {"fork", SYS_clone, CLONE_CHILD_SETTID | CLONE_CHILD_CLEARTID | SIGCHLD,
	ENGINE | NET | VAULT | READ},
    {"clone3", SYS_clone3, 0, NOBODY},
    {"mount", SYS_mount, 0, NOBODY},
    {"umount2", SYS_umount2, 0, NOBODY},
    {"pivot_root", SYS_pivot_root, 0, NOBODY},
    {"chroot", SYS_chroot, 0, NOBODY},
    {"open_tree", SYS_open_tree, 0, NOBODY},
    {"move_mount", SYS_move_mount, 0, NOBODY},
    {"fsopen", SYS_fsopen, 0, NOBODY},
    {"fsconfig", SYS_fsconfig, 0, NOBODY},
    {"fsmount", SYS_fsmount, 0, NOBODY},
    {"fspick", SYS_fspick, 0, NOBODY},
    {"mount_setattr", SYS_mount_setattr, 0, NOBODY},
    {"open_by_handle_at", SYS_open_by_handle_at, 0, NOBODY},
    {"fanotify_init", SYS_fanotify_init, 0, NOBODY},
    {"kexec_load", SYS_kexec_load, 0, NOBODY},
    {"init_module", SYS_init_module, 0, NOBODY},
    {"finit_module", SYS_finit_module, 0, NOBODY},
    {"reboot", SYS_reboot, 0, NOBODY},
    {"syslog", SYS_syslog, 0, NOBODY},
    {"personality", SYS_personality, 0, NOBODY},
    {"move_pages", SYS_move_pages, 0, NOBODY},
    {"clock_settime", SYS_clock_settime, 0, NOBODY},
    {"clock_adjtime", SYS_clock_adjtime, 0, NOBODY},
    {"sethostname", SYS_sethostname, 0, NOBODY},
#ifdef SYS_kexec_file_load
    {"kexec_file_load", SYS_kexec_file_load, 0, NOBODY},
#endif
#ifdef SYS_modify_ldt
    {"modify_ldt", SYS_modify_ldt, 0, NOBODY},
    {"iopl", SYS_iopl, 0, NOBODY},
    {"ioperm", SYS_ioperm, 0, NOBODY},
#endif
    {"execve", SYS_execve, 0, VAULT},
    {"execveat", SYS_execveat, 0, VAULT},
#ifdef __x86_64__
    {"getppid by its x32 number", X32 | SYS_getppid, 0, NOBODY},
    {"ptrace by its x32 number", X32 | 521, 0, NOBODY},
    {"socket by its x32 number", X32 | SYS_socket, AF_PACKET, NOBODY},
#endif
};

/* Answers the call, where its number is one of ours, with MARK. */
static int
mark(const struct row *row)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int rc = 0;

	/* libseccomp, too, takes the other architecture's for an attack. */
	seccomp_attr_set(filter, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_ALLOW);
	if ((row->call & X32) == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(MARK),
		    (int)row->call, 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)row->first));
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	return rc;
}

static void __attribute__((noreturn))
try_it(const struct room_kind *room, const struct row *row)
{
	struct error err = {0};
	long rc;

	/* The parent says what came of it; a core file is not wanted. */
	if (sandbox_base(&err) != 0 || mark(row) != 0)
		_exit(255);
	for (size_t i = 0; i < room->nkinds; i++)
		if (sandbox_calls(room->kinds[i], &err) != 0)
			_exit(254);
	errno = 0;
	rc = syscall(row->call, row->first, 0, 0, 0, 0, 0);
	_exit(rc >= 0 ? 0 : errno);
}

/* The child's errno, 0, or minus the signal that ended it. */
static int
came_of(const struct room_kind *room, const struct row *row)
{
	int status = 0;
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0)
		try_it(room, row);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static bool
is_refused(int came)
{
	return came == EPERM || came == EACCES || came == -SIGSYS;
}

static void
test_each_room_each_call(void **state)
{
	int wrong = 0;

	if (!sandbox_is_real())
		skip();
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t k = 0; k < COUNT(rooms); k++) {
			int came = came_of(&rooms[k], &rows[i]);
			bool may = (rows[i].may & 1u << k) != 0;

			/* glibc asks for another call where this is unknown. */
			if (rows[i].call == SYS_clone3 && came == ENOSYS)
				came = EPERM;
			if (may ? came == MARK : is_refused(came))
				continue;
			print_error("%s: %s: %s (%d)\n", rooms[k].name,
			    rows[i].what, may ? "refused" : "passed", came);
			wrong++;
		}
	}
	assert_int_equal(wrong, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each_room_each_call),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
