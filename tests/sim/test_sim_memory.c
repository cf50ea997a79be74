/* Memory that runs out at every place once: the same short visits, with the first allocation
 * failing, then the second, and so on until none fails any more. Each must end without a crash and
 * without a leak (the sanitizer tells), the connection must end, what came whole must be right, and
 * the visit after it must succeed. Only what the program's own code asks for fails, not the
 * libraries'. Two ways: one failure alone, and every allocation from the Nth on. */
#include "sim_h2.h"

#include <stdarg.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#define PEER "192.0.2.1:1000"
#define FAILURES_MAX 5000

static struct sim_files files;
static struct snapshot *snapshot;
static uint64_t allocations, fail_at; /* 0: none fails */
static bool fail_on; /* and all after it */

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);

static bool fails(void)
{
    if (!fail_at)
        return false;
    allocations++;
    return allocations == fail_at || (fail_on && allocations > fail_at);
}

void *__wrap_malloc(size_t n)
{
    return fails() ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return fails() ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t n)
{
    return fails() ? NULL : __real_realloc(p, n);
}

static const enum sim_kind visits[] = {SIM_GET_SMALL, SIM_GET_BIG, SIM_MISSING,   SIM_REDIRECT,
                                       SIM_RANGE,     SIM_GZIP,    SIM_POST,      SIM_OPTIONS,
                                       SIM_HELLO,     SIM_POST_STATIC, SIM_LISTING};
#define VISITS (sizeof visits / sizeof *visits)

/* The client's memory does not fail: only what runs between these two. */
struct visit {
    struct sim sim;
    struct sim_client h1;
    struct sim_h2 h2;
    struct sim_expect e;
    bool is_h2;
};

static void prepare(struct visit *v)
{
    if (v->is_h2) {
        assert_int_equal(sim_h2_init(&v->h2, &v->sim, 65535), 0);
        sim_h2_add(&v->h2, &v->e);
        v->h2.client.in.max = v->h2.client.out.max = (size_t)1 << 20;
        assert_int_equal(buf_reserve(&v->h2.client.out, 65536), 0);
        assert_int_equal(buf_reserve(&v->h2.streams[0].body, 300000), 0);
        return;
    }
    v->h1 = (struct sim_client){.sim = &v->sim};
    v->h1.in.max = v->h1.out.max = (size_t)1 << 20;
    assert_int_equal(buf_reserve(&v->h1.in, 300000), 0);
    sim_h1_request(&v->sim, &v->h1.out, &v->e, false);
}

/* Statuses of their own are right when memory is short: then nothing else is checked. */
static bool answered(struct visit *v)
{
    const char *why = NULL;
    bool closed;
    if (v->is_h2) {
        struct sim_h2_stream *s = &v->h2.streams[0];
        if (s->status >= 500)
            return false;
        int n = sim_h2_check(&v->h2, &why);
        if (n < 0 && s->e.status == s->status)
            fail_msg("%s", why);
        return n == 1;
    }
    struct str in = buf_str(&v->h1.in);
    if (str_starts(in, STR("HTTP/1.1 5")))
        return false;
    int n = sim_h1_check(in, &v->e, 1, v->h1.eof, &closed, &why);
    if (n < 0)
        fail_msg("%s: %.*s", why, (int)(in.n < 300 ? in.n : 300), in.p);
    return n == 1;
}

static void leave(struct visit *v)
{
    if (v->is_h2)
        sim_h2_done(&v->h2);
    else
        sim_client_done(&v->h1);
}

static void come(struct visit *v)
{
    struct sim_client *c = v->is_h2 ? &v->h2.client : &v->h1;
    int refused = sim_client_start(c, &v->sim, 4096, PEER, v->is_h2);
    bool rest = sim_run(&v->sim, UINT64_MAX);
    fail_at = 0;
    (void)refused;
    assert_true(rest);
    assert_int_equal(front_connections(v->sim.front), 0);
    assert_int_equal(v->sim.metrics.conns_open, 0);
}

/* True: no allocation failed any more. */
static bool one(enum sim_kind kind, bool h2, uint64_t at)
{
    static struct visit v;
    v = (struct visit){.is_h2 = h2};
    sim_expect(&v.e, kind, &files, "hello");
    assert_int_equal(sim_init(&v.sim, 1, snapshot), 0);
    prepare(&v);
    allocations = 0;
    fail_at = at;
    come(&v);
    bool over = allocations < at, good = answered(&v);
    if (over && !good)
        fail_msg("no answer though memory was there");
    leave(&v);
    prepare(&v); /* the next one */
    come(&v);
    if (!answered(&v))
        fail_msg("after the failed allocation %llu the next request got no answer",
                 (unsigned long long)at);
    leave(&v);
    sim_done(&v.sim);
    assert_int_equal(snapshot->refs, 1);
    return over;
}

static void all_visits(bool h2)
{
    for (size_t k = 0; k < VISITS; k++)
        for (int on = 0; on < 2; on++) {
            uint64_t at = 1;
            fail_on = on;
            while (at < FAILURES_MAX) {
                if (getenv("GATE443_TELL"))
                    fprintf(stderr, "kind %d on %d at %llu\n", (int)visits[k], on,
                            (unsigned long long)at);
                /* Cold each time: what the handlers' caches hold would hide allocations. */
                snapshot = sim_snapshot(&files, "hello", "");
                bool over = one(visits[k], h2, at++);
                snapshot_unref(snapshot);
                if (over)
                    break;
            }
            assert_true(at < FAILURES_MAX);
            printf("# %s, visit %zu: %llu allocations\n", h2 ? "HTTP/2" : "HTTP/1.1", k,
                   (unsigned long long)at - 2);
        }
}

static void test_h1(void **state)
{
    all_visits(false);
}

static void test_h2(void **state)
{
    all_visits(true);
}

int main(void)
{
    sim_files_make(&files);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_h1), cmocka_unit_test(test_h2)};
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    sim_files_remove(&files);
    return failures;
}
