/* Text → snapshot; see load.h. Three passes: read (with everything included), apply the tables, check
 * the whole. Each goes on after mistakes, so that one run tells them all. */
#include "config/load.h"

#include "config/check.h"
#include "config/options.h"

#include <stdlib.h>

#define ARENA_CHUNK (64u << 10)
#define ARENA_MAX (512u << 20)
#define NAMES_MAX 1000000

static struct snapshot *snapshot_new(const struct load_env *env)
{
    struct snapshot *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->refs = 1;
    arena_init(&s->arena, ARENA_CHUNK, ARENA_MAX);
    map_init(&s->by_name, NAMES_MAX, env->seed);
    return s;
}

static void run(struct load *l, const char *name, struct str text)
{
    const struct diag_file *file = NULL;
    const struct engine_block global = {"global", option_global, false};
    size_t nfiles;
    struct parse_node *list = engine_read(l, name, text, NULL, 0, &file);
    if (file)
        list = engine_include(l, list, file, 0);
    engine_defaults(l, option_global, l->s);
    engine_apply(l, &global, NULL, list, l->s);
    check_snapshot(l);
    nfiles = l->nfiles;
    (void)engine_push(l, &l->s->files, &nfiles, sizeof *l->s->files); /* the NULL at the end */
}

int config_load(const struct load_env *env, const char *name, struct str text, struct buf *errors,
                struct snapshot **ret)
{
    struct load *l = calloc(1, sizeof *l);
    struct snapshot *s = snapshot_new(env);
    if (!l || !s) {
        free(l);
        snapshot_unref(s);
        return -ERR_NOMEM;
    }
    l->env = env;
    l->s = s;
    l->diags.arena = &s->arena;
    run(l, name, text);
    diag_print(&l->diags, env->colour, errors);
    int err = l->no_memory ? -ERR_NOMEM : l->diags.errors ? -ERR_CONFIG : 0;
    free(l);
    if (err)
        snapshot_unref(s);
    else
        *ret = s;
    return err;
}
