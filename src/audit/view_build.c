/* Building what the checks see; see view_build.h. */
#include "audit/view_build.h"

#include <stdlib.h>

/* ---- certificates ---- */

static void look_at_scts(struct arena *a, const struct view_input *in, struct cert_view *c)
{
    const struct cert_info *leaf = &c->chain.certs[0].info;
    struct sct_subject subject;
    struct str issuer = c->kept->n > 1 ? c->kept->der[1] : STR_NONE;
    bool bad = leaf->scts.n && sct_list_add(&c->scts, SCT_FROM_CERT, leaf->scts);
    bad = (c->kept->scts.n && sct_list_add(&c->scts, SCT_FROM_TLS, c->kept->scts)) || bad;
    bad = (c->ocsp.scts.n && sct_list_add(&c->scts, SCT_FROM_OCSP, c->ocsp.scts)) || bad;
    c->scts.malformed += bad;
    if (sct_subject_init(a, c->kept->der[0], issuer, &subject))
        return;
    sct_look(&c->scts, &subject, in->ct_logs, in->now, c->chain.life.lifetime, leaf->not_after,
             &c->sct);
}

/* The path of the first store that has one; where none has, what was sent. */
static void look_at_issuers(struct cert_view *c)
{
    const struct cert_info *path[CHAIN_CERTS_MAX];
    size_t n = 0;
    const struct chain_trust *best = NULL;
    for (size_t i = 0; i < c->chain.trust_n && !best; i++)
        if (c->chain.trust[i].path_n > 1)
            best = &c->chain.trust[i];
    for (size_t i = 0; best && i < best->path_n; i++)
        path[n++] = best->path[i].cert;
    for (size_t i = 0; !best && i < c->chain.n; i++)
        if (c->chain.certs[i].readable)
            path[n++] = &c->chain.certs[i].info;
    c->ndistrust = distrust_look(path, n, c->sct.earliest, c->distrust);
}

static int look_at_chain(struct arena *a, const struct view_input *in, struct cert_view *c)
{
    struct chain_input chain = {.ders = c->kept->der, .n = c->kept->n, .host = in->host,
                                .now = in->now, .stores = in->stores, .stores_n = in->nstores,
                                .intermediates = in->nstores ? in->stores[0] : NULL};
    int err = chain_look(a, &chain, &c->chain);
    if (err)
        return err == -ERR_NOMEM ? err : 0;
    const struct cert_info *leaf = &c->chain.certs[0].info;
    c->readable = true;
    struct str issuer = c->kept->n > 1 ? c->kept->der[1] : STR_NONE;
    err = ocsp_look(a, c->kept->status, c->kept->der[0], issuer, in->now, &c->ocsp);
    if (err == -ERR_NOMEM)
        return err;
    look_at_scts(a, in, c);
    look_at_issuers(c);
    weak_key_look(leaf, in->debian_keys, in->ndebian_keys, &c->key);
    return 0;
}

/* Those that were sent for the name first, in TLS 1.3 before older ones: what a browser gets. */
static int rank(const struct cert_view *c)
{
    return (c->kept->with_sni ? 4 : 0) + (c->kept->tls13 ? 2 : 0) + (c->kept->wrong_sni ? 0 : 1);
}

static int by_rank(const void *a, const void *b)
{
    const struct cert_view *x = a, *y = b;
    int d = rank(y) - rank(x);
    return d ? d : (int)x->kept->evidence - (int)y->kept->evidence;
}

static int build_certs(struct arena *a, const struct view_input *in, struct audit_view *v)
{
    const struct tls_facts *f = &in->plan->facts;
    struct cert_view *c = arena_zalloc(a, (f->nchains + 1) * sizeof *c);
    int err = c ? 0 : -ERR_NOMEM;
    for (size_t i = 0; !err && i < f->nchains; i++) {
        c[i].kept = &f->chains[i];
        err = look_at_chain(a, in, &c[i]);
    }
    if (!err && f->nchains > 1)
        qsort(c, f->nchains, sizeof *c, by_rank);
    v->certs = c;
    v->ncerts = err ? 0 : f->nchains;
    return err;
}

struct str view_pin(struct arena *arena, const unsigned char h[32])
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    char out[7 + 44] = "sha256/";
    size_t n = 7;
    for (size_t i = 0; i < 32; i += 3) {
        uint32_t v = (uint32_t)h[i] << 16 | (uint32_t)h[i + 1] << 8 | (i + 2 < 32 ? h[i + 2] : 0);
        for (int k = 3; k >= 0; k--)
            out[n++] = digits[v >> (6 * k) & 63];
    }
    out[n - 1] = '='; /* 32 bytes: the last group has two */
    return arena_str(arena, str_of(out, n));
}

struct str view_spki(struct arena *arena, const struct audit_view *view)
{
    const struct cert_view *leaf = view_leaf(view);
    return leaf ? view_pin(arena, leaf->chain.certs[0].info.spki_sha256) : STR_NONE;
}

/* ---- HTTP ---- */

static enum http_port80 port80(const struct plain_facts *f)
{
    if (!f->asked)
        return PORT80_UNTESTED;
    if (!f->connected)
        return PORT80_CLOSED;
    return f->nhops && f->hops[0].answer ? PORT80_HTTP : PORT80_NO_HTTP;
}

static bool same_place(const struct http_url *a, const struct http_url *b)
{
    return a->https == b->https && a->port == b->port && http_url_same_host(a, b);
}

/* The chain of port 80 goes on with that of https where it leads there. */
static size_t join(const struct plan *p, struct http_hop *to)
{
    size_t n = 0;
    for (size_t i = 0; i < p->plain.nhops; i++)
        to[n++] = p->plain.hops[i];
    if (n && !to[n - 1].answer && p->nhttps && same_place(&to[n - 1].url, &p->https[0].url)) {
        to[n - 1].answer = p->https[0].answer;
        for (size_t i = 1; i < p->nhttps; i++)
            to[n++] = p->https[i];
    }
    return n;
}

/* Whether browsers take the certificate of this host; of others it is not known, and not assumed. */
static bool cert_ok(const struct audit_view *v)
{
    const struct cert_view *leaf = view_leaf(v);
    return leaf && leaf->chain.trusted && leaf->chain.host.verdict == CERT_HOST_OK;
}

static int build_http(struct arena *a, const struct view_input *in, struct audit_view *v)
{
    const struct plan *p = in->plan;
    struct http_hop *https = arena_zalloc(a, 3 * HOPS_MAX * sizeof *https);
    struct http_facts *f = arena_zalloc(a, sizeof *f);
    if (!https || !f)
        return -ERR_NOMEM;
    struct http_hop *plain = https + HOPS_MAX;
    for (size_t i = 0; i < p->nhttps; i++)
        https[i] = p->https[i];
    size_t nplain = join(p, plain), nhttps = p->nhttps;
    bool ok = in->believed || cert_ok(v);
    for (size_t i = 0; i < 3 * HOPS_MAX; i++)
        if (https[i].url.https && same_place(&https[i].url, &p->options.url))
            https[i].cert_ok = ok;
    if (!nhttps && !p->plain.asked)
        return 0;
    struct http_seen seen = {.host = in->host, .now = in->now, .https = https, .nhttps = nhttps,
                             .port80 = port80(&p->plain), .plain = plain, .nplain = nplain,
                             .compressed = p->https_coded, .upgrade = p->plain.options};
    int err = http_facts_gather(f, a, &seen);
    if (!err)
        v->http = f;
    return err;
}

int view_build(struct arena *arena, const struct view_input *in, struct audit_view *ret)
{
    const struct plan *p = in->plan;
    struct audit_view v = {.host = in->host,
                           .port = p->options.url.port,
                           .plain_port = p->options.plain_url.port,
                           .now = in->now,
                           .intrusive = p->options.intrusive,
                           .internal = in->internal,
                           .tls = &p->facts,
                           .plain = &p->plain,
                           .https_evidence = p->https_evidence,
                           .plain_evidence = p->plain.root_evidence,
                           .upgrade_evidence = p->plain.options_evidence,
                           .coded_evidence = p->https_coded_evidence,
                           .dns = in->dns,
                           .quic = in->quic,
                           .trust = in->trust};
    int err = build_certs(arena, in, &v);
    if (!err)
        err = build_http(arena, in, &v);
    if (!err)
        *ret = v;
    return err;
}
