/* A server's HTTP/2 session (or another: WORLD_SESSION) in virtual time, a few answers above it, and an
 * end of the pipe to play the client on. Included by the tests and the fuzz targets of the engines. */
#ifndef TEST_H2_WORLD_H
#define TEST_H2_WORLD_H

#include "http/handler.h"
#include "http/session.h"

#include "base/buf.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct answer { /* handler state of an exchange, in its arena */
    uint64_t left;
    uint64_t at;
    bool ending, began;
    struct buf *held;
};

struct world {
    struct loop *loop;
    struct stream *client;
    struct session *session;
    struct conn conn;
    struct snapshot snapshot;
    struct site site;
    struct route route;
    struct metrics metrics;
    struct session_env env;
    int closed;        /* 1 + −err */
    unsigned begun, gone, done;
    int last_err;
    uint64_t body_in;
    bool no_credit;    /* request bodies are not acknowledged */
    int fd;            /* a file of FILE_SIZE bytes */
    char log[4096];    /* heads as they came */
    struct buf in;     /* what the client has received */
    bool client_eof;
};

#ifndef WORLD_SESSION
#define WORLD_SESSION h2_session_new
#endif

#define FILE_SIZE (1024 * 1024 + 77)

static struct world *world_of(struct exchange *x)
{
    return (struct world *)((char *)x->conn - offsetof(struct world, conn));
}

static inline char pattern(uint64_t at)
{
    return (char)('a' + at % 23);
}

static void answer_more(struct exchange *x)
{
    struct answer *a = x->state;
    struct world *w = world_of(x);
    char text[3000];
    while (a && a->left) {
        size_t n = a->left < sizeof text ? (size_t)a->left : sizeof text;
        for (size_t i = 0; i < n; i++)
            text[i] = pattern(a->at + i);
        struct str parts[2] = {str_of(text, n / 3), str_of(text + n / 3, n - n / 3)};
        ssize_t taken = a->ending ? exchange_send_file(x, w->fd, a->at, a->left, true)
                                  : exchange_send_body(x, parts, 2, n == a->left);
        if (taken <= 0)
            return;
        a->at += (uint64_t)taken;
        a->left -= (uint64_t)taken;
    }
}

static int answer_head(const void *conf, struct exchange *x)
{
    struct world *w = world_of(x);
    struct str target = x->req.target;
    w->begun++;
    snprintf(w->log + strlen(w->log), sizeof w->log - strlen(w->log), "%.*s %.*s %.*s\n",
             STR_ARG(x->req.method_text), STR_ARG(x->req.authority), STR_ARG(target));
    for (size_t i = 0; i < x->req.nfields; i++)
        snprintf(w->log + strlen(w->log), sizeof w->log - strlen(w->log), " %.*s=%.*s\n",
                 STR_ARG(x->req.fields[i].name), STR_ARG(x->req.fields[i].value));
    if (str_starts(target, STR("/hold")))
        return 0;
    if (str_starts(target, STR("/reset"))) {
        exchange_reset(x, -ERR_INTERNAL);
        return 0;
    }
    if (str_starts(target, STR("/echo")))
        return 0;
    bool file = str_starts(target, STR("/file")), big = str_starts(target, STR("/big/"));
    if (!file && !big)
        return exchange_reply(x, 200, STR("text/plain"), STR("hello"), NULL, 0);
    struct answer *a = x->state = arena_zalloc(x->arena, sizeof *a);
    uint64_t n = FILE_SIZE;
    if (!a)
        return -ERR_NOMEM;
    if (big && !str_u64(str_from(target, 5), &n))
        return -ERR_NOT_FOUND;
    a->left = n;
    a->ending = file;
    struct field f[2];
    struct head h = {.status = 200, .length = n, .fields = f, .cap = 2};
    assert(head_add(&h, FIELD_CONTENT_TYPE, STR("text/plain")) == 0);
    int err = exchange_send_head(x, &h, n == 0);
    if (err == 0)
        answer_more(x);
    return 0;
}

static void answer_body(struct exchange *x, struct str data, bool end)
{
    struct world *w = world_of(x);
    w->body_in += data.n;
    if (!w->no_credit)
        exchange_give_credit(x, data.n);
    if (end && str_starts(x->req.target, STR("/echo")))
        exchange_reply(x, 200, STR("text/plain"), STR("thanks"), NULL, 0);
}

static void answer_gone(struct exchange *x)
{
    world_of(x)->gone++;
}

static const struct handler answers = {
    .decl = {.name = "answers"},
    .methods = ~0u,
    .on_head = answer_head,
    .on_body = answer_body,
    .on_writable = answer_more,
    .on_gone = answer_gone,
};

static void world_request(void *user, struct exchange *x)
{
    struct world *w = user;
    x->site = &w->site;
    x->route = &w->route;
    x->handler = &answers;
    int err = answers.on_head(NULL, x);
    if (err)
        exchange_fail(x, err);
}

static void world_done(void *user, struct exchange *x)
{
    struct world *w = user;
    w->done++;
    w->last_err = x->err;
}

static void world_closed(void *user, struct conn *conn, int err)
{
    struct world *w = user;
    w->closed = 1 - err;
    struct session *s = w->session;
    w->session = NULL;
    session_free(s);
    stream_close(conn->stream, err != 0);
    conn->stream = NULL;
}

/* Keeps what comes; stops reading when `in` is full. */
static void client_read(struct world *w)
{
    char part[5000];
    ssize_t n;
    while (!w->client_eof && buf_room(&w->in) >= sizeof part &&
           (n = stream_read(w->client, part, sizeof part)) != -ERR_AGAIN) {
        if (n <= 0)
            w->client_eof = true;
        else if (buf_append(&w->in, str_of(part, (size_t)n)) != 0)
            abort();
    }
}

static void client_event(struct stream *s, unsigned events)
{
    client_read(s->user);
}

static struct limits world_limits(void)
{
    return (struct limits){
        .header_count = 100, .header_size = 16384, .uri_size = 4096, .body_size = 1 << 20,
        .requests = 1000, .streams = 100, .resets = 100, .connections = 10,
        .connections_per_address = 10, .handshake_timeout = 10 * SECOND,
        .header_timeout = 15 * SECOND, .idle_timeout = 60 * SECOND, .stall_timeout = 30 * SECOND,
        .min_rate = 500, .rate_window = 30 * SECOND, .drain_timeout = 30 * SECOND};
}

static void world_init(struct world *w, size_t pipe, const struct limits *limits, struct str first)
{
    memset(w, 0, sizeof *w);
    w->loop = loop_sim_new(1000 * SECOND, 1800000000);
    struct stream *server;
    if (!w->loop || stream_mem_pair(w->loop, pipe, &server, &w->client) != 0)
        abort();
    w->snapshot.limits = limits ? *limits : world_limits();
    w->route.site = &w->site;
    w->route.body_size = w->snapshot.limits.body_size;
    w->conn = (struct conn){.loop = w->loop, .stream = server, .snapshot = &w->snapshot,
                            .metrics = &w->metrics, .facts.secure = true, .accepted = w->loop->now};
    arena_init(&w->conn.arena, 1024, CONN_ARENA_MAX);
    w->env = (struct session_env){world_request, world_done, world_closed, w};
    buf_init(&w->in, 64 << 20);
    w->client->on_event = client_event;
    w->client->user = w;
    w->fd = -1;
    w->session = WORLD_SESSION(&w->conn, &w->env, first);
    if (!w->session)
        abort();
}

/* Until nothing happens without time passing. */
static void world_run(struct world *w)
{
    for (int i = 0; i < 100000; i++) {
        bool due = w->loop->running && w->loop->heap[0]->when <= w->loop->now;
        if (!due && list_empty(&w->loop->tasks))
            return;
        if (loop_turn(w->loop, w->loop->now) != 0)
            abort();
    }
    fprintf(stderr, "the world does not come to rest\n");
    abort();
}

/* Lets virtual time pass. */
static inline void world_pass(struct world *w, uint64_t ns)
{
    uint64_t end = w->loop->now + ns;
    world_run(w);
    while (w->loop->now < end) {
        if (loop_turn(w->loop, end) != 0)
            abort();
        world_run(w);
    }
}

static void world_done_free(struct world *w)
{
    if (w->session) {
        session_free(w->session);
        w->session = NULL;
        stream_close(w->conn.stream, true);
    }
    if (w->client) {
        w->client->on_event = NULL;
        stream_close(w->client, true);
    }
    arena_done(&w->conn.arena);
    buf_done(&w->in);
    if (w->fd >= 0)
        close(w->fd);
    loop_free(w->loop);
}

/* What the pipe takes now; the rest after a turn. False when the server has gone. */
static bool client_send(struct world *w, const void *p, size_t n)
{
    struct str s = str_of(p, n);
    for (int idle = 0; s.n;) {
        ssize_t taken = stream_write(w->client, &s, 1, false);
        if (taken < 0 || (taken == 0 && ++idle == 3)) /* gone, or it does not read */
            return false;
        s = str_from(s, (size_t)taken);
        if (taken == 0)
            world_run(w);
        else
            idle = 0;
    }
    return true;
}

#endif
