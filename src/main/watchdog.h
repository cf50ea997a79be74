/* Whether the other processes still move. Each turns a counter on its page of shared memory once a
 * second, by a timer of its loop: one that is stopped, or stuck in a turn of the loop, does not. The
 * parent looks once a second and kills what has stood still for as long as the configuration says
 * (`watchdog`); the usual replacement follows. */
#ifndef MAIN_WATCHDOG_H
#define MAIN_WATCHDOG_H

#include "base/metric.h"
#include "io/loop.h"

/* In a child. Embedded; the page outlives it. */
struct heartbeat {
    struct timer timer;
    struct loop *loop;
    struct metrics *page;
};

/* -ERR_NOMEM. page NULL: nobody looks, nothing is done. */
int must_use heartbeat_start(struct heartbeat *h, struct loop *loop, struct metrics *page);
/* Harmless for a zeroed one. */
void heartbeat_stop(struct heartbeat *h);

struct parent;
/* In the parent: once a second. now: ns, its loop's. */
void watchdog_check(struct parent *p, uint64_t now);

#endif
