/* Sending on HTTP/1 (RFC 9112 6, 7). A head waits in `out` for the first body bytes, or the end of the
 * turn, so that a small answer is one write. Body bytes are not copied: what the stream does not take
 * the caller offers again; only framing and answers to pipelined requests pass through `out`.
 *
 * Invariant: a response that ends in order has exactly the length its head said; anything else ends
 * the connection by a reset, so that no client can take a part for the whole. */
#include "http/h1.h"
#include "wire/h1_emit.h"

#define PARTS_MAX 30 /* slices written at once; further ones come in the next round */

static struct h1 *h1_of(struct exchange *x)
{
    return x->engine;
}

bool h1_flush(struct h1 *h, bool more)
{
    if (h->out.n && !h->blocked && !h->dead) {
        struct str all = buf_str(&h->out);
        ssize_t n = stream_write(h->base.conn->stream, &all, 1, more);
        if (n < 0) {
            h1_die(h, (int)n);
            return false;
        }
        pace_moved(&h->pace, (size_t)n, h->base.conn->loop->now);
        h->blocked = (size_t)n < all.n;
        buf_consume(&h->out, (size_t)n);
    }
    return h->out.n == 0 && !h->dead;
}

/* ---- head ---- */

/* RFC 9110 8.6, RFC 9112 6.1: how the body will be framed. */
static enum h1_framing choose_framing(struct h1 *h, const struct exchange *x, const struct head *r,
                                      bool end)
{
    if (x->no_body)
        return H1_NONE;
    h->out_left = end || r->length == LENGTH_NONE ? 0 : r->length;
    if (h->out_left != LENGTH_UNKNOWN)
        return H1_LENGTH;
    return x->req.version == HTTP_10 ? H1_UNTIL_CLOSE : H1_CHUNKED;
}

static void add_framing_fields(struct h1 *h, const struct exchange *x, const struct head *r)
{
    if (h->resp_framing == H1_CHUNKED) {
        buf_add(&h->out, STR("transfer-encoding: chunked\r\n"));
        return;
    }
    uint64_t length = h->out_left;
    if (h->resp_framing == H1_NONE) { /* HEAD: what GET would have; 204 and 304: nothing */
        if (x->req.method != METHOD_HEAD || r->status == 204 || r->status == 304 ||
            r->length >= LENGTH_UNKNOWN)
            return;
        length = r->length;
    } else if (h->resp_framing != H1_LENGTH) {
        return;
    }
    buf_add(&h->out, STR("content-length: "));
    buf_addu(&h->out, length);
    buf_add(&h->out, STR("\r\n"));
}

static void add_connection_field(struct h1 *h, const struct exchange *x)
{
    if (!h->keep_alive)
        buf_add(&h->out, STR("connection: close\r\n"));
    else if (x->req.version == HTTP_10)
        buf_add(&h->out, STR("connection: keep-alive\r\n"));
}

/* Whether the rest of the request body, if we know it, is more than is worth waiting for. */
static bool leaves_body_unread(const struct h1 *h, const struct exchange *x)
{
    if (h->req_done)
        return false;
    if (x->req.expect_continue || x->err == -ERR_HTTP_BODY_TOO_LARGE)
        return true;
    return x->failing && h->req_framing == H1_LENGTH && h->body_left > EXCHANGE_CREDIT;
}

static int send_head(struct exchange *x, const struct head *r, bool end)
{
    struct h1 *h = h1_of(x);
    if (h->dead)
        return -ERR_CLOSED;
    if (r->status < 200) {
        if (x->req.version == HTTP_10) /* RFC 9110 15.2 */
            return 0;
        int err = h1_emit_response(&h->out, r);
        if (!err)
            h1_schedule(h);
        return err;
    }
    h->resp_framing = (uint8_t)choose_framing(h, x, r, end);
    if (h->resp_framing == H1_UNTIL_CLOSE || h->base.conn->draining || h->draining || h->give_up ||
        leaves_body_unread(h, x))
        h->keep_alive = false;
    int err = h1_emit_response(&h->out, r);
    if (err)
        return err;
    h->out.n -= 2; /* our fields come before the empty line */
    add_framing_fields(h, x, r);
    add_connection_field(h, x);
    buf_add(&h->out, STR("\r\n"));
    if (!buf_ok(&h->out))
        return -ERR_NOMEM;
    h->resp_done = end || h->resp_framing == H1_NONE;
    h1_schedule(h);
    return 0;
}

/* ---- body ---- */

static ssize_t broken_promise(struct h1 *h)
{
    h1_die(h, -ERR_INTERNAL);
    return -ERR_INTERNAL;
}

/* Nothing more to send: is that what the head said? */
static int end_body(struct h1 *h)
{
    if (h->resp_framing == H1_LENGTH ? h->out_left : h->chunk_left)
        return (int)broken_promise(h);
    if (h->resp_framing == H1_CHUNKED && buf_append(&h->out, STR("0\r\n\r\n"))) {
        h1_die(h, -ERR_NOMEM);
        return -ERR_NOMEM;
    }
    h->resp_done = true;
    h1_schedule(h);
    return 0;
}

/* How many of `total` bytes can go in this step, framing written in front of them. −err. */
static ssize_t open_step(struct h1 *h, uint64_t total, bool end)
{
    char line[CHUNK_HEAD_MAX];
    if (h->resp_framing == H1_LENGTH)
        return total > h->out_left || (end && total < h->out_left) ? broken_promise(h)
                                                                   : (ssize_t)total;
    if (h->resp_framing != H1_CHUNKED)
        return (ssize_t)total;
    if (h->chunk_left == 0) {
        if (buf_append(&h->out, str_of(line, chunk_emit_head(line, total)))) {
            h1_die(h, -ERR_NOMEM);
            return -ERR_NOMEM;
        }
        h->chunk_left = total;
    }
    return (ssize_t)(total < h->chunk_left ? total : h->chunk_left);
}

/* n body bytes are gone to the stream or `out`. */
static void account(struct h1 *h, uint64_t n)
{
    if (h->resp_framing == H1_LENGTH)
        h->out_left -= n;
    else if (h->resp_framing == H1_CHUNKED)
        h->chunk_left -= n;
}

/* What belongs behind a step of `step` bytes that goes in whole. */
static struct str tail_of(const struct h1 *h, uint64_t step, bool last)
{
    if (h->resp_framing != H1_CHUNKED || step < h->chunk_left)
        return STR_NONE;
    return last ? STR("\r\n0\r\n\r\n") : STR("\r\n");
}

/* A short answer while the next request waits already: they leave together. */
static bool can_batch(const struct h1 *h, size_t total, bool last)
{
    return last && h->busy && h->in.n && h->keep_alive &&
           h->out.n + total + CHUNK_HEAD_MAX < H1_OUT_BATCH;
}

static ssize_t batch(struct h1 *h, const struct str *parts, size_t n, struct str tail)
{
    ssize_t total = 0;
    for (size_t i = 0; i < n; i++) {
        buf_add(&h->out, parts[i]);
        total += (ssize_t)parts[i].n;
    }
    buf_add(&h->out, tail);
    if (buf_ok(&h->out))
        return total;
    h1_die(h, -ERR_NOMEM);
    return -ERR_NOMEM;
}

/* The stream's end comes right behind these bytes: both can leave in one piece. */
static bool end_follows(const struct h1 *h, size_t step)
{
    return !h->keep_alive && h->req_done && h->resp_framing == H1_LENGTH && h->out_left == step;
}

/* One write of `out`, the first `step` bytes of parts, and the tail. Body bytes taken, −err. */
static ssize_t write_step(struct h1 *h, const struct str *parts, size_t n, size_t step,
                          struct str tail)
{
    struct str v[PARTS_MAX + 2];
    size_t k = 0, left = step, head = h->out.n, offered = head + step + tail.n;
    if (head)
        v[k++] = buf_str(&h->out);
    for (size_t i = 0; i < n && left; i++) {
        struct str part = str_sub(parts[i], 0, left);
        if (part.n)
            v[k++] = part;
        left -= part.n;
    }
    if (tail.n)
        v[k++] = tail;
    ssize_t sent = stream_write(h->base.conn->stream, v, k, end_follows(h, step));
    if (sent < 0) {
        h1_die(h, (int)sent);
        return sent;
    }
    size_t done = (size_t)sent;
    pace_moved(&h->pace, done, h->base.conn->loop->now);
    h->blocked = done < offered;
    buf_consume(&h->out, done < head ? done : head);
    done -= done < head ? done : head;
    if (done < step)
        return (ssize_t)done;
    if (buf_append(&h->out, str_from(tail, done - step))) {
        h1_die(h, -ERR_NOMEM);
        return -ERR_NOMEM;
    }
    return (ssize_t)step;
}

/* Told to wait: on_writable will come, from the stream or from run. */
static void told_to_wait(struct h1 *h)
{
    h->owe_writable = true;
    if (!h->blocked)
        h1_schedule(h);
}

static ssize_t send_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    struct h1 *h = h1_of(x);
    size_t total = 0, used = 0;
    for (; used < n && used < PARTS_MAX; used++)
        total += parts[used].n;
    bool last = end && used == n;
    if (h->dead || h->resp_done)
        return -ERR_CLOSED;
    if (total == 0 && used == n)
        return end ? end_body(h) : 0;
    if (h->blocked) {
        told_to_wait(h);
        return 0;
    }
    ssize_t step = open_step(h, total, last);
    if (step < 0)
        return step;
    struct str tail = tail_of(h, (uint64_t)step, last && (size_t)step == total);
    ssize_t taken = (size_t)step == total && can_batch(h, total, last)
                        ? batch(h, parts, used, tail)
                        : write_step(h, parts, used, (size_t)step, tail);
    if (taken < 0)
        return taken;
    account(h, (uint64_t)taken);
    if ((size_t)taken < total || used < n)
        told_to_wait(h);
    else
        h->resp_done = last;
    if (h->resp_done)
        h1_schedule(h);
    return taken;
}

static ssize_t send_file(struct exchange *x, int fd, uint64_t offset, uint64_t n, bool end)
{
    struct h1 *h = h1_of(x);
    if (h->dead || h->resp_done)
        return -ERR_CLOSED;
    if (n == 0)
        return end ? end_body(h) : 0;
    ssize_t step = h->blocked ? 0 : open_step(h, n, end);
    if (step < 0)
        return step;
    if (h->blocked || !h1_flush(h, true)) {
        told_to_wait(h);
        return h->dead ? h->err : 0;
    }
    ssize_t taken = stream_send_file(h->base.conn->stream, fd, offset, (size_t)step);
    if (taken == -ERR_EOF) /* the file's end, not the peer's */
        taken = -ERR_FILE_CHANGED;
    if (taken < 0) {
        h1_die(h, (int)taken);
        return taken;
    }
    h->blocked = taken < step;
    pace_moved(&h->pace, (size_t)taken, h->base.conn->loop->now);
    struct str tail = tail_of(h, (uint64_t)taken, end && (uint64_t)taken == n);
    account(h, (uint64_t)taken);
    if (buf_append(&h->out, tail)) {
        h1_die(h, -ERR_NOMEM);
        return -ERR_NOMEM;
    }
    if ((uint64_t)taken < n)
        told_to_wait(h);
    else
        h->resp_done = end;
    h1_schedule(h);
    return taken;
}

/* RFC 9110 6.5: without chunks there is no place for them. */
static int send_trailers(struct exchange *x, const struct head *t)
{
    struct h1 *h = h1_of(x);
    if (h->dead || h->resp_done)
        return -ERR_CLOSED;
    if (h->resp_framing != H1_CHUNKED || h->chunk_left)
        return end_body(h);
    int err = buf_append(&h->out, STR("0\r\n"));
    if (!err)
        err = h1_emit_fields(&h->out, t);
    if (err) {
        h1_die(h, err);
        return err;
    }
    h->resp_done = true;
    h1_schedule(h);
    return 0;
}

static void give_credit(struct exchange *x, size_t n)
{
    struct h1 *h = h1_of(x);
    h->credit += n;
    h1_schedule(h);
}

static void reset(struct exchange *x, int err)
{
    h1_die(h1_of(x), err ? err : -ERR_CANCELLED);
}

const struct http_ops h1_http_ops = {
    .send_head = send_head,
    .send_body = send_body,
    .send_file = send_file,
    .send_trailers = send_trailers,
    .give_credit = give_credit,
    .reset = reset,
};
