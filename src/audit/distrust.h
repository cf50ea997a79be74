/* Authorities in a path that browsers have stopped trusting, or that exist to intercept. The table
 * is distrust.def. */
#ifndef AUDIT_DISTRUST_H
#define AUDIT_DISTRUST_H

#include "audit/cert_parse.h"

enum distrust_kind {
    DISTRUST_COMPROMISED, /* false certificates of it were used in attacks */
    DISTRUST_REMOVED,     /* from the stores of browsers, or for what is issued after a date */
    DISTRUST_MALWARE,     /* everybody can have its private key */
    DISTRUST_STATE,       /* a state's interception */
    DISTRUST_APPLIANCE,   /* a company's gateway, a virus scanner, a debugging proxy */
};

enum distrust_match {
    DISTRUST_SPKI,
    DISTRUST_O,
    DISTRUST_CN,
    DISTRUST_O_START,
    DISTRUST_CN_START,
};

enum distrust_since { DISTRUST_ALWAYS, DISTRUST_SCT };

struct distrust_row {
    enum distrust_kind kind;
    enum distrust_match match;
    struct str text;
    enum distrust_since since;
    int64_t cutoff; /* s since 1970 */
    const char *owner, *reason;
};

struct distrust_hit {
    const struct distrust_row *row;
    size_t at; /* in the path; its length: the issuer of the last one, which is not there itself */
    bool applies; /* always, or this certificate is later than the cut-off */
    bool certain; /* by the key, not only by a name */
    bool by_date; /* no SCT known: the cut-off was held against notBefore */
};

enum { DISTRUST_HITS_MAX = 8 };

/* A path, the server's certificate first, its own names do not count. `earliest_sct`: s since 1970,
 * 0: none known. Each owner is told once. Returns how many of ret are set. */
size_t distrust_look(const struct cert_info *const *path, size_t n, int64_t earliest_sct,
                     struct distrust_hit ret[DISTRUST_HITS_MAX]);
/* The table, for documentation and tests. */
const struct distrust_row *distrust_rows(size_t *ret_n);

#endif
