/* The auditor's TLS client against a server's bytes: never a crash, never more memory than allowed,
 * and the same events whether they come in one piece or byte by byte.
 *
 * So that changed bytes reach what lies behind encryption, the input is records in clear, and this
 * harness protects them with the keys that the client expects, which it reads from the client:
 *   first byte   configuration, see conf_of
 *   then         type, length (2 bytes), payload: a record
 *                type 0xff: bytes as they are; 0xfe: the owner does something, see act
 * A Finished that does not fit is taken for good, or the client would never be established. */
#include "audit/tls_client.h"

#include "wire/tlsread.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { RAW = 0xff, ACT = 0xfe, ARENA = 4 * 1024 * 1024 };

static struct crypto *crypto; /* made once, reachable for ever */
static struct kex_keys *keys;

static const uint16_t suites[] = {0x1301, 0x1302, 0xc02f, 0xc013, 0x009e, 0x002f, 0x003c, 0x0001,
                                  0x0005, 0x000a, 0x00ff};
static const uint16_t groups[] = {29, 23};
static const uint16_t sigalgs[] = {0x0403, 0x0804};
static const uint16_t versions[] = {TLS_WIRE_13};

static const struct tls_session old_session = {
    .version = TLS_WIRE_12, .suite = 0xc02f, .secret = "secret", .secret_n = 48, .session_id = {"an id", 5}};
static const struct tls_session old_ticket = {
    .version = TLS_WIRE_12, .suite = 0xc02f, .secret = "secret", .secret_n = 48, .ticket = {"a ticket", 8}};
static const struct tls_session new_ticket = {
    .version = TLS_WIRE_13, .suite = 0x1301, .secret = "psk", .secret_n = 32, .ticket = {"a ticket", 8}};

struct run {
    struct tls_client c;
    struct arena arena;
    struct seal seal;       /* the server's, when `sealing` */
    bool sealing, bytewise;
    unsigned char key_of[64]; /* the secret that `seal` was made of */
    uint64_t events;        /* a hash of all */
    unsigned actions;
};

static struct tls_client_conf conf_of(struct run *r, uint8_t how)
{
    static const uint16_t wire[] = {TLS_WIRE_12, TLS_WIRE_10, TLS_WIRE_SSL3, TLS_WIRE_12};
    static const enum tls_stop stops[] = {TLS_STOP_NEVER, TLS_STOP_FLIGHT, TLS_STOP_HELLO, TLS_STOP_NEVER};
    bool tls13 = (how & 3) == 3;
    struct tls_client_conf conf = {.crypto = crypto, .keys = keys, .arena = &r->arena, .stop = stops[how >> 2 & 3],
                                   .follow_retry = !(how & 128), .share_group = tls13 ? 29 : 0};
    conf.hello = (struct client_hello){.version = wire[how & 3], .suites = {suites, sizeof suites / 2},
                                       .groups = {groups, 2}, .sigalgs = {sigalgs, 2}, .sni = STR("a.test"),
                                       .flags = CH_EMS | CH_ETM | CH_TICKET | CH_HEARTBEAT | CH_RENEGOTIATION};
    if (tls13)
        conf.hello.versions = (struct u16_list){versions, 1};
    if (how & 16)
        conf.session = tls13 ? &new_ticket : how & 32 ? &old_ticket : &old_session;
    if (how & 16 && how & 32 && tls13)
        conf.early_data = STR("GET / HTTP/1.0\r\n\r\n");
    return conf;
}

static void touch(struct str s)
{
    volatile char sum = 0;
    for (size_t i = 0; i < s.n; i++)
        sum = (char)(sum + s.p[i]);
}

static void look(const struct handshake *hs)
{
    const struct str all[] = {hs->session_id, hs->status, hs->scts, hs->authorities, hs->dh_p, hs->dh_g, hs->dh_ys,
                              hs->point, hs->rsa_n, hs->rsa_e, hs->ext.block, hs->ext.alpn, hs->ext.npn_names,
                              hs->ext.share, hs->ext.verify_data, hs->ext.scts, hs->ext.cookie, hs->ext.groups,
                              hs->ee.block, hs->ee.alpn, hs->ee.groups, hs->ee.quic_params, hs->ee.scts};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        touch(all[i]);
    for (size_t i = 0; i < hs->nchain; i++)
        touch(hs->chain[i]);
    for (size_t i = 0; i < hs->ntickets; i++)
        touch(hs->tickets[i].ticket);
    assert(hs->ntickets <= HANDSHAKE_TICKETS_MAX && hs->nchain <= CHAIN_MAX);
}

static void mix(struct run *r, uint64_t v)
{
    r->events = (r->events ^ v) * 0x100000001b3u;
}

static void events(struct run *r)
{
    enum tls_event e;
    struct tls_session s;
    while ((e = tls_client_next(&r->c)) != TLS_EV_NONE) {
        mix(r, (uint64_t)e);
        if (e == TLS_EV_DATA || e == TLS_EV_RECORD)
            touch(r->c.data);
        if (e == TLS_EV_ALERT)
            mix(r, r->c.alert.code);
        if (e == TLS_EV_FAULT)
            mix(r, (uint64_t)(unsigned)r->c.fault);
        if (e == TLS_EV_ESTABLISHED)
            r->c.hs->established = true;
        for (size_t i = 0; i < 2; i++)
            if (tls_client_session(&r->c, i, &r->arena, &s) == 0)
                touch(s.ticket);
        assert(e != TLS_EV_FAULT || (r->c.fault < 0 && tls_client_next(&r->c) == TLS_EV_NONE));
    }
}

static bool feed(struct run *r, struct str in)
{
    size_t step = r->bytewise ? 1 : in.n;
    for (; in.n; in = str_from(in, step)) {
        struct str part = str_sub(in, 0, step);
        char *exact = malloc(part.n);
        if (!exact)
            abort();
        memcpy(exact, part.p, part.n);
        int err = tls_client_feed(&r->c, str_of(exact, part.n));
        free(exact);
        if (err)
            return false;
        events(r);
    }
    return true;
}

/* ---- the server's side of protection ---- */

static void seal_with(struct run *r, const struct seal_params *p, const struct seal_keys *k, struct str of)
{
    if (r->sealing)
        seal_done(&r->seal);
    memset(r->key_of, 0, sizeof r->key_of);
    memcpy(r->key_of, of.p, of.n);
    r->sealing = seal_init(&r->seal, crypto, p, k, true) == 0;
}

static enum crypto_md md_of(const struct tls_client *c)
{
    return c->suite->prf == SUITE_PRF_SHA384 ? CRYPTO_SHA384 : CRYPTO_SHA256;
}

/* What the client reads with now, unless the harness has it already. */
static void seal12(struct run *r)
{
    struct tls_client *c = &r->c;
    struct keysched_suite s = {crypto, c->hs->version, md_of(c)};
    struct str master = crypto_str(c->master, sizeof c->master);
    unsigned char block[KEYSCHED_BLOCK_MAX];
    struct seal_keys k;
    const struct seal_params *p = &c->read.p;
    if (r->sealing && memcmp(r->key_of, c->master, sizeof c->master) == 0)
        return;
    if (keysched_block(&s, master, crypto_str(c->conf.hello.random, 32), crypto_str(c->hs->random, 32), block,
                       seal_key_block_size(p)) == 0 &&
        seal_keys_cut(p, crypto_str(block, seal_key_block_size(p)), true, &k) == 0)
        seal_with(r, p, &k, master);
}

static void seal13(struct run *r)
{
    struct tls_client *c = &r->c;
    struct keysched13_suite s = {crypto, md_of(c)};
    const struct keysched13_secret *traffic = c->state == TLS_ST_OPEN ? &c->server_app : &c->server_hs;
    unsigned char key[SEAL_KEY_MAX], iv[KEYSCHED13_IV];
    size_t n = seal_key_size(&c->read.p);
    if (r->sealing && memcmp(r->key_of, traffic->b, traffic->n) == 0)
        return;
    if (keysched13_keys(&s, traffic, key, n, iv))
        return;
    struct seal_keys k = {.key = crypto_str(key, n), .iv = crypto_str(iv, sizeof iv)};
    seal_with(r, &c->read.p, &k, keysched13_str(traffic));
}

static void record(struct run *r, uint8_t type, struct str payload)
{
    struct buf out;
    struct tls_client *c = &r->c;
    bool tls13 = c->hs->version >= TLS_WIRE_13;
    buf_init(&out, 200 * 1024);
    if (c->reading && c->suite && c->state != TLS_ST_DEAD)
        tls13 ? seal13(r) : seal12(r);
    int err = 0;
    if (c->reading && r->sealing && type != TLSREC_CCS)
        err = seal_record(&r->seal, type, tls13 ? TLS_WIRE_12 : c->hs->version, payload, &out);
    else
        tlsrec_emit(&out, type, TLS_WIRE_12, payload, 0);
    if (!err)
        feed(r, buf_str(&out));
    buf_done(&out);
}

static void act(struct run *r, uint8_t what)
{
    struct kex_rsa *key;
    int err = 0;
    if (++r->actions > 16)
        return;
    switch (what % 6) {
    case 0: err = tls_client_renegotiate(&r->c); break;
    case 1: err = tls_client_continue(&r->c, TLS_STOP_FLIGHT); break;
    case 2: err = tls_client_continue(&r->c, TLS_STOP_NEVER); break;
    case 3: err = tls_client_send(&r->c, TLSREC_DATA, STR("data")); break;
    case 4:
        if (r->c.stopped && r->c.hs->flight && r->c.hs->version < TLS_WIRE_13)
            err = tls_client_key_exchange(&r->c);
        break;
    default:
        err = tls_client_rsa_key(&r->c, &key);
        if (!err)
            kex_rsa_free(key);
    }
    mix(r, (uint64_t)(unsigned)err);
    events(r);
}

static uint64_t run(struct str in, bool bytewise)
{
    struct run r = {.bytewise = bytewise};
    struct tlsread t = tlsread_of(in);
    arena_init(&r.arena, 16 * 1024, ARENA);
    struct tls_client_conf conf = conf_of(&r, (uint8_t)tlsread_number(&t, 1));
    if (tls_client_init(&r.c, &conf))
        abort();
    while (!t.bad && t.in.n) {
        uint8_t type = (uint8_t)tlsread_number(&t, 1);
        size_t n = tlsread_number(&t, 2);
        struct str payload = tlsread_fixed(&t, n < t.in.n ? n : t.in.n);
        if (type == RAW)
            feed(&r, payload);
        else if (type == ACT)
            act(&r, payload.n ? (uint8_t)payload.p[0] : 0);
        else
            record(&r, type, payload);
    }
    look(r.c.hs);
    assert(r.c.out.n <= r.c.out.max && r.arena.used <= ARENA);
    uint64_t all = r.events;
    tls_client_done(&r.c);
    if (r.sealing)
        seal_done(&r.seal);
    arena_done(&r.arena);
    return all;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!crypto) {
        crypto = crypto_new();
        keys = kex_keys_new(crypto);
    }
    if (size == 0 || !keys)
        return 0;
    struct str in = str_of((const char *)data, size);
    uint64_t whole = run(in, false);
    if (size < 4096)
        assert(whole == run(in, true));
    return 0;
}
