/* What the fields of an HTTP/1 message say about its body and its connection (RFC 9112 6, 9.3).
 * Used by h1_parse.c; each fills keep_alive, expect_continue and length of a head whose start
 * line and fields are there. */
#ifndef WIRE_H1_FRAME_H
#define WIRE_H1_FRAME_H

#include "wire/head.h"

/* -ERR_HTTP_LENGTH, -ERR_HTTP_CODING (501), -ERR_HTTP_EXPECT (417). */
int must_use h1_frame_request(struct head *h);
/* `to`: the method answered. LENGTH_UNKNOWN is chunked if Transfer-Encoding is there, else it
 * ends with the connection (keep_alive is false then). */
int must_use h1_frame_response(struct head *h, enum method to);
/* -ERR_HTTP_FIELD if a field is there that must not be in a trailer section. */
int must_use h1_frame_trailers(const struct head *h);
/* Whether `token` is a member of a list of tokens (Connection, Upgrade …), without case. */
bool h1_frame_list_has(const struct head *h, enum field_id id, struct str token);

#endif
