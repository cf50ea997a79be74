/* DNS messages by hand, for tests: what servers would never write can be written too. */
#ifndef TESTS_DNS_DRAFT_H
#define TESTS_DNS_DRAFT_H

#include "wire/dnsmsg.h"

#include <assert.h>

struct dns_draft {
    unsigned char mem[8192];
    size_t n;
};

static inline void dns_bytes(struct dns_draft *d, struct str s)
{
    assert(d->n + s.n <= sizeof d->mem);
    if (s.n)
        memcpy(d->mem + d->n, s.p, s.n);
    d->n += s.n;
}

static inline void dns_u16(struct dns_draft *d, unsigned v)
{
    dns_bytes(d, str_of((char[]){(char)(v >> 8), (char)v}, 2));
}

static inline void dns_name(struct dns_draft *d, const char *text)
{
    struct dnsname n;
    int err = dnsname_parse(&n, str_c(text));
    assert(err == 0);
    (void)err;
    dns_bytes(d, str_of((const char *)n.wire, n.n));
}

/* A response with one question; flags 0x8180 is the ordinary one, 0x20 in it is AD. */
static inline void dns_begin(struct dns_draft *d, unsigned flags, const char *name, unsigned type)
{
    *d = (struct dns_draft){.n = 0};
    dns_u16(d, 0x1234);
    dns_u16(d, flags);
    dns_u16(d, 1);
    dns_u16(d, 0);
    dns_u16(d, 0);
    dns_u16(d, 0);
    dns_name(d, name);
    dns_u16(d, type);
    dns_u16(d, 1);
}

/* One more record in that section. */
static inline void dns_record(struct dns_draft *d, enum dnsmsg_section section, const char *name,
                              unsigned type, struct str data)
{
    d->mem[6 + 2 * section + 1]++;
    dns_name(d, name);
    dns_u16(d, type);
    dns_u16(d, 1);
    dns_u16(d, 0);
    dns_u16(d, 300);
    dns_u16(d, (unsigned)data.n);
    dns_bytes(d, data);
}

/* A record whose data is a name. */
static inline void dns_record_name(struct dns_draft *d, enum dnsmsg_section section,
                                   const char *name, unsigned type, const char *target)
{
    struct dnsname n;
    int err = dnsname_parse(&n, str_c(target));
    assert(err == 0);
    (void)err;
    dns_record(d, section, name, type, str_of((const char *)n.wire, n.n));
}

static inline struct str dns_str(const struct dns_draft *d)
{
    return str_of((const char *)d->mem, d->n);
}

#endif
