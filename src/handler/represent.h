/* One representation of a file (RFC 9110 3.2): plain or in one content coding, with the response
 * head prepared, so that answering from memory builds nothing. */
#ifndef HANDLER_REPRESENT_H
#define HANDLER_REPRESENT_H

#include "wire/accept.h"
#include "wire/head.h"

#include <sys/stat.h>

#define REPRESENT_FIELDS 8

/* Embedded in a cache entry, or in the exchange's arena. Its head points into itself: never copy. */
struct representation {
    struct head head; /* 200, complete but for what policies add */
    struct field fields[REPRESENT_FIELDS];
    char etag_text[112];
    char modified[32];
    struct str etag;
    int64_t mtime; /* s since 1970, as Last-Modified says */
    uint64_t size; /* bytes of the body in this coding */
    enum coding coding;
};

/* What the fields are made of; slices are borrowed for the representation's life. */
struct represent_args {
    struct str type, cache_control; /* cache_control may be empty */
    bool vary;                      /* Accept-Encoding decided, or could have */
    const struct stat *original;    /* of the uncoded file: gives entity tag and date */
    const struct stat *sibling;     /* of the file with the coded bytes; NULL: plain, or coded here */
    enum coding coding;
    uint64_t size;
    int64_t now; /* s since 1970 */
};

/* Which was modified later: below, equal to or above 0, as memcmp has it. */
int represent_compare_times(const struct stat *a, const struct stat *b);
void represent_init(struct representation *r, const struct represent_args *args);

#endif
