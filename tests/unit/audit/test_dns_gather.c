/* Gathering over a real socket: a name server on the same loop that knows one CAA record. */
#include "../dns_draft.h"
#include "audit/dns_gather.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <unistd.h>

struct world {
    struct loop *loop;
    struct resolver *resolver;
    struct arena arena;
    struct watch udp;
    bool silent, free_in_callback;
    struct dns_gather *gather;
    const struct dns_facts *facts;
    int queries, told;
};

static void on_udp(struct watch *watch, unsigned events)
{
    struct world *w = LIST_ENTRY(watch, struct world, udp);
    char in[2048], name[DNSNAME_TEXT_MAX];
    struct addr from = {.len = sizeof from.in6};
    ssize_t n = recvfrom(watch->fd, in, sizeof in, MSG_DONTWAIT, &from.sa, &from.len);
    struct dns_draft d;
    struct dnsmsg m;
    if (n <= 0)
        return;
    w->queries++;
    if (w->silent)
        return;
    assert_int_equal(dnsmsg_parse(&m, str_of(in, (size_t)n)), 0);
    dnsname_text(&m.name, name);
    dns_begin(&d, 0x81a0, name, m.type);
    memcpy(d.mem, in, 2);
    if (m.type == DNSMSG_CAA && strcmp(name, "test") == 0)
        dns_record(&d, DNSMSG_ANSWER, name, DNSMSG_CAA, STR("\0\5issueca.test"));
    sendto(watch->fd, d.mem, d.n, 0, &from.sa, from.len);
}

static int setup(void **state)
{
    static struct world w;
    struct addr at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    w = (struct world){.loop = loop_epoll_new(), .udp = {.on_event = on_udp}};
    *state = &w;
    assert_int_equal(addr_parse(&at, STR("127.0.0.1:0")), 0);
    assert_int_equal(bind(fd, &at.sa, at.len), 0);
    assert_int_equal(getsockname(fd, &at.sa, &at.len), 0);
    assert_int_equal(loop_watch(w.loop, &w.udp, fd, LOOP_READ, false), 0);
    struct resolver_options o = resolver_defaults;
    o.servers = &at;
    o.servers_n = 1;
    o.timeout = 50 * MILLISECOND;
    o.deadline = 100 * MILLISECOND;
    assert_int_equal(resolver_new(w.loop, &o, &w.resolver), 0);
    arena_init(&w.arena, 4096, 1 << 20);
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    dns_gather_free(w->gather);
    resolver_free(w->resolver);
    loop_turn(w->loop, 0);
    loop_close(w->loop, &w->udp);
    loop_free(w->loop);
    arena_done(&w->arena);
    return 0;
}

static void on_facts(void *user, const struct dns_facts *facts)
{
    struct world *w = user;
    w->told++;
    w->facts = facts;
    if (w->free_in_callback) {
        dns_gather_free(w->gather);
        w->gather = NULL;
    }
}

static void start(struct world *w, const char *host)
{
    int err =
        dns_gather_new(w->loop, w->resolver, &w->arena, str_c(host), 443, on_facts, w, &w->gather);
    assert_int_equal(err, 0);
    assert_int_equal(w->told, 0);
}

static void run(struct world *w, uint64_t limit)
{
    uint64_t until = loop_clock(w->loop) + limit;
    while (!w->told && loop_clock(w->loop) < until)
        assert_int_equal(loop_turn(w->loop, until), 0);
}

static void test_facts(void **state)
{
    struct world *w = *state;
    start(w, "a.b.test");
    run(w, 10 * SECOND);
    assert_int_equal(w->told, 1);
    assert_int_equal(w->queries, 4 + 3);
    assert_int_equal(w->facts->caa.n, 1);
    assert_true(w->facts->caa.set.secure);
    assert_int_equal(w->facts->a.set.state, DNS_EMPTY);
    assert_int_equal(w->facts->tlsa.set.state, DNS_EMPTY);
}

static void test_silence(void **state)
{
    struct world *w = *state;
    w->silent = true;
    start(w, "a.b.test");
    run(w, 10 * SECOND);
    assert_int_equal(w->told, 1);
    assert_int_equal(w->facts->a.set.state, DNS_TIMEOUT);
    assert_int_equal(w->facts->caa.set.state, DNS_TIMEOUT);
    assert_int_equal(w->facts->caa.set.asked, 1);
}

static void test_nothing_to_ask(void **state)
{
    struct world *w = *state;
    w->free_in_callback = true;
    start(w, "192.0.2.1");
    run(w, 10 * SECOND);
    assert_int_equal(w->told, 1);
    assert_int_equal(w->queries, 0);
}

static void test_free_while_it_runs(void **state)
{
    struct world *w = *state;
    start(w, "a.b.test");
    assert_int_equal(loop_turn(w->loop, 0), 0);
    dns_gather_free(w->gather);
    w->gather = NULL;
    run(w, 150 * MILLISECOND);
    assert_int_equal(w->told, 0);
}

static void test_free_in_callback(void **state)
{
    struct world *w = *state;
    w->free_in_callback = true;
    start(w, "a.b.test");
    run(w, 10 * SECOND);
    assert_int_equal(w->told, 1);
    assert_null(w->gather);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_facts),
        TEST(test_silence),
        TEST(test_nothing_to_ask),
        TEST(test_free_while_it_runs),
        TEST(test_free_in_callback),
    };
    return cmocka_run_group_tests_name("dns_gather", tests, NULL, NULL);
}
