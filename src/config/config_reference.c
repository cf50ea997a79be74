/* The manual's list of directives, in Markdown, generated from the tables. */
#include "config/check.h"
#include "config/options.h"
#include "config/value.h"

static void bounds(const struct option *o, struct buf *out)
{
    if (o->min == 0 && o->max == 0)
        return;
    buf_add(out, STR(" Range: "));
    for (int upper = 0; upper < 2; upper++) {
        uint64_t v = upper ? o->max : o->min;
        if (upper)
            buf_add(out, STR(" to "));
        if (upper && v == 0)
            buf_add(out, STR("any"));
        else if (o->type == OPT_SIZE)
            value_add_size(out, v);
        else if (o->type == OPT_DURATION)
            value_add_duration(out, v);
        else
            buf_addu(out, v);
    }
    buf_addc(out, '.');
}

static void row(const struct option *o, struct buf *out)
{
    bool end = o->type != OPT_BLOCK && !(o->args && strchr(o->args, '{'));
    buf_addf(out, "#### `%s%s%s%s`\n\n", o->name, o->args && o->args[0] ? " " : "",
             o->args ? o->args : "", end ? ";" : "");
    if (o->doc)
        buf_add(out, str_c(o->doc));
    if (o->def)
        buf_addf(out, " Default: `%s`.", o->def);
    bounds(o, out);
    if (o->repeat)
        buf_add(out, STR(" May stand more than once."));
    if (o->required)
        buf_add(out, STR(" Required."));
    buf_add(out, STR("\n\n"));
}

static void rows(const struct option *o, struct buf *out)
{
    for (; o && o->name; o++)
        row(o, out);
}

static void heading(const char *name, struct buf *out)
{
    if (strcmp(name, "global") == 0)
        buf_add(out, STR("## At the top level\n\n"));
    else
        buf_addf(out, "## In `%s { … }`\n\n", name);
}

static void handlers(const struct load_env *env, struct buf *out)
{
    buf_add(out, STR("## Handlers\n\nThey stand in a `site` or in a `route`. Directly in a site, a "
                     "first word that begins with `/` is the path they answer if enough words are "
                     "left behind it; without one they answer everything that no longer path "
                     "matches.\n\n"));
    for (size_t i = 0; env->handlers && env->handlers[i]; i++) {
        const struct handler_decl *h = env->handlers[i];
        buf_addf(out, "### `%s %s%s`\n\n%s\n\n", h->name, h->args ? h->args : "",
                 h->options ? " [{ … }]" : "", h->doc ? h->doc : "");
        rows(h->options, out);
    }
}

static void weaknesses(struct buf *out)
{
    buf_add(out, STR("## What `allow` can permit\n\n| name | why it is refused otherwise |\n"
                     "|---|---|\n"));
    for (const struct check_weakness *w = check_weaknesses; w->name; w++)
        buf_addf(out, "| `%s` | %s |\n", w->name, w->doc);
}

void config_reference(const struct load_env *env, struct buf *out)
{
    buf_add(out, STR("# Directives\n\n`name values… ;` or `name values… { … }`. Comments begin with "
                     "`#`. Order never matters, and a list that is written replaces the default. "
                     "Sizes are written `64k`, `16m`, `1g`; durations `500ms`, `10s`, `5m`, `1h`, "
                     "`30d`.\n\n"));
    for (const struct engine_block *b = option_blocks; b->name; b++) {
        heading(b->name, out);
        rows(b->rows, out);
    }
    handlers(env, out);
    weaknesses(out);
}
