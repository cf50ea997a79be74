/* A QUIC client for probing: its life, its clock and its ends; see quic_client.h.
 *
 * Simpler than a transport that carries data: three CRYPTO streams of a few kilobytes, no streams,
 * no congestion control (at most a handful of datagrams a round trip), loss found by timeout alone
 * (RFC 9002 6.2): what was not acknowledged by then is sent again. */
#include "audit/quic_client.h"

#include "audit/quic_conn.h"
#include "audit/quic_receive.h"
#include "audit/quic_send.h"

#include <stdlib.h>

#define MS UINT64_C(1000000)

enum { PTO_DOUBLINGS = 5, H3_NO_ERROR = 0x100 };
#define PTO_FIRST (400 * MS) /* RFC 9002 says 999; a probe of the second datagram costs little */
#define PTO_LEAST (60 * MS)

/* ---- life ---- */

static bool good_conf(const struct quic_client_conf *c)
{
    return c->dcid.n >= 8 && c->dcid.n <= QUICPKT_CID_MAX && c->scid.n <= QUICPKT_CID_MAX;
}

struct str quic_conn_keep_id(char mem[QUICPKT_CID_MAX], struct str id)
{
    if (id.n)
        memcpy(mem, id.p, id.n);
    return str_of(mem, id.n);
}

/* What an HTTP/3 server needs in order not to complain: three streams for it to open. Available
 * versions: only the one spoken, so that the server tells its own and does not change over. */
static void our_params(const struct quic_client *c, struct buf *out)
{
    struct quicparams p = {.initial_scid = c->conf->scid, .version = c->conf->version};
    uint32_t v = c->conf->version;
    char version[4] = {(char)(v >> 24), (char)(v >> 16), (char)(v >> 8), (char)v};
    p.versions = str_of(version, 4);
    p.seen = UINT64_C(1) << QUICPARAM_INITIAL_SCID | UINT64_C(1) << QUICPARAM_VERSIONS;
    quicparams_set(&p, QUICPARAM_IDLE_TIMEOUT, 30000);
    quicparams_set(&p, QUICPARAM_MAX_UDP_PAYLOAD, 1500);
    quicparams_set(&p, QUICPARAM_MAX_DATA, 1 << 18);
    quicparams_set(&p, QUICPARAM_MAX_STREAM_UNI, 1 << 16);
    quicparams_set(&p, QUICPARAM_MAX_STREAMS_UNI, 3);
    quicparams_emit(out, &p);
}

static int start(struct quic_client *c)
{
    struct quic_space *s = &c->spaces[QUIC_LEVEL_INITIAL];
    struct buf params;
    int err = quic_keys_initial(&s->send, &s->receive, c->conf->tls.crypto, c->conf->version,
                                c->dcid, false);
    if (err)
        return err;
    buf_init(&params, 512);
    our_params(c, &params);
    err = buf_err(&params);
    if (!err)
        err = quic_tls_start(&c->tls, buf_str(&params), &s->out.data);
    buf_done(&params);
    return err;
}

int quic_client_new(struct quic_client **ret, const struct quic_client_conf *conf,
                    struct arena *arena, uint64_t now)
{
    if (!good_conf(conf))
        return -ERR_INVAL;
    struct quic_client *c = calloc(1, sizeof *c);
    struct quic_handshake *facts = arena_zalloc(arena, sizeof *facts);
    if (!c || !facts) {
        free(c);
        return -ERR_NOMEM;
    }
    c->conf = conf;
    c->arena = arena;
    c->facts = facts;
    facts->version = conf->version;
    c->dcid = quic_conn_keep_id(c->dcid_mem, conf->dcid);
    c->started = now;
    c->last_sent = now;
    buf_init(&c->stash, QUIC_CONN_STASH);
    quic_tls_init(&c->tls, &conf->tls, facts, arena);
    for (int i = 0; i < QUIC_LEVELS; i++) {
        quic_outbox_init(&c->spaces[i].out);
        buf_init(&c->spaces[i].body, QUIC_CLIENT_DATAGRAM);
    }
    int err = start(c);
    if (err)
        quic_client_free(c);
    else
        *ret = c;
    return err;
}

void quic_conn_drop_keys(struct quic_space *s)
{
    quic_keys_done(&s->send);
    quic_keys_done(&s->receive);
    s->gone = true;
    s->ack_due = s->ping_due = false;
}

void quic_client_free(struct quic_client *c)
{
    if (!c)
        return;
    for (int i = 0; i < QUIC_LEVELS; i++) {
        quic_conn_drop_keys(&c->spaces[i]);
        quic_inbox_done(&c->spaces[i].in);
        quic_outbox_done(&c->spaces[i].out);
        buf_done(&c->spaces[i].body);
    }
    quic_tls_done(&c->tls);
    buf_done(&c->stash);
    free(c);
}

const struct quic_handshake *quic_client_result(const struct quic_client *c)
{
    return c->facts;
}

bool quic_client_ended(const struct quic_client *c)
{
    return c->phase == QUIC_ENDED;
}

/* ---- ends ---- */

void quic_conn_outcome(struct quic_client *c, enum quic_outcome what)
{
    if (c->facts->outcome == QUIC_PENDING)
        c->facts->outcome = what;
}

void quic_conn_end(struct quic_client *c, enum quic_outcome what)
{
    quic_conn_outcome(c, what);
    c->phase = QUIC_ENDED;
}

void quic_conn_closing(struct quic_client *c, uint64_t code, bool application)
{
    if (c->phase != QUIC_RUNNING)
        return;
    c->phase = QUIC_CLOSING;
    c->close_code = code;
    c->close_application = application;
}

void quic_conn_broken(struct quic_client *c, int err)
{
    c->facts->err = err;
    quic_conn_outcome(c, QUIC_BROKEN);
    quic_conn_closing(c, QUIC_INTERNAL_ERROR, false);
}

void quic_conn_fault(struct quic_client *c, uint64_t code, const char *text)
{
    if (!c->facts->fault)
        c->facts->fault = text;
    quic_conn_outcome(c, QUIC_FAULT);
    quic_conn_closing(c, code, false);
}

void quic_client_close(struct quic_client *c)
{
    quic_conn_closing(c, c->facts->finished ? H3_NO_ERROR : QUIC_NO_ERROR, c->facts->finished);
}

enum quicpkt_kind quic_conn_kind(enum quic_level level)
{
    return level == QUIC_LEVEL_INITIAL     ? QUICPKT_INITIAL
           : level == QUIC_LEVEL_HANDSHAKE ? QUICPKT_HANDSHAKE
                                           : QUICPKT_SHORT;
}

void quic_client_feed(struct quic_client *c, struct str datagram, uint64_t now)
{
    if (c->phase != QUIC_ENDED)
        quic_receive(c, datagram, now);
}

size_t quic_client_drain(struct quic_client *c, unsigned char out[QUIC_CLIENT_DATAGRAM],
                         uint64_t now)
{
    return c->phase != QUIC_ENDED ? quic_send(c, out, now) : 0;
}

/* ---- time ---- */

static bool all_acked(const struct quic_client *c)
{
    for (int i = 0; i < QUIC_LEVELS; i++)
        if (!c->spaces[i].gone && !quic_outbox_all_acked(&c->spaces[i].out))
            return false;
    return true;
}

/* RFC 9002 6.2.1; until the server is sure to know our address it may be unable to go on without
 * us (6.2.2.1), so the timer runs even when nothing is outstanding. */
static uint64_t pto_at(const struct quic_client *c)
{
    uint64_t base = c->facts->rtt ? 3 * c->facts->rtt : PTO_FIRST;
    if (c->conf->mute || (c->facts->finished && (all_acked(c) || c->facts->confirmed)))
        return UINT64_MAX;
    if (base < PTO_LEAST)
        base = PTO_LEAST;
    return c->last_sent + (base << (c->ptos < PTO_DOUBLINGS ? c->ptos : PTO_DOUBLINGS));
}

uint64_t quic_client_deadline(const struct quic_client *c)
{
    if (c->phase != QUIC_RUNNING)
        return UINT64_MAX;
    uint64_t at = c->linger_until ? c->linger_until : c->started + c->conf->timeout;
    uint64_t pto = pto_at(c);
    return pto < at ? pto : at;
}

static void on_pto(struct quic_client *c, uint64_t now)
{
    enum quic_level top = quic_keys_are(&c->spaces[QUIC_LEVEL_HANDSHAKE].send)
                              ? QUIC_LEVEL_HANDSHAKE
                              : QUIC_LEVEL_INITIAL;
    c->ptos++;
    c->last_sent = now;
    c->facts->retransmissions++;
    for (int i = 0; i < QUIC_LEVELS; i++)
        quic_outbox_rewind(&c->spaces[i].out);
    c->spaces[top].ping_due = true;
}

void quic_client_expire(struct quic_client *c, uint64_t now)
{
    if (c->phase != QUIC_RUNNING)
        return;
    if (c->linger_until && now >= c->linger_until) {
        quic_client_close(c);
        return;
    }
    if (!c->linger_until && now - c->started >= c->conf->timeout) {
        quic_conn_outcome(c, c->facts->datagrams_in ? QUIC_STALLED : QUIC_SILENT);
        if (c->facts->datagrams_in && !c->conf->mute)
            quic_conn_closing(c, QUIC_NO_ERROR, false);
        else
            c->phase = QUIC_ENDED;
        return;
    }
    if (now >= pto_at(c))
        on_pto(c, now);
}
