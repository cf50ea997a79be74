/* One generation from text to service: parse → keys (keeper) → chains checked → sockets bound →
 * workers prepared → commit. Any fault on the way refuses it whole and what serves goes on
 * serving; nothing before the commit can be noticed from outside. */
#include "main/parent.h"

#include "main/chain_file.h"
#include "main/registry.h"
#include "process/sandbox.h"
#include "tls/cert.h"
#include "wire/pem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define LOCAL_LIFETIME (30 * 86400) /* s; at most 47 days (CA/Browser Forum SC-081v3) */
#define ERRORS_MAX (1024 * 1024)
#define READY_TIME (60 * SECOND) /* keeper and workers have that long to get ready */

void deploy_free(struct deploy *d)
{
    if (!d)
        return;
    if (d->request) /* the end came first */
        control_answer(d->request, false, STR("the server stops"));
    for (size_t i = 0; d->snapshot && d->pems && i < d->snapshot->ncerts; i++)
        buf_done(&d->pems[i]);
    free(d->pems);
    free(d->chains);
    snapshot_unref(d->snapshot);
    bundle_done(&d->bundle);
    buf_done(&d->text);
    buf_done(&d->errors);
    if (d->log_fd >= 0)
        close(d->log_fd);
    free(d);
}

static void answer_ok(struct deploy *d)
{
    struct buf text;
    buf_init(&text, ERRORS_MAX + 64);
    buf_addf(&text, "reloaded%s%s%s", d->letter[0] ? ", grade " : "", d->letter,
             d->errors.n ? ", with warnings:\n" : "");
    buf_add(&text, buf_str(&d->errors));
    control_answer(d->request, true, buf_str(&text));
    buf_done(&text);
}

/* One line goes behind what is said of it, several below. */
static void tell(const struct deploy *d, bool ok)
{
    const struct parent *p = d->parent;
    struct str text = buf_str(&d->errors);
    const char *what = ok          ? "the configuration has warnings:"
                       : p->live ? "the configuration was refused:"
                                 : "cannot start:";
    size_t first = str_find(text, '\n', 0);
    bool line = first + 1 >= text.n;
    log_write(&p->log, ok ? LOG_WARN : LOG_ERROR, "%s%s%.*s", what, line ? " " : "",
              line ? (int)first : 0, text.p);
    if (!line && write(2, text.p, text.n) < 0)
        return; /* nobody listens */
}

/* Ends a pending generation, one way or the other, and tells whoever asked. Nothing to tell: who
 * knew the reason (the keeper) has told it. */
static void conclude(struct deploy *d, bool ok)
{
    if (d->request && ok)
        answer_ok(d);
    else if (d->request)
        control_answer(d->request, false, buf_str(&d->errors));
    else if (d->errors.n)
        tell(d, ok);
    d->request = NULL;
}

static void refuse(struct deploy *d)
{
    struct parent *p = d->parent;
    struct message_frame abort = {.type = MSG_CONFIG_ABORT, .id = d->generation};
    timer_stop(p->loop, &p->deploying);
    conclude(d, false);
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].chan && p->live && chan_send(p->workers[i].chan, &abort))
            log_write(&p->log, LOG_WARN, "worker %zu did not hear of the refusal", i);
    bool again = d->again;
    p->pending = NULL;
    sockets_keep(p, false);
    deploy_free(d);
    if (!p->live) {
        p->failed = true;
        loop_stop(p->loop);
    } else if (again) {
        deploy_begin(p, NULL);
    }
}

/* Somebody hangs: the next reload must not wait for it for ever. */
void deploy_on_deadline(struct timer *t, uint64_t now)
{
    struct parent *p = LIST_ENTRY(t, struct parent, deploying);
    struct deploy *d = p->pending;
    if (!d)
        return;
    if (d->state == DEPLOY_KEYS)
        buf_addf(&d->errors, "the keeper did not answer in time\n");
    for (size_t i = 0; i < p->nworkers && d->state == DEPLOY_WORKERS; i++)
        if (p->workers[i].awaited)
            buf_addf(&d->errors, "worker %zu (process %d) did not answer in time\n", i,
                     (int)p->workers[i].pid);
    refuse(d);
}

/* ---- text → snapshot ---- */

static void serve_text(struct deploy *d)
{
    const struct serve_options *o = &d->parent->options;
    struct serve_defaults defaults = {o->dir, o->names, o->https, o->http};
    config_text_for_dir(&d->text, &defaults);
    d->name = "(command line)";
}

static int read_text(struct deploy *d)
{
    const struct serve_options *o = &d->parent->options;
    if (!o->config) {
        serve_text(d);
        return buf_ok(&d->text) ? 0 : -ERR_NOMEM;
    }
    struct bundle unrecorded; /* the main file travels as such, not among the included ones */
    bundle_init(&unrecorded);
    int err = bundle_record_file(&unrecorded, o->config, &d->text);
    bundle_done(&unrecorded);
    d->name = o->config;
    if (err && strcmp(o->config, "-") == 0) {
        buf_addf(&d->errors, "-c takes a file: each reload reads it again\n");
        return err;
    }
    if (err)
        buf_addf(&d->errors, "%s: cannot be read: %s\n", o->config, err_text(err));
    return err;
}

static int parse(struct deploy *d)
{
    struct load_env env = {.handlers = registry_handlers,
                           .read_file = bundle_record_file,
                           .glob = bundle_record_glob,
                           .user = &d->bundle,
                           .wall = d->parent->loop->wall,
                           .check_paths = true,
                           .colour = isatty(2) == 1 && !d->request}; /* it may go to a file there */
    if (getrandom(env.seed, sizeof env.seed, 0) != sizeof env.seed)
        return -ERR_IO;
    return config_load(&env, d->name, buf_str(&d->text), &d->errors, &d->snapshot);
}

/* A private directory of root's opens here and shuts out the workers: every page would be 403. */
static void check_readable(struct deploy *d, const struct dir_ref *dir)
{
    struct stat st;
    uid_t uid;
    gid_t gid;
    struct str user = d->snapshot->user;
    if (geteuid() != 0 || d->parent->options.single || sandbox_user(user, &uid, &gid) ||
        fstat(dir->fd, &st))
        return;
    unsigned rights = st.st_uid == uid ? st.st_mode >> 6 : st.st_gid == gid ? st.st_mode >> 3
                                                                            : st.st_mode;
    if (!(rights & 1))
        buf_addf(&d->errors, "warning: %s is closed to the user that serves it (%.*s): visitors "
                 "get 403; `chmod o+rx` opens it, `user NAME;` chooses another user\n",
                 dir->path, STR_ARG(user.n ? user : STR("nobody")));
}

/* Whom root's workers become. */
static int check_user(struct deploy *d)
{
    uid_t uid;
    gid_t gid;
    struct str user = d->snapshot->user;
    int err = geteuid() == 0 && !d->parent->options.single ? sandbox_user(user, &uid, &gid) : 0;
    if (err)
        buf_addf(&d->errors, "there is no user \"%.*s\" to serve as: `user NAME;` chooses another\n",
                 STR_ARG(user.n ? user : STR("nobody")));
    return err;
}

/* Not blocking: opening a FIFO that nobody reads would hold the parent for ever, and writing to one
 * that is read slowly the workers; the access log tries again by itself. */
static int open_log(struct deploy *d)
{
    const char *path = d->snapshot->access_log.p;
    if (str_eq(d->snapshot->access_log, STR("-")))
        d->log_fd = fcntl(1, F_DUPFD_CLOEXEC, 3);
    else
        d->log_fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK, 0640);
    if (d->log_fd >= 0)
        return 0;
    int err = err_from_errno(errno);
    buf_addf(&d->errors, "%s: cannot be written: %s\n", path,
             errno == ENXIO ? "nobody reads this pipe" : strerror(errno));
    return err;
}

static int open_paths(struct deploy *d)
{
    int err = check_user(d);
    struct snapshot *s = d->snapshot;
    for (size_t i = 0; i < s->ndirs; i++) {
        s->dirs[i]->fd = open(s->dirs[i]->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (s->dirs[i]->fd < 0) {
            err = err_from_errno(errno);
            buf_addf(&d->errors, "%s: cannot be opened: %s\n", s->dirs[i]->path, strerror(errno));
        } else {
            check_readable(d, s->dirs[i]);
        }
    }
    int fits = bundle_fits(s, &d->errors);
    int log = s->access_log.n ? open_log(d) : 0;
    return err ? err : fits ? fits : log;
}

/* What stays until the next start, though the configuration says otherwise. */
static void warn_unchanged(struct deploy *d)
{
    const struct parent *p = d->parent;
    const struct snapshot *s = d->snapshot;
    if (!p->live || p->options.single)
        return;
    if (s->workers && s->workers != p->nworkers && !p->options.workers)
        buf_addf(&d->errors, "warning: %zu workers go on: their number changes at the next start\n",
                 p->nworkers);
    if (geteuid() == 0 && !str_eq(s->user, p->live->snapshot->user))
        buf_addf(&d->errors, "warning: workers that run keep their user: it changes at the next "
                             "start\n");
}

void deploy_begin(struct parent *p, struct control_request *request)
{
    if (p->pending || p->stopping) {
        if (request)
            control_answer(request, false, STR("another reload or a stop is under way"));
        else if (p->pending) /* a signal: what was written since must not be lost */
            p->pending->again = true;
        return;
    }
    struct deploy *d = calloc(1, sizeof *d);
    if (!d) {
        if (request)
            control_answer(request, false, STR("out of memory"));
        return;
    }
    *d = (struct deploy){.parent = p, .generation = ++p->generation, .log_fd = -1,
                         .request = request};
    bundle_init(&d->bundle);
    buf_init(&d->text, 8 * 1024 * 1024);
    buf_init(&d->errors, ERRORS_MAX);
    p->pending = d;
    timer_start(p->loop, &p->deploying, p->loop->now + READY_TIME);
    int err = read_text(d);
    if (!err)
        err = parse(d);
    if (!err)
        err = open_paths(d);
    if (!err)
        err = parent_start_workers(p, d->snapshot->workers);
    if (!err)
        err = sockets_bind(p, d->snapshot, &d->errors);
    if (err) {
        if (d->errors.n == 0)
            buf_addf(&d->errors, "%s\n", err_text(err));
        refuse(d);
        return;
    }
    warn_unchanged(d);
    size_t n = d->snapshot->ncerts ? d->snapshot->ncerts : 1;
    d->pems = calloc(n, sizeof *d->pems);
    d->chains = calloc(n, sizeof *d->chains);
    for (size_t i = 0; d->pems && i < n; i++)
        buf_init(&d->pems[i], CHAIN_FILE_MAX);
    if (!d->pems || !d->chains) {
        buf_addf(&d->errors, "out of memory\n");
        refuse(d);
        return;
    }
    deploy_ask_keys(d);
}

/* ---- keys ---- */

static void pack_local(struct buf *out, const struct cert_spec *c)
{
    pack_u32(out, 1);
    pack_u64(out, LOCAL_LIFETIME);
    pack_u32(out, (uint32_t)c->site->nnames);
    for (size_t i = 0; i < c->site->nnames; i++)
        pack_str(out, c->site->names[i]);
}

static uint64_t ticket_period(const struct snapshot *s)
{
    uint64_t period = 12 * 3600 * SECOND;
    for (size_t i = 0; i < s->nsites; i++)
        if (s->sites[i]->tls.ticket_rotation && s->sites[i]->tls.ticket_rotation < period)
            period = s->sites[i]->tls.ticket_rotation;
    return period;
}

/* Asks the keeper for every key of the generation: at its start, when local certificates are due,
 * and after the keeper was replaced. */
void deploy_ask_keys(struct deploy *d)
{
    struct parent *p = d->parent;
    struct buf body;
    int fds[CHAN_FDS_MAX], err = 0;
    size_t nfds = 0;
    buf_init(&body, BUNDLE_MAX);
    pack_u64(&body, d->generation);
    pack_u64(&body, ticket_period(d->snapshot));
    pack_u32(&body, (uint32_t)d->snapshot->ncerts);
    for (size_t i = 0; i < d->snapshot->ncerts; i++) {
        const struct cert_spec *c = d->snapshot->certs[i];
        if (c->local) {
            pack_local(&body, c);
            continue;
        }
        pack_u32(&body, 0);
        fds[nfds] = open(c->key_path.p, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
        if (fds[nfds] < 0) {
            err = err_from_errno(errno);
            buf_addf(&d->errors, "%s:%u:%u: error: %s: %s\n", c->at.file, c->at.line, c->at.column,
                     c->key_path.p, strerror(errno));
        } else {
            nfds++;
        }
    }
    struct message_frame m = {.type = MSG_LOAD_KEYS, .id = d->generation, .body = buf_str(&body),
                              .fds = fds, .nfds = nfds};
    if (!err && p->keeper.chan) {
        err = chan_send(p->keeper.chan, &m);
        if (err && (err != -ERR_RESET || p->live))
            buf_addf(&d->errors, "the keeper cannot be asked: %s\n", err_text(err));
    }
    for (size_t i = 0; i < nfds; i++)
        close(fds[i]);
    buf_done(&body);
    if (err && d == p->pending)
        refuse(d);
    else if (err)
        conclude(d, false);
}

static int check_chain(struct deploy *d, size_t i, int key_status, struct str local_pem)
{
    const struct cert_spec *c = d->snapshot->certs[i];
    struct certstore_chain *chain = &d->chains[i];
    char label[4096];
    buf_clear(&d->pems[i]);
    snprintf(label, sizeof label, "%s:%u:%u: error: %s", c->at.file, c->at.line, c->at.column,
             c->local ? "local certificate" : c->chain_path.p);
    if (key_status) {
        buf_addf(&d->errors, "%s: %s: %s\n", label, c->local ? "authority" : c->key_path.p,
                 err_text(key_status));
        return -ERR_CONFIG;
    }
    int err = c->local ? buf_append(&d->pems[i], local_pem)
                       : chain_file_read(c->chain_path.p, label, &d->pems[i], &d->errors);
    if (err)
        return err;
    int64_t from, until;
    unsigned char spki[SPKI_HASH];
    err = cert_check(buf_str(&d->pems[i]), label, c->site->names, c->site->nnames,
                     d->parent->loop->wall, chain->spki, &d->errors, &d->errors);
    pem_only_certificates(&d->pems[i]); /* the key may stand beside: workers must not have it */
    chain->pem = buf_str(&d->pems[i]);
    if (!err && c->local && cert_facts(chain->pem, &from, &until, spki) == 0) {
        int64_t due = from + (until - from) * 2 / 3;
        d->renew_at = d->renew_at && d->renew_at < due ? d->renew_at : due;
    }
    return err;
}

static int take_keys(struct deploy *d, const struct message_frame *m)
{
    struct buf body;
    buf_init(&body, BUNDLE_MAX);
    int err = m->status ? m->status : chan_blob(m, &body);
    struct unpack u = {buf_str(&body), false};
    uint32_t n = unpack_u32(&u);
    if (!err && n != d->snapshot->ncerts)
        err = -ERR_BAD_MESSAGE;
    d->renew_at = 0;
    for (size_t i = 0; !u.bad && i < n && n == d->snapshot->ncerts; i++) {
        int status = (int)unpack_u32(&u);
        struct str spki = unpack_bytes(&u, SPKI_HASH), pem = unpack_str(&u);
        if (u.bad)
            break;
        memcpy(d->chains[i].spki, spki.p, SPKI_HASH);
        int e = check_chain(d, i, status, pem);
        err = err ? err : e;
    }
    buf_done(&body);
    return err ? err : u.bad ? -ERR_BAD_MESSAGE : 0;
}

/* The live generation gets new chains whole or not at all: a worker that is replaced after a failed
 * renewal is given what the others serve. */
static int renew(struct deploy *d, const struct message_frame *m)
{
    size_t n = d->snapshot->ncerts ? d->snapshot->ncerts : 1;
    struct buf *old_pems = d->pems, *pems = calloc(n, sizeof *pems);
    struct certstore_chain *old_chains = d->chains, *chains = calloc(n, sizeof *chains);
    int64_t due = d->renew_at;
    int err = -ERR_NOMEM;
    for (size_t i = 0; pems && i < n; i++)
        buf_init(&pems[i], CHAIN_FILE_MAX);
    if (pems && chains) {
        d->pems = pems;
        d->chains = chains;
        err = take_keys(d, m);
    }
    if (err) {
        d->pems = old_pems;
        d->chains = old_chains;
        d->renew_at = due;
    } else {
        pems = old_pems;
        chains = old_chains;
    }
    for (size_t i = 0; pems && i < n; i++)
        buf_done(&pems[i]);
    free(pems);
    free(chains);
    return err;
}

static void send_certs(struct deploy *d)
{
    struct parent *p = d->parent;
    struct buf body;
    buf_init(&body, BUNDLE_MAX);
    bundle_write_chains(d->chains, d->snapshot->ncerts, &body);
    struct message_frame m = {.type = MSG_CERTS, .id = d->generation, .status = 1,
                              .body = buf_str(&body)};
    for (size_t i = 0; i < p->nworkers; i++) {
        if (!p->workers[i].chan)
            continue;
        if (chan_send_blob(p->workers[i].chan, &m))
            log_write(&p->log, LOG_ERROR, "worker %zu did not take renewed certificates", i);
        m.status = 0; /* one of them audits */
    }
    buf_done(&body);
}

static void all_answered(struct deploy *d);

void deploy_on_keys(struct parent *p, const struct message_frame *m)
{
    struct deploy *d = p->pending && p->pending->generation == m->id ? p->pending : p->live;
    if (!d || d->generation != m->id)
        return;
    if (d == p->live)
        buf_clear(&d->errors);
    int err = d == p->live ? renew(d, m) : take_keys(d, m);
    if (err && d->errors.n == 0)
        buf_addf(&d->errors, "%s\n", err_text(err));
    if (d == p->live) {
        if (!err)
            send_certs(d);
        else
            log_write(&p->log, LOG_ERROR, "no new certificates, those in use stay: %.*s",
                      STR_ARG(str_sub(buf_str(&d->errors), 0, d->errors.n - 1))); /* no newline */
        return;
    }
    if (err) {
        refuse(d);
        return;
    }
    d->state = DEPLOY_WORKERS;
    d->waiting = 0;
    timer_start(p->loop, &p->deploying, p->loop->now + READY_TIME);
    for (size_t i = 0; i < p->nworkers; i++) {
        struct child *w = &p->workers[i];
        w->ready = false;
        if (!d->auditor && w->chan)
            d->auditor = w;
        w->awaited = w->chan && deploy_send(d, w) == 0;
        if (!w->awaited && d->auditor == w)
            d->auditor = NULL;
        d->waiting += w->awaited;
    }
    if (d->waiting == 0)
        all_answered(d);
}

/* ---- workers ---- */

int deploy_send(struct deploy *d, struct child *worker)
{
    struct buf body;
    int fds[CHAN_FDS_MAX];
    size_t nfds = 0;
    buf_init(&body, BUNDLE_MAX);
    int err = bundle_write(&d->bundle, d->generation, d->parent->loop->wall, d->name,
                           buf_str(&d->text), d->log_fd >= 0, d->auditor == worker, d->chains,
                           d->snapshot->ncerts, &body);
    for (size_t i = 0; i < d->snapshot->ndirs; i++)
        fds[nfds++] = d->snapshot->dirs[i]->fd;
    if (d->log_fd >= 0)
        fds[nfds++] = d->log_fd;
    struct message_frame m = {.type = MSG_CONFIG, .id = d->generation, .body = buf_str(&body),
                              .fds = fds, .nfds = nfds};
    if (!err)
        err = chan_send_blob(worker->chan, &m);
    buf_done(&body);
    if (err)
        log_write(&d->parent->log, LOG_ERROR, "worker %u did not take its configuration: %s",
                  worker->index, err_text(err));
    return err;
}

static void commit_worker(struct deploy *d, struct child *worker)
{
    struct message_frame m = {.type = MSG_CONFIG_COMMIT, .id = d->generation};
    if (chan_send(worker->chan, &m))
        log_write(&d->parent->log, LOG_ERROR, "worker %u did not take the commit", worker->index);
    sockets_send(d->parent, worker);
}

static void commit(struct deploy *d)
{
    struct parent *p = d->parent;
    struct deploy *old = p->live;
    struct message_frame keys = {.type = MSG_COMMIT_KEYS, .id = d->generation};
    timer_stop(p->loop, &p->deploying);
    d->auditor = NULL; /* successors of workers get it as it is */
    p->pending = NULL;
    p->live = d;
    d->state = DEPLOY_LIVE;
    sockets_keep(p, true);
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].chan && p->workers[i].ready)
            commit_worker(d, &p->workers[i]);
        else if (p->workers[i].chan) /* replaced meanwhile: commits when it is ready */
            deploy_start_worker(&p->workers[i]);
    /* Handshakes that began on the old generation may still want its keys: those of the generation
     * before stay, older ones go. */
    keys.id = old ? old->generation : d->generation;
    if (p->keeper.chan && chan_send(p->keeper.chan, &keys))
        log_write(&p->log, LOG_WARN, "the keeper did not hear of the new generation");
    hsts_update(p);
    conclude(d, true);
    log_write(&p->log, LOG_INFO, "generation %llu serves %zu site%s%s%s",
              (unsigned long long)d->generation, d->snapshot->nsites,
              d->snapshot->nsites == 1 ? "" : "s", d->letter[0] ? ", grade " : "", d->letter);
    if (!old)
        banner_print(p);
    deploy_free(old);
    if (d->again)
        deploy_begin(p, NULL);
}

/* A generation that no worker lived to prepare is not put into service: it may be the reason. */
static void all_answered(struct deploy *d)
{
    struct parent *p = d->parent;
    for (size_t i = 0; i < p->nworkers; i++)
        if (p->workers[i].ready) {
            commit(d);
            return;
        }
    buf_addf(&d->errors, "no worker is there to take it: see the log, then try again\n");
    refuse(d);
}

static void count_down(struct deploy *d, struct child *worker)
{
    if (!worker->awaited)
        return;
    worker->awaited = false;
    if (--d->waiting == 0)
        all_answered(d);
}

/* What worker.c's answer_ready says. */
static void take_grade(struct deploy *d, struct str body)
{
    struct unpack u = {body, false};
    struct str letter = unpack_str(&u), warnings = unpack_str(&u);
    if (u.bad)
        return;
    if (letter.n)
        snprintf(d->letter, sizeof d->letter, "%.*s", STR_ARG(letter));
    buf_add(&d->errors, warnings);
}

void deploy_on_ready(struct child *worker, const struct message_frame *m)
{
    struct parent *p = worker->parent;
    struct deploy *d = p->pending;
    if (d && d->generation == m->id && d->state == DEPLOY_WORKERS) {
        if (m->status) {
            bool line = m->body.n && m->body.p[m->body.n - 1] == '\n'; /* an audit's */
            buf_addf(&d->errors, line ? "%.*s" : "worker: %.*s\n", STR_ARG(m->body));
            refuse(d);
            return;
        }
        take_grade(d, m->body);
        worker->ready = true;
        count_down(d, worker);
    } else if (p->live && p->live->generation == m->id && !m->status) {
        commit_worker(p->live, worker);
        hsts_update(p);
    } else if (m->status) {
        log_write(&p->log, LOG_ERROR, "worker %u: %.*s", worker->index, STR_ARG(m->body));
    }
}

/* A worker that died while a generation waited for it: its successor gets it by itself. One that ends
 * because all do is no reason to refuse. */
void deploy_on_worker_gone(struct child *worker)
{
    struct deploy *d = worker->parent->stopping ? NULL : worker->parent->pending;
    worker->ready = false;
    if (d && d->state == DEPLOY_WORKERS && d->auditor == worker && worker->awaited)
        buf_addf(&d->errors, "warning: the sites could not be audited: the worker ended that did\n");
    if (d && d->state == DEPLOY_WORKERS)
        count_down(d, worker);
}

void deploy_start_worker(struct child *worker)
{
    struct parent *p = worker->parent;
    if (p->live && deploy_send(p->live, worker))
        log_write(&p->log, LOG_ERROR, "worker %u has no configuration", worker->index);
}
