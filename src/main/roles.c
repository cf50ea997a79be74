/* The table of roles and the main function that children share. A clerk (certificate orders,
 * everything outgoing) will be a third row. */
#include "main/roles.h"

#include "process/chan.h"
#include "process/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

static const struct role *const roles[] = {&keeper_role, &worker_role};

const struct role *role_find(const char *name)
{
    for (size_t i = 0; i < sizeof roles / sizeof *roles; i++)
        if (strcmp(roles[i]->name, name) == 0)
            return roles[i];
    return NULL;
}

struct metrics *role_map_metrics(int fd)
{
    if (fd < 0)
        return NULL;
    void *p = mmap(NULL, sizeof(struct metrics), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    return p == MAP_FAILED ? NULL : p;
}

/* Empties the window in which a child could be stopped by a terminal's ^C: the parent decides. */
static void ignore_signals(void)
{
    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGHUP, SIG_IGN);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGQUIT, SIG_IGN);
}

int role_main(int argc, char **argv)
{
    if (argc != 6)
        return 2;
    uint64_t level;
    const struct role *role = str_u64(str_c(argv[5]), &level) ? role_find(argv[2]) : NULL;
    struct loop *loop = role ? loop_epoll_new() : NULL;
    if (!loop)
        return 1;
    char title[16]; /* what top and ss show; else "exe", from /proc/self/exe */
    snprintf(title, sizeof title, "gate443-%s", role->name);
    prctl(PR_SET_NAME, title);
    ignore_signals();
    struct role_args args = {SPAWN_FD, SPAWN_FD + 1, SPAWN_FD + 2,
                             {.fd = 2, .level = (enum log_level)level}, false};
    for (int fd = SPAWN_FD; fd <= SPAWN_FD + 2; fd++)
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    snprintf(args.log.role, sizeof args.log.role, "%s", role->name);
    args.log.timestamps = !getenv("JOURNAL_STREAM");
    int err = role->start(loop, &args);
    struct buf why;
    buf_init(&why, 1024);
    struct sandbox s = {role->sandbox, strcmp(argv[3], "-") != 0, (uid_t)strtoul(argv[3], NULL, 10),
                        (gid_t)strtoul(argv[4], NULL, 10)};
    if (!err) {
        err = sandbox_enter(&s, &why);
        if (err)
            log_write(&args.log, LOG_ERROR, "cannot enter the sandbox: %.*s", STR_ARG(buf_str(&why)));
    }
    buf_done(&why);
    if (!err)
        err = loop_run(loop);
    loop_free(loop);
    return err ? 1 : 0;
}
