/* What no single row can say: rules over a whole site or snapshot. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/engine.h"

/* A setting that is refused unless waived (`allow NAME because "…" until DATE;`). */
struct check_weakness {
    const char *name;       /* of the waiver */
    const char *block;      /* where it is set within a site: "tls", or NULL */
    const char *directive;
    const char *doc;        /* why it is refused */
    bool (*is_weak)(const struct site *site);
};
extern const struct check_weakness check_weaknesses[]; /* ended by name NULL */

/* Adds one name as written at the node's word to l->site, lower case and canonical; told if wrong. */
void check_name(struct load *l, const struct parse_node *node, size_t word);
/* Whether the public certificate authorities give no certificates for this (canonical) name. */
bool check_name_internal(struct str name);
/* Canonical text of an IP literal, brackets allowed, into out (64 bytes); false: it is none. */
bool check_ip(struct str s, char out[64]);
/* A path of a route: told if wrong. */
bool check_route_path(struct load *l, const struct parse_node *node, size_t word);
/* Tells what is weaker than its waivers permit. In check_weak.c. */
void check_weak(struct load *l, const struct site *site, const struct parse_node *node);
/* Whether no route of l->site has that path yet; told at the node's word. */
bool check_route_new(struct load *l, const struct parse_node *node, size_t word, struct str path);
/* A site that was read whole: certificates, weak settings, handlers, order of routes. */
void check_site(struct load *l, struct site *site, const struct parse_node *node);
/* All of it: names, defaults, listeners, numbers. */
void check_snapshot(struct load *l);

#endif
