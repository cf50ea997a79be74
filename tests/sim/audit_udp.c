/* QUIC servers in memory, in the place of UDP sockets: each socket of the auditor's has one behind it,
 * which answers a little later in virtual time; see audit_server.h. */
#include "audit_server.h"

#include "../unit/audit/quic_server.h"
#include "io/udp.h"

#include <stdlib.h>

enum { DATAGRAM_MAX = 1500, WAITING_MAX = 1 << 20, WAY = 2 * MILLISECOND };

static struct servers *all; /* whom udp_open asks */
static EVP_PKEY *key;
static struct buf cert;
static struct kex_keys *kex;

/* Behind one socket. */
struct visitor {
    struct list link;
    struct udp *udp;
    struct quic_server server; /* begun with the first datagram, whose version it speaks */
    struct quic_server_conf conf;
    bool begun;
    struct buf waiting; /* datagrams on their way back, two bytes of length each */
    struct timer timer;
};

void servers_udp_make(struct servers *s, struct crypto *crypto)
{
    list_init(&s->visitors);
    s->crypto = crypto;
    buf_init(&cert, 65536);
    quic_server_identity(&key, &cert);
    kex = kex_keys_new(crypto);
    if (!kex)
        abort();
    all = s;
}

void servers_udp_free(void)
{
    EVP_PKEY_free(key);
    buf_done(&cert);
    kex_keys_free(kex);
}

static void visitor_free(struct visitor *v)
{
    if (v->begun)
        quic_server_done(&v->server);
    timer_done(v->udp->loop, &v->timer);
    buf_done(&v->waiting);
    list_remove(&v->link);
    free(v);
}

void servers_udp_end(struct servers *s)
{
    LIST_EACH(it, tmp, &s->visitors)
    visitor_free(LIST_ENTRY(it, struct visitor, link));
}

static struct visitor *visitor_of(const struct udp *u)
{
    LIST_EACH(it, tmp, &all->visitors)
    {
        struct visitor *v = LIST_ENTRY(it, struct visitor, link);
        if (v->udp == u)
            return v;
    }
    return NULL;
}

/* ---- what comes back ---- */

/* Frames in front of their encryption, so that what is wrong in them is read. */
static void mutate(void *user, enum quic_level level, struct buf *frames)
{
    if (all->hostility != HOSTILE || !frames->n || !servers_chance(all, all->one_in))
        return;
    all->datagrams_mutated++;
    for (uint64_t n = 1 + servers_below(all, 3); n; n--)
        frames->mem[frames->off + servers_below(all, frames->n)] ^=
            (char)(1u << servers_below(all, 8));
}

/* Lost, doubled, or (of a hostile server) changed where the packets' protection sees it. */
static unsigned on_the_way(unsigned char *p, size_t n)
{
    if (all->hostility == HONEST || !servers_chance(all, 2 * all->one_in))
        return 1;
    all->datagrams_mutated++;
    if (all->hostility == HOSTILE && servers_chance(all, 2)) {
        p[servers_below(all, n)] ^= (unsigned char)(1u << servers_below(all, 8));
        return 1;
    }
    return servers_chance(all, 2) ? 0 : 2;
}

static void take_answers(struct visitor *v)
{
    unsigned char out[DATAGRAM_MAX];
    for (size_t n; (n = quic_server_drain(&v->server, out)) > 0;) {
        char head[2] = {(char)(n >> 8), (char)n};
        for (unsigned copies = on_the_way(out, n); copies; copies--) {
            buf_add(&v->waiting, str_of(head, sizeof head));
            buf_add(&v->waiting, crypto_str(out, n));
        }
    }
    if (v->waiting.n && !timer_running(&v->timer))
        timer_start(v->udp->loop, &v->timer, v->udp->loop->now + WAY);
}

/* One at a time: whoever hears of it may close the socket. */
static void on_timer(struct timer *t, uint64_t now)
{
    struct visitor *v = LIST_ENTRY(t, struct visitor, timer);
    const unsigned char *head = (const unsigned char *)buf_str(&v->waiting).p;
    char datagram[DATAGRAM_MAX];
    size_t n = (size_t)head[0] << 8 | head[1];
    memcpy(datagram, head + 2, n);
    buf_consume(&v->waiting, 2 + n);
    if (v->waiting.n)
        timer_start(v->udp->loop, &v->timer, now);
    v->udp->on_datagram(v->udp, str_of(datagram, n));
}

/* ---- in the place of the sockets ---- */

int __wrap_udp_open(struct udp *u, struct loop *loop, const struct addr *to);
void __wrap_udp_close(struct udp *u);
int __wrap_udp_send(struct udp *u, struct str datagram);

int __wrap_udp_open(struct udp *u, struct loop *loop, const struct addr *to)
{
    servers_busy++;
    struct visitor *v = calloc(1, sizeof *v);
    u->loop = loop;
    if (!v || timer_init(loop, &v->timer, on_timer))
        abort();
    v->udp = u;
    buf_init(&v->waiting, WAITING_MAX);
    list_push(&all->visitors, &v->link);
    servers_busy--;
    return 0;
}

void __wrap_udp_close(struct udp *u)
{
    struct visitor *v = visitor_of(u);
    if (v)
        visitor_free(v);
}

static void begin(struct visitor *v, struct str datagram)
{
    const unsigned char *p = (const unsigned char *)datagram.p;
    bool v2 = datagram.n > 5 && p[1] == QUIC_V2 >> 24;
    v->begun = true;
    v->conf = (struct quic_server_conf){.crypto = all->crypto, .kex = kex, .key = key,
                                        .cert = buf_str(&cert), .suite = 0x1301, .group = 29,
                                        .version = v2 ? QUIC_V2 : QUIC_V1, .alpn = STR("h3"),
                                        .retry = all->server == 2, .mutate = mutate};
    if (all->hostility == HOSTILE && servers_chance(all, 3))
        v->conf.fault = (enum quic_server_fault)servers_below(all, SERVER_FAULTS);
    quic_server_init(&v->server, &v->conf);
}

/* Two of the servers speak QUIC, one is silent, the others have the port closed. */
int __wrap_udp_send(struct udp *u, struct str datagram)
{
    struct visitor *v = visitor_of(u);
    if (all->server == 1)
        return 0;
    if (!v || (all->server != 0 && all->server != 2))
        return -ERR_REFUSED;
    servers_busy++;
    if (!v->begun)
        begin(v, datagram);
    quic_server_feed(&v->server, datagram);
    take_answers(v);
    servers_busy--;
    return 0;
}
