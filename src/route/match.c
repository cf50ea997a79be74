/* Path → route; see match.h. A walk over routes that config sorted by length: sites have few routes,
 * and for a few dozen a walk over one array beats any tree. `/files` does not match `/files/`: what
 * a path without its slash means (a redirect, usually) is for the handler of the shorter route. */
#include "route/match.h"

const struct route *route_match(const struct site *site, struct str decoded_path)
{
    for (size_t i = 0; i < site->nroutes; i++) {
        const struct route *route = site->routes[i];
        if (route->prefix ? str_starts(decoded_path, route->path)
                          : str_eq(decoded_path, route->path))
            return route;
    }
    return NULL;
}
