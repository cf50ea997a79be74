/* What an audit of a good server knows, for the tests of checks: all of it can be changed. */
#ifndef TESTS_TLS_WORLD_H
#define TESTS_TLS_WORLD_H

#include "audit/checks.h"

struct tls_world {
    struct audit_view view;
    struct tls_facts tls;
    struct http_facts http;
    struct http_answer page;
    struct field server;
    struct quic_facts quic;
    struct trust_facts trust;
    struct kept_chain chain;
    struct cert_view cert;
    struct found_suite suites[VI_COUNT][SUITES_MAX];
};

/* TLS 1.2 and 1.3 with AEAD and ECDHE, post-quantum, HTTP/3: no check has anything to say. */
void tls_world_good(struct tls_world *w);
void tls_world_add(struct tls_world *w, enum tls_version_index v, uint32_t code);
void tls_world_only(struct tls_world *w, enum tls_version_index v, uint32_t code);
void tls_world_offer(struct tls_world *w, enum tls_version_index v, enum known offered);

#endif
