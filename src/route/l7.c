/* Host → site; see l7.h. A connection that was made for one site may carry requests for another
 * only if both ask the same of their clients: otherwise a client certificate or a TLS version that
 * one site insists on could be got round through the name of the other.
 * `trust` numbers belong to one snapshot; a connection keeps the one that it began with, so sites of
 * two snapshots are never compared. */
#include "route/l7.h"

int route_l7(const struct snapshot *s, const struct site *sni_site, bool secure,
             struct str host_lower, struct l7_decision *ret)
{
    const struct site *site = snapshot_site(s, host_lower);
    if (!site)
        return secure ? -ERR_HTTP_MISDIRECTED : -ERR_NOT_FOUND;
    if (secure && sni_site && sni_site != site && sni_site->trust != site->trust)
        return -ERR_HTTP_MISDIRECTED;
    *ret = (struct l7_decision){.site = site};
    return 0;
}
