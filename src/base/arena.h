/* Memory with one common end: allocations are freed together. Lifetimes nest: exchange arena
 * inside conn arena inside worker; a configuration snapshot owns one of its own. */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/err.h"
#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *chunks; /* newest first */
    size_t chunk_size;          /* bytes asked from malloc at a time */
    size_t used, max;           /* bytes handed out; at most max */
    bool starved;               /* memory was out once, rather than `max` reached: sticky */
};

void arena_init(struct arena *a, size_t chunk_size, size_t max);
void arena_done(struct arena *a);
/* Empties, but keeps one chunk for the next use. */
void arena_reset(struct arena *a);
/* Aligned to 16, not zeroed; NULL when out of memory or beyond max. */
void *arena_alloc(struct arena *a, size_t n);
void *arena_zalloc(struct arena *a, size_t n);
/* Copy with a NUL behind it (not counted). On failure p is NULL and n 0. */
struct str arena_str(struct arena *a, struct str s);
char *arena_cstr(struct arena *a, struct str s);
struct str arena_printf(struct arena *a, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
