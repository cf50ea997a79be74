/* Extensible priorities (RFC 9218 4), a Structured Field dictionary (RFC 9651). */
#ifndef WIRE_PRIORITY_H
#define WIRE_PRIORITY_H

#include "base/str.h"

struct priority {
    uint8_t urgency; /* 0 (first) to 7 */
    bool incremental;
};

#define PRIORITY_DEFAULT ((struct priority){.urgency = 3, .incremental = false})

/* Priority field or PRIORITY_UPDATE value: what it names, the defaults for the rest; the defaults
 * for a value that is no dictionary. */
struct priority priority_parse(struct str value);
/* The same over what *p holds: a response's field changes only what it names (RFC 9218 8). */
void priority_merge(struct priority *p, struct str value);

#endif
