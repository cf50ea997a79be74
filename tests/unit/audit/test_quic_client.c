/* The QUIC client against a server in memory and a network in virtual time that loses, repeats,
 * reorders and spoils datagrams by a seed; then against each fault that a server can have. */
#include "audit/quic_client.h"
#include "quic_server.h"

#include "wire/quicframe.h"

#include <openssl/evp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define MS UINT64_C(1000000)

static struct crypto *crypto;
static struct kex_keys *client_kex, *server_kex;
static EVP_PKEY *key;
static struct buf cert;

static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0x1304};
static const uint16_t groups[] = {29, 23, 24};
static const uint16_t sigalgs[] = {0x0403, 0x0804, 0x0503};

/* ---- a network ---- */

enum { QUEUE = 512 };

struct flying {
    uint64_t at; /* 0: free */
    bool to_server;
    size_t n;
    unsigned char b[1500];
};

struct net {
    uint64_t random;
    unsigned loss, twice, late, spoil; /* percent */
    struct flying queue[QUEUE];
    size_t to_client; /* datagrams that the server sent */
};

static unsigned roll(struct net *net) /* 0 to 99 */
{
    net->random ^= net->random << 13;
    net->random ^= net->random >> 7;
    net->random ^= net->random << 17;
    return (unsigned)(net->random >> 33) % 100;
}

static void fly(struct net *net, bool to_server, const unsigned char *p, size_t n, uint64_t now)
{
    for (size_t i = 0; i < QUEUE; i++) {
        struct flying *f = &net->queue[i];
        if (f->at)
            continue;
        f->at = now + 10 * MS + (roll(net) < net->late ? 15 * MS : 0) + roll(net) % 7;
        f->to_server = to_server;
        f->n = n;
        memcpy(f->b, p, n);
        if (roll(net) < net->spoil)
            f->b[(size_t)roll(net) * n / 100] ^= (unsigned char)(1 + roll(net));
        return;
    }
}

static void send_out(struct net *net, bool to_server, const unsigned char *p, size_t n,
                     uint64_t now)
{
    net->to_client += !to_server;
    if (roll(net) >= net->loss)
        fly(net, to_server, p, n, now);
    if (roll(net) < net->twice)
        fly(net, to_server, p, n, now);
}

static struct flying *earliest(struct net *net)
{
    struct flying *best = NULL;
    for (size_t i = 0; i < QUEUE; i++)
        if (net->queue[i].at && (!best || net->queue[i].at < best->at))
            best = &net->queue[i];
    return best;
}

/* ---- one handshake ---- */

struct run {
    struct quic_client_conf client;
    struct quic_server_conf server;
    struct net net;
    struct arena arena;
    struct quic_handshake facts; /* afterwards */
    bool server_finished, server_closed;
    uint64_t took;
};

static struct run *new_run(uint32_t version)
{
    struct run *r = calloc(1, sizeof *r);
    assert_non_null(r);
    arena_init(&r->arena, 16384, 4 << 20);
    r->net.random = 443;
    r->client = (struct quic_client_conf){
        .tls = {.crypto = crypto,
                .kex = client_kex,
                .sni = STR("quic.test"),
                .alpn = STR("\2h3"),
                .suites = {suites, 4},
                .groups = {groups, 3},
                .sigalgs = {sigalgs, 3},
                .share_group = 29},
        .version = version,
        .dcid = STR("random-dcid-8"),
        .scid = STR("my-id"),
        .timeout = 20000 * MS,
        .linger = 300 * MS,
    };
    r->server = (struct quic_server_conf){
        .crypto = crypto,
        .kex = server_kex,
        .key = key,
        .cert = buf_str(&cert),
        .version = version,
        .suite = 0x1301,
        .group = 29,
        .alpn = STR("h3"),
    };
    return r;
}

static void free_run(struct run *r)
{
    arena_done(&r->arena);
    free(r);
}

static void drain_both(struct run *r, struct quic_client *c, struct quic_server *s, uint64_t now)
{
    unsigned char out[1500];
    size_t n;
    while ((n = quic_client_drain(c, out, now)) > 0) {
        assert_true(n <= QUIC_CLIENT_DATAGRAM);
        send_out(&r->net, true, out, n, now);
    }
    for (int i = 0; i < 100 && (n = quic_server_drain(s, out)) > 0; i++)
        send_out(&r->net, false, out, n, now);
}

static void deliver(struct flying *f, struct quic_client *c, struct quic_server *s, uint64_t now)
{
    unsigned char *exact = malloc(f->n + !f->n);
    assert_non_null(exact);
    memcpy(exact, f->b, f->n);
    f->at = 0;
    if (f->to_server)
        quic_server_feed(s, crypto_str(exact, f->n));
    else
        quic_client_feed(c, crypto_str(exact, f->n), now);
    free(exact);
}

static void go(struct run *r)
{
    struct quic_client *c;
    struct quic_server s;
    uint64_t now = 1000 * MS, repeat = now + 200 * MS;
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, now), 0);
    quic_server_init(&s, &r->server);
    for (int steps = 0; !quic_client_ended(c); steps++) {
        if (steps > 100000)
            fail_msg("no end");
        drain_both(r, c, &s, now);
        if (quic_client_ended(c))
            break;
        struct flying *f = earliest(&r->net);
        uint64_t deadline = quic_client_deadline(c), next = f ? f->at : UINT64_MAX;
        assert_true(deadline != UINT64_MAX || f);
        if (next <= deadline && next <= repeat) {
            now = next;
            deliver(f, c, &s, now);
        } else if (repeat < deadline) {
            now = repeat;
            repeat += 200 * MS;
            quic_server_expire(&s);
        } else {
            now = deadline > now ? deadline : now;
            quic_client_expire(c, now);
        }
    }
    for (struct flying *f; (f = earliest(&r->net));) /* the client's last words */
        deliver(f, c, &s, now);
    r->facts = *quic_client_result(c);
    r->server_finished = s.finished_right;
    r->server_closed = s.closed;
    r->took = now - 1000 * MS;
    assert_true(s.small == 0 || r->client.unpadded);
    quic_client_free(c);
    quic_server_done(&s);
}

/* ---- good servers ---- */

static void check_complete(const struct run *r)
{
    const struct quic_handshake *f = &r->facts;
    if (f->outcome != QUIC_COMPLETE)
        fail_msg("outcome %d: %s, close %llx", f->outcome, f->fault ? f->fault : "-",
                 (unsigned long long)f->close_code);
    assert_null(f->fault);
    assert_true(f->hello && f->server_finished && f->finished && r->server_finished);
    assert_int_equal(f->suite, r->server.suite);
    assert_int_equal(f->group, r->server.group);
    assert_true(f->alpn_sent && str_eq(f->alpn, STR("h3")));
    assert_true(f->params_sent);
    assert_int_equal(f->params.number[QUICPARAM_IDLE_TIMEOUT], 10000);
    assert_int_equal(quicpkt_version(f->params.versions, 1), QUIC_V2);
    assert_int_equal(f->nchain, 1 + r->server.extra_certs);
    assert_true(str_eq(f->chain[0], buf_str(&cert)));
    assert_int_equal(f->sigalg, 0x0403);
    assert_int_equal(f->signature, VERIFY13_VALID);
    assert_true(str_eq(f->ocsp, r->server.ocsp) && str_eq(f->scts, r->server.scts));
    assert_int_equal(f->certificate_request, r->server.request);
    assert_int_equal(f->retry, r->server.retry);
    assert_false(f->amplifies);
    assert_true(f->first_after > 0 && f->complete_after >= f->first_after);
}

static void plain(void **state)
{
    static const uint32_t versions[] = {QUIC_V1, QUIC_V2};
    for (int v = 0; v < 2; v++) {
        for (uint16_t suite = 0x1301; suite <= 0x1304; suite++) {
            struct run *r = new_run(versions[v]);
            r->server.suite = suite;
            r->server.ocsp = STR("an OCSP response");
            r->server.scts = STR("\0\2ab");
            go(r);
            check_complete(r);
            assert_true(r->facts.confirmed && r->facts.new_token && r->server_closed);
            assert_int_equal(r->facts.tickets, 1);
            assert_int_equal(r->facts.ticket_lifetime, 7200);
            assert_int_equal(r->facts.max_early_data, UINT32_MAX);
            assert_false(r->facts.hello_retry);
            assert_int_equal(r->facts.retransmissions, 0);
            assert_int_equal(r->facts.undecryptable, 0);
            assert_true(r->facts.rtt >= 20 * MS && r->facts.rtt < 21 * MS);
            free_run(r);
        }
    }
}

static void with_retry(void **state)
{
    for (int hello = 0; hello < 2; hello++) {
        struct run *r = new_run(hello ? QUIC_V2 : QUIC_V1);
        r->server.retry = true;
        r->server.request = true;
        r->server.group = hello ? 24 : 29;
        go(r);
        check_complete(r);
        assert_int_equal(r->facts.retry_token, 22);
        assert_int_equal(r->facts.hello_retry, hello);
        assert_int_equal(r->facts.retry_group, hello ? 24 : 0);
        free_run(r);
    }
}

static void no_share(void **state)
{
    struct run *r = new_run(QUIC_V1);
    r->client.tls.share_group = 0;
    r->client.scid = STR_NONE;
    go(r);
    check_complete(r);
    assert_true(r->facts.hello_retry);
    free_run(r);
}

static void large_chain(void **state)
{
    struct run *r = new_run(QUIC_V1);
    r->server.extra_certs = 10;
    r->server.chain_pad = 9000;
    go(r);
    check_complete(r);
    assert_true(r->facts.chain_bytes > 90000);
    free_run(r);
}

/* ---- bad networks ---- */

static void bad_network(void **state)
{
    unsigned complete = 0;
    for (uint64_t seed = 1; seed <= 150; seed++) {
        struct run *r = new_run(seed % 2 ? QUIC_V1 : QUIC_V2);
        r->net.random = seed * UINT64_C(0x9e3779b97f4a7c15);
        r->net.loss = seed % 5 * 8;
        r->net.twice = seed % 3 * 20;
        r->net.late = seed % 4 * 25;
        r->net.spoil = seed % 7 == 0 ? 10 : 0;
        r->server.extra_certs = seed % 4;
        r->server.chain_pad = 3000;
        r->server.retry = seed % 6 == 0;
        r->server.group = seed % 9 == 0 ? 23 : 29;
        r->server.suite = (uint16_t)(0x1301 + seed % 4);
        go(r);
        const struct quic_handshake *f = &r->facts;
        /* A spoiled Initial may make the server negotiate or retry for a stranger, no more. */
        if (f->outcome == QUIC_COMPLETE) {
            complete++;
            assert_true(f->nchain == 1 + r->server.extra_certs && f->signature == VERIFY13_VALID);
        } else if (f->outcome != QUIC_STALLED && f->outcome != QUIC_SILENT &&
                   f->outcome != QUIC_OTHER_VERSION) {
            fail_msg("seed %llu: outcome %d, %s, code %llx", (unsigned long long)seed,
                     (int)f->outcome, f->fault ? f->fault : "-", (unsigned long long)f->close_code);
        } else if (!r->net.spoil) {
            fail_msg("seed %llu: outcome %d without a spoiled datagram", (unsigned long long)seed,
                     (int)f->outcome);
        }
        /* A copy of ours, made by the network, gives the server credit that we know nothing of. */
        assert_false(f->amplifies && !r->net.twice);
        free_run(r);
    }
    assert_true(complete > 140);
}

/* The server's whole flight in reverse: what came before its keys is not lost. */
static void backwards(void **state)
{
    struct run *r = new_run(QUIC_V1);
    struct quic_client *c;
    struct quic_server s;
    unsigned char out[1500], flight[16][1500];
    size_t n, sizes[16], flown = 0;
    r->server.extra_certs = 1;
    r->server.chain_pad = 5000;
    r->server.amplify = true;
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, 1), 0);
    quic_server_init(&s, &r->server);
    while ((n = quic_client_drain(c, out, 1)) > 0)
        quic_server_feed(&s, crypto_str(out, n));
    while (flown < 16 && (n = quic_server_drain(&s, flight[flown])) > 0)
        sizes[flown++] = n;
    assert_true(flown >= 4);
    while (flown--)
        quic_client_feed(c, crypto_str(flight[flown], sizes[flown]), 2);
    assert_int_equal(quic_client_result(c)->outcome, QUIC_COMPLETE);
    assert_int_equal(quic_client_result(c)->nchain, 2);
    assert_int_equal(quic_client_result(c)->duplicates, 0);
    quic_client_feed(c, crypto_str(flight[2], sizes[2]), 3);
    assert_int_equal(quic_client_result(c)->duplicates, 1);
    quic_client_free(c);
    quic_server_done(&s);
    free_run(r);
}

static void silence(void **state)
{
    struct run *r = new_run(QUIC_V1);
    r->net.loss = 100;
    r->client.timeout = 3000 * MS;
    go(r);
    assert_int_equal(r->facts.outcome, QUIC_SILENT);
    assert_int_equal(r->took, 3000 * MS);
    assert_true(r->facts.retransmissions >= 2 && r->facts.datagrams_out < 10);
    free_run(r);
}

/* ---- versions, closes, amplification ---- */

static void negotiation(void **state)
{
    struct run *r = new_run(QUIC_V1);
    r->client.version = QUIC_RESERVED;
    go(r);
    assert_int_equal(r->facts.outcome, QUIC_OTHER_VERSION);
    assert_int_equal(r->facts.nversions, 3);
    assert_int_equal(r->facts.versions[0], 0x0a0a0a0a);
    assert_int_equal(r->facts.versions[1], QUIC_V2);
    assert_int_equal(r->facts.versions[2], QUIC_V1);
    assert_int_equal(r->facts.datagrams_out, 1);
    assert_int_equal(r->facts.bytes_out, 1200);
    free_run(r);
}

static void alerts(void **state)
{
    static const uint8_t alert[] = {40, 120, 112};
    for (size_t i = 0; i < 3; i++) {
        struct run *r = new_run(i ? QUIC_V2 : QUIC_V1);
        r->server.alert = alert[i];
        go(r);
        assert_int_equal(r->facts.outcome, QUIC_CLOSED);
        assert_true(r->facts.closed && r->facts.close_alert && !r->facts.close_application);
        assert_int_equal(r->facts.alert, alert[i]);
        assert_int_equal(r->facts.close_code, 0x100 + alert[i]);
        assert_int_equal(r->facts.close_frame, QUICFRAME_CRYPTO);
        assert_true(str_eq(r->facts.close_reason, STR("not today")));
        free_run(r);
    }
}

/* A flight of 9 datagrams: the honest server waits behind the third for us to prove our address,
 * the other does not. The mute client hears the whole of it. */
static void amplification(void **state)
{
    for (int mute = 0; mute < 2; mute++) {
        for (int amplify = 0; amplify < 2; amplify++) {
            struct run *r = new_run(QUIC_V1);
            r->server.extra_certs = 3;
            r->server.chain_pad = 3000;
            r->server.amplify = amplify;
            r->client.mute = mute;
            r->client.timeout = mute ? 150 * MS : 2000 * MS; /* before it repeats anything */
            go(r);
            if (!mute)
                assert_int_equal(r->facts.outcome, QUIC_COMPLETE);
            if (mute) {
                assert_int_equal(r->facts.datagrams_out, 1);
                assert_int_equal(r->facts.amplifies, amplify);
                assert_true(amplify || r->facts.outcome == QUIC_STALLED);
                assert_true(r->facts.unvalidated_in <= 3600 || amplify);
            }
            assert_true(!r->facts.amplifies || amplify);
            free_run(r);
        }
    }
}

static void exactly_three_times(void **state)
{
    struct run *r = new_run(QUIC_V1);
    struct quic_client *c;
    unsigned char out[QUIC_CLIENT_DATAGRAM], junk[1200] = {0};
    r->client.mute = true;
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, 1), 0);
    assert_int_equal(quic_client_drain(c, out, 1), 1200);
    for (unsigned char i = 0; i < 6; i++) { /* each comes twice, by the network's doing */
        junk[7] = i / 2;
        quic_client_feed(c, crypto_str(junk, sizeof junk), 2);
    }
    assert_int_equal(quic_client_result(c)->unvalidated_in, 3600);
    assert_false(quic_client_result(c)->amplifies);
    quic_client_feed(c, STR("x"), 2);
    assert_true(quic_client_result(c)->amplifies);
    quic_client_free(c);
    free_run(r);
}

static void small_initial(void **state)
{
    for (int any = 0; any < 2; any++) {
        struct run *r = new_run(QUIC_V1);
        r->client.unpadded = true;
        r->client.mute = true;
        r->client.timeout = 2000 * MS;
        r->server.any_size = any;
        r->server.amplify = true;
        go(r);
        assert_true(r->facts.bytes_out < 600);
        assert_int_equal(r->facts.datagrams_in > 0, any);
        assert_int_equal(r->facts.outcome, any ? QUIC_COMPLETE : QUIC_SILENT);
        free_run(r);
    }
}

static void group_without_library(void **state)
{
    static const uint16_t groups_pq[] = {0x11ec, 29};
    if (kex_can(server_kex,
                0x11ec)) /* the library has it: an ordinary handshake, of two datagrams */
        return;
    struct run *r = new_run(QUIC_V1);
    r->client.tls.groups = (struct u16_list){groups_pq, 2};
    r->client.tls.share_group = 0x11ec;
    go(r); /* the server asks for X25519 instead */
    check_complete(r);
    assert_true(r->facts.hello_retry && r->facts.datagrams_out > 3);
    free_run(r);
}

/* ---- faults ---- */

static const struct {
    enum quic_server_fault fault;
    enum quic_outcome outcome;
    const char *text; /* begins with it */
} faults[] = {
    {SERVER_BAD_FINISHED, QUIC_FAULT, "its Finished is wrong"},
    {SERVER_BAD_SIGNATURE, QUIC_FAULT, "the signature"},
    {SERVER_WRONG_ODCID, QUIC_FAULT, "its connection ids"},
    {SERVER_WRONG_SCID, QUIC_FAULT, "its connection ids"},
    {SERVER_NO_PARAMS, QUIC_FAULT, "it sent no transport"},
    {SERVER_BAD_PARAM, QUIC_FAULT, "a transport parameter"},
    {SERVER_WRONG_VERSION, QUIC_FAULT, "its chosen version"},
    {SERVER_NO_ALPN, QUIC_FAULT, "it chose no application"},
    {SERVER_OTHER_ALPN, QUIC_FAULT, "it chose a protocol"},
    {SERVER_OTHER_SUITE, QUIC_FAULT, "it chose a cipher suite"},
    {SERVER_OTHER_GROUP, QUIC_FAULT, "its key share is not"},
    {SERVER_TLS12, QUIC_FAULT, "its ServerHello is not"},
    {SERVER_EMPTY_CHAIN, QUIC_FAULT, "its Certificate is empty"},
    {SERVER_BAD_SHARE, QUIC_FAULT, "its key share is not valid"},
    {SERVER_OUT_OF_ORDER, QUIC_FAULT, "a message"},
    {SERVER_EARLY_DATA, QUIC_FAULT, "it accepted early data"},
    {SERVER_LIMITED_TICKET, QUIC_COMPLETE, "its ticket limits"},
    {SERVER_TWO_RETRIES, QUIC_FAULT, "its HelloRetryRequest asks"},
    {SERVER_BAD_FRAME, QUIC_FAULT, "it sent a malformed frame"},
    {SERVER_FORBIDDEN_FRAME, QUIC_FAULT, "it sent a frame where"},
    {SERVER_EMPTY_PACKET, QUIC_FAULT, "it sent a packet without"},
    {SERVER_RESERVED_BITS, QUIC_FAULT, "it set reserved"},
    {SERVER_UNSENT_ACK, QUIC_FAULT, "it acknowledged"},
    {SERVER_FAR_CRYPTO, QUIC_FAULT, "its handshake is larger"},
    {SERVER_HUGE_MESSAGE, QUIC_FAULT, "a message of its handshake is too large"},
    {SERVER_HOLES, QUIC_COMPLETE, NULL},
    {SERVER_BAD_RETRY, QUIC_STALLED, NULL},
    {SERVER_RESET, QUIC_COMPLETE, NULL},
};

static void each_fault(void **state)
{
    assert_int_equal(sizeof faults / sizeof faults[0], SERVER_FAULTS - 1);
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct run *r = new_run(QUIC_V1);
        uint16_t three[] = {0x1301, 0x1302, 0x1303};
        r->client.tls.suites = (struct u16_list){three, 3};
        r->server.fault = faults[i].fault;
        r->server.retry = faults[i].fault == SERVER_BAD_RETRY;
        go(r);
        const char *got = r->facts.fault, *want = faults[i].text;
        bool same = want ? got && strncmp(got, want, strlen(want)) == 0 : !got;
        if (r->facts.outcome != faults[i].outcome || !same)
            fail_msg("fault %d: outcome %d, \"%s\", code %llx, err %d", (int)faults[i].fault,
                     (int)r->facts.outcome, got ? got : "-",
                     (unsigned long long)r->facts.close_code, r->facts.err);
        assert_int_equal(r->facts.reset, faults[i].fault == SERVER_RESET);
        if (faults[i].outcome == QUIC_FAULT && r->server.fault != SERVER_BAD_SHARE)
            assert_true(r->server_closed); /* it was told */
        free_run(r);
    }
}

static void a_second_retry(void **state)
{
    struct run *r = new_run(QUIC_V1);
    r->server.fault = SERVER_TWO_RETRIES;
    r->server.group = 23;
    go(r);
    assert_int_equal(r->facts.outcome, QUIC_FAULT);
    assert_string_equal(r->facts.fault, "it sent a second HelloRetryRequest");
    assert_int_equal(r->facts.retry_group, 23);
    free_run(r);
}

static void refused_configurations(void **state)
{
    struct run *r = new_run(QUIC_V1);
    struct quic_client *c = NULL;
    r->client.dcid = STR("short");
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, 1), -ERR_INVAL);
    r->client.dcid = STR("123456789012345678901");
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, 1), -ERR_INVAL);
    r->client.dcid = STR("12345678");
    r->client.tls.share_group = 0x7777;
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, 1), -ERR_UNSUPPORTED);
    assert_null(c);
    quic_client_free(NULL);
    free_run(r);
}

/* What does not belong to us: every datagram of one byte, another's id, a negotiation that lists
 * our version. */
static void strangers(void **state)
{
    struct run *r = new_run(QUIC_V1);
    struct quic_client *c;
    unsigned char out[QUIC_CLIENT_DATAGRAM];
    assert_int_equal(quic_client_new(&c, &r->client, &r->arena, 1), 0);
    assert_int_equal(quic_client_drain(c, out, 1), 1200);
    for (unsigned i = 0; i < 256; i++) {
        unsigned char one = (unsigned char)i;
        quic_client_feed(c, crypto_str(&one, 1), 2);
    }
    quic_client_feed(c, STR("\x80\0\0\0\0\5my-id\x0drandom-dcid-8\x6b\x33\x43\xcf\0\0\0\1"), 2);
    quic_client_feed(c, STR("\x80\0\0\0\0\5my-ix\x0drandom-dcid-8\x6b\x33\x43\xcf"), 2);
    quic_client_feed(c, STR("\x80\0\0\0\0\5my-id\x0drandom-dcid-9\x6b\x33\x43\xcf"), 2);
    quic_client_feed(c, crypto_str(out, 1200), 3); /* our own, mirrored */
    quic_client_feed(c, STR_NONE, 3);
    assert_int_equal(quic_client_result(c)->outcome, QUIC_PENDING);
    quic_client_feed(c, STR("\x80\0\0\0\0\5my-id\x0drandom-dcid-8\x6b\x33\x43\xcf"), 4);
    assert_int_equal(quic_client_result(c)->outcome, QUIC_OTHER_VERSION);
    assert_true(quic_client_ended(c));
    assert_int_equal(quic_client_drain(c, out, 5), 0);
    quic_client_free(c);
    free_run(r);
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
        cmocka_unit_test(plain),
        cmocka_unit_test(with_retry),
        cmocka_unit_test(no_share),
        cmocka_unit_test(large_chain),
        cmocka_unit_test(bad_network),
        cmocka_unit_test(backwards),
        cmocka_unit_test(silence),
        cmocka_unit_test(negotiation),
        cmocka_unit_test(alerts),
        cmocka_unit_test(amplification),
        cmocka_unit_test(exactly_three_times),
        cmocka_unit_test(small_initial),
        cmocka_unit_test(group_without_library),
        cmocka_unit_test(each_fault),
        cmocka_unit_test(a_second_retry),
        cmocka_unit_test(refused_configurations),
        cmocka_unit_test(strangers),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
