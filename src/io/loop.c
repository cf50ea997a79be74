/* What every back end of the loop shares: timers, deferred tasks, the turn; see loop.h.
 *
 * Timers live in a heap of four children a node: half as deep as a binary one and a node's
 * children share a cache line. A timing wheel was rejected: with one timer a connection, moved
 * a few times in its life, its gain is small and its granularity shows in every deadline.
 *
 * Invariants: heap[i]->place == i + 1 for all i < running; a parent is never later than its
 * children; every initialised timer has room, so starting one cannot fail. */
#include "io/loop.h"

#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

enum { FANOUT = 4 };
#define FEW 64 /* descriptors: below that nothing can be shared out */

int loop_init(struct loop *l, const struct loop_ops *ops)
{
    l->scratch = malloc(LOOP_SCRATCH);
    if (!l->scratch)
        return -ERR_NOMEM;
    l->ops = ops;
    list_init(&l->tasks);
    /* Asked now: a sandbox may forbid it later. */
    struct rlimit r;
    l->descriptors = getrlimit(RLIMIT_NOFILE, &r) || r.rlim_cur < FEW ? FEW : (size_t)r.rlim_cur;
    file_pool_init(&l->files, l->descriptors / 8);
    return 0;
}

void loop_done(struct loop *l)
{
    free(l->heap);
    free(l->scratch);
    l->heap = NULL;
    l->scratch = NULL;
}

static void put(struct loop *l, size_t i, struct timer *t)
{
    l->heap[i] = t;
    t->place = i + 1;
}

static void sift_up(struct loop *l, size_t i, struct timer *t)
{
    while (i > 0) {
        size_t parent = (i - 1) / FANOUT;
        if (l->heap[parent]->when <= t->when)
            break;
        put(l, i, l->heap[parent]);
        i = parent;
    }
    put(l, i, t);
}

static void sift_down(struct loop *l, size_t i, struct timer *t)
{
    for (;;) {
        size_t first = i * FANOUT + 1, best = first;
        if (first >= l->running)
            break;
        for (size_t c = first + 1; c < first + FANOUT && c < l->running; c++)
            if (l->heap[c]->when < l->heap[best]->when)
                best = c;
        if (l->heap[best]->when >= t->when)
            break;
        put(l, i, l->heap[best]);
        i = best;
    }
    put(l, i, t);
}

int timer_init(struct loop *l, struct timer *t, void (*on_timer)(struct timer *, uint64_t))
{
    if (l->timers == l->heap_cap) {
        size_t cap = l->heap_cap ? l->heap_cap * 2 : 64;
        struct timer **heap = realloc(l->heap, cap * sizeof(struct timer *));
        if (!heap)
            return -ERR_NOMEM;
        l->heap = heap;
        l->heap_cap = cap;
    }
    l->timers++;
    *t = (struct timer){.on_timer = on_timer};
    return 0;
}

void timer_start(struct loop *l, struct timer *t, uint64_t when)
{
    uint64_t before = t->when;
    t->when = when;
    if (t->place == 0)
        sift_up(l, l->running++, t);
    else if (when < before)
        sift_up(l, t->place - 1, t);
    else if (when > before)
        sift_down(l, t->place - 1, t);
}

void timer_stop(struct loop *l, struct timer *t)
{
    if (t->place == 0)
        return;
    size_t hole = t->place - 1;
    struct timer *last = l->heap[--l->running];
    t->place = 0;
    if (last == t)
        return;
    if (hole > 0 && last->when < l->heap[(hole - 1) / FANOUT]->when)
        sift_up(l, hole, last);
    else
        sift_down(l, hole, last);
}

void timer_done(struct loop *l, struct timer *t)
{
    if (!t->on_timer)
        return;
    timer_stop(l, t);
    t->on_timer = NULL;
    l->timers--;
}

/* A timer that starts itself again for a time already due waits for the next turn, so that it
 * cannot keep the loop from its descriptors: hence the count. */
static void run_timers(struct loop *l)
{
    for (size_t left = l->running; left && l->running && l->heap[0]->when <= l->now; left--) {
        struct timer *t = l->heap[0];
        timer_stop(l, t);
        t->on_timer(t, l->now);
    }
}

void task_init(struct task *t, void (*run)(struct task *))
{
    list_init(&t->link);
    t->run = run;
}

void loop_defer(struct loop *l, struct task *t)
{
    if (list_empty(&t->link))
        list_push(&l->tasks, &t->link);
}

void task_cancel(struct task *t)
{
    list_remove(&t->link);
}

static void run_tasks(struct loop *l)
{
    struct list *link;
    while ((link = list_pop(&l->tasks))) {
        struct task *t = LIST_ENTRY(link, struct task, link);
        t->run(t); /* may free t */
    }
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    run_tasks(l);
    l->ops->free(l);
}

int loop_turn(struct loop *l, uint64_t until)
{
    if (l->running && l->heap[0]->when < until)
        until = l->heap[0]->when;
    if (!list_empty(&l->tasks))
        until = 0;
    l->turns++;
    int err = l->ops->wait(l, until);
    if (err)
        return err;
    run_timers(l);
    run_tasks(l);
    return 0;
}

int loop_run(struct loop *l)
{
    int err = 0;
    while (!l->stopping && !err)
        err = loop_turn(l, UINT64_MAX);
    l->stopping = false;
    return err;
}

void loop_stop(struct loop *l)
{
    l->stopping = true;
}

int loop_watch(struct loop *l, struct watch *w, int fd, unsigned events, bool edge)
{
    w->fd = fd;
    int err = l->ops->watch(l, w, events, edge);
    if (err)
        w->fd = -1;
    return err;
}

int loop_rewatch(struct loop *l, struct watch *w, unsigned events, bool edge)
{
    return w->fd < 0 ? -ERR_INVAL : l->ops->rewatch(l, w, events, edge);
}

void loop_unwatch(struct loop *l, struct watch *w)
{
    if (w->fd < 0)
        return;
    l->ops->unwatch(l, w, false);
    w->fd = -1;
}

void loop_close(struct loop *l, struct watch *w)
{
    if (w->fd < 0)
        return;
    l->ops->unwatch(l, w, true);
    close(w->fd);
    w->fd = -1;
}
