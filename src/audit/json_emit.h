/* Writes JSON value by value: commas, indentation and escapes are its affair, nesting the caller's.
 * What comes out is always valid JSON (RFC 8259): bytes that are not UTF-8 become U+FFFD, and so
 * does NUL, which many readers refuse. Numbers are whole: no reader rounds or localises them. */
#ifndef AUDIT_JSON_EMIT_H
#define AUDIT_JSON_EMIT_H

#include "base/buf.h"

struct json_emit {
    struct buf *out; /* the caller's */
    unsigned depth;  /* for the indentation */
    bool pretty;     /* a member a line */
    bool comma;      /* something stands before the next value in its object or array */
};

/* `key` NULL: an element of an array, or the document itself. `bracket`: '{' or '['. */
void json_emit_open(struct json_emit *j, const char *key, char bracket);
void json_emit_close(struct json_emit *j, char bracket); /* '}' or ']' */
void json_emit_str(struct json_emit *j, const char *key, struct str value);
void json_emit_z(struct json_emit *j, const char *key, const char *value); /* NULL: null */
void json_emit_int(struct json_emit *j, const char *key, int64_t value);
/* At most 2^53 - 1, the largest whole number that every reader holds. */
void json_emit_size(struct json_emit *j, const char *key, uint64_t value);
void json_emit_bool(struct json_emit *j, const char *key, bool value);
void json_emit_null(struct json_emit *j, const char *key);
void json_emit_hex(struct json_emit *j, const char *key, struct str bytes); /* "16030100" */

#endif
