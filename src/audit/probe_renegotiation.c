/* Renegotiation asked for by the client (CVE-2011-1473, and CVE-2009-3555 where it is not bound to
 * the handshake before): a ClientHello inside an established connection. A server that answers with
 * a ServerHello does it; whoever refuses sends no_renegotiation, another alert, or closes. A request
 * of HTTP behind the ClientHello is the fence: a server that merely ignores it answers that. */
#include "audit/probe.h"

static void ask(struct probe *p)
{
    probe_keep_sessions(p);
    int err = tls_client_renegotiate(&p->tls);
    if (!err && p->spec.request.n)
        err = tls_client_send(&p->tls, TLSREC_DATA, p->spec.request);
    p->starved = err == -ERR_NOMEM;
    if (err)
        probe_conclude(p, OUTCOME_NONE,
                       err == -ERR_INVAL ? "TLS 1.3 has no renegotiation" : "out of memory");
    p->phase = 1;
}

static void on_alert(struct probe *p)
{
    probe_react(p, "alert %u", p->tls.alert.code);
    if (p->phase == 0 && p->tls.alert.level != TLS_ALERT_WARNING)
        probe_conclude(p, OUTCOME_NONE, "the handshake was refused");
    else if (p->phase == 1)
        probe_conclude(p, OUTCOME_SAFE, NULL); /* whatever the alert: it does not go on */
}

static void on_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED && p->phase == 0)
        ask(p);
    else if (e == TLS_EV_HELLO && p->phase == 1)
        probe_conclude(p, OUTCOME_VULNERABLE, NULL);
    else if (e == TLS_EV_DATA && p->phase == 1 && p->tls.data.n)
        probe_conclude(p, OUTCOME_SAFE, "it was ignored");
    else if (e == TLS_EV_ALERT)
        on_alert(p);
}

static void on_end(struct probe *p, enum ending how)
{
    probe_react(p, "%s", ending_text(how));
    if (p->phase == 1)
        probe_conclude(p, OUTCOME_SAFE, how == ENDING_TIMEOUT ? "it was ignored" : NULL);
    else
        probe_conclude(p, OUTCOME_NONE, "no handshake to test in");
}

const struct probe_kind probe_renegotiation = {
    .name = "renegotiation", .tls = true, .on_event = on_event, .on_end = on_end};
