/* The handlers of this room: const tables, listed in main/registry.c. */
#ifndef HANDLER_HANDLERS_H
#define HANDLER_HANDLERS_H

#include "http/handler.h"

extern const struct handler static_handler;   /* root */
extern const struct handler redirect_handler; /* redirect */
extern const struct handler respond_handler;  /* respond */

/* What answers on the plain port. No directive: the front calls it with this conf. */
struct https_redirect_conf {
    uint16_t https_port; /* where https is served; 443 is left out of the address */
};
extern const struct handler https_redirect_handler;

/* Answers a certificate authority's challenge on the plain port, from where `challenges` says. No
 * directive: the front calls it, without a conf. -ERR_NOT_FOUND: there is no such answer, and the
 * front goes on as if it had not asked. */
extern const struct handler challenge_handler;

#endif
