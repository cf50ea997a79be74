/* See h1_rig.h. Handlers by path: /hello, /echo, /big, /file, /wait, /deaf, /short, /cookie, /unknown, /boom */
#include "h1_rig.h"

#include <stdio.h>
#include <stdlib.h>

struct echo {
    struct str held;
    char data[EXCHANGE_CREDIT];
    bool ended;
};

static struct rig *rig_of(struct exchange *x)
{
    return (struct rig *)((char *)x->conn - offsetof(struct rig, conn));
}

static void on_gone(struct exchange *x)
{
    rig_of(x)->gone++;
    if (rig_of(x)->waiting == x)
        rig_of(x)->waiting = NULL;
}

static int hello_head(const void *conf, struct exchange *x)
{
    return exchange_reply(x, 200, STR("text/plain"), STR("hello\n"), NULL, 0) ? 0 : 0;
}

/* Sends back what comes, with back-pressure both ways: credit is given when the echo is out. */
static void echo_push(struct exchange *x)
{
    struct echo *e = x->state;
    ssize_t n = exchange_send_body(x, &e->held, e->held.n ? 1 : 0, e->ended);
    if (n <= 0)
        return;
    e->held = str_from(e->held, (size_t)n);
    memmove(e->data, e->held.p, e->held.n);
    e->held.p = e->data;
    exchange_give_credit(x, (size_t)n);
}

static int echo_head(const void *conf, struct exchange *x)
{
    struct echo *e = malloc(sizeof *e);
    e->held = str_of(e->data, 0);
    e->ended = x->request_ended;
    x->state = e;
    struct head h = {.status = 200, .length = LENGTH_UNKNOWN};
    int err = exchange_send_head(x, &h, false);
    if (!err && e->ended)
        echo_push(x);
    return 0;
}

static void echo_body(struct exchange *x, struct str data, bool end)
{
    struct echo *e = x->state;
    struct rig *r = rig_of(x);
    buf_add(&r->body, data);
    assert_true(e->held.n + data.n <= sizeof e->data);
    if (data.n)
        memcpy(e->data + e->held.n, data.p, data.n);
    e->held.n += data.n;
    e->ended = end;
    echo_push(x);
}

static void echo_gone(struct exchange *x)
{
    free(x->state);
    on_gone(x);
}

/* Collects, answers behind the end. */
static int collect_head(const void *conf, struct exchange *x)
{
    if (x->request_ended)
        return hello_head(conf, x);
    return 0;
}

static void collect_body(struct exchange *x, struct str data, bool end)
{
    buf_add(&rig_of(x)->body, data);
    exchange_give_credit(x, data.n);
    if (end)
        hello_head(NULL, x);
}

#define BIG 300000

static void big_push(struct exchange *x)
{
    static char data[BIG];
    uintptr_t sent = (uintptr_t)x->state;
    memset(data, 'b', sizeof data);
    while (sent < BIG) {
        struct str parts[2] = {str_of(data + sent, (BIG - sent) / 2), STR_NONE};
        parts[1] = str_of(data + sent + parts[0].n, BIG - sent - parts[0].n);
        ssize_t n = exchange_send_body(x, parts, 2, true);
        if (n <= 0)
            break;
        sent += (size_t)n;
        if (sent < BIG)
            break;
    }
    x->state = (void *)sent;
}

static int big_head(const void *conf, struct exchange *x)
{
    struct head h = {.status = 200, .length = str_ends(x->req.target, STR("?chunked"))
                                                  ? LENGTH_UNKNOWN : BIG};
    if (!exchange_send_head(x, &h, false))
        big_push(x);
    return 0;
}

static void file_push(struct exchange *x)
{
    uintptr_t sent = (uintptr_t)x->state;
    ssize_t n = exchange_send_file(x, rig_of(x)->file, sent, BIG - sent, true);
    if (n > 0)
        x->state = (void *)(sent + (size_t)n);
}

static int file_head(const void *conf, struct exchange *x)
{
    struct head h = {.status = 200, .length = str_ends(x->req.target, STR("?chunked"))
                                                  ? LENGTH_UNKNOWN : BIG};
    if (!exchange_send_head(x, &h, false))
        file_push(x);
    return 0;
}

static int wait_head(const void *conf, struct exchange *x)
{
    rig_of(x)->waiting = x;
    return 0;
}

/* Promises ten bytes, gives five. */
static int short_head(const void *conf, struct exchange *x)
{
    struct head h = {.status = 200, .length = 10};
    struct str five = STR("12345");
    if (!exchange_send_head(x, &h, false))
        (void)exchange_send_body(x, &five, 1, true);
    return 0;
}

static int cookie_head(const void *conf, struct exchange *x)
{
    struct field f[] = {{STR("set-cookie"), STR("a=1"), FIELD_SET_COOKIE},
                        {STR("set-cookie"), STR("__Host-b=2; Path=/; SameSite=Strict"), FIELD_SET_COOKIE},
                        {STR("connection"), STR("upgrade"), FIELD_CONNECTION},
                        {STR("x-app"), STR("yes"), FIELD_OTHER}};
    return exchange_reply(x, 200, STR("text/plain"), STR("c"), f, 4) ? 0 : 0;
}

static void trailers_push(struct exchange *x)
{
    struct field f = {STR("x-sum"), STR("42"), FIELD_OTHER};
    struct head t = {.fields = &f, .nfields = 1, .cap = 1};
    uintptr_t sent = (uintptr_t)x->state;
    struct str body = str_from(STR("abc"), sent);
    ssize_t n = body.n ? exchange_send_body(x, &body, 1, false) : 0;
    if (n < 0)
        return;
    x->state = (void *)(sent + (size_t)n);
    if ((size_t)n == body.n)
        (void)!x->ops->send_trailers(x, &t);
}

static int trailers_head(const void *conf, struct exchange *x)
{
    struct head h = {.status = 200, .length = LENGTH_UNKNOWN};
    if (!exchange_send_head(x, &h, false))
        trailers_push(x);
    return 0;
}

static int boom_head(const void *conf, struct exchange *x)
{
    return -ERR_FORBIDDEN;
}

static int page_head(const void *conf, struct exchange *x)
{
    assert_int_equal(x->req.method == METHOD_HEAD ? METHOD_GET : x->req.method, METHOD_GET);
    assert_false(head_has(&x->req, FIELD_RANGE));
    struct field tag = {STR("etag"), STR("\"1\""), FIELD_ETAG};
    return exchange_reply(x, 200, STR("text/html"), STR("<p>own page</p>"), &tag, 1) ? 0 : 0;
}

static int redirect_head(const void *conf, struct exchange *x)
{
    exchange_redirect(x, 308, STR("https://example.com/"));
    return 0;
}

static const struct handler handlers[] = {
    {.decl = {.name = "/hello"}, .on_head = hello_head, .on_gone = on_gone},
    {.decl = {.name = "/echo"}, .on_head = echo_head, .on_body = echo_body, .on_writable = echo_push,
     .on_gone = echo_gone},
    {.decl = {.name = "/collect"}, .on_head = collect_head, .on_body = collect_body, .on_gone = on_gone},
    {.decl = {.name = "/big"}, .on_head = big_head, .on_writable = big_push, .on_gone = on_gone},
    {.decl = {.name = "/file"}, .on_head = file_head, .on_writable = file_push, .on_gone = on_gone},
    {.decl = {.name = "/wait"}, .on_head = wait_head, .on_gone = on_gone},
    {.decl = {.name = "/short"}, .on_head = short_head, .on_gone = on_gone},
    {.decl = {.name = "/cookie"}, .on_head = cookie_head, .on_gone = on_gone},
    {.decl = {.name = "/trailers"}, .on_head = trailers_head, .on_writable = trailers_push,
     .on_gone = on_gone},
    {.decl = {.name = "/boom"}, .on_head = boom_head, .on_gone = on_gone},
    {.decl = {.name = "/page"}, .on_head = page_head, .on_gone = on_gone},
    {.decl = {.name = "/redirect"}, .on_head = redirect_head, .on_gone = on_gone},
};

static void on_request(void *user, struct exchange *x)
{
    struct rig *r = user;
    r->requests++;
    x->site = &r->site;
    struct str path = x->path.decoded.p ? x->path.decoded : STR("/hello");
    for (size_t i = 0; i < sizeof handlers / sizeof *handlers; i++)
        if (str_eq(path, str_c(handlers[i].decl.name))) {
            x->handler = &handlers[i];
            int err = handlers[i].on_head(NULL, x);
            if (err)
                exchange_fail(x, err);
            return;
        }
    exchange_fail(x, -ERR_NOT_FOUND);
}

static void on_done(void *user, struct exchange *x)
{
    struct rig *r = user;
    r->done++;
    r->last_status = x->status;
    r->last_err = x->err;
}

static void on_closed(void *user, struct conn *conn, int err)
{
    struct rig *r = user;
    assert_false(r->closed);
    r->closed = true;
    r->closed_err = err;
    session_free(r->session);
    r->session = NULL;
    stream_close(conn->stream, err != 0);
    conn->stream = NULL;
}

static void client_read(struct rig *r)
{
    char data[5000];
    while (r->client && r->reading && !r->ended) {
        ssize_t n = stream_read(r->client, data, sizeof data);
        if (n == -ERR_AGAIN)
            return;
        if (n <= 0) {
            r->ended = true;
            r->read_err = (int)n;
            return;
        }
        buf_add(&r->got, str_of(data, (size_t)n));
    }
}

static void client_write(struct rig *r)
{
    while (r->send_n) {
        size_t n = r->send_step && r->send_step < r->send_n ? r->send_step : r->send_n;
        struct str part = str_of(r->send, n);
        ssize_t taken = stream_write(r->client, &part, 1, false);
        if (taken < 0) {
            r->send_n = 0;
            return;
        }
        r->send += taken;
        r->send_n -= (size_t)taken;
        if ((size_t)taken < n || r->send_step)
            return;
    }
}

static void on_client(struct stream *s, unsigned events)
{
    struct rig *r = s->user;
    if (events & STREAM_READABLE)
        client_read(r);
    if (events & STREAM_WRITABLE)
        client_write(r);
}

void rig_open(struct rig *r, size_t capacity)
{
    struct stream *server;
    memset(r, 0, sizeof *r);
    r->loop = loop_sim_new(5 * SECOND, 784111777);
    assert_int_equal(stream_mem_pair(r->loop, capacity, &server, &r->client), 0);
    r->snapshot.limits = (struct limits){.header_count = 100,
                                         .header_size = 16 * 1024,
                                         .uri_size = 8 * 1024,
                                         .body_size = 1024 * 1024,
                                         .requests = 1000,
                                         .header_timeout = 10 * SECOND,
                                         .idle_timeout = 60 * SECOND,
                                         .stall_timeout = 20 * SECOND,
                                         .min_rate = 100,
                                         .rate_window = 30 * SECOND,
                                         .drain_timeout = 30 * SECOND};
    r->site.safe_headers = false;
    r->site.hsts.mode = HSTS_OFF;
    r->site.cookies.same_site = COOKIES_SAME_SITE_LEAVE;
    r->conn = (struct conn){.loop = r->loop,
                            .stream = server,
                            .snapshot = &r->snapshot,
                            .metrics = &r->metrics,
                            .accepted = r->loop->now};
    arena_init(&r->conn.arena, 1024, CONN_ARENA_MAX);
    r->env = (struct session_env){on_request, on_done, on_closed, r};
    buf_init(&r->got, 64 * 1024 * 1024);
    buf_init(&r->body, 64 * 1024 * 1024);
    r->client->on_event = on_client;
    r->client->user = r;
    r->reading = true;
}

void rig_start(struct rig *r)
{
    r->session = h1_session_new(&r->conn, &r->env, STR_NONE);
    assert_non_null(r->session);
}

void rig_close(struct rig *r)
{
    session_free(r->session);
    stream_close(r->conn.stream, true);
    stream_close(r->client, true);
    loop_free(r->loop);
    arena_done(&r->conn.arena);
    buf_done(&r->got);
    buf_done(&r->body);
    assert_int_equal(r->metrics.http_requests_h1 > r->done, 0); /* every request ended */
}

static void on_stop(struct timer *t, uint64_t now)
{
}

void rig_run(struct rig *r, uint64_t ns)
{
    uint64_t until = r->loop->now + ns;
    struct timer stop = {0};
    assert_int_equal(timer_init(r->loop, &stop, on_stop), 0);
    timer_start(r->loop, &stop, until);
    do {
        client_write(r);
        assert_int_equal(loop_turn(r->loop, r->send_n ? r->loop->now : until), 0);
    } while (r->loop->now < until || timer_running(&stop));
    client_read(r);
    timer_done(r->loop, &stop);
}

void rig_sendn(struct rig *r, const char *p, size_t n)
{
    r->send = p;
    r->send_n = n;
    rig_run(r, 1 * MILLISECOND);
}

void rig_send(struct rig *r, const char *text)
{
    rig_sendn(r, text, strlen(text));
}

const char *rig_got(struct rig *r)
{
    return buf_cstr(&r->got);
}

void rig_forget(struct rig *r)
{
    buf_clear(&r->got);
}

size_t rig_count(struct rig *r, const char *needle)
{
    size_t n = 0;
    for (const char *p = rig_got(r); (p = strstr(p, needle)); p += strlen(needle))
        n++;
    return n;
}

void rig_once(struct rig *r, const char *request)
{
    rig_open(r, 100000);
    rig_start(r);
    rig_send(r, request);
    rig_run(r, 30 * SECOND);
}
