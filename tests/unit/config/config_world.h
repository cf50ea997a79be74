/* What a configuration needs from outside, faked: three handlers and a few files in memory. Shared by
 * the tests and by the fuzz target. */
#ifndef CONFIG_WORLD_H
#define CONFIG_WORLD_H

#include "config/load.h"

#include <string.h>

#define WORLD_WALL INT64_C(1780000000) /* 2026-05-28 */

struct world_root {
    struct dir_ref *dir;
    bool listing;
    struct str_list index;
    struct str try;
};

static int world_root_arguments(struct load *l, const struct parse_node *node,
                                const struct str *words, size_t n, void *conf)
{
    (void)words;
    (void)n;
    ((struct world_root *)conf)->dir = load_dir(l, node, node_words(node) - 1);
    return 0;
}

static const struct option world_root_options[] = {
    {"listing", OPT_BOOL, offsetof(struct world_root, listing), .def = "off", .args = "on | off",
     .doc = "Lists directories."},
    {"index", OPT_TEXTS, offsetof(struct world_root, index), .def = "index.html", .args = "NAME…",
     .doc = "Names of index files."},
    {"try", OPT_PATH, offsetof(struct world_root, try), .args = "PATH", .doc = "A fallback."},
    OPTION_END,
};

struct world_respond {
    uint64_t status;
    struct str text;
};

static int world_unloaded;

static int world_respond_arguments(struct load *l, const struct parse_node *node,
                                   const struct str *words, size_t n, void *conf)
{
    struct world_respond *c = conf;
    if (!str_u64(words[0], &c->status))
        return load_error(l, node, node_words(node) - n, NULL, "not a status");
    c->text = n > 1 ? words[1] : STR_NONE;
    return 0;
}

static void world_respond_unload(void *conf)
{
    (void)conf;
    world_unloaded++;
}

struct world_redirect {
    struct str target;
};

static int world_redirect_arguments(struct load *l, const struct parse_node *node,
                                    const struct str *words, size_t n, void *conf)
{
    (void)l;
    (void)node;
    (void)n;
    ((struct world_redirect *)conf)->target = words[0];
    return 0;
}

static const struct handler_decl world_root = {
    .name = "root", .args = "[/PATH] DIR", .doc = "Files.", .options = world_root_options,
    .conf_size = sizeof(struct world_root), .min_args = 1, .max_args = 1,
    .arguments = world_root_arguments};
static const struct handler_decl world_respond = {
    .name = "respond", .args = "[/PATH] STATUS [TEXT]", .doc = "Text.",
    .conf_size = sizeof(struct world_respond), .min_args = 1, .max_args = 2,
    .arguments = world_respond_arguments, .unload = world_respond_unload};
static const struct handler_decl world_redirect = {
    .name = "redirect", .args = "[/PATH] TARGET [STATUS]", .doc = "Elsewhere.",
    .conf_size = sizeof(struct world_redirect), .min_args = 1, .max_args = 2,
    .arguments = world_redirect_arguments};
static const struct handler_decl *const world_handlers[] = {&world_root, &world_respond,
                                                            &world_redirect, NULL};

static const struct {
    const char *path, *text;
} world_files[] = {
    {"/etc/site.conf", "site inc.test { respond 200; }\n"},
    {"/etc/loop.conf", "include loop.conf;\n"},
    {"/etc/a.conf", "include b.conf;\n"},
    {"/etc/b.conf", "include a.conf;\n"},
    {"/etc/bad.conf", "site inc2.test {\n    rot /srv;\n}\n"},
    {"/etc/d/1.conf", "site one.test { respond 201; }\n"},
    {"/etc/d/2.conf", "site two.test { respond 202; }\n"},
};

static int world_read(void *user, const char *path, struct buf *into)
{
    (void)user;
    for (size_t i = 0; i < sizeof world_files / sizeof *world_files; i++)
        if (strcmp(path, world_files[i].path) == 0)
            return buf_append(into, str_c(world_files[i].text));
    return -ERR_NOT_FOUND;
}

static int world_glob(void *user, const char *pattern, struct buf *into)
{
    (void)user;
    if (strcmp(pattern, "/etc/d/*.conf") != 0)
        return 0; /* nothing matches */
    return buf_append(into, STR("/etc/d/1.conf\0/etc/d/2.conf"));
}

static const struct load_env world_env = {
    .handlers = world_handlers,
    .read_file = world_read,
    .glob = world_glob,
    .wall = WORLD_WALL,
    .seed = {4, 43},
};

#endif
