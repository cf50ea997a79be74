/* A QUIC client for probing; see quic_client.h.
 *
 * Simpler than a transport that carries data: three CRYPTO streams of a few kilobytes, no streams,
 * no congestion control (at most a handful of datagrams a round trip), loss found by timeout alone
 * (RFC 9002 6.2): what was not acknowledged by then is sent again. */
#include "audit/quic_client.h"

#include "audit/quic_boxes.h"
#include "audit/quic_keys.h"
#include "wire/quicframe.h"

#include <stdlib.h>

#define MS UINT64_C(1000000)

enum {
    SENT_MAX = 64,          /* packets a level that an ACK can still be matched with */
    STASH_MAX = 16 * 1024,  /* bytes of packets that came before their keys */
    ACK_RANGES = 8,         /* told in one ACK */
    PTO_DOUBLINGS = 5,
    NUMBER_N = 2,           /* bytes of packet numbers: ours stay few */
    HEARD_MAX = 64,         /* datagrams remembered, to tell the network's copies */
    CID_TOKENS = 4,         /* stateless reset tokens remembered, besides the parameters' */
    TOKEN = 16,
    H3_NO_ERROR = 0x100,
};
#define PTO_FIRST (400 * MS) /* RFC 9002 says 999; a probe of the second datagram costs little */
#define PTO_LEAST (60 * MS)

struct sent {
    bool used, probing; /* probing: it wants an acknowledgement */
    uint64_t number, time, from, to; /* [from, to) of the CRYPTO stream */
};

struct space { /* a packet number space and its level */
    struct quic_keys send, receive;
    bool gone; /* keys were discarded */
    struct quic_inbox in;
    struct quic_outbox out;
    struct quic_ranges seen; /* packet numbers that came */
    uint64_t floor;          /* below: seen or forgotten */
    uint64_t next_seen;      /* the largest that came and one more */
    uint64_t next;           /* of ours */
    bool ack_due, ping_due;
    struct sent sent[SENT_MAX]; /* by number modulo */
    struct buf body;         /* frames of the packet being built */
};

enum phase { RUNNING, CLOSING, ENDED };

struct quic_client {
    const struct quic_client_conf *conf;
    struct arena *arena;
    struct quic_handshake *facts;
    struct quic_tls tls;
    struct space spaces[QUIC_LEVELS];
    enum phase phase;
    uint64_t close_code;
    bool close_application;
    char dcid_mem[QUICPKT_CID_MAX], retry_mem[QUICPKT_CID_MAX];
    struct str dcid, retry_scid; /* the server's; in dcid_mem, retry_mem */
    bool server_seen;            /* an authentic Initial came: dcid is its choice */
    struct str token;            /* of a Retry, in the arena */
    bool validated;              /* the server may know our address */
    uint64_t heard[HEARD_MAX];   /* hashes, by count */
    bool path_due;
    char path_data[8];
    char reset_tokens[CID_TOKENS][TOKEN];
    size_t nreset_tokens;
    struct buf stash;            /* {2 bytes length, packet} each */
    uint64_t started, last_sent; /* last_sent: of what wants an acknowledgement */
    uint64_t linger_until;       /* 0: not complete */
    unsigned ptos;               /* in a row */
    unsigned char plain[UINT16_MAX + 1]; /* the packet being read */
};

/* ---- life ---- */

static bool good_conf(const struct quic_client_conf *c)
{
    return c->dcid.n >= 8 && c->dcid.n <= QUICPKT_CID_MAX && c->scid.n <= QUICPKT_CID_MAX;
}

static struct str keep_id(char mem[QUICPKT_CID_MAX], struct str id)
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
    struct space *s = &c->spaces[QUIC_LEVEL_INITIAL];
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
    c->dcid = keep_id(c->dcid_mem, conf->dcid);
    c->started = now;
    c->last_sent = now;
    buf_init(&c->stash, STASH_MAX);
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

static void drop_keys(struct space *s)
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
        drop_keys(&c->spaces[i]);
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
    return c->phase == ENDED;
}

/* ---- ends ---- */

/* The first outcome stays: what comes behind it is its consequence. */
static void outcome(struct quic_client *c, enum quic_outcome what)
{
    if (c->facts->outcome == QUIC_PENDING)
        c->facts->outcome = what;
}

static void end(struct quic_client *c, enum quic_outcome what)
{
    outcome(c, what);
    c->phase = ENDED;
}

static void closing(struct quic_client *c, uint64_t code, bool application)
{
    if (c->phase != RUNNING)
        return;
    c->phase = CLOSING;
    c->close_code = code;
    c->close_application = application;
}

static void broken(struct quic_client *c, int err)
{
    c->facts->err = err;
    outcome(c, QUIC_BROKEN);
    closing(c, QUIC_INTERNAL_ERROR, false);
}

static void fault(struct quic_client *c, uint64_t code, const char *text)
{
    if (!c->facts->fault)
        c->facts->fault = text;
    outcome(c, QUIC_FAULT);
    closing(c, code, false);
}

void quic_client_close(struct quic_client *c)
{
    closing(c, c->facts->finished ? H3_NO_ERROR : QUIC_NO_ERROR, c->facts->finished);
}

/* ---- TLS ---- */

static void install(struct quic_client *c, enum quic_level level)
{
    struct space *s = &c->spaces[level];
    struct crypto *crypto = c->conf->tls.crypto;
    if (!c->tls.have[level] || s->gone || quic_keys_are(&s->send))
        return;
    int err = quic_keys_init(&s->send, crypto, c->conf->version, c->facts->suite,
                             &c->tls.secrets[level][0], true);
    if (!err)
        err = quic_keys_init(&s->receive, crypto, c->conf->version, c->facts->suite,
                             &c->tls.secrets[level][1], false);
    if (err)
        broken(c, err);
}

/* RFC 9000 7.3: the ids of the packets are those that TLS protects, or somebody changed them. */
static void check_ids(struct quic_client *c)
{
    const struct quicparams *p = &c->facts->params;
    bool retried = c->facts->retry;
    if (!quicparams_has(p, QUICPARAM_ORIGINAL_DCID) || !str_eq(p->original_dcid, c->conf->dcid) ||
        !quicparams_has(p, QUICPARAM_INITIAL_SCID) || !str_eq(p->initial_scid, c->dcid) ||
        quicparams_has(p, QUICPARAM_RETRY_SCID) != retried ||
        (retried && !str_eq(p->retry_scid, c->retry_scid)))
        fault(c, QUIC_TRANSPORT_PARAMETER_ERROR, "its connection ids are not authentic");
    else if (c->facts->params_fault)
        fault(c, QUIC_TRANSPORT_PARAMETER_ERROR, "a transport parameter has a forbidden value");
    else if (quicparams_has(p, QUICPARAM_VERSIONS) && p->version != c->conf->version)
        fault(c, QUIC_VERSION_NEGOTIATION_ERROR, "its chosen version is not the one spoken");
}

static void tls_failed(struct quic_client *c, int err)
{
    if (err == -ERR_UNSUPPORTED) {
        outcome(c, QUIC_CHOSEN);
        closing(c, QUIC_NO_ERROR, false);
    } else if (err == -ERR_TLS_HANDSHAKE) {
        fault(c, QUIC_CRYPTO_ERROR + c->tls.alert, NULL);
    } else {
        broken(c, err);
    }
}

static void after_message(struct quic_client *c, const struct handshake_message *m, uint64_t now)
{
    install(c, QUIC_LEVEL_HANDSHAKE);
    install(c, QUIC_LEVEL_APP);
    if (m->type == HS_ENCRYPTED_EXTENSIONS)
        check_ids(c);
    if (m->type == HS_FINISHED && c->phase == RUNNING) {
        c->facts->complete_after = now - c->started + 1;
        if (!c->conf->mute) /* the mute one stays till its time is out */
            c->linger_until = now + c->conf->linger;
        outcome(c, QUIC_COMPLETE);
    }
}

/* All whole messages of a level's stream. */
static void read_messages(struct quic_client *c, enum quic_level level, uint64_t now)
{
    struct space *s = &c->spaces[level];
    struct handshake_message m;
    while (c->phase == RUNNING) {
        int err = handshake_parse(&m, quic_inbox_str(&s->in));
        if (err == -ERR_NEED_MORE)
            return;
        if (err) {
            fault(c, QUIC_CRYPTO_BUFFER_EXCEEDED, "a message of its handshake is too large");
            return;
        }
        err = quic_tls_feed(&c->tls, level, &m, &s->out.data);
        quic_inbox_take(&s->in, m.whole.n);
        if (err)
            tls_failed(c, err);
        else
            after_message(c, &m, now);
    }
}

/* ---- frames ---- */

static void acked(struct quic_client *c, struct space *s, struct sent *sent, bool largest,
                  uint64_t now)
{
    uint64_t rtt = now - sent->time;
    sent->used = false;
    c->ptos = 0;
    (void)quic_ranges_add(&s->out.acked, sent->from, sent->to);
    if (largest && sent->probing && (!c->facts->rtt || rtt < c->facts->rtt))
        c->facts->rtt = rtt + !rtt;
}

static void on_ack(struct quic_client *c, struct space *s, const struct quicframe *f, uint64_t now)
{
    struct quicframe_ranges it = {.begun = false};
    uint64_t first, last;
    if (f->value >= s->next) {
        fault(c, QUIC_PROTOCOL_VIOLATION, "it acknowledged a packet that was never sent");
        return;
    }
    while (quicframe_range(f, &it, &first, &last))
        for (size_t i = 0; i < SENT_MAX; i++) {
            struct sent *sent = &s->sent[i];
            if (sent->used && sent->number >= first && sent->number <= last)
                acked(c, s, sent, sent->number == f->value, now);
        }
}

static void on_close(struct quic_client *c, const struct quicframe *f)
{
    struct quic_handshake *h = c->facts;
    h->closed = true;
    h->close_application = f->type == QUICFRAME_CLOSE_APP;
    h->close_code = f->value;
    h->close_frame = f->prior;
    h->close_alert = !h->close_application && f->value >> 8 == QUIC_CRYPTO_ERROR >> 8;
    h->alert = h->close_alert ? (uint8_t)f->value : 0;
    h->close_reason = arena_str(c->arena, f->data);
    end(c, QUIC_CLOSED);
}

static void on_new_id(struct quic_client *c, const struct quicframe *f)
{
    if (c->nreset_tokens < CID_TOKENS)
        memcpy(c->reset_tokens[c->nreset_tokens++], f->reset.p, TOKEN);
}

static void on_done(struct quic_client *c)
{
    c->facts->confirmed = true;
    drop_keys(&c->spaces[QUIC_LEVEL_HANDSHAKE]);
}

static void on_path(struct quic_client *c, const struct quicframe *f)
{
    memcpy(c->path_data, f->data.p, sizeof c->path_data);
    c->path_due = true;
}

/* 0, or the inbox's error: then the packet counts as lost. */
static int on_frame(struct quic_client *c, enum quic_level level, const struct quicframe *f,
                    uint64_t now)
{
    struct space *s = &c->spaces[level];
    switch (f->type) {
    case QUICFRAME_ACK:
    case QUICFRAME_ACK_ECN: on_ack(c, s, f, now); return 0;
    case QUICFRAME_CRYPTO: return quic_inbox_add(&s->in, f->offset, f->data);
    case QUICFRAME_CLOSE:
    case QUICFRAME_CLOSE_APP: on_close(c, f); return 0;
    case QUICFRAME_NEW_TOKEN: c->facts->new_token = true; return 0;
    case QUICFRAME_NEW_CONNECTION_ID: on_new_id(c, f); return 0;
    case QUICFRAME_HANDSHAKE_DONE: on_done(c); return 0;
    case QUICFRAME_PATH_CHALLENGE: on_path(c, f); return 0;
    default: return 0; /* streams are not read, limits not used */
    }
}

static enum quicpkt_kind kind_of(enum quic_level level)
{
    return level == QUIC_LEVEL_INITIAL     ? QUICPKT_INITIAL
           : level == QUIC_LEVEL_HANDSHAKE ? QUICPKT_HANDSHAKE
                                           : QUICPKT_SHORT;
}

/* True when all was taken; *ret_wants: something wants an acknowledgement. */
static bool read_frames(struct quic_client *c, enum quic_level level, struct str rest,
                        bool *ret_wants, uint64_t now)
{
    struct quicframe f;
    if (rest.n == 0)
        fault(c, QUIC_PROTOCOL_VIOLATION, "it sent a packet without frames");
    while (rest.n && c->phase == RUNNING) {
        if (quicframe_parse(&f, &rest)) {
            fault(c, QUIC_FRAME_ENCODING_ERROR, "it sent a malformed frame");
            return false;
        }
        if (!quicframe_allowed(f.type, kind_of(level))) {
            fault(c, QUIC_PROTOCOL_VIOLATION, "it sent a frame where it is forbidden");
            return false;
        }
        *ret_wants |= quicframe_wants_ack(f.type);
        int err = on_frame(c, level, &f, now);
        if (err == -ERR_LIMIT)
            fault(c, QUIC_CRYPTO_BUFFER_EXCEEDED, "its handshake is larger than is read");
        if (err)
            return false;
    }
    return c->phase == RUNNING;
}

/* ---- packets ---- */

static bool is_new(struct space *s, uint64_t number)
{
    return number >= s->floor && !quic_ranges_has(&s->seen, number);
}

static void mark_seen(struct space *s, uint64_t number)
{
    while (!quic_ranges_add(&s->seen, number, number + 1)) {
        s->floor = s->seen.v[0].to;
        quic_ranges_drop_lowest(&s->seen);
    }
    if (number >= s->next_seen)
        s->next_seen = number + 1;
}

static void stash(struct quic_client *c, const struct quicpkt *p)
{
    char n[2] = {(char)(p->whole.n >> 8), (char)p->whole.n};
    if (p->whole.n > UINT16_MAX || buf_room(&c->stash) < sizeof n + p->whole.n)
        return;
    buf_add(&c->stash, str_of(n, sizeof n));
    buf_add(&c->stash, p->whole);
}

/* RFC 9000 10.3: the last 16 bytes of what cannot be opened. */
static bool is_reset(const struct quic_client *c, struct str datagram)
{
    const struct quicparams *p = &c->facts->params;
    if (datagram.n < 5 + TOKEN)
        return false;
    struct str last = str_from(datagram, datagram.n - TOKEN);
    for (size_t i = 0; i < c->nreset_tokens; i++)
        if (memcmp(c->reset_tokens[i], last.p, TOKEN) == 0)
            return true;
    return p->reset_token.n == TOKEN && str_eq(p->reset_token, last);
}

static void unopened(struct quic_client *c, const struct quicpkt *p)
{
    c->facts->undecryptable++;
    if (p->kind == QUICPKT_SHORT && is_reset(c, p->whole)) {
        c->facts->reset = true;
        end(c, QUIC_RESET);
    }
}

/* The server's own connection id comes with its first Initial and stays. */
static void adopt(struct quic_client *c, const struct quicpkt *p)
{
    if (c->server_seen || p->kind != QUICPKT_INITIAL)
        return;
    c->server_seen = true;
    c->dcid = keep_id(c->dcid_mem, p->scid);
}

static void on_protected(struct quic_client *c, enum quic_level level, const struct quicpkt *p,
                         uint64_t now)
{
    struct space *s = &c->spaces[level];
    uint64_t number;
    struct str payload;
    unsigned reserved;
    bool wants = false;
    if (s->gone)
        return;
    if (!quic_keys_are(&s->receive)) {
        stash(c, p);
        return;
    }
    if (quic_keys_open(&s->receive, p, s->next_seen, c->plain, &number, &payload, &reserved)) {
        unopened(c, p);
        return;
    }
    if (!is_new(s, number)) {
        c->facts->duplicates++;
        s->ack_due = true; /* ours was lost, perhaps */
        return;
    }
    adopt(c, p);
    if (reserved)
        fault(c, QUIC_PROTOCOL_VIOLATION, "it set reserved bits");
    else if (read_frames(c, level, payload, &wants, now)) {
        mark_seen(s, number);
        s->ack_due |= wants;
        read_messages(c, level, now);
    }
}

static void on_negotiation(struct quic_client *c, const struct quicpkt *p)
{
    size_t n = p->versions.n / 4;
    struct quic_handshake *f = c->facts;
    if (c->server_seen || f->retry || !str_eq(p->scid, c->conf->dcid))
        return;
    for (size_t i = 0; i < n; i++) /* RFC 9000 6.2: with ours in it, it is not meant for us */
        if (quicpkt_version(p->versions, i) == c->conf->version)
            return;
    f->versions = arena_alloc(c->arena, n * sizeof *f->versions);
    if (!f->versions) {
        broken(c, -ERR_NOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++)
        f->versions[i] = quicpkt_version(p->versions, i);
    f->nversions = n;
    end(c, QUIC_OTHER_VERSION);
}

/* RFC 9000 17.2.5.2: once, in front of everything else, with a right tag and a token. */
static void on_retry(struct quic_client *c, const struct quicpkt *p)
{
    struct space *s = &c->spaces[QUIC_LEVEL_INITIAL];
    struct quic_handshake *f = c->facts;
    unsigned char tag[QUICPKT_TAG];
    struct str head = str_sub(p->whole, 0, p->whole.n - QUICPKT_TAG);
    if (c->server_seen || f->retry || p->token.n == 0 || str_eq(p->scid, c->dcid))
        return;
    int err = quic_keys_retry_tag(c->conf->tls.crypto, c->conf->version, c->conf->dcid, head, tag);
    if (err || !str_eq(p->integrity, crypto_str(tag, sizeof tag))) {
        f->undecryptable++;
        return;
    }
    f->retry = true;
    f->retry_token = p->token.n;
    c->validated = true;
    c->token = arena_str(c->arena, p->token);
    c->dcid = keep_id(c->dcid_mem, p->scid);
    c->retry_scid = keep_id(c->retry_mem, p->scid);
    quic_keys_done(&s->send);
    quic_keys_done(&s->receive);
    quic_outbox_rewind(&s->out);
    err = quic_keys_initial(&s->send, &s->receive, c->conf->tls.crypto, c->conf->version, c->dcid,
                            false);
    if (!err && !c->token.p)
        err = -ERR_NOMEM;
    if (err)
        broken(c, err);
    /* A token that leaves no room for a ClientHello cannot be given back (ours fit 1200 bytes). */
    if (p->token.n > QUIC_CLIENT_DATAGRAM / 2)
        fault(c, QUIC_INTERNAL_ERROR, "the token of its Retry is too long");
}

static void on_packet(struct quic_client *c, const struct quicpkt *p, uint64_t now)
{
    if (!str_eq(p->dcid, c->conf->scid))
        return;
    if (p->kind == QUICPKT_SHORT) {
        on_protected(c, QUIC_LEVEL_APP, p, now);
        return;
    }
    if (p->kind == QUICPKT_NEGOTIATION) {
        on_negotiation(c, p);
        return;
    }
    if (p->version != c->conf->version)
        return;
    if (p->kind == QUICPKT_RETRY)
        on_retry(c, p);
    if (c->server_seen && !str_eq(p->scid, c->dcid)) /* RFC 9000 7.2 */
        return;
    if (p->kind == QUICPKT_INITIAL)
        on_protected(c, QUIC_LEVEL_INITIAL, p, now);
    if (p->kind == QUICPKT_HANDSHAKE)
        on_protected(c, QUIC_LEVEL_HANDSHAKE, p, now);
}

static unsigned keys_held(const struct quic_client *c)
{
    unsigned n = 0;
    for (int i = 0; i < QUIC_LEVELS; i++)
        n += quic_keys_are(&c->spaces[i].receive);
    return n;
}

/* Once more what came before its keys. */
static void unstash(struct quic_client *c, uint64_t now)
{
    struct buf old = c->stash;
    struct quicpkt p;
    buf_init(&c->stash, STASH_MAX);
    struct tlsread r = tlsread_of(buf_str(&old));
    while (r.in.n && c->phase == RUNNING)
        if (quicpkt_parse(&p, tlsread_vector(&r, 2), c->conf->scid.n) == 0)
            on_packet(c, &p, now);
    buf_done(&old);
}

/* A server that sends again takes new packet numbers; the same bytes are the network's doing. */
static bool is_copy(struct quic_client *c, struct str datagram)
{
    uint64_t hash = str_hash(datagram);
    for (size_t i = 0; i < HEARD_MAX; i++)
        if (c->heard[i] == hash)
            return true;
    c->heard[c->facts->datagrams_in % HEARD_MAX] = hash;
    return false;
}

static void count(struct quic_client *c, struct str datagram, uint64_t now)
{
    struct quic_handshake *f = c->facts;
    if (!c->validated && !is_copy(c, datagram))
        f->unvalidated_in += datagram.n;
    f->bytes_in += datagram.n;
    if (f->datagrams_in++ == 0)
        f->first_after = now - c->started + 1;
    if (f->unvalidated_in > 3 * f->unvalidated_out)
        f->amplifies = true;
}

void quic_client_feed(struct quic_client *c, struct str datagram, uint64_t now)
{
    struct quicpkt p;
    if (c->phase == ENDED)
        return;
    count(c, datagram, now);
    while (datagram.n && c->phase == RUNNING &&
           quicpkt_parse(&p, datagram, c->conf->scid.n) == 0) {
        unsigned held = keys_held(c);
        on_packet(c, &p, now);
        for (; keys_held(c) > held && c->phase == RUNNING; held++) /* may bring the next keys */
            unstash(c, now);
        datagram = str_from(datagram, p.whole.n);
    }
}

/* ---- sending ---- */

static void put_ack(struct space *s, struct buf *out)
{
    const struct quic_ranges *r = &s->seen;
    if (!s->ack_due || r->n == 0)
        return;
    struct buf further;
    buf_init(&further, 16 * ACK_RANGES);
    size_t i = r->n - 1;
    struct quicframe f = {.type = QUICFRAME_ACK, .value = r->v[i].to - 1,
                          .first = r->v[i].to - r->v[i].from - 1};
    for (size_t told = 1; i > 0 && told < ACK_RANGES; i--, told++)
        quicframe_put_range(&further, r->v[i].from - r->v[i - 1].to - 1,
                            r->v[i - 1].to - r->v[i - 1].from - 1);
    f.data = buf_str(&further);
    quicframe_emit(out, &f);
    buf_done(&further);
    s->ack_due = false;
}

/* A CRYPTO frame has up to 1 + 4 + 2 bytes in front of its data. */
static bool put_crypto(struct space *s, struct buf *out, size_t room, struct sent *sent)
{
    struct quicframe f = {.type = QUICFRAME_CRYPTO};
    size_t left = room > out->n + 7 ? room - out->n - 7 : 0;
    if (!quic_outbox_next(&s->out, left, &f.offset, &f.data))
        return false;
    quicframe_emit(out, &f);
    sent->from = f.offset;
    sent->to = f.offset + f.data.n;
    return true;
}

static void put_path(struct quic_client *c, struct buf *out)
{
    struct quicframe f = {.type = QUICFRAME_PATH_RESPONSE,
                          .data = str_of(c->path_data, sizeof c->path_data)};
    quicframe_emit(out, &f);
    c->path_due = false;
}

/* RFC 9000 10.2.3: an application's close is not told before its keys are the only ones. */
static void put_close(struct quic_client *c, enum quic_level level, struct buf *out)
{
    bool app = c->close_application && level == QUIC_LEVEL_APP;
    struct quicframe f = {.type = app ? QUICFRAME_CLOSE_APP : QUICFRAME_CLOSE,
                          .value = c->close_code};
    if (c->close_application && !app)
        f.value = 0x0c; /* APPLICATION_ERROR */
    quicframe_emit(out, &f);
}

static bool due(const struct quic_client *c, enum quic_level level)
{
    const struct space *s = &c->spaces[level];
    if (!quic_keys_are(&s->send))
        return false;
    return c->phase == CLOSING || s->ack_due || s->ping_due || quic_outbox_pending(&s->out) ||
           (level == QUIC_LEVEL_APP && c->path_due);
}

static struct quicpkt_head head_of(const struct quic_client *c, enum quic_level level)
{
    return (struct quicpkt_head){
        .kind = kind_of(level),
        .version = c->conf->version,
        .dcid = c->dcid,
        .scid = c->conf->scid,
        .token = level == QUIC_LEVEL_INITIAL ? c->token : STR_NONE,
        .number = c->spaces[level].next,
        .number_n = NUMBER_N,
    };
}

/* Frames of one packet, at most `room` bytes, into s->body. */
static void fill(struct quic_client *c, enum quic_level level, size_t room, uint64_t now)
{
    struct space *s = &c->spaces[level];
    struct sent sent = {.used = true, .number = s->next, .time = now};
    buf_clear(&s->body);
    if (c->phase == CLOSING) {
        put_close(c, level, &s->body);
        return;
    }
    put_ack(s, &s->body);
    if (level == QUIC_LEVEL_APP && c->path_due) {
        put_path(c, &s->body);
        sent.probing = true;
    }
    if (put_crypto(s, &s->body, room, &sent))
        sent.probing = true;
    if (s->ping_due && !sent.probing) {
        buf_addc(&s->body, QUICFRAME_PING);
        sent.probing = true;
    }
    if (sent.probing) {
        s->ping_due = false;
        c->last_sent = now;
    }
    s->sent[s->next % SENT_MAX] = sent;
}

static void pad(struct buf *body, size_t to)
{
    while (body->n < to && buf_ok(body))
        buf_addc(body, QUICFRAME_PADDING);
}

struct plan { /* one datagram */
    enum quic_level levels[QUIC_LEVELS];
    size_t n, size;
};

static void plan(struct quic_client *c, struct plan *plan, uint64_t now)
{
    bool full = c->path_due && quic_keys_are(&c->spaces[QUIC_LEVEL_APP].send);
    *plan = (struct plan){.n = 0};
    for (enum quic_level level = 0; level < QUIC_LEVELS; level++) {
        struct quicpkt_head h = head_of(c, level);
        size_t head = quicpkt_head_size(&h) + QUICPKT_TAG;
        /* With less room than an ACK or a close can need, the next datagram has more. */
        if (!due(c, level) || plan->size + head + 160 > QUIC_CLIENT_DATAGRAM)
            continue;
        fill(c, level, QUIC_CLIENT_DATAGRAM - plan->size - head, now);
        pad(&c->spaces[level].body, 4); /* enough for a sample (RFC 9001 5.4.2) */
        plan->levels[plan->n++] = level;
        plan->size += head + c->spaces[level].body.n;
    }
    /* RFC 9000 14.1: a datagram with an Initial is full; 8.2.2: one with a PATH_RESPONSE too. */
    if (plan->n && (full || plan->levels[0] == QUIC_LEVEL_INITIAL)) {
        struct buf *last = &c->spaces[plan->levels[plan->n - 1]].body;
        pad(last, last->n + QUIC_CLIENT_DATAGRAM - plan->size);
        plan->size = QUIC_CLIENT_DATAGRAM;
    }
}

/* One packet at `out`; its size, or 0 after a failure of ours. */
static size_t seal(struct quic_client *c, enum quic_level level, unsigned char *out)
{
    struct space *s = &c->spaces[level];
    struct quicpkt_head h = head_of(c, level);
    struct buf head;
    size_t body_n = s->body.n;
    buf_init(&head, QUIC_CLIENT_DATAGRAM);
    quicpkt_emit(&head, &h, body_n);
    size_t head_n = head.n;
    int err = buf_err(&head) ? buf_err(&head) : buf_err(&s->body);
    if (!err) {
        memcpy(out, buf_str(&head).p, head_n);
        memcpy(out + head_n, buf_str(&s->body).p, body_n);
        err = quic_keys_seal(&s->send, out, head_n, NUMBER_N, body_n, s->next++);
    }
    buf_done(&head);
    if (!err)
        return head_n + body_n + QUICPKT_TAG;
    c->facts->err = err;
    end(c, QUIC_BROKEN);
    return 0;
}

static void was_sent(struct quic_client *c, const struct plan *plan)
{
    struct quic_handshake *f = c->facts;
    f->datagrams_out++;
    f->bytes_out += plan->size;
    if (!c->validated)
        f->unvalidated_out += plan->size;
    for (size_t i = 0; i < plan->n; i++) {
        if (plan->levels[i] != QUIC_LEVEL_HANDSHAKE)
            continue;
        c->validated = true; /* RFC 9000 8.1 */
        drop_keys(&c->spaces[QUIC_LEVEL_INITIAL]); /* RFC 9001 4.9.1 */
        f->finished |= f->server_finished;
    }
    if (c->phase == CLOSING)
        c->phase = ENDED;
}

size_t quic_client_drain(struct quic_client *c, unsigned char out[QUIC_CLIENT_DATAGRAM],
                         uint64_t now)
{
    struct plan p;
    size_t n = 0;
    if (c->phase == ENDED)
        return 0;
    if (c->conf->mute && c->facts->datagrams_in) {
        if (c->phase == CLOSING)
            c->phase = ENDED;
        return 0;
    }
    plan(c, &p, now);
    for (size_t i = 0; i < p.n && c->phase != ENDED; i++)
        n += seal(c, p.levels[i], out + n);
    if (c->phase == ENDED)
        return 0;
    if (p.n == 0 && c->phase == CLOSING)
        c->phase = ENDED; /* no key to say it with */
    if (p.n)
        was_sent(c, &p);
    return n;
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
    if (c->phase != RUNNING)
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
    if (c->phase != RUNNING)
        return;
    if (c->linger_until && now >= c->linger_until) {
        quic_client_close(c);
        return;
    }
    if (!c->linger_until && now - c->started >= c->conf->timeout) {
        outcome(c, c->facts->datagrams_in ? QUIC_STALLED : QUIC_SILENT);
        if (c->facts->datagrams_in && !c->conf->mute)
            closing(c, QUIC_NO_ERROR, false);
        else
            c->phase = ENDED;
        return;
    }
    if (now >= pto_at(c))
        on_pto(c, now);
}
