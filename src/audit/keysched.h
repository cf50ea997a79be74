/* Keys of SSL 3.0 (RFC 6101 6) to TLS 1.2 (RFC 2246, 4346, 5246 5, 6.3, 7.4.9, 8.1).
 *
 * `version` is the negotiated one, 0x0300 to 0x0303 (-ERR_UNSUPPORTED else); `md` is the suite's
 * PRF digest and counts in TLS 1.2 only: SHA-256, or SHA-384 where the suite says so. Randoms have
 * 32 bytes each. */
#ifndef AUDIT_KEYSCHED_H
#define AUDIT_KEYSCHED_H

#include "audit/transcript.h"

enum {
    KEYSCHED_MASTER = 48,       /* bytes of a master secret */
    KEYSCHED_FINISHED_MAX = 36, /* SSL 3.0; 12 bytes from TLS 1.0 on */
    KEYSCHED_BLOCK_MAX = 416    /* what SSL 3.0's derivation can give at most */
};

struct keysched_suite { /* what every derivation wants to know */
    struct crypto *crypto;
    uint16_t version;
    enum crypto_md md;
};

/* TLS only. n: bytes wanted, at most KEYSCHED_BLOCK_MAX. */
int must_use keysched_prf(const struct keysched_suite *s, struct str secret, struct str label,
                          struct str seed, unsigned char *ret, size_t n);
int must_use keysched_master(const struct keysched_suite *s, struct str premaster,
                             struct str client_random, struct str server_random,
                             unsigned char ret[KEYSCHED_MASTER]);
/* RFC 7627 4; session_hash: transcript_hash up to and with ClientKeyExchange. TLS only. */
int must_use keysched_extended_master(const struct keysched_suite *s, struct str premaster,
                                      struct str session_hash, unsigned char ret[KEYSCHED_MASTER]);
int must_use keysched_block(const struct keysched_suite *s, struct str master,
                            struct str client_random, struct str server_random, unsigned char *ret,
                            size_t n);
/* verify_data of the client's or the server's Finished. */
int must_use keysched_finished(const struct keysched_suite *s, struct str master, bool server,
                               const struct transcript *t, unsigned char ret[KEYSCHED_FINISHED_MAX],
                               size_t *ret_n);

#endif
