/* `gate443 explain URL`: what answers it, and which line says so. Follows the same steps as a
 * request; the room `route` stands above this one, so the walk over routes is written a second
 * time here (config sorted them; the first match wins). */
#include "config/check.h"
#include "config/options.h"
#include "config/setting.h"
#include "config/value.h"

struct explained {
    bool tls;
    char host[256];
    size_t host_n;
    uint16_t port;
    struct str path; /* decoded, in the arena */
};

static bool percent_decode(struct str in, char *out, size_t *ret_n)
{
    size_t n = 0;
    for (size_t i = 0; i < in.n; i++) {
        uint64_t byte = (unsigned char)in.p[i];
        if (byte == '%') {
            if (i + 2 >= in.n || !str_hex_u64(str_sub(in, i + 1, 2), &byte) || byte == 0)
                return false;
            i += 2;
        }
        out[n++] = (char)byte;
    }
    *ret_n = n;
    return true;
}

/* Of an authority: name and port; an IPv6 literal keeps its brackets. */
static bool read_authority(struct str s, struct explained *e)
{
    size_t end = str_starts(s, STR("[")) ? str_find(s, ']', 0) + 1 : str_find(s, ':', 0);
    uint64_t port = e->tls ? 443 : 80;
    if (end > s.n || end == 0 || end >= sizeof e->host)
        return false;
    if (end < s.n && (s.p[end] != ':' || !str_u64(str_from(s, end + 1), &port) || port > 65535))
        return false;
    for (size_t i = 0; i < end; i++)
        e->host[i] = ascii_lower(s.p[i]);
    e->host_n = end;
    e->port = (uint16_t)port;
    return true;
}

/* "https://host:port/path?query", "host/path" or "host"; path_mem has url.n + 1 bytes. */
static bool read_url(struct str url, struct explained *e, char *path_mem)
{
    size_t n;
    e->tls = !str_istarts(url, STR("http://"));
    if (str_istarts(url, STR("https://")) || !e->tls)
        url = str_from(url, e->tls ? 8 : 7);
    url = str_sub(url, 0, str_find(url, '#', 0));
    url = str_sub(url, 0, str_find(url, '?', 0));
    size_t slash = str_find(url, '/', 0);
    if (!read_authority(str_sub(url, 0, slash), e))
        return false;
    struct str path = slash < url.n ? str_from(url, slash) : STR("/");
    if (!percent_decode(path, path_mem, &n))
        return false;
    e->path = str_of(path_mem, n);
    return true;
}

static void where(struct buf *out, const struct source_ref *at)
{
    if (at->line)
        buf_addf(out, "   (%s:%u)\n", at->file, at->line);
    else
        buf_add(out, STR("   (default)\n"));
}

/* The default's line is 0. */
static struct source_ref written_at(const struct snapshot *s, const void *value)
{
    for (size_t i = 0; i < s->nwritten; i++)
        if (s->written[i].value == value)
            return s->written[i].at;
    return (struct source_ref){0};
}

static bool is_second(const struct listener *at, uint16_t port)
{
    return at->is_default && port == (at->tls ? LISTEN_SECOND_HTTPS : LISTEN_SECOND_HTTP);
}

static bool explain_listener(const struct snapshot *s, const struct explained *e, struct buf *out)
{
    char address[ADDR_TEXT_MAX];
    bool any = false;
    for (size_t i = 0; i < s->nlisteners; i++) {
        const struct listener *at = &s->listeners[i];
        bool second = is_second(at, e->port);
        if (at->tls != e->tls || (addr_port(&at->addr) != e->port && !second))
            continue;
        buf_addf(out, "listener     %s %s", e->tls ? "https" : "http",
                 addr_text(&at->addr, address).p);
        if (second)
            buf_addf(out, ", %u where that is not permitted or in use", e->port);
        where(out, &at->at);
        any = true;
    }
    if (!any)
        buf_addf(out, "listener     none: nothing listens for %s on port %u\n",
                 e->tls ? "https" : "http", e->port);
    return any;
}

static void explain_site(const struct site *site, struct buf *out)
{
    buf_add(out, STR("site         "));
    for (size_t i = 0; i < site->nnames; i++)
        buf_addf(out, "%s%.*s", i ? " " : "", STR_ARG(site->names[i]));
    buf_add(out, site->is_default ? STR(" [default]") : STR_NONE);
    where(out, &site->at);
    for (size_t i = 0; i < site->ncerts; i++) {
        const struct cert_spec *c = site->certs[i];
        buf_add(out, STR("certificate  "));
        if (c->local)
            buf_add(out, STR("from the local authority"));
        else
            buf_addf(out, "%.*s with key %.*s", STR_ARG(c->chain_path), STR_ARG(c->key_path));
        where(out, &c->at);
    }
}

static void explain_option(const struct snapshot *s, const struct option *o, const void *conf,
                           struct buf *out)
{
    struct source_ref at = written_at(s, (const char *)conf + o->offset);
    if (o->type == OPT_CUSTOM || o->type == OPT_BLOCK)
        return;
    buf_addf(out, "             %s ", o->name);
    setting_text(o, conf, out);
    where(out, &at);
}

static void explain_options(const struct snapshot *s, const struct option *rows, const void *conf,
                            struct buf *out)
{
    for (const struct option *o = rows; o && o->name; o++)
        explain_option(s, o, conf, out);
}

static void explain_list(const struct snapshot *s, const char *name, const struct str *list,
                         struct buf *out)
{
    struct source_ref at = written_at(s, list);
    if (list->n == 0)
        return;
    buf_addf(out, "             %s %.*s", name, STR_ARG(*list));
    where(out, &at);
}

static void explain_tls(const struct snapshot *s, const struct site *site, struct buf *out)
{
    buf_add(out, STR("tls\n"));
    explain_options(s, option_tls, &site->tls, out);
    explain_list(s, "ciphers", &site->tls.ciphers, out);
    explain_list(s, "groups", &site->tls.groups, out);
    for (size_t i = 0; i < site->nwaivers; i++) {
        const struct waiver *w = &site->waivers[i];
        buf_addf(out, "allowed      %.*s because \"%.*s\" until ", STR_ARG(w->name),
                 STR_ARG(w->reason));
        value_add_date(out, w->until);
        where(out, &w->at);
    }
}

static void explain_hsts(const struct snapshot *s, const struct site *site, struct buf *out)
{
    const struct hsts_settings *h = &site->hsts;
    struct source_ref at = written_at(s, h);
    if (h->mode == HSTS_OFF)
        return;
    buf_add(out, STR("             Strict-Transport-Security"));
    if (h->mode == HSTS_FIXED)
        buf_addf(out, ": max-age=%llu", (unsigned long long)h->max_age);
    else
        buf_add(out, STR(", growing to a year"));
    buf_add(out, h->subdomains ? STR("; includeSubDomains") : STR_NONE);
    buf_add(out, h->preload ? STR("; preload") : STR_NONE);
    where(out, &at);
}

static void explain_headers(const struct snapshot *s, const struct route *route, struct buf *out)
{
    static const char *const actions[] = {"set", "add", "remove", "default"};
    struct source_ref safe = written_at(s, &route->site->safe_headers);
    buf_add(out, STR("headers\n"));
    explain_hsts(s, route->site, out);
    buf_addf(out, "             safe_headers %s", route->site->safe_headers ? "on" : "off");
    where(out, &safe);
    for (size_t i = 0; i < route->nheaders; i++) {
        const struct header_rule *r = &route->headers[i];
        buf_addf(out, "             %s %.*s%s%.*s", actions[r->action], STR_ARG(r->name),
                 r->value.n ? ": " : "", STR_ARG(r->value));
        where(out, &r->at);
    }
}

/* The size of a body is the one limit that a route may have for itself. */
static void explain_limits(const struct snapshot *s, const struct route *route, struct buf *out)
{
    buf_add(out, STR("limits\n"));
    for (const struct option *o = option_limits; o->name; o++) {
        struct source_ref at = written_at(s, &route->body_size);
        bool own = o->offset == offsetof(struct limits, body_size) && at.line;
        if (!own) {
            explain_option(s, o, &s->limits, out);
            continue;
        }
        buf_addf(out, "             %s ", o->name);
        value_add_size(out, route->body_size);
        where(out, &at);
    }
}

static const struct route *find_route(const struct site *site, struct str path)
{
    for (size_t i = 0; i < site->nroutes; i++) {
        const struct route *r = site->routes[i];
        if (r->prefix ? str_starts(path, r->path) : str_eq(path, r->path))
            return r;
    }
    return NULL;
}

static void explain_route(const struct snapshot *s, const struct site *site, struct str path,
                          struct buf *out)
{
    const struct route *route = find_route(site, path);
    if (!route) {
        buf_add(out, STR("route        none: answered with 404\n"));
        return;
    }
    buf_addf(out, "route        %.*s", STR_ARG(route->path));
    where(out, &route->at);
    buf_addf(out, "handler      %s\n", route->handler->name);
    explain_options(s, route->handler->options, route->conf, out);
    explain_headers(s, route, out);
    explain_limits(s, route, out);
}

/* The rest of the lines is for the time when there is no answer. */
static void explain_challenge(const struct snapshot *s, const struct explained *e, struct buf *out)
{
    if (e->tls || !snapshot_challenge(s, e->path).n)
        return;
    buf_addf(out, "challenge    from %s, if an answer lies there; else:", s->challenges->path);
    where(out, &s->challenges->at);
}

static void explain(const struct snapshot *s, const struct explained *e, struct buf *out)
{
    const struct site *site = snapshot_site(s, str_of(e->host, e->host_n));
    if (!explain_listener(s, e, out))
        return;
    if (!site) {
        buf_addf(out, "site         none of that name: %s\n",
                 e->tls ? "refused during the handshake (unrecognized_name)" : "answered with 404");
        return;
    }
    explain_site(site, out);
    explain_challenge(s, e, out);
    if (!e->tls && site->redirect_http) {
        buf_add(out, STR("handler      redirects to https (redirect_http on)\n"));
        return;
    }
    if (e->tls)
        explain_tls(s, site, out);
    explain_route(s, site, e->path, out);
}

/* -ERR_HTTP_URI: not a URL that can be explained. */
int config_explain(const struct snapshot *s, struct str url, struct buf *out)
{
    struct explained e = {0};
    struct buf path;
    buf_init(&path, 64 << 10);
    int err = buf_reserve(&path, url.n + 1);
    if (!err && !read_url(url, &e, buf_end(&path)))
        err = -ERR_HTTP_URI;
    if (!err)
        explain(s, &e, out);
    buf_done(&path);
    return err;
}
