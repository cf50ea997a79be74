/* The lists of registry.h. No constructor magic: a table that is not here is not in the program. */
#include "main/registry.h"

#include "handler/handlers.h"

const struct handler_decl *const registry_handlers[] = {
    &static_handler.decl,
    &redirect_handler.decl,
    &respond_handler.decl,
    NULL,
};
