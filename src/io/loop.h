/* The event loop: descriptors, timers, and work deferred to the end of a turn. One loop a process,
 * one thread. Time is read once a turn. Back ends: loop_epoll.c (real), loop_sim.c (virtual time,
 * no descriptors, for tests). */
#ifndef IO_LOOP_H
#define IO_LOOP_H

#include "base/err.h"
#include "base/list.h"
#include "base/str.h"
#include "io/file_pool.h"

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HUP = 4 };

struct loop;

/* Embedded in whatever owns the descriptor; must be unwatched before it dies. The owner sets
 * on_event; loop_watch sets fd, loop_unwatch sets it to -1 (and does not close it). */
struct watch {
    void (*on_event)(struct watch *, unsigned events); /* LOOP_* bits */
    int fd;
};

/* Embedded; must be stopped before it dies. */
struct timer {
    void (*on_timer)(struct timer *, uint64_t now);
    uint64_t when; /* ns, monotonic; may be in the past: then it runs in this or the next turn */
    size_t place;  /* in the heap, 1-based; 0: not running */
};

/* Embedded; runs once at the end of the turn (in the order deferred; one deferred while tasks run
 * still runs in this turn). */
struct task {
    struct list link; /* task_init first */
    void (*run)(struct task *);
};

struct loop_ops {
    /* edge != 0: edge-triggered (one event per change), else level-triggered. */
    int (*watch)(struct loop *, struct watch *, unsigned events, bool edge);
    int (*rewatch)(struct loop *, struct watch *, unsigned events, bool edge);
    /* closing: the caller closes the only descriptor of the file next, which ends the watch. */
    void (*unwatch)(struct loop *, struct watch *, bool closing);
    /* Waits for events until `until` (ns; UINT64_MAX: for ever; 0: only look) and runs them,
     * after having set loop->now and loop->wall. −err only when the loop cannot go on. */
    int (*wait)(struct loop *, uint64_t until);
    uint64_t (*clock)(struct loop *); /* see loop_clock */
    void (*free)(struct loop *);
};

/* Owned by the process's role; dies last. Timers are limited by memory only: each belongs to an
 * object that has a limit of its own. */
struct loop {
    const struct loop_ops *ops;
    uint64_t now;  /* ns, monotonic, as of the last wake-up */
    int64_t wall;  /* s since 1970, likewise */
    unsigned wall_ms; /* and the milliseconds of that second, 0-999 */
    uint64_t turns; /* begun so far */
    bool stopping; /* loop_stop was called */
    struct timer **heap; /* the running ones, earliest first */
    size_t running, timers, heap_cap; /* running <= timers (initialised ones) <= heap_cap */
    struct list tasks;
    size_t descriptors; /* that the process may have open (RLIMIT_NOFILE) */
    struct file_pool files; /* that are being sent */
    char *scratch; /* LOOP_SCRATCH bytes, for whoever runs now: content dies with the callback */
};

/* How descriptors are shared out: an eighth to files that are being sent, a share for ourselves
 * (listeners, directories, logs, what a request opens for a moment), the rest to connections. So
 * neither of the first two can keep newcomers out, nor the newcomers them. */
static inline size_t loop_connections_max(const struct loop *l)
{
    size_t kept = l->files.max + l->descriptors / 16 + 32;
    return l->descriptors > kept + 8 ? l->descriptors - kept : 8;
}

#define LOOP_SCRATCH (256 * 1024)
#define SECOND ((uint64_t)1000000000)
#define MILLISECOND ((uint64_t)1000000)

/* NULL when out of memory or descriptors. */
struct loop *loop_epoll_new(void);
/* Virtual time, starting at `now`/`wall`; wait() jumps to the next timer. With no timer and no
 * task left, nothing can ever happen again: loop_run returns. No descriptors: -ERR_UNSUPPORTED. */
struct loop *loop_sim_new(uint64_t now, int64_t wall);
/* Runs what is still deferred, then frees. NULL is harmless. */
void loop_free(struct loop *l);

/* Runs until loop_stop (called before or while it runs). Each turn: wait, events, due timers,
 * deferred tasks. 0 or −err. */
int loop_run(struct loop *l);
/* One turn; waits no longer than `until`. */
int loop_turn(struct loop *l, uint64_t until);
void loop_stop(struct loop *l);
/* ns, like l->now but read this moment; l->now stays. For measuring only: decisions go by l->now. */
static inline uint64_t loop_clock(struct loop *l)
{
    return l->ops->clock(l);
}

int must_use loop_watch(struct loop *l, struct watch *w, int fd, unsigned events, bool edge);
int must_use loop_rewatch(struct loop *l, struct watch *w, unsigned events, bool edge);
void loop_unwatch(struct loop *l, struct watch *w); /* harmless when not watched (fd −1) */
/* Unwatches and closes the descriptor. Saves a system call; only where no other process or dup
 * holds the same open file. */
void loop_close(struct loop *l, struct watch *w);

/* Makes room in the heap, so that starting never fails; -ERR_NOMEM. */
int must_use timer_init(struct loop *l, struct timer *t,
                        void (*on_timer)(struct timer *, uint64_t));
void timer_start(struct loop *l, struct timer *t, uint64_t when); /* or moves it */
void timer_stop(struct loop *l, struct timer *t); /* keeps its room */
/* Stops and gives the room back. Harmless for a zeroed timer that never was initialised. */
void timer_done(struct loop *l, struct timer *t);
static inline bool timer_running(const struct timer *t)
{
    return t->place != 0;
}

void task_init(struct task *t, void (*run)(struct task *));
void loop_defer(struct loop *l, struct task *t); /* harmless when deferred already */
void task_cancel(struct task *t);

/* For back ends: what is common to all of them. loop_init: -ERR_NOMEM. */
int must_use loop_init(struct loop *l, const struct loop_ops *ops);
void loop_done(struct loop *l);

#endif
