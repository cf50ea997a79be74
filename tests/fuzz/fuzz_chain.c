/* A list of certificates as a server may send it: each with a length of two bytes in front. The last
 * one is also what the one store trusts. */
#include "audit/chain.h"
#include "audit/trust_store.h"

#include <assert.h>
#include <openssl/pem.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* NULL: is none. */
static struct trust_store *store_of(struct str der)
{
    struct trust_store *s = NULL;
    char *pem;
    BIO *b = BIO_new(BIO_s_mem());
    if (b && PEM_write_bio(b, PEM_STRING_X509, "", (const unsigned char *)der.p, (long)der.n) > 0) {
        long n = BIO_get_mem_data(b, &pem);
        if (trust_store_new("last", str_of(pem, (size_t)n), true, &s))
            s = NULL;
    }
    BIO_free(b);
    return s;
}

static size_t split(struct str in, struct str *der, size_t max)
{
    size_t n = 0;
    while (in.n >= 2 && n < max) {
        size_t len = (size_t)(unsigned char)in.p[0] << 8 | (unsigned char)in.p[1];
        der[n] = str_sub(in, 2, len);
        in = str_from(in, 2 + der[n].n);
        n++;
    }
    return n;
}

static void check(const struct chain_facts *f)
{
    assert(f->n <= CHAIN_CERTS_MAX && f->trust_n <= 1 && f->unreadable < f->n);
    assert(f->duplicates + f->extra + f->unreadable < f->n);
    for (size_t i = 0; i < f->n; i++)
        assert(f->certs[i].issuer < (int)f->n);
    for (size_t i = 0; i < f->trust_n; i++) {
        const struct chain_trust *t = &f->trust[i];
        assert(t->path_n <= CHAIN_PATH_MAX && t->trusted == (t->faults == 0 && !t->completed));
        for (size_t j = 0; j < t->path_n; j++)
            assert(t->path[j].cert && t->path[j].sent < (int)f->n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct str der[CHAIN_CERTS_MAX + 4];
    struct arena a;
    struct chain_facts f;
    size_t n = split(str_of((const char *)data, size), der, CHAIN_CERTS_MAX + 4);
    struct trust_store *s = n ? store_of(der[n - 1]) : NULL;
    const struct trust_store *stores[] = {s};
    struct chain_input in = {der, n, STR("a.example"), 1790000000, stores, s != NULL, s};
    arena_init(&a, 64 * 1024, 16 << 20);
    int err = chain_look(&a, &in, &f);
    assert(err == 0 || err == -ERR_CERT_SYNTAX);
    if (err == 0)
        check(&f);
    arena_done(&a);
    trust_store_free(s);
    return 0;
}
