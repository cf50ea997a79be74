/* The one living line of a terminal while an audit runs: a spinner, a bar, how much of what is known
 * is done, and what is being done. Pure: the caller says which frame it is and writes the bytes. The
 * line overwrites itself with '\r' and spaces, so it needs nothing that a dumb terminal lacks. */
#ifndef AUDIT_REPORT_PROGRESS_H
#define AUDIT_REPORT_PROGRESS_H

#include "audit/report_format.h"

/* `frame` counts up with each call; ten to twelve a second look well. */
void report_progress_draw(struct buf *out, const struct audit_progress *p, unsigned frame,
                          const struct format_options *o);
/* Leaves an empty line with the cursor at its beginning. */
void report_progress_erase(struct buf *out, const struct format_options *o);

#endif
