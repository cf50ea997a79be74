/* The way of body bytes through the filters to the engine; see filter.h. */
#include "http/filter.h"

#include "http/exchange_send.h"

ssize_t filter_next_body(struct filter *f, struct exchange *x, const struct str *parts, size_t n,
                         bool end)
{
    struct filter *next = f->next;
    return next ? next->ops->body(next, x, parts, n, end) : exchange_engine_body(x, parts, n, end);
}
