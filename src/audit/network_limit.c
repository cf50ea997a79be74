/* Politeness; see network_limit.h. */
#include "audit/network_limit.h"

#include "audit/ip_range.h"
#include "io/loop.h"

#include <stdlib.h>

void network_limit_init(struct network_limit *l, size_t max, const uint64_t seed[2])
{
    *l = (struct network_limit){.parallel = 0};
    map_init(&l->map, max, seed);
}

void network_limit_done(struct network_limit *l)
{
    map_done(&l->map);
}

/* The first byte tells the families apart: 4 or 6. */
static struct str key_of(const struct addr *a, unsigned char key[8])
{
    unsigned char bytes[16];
    struct ip_range one;
    char text[ADDR_TEXT_MAX];
    ip_range_bytes(a, bytes);
    bool v4 = !ip_range_parse(&one, addr_ip_text(a, text)) && !one.v6;
    key[0] = v4 ? 4 : 6;
    memcpy(key + 1, v4 ? bytes + 12 : bytes, v4 ? 3 : 6);
    return str_of((const char *)key, v4 ? 4 : 7);
}

struct network *network_hold(struct network_limit *l, const struct addr *a)
{
    unsigned char key[8];
    struct str k = key_of(a, key);
    struct network *n = map_get(&l->map, k);
    if (!n) {
        n = calloc(1, sizeof *n);
        if (!n)
            return NULL;
        memcpy(n->key, k.p, k.n);
        n->key_n = (unsigned)k.n;
        if (map_set(&l->map, str_of((const char *)n->key, n->key_n), n)) {
            free(n);
            return NULL;
        }
    }
    n->holders++;
    return n;
}

void network_give_back(struct network_limit *l, struct network *n)
{
    if (--n->holders)
        return;
    map_remove(&l->map, str_of((const char *)n->key, n->key_n));
    free(n);
}

static bool is_full(const struct network_limit *l, const struct network *n)
{
    bool ourselves = n->key_n == 4 && n->key[1] == 127;
    return l->parallel && n->running >= l->parallel && (l->loopback || !ourselves);
}

bool network_enter(struct network_limit *l, struct network *const *nets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is_full(l, nets[i]))
            return false;
    for (size_t i = 0; i < n; i++)
        nets[i]->running++;
    return true;
}

void network_leave(struct network *const *nets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        nets[i]->running--;
}

uint64_t network_dial(struct network_limit *l, const struct addr *to, uint64_t now)
{
    unsigned char key[8];
    if (!l->rate || (!l->loopback && addr_is_loopback(to)))
        return now;
    struct network *n = map_get(&l->map, key_of(to, key));
    if (!n)
        return now;
    if (n->next > now)
        return n->next;
    n->next = now + SECOND / l->rate;
    return now;
}
