/* The auditor's client in TLS 1.3 (RFC 8446): key schedule, the protected flight, tickets, 0-RTT. */
#include "audit/tls_client_part.h"

#include "wire/tlsread.h"

static struct keysched13_suite schedule(const struct tls_client *c)
{
    return (struct keysched13_suite){c->conf.crypto, tls_client_md(c)};
}

/* Takes the place of what protected that direction before. */
static int install(struct tls_client *c, struct seal *seal, const struct suite *suite,
                   const struct keysched13_secret *traffic, bool sending)
{
    unsigned char key[SEAL_KEY_MAX], iv[KEYSCHED13_IV];
    struct keysched13_suite s = schedule(c);
    struct seal_params p;
    int err = tls_client_params(suite, TLS_WIRE_13, false, &p);
    size_t n = err ? 0 : seal_key_size(&p);
    if (!err && (n == 0 || n > sizeof key))
        err = -ERR_UNSUPPORTED;
    if (!err)
        err = keysched13_keys(&s, traffic, key, n, iv);
    if (err)
        return err;
    struct seal_keys keys = {.key = crypto_str(key, n), .iv = crypto_str(iv, sizeof iv)};
    seal_done(seal);
    *seal = (struct seal){0};
    return seal_init(seal, c->conf.crypto, &p, &keys, sending);
}

static int transcript_now(const struct tls_client *c, unsigned char hash[TRANSCRIPT_HASH_MAX],
                          struct str *ret)
{
    size_t n;
    int err = transcript_hash(&c->transcript, hash, &n);
    if (!err)
        *ret = crypto_str(hash, n);
    return err;
}

static int named(const struct tls_client *c, enum keysched13_label label,
                 struct keysched13_secret *ret)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct str now;
    struct keysched13_suite s = schedule(c);
    int err = transcript_now(c, hash, &now);
    return err ? err : keysched13_named(&s, &c->rung, label, now, ret);
}

/* ---- PSK and 0-RTT ---- */

static struct str psk(const struct tls_client *c)
{
    const struct tls_session *s = c->conf.session;
    return s && s->version >= TLS_WIRE_13 ? crypto_str(s->secret, s->secret_n) : STR_NONE;
}

int tls_client13_bind(struct tls_client *c, struct buf *message)
{
    struct keysched13_suite s = schedule(c);
    struct keysched13_secret binder_key, binder;
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    size_t n = crypto_md_size(s.md), binders = n + 3; /* RFC 8446 4.2.11.2: with both lengths */
    if (message->n < binders)
        return -ERR_INVAL;
    struct str truncated = str_sub(buf_str(message), 0, message->n - binders);
    int err = keysched13_early(&s, psk(c), &c->early);
    if (!err)
        err = keysched13_named(&s, &c->early, KEYSCHED13_RES_BINDER, STR_NONE, &binder_key);
    if (!err)
        err = transcript_hash_with(&c->transcript, s.md, &truncated, 1, hash);
    if (!err)
        err = keysched13_finished(&s, &binder_key, crypto_str(hash, n), &binder);
    if (!err)
        memcpy(buf_end(message) - n, binder.b, n);
    return err;
}

int tls_client13_early(struct tls_client *c, struct str hello_message)
{
    struct keysched13_suite s = schedule(c);
    struct keysched13_secret traffic;
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    const struct suite *suite = suite_find(c->conf.session->suite);
    size_t n = crypto_md_size(s.md);
    int err = suite ? crypto_hash(c->conf.crypto, s.md, &hello_message, 1, hash) : -ERR_UNSUPPORTED;
    if (!err)
        err = keysched13_named(&s, &c->early, KEYSCHED13_C_EARLY, crypto_str(hash, n), &traffic);
    if (!err)
        err = install(c, &c->write, suite, &traffic, true);
    if (!err)
        err = seal_record(&c->write, TLSREC_DATA, TLS_WIRE_12, c->conf.early_data, &c->out);
    return err;
}

/* ---- ServerHello ---- */

int tls_client13_keys(struct tls_client *c)
{
    const struct server_extensions *e = &c->hs->ext;
    struct keysched13_suite s = schedule(c);
    unsigned char shared[KEX_SECRET_MAX];
    size_t n;
    int err = !c->suite || !e->share.n
                  ? -ERR_UNSUPPORTED
                  : kex_secret(c->conf.keys, e->group, e->share, shared, sizeof shared, &n);
    if (!err)
        err = keysched13_early(&s, e->psk ? psk(c) : STR_NONE, &c->early);
    if (!err)
        err = keysched13_handshake(&s, &c->early, crypto_str(shared, n), &c->rung);
    if (!err)
        err = named(c, KEYSCHED13_C_HANDSHAKE, &c->client_hs);
    if (!err)
        err = named(c, KEYSCHED13_S_HANDSHAKE, &c->server_hs);
    if (!err)
        err = install(c, &c->read, c->suite, &c->server_hs, false);
    c->reading = !err;
    return err;
}

enum tls_event tls_client13_hello(struct tls_client *c, const struct server_hello *h)
{
    int err = c->hs->retry ? 0 : transcript_choose(&c->transcript, TLS_WIRE_13, tls_client_md(c));
    c->hs->resumed = h->ext.psk;
    if (err)
        return tls_client_fault(c, err);
    if (c->conf.stop == TLS_STOP_HELLO)
        return TLS_EV_HELLO;
    err = tls_client13_keys(c);
    return err ? tls_client_fault(c, err) : TLS_EV_HELLO;
}

/* ---- the server's flight ---- */

static int on_extensions(struct tls_client *c, struct str body)
{
    struct server_extensions e;
    int err = encrypted_extensions_parse(&e, body);
    if (err)
        return err;
    e.block = tls_client_keep(c, e.block);
    e.alpn = tls_client_keep(c, e.alpn);
    e.groups = tls_client_keep(c, e.groups);
    e.quic_params = tls_client_keep(c, e.quic_params);
    e.share = e.cookie = e.npn_names = e.verify_data = e.scts = STR_NONE;
    c->hs->ee = e;
    c->early_accepted = e.early_data;
    return 0;
}

static int on_request(struct tls_client *c, struct str body)
{
    struct certificate_request r;
    int err = certificate_request_parse(&r, body, TLS_WIRE_13);
    if (err)
        return err;
    tls_client_asked(c, &r);
    c->request_context = tls_client_keep(c, r.context);
    return 0;
}

static int on_certificate(struct tls_client *c, struct str body)
{
    struct server_certificates list;
    int err = server_certificates_parse(&list, body, true);
    if (!err)
        tls_client_record_chain(c, &list);
    return err;
}

static int on_verify(struct tls_client *c, struct str body)
{
    struct certificate_verify v;
    int err = certificate_verify_parse(&v, body);
    if (err)
        return err;
    c->hs->sigalg = v.sigalg;
    c->hs->flight = true;
    return 0;
}

static int check_finished(struct tls_client *c, struct str body)
{
    struct keysched13_suite s = schedule(c);
    struct keysched13_secret expected;
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct str now;
    int err = transcript_now(c, hash, &now);
    if (!err)
        err = keysched13_finished(&s, &c->server_hs, now, &expected);
    if (!err)
        c->hs->finished_wrong = !str_eq(body, keysched13_str(&expected));
    return err;
}

static int derive_application(struct tls_client *c)
{
    struct keysched13_suite s = schedule(c);
    int err = keysched13_master(&s, &c->rung, &c->rung);
    if (!err)
        err = named(c, KEYSCHED13_C_TRAFFIC, &c->client_app);
    if (!err)
        err = named(c, KEYSCHED13_S_TRAFFIC, &c->server_app);
    return err;
}

static int send_finished(struct tls_client *c)
{
    struct keysched13_suite s = schedule(c);
    struct keysched13_secret mac;
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct str now;
    int err = transcript_now(c, hash, &now);
    if (!err)
        err = keysched13_finished(&s, &c->client_hs, now, &mac);
    return err ? err : tls_client_say(c, HS_FINISHED, keysched13_str(&mac));
}

/* EndOfEarlyData is the last message under the early keys (RFC 8446 4.5). */
static int end_early_data(struct tls_client *c)
{
    if (!c->early_accepted || !c->write.crypto)
        return 0;
    c->writing = true;
    return tls_client_say(c, HS_END_OF_EARLY_DATA, STR_NONE);
}

int tls_client13_answer(struct tls_client *c)
{
    int err = derive_application(c); /* up to the server's Finished: before anything of ours */
    if (!err)
        err = end_early_data(c);
    if (!err)
        err = install(c, &c->write, c->suite, &c->client_hs, true);
    c->writing = !err;
    if (!err)
        err = tls_client_certificate(c);
    if (!err)
        err = tls_client_verify(c);
    if (!err)
        err = send_finished(c);
    if (!err)
        err = named(c, KEYSCHED13_RESUMPTION, &c->resumption);
    if (!err)
        err = install(c, &c->write, c->suite, &c->client_app, true);
    if (!err)
        err = install(c, &c->read, c->suite, &c->server_app, false);
    c->finished_sent = !err;
    return err;
}

static enum tls_event on_finished(struct tls_client *c, const struct handshake_message *m)
{
    int err = check_finished(c, m->body);
    if (!err)
        err = transcript_add(&c->transcript, m->whole);
    c->hs->flight = true;
    if (!err)
        err = tls_client13_answer(c);
    if (err)
        return tls_client_fault(c, err);
    c->hs->established = !c->hs->finished_wrong;
    c->state = TLS_ST_OPEN;
    return TLS_EV_ESTABLISHED;
}

static int flight_message(struct tls_client *c, const struct handshake_message *m)
{
    switch (m->type) {
    case HS_ENCRYPTED_EXTENSIONS: return on_extensions(c, m->body);
    case HS_CERTIFICATE_REQUEST: return on_request(c, m->body);
    case HS_CERTIFICATE: return on_certificate(c, m->body);
    case HS_COMPRESSED_CERTIFICATE: c->hs->compressed_chain = true; return 0;
    case HS_CERTIFICATE_VERIFY: return on_verify(c, m->body);
    default: return -ERR_TLS_DECODE;
    }
}

/* ---- after the handshake ---- */

static enum tls_event on_ticket(struct tls_client *c, struct str body)
{
    struct new_session_ticket t;
    if (new_session_ticket_parse(&t, body, true))
        return tls_client_fault(c, -ERR_TLS_DECODE);
    if (c->hs->ntickets == HANDSHAKE_TICKETS_MAX)
        return TLS_EV_NONE;
    t.ticket = tls_client_keep(c, t.ticket);
    t.nonce = tls_client_keep(c, t.nonce);
    c->hs->tickets[c->hs->ntickets++] = t;
    return TLS_EV_TICKET;
}

/* RFC 8446 4.6.3: asked for ours, we send it, and write with new keys from then on. */
static int answer_key_update(struct tls_client *c)
{
    struct keysched13_suite s = schedule(c);
    int err = tls_client_send(c, TLSREC_HANDSHAKE, STR("\x18\0\0\1\0"));
    if (!err)
        err = keysched13_update(&s, &c->client_app, &c->client_app);
    return err ? err : install(c, &c->write, c->suite, &c->client_app, true);
}

enum { KEY_UPDATES_MAX = 32 }; /* a message of five bytes costs us a key schedule */

static enum tls_event on_key_update(struct tls_client *c, struct str body)
{
    struct keysched13_suite s = schedule(c);
    if (body.n != 1 || c->key_updates++ == KEY_UPDATES_MAX)
        return tls_client_fault(c, body.n != 1 ? -ERR_TLS_DECODE : -ERR_LIMIT);
    int err = keysched13_update(&s, &c->server_app, &c->server_app);
    if (!err)
        err = install(c, &c->read, c->suite, &c->server_app, false);
    if (!err && body.p[0] == 1)
        err = answer_key_update(c);
    return err ? tls_client_fault(c, err) : TLS_EV_NONE;
}

static enum tls_event open_message(struct tls_client *c, const struct handshake_message *m)
{
    return m->type == HS_NEW_SESSION_TICKET ? on_ticket(c, m->body)
           : m->type == HS_KEY_UPDATE ? on_key_update(c, m->body) : TLS_EV_NONE;
}

enum tls_event tls_client13_message(struct tls_client *c, const struct handshake_message *m)
{
    if (c->state == TLS_ST_OPEN)
        return open_message(c, m);
    if (m->type == HS_FINISHED)
        return on_finished(c, m);
    int err = tls_client_twice(c, m->type) ? -ERR_TLS_DECODE : flight_message(c, m);
    if (!err)
        err = transcript_add(&c->transcript, m->whole);
    if (err)
        return tls_client_fault(c, err);
    /* With a PSK no certificate follows: EncryptedExtensions was all that there is to see. */
    if (m->type != HS_CERTIFICATE_VERIFY && !(m->type == HS_ENCRYPTED_EXTENSIONS && c->hs->resumed))
        return TLS_EV_NONE;
    c->hs->flight = true;
    c->stopped = c->conf.stop == TLS_STOP_FLIGHT;
    return TLS_EV_FLIGHT;
}

/* ---- what can be resumed ---- */

static int ticket_session(const struct tls_client *c, size_t i, struct arena *arena,
                          struct tls_session *s)
{
    struct keysched13_suite schedule_ = schedule(c);
    struct keysched13_secret secret;
    if (i >= c->hs->ntickets)
        return -ERR_NOT_FOUND;
    const struct new_session_ticket *t = &c->hs->tickets[i];
    int err = keysched13_psk(&schedule_, &c->resumption, t->nonce, &secret);
    if (err)
        return err;
    memcpy(s->secret, secret.b, secret.n);
    s->secret_n = secret.n;
    s->ticket = arena_str(arena, t->ticket);
    s->age_add = t->age_add;
    s->lifetime = t->lifetime;
    s->max_early_data = t->max_early_data;
    return s->ticket.n ? 0 : -ERR_NOMEM;
}

static int old_session(const struct tls_client *c, struct arena *arena, struct tls_session *s)
{
    const struct handshake *hs = c->hs;
    memcpy(s->secret, c->master, sizeof c->master);
    s->secret_n = sizeof c->master;
    s->session_id = arena_str(arena, hs->session_id);
    s->ems = hs->ext.ems;
    if (hs->ntickets) {
        s->ticket = arena_str(arena, hs->tickets[0].ticket);
        s->lifetime = hs->tickets[0].lifetime;
    }
    return s->ticket.n || s->session_id.n ? 0 : -ERR_NOT_FOUND;
}

int tls_client_session(const struct tls_client *c, size_t i, struct arena *arena,
                       struct tls_session *ret)
{
    struct tls_session s = {.version = c->hs->version, .suite = c->hs->suite,
                            .received = c->conf.now};
    if (!c->hs->established)
        return -ERR_NOT_FOUND;
    int err = s.version >= TLS_WIRE_13 ? ticket_session(c, i, arena, &s) : old_session(c, arena, &s);
    if (!err)
        *ret = s;
    return err;
}
