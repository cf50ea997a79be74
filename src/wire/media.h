/* Media types by file suffix. */
#ifndef WIRE_MEDIA_H
#define WIRE_MEDIA_H

#include "base/str.h"

struct media {
    struct str suffix; /* lower case, without the dot */
    struct str type;   /* as in Content-Type, text with charset=utf-8 */
    bool compressible; /* worth gzip and the like */
};

/* By the last suffix of a file name or path, without case; "application/octet-stream" when unknown
 * or there is none. Never NULL. */
const struct media *media_of(struct str name);
/* Whether a Content-Type (parameters allowed) of an application is worth compressing. */
bool media_compressible(struct str content_type);

#endif
