/* An audit check is a row: what it is called, how bad it is, where it is written down, how it is
 * tested, what to do about it, and a pure function from what was observed to a finding. The rows
 * stand in checks_*.c, a file a section; registry: checks.h. Reports, the manual and the grades are
 * made from the rows. */
#ifndef AUDIT_FINDING_H
#define AUDIT_FINDING_H

#include "base/arena.h"
#include "base/str.h"

enum severity {
    SEVERITY_INFO, /* worth knowing; never lowers a grade by itself */
    SEVERITY_LOW,
    SEVERITY_MEDIUM,
    SEVERITY_HIGH,
    SEVERITY_CRITICAL,
};
const char *severity_name(enum severity s); /* "info" … "critical" */
bool severity_parse(struct str text, enum severity *ret);

enum verdict {
    VERDICT_SAFE,
    VERDICT_VULNERABLE, /* or, for what is no vulnerability: not as it should be */
    VERDICT_UNTESTABLE, /* and the finding says why */
};
const char *verdict_name(enum verdict v); /* "safe", "vulnerable", "not-testable" */

enum section {
    SECTION_PROTOCOL,
    SECTION_CIPHER,
    SECTION_VULNERABILITY,
    SECTION_CERTIFICATE,
    SECTION_TRUST, /* man in the middle, authorities */
    SECTION_HTTP,
    SECTION_DNS,
    SECTION_QUIC,
    SECTION_COUNT,
};
const char *section_name(enum section s);  /* "protocol" … for machines */
const char *section_title(enum section s); /* "Protocols" … for people */

/* The same remedy as a configuration line of each server; NULL: it has none. Several lines: '\n'. */
struct remedy {
    const char *gate443, *nginx, *apache, *haproxy, *caddy;
};

struct audit_view;
struct finding;

struct check {
    const char *id;    /* "heartbleed": stable, for machines */
    const char *title; /* "Heartbleed" */
    enum section section;
    enum severity severity; /* when vulnerable, unless the finding says otherwise */
    const char *cve;   /* "CVE-2014-0160", several separated by spaces; NULL: none */
    const char *rfc;   /* "RFC 6520 4" or another source; NULL: none */
    const char *how;   /* how it is tested, a sentence */
    const char *fix;   /* what to do, a sentence or two; NULL for mere information */
    struct remedy remedy;
    /* Fills the finding (prepared as SAFE, with the row's severity, no detail). */
    void (*fn)(const struct audit_view *view, struct finding *ret);
};

/* Lives in the arena of its report. */
struct finding {
    const struct check *check;
    enum verdict verdict;
    enum severity severity;
    struct str detail;     /* what was seen, or why it could not be tested; a sentence */
    struct str where;      /* address, when the addresses of a target differ; else empty */
    uint32_t evidence;     /* number of the connection that shows it, from 1; 0: derived */
    struct arena *arena;   /* for the text */
};

/* The three ways a check ends; the text is formatted into the finding's arena. */
void finding_safe(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_bad(struct finding *f, const char *format, ...) __attribute__((format(printf, 2, 3)));
void finding_untestable(struct finding *f, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
