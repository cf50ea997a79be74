/* What all TLS of a worker shares: OpenSSL's library context with our key provider, algorithms
 * fetched once, and the buffers that records pass through. Internal to this room. */
#ifndef TLS_TLS_ENV_H
#define TLS_TLS_ENV_H

#include "io/loop.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/provider.h>

enum {
    TLS_RECORD = 16384,        /* most plaintext in a record (RFC 8446 5.1) */
    TLS_IN_MAX = 64 * 1024,    /* ciphertext read at a time */
    TLS_BATCH = 256 * 1024,    /* plaintext of a file sealed at a time, at most */
    TLS_OUT_MAX = 320 * 1024,  /* ciphertext sent at a time */
};

/* The properties of every algorithm that is not one of our keys: see remote_key.c. Where there are
 * two, the lean one: see tls13_kdf.c. */
#define TLS_PROPERTIES "?provider!=g443key,?g443.lean=yes"

struct signer;
struct remote_sign;
struct tls_stream;

/* Shared by reference: the signer has one, each certstore another. */
struct tls_env {
    uint32_t refs;
    struct loop *loop;     /* NULL once the signer is gone */
    struct signer *signer; /* likewise */
    OSSL_LIB_CTX *lib;
    OSSL_PROVIDER *common, *keys, *kdf;
    BIO_METHOD *bio;
    EVP_CIPHER *ticket_cipher;
    EVP_KDF *hkdf;
    struct remote_sign *current; /* of the handshake that runs now */
    unsigned char *in, *out, *plain;
    size_t out_n;               /* valid bytes in `out` */
    struct tls_stream *in_user; /* whose unread ciphertext is in `in` */
    struct list yielded;        /* streams that go on in the next turn */
    struct timer yield;
};

/* NULL: no memory, or OpenSSL lacks something. */
struct tls_env *tls_env_new(struct loop *loop, struct signer *signer);
struct tls_env *tls_env_ref(struct tls_env *e);
void tls_env_unref(struct tls_env *e);
/* The signer ends: what remains alive cannot sign nor yield any more. */
void tls_env_stop(struct tls_env *e);
struct tls_env *signer_env(struct signer *s); /* signer.c */

/* For the streams (tls_stream.c). */
int tls_bio_read(BIO *b, char *p, int n);
int tls_bio_write(BIO *b, const char *p, int n);
void tls_stream_yielded(struct list *link); /* one of `yielded`, already removed */

#endif
