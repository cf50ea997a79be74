/* Rules over a whole site or snapshot; see check.h. */
#include "config/check.h"

#include <assert.h>
#include <stdlib.h>

#define YEAR UINT64_C(31536000)

/* ---- one site ---- */

/* Internal names need no public authority: they get a local certificate without being asked.
 * For others nothing is made in silence: a browser would refuse it. */
static void check_certificates(struct load *l, struct site *site, const struct parse_node *node)
{
    bool internal = true;
    struct cert_spec *cert, **slot;
    if (site->ncerts || engine_find(node->children, "certificate"))
        return;
    for (size_t i = 0; i < site->nnames; i++)
        internal &= check_name_internal(site->names[i]);
    if (!internal) {
        load_error(l, node, 0,
                   "add `certificate CHAIN KEY;`, or `certificate local;` (browsers trust that only "
                   "where the local authority is installed)",
                   "a public site without a certificate");
        return;
    }
    cert = arena_zalloc(&l->s->arena, sizeof *cert);
    slot = cert ? engine_push(l, &site->certs, &site->ncerts, sizeof *slot) : NULL;
    if (!slot) {
        l->no_memory = true;
        return;
    }
    *slot = cert;
    *cert = (struct cert_spec){.local = true, .index = l->s->ncerts, .site = site,
                               .at = node_source(node)};
    slot = engine_push(l, &l->s->certs, &l->s->ncerts, sizeof *slot);
    if (slot)
        *slot = cert;
}

/* The list that is built into browsers takes no site back for months, so its rules
 * (hstspreload.org) are checked before the header can promise it. */
static void check_preload(struct load *l, const struct site *site, const struct parse_node *node)
{
    const struct hsts_settings *h = &site->hsts;
    const struct parse_node *at = engine_find(node->children, "hsts");
    if (!h->preload || !at)
        return;
    if (h->mode != HSTS_FIXED || h->max_age < YEAR)
        load_error(l, at, 1, "write `hsts 365d subdomains preload;`",
                   "preload needs a duration of at least a year");
    if (!h->subdomains)
        load_error(l, at, 0, "write `hsts 365d subdomains preload;`",
                   "preload needs `subdomains`");
    if (!site->redirect_http)
        load_error(l, at, 0, "remove `redirect_http off`", "preload needs the redirect from http");
}

static void check_versions(struct load *l, const struct site *site, const struct parse_node *node)
{
    const struct parse_node *tls = engine_find(node->children, "tls");
    if (tls && site->tls.min_version > site->tls.max_version)
        load_error(l, tls, 0, NULL, "`min_version` is newer than `max_version`");
}

static int by_length(const void *x, const void *y)
{
    const struct route *a = *(struct route *const *)x, *b = *(struct route *const *)y;
    if (a->path.n != b->path.n)
        return a->path.n > b->path.n ? -1 : 1;
    if (a->prefix != b->prefix)
        return a->prefix ? 1 : -1;
    return str_cmp(a->path, b->path);
}

/* A route's rules follow its site's: one array a route, so that nobody has to look in two places. */
static void join_headers(struct load *l, const struct site *site, struct route *route)
{
    size_t n = site->nheaders + route->nheaders;
    if (site->nheaders == 0)
        return;
    struct header_rule *all = arena_alloc(&l->s->arena, n * sizeof *all);
    if (!all) {
        l->no_memory = true;
        return;
    }
    memcpy(all, site->headers, site->nheaders * sizeof *all);
    if (route->nheaders)
        memcpy(all + site->nheaders, route->headers, route->nheaders * sizeof *all);
    route->headers = all;
    route->nheaders = n;
}

static void check_routes(struct load *l, struct site *site, const struct parse_node *node)
{
    if (site->nroutes == 0) {
        if (engine_faults(l) == l->faults_before_site)
            load_error(l, node, 0, "add what shall answer, as `root DIR;`",
                       "this site has no handler");
        return;
    }
    qsort(site->routes, site->nroutes, sizeof *site->routes, by_length);
    for (size_t i = 0; i < site->nroutes; i++) {
        site->routes[i]->index = i;
        join_headers(l, site, site->routes[i]);
    }
}

static void check_default(struct load *l, const struct site *site, const struct parse_node *node)
{
    if (site->is_default && l->s->default_site) {
        const struct parse_node *at = engine_find(node->children, "default");
        load_error(l, at ? at : node, 0, "only one site can answer for all other names",
                   "a second `default` site");
    }
    if (site->is_default && !l->s->default_site)
        l->s->default_site = site;
    if (!site->is_default && site->nnames == 0 && node_words(node) == 1)
        load_error(l, node, 1, "write `site example.com { … }`, or put `default;` into it",
                   "a site without a name");
}

void check_site(struct load *l, struct site *site, const struct parse_node *node)
{
    check_routes(l, site, node);
    check_default(l, site, node);
    check_certificates(l, site, node);
    check_preload(l, site, node);
    check_versions(l, site, node);
    check_weak(l, site, node);
}

/* ---- all ---- */

/* What a connection is trusted with when it is made; client authentication, once there is any,
 * belongs in here. */
static bool same_trust(const struct tls_settings *a, const struct tls_settings *b)
{
    return a->min_version == b->min_version && a->max_version == b->max_version &&
           str_eq(a->ciphers, b->ciphers) && str_eq(a->groups, b->groups);
}

/* Numbers from 0, in the order in which the policies first stand. Few sites have one of their own,
 * so the search among the policies is short. */
static void number_trust(struct load *l)
{
    struct snapshot *s = l->s;
    const struct site **first = arena_alloc(&s->arena, (s->nsites + 1) * sizeof *first);
    uint32_t n = 0;
    if (!first) {
        diag_add(&l->diags, false, (struct diag_place){0}, NULL, "out of memory");
        return;
    }
    for (size_t i = 0; i < s->nsites; i++) {
        struct site *site = s->sites[i];
        for (site->trust = 0; site->trust < n; site->trust++)
            if (same_trust(&first[site->trust]->tls, &site->tls))
                break;
        if (site->trust == n)
            first[n++] = site;
    }
}

static void default_listener(struct load *l, bool tls)
{
    struct listener *at;
    struct addr addr;
    for (size_t i = 0; i < l->s->nlisteners; i++)
        if (l->s->listeners[i].tls == tls)
            return;
    int err = addr_parse(&addr, tls ? STR(":443") : STR(":80"));
    assert(err == 0);
    at = err ? NULL : engine_push(l, &l->s->listeners, &l->s->nlisteners, sizeof *at);
    if (at)
        *at = (struct listener){.addr = addr, .tls = tls, .is_default = true, .at = {"default", 0, 0}};
}

static void check_times(struct load *l)
{
    const struct limits *m = &l->s->limits;
    struct diag_place nowhere = {0};
    if (m->min_rate && m->rate_window == 0)
        diag_add(&l->diags, false, nowhere, NULL, "`min_rate` needs a `rate_window`");
    if (m->uri_size > m->header_size)
        diag_add(&l->diags, false, nowhere, NULL, "`uri_size` is larger than `header_size`");
}

void check_snapshot(struct load *l)
{
    struct snapshot *s = l->s;
    if (s->nsites == 0 && l->diags.errors == 0)
        diag_add(&l->diags, false, (struct diag_place){0}, NULL,
                 "no site: add `site NAME { root DIR; }`");
    default_listener(l, true);
    if (!l->plain_off)
        default_listener(l, false);
    for (size_t i = 0; i < s->nlisteners; i++)
        s->listeners[i].index = i;
    for (size_t i = 0; i < s->nsites; i++)
        if (s->sites[i]->min_grade < 0)
            s->sites[i]->min_grade = s->min_grade;
    for (size_t i = 0; i < s->nsites; i++)
        for (size_t k = 0; k < s->sites[i]->nroutes; k++)
            if (s->sites[i]->routes[k]->body_size == UINT64_MAX)
                s->sites[i]->routes[k]->body_size = s->limits.body_size;
    check_times(l);
    number_trust(l);
}
