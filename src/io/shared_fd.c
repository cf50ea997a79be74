/* Descriptors that others share; see shared_fd.h. */
#include "io/shared_fd.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

static void on_event(struct watch *w, unsigned events)
{
    struct shared_fd *s = LIST_ENTRY(w, struct shared_fd, watch);
    loop_unwatch(s->loop, w);
    s->on_ready(s->user);
}

void shared_fd_init(struct shared_fd *s, struct loop *loop, int fd, void (*on_ready)(void *user), void *user)
{
    struct stat st;
    *s = (struct shared_fd){.loop = loop, .fd = fd, .watch = {on_event, -1},
                            .on_ready = on_ready, .user = user};
    s->file = fstat(fd, &st) == 0 && S_ISREG(st.st_mode);
}

void shared_fd_done(struct shared_fd *s)
{
    if (s->loop)
        loop_unwatch(s->loop, &s->watch);
}

/* 0, -ERR_AGAIN with a watch set, −err. */
static int ask(struct shared_fd *s, short events, unsigned watched)
{
    struct pollfd p = {.fd = s->fd, .events = events};
    if (s->file)
        return 0;
    int n = poll(&p, 1, 0);
    if (n != 0)
        return n < 0 && errno != EINTR ? err_from_errno(errno) : 0;
    int err = s->watch.fd >= 0 ? 0 : loop_watch(s->loop, &s->watch, s->fd, watched, false);
    return err ? err : -ERR_AGAIN;
}

static ssize_t outcome(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EINTR || errno == EAGAIN ? 0 : err_from_errno(errno);
}

ssize_t shared_fd_read(struct shared_fd *s, void *p, size_t n)
{
    for (;;) {
        int err = ask(s, POLLIN, LOOP_READ);
        if (err)
            return err;
        ssize_t got = read(s->fd, p, n);
        if (got == 0 || outcome(got) != 0)
            return outcome(got);
    }
}

ssize_t shared_fd_write(struct shared_fd *s, struct str bytes)
{
    size_t most = s->file ? bytes.n : bytes.n < PIPE_BUF ? bytes.n : PIPE_BUF;
    for (;;) {
        int err = ask(s, POLLOUT, LOOP_WRITE);
        if (err)
            return err;
        ssize_t n = outcome(write(s->fd, bytes.p, most));
        if (n != 0)
            return n;
    }
}
