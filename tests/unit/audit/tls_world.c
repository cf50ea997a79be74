/* See tls_world.h. */
#include "tls_world.h"

static void add(struct number_set *s, const uint16_t *v, size_t n)
{
    for (size_t i = 0; i < n; i++)
        number_set_add(s, v[i]);
}

void tls_world_offer(struct tls_world *w, enum tls_version_index v, enum known offered)
{
    struct version_facts *f = &w->tls.v[v];
    *f = (struct version_facts){.offered = offered, .complete = offered != KNOWN_NOT,
                                .suites = w->suites[v], .server_order = KNOWN_YES, .evidence = 3};
}

void tls_world_add(struct tls_world *w, enum tls_version_index v, uint32_t code)
{
    struct version_facts *f = &w->tls.v[v];
    if (f->offered != KNOWN_YES)
        tls_world_offer(w, v, KNOWN_YES);
    f->suites[f->nsuites++] = (struct found_suite){.code = code, .evidence = 7};
}

void tls_world_only(struct tls_world *w, enum tls_version_index v, uint32_t code)
{
    for (int i = 0; i < VI_COUNT; i++)
        tls_world_offer(w, (enum tls_version_index)i, KNOWN_NO);
    tls_world_add(w, v, code);
}

static void good_tls(struct tls_world *w)
{
    struct tls_facts *t = &w->tls;
    for (int i = 0; i < VI_COUNT; i++)
        tls_world_offer(w, (enum tls_version_index)i, i >= VI_TLS12 ? KNOWN_YES : KNOWN_NO);
    tls_world_add(w, VI_TLS13, 0x1301);
    tls_world_add(w, VI_TLS13, 0x1302);
    tls_world_add(w, VI_TLS13, 0x1303);
    tls_world_add(w, VI_TLS12, 0xc02f);
    tls_world_add(w, VI_TLS12, 0xc030);
    t->v[VI_TLS13].chacha_first = KNOWN_YES;
    t->side_by_side = true;
    t->npn = KNOWN_NO;
    add(&t->groups, (const uint16_t[]){0x11ec, 0x1d, 0x17}, 3);
    add(&t->groups12, (const uint16_t[]){0x1d, 0x17}, 2);
    add(&t->sigalgs, (const uint16_t[]){0x0804}, 1);
    add(&t->sigalgs12, (const uint16_t[]){0x0804, 0x0401}, 2);
    for (int i = 0; i < TEST_COUNT; i++)
        t->tests[i] = (struct test_result){.ended = true, .outcome = OUTCOME_SAFE, .evidence = 9};
    t->tests[TEST_PQ_PREFERRED].outcome = OUTCOME_VULNERABLE;
    t->tests[TEST_RESUME_TICKET].outcome = OUTCOME_VULNERABLE;
    t->tests[TEST_RESUME_PSK].outcome = OUTCOME_VULNERABLE;
    t->ems = t->secure_renegotiation = t->tickets12 = t->tickets13 = KNOWN_YES;
    t->etm = t->heartbeat = t->clock_in_random = t->no_sni = KNOWN_NO;
    t->sentinel12 = KNOWN_YES;
    t->alpn = STR("h2");
    t->ticket_lifetime = 7200;
    t->tickets_seen = 2;
    t->no_sni_alert = 112;
    t->connections = 30;
}

void tls_world_good(struct tls_world *w)
{
    memset(w, 0, sizeof *w);
    good_tls(w);
    w->server = (struct field){.name = STR("Server"), .value = STR("nginx")};
    w->page = (struct http_answer){.status = 200, .fields = &w->server, .nfields = 1};
    w->http.https = w->http.cert_ok = true;
    w->http.page = &w->page;
    w->http.headers.alt_svc = (struct alt_svc_value){.present = true, .h3 = true, .h3_port = 443};
    w->quic = (struct quic_facts){.answers = KNOWN_YES, .versions = {1, 0x6b3343cf, 0x1a2a3a4a},
                                  .nversions = 3, .v1 = KNOWN_YES, .v2 = KNOWN_NO, .h3 = KNOWN_YES,
                                  .group = 0x11ec, .same_key = true,
                                  .leaf_spki = STR("01234567890123456789012345678901")};
    w->chain = (struct kept_chain){.seen = 3, .with_sni = true, .evidence = 1};
    w->cert = (struct cert_view){.kept = &w->chain, .readable = true};
    w->view = (struct audit_view){.host = STR("example.com"), .port = 443, .plain_port = 80,
                                  .intrusive = true, .tls = &w->tls, .http = &w->http, .quic = &w->quic,
                                  .trust = &w->trust, .certs = &w->cert, .ncerts = 1};
}
