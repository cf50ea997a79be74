/* Pins, the expected issuer, memory and comparisons; see audit_trust.h. */
#include "audit/audit_trust.h"

/* The path of the first store that found one, else what was sent. */
static size_t path_of(const struct cert_view *c, const struct cert_info *path[CHAIN_CERTS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < c->chain.trust_n; i++) {
        const struct chain_trust *t = &c->chain.trust[i];
        if (t->path_n < 2)
            continue;
        for (; n < t->path_n; n++)
            path[n] = t->path[n].cert;
        return n;
    }
    for (size_t i = 0; i < c->chain.n; i++)
        if (c->chain.certs[i].readable)
            path[n++] = &c->chain.certs[i].info;
    return n;
}

static int remember(struct arena *arena, const struct audit_view *view,
                    const struct audit_trust_input *in, struct trust_facts *ret)
{
    struct mitm_visit visit = {.host = view->host, .port = view->port, .spki = ret->spki,
                               .file = in->remembered_file, .now = view->now};
    if (!in->remembered)
        return 0;
    int err = mitm_store_visit(in->remembered, arena, &visit, &ret->remembered);
    if (err && err != -ERR_NOMEM)
        ret->remembered = (struct trust_comparison){.answer = TRUST_FAILED,
                                                    .with = in->remembered_file,
                                                    .why = str_c(err_text(err))};
    return err == -ERR_NOMEM ? err : 0;
}

int audit_trust(struct arena *arena, const struct audit_view *view,
                const struct audit_trust_input *in, struct trust_facts *ret)
{
    const struct cert_info *path[CHAIN_CERTS_MAX];
    const struct cert_view *leaf = view_leaf(view);
    struct mitm_input m = {.path = path, .npath = leaf ? path_of(leaf, path) : 0,
                           .pins = in->pins, .pins_from = in->pins_from, .issuer = in->issuer,
                           .addresses = in->addresses, .naddresses = in->naddresses,
                           .resolvers = in->resolvers, .nresolvers = in->nresolvers,
                           .proxies = in->proxies, .nproxies = in->nproxies};
    int err = mitm_judge(arena, &m, ret);
    return err ? err : remember(arena, view, in, ret);
}
