/* HTTP/2 in an established connection: one honest request, which shows whether it works at all, and
 * the floods of h2_probe.h, which show whether the server counts what a client does to it. A flood
 * ends by its fence (a PING that is answered), so that nobody waits where all is known. */
#include "audit/probe.h"

enum { RECORD = 16000 }; /* bytes of ours in one record */

/* Bytes of HTTP/2 as records. */
static int send_all(struct probe *p, struct str bytes)
{
    int err = 0;
    while (bytes.n && !err) {
        err = tls_client_send(&p->tls, TLSREC_DATA, str_sub(bytes, 0, RECORD));
        bytes = str_from(bytes, bytes.n < RECORD ? bytes.n : RECORD);
    }
    return err;
}

/* Returns err; that memory was out is the probe's to tell. */
static int noted(struct probe *p, int err)
{
    p->starved = p->starved || err == -ERR_NOMEM;
    return err;
}

static bool negotiated(struct probe *p)
{
    const struct handshake *hs = p->tls.hs;
    struct str alpn = hs->ee.alpn.n ? hs->ee.alpn : hs->ext.alpn;
    p->o->h2.negotiated = str_eq(alpn, STR("h2"));
    if (!p->o->h2.negotiated)
        probe_conclude(p, OUTCOME_NONE, "the server did not choose HTTP/2 this time");
    return p->o->h2.negotiated;
}

static bool fatal_alert(const struct probe *p, enum tls_event e)
{
    return e == TLS_EV_ALERT && p->tls.alert.level != TLS_ALERT_WARNING;
}

/* ---- a request ---- */

static int drain(struct probe *p)
{
    struct buf out;
    buf_init(&out, 64 * 1024);
    int err = h2_client_drain(p->h2, &out);
    if (!err)
        err = send_all(p, buf_str(&out));
    buf_done(&out);
    return noted(p, err);
}

static void ask(struct probe *p)
{
    struct h2_client_request r = {.authority = p->spec.request};
    int32_t id;
    p->h2 = h2_client_new(&p->o->arena);
    if (noted(p, p->h2 ? h2_client_request(p->h2, &r, &id) : -ERR_NOMEM) || drain(p)) {
        probe_conclude(p, OUTCOME_NONE, "the request cannot be made");
        return;
    }
    p->phase = id;
}

static void look(struct probe *p)
{
    const struct h2_client_peer *peer = h2_client_peer(p->h2);
    const struct h2_client_answer *a = h2_client_answer(p->h2, p->phase);
    struct h2_seen *s = &p->o->h2;
    s->settings = peer->settings;
    s->max_streams = peer->max_concurrent_streams;
    s->violation = peer->violation;
    s->goaway = peer->goaway;
    s->status = a ? a->status : 0;
    s->reset = a && a->end == H2_CLIENT_RESET;
    s->code = s->reset ? a->code : peer->goaway_code;
}

static void get_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED && negotiated(p)) {
        ask(p);
    } else if (e == TLS_EV_DATA && p->h2) {
        bool dead = noted(p, h2_client_feed(p->h2, p->tls.data)) || drain(p);
        look(p);
        if (dead || p->o->h2.status >= 200 || h2_client_idle(p->h2))
            probe_finish(p);
    } else if (fatal_alert(p, e)) {
        probe_ended(p, ENDING_CLOSED, p->now);
    }
}

static void get_end(struct probe *p, enum ending how)
{
    if (!p->h2)
        return;
    h2_client_close(p->h2);
    look(p);
}

const struct probe_kind probe_h2 = {
    .name = "h2", .tls = true, .on_event = get_event, .on_end = get_end};

/* ---- floods ---- */

static void flood(struct probe *p)
{
    struct buf out;
    buf_init(&out, 2u << 20);
    h2_probe_init(&p->flood, (enum h2_probe_kind)p->spec.variant);
    int err = h2_probe_write(&out, p->flood.kind, p->spec.request, p->spec.size);
    if (!err)
        err = send_all(p, buf_str(&out));
    buf_done(&out);
    if (noted(p, err))
        probe_conclude(p, OUTCOME_NONE, "the frames cannot be made");
    p->phase = 1;
}

/* True: it is clear what the server did. */
static bool judge(struct probe *p, bool closed, bool waited)
{
    const struct h2_probe *f = &p->flood;
    p->o->h2 = (struct h2_seen){.negotiated = true,
                                .settings = f->settings,
                                .max_streams = f->max_streams,
                                .goaway = f->goaway,
                                .code = f->goaway_code,
                                .answers = f->answers,
                                .resets = f->resets,
                                .verdict = h2_probe_judge(f, closed, waited)};
    return p->o->h2.verdict != H2_PROBE_OPEN;
}

static void flood_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED && negotiated(p)) {
        flood(p);
    } else if (e == TLS_EV_DATA && p->phase) {
        h2_probe_feed(&p->flood, p->tls.data);
        if (judge(p, false, false))
            probe_finish(p);
    } else if (fatal_alert(p, e)) {
        probe_ended(p, ENDING_CLOSED, p->now);
    }
}

/* close_notify, FIN and RST all end it; where we have sent much that nobody read it is RST. */
static void flood_end(struct probe *p, enum ending how)
{
    if (p->phase)
        judge(p, how == ENDING_CLOSED || how == ENDING_RESET, how == ENDING_TIMEOUT);
}

const struct probe_kind probe_h2_flood = {
    .name = "h2-flood", .tls = true, .on_event = flood_event, .on_end = flood_end};
