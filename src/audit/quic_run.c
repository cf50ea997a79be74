/* QUIC clients on sockets; see quic_run.h. */
#include "audit/quic_run.h"

#include "audit/cert_parse.h"
#include "audit/plan.h"
#include "io/udp.h"

#include <stdlib.h>

enum talk_kind { TALK_NEGOTIATION, TALK_V1, TALK_V2, TALK_MUTE, TALKS };
enum { X25519 = 29, X25519MLKEM768 = 0x11ec };
enum { ALERT_UNRECOGNIZED_NAME = 112, ALERT_NO_APPLICATION_PROTOCOL = 120 };

#define POLL         (50 * MILLISECOND) /* until the round trip is known */
#define HANDSHAKE    (4 * SECOND)       /* for all of one, at most */
#define RESENDS_WAIT (3 * SECOND)       /* for what a server sends again unasked */

/* One connection; the same place serves its repetitions. */
struct talk {
    struct quic_run *run;
    enum talk_kind kind;
    struct udp udp;
    struct timer timer;
    struct arena arena;
    struct quic_client_conf conf;
    struct quic_client *client; /* NULL: not running */
    unsigned char ids[28];      /* 20 of the server's first id, 8 of ours */
    unsigned char first[QUIC_CLIENT_DATAGRAM];
    size_t first_n;
    uint64_t begun;
    unsigned tries; /* that did not succeed */
    bool started, done, heard, resent, nameless, classic;
};

struct quic_run {
    struct quic_run_env env;
    struct talk talks[TALKS];
    struct quic_facts facts;
    struct arena arena; /* what the facts point at */
    struct task begin, finish;
    uint64_t rtt;        /* ns to the first answer over QUIC; 0: none yet */
    bool answered, sent; /* something of QUIC came back; a datagram went out */
    bool ended, gave_up;
    bool starved; /* memory was out */
};

static const uint16_t suites[] = {0x1301, 0x1302, 0x1303, 0x1304};
/* Without the first where the library cannot do it and the server insists (talk.classic). */
static const uint16_t groups[] = {X25519MLKEM768, X25519, 23, 24, 25, 30};

static void advance(struct quic_run *r);
static void pump(struct talk *t);

/* ---- how long ---- */

static uint64_t rtt_of(const struct quic_run *r)
{
    uint64_t tcp = r->env.rtt ? r->env.rtt(r->env.user) : 0;
    return !tcp || (r->rtt && r->rtt < tcp) ? r->rtt : tcp;
}

static uint64_t silence_of(const struct quic_run *r)
{
    uint64_t rtt = rtt_of(r), t = 4 * rtt + 200 * MILLISECOND;
    if (r->env.timeout)
        return r->env.timeout;
    if (!rtt || t > QUIC_RUN_SILENCE_MOST)
        return QUIC_RUN_SILENCE_MOST;
    return t < QUIC_RUN_SILENCE_LEAST ? QUIC_RUN_SILENCE_LEAST : t;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Until the first answer: the second transmission, then the end; looked at again and again while
 * the round trip, and so the times, are not known. */
static uint64_t silent_deadline(const struct talk *t, uint64_t now)
{
    uint64_t silence = silence_of(t->run);
    uint64_t at = t->begun + (t->resent || t->conf.mute ? silence : silence / 2);
    return rtt_of(t->run) || t->run->env.timeout ? at : earlier(at, now + POLL);
}

static void set_timer(struct talk *t)
{
    uint64_t at = quic_client_deadline(t->client), now = loop_clock(t->run->env.loop);
    if (!t->heard)
        at = earlier(at, silent_deadline(t, now));
    if (at == UINT64_MAX)
        timer_stop(t->run->env.loop, &t->timer);
    else
        timer_start(t->run->env.loop, &t->timer, at);
}

/* ---- the beginning of a connection ---- */

static void configure(struct talk *t)
{
    struct quic_run *r = t->run;
    uint64_t mute = r->env.thorough ? RESENDS_WAIT : 4 * rtt_of(r) + 200 * MILLISECOND;
    size_t skip = t->classic;
    t->conf = (struct quic_client_conf){
        .tls = {.crypto = r->env.crypto,
                .kex = r->env.keys,
                .auth = r->env.auth,
                .sni = t->nameless ? STR_NONE : r->env.sni,
                .alpn = STR("\2h3"),
                .suites = {suites, sizeof suites / sizeof *suites},
                .groups = {groups + skip, sizeof groups / sizeof *groups - skip},
                .sigalgs = offer_sigalgs13(),
                .share_group = X25519},
        .version = t->kind == TALK_NEGOTIATION ? QUIC_RESERVED
                   : t->kind == TALK_V2        ? QUIC_V2
                                               : QUIC_V1,
        .dcid = crypto_str(t->ids, 20),
        .scid = crypto_str(t->ids + 20, 8),
        .timeout = t->kind == TALK_MUTE ? mute : HANDSHAKE,
        .linger = 200 * MILLISECOND,
        .mute = t->kind == TALK_MUTE};
}

static int talk_open(struct talk *t)
{
    struct quic_run *r = t->run;
    int err = crypto_random(r->env.crypto, t->ids, sizeof t->ids);
    configure(t);
    if (!err)
        err = crypto_random(r->env.crypto, t->conf.tls.random, sizeof t->conf.tls.random);
    if (!err)
        err = quic_client_new(&t->client, &t->conf, &t->arena, t->begun);
    if (!err)
        err = udp_open(&t->udp, r->env.loop, &r->env.to);
    return err;
}

/* What keeps a connection from beginning says nothing of the server: it is done and
 * nothing is known. Want of memory is told, as everywhere. */
static void talk_start(struct talk *t)
{
    t->started = true;
    t->done = t->heard = t->resent = false;
    t->first_n = 0;
    t->begun = loop_clock(t->run->env.loop);
    arena_reset(&t->arena);
    int err = talk_open(t);
    t->run->starved |= err == -ERR_NOMEM;
    if (err) {
        quic_client_free(t->client);
        t->client = NULL;
        t->done = true;
        return;
    }
    pump(t);
}

/* ---- what came of it ---- */

static void keep_versions(struct quic_facts *f, const struct quic_handshake *h)
{
    for (size_t i = 0; i < h->nversions && f->nversions < QUIC_VERSIONS_MAX; i++) {
        size_t k = 0;
        while (k < f->nversions && f->versions[k] != h->versions[i])
            k++;
        if (k == f->nversions)
            f->versions[f->nversions++] = h->versions[i];
    }
}

static bool lists(const struct quic_facts *f, uint32_t version)
{
    for (size_t i = 0; i < f->nversions; i++)
        if (f->versions[i] == version)
            return true;
    return false;
}

/* Any service may answer a datagram with bytes of its own. Of QUIC is what only a server that
 * understood ours can say. */
static bool understood(const struct quic_handshake *h)
{
    switch (h->outcome) {
    case QUIC_COMPLETE:
    case QUIC_OTHER_VERSION:
    case QUIC_CLOSED:
    case QUIC_CHOSEN:
    case QUIC_FAULT: return true;
    default: return h->hello || h->hello_retry || h->retry || h->rtt;
    }
}

static void keep_leaf(struct quic_run *r, const struct quic_handshake *h)
{
    struct arena scratch;
    struct cert_info info;
    if (!h->nchain || r->facts.leaf_spki.n)
        return;
    arena_init(&scratch, 64 * 1024, 8u * 1024 * 1024);
    if (cert_parse(&scratch, h->chain[0], &info) == 0)
        r->facts.leaf_spki = arena_str(&r->arena, crypto_str(info.spki_sha256, 32));
    r->starved |= scratch.starved;
    arena_done(&scratch);
}

static bool refused_for(const struct quic_handshake *h, uint8_t alert)
{
    return h->outcome == QUIC_CLOSED && h->close_alert && h->alert == alert;
}

static void keep_handshake(struct quic_run *r, const struct quic_handshake *h)
{
    struct quic_facts *f = &r->facts;
    f->retry_seen = f->retry_seen || h->retry;
    if (h->retry_group == X25519MLKEM768 || h->group == X25519MLKEM768)
        f->group = X25519MLKEM768;
    else if (!f->group)
        f->group = h->group;
    f->suite = f->suite ? f->suite : h->suite;
    f->sigalg = f->sigalg ? f->sigalg : h->sigalg;
    if (h->max_early_data)
        f->max_early_data = h->max_early_data;
    keep_leaf(r, h);
}

static void keep_refusal(struct quic_run *r, const struct quic_handshake *h)
{
    if (h->outcome != QUIC_CLOSED && h->outcome != QUIC_FAULT)
        return;
    r->facts.close_code = h->close_code;
    struct str why = h->outcome == QUIC_CLOSED ? h->close_reason : str_c(h->fault ? h->fault : "");
    r->facts.close_reason = arena_str(&r->arena, str_sub(why, 0, 200));
}

static enum known spoken(const struct quic_handshake *h)
{
    switch (h->outcome) {
    case QUIC_COMPLETE: return KNOWN_YES;
    case QUIC_CLOSED: return refused_for(h, ALERT_NO_APPLICATION_PROTOCOL) ? KNOWN_YES : KNOWN_NO;
    case QUIC_OTHER_VERSION:
    case QUIC_FAULT:
    case QUIC_RESET: return KNOWN_NO;
    default: return KNOWN_NOT;
    }
}

/* Whether the same question is to be asked again, and how. A refusal counts when it came twice. */
static bool ask_again(struct talk *t, const struct quic_handshake *h)
{
    if (refused_for(h, ALERT_UNRECOGNIZED_NAME) && !t->nameless && t->run->env.sni.n) {
        t->nameless = true;
        return true;
    }
    if (h->outcome == QUIC_CHOSEN && !t->classic) {
        t->classic = true;
        return true;
    }
    bool fine = h->outcome == QUIC_COMPLETE || h->outcome == QUIC_OTHER_VERSION;
    return !fine && t->heard && t->tries++ == 0;
}

static bool take_handshake(struct talk *t, const struct quic_handshake *h)
{
    struct quic_facts *f = &t->run->facts;
    keep_handshake(t->run, h);
    if (h->outcome == QUIC_OTHER_VERSION)
        keep_versions(f, h);
    if (ask_again(t, h))
        return true;
    enum known k = spoken(h);
    *(t->kind == TALK_V1 ? &f->v1 : &f->v2) = k;
    if (k != KNOWN_YES)
        keep_refusal(t->run, h);
    if (h->outcome == QUIC_COMPLETE && str_eq(h->alpn, STR("h3")))
        f->h3 = KNOWN_YES;
    else if (k != KNOWN_NOT && f->h3 == KNOWN_NOT)
        f->h3 = KNOWN_NO;
    return false;
}

static bool take_mute(struct talk *t, const struct quic_handshake *h)
{
    if (!h->datagrams_in)
        return false;
    if (h->amplifies && t->tries++ == 0)
        return true;
    t->run->facts.amplification_asked = true;
    t->run->facts.amplifies = h->amplifies;
    return false;
}

/* True: the connection is to be made once more. */
static bool take(struct talk *t, const struct quic_handshake *h)
{
    struct quic_run *r = t->run;
    r->facts.datagrams += h->datagrams_out + t->resent;
    r->facts.bytes_sent += h->bytes_out + (t->resent ? t->first_n : 0);
    r->facts.bytes_received += h->bytes_in;
    r->answered = r->answered || understood(h);
    if (t->kind == TALK_NEGOTIATION) {
        keep_versions(&r->facts, h);
        return false;
    }
    return t->kind == TALK_MUTE ? take_mute(t, h) : take_handshake(t, h);
}

static void talk_close(struct talk *t)
{
    udp_close(&t->udp);
    timer_stop(t->run->env.loop, &t->timer);
    quic_client_free(t->client);
    t->client = NULL;
}

static void talk_end(struct talk *t)
{
    struct quic_handshake h = *quic_client_result(t->client);
    t->run->starved |= h.err == -ERR_NOMEM || t->arena.starved;
    talk_close(t);
    t->done = true;
    if (take(t, &h) && !t->run->ended)
        talk_start(t);
    advance(t->run);
}

/* The host's word for all of the port. What was under way elsewhere has had the same. */
static void refused(struct quic_run *r)
{
    r->facts.refused = !r->answered;
    for (int i = 0; i < TALKS; i++) {
        struct talk *t = &r->talks[i];
        if (t->client && !t->heard)
            talk_end(t);
    }
}

/* ---- bytes and time ---- */

static void transmit(struct talk *t, const unsigned char *p, size_t n, int *err)
{
    int failed = udp_send(&t->udp, crypto_str(p, n));
    t->run->sent = t->run->sent || !failed;
    *err = failed ? failed : *err;
}

static void pump(struct talk *t)
{
    unsigned char out[QUIC_CLIENT_DATAGRAM];
    size_t n;
    int err = 0;
    while ((n = quic_client_drain(t->client, out, loop_clock(t->run->env.loop))) > 0) {
        transmit(t, out, n, &err);
        if (!t->first_n)
            memcpy(t->first, out, t->first_n = n);
    }
    if (err == -ERR_REFUSED && !t->heard)
        refused(t->run);
    else if ((err && !t->heard) || quic_client_ended(t->client))
        talk_end(t);
    else
        set_timer(t);
}

static void first_answer(struct talk *t, uint64_t now)
{
    struct quic_run *r = t->run;
    uint64_t rtt = now - t->begun;
    t->heard = true;
    if (!r->rtt || rtt < r->rtt)
        r->rtt = rtt ? rtt : 1;
    t->conf.linger = 2 * rtt_of(r) + 50 * MILLISECOND;
    if (!t->conf.mute)
        t->conf.timeout = earlier(HANDSHAKE, (now - t->begun) + 10 * rtt_of(r) + SECOND);
}

static void on_datagram(struct udp *u, struct str datagram)
{
    struct talk *t = u->user;
    uint64_t now = loop_clock(t->run->env.loop);
    bool first = !t->heard;
    struct quic_run *r = t->run;
    if (first)
        first_answer(t, now);
    quic_client_feed(t->client, datagram, now);
    pump(t);
    if (first)
        advance(r);
}

static void on_error(struct udp *u, int err)
{
    struct talk *t = u->user;
    if (t->heard)
        return;
    if (err == -ERR_REFUSED)
        refused(t->run);
    else
        talk_end(t);
}

static void on_timer(struct timer *timer, uint64_t at)
{
    struct talk *t = LIST_ENTRY(timer, struct talk, timer);
    uint64_t now = loop_clock(t->run->env.loop), silence = silence_of(t->run);
    int err = 0;
    if (!t->heard && now >= t->begun + silence) {
        talk_end(t);
        return;
    }
    if (!t->heard && !t->resent && !t->conf.mute && now >= t->begun + silence / 2) {
        t->resent = true;
        transmit(t, t->first, t->first_n, &err);
    }
    if (err == -ERR_REFUSED) {
        refused(t->run);
        return;
    }
    if (now >= quic_client_deadline(t->client))
        quic_client_expire(t->client, now);
    pump(t);
}

/* ---- what is asked, and when ---- */

static void conclude(struct quic_run *r)
{
    struct quic_facts *f = &r->facts;
    f->answers = r->answered ? KNOWN_YES : r->sent ? KNOWN_NO : KNOWN_NOT;
    if (r->answered && f->nversions && f->v1 == KNOWN_NOT && !lists(f, QUIC_V1))
        f->v1 = KNOWN_NO;
    if (f->nversions && !lists(f, QUIC_V2))
        f->v2 = KNOWN_NO;
    r->ended = true;
    loop_defer(r->env.loop, &r->finish);
}

static void start_if(struct quic_run *r, enum talk_kind k, bool wanted)
{
    if (wanted && !r->talks[k].started)
        talk_start(&r->talks[k]);
}

static void advance(struct quic_run *r)
{
    if (r->ended)
        return;
    start_if(r, TALK_V2, r->talks[TALK_NEGOTIATION].done && lists(&r->facts, QUIC_V2));
    start_if(r, TALK_MUTE, r->env.intrusive && r->talks[TALK_V1].heard);
    for (int i = 0; i < TALKS; i++)
        if (r->talks[i].started && !r->talks[i].done)
            return;
    if (!r->ended && r->talks[TALK_V1].started)
        conclude(r);
}

static void on_begin(struct task *task)
{
    struct quic_run *r = LIST_ENTRY(task, struct quic_run, begin);
    if (r->gave_up) {
        conclude(r);
        return;
    }
    r->talks[TALK_V1].started = r->talks[TALK_NEGOTIATION].started = true;
    talk_start(&r->talks[TALK_NEGOTIATION]);
    if (!r->ended && !r->facts.refused)
        talk_start(&r->talks[TALK_V1]);
    else
        r->talks[TALK_V1].done = true;
    advance(r);
}

static void on_finish(struct task *task)
{
    struct quic_run *r = LIST_ENTRY(task, struct quic_run, finish);
    r->env.on_done(r->env.user);
}

/* ---- life ---- */

static int talk_init(struct quic_run *r, enum talk_kind k)
{
    struct talk *t = &r->talks[k];
    t->run = r;
    t->kind = k;
    t->udp = (struct udp){
        .watch = {.fd = -1}, .on_datagram = on_datagram, .on_error = on_error, .user = t};
    arena_init(&t->arena, 16 * 1024, 1200 * 1024);
    return timer_init(r->env.loop, &t->timer, on_timer);
}

struct quic_run *quic_run_new(const struct quic_run_env *env)
{
    struct quic_run *r = calloc(1, sizeof *r);
    int err = 0;
    if (!r)
        return NULL;
    r->env = *env;
    arena_init(&r->arena, 1024, 64 * 1024);
    task_init(&r->begin, on_begin);
    task_init(&r->finish, on_finish);
    for (int i = 0; i < TALKS; i++)
        err = talk_init(r, (enum talk_kind)i) ? -ERR_NOMEM : err;
    if (err) {
        quic_run_free(r);
        return NULL;
    }
    loop_defer(env->loop, &r->begin);
    return r;
}

void quic_run_free(struct quic_run *r)
{
    if (!r)
        return;
    for (int i = 0; i < TALKS; i++) {
        talk_close(&r->talks[i]);
        timer_done(r->env.loop, &r->talks[i].timer);
        arena_done(&r->talks[i].arena);
    }
    task_cancel(&r->begin);
    task_cancel(&r->finish);
    arena_done(&r->arena);
    free(r);
}

void quic_run_give_up(struct quic_run *r)
{
    if (!r || r->ended)
        return;
    r->gave_up = true;
    for (int i = 0; i < TALKS; i++)
        if (r->talks[i].client && !r->talks[i].heard)
            talk_end(&r->talks[i]);
}

bool quic_run_starved(const struct quic_run *r)
{
    return r->starved || r->arena.starved;
}

struct quic_facts *quic_run_facts(struct quic_run *r)
{
    return &r->facts;
}
