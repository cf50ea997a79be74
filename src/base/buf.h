/* A growable buffer that is born with a maximum: bytes are appended at the end and consumed from
 * the front. The owner is whoever embeds it; buf_done frees. Slices taken from it die at the next
 * append, reserve, or compact. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

#include <stdarg.h>

struct buf {
    char *mem;       /* heap, NULL until first use */
    size_t off;      /* consumed bytes at the front */
    size_t n;        /* valid bytes behind `off` */
    size_t cap, max; /* bytes; off + n <= cap <= max */
    bool failed;     /* an append did not fit: sticky, see buf_ok */
    bool starved;    /* … because memory was out, rather than beyond max */
};

static inline void buf_init(struct buf *b, size_t max)
{
    *b = (struct buf){.max = max};
}

void buf_done(struct buf *b);  /* frees; the buffer can be used again, empty */
void buf_clear(struct buf *b); /* empties, keeps the memory */

static inline struct str buf_str(const struct buf *b)
{
    return (struct str){b->mem ? b->mem + b->off : NULL, b->n};
}

static inline size_t buf_room(const struct buf *b)
{
    return b->max - b->n;
}

/* Room for n more bytes at buf_end; -ERR_LIMIT beyond max, -ERR_NOMEM. Sets `failed`. */
int must_use buf_reserve(struct buf *b, size_t n);
/* Where to write what buf_reserve made room for; buf_added then makes it valid. */
static inline char *buf_end(struct buf *b)
{
    return b->mem + b->off + b->n;
}
static inline void buf_added(struct buf *b, size_t n)
{
    b->n += n;
}
/* Bytes that can be written at buf_end without a new reserve. */
static inline size_t buf_tail(const struct buf *b)
{
    return b->cap - b->off - b->n;
}

int must_use buf_append(struct buf *b, struct str s);
/* The same without a result, for building text: check buf_ok once at the end. */
void buf_add(struct buf *b, struct str s);
void buf_addc(struct buf *b, char c);
void buf_addf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *format, va_list args)
    __attribute__((format(printf, 2, 0)));
void buf_addu(struct buf *b, uint64_t v); /* decimal, without printf's cost */
static inline bool buf_ok(const struct buf *b)
{
    return !b->failed;
}
/* Why not: 0, or what came first, -ERR_LIMIT or -ERR_NOMEM. */
static inline int buf_err(const struct buf *b)
{
    return !b->failed ? 0 : b->starved ? -ERR_NOMEM : -ERR_LIMIT;
}
/* What was built, copied into the arena; the buffer is done. If memory was out, the arena says so. */
struct str buf_keep(struct buf *b, struct arena *a);
/* Drops n bytes from the front; n <= b->n. */
void buf_consume(struct buf *b, size_t n);
/* NUL behind the content (not counted in n); NULL if that does not fit or memory is short. */
char *buf_cstr(struct buf *b);
/* Appends s as the inside of a JSON string (RFC 8259 7); invalid UTF-8 becomes U+FFFD. */
void buf_add_json(struct buf *b, struct str s);
/* Appends s with & < > " ' replaced by entities. */
void buf_add_html(struct buf *b, struct str s);

#endif
