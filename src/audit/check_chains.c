/* See check_chains.h. */
#include "audit/check_chains.h"

#include <stdio.h>

bool check_chains_asked(const struct audit_view *v, const struct cert_view *c)
{
    bool any = false;
    for (size_t i = 0; i < v->ncerts; i++)
        any = any || v->certs[i].kept->with_sni;
    return !any || c->kept->with_sni;
}

static const char *curve_name(struct str curve)
{
    static const char *const name[][2] = {
        {"prime256v1", "P-256"}, {"secp384r1", "P-384"}, {"secp521r1", "P-521"}};
    for (size_t i = 0; i < sizeof name / sizeof *name; i++)
        if (str_eq(curve, str_c(name[i][0])))
            return name[i][1];
    return NULL;
}

const char *check_chains_key(const struct finding *f, const struct cert_info *c)
{
    const char *curve = curve_name(c->curve);
    struct str name = say_cut(f, c->key_name), text = name;
    if (curve)
        text = arena_printf(f->arena, "ECDSA %s", curve);
    else if (c->key == CERT_KEY_EC && c->curve.n)
        text = arena_printf(f->arena, "ECDSA %.*s", STR_ARG(c->curve));
    else if (c->key == CERT_KEY_ED25519 || c->key == CERT_KEY_ED448 || !c->key_bits)
        text = arena_printf(f->arena, "%.*s", STR_ARG(name));
    else
        text = arena_printf(f->arena, "%.*s %u", STR_ARG(name), c->key_bits);
    return text.p ? text.p : "a key";
}

bool check_chains_public(const struct audit_view *v, const struct cert_view *c)
{
    return c->chain.public_path && !v->internal;
}

static const char *why_none(const struct audit_view *v)
{
    if (v->tls && v->tls->failure)
        return v->tls->failure;
    return "no handshake showed one";
}

void check_chains_each(const struct audit_view *v, struct finding *ret, check_chains_fn *fn)
{
    struct say say;
    size_t asked = 0;
    say_init(&say, ret);
    for (size_t i = 0; i < v->ncerts; i++)
        asked += check_chains_asked(v, &v->certs[i]);
    for (size_t i = 0; i < v->ncerts; i++) {
        const struct cert_view *c = &v->certs[i];
        if (!check_chains_asked(v, c))
            continue;
        say.evidence = c->kept->evidence;
        say.prefix = asked > 1 && c->readable ? check_chains_key(ret, check_chains_leaf(c)) : NULL;
        if (c->readable)
            fn(v, c, &say);
        else
            say_unknown(&say, "The certificate that was sent cannot be read.");
    }
    char none[160];
    (void)!snprintf(none, sizeof none, "No certificate was seen: %s.", why_none(v));
    say_end(&say, none);
}
