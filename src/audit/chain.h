/* A chain as a server sent it, for one host at one time, seen by each trust store (RFC 5280 6,
 * RFC 8446 4.4.2). Pure: the stores are loaded by the caller, nothing is fetched. */
#ifndef AUDIT_CHAIN_H
#define AUDIT_CHAIN_H

#include "audit/cert_host.h"
#include "audit/cert_life.h"

enum {
    CHAIN_CERTS_MAX = 64,      /* certificates looked at, of those sent */
    CHAIN_BYTES_MAX = 1 << 20, /* and their bytes */
    CHAIN_PATH_MAX = 16,
    CHAIN_STORES_MAX = 8,
};

struct trust_store;

/* Why a store does not trust it; several can hold. */
enum chain_fault {
    CHAIN_EXPIRED = 1 << 0, /* any certificate of the path */
    CHAIN_NOT_YET = 1 << 1,
    CHAIN_UNKNOWN_CA = 1 << 2,           /* no path to a root of this store */
    CHAIN_SELF_SIGNED = 1 << 3,          /* the server's own certificate is */
    CHAIN_SELF_SIGNED_IN_CHAIN = 1 << 4, /* a root was sent that this store lacks */
    CHAIN_BAD_SIGNATURE = 1 << 5,
    CHAIN_NAME_CONSTRAINTS = 1 << 6,
    CHAIN_PURPOSE = 1 << 7,  /* extended key usage: not for servers */
    CHAIN_PATH_LEN = 1 << 8, /* basicConstraints, or longer than CHAIN_PATH_MAX */
    CHAIN_NOT_CA = 1 << 9,   /* an issuer is no authority, or may not sign */
    CHAIN_OTHER = 1 << 10,   /* see error_text */
};

struct chain_step {
    int sent; /* place in what was sent, from 0; -1: from the store or the intermediates */
    const struct cert_info *cert;
};

/* What one store says. */
struct chain_trust {
    const char *store; /* its name, borrowed */
    bool public_roots;
    bool trusted;   /* with what was sent alone */
    bool completed; /* a path to a root exists only with the intermediates given; `path` shows it */
    unsigned faults; /* enum chain_fault, of `path`; completed ones have no CHAIN_UNKNOWN_CA */
    int error;       /* OpenSSL's X509_V_ERR_…, the first met; 0: none */
    struct str error_text;
    int error_depth;                        /* where in the path, 0: the server's certificate */
    struct chain_step path[CHAIN_PATH_MAX]; /* as far as it was found, the server's first */
    size_t path_n;
};

enum chain_whole {
    CHAIN_COMPLETE,       /* reaches a root of some store, or one that was sent */
    CHAIN_INCOMPLETE,     /* an intermediate is missing that we have */
    CHAIN_INCOMPLETE_AIA, /* reaches no root; `missing_uri` says where the issuer may be had */
    CHAIN_UNKNOWN_ISSUER, /* reaches no root, and nothing says where the issuer is */
};

struct chain_cert {
    bool readable; /* if not, nothing else here is set */
    struct cert_info info;
    bool duplicate; /* of one before it */
    bool extra;     /* signs nothing that leads to the server's certificate */
    bool root;      /* self-signed, not the first: need not be sent */
    int issuer;     /* the first of those sent that signed it, -1: none; itself when self-signed */
};

struct chain_facts {
    struct chain_cert *certs;      /* as sent */
    size_t n, unreadable, dropped; /* dropped: beyond the limits above, not looked at */
    bool in_order; /* each certifies the one before it, duplicates and extra ones left aside */
    size_t duplicates, extra;
    bool root_sent;
    bool signatures_cut; /* too many look alike to be checked: extra and in_order may be wrong */
    enum chain_whole whole;
    struct str missing, missing_uri; /* the issuer's name, and where the authority says it is */
    struct cert_host_facts host;
    struct cert_life_facts life;         /* of the server's certificate */
    struct cert_life_facts first_to_end; /* of the one of the first store's path that ends first */
    struct chain_trust trust[CHAIN_STORES_MAX];
    size_t trust_n;
    bool trusted;     /* by any store, as sent */
    bool public_path; /* a store of public roots has a path, dates left aside */
};

struct chain_input {
    const struct str *ders;
    size_t n;
    struct str host; /* see cert_host_match */
    int64_t now;     /* s since 1970 */
    const struct trust_store *const *stores;
    size_t stores_n;                         /* more than CHAIN_STORES_MAX are not asked */
    const struct trust_store *intermediates; /* NULL: none to complete with */
};

/* -ERR_CERT_SYNTAX: the first certificate is missing or unreadable; -ERR_NOMEM, also when the arena
 * (16 MiB is always enough) is full. All that *ret points to lives in the arena or the input. */
int must_use chain_look(struct arena *a, const struct chain_input *in, struct chain_facts *ret);

/* A path to a root of the store that only the calendar keeps from being trusted, or nothing. */
static inline bool chain_has_path(const struct chain_trust *t)
{
    return t->path_n > 0 && (t->faults & ~(unsigned)(CHAIN_EXPIRED | CHAIN_NOT_YET)) == 0;
}

#endif
