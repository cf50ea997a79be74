/* What is known of one endpoint (an address and a name asked for) from all its connections: plain
 * data, filled by the plan, read by the checks, the grades and the report. */
#ifndef AUDIT_TLS_FACTS_H
#define AUDIT_TLS_FACTS_H

#include "audit/probe.h"

enum known { KNOWN_NOT, KNOWN_NO, KNOWN_YES }; /* KNOWN_NOT: it could not be found out */

enum tls_version_index { VI_SSL2, VI_SSL3, VI_TLS10, VI_TLS11, VI_TLS12, VI_TLS13, VI_COUNT };
uint16_t version_wire(enum tls_version_index v);   /* 0x0303 */
const char *version_name(enum tls_version_index v); /* "TLS 1.2" */
enum tls_version_index version_index(uint16_t wire); /* VI_COUNT: none of them */

enum { SUITES_MAX = 448, GROUPS_MAX = 64, SIGALGS_MAX = 64, CHAINS_MAX = 8 };

struct found_suite {
    uint32_t code;
    uint16_t group, sigalg; /* with it, as first seen; 0: none */
    uint16_t dh_bits;       /* of a prime; 0: none */
    bool later;             /* the server took another instead while this was offered, too */
    uint32_t evidence;
};

struct version_facts {
    enum known offered;
    const char *why;         /* of KNOWN_NOT */
    uint32_t evidence;       /* a connection that shows it */
    struct found_suite *suites; /* in the order found, but the favourite in front; SUITES_MAX */
    size_t nsuites;
    bool complete;           /* the walk came to its end */
    enum known server_order; /* the server's preference counts, not the client's */
    bool order_mixed;        /* … nor the client's: it varies */
    enum known chacha_first; /* … but for clients that prefer ChaCha20 */
};

struct number_set {
    uint16_t v[GROUPS_MAX];
    size_t n;
};
bool number_set_has(const struct number_set *s, uint16_t v);
void number_set_add(struct number_set *s, uint16_t v); /* once; full: dropped */

/* A chain, kept once for all connections that saw it. */
struct kept_chain {
    struct str *der;
    size_t n, sent, bytes;
    unsigned seen;           /* connections */
    uint32_t evidence;
    bool with_sni, without_sni, wrong_sni, tls13; /* how it was asked for */
    struct str status, scts; /* as first seen with it */
};

/* Attack probes and one-question probes: see plan_tests.c for what each asks. */
enum test_id {
    TEST_HEARTBLEED, TEST_EARLY_CCS, TEST_TICKETBLEED, TEST_RENEGOTIATION, TEST_FALLBACK_SCSV,
    TEST_COMPRESSION, TEST_ROBOT, TEST_POODLE_TLS, TEST_ZOMBIE_POODLE, TEST_GOLDENDOODLE,
    TEST_ZERO_LENGTH, TEST_SLEEPING_POODLE, TEST_LUCKY_MINUS_20, TEST_ALPN_LAX, TEST_SNI_LAX,
    TEST_TOLERANCE, TEST_GREASE, TEST_LONG_HELLO, TEST_SPLIT_HELLO, TEST_OLD_TOLERANCE,
    TEST_MEDIUM_HELLO, TEST_FUTURE_VERSION,
    TEST_PQ_PREFERRED, TEST_RESUME_ID, TEST_RESUME_TICKET, TEST_RESUME_PSK, TEST_EARLY_DATA,
    TEST_EARLY_DATA_REPLAY, TEST_DH_REUSE, TEST_ECDH_REUSE, TEST_ECH, TEST_CERT_COMPRESSION,
    TEST_CHACHA_13, TEST_CHACHA_12,
    TEST_COUNT,
};

struct test_result {
    bool ended;
    enum outcome outcome;    /* VULNERABLE: the answer is yes */
    const char *why;         /* of NONE, static */
    uint32_t evidence;
    char reaction[PROBE_REACTION_MAX];
};

/* How the server takes what no client should do to it, by enum h2_probe_kind. */
struct h2_flood_facts {
    enum known limited;      /* NO: it dealt with all of it and went on, on two connections */
    const char *why;         /* of KNOWN_NOT */
    unsigned rounds;         /* sent on each connection */
    unsigned resets;         /* streams that the server reset by itself */
    bool goaway;             /* it said so, with: */
    uint32_t code;
    uint32_t evidence;
};

enum { H2_FLOODS = H2_PROBE_CONTINUATION + 1 };

struct h2_facts {
    bool absent;             /* ALPN does not give it */
    enum known works;        /* a request was answered */
    const char *why;         /* of KNOWN_NOT */
    uint16_t status;
    bool violation;          /* of NO: it broke the protocol */
    uint32_t code;           /* of NO: what it ended the connection or stream with */
    bool settings;
    uint32_t max_streams;    /* UINT32_MAX: no limit told */
    uint32_t evidence;
    struct h2_flood_facts floods[H2_FLOODS];
};

struct tls_facts {
    struct version_facts v[VI_COUNT];
    struct number_set groups, groups12; /* in the server's order of preference where it has one */
    bool groups_declared;       /* from EncryptedExtensions, not one by one */
    struct number_set sigalgs, sigalgs12;
    struct kept_chain chains[CHAINS_MAX];
    size_t nchains;
    struct test_result tests[TEST_COUNT];
    struct h2_facts h2;

    /* From ServerHello and EncryptedExtensions, over all connections that asked. */
    enum known ems, etm, secure_renegotiation, tickets12, tickets13, staple, scts, heartbeat,
        npn;
    enum known sentinel12, sentinel11; /* the downgrade sentinel is right (RFC 8446 4.1.3) */
    enum known clock_in_random; /* four bytes of the time */
    enum known session_ids;
    bool point_formats, max_fragment, record_limit, requests_certificate;
    struct str authorities;     /* of a certificate request */
    enum client_auth_answer auth_answer; /* what we sent where one was made */
    bool auth_accepted;         /* the server went on after that, at least once */
    uint8_t auth_alert;         /* or what it refused us with; 0: it did not */
    uint32_t auth_evidence;
    struct str alpn;            /* chosen from h2, http/1.1 */
    uint32_t max_early_data, ticket_lifetime;
    unsigned tickets_seen;
    uint16_t smallest_dh;       /* bits; 0: none seen */
    struct str dh_p, dh_g;      /* of it */
    uint16_t default_group;     /* what a TLS 1.3 client with everything gets */
    enum known no_sni;          /* a handshake is done with who names nobody */
    uint8_t no_sni_alert;       /* or this alert came; ALERT_NONE: none */
    bool name_refused;          /* alert 112 for the name asked for: the rest was asked without */
    bool old_refused;           /* protocol_version to a hello of TLS 1.1 */
    bool silent_first;          /* the first contact was not answered */
    bool one_at_a_time;         /* the server serves one connection after the other */
    bool side_by_side;          /* two were seen to be served at once */
    uint64_t rtt;               /* ns, of TCP's handshake, the shortest */
    bool cut_short;             /* not all was asked: the deadline came first, or … */
    bool shut_out;              /* … the server answered no more */
    uint32_t connections;       /* tried */
    uint32_t timeouts;
    const char *failure;        /* no audit possible: "connection refused"; static */
};

#endif
