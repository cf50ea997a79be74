/* A set of byte strings by their hash alone (keyed SipHash, 64 bits): 8 to 16 bytes an entry however
 * long it is. Two strings that differ are taken for one with a chance of n² / 2^65, one in two
 * million for four million entries; for sets where that is nothing beside what else goes wrong. */
#ifndef BASE_HASH_SET_H
#define BASE_HASH_SET_H

#include "base/err.h"
#include "base/str.h"

struct hash_set {
    uint64_t *slots;      /* heap; open addressing, 0: empty, at most 3/4 full */
    size_t n, cap, max;   /* entries, slots (power of two), most entries allowed */
    uint64_t seed[2];
};

void hash_set_init(struct hash_set *s, size_t max, const uint64_t seed[2]);
void hash_set_done(struct hash_set *s);
bool hash_set_has(const struct hash_set *s, struct str key);
/* 0: it is new; -ERR_EXISTS; -ERR_LIMIT, -ERR_NOMEM: it is new and could not be kept. */
int must_use hash_set_add(struct hash_set *s, struct str key);

#endif
