/* Addresses of Redis servers; see redis_url.h. */
#include "upstream/redis_url.h"

static int digit(char c)
{
    uint64_t v;
    return str_hex_u64(str_of(&c, 1), &v) ? (int)v : -1;
}

/* Percent-decoded (RFC 3986 2.1), with a terminator; no NUL in it. */
static bool decode(struct str s, char *out, size_t size)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == '%') {
            if (i + 2 >= s.n || digit(s.p[i + 1]) < 0 || digit(s.p[i + 2]) < 0)
                return false;
            c = (char)(digit(s.p[i + 1]) << 4 | digit(s.p[i + 2]));
            i += 2;
        }
        if (c == '\0' || n + 1 >= size)
            return false;
        out[n++] = c;
    }
    out[n] = '\0';
    return true;
}

static int wrong(struct buf *why, const char *what)
{
    buf_addf(why, "%s", what);
    return -ERR_SYNTAX;
}

static int take_number(struct str s, uint64_t max, unsigned *ret, struct buf *why, const char *what)
{
    uint64_t v;
    if (!str_u64(s, &v) || v > max)
        return wrong(why, what);
    *ret = (unsigned)v;
    return 0;
}

static int take_parameter(struct redis_url *u, struct str pair, struct buf *why)
{
    size_t eq = str_find(pair, '=', 0);
    struct str name = str_sub(pair, 0, eq), value = str_from(pair, eq + 1);
    if (str_eq(name, STR("stream")))
        return decode(value, u->stream, sizeof u->stream) ? 0 : wrong(why, "the stream's name is no good");
    if (str_eq(name, STR("db")))
        return take_number(value, 1 << 20, &u->db, why, "the number of the database is no good");
    if (str_eq(name, STR("user")))
        return decode(value, u->user, sizeof u->user) ? 0 : wrong(why, "the user is no good");
    if (str_eq(name, STR("password")))
        return decode(value, u->password, sizeof u->password) ? 0 : wrong(why, "the password is no good");
    /* Unnamed: it may be a piece of a password that has a "?" or "&" in it. */
    return wrong(why, "there is no such parameter (stream, db, user, password)");
}

static int take_query(struct redis_url *u, struct str query, struct buf *why)
{
    struct str pair;
    int err = 0;
    while (!err && query.n && str_split(&query, '&', &pair))
        err = pair.n ? take_parameter(u, pair, why) : 0;
    return err;
}

/* What can stand in a name or an address, however it was encoded: it is told to people, too. */
static bool host_ok(const char *host)
{
    for (const char *p = host; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f || strchr("/?#@[]%", *p))
            return false;
    return true;
}

static int take_host(struct redis_url *u, struct str authority, struct buf *why)
{
    bool brackets = authority.n && authority.p[0] == '[';
    size_t end = brackets ? str_find(authority, ']', 0) : str_find(authority, ':', 0);
    struct str host = brackets ? str_sub(authority, 1, end - 1) : str_sub(authority, 0, end);
    struct str rest = str_from(authority, end + brackets);
    unsigned port = 6379;
    if ((brackets && end == authority.n) || (rest.n && rest.p[0] != ':') || host.n == 0 ||
        !decode(host, u->host, sizeof u->host) || !host_ok(u->host))
        return wrong(why, "the host is no good");
    if (rest.n > 1 && take_number(str_from(rest, 1), 65535, &port, why, "the port is no good"))
        return -ERR_RANGE;
    if (port == 0)
        return wrong(why, "the port is no good");
    u->port = (uint16_t)port;
    return 0;
}

static int take_authority(struct redis_url *u, struct str authority, struct buf *why)
{
    size_t at = str_rfind(authority, '@');
    if (at == authority.n)
        return take_host(u, authority, why);
    struct str who = str_sub(authority, 0, at);
    size_t colon = str_find(who, ':', 0);
    if (!decode(str_sub(who, 0, colon), u->user, sizeof u->user))
        return wrong(why, "the user is no good");
    if (!decode(str_from(who, colon + 1), u->password, sizeof u->password))
        return wrong(why, "the password is no good");
    return take_host(u, str_from(authority, at + 1), why);
}

int redis_url_parse(struct redis_url *ret, struct str url, struct buf *why)
{
    struct redis_url u = {.port = 6379};
    size_t mark = str_find(url, '?', 0);
    struct str query = str_from(url, mark + 1), place = str_sub(url, 0, mark);
    int err = 0;
    if (str_istarts(place, STR("rediss://"))) {
        buf_addf(why, "Redis over TLS is not supported: use redis:// on a network of your own, or a tunnel");
        return -ERR_UNSUPPORTED;
    }
    if (str_istarts(place, STR("unix://"))) {
        if (!decode(str_from(place, 7), u.path, sizeof u.path) || u.path[0] != '/')
            err = wrong(why, "the path of the socket is no good");
    } else if (str_istarts(place, STR("redis://"))) {
        struct str rest = str_from(place, 8);
        size_t slash = str_find(rest, '/', str_rfind(rest, '@') < rest.n ? str_rfind(rest, '@') : 0);
        struct str db = str_from(rest, slash + 1);
        err = take_authority(&u, str_sub(rest, 0, slash), why);
        if (!err && db.n)
            err = take_number(db, 1 << 20, &u.db, why, "the number of the database is no good");
    } else {
        err = wrong(why, "it begins with neither redis:// nor unix://");
    }
    if (!err)
        err = take_query(&u, query, why);
    if (!err)
        *ret = u;
    return err;
}

void redis_url_text(const struct redis_url *u, struct buf *out)
{
    if (u->path[0])
        buf_addf(out, "unix://%s", u->path);
    else
        buf_addf(out, strchr(u->host, ':') ? "redis://[%s]:%u" : "redis://%s:%u", u->host, u->port);
}
