/* See cert_host.h. */
#include "audit/cert_host.h"

#include <arpa/inet.h>

enum { NAME_MAX_DNS = 253, LABEL_MAX = 63 };

size_t cert_host_ip(struct str host, unsigned char ret[16])
{
    char text[INET6_ADDRSTRLEN];
    if (host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        host = str_sub(host, 1, host.n - 2);
    if (host.n == 0 || host.n >= sizeof text || memchr(host.p, 0, host.n))
        return 0;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    return inet_pton(AF_INET, text, ret) == 1 ? 4 : inet_pton(AF_INET6, text, ret) == 1 ? 16 : 0;
}

static bool label_char(char c)
{
    char l = ascii_lower(c);
    return (l >= 'a' && l <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static bool label_ok(struct str label)
{
    for (size_t i = 0; i < label.n; i++)
        if (!label_char(label.p[i]))
            return false;
    return label.n > 0 && label.n <= LABEL_MAX;
}

bool cert_host_usable(struct str san)
{
    struct str label;
    if (san.n == 0 || san.n > NAME_MAX_DNS)
        return false;
    if (str_starts(san, STR("*.")))
        san = str_from(san, 2);
    if (san.n == 0)
        return false;
    while (str_split(&san, '.', &label))
        if (!label_ok(label))
            return false;
    return true;
}

static bool is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    return true;
}

enum fit { FIT_NOT, FIT_EXACT, FIT_WILD, FIT_WIDE };

/* RFC 9525 6.3: the star is the whole left-most label and stands for exactly one label. A star
 * right before a top-level domain is allowed by the letter, but no browser takes it. */
static enum fit fits(struct str san, struct str host)
{
    if (str_eq(san, STR("*")))
        return FIT_WIDE;
    if (!cert_host_usable(san))
        return FIT_NOT;
    if (str_ieq(san, host))
        return FIT_EXACT;
    size_t dot = str_find(host, '.', 0);
    if (!str_starts(san, STR("*.")) || dot == 0 || dot == host.n ||
        !str_ieq(str_from(san, 1), str_from(host, dot)))
        return FIT_NOT;
    return str_find(san, '.', 2) == san.n ? FIT_WIDE : FIT_WILD;
}

static void match_ip(const struct cert_info *c, struct str ip, struct cert_host_facts *f)
{
    for (size_t i = 0; i < c->ip.n; i++)
        if (str_eq(c->ip.v[i], ip))
            *f = (struct cert_host_facts){.verdict = CERT_HOST_OK, .match = c->ip.v[i]};
}

static void match_dns(const struct cert_info *c, struct str host, struct cert_host_facts *f)
{
    for (size_t i = 0; i < c->dns.n; i++) {
        enum fit fit = fits(c->dns.v[i], host);
        if (fit == FIT_NOT || (fit == FIT_WIDE && f->verdict == CERT_HOST_OK))
            continue;
        f->verdict = fit == FIT_WIDE ? CERT_HOST_WIDE : CERT_HOST_OK;
        f->wildcard = fit != FIT_EXACT;
        f->match = c->dns.v[i];
        if (fit == FIT_EXACT)
            return;
    }
}

/* host is not empty. */
static struct cert_host_facts match(const struct cert_info *c, struct str host)
{
    unsigned char ip[16];
    size_t nip = cert_host_ip(host, ip);
    struct cert_host_facts f = {.verdict = CERT_HOST_MISMATCH};
    if (nip)
        match_ip(c, str_of((const char *)ip, nip), &f);
    else if (!is_ascii(host))
        f.verdict = CERT_HOST_NOT_ASCII;
    else
        match_dns(c, host, &f);
    bool by_cn = nip ? str_ieq(c->subject_cn, host) : fits(c->subject_cn, host) != FIT_NOT;
    if (f.verdict == CERT_HOST_MISMATCH && by_cn)
        f = (struct cert_host_facts){.verdict = CERT_HOST_ONLY_CN, .match = c->subject_cn};
    return f;
}

void cert_host_match(const struct cert_info *c, struct str host, struct cert_host_facts *ret)
{
    if (host.n > 1 && host.p[host.n - 1] == '.')
        host = str_sub(host, 0, host.n - 1);
    *ret = host.n ? match(c, host) : (struct cert_host_facts){.verdict = CERT_HOST_NOT_ASKED};
}
