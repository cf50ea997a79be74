/* Range requests for bytes (RFC 9110 14). */
#ifndef WIRE_RANGE_H
#define WIRE_RANGE_H

#include "base/err.h"
#include "base/str.h"

#include <stddef.h>

#define RANGE_MAX 8 /* ranges in one field; more of them are an attack rather than a client */

struct range {
    uint64_t from;   /* first byte */
    uint64_t length; /* > 0 */
};

/* value: the Range field; size: of the representation; out: room for cap ranges. 0: *ret_n
 * ranges, in the order asked, none beyond size, none empty, overlapping and touching ones merged
 * into the earlier one. *ret_n = 0: ignore the field and answer 200 (malformed, another unit,
 * more than RANGE_MAX or cap, or merged they are the whole). -ERR_RANGE: none can be satisfied,
 * answer 416. */
int must_use range_parse(struct str value, uint64_t size, struct range *out, size_t cap,
                         size_t *ret_n);

#endif
