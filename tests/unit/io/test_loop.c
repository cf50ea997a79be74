/* Timers and tasks in virtual time; descriptors on epoll. */
#include "io/loop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TIMERS = 300 };

struct probe {
    struct timer timer;
    struct loop *loop;
    uint64_t expected; /* 0: must not run */
    int runs;
};

static uint64_t last;

static void on_probe(struct timer *t, uint64_t now)
{
    struct probe *p = LIST_ENTRY(t, struct probe, timer);
    assert_int_equal(now, p->expected);
    assert_true(now >= last);
    last = now;
    p->runs++;
}

/* Many timers started, moved and stopped from a seed: each runs once, in order, when it is due. */
static void timers_against_a_model(void **state)
{
    struct loop *l = loop_sim_new(1000, 50);
    struct probe *p = calloc(TIMERS, sizeof *p);
    unsigned rnd = 7;
    last = 0;
    for (int i = 0; i < TIMERS; i++)
        assert_int_equal(timer_init(l, &p[i].timer, on_probe), 0);
    for (int step = 0; step < 20000; step++) {
        rnd = rnd * 1103515245 + 12345;
        struct probe *one = &p[(rnd >> 8) % TIMERS];
        if ((rnd >> 28) == 0) {
            timer_stop(l, &one->timer);
            one->expected = 0;
        } else {
            one->expected = 1001 + (rnd >> 16 & 0x3fff);
            timer_start(l, &one->timer, one->expected);
        }
        assert_true(timer_running(&one->timer) == (one->expected != 0));
    }
    assert_int_equal(loop_run(l), 0);
    for (int i = 0; i < TIMERS; i++) {
        assert_int_equal(p[i].runs, p[i].expected != 0);
        timer_done(l, &p[i].timer);
        timer_done(l, &p[i].timer); /* harmless */
    }
    assert_int_equal(l->timers, 0);
    free(p);
    loop_free(l);
}

static void on_hour(struct timer *t, uint64_t now)
{
    struct probe *p = LIST_ENTRY(t, struct probe, timer);
    if (++p->runs < 24)
        timer_start(p->loop, t, now + 3600 * SECOND + 5 * MILLISECOND);
}

static void virtual_time(void **state)
{
    struct loop *l = loop_sim_new(0, 1000000);
    struct probe p = {.loop = l};
    struct watch w = {.fd = -1};
    assert_int_equal(timer_init(l, &p.timer, on_hour), 0);
    timer_start(l, &p.timer, 0);
    assert_int_equal(loop_run(l), 0);
    assert_int_equal(p.runs, 24);
    assert_int_equal(l->now, 23 * (3600 * SECOND + 5 * MILLISECOND));
    assert_int_equal(l->wall, 1000000 + 23 * 3600);
    assert_int_equal(loop_clock(l), l->now);
    assert_int_equal(l->wall_ms, 115);
    assert_int_equal(loop_turn(l, l->now + SECOND), 0); /* a turn goes no further than told */
    assert_int_equal(l->wall, 1000000 + 23 * 3600 + 1);
    assert_int_equal(loop_watch(l, &w, 0, LOOP_READ, false), -ERR_UNSUPPORTED);
    assert_int_equal(w.fd, -1);
    loop_unwatch(l, &w);
    timer_done(l, &p.timer);
    loop_free(l);
    loop_free(NULL);
}

static void on_eager(struct timer *t, uint64_t now)
{
    struct probe *p = LIST_ENTRY(t, struct probe, timer);
    p->runs++;
    timer_start(p->loop, t, now);
}

static void eager_timer_cannot_hold_the_loop(void **state)
{
    struct loop *l = loop_sim_new(5, 0);
    struct probe p = {.loop = l};
    assert_int_equal(timer_init(l, &p.timer, on_eager), 0);
    timer_start(l, &p.timer, 0);
    assert_int_equal(loop_turn(l, 0), 0);
    assert_int_equal(p.runs, 1);
    assert_int_equal(loop_turn(l, UINT64_MAX), 0);
    assert_int_equal(p.runs, 2);
    timer_done(l, &p.timer);
    loop_free(l);
}

static char order[16];
static struct task task_c;
static struct loop *task_loop;

static void task_a_runs(struct task *t)
{
    strcat(order, "a");
    loop_defer(task_loop, &task_c);
}
static void task_b_runs(struct task *t)
{
    strcat(order, "b");
}
static void task_c_runs(struct task *t)
{
    strcat(order, "c");
}
static void task_frees_itself(struct task *t)
{
    strcat(order, "f");
    free(t);
}

static void tasks(void **state)
{
    struct loop *l = task_loop = loop_sim_new(0, 0);
    struct task a, b, *f = malloc(sizeof *f);
    order[0] = '\0';
    task_init(&a, task_a_runs);
    task_init(&b, task_b_runs);
    task_init(&task_c, task_c_runs);
    task_init(f, task_frees_itself);
    loop_defer(l, &a);
    loop_defer(l, &a); /* once is enough */
    loop_defer(l, &b);
    assert_int_equal(loop_turn(l, UINT64_MAX), 0);
    assert_string_equal(order, "abc");
    assert_false(l->stopping); /* a waiting task keeps the simulation from its end */
    loop_defer(l, &b);
    task_cancel(&b);
    task_cancel(&b);
    loop_defer(l, f);
    loop_free(l);
    assert_string_equal(order, "abcf");
}

struct end {
    struct watch watch;
    struct loop *loop;
    struct end *victim;
    unsigned seen;
    int count;
};

static void on_end(struct watch *w, unsigned events)
{
    struct end *e = LIST_ENTRY(w, struct end, watch);
    char c[16];
    e->seen |= events;
    e->count++;
    if (events & LOOP_READ)
        assert_true(read(w->fd, c, sizeof c) >= 0);
    if (e->victim) {
        loop_close(e->loop, &e->victim->watch);
        free(e->victim);
        e->victim = NULL;
    }
}

static void epoll_events(void **state)
{
    struct loop *l = loop_epoll_new();
    int fds[2];
    struct end e = {.watch = {.on_event = on_end, .fd = -1}, .loop = l};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_int_equal(loop_watch(l, &e.watch, fds[0], LOOP_READ, false), 0);
    assert_int_equal(loop_turn(l, 0), 0);
    assert_int_equal(e.count, 0);
    assert_int_equal(write(fds[1], "x", 1), 1);
    assert_int_equal(loop_turn(l, UINT64_MAX), 0);
    assert_int_equal(e.seen, LOOP_READ);
    assert_int_equal(loop_rewatch(l, &e.watch, LOOP_WRITE, false), 0);
    assert_int_equal(loop_turn(l, 0), 0);
    assert_int_equal(e.seen, LOOP_READ | LOOP_WRITE);
    loop_unwatch(l, &e.watch);
    loop_unwatch(l, &e.watch);
    assert_int_equal(e.watch.fd, -1);
    assert_int_equal(loop_rewatch(l, &e.watch, LOOP_WRITE, false), -ERR_INVAL);
    assert_int_equal(loop_watch(l, &e.watch, fds[0], LOOP_READ | LOOP_HUP, true), 0);
    close(fds[1]);
    e.seen = 0;
    assert_int_equal(loop_turn(l, 0), 0);
    assert_true(e.seen & LOOP_HUP && e.seen & LOOP_READ);
    loop_close(l, &e.watch);
    loop_free(l);
}

/* Two ends have events in one batch; whoever runs first frees the other. */
static void freed_in_the_same_batch(void **state)
{
    struct loop *l = loop_epoll_new();
    struct end *e[2];
    int fds[2], counts = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    for (int i = 0; i < 2; i++) {
        e[i] = calloc(1, sizeof *e[i]);
        *e[i] = (struct end){.watch = {.on_event = on_end, .fd = -1}, .loop = l};
        assert_int_equal(loop_watch(l, &e[i]->watch, fds[i], LOOP_WRITE | LOOP_HUP, true), 0);
    }
    e[0]->victim = e[1]; /* epoll gives them in the order in which they became ready */
    assert_int_equal(loop_turn(l, 0), 0);
    counts = e[0]->count;
    assert_int_equal(counts, 1);
    assert_null(e[0]->victim);
    loop_close(l, &e[0]->watch);
    free(e[0]);
    loop_free(l);
}

static void on_stop(struct timer *t, uint64_t now)
{
    struct probe *p = LIST_ENTRY(t, struct probe, timer);
    assert_true(now >= t->when);
    loop_stop(p->loop);
}

static void epoll_time(void **state)
{
    struct loop *l = loop_epoll_new();
    struct probe p = {.loop = l};
    uint64_t began = l->now;
    assert_true(l->now > 0 && l->wall > 1600000000 && l->wall_ms < 1000);
    assert_true(loop_clock(l) >= began && l->now == began);
    assert_int_equal(timer_init(l, &p.timer, on_stop), 0);
    timer_start(l, &p.timer, l->now + 3 * MILLISECOND);
    assert_int_equal(loop_run(l), 0);
    assert_true(l->now - began >= 3 * MILLISECOND);
    loop_stop(l);
    assert_int_equal(loop_run(l), 0); /* stopped before it ran: returns at once */
    timer_done(l, &p.timer);
    loop_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_against_a_model),
        cmocka_unit_test(virtual_time),
        cmocka_unit_test(eager_timer_cannot_hold_the_loop),
        cmocka_unit_test(tasks),
        cmocka_unit_test(epoll_events),
        cmocka_unit_test(freed_in_the_same_batch),
        cmocka_unit_test(epoll_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
