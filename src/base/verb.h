/* An operation that can be asked for from outside, as a row of a const table: the control socket
 * (and whatever else speaks for people) looks its name up there. */
#ifndef BASE_VERB_H
#define BASE_VERB_H

#include "base/str.h"

struct verb {
    const char *name; /* "status" */
    const char *doc;  /* for the manual, one line */
    bool changes;     /* it does something, rather than only tell */
    /* `user` is the one who serves the table, `request` the one who asked. It answers through the
     * request, at once or later. */
    void (*run)(void *user, void *request);
};

/* A table is ended by a row without name. NULL: no such verb. */
static inline const struct verb *verb_find(const struct verb *table, struct str name)
{
    for (; table->name; table++)
        if (str_eq(name, str_c(table->name)))
            return table;
    return NULL;
}

#endif
