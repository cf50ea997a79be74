/* The first contact: one handshake as a browser of many talents would make it, to its end, with a
 * request in it; and SSL 2.0, which no later hello can show. The key share is of a curve that servers
 * like less, so that those that would rather have another say which ones they know (RFC 8446 4.2.7). */
#include "audit/plan.h"

enum { SECP384R1 = 24 };

static const uint16_t all_versions[] = {TLS_WIRE_13, TLS_WIRE_12, TLS_WIRE_11, TLS_WIRE_10};

static struct u16_list everything_doable(struct plan *p)
{
    struct u16_list new = offer_doable(p, TLS_WIRE_13, SUITE_KX_COUNT);
    struct u16_list old = offer_doable(p, TLS_WIRE_12, SUITE_KX_COUNT);
    uint16_t all[2 * SUITES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < new.n; i++)
        all[n++] = new.v[i];
    for (size_t i = 0; i < old.n && n < 128; i++)
        all[n++] = old.v[i];
    return offer_copy(p, all, n);
}

static void first_contact(struct plan *p, struct plan_task *t)
{
    struct probe_spec s = plan_hello(p, TLS_WIRE_13, everything_doable(p));
    s.kind = &probe_full;
    s.purpose = "first contact";
    s.stop = TLS_STOP_NEVER;
    s.follow_retry = true;
    s.share_group = SECP384R1;
    s.hello.flags |= CH_EMS | CH_TICKET | CH_RENEGOTIATION | CH_POINT_FORMATS;
    s.hello.versions = (struct u16_list){all_versions, 4};
    s.hello.alpn = STR("\x08http/1.1");
    s.variant = 1;
    if (p->options.http)
        s.request = plan_get(p, &p->options.url, STR("identity"));
    plan_try(p, t, &s);
}

static void ask_ssl2(struct plan *p, struct plan_task *t)
{
    struct probe_spec s = {.kind = &probe_ssl2, .purpose = "SSL 2.0", .step = 1};
    plan_try(p, t, &s);
}

static void take_first(struct plan *p, struct plan_task *t, const struct observation *o)
{
    struct tls_facts *f = &p->facts;
    if (plan_name_refused(p, o)) {
        first_contact(p, t);
        return;
    }
    p->contacted = true;
    if (o->ending == ENDING_REFUSED || o->ending == ENDING_UNREACHABLE)
        f->failure = ending_text(o->ending);
    else if (!o->received_n)
        f->silent_first = true;
    if (o->hs && o->hs->ee.groups.n) {
        f->groups_declared = true;
        for (size_t i = 0; i + 1 < o->hs->ee.groups.n; i += 2)
            number_set_add(&f->groups, (uint16_t)((unsigned char)o->hs->ee.groups.p[i] << 8 |
                                                  (unsigned char)o->hs->ee.groups.p[i + 1]));
    }
    if (o->http) {
        p->https[p->nhttps++] = (struct http_hop){p->options.url, plan_keep_answer(p, o->http), true};
        p->https_evidence = o->number;
        p->https_clean_close = o->clean_close;
    }
}

/* All eight specs in common come with the hello; none: it is spoken, but nothing can be done in it. */
static void take_ssl2(struct plan *p, const struct observation *o)
{
    struct version_facts *v = &p->facts.v[VI_SSL2];
    v->evidence = o->number;
    v->complete = true;
    if (!o->ssl2) {
        /* Silence is a refusal of who answers other hellos. */
        bool silent = !o->connected || (o->ending == ENDING_TIMEOUT && p->facts.silent_first);
        v->offered = silent ? KNOWN_NOT : KNOWN_NO;
        v->why = silent ? ending_text(o->ending) : NULL;
        return;
    }
    v->offered = KNOWN_YES;
    for (size_t i = 0; i + 2 < o->ssl2->specs.n && v->nsuites < SUITES_MAX; i += 3) {
        const unsigned char *s = (const unsigned char *)o->ssl2->specs.p + i;
        uint32_t code = (uint32_t)s[0] << 16 | s[1] << 8 | s[2];
        v->suites[v->nsuites++] = (struct found_suite){.code = code, .evidence = o->number};
    }
}

static void step(struct plan *p, struct plan_task *t, const struct observation *o)
{
    if (!p->options.tls) {
        t->done = true;
    } else if (t->state == 0) {
        t->state = 1;
        first_contact(p, t);
        if (!p->options.only_contact)
            ask_ssl2(p, t);
    } else if (o && o->spec.step == 1) {
        take_ssl2(p, o);
    } else if (o) {
        take_first(p, t, o);
        t->state = 2;
    }
    t->done = t->done || (t->state == 2 && t->in_flight == 0);
}

const struct task_row task_versions = {"versions", step};
