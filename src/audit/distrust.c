/* See distrust.h. */
#include "audit/distrust.h"

static const struct distrust_row row[] = {
#define DISTRUST(kind, match, text, since, cutoff, owner, reason)                                  \
    {DISTRUST_##kind, DISTRUST_##match, {text, sizeof text - 1}, DISTRUST_##since, cutoff, owner,  \
     reason},
#include "audit/distrust.def"
#undef DISTRUST
};

const struct distrust_row *distrust_rows(size_t *ret_n)
{
    *ret_n = sizeof row / sizeof *row;
    return row;
}

/* One authority, as much as is known of it. */
struct authority {
    struct str o, cn;
    const unsigned char *spki; /* NULL: the certificate is not there */
};

static bool spki_is(const unsigned char *spki, struct str hex)
{
    static const char digit[] = "0123456789abcdef";
    for (size_t i = 0; spki && hex.n == 64 && i < 32; i++)
        if (hex.p[2 * i] != digit[spki[i] >> 4] || hex.p[2 * i + 1] != digit[spki[i] & 15])
            return false;
    return spki && hex.n == 64;
}

static bool matches(const struct distrust_row *r, const struct authority *a)
{
    switch (r->match) {
    case DISTRUST_SPKI: return spki_is(a->spki, r->text);
    case DISTRUST_O: return str_ieq(a->o, r->text);
    case DISTRUST_CN: return str_ieq(a->cn, r->text);
    case DISTRUST_O_START: return str_istarts(a->o, r->text);
    case DISTRUST_CN_START: return str_istarts(a->cn, r->text);
    }
    return false;
}

struct search {
    int64_t not_before, earliest_sct;
    struct distrust_hit *hit;
    size_t n;
};

static bool told(const struct search *s, const struct distrust_row *r)
{
    for (size_t i = 0; i < s->n; i++)
        if (strcmp(s->hit[i].row->reason, r->reason) == 0 ||
            strcmp(s->hit[i].row->owner, r->owner) == 0)
            return true;
    return false;
}

/* The first row that fits: rows by key stand before those by name. */
static void search(struct search *s, const struct authority *a, size_t at)
{
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const struct distrust_row *r = &row[i];
        if (!matches(r, a))
            continue;
        if (told(s, r) || s->n == DISTRUST_HITS_MAX)
            return;
        int64_t born = s->earliest_sct ? s->earliest_sct : s->not_before;
        s->hit[s->n++] = (struct distrust_hit){
            .row = r,
            .at = at,
            .applies = r->since == DISTRUST_ALWAYS || born > r->cutoff,
            .certain = r->match == DISTRUST_SPKI,
            .by_date = r->since == DISTRUST_SCT && !s->earliest_sct,
        };
        return;
    }
}

size_t distrust_look(const struct cert_info *const *path, size_t n, int64_t earliest_sct,
                     struct distrust_hit ret[DISTRUST_HITS_MAX])
{
    if (n == 0)
        return 0;
    struct search s = {path[0]->not_before, earliest_sct, ret, 0};
    /* From the root down: a root by its key is told rather than its intermediate by name. */
    const struct cert_info *last = path[n - 1];
    if (!last->self_issued) {
        struct authority a = {last->issuer_o, last->issuer_cn, NULL};
        search(&s, &a, n);
    }
    for (size_t i = n - 1; i > 0; i--) {
        struct authority a = {path[i]->subject_o, path[i]->subject_cn, path[i]->spki_sha256};
        search(&s, &a, i);
    }
    if (last->self_issued && n == 1) { /* only the key: it may be the appliance's own page */
        struct authority a = {STR_NONE, STR_NONE, path[0]->spki_sha256};
        search(&s, &a, 0);
    }
    return s.n;
}
