/* The values of directives as text: numbers with units, dates. Pure. */
#ifndef CONFIG_VALUE_H
#define CONFIG_VALUE_H

#include "base/buf.h"

bool value_size(struct str s, uint64_t *ret);     /* "10", "64k", "1m", "2g", "1t": 1024-based bytes */
bool value_duration(struct str s, uint64_t *ret); /* "500ms", "10s", "5m", "1h", "30d" → ns */
/* "2027-01-01" → the last second of that day, UTC, since 1970. Years 1970-9999. */
bool value_date_end(struct str s, int64_t *ret);
void value_add_size(struct buf *out, uint64_t bytes);
void value_add_duration(struct buf *out, uint64_t ns);
void value_add_date(struct buf *out, int64_t wall);
/* As one word of the language, in quotes where that is needed. */
void value_add_word(struct buf *out, struct str s);
/* Edits (insert, drop, change, swap neighbours) that make a of b; more than `max` gives max + 1. */
unsigned value_distance(struct str a, struct str b, unsigned max);

#define VALUE_SECOND UINT64_C(1000000000)

#endif
