/* Domain names as the DNS means them (RFC 1035 3.1): labels of up to 63 bytes, whatever the bytes
 * are, at most 255 in all. Kept as on the wire, uncompressed and in lower case (RFC 4343), so that
 * equal names are equal bytes. */
#ifndef WIRE_DNSNAME_H
#define WIRE_DNSNAME_H

#include "base/err.h"
#include "base/str.h"

#define DNSNAME_MAX      255
#define DNSNAME_TEXT_MAX 1024 /* every byte escaped, and a terminator */

/* A value. The root is n 1 (one zero byte); n 0: no name. */
struct dnsname {
    uint8_t n; /* bytes of `wire`, with the root's zero byte */
    unsigned char wire[DNSNAME_MAX];
};

/* "www.example.com", with or without the last dot; "." is the root; "\." and "\DDD" as in zone
 * files (RFC 1035 5.1). A-labels are just labels: see idn.h for others. -ERR_SYNTAX (empty label,
 * bad escape), -ERR_NAME_TOO_LONG. */
int must_use dnsname_parse(struct dnsname *ret, struct str text);
/* Without the last dot, but "." for the root; what is no letter, digit, "-", "_" or "*" is
 * escaped. With terminator. */
struct str dnsname_text(const struct dnsname *name, char out[DNSNAME_TEXT_MAX]);
bool dnsname_eq(const struct dnsname *a, const struct dnsname *b);
static inline bool dnsname_is_root(const struct dnsname *name)
{
    return name->n == 1;
}
/* Without its first label; the root's parent is the root. */
struct dnsname dnsname_parent(const struct dnsname *name);
/* `label` (1 to 63 bytes) in front. -ERR_NAME_TOO_LONG, -ERR_SYNTAX. */
int must_use dnsname_prefix(struct dnsname *name, struct str label);

/* The name that begins at *at of a message, compressed or not (RFC 1035 4.1.4); *at then stands
 * behind it. Pointers lead backwards only, so that nothing goes round. -ERR_SYNTAX. */
int must_use dnsname_read(struct dnsname *ret, struct str message, size_t *at);

#endif
