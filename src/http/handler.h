/* What answers a request. A handler is one file in src/handler with one of these and a row in
 * main/registry.c. */
#ifndef HTTP_HANDLER_H
#define HTTP_HANDLER_H

#include "config/load.h"
#include "http/exchange.h"

/* A const table; conf is const during service and belongs to the snapshot. */
struct handler {
    struct handler_decl decl; /* name, options, conf_size, load, unload: what config sees */
    unsigned methods;         /* bits 1 << enum method that it answers; others get 405 with Allow;
                                 OPTIONS is answered by dispatch if not among them */
    bool fixed; /* it answers with what everybody may have, files or constant text: no secret stands
                   next to a visitor's input, so compression tells nothing (BREACH) */
    /* 0, or −err which dispatch answers with exchange_fail. */
    int (*on_head)(const void *conf, struct exchange *x);
    /* May be NULL: the body is discarded (credit is given by exchange.c). */
    void (*on_body)(struct exchange *x, struct str data, bool end);
    void (*on_writable)(struct exchange *x); /* may be NULL */
    void (*on_gone)(struct exchange *x);     /* may be NULL; always last, exactly once */
};

#endif
