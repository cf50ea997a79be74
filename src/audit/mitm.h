/* Is it the right server? Pins, the expected issuer, what was remembered and what is seen elsewhere,
 * held against the key that was seen: the facts of trust_facts.h. Pure: files are read and written, and
 * other addresses asked, by the caller.
 *
 * A pin is "sha256/" and the SHA-256 of a SubjectPublicKeyInfo in base64 (RFC 7469 2.4); "sha256//",
 * as curl writes it, is read as well. */
#ifndef AUDIT_MITM_H
#define AUDIT_MITM_H

#include "audit/cert_parse.h"
#include "audit/trust_facts.h"
#include "base/buf.h"
#include "base/map.h"

enum {
    MITM_PINS_MAX = 256,
    MITM_PIN_TEXT = 51,        /* bytes of a pin as text, without a terminator */
    MITM_STORE_MAX = 64 << 20, /* bytes of the file of remembered keys */
};

struct mitm_pins {
    unsigned char pin[MITM_PINS_MAX][32];
    size_t n;
};

/* Whether the text is one pin. ret NULL: only asked. */
bool mitm_pin_read(struct str text, unsigned char ret[32]);
void mitm_pin_write(const unsigned char sha256[32], char out[MITM_PIN_TEXT + 1]);
/* Adds pins, one a line; '#' begins a comment, also behind a pin. -ERR_SYNTAX: a line that is none,
 * *ret_line says which, from 1 (a pin that is left out in silence would protect nobody); -ERR_LIMIT. */
int must_use mitm_pins_add(struct mitm_pins *to, struct str text, unsigned *ret_line);

/* What was seen at another place. */
struct mitm_seen {
    struct str with; /* see trust_comparison */
    struct str spki; /* "sha256/BASE64"; empty: none, see why */
    struct str why;
};

struct mitm_input {
    const struct cert_info *const *path; /* the server's certificate first; as far as it is known */
    size_t npath;
    const struct mitm_pins *pins; /* NULL: not asked */
    struct str pins_from;         /* a file's name; may be empty */
    struct str issuer;            /* text to find in an issuer's name; empty: not asked */
    const struct mitm_seen *addresses, *resolvers,
        *proxies; /* beyond TRUST_COMPARISONS_MAX: unused */
    size_t naddresses, nresolvers, nproxies;
};

/* All of *ret but `remembered`, which stays TRUST_NOT_ASKED: see mitm_store_visit. Texts are the
 * input's or the arena's. -ERR_NOMEM. */
int must_use mitm_judge(struct arena *a, const struct mitm_input *in, struct trust_facts *ret);

/* The keys that were seen first: a text of lines "host:port sha256/BASE64 first-day last-day". What is
 * no such line stays as it is, and is counted; of two lines for one server the first counts. */
struct mitm_store {
    struct buf text;    /* what the file is to hold */
    bool changed;       /* it differs from what was read */
    size_t n;           /* servers */
    size_t bad;         /* lines that are not readable, or for a server that has one already … */
    unsigned bad_line;  /* … and the first of them, from 1 */
    struct map by_name; /* lower-case "host:port" → offset of its line, plus 1 */
    struct arena names;
};

/* text: the file's bytes, copied; empty: a new one. seed: see map.h. -ERR_LIMIT: above MITM_STORE_MAX;
 * -ERR_NOMEM. On failure nothing is left to free. */
int must_use mitm_store_init(struct mitm_store *s, struct str text, const uint64_t seed[2]);
void mitm_store_done(struct mitm_store *s);

struct mitm_visit {
    struct str host; /* without brackets or with */
    uint16_t port;
    struct str spki; /* "sha256/BASE64"; empty: none was seen */
    struct str file; /* its name, to be told */
    int64_t now;     /* s since 1970, until the year 9999 */
    bool replace;    /* a different key is the one from now on */
};

/* Compares and notes the visit: a new server is added, a known one with the same key gets today as its
 * last day, a different key changes nothing unless `replace`. Texts of *ret live in the arena.
 * -ERR_INVAL: host or spki cannot stand in such a line; -ERR_LIMIT, -ERR_NOMEM. */
int must_use mitm_store_visit(struct mitm_store *s, struct arena *a, const struct mitm_visit *v,
                              struct trust_comparison *ret);

#endif
