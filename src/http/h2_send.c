/* Sending on HTTP/2. Bodies are pulled: when nghttp2 has a window and a turn for a stream, its
 * handler is asked by on_writable and writes straight into the place in the output where the DATA
 * frame's payload belongs. So a body byte is copied once (or read once from its file), nothing
 * waits in a buffer for a window, and a stream that may not send costs no memory. The price: a
 * send_body outside of such a call takes nothing but the end mark.
 *
 * Output is gathered on the stack and written once a turn. Rejected: loop->scratch, which the TLS
 * layer below uses in the same call; a buffer in each session, which idle connections would hold. */
#include "http/h2.h"

#include "wire/scan.h"

#include <errno.h>
#include <unistd.h>

#define ROUNDS 4 /* of H2_GATHER a turn: others want to be served, too */

static struct h2_stream *stream_of(struct exchange *x)
{
    return x->engine;
}

/* Streams that were reset, and sessions that failed, take nothing more. */
static bool is_gone(const struct h2_stream *s)
{
    return !s || s->x.gone || s->done || s->reset || s->h2->over || s->h2->lingering || s->h2->freed;
}

static void wake(struct h2_stream *s)
{
    struct h2 *h2 = s->h2;
    if (!s->sending && s->head_sent && !s->done) {
        h2_sending(s, true);
        if (h2->pull != s)
            nghttp2_session_resume_data(h2->ng, s->id);
    }
    loop_defer(h2->base.conn->loop, &h2->task);
}

/* ---- heads ---- */

static nghttp2_nv nv_of(struct str name, struct str value, uint8_t flags)
{
    return (nghttp2_nv){(uint8_t *)(uintptr_t)name.p, (uint8_t *)(uintptr_t)value.p, name.n,
                        value.n, flags};
}

/* RFC 9113 8.2.2 */
static bool is_connection_specific(enum field_id id)
{
    return id == FIELD_CONNECTION || id == FIELD_TRANSFER_ENCODING || id == FIELD_KEEP_ALIVE ||
           id == FIELD_UPGRADE || id == FIELD_PROXY_CONNECTION;
}

/* Into nv; how many, or −err. */
static int fields_to_nv(const struct field *f, size_t n, nghttp2_nv *nv, size_t cap)
{
    size_t used = 0;
    for (; n; n--, f++) {
        if (is_connection_specific(f->id))
            continue;
        if (used == cap)
            return -ERR_HTTP_FIELDS_TOO_LARGE;
        if (scan_value(f->value) != f->value.n ||
            (f->id == FIELD_OTHER && !scan_is_token(f->name))) /* other names are our own */
            return -ERR_HTTP_FIELD;
        /* Secrets stay out of the compression table (RFC 7541 7.1.3). */
        uint8_t flags = f->id == FIELD_SET_COOKIE ? NGHTTP2_NV_FLAG_NO_INDEX : 0;
        if (f->id != FIELD_OTHER)
            nv[used++] = nv_of(field_name(f->id), f->value, flags | NGHTTP2_NV_FLAG_NO_COPY_NAME);
        else
            nv[used++] = nv_of(f->name, f->value, flags);
    }
    return (int)used;
}

static bool needs_length(const struct head *h)
{
    return h->length < LENGTH_UNKNOWN && h->status >= 200 && h->status != 204 && h->status != 304 &&
           !head_has(h, FIELD_CONTENT_LENGTH);
}

/* RFC 9218 8: the response may overrule what the client asked for. */
static void apply_priority(struct h2_stream *s, const struct head *h)
{
    if (!head_has(h, FIELD_PRIORITY))
        return;
    priority_merge(&s->priority, head_value(h, FIELD_PRIORITY));
    nghttp2_extpri p = {s->priority.urgency, s->priority.incremental};
    nghttp2_session_change_extpri_stream_priority(s->h2->ng, s->id, &p, 1);
}

static ssize_t on_read(nghttp2_session *ng, int32_t id, uint8_t *unused, size_t length,
                       uint32_t *data_flags, nghttp2_data_source *source, void *user);

static int submit(struct h2_stream *s, unsigned status, const nghttp2_nv *nv, size_t n, bool end)
{
    nghttp2_session *ng = s->h2->ng;
    nghttp2_data_provider body = {.read_callback = on_read};
    int r = status < 200 ? nghttp2_submit_headers(ng, NGHTTP2_FLAG_NONE, s->id, NULL, nv, n, NULL)
                         : nghttp2_submit_response(ng, s->id, nv, n, end ? NULL : &body);
    return r == 0 ? 0 : r == NGHTTP2_ERR_NOMEM ? -ERR_NOMEM : -ERR_INTERNAL;
}

static int h2_send_head(struct exchange *x, const struct head *h, bool end)
{
    struct h2_stream *s = stream_of(x);
    nghttp2_nv nv[EXCHANGE_FIELDS_MAX + 2];
    char status[4], length[21];
    if (is_gone(s) || s->head_sent)
        return -ERR_CLOSED;
    if (h->status < 100 || h->status > 999 || h->status == 101) /* RFC 9113 8.6 */
        return -ERR_INVAL;
    for (unsigned i = 3, v = h->status; i-- > 0; v /= 10)
        status[i] = (char)('0' + v % 10);
    nv[0] = nv_of(STR(":status"), str_of(status, 3), NGHTTP2_NV_FLAG_NO_COPY_NAME);
    int n = fields_to_nv(h->fields, h->nfields, nv + 1, EXCHANGE_FIELDS_MAX);
    if (n < 0)
        return n;
    n++;
    if (needs_length(h)) {
        char *p = length + sizeof length;
        uint64_t v = h->length;
        do
            *--p = (char)('0' + v % 10);
        while (v /= 10);
        nv[n++] = nv_of(STR("content-length"), str_of(p, (size_t)(length + sizeof length - p)),
                        NGHTTP2_NV_FLAG_NO_COPY_NAME);
    }
    int err = submit(s, h->status, nv, (size_t)n, end);
    if (err)
        return err;
    if (h->status >= 200) {
        apply_priority(s, h);
        s->head_sent = true;
        s->output_ended = end;
        h2_sending(s, true);
    }
    wake(s);
    return 0;
}

static int h2_send_trailers(struct exchange *x, const struct head *h)
{
    struct h2_stream *s = stream_of(x);
    if (is_gone(s) || !s->head_sent || s->output_ended)
        return -ERR_CLOSED;
    if (h->nfields > EXCHANGE_FIELDS_MAX)
        return -ERR_HTTP_FIELDS_TOO_LARGE;
    struct field *to = arena_alloc(&s->arena, (h->nfields + 1) * sizeof *to);
    if (!to)
        return -ERR_NOMEM;
    for (size_t i = 0; i < h->nfields; i++) {
        const struct field *f = &h->fields[i];
        to[i] = (struct field){arena_str(&s->arena, f->name), arena_str(&s->arena, f->value), f->id};
        if (!to[i].name.p || !to[i].value.p)
            return -ERR_NOMEM;
    }
    s->trailers = to;
    s->ntrailers = h->nfields;
    s->output_ended = true;
    wake(s);
    return 0;
}

/* ---- bodies ---- */

/* Where pulled bytes go: behind the place of the frame's header. */
static char *pull_at(const struct h2 *h2)
{
    return h2->gather + h2->gathered + 9 + h2->pulled;
}

static void took(struct h2_stream *s, bool all, bool end)
{
    if (all && end)
        s->output_ended = true;
    if (s->h2->pull != s) /* ask again when it is this stream's turn */
        wake(s);
}

static ssize_t h2_send_body(struct exchange *x, const struct str *parts, size_t n, bool end)
{
    struct h2_stream *s = stream_of(x);
    if (is_gone(s) || !s->head_sent || s->output_ended)
        return -ERR_CLOSED;
    struct h2 *h2 = s->h2;
    size_t offered = 0, taken = 0;
    for (size_t i = 0; i < n; i++) {
        size_t room = h2->pull == s ? h2->pull_room - h2->pulled : 0;
        size_t part = parts[i].n < room ? parts[i].n : room;
        offered += parts[i].n;
        if (part == 0)
            continue;
        memcpy(pull_at(h2), parts[i].p, part);
        h2->pulled += part;
        taken += part;
    }
    took(s, taken == offered, end);
    return (ssize_t)taken;
}

static ssize_t h2_send_file(struct exchange *x, int fd, uint64_t offset, uint64_t n, bool end)
{
    struct h2_stream *s = stream_of(x);
    if (is_gone(s) || !s->head_sent || s->output_ended)
        return -ERR_CLOSED;
    struct h2 *h2 = s->h2;
    size_t room = h2->pull == s ? h2->pull_room - h2->pulled : 0, taken = 0;
    if (n < room)
        room = (size_t)n;
    while (taken < room) {
        ssize_t got = pread(fd, pull_at(h2), room - taken, (off_t)(offset + taken));
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got < 0 ? err_from_errno(errno) : -ERR_FILE_CHANGED;
        h2->pulled += (size_t)got;
        taken += (size_t)got;
    }
    took(s, taken == n, end);
    return (ssize_t)taken;
}

/* The end of the body, with or without trailers behind it. */
static int end_output(struct h2_stream *s, uint32_t *data_flags)
{
    *data_flags |= NGHTTP2_DATA_FLAG_EOF;
    h2_sending(s, false);
    if (!s->trailers)
        return 0;
    nghttp2_nv nv[EXCHANGE_FIELDS_MAX];
    int n = fields_to_nv(s->trailers, s->ntrailers, nv, EXCHANGE_FIELDS_MAX);
    if (n <= 0) /* nothing to say is no reason to fail a complete body */
        return 0;
    *data_flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
    return nghttp2_submit_trailer(s->h2->ng, s->id, nv, (size_t)n);
}

/* nghttp2 asks for up to `length` bytes of a stream's body. */
static ssize_t on_read(nghttp2_session *ng, int32_t id, uint8_t *unused, size_t length,
                       uint32_t *data_flags, nghttp2_data_source *source, void *user)
{
    struct h2 *h2 = user;
    struct h2_stream *s = nghttp2_session_get_stream_user_data(ng, id);
    if (!s)
        return NGHTTP2_ERR_DEFERRED; /* reset: its RST_STREAM is on the way */
    if (H2_GATHER - h2->gathered < 9 + length) {
        h2->more = true;
        return NGHTTP2_ERR_PAUSE;
    }
    h2->pulled = 0;
    if (!s->output_ended) {
        h2->pull = s;
        h2->pull_room = length;
        exchange_on_writable(&s->x);
        h2->pull = NULL;
    }
    if (h2->freed)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    if (nghttp2_session_get_stream_user_data(ng, id) != s)
        return NGHTTP2_ERR_DEFERRED;
    if (h2->pulled == 0 && !s->output_ended) {
        h2_sending(s, false);
        return NGHTTP2_ERR_DEFERRED;
    }
    pace_moved(&s->out, h2->pulled, h2_now(h2));
    *data_flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (s->output_ended && end_output(s, data_flags) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return (ssize_t)h2->pulled;
}

int h2_on_send_data(nghttp2_session *ng, nghttp2_frame *frame, const uint8_t *framehd,
                    size_t length, nghttp2_data_source *source, void *user)
{
    struct h2 *h2 = user;
    memcpy(h2->gather + h2->gathered, framehd, 9);
    h2->gathered += 9 + length;
    h2_guard_sent(&h2->guard, length, frame->hd.flags & NGHTTP2_FLAG_END_STREAM);
    return 0;
}

static void h2_give_credit(struct exchange *x, size_t n)
{
    struct h2_stream *s = stream_of(x);
    if (is_gone(s) || s->input_ended)
        return;
    s->credit += n;
    if (nghttp2_session_consume_stream(s->h2->ng, s->id, n) != 0)
        h2_fail(s->h2, -ERR_NOMEM);
    loop_defer(s->h2->base.conn->loop, &s->h2->task);
}

static void h2_reset(struct exchange *x, int err)
{
    struct h2_stream *s = stream_of(x);
    if (is_gone(s))
        return;
    struct h2 *h2 = s->h2;
    uint32_t code = err_row(err)->h2;
    if (err == -ERR_TIMEOUT || err == -ERR_TOO_SLOW) /* of this stream: see h2_stall.c */
        code = NGHTTP2_CANCEL;
    if (code == NGHTTP2_NO_ERROR) /* the response is incomplete: that must show */
        code = NGHTTP2_INTERNAL_ERROR;
    if (nghttp2_submit_rst_stream(h2->ng, NGHTTP2_FLAG_NONE, s->id, code) != 0)
        h2_fail(h2, -ERR_NOMEM);
    nghttp2_session_set_stream_user_data(h2->ng, s->id, NULL);
    h2_sending(s, false);
    h2_receiving(s, false);
    s->x.err = s->x.err ? s->x.err : err;
    s->reset = true;
    list_remove(&s->link); /* on_gone comes at the end of the turn: the caller still uses x */
    list_push(&h2->dead, &s->link);
    loop_defer(h2->base.conn->loop, &h2->task);
}

const struct http_ops h2_ops = {
    .send_head = h2_send_head,
    .send_body = h2_send_body,
    .send_file = h2_send_file,
    .send_trailers = h2_send_trailers,
    .give_credit = h2_give_credit,
    .reset = h2_reset,
};

/* ---- output ---- */

/* Fills `gather` with whole frames. */
static void gather(struct h2 *h2)
{
    h2->gathered = 0;
    h2->more = false;
    while (!h2->failed && !h2->freed) {
        if (H2_GATHER - h2->gathered < 2 * H2_FRAME_MAX) {
            h2->more = true;
            return;
        }
        const uint8_t *p;
        ssize_t n = nghttp2_session_mem_send(h2->ng, &p);
        if (n < 0 && !h2->freed)
            h2_fail(h2, n == NGHTTP2_ERR_NOMEM ? -ERR_NOMEM : -ERR_INTERNAL);
        if (n <= 0)
            return;
        if ((size_t)n > H2_GATHER - h2->gathered) { /* cannot be: a frame is at most 16 KiB */
            h2_fail(h2, -ERR_INTERNAL);
            return;
        }
        memcpy(h2->gather + h2->gathered, p, (size_t)n);
        h2->gathered += (size_t)n;
    }
}

bool h2_write_rest(struct h2 *h2)
{
    if (h2->out.n == 0)
        return true;
    struct str rest = buf_str(&h2->out);
    ssize_t n = stream_write(h2->base.conn->stream, &rest, 1, false);
    if (n < 0) {
        h2_end(h2, (int)n);
        return false;
    }
    buf_consume(&h2->out, (size_t)n);
    if (h2->out.n)
        return false;
    buf_done(&h2->out);
    return true;
}

/* True when everything gathered was taken. */
static bool write_gathered(struct h2 *h2)
{
    struct str all = str_of(h2->gather, h2->gathered);
    ssize_t n = stream_write(h2->base.conn->stream, &all, 1, false);
    h2->written += h2->gathered;
    h2->gathered = 0;
    if (n < 0) {
        h2_end(h2, (int)n);
        return false;
    }
    if ((size_t)n == all.n)
        return true;
    if (buf_append(&h2->out, str_from(all, (size_t)n)) != 0)
        h2_end(h2, -ERR_NOMEM);
    return false;
}

void h2_flush(struct h2 *h2)
{
    char room[H2_GATHER];
    h2->again = false;
    if (h2_write_rest(h2)) {
        h2->gather = room;
        for (int round = 0;; round++) {
            gather(h2);
            if (h2->freed || h2->gathered == 0 || !write_gathered(h2) || !h2->more)
                break;
            if (round == ROUNDS - 1) {
                h2->again = true;
                break;
            }
        }
        h2->gather = NULL;
    }
}
