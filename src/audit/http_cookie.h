/* Set-Cookie as a browser reads it (RFC 6265bis 5.6), and what is wrong with it. Beyond
 * wire/cookie.h, which knows what the proxy has to add: values, prefixes, and guesses about what the
 * cookie is for. */
#ifndef AUDIT_HTTP_COOKIE_H
#define AUDIT_HTTP_COOKIE_H

#include "base/err.h"
#include "base/str.h"

enum http_same_site {
    SAME_SITE_ABSENT,
    SAME_SITE_NONE,
    SAME_SITE_LAX,
    SAME_SITE_STRICT,
    SAME_SITE_INVALID, /* a value that no browser knows: read as if it were absent */
};

/* Browsers refuse the cookie, SAME_SITE apart. */
enum http_cookie_fault {
    COOKIE_FAULT_HOST_PREFIX = 1,   /* __Host- without Secure, without Path=/, or with Domain */
    COOKIE_FAULT_SECURE_PREFIX = 2, /* __Secure- without Secure */
    COOKIE_FAULT_NONE_INSECURE = 4, /* SameSite=None without Secure */
    COOKIE_FAULT_SAME_SITE = 8,     /* SAME_SITE_INVALID */
    COOKIE_FAULT_PARTITIONED = 16,  /* Partitioned without Secure */
    COOKIE_FAULT_SIZE = 32,         /* name and value over 4096 bytes */
    COOKIE_FAULT_DOMAIN = 64,       /* Domain is not the host or above it */
};

struct http_cookie {
    struct str name, value; /* slices of the field's value, as the next two */
    struct str domain,
        path; /* domain without a dot in front; path empty unless it begins with "/" */
    enum http_same_site same_site;
    bool secure, http_only, partitioned;
    bool persistent; /* Expires or Max-Age */
    bool session_id; /* its name has "sess" or "login" in it, as the HTTP Observatory guesses */
    bool csrf;       /* "csrf" */
    bool known;      /* the name of a framework's session cookie that neither of these finds */
    unsigned faults; /* COOKIE_FAULT_* */
};

/* host: that the answer came from, without port; empty: Domain is not checked. -ERR_SYNTAX: a
 * browser would drop it (no name and no value, control characters). */
int must_use http_cookie_parse(struct http_cookie *ret, struct str field_value, struct str host);

#endif
