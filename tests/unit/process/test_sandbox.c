/* The sandbox from inside: a child enters it and tries things. What is forbidden kills it with
 * SIGSYS; what a role needs works. Under AddressSanitizer there is no filter (see sandbox.c), and the
 * tests of the filter are skipped. */
#include "process/sandbox.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define FILTERED 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define FILTERED 0
#endif
#endif
#ifndef FILTERED
#define FILTERED 1
#endif

enum { NOT_ENTERED = 99 };

/* Wait status of a child that enters the sandbox and exits with what `what` returns. */
static int inside(enum sandbox_kind kind, int (*what)(void))
{
    pid_t pid = fork();
    if (pid == 0) {
        struct buf why;
        struct sandbox s = {.kind = kind};
        if (geteuid() == 0)
            s = (struct sandbox){kind, true, 65534, 65534};
        buf_init(&why, 4096);
        if (sandbox_enter(&s, &why))
            _exit(NOT_ENTERED);
        _exit(what());
    }
    int status = -1;
    assert_true(pid > 0);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return status;
}

static void assert_killed(enum sandbox_kind kind, int (*what)(void))
{
    int status = inside(kind, what);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void assert_works(enum sandbox_kind kind, int (*what)(void))
{
    int status = inside(kind, what);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

/* ---- what is tried ---- */

static int try_exec(void)
{
    char *argv[] = {"true", NULL};
    return execv("/bin/true", argv);
}
static int try_fork(void)
{
    return fork() < 0;
}
static int try_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}
static int try_connect(void)
{
    return connect(0, NULL, 0) == 0;
}
static int try_bind(void)
{
    return bind(0, NULL, 0) == 0;
}
static int try_ptrace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) != 0;
}
static int try_kill(void)
{
    return kill(getppid(), 0);
}
static int try_other_tgkill(void)
{
    return (int)syscall(SYS_tgkill, getppid(), getppid(), 0);
}
static int try_read_memory(void)
{
    char byte;
    struct iovec local = {&byte, 1}, remote = {&byte, 1};
    return process_vm_readv(getpid(), &local, 1, &remote, 1, 0) != 1;
}
static int try_executable_memory(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}
static int try_make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? 0 : mprotect(p, 4096, PROT_READ | PROT_EXEC);
}
static int try_accept(void)
{
    return accept4(0, NULL, NULL, 0) >= 0;
}
static int try_chmod(void)
{
    return chmod("/tmp", 0777);
}
static int try_unlink(void)
{
    return unlink("/nonexistent") == 0;
}

static int open_is_an_error(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 0 : 1;
}
static int openat2_is_an_error(void)
{
    uint64_t how[3] = {O_RDONLY, 0, 0};
    return syscall(SYS_openat2, AT_FDCWD, "/etc/passwd", how, sizeof how) < 0 && errno == EACCES
               ? 0
               : 1;
}

/* Memory, clocks, time zones, channels, epoll, aborting cleanly: what every role does. */
static int ordinary_life(void)
{
    char byte = 'x';
    struct iovec part = {&byte, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
    struct timespec ts;
    struct tm tm;
    time_t now = time(NULL);
    char *big = malloc(8u << 20);
    int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (!big || fd < 0 || ftruncate(fd, 4096) || fcntl(fd, F_DUPFD_CLOEXEC, 3) < 0)
        return 1;
    void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED || munmap(page, 4096) || pread(fd, &byte, 1, 0) != 1)
        return 2;
    if (clock_gettime(CLOCK_MONOTONIC, &ts) || !gmtime_r(&now, &tm) || !localtime_r(&now, &tm))
        return 3;
    if (sendmsg(fd, &message, 0) >= 0 || errno != ENOTSOCK)
        return 4;
    big = realloc(big, 32u << 20);
    free(big);
    return close(fd) ? 5 : 0;
}

static int worker_life(void)
{
    char buf[64];
    int on = 1;
    socklen_t n = sizeof on;
    if (accept4(0, NULL, NULL, 0) >= 0 || recv(0, buf, sizeof buf, 0) >= 0 ||
        setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &on, n) == 0 ||
        getsockopt(0, SOL_SOCKET, SO_ERROR, &on, &n) == 0 || shutdown(0, SHUT_WR) == 0)
        return 1;
    uint64_t how[3] = {O_RDONLY | O_DIRECTORY, 0, 0};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, "/", how, sizeof how);
    return fd < 0 && errno != ENOSYS ? 2 : 0;
}

/* ---- tests ---- */

static void forbidden_calls_kill(void **state)
{
    static int (*const both[])(void) = {try_exec,
                                        try_fork,
                                        try_socket,
                                        try_connect,
                                        try_bind,
                                        try_ptrace,
                                        try_kill,
                                        try_other_tgkill,
                                        try_read_memory,
                                        try_executable_memory,
                                        try_make_executable,
                                        try_chmod,
                                        try_unlink};
    if (!FILTERED)
        skip();
    for (size_t i = 0; i < sizeof both / sizeof *both; i++) {
        assert_killed(SANDBOX_KEEPER, both[i]);
        assert_killed(SANDBOX_WORKER, both[i]);
    }
    assert_killed(SANDBOX_KEEPER, try_accept);
}

static void files_cannot_be_opened_by_path(void **state)
{
    if (!FILTERED)
        skip();
    assert_works(SANDBOX_KEEPER, open_is_an_error);
    assert_works(SANDBOX_WORKER, open_is_an_error);
    assert_works(SANDBOX_KEEPER, openat2_is_an_error);
}

static void needed_calls_work(void **state)
{
    assert_works(SANDBOX_KEEPER, ordinary_life);
    assert_works(SANDBOX_WORKER, ordinary_life);
    assert_works(SANDBOX_WORKER, worker_life);
}

/* abort() must end it as itself, so that the parent's log says what happened. */
static int do_abort(void)
{
    abort();
}

static void abort_is_seen_as_abort(void **state)
{
    int status = inside(SANDBOX_WORKER, do_abort);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
}

/* Asked from outside: the sandbox itself cannot open /proc. */
static bool status_has(pid_t pid, const char *line)
{
    char path[64], text[4096];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "r");
    size_t n = f ? fread(text, 1, sizeof text - 1, f) : 0;
    if (f)
        fclose(f);
    text[n] = 0;
    return strstr(text, line) != NULL;
}

static void privileges_are_gone(void **state)
{
    int ready[2], loop = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event;
    assert_int_equal(pipe(ready), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct buf why;
        struct sandbox s = {.kind = SANDBOX_WORKER};
        if (geteuid() == 0)
            s = (struct sandbox){SANDBOX_WORKER, true, 65534, 65534};
        buf_init(&why, 4096);
        if (sandbox_enter(&s, &why))
            _exit(NOT_ENTERED);
        (void)!write(ready[1], "x", 1);
        for (;;) /* until it is killed */
            epoll_wait(loop, &event, 1, 1000);
    }
    char byte;
    assert_int_equal(read(ready[0], &byte, 1), 1);
    bool caps = status_has(pid, "CapEff:\t0000000000000000") &&
                status_has(pid, "CapPrm:\t0000000000000000");
    bool privs = status_has(pid, "NoNewPrivs:\t1");
    bool user = geteuid() != 0 || status_has(pid, "Uid:\t65534\t65534\t65534\t65534");
    bool groups =
        geteuid() != 0 || status_has(pid, "Groups:\t \n") || status_has(pid, "Groups:\t\n");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    close(loop);
    assert_true(caps);
    assert_true(privs);
    assert_true(user);
    assert_true(groups);
}

static void root_is_not_a_user_to_run_as(void **state)
{
    struct sandbox s = {SANDBOX_WORKER, true, 0, 0};
    struct buf why;
    buf_init(&why, 4096);
    pid_t pid = fork();
    if (pid == 0)
        _exit(sandbox_enter(&s, &why) == -ERR_INVAL ? 0 : 1);
    int status = -1;
    waitpid(pid, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    buf_done(&why);
}

static void users_by_name(void **state)
{
    uid_t uid = 0;
    gid_t gid = 0;
    assert_int_equal(sandbox_user(STR(""), &uid, &gid), 0);
    assert_int_not_equal(uid, 0);
    assert_int_equal(sandbox_user(STR("root"), &uid, &gid), 0);
    assert_int_equal(uid, 0);
    assert_int_equal(sandbox_user(STR("no such user"), &uid, &gid), -ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(forbidden_calls_kill), cmocka_unit_test(files_cannot_be_opened_by_path),
        cmocka_unit_test(needed_calls_work),    cmocka_unit_test(abort_is_seen_as_abort),
        cmocka_unit_test(privileges_are_gone),  cmocka_unit_test(root_is_not_a_user_to_run_as),
        cmocka_unit_test(users_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
