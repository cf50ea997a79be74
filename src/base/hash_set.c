/* A set of hashes; see hash_set.h. */
#include "base/hash_set.h"

#include "base/map.h"

#include <stdlib.h>

enum { CAP_FIRST = 64 };

void hash_set_init(struct hash_set *s, size_t max, const uint64_t seed[2])
{
    *s = (struct hash_set){.max = max, .seed = {seed[0], seed[1]}};
}

void hash_set_done(struct hash_set *s)
{
    free(s->slots);
    s->slots = NULL;
    s->n = s->cap = 0;
}

static uint64_t hash_of(const struct hash_set *s, struct str key)
{
    uint64_t h = map_hash(s->seed, key);
    return h ? h : 1;
}

/* Where it is, or the empty slot where it would be. */
static size_t place_of(const uint64_t *slots, size_t cap, uint64_t hash)
{
    size_t i = hash & (cap - 1);
    while (slots[i] && slots[i] != hash)
        i = (i + 1) & (cap - 1);
    return i;
}

bool hash_set_has(const struct hash_set *s, struct str key)
{
    uint64_t hash = hash_of(s, key);
    return s->cap && s->slots[place_of(s->slots, s->cap, hash)] == hash;
}

static int grow(struct hash_set *s)
{
    size_t cap = s->cap ? s->cap * 2 : CAP_FIRST;
    uint64_t *slots = calloc(cap, sizeof *slots);
    if (!slots)
        return -ERR_NOMEM;
    for (size_t i = 0; i < s->cap; i++)
        if (s->slots[i])
            slots[place_of(slots, cap, s->slots[i])] = s->slots[i];
    free(s->slots);
    s->slots = slots;
    s->cap = cap;
    return 0;
}

int hash_set_add(struct hash_set *s, struct str key)
{
    uint64_t hash = hash_of(s, key);
    if (s->cap && s->slots[place_of(s->slots, s->cap, hash)] == hash)
        return -ERR_EXISTS;
    if (s->n >= s->max)
        return -ERR_LIMIT;
    if (s->n + 1 > s->cap / 4 * 3 && grow(s))
        return -ERR_NOMEM;
    s->slots[place_of(s->slots, s->cap, hash)] = hash;
    s->n++;
    return 0;
}
