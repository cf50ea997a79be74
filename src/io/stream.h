/* A duplex byte pipe: TCP (stream_tcp), TLS on another stream (tls_stream), memory (stream_mem,
 * for tests and for auditing ourselves). Streams stack: the upper owns the lower.
 *
 * Contract of events (edge-like, so that a request costs one read and one write):
 * - on_event(STREAM_READABLE) says "read now". The owner reads until -ERR_AGAIN (a short read need
 *   not be followed by another: the next bytes, or the end, raise a new event). Who stops before,
 *   for lack of room, must call stream_read again by itself (from a task, a timer, or when room
 *   came to be): no event will remind it.
 * - on_event(STREAM_WRITABLE) comes once after a write took less than offered.
 * - Errors and end of file show in what read and write return, never as an event of their own.
 * - on_event may close the stream; it is freed at the end of the turn, never under a caller.
 */
#ifndef IO_STREAM_H
#define IO_STREAM_H

#include "base/err.h"
#include "base/str.h"
#include "io/loop.h"

#include <sys/types.h>

enum { STREAM_READABLE = 1, STREAM_WRITABLE = 2 };

struct stream;

struct stream_ops {
    /* > 0 bytes read; 0 clean end; -ERR_AGAIN; other −err: dead. */
    ssize_t (*read)(struct stream *, void *p, size_t n);
    /* Bytes taken, 0: none now (WRITABLE follows); −err: dead. `more`: the caller has more to
     * write in this turn, so that small pieces can share a packet or a record. */
    ssize_t (*write)(struct stream *, const struct str *parts, size_t nparts, bool more);
    /* Bytes of the file taken, 0: none now (WRITABLE follows). -ERR_EOF: the file is shorter.
     * The descriptor is used only during the call. */
    ssize_t (*send_file)(struct stream *, int fd, uint64_t offset, size_t n);
    /* Sends what is buffered, then the end mark (close_notify, FIN). 0 or −err. Reading goes on. */
    int (*shutdown)(struct stream *);
    /* Frees at the end of the turn. `abort`: drop what is buffered and reset the connection. */
    void (*close)(struct stream *, bool abort);
    /* Bytes taken by write but not yet accepted by the kernel (or peer). */
    size_t (*pending)(const struct stream *);
    /* Bytes taken by write that the peer's system has not acknowledged yet, or somewhat more. */
    size_t (*in_flight)(const struct stream *);
};

struct stream {
    const struct stream_ops *ops;
    struct loop *loop;
    void (*on_event)(struct stream *, unsigned events);
    void *user; /* the owner's */
};

static inline ssize_t stream_read(struct stream *s, void *p, size_t n)
{
    return s->ops->read(s, p, n);
}
static inline ssize_t stream_write(struct stream *s, const struct str *parts, size_t n, bool more)
{
    return s->ops->write(s, parts, n, more);
}
static inline ssize_t stream_send_file(struct stream *s, int fd, uint64_t offset, size_t n)
{
    return s->ops->send_file(s, fd, offset, n);
}
static inline int stream_shutdown(struct stream *s)
{
    return s->ops->shutdown(s);
}
static inline void stream_close(struct stream *s, bool abort)
{
    if (s)
        s->ops->close(s, abort);
}
static inline size_t stream_pending(const struct stream *s)
{
    return s->ops->pending(s);
}
static inline size_t stream_in_flight(const struct stream *s)
{
    return s->ops->in_flight(s);
}

/* stream_tcp.c: takes over a connected (or connecting: a write then takes 0) non-blocking socket.
 * Closing without abort lets the kernel send what it holds; but bytes of the peer that nobody read
 * turn that into a reset (RFC 9112 9.6), so an owner who cares shuts down and reads on for a while
 * first. NULL: no memory (fd stays ours). */
struct stream *stream_tcp_new(struct loop *loop, int fd);

/* stream_mem.c: two ends of a pipe in memory, each direction holding at most `capacity` bytes
 * (small values make short reads and writes). -ERR_NOMEM. */
int must_use stream_mem_pair(struct loop *loop, size_t capacity, struct stream **ret_a,
                             struct stream **ret_b);

#endif
