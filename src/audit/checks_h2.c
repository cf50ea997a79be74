/* Checks of HTTP/2: that it works where it is offered, and how it takes floods. A flood of ours is
 * small, so a server that takes all of it is not thereby shown to be vulnerable; the text says what
 * was seen and no more. */
#include "audit/checks.h"

static const struct h2_facts *facts(const struct audit_view *view)
{
    static const struct h2_facts nothing = {.why = "no TLS came about"};
    return view->tls ? &view->tls->h2 : &nothing;
}

static bool answered(const struct audit_view *view, struct finding *f)
{
    const struct h2_facts *h = facts(view);
    f->evidence = h->evidence;
    if (h->works == KNOWN_YES)
        return true;
    if (h->absent)
        finding_safe(f, "Does not apply: HTTP/2 is not offered.");
    else if (h->works == KNOWN_NOT)
        finding_untestable(f, "HTTP/2 was not tested: %s.",
                           h->why ? h->why : "the audit ended before");
    return false;
}

static void check_works(const struct audit_view *view, struct finding *f)
{
    const struct h2_facts *h = facts(view);
    if (answered(view, f))
        finding_safe(f, "A request over HTTP/2 was answered with status %u.", h->status);
    else if (h->works == KNOWN_NO && h->violation)
        finding_bad(f, "ALPN offers h2, but what comes is not HTTP/2.");
    else if (h->works == KNOWN_NO)
        finding_bad(f, "ALPN offers h2, but no request is answered (error code %u).",
                    (unsigned)h->code);
}

/* RFC 9113 6.5.2 recommends no less than 100; without a number there is no limit. */
static void check_streams(const struct audit_view *view, struct finding *f)
{
    enum { FEW = 100, MANY = 1000 };
    const struct h2_facts *h = facts(view);
    if (!answered(view, f)) {
        if (h->works == KNOWN_NO)
            finding_untestable(f, "HTTP/2 does not work.");
    } else if (!h->settings) {
        finding_untestable(f, "No SETTINGS came.");
    } else if (h->max_streams == UINT32_MAX) {
        finding_bad(f, "No limit is told (SETTINGS_MAX_CONCURRENT_STREAMS): a client may open any "
                       "number of streams at once.");
    } else if (h->max_streams > MANY) {
        finding_bad(f, "%u streams may be open at once.", (unsigned)h->max_streams);
    } else if (h->max_streams < FEW) {
        finding_safe(f, "%u streams may be open at once (RFC 9113 advises 100 or more).",
                     (unsigned)h->max_streams);
    } else {
        finding_safe(f, "%u streams may be open at once.", (unsigned)h->max_streams);
    }
}

static const char *code_text(uint32_t code)
{
    static const char *const names[] = {"NO_ERROR",
                                        "PROTOCOL_ERROR",
                                        "INTERNAL_ERROR",
                                        "FLOW_CONTROL_ERROR",
                                        "SETTINGS_TIMEOUT",
                                        "STREAM_CLOSED",
                                        "FRAME_SIZE_ERROR",
                                        "REFUSED_STREAM",
                                        "CANCEL",
                                        "COMPRESSION_ERROR",
                                        "CONNECT_ERROR",
                                        "ENHANCE_YOUR_CALM",
                                        "INADEQUATE_SECURITY",
                                        "HTTP_1_1_REQUIRED"};
    return code < sizeof names / sizeof *names ? names[code] : "an unknown code";
}

/* NULL: the finding is done. */
static const struct h2_flood_facts *tolerated(const struct audit_view *view, struct finding *f,
                                              enum h2_probe_kind kind)
{
    const struct h2_flood_facts *t = &facts(view)->floods[kind];
    f->evidence = t->evidence;
    if (t->limited == KNOWN_NO)
        return t;
    if (facts(view)->absent)
        finding_safe(f, "Does not apply: HTTP/2 is not offered.");
    else if (t->limited == KNOWN_NOT)
        finding_untestable(f, "Not tested: %s.", t->why ? t->why : "the audit ended before");
    else if (t->goaway)
        finding_safe(f, "The server ended the connection before it had dealt with %u (GOAWAY, %s).",
                     t->rounds, code_text(t->code));
    else
        finding_safe(f, "The server ended the connection or stream before it had dealt with %u.",
                     t->rounds);
    return NULL;
}

static void check_rapid_reset(const struct audit_view *view, struct finding *f)
{
    const struct h2_flood_facts *t = tolerated(view, f, H2_PROBE_RESETS);
    if (t)
        finding_bad(f,
                    "No limit was seen within %u requests that were reset at once; a limit may be "
                    "above that.",
                    t->rounds);
}

static void check_made_reset(const struct audit_view *view, struct finding *f)
{
    const struct h2_flood_facts *t = tolerated(view, f, H2_PROBE_MADE_RESETS);
    if (t && t->resets < t->rounds / 2)
        finding_safe(f,
                     "Window updates that are errors did not make the server reset its streams "
                     "(%u of %u).",
                     t->resets, t->rounds);
    else if (t)
        finding_bad(
            f,
            "No limit was seen within %u streams that the server was made to reset; a limit "
            "may be above that.",
            t->resets);
}

static void check_continuation(const struct audit_view *view, struct finding *f)
{
    const struct h2_flood_facts *t = tolerated(view, f, H2_PROBE_CONTINUATION);
    if (t)
        finding_bad(
            f,
            "A head of %u KiB in CONTINUATION frames was read without an objection, and more "
            "was waited for.",
            t->rounds);
}

#define REMEDY_UPDATE_H2                                                                           \
    {                                                                                              \
        .gate443 = "# nothing to set: floods of frames end a connection",                          \
        .nginx = "http2_max_concurrent_streams 128; keepalive_requests 1000;",                     \
        .apache = "H2MaxSessionStreams 100",                                                       \
        .haproxy = "tune.h2.fe.glitches-threshold 1024\ntune.h2.fe.max-total-streams 2000"         \
    }

static const struct check rows[] = {
    {
        .id = "h2_works",
        .title = "HTTP/2",
        .section = SECTION_HTTP,
        .severity = SEVERITY_MEDIUM,
        .rfc = "RFC 9113",
        .how =
            "A request on a connection where ALPN chose h2; tried twice before it is said to fail.",
        .fix =
            "Repair HTTP/2, or take h2 out of the protocols that are offered: browsers prefer it.",
        .remedy = {.nginx = "http2 on;",
                   .apache = "Protocols h2 http/1.1",
                   .haproxy = "bind :443 ssl crt … alpn h2,http/1.1"},
        .fn = check_works,
    },
    {
        .id = "h2_max_streams",
        .title = "Streams at once in HTTP/2",
        .section = SECTION_HTTP,
        .severity = SEVERITY_INFO,
        .rfc = "RFC 9113 6.5.2, 10.5",
        .how = "SETTINGS_MAX_CONCURRENT_STREAMS of the server.",
        .fix = "Set a limit, 100 to 250: each stream costs the server memory.",
        .remedy = {.nginx = "http2_max_concurrent_streams 128;",
                   .apache = "H2MaxSessionStreams 100",
                   .haproxy = "tune.h2.fe.max-concurrent-streams 100"},
        .fn = check_streams,
    },
};

const struct check_table checks_h2 = {rows, sizeof rows / sizeof *rows};

static const struct check flood_rows[] = {
    {
        .id = "h2_rapid_reset",
        .title = "HTTP/2 rapid reset",
        .section = SECTION_VULNERABILITY,
        .severity = SEVERITY_LOW,
        .cve = "CVE-2023-44487",
        .rfc = "RFC 9113 10.5",
        .how =
            "100 requests that are reset at once, and a PING: the connection should "
            "be ended before the PING is answered. With --thorough 1000, twice where all of them pass.",
        .fix =
            "Make sure that the server is of late 2023 or newer and limits resets; some allow more "
            "than were tried here.",
        .remedy = REMEDY_UPDATE_H2,
        .fn = check_rapid_reset,
    },
    {
        .id = "h2_made_you_reset",
        .title = "MadeYouReset",
        .section = SECTION_VULNERABILITY,
        .severity = SEVERITY_LOW,
        .cve = "CVE-2025-8671",
        .rfc = "RFC 9113 5.4.2, 6.9",
        .how = "With --thorough, 1000 requests whose streams the server has to reset by an error "
               "of ours, and a PING: the connection should be ended before the PING is "
               "answered.",
        .fix =
            "Make sure that the server is of late 2025 or newer and counts resets of its own, too.",
        .remedy = REMEDY_UPDATE_H2,
        .fn = check_made_reset,
    },
    {
        .id = "h2_continuation",
        .title = "CONTINUATION flood",
        .section = SECTION_VULNERABILITY,
        .severity = SEVERITY_MEDIUM,
        .cve = "CVE-2024-27316 CVE-2023-45288 CVE-2024-28182",
        .rfc = "RFC 9113 6.10, 10.5.1",
        .how = "With --thorough, a head of 100 KiB in CONTINUATION frames that never ends: "
               "the server should end the stream or the connection.",
        .fix = "Update the server, and limit the size of a head.",
        .remedy = REMEDY_UPDATE_H2,
        .fn = check_continuation,
    },
};

const struct check_table checks_h2_flood = {flood_rows, sizeof flood_rows / sizeof *flood_rows};
