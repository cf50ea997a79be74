/* Keyed hash map; see map.h. Deletion shifts back instead of leaving tombstones, so that a map
 * with much coming and going never slows down. */
#include "base/map.h"

#include <stdlib.h>

static inline uint64_t rotl(uint64_t x, int b)
{
    return x << b | x >> (64 - b);
}

static inline void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotl(v[1], 13) ^ v[0];
    v[0] = rotl(v[0], 32);
    v[2] += v[3];
    v[3] = rotl(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotl(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotl(v[1], 17) ^ v[2];
    v[2] = rotl(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein): one round a word, three at the end. */
uint64_t map_hash(const uint64_t seed[2], struct str key)
{
    uint64_t v[4] = {seed[0] ^ 0x736f6d6570736575u, seed[1] ^ 0x646f72616e646f6du,
                     seed[0] ^ 0x6c7967656e657261u, seed[1] ^ 0x7465646279746573u};
    uint64_t word;
    size_t i = 0;
    for (; i + 8 <= key.n; i += 8) {
        memcpy(&word, key.p + i, 8);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = (uint64_t)key.n << 56;
    for (size_t k = 0; i + k < key.n; k++)
        word |= (uint64_t)(unsigned char)key.p[i + k] << (8 * k);
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (int k = 0; k < 3; k++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

void map_init(struct map *m, size_t max, const uint64_t seed[2])
{
    *m = (struct map){.max = max, .seed = {seed[0], seed[1]}};
}

void map_done(struct map *m)
{
    free(m->slots);
    m->slots = NULL;
    m->n = m->cap = 0;
}

/* The slot of the key, or the empty slot where it belongs. Needs cap > n. */
static struct map_slot *find_slot(const struct map *m, struct str key, uint64_t hash)
{
    size_t i = hash & (m->cap - 1);
    while (m->slots[i].value &&
           !(m->slots[i].hash == hash && str_eq(m->slots[i].key, key)))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

void *map_get(const struct map *m, struct str key)
{
    return m->n ? find_slot(m, key, map_hash(m->seed, key))->value : NULL;
}

static int grow(struct map *m)
{
    struct map bigger = *m;
    bigger.cap = m->cap ? m->cap * 2 : 8;
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return -ERR_NOMEM;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].value)
            *find_slot(&bigger, m->slots[i].key, m->slots[i].hash) = m->slots[i];
    free(m->slots);
    *m = bigger;
    return 0;
}

int map_set(struct map *m, struct str key, void *value)
{
    if (m->cap == 0 || (m->n + 1) * 4 > m->cap * 3) {
        int err = grow(m);
        if (err)
            return err;
    }
    uint64_t hash = map_hash(m->seed, key);
    struct map_slot *slot = find_slot(m, key, hash);
    if (!slot->value) {
        if (m->n >= m->max)
            return -ERR_LIMIT;
        m->n++;
    }
    *slot = (struct map_slot){key, value, hash};
    return 0;
}

void *map_remove(struct map *m, struct str key)
{
    if (m->n == 0)
        return NULL;
    struct map_slot *slot = find_slot(m, key, map_hash(m->seed, key));
    void *value = slot->value;
    if (!value)
        return NULL;
    size_t mask = m->cap - 1, hole = (size_t)(slot - m->slots);
    for (size_t i = (hole + 1) & mask; m->slots[i].value; i = (i + 1) & mask) {
        size_t home = m->slots[i].hash & mask;
        if (((i - home) & mask) < ((i - hole) & mask))
            continue; /* moving it would put it before its home */
        m->slots[hole] = m->slots[i];
        hole = i;
    }
    m->slots[hole].value = NULL;
    m->n--;
    return value;
}

bool map_next(const struct map *m, size_t *pos, struct str *ret_key, void **ret_value)
{
    for (; *pos < m->cap; (*pos)++) {
        const struct map_slot *slot = &m->slots[*pos];
        if (slot->value) {
            *ret_key = slot->key;
            *ret_value = slot->value;
            (*pos)++;
            return true;
        }
    }
    return false;
}
