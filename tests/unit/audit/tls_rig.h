/* The auditor's TLS client against a server of libssl's in memory. */
#ifndef TESTS_TLS_RIG_H
#define TESTS_TLS_RIG_H

#include "../tls/pki.h"

#include "audit/tls_client.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

enum { TLS10 = TLS_WIRE_10, TLS11 = TLS_WIRE_11, TLS12 = TLS_WIRE_12, TLS13 = TLS_WIRE_13 };

/* What a server is made of; zeros are libssl's defaults at security level 0. */
struct server {
    uint16_t min, max;
    const char *ciphers, *suites13, *groups, *dh; /* dh: a group's name, or bits: "512" */
    uint64_t options, clear;
    bool request_certificate, early;
};

struct rig {
    struct crypto *crypto;
    struct kex_keys *keys;
    struct arena arena;
    struct tls_client c;
    SSL *ssl;
    BIO *in, *out;
    bool early, live;
    size_t arena_max; /* bytes; 0: as a probe has */
    size_t piece;    /* bytes a feed; 0: all at once; SIZE_MAX: random */
    char events[256]; /* a letter each, see rig_letters */
    size_t nevents;
    struct buf data, got, early_got; /* from the server; from the client */
    size_t flip;     /* the server's byte of that number, from 1, is changed */
    size_t sent;     /* bytes of the server's so far */
    struct buf wire; /* all of them */
};

/* Made once and reachable until the end. */
static struct crypto *rig_crypto;
static struct kex_keys *rig_keys;
static EVP_PKEY *rig_rsa_key, *rig_ec_key;
static X509 *rig_rsa, *rig_ec;

static inline int rig_setup(void **state)
{
    struct pki_spec s = {.cn = "a.test", .san = "DNS:a.test"};
    rig_crypto = crypto_new();
    rig_keys = kex_keys_new(rig_crypto);
    rig_rsa_key = pki_key("rsa");
    rig_ec_key = pki_key("P-256");
    rig_rsa = pki_cert(&s, rig_rsa_key, NULL, NULL);
    rig_ec = pki_cert(&s, rig_ec_key, NULL, NULL);
    return rig_crypto && rig_keys ? 0 : -1;
}

static inline int rig_teardown(void **state)
{
    kex_keys_free(rig_keys);
    crypto_free(rig_crypto);
    EVP_PKEY_free(rig_rsa_key);
    EVP_PKEY_free(rig_ec_key);
    X509_free(rig_rsa);
    X509_free(rig_ec);
    return 0;
}

/* A named group, or a safe prime of that many bits made here (they are small). */
static inline EVP_PKEY *rig_dh(const char *name)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "DH", NULL);
    EVP_PKEY *params = NULL;
    int bits = atoi(name);
    OSSL_PARAM p[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, (char *)name, 0),
                      OSSL_PARAM_END};
    if (bits) {
        assert_true(EVP_PKEY_paramgen_init(ctx) > 0);
        OSSL_PARAM q[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_FFC_TYPE, (char *)"generator", 0),
                          OSSL_PARAM_construct_int("safeprime-generator", &(int){2}),
                          OSSL_PARAM_construct_int(OSSL_PKEY_PARAM_FFC_PBITS, &bits), OSSL_PARAM_END};
        assert_true(EVP_PKEY_CTX_set_params(ctx, q) > 0);
        assert_true(EVP_PKEY_generate(ctx, &params) > 0);
    } else {
        assert_true(EVP_PKEY_keygen_init(ctx) > 0);
        assert_true(EVP_PKEY_CTX_set_params(ctx, p) > 0);
        assert_true(EVP_PKEY_generate(ctx, &params) > 0);
    }
    EVP_PKEY_CTX_free(ctx);
    return params;
}

static inline int rig_ticket(SSL_CTX *ctx, unsigned char *name)
{
    static unsigned char key[80] = "the same ticket keys for all servers here";
    assert_true(SSL_CTX_set_tlsext_ticket_keys(ctx, key, sizeof key));
    return 0;
}

static inline int rig_any(int ok, X509_STORE_CTX *store)
{
    return 1;
}

/* Level 0 still refuses DH below 1024 bits. */
static inline int rig_anything(const SSL *ssl, const SSL_CTX *ctx, int op, int bits, int nid, void *other,
                               void *ex)
{
    return 1;
}

/* NULL: libssl has no such cipher. */
static inline SSL_CTX *rig_server(const struct server *s)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_security_level(ctx, 0);
    SSL_CTX_set_security_callback(ctx, rig_anything);
    SSL_CTX_set_min_proto_version(ctx, s->min ? s->min : TLS10);
    SSL_CTX_set_max_proto_version(ctx, s->max ? s->max : TLS13);
    SSL_CTX_set_options(ctx, s->options);
    SSL_CTX_clear_options(ctx, s->clear);
    SSL_CTX_use_certificate(ctx, rig_rsa);
    SSL_CTX_use_PrivateKey(ctx, rig_rsa_key);
    SSL_CTX_use_certificate(ctx, rig_ec);
    SSL_CTX_use_PrivateKey(ctx, rig_ec_key);
    SSL_CTX_set_session_id_context(ctx, (const unsigned char *)"t", 1);
    bool ok = !s->ciphers || SSL_CTX_set_cipher_list(ctx, s->ciphers);
    ok = ok && (!s->suites13 || SSL_CTX_set_ciphersuites(ctx, s->suites13));
    if (s->groups)
        assert_true(SSL_CTX_set1_groups_list(ctx, s->groups));
    if (s->dh)
        assert_true(SSL_CTX_set0_tmp_dh_pkey(ctx, rig_dh(s->dh)));
    if (s->request_certificate)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, rig_any);
    if (s->request_certificate)
        SSL_CTX_add_client_CA(ctx, rig_rsa);
    SSL_CTX_set_max_early_data(ctx, s->early ? 16384 : 0);
    rig_ticket(ctx, NULL);
    ERR_clear_error();
    if (ok)
        return ctx;
    SSL_CTX_free(ctx);
    return NULL;
}

static inline void rig_arena(struct rig *r)
{
    arena_init(&r->arena, r->arena_max ? 64 : 16 * 1024, r->arena_max ? r->arena_max : 4u * 1024 * 1024);
}

/* conf: hello and what is to be asked; the rest is filled in here. -err of init. */
static inline int rig_open(struct rig *r, SSL_CTX *ctx, const struct tls_client_conf *conf)
{
    struct tls_client_conf full = *conf;
    size_t piece = r->piece, flip = r->flip, arena_max = r->arena_max;
    bool early = r->early;
    *r = (struct rig){.crypto = rig_crypto, .keys = rig_keys, .piece = piece, .flip = flip, .early = early,
                      .arena_max = arena_max};
    rig_arena(r);
    buf_init(&r->data, 1 << 20);
    buf_init(&r->got, 1 << 20);
    buf_init(&r->early_got, 1 << 20);
    buf_init(&r->wire, 4 << 20);
    full.crypto = r->crypto;
    full.keys = r->keys;
    full.arena = &r->arena;
    memset(full.hello.random, 0x37, sizeof full.hello.random);
    if (ctx) {
        r->ssl = SSL_new(ctx);
        r->in = BIO_new(BIO_s_mem());
        r->out = BIO_new(BIO_s_mem());
        SSL_set_bio(r->ssl, r->in, r->out);
        SSL_set_accept_state(r->ssl);
    }
    r->live = true;
    return tls_client_init(&r->c, &full);
}

static inline void rig_close(struct rig *r)
{
    size_t piece = r->piece;
    tls_client_done(&r->c);
    arena_done(&r->arena);
    if (r->ssl) /* else the session would not stay in the cache */
        SSL_set_shutdown(r->ssl, SSL_SENT_SHUTDOWN);
    SSL_free(r->ssl);
    buf_done(&r->data);
    buf_done(&r->got);
    buf_done(&r->early_got);
    buf_done(&r->wire);
    *r = (struct rig){.piece = piece};
    ERR_clear_error();
}

static const char rig_letters[] = {
    [TLS_EV_NONE] = '-',  [TLS_EV_RETRY] = 'R',       [TLS_EV_HELLO] = 'H', [TLS_EV_FLIGHT] = 'F',
    [TLS_EV_ESTABLISHED] = 'E', [TLS_EV_TICKET] = 'T', [TLS_EV_DATA] = 'D', [TLS_EV_ALERT] = 'A',
    [TLS_EV_RECORD] = 'O', [TLS_EV_HELLO_REQUEST] = 'Q', [TLS_EV_FAULT] = 'X'};

static inline void rig_events(struct rig *r)
{
    enum tls_event e;
    while ((e = tls_client_next(&r->c)) != TLS_EV_NONE) {
        char letter = rig_letters[e];
        bool again = e == TLS_EV_DATA && r->nevents && r->events[r->nevents - 1] == 'D';
        if (r->nevents < sizeof r->events - 1 && !again)
            r->events[r->nevents++] = letter;
        if (e == TLS_EV_DATA)
            buf_add(&r->data, r->c.data);
    }
}

static inline int rig_feed(struct rig *r, struct str in)
{
    while (in.n) {
        size_t n = r->piece == 0 ? in.n : r->piece == SIZE_MAX ? 1 + (size_t)rand() % 300 : r->piece;
        struct str part = str_sub(in, 0, n);
        int err = tls_client_feed(&r->c, part);
        if (err)
            return err;
        rig_events(r);
        in = str_from(in, part.n);
    }
    return 0;
}

static inline void rig_server_reads(struct rig *r)
{
    char p[4096];
    size_t n;
    while (r->early) {
        int got = SSL_read_early_data(r->ssl, p, sizeof p, &n);
        if (got == SSL_READ_EARLY_DATA_ERROR)
            return;
        if (got == SSL_READ_EARLY_DATA_SUCCESS)
            buf_add(&r->early_got, str_of(p, n));
        else
            r->early = false;
    }
    int k = 1;
    while (k > 0) {
        k = SSL_is_init_finished(r->ssl) ? SSL_read(r->ssl, p, sizeof p) : SSL_do_handshake(r->ssl);
        if (k > 0 && SSL_is_init_finished(r->ssl) && r->nevents > 0 && k <= (int)sizeof p && p[0] != 0)
            buf_add(&r->got, str_of(p, (size_t)k));
        p[0] = 0;
    }
}

/* Back and forth until both are silent. */
static inline void rig_run(struct rig *r)
{
    for (bool more = true; more;) {
        struct str out = buf_str(&r->c.out);
        more = out.n > 0;
        if (out.n)
            BIO_write(r->in, out.p, (int)out.n);
        buf_consume(&r->c.out, out.n);
        rig_server_reads(r);
        char *p;
        long n = BIO_get_mem_data(r->out, &p);
        more = more || n > 0;
        if (n <= 0)
            continue;
        char *copy = malloc((size_t)n);
        memcpy(copy, p, (size_t)n);
        if (r->flip > r->sent && r->flip <= r->sent + (size_t)n)
            copy[r->flip - r->sent - 1] ^= 0x20;
        r->sent += (size_t)n;
        buf_add(&r->wire, str_of(copy, (size_t)n));
        (void)BIO_reset(r->out);
        int err = rig_feed(r, str_of(copy, (size_t)n));
        free(copy);
        if (err)
            return;
    }
}

/* A hello as an auditor would send it in that version. */
static inline struct client_hello rig_hello(uint16_t version, struct u16_list suites)
{
    static const uint16_t groups[] = {29, 23, 24, 25, 30, 256};
    static const uint16_t sigalgs[] = {0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0601, 0x0806,
                                       0x0203, 0x0201, 0x0807};
    static const uint16_t versions[] = {TLS13};
    struct client_hello h = {.version = version >= TLS12 ? TLS12 : version, .suites = suites,
                             .sni = STR("a.test"), .groups = {groups, 6}};
    h.flags = CH_RENEGOTIATION | CH_POINT_FORMATS;
    if (version >= TLS12)
        h.sigalgs = (struct u16_list){sigalgs, sizeof sigalgs / 2};
    if (version == TLS13) {
        h.versions = (struct u16_list){versions, 1};
        h.session_id = STR("0123456789abcdef0123456789abcdef");
        h.flags = CH_PSK_MODES;
    }
    return h;
}

#endif
