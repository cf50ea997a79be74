/* What a QUIC client does with what comes; see quic_receive.h. Top to bottom: TLS's messages,
 * frames, packets, datagrams. */
#include "audit/quic_receive.h"

/* Bytes of a Retry's token: a larger one leaves no room in datagrams of 1200 bytes. */
enum { TOKEN_MAX = 900 };

/* ---- TLS ---- */

static void install(struct quic_client *c, enum quic_level level)
{
    struct quic_space *s = &c->spaces[level];
    struct crypto *crypto = c->conf->tls.crypto;
    if (!c->tls.have[level] || s->gone || quic_keys_are(&s->send))
        return;
    int err = quic_keys_init(&s->send, crypto, c->conf->version, c->facts->suite,
                             &c->tls.secrets[level][0], true);
    if (!err)
        err = quic_keys_init(&s->receive, crypto, c->conf->version, c->facts->suite,
                             &c->tls.secrets[level][1], false);
    if (err)
        quic_conn_broken(c, err);
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
        quic_conn_fault(c, QUIC_TRANSPORT_PARAMETER_ERROR, "its connection ids are not authentic");
    else if (c->facts->params_fault)
        quic_conn_fault(c, QUIC_TRANSPORT_PARAMETER_ERROR,
                        "a transport parameter has a forbidden value");
    else if (quicparams_has(p, QUICPARAM_VERSIONS) && p->version != c->conf->version)
        quic_conn_fault(c, QUIC_VERSION_NEGOTIATION_ERROR,
                        "its chosen version is not the one spoken");
}

static void tls_failed(struct quic_client *c, int err)
{
    if (err == -ERR_UNSUPPORTED) {
        quic_conn_outcome(c, QUIC_CHOSEN);
        quic_conn_closing(c, QUIC_NO_ERROR, false);
    } else if (err == -ERR_TLS_HANDSHAKE) {
        quic_conn_fault(c, QUIC_CRYPTO_ERROR + c->tls.alert, NULL);
    } else {
        quic_conn_broken(c, err);
    }
}

static void after_message(struct quic_client *c, const struct handshake_message *m, uint64_t now)
{
    install(c, QUIC_LEVEL_HANDSHAKE);
    install(c, QUIC_LEVEL_APP);
    if (m->type == HS_ENCRYPTED_EXTENSIONS)
        check_ids(c);
    if (m->type == HS_FINISHED && c->phase == QUIC_RUNNING) {
        c->facts->complete_after = now - c->started + 1;
        if (!c->conf->mute) /* the mute one stays till its time is out */
            c->linger_until = now + c->conf->linger;
        quic_conn_outcome(c, QUIC_COMPLETE);
    }
}

/* All whole messages of a level's stream. */
static void read_messages(struct quic_client *c, enum quic_level level, uint64_t now)
{
    struct quic_space *s = &c->spaces[level];
    struct handshake_message m;
    while (c->phase == QUIC_RUNNING) {
        int err = handshake_parse(&m, quic_inbox_str(&s->in));
        if (err == -ERR_NEED_MORE)
            return;
        if (err) {
            quic_conn_fault(c, QUIC_CRYPTO_BUFFER_EXCEEDED,
                            "a message of its handshake is too large");
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

static void acked(struct quic_client *c, struct quic_space *s, struct quic_sent *sent, bool largest,
                  uint64_t now)
{
    uint64_t rtt = now - sent->time;
    sent->used = false;
    c->ptos = 0;
    (void)quic_ranges_add(&s->out.acked, sent->from, sent->to);
    if (largest && sent->probing && (!c->facts->rtt || rtt < c->facts->rtt))
        c->facts->rtt = rtt + !rtt;
}

static void on_ack(struct quic_client *c, struct quic_space *s, const struct quicframe *f,
                   uint64_t now)
{
    struct quicframe_ranges it = {.begun = false};
    uint64_t first, last;
    if (f->value >= s->next) {
        quic_conn_fault(c, QUIC_PROTOCOL_VIOLATION, "it acknowledged a packet that was never sent");
        return;
    }
    while (quicframe_range(f, &it, &first, &last))
        for (size_t i = 0; i < QUIC_CONN_SENT; i++) {
            struct quic_sent *sent = &s->sent[i];
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
    quic_conn_end(c, QUIC_CLOSED);
}

static void on_new_id(struct quic_client *c, const struct quicframe *f)
{
    if (c->nreset_tokens < QUIC_CONN_RESET_TOKENS)
        memcpy(c->reset_tokens[c->nreset_tokens++], f->reset.p, QUIC_CONN_TOKEN);
}

static void on_done(struct quic_client *c)
{
    c->facts->confirmed = true;
    quic_conn_drop_keys(&c->spaces[QUIC_LEVEL_HANDSHAKE]);
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
    struct quic_space *s = &c->spaces[level];
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

/* True when all was taken; *ret_wants: something wants an acknowledgement. */
static bool read_frames(struct quic_client *c, enum quic_level level, struct str rest,
                        bool *ret_wants, uint64_t now)
{
    struct quicframe f;
    if (rest.n == 0)
        quic_conn_fault(c, QUIC_PROTOCOL_VIOLATION, "it sent a packet without frames");
    while (rest.n && c->phase == QUIC_RUNNING) {
        if (quicframe_parse(&f, &rest)) {
            quic_conn_fault(c, QUIC_FRAME_ENCODING_ERROR, "it sent a malformed frame");
            return false;
        }
        if (!quicframe_allowed(f.type, quic_conn_kind(level))) {
            quic_conn_fault(c, QUIC_PROTOCOL_VIOLATION, "it sent a frame where it is forbidden");
            return false;
        }
        *ret_wants |= quicframe_wants_ack(f.type);
        int err = on_frame(c, level, &f, now);
        if (err == -ERR_LIMIT)
            quic_conn_fault(c, QUIC_CRYPTO_BUFFER_EXCEEDED, "its handshake is larger than is read");
        if (err == -ERR_NOMEM)
            quic_conn_broken(c, err);
        if (err)
            return false;
    }
    return c->phase == QUIC_RUNNING;
}

/* ---- packets ---- */

static bool is_new(struct quic_space *s, uint64_t number)
{
    return number >= s->floor && !quic_ranges_has(&s->seen, number);
}

static void mark_seen(struct quic_space *s, uint64_t number)
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
    if (!buf_ok(&c->stash))
        quic_conn_broken(c, buf_err(&c->stash));
}

/* RFC 9000 10.3: the last 16 bytes of what cannot be opened. */
static bool is_reset(const struct quic_client *c, struct str datagram)
{
    const struct quicparams *p = &c->facts->params;
    if (datagram.n < 5 + QUIC_CONN_TOKEN)
        return false;
    struct str last = str_from(datagram, datagram.n - QUIC_CONN_TOKEN);
    for (size_t i = 0; i < c->nreset_tokens; i++)
        if (memcmp(c->reset_tokens[i], last.p, QUIC_CONN_TOKEN) == 0)
            return true;
    return p->reset_token.n == QUIC_CONN_TOKEN && str_eq(p->reset_token, last);
}

static void unopened(struct quic_client *c, const struct quicpkt *p)
{
    c->facts->undecryptable++;
    if (p->kind == QUICPKT_SHORT && is_reset(c, p->whole)) {
        c->facts->reset = true;
        quic_conn_end(c, QUIC_RESET);
    }
}

/* The server's own connection id comes with its first Initial and stays. */
static void adopt(struct quic_client *c, const struct quicpkt *p)
{
    if (c->server_seen || p->kind != QUICPKT_INITIAL)
        return;
    c->server_seen = true;
    c->dcid = quic_conn_keep_id(c->dcid_mem, p->scid);
}

static void on_protected(struct quic_client *c, enum quic_level level, const struct quicpkt *p,
                         uint64_t now)
{
    struct quic_space *s = &c->spaces[level];
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
        quic_conn_fault(c, QUIC_PROTOCOL_VIOLATION, "it set reserved bits");
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
        quic_conn_broken(c, -ERR_NOMEM);
        return;
    }
    for (size_t i = 0; i < n; i++)
        f->versions[i] = quicpkt_version(p->versions, i);
    f->nversions = n;
    quic_conn_end(c, QUIC_OTHER_VERSION);
}

/* RFC 9000 17.2.5.2: once, in front of everything else, with a right tag and a token. */
static void on_retry(struct quic_client *c, const struct quicpkt *p)
{
    struct quic_space *s = &c->spaces[QUIC_LEVEL_INITIAL];
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
    c->dcid = quic_conn_keep_id(c->dcid_mem, p->scid);
    c->retry_scid = quic_conn_keep_id(c->retry_mem, p->scid);
    quic_keys_done(&s->send);
    quic_keys_done(&s->receive);
    quic_outbox_rewind(&s->out);
    err = quic_keys_initial(&s->send, &s->receive, c->conf->tls.crypto, c->conf->version, c->dcid,
                            false);
    if (!err && !c->token.p)
        err = -ERR_NOMEM;
    if (!err && p->token.n > TOKEN_MAX)
        err = -ERR_LIMIT;
    if (err)
        quic_conn_broken(c, err);
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
    buf_init(&c->stash, QUIC_CONN_STASH);
    struct tlsread r = tlsread_of(buf_str(&old));
    while (r.in.n && c->phase == QUIC_RUNNING)
        if (quicpkt_parse(&p, tlsread_vector(&r, 2), c->conf->scid.n) == 0)
            on_packet(c, &p, now);
    buf_done(&old);
}

/* A server that sends again takes new packet numbers; the same bytes are the network's doing. */
static bool is_copy(struct quic_client *c, struct str datagram)
{
    uint64_t hash = str_hash(datagram);
    for (size_t i = 0; i < QUIC_CONN_HEARD; i++)
        if (c->heard[i] == hash)
            return true;
    c->heard[c->facts->datagrams_in % QUIC_CONN_HEARD] = hash;
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

void quic_receive(struct quic_client *c, struct str datagram, uint64_t now)
{
    struct quicpkt p;
    count(c, datagram, now);
    while (datagram.n && c->phase == QUIC_RUNNING &&
           quicpkt_parse(&p, datagram, c->conf->scid.n) == 0) {
        unsigned held = keys_held(c);
        on_packet(c, &p, now);
        for (; keys_held(c) > held && c->phase == QUIC_RUNNING;
             held++) /* may bring the next keys */
            unstash(c, now);
        datagram = str_from(datagram, p.whole.n);
    }
}
