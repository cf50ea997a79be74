/* What all probes have in common; see probe.h. */
#include "audit/probe.h"

#include <stdio.h>
#include <stdlib.h>

#define RAW_MAX (64 * 1024)

struct observation *observation_new(const struct probe_spec *spec)
{
    struct observation *o = calloc(1, sizeof *o);
    if (!o)
        return NULL;
    o->spec = *spec;
    arena_init(&o->arena, 16 * 1024, PROBE_ARENA_MAX);
    return o;
}

void observation_free(struct observation *o)
{
    if (!o)
        return;
    arena_done(&o->arena);
    free(o);
}

/* ---- evidence ---- */

/* The kept part grows in one piece of memory of its final size, made when the first byte comes. */
static void keep(struct observation *o, struct str *kept, size_t *all, struct str more)
{
    if (!kept->p && more.n) {
        char *room = arena_alloc(&o->arena, PROBE_EVIDENCE);
        *kept = str_of(room, 0);
    }
    size_t n = kept->p ? PROBE_EVIDENCE - kept->n : 0;
    n = more.n < n ? more.n : n;
    if (n)
        memcpy((char *)kept->p + kept->n, more.p, n);
    kept->n += n;
    *all += more.n;
}

void probe_react(struct probe *p, const char *format, ...)
{
    va_list args;
    size_t room = sizeof p->o->reaction - p->reaction_n;
    va_start(args, format);
    int n = vsnprintf(p->o->reaction + p->reaction_n, room, format, args);
    va_end(args);
    if (n > 0)
        p->reaction_n += (size_t)n < room ? (size_t)n : room - 1;
}

/* ---- life ---- */

static int start_tls(struct probe *p, const struct probe_env *env)
{
    struct tls_client_conf conf = {.hello = p->spec.hello,
                                   .crypto = env->crypto,
                                   .keys = env->keys,
                                   .arena = &p->o->arena,
                                   .record_version = p->spec.record_version,
                                   .share_group = p->spec.share_group,
                                   .fragment = p->spec.fragment,
                                   .stop = p->spec.stop,
                                   .follow_retry = p->spec.follow_retry,
                                   .session = p->spec.session,
                                   .auth = env->auth,
                                   .now = p->now};
    if (p->spec.session && p->spec.hello.flags & CH_EARLY_DATA)
        conf.early_data = p->spec.request;
    int err = crypto_random(env->crypto, conf.hello.random, sizeof conf.hello.random);
    p->tls_live = true;
    if (!err)
        err = tls_client_init(&p->tls, &conf);
    p->o->hs = p->tls.hs;
    return err;
}

int probe_new(const struct probe_env *env, const struct probe_spec *spec, uint64_t now,
              struct probe **ret)
{
    struct probe *p = calloc(1, sizeof *p);
    if (!p)
        return -ERR_NOMEM;
    p->spec = *spec;
    p->now = p->quiet_since = now;
    p->o = observation_new(spec);
    buf_init(&p->out, RAW_MAX);
    buf_init(&p->received, RAW_MAX);
    if (!p->spec.timeout)
        p->spec.timeout = env->timeout;
    int err = p->o ? 0 : -ERR_NOMEM;
    if (!err && spec->kind->tls)
        err = start_tls(p, env);
    if (!err && spec->kind->start)
        err = spec->kind->start(p);
    if (err) {
        probe_free(p);
        return err;
    }
    p->o->started = now;
    *ret = p;
    return 0;
}

void probe_free(struct probe *p)
{
    if (!p)
        return;
    if (p->tls_live)
        tls_client_done(&p->tls);
    if (p->http_live)
        http_client_done(&p->http);
    h2_client_free(p->h2);
    buf_done(&p->out);
    buf_done(&p->received);
    observation_free(p->o);
    free(p);
}

static bool starved(const struct probe *p)
{
    bool http = p->http_live && (p->http.in.starved || p->http.body.starved);
    bool tls = p->tls_live && tls_client_starved(&p->tls);
    return p->starved || p->out.starved || p->received.starved || p->o->arena.starved || http || tls;
}

struct observation *probe_result(struct probe *p)
{
    struct observation *o = p->o;
    o->starved = starved(p);
    p->o = NULL;
    return o;
}

void probe_finish(struct probe *p)
{
    if (p->done)
        return;
    p->done = true;
    p->o->ended = p->now;
}

void probe_conclude(struct probe *p, enum outcome outcome, const char *why)
{
    if (p->done)
        return;
    p->o->outcome = outcome;
    p->o->why = why;
    probe_finish(p);
}

void probe_connected(struct probe *p, uint64_t now)
{
    p->o->connected = true;
    p->o->connected_at = p->quiet_since = p->now = now;
}

/* ---- the answer to a request ---- */

void probe_expect(struct probe *p)
{
    http_client_init(&p->http, &p->o->arena, p->spec.method ? p->spec.method : METHOD_GET);
    p->http_live = true;
}

void probe_request(struct probe *p)
{
    if (!p->spec.request.n || p->http_live)
        return;
    probe_expect(p);
    if (p->spec.kind->tls && tls_client_send(&p->tls, TLSREC_DATA, p->spec.request))
        probe_finish(p);
    else if (!p->spec.kind->tls)
        buf_add(&p->out, p->spec.request);
}

static void answered(struct probe *p)
{
    p->o->http = arena_alloc(&p->o->arena, sizeof *p->o->http);
    if (p->o->http)
        *p->o->http = p->http.answer;
}

void probe_answer(struct probe *p, struct str data)
{
    size_t used;
    if (!p->http_live || p->o->http)
        return;
    int err = http_client_feed(&p->http, data, &used);
    if (err == -ERR_NEED_MORE)
        return;
    if (!err)
        answered(p);
    probe_finish(p);
}

static void answer_closed(struct probe *p)
{
    if (p->http_live && !p->o->http && !http_client_close(&p->http, p->o->clean_close))
        answered(p);
}

void probe_keep_sessions(struct probe *p)
{
    struct observation *o = p->o;
    if (!p->tls_live || !p->tls.hs->established)
        return;
    for (size_t i = o->nsessions; i < PROBE_SESSIONS_MAX; i++) {
        struct tls_session s;
        if (tls_client_session(&p->tls, i, &o->arena, &s) || (i > 0 && s.version < TLS_WIRE_13))
            return;
        s.received = p->now;
        o->sessions[o->nsessions++] = s;
    }
}

/* ---- bytes ---- */

static void run_events(struct probe *p)
{
    const struct probe_kind *k = p->spec.kind;
    enum tls_event e;
    while (!p->done && (e = tls_client_next(&p->tls)) != TLS_EV_NONE) {
        if (e == TLS_EV_ALERT && p->tls.alert.code == 0)
            p->o->clean_close = true;
        if (k->on_event)
            k->on_event(p, e);
        if (e == TLS_EV_ALERT && p->tls.alert.code == 0) /* RFC 8446 6.1: the last one */
            probe_ended(p, ENDING_CLOSED, p->now);
        if (e == TLS_EV_FAULT && !p->done) {
            p->o->ending = p->tls.fault == -ERR_LIMIT ? ENDING_FLOOD : ENDING_GARBAGE;
            if (k->on_end)
                k->on_end(p, p->o->ending);
            probe_finish(p);
        }
    }
}

void probe_feed(struct probe *p, struct str in, uint64_t now)
{
    p->now = now;
    if (p->done || in.n == 0)
        return;
    p->quiet_since = now;
    if (!p->o->first_byte_at)
        p->o->first_byte_at = now;
    keep(p->o, &p->o->received, &p->o->received_n, in);
    if (!p->spec.kind->tls) {
        p->spec.kind->on_bytes(p, in);
        return;
    }
    if (tls_client_feed(&p->tls, in)) {
        probe_ended(p, ENDING_FLOOD, now);
        return;
    }
    run_events(p);
}

void probe_ended(struct probe *p, enum ending how, uint64_t now)
{
    p->now = now;
    if (p->done)
        return;
    p->o->ending = how;
    answer_closed(p);
    if (p->spec.kind->on_end)
        p->spec.kind->on_end(p, how);
    probe_finish(p);
}

struct str probe_out(const struct probe *p)
{
    struct str all = buf_str(p->spec.kind->tls ? &p->tls.out : &p->out);
    size_t split = p->spec.split;
    return split > p->o->sent_n ? str_sub(all, 0, split - p->o->sent_n) : all;
}

void probe_sent(struct probe *p, size_t n)
{
    struct buf *out = p->spec.kind->tls ? &p->tls.out : &p->out;
    keep(p->o, &p->o->sent, &p->o->sent_n, str_sub(buf_str(out), 0, n));
    buf_consume(out, n);
}

/* A peer that drips bytes may not hold a probe for ever: four times the silence is the most. */
uint64_t probe_deadline(const struct probe *p)
{
    uint64_t start = p->o->connected_at ? p->o->connected_at : p->o->started;
    uint64_t quiet = p->quiet_since + p->spec.timeout, all = start + 4 * p->spec.timeout;
    return quiet < all ? quiet : all;
}

void probe_expire(struct probe *p, uint64_t now)
{
    if (now >= probe_deadline(p))
        probe_ended(p, p->o->connected ? ENDING_TIMEOUT : ENDING_UNREACHABLE, now);
}
