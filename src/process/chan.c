/* Channels between processes; see chan.h. SOCK_SEQPACKET keeps frames and their descriptors
 * together, so there is no stream to resynchronise; a frame that is not exactly right ends the
 * channel. Rejected: one stream with length prefixes (descriptors can detach from their bytes). */
#include "process/chan.h"

#include "io/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define QUEUE_MAX 4096
#define BLOB_MAX (256u * 1024 * 1024)

struct frame_head {
    uint32_t type;
    int32_t status;
    uint64_t id;
    uint32_t blob; /* the body is in the last descriptor */
    uint32_t nfds; /* with the blob's */
};

/* A frame that the socket did not take yet. Owned by the channel's queue. */
struct queued {
    struct list link;
    struct frame_head head;
    int fds[CHAN_FDS_MAX];
    size_t n;
    char body[];
};

/* Owned by whoever made it; ended by chan_close. */
struct chan {
    struct watch watch;
    int fd; /* closed by chan_close */
    struct loop *loop;
    struct chan_env env;
    struct list queue; /* struct queued, at most QUEUE_MAX */
    size_t queued;
    struct task reaper;
    bool dead, closed;
};

int chan_pair(int ret_fds[2])
{
    int fds[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds))
        return err_from_errno(errno);
    int size = 1 << 20;
    for (int i = 0; i < 2; i++)
        (void)setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    ret_fds[0] = fds[0];
    ret_fds[1] = fds[1];
    return 0;
}

static void close_fds(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

static void free_queued(struct queued *q)
{
    close_fds(q->fds, q->head.nfds);
    free(q);
}

static void reap(struct task *t)
{
    struct chan *c = LIST_ENTRY(t, struct chan, reaper);
    LIST_EACH (link, tmp, &c->queue)
        free_queued(LIST_ENTRY(link, struct queued, link));
    free(c);
}

void chan_close(struct chan *c)
{
    if (!c || c->closed)
        return;
    c->closed = c->dead = true;
    loop_unwatch(c->loop, &c->watch);
    close(c->fd);
    loop_defer(c->loop, &c->reaper);
}

void *chan_user(const struct chan *c)
{
    return c->env.user;
}

static void gone(struct chan *c, int err)
{
    if (c->dead)
        return;
    c->dead = true;
    loop_unwatch(c->loop, &c->watch);
    c->env.on_gone(c, err);
}

/* 0, -ERR_AGAIN, or −err: the channel is lost. */
static int send_now(int fd, const struct frame_head *h, struct str body, const int *fds)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * CHAN_FDS_MAX)];
        struct cmsghdr align;
    } control;
    struct iovec iov[2] = {{(void *)h, sizeof *h}, {(void *)body.p, body.n}};
    struct msghdr m = {.msg_iov = iov, .msg_iovlen = body.n ? 2 : 1};
    if (h->nfds) {
        m.msg_control = control.space;
        m.msg_controllen = CMSG_SPACE(sizeof(int) * h->nfds);
        memset(control.space, 0, m.msg_controllen);
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof(int) * h->nfds);
        memcpy(CMSG_DATA(c), fds, sizeof(int) * h->nfds);
    }
    for (;;) {
        if (sendmsg(fd, &m, MSG_NOSIGNAL) >= 0)
            return 0;
        if (errno == EINTR)
            continue;
        return errno == EAGAIN || errno == ENOBUFS ? -ERR_AGAIN : err_from_errno(errno);
    }
}

static int enqueue(struct chan *c, const struct frame_head *h, struct str body, const int *fds)
{
    if (c->queued >= QUEUE_MAX)
        return -ERR_LIMIT;
    struct queued *q = malloc(sizeof *q + body.n);
    if (!q)
        return -ERR_NOMEM;
    list_init(&q->link);
    q->head = *h;
    q->head.nfds = 0;
    q->n = body.n;
    if (body.n)
        memcpy(q->body, body.p, body.n);
    for (size_t i = 0; i < h->nfds; i++) {
        int copy = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
        if (copy < 0) {
            free_queued(q);
            return err_from_errno(errno);
        }
        q->fds[q->head.nfds++] = copy;
    }
    list_push(&c->queue, &q->link);
    if (c->queued++ == 0 &&
        loop_rewatch(c->loop, &c->watch, LOOP_READ | LOOP_WRITE, false))
        return -ERR_IO;
    return 0;
}

static int send_frame(struct chan *c, const struct frame_head *h, struct str body, const int *fds)
{
    if (c->dead)
        return -ERR_CLOSED;
    int err = c->queued ? -ERR_AGAIN : send_now(c->fd, h, body, fds);
    return err == -ERR_AGAIN ? enqueue(c, h, body, fds) : err;
}

int chan_send(struct chan *c, const struct message_frame *m)
{
    if (m->body.n > CHAN_BODY_MAX)
        return chan_send_blob(c, m);
    if (m->nfds > CHAN_FDS_MAX)
        return -ERR_LIMIT;
    struct frame_head h = {m->type, m->status, m->id, 0, (uint32_t)m->nfds};
    return send_frame(c, &h, m->body, m->fds);
}

static int make_blob(struct str body, int *ret_fd)
{
    int fd = memfd_create("gate443", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return err_from_errno(errno);
    for (size_t off = 0; off < body.n;) {
        ssize_t w = write(fd, body.p + off, body.n - off);
        if (w < 0 && errno == EINTR)
            continue;
        if (w <= 0) {
            int err = err_from_errno(errno);
            close(fd);
            return err ? err : -ERR_IO;
        }
        off += (size_t)w;
    }
    (void)fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
    *ret_fd = fd;
    return 0;
}

int chan_send_blob(struct chan *c, const struct message_frame *m)
{
    int fds[CHAN_FDS_MAX];
    if (m->nfds + 1 > CHAN_FDS_MAX)
        return -ERR_LIMIT;
    if (m->nfds)
        memcpy(fds, m->fds, sizeof(int) * m->nfds);
    int err = make_blob(m->body, &fds[m->nfds]);
    if (err)
        return err;
    struct frame_head h = {m->type, m->status, m->id, 1, (uint32_t)m->nfds + 1};
    err = send_frame(c, &h, STR_NONE, fds);
    close(fds[m->nfds]);
    return err;
}

int chan_blob(const struct message_frame *m, struct buf *into)
{
    /* receive() puts the blob's descriptor, or -1, behind the last of nfds. */
    struct stat st;
    int fd = m->fds ? m->fds[m->nfds] : -1;
    if (fd < 0)
        return buf_append(into, m->body);
    if (fstat(fd, &st) || (uint64_t)st.st_size > BLOB_MAX)
        return -ERR_BAD_MESSAGE;
    int err = buf_reserve(into, (size_t)st.st_size);
    if (err)
        return err;
    for (off_t off = 0; off < st.st_size;) {
        ssize_t r = pread(fd, buf_end(into), (size_t)(st.st_size - off), off);
        if (r < 0 && errno == EINTR)
            continue;
        if (r <= 0)
            return -ERR_IO;
        buf_added(into, (size_t)r);
        off += r;
    }
    return 0;
}

int chan_take_fd(const struct message_frame *m, size_t i)
{
    if (i >= m->nfds)
        return -1;
    int fd = m->fds[i];
    ((int *)m->fds)[i] = -1; /* ours: it stands in chan_receive's own array */
    return fd;
}

static size_t received_fds(struct msghdr *m, int fds[CHAN_FDS_MAX + 1])
{
    size_t n = 0;
    for (struct cmsghdr *c = CMSG_FIRSTHDR(m); c; c = CMSG_NXTHDR(m, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
            continue;
        size_t k = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (size_t i = 0; i < k; i++) {
            int fd;
            memcpy(&fd, CMSG_DATA(c) + i * sizeof fd, sizeof fd);
            if (n < CHAN_FDS_MAX)
                fds[n++] = fd;
            else
                close(fd);
        }
    }
    return n;
}

/* One frame. 0: delivered, -ERR_AGAIN: none there, other −err: the channel is lost. */
static int receive(struct chan *c)
{
    union {
        char space[CMSG_SPACE(sizeof(int) * CHAN_FDS_MAX)];
        struct cmsghdr align;
    } control;
    struct frame_head h;
    char body[CHAN_BODY_MAX];
    int fds[CHAN_FDS_MAX + 1];
    struct iovec iov[2] = {{&h, sizeof h}, {body, sizeof body}};
    struct msghdr m = {.msg_iov = iov,
                       .msg_iovlen = 2,
                       .msg_control = control.space,
                       .msg_controllen = sizeof control.space};
    ssize_t r = recvmsg(c->fd, &m, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (r < 0)
        return errno == EINTR ? 0 : err_from_errno(errno);
    if (r == 0)
        return -ERR_EOF;
    size_t nfds = received_fds(&m, fds);
    int err = 0;
    if ((size_t)r < sizeof h || m.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || h.nfds != nfds ||
        h.type >= MSG_COUNT || !(c->env.permitted >> h.type & 1) || (h.blob && nfds == 0)) {
        err = -ERR_BAD_MESSAGE;
    } else {
        if (!h.blob)
            fds[nfds] = -1;
        struct message_frame f = {(enum message)h.type, h.id, h.status,
                                  str_of(body, (size_t)r - sizeof h), fds,
                                  nfds - (h.blob ? 1 : 0)};
        if (h.blob && f.body.n)
            err = -ERR_BAD_MESSAGE;
        else
            c->env.on_message(c, &f);
    }
    close_fds(fds, nfds);
    return err;
}

static void flush_queue(struct chan *c)
{
    while (c->queued) {
        struct queued *q = LIST_ENTRY(c->queue.next, struct queued, link);
        int err = send_now(c->fd, &q->head, str_of(q->body, q->n), q->fds);
        if (err == -ERR_AGAIN)
            return;
        list_remove(&q->link);
        c->queued--;
        free_queued(q);
        if (err) {
            gone(c, err);
            return;
        }
    }
    if (loop_rewatch(c->loop, &c->watch, LOOP_READ, false))
        gone(c, -ERR_IO);
}

/* At most so many frames a turn, so that a busy channel cannot starve connections. */
#define FRAMES_A_TURN 64

static void on_event(struct watch *w, unsigned events)
{
    struct chan *c = LIST_ENTRY(w, struct chan, watch);
    if (events & LOOP_WRITE && !c->dead)
        flush_queue(c);
    for (int i = 0; i < FRAMES_A_TURN && !c->dead; i++) {
        int err = receive(c);
        if (err == -ERR_AGAIN)
            return;
        if (err)
            gone(c, err);
    }
}

struct chan *chan_new(struct loop *loop, int fd, const struct chan_env *env)
{
    struct chan *c = calloc(1, sizeof *c);
    if (!c)
        return NULL;
    c->loop = loop;
    c->fd = fd;
    c->env = *env;
    c->watch = (struct watch){on_event, -1};
    list_init(&c->queue);
    task_init(&c->reaper, reap);
    if (loop_watch(loop, &c->watch, fd, LOOP_READ, false)) {
        free(c);
        return NULL;
    }
    return c;
}
