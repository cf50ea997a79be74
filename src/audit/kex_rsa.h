/* Static RSA key exchange (RFC 5246 7.4.7.1), with export keys (RFC 2246) and with blocks of any
 * form, for the checks of Bleichenbacher oracles (ROBOT). Keys of 384 to 16384 bits. */
#ifndef AUDIT_KEX_RSA_H
#define AUDIT_KEX_RSA_H

#include "audit/crypto.h"

enum { KEX_RSA_BITS_MIN = 384, KEX_RSA_BITS_MAX = 16384 };
enum { KEX_RSA_SIZE_MAX = KEX_RSA_BITS_MAX / 8 }; /* bytes */

struct kex_rsa; /* a public key, on the heap; kex_rsa_free */

/* From a SubjectPublicKeyInfo with nothing behind it. -ERR_SYNTAX: unreadable; -ERR_UNSUPPORTED:
 * no RSA (nor RSASSA-PSS, whose keys may not encrypt); -ERR_RANGE: modulus even or of another
 * size, exponent even, 1, or one that costs too much (over 64 bits with over 3072 of modulus). */
int must_use kex_rsa_from_spki(struct crypto *c, struct str der, struct kex_rsa **ret);
/* From the numbers, big-endian: ServerRSAParams of RFC 2246 7.4.3. */
int must_use kex_rsa_from_numbers(struct crypto *c, struct str modulus, struct str exponent,
                                  struct kex_rsa **ret);
void kex_rsa_free(struct kex_rsa *k);

size_t kex_rsa_size(const struct kex_rsa *k); /* bytes of the modulus, and of every ciphertext */
/* block^e mod n, appended with exactly kex_rsa_size bytes. -ERR_RANGE unless the block has that
 * size too and is a number below the modulus (one that begins with a zero byte always is). */
int must_use kex_rsa_encrypt_raw(const struct kex_rsa *k, struct str block, struct buf *out);
/* 00 02, random bytes that are not zero, 00, message (RFC 8017 7.2.1), encrypted. -ERR_RANGE if
 * the message has more than kex_rsa_size - 11 bytes. */
int must_use kex_rsa_encrypt_pkcs1(const struct kex_rsa *k, struct str message, struct buf *out);

#endif
