/* The HTTP/1 engine, server side (RFC 9112); see session.h.
 *
 * Everything happens in run(): it takes steps until none is possible. Events, the timer, and calls from
 * handlers only set flags and lead there, so there is no re-entrance: no handler is called from within
 * its own call, and nothing is freed under a caller. Requests of a connection are answered one after the
 * other; what comes meanwhile waits in `in` (bounded), and then in the peer.
 *
 * A keep-alive GET of a small file costs one read, one parse, one write, and no allocation: its head is
 * copied from the stack to the arena that the request before it left behind. loop->scratch was
 * rejected as the place to read into: the TLS layer below uses it in the same call. */
#include "http/h1.h"

#include "wire/h1_parse.h"

#include <stdlib.h>

#define READ_STEP (16 * 1024)   /* bytes read at once: one TLS record */
#define READ_BODY (64 * 1024)   /* and for a body */
#define READ_AHEAD (4 * 1024)   /* of requests that have to wait */
#define FIELDS_MAX 256          /* whatever the configuration permits */
#define TRAILERS_MAX (8 * 1024) /* bytes */
#define DRAIN_MAX (64 * 1024)   /* body bytes read for nothing but to keep the connection */
#define LINGER_MAX (64 * 1024)
#define LINGER_TIME (2 * SECOND)
#define LAST_REQUEST_TIME (1 * SECOND) /* for a request that crossed our wish to close */
#define TRIM_TIME (1 * SECOND)         /* idle for that long: memory goes back */
#define ARENA_CHUNK (4 * 1024)

static void run(struct h1 *h);

static struct h1 *h1_of(struct session *s)
{
    return (struct h1 *)s;
}

static uint64_t now_of(const struct h1 *h)
{
    return h->base.conn->loop->now;
}

void h1_schedule(struct h1 *h)
{
    if (!h->busy)
        loop_defer(h->base.conn->loop, &h->work);
}

void h1_die(struct h1 *h, int err)
{
    if (!h->dead) {
        h->dead = true;
        h->err = err;
    }
    h1_schedule(h);
}

/* ---- the beginning and end of an exchange ---- */

static void finish_exchange(struct h1 *h, int err)
{
    struct exchange *x = h->x;
    exchange_on_gone(x, h->base.env, err);
    h->x = NULL;
    arena_reset(&h->arena);
    h->fresh = true;
    h->owe_writable = false;
    h->tried = 0;
    if (h->give_up)
        h->keep_alive = false;
    if (!h->keep_alive)
        h->state = H1_CLOSING;
    if (h->draining)
        h->until = now_of(h) + LAST_REQUEST_TIME;
}

/* Limits as the parser wants them. */
static struct h1_limits parse_limits(const struct h1 *h)
{
    const struct limits *l = h->base.limits;
    return (struct h1_limits){.line = l->uri_size,
                              .head = l->header_size,
                              .fields = l->header_count < FIELDS_MAX ? l->header_count : FIELDS_MAX};
}

static void rebase(struct str *s, struct str from, const char *to)
{
    if (s->p >= from.p && s->p <= from.p + from.n && s->p)
        s->p = to + (s->p - from.p);
}

/* The head's text and fields, from wherever they were received, into the arena: they live until on_gone.
 * Some slices are constants, which stay. */
static int keep_head(struct h1 *h, struct head *head, struct str text)
{
    char *copy = arena_alloc(&h->arena, text.n);
    struct field *fields = arena_alloc(&h->arena, (head->nfields + 1) * sizeof *fields);
    if (!copy || !fields)
        return -ERR_NOMEM;
    memcpy(copy, text.p, text.n);
    for (size_t i = 0; i < head->nfields; i++) {
        fields[i] = head->fields[i];
        rebase(&fields[i].name, text, copy);
        rebase(&fields[i].value, text, copy);
    }
    head->fields = fields;
    head->cap = head->nfields;
    rebase(&head->method_text, text, copy);
    rebase(&head->target, text, copy);
    rebase(&head->scheme, text, copy);
    rebase(&head->authority, text, copy);
    return 0;
}

static struct exchange *new_exchange(struct h1 *h)
{
    struct exchange *x = arena_zalloc(&h->arena, sizeof *x);
    if (!x)
        return NULL;
    x->ops = &h1_http_ops;
    x->engine = h;
    x->conn = h->base.conn;
    x->arena = &h->arena;
    x->body_limit = h->base.limits->body_size;
    x->started = now_of(h);
    h->x = x;
    h->req_done = h->resp_done = h->give_up = false;
    h->resp_framing = H1_NONE;
    h->chunk_left = h->out_left = h->drained = 0;
    h->credit = EXCHANGE_CREDIT;
    return x;
}

/* How the request's body is framed. */
static void prepare_body(struct h1 *h, struct exchange *x)
{
    uint64_t length = x->req.length;
    h->req_framing = H1_NONE;
    if (length == LENGTH_UNKNOWN) {
        h->req_framing = H1_CHUNKED;
        chunk_init(&h->chunk);
    } else if (length != LENGTH_NONE && length > 0) {
        h->req_framing = H1_LENGTH;
        h->body_left = length;
    }
    h->req_done = x->request_ended = h->req_framing == H1_NONE;
}

static void start_exchange(struct h1 *h, struct head *head, struct str text)
{
    struct conn *c = h->base.conn;
    c->exchanges++;
    c->metrics->http_requests_h1++;
    struct exchange *x = new_exchange(h);
    if (!x || keep_head(h, head, text)) {
        h1_die(h, -ERR_NOMEM);
        return;
    }
    x->req = *head;
    if (x->req.scheme.n == 0)
        x->req.scheme = c->facts.secure ? STR("https") : STR("http");
    prepare_body(h, x);
    h->asked_close = !head->keep_alive;
    h->keep_alive = head->keep_alive && !h->draining && c->exchanges < h->base.limits->requests;
}

/* Answers what could not be read as a request; the connection ends with it (RFC 9112 9.6 and 2.2).
 * seen: as far as it was understood, for the log; its slices may lie in `in`. */
static void refuse(struct h1 *h, const struct head *seen, int err)
{
    struct exchange *x = new_exchange(h);
    h->keep_alive = h->asked_close = false;
    if (!x) {
        h1_die(h, -ERR_NOMEM);
        return;
    }
    x->req = (struct head){.method = seen->method == METHOD_HEAD ? METHOD_HEAD : METHOD_GET,
                           .method_text = arena_str(&h->arena, seen->method_text),
                           .target = arena_str(&h->arena, seen->target),
                           .version = seen->version,
                           .length = LENGTH_NONE};
    buf_clear(&h->in);
    x->site = h->base.conn->facts.site;
    x->request_ended = h->req_done = h->give_up = true;
    h->req_framing = H1_NONE;
    exchange_fail(x, err);
}

/* ---- receiving a head ---- */

/* Behind the head: what is left is kept in `in`, wherever it stands now. */
static void keep_input(struct h1 *h, struct str data, size_t used)
{
    if (h->in.n)
        buf_consume(&h->in, used);
    else if (data.n > used && buf_append(&h->in, str_from(data, used)))
        h1_die(h, -ERR_NOMEM);
}

/* data is `in`, or bytes read while `in` is empty. True if a request began or was refused. */
static bool try_head(struct h1 *h, struct str data)
{
    struct field fields[FIELDS_MAX];
    struct head head = {.fields = fields, .cap = FIELDS_MAX};
    struct h1_limits limits = parse_limits(h);
    size_t used = 0;
    int err = h1_parse_request(&head, data, h->tried, &limits, &used);
    if (err == -ERR_NEED_MORE) {
        h->tried = data.n;
        if (h->in.n == 0)
            keep_input(h, data, 0);
        return false;
    }
    if (err) {
        h->base.conn->metrics->http_malformed++;
        refuse(h, &head, err);
        return true;
    }
    start_exchange(h, &head, str_of(data.p, used));
    keep_input(h, data, used);
    if (!h->dead)
        exchange_on_head(h->x, h->base.env);
    return true;
}

/* ---- receiving a body ---- */

/* A fault in the body: nothing behind it can be understood. */
static void body_fault(struct h1 *h, int err)
{
    h->give_up = true;
    h->keep_alive = false;
    if (!h->x->head_sent)
        exchange_fail(h->x, err);
    else if (!h->resp_done)
        h1_die(h, err);
}

static void deliver(struct h1 *h, struct str data, bool end)
{
    h->credit -= data.n < h->credit ? data.n : h->credit;
    h->req_done = end;
    if (h->resp_done)
        h->drained += data.n;
    exchange_on_body(h->x, data, end);
}

static bool deliver_length(struct h1 *h)
{
    uint64_t n = h->in.n < h->body_left ? h->in.n : h->body_left;
    if (n > h->credit)
        n = h->credit;
    if (n == 0)
        return false;
    h->body_left -= n;
    deliver(h, str_sub(buf_str(&h->in), 0, (size_t)n), h->body_left == 0);
    buf_consume(&h->in, (size_t)n);
    return true;
}

/* Framing needs no credit, so a body's end is seen even when all of it is used up. */
static bool deliver_chunked(struct h1 *h)
{
    struct str all = buf_str(&h->in), data = STR_NONE;
    struct str view = str_sub(all, 0, h->credit ? (size_t)h->credit : h->chunk.left ? 0 : 1);
    size_t before = view.n;
    if (before == 0)
        return false;
    int r = chunk_next(&h->chunk, &view, &data);
    if (r < 0) {
        h->base.conn->metrics->http_malformed++;
        body_fault(h, r);
        return true;
    }
    if (r == 1)
        deliver(h, data, false);
    if (r == 2)
        h->req_framing = H1_TRAILERS;
    buf_consume(&h->in, before - view.n);
    return true;
}

/* They are checked and dropped: no handler wants them yet. */
static bool deliver_trailers(struct h1 *h)
{
    struct field fields[FIELDS_MAX];
    struct head trailers = {.fields = fields, .cap = FIELDS_MAX};
    struct h1_limits limits = parse_limits(h);
    size_t used = 0;
    if (limits.head > TRAILERS_MAX)
        limits.head = TRAILERS_MAX;
    int err = h1_parse_trailers(&trailers, buf_str(&h->in), &limits, &used);
    if (err == -ERR_NEED_MORE)
        return false;
    if (err) {
        h->base.conn->metrics->http_malformed++;
        body_fault(h, err);
        return true;
    }
    buf_consume(&h->in, used);
    deliver(h, STR_NONE, true);
    return true;
}

static bool deliver_body(struct h1 *h)
{
    if (h->req_done || h->give_up || h->in.n == 0)
        return false;
    if (h->req_framing == H1_LENGTH)
        return deliver_length(h);
    return h->req_framing == H1_CHUNKED ? deliver_chunked(h) : deliver_trailers(h);
}

/* ---- reading ---- */

/* How many bytes to read now, at most; 0: none. */
static size_t read_size(const struct h1 *h)
{
    if (!h->x)
        return READ_STEP;
    if (h->req_done || h->give_up)
        return h->in.n < READ_AHEAD ? READ_AHEAD : 0;
    if (h->credit == 0)
        return 0;
    return h->in.n < READ_STEP ? READ_BODY : 0;
}

/* What a read said; true if bytes came. */
static bool was_read(struct h1 *h, ssize_t n, size_t asked)
{
    h->readable = n == (ssize_t)asked;
    if (n > 0) {
        if (h->x && !h->req_done)
            pace_moved(&h->pace, (size_t)n, now_of(h));
        return true;
    }
    if (n == 0)
        h->eof = true;
    else if (n != -ERR_AGAIN)
        h1_die(h, (int)n);
    return false;
}

static bool read_first(struct h1 *h)
{
    char data[READ_STEP];
    ssize_t n = stream_read(h->base.conn->stream, data, sizeof data);
    if (was_read(h, n, sizeof data))
        (void)try_head(h, str_of(data, (size_t)n));
    return n != -ERR_AGAIN;
}

static bool read_more(struct h1 *h)
{
    size_t want = read_size(h), room = buf_room(&h->in);
    if (!h->readable || h->eof || want == 0)
        return false;
    if (!h->x && h->in.n == 0)
        return read_first(h);
    if (want > room)
        want = room;
    if (want == 0)
        return false;
    if (buf_reserve(&h->in, want)) {
        h1_die(h, -ERR_NOMEM);
        return false;
    }
    ssize_t n = stream_read(h->base.conn->stream, buf_end(&h->in), want);
    if (was_read(h, n, want))
        buf_added(&h->in, (size_t)n);
    return n != -ERR_AGAIN;
}

/* ---- steps ---- */

/* The response is complete, the request is not: is the rest of its body worth reading? */
static void judge_rest(struct h1 *h)
{
    bool known = h->req_framing == H1_LENGTH;
    if (h->x->req.expect_continue || h->drained > DRAIN_MAX || !h->keep_alive ||
        (known && h->body_left > DRAIN_MAX))
        h->give_up = true;
    else if (h->credit < DRAIN_MAX)
        h->credit = DRAIN_MAX;
}

/* The peer will send no more of a body that is not whole. */
static void truncated(struct h1 *h)
{
    if (h->resp_done)
        h->give_up = true;
    else
        h1_die(h, -ERR_EOF);
}

static bool step_exchange(struct h1 *h)
{
    if (h->owe_writable && !h->blocked) {
        h->owe_writable = false;
        exchange_on_writable(h->x);
        return true;
    }
    if (h->resp_done && !h->req_done && !h->give_up)
        judge_rest(h);
    if (deliver_body(h))
        return true;
    if (h->resp_done && (h->req_done || h->give_up) && !h->blocked) {
        finish_exchange(h, 0);
        return true;
    }
    if (read_more(h))
        return true;
    if (!h->eof || h->req_done || h->give_up || (h->credit == 0 && h->in.n))
        return false;
    truncated(h);
    return true;
}

static bool step_idle(struct h1 *h)
{
    if (h->blocked)
        return false;
    if (h->in.n > h->tried && try_head(h, buf_str(&h->in)))
        return true;
    if (read_more(h))
        return true;
    if (h->eof)
        h->state = H1_CLOSING;
    return h->eof;
}

/* Everything is sent: says the end, and waits for the peer's if it may still be sending: unread bytes
 * would make the kernel answer with a reset, which can destroy our last response (RFC 9112 9.6). */
static bool step_closing(struct h1 *h)
{
    struct stream *s = h->base.conn->stream;
    if (!h1_flush(h, false))
        return false;
    bool quick = h->eof || (h->asked_close && !h->give_up && h->in.n == 0);
    int err = stream_shutdown(s);
    size_t pending = err ? 0 : stream_pending(s);
    h->state = err || (quick && pending == 0) ? H1_CLOSED : H1_LINGER;
    h->until = now_of(h) + (pending ? h->base.limits->stall_timeout : LINGER_TIME);
    return true;
}

static void discard(struct h1 *h)
{
    char sink[READ_STEP];
    struct stream *s = h->base.conn->stream;
    while (h->readable) {
        ssize_t n = h->eof ? -ERR_AGAIN : stream_read(s, sink, sizeof sink);
        h->readable = n == (ssize_t)sizeof sink;
        if (n > 0)
            h->lingered += (size_t)n;
        if (n == 0)
            h->eof = true;
        if ((n < 0 && n != -ERR_AGAIN) || h->lingered > LINGER_MAX)
            h->state = H1_CLOSED;
        if (h->state == H1_CLOSED)
            return;
    }
    if (h->eof && stream_pending(s) == 0)
        h->state = H1_CLOSED;
}

/* One thing that can be done now; false: there is none. */
static bool step(struct h1 *h)
{
    if (h->dead)
        return false;
    switch (h->state) {
    case H1_OPEN:
        return h->x ? step_exchange(h) : step_idle(h);
    case H1_CLOSING:
        return step_closing(h);
    case H1_LINGER:
        discard(h);
        return false;
    case H1_CLOSED:
        break;
    }
    return false;
}

/* ---- deadlines ---- */

static enum pace_state wanted_pace(const struct h1 *h)
{
    if (h->blocked || h->state == H1_CLOSING)
        return PACE_BODY_OUT;
    if (!h->x)
        return h->in.n ? PACE_HEAD : PACE_IDLE;
    if (!h->req_done && !h->give_up && h->credit && !h->x->req.expect_continue)
        return PACE_BODY_IN;
    return PACE_HANDLER;
}

static bool holds_memory(const struct h1 *h)
{
    return h->arena.chunks || h->in.mem || h->out.mem;
}

static void trim(struct h1 *h)
{
    arena_done(&h->arena);
    buf_done(&h->in);
    buf_done(&h->out);
}

static uint64_t next_deadline(const struct h1 *h)
{
    if (h->state == H1_LINGER)
        return h->until;
    uint64_t at = pace_deadline(&h->pace, h->base.limits);
    if (h->pace.state != PACE_IDLE)
        return at;
    if (h->draining && h->until < at)
        at = h->until;
    if (holds_memory(h) && h->pace.since + TRIM_TIME < at)
        at = h->pace.since + TRIM_TIME;
    return at;
}

/* The timer is moved only to an earlier time; when it fires too early it is set again. So busy
 * connections never touch the heap. */
static void arm(struct h1 *h)
{
    uint64_t at = next_deadline(h);
    if (at != UINT64_MAX && (!timer_running(&h->timer) || at < h->timer.when))
        timer_start(h->base.conn->loop, &h->timer, at);
}

static void update_pace(struct h1 *h)
{
    enum pace_state wanted = wanted_pace(h);
    if (h->state != H1_LINGER && (wanted != h->pace.state || h->fresh))
        pace_enter(&h->pace, wanted, now_of(h));
    h->fresh = false;
    arm(h);
}

static void expire_exchange(struct h1 *h, int err)
{
    if (h->x->head_sent && !h->resp_done) {
        h1_die(h, err);
        return;
    }
    h->base.conn->metrics->timeouts++;
    body_fault(h, err);
}

/* A head that did not come to its end in time. */
static void expire_head(struct h1 *h, int err)
{
    struct field fields[FIELDS_MAX];
    struct head head = {.fields = fields, .cap = FIELDS_MAX};
    struct h1_limits limits = parse_limits(h);
    size_t used;
    int incomplete = h1_parse_request(&head, buf_str(&h->in), 0, &limits, &used);
    (void)incomplete; /* as ever before: it is about what there is of it */
    h->base.conn->metrics->timeouts++;
    refuse(h, &head, err);
}

static void expire(struct h1 *h, int err)
{
    switch (h->pace.state) {
    case PACE_IDLE:
        h->state = H1_CLOSING;
        break;
    case PACE_HEAD:
        expire_head(h, err);
        break;
    case PACE_BODY_IN:
        expire_exchange(h, err);
        break;
    case PACE_BODY_OUT:
    case PACE_HANDLER:
        h1_die(h, err);
        break;
    }
}

static void on_timer(struct timer *t, uint64_t now)
{
    struct h1 *h = LIST_ENTRY(t, struct h1, timer);
    h->busy = true;
    if (h->state == H1_LINGER) {
        if (now >= h->until)
            h->state = H1_CLOSED;
    } else {
        int err = pace_check(&h->pace, h->base.limits, now);
        bool idle = h->pace.state == PACE_IDLE && h->state == H1_OPEN && !h->x;
        if (err)
            expire(h, err);
        else if (idle && h->draining && now >= h->until)
            h->state = H1_CLOSING;
        else if (idle && now >= h->pace.since + TRIM_TIME)
            trim(h);
    }
    run(h);
}

/* ---- the session ---- */

static void end(struct h1 *h)
{
    int err = h->dead ? h->err : 0;
    h->state = H1_CLOSED;
    timer_stop(h->base.conn->loop, &h->timer);
    if (h->x)
        finish_exchange(h, err);
    h->state = H1_CLOSED;
    task_cancel(&h->work);
    h->base.env->on_closed(h->base.env->user, h->base.conn, err); /* frees h */
}

static void run(struct h1 *h)
{
    h->busy = true;
    while (step(h))
        ;
    if (h->state == H1_OPEN)
        (void)h1_flush(h, false); /* heads whose body comes later, and batches */
    if (h->dead || h->state == H1_CLOSED) {
        end(h);
        return;
    }
    h->busy = false;
    update_pace(h);
}

static void on_work(struct task *t)
{
    run(LIST_ENTRY(t, struct h1, work));
}

static void on_event(struct stream *s, unsigned events)
{
    struct h1 *h = s->user;
    h->base.ops->on_stream(&h->base, events);
}

/* Behind the peer's end only its going away can still be news, which a handler that takes its time
 * need not wait for. */
static void look_behind_end(struct h1 *h)
{
    char none;
    ssize_t n = stream_read(h->base.conn->stream, &none, 1);
    if (n < 0 && n != -ERR_AGAIN)
        h1_die(h, (int)n);
}

static void on_stream(struct session *s, unsigned events)
{
    struct h1 *h = h1_of(s);
    h->busy = true;
    if (events & STREAM_READABLE)
        h->readable = true;
    if (events & STREAM_READABLE && h->eof && h->x)
        look_behind_end(h);
    if (events & STREAM_WRITABLE) {
        h->blocked = false;
        (void)h1_flush(h, false); /* run sees what became of it */
    }
    run(h);
}

static void drain(struct session *s)
{
    struct h1 *h = h1_of(s);
    if (h->draining)
        return;
    h->draining = true;
    if (h->state != H1_LINGER)
        h->until = now_of(h) + LAST_REQUEST_TIME;
    h1_schedule(h);
}

static void free_session(struct session *s)
{
    struct h1 *h = h1_of(s);
    struct stream *stream = h->base.conn->stream;
    h->busy = true;
    if (h->x)
        finish_exchange(h, -ERR_CANCELLED);
    if (stream && stream->user == h) {
        stream->on_event = NULL;
        stream->user = NULL;
    }
    timer_done(h->base.conn->loop, &h->timer);
    task_cancel(&h->work);
    trim(h);
    free(h);
}

static const struct session_ops h1_session_ops = {
    .name = "HTTP/1.1",
    .on_stream = on_stream,
    .drain = drain,
    .free = free_session,
};

struct session *h1_session_new(struct conn *conn, const struct session_env *env, struct str first)
{
    struct h1 *h = calloc(1, sizeof *h);
    const struct limits *l = &conn->snapshot->limits;
    if (!h)
        return NULL;
    h->base = (struct session){&h1_session_ops, conn, env, l};
    h->keep_alive = true;
    h->readable = true;
    h->draining = conn->draining;
    h->until = conn->loop->now + LAST_REQUEST_TIME;
    arena_init(&h->arena, ARENA_CHUNK, EXCHANGE_ARENA_MAX);
    buf_init(&h->in, l->header_size + 2 * READ_BODY + first.n);
    buf_init(&h->out, l->header_size + 4 * H1_OUT_BATCH);
    task_init(&h->work, on_work);
    if (buf_append(&h->in, first) || timer_init(conn->loop, &h->timer, on_timer)) {
        buf_done(&h->in);
        free(h);
        return NULL;
    }
    pace_enter(&h->pace, PACE_IDLE, conn->loop->now);
    conn->stream->on_event = on_event;
    conn->stream->user = h;
    loop_defer(conn->loop, &h->work); /* reads what is there, in this turn */
    return &h->base;
}
