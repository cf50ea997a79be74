/* The auditor's client from SSL 3.0 to TLS 1.2: the server's flight, our answer, and both ways of
 * resuming (RFC 5246 7.3, RFC 5077 3.1). */
#include "audit/tls_client_part.h"

#include "audit/kex_dh.h"
#include "wire/tlswrite.h"

#include <openssl/x509.h>

static const struct {
    enum suite_enc enc;
    enum seal_cipher cipher;
} ciphers[] = {
    {SUITE_ENC_NULL, SEAL_NULL},
    {SUITE_ENC_RC4_128, SEAL_RC4_128},
    {SUITE_ENC_DES_CBC, SEAL_DES_CBC},
    {SUITE_ENC_3DES_EDE_CBC, SEAL_3DES_CBC},
    {SUITE_ENC_IDEA_CBC, SEAL_IDEA_CBC},
    {SUITE_ENC_SEED_CBC, SEAL_SEED_CBC},
    {SUITE_ENC_AES_128_CBC, SEAL_AES_128_CBC},
    {SUITE_ENC_AES_256_CBC, SEAL_AES_256_CBC},
    {SUITE_ENC_CAMELLIA_128_CBC, SEAL_CAMELLIA_128_CBC},
    {SUITE_ENC_CAMELLIA_256_CBC, SEAL_CAMELLIA_256_CBC},
    {SUITE_ENC_ARIA_128_CBC, SEAL_ARIA_128_CBC},
    {SUITE_ENC_ARIA_256_CBC, SEAL_ARIA_256_CBC},
    {SUITE_ENC_AES_128_GCM, SEAL_AES_128_GCM},
    {SUITE_ENC_AES_256_GCM, SEAL_AES_256_GCM},
    {SUITE_ENC_ARIA_128_GCM, SEAL_ARIA_128_GCM},
    {SUITE_ENC_ARIA_256_GCM, SEAL_ARIA_256_GCM},
    {SUITE_ENC_AES_128_CCM, SEAL_AES_128_CCM},
    {SUITE_ENC_AES_256_CCM, SEAL_AES_256_CCM},
    {SUITE_ENC_AES_128_CCM_8, SEAL_AES_128_CCM_8},
    {SUITE_ENC_AES_256_CCM_8, SEAL_AES_256_CCM_8},
    {SUITE_ENC_CHACHA20_POLY1305, SEAL_CHACHA20_POLY1305},
    {SUITE_ENC_SM4_GCM, SEAL_SM4_GCM},
    {SUITE_ENC_SM4_CCM, SEAL_SM4_CCM},
};

static const struct {
    enum suite_mac mac;
    enum crypto_md md;
} macs[] = {
    {SUITE_MAC_NULL, CRYPTO_SHA256}, {SUITE_MAC_AEAD, CRYPTO_SHA256}, {SUITE_MAC_MD5, CRYPTO_MD5},
    {SUITE_MAC_SHA1, CRYPTO_SHA1},   {SUITE_MAC_SHA256, CRYPTO_SHA256},
    {SUITE_MAC_SHA384, CRYPTO_SHA384},
};

int tls_client_params(const struct suite *s, uint16_t version, bool etm, struct seal_params *ret)
{
    size_t i = 0, j = 0;
    while (i < sizeof ciphers / sizeof *ciphers && ciphers[i].enc != s->enc)
        i++;
    while (j < sizeof macs / sizeof *macs && macs[j].mac != s->mac)
        j++;
    if (i == sizeof ciphers / sizeof *ciphers || j == sizeof macs / sizeof *macs)
        return -ERR_UNSUPPORTED;
    *ret = (struct seal_params){version, ciphers[i].cipher, macs[j].md, etm};
    return 0;
}

enum crypto_md tls_client_md(const struct tls_client *c)
{
    const struct suite *s = c->suite;
    if (!s && c->conf.session)
        s = suite_find(c->conf.session->suite);
    return !s ? CRYPTO_SHA256
           : s->prf == SUITE_PRF_SHA384 ? CRYPTO_SHA384
           : s->prf == SUITE_PRF_SHA512 ? CRYPTO_SHA512
           : s->prf == SUITE_PRF_SM3 ? CRYPTO_SM3 : CRYPTO_SHA256;
}

static bool is_ecdhe(const struct suite *s)
{
    return s->kx == SUITE_KX_ECDHE || s->kx == SUITE_KX_ECDH_ANON;
}

static bool is_dhe(const struct suite *s)
{
    return s->kx == SUITE_KX_DHE || s->kx == SUITE_KX_DHE_EXPORT || s->kx == SUITE_KX_DH_ANON ||
           s->kx == SUITE_KX_DHE_EXPORT1024 || s->kx == SUITE_KX_DH_ANON_EXPORT;
}

static bool is_rsa_export(const struct suite *s)
{
    return s->kx == SUITE_KX_RSA_EXPORT || s->kx == SUITE_KX_RSA_EXPORT1024;
}

bool tls_client_can(struct crypto *crypto, const struct suite *s, uint16_t version)
{
    struct seal_params p;
    if (!s) /* a server may name what nobody has ever heard of */
        return false;
    bool kx = version >= TLS_WIRE_13 ? s->kx == SUITE_KX_ANY
                                     : s->kx == SUITE_KX_RSA || (is_ecdhe(s) && !suite_is_export(s)) ||
                                           s->kx == SUITE_KX_DHE || s->kx == SUITE_KX_DH_ANON;
    return kx && suite_fits(s, version) && tls_client_params(s, version, false, &p) == 0 &&
           seal_can(crypto, &p);
}

static struct keysched_suite schedule(const struct tls_client *c)
{
    return (struct keysched_suite){c->conf.crypto, c->hs->version, tls_client_md(c)};
}

static struct str client_random(const struct tls_client *c)
{
    return crypto_str(c->conf.hello.random, sizeof c->conf.hello.random);
}

static struct str server_random(const struct tls_client *c)
{
    return crypto_str(c->hs->random, sizeof c->hs->random);
}

/* ---- keys ---- */

static int install_keys(struct tls_client *c, const struct seal_params *p, struct str block)
{
    struct seal_keys mine, theirs;
    struct seal write, read;
    int err = seal_keys_cut(p, block, false, &mine);
    if (!err)
        err = seal_keys_cut(p, block, true, &theirs);
    if (!err)
        err = seal_init(&write, c->conf.crypto, p, &mine, true);
    if (err)
        return err;
    err = seal_init(&read, c->conf.crypto, p, &theirs, false);
    if (err) {
        seal_done(&write);
        return err;
    }
    seal_done(&c->next_read);
    seal_done(&c->next_write);
    c->next_write = write;
    c->next_read = read;
    return 0;
}

static int derive_block(struct tls_client *c)
{
    unsigned char block[KEYSCHED_BLOCK_MAX];
    struct seal_params p;
    struct keysched_suite s = schedule(c);
    int err = tls_client_params(c->suite, c->hs->version, c->hs->ext.etm, &p);
    size_t n = err ? 0 : seal_key_block_size(&p);
    if (!err && n > sizeof block)
        err = -ERR_UNSUPPORTED;
    if (!err)
        err = keysched_block(&s, crypto_str(c->master, sizeof c->master), client_random(c),
                             server_random(c), block, n);
    return err ? err : install_keys(c, &p, crypto_str(block, n));
}

/* RFC 7627 4 or RFC 5246 8.1; the transcript then ends with ClientKeyExchange. */
static int derive_master(struct tls_client *c)
{
    struct keysched_suite s = schedule(c);
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n;
    if (!c->hs->ext.ems)
        return keysched_master(&s, buf_str(&c->premaster), client_random(c), server_random(c),
                               c->master);
    int err = transcript_hash(&c->transcript, hash, &n);
    return err ? err : keysched_extended_master(&s, buf_str(&c->premaster), crypto_str(hash, n),
                                                c->master);
}

/* ---- ServerHello ---- */

/* The server resumes when it echoes the id that we sent, or sends CCS without a certificate after a
 * ticket; the id that goes with a ticket is ours, any (RFC 5077 3.4). */
static bool resumes(const struct tls_client *c, const struct server_hello *h)
{
    const struct tls_session *s = c->conf.session;
    struct str sent = c->conf.hello.session_id.n ? c->conf.hello.session_id
                      : s ? s->session_id : STR_NONE;
    return s && s->version < TLS_WIRE_13 && sent.n && str_eq(h->session_id, sent);
}

int tls_client12_resumed(struct tls_client *c)
{
    memcpy(c->master, c->conf.session->secret, sizeof c->master);
    c->hs->resumed = true;
    return c->suite ? derive_block(c) : -ERR_UNSUPPORTED;
}

enum tls_event tls_client12_hello(struct tls_client *c, const struct server_hello *h)
{
    int err = transcript_choose(&c->transcript, h->version, tls_client_md(c));
    if (err || h->version < TLS_WIRE_SSL3)
        return tls_client_fault(c, err ? err : -ERR_TLS_VERSION);
    c->hs->resumed = !c->renegotiating && resumes(c, h);
    return TLS_EV_HELLO;
}

/* ---- the server's flight ---- */

static enum ske_kind ske_kind(const struct suite *s)
{
    return is_ecdhe(s) ? SKE_ECDHE : is_dhe(s) ? SKE_DHE : is_rsa_export(s) ? SKE_RSA
           : s->kx == SUITE_KX_ECDHE_PSK ? SKE_ECDHE : s->kx == SUITE_KX_DHE_PSK ? SKE_DHE : SKE_PSK;
}

static int on_key_exchange(struct tls_client *c, struct str body)
{
    struct server_key_exchange k;
    struct handshake *hs = c->hs;
    const struct suite *s = c->suite;
    if (!s)
        return 0; /* how to read it depends on a suite that nobody knows */
    bool anonymous = suite_is_anonymous(s) || suite_is_psk(s);
    int err = server_key_exchange_parse(&k, body, ske_kind(s), hs->version, anonymous, suite_is_psk(s));
    if (err)
        return s->kx == SUITE_KX_SRP || s->kx == SUITE_KX_ECCPWD ? 0 : err;
    hs->group = k.group;
    hs->sigalg = k.sigalg;
    hs->dh_p = tls_client_keep(c, k.p);
    hs->dh_g = tls_client_keep(c, k.g);
    hs->dh_ys = tls_client_keep(c, k.ys);
    hs->point = tls_client_keep(c, k.point);
    hs->rsa_n = tls_client_keep(c, k.n);
    hs->rsa_e = tls_client_keep(c, k.e);
    return 0;
}

static int on_certificate(struct tls_client *c, struct str body)
{
    struct server_certificates list;
    int err = server_certificates_parse(&list, body, false);
    if (err)
        return err;
    c->hs->resumed = false; /* whatever session id it sent */
    tls_client_record_chain(c, &list);
    return 0;
}

static int on_request(struct tls_client *c, struct str body)
{
    struct certificate_request r;
    int err = certificate_request_parse(&r, body, c->hs->version);
    if (err)
        return err;
    tls_client_asked(c, &r);
    return 0;
}

static int on_ticket(struct tls_client *c, struct str body)
{
    struct new_session_ticket t;
    int err = new_session_ticket_parse(&t, body, false);
    if (err || c->hs->ntickets == HANDSHAKE_TICKETS_MAX || !t.ticket.n) /* RFC 5077 3.3: none */
        return err;
    t.ticket = tls_client_keep(c, t.ticket);
    c->hs->tickets[c->hs->ntickets++] = t;
    return 0;
}

static int on_status(struct tls_client *c, struct str body)
{
    struct str response;
    int err = certificate_status_parse(&response, body);
    if (!err)
        c->hs->status = tls_client_keep(c, response);
    return err;
}

static enum tls_event on_done(struct tls_client *c)
{
    c->hs->flight = true;
    c->stopped = c->conf.stop == TLS_STOP_FLIGHT;
    int err = c->stopped ? 0 : tls_client12_answer(c);
    return err ? tls_client_fault(c, err) : TLS_EV_FLIGHT;
}

static int flight_message(struct tls_client *c, const struct handshake_message *m)
{
    switch (m->type) {
    case HS_CERTIFICATE: return on_certificate(c, m->body);
    case HS_CERTIFICATE_STATUS: return on_status(c, m->body);
    case HS_SERVER_KEY_EXCHANGE: return on_key_exchange(c, m->body);
    case HS_CERTIFICATE_REQUEST: return on_request(c, m->body);
    case HS_NEW_SESSION_TICKET: return on_ticket(c, m->body);
    case HS_SERVER_HELLO_DONE: return 0;
    default: return -ERR_TLS_DECODE;
    }
}

/* ---- Finished ---- */

static int send_finished(struct tls_client *c)
{
    struct keysched_suite s = schedule(c);
    int err = keysched_finished(&s, crypto_str(c->master, sizeof c->master), false, &c->transcript,
                                c->verify_client, &c->verify_n);
    if (!err)
        err = tls_client_say(c, HS_FINISHED, crypto_str(c->verify_client, c->verify_n));
    c->finished_sent = true;
    return err;
}

static int send_ccs(struct tls_client *c)
{
    int err = tls_client_send(c, TLSREC_CCS, STR("\x01"));
    seal_done(&c->write);
    c->write = c->next_write;
    c->next_write = (struct seal){0};
    c->writing = true;
    return err;
}

/* Called before the server's Finished enters the transcript. */
static int check_finished(struct tls_client *c, struct str body)
{
    struct keysched_suite s = schedule(c);
    int err = keysched_finished(&s, crypto_str(c->master, sizeof c->master), true, &c->transcript,
                                c->verify_server, &c->verify_n);
    if (!err && !str_eq(body, crypto_str(c->verify_server, c->verify_n)))
        c->hs->finished_wrong = true;
    return err;
}

static enum tls_event on_finished(struct tls_client *c, const struct handshake_message *m)
{
    if (!c->ccs_seen) /* then there are no keys, either */
        return tls_client_fault(c, -ERR_TLS_DECODE);
    int err = check_finished(c, m->body);
    if (!err)
        err = transcript_add(&c->transcript, m->whole);
    if (!err && !c->finished_sent) /* resumption: the server goes first */
        err = send_ccs(c);
    if (!err && !c->finished_sent)
        err = send_finished(c);
    if (err)
        return tls_client_fault(c, err);
    c->hs->established = !c->hs->finished_wrong;
    c->renegotiating = false;
    c->state = TLS_ST_OPEN;
    return TLS_EV_ESTABLISHED;
}

static enum tls_event open_message(struct tls_client *c, const struct handshake_message *m)
{
    return m->type == HS_HELLO_REQUEST ? TLS_EV_HELLO_REQUEST : TLS_EV_NONE;
}

enum tls_event tls_client12_message(struct tls_client *c, const struct handshake_message *m)
{
    if (c->state == TLS_ST_OPEN)
        return open_message(c, m);
    if (m->type == HS_HELLO_REQUEST)
        return TLS_EV_NONE;
    if (m->type == HS_FINISHED)
        return on_finished(c, m);
    int err = tls_client_twice(c, m->type) ? -ERR_TLS_DECODE : flight_message(c, m);
    if (!err)
        err = transcript_add(&c->transcript, m->whole);
    if (err)
        return tls_client_fault(c, err);
    return m->type == HS_SERVER_HELLO_DONE ? on_done(c) : TLS_EV_NONE;
}

/* ---- our answer ---- */

/* The leaf's key, or an export key from the ServerKeyExchange. */
int tls_client_rsa_key(const struct tls_client *c, struct kex_rsa **ret)
{
    const struct handshake *hs = c->hs;
    if (hs->rsa_n.n)
        return kex_rsa_from_numbers(c->conf.crypto, hs->rsa_n, hs->rsa_e, ret);
    if (!hs->nchain)
        return -ERR_NOT_FOUND;
    const unsigned char *p = (const unsigned char *)hs->chain[0].p;
    X509 *x = d2i_X509(NULL, &p, (long)hs->chain[0].n);
    unsigned char *der = NULL;
    int n = x ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(x), &der) : -1;
    int err = n > 0 ? kex_rsa_from_spki(c->conf.crypto, crypto_str(der, (size_t)n), ret)
                    : crypto_fail(-ERR_CERT_SYNTAX);
    OPENSSL_free(der);
    X509_free(x);
    return err;
}

static int rsa_exchange(struct tls_client *c)
{
    struct kex_rsa *key;
    unsigned char secret[48];
    int err = crypto_random(c->conf.crypto, secret, sizeof secret);
    if (!err)
        err = tls_client_rsa_key(c, &key);
    if (err)
        return err;
    secret[0] = (unsigned char)(c->conf.hello.version >> 8); /* RFC 5246 7.4.7.1: as offered */
    secret[1] = (unsigned char)c->conf.hello.version;
    buf_add(&c->premaster, crypto_str(secret, sizeof secret));
    bool length = c->hs->version > TLS_WIRE_SSL3; /* SSL 3.0 sends it bare */
    size_t at = length ? tlswrite_begin(&c->cke, 2) : 0;
    err = kex_rsa_encrypt_pkcs1(key, buf_str(&c->premaster), &c->cke);
    if (length)
        tlswrite_end(&c->cke, 2, at);
    kex_rsa_free(key);
    return err;
}

static int dhe_exchange(struct tls_client *c)
{
    struct handshake *hs = c->hs;
    size_t at = tlswrite_begin(&c->cke, 2);
    int err = kex_dh(c->conf.crypto, hs->dh_p, hs->dh_g, hs->dh_ys, &c->cke, &c->premaster);
    tlswrite_end(&c->cke, 2, at);
    return err;
}

static int ecdhe_exchange(struct tls_client *c)
{
    struct str share;
    unsigned char secret[KEX_SECRET_MAX];
    size_t n;
    int err = kex_share(c->conf.keys, c->hs->group, &share);
    if (!err)
        err = kex_secret(c->conf.keys, c->hs->group, c->hs->point, secret, sizeof secret, &n);
    if (err)
        return err;
    buf_add(&c->premaster, crypto_str(secret, n));
    tlswrite_vector(&c->cke, 1, share);
    return 0;
}

int tls_client_key_exchange(struct tls_client *c)
{
    const struct suite *s = c->suite;
    buf_clear(&c->premaster);
    buf_clear(&c->cke);
    int err = !s ? -ERR_UNSUPPORTED
              : s->kx == SUITE_KX_RSA ? rsa_exchange(c)
              : is_dhe(s) ? dhe_exchange(c)
              : is_ecdhe(s) ? ecdhe_exchange(c) : -ERR_UNSUPPORTED;
    if (!err)
        err = buf_err(&c->premaster);
    return err ? err : buf_err(&c->cke);
}

int tls_client12_answer(struct tls_client *c)
{
    int err = c->cke.n ? 0 : tls_client_key_exchange(c);
    if (!err)
        err = tls_client_certificate(c);
    if (!err)
        err = tls_client_say(c, HS_CLIENT_KEY_EXCHANGE, buf_str(&c->cke));
    if (!err)
        err = derive_master(c);
    if (!err)
        err = derive_block(c);
    if (!err)
        err = tls_client_verify(c);
    if (!err)
        err = send_ccs(c);
    c->state = TLS_ST_FINISHED12;
    return err ? err : send_finished(c);
}
