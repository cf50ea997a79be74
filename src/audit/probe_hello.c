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

/* The request goes out once, after the first of the handshakes; accepted early data was it. */
static void established(struct probe *p)
{
    if (p->phase++)
        return;
    if (p->tls.hs->version < TLS_WIRE_13)
        probe_keep_sessions(p);
    if (!p->spec.request.n && p->spec.variant == 0)
        probe_finish(p);
    else if (p->spec.request.n && p->tls.early_accepted)
        probe_expect(p);
    else if (p->spec.request.n)
        probe_request(p);
}

/* Some servers ask for a client certificate only when they have read the request, and answer it
 * only after another handshake. Once is enough. */
static void asked_again(struct probe *p)
{
    if (p->mark++ == 0 && tls_client_renegotiate(&p->tls))
        probe_finish(p);
}

static void full_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED) {
        established(p);
    } else if (e == TLS_EV_HELLO_REQUEST) {
        asked_again(p);
    } else if (e == TLS_EV_TICKET) {
        probe_keep_sessions(p);
    } else if (e == TLS_EV_DATA) {
        probe_answer(p, p->tls.data);
    } else if (e == TLS_EV_ALERT && p->tls.alert.level != TLS_ALERT_WARNING) {
        probe_ended(p, ENDING_CLOSED, p->now);
    }
}

const struct probe_kind probe_full = {.name = "full", .tls = true, .on_event = full_event};
