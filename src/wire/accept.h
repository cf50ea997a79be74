/* Content coding negotiation (RFC 9110 12.5.3). */
#ifndef WIRE_ACCEPT_H
#define WIRE_ACCEPT_H

#include "wire/head.h"

enum coding { CODING_IDENTITY, CODING_GZIP, CODING_BR, CODING_ZSTD, CODING_COUNT };
#define CODING_BIT(coding) (1u << (coding))

struct str coding_name(enum coding c); /* as in Content-Encoding; "identity" */

/* Quality of `coding` in one Accept-Encoding value, 0 to 1000; by "*" when it is not named; -1:
 * neither is there (identity is acceptable then, nothing else). x-gzip is gzip. Members that
 * cannot be read do not count. */
int accept_quality(struct str value, struct str coding);
/* The best of the codings whose bits are in `available`, by quality, then br, zstd, gzip,
 * identity. identity is always taken to be available; no field means identity. All lines of the
 * field count. If the client refuses everything we have: identity (RFC 9110 12.5.3 allows to
 * disregard the field). */
enum coding accept_coding(const struct head *req, unsigned available);
/* Quality of a media type "type/subtype" in Accept, 0 to 1000, the most specific range counting
 * (RFC 9110 12.5.1); 1000 for an empty value. */
int accept_media(struct str value, struct str type);

#endif
