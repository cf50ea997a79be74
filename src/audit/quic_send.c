/* What a QUIC client sends; see quic_send.h. A datagram is planned first, a packet a level, since
 * its last packet takes the padding; then each is sealed. */
#include "audit/quic_send.h"

enum {
    ACK_RANGES = 8, /* told in one ACK */
    NUMBER_N = 2,   /* bytes of packet numbers: ours stay few */
};

/* ---- sending ---- */

static void put_ack(struct quic_client *c, struct quic_space *s, struct buf *out)
{
    const struct quic_ranges *r = &s->seen;
    if (!s->ack_due || r->n == 0)
        return;
    struct buf further;
    buf_init(&further, 16 * ACK_RANGES);
    size_t i = r->n - 1;
    struct quicframe f = {
        .type = QUICFRAME_ACK, .value = r->v[i].to - 1, .first = r->v[i].to - r->v[i].from - 1};
    for (size_t told = 1; i > 0 && told < ACK_RANGES; i--, told++)
        quicframe_put_range(&further, r->v[i].from - r->v[i - 1].to - 1,
                            r->v[i - 1].to - r->v[i - 1].from - 1);
    f.data = buf_str(&further);
    quicframe_emit(out, &f);
    if (!buf_ok(&further))
        c->facts->err = buf_err(&further);
    buf_done(&further);
    s->ack_due = false;
}

/* A CRYPTO frame has up to 1 + 4 + 2 bytes in front of its data. */
static bool put_crypto(struct quic_space *s, struct buf *out, size_t room, struct quic_sent *sent)
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
    const struct quic_space *s = &c->spaces[level];
    if (!quic_keys_are(&s->send))
        return false;
    return c->phase == QUIC_CLOSING || s->ack_due || s->ping_due || quic_outbox_pending(&s->out) ||
           (level == QUIC_LEVEL_APP && c->path_due);
}

static struct quicpkt_head head_of(const struct quic_client *c, enum quic_level level)
{
    return (struct quicpkt_head){
        .kind = quic_conn_kind(level),
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
    struct quic_space *s = &c->spaces[level];
    struct quic_sent sent = {.used = true, .number = s->next, .time = now};
    buf_clear(&s->body);
    if (c->phase == QUIC_CLOSING) {
        put_close(c, level, &s->body);
        return;
    }
    put_ack(c, s, &s->body);
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
    s->sent[s->next % QUIC_CONN_SENT] = sent;
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
    full |= plan->n && plan->levels[0] == QUIC_LEVEL_INITIAL && !c->conf->unpadded;
    if (plan->n && full) {
        struct buf *last = &c->spaces[plan->levels[plan->n - 1]].body;
        pad(last, last->n + QUIC_CLIENT_DATAGRAM - plan->size);
        plan->size = QUIC_CLIENT_DATAGRAM;
    }
}

/* One packet at `out`; its size, or 0 after a failure of ours. */
static size_t seal(struct quic_client *c, enum quic_level level, unsigned char *out)
{
    struct quic_space *s = &c->spaces[level];
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
    quic_conn_end(c, QUIC_BROKEN);
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
        c->validated = true;                                 /* RFC 9000 8.1 */
        quic_conn_drop_keys(&c->spaces[QUIC_LEVEL_INITIAL]); /* RFC 9001 4.9.1 */
        f->finished |= f->server_finished;
    }
    if (c->phase == QUIC_CLOSING)
        c->phase = QUIC_ENDED;
}

size_t quic_send(struct quic_client *c, unsigned char out[QUIC_CLIENT_DATAGRAM], uint64_t now)
{
    struct plan p;
    size_t n = 0;
    if (c->conf->mute && c->facts->datagrams_in) {
        if (c->phase == QUIC_CLOSING)
            c->phase = QUIC_ENDED;
        return 0;
    }
    plan(c, &p, now);
    for (size_t i = 0; i < p.n && c->phase != QUIC_ENDED; i++)
        n += seal(c, p.levels[i], out + n);
    if (c->phase == QUIC_ENDED)
        return 0;
    if (p.n == 0 && c->phase == QUIC_CLOSING)
        c->phase = QUIC_ENDED; /* no key to say it with */
    if (p.n)
        was_sent(c, &p);
    return n;
}
