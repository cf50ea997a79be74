/* SARIF 2.1.0 (OASIS): a run a target, so that each is whole before the next begins. Rules are the
 * rows of the checks; the place of a result is host:port, a logical location, since there is no file. */
#include "audit/json_emit.h"
#include "audit/report_format.h"
#include "audit/report_text.h"

#define SARIF_SCHEMA                                                                               \
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

static const struct {
    const char *level, *score; /* score: the middle of CVSS' band of that name */
} levels[] = {
    [SEVERITY_INFO] = {"note", "0.0"},      [SEVERITY_LOW] = {"note", "2.0"},
    [SEVERITY_MEDIUM] = {"warning", "5.5"}, [SEVERITY_HIGH] = {"error", "8.0"},
    [SEVERITY_CRITICAL] = {"error", "9.5"},
};

static void add_message(struct json_emit *j, const char *key, struct str text)
{
    json_emit_open(j, key, '{');
    json_emit_str(j, "text", text);
    json_emit_close(j, '}');
}

static void add_tags(struct json_emit *j, const struct check *c)
{
    json_emit_open(j, "tags", '[');
    json_emit_z(j, NULL, "security");
    json_emit_z(j, NULL, section_name(c->section));
    struct str cves = str_c(c->cve), cve;
    while (cves.n && str_split(&cves, ' ', &cve))
        if (cve.n)
            json_emit_str(j, NULL, cve);
    json_emit_close(j, ']');
}

static void add_rule(struct json_emit *j, const struct check *c)
{
    json_emit_open(j, NULL, '{');
    json_emit_z(j, "id", c->id);
    json_emit_z(j, "name", c->title);
    add_message(j, "shortDescription", str_c(c->title));
    if (c->how)
        add_message(j, "fullDescription", str_c(c->how));
    if (c->fix)
        add_message(j, "help", str_c(c->fix));
    json_emit_open(j, "defaultConfiguration", '{');
    json_emit_z(j, "level", levels[c->severity].level);
    json_emit_close(j, '}');
    json_emit_open(j, "properties", '{');
    add_tags(j, c);
    json_emit_z(j, "security-severity", levels[c->severity].score);
    if (c->rfc)
        json_emit_z(j, "reference", c->rfc);
    json_emit_close(j, '}');
    json_emit_close(j, '}');
}

/* Findings stand in the order of the registry, so those of one check (an address each) are
 * neighbours. */
static bool is_new_rule(const struct report *r, size_t i)
{
    return i == 0 || r->findings[i].check != r->findings[i - 1].check;
}

static void add_tool(struct json_emit *j, const struct report *r, const struct format_options *o)
{
    json_emit_open(j, "tool", '{');
    json_emit_open(j, "driver", '{');
    json_emit_z(j, "name", "gate443");
    if (o->version)
        json_emit_z(j, "version", o->version);
    json_emit_open(j, "rules", '[');
    for (size_t i = 0; i < r->nfindings; i++)
        if (is_new_rule(r, i))
            add_rule(j, r->findings[i].check);
    json_emit_close(j, ']');
    json_emit_close(j, '}');
    json_emit_close(j, '}');
}

static void add_location(struct json_emit *j, const struct report *r, const struct finding *f)
{
    json_emit_open(j, "locations", '[');
    json_emit_open(j, NULL, '{');
    json_emit_open(j, "logicalLocations", '[');
    json_emit_open(j, NULL, '{');
    json_emit_str(j, "fullyQualifiedName", f->where.n ? f->where : r->target);
    json_emit_str(j, "name", r->target);
    json_emit_z(j, "kind", "resource");
    json_emit_close(j, '}');
    json_emit_close(j, ']');
    json_emit_close(j, '}');
    json_emit_close(j, ']');
}

/* A level other than "none" is for failures only (3.27.9, 3.27.10). */
static void add_kind(struct json_emit *j, const struct finding *f)
{
    static const char *const kinds[] = {
        [VERDICT_SAFE] = "pass",
        [VERDICT_VULNERABLE] = "fail",
        [VERDICT_UNTESTABLE] = "open",
    };
    json_emit_z(j, "kind", kinds[f->verdict]);
    json_emit_z(j, "level", f->verdict == VERDICT_VULNERABLE ? levels[f->severity].level : "none");
}

static void add_result(struct json_emit *j, const struct report *r, const struct finding *f,
                       size_t rule)
{
    json_emit_open(j, NULL, '{');
    json_emit_z(j, "ruleId", f->check->id);
    json_emit_size(j, "ruleIndex", rule);
    add_kind(j, f);
    add_message(j, "message", f->detail.n ? f->detail : str_c(f->check->title));
    add_location(j, r, f);
    json_emit_close(j, '}');
}

static void add_results(struct json_emit *j, const struct report *r)
{
    size_t rules = 0;
    json_emit_open(j, "results", '[');
    for (size_t i = 0; i < r->nfindings; i++) {
        rules += is_new_rule(r, i);
        add_result(j, r, &r->findings[i], rules - 1);
    }
    json_emit_close(j, ']');
}

static void add_invocation(struct json_emit *j, const struct report *r)
{
    char time[REPORT_TIME + 1];
    report_text_time(r->started, time);
    json_emit_open(j, "invocations", '[');
    json_emit_open(j, NULL, '{');
    json_emit_bool(j, "executionSuccessful", r->failure.n == 0);
    json_emit_z(j, "startTimeUtc", time);
    if (r->failure.n) {
        json_emit_open(j, "toolExecutionNotifications", '[');
        json_emit_open(j, NULL, '{');
        json_emit_z(j, "level", "error");
        add_message(j, "message", r->failure);
        json_emit_close(j, '}');
        json_emit_close(j, ']');
    }
    json_emit_close(j, '}');
    json_emit_close(j, ']');
}

static void add_identity(struct json_emit *j, const struct report *r)
{
    struct buf id;
    buf_init(&id, REPORT_MAX);
    buf_add(&id, STR("gate443-audit/"));
    buf_add(&id, r->target);
    json_emit_open(j, "automationDetails", '{');
    json_emit_str(j, "id", buf_str(&id));
    json_emit_close(j, '}');
    report_text_done(&id, j->out);
}

static void add_grades(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "properties", '{');
    json_emit_str(j, "target", r->target);
    json_emit_z(j, "grade", r->overall.letter);
    json_emit_z(j, "sslLabs", r->ssllabs.letter);
    json_emit_z(j, "observatory", r->observatory.letter);
    json_emit_close(j, '}');
}

static void begin(struct buf *out, const struct format_options *o)
{
    struct json_emit j = {.out = out, .pretty = true};
    json_emit_open(&j, NULL, '{');
    json_emit_z(&j, "$schema", SARIF_SCHEMA);
    json_emit_z(&j, "version", "2.1.0");
    json_emit_open(&j, "runs", '[');
}

static void report(struct buf *out, const struct report *r, const struct format_options *o,
                   bool first)
{
    struct json_emit j = {.out = out, .pretty = true, .depth = 2, .comma = !first};
    json_emit_open(&j, NULL, '{');
    add_tool(&j, r, o);
    add_identity(&j, r);
    add_invocation(&j, r);
    add_results(&j, r);
    add_grades(&j, r);
    json_emit_close(&j, '}');
}

static void end(struct buf *out, const struct format_options *o)
{
    buf_add(out, STR("\n  ]\n}\n"));
}

const struct report_format report_sarif = {
    .name = "sarif",
    .doc = "SARIF 2.1.0, a run a target",
    .begin = begin,
    .report = report,
    .end = end,
};
