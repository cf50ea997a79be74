/* "name[=value]" in a list, as most security fields have it (RFC 9110 5.6.6 and its like): read
 * leniently, with a mark on what the grammar does not allow. */
#ifndef AUDIT_HTTP_PARAM_H
#define AUDIT_HTTP_PARAM_H

#include "base/str.h"

struct http_param {
    struct str name, value; /* slices; of a quoted value what is between the quotes */
    bool has_value, quoted;
    bool bad; /* no token, no closing quote, or something behind the value */
};

/* Takes the next parameter of a list with that separator off the front of *in; false at the end.
 * Empty members are skipped. */
bool http_param_next(struct str *in, char sep, struct http_param *ret);

#endif
