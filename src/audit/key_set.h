/* The keys of a server's certificates, as seen on one way to it, to be compared with those seen on
 * another. A server may have a certificate of each kind (RSA, ECDSA) and choose; so like is
 * compared with like, unless all that a server has is known. Pure. */
#ifndef AUDIT_KEY_SET_H
#define AUDIT_KEY_SET_H

#include "audit/cert_parse.h"
#include "audit/tls_facts.h"
#include "audit/trust_facts.h"

enum { KEY_SET_MAX = 64 };

struct key_set {
    struct {
        unsigned char spki[32]; /* SHA-256 */
        enum cert_key kind;
    } v[KEY_SET_MAX];
    size_t n;
    bool complete; /* every kind was asked for: one that is not here is not there */
    bool starved;  /* one is not here for want of memory */
};

void key_set_add(struct key_set *s, const unsigned char spki[32], enum cert_key kind);
void key_set_join(struct key_set *s, const struct key_set *more);
/* The leaves that were sent for the name asked for. */
void key_set_of(struct key_set *s, const struct tls_facts *f);
/* Fills answer, seen, expected, and why of a failure (nothing seen: only where there is none yet);
 * `with` is the caller's. Texts in the arena. */
void key_set_compare(struct arena *a, const struct key_set *expected, const struct key_set *seen,
                     struct trust_comparison *ret);

#endif
