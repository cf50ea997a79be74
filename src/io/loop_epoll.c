/* The loop on epoll; see loop.h. io_uring was rejected for now: seccomp cannot look into its ring,
 * and at our sizes (one read and one write a request) epoll with edges costs about the same.
 *
 * A watch can be unwatched, and freed, while its event waits in the batch being run: unwatch
 * therefore strikes it from the rest of the batch. */
#include "io/loop.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

enum { BATCH = 512 };

/* Owned by the role; one a process. */
struct loop_epoll {
    struct loop base;
    int fd;    /* of epoll */
    int n, at; /* events in the batch, and the one running now */
    struct epoll_event batch[BATCH];
};

static struct loop_epoll *self_of(struct loop *l)
{
    return (struct loop_epoll *)l;
}

static uint64_t epoll_clock(struct loop *l)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * SECOND + (uint64_t)ts.tv_nsec;
}

static void read_clocks(struct loop *l)
{
    struct timespec ts;
    l->now = epoll_clock(l);
    clock_gettime(CLOCK_REALTIME, &ts);
    l->wall = ts.tv_sec;
    l->wall_ms = (unsigned)(ts.tv_nsec / 1000000);
}

static uint32_t to_epoll(unsigned events, bool edge)
{
    uint32_t e = edge ? EPOLLET : 0;
    if (events & LOOP_READ)
        e |= EPOLLIN;
    if (events & LOOP_WRITE)
        e |= EPOLLOUT;
    if (events & LOOP_HUP)
        e |= EPOLLRDHUP;
    return e;
}

/* Errors and hang-ups come unasked; they count as readable and writable, because reading or
 * writing is how the owner learns which it was. */
static unsigned from_epoll(uint32_t e)
{
    unsigned events = 0;
    if (e & (EPOLLIN | EPOLLPRI))
        events |= LOOP_READ;
    if (e & EPOLLOUT)
        events |= LOOP_WRITE;
    if (e & EPOLLRDHUP)
        events |= LOOP_READ | LOOP_HUP;
    if (e & (EPOLLHUP | EPOLLERR))
        events |= LOOP_READ | LOOP_WRITE | LOOP_HUP;
    return events;
}

static int control(struct loop *l, int op, struct watch *w, unsigned events, bool edge)
{
    struct epoll_event ev = {.events = to_epoll(events, edge), .data.ptr = w};
    return epoll_ctl(self_of(l)->fd, op, w->fd, &ev) ? err_from_errno(errno) : 0;
}

static int epoll_watch(struct loop *l, struct watch *w, unsigned events, bool edge)
{
    return control(l, EPOLL_CTL_ADD, w, events, edge);
}

static int epoll_rewatch(struct loop *l, struct watch *w, unsigned events, bool edge)
{
    return control(l, EPOLL_CTL_MOD, w, events, edge);
}

static void epoll_unwatch(struct loop *l, struct watch *w, bool closing)
{
    struct loop_epoll *self = self_of(l);
    if (!closing)
        epoll_ctl(self->fd, EPOLL_CTL_DEL, w->fd, NULL);
    for (int i = self->at + 1; i < self->n; i++)
        if (self->batch[i].data.ptr == w)
            self->batch[i].data.ptr = NULL;
}

/* Milliseconds, rounded up: waking early would spin until the timer is due. */
static int timeout_of(uint64_t now, uint64_t until)
{
    if (until == UINT64_MAX)
        return -1;
    if (until <= now)
        return 0;
    uint64_t ms = (until - now - 1) / MILLISECOND + 1;
    return ms > 3600000 ? 3600000 : (int)ms;
}

static int epoll_wait_and_run(struct loop *l, uint64_t until)
{
    struct loop_epoll *self = self_of(l);
    if (until && until != UINT64_MAX)
        read_clocks(l); /* the last turn may have taken long */
    int n = epoll_wait(self->fd, self->batch, BATCH, timeout_of(l->now, until));
    int err = n < 0 && errno != EINTR ? err_from_errno(errno) : 0;
    read_clocks(l);
    self->n = n > 0 ? n : 0;
    for (self->at = 0; self->at < self->n; self->at++) {
        struct watch *w = self->batch[self->at].data.ptr;
        if (w)
            w->on_event(w, from_epoll(self->batch[self->at].events));
    }
    self->n = self->at = 0;
    return err;
}

static void epoll_free(struct loop *l)
{
    close(self_of(l)->fd);
    loop_done(l);
    free(l);
}

static const struct loop_ops ops = {
    .watch = epoll_watch,
    .rewatch = epoll_rewatch,
    .unwatch = epoll_unwatch,
    .wait = epoll_wait_and_run,
    .clock = epoll_clock,
    .free = epoll_free,
};

struct loop *loop_epoll_new(void)
{
    struct loop_epoll *self = calloc(1, sizeof *self);
    if (!self)
        return NULL;
    if (loop_init(&self->base, &ops)) {
        free(self);
        return NULL;
    }
    self->fd = epoll_create1(EPOLL_CLOEXEC);
    if (self->fd < 0) {
        loop_done(&self->base);
        free(self);
        return NULL;
    }
    read_clocks(&self->base);
    return &self->base;
}
