/* Reports as they come, for the tests of the output formats: one of a good server, one of a terrible
 * one, one that failed, and one that does its worst to whoever reads it. */
#ifndef TESTS_REPORT_WORLD_H
#define TESTS_REPORT_WORLD_H

#include "audit/report_format.h"

/* Each builds a whole report in its own arena; free it with world_done. */
void world_good(struct report *ret);
void world_terrible(struct report *ret);
void world_failed(struct report *ret);
void world_hostile(struct report *ret);
void world_done(struct report *r);

struct world {
    const char *name;
    void (*build)(struct report *ret);
};
extern const struct world worlds[4];

/* What a format makes of these reports, begin and end included. The caller frees with buf_done. */
struct buf world_print(const struct report_format *f, const struct format_options *o,
                       const struct report *const *reports, size_t n);
#endif
