/* A stapled answer: the certificate and its issuer, each with a length of two bytes in front, then the
 * response. Nobody but the issuer or his delegate can make one that counts. */
#include "audit/ocsp.h"
#include "audit/sct.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct str take(struct str *in)
{
    if (in->n < 2)
        return STR_NONE;
    size_t n = (size_t)(unsigned char)in->p[0] << 8 | (unsigned char)in->p[1];
    struct str s = str_sub(*in, 2, n);
    *in = str_from(*in, 2 + s.n);
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size), cert = take(&in), issuer = take(&in);
    struct arena a;
    struct ocsp_facts f;
    struct sct_list l = {0};
    arena_init(&a, 16 * 1024, 1 << 20);
    int err = ocsp_look(&a, in, cert, issuer, 1790000000, &f);
    assert(err == 0 || err == -ERR_CERT_SYNTAX);
    if (err == 0) {
        assert(!f.signature_good ||
               f.signer == OCSP_SIGNER_ISSUER || f.signer == OCSP_SIGNER_DELEGATED);
        assert(f.answer >= OCSP_OTHER || f.signer == OCSP_SIGNER_NONE);
        (void)!sct_list_add(&l, SCT_FROM_OCSP, f.scts);
    }
    arena_done(&a);
    return 0;
}
