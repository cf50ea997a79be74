/* Is it the right server? What pins, memory and comparisons say about the key that was seen: the
 * facts behind the verdict "man in the middle". Gathered by audit.c and mitm.c. */
#ifndef AUDIT_TRUST_FACTS_H
#define AUDIT_TRUST_FACTS_H

#include "base/str.h"

enum trust_answer {
    TRUST_NOT_ASKED,
    TRUST_SAME,      /* as pinned, expected, remembered, or elsewhere */
    TRUST_DIFFERENT,
    TRUST_NEW,       /* remembered from now on */
    TRUST_FAILED,    /* could not be asked: see `why` */
};

struct trust_comparison {
    enum trust_answer answer;
    struct str with;  /* "192.0.2.7:443", "resolver 9.9.9.9", "via proxy.example:3128", a file */
    struct str seen, expected; /* SHA-256 of the keys as "sha256/BASE64", or issuer names */
    struct str why;
};

enum { TRUST_COMPARISONS_MAX = 32 };

struct trust_facts {
    struct str spki;                   /* of the leaf, "sha256/BASE64"; empty: none seen */
    struct trust_comparison pin;       /* --pin */
    struct trust_comparison issuer;    /* --expect-issuer */
    struct trust_comparison remembered; /* --remember FILE: trust on first use */
    struct trust_comparison addresses[TRUST_COMPARISONS_MAX]; /* the target's other addresses */
    size_t naddresses;
    struct trust_comparison resolvers[TRUST_COMPARISONS_MAX]; /* addresses that other resolvers give */
    size_t nresolvers;
    struct trust_comparison proxies[TRUST_COMPARISONS_MAX];   /* --via */
    size_t nproxies;
};

#endif
