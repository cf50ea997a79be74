/* Deadlines by progress, not by total time: idle, head, stall and minimum rate, in one place for all
 * engines. Pure: time is an argument. */
#ifndef HTTP_PACE_H
#define HTTP_PACE_H

#include "config/snapshot.h"

enum pace_state { PACE_IDLE, PACE_HEAD, PACE_BODY_IN, PACE_BODY_OUT, PACE_HANDLER };

/* Embedded in a session. */
struct pace {
    enum pace_state state;
    uint64_t since;         /* ns: this state began */
    uint64_t progress;      /* ns: last byte that moved */
    uint64_t window_start;  /* ns */
    uint64_t window_bytes;
};

void pace_enter(struct pace *p, enum pace_state state, uint64_t now);
void pace_moved(struct pace *p, size_t bytes, uint64_t now);
/* The last `ns` were no fault of the peer: they do not count. */
void pace_excuse(struct pace *p, uint64_t ns, uint64_t now);
/* When something would be due at the earliest (ns); UINT64_MAX: never. */
uint64_t pace_deadline(const struct pace *p, const struct limits *l);
/* 0, -ERR_TIMEOUT or -ERR_TOO_SLOW at `now`. */
int pace_check(struct pace *p, const struct limits *l, uint64_t now);

#endif
