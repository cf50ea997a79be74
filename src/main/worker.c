/* A worker: one loop, one thread, no keys, no paths. It gets listening sockets, directories and its
 * configuration from the parent, signatures from the keeper, and serves. */
#include "main/roles.h"

#include "front/front.h"
#include "main/bundle.h"
#include "main/registry.h"
#include "main/self_audit.h"
#include "main/watchdog.h"
#include "process/chan.h"
#include "tls/signer.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/* Lives as long as its loop. */
struct worker {
    struct loop *loop;
    struct log log;
    struct chan *parent;
    struct signer *signer;
    struct front *front;
    struct metrics *metrics; /* shared page, or `own` */
    struct metrics own;
    struct heartbeat heartbeat;
    struct access_log access_log;
    bool has_access_log;
    int log_fd;                /* of the generation in use, or -1 */
    struct serving *prepared;  /* waits for commit */
    uint64_t prepared_id;
    int prepared_log_fd;
    struct self_audit *audit;  /* of `prepared`, or of what serves with renewed certificates */
    unsigned char ticket_keys[96];
    bool has_ticket_keys, single;
    struct task ending;
};

static void answer(struct worker *w, enum message type, uint64_t id, int status, struct str body)
{
    struct message_frame m = {.type = type, .id = id, .status = status, .body = body};
    if (chan_send(w->parent, &m))
        log_write(&w->log, LOG_ERROR, "the parent does not take answers");
}

/* ---- the audit of ourselves ---- */

#define TOLD_MAX (24 * 1024) /* bytes of text in an answer: below CHAN_BODY_MAX */

/* An answer that is well: the letter (empty: no audit), then warnings. */
static void answer_ready(struct worker *w, uint64_t id, const char *letter, struct str warnings)
{
    struct buf body;
    buf_init(&body, CHAN_BODY_MAX);
    pack_str(&body, letter ? str_c(letter) : STR_NONE);
    pack_str(&body, warnings);
    answer(w, MSG_CONFIG_READY, id, 0, buf_str(&body));
    buf_done(&body);
}

static void end_audit(struct worker *w)
{
    self_audit_free(w->audit);
    w->audit = NULL;
}

static int begin_audit(struct worker *w, struct serving *s, const struct certstore_chain *chains,
                       size_t n, void (*on_done)(void *user, struct self_audit *a))
{
    struct self_audit_env env = {.loop = w->loop, .log = &w->log, .caches = w->metrics,
                                 .serving = s, .chains = chains, .nchains = n,
                                 .on_done = on_done, .user = w};
    end_audit(w);
    return self_audit_new(&env, &w->audit);
}

/* ---- configuration ---- */

static void drop_prepared(struct worker *w)
{
    end_audit(w);
    serving_unref(w->prepared);
    w->prepared = NULL;
    if (w->prepared_log_fd >= 0)
        close(w->prepared_log_fd);
    w->prepared_log_fd = -1;
}

static int load_snapshot(struct worker *w, struct bundle_view *v, struct buf *why,
                         struct snapshot **ret)
{
    struct load_env env = {.handlers = registry_handlers,
                           .read_file = bundle_view_file,
                           .glob = bundle_view_glob,
                           .user = v,
                           .wall = v->wall};
    if (getrandom(env.seed, sizeof env.seed, 0) != sizeof env.seed)
        return -ERR_IO;
    return config_load(&env, v->main_name, v->main_text, why, ret);
}

static int take_dirs(struct snapshot *s, const struct message_frame *m, size_t nlog)
{
    if (m->nfds != s->ndirs + nlog)
        return -ERR_BAD_MESSAGE;
    for (size_t i = 0; i < s->ndirs; i++)
        s->dirs[i]->fd = chan_take_fd(m, i);
    return 0;
}

static void on_audited(void *user, struct self_audit *a)
{
    struct worker *w = user;
    uint64_t id = w->prepared_id;
    struct buf text;
    buf_init(&text, 2 * TOLD_MAX);
    self_audit_tell(a, TOLD_MAX, &text);
    if (self_audit_passes(a)) {
        answer_ready(w, id, self_audit_letter(a), buf_str(&text));
        end_audit(w);
    } else {
        drop_prepared(w);
        answer(w, MSG_CONFIG_READY, id, -ERR_CONFIG, buf_str(&text));
    }
    buf_done(&text);
}

/* Ready at once, or when the audit is done; that there can be none is no reason not to serve. */
static void ready(struct worker *w, const struct bundle_view *v)
{
    struct buf text;
    int err = v->audit ? begin_audit(w, w->prepared, v->chains, v->nchains, on_audited) : 0;
    if (v->audit && !err)
        return;
    buf_init(&text, 256);
    if (err)
        buf_addf(&text, "warning: the sites could not be audited: %s\n", err_text(err));
    answer_ready(w, v->generation, NULL, buf_str(&text));
    buf_done(&text);
}

static int prepare(struct worker *w, const struct message_frame *m, struct buf *body,
                   struct buf *why)
{
    struct bundle_view v;
    struct snapshot *snapshot = NULL;
    struct certstore *store = NULL;
    int err = bundle_read(&v, buf_str(body));
    if (err)
        return err;
    err = load_snapshot(w, &v, why, &snapshot);
    if (!err)
        err = take_dirs(snapshot, m, v.has_log);
    if (!err && v.nchains) {
        store = certstore_new(snapshot, v.chains, v.nchains, w->signer, why);
        err = store ? 0 : -ERR_CONFIG;
    }
    if (!err && store && w->has_ticket_keys)
        err = certstore_ticket_keys(store, str_of((char *)w->ticket_keys, sizeof w->ticket_keys));
    struct serving *s = err ? NULL : serving_new(snapshot, store);
    if (s) {
        snapshot->generation = v.generation;
        w->prepared = s;
        w->prepared_id = v.generation;
        w->prepared_log_fd = v.has_log ? chan_take_fd(m, m->nfds - 1) : -1;
        ready(w, &v);
    } else {
        certstore_unref(store);
        snapshot_unref(snapshot);
        err = err ? err : -ERR_NOMEM;
    }
    bundle_view_done(&v);
    return err;
}

static void on_config(struct worker *w, const struct message_frame *m)
{
    struct buf body, why;
    buf_init(&body, BUNDLE_MAX);
    buf_init(&why, 256 * 1024);
    drop_prepared(w);
    int err = chan_blob(m, &body);
    if (!err)
        err = prepare(w, m, &body, &why);
    if (err && why.n == 0)
        buf_addf(&why, "%s", err_text(err));
    if (err)
        answer(w, MSG_CONFIG_READY, m->id, err, buf_str(&why));
    buf_done(&body);
    buf_done(&why);
}

static void on_log_trouble(void *user, int err, uint64_t lost)
{
    const struct worker *w = user;
    char lines[64] = "lines wait in memory";
    if (lost || !err)
        snprintf(lines, sizeof lines, "%llu line%s lost", (unsigned long long)lost,
                 lost == 1 ? " was" : "s were");
    if (err)
        log_write(&w->log, LOG_ERROR, "the access log cannot be written: %s; %s", err_text(err), lines);
    else
        log_write(&w->log, LOG_WARN, "the access log is written again; %s", lines);
}

static void use_log(struct worker *w, const struct snapshot *s)
{
    int old = w->log_fd;
    w->log_fd = w->prepared_log_fd;
    w->prepared_log_fd = -1;
    enum access_format format =
        s->access_log_format == LOG_FORMAT_COMBINED ? ACCESS_COMBINED : ACCESS_JSON;
    if (!w->has_access_log)
        w->has_access_log =
            access_log_init(&w->access_log, w->loop, w->metrics, w->log_fd, format) == 0;
    else
        access_log_reopen(&w->access_log, w->log_fd);
    w->access_log.on_trouble = on_log_trouble;
    w->access_log.user = w;
    w->access_log.format = format;
    if (old >= 0)
        close(old);
}

static void on_commit(struct worker *w, uint64_t id)
{
    if (!w->prepared || w->prepared_id != id)
        return;
    end_audit(w);
    use_log(w, w->prepared->snapshot);
    front_serve(w->front, w->prepared);
    w->prepared = NULL;
}

/* ---- certificates, tickets, HSTS ---- */

/* They serve already: those before were about to end. */
static void on_certs_audited(void *user, struct self_audit *a)
{
    struct worker *w = user;
    struct buf text;
    buf_init(&text, 2 * TOLD_MAX);
    if (!self_audit_passes(a))
        self_audit_tell(a, TOLD_MAX, &text);
    if (text.n)
        log_write(&w->log, LOG_ERROR, "with renewed certificates: %.*s", (int)text.n - 1,
                  buf_str(&text).p);
    buf_done(&text);
    end_audit(w);
}

static void on_certs(struct worker *w, const struct message_frame *m)
{
    struct serving *s = front_serving(w->front);
    struct buf body, why;
    struct certstore_chain *chains = NULL;
    size_t n = 0;
    buf_init(&body, BUNDLE_MAX);
    buf_init(&why, 64 * 1024);
    int err = chan_blob(m, &body);
    struct unpack u = {buf_str(&body), false};
    if (!err)
        err = bundle_read_chains(&u, &chains, &n);
    if (!err && s && s->store && s->snapshot->generation == m->id)
        err = certstore_update(s->store, chains, n, &why);
    if (err)
        log_write(&w->log, LOG_ERROR, "renewed certificates were not taken: %s %.*s",
                  err_text(err), STR_ARG(buf_str(&why)));
    else if (m->status && !w->prepared && s && s->store &&
             begin_audit(w, s, chains, n, on_certs_audited))
        log_write(&w->log, LOG_WARN, "renewed certificates could not be audited");
    free(chains);
    buf_done(&body);
    buf_done(&why);
}

static void on_ticket_keys(void *user, struct str body)
{
    struct worker *w = user;
    struct serving *s = w->front ? front_serving(w->front) : NULL;
    if (body.n != sizeof w->ticket_keys)
        return;
    memcpy(w->ticket_keys, body.p, body.n);
    w->has_ticket_keys = true;
    int err = s && s->store ? certstore_ticket_keys(s->store, body) : 0;
    if (!err && w->prepared && w->prepared->store)
        err = certstore_ticket_keys(w->prepared->store, body);
    if (err)
        log_write(&w->log, LOG_ERROR, "new ticket keys were not taken: %s", err_text(err));
}

static void on_hsts(struct worker *w, struct str body)
{
    struct serving *s = front_serving(w->front);
    struct unpack u = {body, false};
    for (size_t i = 0; s && i < s->snapshot->nsites; i++)
        s->snapshot->sites[i]->hsts_age = unpack_u64(&u);
}

static const struct snapshot *find_generation(const struct worker *w, uint64_t id)
{
    const struct serving *s = front_serving(w->front);
    if (w->prepared && w->prepared_id == id)
        return w->prepared->snapshot;
    return s && s->snapshot->generation == id ? s->snapshot : NULL;
}

/* The number of the descriptor stays: a listing under way may hold it. */
static void on_root(struct worker *w, const struct message_frame *m)
{
    const struct snapshot *s = find_generation(w, m->id);
    struct unpack u = {m->body, false};
    uint32_t index = unpack_u32(&u);
    if (!s || u.bad || index >= s->ndirs || m->nfds != 1)
        return; /* of a generation that is gone */
    if (dup3(m->fds[0], s->dirs[index]->fd, O_CLOEXEC) < 0)
        log_write(&w->log, LOG_ERROR, "a replaced directory was not taken: %s", strerror(errno));
}

/* ---- sockets, end ---- */

static void on_listen(struct worker *w, const struct message_frame *m)
{
    struct unpack u = {m->body, false};
    front_unlisten(w->front);
    front_https_port(w->front, (uint16_t)unpack_u32(&u));
    for (size_t i = 0; i < m->nfds; i++) {
        bool tls = unpack_u32(&u) != 0;
        int err = front_listen(w->front, chan_take_fd(m, i), tls);
        if (err)
            log_write(&w->log, LOG_ERROR, "a listening socket could not be used: %s",
                      err_text(err));
    }
}

/* Deferred: the reapers of the last connections run before it, and still count in our metrics when
 * they let go of the last snapshot and its caches. */
static void finish(struct task *t)
{
    struct worker *w = LIST_ENTRY(t, struct worker, ending);
    if (w->metrics != &w->own)
        munmap(w->metrics, sizeof *w->metrics);
    if (!w->single)
        loop_stop(w->loop);
    explicit_bzero(w->ticket_keys, sizeof w->ticket_keys);
    free(w);
}

static void worker_end(struct worker *w)
{
    front_free(w->front);
    drop_prepared(w);
    signer_free(w->signer);
    if (w->has_access_log)
        access_log_done(&w->access_log);
    if (w->log_fd >= 0)
        close(w->log_fd);
    heartbeat_stop(&w->heartbeat);
    chan_close(w->parent);
    task_init(&w->ending, finish);
    loop_defer(w->loop, &w->ending);
}

static void on_idle(void *user)
{
    struct worker *w = user;
    w->front = (front_free(w->front), NULL);
    worker_end(w);
}

static void on_message(struct chan *chan, const struct message_frame *m)
{
    struct worker *w = chan_user(chan);
    switch (m->type) {
    case MSG_CONFIG:
        on_config(w, m);
        break;
    case MSG_CONFIG_COMMIT:
        on_commit(w, m->id);
        break;
    case MSG_CONFIG_ABORT:
        drop_prepared(w);
        break;
    case MSG_LISTEN:
        on_listen(w, m);
        break;
    case MSG_KEEPER:
        if (m->nfds && signer_attach(w->signer, chan_take_fd(m, 0)))
            log_write(&w->log, LOG_ERROR, "no channel to the keeper");
        break;
    case MSG_CERTS:
        on_certs(w, m);
        break;
    case MSG_HSTS:
        on_hsts(w, m->body);
        break;
    case MSG_ROOT:
        on_root(w, m);
        break;
    case MSG_DRAIN:
        front_drain(w->front);
        break;
    default: /* not permitted: chan.c has refused it */
        break;
    }
}

static void on_parent_gone(struct chan *chan, int err)
{
    worker_end(chan_user(chan));
}

static int worker_start(struct loop *loop, const struct role_args *args)
{
    struct worker *w = calloc(1, sizeof *w);
    if (!w)
        return -ERR_NOMEM;
    w->loop = loop;
    w->log = args->log;
    w->single = args->single;
    w->log_fd = w->prepared_log_fd = -1;
    w->metrics = role_map_metrics(args->metrics);
    if (!w->metrics)
        w->metrics = &w->own;
    if (args->extra >= 0)
        close(args->extra);
    struct front_env env = {.loop = loop,
                            .log = &w->log,
                            .metrics = w->metrics,
                            .access_log = &w->access_log,
                            .on_idle = on_idle,
                            .user = w};
    struct chan_env chan_env = {worker_role.permitted, on_message, on_parent_gone, w};
    w->access_log.fd = -1;
    if (getrandom(env.seed, sizeof env.seed, 0) == sizeof env.seed)
        w->front = front_new(&env);
    w->signer = signer_new(loop, w->metrics);
    w->parent = w->front && w->signer ? chan_new(loop, args->chan, &chan_env) : NULL;
    if (!w->parent || heartbeat_start(&w->heartbeat, loop, w->single ? NULL : w->metrics)) {
        chan_close(w->parent);
        front_free(w->front);
        signer_free(w->signer);
        free(w);
        return -ERR_NOMEM;
    }
    signer_on_ticket_keys(w->signer, on_ticket_keys, w);
    return 0;
}

const struct role worker_role = {
    .name = "worker",
    .sandbox = SANDBOX_WORKER,
    .permitted = PERMIT(CONFIG) | PERMIT(CONFIG_COMMIT) | PERMIT(CONFIG_ABORT) | PERMIT(LISTEN) |
                 PERMIT(KEEPER) | PERMIT(CERTS) | PERMIT(HSTS) | PERMIT(ROOT) |
                 PERMIT(DRAIN),
    .start = worker_start,
};
