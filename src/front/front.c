/* Connections from accept to end; see front.h. A connection passes three states: handshake (TLS;
 * deadline limits.handshake_timeout), session (an HTTP engine with deadlines of its own), and gone
 * (freed at the end of the turn). Every ending goes through end_conn, once. */
#include "front/front.h"

#include "front/dispatch.h"
#include "front/listener.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

/* How many of one address are open. Owned by front.addresses while n > 0. */
struct address_count {
    unsigned char key[16];
    size_t key_n, n;
};

/* Owned by the front from accept to end_conn. */
struct front_conn {
    struct conn conn; /* first: the layers above know only this */
    struct list link;
    struct front *front;
    struct serving *serving; /* reference */
    struct session *session; /* NULL during the handshake */
    struct address_count *address;
    struct timer deadline; /* of the handshake */
    struct task reaper;
    bool ended;
};

struct front {
    struct front_env env;
    struct session_env session_env;
    struct serving *serving; /* reference; NULL: accept nothing yet */
    struct list listeners;   /* struct listening */
    struct list conns;       /* struct front_conn, at most limits.connections */
    size_t nconns;
    struct map addresses; /* limit key → struct address_count */
    uint64_t next_id;
    uint16_t https_port;
    struct timer drain;
    bool draining;
    uint64_t trouble_told; /* ns: when accept trouble was last logged */
};

#define CONN_ARENA_CHUNK 1024

struct serving *serving_new(const struct snapshot *snapshot, struct certstore *store)
{
    struct serving *s = calloc(1, sizeof *s);
    if (s)
        *s = (struct serving){1, snapshot, store};
    return s;
}

void serving_unref(struct serving *s)
{
    if (!s || --s->refs)
        return;
    certstore_unref(s->store);
    snapshot_unref(s->snapshot);
    free(s);
}

/* ---- limits ---- */

static struct address_count *count_address(struct front *f, const struct addr *peer)
{
    unsigned char key[16];
    size_t n = addr_limit_key(peer, key);
    struct address_count *a = map_get(&f->addresses, str_of((char *)key, n));
    if (a)
        return a;
    a = calloc(1, sizeof *a);
    if (!a)
        return NULL;
    memcpy(a->key, key, n);
    a->key_n = n;
    if (map_set(&f->addresses, str_of((char *)a->key, n), a)) {
        free(a);
        return NULL;
    }
    return a;
}

static void uncount_address(struct front *f, struct address_count *a)
{
    if (!a || --a->n)
        return;
    map_remove(&f->addresses, str_of((char *)a->key, a->key_n));
    free(a);
}

/* More than there are descriptors for is refused at once: a newcomer that waited in the kernel's
 * queue for somebody to leave would not even learn that. */
static bool is_full(const struct front *f)
{
    return f->nconns >= f->serving->snapshot->limits.connections ||
           f->nconns >= loop_connections_max(f->env.loop);
}

/* ---- the end of a connection ---- */

static void reap_conn(struct task *t)
{
    struct front_conn *c = LIST_ENTRY(t, struct front_conn, reaper);
    arena_done(&c->conn.arena);
    serving_unref(c->serving);
    free(c);
}

static void told_idle(struct front *f)
{
    if (f->draining && f->nconns == 0 && f->env.on_idle) {
        timer_stop(f->env.loop, &f->drain);
        f->env.on_idle(f->env.user);
    }
}

static void end_conn(struct front_conn *c, bool abort)
{
    struct front *f = c->front;
    if (c->ended)
        return;
    c->ended = true;
    session_free(c->session);
    c->session = NULL;
    stream_close(c->conn.stream, abort);
    c->conn.stream = NULL;
    timer_done(f->env.loop, &c->deadline);
    list_remove(&c->link);
    uncount_address(f, c->address);
    f->nconns--;
    f->env.metrics->conns_open--;
    loop_defer(f->env.loop, &c->reaper);
    told_idle(f);
}

static void on_closed(void *user, struct conn *conn, int err)
{
    struct front_conn *c = (struct front_conn *)conn;
    if (err == -ERR_TIMEOUT || err == -ERR_TOO_SLOW)
        c->front->env.metrics->timeouts++;
    end_conn(c, err != 0);
}

/* ---- HTTP ---- */

static void on_request(void *user, struct exchange *x)
{
    struct front *f = user;
    dispatch_request(x, f->https_port);
}

static void on_done(void *user, struct exchange *x)
{
    struct front *f = user;
    char peer[ADDR_TEXT_MAX];
    struct access_record record;
    if (!f->env.access_log || f->env.access_log->fd < 0 || (x->site && !x->site->access_log))
        return;
    /* Most requests are answered in the turn in which they came: the turn's time would say 0. */
    dispatch_record(x, loop_clock(f->env.loop), &record, peer);
    access_log_write(f->env.access_log, &record);
}

static void start_session(struct front_conn *c)
{
    struct front *f = c->front;
    bool h2 = str_eq(c->conn.facts.alpn, STR("h2"));
    timer_stop(f->env.loop, &c->deadline);
    struct session *s = h2 ? h2_session_new(&c->conn, &f->session_env, STR_NONE)
                           : h1_session_new(&c->conn, &f->session_env, STR_NONE);
    if (!s) {
        end_conn(c, true);
        return;
    }
    if (c->ended) { /* it read what was there, and that was the end already */
        session_free(s);
        return;
    }
    c->session = s;
    if (f->draining)
        session_drain(s);
}

/* ---- TLS ---- */

static const char plain_on_tls[] =
    "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain; charset=utf-8\r\n"
    "Content-Length: 71\r\nConnection: close\r\n\r\n"
    "This port speaks HTTPS. Use https:// in front of the address instead.\r\n";

static void answer_plain_http(struct front_conn *c)
{
    struct stream *below = tls_stream_below(c->conn.stream);
    struct str text = str_of(plain_on_tls, sizeof plain_on_tls - 1);
    char sink[4096];
    while (stream_read(below, sink, sizeof sink) > 0) /* unread bytes would turn FIN into RST */
        ;
    if (stream_write(below, &text, 1, false) > 0)
        (void)stream_shutdown(below);
}

static void on_tls_done(struct stream *s, int err)
{
    struct front_conn *c = s->user;
    if (err == 0) {
        start_session(c);
        return;
    }
    if (err == -ERR_HTTP_ON_TLS_PORT)
        answer_plain_http(c);
    end_conn(c, false);
}

static void on_handshake_deadline(struct timer *t, uint64_t now)
{
    struct front_conn *c = LIST_ENTRY(t, struct front_conn, deadline);
    c->front->env.metrics->timeouts++;
    end_conn(c, true);
}

/* ---- accept ---- */

static struct front_conn *new_conn(struct front *f, const struct addr *peer,
                                   const struct addr *local)
{
    struct front_conn *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->front = f;
    c->address = count_address(f, peer);
    if (!c->address || timer_init(f->env.loop, &c->deadline, on_handshake_deadline)) {
        if (c->address && c->address->n == 0) {
            c->address->n = 1;
            uncount_address(f, c->address);
        }
        free(c);
        return NULL;
    }
    c->address->n++;
    c->serving = f->serving;
    c->serving->refs++;
    list_init(&c->link);
    task_init(&c->reaper, reap_conn);
    c->conn = (struct conn){.loop = f->env.loop,
                            .peer = *peer,
                            .local = *local,
                            .snapshot = c->serving->snapshot,
                            .metrics = f->env.metrics,
                            .caches = f->env.caches,
                            .id = ++f->next_id,
                            .accepted = f->env.loop->now};
    arena_init(&c->conn.arena, CONN_ARENA_CHUNK, CONN_ARENA_MAX);
    list_push(&f->conns, &c->link);
    f->nconns++;
    f->env.metrics->conns_open++;
    f->env.metrics->conns_accepted++;
    return c;
}

static bool may_enter(struct front *f, const struct addr *peer)
{
    unsigned char key[16];
    size_t n = addr_limit_key(peer, key);
    const struct address_count *a = map_get(&f->addresses, str_of((char *)key, n));
    return !f->draining && f->serving && !is_full(f) &&
           (!a || a->n < f->serving->snapshot->limits.connections_per_address);
}

int front_accept(struct front *f, struct stream *below, const struct addr *peer,
                 const struct addr *local, bool tls)
{
    struct front_conn *c = may_enter(f, peer) ? new_conn(f, peer, local) : NULL;
    if (!c) {
        f->env.metrics->conns_refused++;
        stream_close(below, true);
        return -ERR_TOO_MANY;
    }
    if (!tls) {
        c->conn.stream = below;
        start_session(c);
        return 0;
    }
    c->conn.facts.secure = true;
    timer_start(f->env.loop, &c->deadline,
                f->env.loop->now + c->serving->snapshot->limits.handshake_timeout);
    struct stream *s = c->serving->store
                           ? tls_stream_accept(below, c->serving->store, &c->conn, on_tls_done)
                           : NULL;
    if (!s) {
        end_conn(c, true);
        return -ERR_NOMEM;
    }
    s->user = c;
    c->conn.stream = s;
    return 0;
}

static void on_accept(void *user, struct listening *l, int fd, const struct addr *peer)
{
    struct front *f = user;
    struct addr local = {.len = sizeof local.in6};
    if (getsockname(fd, &local.sa, &local.len)) {
        close(fd); /* gone before we looked */
        return;
    }
    struct stream *s = stream_tcp_new(f->env.loop, fd);
    if (!s) {
        close(fd);
        f->env.metrics->conns_refused++;
        return;
    }
    int refused = front_accept(f, s, peer, &local, l->tls);
    (void)refused; /* closed and counted already */
}

/* Descriptors are out: the longest idle connections would be the ones to give up; the engines'
 * idle deadlines do that. Told at most once in 10 s. */
static void on_trouble(void *user, struct listening *l, int err)
{
    struct front *f = user;
    if (f->trouble_told && f->env.loop->now - f->trouble_told < 10 * SECOND)
        return;
    f->trouble_told = f->env.loop->now;
    log_write(f->env.log, LOG_ERROR,
              "cannot accept connections: %s; accepting pauses and goes on by itself (raise the "
              "limit of open files, LimitNOFILE, if this repeats)",
              err_text(err));
}

int front_listen(struct front *f, int fd, bool tls)
{
    struct listening *l = calloc(1, sizeof *l);
    if (!l) {
        close(fd);
        return -ERR_NOMEM;
    }
    l->tls = tls;
    l->on_accept = on_accept;
    l->on_trouble = on_trouble;
    l->user = f;
    int err = listening_start(l, f->env.loop, fd);
    if (err) {
        close(fd);
        free(l);
        return err;
    }
    list_push(&f->listeners, &l->link);
    return 0;
}

void front_unlisten(struct front *f)
{
    LIST_EACH (link, tmp, &f->listeners) {
        struct listening *l = LIST_ENTRY(link, struct listening, link);
        listening_stop(l);
        free(l);
    }
}

/* ---- the front as a whole ---- */

static void cut_all(struct front *f)
{
    LIST_EACH (link, tmp, &f->conns)
        end_conn(LIST_ENTRY(link, struct front_conn, link), true);
}

static void on_drain_deadline(struct timer *t, uint64_t now)
{
    struct front *f = LIST_ENTRY(t, struct front, drain);
    log_write(f->env.log, LOG_WARN, "%zu connections did not end in time and were cut", f->nconns);
    cut_all(f);
}

struct front *front_new(const struct front_env *env)
{
    struct front *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->env = *env;
    f->session_env = (struct session_env){on_request, on_done, on_closed, f, h2_pool_new()};
    f->https_port = 443;
    list_init(&f->listeners);
    list_init(&f->conns);
    map_init(&f->addresses, SIZE_MAX, env->seed);
    if (!f->session_env.h2_pool || timer_init(env->loop, &f->drain, on_drain_deadline)) {
        h2_pool_unref(f->session_env.h2_pool);
        free(f);
        return NULL;
    }
    return f;
}

void front_free(struct front *f)
{
    if (!f)
        return;
    f->env.on_idle = NULL;
    front_unlisten(f);
    cut_all(f);
    timer_done(f->env.loop, &f->drain);
    serving_unref(f->serving);
    h2_pool_unref(f->session_env.h2_pool);
    map_done(&f->addresses);
    free(f);
}

void front_serve(struct front *f, struct serving *s)
{
    serving_unref(f->serving);
    f->serving = s;
}

struct serving *front_serving(const struct front *f)
{
    return f->serving;
}

void front_https_port(struct front *f, uint16_t port)
{
    f->https_port = port;
}

void front_drain(struct front *f)
{
    if (f->draining)
        return;
    f->draining = true;
    front_unlisten(f);
    uint64_t patience = f->serving ? f->serving->snapshot->limits.drain_timeout : 0;
    timer_start(f->env.loop, &f->drain, f->env.loop->now + patience);
    LIST_EACH (link, tmp, &f->conns) {
        struct front_conn *c = LIST_ENTRY(link, struct front_conn, link);
        c->conn.draining = true;
        if (c->session)
            session_drain(c->session);
    }
    told_idle(f);
}

size_t front_connections(const struct front *f)
{
    return f->nconns;
}
