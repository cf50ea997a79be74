/* Targets and authorities; see uri.h. Decoding is done once and in one place: what is checked is
 * what is used. What could be read as a second way to spell a slash or a dot segment is refused,
 * not repaired. */
#include "wire/uri.h"

#include "wire/scan.h"

#include <arpa/inet.h>

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Percent-decodes into out (at least path.n bytes). *slash: set if an encoded one was among them. */
static int decode(struct str path, char *out, size_t *ret_n, bool *slash)
{
    size_t n = 0;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        bool encoded = c == '%';
        if (encoded) {
            int high = i + 2 < path.n ? hex(path.p[i + 1]) : -1;
            int low = i + 2 < path.n ? hex(path.p[i + 2]) : -1;
            if (high < 0 || low < 0)
                return -ERR_HTTP_URI;
            c = (unsigned char)(high << 4 | low);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || c == '\\' || (!encoded && c == '#'))
            return -ERR_HTTP_URI;
        *slash |= encoded && c == '/';
        out[n++] = (char)c;
    }
    *ret_n = n;
    return 0;
}

/* Removes dot segments (RFC 3986 5.2.4) and doubled slashes in place; p[0] is "/". */
static int squeeze(char *p, size_t n, size_t *ret_n)
{
    size_t w = 1; /* p[0..w) is done and ends with "/" when a segment begins */
    for (size_t i = 1; i < n;) {
        size_t end = str_find(str_of(p, n), '/', i), len = end - i;
        bool last = end == n;
        if (len == 0 || (len == 1 && p[i] == '.')) {
            i = end + 1;
            continue;
        }
        if (len == 2 && p[i] == '.' && p[i + 1] == '.') {
            if (w == 1)
                return -ERR_HTTP_URI;
            w = str_rfind(str_of(p, w - 1), '/') + 1;
            i = end + 1;
            continue;
        }
        memmove(p + w, p + i, len);
        w += len;
        if (!last)
            p[w++] = '/';
        i = end + 1;
    }
    *ret_n = w;
    return 0;
}

int uri_normalise(struct arena *a, struct str target, struct uri_path *ret)
{
    size_t mark = str_find(target, '?', 0);
    struct uri_path u = {.raw = str_sub(target, 0, mark), .has_query = mark < target.n};
    if (u.has_query)
        u.query = str_from(target, mark + 1);
    if (str_find(u.query, '#', 0) < u.query.n)
        return -ERR_HTTP_URI;
    if (u.raw.n == 0 && u.has_query)
        u.raw = STR("/");
    if (u.raw.n == 0 || u.raw.p[0] != '/')
        return -ERR_HTTP_URI;
    char *out = arena_alloc(a, u.raw.n + 1);
    size_t n;
    if (!out)
        return -ERR_NOMEM;
    int err = decode(u.raw, out, &n, &u.encoded_slash);
    if (!err && !str_is_utf8(str_of(out, n)))
        err = -ERR_HTTP_URI;
    if (!err)
        err = squeeze(out, n, &n);
    if (err)
        return err;
    out[n] = '\0';
    if (!u.encoded_slash)
        u.decoded = str_of(out, n);
    *ret = u;
    return 0;
}

/* ":port" or nothing; an empty port is none (RFC 3986 3.2.3). */
static int port_of(struct str s, uint16_t *ret)
{
    uint64_t v = 0;
    if (s.n > 6 || (s.n && s.p[0] != ':'))
        return -ERR_HTTP_HOST;
    if (s.n > 1 && (!str_u64(str_from(s, 1), &v) || v == 0 || v > 65535))
        return -ERR_HTTP_HOST;
    *ret = (uint16_t)v;
    return 0;
}

static int ipv6(struct str inside, char out[URI_HOST_MAX], struct str *ret)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr addr;
    if (inside.n >= sizeof text)
        return -ERR_HTTP_HOST;
    memcpy(text, inside.p, inside.n);
    text[inside.n] = '\0';
    if (strlen(text) != inside.n || inet_pton(AF_INET6, text, &addr) != 1)
        return -ERR_HTTP_HOST;
    out[0] = '[';
    if (!inet_ntop(AF_INET6, &addr, out + 1, INET6_ADDRSTRLEN))
        return -ERR_HTTP_HOST;
    size_t n = strlen(out);
    out[n++] = ']';
    *ret = str_of(out, n);
    return 0;
}

static bool all_digits(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
    return s.n > 0;
}

/* A name whose last label is a number is an IPv4 address or a trap ("127.1", "0x7f.1"). */
static bool ipv4_ok(struct str s)
{
    struct str label;
    unsigned labels = 0;
    while (str_split(&s, '.', &label)) {
        uint64_t v;
        if (!str_u64(label, &v) || v > 255 || label.n > 3 || (label.n > 1 && label.p[0] == '0'))
            return false;
        labels++;
    }
    return labels == 4;
}

static bool label_ok(struct str s)
{
    if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
            return false;
    }
    return !(str_starts(s, STR("xn--")) && s.n == 4);
}

static int dns_name(struct str s, char out[URI_HOST_MAX], struct str *ret)
{
    if (s.n && s.p[s.n - 1] == '.')
        s.n--;
    if (s.n == 0 || s.n > 253)
        return -ERR_HTTP_HOST;
    for (size_t i = 0; i < s.n; i++)
        out[i] = ascii_lower(s.p[i]);
    struct str name = str_of(out, s.n), rest = name, label = STR_NONE;
    while (str_split(&rest, '.', &label))
        if (!label_ok(label))
            return -ERR_HTTP_HOST;
    bool number = all_digits(label) || str_starts(label, STR("0x"));
    if (number && !ipv4_ok(name))
        return -ERR_HTTP_HOST;
    *ret = name;
    return 0;
}

int uri_host(struct str authority, char out[URI_HOST_MAX], struct str *ret_host, uint16_t *ret_port)
{
    bool literal = authority.n && authority.p[0] == '[';
    size_t end = literal ? str_find(authority, ']', 0) : str_find(authority, ':', 0);
    struct str host;
    uint16_t port;
    if (literal && end == authority.n)
        return -ERR_HTTP_HOST;
    int err = literal ? ipv6(str_sub(authority, 1, end - 1), out, &host)
                      : dns_name(str_sub(authority, 0, end), out, &host);
    if (!err)
        err = port_of(str_from(authority, end + literal), &port);
    if (err)
        return err;
    *ret_host = host;
    *ret_port = port;
    return 0;
}

/* unreserved, "/" and the sub-delims that are harmless in HTML attributes and shells' logs */
static bool stands_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c && strchr("-._~/!$()*+,;=:@", c));
}

void uri_encode_path(struct buf *out, struct str path)
{
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (stands_plain((char)c)) {
            buf_addc(out, (char)c);
        } else {
            char text[3] = {'%', "0123456789ABCDEF"[c >> 4], "0123456789ABCDEF"[c & 15]};
            buf_add(out, str_of(text, sizeof text));
        }
    }
}
