/* Deadlines by progress; see pace.h. A total time for a body was rejected: it cuts a slow honest client
 * on a large file and lets a slow dishonest one stay for long. Two rules instead: something must move
 * within stall_timeout, and over each whole rate_window at least min_rate must have moved. */
#include "http/pace.h"

#define SECOND_NS ((uint64_t)1000000000)

static uint64_t later(uint64_t t, uint64_t by)
{
    return by > UINT64_MAX - t ? UINT64_MAX : t + by;
}

void pace_enter(struct pace *p, enum pace_state state, uint64_t now)
{
    *p = (struct pace){.state = state, .since = now, .progress = now, .window_start = now};
}

void pace_moved(struct pace *p, size_t bytes, uint64_t now)
{
    if (bytes == 0)
        return;
    p->progress = now;
    p->window_bytes += bytes;
}

static uint64_t shifted(uint64_t t, uint64_t by, uint64_t now)
{
    uint64_t to = later(t, by);
    return to < now ? to : now;
}

void pace_excuse(struct pace *p, uint64_t ns, uint64_t now)
{
    p->progress = shifted(p->progress, ns, now);
    p->window_start = shifted(p->window_start, ns, now);
}

uint64_t pace_deadline(const struct pace *p, const struct limits *l)
{
    uint64_t stall, window;
    switch (p->state) {
    case PACE_IDLE:
        return later(p->since, l->idle_timeout);
    case PACE_HEAD:
        return later(p->since, l->header_timeout);
    case PACE_BODY_IN:
    case PACE_BODY_OUT:
        stall = later(p->progress, l->stall_timeout);
        window = l->min_rate && l->rate_window ? later(p->window_start, l->rate_window)
                                               : UINT64_MAX;
        return stall < window ? stall : window;
    case PACE_HANDLER:
        break;
    }
    return UINT64_MAX;
}

/* Whether the window that is over moved enough. In 128 bits: bytes × 10⁹ passes 64. */
static bool too_slow(const struct pace *p, const struct limits *l, uint64_t passed)
{
    return (unsigned __int128)p->window_bytes * SECOND_NS < (unsigned __int128)l->min_rate * passed;
}

int pace_check(struct pace *p, const struct limits *l, uint64_t now)
{
    if (now < pace_deadline(p, l))
        return 0;
    if (p->state == PACE_IDLE || p->state == PACE_HEAD)
        return -ERR_TIMEOUT;
    if (now >= later(p->progress, l->stall_timeout))
        return -ERR_TIMEOUT;
    if (too_slow(p, l, now - p->window_start))
        return -ERR_TOO_SLOW;
    p->window_start = now;
    p->window_bytes = 0;
    return 0;
}
