/* The JSON Schema (2020-12) of what `config --json` prints: a program that reads a configuration learns
 * here what there is, and a person each directive's meaning, default and bounds. Members that a row
 * describes come from the row; those that config_json.c writes by hand are described by hand, below, in
 * the same order. tests/e2e/test_commands.py holds each of the two against the other: all members are
 * required, and no others permitted.
 *
 * Rejected: a schema of the language as it is written. Nobody writes it in JSON, so nothing could ever be
 * checked with it. */
#include "config/options.h"

struct schema {
    struct buf *out;
    const struct load_env *env;
    unsigned depth;
};

/* A member that no row describes. Its schema is written with ' for ". */
struct made {
    const char *name;
    const char *directive; /* whose documentation it gets, or NULL */
    const char *schema;    /* NULL: see `special` */
};

#define OBJECT(required, properties)                                                               \
    "'type': 'object', 'additionalProperties': false, 'required': [" required "], "                \
    "'properties': {" properties "}"
#define LIST(items) "'type': 'array', 'items': {" items "}"
#define TEXT        "'type': 'string'"
#define FLAG        "'type': 'boolean'"
#define NATURAL     "'type': 'integer', 'minimum': 0"
#define SOURCE      "'description': 'Where it was written: FILE:LINE:COLUMN.', " TEXT
#define HEADERS                                                                                    \
    LIST(OBJECT("'action', 'name', 'value'",                                                       \
                "'action': {'enum': ['set', 'add', 'remove', 'default']}, 'name': {" TEXT "}, "    \
                "'value': {" TEXT "}"))

static const struct made made_global[] = {
    {"listeners", "listen",
     LIST(OBJECT("'address', 'scheme', 'at'",
                 "'address': {" TEXT "}, 'scheme': {'enum': ['https', 'http']}, 'at': {" SOURCE "}"))},
    {"state", "state", TEXT},
    {"access_log", "access_log", TEXT},
    {"access_log_format", "access_log", "'enum': ['json', 'combined']"},
    {"sites", "site", NULL},
    {NULL, NULL, NULL},
};

static const struct made made_site[] = {
    {"names", NULL, LIST(TEXT)},
    {"at", NULL, SOURCE},
    {"trust", NULL,
     "'description': 'Sites of the same number may share a connection.', " NATURAL},
    {"certificates", "certificate",
     LIST(OBJECT("'local', 'chain', 'key', 'at'",
                 "'local': {" FLAG "}, 'chain': {" TEXT "}, 'key': {" TEXT "}, 'at': {" SOURCE "}"))},
    {"hsts", "hsts",
     OBJECT("'mode', 'max_age', 'subdomains', 'preload'",
            "'mode': {'enum': ['auto', 'off', 'fixed']}, 'max_age': {" NATURAL ", 'x-unit': 's'}, "
            "'subdomains': {" FLAG "}, 'preload': {" FLAG "}")},
    {"compress_on", "compress", FLAG},
    {"ciphers", NULL, TEXT},
    {"groups", NULL, TEXT},
    {"headers", "header", HEADERS},
    {"error_pages", "error_page",
     "'type': 'object', 'propertyNames': {'pattern': '^[1-5][0-9][0-9]$'}, "
     "'additionalProperties': {" TEXT "}"},
    {"allow", "allow",
     LIST(OBJECT("'name', 'because', 'until', 'at'",
                 "'name': {" TEXT "}, 'because': {" TEXT "}, 'until': {" TEXT ", 'format': 'date'}, "
                 "'at': {" SOURCE "}"))},
    {"routes", "route", NULL},
    {NULL, NULL, NULL},
};

static const struct made made_route[] = {
    {"path", NULL, TEXT},
    {"handler", NULL, NULL},
    {"body_size", NULL, NATURAL ", 'x-unit': 'bytes'"},
    {"headers", "header", HEADERS},
    {"at", NULL, SOURCE},
    {NULL, NULL, NULL},
};

static void line(struct schema *s)
{
    buf_addc(s->out, '\n');
    for (unsigned i = 0; i < s->depth; i++)
        buf_add(s->out, STR("  "));
}

static void text(struct schema *s, struct str v)
{
    buf_addc(s->out, '"');
    buf_add_json(s->out, v);
    buf_addc(s->out, '"');
}

static void member(struct schema *s, const char *name, struct str v)
{
    buf_addf(s->out, "\"%s\": ", name);
    text(s, v);
}

static void raw(struct schema *s, const char *quoted)
{
    for (; *quoted; quoted++)
        buf_addc(s->out, *quoted == '\'' ? '"' : *quoted);
}

/* ---- values of rows: setting_json() writes them ---- */

static void choices(struct schema *s, const struct option *o)
{
    buf_add(s->out, STR("\"enum\": ["));
    for (size_t i = 0; o->choices[i]; i++) {
        buf_add(s->out, i ? STR(", ") : STR_NONE);
        text(s, str_c(o->choices[i]));
    }
    buf_addc(s->out, ']');
}

/* unit: how much of the value is 1. */
static void number(struct schema *s, const struct option *o, const char *type, double unit,
                   const char *name)
{
    member(s, "type", str_c(type));
    buf_addf(s->out, ", \"minimum\": %.17g", (double)o->min / unit);
    if (o->max)
        buf_addf(s->out, ", \"maximum\": %.17g", (double)o->max / unit);
    if (name) {
        buf_add(s->out, STR(", "));
        member(s, "x-unit", str_c(name));
    }
}

static void block(struct schema *s, const struct option *rows);

static void value(struct schema *s, const struct option *o)
{
    switch (o->type) {
    case OPT_FLAG:
    case OPT_BOOL: raw(s, FLAG); break;
    case OPT_COUNT: number(s, o, "integer", 1, NULL); break;
    case OPT_SIZE: number(s, o, "integer", 1, "bytes"); break;
    case OPT_DURATION: number(s, o, "number", 1e9, "s"); break;
    case OPT_TEXTS: raw(s, LIST(TEXT)); break;
    case OPT_ENUM: choices(s, o); break;
    case OPT_STATUS: raw(s, "'type': 'integer', 'minimum': 0, 'maximum': 599"); break;
    case OPT_PATH: raw(s, TEXT ", 'pattern': '^(/|$)'"); break;
    case OPT_BLOCK: block(s, o->block); break;
    default: raw(s, TEXT); break;
    }
}

/* ---- members and blocks ---- */

static void open_member(struct schema *s, const char *name, bool first)
{
    buf_add(s->out, first ? STR_NONE : STR(","));
    line(s);
    text(s, str_c(name));
    buf_add(s->out, STR(": {"));
    s->depth++;
    line(s);
}

static void close_member(struct schema *s)
{
    s->depth--;
    line(s);
    buf_addc(s->out, '}');
}

static void annotation(struct schema *s, const char *name, const char *v)
{
    if (!v)
        return;
    member(s, name, str_c(v));
    buf_addc(s->out, ',');
    line(s);
}

static void row(struct schema *s, const struct option *o, bool first)
{
    open_member(s, o->name, first);
    annotation(s, "description", o->doc);
    annotation(s, "x-default", o->def);
    annotation(s, "x-arguments", o->args);
    value(s, o);
    close_member(s);
}

static void special(struct schema *s, const char *name);

static const struct option *directive(const struct option *rows, const char *name)
{
    while (name && rows && rows->name && strcmp(rows->name, name) != 0)
        rows++;
    return name && rows && rows->name ? rows : NULL;
}

static void made_member(struct schema *s, const struct made *m, const struct option *rows, bool first)
{
    const struct option *o = directive(rows, m->directive);
    open_member(s, m->name, first);
    annotation(s, "description", o ? o->doc : NULL);
    if (m->schema)
        raw(s, m->schema);
    else
        special(s, m->name);
    close_member(s);
}

static void add_name(struct schema *s, const char *name, bool *first)
{
    buf_add(s->out, *first ? STR_NONE : STR(", "));
    text(s, str_c(name));
    *first = false;
}

/* rows: whose plain members stand in it; table: documents the made ones. */
static void object(struct schema *s, const struct made *made, const struct option *rows,
                   const struct option *table)
{
    bool first = true;
    buf_add(s->out, STR("\"type\": \"object\", \"additionalProperties\": false, \"required\": ["));
    for (const struct made *m = made; m && m->name; m++)
        add_name(s, m->name, &first);
    for (const struct option *o = rows; o && o->name; o++)
        if (o->type != OPT_CUSTOM)
            add_name(s, o->name, &first);
    buf_add(s->out, STR("],"));
    line(s);
    buf_add(s->out, STR("\"properties\": {"));
    s->depth++;
    first = true;
    for (const struct made *m = made; m && m->name; m++, first = false)
        made_member(s, m, table, first);
    for (const struct option *o = rows; o && o->name; o++) {
        if (o->type == OPT_CUSTOM)
            continue;
        row(s, o, first);
        first = false;
    }
}

static void end_object(struct schema *s)
{
    close_member(s);
}

static void block(struct schema *s, const struct option *rows)
{
    object(s, NULL, rows, NULL);
    end_object(s);
}

/* ---- what handlers bring ---- */

static void handler_names(struct schema *s)
{
    bool first = true;
    buf_add(s->out, STR("\"enum\": ["));
    for (size_t i = 0; s->env->handlers && s->env->handlers[i]; i++)
        add_name(s, s->env->handlers[i]->name, &first);
    buf_addc(s->out, ']');
}

/* The options of a route are those of its handler; one without any has none to show. */
static void handler_options(struct schema *s, const struct handler_decl *h, bool first)
{
    buf_add(s->out, first ? STR_NONE : STR(","));
    line(s);
    buf_add(s->out, STR("{\"if\": {\"properties\": {\"handler\": {\"const\": "));
    text(s, str_c(h->name));
    buf_add(s->out, STR("}}}, \"then\": {"));
    s->depth++;
    line(s);
    annotation(s, "description", h->doc);
    annotation(s, "x-arguments", h->args);
    if (h->options) {
        buf_add(s->out, STR("\"required\": [\"options\"], \"properties\": {\"options\": {"));
        block(s, h->options);
        buf_add(s->out, STR("}}"));
    } else {
        buf_add(s->out, STR("\"properties\": {\"options\": false}"));
    }
    buf_add(s->out, STR("}}"));
    s->depth--;
}

static void route(struct schema *s)
{
    object(s, made_route, NULL, option_route);
    open_member(s, "options", false);
    raw(s, "'type': 'object'");
    close_member(s);
    end_object(s);
    buf_add(s->out, STR(",\n"));
    line(s);
    buf_add(s->out, STR("\"allOf\": ["));
    s->depth++;
    for (size_t i = 0; s->env->handlers && s->env->handlers[i]; i++)
        handler_options(s, s->env->handlers[i], i == 0);
    s->depth--;
    buf_addc(s->out, ']');
}

static void special(struct schema *s, const char *name)
{
    if (strcmp(name, "handler") == 0) {
        handler_names(s);
        return;
    }
    buf_add(s->out, STR("\"type\": \"array\", \"items\": {"));
    if (strcmp(name, "routes") == 0) {
        route(s);
    } else {
        object(s, made_site, option_site, option_site);
        end_object(s);
    }
    buf_addc(s->out, '}');
}

void config_schema(const struct load_env *env, struct buf *out)
{
    struct schema s = {.out = out, .env = env, .depth = 1};
    buf_add(out, STR("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                     "  \"title\": \"gate443 configuration, as `gate443 config --json` prints it\",\n  "));
    object(&s, made_global, option_global, option_global);
    end_object(&s);
    buf_add(out, STR("\n}\n"));
}
