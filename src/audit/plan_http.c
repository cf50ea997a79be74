/* Requests: port 80 as a first visitor and as RFC 2817 would have it, and the https page once more
 * with content codings offered, which shows compression (BREACH). The page itself comes with the
 * first contact (plan_versions.c). */
#include "audit/plan.h"

enum { STEP_ROOT, STEP_UPGRADE, STEP_CODED };

static void ask_plain(struct plan *p, struct plan_task *t)
{
    struct buf out;
    struct http_request r = {.host = p->options.plain_host};
    struct probe_spec s = {.kind = &probe_plain, .purpose = "http", .port = PROBE_PORT_PLAIN};
    buf_init(&out, 8192);
    if (!http_client_request(&out, &r)) {
        s.request = arena_str(&p->arena, buf_str(&out));
        s.step = STEP_ROOT;
        plan_try(p, t, &s);
    }
    buf_done(&out);
}

/* Opossum (CVE-2025-49812): a server that upgrades to TLS in clear port 80 can be put into the middle
 * of somebody's https connection. */
static void ask_upgrade(struct plan *p, struct plan_task *t)
{
    struct buf out;
    struct field fields[] = {{STR("Upgrade"), STR("TLS/1.0"), FIELD_OTHER},
                             {STR("Connection"), STR("Upgrade"), FIELD_OTHER}};
    struct http_request r = {.method = STR("OPTIONS"), .target = STR("*"), .host = p->options.plain_host,
                             .fields = fields, .nfields = 2, .keep_alive = true};
    struct probe_spec s = {.kind = &probe_plain, .purpose = "Opossum", .port = PROBE_PORT_PLAIN,
                           .method = METHOD_OPTIONS};
    buf_init(&out, 8192);
    if (!http_client_request(&out, &r)) {
        s.request = arena_str(&p->arena, buf_str(&out));
        s.step = STEP_UPGRADE;
        plan_try(p, t, &s);
    }
    buf_done(&out);
}

static void ask_coded(struct plan *p, struct plan_task *t)
{
    enum tls_version_index v = plan_best(p, VI_TLS13);
    struct probe_spec s = plan_hello(p, version_wire(v), offer_doable(p, version_wire(v), SUITE_KX_COUNT));
    s.kind = &probe_full;
    s.purpose = "compression of answers";
    s.stop = TLS_STOP_NEVER;
    s.follow_retry = true;
    s.share_group = v == VI_TLS13 ? 29 : 0;
    s.hello.alpn = STR("\x08http/1.1");
    s.request = plan_get(p, STR("/"), STR("gzip, deflate, br, zstd"));
    s.step = STEP_CODED;
    plan_try(p, t, &s);
}

static void take(struct plan *p, const struct observation *o)
{
    struct http_answer *kept = o->http ? plan_keep_answer(p, o->http) : NULL;
    if (o->spec.step == STEP_ROOT) {
        p->plain.connected = o->connected;
        p->plain.ending = o->ending;
        p->plain.root = kept;
        p->plain.root_evidence = o->number;
    } else if (o->spec.step == STEP_UPGRADE) {
        p->plain.options = kept;
        p->plain.options_evidence = o->number;
    } else {
        p->https_coded = kept;
        p->https_coded_evidence = o->number;
    }
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    if (o)
        take(p, o);
    if (t->state == 0) {
        t->state = 1;
        p->plain.asked = p->options.plain;
        if (p->options.plain) {
            ask_plain(p, t);
            ask_upgrade(p, t);
        }
    }
    if (t->state == 1 && p->https && plan_best(p, VI_TLS13) != VI_COUNT) {
        t->state = 2;
        ask_coded(p, t);
    }
    bool more = t->state == 1 && p->options.tls && p->options.http && !p->tasks[0].done;
    t->done = t->in_flight == 0 && !more;
}

const struct task_row task_http = {"http", step};
