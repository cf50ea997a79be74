/* Probes against our own server, which must notice each of them, and against answers by hand. */
#include "h2_world.h"

#include "http/h2_probe.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

/* Runs a probe of n rounds against a server; the verdict. */
static enum h2_probe_verdict run(enum h2_probe_kind kind, unsigned n, struct h2_probe *ret)
{
    static struct world w;
    struct buf out;
    world_init(&w, 65536, NULL, STR_NONE);
    buf_init(&out, 2 << 20);
    assert_int_equal(h2_probe_write(&out, kind, STR("localhost"), n), 0);
    client_send(&w, out.mem, out.n);
    world_run(&w);
    client_read(&w);
    h2_probe_init(ret, kind);
    h2_probe_feed(ret, buf_str(&w.in));
    enum h2_probe_verdict v = h2_probe_judge(ret, w.client_eof, false);
    if (w.session)
        world_pass(&w, 100 * SECOND);
    buf_done(&out);
    world_done_free(&w);
    return v;
}

static void few_resets_are_fine(void **state)
{
    struct h2_probe p;
    assert_int_equal(run(H2_PROBE_RESETS, 50, &p), H2_PROBE_TOLERATED);
    assert_true(p.settings && p.fenced && !p.goaway && !p.broken);
    assert_int_equal(p.max_streams, 100);
    assert_int_equal(run(H2_PROBE_RESETS, 0, &p), H2_PROBE_TOLERATED);
}

static void rapid_resets_are_noticed(void **state)
{
    struct h2_probe p;
    assert_int_equal(run(H2_PROBE_RESETS, 400, &p), H2_PROBE_LIMITED);
    assert_true(p.goaway && !p.fenced);
    assert_int_equal(p.goaway_code, 11);
}

static void made_resets_are_noticed(void **state)
{
    struct h2_probe p;
    assert_int_equal(run(H2_PROBE_MADE_RESETS, 400, &p), H2_PROBE_LIMITED);
}

static void continuations_are_noticed(void **state)
{
    struct h2_probe p;
    assert_int_equal(run(H2_PROBE_CONTINUATION, 1000, &p), H2_PROBE_LIMITED);
}

static void requests_are_answered(void **state)
{
    /* What the probe sends is a request that a server understands: with its resets taken out, 200. */
    static struct world w;
    struct buf out;
    struct h2_probe p;
    world_init(&w, 65536, NULL, STR_NONE);
    buf_init(&out, 4096);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_RESETS, STR("localhost"), 1), 0);
    size_t reset = out.n - 17 - 13; /* RST_STREAM and PING behind it */
    client_send(&w, out.mem, reset);
    client_send(&w, out.mem + out.n - 17, 17);
    world_run(&w);
    client_read(&w);
    h2_probe_init(&p, H2_PROBE_RESETS);
    h2_probe_feed(&p, buf_str(&w.in));
    assert_int_equal(p.answers, 1);
    assert_string_equal(w.log, "GET localhost /\n");
    buf_done(&out);
    world_done_free(&w);
}

static void not_written(void **state)
{
    static char name[300];
    struct buf out;
    memset(name, 'a', sizeof name);
    buf_init(&out, 100);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_RESETS, STR(""), 1), -ERR_INVAL);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_RESETS, str_of(name, 255), 1), -ERR_INVAL);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_RESETS, STR("a b"), 1), -ERR_INVAL);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_RESETS, STR("a"), H2_PROBE_MAX + 1), -ERR_INVAL);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_RESETS, str_of(name, 254), 1), -ERR_LIMIT);
    buf_done(&out);
    buf_init(&out, 1100 * 1024);
    assert_int_equal(h2_probe_write(&out, H2_PROBE_CONTINUATION, str_of(name, 254), H2_PROBE_MAX),
                     0);
    buf_done(&out);
}

#define S      "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\7"
#define FENCED "\0\0\x08\6\1\0\0\0\0gate443!"
#define GOAWAY "\0\0\x08\7\0\0\0\0\0\0\0\0\1\0\0\0\x0b"
#define RESET  "\0\0\4\3\0\0\0\0\1\0\0\0\1"

static const struct {
    struct str in;
    enum h2_probe_kind kind;
    bool closed, waited;
    enum h2_probe_verdict verdict;
} rows[] = {
#define R(in, kind, closed, waited, verdict)                                                       \
    {                                                                                              \
        {in, sizeof(in) - 1}, H2_PROBE_##kind, closed, waited, H2_PROBE_##verdict                  \
    }
    R(S FENCED, RESETS, false, false, TOLERATED),
    R(S FENCED GOAWAY, RESETS, true, false, TOLERATED),
    R(S GOAWAY, RESETS, false, false, LIMITED),
    R(GOAWAY, RESETS, true, false, LIMITED),
    R(S GOAWAY FENCED, RESETS, true, false, LIMITED),
    R(S, RESETS, true, false, LIMITED),
    R(S, RESETS, false, true, OPEN),
    R(S RESET, RESETS, false, false, OPEN),
    R("", RESETS, false, true, OPEN),
    R("", RESETS, true, false, NO_H2),
    R("HTTP/1.1 400 Bad Request\r\n\r\n0123456789", RESETS, true, false, NO_H2),
    R(RESET, RESETS, false, false, NO_H2),
    R(S, CONTINUATION, false, true, TOLERATED),
    R(S, CONTINUATION, false, false, OPEN),
    R(S RESET, CONTINUATION, false, false, LIMITED),
    R(S GOAWAY, CONTINUATION, false, false, LIMITED),
    R(S, CONTINUATION, true, false, LIMITED),
#undef R
};

static void verdicts(void **state)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (size_t piece = 1; piece < 40; piece += 19) {
            struct h2_probe p;
            h2_probe_init(&p, rows[i].kind);
            for (size_t at = 0; at < rows[i].in.n; at += piece)
                h2_probe_feed(&p, str_sub(rows[i].in, at, piece));
            if (h2_probe_judge(&p, rows[i].closed, rows[i].waited) != rows[i].verdict)
                fail_msg("row %zu", i);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_resets_are_fine),
        cmocka_unit_test(rapid_resets_are_noticed),
        cmocka_unit_test(made_resets_are_noticed),
        cmocka_unit_test(continuations_are_noticed),
        cmocka_unit_test(requests_are_answered),
        cmocka_unit_test(not_written),
        cmocka_unit_test(verdicts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
