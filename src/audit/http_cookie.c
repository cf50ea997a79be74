/* Set-Cookie; see http_cookie.h. */
#include "audit/http_cookie.h"

static bool has_controls(struct str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (((unsigned char)s.p[i] < 0x20 && s.p[i] != '\t') || s.p[i] == 0x7f)
            return true;
    return false;
}

/* "name=value" in two; without "=" all of it is `rest` and the result false. */
static bool cut(struct str s, struct str *name, struct str *rest)
{
    size_t at = str_find(s, '=', 0);
    *name = str_trim(str_sub(s, 0, at));
    *rest = str_trim(str_from(s, at + 1));
    return at < s.n;
}

static enum http_same_site same_site(struct str value)
{
    if (str_ieq(value, STR("lax")))
        return SAME_SITE_LAX;
    if (str_ieq(value, STR("strict")))
        return SAME_SITE_STRICT;
    return str_ieq(value, STR("none")) ? SAME_SITE_NONE : SAME_SITE_INVALID;
}

/* RFC 6265bis 5.6: of an attribute that comes twice, the last counts. */
static void attribute(struct http_cookie *c, struct str text)
{
    struct str name, value;
    cut(text, &name, &value);
    if (str_ieq(name, STR("secure")))
        c->secure = true;
    else if (str_ieq(name, STR("httponly")))
        c->http_only = true;
    else if (str_ieq(name, STR("partitioned")))
        c->partitioned = true;
    else if (str_ieq(name, STR("samesite")))
        c->same_site = same_site(value);
    else if (str_ieq(name, STR("domain")))
        c->domain = str_from(value, value.n && value.p[0] == '.');
    else if (str_ieq(name, STR("path")))
        c->path = value.n && value.p[0] == '/' ? value : STR_NONE;
    else if (str_ieq(name, STR("expires")) || str_ieq(name, STR("max-age")))
        c->persistent = true;
}

static bool contains(struct str s, struct str word)
{
    for (size_t i = 0; i + word.n <= s.n; i++)
        if (str_istarts(str_from(s, i), word))
            return true;
    return false;
}

/* Names by which session cookies of common frameworks are known, beside those with "sess" in them. */
static bool framework_session(struct str name)
{
    static const char *const known[] = {"connect.sid", "sid",          "auth",
                                        "jwt",         "access_token", "remember_token",
                                        "xsrf-token",  "cfid",         "cftoken"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (str_ieq(name, str_c(known[i])))
            return true;
    return str_istarts(name, STR("wordpress_logged_in_"));
}

static bool domain_matches(struct str host, struct str domain)
{
    if (str_ieq(host, domain))
        return true;
    return host.n > domain.n && str_ieq(str_from(host, host.n - domain.n), domain) &&
           host.p[host.n - domain.n - 1] == '.';
}

static unsigned faults(const struct http_cookie *c, struct str host)
{
    unsigned f = 0;
    /* RFC 6265bis 5.7: prefixes are compared without case. */
    if (str_istarts(c->name, STR("__host-")) &&
        (!c->secure || c->domain.n || !str_eq(c->path, STR("/"))))
        f |= COOKIE_FAULT_HOST_PREFIX;
    if (str_istarts(c->name, STR("__secure-")) && !c->secure)
        f |= COOKIE_FAULT_SECURE_PREFIX;
    if (c->same_site == SAME_SITE_NONE && !c->secure)
        f |= COOKIE_FAULT_NONE_INSECURE;
    if (c->same_site == SAME_SITE_INVALID)
        f |= COOKIE_FAULT_SAME_SITE;
    if (c->partitioned && !c->secure)
        f |= COOKIE_FAULT_PARTITIONED;
    if (c->name.n + c->value.n > 4096)
        f |= COOKIE_FAULT_SIZE;
    if (host.n && c->domain.n && !domain_matches(host, c->domain))
        f |= COOKIE_FAULT_DOMAIN;
    return f;
}

int http_cookie_parse(struct http_cookie *ret, struct str field_value, struct str host)
{
    struct http_cookie c = {.same_site = SAME_SITE_ABSENT};
    struct str piece, rest = field_value;
    if (has_controls(field_value) || !str_split(&rest, ';', &piece))
        return -ERR_SYNTAX;
    if (!cut(piece, &c.name, &c.value)) { /* RFC 6265bis 5.6: a value without a name */
        c.value = c.name;
        c.name = STR_NONE;
    }
    if (c.name.n == 0 && c.value.n == 0)
        return -ERR_SYNTAX;
    while (str_split(&rest, ';', &piece))
        attribute(&c, piece);
    struct str name = str_sub(c.name, 0, 256);
    c.session_id = contains(name, STR("sess")) || contains(name, STR("login"));
    c.csrf = contains(name, STR("csrf"));
    c.known = framework_session(name);
    c.faults = faults(&c, host);
    *ret = c;
    return 0;
}
