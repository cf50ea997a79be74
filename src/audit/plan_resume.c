/* Resuming sessions of TLS up to 1.2 by id; by ticket Ticketbleed's probe does it, in plan_tests.c,
 * where TLS 1.3's is, too. */
#include "audit/plan.h"

enum { STEP_FRESH, STEP_ID };

static struct probe_spec hello(struct plan *p)
{
    enum tls_version_index v = plan_best(p, VI_TLS12);
    const struct version_facts *f = &p->facts.v[v];
    uint16_t codes[SUITES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < f->nsuites; i++)
        if (tls_client_can(p->crypto, suite_find(f->suites[i].code), version_wire(v)))
            codes[n++] = (uint16_t)f->suites[i].code;
    struct probe_spec s = plan_hello(p, version_wire(v), offer_copy(p, codes, n));
    s.kind = &probe_full;
    s.purpose = "resumption";
    s.stop = TLS_STOP_NEVER;
    return s;
}

/* Without the ticket extension the server has to remember the session itself. */
static void ask_fresh(struct plan *p, struct plan_task *t)
{
    struct probe_spec s = hello(p);
    s.hello.flags &= ~(uint32_t)CH_TICKET;
    s.step = STEP_FRESH;
    plan_try(p, t, &s);
}

static void ask_id(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct probe_spec s = hello(p);
    struct tls_session *session = plan_keep_session(p, &o->sessions[0]);
    if (!session)
        return;
    session->ticket = STR_NONE;
    s.hello.flags &= ~(uint32_t)CH_TICKET;
    s.session = session;
    s.hello.session_id = session->session_id;
    s.step = STEP_ID;
    plan_try(p, t, &s);
}

static void take_resumed(struct plan *p, enum test_id id, const struct observation *o)
{
    bool ok = o->hs && o->hs->hello;
    plan_end_test(p, id, !ok ? OUTCOME_NONE : o->hs->resumed ? OUTCOME_VULNERABLE : OUTCOME_SAFE,
                  ok ? NULL : "the handshake failed", o);
}

static void take(struct plan *p, struct plan_task *t, const struct observation *o)
{
    if (o->spec.step == STEP_ID) {
        take_resumed(p, TEST_RESUME_ID, o);
    } else if (o->nsessions && o->sessions[0].session_id.n) {
        ask_id(p, t, o);
    } else {
        bool ok = o->hs && o->hs->established;
        plan_end_test(p, TEST_RESUME_ID, ok ? OUTCOME_SAFE : OUTCOME_NONE,
                      ok ? NULL : "the handshake failed", o);
    }
}

static void none(struct plan *p, struct plan_task *t, const char *why)
{
    plan_end_test(p, TEST_RESUME_ID, OUTCOME_NONE, why, NULL);
    t->done = true;
}

/* As soon as a handshake of TLS 1.2 can be done, or once it is known that there is none. */
static bool ready(struct plan *p)
{
    bool found = p->facts.v[VI_TLS12].nsuites && hello(p).hello.suites.n;
    return found || p->facts.tests[TEST_RENEGOTIATION].ended;
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    if (o)
        take(p, t, o);
    if (!p->options.tls || (t->state == 0 && !ready(p)))
        t->done = !p->options.tls;
    else if (t->state == 0 && (plan_best(p, VI_TLS12) == VI_COUNT || hello(p).hello.suites.n == 0))
        none(p, t, "no handshake of TLS 1.2 or below can be completed");
    else if (t->state == 0) {
        t->state = 1;
        ask_fresh(p, t);
    } else if (t->in_flight == 0) {
        t->done = true;
    }
}

const struct task_row task_resume = {"resumption", step};
