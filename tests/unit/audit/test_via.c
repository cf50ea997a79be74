/* Proxies: what their addresses may look like, both protocols byte by byte, and the stream on top. */
#include "audit/via_dial.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static int parse(struct via *v, const char *text)
{
    struct buf why;
    buf_init(&why, 1024);
    int err = via_parse(v, str_c(text), &why);
    assert_true(err == 0 || why.n > 0);
    buf_done(&why);
    return err;
}

static void good_texts(void **state)
{
    static const struct {
        const char *in, *host, *text, *user, *password;
        uint16_t port;
    } rows[] = {
        {"http://proxy.example:3128", "proxy.example", "http://proxy.example:3128", "", "", 3128},
        {"HTTP://Proxy.Example/", "proxy.example", "http://proxy.example:8080", "", "", 8080},
        {"socks5://10.0.0.1", "10.0.0.1", "socks5://10.0.0.1:1080", "", "", 1080},
        {"socks5h://[::1]:9050", "::1", "socks5://[::1]:9050", "", "", 9050},
        {"http://[2001:db8::1]", "2001:db8::1", "http://[2001:db8::1]:8080", "", "", 8080},
        {"socks5://joe:a:b@c@h.test:1", "h.test", "socks5://h.test:1", "joe", "a:b@c", 1},
        {"http://joe@h.test:1", "h.test", "http://h.test:1", "joe", "", 1},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct via v;
        if (parse(&v, rows[i].in))
            fail_msg("%s", rows[i].in);
        assert_string_equal(v.host, rows[i].host);
        assert_string_equal(v.text, rows[i].text);
        assert_string_equal(v.user, rows[i].user);
        assert_string_equal(v.password, rows[i].password);
        assert_int_equal(v.port, rows[i].port);
    }
}

static void bad_texts(void **state)
{
    static const char *const rows[] = {"",
                                       "http://",
                                       "proxy:3128",
                                       "https://proxy:1",
                                       "socks4://a:1",
                                       "http://:80",
                                       "http://a:0",
                                       "http://a:65536",
                                       "http://a:x",
                                       "http://[::1",
                                       "http://[::g]:1",
                                       "http://[::1]x:1",
                                       "http://@a:1",
                                       "http://a b:1",
                                       "http://a..b:1",
                                       "http://[]:1",
                                       "socks5://"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct via v;
        if (!parse(&v, rows[i]))
            fail_msg("%s", rows[i]);
    }
}

/* ---- the talk ---- */

struct world {
    struct via via;
    struct via_talk talk;
};
static struct world w;

static void begin(const char *proxy, const char *host, uint16_t port)
{
    assert_int_equal(parse(&w.via, proxy), 0);
    assert_int_equal(via_talk_init(&w.talk, &w.via, str_c(host), port), 0);
}

static void says(const void *bytes, size_t n)
{
    struct str out = buf_str(&w.talk.out);
    assert_int_equal(out.n, n);
    assert_memory_equal(out.p, bytes, n);
    buf_clear(&w.talk.out);
}
#define SAYS(literal) says(literal, sizeof literal - 1)

/* Feeds one byte after the other, then all at once to a fresh one is the caller's; returns what was
 * used. */
static size_t hears(const void *bytes, size_t n)
{
    size_t used = 0;
    for (size_t i = 0; i < n; i++)
        used += via_talk_feed(&w.talk, str_of((const char *)bytes + i, 1));
    return used;
}
#define HEARS(literal) hears(literal, sizeof literal - 1)

static void ends(enum via_state state)
{
    assert_int_equal(w.talk.state, state);
    assert_true(state != VIA_REFUSED || w.talk.why[0]);
    via_talk_done(&w.talk);
}

static void connect_opens(void **state)
{
    begin("http://p:1", "a.test", 443);
    SAYS("CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n\r\n");
    assert_int_equal(HEARS("HTTP/1.1 200 Connection established\r\nA: b\r\n\r\n"), 45);
    assert_int_equal(HEARS("server"), 0);
    ends(VIA_OPEN);
    begin("http://joe:secret@p:1", "::1", 8443);
    SAYS("CONNECT [::1]:8443 HTTP/1.1\r\nHost: [::1]:8443\r\n"
         "Proxy-Authorization: Basic am9lOnNlY3JldA==\r\n\r\n");
    assert_int_equal(via_talk_feed(&w.talk, STR("HTTP/1.0 299\n\nrest")), 14);
    ends(VIA_OPEN);
    begin("http://p:1", "a.test", 443);
    HEARS("HTTP/1.1 100 Continue\r\n\r\n");
    assert_int_equal(w.talk.state, VIA_ANSWER);
    HEARS("HTTP/1.1 204\r\n\r\n");
    ends(VIA_OPEN);
}

static void connect_refused(void **state)
{
    static const char *const rows[] = {"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n",
                                       "HTTP/1.1 302 Found\r\n\r\n",
                                       "HTTP/2 200 OK\r\n\r\n",
                                       "HTTP/1.1 2000 OK\r\n\r\n",
                                       "SSH-2.0\r\n\r\n",
                                       "\r\n\r\n",
                                       "HTTP/1.1 2x0 OK\r\n\r\n"};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin("http://p:1", "a.test", 443);
        hears(rows[i], strlen(rows[i]));
        ends(VIA_REFUSED);
    }
    begin("http://p:1", "a.test", 443);
    for (size_t i = 0; i < VIA_ANSWER_MAX && w.talk.state == VIA_ANSWER; i++)
        HEARS("x");
    assert_int_equal(w.talk.state, VIA_ANSWER);
    HEARS("x");
    ends(VIA_REFUSED);
    begin("http://p:1", "a.test", 443);
    HEARS("HTTP/1.1 200 OK\r\n");
    via_talk_end(&w.talk);
    ends(VIA_REFUSED);
}

static void socks_opens(void **state)
{
    begin("socks5://p", "a.test", 443);
    SAYS("\5\1\0");
    assert_int_equal(HEARS("\5\0"), 2);
    SAYS("\5\1\0\3\6a.test\1\xbb");
    assert_int_equal(HEARS("\5\0\0\1\0\0\0\0\0\0"), 10);
    assert_int_equal(HEARS("server"), 0);
    ends(VIA_OPEN);
    begin("socks5://joe:secret@p", "192.0.2.1", 443);
    SAYS("\5\2\0\2");
    HEARS("\5\2");
    SAYS("\1\3joe\6secret");
    HEARS("\1\0");
    SAYS("\5\1\0\1\xc0\0\2\1\1\xbb");
    assert_int_equal(HEARS("\5\0\0\3\3abc\0\0"), 10);
    ends(VIA_OPEN);
    begin("socks5://joe@p", "2001:db8::1", 443);
    buf_clear(&w.talk.out);
    HEARS("\5\0");
    SAYS("\5\1\0\4\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\1\xbb");
    assert_int_equal(HEARS("\5\0\0\4................::"), 22);
    ends(VIA_OPEN);
}

static void socks_refused(void **state)
{
    static const struct {
        const char *proxy;
        const char *bytes;
        size_t n;
    } rows[] = {
        {"socks5://p", "\4", 1},       {"socks5://p", "\5\xff", 2},
        {"socks5://p", "\5\2", 2},     {"socks5://j:s@p", "\5\xff", 2},
        {"socks5://j:s@p", "\5\1", 2}, {"socks5://j:s@p", "\5\2\1\1", 4},
        {"socks5://p", "\5\0\5\5", 4}, {"socks5://p", "\5\0\5\x63", 4},
        {"socks5://p", "\5\0\4", 3},   {"socks5://p", "\5\0\5\0\0\7\0", 7},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        begin(rows[i].proxy, "a.test", 443);
        hears(rows[i].bytes, rows[i].n);
        ends(VIA_REFUSED);
    }
}

static void impossible_hosts(void **state)
{
    char long_name[IDN_MAX + 1];
    memset(long_name, 'a', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = 0;
    const char *const rows[] = {"", "a\r\nb", "a b", "\x80", long_name};
    for (int kind = 0; kind < 2; kind++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            assert_int_equal(parse(&w.via, kind ? "http://p:1" : "socks5://p"), 0);
            assert_true(via_talk_init(&w.talk, &w.via, str_c(rows[i]), 443) < 0);
            via_talk_done(&w.talk);
        }
}

/* ---- the stream ---- */

struct owner {
    struct stream *stream;
    char got[64];
    size_t n, sent;
    ssize_t end; /* what a read said at last: 0 or −err */
    bool ended;
};

static void on_event(struct stream *s, unsigned events)
{
    struct owner *o = s->user;
    struct str hello = STR("hello");
    if (o->sent == 0) {
        ssize_t n = stream_write(s, &hello, 1, false);
        o->sent += n > 0 ? (size_t)n : 0;
    }
    for (;;) {
        ssize_t n = stream_read(s, o->got + o->n, 3);
        if (n > 0)
            o->n += (size_t)n;
        if (n == -ERR_AGAIN)
            return;
        if (n <= 0) {
            o->end = n;
            o->ended = true;
            return;
        }
    }
}

static struct str other_end(struct stream *s, char *in, size_t n)
{
    ssize_t got = stream_read(s, in, n);
    return str_of(in, got > 0 ? (size_t)got : 0);
}

static void turn(struct loop *l)
{
    for (int i = 0; i < 8; i++)
        assert_int_equal(loop_turn(l, 0), 0);
}

static void stream_through(void **state)
{
    static const char *const last[] = {"HTTP/1.1 200 OK\r\n\r\nfrom the server",
                                       "HTTP/1.1 403 No\r\n\r\n"};
    for (int refused = 0; refused < 2; refused++) {
        struct loop *l = loop_sim_new(1, 1);
        struct stream *near, *far;
        struct owner o = {.n = 0};
        char in[128], why[64] = "";
        assert_int_equal(stream_mem_pair(l, 512, &near, &far), 0);
        assert_int_equal(parse(&w.via, "http://p:1"), 0);
        assert_int_equal(via_dial_on(near, &w.via, STR("a.test"), 443, why, sizeof why, &o.stream),
                         0);
        o.stream->user = &o;
        o.stream->on_event = on_event;
        on_event(o.stream, STREAM_WRITABLE);
        assert_int_equal(o.sent, 0);
        turn(l);
        assert_true(str_starts(other_end(far, in, sizeof in), STR("CONNECT a.test:443 ")));
        struct str answer = str_c(last[refused]);
        assert_int_equal(stream_write(far, &answer, 1, false), answer.n);
        turn(l);
        assert_int_equal(o.sent, refused ? 0 : 5);
        assert_int_equal(o.ended, refused);
        if (refused) {
            assert_int_equal(o.end, -ERR_REFUSED);
            assert_string_equal(why, "the proxy refused with status 403");
        } else {
            assert_true(str_eq(str_of(o.got, o.n), STR("from the server")));
            assert_true(str_eq(other_end(far, in, sizeof in), STR("hello")));
            struct str more = STR("!");
            assert_int_equal(stream_write(far, &more, 1, false), 1);
            stream_close(far, false);
            far = NULL;
            turn(l);
            assert_int_equal(o.n, 16);
            assert_true(o.ended && o.end == 0);
        }
        stream_close(o.stream, true);
        stream_close(far, true);
        loop_free(l);
    }
}

static void proxy_that_hangs_up(void **state)
{
    struct loop *l = loop_sim_new(1, 1);
    struct stream *near, *far;
    struct owner o = {.n = 0};
    char why[64] = "";
    assert_int_equal(stream_mem_pair(l, 512, &near, &far), 0);
    assert_int_equal(parse(&w.via, "socks5://p"), 0);
    assert_int_equal(via_dial_on(near, &w.via, STR("a.test"), 443, why, sizeof why, &o.stream), 0);
    o.stream->user = &o;
    o.stream->on_event = on_event;
    turn(l);
    stream_close(far, false);
    turn(l);
    assert_true(o.ended && o.end == -ERR_REFUSED && why[0]);
    stream_close(o.stream, true);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_texts),          cmocka_unit_test(bad_texts),
        cmocka_unit_test(connect_opens),       cmocka_unit_test(connect_refused),
        cmocka_unit_test(socks_opens),         cmocka_unit_test(socks_refused),
        cmocka_unit_test(impossible_hosts),    cmocka_unit_test(stream_through),
        cmocka_unit_test(proxy_that_hangs_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
