/* QUIC frames; see quicframe.h. */
#include "wire/quicframe.h"

#include "wire/tlswrite.h"

enum { STREAM_END = 1, STREAM_LENGTH = 2, STREAM_OFFSET = 4, RESET_TOKEN = 16, PATH_DATA = 8 };

static bool is_stream(uint64_t type)
{
    return type >= QUICFRAME_STREAM && type <= QUICFRAME_STREAM_LAST;
}

/* ---- reading ---- */

static void read_padding(struct tlsread *r)
{
    size_t n = 0;
    while (n < r->in.n && r->in.p[n] == 0)
        n++;
    r->in = str_from(r->in, n);
}

/* RFC 9000 19.3.1: no computed number may be negative. Returns where the next range ends. */
static void read_range(struct tlsread *r, uint64_t *below)
{
    uint64_t gap = quicpkt_varint(r), more = quicpkt_varint(r);
    if (*below < 2 || gap > *below - 2 || more > *below - 2 - gap)
        r->bad = true;
    else
        *below -= gap + 2 + more;
}

static void read_ack(struct quicframe *f, struct tlsread *r)
{
    f->value = quicpkt_varint(r);
    f->delay = quicpkt_varint(r);
    uint64_t n = quicpkt_varint(r);
    f->first = quicpkt_varint(r);
    if (f->first > f->value)
        r->bad = true;
    uint64_t below = f->value - f->first;
    struct str from = r->in;
    for (; n && !r->bad; n--)
        read_range(r, &below);
    f->data = str_sub(from, 0, from.n - r->in.n);
    for (int i = 0; f->type == QUICFRAME_ACK_ECN && i < 3; i++)
        quicpkt_varint(r);
}

static void check_end(const struct quicframe *f, struct tlsread *r)
{
    if (f->data.n > QUICPKT_NUMBER_MAX - f->offset)
        r->bad = true;
}

static void read_stream(struct quicframe *f, struct tlsread *r)
{
    f->stream = quicpkt_varint(r);
    f->offset = f->type & STREAM_OFFSET ? quicpkt_varint(r) : 0;
    f->data = f->type & STREAM_LENGTH ? quicpkt_vector(r) : tlsread_fixed(r, r->in.n);
    f->end = f->type & STREAM_END;
    check_end(f, r);
}

static void read_connection_id(struct quicframe *f, struct tlsread *r)
{
    f->value = quicpkt_varint(r);
    f->prior = quicpkt_varint(r);
    f->data = tlsread_vector(r, 1);
    f->reset = tlsread_fixed(r, RESET_TOKEN);
    if (f->prior > f->value || f->data.n == 0 || f->data.n > QUICPKT_CID_MAX)
        r->bad = true;
}

static void read_close(struct quicframe *f, struct tlsread *r)
{
    f->value = quicpkt_varint(r);
    f->prior = f->type == QUICFRAME_CLOSE ? quicpkt_varint(r) : 0;
    f->data = quicpkt_vector(r);
}

static void read_reset(struct quicframe *f, struct tlsread *r)
{
    f->stream = quicpkt_varint(r);
    f->value = quicpkt_varint(r);
    f->prior = quicpkt_varint(r);
}

static void read_of_stream(struct quicframe *f, struct tlsread *r)
{
    f->stream = quicpkt_varint(r);
    f->value = quicpkt_varint(r);
}

/* RFC 9000 4.6: a stream count above 2^60 could not be told in a stream's id. */
static void read_streams(struct quicframe *f, struct tlsread *r)
{
    f->value = quicpkt_varint(r);
    if (f->value > UINT64_C(1) << 60)
        r->bad = true;
}

static void read_body(struct quicframe *f, struct tlsread *r)
{
    switch (f->type) {
    case QUICFRAME_PADDING: read_padding(r); return;
    case QUICFRAME_PING:
    case QUICFRAME_HANDSHAKE_DONE: return;
    case QUICFRAME_ACK:
    case QUICFRAME_ACK_ECN: read_ack(f, r); return;
    case QUICFRAME_RESET_STREAM: read_reset(f, r); return;
    case QUICFRAME_CRYPTO:
        f->offset = quicpkt_varint(r);
        f->data = quicpkt_vector(r);
        check_end(f, r);
        return;
    case QUICFRAME_NEW_TOKEN: /* RFC 9000 19.7: an empty one is an encoding error */
        f->data = quicpkt_vector(r);
        r->bad = r->bad || f->data.n == 0;
        return;
    case QUICFRAME_STOP_SENDING:
    case QUICFRAME_MAX_STREAM_DATA:
    case QUICFRAME_STREAM_DATA_BLOCKED: read_of_stream(f, r); return;
    case QUICFRAME_MAX_DATA:
    case QUICFRAME_DATA_BLOCKED:
    case QUICFRAME_RETIRE_CONNECTION_ID: f->value = quicpkt_varint(r); return;
    case QUICFRAME_MAX_STREAMS_BIDI:
    case QUICFRAME_MAX_STREAMS_UNI:
    case QUICFRAME_STREAMS_BLOCKED_BIDI:
    case QUICFRAME_STREAMS_BLOCKED_UNI: read_streams(f, r); return;
    case QUICFRAME_NEW_CONNECTION_ID: read_connection_id(f, r); return;
    case QUICFRAME_PATH_CHALLENGE:
    case QUICFRAME_PATH_RESPONSE: f->data = tlsread_fixed(r, PATH_DATA); return;
    case QUICFRAME_CLOSE:
    case QUICFRAME_CLOSE_APP: read_close(f, r); return;
    case QUICFRAME_DATAGRAM: f->data = tlsread_fixed(r, r->in.n); return;
    case QUICFRAME_DATAGRAM_LENGTH: f->data = quicpkt_vector(r); return;
    default: break;
    }
    if (is_stream(f->type))
        read_stream(f, r);
    else
        r->bad = true;
}

int quicframe_parse(struct quicframe *ret, struct str *rest)
{
    struct tlsread r = tlsread_of(*rest);
    struct quicframe f = {.type = quicpkt_varint(&r)};
    /* RFC 9000 12.4: a type is encoded as short as it can be. */
    if (r.bad || rest->n - r.in.n != quicpkt_varint_size(f.type))
        return -ERR_BAD_MESSAGE;
    read_body(&f, &r);
    if (r.bad)
        return -ERR_BAD_MESSAGE;
    *rest = r.in;
    *ret = f;
    return 0;
}

bool quicframe_range(const struct quicframe *ack, struct quicframe_ranges *it, uint64_t *ret_first,
                     uint64_t *ret_last)
{
    if (!it->begun) {
        *it = (struct quicframe_ranges){ack->data, ack->value - ack->first, true};
        *ret_first = it->below;
        *ret_last = ack->value;
        return true;
    }
    struct tlsread r = tlsread_of(it->rest);
    if (r.in.n == 0)
        return false;
    uint64_t gap = quicpkt_varint(&r), more = quicpkt_varint(&r);
    *ret_last = it->below - gap - 2;
    it->below = *ret_last - more;
    *ret_first = it->below;
    it->rest = r.in;
    return true;
}

/* ---- rules ---- */

bool quicframe_allowed(uint64_t type, enum quicpkt_kind kind)
{
    switch (type) {
    case QUICFRAME_PADDING:
    case QUICFRAME_PING: return true;
    case QUICFRAME_ACK:
    case QUICFRAME_ACK_ECN:
    case QUICFRAME_CRYPTO: return kind != QUICPKT_ZERO_RTT;
    case QUICFRAME_CLOSE: return true;
    case QUICFRAME_NEW_TOKEN:
    case QUICFRAME_PATH_RESPONSE:
    case QUICFRAME_RETIRE_CONNECTION_ID:
    case QUICFRAME_HANDSHAKE_DONE: return kind == QUICPKT_SHORT;
    default: return kind == QUICPKT_SHORT || kind == QUICPKT_ZERO_RTT;
    }
}

bool quicframe_wants_ack(uint64_t type)
{
    return type != QUICFRAME_PADDING && type != QUICFRAME_ACK && type != QUICFRAME_ACK_ECN &&
           type != QUICFRAME_CLOSE && type != QUICFRAME_CLOSE_APP;
}

/* ---- writing ---- */

void quicframe_put_range(struct buf *data, uint64_t gap, uint64_t more)
{
    quicpkt_put_varint(data, gap);
    quicpkt_put_varint(data, more);
}

size_t quicframe_count_ranges(struct str data)
{
    struct tlsread r = tlsread_of(data);
    size_t n = 0;
    for (; r.in.n && !r.bad; n++) {
        quicpkt_varint(&r);
        quicpkt_varint(&r);
    }
    return n;
}

static void emit_ack(struct buf *out, const struct quicframe *f)
{
    quicpkt_put_varint(out, f->value);
    quicpkt_put_varint(out, f->delay);
    quicpkt_put_varint(out, quicframe_count_ranges(f->data));
    quicpkt_put_varint(out, f->first);
    buf_add(out, f->data);
    for (int i = 0; f->type == QUICFRAME_ACK_ECN && i < 3; i++)
        quicpkt_put_varint(out, 0);
}

static void emit_stream(struct buf *out, const struct quicframe *f)
{
    quicpkt_put_varint(out, f->stream);
    if (f->type & STREAM_OFFSET)
        quicpkt_put_varint(out, f->offset);
    if (f->type & STREAM_LENGTH)
        quicpkt_put_varint(out, f->data.n);
    buf_add(out, f->data);
}

static void emit_connection_id(struct buf *out, const struct quicframe *f)
{
    quicpkt_put_varint(out, f->value);
    quicpkt_put_varint(out, f->prior);
    tlswrite_vector(out, 1, f->data);
    buf_add(out, f->reset);
}

static void emit_close(struct buf *out, const struct quicframe *f)
{
    quicpkt_put_varint(out, f->value);
    if (f->type == QUICFRAME_CLOSE)
        quicpkt_put_varint(out, f->prior);
    quicpkt_put_vector(out, f->data);
}

void quicframe_emit(struct buf *out, const struct quicframe *f)
{
    quicpkt_put_varint(out, f->type);
    switch (f->type) {
    case QUICFRAME_PADDING:
    case QUICFRAME_PING:
    case QUICFRAME_HANDSHAKE_DONE: return;
    case QUICFRAME_ACK:
    case QUICFRAME_ACK_ECN: emit_ack(out, f); return;
    case QUICFRAME_CRYPTO:
        quicpkt_put_varint(out, f->offset);
        quicpkt_put_vector(out, f->data);
        return;
    case QUICFRAME_RESET_STREAM:
        quicpkt_put_varint(out, f->stream);
        quicpkt_put_varint(out, f->value);
        quicpkt_put_varint(out, f->prior);
        return;
    case QUICFRAME_STOP_SENDING:
    case QUICFRAME_MAX_STREAM_DATA:
    case QUICFRAME_STREAM_DATA_BLOCKED:
        quicpkt_put_varint(out, f->stream);
        quicpkt_put_varint(out, f->value);
        return;
    case QUICFRAME_NEW_TOKEN:
    case QUICFRAME_DATAGRAM_LENGTH: quicpkt_put_vector(out, f->data); return;
    case QUICFRAME_PATH_CHALLENGE:
    case QUICFRAME_PATH_RESPONSE:
    case QUICFRAME_DATAGRAM: buf_add(out, f->data); return;
    case QUICFRAME_NEW_CONNECTION_ID: emit_connection_id(out, f); return;
    case QUICFRAME_CLOSE:
    case QUICFRAME_CLOSE_APP: emit_close(out, f); return;
    default: break;
    }
    if (is_stream(f->type))
        emit_stream(out, f);
    else
        quicpkt_put_varint(out, f->value);
}
