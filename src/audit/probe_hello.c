/* Seeing a handshake: as far as ServerHello, the first flight, or to its end with a request in it. */
#include "audit/probe.h"

static bool reached(const struct probe *p, enum tls_event e)
{
    bool retry_ends = e == TLS_EV_RETRY && p->tls.stopped;
    return retry_ends || (e == TLS_EV_HELLO && p->spec.stop == TLS_STOP_HELLO) ||
           (e == TLS_EV_FLIGHT && p->spec.stop == TLS_STOP_FLIGHT) || e == TLS_EV_ESTABLISHED;
}

/* A fatal alert is an answer. A warning is not (unrecognized_name often is one): it goes on. */
static void hello_event(struct probe *p, enum tls_event e)
{
    bool fatal = e == TLS_EV_ALERT && p->tls.alert.level != TLS_ALERT_WARNING;
    if (reached(p, e) || fatal)
        probe_finish(p);
}

const struct probe_kind probe_hello = {.name = "hello", .tls = true, .on_event = hello_event};

/* ---- to the end ---- */

static void full_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED) {
        if (p->tls.hs->version < TLS_WIRE_13)
            probe_keep_sessions(p);
        if (p->spec.request.n && !(p->spec.session && p->tls.early_accepted))
            probe_request(p);
        else if (!p->spec.request.n && p->spec.variant == 0)
            probe_finish(p);
    } else if (e == TLS_EV_TICKET) {
        probe_keep_sessions(p);
    } else if (e == TLS_EV_DATA) {
        probe_answer(p, p->tls.data);
    } else if (e == TLS_EV_ALERT && p->tls.alert.level != TLS_ALERT_WARNING) {
        probe_ended(p, ENDING_CLOSED, p->now);
    }
    if (e == TLS_EV_ESTABLISHED && p->tls.early_accepted && p->spec.request.n) {
        http_client_init(&p->http, &p->o->arena, METHOD_GET);
        p->http_live = true;
    }
}

const struct probe_kind probe_full = {.name = "full", .tls = true, .on_event = full_event};
