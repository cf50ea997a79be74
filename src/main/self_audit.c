/* Auditing what would be served; see self_audit.h. Classes of sites are audited one after the other:
 * it is one core's work either way, and the first that is done frees its memory for the next. */
#include "main/self_audit.h"

#include "audit/checks.h"
#include "audit/endpoint.h"
#include "audit/view_build.h"
#include "main/self_class.h"

#include <stdlib.h>
#include <sys/random.h>

enum { PIPE_SIZE = 16 * 1024, INFLIGHT = 12, WAITING_MAX = 16, HSTS_FIRST = 300 /* s */ };

/* A connection that the auditor has made and the front has not yet. */
struct waiting {
    struct stream *stream;
    bool tls;
};

struct self_audit {
    struct self_audit_env env;
    struct metrics metrics;  /* of the front: nobody reads them */
    struct front *front;
    struct crypto *crypto;
    struct kex_keys *keys;
    struct arena arena;
    struct self_class *classes;
    size_t nclasses, at;     /* classes[at] is being audited */
    struct self_result *results;
    struct endpoint *endpoint;
    struct waiting waiting[WAITING_MAX];
    size_t nwaiting;
    struct timer accept;
    struct task step, reaper;
    uint64_t until;          /* ns */
    uint32_t dialled;
};

/* ---- connections ---- */

/* Each from a network of its own, so that no limit per address is met. */
static void peer_of(uint32_t number, struct addr *ret)
{
    *ret = (struct addr){.len = sizeof ret->in6};
    ret->in6.sin6_family = AF_INET6;
    unsigned char *b = ret->in6.sin6_addr.s6_addr;
    b[0] = 0xfd;
    for (int i = 0; i < 4; i++)
        b[4 + i] = (unsigned char)(number >> (24 - 8 * i));
    b[15] = 1;
}

static void on_accept(struct timer *t, uint64_t now)
{
    struct self_audit *a = LIST_ENTRY(t, struct self_audit, accept);
    struct addr peer;
    if (a->nwaiting == 0)
        return;
    struct waiting w = a->waiting[0];
    a->nwaiting--;
    memmove(a->waiting, a->waiting + 1, a->nwaiting * sizeof w);
    if (a->nwaiting)
        timer_start(a->env.loop, t, now);
    peer_of(++a->dialled, &peer);
    int refused = front_accept(a->front, w.stream, &peer, &a->classes[a->at].local, w.tls);
    (void)refused; /* closed: the auditor sees it */
}

static int dial(void *user, enum probe_port port, struct stream **ret)
{
    struct self_audit *a = user;
    struct stream *theirs;
    if (a->nwaiting == WAITING_MAX)
        return -ERR_LIMIT;
    int err = stream_mem_pair(a->env.loop, PIPE_SIZE, ret, &theirs);
    if (err)
        return err;
    a->waiting[a->nwaiting++] = (struct waiting){theirs, port == PROBE_PORT_TLS};
    timer_start(a->env.loop, &a->accept, a->env.loop->now);
    return 0;
}

/* ---- one class ---- */

static int judge(struct self_audit *a, struct self_class *c)
{
    const struct snapshot *s = a->env.serving->snapshot;
    struct trust_facts trust = {0};
    struct audit_view view;
    struct finding *findings;
    struct view_input in = {.host = c->host, .now = a->env.loop->wall, .internal = c->internal,
                            .believed = true,
                            .plan = endpoint_plan(a->endpoint), .trust = &trust};
    int err = view_build(&a->arena, &in, &view);
    if (!err)
        err = checks_run(&view, &a->arena, &findings);
    for (size_t i = 0; !err && i < c->nsites; i++)
        err = self_grade(&a->arena, s, s->sites[c->sites[i]], &view, findings, check_count(),
                         &a->results[c->sites[i]].grade);
    return err;
}

static const char *failure_of(const struct plan *p)
{
    return p->facts.failure     ? p->facts.failure
           : p->facts.cut_short ? "it was not done in time"
           : p->failed          ? "out of memory"
                                : NULL;
}

static void end_class(struct self_audit *a, const char *failure)
{
    struct self_class *c = &a->classes[a->at];
    if (!failure && judge(a, c))
        failure = "out of memory";
    for (size_t i = 0; failure && i < c->nsites; i++)
        a->results[c->sites[i]].failure = failure;
    endpoint_free(a->endpoint);
    a->endpoint = NULL;
    a->at++;
}

static void on_endpoint_done(void *user)
{
    struct self_audit *a = user;
    loop_defer(a->env.loop, &a->step);
}

static int begin_class(struct self_audit *a)
{
    const struct self_class *c = &a->classes[a->at];
    uint64_t now = loop_clock(a->env.loop);
    struct plan_options plan = {.sni = c->sni, .url = c->url, .plain_url = c->plain_url,
                                .tls = true, .plain = c->plain, .intrusive = true, .http = true,
                                .wall = a->env.loop->wall};
    struct endpoint_env env = {.loop = a->env.loop, .crypto = a->crypto, .keys = a->keys,
                               .inflight = INFLIGHT, .timeout = ENDPOINT_TIMEOUT,
                               .deadline = a->until > now ? a->until - now : 1,
                               .dial = dial, .on_done = on_endpoint_done, .user = a};
    a->endpoint = endpoint_new(&env, &plan);
    return a->endpoint ? 0 : -ERR_NOMEM;
}

static void on_step(struct task *t)
{
    struct self_audit *a = LIST_ENTRY(t, struct self_audit, step);
    if (a->endpoint)
        end_class(a, failure_of(endpoint_plan(a->endpoint)));
    while (a->at < a->nclasses && begin_class(a))
        end_class(a, "out of memory");
    if (!a->endpoint)
        a->env.on_done(a->env.user, a);
}

/* ---- life ---- */

static void reap(struct task *t)
{
    struct self_audit *a = LIST_ENTRY(t, struct self_audit, reaper);
    serving_unref(a->env.serving);
    arena_done(&a->arena);
    free(a);
}

/* The front's connections end in tasks that still count in our metrics: what they need goes after. */
void self_audit_free(struct self_audit *a)
{
    if (!a)
        return;
    endpoint_free(a->endpoint);
    for (size_t i = 0; i < a->nwaiting; i++)
        stream_close(a->waiting[i].stream, true);
    front_free(a->front);
    timer_done(a->env.loop, &a->accept);
    task_cancel(&a->step);
    kex_keys_free(a->keys);
    crypto_free(a->crypto);
    loop_defer(a->env.loop, &a->reaper);
}

/* The ramp is the parent's and begins with the commit: until then no site would send HSTS. */
static void begin_ramp(const struct snapshot *s)
{
    for (size_t i = 0; i < s->nsites; i++)
        if (s->sites[i]->hsts_age == 0)
            s->sites[i]->hsts_age = HSTS_FIRST;
}

static int make_front(struct self_audit *a)
{
    struct front_env env = {.loop = a->env.loop, .log = a->env.log, .metrics = &a->metrics,
                            .caches = a->env.caches ? a->env.caches : &a->metrics};
    if (getrandom(env.seed, sizeof env.seed, 0) != sizeof env.seed)
        return -ERR_IO;
    a->front = front_new(&env);
    a->crypto = crypto_new();
    a->keys = a->crypto ? kex_keys_new(a->crypto) : NULL;
    if (!a->front || !a->keys)
        return -ERR_NOMEM;
    a->env.serving->refs++;
    front_serve(a->front, a->env.serving);
    return 0;
}

static int prepare(struct self_audit *a)
{
    const struct snapshot *s = a->env.serving->snapshot;
    int err = make_front(a);
    if (err || !a->env.serving->store)
        return err;
    begin_ramp(s);
    a->results = arena_zalloc(&a->arena, (s->nsites + 1) * sizeof *a->results);
    if (!a->results)
        return -ERR_NOMEM;
    for (size_t i = 0; i < s->nsites; i++)
        a->results[i].site = s->sites[i];
    err = self_classes(&a->arena, s, a->env.chains, a->env.nchains, &a->classes, &a->nclasses);
    if (!err && a->nclasses)
        front_https_port(a->front, a->classes[0].url.port);
    return err;
}

int self_audit_new(const struct self_audit_env *env, struct self_audit **ret)
{
    struct self_audit *a = calloc(1, sizeof *a);
    if (!a)
        return -ERR_NOMEM;
    a->env = *env;
    a->env.serving->refs++;
    a->until = loop_clock(env->loop) + (env->time ? env->time : SELF_AUDIT_TIME);
    arena_init(&a->arena, 64 * 1024, 256u * 1024 * 1024);
    task_init(&a->step, on_step);
    task_init(&a->reaper, reap);
    int err = timer_init(env->loop, &a->accept, on_accept);
    if (!err)
        err = prepare(a);
    if (err) {
        self_audit_free(a);
        return err;
    }
    loop_defer(env->loop, &a->step);
    *ret = a;
    return 0;
}

/* ---- what came of it ---- */

const struct self_result *self_audit_results(const struct self_audit *a, size_t *ret_n)
{
    *ret_n = a->results ? a->env.serving->snapshot->nsites : 0;
    return a->results;
}

size_t self_audit_count(const struct self_audit *a)
{
    return a->nclasses;
}

bool self_audit_passes(const struct self_audit *a)
{
    size_t n;
    const struct self_result *r = self_audit_results(a, &n);
    for (size_t i = 0; i < n; i++)
        if (!r[i].failure && !self_grade_passes(&r[i].grade))
            return false;
    return true;
}

const char *self_audit_letter(const struct self_audit *a)
{
    size_t n;
    const struct self_result *r = self_audit_results(a, &n);
    enum grade_rank worst = GRADE_RANKS;
    for (size_t i = 0; i < n; i++)
        if (!r[i].failure && r[i].grade.rank < worst)
            worst = r[i].grade.rank;
    return worst == GRADE_RANKS ? NULL : grade_letter(worst);
}
