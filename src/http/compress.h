/* The three content codings as one streaming coder. */
#ifndef HTTP_COMPRESS_H
#define HTTP_COMPRESS_H

#include "base/err.h"
#include "base/str.h"
#include "wire/accept.h"

enum compress_op {
    COMPRESS_MORE,  /* further input follows: the coder may hold back */
    COMPRESS_FLUSH, /* everything so far must become readable to the peer */
    COMPRESS_END,
};

struct compressor;

/* level: 1 to 9 as configured, mapped to each coding's own. At most about 1.5 MiB each. size: bytes of the
 * whole input, LENGTH_UNKNOWN if not known. NULL: no memory, or no such coding. */
struct compressor *compressor_new(enum coding coding, int level, uint64_t size);
void compressor_free(struct compressor *c); /* NULL is harmless */
/* Consumes from the front of *in, writes at most cap bytes to out, *ret_n of them. 1: the operation
 * is complete (with MORE: the input is used up); 0: call again with room. −err: it is broken. */
int must_use compressor_run(struct compressor *c, enum compress_op op, struct str *in, char *out,
                            size_t cap, size_t *ret_n);

#endif
