/* Checks of the versions and of what a handshake negotiates beside the suites. */
#include "audit/look.h"
#include "audit/remedy.h"
#include "wire/tls_names.h"

#include <openssl/bio.h>
#include <openssl/x509.h>
#include <stdio.h>

/* ---- versions ---- */

static void refused_version(const struct audit_view *view, struct finding *f,
                            enum tls_version_index v, const char *why_bad)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    const struct version_facts *x = &t->v[v];
    f->evidence = x->evidence;
    if (x->offered == KNOWN_YES)
        finding_bad(f, "%s is accepted; %s", version_name(v), why_bad);
    else if (x->offered == KNOWN_NO)
        finding_safe(f, "%s is refused.", version_name(v));
    else
        finding_untestable(f, "It is not known whether %s is offered: %s.", version_name(v),
                           x->why ? x->why : "it was not asked for");
}

static void check_ssl2(const struct audit_view *view, struct finding *f)
{
    refused_version(view, f, VI_SSL2, "it was broken by 1996, and it endangers every service that "
                                      "uses the same key (DROWN).");
}

static void check_ssl3(const struct audit_view *view, struct finding *f)
{
    refused_version(view, f, VI_SSL3, "it was given up in 2015 (RFC 7568), and nothing that still "
                                      "needs it should be on the Internet.");
}

static void check_tls10(const struct audit_view *view, struct finding *f)
{
    refused_version(view, f, VI_TLS10, "browsers stopped in 2020.");
}

static void check_tls11(const struct audit_view *view, struct finding *f)
{
    refused_version(view, f, VI_TLS11, "browsers stopped in 2020.");
}

static void check_tls12(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    const struct version_facts *x = &t->v[VI_TLS12];
    f->evidence = x->evidence;
    if (x->offered == KNOWN_YES)
        finding_safe(f, "TLS 1.2 is offered.");
    else if (t->v[VI_TLS13].offered == KNOWN_YES && x->offered == KNOWN_NO)
        finding_safe(f, "Only TLS 1.3 is offered; clients from before 2018 cannot connect.");
    else if (x->offered == KNOWN_NO && t->v[VI_TLS13].offered == KNOWN_NO)
        finding_bad(f, "Neither TLS 1.2 nor TLS 1.3 is offered; today's browsers refuse the rest.");
    else
        finding_untestable(f, "It is not known whether TLS 1.2 is offered: %s.",
                           x->why ? x->why : "it was not asked for");
}

static void check_tls13(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    const struct version_facts *x = &t->v[VI_TLS13];
    f->evidence = x->evidence;
    if (x->offered == KNOWN_YES)
        finding_safe(f, "TLS 1.3 is offered.");
    else if (x->offered == KNOWN_NO)
        finding_bad(f, "TLS 1.3 is missing, and with it faster handshakes, hidden certificates and "
                       "post-quantum key exchange.");
    else
        finding_untestable(f, "It is not known whether TLS 1.3 is offered: %s.",
                           x->why ? x->why : "it was not asked for");
}

/* ---- downgrade ---- */

static enum tls_version_index lowest(const struct tls_facts *t)
{
    int v = VI_SSL3;
    while (v < VI_TLS13 && t->v[v].offered != KNOWN_YES)
        v++;
    return (enum tls_version_index)v;
}

static void check_fallback_scsv(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    const struct test_result *r = t ? look_test(t, TEST_FALLBACK_SCSV, f) : NULL;
    if (!r)
        return;
    if (r->outcome == OUTCOME_SAFE)
        finding_safe(f, "A needless fallback is refused.");
    else if (lowest(t) >= VI_TLS12 && t->v[VI_TLS11].offered == KNOWN_NO &&
             t->v[VI_TLS10].offered == KNOWN_NO && t->v[VI_SSL3].offered == KNOWN_NO)
        finding_safe(f, "The signal is not honoured, but nothing below TLS 1.2 is offered to fall to.");
    else {
        f->severity = t->v[VI_SSL3].offered == KNOWN_YES ? SEVERITY_MEDIUM : SEVERITY_LOW;
        finding_bad(f, "A client that falls back is answered in an older version, down to %s.",
                    version_name(lowest(t)));
    }
}

static void check_downgrade_sentinel(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (t->v[VI_TLS13].offered == KNOWN_NO)
        finding_safe(f, "Does not apply: TLS 1.3 is not offered.");
    else if (look_only13(t))
        finding_safe(f, "Does not apply: only TLS 1.3 is offered.");
    else if (t->v[VI_TLS13].offered != KNOWN_YES)
        finding_untestable(f, "It is not known whether TLS 1.3 is offered.");
    else if (t->sentinel12 == KNOWN_NO || t->sentinel11 == KNOWN_NO)
        finding_bad(f, "The server speaks TLS 1.3, but its answers in %s do not say so: the client "
                       "cannot notice a downgrade.",
                    t->sentinel12 == KNOWN_NO ? "TLS 1.2" : "older versions");
    else if (t->sentinel12 == KNOWN_YES || t->sentinel11 == KNOWN_YES)
        finding_safe(f, "Answers in older versions carry the mark.");
    else
        finding_untestable(f, "No handshake of TLS 1.2 or below was seen.");
}

/* ---- tolerance ---- */

static void tolerant(const struct audit_view *view, struct finding *f, enum test_id id,
                     enum test_id whole, const char *bad)
{
    const struct tls_facts *t = look_facts(view, f);
    const struct test_result *r = t ? look_test(t, id, f) : NULL;
    if (!r)
        return;
    if (!f->evidence)
        f->evidence = t->tests[whole].evidence;
    if (r->outcome == OUTCOME_VULNERABLE)
        finding_bad(f, "%s%s.", bad, look_reaction(r).text);
    else
        finding_safe(f, "Such a hello is answered.");
}

static void check_grease(const struct audit_view *view, struct finding *f)
{
    tolerant(view, f, TEST_GREASE, TEST_TOLERANCE,
             "A hello with unknown values is refused; browsers send some with each");
}

static void check_long_hello(const struct audit_view *view, struct finding *f)
{
    tolerant(view, f, TEST_LONG_HELLO, TEST_TOLERANCE,
             "A hello of 4096 bytes is refused; post-quantum clients send more than 1500");
}

static void check_split_hello(const struct audit_view *view, struct finding *f)
{
    tolerant(view, f, TEST_SPLIT_HELLO, TEST_TOLERANCE,
             "A hello that comes in two TCP segments is refused, as that of a post-quantum client does");
}

/* What asks only in old versions has no meaning where there are none. */
static void old_tolerant(const struct audit_view *view, struct finding *f, enum test_id id,
                         const char *bad)
{
    const struct tls_facts *t = look_facts(view, f);
    if (t && look_only13(t))
        finding_safe(f, "Does not apply: only TLS 1.3 is offered.");
    else if (t)
        tolerant(view, f, id, TEST_OLD_TOLERANCE, bad);
}

static void check_medium_hello(const struct audit_view *view, struct finding *f)
{
    old_tolerant(view, f, TEST_MEDIUM_HELLO, "A hello of 256 to 511 bytes is refused");
}

static void check_future_version(const struct audit_view *view, struct finding *f)
{
    old_tolerant(view, f, TEST_FUTURE_VERSION,
                 "A hello of a newer version is refused instead of answered with an older one");
}

/* ---- resumption ---- */

static void add_way(struct names_text *yes, bool *unknown, const struct test_result *r,
                    const char *name)
{
    if (r->outcome == OUTCOME_VULNERABLE)
        look_name(yes, name);
    *unknown = *unknown || r->outcome == OUTCOME_NONE;
}

static void check_resumption(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct names_text yes = {.n = 0};
    bool unknown = false, old = t && look_offers(t, VI_SSL3, VI_TLS12);
    if (!t)
        return;
    if (old) {
        add_way(&yes, &unknown, &t->tests[TEST_RESUME_ID], "session id");
        add_way(&yes, &unknown, &t->tests[TEST_RESUME_TICKET], "ticket");
    }
    if (t->v[VI_TLS13].offered == KNOWN_YES)
        add_way(&yes, &unknown, &t->tests[TEST_RESUME_PSK], "pre-shared key of TLS 1.3");
    if (yes.n)
        finding_safe(f, "Sessions are resumed by %s.", yes.text);
    else if (unknown && t->tickets13 != KNOWN_NO)
        finding_untestable(f, "No session could be had to resume.");
    else
        finding_bad(f, "Sessions are not resumed: each visit costs a full handshake.");
}

static void check_ticket_lifetime(const struct audit_view *view, struct finding *f)
{
    enum { WEEK = 7 * 86400 }; /* RFC 8446 4.6.1: MUST NOT be more */
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (t->tickets_seen && t->ticket_lifetime > WEEK)
        finding_bad(f, "Tickets are said to be good for %u hours; seven days (168) is the most.",
                    t->ticket_lifetime / 3600);
    else if (t->tickets_seen && t->ticket_lifetime == 0)
        finding_safe(f, "The tickets do not say how long they are good for.");
    else if (t->tickets_seen)
        finding_safe(f, "Tickets are good for %u minutes.", (t->ticket_lifetime + 59) / 60);
    else if (t->tickets12 != KNOWN_YES && t->tickets13 == KNOWN_NO)
        finding_safe(f, "No tickets are given.");
    else
        finding_untestable(f, "No ticket was seen.");
}

static void check_ticket_rotation(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (t->tickets_seen == 0 && t->tickets12 == KNOWN_NO && t->tickets13 == KNOWN_NO)
        finding_safe(f, "No tickets are given.");
    else
        finding_untestable(f, "It takes days: this version does not compare tickets over time, or "
                              "between servers.");
}

static bool no_early_tickets(const struct tls_facts *t)
{
    return t->v[VI_TLS13].offered == KNOWN_NO || t->tickets13 == KNOWN_NO ||
           (t->tickets13 == KNOWN_YES && t->max_early_data == 0);
}

static void check_early_data(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (no_early_tickets(t)) {
        finding_safe(f, "No ticket allows early data.");
        return;
    }
    const struct test_result *r = look_test(t, TEST_EARLY_DATA, f);
    if (r && r->outcome == OUTCOME_VULNERABLE)
        finding_bad(f, "A request is taken before the handshake is done, up to %u bytes; whoever "
                       "records it can send it again.", t->max_early_data);
    else if (r)
        finding_safe(f, "Early data is not accepted, or answered with 425.");
}

static void check_early_data_replay(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (no_early_tickets(t) || t->tests[TEST_EARLY_DATA].outcome == OUTCOME_SAFE) {
        finding_safe(f, "Early data is not accepted.");
        return;
    }
    const struct test_result *r = look_test(t, TEST_EARLY_DATA_REPLAY, f);
    if (r && r->outcome == OUTCOME_VULNERABLE)
        finding_bad(f, "The same request in early data was accepted twice.");
    else if (r)
        finding_safe(f, "The same request in early data was not accepted a second time.");
}

/* ---- extensions ---- */

/* For what TLS 1.3 always has. */
static void wanted_extension(const struct audit_view *view, struct finding *f, enum known k,
                             const char *yes, const char *no)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (look_only13(t))
        finding_safe(f, "Only TLS 1.3 is offered, which has it built in.");
    else if (k == KNOWN_YES)
        finding_safe(f, "%s", yes);
    else if (k == KNOWN_NO)
        finding_bad(f, "%s", no);
    else
        finding_untestable(f, "No handshake of TLS 1.0 to 1.2 was seen.");
}

static void check_ems(const struct audit_view *view, struct finding *f)
{
    wanted_extension(view, f, view->tls ? view->tls->ems : KNOWN_NOT,
                     "The master secret is bound to the whole handshake.",
                     "extended_master_secret is missing in TLS 1.2 or below: sessions of two "
                     "connections can be made the same (triple handshake).");
}

static bool is_cbc(const struct suite *s)
{
    return suite_is_cbc(s);
}

static void check_etm(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct suites_seen cbc;
    if (!t)
        return;
    look_suites(t, VI_TLS10, VI_TLS12, is_cbc, &cbc);
    if (!cbc.n)
        look_absent(t, VI_TLS10, VI_TLS12, f, "Does not apply: there is no CBC suite.");
    else if (t->etm == KNOWN_YES)
        finding_safe(f, "CBC records can be encrypted first and authenticated then.");
    else if (t->etm == KNOWN_NO)
        finding_bad(f, "CBC suites are offered without encrypt_then_mac.");
    else
        finding_untestable(f, "It was not asked for with a CBC suite.");
}

static void check_npn(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (t->npn == KNOWN_YES)
        finding_bad(f, "The server answers next_protocol_negotiation, which ALPN replaced in 2014.");
    else if (look_only13(t))
        finding_safe(f, "Only TLS 1.3 is offered, which has none.");
    else if (t->npn == KNOWN_NO)
        finding_safe(f, "It is not offered.");
    else
        finding_untestable(f, "No hello that asked for it was answered.");
}

static void check_heartbeat_extension(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (t->heartbeat == KNOWN_YES)
        finding_bad(f, "The heartbeat extension is on, which no client on TCP needs; Heartbleed was "
                       "in it.");
    else if (t->heartbeat == KNOWN_NO || look_only13(t))
        finding_safe(f, "It is not offered.");
    else
        finding_untestable(f, "No handshake of TLS 1.0 to 1.2 was seen.");
}

static void check_extensions(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct names_text names = {.n = 0};
    if (!t)
        return;
    if (t->point_formats)
        look_name(&names, "ec_point_formats");
    if (t->max_fragment)
        look_name(&names, "max_fragment_length");
    if (t->record_limit)
        look_name(&names, "record_size_limit");
    finding_safe(f, names.n ? "Also answered: %s." : "None of the lesser extensions is answered.%s",
                 names.text);
}

static void check_cert_compression(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    const struct test_result *r = &t->tests[TEST_CERT_COMPRESSION];
    f->evidence = r->evidence;
    if (t->v[VI_TLS13].offered == KNOWN_NO)
        finding_safe(f, "Does not apply: TLS 1.3 is not offered.");
    else if (r->outcome == OUTCOME_NONE)
        look_test(t, TEST_CERT_COMPRESSION, f);
    else
        finding_safe(f, r->outcome == OUTCOME_VULNERABLE ? "Certificates are compressed on request."
                                                         : "Certificates are not compressed.");
}

/* ---- client certificates ---- */

static size_t count_authorities(struct str list, struct str *ret_first)
{
    size_t n = 0;
    while (list.n > 2) {
        size_t size = (size_t)(unsigned char)list.p[0] << 8 | (unsigned char)list.p[1];
        if (n++ == 0)
            *ret_first = str_sub(list, 2, size);
        list = str_from(list, 2 + size);
    }
    return n;
}

/* Escaped, so that what a server names cannot write on a terminal. */
static struct str name_text(struct arena *arena, struct str der)
{
    const unsigned char *p = (const unsigned char *)der.p;
    struct str text = STR_NONE;
    char *mem = NULL;
    X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)der.n);
    BIO *out = name ? BIO_new(BIO_s_mem()) : NULL;
    if (out && X509_NAME_print_ex(out, name, 0, XN_FLAG_RFC2253) >= 0) {
        long n = BIO_get_mem_data(out, &mem);
        text = arena_str(arena, str_of(mem, n > 200 ? 200 : n > 0 ? (size_t)n : 0));
    }
    BIO_free(out);
    X509_NAME_free(name);
    return text;
}

/* What became of ours, as a sentence behind others; empty: it did not come that far. */
static void tell_client_auth(const struct tls_facts *t, char *out, size_t max)
{
    static const char *const sent[] = {
        [CLIENT_AUTH_NONE] = "", [CLIENT_AUTH_EMPTY] = "None was sent (--cert FILE sends one)",
        [CLIENT_AUTH_UNFIT] = "None was sent, as the server takes no signature of that key",
        [CLIENT_AUTH_SENT] = "That of --cert was sent"};
    out[0] = 0;
    if (!t->auth_answer)
        return;
    if (t->auth_alert)
        snprintf(out, max, " %s, and that was refused (alert %u, %s).", sent[t->auth_answer],
                 t->auth_alert, tls_names_alert_text(t->auth_alert));
    else
        snprintf(out, max, " %s%s.", sent[t->auth_answer],
                 t->auth_accepted ? ", and the handshake went on" : "");
}

static void check_client_certificate(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    struct str first = STR_NONE;
    size_t n = t ? count_authorities(t->authorities, &first) : 0;
    char ours[256];
    if (!t)
        return;
    struct str name = n ? name_text(f->arena, first) : STR_NONE;
    tell_client_auth(t, ours, sizeof ours);
    f->evidence = t->auth_evidence;
    if (!t->requests_certificate)
        finding_safe(f, "No client certificate is asked for.");
    else if (n)
        finding_bad(f, "A client certificate is asked for, and %zu %s shown to everybody, the first "
                       "\"%.*s\": internal names may be among them.%s",
                    n, n == 1 ? "name of an authority is" : "names of authorities are", STR_ARG(name), ours);
    else
        finding_safe(f, "A client certificate is asked for, without names of authorities.%s", ours);
}

/* ---- names ---- */

static void check_default_certificate(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    for (size_t i = 0; i < t->nchains; i++) {
        const struct kept_chain *k = &t->chains[i];
        if (k->with_sni || (!k->without_sni && !k->wrong_sni))
            continue;
        f->evidence = k->evidence;
        finding_bad(f, "Who names %s gets another certificate, which may tell of other sites here.",
                    k->without_sni ? "no host" : "an unknown host");
        return;
    }
    if (t->no_sni == KNOWN_NO)
        finding_safe(f, "Who names no host gets no handshake.");
    else if (t->no_sni == KNOWN_YES)
        finding_safe(f, "Who names no host gets the same certificate.");
    else
        finding_untestable(f, "A hello without a name was not answered.");
}

static void check_name_refused(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (t && t->name_refused)
        finding_bad(f, "The server does not know the name that was asked for (alert 112); the rest "
                       "was asked without one.");
    else if (t)
        finding_safe(f, "The name asked for is served.");
}

/* ---- the rest ---- */

static void check_clock_leak(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (!t)
        return;
    if (t->clock_in_random == KNOWN_YES)
        finding_bad(f, "The first four bytes of the server's random are the time of its clock.");
    else if (t->clock_in_random == KNOWN_NO)
        finding_safe(f, "The server's random tells no time.");
    else
        finding_untestable(f, "No ServerHello was seen.");
}

static void check_one_at_a_time(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (t && t->one_at_a_time)
        finding_bad(f, "One connection is served after the other: whoever holds one open keeps all "
                       "others out.");
    else if (t && t->side_by_side)
        finding_safe(f, "Connections are served side by side.");
    else if (t)
        finding_untestable(f, "No two connections were held open at once.");
}

static void check_cut_short(const struct audit_view *view, struct finding *f)
{
    const struct tls_facts *t = look_facts(view, f);
    if (t && t->shut_out)
        finding_bad(f, "After %u connections the server answered no more (--rate asks more slowly): what "
                       "is missing is said to be not testable.", t->connections);
    else if (t && t->cut_short)
        finding_bad(f, "The deadline came before all was asked (%u connections, %u without an answer): "
                       "what is missing is said to be not testable.",
                    t->connections, t->timeouts);
    else if (t)
        finding_safe(f, "All was asked, in %u connections.", t->connections);
}

/* ---- the table ---- */

#define HOW_HELLO "A ClientHello of that version is sent, with every suite that it ever had."

static const struct check rows[] = {
    {.id = "ssl2", .title = "SSL 2.0",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_CRITICAL, .rfc = "RFC 6176",
     .how = "SSL 2.0's own hello is sent; the answer lists all that the server can do.",
     .fix = "Switch SSL 2.0 off, on every service that uses the same key.",
     .remedy = REMEDY_VERSIONS, .fn = check_ssl2},
    {.id = "ssl3", .title = "SSL 3.0",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_HIGH, .rfc = "RFC 7568",
     .how = HOW_HELLO, .fix = "Switch SSL 3.0 off.", .remedy = REMEDY_VERSIONS, .fn = check_ssl3},
    {.id = "tls10", .title = "TLS 1.0",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM, .rfc = "RFC 8996",
     .how = HOW_HELLO, .fix = "Switch TLS 1.0 off; TLS 1.2 is as old as 2008.",
     .remedy = REMEDY_VERSIONS, .fn = check_tls10},
    {.id = "tls11", .title = "TLS 1.1",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM, .rfc = "RFC 8996",
     .how = HOW_HELLO, .fix = "Switch TLS 1.1 off.", .remedy = REMEDY_VERSIONS, .fn = check_tls11},
    {.id = "tls12", .title = "TLS 1.2 or newer",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_HIGH, .rfc = "RFC 9325 3.1.1",
     .how = HOW_HELLO, .fix = "Update the TLS library, and offer TLS 1.2 and 1.3.",
     .remedy = REMEDY_VERSIONS, .fn = check_tls12},
    {.id = "tls13", .title = "TLS 1.3",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW, .rfc = "RFC 8446",
     .how = "supported_versions offers 1.3.", .fix = "Offer TLS 1.3 (OpenSSL 1.1.1 or newer).",
     .remedy = REMEDY_TLS13, .fn = check_tls13},
    {.id = "fallback_scsv", .title = "Protection from fallback",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 7507",
     .how = "A hello one version below the server's best carries TLS_FALLBACK_SCSV: the alert "
            "inappropriate_fallback is right, a ServerHello is not.",
     .fix = "Offer nothing below TLS 1.2, or update the TLS library.", .remedy = REMEDY_VERSIONS,
     .fn = check_fallback_scsv},
    {.id = "downgrade_sentinel", .title = "Mark against downgrades",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 8446 4.1.3",
     .how = "The last eight bytes of the server's random are looked at in each answer below TLS 1.3.",
     .fix = "Update the TLS library; if a box in front ends TLS 1.2 by itself, that one.",
     .remedy = REMEDY_UPDATE, .fn = check_downgrade_sentinel},
    {.id = "grease", .title = "Unknown values in a hello",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM,
     .rfc = "RFC 8701", .how = "A hello with GREASE values in every list is sent.",
     .fix = "Update the server, or the firewall in front of it: it breaks on what comes next.",
     .remedy = REMEDY_UPDATE, .fn = check_grease},
    {.id = "long_hello", .title = "Long hello",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM, .rfc = "RFC 8446 4.1.2",
     .how = "A hello padded to 4096 bytes is sent.",
     .fix = "Update the server, or the firewall in front of it: post-quantum clients fail.",
     .remedy = REMEDY_UPDATE, .fn = check_long_hello},
    {.id = "split_hello", .title = "Hello in two segments",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM,
     .rfc = "RFC 8446 5.1", .how = "The first 100 bytes of a hello are sent by themselves.",
     .fix = "Update the server, or the firewall in front of it: it takes a segment for a message.",
     .remedy = REMEDY_UPDATE, .fn = check_split_hello},
    {.id = "medium_hello", .title = "Hello of 256 to 511 bytes",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 7685", .how = "A hello of 320 bytes is sent.",
     .fix = "Update the load balancer (F5 BIG-IP took such a hello for SSL 2.0).",
     .remedy = REMEDY_UPDATE, .fn = check_medium_hello},
    {.id = "future_version", .title = "Hello of a future version",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 5246 E.1", .how = "legacy_version says 3.4.",
     .fix = "Update the server: it has to answer with the newest version that it knows.",
     .remedy = REMEDY_UPDATE, .fn = check_future_version},
    {.id = "resumption", .title = "Resumption of sessions",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 8446 2.2", .how = "A second connection offers the session id, ticket or key of a first.",
     .fix = "Switch tickets or a session cache on.",
     .remedy = {.gate443 = "tls { tickets on; }", .nginx = "ssl_session_cache shared:SSL:10m;",
                .apache = "SSLSessionCache shmcb:ssl_scache(512000)",
                .haproxy = "# remove `no-tls-tickets` from ssl-default-bind-options"},
     .fn = check_resumption},
    {.id = "ticket_lifetime", .title = "Lifetime of tickets",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 8446 4.6.1", .how = "The lifetime that NewSessionTicket tells.",
     .fix = "Let tickets end within a day, and replace their key as often.",
     .remedy = {.gate443 = "tls { ticket_rotation 12h; }", .nginx = "ssl_session_timeout 1d;",
                .apache = "SSLSessionCacheTimeout 86400", .haproxy = "tune.ssl.lifetime 86400"},
     .fn = check_ticket_lifetime},
    {.id = "ticket_rotation", .title = "Rotation of ticket keys",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 5077 5.5", .how = "The names of the keys in tickets would be compared over time.",
     .fix = "Replace the key of the tickets once a day.",
     .remedy = {.gate443 = "tls { ticket_rotation 12h; }",
                .nginx = "ssl_session_tickets off;  # or rotate ssl_session_ticket_key",
                .apache = "SSLSessionTickets off"},
     .fn = check_ticket_rotation},
    {.id = "early_data", .title = "Early data (0-RTT)",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 8446 8", .how = "A ticket that allows it is used with a request in early data.",
     .fix = "Leave early data off, or make sure that a repeated request does no harm.",
     .remedy = {.gate443 = "# nothing to set: gate443 does not accept early data",
                .nginx = "ssl_early_data off;", .haproxy = "# remove `allow-0rtt` from `bind`"},
     .fn = check_early_data},
    {.id = "early_data_replay", .title = "Replay of early data",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM,
     .rfc = "RFC 8446 8", .how = "The same ticket and request are sent in early data on a second "
                                 "connection.",
     .fix = "Switch early data off, or answer 425 (RFC 8470) to all but harmless requests.",
     .remedy = {.gate443 = "# nothing to set: gate443 does not accept early data",
                .nginx = "ssl_early_data off;", .haproxy = "# remove `allow-0rtt` from `bind`"},
     .fn = check_early_data_replay},
    {.id = "ems", .title = "Extended master secret",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW, .rfc = "RFC 7627",
     .how = "Every hello of TLS 1.0 to 1.2 asks for it.",
     .fix = "Update the TLS library (OpenSSL 1.1.0 or newer).", .remedy = REMEDY_UPDATE, .fn = check_ems},
    {.id = "etm", .title = "Encrypt then MAC",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO, .rfc = "RFC 7366",
     .how = "Hellos with CBC suites ask for it.", .fix = "Remove the CBC suites.",
     .remedy = REMEDY_SUITES, .fn = check_etm},
    {.id = "npn", .title = "Next protocol negotiation",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 7301", .how = "A hello of TLS 1.2 or below asks for it.",
     .fix = "Update the server.", .remedy = REMEDY_UPDATE, .fn = check_npn},
    {.id = "heartbeat_extension", .title = "Heartbeat extension",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_LOW,
     .rfc = "RFC 6520", .how = "Hellos of TLS 1.0 to 1.2 ask for it.",
     .fix = "Update OpenSSL: since 1.1.1 it has no heartbeat.", .remedy = REMEDY_UPDATE,
     .fn = check_heartbeat_extension},
    {.id = "extensions", .title = "Lesser extensions",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 6066, RFC 8449", .how = "What ServerHello and EncryptedExtensions answer.",
     .fn = check_extensions},
    {.id = "cert_compression", .title = "Compressed certificates",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 8879", .how = "A hello offers compress_certificate.", .fn = check_cert_compression},
    {.id = "client_certificate", .title = "Client certificates",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 8446 4.3.2", .how = "CertificateRequest, and the names of authorities in it.",
     .fix = "Send no list of authorities: clients choose without it.",
     .remedy = {.nginx = "# ssl_client_certificate is sent to clients; ssl_trusted_certificate is not",
                .apache = "SSLCADNRequestFile one-authority.pem"},
     .fn = check_client_certificate},
    {.id = "default_certificate", .title = "Certificate without a name",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 6066 3", .how = "A hello without a name, and one with an unknown name.",
     .fix = "Refuse clients that name no host of yours.",
     .remedy = {.gate443 = "# the default; remove `default` from the site",
                .nginx = "server {\n    listen 443 ssl default_server;\n    ssl_reject_handshake on;\n}",
                .apache = "SSLStrictSNIVHostCheck on", .haproxy = "bind :443 ssl crt … strict-sni"},
     .fn = check_default_certificate},
    {.id = "name_refused", .title = "Name asked for",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_MEDIUM,
     .rfc = "RFC 6066 3", .how = "The hello names the host; alert 112 says that nobody knows it.",
     .fix = "Add the name to the site's configuration.",
     .remedy = {.gate443 = "site example.com { … }", .nginx = "server_name example.com;",
                .apache = "ServerName example.com", .caddy = "example.com {\n}"},
     .fn = check_name_refused},
    {.id = "clock_leak", .title = "Clock in the random",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = "RFC 5246 7.4.1.2", .how = "The first four bytes of every ServerHello's random.",
     .fix = "Update the TLS library.", .remedy = REMEDY_UPDATE, .fn = check_clock_leak},
    {.id = "one_at_a_time", .title = "Connections side by side",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = NULL, .how = "Whether a second connection is answered while a first is open.",
     .fix = "Serve with more than one worker.", .fn = check_one_at_a_time},
    {.id = "cut_short", .title = "Completeness of this audit",
     .section = SECTION_PROTOCOL, .severity = SEVERITY_INFO,
     .rfc = NULL, .how = "Whether the deadline came before the end.",
     .fix = "Audit again with more time.", .fn = check_cut_short},
};

const struct check_table checks_protocol = {rows, sizeof rows / sizeof *rows};
