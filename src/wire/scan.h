/* Scanning runs of bytes, 16 at a time where SSE2 is there (all of x86-64), with the one
 * definition of what may stand in a name, a value and a target. HTTP/1, HTTP/2 and HTTP/3 all
 * check with these. */
#ifndef WIRE_SCAN_H
#define WIRE_SCAN_H

#include "base/str.h"

/* Each gives the offset of the first byte that does not belong, or s.n. */
size_t scan_value(struct str s);  /* HTAB, SP, VCHAR, obs-text: RFC 9110 5.5 */
size_t scan_target(struct str s); /* 0x21 to 0x7e */
size_t scan_token(struct str s);  /* tchar: RFC 9110 5.6.2 */

static inline bool scan_is_token(struct str s)
{
    return s.n > 0 && scan_token(s) == s.n;
}

/* A field's value as it may be sent: no control characters, no space around it. */
bool scan_is_value(struct str s);

#endif
