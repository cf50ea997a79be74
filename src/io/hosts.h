/* The hosts file (hosts(5)): names that need no name server. Pure: the text is the caller's. */
#ifndef IO_HOSTS_H
#define IO_HOSTS_H

#include "base/addr.h"

/* All addresses of `name` (ASCII, without last dot; compared without case) in the text's order, up
 * to `max`, with port 0; how many. Lines that make no sense are passed over, as everywhere. */
size_t hosts_find(struct str text, struct str name, struct addr *out, size_t max);

#endif
