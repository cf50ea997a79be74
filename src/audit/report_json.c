/* JSON for machines, one schema for ever: "gate443-audit/1", docs/audit.schema.json. A field may be
 * added to it; one that is there keeps its name, type and meaning. `json` is one document for all
 * targets, `jsonl` one report a line, so that a list of thousands can be read as it comes. */
#include "audit/json_emit.h"
#include "audit/report_format.h"
#include "audit/report_text.h"

#define SCHEMA "gate443-audit/1"

static void add_time(struct json_emit *j, const char *key, int64_t seconds)
{
    char time[REPORT_TIME + 1];
    report_text_time(seconds, time);
    json_emit_z(j, key, time);
}

/* An absent text is null rather than "", so that a reader need not know which of them can be empty. */
static void add_text(struct json_emit *j, const char *key, struct str s)
{
    if (s.n)
        json_emit_str(j, key, s);
    else
        json_emit_null(j, key);
}

static void add_words(struct json_emit *j, const char *key, struct str list, char separator)
{
    json_emit_open(j, key, '[');
    struct str word;
    while (list.n && str_split(&list, separator, &word)) {
        word = str_trim(word);
        if (word.n)
            json_emit_str(j, NULL, word);
    }
    json_emit_close(j, ']');
}

static void add_grade(struct json_emit *j, const char *key, const struct grade *g)
{
    json_emit_open(j, key, '{');
    json_emit_z(j, "grade", g->letter);
    if (g->score >= 0)
        json_emit_int(j, "score", g->score);
    else
        json_emit_null(j, "score");
    json_emit_open(j, "causes", '[');
    for (size_t i = 0; i < g->ncauses; i++) {
        json_emit_open(j, NULL, '{');
        json_emit_z(j, "rule", g->causes[i].rule);
        json_emit_z(j, "check", g->causes[i].check);
        json_emit_z(j, "cap", g->causes[i].grade);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
    add_text(j, "note", g->note);
    json_emit_close(j, '}');
}

static void add_grades(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "grades", '{');
    add_grade(j, "overall", &r->overall);
    add_grade(j, "ssllabs", &r->ssllabs);
    add_grade(j, "observatory", &r->observatory);
    json_emit_close(j, '}');
    json_emit_open(j, "mozilla", '[');
    for (size_t i = 0; i < r->nmozilla; i++) {
        const struct conformance *c = &r->mozilla[i];
        json_emit_open(j, NULL, '{');
        json_emit_z(j, "configuration", c->name);
        json_emit_bool(j, "conforms", c->conforms);
        json_emit_open(j, "deviations", '[');
        for (size_t k = 0; k < c->ndeviations; k++)
            json_emit_str(j, NULL, c->deviations[k]);
        json_emit_close(j, ']');
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_remedy(struct json_emit *j, const struct remedy *remedy)
{
    json_emit_open(j, "remedy", '{');
    for (int s = 0; s < REPORT_SERVERS; s++) {
        const char *line = report_server_remedy(remedy, (enum report_server)s);
        if (line)
            json_emit_z(j, report_server_name((enum report_server)s), line);
    }
    json_emit_close(j, '}');
}

static void add_finding(struct json_emit *j, const struct finding *f)
{
    const struct check *c = f->check;
    json_emit_open(j, NULL, '{');
    json_emit_z(j, "id", c->id);
    json_emit_z(j, "title", c->title);
    json_emit_z(j, "section", section_name(c->section));
    json_emit_z(j, "verdict", verdict_name(f->verdict));
    json_emit_z(j, "severity", severity_name(f->severity));
    add_text(j, "detail", f->detail);
    add_text(j, "address", f->where);
    if (f->evidence)
        json_emit_size(j, "evidence", f->evidence);
    else
        json_emit_null(j, "evidence");
    add_words(j, "cve", str_c(c->cve), ' ');
    json_emit_z(j, "reference", c->rfc);
    json_emit_z(j, "how", c->how);
    json_emit_z(j, "fix", c->fix);
    add_remedy(j, &c->remedy);
    json_emit_close(j, '}');
}

static void add_protocols(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "protocols", '[');
    for (size_t i = 0; i < r->nprotocols; i++) {
        const struct report_protocol *p = &r->protocols[i];
        json_emit_open(j, NULL, '{');
        json_emit_z(j, "name", p->name);
        if (p->tested == VERDICT_UNTESTABLE)
            json_emit_null(j, "offered");
        else
            json_emit_bool(j, "offered", p->offered);
        json_emit_bool(j, "wanted", p->wanted);
        add_text(j, "note", p->note);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_suites(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "suites", '[');
    for (size_t i = 0; i < r->nsuites; i++) {
        const struct report_suite *s = &r->suites[i];
        json_emit_open(j, NULL, '{');
        json_emit_z(j, "protocol", s->version);
        json_emit_z(j, "name", s->iana);
        json_emit_z(j, "openssl", s->openssl);
        json_emit_z(j, "key_exchange", s->kx);
        json_emit_int(j, "bits", s->bits);
        json_emit_z(j, "severity", severity_name(s->weak));
        json_emit_bool(j, "preferred", s->preferred);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_certificates(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "certificates", '[');
    for (size_t i = 0; i < r->ncertificates; i++) {
        const struct report_certificate *c = &r->certificates[i];
        json_emit_open(j, NULL, '{');
        json_emit_str(j, "subject", c->subject);
        json_emit_str(j, "issuer", c->issuer);
        add_words(j, "names", c->names, ',');
        json_emit_str(j, "key", c->key);
        json_emit_str(j, "signature", c->signature);
        json_emit_str(j, "serial", c->serial);
        json_emit_str(j, "sha256", c->sha256);
        json_emit_str(j, "spki_sha256", c->spki_sha256);
        add_time(j, "not_before", c->not_before);
        add_time(j, "not_after", c->not_after);
        add_text(j, "problem", c->problem);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_clients(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "clients", '[');
    for (size_t i = 0; i < r->nclients; i++) {
        const struct report_client *c = &r->clients[i];
        json_emit_open(j, NULL, '{');
        json_emit_z(j, "name", c->name);
        json_emit_bool(j, "connects", c->connects);
        json_emit_z(j, "protocol", c->version);
        json_emit_z(j, "suite", c->suite);
        json_emit_z(j, "group", c->group);
        add_text(j, "problem", c->problem);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_endpoints(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "endpoints", '[');
    for (size_t i = 0; i < r->nendpoints; i++) {
        const struct report_endpoint *e = &r->endpoints[i];
        json_emit_open(j, NULL, '{');
        json_emit_str(j, "address", e->address);
        add_text(j, "failure", e->failure);
        json_emit_size(j, "connections", e->connections);
        json_emit_size(j, "datagrams", e->datagrams);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_exchanges(struct json_emit *j, const struct report *r)
{
    json_emit_open(j, "evidence", '[');
    for (size_t i = 0; i < r->nexchanges; i++) {
        const struct report_exchange *x = &r->exchanges[i];
        json_emit_open(j, NULL, '{');
        json_emit_size(j, "number", x->number);
        json_emit_str(j, "purpose", x->purpose);
        json_emit_str(j, "address", x->address);
        json_emit_size(j, "sent_bytes", x->sent_n);
        json_emit_hex(j, "sent", x->sent);
        json_emit_size(j, "received_bytes", x->received_n);
        json_emit_hex(j, "received", x->received);
        json_emit_str(j, "ended", x->ended);
        json_emit_close(j, '}');
    }
    json_emit_close(j, ']');
}

static void add_run(struct json_emit *j, const struct report *r)
{
    add_time(j, "started", r->started);
    json_emit_size(j, "duration_us", r->duration / 1000);
    json_emit_size(j, "connections", r->connections);
    json_emit_size(j, "datagrams", r->datagrams);
    json_emit_size(j, "bytes_sent", r->bytes_sent);
    json_emit_size(j, "bytes_received", r->bytes_received);
}

static void add_report(struct json_emit *j, const struct report *r, const struct format_options *o)
{
    json_emit_open(j, NULL, '{');
    json_emit_z(j, "schema", SCHEMA);
    json_emit_z(j, "gate443", o->version);
    json_emit_str(j, "target", r->target);
    json_emit_str(j, "host", r->host);
    json_emit_size(j, "port", r->port);
    add_text(j, "sni", r->sni);
    add_text(j, "failure", r->failure);
    add_run(j, r);
    add_text(j, "server", r->server);
    add_grades(j, r);
    json_emit_open(j, "findings", '[');
    for (size_t i = 0; i < r->nfindings; i++)
        add_finding(j, &r->findings[i]);
    json_emit_close(j, ']');
    add_protocols(j, r);
    add_suites(j, r);
    add_words(j, "groups", r->groups, ',');
    add_words(j, "signature_algorithms", r->signature_algorithms, ',');
    add_certificates(j, r);
    add_clients(j, r);
    add_endpoints(j, r);
    add_exchanges(j, r);
    json_emit_close(j, '}');
}

static void json_begin(struct buf *out, const struct format_options *o)
{
    struct json_emit j = {.out = out, .pretty = true};
    json_emit_open(&j, NULL, '{');
    json_emit_z(&j, "schema", SCHEMA);
    json_emit_z(&j, "gate443", o->version);
    json_emit_open(&j, "reports", '[');
}

static void json_report(struct buf *out, const struct report *r, const struct format_options *o,
                        bool first)
{
    struct json_emit j = {.out = out, .pretty = true, .depth = 2, .comma = !first};
    add_report(&j, r, o);
}

static void json_end(struct buf *out, const struct format_options *o)
{
    (void)o;
    buf_add(out, STR("\n  ]\n}\n"));
}

static void nothing(struct buf *out, const struct format_options *o)
{
    (void)out;
    (void)o;
}

static void line_report(struct buf *out, const struct report *r, const struct format_options *o,
                        bool first)
{
    (void)first;
    struct json_emit j = {.out = out};
    add_report(&j, r, o);
    buf_addc(out, '\n');
}

const struct report_format report_json = {
    .name = "json",
    .doc = "one JSON document, schema gate443-audit/1",
    .begin = json_begin,
    .report = json_report,
    .end = json_end,
};

const struct report_format report_jsonl = {
    .name = "jsonl",
    .doc = "one JSON object a line and target, schema gate443-audit/1",
    .begin = nothing,
    .report = line_report,
    .end = nothing,
};
