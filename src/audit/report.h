/* What an audit of one target found, as plain data: the only thing that the output formats know.
 * Everything lives in the report's arena; a report holds at most REPORT_MAX bytes. */
#ifndef AUDIT_REPORT_H
#define AUDIT_REPORT_H

#include "audit/finding.h"
#include "base/buf.h"

#define REPORT_MAX (4u * 1024 * 1024) /* bytes of one target's report */

/* A point lost, or a cap, and the finding that is the cause. */
struct grade_cause {
    const char *rule;  /* "TLS 1.0 is on: B at most" */
    const char *check; /* id of the check whose fix helps; NULL: none */
    const char *grade; /* the cap, NULL when only points are lost */
};

struct grade {
    const char *letter; /* "A+" … "F", "T", "M"; NULL: could not be given */
    int score;          /* 0 to 100, where the rules have one; else -1 */
    struct grade_cause *causes; /* worst first */
    size_t ncauses;
    struct str note;    /* why there is none, or "A if trust is ignored" */
};

struct conformance { /* to a named configuration of Mozilla's guideline */
    const char *name; /* "modern" */
    bool conforms;
    struct str *deviations;
    size_t ndeviations;
};

struct report_suite {
    const char *version, *iana, *openssl; /* openssl NULL: it has no name there */
    const char *kx;      /* "ECDHE x25519" … as negotiated; static or arena */
    int bits;            /* strength */
    enum severity weak;  /* SEVERITY_INFO: nothing to object */
    bool preferred;      /* the server's first of this version */
};

struct report_protocol {
    const char *name; /* "SSLv2" … "TLS 1.3", "HTTP/2", "QUIC v1" */
    enum verdict tested; /* UNTESTABLE: `offered` means nothing */
    bool offered, wanted; /* wanted: should be offered by today's rules (else should not) */
    struct str note;
};

struct report_certificate {
    struct str subject, issuer, key, signature, serial, sha256, spki_sha256;
    struct str names;       /* ", " between */
    int64_t not_before, not_after; /* s since 1970 */
    struct str problem;     /* empty: none */
};

struct report_client { /* handshake simulation */
    const char *name;     /* "Chrome 156" */
    bool connects;
    const char *version, *suite, *group;
    struct str problem;   /* why not */
};

struct report_endpoint {
    struct str address;     /* "192.0.2.1:443" */
    struct str failure;     /* empty, or why nothing could be tested */
    uint32_t connections;   /* TCP */
    uint32_t datagrams;     /* UDP sent */
};

struct report_exchange { /* evidence: one connection */
    uint32_t number;        /* from 1, as in finding.evidence */
    struct str purpose;     /* "heartbleed" */
    struct str address;
    struct str sent, received; /* raw bytes, cut at EVIDENCE_MAX */
    size_t sent_n, received_n; /* whole sizes */
    struct str ended;       /* "alert handshake_failure(40)", "closed", "timeout" */
};
#define EVIDENCE_MAX 4096

struct report {
    struct arena arena;
    struct str target;      /* as asked: "example.com:443" */
    struct str host, sni;
    uint16_t port;
    struct str failure;     /* empty, or why there is no audit: "no address", "refused" … */
    int64_t started;        /* s since 1970 */
    uint64_t duration;      /* ns */
    uint32_t connections, datagrams;
    uint64_t bytes_sent, bytes_received;
    struct str server;      /* Server banner, may be empty */

    struct grade overall, ssllabs, observatory;
    struct conformance *mozilla;
    size_t nmozilla;

    struct finding *findings; /* in the order of the registry: those of one check are neighbours */
    size_t nfindings;
    struct report_protocol *protocols;
    size_t nprotocols;
    struct report_suite *suites;
    size_t nsuites;
    struct str groups, signature_algorithms; /* names, ", " between, the preferred first */
    struct report_certificate *certificates;
    size_t ncertificates;
    struct report_client *clients; /* with --show-clients */
    size_t nclients;
    struct report_endpoint *endpoints;
    size_t nendpoints;
    struct report_exchange *exchanges; /* with --evidence */
    size_t nexchanges;
};

/* Progress while it runs, for the terminal. */
struct audit_progress {
    uint32_t done, known; /* probes ended, probes planned so far (grows) */
    const char *doing;    /* purpose of the latest */
};

#endif
