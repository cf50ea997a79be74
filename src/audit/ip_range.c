/* Ranges of addresses; see ip_range.h. */
#include "audit/ip_range.h"

#include "audit/audit.h"

#include <arpa/inet.h>

static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

static int parse_one(struct str text, unsigned char ret[16], bool *ret_v6)
{
    char z[INET6_ADDRSTRLEN];
    if (text.n == 0 || text.n >= sizeof z || memchr(text.p, '\0', text.n))
        return -ERR_NOT_FOUND;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    if (inet_pton(AF_INET, z, ret + 12) == 1) {
        memcpy(ret, mapped, 12);
        *ret_v6 = false;
        return 0;
    }
    if (inet_pton(AF_INET6, z, ret) != 1)
        return -ERR_NOT_FOUND;
    *ret_v6 = memcmp(ret, mapped, 12) != 0;
    return 0;
}

static int parse_prefix(struct ip_range *r, struct str digits)
{
    uint64_t bits;
    if (!str_u64(digits, &bits))
        return -ERR_SYNTAX;
    if (bits > (r->v6 ? 128u : 32u))
        return -ERR_RANGE;
    bits += r->v6 ? 0 : 96;
    for (unsigned i = 0; i < 128; i++) {
        unsigned char bit = (unsigned char)(0x80 >> i % 8);
        if (i < bits)
            continue;
        if (r->first[i / 8] & bit)
            return -ERR_RANGE;
        r->last[i / 8] |= bit;
    }
    return 0;
}

int ip_range_parse(struct ip_range *ret, struct str text)
{
    struct ip_range r;
    size_t slash = str_find(text, '/', 0), dash = str_find(text, '-', 0);
    size_t cut = slash < text.n ? slash : dash;
    if (parse_one(str_sub(text, 0, cut), r.first, &r.v6))
        return -ERR_NOT_FOUND;
    memcpy(r.last, r.first, 16);
    int err = 0;
    if (slash < text.n) {
        err = parse_prefix(&r, str_from(text, slash + 1));
    } else if (dash < text.n) {
        bool v6;
        if (parse_one(str_from(text, dash + 1), r.last, &v6) || v6 != r.v6)
            return -ERR_SYNTAX;
        err = memcmp(r.first, r.last, 16) > 0 ? -ERR_RANGE : 0;
    }
    if (!err)
        *ret = r;
    return err;
}

void ip_range_bytes(const struct addr *a, unsigned char ret[16])
{
    if (a->sa.sa_family == AF_INET6) {
        memcpy(ret, &a->in6.sin6_addr, 16);
        return;
    }
    memcpy(ret, mapped, 12);
    memcpy(ret + 12, &a->in.sin_addr, 4);
}

void ip_range_addr(const unsigned char bytes[16], struct addr *ret)
{
    struct addr a = {0};
    if (memcmp(bytes, mapped, 12) == 0) {
        a.in.sin_family = AF_INET;
        a.len = sizeof a.in;
        memcpy(&a.in.sin_addr, bytes + 12, 4);
    } else {
        a.in6.sin6_family = AF_INET6;
        a.len = sizeof a.in6;
        memcpy(&a.in6.sin6_addr, bytes, 16);
    }
    *ret = a;
}

static uint64_t half(const unsigned char *p)
{
    uint64_t v = 0;
    for (int i = 0; i < 8; i++)
        v = v << 8 | p[i];
    return v;
}

uint64_t ip_range_count(const struct ip_range *r)
{
    uint64_t distance = half(r->last + 8) - half(r->first + 8);
    bool near = half(r->last) == half(r->first);
    return near && distance < UINT64_MAX ? distance + 1 : UINT64_MAX;
}

void ip_range_at(const struct ip_range *r, uint64_t offset, struct addr *ret)
{
    unsigned char bytes[16];
    memcpy(bytes, r->first, 16);
    for (int i = 15; i >= 0 && offset; i--) {
        offset += bytes[i];
        bytes[i] = (unsigned char)offset;
        offset >>= 8;
    }
    ip_range_addr(bytes, ret);
}

/* Networks that are internal begin and end at multiples of 2^16 in IPv4: one address of each such
 * piece speaks for all. In IPv6 only the loopback network is small. */
bool ip_range_is_internal(const struct ip_range *r)
{
    uint64_t n = ip_range_count(r);
    struct addr a;
    for (uint64_t at = 0; !r->v6 && at < n; at += 65536) {
        ip_range_at(r, at, &a);
        if (!audit_addr_is_internal(&a))
            return false;
    }
    ip_range_addr(r->first, &a);
    if (!audit_addr_is_internal(&a) || (r->v6 && r->first[0] == 0 && n > 2))
        return false;
    ip_range_addr(r->last, &a);
    return audit_addr_is_internal(&a);
}
