/* What a worker serves TLS with for one snapshot: the SSL_CTX and each site's certificates, chosen
 * by name in the handshake. */
#ifndef TLS_CERTSTORE_H
#define TLS_CERTSTORE_H

#include "base/buf.h"
#include "config/snapshot.h"
#include "io/conn.h"
#include "tls/signer.h"

struct certstore;

/* One chain for each snapshot->certs entry, in that order. */
struct certstore_chain {
    struct str pem;
    unsigned char spki[SPKI_HASH];
};

/* The store keeps a pointer to the snapshot, not a reference: it lives in the same generation.
 * On failure NULL and the reasons in `why`. */
struct certstore *certstore_new(const struct snapshot *snapshot, const struct certstore_chain *chains,
                                size_t n, struct signer *signer, struct buf *why);
/* Replaces chains of a store in use (renewal): new handshakes get the new ones. */
int must_use certstore_update(struct certstore *s, const struct certstore_chain *chains, size_t n,
                              struct buf *why);
/* body of MSG_TICKET_KEYS: 96 bytes. Until the first call tickets are not issued. */
int must_use certstore_ticket_keys(struct certstore *s, struct str body);
struct certstore *certstore_ref(struct certstore *s);
void certstore_unref(struct certstore *s);

#endif
