/* The running hash of a handshake's messages (RFC 5246 7.4.9, RFC 8446 4.4.1): whole messages with
 * their four-byte headers, without record headers. Which digest it takes is known only once the
 * server has chosen; until then the bytes are kept. */
#ifndef AUDIT_TRANSCRIPT_H
#define AUDIT_TRANSCRIPT_H

#include "audit/crypto.h"

enum { TRANSCRIPT_HASH_MAX = CRYPTO_MD_MAX }; /* bytes */

/* Embedded; owns its contexts and at most `max` kept bytes. */
struct transcript {
    struct crypto *crypto; /* borrowed, outlives it */
    struct buf kept;       /* messages, until the digest is chosen */
    EVP_MD_CTX *ctx[2];    /* MD5 and SHA-1 up to TLS 1.1, else one */
    enum crypto_md md[2];
    int mds;       /* 0 until chosen */
    bool keep_all;
    size_t n, max; /* bytes of messages added, and how many may be */
};

/* max: bytes of messages, before and after the choice together. keep_all, set behind it: in TLS 1.2 the
 * bytes stay in `kept` after the choice, for a client's signature over them, whose digest is another
 * choice (RFC 5246 7.4.8). */
void transcript_init(struct transcript *t, struct crypto *c, size_t max);
void transcript_done(struct transcript *t);
int must_use transcript_add(struct transcript *t, struct str message); /* -ERR_LIMIT beyond max */

/* Chooses: up to TLS 1.1 (`version` below 0x0303) MD5 and SHA-1, from TLS 1.2 on `md`. Once only,
 * -ERR_INVAL else. The kept bytes are hashed and let go. */
int must_use transcript_choose(struct transcript *t, uint16_t version, enum crypto_md md);
/* The hash of all messages so far, which goes on afterwards; up to TLS 1.1 the 36 bytes of MD5 and
 * SHA-1 one after another. `ret` has room for TRANSCRIPT_HASH_MAX bytes. -ERR_INVAL before the
 * choice. */
int must_use transcript_hash(const struct transcript *t, unsigned char *ret, size_t *ret_n);
/* The same as if `more` came behind the messages, with one digest: the chosen one (either of both
 * up to TLS 1.1), or any before the choice, as a PSK's binder needs (RFC 8446 4.2.11.2). */
int must_use transcript_hash_with(const struct transcript *t, enum crypto_md md,
                                  const struct str *more, size_t n, unsigned char *ret);
/* RFC 8446 4.4.1: after a HelloRetryRequest the messages so far (the first ClientHello alone) count
 * as one message_hash. Call it after the choice, before adding the HelloRetryRequest. */
int must_use transcript_retry(struct transcript *t);

#endif
