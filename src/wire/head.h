/* One message head, shared by parsers, router, handlers and emitters: all slices are borrowed from
 * whatever buffer or arena the maker names. HTTP/2 and HTTP/3 pseudo-fields are members, never
 * fields. */
#ifndef WIRE_HEAD_H
#define WIRE_HEAD_H

#include "base/err.h"
#include "base/str.h"

enum field_id {
    FIELD_OTHER = 0,
#define FIELD(id, name) FIELD_##id,
#include "wire/field.def"
#undef FIELD
    FIELD_COUNT
};
_Static_assert(FIELD_COUNT <= 64, "field ids are bits of head.present");

struct field {
    struct str name; /* any case over HTTP/1, lower over HTTP/2; compare through id or str_ieq */
    struct str value; /* without space around it */
    enum field_id id;
};

enum method {
    METHOD_OTHER = 0, /* a token that we do not know: see head.method_text */
    METHOD_GET,
    METHOD_HEAD,
    METHOD_POST,
    METHOD_PUT,
    METHOD_DELETE,
    METHOD_OPTIONS,
    METHOD_PATCH,
    METHOD_CONNECT,
    METHOD_TRACE,
};

enum http_version { HTTP_10 = 10, HTTP_11 = 11, HTTP_2 = 20, HTTP_3 = 30 };

#define LENGTH_NONE UINT64_MAX        /* no body */
#define LENGTH_UNKNOWN (UINT64_MAX - 1) /* a body that ends by chunk, END_STREAM or close */

struct head {
    /* request */
    enum method method;
    struct str method_text;
    struct str target;    /* "/a?b", "*", or what absolute-form holds behind the authority */
    struct str scheme;    /* "https"; from absolute-form, :scheme, or the connection */
    struct str authority; /* Host or :authority, as sent: "Example.com:8443" */
    struct str protocol;  /* :protocol of extended CONNECT (RFC 8441) */
    /* response */
    uint16_t status;
    /* both */
    uint8_t version;    /* enum http_version */
    bool keep_alive;    /* HTTP/1: the connection may go on behind this message */
    bool expect_continue;
    uint64_t length;    /* body bytes, or LENGTH_* */
    uint64_t present;   /* bit of each field_id that occurs */
    struct field *fields;
    size_t nfields, cap; /* used, room at `fields` */
};

static inline bool head_has(const struct head *h, enum field_id id)
{
    return h->present >> id & 1;
}

/* First field of that id, or NULL. Cheap when absent. */
const struct field *head_get(const struct head *h, enum field_id id);
/* Its value, or the empty slice. */
struct str head_value(const struct head *h, enum field_id id);
/* First field of any name (compared without case). */
const struct field *head_find(const struct head *h, struct str name);
/* Appends; -ERR_HTTP_FIELDS_TOO_LARGE when `fields` is full. Sets present. */
int must_use head_add(struct head *h, enum field_id id, struct str value);
int must_use head_add_named(struct head *h, struct str name, struct str value);
/* Removes every field of that id. */
void head_remove(struct head *h, enum field_id id);
/* Name → id, without regard to case; FIELD_OTHER: unknown. */
enum field_id field_lookup(struct str name);
struct str field_name(enum field_id id); /* lower case */
enum method method_lookup(struct str text);
struct str method_name(enum method m);
const char *status_reason(unsigned status); /* "Not Found"; "" for unknown */

#endif
