/* Keys of TLS 1.3 (RFC 8446 7); with other labels QUIC's (RFC 9001 5). Stateless: who speaks the
 * protocol holds the secrets. `md` is the suite's digest; every secret has its size. */
#ifndef AUDIT_KEYSCHED13_H
#define AUDIT_KEYSCHED13_H

#include "audit/crypto.h"

struct keysched13_suite {
    struct crypto *crypto;
    enum crypto_md md;
};

struct keysched13_secret {
    unsigned char b[CRYPTO_MD_MAX];
    size_t n; /* the digest's size */
};

static inline struct str keysched13_str(const struct keysched13_secret *s)
{
    return crypto_str(s->b, s->n);
}

/* HKDF-Extract (RFC 5869 2.2); an empty salt or ikm stands for the digest's size in zeros. */
int must_use keysched13_extract(const struct keysched13_suite *s, struct str salt, struct str ikm,
                                struct keysched13_secret *ret);
/* HKDF-Expand-Label; "tls13 " comes before `label` by itself. label at most 249, context at most
 * 255 bytes, n at most 255 digests: -ERR_RANGE else. `secret` may have any size. */
int must_use keysched13_expand_label(const struct keysched13_suite *s, struct str secret,
                                     struct str label, struct str context, unsigned char *ret,
                                     size_t n);
/* Derive-Secret, with the transcript's hash instead of its messages; an empty one stands for the
 * hash of no messages. `ret` may be `secret`. */
int must_use keysched13_derive(const struct keysched13_suite *s,
                               const struct keysched13_secret *secret, struct str label,
                               struct str transcript_hash, struct keysched13_secret *ret);

/* The three rungs of the ladder. psk may be empty; shared is the key exchange's secret. */
int must_use keysched13_early(const struct keysched13_suite *s, struct str psk,
                              struct keysched13_secret *ret);
int must_use keysched13_handshake(const struct keysched13_suite *s,
                                  const struct keysched13_secret *early, struct str shared,
                                  struct keysched13_secret *ret);
int must_use keysched13_master(const struct keysched13_suite *s,
                               const struct keysched13_secret *handshake,
                               struct keysched13_secret *ret);

/* What hangs on them: which rung, and the transcript up to which message. */
enum keysched13_label {
    KEYSCHED13_EXT_BINDER,  /* early, no messages */
    KEYSCHED13_RES_BINDER,  /* early, no messages */
    KEYSCHED13_C_EARLY,     /* early, ClientHello */
    KEYSCHED13_C_HANDSHAKE, /* handshake, ClientHello..ServerHello */
    KEYSCHED13_S_HANDSHAKE, /* the same */
    KEYSCHED13_C_TRAFFIC,   /* master, ClientHello..server Finished */
    KEYSCHED13_S_TRAFFIC,   /* the same */
    KEYSCHED13_EXPORTER,    /* the same */
    KEYSCHED13_RESUMPTION   /* master, ClientHello..client Finished */
};
int must_use keysched13_named(const struct keysched13_suite *s,
                              const struct keysched13_secret *rung, enum keysched13_label label,
                              struct str transcript_hash, struct keysched13_secret *ret);

/* RFC 8446 7.3: record keys of one traffic secret; key_n bytes of key, 12 of IV. */
enum { KEYSCHED13_IV = 12 };
int must_use keysched13_keys(const struct keysched13_suite *s,
                             const struct keysched13_secret *traffic, unsigned char *ret_key,
                             size_t key_n, unsigned char ret_iv[KEYSCHED13_IV]);
/* RFC 8446 7.2: the next traffic secret, after a KeyUpdate. `ret` may be `traffic`. */
int must_use keysched13_update(const struct keysched13_suite *s,
                               const struct keysched13_secret *traffic,
                               struct keysched13_secret *ret);
/* RFC 8446 4.4.4: verify_data under a handshake traffic secret; 4.2.11.2: a PSK's binder under a
 * binder key, over the transcript with the truncated ClientHello. */
int must_use keysched13_finished(const struct keysched13_suite *s,
                                 const struct keysched13_secret *base, struct str transcript_hash,
                                 struct keysched13_secret *ret);
/* RFC 8446 4.6.1: the PSK that a ticket stands for. */
int must_use keysched13_psk(const struct keysched13_suite *s,
                            const struct keysched13_secret *resumption, struct str ticket_nonce,
                            struct keysched13_secret *ret);

#endif
