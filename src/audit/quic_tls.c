/* A QUIC client's TLS 1.3; see quic_tls.h. */
#include "audit/quic_tls.h"

#include "audit/quic_keys.h"
#include "wire/tlsrec.h"
#include "wire/tlswrite.h"

enum {
    ALERT_UNEXPECTED_MESSAGE = 10,
    ALERT_ILLEGAL_PARAMETER = 47,
    ALERT_DECODE_ERROR = 50,
    ALERT_DECRYPT_ERROR = 51,
    ALERT_PROTOCOL_VERSION = 70,
    ALERT_INTERNAL_ERROR = 80,
    ALERT_USER_CANCELED = 90,
    ALERT_MISSING_EXTENSION = 109,
    ALERT_NO_APPLICATION_PROTOCOL = 120,
};

enum { TRANSCRIPT_MAX = 1024 * 1024, HELLO_OUT_MAX = 32 * 1024 }; /* bytes */

void quic_tls_init(struct quic_tls *t, const struct quic_tls_conf *conf,
                   struct quic_handshake *facts, struct arena *arena)
{
    *t = (struct quic_tls){.conf = conf, .facts = facts, .arena = arena};
    transcript_init(&t->transcript, conf->crypto, TRANSCRIPT_MAX);
    buf_init(&t->params, 1024);
    buf_init(&t->shares, HELLO_OUT_MAX);
    buf_init(&t->hello, HELLO_OUT_MAX);
}

void quic_tls_done(struct quic_tls *t)
{
    transcript_done(&t->transcript);
    buf_done(&t->params);
    buf_done(&t->shares);
    buf_done(&t->hello);
}

/* The server's fault: told to it by the alert, and to people by the text. */
static int fault(struct quic_tls *t, uint8_t alert, const char *text)
{
    t->alert = alert;
    t->facts->fault = text;
    return -ERR_TLS_HANDSHAKE;
}

static int ours(struct quic_tls *t, int err)
{
    if (err)
        t->alert = ALERT_INTERNAL_ERROR;
    return err;
}

static bool listed(struct u16_list list, uint16_t v)
{
    for (size_t i = 0; i < list.n; i++)
        if (list.v[i] == v)
            return true;
    return false;
}

/* ---- ClientHello ---- */

/* A group that can be offered but not calculated with gets a share that a server takes. */
static int add_share(struct quic_tls *t, uint16_t group)
{
    struct buf filler;
    struct str share;
    buf_clear(&t->shares);
    if (group == 0)
        return 0;
    if (kex_can(t->conf->kex, group)) {
        int err = kex_share(t->conf->kex, group, &share);
        if (!err)
            client_hello_add_share(&t->shares, group, share);
        return err ? err : buf_err(&t->shares);
    }
    buf_init(&filler, KEX_SHARE_MAX);
    int err = kex_filler_share(t->conf->kex, group, &filler);
    if (!err)
        client_hello_add_share(&t->shares, group, buf_str(&filler));
    buf_done(&filler);
    return err ? err : buf_err(&t->shares);
}

static int send_hello(struct quic_tls *t, uint16_t share_group, struct buf *out)
{
    static const uint16_t tls13[] = {TLS_WIRE_13};
    const struct quic_tls_conf *c = t->conf;
    int err = add_share(t, share_group);
    if (err)
        return err;
    /* RFC 9001 8.4: no session id, that is of middleboxes. */
    struct client_hello h = {
        .version = TLS_WIRE_12,
        .flags = CH_KEY_SHARE | CH_QUIC | CH_STATUS | CH_SCT | CH_PSK_MODES | c->hello_flags,
        .suites = c->suites,
        .sni = c->sni,
        .versions = {tls13, 1},
        .groups = c->groups,
        .sigalgs = c->sigalgs,
        .alpn = c->alpn,
        .key_shares = buf_str(&t->shares),
        .cookie = t->cookie,
        .quic_params = buf_str(&t->params),
    };
    memcpy(h.random, c->random, sizeof h.random);
    buf_clear(&t->hello);
    client_hello_emit(&t->hello, &h);
    err = buf_err(&t->hello);
    if (!err)
        err = transcript_add(&t->transcript, buf_str(&t->hello));
    return err ? err : buf_append(out, buf_str(&t->hello));
}

int quic_tls_start(struct quic_tls *t, struct str params, struct buf *out)
{
    int err = buf_append(&t->params, params);
    return err ? err : send_hello(t, t->conf->share_group, out);
}

/* ---- ServerHello ---- */

static int check_hello(struct quic_tls *t, const struct server_hello *h)
{
    struct quic_handshake *f = t->facts;
    if (h->version != TLS_WIRE_13 || !h->ext.version_sent)
        return fault(t, ALERT_PROTOCOL_VERSION, "its ServerHello is not of TLS 1.3");
    if (h->session_id.n || h->compression)
        return fault(t, ALERT_ILLEGAL_PARAMETER, "its ServerHello echoes what was not sent");
    if (!listed(t->conf->suites, h->suite))
        return fault(t, ALERT_ILLEGAL_PARAMETER, "it chose a cipher suite that was not offered");
    if (f->hello_retry && h->suite != f->suite)
        return fault(t, ALERT_ILLEGAL_PARAMETER, "its suite is not that of its HelloRetryRequest");
    f->suite = h->suite;
    return 0;
}

static int choose_suite(struct quic_tls *t, uint16_t suite)
{
    t->suite.crypto = t->conf->crypto;
    if (quic_keys_md(suite, &t->suite.md))
        return fault(t, ALERT_ILLEGAL_PARAMETER, "it chose a cipher suite that QUIC has not");
    return ours(t, transcript_choose(&t->transcript, TLS_WIRE_13, t->suite.md));
}

/* RFC 8446 4.1.4, 4.2.8: what it asks for must be new to us, and possible. */
static int take_retry(struct quic_tls *t, const struct server_hello *h,
                      const struct handshake_message *m, struct buf *out)
{
    struct quic_handshake *f = t->facts;
    uint16_t group = h->ext.key_share_sent ? h->ext.group : 0;
    if (t->retried)
        return fault(t, ALERT_UNEXPECTED_MESSAGE, "it sent a second HelloRetryRequest");
    f->hello_retry = t->retried = true;
    f->retry_group = group;
    if (h->ext.key_share_sent && (!listed(t->conf->groups, group) || group == t->conf->share_group))
        return fault(t, ALERT_ILLEGAL_PARAMETER, "its HelloRetryRequest asks for a wrong group");
    if (!h->ext.key_share_sent && h->ext.cookie.n == 0)
        return fault(t, ALERT_ILLEGAL_PARAMETER, "its HelloRetryRequest asks for nothing");
    if (group && !kex_can(t->conf->kex, group))
        return -ERR_UNSUPPORTED;
    t->cookie = arena_str(t->arena, h->ext.cookie);
    int err = h->ext.cookie.n && !t->cookie.p ? -ERR_NOMEM : choose_suite(t, h->suite);
    if (!err)
        err = ours(t, transcript_retry(&t->transcript));
    if (!err)
        err = ours(t, transcript_add(&t->transcript, m->whole));
    return err ? err : ours(t, send_hello(t, group ? group : t->conf->share_group, out));
}

static int handshake_secrets(struct quic_tls *t, struct str shared)
{
    struct keysched13_secret early;
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n;
    int err = transcript_hash(&t->transcript, hash, &n);
    if (!err)
        err = keysched13_early(&t->suite, STR_NONE, &early);
    if (!err)
        err = keysched13_handshake(&t->suite, &early, shared, &t->rung);
    for (int server = 0; !err && server < 2; server++)
        err = keysched13_named(&t->suite, &t->rung,
                               server ? KEYSCHED13_S_HANDSHAKE : KEYSCHED13_C_HANDSHAKE,
                               crypto_str(hash, n), &t->secrets[QUIC_LEVEL_HANDSHAKE][server]);
    t->have[QUIC_LEVEL_HANDSHAKE] = !err;
    return ours(t, err);
}

static int on_hello(struct quic_tls *t, const struct handshake_message *m, struct buf *out)
{
    struct server_hello h;
    unsigned char secret[KEX_SECRET_MAX];
    size_t secret_n;
    if (server_hello_parse(&h, m->body))
        return fault(t, ALERT_DECODE_ERROR, "its ServerHello is malformed");
    int err = check_hello(t, &h);
    if (err)
        return err;
    if (h.retry)
        return take_retry(t, &h, m, out);
    t->facts->hello = true;
    t->facts->group = h.ext.group;
    uint16_t offered = t->facts->retry_group ? t->facts->retry_group : t->conf->share_group;
    if (!h.ext.key_share_sent || h.ext.group != offered || h.ext.psk)
        return fault(t, ALERT_ILLEGAL_PARAMETER, "its key share is not of the group offered");
    err = t->retried ? 0 : choose_suite(t, h.suite);
    if (!err)
        err = ours(t, transcript_add(&t->transcript, m->whole));
    if (!err && !kex_can(t->conf->kex, offered))
        return -ERR_UNSUPPORTED;
    if (err)
        return err;
    err = kex_secret(t->conf->kex, offered, h.ext.share, secret, sizeof secret, &secret_n);
    if (err == -ERR_RANGE)
        return fault(t, ALERT_ILLEGAL_PARAMETER, "its key share is not valid");
    t->state = QUIC_TLS_EXTENSIONS;
    return err ? ours(t, err) : handshake_secrets(t, crypto_str(secret, secret_n));
}

/* ---- EncryptedExtensions to CertificateVerify ---- */

static bool offered_protocol(const struct quic_tls *t, struct str name)
{
    struct tlsread r = tlsread_of(t->conf->alpn);
    while (r.in.n && !r.bad)
        if (str_eq(tlsread_vector(&r, 1), name) && !r.bad)
            return true;
    return false;
}

static int keep_params(struct quic_tls *t, struct str block)
{
    struct quic_handshake *f = t->facts;
    block = arena_str(t->arena, block);
    if (!block.p)
        return ours(t, -ERR_NOMEM);
    if (quicparams_parse(&f->params, block))
        return fault(t, ALERT_DECODE_ERROR, "its transport parameters are malformed");
    f->params_sent = true;
    f->params_fault = quicparams_fault(&f->params);
    return 0;
}

static int on_extensions(struct quic_tls *t, const struct handshake_message *m)
{
    struct server_extensions e;
    struct quic_handshake *f = t->facts;
    if (encrypted_extensions_parse(&e, m->body))
        return fault(t, ALERT_DECODE_ERROR, "its EncryptedExtensions is malformed");
    f->early_data = e.early_data;
    f->alpn_sent = e.alpn_sent;
    f->alpn = arena_str(t->arena, e.alpn);
    if (e.alpn.n && !f->alpn.p)
        return ours(t, -ERR_NOMEM);
    /* RFC 9001 8.2: QUIC without transport parameters is none. */
    if (!e.quic_params.p)
        return fault(t, ALERT_MISSING_EXTENSION, "it sent no transport parameters");
    int err = keep_params(t, e.quic_params);
    if (err)
        return err;
    if (e.early_data)
        return fault(t, ALERT_ILLEGAL_PARAMETER, "it accepted early data that was not sent");
    /* RFC 9001 8.1: without an application protocol the connection must end. */
    if (t->conf->alpn.n && !e.alpn_sent)
        return fault(t, ALERT_NO_APPLICATION_PROTOCOL, "it chose no application protocol");
    if (e.alpn_sent && !offered_protocol(t, e.alpn))
        return fault(t, ALERT_ILLEGAL_PARAMETER, "it chose a protocol that was not offered");
    t->state = QUIC_TLS_CERTIFICATE;
    return 0;
}

static int on_request(struct quic_tls *t, const struct handshake_message *m)
{
    struct certificate_request r;
    if (certificate_request_parse(&r, m->body, TLS_WIRE_13) || r.context.n)
        return fault(t, ALERT_DECODE_ERROR, "its CertificateRequest is malformed");
    if (t->facts->certificate_request)
        return fault(t, ALERT_UNEXPECTED_MESSAGE, "it asked twice for a certificate");
    t->facts->certificate_request = true;
    t->reply = client_auth_choose(t->conf->auth, &r, TLS_WIRE_13, &t->our_sigalg);
    return 0;
}

static int on_certificate(struct quic_tls *t, const struct handshake_message *m)
{
    struct server_certificates c;
    struct quic_handshake *f = t->facts;
    struct str body = arena_str(t->arena, m->body);
    if (!body.p)
        return ours(t, -ERR_NOMEM);
    if (server_certificates_parse(&c, body, true) || c.context.n)
        return fault(t, ALERT_DECODE_ERROR, "its Certificate is malformed");
    if (c.n == 0)
        return fault(t, ALERT_DECODE_ERROR, "its Certificate is empty");
    f->chain = arena_alloc(t->arena, c.n * sizeof *f->chain);
    if (!f->chain)
        return ours(t, -ERR_NOMEM);
    memcpy(f->chain, c.der, c.n * sizeof *f->chain);
    f->nchain = c.n;
    f->chain_sent = c.sent;
    f->chain_bytes = c.bytes;
    f->ocsp = c.status;
    f->scts = c.scts;
    t->state = QUIC_TLS_VERIFY;
    return 0;
}

/* `hash` is without this message. */
static int on_verify(struct quic_tls *t, const struct handshake_message *m, struct str hash)
{
    struct certificate_verify v;
    struct quic_handshake *f = t->facts;
    if (certificate_verify_parse(&v, m->body))
        return fault(t, ALERT_DECODE_ERROR, "its CertificateVerify is malformed");
    f->sigalg = v.sigalg;
    if (!listed(t->conf->sigalgs, v.sigalg))
        return fault(t, ALERT_ILLEGAL_PARAMETER, "it signed in a way that was not offered");
    f->signature = verify13_server(t->conf->crypto, f->chain[0], v.sigalg, hash, v.signature);
    if (f->signature == VERIFY13_INVALID)
        return fault(t, ALERT_DECRYPT_ERROR, "the signature of its handshake is wrong");
    t->state = QUIC_TLS_FINISHED;
    return 0;
}

/* ---- Finished ---- */

static int application_secrets(struct quic_tls *t)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n;
    int err = transcript_hash(&t->transcript, hash, &n);
    if (!err)
        err = keysched13_master(&t->suite, &t->rung, &t->rung);
    for (int server = 0; !err && server < 2; server++)
        err = keysched13_named(&t->suite, &t->rung,
                               server ? KEYSCHED13_S_TRAFFIC : KEYSCHED13_C_TRAFFIC,
                               crypto_str(hash, n), &t->secrets[QUIC_LEVEL_APP][server]);
    t->have[QUIC_LEVEL_APP] = !err;
    return err;
}

static int send_message(struct quic_tls *t, uint8_t type, struct str body, struct buf *out)
{
    size_t at = out->n;
    tlswrite_number(out, 1, type);
    tlswrite_vector(out, 3, body);
    return buf_ok(out) ? transcript_add(&t->transcript, str_from(buf_str(out), at)) : buf_err(out);
}

/* RFC 8446 4.4.2: who is asked and has none says so. */
static int send_certificate(struct quic_tls *t, struct buf *out)
{
    struct buf body;
    if (!t->reply)
        return 0;
    buf_init(&body, CLIENT_AUTH_BODY_MAX);
    client_auth_put_certificate(t->conf->auth, t->reply, TLS_WIRE_13, STR_NONE, &body);
    int err = buf_err(&body);
    if (!err)
        err = send_message(t, HS_CERTIFICATE, buf_str(&body), out);
    buf_done(&body);
    return err;
}

static int send_verify(struct quic_tls *t, struct buf *out)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct buf body;
    size_t n = 0;
    if (t->reply != CLIENT_AUTH_SENT)
        return 0;
    int err = transcript_hash(&t->transcript, hash, &n);
    buf_init(&body, CLIENT_AUTH_BODY_MAX);
    if (!err)
        err = client_auth_put_verify(t->conf->auth, TLS_WIRE_13, t->our_sigalg, crypto_str(hash, n), &body);
    if (!err)
        err = send_message(t, HS_CERTIFICATE_VERIFY, buf_str(&body), out);
    buf_done(&body);
    return err;
}

static int send_finished(struct quic_tls *t, struct buf *out)
{
    struct keysched13_secret verify;
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n;
    int err = send_certificate(t, out);
    if (!err)
        err = send_verify(t, out);
    if (!err)
        err = transcript_hash(&t->transcript, hash, &n);
    if (!err)
        err = keysched13_finished(&t->suite, &t->secrets[QUIC_LEVEL_HANDSHAKE][0],
                                  crypto_str(hash, n), &verify);
    return err ? err : send_message(t, HS_FINISHED, keysched13_str(&verify), out);
}

static int on_finished(struct quic_tls *t, const struct handshake_message *m, struct str hash,
                       struct buf *out)
{
    struct keysched13_secret want;
    int err = keysched13_finished(&t->suite, &t->secrets[QUIC_LEVEL_HANDSHAKE][1], hash, &want);
    if (err)
        return ours(t, err);
    if (!str_eq(m->body, keysched13_str(&want)))
        return fault(t, ALERT_DECRYPT_ERROR, "its Finished is wrong");
    t->facts->server_finished = true;
    err = transcript_add(&t->transcript, m->whole);
    if (!err)
        err = application_secrets(t);
    if (!err)
        err = send_finished(t, out);
    t->state = QUIC_TLS_DONE;
    return ours(t, err);
}

static int on_ticket(struct quic_tls *t, const struct handshake_message *m)
{
    struct new_session_ticket n;
    struct quic_handshake *f = t->facts;
    if (new_session_ticket_parse(&n, m->body, true))
        return fault(t, ALERT_DECODE_ERROR, "its NewSessionTicket is malformed");
    if (f->tickets++ == 0)
        f->ticket_lifetime = n.lifetime;
    /* RFC 9001 4.6.1: the size is all ones, other values are a fault. */
    if (n.max_early_data > f->max_early_data)
        f->max_early_data = n.max_early_data;
    if (n.max_early_data && n.max_early_data != UINT32_MAX)
        return fault(t, ALERT_ILLEGAL_PARAMETER,
                     "its ticket limits early data, which QUIC forbids");
    return 0;
}

/* ---- in order ---- */

static int dispatch(struct quic_tls *t, const struct handshake_message *m, struct str hash,
                    struct buf *out)
{
    switch (t->state) {
    case QUIC_TLS_EXTENSIONS:
        if (m->type == HS_ENCRYPTED_EXTENSIONS)
            return on_extensions(t, m);
        break;
    case QUIC_TLS_CERTIFICATE:
        if (m->type == HS_CERTIFICATE_REQUEST)
            return on_request(t, m);
        if (m->type == HS_CERTIFICATE)
            return on_certificate(t, m);
        break;
    case QUIC_TLS_VERIFY:
        if (m->type == HS_CERTIFICATE_VERIFY)
            return on_verify(t, m, hash);
        break;
    case QUIC_TLS_FINISHED:
        if (m->type == HS_FINISHED)
            return on_finished(t, m, hash, out);
        break;
    case QUIC_TLS_HELLO:
    case QUIC_TLS_DONE: break;
    }
    return fault(t, ALERT_UNEXPECTED_MESSAGE, "a message of its handshake came out of order");
}

static int feed_handshake(struct quic_tls *t, const struct handshake_message *m, struct buf *out)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n;
    int err = ours(t, transcript_hash(&t->transcript, hash, &n));
    if (!err)
        err = dispatch(t, m, crypto_str(hash, n), out);
    /* on_finished adds its message itself, in front of ours. */
    if (!err && m->type != HS_FINISHED)
        err = ours(t, transcript_add(&t->transcript, m->whole));
    return err;
}

int quic_tls_feed(struct quic_tls *t, enum quic_level level, const struct handshake_message *m,
                  struct buf *out)
{
    if (level == QUIC_LEVEL_INITIAL && t->state == QUIC_TLS_HELLO && m->type == HS_SERVER_HELLO)
        return on_hello(t, m, out);
    if (level == QUIC_LEVEL_HANDSHAKE && t->state != QUIC_TLS_HELLO && t->state != QUIC_TLS_DONE)
        return feed_handshake(t, m, out);
    if (level == QUIC_LEVEL_APP && t->state == QUIC_TLS_DONE && m->type == HS_NEW_SESSION_TICKET)
        return on_ticket(t, m);
    return fault(t, ALERT_UNEXPECTED_MESSAGE, "a message of its handshake came out of order");
}
