/* HTTP/2 sessions against a client of nghttp2, and against single frames that no client would send. */
#include "h2_world.h"

#include <nghttp2/nghttp2.h>

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* ---- a well-behaved client ---- */

struct reply {
    int status;
    uint64_t body;
    bool wrong;       /* a byte that does not follow the pattern */
    bool closed;
    uint32_t code;
    unsigned place;   /* in the order of ends, from 1 */
    char fields[1024];
};

struct client {
    struct world w;
    nghttp2_session *ng;
    struct reply replies[64]; /* by (id - 1) / 2 */
    unsigned ended;
    int goaways;
    uint32_t goaway_code;
    bool broken; /* our own library refused what came */
    uint64_t upload; /* bytes still to send */
};

static struct reply *reply_of(struct client *c, int32_t id)
{
    return id > 0 && id < 128 ? &c->replies[(id - 1) / 2] : &c->replies[63];
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *f, const uint8_t *name, size_t nn,
                     const uint8_t *value, size_t vn, uint8_t flags, void *user)
{
    struct reply *r = reply_of(user, f->hd.stream_id);
    if (nn == 7 && memcmp(name, ":status", 7) == 0)
        r->status = atoi((const char *)value);
    size_t at = strlen(r->fields);
    snprintf(r->fields + at, sizeof r->fields - at, "%.*s: %.*s\n", (int)nn, name, (int)vn, value);
    return 0;
}

static int on_chunk(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                    void *user)
{
    struct reply *r = reply_of(user, id);
    for (size_t i = 0; i < n; i++)
        r->wrong |= (char)p[i] != pattern(r->body + i);
    r->body += n;
    return 0;
}

static int on_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    struct client *c = user;
    struct reply *r = reply_of(c, id);
    r->closed = true;
    r->code = code;
    r->place = ++c->ended;
    return 0;
}

static int on_recv(nghttp2_session *ng, const nghttp2_frame *f, void *user)
{
    struct client *c = user;
    if (f->hd.type == NGHTTP2_GOAWAY) {
        c->goaways++;
        c->goaway_code = f->goaway.error_code;
    }
    return 0;
}

static void client_start(struct client *c, size_t pipe, const struct limits *l, uint32_t window,
                         const nghttp2_option *option)
{
    memset(c, 0, sizeof *c);
    world_init(&c->w, pipe, l, STR_NONE);
    nghttp2_session_callbacks *cb;
    assert_int_equal(nghttp2_session_callbacks_new(&cb), 0);
    nghttp2_session_callbacks_set_on_header_callback(cb, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(cb, on_chunk);
    nghttp2_session_callbacks_set_on_stream_close_callback(cb, on_close);
    nghttp2_session_callbacks_set_on_frame_recv_callback(cb, on_recv);
    assert_int_equal(nghttp2_session_client_new2(&c->ng, cb, c, option), 0);
    nghttp2_session_callbacks_del(cb);
    nghttp2_settings_entry s = {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, window};
    assert_int_equal(nghttp2_submit_settings(c->ng, 0, &s, window ? 1 : 0), 0);
}

static void client_new(struct client *c, size_t pipe, const struct limits *l, uint32_t window)
{
    client_start(c, pipe, l, window, NULL);
}

/* Opens no window by itself: each stream has `window` bytes. */
static void client_new_holding(struct client *c, size_t pipe, const struct limits *l, uint32_t window)
{
    nghttp2_option *option;
    assert_int_equal(nghttp2_option_new(&option), 0);
    nghttp2_option_set_no_auto_window_update(option, 1);
    client_start(c, pipe, l, window, option);
    nghttp2_option_del(option);
}

static void client_done(struct client *c)
{
    nghttp2_session_del(c->ng);
    world_done_free(&c->w);
    assert_int_equal(c->w.gone, c->w.begun); /* on_gone exactly once each */
}

/* Until both sides rest. */
static void pump(struct client *c)
{
    for (bool moved = true; moved;) {
        moved = false;
        const uint8_t *p;
        ssize_t n;
        while ((n = nghttp2_session_mem_send(c->ng, &p)) > 0) {
            moved = true;
            if (!client_send(&c->w, p, (size_t)n))
                break;
        }
        world_run(&c->w);
        client_read(&c->w);
        if (c->w.in.n) {
            moved = true;
            struct str in = buf_str(&c->w.in);
            if (nghttp2_session_mem_recv(c->ng, (const uint8_t *)in.p, in.n) < 0)
                c->broken = true;
            buf_clear(&c->w.in);
            client_read(&c->w);
        }
    }
}

static nghttp2_nv nv(const char *name, const char *value)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name, (uint8_t *)(uintptr_t)value, strlen(name),
                        strlen(value), 0};
}

static ssize_t upload(nghttp2_session *ng, int32_t id, uint8_t *p, size_t n, uint32_t *flags,
                      nghttp2_data_source *source, void *user)
{
    struct client *c = user;
    if (n > c->upload)
        n = c->upload;
    memset(p, 'u', n);
    c->upload -= n;
    if (c->upload == 0)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)n;
}

static int32_t ask(struct client *c, const char *method, const char *path, const nghttp2_nv *extra,
                   size_t nextra)
{
    nghttp2_nv all[32] = {nv(":method", method), nv(":scheme", "https"),
                          nv(":authority", "localhost"), nv(":path", path)};
    for (size_t i = 0; i < nextra; i++)
        all[4 + i] = extra[i];
    nghttp2_data_provider body = {.read_callback = upload};
    int32_t id = nghttp2_submit_request(c->ng, NULL, all, 4 + nextra, c->upload ? &body : NULL, NULL);
    assert_true(id > 0);
    return id;
}

static void answers_one(void **state)
{
    struct client c;
    client_new(&c, 65536, NULL, 0);
    int32_t id = ask(&c, "GET", "/", NULL, 0);
    pump(&c);
    struct reply *r = reply_of(&c, id);
    assert_int_equal(r->status, 200);
    assert_int_equal(r->body, 5);
    assert_true(r->closed);
    assert_int_equal(r->code, 0);
    assert_int_equal(c.w.done, 1);
    assert_int_equal(c.w.metrics.http_requests_h2, 1);
    assert_non_null(strstr(r->fields, "content-length: 5\n"));
    client_done(&c);
}

static void large_bodies_through_any_pipe(void **state)
{
    static const size_t pipes[] = {100, 1000, 16384, 1 << 20};
    for (size_t i = 0; i < 4; i++) {
        struct client c;
        client_new(&c, pipes[i], NULL, 65535 * 3);
        char path[] = "/tmp/test_h2_XXXXXX";
        c.w.fd = mkstemp(path);
        unlink(path);
        for (uint64_t at = 0; at < FILE_SIZE; at++) {
            static char part[4096];
            part[at % sizeof part] = pattern(at);
            if (at % sizeof part == sizeof part - 1 || at == FILE_SIZE - 1)
                assert_true(write(c.w.fd, part, at % sizeof part + 1) > 0);
        }
        int32_t file = ask(&c, "GET", "/file", NULL, 0), big = ask(&c, "GET", "/big/300001", NULL, 0),
                none = ask(&c, "GET", "/big/0", NULL, 0);
        pump(&c);
        assert_false(c.broken);
        assert_int_equal(reply_of(&c, file)->body, FILE_SIZE);
        assert_false(reply_of(&c, file)->wrong);
        assert_int_equal(reply_of(&c, big)->body, 300001);
        assert_false(reply_of(&c, big)->wrong);
        assert_true(reply_of(&c, big)->closed && reply_of(&c, file)->closed);
        (void)none; /* begins a body and never ends it: the handler's fault, not ours */
        client_done(&c);
    }
}

static void uploads_are_credited(void **state)
{
    struct client c;
    client_new(&c, 30000, NULL, 0);
    c.upload = 700000;
    int32_t id = ask(&c, "POST", "/echo", NULL, 0);
    pump(&c);
    assert_int_equal(reply_of(&c, id)->status, 200);
    assert_int_equal(c.w.body_in, 700000);
    client_done(&c);
    client_new(&c, 30000, NULL, 0);
    c.w.no_credit = true; /* then the peer stops at the window */
    c.upload = 700000;
    id = ask(&c, "POST", "/echo", NULL, 0);
    pump(&c);
    assert_int_equal(c.w.body_in, EXCHANGE_CREDIT);
    world_pass(&c.w, 100 * SECOND); /* that is our slowness: no deadline */
    assert_int_equal(c.w.closed, 0);
    client_done(&c);
}

static void heads_are_read(void **state)
{
    struct client c;
    client_new(&c, 65536, NULL, 0);
    nghttp2_nv extra[] = {nv("cookie", "a=1"), nv("x-one", "1"),    nv("cookie", "b=2"),
                          nv("cookie", "c=3"), nv("accept", "*/*"), nv("host", "LOCALHOST")};
    ask(&c, "GET", "/x?y", extra, 6);
    pump(&c);
    assert_string_equal(c.w.log, "GET localhost /x?y\n cookie=a=1; b=2; c=3\n x-one=1\n"
                                 " accept=*/*\n host=LOCALHOST\n");
    extra[5] = nv("host", "other");
    int32_t id = ask(&c, "GET", "/", extra, 6);
    pump(&c);
    assert_int_equal(reply_of(&c, id)->status, 400);
    client_done(&c);
}

static void large_heads_get_431(void **state)
{
    struct client c;
    struct limits l = world_limits();
    l.header_count = 10;
    l.header_size = 2000;
    client_new(&c, 65536, &l, 0);
    char text[1000];
    memset(text, 'x', sizeof text);
    text[999] = 0;
    nghttp2_nv big[] = {nv("x-a", text), nv("x-b", text)};
    nghttp2_nv many[28];
    for (size_t i = 0; i < 28; i++)
        many[i] = nv("x", "1");
    int32_t a = ask(&c, "GET", "/", big, 2), b = ask(&c, "GET", "/", many, 28),
            ok = ask(&c, "GET", "/", many, 8);
    pump(&c);
    assert_int_equal(reply_of(&c, a)->status, 431);
    assert_int_equal(reply_of(&c, b)->status, 431);
    assert_int_equal(reply_of(&c, ok)->status, 200);
    client_done(&c);
}

/* RFC 9113 8.2.3: however many crumbs, one field; their bytes count as all others. */
static void crumbs_are_one_field(void **state)
{
    struct client c;
    struct limits l = world_limits();
    l.header_count = 8;
    client_new(&c, 65536, &l, 0);
    nghttp2_nv crumbs[28];
    for (size_t i = 0; i < 28; i++)
        crumbs[i] = nv("cookie", "a=1");
    int32_t many = ask(&c, "GET", "/", crumbs, 28);
    for (size_t i = 0; i < 8; i++)
        crumbs[i] = nv("x", "1");
    int32_t more = ask(&c, "GET", "/", crumbs, 9), most = ask(&c, "GET", "/", crumbs, 8);
    static char text[2000];
    memset(text, 'x', sizeof text - 1);
    for (size_t i = 0; i < 10; i++)
        crumbs[i] = nv("cookie", text);
    int32_t large = ask(&c, "GET", "/", crumbs, 10);
    pump(&c);
    assert_int_equal(reply_of(&c, many)->status, 200);
    assert_int_equal(reply_of(&c, most)->status, 200);
    assert_int_equal(reply_of(&c, more)->status, 431);
    assert_int_equal(reply_of(&c, large)->status, 431);
    client_done(&c);
}

/* What HTTP/1 refuses, and with which status. */
static void heads_are_judged_as_in_http1(void **state)
{
    static const struct {
        const char *scheme, *authority, *name, *value;
        int status;
    } rows[] = {
        {"https", "localhost", "accept", "*/*", 200},
        {"HTTPS", "localhost", "accept", "*/*", 200},
        {"http", "localhost", "accept", "*/*", 200},
        {"ftp", "localhost", "accept", "*/*", 400},
        {"https", "localhost", "expect", "100-Continue", 200},
        {"https", "localhost", "expect", "foo", 417},
        {"https", "localhost", "host", "localhost:443", 200},
        {"https", "localhost:443", "host", "LocalHost", 200},
        {"https", "localhost:8443", "host", "localhost:8443", 200},
        {"https", "localhost", "host", "localhost:80", 400},
        {"http", "localhost", "host", "localhost:80", 200},
        {"https", "localhost:8443", "host", "localhost", 400},
        {"https", "localhost", "host", "other", 400},
        {"https", "localhost", "host", "a b", 400},
    };
    struct client c;
    client_new(&c, 65536, NULL, 0);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nghttp2_nv all[] = {nv(":method", "GET"), nv(":scheme", rows[i].scheme),
                            nv(":authority", rows[i].authority), nv(":path", "/"),
                            nv(rows[i].name, rows[i].value)};
        int32_t id = nghttp2_submit_request(c.ng, NULL, all, 5, NULL, NULL);
        pump(&c);
        print_message("%s %s %s=%s\n", rows[i].scheme, rows[i].authority, rows[i].name, rows[i].value);
        assert_int_equal(reply_of(&c, id)->status, rows[i].status);
    }
    client_done(&c);
}

static void resets_end_exchanges(void **state)
{
    struct client c;
    client_new(&c, 65536, NULL, 0);
    int32_t ours = ask(&c, "GET", "/reset", NULL, 0), theirs = ask(&c, "GET", "/hold", NULL, 0);
    pump(&c);
    assert_true(reply_of(&c, ours)->closed);
    assert_int_equal(reply_of(&c, ours)->code, NGHTTP2_INTERNAL_ERROR);
    assert_int_equal(c.w.gone, 1);
    nghttp2_submit_rst_stream(c.ng, 0, theirs, NGHTTP2_CANCEL);
    pump(&c);
    assert_int_equal(c.w.gone, 2);
    ask(&c, "GET", "/hold", NULL, 0);
    ask(&c, "GET", "/big/1000000", NULL, 0);
    pump(&c);
    stream_close(c.w.client, true); /* the peer is cut off */
    world_run(&c.w);
    assert_int_equal(c.w.gone, 4);
    assert_true(c.w.closed);
    nghttp2_session_del(c.ng);
    arena_done(&c.w.conn.arena);
    buf_done(&c.w.in);
    loop_free(c.w.loop);
}

static void urgent_streams_go_first(void **state)
{
    struct client c;
    client_new(&c, 3000, NULL, 1 << 20);
    nghttp2_session_set_local_window_size(c.ng, 0, 0, 1 << 24);
    nghttp2_nv low = nv("priority", "u=7"), high = nv("priority", "u=0"),
               even = nv("priority", "u=3, i");
    int32_t l = ask(&c, "GET", "/big/200000", &low, 1), a = ask(&c, "GET", "/big/200000", &even, 1),
            b = ask(&c, "GET", "/big/200000", &even, 1), h = ask(&c, "GET", "/big/200000", &high, 1);
    pump(&c);
    assert_int_equal(reply_of(&c, h)->place, 1);
    assert_int_equal(reply_of(&c, l)->place, 4);
    assert_true(reply_of(&c, a)->closed && reply_of(&c, b)->closed);
    client_done(&c);
}

static void draining_loses_nothing(void **state)
{
    struct client c;
    client_new(&c, 65536, NULL, 0);
    int32_t big = ask(&c, "GET", "/big/1000000", NULL, 0);
    nghttp2_session_mem_recv(c.ng, NULL, 0);
    const uint8_t *p;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(c.ng, &p)) > 0)
        assert_true(client_send(&c.w, p, (size_t)n));
    world_run(&c.w);
    session_drain(c.w.session);
    int32_t late = ask(&c, "GET", "/", NULL, 0); /* on the way when the announcement left */
    pump(&c);
    assert_int_equal(c.goaways, 2);
    assert_int_equal(c.goaway_code, 0);
    assert_int_equal(reply_of(&c, big)->body, 1000000);
    (void)late;
    world_pass(&c.w, 2 * SECOND);
    assert_int_equal(c.w.closed, 1);
    client_done(&c);
}

static void requests_are_limited(void **state)
{
    struct client c;
    struct limits l = world_limits();
    l.requests = 3;
    client_new(&c, 65536, &l, 0);
    for (int i = 0; i < 3; i++)
        ask(&c, "GET", "/", NULL, 0);
    pump(&c);
    assert_int_equal(c.w.done, 3);
    world_pass(&c.w, 2 * SECOND);
    assert_int_equal(c.w.closed, 1);
    client_done(&c);
}

static void deadlines(void **state)
{
    struct client c;
    client_new(&c, 65536, NULL, 0);
    ask(&c, "GET", "/", NULL, 0);
    pump(&c);
    world_pass(&c.w, 59 * SECOND);
    assert_int_equal(c.w.closed, 0);
    world_pass(&c.w, 3 * SECOND); /* idle */
    assert_int_equal(c.w.closed, 1);
    client_done(&c);

    client_new(&c, 65536, NULL, 0); /* nothing at all is said */
    world_pass(&c.w, 17 * SECOND);
    assert_int_equal(c.w.closed, 1 + ERR_TIMEOUT);
    client_done(&c);

    client_new(&c, 65536, NULL, 1); /* the window is held at one byte */
    for (int i = 0; i < 50; i++)
        ask(&c, "GET", "/big/100000", NULL, 0);
    const uint8_t *p;
    ssize_t n = nghttp2_session_mem_send(c.ng, &p);
    assert_true(client_send(&c.w, p, (size_t)n));
    while ((n = nghttp2_session_mem_send(c.ng, &p)) > 0)
        assert_true(client_send(&c.w, p, (size_t)n));
    world_pass(&c.w, 35 * SECOND);
    assert_int_equal(c.w.gone, 50); /* each by itself, see h2_stall.c */
    assert_int_equal(c.w.closed, 0);
    world_pass(&c.w, 64 * SECOND);
    assert_int_equal(c.w.closed, 1);
    client_done(&c);
}

/* ---- streams that keep us waiting ---- */

static unsigned closed_with(struct client *c, uint32_t code)
{
    unsigned n = 0;
    for (size_t i = 0; i < 64; i++)
        n += c->replies[i].closed && c->replies[i].code == code;
    return n;
}

/* Every second, `grow` bytes for one stream. */
static void seconds(struct client *c, unsigned n, int32_t id, int grow)
{
    while (n--) {
        if (grow && !reply_of(c, id)->closed)
            assert_int_equal(nghttp2_submit_window_update(c->ng, 0, id, grow), 0);
        pump(c);
        world_pass(&c->w, SECOND);
    }
    pump(c);
}

/* One stream that takes something does not keep the others alive, nor do they end it. */
static void each_stream_must_move(void **state)
{
    struct client c;
    client_new_holding(&c, 65536, NULL, 1);
    assert_int_equal(nghttp2_session_set_local_window_size(c.ng, 0, 0, 1 << 24), 0);
    int32_t busy = ask(&c, "GET", "/big/1000000", NULL, 0);
    for (int i = 0; i < 40; i++)
        ask(&c, "GET", "/big/1000000", NULL, 0);
    seconds(&c, 29, busy, 700);
    assert_int_equal(c.w.gone, 0);
    seconds(&c, 7, busy, 700);
    assert_int_equal(c.w.gone, 40);
    assert_int_equal(closed_with(&c, NGHTTP2_CANCEL), 40);
    assert_int_equal(c.w.metrics.timeouts, 40);
    assert_int_equal(c.w.last_err, -ERR_TIMEOUT);
    seconds(&c, 100, busy, 700);
    assert_false(reply_of(&c, busy)->closed);
    assert_int_equal(c.w.closed, 0);
    client_done(&c);
}

/* Also what moves, but by single bytes; and at last there were too many of them. */
static void each_stream_must_keep_the_rate(void **state)
{
    struct client c;
    struct limits l = world_limits();
    l.resets = 20;
    client_new_holding(&c, 65536, &l, 1);
    assert_int_equal(nghttp2_session_set_local_window_size(c.ng, 0, 0, 1 << 24), 0);
    int32_t busy = ask(&c, "GET", "/big/1000000", NULL, 0);
    for (int i = 0; i < 20; i++)
        ask(&c, "GET", "/big/1000000", NULL, 0);
    for (int i = 0; i < 8; i++) {
        for (int id = busy + 2; id <= busy + 40; id += 2)
            if (!reply_of(&c, id)->closed)
                assert_int_equal(nghttp2_submit_window_update(c.ng, 0, id, 1), 0);
        seconds(&c, 5, busy, 700);
    }
    assert_int_equal(closed_with(&c, NGHTTP2_CANCEL), 20);
    assert_int_equal(c.w.last_err, -ERR_TOO_SLOW);
    assert_int_equal(c.w.closed, 0);
    for (int i = 0; i < 30; i++)
        ask(&c, "GET", "/big/1000000", NULL, 0);
    seconds(&c, 40, busy, 700);
    assert_int_equal(c.goaway_code, NGHTTP2_ENHANCE_YOUR_CALM);
    client_done(&c);
}

/* RFC 9218: the peer wants others first, however long that takes. */
static void waiting_for_others_is_no_stall(void **state)
{
    struct client c;
    client_new_holding(&c, 65536, NULL, 1 << 20);
    nghttp2_nv low = nv("priority", "u=7"), high = nv("priority", "u=0");
    int32_t late = ask(&c, "GET", "/big/100", &low, 1), big = ask(&c, "GET", "/big/300000", &high, 1);
    seconds(&c, 200, 0, 1000); /* of the connection: window enough for 235,000 */
    assert_true(reply_of(&c, big)->body > 200000 && !reply_of(&c, big)->closed);
    assert_int_equal(c.w.gone, 0);
    seconds(&c, 80, 0, 1000);
    assert_int_equal(reply_of(&c, big)->body, 300000);
    assert_int_equal(reply_of(&c, late)->body, 100);
    assert_int_equal(c.w.gone, 2);
    client_done(&c);
}

/* Windows are shut, but what would open them is still under way through a slow network. */
static void a_slow_network_is_no_stall(void **state)
{
    struct client c;
    client_new(&c, 1 << 20, NULL, 16384);
    assert_int_equal(nghttp2_session_set_local_window_size(c.ng, 0, 0, 1 << 20), 0);
    for (int i = 0; i < 20; i++)
        ask(&c, "GET", "/big/30000", NULL, 0);
    const uint8_t *p;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(c.ng, &p)) > 0)
        assert_true(client_send(&c.w, p, (size_t)n));
    c.w.client->on_event = NULL; /* reads 4,000 bytes a second */
    for (int i = 0; i < 300 && c.w.gone < 20; i++) {
        char part[4000];
        world_pass(&c.w, SECOND);
        ssize_t got = stream_read(c.w.client, part, sizeof part);
        if (got > 0)
            assert_true(nghttp2_session_mem_recv(c.ng, (uint8_t *)part, (size_t)got) == got);
        while ((n = nghttp2_session_mem_send(c.ng, &p)) > 0)
            assert_true(client_send(&c.w, p, (size_t)n));
    }
    assert_int_equal(c.w.gone, 20);
    assert_int_equal(c.w.metrics.timeouts, 0);
    assert_int_equal(c.w.last_err, 0);
    client_done(&c);
}

/* Who takes nothing from the network at all, though every window is open or nothing more is to be
 * sent: that is the whole connection. */
static void an_unread_connection_ends(void **state)
{
    struct client c;
    client_new(&c, 1 << 20, NULL, 16384);
    ask(&c, "GET", "/big/30000", NULL, 0);
    const uint8_t *p;
    ssize_t n;
    while ((n = nghttp2_session_mem_send(c.ng, &p)) > 0)
        assert_true(client_send(&c.w, p, (size_t)n));
    c.w.client->on_event = NULL;
    world_pass(&c.w, 36 * SECOND);
    assert_int_equal(c.w.closed, 1 + ERR_TIMEOUT);
    client_done(&c);
}

static size_t post(char *to, uint32_t id);
static void raw_begin(struct world *w, size_t pipe);
static size_t put(char *to, size_t n, uint8_t type, uint8_t flags, uint32_t stream, const char *p);

/* How many of ten uploads are left, after one of them brought `rate` bytes a second for 80 s. */
static unsigned uploads_left(size_t rate, uint64_t *timeouts)
{
    struct world w;
    static char text[5000 + 9];
    raw_begin(&w, 65536);
    for (uint32_t id = 1; id <= 19; id += 2)
        assert_true(client_send(&w, text, post(text, id)));
    for (int i = 0; i < 80; i++) {
        static const char zeros[5000];
        assert_true(client_send(&w, text, put(text, rate, 0, 0, 1, zeros)));
        world_pass(&w, SECOND);
    }
    unsigned left = w.begun - w.gone;
    *timeouts = w.metrics.timeouts;
    assert_false(w.closed);
    world_done_free(&w);
    assert_int_equal(w.begun, w.gone);
    return left;
}

/* Bodies may come one after the other, if they come as fast as all of them owe. */
static void uploads_must_move(void **state)
{
    uint64_t timeouts;
    assert_int_equal(uploads_left(1000, &timeouts), 1);
    assert_int_equal(timeouts, 9);
    assert_int_equal(uploads_left(10 * world_limits().min_rate, &timeouts), 10);
    assert_int_equal(timeouts, 0);
}

/* ---- single frames ---- */

#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
/* :method GET, :scheme https, :path /, :authority localhost, all from or as RFC 7541 says */
#define GET_BLOCK "\x82\x87\x84\x41\x09localhost"
#define GET_SIZE 14
#define ECHO_BLOCK "\x83\x87\x04\x05/echo\x41\x09localhost"
#define ECHO_SIZE 20

static size_t post(char *to, uint32_t id)
{
    return put(to, ECHO_SIZE, 1, 4, id, ECHO_BLOCK);
}

static size_t put(char *to, size_t n, uint8_t type, uint8_t flags, uint32_t stream, const char *p)
{
    char head[9] = {(char)(n >> 16), (char)(n >> 8), (char)n, (char)type, (char)flags,
                    (char)(stream >> 24), (char)(stream >> 16), (char)(stream >> 8), (char)stream};
    memcpy(to, head, 9);
    if (p)
        memcpy(to + 9, p, n);
    return 9 + n;
}

static void raw_begin(struct world *w, size_t pipe)
{
    char text[64];
    memcpy(text, PREFACE, 24);
    size_t n = 24 + put(text + 24, 0, 4, 0, 0, NULL);
    n += put(text + n, 0, 4, 1, 0, NULL);
    world_init(w, pipe, NULL, STR_NONE);
    assert_true(client_send(w, text, n));
    world_run(w);
}

/* GOAWAY's error code in what the client got; -1: none. */
static int goaway_of(struct world *w)
{
    struct str in = buf_str(&w->in);
    int code = -1;
    while (in.n >= 9) {
        size_t n = (size_t)(uint8_t)in.p[0] << 16 | (size_t)(uint8_t)in.p[1] << 8 | (uint8_t)in.p[2];
        if (in.p[3] == 7 && in.n >= 17)
            code = (uint8_t)in.p[16];
        in = str_from(in, 9 + n);
    }
    return code;
}

/* Frames made by `make` until the server has enough. How many it took; 0: it never had. */
static unsigned flood(struct world *w, unsigned max, size_t (*make)(char *to, unsigned i))
{
    char text[512];
    for (unsigned i = 0; i < max; i++) {
        size_t n = make(text, i);
        if (!client_send(w, text, n) || goaway_of(w) >= 0)
            return i + 1;
        if (i % 16 == 0)
            world_run(w);
    }
    world_run(w);
    return goaway_of(w) >= 0 ? max : 0;
}

static size_t rapid_reset(char *to, unsigned i)
{
    size_t n = put(to, GET_SIZE, 1, 5, 2 * i + 1, GET_BLOCK);
    return n + put(to + n, 4, 3, 0, 2 * i + 1, "\0\0\0\x8");
}
static size_t made_you_reset_window(char *to, unsigned i)
{
    size_t n = put(to, GET_SIZE, 1, 5, 2 * i + 1, GET_BLOCK);
    return n + put(to + n, 4, 8, 0, 2 * i + 1, "\x7f\xff\xff\xff");
}
static size_t made_you_reset_zero(char *to, unsigned i)
{
    size_t n = put(to, GET_SIZE, 1, 5, 2 * i + 1, GET_BLOCK);
    return n + put(to + n, 4, 8, 0, 2 * i + 1, "\0\0\0\0");
}
static size_t settings_flood(char *to, unsigned i)
{
    return put(to, 6, 4, 0, 0, "\0\x4\0\0\x80\0");
}
static size_t ping_flood(char *to, unsigned i)
{
    return put(to, 8, 6, 0, 0, "12345678");
}
static size_t priority_flood(char *to, unsigned i)
{
    return put(to, 5, 2, 0, 2 * i + 1, "\0\0\0\0\x10");
}
static size_t window_flood(char *to, unsigned i)
{
    return put(to, 4, 8, 0, 0, "\0\0\0\1");
}
static size_t empty_data(char *to, unsigned i)
{
    size_t n = i ? 0 : put(to, GET_SIZE, 1, 4, 1, GET_BLOCK);
    return n + put(to + n, 0, 0, 0, 1, NULL);
}
static size_t empty_continuations(char *to, unsigned i)
{
    size_t n = i ? 0 : put(to, GET_SIZE, 1, 0, 1, GET_BLOCK);
    return n + put(to + n, 0, 9, 0, 1, NULL);
}
static size_t unknown_frames(char *to, unsigned i)
{
    return put(to, 3, 0xbb, 0, 0, "abc");
}
static size_t malformed_heads(char *to, unsigned i)
{
    return put(to, GET_SIZE - 1, 1, 5, 2 * i + 1, "\x82\x87\x84\x82\x87\x84\x82\x87\x84\x82\x87\x84\x84");
}

/* Trailers that may have crossed our reset on their way are no fault, but not free either. */
static size_t late_trailers(char *to, unsigned i)
{
    size_t n = i ? 0 : put(to, 21, 1, 4, 1, "\x82\x87\x04\x06/reset\x41\x09localhost");
    return n + put(to + n, 4, 1, 5, 1, "\0\1x\0");
}

static void floods_are_ended(void **state)
{
    static const struct {
        const char *name;
        size_t (*make)(char *, unsigned);
        unsigned max;
    } rows[] = {
        {"rapid reset", rapid_reset, 200},
        {"made you reset, window overflow", made_you_reset_window, 200},
        {"made you reset, zero increment", made_you_reset_zero, 200},
        {"settings", settings_flood, 64},
        {"ping", ping_flood, 400},
        {"priority", priority_flood, 2000},
        {"window", window_flood, 2000},
        {"empty data", empty_data, 128},
        {"empty continuations", empty_continuations, 40},
        {"unknown frames", unknown_frames, 200},
        {"late trailers", late_trailers, 200},
        {"malformed heads", malformed_heads, 200},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        raw_begin(&w, 65536);
        unsigned n = flood(&w, 3000, rows[i].make);
        client_read(&w);
        world_run(&w);
        print_message("%s: %u frames, code %d\n", rows[i].name, n, goaway_of(&w));
        assert_true(n > 0 && n <= rows[i].max);
        assert_true(goaway_of(&w) > 0);
        world_pass(&w, SECOND);
        assert_true(w.closed);
        world_done_free(&w);
        assert_int_equal(w.begun, w.gone);
    }
}

static void bombs_are_bounded(void **state)
{
    struct world w;
    raw_begin(&w, 1 << 20);
    /* an entry of nearly 4 KiB, then references to it */
    static char block[16384];
    size_t n = 0;
    memcpy(block, GET_BLOCK, GET_SIZE);
    n = GET_SIZE;
    block[n++] = 0x40;
    block[n++] = 1;
    block[n++] = 'x';
    memcpy(block + n, "\x7f\xa1\x1e", 3); /* 127 + 0x21 + (0x1e << 7) = 4000 */
    n += 3;
    memset(block + n, 'v', 4000);
    n += 4000;
    memset(block + n, 0xbe, 12000);
    n += 12000;
    static char frame[16384 + 9];
    size_t size = put(frame, n, 1, 5, 1, block);
    assert_true(client_send(&w, frame, size));
    world_run(&w);
    assert_int_equal(goaway_of(&w), NGHTTP2_ENHANCE_YOUR_CALM);
    world_pass(&w, SECOND);
    assert_true(w.closed);
    assert_int_equal(w.metrics.http_floods, 1);
    world_done_free(&w);
}

/* A peer that never reads cannot make us keep answers without end. */
static void unread_answers_are_bounded(void **state)
{
    struct world w;
    raw_begin(&w, 20000);
    w.client->on_event = NULL;
    char text[512];
    for (unsigned i = 0; i < 20000; i++) {
        size_t n = put(text, GET_SIZE, 1, 5, 2 * i + 1, GET_BLOCK);
        if (!client_send(&w, text, n))
            break;
        world_run(&w);
    }
    assert_true(w.begun < 1500);
    world_pass(&w, 70 * SECOND);
    assert_true(w.closed);
    world_done_free(&w);
    assert_int_equal(w.begun, w.gone);
}

static void input_split_at_every_byte(void **state)
{
    char text[256];
    memcpy(text, PREFACE, 24);
    size_t n = 24 + put(text + 24, 0, 4, 0, 0, NULL);
    n += put(text + n, GET_SIZE, 1, 5, 1, GET_BLOCK);
    n += put(text + n, 8, 6, 0, 0, "12345678");
    n += put(text + n, ECHO_SIZE, 1, 4, 3, ECHO_BLOCK);
    n += put(text + n, 3, 0, 1, 3, "abc");
    size_t length = 0;
    for (size_t cut = 0; cut <= n; cut++) {
        struct world w;
        world_init(&w, 65536, NULL, cut % 2 ? str_of(text, cut) : STR_NONE);
        if (cut % 2 == 0)
            assert_true(client_send(&w, text, cut));
        world_run(&w);
        assert_true(client_send(&w, text + cut, n - cut));
        world_run(&w);
        assert_int_equal(w.begun, 2);
        assert_int_equal(w.gone, 2);
        assert_int_equal(w.body_in, 3);
        if (cut)
            assert_int_equal(w.in.n, length);
        length = w.in.n;
        world_done_free(&w);
    }
}

static void faults(void **state)
{
    static const struct {
        const char *name;
        size_t n;
        const char *bytes;
        int code;
    } rows[] = {
        {"no preface", 30, "GET / HTTP/1.1\r\nHost: a\r\n\r\n.......", 1},
        {"DATA on stream 0", 24 + 9 + 10, PREFACE "\0\0\0\4\0\0\0\0\0" "\0\0\1\0\0\0\0\0\0x", 1},
        {"HEADERS first", 24 + 10, PREFACE "\0\0\1\1\5\0\0\0\1\x82", 1},
        {"even stream", 24 + 9 + 10, PREFACE "\0\0\0\4\0\0\0\0\0" "\0\0\1\1\5\0\0\0\2\x82", 1},
        {"bad HPACK index", 24 + 9 + 10, PREFACE "\0\0\0\4\0\0\0\0\0" "\0\0\1\1\5\0\0\0\1\x80", 9},
        {"frame too large", 24 + 9 + 9, PREFACE "\0\0\0\4\0\0\0\0\0" "\0\x40\1\0\0\0\0\0\1", 6},
        {"PING of 7 bytes", 24 + 9 + 16, PREFACE "\0\0\0\4\0\0\0\0\0" "\0\0\7\6\0\0\0\0\0" "1234567", 6},
        {"a lower stream", 24 + 9 + 2 * (9 + GET_SIZE), PREFACE "\0\0\0\4\0\0\0\0\0"
         "\0\0\x0e\1\5\0\0\0\5" GET_BLOCK "\0\0\x0e\1\5\0\0\0\3" GET_BLOCK, 1},
        {"a stream again", 24 + 9 + 2 * (9 + GET_SIZE), PREFACE "\0\0\0\4\0\0\0\0\0"
         "\0\0\x0e\1\5\0\0\0\1" GET_BLOCK "\0\0\x0e\1\5\0\0\0\1" GET_BLOCK, 5},
        {"PRIORITY_UPDATE about stream 0", 24 + 9 + 9 + 7, PREFACE "\0\0\0\4\0\0\0\0\0"
         "\0\0\7\x10\0\0\0\0\0" "\0\0\0\0u=1", 1},
        {"PRIORITY_UPDATE of 3 bytes", 24 + 9 + 9 + 3, PREFACE "\0\0\0\4\0\0\0\0\0"
         "\0\0\3\x10\0\0\0\0\0" "\0\0\0", 6},
        {"PUSH_PROMISE", 24 + 9 + 14, PREFACE "\0\0\0\4\0\0\0\0\0" "\0\0\5\5\4\0\0\0\1\0\0\0\2\x82", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world w;
        world_init(&w, 65536, NULL, STR_NONE);
        client_send(&w, rows[i].bytes, rows[i].n);
        world_run(&w);
        print_message("%s: %d\n", rows[i].name, goaway_of(&w));
        assert_int_equal(goaway_of(&w), rows[i].code);
        world_pass(&w, SECOND);
        assert_true(w.closed);
        world_done_free(&w);
    }
}

static void freed_at_any_moment(void **state)
{
    for (int turns = 0; turns < 12; turns++) {
        struct client c;
        client_new(&c, 2000, NULL, 0);
        ask(&c, "GET", "/big/100000", NULL, 0);
        ask(&c, "GET", "/hold", NULL, 0);
        const uint8_t *p;
        ssize_t n;
        while ((n = nghttp2_session_mem_send(c.ng, &p)) > 0)
            client_send(&c.w, p, (size_t)n);
        for (int i = 0; i < turns; i++)
            loop_turn(c.w.loop, c.w.loop->now);
        client_done(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_one),
        cmocka_unit_test(large_bodies_through_any_pipe),
        cmocka_unit_test(uploads_are_credited),
        cmocka_unit_test(heads_are_read),
        cmocka_unit_test(large_heads_get_431),
        cmocka_unit_test(crumbs_are_one_field),
        cmocka_unit_test(heads_are_judged_as_in_http1),
        cmocka_unit_test(resets_end_exchanges),
        cmocka_unit_test(urgent_streams_go_first),
        cmocka_unit_test(draining_loses_nothing),
        cmocka_unit_test(requests_are_limited),
        cmocka_unit_test(deadlines),
        cmocka_unit_test(each_stream_must_move),
        cmocka_unit_test(each_stream_must_keep_the_rate),
        cmocka_unit_test(waiting_for_others_is_no_stall),
        cmocka_unit_test(a_slow_network_is_no_stall),
        cmocka_unit_test(an_unread_connection_ends),
        cmocka_unit_test(uploads_must_move),
        cmocka_unit_test(floods_are_ended),
        cmocka_unit_test(bombs_are_bounded),
        cmocka_unit_test(unread_answers_are_bounded),
        cmocka_unit_test(input_split_at_every_byte),
        cmocka_unit_test(faults),
        cmocka_unit_test(freed_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
