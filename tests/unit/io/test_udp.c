/* Datagrams on loopback: there and back, a closed port, strangers, and closing in the middle. */
#include "io/udp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

struct world {
    struct loop *loop;
    struct udp udp;
    int server; /* a plain socket */
    struct addr at;
    unsigned datagrams, errors;
    size_t last;
    int error;
    bool close_at_first;
};
static struct world w;

static void on_datagram(struct udp *u, struct str datagram)
{
    w.datagrams++;
    w.last = datagram.n;
    if (w.close_at_first)
        udp_close(u);
}

static void on_error(struct udp *u, int err)
{
    w.errors++;
    w.error = err;
}

static void begin(void)
{
    w = (struct world){
        .udp = {.on_datagram = on_datagram, .on_error = on_error, .watch = {.fd = -1}}};
    w.loop = loop_epoll_new();
    w.server = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    w.at.in =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    w.at.len = sizeof w.at.in;
    assert_true(w.loop && w.server >= 0);
    assert_int_equal(bind(w.server, &w.at.sa, w.at.len), 0);
    assert_int_equal(getsockname(w.server, &w.at.sa, &w.at.len), 0);
    assert_int_equal(udp_open(&w.udp, w.loop, &w.at), 0);
}

static void turns(void)
{
    for (int i = 0; i < 5; i++)
        assert_int_equal(loop_turn(w.loop, loop_clock(w.loop) + 2 * MILLISECOND), 0);
}

static void end(void)
{
    udp_close(&w.udp);
    udp_close(&w.udp); /* harmless */
    if (w.server >= 0)
        close(w.server);
    loop_free(w.loop);
}

/* Where the client is, from what it sent. */
static struct addr client(void)
{
    char in[16];
    struct addr from = {.len = sizeof from.in6};
    assert_int_equal(recvfrom(w.server, in, sizeof in, 0, &from.sa, &from.len), 5);
    return from;
}

static void there_and_back(void **state)
{
    begin();
    assert_int_equal(udp_send(&w.udp, STR("hello")), 0);
    struct addr to = client();
    char big[60000] = {0};
    assert_int_equal(sendto(w.server, big, sizeof big, 0, &to.sa, to.len), sizeof big);
    turns();
    assert_int_equal(w.datagrams, 1);
    assert_int_equal(w.last, sizeof big);
    assert_int_equal(sendto(w.server, "", 0, 0, &to.sa, to.len), 0);
    for (int i = 0; i < 100; i++)
        assert_int_equal(sendto(w.server, "x", 1, 0, &to.sa, to.len), 1);
    turns();
    assert_int_equal(w.datagrams, 102);
    assert_int_equal(w.errors, 0);
    end();
}

static void closed_port(void **state)
{
    begin();
    close(w.server);
    w.server = -1;
    assert_int_equal(udp_send(&w.udp, STR("hello")), 0);
    turns();
    assert_int_equal(w.errors, 1);
    assert_int_equal(w.error, -ERR_REFUSED);
    assert_int_equal(udp_send(&w.udp, STR("hello")), 0); /* it still works */
    assert_int_equal(udp_send(&w.udp, STR("hello")), -ERR_REFUSED);
    end();
}

static void strangers(void **state)
{
    begin();
    assert_int_equal(udp_send(&w.udp, STR("hello")), 0);
    struct addr to = client();
    int stranger = socket(AF_INET, SOCK_DGRAM, 0);
    assert_int_equal(sendto(stranger, "x", 1, 0, &to.sa, to.len), 1);
    turns();
    assert_int_equal(w.datagrams, 0);
    close(stranger);
    end();
}

static void closed_within(void **state)
{
    begin();
    w.close_at_first = true;
    assert_int_equal(udp_send(&w.udp, STR("hello")), 0);
    struct addr to = client();
    for (int i = 0; i < 3; i++)
        assert_int_equal(sendto(w.server, "x", 1, 0, &to.sa, to.len), 1);
    turns();
    assert_int_equal(w.datagrams, 1);
    end();
}

static void nowhere(void **state)
{
    struct addr bad = {.len = 0};
    begin();
    udp_close(&w.udp);
    bad.sa.sa_family = AF_UNIX;
    assert_true(udp_open(&w.udp, w.loop, &bad) < 0);
    end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_and_back), cmocka_unit_test(closed_port),
        cmocka_unit_test(strangers),      cmocka_unit_test(closed_within),
        cmocka_unit_test(nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
