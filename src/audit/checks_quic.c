/* Checks of QUIC and HTTP/3 on UDP. */
#include "audit/look.h"
#include "audit/remedy.h"
#include "wire/tls_names.h"

#include <stdio.h>

static bool announced(const struct audit_view *view)
{
    const struct alt_svc_value *a = view->http ? &view->http->headers.alt_svc : NULL;
    return a && view->http->https && a->h3 && !a->h3_host.n && (!a->h3_port || a->h3_port == view->port);
}

/* NULL: the finding is done; nothing of QUIC answers, or it was not asked. */
static const struct quic_facts *quic_facts(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = view->quic;
    if (!q || q->answers == KNOWN_NOT)
        finding_untestable(f, q ? "No datagram could be sent." : "QUIC was not asked for.");
    else if (q->answers == KNOWN_NO)
        finding_safe(f, "Does not apply: nothing of QUIC answers.");
    else
        return q;
    return NULL;
}

/* The same, where a handshake is needed. */
static const struct quic_facts *shaken(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = quic_facts(view, f);
    if (q && (q->v1 == KNOWN_YES || q->v2 == KNOWN_YES))
        return q;
    if (q)
        finding_untestable(f, "No QUIC handshake came about.");
    return NULL;
}

static void check_quic(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = view->quic;
    if (!q || q->answers == KNOWN_NOT) {
        finding_untestable(f, q ? "No datagram could be sent." : "QUIC was not asked for.");
        return;
    }
    if (q->answers == KNOWN_NO)
        finding_bad(f, "Nothing of QUIC answers: there is no HTTP/3.");
    else if (q->h3 == KNOWN_YES)
        finding_safe(f, "HTTP/3 is offered.");
    else if (q->v1 == KNOWN_NO && q->v2 == KNOWN_NO) {
        f->severity = SEVERITY_MEDIUM;
        finding_bad(f, "QUIC answers, but no handshake comes about%s%.*s.", q->close_reason.n ? ": " : "",
                    q->close_reason.n < 200 ? (int)q->close_reason.n : 200,
                    q->close_reason.p ? q->close_reason.p : "");
    } else if (q->h3 == KNOWN_NO)
        finding_bad(f, "QUIC is spoken, but not HTTP/3.");
    else
        finding_untestable(f, "QUIC answers, but the handshake was not finished.");
}

/* RFC 9000 15: 0x?a?a?a?a only exercises negotiation; 0xff0000.. were drafts, Q... Google's own. */
static bool is_reserved(uint32_t v)
{
    return (v & 0x0f0f0f0f) == 0x0a0a0a0a;
}

static bool is_draft(uint32_t v)
{
    return v >> 8 == 0xff0000;
}

static void name_version(struct names_text *t, uint32_t v)
{
    static const uint32_t v2 = 0x6b3343cf; /* RFC 9369 */
    char name[32];
    if (v == 1 || v == v2)
        snprintf(name, sizeof name, "%d", v == 1 ? 1 : 2);
    else if (is_draft(v))
        snprintf(name, sizeof name, "draft %u", (unsigned)(v & 0xff));
    else
        snprintf(name, sizeof name, "0x%08x", (unsigned)v);
    look_name(t, name);
}

static void check_versions(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = quic_facts(view, f);
    struct names_text old = {.n = 0}, all = {.n = 0};
    if (!q)
        return;
    for (size_t i = 0; i < q->nversions && i < QUIC_VERSIONS_MAX; i++)
        if (!is_reserved(q->versions[i]))
            name_version(is_draft(q->versions[i]) || q->versions[i] >> 24 == 'Q' ? &old : &all,
                         q->versions[i]);
    look_names_end(&old);
    look_names_end(&all);
    if (old.n)
        finding_bad(f, "Versions from before RFC 9000 are offered: %s.", old.text);
    else if (all.n)
        finding_safe(f, "QUIC versions: %s.", all.text);
    else if (q->v1 == KNOWN_YES || q->v2 == KNOWN_YES)
        finding_safe(f, "QUIC version %s is spoken.", q->v1 == KNOWN_YES ? "1" : "2");
    else
        finding_untestable(f, "No list of versions came.");
}

static void check_key(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = shaken(view, f);
    if (q && !q->leaf_spki.n)
        finding_untestable(f, "No certificate was seen over QUIC.");
    else if (q && !view_leaf(view))
        finding_untestable(f, "No certificate was seen over TCP to compare with.");
    else if (q && q->same_key)
        finding_safe(f, "The certificate's key is the same as over TCP.");
    else if (q)
        finding_bad(f, "The certificate over QUIC has another key than the one over TCP.");
}

static void check_amplification(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = quic_facts(view, f);
    if (q && q->amplifies)
        finding_bad(f, "More than three times what was sent came back before the address was known to "
                       "be ours: others can be flooded that way.");
    else if (q)
        finding_safe(f, "No more than three times what was sent came back%s.",
                     q->retry_seen ? "; Retry validates addresses first" : "");
}

static void check_announced(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = view->quic;
    bool alt = announced(view);
    if (!view->http || !view->http->https)
        finding_untestable(f, "No https answer was seen.");
    else if (!q || q->answers == KNOWN_NOT)
        finding_untestable(f, q ? "No datagram could be sent." : "QUIC was not asked for.");
    else if (alt && (q->answers == KNOWN_NO || q->h3 == KNOWN_NO))
        finding_bad(f, "Alt-Svc announces HTTP/3, but UDP port %u does not speak it.", view->port);
    else if (!alt && q->h3 == KNOWN_YES) {
        f->severity = SEVERITY_INFO;
        finding_bad(f, "HTTP/3 works, but no Alt-Svc tells browsers of it.");
    } else if (alt && q->h3 != KNOWN_YES)
        finding_untestable(f, "QUIC answers, but the handshake was not finished.");
    else
        finding_safe(f, alt ? "HTTP/3 is announced, and works." : "HTTP/3 is neither announced nor there.");
}

static void check_quic_pq(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = shaken(view, f);
    const struct tls_group *g = q ? tls_names_group(q->group) : NULL;
    if (!q)
        return;
    if (!q->group)
        finding_untestable(f, "No group was seen.");
    else if (g && tls_names_group_is_pq(g))
        finding_safe(f, "Keys are exchanged with %s.", g->name);
    else
        finding_bad(f, "Keys are exchanged with %s: what is recorded today can be read once there is a "
                       "quantum computer.", tls_names_group_text(q->group));
}

static void check_quic_early(const struct audit_view *view, struct finding *f)
{
    const struct quic_facts *q = shaken(view, f);
    if (q && q->max_early_data)
        finding_bad(f, "Tickets allow early data, which can be sent again by whoever records it.");
    else if (q)
        finding_safe(f, "No ticket that allows early data was seen.");
}

#define REMEDY_HTTP3                                                                               \
    {                                                                                              \
        .nginx = "listen 443 quic reuseport;\nadd_header Alt-Svc 'h3=\":443\"; ma=86400' always;", \
        .haproxy = "bind quic4@:443 ssl crt … alpn h3",                                            \
        .caddy = "# nothing to set: open UDP port 443",                                            \
    }

static const struct check rows[] = {
    {.id = "quic", .title = "QUIC and HTTP/3", .section = SECTION_QUIC, .severity = SEVERITY_INFO,
     .rfc = "RFC 9000, RFC 9114", .how = "A handshake of QUIC with ALPN h3 on UDP.",
     .fix = "Offer HTTP/3, and let UDP port 443 through.", .remedy = REMEDY_HTTP3, .fn = check_quic},
    {.id = "quic_versions", .title = "Versions of QUIC", .section = SECTION_QUIC,
     .severity = SEVERITY_LOW, .rfc = "RFC 9000 6, RFC 9369",
     .how = "An Initial of a reserved version; the answer lists what the server has.",
     .fix = "Update the server: drafts and Google's QUIC are over.", .remedy = REMEDY_UPDATE,
     .fn = check_versions},
    {.id = "quic_key", .title = "Certificate over QUIC", .section = SECTION_QUIC,
     .severity = SEVERITY_MEDIUM, .rfc = "RFC 9114 3.3",
     .how = "The keys of the certificates over QUIC and TCP are compared.",
     .fix = "Give both the same certificate; if you did, find out who answers on UDP.",
     .remedy = {.gate443 = "# nothing to set: one certificate for both",
                .nginx = "# one server block with both:\nlisten 443 ssl;\nlisten 443 quic;"},
     .fn = check_key},
    {.id = "quic_amplification", .title = "Amplification by QUIC", .section = SECTION_QUIC,
     .severity = SEVERITY_HIGH, .rfc = "RFC 9000 8.1",
     .how = "Bytes that come back before our address is validated are counted.",
     .fix = "Update the server, or make it send Retry.",
     .remedy = {.gate443 = "# nothing to set: keep gate443 up to date", .nginx = "quic_retry on;",
                .haproxy = "tune.quic.retry-threshold 0"},
     .fn = check_amplification},
    {.id = "http3_announced", .title = "Announcement of HTTP/3", .section = SECTION_QUIC,
     .severity = SEVERITY_LOW, .rfc = "RFC 7838, RFC 9114 3.1",
     .how = "Alt-Svc of the page is compared with what UDP answers.",
     .fix = "Let UDP through the firewall, or take Alt-Svc back (Alt-Svc: clear).",
     .remedy = {.gate443 = "# nothing to set: Alt-Svc follows what is spoken",
                .nginx = "add_header Alt-Svc 'h3=\":443\"; ma=86400' always;",
                .haproxy = "http-response set-header alt-svc \"h3=\\\":443\\\"; ma=86400\""},
     .fn = check_announced},
    {.id = "quic_pq", .title = "Post-quantum key exchange over QUIC", .section = SECTION_QUIC,
     .severity = SEVERITY_LOW, .rfc = "FIPS 203", .how = "The group of the handshake over QUIC.",
     .fix = "Offer X25519MLKEM768 over QUIC, too.", .remedy = REMEDY_GROUPS, .fn = check_quic_pq},
    {.id = "quic_early_data", .title = "Early data over QUIC", .section = SECTION_QUIC,
     .severity = SEVERITY_INFO, .rfc = "RFC 9001 9.2", .how = "max_early_data_size of its tickets.",
     .fix = "Leave early data off, or make sure that a repeated request does no harm.",
     .remedy = {.nginx = "ssl_early_data off;"}, .fn = check_quic_early},
};

const struct check_table checks_quic = {rows, sizeof rows / sizeof *rows};
