/* Children, signals and the end; see parent.h. */
#include "main/parent.h"

#include "main/state.h"
#include "telemetry/status.h"
#include "tls/cert.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process/spawn.h"

#define RESPAWN_MIN (50 * MILLISECOND)
#define RESPAWN_MAX (10 * SECOND)
#define HEALTHY_LIFE (10 * SECOND)

static int start_child(struct child *c);

/* ---- messages ---- */

static void on_message(struct chan *chan, const struct message_frame *m)
{
    struct child *c = chan_user(chan);
    if (m->type == MSG_KEYS_LOADED)
        deploy_on_keys(c->parent, m);
    else
        deploy_on_ready(c, m);
}

static bool all_workers_gone(const struct parent *p)
{
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].chan || p->workers[i].pid)
            return false;
    return true;
}

/* The process ended, or (single) its role did. */
static void child_ended(struct child *c)
{
    struct parent *p = c->parent;
    chan_close(c->chan);
    c->chan = NULL;
    c->pid = 0;
    if (c->role == &worker_role)
        deploy_on_worker_gone(c);
    if (p->stopping) {
        if (all_workers_gone(p))
            loop_stop(p->loop);
        return;
    }
    if (c->role == &worker_role && p->live)
        sockets_lend(p, c);
    uint64_t lived = p->loop->now - c->started;
    c->failures = lived < HEALTHY_LIFE ? c->failures + 1 : 0;
    uint64_t wait = c->failures ? RESPAWN_MIN << (c->failures < 9 ? c->failures - 1 : 8) : 0;
    timer_start(p->loop, &c->respawn,
                p->loop->now + (wait < RESPAWN_MAX ? wait : RESPAWN_MAX));
    if (c->role == &keeper_role && !p->live) { /* it said why; without it there is no start */
        p->failed = true;
        loop_stop(p->loop);
    }
}

static void on_gone(struct chan *chan, int err)
{
    struct child *c = chan_user(chan);
    if (c->pid) { /* the process is ending: waitpid will say how */
        chan_close(chan);
        c->chan = NULL;
        if (err == -ERR_BAD_MESSAGE) {
            log_write(&c->parent->log, LOG_ERROR, "%s %u broke the rules and is replaced",
                      c->role->name, c->index);
            kill(c->pid, SIGKILL);
        }
    } else {
        child_ended(c);
    }
}

/* ---- starting ---- */

static int make_page(struct child *c)
{
    bool own = c->parent->options.single && c->role == &keeper_role;
    if (own || c->metrics)
        return 0;
    int fd = memfd_create("gate443 metrics", MFD_CLOEXEC);
    if (fd < 0 || ftruncate(fd, sizeof(struct metrics)))
        return err_from_errno(errno);
    void *page = mmap(NULL, sizeof(struct metrics), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED)
        return err_from_errno(errno);
    c->metrics_fd = fd;
    c->metrics = page;
    return 0;
}

/* A worker that died leaves its gauges behind. */
static void clear_gauges(struct child *c)
{
    if (c->metrics)
        c->metrics->conns_open = c->metrics->file_cache_bytes = 0;
}

static int start_in_process(struct child *c, int fd, int extra)
{
    struct role_args args = {fd, extra, -1, c->parent->log, true};
    if (c->metrics)
        args.metrics = fcntl(c->metrics_fd, F_DUPFD_CLOEXEC, 3);
    snprintf(args.log.role, sizeof args.log.role, "%s", c->role->name);
    return c->role->start(c->parent->loop, &args);
}

static int start_process(struct child *c, int fd, int extra)
{
    char uid[16] = "-", gid[16] = "-", level[16];
    const struct parent *p = c->parent;
    if (geteuid() == 0) {
        const struct deploy *d = p->pending ? p->pending : p->live;
        /* The keeper begins before there is a configuration, and its successors are like it. */
        bool worker = c->role == &worker_role;
        struct str user = worker && d && d->snapshot ? d->snapshot->user : STR_NONE;
        uid_t u;
        gid_t g;
        int err = sandbox_user(user, &u, &g);
        if (err) {
            log_write(&p->log, LOG_ERROR, "there is no user \"%.*s\"", STR_ARG(user));
            return err;
        }
        snprintf(uid, sizeof uid, "%u", (unsigned)u);
        snprintf(gid, sizeof gid, "%u", (unsigned)g);
    }
    snprintf(level, sizeof level, "%d", (int)p->log.level);
    const char *args[] = {uid, gid, level, NULL};
    int fds[] = {fd, extra, c->metrics ? c->metrics_fd : -1};
    return spawn_role(c->role->name, args, fds, 3, &c->pid);
}

static int start_child(struct child *c)
{
    struct parent *p = c->parent;
    int ends[2], err = make_page(c);
    if (!err)
        err = chan_pair(ends);
    if (err)
        return err;
    bool keeper = c->role == &keeper_role;
    struct chan_env env = {keeper ? PERMIT(KEYS_LOADED) : PERMIT(CONFIG_READY), on_message, on_gone,
                           c};
    clear_gauges(c);
    c->started = c->beat_at = p->loop->now;
    c->chan = chan_new(p->loop, ends[0], &env);
    int extra = keeper ? fcntl(p->state_fd, F_DUPFD_CLOEXEC, 3) : -1;
    if (!c->chan) {
        close(ends[0]);
        close(ends[1]);
        err = -ERR_NOMEM;
    } else if (p->options.single) {
        err = start_in_process(c, ends[1], extra);
        if (err) {
            chan_close(c->chan);
            c->chan = NULL;
        }
        return err;
    } else {
        err = start_process(c, ends[1], extra);
        close(ends[1]);
    }
    if (extra >= 0)
        close(extra);
    if (err) {
        chan_close(c->chan);
        c->chan = NULL;
    }
    return err;
}

/* A channel between a worker and the keeper: neither could open one by itself. */
void parent_link_keeper(struct parent *p, struct child *worker)
{
    int ends[2];
    if (!p->keeper.chan || !worker->chan || chan_pair(ends))
        return;
    struct message_frame to_keeper = {.type = MSG_WORKER, .fds = &ends[0], .nfds = 1};
    struct message_frame to_worker = {.type = MSG_KEEPER, .fds = &ends[1], .nfds = 1};
    int err = chan_send(p->keeper.chan, &to_keeper);
    if (!err)
        err = chan_send(worker->chan, &to_worker);
    if (err && err != -ERR_RESET) /* then one of them has ended: told, and linked anew, elsewhere */
        log_write(&p->log, LOG_ERROR, "worker %u has no channel to the keeper: %s", worker->index,
                  err_text(err));
    close(ends[0]);
    close(ends[1]);
}

static void respawn(struct timer *t, uint64_t now)
{
    struct child *c = LIST_ENTRY(t, struct child, respawn);
    struct parent *p = c->parent;
    int err = start_child(c);
    if (err) {
        log_write(&p->log, LOG_ERROR, "%s %u cannot be started: %s", c->role->name, c->index,
                  err_text(err));
        timer_start(p->loop, t, now + RESPAWN_MAX);
        return;
    }
    if (c->role == &worker_role) {
        parent_link_keeper(p, c);
        deploy_start_worker(c);
        return;
    }
    /* Keys first, workers second: the channel keeps that order, so whatever signatures waited for
     * the new keeper find their keys. */
    if (p->live)
        deploy_ask_keys(p->live);
    if (p->pending && p->pending->state == DEPLOY_KEYS)
        deploy_ask_keys(p->pending);
    for (size_t i = 0; i < p->nworkers; i++)
        parent_link_keeper(p, &p->workers[i]);
}

static int child_init(struct parent *p, struct child *c, const struct role *role, unsigned index)
{
    *c = (struct child){.parent = p, .role = role, .index = index, .metrics_fd = -1};
    return timer_init(p->loop, &c->respawn, respawn);
}

static uint64_t cores(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    int n = CPU_COUNT(&set);
    return n > 0 ? (uint64_t)n : 1;
}

/* Once: the number of workers stays until the next start. */
int parent_start_workers(struct parent *p, uint64_t configured)
{
    if (p->workers)
        return 0;
    uint64_t n = p->options.single    ? 1
                 : p->options.workers ? p->options.workers
                 : configured         ? configured
                                      : cores();
    p->nworkers = n < WORKERS_MAX ? n : WORKERS_MAX;
    p->workers = calloc(p->nworkers, sizeof *p->workers);
    if (!p->workers)
        return -ERR_NOMEM;
    for (size_t i = 0; i < p->nworkers; i++) {
        int err = child_init(p, &p->workers[i], &worker_role, (unsigned)i);
        if (!err)
            err = start_child(&p->workers[i]);
        if (err)
            return err;
        parent_link_keeper(p, &p->workers[i]);
    }
    return 0;
}

/* ---- signals ---- */

static struct child *find_child(struct parent *p, pid_t pid)
{
    if (p->keeper.pid == pid)
        return &p->keeper;
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].pid == pid)
            return &p->workers[i];
    return NULL;
}

static void tell_end(struct parent *p, const struct child *c, int status)
{
    /* Then the start ends, too; with 1 it has said why. */
    bool starts = c->role == &keeper_role && !p->live;
    if (WIFSIGNALED(status))
        log_write(&p->log, LOG_ERROR, "%s %u was killed by signal %d%s%s", c->role->name, c->index,
                  WTERMSIG(status),
                  WTERMSIG(status) == SIGSYS ? " (a system call that its sandbox forbids)" : "",
                  starts || p->stopping ? "" : "; it is replaced");
    else if (!p->stopping && !(starts && WEXITSTATUS(status) == 1))
        log_write(&p->log, LOG_ERROR, "%s %u ended with status %d%s", c->role->name, c->index,
                  WEXITSTATUS(status), starts ? "" : "; it is replaced");
    if (p->stopping && WIFEXITED(status) && WEXITSTATUS(status))
        p->failed = true;
}

static void reap_children(struct parent *p)
{
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        struct child *c = find_child(p, pid);
        if (!c)
            continue;
        tell_end(p, c, status);
        child_ended(c);
    }
}

static void kill_workers(struct parent *p, const char *why)
{
    log_write(&p->log, LOG_WARN, "%s: workers are killed", why);
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].pid)
            kill(p->workers[i].pid, SIGKILL);
    if (p->options.single)
        loop_stop(p->loop);
}

static void on_patience(struct timer *t, uint64_t now)
{
    kill_workers(LIST_ENTRY(t, struct parent, patience), "the time to end is over");
}

void parent_stop(struct parent *p)
{
    struct message_frame drain = {.type = MSG_DRAIN};
    if (p->stopping) {
        kill_workers(p, "asked to stop a second time");
        return;
    }
    p->stopping = true;
    log_write(&p->log, LOG_INFO, "stopping: no new connections, requests under way may end");
    uint64_t wait = p->live ? p->live->snapshot->limits.drain_timeout : 0;
    timer_start(p->loop, &p->patience, p->loop->now + wait + 2 * SECOND);
    timer_stop(p->loop, &p->keeper.respawn);
    sockets_close(p);
    for (size_t i = 0; i < p->nworkers; i++) {
        timer_stop(p->loop, &p->workers[i].respawn);
        if (p->workers[i].chan && chan_send(p->workers[i].chan, &drain))
            log_write(&p->log, LOG_WARN, "worker %zu does not listen", i);
    }
    if (all_workers_gone(p))
        loop_stop(p->loop);
}

static void on_signal(struct watch *w, unsigned events)
{
    struct parent *p = LIST_ENTRY(w, struct parent, signals);
    struct signalfd_siginfo info;
    while (read(w->fd, &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGCHLD)
            reap_children(p);
        else if (info.ssi_signo == SIGHUP || info.ssi_signo == SIGUSR1)
            deploy_begin(p, NULL);
        else
            parent_stop(p);
    }
}

/* SIGUSR1 and SIGQUIT are what scripts made for nginx send, to open the logs anew and to end after the
 * requests under way: what they would do by themselves is end us at once. */
static int watch_signals(struct parent *p)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGQUIT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
    if (fd < 0)
        return err_from_errno(errno);
    p->signals.on_event = on_signal;
    return loop_watch(p->loop, &p->signals, fd, LOOP_READ, false);
}

/* ---- once a second: directories and hanging children; once a minute: certificates and HSTS ---- */

static void on_second(struct timer *t, uint64_t now)
{
    struct parent *p = LIST_ENTRY(t, struct parent, second);
    timer_start(p->loop, t, now + SECOND);
    roots_check(p);
    watchdog_check(p, now);
}

static void on_minute(struct timer *t, uint64_t now)
{
    struct parent *p = LIST_ENTRY(t, struct parent, minute);
    timer_start(p->loop, t, now + 60 * SECOND);
    if (!p->live || p->stopping)
        return;
    hsts_update(p);
    if (p->live->renew_at && p->loop->wall >= p->live->renew_at) {
        log_write(&p->log, LOG_INFO, "local certificates are renewed");
        deploy_ask_keys(p->live);
    }
}

/* ---- the control socket ---- */

static size_t pages(struct parent *p, const struct metrics *ret[WORKERS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].metrics)
            ret[n++] = p->workers[i].metrics;
    return n;
}

static const struct build_info *build_info(void)
{
    static struct build_info info;
    info = (struct build_info){STR(GATE443_VERSION), str_c(tls_version_text())};
    return &info;
}

static void on_status(void *user, struct buf *json)
{
    struct parent *p = user;
    const struct metrics *all[WORKERS_MAX];
    status_json(json, all, pages(p, all), build_info());
}

static void on_metrics(void *user, struct buf *text)
{
    struct parent *p = user;
    const struct metrics *all[WORKERS_MAX];
    prometheus_write(text, all, pages(p, all), build_info());
}

static void on_reload(void *user, struct control_request *request)
{
    deploy_begin(user, request);
}

static void on_stop(void *user)
{
    parent_stop(user);
}

/* ---- life ---- */

/* Each connection is a descriptor, and a shell's usual 1024 would be the first limit that visitors
 * meet. What the system permits (the hard limit) is taken; children inherit it. */
static void raise_open_files(const struct parent *p)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur >= r.rlim_max)
        return;
    r.rlim_cur = r.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &r))
        log_write(&p->log, LOG_WARN, "the limit of open files stays as it is: %s", strerror(errno));
}

static int parent_open(struct parent *p, struct buf *why)
{
    int err = state_dir_open(p->options.state, p->state_path, &p->state_fd, why);
    if (err)
        return err;
    struct control_env env = {p, on_status, on_metrics, on_reload, on_stop};
    p->control = control_server_new(p->loop, p->state_fd, p->state_path, &env, why);
    if (!p->control)
        return -ERR_EXISTS;
    err = watch_signals(p);
    if (!err)
        err = timer_init(p->loop, &p->minute, on_minute);
    if (!err)
        err = timer_init(p->loop, &p->second, on_second);
    if (!err)
        err = timer_init(p->loop, &p->patience, on_patience);
    if (!err)
        err = timer_init(p->loop, &p->deploying, deploy_on_deadline);
    if (!err)
        err = child_init(p, &p->keeper, &keeper_role, 0);
    if (!err)
        err = start_child(&p->keeper);
    return err;
}

static void end_child(struct parent *p, struct child *c)
{
    int status;
    chan_close(c->chan); /* a keeper ends when its channel does */
    c->chan = NULL;
    if (c->pid && c->role == &worker_role)
        kill(c->pid, SIGKILL);
    if (c->pid)
        waitpid(c->pid, &status, 0);
    timer_done(p->loop, &c->respawn);
    if (c->metrics)
        munmap(c->metrics, sizeof *c->metrics);
    if (c->metrics_fd >= 0)
        close(c->metrics_fd);
}

static void parent_close(struct parent *p)
{
    control_server_free(p->control);
    deploy_free(p->pending);
    for (size_t i = 0; i < p->nworkers && p->workers; i++)
        if (p->workers[i].parent)
            end_child(p, &p->workers[i]);
    if (p->keeper.parent)
        end_child(p, &p->keeper);
    for (int i = 0; i < 4; i++) /* what ended with the channels frees itself at the end of a turn */
        if (loop_turn(p->loop, 0))
            break;
    deploy_free(p->live);
    sockets_close(p);
    free(p->bound);
    free(p->workers);
    int fd = p->signals.fd;
    if (p->signals.on_event) {
        loop_unwatch(p->loop, &p->signals);
        close(fd);
    }
    timer_done(p->loop, &p->minute);
    timer_done(p->loop, &p->second);
    timer_done(p->loop, &p->patience);
    timer_done(p->loop, &p->deploying);
    if (p->state_fd >= 0)
        close(p->state_fd);
    loop_free(p->loop);
}

int parent_run(const struct serve_options *options)
{
    struct parent p = {.options = *options, .state_fd = -1};
    struct buf why;
    p.log = (struct log){.fd = 2, .level = options->level, .timestamps = !getenv("JOURNAL_STREAM")};
    p.loop = loop_epoll_new();
    if (!p.loop)
        return 1;
    buf_init(&why, 64 * 1024);
    raise_open_files(&p);
    int err = parent_open(&p, &why);
    if (err)
        log_write(&p.log, LOG_ERROR, "cannot start: %.*s", STR_ARG(why.n ? buf_str(&why)
                                                                        : str_c(err_text(err))));
    buf_done(&why);
    if (!err) {
        timer_start(p.loop, &p.minute, p.loop->now + 60 * SECOND);
        timer_start(p.loop, &p.second, p.loop->now + SECOND);
        deploy_begin(&p, NULL);
        if (!p.failed)
            err = loop_run(p.loop);
    }
    bool failed = err || p.failed;
    parent_close(&p);
    return failed;
}
