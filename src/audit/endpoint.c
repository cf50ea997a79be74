/* Probes on connections; see endpoint.h.
 *
 * Time-outs adapt: four times the slowest first answer so far and a bit, so that a dead port costs
 * little where the network is fast. A probe that heard nothing while others were open may have
 * waited in the backlog of a server that serves one after the other: it is tried again alone, and
 * when that happens twice, all go alone. */
#include "audit/endpoint.h"

#include <stdlib.h>

enum { READ_SIZE = 16384, WAITING_MAX = 64, SUSPECTS = 2 };

struct link {
    struct list list;          /* endpoint.links */
    struct endpoint *endpoint;
    struct probe *probe;
    struct stream *stream;
    struct timer timer;
    bool had_company;          /* another was open at the same time */
    bool alone;                /* its second try */
};

struct endpoint {
    struct endpoint_env env;
    struct plan plan;
    struct list links;
    unsigned open, limit, suspects;
    struct probe_spec again[WAITING_MAX]; /* to be tried alone */
    size_t nagain;
    struct task pump;
    struct timer pace, deadline;
    uint64_t started, next_start, slowest;
    uint32_t number;
    uint64_t sent, received;
    bool ended;
};

static void pump(struct endpoint *e);

static uint64_t timeout_of(const struct endpoint *e)
{
    uint64_t t = 4 * e->slowest + SECOND / 5;
    if (e->env.timeout)
        return e->env.timeout;
    if (!e->slowest)
        return ENDPOINT_TIMEOUT;
    return t < ENDPOINT_TIMEOUT_LEAST ? ENDPOINT_TIMEOUT_LEAST
           : t > ENDPOINT_TIMEOUT ? ENDPOINT_TIMEOUT : t;
}

/* ---- the end of a connection ---- */

static void measure(struct endpoint *e, const struct observation *o)
{
    uint64_t wait = o->first_byte_at > o->started ? o->first_byte_at - o->started : 0;
    if (wait > e->slowest)
        e->slowest = wait;
    e->sent += o->sent_n;
    e->received += o->received_n;
}

static bool try_alone(struct endpoint *e, const struct link *l, const struct observation *o)
{
    bool silent = o->connected && o->ending == ENDING_TIMEOUT && !o->received_n;
    if (!silent || l->alone || !l->had_company || e->nagain == WAITING_MAX)
        return false;
    e->again[e->nagain++] = o->spec;
    return true;
}

static void link_free(struct link *l)
{
    stream_close(l->stream, true);
    timer_done(l->endpoint->env.loop, &l->timer);
    probe_free(l->probe);
    list_remove(&l->list);
    l->endpoint->open--;
    free(l);
}

static void link_end(struct link *l)
{
    struct endpoint *e = l->endpoint;
    struct observation *o = probe_result(l->probe);
    bool again = try_alone(e, l, o);
    if (l->alone && o->received_n && ++e->suspects >= SUSPECTS) {
        e->limit = 1;
        e->plan.facts.one_at_a_time = true;
    }
    link_free(l);
    o->number = ++e->number;
    measure(e, o);
    if (e->env.on_probe)
        e->env.on_probe(e->env.user, o);
    if (!again)
        plan_observe(&e->plan, o);
    observation_free(o);
    loop_defer(e->env.loop, &e->pump);
}

static enum ending ending_of(ssize_t err)
{
    switch (-err) {
    case ERR_REFUSED: return ENDING_REFUSED;
    case ERR_RESET: return ENDING_RESET;
    default: return ENDING_UNREACHABLE;
    }
}

/* ---- bytes ---- */

static void link_connected(struct link *l)
{
    if (!l->probe->o->connected)
        probe_connected(l->probe, loop_clock(l->endpoint->env.loop));
}

static void link_ended(struct link *l, ssize_t err)
{
    bool connected = l->probe->o->connected;
    enum ending how = err == 0 ? ENDING_CLOSED : ending_of(err);
    if (connected && how == ENDING_UNREACHABLE)
        how = ENDING_RESET;
    if (err == 0)
        link_connected(l);
    probe_ended(l->probe, how, loop_clock(l->endpoint->env.loop));
}

static void link_read(struct link *l)
{
    char *in = l->endpoint->env.loop->scratch;
    while (!probe_done(l->probe)) {
        ssize_t n = stream_read(l->stream, in, READ_SIZE);
        if (n == -ERR_AGAIN)
            return;
        if (n <= 0) {
            link_ended(l, n);
            return;
        }
        link_connected(l);
        probe_feed(l->probe, str_of(in, (size_t)n), loop_clock(l->endpoint->env.loop));
    }
}

/* What a probe sends in answer to an alert that ended it is not worth a packet. A failed write is
 * no end yet: what the peer said before it closed is still to be read. */
static void link_write(struct link *l)
{
    while (!probe_done(l->probe)) {
        struct str out = probe_out(l->probe);
        ssize_t n = out.n ? stream_write(l->stream, &out, 1, false) : 0;
        if (n <= 0)
            return;
        link_connected(l);
        probe_sent(l->probe, (size_t)n);
    }
}

static void link_go_on(struct link *l)
{
    link_write(l);
    if (probe_done(l->probe))
        link_end(l);
    else
        timer_start(l->endpoint->env.loop, &l->timer, probe_deadline(l->probe));
}

static void on_stream(struct stream *s, unsigned events)
{
    struct link *l = s->user;
    if (events & STREAM_WRITABLE)
        link_write(l);
    if (events & STREAM_READABLE)
        link_read(l);
    link_go_on(l);
}

static void on_link_timer(struct timer *t, uint64_t now)
{
    struct link *l = LIST_ENTRY(t, struct link, timer);
    probe_expire(l->probe, loop_clock(l->endpoint->env.loop));
    link_go_on(l);
}

/* ---- the beginning ---- */

/* A probe that cannot be made, or connected at once, has an observation all the same. */
static void stillborn(struct endpoint *e, const struct probe_spec *spec, int err, enum ending how)
{
    struct observation *o = observation_new(spec);
    e->plan.starved = e->plan.starved || !o || err == -ERR_NOMEM;
    if (!o) {
        e->plan.in_flight--;
        spec->task->in_flight--;
        return;
    }
    o->ending = how;
    o->number = ++e->number;
    if (e->env.on_probe)
        e->env.on_probe(e->env.user, o);
    plan_observe(&e->plan, o);
    observation_free(o);
    loop_defer(e->env.loop, &e->pump);
}

static int link_new(struct endpoint *e, const struct probe_spec *spec, struct link **ret)
{
    struct probe_env env = {e->env.crypto, e->env.keys, timeout_of(e)};
    struct link *l = calloc(1, sizeof *l);
    if (!l)
        return -ERR_NOMEM;
    int err = probe_new(&env, spec, loop_clock(e->env.loop), &l->probe);
    if (!err)
        err = timer_init(e->env.loop, &l->timer, on_link_timer);
    if (err) {
        probe_free(l->probe);
        free(l);
        return err;
    }
    l->endpoint = e;
    list_push(&e->links, &l->list);
    e->open++;
    *ret = l;
    return 0;
}

static void note_company(struct endpoint *e)
{
    LIST_EACH(it, tmp, &e->links)
        LIST_ENTRY(it, struct link, list)->had_company = true;
}

static void start(struct endpoint *e, const struct probe_spec *spec, bool alone)
{
    struct probe_spec copy = *spec; /* the plan's queue may move */
    struct link *l;
    int err = link_new(e, &copy, &l);
    if (err) {
        stillborn(e, &copy, err, ENDING_OPEN);
        return;
    }
    l->alone = alone;
    err = e->env.dial(e->env.user, copy.port, &l->stream);
    if (err) {
        l->stream = NULL;
        link_free(l);
        stillborn(e, &copy, err, ending_of(err));
        return;
    }
    l->stream->user = l;
    l->stream->on_event = on_stream;
    if (e->open > 1)
        note_company(e);
    link_go_on(l);
}

static bool may_start(struct endpoint *e)
{
    uint64_t now = loop_clock(e->env.loop);
    if (e->open >= e->limit || e->ended)
        return false;
    if (!e->env.rate)
        return true;
    if (now < e->next_start) {
        timer_start(e->env.loop, &e->pace, e->next_start);
        return false;
    }
    e->next_start = now + SECOND / e->env.rate;
    return true;
}

static void finish(struct endpoint *e)
{
    if (e->ended)
        return;
    e->ended = true;
    timer_stop(e->env.loop, &e->deadline);
    timer_stop(e->env.loop, &e->pace);
    e->env.on_done(e->env.user);
}

static void pump(struct endpoint *e)
{
    const struct probe_spec *spec;
    while (e->nagain && e->open == 0 && may_start(e)) {
        struct probe_spec s = e->again[--e->nagain];
        start(e, &s, true);
    }
    while (!e->nagain && e->plan.taken < e->plan.queued && may_start(e) && (spec = plan_next(&e->plan)))
        start(e, spec, false);
    if (e->open == 0 && e->nagain == 0 && plan_finished(&e->plan))
        finish(e);
}

static void on_pump(struct task *t)
{
    pump(LIST_ENTRY(t, struct endpoint, pump));
}

static void on_pace(struct timer *t, uint64_t now)
{
    pump(LIST_ENTRY(t, struct endpoint, pace));
}

/* Whatever is still open has had its time; what is known by now is the result. */
static void on_deadline(struct timer *t, uint64_t now)
{
    struct endpoint *e = LIST_ENTRY(t, struct endpoint, deadline);
    e->plan.facts.cut_short = true;
    finish(e);
}

struct endpoint *endpoint_new(const struct endpoint_env *env, const struct plan_options *options)
{
    struct endpoint *e = calloc(1, sizeof *e);
    if (!e)
        return NULL;
    e->env = *env;
    e->limit = env->inflight ? env->inflight : ENDPOINT_INFLIGHT;
    e->started = loop_clock(env->loop);
    list_init(&e->links);
    task_init(&e->pump, on_pump);
    if (timer_init(env->loop, &e->pace, on_pace) ||
        timer_init(env->loop, &e->deadline, on_deadline) ||
        plan_init(&e->plan, options, env->crypto, env->keys)) {
        timer_done(env->loop, &e->pace);
        timer_done(env->loop, &e->deadline);
        free(e);
        return NULL;
    }
    timer_start(env->loop, &e->deadline,
                e->started + (env->deadline ? env->deadline : ENDPOINT_DEADLINE));
    loop_defer(env->loop, &e->pump);
    return e;
}

void endpoint_free(struct endpoint *e)
{
    if (!e)
        return;
    LIST_EACH(it, tmp, &e->links)
        link_free(LIST_ENTRY(it, struct link, list));
    task_cancel(&e->pump);
    timer_done(e->env.loop, &e->pace);
    timer_done(e->env.loop, &e->deadline);
    plan_done(&e->plan);
    free(e);
}

struct plan *endpoint_plan(struct endpoint *e)
{
    return &e->plan;
}

void endpoint_progress(const struct endpoint *e, uint32_t *ret_done, uint32_t *ret_known)
{
    *ret_done = e->plan.ended;
    *ret_known = e->plan.started + (uint32_t)(e->plan.queued - e->plan.taken);
}

void endpoint_bytes(const struct endpoint *e, uint64_t *ret_sent, uint64_t *ret_received)
{
    *ret_sent = e->sent;
    *ret_received = e->received;
}
