/* Set-Cookie (RFC 6265bis 4.1): what is there, and what is missing. */
#ifndef WIRE_COOKIE_H
#define WIRE_COOKIE_H

#include "base/buf.h"

enum {
    COOKIE_SECURE = 1,
    COOKIE_HTTPONLY = 2,
    COOKIE_SAMESITE = 4,      /* with a value that a browser knows */
    COOKIE_SAMESITE_NONE = 8, /* and it is None */
    COOKIE_PARTITIONED = 16,
    COOKIE_HOST_PREFIX = 32,   /* the name begins with __Host- (without case) */
    COOKIE_SECURE_PREFIX = 64, /* __Secure- */
    COOKIE_HAS_DOMAIN = 128,
    COOKIE_PATH_ROOT = 256, /* Path=/ */
};

struct set_cookie {
    struct str name, value; /* slices of the field's value */
    unsigned flags;         /* COOKIE_* */
};

/* -ERR_SYNTAX: no "=", an empty name and value, or control characters. */
int must_use set_cookie_parse(struct set_cookie *ret, struct str field_value);
/* Appends the field's value with those of Secure, HttpOnly and SameSite=Lax added that are in
 * `add_flags` (COOKIE_SECURE | COOKIE_HTTPONLY | COOKIE_SAMESITE) and not there. Secure is
 * always added where the prefix of the name or SameSite=None needs it. -ERR_SYNTAX (nothing is
 * written then), -ERR_LIMIT, -ERR_NOMEM. */
int must_use set_cookie_harden(struct buf *out, struct str field_value, unsigned add_flags);
/* First cookie of that name in a Cookie field's value, or STR_NONE. */
struct str cookie_get(struct str cookie_field, struct str name);

#endif
