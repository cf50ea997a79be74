/* Heartbeats and who listens to them; see watchdog.h.
 *
 * The parent judges by its own clock and only while that runs smoothly: after a gap (it was stopped with
 * all the rest by ^Z, a frozen container, a virtual machine that was saved) everybody gets the whole
 * time anew. A process in an uninterruptible wait (a dead network file system) dies when that ends, so
 * it is told again once in the same while.
 *
 * Rejected: a PING over the channel (a busy worker answers it behind all the rest of its turn, a full
 * channel not at all), systemd's WatchdogSec (it restarts the whole service for one worker). */
#include "main/watchdog.h"

#include "main/parent.h"

#include <signal.h>

enum { GAP_SECONDS = 3 };

static void on_beat(struct timer *t, uint64_t now)
{
    struct heartbeat *h = LIST_ENTRY(t, struct heartbeat, timer);
    __atomic_store_n(&h->page->heartbeat, h->page->heartbeat + 1, __ATOMIC_RELAXED);
    timer_start(h->loop, t, now + SECOND);
}

int heartbeat_start(struct heartbeat *h, struct loop *loop, struct metrics *page)
{
    if (!page)
        return 0;
    h->loop = loop;
    h->page = page;
    int err = timer_init(loop, &h->timer, on_beat);
    if (!err)
        timer_start(loop, &h->timer, loop->now + SECOND);
    return err;
}

void heartbeat_stop(struct heartbeat *h)
{
    if (h->loop)
        timer_done(h->loop, &h->timer);
    h->loop = NULL;
}

static void look_at(struct parent *p, struct child *c, uint64_t now, bool gap)
{
    if (!c->pid || !c->metrics)
        return;
    uint64_t beat = __atomic_load_n(&c->metrics->heartbeat, __ATOMIC_RELAXED);
    if (gap || beat != c->beat) {
        c->beat = beat;
        c->beat_at = now;
    } else if (now - c->beat_at >= p->live->snapshot->watchdog) {
        log_write(&p->log, LOG_ERROR, "%s %u (process %d) has not moved for %llu s and is killed",
                  c->role->name, c->index, (int)c->pid,
                  (unsigned long long)((now - c->beat_at) / SECOND));
        kill(c->pid, SIGKILL);
        c->beat_at = now;
    }
}

/* During the start and the end other deadlines hold. */
void watchdog_check(struct parent *p, uint64_t now)
{
    bool gap = now - p->looked > GAP_SECONDS * SECOND;
    p->looked = now;
    if (!p->live || p->stopping)
        return;
    look_at(p, &p->keeper, now, gap);
    for (size_t i = 0; i < p->nworkers; i++)
        look_at(p, &p->workers[i], now, gap);
}
