/* Socket streams, over socket pairs and loopback TCP. */
#include "io/listen.h"
#include "io/stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct side {
    struct loop *loop;
    struct stream *stream;
    int fd; /* the other end, ours */
    int readable, writable;
    bool close_on_event;
    char got[64];
    ssize_t last; /* what the last read said */
};

static void on_event(struct stream *s, unsigned events)
{
    struct side *x = s->user;
    x->readable += (events & STREAM_READABLE) != 0;
    x->writable += (events & STREAM_WRITABLE) != 0;
    if (x->close_on_event) {
        stream_close(s, false);
        x->stream = NULL;
    }
}

static int setup_kind(struct side *x, int fds[2])
{
    x->loop = loop_epoll_new();
    x->stream = stream_tcp_new(x->loop, fds[0]);
    x->stream->on_event = on_event;
    x->stream->user = x;
    x->fd = fds[1];
    return 0;
}

static int setup_pair(void **state)
{
    static struct side x;
    int fds[2];
    x = (struct side){0};
    *state = &x;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
    return setup_kind(&x, fds);
}

/* Real TCP: fds[0] is the accepted end. */
static int setup_tcp(void **state)
{
    static struct side x;
    struct addr at, where;
    int listener, fds[2];
    x = (struct side){0};
    *state = &x;
    assert_int_equal(addr_parse(&at, STR("127.0.0.1:0")), 0);
    assert_int_equal(listen_tcp(&at, true, &listener), 0);
    assert_int_equal(listen_addr(listener, &where), 0);
    assert_true(addr_port(&where) != 0);
    fds[1] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fds[1], &where.sa, where.len), 0);
    do
        fds[0] = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    while (fds[0] < 0 && errno == EAGAIN);
    assert_true(fds[0] >= 0);
    close(listener);
    return setup_kind(&x, fds);
}

static int teardown(void **state)
{
    struct side *x = *state;
    stream_close(x->stream, false);
    if (x->fd >= 0)
        close(x->fd);
    loop_free(x->loop);
    return 0;
}

static void turn(struct side *x)
{
    assert_int_equal(loop_turn(x->loop, x->loop->now + 20 * MILLISECOND), 0);
}

static ssize_t get(struct side *x)
{
    return x->last = stream_read(x->stream, x->got, sizeof x->got);
}

static void reads(void **state)
{
    struct side *x = *state;
    assert_int_equal(get(x), -ERR_AGAIN);
    turn(x); /* the first edge: writable, which nobody waits for */
    assert_int_equal(x->writable, 0);
    x->readable = 0;
    assert_int_equal(write(x->fd, "hello", 5), 5);
    assert_int_equal(get(x), -ERR_AGAIN); /* no system call without an event */
    turn(x);
    assert_int_equal(x->readable, 1);
    assert_int_equal(get(x), 5);
    assert_memory_equal(x->got, "hello", 5);
    assert_int_equal(get(x), -ERR_AGAIN);
    assert_int_equal(write(x->fd, "more", 4), 4);
    turn(x);
    assert_int_equal(x->readable, 2);
    assert_int_equal(get(x), 4);
    assert_int_equal(stream_pending(x->stream), 0);
    assert_int_equal(stream_read(x->stream, x->got, 0), -ERR_INVAL);
}

/* Bytes and the end in one edge: an owner who stops at the short read is told again. */
static void end_behind_bytes(void **state)
{
    struct side *x = *state;
    turn(x);
    x->readable = 0;
    assert_int_equal(write(x->fd, "bye", 3), 3);
    close(x->fd);
    x->fd = -1;
    turn(x);
    assert_int_equal(x->readable, 1);
    assert_int_equal(get(x), 3);
    turn(x);
    assert_int_equal(x->readable, 2);
    assert_int_equal(get(x), 0);
    assert_int_equal(get(x), 0);
}

/* Reads what the other end has, with turns, until WRITABLE came. */
static size_t drain_until_writable(struct side *x, char *sink, size_t n)
{
    size_t received = 0;
    int before = x->writable;
    for (int tries = 0; x->writable == before && tries < 1000; tries++) {
        ssize_t got;
        while ((got = recv(x->fd, sink, n, MSG_DONTWAIT)) > 0)
            received += (size_t)got;
        turn(x);
    }
    assert_int_equal(x->writable, before + 1);
    return received;
}

/* What the peer's system has not acknowledged: at least what our own had to keep. */
static void knows_what_is_in_flight(void **state)
{
    static char data[1 << 20], sink[1 << 20];
    struct side *x = *state;
    size_t sent = 0, received = 0;
    ssize_t n;
    assert_int_equal(stream_in_flight(x->stream), 0);
    struct str part = str_of(data, sizeof data);
    while ((n = stream_write(x->stream, &part, 1, false)) > 0)
        sent += (size_t)n;
    assert_in_range(stream_in_flight(x->stream), 1, 2 * sent);
    while (received < sent)
        if ((n = recv(x->fd, sink, sizeof sink, 0)) > 0)
            received += (size_t)n;
        else
            turn(x);
    for (int i = 0; stream_in_flight(x->stream) && i < 500; i++)
        turn(x); /* an acknowledgement may be delayed */
    assert_int_equal(stream_in_flight(x->stream), 0);
}

static void fills_and_drains(void **state)
{
    static char data[1 << 20], sink[1 << 20];
    struct side *x = *state;
    size_t sent = 0, received = 0;
    for (int jams = 0; jams < 5;) {
        struct str parts[3] = {{data, 1}, {data, 0}, {data, sizeof data - 1}};
        ssize_t n = stream_write(x->stream, parts, 3, false);
        assert_true(n >= 0);
        sent += (size_t)n;
        if ((size_t)n == sizeof data)
            continue;
        assert_int_equal(stream_write(x->stream, parts, 1, false), 0); /* without a system call */
        received += drain_until_writable(x, sink, sizeof sink);
        jams++;
    }
    while (received < sent) {
        ssize_t n = recv(x->fd, sink, sizeof sink, 0);
        if (n > 0)
            received += (size_t)n;
        else
            assert_int_equal(errno, EAGAIN);
    }
    assert_int_equal(received, sent);
}

static void many_parts(void **state)
{
    struct side *x = *state;
    struct str parts[200];
    char sink[400];
    for (int i = 0; i < 200; i++)
        parts[i] = i % 2 ? STR("b") : STR("a");
    assert_int_equal(stream_write(x->stream, parts, 200, true), 200);
    assert_int_equal(stream_write(x->stream, parts, 0, false), 0);
    assert_int_equal(stream_write(x->stream, parts, 1, false), 1);
    for (size_t got = 0; got < 201;) {
        ssize_t n = recv(x->fd, sink, sizeof sink, 0);
        if (n > 0)
            got += (size_t)n;
        else
            assert_int_equal(errno, EAGAIN);
    }
}

static void sends_a_file(void **state)
{
    struct side *x = *state;
    FILE *f = tmpfile();
    char sink[64];
    assert_int_equal(fwrite("0123456789", 1, 10, f), 10);
    fflush(f);
    assert_int_equal(stream_send_file(x->stream, fileno(f), 2, 5), 5);
    assert_int_equal(recv(x->fd, sink, sizeof sink, 0), 5);
    assert_memory_equal(sink, "23456", 5);
    turn(x);
    x->writable = 0;
    assert_int_equal(stream_send_file(x->stream, fileno(f), 8, 100), 2); /* shorter than promised */
    turn(x);
    assert_int_equal(x->writable, 1); /* less than offered: WRITABLE follows */
    assert_int_equal(stream_send_file(x->stream, fileno(f), 10, 98), -ERR_EOF);
    fclose(f);
}

static void shutdown_half(void **state)
{
    struct side *x = *state;
    char c;
    assert_int_equal(stream_shutdown(x->stream), 0);
    assert_int_equal(read(x->fd, &c, 1), 0);
    assert_int_equal(write(x->fd, "x", 1), 1);
    turn(x);
    assert_int_equal(get(x), 1); /* reading goes on */
    assert_int_equal(stream_write(x->stream, (struct str[]){STR("x")}, 1, false), -ERR_RESET);
}

static void peer_resets(void **state)
{
    struct side *x = *state;
    struct linger now = {1, 0};
    turn(x);
    x->readable = 0;
    setsockopt(x->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(x->fd);
    x->fd = -1;
    turn(x);
    assert_int_equal(x->readable, 1);
    assert_int_equal(get(x), -ERR_RESET);
    assert_int_equal(stream_write(x->stream, (struct str[]){STR("x")}, 1, false), -ERR_RESET);
}

static void aborts(void **state)
{
    struct side *x = *state;
    char c;
    assert_int_equal(stream_write(x->stream, (struct str[]){STR("lost")}, 1, false), 4);
    stream_close(x->stream, true);
    x->stream = NULL;
    ssize_t n = read(x->fd, &c, 1);
    assert_true(n == 1 || (n < 0 && errno == ECONNRESET));
    while (n > 0)
        n = read(x->fd, &c, 1);
    assert_true(n < 0 && errno == ECONNRESET);
}

static void closes_in_its_event(void **state)
{
    struct side *x = *state;
    x->close_on_event = true;
    assert_int_equal(write(x->fd, "x", 1), 1);
    turn(x);
    assert_null(x->stream);
    turn(x);
    assert_int_equal(x->readable, 1);
}

static void listens_on_both_families(void **state)
{
    struct addr at, where, v4;
    int fd, second = -1, client;
    assert_int_equal(addr_parse(&at, STR("*:0")), 0);
    assert_int_equal(listen_tcp(&at, false, &fd), 0);
    assert_int_equal(listen_addr(fd, &where), 0);
    assert_int_equal(addr_parse(&v4, STR("127.0.0.1:1")), 0);
    addr_set_port(&v4, addr_port(&where));
    client = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(client, &v4.sa, v4.len), 0);
    assert_int_equal(listen_tcp(&where, false, &second), -ERR_EXISTS);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(second, -1);
    assert_int_equal(listen_tcp(&(struct addr){0}, false, &second), -ERR_INVAL);
    close(client);
    close(fd);
}

#define ON(kind, test) cmocka_unit_test_setup_teardown(test, setup_##kind, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON(pair, reads),           ON(tcp, reads),           ON(pair, end_behind_bytes),
        ON(tcp, end_behind_bytes), ON(pair, fills_and_drains), ON(tcp, fills_and_drains),
        ON(tcp, knows_what_is_in_flight),
        ON(pair, many_parts),      ON(tcp, many_parts),      ON(tcp, sends_a_file),
        ON(pair, shutdown_half),   ON(tcp, shutdown_half),   ON(tcp, peer_resets),
        ON(tcp, aborts),           ON(pair, closes_in_its_event), ON(tcp, closes_in_its_event),
        cmocka_unit_test(listens_on_both_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
