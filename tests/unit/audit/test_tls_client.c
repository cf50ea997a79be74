/* The auditor's TLS client against libssl's server, in every version that one has: whole handshakes,
 * ways to resume, what comes afterwards, and what a hostile server could send. */
#include "tls_rig.h"

#include "wire/tlswrite.h"

static const uint16_t modern13[] = {0x1301, 0x1302, 0x1303};
static const uint16_t modern12[] = {0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8};
static const uint16_t cbc_suites[] = {0xc009, 0xc013, 0xc014, 0x002f, 0x0035};
#define LIST(a) ((struct u16_list){a, sizeof a / sizeof *(a)})

/* A hello for the version, of suites that every server of libssl's has in it. */
static struct client_hello hello_for(uint16_t version)
{
    return rig_hello(version, version == TLS13 ? LIST(modern13) : version == TLS12 ? LIST(modern12)
                                                                                   : LIST(cbc_suites));
}

static struct tls_client_conf conf_for(uint16_t version)
{
    return (struct tls_client_conf){.hello = hello_for(version),
                                    .stop = TLS_STOP_NEVER,
                                    .share_group = version == TLS13 ? 29 : 0,
                                    .follow_retry = true};
}

/* Application data both ways: short, long, and over several records. */
static void check_data(struct rig *r)
{
    static char big[40000];
    memset(big, 'x', sizeof big);
    buf_clear(&r->data);
    buf_clear(&r->got);
    assert_int_equal(tls_client_send(&r->c, TLSREC_DATA, STR("ping")), 0);
    assert_int_equal(tls_client_send(&r->c, TLSREC_DATA, str_of(big, 16000)), 0);
    rig_run(r);
    assert_int_equal(r->got.n, 16004);
    assert_memory_equal(buf_str(&r->got).p, "pingxxx", 7);
    assert_int_equal(SSL_write(r->ssl, big, sizeof big), sizeof big);
    rig_run(r);
    assert_int_equal(r->data.n, sizeof big);
    assert_memory_equal(buf_str(&r->data).p, big, sizeof big);
}

static void check_established(struct rig *r, uint16_t version)
{
    const struct handshake *hs = r->c.hs;
    if (!hs->established)
        print_error("version %04x suite %04x events %s fault %d alert %d\n", version, hs->suite, r->events,
                    r->c.fault, hs->alert.code);
    assert_true(hs->established);
    assert_false(hs->finished_wrong);
    assert_true(SSL_is_init_finished(r->ssl));
    assert_int_equal(hs->version, version);
    assert_int_equal(SSL_version(r->ssl), version);
    assert_int_equal(SSL_CIPHER_get_protocol_id(SSL_get_current_cipher(r->ssl)), hs->suite);
}

/* One suite in one version, with everything the peers agree about compared. */
static bool try_suite(const struct suite *s, uint16_t version, size_t piece)
{
    char list[128];
    uint16_t code = (uint16_t)s->code;
    snprintf(list, sizeof list, "%s:@SECLEVEL=0", s->openssl ? s->openssl : "-");
    struct server server = {.min = version, .max = version, .dh = "ffdhe2048"};
    if (version == TLS13)
        server.suites13 = s->openssl ? s->openssl : s->name;
    else
        server.ciphers = list;
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {.piece = piece};
    if (!ctx)
        return false;
    struct tls_client_conf conf = conf_for(version);
    conf.hello.suites = (struct u16_list){&code, 1};
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    SSL_CTX_free(ctx);
    bool refused = r.c.hs->alert.code == 40; /* it is in the list and yet not built in */
    if (!refused) {
        check_established(&r, version);
        assert_int_equal(r.c.hs->suite, code);
        check_data(&r);
    }
    rig_close(&r);
    return !refused;
}

static void test_every_suite(void **state)
{
    static const struct {
        uint16_t version;
        int least;
    } rows[] = {{TLS10, 10}, {TLS11, 10}, {TLS12, 40}, {TLS13, 3}};
    for (size_t v = 0; v < 4; v++) {
        int done = 0;
        for (size_t i = 0; i < suite_count(); i++) {
            const struct suite *s = suite_at(i);
            if (tls_client_can(rig_crypto, s, rows[v].version))
                done += try_suite(s, rows[v].version, i % 3 == 0 ? SIZE_MAX : 0);
        }
        print_message("# %04x: %d suites\n", rows[v].version, done);
        assert_true(done >= rows[v].least);
    }
}

static void test_every_group(void **state)
{
    static const struct {
        uint16_t code;
        const char *name;
    } groups[] = {{29, "X25519"}, {23, "P-256"}, {24, "P-384"}, {25, "P-521"}, {30, "X448"},
                  {256, "ffdhe2048"}, {257, "ffdhe3072"}};
    static const uint16_t versions[] = {TLS10, TLS11, TLS12, TLS13};
    for (size_t v = 0; v < 4; v++)
        for (size_t g = 0; g < 7; g++) {
            if (versions[v] < TLS13 && groups[g].code >= 256)
                continue;
            struct server server = {.min = versions[v], .max = versions[v], .groups = groups[g].name};
            SSL_CTX *ctx = rig_server(&server);
            struct rig r = {0};
            struct tls_client_conf conf = conf_for(versions[v]);
            conf.hello.groups = (struct u16_list){&groups[g].code, 1};
            conf.share_group = versions[v] == TLS13 ? groups[g].code : 0;
            assert_int_equal(rig_open(&r, ctx, &conf), 0);
            rig_run(&r);
            check_established(&r, versions[v]);
            assert_int_equal(r.c.hs->group, groups[g].code);
            check_data(&r);
            rig_close(&r);
            SSL_CTX_free(ctx);
        }
}

static void test_dhe_primes(void **state)
{
    static const char *const primes[] = {"512", "768", "modp_1536", "modp_2048", "modp_4096", "ffdhe3072",
                                         "dh_1024_160"};
    static const uint16_t suite[] = {0x009e, 0x0033};
    static const uint16_t bits[] = {512, 768, 1536, 2048, 4096, 3072, 1024};
    for (size_t i = 0; i < sizeof primes / sizeof *primes; i++) {
        uint16_t version = i % 2 ? TLS12 : TLS10;
        struct server server = {.min = version, .max = version, .dh = primes[i], .ciphers = "DHE:@SECLEVEL=0"};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(version);
        conf.hello.suites = LIST(suite);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, version);
        assert_int_equal(r.c.hs->dh_p.n, bits[i] / 8);
        check_data(&r);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
}

/* Extended master secret and encrypt-then-mac, agreed only when both want them. */
static void test_ems_and_etm(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    static const uint16_t cbc[] = {0xc013, 0x002f};
    for (size_t v = 0; v < 3; v++)
        for (unsigned bits = 0; bits < 16; bits++) {
            struct server server = {.min = versions[v], .max = versions[v]};
            server.options = (bits & 1 ? 0 : SSL_OP_NO_EXTENDED_MASTER_SECRET) |
                             (bits & 2 ? 0 : SSL_OP_NO_ENCRYPT_THEN_MAC);
            SSL_CTX *ctx = rig_server(&server);
            struct rig r = {0};
            struct tls_client_conf conf = conf_for(versions[v]);
            conf.hello.suites = LIST(cbc);
            conf.hello.flags |= (bits & 4 ? CH_EMS : 0) | (bits & 8 ? CH_ETM : 0);
            assert_int_equal(rig_open(&r, ctx, &conf), 0);
            rig_run(&r);
            check_established(&r, versions[v]);
            assert_int_equal(r.c.hs->ext.ems, (bits & 5) == 5);
            assert_int_equal(r.c.hs->ext.etm, (bits & 10) == 10);
            assert_int_equal(SSL_get_extms_support(r.ssl), (bits & 5) == 5);
            check_data(&r);
            rig_close(&r);
            SSL_CTX_free(ctx);
        }
}

static void test_retry(void **state)
{
    static const size_t pieces[] = {0, 1, SIZE_MAX};
    struct server server = {.min = TLS13, .max = TLS13, .groups = "P-384"};
    SSL_CTX *ctx = rig_server(&server);
    for (size_t i = 0; i < 6; i++) {
        struct rig r = {.piece = pieces[i % 3]};
        struct tls_client_conf conf = conf_for(TLS13);
        if (i >= 3) { /* an empty key_share asks for one, too */
            conf.share_group = 0;
            conf.hello.flags |= CH_KEY_SHARE;
        }
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, TLS13);
        assert_true(r.c.hs->retry);
        assert_int_equal(r.c.hs->retry_group, 24);
        assert_int_equal(r.c.hs->group, 24);
        assert_string_equal(r.events, "RHFETT");
        check_data(&r);
        rig_close(&r);
    }
    struct rig r = {0};
    struct tls_client_conf conf = conf_for(TLS13);
    conf.follow_retry = false;
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_string_equal(r.events, "R");
    assert_true(r.c.stopped);
    assert_int_equal(tls_client_continue(&r.c, TLS_STOP_NEVER), -ERR_INVAL);
    rig_close(&r);
    SSL_CTX_free(ctx);
}

static int cookie_make(SSL *ssl, unsigned char *cookie, size_t *n)
{
    memset(cookie, 'c', 40);
    *n = 40;
    return 1;
}

static int cookie_right(SSL *ssl, const unsigned char *cookie, size_t n)
{
    return n == 40 && cookie[0] == 'c' && cookie[39] == 'c';
}

/* A HelloRetryRequest with a cookie and no group: OpenSSL's stateless way. */
static void test_retry_cookie(void **state)
{
    struct server server = {.min = TLS13, .max = TLS13, .options = SSL_OP_COOKIE_EXCHANGE};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct tls_client_conf conf = conf_for(TLS13);
    SSL_CTX_set_stateless_cookie_generate_cb(ctx, cookie_make);
    SSL_CTX_set_stateless_cookie_verify_cb(ctx, cookie_right);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    struct str out = buf_str(&r.c.out);
    BIO_write(r.in, out.p, (int)out.n);
    buf_consume(&r.c.out, out.n);
    assert_int_equal(SSL_stateless(r.ssl), 0); /* it has sent the cookie */
    char *p;
    long n = BIO_get_mem_data(r.out, &p);
    assert_true(n > 0);
    assert_int_equal(rig_feed(&r, str_of(p, (size_t)n)), 0);
    (void)BIO_reset(r.out);
    assert_string_equal(r.events, "R");
    out = buf_str(&r.c.out);
    assert_int_equal((unsigned char)out.p[2], 3); /* RFC 8446 5.1: not 0x0301 any more */
    BIO_write(r.in, out.p, (int)out.n);
    buf_consume(&r.c.out, out.n);
    assert_int_equal(SSL_stateless(r.ssl), 1);
    rig_run(&r);
    check_established(&r, TLS13);
    check_data(&r);
    rig_close(&r);
    SSL_CTX_free(ctx);
}

static void test_client_certificate_asked(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12, TLS13};
    for (size_t v = 0; v < 4; v++) {
        struct server server = {.min = versions[v], .max = versions[v], .request_certificate = true};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {.piece = SIZE_MAX};
        struct tls_client_conf conf = conf_for(versions[v]);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, versions[v]);
        assert_true(r.c.hs->requests_certificate);
        assert_true(r.c.hs->authorities.n > 10);
        assert_null(SSL_get0_peer_certificate(r.ssl));
        check_data(&r);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
}

static void test_chain_and_sizes(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    unsigned char *der = NULL;
    int n = i2d_X509(rig_ec, &der);
    for (size_t v = 0; v < 3; v++) {
        struct server server = {.min = versions[v], .max = versions[v]};
        SSL_CTX *ctx = rig_server(&server);
        SSL_CTX_add1_chain_cert(ctx, rig_rsa); /* for the key in use last: ECDSA */
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(versions[v]);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, versions[v]);
        assert_int_equal(r.c.hs->nchain, 2);
        assert_int_equal(r.c.hs->chain_sent, 2);
        assert_int_equal(r.c.hs->chain[0].n, n);
        assert_memory_equal(r.c.hs->chain[0].p, der, (size_t)n);
        assert_int_equal(r.c.hs->chain_bytes, r.c.hs->chain[0].n + r.c.hs->chain[1].n);
        assert_true(versions[v] < TLS12 || r.c.hs->sigalg == 0x0403);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
    OPENSSL_free(der);
}

/* ---- resuming ---- */

static void resume(uint16_t version, uint64_t options, uint32_t flags, const char *suite13)
{
    struct server server = {.min = version, .max = version, .options = options, .suites13 = suite13};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct arena kept;
    struct tls_session s, again;
    arena_init(&kept, 4096, 65536);
    struct tls_client_conf conf = conf_for(version);
    conf.hello.flags |= flags;
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    check_established(&r, version);
    assert_false(r.c.hs->resumed);
    assert_int_equal(tls_client_session(&r.c, 0, &kept, &s), 0);
    assert_int_equal(s.ticket.n > 0, !(options & SSL_OP_NO_TICKET));
    check_data(&r);
    rig_close(&r);
    static const size_t pieces[] = {0, 1, SIZE_MAX};
    for (size_t i = 0; i < 3; i++) {
        r.piece = pieces[i];
        conf.session = &s;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, version);
        assert_true(r.c.hs->resumed);
        assert_true(SSL_session_reused(r.ssl));
        assert_int_equal(r.c.hs->nchain, 0);
        check_data(&r);
        if (version < TLS13 && s.session_id.n && !s.ticket.n) {
            assert_int_equal(tls_client_session(&r.c, 0, &kept, &again), 0);
            assert_memory_equal(again.secret, s.secret, 48);
        }
        rig_close(&r);
    }
    /* A server that knows nothing of it does a whole handshake. */
    SSL_CTX_free(ctx);
    unsigned char other[80] = "other keys";
    ctx = rig_server(&server);
    SSL_CTX_set_tlsext_ticket_keys(ctx, other, sizeof other);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    check_established(&r, version);
    assert_false(r.c.hs->resumed);
    assert_int_equal(r.c.hs->nchain, 1);
    check_data(&r);
    rig_close(&r);
    SSL_CTX_free(ctx);
    arena_done(&kept);
}

static void test_resume_by_id(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    for (size_t v = 0; v < 3; v++)
        for (int ems = 0; ems < 2; ems++)
            resume(versions[v], SSL_OP_NO_TICKET, ems ? CH_EMS : 0, NULL);
}

static void test_resume_by_ticket(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    for (size_t v = 0; v < 3; v++)
        for (int ems = 0; ems < 2; ems++)
            resume(versions[v], 0, CH_TICKET | (ems ? CH_EMS : 0), NULL);
}

static void test_resume_by_psk(void **state)
{
    resume(TLS13, 0, 0, "TLS_AES_128_GCM_SHA256");
    resume(TLS13, 0, 0, "TLS_AES_256_GCM_SHA384");
    resume(TLS13, 0, 0, "TLS_CHACHA20_POLY1305_SHA256");
}

/* A session by ticket, with an id of the caller's along: how Ticketbleed asks. */
static void test_resume_ticket_with_id(void **state)
{
    struct server server = {.min = TLS12, .max = TLS12};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct arena kept;
    struct tls_session s;
    arena_init(&kept, 4096, 65536);
    struct tls_client_conf conf = conf_for(TLS12);
    conf.hello.flags |= CH_TICKET;
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_int_equal(tls_client_session(&r.c, 0, &kept, &s), 0);
    rig_close(&r);
    conf.session = &s;
    conf.hello.session_id = STR("31 bytes 31 bytes 31 bytes 31 b");
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    check_established(&r, TLS12);
    assert_true(r.c.hs->resumed);
    assert_int_equal(r.c.hs->session_id.n, 31);
    check_data(&r);
    rig_close(&r);
    conf.stop = TLS_STOP_HELLO; /* and gone on from there */
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_string_equal(r.events, "H");
    assert_true(r.c.hs->resumed);
    assert_int_equal(tls_client_continue(&r.c, TLS_STOP_NEVER), 0);
    rig_events(&r);
    rig_run(&r);
    check_established(&r, TLS12);
    check_data(&r);
    rig_close(&r);
    SSL_CTX_free(ctx);
    arena_done(&kept);
}

/* A HelloRetryRequest for a hello with a PSK, and one whose suite has another digest. */
static void test_psk_and_retry(void **state)
{
    struct server server = {.min = TLS13, .max = TLS13, .suites13 = "TLS_AES_128_GCM_SHA256"};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct arena kept;
    struct tls_session s;
    arena_init(&kept, 4096, 65536);
    struct tls_client_conf conf = conf_for(TLS13);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_int_equal(tls_client_session(&r.c, 1, &kept, &s), 0);
    assert_int_equal(tls_client_session(&r.c, 2, &kept, &s), -ERR_NOT_FOUND);
    rig_close(&r);
    SSL_CTX_free(ctx);
    for (int i = 0; i < 2; i++) {
        server.groups = "P-521";
        server.suites13 = i ? "TLS_AES_256_GCM_SHA384" : "TLS_AES_128_GCM_SHA256";
        ctx = rig_server(&server);
        conf.session = &s;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, TLS13);
        assert_true(r.c.hs->retry);
        assert_int_equal(r.c.hs->resumed, i == 0);
        check_data(&r);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
    arena_done(&kept);
}

static void early_data(const char *suite)
{
    struct server server = {.min = TLS13, .max = TLS13, .early = true, .options = SSL_OP_NO_ANTI_REPLAY,
                            .suites13 = suite};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct arena kept;
    struct tls_session s;
    arena_init(&kept, 4096, 65536);
    struct tls_client_conf conf = conf_for(TLS13);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_int_equal(tls_client_session(&r.c, 0, &kept, &s), 0);
    assert_int_equal(s.max_early_data, 16384);
    rig_close(&r);
    conf.session = &s;
    conf.early_data = STR("GET / HTTP/1.0\r\n\r\n");
    for (int i = 0; i < 2; i++) { /* twice: a replay, which this server lets pass */
        r.early = true;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, TLS13);
        assert_true(r.c.early_accepted && r.c.hs->ee.early_data);
        assert_true(str_eq(buf_str(&r.early_got), conf.early_data));
        check_data(&r);
        rig_close(&r);
    }
    SSL_CTX_free(ctx);
    /* Rejected: by a server without it, which skips it; and with a HelloRetryRequest. */
    for (int i = 0; i < 2; i++) {
        server.early = i == 1;
        server.groups = i == 1 ? "P-256" : NULL;
        ctx = rig_server(&server);
        r.early = true;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, TLS13);
        assert_false(r.c.early_accepted);
        assert_true(r.c.hs->resumed);
        assert_int_equal(r.early_got.n, 0);
        check_data(&r);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
    arena_done(&kept);
}

static void test_early_data(void **state)
{
    early_data("TLS_AES_128_GCM_SHA256");
    early_data("TLS_AES_256_GCM_SHA384");
}

/* ---- afterwards ---- */

static void test_key_update(void **state)
{
    struct server server = {.min = TLS13, .max = TLS13};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {.piece = SIZE_MAX};
    struct tls_client_conf conf = conf_for(TLS13);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    check_established(&r, TLS13);
    for (int i = 0; i < 32; i++) {
        assert_true(SSL_key_update(r.ssl, i % 2 ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED));
        assert_true(SSL_do_handshake(r.ssl) > 0);
        rig_run(&r);
        if (i % 8 < 2)
            check_data(&r);
    }
    assert_true(SSL_key_update(r.ssl, SSL_KEY_UPDATE_NOT_REQUESTED));
    SSL_do_handshake(r.ssl);
    rig_run(&r);
    assert_int_equal(r.c.fault, -ERR_LIMIT); /* nobody needs that many */
    assert_int_equal(tls_client_send(&r.c, TLSREC_DATA, STR("x")), -ERR_CLOSED);
    rig_close(&r);
    SSL_CTX_free(ctx);
}

static void renegotiate(uint16_t version, uint64_t options, uint32_t flags, bool signal)
{
    static const uint16_t signalled[] = {0xc009, 0xc013, 0x002f, 0x00ff};
    struct server server = {.min = version, .max = version, .options = options};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {.piece = SIZE_MAX};
    struct tls_client_conf conf = conf_for(version);
    conf.hello.flags |= flags;
    if (signal) {
        conf.hello.suites = LIST(signalled);
        conf.hello.flags &= ~(uint32_t)CH_RENEGOTIATION;
    }
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    check_established(&r, version);
    assert_true(r.c.hs->ext.renegotiation);
    r.nevents = 0;
    memset(r.events, 0, sizeof r.events);
    assert_int_equal(tls_client_renegotiate(&r.c), 0);
    rig_run(&r);
    if (options & SSL_OP_ALLOW_CLIENT_RENEGOTIATION) {
        assert_string_equal(r.events, "HFE");
        check_established(&r, version);
        assert_true(r.c.hs->ext.verify_data.n > 0);
        check_data(&r);
        assert_int_equal(tls_client_renegotiate(&r.c), 0); /* once more, and with old keys again */
        rig_run(&r);
        check_data(&r);
    } else {
        assert_string_equal(r.events, "A");
        assert_int_equal(r.c.alert.code, 100);
    }
    rig_close(&r);
    SSL_CTX_free(ctx);
}

static void test_renegotiation(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    for (size_t v = 0; v < 3; v++) {
        renegotiate(versions[v], SSL_OP_ALLOW_CLIENT_RENEGOTIATION, 0, false);
        renegotiate(versions[v], SSL_OP_ALLOW_CLIENT_RENEGOTIATION, CH_EMS | CH_ETM | CH_TICKET, false);
        renegotiate(versions[v], SSL_OP_ALLOW_CLIENT_RENEGOTIATION, 0, true);
        renegotiate(versions[v], SSL_OP_NO_RENEGOTIATION, 0, false);
        renegotiate(versions[v], 0, CH_EMS, true);
    }
    struct server server = {.min = TLS13, .max = TLS13};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct tls_client_conf conf = conf_for(TLS13);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    assert_int_equal(tls_client_renegotiate(&r.c), -ERR_INVAL);
    rig_run(&r);
    check_established(&r, TLS13);
    assert_int_equal(tls_client_renegotiate(&r.c), -ERR_INVAL);
    rig_close(&r);
    SSL_CTX_free(ctx);
}

static void test_hello_request(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    for (size_t v = 0; v < 3; v++) {
        struct server server = {.min = versions[v], .max = versions[v]};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(versions[v]);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        r.nevents = 0;
        memset(r.events, 0, sizeof r.events);
        assert_true(SSL_renegotiate(r.ssl));
        SSL_do_handshake(r.ssl);
        rig_run(&r);
        assert_string_equal(r.events, "Q");
        assert_int_equal(tls_client_renegotiate(&r.c), 0);
        rig_run(&r);
        assert_string_equal(r.events, "QHFE");
        check_data(&r);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
}

static void test_close_notify_and_alerts(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    static const uint16_t none[] = {0x0001};
    for (size_t v = 0; v < 3; v++) {
        struct server server = {.min = versions[v], .max = versions[v]};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(versions[v]);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, versions[v]);
        SSL_shutdown(r.ssl);
        rig_run(&r);
        assert_int_equal(r.events[r.nevents - 1], 'A');
        assert_int_equal(r.c.hs->warning.code, 0);
        assert_int_equal(r.c.hs->alert.code, ALERT_NONE);
        rig_close(&r);
        conf.hello.suites = LIST(none);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        assert_string_equal(r.events, "A");
        assert_int_equal(r.c.hs->alert.level, TLS_ALERT_FATAL);
        assert_int_equal(r.c.hs->alert.code, 40);
        assert_false(r.c.hs->hello);
        rig_close(&r);
        conf = conf_for(versions[v]);
        conf.hello.version = versions[v] == TLS10 ? TLS_WIRE_SSL3 : TLS10; /* too old for it */
        conf.hello.versions = (struct u16_list){NULL, 0};
        if (versions[v] != TLS10) {
            assert_int_equal(rig_open(&r, ctx, &conf), 0);
            rig_run(&r);
            assert_string_equal(r.events, "A");
            assert_int_equal(r.c.hs->alert.code, 70);
            rig_close(&r);
        }
        SSL_CTX_free(ctx);
    }
}

/* Several alerts of one record are several events, with what they say. */
static void test_alerts_in_one_record(void **state)
{
    struct rig r = {0};
    struct tls_client_conf conf = conf_for(TLS12);
    assert_int_equal(rig_open(&r, NULL, &conf), 0);
    assert_int_equal(rig_feed(&r, str_of("\x15\3\3\0\5\1\x70\2\x28\2", 10)), 0);
    assert_string_equal(r.events, "AA");
    assert_int_equal(r.c.hs->warning.code, 112);
    assert_int_equal(r.c.hs->alert.code, 40);
    assert_int_equal(r.c.hs->alerts, 2);
    rig_close(&r);
}

/* ---- stops ---- */

static void test_stops(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    static const size_t pieces[] = {0, 1, SIZE_MAX};
    for (size_t v = 0; v < 9; v++) {
        uint16_t version = versions[v % 3];
        struct server server = {.min = version, .max = version};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {.piece = pieces[v / 3]};
        struct tls_client_conf conf = conf_for(version);
        conf.stop = TLS_STOP_HELLO;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        assert_string_equal(r.events, "H");
        assert_int_equal(r.c.hs->nchain, 0);
        assert_int_equal(tls_client_continue(&r.c, TLS_STOP_FLIGHT), 0);
        rig_events(&r);
        rig_run(&r);
        assert_string_equal(r.events, "HF");
        assert_int_equal(r.c.hs->nchain, 1);
        assert_true(r.c.hs->flight);
        assert_false(r.c.hs->established);
        if (version == TLS12 && v / 3 == 1)
            assert_int_equal(tls_client_key_exchange(&r.c), 0);
        assert_int_equal(tls_client_continue(&r.c, TLS_STOP_NEVER), 0);
        rig_events(&r);
        rig_run(&r);
        check_established(&r, version);
        check_data(&r);
        assert_int_equal(tls_client_continue(&r.c, TLS_STOP_NEVER), 0); /* nothing to do: harmless */
        check_data(&r);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
}

/* With a PSK no certificate comes: the flight is there all the same, and nothing is answered. */
static void test_stop_at_flight_of_psk(void **state)
{
    struct server server = {.min = TLS13, .max = TLS13};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct arena kept;
    struct tls_session s;
    arena_init(&kept, 4096, 65536);
    struct tls_client_conf conf = conf_for(TLS13);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_int_equal(tls_client_session(&r.c, 0, &kept, &s), 0);
    rig_close(&r);
    conf.session = &s;
    conf.stop = TLS_STOP_FLIGHT;
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_string_equal(r.events, "HF");
    assert_false(SSL_is_init_finished(r.ssl));
    assert_int_equal(tls_client_continue(&r.c, TLS_STOP_NEVER), 0);
    rig_events(&r);
    rig_run(&r);
    check_established(&r, TLS13);
    check_data(&r);
    rig_close(&r);
    SSL_CTX_free(ctx);
    arena_done(&kept);
}

static void test_fragmented_hello(void **state)
{
    static const size_t sizes[] = {1, 7, 100};
    struct server server = {0};
    SSL_CTX *ctx = rig_server(&server);
    for (size_t i = 0; i < 6; i++) {
        uint16_t version = i < 3 ? TLS13 : TLS12;
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(version);
        conf.fragment = sizes[i % 3];
        conf.record_version = i == 1 ? 0x0303 : 0;
        if (i % 3 == 0) /* OpenSSL takes no more than 32 empty-ish records in a row, but these it does */
            conf.fragment = 16;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        check_established(&r, version);
        rig_close(&r);
    }
    SSL_CTX_free(ctx);
}

/* ---- hostile ---- */

/* Each byte of a server's flights changed, one at a time: never established with a right Finished
 * unless the server's own view is the same, and never a crash. */
static void test_flipped(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    for (size_t v = 0; v < 3; v++) {
        struct server server = {.min = versions[v], .max = versions[v], .options = SSL_OP_NO_TICKET};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(versions[v]);
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        size_t all = r.sent;
        rig_close(&r);
        for (size_t at = 1; at <= all; at += at < 120 || at + 120 > all ? 1 : 13) {
            r.flip = at;
            assert_int_equal(rig_open(&r, ctx, &conf), 0);
            rig_run(&r);
            bool header = r.c.hs->established; /* the version in a record's head is covered by nothing */
            if (header)
                assert_true(SSL_is_init_finished(r.ssl) || versions[v] == TLS13);
            rig_close(&r);
        }
        SSL_CTX_free(ctx);
    }
}

/* A Finished that does not fit is told as such: the transcript differs by one byte of the hello. */
static void test_wrong_finished(void **state)
{
    struct server server = {.min = TLS12, .max = TLS12, .options = SSL_OP_NO_TICKET};
    SSL_CTX *ctx = rig_server(&server);
    struct rig r = {0};
    struct arena kept;
    struct tls_session s;
    arena_init(&kept, 4096, 65536);
    struct tls_client_conf conf = conf_for(TLS12);
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    rig_run(&r);
    assert_int_equal(tls_client_session(&r.c, 0, &kept, &s), 0);
    rig_close(&r);
    conf.session = &s; /* resumed: the server's Finished comes first, under keys that are right */
    assert_int_equal(rig_open(&r, ctx, &conf), 0);
    assert_int_equal(transcript_add(&r.c.transcript, STR("x")), 0);
    rig_run(&r);
    assert_true(r.c.hs->finished_wrong);
    assert_false(r.c.hs->established);
    rig_close(&r);
    SSL_CTX_free(ctx);
    arena_done(&kept);
}

/* The same in TLS 1.3, and in a whole handshake of TLS 1.2, behind our own Finished, which is right. */
static void test_wrong_finished_full(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    for (size_t v = 0; v < 3; v++) {
        struct server server = {.min = versions[v], .max = versions[v]};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {0};
        struct tls_client_conf conf = conf_for(versions[v]);
        conf.stop = TLS_STOP_FLIGHT;
        if (versions[v] == TLS13)
            conf.stop = TLS_STOP_HELLO;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        assert_int_equal(tls_client_continue(&r.c, TLS_STOP_NEVER), 0);
        assert_int_equal(transcript_add(&r.c.transcript, STR("x")), 0);
        rig_events(&r);
        rig_run(&r);
        assert_non_null(strchr(r.events, 'E'));
        assert_true(r.c.hs->finished_wrong);
        assert_false(r.c.hs->established);
        struct tls_session s;
        assert_int_equal(tls_client_session(&r.c, 0, &r.arena, &s), -ERR_NOT_FOUND);
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
}

/* Recorded flights cut off anywhere: no event beyond what is there, no fault. */
static void test_truncated(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    for (size_t v = 0; v < 3; v++) {
        struct server server = {.min = versions[v], .max = versions[v]};
        SSL_CTX *ctx = rig_server(&server);
        struct rig r = {0}, cut = {0};
        struct tls_client_conf conf = conf_for(versions[v]);
        conf.stop = TLS_STOP_FLIGHT;
        assert_int_equal(rig_open(&r, ctx, &conf), 0);
        rig_run(&r);
        for (size_t n = 0; n < r.wire.n; n += n < 200 ? 1 : 17) {
            assert_int_equal(rig_open(&cut, NULL, &conf), 0);
            assert_int_equal(rig_feed(&cut, str_sub(buf_str(&r.wire), 0, n)), 0);
            assert_true(versions[v] == TLS13 || !cut.c.fault);
            assert_true(strchr(cut.events, 'E') == NULL);
            rig_close(&cut);
        }
        rig_close(&r);
        SSL_CTX_free(ctx);
    }
}

static void add_message(struct buf *out, uint8_t type, struct str body)
{
    struct buf m;
    buf_init(&m, 2 << 20);
    tlswrite_number(&m, 1, type);
    tlswrite_vector(&m, 3, body);
    tlsrec_emit(out, TLSREC_HANDSHAKE, TLS12, buf_str(&m), 0);
    buf_done(&m);
}

static void add_hello(struct buf *out, uint16_t version, uint16_t suite, struct str extensions)
{
    struct buf m;
    buf_init(&m, 70000);
    tlswrite_number(&m, 2, version > TLS12 ? TLS12 : version);
    for (int i = 0; i < 32; i++)
        buf_addc(&m, 5);
    buf_addc(&m, 0);
    tlswrite_number(&m, 2, suite);
    buf_addc(&m, 0);
    tlswrite_vector(&m, 2, extensions);
    add_message(out, HS_SERVER_HELLO, buf_str(&m));
    buf_done(&m);
}

/* What a server may not do, and what the client says to it. */
static int fault_of(const struct tls_client_conf *conf, struct buf *bytes)
{
    struct rig r = {0};
    assert_int_equal(rig_open(&r, NULL, conf), 0);
    int err = rig_feed(&r, buf_str(bytes));
    int fault = r.c.fault ? r.c.fault : err;
    assert_false(r.c.hs->established);
    assert_true(r.arena.used < 3u << 20);
    rig_close(&r);
    buf_clear(bytes);
    return fault;
}

static void test_hostile(void **state)
{
    struct buf b;
    buf_init(&b, 4 << 20);
    struct tls_client_conf conf = conf_for(TLS12);
    static char zeros[70000];
    /* not TLS */
    buf_add(&b, STR("HTTP/1.1 400 Bad Request\r\n\r\n"));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_NOT_TLS);
    buf_add(&b, str_of("\x16\3\3\xff\xff", 5));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    /* a message of 16 MiB announced */
    tlsrec_emit(&b, TLSREC_HANDSHAKE, TLS12, str_of("\2\xff\xff\xff", 4), 0);
    assert_int_equal(fault_of(&conf, &b), -ERR_LIMIT);
    /* another first message than ServerHello, and an unreadable one */
    add_message(&b, HS_CERTIFICATE, str_of("\0\0\0", 3));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    add_message(&b, HS_SERVER_HELLO, str_of(zeros, 20));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    /* Finished, with and without change_cipher_spec, where no keys are: RFC 5246 7.4.9 */
    for (int i = 0; i < 2; i++) {
        add_hello(&b, TLS12, 0xc02f, STR_NONE);
        if (i)
            tlsrec_emit(&b, TLSREC_CCS, TLS12, STR("\1"), 0);
        add_message(&b, HS_FINISHED, str_of(zeros, 12));
        assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    }
    /* two certificates, as memory that grows */
    add_hello(&b, TLS12, 0xc02f, STR_NONE);
    for (int i = 0; i < 2; i++)
        add_message(&b, HS_CERTIFICATE, str_of("\0\0\4\0\0\1x", 7));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    /* ServerHelloDone without the key exchange that the suite needs */
    add_hello(&b, TLS12, 0xc02f, STR_NONE);
    add_message(&b, HS_SERVER_HELLO_DONE, STR_NONE);
    assert_true(fault_of(&conf, &b) < 0);
    /* static RSA without a certificate, or with rubbish for one */
    for (int i = 0; i < 2; i++) {
        add_hello(&b, TLS12, 0x002f, STR_NONE);
        if (i)
            add_message(&b, HS_CERTIFICATE, str_of("\0\0\4\0\0\1x", 7));
        add_message(&b, HS_SERVER_HELLO_DONE, STR_NONE);
        assert_true(fault_of(&conf, &b) < 0);
    }
    /* versions and suites nobody offered or knows */
    add_hello(&b, 0x0200, 0xc02f, STR_NONE);
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_VERSION);
    add_hello(&b, TLS12, 0x1301, STR_NONE);
    add_message(&b, HS_SERVER_HELLO_DONE, STR_NONE);
    assert_int_equal(fault_of(&conf, &b), -ERR_UNSUPPORTED);
    add_hello(&b, TLS12, 0xfdfd, STR_NONE);
    add_message(&b, HS_SERVER_KEY_EXCHANGE, STR("who knows"));
    add_message(&b, HS_SERVER_HELLO_DONE, STR_NONE);
    assert_int_equal(fault_of(&conf, &b), -ERR_UNSUPPORTED);
    /* endless: hello requests, warnings, empty records, a chain that never ends */
    for (int i = 0; i < 200000; i++)
        add_message(&b, HS_HELLO_REQUEST, STR_NONE);
    assert_int_equal(fault_of(&conf, &b), -ERR_LIMIT);
    for (int i = 0; i < 200000; i++)
        tlsrec_emit(&b, TLSREC_ALERT, TLS12, STR("\1\x70"), 0);
    assert_int_equal(fault_of(&conf, &b), -ERR_LIMIT);
    for (int i = 0; i < 300000; i++)
        tlsrec_emit(&b, TLSREC_HANDSHAKE, TLS12, STR_NONE, 0);
    assert_int_equal(fault_of(&conf, &b), -ERR_LIMIT);
    tlsrec_emit(&b, TLSREC_HANDSHAKE, TLS12, str_of("\2\x0f\xff\xff", 4), 0);
    for (int i = 0; i < 70; i++)
        tlsrec_emit(&b, TLSREC_HANDSHAKE, TLS12, str_of(zeros, 16384), 0);
    assert_int_equal(fault_of(&conf, &b), -ERR_LIMIT);
    buf_done(&b);
}

static void test_hostile13(void **state)
{
    struct buf b;
    buf_init(&b, 4 << 20);
    struct tls_client_conf conf = conf_for(TLS13);
    static const char retry[] = "\xcf\x21\xad\x74\xe5\x9a\x61\x11\xbe\x1d\x8c\x02\x1e\x65\xb8\x91"
                                "\xc2\xa2\x11\x16\x7a\xbb\x8c\x5e\x07\x9e\x09\xe2\xc8\xa8\x33\x9c";
    /* no share, a wrong share */
    add_hello(&b, TLS12, 0x1301, str_of("\0\x2b\0\2\3\4", 6));
    assert_int_equal(fault_of(&conf, &b), -ERR_UNSUPPORTED);
    add_hello(&b, TLS12, 0x1301, str_of("\0\x2b\0\2\3\4\0\x33\0\6\0\x1d\0\2xx", 16));
    assert_int_equal(fault_of(&conf, &b), -ERR_RANGE);
    add_hello(&b, TLS12, 0x1301, str_of("\0\x2b\0\2\3\4\0\x33\0\6\xfa\xfa\0\2xx", 16));
    assert_int_equal(fault_of(&conf, &b), -ERR_UNSUPPORTED);
    /* HelloRetryRequest again and again (RFC 8446 4.1.4), and one without end of groups */
    struct buf m;
    buf_init(&m, 1000);
    tlswrite_number(&m, 2, TLS12);
    buf_add(&m, str_of(retry, 32));
    buf_addc(&m, 0);
    tlswrite_number(&m, 2, 0x1301);
    buf_addc(&m, 0);
    tlswrite_vector(&m, 2, str_of("\0\x2b\0\2\3\4\0\x33\0\2\0\x17", 12));
    for (int i = 0; i < 3; i++)
        add_message(&b, HS_SERVER_HELLO, buf_str(&m));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    /* a retry, then TLS 1.2 after all */
    add_message(&b, HS_SERVER_HELLO, buf_str(&m));
    add_hello(&b, TLS12, 0xc02f, STR_NONE);
    assert_true(fault_of(&conf, &b) < 0);
    buf_done(&m);
    /* the flight in clear: RFC 8446 5.1 */
    struct str share;
    assert_int_equal(kex_share(rig_keys, 23, &share), 0);
    buf_init(&m, 1000);
    buf_add(&m, str_of("\0\x2b\0\2\3\4\0\x33", 8));
    tlswrite_number(&m, 2, (uint32_t)share.n + 4);
    tlswrite_number(&m, 2, 23);
    tlswrite_vector(&m, 2, share);
    add_hello(&b, TLS12, 0x1301, buf_str(&m));
    add_message(&b, HS_ENCRYPTED_EXTENSIONS, str_of("\0\0", 2));
    assert_int_equal(fault_of(&conf, &b), -ERR_TLS_DECODE);
    buf_done(&m);
    buf_done(&b);
}

/* Memory at its end, wherever that comes: no record is kept, nothing else. */
static void test_small_arena(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13}, rsa[] = {0x002f};
    for (size_t v = 0; v < 6; v++) {
        uint16_t version = versions[v % 3];
        struct server server = {.min = version, .max = version, .request_certificate = true};
        SSL_CTX *ctx = rig_server(&server);
        struct tls_client_conf conf = conf_for(version);
        conf.hello.flags |= CH_TICKET;
        if (v >= 3 && version < TLS13)
            conf.hello.suites = LIST(rsa);
        for (size_t max = 1; max < 6000; max += max < 2000 ? 31 : 97) {
            struct rig r = {.arena_max = max};
            int err = rig_open(&r, ctx, &conf);
            assert_true(err == 0 || err == -ERR_NOMEM);
            if (!err)
                rig_run(&r);
            assert_true(r.arena.used <= max);
            rig_close(&r);
        }
        SSL_CTX_free(ctx);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_suite),
        cmocka_unit_test(test_every_group),
        cmocka_unit_test(test_dhe_primes),
        cmocka_unit_test(test_ems_and_etm),
        cmocka_unit_test(test_retry),
        cmocka_unit_test(test_retry_cookie),
        cmocka_unit_test(test_client_certificate_asked),
        cmocka_unit_test(test_chain_and_sizes),
        cmocka_unit_test(test_resume_by_id),
        cmocka_unit_test(test_resume_by_ticket),
        cmocka_unit_test(test_resume_by_psk),
        cmocka_unit_test(test_resume_ticket_with_id),
        cmocka_unit_test(test_psk_and_retry),
        cmocka_unit_test(test_early_data),
        cmocka_unit_test(test_key_update),
        cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_hello_request),
        cmocka_unit_test(test_close_notify_and_alerts),
        cmocka_unit_test(test_alerts_in_one_record),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_stop_at_flight_of_psk),
        cmocka_unit_test(test_fragmented_hello),
        cmocka_unit_test(test_flipped),
        cmocka_unit_test(test_wrong_finished),
        cmocka_unit_test(test_wrong_finished_full),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_small_arena),
        cmocka_unit_test(test_hostile),
        cmocka_unit_test(test_hostile13),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
