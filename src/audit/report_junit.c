/* JUnit's XML, for what runs tests and shows them: a target is a suite, a check a case. Vulnerable is
 * a failure whose type is the severity, not testable is skipped. What is only worth knowing (info)
 * passes and says so in its output: a build must not break for that. The format has no standard; this
 * is the part that the common readers agree on. */
#include "audit/report_format.h"
#include "audit/report_text.h"

static void raw(struct buf *out, const char *markup)
{
    buf_add(out, str_c(markup));
}

static void attribute(struct buf *out, const char *name, struct str value)
{
    buf_addf(out, " %s=\"", name);
    report_text_html(out, value);
    buf_addc(out, '"');
}

static bool fails(const struct finding *f)
{
    return f->verdict == VERDICT_VULNERABLE && f->severity > SEVERITY_INFO;
}

static void add_line(struct buf *out, const char *name, struct str value)
{
    if (!value.n)
        return;
    raw(out, name);
    report_text_html(out, value);
    raw(out, "\n");
}

static void add_failure(struct buf *out, const struct finding *f)
{
    raw(out, "<failure");
    attribute(out, "type", str_c(severity_name(f->severity)));
    attribute(out, "message", f->detail);
    raw(out, ">");
    add_line(out, "at: ", f->where);
    add_line(out, "cve: ", str_c(f->check->cve));
    add_line(out, "reference: ", str_c(f->check->rfc));
    add_line(out, "fix: ", str_c(f->check->fix));
    raw(out, "</failure>");
}

static void add_case(struct buf *out, const struct finding *f, const struct report *r)
{
    raw(out, "    <testcase");
    struct buf name;
    buf_init(&name, 1024);
    buf_addf(&name, "gate443.%s.%s", section_name(f->check->section), f->check->id);
    attribute(out, "classname", buf_str(&name));
    report_text_done(&name, out);
    attribute(out, "name", str_c(f->check->title));
    raw(out, ">");
    if (fails(f)) {
        add_failure(out, f);
    } else if (f->verdict == VERDICT_UNTESTABLE) {
        raw(out, "<skipped");
        attribute(out, "message", f->detail);
        raw(out, "/>");
    } else if (f->detail.n) {
        raw(out, "<system-out>");
        report_text_html(out, f->detail);
        raw(out, "</system-out>");
    }
    raw(out, "</testcase>\n");
}

static void add_suite(struct buf *out, const struct report *r, size_t tests, size_t failures,
                      size_t skipped)
{
    char time[REPORT_TIME + 1];
    report_text_time(r->started, time);
    raw(out, "  <testsuite");
    attribute(out, "name", r->target);
    attribute(out, "hostname", r->host);
    attribute(out, "timestamp", str_of(time, REPORT_TIME - 1)); /* local to UTC by convention */
    buf_addf(out, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\" skipped=\"%zu\" time=\"", tests,
             failures, r->failure.n > 0, skipped);
    report_text_seconds(out, r->duration);
    raw(out, "\">\n");
}

static void begin(struct buf *out, const struct format_options *o)
{
    raw(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"gate443 audit\">\n");
}

static void report(struct buf *out, const struct report *r, const struct format_options *o,
                   bool first)
{
    size_t failures = 0, skipped = 0;
    if (r->failure.n) {
        add_suite(out, r, 1, 0, 0);
        raw(out, "    <testcase classname=\"gate443.audit\" name=\"audit\"><error type=\"audit\"");
        attribute(out, "message", r->failure);
        raw(out, "/></testcase>\n  </testsuite>\n");
        return;
    }
    for (size_t i = 0; i < r->nfindings; i++) {
        failures += fails(&r->findings[i]);
        skipped += r->findings[i].verdict == VERDICT_UNTESTABLE;
    }
    add_suite(out, r, r->nfindings, failures, skipped);
    for (size_t i = 0; i < r->nfindings; i++)
        add_case(out, &r->findings[i], r);
    raw(out, "  </testsuite>\n");
}

static void end(struct buf *out, const struct format_options *o)
{
    raw(out, "</testsuites>\n");
}

const struct report_format report_junit = {
    .name = "junit",
    .doc = "JUnit XML, a check a test case",
    .begin = begin,
    .report = report,
    .end = end,
};
