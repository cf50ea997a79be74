/* Every table that is extended by adding a file, listed by hand: what gate443 can do stands here. */
#ifndef MAIN_REGISTRY_H
#define MAIN_REGISTRY_H

#include "config/option.h"

/* What a site or route can be answered with; NULL-terminated. */
extern const struct handler_decl *const registry_handlers[];

#endif
