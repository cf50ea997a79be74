/* What every handshake shows, whoever asked for it: extensions, chains, alerts, reuse of keys. */
#include "audit/plan.h"

#include "audit/tls_facts.h"

static const struct {
    uint16_t wire;
    const char *name;
} versions[VI_COUNT] = {
    [VI_SSL2] = {TLS_WIRE_SSL2, "SSL 2.0"}, [VI_SSL3] = {TLS_WIRE_SSL3, "SSL 3.0"},
    [VI_TLS10] = {TLS_WIRE_10, "TLS 1.0"},  [VI_TLS11] = {TLS_WIRE_11, "TLS 1.1"},
    [VI_TLS12] = {TLS_WIRE_12, "TLS 1.2"},  [VI_TLS13] = {TLS_WIRE_13, "TLS 1.3"},
};

uint16_t version_wire(enum tls_version_index v)
{
    return versions[v].wire;
}

const char *version_name(enum tls_version_index v)
{
    return versions[v].name;
}

enum tls_version_index version_index(uint16_t wire)
{
    for (int i = 0; i < VI_COUNT; i++)
        if (versions[i].wire == wire)
            return (enum tls_version_index)i;
    return VI_COUNT;
}

bool number_set_has(const struct number_set *s, uint16_t v)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->v[i] == v)
            return true;
    return false;
}

void number_set_add(struct number_set *s, uint16_t v)
{
    if (v && !number_set_has(s, v) && s->n < GROUPS_MAX)
        s->v[s->n++] = v;
}

/* ---- chains ---- */

static bool same_chain(const struct kept_chain *k, const struct handshake *hs)
{
    if (k->n != hs->nchain)
        return false;
    for (size_t i = 0; i < k->n; i++)
        if (!str_eq(k->der[i], hs->chain[i]))
            return false;
    return true;
}

static struct kept_chain *find_chain(struct plan *p, const struct observation *o)
{
    struct tls_facts *f = &p->facts;
    const struct handshake *hs = o->hs;
    for (size_t i = 0; i < f->nchains; i++)
        if (same_chain(&f->chains[i], hs))
            return &f->chains[i];
    if (f->nchains == CHAINS_MAX)
        return NULL;
    struct kept_chain *k = &f->chains[f->nchains];
    *k = (struct kept_chain){.sent = hs->chain_sent, .bytes = hs->chain_bytes, .evidence = o->number};
    k->der = arena_alloc(&p->arena, (hs->nchain + 1) * sizeof *k->der);
    for (size_t i = 0; k->der && i < hs->nchain; i++) {
        k->der[i] = arena_str(&p->arena, hs->chain[i]);
        k->n = i + 1;
    }
    if (!k->der)
        return NULL;
    f->nchains++;
    return k;
}

static void observe_chain(struct plan *p, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    struct kept_chain *k = hs->nchain ? find_chain(p, o) : NULL;
    struct str sni = o->spec.hello.sni;
    if (!k)
        return;
    k->seen++;
    k->with_sni = k->with_sni || (sni.n && str_eq(sni, p->options.sni)) || p->options.sni.n == 0;
    k->without_sni = k->without_sni || sni.n == 0;
    k->wrong_sni = k->wrong_sni || (sni.n && !str_eq(sni, p->options.sni));
    k->tls13 = k->tls13 || hs->version >= TLS_WIRE_13;
    if (!k->status.n)
        k->status = arena_str(&p->arena, hs->status);
    if (!k->scts.n)
        k->scts = arena_str(&p->arena, hs->scts);
}

/* ---- extensions ---- */

/* YES wins over NO: a server behind which several stand is as weak as the weakest, but having
 * something at all is enough to say that it is known there. */
static void learn(enum known *k, bool asked, bool yes)
{
    if (asked && yes)
        *k = KNOWN_YES;
    else if (asked && *k == KNOWN_NOT)
        *k = KNOWN_NO;
}

/* Where every connection has to show it, one that does not is enough for NO. */
static void demand(enum known *k, bool asked, bool yes)
{
    if (asked && !yes)
        *k = KNOWN_NO;
    else if (asked && *k == KNOWN_NOT)
        *k = KNOWN_YES;
}

static void observe_extensions12(struct tls_facts *f, const struct observation *o)
{
    const struct server_extensions *e = &o->hs->ext;
    uint32_t asked = o->spec.hello.flags;
    if (asked & CH_NO_EXTENSIONS) /* SSL 3.0 could still answer the signalling suite; it is told apart */
        return;
    demand(&f->ems, asked & CH_EMS, e->ems);
    learn(&f->etm, asked & CH_ETM && o->hs->suite && suite_find(o->hs->suite) &&
          suite_is_cbc(suite_find(o->hs->suite)), e->etm);
    demand(&f->secure_renegotiation, asked & CH_RENEGOTIATION, e->renegotiation);
    learn(&f->tickets12, asked & CH_TICKET, e->ticket);
    learn(&f->heartbeat, asked & CH_HEARTBEAT, e->heartbeat);
    learn(&f->npn, asked & CH_NPN, e->npn);
    learn(&f->session_ids, !(asked & CH_TICKET) && !o->hs->resumed, o->hs->session_id.n > 0);
    f->point_formats = f->point_formats || e->point_formats;
}

static void observe_common(struct plan *p, const struct observation *o)
{
    struct tls_facts *f = &p->facts;
    const struct handshake *hs = o->hs;
    const struct server_extensions *e = hs->version >= TLS_WIRE_13 ? &hs->ee : &hs->ext;
    uint32_t asked = o->spec.hello.flags;
    bool flight = hs->flight && !hs->resumed;
    learn(&f->staple, asked & CH_STATUS && flight, hs->status.n > 0);
    learn(&f->scts, asked & CH_SCT && flight, hs->scts.n > 0);
    f->max_fragment = f->max_fragment || e->max_fragment_sent;
    f->record_limit = f->record_limit || e->record_limit_sent;
    f->requests_certificate = f->requests_certificate || hs->requests_certificate;
    if (flight && hs->version >= TLS_WIRE_13 && str_eq(o->spec.hello.sni, p->options.sni))
        number_set_add(&f->sigalgs, hs->sigalg);
    if (hs->authorities.n && !f->authorities.n)
        f->authorities = arena_str(&p->arena, hs->authorities);
    if (e->alpn.n && (!f->alpn.n || str_eq(e->alpn, STR("h2"))))
        f->alpn = arena_str(&p->arena, e->alpn);
}

/* ---- our certificate ---- */

/* TLS 1.2 says so within the handshake, TLS 1.3 after it (RFC 8446 4.6.2): there a request that was
 * answered shows that all was well. Probes that provoke alerts do not count, nor does a failure once
 * another connection was let in. */
static void observe_client_auth(struct tls_facts *f, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    bool accepted = o->http || (hs->established && hs->version < TLS_WIRE_13);
    bool refused = !accepted && hs->alert.code != ALERT_NONE;
    if (!hs->answered || o->spec.kind != &probe_full || f->auth_accepted)
        return;
    f->auth_answer = hs->answered;
    f->auth_accepted = accepted;
    f->auth_alert = refused ? hs->alert.code : 0;
    f->auth_evidence = o->number;
}

/* ---- the server's random ---- */

/* RFC 8446 4.1.3: who could do 1.3 (or 1.2) and was asked for less says so in the last 8 bytes. */
static void observe_sentinel(struct tls_facts *f, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    const unsigned char *tail = hs->random + 24;
    bool asked_all = o->spec.hello.versions.n > 0;
    if (hs->version >= TLS_WIRE_13 || asked_all || hs->version > o->spec.hello.version)
        return;
    if (hs->version == TLS_WIRE_12)
        demand(&f->sentinel12, true, memcmp(tail, "DOWNGRD\x01", 8) == 0);
    else
        demand(&f->sentinel11, true, memcmp(tail, "DOWNGRD", 8) == 0);
}

static void observe_clock(struct plan *p, const struct handshake *hs)
{
    const unsigned char *r = hs->random;
    int64_t t = (int64_t)r[0] << 24 | r[1] << 16 | r[2] << 8 | r[3];
    bool near = t > p->options.wall - 300 && t < p->options.wall + 300;
    demand(&p->facts.clock_in_random, true, near);
}

/* ---- keys that ought to be new each time ---- */

static void observe_reuse(struct plan *p, const struct observation *o)
{
    struct tls_facts *f = &p->facts;
    struct test_result *dh = &f->tests[TEST_DH_REUSE], *ecdh = &f->tests[TEST_ECDH_REUSE];
    const struct handshake *hs = o->hs;
    bool prime = hs->dh_ys.n > 0;
    struct str key = prime ? hs->dh_ys : hs->version >= TLS_WIRE_13 ? hs->ext.share : hs->point;
    struct test_result *t = prime ? dh : ecdh;
    if (!key.n)
        return;
    for (size_t i = 0; i < p->nkeys; i++)
        if (str_eq(p->keys_seen[i], key)) {
            plan_end_test(p, prime ? TEST_DH_REUSE : TEST_ECDH_REUSE, OUTCOME_VULNERABLE, NULL, o);
            return;
        }
    if (p->nkeys < PLAN_KEYS_MAX)
        p->keys_seen[p->nkeys++] = arena_str(&p->arena, key);
    p->key_kinds[prime]++;
    if (!t->ended && p->key_kinds[prime] > 1) {
        plan_end_test(p, prime ? TEST_DH_REUSE : TEST_ECDH_REUSE, OUTCOME_SAFE, NULL, o);
        t->ended = false; /* one more may still show it */
    }
}

static unsigned bits_of(struct str number)
{
    while (number.n && !number.p[0])
        number = str_from(number, 1);
    if (!number.n)
        return 0;
    unsigned bits = (unsigned)(number.n - 1) * 8;
    for (unsigned char top = (unsigned char)number.p[0]; top; top >>= 1)
        bits++;
    return bits;
}

static void observe_dh(struct plan *p, const struct observation *o)
{
    struct tls_facts *f = &p->facts;
    unsigned bits = bits_of(o->hs->dh_p);
    if (!bits || (f->smallest_dh && bits >= f->smallest_dh))
        return;
    f->smallest_dh = (uint16_t)bits;
    f->dh_p = arena_str(&p->arena, o->hs->dh_p);
    f->dh_g = arena_str(&p->arena, o->hs->dh_g);
}

static void observe_tickets(struct plan *p, const struct observation *o)
{
    struct tls_facts *f = &p->facts;
    const struct handshake *hs = o->hs;
    for (size_t i = 0; i < hs->ntickets; i++) {
        f->tickets_seen++;
        f->ticket_lifetime = hs->tickets[i].lifetime;
        if (hs->tickets[i].max_early_data > f->max_early_data)
            f->max_early_data = hs->tickets[i].max_early_data;
    }
    if (hs->version >= TLS_WIRE_13 && hs->established && o->http)
        learn(&f->tickets13, true, hs->ntickets > 0);
    bool better = o->nsessions && p->session12 && !p->session12->ticket.n && o->sessions[0].ticket.n;
    if (hs->version < TLS_WIRE_13 && o->nsessions && (!p->session12 || better))
        p->session12 = plan_keep_session(p, &o->sessions[0]);
    if (hs->version >= TLS_WIRE_13 && o->nsessions && !p->session13) {
        p->session13 = plan_keep_session(p, &o->sessions[0]);
        p->early13 = plan_keep_session(p, &o->sessions[o->nsessions - 1]);
    }
}

static void observe_compression(struct plan *p, const struct observation *o)
{
    struct str offered = o->spec.hello.compressions;
    struct test_result *t = &p->facts.tests[TEST_COMPRESSION];
    if (offered.n < 2 || o->hs->version >= TLS_WIRE_13)
        return;
    if (o->hs->compression)
        plan_end_test(p, TEST_COMPRESSION, OUTCOME_VULNERABLE, NULL, o);
    else if (!t->ended)
        plan_end_test(p, TEST_COMPRESSION, OUTCOME_SAFE, NULL, o);
}

void observe_handshake(struct plan *p, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    enum tls_version_index v = hs ? version_index(hs->version) : VI_COUNT;
    if (!hs || (!hs->hello && !hs->retry) || v == VI_COUNT)
        return;
    struct version_facts *facts = &p->facts.v[v];
    if (facts->offered != KNOWN_YES) {
        facts->offered = KNOWN_YES;
        facts->evidence = o->number;
    }
    if (!hs->hello)
        return;
    if (hs->version < TLS_WIRE_13)
        observe_extensions12(&p->facts, o);
    observe_common(p, o);
    observe_client_auth(&p->facts, o);
    observe_chain(p, o);
    observe_sentinel(&p->facts, o);
    observe_clock(p, hs);
    observe_reuse(p, o);
    observe_dh(p, o);
    observe_tickets(p, o);
    observe_compression(p, o);
}
