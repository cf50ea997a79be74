/* Contacts on other ways; see other_ways.h. */
#include "audit/other_ways.h"

#include "audit/via_dial.h"
#include "io/dial.h"

#include <stdio.h>
#include <stdlib.h>

enum { WHY_MAX = 96, NAMES_MAX = 64 };

/* One contact, through a proxy or at an address. */
struct way {
    struct other_ways *all;
    const struct via *via;     /* NULL: at an address that … */
    size_t resolver;           /* … this one gave */
    struct addr to;            /* the proxy, or the server */
    struct endpoint *endpoint; /* NULL: none came about, see why */
    bool pending;
    char why[WHY_MAX];
};

/* What one further name server says. */
struct question {
    struct other_ways *all;
    size_t index;
    struct addr answer[NAMES_MAX];
    size_t n;
    int err;
    bool pending, compared;
    size_t fresh; /* addresses that the audit itself does not use */
};

struct other_ways {
    const struct audit_env *audit;
    const struct audit_target *target;
    struct plan_options plan;
    void (*on_done)(void *user);
    void *user;
    struct way ways[TRUST_COMPARISONS_MAX];
    size_t nways;
    struct question questions[TRUST_COMPARISONS_MAX];
    size_t nquestions;
    struct addr known[NAMES_MAX];
    size_t nknown;
    bool all_known, ended;
    struct task finish;
};

/* ---- a contact ---- */

static void maybe_finish(struct other_ways *w)
{
    bool busy = !w->all_known || w->ended;
    for (size_t i = 0; i < w->nways; i++)
        busy = busy || w->ways[i].pending;
    for (size_t i = 0; i < w->nquestions; i++)
        busy = busy || w->questions[i].pending;
    if (busy)
        return;
    w->ended = true;
    loop_defer(w->audit->loop, &w->finish);
}

static int dial(void *user, enum probe_port port, struct stream **ret)
{
    struct way *way = user;
    struct loop *loop = way->all->audit->loop;
    const struct audit_target *t = way->all->target;
    char text[ADDR_TEXT_MAX];
    if (!way->via)
        return dial_tcp(loop, &way->to, ret);
    bool given = t->nconnect && !t->resolved;
    struct str host = given ? addr_ip_text(&t->connect[0], text) : str_c(t->host);
    uint16_t to = given && addr_port(&t->connect[0]) ? addr_port(&t->connect[0]) : t->port;
    return via_dial(loop, way->via, &way->to, host, to, way->why, sizeof way->why, ret);
}

static void on_contact(void *user)
{
    struct way *way = user;
    way->pending = false;
    maybe_finish(way->all);
}

static void contact(struct way *way, const struct addr *to)
{
    const struct audit_env *a = way->all->audit;
    struct endpoint_env env = {.loop = a->loop,
                               .crypto = a->crypto,
                               .keys = a->keys,
                               .auth = a->auth,
                               .inflight = a->options.inflight,
                               .rate = a->options.rate,
                               .timeout = a->options.timeout,
                               .deadline = a->options.deadline,
                               .dial = dial,
                               .on_done = on_contact,
                               .user = way};
    way->to = *to;
    way->endpoint = endpoint_new(&env, &way->all->plan);
    way->pending = way->endpoint != NULL;
    if (!way->endpoint)
        snprintf(way->why, sizeof way->why, "%s", err_text(-ERR_NOMEM));
}

/* NULL: there are enough. */
static struct way *add_way(struct other_ways *w)
{
    if (w->nways == TRUST_COMPARISONS_MAX)
        return NULL;
    struct way *way = &w->ways[w->nways++];
    way->all = w;
    return way;
}

/* ---- proxies ---- */

static void on_proxy_address(void *user, int err, const struct addr *addrs, size_t n)
{
    struct way *way = user;
    way->pending = false;
    if (err)
        snprintf(way->why, sizeof way->why, "the proxy has no address: %s", err_text(err));
    else
        contact(way, &addrs[0]);
    maybe_finish(way->all);
}

static void start_proxy(struct other_ways *w, const struct via *via)
{
    struct way *way = add_way(w);
    if (!way)
        return;
    way->via = via;
    way->pending = true;
    int err =
        resolver_addresses(w->audit->resolver, str_c(via->host), via->port, on_proxy_address, way);
    if (err)
        on_proxy_address(way, err, NULL, 0);
}

/* ---- other name servers ---- */

static bool same_ip(const struct addr *a, const struct addr *b)
{
    struct addr x = *a, y = *b;
    addr_set_port(&x, 0);
    addr_set_port(&y, 0);
    return addr_eq(&x, &y);
}

/* The audit's own, or contacted already for another name server. */
static bool is_known(const struct other_ways *w, const struct addr *a)
{
    for (size_t i = 0; i < w->nknown; i++)
        if (same_ip(&w->known[i], a))
            return true;
    return false;
}

static void compare_addresses(struct other_ways *w, struct question *q)
{
    if (q->pending || q->compared || !w->all_known)
        return;
    q->compared = true;
    for (size_t i = 0; i < q->n && w->nknown && q->fresh < OTHER_WAYS_NEW_ADDRESSES; i++) {
        if (is_known(w, &q->answer[i]))
            continue;
        struct way *way = add_way(w);
        if (!way)
            return;
        q->fresh++;
        way->resolver = q->index;
        addr_set_port(&q->answer[i], w->target->port);
        contact(way, &q->answer[i]);
    }
}

static void on_answer(void *user, int err, const struct addr *addrs, size_t n)
{
    struct question *q = user;
    q->pending = false;
    q->err = err;
    q->n = n < NAMES_MAX ? n : NAMES_MAX;
    if (q->n)
        memcpy(q->answer, addrs, q->n * sizeof *addrs);
    compare_addresses(q->all, q);
    maybe_finish(q->all);
}

static void ask(struct other_ways *w, size_t index)
{
    struct question *q = &w->questions[w->nquestions++];
    *q = (struct question){.all = w, .index = index, .pending = true};
    int err = resolver_addresses(w->audit->resolvers[index], str_c(w->target->host),
                                 w->target->port, on_answer, q);
    if (err)
        on_answer(q, err, NULL, 0);
}

void other_ways_known(struct other_ways *w, const struct addr *addrs, size_t n)
{
    if (!w || w->all_known)
        return;
    w->all_known = true;
    w->nknown = n < NAMES_MAX ? n : NAMES_MAX;
    if (w->nknown)
        memcpy(w->known, addrs, w->nknown * sizeof *addrs);
    for (size_t i = 0; i < w->nquestions; i++)
        compare_addresses(w, &w->questions[i]);
    maybe_finish(w);
}

/* ---- what came of it ---- */

static void compare_way(const struct way *way, struct arena *a, const struct key_set *direct,
                        struct trust_comparison *ret)
{
    struct key_set seen = {.n = 0};
    const struct tls_facts *f = way->endpoint ? &endpoint_plan(way->endpoint)->facts : NULL;
    if (f)
        key_set_of(&seen, f);
    if (way->why[0])
        ret->why = arena_str(a, str_c(way->why));
    else if (f && f->failure)
        ret->why = str_c(f->failure);
    key_set_compare(a, direct, &seen, ret);
}

static struct str resolver_text(const struct other_ways *w, struct arena *a, size_t index)
{
    return arena_printf(a, "resolver %s", w->audit->resolver_names[index]);
}

static void compare_question(const struct other_ways *w, const struct question *q, struct arena *a,
                             struct trust_comparison *ret)
{
    *ret = (struct trust_comparison){.with = resolver_text(w, a, q->index),
                                     .answer = q->err ? TRUST_FAILED : TRUST_SAME};
    if (q->err)
        ret->why = str_c(err_text(q->err));
}

void other_ways_compare(const struct other_ways *w, struct arena *a, const struct key_set *direct,
                        struct trust_facts *ret)
{
    char text[ADDR_TEXT_MAX];
    ret->nproxies = ret->nresolvers = 0;
    for (size_t i = 0; w && i < w->nquestions; i++)
        if (w->questions[i].fresh == 0 && ret->nresolvers < TRUST_COMPARISONS_MAX)
            compare_question(w, &w->questions[i], a, &ret->resolvers[ret->nresolvers++]);
    for (size_t i = 0; w && i < w->nways; i++) {
        const struct way *way = &w->ways[i];
        struct trust_comparison c = {.answer = TRUST_FAILED};
        compare_way(way, a, direct, &c);
        if (way->via) {
            c.with = arena_printf(a, "via %s", way->via->text);
            ret->proxies[ret->nproxies++] = c;
        } else if (ret->nresolvers < TRUST_COMPARISONS_MAX) {
            c.with = arena_printf(a, "resolver %s (%.*s)", w->audit->resolver_names[way->resolver],
                                  STR_ARG(addr_text(&way->to, text)));
            ret->resolvers[ret->nresolvers++] = c;
        }
    }
}

void other_ways_count(const struct other_ways *w, uint32_t *connections, uint64_t *sent,
                      uint64_t *received)
{
    for (size_t i = 0; w && i < w->nways; i++) {
        uint64_t out, in;
        if (!w->ways[i].endpoint)
            continue;
        endpoint_bytes(w->ways[i].endpoint, &out, &in);
        *connections += endpoint_plan(w->ways[i].endpoint)->facts.connections;
        *sent += out;
        *received += in;
    }
}

/* ---- life ---- */

static void on_finish(struct task *task)
{
    struct other_ways *w = LIST_ENTRY(task, struct other_ways, finish);
    w->on_done(w->user);
}

struct other_ways *other_ways_new(const struct audit_env *audit, const struct audit_target *target,
                                  const struct plan_options *plan, void (*on_done)(void *user),
                                  void *user)
{
    if (!audit->nvias && !audit->nresolvers)
        return NULL;
    struct other_ways *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->audit = audit;
    w->target = target;
    w->plan = *plan;
    w->plan.only_contact = true;
    w->plan.plain = false;
    w->on_done = on_done;
    w->user = user;
    task_init(&w->finish, on_finish);
    for (size_t i = 0; i < audit->nvias; i++)
        start_proxy(w, &audit->vias[i]);
    /* Addresses that were given leave nothing to ask a name server for. */
    bool by_name = !target->nconnect || target->resolved;
    for (size_t i = 0; by_name && i < audit->nresolvers && i < TRUST_COMPARISONS_MAX; i++)
        ask(w, i);
    return w;
}

bool other_ways_starved(const struct other_ways *w)
{
    for (size_t i = 0; w && i < w->nways; i++)
        if (w->ways[i].endpoint && plan_starved(endpoint_plan(w->ways[i].endpoint)))
            return true;
    return false;
}

void other_ways_free(struct other_ways *w)
{
    if (!w)
        return;
    for (size_t i = 0; i < w->nways; i++) {
        resolver_cancel(w->audit->resolver, &w->ways[i]);
        endpoint_free(w->ways[i].endpoint);
    }
    for (size_t i = 0; i < w->nquestions; i++)
        resolver_cancel(w->audit->resolvers[w->questions[i].index], &w->questions[i]);
    task_cancel(&w->finish);
    free(w);
}
