/* Sets of neighbouring addresses: "192.0.2.0/24", "192.0.2.7-192.0.2.20", "2001:db8::/120", or one
 * address. Pure. An IPv4 address and the same one inside IPv6 (RFC 4291 2.5.5.2) are the same. */
#ifndef AUDIT_IP_RANGE_H
#define AUDIT_IP_RANGE_H

#include "base/addr.h"

struct ip_range {
    unsigned char first[16], last[16]; /* both inside; IPv4 as ::ffff:a.b.c.d */
    bool v6;
};

/* -ERR_NOT_FOUND: neither an address nor a range (a name, perhaps); -ERR_SYNTAX, -ERR_RANGE: meant as
 * one, but it is wrong: prefix too long, bits behind the prefix, the end before the beginning, ends
 * of two families. No port, no brackets. */
int must_use ip_range_parse(struct ip_range *ret, struct str text);
/* Of an address, as ip_range has them. */
void ip_range_bytes(const struct addr *a, unsigned char ret[16]);
void ip_range_addr(const unsigned char bytes[16], struct addr *ret); /* port 0 */
/* How many addresses; UINT64_MAX: that many or more. */
uint64_t ip_range_count(const struct ip_range *r);
/* The address `offset` behind the first. */
void ip_range_at(const struct ip_range *r, uint64_t offset, struct addr *ret);
static inline bool ip_range_has(const struct ip_range *r, const unsigned char bytes[16])
{
    return memcmp(bytes, r->first, 16) >= 0 && memcmp(bytes, r->last, 16) <= 0;
}
/* Every address of it is internal (audit.h): nobody else's business. */
bool ip_range_is_internal(const struct ip_range *r);

#endif
