/* QUIC over loopback UDP: the run's sockets against the server in memory, one for each address that
 * datagrams come from, with what a network or a host does to them. */
#include "audit/quic_run.h"
#include "quic_server.h"

#include "wire/quicpkt.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

enum { PEERS = 16 };

static struct crypto *crypto;
static struct kex_keys *client_kex, *server_kex;
static EVP_PKEY *key;
static struct buf cert;

struct peer {
    struct addr from;
    struct quic_server server;
    struct quic_server_conf conf;
};

/* A host with UDP: how it answers each of its visitors. */
struct host {
    struct watch watch;
    struct addr at;
    struct peer peers[PEERS];
    size_t npeers, datagrams;
    struct quic_server_conf conf;                     /* of new peers; version: set by what comes */
    size_t drop;                                      /* the first so many datagrams are lost */
    bool mute, garbage, no_v2, no_negotiation, moody; /* moody: the second one is refused */
};

static uint32_t version_of(const unsigned char *p, ssize_t n)
{
    return n > 5 && p[0] & 0x80 ? (uint32_t)p[1] << 24 | p[2] << 16 | p[3] << 8 | p[4] : 0;
}

static struct peer *peer_of(struct host *h, const struct addr *from, uint32_t version)
{
    for (size_t i = 0; i < h->npeers; i++)
        if (addr_eq(&h->peers[i].from, from))
            return &h->peers[i];
    assert_true(h->npeers < PEERS);
    struct peer *p = &h->peers[h->npeers++];
    p->from = *from;
    p->conf = h->conf;
    p->conf.version = version == QUIC_V2 && !h->no_v2 ? QUIC_V2 : QUIC_V1;
    if (h->moody && h->npeers == 2)
        p->conf.alert = 40;
    quic_server_init(&p->server, &p->conf);
    return p;
}

static void serve(struct host *h, const struct addr *from, const unsigned char *in, ssize_t n)
{
    unsigned char out[1500];
    uint32_t version = version_of(in, n);
    if (h->mute || h->datagrams++ < h->drop || (h->no_negotiation && version == QUIC_RESERVED))
        return;
    if (h->garbage) {
        sendto(h->watch.fd, "?", 1, 0, &from->sa, from->len);
        return;
    }
    struct peer *p = peer_of(h, from, version);
    quic_server_feed(&p->server, crypto_str(in, (size_t)n));
    for (size_t m; (m = quic_server_drain(&p->server, out)) > 0;)
        sendto(h->watch.fd, out, m, 0, &from->sa, from->len);
}

static void on_socket(struct watch *w, unsigned events)
{
    struct host *h = LIST_ENTRY(w, struct host, watch);
    unsigned char in[2048];
    struct addr from = {.len = sizeof from.in6};
    ssize_t n;
    while ((n = recvfrom(w->fd, in, sizeof in, MSG_DONTWAIT, &from.sa, &from.len)) >= 0)
        serve(h, &from, in, n);
}

static struct host *new_host(struct loop *loop)
{
    struct host *h = calloc(1, sizeof *h);
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    assert_true(h && fd >= 0);
    h->at.in =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    h->at.len = sizeof h->at.in;
    assert_int_equal(bind(fd, &h->at.sa, h->at.len), 0);
    assert_int_equal(getsockname(fd, &h->at.sa, &h->at.len), 0);
    h->watch.on_event = on_socket;
    assert_int_equal(loop_watch(loop, &h->watch, fd, LOOP_READ, false), 0);
    h->conf = (struct quic_server_conf){.crypto = crypto,
                                        .kex = server_kex,
                                        .key = key,
                                        .cert = buf_str(&cert),
                                        .suite = 0x1301,
                                        .group = 29,
                                        .alpn = STR("h3")};
    return h;
}

static void free_host(struct loop *loop, struct host *h)
{
    loop_close(loop, &h->watch);
    for (size_t i = 0; i < h->npeers; i++)
        quic_server_done(&h->peers[i].server);
    free(h);
}

/* ---- a run ---- */

struct world {
    struct loop *loop;
    struct host *host;
    struct quic_run_env env;
    struct quic_facts facts; /* afterwards; its slices are gone but for these: */
    char spki[32], reason[201];
    unsigned done;
    uint64_t took, rtt;
};

static void on_done(void *user)
{
    struct world *w = user;
    w->done++;
    loop_stop(w->loop);
}

static uint64_t rtt(void *user)
{
    return ((struct world *)user)->rtt;
}

static struct world *new_world(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->loop = loop_epoll_new();
    assert_non_null(w->loop);
    w->host = new_host(w->loop);
    w->rtt = MILLISECOND / 10;
    w->env = (struct quic_run_env){.loop = w->loop,
                                   .crypto = crypto,
                                   .keys = client_kex,
                                   .to = w->host->at,
                                   .sni = STR("quic.test"),
                                   .intrusive = true,
                                   .rtt = rtt,
                                   .on_done = on_done,
                                   .user = w};
    return w;
}

static const struct quic_facts *go(struct world *w)
{
    struct quic_run *r = quic_run_new(&w->env);
    uint64_t begun = loop_clock(w->loop);
    assert_non_null(r);
    assert_int_equal(w->done, 0);
    assert_int_equal(loop_run(w->loop), 0);
    w->took = loop_clock(w->loop) - begun;
    assert_int_equal(w->done, 1);
    w->facts = *quic_run_facts(r);
    if (w->facts.leaf_spki.n)
        memcpy(w->spki, w->facts.leaf_spki.p, sizeof w->spki);
    if (w->facts.close_reason.n)
        memcpy(w->reason, w->facts.close_reason.p, w->facts.close_reason.n);
    quic_run_free(r);
    return &w->facts;
}

static void free_world(struct world *w)
{
    free_host(w->loop, w->host);
    loop_free(w->loop);
    free(w);
}

/* ---- tests ---- */

static void everything(void **state)
{
    struct world *w = new_world();
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_YES);
    assert_true(f->nversions >= 1);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_int_equal(f->h3, KNOWN_YES);
    assert_int_equal(f->suite, 0x1301);
    assert_int_equal(f->group, 29);
    assert_int_equal(f->sigalg, 0x0403);
    assert_int_equal(f->leaf_spki.n, 32);
    assert_true(f->amplification_asked && !f->amplifies && !f->retry_seen && !f->refused);
    assert_true(f->datagrams >= 5 && f->bytes_sent >= 4 * 1200 && f->bytes_received > 1200);
    unsigned char hash[CRYPTO_MD_MAX], *der = NULL;
    int n = i2d_PUBKEY(key, &der);
    struct str part = crypto_str(der, (size_t)n);
    assert_int_equal(crypto_hash(crypto, CRYPTO_SHA256, &part, 1, hash), 0);
    assert_memory_equal(w->spki, hash, 32);
    OPENSSL_free(der);
    free_world(w);
}

/* The host's own word, at once. */
static void closed_port(void **state)
{
    struct world *w = new_world();
    loop_close(w->loop, &w->host->watch);
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_NO);
    assert_true(f->refused);
    assert_true(w->took < 100 * MILLISECOND);
    free_world(w);
}

/* Two datagrams of each kind, and no longer than the round trip makes sensible. */
static void silent_port(void **state)
{
    struct world *w = new_world();
    w->host->mute = true;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_NO);
    assert_false(f->refused);
    assert_int_equal(f->datagrams, 4);
    assert_true(w->took >= QUIC_RUN_SILENCE_LEAST && w->took < QUIC_RUN_SILENCE_MOST);
    free_world(w);
}

static void silent_and_far(void **state)
{
    struct world *w = new_world();
    w->host->mute = true;
    w->rtt = 0;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_NO);
    assert_true(w->took >= QUIC_RUN_SILENCE_MOST);
    free_world(w);
}

static void given_up(void **state)
{
    struct world *w = new_world();
    w->host->mute = true;
    struct quic_run *r = quic_run_new(&w->env);
    quic_run_give_up(r);
    assert_int_equal(loop_run(w->loop), 0);
    assert_int_equal(w->done, 1);
    assert_int_equal(quic_run_facts(r)->answers, KNOWN_NOT);
    quic_run_free(r);
    r = quic_run_new(&w->env);
    assert_int_equal(loop_turn(w->loop, 0), 0);
    quic_run_give_up(r);
    assert_int_equal(loop_run(w->loop), 0);
    assert_int_equal(w->done, 2);
    quic_run_free(r);
    r = quic_run_new(&w->env); /* freed in the middle: nothing is left behind */
    assert_int_equal(loop_turn(w->loop, 0), 0);
    quic_run_free(r);
    free_world(w);
}

/* What was lost goes out once more. */
static void first_lost(void **state)
{
    struct world *w = new_world();
    w->host->drop = 2;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_YES);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_int_equal(f->h3, KNOWN_YES);
    assert_true(f->nversions >= 1 && !f->amplifies);
    free_world(w);
}

static void something_else(void **state)
{
    struct world *w = new_world();
    w->host->garbage = true;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_NO);
    assert_int_equal(f->v1, KNOWN_NOT);
    free_world(w);
}

static void version_two(void **state)
{
    struct world *w = new_world();
    const struct quic_facts *f = go(w);
    bool listed = false;
    for (size_t i = 0; i < f->nversions; i++)
        listed |= f->versions[i] == QUIC_V2;
    assert_int_equal(f->v2, listed ? KNOWN_YES : KNOWN_NO);
    free_world(w);
    w = new_world();
    w->host->no_negotiation = true;
    f = go(w);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_int_equal(f->v2, KNOWN_NOT);
    assert_int_equal(f->nversions, 0);
    free_world(w);
}

static void retry(void **state)
{
    struct world *w = new_world();
    w->host->conf.retry = true;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_true(f->retry_seen && !f->amplifies);
    free_world(w);
}

static void amplification(void **state)
{
    struct world *w = new_world();
    w->host->conf.amplify = true;
    w->host->conf.extra_certs = 3;
    w->host->conf.chain_pad = 3000;
    const struct quic_facts *f = go(w);
    assert_true(f->amplification_asked && f->amplifies);
    free_world(w);
    w = new_world(); /* the same chain within the limit */
    w->host->conf.extra_certs = 3;
    w->host->conf.chain_pad = 3000;
    f = go(w);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_true(f->amplification_asked && !f->amplifies);
    free_world(w);
    w = new_world();
    w->host->conf.amplify = true;
    w->host->conf.extra_certs = 3;
    w->host->conf.chain_pad = 3000;
    w->env.intrusive = false;
    f = go(w);
    assert_true(!f->amplification_asked && !f->amplifies);
    free_world(w);
}

static void refusals(void **state)
{
    struct world *w = new_world();
    w->host->conf.alert = 40;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->answers, KNOWN_YES);
    assert_int_equal(f->v1, KNOWN_NO);
    assert_int_equal(f->h3, KNOWN_NO);
    assert_int_equal(f->close_code, 0x128);
    free_world(w);
    w = new_world();
    w->host->conf.alert = 120; /* QUIC, but for something else */
    f = go(w);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_int_equal(f->h3, KNOWN_NO);
    free_world(w);
    w = new_world();
    w->host->conf.fault = SERVER_BAD_FINISHED;
    f = go(w);
    assert_int_equal(f->v1, KNOWN_NO);
    assert_true(f->close_reason.n > 0);
    free_world(w);
}

/* One refusal among several connections is not the answer. */
static void one_refusal(void **state)
{
    struct world *w = new_world();
    w->host->moody = true;
    const struct quic_facts *f = go(w);
    assert_int_equal(f->v1, KNOWN_YES);
    assert_int_equal(f->h3, KNOWN_YES);
    free_world(w);
}

static int setup(void **state)
{
    crypto = crypto_new();
    client_kex = kex_keys_new(crypto);
    server_kex = kex_keys_new(crypto);
    buf_init(&cert, 4096);
    quic_server_identity(&key, &cert);
    return crypto && client_kex && server_kex ? 0 : -1;
}

static int teardown(void **state)
{
    kex_keys_free(client_kex);
    kex_keys_free(server_kex);
    EVP_PKEY_free(key);
    buf_done(&cert);
    crypto_free(crypto);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything),     cmocka_unit_test(closed_port),
        cmocka_unit_test(silent_port),    cmocka_unit_test(silent_and_far),
        cmocka_unit_test(given_up),       cmocka_unit_test(first_lost),
        cmocka_unit_test(something_else), cmocka_unit_test(version_two),
        cmocka_unit_test(retry),          cmocka_unit_test(amplification),
        cmocka_unit_test(refusals),       cmocka_unit_test(one_refusal),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
