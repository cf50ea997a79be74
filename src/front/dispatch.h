/* Head → site → route → handler. */
#ifndef FRONT_DISPATCH_H
#define FRONT_DISPATCH_H

#include "front/front.h"
#include "http/handler.h"

/* Chooses and calls the handler of a request. https_port: for the redirect from plain HTTP. */
void dispatch_request(struct exchange *x, uint16_t https_port);
/* The access log's record of an exchange that finished at `now` (ns). */
void dispatch_record(const struct exchange *x, uint64_t now, struct access_record *ret,
                     char peer[ADDR_TEXT_MAX]);

#endif
