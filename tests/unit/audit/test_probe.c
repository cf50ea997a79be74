/* The auditor's probes against servers that have what they look for, servers that do not, and such
 * as say nothing: each outcome. */
#include "toy_server.h"

#include "audit/probe.h"
#include "audit/probe_oracle.h"

enum { SECOND = 1000000000 };

static const uint16_t toy_suites[] = {TOY_RSA_AES128_SHA};
static const uint16_t modern_suites[] = {0x1301, 0xc02f, 0xc02b, 0xc013, 0xc009, 0x002f};
#define LIST(a) ((struct u16_list){a, sizeof a / sizeof *(a)})
#define REQUEST STR("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n")

static struct probe *probe_of(const struct probe_spec *spec)
{
    struct probe_env env = {rig_crypto, rig_keys, SECOND};
    struct probe *p;
    assert_int_equal(probe_new(&env, spec, SECOND, &p), 0);
    assert_int_equal(probe_deadline(p), 2 * (uint64_t)SECOND);
    probe_connected(p, SECOND + 1);
    return p;
}

/* Bytes to the toy and back, in pieces, until the probe is done; silence ends it by its deadline. */
static struct observation *against_toy(const struct probe_spec *spec, enum toy_way way, size_t piece)
{
    struct toy t;
    toy_init(&t, way, spec->hello.version);
    struct probe *p = probe_of(spec);
    uint64_t now = SECOND + 2;
    for (bool more = true; more && !probe_done(p);) {
        struct str out = probe_out(p);
        more = out.n > 0;
        toy_feed(&t, out);
        probe_sent(p, out.n);
        for (struct str in = buf_str(&t.out); in.n && !probe_done(p);) {
            struct str part = str_sub(in, 0, piece ? piece : in.n);
            probe_feed(p, part, ++now);
            in = str_from(in, part.n);
            more = true;
        }
        buf_clear(&t.out);
        if (t.closed && probe_out(p).n == 0)
            probe_ended(p, ENDING_CLOSED, ++now);
    }
    probe_expire(p, now);
    if (!probe_done(p))
        probe_expire(p, probe_deadline(p));
    assert_true(probe_done(p));
    struct observation *o = probe_result(p);
    probe_free(p);
    toy_done(&t);
    assert_true(o->sent_n >= o->sent.n && o->received_n >= o->received.n && o->ended >= o->started);
    return o;
}

static struct probe_spec spec_of(const struct probe_kind *kind, uint16_t version, enum tls_stop stop)
{
    struct probe_spec s = {.kind = kind, .stop = stop};
    s.hello = (struct client_hello){.version = version, .suites = LIST(toy_suites), .flags = CH_HEARTBEAT};
    return s;
}

struct expect {
    enum toy_way way;
    enum outcome outcome;
    const char *reaction;
    enum ending ending;
};

static void check_rows(const struct probe_spec *spec, const struct expect *rows, size_t n)
{
    for (size_t i = 0; i < 3 * n; i++) {
        const struct expect *e = &rows[i / 3];
        struct observation *o = against_toy(spec, e->way, i % 3 == 0 ? 0 : i % 3 == 1 ? 1 : 700);
        if (o->outcome != e->outcome || strcmp(o->reaction, e->reaction) != 0 || o->ending != e->ending)
            print_error("row %zu: outcome %d, reaction '%s', ending %d, why %s\n", i / 3, o->outcome, o->reaction,
                        o->ending, o->why ? o->why : "-");
        assert_int_equal(o->outcome, e->outcome);
        assert_string_equal(o->reaction, e->reaction);
        assert_int_equal(o->ending, e->ending);
        assert_true(o->outcome != OUTCOME_NONE || o->why);
        observation_free(o);
    }
}
#define CHECK(spec, rows) check_rows(spec, rows, sizeof rows / sizeof *(rows))

static const uint16_t old_versions[] = {TLS_WIRE_SSL3, TLS10, TLS11, TLS12};

static void test_heartbleed(void **state)
{
    static const struct expect rows[] = {
        {TOY_HEARTBLEED, OUTCOME_VULNERABLE, "16384 bytes of memory", ENDING_OPEN},
        {TOY_SAFE, OUTCOME_SAFE, "alert 10", ENDING_OPEN},
        {TOY_CLOSES, OUTCOME_SAFE, "closed", ENDING_CLOSED},
        {TOY_SILENT, OUTCOME_NONE, "no answer in time", ENDING_TIMEOUT},
    };
    for (size_t v = 0; v < 4; v++) {
        struct probe_spec s = spec_of(&probe_heartbleed, old_versions[v], TLS_STOP_FLIGHT);
        CHECK(&s, rows);
    }
}

static void test_early_ccs(void **state)
{
    static const struct expect rows[] = {
        {TOY_EARLY_CCS, OUTCOME_VULNERABLE, "alert 20", ENDING_OPEN},
        {TOY_SAFE, OUTCOME_SAFE, "alert 10", ENDING_OPEN},
        {TOY_CLOSES, OUTCOME_SAFE, "closed", ENDING_CLOSED},
        {TOY_SILENT, OUTCOME_NONE, "no answer in time", ENDING_TIMEOUT},
    };
    for (size_t v = 0; v < 4; v++) {
        struct probe_spec s = spec_of(&probe_early_ccs, old_versions[v], TLS_STOP_FLIGHT);
        CHECK(&s, rows);
    }
}

/* Both need the records' version to be the negotiated one: another gives alert 70. */
static void test_record_version(void **state)
{
    struct probe_spec s = spec_of(&probe_early_ccs, TLS11, TLS_STOP_FLIGHT);
    struct probe *p = probe_of(&s);
    struct toy t;
    toy_init(&t, TOY_SAFE, TLS11);
    toy_feed(&t, probe_out(p));
    probe_sent(p, probe_out(p).n);
    probe_feed(p, buf_str(&t.out), SECOND + 5);
    assert_true(str_eq(probe_out(p), STR("\x14\3\2\0\1\1\x14\3\2\0\1\1")));
    probe_free(p);
    toy_done(&t);
}

static void test_ticketbleed(void **state)
{
    static const struct tls_session session = {.version = TLS12, .suite = TOY_RSA_AES128_SHA, .secret_n = 48,
                                               .ticket = {"ticket", 6}};
    static const struct expect rows[] = {
        {TOY_TICKETBLEED, OUTCOME_VULNERABLE, "session id of 32 bytes", ENDING_OPEN},
        {TOY_ECHOES_ID, OUTCOME_SAFE, "session id of 31 bytes", ENDING_OPEN},
        {TOY_SAFE, OUTCOME_SAFE, "session id of 0 bytes", ENDING_OPEN},
    };
    struct probe_spec s = spec_of(&probe_ticketbleed, TLS12, TLS_STOP_HELLO);
    s.session = &session;
    s.hello.session_id = STR("31 bytes 31 bytes 31 bytes 31 b");
    CHECK(&s, rows);
    struct probe *p = probe_of(&s);
    probe_feed(p, str_of("\x15\3\3\0\2\2\x28", 7), SECOND + 9);
    struct observation *o = probe_result(p);
    assert_int_equal(o->outcome, OUTCOME_SAFE);
    assert_string_equal(o->reaction, "alert 40");
    observation_free(o);
    probe_free(p);
    p = probe_of(&s);
    probe_ended(p, ENDING_RESET, SECOND + 9);
    o = probe_result(p);
    assert_int_equal(o->outcome, OUTCOME_NONE);
    assert_string_equal(o->reaction, "reset");
    observation_free(o);
    probe_free(p);
}

static void test_renegotiation(void **state)
{
    static const struct expect rows[] = {
        {TOY_RENEGOTIATES, OUTCOME_VULNERABLE, "", ENDING_OPEN},
        {TOY_SAFE, OUTCOME_SAFE, "alert 100", ENDING_OPEN},
        {TOY_CLOSES, OUTCOME_SAFE, "closed", ENDING_CLOSED},
    };
    static const struct expect ignored[] = {{TOY_IGNORES_HELLO, OUTCOME_SAFE, "", ENDING_OPEN}};
    static const struct expect waited[] = {{TOY_IGNORES_HELLO, OUTCOME_SAFE, "no answer in time", ENDING_TIMEOUT}};
    for (size_t v = 1; v < 4; v++) {
        struct probe_spec s = spec_of(&probe_renegotiation, old_versions[v], TLS_STOP_NEVER);
        CHECK(&s, rows);
        CHECK(&s, waited);
        s.request = REQUEST; /* the fence */
        CHECK(&s, rows);
        CHECK(&s, ignored);
    }
}

/* ---- oracles ---- */

static struct observation *vector(const struct probe_kind *kind, int v, enum toy_way way, uint16_t version)
{
    struct probe_spec s = spec_of(kind, version, kind == &probe_cbc ? TLS_STOP_NEVER : TLS_STOP_FLIGHT);
    s.variant = v;
    s.request = REQUEST;
    return against_toy(&s, way, 0);
}

static void assert_reaction(const struct probe_kind *kind, int v, enum toy_way way, uint16_t version,
                            const char *reaction, enum outcome outcome)
{
    struct observation *o = vector(kind, v, way, version);
    if (strcmp(o->reaction, reaction) != 0)
        print_error("vector %d, way %d, version %04x\n", v, way, version);
    assert_string_equal(o->reaction, reaction);
    assert_int_equal(o->outcome, outcome);
    observation_free(o);
}

static void test_cbc(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    for (size_t i = 0; i < 3; i++) {
        uint16_t version = versions[i];
        for (int v = 0; v <= CBC_HONEST; v++) {
            bool honest = v == CBC_HONEST;
            const char *same = honest ? "answered " : "alert 20 closed";
            enum outcome safe = honest ? OUTCOME_VULNERABLE : OUTCOME_SAFE;
            assert_reaction(&probe_cbc, v, TOY_SAFE, version, same, safe);
            bool poodle = v == CBC_BAD_PADDING || v == CBC_BAD_LAST;
            assert_reaction(&probe_cbc, v, TOY_POODLE, version, poodle ? "answered " : same,
                            poodle ? OUTCOME_VULNERABLE : safe);
            assert_reaction(&probe_cbc, v, TOY_ZOMBIE, version, poodle ? "closed" : same, safe);
            bool golden = v == CBC_BAD_MAC || v == CBC_BAD_MAC_EMPTY;
            assert_reaction(&probe_cbc, v, TOY_GOLDENDOODLE, version, golden ? "closed" : same, safe);
            assert_reaction(&probe_cbc, v, TOY_LUCKY_MINUS_20, version,
                            v == CBC_LUCKY_MINUS_20 ? "alert 22 closed" : same, safe);
            assert_reaction(&probe_cbc, v, TOY_SILENT, version, honest ? same : "open", safe);
            assert_non_null(cbc_vector_name(v));
        }
    }
}

static void test_cbc_needs_cbc(void **state)
{
    assert_reaction(&probe_cbc, CBC_BAD_PADDING, TOY_SAFE, TLS_WIRE_SSL3, "", OUTCOME_NONE);
    static const uint16_t gcm[] = {0x009c};
    struct server server = {.min = TLS12, .max = TLS12, .ciphers = "AES128-GCM-SHA256:@SECLEVEL=0"};
    SSL_CTX *ctx = rig_server(&server);
    struct probe_spec s = spec_of(&probe_cbc, TLS12, TLS_STOP_NEVER);
    s.hello.suites = LIST(gcm);
    struct probe *p = probe_of(&s);
    SSL *ssl = SSL_new(ctx);
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    SSL_set_bio(ssl, in, out);
    SSL_set_accept_state(ssl);
    for (int i = 0; i < 4 && !probe_done(p); i++) {
        char *bytes;
        BIO_write(in, probe_out(p).p, (int)probe_out(p).n);
        probe_sent(p, probe_out(p).n);
        SSL_do_handshake(ssl);
        long n = BIO_get_mem_data(out, &bytes);
        probe_feed(p, str_of(bytes, (size_t)n), SECOND + 5);
        (void)BIO_reset(out);
    }
    struct observation *o = probe_result(p);
    assert_int_equal(o->outcome, OUTCOME_NONE);
    assert_string_equal(o->why, "the server chose no CBC suite");
    observation_free(o);
    probe_free(p);
    SSL_free(ssl);
    SSL_CTX_free(ctx);
}

static void test_robot(void **state)
{
    for (size_t i = 1; i < 4; i++)
        for (int v = 0; v < 2 * ROBOT_VECTORS; v++) {
            int variant = v % ROBOT_VECTORS | (v >= ROBOT_VECTORS ? ROBOT_SHORT : 0);
            bool is_short = variant & ROBOT_SHORT, bad = v % ROBOT_VECTORS != ROBOT_GOOD;
            const char *same = is_short ? "closed" : "alert 20 closed";
            bool told = bad && v % ROBOT_VECTORS != ROBOT_WRONG_VERSION;
            assert_reaction(&probe_robot, variant, TOY_SAFE, old_versions[i], same, OUTCOME_SAFE);
            if (told)
                assert_reaction(&probe_robot, variant, TOY_ROBOT, old_versions[i], "alert 51 closed", OUTCOME_SAFE);
            else if (!bad)
                assert_reaction(&probe_robot, variant, TOY_ROBOT, old_versions[i], same, OUTCOME_SAFE);
            assert_non_null(robot_vector_name(variant));
        }
}

/* ---- hellos and requests ---- */

struct ssl_peer {
    SSL *ssl;
    BIO *in, *out;
    struct buf got;
    const char *answer;
    bool answered, shut, asks_again;
};

static void peer_turn(struct ssl_peer *s)
{
    char p[4096];
    int n = 1;
    while (n > 0) {
        n = SSL_read(s->ssl, p, sizeof p);
        if (n > 0)
            buf_add(&s->got, str_of(p, (size_t)n));
    }
    if (s->asks_again && s->got.n > 4) {
        s->asks_again = false; /* as for a page that wants a client certificate */
        SSL_set_verify(s->ssl, SSL_VERIFY_PEER, rig_any);
        SSL_renegotiate(s->ssl);
        SSL_do_handshake(s->ssl);
        return;
    }
    if (s->answer && !s->answered && !SSL_renegotiate_pending(s->ssl) && s->got.n > 4 &&
        memcmp(buf_end(&s->got) - 4, "\r\n\r\n", 4) == 0) {
        s->answered = true;
        SSL_write(s->ssl, s->answer, (int)strlen(s->answer));
        if (s->shut)
            SSL_shutdown(s->ssl);
    }
}

static bool asks_again; /* the next peer does */

static struct observation *against_ssl(const struct probe_spec *spec, SSL_CTX *ctx, const char *answer, bool shut)
{
    struct ssl_peer s = {SSL_new(ctx), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()), .answer = answer, .shut = shut,
                         .asks_again = asks_again};
    struct probe *p = probe_of(spec);
    buf_init(&s.got, 1 << 16);
    SSL_set_bio(s.ssl, s.in, s.out);
    SSL_set_accept_state(s.ssl);
    for (bool more = true; more && !probe_done(p);) {
        char *bytes;
        struct str out = probe_out(p);
        more = out.n > 0;
        BIO_write(s.in, out.p, (int)out.n);
        probe_sent(p, out.n);
        peer_turn(&s);
        long n = BIO_get_mem_data(s.out, &bytes);
        more = more || n > 0;
        probe_feed(p, str_of(bytes, (size_t)n), SECOND + 77);
        (void)BIO_reset(s.out);
    }
    if (!probe_done(p))
        probe_expire(p, probe_deadline(p));
    struct observation *o = probe_result(p);
    probe_free(p);
    SSL_set_shutdown(s.ssl, SSL_SENT_SHUTDOWN);
    SSL_free(s.ssl);
    buf_done(&s.got);
    return o;
}

static struct probe_spec modern(const struct probe_kind *kind, uint16_t version, enum tls_stop stop)
{
    struct probe_spec s = {.kind = kind, .stop = stop, .follow_retry = true,
                           .share_group = version == TLS13 ? 29 : 0};
    s.hello = rig_hello(version, LIST(modern_suites));
    s.hello.flags |= CH_TICKET;
    return s;
}

static void test_hello_kinds(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12, TLS13};
    struct server server = {0};
    SSL_CTX *ctx = rig_server(&server);
    for (size_t v = 0; v < 4; v++)
        for (int stop = TLS_STOP_HELLO; stop <= TLS_STOP_NEVER; stop++) {
            struct probe_spec s = modern(&probe_hello, versions[v], (enum tls_stop)stop);
            struct observation *o = against_ssl(&s, ctx, NULL, false);
            assert_int_equal(o->ending, ENDING_OPEN);
            assert_true(o->connected && o->hs->hello);
            assert_int_equal(o->hs->version, versions[v]);
            assert_int_equal(o->hs->flight, stop > TLS_STOP_HELLO);
            assert_int_equal(o->hs->established, stop == TLS_STOP_NEVER);
            assert_int_equal(o->hs->received, o->received_n);
            observation_free(o);
        }
    struct probe_spec s = modern(&probe_hello, TLS13, TLS_STOP_HELLO);
    s.share_group = 0;
    s.hello.flags |= CH_KEY_SHARE;
    s.follow_retry = false;
    struct observation *o = against_ssl(&s, ctx, NULL, false);
    assert_true(o->hs->retry && !o->hs->hello);
    observation_free(o);
    SSL_CTX_free(ctx);
}

static void test_full_with_request(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS12, TLS13};
    static const char length[] = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    static const char open_end[] = "HTTP/1.0 200 OK\r\n\r\nhello";
    struct server server = {0};
    SSL_CTX *ctx = rig_server(&server);
    for (size_t v = 0; v < 3; v++) {
        struct probe_spec s = modern(&probe_full, versions[v], TLS_STOP_NEVER);
        s.request = REQUEST;
        struct observation *o = against_ssl(&s, ctx, length, false);
        assert_non_null(o->http);
        assert_int_equal(o->http->status, 200);
        assert_true(str_eq(o->http->body, STR("hello")));
        assert_int_equal(o->ending, ENDING_OPEN);
        assert_int_equal(o->nsessions, versions[v] == TLS13 ? 2 : 1);
        /* Resumed with what was kept. */
        s.session = &o->sessions[0];
        struct observation *again = against_ssl(&s, ctx, length, false);
        assert_true(again->hs->resumed && again->http);
        observation_free(again);
        observation_free(o);
        s.session = NULL;
        /* close_notify ends a body without a length, at once */
        o = against_ssl(&s, ctx, open_end, true);
        assert_true(o->http && o->clean_close && o->http->clean_close);
        assert_int_equal(o->ending, ENDING_CLOSED);
        assert_true(str_eq(o->http->body, STR("hello")));
        observation_free(o);
        /* without one it is waited for, and the answer is called cut off */
        o = against_ssl(&s, ctx, open_end, false);
        assert_true(o->http && !o->clean_close && !o->http->clean_close);
        assert_int_equal(o->ending, ENDING_TIMEOUT);
        observation_free(o);
    }
    SSL_CTX_free(ctx);
}

/* A server that renegotiates for a client certificate once it has read the request. */
static void test_full_asked_again(void **state)
{
    static const uint16_t versions[] = {TLS10, TLS11, TLS12};
    struct server server = {0};
    SSL_CTX *ctx = rig_server(&server);
    asks_again = true;
    for (size_t v = 0; v < 3; v++) {
        struct probe_spec s = modern(&probe_full, versions[v], TLS_STOP_NEVER);
        s.request = REQUEST;
        struct observation *o = against_ssl(&s, ctx, "HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", false);
        assert_true(o->http && o->http->status == 403);
        assert_true(o->hs->requests_certificate && o->hs->established);
        assert_int_equal(o->ending, ENDING_OPEN);
        assert_true(o->hs->nchain == 1 && o->nsessions == 1);
        observation_free(o);
    }
    asks_again = false;
    SSL_CTX_free(ctx);
}

static void test_full_early(void **state)
{
    struct server server = {.min = TLS13, .early = true};
    SSL_CTX *ctx = rig_server(&server);
    struct probe_spec s = modern(&probe_full, TLS13, TLS_STOP_NEVER);
    s.request = REQUEST;
    struct observation *o = against_ssl(&s, ctx, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
    assert_int_equal(o->sessions[0].max_early_data, 16384);
    s.session = &o->sessions[0];
    s.hello.flags |= CH_EARLY_DATA;
    /* This peer reads none: it skips them, and the request comes again under the keys of the handshake. */
    struct observation *again = against_ssl(&s, ctx, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", false);
    assert_true(again->hs->resumed && !again->hs->ee.early_data && again->http);
    observation_free(again);
    observation_free(o);
    SSL_CTX_free(ctx);
}

/* SSL 3.0 is beyond libssl here: with the toy, at least both sides agree. */
static void test_full_ssl3(void **state)
{
    for (size_t v = 0; v < 4; v++) {
        struct probe_spec s = spec_of(&probe_full, old_versions[v], TLS_STOP_NEVER);
        s.request = REQUEST;
        struct observation *o = against_toy(&s, TOY_SAFE, 1);
        assert_true(o->hs->established && !o->hs->finished_wrong);
        assert_int_equal(o->hs->version, old_versions[v]);
        assert_true(o->http && str_eq(o->http->body, STR("ok")));
        observation_free(o);
    }
}

static void test_split_and_evidence(void **state)
{
    struct probe_spec s = modern(&probe_hello, TLS12, TLS_STOP_FLIGHT);
    s.hello.pad_to = 6000;
    s.split = 100;
    struct probe *p = probe_of(&s);
    assert_int_equal(probe_out(p).n, 100);
    probe_sent(p, 40);
    assert_int_equal(probe_out(p).n, 60);
    probe_sent(p, 60);
    size_t rest = probe_out(p).n;
    assert_int_equal(rest, 5 + 6000 - 100);
    probe_sent(p, rest);
    assert_int_equal(probe_out(p).n, 0);
    probe_ended(p, ENDING_RESET, SECOND + 3);
    probe_ended(p, ENDING_TIMEOUT, SECOND + 4); /* too late */
    probe_feed(p, STR("x"), SECOND + 4);
    struct observation *o = probe_result(p);
    assert_int_equal(o->sent_n, 6005);
    assert_int_equal(o->sent.n, PROBE_EVIDENCE);
    assert_int_equal(o->ending, ENDING_RESET);
    assert_int_equal(o->ended, SECOND + 3);
    observation_free(o);
    probe_free(p);
}

/* Silence, and a peer that drips. */
static void test_time(void **state)
{
    struct probe_spec s = modern(&probe_hello, TLS12, TLS_STOP_FLIGHT);
    struct probe *p = probe_of(&s);
    uint64_t start = SECOND + 1, t = start;
    probe_expire(p, probe_deadline(p) - 1);
    assert_false(probe_done(p));
    for (int i = 0; i < 7 && !probe_done(p); i++) {
        t += SECOND - 1;
        probe_expire(p, t);
        probe_feed(p, str_of("\x16", i == 0), t);
        if (i > 0 && i < 6)
            probe_feed(p, str_of(&"\x16\3\3\x40\0xx"[i], 1), t);
    }
    assert_true(probe_done(p));
    assert_true(t <= start + 5 * (uint64_t)SECOND);
    struct observation *o = probe_result(p);
    assert_int_equal(o->ending, ENDING_TIMEOUT);
    observation_free(o);
    probe_free(p);
    struct probe_env env = {rig_crypto, rig_keys, SECOND};
    assert_int_equal(probe_new(&env, &s, 0, &p), 0);
    probe_expire(p, SECOND);
    o = probe_result(p);
    assert_int_equal(o->ending, ENDING_UNREACHABLE); /* no TCP connection ever came */
    observation_free(o);
    probe_free(p);
}

static void test_garbage_and_flood(void **state)
{
    static const struct probe_kind *const kinds[] = {&probe_hello, &probe_full, &probe_heartbleed, &probe_early_ccs,
                                                     &probe_ticketbleed, &probe_renegotiation, &probe_cbc,
                                                     &probe_robot};
    static char zeros[20000];
    for (size_t k = 0; k < 8; k++) {
        struct probe_spec s = modern(kinds[k], TLS12, TLS_STOP_FLIGHT);
        struct probe *p = probe_of(&s);
        probe_feed(p, STR("SSH-2.0-OpenSSH\r\n"), SECOND + 3);
        assert_true(probe_done(p));
        struct observation *o = probe_result(p);
        assert_int_equal(o->ending, ENDING_GARBAGE);
        assert_int_equal(o->outcome, OUTCOME_NONE);
        observation_free(o);
        probe_free(p);
        p = probe_of(&s);
        struct buf b;
        buf_init(&b, 1 << 16);
        tlsrec_emit(&b, 40, TLS12, str_of(zeros, 16000), 0); /* a type that nobody knows */
        for (int i = 0; i < 70 && !probe_done(p); i++)
            probe_feed(p, buf_str(&b), SECOND + 3);
        assert_true(probe_done(p));
        o = probe_result(p);
        assert_int_equal(o->ending, ENDING_FLOOD);
        observation_free(o);
        probe_free(p);
        buf_done(&b);
    }
}

static struct observation *raw(const struct probe_kind *kind, struct str in, size_t piece, enum ending ending)
{
    struct probe_spec s = {.kind = kind, .request = REQUEST};
    struct probe *p = probe_of(&s);
    assert_true(probe_out(p).n > 0);
    probe_sent(p, probe_out(p).n);
    for (; in.n && !probe_done(p); in = str_from(in, piece))
        probe_feed(p, str_sub(in, 0, piece), SECOND + 9);
    if (!probe_done(p))
        probe_ended(p, ending, SECOND + 10);
    struct observation *o = probe_result(p);
    probe_free(p);
    return o;
}

static void test_ssl2(void **state)
{
    static const char hello[] = "\x80\x1b\4\0\1\0\2\0\x04\0\6\0\6cert\1\0\x80\7\0\xc0id....";
    for (size_t piece = 1; piece < 40; piece += 13) {
        struct observation *o = raw(&probe_ssl2, str_of(hello, sizeof hello - 1), piece, ENDING_CLOSED);
        assert_non_null(o->ssl2);
        assert_int_equal(o->ssl2->specs.n, 6);
        assert_true(str_eq(o->ssl2->certificate, STR("cert")));
        assert_int_equal(o->ending, ENDING_OPEN);
        observation_free(o);
        o = raw(&probe_ssl2, str_of("\x15\3\0\0\2\2\x28", 7), piece, ENDING_CLOSED);
        assert_null(o->ssl2);
        assert_int_equal(o->ending, ENDING_GARBAGE);
        observation_free(o);
    }
    struct observation *o = raw(&probe_ssl2, str_of(hello, 10), 10, ENDING_RESET);
    assert_null(o->ssl2);
    assert_int_equal(o->ending, ENDING_RESET);
    observation_free(o);
}

static void test_plain(void **state)
{
    struct str whole = STR("HTTP/1.1 301 Moved\r\nLocation: https://a.test/\r\nContent-Length: 0\r\n\r\n");
    for (size_t piece = 1; piece < 100; piece += 33) {
        struct observation *o = raw(&probe_plain, whole, piece, ENDING_CLOSED);
        assert_non_null(o->http);
        assert_int_equal(o->http->status, 301);
        assert_int_equal(o->ending, ENDING_OPEN);
        observation_free(o);
    }
    struct observation *o = raw(&probe_plain, STR("HTTP/1.0 200 OK\r\n\r\nbody"), 7, ENDING_CLOSED);
    assert_true(o->http && str_eq(o->http->body, STR("body")));
    assert_string_equal(o->reaction, "closed");
    observation_free(o);
    o = raw(&probe_plain, STR("\x15\3\1\0\2\2\x46"), 7, ENDING_CLOSED);
    assert_null(o->http);
    observation_free(o);
    o = raw(&probe_plain, STR_NONE, 7, ENDING_REFUSED);
    assert_null(o->http);
    assert_int_equal(o->ending, ENDING_REFUSED);
    observation_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heartbleed),
        cmocka_unit_test(test_early_ccs),
        cmocka_unit_test(test_record_version),
        cmocka_unit_test(test_ticketbleed),
        cmocka_unit_test(test_renegotiation),
        cmocka_unit_test(test_cbc),
        cmocka_unit_test(test_cbc_needs_cbc),
        cmocka_unit_test(test_robot),
        cmocka_unit_test(test_hello_kinds),
        cmocka_unit_test(test_full_with_request),
        cmocka_unit_test(test_full_asked_again),
        cmocka_unit_test(test_full_early),
        cmocka_unit_test(test_full_ssl3),
        cmocka_unit_test(test_split_and_evidence),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_garbage_and_flood),
        cmocka_unit_test(test_ssl2),
        cmocka_unit_test(test_plain),
    };
    return cmocka_run_group_tests(tests, rig_setup, rig_teardown);
}
