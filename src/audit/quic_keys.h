/* Protection of QUIC packets: RFC 9001 5 for version 1, RFC 9369 3.3 for version 2. One direction
 * of one level each. Keys never change within a probe, so key phases are not followed. */
#ifndef AUDIT_QUIC_KEYS_H
#define AUDIT_QUIC_KEYS_H

#include "audit/keysched13.h"
#include "wire/quicpkt.h"

/* Embedded; all zeros: no keys. */
struct quic_keys {
    EVP_CIPHER_CTX *aead, *mask; /* owned */
    unsigned char iv[KEYSCHED13_IV];
    bool ccm, chacha;
};

/* suite: TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384, TLS_CHACHA20_POLY1305_SHA256,
 * TLS_AES_128_CCM_SHA256; -ERR_UNSUPPORTED else (RFC 9001 5.3 forbids CCM_8). sending: seals, else
 * opens. A version that is not known is treated as version 1. */
int must_use quic_keys_init(struct quic_keys *ret, struct crypto *c, uint32_t version,
                            uint16_t suite, const struct keysched13_secret *secret, bool sending);
void quic_keys_done(struct quic_keys *k);
static inline bool quic_keys_are(const struct quic_keys *k)
{
    return k->aead != NULL;
}
/* The digest of such a suite. -ERR_UNSUPPORTED: none of the four. */
int must_use quic_keys_md(uint16_t suite, enum crypto_md *ret);

/* RFC 9001 5.2: secrets out of the client's first destination connection id. */
int must_use quic_keys_initial_secret(struct crypto *c, uint32_t version, struct str dcid,
                                      bool server, struct keysched13_secret *ret);
/* Both directions of the Initial level, seen from the client (server: from the server). */
int must_use quic_keys_initial(struct quic_keys *ret_send, struct quic_keys *ret_receive,
                               struct crypto *c, uint32_t version, struct str dcid, bool server);

/* Opens a packet; next: one more than the largest number received. The plain packet is written to
 * `plain`, which has room for p->whole.n bytes; the payload points into it. -ERR_BAD_MESSAGE: too
 * short, or not authentic: to be dropped. ret_reserved: the reserved bits, which must be 0. */
int must_use quic_keys_open(struct quic_keys *k, const struct quicpkt *p, uint64_t next,
                            unsigned char *plain, uint64_t *ret_number, struct str *ret_payload,
                            unsigned *ret_reserved);
/* Seals in place: at `packet` stand head_n bytes of head, of which the last number_n are the
 * number, then body_n of frames, and there is room for QUICPKT_TAG more. number_n + body_n >= 4
 * (RFC 9001 5.4.2): -ERR_RANGE else. */
int must_use quic_keys_seal(struct quic_keys *k, unsigned char *packet, size_t head_n,
                            size_t number_n, size_t body_n, uint64_t number);

/* RFC 9001 5.8: the tag of a Retry. `retry`: the packet without its tag; odcid: the destination id
 * of the Initial that it answers. */
int must_use quic_keys_retry_tag(struct crypto *c, uint32_t version, struct str odcid,
                                 struct str retry, unsigned char ret[QUICPKT_TAG]);

#endif
