/* Requests as text; answers whole, in every two pieces, byte by byte, sloppy, cut and hostile. */
#include "audit/http_client.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

struct rig {
    struct arena arena;
    struct http_client c;
};

static void rig_init(struct rig *r, enum method to)
{
    arena_init(&r->arena, 4096, 4 << 20);
    http_client_init(&r->c, &r->arena, to);
}

static void rig_done(struct rig *r)
{
    http_client_done(&r->c);
    arena_done(&r->arena);
}

/* Feeds in pieces of `piece` bytes; the last result, *used in all. */
static int feed(struct rig *r, struct str in, size_t piece, size_t *used)
{
    int err = -ERR_NEED_MORE;
    size_t at = 0, n = 0;
    while (err == -ERR_NEED_MORE && at < in.n) {
        struct str part = str_sub(in, at, piece);
        err = http_client_feed(&r->c, part, &n);
        at += err == 0 ? n : part.n;
    }
    *used = at;
    return err;
}

static const struct http_answer *answer(struct rig *r, struct str in, size_t piece)
{
    size_t used;
    rig_init(r, METHOD_GET);
    assert_int_equal(feed(r, in, piece, &used), 0);
    assert_int_equal(used, in.n);
    return &r->c.answer;
}

static void value_is(const struct http_answer *a, const char *name, const char *value)
{
    struct str v = http_answer_value(a, str_c(name));
    assert_int_equal(v.n, strlen(value));
    assert_memory_equal(v.p, value, v.n);
}

static void body_is(const struct http_answer *a, const char *text)
{
    assert_int_equal(a->body.n, strlen(text));
    assert_memory_equal(a->body.p, text, a->body.n);
}

static void requests(void **state)
{
    struct buf out;
    buf_init(&out, 4096);
    struct http_request r = {.host = STR("example.com")};
    assert_int_equal(http_client_request(&out, &r), 0);
    assert_true(
        str_eq(buf_str(&out), STR("GET / HTTP/1.1\r\nHost: example.com\r\n"
                                  "User-Agent: gate443-audit/" GATE443_VERSION "\r\n"
                                  "Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: identity\r\n"
                                  "Connection: close\r\n\r\n")));
    buf_clear(&out);
    struct field f[] = {{STR("connection"), STR("upgrade"), 0},
                        {STR("Upgrade"), STR("TLS/1.0"), 0}};
    r = (struct http_request){.method = STR("OPTIONS"),
                              .target = STR("*"),
                              .host = STR("a:81"),
                              .fields = f,
                              .nfields = 2};
    assert_int_equal(http_client_request(&out, &r), 0);
    assert_true(str_starts(buf_str(&out), STR("OPTIONS * HTTP/1.1\r\nHost: a:81\r\n")));
    assert_true(str_ends(buf_str(&out), STR("connection: upgrade\r\nUpgrade: TLS/1.0\r\n\r\n")));
    assert_null(memmem(out.mem, out.n, "Connection", 10));
    buf_done(&out);
}

static void requests_refused(void **state)
{
    struct buf out;
    struct field f = {STR("X"), STR("a\r\nB: c"), 0};
    struct http_request bad[] = {
        {.host = STR("")},
        {.host = STR("a b")},
        {.host = STR("a\r\nX: y")},
        {.host = STR("a"), .target = STR("/ HTTP/1.1")},
        {.host = STR("a"), .method = STR("G T")},
        {.host = STR("a"), .fields = &f, .nfields = 1},
    };
    buf_init(&out, 4096);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(http_client_request(&out, &bad[i]), -ERR_INVAL);
    assert_int_equal(out.n, 0);
    buf_done(&out);
}

static const struct {
    const char *name, *in, *body;
    enum http_end end;
    unsigned status;
} whole[] = {
    {"length",
     "HTTP/1.1 200 OK\r\nServer: X\r\nContent-Length: 5\r\n"
     "\r\nhello",
     "hello", HTTP_END_LENGTH, 200},
    {"chunks",
     "HTTP/1.1 200 OK\r\nServer: X\r\nTransfer-Encoding: chunked\r\n"
     "\r\n3;a=b\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
     "hello", HTTP_END_CHUNK, 200},
    {"trailers",
     "HTTP/1.1 200 OK\r\nServer: X\r\nTransfer-Encoding: chunked\r\n"
     "\r\n5\r\nhello\r\n0\r\nA: b\r\nC: d\r\n\r\n",
     "hello", HTTP_END_CHUNK, 200},
    {"interim",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n"
     "Link: x\r\n\r\nHTTP/1.1 404 No\r\nServer: X\r\nContent-Length: 0\r\n\r\n",
     "", HTTP_END_EMPTY, 404},
    {"no content", "HTTP/1.1 204 No Content\r\nServer: X\r\n\r\n", "", HTTP_END_EMPTY, 204},
    {"switching",
     "HTTP/1.1 101 Switching Protocols\r\nServer: X\r\n"
     "Upgrade: TLS/1.0\r\nConnection: upgrade\r\n\r\n",
     "", HTTP_END_SWITCH, 101},
};

static void whole_answers(void **state)
{
    for (size_t i = 0; i < sizeof whole / sizeof *whole; i++)
        for (size_t piece = 1; piece <= strlen(whole[i].in); piece++) {
            struct rig r;
            const struct http_answer *a = answer(&r, str_c(whole[i].in), piece);
            assert_int_equal(a->status, whole[i].status);
            assert_int_equal(a->end, whole[i].end);
            assert_int_equal(a->sloppy, 0);
            assert_false(a->truncated);
            assert_int_equal(a->body_bytes, strlen(whole[i].body));
            body_is(a, whole[i].body);
            value_is(a, "server", "X");
            rig_done(&r);
        }
}

static void order_and_case_stay(void **state)
{
    struct rig r;
    const struct http_answer *a = answer(&r,
                                         STR("HTTP/1.1 200 OK\r\nsErVeR: 1\r\nSet-Cookie: a=1\r\n"
                                             "set-cookie: b=2\r\nContent-Length: 0\r\n\r\n"),
                                         7);
    assert_int_equal(a->nfields, 4);
    assert_true(str_eq(a->fields[0].name, STR("sErVeR")));
    assert_true(str_eq(a->fields[1].value, STR("a=1")));
    assert_true(str_eq(a->fields[2].name, STR("set-cookie")));
    assert_true(a->keep_alive);
    rig_done(&r);
}

static void what_follows_is_left(void **state)
{
    struct rig r;
    size_t used;
    struct str in = STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 500 X\r\n\r\n");
    rig_init(&r, METHOD_GET);
    assert_int_equal(http_client_feed(&r.c, in, &used), 0);
    assert_true(str_starts(str_from(in, used), STR("HTTP/1.1 500")));
    assert_int_equal(http_client_feed(&r.c, STR("more"), &used), 0);
    assert_int_equal(used, 0);
    rig_done(&r);
}

static void head_has_no_body(void **state)
{
    struct rig r;
    size_t used;
    rig_init(&r, METHOD_HEAD);
    assert_int_equal(feed(&r, STR("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"), 9, &used), 0);
    assert_int_equal(r.c.answer.end, HTTP_END_EMPTY);
    rig_done(&r);
}

static void until_close(void **state)
{
    struct rig r;
    size_t used;
    for (int clean = 0; clean < 2; clean++) {
        rig_init(&r, METHOD_GET);
        assert_int_equal(feed(&r, STR("HTTP/1.0 200 OK\r\n\r\nabc"), 4, &used), -ERR_NEED_MORE);
        assert_int_equal(http_client_close(&r.c, clean), 0);
        assert_int_equal(r.c.answer.end, HTTP_END_CLOSE);
        assert_int_equal(r.c.answer.clean_close, clean);
        assert_false(r.c.answer.truncated);
        assert_false(r.c.answer.keep_alive);
        body_is(&r.c.answer, "abc");
        rig_done(&r);
    }
}

static void cut_short(void **state)
{
    static const char *const cut[] = {
        "HTTP/1.1 200 OK\r\nServer: X\r\nContent-Length: 5\r\n\r\nhel",
        "HTTP/1.1 200 OK\r\nServer: X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        "HTTP/1.1 200 OK\r\nServer: X\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n",
        "HTTP/1.1 200 OK\r\nServer: X\r\nContent-Le",
        "HTTP/1.1 200 OK\r\nServer: X\r\n",
    };
    struct rig r;
    size_t used;
    for (size_t i = 0; i < sizeof cut / sizeof *cut; i++) {
        rig_init(&r, METHOD_GET);
        assert_int_equal(feed(&r, str_c(cut[i]), 5, &used), -ERR_NEED_MORE);
        assert_int_equal(http_client_close(&r.c, false), 0);
        assert_int_equal(r.c.answer.end, HTTP_END_CUT);
        assert_true(r.c.answer.truncated);
        assert_int_equal(r.c.answer.sloppy, 0);
        value_is(&r.c.answer, "Server", "X");
        rig_done(&r);
    }
    rig_init(&r, METHOD_GET);
    assert_int_equal(http_client_close(&r.c, true), -ERR_EOF);
    rig_done(&r);
}

static const struct {
    const char *in;
    unsigned sloppy;
    const char *name, *value;
} sloppy[] = {
    {"HTTP/1.1 200 OK\nServer: X\nContent-Length: 2\n\nok", HTTP_SLOPPY_NEWLINE, "server", "X"},
    {"\r\nHTTP/1.1 200 OK\r\nServer: X\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_NEWLINE,
     "server", "X"},
    {"HTTP/1.1 200 OK\r\nServer : X\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_COLON, "server",
     "X"},
    {"HTTP/1.1 200 OK\r\nServer: X\r\n  and Y\r\nContent-Length: 2\r\n"
     "\r\nok",
     HTTP_SLOPPY_FOLD, "server", "X    and Y"},
    {"HTTP/1.1 200 OK\r\nServer:\r\n\tY\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_FOLD, "server",
     "Y"},
    {"HTTP/1.1 200 OK\r\nwhat is this\r\n and this\r\nServer: X\r\n"
     "Content-Length: 2\r\n\r\nok",
     HTTP_SLOPPY_LINE, "server", "X"},
    {"HTTP/1.1 200 OK\r\nServer: X\001Y\r\nContent-Length: 2\r\n"
     "\r\nok",
     HTTP_SLOPPY_CONTROL, "server", "X Y"},
    {"HTTP/1.1 200 OK\r\nServer: X\r\nContent-Length: 2\r\nContent-Length: 3\r\n"
     "\r\nok",
     HTTP_SLOPPY_LENGTH, "server", "X"},
    {"HTTP/1.1  200 OK\r\nServer: X\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_STATUS, "server",
     "X"},
    {"HTTP/1.1 999 No\r\nServer: X\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_STATUS, "server",
     "X"},
    {"HTTP/2 200\r\nServer: X\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_STATUS, "server", "X"},
    {"http/1.1 200\r\nServer: X\r\nContent-Length: 2\r\n\r\nok", HTTP_SLOPPY_STATUS, "server", "X"},
};

static void sloppy_answers(void **state)
{
    for (size_t i = 0; i < sizeof sloppy / sizeof *sloppy; i++)
        for (size_t piece = 1; piece < 99; piece += 14) {
            struct rig r;
            const struct http_answer *a = answer(&r, str_c(sloppy[i].in), piece);
            assert_int_equal(a->sloppy, sloppy[i].sloppy);
            value_is(a, sloppy[i].name, sloppy[i].value);
            body_is(a, "ok");
            rig_done(&r);
        }
}

static void not_http(void **state)
{
    static const char *const in[] = {"SSH-2.0-OpenSSH_9.2\r\n",
                                     "\x15\x03\x01",
                                     "<html>",
                                     "HTTPS/1.1 200 OK\r\n"
                                     "\r\n",
                                     "HTTP/1.1 OK\r\n\r\n",
                                     "HTTP/1.1 20\r\n\r\n"};
    for (size_t i = 0; i < sizeof in / sizeof *in; i++) {
        struct rig r;
        size_t used;
        rig_init(&r, METHOD_GET);
        assert_int_equal(feed(&r, str_c(in[i]), 100, &used), -ERR_HTTP_MALFORMED);
        rig_done(&r);
    }
}

static void bad_chunk_keeps_the_rest(void **state)
{
    struct rig r;
    size_t used;
    rig_init(&r, METHOD_GET);
    assert_int_equal(feed(&r,
                          STR("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n"
                              "\r\n2\r\nok\r\nzz\r\n"),
                          100, &used),
                     0);
    assert_int_equal(r.c.answer.end, HTTP_END_FAULT);
    assert_false(r.c.answer.keep_alive);
    body_is(&r.c.answer, "ok");
    rig_done(&r);
}

static void large_bodies_are_counted(void **state)
{
    struct rig r;
    size_t used;
    static char text[100000];
    memset(text, 'x', sizeof text);
    rig_init(&r, METHOD_GET);
    assert_int_equal(feed(&r,
                          STR("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n"
                              "\r\n"),
                          99, &used),
                     -ERR_NEED_MORE);
    for (int i = 0; i < 10; i++)
        assert_int_equal(http_client_feed(&r.c, str_of(text, sizeof text), &used),
                         i < 9 ? -ERR_NEED_MORE : 0);
    assert_int_equal(r.c.answer.body_bytes, 1000000);
    assert_int_equal(r.c.answer.body.n, HTTP_BODY_KEPT);
    rig_done(&r);
}

static void endless_heads_end(void **state)
{
    struct rig r;
    size_t used;
    int err = -ERR_NEED_MORE;
    rig_init(&r, METHOD_GET);
    assert_int_equal(feed(&r, STR("HTTP/1.1 200 OK\r\n"), 99, &used), -ERR_NEED_MORE);
    for (int i = 0; i < 10000 && err == -ERR_NEED_MORE; i++)
        err = http_client_feed(&r.c, STR("X: aaaaaaaaaaaaaaaa\r\n"), &used);
    assert_int_equal(err, -ERR_HTTP_FIELDS_TOO_LARGE);
    rig_done(&r);
    rig_init(&r, METHOD_GET);
    err = -ERR_NEED_MORE;
    for (int i = 0; i < 100 && err == -ERR_NEED_MORE; i++)
        err = http_client_feed(&r.c, STR("HTTP/1.1 100 Continue\r\n\r\n"), &used);
    assert_int_equal(err, -ERR_TOO_MANY);
    assert_int_equal(r.c.answer.interim, HTTP_INTERIM_MAX + 1);
    rig_done(&r);
}

static void many_fields(void **state)
{
    struct rig r;
    size_t used;
    rig_init(&r, METHOD_GET);
    assert_int_equal(feed(&r, STR("HTTP/1.1 204 OK\r\n"), 99, &used), -ERR_NEED_MORE);
    for (int i = 0; i < 300; i++)
        assert_int_equal(http_client_feed(&r.c, STR("X: a\r\n"), &used), -ERR_NEED_MORE);
    assert_int_equal(http_client_feed(&r.c, STR("\r\n"), &used), 0);
    assert_int_equal(r.c.answer.nfields, HTTP_FIELDS_MAX);
    assert_int_equal(r.c.answer.sloppy, HTTP_SLOPPY_MANY);
    rig_done(&r);
}

static void memory_runs_out(void **state)
{
    for (size_t max = 0; max < 600; max += 16) {
        struct rig r;
        size_t used;
        rig_init(&r, METHOD_GET);
        r.arena.max = max;
        int err = feed(&r, STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), 99, &used);
        assert_true(err == 0 || err == -ERR_NOMEM);
        rig_done(&r);
    }
}

static void answers_of_h2(void **state)
{
    struct field f = {STR("server"), STR("X"), FIELD_SERVER};
    struct h2_client_answer from = {.id = 1,
                                    .end = H2_CLIENT_DONE,
                                    .status = 200,
                                    .fields = &f,
                                    .nfields = 1,
                                    .body = STR("ok"),
                                    .body_bytes = 2};
    struct http_answer a;
    http_client_from_h2(&a, &from);
    assert_int_equal(a.status, 200);
    assert_int_equal(a.version, HTTP_2);
    assert_int_equal(a.end, HTTP_END_CHUNK);
    assert_int_equal(a.sloppy, 0);
    value_is(&a, "Server", "X");
    body_is(&a, "ok");
    from.end = H2_CLIENT_GONE;
    from.cut = true;
    http_client_from_h2(&a, &from);
    assert_true(a.truncated);
    assert_int_equal(a.end, HTTP_END_CUT);
    assert_int_equal(a.sloppy, HTTP_SLOPPY_MANY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests),
        cmocka_unit_test(requests_refused),
        cmocka_unit_test(whole_answers),
        cmocka_unit_test(order_and_case_stay),
        cmocka_unit_test(what_follows_is_left),
        cmocka_unit_test(head_has_no_body),
        cmocka_unit_test(until_close),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(sloppy_answers),
        cmocka_unit_test(not_http),
        cmocka_unit_test(bad_chunk_keeps_the_rest),
        cmocka_unit_test(large_bodies_are_counted),
        cmocka_unit_test(endless_heads_end),
        cmocka_unit_test(many_fields),
        cmocka_unit_test(memory_runs_out),
        cmocka_unit_test(answers_of_h2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
