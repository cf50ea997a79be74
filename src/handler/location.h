/* Values of Location made of what a client sent. */
#ifndef HANDLER_LOCATION_H
#define HANDLER_LOCATION_H

#include "base/buf.h"
#include "http/exchange.h"

#define LOCATION_MAX (16 * 1024) /* bytes; what does not fit is refused with 414 */

/* Appends with everything percent-encoded that could end a field or mislead a client: controls,
 * space, quotes, < > \ ^ ` { | } and bytes above ASCII. What is percent-encoded stays so. */
void location_add(struct buf *out, struct str s);
/* Appends the decoded path, encoded again; "/" for a request without one ("*"). */
void location_add_path(struct buf *out, const struct exchange *x);
/* Appends the path as it was sent, which may begin with "//": only for behind a host. What is unsafe
 * in a field is encoded as by location_add; "/" for "*". */
void location_add_sent(struct buf *out, const struct exchange *x);
/* "?" and the query, if the request has one. */
void location_add_query(struct buf *out, const struct exchange *x);
/* Leaves one slash of several (or of backslashes) at the start from `from` on: browsers take
 * "//host" and "/\host" for another host. */
void location_flatten(struct buf *out, size_t from);
/* Redirects to what was built and ends the buffer's life. 0 or −err for on_head. */
int location_send(struct exchange *x, unsigned status, struct buf *out);

#endif
