/* What a site's settings add to every response head; see filter.h. In this order, so that the
 * more particular wins: header rules (set, add, default), then the defaults where neither the
 * application nor a rule said anything, then the rules that remove, over all of it.
 *
 * It runs for every response, so it looks at bits of head.present and adds constant text; only Date and
 * HSTS are written each time. Preparing whole blocks of text per site was rejected: HTTP/2 needs the fields apart. */
#include "http/filter.h"
#include "wire/cookie.h"
#include "wire/date.h"

/* What frames the message is the engines' alone: no rule may touch it. */
#define FRAMING                                                                                    \
    ((uint64_t)1 << FIELD_CONTENT_LENGTH | (uint64_t)1 << FIELD_TRANSFER_ENCODING |                \
     (uint64_t)1 << FIELD_CONNECTION | (uint64_t)1 << FIELD_KEEP_ALIVE |                           \
     (uint64_t)1 << FIELD_UPGRADE | (uint64_t)1 << FIELD_PROXY_CONNECTION)

static void remove_named(struct head *h, struct str name)
{
    enum field_id id = field_lookup(name);
    if (id != FIELD_OTHER) {
        if (head_has(h, id))
            head_remove(h, id);
        return;
    }
    size_t kept = 0;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id != FIELD_OTHER || !str_ieq(h->fields[i].name, name))
            h->fields[kept++] = h->fields[i];
    h->nfields = kept;
}

static int apply_rule(struct head *h, const struct header_rule *r)
{
    if (FRAMING >> field_lookup(r->name) & 1)
        return 0;
    if (r->action == HEADER_DEFAULT && head_find(h, r->name))
        return 0;
    if (r->action == HEADER_SET || r->action == HEADER_REMOVE)
        remove_named(h, r->name);
    return r->action == HEADER_REMOVE ? 0 : head_add_named(h, r->name, r->value);
}

/* only_remove: the second pass, over what the first one and the defaults left. */
static int apply_rules(const struct exchange *x, struct head *h, bool only_remove)
{
    const struct header_rule *rules = x->route ? x->route->headers : x->site->headers;
    size_t n = x->route ? x->route->nheaders : x->site->nheaders;
    int err = 0;
    for (size_t i = 0; i < n && !err; i++)
        if (!only_remove || rules[i].action == HEADER_REMOVE)
            err = apply_rule(h, &rules[i]);
    return err;
}

static int add_default(struct head *h, enum field_id id, struct str value)
{
    return head_has(h, id) ? 0 : head_add(h, id, value);
}

static bool contains(struct str s, struct str part)
{
    for (size_t i = 0; i + part.n <= s.n; i++)
        if (str_istarts(str_from(s, i), part))
            return true;
    return false;
}

/* frame-ancestors obsoletes X-Frame-Options (CSP Level 3, 6.4.2); sending both confuses old browsers. */
static bool has_frame_ancestors(const struct head *h)
{
    if (!head_has(h, FIELD_CONTENT_SECURITY_POLICY))
        return false;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id == FIELD_CONTENT_SECURITY_POLICY &&
            contains(h->fields[i].value, STR("frame-ancestors")))
            return true;
    return false;
}

static int add_safe(const struct exchange *x, struct head *h)
{
    int err = add_default(h, FIELD_X_CONTENT_TYPE_OPTIONS, STR("nosniff"));
    if (!err && !has_frame_ancestors(h))
        err = add_default(h, FIELD_X_FRAME_OPTIONS, STR("SAMEORIGIN"));
    if (!err)
        err = add_default(h, FIELD_REFERRER_POLICY, STR("strict-origin-when-cross-origin"));
    if (!err && x->conn->facts.secure) /* browsers ignore it, with a warning, where there is no TLS */
        err = add_default(h, FIELD_CROSS_ORIGIN_OPENER_POLICY, STR("same-origin"));
    return err;
}

static bool is_address(struct str host)
{
    if (host.n && host.p[0] == '[')
        return true;
    for (size_t i = 0; i < host.n; i++)
        if (host.p[i] != '.' && (host.p[i] < '0' || host.p[i] > '9'))
            return false;
    return true; /* none at all counts as one: it names no site that could be remembered */
}

static char *put(char *p, struct str s)
{
    memcpy(p, s.p, s.n);
    return p + s.n;
}

static char *put_number(char *p, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    return put(p, str_of(digits + i, sizeof digits - i));
}

/* RFC 6797 7.2: only over secure transport; 8.1.1: never for an IP address. A name that is not this site's (421)
 * must not be promised anything. */
static int add_hsts(const struct exchange *x, struct head *h)
{
    const struct hsts_settings *s = &x->site->hsts;
    uint64_t age = s->mode == HSTS_FIXED ? s->max_age : x->site->hsts_age;
    if (!x->conn->facts.secure || s->mode == HSTS_OFF || (s->mode == HSTS_AUTO && age == 0) ||
        x->status == 421 || head_has(h, FIELD_STRICT_TRANSPORT_SECURITY) || is_address(x->host))
        return 0;
    char *text = arena_alloc(x->arena, 64), *p = text;
    if (!text)
        return -ERR_NOMEM;
    p = put(p, STR("max-age="));
    p = put_number(p, age);
    if (s->subdomains)
        p = put(p, STR("; includeSubDomains"));
    if (s->preload)
        p = put(p, STR("; preload"));
    return head_add(h, FIELD_STRICT_TRANSPORT_SECURITY, str_of(text, (size_t)(p - text)));
}

/* What of the wanted attributes the wire's cookie.h adds by itself. Secure on a plain connection would make
 * browsers drop the cookie. */
static unsigned cookie_flags(const struct exchange *x)
{
    const struct cookie_settings *s = &x->site->cookies;
    return (s->secure && x->conn->facts.secure ? COOKIE_SECURE : 0) |
           (s->http_only ? COOKIE_HTTPONLY : 0) |
           (s->same_site == COOKIES_SAME_SITE_LAX ? COOKIE_SAMESITE : 0);
}

static struct str same_site_text(const struct exchange *x, const struct set_cookie *c)
{
    if (c->flags & COOKIE_SAMESITE)
        return STR_NONE;
    if (x->site->cookies.same_site == COOKIES_SAME_SITE_STRICT)
        return STR("; SameSite=Strict");
    /* None needs Secure, which only TLS can give. */
    if (x->site->cookies.same_site == COOKIES_SAME_SITE_NONE && x->conn->facts.secure)
        return STR("; SameSite=None");
    return STR_NONE;
}

static int harden_cookie(struct exchange *x, struct field *f)
{
    struct set_cookie c;
    if (set_cookie_parse(&c, f->value))
        return 0; /* no browser will take it either */
    struct str same_site = same_site_text(x, &c);
    unsigned add = cookie_flags(x);
    if (str_ends(same_site, STR("None")))
        add |= COOKIE_SECURE;
    struct buf b;
    buf_init(&b, f->value.n + 96);
    int err = set_cookie_harden(&b, f->value, add);
    if (!err)
        err = buf_append(&b, same_site);
    if (!err && b.n != f->value.n) {
        struct str hardened = arena_str(x->arena, buf_str(&b));
        if (hardened.p)
            f->value = hardened;
        else
            err = -ERR_NOMEM;
    }
    buf_done(&b);
    return err;
}

static int harden_cookies(struct exchange *x, struct head *h)
{
    int err = 0;
    for (size_t i = 0; i < h->nfields && !err && head_has(h, FIELD_SET_COOKIE); i++)
        if (h->fields[i].id == FIELD_SET_COOKIE)
            err = harden_cookie(x, &h->fields[i]);
    return err;
}

/* RFC 9110 6.6.1: an origin server with a clock sends Date. The arithmetic costs less than asking a cache. */
static int add_date_and_server(struct exchange *x, struct head *h)
{
    int err = add_default(h, FIELD_SERVER, STR("gate443"));
    if (err || head_has(h, FIELD_DATE))
        return err;
    char *date = arena_alloc(x->arena, DATE_TEXT + 1);
    if (!date)
        return -ERR_NOMEM;
    date_format(x->conn->loop->wall, date);
    return head_add(h, FIELD_DATE, str_of(date, DATE_TEXT));
}

int policy_apply(struct exchange *x, struct head *h)
{
    int err = x->site ? apply_rules(x, h, false) : 0;
    if (!err)
        err = add_date_and_server(x, h);
    if (!err && (!x->site || x->site->safe_headers))
        err = add_safe(x, h);
    if (err || !x->site)
        return err;
    err = add_hsts(x, h);
    if (!err)
        err = harden_cookies(x, h);
    return err ? err : apply_rules(x, h, true);
}
