/* A connection through a proxy, as a stream that is there once the proxy has opened it. */
#ifndef AUDIT_VIA_DIAL_H
#define AUDIT_VIA_DIAL_H

#include "audit/via.h"
#include "base/addr.h"
#include "io/stream.h"

/* proxy: the address of `via`, with its port. Until the way is open a write takes 0 and a read says
 * -ERR_AGAIN; a proxy that refuses shows as -ERR_REFUSED of a read, and why_cap bytes at ret_why
 * (the caller's, outliving the stream) then say so. host, port: as in via_talk_init. Errors:
 * dial_tcp's, via_talk_init's, -ERR_NOMEM. */
int must_use via_dial(struct loop *loop, const struct via *via, const struct addr *proxy,
                      struct str host, uint16_t port, char *ret_why, size_t why_cap,
                      struct stream **ret);
/* The same on a stream that is there already; it is the new one's from now on (also on failure). */
int must_use via_dial_on(struct stream *under, const struct via *via, struct str host,
                         uint16_t port, char *ret_why, size_t why_cap, struct stream **ret);

#endif
