/* Renegotiation asked for by the client (CVE-2011-1473, and CVE-2009-3555 where it is not bound to
 * the handshake before): a ClientHello inside an established connection. A server that answers with
 * a ServerHello does it; whoever refuses sends no_renegotiation, another alert, or closes. A request
 * of HTTP behind the ClientHello is the fence for a server that merely ignores it. */
#include "audit/probe.h"

enum { NO_RENEGOTIATION = 100 };

static void ask(struct probe *p)
{
    probe_keep_sessions(p);
    if (tls_client_renegotiate(&p->tls)) {
        probe_conclude(p, OUTCOME_NONE, "out of memory");
        return;
    }
    probe_request(p);
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

/* The ClientHello in front of the request was passed over. */
static void on_request_answered(struct probe *p)
{
    probe_react(p, "ignored");
    probe_conclude(p, OUTCOME_SAFE, NULL);
}

static void on_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_ESTABLISHED && p->phase == 0)
        ask(p);
    else if (e == TLS_EV_HELLO && p->phase == 1)
        probe_conclude(p, OUTCOME_VULNERABLE, NULL);
    else if (e == TLS_EV_DATA && p->phase == 1 && p->tls.data.n)
        on_request_answered(p);
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
