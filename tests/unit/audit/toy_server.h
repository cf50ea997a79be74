/* A server of SSL 3.0 to TLS 1.2 with static RSA and AES-128-CBC, that can be as broken as servers
 * were: what the auditor's probes look for. Of the auditor's own primitives. */
#ifndef TESTS_TOY_SERVER_H
#define TESTS_TOY_SERVER_H

#include "tls_rig.h"

#include "wire/tlsread.h"
#include "wire/tlswrite.h"

#include <openssl/rsa.h>

enum toy_way {
    TOY_SAFE,          /* alerts as the RFCs want them, then closes */
    TOY_SILENT,        /* says nothing where it should refuse */
    TOY_CLOSES,        /* closes without an alert where it should refuse */
    TOY_HEARTBLEED,
    TOY_EARLY_CCS,     /* CVE-2014-0224 */
    TOY_TICKETBLEED,   /* session id of the client, filled up to 32 bytes */
    TOY_ECHOES_ID,
    TOY_RENEGOTIATES,
    TOY_IGNORES_HELLO, /* the second one */
    TOY_POODLE,        /* looks at no padding bytes */
    TOY_ZOMBIE,        /* another answer to a wrong padding with a right MAC */
    TOY_GOLDENDOODLE,  /* another answer to a wrong MAC with a right padding */
    TOY_LUCKY_MINUS_20,
    TOY_ROBOT,         /* alert 51 to a block that is not PKCS #1 */
};

struct toy {
    enum toy_way way;
    uint16_t version, suite;
    bool heartbeat;
    struct transcript t;
    struct seal mac, write; /* mac: of the client's direction, for its MACs */
    bool have_keys, reading, closed, established, flight;
    unsigned char client_random[32], master[48], key[16], iv[16];
    struct buf in, messages, out, got;
    unsigned ccs;
};

enum { TOY_RSA_AES128_SHA = 0x002f };

static inline void toy_init(struct toy *t, enum toy_way way, uint16_t version)
{
    *t = (struct toy){.way = way, .version = version, .suite = TOY_RSA_AES128_SHA, .heartbeat = true};
    buf_init(&t->in, 1 << 20);
    buf_init(&t->messages, 1 << 20);
    buf_init(&t->out, 1 << 20);
    buf_init(&t->got, 1 << 20);
    transcript_init(&t->t, rig_crypto, 1 << 20);
}

static inline void toy_done(struct toy *t)
{
    buf_done(&t->in);
    buf_done(&t->messages);
    buf_done(&t->out);
    buf_done(&t->got);
    transcript_done(&t->t);
    seal_done(&t->mac);
    seal_done(&t->write);
}

static inline void toy_record(struct toy *t, uint8_t type, struct str payload)
{
    if (t->established)
        assert_int_equal(seal_record(&t->write, type, t->version, payload, &t->out), 0);
    else
        tlsrec_emit(&t->out, type, t->version, payload, 0);
}

static inline void toy_refuse(struct toy *t, uint8_t code)
{
    char alert[2] = {2, (char)code};
    if (t->way == TOY_SILENT || t->closed)
        return;
    if (t->way != TOY_CLOSES)
        toy_record(t, TLSREC_ALERT, str_of(alert, 2));
    t->closed = true;
}

static inline void toy_say(struct toy *t, uint8_t type, struct str body)
{
    struct buf m;
    buf_init(&m, 1 << 16);
    tlswrite_number(&m, 1, type);
    tlswrite_vector(&m, 3, body);
    assert_int_equal(transcript_add(&t->t, buf_str(&m)), 0);
    toy_record(t, TLSREC_HANDSHAKE, buf_str(&m));
    buf_done(&m);
}

static inline void toy_flight(struct toy *t, struct str client_id)
{
    struct buf b;
    unsigned char *der = NULL;
    int n = i2d_X509(rig_rsa, &der);
    buf_init(&b, 1 << 16);
    tlswrite_number(&b, 2, t->version);
    for (int i = 0; i < 32; i++)
        buf_addc(&b, 'R');
    bool echo = t->way == TOY_TICKETBLEED || t->way == TOY_ECHOES_ID;
    size_t fill = t->way == TOY_TICKETBLEED && client_id.n < 32 ? 32 - client_id.n : 0;
    tlswrite_number(&b, 1, echo ? (uint32_t)(client_id.n + fill) : 0);
    if (echo)
        buf_add(&b, client_id);
    for (; fill; fill--)
        buf_addc(&b, '!');
    tlswrite_number(&b, 2, t->suite);
    tlswrite_number(&b, 1, 0);
    if (t->heartbeat)
        tlswrite_vector(&b, 2, str_of("\0\x0f\0\1\1", 5));
    toy_say(t, HS_SERVER_HELLO, buf_str(&b));
    buf_clear(&b);
    tlswrite_number(&b, 3, (uint32_t)n + 3);
    tlswrite_vector(&b, 3, crypto_str(der, (size_t)n));
    toy_say(t, HS_CERTIFICATE, buf_str(&b));
    toy_say(t, HS_SERVER_HELLO_DONE, STR_NONE);
    OPENSSL_free(der);
    buf_done(&b);
    t->flight = true;
}

/* PKCS #1 v1.5 by hand, as strict as an oracle is. A block that is none gives zeros. */
static inline void toy_key_exchange(struct toy *t, struct str body)
{
    unsigned char block[512], premaster[48] = {0}, keys[KEYSCHED_BLOCK_MAX];
    size_t n = sizeof block;
    struct str enc = t->version == TLS_WIRE_SSL3 ? body : str_from(body, 2);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(rig_rsa_key, NULL);
    assert_true(EVP_PKEY_decrypt_init(ctx) > 0 && EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING) > 0);
    bool ok = EVP_PKEY_decrypt(ctx, block, &n, (const unsigned char *)enc.p, enc.n) > 0 && n > 59;
    EVP_PKEY_CTX_free(ctx);
    ok = ok && block[0] == 0 && block[1] == 2 && block[n - 49] == 0 && block[n - 48] == 3;
    for (size_t i = 2; ok && i < n - 49; i++)
        ok = block[i] != 0;
    if (ok)
        memcpy(premaster, block + n - 48, 48);
    if (!ok && t->way == TOY_ROBOT)
        toy_refuse(t, 51);
    struct keysched_suite s = {rig_crypto, t->version, CRYPTO_SHA256};
    struct seal_params p = {t->version, SEAL_AES_128_CBC, CRYPTO_SHA1, false};
    struct seal_keys mine, theirs;
    struct str random = STR("RRRRRRRRRRRRRRRRRRRRRRRRRRRRRRRR"), client = crypto_str(t->client_random, 32);
    assert_int_equal(keysched_master(&s, crypto_str(premaster, 48), client, random, t->master), 0);
    assert_int_equal(keysched_block(&s, crypto_str(t->master, 48), client, random, keys,
                                    seal_key_block_size(&p)), 0);
    struct str all = crypto_str(keys, seal_key_block_size(&p));
    assert_int_equal(seal_keys_cut(&p, all, true, &mine), 0);
    assert_int_equal(seal_keys_cut(&p, all, false, &theirs), 0);
    assert_int_equal(seal_init(&t->write, rig_crypto, &p, &mine, true), 0);
    assert_int_equal(seal_init(&t->mac, rig_crypto, &p, &theirs, true), 0);
    memcpy(t->key, theirs.key.p, 16);
    if (theirs.iv.n)
        memcpy(t->iv, theirs.iv.p, 16);
    t->have_keys = true;
}

struct toy_opened {
    char plain[20000];
    size_t n, content;
    bool enough, padding, mac, all_0f;
};

static inline void toy_open(struct toy *t, const struct tlsrec *r, struct toy_opened *o)
{
    struct str body = r->body;
    int k = 0;
    unsigned char mac[SEAL_MAC_MAX];
    if (t->version >= TLS_WIRE_11) {
        memcpy(t->iv, body.p, 16);
        body = str_from(body, 16);
    }
    memset(o, 0, sizeof *o);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_true(EVP_DecryptInit_ex(ctx, EVP_aes_128_cbc(), NULL, t->key, t->iv));
    EVP_CIPHER_CTX_set_padding(ctx, 0);
    bool whole = body.n && body.n % 16 == 0 && body.n < sizeof o->plain &&
                 EVP_DecryptUpdate(ctx, (unsigned char *)o->plain, &k, (const unsigned char *)body.p, (int)body.n);
    EVP_CIPHER_CTX_free(ctx);
    if (!whole)
        return;
    memcpy(t->iv, body.p + body.n - 16, 16);
    size_t n = body.n, pad = (unsigned char)o->plain[n - 1];
    o->n = n;
    o->all_0f = true;
    for (size_t i = 0; i < n; i++)
        o->all_0f = o->all_0f && o->plain[i] == 15;
    o->enough = pad + 1 + 20 <= n;
    if (!o->enough) {
        t->mac.seq++;
        return;
    }
    o->padding = true;
    for (size_t i = n - 1 - pad; i < n && t->version > TLS_WIRE_SSL3; i++)
        o->padding = o->padding && (unsigned char)o->plain[i] == pad;
    o->content = n - pad - 1 - 20;
    assert_int_equal(seal_mac(&t->mac, r->type, t->version, str_of(o->plain, o->content), mac), 0);
    o->mac = memcmp(mac, o->plain + o->content, 20) == 0;
    t->mac.seq++;
}

/* True: it is taken for good. */
static inline bool toy_takes(struct toy *t, const struct toy_opened *o)
{
    if (o->enough && o->mac && (o->padding || t->way == TOY_POODLE))
        return true;
    if ((t->way == TOY_ZOMBIE && o->enough && o->mac) || (t->way == TOY_GOLDENDOODLE && o->enough && o->padding))
        t->closed = true; /* no alert: that tells them apart */
    else
        toy_refuse(t, t->way == TOY_LUCKY_MINUS_20 && o->all_0f ? 22 : 20);
    return false;
}

static inline void toy_finished(struct toy *t, struct str message)
{
    struct keysched_suite s = {rig_crypto, t->version, CRYPTO_SHA256};
    unsigned char verify[KEYSCHED_FINISHED_MAX];
    size_t n;
    assert_int_equal(keysched_finished(&s, crypto_str(t->master, 48), false, &t->t, verify, &n), 0);
    if (!str_eq(str_from(message, 4), crypto_str(verify, n))) {
        toy_refuse(t, 51);
        return;
    }
    assert_int_equal(transcript_add(&t->t, message), 0);
    tlsrec_emit(&t->out, TLSREC_CCS, t->version, STR("\1"), 0);
    t->established = true;
    assert_int_equal(keysched_finished(&s, crypto_str(t->master, 48), true, &t->t, verify, &n), 0);
    toy_say(t, HS_FINISHED, crypto_str(verify, n));
}

static inline void toy_again(struct toy *t)
{
    if (t->way == TOY_RENEGOTIATES)
        toy_flight(t, STR_NONE);
    else if (t->way == TOY_SAFE)
        toy_record(t, TLSREC_ALERT, STR("\1\x64"));
    else if (t->way == TOY_CLOSES)
        t->closed = true;
}

static inline void toy_message(struct toy *t, const struct handshake_message *m)
{
    if (m->type == HS_CLIENT_HELLO && t->established) {
        toy_again(t);
        return;
    }
    if (m->type == HS_FINISHED && t->reading) {
        toy_finished(t, m->whole);
        return;
    }
    assert_int_equal(transcript_add(&t->t, m->whole), 0);
    if (m->type == HS_CLIENT_HELLO) {
        size_t id = (unsigned char)m->body.p[34];
        memcpy(t->client_random, m->body.p + 2, 32);
        assert_int_equal(transcript_choose(&t->t, t->version, CRYPTO_SHA256), 0);
        toy_flight(t, str_sub(m->body, 35, id));
    } else if (m->type == HS_CLIENT_KEY_EXCHANGE && t->flight) {
        toy_key_exchange(t, m->body);
    } else {
        toy_refuse(t, 10);
    }
}

static inline void toy_messages(struct toy *t, struct str content)
{
    struct handshake_message m;
    buf_add(&t->messages, content);
    while (handshake_parse(&m, buf_str(&t->messages)) == 0) {
        toy_message(t, &m);
        buf_consume(&t->messages, m.whole.n);
    }
}

static inline void toy_change_cipher(struct toy *t)
{
    if (t->have_keys) {
        t->reading = true;
    } else if (t->way == TOY_EARLY_CCS) {
        if (++t->ccs == 2) /* taken for a record under keys of an empty secret */
            toy_refuse(t, 20);
    } else {
        toy_refuse(t, 10);
    }
}

static inline void toy_content(struct toy *t, uint8_t type, struct str content)
{
    static char memory[16384] = {2, 0x40, 0};
    if (type == TLSREC_HANDSHAKE) {
        toy_messages(t, content);
    } else if (type == TLSREC_ALERT) {
        t->closed = t->way != TOY_SILENT;
    } else if (type == TLSREC_HEARTBEAT) {
        if (t->way == TOY_HEARTBLEED)
            toy_record(t, TLSREC_HEARTBEAT, str_of(memory, sizeof memory));
    } else if (t->established) {
        buf_add(&t->got, content);
        toy_record(t, TLSREC_DATA, STR("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    } else {
        toy_refuse(t, 10);
    }
}

static inline void toy_feed(struct toy *t, struct str in)
{
    static struct toy_opened o;
    struct tlsrec r;
    buf_add(&t->in, in);
    while (!t->closed && tlsrec_parse(&r, buf_str(&t->in)) == 0) {
        if (r.type == TLSREC_CCS) {
            toy_change_cipher(t);
        } else if (t->reading) {
            toy_open(t, &r, &o);
            if (toy_takes(t, &o))
                toy_content(t, r.type, str_of(o.plain, o.content));
        } else {
            toy_content(t, r.type, r.body);
        }
        buf_consume(&t->in, r.used);
    }
}

#endif
