/* Request targets and authorities (RFC 3986, RFC 9110 4 and 7): one reading of each, or a
 * refusal. Routing, access rules and the file system all see `decoded`, so none can be told
 * another story. */
#ifndef WIRE_URI_H
#define WIRE_URI_H

#include "base/arena.h"
#include "base/buf.h"

/* Slices: `decoded` lives in the arena given, the others in the target given. */
struct uri_path {
    struct str decoded; /* begins with "/"; percent-decoded, valid UTF-8 without control characters,
                           without dot segments or "//"; a trailing slash is kept; NUL behind it.
                           p NULL: encoded_slash */
    struct str raw;     /* the path as sent, without the query */
    struct str query;   /* as sent, without "?" */
    bool has_query;     /* "/a?" has one, empty */
    bool encoded_slash; /* the path holds "%2F". Valid (RFC 3986 2.2), but not the same as "/" and
                           not nothing either: who decodes it decides which rules hold for it. So
                           it has no decoded form that anybody could be mistaken about */
};

/* target: "/path?query" (or "?query", which absolute-form can leave; the path is "/" then).
 * Refused with -ERR_HTTP_URI: bad percent sign, NUL and control characters, encoded or plain
 * backslash, invalid UTF-8 (overlong forms, surrogates), "..", plain or encoded,
 * that leaves the root (also behind encoded slashes), "#". -ERR_NOMEM. "*" and authority-form are the caller's. */
int must_use uri_normalise(struct arena *a, struct str target, struct uri_path *ret);

#define URI_HOST_MAX 256
/* Splits "Host[:port]" and validates the host: a DNS name (letters, digits, "-", "_"; A-labels,
 * no U-labels), IPv4 as four decimal numbers, or [IPv6]. No userinfo, no percent-encoding, no
 * zone. *ret_host is a slice of `out`: lower case, trailing dot removed, IPv6 in its canonical
 * text and in brackets. *ret_port: 0 when there is none. -ERR_HTTP_HOST. */
int must_use uri_host(struct str authority, char out[URI_HOST_MAX], struct str *ret_host,
                      uint16_t *ret_port);

/* Appends a decoded path, percent-encoded where RFC 3986 3.3 wants it: safe in Location and
 * HTML. */
void uri_encode_path(struct buf *out, struct str path);

#endif
