/* Two streams joined in memory; see stream.h. For tests, simulations, and auditing ourselves
 * without a network. Behaves as TCP does where an owner could tell: events come later (as tasks),
 * never from inside a call; what was written before a close can still be read; an abort drops it.
 *
 * Each end owns the ring of bytes coming towards it, so either may go first. */
#include "io/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* Owned by whoever got it from stream_mem_pair; freed at the end of the turn of its close. */
struct stream_mem {
    struct stream base;
    struct stream_mem *peer;     /* NULL: closed */
    struct task notify, release; /* raises `owed`; frees */
    unsigned owed;               /* STREAM_* to raise */
    bool full;                   /* a write came short: WRITABLE is owed when there is room */
    bool ended;                  /* nothing comes behind what is in the ring */
    bool reset;                  /* the peer aborted */
    bool shut;                   /* we said the end */
    bool closed;
    size_t at, n, cap; /* ring: first byte, bytes held, bytes of room */
    char ring[];
};

static struct stream_mem *self_of(struct stream *s)
{
    return (struct stream_mem *)s;
}

static void owe(struct stream_mem *m, unsigned event)
{
    m->owed |= event;
    if (!m->closed)
        loop_defer(m->base.loop, &m->notify);
}

static void on_notify(struct task *task)
{
    struct stream_mem *m = LIST_ENTRY(task, struct stream_mem, notify);
    unsigned events = m->owed;
    m->owed = 0;
    if (events && m->base.on_event)
        m->base.on_event(&m->base, events);
}

static void on_release(struct task *task)
{
    free(LIST_ENTRY(task, struct stream_mem, release));
}

/* Bytes that can be put at *ret_at without wrapping. */
static size_t ring_room(const struct stream_mem *m, size_t *ret_at)
{
    size_t at = m->at + m->n;
    if (at >= m->cap)
        at -= m->cap;
    *ret_at = at;
    size_t room = m->cap - m->n, straight = m->cap - at;
    return room < straight ? room : straight;
}

static size_t ring_put(struct stream_mem *m, const char *p, size_t n)
{
    size_t done = 0, at, room;
    while (done < n && (room = ring_room(m, &at)) > 0) {
        size_t part = n - done < room ? n - done : room;
        memcpy(m->ring + at, p + done, part);
        m->n += part;
        done += part;
    }
    return done;
}

static size_t ring_get(struct stream_mem *m, char *p, size_t n)
{
    size_t done = 0;
    while (done < n && m->n > 0) {
        size_t straight = m->cap - m->at, part = n - done;
        if (part > straight)
            part = straight;
        if (part > m->n)
            part = m->n;
        memcpy(p + done, m->ring + m->at, part);
        m->at = m->at + part == m->cap ? 0 : m->at + part;
        m->n -= part;
        done += part;
    }
    return done;
}

static ssize_t mem_read(struct stream *s, void *p, size_t n)
{
    struct stream_mem *m = self_of(s);
    if (n == 0)
        return -ERR_INVAL;
    if (m->reset)
        return -ERR_RESET;
    m->owed &= ~(unsigned)STREAM_READABLE;
    size_t got = ring_get(m, p, n);
    if (got == 0)
        return m->ended ? 0 : -ERR_AGAIN;
    if (m->ended && got < n)
        owe(m, STREAM_READABLE); /* the end is still to be read */
    if (m->peer && m->peer->full) {
        m->peer->full = false;
        owe(m->peer, STREAM_WRITABLE);
    }
    return (ssize_t)got;
}

/* 0, or what a write answers at once. */
static int check_writable(const struct stream_mem *m)
{
    if (m->shut)
        return -ERR_CLOSED;
    return m->reset || !m->peer ? -ERR_RESET : 0;
}

static void wrote(struct stream_mem *m, size_t taken, bool all)
{
    if (taken)
        owe(m->peer, STREAM_READABLE);
    if (!all)
        m->full = true;
}

static ssize_t mem_write(struct stream *s, const struct str *parts, size_t nparts, bool more)
{
    struct stream_mem *m = self_of(s);
    size_t total = 0, offered = 0;
    int err = check_writable(m);
    if (err)
        return err;
    for (size_t i = 0; i < nparts; i++) {
        offered += parts[i].n;
        total += ring_put(m->peer, parts[i].p, parts[i].n);
        if (total < offered)
            break;
    }
    wrote(m, total, total == offered);
    return (ssize_t)total;
}

static ssize_t mem_send_file(struct stream *s, int fd, uint64_t offset, size_t n)
{
    struct stream_mem *m = self_of(s);
    size_t total = 0, at, room;
    int err = check_writable(m);
    while (!err && total < n && (room = ring_room(m->peer, &at)) > 0) {
        size_t part = n - total < room ? n - total : room;
        ssize_t got = pread(fd, m->peer->ring + at, part, (off_t)(offset + total));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            err = got < 0 ? err_from_errno(errno) : -ERR_EOF;
            break;
        }
        m->peer->n += (size_t)got;
        total += (size_t)got;
    }
    if (err && total == 0)
        return err;
    wrote(m, total, err || total == n);
    if (err) /* the next call will say so */
        owe(m, STREAM_WRITABLE);
    return (ssize_t)total;
}

static int mem_shutdown(struct stream *s)
{
    struct stream_mem *m = self_of(s);
    if (m->reset)
        return -ERR_RESET;
    m->shut = true;
    if (m->peer && !m->peer->ended) {
        m->peer->ended = true;
        owe(m->peer, STREAM_READABLE);
    }
    return 0;
}

static void mem_close(struct stream *s, bool abort)
{
    struct stream_mem *m = self_of(s), *peer = m->peer;
    if (m->closed)
        return;
    m->closed = true;
    if (peer) {
        peer->peer = NULL;
        peer->ended = true;
        peer->reset = abort;
        owe(peer, STREAM_READABLE | (peer->full ? STREAM_WRITABLE : 0));
        peer->full = false;
    }
    m->peer = NULL;
    s->on_event = NULL;
    task_cancel(&m->notify);
    loop_defer(s->loop, &m->release);
}

/* As for a socket: what was taken is the peer's business. */
static size_t mem_pending(const struct stream *s)
{
    return 0;
}

/* What lies in the ring: whoever plays the peer is its system, too. */
static size_t mem_in_flight(const struct stream *s)
{
    const struct stream_mem *m = (const struct stream_mem *)s;
    return m->peer ? m->peer->n : 0;
}

static const struct stream_ops ops = {
    .read = mem_read,
    .write = mem_write,
    .send_file = mem_send_file,
    .shutdown = mem_shutdown,
    .close = mem_close,
    .pending = mem_pending,
    .in_flight = mem_in_flight,
};

static struct stream_mem *new_end(struct loop *loop, size_t capacity)
{
    struct stream_mem *m = calloc(1, sizeof *m + capacity);
    if (!m)
        return NULL;
    m->base = (struct stream){.ops = &ops, .loop = loop};
    m->cap = capacity;
    task_init(&m->notify, on_notify);
    task_init(&m->release, on_release);
    return m;
}

int stream_mem_pair(struct loop *loop, size_t capacity, struct stream **ret_a,
                    struct stream **ret_b)
{
    if (capacity == 0)
        return -ERR_INVAL;
    struct stream_mem *a = new_end(loop, capacity), *b = new_end(loop, capacity);
    if (!a || !b) {
        free(a);
        free(b);
        return -ERR_NOMEM;
    }
    a->peer = b;
    b->peer = a;
    *ret_a = &a->base;
    *ret_b = &b->base;
    return 0;
}
