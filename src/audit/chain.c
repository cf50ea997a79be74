/* A chain as sent; see chain.h.
 *
 * Which certificate signed which is found by name, key identifiers and signature. All 64 may carry
 * the same name and keys of 16384 bits, so the number of signatures that are checked is limited. */
#include "audit/chain.h"

#include "audit/chain_path.h"
#include "audit/trust_store.h"
#include "audit/x509_der.h"

#include <openssl/err.h>

enum { SIGNATURES_MAX = 192 };
enum link { LINK_UNKNOWN, LINK_YES, LINK_NO };

/* One look under way. */
struct look {
    struct arena *a;
    const struct chain_input *in;
    struct chain_facts *f;
    X509 *x[CHAIN_CERTS_MAX];
    uint8_t link[CHAIN_CERTS_MAX][CHAIN_CERTS_MAX]; /* [certificate][issuer], enum link */
    unsigned signatures;
};

/* Did j sign i? */
static bool signed_by(struct look *l, size_t i, size_t j)
{
    uint8_t *known = &l->link[i][j];
    if (*known != LINK_UNKNOWN || !l->x[i] || !l->x[j])
        return *known == LINK_YES;
    if (X509_NAME_cmp(X509_get_issuer_name(l->x[i]), X509_get_subject_name(l->x[j]))) {
        *known = LINK_NO;
        return false;
    }
    if (l->signatures == SIGNATURES_MAX) {
        l->f->signatures_cut = true;
        return false;
    }
    l->signatures++;
    *known = x509_der_signed_by(l->x[i], l->x[j]) ? LINK_YES : LINK_NO;
    return *known == LINK_YES;
}

/* ---- reading ---- */

static void read_one(struct look *l, size_t i, int *err)
{
    struct chain_cert *c = &l->f->certs[i];
    *c = (struct chain_cert){.issuer = -1};
    l->x[i] = x509_der_read(l->in->ders[i]);
    if (!l->x[i]) {
        l->f->unreadable++;
        return;
    }
    *err = cert_parse(l->a, l->in->ders[i], &c->info);
    c->readable = *err == 0;
    c->root = i > 0 && c->info.self_signed;
    for (size_t j = 0; c->readable && j < i; j++)
        if (l->f->certs[j].readable && memcmp(l->f->certs[j].info.sha256, c->info.sha256, 32) == 0)
            c->duplicate = true;
}

static int read_all(struct look *l)
{
    struct chain_facts *f = l->f;
    size_t n = 0, bytes = 0;
    while (n < l->in->n && n < CHAIN_CERTS_MAX && l->in->ders[n].n <= CHAIN_BYTES_MAX - bytes)
        bytes += l->in->ders[n++].n;
    f->dropped = l->in->n - n;
    f->certs = arena_zalloc(l->a, (n ? n : 1) * sizeof *f->certs);
    if (!f->certs)
        return -ERR_NOMEM;
    int err = 0;
    for (size_t i = 0; !err && i < n; i++, f->n = i)
        read_one(l, i, &err);
    if (err)
        return err;
    return f->n && f->certs[0].readable ? 0 : -ERR_CERT_SYNTAX;
}

/* ---- order ---- */

/* Marks what leads to the server's certificate; the rest is extra. Over cross-signed issuers there
 * can be more than one way, so this is a search, not a walk. */
static void find_extra(struct look *l)
{
    struct chain_facts *f = l->f;
    size_t queue[CHAIN_CERTS_MAX] = {0}, head = 0, tail = 1;
    bool seen[CHAIN_CERTS_MAX] = {true};
    while (head < tail) {
        size_t i = queue[head++];
        for (size_t j = 0; j < f->n; j++) {
            if (f->certs[j].duplicate || !signed_by(l, i, j))
                continue;
            if (f->certs[i].issuer < 0)
                f->certs[i].issuer = (int)j;
            if (!seen[j])
                queue[tail++] = j;
            seen[j] = true;
        }
    }
    for (size_t i = 0; i < f->n; i++)
        f->certs[i].extra = f->certs[i].readable && !f->certs[i].duplicate && !seen[i];
}

static void find_order(struct look *l)
{
    struct chain_facts *f = l->f;
    size_t last = 0;
    f->in_order = true;
    for (size_t i = 0; i < f->n; i++) {
        const struct chain_cert *c = &f->certs[i];
        f->duplicates += c->duplicate;
        f->extra += c->extra;
        f->root_sent |= c->root && !c->duplicate;
        if (i == 0 || !c->readable || c->duplicate || c->extra)
            continue;
        f->in_order &= signed_by(l, last, i);
        last = i;
    }
}

/* The end of the walk from the server's certificate over what was sent. */
static const struct chain_cert *walk_end(const struct chain_facts *f)
{
    size_t at = 0;
    for (size_t steps = 0; steps < f->n; steps++) {
        int next = f->certs[at].issuer;
        if (next < 0 || (size_t)next == at)
            break;
        at = (size_t)next;
    }
    return &f->certs[at];
}

static void find_missing(struct look *l)
{
    struct chain_facts *f = l->f;
    const struct chain_cert *end = walk_end(f);
    bool completed = false;
    for (size_t i = 0; i < f->trust_n; i++) {
        if (!f->trust[i].completed && !(f->trust[i].faults & CHAIN_UNKNOWN_CA))
            return;
        completed |= f->trust[i].completed;
    }
    if (end->info.self_signed && !completed)
        return;
    f->missing = end->info.issuer;
    if (end->info.ca_issuers.n)
        f->missing_uri = end->info.ca_issuers.v[0];
    f->whole = completed                ? CHAIN_INCOMPLETE
               : end->info.ca_issuers.n ? CHAIN_INCOMPLETE_AIA
                                        : CHAIN_UNKNOWN_ISSUER;
}

/* ---- trust ---- */

static int ask_stores(struct look *l)
{
    struct chain_facts *f = l->f;
    for (size_t i = 0; i < l->in->stores_n && f->trust_n < CHAIN_STORES_MAX; i++) {
        struct chain_trust *t = &f->trust[f->trust_n];
        int err = chain_path_find(l->a, l->in, l->in->stores[i], f, l->x, t);
        if (err)
            return err;
        f->trust_n++;
        f->trusted |= t->trusted;
        f->public_path |= t->public_roots && chain_has_path(t);
    }
    return 0;
}

static void find_life(struct look *l)
{
    struct chain_facts *f = l->f;
    cert_life(&f->certs[0].info, l->in->now, &f->life);
    f->first_to_end = f->life;
    for (size_t i = 0; f->trust_n && i < f->trust[0].path_n; i++) {
        struct cert_life_facts life;
        cert_life(f->trust[0].path[i].cert, l->in->now, &life);
        if (life.readable && life.left < f->first_to_end.left)
            f->first_to_end = life;
    }
}

static int look(struct look *l)
{
    int err = read_all(l);
    if (err)
        return err;
    find_extra(l);
    find_order(l);
    err = ask_stores(l);
    if (err)
        return err;
    find_missing(l);
    find_life(l);
    cert_host_match(&l->f->certs[0].info, l->in->host, &l->f->host);
    return 0;
}

int chain_look(struct arena *a, const struct chain_input *in, struct chain_facts *ret)
{
    struct chain_facts f = {0};
    struct look l = {.a = a, .in = in, .f = &f};
    int err = look(&l);
    for (size_t i = 0; i < CHAIN_CERTS_MAX; i++)
        X509_free(l.x[i]);
    ERR_clear_error();
    if (!err)
        *ret = f;
    return err;
}
