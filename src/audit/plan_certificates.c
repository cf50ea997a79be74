/* The certificates that the walks have not shown: what is sent to a client that names nobody, which
 * may be another site's, or internal names. */
#include "audit/plan.h"

static void ask(struct plan *p, struct plan_task *t)
{
    enum tls_version_index v = plan_best(p, VI_TLS13);
    const struct version_facts *f = &p->facts.v[v];
    uint16_t codes[SUITES_MAX];
    for (size_t i = 0; i < f->nsuites; i++)
        codes[i] = (uint16_t)f->suites[i].code;
    struct probe_spec s = plan_hello(p, version_wire(v), offer_copy(p, codes, f->nsuites));
    s.purpose = "no name";
    s.hello.sni = s.hello.alpn = STR_NONE;
    s.follow_retry = true;
    s.share_group = v == VI_TLS13 ? 29 : 0;
    plan_try(p, t, &s);
}

static void take(struct plan *p, const struct observation *o)
{
    const struct handshake *hs = o->hs;
    p->facts.no_sni = hs && hs->hello ? KNOWN_YES : o->ending == ENDING_TIMEOUT ? KNOWN_NOT : KNOWN_NO;
    p->facts.no_sni_alert = hs ? hs->alert.code : ALERT_NONE;
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    bool wait = p->facts.v[VI_TLS13].offered == KNOWN_NOT && !p->tasks[1].done;
    enum tls_version_index best = plan_best(p, VI_TLS13);
    bool ready = best != VI_COUNT && p->facts.v[best].nsuites > 0;
    bool walked = true;
    for (size_t i = 0; i < PLAN_WALKS; i++)
        walked = walked && p->tasks[i].done;
    if (o)
        take(p, o);
    if (!p->options.tls || (t->state == 1 && t->in_flight == 0) || (walked && !ready))
        t->done = true;
    else if (t->state == 0 && ready && !wait) {
        t->state = 1;
        ask(p, t);
    }
}

const struct task_row task_certificates = {"certificates", step};
