/* HTTP/1.0 and 1.1 message heads (RFC 9112), strict: what could be read in two ways is refused.
 * Pure: the whole head must be in one piece of memory, and the slices of the result point into
 * it. */
#ifndef WIRE_H1_PARSE_H
#define WIRE_H1_PARSE_H

#include "wire/head.h"

struct h1_limits {
    size_t line;   /* bytes of the request target, else -ERR_HTTP_URI_TOO_LONG */
    size_t head;   /* bytes of the whole head, else -ERR_HTTP_FIELDS_TOO_LARGE */
    size_t fields; /* how many, at most what ret->cap holds */
};

/* Parses one request head from the start of `in`. ret->fields and ret->cap are given by the
 * caller; the rest is overwritten. `from`: bytes of `in` known not to complete the head (the
 * length of the last try), so that a head which trickles in is not scanned again and again. 0:
 * complete, *ret_used bytes belong to it. -ERR_NEED_MORE: more bytes needed (never when a limit
 * is passed already). Otherwise the error says which status to answer with. One empty line
 * (CRLF) before a request line is skipped (RFC 9112 2.2). */
int must_use h1_parse_request(struct head *ret, struct str in, size_t from,
                              const struct h1_limits *limits, size_t *ret_used);
/* The same for a response (for the client side). `to`: the method that it answers, for the body
 * length (RFC 9112 6.3). */
int must_use h1_parse_response(struct head *ret, struct str in, size_t from, enum method to,
                               const struct h1_limits *limits, size_t *ret_used);
/* Fields of a trailer section, up to and with its empty line. Framing, routing and credential
 * fields are refused (RFC 9110 6.5.1). */
int must_use h1_parse_trailers(struct head *ret, struct str in, const struct h1_limits *limits,
                               size_t *ret_used);

#endif
