/* A run of `gate443 audit`; see audit_run.h. Reports are formatted into `pending`, which is written
 * as fast as the other end reads: while more than PENDING_MAX waits, no report is taken. */
#include "main/audit_run.h"

#include "audit/fleet_queue.h"
#include "audit/journal.h"
#include "audit/report_progress.h"
#include "audit/target_list.h"
#include "io/shared_fd.h"
#include "main/audit_files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <unistd.h>

enum { PENDING_MAX = 256 * 1024, FEW = 8, MANY = 64, INFLIGHT_OF_MANY = 4, NETWORK_PARALLEL = 4,
       NETWORK_RATE = 50, DESCRIPTORS_KEPT = 64 };

/* A report on its way out, and the target that is finished with it. */
struct mark {
    struct list list;
    uint64_t end; /* of it, in bytes since the run began */
    char key[AUDIT_KEY_MAX];
};

struct run {
    const struct audit_run_options *o;
    struct audit_env *env;
    struct fleet *fleet;
    uint64_t seed[2];
    struct exclude exclude;
    struct target_list list;
    struct shared_fd in, out;
    int in_fd, out_fd;
    int word;              /* of the command line, the next */
    bool many, first, ending, bad, failed_writing;
    struct journal journal;
    bool has_journal;
    struct redis *redis;
    char worker[200];          /* our name among those of the queue */
    struct fleet_queue *queue; /* NULL: targets from a list, reports to a file */
    struct buf pending;
    uint64_t written;
    struct list marks;
    struct timer tick;
    bool progress, drawn;
    unsigned frame;
    uint64_t begun, before, unreachable;
};

__attribute__((format(printf, 1, 2))) static void say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fputs("gate443 audit: ", stderr);
    vfprintf(stderr, format, args);
    putc('\n', stderr);
    va_end(args);
}

/* ---- progress ---- */

static void erase_progress(struct run *r)
{
    if (r->drawn)
        fputs("\r\033[K", stderr);
    r->drawn = false;
}

static double seconds_since(const struct run *r, uint64_t then)
{
    return (double)(loop_clock(r->env->loop) - then) / (double)SECOND;
}

static void draw_progress(struct run *r)
{
    struct fleet_progress p;
    struct buf line;
    fleet_progress(r->fleet, &p);
    buf_init(&line, 4096);
    if (r->many)
        buf_addf(&line, "\r\033[K%llu done, %zu under way, %zu wait for their network, %.1f a second",
                 (unsigned long long)p.done, p.running, p.parked,
                 (double)p.done / (seconds_since(r, r->begun) + 0.001));
    else
        report_progress_draw(&line, &p.audits, r->frame++, &r->o->look);
    fwrite(buf_str(&line).p, 1, line.n, stderr);
    fflush(stderr);
    buf_done(&line);
    r->drawn = true;
}

static void on_tick(struct timer *t, uint64_t now)
{
    struct run *r = LIST_ENTRY(t, struct run, tick);
    draw_progress(r);
    timer_start(r->env->loop, t, now + (r->many ? SECOND : SECOND / 12));
}

/* ---- the sink ---- */

static void cannot_write(struct run *r, int err)
{
    erase_progress(r);
    say("%s: %s", r->o->output ? r->o->output : "standard output", err_text(err));
    r->failed_writing = true;
    buf_clear(&r->pending);
    loop_stop(r->env->loop);
}

static void note(struct run *r, const char *key)
{
    int err = journal_add(&r->journal, str_c(key), loop_clock(r->env->loop));
    if (err) {
        say("%s: %s", r->o->state, err_text(err));
        r->failed_writing = true;
        loop_stop(r->env->loop);
    }
}

static void note_written(struct run *r)
{
    while (!list_empty(&r->marks)) {
        struct mark *m = LIST_ENTRY(r->marks.next, struct mark, list);
        if (m->end > r->written)
            return;
        note(r, m->key);
        list_remove(&m->list);
        free(m);
    }
}

static void write_out(struct run *r)
{
    while (r->pending.n) {
        ssize_t n = shared_fd_write(&r->out, buf_str(&r->pending));
        if (n == -ERR_AGAIN)
            return;
        if (n < 0) {
            cannot_write(r, (int)n);
            return;
        }
        buf_consume(&r->pending, (size_t)n);
        r->written += (uint64_t)n;
    }
    note_written(r);
    if (r->ending)
        loop_stop(r->env->loop);
}

static void on_writable(void *user)
{
    struct run *r = user;
    write_out(r);
    if (r->fleet && r->pending.n < PENDING_MAX)
        fleet_wake(r->fleet);
}

static bool ready(void *user)
{
    const struct run *r = user;
    return r->queue ? fleet_queue_ready(r->queue) : r->pending.n < PENDING_MAX;
}

static void remember(struct run *r, struct str key)
{
    struct mark *m = calloc(1, sizeof *m);
    if (!m) {
        cannot_write(r, -ERR_NOMEM);
        return;
    }
    m->end = r->written + r->pending.n;
    memcpy(m->key, key.p, key.n);
    list_push(&r->marks, &m->list);
}

static void keep_report(struct run *r, struct str key)
{
    int err = journal_output(&r->journal, buf_str(&r->pending));
    buf_clear(&r->pending);
    if (err)
        cannot_write(r, err);
    else
        note(r, key.p);
}

/* Without the end of the line. */
static void queue_report(struct run *r, const char *tag, struct str key)
{
    struct str line = buf_str(&r->pending);
    int err = fleet_queue_done(r->queue, tag, key, str_sub(line, 0, line.n ? line.n - 1 : 0));
    buf_clear(&r->pending);
    if (err)
        cannot_write(r, err);
}

static void on_report(void *user, const struct audit_target *t, const char *tag, const struct report *rep)
{
    struct run *r = user;
    char key[AUDIT_KEY_MAX];
    struct str k = audit_target_key(t, key);
    erase_progress(r);
    r->o->format->report(&r->pending, rep, &r->o->look, r->first);
    r->first = false;
    r->unreachable += rep->failure.n != 0 || !rep->overall.letter;
    r->o->on_report(r->o->report_user, rep);
    if (!buf_ok(&r->pending)) {
        cannot_write(r, buf_err(&r->pending));
        return;
    }
    if (r->queue) {
        queue_report(r, tag, k);
        return;
    }
    if (r->has_journal && r->o->output) {
        keep_report(r, k);
        return;
    }
    if (r->has_journal)
        remember(r, k);
    write_out(r);
}

static void on_excluded(void *user, const struct audit_target *t, const char *tag)
{
    struct run *r = user;
    char key[AUDIT_KEY_MAX];
    erase_progress(r);
    if (r->queue)
        queue_report(r, tag, audit_target_key(t, key));
    else if (!r->many)
        say("%s is excluded", t->text);
}

static void on_end(void *user)
{
    struct run *r = user;
    if (r->queue) { /* it ends when every report is stored */
        loop_stop(r->env->loop);
        return;
    }
    r->o->format->end(&r->pending, &r->o->look);
    r->ending = true;
    write_out(r);
}

/* ---- the source ---- */

static void on_fault(void *user, const struct target_list *l, unsigned column, struct str text)
{
    struct run *r = user;
    erase_progress(r);
    if (l->name)
        fprintf(stderr, "%s:%llu:%u: %.*s\n", l->name, (unsigned long long)l->line, column, STR_ARG(text));
    else
        say("%.*s", STR_ARG(text));
}

static void on_readable(void *user)
{
    fleet_wake(((struct run *)user)->fleet);
}

/* Each as a line; the file follows, with lines of its own. */
static void feed_word(struct run *r)
{
    target_list_feed(&r->list, str_c(r->o->words[r->word++]));
    target_list_feed(&r->list, STR("\n"));
}

/* True: there may be more targets now. */
static bool read_more(struct run *r)
{
    char piece[16384];
    size_t room = buf_room(&r->list.in);
    if (r->word < r->o->nwords) {
        feed_word(r);
        return true;
    }
    if (!r->list.name && r->o->targets) {
        r->list.name = strcmp(r->o->targets, "-") ? r->o->targets : "standard input";
        r->list.line = 1;
    }
    if (r->in_fd < 0) {
        target_list_end(&r->list);
        return true;
    }
    ssize_t n = shared_fd_read(&r->in, piece, room < sizeof piece ? room : sizeof piece);
    if (n == -ERR_AGAIN)
        return false;
    if (n < 0) {
        say("%s: %s", r->o->targets, err_text((int)n));
        r->bad = true;
    }
    if (n <= 0)
        target_list_end(&r->list);
    else
        target_list_feed(&r->list, str_of(piece, (size_t)n));
    return true;
}

static bool done_before(struct run *r, const struct audit_target *t)
{
    char key[AUDIT_KEY_MAX];
    bool done = r->has_journal && journal_has(&r->journal, audit_target_key(t, key));
    r->before += done;
    return done;
}

static enum fleet_next next(void *user, struct audit_target *ret, char tag[FLEET_TAG_MAX])
{
    struct run *r = user;
    for (;;) {
        enum target_list_next got = target_list_next(&r->list, ret);
        if (got == TARGET_LIST_END)
            return FLEET_END;
        if (got == TARGET_LIST_MORE && !read_more(r))
            return FLEET_WAIT;
        if (got == TARGET_LIST_TARGET && !done_before(r, ret))
            break;
    }
    r->o->prepare(r->o->user, ret);
    return FLEET_TARGET;
}

static enum fleet_next next_of_queue(void *user, struct audit_target *ret, char tag[FLEET_TAG_MAX])
{
    struct run *r = user;
    enum fleet_next got = fleet_queue_next(r->queue, ret, tag);
    if (got == FLEET_TARGET)
        r->o->prepare(r->o->user, ret);
    return got;
}

static void on_queue(void *user)
{
    struct run *r = user;
    if (r->fleet)
        fleet_wake(r->fleet);
}

static void on_trouble(void *user, const char *what, bool for_good)
{
    struct run *r = user;
    erase_progress(r);
    if (for_good) {
        say("the queue: %s", what);
        r->bad = true;
        loop_stop(r->env->loop);
    } else if (what)
        say("the queue is away, to be tried again: %s", what);
    else
        say("the queue is here again");
}

/* ---- the beginning ---- */

static int open_queue(struct run *r)
{
    char host[128] = "";
    gethostname(host, sizeof host - 1);
    snprintf(r->worker, sizeof r->worker, "%s-%d-%08x", host, (int)getpid(), (unsigned)r->seed[0]);
    struct fleet_queue_env env = {.loop = r->env->loop, .name = r->o->queue->stream, .worker = r->worker,
                                  .lease = r->o->lease, .on_wake = on_queue, .on_trouble = on_trouble, .user = r};
    buf_init(&r->pending, REPORT_OUT_MAX + PENDING_MAX);
    if (redis_new(r->env->loop, r->env->resolver, r->o->queue, &r->redis))
        return 1;
    env.redis = r->redis;
    r->queue = fleet_queue_new(&env);
    return r->queue == NULL;
}

/* Everything wrong with the command line is told before anything is asked. */
static bool check_words(struct run *r)
{
    struct target_list l;
    struct audit_target t;
    bool one;
    target_list_init(&l, NULL, r->seed);
    l.public_ranges = r->o->public_ranges;
    l.on_fault = on_fault;
    l.user = r;
    for (int i = 0; i < r->o->nwords; i++)
        target_list_word(&l, str_c(r->o->words[i]), &t, &one);
    r->many = r->o->targets || l.given > FEW || l.nranges;
    bool good = l.faults == 0;
    target_list_done(&l);
    return good;
}

static int open_input(struct run *r)
{
    const char *path = r->o->targets;
    bool standard = path && strcmp(path, "-") == 0;
    target_list_init(&r->list, NULL, r->seed);
    r->list.public_ranges = r->o->public_ranges;
    r->list.on_fault = on_fault;
    r->list.user = r;
    if (!path)
        return 0;
    r->in_fd = standard ? 0 : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (r->in_fd < 0) {
        say("%s: %s", path, strerror(errno));
        return 1;
    }
    shared_fd_init(&r->in, r->env->loop, r->in_fd, on_readable, r);
    return 0;
}

static int open_journal(struct run *r)
{
    const struct audit_run_options *o = r->o;
    const char *path;
    int err = journal_open(&r->journal, o->state, o->output, o->options, r->seed, &path);
    r->has_journal = !err;
    if (!err && r->journal.done.n)
        say("%s: %zu targets are done already", o->state, r->journal.done.n);
    if (!err)
        return 0;
    if (err == -ERR_EXISTS && path == o->state)
        say("%s is of an audit with other options", path);
    else if (err == -ERR_EXISTS)
        say("%s is there already, and %s knows nothing of it", path, o->state);
    else if (err == -ERR_TOO_MANY)
        say("%s is in use by another process", path);
    else if (err == -ERR_SYNTAX)
        say("%s is no journal of an audit", path);
    else
        say("%s: %s", path, err_text(err));
    return 1;
}

static int open_output(struct run *r)
{
    const char *path = r->o->output;
    buf_init(&r->pending, REPORT_OUT_MAX + PENDING_MAX);
    list_init(&r->marks);
    r->first = true;
    if (r->o->state && open_journal(r))
        return 1;
    if (r->has_journal && path)
        return 0;
    r->out_fd = path ? open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666) : 1;
    if (r->out_fd < 0) {
        say("%s: %s", path, strerror(errno));
        return 1;
    }
    shared_fd_init(&r->out, r->env->loop, r->out_fd, on_writable, r);
    r->o->format->begin(&r->pending, &r->o->look);
    write_out(r);
    return 0;
}

static int read_exclude(struct run *r)
{
    unsigned line;
    struct buf text;
    exclude_init(&r->exclude, r->seed);
    if (!r->o->exclude)
        return 0;
    buf_init(&text, AUDIT_FILE_MAX);
    int status = audit_file_read(r->o->exclude, &text);
    int err = status ? 0 : exclude_read(&r->exclude, buf_str(&text), &line);
    buf_done(&text);
    if (err == -ERR_SYNTAX)
        fprintf(stderr, "%s:%u: neither a name nor an address nor a range\n", r->o->exclude, line);
    else if (err)
        say("%s: %s", r->o->exclude, err_text(err));
    return status || err;
}

static struct fleet *make_fleet(struct run *r)
{
    const struct audit_run_options *o = r->o;
    struct audit_options *a = &r->env->options;
    struct fleet_env env = {.audit = r->env, .parallel = o->parallel ? o->parallel : r->many ? MANY : FEW,
                            .network_parallel = o->network_parallel, .network_rate = o->network_rate,
                            .limit_loopback = o->network_said,
                            .exclude = o->exclude ? &r->exclude : NULL,
                            .seed = {r->seed[0], r->seed[1]},
                            .next = r->queue ? next_of_queue : next, .ready = ready, .on_report = on_report,
                            .on_excluded = on_excluded, .on_end = on_end, .user = r};
    if (!a->inflight && r->many)
        a->inflight = INFLIGHT_OF_MANY;
    if (r->many && !o->network_parallel)
        env.network_parallel = NETWORK_PARALLEL;
    if (r->many && !o->network_rate)
        env.network_rate = NETWORK_RATE;
    size_t each = a->inflight ? a->inflight : ENDPOINT_INFLIGHT;
    size_t most = r->env->loop->descriptors / 8 * 7 / each;
    if (env.parallel > most && most)
        env.parallel = (unsigned)most;
    return fleet_new(&env);
}

/* ---- the end ---- */

static void sum_up(struct run *r)
{
    struct fleet_progress p;
    fleet_progress(r->fleet, &p);
    double s = seconds_since(r, r->begun);
    say("%llu targets in %.1f s (%.1f a second); %llu could not be audited, %llu excluded, "
        "%llu done before, %llu double, %llu faults in the list",
        (unsigned long long)p.done, s, (double)p.done / (s + 0.001), (unsigned long long)p.failed,
        (unsigned long long)p.excluded, (unsigned long long)r->before,
        (unsigned long long)(r->queue ? fleet_queue_doubles(r->queue) : r->list.doubles),
        (unsigned long long)r->list.faults);
}

static void clean_up(struct run *r)
{
    fleet_free(r->fleet);
    redis_free(r->redis);
    fleet_queue_free(r->queue);
    timer_done(r->env->loop, &r->tick);
    shared_fd_done(&r->in);
    shared_fd_done(&r->out);
    if (r->in_fd > 0)
        close(r->in_fd);
    if (r->out_fd > 1 && close(r->out_fd))
        r->failed_writing = true;
    if (r->has_journal && journal_close(&r->journal)) {
        say("%s: not all of it is safe on the disk", r->o->state);
        r->failed_writing = true;
    }
    while (!list_empty(&r->marks))
        free(LIST_ENTRY(list_pop(&r->marks), struct mark, list));
    exclude_done(&r->exclude);
    target_list_done(&r->list);
    buf_done(&r->pending);
}

static int run_all(struct run *r)
{
    if (!check_words(r))
        return 2;
    r->many = r->many || r->o->queue;
    if (read_exclude(r) || (r->o->queue ? open_queue(r) : open_input(r) || open_output(r)))
        return 1;
    r->fleet = make_fleet(r);
    if (!r->fleet || timer_init(r->env->loop, &r->tick, on_tick)) {
        say("out of memory");
        return 1;
    }
    r->begun = loop_clock(r->env->loop);
    r->progress = isatty(2) && !r->o->output && !r->o->quiet && (r->many || r->o->format == &report_terminal);
    if (r->progress)
        timer_start(r->env->loop, &r->tick, r->begun + SECOND / 5);
    int err = loop_run(r->env->loop);
    erase_progress(r);
    if (r->many && !r->o->quiet)
        sum_up(r);
    return err || r->bad || r->unreachable || r->list.faults ? 1 : 0;
}

int audit_run(struct audit_env *env, const struct audit_run_options *o)
{
    struct run *r = calloc(1, sizeof *r);
    if (!r)
        return 1;
    r->o = o;
    r->env = env;
    r->in_fd = r->out_fd = -1;
    list_init(&r->marks);
    if (getrandom(r->seed, sizeof r->seed, 0) != sizeof r->seed)
        r->seed[0] = (uint64_t)getpid();
    int status = run_all(r);
    clean_up(r);
    bool unwritten = r->failed_writing;
    free(r);
    return unwritten ? 1 : status;
}

void audit_run_raise_limit(void)
{
    struct rlimit l;
    if (getrlimit(RLIMIT_NOFILE, &l) || l.rlim_cur == l.rlim_max)
        return;
    l.rlim_cur = l.rlim_max;
    (void)!setrlimit(RLIMIT_NOFILE, &l);
}
