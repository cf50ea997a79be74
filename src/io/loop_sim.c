/* The loop in virtual time, for simulations; see loop.h. Waiting costs nothing: time jumps to the
 * next timer, so an hour of idle connections takes microseconds and every run is the same. All
 * input comes from streams in memory, whose events are tasks. */
#include "io/loop.h"

#include <stdlib.h>

/* Owned by the test. */
struct loop_sim {
    struct loop base;
    uint64_t start;     /* ns */
    int64_t wall_start; /* s */
};

static int sim_watch(struct loop *l, struct watch *w, unsigned events, bool edge)
{
    return -ERR_UNSUPPORTED;
}

static void sim_unwatch(struct loop *l, struct watch *w, bool closing)
{
}

static int sim_wait(struct loop *l, uint64_t until)
{
    struct loop_sim *self = (struct loop_sim *)l;
    if (until == UINT64_MAX) {
        loop_stop(l); /* nothing can ever happen again */
        return 0;
    }
    if (until > l->now)
        l->now = until;
    uint64_t passed = l->now - self->start;
    l->wall = self->wall_start + (int64_t)(passed / SECOND);
    l->wall_ms = (unsigned)(passed % SECOND / MILLISECOND);
    return 0;
}

static uint64_t sim_clock(struct loop *l)
{
    return l->now;
}

static void sim_free(struct loop *l)
{
    loop_done(l);
    free(l);
}

static const struct loop_ops ops = {
    .watch = sim_watch,
    .rewatch = sim_watch,
    .unwatch = sim_unwatch,
    .wait = sim_wait,
    .clock = sim_clock,
    .free = sim_free,
};

struct loop *loop_sim_new(uint64_t now, int64_t wall)
{
    struct loop_sim *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (loop_init(&self->base, &ops)) {
        free(self);
        return NULL;
    }
    self->start = self->base.now = now;
    self->wall_start = self->base.wall = wall;
    return &self->base;
}
