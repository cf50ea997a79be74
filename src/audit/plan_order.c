/* Whose order of suites counts, and what the server likes best. */
#include "audit/plan.h"

static bool is_chacha(uint32_t code)
{
    const struct suite *s = suite_find(code);
    return s && s->enc == SUITE_ENC_CHACHA20_POLY1305;
}

/* What the server has passed over once, but not ChaCha20, which some take whenever it is first. */
static size_t telling(const struct version_facts *f)
{
    for (size_t i = f->nsuites; i-- > 0;)
        if (f->suites[i].later && !is_chacha(f->suites[i].code))
            return i;
    return f->nsuites;
}

struct u16_list plan_suites_to_tell(struct plan *p, enum tls_version_index v)
{
    const struct version_facts *f = &p->facts.v[v];
    uint16_t codes[SUITES_MAX];
    size_t n = 0, first = telling(f);
    if (first < f->nsuites)
        codes[n++] = (uint16_t)f->suites[first].code;
    for (size_t i = f->nsuites; i-- > 0;)
        if (i != first)
            codes[n++] = (uint16_t)f->suites[i].code;
    return offer_copy(p, codes, n);
}

static void make_favourite(struct version_facts *f, uint16_t code)
{
    for (size_t i = 0; i < f->nsuites; i++)
        if (f->suites[i].code == code) {
            struct found_suite found = f->suites[i];
            memmove(f->suites + 1, f->suites, i * sizeof *f->suites);
            f->suites[0] = found;
            return;
        }
}

static void pass_over(struct version_facts *f, struct u16_list offered, uint16_t chosen)
{
    for (size_t i = 0; i < f->nsuites; i++)
        for (size_t k = 0; k < offered.n; k++)
            if (f->suites[i].code == offered.v[k] && offered.v[k] != chosen)
                f->suites[i].later = true;
}

static bool was_passed_over(const struct version_facts *f, uint16_t code)
{
    for (size_t i = 0; i < f->nsuites; i++)
        if (f->suites[i].code == code)
            return f->suites[i].later;
    return false;
}

/* Had there been nothing to tell by, the first suite may just be the favourite. Neither the first nor
 * a favourite: then there is no order, as where several servers stand behind one address. */
static void judge(struct version_facts *f, uint16_t first, uint16_t chosen)
{
    bool passed_over = was_passed_over(f, chosen);
    enum known k = f->server_order;
    if (chosen != first && passed_over)
        f->order_mixed = true;
    else if (chosen != first)
        f->server_order = KNOWN_YES;
    else if (passed_over && !is_chacha(chosen))
        f->server_order = KNOWN_NO;
    f->order_mixed = f->order_mixed || (k != KNOWN_NOT && k != f->server_order);
    if (f->order_mixed)
        f->server_order = KNOWN_NOT;
}

void plan_learn_order(struct plan *p, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    struct u16_list offered = o->spec.hello.suites;
    enum tls_version_index v = hs ? version_index(hs->version) : VI_COUNT;
    if (v == VI_COUNT || (!hs->hello && !hs->retry) || hs->resumed || offered.n < 2)
        return;
    struct version_facts *f = &p->facts.v[v];
    uint16_t chosen = hs->retry && !hs->hello ? hs->retry_suite : hs->suite;
    judge(f, offered.v[0], chosen);
    if (f->server_order == KNOWN_YES)
        make_favourite(f, chosen);
    if (f->server_order != KNOWN_NO)
        pass_over(f, offered, chosen); /* what was offered beside it is less to the server */
}
