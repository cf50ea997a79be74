/* Sets of keys; see key_set.h. */
#include "audit/key_set.h"

#include "audit/view_build.h"

static bool has(const struct key_set *s, const unsigned char spki[32])
{
    for (size_t i = 0; i < s->n; i++)
        if (memcmp(s->v[i].spki, spki, 32) == 0)
            return true;
    return false;
}

/* SIZE_MAX: none. */
static size_t of_kind(const struct key_set *s, enum cert_key kind)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i].kind == kind)
            return i;
    return SIZE_MAX;
}

void key_set_add(struct key_set *s, const unsigned char spki[32], enum cert_key kind)
{
    if (s->n == KEY_SET_MAX || has(s, spki))
        return;
    memcpy(s->v[s->n].spki, spki, 32);
    s->v[s->n++].kind = kind;
}

void key_set_join(struct key_set *s, const struct key_set *more)
{
    for (size_t i = 0; i < more->n; i++)
        key_set_add(s, more->v[i].spki, more->v[i].kind);
    s->complete = s->complete || more->complete;
    s->starved = s->starved || more->starved;
}

void key_set_of(struct key_set *s, const struct tls_facts *f)
{
    for (size_t i = 0; i < f->nchains; i++) {
        const struct kept_chain *c = &f->chains[i];
        struct arena scratch;
        struct cert_info info;
        if (!c->n || (!c->with_sni && !f->name_refused))
            continue;
        arena_init(&scratch, 64 * 1024, 8u * 1024 * 1024);
        if (cert_parse(&scratch, c->der[0], &info) == 0)
            key_set_add(s, info.spki_sha256, info.key);
        s->starved = s->starved || scratch.starved;
        arena_done(&scratch);
    }
}

static void differ(struct arena *a, const struct key_set *expected, size_t like,
                   const unsigned char seen[32], struct trust_comparison *ret)
{
    ret->answer = TRUST_DIFFERENT;
    ret->seen = view_pin(a, seen);
    ret->expected = view_pin(a, expected->v[like < expected->n ? like : 0].spki);
    ret->why = STR_NONE;
}

void key_set_compare(struct arena *a, const struct key_set *expected, const struct key_set *seen,
                     struct trust_comparison *ret)
{
    bool other_kind = false;
    if (expected->starved || seen->starved) {
        ret->answer = TRUST_FAILED;
        ret->why = str_c(err_text(-ERR_NOMEM));
        return;
    }
    for (size_t i = 0; i < seen->n && expected->n; i++) {
        size_t like = of_kind(expected, seen->v[i].kind);
        if (has(expected, seen->v[i].spki))
            continue;
        if (like != SIZE_MAX || expected->complete) {
            differ(a, expected, like, seen->v[i].spki, ret);
            return;
        }
        other_kind = true;
    }
    bool nothing = !seen->n || !expected->n;
    ret->answer = other_kind || nothing ? TRUST_FAILED : TRUST_SAME;
    if (seen->n)
        ret->seen = view_pin(a, seen->v[0].spki);
    if (expected->n)
        ret->expected = view_pin(a, expected->v[0].spki);
    if (other_kind)
        ret->why =
            STR("the certificate has another kind of key, and only like is compared with like");
    else if (nothing && !ret->why.n)
        ret->why = STR("no certificate was seen");
}
