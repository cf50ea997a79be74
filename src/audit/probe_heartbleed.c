/* Heartbleed (CVE-2014-0160) and early CCS (CVE-2014-0224): two questions to a server in the middle
 * of a handshake, each with a fence behind it, a record that every server must answer with an alert.
 * So a patched server says so at once, and no verdict rests on how long somebody waited. */
#include "audit/probe.h"

enum { HEARTBEAT_REQUEST = 1, HEARTBEAT_RESPONSE = 2, CLAIMED = 0x4000 };

/* RFC 6520 4: a request that claims 16 KiB of payload and has none; then a record of application
 * data, which cannot be in the middle of a handshake. */
static void ask_heartbeat(struct probe *p)
{
    static const char request[] = {HEARTBEAT_REQUEST, CLAIMED >> 8, 0};
    static const char fence[20];
    if (tls_client_send(&p->tls, TLSREC_HEARTBEAT, str_of(request, sizeof request)) ||
        tls_client_send(&p->tls, TLSREC_DATA, str_of(fence, sizeof fence)))
        probe_conclude(p, OUTCOME_NONE, "out of memory");
    p->phase = 1;
}

/* Three bytes of request and 16 of padding are what an honest response repeats at most. */
static void heartbeat_answer(struct probe *p)
{
    struct str d = p->tls.data;
    if (d.n && d.p[0] == HEARTBEAT_RESPONSE && d.n > 64) {
        probe_react(p, "%zu bytes of memory", d.n);
        probe_conclude(p, OUTCOME_VULNERABLE, NULL);
    }
}

static void heartbleed_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_FLIGHT && p->phase == 0) {
        if (!p->tls.hs->ext.heartbeat)
            probe_conclude(p, OUTCOME_SAFE, "the server does not offer heartbeat");
        else
            ask_heartbeat(p);
    } else if (e == TLS_EV_RECORD && p->phase == 1 && p->tls.record_type == TLSREC_HEARTBEAT) {
        heartbeat_answer(p);
    } else if (e == TLS_EV_ALERT && p->tls.alert.level != TLS_ALERT_WARNING) {
        probe_react(p, "alert %u", p->tls.alert.code);
        probe_conclude(p, p->phase ? OUTCOME_SAFE : OUTCOME_NONE,
                       p->phase ? NULL : "the handshake was refused");
    }
}

/* A close without an alert is no leak either; silence behind the fence is nothing we understand. */
static void heartbleed_end(struct probe *p, enum ending how)
{
    probe_react(p, "%s", ending_text(how));
    if (p->phase == 1 && (how == ENDING_CLOSED || how == ENDING_RESET))
        probe_conclude(p, OUTCOME_SAFE, NULL);
    else
        probe_conclude(p, OUTCOME_NONE, p->phase ? "no answer even to a record that must be refused"
                                                 : "no handshake to test in");
}

const struct probe_kind probe_heartbleed = {
    .name = "heartbleed", .tls = true, .on_event = heartbleed_event, .on_end = heartbleed_end};

/* ---- early ChangeCipherSpec ---- */

/* Twice in one write, in records of the negotiated version (another gives alert 70 and looks safe).
 * A patched server refuses the first: unexpected_message. A vulnerable one derives keys from an
 * empty secret and takes the second for a record under them, which it cannot decrypt. */
static void send_ccs_twice(struct probe *p)
{
    if (tls_client_send(&p->tls, TLSREC_CCS, STR("\x01")) ||
        tls_client_send(&p->tls, TLSREC_CCS, STR("\x01")))
        probe_conclude(p, OUTCOME_NONE, "out of memory");
    p->phase = 1;
}

enum { UNEXPECTED_MESSAGE = 10, BAD_RECORD_MAC = 20, DECRYPTION_FAILED = 21 };

static void ccs_event(struct probe *p, enum tls_event e)
{
    if (e == TLS_EV_FLIGHT && p->phase == 0) {
        send_ccs_twice(p);
        return;
    }
    if (e != TLS_EV_ALERT || p->tls.alert.level == TLS_ALERT_WARNING)
        return;
    unsigned code = p->tls.alert.code;
    probe_react(p, "alert %u", code);
    if (!p->phase)
        probe_conclude(p, OUTCOME_NONE, "the handshake was refused");
    else
        probe_conclude(p, code == BAD_RECORD_MAC || code == DECRYPTION_FAILED ? OUTCOME_VULNERABLE
                                                                              : OUTCOME_SAFE, NULL);
}

static void ccs_end(struct probe *p, enum ending how)
{
    probe_react(p, "%s", ending_text(how));
    if (p->phase == 1 && (how == ENDING_CLOSED || how == ENDING_RESET))
        probe_conclude(p, OUTCOME_SAFE, NULL);
    else
        probe_conclude(p, OUTCOME_NONE, p->phase ? "it neither refused the message nor went on"
                                                 : "no handshake to test in");
}

const struct probe_kind probe_early_ccs = {
    .name = "early-ccs", .tls = true, .on_event = ccs_event, .on_end = ccs_end};
