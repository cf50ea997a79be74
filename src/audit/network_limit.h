/* Politeness to networks: an IPv4 /24 or IPv6 /48 is asked by few audits at a time, and few new
 * connections a second begin to it. Pure: time is an argument. A network is remembered while
 * somebody holds it. */
#ifndef AUDIT_NETWORK_LIMIT_H
#define AUDIT_NETWORK_LIMIT_H

#include "base/addr.h"
#include "base/map.h"

struct network {
    unsigned char key[8];
    unsigned key_n;
    unsigned holders, running;
    uint64_t next; /* ns: when the next connection may begin */
};

struct network_limit {
    struct map map;       /* key → network; at most what is held */
    unsigned parallel;    /* audits of one network at once; 0: no limit */
    unsigned rate;        /* connections begun a second to one network; 0: no limit */
    bool loopback;        /* limit ourselves, too */
};

void network_limit_init(struct network_limit *l, size_t max, const uint64_t seed[2]);
void network_limit_done(struct network_limit *l); /* all given back before */
/* NULL: no memory. Each hold is given back. */
struct network *network_hold(struct network_limit *l, const struct addr *a);
void network_give_back(struct network_limit *l, struct network *n);

/* Enters all of them or none: an audit of a name with several addresses. They differ. */
bool network_enter(struct network_limit *l, struct network *const *nets, size_t n);
void network_leave(struct network *const *nets, size_t n);
/* When a connection may begin; `now`: at once, and it counts. */
uint64_t network_dial(struct network_limit *l, const struct addr *to, uint64_t now);

#endif
