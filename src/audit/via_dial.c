/* A stream through a proxy; see via_dial.h. The talk with the proxy is had before the owner may
 * write; afterwards reads and writes go straight through. */
#include "audit/via_dial.h"

#include "io/dial.h"

#include <stdio.h>
#include <stdlib.h>

/* Owned by whoever dialled; freed at the end of the turn of its close. */
struct via_stream {
    struct stream base;
    struct stream *under; /* owned */
    struct via_talk talk;
    struct buf early; /* of the server, read together with the proxy's last bytes */
    struct task release;
    char *why;
    size_t why_cap;
    int failed; /* −err that reads say from now on */
    bool owed;  /* a write took 0 */
};

enum { PIECE = 4096 };

static struct via_stream *self_of(struct stream *s)
{
    return (struct via_stream *)s;
}

static bool is_open(const struct via_stream *v)
{
    return v->talk.state == VIA_OPEN;
}

static void fail(struct via_stream *v, int err, const char *why)
{
    if (v->failed)
        return;
    v->failed = err;
    snprintf(v->why, v->why_cap, "%s", why);
}

static void flush(struct via_stream *v)
{
    while (v->talk.out.n && !v->failed) {
        struct str out = buf_str(&v->talk.out);
        ssize_t n = stream_write(v->under, &out, 1, false);
        if (n < 0)
            fail(v, (int)n, "the proxy cannot be reached");
        if (n <= 0)
            return;
        buf_consume(&v->talk.out, (size_t)n);
    }
}

static void take(struct via_stream *v, struct str in)
{
    size_t used = via_talk_feed(&v->talk, in);
    if (v->talk.state == VIA_REFUSED)
        fail(v, -ERR_REFUSED, v->talk.why);
    else if (buf_append(&v->early, str_from(in, used)))
        fail(v, -ERR_NOMEM, "out of memory");
}

static void hear(struct via_stream *v)
{
    char in[PIECE];
    while (!is_open(v) && !v->failed) {
        ssize_t n = stream_read(v->under, in, sizeof in);
        if (n == -ERR_AGAIN)
            return;
        if (n < 0) {
            fail(v, (int)n, "the proxy cannot be reached");
        } else if (n == 0) {
            via_talk_end(&v->talk);
            fail(v, -ERR_REFUSED, v->talk.why);
        } else {
            take(v, str_of(in, (size_t)n));
        }
        flush(v);
    }
}

static void on_under(struct stream *s, unsigned events)
{
    struct via_stream *v = s->user;
    if (!is_open(v) && !v->failed) {
        flush(v);
        hear(v);
        if (!is_open(v) && !v->failed)
            return;
        events = STREAM_READABLE | (v->owed ? STREAM_WRITABLE : 0);
        v->owed = false;
    }
    if (v->base.on_event)
        v->base.on_event(&v->base, events);
}

/* ---- what the owner does ---- */

static ssize_t via_read(struct stream *s, void *p, size_t n)
{
    struct via_stream *v = self_of(s);
    if (v->failed)
        return v->failed;
    if (!is_open(v))
        return -ERR_AGAIN;
    struct str early = str_sub(buf_str(&v->early), 0, n);
    if (early.n == 0)
        return stream_read(v->under, p, n);
    memcpy(p, early.p, early.n);
    buf_consume(&v->early, early.n);
    return (ssize_t)early.n;
}

static ssize_t via_write(struct stream *s, const struct str *parts, size_t nparts, bool more)
{
    struct via_stream *v = self_of(s);
    if (v->failed)
        return v->failed;
    if (is_open(v))
        return stream_write(v->under, parts, nparts, more);
    v->owed = true;
    return 0;
}

static ssize_t via_send_file(struct stream *s, int fd, uint64_t offset, size_t n)
{
    struct via_stream *v = self_of(s);
    if (v->failed)
        return v->failed;
    if (is_open(v))
        return stream_send_file(v->under, fd, offset, n);
    v->owed = true;
    return 0;
}

static int via_shutdown(struct stream *s)
{
    return stream_shutdown(self_of(s)->under);
}

static void on_release(struct task *task)
{
    free(LIST_ENTRY(task, struct via_stream, release));
}

static void via_close(struct stream *s, bool abort)
{
    struct via_stream *v = self_of(s);
    if (!v->under)
        return;
    stream_close(v->under, abort);
    v->under = NULL;
    s->on_event = NULL;
    via_talk_done(&v->talk);
    buf_done(&v->early);
    loop_defer(s->loop, &v->release);
}

static size_t via_pending(const struct stream *s)
{
    const struct via_stream *v = (const struct via_stream *)s;
    return v->talk.out.n + stream_pending(v->under);
}

static size_t via_in_flight(const struct stream *s)
{
    return stream_in_flight(((const struct via_stream *)s)->under);
}

static const struct stream_ops ops = {
    .read = via_read,
    .write = via_write,
    .send_file = via_send_file,
    .shutdown = via_shutdown,
    .close = via_close,
    .pending = via_pending,
    .in_flight = via_in_flight,
};

int via_dial_on(struct stream *under, const struct via *via, struct str host, uint16_t port,
                char *ret_why, size_t why_cap, struct stream **ret)
{
    struct via_stream *v = calloc(1, sizeof *v);
    int err = v ? via_talk_init(&v->talk, via, host, port) : -ERR_NOMEM;
    if (err) {
        stream_close(under, true);
        if (v)
            via_talk_done(&v->talk);
        free(v);
        return err;
    }
    v->base = (struct stream){.ops = &ops, .loop = under->loop};
    v->under = under;
    v->why = ret_why;
    v->why_cap = why_cap;
    buf_init(&v->early, PIECE);
    task_init(&v->release, on_release);
    under->user = v;
    under->on_event = on_under;
    flush(v);
    *ret = &v->base;
    return 0;
}

int via_dial(struct loop *loop, const struct via *via, const struct addr *proxy, struct str host,
             uint16_t port, char *ret_why, size_t why_cap, struct stream **ret)
{
    struct stream *under;
    int err = dial_tcp(loop, proxy, &under);
    return err ? err : via_dial_on(under, via, host, port, ret_why, why_cap, ret);
}
