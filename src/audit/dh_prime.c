/* Looking primes up by digest, so that the table stays readable; see dh_prime.h. */
#include "audit/dh_prime.h"

#include <openssl/sha.h>

static const struct dh_prime table[] = {
#define DH_PRIME(name, bits, sha256) {name, bits, sha256},
#include "audit/dh_prime.def"
#undef DH_PRIME
};
enum { COUNT = sizeof table / sizeof *table };

const struct dh_prime *dh_prime_at(size_t i)
{
    return i < COUNT ? &table[i] : NULL;
}

const struct dh_prime *dh_prime_find(struct str p)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char digest[SHA256_DIGEST_LENGTH];
    char hex[2 * SHA256_DIGEST_LENGTH];
    while (p.n && !p.p[0])
        p = str_from(p, 1);
    if (!p.n || !SHA256((const unsigned char *)p.p, p.n, digest))
        return NULL;
    for (size_t i = 0; i < sizeof digest; i++) {
        hex[2 * i] = digits[digest[i] >> 4];
        hex[2 * i + 1] = digits[digest[i] & 15];
    }
    for (size_t i = 0; i < COUNT; i++)
        if (memcmp(table[i].sha256, hex, sizeof hex) == 0)
            return &table[i];
    return NULL;
}
