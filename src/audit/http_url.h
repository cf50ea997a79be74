/* http: and https: URLs, as far as following a redirect needs them (RFC 3986 5, WHATWG URL where
 * browsers read more leniently: backslashes, missing slashes are not taken, stray bytes are encoded). */
#ifndef AUDIT_HTTP_URL_H
#define AUDIT_HTTP_URL_H

#include "base/arena.h"

struct http_url {
    bool https;
    struct str host;   /* lower case, without port; [v6] in brackets */
    uint16_t port;     /* never 0 */
    struct str target; /* "/path?query", fit for a request line */
    bool userinfo;     /* "user:password@" was there; dropped */
};

/* What `location`, sent in answer to `base`, points at. Slices live in the arena.
 * -ERR_UNSUPPORTED: another scheme; -ERR_HTTP_URI: no usable host or too long (8 KiB); -ERR_NOMEM. */
int must_use http_url_resolve(struct http_url *ret, struct arena *arena,
                              const struct http_url *base, struct str location);
bool http_url_same_host(const struct http_url *a, const struct http_url *b);
/* Name for the Host field: with the port unless it is the scheme's. p NULL: out of memory. */
struct str http_url_authority(struct arena *arena, const struct http_url *u);
struct str http_url_text(struct arena *arena, const struct http_url *u);
/* Whether both hosts are plausibly one owner's: the same, or equal in the last two labels (three below
 * a two-letter TLD whose second label has at most three letters, like co.uk). A guess: it takes the
 * place of the Public Suffix List, which is data that we do not have. */
bool http_url_same_site(struct str a, struct str b);

#endif
