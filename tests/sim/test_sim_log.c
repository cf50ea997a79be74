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

/* Sends `text` as a client and waits until nothing happens any more. */
static void say(struct world *w, struct str text, bool h2)
{
    struct sim_client c = {.sim = &w->sim};
    buf_init(&c.out, 65536);
    buf_add(&c.out, text);
    assert_int_equal(sim_client_start(&c, &w->sim, 4096, PEER, h2), 0);
    assert_true(sim_run(&w->sim, UINT64_MAX));
    sim_client_done(&c);
}

#define GET "GET /hello HTTP/1.1\r\nHost: localhost\r\n\r\n"

/* A request that is answered in the very turn in which it came took time all the same. */
static void test_duration_within_a_turn(void **state)
{
    static struct world w;
    world_init(&w, ACCESS_JSON);
    say(&w, STR(GET), false);
    holds(&w, "\"path\":\"/hello\"");
    holds(&w, "\"ms\":1.234,");
    world_done(&w);
}

/* Of what cannot be answered, the log tells what was understood, and is not broken by it. */
static void test_malformed_h1(void **state)
{
    static const struct {
        struct str text;
        const char *line; /* what it is in the log, with its status */
    } rows[] = {
        {STR("GET /a?b=c HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"), "\"GET /a?b=c HTTP/1.1\" 400 "},
        {STR("HEAD /head HTTP/1.1\r\n\r\n"), "\"HEAD /head HTTP/1.1\" 400 0 "},
        {STR("POST http://localhost/x HTTP/1.0\r\nbad name: 1\r\n\r\n"), "\"POST /x HTTP/1.0\" 400 "},
        {STR("GET /\"\\<script> HTTP/1.1\r\n\r\n"), "\"GET /\\x22\\x5C<script> HTTP/1.1\" 400 "},
        {STR("GET /\xff HTTP/1.1\r\n\r\n"), "\"GET - -\" 400 "},
        {STR("GET /v HTTP/3.0\r\nHost: localhost\r\n\r\n"), "\"GET /v -\" 505 "},
        {STR("BREW /\x01 HTTP/1.1\r\n\r\n"), "\"BREW - -\" 400 "},
        {STR("\x16\x03\x01\x02\r\n\r\n"), "\"- - -\" 400 "},
        {STR("GET / HTTP/1.1\nHost: localhost\n\n"), "\"GET / HTTP/1.1\" 400 "},
        {STR("GET /slow HTTP/1.1\r\nHost: local"), "\"GET /slow HTTP/1.1\" 408 "},
        {STR("PUT /slo"), "\"PUT - -\" 408 "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct world w;
        world_init(&w, ACCESS_COMBINED);
        say(&w, rows[i].text, false);
        holds(&w, rows[i].line);
        world_done(&w);
    }
}

/* The same when the head came in pieces, and too large. */
static void test_oversized_h1(void **state)
{
    static struct world w;
    struct buf text;
    buf_init(&text, 65536);
    buf_addf(&text, "GET /large HTTP/1.1\r\nHost: localhost\r\nX: %03000d\r\n\r\n", 0);
    world_init(&w, ACCESS_JSON);
    struct sim_client c = {.sim = &w.sim, .write_max = 100};
    buf_init(&c.out, 65536);
    buf_add(&c.out, buf_str(&text));
    assert_int_equal(sim_client_start(&c, &w.sim, 4096, PEER, false), 0);
    assert_true(sim_run(&w.sim, UINT64_MAX));
    sim_client_done(&c);
    holds(&w, "\"method\":\"GET\",\"scheme\":\"http\",\"path\":\"/large\"");
    holds(&w, "\"status\":431,");
    world_done(&w);
    buf_done(&text);
}

static void add_literal(struct buf *b, const char *name, const char *value)
{
    size_t n = strlen(name), v = strlen(value);
    buf_addc(b, 0); /* RFC 7541 6.2.2: a literal that is not indexed, names and values as they are */
    buf_addc(b, (char)n);
    buf_add(b, str_c(name));
    assert_true(n < 127 && v < 127);
    buf_addc(b, (char)v);
    buf_add(b, str_c(value));
}

static void test_malformed_h2(void **state)
{
    static const struct {
        const char *path, *name, *value; /* a path, and a field behind it */
        const char *line;
    } rows[] = {
        {"/a?b=c", "host", "elsewhere", "\"GET /a?b=c HTTP/2.0\" 400 "},
        {"/\"\\", "host", "elsewhere", "\"GET /\\x22\\x5C HTTP/2.0\" 400 "},
        {"/value", "x", "a\x01z", "\"GET /value HTTP/2.0\" 400 "},
        /* Whether these are answered or reset is the library's choice. */
        {"/a b", "x", "y", "\"GET - HTTP/2.0\" "},
        {"/\xff", "x", "y", "\"GET - HTTP/2.0\" "},
        {"/upper", "X-Upper", "y", "\"GET /upper HTTP/2.0\" "},
        {"/te", "te", "gzip", "\"GET /te HTTP/2.0\" "},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        static struct world w;
        struct buf text, head;
        buf_init(&text, 65536);
        buf_init(&head, 65536);
        add_literal(&head, ":method", "GET");
        add_literal(&head, ":scheme", "https");
        add_literal(&head, ":authority", "localhost");
        add_literal(&head, ":path", rows[i].path);
        add_literal(&head, rows[i].name, rows[i].value);
        buf_add(&text, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0\0\0"));
        buf_addc(&text, (char)head.n);
        buf_add(&text, STR("\1\5\0\0\0\1")); /* HEADERS, END_HEADERS and END_STREAM, stream 1 */
        buf_add(&text, buf_str(&head));
        world_init(&w, ACCESS_COMBINED);
        say(&w, buf_str(&text), true);
        holds(&w, rows[i].line);
        world_done(&w);
        buf_done(&text);
        buf_done(&head);
    }
}

int main(void)
{
    sim_files_make(&files);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_duration_within_a_turn),
        cmocka_unit_test(test_malformed_h1),
        cmocka_unit_test(test_oversized_h1),
        cmocka_unit_test(test_malformed_h2),
    };
    int failures = cmocka_run_group_tests(tests, NULL, NULL);
    sim_files_remove(&files);
    return failures;
}
