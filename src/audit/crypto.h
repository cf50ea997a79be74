/* What the auditor's TLS client needs of OpenSSL's libcrypto, held ready: an own library context
 * with the default and, where it is installed, the legacy provider (old ciphers are what an audit
 * looks for), digests and ciphers fetched once each, and scratch for hashing.
 *
 * One owner, one thread. A name that the library does not have is no error: NULL or false, asked
 * at run time, so the same binary says more with a newer library. */
#ifndef AUDIT_CRYPTO_H
#define AUDIT_CRYPTO_H

#include "base/buf.h"

#include <openssl/types.h>

enum crypto_md {
    CRYPTO_MD5,
    CRYPTO_SHA1,
    CRYPTO_SHA256,
    CRYPTO_SHA384,
    CRYPTO_SHA512,
    CRYPTO_SM3,
    CRYPTO_MDS
};
enum { CRYPTO_MD_MAX = 64, CRYPTO_MD_BLOCK_MAX = 128 }; /* bytes */

enum { CRYPTO_CIPHERS_MAX = 48 }; /* different names asked for in one life */

struct crypto;

struct crypto *crypto_new(void); /* NULL when out of memory, or without the default provider */
void crypto_free(struct crypto *c);

OSSL_LIB_CTX *crypto_lib(struct crypto *c);
EVP_MD *crypto_md(struct crypto *c, enum crypto_md md); /* borrowed; NULL: not there */
size_t crypto_md_size(enum crypto_md md);               /* bytes; 0 for a number out of range */
/* Borrowed; NULL: not there. `name` has to live as long as `c` (a literal). */
EVP_CIPHER *crypto_cipher(struct crypto *c, const char *name);

int must_use crypto_random(struct crypto *c, void *ret, size_t n);
/* The digest of the parts one after another; `ret` has room for CRYPTO_MD_MAX bytes. */
int must_use crypto_hash(struct crypto *c, enum crypto_md md, const struct str *parts, size_t n,
                         unsigned char *ret);
/* RFC 2104; a key of any length. */
int must_use crypto_hmac(struct crypto *c, enum crypto_md md, struct str key,
                         const struct str *parts, size_t n, unsigned char *ret);
/* Empties the library's queue of errors and gives `err` back: nothing that a hostile peer caused
 * may stay there for the next user of the library in this thread. */
int crypto_fail(int err);

static inline struct str crypto_str(const unsigned char *p, size_t n)
{
    return str_of((const char *)p, n);
}

#endif
