/* What all output formats share: hostile text made harmless, times, and the remedy of a server. */
#ifndef AUDIT_REPORT_TEXT_H
#define AUDIT_REPORT_TEXT_H

#include "audit/report.h"

/* Cuts one code point off the front of a non-empty *rest and returns the bytes to show for it:
 * itself, or U+FFFD for a byte that is not UTF-8 and for what could steer a terminal or turn text
 * around (C0 and C1 controls, bidirectional marks, line separators, noncharacters). Kept as they
 * are: '\n' and '\t'. */
struct str report_text_next(struct str *rest);
void report_text_clean(struct buf *out, struct str s); /* all of s that way */
void report_text_html(struct buf *out, struct str s);  /* and escaped, for HTML and XML 1.0 */
size_t report_text_width(struct str s);                /* code points after cleaning */
/* At most `max` code points; a cut one ends in an ellipsis. */
void report_text_cut(struct buf *out, struct str s, size_t max);

#define REPORT_TIME 20 /* "2026-10-01T12:00:00Z" */
/* RFC 3339, with a NUL behind it; outside the years 1 to 9999 the nearest end. */
void report_text_time(int64_t seconds, char out[REPORT_TIME + 1]);
/* Whole days from `now` to `then`, rounded down, saturated at ±99999. */
int report_text_days(int64_t now, int64_t then);
/* "0.214" of nanoseconds; digits only, whatever the locale is. */
void report_text_seconds(struct buf *out, uint64_t ns);

/* "38 connections, 2 datagrams, 164 kB" */
void report_text_effort(struct buf *out, const struct report *r);

/* The servers that a remedy is written for, in the order of struct remedy. */
enum report_server {
    REPORT_GATE443,
    REPORT_NGINX,
    REPORT_APACHE,
    REPORT_HAPROXY,
    REPORT_CADDY,
    REPORT_SERVERS, /* how many; as a server: none of them */
};
const char *report_server_name(enum report_server s);  /* "nginx", for machines */
const char *report_server_title(enum report_server s); /* "nginx", "Apache" */
const char *report_server_remedy(const struct remedy *r, enum report_server s); /* NULL: none */
/* Recognised from a Server header, OpenResty and the like included. */
enum report_server report_server_of(struct str banner);

/* Verdicts and severities counted; only vulnerable findings have a severity that counts. */
struct report_counts {
    size_t severity[SEVERITY_CRITICAL + 1];
    size_t verdict[VERDICT_UNTESTABLE + 1];
};
void report_count(const struct report *r, struct report_counts *ret);
/* The finding that a grade's cause points at, vulnerable ones first; NULL: none. */
const struct finding *report_finding(const struct report *r, const char *check);
/* The connection that a finding shows as evidence; NULL: none was kept. */
const struct report_exchange *report_evidence(const struct report *r, const struct finding *f);

/* A piece that was built on the side has been used, and is freed: if memory was out for it, `out`
 * fails, too. */
void report_text_done(struct buf *piece, struct buf *out);

#endif
