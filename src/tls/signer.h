/* The worker's door to the keeper: asynchronous signatures. */
#ifndef TLS_SIGNER_H
#define TLS_SIGNER_H

#include "base/metric.h"
#include "process/chan.h"

#define SPKI_HASH 32       /* SHA-256 of the DER SubjectPublicKeyInfo: the name of a key */
#define SIGN_INPUT_MAX 16384
#define SIGNATURE_MAX 1024

enum sign_scheme { SIGN_ECDSA, SIGN_RSA_PKCS1, SIGN_RSA_PSS, SIGN_ED25519 };
enum sign_digest { DIGEST_NONE, DIGEST_SHA256, DIGEST_SHA384, DIGEST_SHA512, DIGEST_SHA1,
                   DIGEST_MD5_SHA1 };

/* On the wire as it is: both ends are the same binary. The whole message goes to the keeper, which
 * hashes and pads by itself: no raw-RSA oracle. */
struct sign_request {
    unsigned char spki[SPKI_HASH];
    uint8_t scheme; /* enum sign_scheme */
    uint8_t digest; /* enum sign_digest */
    uint16_t salt;  /* RSA-PSS salt length in bytes */
    uint32_t n;     /* bytes to be signed, behind this struct */
};

struct signer;
struct sign_ticket; /* one request under way */

struct signer *signer_new(struct loop *loop, struct metrics *metrics);
void signer_free(struct signer *s);
/* A (new) channel to the keeper; the signer takes it. What waited is sent again. */
int must_use signer_attach(struct signer *s, int fd);
/* done(user, status, signature) is called once, later, unless cancelled. At most 4,096 wait;
 * a request unanswered for 10 s fails with -ERR_KEEPER_GONE. NULL: refused (memory, limit). */
struct sign_ticket *signer_sign(struct signer *s, const struct sign_request *request, struct str tbs,
                                void (*done)(void *user, int status, struct str signature),
                                void *user);
void signer_cancel(struct sign_ticket *t);
/* Called with the two ticket secrets (current, previous; 48 bytes each) whenever the keeper sends
 * them. */
void signer_on_ticket_keys(struct signer *s, void (*on_keys)(void *user, struct str body), void *user);

#endif
