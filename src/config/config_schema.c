/* The language as a JSON Schema (2020-12), generated from the tables: for editors, and for checking
 * what programs write. A directive is a member; a block is an object; one that may repeat is an
 * array. A directive without a type of its own is a string: its words as they would be written. */
#include "config/options.h"

#include <inttypes.h>

struct schema {
    struct buf *out;
    const struct load_env *env;
    unsigned depth;
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

static void block(struct schema *s, const struct option *rows, bool handlers);

static void choices(struct schema *s, const struct option *o)
{
    buf_add(s->out, STR("\"enum\": ["));
    for (size_t i = 0; o->choices[i]; i++) {
        buf_add(s->out, i ? STR(", ") : STR_NONE);
        text(s, str_c(o->choices[i]));
    }
    buf_addc(s->out, ']');
}

static void number(struct schema *s, const struct option *o)
{
    buf_addf(s->out, "\"type\": \"integer\", \"minimum\": %" PRIu64, o->min);
    if (o->max)
        buf_addf(s->out, ", \"maximum\": %" PRIu64, o->max);
}

static void simple_type(struct schema *s, const struct option *o)
{
    switch (o->type) {
    case OPT_FLAG:
    case OPT_BOOL: member(s, "type", STR("boolean")); break;
    case OPT_COUNT: number(s, o); break;
    case OPT_SIZE:
        buf_add(s->out, STR("\"type\": [\"string\", \"integer\"], \"pattern\": \"^[0-9]+[kmgtKMGT]?$\""));
        break;
    case OPT_DURATION:
        buf_add(s->out, STR("\"type\": \"string\", \"pattern\": \"^[0-9]+(ms|s|m|h|d)$\""));
        break;
    case OPT_TEXTS:
        buf_add(s->out, STR("\"type\": \"array\", \"items\": {\"type\": \"string\"}"));
        break;
    case OPT_ENUM: choices(s, o); break;
    case OPT_STATUS:
        buf_add(s->out, STR("\"type\": \"integer\", \"minimum\": 100, \"maximum\": 599"));
        break;
    case OPT_PATH: buf_add(s->out, STR("\"type\": \"string\", \"pattern\": \"^/\"")); break;
    default: member(s, "type", STR("string")); break;
    }
}

/* Sites and routes are blocks with names in front, which no row says. */
static const struct option *inner_rows(const struct option *o, bool *ret_handlers)
{
    *ret_handlers = o->parse == site_parse || o->parse == site_route;
    return o->parse == site_parse   ? option_site
           : o->parse == site_route ? option_route
           : o->type == OPT_BLOCK   ? o->block
                                    : NULL;
}

static void value(struct schema *s, const struct option *o)
{
    bool handlers;
    const struct option *rows = inner_rows(o, &handlers);
    if (handlers) {
        buf_add(s->out, STR("\"type\": \"object\", \"additionalProperties\": {"));
        block(s, rows, true);
        buf_addc(s->out, '}');
    } else if (rows) {
        block(s, rows, false);
    } else if (o->repeat) {
        buf_add(s->out, STR("\"type\": \"array\", \"items\": {"));
        simple_type(s, o);
        buf_addc(s->out, '}');
    } else {
        simple_type(s, o);
    }
}

static void property(struct schema *s, const struct option *o, bool first)
{
    if (!first)
        buf_addc(s->out, ',');
    line(s);
    text(s, str_c(o->name));
    buf_add(s->out, STR(": {"));
    s->depth++;
    line(s);
    if (o->doc)
        member(s, "description", str_c(o->doc));
    buf_add(s->out, o->doc ? STR(",") : STR_NONE);
    if (o->doc)
        line(s);
    if (o->def) {
        member(s, "x-default", str_c(o->def));
        buf_addc(s->out, ',');
        line(s);
    }
    if (o->args) {
        member(s, "x-arguments", str_c(o->args));
        buf_addc(s->out, ',');
        line(s);
    }
    value(s, o);
    s->depth--;
    line(s);
    buf_addc(s->out, '}');
}

static void handler(struct schema *s, const struct handler_decl *h)
{
    buf_addc(s->out, ',');
    line(s);
    text(s, str_c(h->name));
    buf_add(s->out, STR(": {"));
    s->depth++;
    line(s);
    if (h->doc) {
        member(s, "description", str_c(h->doc));
        buf_addc(s->out, ',');
        line(s);
    }
    if (h->args) {
        member(s, "x-arguments", str_c(h->args));
        buf_addc(s->out, ',');
        line(s);
    }
    buf_add(s->out, STR("\"type\": \"object\", \"additionalProperties\": {"));
    block(s, h->options, false);
    s->depth--;
    buf_add(s->out, STR("}}"));
}

static void block(struct schema *s, const struct option *rows, bool handlers)
{
    buf_add(s->out, STR("\"type\": \"object\", \"additionalProperties\": false, \"properties\": {"));
    s->depth++;
    for (const struct option *o = rows; o && o->name; o++)
        property(s, o, o == rows);
    for (size_t i = 0; handlers && s->env->handlers && s->env->handlers[i]; i++)
        handler(s, s->env->handlers[i]);
    s->depth--;
    line(s);
    buf_addc(s->out, '}');
}

void config_schema(const struct load_env *env, struct buf *out)
{
    struct schema s = {.out = out, .env = env, .depth = 1};
    buf_add(out, STR("{\n  \"$schema\": \"https://json-schema.org/draft/2020-12/schema\",\n"
                     "  \"title\": \"gate443 configuration\",\n  "));
    block(&s, option_global, false);
    buf_add(out, STR("\n}\n"));
}
