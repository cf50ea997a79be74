/* Prometheus' text format, for a textfile collector or a push gateway. The samples of one name belong
 * together behind their HELP and TYPE, and for one target they are. Of several targets only the first
 * brings the headers, since a second would be an error and nothing is kept until the end: readers take
 * samples of a name that come later, too. */
#include "audit/report_format.h"
#include "audit/report_text.h"

#include <stdio.h>

static void label(struct buf *out, const char *name, struct str value)
{
    buf_addf(out, "%s=\"", name);
    while (value.n) {
        struct str c = report_text_next(&value);
        if (c.p[0] == '\n')
            buf_add(out, STR("\\n"));
        else if (c.p[0] == '"' || c.p[0] == '\\')
            buf_addf(out, "\\%c", c.p[0]);
        else
            buf_add(out, c);
    }
    buf_addc(out, '"');
}

/* Where a sample goes and whether its name is new. */
struct page {
    struct buf *out;
    const struct report *r;
    bool first;
};

static void head(const struct page *p, const char *name, const char *help)
{
    if (p->first)
        buf_addf(p->out, "# HELP gate443_audit_%s %s\n# TYPE gate443_audit_%s gauge\n", name, help,
                 name);
}

/* `name{target="…"`, to be followed by labels and close. */
static void open_sample(const struct page *p, const char *name)
{
    buf_addf(p->out, "gate443_audit_%s{", name);
    label(p->out, "target", p->r->target);
}

static void more(const struct page *p, const char *name, struct str value)
{
    buf_addc(p->out, ',');
    label(p->out, name, value);
}

static void close_sample(const struct page *p, int64_t value)
{
    buf_addf(p->out, "} %lld\n", (long long)value);
}

static void gauge(const struct page *p, const char *name, const char *help, int64_t value)
{
    head(p, name, help);
    open_sample(p, name);
    close_sample(p, value);
}

static int64_t whole(uint64_t n)
{
    return n < INT64_MAX ? (int64_t)n : INT64_MAX;
}

static void add_grades(const struct page *p)
{
    const struct {
        const char *name;
        const struct grade *grade;
    } scales[] = {{"gate443", &p->r->overall},
                  {"ssllabs", &p->r->ssllabs},
                  {"observatory", &p->r->observatory}};
    head(p, "grade", "the letter of a scale, as a label; always 1");
    for (size_t i = 0; i < 3; i++) {
        if (!scales[i].grade->letter)
            continue;
        open_sample(p, "grade");
        more(p, "scale", str_c(scales[i].name));
        more(p, "grade", str_c(scales[i].grade->letter));
        close_sample(p, 1);
    }
    head(p, "grade_score", "the score of a scale, 0 to 100; the Observatory's may be more");
    for (size_t i = 0; i < 3; i++) {
        if (!scales[i].grade->letter || scales[i].grade->score < 0)
            continue;
        open_sample(p, "grade_score");
        more(p, "scale", str_c(scales[i].name));
        close_sample(p, scales[i].grade->score);
    }
}

/* Two findings of one check differ in their address; should they not, a second sample of the same
 * labels would make the whole page invalid. Those of one check are neighbours. */
static bool is_told(const struct report *r, size_t i)
{
    for (size_t k = i; k-- > 0 && r->findings[k].check == r->findings[i].check;)
        if (str_eq(r->findings[k].where, r->findings[i].where))
            return true;
    return false;
}

static void add_findings(const struct page *p)
{
    head(p, "finding", "a check and how it ended, as labels; always 1");
    for (size_t i = 0; i < p->r->nfindings; i++) {
        const struct finding *f = &p->r->findings[i];
        if (is_told(p->r, i))
            continue;
        open_sample(p, "finding");
        more(p, "id", str_c(f->check->id));
        more(p, "severity", str_c(severity_name(f->severity)));
        more(p, "verdict", str_c(verdict_name(f->verdict)));
        if (f->where.n)
            more(p, "address", f->where);
        close_sample(p, 1);
    }
}

static void add_counts(const struct page *p)
{
    struct report_counts n;
    report_count(p->r, &n);
    head(p, "vulnerable", "vulnerable findings of a severity");
    for (int s = SEVERITY_INFO; s <= SEVERITY_CRITICAL; s++) {
        open_sample(p, "vulnerable");
        more(p, "severity", str_c(severity_name((enum severity)s)));
        close_sample(p, (int64_t)n.severity[s]);
    }
    gauge(p, "not_testable", "checks that could not be tested",
          (int64_t)n.verdict[VERDICT_UNTESTABLE]);
}

static void add_certificates(const struct page *p)
{
    head(p, "certificate_not_after_seconds", "end of a certificate's validity, since 1970");
    for (size_t i = 0; i < p->r->ncertificates; i++) {
        const struct report_certificate *c = &p->r->certificates[i];
        char place[24];
        snprintf(place, sizeof place, "%zu", i);
        open_sample(p, "certificate_not_after_seconds");
        more(p, "place", str_c(place));
        more(p, "subject", c->subject);
        close_sample(p, c->not_after);
    }
}

static void begin(struct buf *out, const struct format_options *o) {}

static void report(struct buf *out, const struct report *r, const struct format_options *o,
                   bool first)
{
    const struct page page = {out, r, first}, *p = &page;
    gauge(p, "success", "1: audited; 0: there is no audit", r->failure.n == 0);
    gauge(p, "timestamp_seconds", "when the audit began, since 1970", r->started);
    head(p, "duration_seconds", "how long it took");
    open_sample(p, "duration_seconds");
    buf_add(out, STR("} "));
    report_text_seconds(out, r->duration);
    buf_addc(out, '\n');
    gauge(p, "connections", "TCP connections used", r->connections);
    gauge(p, "datagrams", "UDP datagrams sent", r->datagrams);
    gauge(p, "sent_bytes", "bytes sent", whole(r->bytes_sent));
    gauge(p, "received_bytes", "bytes received", whole(r->bytes_received));
    add_grades(p);
    add_counts(p);
    add_certificates(p);
    add_findings(p);
}

const struct report_format report_prometheus = {
    .name = "prometheus",
    .doc = "Prometheus' text format, for a textfile collector",
    .begin = begin,
    .report = report,
    .end = begin,
};
