/* Tree + tables → structs: the generic part of loading. What it knows of a directive stands in the
 * directive's row; what rows cannot say is in their `parse` functions (options.c, site.c). */
#ifndef CONFIG_ENGINE_H
#define CONFIG_ENGINE_H

#include "config/diag.h"
#include "config/load.h"
#include "config/parse.h"

#define ENGINE_ROWS_MAX 64 /* of one table */
#define ENGINE_FILES_MAX 1000

/* One load, from config_load's begin to its end; on its heap. */
struct load {
    const struct load_env *env;
    struct snapshot *s;    /* being made; everything that stays is in its arena */
    struct diag_list diags;
    struct site *site;     /* being filled, or NULL */
    struct route *route;   /* being filled, or NULL */
    size_t faults_before_site;
    size_t hushed;         /* mistakes not told, since they may follow from one that was */
    uint32_t nfiles;
    bool no_memory;
    bool plain_off;        /* `listen http off;` */
};

/* A kind of block: what may stand in it. */
struct engine_block {
    const char *name;          /* as in messages: "site" */
    const struct option *rows;
    bool handlers;             /* handlers may stand here as directives */
};

/* Every default of the rows, blocks within included. */
void engine_defaults(struct load *l, const struct option *rows, void *conf);
/* Applies the nodes of a block to conf; all mistakes told. */
void engine_apply(struct load *l, const struct engine_block *block, const struct parse_node *parent,
                  struct parse_node *list, void *conf);
/* `NAME [/PATH] ARGS…` at a node → a route of l->site; in_route: the path is l->route's. */
void engine_handler(struct load *l, const struct handler_decl *h, struct parse_node *node);
/* Mistakes so far, told or not. */
static inline size_t engine_faults(const struct load *l)
{
    return l->diags.errors + l->hushed;
}
/* Number of values checked; false: told. */
bool engine_count(struct load *l, const struct parse_node *node, size_t min, size_t max,
                  const char *args);
/* A path as the directive means it: relative to the file it stands in; NULL: no memory. */
const char *engine_path(struct load *l, const struct parse_node *node, size_t word);
/* Grows an array in the snapshot's arena by one zeroed element and returns that; NULL: no memory.
 * *items and *n belong together; the capacity is the next power of two. */
void *engine_push(struct load *l, void *items, size_t *n, size_t size);
/* Remembers where a value of the snapshot was written. */
void engine_note(struct load *l, const void *value, const struct parse_node *node);
/* First node of that name, or NULL. */
const struct parse_node *engine_find(const struct parse_node *list, const char *name);
const struct handler_decl *engine_find_handler(const struct load_env *env, struct str name);
/* Replaces every `include` beneath by what it names. */
struct parse_node *engine_include(struct load *l, struct parse_node *list,
                                  const struct diag_file *file, unsigned depth);
/* Reads a text into the tree; NULL: told, or nothing in it. */
struct parse_node *engine_read(struct load *l, const char *name, struct str text,
                               const struct diag_file *includer, uint32_t line,
                               const struct diag_file **ret_file);

#endif
