/* Hash map from byte strings to pointers, keyed (SipHash-1-3) so that peers cannot choose
 * colliding keys. Keys are borrowed: they must outlive their entry. */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include "base/err.h"
#include "base/str.h"

struct map_slot {
    struct str key;
    void *value; /* NULL: empty slot */
    uint64_t hash;
};

struct map {
    struct map_slot *slots; /* heap; open addressing, linear probing, at most 3/4 full */
    size_t n, cap, max;     /* entries, slots (power of two), most entries allowed */
    uint64_t seed[2];       /* from the caller: random in servers, fixed in tests */
};

void map_init(struct map *m, size_t max, const uint64_t seed[2]);
void map_done(struct map *m);
void *map_get(const struct map *m, struct str key); /* NULL: not there */
/* value must not be NULL; replaces an entry of the same key (and its key slice).
 * -ERR_NOMEM, -ERR_LIMIT. */
int must_use map_set(struct map *m, struct str key, void *value);
void *map_remove(struct map *m, struct str key); /* what was there, or NULL */
/* Walks all entries: start with *pos = 0; false at the end. No changes while walking. */
bool map_next(const struct map *m, size_t *pos, struct str *ret_key, void **ret_value);
uint64_t map_hash(const uint64_t seed[2], struct str key);

#endif
