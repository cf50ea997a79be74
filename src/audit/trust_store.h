/* A set of certificates, loaded once and only read afterwards: roots that some party trusts, or
 * intermediates to complete a chain with. */
#ifndef AUDIT_TRUST_STORE_H
#define AUDIT_TRUST_STORE_H

#include "base/err.h"
#include "base/str.h"

#include <openssl/x509.h>

enum { TRUST_STORE_MAX = 4096 }; /* certificates in one */

struct trust_store {
    char *name;        /* "Mozilla", "--ca FILE" */
    bool public_roots; /* the rules for publicly trusted certificates apply (lifetime, CT) */
    size_t n, bad;     /* certificates; PEM blocks that are none */
    X509_STORE *roots;
    STACK_OF(X509) * all; /* the same, for chains to be completed from */
};

/* Every CERTIFICATE block of the PEM text. -ERR_CERT_SYNTAX: not one readable,
 * -ERR_LIMIT, -ERR_NOMEM. */
int must_use trust_store_new(const char *name, struct str pem, bool public_roots,
                             struct trust_store **ret);
void trust_store_free(struct trust_store *s);

#endif
