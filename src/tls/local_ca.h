/* The local authority: a key and a certificate in the state directory, and leaves signed by them.
 * Internal to this room; the keyvault is its only user. */
#ifndef TLS_LOCAL_CA_H
#define TLS_LOCAL_CA_H

#include "base/buf.h"

#include <openssl/x509.h>

/* Owned by the keyvault. */
struct local_ca {
    EVP_PKEY *key;
    X509 *cert;
};

/* As keyvault_open_ca. */
int must_use local_ca_open(struct local_ca *ca, int dirfd, int64_t wall, struct buf *why);
/* One that lives in memory alone and ends with the process. */
int must_use local_ca_make(struct local_ca *ca, int64_t wall);
void local_ca_done(struct local_ca *ca);
/* A certificate for `key`, as keyvault_issue; appended to ret_chain as PEM. */
int must_use local_ca_issue(const struct local_ca *ca, EVP_PKEY *key, const struct str *names,
                            size_t n, int64_t wall, int64_t seconds, struct buf *ret_chain);

#endif
