/* The resolver against a name server on the same loop: what it says, says too long, says wrong, and
 * does not say. */
#include "../dns_draft.h"
#include "io/listen.h"
#include "io/resolve.h"
#include "wire/dnsrr.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum mode {
    ANSWER, /* one address, or none of AAAA */
    SILENT,
    GARBAGE,  /* and nothing else */
    FORGED,   /* a wrong id, then the answer */
    TRUNCATE, /* by UDP; whole by TCP */
    LARGE,    /* 1200 bytes by UDP; TCP does not answer */
    SERVFAIL,
    NXDOMAIN,
    ALIAS,
    ROUND,
};

struct world {
    struct loop *loop;
    struct resolver *resolver;
    enum mode mode;
    struct addr at;
    struct watch udp, tcp, conn;
    int by_udp, by_tcp; /* queries seen */
    int answers, err;   /* callbacks */
    bool free_in_callback, ask_in_callback;
    struct buf response;
    size_t n;
    struct addr addrs[RESOLVER_ADDRESSES_MAX];
};

/* ---- the server ---- */

static void respond(struct world *w, struct str query, struct dns_draft *d, bool tcp)
{
    struct dnsmsg m;
    char name[DNSNAME_TEXT_MAX];
    static char filler[1100];
    unsigned flags = w->mode == SERVFAIL ? 0x8182 : w->mode == NXDOMAIN ? 0x8183 : 0x81a0;
    assert_int_equal(dnsmsg_parse(&m, query), 0);
    dnsname_text(&m.name, name);
    if (w->mode == TRUNCATE && !tcp)
        flags |= 0x200;
    dns_begin(d, flags, name, m.type);
    memcpy(d->mem, query.p, 2);
    if (w->mode == ALIAS)
        dns_record_name(d, DNSMSG_ANSWER, name, DNSMSG_CNAME, "elsewhere.test");
    if (w->mode == ROUND)
        dns_record_name(d, DNSMSG_ANSWER, name, DNSMSG_CNAME, name);
    if (m.type == DNSMSG_A && !(flags & 0x20f))
        dns_record(d, DNSMSG_ANSWER, w->mode == ALIAS ? "elsewhere.test" : name, DNSMSG_A,
                   STR("\xc0\0\2\7"));
    if (w->mode == LARGE)
        dns_record(d, DNSMSG_ADDITIONAL, ".", 65280, str_of(filler, sizeof filler));
}

static void on_udp(struct watch *watch, unsigned events)
{
    struct world *w = LIST_ENTRY(watch, struct world, udp);
    char in[2048];
    struct addr from = {.len = sizeof from.in6};
    ssize_t n = recvfrom(watch->fd, in, sizeof in, MSG_DONTWAIT, &from.sa, &from.len);
    struct dns_draft d;
    if (n <= 0)
        return;
    w->by_udp++;
    if (w->mode == SILENT)
        return;
    if (w->mode == GARBAGE) {
        sendto(watch->fd, "garbage", 7, 0, &from.sa, from.len);
        return;
    }
    if (w->mode == FORGED) {
        in[0] ^= 1; /* somebody guesses ids */
        respond(w, str_of(in, (size_t)n), &d, false);
        sendto(watch->fd, d.mem, d.n, 0, &from.sa, from.len);
        in[0] ^= 1;
    }
    respond(w, str_of(in, (size_t)n), &d, false);
    sendto(watch->fd, d.mem, d.n, 0, &from.sa, from.len);
}

static void on_conn(struct watch *watch, unsigned events)
{
    struct world *w = LIST_ENTRY(watch, struct world, conn);
    unsigned char in[2048];
    struct dns_draft d;
    ssize_t n = recv(watch->fd, in, sizeof in, MSG_DONTWAIT);
    if (n <= 2) {
        loop_close(w->loop, watch);
        return;
    }
    for (size_t at = 0; at < (size_t)n;) { /* several may come at once */
        size_t length = (size_t)in[at] << 8 | in[at + 1];
        assert_true(at + 2 + length <= (size_t)n);
        respond(w, str_of((char *)in + at + 2, length), &d, true);
        unsigned char out[2] = {(unsigned char)(d.n >> 8), (unsigned char)d.n};
        send(watch->fd, out, 2, 0); /* in pieces: it is a stream */
        send(watch->fd, d.mem, d.n, 0);
        w->by_tcp++;
        at += 2 + length;
    }
}

static void on_tcp(struct watch *watch, unsigned events)
{
    struct world *w = LIST_ENTRY(watch, struct world, tcp);
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (w->conn.fd >= 0)
        loop_close(w->loop, &w->conn);
    w->conn.on_event = on_conn;
    assert_int_equal(loop_watch(w->loop, &w->conn, fd, LOOP_READ, false), 0);
}

/* ---- the world ---- */

static int setup(void **state)
{
    static struct world w;
    int tcp, udp = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    w = (struct world){.loop = loop_epoll_new(), .conn = {.fd = -1}};
    *state = &w;
    assert_int_equal(addr_parse(&w.at, STR("127.0.0.1:0")), 0);
    assert_int_equal(listen_tcp(&w.at, false, &tcp), 0);
    assert_int_equal(listen_addr(tcp, &w.at), 0);
    assert_int_equal(bind(udp, &w.at.sa, w.at.len), 0);
    w.tcp.on_event = on_tcp;
    w.udp.on_event = on_udp;
    assert_int_equal(loop_watch(w.loop, &w.tcp, tcp, LOOP_READ, false), 0);
    assert_int_equal(loop_watch(w.loop, &w.udp, udp, LOOP_READ, false), 0);
    buf_init(&w.response, DNSMSG_MAX);
    struct resolver_options o = resolver_defaults;
    o.servers = &w.at;
    o.servers_n = 1;
    o.timeout = 100 * MILLISECOND;
    o.deadline = 600 * MILLISECOND;
    o.in_flight = 3;
    o.hosts = NULL;
    assert_int_equal(resolver_new(w.loop, &o, &w.resolver), 0);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    resolver_free(w->resolver);
    loop_turn(w->loop, 0);
    loop_close(w->loop, &w->tcp);
    loop_close(w->loop, &w->udp);
    if (w->conn.fd >= 0)
        loop_close(w->loop, &w->conn);
    buf_done(&w->response);
    loop_free(w->loop);
    return 0;
}

/* Until so many callbacks came, and no longer than that. */
static void run(struct world *w, int answers, uint64_t limit)
{
    uint64_t until = loop_clock(w->loop) + limit;
    while (w->answers < answers && loop_clock(w->loop) < until)
        assert_int_equal(loop_turn(w->loop, until), 0);
}

static void ask(struct world *w, const char *name);

static void on_answer(void *user, int err, struct str response)
{
    struct world *w = user;
    w->answers++;
    w->err = err;
    buf_clear(&w->response);
    buf_add(&w->response, response);
    if (w->ask_in_callback) {
        w->ask_in_callback = false;
        ask(w, "again.test");
    }
    if (w->free_in_callback) {
        resolver_free(w->resolver);
        w->resolver = NULL;
    }
}

static void ask(struct world *w, const char *name)
{
    struct buf q;
    struct dnsname n;
    assert_int_equal(dnsname_parse(&n, str_c(name)), 0);
    buf_init(&q, DNSMSG_QUERY_MAX);
    dnsmsg_query(&q, &(struct dnsmsg_question){.name = &n, .type = DNSMSG_A, .recurse = true});
    assert_int_equal(resolver_query(w->resolver, buf_str(&q), on_answer, w), 0);
    buf_done(&q);
}

static void assert_response(struct world *w, unsigned rcode, size_t answers)
{
    struct dnsmsg m;
    struct dnsname name;
    assert_int_equal(w->err, 0);
    assert_int_equal(dnsmsg_parse(&m, buf_str(&w->response)), 0);
    assert_int_equal(dnsname_parse(&name, STR("a.test")), 0);
    assert_true(dnsmsg_answers(&m, &name, DNSMSG_A));
    assert_int_equal(m.rcode, rcode);
    assert_int_equal(m.records[0], answers);
    assert_false(m.truncated);
}

static void test_answer(void **state)
{
    struct world *w = *state;
    ask(w, "a.test");
    assert_int_equal(w->answers, 0); /* never from within */
    run(w, 1, 5 * SECOND);
    assert_response(w, DNSMSG_NOERROR, 1);
    assert_int_equal(w->by_udp, 1);
    assert_int_equal(w->by_tcp, 0);
}

static void test_forged_is_passed_over(void **state)
{
    struct world *w = *state;
    w->mode = FORGED;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    assert_int_equal(w->answers, 1);
    assert_response(w, DNSMSG_NOERROR, 1);
}

/* c-ares 1.18 waits for something better, 1.34 gives up. */
static void test_garbage(void **state)
{
    struct world *w = *state;
    w->mode = GARBAGE;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    assert_int_equal(w->answers, 1);
    assert_true(w->err == -ERR_TIMEOUT || w->err == -ERR_BAD_MESSAGE);
    assert_int_equal(w->response.n, 0);
}

/* The same question twice is two questions: what is there now may be another. */
static void test_no_cache(void **state)
{
    struct world *w = *state;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    ask(w, "a.test");
    run(w, 2, 5 * SECOND);
    assert_int_equal(w->by_udp, 2);
}

static void test_truncated(void **state)
{
    struct world *w = *state;
    w->mode = TRUNCATE;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    assert_response(w, DNSMSG_NOERROR, 1);
    assert_int_equal(w->by_tcp, 1);
}

static void test_large_by_udp(void **state)
{
    struct world *w = *state;
    w->mode = LARGE;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    assert_response(w, DNSMSG_NOERROR, 1);
    assert_true(w->response.n > 1100);
    assert_int_equal(w->by_tcp, 0);
}

/* And the channel goes on as before: a large answer behind it still comes by UDP. */
static void test_failures_are_answers(void **state)
{
    struct world *w = *state;
    w->mode = SERVFAIL;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    assert_response(w, DNSMSG_SERVFAIL, 0);
    assert_int_equal(w->by_udp, 1);
    w->mode = NXDOMAIN;
    ask(w, "a.test");
    run(w, 2, 5 * SECOND);
    assert_response(w, DNSMSG_NXDOMAIN, 0);
    w->mode = LARGE;
    ask(w, "a.test");
    run(w, 3, 5 * SECOND);
    assert_response(w, DNSMSG_NOERROR, 1);
    assert_int_equal(w->by_tcp, 0);
}

static void test_silence(void **state)
{
    struct world *w = *state;
    uint64_t start = loop_clock(w->loop);
    w->mode = SILENT;
    for (int i = 0; i < 5; i++) /* more than may be in flight */
        ask(w, "a.test");
    run(w, 5, 5 * SECOND);
    assert_int_equal(w->answers, 5);
    assert_int_equal(w->err, -ERR_TIMEOUT);
    assert_true(w->by_udp >= 2);
    assert_true(loop_clock(w->loop) - start < 2 * SECOND);
}

static void test_nobody_there(void **state)
{
    struct world *w = *state;
    uint64_t start = loop_clock(w->loop);
    close(w->udp.fd);
    w->udp.fd = -1;
    ask(w, "a.test");
    run(w, 1, 5 * SECOND);
    assert_int_equal(w->answers, 1);
    assert_int_equal(w->err, -ERR_REFUSED);
    assert_true(loop_clock(w->loop) - start < SECOND / 2);
}

static void test_many(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 200; i++)
        ask(w, "a.test");
    run(w, 200, 20 * SECOND);
    assert_int_equal(w->answers, 200);
    assert_int_equal(w->by_udp, 200);
    assert_response(w, DNSMSG_NOERROR, 1);
}

static void test_cancel(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++)
        ask(w, "a.test");
    assert_int_equal(loop_turn(w->loop, 0), 0); /* some fly, some wait */
    resolver_cancel(w->resolver, w);
    run(w, 1, 300 * MILLISECOND);
    assert_int_equal(w->answers, 0);
    ask(w, "a.test"); /* and nothing is jammed */
    run(w, 1, 5 * SECOND);
    assert_response(w, DNSMSG_NOERROR, 1);
}

static void test_from_within_callbacks(void **state)
{
    struct world *w = *state;
    w->ask_in_callback = true;
    ask(w, "a.test");
    run(w, 2, 5 * SECOND);
    assert_int_equal(w->answers, 2);
    w->free_in_callback = true;
    for (int i = 0; i < 5; i++)
        ask(w, "a.test");
    run(w, 4, 300 * MILLISECOND);
    assert_int_equal(w->answers, 3);
}

static void test_free_in_flight(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 5; i++)
        ask(w, "a.test");
    assert_int_equal(loop_turn(w->loop, 0), 0);
    resolver_free(w->resolver);
    w->resolver = NULL;
    run(w, 1, 200 * MILLISECOND);
    assert_int_equal(w->answers, 0);
}

static void test_refusals(void **state)
{
    struct world *w = *state;
    struct resolver *r;
    struct resolver_options o = resolver_defaults;
    assert_int_equal(resolver_query(w->resolver, STR("short"), on_answer, w), -ERR_INVAL);
    o.tries = 0;
    assert_int_equal(resolver_new(w->loop, &o, &r), -ERR_INVAL);
    o = resolver_defaults;
    o.timeout = 0;
    assert_int_equal(resolver_new(w->loop, &o, &r), -ERR_INVAL);
}

/* Whatever this machine's resolv.conf says, or if it has none. */
static void test_system_servers(void **state)
{
    struct world *w = *state;
    struct resolver *r;
    assert_int_equal(resolver_new(w->loop, &resolver_defaults, &r), 0);
    resolver_free(r);
    assert_int_equal(loop_turn(w->loop, 0), 0);
}

static void test_server_text(void **state)
{
    static const char *const rows[][2] = {
        {"127.0.0.1", "127.0.0.1:53"},
        {"127.0.0.1:8053", "127.0.0.1:8053"},
        {"::1", "[::1]:53"},
        {"[::1]", "[::1]:53"},
        {"[::1]:8053", "[::1]:8053"},
        {"", NULL},
        {":53", NULL},
        {"*:53", NULL},
        {"name:53", NULL},
        {"1.2.3", NULL},
        {"1.2.3.4:x", NULL},
        {"8053", NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct addr a;
        char text[ADDR_TEXT_MAX];
        int err = resolver_server(&a, str_c(rows[i][0]));
        assert_int_equal(err, rows[i][1] ? 0 : -ERR_SYNTAX);
        if (!err)
            assert_string_equal((addr_text(&a, text), text), rows[i][1]);
    }
}

/* ---- addresses ---- */

static void on_addresses(void *user, int err, const struct addr *addrs, size_t n)
{
    struct world *w = user;
    w->answers++;
    w->err = err;
    w->n = n;
    memcpy(w->addrs, addrs, n * sizeof *addrs);
}

static void assert_addresses(struct world *w, const char *name, const char *want)
{
    char text[ADDR_TEXT_MAX];
    struct buf b;
    w->answers = 0;
    assert_int_equal(resolver_addresses(w->resolver, str_c(name), 443, on_addresses, w), 0);
    assert_int_equal(w->answers, 0);
    run(w, 1, 5 * SECOND);
    assert_int_equal(w->answers, 1);
    buf_init(&b, 4096);
    for (size_t i = 0; i < w->n; i++) {
        buf_add(&b, i ? STR(" ") : STR(""));
        buf_add(&b, addr_text(&w->addrs[i], text));
    }
    assert_string_equal(buf_cstr(&b), want);
    buf_done(&b);
}

static void test_without_asking(void **state)
{
    struct world *w = *state;
    assert_addresses(w, "192.0.2.1", "192.0.2.1:443");
    assert_addresses(w, "2001:db8::1", "[2001:db8::1]:443");
    assert_addresses(w, "[2001:db8::1]", "[2001:db8::1]:443");
    assert_addresses(w, "localhost", "[::1]:443 127.0.0.1:443");
    assert_addresses(w, "a.LOCALHOST.", "[::1]:443 127.0.0.1:443");
    assert_addresses(w, "x.invalid", "");
    assert_int_equal(w->err, -ERR_NOT_FOUND);
    assert_int_equal(w->by_udp, 0);
    w->err = resolver_addresses(w->resolver, STR("a..b"), 1, on_addresses, w);
    assert_int_equal(w->err, -ERR_SYNTAX);
    w->err = resolver_addresses(w->resolver, STR(""), 1, on_addresses, w);
    assert_int_equal(w->err, -ERR_SYNTAX);
}

static void test_hosts_file(void **state)
{
    struct world *w = *state;
    char path[] = "/tmp/gate443-hosts-XXXXXX";
    int fd = mkostemp(path, O_CLOEXEC);
    struct str text = STR("10.1.2.3 router.test localhost\n::5 router.test\n");
    struct resolver_options o = resolver_defaults;
    assert_true(write(fd, text.p, text.n) == (ssize_t)text.n);
    close(fd);
    resolver_free(w->resolver);
    o.servers = &w->at;
    o.servers_n = 1;
    o.hosts = path;
    assert_int_equal(resolver_new(w->loop, &o, &w->resolver), 0);
    unlink(path);
    assert_addresses(w, "ROUTER.test", "[::5]:443 10.1.2.3:443");
    assert_addresses(w, "localhost", "10.1.2.3:443");
    assert_int_equal(w->by_udp, 0);
    assert_addresses(w, "other.test", "192.0.2.7:443");
    assert_int_equal(w->by_udp, 2);
}

static void test_by_query(void **state)
{
    struct world *w = *state;
    assert_addresses(w, "a.test", "192.0.2.7:443");
    w->mode = ALIAS;
    assert_addresses(w, "a.test", "192.0.2.7:443");
    w->mode = TRUNCATE;
    assert_addresses(w, "a.test", "192.0.2.7:443");
    w->mode = NXDOMAIN;
    assert_addresses(w, "a.test", "");
    assert_int_equal(w->err, -ERR_NOT_FOUND);
    w->mode = SERVFAIL;
    assert_addresses(w, "a.test", "");
    assert_int_equal(w->err, -ERR_DNS_FAILED);
    w->mode = ROUND;
    assert_addresses(w, "a.test", "");
    assert_int_equal(w->err, -ERR_BAD_MESSAGE);
    w->mode = SILENT;
    assert_addresses(w, "a.test", "");
    assert_int_equal(w->err, -ERR_TIMEOUT);
}

static void test_cancel_addresses(void **state)
{
    struct world *w = *state;
    assert_int_equal(resolver_addresses(w->resolver, STR("a.test"), 1, on_addresses, w), 0);
    assert_int_equal(resolver_addresses(w->resolver, STR("localhost"), 1, on_addresses, w), 0);
    resolver_cancel(w->resolver, w);
    run(w, 1, 200 * MILLISECOND);
    assert_int_equal(w->answers, 0);
    assert_int_equal(resolver_addresses(w->resolver, STR("a.test"), 1, on_addresses, w), 0);
    assert_int_equal(resolver_addresses(w->resolver, STR("::1"), 1, on_addresses, w), 0);
    assert_int_equal(loop_turn(w->loop, 0), 0);
    resolver_free(w->resolver); /* with one in the air */
    w->resolver = NULL;
    run(w, 2, 200 * MILLISECOND);
    assert_int_equal(w->answers, 1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_answer),
        TEST(test_forged_is_passed_over),
        TEST(test_garbage),
        TEST(test_no_cache),
        TEST(test_truncated),
        TEST(test_large_by_udp),
        TEST(test_failures_are_answers),
        TEST(test_silence),
        TEST(test_nobody_there),
        TEST(test_many),
        TEST(test_cancel),
        TEST(test_from_within_callbacks),
        TEST(test_free_in_flight),
        TEST(test_refusals),
        TEST(test_system_servers),
        TEST(test_server_text),
        TEST(test_without_asking),
        TEST(test_hosts_file),
        TEST(test_by_query),
        TEST(test_cancel_addresses),
    };
    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
