/* Tree + tables → structs; see engine.h. Each row is filled at most once a block (unless it may
 * repeat), so the order of directives never matters, and a list that is written replaces the
 * default whole: nothing is inherited piecewise. */
#include "config/engine.h"

#include "config/options.h"
#include "config/setting.h"
#include "config/value.h"

#include <stdio.h>

static const struct option *find_row(const struct option *rows, struct str name)
{
    for (const struct option *o = rows; o && o->name; o++)
        if (str_eq(name, str_c(o->name)))
            return o;
    return NULL;
}

const struct handler_decl *engine_find_handler(const struct load_env *env, struct str name)
{
    for (size_t i = 0; env->handlers && env->handlers[i]; i++)
        if (str_eq(name, str_c(env->handlers[i]->name)))
            return env->handlers[i];
    return NULL;
}

static bool known_here(struct load *l, const struct engine_block *b, struct str name)
{
    return find_row(b->rows, name) || (b->handlers && engine_find_handler(l->env, name));
}

void engine_defaults(struct load *l, const struct option *rows, void *conf)
{
    for (const struct option *o = rows; o && o->name; o++) {
        if (o->type == OPT_BLOCK)
            engine_defaults(l, o->block, (char *)conf + o->offset);
        else if (o->def && o->type != OPT_CUSTOM && setting_default(l, o, conf))
            l->no_memory = true;
    }
}

/* ---- names that are not known here ---- */

struct nearest {
    struct str name;
    const char *best;
    unsigned distance;
};

static void consider(struct nearest *n, const char *candidate)
{
    unsigned allowed = n->name.n <= 3 ? 1 : 2;
    unsigned d = value_distance(n->name, str_c(candidate), allowed);
    if (d <= allowed && d < n->distance) {
        n->distance = d;
        n->best = candidate;
    }
}

static const char *nearest_here(struct load *l, const struct engine_block *b, struct str name)
{
    struct nearest n = {.name = name, .distance = 3};
    for (const struct option *o = b->rows; o && o->name; o++)
        consider(&n, o->name);
    for (size_t i = 0; b->handlers && l->env->handlers && l->env->handlers[i]; i++)
        consider(&n, l->env->handlers[i]->name);
    return n.best;
}

/* Where a name would be right; NULL: nowhere. */
static const char *home_of(struct load *l, struct str name)
{
    for (const struct engine_block *b = option_blocks; b->name; b++)
        if (find_row(b->rows, name))
            return b->name;
    if (engine_find_handler(l->env, name))
        return "site";
    for (size_t i = 0; l->env->handlers && l->env->handlers[i]; i++)
        if (find_row(l->env->handlers[i]->options, name))
            return l->env->handlers[i]->name;
    return NULL;
}

static void unknown(struct load *l, const struct engine_block *b, const struct parse_node *node)
{
    struct str name = node_word(node, 0);
    const char *near = nearest_here(l, b, name), *home = home_of(l, name);
    char hint[160] = "";
    if (home && strcmp(home, "global") == 0)
        snprintf(hint, sizeof hint, "this belongs at the top level, outside of every block");
    else if (home)
        snprintf(hint, sizeof hint, "this belongs in `%s`", home);
    else if (near)
        snprintf(hint, sizeof hint, "did you mean `%s`?", near);
    if (strcmp(b->name, "global") == 0)
        load_error(l, node, 0, hint[0] ? hint : NULL, "unknown directive `%.*s`", STR_ARG(name));
    else
        load_error(l, node, 0, hint[0] ? hint : NULL, "unknown directive `%.*s` in `%s`",
                   STR_ARG(name), b->name);
}

/* ---- nodes ---- */

bool engine_count(struct load *l, const struct parse_node *node, size_t min, size_t max,
                  const char *args)
{
    size_t n = node_words(node) - 1;
    char hint[300];
    struct str name = node_word(node, 0);
    snprintf(hint, sizeof hint, "write `%.*s %s`", STR_ARG(str_sub(name, 0, 64)), args ? args : "");
    if (n < min) {
        load_error(l, node, node_words(node), hint, "`%.*s` needs %s", STR_ARG(name),
                   min == 1   ? "a value"
                   : n == 0   ? "values"
                              : "more values");
        return false;
    }
    if (n > max) {
        load_error(l, node, max + 1, max ? hint : "end it with `;` or `{`",
                   max ? "too many values for `%.*s`" : "`%.*s` takes no value", STR_ARG(name));
        return false;
    }
    return true;
}

/* A directive's name at the begin of a line within the words of another: the `;` is missing. The
 * node is cut in two, so that the rest is checked as it was meant. */
static void split_joined(struct load *l, const struct engine_block *b, struct parse_node *node)
{
    for (size_t i = 1; i < node->nwords; i++) {
        const struct parse_word *w = &node->words[i];
        if (w->quoted || w->line == node->words[i - 1].line || !known_here(l, b, w->text))
            continue;
        struct parse_node *rest = arena_zalloc(&l->s->arena, sizeof *rest);
        if (!rest) {
            l->no_memory = true;
            return;
        }
        *rest = *node;
        rest->words += i;
        rest->nwords -= i;
        *node = (struct parse_node){.file = node->file, .words = node->words, .nwords = i,
                                    .next = rest};
        load_error(l, node, i, "end the directive with `;`", "missing `;`");
        return;
    }
}

static void apply_block(struct load *l, const struct option *o, struct parse_node *node, void *conf)
{
    const struct engine_block inner = {.name = o->name, .rows = o->block};
    if (o->parse) {
        if (o->parse(l, node, conf))
            return;
    } else if (!engine_count(l, node, 0, 0, "{ … }")) {
        return;
    }
    if (!node->block && !o->parse) {
        load_error(l, node, node_words(node), NULL, "`%s` needs a block: { … }", o->name);
        return;
    }
    engine_apply(l, &inner, node, node->children, (char *)conf + o->offset);
}

static void apply_row(struct load *l, const struct option *o, struct parse_node *node, void *conf)
{
    if (o->type == OPT_BLOCK) {
        apply_block(l, o, node, conf);
    } else if (o->type == OPT_CUSTOM) {
        if (o->parse)
            (void)o->parse(l, node, conf);
    } else if (node->block) {
        load_error(l, node, node_words(node), "end it with `;`", "`%s` takes no block", o->name);
    } else if (setting_apply(l, o, node, conf) == 0) {
        engine_note(l, (char *)conf + o->offset, node);
    }
}

static bool seen_before(struct load *l, const struct option *o, const struct parse_node **seen,
                        const struct parse_node *node)
{
    if (*seen && !o->repeat) {
        struct diag_place first = parse_place(*seen, 0);
        char hint[160];
        snprintf(hint, sizeof hint, "it may stand here only once; the first is at %.100s:%u",
                 first.file->name, first.line);
        load_error(l, node, 0, hint, "`%s` is given twice", o->name);
        return true;
    }
    *seen = node;
    return false;
}

void engine_apply(struct load *l, const struct engine_block *b, const struct parse_node *parent,
                  struct parse_node *list, void *conf)
{
    const struct parse_node *seen[ENGINE_ROWS_MAX] = {0};
    for (struct parse_node *node = list; node; node = node->next) {
        l->hushed += node->bad;
        split_joined(l, b, node);
        const struct option *o = find_row(b->rows, node_word(node, 0));
        const struct handler_decl *h =
            o || !b->handlers ? NULL : engine_find_handler(l->env, node_word(node, 0));
        if (h)
            engine_handler(l, h, node);
        else if (!o)
            unknown(l, b, node);
        else if (!seen_before(l, o, &seen[o - b->rows], node))
            apply_row(l, o, node, conf);
    }
    for (const struct option *o = b->rows; o && o->name; o++)
        if (o->required && !seen[o - b->rows] && parent)
            load_error(l, parent, 0, o->doc, "`%s` is missing in `%s`", o->name, b->name);
}

/* ---- what callbacks use ---- */

int load_error(struct load *l, const struct parse_node *node, size_t word, const char *hint,
               const char *format, ...)
{
    va_list args;
    if (node->bad) {
        l->hushed++;
        return -ERR_CONFIG;
    }
    va_start(args, format);
    diag_addv(&l->diags, false, parse_place(node, word), hint, format, args);
    va_end(args);
    return -ERR_CONFIG;
}

void load_warning(struct load *l, const struct parse_node *node, size_t word, const char *format,
                  ...)
{
    va_list args;
    va_start(args, format);
    diag_addv(&l->diags, true, parse_place(node, word), NULL, format, args);
    va_end(args);
}

struct arena *load_arena(struct load *l)
{
    return &l->s->arena;
}

size_t node_words(const struct parse_node *node)
{
    return node->nwords;
}

struct str node_word(const struct parse_node *node, size_t i)
{
    return i < node->nwords ? node->words[i].text : STR_NONE;
}

struct source_ref node_source(const struct parse_node *node)
{
    struct diag_place at = parse_place(node, 0);
    return (struct source_ref){at.file->name, at.line, at.column};
}

void engine_note(struct load *l, const void *value, const struct parse_node *node)
{
    struct written *slot = engine_push(l, &l->s->written, &l->s->nwritten, sizeof *slot);
    if (slot)
        *slot = (struct written){value, node_source(node)};
}

const struct parse_node *engine_find(const struct parse_node *list, const char *name)
{
    for (; list; list = list->next)
        if (str_eq(node_word(list, 0), str_c(name)))
            return list;
    return NULL;
}

void *engine_push(struct load *l, void *items, size_t *n, size_t size)
{
    void *old, *more;
    memcpy(&old, items, sizeof old);
    if ((*n & (*n - 1)) == 0) { /* 0 or a power of two: full */
        more = arena_alloc(&l->s->arena, (*n ? *n * 2 : 1) * size);
        if (!more) {
            l->no_memory = true;
            return NULL;
        }
        if (*n)
            memcpy(more, old, *n * size);
        memcpy(items, &more, sizeof more);
        old = more;
    }
    return memset((char *)old + (*n)++ * size, 0, size);
}

const char *engine_path(struct load *l, const struct parse_node *node, size_t word)
{
    struct str path = node_word(node, word), file = str_c(node->file->name);
    size_t slash = str_rfind(file, '/');
    bool beside = path.n && path.p[0] != '/' && slash < file.n;
    struct str dir = beside ? str_sub(file, 0, slash + 1) : STR_NONE;
    while (beside && str_starts(path, STR("./")))
        path = str_from(path, 2);
    struct str whole = arena_printf(&l->s->arena, "%.*s%.*s", STR_ARG(dir), STR_ARG(path));
    l->no_memory |= !whole.p;
    return whole.p;
}
