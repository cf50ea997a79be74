/* Who wants to be left alone: names, "*.example.com" (it and all beneath it), addresses, ranges; a
 * word a line, "#" begins a comment. Pure. Memory: the names, and 32 bytes a range. */
#ifndef AUDIT_EXCLUDE_H
#define AUDIT_EXCLUDE_H

#include "audit/ip_range.h"
#include "base/arena.h"
#include "base/map.h"

struct exclude {
    struct arena arena;
    struct map names, trees;  /* exactly this; this and what is beneath */
    struct ip_range *ranges;  /* heap; sorted and apart once read */
    size_t nranges, cap;
};

void exclude_init(struct exclude *e, const uint64_t seed[2]);
void exclude_done(struct exclude *e);
/* The whole text of a file, once. -ERR_NOMEM; -ERR_SYNTAX with *ret_line of the first that is wrong:
 * a list half understood protects nobody. */
int must_use exclude_read(struct exclude *e, struct str text, unsigned *ret_line);
bool exclude_name(const struct exclude *e, struct str host); /* lower-case A-labels, or an address */
bool exclude_addr(const struct exclude *e, const struct addr *a);

#endif
