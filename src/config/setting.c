/* Values of rows; see setting.h. */
#include "config/setting.h"

#include "config/value.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

static int wrong(struct load *l, const struct option *o, const struct parse_node *node,
                 const char *what, const char *hint)
{
    return load_error(l, node, 1, hint, "`%.*s` is not %s (for `%s`)",
                      STR_ARG(str_sub(node_word(node, 1), 0, 100)), what, o->name);
}

static bool parse_bool(struct str s, bool *ret)
{
    bool on = str_eq(s, STR("on"));
    if (!on && !str_eq(s, STR("off")))
        return false;
    *ret = on;
    return true;
}

static bool parse_number(enum option_type type, struct str s, uint64_t *ret)
{
    return type == OPT_SIZE       ? value_size(s, ret)
           : type == OPT_DURATION ? value_duration(s, ret)
                                  : str_u64(s, ret);
}

static void add_number(struct buf *out, enum option_type type, uint64_t v)
{
    if (type == OPT_SIZE)
        value_add_size(out, v);
    else if (type == OPT_DURATION)
        value_add_duration(out, v);
    else
        buf_addu(out, v);
}

static int apply_number(struct load *l, const struct option *o, const struct parse_node *node,
                        uint64_t *ret)
{
    uint64_t v;
    if (!parse_number(o->type, node_word(node, 1), &v))
        return o->type == OPT_SIZE
                   ? wrong(l, o, node, "a size", "bytes, with k, m or g: `64k`, `16m`, `1g`")
               : o->type == OPT_DURATION
                   ? wrong(l, o, node, "a duration", "with its unit: `500ms`, `10s`, `5m`, `1h`, `30d`")
                   : wrong(l, o, node, "a whole number", NULL);
    if (v >= o->min && (o->max == 0 || v <= o->max)) {
        *ret = v;
        return 0;
    }
    struct buf text;
    buf_init(&text, 256);
    buf_add(&text, v < o->min ? STR("at least ") : STR("at most "));
    add_number(&text, o->type, v < o->min ? o->min : o->max);
    int err = load_error(l, node, 1, NULL, "`%s` must be %.*s", o->name, STR_ARG(buf_str(&text)));
    buf_done(&text);
    return err;
}

static int apply_enum(struct load *l, const struct option *o, const struct parse_node *node,
                      int *ret)
{
    char hint[200] = "one of: ";
    const char *near = NULL;
    for (int i = 0; o->choices[i]; i++) {
        struct str choice = str_c(o->choices[i]);
        if (str_eq(node_word(node, 1), choice)) {
            *ret = i;
            return 0;
        }
        if (!near && value_distance(node_word(node, 1), choice, 1) <= 1)
            near = o->choices[i];
        size_t used = strlen(hint);
        snprintf(hint + used, sizeof hint - used, "%s%s", i ? ", " : "", o->choices[i]);
    }
    if (near)
        snprintf(hint, sizeof hint, "did you mean `%s`?", near);
    return wrong(l, o, node, "known", hint);
}

static int apply_texts(struct load *l, const struct parse_node *node, struct str_list *ret)
{
    size_t n = node_words(node) - 1;
    struct str *v = arena_alloc(&l->s->arena, n * sizeof *v);
    if (!v) {
        l->no_memory = true;
        return -ERR_NOMEM;
    }
    for (size_t i = 0; i < n; i++)
        v[i] = node_word(node, i + 1);
    *ret = (struct str_list){v, n};
    return 0;
}

static int apply_url(struct load *l, const struct option *o, const struct parse_node *node,
                     struct str *ret)
{
    struct str s = node_word(node, 1);
    bool path = s.n && s.p[0] == '/';
    bool absolute = str_istarts(s, STR("https://")) || str_istarts(s, STR("http://"));
    if (o->type == OPT_PATH && !path)
        return wrong(l, o, node, "a URL path", "it begins with `/`");
    if (!path && !absolute)
        return wrong(l, o, node, "a URL", "it begins with `https://`, `http://` or `/`");
    *ret = s;
    return 0;
}

/* Tells when there is no such file or directory and the load should look. */
static int look(struct load *l, const struct parse_node *node, size_t word, const char *path,
                bool directory)
{
    struct stat st;
    if (!l->env->check_paths)
        return 0;
    if (stat(path, &st))
        return load_error(l, node, word, NULL, "cannot open `%s`: %s", path,
                          err_text(err_from_errno(errno)));
    if (directory && !S_ISDIR(st.st_mode))
        return load_error(l, node, word, NULL, "`%s` is not a directory", path);
    if (!directory && S_ISDIR(st.st_mode))
        return load_error(l, node, word, NULL, "`%s` is a directory, not a file", path);
    if (!directory && !S_ISREG(st.st_mode)) /* a pipe or device can be read once, or for ever */
        return load_error(l, node, word, NULL, "`%s` is not an ordinary file", path);
    return 0;
}

struct dir_ref *load_dir(struct load *l, const struct parse_node *node, size_t word)
{
    struct dir_ref *dir = arena_zalloc(&l->s->arena, sizeof *dir);
    const char *path = node_word(node, word).n ? engine_path(l, node, word) : NULL;
    struct dir_ref **slot = dir ? engine_push(l, &l->s->dirs, &l->s->ndirs, sizeof *slot) : NULL;
    if (!slot) {
        l->no_memory = true;
        return NULL;
    }
    *dir = (struct dir_ref){.path = path ? path : "", .fd = -1, .at = node_source(node)};
    *slot = dir;
    if (!path)
        load_error(l, node, word, NULL, "name a directory");
    else
        (void)look(l, node, word, path, true);
    return dir;
}

static int apply_file(struct load *l, const struct parse_node *node, struct str *ret)
{
    const char *path = engine_path(l, node, 1);
    if (!path)
        return -ERR_NOMEM;
    *ret = str_c(path);
    return look(l, node, 1, path, false);
}

static int apply_status(struct load *l, const struct option *o, const struct parse_node *node,
                        uint16_t *ret)
{
    uint64_t v;
    if (!str_u64(node_word(node, 1), &v) || v < 100 || v > 599)
        return wrong(l, o, node, "an HTTP status", "a number from 100 to 599");
    *ret = (uint16_t)v;
    return 0;
}

static int apply_one(struct load *l, const struct option *o, const struct parse_node *node, void *at)
{
    switch (o->type) {
    case OPT_FLAG:
        *(bool *)at = true;
        return 0;
    case OPT_BOOL:
        return parse_bool(node_word(node, 1), at) ? 0
                                                  : wrong(l, o, node, "a switch", "`on` or `off`");
    case OPT_COUNT:
    case OPT_SIZE:
    case OPT_DURATION: return apply_number(l, o, node, at);
    case OPT_TEXT: *(struct str *)at = node_word(node, 1); return 0;
    case OPT_TEXTS: return apply_texts(l, node, at);
    case OPT_ENUM: return apply_enum(l, o, node, at);
    case OPT_STATUS: return apply_status(l, o, node, at);
    case OPT_PATH:
    case OPT_URL: return apply_url(l, o, node, at);
    case OPT_DIR: *(struct dir_ref **)at = load_dir(l, node, 1); return 0;
    case OPT_FILE: return apply_file(l, node, at);
    case OPT_BLOCK:
    case OPT_CUSTOM: break;
    }
    return 0;
}

int setting_apply(struct load *l, const struct option *o, const struct parse_node *node, void *conf)
{
    size_t max = o->type == OPT_FLAG ? 0 : o->type == OPT_TEXTS ? PARSE_WORDS_MAX : 1;
    if (!engine_count(l, node, o->type == OPT_FLAG ? 0 : 1, max, o->args))
        return -ERR_CONFIG;
    return apply_one(l, o, node, (char *)conf + o->offset);
}

static struct str_list default_list(struct load *l, struct str text)
{
    struct str_list list = {0};
    struct str piece;
    while (str_split(&text, ' ', &piece)) {
        struct str *slot = engine_push(l, &list.v, &list.n, sizeof *slot);
        if (slot)
            *slot = piece;
    }
    return list;
}

int setting_default(struct load *l, const struct option *o, void *conf)
{
    void *at = (char *)conf + o->offset;
    struct str def = str_c(o->def);
    bool ok = true;
    uint64_t status;
    switch (o->type) {
    case OPT_BOOL: ok = parse_bool(def, at); break;
    case OPT_COUNT:
    case OPT_SIZE:
    case OPT_DURATION: ok = parse_number(o->type, def, at); break;
    case OPT_TEXT:
    case OPT_PATH:
    case OPT_FILE:
    case OPT_URL: *(struct str *)at = def; break;
    case OPT_TEXTS: *(struct str_list *)at = default_list(l, def); break;
    case OPT_STATUS:
        ok = str_u64(def, &status);
        *(uint16_t *)at = ok ? (uint16_t)status : 0;
        break;
    case OPT_ENUM:
        ok = false;
        for (int i = 0; o->choices[i] && !ok; i++)
            if ((ok = str_eq(def, str_c(o->choices[i]))))
                *(int *)at = i;
        break;
    default: break;
    }
    assert(ok && "a default must be written like a value");
    return l->no_memory ? -ERR_NOMEM : 0;
}

static void list_text(const struct str_list *list, struct buf *out)
{
    for (size_t i = 0; i < list->n; i++) {
        if (i)
            buf_addc(out, ' ');
        value_add_word(out, list->v[i]);
    }
}

void setting_text(const struct option *o, const void *conf, struct buf *out)
{
    const void *at = (const char *)conf + o->offset;
    const struct dir_ref *dir;
    switch (o->type) {
    case OPT_FLAG:
    case OPT_BOOL: buf_add(out, *(const bool *)at ? STR("on") : STR("off")); break;
    case OPT_COUNT:
    case OPT_SIZE:
    case OPT_DURATION: add_number(out, o->type, *(const uint64_t *)at); break;
    case OPT_TEXT:
    case OPT_PATH:
    case OPT_URL:
    case OPT_FILE: value_add_word(out, *(const struct str *)at); break;
    case OPT_TEXTS: list_text(at, out); break;
    case OPT_ENUM: buf_add(out, str_c(o->choices[*(const int *)at])); break;
    case OPT_STATUS: buf_addu(out, *(const uint16_t *)at); break;
    case OPT_DIR:
        dir = *(struct dir_ref *const *)at;
        value_add_word(out, str_c(dir ? dir->path : ""));
        break;
    case OPT_BLOCK:
    case OPT_CUSTOM: break;
    }
}

static void add_string(struct buf *out, struct str s)
{
    buf_addc(out, '"');
    buf_add_json(out, s);
    buf_addc(out, '"');
}

/* Sizes are bytes and durations seconds (fractions allowed): numbers that need no parser. */
void setting_json(const struct option *o, const void *conf, struct buf *out)
{
    const void *at = (const char *)conf + o->offset;
    const struct str_list *list = at;
    const struct dir_ref *dir;
    switch (o->type) {
    case OPT_FLAG:
    case OPT_BOOL: buf_add(out, *(const bool *)at ? STR("true") : STR("false")); break;
    case OPT_DURATION: buf_addf(out, "%.9g", (double)*(const uint64_t *)at / 1e9); break;
    case OPT_COUNT:
    case OPT_SIZE: buf_addu(out, *(const uint64_t *)at); break;
    case OPT_STATUS: buf_addu(out, *(const uint16_t *)at); break;
    case OPT_TEXT:
    case OPT_PATH:
    case OPT_URL:
    case OPT_FILE: add_string(out, *(const struct str *)at); break;
    case OPT_ENUM: add_string(out, str_c(o->choices[*(const int *)at])); break;
    case OPT_DIR:
        dir = *(struct dir_ref *const *)at;
        add_string(out, str_c(dir ? dir->path : ""));
        break;
    case OPT_TEXTS:
        buf_addc(out, '[');
        for (size_t i = 0; i < list->n; i++) {
            buf_add(out, i ? STR(", ") : STR_NONE);
            add_string(out, list->v[i]);
        }
        buf_addc(out, ']');
        break;
    case OPT_BLOCK:
    case OPT_CUSTOM: buf_add(out, STR("null")); break;
    }
}
