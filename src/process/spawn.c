/* Fork and exec of roles; see spawn.h. */
#include "process/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ARGS_MAX 14
#define FDS_MAX 8

static void close_from(int first)
{
#ifdef SYS_close_range
    if (syscall(SYS_close_range, first, ~0u, 0) == 0)
        return;
#endif
    long max = sysconf(_SC_OPEN_MAX);
    for (long fd = first; fd < (max > 0 ? max : 1024); fd++)
        close((int)fd);
}

/* In the child, between fork and exec: system calls only. */
static void become(const char **argv, const int *fds, size_t nfds, pid_t parent)
{
    int high[FDS_MAX];
    for (size_t i = 0; i < nfds; i++) { /* out of the way first: targets may be sources */
        high[i] = fds[i] < 0 ? open("/dev/null", O_RDWR)
                             : fcntl(fds[i], F_DUPFD, SPAWN_FD + FDS_MAX);
        if (high[i] < 0)
            _exit(126);
    }
    for (size_t i = 0; i < nfds; i++)
        if (dup2(high[i], SPAWN_FD + (int)i) < 0)
            _exit(126);
    close_from(SPAWN_FD + (int)nfds);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) /* it died before the line above */
        _exit(126);
    execv("/proc/self/exe", (char *const *)argv);
    _exit(127);
}

int spawn_role(const char *name, const char *const *args, const int *fds, size_t nfds,
               pid_t *ret_pid)
{
    const char *argv[ARGS_MAX + 4] = {"gate443", "role", name};
    size_t n = 3;
    for (size_t i = 0; args && args[i]; i++) {
        if (n == ARGS_MAX + 3)
            return -ERR_INVAL;
        argv[n++] = args[i];
    }
    if (nfds > FDS_MAX)
        return -ERR_INVAL;
    pid_t parent = getpid(), pid = fork();
    if (pid < 0)
        return err_from_errno(errno);
    if (pid == 0)
        become(argv, fds, nfds, parent);
    *ret_pid = pid;
    return 0;
}
