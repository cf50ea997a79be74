/* See cert_life.h. The limits are those of the CA/Browser Forum's Baseline Requirements 6.3.2; the
 * last three are ballot SC-081v3's. */
#include "audit/cert_life.h"

enum { DAY = 86400 };

static const struct {
    int64_t from; /* notBefore, 00:00 UTC */
    unsigned days, short_days;
} limit[] = {
    {1868227200, 47, 7},   /* 2029-03-15 */
    {1805068800, 100, 7},  /* 2027-03-15 */
    {1773532800, 200, 7},  /* 2026-03-15 */
    {1710460800, 398, 10}, /* 2024-03-15: "short-lived" begins to exist */
    {1598918400, 398, 0},  /* 2020-09-01 */
    {1519862400, 825, 0},  /* 2018-03-01 */
};

void cert_life(const struct cert_info *c, int64_t now, struct cert_life_facts *ret)
{
    struct cert_life_facts f = {0};
    *ret = f;
    if (c->not_before == INT64_MIN || c->not_after == INT64_MIN)
        return;
    f.readable = true;
    f.expired = now > c->not_after;
    f.not_yet = now < c->not_before;
    f.lifetime = c->not_after - c->not_before + 1;
    f.left = c->not_after - now;
    f.days_left = f.left >= 0 ? f.left / DAY : -((-f.left + DAY - 1) / DAY);
    f.renew = !f.expired && f.left < f.lifetime / 3;
    for (size_t i = 0; i < sizeof limit / sizeof *limit; i++) {
        if (c->not_before < limit[i].from)
            continue;
        f.limit_days = limit[i].days;
        f.over_limit = f.lifetime > (int64_t)limit[i].days * DAY;
        f.short_lived = f.lifetime > 0 && f.lifetime <= (int64_t)limit[i].short_days * DAY;
        break;
    }
    *ret = f;
}
