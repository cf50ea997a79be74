/* Requests: port 80 as a first visitor and as RFC 2817 would have it, and the https page once more
 * with content codings offered, which shows compression (BREACH), unless the probe that resumes a
 * session has asked for it already (plan_tests.c). The page itself comes with the
 * first contact (plan_versions.c); where it redirects on the same host, it is followed from here. */
#include "audit/plan.h"

enum { STEP_PLAIN, STEP_UPGRADE, STEP_CODED, STEP_HTTPS };

static void ask_plain(struct plan *p, struct plan_task *t, const struct http_url *url)
{
    struct probe_spec s = {.kind = &probe_plain, .purpose = "http", .port = PROBE_PORT_PLAIN,
                           .request = plan_get(p, url, STR_NONE), .step = STEP_PLAIN};
    plan_try(p, t, &s);
}

/* Opossum (CVE-2025-49812): a server that upgrades to TLS in clear port 80 can be put into the middle
 * of somebody's https connection. */
static void ask_upgrade(struct plan *p, struct plan_task *t)
{
    struct buf out;
    struct field fields[] = {{STR("Upgrade"), STR("TLS/1.0"), FIELD_OTHER},
                             {STR("Connection"), STR("Upgrade"), FIELD_OTHER}};
    struct http_request r = {.method = STR("OPTIONS"), .target = STR("*"),
                             .host = http_url_authority(&p->arena, &p->options.plain_url),
                             .fields = fields, .nfields = 2, .keep_alive = true};
    struct probe_spec s = {.kind = &probe_plain, .purpose = "Opossum", .port = PROBE_PORT_PLAIN,
                           .method = METHOD_OPTIONS, .step = STEP_UPGRADE};
    buf_init(&out, 8192);
    if (!http_client_request(&out, &r)) {
        s.request = arena_str(&p->arena, buf_str(&out));
        plan_try(p, t, &s);
    }
    p->starved = p->starved || out.starved;
    buf_done(&out);
}

static void ask_https(struct plan *p, struct plan_task *t, const struct http_url *url,
                      struct str coding, int step, const char *purpose)
{
    enum tls_version_index v = plan_best(p, VI_TLS13);
    uint16_t version = version_wire(v);
    struct probe_spec s = plan_hello(p, version, offer_doable(p, version, SUITE_KX_COUNT));
    s.kind = &probe_full;
    s.purpose = purpose;
    s.stop = TLS_STOP_NEVER;
    s.follow_retry = true;
    s.share_group = v == VI_TLS13 ? 29 : 0;
    s.hello.alpn = STR("\x08http/1.1");
    s.request = plan_get(p, url, coding);
    s.step = step;
    plan_try(p, t, &s);
}

static bool same_place(const struct http_url *a, const struct http_url *b)
{
    return a->https == b->https && a->port == b->port && http_url_same_host(a, b);
}

/* Where the last hop leads. True: there is a further one, without an answer as yet. */
static bool next_hop(struct plan *p, struct http_hop *hops, size_t *n)
{
    struct http_hop *last = *n ? &hops[*n - 1] : NULL;
    if (!last || !last->answer || !http_facts_redirects(last->answer) || *n == HOPS_MAX)
        return false;
    struct http_url url;
    struct str location = http_answer_value(last->answer, STR("location"));
    if (http_url_resolve(&url, &p->arena, &last->url, location))
        return false;
    hops[(*n)++] = (struct http_hop){.url = url, .cert_ok = true};
    return true;
}

static void follow(struct plan *p, struct plan_task *t, struct http_hop *hops, size_t *n)
{
    if (!next_hop(p, hops, n))
        return;
    const struct http_url *url = &hops[*n - 1].url;
    if (same_place(url, &p->options.url) && hops == p->https)
        ask_https(p, t, url, STR("identity"), STEP_HTTPS, "redirect");
    else if (same_place(url, &p->options.plain_url) && hops == p->plain.hops)
        ask_plain(p, t, url);
}

struct str plan_all_codings(void)
{
    return STR("gzip, deflate, br, zstd");
}

void plan_keep_coded(struct plan *p, const struct observation *o)
{
    p->https_coded = o->http ? plan_keep_answer(p, o->http) : NULL;
    p->https_coded_evidence = o->number;
}

static void take_plain(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct plain_facts *f = &p->plain;
    if (f->nhops == 0) {
        f->connected = o->connected;
        f->ending = o->ending;
        f->root_evidence = o->number;
        f->hops[f->nhops++].url = p->options.plain_url;
    }
    f->hops[f->nhops - 1].answer = o->http ? plan_keep_answer(p, o->http) : NULL;
    follow(p, t, f->hops, &f->nhops);
}

static void take(struct plan *p, struct plan_task *t, const struct observation *o)
{
    switch (o->spec.step) {
    case STEP_PLAIN:
        take_plain(p, t, o);
        break;
    case STEP_UPGRADE:
        p->plain.options = o->http ? plan_keep_answer(p, o->http) : NULL;
        p->plain.options_evidence = o->number;
        break;
    case STEP_CODED:
        plan_keep_coded(p, o);
        break;
    default:
        p->https[p->nhttps - 1].answer = o->http ? plan_keep_answer(p, o->http) : NULL;
        follow(p, t, p->https, &p->nhttps);
    }
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    if (o)
        take(p, t, o);
    if (t->state == 0) {
        t->state = 1;
        p->plain.asked = p->options.plain;
        if (p->options.plain) {
            ask_plain(p, t, &p->options.plain_url);
            ask_upgrade(p, t);
        }
    }
    if (t->state == 1 && p->nhttps && plan_best(p, VI_TLS13) != VI_COUNT) {
        t->state = 2;
        follow(p, t, p->https, &p->nhttps);
    }
    if (t->state == 2 && p->facts.tests[TEST_RESUME_PSK].ended) {
        t->state = 3;
        if (!p->https_coded)
            ask_https(p, t, &p->options.url, plan_all_codings(), STEP_CODED, "compression of answers");
    }
    bool more = t->state == 1 ? p->options.tls && p->options.http && !p->tasks[0].done : t->state == 2;
    t->done = t->in_flight == 0 && !more;
}

const struct task_row task_http = {"http", step};
