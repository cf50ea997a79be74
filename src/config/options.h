/* The tables of the language and what else knows its blocks by name. */
#ifndef CONFIG_OPTIONS_H
#define CONFIG_OPTIONS_H

#include "config/engine.h"

extern const struct option option_global[];   /* of struct snapshot */
extern const struct option option_site[];     /* of struct site */
extern const struct option option_route[];    /* of struct route */
extern const struct option option_limits[];   /* of struct limits */
extern const struct option option_tls[];      /* of struct tls_settings */
extern const struct option option_compress[]; /* of struct compress_settings */
extern const struct option option_cookies[];  /* of struct cookie_settings */
extern const struct engine_block option_blocks[]; /* all of them, ended by name NULL */

/* parse functions of rows, in site.c */
int site_parse(struct load *l, const struct parse_node *node, void *conf);
int site_certificate(struct load *l, const struct parse_node *node, void *conf);
int site_hsts(struct load *l, const struct parse_node *node, void *conf);
int site_header(struct load *l, const struct parse_node *node, void *conf);
int site_error_page(struct load *l, const struct parse_node *node, void *conf);
int site_allow(struct load *l, const struct parse_node *node, void *conf);
int site_route(struct load *l, const struct parse_node *node, void *conf);
int site_route_header(struct load *l, const struct parse_node *node, void *conf);

#endif
