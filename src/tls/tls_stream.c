/* A TLS connection as a stream; see tls_stream.h.
 *
 * OpenSSL never sees the socket. What comes is read into a buffer that all connections share, and
 * OpenSSL takes its records from there; what it writes is collected in another, and leaves in one
 * piece. A connection has buffers of its own only while something is left over. Who was reading
 * last keeps his bytes in the shared buffer until another needs it: mostly nothing is copied.
 *
 * Rejected: OpenSSL's own socket BIO (a read for the header and one for the body of every record,
 * a write for each), and read-ahead into OpenSSL's buffers (16 KiB that every idle connection
 * would keep). */
#include "tls/tls_stream.h"

#include "tls/tls_stream_ssl.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <unistd.h>

enum {
    RECORD_ROOM = TLS_RECORD + 512, /* a sealed record at its largest */
    FILE_TURN = 1024 * 1024,        /* bytes of a file sent before others get their turn */
    FILE_FIRST = 128 * 1024,        /* a file's first batch; more once the peer keeps up, since
                                       what the socket does not take is held in memory */
    KEY_UPDATES_FREE = 32,          /* and one more for each MiB received */
    FLUSH_HOPS = 2,                 /* runs of the flush task until held bytes leave */
};
_Static_assert((int)FILE_FIRST <= (int)TLS_BATCH, "a file's batch is read into the buffer of one");

static struct tls_stream *self_of(struct stream *s)
{
    return (struct tls_stream *)s;
}

/* ---- OpenSSL's side ---- */

int tls_bio_read(BIO *b, char *p, int n)
{
    struct tls_stream *t = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (t->in.n == 0 || n <= 0) {
        BIO_set_retry_read(b);
        return -1;
    }
    size_t part = (size_t)n < t->in.n ? (size_t)n : t->in.n;
    memcpy(p, t->in.p, part);
    t->in = str_from(t->in, part);
    if (!t->open)
        t->consumed += part;
    return (int)part;
}

int tls_bio_write(BIO *b, const char *p, int n)
{
    struct tls_stream *t = BIO_get_data(b);
    struct tls_env *e = t->env;
    size_t room = TLS_OUT_MAX - e->out_n;
    BIO_clear_retry_flags(b);
    if (room == 0 || n <= 0) {
        BIO_set_retry_write(b);
        return -1;
    }
    size_t part = (size_t)n < room ? (size_t)n : room;
    memcpy(e->out + e->out_n, p, part);
    e->out_n += part;
    return (int)part;
}

/* ---- ciphertext ---- */

/* Another stream needs the shared buffer: what is left moves to memory of our own. */
static void keep_input(struct tls_stream *t)
{
    t->env->in_user = NULL;
    if (t->in.n == 0 || t->kept)
        return;
    t->kept = malloc(t->in.n);
    if (!t->kept) {
        t->in = STR_NONE;
        t->dead = -ERR_NOMEM;
        return;
    }
    memcpy(t->kept, t->in.p, t->in.n);
    t->in.p = t->kept;
}

ssize_t tls_stream_fill(struct tls_stream *t)
{
    struct tls_env *e = t->env;
    if (t->short_read)
        return -ERR_AGAIN;
    free(t->kept);
    t->kept = NULL;
    if (e->in_user && e->in_user != t)
        keep_input(e->in_user);
    e->in_user = t;
    ssize_t got = stream_read(t->below, e->in, TLS_IN_MAX);
    t->in = got > 0 ? str_of((const char *)e->in, (size_t)got) : STR_NONE;
    t->short_read = got == -ERR_AGAIN || (got > 0 && got < TLS_IN_MAX);
    return got;
}

static void lower_shutdown(struct tls_stream *t)
{
    if (!t->shutting || t->out.n)
        return;
    t->shutting = false;
    int err = stream_shutdown(t->below);
    if (err && !t->dead)
        t->dead = err;
}

/* Gives p to the lower stream; what it does not take is copied behind t->out. Where the end follows
 * at once, both leave in one packet. */
static void push(struct tls_stream *t, struct str p)
{
    if (!t->blocked && t->out.n == 0 && p.n) {
        ssize_t n = stream_write(t->below, &p, 1, t->last);
        if (n < 0) {
            t->dead = (int)n;
            return;
        }
        p = str_from(p, (size_t)n);
        t->blocked = p.n > 0;
    }
    if (p.n && buf_append(&t->out, p))
        t->dead = -ERR_LIMIT;
}

/* Sends t->out as far as the lower stream takes it. */
static void drain(struct tls_stream *t)
{
    if (t->out.n && !t->blocked && !t->dead) {
        struct str p = buf_str(&t->out);
        ssize_t n = stream_write(t->below, &p, 1, t->last);
        if (n < 0) {
            t->dead = (int)n;
            buf_clear(&t->out);
        } else {
            t->blocked = (size_t)n < p.n;
            buf_consume(&t->out, (size_t)n);
        }
    }
    if (t->out.n == 0) {
        buf_done(&t->out);
        lower_shutdown(t);
    }
}

/* What is held comes first in the new batch, so that all leaves in one piece. */
void tls_stream_begin(struct tls_stream *t)
{
    struct tls_env *e = t->env;
    e->out_n = 0;
    if (t->blocked || t->out.n == 0 || t->out.n > TLS_HOLD_MAX)
        return;
    memcpy(e->out, t->out.mem + t->out.off, t->out.n);
    e->out_n = t->out.n;
    buf_clear(&t->out);
}

void tls_stream_end(struct tls_stream *t, bool hold)
{
    struct tls_env *e = t->env;
    struct str p = str_of((const char *)e->out, e->out_n);
    e->out_n = 0;
    if (p.n == 0 || t->dead == -ERR_RESET)
        return;
    if (hold && !t->blocked && t->out.n + p.n <= TLS_HOLD_MAX) {
        if (buf_append(&t->out, p))
            t->dead = -ERR_NOMEM;
        t->flush_hops = FLUSH_HOPS;
        loop_defer(t->base.loop, &t->flush);
        return;
    }
    if (t->out.n && !t->blocked)
        drain(t);
    push(t, p);
    if (t->out.n == 0 && t->out.mem)
        buf_done(&t->out);
}

static void on_flush(struct task *task)
{
    struct tls_stream *t = LIST_ENTRY(task, struct tls_stream, flush);
    if (t->closed)
        return;
    /* Tasks that were due before may still write: what they do leaves in the same piece. */
    t->flush_hops = t->flush_hops ? t->flush_hops - 1 : 0;
    if (t->flush_hops && t->out.n)
        loop_defer(t->base.loop, &t->flush);
    else
        drain(t);
}

/* ---- events ---- */

static void raise_event(struct tls_stream *t, unsigned events)
{
    if (!events || t->closed || !t->open || !t->base.on_event)
        return;
    if (events & STREAM_READABLE)
        t->owed &= ~(unsigned)STREAM_READABLE;
    if (events & STREAM_WRITABLE)
        t->want_write = false;
    t->base.on_event(&t->base, events);
}

void tls_stream_owe(struct tls_stream *t, unsigned events)
{
    t->owed |= events;
    loop_defer(t->base.loop, &t->notify);
}

static void on_notify(struct task *task)
{
    struct tls_stream *t = LIST_ENTRY(task, struct tls_stream, notify);
    unsigned events = t->owed;
    t->owed = 0;
    if (!t->done_told)
        tls_handshake_step(t);
    else
        raise_event(t, events);
}

void tls_stream_yielded(struct list *link)
{
    struct tls_stream *t = LIST_ENTRY(link, struct tls_stream, yielded);
    if (t->want_write)
        raise_event(t, STREAM_WRITABLE);
}

/* The owner goes on in the next turn, so that a fast reader of a large file does not keep the
 * others waiting. */
static void yield(struct tls_stream *t)
{
    struct tls_env *e = t->env;
    t->want_write = true;
    if (!e->loop) {
        tls_stream_owe(t, STREAM_WRITABLE);
        return;
    }
    if (list_empty(&t->yielded))
        list_push(&e->yielded, &t->yielded);
    if (!timer_running(&e->yield))
        timer_start(e->loop, &e->yield, e->loop->now);
}

static void on_below(struct stream *below, unsigned events)
{
    struct tls_stream *t = below->user;
    unsigned out = 0;
    if (t->closed)
        return;
    if (events & STREAM_READABLE) {
        t->short_read = false;
        out |= STREAM_READABLE;
    }
    if (events & STREAM_WRITABLE) {
        t->blocked = false;
        drain(t);
        if (!t->blocked && t->want_write)
            out |= STREAM_WRITABLE;
        if (t->dead)
            out |= STREAM_READABLE; /* reading tells */
    }
    if (!t->done_told)
        tls_handshake_step(t);
    else
        raise_event(t, out);
}

/* ---- reading ---- */

static bool flooded(const struct tls_stream *t)
{
    return t->key_updates > KEY_UPDATES_FREE + t->received / (1024 * 1024);
}

/* OpenSSL gave nothing. 1: try again, it has new bytes; 0 or −err: what to say. */
static int read_more(struct tls_stream *t, int r)
{
    int error = SSL_get_error(t->ssl, r);
    if (error == SSL_ERROR_ZERO_RETURN) {
        t->end = 1;
        return 0;
    }
    if (error != SSL_ERROR_WANT_READ) {
        int reason = ERR_GET_REASON(ERR_peek_last_error());
        ERR_clear_error();
        return reason >= SSL_AD_REASON_OFFSET ? -ERR_TLS_ALERT : -ERR_TLS_DECODE;
    }
    ssize_t got = tls_stream_fill(t);
    if (got == 0) /* FIN without close_notify: somebody may have cut the stream (RFC 8446 6.1) */
        return -ERR_TLS_TRUNCATED;
    return got > 0 ? 1 : (int)got;
}

static void note_end(struct tls_stream *t, int err)
{
    if (err == 0)
        t->end = 1;
    else if (err != -ERR_AGAIN)
        t->end = err;
}

/* Reads until p is full or nothing is left. Returns bytes; the reason for less in *ret_err. */
static size_t read_some(struct tls_stream *t, char *p, size_t n, int *ret_err)
{
    size_t total = 0;
    *ret_err = -ERR_AGAIN;
    while (total < n) {
        size_t want = n - total < INT_MAX ? n - total : INT_MAX;
        int r = SSL_read(t->ssl, p + total, (int)want);
        if (r > 0) {
            total += (size_t)r;
            t->received += (size_t)r;
            if (t->in.n == 0 && t->short_read && SSL_pending(t->ssl) == 0)
                break; /* the usual request: one record, one read */
            continue;
        }
        int more = read_more(t, r);
        if (flooded(t))
            more = -ERR_TLS_DECODE;
        if (more != 1) {
            *ret_err = more;
            break;
        }
    }
    return total;
}

static ssize_t tls_read(struct stream *s, void *p, size_t n)
{
    struct tls_stream *t = self_of(s);
    int err;
    if (t->dead)
        return t->dead;
    if (t->end)
        return t->end == 1 ? 0 : t->end;
    if (!t->open || t->closed)
        return -ERR_AGAIN;
    if (n == 0)
        return -ERR_INVAL;
    t->owed &= ~(unsigned)STREAM_READABLE;
    tls_stream_begin(t);
    size_t got = read_some(t, p, n, &err);
    tls_stream_end(t, true);
    note_end(t, err);
    if (got == 0)
        return t->dead ? t->dead : err;
    if (got < n && t->end)
        tls_stream_owe(t, STREAM_READABLE); /* the end is still to be read */
    return (ssize_t)got;
}

/* ---- writing ---- */

/* Where a write stands in the owner's parts. */
struct cursor {
    const struct str *parts;
    size_t n, off; /* parts left; bytes of the first already taken */
};

static void advance(struct cursor *c, size_t n)
{
    while (c->n) {
        size_t left = c->parts->n - c->off;
        if (n < left) {
            c->off += n;
            return;
        }
        n -= left;
        c->off = 0;
        c->parts++;
        c->n--;
    }
}

/* The plaintext of the next record: straight from the owner's memory if it fills one or is the
 * last, else pieces put together. */
static struct str next_record(struct tls_env *e, const struct cursor *at)
{
    struct str first = str_sub(str_from(at->parts[0], at->off), 0, TLS_RECORD);
    if (at->n == 1 || first.n == TLS_RECORD)
        return first;
    struct cursor c = *at;
    size_t n = 0;
    while (c.n && n < TLS_RECORD) {
        struct str piece = str_sub(str_from(c.parts[0], c.off), 0, TLS_RECORD - n);
        if (piece.n)
            memcpy(e->plain + n, piece.p, piece.n);
        n += piece.n;
        advance(&c, piece.n);
    }
    return str_of((const char *)e->plain, n);
}

static bool seal(struct tls_stream *t, struct str plain)
{
    if (SSL_write(t->ssl, plain.p, (int)plain.n) == (int)plain.n)
        return true;
    ERR_clear_error();
    t->dead = -ERR_INTERNAL; /* there was room: only memory can be short */
    return false;
}

/* Fills the shared buffer with records. Returns the plaintext bytes taken. */
static size_t seal_parts(struct tls_stream *t, struct cursor *c)
{
    size_t total = 0;
    while (c->n && TLS_OUT_MAX - t->env->out_n >= RECORD_ROOM) {
        struct str plain = next_record(t->env, c);
        if (plain.n == 0) { /* empty parts at the end */
            advance(c, 0);
            continue;
        }
        if (!seal(t, plain))
            break;
        advance(c, plain.n);
        total += plain.n;
    }
    return total;
}

static int check_writable(const struct tls_stream *t)
{
    if (t->dead)
        return t->dead;
    return !t->open || t->shut || t->closed ? -ERR_CLOSED : 0;
}

static ssize_t tls_write(struct stream *s, const struct str *parts, size_t nparts, bool more)
{
    struct tls_stream *t = self_of(s);
    struct cursor c = {parts, nparts, 0};
    size_t total = 0;
    int err = check_writable(t);
    if (err)
        return err;
    while (c.n && c.parts->n == 0)
        advance(&c, 0);
    while (c.n && !t->blocked && !t->dead) {
        tls_stream_begin(t);
        total += seal_parts(t, &c);
        tls_stream_end(t, more && c.n == 0);
    }
    if (t->dead)
        return t->dead;
    if (c.n)
        t->want_write = true;
    return (ssize_t)total;
}

static bool seal_all(struct tls_stream *t, struct str plain)
{
    while (plain.n) {
        struct str record = str_sub(plain, 0, TLS_RECORD);
        if (!seal(t, record))
            return false;
        plain = str_from(plain, record.n);
    }
    return true;
}

/* One batch of the file, n ≤ TLS_BATCH. Bytes, or −err. */
static ssize_t send_batch(struct tls_stream *t, int fd, uint64_t offset, size_t n)
{
    ssize_t got;
    do
        got = pread(fd, t->env->plain, n, (off_t)offset);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return got ? err_from_errno(errno) : -ERR_EOF;
    tls_stream_begin(t);
    bool ok = seal_all(t, str_of((const char *)t->env->plain, (size_t)got));
    tls_stream_end(t, false);
    return ok && !t->dead ? got : t->dead;
}

static ssize_t tls_send_file(struct stream *s, int fd, uint64_t offset, size_t n)
{
    struct tls_stream *t = self_of(s);
    size_t total = 0;
    int err = check_writable(t);
    if (err)
        return err;
    while (total < n && !t->blocked && total < FILE_TURN) {
        size_t most = total ? TLS_BATCH : FILE_FIRST;
        ssize_t got = send_batch(t, fd, offset + total, n - total < most ? n - total : most);
        if (got < 0 && total == 0)
            return got;
        if (got < 0)
            break; /* the next call will say so */
        total += (size_t)got;
    }
    if (total < n) {
        t->want_write = true;
        if (!t->blocked)
            yield(t);
    }
    return (ssize_t)total;
}

/* ---- the end ---- */

static void send_close_notify(struct tls_stream *t)
{
    t->shut = true;
    if (!t->open || t->dead)
        return;
    tls_stream_begin(t);
    SSL_shutdown(t->ssl);
    ERR_clear_error();
    tls_stream_end(t, false);
}

static int tls_shutdown(struct stream *s)
{
    struct tls_stream *t = self_of(s);
    if (t->dead)
        return t->dead;
    if (t->shut || t->closed)
        return 0;
    t->last = true;
    send_close_notify(t);
    t->shutting = true;
    drain(t);
    return t->dead;
}

static void tls_close(struct stream *s, bool abort)
{
    struct tls_stream *t = self_of(s);
    if (t->closed)
        return;
    tls_handshake_cancel(t);
    if (!abort && !t->shut)
        send_close_notify(t);
    if (!abort)
        drain(t);
    t->closed = true;
    s->on_event = NULL;
    if (t->env->in_user == t)
        t->env->in_user = NULL;
    list_remove(&t->yielded);
    task_cancel(&t->notify);
    task_cancel(&t->flush);
    stream_close(t->below, abort);
    loop_defer(s->loop, &t->release);
}

static void on_release(struct task *task)
{
    struct tls_stream *t = LIST_ENTRY(task, struct tls_stream, release);
    SSL_free(t->ssl);
    ERR_clear_error();
    certstore_unref(t->hello.store);
    buf_done(&t->out);
    free(t->kept);
    free(t);
}

static size_t tls_pending(const struct stream *s)
{
    const struct tls_stream *t = (const struct tls_stream *)s;
    return t->out.n + stream_pending(t->below);
}

static size_t tls_in_flight(const struct stream *s)
{
    const struct tls_stream *t = (const struct tls_stream *)s;
    return t->out.n + stream_in_flight(t->below);
}

static const struct stream_ops ops = {
    .read = tls_read,
    .write = tls_write,
    .send_file = tls_send_file,
    .shutdown = tls_shutdown,
    .close = tls_close,
    .pending = tls_pending,
    .in_flight = tls_in_flight,
};

struct stream *tls_stream_accept(struct stream *below, struct certstore *store, struct conn *conn,
                                 void (*on_done)(struct stream *, int err))
{
    struct tls_stream *t = calloc(1, sizeof *t);
    if (!t) {
        stream_close(below, true);
        return NULL;
    }
    t->base = (struct stream){.ops = &ops, .loop = below->loop};
    t->below = below;
    t->hello = (struct tls_hello){.store = certstore_ref(store), .conn = conn};
    t->env = store->env;
    t->sign.on_ready = tls_handshake_on_signed;
    t->on_done = on_done;
    buf_init(&t->out, TLS_PENDING_MAX);
    task_init(&t->notify, on_notify);
    task_init(&t->flush, on_flush);
    task_init(&t->release, on_release);
    list_init(&t->yielded);
    below->on_event = on_below;
    below->user = t;
    loop_defer(below->loop, &t->notify); /* bytes may be there already */
    return &t->base;
}

struct stream *tls_stream_below(struct stream *s)
{
    return self_of(s)->below;
}
