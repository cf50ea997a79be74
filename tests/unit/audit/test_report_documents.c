/* JSON, HTML, JUnit, SARIF and Prometheus: whole whatever the reports hold, one target or many. */
#include "audit/report_text.h"
#include "report_world.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

static struct report reports[4];
static const struct report *all[4] = {&reports[0], &reports[1], &reports[2], &reports[3]};
static const struct format_options options = {.version = "1.2.3"};
enum { GOOD, TERRIBLE, FAILED, HOSTILE };

static int build(void **state)
{
    for (size_t i = 0; i < 4; i++)
        worlds[i].build(&reports[i]);
    return 0;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < 4; i++)
        world_done(&reports[i]);
    return 0;
}

static json_t *parse(struct str text)
{
    json_error_t error;
    json_t *root = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
    if (!root)
        fail_msg("%s at %d", error.text, error.position);
    return root;
}

static const char *string_at(const json_t *o, const char *key)
{
    return json_string_value(json_object_get(o, key));
}

static void json_is_whole(void **state)
{
    struct buf out = world_print(&report_json, &options, all, 4);
    json_t *root = parse(buf_str(&out));
    assert_string_equal(string_at(root, "schema"), "gate443-audit/1");
    json_t *list = json_object_get(root, "reports");
    assert_int_equal(json_array_size(list), 4);
    json_t *bad = json_array_get(list, TERRIBLE);
    assert_string_equal(
        string_at(json_object_get(json_object_get(bad, "grades"), "overall"), "grade"), "F");
    json_t *f = json_array_get(json_object_get(bad, "findings"), 13);
    assert_string_equal(string_at(f, "id"), "heartbleed");
    assert_string_equal(string_at(f, "verdict"), "vulnerable");
    assert_int_equal(json_integer_value(json_object_get(f, "evidence")), 12);
    assert_true(json_is_null(json_object_get(bad, "failure")));
    assert_non_null(string_at(json_array_get(list, FAILED), "failure"));
    json_decref(root);
    buf_done(&out);
    out = world_print(&report_json, &options, NULL, 0);
    json_decref(parse(buf_str(&out)));
    buf_done(&out);
}

static void jsonl_has_a_line_each(void **state)
{
    struct buf out = world_print(&report_jsonl, &options, all, 4);
    struct str rest = buf_str(&out), line;
    size_t n = 0;
    for (; rest.n && str_split(&rest, '\n', &line) && line.n; n++)
        json_decref(parse(line));
    assert_int_equal(n, 4);
    buf_done(&out);
}

static void sarif_results_have_rules(void **state)
{
    struct buf out = world_print(&report_sarif, &options, all, 4);
    json_t *root = parse(buf_str(&out)), *run;
    assert_string_equal(string_at(root, "version"), "2.1.0");
    json_t *runs = json_object_get(root, "runs");
    assert_int_equal(json_array_size(runs), 4);
    size_t i, k;
    json_array_foreach(runs, i, run)
    {
        json_t *driver = json_object_get(json_object_get(run, "tool"), "driver"), *result;
        json_t *rules = json_object_get(driver, "rules");
        assert_string_equal(string_at(driver, "name"), "gate443");
        assert_int_equal(json_array_size(json_object_get(run, "results")), reports[i].nfindings);
        json_array_foreach(json_object_get(run, "results"), k, result)
        {
            size_t rule = (size_t)json_integer_value(json_object_get(result, "ruleIndex"));
            assert_string_equal(string_at(json_array_get(rules, rule), "id"),
                                string_at(result, "ruleId"));
            assert_non_null(string_at(json_object_get(result, "message"), "text"));
        }
        json_t *invocation = json_array_get(json_object_get(run, "invocations"), 0);
        assert_int_equal(json_is_true(json_object_get(invocation, "executionSuccessful")),
                         i != FAILED);
    }
    json_decref(root);
    buf_done(&out);
}

/* Findings of one check at two addresses share a rule and have two samples; the same twice has one. */
static void one_check_at_two_addresses(void **state)
{
    struct finding two[3] = {reports[TERRIBLE].findings[13], reports[TERRIBLE].findings[13]};
    two[1].where = STR("[2001:db8::17]:443");
    two[2] = two[0];
    struct report r = reports[TERRIBLE];
    const struct report *one[] = {&r};
    r.findings = two;
    r.nfindings = 3;
    struct buf out = world_print(&report_sarif, &options, one, 1);
    json_t *root = parse(buf_str(&out));
    json_t *run = json_array_get(json_object_get(root, "runs"), 0);
    json_t *driver = json_object_get(json_object_get(run, "tool"), "driver");
    assert_int_equal(json_array_size(json_object_get(driver, "rules")), 1);
    assert_int_equal(json_array_size(json_object_get(run, "results")), 3);
    json_decref(root);
    buf_done(&out);
    out = world_print(&report_prometheus, &options, one, 1);
    size_t n = 0;
    for (const char *p = buf_cstr(&out); (p = strstr(p, "\ngate443_audit_finding{")); p++)
        n++;
    assert_int_equal(n, 2);
    buf_done(&out);
}

static bool is_void(struct str name)
{
    return str_eq(name, STR("meta")) || str_eq(name, STR("br")) || str_eq(name, STR("!doctype"));
}

/* Tags nest, attributes are closed, and nothing but what we write opens one. Enough of a parser for
 * our own markup: '<' and '>' stand in tags only. The contents of <style> are left out. */
static void check_tags(struct str text, bool html)
{
    static struct str open[64];
    size_t depth = 0;
    for (size_t i = str_find(text, '<', 0); i < text.n; i = str_find(text, '<', i)) {
        size_t end = str_find(text, '>', i);
        assert_true(end < text.n);
        struct str tag = str_sub(text, i + 1, end - i - 1);
        i = end;
        assert_true(str_find(tag, '<', 0) == tag.n);
        bool closes = str_starts(tag, STR("/"));
        struct str name = str_from(tag, closes);
        name.n = str_find(name, ' ', 0);
        size_t quotes = 0;
        for (size_t k = 0; k < tag.n; k++)
            quotes += tag.p[k] == '"';
        assert_int_equal(quotes % 2, 0);
        assert_false(str_ieq(name, STR("script")));
        if (tag.p[0] == '?' || str_ends(tag, STR("/")) || (html && is_void(name)))
            continue;
        if (!closes) {
            assert_true(depth < 64);
            open[depth++] = name;
            continue;
        }
        if (!depth || !str_eq(open[depth - 1], name))
            fail_msg("</%.*s> closes %.*s", STR_ARG(name),
                     STR_ARG(depth ? open[depth - 1] : STR("nothing")));
        depth--;
    }
    assert_int_equal(depth, 0);
}

static void check_characters(struct str text)
{
    while (text.n) {
        size_t len = str_utf8(text);
        assert_true(len > 0);
        assert_true((unsigned char)text.p[0] >= 0x20 || text.p[0] == '\n' || text.p[0] == '\t');
        text = str_from(text, len);
    }
}

static bool contains(struct str text, const char *part)
{
    return memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static void html_is_balanced(void **state)
{
    struct buf out = world_print(&report_html, &options, all, 4);
    struct str text = buf_str(&out);
    check_tags(text, true);
    check_characters(text);
    static const char *const never[] = {"<script", "http://", "https://",
                                        "src=",    "url(",    "@import"};
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (contains(text, never[i]) && i != 2)
            fail_msg("there is %s", never[i]);
    assert_true(contains(text, "&lt;script&gt;"));
    assert_true(contains(text, "16384 bytes of memory came back"));
    assert_true(contains(text, "SSLProtocol -all +TLSv1.2 +TLSv1.3"));
    assert_true(contains(text, "href=\"#t-shop.example.org_3a443\""));
    assert_true(contains(text, "id=\"t-shop.example.org_3a443\""));
    assert_true(contains(text, "prefers-color-scheme:dark"));
    assert_true(contains(text, "@media print"));
    buf_done(&out);
}

static size_t count(struct str text, const char *part)
{
    size_t n = 0;
    for (const char *p = text.p; (p = memmem(p, text.n - (size_t)(p - text.p), part, strlen(part)));
         p++)
        n++;
    return n;
}

static void junit_counts(void **state)
{
    struct buf out = world_print(&report_junit, &options, all, 4);
    struct str text = buf_str(&out);
    check_tags(text, false);
    check_characters(text);
    buf_done(&out);
    out = world_print(&report_junit, &options, all + TERRIBLE, 1);
    text = buf_str(&out);
    struct report_counts n;
    report_count(&reports[TERRIBLE], &n);
    assert_int_equal(count(text, "<testcase "), reports[TERRIBLE].nfindings);
    assert_int_equal(count(text, "<failure "),
                     n.verdict[VERDICT_VULNERABLE] - n.severity[SEVERITY_INFO]);
    assert_int_equal(count(text, "<skipped "), n.verdict[VERDICT_UNTESTABLE]);
    assert_int_equal(count(text, "<failure type=\"critical\""), n.severity[SEVERITY_CRITICAL]);
    buf_done(&out);
    out = world_print(&report_junit, &options, all + FAILED, 1);
    assert_int_equal(count(buf_str(&out), "<error "), 1);
    buf_done(&out);
}

/* name{label="value",…} number, and nothing else in a line. */
static void check_sample(struct str line)
{
    size_t i = 0;
    assert_true(str_starts(line, STR("gate443_audit_")));
    i = str_find(line, '{', 0);
    assert_true(i < line.n);
    bool quoted = false;
    for (i++; i < line.n && (quoted || line.p[i] != '}'); i++) {
        if (quoted && line.p[i] == '\\') {
            i++;
            assert_true(i < line.n && strchr("n\"\\", line.p[i]));
        } else if (line.p[i] == '"') {
            quoted = !quoted;
        }
    }
    assert_true(i + 2 < line.n && line.p[i + 1] == ' ');
    for (i += 2; i < line.n; i++)
        assert_true((line.p[i] >= '0' && line.p[i] <= '9') || line.p[i] == '.' || line.p[i] == '-');
}

static void prometheus_lines(void **state)
{
    struct buf out = world_print(&report_prometheus, &options, all, 4);
    check_characters(buf_str(&out));
    struct str rest = buf_str(&out), line;
    while (rest.n && str_split(&rest, '\n', &line))
        if (line.n && !str_starts(line, STR("# HELP gate443_audit_")) &&
            !str_starts(line, STR("# TYPE gate443_audit_")))
            check_sample(line);
    struct str text = buf_str(&out);
    assert_int_equal(count(text, "# TYPE gate443_audit_success gauge"), 1);
    assert_int_equal(count(text, "\ngate443_audit_success{") + 0, 4 - 0);
    assert_true(contains(text, "gate443_audit_grade_score{target=\"www.example.com:443\","
                               "scale=\"gate443\"} 97\n"));
    assert_true(contains(text, "gate443_audit_success{target=\"gone.example.net:8443\"} 0\n"));
    assert_true(contains(text, "gate443_audit_duration_seconds{target=\"www.example.com:443\"} "
                               "0.214\n"));
    assert_true(contains(text, "gate443_audit_finding{target=\"shop.example.org:443\","
                               "id=\"heartbleed\",severity=\"critical\",verdict=\"vulnerable\","
                               "address=\"192.0.2.17:443\"} 1\n"));
    buf_done(&out);
}

/* What is written for a report does not depend on those before it: nothing is kept. */
static void nothing_is_kept(void **state)
{
    for (size_t i = 0; report_formats[i]; i++) {
        struct buf a, b;
        buf_init(&a, REPORT_OUT_MAX);
        buf_init(&b, REPORT_OUT_MAX);
        report_formats[i]->report(&a, all[GOOD], &options, false);
        report_formats[i]->report(&b, all[TERRIBLE], &options, true);
        buf_clear(&b);
        report_formats[i]->report(&b, all[GOOD], &options, false);
        assert_true(str_eq(buf_str(&a), buf_str(&b)));
        buf_done(&a);
        buf_done(&b);
    }
}

static void a_full_buffer_tells(void **state)
{
    for (size_t i = 0; report_formats[i]; i++) {
        struct buf out;
        buf_init(&out, 100);
        report_formats[i]->report(&out, all[HOSTILE], &options, true);
        assert_false(buf_ok(&out));
        buf_done(&out);
    }
}

static void formats_are_found(void **state)
{
    assert_ptr_equal(report_format_find(STR("json")), &report_json);
    assert_ptr_equal(report_format_find(STR("text")), &report_terminal);
    assert_null(report_format_find(STR("")));
    assert_null(report_format_find(STR("JSON")));
    for (size_t i = 0; report_formats[i]; i++)
        assert_ptr_equal(report_format_find(str_c(report_formats[i]->name)), report_formats[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_is_whole),
        cmocka_unit_test(jsonl_has_a_line_each),
        cmocka_unit_test(sarif_results_have_rules),
        cmocka_unit_test(one_check_at_two_addresses),
        cmocka_unit_test(html_is_balanced),
        cmocka_unit_test(junit_counts),
        cmocka_unit_test(prometheus_lines),
        cmocka_unit_test(nothing_is_kept),
        cmocka_unit_test(a_full_buffer_tells),
        cmocka_unit_test(formats_are_found),
    };
    return cmocka_run_group_tests(tests, build, tear_down);
}
