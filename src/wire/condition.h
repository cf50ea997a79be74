/* Conditional requests (RFC 9110 13). */
#ifndef WIRE_CONDITION_H
#define WIRE_CONDITION_H

#include "wire/head.h"

enum condition { COND_PASS, COND_NOT_MODIFIED /* 304 */, COND_FAILED /* 412 */ };

#define MTIME_NONE INT64_MIN /* no modification time known */

/* Evaluates If-Match, If-Unmodified-Since, If-None-Match, If-Modified-Since in the order of RFC
 * 9110 13.2.2 against an existing representation. etag: its entity tag as it stands in the field
 * ("\"x\"", "W/\"x\""), or STR_NONE; mtime: seconds since 1970, or MTIME_NONE. Conditions that
 * cannot be read: a date is ignored, a tag list matches nothing. Call it only where the answer
 * without conditions were 2xx. */
enum condition condition_evaluate(const struct head *req, struct str etag, int64_t mtime);
/* The same where no representation exists (a PUT that creates): "If-Match" fails,
 * "If-None-Match" passes. */
enum condition condition_evaluate_absent(const struct head *req);
/* Whether Range is to be honoured as far as If-Range goes (13.1.5): true without If-Range, on a
 * strong match of the tag, or on exactly that date. */
bool condition_range_applies(const struct head *req, struct str etag, int64_t mtime);
/* Whether `etag` is a member of the list ("*" contains everything but STR_NONE). weak: compare
 * by RFC 9110 8.8.3.2's weak rule, else by the strong one. A malformed list contains what stands
 * before the fault. */
bool condition_etag_in(struct str list, struct str etag, bool weak);

#endif
