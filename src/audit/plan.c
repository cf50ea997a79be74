/* The plan's frame: its tasks, its queue, and what they share; see plan.h. */
#include "audit/plan.h"

#include <stdlib.h>

/* A task that waits for what another skips without a probe stands behind it: http behind tests. */
static const struct task_row *const rows[] = {
    &task_versions, &task_walk13,  &task_walk12, &task_walk11, &task_walk10,      &task_walk_ssl3,
    &task_tests,    &task_http,    &task_cbc,    &task_robot,  &task_resume,      &task_certificates,
    &task_h2,
};
_Static_assert(sizeof rows / sizeof *rows <= PLAN_TASKS_MAX, "room for every task");

/* ---- the queue ---- */

/* It starts small: most audits never ask for more than some tens at a time. */
static int grow_queue(struct plan *p)
{
    size_t cap = p->queue_cap ? p->queue_cap * 2 : 16;
    struct probe_spec *more = realloc(p->queue, cap * sizeof *more);
    if (!more)
        return -ERR_NOMEM;
    p->queue = more;
    p->queue_cap = cap;
    return 0;
}

void plan_try(struct plan *p, struct plan_task *t, const struct probe_spec *spec)
{
    if (p->taken == p->queued)
        p->taken = p->queued = 0;
    if (p->queued == PLAN_QUEUE_MAX || p->started + p->queued - p->taken >= PLAN_CONNECTIONS_MAX) {
        p->failed = true;
        return;
    }
    if (p->queued == p->queue_cap && grow_queue(p)) {
        p->failed = p->starved = true;
        return;
    }
    struct probe_spec *s = &p->queue[p->queued++];
    *s = *spec;
    s->task = t;
    t->in_flight++;
}

const struct probe_spec *plan_next(struct plan *p)
{
    if (p->taken == p->queued)
        return NULL;
    p->in_flight++;
    p->started++;
    return &p->queue[p->taken++];
}

bool plan_finished(const struct plan *p)
{
    return p->in_flight == 0 && p->taken == p->queued;
}

bool plan_starved(const struct plan *p)
{
    return p->starved || p->arena.starved;
}

/* Whoever can go on does; until nobody asks for anything new. */
static void wake(struct plan *p)
{
    for (size_t i = 0; i < p->ntasks; i++) {
        struct plan_task *t = &p->tasks[i];
        if (!t->done)
            t->row->step(p, t, NULL);
    }
}

static void observe_time(struct tls_facts *f, const struct observation *o)
{
    uint64_t rtt = o->connected_at > o->started ? o->connected_at - o->started : 0;
    if (o->connected && (!f->rtt || rtt < f->rtt))
        f->rtt = rtt ? rtt : 1;
    f->connections++;
    f->timeouts += o->ending == ENDING_TIMEOUT;
}

/* Nobody answers there: what was asked for is not worth a packet each. */
static void give_up_if_dead(struct plan *p)
{
    if (!p->facts.failure || p->reached)
        return;
    while (p->taken < p->queued)
        p->queue[p->taken++].task->in_flight--;
}

void plan_observe(struct plan *p, const struct observation *o)
{
    struct plan_task *t = o->spec.task;
    p->in_flight--;
    p->ended++;
    t->in_flight--;
    p->starved = p->starved || o->starved;
    observe_time(&p->facts, o);
    observe_handshake(p, o);
    p->reached = p->reached || o->connected;
    t->row->step(p, t, o);
    wake(p);
    give_up_if_dead(p);
}

/* ---- beginning and end ---- */

static int init_versions(struct plan *p)
{
    for (int v = 0; v < VI_COUNT; v++) {
        struct version_facts *f = &p->facts.v[v];
        f->suites = arena_zalloc(&p->arena, SUITES_MAX * sizeof *f->suites);
        if (!f->suites)
            return -ERR_NOMEM;
    }
    return 0;
}

int plan_init(struct plan *p, const struct plan_options *o, struct crypto *crypto,
              struct kex_keys *keys)
{
    *p = (struct plan){.options = *o, .crypto = crypto, .keys = keys};
    arena_init(&p->arena, 16 * 1024, PLAN_ARENA_MAX);
    int err = init_versions(p);
    size_t n = o->only_contact ? 1 : sizeof rows / sizeof *rows;
    for (size_t i = 0; !err && i < n; i++)
        p->tasks[p->ntasks++] = (struct plan_task){.row = rows[i]};
    if (err)
        plan_done(p);
    else
        wake(p);
    return err;
}

void plan_done(struct plan *p)
{
    free(p->queue);
    p->queue = NULL;
    arena_done(&p->arena);
}

/* ---- for the tasks ---- */

enum { SIGNATURE_ALGORITHMS_CERT = 50 };

/* signature_algorithms_cert (RFC 8446 4.2.3) with everything: what signs the chain is not the
 * question of a probe that narrows signature_algorithms. */
static struct str any_certificate_signature(struct plan *p)
{
    struct u16_list all = offer_sigalgs12(), more = offer_sigalgs13();
    size_t n = all.n + more.n, at = 0;
    char *out = arena_alloc(&p->arena, 6 + 2 * n);
    if (!out)
        return STR_NONE;
    uint16_t head[] = {SIGNATURE_ALGORITHMS_CERT, (uint16_t)(2 + 2 * n), (uint16_t)(2 * n)};
    for (size_t i = 0; i < 3 + n; i++) {
        uint16_t v = i < 3 ? head[i] : i - 3 < all.n ? all.v[i - 3] : more.v[i - 3 - all.n];
        out[at++] = (char)(v >> 8);
        out[at++] = (char)v;
    }
    return str_of(out, at);
}

static const uint16_t only13[] = {TLS_WIRE_13};

struct probe_spec plan_hello(struct plan *p, uint16_t version, struct u16_list suites)
{
    static const char session_id[32] = "gate443 audits what it talks to.";/* RFC 8446 D.4 */
    struct probe_spec s = {.kind = &probe_hello, .purpose = "hello", .stop = TLS_STOP_FLIGHT};
    struct client_hello *h = &s.hello;
    h->version = version >= TLS_WIRE_13 ? TLS_WIRE_12 : version;
    h->suites = suites;
    if (version <= TLS_WIRE_SSL3) {
        h->flags = CH_NO_EXTENSIONS;
        return s;
    }
    h->sni = p->options.sni;
    h->alpn = STR("\x02h2\x08http/1.1");
    h->flags = CH_STATUS | CH_SCT | CH_EMS | CH_TICKET | CH_RENEGOTIATION | CH_POINT_FORMATS;
    h->groups = offer_groups12();
    h->pad_to = 512; /* as browsers do: some fail at 256 to 511 bytes (RFC 7685), which has its test */
    if (version == TLS_WIRE_12) {
        h->sigalgs = offer_sigalgs12();
        h->extra = any_certificate_signature(p);
    }
    if (version >= TLS_WIRE_13) {
        h->session_id = str_of(session_id, sizeof session_id);
        h->flags = CH_STATUS | CH_SCT | CH_PSK_MODES | CH_KEY_SHARE;
        h->groups = offer_groups13();
        h->sigalgs = offer_sigalgs13();
        h->extra = any_certificate_signature(p);
        h->versions = (struct u16_list){only13, 1};
    }
    return s;
}

struct str plan_get(struct plan *p, const struct http_url *url, struct str coding)
{
    struct buf out;
    struct field fields[] = {{STR("Accept-Encoding"), coding, FIELD_OTHER}};
    struct http_request r = {.target = url->target,
                             .host = http_url_authority(&p->arena, url),
                             .fields = fields,
                             .nfields = coding.n ? 1 : 0};
    buf_init(&out, 16384);
    if (http_client_request(&out, &r))
        p->starved = p->starved || out.starved, buf_clear(&out);
    return buf_keep(&out, &p->arena);
}

struct http_answer *plan_keep_answer(struct plan *p, const struct http_answer *a)
{
    struct http_answer *k = arena_alloc(&p->arena, sizeof *k);
    if (!k)
        return NULL;
    *k = *a;
    k->body = arena_str(&p->arena, a->body);
    k->fields = arena_alloc(&p->arena, (a->nfields + 1) * sizeof *k->fields);
    for (size_t i = 0; k->fields && i < a->nfields; i++)
        k->fields[i] = (struct field){arena_str(&p->arena, a->fields[i].name),
                                      arena_str(&p->arena, a->fields[i].value), a->fields[i].id};
    return k->fields ? k : NULL;
}

struct tls_session *plan_keep_session(struct plan *p, const struct tls_session *s)
{
    struct tls_session *k = arena_alloc(&p->arena, sizeof *k);
    if (!k)
        return NULL;
    *k = *s;
    k->ticket = arena_str(&p->arena, s->ticket);
    k->session_id = arena_str(&p->arena, s->session_id);
    return k;
}

void plan_end_test(struct plan *p, enum test_id id, enum outcome outcome, const char *why,
                   const struct observation *o)
{
    struct test_result *t = &p->facts.tests[id];
    *t = (struct test_result){.ended = true, .outcome = outcome, .why = why};
    if (!o)
        return;
    t->evidence = o->number;
    memcpy(t->reaction, o->reaction, sizeof t->reaction);
}

enum tls_version_index plan_best(const struct plan *p, enum tls_version_index up_to)
{
    for (int v = up_to; v > VI_SSL2; v--)
        if (p->facts.v[v].offered == KNOWN_YES)
            return (enum tls_version_index)v;
    return VI_COUNT;
}
