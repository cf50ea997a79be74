/* Routes: `route /PATH { HANDLER…; }` and handlers that stand directly in a site. */
#include "config/check.h"
#include "config/options.h"

static struct route *add_route(struct load *l, const struct parse_node *node, struct str path)
{
    struct route *route = arena_zalloc(&l->s->arena, sizeof *route);
    struct route **slot =
        route ? engine_push(l, &l->site->routes, &l->site->nroutes, sizeof *slot) : NULL;
    if (!slot) {
        l->no_memory = true;
        return NULL;
    }
    *slot = route;
    route->path = path;
    route->prefix = str_ends(path, STR("/"));
    route->site = l->site;
    route->body_size = UINT64_MAX; /* not set here: check_snapshot takes the server's */
    route->at = node_source(node);
    return route;
}

int site_route(struct load *l, const struct parse_node *node, void *conf)
{
    const struct engine_block block = {"route", option_route, true};
    if (!engine_count(l, node, 1, 1, "/PATH { … }") || !check_route_path(l, node, 1))
        return -ERR_CONFIG;
    if (!node->block)
        return load_error(l, node, node_words(node), "write `route /PATH { root DIR; }`",
                          "`route` needs a block: { … }");
    struct route *route = add_route(l, node, node_word(node, 1));
    if (!route)
        return -ERR_NOMEM;
    size_t before = engine_faults(l);
    l->route = route;
    engine_apply(l, &block, node, node->children, route);
    l->route = NULL;
    if (!route->handler && engine_faults(l) == before)
        return load_error(l, node, 0, "add what shall answer here, as `root DIR;`",
                          "this route has no handler");
    return 0;
}

/* The rule of option.h: in a site a first word with '/' is the path if enough words are left. */
static bool has_path(const struct load *l, const struct handler_decl *h,
                     const struct parse_node *node)
{
    return !l->route && str_starts(node_word(node, 1), STR("/")) &&
           node_words(node) - 2 >= h->min_args;
}

static void fill(struct load *l, const struct handler_decl *h, struct parse_node *node,
                 struct route *route, size_t first)
{
    size_t n = node_words(node) - first;
    const struct engine_block block = {h->name, h->options, false};
    struct str *words = arena_alloc(&l->s->arena, (n ? n : 1) * sizeof *words);
    void *conf = arena_zalloc(&l->s->arena, h->conf_size ? h->conf_size : 1);
    if (!words || !conf) {
        l->no_memory = true;
        return;
    }
    for (size_t i = 0; i < n; i++)
        words[i] = node_word(node, first + i);
    route->handler = h;
    route->conf = conf;
    if (h->options)
        engine_defaults(l, h->options, conf);
    size_t before = engine_faults(l);
    if (h->arguments)
        (void)h->arguments(l, node, words, n, conf);
    if (node->block && h->options)
        engine_apply(l, &block, node, node->children, conf);
    else if (node->block)
        load_error(l, node, node_words(node), "end it with `;`", "`%s` takes no block", h->name);
    if (h->load && !node->bad && engine_faults(l) == before)
        (void)h->load(l, node, conf);
}

void engine_handler(struct load *l, const struct handler_decl *h, struct parse_node *node)
{
    bool path = has_path(l, h, node);
    size_t first = path ? 2 : 1;
    struct route *route = l->route;
    if (!engine_count(l, node, h->min_args + path, h->max_args + path, h->args) ||
        (path && !check_route_path(l, node, 1)))
        return;
    if (!path && !route && !check_route_new(l, node, 0, STR("/")))
        return;
    if (route && route->handler) {
        load_error(l, node, 0, "write one `route` for each handler",
                   "this route has a handler already: `%s`", route->handler->name);
        return;
    }
    if (!route)
        route = add_route(l, node, path ? node_word(node, 1) : STR("/"));
    if (route)
        fill(l, h, node, route, first);
}
