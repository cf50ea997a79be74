/* A borrowed slice of bytes: no terminator, no ownership. Passed by value. */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct str {
    const char *p; /* may be NULL when n is 0 */
    size_t n;      /* bytes */
};

#define STR(literal) ((struct str){("" literal), sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).n, (s).p ? (s).p : ""

static inline struct str str_of(const char *p, size_t n)
{
    return (struct str){p, n};
}

static inline struct str str_c(const char *z)
{
    return (struct str){z, z ? strlen(z) : 0};
}

static inline bool str_eq(struct str a, struct str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

/* From `off` on, at most n bytes; out of range gives the empty slice. */
static inline struct str str_sub(struct str s, size_t off, size_t n)
{
    if (off > s.n)
        off = s.n;
    if (n > s.n - off)
        n = s.n - off;
    return (struct str){s.p ? s.p + off : NULL, n};
}

static inline struct str str_from(struct str s, size_t off)
{
    return str_sub(s, off, SIZE_MAX);
}

static inline char ascii_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

bool str_ieq(struct str a, struct str b); /* ASCII only, independent of the locale */
bool str_starts(struct str s, struct str prefix);
bool str_istarts(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
int str_cmp(struct str a, struct str b); /* bytewise order, shorter first */
/* Offset of the first `c` at or after `from`, or s.n. */
size_t str_find(struct str s, char c, size_t from);
/* Offset of the last `c`, or s.n. */
size_t str_rfind(struct str s, char c);
/* Without spaces and tabs at both ends (RFC 9110 5.6.3 OWS). */
struct str str_trim(struct str s);
/* Cuts the piece before the next `sep` off the front of *rest, which then begins behind it.
 * False once *rest is used up (its p is NULL then). "a,,b" gives "a", "", "b". */
bool str_split(struct str *rest, char sep, struct str *ret_piece);
/* Digits only, no sign, no space; false on anything else and on overflow. */
bool str_u64(struct str s, uint64_t *ret);
bool str_hex_u64(struct str s, uint64_t *ret);
/* One or more of the letters of base64url (RFC 4648 5), no padding. */
bool str_is_base64url(struct str s);
/* FNV-1a; not against chosen input: use map.h's keyed hash there. */
uint64_t str_hash(struct str s);
/* Bytes of the valid UTF-8 sequence (RFC 3629 4) that a non-empty slice begins with, or 0. */
size_t str_utf8(struct str s);
bool str_is_utf8(struct str s); /* nothing but such sequences; empty counts */
/* Heap copy with a terminator behind it; NULL when out of memory. free() it. */
char *str_dup(struct str s);

#endif
