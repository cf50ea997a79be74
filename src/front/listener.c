/* Accepting connections; see listener.h. Each worker has a socket of its own (SO_REUSEPORT), so
 * there is no thundering herd and no lock. When descriptors run out, accepting pauses for 100 ms:
 * the kernel's queue holds newcomers, nothing spins, and connections that end make room. */
#include "front/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define ACCEPTS_A_TURN 64
#define PAUSE (100 * MILLISECOND)

static bool is_transient(int e)
{
    /* accept(2): errors of the new connection itself, to be treated like EAGAIN */
    return e == EINTR || e == ECONNABORTED || e == EPROTO || e == ENETDOWN || e == EHOSTDOWN ||
           e == EHOSTUNREACH || e == ENETUNREACH || e == ENOPROTOOPT || e == EOPNOTSUPP;
}

/* Mostly connections come one by one, and the call that finds no further one is the dearer of the
 * two (the kernel makes a socket before it looks). So one is taken; a socket that is ready again in
 * the very next turn has a queue, which is then emptied. */
static int most_of(struct listening *l)
{
    bool again = l->loop->turns == l->turn + 1;
    l->turn = l->loop->turns;
    return again ? ACCEPTS_A_TURN : 1;
}

static void on_event(struct watch *w, unsigned events)
{
    struct listening *l = LIST_ENTRY(w, struct listening, watch);
    for (int most = most_of(l); most > 0 && l->fd >= 0; most--) {
        struct addr peer = {.len = sizeof peer.in6};
        int fd = accept4(l->fd, &peer.sa, &peer.len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            l->on_accept(l->user, l, fd, &peer);
            continue;
        }
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        if (is_transient(errno))
            continue;
        int err = err_from_errno(errno);
        loop_unwatch(l->loop, &l->watch);
        timer_start(l->loop, &l->pause, l->loop->now + PAUSE);
        l->on_trouble(l->user, l, err);
        return;
    }
}

static void resume(struct timer *t, uint64_t now)
{
    struct listening *l = LIST_ENTRY(t, struct listening, pause);
    if (loop_watch(l->loop, &l->watch, l->fd, LOOP_READ, false))
        timer_start(l->loop, t, now + PAUSE);
}

int listening_start(struct listening *l, struct loop *loop, int fd)
{
    l->loop = loop;
    l->fd = fd;
    l->watch = (struct watch){on_event, -1};
    list_init(&l->link);
    int err = timer_init(loop, &l->pause, resume);
    if (err)
        return err;
    err = loop_watch(loop, &l->watch, fd, LOOP_READ, false);
    if (err)
        timer_done(loop, &l->pause);
    return err;
}

void listening_stop(struct listening *l)
{
    loop_unwatch(l->loop, &l->watch);
    timer_done(l->loop, &l->pause);
    list_remove(&l->link);
    if (l->fd >= 0)
        close(l->fd);
    l->fd = -1;
}
