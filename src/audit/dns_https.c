/* HTTPS records; see dns_https.h. */
#include "audit/dns_https.h"

enum { ECH_VERSION = 0xfe0d };

static size_t u16_at(struct str s, size_t at)
{
    return (size_t)(unsigned char)s.p[at] << 8 | (unsigned char)s.p[at + 1];
}

bool dns_https_is_ech(struct str list)
{
    bool known = false;
    if (list.n < 2 || u16_at(list, 0) != list.n - 2)
        return false;
    for (list = str_from(list, 2); list.n;) {
        size_t n = list.n >= 4 ? u16_at(list, 2) : 0;
        if (list.n < 4 || n > list.n - 4)
            return false;
        known = known || u16_at(list, 0) == ECH_VERSION;
        list = str_from(list, 4 + n);
    }
    return known;
}

static bool has_addr(const struct dns_addresses *a, struct str ip)
{
    for (size_t i = 0; i < a->n; i++) {
        const void *p = ip.n == 4 ? (const void *)&a->addrs[i].in.sin_addr
                                  : (const void *)&a->addrs[i].in6.sin6_addr;
        if (memcmp(p, ip.p, ip.n) == 0)
            return true;
    }
    return false;
}

static bool has_hint(struct str hints, const struct addr *a)
{
    size_t each = a->sa.sa_family == AF_INET ? 4 : 16;
    const void *p = each == 4 ? (const void *)&a->in.sin_addr : (const void *)&a->in6.sin6_addr;
    for (size_t at = 0; at + each <= hints.n; at += each)
        if (memcmp(hints.p + at, p, each) == 0)
            return true;
    return false;
}

/* Equal as sets. `each`: bytes of an address. */
static enum dns_https_hints compare(struct str hints, const struct dns_addresses *a, size_t each)
{
    if (hints.n == 0)
        return DNS_HINTS_NONE;
    if (dns_set_failed(&a->set) || a->set.more)
        return DNS_HINTS_UNKNOWN;
    for (size_t at = 0; at < hints.n; at += each)
        if (!has_addr(a, str_sub(hints, at, each)))
            return DNS_HINTS_DIFFER;
    for (size_t i = 0; i < a->n; i++)
        if (!has_hint(hints, &a->addrs[i]))
            return DNS_HINTS_DIFFER;
    return DNS_HINTS_SAME;
}

static struct dnsname target_of(const struct dns_facts *f, const struct dnsrr_svcb *s)
{
    return dnsname_is_root(&s->target) ? f->https.set.owner : s->target;
}

/* Addresses were asked for the first record's target, usable or not. */
static void judge_first(const struct dns_facts *f, const struct dnsrr_svcb *s,
                        struct dns_https_result *res)
{
    struct dnsname target = target_of(f, s), asked = target_of(f, &f->https.records[0]);
    bool host = dnsname_eq(&target, &f->host), had = host || dnsname_eq(&target, &asked);
    static const struct dns_addresses unasked = {.set = {.state = DNS_UNASKED}};
    res->other_target = !host && !dnsname_is_root(&s->target);
    res->port = s->has_port ? s->port : f->port;
    res->other_port = res->port != f->port;
    res->ipv4 = compare(s->ipv4hint, host ? &f->a : had ? &f->target_a : &unasked, 4);
    res->ipv6 = compare(s->ipv6hint, host ? &f->aaaa : had ? &f->target_aaaa : &unasked, 16);
}

static void judge_service(const struct dnsrr_svcb *s, struct dns_https_result *res)
{
    struct str rest = s->alpn, name;
    while (dnsrr_alpn_next(&rest, &name)) {
        res->h2 = res->h2 || str_eq(name, STR("h2"));
        res->h3 = res->h3 || str_eq(name, STR("h3"));
        res->alpn_default = res->alpn_default || str_eq(name, STR("http/1.1"));
    }
    bool ech = s->ech.n && dns_https_is_ech(s->ech);
    res->alpn_default = res->alpn_default || !s->no_default_alpn; /* RFC 9460 7.1.2, 9 */
    res->ech_broken = res->ech_broken || (s->ech.n && !ech);
    res->ech_some = res->ech_some || ech;
    res->ech_all = res->ech_all && ech;
}

static void judge_services(const struct dns_facts *f, struct dns_https_result *res)
{
    res->verdict = DNS_HTTPS_UNUSABLE;
    res->ech_all = true;
    for (size_t i = 0; i < f->https.n; i++) {
        const struct dnsrr_svcb *s = &f->https.records[i];
        if (s->unusable)
            continue;
        if (res->verdict == DNS_HTTPS_UNUSABLE) {
            res->verdict = DNS_HTTPS_SERVICE;
            res->first = i;
            judge_first(f, s, res);
        }
        judge_service(s, res);
    }
    res->ech_all = res->ech_all && res->verdict == DNS_HTTPS_SERVICE;
}

void dns_https_judge(const struct dns_facts *f, struct dns_https_result *ret)
{
    const struct dns_set *set = &f->https.set;
    *ret = (struct dns_https_result){.verdict = DNS_HTTPS_UNKNOWN, .secure = set->secure};
    if (dns_set_failed(set))
        return;
    if (set->malformed)
        ret->verdict = DNS_HTTPS_BROKEN;
    else if (set->state != DNS_FOUND || f->https.n == 0)
        ret->verdict = DNS_HTTPS_NONE;
    else if (f->https.records[0].priority == 0)
        ret->verdict = DNS_HTTPS_ALIAS;
    else
        judge_services(f, ret);
}
