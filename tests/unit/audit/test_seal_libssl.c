/* The whole chain against OpenSSL's own TLS: a client and a server of libssl speak in memory, their
 * secrets come from the key log; our key schedule and record protection must read every record of
 * theirs, agree with every Finished, and write records that they take. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "audit/keysched.h"
#include "audit/keysched13.h"
#include "audit/seal.h"

#include <openssl/rsa.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <stdio.h>

enum { CCS = 20, HANDSHAKE = 22, DATA = 23 };
enum { NO_ETM = 1, NO_EMS = 2, WAYS = 4 };
enum { WIRE_MAX = 1 << 20, WAITING_MAX = 1 << 16 };

struct suite {
    const char *name; /* libssl's */
    uint16_t version;
    enum seal_cipher cipher;
    enum crypto_md mac, md; /* of the record, of the key schedule */
    bool optional;          /* not every libssl has it */
};

static const struct suite suites[] = {
    {"AES128-SHA", 0x0301, SEAL_AES_128_CBC, CRYPTO_SHA1, CRYPTO_SHA256},
    {"AES256-SHA", 0x0301, SEAL_AES_256_CBC, CRYPTO_SHA1, CRYPTO_SHA256},
    {"ECDHE-RSA-AES256-SHA", 0x0301, SEAL_AES_256_CBC, CRYPTO_SHA1, CRYPTO_SHA256},
    {"CAMELLIA128-SHA", 0x0301, SEAL_CAMELLIA_128_CBC, CRYPTO_SHA1, CRYPTO_SHA256, true},
    {"DES-CBC3-SHA", 0x0301, SEAL_3DES_CBC, CRYPTO_SHA1, CRYPTO_SHA256, true},
    {"SEED-SHA", 0x0301, SEAL_SEED_CBC, CRYPTO_SHA1, CRYPTO_SHA256, true},
    {"RC4-MD5", 0x0301, SEAL_RC4_128, CRYPTO_MD5, CRYPTO_SHA256, true},
    {"NULL-MD5", 0x0301, SEAL_NULL, CRYPTO_MD5, CRYPTO_SHA256},
    {"NULL-SHA", 0x0301, SEAL_NULL, CRYPTO_SHA1, CRYPTO_SHA256},
    {"AES128-SHA", 0x0302, SEAL_AES_128_CBC, CRYPTO_SHA1, CRYPTO_SHA256},
    {"ECDHE-RSA-AES128-SHA", 0x0302, SEAL_AES_128_CBC, CRYPTO_SHA1, CRYPTO_SHA256},
    {"CAMELLIA256-SHA", 0x0302, SEAL_CAMELLIA_256_CBC, CRYPTO_SHA1, CRYPTO_SHA256, true},
    {"AES128-SHA", 0x0303, SEAL_AES_128_CBC, CRYPTO_SHA1, CRYPTO_SHA256},
    {"AES128-SHA256", 0x0303, SEAL_AES_128_CBC, CRYPTO_SHA256, CRYPTO_SHA256},
    {"ECDHE-RSA-AES256-SHA384", 0x0303, SEAL_AES_256_CBC, CRYPTO_SHA384, CRYPTO_SHA384},
    {"CAMELLIA256-SHA256", 0x0303, SEAL_CAMELLIA_256_CBC, CRYPTO_SHA256, CRYPTO_SHA256, true},
    {"NULL-SHA256", 0x0303, SEAL_NULL, CRYPTO_SHA256, CRYPTO_SHA256},
    {"AES128-GCM-SHA256", 0x0303, SEAL_AES_128_GCM, CRYPTO_SHA256, CRYPTO_SHA256},
    {"ECDHE-RSA-AES256-GCM-SHA384", 0x0303, SEAL_AES_256_GCM, CRYPTO_SHA384, CRYPTO_SHA384},
    {"ARIA128-GCM-SHA256", 0x0303, SEAL_ARIA_128_GCM, CRYPTO_SHA256, CRYPTO_SHA256, true},
    {"ARIA256-GCM-SHA384", 0x0303, SEAL_ARIA_256_GCM, CRYPTO_SHA384, CRYPTO_SHA384, true},
    {"AES128-CCM", 0x0303, SEAL_AES_128_CCM, CRYPTO_SHA256, CRYPTO_SHA256},
    {"AES256-CCM", 0x0303, SEAL_AES_256_CCM, CRYPTO_SHA256, CRYPTO_SHA256},
    {"AES256-CCM8", 0x0303, SEAL_AES_256_CCM_8, CRYPTO_SHA256, CRYPTO_SHA256},
    {"ECDHE-RSA-CHACHA20-POLY1305", 0x0303, SEAL_CHACHA20_POLY1305, CRYPTO_SHA256, CRYPTO_SHA256},
    {"TLS_AES_128_GCM_SHA256", 0x0304, SEAL_AES_128_GCM, CRYPTO_SHA256, CRYPTO_SHA256},
    {"TLS_AES_256_GCM_SHA384", 0x0304, SEAL_AES_256_GCM, CRYPTO_SHA384, CRYPTO_SHA384},
    {"TLS_CHACHA20_POLY1305_SHA256", 0x0304, SEAL_CHACHA20_POLY1305, CRYPTO_SHA256, CRYPTO_SHA256},
    {"TLS_AES_128_CCM_SHA256", 0x0304, SEAL_AES_128_CCM, CRYPTO_SHA256, CRYPTO_SHA256},
    {"TLS_AES_128_CCM_8_SHA256", 0x0304, SEAL_AES_128_CCM_8, CRYPTO_SHA256, CRYPTO_SHA256},
};

/* One end, and all that it sent. */
struct side {
    SSL_CTX *ctx;
    SSL *ssl;
    struct buf sent;
    size_t read; /* of `sent`, by us */
    struct seal seal;
    bool sealed; /* the next record is under `seal` */
    struct keysched13_secret handshake, traffic;
    struct buf plain; /* application data that we opened */
};

struct world {
    struct crypto *crypto;
    EVP_PKEY *key;
    X509 *cert;
    const struct suite *suite;
    struct side client, server;
    struct buf log;
    struct transcript transcript;
    unsigned char master[48], client_random[32], server_random[32];
    unsigned char cke[512];
    size_t cke_n;
    unsigned char session_hash[TRANSCRIPT_HASH_MAX];
    size_t session_hash_n;
    bool etm, ems;
    int finished; /* Finished messages that agreed */
};

/* ---- two ends of libssl ---- */

static void on_keylog(const SSL *ssl, const char *line)
{
    struct world *w = SSL_get_app_data(ssl);
    buf_addf(&w->log, "%s\n", line);
}

static X509 *make_cert(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -86400);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    assert_true(X509_set_pubkey(x, key));
    assert_true(X509_sign(x, key, EVP_sha256()));
    return x;
}

static bool make_side(struct world *w, struct side *s, bool server, int way)
{
    const struct suite *u = w->suite;
    s->ctx = SSL_CTX_new(TLS_method());
    SSL_CTX_set_min_proto_version(s->ctx, u->version);
    SSL_CTX_set_max_proto_version(s->ctx, u->version);
    SSL_CTX_set_security_level(s->ctx, 0);
    SSL_CTX_set_options(s->ctx, SSL_OP_NO_TICKET | (way & NO_ETM ? SSL_OP_NO_ENCRYPT_THEN_MAC : 0) |
                                    (way & NO_EMS ? SSL_OP_NO_EXTENDED_MASTER_SECRET : 0));
    SSL_CTX_set_keylog_callback(s->ctx, on_keylog);
    bool ok = u->version == 0x0304 ? SSL_CTX_set_ciphersuites(s->ctx, u->name)
                                   : SSL_CTX_set_cipher_list(s->ctx, u->name);
    if (!ok)
        return false;
    if (server) {
        assert_true(SSL_CTX_use_certificate(s->ctx, w->cert));
        assert_true(SSL_CTX_use_PrivateKey(s->ctx, w->key));
    }
    s->ssl = SSL_new(s->ctx);
    SSL_set_app_data(s->ssl, w);
    SSL_set_bio(s->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    if (server)
        SSL_set_accept_state(s->ssl);
    else
        SSL_set_connect_state(s->ssl);
    buf_init(&s->sent, WIRE_MAX);
    buf_init(&s->plain, WIRE_MAX);
    return true;
}

static bool carry(struct side *from, struct side *to)
{
    char bytes[WAITING_MAX];
    int n = BIO_read(SSL_get_wbio(from->ssl), bytes, sizeof bytes);
    if (n <= 0)
        return false;
    assert_int_equal(buf_append(&from->sent, str_of(bytes, (size_t)n)), 0);
    assert_int_equal(BIO_write(SSL_get_rbio(to->ssl), bytes, n), n);
    return true;
}

static bool shake(struct world *w)
{
    for (int turn = 0; turn < 20; turn++) {
        SSL_do_handshake(w->client.ssl);
        carry(&w->client, &w->server);
        SSL_do_handshake(w->server.ssl);
        carry(&w->server, &w->client);
    }
    return SSL_is_init_finished(w->client.ssl) && SSL_is_init_finished(w->server.ssl);
}

static void say(struct side *from, struct side *to, struct str text)
{
    char got[WAITING_MAX];
    assert_int_equal(SSL_write(from->ssl, text.p, (int)text.n), (int)text.n);
    carry(from, to);
    size_t n = 0;
    for (int r; n < text.n && (r = SSL_read(to->ssl, got + n, sizeof got - (int)n)) > 0;)
        n += (size_t)r;
    assert_int_equal(n, text.n);
    assert_memory_equal(got, text.p, n);
    carry(to, from);
}

/* ---- what we know of it ---- */

static size_t from_log(struct world *w, const char *label, unsigned char *ret)
{
    const char *line = strstr(buf_cstr(&w->log), label);
    assert_non_null(line);
    line = strchr(strchr(line, ' ') + 1, ' ') + 1; /* behind the client's random */
    size_t n = 0;
    for (unsigned v; sscanf(line, "%2x", &v) == 1 && *line != '\n'; line += 2)
        ret[n++] = (unsigned char)v;
    return n;
}

static struct seal_params params_of(const struct world *w)
{
    return (struct seal_params){.version = w->suite->version,
                                .cipher = w->suite->cipher,
                                .mac = w->suite->mac,
                                .encrypt_then_mac = w->etm};
}

static struct keysched_suite sched_of(const struct world *w)
{
    return (struct keysched_suite){w->crypto, w->suite->version, w->suite->md};
}

static void make_block(struct world *w, unsigned char *ret, size_t n)
{
    struct keysched_suite sched = sched_of(w);
    assert_int_equal(keysched_block(&sched, crypto_str(w->master, 48),
                                    crypto_str(w->client_random, 32),
                                    crypto_str(w->server_random, 32), ret, n),
                     0);
}

static void seal_with_block(struct world *w, struct side *s)
{
    unsigned char block[KEYSCHED_BLOCK_MAX];
    struct seal_keys keys;
    struct seal_params p = params_of(w);
    size_t n = seal_key_block_size(&p);
    assert_int_equal(from_log(w, "CLIENT_RANDOM", w->master), 48);
    make_block(w, block, n);
    assert_int_equal(seal_keys_cut(&p, crypto_str(block, n), s == &w->server, &keys), 0);
    assert_int_equal(seal_init(&s->seal, w->crypto, &p, &keys, false), 0);
    s->sealed = true;
}

static void seal_with_secret(struct world *w, struct side *s,
                             const struct keysched13_secret *secret)
{
    unsigned char key[SEAL_KEY_MAX], iv[KEYSCHED13_IV];
    struct keysched13_suite sched = {w->crypto, w->suite->md};
    struct seal_params p = params_of(w);
    size_t n = seal_key_size(&p);
    assert_int_equal(keysched13_keys(&sched, secret, key, n, iv), 0);
    struct seal_keys keys = {.key = crypto_str(key, n), .iv = crypto_str(iv, sizeof iv)};
    seal_done(&s->seal);
    assert_int_equal(seal_init(&s->seal, w->crypto, &p, &keys, false), 0);
    s->sealed = true;
}

/* ---- reading along ---- */

static void on_server_hello(struct world *w, struct str m)
{
    const unsigned char *p = (const unsigned char *)m.p;
    memcpy(w->server_random, p + 6, 32);
    size_t at = 4 + 2 + 32 + 1 + p[38] + 3;
    assert_int_equal(transcript_choose(&w->transcript, w->suite->version, w->suite->md), 0);
    for (at += 2; at + 4 <= m.n; at += 4 + (size_t)(p[at + 2] << 8 | p[at + 3])) {
        w->etm |= p[at] == 0 && p[at + 1] == 22;
        w->ems |= p[at] == 0 && p[at + 1] == 23;
    }
    if (w->suite->version != 0x0304)
        return;
    struct side *c = &w->client, *s = &w->server;
    c->handshake.n = from_log(w, "CLIENT_HANDSHAKE_TRAFFIC_SECRET", c->handshake.b);
    s->handshake.n = from_log(w, "SERVER_HANDSHAKE_TRAFFIC_SECRET", s->handshake.b);
    c->traffic.n = from_log(w, "CLIENT_TRAFFIC_SECRET_0", c->traffic.b);
    s->traffic.n = from_log(w, "SERVER_TRAFFIC_SECRET_0", s->traffic.b);
    seal_with_secret(w, c, &c->handshake);
    seal_with_secret(w, s, &s->handshake);
}

static void check_finished(struct world *w, struct side *s, struct str verify)
{
    if (w->suite->version == 0x0304) {
        unsigned char hash[TRANSCRIPT_HASH_MAX];
        size_t n;
        struct keysched13_secret wanted;
        struct keysched13_suite sched = {w->crypto, w->suite->md};
        assert_int_equal(transcript_hash(&w->transcript, hash, &n), 0);
        assert_int_equal(keysched13_finished(&sched, &s->handshake, crypto_str(hash, n), &wanted),
                         0);
        assert_true(str_eq(keysched13_str(&wanted), verify));
    } else {
        unsigned char wanted[KEYSCHED_FINISHED_MAX];
        size_t n;
        struct keysched_suite sched = sched_of(w);
        assert_int_equal(keysched_finished(&sched, crypto_str(w->master, 48), s == &w->server,
                                           &w->transcript, wanted, &n),
                         0);
        assert_int_equal(n, 12);
        assert_true(str_eq(crypto_str(wanted, n), verify));
    }
    w->finished++;
}

static void on_message(struct world *w, struct side *s, struct str m)
{
    enum { CLIENT_HELLO = 1, SERVER_HELLO = 2, CLIENT_KEY = 16, FINISHED = 20, KEY_UPDATE = 24 };
    int type = m.p[0];
    if (w->finished == 2) {
        /* Tickets and key updates of 1.3 are no part of the handshake. */
        if (type == KEY_UPDATE) {
            struct keysched13_suite sched = {w->crypto, w->suite->md};
            assert_int_equal(keysched13_update(&sched, &s->traffic, &s->traffic), 0);
            seal_with_secret(w, s, &s->traffic);
        }
        return;
    }
    if (type == CLIENT_HELLO)
        memcpy(w->client_random, m.p + 6, 32);
    if (type == FINISHED)
        check_finished(w, s, str_from(m, 4));
    assert_int_equal(transcript_add(&w->transcript, m), 0);
    if (type == SERVER_HELLO)
        on_server_hello(w, m);
    if (type == CLIENT_KEY) {
        assert_true(m.n - 6 <= sizeof w->cke);
        w->cke_n = m.n - 6;
        memcpy(w->cke, m.p + 6, w->cke_n);
        assert_int_equal(transcript_hash(&w->transcript, w->session_hash, &w->session_hash_n), 0);
    }
    if (type == FINISHED && w->suite->version == 0x0304)
        seal_with_secret(w, s, &s->traffic);
}

/* Several messages may share a record here, but none is cut by one. */
static void on_handshake(struct world *w, struct side *s, struct str in)
{
    while (in.n > 0) {
        const unsigned char *p = (const unsigned char *)in.p;
        assert_true(in.n >= 4);
        size_t n = 4 + (size_t)(p[1] << 16 | p[2] << 8 | p[3]);
        assert_true(n <= in.n);
        on_message(w, s, str_sub(in, 0, n));
        in = str_from(in, n);
    }
}

static void read_record(struct world *w, struct side *s)
{
    struct str rest = str_from(buf_str(&s->sent), s->read);
    const unsigned char *h = (const unsigned char *)rest.p;
    struct str body = str_sub(rest, 5, (size_t)(h[3] << 8 | h[4]));
    struct buf content;
    uint8_t type = h[0];
    bool ccs13 = w->suite->version == 0x0304 && type == CCS;
    buf_init(&content, SEAL_BODY_MAX);
    s->read += 5 + body.n;
    if (s->sealed && !ccs13)
        assert_int_equal(seal_open(&s->seal, h, body, &content, &type), 0);
    else
        assert_int_equal(buf_append(&content, body), 0);
    if (type == HANDSHAKE)
        on_handshake(w, s, buf_str(&content));
    else if (type == DATA)
        buf_add(&s->plain, buf_str(&content));
    else if (type == CCS && !ccs13)
        seal_with_block(w, s);
    buf_done(&content);
}

/* Is it the other end's turn? */
static bool is_flight_over(const struct world *w, const struct side *s, int flight)
{
    switch (flight) {
    case 0: return s->read > 0; /* the ClientHello alone */
    case 1: return w->suite->version == 0x0304 ? w->finished == 1 : s->sent.mem[s->read] == CCS;
    default: return false;
    }
}

static void read_along(struct world *w)
{
    for (int flight = 0; flight < 4; flight++) {
        struct side *s = flight % 2 ? &w->server : &w->client;
        while (s->read < s->sent.n && !is_flight_over(w, s, flight))
            read_record(w, s);
    }
}

/* ---- writing to them ---- */

/* Seals again what the client's libssl sealed, for the chain of CBC's IVs and RC4's stream. Nothing
 * in these records is random, so they are the same. */
static void replay(struct world *w, const struct seal_params *p, const struct seal_keys *keys,
                   struct seal *ret)
{
    struct seal opening;
    struct buf plain, out;
    struct str sent = buf_str(&w->client.sent);
    bool sealed = false;
    uint8_t type;
    buf_init(&plain, WIRE_MAX);
    buf_init(&out, WIRE_MAX);
    assert_int_equal(seal_init(&opening, w->crypto, p, keys, false), 0);
    for (size_t n; sent.n > 0; sent = str_from(sent, n)) {
        const unsigned char *h = (const unsigned char *)sent.p;
        n = 5 + (size_t)(h[3] << 8 | h[4]);
        if (sealed) {
            buf_clear(&plain);
            buf_clear(&out);
            assert_int_equal(seal_open(&opening, h, crypto_str(h + 5, n - 5), &plain, &type), 0);
            assert_int_equal(seal_record(ret, type, p->version, buf_str(&plain), &out), 0);
            assert_true(str_eq(buf_str(&out), crypto_str(h, n)));
        }
        sealed |= h[0] == CCS;
    }
    seal_done(&opening);
    buf_done(&plain);
    buf_done(&out);
}

/* A seal that goes on where the client's libssl would. */
static void take_over(struct world *w, struct seal *ret)
{
    unsigned char block[KEYSCHED_BLOCK_MAX], iv[KEYSCHED13_IV];
    struct seal_params p = params_of(w);
    struct seal_keys keys;
    if (p.version == 0x0304) {
        struct keysched13_suite sched = {w->crypto, w->suite->md};
        size_t n = seal_key_size(&p);
        assert_int_equal(keysched13_keys(&sched, &w->client.traffic, block, n, iv), 0);
        keys = (struct seal_keys){.key = crypto_str(block, n), .iv = crypto_str(iv, sizeof iv)};
    } else {
        size_t n = seal_key_block_size(&p);
        make_block(w, block, n);
        assert_int_equal(seal_keys_cut(&p, crypto_str(block, n), false, &keys), 0);
    }
    assert_int_equal(seal_init(ret, w->crypto, &p, &keys, true), 0);
    if (p.version == 0x0301)
        replay(w, &p, &keys, ret);
    ret->seq = w->client.seal.seq;
}

static int hear(struct world *w, struct str record, char *got, int room)
{
    SSL *ssl = w->server.ssl;
    assert_int_equal(BIO_write(SSL_get_rbio(ssl), record.p, (int)record.n), (int)record.n);
    return SSL_read(ssl, got, room);
}

/* Content, MAC and the longest padding there is, as `fault` says with a flaw. */
enum fault { FAULT_NONE, FAULT_MAC, FAULT_PADDING };
static void craft(struct world *w, struct seal *s, struct str text, enum fault fault,
                  struct buf *out)
{
    unsigned char plain[512];
    size_t block = seal_block_size(&s->p), mac = s->p.encrypt_then_mac ? 0 : seal_mac_size(&s->p);
    uint16_t version = s->p.version;
    size_t n = text.n + mac, pad = 256 - (n + 256) % block;
    memcpy(plain, text.p, text.n);
    if (mac)
        assert_int_equal(seal_mac(s, DATA, version, text, plain + text.n), 0);
    memset(plain + n, (int)pad - 1, pad);
    if (fault == FAULT_MAC)
        plain[text.n] ^= 1;
    if (fault == FAULT_PADDING)
        plain[n] ^= 1; /* its first byte: POODLE */
    assert_int_equal(seal_cbc_raw(s, DATA, version, crypto_str(plain, n + pad), out), 0);
}

static void write_to_server(struct world *w, enum fault fault)
{
    char got[100];
    struct seal s;
    struct buf out;
    buf_init(&out, WIRE_MAX);
    take_over(w, &s);
    uint16_t version = w->suite->version == 0x0304 ? 0x0303 : w->suite->version;
    assert_int_equal(seal_record(&s, DATA, version, STR("ours"), &out), 0);
    assert_int_equal(hear(w, buf_str(&out), got, sizeof got), 4);
    assert_memory_equal(got, "ours", 4);
    buf_clear(&out);
    if (seal_block_size(&s.p)) {
        craft(w, &s, STR("crafted"), fault, &out);
        int n = hear(w, buf_str(&out), got, sizeof got);
        assert_int_equal(n, fault == FAULT_NONE ? 7 : -1);
    } else if (fault == FAULT_MAC) {
        assert_int_equal(seal_record(&s, DATA, version, STR("ours"), &out), 0);
        buf_end(&out)[-1] ^= 1;
        assert_int_equal(hear(w, buf_str(&out), got, sizeof got), -1);
    }
    seal_done(&s);
    buf_done(&out);
}

/* ---- the premaster, where the test can know it ---- */

static void check_master(struct world *w)
{
    unsigned char premaster[512], master[48];
    size_t n = sizeof premaster;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(w->key, NULL);
    assert_true(EVP_PKEY_decrypt_init(c) > 0);
    assert_true(EVP_PKEY_decrypt(c, premaster, &n, w->cke, w->cke_n) > 0);
    EVP_PKEY_CTX_free(c);
    assert_int_equal(n, 48);
    struct keysched_suite sched = sched_of(w);
    struct str pm = crypto_str(premaster, n);
    if (w->ems)
        assert_int_equal(keysched_extended_master(
                             &sched, pm, crypto_str(w->session_hash, w->session_hash_n), master),
                         0);
    else
        assert_int_equal(keysched_master(&sched, pm, crypto_str(w->client_random, 32),
                                         crypto_str(w->server_random, 32), master),
                         0);
    assert_memory_equal(master, w->master, 48);
}

/* ---- a conversation ---- */

static void begin_side(struct side *s)
{
    memset(s, 0, sizeof *s);
}

static void end_side(struct side *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    seal_done(&s->seal);
    buf_done(&s->sent);
    buf_done(&s->plain);
}

static bool is_cbc(const struct suite *u)
{
    return seal_block_size(&(struct seal_params){u->version, u->cipher, u->mac, false}) > 0;
}

/* False: this libssl does not have the suite. */
static bool converse(struct world *w, const struct suite *u, int way, enum fault fault)
{
    static char large[40000];
    memset(large, 'x', sizeof large);
    w->suite = u;
    w->etm = w->ems = false;
    w->finished = 0;
    begin_side(&w->client);
    begin_side(&w->server);
    buf_init(&w->log, WIRE_MAX);
    transcript_init(&w->transcript, w->crypto, WIRE_MAX);
    bool ok =
        make_side(w, &w->client, false, way) && make_side(w, &w->server, true, way) && shake(w);
    if (ok) {
        say(&w->client, &w->server, STR("GET / HTTP/1.0\r\n\r\n"));
        say(&w->server, &w->client, str_of(large, sizeof large));
        if (u->version == 0x0304)
            assert_true(SSL_key_update(w->server.ssl, SSL_KEY_UPDATE_NOT_REQUESTED));
        say(&w->server, &w->client, STR("bye"));
        read_along(w);
        assert_int_equal(w->finished, 2);
        assert_int_equal(w->client.read, w->client.sent.n);
        assert_int_equal(w->server.read, w->server.sent.n);
        assert_true(str_eq(buf_str(&w->client.plain), STR("GET / HTTP/1.0\r\n\r\n")));
        assert_int_equal(w->server.plain.n, sizeof large + 3);
        assert_true(str_ends(buf_str(&w->server.plain), STR("xbye")));
        if (u->cipher != SEAL_NULL) /* agreed there too, to no effect */
            assert_int_equal(w->etm, !(way & NO_ETM) && is_cbc(u));
        if (u->version < 0x0304) {
            assert_int_equal(w->ems, !(way & NO_EMS));
            if (strncmp(u->name, "ECDHE", 5) != 0)
                check_master(w);
        }
        write_to_server(w, fault);
    }
    end_side(&w->client);
    end_side(&w->server);
    buf_done(&w->log);
    transcript_done(&w->transcript);
    return ok;
}

static void test_conversations(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        int ways = suites[i].version == 0x0304 ? 1 : WAYS;
        for (int way = 0; way < ways; way++) {
            if (converse(w, &suites[i], way, FAULT_NONE))
                continue;
            if (!suites[i].optional)
                fail_msg("%s in %04x, way %d", suites[i].name, suites[i].version, way);
            break;
        }
    }
}

static void test_faults_are_refused(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < sizeof suites / sizeof *suites; i++) {
        if (suites[i].optional)
            continue;
        if (is_cbc(&suites[i]))
            assert_true(converse(w, &suites[i], 0, FAULT_PADDING));
        assert_true(converse(w, &suites[i], NO_ETM, FAULT_MAC));
    }
}

static int begin(void **state)
{
    static struct world w;
    w.crypto = crypto_new();
    w.key = EVP_RSA_gen(2048);
    assert_non_null(w.crypto);
    assert_non_null(w.key);
    w.cert = make_cert(w.key);
    *state = &w;
    return 0;
}

static int end(void **state)
{
    struct world *w = *state;
    crypto_free(w->crypto);
    EVP_PKEY_free(w->key);
    X509_free(w->cert);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_conversations, begin, end),
        cmocka_unit_test_setup_teardown(test_faults_are_refused, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
