/* Connecting to somebody. */
#ifndef IO_DIAL_H
#define IO_DIAL_H

#include "base/addr.h"
#include "io/stream.h"

/* Begins a TCP connection; never blocks. Until it stands a write takes 0 (WRITABLE follows), a read
 * says -ERR_AGAIN; a refusal shows as READABLE and then as what read returns. -ERR_OPEN_FILES,
 * -ERR_REFUSED and the like when it fails at once, with errno saying more. */
int must_use dial_tcp(struct loop *loop, const struct addr *to, struct stream **ret);

#endif
