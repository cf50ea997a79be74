/* Many audits in one process; see fleet.h. Every item is in exactly one of the four lists. */
#include "audit/fleet.h"

#include "audit/network_limit.h"

#include <stdlib.h>

enum { PULLS = 512 }; /* from the source in one turn: what is excluded costs no waiting */

struct item {
    struct list list;
    struct fleet *fleet;
    struct audit_target target;
    char tag[FLEET_TAG_MAX];
    struct network *nets[AUDIT_ADDRESSES_MAX];
    size_t nnets;
    struct audit *audit;
    const struct report *report;
};

struct fleet {
    struct fleet_env env;
    struct network_limit limit;
    struct list resolving, parked, running, unsent;
    size_t nresolving, nparked, nrunning, nunsent;
    bool waiting;  /* for the source */
    bool ended;    /* the source is */
    bool over;     /* on_end was called */
    struct task pump;
    struct timer breath; /* the next turn goes on with the source */
    uint64_t given, done, failed, excluded;
};

static void move(struct list *to, size_t *to_n, size_t *from_n, struct item *i)
{
    list_remove(&i->list);
    list_push(to, &i->list);
    --*from_n;
    ++*to_n;
}

static void item_free(struct item *i)
{
    struct fleet *f = i->fleet;
    list_remove(&i->list);
    for (size_t k = 0; k < i->nnets; k++)
        network_give_back(&f->limit, i->nets[k]);
    if (i->audit)
        f->env.stop(i->audit);
    free(i);
}

/* ---- the sink ---- */

static void hand_out(struct fleet *f, struct item *i)
{
    f->done++;
    f->failed += i->report->failure.n != 0;
    f->env.on_report(f->env.user, &i->target, i->tag, i->report);
    f->nunsent--;
    item_free(i);
}

static void flush(struct fleet *f)
{
    while (!list_empty(&f->unsent) && f->env.ready(f->env.user))
        hand_out(f, LIST_ENTRY(f->unsent.next, struct item, list));
}

static void on_report(void *user, struct audit *a, const struct report *r)
{
    struct item *i = user;
    struct fleet *f = i->fleet;
    i->report = r;
    network_leave(i->nets, i->nnets);
    move(&f->unsent, &f->nunsent, &f->nrunning, i);
    loop_defer(f->env.audit->loop, &f->pump);
}

/* ---- from a target to an audit ---- */

static const struct report no_memory = {.failure = {"out of memory", 13}, .overall = {.score = -1},
                                        .ssllabs = {.score = -1}, .observatory = {.score = -1}};

static bool start(struct fleet *f, struct item *i)
{
    if (f->nrunning + f->nunsent >= f->env.parallel || !network_enter(&f->limit, i->nets, i->nnets))
        return false;
    move(&f->running, &f->nrunning, &f->nparked, i);
    i->audit = f->env.start(f->env.audit, &i->target, on_report, i);
    if (!i->audit)
        on_report(i, NULL, &no_memory);
    return true;
}

static void start_parked(struct fleet *f)
{
    LIST_EACH(it, tmp, &f->parked) {
        if (f->nrunning + f->nunsent >= f->env.parallel)
            return;
        start(f, LIST_ENTRY(it, struct item, list));
    }
}

static void hold(struct item *i, const struct addr *a)
{
    struct fleet *f = i->fleet;
    struct network *n = network_hold(&f->limit, a);
    for (size_t k = 0; n && k < i->nnets; k++)
        if (i->nets[k] == n) {
            network_give_back(&f->limit, n);
            return;
        }
    if (n)
        i->nets[i->nnets++] = n;
}

static void leave_out(struct item *i)
{
    struct fleet *f = i->fleet;
    f->excluded++;
    f->nparked--;
    f->env.on_excluded(f->env.user, &i->target, i->tag);
    item_free(i);
}

/* Those of its addresses that may be asked become the target's. */
static void take_addresses(struct item *i, const struct addr *addrs, size_t n)
{
    const struct exclude *x = i->fleet->env.exclude;
    struct audit_target *t = &i->target;
    size_t kept = 0;
    for (size_t k = 0; k < n && kept < AUDIT_ADDRESSES_MAX; k++)
        if (!x || !exclude_addr(x, &addrs[k]))
            t->connect[kept++] = addrs[k]; /* addrs may be connect itself */
    t->nconnect = kept;
    for (size_t k = 0; k < kept; k++)
        hold(i, &t->connect[k]);
}

static void on_addresses(void *user, int err, const struct addr *addrs, size_t n)
{
    struct item *i = user;
    struct fleet *f = i->fleet;
    i->target.unresolved = err;
    i->target.resolved = i->target.nconnect == 0;
    take_addresses(i, addrs, err ? 0 : n);
    move(&f->parked, &f->nparked, &f->nresolving, i);
    if (!err && n && i->target.nconnect == 0)
        leave_out(i);
    else
        start(f, i); /* the others in the lot could not, a moment ago */
    loop_defer(f->env.audit->loop, &f->pump);
}

static void find_addresses(struct item *i)
{
    struct fleet *f = i->fleet;
    struct audit_target *t = &i->target;
    struct ip_range one;
    struct addr a;
    if (t->nconnect || t->refused) {
        on_addresses(i, 0, t->connect, t->nconnect);
        return;
    }
    if (!ip_range_parse(&one, str_c(t->host))) {
        ip_range_addr(one.first, &a);
        addr_set_port(&a, t->port);
        on_addresses(i, 0, &a, 1);
        return;
    }
    int err = resolver_addresses(f->env.audit->resolver, str_c(t->host), t->port, on_addresses, i);
    if (err)
        on_addresses(i, err, NULL, 0);
}

/* ---- the source ---- */

static bool has_room(const struct fleet *f)
{
    return !f->waiting && !f->ended &&
           f->nrunning + f->nunsent + f->nresolving < f->env.parallel &&
           f->nparked + f->nresolving < FLEET_PARKED_MAX;
}

/* False: nothing came. */
static bool pull(struct fleet *f)
{
    struct item *i = calloc(1, sizeof *i);
    if (!i) {
        timer_start(f->env.audit->loop, &f->breath, f->env.audit->loop->now + SECOND);
        return false;
    }
    enum fleet_next got = f->env.next(f->env.user, &i->target, i->tag);
    if (got != FLEET_TARGET) {
        f->waiting = got == FLEET_WAIT;
        f->ended = got == FLEET_END;
        free(i);
        return false;
    }
    i->fleet = f;
    f->given++;
    list_init(&i->list);
    list_push(&f->resolving, &i->list);
    f->nresolving++;
    if (!f->env.exclude || !exclude_name(f->env.exclude, str_c(i->target.host))) {
        find_addresses(i);
        return true;
    }
    move(&f->parked, &f->nparked, &f->nresolving, i);
    leave_out(i);
    return true;
}

static void pump(struct fleet *f)
{
    unsigned pulls = 0;
    flush(f);
    start_parked(f);
    while (pulls < PULLS && has_room(f) && pull(f))
        pulls++;
    if (pulls == PULLS)
        timer_start(f->env.audit->loop, &f->breath, f->env.audit->loop->now);
    bool idle = f->nresolving + f->nparked + f->nrunning + f->nunsent == 0;
    if (!idle || !f->ended || f->over)
        return;
    f->over = true;
    f->env.on_end(f->env.user);
}

static void on_pump(struct task *t)
{
    pump(LIST_ENTRY(t, struct fleet, pump));
}

static void on_breath(struct timer *t, uint64_t now)
{
    pump(LIST_ENTRY(t, struct fleet, breath));
}

void fleet_wake(struct fleet *f)
{
    f->waiting = false;
    loop_defer(f->env.audit->loop, &f->pump);
}

/* ---- from birth to death ---- */

static uint64_t may_dial(void *user, const struct addr *to, uint64_t now)
{
    return network_dial(&((struct fleet *)user)->limit, to, now);
}

struct fleet *fleet_new(const struct fleet_env *env)
{
    struct fleet *f = calloc(1, sizeof *f);
    if (!f)
        return NULL;
    f->env = *env;
    f->env.start = env->start ? env->start : audit_new;
    f->env.stop = env->stop ? env->stop : audit_free;
    if (timer_init(env->audit->loop, &f->breath, on_breath)) {
        free(f);
        return NULL;
    }
    network_limit_init(&f->limit, (size_t)AUDIT_ADDRESSES_MAX * (FLEET_PARKED_MAX + env->parallel), env->seed);
    f->limit.parallel = env->network_parallel;
    f->limit.rate = env->network_rate;
    f->limit.loopback = env->limit_loopback;
    env->audit->may_dial = env->network_rate ? may_dial : NULL;
    env->audit->may_dial_user = f;
    list_init(&f->resolving);
    list_init(&f->parked);
    list_init(&f->running);
    list_init(&f->unsent);
    task_init(&f->pump, on_pump);
    loop_defer(env->audit->loop, &f->pump);
    return f;
}

void fleet_free(struct fleet *f)
{
    if (!f)
        return;
    struct list *const lists[] = {&f->resolving, &f->parked, &f->running, &f->unsent};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++)
        LIST_EACH(it, tmp, lists[k]) {
            struct item *i = LIST_ENTRY(it, struct item, list);
            if (k == 0 && f->env.audit->resolver)
                resolver_cancel(f->env.audit->resolver, i);
            item_free(i);
        }
    task_cancel(&f->pump);
    timer_done(f->env.audit->loop, &f->breath);
    network_limit_done(&f->limit);
    f->env.audit->may_dial = NULL;
    free(f);
}

void fleet_progress(const struct fleet *f, struct fleet_progress *ret)
{
    *ret = (struct fleet_progress){.given = f->given, .done = f->done, .failed = f->failed,
                                   .excluded = f->excluded, .running = f->nrunning,
                                   .parked = f->nparked, .resolving = f->nresolving,
                                   .unsent = f->nunsent, .audits = {.doing = "addresses"}};
    if (f->env.start != audit_new)
        return;
    for (const struct list *it = f->running.next; it != &f->running; it = it->next) {
        struct audit_progress p;
        audit_progress(LIST_ENTRY(it, const struct item, list)->audit, &p);
        ret->audits.done += p.done;
        ret->audits.known += p.known;
        ret->audits.doing = p.doing;
    }
}
