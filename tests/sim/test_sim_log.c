/* What a worker writes into its access log, for requests of every kind, in virtual time. */
#include "sim_h2.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define PEER "192.0.2.1:1000"

static struct sim_files files;

/* A worker whose clock goes on by 1.234567 ms within each turn of its loop. */
struct world {
    struct sim sim;
    struct snapshot *snapshot;
    struct loop_ops ops;
    int log;
    char text[65536];
};

static uint64_t late_clock(struct loop *l)
{
    return l->now + 1234567;
}

static void world_init(struct world *w, enum access_format format)
{
    w->snapshot = sim_snapshot(&files, "hello", "uri_size 1k; header_size 2k;");
    assert_int_equal(sim_init(&w->sim, 1, w->snapshot), 0);
    w->ops = *w->sim.loop->ops;
    w->ops.clock = late_clock;
    w->sim.loop->ops = &w->ops;
    w->log = memfd_create("log", MFD_CLOEXEC);
    assert_true(w->log >= 0);
    access_log_reopen(&w->sim.access_log, w->log);
    w->sim.access_log.format = format;
}

static void world_done(struct world *w)
{
    sim_done(&w->sim);
    snapshot_unref(w->snapshot);
    close(w->log);
}

/* All that was logged. */
static const char *logged(struct world *w)
{
    access_log_flush(&w->sim.access_log);
    ssize_t n = pread(w->log, w->text, sizeof w->text - 1, 0);
    assert_true(n >= 0);
    w->text[n] = '\0';
    return w->text;
}

static void holds(struct world *w, const char *wanted)
{
    if (!strstr(logged(w), wanted))
        fail_msg("no %s in %s", wanted, w->text);
}

/* Sends `text` as an HTTP/1 client and waits until nothing happens any more. */
static void say(struct world *w, const char *text, size_t n)
{
    struct sim_client c = {.sim = &w->sim};
    buf_init(&c.out, 65536);
    buf_add(&c.out, str_of(text, n));
    assert_int_equal(sim_client_start(&c, &w->sim, 4096, PEER, false), 0);
    assert_true(sim_run(&w->sim, UINT64_MAX));
    sim_client_done(&c);
}

#define GET "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* A request that is answered in the very turn in which it came took time all the same. */
static void test_duration_within_a_turn(void **state)
{
    static struct world w;
    world_init(&w, ACCESS_JSON);
    say(&w, GET, sizeof GET - 1);
    holds(&w, "\"path\":\"/hello\"");
    holds(&w, "\"ms\":1.234,");
    world_done(&w);
}

int main(void)
{
    sim_files_make(&files);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration_within_a_turn),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    sim_files_remove(&files);
    return failures;
}
