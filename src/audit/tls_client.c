/* Records, messages and events; see tls_client.h.
 *
 * Input gathers in `in`, records are cut off its front, opened into `plain` when keys are on, and
 * handshake messages are put together in `messages`. One call of tls_client_next gives one event, so
 * that the owner can act between two messages of the same record. Alerts, and records of types that
 * TLS does not know here, are events: what a server does wrong is what an audit is about. */
#include "audit/tls_client.h"

#include "audit/tls_client_part.h"

#include "wire/tlswrite.h"

const char *ending_text(enum ending e)
{
    static const char *const texts[] = {
        [ENDING_OPEN] = "closed by us",        [ENDING_CLOSED] = "closed",
        [ENDING_RESET] = "reset",              [ENDING_TIMEOUT] = "no answer in time",
        [ENDING_REFUSED] = "connection refused", [ENDING_UNREACHABLE] = "unreachable",
        [ENDING_GARBAGE] = "not the protocol", [ENDING_FLOOD] = "endless answer"};
    return texts[e];
}

enum tls_event tls_client_fault(struct tls_client *c, int err)
{
    c->state = TLS_ST_DEAD;
    c->fault = err;
    return TLS_EV_FAULT;
}

struct str tls_client_keep(struct tls_client *c, struct str s)
{
    return arena_str(c->conf.arena, s);
}

/* ---- the ClientHello ---- */

static int add_share(struct tls_client *c, struct buf *shares, uint16_t group)
{
    struct str share;
    if (!group)
        return 0;
    int err = kex_share(c->conf.keys, group, &share);
    if (!err)
        client_hello_add_share(shares, group, share);
    return err ? err : buf_err(shares);
}

/* RFC 8446 4.1.4: after a HelloRetryRequest not with a suite of another digest. */
static bool psk_fits(const struct tls_client *c, const struct tls_session *s)
{
    const struct suite *was = suite_find(s->suite);
    return was && (!c->suite || c->suite->prf == was->prf);
}

/* A PSK of TLS 1.3 is offered by its ticket, older sessions by ticket or id. */
static void offer_session(struct tls_client *c, struct client_hello *h)
{
    const struct tls_session *s = c->conf.session;
    if (!s || (s->version >= TLS_WIRE_13 && !psk_fits(c, s)))
        return;
    if (s->version >= TLS_WIRE_13) {
        h->psk_identity = s->ticket;
        h->psk_age = (uint32_t)((c->conf.now - s->received) / 1000000) + s->age_add;
        h->psk_binder = crypto_md_size(tls_client_md(c));
        h->flags |= CH_PSK_MODES | (c->conf.early_data.n ? CH_EARLY_DATA : 0);
    } else if (s->ticket.n) {
        h->ticket = s->ticket;
        h->flags |= CH_TICKET;
    } else {
        h->session_id = s->session_id;
    }
}

static int emit_hello(struct tls_client *c, struct client_hello *h, struct buf *message)
{
    client_hello_emit(message, h);
    int err = buf_err(message);
    if (!err && h->psk_identity.n)
        err = tls_client13_bind(c, message);
    return err ? err : transcript_add(&c->transcript, buf_str(message));
}

/* RFC 8446 5.1: 0x0301 may stand in front of an initial ClientHello only. */
static uint16_t hello_record_version(const struct tls_client *c)
{
    return c->second_hello ? TLS_WIRE_12
           : c->conf.record_version ? c->conf.record_version
           : c->conf.hello.version < TLS_WIRE_10 ? c->conf.hello.version : TLS_WIRE_10;
}

static int send_hello(struct tls_client *c, struct client_hello *h)
{
    struct buf message;
    buf_init(&message, 128 * 1024);
    int err = emit_hello(c, h, &message);
    if (!err && c->writing)
        err = seal_record(&c->write, TLSREC_HANDSHAKE, c->hs->version, buf_str(&message), &c->out);
    else if (!err)
        tlsrec_emit(&c->out, TLSREC_HANDSHAKE, hello_record_version(c), buf_str(&message),
                    c->conf.fragment);
    if (!err && h->flags & CH_EARLY_DATA && c->conf.early_data.n && h->psk_identity.n)
        err = tls_client13_early(c, buf_str(&message));
    buf_done(&message);
    return err ? err : buf_err(&c->out);
}

static int first_hello(struct tls_client *c)
{
    struct client_hello h = c->conf.hello;
    struct buf shares;
    buf_init(&shares, 64 * 1024);
    int err = add_share(c, &shares, c->conf.share_group);
    if (c->conf.share_group) {
        h.key_shares = buf_str(&shares);
        h.flags |= CH_KEY_SHARE;
    }
    offer_session(c, &h);
    if (!err)
        err = send_hello(c, &h);
    buf_done(&shares);
    return err;
}

/* RFC 8446 4.1.2: the same but for the key share and the cookie, and without early data. */
int tls_client_second_hello(struct tls_client *c, const struct server_hello *retry)
{
    struct client_hello h = c->conf.hello;
    struct buf shares;
    buf_init(&shares, 64 * 1024);
    int err = add_share(c, &shares, retry->ext.group ? retry->ext.group : c->conf.share_group);
    h.key_shares = buf_str(&shares);
    h.flags |= CH_KEY_SHARE;
    h.cookie = retry->ext.cookie;
    offer_session(c, &h);
    h.flags &= ~(uint32_t)CH_EARLY_DATA;
    c->second_hello = true;
    if (!err)
        err = send_hello(c, &h);
    buf_done(&shares);
    return err;
}

int tls_client_init(struct tls_client *c, const struct tls_client_conf *conf)
{
    *c = (struct tls_client){.conf = *conf};
    buf_init(&c->out, 256 * 1024);
    buf_init(&c->in, TLS_CLIENT_IN_MAX);
    buf_init(&c->messages, HANDSHAKE_MAX + HANDSHAKE_HEAD);
    buf_init(&c->plain, TLS_CLIENT_IN_MAX);
    buf_init(&c->premaster, 8192);
    buf_init(&c->cke, 8192);
    transcript_init(&c->transcript, conf->crypto, 2 * HANDSHAKE_MAX);
    c->transcript.keep_all = conf->auth != NULL;
    c->hs = arena_zalloc(conf->arena, sizeof *c->hs);
    if (!c->hs)
        return -ERR_NOMEM;
    c->hs->alert = c->hs->warning = (struct seen_alert){0, ALERT_NONE};
    return first_hello(c);
}

bool tls_client_starved(const struct tls_client *c)
{
    return c->fault == -ERR_NOMEM || c->out.starved || c->in.starved || c->messages.starved ||
           c->plain.starved || c->premaster.starved || c->cke.starved || c->transcript.kept.starved;
}

void tls_client_done(struct tls_client *c)
{
    buf_done(&c->out);
    buf_done(&c->in);
    buf_done(&c->messages);
    buf_done(&c->plain);
    buf_done(&c->premaster);
    buf_done(&c->cke);
    transcript_done(&c->transcript);
    seal_done(&c->read);
    seal_done(&c->write);
    seal_done(&c->next_read);
    seal_done(&c->next_write);
}

/* What belongs to one handshake; the keys in use stay. */
static void forget_handshake(struct tls_client *c)
{
    transcript_done(&c->transcript);
    transcript_init(&c->transcript, c->conf.crypto, 2 * HANDSHAKE_MAX);
    c->transcript.keep_all = c->conf.auth != NULL;
    buf_clear(&c->premaster);
    buf_clear(&c->cke);
    c->ccs_seen = c->finished_sent = c->second_hello = false;
    c->reply = CLIENT_AUTH_NONE;
    c->seen = 0;
}

/* RFC 5746 3.5: no signalling suite in it. */
static int without_signal(struct tls_client *c, struct u16_list *list)
{
    uint16_t *v = arena_alloc(c->conf.arena, list->n * sizeof *v + 1);
    size_t n = 0;
    if (!v)
        return -ERR_NOMEM;
    for (size_t i = 0; i < list->n; i++)
        if (list->v[i] != SUITE_SIGNAL_RENEGOTIATION)
            v[n++] = list->v[i];
    *list = (struct u16_list){v, n};
    return 0;
}

int tls_client_renegotiate(struct tls_client *c)
{
    struct client_hello h = c->conf.hello;
    if (c->hs->version >= TLS_WIRE_13 || c->state != TLS_ST_OPEN)
        return -ERR_INVAL;
    int err = without_signal(c, &h.suites);
    if (err)
        return err;
    if (c->hs->ext.renegotiation) {
        h.flags |= CH_RENEGOTIATION;
        h.verify_data = str_of((const char *)c->verify_client, c->verify_n);
    } else {
        h.flags &= ~(uint32_t)CH_RENEGOTIATION;
    }
    forget_handshake(c);
    c->renegotiating = true;
    c->state = TLS_ST_HELLO;
    return send_hello(c, &h);
}

/* ---- what comes ---- */

int tls_client_feed(struct tls_client *c, struct str in)
{
    c->hs->received += in.n;
    if (c->hs->received > TLS_CLIENT_IN_MAX)
        return -ERR_LIMIT;
    return buf_append(&c->in, in);
}

/* A record may hold several (RFC 5246 6.2.1); one split over two records is passed over: nobody
 * does that. */
static enum tls_event next_alert(struct tls_client *c)
{
    struct handshake *hs = c->hs;
    struct str body = c->alerts;
    c->alerts = body.n < 2 ? STR_NONE : str_from(body, 2);
    if (body.n < 2)
        return TLS_EV_NONE;
    c->alert = (struct seen_alert){(uint8_t)body.p[0], (uint8_t)body.p[1]};
    hs->alerts++;
    struct seen_alert *kept = c->alert.level == TLS_ALERT_WARNING ? &hs->warning : &hs->alert;
    if (kept->code == ALERT_NONE)
        *kept = c->alert;
    return TLS_EV_ALERT;
}

static void record_hello(struct tls_client *c, const struct server_hello *h)
{
    struct handshake *hs = c->hs;
    hs->version = h->version;
    hs->suite = h->suite;
    hs->compression = h->compression;
    memcpy(hs->random, h->random.p, sizeof hs->random);
    hs->session_id = tls_client_keep(c, h->session_id);
    hs->ext = h->ext;
    hs->ext.block = tls_client_keep(c, h->ext.block);
    hs->ext.alpn = tls_client_keep(c, h->ext.alpn);
    hs->ext.npn_names = tls_client_keep(c, h->ext.npn_names);
    hs->ext.scts = hs->scts = tls_client_keep(c, h->ext.scts);
    hs->ext.share = tls_client_keep(c, h->ext.share);
    hs->ext.verify_data = tls_client_keep(c, h->ext.verify_data);
    hs->ext.cookie = hs->ext.quic_params = hs->ext.groups = STR_NONE;
    if (h->version >= TLS_WIRE_13)
        hs->group = h->ext.group;
}

static enum tls_event on_retry(struct tls_client *c, const struct server_hello *h)
{
    struct handshake *hs = c->hs;
    if (c->second_hello) /* RFC 8446 4.1.4: only one */
        return tls_client_fault(c, -ERR_TLS_DECODE);
    hs->retry = true;
    hs->retry_suite = h->suite;
    hs->retry_group = h->ext.group;
    hs->version = h->version;
    c->suite = suite_find(h->suite);
    /* without a group it is for the cookie alone */
    uint16_t group = h->ext.group ? h->ext.group : c->conf.share_group;
    c->stopped = c->conf.stop == TLS_STOP_HELLO || !c->conf.follow_retry || !c->suite ||
                 !kex_can(c->conf.keys, group);
    return TLS_EV_RETRY;
}

/* The transcript of a retried handshake (RFC 8446 4.4.1), then the second hello. */
static int follow_retry(struct tls_client *c, const struct handshake_message *m,
                        const struct server_hello *h)
{
    int err = transcript_choose(&c->transcript, TLS_WIRE_13, tls_client_md(c));
    if (!err)
        err = transcript_retry(&c->transcript);
    if (!err)
        err = transcript_add(&c->transcript, m->whole);
    return err ? err : tls_client_second_hello(c, h);
}

static enum tls_event on_hello(struct tls_client *c, const struct handshake_message *m)
{
    struct server_hello h;
    if (m->type == HS_HELLO_REQUEST)
        return TLS_EV_NONE;
    if (m->type != HS_SERVER_HELLO || server_hello_parse(&h, m->body))
        return tls_client_fault(c, -ERR_TLS_DECODE);
    if (h.retry) {
        enum tls_event event = on_retry(c, &h);
        int err = event == TLS_EV_RETRY && !c->stopped ? follow_retry(c, m, &h) : 0;
        return err ? tls_client_fault(c, err) : event;
    }
    record_hello(c, &h);
    c->hs->hello = true;
    c->suite = suite_find(h.suite);
    int err = transcript_add(&c->transcript, m->whole);
    if (err)
        return tls_client_fault(c, err);
    bool tls13 = h.version >= TLS_WIRE_13;
    c->stopped = c->conf.stop == TLS_STOP_HELLO;
    c->state = tls13 ? TLS_ST_FLIGHT13 : TLS_ST_FLIGHT12;
    return tls13 ? tls_client13_hello(c, &h) : tls_client12_hello(c, &h);
}

static enum tls_event on_message(struct tls_client *c, const struct handshake_message *m)
{
    if (c->state == TLS_ST_HELLO)
        return on_hello(c, m);
    if (c->hs->version >= TLS_WIRE_13)
        return tls_client13_message(c, m);
    return tls_client12_message(c, m);
}

static enum tls_event next_message(struct tls_client *c)
{
    struct handshake_message m;
    int err = handshake_parse(&m, buf_str(&c->messages));
    if (err == -ERR_NEED_MORE)
        return TLS_EV_NONE;
    if (err)
        return tls_client_fault(c, err);
    enum tls_event event = on_message(c, &m);
    buf_consume(&c->messages, m.whole.n);
    return event;
}

static enum tls_event on_content(struct tls_client *c, uint8_t type, struct str content)
{
    switch (type) {
    case TLSREC_HANDSHAKE:
        return buf_append(&c->messages, content) ? tls_client_fault(c, -ERR_LIMIT) : TLS_EV_NONE;
    case TLSREC_ALERT:
        c->alerts = content;
        return next_alert(c);
    case TLSREC_CCS:
        return TLS_EV_NONE;
    default:
        c->record_type = type;
        c->data = content;
        return type == TLSREC_DATA ? TLS_EV_DATA : TLS_EV_RECORD;
    }
}

/* In TLS 1.3 change_cipher_spec means nothing (RFC 8446 5); before, it switches to the keys that
 * were agreed, if we have any: a probe that stops early has none and reads on in clear. Without a
 * certificate before it the server resumes by ticket, whatever it did with the session id. */
static int on_ccs(struct tls_client *c)
{
    const struct tls_session *s = c->conf.session;
    if (c->hs->version >= TLS_WIRE_13 || !c->hs->hello)
        return 0;
    bool resumes = s && s->version < TLS_WIRE_13 && !c->stopped && !c->renegotiating &&
                   c->state == TLS_ST_FLIGHT12 && !tls_client_seen(c, HS_CERTIFICATE) &&
                   !tls_client_seen(c, HS_SERVER_KEY_EXCHANGE);
    int err = resumes ? tls_client12_resumed(c) : 0;
    if (err || !c->next_read.crypto)
        return err;
    seal_done(&c->read);
    c->read = c->next_read;
    c->next_read = (struct seal){0};
    c->ccs_seen = c->reading = true;
    return 0;
}

static enum tls_event open_record(struct tls_client *c, const struct tlsrec *r)
{
    uint8_t type;
    const unsigned char *head = (const unsigned char *)buf_str(&c->in).p;
    buf_clear(&c->plain);
    int err = seal_open(&c->read, head, r->body, &c->plain, &type);
    if (err)
        return tls_client_fault(c, err);
    return on_content(c, type, buf_str(&c->plain));
}

/* Stopped at the ServerHello there are no keys yet: what needs them waits, alerts do not. */
static bool must_wait(const struct tls_client *c, uint8_t type)
{
    bool tls13 = c->hs->version >= TLS_WIRE_13;
    return c->stopped && !c->hs->flight && (tls13 ? type == TLSREC_DATA : type == TLSREC_CCS);
}

static enum tls_event on_record(struct tls_client *c, const struct tlsrec *r)
{
    bool clear_in_13 = c->hs->version >= TLS_WIRE_13 && r->type != TLSREC_DATA;
    if (r->type == TLSREC_CCS) {
        int err = on_ccs(c);
        return err ? tls_client_fault(c, err) : TLS_EV_NONE;
    }
    if (c->reading && clear_in_13 && r->type == TLSREC_HANDSHAKE)
        return tls_client_fault(c, -ERR_TLS_DECODE); /* RFC 8446 5.1: it must be protected */
    if (c->reading && !clear_in_13)
        return open_record(c, r);
    return on_content(c, r->type, r->body);
}

static enum tls_event next_record(struct tls_client *c, bool *ret_more)
{
    struct tlsrec r;
    int err = tlsrec_parse(&r, buf_str(&c->in));
    *ret_more = err == 0 && !must_wait(c, r.type);
    if (err && err != -ERR_NEED_MORE)
        return tls_client_fault(c, err);
    if (!*ret_more)
        return TLS_EV_NONE;
    c->in_used = r.used;
    return on_record(c, &r);
}

/* What the last event pointed into may go now. */
static void drop_used(struct tls_client *c)
{
    if (c->in_used)
        buf_consume(&c->in, c->in_used);
    c->in_used = 0;
}

enum tls_event tls_client_next(struct tls_client *c)
{
    if (c->state == TLS_ST_DEAD)
        return TLS_EV_NONE;
    enum tls_event event = next_alert(c);
    if (event != TLS_EV_NONE)
        return event;
    for (bool more = true; more;) {
        while (!c->stopped && event == TLS_EV_NONE && c->messages.n) {
            size_t before = c->messages.n;
            event = next_message(c);
            if (c->messages.n == before)
                break;
        }
        if (event != TLS_EV_NONE)
            return event;
        drop_used(c);
        event = next_record(c, &more);
        if (event != TLS_EV_NONE)
            return event;
    }
    return TLS_EV_NONE;
}

/* ---- what goes ---- */

int tls_client_send(struct tls_client *c, uint8_t type, struct str payload)
{
    uint16_t version = c->hs->version >= TLS_WIRE_13 ? TLS_WIRE_12
                       : c->hs->version ? c->hs->version : hello_record_version(c);
    if (c->state == TLS_ST_DEAD)
        return -ERR_CLOSED;
    if (c->writing)
        return seal_record(&c->write, type, version, payload, &c->out);
    tlsrec_emit(&c->out, type, version, payload, 0);
    return buf_err(&c->out);
}

int tls_client_say(struct tls_client *c, uint8_t type, struct str body)
{
    struct buf message;
    buf_init(&message, 256 * 1024);
    tlswrite_number(&message, 1, type);
    tlswrite_vector(&message, 3, body);
    int err = buf_err(&message);
    if (!err)
        err = transcript_add(&c->transcript, buf_str(&message));
    if (!err)
        err = tls_client_send(c, TLSREC_HANDSHAKE, buf_str(&message));
    buf_done(&message);
    return err;
}

int tls_client_continue(struct tls_client *c, enum tls_stop stop)
{
    bool answer = c->state == TLS_ST_FLIGHT12 && tls_client_seen(c, HS_SERVER_HELLO_DONE) &&
                  stop == TLS_STOP_NEVER;
    bool keys = c->state == TLS_ST_FLIGHT13 && !c->reading;
    if (c->state == TLS_ST_HELLO || c->state == TLS_ST_DEAD)
        return -ERR_INVAL;
    c->conf.stop = stop;
    c->stopped = false;
    int err = answer ? tls_client12_answer(c) : keys ? tls_client13_keys(c) : 0;
    if (err)
        tls_client_fault(c, err);
    return err;
}

bool tls_client_seen(const struct tls_client *c, uint8_t type)
{
    return type < 32 && c->seen >> type & 1;
}

bool tls_client_twice(struct tls_client *c, uint8_t type)
{
    bool twice = tls_client_seen(c, type);
    if (type < 32)
        c->seen |= 1u << type;
    return twice;
}

void tls_client_record_chain(struct tls_client *c, const struct server_certificates *from)
{
    struct handshake *hs = c->hs;
    if (c->renegotiating)
        return;
    hs->nchain = 0;
    hs->chain = arena_zalloc(c->conf.arena, (from->n + 1) * sizeof *hs->chain);
    for (size_t i = 0; hs->chain && i < from->n; i++) {
        hs->chain[i] = tls_client_keep(c, from->der[i]);
        hs->nchain = i + 1;
    }
    hs->chain_sent = from->sent;
    hs->chain_bytes = from->bytes;
    if (from->status.n)
        hs->status = tls_client_keep(c, from->status);
    if (from->scts.n)
        hs->scts = tls_client_keep(c, from->scts);
}
