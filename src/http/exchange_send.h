/* Between exchange.c, filter.c and error_page.c: the lowest step above the engine. */
#ifndef HTTP_EXCHANGE_SEND_H
#define HTTP_EXCHANGE_SEND_H

#include "http/exchange.h"

/* Behind the filters: hands bytes to the engine and counts what it took. */
ssize_t exchange_engine_body(struct exchange *x, const struct str *parts, size_t n, bool end);

/* While an error is being answered. In the exchange's arena. */
struct error_state {
    uint16_t status;
    bool internal; /* the site's own page is being fetched: its handler answers with `status` */
    bool page;     /* the built-in page is sent by exchange.c; a handler's calls are swallowed */
    const struct field *extra; /* fields of whoever failed it: Allow, WWW-Authenticate */
    size_t nextra;
    const struct handler *handler; /* of the original request: gets its on_gone at the end */
    const void *conf;
    void *state;
};

#endif
