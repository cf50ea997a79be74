/* QUIC packets; see quicpkt.h. */
#include "wire/quicpkt.h"

#include "wire/tlswrite.h"

enum { LONG = 0x80, FIXED = 0x40 };

/* ---- numbers ---- */

uint64_t quicpkt_varint(struct tlsread *r)
{
    if (r->bad || r->in.n == 0) {
        r->bad = true;
        return 0;
    }
    size_t n = (size_t)1 << ((unsigned char)r->in.p[0] >> 6);
    struct str s = tlsread_fixed(r, n);
    uint64_t v = s.n ? (unsigned char)s.p[0] & 0x3f : 0;
    for (size_t i = 1; i < s.n; i++)
        v = v << 8 | (unsigned char)s.p[i];
    return v;
}

size_t quicpkt_varint_size(uint64_t v)
{
    return v < 1u << 6 ? 1 : v < 1u << 14 ? 2 : v < 1u << 30 ? 4 : 8;
}

void quicpkt_put_varint(struct buf *out, uint64_t v)
{
    size_t n = quicpkt_varint_size(v);
    unsigned log = n == 1 ? 0 : n == 2 ? 1 : n == 4 ? 2 : 3;
    v |= (uint64_t)log << (8 * n - 2);
    while (n--)
        buf_addc(out, (char)(v >> (8 * n)));
}

struct str quicpkt_vector(struct tlsread *r)
{
    uint64_t n = quicpkt_varint(r);
    if (n > r->in.n)
        r->bad = true;
    return tlsread_fixed(r, (size_t)n);
}

void quicpkt_put_vector(struct buf *out, struct str s)
{
    quicpkt_put_varint(out, s.n);
    buf_add(out, s);
}

uint64_t quicpkt_number(uint64_t next, uint32_t low, size_t bytes)
{
    uint64_t window = UINT64_C(1) << (8 * bytes), half = window / 2;
    uint64_t guess = (next & ~(window - 1)) | low;
    if (guess + half <= next && guess <= QUICPKT_NUMBER_MAX - window)
        return guess + window;
    if (guess > next + half && guess >= window)
        return guess - window;
    return guess;
}

/* ---- kinds ---- */

static bool known(uint32_t version)
{
    return version == QUIC_V1 || version == QUIC_V2;
}

/* RFC 9369 3.2: version 2 turned the four types round by one. */
static enum quicpkt_kind kind_of_bits(uint32_t version, unsigned bits)
{
    return version == QUIC_V2 ? (bits + 3) & 3 : bits;
}

static unsigned bits_of_kind(uint32_t version, enum quicpkt_kind kind)
{
    return version == QUIC_V2 ? (kind + 1) & 3 : kind;
}

/* ---- reading ---- */

static bool parse_negotiation(struct quicpkt *p, struct tlsread *r)
{
    p->kind = QUICPKT_NEGOTIATION;
    p->number_at = p->whole.n - r->in.n;
    p->versions = tlsread_fixed(r, r->in.n);
    return p->versions.n > 0 && p->versions.n % 4 == 0;
}

static bool parse_retry(struct quicpkt *p, struct tlsread *r)
{
    p->number_at = p->whole.n - r->in.n;
    if (r->in.n < QUICPKT_TAG)
        return false;
    p->token = tlsread_fixed(r, r->in.n - QUICPKT_TAG);
    p->integrity = tlsread_fixed(r, QUICPKT_TAG);
    return true;
}

static bool parse_numbered(struct quicpkt *p, struct tlsread *r)
{
    if (p->kind == QUICPKT_INITIAL)
        p->token = quicpkt_vector(r);
    uint64_t n = quicpkt_varint(r);
    if (r->bad || n > r->in.n)
        return false;
    p->number_at = p->whole.n - r->in.n;
    p->whole.n = p->number_at + (size_t)n;
    return true;
}

static bool parse_long(struct quicpkt *p)
{
    struct tlsread r = tlsread_of(p->whole);
    unsigned first = (unsigned)tlsread_number(&r, 1);
    p->version = tlsread_number(&r, 4);
    p->dcid = tlsread_vector(&r, 1);
    p->scid = tlsread_vector(&r, 1);
    if (r.bad)
        return false;
    if (p->version == QUIC_NEGOTIATION)
        return parse_negotiation(p, &r);
    if (!known(p->version)) {
        p->kind = QUICPKT_OTHER;
        p->number_at = p->whole.n - r.in.n;
        return true;
    }
    if (!(first & FIXED) || p->dcid.n > QUICPKT_CID_MAX || p->scid.n > QUICPKT_CID_MAX)
        return false;
    p->kind = kind_of_bits(p->version, first >> 4 & 3);
    return p->kind == QUICPKT_RETRY ? parse_retry(p, &r) : parse_numbered(p, &r);
}

static bool parse_short(struct quicpkt *p, size_t dcid)
{
    if (p->whole.n <= dcid || !(p->whole.p[0] & FIXED))
        return false;
    p->kind = QUICPKT_SHORT;
    p->dcid = str_sub(p->whole, 1, dcid);
    p->number_at = 1 + dcid;
    return true;
}

int quicpkt_parse(struct quicpkt *ret, struct str datagram, size_t short_dcid)
{
    struct quicpkt p = {.whole = datagram};
    if (datagram.n == 0)
        return -ERR_BAD_MESSAGE;
    bool ok = (unsigned char)datagram.p[0] & LONG ? parse_long(&p) : parse_short(&p, short_dcid);
    if (!ok)
        return -ERR_BAD_MESSAGE;
    *ret = p;
    return 0;
}

uint32_t quicpkt_version(struct str versions, size_t i)
{
    struct tlsread r = tlsread_of(i < versions.n / 4 ? str_from(versions, 4 * i) : STR_NONE);
    return tlsread_number(&r, 4);
}

/* ---- writing ---- */

static bool has_length(enum quicpkt_kind kind)
{
    return kind <= QUICPKT_HANDSHAKE;
}

size_t quicpkt_head_size(const struct quicpkt_head *h)
{
    if (h->kind == QUICPKT_SHORT)
        return 1 + h->dcid.n + h->number_n;
    size_t n = 1 + 4 + 1 + h->dcid.n + 1 + h->scid.n;
    if (h->kind == QUICPKT_INITIAL)
        n += quicpkt_varint_size(h->token.n) + h->token.n;
    if (h->kind == QUICPKT_RETRY)
        n += h->token.n;
    return has_length(h->kind) ? n + 2 + h->number_n : n;
}

static void emit_long(struct buf *out, const struct quicpkt_head *h, size_t body_n)
{
    unsigned low = has_length(h->kind) ? (unsigned)h->number_n - 1 : 0;
    unsigned type = h->kind <= QUICPKT_RETRY ? bits_of_kind(h->version, h->kind) : 0;
    buf_addc(out, (char)(LONG | FIXED | type << 4 | low));
    tlswrite_number(out, 4, h->kind == QUICPKT_NEGOTIATION ? QUIC_NEGOTIATION : h->version);
    tlswrite_vector(out, 1, h->dcid);
    tlswrite_vector(out, 1, h->scid);
    if (h->kind == QUICPKT_INITIAL)
        quicpkt_put_vector(out, h->token);
    if (h->kind == QUICPKT_RETRY)
        buf_add(out, h->token);
    if (has_length(h->kind)) /* always of two bytes, so that the head's size is known early */
        tlswrite_number(out, 2, 0x4000 | (uint32_t)(h->number_n + body_n + QUICPKT_TAG));
}

void quicpkt_emit(struct buf *out, const struct quicpkt_head *h, size_t body_n)
{
    if (h->kind != QUICPKT_SHORT) {
        emit_long(out, h, body_n);
    } else {
        buf_addc(out, (char)(FIXED | (h->number_n - 1)));
        buf_add(out, h->dcid);
    }
    if (has_length(h->kind) || h->kind == QUICPKT_SHORT)
        tlswrite_number(out, h->number_n, (uint32_t)h->number);
}
