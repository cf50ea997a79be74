/* A fake HTTP engine for the tests of handlers: one request at a time through the real exchange.c and a
 * configuration loaded from text; what is sent is kept as text. */
#ifndef TEST_FAKE_ENGINE_H
#define TEST_FAKE_ENGINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "config/load.h"
#include "handler/handlers.h"
#include "http/exchange.h"
#include "io/loop.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct fake {
    struct loop *loop; /* virtual */
    struct metrics metrics;
    struct conn conn;
    struct snapshot *snapshot;
    struct arena arena;
    struct exchange x;
    struct field fields[16];
    size_t room;      /* bytes that one send takes; SIZE_MAX: all */
    bool paused;      /* took less than offered: on_writable is due */
    struct buf head, body;
    unsigned status;
    uint64_t length;  /* as the head says */
    bool ended, was_reset, early;
    size_t turns;     /* that the answer took behind the first */
    void (*between)(struct fake *); /* before each on_writable; may be NULL */
};

static struct fake *fake_of(struct exchange *x)
{
    return x->engine;
}

static int fake_send_head(struct exchange *x, const struct head *h, bool end)
{
    struct fake *f = fake_of(x);
    f->status = h->status;
    f->length = h->length;
    for (size_t i = 0; i < h->nfields; i++)
        buf_addf(&f->head, "%.*s: %.*s\n", STR_ARG(h->fields[i].name), STR_ARG(h->fields[i].value));
    for (size_t i = 0; i < h->nfields; i++)
        for (size_t k = 0; k < h->fields[i].value.n; k++)
            assert_true((unsigned char)h->fields[i].value.p[k] >= 0x20);
    f->ended = end;
    return 0;
}

static ssize_t fake_send_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    struct fake *f = fake_of(x);
    size_t taken = 0, total = 0;
    for (size_t i = 0; i < n; i++) {
        size_t left = f->room - taken < parts[i].n ? f->room - taken : parts[i].n;
        total += parts[i].n;
        assert_int_equal(buf_append(&f->body, str_sub(parts[i], 0, left)), 0);
        taken += left;
    }
    f->paused = taken < total;
    f->ended = end && taken == total;
    return (ssize_t)taken;
}

static ssize_t fake_send_file(struct exchange *x, int fd, uint64_t offset, uint64_t n, bool end)
{
    struct fake *f = fake_of(x);
    size_t want = n < f->room ? (size_t)n : f->room;
    if (want > 65536)
        want = 65536;
    assert_int_equal(buf_reserve(&f->body, want), 0);
    ssize_t got = pread(fd, buf_end(&f->body), want, (off_t)offset);
    if (got <= 0)
        return -ERR_IO;
    buf_added(&f->body, (size_t)got);
    f->paused = (uint64_t)got < n;
    f->ended = end && (uint64_t)got == n;
    return got;
}

static int fake_send_trailers(struct exchange *x, const struct head *h)
{
    fake_of(x)->ended = true;
    return 0;
}

static void fake_give_credit(struct exchange *x, size_t n)
{
}

static void fake_reset(struct exchange *x, int err)
{
    fake_of(x)->was_reset = true;
}

static const struct http_ops fake_ops = {fake_send_head, fake_send_body, fake_send_file,
                                         fake_send_trailers, fake_give_credit, fake_reset};

static void fake_nothing(void *user, struct exchange *x)
{
}

static int fake_read(void *user, const char *path, struct buf *into)
{
    return -ERR_NOT_FOUND;
}

static const struct handler_decl *const fake_handlers[] = {
    &static_handler.decl, &redirect_handler.decl, &respond_handler.decl, NULL};

/* 0 or −err; errors are printed when they are unexpected. */
static int fake_config(const char *text, struct snapshot **ret, struct buf *errors)
{
    struct load_env env = {.handlers = fake_handlers, .read_file = fake_read, .wall = 1700000000,
                           .seed = {1, 2}};
    return config_load(&env, "/etc/test.conf", str_c(text), errors, ret);
}

static void fake_start(struct fake *f, const char *config)
{
    struct buf errors;
    memset(f, 0, sizeof *f);
    buf_init(&errors, 64 * 1024);
    int err = fake_config(config, &f->snapshot, &errors);
    if (err)
        fail_msg("%.*s", STR_ARG(buf_str(&errors)));
    buf_done(&errors);
    f->loop = loop_sim_new(5 * SECOND, 1700000000);
    assert_non_null(f->loop);
    f->room = SIZE_MAX;
    f->conn = (struct conn){.loop = f->loop, .snapshot = f->snapshot, .metrics = &f->metrics, .id = 1};
    f->conn.facts.secure = true;
    arena_init(&f->arena, 4096, EXCHANGE_ARENA_MAX);
    buf_init(&f->head, 64 * 1024);
    buf_init(&f->body, 32 << 20);
}

static void fake_stop(struct fake *f)
{
    buf_done(&f->head);
    buf_done(&f->body);
    arena_done(&f->arena);
    snapshot_unref(f->snapshot);
    loop_free(f->loop);
}

/* "Name: value\n…" */
static void fake_fields(struct fake *f, const char *text)
{
    struct str rest = str_c(text), line;
    f->x.req.fields = f->fields;
    f->x.req.cap = 16;
    while (rest.n && str_split(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':', 0);
        struct str name = str_sub(line, 0, colon), value = str_trim(str_from(line, colon + 1));
        if (name.n)
            assert_int_equal(head_add_named(&f->x.req, name, value), 0);
    }
}

static const struct route *fake_route(const struct site *site, struct str path)
{
    for (size_t i = 0; i < site->nroutes; i++) {
        const struct route *r = site->routes[i];
        if (r->prefix ? str_starts(path, r->path) : str_eq(path, r->path))
            return r;
    }
    return NULL;
}

static void fake_dispatch(struct fake *f, const struct handler *fixed, const void *conf)
{
    struct exchange *x = &f->x;
    x->handler = fixed;
    x->conf = conf;
    if (!fixed && x->path.encoded_slash) { /* as dispatch.c does */
        exchange_fail(x, -ERR_NOT_FOUND);
        return;
    }
    if (!fixed) {
        x->site = f->snapshot->sites[0];
        x->route = fake_route(x->site, x->path.decoded);
        assert_non_null(x->route);
        x->handler = x->route->handler->impl;
        x->conf = x->route->conf;
    }
    int err = x->handler->methods >> x->req.method & 1 ? x->handler->on_head(x->conf, x)
                                                       : -ERR_HTTP_METHOD_DENIED;
    if (err)
        exchange_fail(x, err);
}

/* Sends what is left, turn by turn. */
static void fake_drain(struct fake *f)
{
    for (f->turns = 0; f->turns < 100000 && !f->was_reset; f->turns++) {
        bool again = timer_running(&f->x.again), paused = f->paused;
        if (!again && !paused)
            return;
        f->paused = false;
        if (f->between)
            f->between(f);
        if (again)
            assert_int_equal(loop_turn(f->loop, f->loop->now + 1), 0);
        if (paused)
            exchange_on_writable(&f->x);
    }
}

/* fixed: the handler and its conf, or NULL: by the route. Result in f->status, head, body. */
static unsigned fake_run(struct fake *f, const char *method, const char *target, const char *fields,
                         const struct handler *fixed, const void *conf)
{
    struct session_env env = {.on_request = fake_nothing, .on_done = fake_nothing};
    buf_clear(&f->head);
    buf_clear(&f->body);
    f->status = 0;
    f->ended = f->was_reset = f->paused = false;
    f->x = (struct exchange){.ops = &fake_ops, .engine = f, .conn = &f->conn, .arena = &f->arena,
                             .body_limit = 1024, .request_ended = true, .started = f->loop->now};
    f->x.host = STR("example.com");
    f->x.req.method_text = str_c(method);
    f->x.req.method = method_lookup(str_c(method));
    f->x.req.version = HTTP_11;
    f->x.req.length = LENGTH_NONE;
    f->x.no_body = f->x.req.method == METHOD_HEAD;
    fake_fields(f, fields);
    f->x.req.target = str_c(target);
    if (uri_normalise(&f->arena, str_c(target), &f->x.path)) {
        f->status = 400;
        arena_reset(&f->arena);
        return 400;
    }
    fake_dispatch(f, fixed, conf);
    fake_drain(f);
    exchange_on_gone(&f->x, &env, 0);
    arena_reset(&f->arena);
    return f->status;
}

__attribute__((unused)) static unsigned fake_get(struct fake *f, const char *target, const char *fields)
{
    return fake_run(f, "GET", target, fields, NULL, NULL);
}

/* The value of a field that was sent; empty: none. In a static buffer. */
static const char *fake_field(const struct fake *f, const char *name)
{
    static char text[4096];
    struct str rest = buf_str(&f->head), line;
    text[0] = '\0';
    while (rest.n && str_split(&rest, '\n', &line)) {
        size_t colon = str_find(line, ':', 0);
        if (str_ieq(str_sub(line, 0, colon), str_c(name)))
            snprintf(text, sizeof text, "%.*s", STR_ARG(str_trim(str_from(line, colon + 1))));
    }
    return text;
}

__attribute__((unused)) static bool fake_holds(const struct fake *f, const char *text)
{
    struct str body = buf_str(&f->body);
    return body.n && memmem(body.p, body.n, text, strlen(text));
}

#define assert_body(f, text)                                                                       \
    do {                                                                                           \
        assert_int_equal((f)->body.n, strlen(text));                                               \
        assert_memory_equal(buf_str(&(f)->body).p ? buf_str(&(f)->body).p : "", text, strlen(text)); \
        assert_true((f)->ended);                                                                   \
    } while (0)
#define assert_field(f, name, value) assert_string_equal(fake_field((f), name), value)

#endif
