/* Probes on connections; see endpoint.h.
 *
 * Time-outs adapt: four times the slowest first answer so far and a bit, so that a dead port costs
 * little where the network is fast. A probe that heard nothing while others were open may have
 * waited in the backlog of a server that serves one after the other: it is tried again alone, and
 * when that happens twice, all go alone.
 *
 * A connection that ends without a byte may be an answer, or somebody who has had enough of us: so
 * many a second, so many at once. So at the first ones all is held; after a pause a hello that was
 * answered before is sent once more (the control), and then what had failed. Fails that again while
 * the control is answered, it is this server's answer. Else we were too fast, and go on more slowly.
 * Is the control not answered even after the longest pause, the rest remains untold. */
#include "audit/endpoint.h"

#include <stdlib.h>

enum { READ_SIZE = 16384, WAITING_MAX = 64, SUSPECTS = 2 };
enum { SILENT_MAX = 8 };
enum { CONTROLS = 3, ANSWERS = 2 };           /* tries of the control; cuts that prove a habit */
enum { SLOW_INFLIGHT = 2, SLOW_RATE = 10, SLOWEST_RATE = 2 };
#define SPLIT_PAUSE (SECOND / 50)
#define HOLD_PAUSE (SECOND * 11 / 10)

enum role { ROLE_PLAN, ROLE_CONTROL, ROLE_RETRY, ROLE_FIRST, ROLE_SECOND, ROLE_THIRD };
/* Of the question whether connections are served side by side. */
enum side { SIDE_UNTRIED, SIDE_OPENS, SIDE_WAITS, SIDE_CONFIRM, SIDE_DONE };

struct link {
    struct list list;          /* endpoint.links */
    struct endpoint *endpoint;
    struct probe *probe;
    struct stream *stream;
    struct timer timer;
    bool had_company;          /* another was open at the same time */
    bool alone;                /* its second try */
    enum role role;
    uint64_t write_at;         /* ns: not before that */
    bool closing;              /* held open until now */
};

struct endpoint {
    struct endpoint_env env;
    struct plan plan;
    struct list links;
    unsigned open, limit, suspects;
    struct probe_spec again[WAITING_MAX]; /* to be tried alone */
    size_t nagain;
    struct probe_spec held[WAITING_MAX]; /* cut without a byte, to be tried again */
    size_t nheld;
    struct probe_spec control; /* a hello that was answered */
    bool has_control, holding, control_passed;
    unsigned control_tries, answers;
    unsigned rate;             /* of our own choice; 0: none */
    unsigned silent;           /* connections, before anything was received */
    bool side_by_side;
    enum side side;
    struct task pump;
    struct timer pace, deadline;
    uint64_t started, next_start, last_start, slowest;
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
    bool may_have_waited = l->had_company || e->plan.facts.one_at_a_time;
    if (!silent || l->alone || !may_have_waited || e->nagain == WAITING_MAX)
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

/* ---- side by side ---- */

static bool is_answered(const struct link *l)
{
    return l->probe->o && l->probe->o->first_byte_at;
}

/* The first byte of l: is another one in the middle of a conversation? */
static void note_answer(struct endpoint *e, const struct link *l)
{
    LIST_EACH(it, tmp, &e->links) {
        const struct link *other = LIST_ENTRY(it, struct link, list);
        e->side_by_side = e->side_by_side || (other != l && is_answered(other));
    }
}

/* Nobody was seen side by side, which may be chance: so at the end a connection is held open after
 * its answer, and a second one started. If that is not answered, a third shows that it would have
 * been but for the first. */
static void hold_event(struct probe *p, enum tls_event e) {}

static const struct probe_kind hold_open = {.name = "hold", .tls = true, .on_event = hold_event};

static bool may_try_side_by_side(const struct endpoint *e)
{
    return e->has_control && !e->side_by_side && e->side == SIDE_UNTRIED && e->limit > 1 && !e->rate &&
           !e->plan.options.only_contact;
}

static void close_held_open(struct endpoint *e)
{
    LIST_EACH(it, tmp, &e->links) {
        struct link *l = LIST_ENTRY(it, struct link, list);
        if (l->role == ROLE_FIRST)
            timer_start(e->env.loop, &l->timer, 0);
    }
}

static bool first_is_answered(const struct endpoint *e)
{
    LIST_EACH(it, tmp, &e->links)
        if (LIST_ENTRY(it, struct link, list)->role == ROLE_FIRST)
            return is_answered(LIST_ENTRY(it, struct link, list));
    return false;
}

static void side_ended(struct endpoint *e, const struct link *l, const struct observation *o)
{
    if (l->role == ROLE_FIRST)
        e->side = e->side == SIDE_WAITS && !l->closing ? SIDE_DONE : e->side;
    else if (l->role == ROLE_SECOND && o->ending == ENDING_TIMEOUT && !o->received_n &&
             e->side == SIDE_WAITS)
        e->side = SIDE_CONFIRM;
    else if (l->role == ROLE_THIRD)
        e->plan.facts.one_at_a_time = o->received_n > 0;
    if (l->role == ROLE_SECOND)
        close_held_open(e);
}

/* ---- cut off ---- */

static bool is_cut(const struct observation *o)
{
    return o->spec.kind->tls && !o->received_n &&
           (o->ending == ENDING_RESET || o->ending == ENDING_CLOSED || o->ending == ENDING_REFUSED);
}

/* True: it is held back, and the plan does not hear of it yet. */
static bool hold(struct endpoint *e, const struct link *l, const struct observation *o)
{
    if (!is_cut(o) || e->answers >= ANSWERS || l->role == ROLE_RETRY || e->nheld == WAITING_MAX)
        return false;
    e->held[e->nheld++] = o->spec;
    e->holding = e->has_control;
    return true;
}

static void slow_down(struct endpoint *e)
{
    e->limit = e->limit > SLOW_INFLIGHT ? SLOW_INFLIGHT : 1;
    e->rate = !e->rate ? SLOW_RATE : e->rate / 2 > SLOWEST_RATE ? e->rate / 2 : SLOWEST_RATE;
}

static void finish(struct endpoint *e);

static void control_ended(struct endpoint *e, bool answered)
{
    e->control_passed = answered;
    if (answered)
        return;
    slow_down(e);
    if (++e->control_tries < CONTROLS)
        return;
    e->plan.facts.cut_short = e->plan.facts.shut_out = true;
    finish(e);
}

static void retry_ended(struct endpoint *e, const struct observation *o)
{
    if (is_cut(o))
        e->answers++;
    else if (e->nheld)
        slow_down(e);
    e->holding = e->control_passed = false;
    e->control_tries = 0;
}

/* The first hello that was answered by one, without anything that comes behind it. */
static void find_control(struct endpoint *e, const struct observation *o)
{
    if (e->has_control || !o->hs || (!o->hs->hello && !o->hs->retry))
        return;
    e->control = o->spec;
    e->control.kind = &probe_hello;
    e->control.purpose = "whether we are still answered";
    e->control.stop = TLS_STOP_HELLO;
    e->control.follow_retry = false;
    e->control.session = NULL;
    e->control.request = STR_NONE;
    e->has_control = true;
    e->holding = e->nheld > 0;
}

/* Whatever the role, true: the plan is to hear of it. */
static bool judge_cut(struct endpoint *e, const struct link *l, const struct observation *o)
{
    if (l->role >= ROLE_FIRST) {
        side_ended(e, l, o);
        return false;
    }
    if (l->role == ROLE_CONTROL) {
        control_ended(e, o->received_n > 0);
        return false;
    }
    if (l->role == ROLE_RETRY)
        retry_ended(e, o);
    find_control(e, o);
    return !hold(e, l, o);
}

/* A port that has never said a byte to anything, asked one by one as well, says none to the rest. */
static void note_silence(struct endpoint *e, const struct observation *o)
{
    if (e->received || o->ending != ENDING_TIMEOUT || ++e->silent < SILENT_MAX || e->ended)
        return;
    e->plan.facts.failure = "it accepts connections and never answers";
    finish(e);
}

static void link_end(struct link *l)
{
    struct endpoint *e = l->endpoint;
    struct observation *o = probe_result(l->probe);
    e->plan.starved = e->plan.starved || o->starved; /* whoever is to hear of the rest */
    bool again = l->role == ROLE_PLAN && try_alone(e, l, o);
    bool tell = !again && judge_cut(e, l, o);
    if (l->role == ROLE_PLAN && l->alone && o->received_n && ++e->suspects >= SUSPECTS) {
        e->limit = 1;
        e->plan.facts.one_at_a_time = true;
    }
    link_free(l);
    o->number = ++e->number;
    measure(e, o);
    if (e->env.on_probe)
        e->env.on_probe(e->env.user, o);
    note_silence(e, o);
    if (tell)
        plan_observe(&e->plan, o);
    else
        e->plan.facts.connections++;
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
        if (!is_answered(l))
            note_answer(l->endpoint, l);
        if (l->role == ROLE_FIRST)
            loop_defer(l->endpoint->env.loop, &l->endpoint->pump);
        probe_feed(l->probe, str_of(in, (size_t)n), loop_clock(l->endpoint->env.loop));
    }
}

/* What a probe sends in answer to an alert that ended it is not worth a packet. A failed write is
 * no end yet: what the peer said before it closed is still to be read. But why no connection came
 * about is told only once, to whoever asks first. */
static void link_write(struct link *l)
{
    uint64_t now = loop_clock(l->endpoint->env.loop);
    while (!probe_done(l->probe) && now >= l->write_at) {
        struct str out = probe_out(l->probe);
        ssize_t n = out.n ? stream_write(l->stream, &out, 1, false) : 0;
        if (n < 0 && n != -ERR_RESET && !l->probe->o->connected)
            link_ended(l, n);
        if (n <= 0)
            return;
        link_connected(l);
        probe_sent(l->probe, (size_t)n);
        if (l->probe->spec.split && l->probe->o->sent_n == l->probe->spec.split)
            l->write_at = now + SPLIT_PAUSE; /* or both pieces are read as one */
    }
}

static void link_go_on(struct link *l)
{
    struct loop *loop = l->endpoint->env.loop;
    uint64_t until = probe_deadline(l->probe);
    link_write(l);
    if (probe_done(l->probe))
        link_end(l);
    else if (l->write_at > loop_clock(loop))
        timer_start(loop, &l->timer, l->write_at < until ? l->write_at : until);
    else
        timer_start(loop, &l->timer, probe_deadline(l->probe));
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
    if (l->role == ROLE_FIRST && l->endpoint->side != SIDE_OPENS) {
        l->closing = true;
        probe_finish(l->probe);
    }
    probe_expire(l->probe, loop_clock(l->endpoint->env.loop));
    link_go_on(l);
}

/* ---- the beginning ---- */

/* A probe that cannot be made, or connected at once, has an observation all the same. */
static void stillborn(struct endpoint *e, const struct probe_spec *spec, enum ending how)
{
    struct observation *o = observation_new(spec);
    e->plan.starved = e->plan.starved || !o;
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

static void not_started(struct endpoint *e, const struct probe_spec *spec, enum role role,
                        int err, enum ending how)
{
    e->plan.starved = e->plan.starved || err == -ERR_NOMEM;
    if (role >= ROLE_FIRST) {
        e->side = SIDE_DONE;
        loop_defer(e->env.loop, &e->pump);
        return;
    }
    if (role != ROLE_CONTROL) {
        e->holding = e->holding && role != ROLE_RETRY;
        stillborn(e, spec, how);
        return;
    }
    control_ended(e, false);
    e->last_start = loop_clock(e->env.loop);
    loop_defer(e->env.loop, &e->pump);
}

static int link_new(struct endpoint *e, const struct probe_spec *spec, struct link **ret)
{
    struct probe_env env = {e->env.crypto, e->env.keys, timeout_of(e), e->env.auth};
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

static void start(struct endpoint *e, const struct probe_spec *spec, bool alone, enum role role)
{
    struct probe_spec copy = *spec; /* the plan's queue may move */
    struct link *l;
    int err = link_new(e, &copy, &l);
    if (err) {
        not_started(e, &copy, role, err, ENDING_OPEN);
        return;
    }
    l->alone = alone;
    l->role = role;
    e->last_start = loop_clock(e->env.loop);
    err = e->env.dial(e->env.user, copy.port, &l->stream);
    if (err) {
        l->stream = NULL;
        link_free(l);
        not_started(e, &copy, role, err, ending_of(err));
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
    uint64_t now = loop_clock(e->env.loop), when = e->next_start;
    if (e->open >= e->limit || e->ended)
        return false;
    unsigned rate = !e->rate || (e->env.rate && e->env.rate < e->rate) ? e->env.rate : e->rate;
    if (when <= now && e->env.may_dial)
        when = e->env.may_dial(e->env.user, PROBE_PORT_TLS, now);
    if (when > now) {
        timer_start(e->env.loop, &e->pace, when);
        return false;
    }
    if (rate)
        e->next_start = now + SECOND / rate;
    return true;
}

static void finish(struct endpoint *e)
{
    if (e->ended)
        return;
    e->ended = true;
    e->plan.facts.side_by_side = e->side_by_side;
    timer_stop(e->env.loop, &e->deadline);
    timer_stop(e->env.loop, &e->pace);
    e->env.on_done(e->env.user);
}

/* All is held: the control first, then what had failed first. The rest of that is asked again as
 * anything else is. */
static void pump_held(struct endpoint *e)
{
    uint64_t pause = HOLD_PAUSE << e->control_tries;
    if (e->open || e->ended)
        return;
    if (!e->control_passed && loop_clock(e->env.loop) < e->last_start + pause) {
        timer_start(e->env.loop, &e->pace, e->last_start + pause);
        return;
    }
    struct probe_spec s = e->control_passed ? e->held[--e->nheld] : e->control;
    start(e, &s, true, e->control_passed ? ROLE_RETRY : ROLE_CONTROL);
}

/* True: there is something to wait for. */
static bool pump_side(struct endpoint *e)
{
    struct probe_spec s = e->control;
    if (e->open == 0 && may_try_side_by_side(e)) {
        e->side = SIDE_OPENS;
        s.kind = &hold_open;
        s.purpose = "side by side: held open";
        s.stop = TLS_STOP_FLIGHT;
        s.timeout = 4 * timeout_of(e);
        start(e, &s, true, ROLE_FIRST);
        return true;
    }
    s.purpose = "side by side";
    if (e->side == SIDE_OPENS && first_is_answered(e)) {
        e->side = SIDE_WAITS;
        start(e, &s, true, ROLE_SECOND);
        return true;
    }
    if (e->side == SIDE_CONFIRM && e->open == 0) {
        e->side = SIDE_DONE;
        start(e, &s, true, ROLE_THIRD);
        return true;
    }
    return e->open > 0;
}

/* What had been held is asked again; where nothing at all is answered, for the last time. */
static bool release_held(struct endpoint *e)
{
    bool idle = e->open == 0 && e->nagain == 0 && e->plan.taken == e->plan.queued;
    if (!e->has_control && idle && e->nheld)
        e->answers = ANSWERS;
    bool release = e->nheld && (e->has_control || e->answers >= ANSWERS);
    while (release && e->nheld && may_start(e)) {
        struct probe_spec s = e->held[--e->nheld];
        start(e, &s, false, ROLE_PLAN);
    }
    return release && e->nheld;
}

static void pump_again(struct endpoint *e)
{
    while (e->nagain && e->open == 0 && may_start(e)) {
        struct probe_spec s = e->again[--e->nagain];
        start(e, &s, true, ROLE_PLAN);
    }
}

static void pump(struct endpoint *e)
{
    const struct probe_spec *spec;
    if (e->holding) {
        pump_held(e);
        return;
    }
    bool more = release_held(e);
    pump_again(e);
    while (!e->nagain && !more && e->plan.taken < e->plan.queued && may_start(e) &&
           (spec = plan_next(&e->plan)))
        start(e, spec, false, ROLE_PLAN);
    if (!e->nagain && !e->nheld && plan_finished(&e->plan) && !pump_side(e))
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
