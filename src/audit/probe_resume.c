/* Ticketbleed (CVE-2016-9244): a ticket is resumed with a session id of 31 bytes; BIG-IP echoed 32,
 * one of them from its memory. */
#include "audit/probe.h"

static void ticketbleed_event(struct probe *p, enum tls_event e)
{
    const struct handshake *hs = p->tls.hs;
    if (e == TLS_EV_ALERT && p->tls.alert.level != TLS_ALERT_WARNING) {
        probe_react(p, "alert %u", p->tls.alert.code);
        probe_conclude(p, OUTCOME_SAFE, NULL);
    } else if (e == TLS_EV_HELLO) {
        struct str id = hs->session_id, ours = p->spec.hello.session_id;
        bool leak = id.n > ours.n && str_starts(id, ours);
        probe_react(p, "session id of %zu bytes", id.n);
        probe_conclude(p, leak ? OUTCOME_VULNERABLE : OUTCOME_SAFE, NULL);
    }
}

static void ticketbleed_end(struct probe *p, enum ending how)
{
    probe_react(p, "%s", ending_text(how));
    probe_conclude(p, OUTCOME_NONE, "no answer to the resumption");
}

const struct probe_kind probe_ticketbleed = {
    .name = "ticketbleed", .tls = true, .on_event = ticketbleed_event, .on_end = ticketbleed_end};
