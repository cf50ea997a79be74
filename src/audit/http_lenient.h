/* A response head that the strict parser refused, read for what can be kept. Only the auditor may
 * do so: it shows what is there and forwards nothing. */
#ifndef AUDIT_HTTP_LENIENT_H
#define AUDIT_HTTP_LENIENT_H

#include "audit/http_client.h"

/* mem: the head, n bytes, writable (folded lines and control characters become spaces in place);
 * ret->fields and ret->cap are the caller's, the slices point into mem. `to`: the method answered.
 * ret->length and keep_alive say how to go on, ret_sloppy why the strict parser did not take it.
 * -ERR_HTTP_MALFORMED: no status line. */
int must_use http_lenient_parse(struct head *ret, char *mem, size_t n, enum method to,
                                unsigned *ret_sloppy);

#endif
