/* What the clock does to clients that are slow, silent or too many; and reloads and drains. Each to
 * the second of virtual time. */
#include "sim_h2.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define PEER "192.0.2.1:1000"
#define LINGER_MAX (3 * SECOND) /* an engine may read on for a moment */

static struct sim_files files;

struct world {
    struct sim sim;
    struct snapshot *snapshot;
};

static void world_init(struct world *w, const char *limits)
{
    w->snapshot = sim_snapshot(&files, "hello", limits);
    assert_int_equal(sim_init(&w->sim, 1, w->snapshot), 0);
}

static void world_done(struct world *w)
{
    assert_int_equal(front_connections(w->sim.front), 0);
    assert_int_equal(w->sim.metrics.conns_open, 0);
    sim_done(&w->sim);
    assert_int_equal(w->snapshot->refs, 1);
    snapshot_unref(w->snapshot);
}

static int connect_as(struct world *w, struct sim_client *c, const char *peer, const char *text)
{
    c->sim = &w->sim;
    buf_init(&c->out, (size_t)1 << 24);
    buf_add(&c->out, str_c(text));
    return sim_client_start(c, &w->sim, 4096, peer, false);
}

static void ends_after(struct world *w, const struct sim_client *c, uint64_t begun, uint64_t wait)
{
    assert_true(sim_run(&w->sim, UINT64_MAX));
    assert_true(c->eof || c->reset);
    if (c->ended - begun < wait || c->ended - begun > wait + LINGER_MAX)
        fail_msg("ended after %.3f s, not %.3f s", (double)(c->ended - begun) / 1e9,
                 (double)wait / 1e9);
}

static bool holds(const struct sim_client *c, const char *text)
{
    struct str in = buf_str(&c->in);
    return in.n && memmem(in.p, in.n, text, strlen(text)) != NULL;
}

#define GET "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

static void test_silent(void **state)
{
    struct world w;
    struct sim_client c = {0};
    world_init(&w, "");
    uint64_t begun = w.sim.loop->now;
    assert_int_equal(connect_as(&w, &c, PEER, ""), 0);
    ends_after(&w, &c, begun, 60 * SECOND);
    sim_client_done(&c);
    world_done(&w);
}

static void test_idle(void **state)
{
    struct world w;
    struct sim_client c = {0};
    world_init(&w, "idle_timeout 7s;");
    uint64_t begun = w.sim.loop->now;
    assert_int_equal(connect_as(&w, &c, PEER, GET), 0);
    assert_true(sim_run(&w.sim, begun + 5 * SECOND));
    assert_true(holds(&c, "200 OK"));
    buf_add(&c.out, STR(GET));
    sim_client_pump(&c);
    ends_after(&w, &c, begun, 12 * SECOND);
    assert_int_equal(w.sim.metrics.http_2xx, 2);
    sim_client_done(&c);
    world_done(&w);
}

static void test_slowloris(void **state)
{
    for (unsigned h2 = 0; h2 < 2; h2++) {
        struct world w;
        struct sim_client c = {.write_max = 1, .write_gap = SECOND};
        world_init(&w, "header_timeout 12s;");
        uint64_t begun = w.sim.loop->now;
        c.sim = &w.sim;
        buf_init(&c.out, 65536);
        buf_add(&c.out, h2 ? STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") : STR(GET));
        assert_int_equal(sim_client_start(&c, &w.sim, 4096, PEER, h2), 0);
        ends_after(&w, &c, begun, 12 * SECOND);
        assert_int_equal(w.sim.metrics.http_2xx, 0);
        assert_int_equal(w.sim.metrics.timeouts, 1);
        sim_client_done(&c);
        world_done(&w);
    }
}

/* The head in time, then two bytes a second of a body that nobody wanted: answered at once, and
 * not listened to for longer than the minimum rate permits. */
static void test_slow_post(void **state)
{
    struct world w;
    struct sim_client c = {0};
    world_init(&w, "min_rate 100; rate_window 20s;");
    uint64_t begun = w.sim.loop->now;
    assert_int_equal(connect_as(&w, &c, PEER,
                                "PUT /small.txt HTTP/1.1\r\nHost: localhost\r\n"
                                "Content-Length: 3000\r\n\r\n"), 0);
    c.write_max = 1;
    c.write_gap = SECOND / 2;
    for (int i = 0; i < 300; i++)
        buf_add(&c.out, STR("0123456789"));
    assert_true(sim_run(&w.sim, begun + SECOND));
    sim_client_pump(&c);
    assert_true(sim_run(&w.sim, UINT64_MAX));
    assert_true(holds(&c, "405 "));
    assert_true(c.eof || c.reset);
    assert_in_range(c.ended - begun, 19 * SECOND, 20 * SECOND + LINGER_MAX);
    sim_client_done(&c);
    world_done(&w);
}

static void test_never_reads(void **state)
{
    for (unsigned h2 = 0; h2 < 2; h2++) {
        struct world w;
        struct sim_client c = {.read_stop = 1};
        struct sim_h2 h;
        struct sim_expect e;
        world_init(&w, "stall_timeout 9s;");
        uint64_t begun = w.sim.loop->now;
        if (h2) {
            sim_expect(&e, SIM_GET_BIG, &files, "hello");
            assert_int_equal(sim_h2_init(&h, &w.sim, 1000000), 0);
            sim_h2_add(&h, &e);
            h.client.read_stop = 1;
            assert_int_equal(sim_client_start(&h.client, &w.sim, 4096, PEER, true), 0);
        } else {
            assert_int_equal(
                connect_as(&w, &c, PEER, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"), 0);
        }
        assert_true(sim_run(&w.sim, begun + 8 * SECOND));
        assert_int_equal(front_connections(w.sim.front), 1);
        assert_true(sim_run(&w.sim, begun + 9 * SECOND + LINGER_MAX));
        assert_int_equal(front_connections(w.sim.front), 0);
        assert_int_equal(w.sim.metrics.timeouts, 1);
        if (h2)
            sim_h2_done(&h);
        else
            sim_client_done(&c);
        world_done(&w);
    }
}

/* Reads 100 bytes a second: moves all the time, but under the minimum rate. */
static void test_slow_reader(void **state)
{
    struct world w;
    struct sim_client c = {.read_max = 1, .read_gap = 10 * MILLISECOND};
    world_init(&w, "min_rate 500; rate_window 30s;");
    uint64_t begun = w.sim.loop->now;
    assert_int_equal(connect_as(&w, &c, PEER, "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                     0);
    assert_true(sim_run(&w.sim, begun + 61 * SECOND));
    assert_int_equal(front_connections(w.sim.front), 0);
    sim_client_done(&c);
    world_done(&w);
}

static void test_address_limit(void **state)
{
    struct world w;
    struct sim_client c[8] = {0};
    world_init(&w, "connections_per_address 2;");
    assert_int_equal(connect_as(&w, &c[0], PEER, GET), 0);
    assert_int_equal(connect_as(&w, &c[1], "192.0.2.1:2", GET), 0);
    assert_int_equal(connect_as(&w, &c[2], "192.0.2.1:3", GET), -ERR_TOO_MANY);
    assert_int_equal(connect_as(&w, &c[3], "192.0.2.2:4", GET), 0);
    assert_int_equal(connect_as(&w, &c[4], "[2001:db8::1]:5", GET), 0);
    assert_int_equal(connect_as(&w, &c[5], "[2001:db8::ffff]:6", GET), 0);
    assert_int_equal(connect_as(&w, &c[6], "[2001:db8::2:3]:7", GET), -ERR_TOO_MANY);
    assert_true(sim_run(&w.sim, w.sim.loop->now + SECOND));
    assert_true(c[2].reset);
    assert_true(holds(&c[0], "200 OK"));
    sim_client_cut(&c[1], SIM_ABORT);
    assert_true(sim_run(&w.sim, w.sim.loop->now + SECOND));
    assert_int_equal(connect_as(&w, &c[7], "192.0.2.1:8", GET), 0);
    assert_true(sim_run(&w.sim, UINT64_MAX));
    assert_true(holds(&c[7], "200 OK"));
    assert_int_equal(w.sim.metrics.conns_refused, 2);
    for (size_t i = 0; i < 8; i++)
        sim_client_done(&c[i]);
    world_done(&w);
}

/* A connection costs a descriptor, whatever the configuration permits. */
static void test_descriptor_limit(void **state)
{
    struct world w;
    struct sim_client c[12] = {0};
    world_init(&w, "");
    w.sim.loop->descriptors = 160;
    w.sim.loop->files.max = 20;
    size_t most = loop_connections_max(w.sim.loop);
    assert_int_equal(most, 160 - 20 - 10 - 32);
    w.sim.loop->descriptors = 72;
    most = loop_connections_max(w.sim.loop);
    assert_int_equal(most, 16);
    w.sim.loop->descriptors = 64;
    assert_int_equal(loop_connections_max(w.sim.loop), 8);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(connect_as(&w, &c[i], PEER, GET), 0);
    assert_int_equal(connect_as(&w, &c[8], PEER, GET), -ERR_TOO_MANY);
    sim_client_cut(&c[0], SIM_ABORT);
    assert_true(sim_run(&w.sim, w.sim.loop->now + SECOND));
    assert_int_equal(connect_as(&w, &c[9], PEER, GET), 0);
    assert_true(sim_run(&w.sim, UINT64_MAX));
    assert_true(holds(&c[9], "200 OK"));
    for (size_t i = 0; i < 12; i++)
        sim_client_done(&c[i]);
    world_done(&w);
}

static void test_reload(void **state)
{
    struct world w;
    struct sim_client before = {0}, after = {0};
    world_init(&w, "");
    struct snapshot *next = sim_snapshot(&files, "changed", "");
    assert_int_equal(connect_as(&w, &before, PEER, ""), 0);
    assert_int_equal(sim_serve(&w.sim, next), 0);
    assert_int_equal(connect_as(&w, &after, PEER, GET), 0);
    buf_add(&before.out, STR(GET));
    sim_client_pump(&before);
    assert_true(sim_run(&w.sim, w.sim.loop->now + SECOND));
    assert_true(holds(&before, "hello") && holds(&after, "changed"));
    assert_int_equal(w.snapshot->refs, 2); /* ours, and the old connection's */
    sim_client_cut(&before, SIM_CLOSE);
    assert_true(sim_run(&w.sim, w.sim.loop->now + 5 * SECOND));
    assert_int_equal(w.snapshot->refs, 1);
    assert_true(sim_run(&w.sim, UINT64_MAX));
    sim_client_done(&before);
    sim_client_done(&after);
    world_done(&w);
    snapshot_unref(next);
}

static void test_drain(void **state)
{
    struct world w;
    struct sim_client idle = {0}, busy = {0}, stuck = {0}, late = {0};
    static const char big[] = "GET /big.bin HTTP/1.1\r\nHost: localhost\r\n\r\n";
    world_init(&w, "drain_timeout 20s; stall_timeout 50s; min_rate 0;");
    uint64_t begun = w.sim.loop->now;
    assert_int_equal(connect_as(&w, &idle, PEER, GET), 0);
    stuck.read_stop = 1;
    busy.read_max = 4096;
    busy.read_gap = 20 * MILLISECOND;
    assert_int_equal(connect_as(&w, &busy, PEER, big), 0);
    assert_int_equal(connect_as(&w, &stuck, PEER, big), 0);
    assert_true(sim_run(&w.sim, begun + SECOND / 2));
    front_drain(w.sim.front);
    assert_int_equal(connect_as(&w, &late, PEER, GET), -ERR_TOO_MANY);
    assert_true(sim_run(&w.sim, begun + 4 * SECOND));
    assert_true(idle.eof);
    assert_true(sim_run(&w.sim, begun + 19 * SECOND));
    assert_true(busy.eof);
    struct sim_expect e;
    bool closed;
    const char *why;
    sim_expect(&e, SIM_GET_BIG, &files, "hello");
    assert_int_equal(sim_h1_check(buf_str(&busy.in), &e, 1, true, &closed, &why), 1);
    assert_int_equal(w.sim.idle_told, 0);
    assert_int_equal(front_connections(w.sim.front), 1);
    assert_true(sim_run(&w.sim, begun + 21 * SECOND));
    assert_int_equal(w.sim.idle_told, 1);
    sim_client_done(&idle);
    sim_client_done(&busy);
    sim_client_done(&stuck);
    sim_client_done(&late);
    world_done(&w);
}

/* Requests that fail to begin after a drain, and streams that were open at its start. */
static void test_drain_h2(void **state)
{
    struct world w;
    struct sim_h2 h;
    struct sim_expect e;
    const char *why = NULL;
    world_init(&w, "");
    sim_expect(&e, SIM_GET_BIG, &files, "hello");
    assert_int_equal(sim_h2_init(&h, &w.sim, 65535), 0);
    for (size_t i = 0; i < 5; i++)
        sim_h2_add(&h, &e);
    h.client.read_max = 8192;
    h.client.read_gap = 5 * MILLISECOND;
    assert_int_equal(sim_client_start(&h.client, &w.sim, 16384, PEER, true), 0);
    assert_true(sim_run(&w.sim, w.sim.loop->now + 100 * MILLISECOND));
    front_drain(w.sim.front);
    uint64_t begun = w.sim.loop->now;
    assert_true(sim_run(&w.sim, UINT64_MAX));
    assert_true(h.goaway);
    assert_int_equal(sim_h2_check(&h, &why), 5);
    assert_true(w.sim.loop->now - begun < 10 * SECOND);
    assert_int_equal(w.sim.idle_told, 1);
    sim_h2_done(&h);
    world_done(&w);
}

int main(void)
{
    sim_files_make(&files);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_silent),        cmocka_unit_test(test_idle),
        cmocka_unit_test(test_slowloris),     cmocka_unit_test(test_slow_post),
        cmocka_unit_test(test_never_reads),   cmocka_unit_test(test_slow_reader),
        cmocka_unit_test(test_address_limit), cmocka_unit_test(test_descriptor_limit),
        cmocka_unit_test(test_reload),
        cmocka_unit_test(test_drain),         cmocka_unit_test(test_drain_h2),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    sim_files_remove(&files);
    return failures;
}
