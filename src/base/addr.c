/* Socket addresses as values; see addr.h. An IPv4 address inside IPv6 (RFC 4291 2.5.5.2) is the
 * same peer as the plain one everywhere: in text, in comparison and as the key of limits. */
#include "base/addr.h"

#include <arpa/inet.h>
#include <stdio.h>

static const unsigned char mapped_prefix[12] = {[10] = 0xff, [11] = 0xff};

/* The four bytes of an IPv4 address in either dress; NULL: it is not one. */
static const unsigned char *v4_bytes(const struct addr *a)
{
    if (a->len == 0)
        return NULL;
    if (a->sa.sa_family == AF_INET)
        return (const unsigned char *)&a->in.sin_addr;
    const unsigned char *p = a->in6.sin6_addr.s6_addr;
    bool mapped = a->sa.sa_family == AF_INET6 && !memcmp(p, mapped_prefix, sizeof mapped_prefix);
    return mapped ? p + sizeof mapped_prefix : NULL;
}

static bool is_v6(const struct addr *a)
{
    return a->len && a->sa.sa_family == AF_INET6;
}

static int parse_host(struct addr *a, struct str host)
{
    char text[INET6_ADDRSTRLEN];
    bool brackets = host.n >= 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
    if (brackets)
        host = str_sub(host, 1, host.n - 2);
    if (host.n >= sizeof text || memchr(host.p, '\0', host.n))
        return -ERR_SYNTAX;
    memcpy(text, host.p, host.n);
    text[host.n] = '\0';
    if (brackets) {
        a->in6.sin6_family = AF_INET6;
        a->len = sizeof a->in6;
        return inet_pton(AF_INET6, text, &a->in6.sin6_addr) == 1 ? 0 : -ERR_SYNTAX;
    }
    a->in.sin_family = AF_INET;
    a->len = sizeof a->in;
    return inet_pton(AF_INET, text, &a->in.sin_addr) == 1 ? 0 : -ERR_SYNTAX;
}

int addr_parse(struct addr *ret, struct str text)
{
    struct addr a = {0};
    uint64_t port;
    size_t colon = str_rfind(text, ':');
    bool has_host = colon < text.n;
    struct str host = has_host ? str_sub(text, 0, colon) : STR_NONE;
    if (!str_u64(has_host ? str_from(text, colon + 1) : text, &port))
        return -ERR_SYNTAX;
    if (host.n == 0 || str_eq(host, STR("*"))) {
        a.in6.sin6_family = AF_INET6; /* the address is zero: any */
        a.len = sizeof a.in6;
    } else if (parse_host(&a, host)) {
        return -ERR_SYNTAX;
    }
    if (port > UINT16_MAX)
        return -ERR_RANGE;
    addr_set_port(&a, (uint16_t)port);
    *ret = a;
    return 0;
}

int addr_parse_host(struct addr *ret, struct str text, uint16_t port)
{
    char full[96];
    size_t colon = str_find(text, ':', 0);
    bool several = colon < text.n && str_find(text, ':', colon + 1) < text.n;
    bool bare_v6 = several && text.p[0] != '[';
    bool has_port = bare_v6 ? false : several ? !str_ends(text, STR("]")) : colon < text.n;
    int n = has_port  ? snprintf(full, sizeof full, "%.*s", STR_ARG(text))
            : bare_v6 ? snprintf(full, sizeof full, "[%.*s]:%u", STR_ARG(text), port)
                      : snprintf(full, sizeof full, "%.*s:%u", STR_ARG(text), port);
    /* addr_parse takes "any address" as well, which is no host. */
    if (n <= 0 || (size_t)n >= sizeof full || text.n == 0 || text.p[0] == '*' ||
        (text.p[0] == ':' && !bare_v6))
        return -ERR_SYNTAX;
    return addr_parse(ret, str_of(full, (size_t)n));
}

struct str addr_ip_text(const struct addr *a, char out[ADDR_TEXT_MAX])
{
    const unsigned char *v4 = v4_bytes(a);
    const char *done = NULL;
    out[0] = '\0';
    if (v4)
        done = inet_ntop(AF_INET, v4, out, ADDR_TEXT_MAX);
    else if (is_v6(a))
        done = inet_ntop(AF_INET6, &a->in6.sin6_addr, out, ADDR_TEXT_MAX);
    return done ? str_c(out) : str_of(out, 0);
}

struct str addr_text(const struct addr *a, char out[ADDR_TEXT_MAX])
{
    char ip[ADDR_TEXT_MAX];
    struct str host = addr_ip_text(a, ip);
    bool brackets = is_v6(a) && !v4_bytes(a);
    out[0] = '\0';
    if (host.n == 0)
        return str_of(out, 0);
    int n = snprintf(out, ADDR_TEXT_MAX, brackets ? "[%s]:%u" : "%s:%u", ip,
                     (unsigned)addr_port(a));
    return str_of(out, n > 0 ? (size_t)n : 0);
}

uint16_t addr_port(const struct addr *a)
{
    if (a->len == 0)
        return 0;
    return ntohs(a->sa.sa_family == AF_INET6 ? a->in6.sin6_port : a->in.sin_port);
}

void addr_set_port(struct addr *a, uint16_t port)
{
    if (a->sa.sa_family == AF_INET6)
        a->in6.sin6_port = htons(port);
    else
        a->in.sin_port = htons(port);
}

bool addr_eq(const struct addr *a, const struct addr *b)
{
    const unsigned char *a4 = v4_bytes(a), *b4 = v4_bytes(b);
    if (addr_port(a) != addr_port(b))
        return false;
    if (a4 || b4)
        return a4 && b4 && memcmp(a4, b4, 4) == 0;
    if (!is_v6(a) || !is_v6(b))
        return a->len == 0 && b->len == 0;
    return a->in6.sin6_scope_id == b->in6.sin6_scope_id &&
           memcmp(&a->in6.sin6_addr, &b->in6.sin6_addr, 16) == 0;
}

size_t addr_limit_key(const struct addr *a, unsigned char out[16])
{
    const unsigned char *v4 = v4_bytes(a);
    if (v4) {
        memcpy(out, v4, 4);
        return 4;
    }
    memset(out, 0, 8);
    if (is_v6(a)) /* a /64 is what one subscriber gets (RFC 6177): its owner has all of it */
        memcpy(out, &a->in6.sin6_addr, 8);
    return 8;
}

bool addr_is_loopback(const struct addr *a)
{
    const unsigned char *v4 = v4_bytes(a);
    if (v4)
        return v4[0] == 127;
    return is_v6(a) && IN6_IS_ADDR_LOOPBACK(&a->in6.sin6_addr);
}
