/* A QUIC client's handshake with a server whose packets are changed before they are sealed, so that
 * every frame and every TLS message is reached. Input: a byte of settings, then operations:
 *   number of the server's packet (255: an unprotected datagram, now), kind, length or value,
 *   offset of 2 bytes, then the bytes, where the kind takes some. */
#include "audit/quic_client.h"
#include "quic_server.h"

#include "wire/tlsread.h"

#include <assert.h>
#include <openssl/evp.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MS UINT64_C(1000000)

enum op_kind { OP_XOR, OP_CUT, OP_FRONT, OP_BACK, OP_REPLACE, OP_SETTLED };

struct script {
    struct str ops;
    unsigned packet;
};

static struct crypto *crypto;
static struct kex_keys *client_kex, *server_kex;
static EVP_PKEY *key;
static struct buf cert;

static void prepare(void)
{
    if (crypto)
        return;
    crypto = crypto_new();
    client_kex = kex_keys_new(crypto);
    server_kex = kex_keys_new(crypto);
    buf_init(&cert, 4096);
    quic_server_identity(&key, &cert);
}

static void apply(enum op_kind kind, uint8_t value, size_t offset, struct str bytes,
                  struct buf *frames)
{
    struct buf old;
    size_t at = frames->n ? offset % frames->n : 0;
    if (kind == OP_XOR && frames->n)
        frames->mem[frames->off + at] ^= (char)value;
    if (kind == OP_CUT)
        frames->n = at;
    if (kind == OP_BACK)
        buf_add(frames, bytes);
    if (kind != OP_FRONT && kind != OP_REPLACE)
        return;
    buf_init(&old, 1 << 17);
    buf_add(&old, buf_str(frames));
    buf_clear(frames);
    buf_add(frames, bytes);
    if (kind == OP_FRONT)
        buf_add(frames, buf_str(&old));
    buf_done(&old);
}

/* The operations for one of the server's packets, in their order. */
static void mutate(void *user, enum quic_level level, struct buf *frames)
{
    struct script *s = user;
    struct tlsread r = tlsread_of(s->ops);
    while (r.in.n && !r.bad) {
        unsigned packet = tlsread_number(&r, 1), kind = tlsread_number(&r, 1) % OP_SETTLED;
        uint8_t value = (uint8_t)tlsread_number(&r, 1);
        size_t offset = tlsread_number(&r, 2);
        struct str bytes = kind >= OP_FRONT ? tlsread_fixed(&r, value) : STR_NONE;
        if (!r.bad && packet == s->packet && frames->n + bytes.n < 1400)
            apply(kind, value, offset, bytes, frames);
    }
    s->packet++;
}

static void strangers(struct script *s, struct quic_client *c, uint64_t now)
{
    struct tlsread r = tlsread_of(s->ops);
    while (r.in.n && !r.bad) {
        unsigned packet = tlsread_number(&r, 1), kind = tlsread_number(&r, 1) % OP_SETTLED;
        uint8_t value = (uint8_t)tlsread_number(&r, 1);
        tlsread_number(&r, 2);
        struct str bytes = kind >= OP_FRONT ? tlsread_fixed(&r, value) : STR_NONE;
        if (!r.bad && packet == 255)
            quic_client_feed(c, bytes, now);
    }
}

static void check(const struct quic_handshake *f)
{
    assert(f->outcome != QUIC_PENDING && f->outcome != QUIC_BROKEN);
    assert(f->outcome != QUIC_FAULT || f->fault);
    assert(f->outcome != QUIC_COMPLETE || (f->server_finished && f->signature == VERIFY13_VALID));
    assert(f->datagrams_out < 200 && f->nchain <= CHAIN_MAX);
    for (size_t i = 0; i < f->nchain; i++)
        assert(f->chain[i].n <= f->chain_bytes);
}

/* Until both are quiet, then a step of time. */
static void exchange(struct quic_client *c, struct quic_server *s, struct script *script,
                     uint64_t now)
{
    static unsigned char out[1500];
    size_t n;
    bool moved = true;
    for (int i = 0; moved && i < 50; i++) {
        moved = false;
        while ((n = quic_client_drain(c, out, now)) > 0) {
            quic_server_feed(s, crypto_str(out, n));
            moved = true;
        }
        strangers(script, c, now);
        for (int k = 0; k < 20 && (n = quic_server_drain(s, out)) > 0; k++) {
            quic_client_feed(c, crypto_str(out, n), now);
            moved = true;
        }
    }
}

static void run(const struct quic_client_conf *cc, struct quic_server_conf *sc,
                struct script *script)
{
    struct arena arena;
    struct quic_client *c;
    struct quic_server s;
    uint64_t now = MS;
    arena_init(&arena, 16384, 4 << 20);
    int err = quic_client_new(&c, cc, &arena, now);
    assert(err == 0);
    (void)err;
    sc->mutate = mutate;
    sc->user = script;
    quic_server_init(&s, sc);
    for (int i = 0; i < 200 && !quic_client_ended(c); i++) {
        exchange(c, &s, script, now);
        uint64_t deadline = quic_client_deadline(c);
        if (quic_client_ended(c))
            break;
        now = deadline > now && deadline != UINT64_MAX ? deadline : now + 1;
        quic_client_expire(c, now);
        quic_server_expire(&s);
    }
    assert(quic_client_ended(c));
    check(quic_client_result(c));
    quic_client_free(c);
    quic_server_done(&s);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0x1304}, groups[] = {29, 23};
    static const uint16_t sigalgs[] = {0x0403};
    unsigned settings = size ? data[0] : 0;
    uint32_t version = settings & 1 ? QUIC_V2 : QUIC_V1;
    struct script script = {.ops = str_from(str_of((const char *)data, size), 1)};
    prepare();
    struct quic_client_conf cc = {
        .tls = {.crypto = crypto,
                .kex = client_kex,
                .sni = STR("quic.test"),
                .alpn = STR("\2h3"),
                .suites = {suites, 4},
                .groups = {groups, 2},
                .sigalgs = {sigalgs, 1},
                .share_group = 29},
        .version = settings & 128 ? QUIC_RESERVED : version,
        .dcid = STR("12345678"),
        .scid = STR("me"),
        .timeout = 5000 * MS,
        .linger = 100 * MS,
        .mute = settings & 64,
    };
    struct quic_server_conf sc = {
        .crypto = crypto,
        .kex = server_kex,
        .key = key,
        .cert = buf_str(&cert),
        .version = version,
        .suite = (uint16_t)(0x1301 + (settings >> 1 & 3)),
        .group = settings & 8 ? 23 : 29,
        .alpn = STR("h3"),
        .retry = settings & 16,
        .request = settings & 32,
        .ocsp = STR("staple"),
        .scts = STR("\0\2ab"),
        .extra_certs = settings >> 1 & 1,
        .chain_pad = 2000,
    };
    run(&cc, &sc, &script);
    return 0;
}
