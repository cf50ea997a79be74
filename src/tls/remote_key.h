/* Private keys that live in the keeper, seen from OpenSSL: a provider whose keys know their public
 * half and a hash, and whose signatures are asked of the signer. Internal to this room. */
#ifndef TLS_REMOTE_KEY_H
#define TLS_REMOTE_KEY_H

#include "tls/signer.h"
#include "tls/tls_env.h"

/* A signature that a handshake waits for. Embedded in whoever owns the SSL object; set as
 * env->current while SSL_do_handshake runs (under SSL_MODE_ASYNC). */
struct remote_sign {
    void (*on_ready)(struct remote_sign *); /* go on with the handshake; never called from within it */
    struct sign_ticket *ticket;
    unsigned char *out; /* OpenSSL's, on the paused job's side */
    size_t cap, n;
    int status;
    bool waiting; /* the job is paused: resume only after on_ready or remote_sign_cancel */
};

/* Gives up: the handshake must be run once more, fails, and leaves no job behind. */
void remote_sign_cancel(struct remote_sign *r);

OSSL_PROVIDER *remote_key_load(struct tls_env *e);
/* A key whose public half is `pub`'s and whose private half is where `spki` says. NULL: no memory,
 * or a kind of key that TLS does not sign with. */
EVP_PKEY *remote_key_new(struct tls_env *e, EVP_PKEY *pub, const unsigned char spki[SPKI_HASH]);

#endif
