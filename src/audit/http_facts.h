/* Everything that the answers of one host say, gathered once, so that checks and grades are functions
 * of data. The driver asks (see struct http_seen for what); nothing here knows how. */
#ifndef AUDIT_HTTP_FACTS_H
#define AUDIT_HTTP_FACTS_H

#include "audit/html_scan.h"
#include "audit/http_headers.h"
#include "audit/http_url.h"

#define HTTP_HOPS_MAX 20        /* of one chain; browsers follow as many */
#define HSTS_YEAR     31536000u /* seconds: what the preload list asks for */

/* One request of a chain of redirects, and what came back. */
struct http_hop {
    struct http_url url;
    const struct http_answer *answer; /* NULL: no connection, TLS failed, or not HTTP */
    bool cert_ok;                     /* https: chain, name and time are fine */
};

enum http_port80 {
    PORT80_UNTESTED,
    PORT80_CLOSED,  /* refused or silent */
    PORT80_NO_HTTP, /* something, but it does not speak HTTP */
    PORT80_HTTP,
};

/* What the driver saw; all of it stays the driver's. */
struct http_seen {
    struct str host;              /* asked, lower case, without port */
    int64_t now;                  /* seconds since 1970 */
    const struct http_hop *https; /* https://host/ and where it led; the last one is "the page" */
    size_t nhttps;
    enum http_port80 port80;
    const struct http_hop *plain; /* http://host/ and where it led */
    size_t nplain;
    struct str origin;              /* Origin of the next request, e.g. "https://<nonce>.example" */
    const struct http_answer *cors; /* the page asked with it; NULL: not asked */
    const struct http_answer *compressed; /* … with Accept-Encoding: gzip, deflate, br, zstd */
    const struct http_answer *reflecting; /* … uncompressed, with the nonce in query and Referer */
    struct str nonce;
    const struct http_answer *upgrade; /* port 80: OPTIONS * with Upgrade: TLS/1.0 */
};

enum http_redirect {
    REDIRECT_UNTESTED,
    REDIRECT_NO_HTTP,   /* nothing on port 80 that could be redirected: fine */
    REDIRECT_TO_HTTPS,  /* same host, first hop */
    REDIRECT_PRELOADED, /* browsers never ask http: there */
    REDIRECT_OFF_HOST,  /* https at once, but on another host: this one's HSTS is never learnt */
    REDIRECT_LATE,      /* http first, then https */
    REDIRECT_BAD_CERT,  /* ends at https that browsers refuse */
    REDIRECT_NOT_HTTPS, /* redirects, never to https */
    REDIRECT_MISSING,
};

struct redirect_facts {
    enum http_redirect verdict;
    uint16_t first_status; /* of the answer to http://host/; 0: none */
    bool permanent;        /* 301 or 308 */
    size_t hops;           /* requests in the chain */
    bool cookies;          /* some http answer sets cookies */
    bool hsts;             /* some http answer sends HSTS, which must be ignored (RFC 6797 8.1) */
    bool back_to_http;     /* the https chain has an http: hop */
    bool loop;             /* HTTP_HOPS_MAX and no end */
};

/* Whether browsers know the host from their preload list. We have no copy of that list: only TLDs
 * that are on it as a whole are known, all else is unknown. */
enum preload_state { PRELOAD_UNKNOWN, PRELOAD_TLD };
enum preload_state http_facts_preload(struct str host);

/* What hstspreload.org asks for and is not there. */
enum preload_missing {
    PRELOAD_NO_HSTS = 1,
    PRELOAD_MAX_AGE = 2, /* under HSTS_YEAR */
    PRELOAD_SUBDOMAINS = 4,
    PRELOAD_DIRECTIVE = 8,
    PRELOAD_CERT = 16,
    PRELOAD_REDIRECT = 32, /* http does not lead to https on the same host first */
    PRELOAD_NOT_BASE = 64, /* looks like a subdomain: only base domains are taken */
};

/* How far a man in the middle gets with http:. */
enum stripping {
    STRIPPING_UNTESTED,
    STRIPPING_NONE,        /* preloaded */
    STRIPPING_FIRST_VISIT, /* HSTS of a year: only before the first visit */
    STRIPPING_OFTEN,       /* HSTS that is short, or not on every answer */
    STRIPPING_ALWAYS,      /* no HSTS */
};

struct hsts_facts {
    struct hsts_value value; /* of the first https answer of the host */
    unsigned answers;        /* https answers of the host, in both chains */
    unsigned missing;        /* of them without a valid field */
    enum preload_state preload;
    unsigned preload_missing; /* PRELOAD_*; 0: eligible */
    enum stripping stripping;
};

enum opossum { OPOSSUM_UNTESTED, OPOSSUM_SAFE, OPOSSUM_VULNERABLE };
enum breach {
    BREACH_UNTESTED,
    BREACH_NOT_COMPRESSED,
    BREACH_STATIC,   /* compressed, but nothing secret or reflected was seen: information only */
    BREACH_COOKIES,  /* compressed, and made for the visitor: it sets cookies */
    BREACH_REFLECTS, /* compressed, and our nonce stood in it */
};
enum truncation {
    TRUNCATION_UNTESTED,
    TRUNCATION_SAFE,         /* the length is told, or there is no body */
    TRUNCATION_CLOSE_NOTIFY, /* ends by close, and TLS says so */
    TRUNCATION_POSSIBLE,     /* ends by close without close_notify: a cut cannot be noticed */
};

struct http_facts {
    bool https;          /* an https answer came */
    bool cert_ok;        /* … with a good certificate (the page's) */
    struct http_url url; /* of the page; only if https */
    const struct http_answer *page;
    struct http_headers headers; /* of the page, <meta> policies added */
    bool html;                   /* the page was scanned */
    struct html_facts scan;
    struct http_cookie *cookies; /* of all answers */
    size_t ncookies;
    struct cors_value cors; /* of the answer to our origin, else the page's */
    struct redirect_facts redirect;
    struct hsts_facts hsts;
    enum opossum opossum;
    enum breach breach;
    enum truncation truncation;
};

/* ret points into the arena (up to 256 KiB) and into what `seen` points at. -ERR_NOMEM. */
int must_use http_facts_gather(struct http_facts *ret, struct arena *arena,
                               const struct http_seen *seen);
/* Whether an answer is a redirect that a browser follows: 301, 302, 303, 307, 308 with a Location. */
bool http_facts_redirects(const struct http_answer *a);

#endif
