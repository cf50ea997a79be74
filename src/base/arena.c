/* Bump allocation in chunks; see arena.h. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

struct arena_chunk {
    struct arena_chunk *next;
    size_t size, used; /* bytes of `mem` */
    _Alignas(16) char mem[];
};

void arena_init(struct arena *a, size_t chunk_size, size_t max)
{
    *a = (struct arena){.chunk_size = chunk_size, .max = max};
}

static void free_chunks(struct arena_chunk *c)
{
    while (c) {
        struct arena_chunk *next = c->next;
        free(c);
        c = next;
    }
}

void arena_done(struct arena *a)
{
    free_chunks(a->chunks);
    a->chunks = NULL;
    a->used = 0;
}

void arena_reset(struct arena *a)
{
    if (a->chunks) {
        free_chunks(a->chunks->next);
        a->chunks->next = NULL;
        a->chunks->used = 0;
    }
    a->used = 0;
}

static struct arena_chunk *add_chunk(struct arena *a, size_t n)
{
    size_t size = n > a->chunk_size ? n : a->chunk_size;
    struct arena_chunk *c = malloc(sizeof *c + size);
    if (!c) {
        a->starved = true;
        return NULL;
    }
    *c = (struct arena_chunk){.next = a->chunks, .size = size};
    a->chunks = c;
    return c;
}

void *arena_alloc(struct arena *a, size_t n)
{
    if (n > a->max || a->max - a->used < n)
        return NULL;
    size_t rounded = (n + 15) & ~(size_t)15;
    struct arena_chunk *c = a->chunks;
    if (!c || c->size - c->used < rounded)
        c = add_chunk(a, rounded);
    if (!c)
        return NULL;
    void *p = c->mem + c->used;
    c->used += rounded;
    a->used += n;
    return p;
}

void *arena_zalloc(struct arena *a, size_t n)
{
    void *p = arena_alloc(a, n);
    return p ? memset(p, 0, n) : NULL;
}

char *arena_cstr(struct arena *a, struct str s)
{
    char *z = arena_alloc(a, s.n + 1);
    if (!z)
        return NULL;
    if (s.n)
        memcpy(z, s.p, s.n);
    z[s.n] = '\0';
    return z;
}

struct str arena_str(struct arena *a, struct str s)
{
    char *z = arena_cstr(a, s);
    return z ? str_of(z, s.n) : STR_NONE;
}

struct str arena_printf(struct arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    char *z = n >= 0 ? arena_alloc(a, (size_t)n + 1) : NULL;
    if (z)
        vsnprintf(z, (size_t)n + 1, format, again);
    va_end(again);
    return z ? str_of(z, (size_t)n) : STR_NONE;
}
