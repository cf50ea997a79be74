/* Path → route of a site. Pure. */
#ifndef ROUTE_MATCH_H
#define ROUTE_MATCH_H

#include "config/snapshot.h"

/* decoded_path: normalised, begins with "/" (wire/uri.h). The longest route that matches: exact
 * ones match the whole path, those that end with '/' all beneath. NULL: none. */
const struct route *route_match(const struct site *site, struct str decoded_path);

#endif
