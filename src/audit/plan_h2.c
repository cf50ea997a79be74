/* HTTP/2 where ALPN gives it: a request first; only where that is answered can a connection's end
 * be told from a server that does not work. Then the floods, one after the other. That a server
 * tolerates one is said when it did so twice; that it limits one, when it did and the request had
 * worked.
 *
 * Where servers limit resets they do it at 100 (few), 256 (nginx), some hundreds, or 1000
 * (nghttp2). So the small flood, which is all that is sent unasked, can find a limit but never that
 * there is none. */
#include "audit/plan.h"

enum { STEP_GET = H2_FLOODS, ROUNDS = 100, ROUNDS_THOROUGH = H2_PROBE_MAX };
enum { WAITING, ASKED, FLOODS, OVER };

struct progress {
    unsigned gets; /* that failed */
    unsigned tolerated[H2_FLOODS];
    bool asked[H2_FLOODS];
};

static bool walks_done(const struct plan *p)
{
    for (size_t i = 0; i < PLAN_WALKS; i++)
        if (!p->tasks[i].done)
            return false;
    return true;
}

static void ask(struct plan *p, struct plan_task *t, const struct probe_kind *kind,
                const char *purpose, int step)
{
    enum tls_version_index v = plan_best(p, VI_TLS13);
    uint16_t version = version_wire(v);
    struct probe_spec s = plan_hello(p, version, offer_doable(p, version, SUITE_KX_COUNT));
    s.kind = kind;
    s.purpose = purpose;
    s.stop = TLS_STOP_NEVER;
    s.follow_retry = true;
    s.share_group = v == VI_TLS13 ? 29 : 0;
    s.hello.alpn = STR("\x02h2");
    s.request = http_url_authority(&p->arena, &p->options.url);
    s.step = step;
    s.variant = step;
    s.intrusive = step != STEP_GET;
    s.size = p->options.thorough && step != H2_PROBE_CONTINUATION ? ROUNDS_THOROUGH : ROUNDS;
    plan_try(p, t, &s);
}

static void ask_get(struct plan *p, struct plan_task *t)
{
    ask(p, t, &probe_h2, "HTTP/2", STEP_GET);
}

static void ask_flood(struct plan *p, struct plan_task *t, int kind)
{
    static const char *const purposes[H2_FLOODS] = {[H2_PROBE_RESETS] = "HTTP/2 rapid reset",
                                                    [H2_PROBE_MADE_RESETS] = "HTTP/2 MadeYouReset",
                                                    [H2_PROBE_CONTINUATION] =
                                                        "HTTP/2 CONTINUATION flood"};
    p->facts.h2.floods[kind].rounds =
        p->options.thorough && kind != H2_PROBE_CONTINUATION ? ROUNDS_THOROUGH : ROUNDS;
    ask(p, t, &probe_h2_flood, purposes[kind], kind);
}

static void take_get(struct plan *p, struct plan_task *t, struct progress *g,
                     const struct observation *o)
{
    struct h2_facts *f = &p->facts.h2;
    const struct h2_seen *s = &o->h2;
    if (!s->negotiated && g->gets++ == 0) {
        ask_get(p, t);
        return;
    }
    f->evidence = o->number;
    f->settings = s->settings;
    f->max_streams = s->max_streams;
    f->status = s->status;
    f->violation = s->violation;
    f->code = s->code;
    t->state = OVER;
    if (s->status) {
        f->works = KNOWN_YES;
        t->state = FLOODS;
    } else if (!s->negotiated || o->ending == ENDING_TIMEOUT) {
        f->why = o->why          ? o->why
                 : s->negotiated ? "the request was not answered in time"
                                 : "the handshake failed";
    } else if (g->gets++ == 0) {
        t->state = ASKED;
        ask_get(p, t);
    } else {
        f->works = KNOWN_NO;
    }
}

static const char *unclear(const struct observation *o)
{
    return o->why                            ? o->why
           : o->h2.verdict == H2_PROBE_NO_H2 ? "the connection did not speak HTTP/2"
           : o->ending == ENDING_TIMEOUT     ? "the server did not answer in time"
                                             : "the connection failed";
}

static void take_flood(struct plan *p, struct plan_task *t, struct progress *g,
                       const struct observation *o)
{
    int kind = o->spec.step;
    struct h2_flood_facts *f = &p->facts.h2.floods[kind];
    f->evidence = o->number;
    f->resets = o->h2.resets;
    f->goaway = o->h2.goaway;
    f->code = o->h2.code;
    bool enough = kind == H2_PROBE_CONTINUATION || f->rounds == ROUNDS_THOROUGH;
    if (o->h2.verdict == H2_PROBE_TOLERATED && !enough) {
        f->why =
            "all of 100 were taken, but many limits are above that (--thorough asks with 1000)";
    } else if (o->h2.verdict == H2_PROBE_TOLERATED && g->tolerated[kind]++ == 0) {
        ask_flood(p, t, kind);
    } else if (o->h2.verdict == H2_PROBE_TOLERATED) {
        f->limited = KNOWN_NO;
    } else if (o->h2.verdict == H2_PROBE_LIMITED && !g->tolerated[kind]) {
        f->limited = KNOWN_YES;
    } else {
        f->why = g->tolerated[kind] ? "two connections were answered differently" : unclear(o);
    }
}

/* True: one is under way. */
static bool next_flood(struct plan *p, struct plan_task *t, struct progress *g)
{
    for (int kind = 0; kind < H2_FLOODS; kind++) {
        if (g->asked[kind])
            continue;
        g->asked[kind] = true;
        if (p->options.intrusive && (kind == H2_PROBE_RESETS || p->options.thorough)) {
            ask_flood(p, t, kind);
            return true;
        }
        p->facts.h2.floods[kind].why =
            p->options.intrusive ? "only asked with --thorough" : "left out by --no-intrusive";
    }
    return false;
}

static void all_unasked(struct h2_facts *f, const char *why)
{
    for (int kind = 0; kind < H2_FLOODS; kind++)
        f->floods[kind].why = why;
}

/* False: nothing is to be asked for. */
static bool begin(struct plan *p, struct plan_task *t)
{
    bool h2 = str_eq(p->facts.alpn, STR("h2"));
    const char *why = !p->options.tls || !p->options.http ? "left out by --no-http" : NULL;
    if (!why && !h2 && walks_done(p)) {
        p->facts.h2.absent = !p->facts.failure && plan_best(p, VI_TLS13) != VI_COUNT;
        why = p->facts.failure ? p->facts.failure : "the server does not offer HTTP/2";
    }
    if (why) {
        p->facts.h2.why = why;
        all_unasked(&p->facts.h2, why);
        return false;
    }
    if (h2 && plan_best(p, VI_TLS13) != VI_COUNT) {
        t->state = ASKED;
        ask_get(p, t);
    }
    return true;
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct progress *g = t->data ? t->data : arena_zalloc(&p->arena, sizeof *g);
    t->data = g;
    if (!g || (t->state == WAITING && !begin(p, t))) {
        t->done = true;
        return;
    }
    if (o && o->spec.step == STEP_GET)
        take_get(p, t, g, o);
    else if (o)
        take_flood(p, t, g, o);
    if (t->in_flight || t->state == WAITING || t->state == ASKED)
        return;
    if (t->state == OVER)
        all_unasked(&p->facts.h2, "no request over HTTP/2 was answered");
    t->done = t->state == OVER || !next_flood(p, t, g);
}

const struct task_row task_h2 = {"h2", step};
