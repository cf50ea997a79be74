/* Walks: which suites, groups and signature algorithms a server has in each version. A hello offers
 * all of them; the server names one of each; those are dropped from the next hello, until it finds
 * none. All three kinds are walked together, so that a walk costs the longest of them and not their
 * sum.
 *
 * A walk consists of lanes, each one probe at a time: at first one a piece (chunk) of the suites,
 * and where the round trip is long a lane splits, so that the number of waves stays small. When a
 * narrowed hello fails, it cannot be told which list was exhausted: the lane goes on with all groups
 * and algorithms until its suites are done. What remains of the groups and algorithms is then
 * walked on its own, with the suites that are known to work. Where the round trip is long, all three
 * are walked side by side instead, from the first answer on.
 *
 * Which suite is the server's favourite of all does not follow from the order in which lanes found
 * them. Where several lanes did, the first of each are offered once more together. */
#include "audit/plan.h"

#include "audit/cert_parse.h"
#include "audit/choice_list.h"
#include "wire/tls_names.h"

enum { LANES_MAX = 64, LONG_RTT = 20 * 1000000 /* ns */, TRIES = 2 };
enum { OLD_SERVERS_READ = 112 }; /* suites in a hello that even those take who choke on more */

enum lane_mode {
    LANE_NARROW,   /* suites, groups and algorithms all shrink */
    LANE_SUITES,   /* only the suites */
    LANE_GROUPS,   /* suites that work; only groups shrink */
    LANE_SIGALGS,  /* suites that work; only algorithms shrink */
    LANE_ORDER,    /* all suites that work, once: the favourite, and whose order counts */
    LANE_OLD,      /* a small hello of long ago, for servers that choke on ours */
    LANE_DONE,
};

struct lane {
    enum lane_mode mode;
    uint16_t left[SUITES_MAX]; /* suites; groups or algorithms in those modes */
    size_t n;
    unsigned tries;            /* of the present hello, unanswered */
    bool begun;                /* a hello of it was answered by a ServerHello */
};

struct walk {
    enum tls_version_index v;
    struct lane *lanes[LANES_MAX];
    size_t nlanes;
    struct choice_list groups, sigalgs;
    unsigned firsts;           /* lanes that found anything */
    bool rest_waits;           /* for what the first lane's hello is answered with */
    bool refused_closed;       /* a hello was answered by a close, not by an alert */
    bool unanswered, incomplete;
    bool second;               /* groups and algorithms have their lanes */
    bool side_by_side;         /* … before all suites are known */
    bool ordered;              /* the lane for the order was thought of */
    bool tried_old;
    uint16_t curves[CHAINS_MAX]; /* of the certificates' keys, once the groups have their lane */
    size_t ncurves;
    const char *why;
};

/* ---- lists ---- */

static size_t drop(uint16_t *list, size_t n, uint16_t v)
{
    size_t k = 0;
    for (size_t i = 0; i < n; i++)
        if (list[i] != v)
            list[k++] = list[i];
    return k;
}

static size_t load(uint16_t *to, size_t max, struct u16_list from)
{
    size_t n = from.n < max ? from.n : max;
    memcpy(to, from.v, n * sizeof *to);
    return n;
}

static struct lane *add_lane(struct plan *p, struct walk *w, enum lane_mode mode)
{
    struct lane *l = w->nlanes < LANES_MAX ? arena_zalloc(&p->arena, sizeof *l) : NULL;
    if (!l)
        return NULL;
    l->mode = mode;
    w->lanes[w->nlanes++] = l;
    return l;
}

static uint16_t wire(const struct walk *w)
{
    return version_wire(w->v);
}

static bool is13(const struct walk *w)
{
    return w->v == VI_TLS13;
}

/* ---- asking ---- */

static struct u16_list found_suites(struct plan *p, const struct walk *w)
{
    if (w->side_by_side)
        return offer_suites(p, wire(w), 0);
    const struct version_facts *f = &p->facts.v[w->v];
    uint16_t codes[SUITES_MAX];
    for (size_t i = 0; i < f->nsuites; i++)
        codes[i] = (uint16_t)f->suites[i].code;
    return offer_copy(p, codes, f->nsuites);
}

static uint16_t certificate_curve(struct plan *p, const struct kept_chain *k)
{
    static const struct {
        struct str name;
        uint16_t group;
    } curves[] = {{STR("prime256v1"), 23}, {STR("secp384r1"), 24}, {STR("secp521r1"), 25}};
    struct cert_info c;
    if (!k->n || cert_parse(&p->arena, k->der[0], &c))
        return 0;
    for (size_t i = 0; i < sizeof curves / sizeof *curves; i++)
        if (str_eq(c.curve, curves[i].name))
            return curves[i].group;
    return 0;
}

/* Up to TLS 1.2 a server uses a certificate with an ECDSA key only if its curve is among the groups
 * (RFC 8422 5.1.1): those stay, behind what is asked about. */
static void add_certificate_curves(struct plan *p, struct walk *w, struct client_hello *h)
{
    uint16_t groups[GROUPS_MAX + CHAINS_MAX];
    size_t n = load(groups, GROUPS_MAX, h->groups);
    if (w->ncurves == 0)
        for (size_t i = 0; i < p->facts.nchains; i++)
            w->curves[w->ncurves++] = certificate_curve(p, &p->facts.chains[i]);
    for (size_t i = 0; i < w->ncurves; i++)
        if (w->curves[i]) {
            n = drop(groups, n, w->curves[i]);
            groups[n++] = w->curves[i];
        }
    h->groups = offer_copy(p, groups, n);
}

static void narrow(struct plan *p, struct walk *w, const struct lane *l, struct client_hello *h)
{
    bool both = l->mode == LANE_NARROW;
    if (both && h->groups.n && w->groups.n)
        h->groups = offer_copy(p, w->groups.v, w->groups.n);
    if (both && h->sigalgs.n && w->sigalgs.n)
        h->sigalgs = offer_copy(p, w->sigalgs.v, w->sigalgs.n);
    if (l->mode == LANE_GROUPS && h->groups.n && l->n)
        h->groups = offer_copy(p, l->left, l->n);
    if (l->mode == LANE_GROUPS && !is13(w))
        add_certificate_curves(p, w, h);
    if (l->mode == LANE_SIGALGS && h->sigalgs.n && l->n)
        h->sigalgs = offer_copy(p, l->left, l->n);
}

static const uint16_t old_suites[] = {0x002f, 0x0035, 0x000a, 0x0005, 0x0004, 0xc013, 0xc014,
                                      0xc02f, 0xc030, 0x0033, 0x0039, 0x009c, 0x009d, 0xc02b,
                                      0xc02c, 0x0009, 0x0003};

static void make_old(struct client_hello *h)
{
    h->suites = (struct u16_list){old_suites, sizeof old_suites / sizeof *old_suites};
    h->flags &= CH_NO_EXTENSIONS | CH_RENEGOTIATION | CH_POINT_FORMATS;
    h->alpn = h->extra = h->compressions = STR_NONE;
    h->pad_to = 0;
}

/* In TLS 1.3 a HelloRetryRequest costs the server no signature and names suite and group; only the
 * algorithm is in a message that has to be decrypted. */
static void shape13(struct plan *p, const struct lane *l, struct probe_spec *s)
{
    s->stop = TLS_STOP_HELLO;
    if (l->mode != LANE_SIGALGS)
        return;
    s->stop = TLS_STOP_FLIGHT;
    s->follow_retry = true;
    s->share_group = 29;
    for (size_t i = 0; i < p->facts.groups.n; i++)
        if (kex_can(p->keys, p->facts.groups.v[i])) {
            s->share_group = p->facts.groups.v[i];
            break;
        }
}

static void ask(struct plan *p, struct plan_task *t, struct walk *w, size_t lane)
{
    struct lane *l = w->lanes[lane];
    bool own_suites = l->mode == LANE_NARROW || l->mode == LANE_SUITES;
    struct u16_list suites = l->mode == LANE_ORDER ? plan_suites_to_tell(p, w->v)
                             : own_suites ? offer_copy(p, l->left, l->n) : found_suites(p, w);
    struct probe_spec s = plan_hello(p, wire(w), suites);
    s.purpose = is13(w) ? "TLS 1.3" : w->v == VI_TLS12 ? "TLS 1.2" : w->v == VI_TLS11 ? "TLS 1.1"
                : w->v == VI_TLS10 ? "TLS 1.0" : "SSL 3.0";
    s.step = (int)lane;
    if (!is13(w) && w->v != VI_SSL3 && own_suites)
        s.hello.compressions = STR("\x01\0");
    if (!is13(w) && w->v != VI_SSL3 && l->mode != LANE_SIGALGS)
        s.hello.flags |= CH_HEARTBEAT | CH_ETM;
    narrow(p, w, l, &s.hello);
    if (is13(w))
        shape13(p, l, &s);
    if (l->mode == LANE_OLD)
        make_old(&s.hello);
    l->tries++;
    plan_try(p, t, &s);
}

/* ---- beginning ---- */

static struct walk *begin(struct plan *p, struct plan_task *t, enum tls_version_index v)
{
    struct walk *w = arena_zalloc(&p->arena, sizeof *w);
    if (!w)
        return NULL;
    t->data = w;
    w->v = v;
    choice_list_init(&w->groups, is13(w) ? offer_groups13() : offer_groups12(), !is13(w));
    choice_list_init(&w->sigalgs, is13(w) ? offer_sigalgs13() : offer_sigalgs12(), !is13(w));
    for (int chunk = 0; chunk < 2; chunk++) {
        struct u16_list suites = offer_suites(p, wire(w), chunk);
        struct lane *l = suites.n ? add_lane(p, w, chunk ? LANE_SUITES : LANE_NARROW) : NULL;
        if (l)
            l->n = load(l->left, SUITES_MAX, suites);
    }
    w->rest_waits = w->nlanes > 1 && v == VI_TLS11; /* most servers refuse the version at once */
    for (size_t i = 0; i < w->nlanes && !(i && w->rest_waits); i++)
        ask(p, t, w, i);
    return w;
}

static void go_on_with_rest(struct plan *p, struct plan_task *t, struct walk *w)
{
    w->rest_waits = false;
    if (p->facts.old_refused && p->facts.v[w->v].nsuites == 0)
        w->lanes[1]->mode = LANE_DONE;
    else
        ask(p, t, w, 1);
}

/* ---- answers ---- */

static void found_suite(struct plan *p, struct walk *w, const struct lane *l,
                        const struct observation *o)
{
    struct version_facts *f = &p->facts.v[w->v];
    const struct handshake *hs = o->hs;
    uint16_t code = hs->retry && !hs->hello ? hs->retry_suite : hs->suite;
    for (size_t i = 0; i < f->nsuites; i++)
        if (f->suites[i].code == code)
            return;
    if (f->nsuites == SUITES_MAX)
        return;
    struct str prime = hs->dh_p;
    while (prime.n && !prime.p[0])
        prime = str_from(prime, 1);
    f->suites[f->nsuites++] = (struct found_suite){
        .code = code, .group = hs->retry && !hs->hello ? hs->retry_group : hs->group,
        .sigalg = hs->sigalg, .dh_bits = (uint16_t)(prime.n * 8), .later = l->begun,
        .evidence = o->number};
    w->firsts += !l->begun;
}

static void found_numbers(struct plan *p, struct walk *w, const struct lane *l,
                          const struct observation *o)
{
    const struct handshake *hs = o->hs;
    uint16_t group = hs->retry_group ? hs->retry_group : hs->group;
    if (group && !(is13(w) && p->facts.groups_declared))
        number_set_add(is13(w) ? &p->facts.groups : &p->facts.groups12, group);
    if (hs->sigalg && !is13(w)) /* of TLS 1.3's every handshake tells: observe.c */
        number_set_add(&p->facts.sigalgs12, hs->sigalg);
    if (l->mode == LANE_NARROW) {
        choice_list_choose(&w->groups, group, o->spec.hello.groups);
        choice_list_choose(&w->sigalgs, hs->sigalg, o->spec.hello.sigalgs);
    } else {
        choice_list_drop(&w->groups, group);
        choice_list_drop(&w->sigalgs, hs->sigalg);
    }
}

/* Half of what is left goes to a lane of its own, every other one, so that kin are parted. */
static struct lane *split(struct plan *p, struct walk *w, struct lane *l)
{
    struct lane *other = p->facts.rtt > LONG_RTT && l->n > 1 ? add_lane(p, w, l->mode) : NULL;
    size_t keep = 0;
    if (!other)
        return NULL;
    other->begun = l->begun;
    for (size_t i = 0; i < l->n; i++)
        if (i % 2)
            other->left[other->n++] = l->left[i];
        else
            l->left[keep++] = l->left[i];
    l->n = keep;
    return other;
}

static void ask_both(struct plan *p, struct plan_task *t, struct walk *w, size_t lane)
{
    struct lane *other = split(p, w, w->lanes[lane]);
    if (w->lanes[lane]->n)
        ask(p, t, w, lane);
    else
        w->lanes[lane]->mode = LANE_DONE;
    if (other)
        ask(p, t, w, w->nlanes - 1);
}

/* Once more unless the server has shown an order of its own: the first suite may just have been its
 * favourite, or chance. */
static void order_seen(struct plan *p, struct plan_task *t, struct walk *w, size_t lane,
                       const struct observation *o)
{
    struct lane *l = w->lanes[lane];
    const struct version_facts *f = &p->facts.v[w->v];
    plan_learn_order(p, o);
    if (f->server_order != KNOWN_YES && !f->order_mixed && !l->n++)
        ask(p, t, w, lane);
    else
        l->mode = LANE_DONE;
}

static void lane_found(struct plan *p, struct plan_task *t, struct walk *w, size_t lane,
                       const struct observation *o)
{
    struct lane *l = w->lanes[lane];
    const struct handshake *hs = o->hs;
    uint16_t suite = hs->retry && !hs->hello ? hs->retry_suite : hs->suite;
    uint16_t group = hs->retry_group ? hs->retry_group : hs->group;
    if (l->mode == LANE_ORDER) {
        order_seen(p, t, w, lane, o);
        return;
    }
    uint16_t named = l->mode == LANE_GROUPS ? group : l->mode == LANE_SIGALGS ? hs->sigalg : suite;
    size_t before = l->n;
    found_suite(p, w, l, o);
    found_numbers(p, w, l, o);
    l->begun = true;
    l->tries = 0;
    l->n = drop(l->left, l->n, named);
    /* An answer to something we did not ask is the end; in the second round it may come of a suite
     * that needs no group or signature. */
    if (l->n == before && (l->mode == LANE_NARROW || l->mode == LANE_SUITES)) {
        w->incomplete = true;
        w->why = "the server chose what was not offered";
    }
    if (l->mode == LANE_OLD) {
        w->incomplete = true;
        w->why = "the server answers only small hellos";
    }
    if (l->mode == LANE_OLD || l->n == before)
        l->mode = LANE_DONE;
    else
        ask_both(p, t, w, lane);
}

/* Some list other than the suites' may be exhausted. Not the groups, if one is left that the server
 * has told us it knows. */
static bool narrowed(const struct plan *p, const struct walk *w, const struct lane *l)
{
    bool known = false;
    for (size_t i = 0; is13(w) && i < w->groups.n; i++)
        known = known || number_set_has(&p->facts.groups, w->groups.v[i]);
    if (known)
        return false;
    return l->mode == LANE_NARROW &&
           !(choice_list_whole(&w->groups) && choice_list_whole(&w->sigalgs));
}

/* A hello with more suites than some can read was answered by a mere close: again, in pieces. */
static bool ask_in_pieces(struct plan *p, struct plan_task *t, struct walk *w, struct lane *l,
                          const struct observation *o)
{
    if (l->n <= OLD_SERVERS_READ || l->begun || (o->hs && o->hs->alert.code != ALERT_NONE))
        return false;
    for (size_t from = 0; from < l->n; from += OLD_SERVERS_READ) {
        struct lane *piece = add_lane(p, w, LANE_SUITES);
        size_t n = l->n - from < OLD_SERVERS_READ ? l->n - from : OLD_SERVERS_READ;
        if (!piece)
            break;
        piece->n = load(piece->left, SUITES_MAX, (struct u16_list){l->left + from, n});
        ask(p, t, w, w->nlanes - 1);
    }
    l->mode = LANE_DONE;
    return true;
}

static void lane_refused(struct plan *p, struct plan_task *t, struct walk *w, size_t lane,
                         const struct observation *o)
{
    struct lane *l = w->lanes[lane];
    w->refused_closed = w->refused_closed || (o->hs && o->hs->alert.code == ALERT_NONE);
    l->tries = 0;
    if (narrowed(p, w, l)) {
        l->mode = LANE_SUITES;
        ask(p, t, w, lane);
        return;
    }
    if (!ask_in_pieces(p, t, w, l, o))
        l->mode = LANE_DONE;
}

/* Silence is asked about once more before it counts, and then as what it is. */
static void lane_silent(struct plan *p, struct plan_task *t, struct walk *w, size_t lane,
                        const struct observation *o)
{
    if (w->lanes[lane]->tries < TRIES) {
        ask(p, t, w, lane);
        return;
    }
    w->lanes[lane]->mode = LANE_DONE;
    w->unanswered = true;
    w->why = ending_text(o->ending);
}

bool plan_name_refused(struct plan *p, const struct observation *o)
{
    enum { UNRECOGNIZED_NAME = 112 };
    if (!o->hs || o->hs->hello || o->hs->alert.code != UNRECOGNIZED_NAME || !o->spec.hello.sni.n)
        return false;
    p->facts.name_refused = true;
    p->options.sni = STR_NONE;
    return true;
}

static void on_answer(struct plan *p, struct plan_task *t, struct walk *w,
                      const struct observation *o)
{
    size_t lane = (size_t)o->spec.step;
    const struct handshake *hs = o->hs;
    bool named = hs && (hs->hello || hs->retry);
    bool silent = !o->connected || o->ending == ENDING_TIMEOUT;
    if (plan_name_refused(p, o))
        ask(p, t, w, lane);
    else if (named && hs->version == wire(w))
        lane_found(p, t, w, lane, o);
    else if (named && p->facts.v[w->v].nsuites == 0 && hs->version < wire(w))
        w->lanes[lane]->mode = LANE_DONE; /* the version was chosen, whatever the suites */
    else if (!named && silent)
        lane_silent(p, t, w, lane, o);
    else
        lane_refused(p, t, w, lane, o);
}

/* ---- the end ---- */

static bool lanes_done(const struct walk *w)
{
    for (size_t i = 0; i < w->nlanes; i++)
        if (w->lanes[i]->mode != LANE_DONE)
            return false;
    return true;
}

static bool uses_groups(const struct version_facts *f)
{
    for (size_t i = 0; i < f->nsuites; i++) {
        const struct suite *s = suite_find(f->suites[i].code);
        if (s && (s->kx == SUITE_KX_ECDHE || s->kx == SUITE_KX_ECDH_ANON || s->kx == SUITE_KX_ANY))
            return true;
    }
    return false;
}

/* A lane of the second round begins; over a long way in four parts. */
static void begin_lane(struct plan *p, struct plan_task *t, struct walk *w)
{
    size_t first = w->nlanes - 1;
    struct lane *half = split(p, w, w->lanes[first]);
    split(p, w, w->lanes[first]);
    if (half)
        split(p, w, half);
    for (size_t i = first; i < w->nlanes; i++)
        ask(p, t, w, i);
}

/* The groups that the server has not declared are asked about once, to see whether it told all. */
static void add_groups_lane(struct plan *p, struct plan_task *t, struct walk *w)
{
    if (is13(w) && p->facts.groups_declared)
        for (size_t i = 0; i < p->facts.groups.n; i++)
            choice_list_drop(&w->groups, p->facts.groups.v[i]);
    bool more = w->groups.fresh && !w->groups.exhausted && uses_groups(&p->facts.v[w->v]);
    struct lane *l = more ? add_lane(p, w, LANE_GROUPS) : NULL;
    if (!l)
        return;
    l->n = load(l->left, SUITES_MAX, (struct u16_list){w->groups.v, w->groups.fresh});
    begin_lane(p, t, w);
}

static bool is_weak_sigalg(uint16_t a)
{
    const struct tls_sigalg *s = tls_names_sigalg(a);
    return !s || s->hash == TLS_HASH_SHA224 || s->key == TLS_KEY_DSA || tls_names_sigalg_is_weak(s);
}

/* Which algorithms a lane is for. TLS 1.3: one for RSA and one for all else, so that the certificates
 * of both kinds are seen. TLS 1.2 has shown its certificates with the suites; there the weak ones are
 * asked for, and the strong that nothing has shown yet only when the audit is to be thorough. */
static bool wants_sigalg(const struct plan *p, const struct walk *w, uint16_t a, int lane)
{
    bool rsa = (a & 0xff) == 1 || (a >= 0x0804 && a <= 0x0806);
    if (is13(w))
        return rsa == (lane == 1);
    return is_weak_sigalg(a) ? lane == 0 : lane == 1 && p->options.thorough;
}

static void add_sigalg_lanes(struct plan *p, struct plan_task *t, struct walk *w)
{
    for (size_t i = 0; is13(w) && i < p->facts.sigalgs.n; i++)
        choice_list_drop(&w->sigalgs, p->facts.sigalgs.v[i]);
    for (int lane = 0; lane < 2; lane++) {
        struct lane *l = add_lane(p, w, LANE_SIGALGS);
        for (size_t i = 0; l && i < w->sigalgs.fresh; i++)
            if (wants_sigalg(p, w, w->sigalgs.v[i], lane))
                l->left[l->n++] = w->sigalgs.v[i];
        if (l && l->n)
            begin_lane(p, t, w);
        else if (l)
            l->mode = LANE_DONE;
    }
}

/* The tests' hellos show it of the best version of TLS 1.3, and of the best below; see plan_tests.c. */
static void add_order_lane(struct plan *p, struct plan_task *t, struct walk *w)
{
    bool asked_elsewhere = w->v >= VI_TLS12 && w->firsts < 2;
    w->ordered = true;
    if (p->facts.v[w->v].nsuites > 1 && !asked_elsewhere && add_lane(p, w, LANE_ORDER))
        ask(p, t, w, w->nlanes - 1);
}

static void second_round(struct plan *p, struct plan_task *t, struct walk *w)
{
    w->second = true;
    if (p->facts.v[w->v].nsuites == 0)
        return;
    if (w->v == VI_TLS13 || w->v == plan_best(p, VI_TLS12))
        add_groups_lane(p, t, w);
    if (w->v >= VI_TLS12)
        add_sigalg_lanes(p, t, w);
}

/* Over a long way the suites are not waited for; the suites' lanes leave the other lists alone then. */
static void second_round_early(struct plan *p, struct plan_task *t, struct walk *w)
{
    bool declared = !is13(w) || p->contacted;
    if (w->second || w->v < VI_TLS12 || p->facts.rtt <= LONG_RTT || !declared ||
        !uses_groups(&p->facts.v[w->v]))
        return;
    w->side_by_side = true;
    for (size_t i = 0; i < w->nlanes; i++)
        if (w->lanes[i]->mode == LANE_NARROW)
            w->lanes[i]->mode = LANE_SUITES;
    second_round(p, t, w);
}

static bool try_old(struct plan *p, struct plan_task *t, struct walk *w)
{
    if (w->tried_old || is13(w) || p->facts.v[w->v].nsuites || !(w->refused_closed || w->unanswered))
        return false;
    w->tried_old = true;
    struct lane *l = add_lane(p, w, LANE_OLD);
    if (l)
        ask(p, t, w, w->nlanes - 1);
    return l != NULL;
}

static void conclude(struct plan *p, struct plan_task *t, struct walk *w)
{
    struct version_facts *f = &p->facts.v[w->v];
    f->complete = !w->incomplete && (!w->unanswered || f->nsuites);
    if (f->offered != KNOWN_YES)
        f->offered = w->unanswered ? KNOWN_NOT : KNOWN_NO;
    if (f->offered == KNOWN_NOT || w->incomplete)
        f->why = w->why;
    t->done = true;
}

static void walk_step(struct plan *p, struct plan_task *t, const struct observation *o,
                      enum tls_version_index v)
{
    struct walk *w = t->data ? t->data : begin(p, t, v);
    if (!w || !p->options.tls) {
        t->done = true;
        return;
    }
    if (o)
        on_answer(p, t, w, o);
    if (o && w->rest_waits)
        go_on_with_rest(p, t, w);
    second_round_early(p, t, w);
    if (!lanes_done(w) || t->in_flight)
        return;
    if (try_old(p, t, w))
        return;
    if (is13(w) && !p->contacted)
        return;
    if (!w->second)
        second_round(p, t, w);
    if (!w->ordered)
        add_order_lane(p, t, w);
    if (lanes_done(w) && t->in_flight == 0)
        conclude(p, t, w);
}

/* ---- when to walk ---- */

static void step13(struct plan *p, struct plan_task *t, const struct observation *o)
{
    walk_step(p, t, o, VI_TLS13);
}

static void step12(struct plan *p, struct plan_task *t, const struct observation *o)
{
    walk_step(p, t, o, VI_TLS12);
}

/* One hello for TLS 1.1 and what is below: protocol_version says no to all of it. Whatever else is
 * answered, each version is asked for by itself. */
static void step11(struct plan *p, struct plan_task *t, const struct observation *o)
{
    enum { PROTOCOL_VERSION = 70 };
    struct tls_facts *f = &p->facts;
    if (o && o->spec.step == 0 && o->hs && !o->hs->hello && o->hs->alert.code == PROTOCOL_VERSION &&
        f->v[VI_TLS11].offered != KNOWN_YES)
        f->old_refused = true;
    walk_step(p, t, o, VI_TLS11);
}

static void lower_step(struct plan *p, struct plan_task *t, const struct observation *o,
                       enum tls_version_index v)
{
    const struct plan_task *above = &p->tasks[3]; /* task_walk11, the row in front of ours */
    struct version_facts *f = &p->facts.v[v];
    if (t->data || o) {
        walk_step(p, t, o, v);
        return;
    }
    if (!p->options.tls) {
        t->done = true;
        return;
    }
    if (!above->done && f->offered != KNOWN_YES)
        return;
    if (p->facts.old_refused && f->offered != KNOWN_YES) {
        f->offered = KNOWN_NO;
        f->complete = t->done = true;
        f->evidence = p->facts.v[VI_TLS11].evidence;
        return;
    }
    walk_step(p, t, NULL, v);
}

static void step10(struct plan *p, struct plan_task *t, const struct observation *o)
{
    lower_step(p, t, o, VI_TLS10);
}

static void step_ssl3(struct plan *p, struct plan_task *t, const struct observation *o)
{
    lower_step(p, t, o, VI_SSL3);
}

const struct task_row task_walk13 = {"TLS 1.3", step13};
const struct task_row task_walk12 = {"TLS 1.2", step12};
const struct task_row task_walk11 = {"TLS 1.1", step11};
const struct task_row task_walk10 = {"TLS 1.0", step10};
const struct task_row task_walk_ssl3 = {"SSL 3.0", step_ssl3};
