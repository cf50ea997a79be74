/* The sandbox; see sandbox.h. Three walls, each of which holds if another falls: an unprivileged
 * user without capabilities, no_new_privs, and a list of the system calls a role needs.
 *
 * The list is per role and by name: what is not on it kills the process (a worker that asks for
 * execve is not ours any more). A few calls that libraries try and can do without, opening a file
 * above all, get an error instead: killing a server over a locale file would be a service to the
 * attacker. No mapping may become executable, and a process can signal only itself.
 *
 * Under AddressSanitizer the filter is left out: the sanitizer's own runtime opens /proc, forks its
 * leak checker and maps as it likes, and a list that allowed all this would prove nothing about the
 * real one. Everything before the filter is done as always.
 *
 * Order matters: whoever is not root any more cannot drop capabilities, changing user clears the
 * parent-death signal, and the time zone must be read before files can no longer be opened. */
#include "process/sandbox.h"

#include "base/err.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNFILTERED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNFILTERED 1
#endif
#endif
#ifndef UNFILTERED
#define UNFILTERED 0
#endif

enum { KEEPER = 1 << SANDBOX_KEEPER, WORKER = 1 << SANDBOX_WORKER, BOTH = KEEPER | WORKER };

/* Names that the architecture does not have are skipped. */
static const struct call {
    const char *name;
    unsigned kinds;
} allowed[] = {
    /* the loop */
    {"epoll_wait", BOTH},
    {"epoll_pwait", BOTH},
    {"epoll_pwait2", BOTH},
    {"epoll_ctl", BOTH},
    {"clock_gettime", BOTH},
    {"gettimeofday", BOTH},
    {"time", BOTH},
    {"restart_syscall", BOTH},
    /* channels and descriptors that we hold */
    {"recvmsg", BOTH},
    {"sendmsg", BOTH},
    {"read", BOTH},
    {"write", BOTH},
    {"writev", BOTH},
    {"pread64", BOTH},
    {"pwrite64", BOTH},
    {"lseek", BOTH},
    {"close", BOTH},
    {"fstat", BOTH},
    {"newfstatat", BOTH},
    {"fcntl", BOTH},
    {"memfd_create", BOTH},
    {"ftruncate", BOTH},
    {"dup", BOTH},
    /* memory; mmap and mprotect have their own rules below */
    {"munmap", BOTH},
    {"mremap", BOTH},
    {"brk", BOTH},
    {"madvise", BOTH},
    {"mlock", BOTH},
    {"munlock", BOTH},
    {"getrandom", BOTH},
    /* what the C library does by itself */
    {"futex", BOTH},
    {"rseq", BOTH},
    {"getpid", BOTH},
    {"gettid", BOTH},
    {"getuid", BOTH},
    {"geteuid", BOTH},
    {"getgid", BOTH},
    {"getegid", BOTH},
    {"getppid", BOTH},
    {"rt_sigreturn", BOTH},
    {"rt_sigprocmask", BOTH},
    {"rt_sigaction", BOTH},
    {"sigaltstack", BOTH},
    {"sched_yield", BOTH},
    {"set_robust_list", BOTH},
    {"sched_getaffinity", BOTH},
    {"membarrier", BOTH},
    {"exit", BOTH},
    {"exit_group", BOTH},
    {"map_shadow_stack", BOTH},
    /* connections */
    {"accept4", WORKER},
    {"recvfrom", WORKER},
    {"sendto", WORKER},
    {"sendfile", WORKER},
    {"recvmmsg", WORKER},
    {"sendmmsg", WORKER},
    {"readv", WORKER},
    {"preadv", WORKER},
    {"shutdown", WORKER},
    {"getsockopt", WORKER},
    {"setsockopt", WORKER},
    {"getpeername", WORKER},
    {"getsockname", WORKER},
    /* files beneath the directories it was handed; openat2 carries RESOLVE_BENEATH */
    {"openat2", WORKER},
    {"dup3", WORKER}, /* a directory that was replaced */
    {"getdents64", WORKER},
    {"statx", WORKER},
    {"fadvise64", WORKER},
    {"readahead", WORKER},
    {"fstatfs", WORKER},
};

/* Answered with an error. */
static const struct denied {
    const char *name;
    int error;
} denied[] = {
    {"open", EACCES},       {"openat", EACCES},   {"access", EACCES},   {"faccessat", EACCES},
    {"faccessat2", EACCES}, {"stat", EACCES},     {"lstat", EACCES},    {"readlink", EACCES},
    {"readlinkat", EACCES}, {"ioctl", ENOTTY},    {"prctl", EPERM},     {"uname", EPERM},
    {"sysinfo", EPERM},     {"getrlimit", EPERM}, {"prlimit64", EPERM}, {"getcwd", EACCES},
    {"setpriority", EPERM}, {"openat2", EACCES},  {"statx", ENOSYS},
};

static int failed(struct buf *why, const char *what, int error)
{
    buf_addf(why, "%s: %s", what, strerror(error));
    return err_from_errno(error);
}

/* ---- user and capabilities ---- */

/* Without CAP_SETPCAP (a service manager that keeps us short) the set stays as it is: with
 * no_new_privs and no execve it is of no use to anybody. */
static int drop_bounding_set(struct buf *why)
{
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) && errno != EPERM)
            return failed(why, "a capability cannot be dropped for good", errno);
    return 0;
}

static int drop_user(const struct sandbox *s, struct buf *why)
{
    if (s->uid == 0 || s->gid == 0) {
        buf_addf(why, "the user to run as must not be root");
        return -ERR_INVAL;
    }
    int err = drop_bounding_set(why);
    if (err)
        return err;
    if (setgroups(0, NULL) || setresgid(s->gid, s->gid, s->gid) ||
        setresuid(s->uid, s->uid, s->uid))
        return failed(why, "cannot change the user", errno);
    if (setuid(0) == 0 || setgid(0) == 0) {
        buf_addf(why, "the system let us become root again");
        return -ERR_INTERNAL;
    }
    return 0;
}

/* Also those of an unprivileged start with file capabilities. */
static int drop_capabilities(struct buf *why)
{
    cap_t none = cap_init();
    if (!none)
        return failed(why, "capabilities", errno);
    int r = cap_set_proc(none), saved = errno;
    cap_free(none);
    if (r)
        return failed(why, "cannot drop capabilities", saved);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return 0;
}

static int close_doors(struct buf *why)
{
    const struct rlimit none = {0, 0};
    if (setrlimit(RLIMIT_CORE, &none))
        return failed(why, "cannot forbid core dumps", errno);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
        return failed(why, "cannot forbid tracing", errno);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0))
        return failed(why, "cannot tie our life to the parent's", errno);
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return failed(why, "cannot forbid new privileges", errno);
    return 0;
}

/* ---- system calls ---- */

static bool is_allowed(const char *name, unsigned kind)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++)
        if (strcmp(allowed[i].name, name) == 0)
            return allowed[i].kinds & kind;
    return false;
}

static int add_calls(scmp_filter_ctx f, unsigned kind)
{
    for (size_t i = 0; i < sizeof allowed / sizeof *allowed; i++) {
        int nr = seccomp_syscall_resolve_name(allowed[i].name);
        if (nr == __NR_SCMP_ERROR || !(allowed[i].kinds & kind))
            continue;
        int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, nr, 0);
        if (r && r != -EDOM)
            return r;
    }
    for (size_t i = 0; i < sizeof denied / sizeof *denied; i++) {
        int nr = seccomp_syscall_resolve_name(denied[i].name);
        if (nr == __NR_SCMP_ERROR || is_allowed(denied[i].name, kind))
            continue;
        int r = seccomp_rule_add(f, SCMP_ACT_ERRNO((uint16_t)denied[i].error), nr, 0);
        if (r && r != -EDOM)
            return r;
    }
    return 0;
}

static int add_special_rules(scmp_filter_ctx f)
{
    const struct scmp_arg_cmp not_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    int r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_exec);
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_exec);
    if (!r)
        r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                             SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    return r;
}

static int filter_calls(enum sandbox_kind kind, struct buf *why)
{
    if (UNFILTERED)
        return 0;
    scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (!f)
        return failed(why, "system call filter", ENOMEM);
    (void)seccomp_attr_set(f, SCMP_FLTATR_CTL_OPTIMIZE, 2); /* a binary tree; libseccomp ≥ 2.5 */
    int r = add_calls(f, 1u << kind);
    if (!r)
        r = add_special_rules(f);
    if (!r)
        r = seccomp_load(f);
    seccomp_release(f);
    return r ? failed(why, "system call filter", -r) : 0;
}

int sandbox_enter(const struct sandbox *s, struct buf *why)
{
    tzset();
    int err = s->drop ? drop_user(s, why) : 0;
    if (!err)
        err = drop_capabilities(why);
    if (!err)
        err = close_doors(why);
    if (!err)
        err = filter_calls(s->kind, why);
    return err;
}

int sandbox_user(struct str name, uid_t *ret_uid, gid_t *ret_gid)
{
    char text[256];
    if (name.n >= sizeof text)
        return -ERR_NOT_FOUND;
    snprintf(text, sizeof text, "%.*s", STR_ARG(name.n ? name : STR("nobody")));
    const struct passwd *user = getpwnam(text);
    if (!user)
        return -ERR_NOT_FOUND;
    *ret_uid = user->pw_uid;
    *ret_gid = user->pw_gid;
    return 0;
}
