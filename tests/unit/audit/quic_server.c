/* A QUIC server for tests; see quic_server.h. Its own failures abort: it is a test's part. */
#include "quic_server.h"

#include "wire/hello.h"
#include "wire/quicframe.h"
#include "wire/quicparam.h"
#include "wire/tlsrec.h"
#include "wire/tlswrite.h"

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

enum { DATAGRAM = 1252, NUMBER_N = 4, OUT_MAX = 1 << 19 };

#define SERVER_ID   STR("server01")
#define RETRY_ID    STR("retry--id")
#define RETRY_TOKEN STR("a token of this server")
#define RESET_TOKEN STR("stateless-reset!")

static void must(bool ok)
{
    if (!ok)
        abort();
}

static struct str keep(char *mem, struct str s)
{
    must(s.n <= 20);
    if (s.n)
        memcpy(mem, s.p, s.n);
    return str_of(mem, s.n);
}

void quic_server_init(struct quic_server *s, const struct quic_server_conf *conf)
{
    memset(s, 0, sizeof *s);
    s->conf = conf;
    transcript_init(&s->transcript, conf->crypto, 1 << 20);
    buf_init(&s->direct, 2000);
    for (int i = 0; i < QUIC_LEVELS; i++) {
        quic_outbox_init(&s->spaces[i].out);
        s->spaces[i].out.data.max = OUT_MAX;
        buf_init(&s->spaces[i].extra, 65536);
    }
}

void quic_server_done(struct quic_server *s)
{
    for (int i = 0; i < QUIC_LEVELS; i++) {
        quic_keys_done(&s->spaces[i].send);
        quic_keys_done(&s->spaces[i].receive);
        quic_inbox_done(&s->spaces[i].in);
        quic_outbox_done(&s->spaces[i].out);
        buf_done(&s->spaces[i].extra);
    }
    transcript_done(&s->transcript);
    buf_done(&s->direct);
}

/* ---- handshake messages ---- */

static void add_message(struct quic_server *s, enum quic_level level, uint8_t type, struct str body)
{
    struct buf *out = &s->spaces[level].out.data;
    size_t at = out->n;
    tlswrite_number(out, 1, type);
    tlswrite_vector(out, 3, body);
    must(buf_ok(out));
    if (level != QUIC_LEVEL_APP)
        must(transcript_add(&s->transcript, str_from(buf_str(out), at)) == 0);
}

static struct str hash_now(struct quic_server *s, unsigned char mem[TRANSCRIPT_HASH_MAX])
{
    size_t n;
    must(transcript_hash(&s->transcript, mem, &n) == 0);
    return crypto_str(mem, n);
}

static void put_extension(struct buf *b, uint16_t type, struct str body)
{
    tlswrite_number(b, 2, type);
    tlswrite_vector(b, 2, body);
}

static void server_hello(struct quic_server *s, bool retry, struct str share)
{
    static const char retry_random[] =
        "\xCF\x21\xAD\x74\xE5\x9A\x61\x11\xBE\x1D\x8C\x02\x1E\x65\xB8\x91"
        "\xC2\xA2\x11\x16\x7A\xBB\x8C\x5E\x07\x9E\x09\xE2\xC8\xA8\x33\x9C";
    const struct quic_server_conf *c = s->conf;
    struct buf b;
    buf_init(&b, 4096);
    tlswrite_number(&b, 2, 0x0303);
    buf_add(&b, retry ? str_of(retry_random, 32) : STR("0123456789abcdef0123456789abcdef"));
    tlswrite_number(&b, 1, 0);
    tlswrite_number(&b, 2, c->fault == SERVER_OTHER_SUITE ? 0x1304 : c->suite);
    tlswrite_number(&b, 1, 0);
    size_t all = tlswrite_begin(&b, 2);
    if (c->fault != SERVER_TLS12)
        put_extension(&b, 43, STR("\3\4"));
    tlswrite_number(&b, 2, 51);
    size_t at = tlswrite_begin(&b, 2);
    tlswrite_number(&b, 2, c->fault == SERVER_OTHER_GROUP ? 30 : c->group);
    if (!retry)
        tlswrite_vector(&b, 2, share);
    tlswrite_end(&b, 2, at);
    if (retry)
        put_extension(&b, 44, STR("\0\6cookie"));
    tlswrite_end(&b, 2, all);
    add_message(s, QUIC_LEVEL_INITIAL, HS_SERVER_HELLO, buf_str(&b));
    buf_done(&b);
}

static void put_params(struct quic_server *s, struct buf *out)
{
    enum quic_server_fault fault = s->conf->fault;
    uint32_t v = fault == SERVER_WRONG_VERSION ? 0x0a0a0a0a : s->conf->version;
    struct quicparams p = {
        .original_dcid = fault == SERVER_WRONG_ODCID ? STR("12345678") : s->odcid,
        .initial_scid = fault == SERVER_WRONG_SCID ? STR("server02") : SERVER_ID,
        .retry_scid = RETRY_ID,
        .reset_token = RESET_TOKEN,
        .version = v,
        .versions = STR("\0\0\0\1\x6b\x33\x43\xcf"),
        .seen = 1u << 0 | 1u << 2 | 1u << 15 | 1u << 17 | (s->conf->retry ? 1u << 16 : 0),
    };
    quicparams_set(&p, QUICPARAM_IDLE_TIMEOUT, 10000);
    quicparams_set(&p, QUICPARAM_MAX_UDP_PAYLOAD, fault == SERVER_BAD_PARAM ? 1000 : 1452);
    quicparams_set(&p, QUICPARAM_MAX_STREAMS_BIDI, 100);
    quicparams_emit(out, &p);
}

static void encrypted_extensions(struct quic_server *s)
{
    enum quic_server_fault fault = s->conf->fault;
    struct buf b, params, alpn;
    buf_init(&b, 4096);
    buf_init(&params, 1024);
    buf_init(&alpn, 1024);
    size_t all = tlswrite_begin(&b, 2), at = tlswrite_begin(&alpn, 2);
    tlswrite_vector(&alpn, 1, fault == SERVER_OTHER_ALPN ? STR("h4") : s->conf->alpn);
    tlswrite_end(&alpn, 2, at);
    if (fault != SERVER_NO_ALPN)
        put_extension(&b, 16, buf_str(&alpn));
    put_params(s, &params);
    if (fault != SERVER_NO_PARAMS)
        put_extension(&b, 0x39, buf_str(&params));
    if (fault == SERVER_EARLY_DATA)
        put_extension(&b, 42, STR_NONE);
    tlswrite_end(&b, 2, all);
    add_message(s, QUIC_LEVEL_HANDSHAKE, HS_ENCRYPTED_EXTENSIONS, buf_str(&b));
    buf_done(&b);
    buf_done(&params);
    buf_done(&alpn);
}

static void put_leaf_extensions(struct quic_server *s, struct buf *b)
{
    size_t at = tlswrite_begin(b, 2);
    if (s->conf->ocsp.n) {
        tlswrite_number(b, 2, 5);
        tlswrite_number(b, 2, (uint32_t)s->conf->ocsp.n + 4);
        tlswrite_number(b, 1, 1);
        tlswrite_vector(b, 3, s->conf->ocsp);
    }
    if (s->conf->scts.n)
        put_extension(b, 18, s->conf->scts);
    tlswrite_end(b, 2, at);
}

static void certificate(struct quic_server *s)
{
    struct buf b;
    buf_init(&b, 1 << 19);
    tlswrite_number(&b, 1, 0);
    size_t all = tlswrite_begin(&b, 3);
    if (s->conf->fault != SERVER_EMPTY_CHAIN) {
        tlswrite_vector(&b, 3, s->conf->cert);
        put_leaf_extensions(s, &b);
    }
    for (size_t i = 0; i < s->conf->extra_certs; i++) {
        size_t at = tlswrite_begin(&b, 3);
        for (size_t n = 0; n < s->conf->chain_pad; n++)
            buf_addc(&b, (char)('a' + i));
        tlswrite_end(&b, 3, at);
        tlswrite_number(&b, 2, 0);
    }
    tlswrite_end(&b, 3, all);
    must(buf_ok(&b));
    add_message(s, QUIC_LEVEL_HANDSHAKE, HS_CERTIFICATE, buf_str(&b));
    buf_done(&b);
}

static void certificate_verify(struct quic_server *s)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX], content[VERIFY13_CONTENT_MAX], signature[128];
    size_t n = verify13_content(hash_now(s, hash), content), signature_n = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    struct buf b;
    if (s->conf->fault == SERVER_BAD_SIGNATURE)
        content[0]++;
    must(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, s->conf->key, NULL) > 0);
    must(EVP_DigestSign(ctx, signature, &signature_n, content, n) > 0);
    EVP_MD_CTX_free(ctx);
    buf_init(&b, 256);
    tlswrite_number(&b, 2, 0x0403);
    tlswrite_vector(&b, 2, crypto_str(signature, signature_n));
    add_message(s, QUIC_LEVEL_HANDSHAKE, HS_CERTIFICATE_VERIFY, buf_str(&b));
    buf_done(&b);
}

static void finished(struct quic_server *s)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct keysched13_secret v;
    must(keysched13_finished(&s->suite, &s->secrets[QUIC_LEVEL_HANDSHAKE][1], hash_now(s, hash),
                             &v) == 0);
    if (s->conf->fault == SERVER_BAD_FINISHED)
        v.b[0] ^= 1;
    add_message(s, QUIC_LEVEL_HANDSHAKE, HS_FINISHED, keysched13_str(&v));
}

static void install(struct quic_server *s, enum quic_level level)
{
    for (int server = 0; server < 2; server++)
        must(quic_keys_init(server ? &s->spaces[level].send : &s->spaces[level].receive,
                            s->conf->crypto, s->conf->version, s->conf->suite,
                            &s->secrets[level][server], server) == 0);
}

static void derive(struct quic_server *s, enum quic_level level, enum keysched13_label client,
                   enum keysched13_label server)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct str h = hash_now(s, hash);
    must(keysched13_named(&s->suite, &s->rung, client, h, &s->secrets[level][0]) == 0);
    must(keysched13_named(&s->suite, &s->rung, server, h, &s->secrets[level][1]) == 0);
    install(s, level);
}

static void flight(struct quic_server *s, struct str client_share)
{
    static const char zeros[32];
    unsigned char secret[KEX_SECRET_MAX];
    size_t n;
    struct str share;
    struct keysched13_secret early;
    must(kex_share(s->conf->kex, s->conf->group, &share) == 0);
    if (kex_secret(s->conf->kex, s->conf->group, client_share, secret, sizeof secret, &n))
        return;
    server_hello(s, false, s->conf->fault == SERVER_BAD_SHARE ? str_of(zeros, 32) : share);
    must(keysched13_early(&s->suite, STR_NONE, &early) == 0);
    must(keysched13_handshake(&s->suite, &early, crypto_str(secret, n), &s->rung) == 0);
    derive(s, QUIC_LEVEL_HANDSHAKE, KEYSCHED13_C_HANDSHAKE, KEYSCHED13_S_HANDSHAKE);
    encrypted_extensions(s);
    if (s->conf->request)
        add_message(s, QUIC_LEVEL_HANDSHAKE, HS_CERTIFICATE_REQUEST,
                    STR("\0\0\x08\0\x0d\0\4\0\2\4\3"));
    if (s->conf->fault != SERVER_OUT_OF_ORDER)
        certificate(s);
    certificate_verify(s);
    finished(s);
    must(keysched13_master(&s->suite, &s->rung, &s->rung) == 0);
    derive(s, QUIC_LEVEL_APP, KEYSCHED13_C_TRAFFIC, KEYSCHED13_S_TRAFFIC);
}

/* The client's share of our group; p NULL: none. */
static struct str find_share(const struct hello *h, uint16_t group)
{
    struct str rest = h->extensions, body;
    uint16_t type;
    while (hello_extension_next(&rest, &type, &body)) {
        struct tlsread r = tlsread_of(body);
        struct tlsread list = tlsread_of(type == 51 ? tlsread_vector(&r, 2) : STR_NONE);
        while (list.in.n && !list.bad) {
            uint16_t g = (uint16_t)tlsread_number(&list, 2);
            struct str share = tlsread_vector(&list, 2);
            if (g == group && !list.bad)
                return share;
        }
    }
    return STR_NONE;
}

static bool has_cookie(const struct hello *h)
{
    struct str rest = h->extensions, body;
    uint16_t type;
    while (hello_extension_next(&rest, &type, &body))
        if (type == 44)
            return str_eq(body, STR("\0\6cookie"));
    return false;
}

static void close_with(struct quic_server *s, enum quic_level level, uint64_t code, struct str why)
{
    struct quicframe f = {
        .type = QUICFRAME_CLOSE, .value = code, .prior = QUICFRAME_CRYPTO, .data = why};
    quicframe_emit(&s->spaces[level].extra, &f);
    s->closed = true;
}

static void on_client_hello(struct quic_server *s, struct str message)
{
    static struct hello_storage storage;
    struct hello h;
    struct buf record;
    enum crypto_md md;
    buf_init(&record, 65536);
    tlsrec_emit(&record, TLSREC_HANDSHAKE, 0x0301, message, 0);
    if (s->conf->alert) {
        close_with(s, QUIC_LEVEL_INITIAL, QUIC_CRYPTO_ERROR + s->conf->alert, STR("not today"));
    } else if (hello_parse(&h, &storage, buf_str(&record)) == 0) {
        struct str share = find_share(&h, s->conf->group);
        must(s->conf->mutate || has_cookie(&h) == s->retried); /* as it was sent */
        must(transcript_add(&s->transcript, message) == 0);
        if (s->suite.crypto == NULL) {
            must(quic_keys_md(s->conf->suite, &md) == 0);
            s->suite = (struct keysched13_suite){s->conf->crypto, md};
            must(transcript_choose(&s->transcript, 0x0304, md) == 0);
        }
        if (share.p && s->conf->fault != SERVER_TWO_RETRIES) {
            s->helloed = true;
            flight(s, share);
        } else {
            if (!s->retried)
                must(transcript_retry(&s->transcript) == 0);
            s->retried = true;
            server_hello(s, true, STR_NONE);
        }
    }
    buf_done(&record);
}

static void after_finished(struct quic_server *s)
{
    struct buf *b = &s->spaces[QUIC_LEVEL_APP].extra;
    struct quicframe done = {.type = QUICFRAME_HANDSHAKE_DONE};
    struct quicframe token = {.type = QUICFRAME_NEW_TOKEN, .data = STR("later")};
    struct quicframe id = {.type = QUICFRAME_NEW_CONNECTION_ID,
                           .value = 1,
                           .data = STR("other-id"),
                           .reset = STR("stateless-resets")};
    struct quicframe path = {.type = QUICFRAME_PATH_CHALLENGE, .data = STR("12345678")};
    struct quicframe stream = {.type = 0x0a, .stream = 3, .data = STR("\0\4\0")};
    struct str early =
        s->conf->fault == SERVER_LIMITED_TICKET ? STR("\0\0\0\x64") : STR("\xff\xff\xff\xff");
    struct buf ticket;
    buf_init(&ticket, 256);
    buf_add(&ticket, STR("\0\0\x1c\x20"
                         "\1\2\3\4"
                         "\1\0"
                         "\0\6ticket"
                         "\0\x08\0\x2a\0\4"));
    buf_add(&ticket, early);
    s->confirmed = true;
    if (s->conf->fault != SERVER_RESET) {
        quicframe_emit(b, &done);
        quicframe_emit(b, &token);
        quicframe_emit(b, &id);
        quicframe_emit(b, &path);
        quicframe_emit(b, &stream);
        add_message(s, QUIC_LEVEL_APP, HS_NEW_SESSION_TICKET, buf_str(&ticket));
    }
    buf_done(&ticket);
}

static void on_client_message(struct quic_server *s, const struct handshake_message *m)
{
    unsigned char hash[TRANSCRIPT_HASH_MAX];
    struct keysched13_secret want;
    struct str h = hash_now(s, hash);
    if (m->type == HS_FINISHED) {
        must(keysched13_finished(&s->suite, &s->secrets[QUIC_LEVEL_HANDSHAKE][0], h, &want) == 0);
        s->finished_right = str_eq(m->body, keysched13_str(&want));
        if (s->finished_right)
            after_finished(s);
    }
    must(transcript_add(&s->transcript, m->whole) == 0);
}

/* ---- packets ---- */

static void read_messages(struct quic_server *s, enum quic_level level)
{
    struct handshake_message m;
    struct quic_inbox *in = &s->spaces[level].in;
    while (handshake_parse(&m, quic_inbox_str(in)) == 0) {
        if (level == QUIC_LEVEL_INITIAL && m.type == HS_CLIENT_HELLO && !s->helloed && !s->closed)
            on_client_hello(s, m.whole);
        if (level == QUIC_LEVEL_HANDSHAKE)
            on_client_message(s, &m);
        quic_inbox_take(in, m.whole.n);
    }
}

static void on_frames(struct quic_server *s, enum quic_level level, struct str rest)
{
    struct quicframe f;
    struct quic_server_space *sp = &s->spaces[level];
    while (rest.n && quicframe_parse(&f, &rest) == 0) {
        must(quicframe_allowed(f.type, level == QUIC_LEVEL_INITIAL     ? QUICPKT_INITIAL
                                       : level == QUIC_LEVEL_HANDSHAKE ? QUICPKT_HANDSHAKE
                                                                       : QUICPKT_SHORT));
        sp->ack_due |= quicframe_wants_ack(f.type);
        if (f.type == QUICFRAME_CRYPTO)
            must(quic_inbox_add(&sp->in, f.offset, f.data) == 0);
        if (f.type == QUICFRAME_CLOSE || f.type == QUICFRAME_CLOSE_APP)
            s->closed = true;
    }
    must(rest.n == 0);
}

static void on_protected(struct quic_server *s, enum quic_level level, const struct quicpkt *p)
{
    static unsigned char plain[65536];
    struct quic_server_space *sp = &s->spaces[level];
    uint64_t number;
    struct str payload;
    unsigned reserved;
    if (!quic_keys_are(&sp->receive) ||
        quic_keys_open(&sp->receive, p, sp->next_seen, plain, &number, &payload, &reserved))
        return;
    must(reserved == 0 && payload.n > 0);
    if (quic_ranges_has(&sp->seen, number))
        return;
    (void)quic_ranges_add(&sp->seen, number, number + 1);
    if (number >= sp->next_seen)
        sp->next_seen = number + 1;
    if (level == QUIC_LEVEL_HANDSHAKE)
        s->validated = true;
    on_frames(s, level, payload);
    read_messages(s, level);
}

static void send_negotiation(struct quic_server *s, const struct quicpkt *p)
{
    struct quicpkt_head h = {.kind = QUICPKT_NEGOTIATION, .dcid = p->scid, .scid = p->dcid};
    buf_clear(&s->direct);
    quicpkt_emit(&s->direct, &h, 0);
    buf_add(&s->direct, STR("\x0a\x0a\x0a\x0a\x6b\x33\x43\xcf\0\0\0\1"));
}

static void send_retry(struct quic_server *s, const struct quicpkt *p)
{
    struct quicpkt_head h = {.kind = QUICPKT_RETRY,
                             .version = s->conf->version,
                             .dcid = p->scid,
                             .scid = RETRY_ID,
                             .token = RETRY_TOKEN};
    unsigned char tag[QUICPKT_TAG];
    buf_clear(&s->direct);
    quicpkt_emit(&s->direct, &h, 0);
    must(quic_keys_retry_tag(s->conf->crypto, s->conf->version, p->dcid, buf_str(&s->direct),
                             tag) == 0);
    if (s->conf->fault == SERVER_BAD_RETRY)
        tag[3] ^= 4;
    buf_add(&s->direct, crypto_str(tag, sizeof tag));
    s->odcid = keep(s->odcid_mem, p->dcid);
}

/* The first Initial decides about keys. */
static bool begin(struct quic_server *s, const struct quicpkt *p, size_t datagram)
{
    struct quic_server_space *sp = &s->spaces[QUIC_LEVEL_INITIAL];
    if (datagram < QUICPKT_DATAGRAM_MIN) {
        s->small++;
        if (!s->conf->any_size)
            return false;
    }
    if (s->begun)
        return true;
    if (s->conf->retry && !str_eq(p->token, RETRY_TOKEN)) {
        send_retry(s, p);
        return false;
    }
    if (!s->conf->retry)
        s->odcid = keep(s->odcid_mem, p->dcid);
    s->validated = s->conf->retry;
    s->peer = keep(s->peer_mem, p->scid);
    s->begun = true;
    must(quic_keys_initial(&sp->send, &sp->receive, s->conf->crypto, s->conf->version,
                           keep(s->keyed_mem, p->dcid), true) == 0);
    return true;
}

void quic_server_feed(struct quic_server *s, struct str datagram)
{
    struct quicpkt p;
    size_t whole = datagram.n;
    s->bytes_in += datagram.n;
    while (datagram.n && quicpkt_parse(&p, datagram, SERVER_ID.n) == 0) {
        if (p.kind == QUICPKT_OTHER || (p.kind != QUICPKT_SHORT && p.version != s->conf->version)) {
            send_negotiation(s, &p);
            return;
        }
        if (p.kind == QUICPKT_INITIAL && begin(s, &p, whole))
            on_protected(s, QUIC_LEVEL_INITIAL, &p);
        if (p.kind == QUICPKT_HANDSHAKE)
            on_protected(s, QUIC_LEVEL_HANDSHAKE, &p);
        if (p.kind == QUICPKT_SHORT)
            on_protected(s, QUIC_LEVEL_APP, &p);
        datagram = str_from(datagram, p.whole.n);
    }
}

/* ---- sending ---- */

static void put_ack(struct quic_server *s, struct quic_server_space *sp, struct buf *out)
{
    if (!sp->ack_due || sp->seen.n == 0)
        return;
    struct quic_range top = sp->seen.v[sp->seen.n - 1];
    struct quicframe f = {
        .type = QUICFRAME_ACK, .value = top.to - 1, .first = top.to - top.from - 1};
    if (s->conf->fault == SERVER_UNSENT_ACK)
        f.value += 1000;
    quicframe_emit(out, &f);
    sp->ack_due = false;
}

/* Frames that break a rule, in the Handshake level's first packet. */
static void put_fault(struct quic_server *s, struct buf *out)
{
    struct quicframe crypto = {.type = QUICFRAME_CRYPTO, .offset = 300000, .data = STR("x")};
    struct quicframe stream = {.type = 0x0a, .data = STR("x")};
    if (s->conf->fault == SERVER_BAD_FRAME)
        buf_add(out, STR("\x1f"));
    if (s->conf->fault == SERVER_FORBIDDEN_FRAME)
        quicframe_emit(out, &stream);
    if (s->conf->fault == SERVER_FAR_CRYPTO)
        quicframe_emit(out, &crypto);
    if (s->conf->fault == SERVER_HUGE_MESSAGE) {
        crypto.offset = 0;
        crypto.data = STR("\x08\xff\xff\xff");
        quicframe_emit(out, &crypto);
    }
    for (uint64_t at = 1; s->conf->fault == SERVER_HOLES && at < 200; at += 2) {
        crypto.offset = 100 + at;
        quicframe_emit(out, &crypto);
    }
}

static void fill(struct quic_server *s, enum quic_level level, size_t room, struct buf *out)
{
    struct quic_server_space *sp = &s->spaces[level];
    struct quicframe f = {.type = QUICFRAME_CRYPTO};
    if (s->conf->fault == SERVER_EMPTY_PACKET && level == QUIC_LEVEL_HANDSHAKE)
        return;
    put_ack(s, sp, out);
    if (level == QUIC_LEVEL_HANDSHAKE && sp->next == 0)
        put_fault(s, out);
    if (s->conf->fault == SERVER_HUGE_MESSAGE && level == QUIC_LEVEL_HANDSHAKE && sp->next == 0)
        return;
    if (sp->extra.n && sp->extra.n + out->n <= room) {
        buf_add(out, buf_str(&sp->extra));
        buf_clear(&sp->extra);
    }
    size_t left = room > out->n + 9 ? room - out->n - 9 : 0;
    if (quic_outbox_next(&sp->out, left, &f.offset, &f.data))
        quicframe_emit(out, &f);
}

static bool due(const struct quic_server *s, enum quic_level level)
{
    const struct quic_server_space *sp = &s->spaces[level];
    return quic_keys_are(&sp->send) &&
           (sp->ack_due || sp->extra.n || quic_outbox_pending(&sp->out)) &&
           (level != QUIC_LEVEL_APP || s->confirmed);
}

static size_t packet(struct quic_server *s, enum quic_level level, unsigned char *to, size_t room)
{
    struct quic_server_space *sp = &s->spaces[level];
    struct quicpkt_head h = {
        .kind = level == QUIC_LEVEL_INITIAL     ? QUICPKT_INITIAL
                : level == QUIC_LEVEL_HANDSHAKE ? QUICPKT_HANDSHAKE
                                                : QUICPKT_SHORT,
        .version = s->conf->version,
        .dcid = s->peer,
        .scid = SERVER_ID,
        .number = sp->next,
        .number_n = NUMBER_N,
    };
    struct buf body, head;
    size_t head_n = quicpkt_head_size(&h);
    if (room < head_n + QUICPKT_TAG + 64)
        return 0;
    buf_init(&body, 1500);
    buf_init(&head, 200);
    fill(s, level, room - head_n - QUICPKT_TAG, &body);
    if (s->conf->mutate)
        s->conf->mutate(s->conf->user, level, &body);
    if (body.n + head_n + QUICPKT_TAG > room)
        body.n = room - head_n - QUICPKT_TAG;
    quicpkt_emit(&head, &h, body.n);
    memcpy(to, buf_str(&head).p, head_n);
    if (body.n)
        memcpy(to + head_n, buf_str(&body).p, body.n);
    if (s->conf->fault == SERVER_RESERVED_BITS && level == QUIC_LEVEL_HANDSHAKE)
        to[0] |= 0x08;
    must(quic_keys_seal(&sp->send, to, head_n, NUMBER_N, body.n, sp->next++) == 0);
    size_t n = head_n + body.n + QUICPKT_TAG;
    buf_done(&body);
    buf_done(&head);
    return n;
}

static size_t direct(struct quic_server *s, unsigned char *out)
{
    size_t n = s->direct.n;
    memcpy(out, buf_str(&s->direct).p, n);
    buf_clear(&s->direct);
    return n;
}

static size_t reset(struct quic_server *s, unsigned char *out)
{
    memset(out, 0x55, 40);
    memcpy(out + 1, s->peer.p, s->peer.n);
    memcpy(out + 24, RESET_TOKEN.p, 16);
    s->reset_sent = true;
    return 40;
}

size_t quic_server_drain(struct quic_server *s, unsigned char out[1500])
{
    size_t n = 0;
    if (s->direct.n)
        return direct(s, out);
    if (s->conf->fault == SERVER_RESET && s->confirmed && !s->reset_sent)
        return reset(s, out);
    if (!s->validated && !s->conf->amplify && s->bytes_out + DATAGRAM > 3 * s->bytes_in)
        return 0;
    for (enum quic_level level = 0; level < QUIC_LEVELS; level++)
        if (due(s, level))
            n += packet(s, level, out + n, DATAGRAM - n);
    s->bytes_out += n;
    return n;
}

void quic_server_expire(struct quic_server *s)
{
    for (int i = 0; i < QUIC_LEVELS; i++)
        if (i == QUIC_LEVEL_APP || !s->confirmed)
            quic_outbox_rewind(&s->spaces[i].out);
    /* Its ticket and HANDSHAKE_DONE go out once more with the ticket's CRYPTO. */
    if (s->confirmed && s->conf->fault != SERVER_RESET && s->spaces[QUIC_LEVEL_APP].extra.n == 0)
        buf_addc(&s->spaces[QUIC_LEVEL_APP].extra, QUICFRAME_HANDSHAKE_DONE);
}

/* ---- identity ---- */

void quic_server_identity(EVP_PKEY **ret_key, struct buf *ret_cert)
{
    X509 *x = X509_new();
    unsigned char *der = NULL;
    *ret_key = EVP_EC_gen("P-256");
    must(x && *ret_key);
    X509_NAME *name = X509_get_subject_name(x);
    must(X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 443));
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"quic.test",
                                    -1, -1, 0));
    must(X509_set_issuer_name(x, name) && X509_gmtime_adj(X509_getm_notBefore(x), 0) &&
         X509_gmtime_adj(X509_getm_notAfter(x), 86400) && X509_set_pubkey(x, *ret_key));
    must(X509_sign(x, *ret_key, EVP_sha256()) > 0);
    int n = i2d_X509(x, &der);
    must(n > 0);
    buf_add(ret_cert, crypto_str(der, (size_t)n));
    must(buf_ok(ret_cert));
    OPENSSL_free(der);
    X509_free(x);
}
