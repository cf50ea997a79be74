/* Questions of one probe each, as a table: when a test can be asked, what it sends, what the answer
 * means. A positive is repeated on a fresh connection before it counts; if the second answer differs
 * there is no verdict but "inconsistent". */
#include "audit/plan.h"

enum ready { READY_WAIT, READY_GO, READY_SKIP };

struct test_row {
    enum test_id id;
    const char *purpose;
    bool intrusive;
    enum ready (*ready)(const struct plan *p, const char **ret_why);
    void (*make)(struct plan *p, struct probe_spec *s);
    /* NULL: the probe concludes by itself. */
    enum outcome (*judge)(const struct plan *p, const struct observation *o, const char **ret_why);
};

/* ---- when ---- */

static bool can_tell_order(const struct version_facts *f)
{
    for (size_t i = 0; i < f->nsuites; i++)
        if (f->suites[i].later)
            return true;
    return false;
}

/* A version is known when its walk has found enough to see whose order counts, or has ended. The
 * walks stand behind the first task, the newest version first. */
static bool version_known(const struct plan *p, enum tls_version_index v)
{
    const struct version_facts *f = &p->facts.v[v];
    return f->offered == KNOWN_NO || can_tell_order(f) || p->tasks[1 + VI_TLS13 - v].done;
}

static bool walks_done(const struct plan *p)
{
    for (size_t i = 0; i < PLAN_WALKS; i++)
        if (!p->tasks[i].done)
            return false;
    return true;
}

static enum ready ready_any(const struct plan *p, const char **why)
{
    *why = "no version of TLS to test with";
    bool first = version_known(p, VI_TLS13) && version_known(p, VI_TLS12);
    if (first && (p->facts.v[VI_TLS13].nsuites || p->facts.v[VI_TLS12].nsuites))
        return READY_GO;
    if (!walks_done(p))
        return READY_WAIT;
    enum tls_version_index best = plan_best(p, VI_TLS13);
    return best == VI_COUNT || p->facts.v[best].nsuites == 0 ? READY_SKIP : READY_GO;
}

static enum ready ready_old(const struct plan *p, const char **why)
{
    *why = "the server offers TLS 1.3 only";
    if (version_known(p, VI_TLS12) && p->facts.v[VI_TLS12].nsuites)
        return READY_GO;
    if (!walks_done(p))
        return READY_WAIT;
    enum tls_version_index best = plan_best(p, VI_TLS12);
    return best == VI_COUNT || p->facts.v[best].nsuites == 0 ? READY_SKIP : READY_GO;
}

/* Every hello of the walk asked for the extension. */
static enum ready ready_heartbleed(const struct plan *p, const char **why)
{
    enum ready r = ready_old(p, why);
    if (r != READY_GO)
        return r;
    *why = "";
    return p->facts.heartbeat == KNOWN_YES ? READY_GO
           : walks_done(p) || p->facts.heartbeat == KNOWN_NO ? READY_SKIP : READY_WAIT;
}

static unsigned versions_offered(const struct plan *p)
{
    unsigned n = 0;
    for (int v = VI_TLS10; v < VI_COUNT; v++)
        n += p->facts.v[v].offered == KNOWN_YES;
    return n;
}

static enum ready ready_scsv(const struct plan *p, const char **why)
{
    enum ready r = ready_any(p, why);
    if (r != READY_GO)
        return r;
    *why = "only one version is offered: there is nothing to fall back to";
    if (versions_offered(p) >= 2)
        return READY_GO;
    return walks_done(p) ? READY_SKIP : READY_WAIT;
}

static enum ready ready_renegotiation(const struct plan *p, const char **why)
{
    enum ready r = ready_old(p, why);
    if (r != READY_GO)
        return r;
    *why = "none of the server's suites can be completed by this auditor";
    const struct version_facts *f = &p->facts.v[plan_best(p, VI_TLS12)];
    for (size_t i = 0; i < f->nsuites; i++)
        if (tls_client_can(p->crypto, suite_find(f->suites[i].code),
                           version_wire(plan_best(p, VI_TLS12))))
            return READY_GO;
    return READY_SKIP;
}


static enum ready ready_ticketbleed(const struct plan *p, const char **why)
{
    enum ready r = ready_old(p, why);
    if (r != READY_GO)
        return r;
    if (!p->facts.tests[TEST_RENEGOTIATION].ended)
        return READY_WAIT;
    *why = "the server gives no tickets in TLS 1.2 or below";
    return p->session12 && p->session12->ticket.n ? READY_GO : READY_SKIP;
}

/* Only where the three in one were refused is each of them asked for. */
static enum ready ready_tolerance_part(const struct plan *p, const char **why)
{
    const struct test_result *all = &p->facts.tests[TEST_TOLERANCE];
    if (!all->ended)
        return READY_WAIT;
    *why = all->outcome == OUTCOME_SAFE ? "" : "no handshake to compare with";
    return all->outcome == OUTCOME_VULNERABLE ? READY_GO : READY_SKIP;
}

static enum ready ready_old_tolerance_part(const struct plan *p, const char **why)
{
    const struct test_result *all = &p->facts.tests[TEST_OLD_TOLERANCE];
    if (!all->ended)
        return READY_WAIT;
    *why = all->outcome == OUTCOME_SAFE ? "" : all->why;
    return all->outcome == OUTCOME_VULNERABLE ? READY_GO : READY_SKIP;
}

static enum ready ready_pq(const struct plan *p, const char **why)
{
    enum ready r = ready_any(p, why);
    if (r != READY_GO)
        return r;
    *why = "the server has no post-quantum group";
    if (number_set_has(&p->facts.groups, 0x11ec))
        return READY_GO;
    return walks_done(p) ? READY_SKIP : READY_WAIT;
}

static enum ready ready_psk(const struct plan *p, const char **why)
{
    enum ready r = ready_any(p, why);
    if (r != READY_GO)
        return r;
    *why = p->facts.v[VI_TLS13].offered == KNOWN_YES ? "the server gave no ticket"
                                                     : "TLS 1.3 is not offered";
    if (p->session13)
        return READY_GO;
    return walks_done(p) ? READY_SKIP : READY_WAIT;
}

static enum ready ready_early(const struct plan *p, const char **why)
{
    enum ready r = ready_psk(p, why);
    if (r != READY_GO)
        return r;
    *why = "no ticket allows early data";
    return p->early13 && p->early13->max_early_data && p->options.http ? READY_GO : READY_SKIP;
}

static enum ready ready_replay(const struct plan *p, const char **why)
{
    const struct test_result *first = &p->facts.tests[TEST_EARLY_DATA];
    if (!first->ended)
        return READY_WAIT;
    *why = "early data is not accepted";
    return first->outcome == OUTCOME_VULNERABLE ? READY_GO : READY_SKIP;
}

/* Only where the hello with everything at once has not shown it. */
static enum ready ready_compression(const struct plan *p, const char **why)
{
    if (!p->facts.tests[TEST_TOLERANCE].ended)
        return READY_WAIT;
    *why = "TLS 1.3 is not offered";
    if (version_known(p, VI_TLS13) && p->facts.v[VI_TLS13].nsuites)
        return READY_GO;
    return version_known(p, VI_TLS13) ? READY_SKIP : READY_WAIT;
}

static bool is_chacha(uint16_t code)
{
    const struct suite *s = suite_find(code);
    return s && s->enc == SUITE_ENC_CHACHA20_POLY1305;
}

static bool is_gcm(uint16_t code)
{
    const struct suite *s = suite_find(code);
    return s && (s->enc == SUITE_ENC_AES_128_GCM || s->enc == SUITE_ENC_AES_256_GCM);
}

/* Only where the server's own order counts is it a question whether ChaCha20 is excepted. */
static enum ready ready_chacha(const struct plan *p, enum tls_version_index v, const char **why)
{
    const struct version_facts *f = &p->facts.v[v];
    bool chacha = false, gcm = false;
    *why = "no order of the server's in which ChaCha20 could be excepted";
    if (!p->facts.tests[TEST_TOLERANCE].ended || !p->facts.tests[TEST_OLD_TOLERANCE].ended ||
        !p->tasks[1 + VI_TLS13 - v].done)
        return READY_WAIT;
    for (size_t i = 0; i < f->nsuites; i++) {
        chacha = chacha || is_chacha((uint16_t)f->suites[i].code);
        gcm = gcm || is_gcm((uint16_t)f->suites[i].code);
    }
    return chacha && gcm && f->server_order == KNOWN_YES ? READY_GO : READY_SKIP;
}

static enum ready ready_chacha13(const struct plan *p, const char **why)
{
    return ready_chacha(p, VI_TLS13, why);
}

static enum ready ready_chacha12(const struct plan *p, const char **why)
{
    return ready_chacha(p, VI_TLS12, why);
}

/* ---- what ---- */

static struct probe_spec hello_of(struct plan *p, enum tls_version_index v)
{
    struct probe_spec s = plan_hello(p, version_wire(v), plan_suites_to_tell(p, v));
    if (v == VI_TLS13) {
        s.follow_retry = true;
        s.share_group = p->facts.groups.n && kex_can(p->keys, p->facts.groups.v[0])
                            ? p->facts.groups.v[0] : 29;
    }
    return s;
}

static void make_old(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS12));
}

static void make_heartbleed(struct plan *p, struct probe_spec *s)
{
    make_old(p, s);
    s->kind = &probe_heartbleed;
    s->hello.flags |= s->hello.flags & CH_NO_EXTENSIONS ? 0 : CH_HEARTBEAT;
}

static void make_early_ccs(struct plan *p, struct probe_spec *s)
{
    make_old(p, s);
    s->kind = &probe_early_ccs;
}

static void make_renegotiation(struct plan *p, struct probe_spec *s)
{
    enum tls_version_index v = plan_best(p, VI_TLS12);
    *s = hello_of(p, v);
    const struct version_facts *f = &p->facts.v[v];
    uint16_t codes[SUITES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < f->nsuites; i++)
        if (tls_client_can(p->crypto, suite_find(f->suites[i].code), version_wire(v)))
            codes[n++] = (uint16_t)f->suites[i].code;
    s->hello.suites = offer_copy(p, codes, n);
    s->kind = &probe_renegotiation;
    s->stop = TLS_STOP_NEVER;
    if (p->options.http)
        s->request = plan_get(p, &p->options.url, STR("identity"));
}

static void make_ticketbleed(struct plan *p, struct probe_spec *s)
{
    make_renegotiation(p, s);
    s->kind = &probe_ticketbleed;
    s->session = p->session12;
    s->hello.session_id = STR("gate443 asks with 31 bytes only");
}

/* One version below the best, with the signalling suite of RFC 7507. */
static void make_scsv(struct plan *p, struct probe_spec *s)
{
    enum tls_version_index best = plan_best(p, VI_TLS13);
    enum tls_version_index below = plan_best(p, (enum tls_version_index)(best - 1));
    *s = hello_of(p, below);
    uint16_t codes[SUITES_MAX + 1];
    size_t n = s->hello.suites.n;
    memcpy(codes, s->hello.suites.v, n * sizeof *codes);
    codes[n] = SUITE_SIGNAL_FALLBACK;
    s->hello.suites = offer_copy(p, codes, n + 1);
    s->stop = TLS_STOP_HELLO;
}

static void make_alpn(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS13));
    s->hello.alpn = STR("\x09gate443-x");
}

static void make_name(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS13));
    s->hello.sni = STR("gate443-audit.invalid");
}

/* RFC 8701 values everywhere, four kilobytes, and a first segment that ends inside: each has broken
 * servers or what stands in front of them; a server that takes all three at once takes each. */
static void make_tolerance(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS13));
    s->hello.flags |= CH_GREASE | (s->hello.versions.n ? CH_ECH_GREASE | CH_CERT_COMPRESSION : 0);
    s->hello.pad_to = 4096;
    s->split = 100;
}

static void make_grease(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS13));
    s->hello.flags |= CH_GREASE;
}

static void make_long(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS13));
    s->hello.pad_to = 4096;
}

static void make_split(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS13));
    s->split = 100;
}

/* Between 256 and 511 bytes: F5's BIG-IP took such a hello for one of SSL 2.0 (RFC 7685). */
static void make_medium(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS12));
    s->stop = TLS_STOP_HELLO;
    if (s->hello.suites.n > 8)
        s->hello.suites.n = 8;
    s->hello.extra = STR_NONE;
    s->hello.alpn = STR_NONE;
    s->hello.flags |= CH_NPN; /* which only a hello without ALPN can ask for */
    s->hello.pad_to = s->hello.flags & CH_NO_EXTENSIONS ? 0 : 320;
}

/* A legacy_version above all that existed when it meant something: to be answered with less. */
static void make_future(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, plan_best(p, VI_TLS12));
    s->stop = TLS_STOP_HELLO;
    s->hello.version = TLS_WIRE_13;
}

static void make_old_tolerance(struct plan *p, struct probe_spec *s)
{
    make_medium(p, s);
    s->hello.version = TLS_WIRE_13;
}

static void make_pq(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, VI_TLS13);
    s->share_group = 29;
    s->stop = TLS_STOP_HELLO;
    s->follow_retry = false;
}

static void make_compression(struct plan *p, struct probe_spec *s)
{
    *s = hello_of(p, VI_TLS13);
    s->hello.flags |= CH_CERT_COMPRESSION;
}

static void make_chacha(struct plan *p, struct probe_spec *s, enum tls_version_index v)
{
    const struct version_facts *f = &p->facts.v[v];
    uint16_t codes[SUITES_MAX];
    size_t n = 0;
    *s = hello_of(p, v);
    for (int chacha = 1; chacha >= 0; chacha--)
        for (size_t i = 0; i < f->nsuites; i++)
            if (is_chacha((uint16_t)f->suites[i].code) == chacha)
                codes[n++] = (uint16_t)f->suites[i].code;
    s->hello.suites = offer_copy(p, codes, n);
    s->stop = TLS_STOP_HELLO;
    s->follow_retry = false;
}

static void make_chacha13(struct plan *p, struct probe_spec *s)
{
    make_chacha(p, s, VI_TLS13);
}

static void make_chacha12(struct plan *p, struct probe_spec *s)
{
    make_chacha(p, s, VI_TLS12);
}

/* Only the session's own suite: a server may choose the suite first, and then has no use for a ticket
 * of another hash (RFC 8446 4.2.11). */
static void resume13(struct plan *p, struct probe_spec *s, const struct tls_session *session)
{
    *s = hello_of(p, VI_TLS13);
    s->kind = &probe_full;
    s->stop = TLS_STOP_NEVER;
    s->session = session;
    s->hello.suites = offer_copy(p, &session->suite, 1);
}

/* With the request that plan_http.c would otherwise make a connection for. */
static void make_psk(struct plan *p, struct probe_spec *s)
{
    resume13(p, s, p->session13);
    if (!p->options.http)
        return;
    s->hello.alpn = STR("\x08http/1.1");
    s->request = plan_get(p, &p->options.url, plan_all_codings());
}

static void make_early(struct plan *p, struct probe_spec *s)
{
    resume13(p, s, p->early13);
    s->hello.flags |= CH_EARLY_DATA;
    s->hello.alpn = STR("\x08http/1.1");
    s->request = plan_get(p, &p->options.url, STR("identity"));
}

/* ---- what it means ---- */

enum { HANDSHAKE_FAILURE = 40, INAPPROPRIATE_FALLBACK = 86, UNRECOGNIZED_NAME = 112,
       NO_APPLICATION_PROTOCOL = 120 };

static bool answered(const struct observation *o)
{
    return o->hs && (o->hs->hello || o->hs->retry);
}

static enum outcome judge_scsv(const struct plan *p, const struct observation *o, const char **why)
{
    if (answered(o))
        return OUTCOME_VULNERABLE;
    *why = "the fallback was refused, but not with the alert inappropriate_fallback";
    return o->hs && o->hs->alert.code == INAPPROPRIATE_FALLBACK ? OUTCOME_SAFE : OUTCOME_NONE;
}

/* For both lax tests: an alert of any kind, or a close, is a refusal. */
static enum outcome judge_lax(const struct plan *p, const struct observation *o, const char **why)
{
    *why = "no answer";
    return answered(o) ? OUTCOME_VULNERABLE
           : o->ending == ENDING_TIMEOUT || !o->connected ? OUTCOME_NONE : OUTCOME_SAFE;
}

static enum outcome judge_tolerant(const struct plan *p, const struct observation *o,
                                   const char **why)
{
    *why = "the connection failed";
    return answered(o) ? OUTCOME_SAFE : o->connected ? OUTCOME_VULNERABLE : OUTCOME_NONE;
}

static enum outcome judge_pq(const struct plan *p, const struct observation *o, const char **why)
{
    *why = "the handshake was refused";
    if (!answered(o))
        return OUTCOME_NONE;
    return o->hs->retry && o->hs->retry_group == 0x11ec ? OUTCOME_VULNERABLE : OUTCOME_SAFE;
}

static enum outcome judge_compression(const struct plan *p, const struct observation *o,
                                      const char **why)
{
    *why = "the handshake was refused";
    if (!o->hs || !o->hs->flight)
        return OUTCOME_NONE;
    return o->hs->compressed_chain ? OUTCOME_VULNERABLE : OUTCOME_SAFE;
}

static uint16_t chosen_suite(const struct handshake *hs)
{
    return hs->retry && !hs->hello ? hs->retry_suite : hs->suite;
}

static enum outcome judge_chacha(const struct plan *p, const struct observation *o, const char **why)
{
    *why = "the handshake was refused";
    if (!answered(o))
        return OUTCOME_NONE;
    return is_chacha(chosen_suite(o->hs)) ? OUTCOME_VULNERABLE : OUTCOME_SAFE;
}

static enum outcome judge_resumed(const struct plan *p, const struct observation *o,
                                  const char **why)
{
    *why = "the handshake failed";
    if (!o->hs || !o->hs->hello)
        return OUTCOME_NONE;
    return o->hs->resumed ? OUTCOME_VULNERABLE : OUTCOME_SAFE;
}

static enum outcome judge_early(const struct plan *p, const struct observation *o, const char **why)
{
    enum { TOO_EARLY = 425 };
    *why = "the handshake failed";
    if (!o->hs || !o->hs->hello)
        return OUTCOME_NONE;
    bool refused_above = o->http && o->http->status == TOO_EARLY;
    return o->hs->ee.early_data && !refused_above ? OUTCOME_VULNERABLE : OUTCOME_SAFE;
}

static const struct test_row rows[] = {
    {TEST_RENEGOTIATION, "client-initiated renegotiation", true, ready_renegotiation,
     make_renegotiation, NULL},
    {TEST_TICKETBLEED, "Ticketbleed", true, ready_ticketbleed, make_ticketbleed, NULL},
    {TEST_HEARTBLEED, "Heartbleed", true, ready_heartbleed, make_heartbleed, NULL},
    {TEST_EARLY_CCS, "early ChangeCipherSpec", true, ready_old, make_early_ccs, NULL},
    {TEST_FALLBACK_SCSV, "TLS_FALLBACK_SCSV", false, ready_scsv, make_scsv, judge_scsv},
    {TEST_ALPN_LAX, "unknown application protocol", false, ready_any, make_alpn, judge_lax},
    {TEST_SNI_LAX, "unknown name", false, ready_any, make_name, judge_lax},
    {TEST_TOLERANCE, "GREASE, long and split hello", false, ready_any, make_tolerance,
     judge_tolerant},
    {TEST_GREASE, "GREASE", false, ready_tolerance_part, make_grease, judge_tolerant},
    {TEST_LONG_HELLO, "long hello", false, ready_tolerance_part, make_long, judge_tolerant},
    {TEST_SPLIT_HELLO, "split hello", false, ready_tolerance_part, make_split, judge_tolerant},
    {TEST_OLD_TOLERANCE, "hello of middle size and future version", false, ready_old,
     make_old_tolerance, judge_tolerant},
    {TEST_MEDIUM_HELLO, "hello of 256 to 511 bytes", false, ready_old_tolerance_part, make_medium,
     judge_tolerant},
    {TEST_FUTURE_VERSION, "hello of a future version", false, ready_old_tolerance_part,
     make_future, judge_tolerant},
    {TEST_PQ_PREFERRED, "post-quantum preference", false, ready_pq, make_pq, judge_pq},
    {TEST_CERT_COMPRESSION, "compressed certificate", false, ready_compression, make_compression,
     judge_compression},
    {TEST_CHACHA_13, "ChaCha20 first, TLS 1.3", false, ready_chacha13, make_chacha13, judge_chacha},
    {TEST_CHACHA_12, "ChaCha20 first, TLS 1.2", false, ready_chacha12, make_chacha12, judge_chacha},
    {TEST_RESUME_PSK, "resumption in TLS 1.3", false, ready_psk, make_psk, judge_resumed},
    {TEST_EARLY_DATA, "early data", true, ready_early, make_early, judge_early},
    {TEST_EARLY_DATA_REPLAY, "early data, replayed", true, ready_replay, make_early, judge_early},
};
enum { ROWS = sizeof rows / sizeof *rows };

struct progress {
    bool asked[ROWS];
    enum outcome first[ROWS];
    unsigned repeats[ROWS];
};

static void skip(struct plan *p, const struct test_row *r, const char *why)
{
    bool passed = why && !why[0]; /* a part of something that passed as a whole */
    plan_end_test(p, r->id, passed ? OUTCOME_SAFE : OUTCOME_NONE, passed ? NULL : why, NULL);
}

static void send(struct plan *p, struct plan_task *t, int i)
{
    struct probe_spec s;
    rows[i].make(p, &s);
    s.purpose = rows[i].purpose;
    s.step = i;
    s.intrusive = rows[i].intrusive;
    plan_try(p, t, &s);
}

/* The tolerance hello carried an ECH that decrypts nowhere: who knows ECH answers with keys that do
 * (RFC 9849 7.1). It also took compressed certificates (RFC 8879). */
static void learn_extensions(struct plan *p, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    if (!hs || !hs->flight || hs->version < TLS_WIRE_13 || !(o->spec.hello.flags & CH_ECH_GREASE))
        return;
    plan_end_test(p, TEST_ECH, hs->ee.ech_retry ? OUTCOME_VULNERABLE : OUTCOME_SAFE, NULL, o);
    plan_end_test(p, TEST_CERT_COMPRESSION,
                  hs->compressed_chain ? OUTCOME_VULNERABLE : OUTCOME_SAFE, NULL, o);
}

static void learn_chacha(struct plan *p, enum tls_version_index v, enum outcome outcome)
{
    p->facts.v[v].chacha_first = outcome == OUTCOME_VULNERABLE ? KNOWN_YES
                                 : outcome == OUTCOME_SAFE     ? KNOWN_NO : KNOWN_NOT;
}

/* Resumption is no flaw: once is enough. */
static bool is_flaw(enum test_id id)
{
    return id != TEST_RESUME_PSK && id != TEST_EARLY_DATA && id != TEST_EARLY_DATA_REPLAY &&
           id != TEST_PQ_PREFERRED && id != TEST_ALPN_LAX && id != TEST_SNI_LAX &&
           id != TEST_CERT_COMPRESSION && id != TEST_CHACHA_13 && id != TEST_CHACHA_12;
}

static void take(struct plan *p, struct plan_task *t, struct progress *g,
                 const struct observation *o)
{
    int i = o->spec.step;
    const struct test_row *r = &rows[i];
    if (r->id == TEST_TOLERANCE || r->id == TEST_OLD_TOLERANCE || r->id == TEST_EARLY_CCS)
        plan_learn_order(p, o);
    if (r->id == TEST_TOLERANCE)
        learn_extensions(p, o);
    if (r->id == TEST_RESUME_PSK && o->http)
        plan_keep_coded(p, o);
    if (r->id == TEST_TICKETBLEED && o->hs)
        plan_end_test(p, TEST_RESUME_TICKET, o->hs->resumed ? OUTCOME_VULNERABLE : OUTCOME_SAFE, NULL, o);
    const char *why = NULL;
    enum outcome outcome = r->judge ? r->judge(p, o, &why) : o->outcome;
    why = r->judge ? why : o->why;
    if (r->id == TEST_CHACHA_13 || r->id == TEST_CHACHA_12)
        learn_chacha(p, r->id == TEST_CHACHA_13 ? VI_TLS13 : VI_TLS12, outcome);
    if (outcome == OUTCOME_VULNERABLE && is_flaw(r->id) && g->repeats[i]++ == 0) {
        send(p, t, i);
        return;
    }
    if (g->repeats[i] && outcome != OUTCOME_VULNERABLE) {
        plan_end_test(p, r->id, OUTCOME_NONE,
                      "two connections were answered differently (several servers behind one address?)",
                      o);
        return;
    }
    plan_end_test(p, r->id, outcome, outcome == OUTCOME_NONE ? why : NULL, o);
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct progress *g = t->data ? t->data : arena_zalloc(&p->arena, sizeof *g);
    t->data = g;
    if (!g || !p->options.tls) {
        t->done = true;
        return;
    }
    if (o)
        take(p, t, g, o);
    bool all = true;
    for (int i = 0; i < ROWS; i++) {
        const char *why = NULL;
        g->asked[i] = g->asked[i] || p->facts.tests[rows[i].id].ended; /* another's probe showed it */
        if (g->asked[i])
            continue;
        enum ready r = rows[i].intrusive && !p->options.intrusive ? READY_SKIP : rows[i].ready(p, &why);
        if (rows[i].intrusive && !p->options.intrusive)
            why = "left out by --no-intrusive";
        g->asked[i] = r != READY_WAIT;
        all = all && g->asked[i];
        if (r == READY_SKIP)
            skip(p, &rows[i], why);
        else if (r == READY_GO)
            send(p, t, i);
    }
    t->done = all && t->in_flight == 0;
}

const struct task_row task_tests = {"tests", step};
