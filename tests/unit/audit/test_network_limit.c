/* Politeness to networks. */
#include "audit/network_limit.h"
#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const uint64_t seed[2] = {7, 8};

static struct addr at(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(&a, str_c(text)), 0);
    return a;
}

static void test_audits_of_a_network(void **state)
{
    struct network_limit l;
    network_limit_init(&l, 100, seed);
    l.parallel = 2;
    struct addr a = at("192.0.2.1:443"), b = at("192.0.2.200:1"), c = at("192.0.3.1:443"),
                six = at("[2001:db8:1:2::1]:443"), six2 = at("[2001:db8:1:3::1]:443");
    struct network *na = network_hold(&l, &a), *nb = network_hold(&l, &b), *nc = network_hold(&l, &c);
    struct network *n6 = network_hold(&l, &six), *n62 = network_hold(&l, &six2);
    assert_ptr_equal(na, nb);
    assert_ptr_not_equal(na, nc);
    assert_ptr_equal(n6, n62);
    assert_true(network_enter(&l, &na, 1));
    assert_true(network_enter(&l, &na, 1));
    assert_false(network_enter(&l, &na, 1));
    struct network *both[] = {nc, na};
    assert_false(network_enter(&l, both, 2)); /* all or none */
    assert_int_equal(nc->running, 0);
    network_leave(&na, 1);
    assert_true(network_enter(&l, both, 2));
    struct network *all[] = {na, nb, nc, n6, n62};
    for (size_t i = 0; i < 5; i++)
        network_give_back(&l, all[i]);
    assert_int_equal(l.map.n, 0);
    network_limit_done(&l);
}

static void test_connections_to_a_network(void **state)
{
    struct network_limit l;
    struct addr a = at("192.0.2.1:443"), b = at("192.0.2.2:443"), c = at("192.0.3.2:443"), own = at("127.0.0.1:1");
    network_limit_init(&l, 100, seed);
    l.rate = 10;
    struct network *n = network_hold(&l, &a), *m = network_hold(&l, &c), *o = network_hold(&l, &own);
    uint64_t now = SECOND;
    assert_int_equal(network_dial(&l, &a, now), now);
    assert_int_equal(network_dial(&l, &b, now), now + SECOND / 10);
    assert_int_equal(network_dial(&l, &c, now), now);
    now += SECOND / 10;
    assert_int_equal(network_dial(&l, &b, now), now);
    assert_int_equal(network_dial(&l, &own, now), now); /* ourselves: no limit … */
    assert_int_equal(network_dial(&l, &own, now), now);
    l.loopback = true; /* … unless asked for */
    assert_int_equal(network_dial(&l, &own, now), now);
    assert_int_equal(network_dial(&l, &own, now), now + SECOND / 10);
    network_give_back(&l, n);
    network_give_back(&l, m);
    network_give_back(&l, o);
    network_limit_done(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_audits_of_a_network),
                                       cmocka_unit_test(test_connections_to_a_network)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
