/* `gate443 watch`: audits on a schedule, and tells only what is new. What is remembered of a target is
 * a small JSON file of its own in the state directory, written beside and renamed, so that it is
 * always whole. */
#include "audit/json_emit.h"
#include "audit/report_text.h"
#include "audit/watch_diff.h"
#include "main/audit_command.h"
#include "main/audit_files.h"
#include "main/commands.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const char usage[] =
    "usage: gate443 watch [options] HOST[:PORT]… | --targets FILE\n"
    "  Audits again and again, and tells what is new: findings, grades, certificates, and those that\n"
    "  are about to end (30, 14, 7, 3, 1 days). The first time it only remembers.\n"
    "\n"
    "      --every TIME      from one round to the next: 90m, 12h, 1d (1d), give or take a tenth\n"
    "      --once            one round, for a timer of somebody else's: exit 3 if anything is worse\n"
    "      --state DIR       what is remembered (~/.local/state/gate443/watch)\n"
    "  -j, --json            a line of JSON a change\n"
    "\n"
    "  All options of `gate443 audit` that say whom to ask, how and how many at once hold here, too.\n"
    "\n"
    "Exit status: 0 nothing is worse, 1 a host could not be audited, 2 misused, 3 something is worse.\n";

enum { PATH_SIZE = 4096, DIR_SIZE = 3072, NAME_KEPT = 200 };

struct watcher {
    const struct audit_watch *words;
    struct loop *loop;
    char dir[DIR_SIZE];
    const struct report *report; /* that is being compared */
    struct watch signals;
    struct timer next;
    bool worse, broken, stopped;
};

static void say(const char *what, const char *why)
{
    fprintf(stderr, "gate443 watch: %s: %s\n", what, why);
}

/* ---- the state directory ---- */

static bool make_dirs(char *path)
{
    for (char *p = path + 1;; p++) {
        char c = *p;
        if (c != '/' && c != '\0')
            continue;
        *p = '\0';
        bool bad = mkdir(path, 0700) && errno != EEXIST;
        *p = c;
        if (bad)
            return false;
        if (c == '\0')
            return true;
    }
}

static int find_dir(struct watcher *w)
{
    const char *own = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int n;
    if (w->words->state)
        n = snprintf(w->dir, sizeof w->dir, "%s", w->words->state);
    else if (own && own[0] == '/')
        n = snprintf(w->dir, sizeof w->dir, "%s/gate443/watch", own);
    else
        n = snprintf(w->dir, sizeof w->dir, "%s/.local/state/gate443/watch", home ? home : "");
    if (n > 0 && (size_t)n < sizeof w->dir && make_dirs(w->dir))
        return 0;
    say(w->dir, strerror(errno));
    return 1;
}

/* A target's name is one of a file, too, unless it is too long. */
static void path_of(const struct watcher *w, const struct report *r, const char *suffix, char path[PATH_SIZE])
{
    struct buf key;
    buf_init(&key, 1024);
    buf_addf(&key, "%.*s:%u", STR_ARG(r->host), r->port);
    struct str k = buf_str(&key);
    if (k.n <= NAME_KEPT && !memchr(k.p, '/', k.n))
        snprintf(path, PATH_SIZE, "%s/%.*s%s", w->dir, STR_ARG(k), suffix);
    else
        snprintf(path, PATH_SIZE, "%s/%.60s-%016" PRIx64 "%s", w->dir, k.p, str_hash(k), suffix);
    buf_done(&key);
}

static bool read_last(const char *path, struct arena *a, struct watch_essence *ret)
{
    struct buf text;
    if (access(path, F_OK))
        return false;
    buf_init(&text, WATCH_ESSENCE_MAX);
    int err = audit_file_read(path, &text) ? -ERR_IO : watch_essence_read(a, buf_str(&text), ret);
    buf_done(&text);
    if (err == -ERR_SYNTAX)
        say(path, "cannot be understood; begun afresh");
    return err == 0;
}

static void write_new(struct watcher *w, const char *path, const char *beside, const struct watch_essence *e)
{
    struct buf text;
    buf_init(&text, WATCH_ESSENCE_MAX);
    watch_essence_write(e, &text);
    struct str s = buf_str(&text);
    int fd = open(beside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool good = buf_ok(&text) && fd >= 0 && write(fd, s.p, s.n) == (ssize_t)s.n && fdatasync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!good || rename(beside, path)) {
        say(path, buf_ok(&text) ? strerror(errno) : err_text(buf_err(&text)));
        w->broken = true;
    }
    buf_done(&text);
}

/* ---- one report ---- */

static void tell_json(struct buf *out, const struct report *r, const struct watch_change *c, const char *time)
{
    struct json_emit j = {.out = out};
    json_emit_open(&j, NULL, '{');
    json_emit_z(&j, "schema", "gate443-change/1");
    json_emit_z(&j, "time", time);
    json_emit_str(&j, "target", r->target);
    json_emit_z(&j, "change", watch_kind_name(c->kind));
    json_emit_bool(&j, "worse", c->worse);
    json_emit_str(&j, "check", c->check);
    json_emit_z(&j, "severity", c->check.n ? severity_name(c->severity) : NULL);
    json_emit_str(&j, "text", c->text);
    json_emit_close(&j, '}');
    buf_addc(out, '\n');
}

/* What servers say of themselves goes to a terminal: no control characters. */
static void tell_line(struct buf *out, const struct report *r, const struct watch_change *c, const char *time)
{
    buf_addf(out, "%s %s %.*s: ", time, c->worse ? "!" : " ", STR_ARG(r->target));
    for (size_t i = 0; i < c->text.n; i++)
        buf_addc(out, (unsigned char)c->text.p[i] < 0x20 || c->text.p[i] == 0x7f ? '?' : c->text.p[i]);
    buf_addc(out, '\n');
}

static void on_change(void *user, const struct watch_change *c)
{
    struct watcher *w = user;
    char time[REPORT_TIME + 1];
    struct buf out;
    report_text_time(w->report->started, time);
    buf_init(&out, 65536);
    (w->words->json ? tell_json : tell_line)(&out, w->report, c, time);
    fwrite(buf_str(&out).p, 1, buf_str(&out).n, stdout);
    fflush(stdout);
    buf_done(&out);
    w->worse = w->worse || c->worse;
}

static void on_report(void *user, const struct report *r)
{
    struct watcher *w = user;
    struct arena a;
    struct watch_essence old, now;
    char path[PATH_SIZE], beside[PATH_SIZE];
    path_of(w, r, ".json", path);
    path_of(w, r, ".new", beside);
    arena_init(&a, 16 * 1024, 8u * 1024 * 1024);
    w->report = r;
    if (watch_essence_of(&a, r, &now)) {
        say(path, "out of memory");
        w->broken = true;
    } else {
        bool seen = read_last(path, &a, &old);
        watch_diff(&a, seen ? &old : NULL, &now, on_change, w);
        write_new(w, path, beside, &now);
    }
    arena_done(&a);
}

/* ---- rounds ---- */

static void nothing(struct buf *out, const struct format_options *o)
{
}

static void no_report(struct buf *out, const struct report *r, const struct format_options *o, bool first)
{
}

static const struct report_format silent = {"watch", "", nothing, no_report, nothing};

static void on_signal(struct watch *watch, unsigned events)
{
    struct watcher *w = LIST_ENTRY(watch, struct watcher, signals);
    struct signalfd_siginfo info;
    (void)!read(watch->fd, &info, sizeof info);
    w->stopped = true;
    loop_stop(w->loop);
}

static void on_next(struct timer *t, uint64_t now)
{
    loop_stop(LIST_ENTRY(t, struct watcher, next)->loop);
}

/* A tenth earlier to a tenth later: those who watch the same hosts drift apart. */
static uint64_t jittered(uint64_t every)
{
    uint32_t r = 0;
    (void)!getrandom(&r, sizeof r, 0);
    return every - every / 10 + every / 5 / 1000 * (r % 1001);
}

static int watch_signals(struct watcher *w)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 || loop_watch(w->loop, &w->signals, fd, LOOP_READ, false) ||
           timer_init(w->loop, &w->next, on_next);
}

static int rounds(struct watcher *w, struct audit_env *env, struct audit_run_options *o)
{
    for (;;) {
        uint64_t begun = loop_clock(w->loop);
        int status = audit_run(env, o);
        if (w->stopped)
            return 0;
        if (status == 2 || w->words->once)
            return status == 2 || w->broken ? status == 2 ? 2 : 1 : w->worse ? 3 : status;
        timer_start(w->loop, &w->next, begun + jittered(w->words->every));
        if (loop_run(w->loop) || w->stopped)
            return 0;
    }
}

static int watch_all(struct audit_env *env, struct audit_run_options *o, const struct audit_watch *words)
{
    struct watcher *w = calloc(1, sizeof *w);
    if (!w)
        return 1;
    *w = (struct watcher){.words = words, .loop = env->loop, .signals = {on_signal, -1}};
    o->format = &silent;
    o->quiet = true;
    o->on_report = on_report;
    o->report_user = w;
    int status = find_dir(w) || watch_signals(w) ? 1 : rounds(w, env, o);
    if (w->signals.fd >= 0)
        loop_close(w->loop, &w->signals);
    timer_done(w->loop, &w->next);
    free(w);
    return status;
}

int cmd_watch(int argc, char **argv)
{
    return audit_command(argc, argv, usage, watch_all);
}
