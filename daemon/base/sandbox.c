/*
 * sandbox.c - which system calls a room may make (seccomp).
 *
 * Rooms that live with foreign libraries (GnuTLS, gpg, NSS) have a list of
 * what nobody needs and a few calls looked into; the read room, which holds
 * a letter and nothing else, has a list of what it may do.  A call refused
 * softly gives EPERM (EACCES for files, so that iconv and NSS give up
 * politely); the read room's others end the process.
 */
#include "psirtd/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <seccomp.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool
sandbox_is_real(void)
{
#ifdef PSIRTD_SANITIZE
	return false;
#else
	return true;
#endif
}

int
sandbox_base(struct error *err)
{
	struct rlimit none = {0, 0};

	if (setrlimit(RLIMIT_CORE, &none) != 0)
		return error_errno(err, FAULT_SETUP, "no core files");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return error_errno(err, FAULT_SETUP, "no new privileges");
	/* Nobody of our user may look into our memory. */
	if (sandbox_is_real() && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return error_errno(err, FAULT_SETUP, "not dumpable");
	return 0;
}

/* Nobody here needs these, and each has opened a sandbox once. */
static const int nobody[] = {
    SCMP_SYS(ptrace),
    SCMP_SYS(process_vm_readv),
    SCMP_SYS(process_vm_writev),
    SCMP_SYS(process_madvise),
    SCMP_SYS(pidfd_getfd),
    SCMP_SYS(kcmp),
    SCMP_SYS(mount),
    SCMP_SYS(umount2),
    SCMP_SYS(pivot_root),
    SCMP_SYS(chroot),
    SCMP_SYS(setns),
    SCMP_SYS(unshare),
    SCMP_SYS(open_tree),
    SCMP_SYS(move_mount),
    SCMP_SYS(fsopen),
    SCMP_SYS(fsconfig),
    SCMP_SYS(fsmount),
    SCMP_SYS(fspick),
    SCMP_SYS(mount_setattr),
    SCMP_SYS(bpf),
    SCMP_SYS(perf_event_open),
    SCMP_SYS(keyctl),
    SCMP_SYS(add_key),
    SCMP_SYS(request_key),
    SCMP_SYS(userfaultfd),
    SCMP_SYS(io_uring_setup),
    SCMP_SYS(io_uring_enter),
    SCMP_SYS(io_uring_register),
    SCMP_SYS(init_module),
    SCMP_SYS(finit_module),
    SCMP_SYS(delete_module),
    SCMP_SYS(kexec_load),
    SCMP_SYS(kexec_file_load),
    SCMP_SYS(reboot),
    SCMP_SYS(swapon),
    SCMP_SYS(swapoff),
    SCMP_SYS(acct),
    SCMP_SYS(quotactl),
    SCMP_SYS(personality),
    SCMP_SYS(modify_ldt),
    SCMP_SYS(iopl),
    SCMP_SYS(ioperm),
    SCMP_SYS(move_pages),
    SCMP_SYS(syslog),
    SCMP_SYS(fanotify_init),
    SCMP_SYS(open_by_handle_at),
    SCMP_SYS(sethostname),
    SCMP_SYS(setdomainname),
    SCMP_SYS(settimeofday),
    SCMP_SYS(clock_settime),
    SCMP_SYS(clock_adjtime),
    SCMP_SYS(adjtimex),
};

/* What a parser needs of the kernel once its libraries are loaded. */
static const int reader[] = {
    SCMP_SYS(read),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(close),
    SCMP_SYS(lseek),
    SCMP_SYS(fstat),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrandom),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(nanosleep),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(sched_yield),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Asked for and politely refused: a library gives up and goes on. */
static const int reader_soft[] = {
    SCMP_SYS(open),
    SCMP_SYS(openat),
    SCMP_SYS(access),
    SCMP_SYS(faccessat),
    SCMP_SYS(faccessat2),
    SCMP_SYS(stat),
    SCMP_SYS(lstat),
    SCMP_SYS(newfstatat),
    SCMP_SYS(statx),
    SCMP_SYS(readlink),
    SCMP_SYS(readlinkat),
    SCMP_SYS(uname),
    SCMP_SYS(prctl),
    SCMP_SYS(getrusage),
    SCMP_SYS(sysinfo),
    SCMP_SYS(fcntl),
    SCMP_SYS(ioctl),
};

static int
rule(scmp_filter_ctx filter, uint32_t action, int call, struct error *err)
{
	int rc;

	if (call < 0)
		return 0; /* not a call of this architecture */
	rc = seccomp_rule_add(filter, action, call, 0);
	if (rc != 0)
		return error_set(
		    err, FAULT_SETUP, "seccomp: rule refused (%d)", -rc);
	return 0;
}

static int
rules(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n,
    struct error *err)
{
	for (size_t i = 0; i < n; i++)
		if (rule(filter, action, calls[i], err) != 0)
			return -1;
	return 0;
}

/*
 * socket() of any family but those named is refused.  libseccomp compares 64
 * bits; a family is an int, so a set upper half errs towards refusal.
 */
static int
only_families(scmp_filter_ctx filter, int first, int second, struct error *err)
{
	const uint32_t deny = SCMP_ACT_ERRNO(EPERM);
	int rc = 0;

	/* Families are small numbers: below, between and above the two.  A
	 * rule may look at an argument once only. */
	rc |= seccomp_rule_add(filter, deny, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_LT, (scmp_datum_t)first));
	for (int family = first + 1; family < second; family++)
		rc |= seccomp_rule_add(filter, deny, SCMP_SYS(socket), 1,
		    SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)family));
	rc |= seccomp_rule_add(filter, deny, SCMP_SYS(socket), 1,
	    SCMP_A0(SCMP_CMP_GT, (scmp_datum_t)second));
	if (rc != 0)
		return error_set(err, FAULT_SETUP, "seccomp: socket rule");
	return 0;
}

/*
 * No child in namespaces of its own, where it would be root.  clone3() hides
 * its flags in memory; where it is unknown, libc asks for clone().
 */
static int
no_namespaces(scmp_filter_ctx filter, struct error *err)
{
	static const scmp_datum_t flags[] = {CLONE_NEWNS, CLONE_NEWCGROUP,
	    CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID,
	    CLONE_NEWNET};
	int rc = seccomp_rule_add(
	    filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (size_t i = 0; i < COUNT(flags); i++)
		rc |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM),
		    SCMP_SYS(clone), 1,
		    SCMP_A0(SCMP_CMP_MASKED_EQ, flags[i], flags[i]));
	if (rc != 0)
		return error_set(err, FAULT_SETUP, "seccomp: clone rule");
	return 0;
}

static int
nobody_rules(scmp_filter_ctx filter, struct error *err)
{
	if (rules(filter, SCMP_ACT_ERRNO(EPERM), nobody, COUNT(nobody), err) !=
	    0)
		return -1;
	return no_namespaces(filter, err);
}

static int
no_exec(scmp_filter_ctx filter, struct error *err)
{
	static const int calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat)};

	return rules(filter, SCMP_ACT_ERRNO(EPERM), calls, COUNT(calls), err);
}

static int
reader_rules(scmp_filter_ctx filter, struct error *err)
{
	int rc = 0;

	if (rules(filter, SCMP_ACT_ALLOW, reader, COUNT(reader), err) != 0 ||
	    rules(filter, SCMP_ACT_ERRNO(EACCES), reader_soft,
		COUNT(reader_soft), err) != 0)
		return -1;
	/* Memory, but none that can be executed. */
	rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	rc |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
	    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (rc != 0)
		return error_set(err, FAULT_SETUP, "seccomp: memory rule");
	return 0;
}

int
sandbox_calls(enum sandbox_kind kind, struct error *err)
{
	scmp_filter_ctx filter;
	int rc = -1;

	if (!sandbox_is_real())
		return 0;
	filter = seccomp_init(
	    kind == SANDBOX_READ ? SCMP_ACT_KILL_PROCESS : SCMP_ACT_ALLOW);
	if (filter == NULL)
		return error_set(err, FAULT_SETUP, "seccomp: out of memory");
	switch (kind) {
	case SANDBOX_READ:
		rc = reader_rules(filter, err);
		break;
	case SANDBOX_NET:
		rc = nobody_rules(filter, err);
		if (rc == 0)
			rc = only_families(filter, AF_INET, AF_INET6, err);
		if (rc == 0)
			rc = no_exec(filter, err);
		break;
	case SANDBOX_ENGINE:
	case SANDBOX_VAULT:
		rc = nobody_rules(filter, err);
		if (rc == 0)
			rc = only_families(filter, AF_UNIX, AF_UNIX, err);
		/* The starter, outside of these walls, starts the rooms. */
		if (rc == 0 && kind == SANDBOX_ENGINE)
			rc = no_exec(filter, err);
		break;
	}
	if (rc == 0) {
		rc = seccomp_load(filter);
		if (rc != 0)
			rc = error_set(err, FAULT_SETUP,
			    "seccomp: the kernel refused the filter (%d)", -rc);
	}
	seccomp_release(filter);
	return rc;
}
