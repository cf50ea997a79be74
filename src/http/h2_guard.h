/* How much useless work a peer may ask for on one HTTP/2 connection. Pure: time is an argument. */
#ifndef HTTP_H2_GUARD_H
#define HTTP_H2_GUARD_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

enum h2_cost {
    H2_COST_RESET,        /* a stream reset, by either side */
    H2_COST_EMPTY,        /* DATA without data or end */
    H2_COST_SETTINGS,
    H2_COST_PING,
    H2_COST_PRIORITY,     /* PRIORITY, PRIORITY_UPDATE */
    H2_COST_WINDOW,       /* WINDOW_UPDATE; sending something worth it earns them back */
    H2_COST_CONTINUATION,
    H2_COST_OTHER,        /* small frames that the library ignores: unknown type, ended stream */
    H2_COST_COUNT,
};

/* Embedded in a session; no memory of its own. */
struct h2_guard {
    uint64_t resets;               /* burst of H2_COST_RESET */
    struct {
        uint64_t used;             /* thousandths of a frame */
        uint64_t at;               /* ns: drained up to here */
    } bucket[H2_COST_COUNT];
};

/* resets: burst of limits.resets. */
void h2_guard_init(struct h2_guard *g, uint64_t resets, uint64_t now);
/* One more of that kind. -ERR_H2_FLOOD when there were too many. */
int must_use h2_guard_spend(struct h2_guard *g, enum h2_cost kind, uint64_t now);
/* A DATA frame of n bytes was sent: the peer's window updates for it are no flood. */
void h2_guard_sent(struct h2_guard *g, size_t n, bool end);

/* Follows the frames of the input by itself, because the library is silent about those it ignores.
 * Embedded in a session. */
struct h2_frames {
    uint32_t skip;           /* bytes up to the next frame's header */
    uint32_t length;         /* of the frame whose header is being read */
    uint32_t id;             /* as far as read: the stream that a PRIORITY_UPDATE is about */
    uint8_t have;            /* bytes of that header */
    uint8_t type;            /* of that frame */
    uint8_t id_left;         /* bytes of `id` to come */
    bool faulty;             /* RFC 9218 7.1: a PRIORITY_UPDATE about stream 0 */
    uint64_t scanned, begun; /* small frames that came, that the library began to treat */
    uint64_t charged;
};

void h2_frames_init(struct h2_frames *f);
void h2_frames_scan(struct h2_frames *f, const char *p, size_t n); /* in pieces of any size */
void h2_frames_begun(struct h2_frames *f, size_t length);
/* How many ignored ones have not been asked for yet. */
uint64_t h2_frames_ignored(struct h2_frames *f);

#endif
