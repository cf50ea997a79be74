/* HTTP/2, server side (RFC 9113), on nghttp2: framing, HPACK, stream states, flow control and the
 * order of sending (RFC 9218) are the library's; ours are limits, deadlines, floods, draining, and
 * the exchange in which a stream ends. See also h2_head.c (requests), h2_send.c (responses),
 * h2_guard.c (floods).
 *
 * Turn: a readable stream is read in pieces from our stack, fed, and what that caused is written
 * at once (h2_flush). What handlers start later is flushed by one task at the end of the turn.
 *
 * Nothing here is freed under a caller: `depth` counts our functions on the stack, h2_free waits
 * for the outermost; a reset stream's exchange ends by the task; on_closed is the last thing that
 * the outermost function does.
 *
 * A connection that ends for a reason is told by GOAWAY, written by hand since nghttp2 may be in
 * the middle of a frame, then shut, then read for a moment longer, so that the kernel's reset for
 * unread input cannot destroy the GOAWAY on its way. */
#include "http/h2.h"

#include <stdlib.h>

#define READ_SIZE (16 * 1024) /* one TLS record */
#define READ_ROUNDS 16        /* then the others */
#define CONNECTION_WINDOW (1024 * 1024)
#define LINGER (500 * MILLISECOND)
#define LINGER_BYTES (4 * 1024 * 1024)
#define DRAIN_WAIT SECOND     /* between the two GOAWAYs, unless a PING comes back earlier */
static const uint8_t drain_ping[8] = {'d', 'r', 'a', 'i', 'n', '4', '4', '3'};

/* ---- streams ---- */

void h2_sending(struct h2_stream *s, bool yes)
{
    s->h2->nsending += (size_t)yes - (size_t)s->sending;
    s->sending = yes;
    if (yes && s->out.state != PACE_BODY_OUT) {
        pace_enter(&s->out, PACE_BODY_OUT, h2_now(s->h2));
        s->mark = UINT64_MAX;
    }
}

void h2_receiving(struct h2_stream *s, bool yes)
{
    s->h2->nreceiving += (size_t)yes - (size_t)s->receiving;
    s->receiving = yes;
    if (yes)
        pace_enter(&s->in, PACE_BODY_IN, h2_now(s->h2));
}

static struct h2_stream *stream_new(struct h2 *h2, int32_t id)
{
    struct h2_stream *s = h2_pool_take(h2->pool);
    if (!s)
        return NULL;
    s->h2 = h2;
    s->id = id;
    s->credit = EXCHANGE_CREDIT;
    s->priority = PRIORITY_DEFAULT;
    s->x.ops = &h2_ops;
    s->x.engine = s;
    s->x.conn = h2->base.conn;
    s->x.arena = &s->arena;
    s->x.body_limit = h2->base.limits->body_size;
    list_push(&h2->streams, &s->link);
    h2->nstreams++;
    h2_head_begin(s);
    return s;
}

/* The exchange ends and the memory goes; nghttp2 must not know the stream any more. */
static void stream_gone(struct h2_stream *s, int err)
{
    struct h2 *h2 = s->h2;
    h2_sending(s, false);
    h2_receiving(s, false);
    if (h2->head == s) {
        h2->head = NULL;
        h2->head_since = 0;
    }
    if (h2->pull == s)
        h2->pull = NULL;
    if (s->started)
        exchange_on_gone(&s->x, h2->base.env, err);
    list_remove(&s->link);
    h2->nstreams--;
    h2_pool_give(h2->pool, s);
}

static void reap(struct h2 *h2)
{
    struct list *l;
    while ((l = h2->dead.next) != &h2->dead) {
        struct h2_stream *s = LIST_ENTRY(l, struct h2_stream, link);
        stream_gone(s, s->x.err);
    }
}

static void all_gone(struct h2 *h2, int err)
{
    reap(h2);
    struct list *l;
    while ((l = h2->streams.next) != &h2->streams) {
        struct h2_stream *s = LIST_ENTRY(l, struct h2_stream, link);
        if (h2->ng)
            nghttp2_session_set_stream_user_data(h2->ng, s->id, NULL);
        stream_gone(s, err ? err : -ERR_RESET);
    }
}

/* ---- endings ---- */

void h2_fail(struct h2 *h2, int err)
{
    if (h2->failed || h2->lingering || h2->ended)
        return;
    h2->failed = err;
    if (err == -ERR_H2_FLOOD) /* deadlines are counted by the owner, from on_closed's error */
        h2->base.conn->metrics->http_floods++;
    loop_defer(h2->base.conn->loop, &h2->task);
}

void h2_end(struct h2 *h2, int err)
{
    if (!h2->ended)
        h2->ended = err < 0 ? err : 1;
}

void h2_spend(struct h2 *h2, enum h2_cost kind)
{
    if (h2_guard_spend(&h2->guard, kind, h2_now(h2)) != 0)
        h2_fail(h2, -ERR_H2_FLOOD);
}

static void put32(uint8_t *p, uint32_t v)
{
    for (int i = 3; i >= 0; i--, v >>= 8)
        p[i] = (uint8_t)v;
}

/* RFC 9113 6.8. Whole frames only stand in `out`, so one more may follow. */
static void goaway_by_hand(struct h2 *h2, uint32_t code)
{
    uint8_t frame[17] = {0, 0, 8, NGHTTP2_GOAWAY};
    put32(frame + 9, (uint32_t)nghttp2_session_get_last_proc_stream_id(h2->ng));
    put32(frame + 13, code);
    if (buf_append(&h2->out, str_of((const char *)frame, sizeof frame)) != 0)
        h2_end(h2, -ERR_NOMEM);
}

static void start_linger(struct h2 *h2, int err)
{
    h2->lingering = true;
    h2->failed = err;
    h2->linger_until = h2_now(h2) + LINGER;
    all_gone(h2, err);
}

/* Writes what is left, shuts, discards what comes. */
static void linger(struct h2 *h2)
{
    struct stream *stream = h2->base.conn->stream;
    char in[READ_SIZE];
    if (!h2->ended && !h2->shut && h2_write_rest(h2)) {
        h2->shut = true;
        if (stream_shutdown(stream) != 0)
            h2_end(h2, h2->failed);
    }
    for (int i = 0; !h2->ended && i < READ_ROUNDS; i++) {
        ssize_t n = stream_read(stream, in, sizeof in);
        if (n == -ERR_AGAIN)
            return;
        if (n > 0)
            h2->lingered += (size_t)n;
        if (n <= 0 || h2->lingered > LINGER_BYTES)
            h2_end(h2, h2->failed);
    }
    h2->again = true;
}

/* ---- receiving: nghttp2's callbacks ---- */

static struct h2_stream *stream_by_id(nghttp2_session *ng, int32_t id)
{
    return nghttp2_session_get_stream_user_data(ng, id);
}

/* A failed session reads nothing more. */
static int verdict(const struct h2 *h2)
{
    return h2->failed || h2->freed || h2->ended ? NGHTTP2_ERR_CALLBACK_FAILURE : 0;
}

static bool was_reset_by_us(const struct h2 *h2, int32_t id)
{
    for (size_t i = 0; i < H2_RESETS_KEPT; i++)
        if (h2->reset_ids[i] == id)
            return true;
    return false;
}

/* HEADERS for a stream that is over. RFC 9113 5.1.1: an identifier that was passed over, or used
 * before, is a connection error; the library only skips the block. But trailers may have crossed
 * our reset on their way (5.1). As nginx, we know no other excuse. */
static bool is_stale(struct h2 *h2, int32_t id)
{
    return id % 2 && id <= nghttp2_session_get_last_proc_stream_id(h2->ng) &&
           !nghttp2_session_find_stream(h2->ng, id) && !was_reset_by_us(h2, id);
}

static void on_begin_head(struct h2 *h2, int32_t id)
{
    h2->heading = true;
    if (is_stale(h2, id))
        h2_fail(h2, -ERR_H2_PROTOCOL);
}

static int on_begin_frame(nghttp2_session *ng, const nghttp2_frame_hd *hd, void *user)
{
    struct h2 *h2 = user;
    h2_frames_begun(&h2->frames, hd->length);
    if (h2->heading && hd->type != NGHTTP2_CONTINUATION) { /* the head before was skipped */
        h2->heading = false;
        h2_spend(h2, H2_COST_OTHER);
    }
    switch (hd->type) {
    case NGHTTP2_DATA:
        if (hd->length == 0 && !(hd->flags & NGHTTP2_FLAG_END_STREAM))
            h2_spend(h2, H2_COST_EMPTY);
        break;
    case NGHTTP2_HEADERS:
        on_begin_head(h2, hd->stream_id); /* otherwise limited as requests */
        break;
    case NGHTTP2_RST_STREAM:
        h2_spend(h2, H2_COST_RESET);
        break;
    case NGHTTP2_SETTINGS:
        h2_spend(h2, H2_COST_SETTINGS);
        break;
    case NGHTTP2_PING:
        h2_spend(h2, H2_COST_PING);
        break;
    case NGHTTP2_PRIORITY: /* RFC 9113 6.3, which the library forgets where priorities are off */
        if (hd->stream_id == 0)
            h2_fail(h2, -ERR_H2_PROTOCOL);
        h2_spend(h2, H2_COST_PRIORITY);
        break;
    case NGHTTP2_PRIORITY_UPDATE:
        h2_spend(h2, H2_COST_PRIORITY);
        break;
    case NGHTTP2_WINDOW_UPDATE:
        h2_spend(h2, H2_COST_WINDOW);
        break;
    case NGHTTP2_CONTINUATION:
        h2_spend(h2, H2_COST_CONTINUATION);
        break;
    default:
        h2_spend(h2, H2_COST_OTHER);
    }
    return verdict(h2);
}

static int on_begin_headers(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    h2->heading = false;
    if (frame->headers.cat != NGHTTP2_HCAT_REQUEST) {
        struct h2_stream *s = stream_by_id(ng, frame->hd.stream_id);
        if (s) {
            s->head_bytes = s->head_fields = s->cookies = 0; /* trailers are counted on their own */
            h2->head = s;
            h2->head_since = h2_now(h2);
        }
        return verdict(h2);
    }
    struct h2_stream *s = stream_new(h2, frame->hd.stream_id);
    if (!s)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    nghttp2_session_set_stream_user_data(ng, s->id, s);
    h2->head = s;
    h2->head_since = h2_now(h2);
    return verdict(h2);
}

static struct str rcbuf_str(nghttp2_rcbuf *b)
{
    nghttp2_vec v = nghttp2_rcbuf_get_buf(b);
    return str_of((const char *)v.base, v.len);
}

static int on_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                     nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2 *h2 = user;
    const struct limits *l = h2->base.limits;
    struct h2_stream *s = h2->head;
    if (frame->hd.type != NGHTTP2_HEADERS || !s)
        return verdict(h2);
    struct str n = rcbuf_str(name), v = rcbuf_str(value);
    h2_head_count(s, n, v);
    /* Somewhat too large gets its 431; whoever goes on has us decode for nothing (HPACK bomb). */
    if (s->head_bytes > 4 * l->header_size + 16384 || s->head_fields > 4 * l->header_count + 64)
        h2_fail(h2, -ERR_H2_FLOOD);
    else if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        h2_head_field(s, n, v);
    return verdict(h2);
}

/* A name or value that RFC 9110 5 forbids. Left alone, nghttp2 would drop the field and go on. */
static int on_invalid_header(nghttp2_session *ng, const nghttp2_frame *frame, nghttp2_rcbuf *name,
                             nghttp2_rcbuf *value, uint8_t flags, void *user)
{
    struct h2 *h2 = user;
    if (!h2->head)
        return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    if (!h2->head->fault)
        h2->head->fault = -ERR_HTTP_FIELD;
    return 0;
}

static void end_input(struct h2_stream *s)
{
    if (s->input_ended || s->reset)
        return;
    s->input_ended = true;
    h2_receiving(s, false);
    exchange_on_body(&s->x, STR_NONE, true);
}

static void start_exchange(struct h2_stream *s, bool end)
{
    struct h2 *h2 = s->h2;
    struct conn *conn = h2->base.conn;
    h2_head_finish(s, end);
    s->started = true;
    s->x.started = h2_now(h2);
    conn->metrics->http_requests_h2++;
    if (++conn->exchanges >= h2->base.limits->requests)
        h2_drain(&h2->base);
    s->input_ended = s->x.request_ended = end;
    h2_receiving(s, !end);
    if (s->fault) {
        conn->metrics->http_malformed++;
        exchange_fail(&s->x, s->fault);
    } else {
        exchange_on_head(&s->x, h2->base.env);
    }
}

static void on_headers(struct h2 *h2, struct h2_stream *s, const nghttp2_frame *frame)
{
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    h2->head = NULL;
    h2->head_since = 0;
    if (!s)
        return;
    if (frame->headers.cat == NGHTTP2_HCAT_REQUEST)
        start_exchange(s, end);
    else if (s->fault == -ERR_HTTP_FIELD && !s->reset) /* in trailers */
        exchange_reset(&s->x, -ERR_H2_PROTOCOL);
    else if (end)
        end_input(s);
}

static int on_frame(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = frame->hd.stream_id ? stream_by_id(ng, frame->hd.stream_id) : NULL;
    bool end = frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    switch (frame->hd.type) {
    case NGHTTP2_HEADERS:
        on_headers(h2, s, frame);
        break;
    case NGHTTP2_DATA:
        if (!end && frame->hd.length && frame->hd.length <= frame->data.padlen)
            h2_spend(h2, H2_COST_EMPTY);
        if (end && s)
            end_input(s);
        break;
    case NGHTTP2_SETTINGS:
        if (!h2->head)
            h2->head_since = 0; /* the preface is complete */
        break;
    case NGHTTP2_PING:
        if (frame->hd.flags & NGHTTP2_FLAG_ACK && h2->drain_at &&
            memcmp(frame->ping.opaque_data, drain_ping, sizeof drain_ping) == 0)
            h2->drain_at = h2_now(h2);
        break;
    default:
        break;
    }
    return verdict(h2);
}

static int on_data(nghttp2_session *ng, uint8_t flags, int32_t id, const uint8_t *p, size_t n,
                   void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = stream_by_id(ng, id);
    /* What a handler holds back is limited stream by stream; the connection's window is only a
     * bound on all of them. */
    if (nghttp2_session_consume_connection(ng, n) != 0)
        h2_fail(h2, -ERR_NOMEM);
    if (!s || s->reset)
        return verdict(h2);
    s->credit -= n < s->credit ? n : s->credit;
    h2->taken += n;
    pace_moved(&s->in, n, h2_now(h2));
    exchange_on_body(&s->x, str_of((const char *)p, n), false);
    return verdict(h2);
}

/* A head that nghttp2 refuses by a reset: its exchange begins only to be logged when it is gone. */
static void refused_head(struct h2_stream *s)
{
    s->started = true;
    s->x.started = h2_now(s->h2);
    s->x.err = -ERR_H2_PROTOCOL;
}

static int on_invalid_frame(nghttp2_session *ng, const nghttp2_frame *frame, int code, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = stream_by_id(ng, frame->hd.stream_id);
    if (frame->hd.type == NGHTTP2_HEADERS) {
        h2->heading = false;
        if (s && !s->started)
            refused_head(s);
        h2->head = NULL;
        h2->head_since = 0;
        h2->base.conn->metrics->http_malformed++;
    }
    return verdict(h2);
}

static int on_frame_sent(nghttp2_session *ng, const nghttp2_frame *frame, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = frame->hd.stream_id ? stream_by_id(ng, frame->hd.stream_id) : NULL;
    bool message = frame->hd.type == NGHTTP2_HEADERS || frame->hd.type == NGHTTP2_DATA;
    bool end = message && frame->hd.flags & NGHTTP2_FLAG_END_STREAM;
    if (s && message)
        s->mark = h2->mark = h2->written + h2->gathered;
    if (frame->hd.type == NGHTTP2_RST_STREAM) {
        h2->reset_ids[h2->nresets++ % H2_RESETS_KEPT] = frame->hd.stream_id;
        if (frame->rst_stream.error_code != NGHTTP2_NO_ERROR)
            h2_spend(h2, H2_COST_RESET);
    }
    if (!end || !s)
        return 0;
    s->done = true;
    h2_sending(s, false);
    /* RFC 9113 8.1: the response is complete, the rest of the request is not wanted. The reset
     * waits a little: clients that find it right behind the response drop both. */
    if (!s->input_ended) {
        s->reset_at = h2_now(h2) + H2_LATE;
        if (!h2->late_at)
            h2->late_at = s->reset_at;
    }
    return 0;
}

static int on_stream_close(nghttp2_session *ng, int32_t id, uint32_t code, void *user)
{
    struct h2_stream *s = stream_by_id(ng, id);
    if (s)
        stream_gone(s, s->done ? 0 : -ERR_RESET);
    return 0;
}

/* ---- reading ---- */

static int err_of(const struct h2 *h2, ssize_t rv)
{
    switch (rv) {
    case NGHTTP2_ERR_NOMEM:
        return -ERR_NOMEM;
    case NGHTTP2_ERR_BAD_CLIENT_MAGIC:
        return -ERR_H2_PROTOCOL;
    case NGHTTP2_ERR_FLOODED:
    case NGHTTP2_ERR_TOO_MANY_CONTINUATIONS:
        return -ERR_H2_FLOOD;
    default:
        return -ERR_INTERNAL;
    }
}

static void feed(struct h2 *h2, const char *p, size_t n)
{
    h2_frames_scan(&h2->frames, p, n);
    ssize_t used = nghttp2_session_mem_recv(h2->ng, (const uint8_t *)p, n);
    if (used < 0 && !h2->freed)
        h2_fail(h2, err_of(h2, used));
    if (h2->frames.faulty)
        h2_fail(h2, -ERR_H2_PROTOCOL);
    for (uint64_t i = h2_frames_ignored(&h2->frames); i && !h2->failed; i--)
        h2_spend(h2, H2_COST_OTHER);
}

static void read_all(struct h2 *h2)
{
    char in[READ_SIZE];
    h2->reading_stopped = false;
    for (int i = 0; !verdict(h2); i++) {
        if (i == READ_ROUNDS) {
            h2->again = h2->reading_stopped = true;
            return;
        }
        if (nghttp2_session_get_outbound_queue_size(h2->ng) > H2_QUEUE_MAX) {
            h2->reading_stopped = true;
            return;
        }
        ssize_t n = stream_read(h2->base.conn->stream, in, sizeof in);
        if (n == -ERR_AGAIN)
            return;
        if (n <= 0) {
            h2_end(h2, n < 0 ? (int)n : h2->nstreams ? -ERR_EOF : 0);
            return;
        }
        feed(h2, in, (size_t)n);
        if ((size_t)n < sizeof in)
            return;
    }
}

/* ---- turns ---- */

static void done_free(struct h2 *h2)
{
    nghttp2_session_del(h2->ng);
    h2_pool_unref(h2->pool);
    buf_done(&h2->first);
    buf_done(&h2->out);
    free(h2);
}

static void set_timer(struct h2 *h2)
{
    const struct limits *l = h2->base.limits;
    uint64_t now = h2_now(h2), when = pace_deadline(&h2->pace, l);
    uint64_t walk = h2_stall_deadline(h2, now);
    if (walk < when)
        when = walk;
    if (h2->head_since && h2->head_since + l->header_timeout < when)
        when = h2->head_since + l->header_timeout;
    if (h2->drain_at && h2->drain_at < when)
        when = h2->drain_at;
    if (h2->late_at && h2->late_at < when)
        when = h2->late_at;
    if (h2->lingering)
        when = h2->linger_until;
    if (h2->again)
        when = now;
    if (when == UINT64_MAX)
        return;
    /* A later deadline waits until the earlier one finds nothing to do: no heap work a request. */
    if (!timer_running(&h2->timer) || when < h2->timer.when)
        timer_start(h2->base.conn->loop, &h2->timer, when);
}

static void set_pace(struct h2 *h2)
{
    enum pace_state state = h2->out.n || h2->nsending ? PACE_BODY_OUT
                            : h2->nstreams            ? PACE_HANDLER /* see h2_stall.c */
                                                      : PACE_IDLE;
    if (state != h2->pace.state)
        pace_enter(&h2->pace, state, h2_now(h2));
}

/* The second GOAWAY: from now on new streams are refused (RFC 9113 6.8). */
static void drain_now(struct h2 *h2)
{
    if (!h2->drain_at || h2_now(h2) < h2->drain_at)
        return;
    h2->drain_at = 0;
    nghttp2_submit_goaway(h2->ng, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h2->ng), NGHTTP2_NO_ERROR, NULL,
                          0);
}

static void enter(struct h2 *h2)
{
    h2->depth++;
    h2->again = false;
}

/* The tail of every function that the loop calls; h2 may be gone behind it. */
static void leave(struct h2 *h2)
{
    if (--h2->depth)
        return;
    if (h2->freed) {
        done_free(h2);
        return;
    }
    if (h2->over)
        return;
    h2->depth++;
    bool finished = !h2->failed && !nghttp2_session_want_read(h2->ng) &&
                    !nghttp2_session_want_write(h2->ng) && h2->out.n == 0;
    if (!h2->ended && !h2->lingering && (h2->failed || finished)) {
        if (h2->failed)
            goaway_by_hand(h2, err_row(h2->failed)->h2);
        start_linger(h2, h2->failed);
        linger(h2);
    }
    if (h2->ended) {
        h2->over = true;
        timer_stop(h2->base.conn->loop, &h2->timer);
        task_cancel(&h2->task);
        h2->base.conn->stream->on_event = NULL;
        all_gone(h2, h2->ended < 0 ? h2->ended : 0);
    }
    h2->depth--;
    if (h2->freed) {
        done_free(h2);
    } else if (h2->over) {
        h2->base.env->on_closed(h2->base.env->user, h2->base.conn, h2->ended < 0 ? h2->ended : 0);
    } else {
        set_pace(h2);
        set_timer(h2);
    }
}

static void work(struct h2 *h2, bool readable)
{
    if (h2->lingering) {
        linger(h2);
        return;
    }
    for (int i = 0; i < 4; i++) {
        if (readable || h2->reading_stopped)
            read_all(h2);
        drain_now(h2);
        if (!h2->freed && !h2->ended)
            h2_flush(h2);
        if (!h2->reading_stopped || h2->out.n || h2->again || verdict(h2))
            return;
        readable = false;
    }
    h2->again = true;
}

static void begin(struct h2 *h2)
{
    h2->begun = true;
    if (h2->first.n)
        feed(h2, h2->first.mem + h2->first.off, h2->first.n);
    buf_done(&h2->first);
}

static void h2_on_stream(struct session *session, unsigned events)
{
    struct h2 *h2 = h2_of(session);
    if (h2->over)
        return;
    enter(h2);
    if (!h2->begun)
        begin(h2);
    work(h2, events & STREAM_READABLE);
    leave(h2);
}

static void on_event(struct stream *stream, unsigned events)
{
    h2_on_stream(stream->user, events);
}

static void on_task(struct task *task)
{
    struct h2 *h2 = LIST_ENTRY(task, struct h2, task);
    bool first = !h2->begun;
    enter(h2);
    if (first)
        begin(h2);
    reap(h2);
    work(h2, first);
    leave(h2);
}

static void reset_late(struct h2 *h2, uint64_t now)
{
    h2->late_at = 0;
    LIST_EACH (link, tmp, &h2->streams) {
        struct h2_stream *s = LIST_ENTRY(link, struct h2_stream, link);
        if (!s->reset_at)
            continue;
        if (s->reset_at <= now) {
            s->reset_at = 0;
            nghttp2_submit_rst_stream(h2->ng, NGHTTP2_FLAG_NONE, s->id, NGHTTP2_NO_ERROR);
        } else if (!h2->late_at || s->reset_at < h2->late_at) {
            h2->late_at = s->reset_at;
        }
    }
}

static void check_deadlines(struct h2 *h2, uint64_t now)
{
    if (h2->lingering) {
        if (now >= h2->linger_until)
            h2_end(h2, h2->failed);
        return;
    }
    if (h2->late_at && now >= h2->late_at)
        reset_late(h2, now);
    if (h2->head_since && now >= h2->head_since + h2->base.limits->header_timeout)
        h2_fail(h2, -ERR_TIMEOUT);
    h2_stall_check(h2, now);
    if (pace_deadline(&h2->pace, h2->base.limits) > now)
        return;
    h2_stall_sample(h2);
    int err = pace_check(&h2->pace, h2->base.limits, now);
    if (err && h2->pace.state == PACE_IDLE) /* no fault of anybody's: a GOAWAY without error */
        nghttp2_session_terminate_session(h2->ng, NGHTTP2_NO_ERROR);
    else if (err && !h2_stall_is_whole(h2)) /* single streams wait for their windows */
        pace_enter(&h2->pace, h2->pace.state, now);
    else if (err)
        h2_fail(h2, err);
}

static void on_timer(struct timer *timer, uint64_t now)
{
    struct h2 *h2 = LIST_ENTRY(timer, struct h2, timer);
    enter(h2);
    check_deadlines(h2, now);
    h2_pool_trim(h2->pool);
    work(h2, false);
    leave(h2);
}

/* ---- life ---- */

void h2_drain(struct session *session)
{
    struct h2 *h2 = h2_of(session);
    if (h2->draining)
        return;
    h2->draining = true;
    h2->base.conn->draining = true;
    /* RFC 9113 6.8: first announce, so that no request under way is lost, then name the last. */
    nghttp2_submit_shutdown_notice(h2->ng);
    nghttp2_submit_ping(h2->ng, NGHTTP2_FLAG_NONE, drain_ping);
    h2->drain_at = h2_now(h2) + DRAIN_WAIT;
    loop_defer(h2->base.conn->loop, &h2->task);
}

static void h2_free(struct session *session)
{
    struct h2 *h2 = h2_of(session);
    if (h2->freed)
        return;
    h2->depth++;
    if (h2->base.conn->stream) {
        h2->base.conn->stream->on_event = NULL;
        h2->base.conn->stream->user = NULL;
    }
    timer_done(h2->base.conn->loop, &h2->timer);
    task_cancel(&h2->task);
    all_gone(h2, -ERR_CANCELLED);
    task_cancel(&h2->task);
    h2->freed = true;
    if (--h2->depth == 0)
        done_free(h2);
}

static const struct session_ops session_ops = {
    .name = "HTTP/2",
    .on_stream = h2_on_stream,
    .drain = h2_drain,
    .free = h2_free,
};

static void set_callbacks(nghttp2_session_callbacks *c)
{
    nghttp2_session_callbacks_set_on_begin_frame_callback(c, on_begin_frame);
    nghttp2_session_callbacks_set_on_begin_headers_callback(c, on_begin_headers);
    nghttp2_session_callbacks_set_on_header_callback2(c, on_header);
    nghttp2_session_callbacks_set_on_invalid_header_callback2(c, on_invalid_header);
    nghttp2_session_callbacks_set_on_frame_recv_callback(c, on_frame);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(c, on_data);
    nghttp2_session_callbacks_set_on_invalid_frame_recv_callback(c, on_invalid_frame);
    nghttp2_session_callbacks_set_on_frame_send_callback(c, on_frame_sent);
    nghttp2_session_callbacks_set_on_stream_close_callback(c, on_stream_close);
    nghttp2_session_callbacks_set_send_data_callback(c, h2_on_send_data);
}

static void set_options(nghttp2_option *o, const struct limits *l)
{
    nghttp2_option_set_no_auto_window_update(o, 1);
    nghttp2_option_set_no_closed_streams(o, 1);
    nghttp2_option_set_max_settings(o, 32);
    nghttp2_option_set_max_outbound_ack(o, H2_QUEUE_MAX);
    nghttp2_option_set_max_continuations(o, 8);
    nghttp2_option_set_max_deflate_dynamic_table_size(o, 4096);
    nghttp2_option_set_builtin_recv_extension_type(o, NGHTTP2_PRIORITY_UPDATE);
    /* A second line behind our own guard, which says ENHANCE_YOUR_CALM. */
    nghttp2_option_set_stream_reset_rate_limit(o, 2 * l->resets + 16, l->resets / 10 + 1);
}

static int make_ng(struct h2 *h2)
{
    nghttp2_session_callbacks *callbacks = NULL;
    nghttp2_option *option = NULL;
    int err = -ERR_NOMEM;
    if (nghttp2_session_callbacks_new(&callbacks) == 0 && nghttp2_option_new(&option) == 0) {
        set_callbacks(callbacks);
        set_options(option, h2->base.limits);
        err = nghttp2_session_server_new2(&h2->ng, callbacks, h2, option) == 0 ? 0 : -ERR_NOMEM;
    }
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(option);
    return err;
}

static int submit_settings(struct h2 *h2)
{
    const struct limits *l = h2->base.limits;
    uint32_t size = l->header_size < UINT32_MAX ? (uint32_t)l->header_size : UINT32_MAX;
    nghttp2_settings_entry s[] = {
        {NGHTTP2_SETTINGS_HEADER_TABLE_SIZE, 4096},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, (uint32_t)l->streams},
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, EXCHANGE_CREDIT},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, size},
        {NGHTTP2_SETTINGS_ENABLE_CONNECT_PROTOCOL, 1},
        {NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES, 1},
    };
    if (nghttp2_submit_settings(h2->ng, NGHTTP2_FLAG_NONE, s, sizeof s / sizeof *s) != 0 ||
        nghttp2_session_set_local_window_size(h2->ng, NGHTTP2_FLAG_NONE, 0, CONNECTION_WINDOW) != 0)
        return -ERR_NOMEM;
    return 0;
}

struct session *h2_session_new(struct conn *conn, const struct session_env *env, struct str first)
{
    struct h2 *h2 = calloc(1, sizeof *h2);
    if (!h2)
        return NULL;
    h2->base = (struct session){&session_ops, conn, env, &conn->snapshot->limits};
    list_init(&h2->streams);
    list_init(&h2->dead);
    h2->pool = env->h2_pool ? h2_pool_ref(env->h2_pool) : h2_pool_new();
    buf_init(&h2->first, first.n);
    buf_init(&h2->out, 2 * H2_GATHER);
    task_init(&h2->task, on_task);
    h2_guard_init(&h2->guard, h2->base.limits->resets, h2_now(h2));
    h2_frames_init(&h2->frames);
    pace_enter(&h2->pace, PACE_IDLE, h2_now(h2));
    h2->head_since = h2_now(h2); /* of the preface */
    bool timer = timer_init(conn->loop, &h2->timer, on_timer) == 0;
    if (!timer || !h2->pool || make_ng(h2) != 0 || submit_settings(h2) != 0 ||
        buf_append(&h2->first, first) != 0) {
        timer_done(conn->loop, &h2->timer);
        done_free(h2);
        return NULL;
    }
    conn->stream->user = h2;
    conn->stream->on_event = on_event;
    /* Not from here: a session that is not made yet could end. Still in this turn. */
    loop_defer(conn->loop, &h2->task);
    return &h2->base;
}
