/* Streams in memory. */
#include "io/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdio.h>

struct side {
    struct stream *stream;
    unsigned sent, received; /* bytes of the sequence 0, 1, …, 250, 0, … */
    unsigned total;          /* to send */
    size_t step;             /* bytes to read at a time */
    int events;
    bool ended;
    ssize_t end; /* what the last read said */
};

static void pump_out(struct side *x)
{
    unsigned char data[97];
    while (x->sent < x->total) {
        size_t n = x->total - x->sent < sizeof data ? x->total - x->sent : sizeof data;
        for (size_t i = 0; i < n; i++)
            data[i] = (unsigned char)((x->sent + i) % 251);
        struct str parts[2] = {{(char *)data, n / 3}, {(char *)data + n / 3, n - n / 3}};
        ssize_t taken = stream_write(x->stream, parts, 2, false);
        assert_true(taken >= 0);
        x->sent += (unsigned)taken;
        if ((size_t)taken < n)
            return;
    }
    assert_int_equal(stream_shutdown(x->stream), 0);
}

/* Stops after a short read, which the contract allows. */
static void pump_in(struct side *x)
{
    unsigned char data[64];
    while (!x->ended) {
        ssize_t n = stream_read(x->stream, data, x->step);
        x->end = n;
        if (n == -ERR_AGAIN)
            return;
        assert_true(n >= 0);
        x->ended = n == 0;
        for (ssize_t i = 0; i < n; i++)
            assert_int_equal(data[i], x->received++ % 251);
        if ((size_t)n < x->step)
            return;
    }
}

static void on_event(struct stream *s, unsigned events)
{
    struct side *x = s->user;
    x->events++;
    if (events & STREAM_WRITABLE)
        pump_out(x);
    if (events & STREAM_READABLE)
        pump_in(x);
}

static struct loop *make(size_t capacity, struct side *a, struct side *b)
{
    struct loop *l = loop_sim_new(0, 0);
    assert_int_equal(stream_mem_pair(l, capacity, &a->stream, &b->stream), 0);
    a->stream->on_event = b->stream->on_event = on_event;
    a->stream->user = a;
    b->stream->user = b;
    return l;
}

static void both_ways_at_any_capacity(void **state)
{
    const size_t capacities[] = {1, 2, 3, 7, 64, 96, 97, 100, 10000};
    for (size_t c = 0; c < sizeof capacities / sizeof *capacities; c++)
        for (size_t step = 1; step <= 64; step += 21) {
            struct side a = {.total = 3000, .step = step}, b = {.total = 2000, .step = 65 - step};
            struct loop *l = make(capacities[c], &a, &b);
            pump_out(&a);
            pump_out(&b);
            assert_int_equal(a.events + b.events, 0); /* never from inside a call */
            assert_int_equal(loop_run(l), 0);
            assert_int_equal(a.received, 2000);
            assert_int_equal(b.received, 3000);
            assert_true(a.ended && b.ended);
            stream_close(a.stream, false);
            stream_close(b.stream, false);
            loop_free(l);
        }
}

static void close_lets_read_abort_does_not(void **state)
{
    for (int abort = 0; abort < 2; abort++) {
        struct side a = {.step = 64}, b = {.step = 64};
        struct loop *l = make(100, &a, &b);
        char data[10];
        assert_int_equal(stream_write(a.stream, (struct str[]){STR("last")}, 1, false), 4);
        stream_close(a.stream, abort);
        b.stream->on_event = NULL;
        assert_int_equal(loop_run(l), 0);
        assert_int_equal(stream_read(b.stream, data, sizeof data), abort ? -ERR_RESET : 4);
        assert_int_equal(stream_read(b.stream, data, sizeof data), abort ? -ERR_RESET : 0);
        assert_int_equal(stream_write(b.stream, (struct str[]){STR("x")}, 1, false), -ERR_RESET);
        assert_int_equal(stream_pending(b.stream), 0);
        stream_close(b.stream, false);
        loop_free(l);
    }
}

static void write_after_shutdown(void **state)
{
    struct side a = {.step = 64}, b = {.step = 64};
    struct loop *l = make(100, &a, &b);
    assert_int_equal(stream_shutdown(a.stream), 0);
    assert_int_equal(stream_write(a.stream, (struct str[]){STR("x")}, 1, false), -ERR_CLOSED);
    assert_int_equal(stream_write(b.stream, (struct str[]){{"\0\1", 2}}, 1, false), 2);
    assert_int_equal(loop_run(l), 0);
    assert_true(b.ended);
    assert_int_equal(a.received, 2);
    stream_close(a.stream, false);
    stream_close(b.stream, true);
    loop_free(l);
}

static void sends_a_file(void **state)
{
    struct side a = {.step = 64}, b = {.step = 64};
    struct loop *l = make(8, &a, &b);
    FILE *f = tmpfile();
    char data[32];
    assert_int_equal(fwrite("0123456789abcdef", 1, 16, f), 16);
    fflush(f);
    a.stream->on_event = b.stream->on_event = NULL;
    assert_int_equal(stream_send_file(a.stream, fileno(f), 1, 15), 8);
    assert_int_equal(stream_send_file(a.stream, fileno(f), 9, 7), 0);
    assert_int_equal(stream_read(b.stream, data, 5), 5);
    assert_int_equal(stream_send_file(a.stream, fileno(f), 9, 7), 5); /* around the ring's end */
    assert_int_equal(stream_read(b.stream, data + 5, 20), 8);
    assert_memory_equal(data, "123456789abcd", 13);
    assert_int_equal(stream_send_file(a.stream, fileno(f), 14, 7), 2);
    assert_int_equal(stream_send_file(a.stream, fileno(f), 16, 5), -ERR_EOF);
    fclose(f);
    stream_close(a.stream, false);
    stream_close(a.stream, false); /* still there until the turn ends */
    stream_close(b.stream, false);
    loop_free(l);
}

static void refuses_no_capacity(void **state)
{
    struct loop *l = loop_sim_new(0, 0);
    struct stream *a, *b;
    assert_int_equal(stream_mem_pair(l, 0, &a, &b), -ERR_INVAL);
    stream_close(NULL, true);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_ways_at_any_capacity),
        cmocka_unit_test(close_lets_read_abort_does_not),
        cmocka_unit_test(write_after_shutdown),
        cmocka_unit_test(sends_a_file),
        cmocka_unit_test(refuses_no_capacity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
