/* A certificate from a stranger: whatever it is, the facts stay inside of their limits, and reading
 * them twice gives the same. */
#include "audit/cert_host.h"
#include "audit/cert_life.h"
#include "audit/distrust.h"
#include "audit/weak_key.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_list(const struct cert_list *l, size_t max)
{
    assert(l->n <= max);
    for (size_t i = 0; i < l->n; i++)
        assert(l->v[i].p && l->v[i].p[l->v[i].n] == '\0');
}

static void check_text(struct str s)
{
    assert(s.n <= 1024 && str_is_utf8(s));
    for (size_t i = 0; i < s.n; i++)
        assert((unsigned char)s.p[i] >= 0x20 && s.p[i] != 0x7f);
}

static void check(const struct cert_info *c)
{
    const struct str text[] = {c->subject,   c->subject_cn, c->subject_o, c->issuer,
                               c->issuer_cn, c->issuer_o,   c->serial,    c->key_name,
                               c->curve,     c->sig_name};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        check_text(text[i]);
    check_list(&c->dns, CERT_SAN_MAX);
    check_list(&c->ip, CERT_SAN_MAX);
    check_list(&c->eku, CERT_LIST_MAX);
    check_list(&c->policies, CERT_LIST_MAX);
    check_list(&c->ca_issuers, CERT_LIST_MAX);
    check_list(&c->ocsp, CERT_LIST_MAX);
    check_list(&c->crl, CERT_LIST_MAX);
    assert(!c->self_signed || c->self_issued);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct arena a;
    struct cert_info c, again;
    struct cert_host_facts host;
    struct cert_life_facts life;
    struct weak_key weak;
    struct distrust_hit hit[DISTRUST_HITS_MAX];
    const struct cert_info *path[] = {&c};
    arena_init(&a, 16 * 1024, 16 * size + 16 * 1024); /* cert_parse.h's promise */
    int err = cert_parse(&a, in, &c);
    assert(err == 0 || err == -ERR_CERT_SYNTAX);
    if (err == 0) {
        check(&c);
        cert_host_match(&c, STR("a.example"), &host);
        cert_life(&c, 1790000000, &life);
        weak_key_look(&c, NULL, 0, &weak);
        assert(distrust_look(path, 1, 0, hit) <= DISTRUST_HITS_MAX);
        arena_reset(&a);
        assert(cert_parse(&a, in, &again) == 0 && again.dns.n == c.dns.n);
    }
    arena_done(&a);
    return 0;
}
