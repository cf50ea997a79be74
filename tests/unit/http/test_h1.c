/* The HTTP/1 engine and the exchange over it: framing, order, limits, deadlines, endings. */
#include "h1_rig.h"

#include "http/h1.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define HOST "Host: example.com\r\n"
#define GET(path) "GET " path " HTTP/1.1\r\n" HOST "\r\n"

static void has(struct rig *r, const char *text)
{
    if (!strstr(rig_got(r), text))
        fail_msg("no \"%s\" in:\n%s", text, rig_got(r));
}

static void hasnt(struct rig *r, const char *text)
{
    if (strstr(rig_got(r), text))
        fail_msg("\"%s\" in:\n%s", text, rig_got(r));
}

static void one_get(void **state)
{
    struct rig r;
    rig_open(&r, 10000);
    rig_start(&r);
    rig_send(&r, GET("/hello"));
    assert_string_equal(rig_got(&r), "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nserver: gate443\r\n"
                                     "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 6\r\n\r\nhello\n");
    assert_false(r.closed);
    assert_int_equal(r.done, 1);
    assert_int_equal(r.gone, 1);
    assert_int_equal(r.metrics.http_2xx, 1);
    assert_int_equal(r.metrics.bytes_out, 6);
    rig_close(&r);
}

static unsigned reads, writes;
static const struct stream_ops *real;

static ssize_t counted_read(struct stream *s, void *p, size_t n)
{
    reads++;
    return real->read(s, p, n);
}

static ssize_t counted_write(struct stream *s, const struct str *parts, size_t n, bool more)
{
    writes++;
    return real->write(s, parts, n, more);
}

/* What decides about speed: one read and one write for a request, or for a batch of them. Idle, the
 * memory goes back. */
static void costs(void **state)
{
    struct stream_ops counted;
    struct rig r;
    rig_open(&r, 100000);
    real = r.conn.stream->ops;
    counted = *real;
    counted.read = counted_read;
    counted.write = counted_write;
    r.conn.stream->ops = &counted;
    rig_start(&r);
    rig_run(&r, MILLISECOND);
    for (int i = 0; i < 3; i++) {
        reads = writes = 0;
        rig_send(&r, i < 2 ? GET("/hello") : GET("/hello") GET("/hello") GET("/hello"));
        assert_int_equal(reads, 1);
        assert_int_equal(writes, 1);
    }
    assert_int_equal(rig_count(&r, "200 OK"), 5);
    assert_true(((struct h1 *)r.session)->arena.chunks != NULL);
    rig_run(&r, 3 * SECOND);
    assert_null(((struct h1 *)r.session)->arena.chunks);
    assert_null(((struct h1 *)r.session)->out.mem);
    assert_null(((struct h1 *)r.session)->in.mem);
    r.conn.stream->ops = real;
    rig_close(&r);
}

static void pipelined_at_any_capacity(void **state)
{
    static const char text[] = GET("/hello") GET("/big") GET("/none") GET("/big?chunked")
        "POST /collect HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabc" GET("/trailers")
        "HEAD /big HTTP/1.1\r\n" HOST "\r\n" GET("/hello");
    size_t capacities[] = {7, 100, 4096, 100000};
    size_t length = 0;
    for (size_t i = 0; i < 4; i++) {
        struct rig r;
        rig_open(&r, capacities[i]);
        rig_start(&r);
        rig_send(&r, text);
        rig_run(&r, SECOND);
        assert_int_equal(r.done, 8);
        assert_int_equal(rig_count(&r, "HTTP/1.1 200 OK\r\n"), 7);
        assert_int_equal(rig_count(&r, "content-length: 300000\r\n"), 2);
        has(&r, "0\r\nx-sum: 42\r\n\r\n");
        assert_true(str_ends(buf_str(&r.got), STR("hello\n")));
        assert_true(r.got.n > 600000);
        if (capacities[i] >= 4096 && length == 0)
            length = r.got.n;
        assert_false(r.closed);
        rig_close(&r);
    }
}

static void split_everywhere(void **state)
{
    static const char text[] = "POST /collect HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                               "5;x=\"y\"\r\nhello\r\n3\r\n wo\r\n0\r\nX-T: 1\r\n\r\n" GET("/hello");
    for (size_t cut = 1; cut < sizeof text - 1; cut++) {
        struct rig r;
        rig_open(&r, 4000);
        rig_start(&r);
        rig_sendn(&r, text, cut);
        rig_sendn(&r, text + cut, sizeof text - 1 - cut);
        assert_int_equal(rig_count(&r, "HTTP/1.1 200 OK\r\n"), 2);
        assert_true(str_eq(buf_str(&r.body), STR("hello wo")));
        rig_close(&r);
    }
    struct rig r;
    rig_open(&r, 4000);
    rig_start(&r);
    for (size_t i = 0; i < sizeof text - 1; i++)
        rig_sendn(&r, text + i, 1);
    assert_int_equal(rig_count(&r, "HTTP/1.1 200 OK\r\n"), 2);
    rig_close(&r);
}

static void head_has_no_body(void **state)
{
    struct rig r;
    rig_once(&r, "HEAD /hello HTTP/1.1\r\n" HOST "\r\nHEAD /none HTTP/1.1\r\n" HOST
                 "\r\nHEAD /big?chunked HTTP/1.1\r\n" HOST "\r\n");
    has(&r, "content-length: 6\r\n");
    hasnt(&r, "hello\n");
    hasnt(&r, "<html");
    has(&r, "404");
    assert_int_equal(rig_count(&r, "\r\n\r\n"), 3);
    assert_int_equal(r.done, 3);
    rig_close(&r);
}

static void echo_both_ways(void **state)
{
    enum { N = 500000 };
    char *text = malloc(N + 200);
    int head = sprintf(text, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: %d\r\n\r\n", N);
    for (int i = 0; i < N; i++)
        text[head + i] = (char)('a' + i % 26);
    size_t capacities[] = {100, 5000, 70000};
    for (size_t i = 0; i < 3; i++) {
        struct rig r;
        rig_open(&r, capacities[i]);
        rig_start(&r);
        rig_sendn(&r, text, (size_t)head + N);
        rig_run(&r, SECOND);
        assert_int_equal(r.body.n, N);
        has(&r, "transfer-encoding: chunked\r\n");
        assert_true(str_ends(buf_str(&r.got), STR("\r\n0\r\n\r\n")));
        assert_int_equal(r.metrics.bytes_in, N);
        assert_int_equal(r.metrics.bytes_out, N);
        assert_false(r.closed);
        rig_close(&r);
    }
    free(text);
}

static void http_10(void **state)
{
    struct rig r;
    rig_once(&r, "GET /hello HTTP/1.0\r\n\r\n");
    has(&r, "connection: close\r\n");
    assert_true(r.closed && r.ended && r.read_err == 0);
    rig_close(&r);
    rig_once(&r, "GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /big?chunked HTTP/1.0\r\nConnection: "
                 "keep-alive\r\n\r\n");
    assert_int_equal(rig_count(&r, "connection: keep-alive\r\n"), 1);
    hasnt(&r, "chunked\r\n");
    assert_true(r.closed && r.got.n > 300000);
    assert_int_equal(r.read_err, 0);
    rig_close(&r);
}

static void expects_continue(void **state)
{
    struct rig r;
    rig_open(&r, 10000);
    rig_start(&r);
    rig_send(&r, "POST /collect HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    assert_string_equal(rig_got(&r), "HTTP/1.1 100 Continue\r\n\r\n");
    rig_send(&r, "abc");
    has(&r, "HTTP/1.1 200 OK");
    assert_false(r.closed);
    rig_forget(&r);
    /* Nobody will read this one: no 100, and no guess whether the body comes. */
    rig_send(&r, "POST /hello HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n");
    hasnt(&r, "100 Continue");
    has(&r, "connection: close\r\n");
    assert_true(r.ended);
    rig_close(&r);
    rig_once(&r, "POST /collect HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 9999999\r\n\r\n");
    has(&r, "HTTP/1.1 413 ");
    hasnt(&r, "100 Continue");
    rig_close(&r);
}

static void body_limits(void **state)
{
    struct rig r;
    rig_open(&r, 300000);
    rig_start(&r);
    r.snapshot.limits.body_size = 10;
    rig_send(&r, "POST /collect HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n12345678901" GET("/hello"));
    has(&r, "HTTP/1.1 413 ");
    has(&r, "connection: close\r\n");
    hasnt(&r, "200 OK");
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    rig_close(&r);
    rig_open(&r, 300000);
    rig_start(&r);
    r.snapshot.limits.body_size = 10;
    rig_send(&r, "POST /collect HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"
                 "b\r\n12345678901\r\n0\r\n\r\n");
    has(&r, "HTTP/1.1 413 ");
    assert_int_equal(r.body.n, 0);
    rig_close(&r);
}

/* A handler without on_body: a small body is read to keep the connection, a large one is not. */
static void unwanted_bodies(void **state)
{
    struct rig r;
    char *text = calloc(1, 300000);
    rig_open(&r, 10000);
    rig_start(&r);
    rig_send(&r, "POST /hello HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n12345" GET("/hello"));
    assert_int_equal(rig_count(&r, "200 OK"), 2);
    int head = sprintf(text, "POST /hello HTTP/1.1\r\n" HOST "Content-Length: 200000\r\n\r\n");
    memset(text + head, 'x', 200000);
    rig_sendn(&r, text, (size_t)head + 200000);
    assert_int_equal(rig_count(&r, "200 OK"), 3);
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    assert_int_equal(r.closed_err, 0);
    rig_close(&r);
    /* chunked: its length shows only by and by */
    rig_open(&r, 10000);
    rig_start(&r);
    head = sprintf(text, "POST /hello HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n30d40\r\n");
    memset(text + head, 'x', 200000);
    rig_sendn(&r, text, (size_t)head + 200000);
    assert_int_equal(rig_count(&r, "200 OK"), 1);
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    rig_close(&r);
    free(text);
}

static void malformed(void **state)
{
    static const struct {
        const char *text, *answer;
    } rows[] = {
        {"GET /\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n\r\n", "400"},
        {"GET / HTTP/1.1\n" HOST "\n", "400"},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", "505"},
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", "400"},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "X : y\r\n\r\n", "400"},
        {"GET / HTTP/1.1\r\n" HOST "X: y\r\n z\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" HOST "Content-Length: 1\r\nContent-Length: 2\r\n\r\n", "400"},
        {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", "501"},
        {"POST /collect HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", "400"},
        {"POST /collect HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n1\r\nab", "400"},
        {"POST /collect HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nContent-Length: 1\r\n\r\n",
         "400"},
        {"GET /../x HTTP/1.1\r\n" HOST "\r\n", "400"},
        {"GET /%zz HTTP/1.1\r\n" HOST "\r\n", "400"},
        {"GET /..%2fb HTTP/1.1\r\n" HOST "\r\n", "400"},
        {"TRACE / HTTP/1.1\r\n" HOST "\r\n", "405"},
        {"CONNECT a:1 HTTP/1.1\r\n" HOST "\r\n", "405"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct rig r;
        char want[32];
        rig_once(&r, rows[i].text);
        snprintf(want, sizeof want, "HTTP/1.1 %s ", rows[i].answer);
        if (!str_starts(buf_str(&r.got), str_c(want)))
            fail_msg("%s answered by %s", rows[i].text, rig_got(&r));
        assert_int_equal(rig_count(&r, "HTTP/1.1"), 1);
        assert_int_equal(r.metrics.http_malformed, rows[i].answer[2] == '5' && rows[i].answer[0] == '4' ? 0 : 1);
        assert_int_equal(r.done, 1);
        rig_close(&r);
    }
}

static void too_large_heads(void **state)
{
    char *text = malloc(100000);
    for (int what = 0; what < 3; what++) {
        struct rig r;
        size_t n = (size_t)sprintf(text, what ? "GET / HTTP/1.1\r\n" HOST : "GET /");
        if (what == 2)
            for (int i = 0; i < 200; i++)
                n += (size_t)sprintf(text + n, "X%d: 1\r\n", i);
        else {
            n += (size_t)sprintf(text + n, "%s", what ? "X: " : "");
            memset(text + n, 'a', 20000);
            n += 20000;
        }
        memcpy(text + n, " \r\n\r\n", 6);
        rig_once(&r, text);
        has(&r, what ? "HTTP/1.1 431 " : "HTTP/1.1 414 ");
        assert_true(r.closed);
        assert_int_equal(r.closed_err, 0);
        rig_close(&r);
    }
    free(text);
}

static void slow_head(void **state)
{
    struct rig r;
    rig_open(&r, 10000);
    rig_start(&r);
    rig_send(&r, "GET /hello HT");
    for (int i = 0; i < 9; i++) {
        rig_run(&r, SECOND);
        rig_send(&r, "T");
    }
    assert_int_equal(r.got.n, 0);
    rig_run(&r, SECOND);
    has(&r, "HTTP/1.1 4");
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    rig_close(&r);
    rig_open(&r, 10000);
    rig_start(&r);
    rig_send(&r, "GET /hello HTTP/1.1\r\nHo");
    rig_run(&r, 9 * SECOND);
    assert_int_equal(r.got.n, 0);
    rig_run(&r, 2 * SECOND);
    has(&r, "HTTP/1.1 408 ");
    assert_int_equal(r.metrics.timeouts, 1);
    rig_close(&r);
}

static void idle(void **state)
{
    struct rig r;
    rig_open(&r, 10000);
    rig_start(&r);
    for (int i = 0; i < 5; i++) {
        rig_run(&r, 50 * SECOND);
        rig_send(&r, GET("/hello"));
    }
    assert_int_equal(r.done, 5);
    rig_forget(&r);
    rig_run(&r, 59 * SECOND);
    assert_false(r.ended);
    rig_run(&r, 2 * SECOND);
    assert_true(r.ended && r.read_err == 0);
    assert_int_equal(r.got.n, 0);
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    assert_int_equal(r.closed_err, 0);
    rig_close(&r);
}

static void slow_reader(void **state)
{
    struct rig r;
    char sink[3000];
    rig_open(&r, 10000);
    rig_start(&r);
    r.reading = false;
    rig_send(&r, GET("/big"));
    for (int i = 0; i < 40; i++) { /* slow, but fast enough */
        rig_run(&r, 10 * SECOND);
        assert_int_equal(stream_read(r.client, sink, sizeof sink), sizeof sink);
    }
    assert_false(r.closed);
    rig_run(&r, 21 * SECOND);
    assert_true(r.closed);
    assert_int_equal(r.closed_err, -ERR_TIMEOUT);
    assert_int_equal(r.gone, 1);
    rig_close(&r);
    rig_open(&r, 10000);
    rig_start(&r);
    r.reading = false;
    rig_send(&r, GET("/big"));
    for (int i = 0; i < 40 && !r.closed; i++) {
        rig_run(&r, SECOND);
        (void)stream_read(r.client, sink, 10);
    }
    assert_true(r.closed);
    assert_int_equal(r.closed_err, -ERR_TOO_SLOW);
    rig_close(&r);
}

static void slow_sender(void **state)
{
    struct rig r;
    rig_open(&r, 10000);
    rig_start(&r);
    rig_send(&r, "POST /collect HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n");
    for (int i = 0; i < 29; i++) {
        rig_run(&r, SECOND);
        rig_send(&r, "x");
    }
    assert_int_equal(r.got.n, 0);
    rig_run(&r, 2 * SECOND);
    has(&r, "HTTP/1.1 408 ");
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    rig_close(&r);
    rig_once(&r, "POST /collect HTTP/1.1\r\n" HOST "Content-Length: 1000\r\n\r\n123");
    has(&r, "HTTP/1.1 408 ");
    assert_int_equal(r.last_err, -ERR_TIMEOUT);
    rig_close(&r);
    rig_once(&r, GET("/wait")); /* our own slowness is no fault of the client */
    rig_run(&r, 500 * SECOND);
    assert_false(r.closed);
    assert_int_equal(exchange_reply(r.waiting, 200, STR_NONE, STR("late"), NULL, 0), 0);
    rig_run(&r, MILLISECOND);
    has(&r, "\r\n\r\nlate");
    rig_close(&r);
}

static void drains(void **state)
{
    struct rig r;
    rig_open(&r, 10000); /* idle: a request that crossed still gets its answer */
    rig_start(&r);
    rig_send(&r, GET("/hello"));
    r.conn.draining = true;
    session_drain(r.session);
    rig_run(&r, 900 * MILLISECOND);
    assert_false(r.ended);
    rig_forget(&r);
    rig_send(&r, GET("/hello"));
    has(&r, "connection: close\r\n");
    assert_true(r.ended);
    rig_run(&r, 3 * SECOND);
    assert_true(r.closed);
    rig_close(&r);
    rig_open(&r, 10000); /* nothing came */
    rig_start(&r);
    rig_send(&r, GET("/hello"));
    session_drain(r.session);
    rig_run(&r, 1100 * MILLISECOND);
    assert_true(r.ended && r.read_err == 0);
    rig_close(&r);
    rig_open(&r, 10000); /* what runs is finished */
    rig_start(&r);
    rig_send(&r, GET("/wait"));
    session_drain(r.session);
    rig_run(&r, 20 * SECOND);
    assert_false(r.ended);
    assert_int_equal(exchange_reply(r.waiting, 200, STR_NONE, STR("late"), NULL, 0), 0);
    rig_run(&r, MILLISECOND);
    has(&r, "connection: close\r\n");
    assert_true(r.ended);
    rig_close(&r);
}

static void endings(void **state)
{
    struct rig r;
    rig_once(&r, "GET /hello HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n" GET("/hello"));
    assert_int_equal(r.done, 1);
    assert_true(r.closed && r.closed_err == 0);
    rig_close(&r);
    rig_open(&r, 10000); /* the client's end with a request under way: answered, then closed */
    rig_start(&r);
    rig_send(&r, GET("/wait"));
    assert_int_equal(stream_shutdown(r.client), 0);
    rig_run(&r, SECOND);
    assert_false(r.closed);
    assert_int_equal(exchange_reply(r.waiting, 200, STR_NONE, STR("late"), NULL, 0), 0);
    rig_run(&r, SECOND);
    has(&r, "late");
    assert_true(r.closed && r.closed_err == 0);
    rig_close(&r);
    rig_open(&r, 10000); /* in the middle of a body */
    rig_start(&r);
    rig_send(&r, "POST /collect HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n123");
    assert_int_equal(stream_shutdown(r.client), 0);
    rig_run(&r, SECOND);
    assert_true(r.closed);
    assert_int_equal(r.closed_err, -ERR_EOF);
    assert_int_equal(r.gone, 1);
    rig_close(&r);
    rig_open(&r, 10000); /* cut while a handler works */
    rig_start(&r);
    rig_send(&r, GET("/wait"));
    stream_close(r.client, true);
    r.client = NULL;
    rig_run(&r, SECOND);
    assert_true(r.closed);
    assert_null(r.waiting);
    rig_close(&r);
    rig_open(&r, 10000); /* the same behind the client's end */
    rig_start(&r);
    rig_send(&r, GET("/wait"));
    assert_int_equal(stream_shutdown(r.client), 0);
    rig_run(&r, SECOND);
    assert_false(r.closed);
    stream_close(r.client, true);
    r.client = NULL;
    rig_run(&r, SECOND);
    assert_true(r.closed);
    assert_null(r.waiting);
    rig_close(&r);
    rig_once(&r, GET("/short")); /* too short: never complete-looking */
    assert_true(r.closed);
    assert_true(r.closed_err != 0);
    rig_close(&r);
    rig_open(&r, 10000); /* freed from above in the middle */
    rig_start(&r);
    rig_send(&r, GET("/wait"));
    rig_close(&r);
    assert_int_equal(r.gone, 1);
}

static void limit_of_requests(void **state)
{
    struct rig r;
    rig_open(&r, 100000);
    rig_start(&r);
    r.snapshot.limits.requests = 3;
    rig_send(&r, GET("/hello") GET("/hello") GET("/hello") GET("/hello"));
    assert_int_equal(rig_count(&r, "200 OK"), 3);
    assert_int_equal(rig_count(&r, "connection: close"), 1);
    assert_true(r.ended);
    rig_close(&r);
}

static void sends_files(void **state)
{
    const char *texts[] = {GET("/file") GET("/hello"), GET("/file?chunked") GET("/hello")};
    size_t capacities[] = {100, 70000, 1000000};
    FILE *f = tmpfile();
    for (int i = 0; i < 300000; i++)
        fputc('a' + i % 26, f);
    fflush(f);
    for (int i = 0; i < 6; i++) {
        struct rig r;
        rig_open(&r, capacities[i / 2]);
        r.file = fileno(f);
        rig_start(&r);
        rig_send(&r, texts[i % 2]);
        rig_run(&r, SECOND);
        assert_int_equal(rig_count(&r, "200 OK"), 2);
        assert_int_equal(r.metrics.bytes_out, 300006);
        has(&r, i % 2 ? "\r\n0\r\n\r\nHTTP/1.1 200" : "HTTP/1.1 200");
        rig_close(&r);
    }
    assert_int_equal(ftruncate(fileno(f), 1000), 0);
    struct rig r;
    rig_open(&r, 100000);
    r.file = fileno(f);
    rig_start(&r);
    rig_send(&r, GET("/file"));
    assert_true(r.closed);
    assert_int_equal(r.closed_err, -ERR_FILE_CHANGED);
    assert_int_equal(r.last_err, -ERR_FILE_CHANGED);
    rig_close(&r);
    fclose(f);
}

static void error_pages(void **state)
{
    struct rig r;
    struct error_page own[] = {{404, STR("/page")}, {403, STR("/nowhere")}};
    rig_open(&r, 100000);
    rig_start(&r);
    rig_send(&r, GET("/none"));
    has(&r, "HTTP/1.1 404 Not Found\r\n");
    has(&r, "content-type: text/html; charset=utf-8\r\n");
    has(&r, "content-security-policy: default-src 'none'; style-src 'sha256-");
    has(&r, "<h1>Not Found</h1>");
    rig_forget(&r);
    rig_send(&r, "GET /none HTTP/1.1\r\n" HOST "Accept: application/json\r\n\r\n");
    has(&r, "{\"status\":404,\"title\":\"Not Found\"");
    rig_forget(&r);
    rig_send(&r, "GET /none HTTP/1.1\r\n" HOST "Accept: text/plain, */*;q=0.1\r\n\r\n");
    has(&r, "404 Not Found\n\n");
    rig_forget(&r);
    r.site.error_pages = own;
    r.site.nerror_pages = 2;
    rig_send(&r, "GET /none HTTP/1.1\r\n" HOST "Range: bytes=0-1\r\n\r\n");
    has(&r, "HTTP/1.1 404 Not Found\r\n");
    has(&r, "<p>own page</p>");
    hasnt(&r, "etag");
    rig_forget(&r);
    r.gone = 0;
    rig_send(&r, GET("/boom")); /* its own page is missing: the built-in one, and both handlers end */
    has(&r, "HTTP/1.1 403 Forbidden\r\n");
    has(&r, "<h1>Forbidden</h1>");
    assert_int_equal(r.gone, 1);
    assert_int_equal(r.last_status, 403);
    rig_forget(&r);
    rig_send(&r, "HEAD /none HTTP/1.1\r\n" HOST "\r\n" GET("/redirect"));
    has(&r, "HTTP/1.1 308 ");
    has(&r, "location: https://example.com/\r\n");
    hasnt(&r, "own page");
    assert_false(r.closed);
    rig_close(&r);
}

static void targets(void **state)
{
    struct rig r;
    rig_once(&r, "GET http://EXAMPLE.com:80/hello?x HTTP/1.1\r\n" HOST "\r\nOPTIONS * HTTP/1.1\r\n" HOST
                 "\r\nGET /./a/../%68ello HTTP/1.1\r\nHost: [::1]:443\r\n\r\n");
    assert_int_equal(rig_count(&r, "200 OK"), 3);
    rig_close(&r);
}

/* RFC 9110 7.4: only who has proven to be that origin may answer for https. */
static void scheme_of_another_port(void **state)
{
    static const char request[] = "GET https://example.com/hello HTTP/1.1\r\n" HOST "\r\n";
    struct rig r;
    rig_open(&r, 65536);
    rig_start(&r);
    rig_send(&r, request);
    has(&r, "HTTP/1.1 421 Misdirected Request\r\n");
    hasnt(&r, "200 OK");
    assert_int_equal(r.requests, 0);
    rig_close(&r);
    rig_open(&r, 65536);
    r.conn.facts.secure = true;
    rig_start(&r);
    rig_send(&r, request);
    has(&r, "HTTP/1.1 200 OK\r\n");
    rig_close(&r);
}

/* Any bytes, split anyhow: no crash, no hang, every exchange ends. */
static void mutations(void **state)
{
    static const char text[] = GET("/hello") "POST /echo HTTP/1.1\r\n" HOST
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX: y\r\n\r\n"
        "POST /collect HTTP/1.1\r\n" HOST "Expect: 100-continue\r\nContent-Length: 4\r\n\r\nabcd" GET("/big");
    char bad[sizeof text];
    srand(443);
    for (int round = 0; round < 3000; round++) {
        struct rig r;
        memcpy(bad, text, sizeof text);
        for (int i = rand() % 4; i >= 0; i--)
            bad[(size_t)rand() % (sizeof text - 1)] = (char)(rand() % 3 ? "\r\n: 0"[rand() % 5] : rand());
        rig_open(&r, (size_t)(rand() % 3000 + 1));
        rig_start(&r);
        r.send_step = (size_t)(rand() % 200);
        rig_sendn(&r, bad, sizeof text - 1);
        rig_run(&r, 200 * SECOND);
        assert_true(r.closed);
        rig_close(&r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_get),         cmocka_unit_test(costs),
               cmocka_unit_test(pipelined_at_any_capacity),
        cmocka_unit_test(split_everywhere), cmocka_unit_test(head_has_no_body),
        cmocka_unit_test(echo_both_ways),  cmocka_unit_test(http_10),
        cmocka_unit_test(expects_continue), cmocka_unit_test(body_limits),
        cmocka_unit_test(unwanted_bodies), cmocka_unit_test(malformed),
        cmocka_unit_test(too_large_heads), cmocka_unit_test(slow_head),
        cmocka_unit_test(idle),            cmocka_unit_test(slow_reader),
        cmocka_unit_test(slow_sender),     cmocka_unit_test(drains),
        cmocka_unit_test(endings),         cmocka_unit_test(limit_of_requests),
        cmocka_unit_test(sends_files),     cmocka_unit_test(error_pages),
        cmocka_unit_test(targets),
        cmocka_unit_test(scheme_of_another_port),         cmocka_unit_test(mutations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
