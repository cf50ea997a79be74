/* One row's value from words: the types of option.h, in both directions. */
#ifndef CONFIG_SETTING_H
#define CONFIG_SETTING_H

#include "config/engine.h"

/* Words of the node → the C value at the row's offset. 0 or −err (told). */
int setting_apply(struct load *l, const struct option *o, const struct parse_node *node, void *conf);
/* The row's default; −err: no memory. A default that does not parse is our own mistake. */
int setting_default(struct load *l, const struct option *o, void *conf);
/* The value as text of the language, without the name. Nothing for OPT_CUSTOM and OPT_BLOCK. */
void setting_text(const struct option *o, const void *conf, struct buf *out);
/* The value as JSON. */
void setting_json(const struct option *o, const void *conf, struct buf *out);

#endif
