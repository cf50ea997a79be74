/* The flood guard of HTTP/2: a leaky bucket for each kind of frame that costs us work and brings the
 * peer nothing (RFC 9113 10.5). It counts resets of either direction alike, since a client can make
 * the server reset a stream as cheaply as it resets one itself (CVE-2023-44487, CVE-2025-8671).
 * Rejected: a ratio of useful to useless frames, which a flood can buy itself with cheap requests. */
#include "http/h2_guard.h"

/* Burst and how many a second drain. Browsers stay an order of magnitude below all of them. */
static const struct {
    uint32_t burst, rate;
} budget[H2_COST_COUNT] = {
    [H2_COST_RESET] = {0, 0}, /* from limits.resets */
    [H2_COST_EMPTY] = {64, 8},
    [H2_COST_SETTINGS] = {32, 1},
    [H2_COST_PING] = {200, 20},
    [H2_COST_PRIORITY] = {1000, 100},
    [H2_COST_WINDOW] = {1000, 100},
    [H2_COST_CONTINUATION] = {100, 20},
    [H2_COST_OTHER] = {100, 10},
};

#define GAP_MAX ((uint64_t)1000 * 1000000000) /* ns; keeps the product below in 64 bits */
#define WORTH_BYTES 256 /* a DATA frame of that many bytes earns window updates */

void h2_guard_init(struct h2_guard *g, uint64_t resets, uint64_t now)
{
    *g = (struct h2_guard){.resets = resets};
    for (size_t i = 0; i < H2_COST_COUNT; i++)
        g->bucket[i].at = now;
}

static uint64_t burst_of(const struct h2_guard *g, enum h2_cost kind)
{
    return kind == H2_COST_RESET ? g->resets : budget[kind].burst;
}

static uint64_t rate_of(const struct h2_guard *g, enum h2_cost kind)
{
    if (kind != H2_COST_RESET)
        return budget[kind].rate;
    return g->resets / 10 ? (g->resets / 10 > 1000 ? 1000 : g->resets / 10) : 1;
}

int h2_guard_spend(struct h2_guard *g, enum h2_cost kind, uint64_t now)
{
    uint64_t gap = now > g->bucket[kind].at ? now - g->bucket[kind].at : 0;
    if (gap > GAP_MAX)
        gap = GAP_MAX;
    uint64_t drained = gap / 1000 * rate_of(g, kind) / 1000; /* thousandths */
    if (drained) { /* else let small gaps add up */
        g->bucket[kind].at = now;
        g->bucket[kind].used -= drained < g->bucket[kind].used ? drained : g->bucket[kind].used;
    }
    g->bucket[kind].used += 1000;
    return g->bucket[kind].used > burst_of(g, kind) * 1000 ? -ERR_H2_FLOOD : 0;
}

void h2_guard_sent(struct h2_guard *g, size_t n, bool end)
{
    /* Clients answer a frame with up to two updates, stream and connection. A peer that opens its
     * window by single bytes earns nothing (CVE-2019-9511). */
    uint64_t earned = (n >= WORTH_BYTES ? 4000 : 0) + (end ? 2000 : 0);
    uint64_t *used = &g->bucket[H2_COST_WINDOW].used;
    *used -= earned < *used ? earned : *used;
}

/* ---- frames that the library ignores ---- */

#define PREFACE_SIZE 24
#define PRIORITY_UPDATE 0x10 /* RFC 9218 7.1 */
#define SMALL 256 /* bytes; a large ignored frame costs the peer more than us, and may have been under
                     way when its stream ended */

void h2_frames_init(struct h2_frames *f)
{
    *f = (struct h2_frames){.skip = PREFACE_SIZE};
}

/* The start of a payload. */
static void look_at(struct h2_frames *f, const char *p, size_t n)
{
    for (; n && f->id_left; p++, n--) {
        f->id = f->id << 8 | (uint8_t)*p;
        if (--f->id_left == 0)
            f->faulty |= (f->id & 0x7fffffff) == 0;
    }
}

void h2_frames_scan(struct h2_frames *f, const char *p, size_t n)
{
    while (n) {
        size_t part = f->skip < n ? f->skip : n;
        look_at(f, p, part);
        f->skip -= (uint32_t)part;
        p += part;
        n -= part;
        for (; n && f->skip == 0; p++, n--) {
            if (f->have < 3)
                f->length = f->length << 8 | (uint8_t)*p;
            else if (f->have == 3)
                f->type = (uint8_t)*p;
            if (++f->have < 9)
                continue;
            f->id_left = f->type == PRIORITY_UPDATE && f->length >= 4 ? 4 : 0;
            f->id = 0;
            f->scanned += f->length < SMALL;
            f->skip = f->length;
            f->have = 0;
            f->length = 0;
        }
    }
}

void h2_frames_begun(struct h2_frames *f, size_t length)
{
    f->begun += length < SMALL;
}

uint64_t h2_frames_ignored(struct h2_frames *f)
{
    /* A frame cut in two may be scanned before it is begun: it is charged once, and the next
     * ignored one not at all. */
    uint64_t ignored = f->scanned > f->begun ? f->scanned - f->begun : 0;
    uint64_t fresh = ignored > f->charged ? ignored - f->charged : 0;
    f->charged += fresh;
    return fresh;
}
