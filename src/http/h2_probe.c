/* Floods of HTTP/2 frames, and what comes back; see h2_probe.h. */
#include "http/h2_probe.h"

#include "wire/scan.h"

enum {
    DATA = 0,
    HEADERS = 1,
    RST_STREAM = 3,
    SETTINGS = 4,
    PING = 6,
    GOAWAY = 7,
    WINDOW_UPDATE = 8,
    CONTINUATION = 9
};
enum { ACK = 1, END_STREAM = 1, END_HEADERS = 4 };

#define CANCEL      8
#define PIECE       1024 /* bytes of a CONTINUATION */
#define PIECE_VALUE 1018 /* of them, the value's */

static const char fence[8] = "gate443!";

static void add_u32(struct buf *out, uint32_t v)
{
    for (int shift = 24; shift >= 0; shift -= 8)
        buf_addc(out, (char)(v >> shift));
}

/* RFC 9113 4.1 */
static void add_frame(struct buf *out, size_t length, uint8_t type, uint8_t flags, uint32_t id)
{
    add_u32(out, (uint32_t)length << 8 | type);
    buf_addc(out, (char)flags);
    add_u32(out, id);
}

/* RFC 7541 5.2, never Huffman-coded, shorter than 255 bytes. */
static void add_string(struct buf *out, struct str s)
{
    buf_addc(out, (char)(s.n < 127 ? s.n : 127));
    if (s.n >= 127) /* RFC 7541 5.1; the rest fits in seven bits more */
        buf_addc(out, (char)(s.n - 127));
    buf_add(out, s);
}

/* GET https://authority/ by the static table (RFC 7541 A) and one literal that is not indexed. */
static void request_block(struct buf *block, struct str authority)
{
    buf_add(block, STR("\x82\x87\x84\x01"));
    add_string(block, authority);
}

static void add_resets(struct buf *out, struct str block, unsigned n, bool made)
{
    for (uint32_t i = 0; i < n; i++) {
        uint32_t id = 2 * i + 1;
        add_frame(out, block.n, HEADERS, END_STREAM | END_HEADERS, id);
        buf_add(out, block);
        add_frame(out, 4, made ? WINDOW_UPDATE : RST_STREAM, 0, id);
        add_u32(out, made ? 0 : CANCEL); /* RFC 9113 6.9: an increment of 0 is a stream error */
    }
    add_frame(out, sizeof fence, PING, 0, 0);
    buf_add(out, str_of(fence, sizeof fence));
}

/* "x: aaa…", a literal that is not indexed. */
static void add_piece(struct buf *out)
{
    buf_add(out, str_of("\x00\x01x", 3));
    buf_add(out, STR("\x7f\xfb\x06")); /* RFC 7541 5.1: 127 + 0x7b + (6 << 7) */
    for (size_t i = 0; i < PIECE_VALUE; i++)
        buf_addc(out, 'a');
}

static void add_continuations(struct buf *out, struct str block, unsigned n)
{
    add_frame(out, block.n, HEADERS, END_STREAM, 1);
    buf_add(out, block);
    for (unsigned i = 0; i < n; i++) {
        add_frame(out, PIECE, CONTINUATION, 0, 1);
        add_piece(out);
    }
}

int h2_probe_write(struct buf *out, enum h2_probe_kind kind, struct str authority, unsigned n)
{
    struct buf block;
    if (authority.n == 0 || authority.n > 254 || scan_target(authority) != authority.n ||
        n > H2_PROBE_MAX)
        return -ERR_INVAL;
    buf_init(&block, 512);
    request_block(&block, authority);
    buf_add(out, STR("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    add_frame(out, 0, SETTINGS, 0, 0);
    if (kind == H2_PROBE_CONTINUATION)
        add_continuations(out, buf_str(&block), n);
    else
        add_resets(out, buf_str(&block), n, kind == H2_PROBE_MADE_RESETS);
    int err = buf_err(&block) ? buf_err(&block) : buf_err(out);
    buf_done(&block);
    return err;
}

/* ---- what comes ---- */

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

void h2_probe_init(struct h2_probe *p, enum h2_probe_kind kind)
{
    *p = (struct h2_probe){.kind = kind, .max_streams = UINT32_MAX};
}

static void settings(struct h2_probe *p)
{
    if (p->header[4] & ACK)
        return;
    p->settings = true;
    for (uint32_t i = 0; i + 6 <= p->kept; i += 6)
        if (p->payload[i] == 0 && p->payload[i + 1] == 3) /* SETTINGS_MAX_CONCURRENT_STREAMS */
            p->max_streams = get_u32(p->payload + i + 2);
}

static void goaway(struct h2_probe *p)
{
    if (p->kept < 8 || p->goaway)
        return;
    p->goaway = true;
    p->goaway_first = !p->fenced;
    p->goaway_code = get_u32(p->payload + 4);
}

/* A frame is complete. */
static void frame(struct h2_probe *p)
{
    uint8_t type = p->header[3];
    if (!p->settings && type != SETTINGS && type != GOAWAY) /* RFC 9113 3.4 */
        p->broken = true;
    if (type == SETTINGS)
        settings(p);
    else if (type == GOAWAY)
        goaway(p);
    else if (type == HEADERS)
        p->answers++;
    else if (type == PING && p->kept == sizeof fence && (p->header[4] & ACK))
        p->fenced |= memcmp(p->payload, fence, sizeof fence) == 0;
    if (type == RST_STREAM && p->kept >= 4) {
        p->resets++;
        p->reset_code = get_u32(p->payload);
    }
}

static void payload(struct h2_probe *p, struct str *in)
{
    size_t n = p->left < in->n ? p->left : in->n, room = H2_PROBE_KEPT - p->kept;
    size_t keep = n < room ? n : room;
    if (keep)
        memcpy(p->payload + p->kept, in->p, keep);
    p->kept += (uint32_t)keep;
    p->left -= (uint32_t)n;
    *in = str_from(*in, n);
}

void h2_probe_feed(struct h2_probe *p, struct str in)
{
    while (in.n && !p->broken) {
        if (p->have < sizeof p->header) {
            p->header[p->have++] = (uint8_t)in.p[0];
            in = str_from(in, 1);
            if (p->have < sizeof p->header)
                continue;
            p->left = get_u32(p->header) >> 8;
            p->kept = 0;
        }
        payload(p, &in);
        if (p->left)
            return;
        frame(p);
        p->have = 0;
    }
}

enum h2_probe_verdict h2_probe_judge(const struct h2_probe *p, bool closed, bool waited)
{
    if (p->broken || (closed && !p->settings && !p->goaway))
        return H2_PROBE_NO_H2;
    if (p->goaway && (p->goaway_first || p->kind == H2_PROBE_CONTINUATION))
        return H2_PROBE_LIMITED;
    if (p->kind == H2_PROBE_CONTINUATION && (p->resets || p->answers)) /* 431 is an answer, too */
        return H2_PROBE_LIMITED;
    if (p->fenced)
        return H2_PROBE_TOLERATED;
    if (closed)
        return H2_PROBE_LIMITED;
    return waited && p->settings && p->kind == H2_PROBE_CONTINUATION ? H2_PROBE_TOLERATED
                                                                     : H2_PROBE_OPEN;
}
