/* URLs of redirects; see http_url.h. */
#include "audit/http_url.h"

#include "wire/scan.h"
#include "wire/uri.h"

#define URL_MAX 8192

/* What browsers do with stray bytes in a path (WHATWG URL 4.4): percent-encode them. */
static struct str encoded(struct arena *arena, struct str s)
{
    static const char hex[] = "0123456789ABCDEF";
    char *out = arena_alloc(arena, 3 * s.n + 2);
    size_t n = 0;
    if (!out)
        return STR_NONE;
    if (s.n == 0 || s.p[0] != '/')
        out[n++] = '/';
    for (size_t i = 0; i < s.n && s.p[i] != '#'; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c > 0x20 && c < 0x7f && c != '"' && c != '<' && c != '>') {
            out[n++] = (char)c;
            continue;
        }
        out[n++] = '%';
        out[n++] = hex[c >> 4];
        out[n++] = hex[c & 15];
    }
    return str_of(out, n);
}

static int set_authority(struct http_url *u, struct arena *arena, struct str authority)
{
    char text[URI_HOST_MAX];
    struct str host;
    uint16_t port;
    size_t at = str_rfind(authority, '@');
    u->userinfo = at < authority.n;
    if (u->userinfo)
        authority = str_from(authority, at + 1);
    if (uri_host(authority, text, &host, &port))
        return -ERR_HTTP_URI;
    u->host = arena_str(arena, host);
    u->port = port ? port : u->https ? 443 : 80;
    return u->host.p ? 0 : -ERR_NOMEM;
}

/* "//authority/path" */
static int network_path(struct http_url *u, struct arena *arena, struct str s)
{
    size_t n = 2;
    while (n < s.n && s.p[n] != '/' && s.p[n] != '?' && s.p[n] != '#')
        n++;
    int err = set_authority(u, arena, str_sub(s, 2, n - 2));
    if (err)
        return err;
    u->target = encoded(arena, str_from(s, n));
    return u->target.p ? 0 : -ERR_NOMEM;
}

/* "scheme:" at the front: its length with the colon, or 0. */
static size_t scheme_length(struct str s)
{
    size_t n = 0;
    while (n < s.n && ((ascii_lower(s.p[n]) >= 'a' && ascii_lower(s.p[n]) <= 'z') ||
                       (n && (s.p[n] == '+' || s.p[n] == '-' || s.p[n] == '.' ||
                              (s.p[n] >= '0' && s.p[n] <= '9')))))
        n++;
    return n > 0 && n < s.n && s.p[n] == ':' ? n + 1 : 0;
}

/* RFC 3986 5.2.3: a path without "/" in front replaces the base's last segment, "?…" its query. */
static struct str merged(struct arena *arena, struct str base, struct str s)
{
    size_t query = str_find(base, '?', 0);
    struct str path = str_sub(base, 0, query);
    if (s.n == 0 || s.p[0] == '#')
        return base;
    if (s.p[0] == '/')
        return s;
    size_t slash = str_rfind(path, '/');
    if (s.p[0] != '?')
        path = str_sub(path, 0, slash < path.n ? slash + 1 : 0);
    return arena_printf(arena, "%.*s%.*s", STR_ARG(path), STR_ARG(s));
}

static int relative(struct http_url *u, struct arena *arena, struct str s)
{
    struct str path = merged(arena, u->target, s);
    u->target = path.p ? encoded(arena, path) : STR_NONE;
    u->userinfo = false;
    return u->target.p ? 0 : -ERR_NOMEM;
}

int http_url_resolve(struct http_url *ret, struct arena *arena, const struct http_url *base,
                     struct str location)
{
    struct http_url u = *base;
    struct str s = str_trim(location);
    size_t n = scheme_length(s);
    if (s.n > URL_MAX)
        return -ERR_HTTP_URI;
    bool https = str_ieq(str_sub(s, 0, n), STR("https:"));
    if (n && !https && !str_ieq(str_sub(s, 0, n), STR("http:")))
        return -ERR_UNSUPPORTED;
    if (n) {
        u.https = https;
        s = str_from(s, n);
        if (!str_starts(s, STR("//")))
            return -ERR_HTTP_URI;
    }
    int err = str_starts(s, STR("//")) ? network_path(&u, arena, s) : relative(&u, arena, s);
    if (!err)
        *ret = u;
    return err;
}

bool http_url_same_host(const struct http_url *a, const struct http_url *b)
{
    return str_ieq(a->host, b->host);
}

struct str http_url_authority(struct arena *arena, const struct http_url *u)
{
    if (u->port == (u->https ? 443 : 80))
        return arena_str(arena, u->host);
    return arena_printf(arena, "%.*s:%u", STR_ARG(u->host), u->port);
}

struct str http_url_text(struct arena *arena, const struct http_url *u)
{
    struct str authority = http_url_authority(arena, u);
    if (!authority.p)
        return STR_NONE;
    return arena_printf(arena, "%s://%.*s%.*s", u->https ? "https" : "http", STR_ARG(authority),
                        STR_ARG(u->target));
}

/* The last `labels` labels. */
static struct str tail(struct str host, unsigned labels)
{
    size_t from = host.n;
    for (unsigned i = 0; i < labels && from > 0; i++) {
        size_t dot = str_rfind(str_sub(host, 0, from), '.');
        if (dot == from) /* none */
            return host;
        from = dot;
        if (i + 1 == labels)
            return str_from(host, dot + 1);
    }
    return host;
}

static bool is_address(struct str host)
{
    return host.n && (host.p[0] == '[' || (host.p[host.n - 1] >= '0' && host.p[host.n - 1] <= '9'));
}

bool http_url_same_site(struct str a, struct str b)
{
    if (str_ieq(a, b) || is_address(a) || is_address(b))
        return str_ieq(a, b);
    struct str top = tail(a, 1), second = tail(a, 2);
    bool short_second = top.n == 2 && second.n > top.n + 1 && second.n - top.n - 1 <= 3;
    unsigned labels = short_second ? 3 : 2;
    return str_ieq(tail(a, labels), tail(b, labels)) && str_find(a, '.', 0) < a.n;
}
