/* A TCP connection as a stream; see stream.h. Works on any connected stream socket.
 *
 * The socket is added to the loop once, edge-triggered, for reading; for writing as well from the
 * first send that came short, and never changed again: one epoll_ctl in most connections' lives,
 * two at most. (Asking for both at once would bring every new connection an event for nothing.)
 * Two flags then save system calls: a short recv emptied the
 * socket, so the next read answers "again" by itself until an event says otherwise; a short send
 * filled it, likewise. Once the peer's end was seen no further edge will come, so from then on a
 * short recv proves nothing and reading goes on to the end; an owner who stopped at a short read
 * (which the contract allows) is told again by a task.
 *
 * Rejected: level-triggered with changing interest (two epoll_ctl a request under load), and a
 * user-space send buffer (the layer above knows its limits better). */
#include "io/stream.h"

#include <errno.h>
#include <linux/tcp.h> /* glibc's tcp_info is older */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/uio.h>

enum { PARTS_MAX = 64 };
#define SEND_FILE_MAX ((size_t)1 << 30) /* Linux stops a little below 2 GiB */

/* Owned by whoever called stream_tcp_new; freed at the end of the turn of its close. */
struct stream_tcp {
    struct stream base;
    struct watch watch;
    struct task again;   /* raises the events in `owed` */
    struct task release; /* frees */
    unsigned owed;       /* STREAM_* that no edge will bring */
    bool drained;        /* recv came short: nothing there until the next event */
    bool full;           /* send came short: WRITABLE is owed */
    bool both;           /* the loop watches for writing, too */
    bool ended;          /* the peer's end or an error was announced */
};

static struct stream_tcp *self_of(struct stream *s)
{
    return (struct stream_tcp *)s;
}

static void raise_event(struct stream_tcp *t, unsigned events)
{
    if (events && t->base.on_event)
        t->base.on_event(&t->base, events);
}

static void on_socket(struct watch *w, unsigned events)
{
    struct stream_tcp *t = LIST_ENTRY(w, struct stream_tcp, watch);
    unsigned out = 0;
    if (events & LOOP_HUP)
        t->ended = true;
    if (events & (LOOP_READ | LOOP_HUP)) {
        t->drained = false;
        out |= STREAM_READABLE;
    }
    if ((events & LOOP_WRITE) && t->full) {
        t->full = false;
        out |= STREAM_WRITABLE;
    }
    raise_event(t, out);
}

static void on_again(struct task *task)
{
    struct stream_tcp *t = LIST_ENTRY(task, struct stream_tcp, again);
    unsigned events = t->owed;
    t->owed = 0;
    raise_event(t, events);
}

static void owe(struct stream_tcp *t, unsigned event)
{
    t->owed |= event;
    loop_defer(t->base.loop, &t->again);
}

static void on_release(struct task *task)
{
    free(LIST_ENTRY(task, struct stream_tcp, release));
}

static ssize_t tcp_read(struct stream *s, void *p, size_t n)
{
    struct stream_tcp *t = self_of(s);
    if (n == 0)
        return -ERR_INVAL; /* 0 would read as the end */
    if (t->drained)
        return -ERR_AGAIN;
    t->owed &= ~(unsigned)STREAM_READABLE;
    ssize_t got;
    do
        got = recv(t->watch.fd, p, n, 0);
    while (got < 0 && errno == EINTR);
    if (got < 0) {
        int err = err_from_errno(errno);
        t->drained = err == -ERR_AGAIN;
        return err;
    }
    if (got == 0 || (size_t)got == n)
        return got;
    if (t->ended)
        owe(t, STREAM_READABLE);
    else
        t->drained = true;
    return got;
}

/* A send came short. Room that came since then is an edge, too: changing a watch looks again. */
static int wait_for_room(struct stream_tcp *t)
{
    if (!t->both) {
        int err = loop_rewatch(t->base.loop, &t->watch, LOOP_READ | LOOP_WRITE | LOOP_HUP, true);
        if (err)
            return err;
    }
    t->both = t->full = true;
    return 0;
}

/* What a failed send means for the owner: 0 (wait) or −err. */
static ssize_t send_failed(struct stream_tcp *t, int errno_value)
{
    int err = err_from_errno(errno_value);
    return err == -ERR_AGAIN ? wait_for_room(t) : err;
}

static ssize_t send_some(struct stream_tcp *t, const struct str *parts, size_t n, bool more)
{
    struct iovec iov[PARTS_MAX];
    size_t offered = 0;
    for (size_t i = 0; i < n; i++) {
        iov[i] = (struct iovec){(void *)parts[i].p, parts[i].n};
        offered += parts[i].n;
    }
    if (offered == 0)
        return 0;
    struct msghdr msg = {.msg_iov = iov, .msg_iovlen = n};
    ssize_t sent;
    do
        sent = sendmsg(t->watch.fd, &msg, MSG_NOSIGNAL | (more ? MSG_MORE : 0));
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return send_failed(t, errno);
    if ((size_t)sent < offered) {
        int err = wait_for_room(t);
        if (err)
            return err;
    }
    return sent;
}

static ssize_t tcp_write(struct stream *s, const struct str *parts, size_t nparts, bool more)
{
    struct stream_tcp *t = self_of(s);
    ssize_t total = 0;
    while (nparts && !t->full) {
        size_t n = nparts < PARTS_MAX ? nparts : PARTS_MAX;
        ssize_t sent = send_some(t, parts, n, more || n < nparts);
        if (sent < 0 && total == 0)
            return sent;
        if (sent < 0) { /* the next call will say so */
            owe(t, STREAM_WRITABLE);
            break;
        }
        total += sent;
        parts += n;
        nparts -= n;
    }
    return total;
}

/* A short sendfile may have had other reasons than a full socket, so only "again" counts as full:
 * an owner waiting for an edge that never comes would wait for ever. */
static ssize_t send_file_part(struct stream_tcp *t, int fd, off_t *at, size_t n)
{
    ssize_t sent;
    do
        sent = sendfile(t->watch.fd, fd, at, n < SEND_FILE_MAX ? n : SEND_FILE_MAX);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return send_failed(t, errno);
    return sent == 0 ? -ERR_EOF : sent;
}

static ssize_t tcp_send_file(struct stream *s, int fd, uint64_t offset, size_t n)
{
    struct stream_tcp *t = self_of(s);
    off_t at = (off_t)offset;
    size_t total = 0;
    while (total < n && !t->full) {
        ssize_t sent = send_file_part(t, fd, &at, n - total);
        if (sent < 0 && total == 0)
            return sent;
        if (sent < 0) { /* the next call will say so */
            owe(t, STREAM_WRITABLE);
            break;
        }
        total += (size_t)sent;
    }
    return (ssize_t)total;
}

static int tcp_shutdown(struct stream *s)
{
    if (shutdown(self_of(s)->watch.fd, SHUT_WR) == 0)
        return 0;
    return errno == ENOTCONN ? -ERR_RESET : err_from_errno(errno);
}

static void tcp_close(struct stream *s, bool abort)
{
    struct stream_tcp *t = self_of(s);
    if (t->watch.fd < 0)
        return;
    if (abort) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        setsockopt(t->watch.fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    }
    loop_close(s->loop, &t->watch);
    task_cancel(&t->again);
    s->on_event = NULL;
    loop_defer(s->loop, &t->release);
}

static size_t tcp_pending(const struct stream *s)
{
    return 0;
}

/* Asked through TCP_INFO, since a sandboxed worker has no ioctl (SIOCOUTQ). Whole segments are
 * counted, so it may be somewhat more. */
static size_t tcp_in_flight(const struct stream *s)
{
    const struct stream_tcp *t = (const struct stream_tcp *)s;
    struct tcp_info info = {0};
    socklen_t n = sizeof info;
    if (getsockopt(t->watch.fd, IPPROTO_TCP, TCP_INFO, &info, &n))
        return 0; /* not a TCP socket */
    return (size_t)info.tcpi_unacked * info.tcpi_snd_mss + info.tcpi_notsent_bytes;
}

static const struct stream_ops ops = {
    .read = tcp_read,
    .write = tcp_write,
    .send_file = tcp_send_file,
    .shutdown = tcp_shutdown,
    .close = tcp_close,
    .pending = tcp_pending,
    .in_flight = tcp_in_flight,
};

struct stream *stream_tcp_new(struct loop *loop, int fd)
{
    struct stream_tcp *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    int on = 1;
    /* Whoever writes says with `more` what belongs together; Nagle would only add delay. Fails
     * harmlessly on other kinds of socket. */
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    t->base = (struct stream){.ops = &ops, .loop = loop};
    t->watch.on_event = on_socket;
    task_init(&t->again, on_again);
    task_init(&t->release, on_release);
    if (loop_watch(loop, &t->watch, fd, LOOP_READ | LOOP_HUP, true)) {
        free(t);
        return NULL;
    }
    return &t->base;
}
