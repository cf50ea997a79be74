/* A set of certificates, loaded once: roots that some party trusts, or intermediates to complete a
 * chain with. Of each only the subject is read at first: to decode 140 roots takes longer than to
 * audit a server, and an audit needs one or two. Whoever looks for paths has the possible issuers
 * decoded before (trust_store_ready). One thread. */
#ifndef AUDIT_TRUST_STORE_H
#define AUDIT_TRUST_STORE_H

#include "base/arena.h"

#include <openssl/x509.h>

enum { TRUST_STORE_MAX = 4096 }; /* certificates in one */

struct trust_root {
    struct str der;
    X509_NAME *subject;
    bool decoded;
};

struct trust_store {
    char *name;        /* "Mozilla", "--ca FILE" */
    bool public_roots; /* the rules for publicly trusted certificates apply (lifetime, CT) */
    size_t n, bad;     /* certificates; PEM blocks that are none */
    struct trust_root *certs; /* n; room for cap */
    size_t cap;
    struct arena arena; /* of their bytes */
    X509_STORE *roots;    /* those decoded so far */
    STACK_OF(X509) * all; /* the same, for chains to be completed from */
};

/* Every CERTIFICATE block of the PEM text. -ERR_CERT_SYNTAX: not one readable,
 * -ERR_LIMIT, -ERR_NOMEM. */
int must_use trust_store_new(const char *name, struct str pem, bool public_roots,
                             struct trust_store **ret);
/* Decodes those that may stand in a path from these certificates (NULL among them is passed over):
 * named as one of them or as an issuer. -ERR_NOMEM. */
int must_use trust_store_ready(const struct trust_store *s, X509 *const *sent, size_t n);
void trust_store_free(struct trust_store *s);

#endif
