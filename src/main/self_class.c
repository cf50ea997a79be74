/* Sites in classes; see self_class.h. The key is text, so that no padding byte tells two apart. */
#include "main/self_class.h"

#include "config/check.h"
#include "tls/cert.h"

#include <stdio.h>

enum { KEY_MAX = 64 * 1024 };

static bool is_address(struct str name, struct addr *ret)
{
    char text[96];
    bool v6 = str_find(name, ':', 0) < name.n;
    if (name.n >= 64 || !check_ip(name, text))
        return false;
    size_t n = strlen(text);
    char with_port[96];
    snprintf(with_port, sizeof with_port, v6 ? "[%.*s]:1" : "%.*s:1", (int)n, text);
    return addr_parse(ret, str_c(with_port)) == 0;
}

static bool is_internal(const struct site *site)
{
    for (size_t i = 0; i < site->nnames; i++)
        if (!check_name_internal(site->names[i]))
            return false;
    return true;
}

/* ---- the key ---- */

static int add_certs(struct buf *key, const struct site *site, const struct certstore_chain *chains,
                     size_t nchains)
{
    int err = 0;
    for (size_t i = 0; !err && i < site->ncerts; i++) {
        size_t at = site->certs[i]->index;
        if (site->certs[i]->local)
            buf_addf(key, "local\n");
        else if (at < nchains)
            err = cert_kind(chains[at].pem, key);
    }
    return err;
}

static int make_key(struct buf *key, const struct site *site, const struct certstore_chain *chains,
                    size_t nchains)
{
    const struct tls_settings *t = &site->tls;
    const struct hsts_settings *h = &site->hsts;
    struct addr none;
    bool named = site->nnames && !is_address(site->names[0], &none);
    buf_addf(key, "tls %d to %d, %.*s, %.*s, tickets %d %llu\n", t->min_version, t->max_version,
             STR_ARG(t->ciphers), STR_ARG(t->groups), t->tickets,
             (unsigned long long)t->ticket_rotation);
    buf_addf(key, "hsts %d %llu %d %d, redirect %d, internal %d, named %d\n", h->mode,
             (unsigned long long)h->max_age, h->subdomains, h->preload, site->redirect_http,
             is_internal(site), named);
    return add_certs(key, site, chains, nchains);
}

/* ---- how it is reached ---- */

static uint16_t port_of(const struct snapshot *s, bool tls, uint16_t otherwise, bool *ret_any)
{
    *ret_any = false;
    for (size_t i = 0; i < s->nlisteners; i++)
        if (s->listeners[i].tls == tls) {
            uint16_t port = addr_port(&s->listeners[i].addr);
            *ret_any = true;
            return port ? port : otherwise;
        }
    return otherwise;
}

/* A name if it has one, else an address. */
static struct str name_of(const struct site *site, struct addr *ret_local, bool *ret_is_address)
{
    struct addr local = {.len = sizeof local.in};
    local.in.sin_family = AF_INET;
    *ret_is_address = false;
    for (size_t i = 0; i < site->nnames; i++)
        if (!is_address(site->names[i], ret_local)) {
            *ret_local = local;
            return site->names[i];
        }
    *ret_is_address = site->nnames > 0;
    if (!site->nnames)
        *ret_local = local;
    return site->nnames ? site->names[0] : STR("gate443-audit.invalid");
}

static bool set_way(struct arena *a, const struct snapshot *s, const struct site *site,
                    struct self_class *c)
{
    bool address, any, v6;
    struct str name = name_of(site, &c->local, &address);
    v6 = address && str_find(name, ':', 0) < name.n;
    c->host = str_starts(name, STR("*."))
                  ? arena_printf(a, "gate443-audit%.*s", STR_ARG(str_from(name, 1)))
                  : arena_str(a, name);
    c->sni = address ? STR_NONE : c->host;
    struct str authority = v6 ? arena_printf(a, "[%.*s]", STR_ARG(name)) : c->host;
    c->url = (struct http_url){.https = true, .host = authority, .target = STR("/"),
                               .port = port_of(s, true, 443, &any)};
    c->plain_url = (struct http_url){.host = authority, .target = STR("/"),
                                     .port = port_of(s, false, 80, &c->plain)};
    c->internal = is_internal(site);
    return c->host.p && authority.p;
}

/* ---- classes ---- */

static int add_site(struct arena *a, const struct snapshot *s, size_t site, struct str key,
                    struct self_class *classes, size_t *n)
{
    size_t at = 0;
    while (at < *n && !str_eq(classes[at].key, key))
        at++;
    struct self_class *c = &classes[at];
    if (at == *n) {
        c->key = arena_str(a, key);
        c->sites = arena_alloc(a, s->nsites * sizeof *c->sites);
        if (!c->key.p || !c->sites || !set_way(a, s, s->sites[site], c))
            return -ERR_NOMEM;
        ++*n;
    }
    c->sites[c->nsites++] = site;
    return 0;
}

int self_classes(struct arena *a, const struct snapshot *s, const struct certstore_chain *chains,
                 size_t nchains, struct self_class **ret, size_t *ret_n)
{
    struct self_class *classes = arena_zalloc(a, (s->nsites + 1) * sizeof *classes);
    struct buf key;
    size_t n = 0;
    int err = classes ? 0 : -ERR_NOMEM;
    buf_init(&key, KEY_MAX);
    for (size_t i = 0; !err && i < s->nsites; i++) {
        buf_clear(&key);
        err = make_key(&key, s->sites[i], chains, nchains);
        if (!err)
            err = add_site(a, s, i, buf_str(&key), classes, &n);
    }
    buf_done(&key);
    if (err)
        return err;
    *ret = classes;
    *ret_n = n;
    return 0;
}
