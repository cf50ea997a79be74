/* Handshakes and streams against OpenSSL's client, with the keys behind a channel. */
#include "tls_world.h"

#include <openssl/rand.h>

/* Reads all that the server side has; echoes nothing. */
static void collect(struct link *l, unsigned events)
{
    char p[5000];
    ssize_t n;
    if (!(events & STREAM_READABLE))
        return;
    while ((n = stream_read(l->server, p, sizeof p)) > 0)
        buf_add(&l->got, str_of(p, (size_t)n));
}

static void client_send(struct link *l, const void *p, size_t n)
{
    assert_int_equal(SSL_write(l->ssl, p, (int)n), (int)n);
}

static void pump_until_got(struct link *l, size_t n)
{
    for (int i = 0; i < 1000000 && l->got.n < n; i++)
        link_pump(l);
    assert_int_equal(l->got.n, n);
}

static void client_expect(struct link *l, const char *p, size_t n)
{
    char in[20000];
    size_t at = 0;
    for (int i = 0; i < 3000000 && at < n; i++) {
        int r = SSL_read(l->ssl, in, sizeof in);
        if (r > 0) {
            assert_true(at + (size_t)r <= n);
            assert_memory_equal(in, p + at, (size_t)r);
            at += (size_t)r;
        } else {
            assert_int_equal(SSL_get_error(l->ssl, r), SSL_ERROR_WANT_READ);
            link_pump(l);
        }
    }
    assert_int_equal(at, n);
}

static void test_matrix(void **state)
{
    static const struct {
        const char *key, *sigalgs, *version_name;
        int version;
    } rows[] = {
        {"P-256", NULL, "TLSv1.3", TLS1_3_VERSION},
        {"P-256", NULL, "TLSv1.2", TLS1_2_VERSION},
        {"P-384", NULL, "TLSv1.3", TLS1_3_VERSION},
        {"P-384", NULL, "TLSv1.2", TLS1_2_VERSION},
        {"rsa", NULL, "TLSv1.3", TLS1_3_VERSION},
        {"rsa", "RSA-PSS+SHA256", "TLSv1.2", TLS1_2_VERSION},
        {"rsa", "RSA+SHA384", "TLSv1.2", TLS1_2_VERSION},
        {"ed25519", NULL, "TLSv1.3", TLS1_3_VERSION},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct world *w = world_new();
        struct link l;
        world_add_cert(w, rows[i].key);
        world_add_site(w, "a.test", 1);
        world_ready(w);
        SSL_CTX *c = client_ctx(rows[i].version, rows[i].sigalgs);
        SSL_CTX_set_alpn_protos(c, (const unsigned char *)"\x08http/1.1\x02h2", 12);
        link_open(&l, w, 65536, c, "A.test");
        l.on_server = collect;
        if (!link_handshake(&l))
            fail_msg("row %zu: %d", i, l.done);
        const struct facts *f = &l.conn.facts;
        assert_string_equal(f->tls, rows[i].version_name);
        assert_true(str_eq(f->alpn, STR("h2")) && str_eq(f->sni, STR("a.test")));
        assert_true(f->secure && !f->resumed && f->site == &w->sites[0]);
        assert_non_null(f->cipher);
        assert_true(strncmp(f->cipher, "TLS_", 4) == 0);
        bool hybrid = OPENSSL_VERSION_NUMBER >= 0x30500000L && rows[i].version == TLS1_3_VERSION;
        assert_string_equal(f->group, hybrid ? "X25519MLKEM768" : "X25519");
        assert_int_equal(w->metrics.tls_pq, hybrid);
        assert_int_equal(w->signed_, 1);
        client_send(&l, "hello", 5);
        pump_until_got(&l, 5);
        struct str parts[] = {STR("wor"), STR(""), STR("ld"), STR("")};
        assert_int_equal(stream_write(l.server, parts, 4, false), 5);
        client_expect(&l, "world", 5);
        link_close(&l);
        SSL_CTX_free(c);
        world_free(w);
    }
}

/* Two keys: the client's abilities decide. */
static void test_two_certificates(void **state)
{
    struct world *w = world_new();
    world_add_cert(w, "P-256");
    world_add_cert(w, "rsa");
    world_add_site(w, "a.test", 3);
    world_add_site(w, "b.test", 2); /* not the same as a's: installed in the handshake */
    world_ready(w);
    static const struct {
        const char *name, *sigalgs, *type;
    } rows[] = {{"a.test", "ECDSA+SHA256", "EC"}, {"a.test", "RSA-PSS+SHA256", "RSA"},
                {"b.test", "ECDSA+SHA256:RSA-PSS+SHA256", "RSA"}};
    for (size_t i = 0; i < 3; i++) {
        struct link l;
        SSL_CTX *c = client_ctx(TLS1_3_VERSION, rows[i].sigalgs);
        link_open(&l, w, 65536, c, rows[i].name);
        assert_true(link_handshake(&l));
        X509 *x = SSL_get1_peer_certificate(l.ssl);
        assert_true(EVP_PKEY_is_a(X509_get0_pubkey(x), rows[i].type));
        X509_free(x);
        link_close(&l);
        SSL_CTX_free(c);
    }
    world_free(w);
}

/* What a client must not get, and the alert it gets instead. */
static void test_refused(void **state)
{
    struct world *w = world_new();
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_add_site(w, "b.test", 1)->tls.min_version = TLS_V13;
    world_ready(w);
    static const struct {
        const char *name, *alpn;
        int version, err, alert;
    } rows[] = {
        {"c.test", NULL, TLS1_3_VERSION, -ERR_TLS_NAME, 112},
        {"c.test", NULL, TLS1_2_VERSION, -ERR_TLS_NAME, 112},
        {NULL, NULL, TLS1_3_VERSION, -ERR_TLS_NAME, 112},
        {"a.test", "\x06spdy/1", TLS1_3_VERSION, -ERR_TLS_ALPN, 120},
        {"a.test", "\x06spdy/1", TLS1_2_VERSION, -ERR_TLS_ALPN, 120},
        {"b.test", NULL, TLS1_2_VERSION, -ERR_TLS_VERSION, 70},
        {"a_test", NULL, TLS1_3_VERSION, -ERR_TLS_NAME, 112},
        {"a/test", NULL, TLS1_3_VERSION, -ERR_TLS_NAME, 112},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link l;
        SSL_CTX *c = client_ctx(rows[i].version, NULL);
        if (rows[i].alpn)
            SSL_CTX_set_alpn_protos(c, (const unsigned char *)rows[i].alpn, 7);
        link_open(&l, w, 65536, c, rows[i].name);
        ERR_clear_error();
        assert_false(link_handshake(&l));
        assert_int_equal(l.done, rows[i].err);
        assert_int_equal(ERR_GET_REASON(ERR_peek_last_error()), 1000 + rows[i].alert);
        link_close(&l);
        SSL_CTX_free(c);
    }
    assert_int_equal(w->metrics.tls_failed, sizeof rows / sizeof *rows);
    assert_int_equal(w->metrics.tls_unknown_name, 5);
    assert_int_equal(w->signed_, 0);
    world_free(w);
}

static void test_address_as_name(void **state)
{
    struct world *w = world_new();
    struct link l;
    world_add_cert(w, "P-256");
    world_add_site(w, "127.0.0.1", 1);
    world_ready(w);
    SSL_CTX *c = client_ctx(TLS1_3_VERSION, NULL);
    link_open(&l, w, 65536, c, NULL);
    assert_true(link_handshake(&l));
    assert_int_equal(l.conn.facts.alpn.n + l.conn.facts.sni.n, 0);
    link_close(&l);
    SSL_CTX_free(c);
    world_free(w);
}

static void test_not_tls(void **state)
{
    static const struct {
        struct str bytes;
        int err;
    } rows[] = {{{"GET / HTTP/1.1\r\n\r\n", 18}, -ERR_HTTP_ON_TLS_PORT},
                {{"\0\1\2\3", 4}, -ERR_TLS_NOT_TLS},
                {{"\x16\x03\x01\xff\xff", 5}, -ERR_TLS_DECODE},
                {{"\x16\x03\x01\x01\0zzzz", 9}, -ERR_EOF},
                {{"", 0}, -ERR_EOF}};
    struct world *w = world_new();
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct link l;
        link_open(&l, w, 65536, NULL, NULL);
        assert_int_equal(stream_write(l.client, &rows[i].bytes, 1, false), rows[i].bytes.n);
        if (rows[i].bytes.n == 9 || rows[i].bytes.n == 0)
            assert_int_equal(stream_shutdown(l.client), 0);
        for (int k = 0; k < 10; k++)
            loop_turn(w->loop, 0);
        if (rows[i].err == -ERR_TLS_DECODE)
            assert_true(l.done < 0); /* OpenSSL's choice of words */
        else
            assert_int_equal(l.done, rows[i].err);
        if (l.done == -ERR_HTTP_ON_TLS_PORT) {
            struct str answer = STR("HTTP/1.1 400\r\n\r\n");
            char p[100];
            assert_int_equal(stream_write(tls_stream_below(l.server), &answer, 1, false), answer.n);
            assert_int_equal(stream_read(l.client, p, sizeof p), answer.n);
        }
        link_close(&l);
    }
    world_free(w);
}

/* ---- much data through narrow pipes ---- */

struct transfer {
    const char *p;
    size_t n, at;
    int fd; /* -1: from memory */
};
static struct transfer transfer; /* of the test that runs */

static void send_on(struct link *l, unsigned events)
{
    collect(l, events);
    while (transfer.at < transfer.n) {
        ssize_t n;
        if (transfer.fd >= 0) {
            n = stream_send_file(l->server, transfer.fd, transfer.at, transfer.n - transfer.at);
        } else {
            struct str parts[3];
            struct str all = str_of(transfer.p + transfer.at, transfer.n - transfer.at);
            parts[0] = str_sub(all, 0, 100);
            parts[1] = str_sub(all, 100, 17000);
            parts[2] = str_from(all, 17100);
            n = stream_write(l->server, parts, 3, false);
        }
        assert_true(n >= 0);
        transfer.at += (size_t)n;
        if (n == 0)
            return;
        assert_true(stream_pending(l->server) <= 512 * 1024);
    }
}

static void run_transfer(int version, size_t capacity, size_t n, bool file)
{
    struct world *w = world_new();
    struct link l;
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    char *data = malloc(n);
    RAND_bytes((unsigned char *)data, (int)n);
    transfer = (struct transfer){data, n, 0, file ? pki_file(str_of(data, n)) : -1};
    SSL_CTX *c = client_ctx(version, NULL);
    link_open(&l, w, capacity, c, "a.test");
    assert_true(link_handshake(&l));
    l.on_server = send_on;
    send_on(&l, STREAM_READABLE);
    client_expect(&l, data, n);
    client_send(&l, data, n);
    pump_until_got(&l, n);
    assert_memory_equal(l.got.mem + l.got.off, data, n);
    if (file) {
        assert_int_equal(stream_send_file(l.server, transfer.fd, n, 1), -ERR_EOF);
        close(transfer.fd);
    }
    transfer = (struct transfer){.fd = -1};
    link_close(&l);
    SSL_CTX_free(c);
    free(data);
    world_free(w);
}

static void test_narrow(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int v = 0; v < 2; v++) {
        run_transfer(versions[v], 1, 40000, false);
        run_transfer(versions[v], 1, 20000, true);
        run_transfer(versions[v], 7, 40000, false);
        run_transfer(versions[v], 1000, 400000, true);
        run_transfer(versions[v], 100000, 1500000, false);
        run_transfer(versions[v], 100000, 1500000, true);
    }
}

/* A fast reader of a large file gets it whole although the sender pauses for others. */
static void test_file_turns(void **state)
{
    run_transfer(TLS1_3_VERSION, 8 << 20, 5 << 20, true);
}

/* Small pieces written with `more` leave together. */
static void test_more(void **state)
{
    struct world *w = world_new();
    struct link l;
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    SSL_CTX *c = client_ctx(TLS1_3_VERSION, NULL);
    link_open(&l, w, 65536, c, "a.test");
    assert_true(link_handshake(&l));
    link_pump(&l);
    struct str a = STR("head"), b = STR("body");
    char p[1000];
    assert_int_equal(stream_write(l.server, &a, 1, true), 4);
    assert_int_equal(stream_read(l.client, p, sizeof p), -ERR_AGAIN);
    assert_true(stream_pending(l.server) > 0);
    assert_int_equal(stream_write(l.server, &b, 1, false), 4);
    ssize_t n = stream_read(l.client, p, sizeof p);
    assert_true(n > 8);
    BIO_write(l.in, p, (int)n);
    assert_int_equal(stream_pending(l.server), 0);
    client_expect(&l, "headbody", 8);
    assert_int_equal(stream_write(l.server, &a, 1, true), 4); /* and nothing follows */
    client_expect(&l, "head", 4);
    link_close(&l);
    SSL_CTX_free(c);
    world_free(w);
}

/* ---- the end ---- */

static void test_ends(void **state)
{
    struct world *w = world_new();
    struct link l;
    char p[10];
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    SSL_CTX *c = client_ctx(TLS1_3_VERSION, NULL);
    for (int clean = 0; clean < 2; clean++) {
        link_open(&l, w, 65536, c, "a.test");
        assert_true(link_handshake(&l));
        client_send(&l, "x", 1);
        if (clean)
            SSL_shutdown(l.ssl);
        link_pump(&l);
        link_pump(&l);
        assert_int_equal(stream_shutdown(l.client), 0);
        loop_turn(w->loop, 0);
        l.events = 0;
        assert_int_equal(stream_read(l.server, p, sizeof p), 1);
        loop_turn(w->loop, 0);
        assert_true(l.events & STREAM_READABLE);
        assert_int_equal(stream_read(l.server, p, sizeof p), clean ? 0 : -ERR_TLS_TRUNCATED);
        assert_int_equal(stream_read(l.server, p, sizeof p), clean ? 0 : -ERR_TLS_TRUNCATED);
        struct str s = STR("late");
        assert_int_equal(stream_write(l.server, &s, 1, false), 4);
        assert_int_equal(stream_shutdown(l.server), 0);
        assert_int_equal(stream_write(l.server, &s, 1, false), -ERR_CLOSED);
        link_pump(&l);
        link_pump(&l);
        int r = SSL_read(l.ssl, p, sizeof p);
        assert_int_equal(r, 4);
        r = SSL_read(l.ssl, p, sizeof p);
        assert_int_equal(SSL_get_error(l.ssl, r), SSL_ERROR_ZERO_RETURN);
        assert_true(l.client_end);
        link_close(&l);
    }
    /* reset in the middle */
    link_open(&l, w, 65536, c, "a.test");
    assert_true(link_handshake(&l));
    stream_close(l.client, true);
    l.client = NULL;
    loop_turn(w->loop, 0);
    assert_int_equal(stream_read(l.server, p, sizeof p), -ERR_RESET);
    link_close(&l);
    /* rubbish in place of a record */
    link_open(&l, w, 65536, c, "a.test");
    assert_true(link_handshake(&l));
    struct str rubbish = STR("\x17\x03\x03\x00\x20--------------------------------");
    assert_int_equal(stream_write(l.client, &rubbish, 1, false), (ssize_t)rubbish.n);
    loop_turn(w->loop, 0);
    assert_int_equal(stream_read(l.server, p, sizeof p), -ERR_TLS_DECODE);
    link_close(&l);
    SSL_CTX_free(c);
    world_free(w);
}

static void test_key_update_flood(void **state)
{
    struct world *w = world_new();
    struct link l;
    char p[10];
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    SSL_CTX *c = client_ctx(TLS1_3_VERSION, NULL);
    link_open(&l, w, 65536, c, "a.test");
    assert_true(link_handshake(&l));
    ssize_t n = -ERR_AGAIN;
    int i;
    for (i = 0; i < 100 && n == -ERR_AGAIN; i++) {
        assert_int_equal(SSL_key_update(l.ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(l.ssl), 1);
        link_pump(&l);
        SSL_read(l.ssl, p, sizeof p);
        n = stream_read(l.server, p, sizeof p);
    }
    assert_int_equal(n, -ERR_TLS_DECODE);
    assert_int_equal(i, 33);
    link_close(&l);
    SSL_CTX_free(c);
    world_free(w);
}

/* ---- resumption ---- */

static SSL_SESSION *session_of(struct world *w, SSL_CTX *c, const char *name, SSL_SESSION *use,
                               bool *ret_resumed)
{
    struct link l;
    link_open(&l, w, 65536, c, name);
    l.on_server = collect;
    if (use)
        assert_int_equal(SSL_set_session(l.ssl, use), 1);
    assert_true(link_handshake(&l));
    *ret_resumed = l.conn.facts.resumed;
    assert_int_equal(SSL_session_reused(l.ssl), *ret_resumed);
    struct str s = STR("x");
    assert_int_equal(stream_write(l.server, &s, 1, false), 1);
    client_expect(&l, "x", 1); /* the ticket came before it */
    SSL_SESSION *got = SSL_get1_session(l.ssl);
    SSL_shutdown(l.ssl);
    link_close(&l);
    return got;
}

static void give_secrets(struct world *w, unsigned char now, unsigned char before)
{
    char keys[96];
    memset(keys, now, 48);
    memset(keys + 48, before, 48);
    assert_int_equal(certstore_ticket_keys(w->store, str_of(keys, 96)), 0);
}

static void test_resumption(void **state)
{
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    for (int v = 0; v < 2; v++) {
        struct world *w = world_new();
        bool resumed;
        world_add_cert(w, "P-256");
        world_add_site(w, "a.test", 1);
        world_add_site(w, "b.test", 1);
        world_add_site(w, "c.test", 1)->tls.tickets = false;
        world_ready(w);
        SSL_CTX *c = client_ctx(versions[v], NULL);
        SSL_SESSION *none = session_of(w, c, "a.test", NULL, &resumed);
        assert_false(SSL_SESSION_has_ticket(none)); /* no secrets yet */
        give_secrets(w, 1, 0);
        SSL_SESSION *a = session_of(w, c, "a.test", NULL, &resumed);
        assert_true(SSL_SESSION_has_ticket(a) && !resumed);
        unsigned before = w->signed_;
        SSL_SESSION *a2 = session_of(w, c, "a.test", a, &resumed);
        assert_true(resumed);
        assert_int_equal(w->signed_, before);
        assert_true(SSL_SESSION_has_ticket(a2));
        SSL_SESSION *b = session_of(w, c, "b.test", a, &resumed); /* another site: never */
        assert_false(resumed);
        SSL_SESSION *off = session_of(w, c, "c.test", NULL, &resumed);
        assert_false(SSL_SESSION_has_ticket(off));
        give_secrets(w, 2, 1); /* the secret before is still good … */
        SSL_SESSION *a3 = session_of(w, c, "a.test", a2, &resumed);
        assert_true(resumed);
        give_secrets(w, 3, 2); /* … once; and what it opened was sealed anew */
        SSL_SESSION *a4 = session_of(w, c, "a.test", a2, &resumed);
        assert_false(resumed);
        SSL_SESSION *a5 = session_of(w, c, "a.test", a3, &resumed);
        assert_true(resumed);
        assert_true(w->metrics.tls_resumed == 3 && w->metrics.tls_full == 5);
        SSL_SESSION *all[] = {none, a, a2, b, off, a3, a4, a5};
        for (size_t i = 0; i < sizeof all / sizeof *all; i++)
            SSL_SESSION_free(all[i]);
        SSL_CTX_free(c);
        world_free(w);
    }
}

/* ---- the keeper away ---- */

static void start_paused(struct world *w, struct link *l, SSL_CTX *c)
{
    link_open(l, w, 65536, c, "a.test");
    SSL_do_handshake(l->ssl);
    for (int i = 0; i < 10; i++) {
        link_pump(l);
        SSL_do_handshake(l->ssl);
    }
    assert_int_equal(l->done, 0);
}

static void test_keeper_restart(void **state)
{
    struct world *w = world_new();
    struct link l[3];
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    SSL_CTX *c = client_ctx(TLS1_3_VERSION, NULL);
    w->mute = true;
    for (int i = 0; i < 3; i++)
        start_paused(w, &l[i], c);
    link_close(&l[1]); /* gone while it waits */
    w->mute = false;
    world_attach(w); /* a new keeper: what waits is sent again */
    assert_true(link_handshake(&l[0]));
    assert_true(link_handshake(&l[2]));
    assert_int_equal(w->metrics.sign_requests, 3);
    link_close(&l[0]);
    link_close(&l[2]);
    /* the keeper does not know the key */
    keyvault_forget(w->vault, 99);
    link_open(&l[0], w, 65536, c, "a.test");
    assert_false(link_handshake(&l[0]));
    assert_int_equal(l[0].done, -ERR_NO_KEY);
    assert_int_equal(w->metrics.sign_errors, 1);
    link_close(&l[0]);
    /* the signer ends while somebody waits */
    w->mute = true;
    start_paused(w, &l[0], c);
    signer_free(w->signer);
    w->signer = NULL;
    assert_int_equal(l[0].done, -ERR_KEEPER_GONE);
    link_close(&l[0]);
    SSL_CTX_free(c);
    world_free(w);
}

static void test_renewal(void **state)
{
    struct world *w = world_new();
    struct link l;
    struct buf why;
    buf_init(&why, 4096);
    world_add_cert(w, "P-256");
    world_add_site(w, "a.test", 1);
    world_ready(w);
    SSL_CTX *c = client_ctx(TLS1_3_VERSION, NULL);
    w->snapshot.ncerts = 0;
    struct buf old = w->pem[0];
    world_add_cert(w, "P-384");
    assert_int_equal(certstore_update(w->store, w->chains, 1, &why), 0);
    link_open(&l, w, 65536, c, "a.test");
    assert_true(link_handshake(&l));
    X509 *x = SSL_get1_peer_certificate(l.ssl);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(x)), 384);
    X509_free(x);
    link_close(&l);
    w->chains[0].spki[0] ^= 1;
    assert_int_equal(certstore_update(w->store, w->chains, 1, &why), -ERR_CERT_KEY_MISMATCH);
    assert_true(why.n > 0);
    buf_done(&why);
    buf_done(&old);
    SSL_CTX_free(c);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_matrix),          cmocka_unit_test(test_two_certificates),
        cmocka_unit_test(test_refused),         cmocka_unit_test(test_address_as_name),
        cmocka_unit_test(test_not_tls),         cmocka_unit_test(test_narrow),
        cmocka_unit_test(test_file_turns),      cmocka_unit_test(test_more),
        cmocka_unit_test(test_ends),            cmocka_unit_test(test_key_update_flood),
        cmocka_unit_test(test_resumption),      cmocka_unit_test(test_keeper_restart),
        cmocka_unit_test(test_renewal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
