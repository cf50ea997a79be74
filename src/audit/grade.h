/* What the grades have in common: the letters and their order, a list of causes, and the keys that
 * a server proves itself with. */
#ifndef AUDIT_GRADE_H
#define AUDIT_GRADE_H

#include "audit/report.h"
#include "wire/suite.h"
#include "wire/tls_names.h"

/* Worst first. T: not trusted, M: the name does not match; both are worse than any letter, for who
 * the server is comes first. */
enum grade_rank {
    GRADE_T,
    GRADE_M,
    GRADE_F,
    GRADE_E,
    GRADE_D,
    GRADE_C,
    GRADE_B,
    GRADE_A_MINUS,
    GRADE_A,
    GRADE_A_PLUS,
    GRADE_RANKS,
};
const char *grade_letter(enum grade_rank r); /* "A+"; static */

/* Room for `max` causes from the arena; ret is a grade without a letter. -ERR_NOMEM. */
int must_use grade_start(struct arena *a, size_t max, struct grade *ret);
/* Appends; the caller keeps within `max`. cap GRADE_RANKS: only points are lost. */
void grade_add(struct grade *g, const char *rule, const char *check, enum grade_rank cap);

/* The key of one certificate of a server. */
struct grade_key {
    enum tls_key type;
    unsigned bits;  /* as the certificate counts: 2048, 256; 0: unknown */
    uint16_t group; /* of ECDSA, as in supported_groups; 0: another one, or another type */
};
/* The RSA key that is as strong (NIST SP 800-57 part 1, 5.6.1); 0: unknown. */
unsigned grade_key_rsa_bits(const struct grade_key *k);
/* The server's key for what a suite is authenticated by; NULL: it has none. With a suite of TLS 1.3
 * the weakest. */
const struct grade_key *grade_key_of(const struct grade_key *keys, size_t n, enum suite_auth auth);

#endif
