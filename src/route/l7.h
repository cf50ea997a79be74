/* Request's host + the connection it came on → site, or why not. Pure. */
#ifndef ROUTE_L7_H
#define ROUTE_L7_H

#include "config/snapshot.h"

struct l7_decision {
    const struct site *site;
};

/* sni_site: what the TLS handshake was made for; NULL: plain, or the client named none. host_lower:
 * as uri_host gives it. 0, or
 * -ERR_HTTP_MISDIRECTED (421): over TLS, and this connection may not be used for that host: no site
 *     of that name, or one with another trust (RFC 9110 15.5.20, RFC 9113 9.1.2);
 * -ERR_NOT_FOUND (404): plain, no site of that name. */
int must_use route_l7(const struct snapshot *s, const struct site *sni_site, bool secure,
                      struct str host_lower, struct l7_decision *ret);

#endif
