/* `include PATTERN;`: the files are read and their directives put where it stood, before anything is
 * looked at. So an included file means the same as its text, and each node keeps its own place. */
#include "config/engine.h"

#include <stdio.h>

#define INCLUDE_DEPTH_MAX 8
#define INCLUDE_LIST_MAX (1u << 20) /* bytes of all paths that one pattern names */

static const struct diag_file *new_file(struct load *l, const char *name, struct str text,
                                        const struct diag_file *includer, uint32_t line)
{
    struct diag_file *file = arena_alloc(&l->s->arena, sizeof *file);
    struct str kept_name = arena_str(&l->s->arena, str_c(name));
    struct str kept = arena_str(&l->s->arena, text);
    const char **slot = engine_push(l, &l->s->files, &(size_t){l->nfiles}, sizeof *slot);
    if (!file || !kept_name.p || !kept.p || !slot) {
        l->no_memory = true;
        return NULL;
    }
    *slot = kept_name.p;
    *file = (struct diag_file){kept_name.p, kept, l->nfiles++, includer, line};
    return file;
}

struct parse_node *engine_read(struct load *l, const char *name, struct str text,
                               const struct diag_file *includer, uint32_t line,
                               const struct diag_file **ret_file)
{
    struct parse_node *first = NULL;
    const struct diag_file *file = new_file(l, name, text, includer, line);
    if (!file)
        return NULL;
    *ret_file = file;
    int err = parse_text(&l->s->arena, file, &l->diags, &first);
    l->no_memory |= err == -ERR_NOMEM;
    return err ? NULL : first;
}

static bool is_loop(const struct diag_file *file, const char *path)
{
    for (; file; file = file->includer)
        if (strcmp(file->name, path) == 0)
            return true;
    return false;
}

/* One file's directives, includes in it resolved; NULL: told or empty. */
static struct parse_node *read_one(struct load *l, const struct parse_node *node, const char *path,
                                   unsigned depth)
{
    const struct diag_file *file;
    struct parse_node *list = NULL;
    struct buf text;
    if (is_loop(node->file, path)) {
        load_error(l, node, 1, NULL, "`%s` includes itself", path);
        return NULL;
    }
    if (l->nfiles >= ENGINE_FILES_MAX) {
        load_error(l, node, 1, NULL, "more than %d files", ENGINE_FILES_MAX);
        return NULL;
    }
    buf_init(&text, PARSE_TEXT_MAX);
    int err = l->env->read_file ? l->env->read_file(l->env->user, path, &text) : -ERR_NOT_FOUND;
    if (err)
        load_error(l, node, 1, NULL, "cannot read `%s`: %s", path, err_text(err));
    else
        list = engine_read(l, path, buf_str(&text), node->file, node->words[0].line, &file);
    buf_done(&text);
    return list ? engine_include(l, list, file, depth + 1) : NULL;
}

static struct parse_node *read_all(struct load *l, const struct parse_node *node, unsigned depth)
{
    struct parse_node *first = NULL, **tail = &first;
    const char *pattern = engine_path(l, node, 1);
    struct buf paths;
    struct str rest, path;
    if (!pattern)
        return NULL;
    if (!strpbrk(pattern, "*?["))
        return read_one(l, node, pattern, depth);
    buf_init(&paths, INCLUDE_LIST_MAX);
    int err = l->env->glob ? l->env->glob(l->env->user, pattern, &paths) : -ERR_NOT_FOUND;
    if (err)
        load_error(l, node, 1, NULL, "cannot look for `%s`: %s", pattern, err_text(err));
    /* No match is no mistake: a directory of sites may be empty. */
    for (rest = buf_str(&paths); !err && rest.n && str_split(&rest, '\0', &path);) {
        const char *name = path.n ? arena_cstr(&l->s->arena, path) : NULL;
        *tail = name ? read_one(l, node, name, depth) : NULL;
        while (*tail)
            tail = &(*tail)->next;
    }
    buf_done(&paths);
    return first;
}

struct parse_node *engine_include(struct load *l, struct parse_node *list,
                                  const struct diag_file *file, unsigned depth)
{
    struct parse_node **at = &list;
    while (*at) {
        struct parse_node *node = *at, *instead = NULL;
        if (!str_eq(node_word(node, 0), STR("include"))) {
            node->children = engine_include(l, node->children, file, depth);
            at = &node->next;
            continue;
        }
        if (depth >= INCLUDE_DEPTH_MAX)
            load_error(l, node, 0, NULL, "files include each other too deeply");
        else if (node->block)
            load_error(l, node, node_words(node), "end it with `;`", "`include` takes no block");
        else if (engine_count(l, node, 1, 1, "PATTERN"))
            instead = read_all(l, node, depth);
        *at = instead;
        while (*at)
            at = &(*at)->next;
        *at = node->next;
    }
    return list;
}
