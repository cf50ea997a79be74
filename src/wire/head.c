/* Heads and the tables of field, method and status names; see head.h.
 *
 * field_lookup runs once for every field received. A hash table would need either start-up code or
 * a generated file; instead the X-table is expanded inside a switch over the length, where the
 * compiler drops all names of other lengths and turns the rest into a few word compares. */
#include "wire/head.h"

#define NAME_MAX_KNOWN 28

static const struct str names[FIELD_COUNT] = {
    [FIELD_OTHER] = {"", 0},
#define FIELD(id, name) [FIELD_##id] = {name, sizeof(name) - 1},
#include "wire/field.def"
#undef FIELD
};

#define FIELD(id, name)                                                                            \
    _Static_assert(sizeof(name) - 1 >= 2 && sizeof(name) - 1 <= NAME_MAX_KNOWN,                    \
                   "field_lookup's switch must know this length");
#include "wire/field.def"
#undef FIELD

static inline __attribute__((always_inline)) enum field_id among(const char *lower, const size_t n)
{
#define FIELD(id, name)                                                                            \
    if (sizeof(name) - 1 == n && memcmp(lower, name, sizeof(name) - 1) == 0)                       \
        return FIELD_##id;
#include "wire/field.def"
#undef FIELD
    return FIELD_OTHER;
}

enum field_id field_lookup(struct str name)
{
    char lower[NAME_MAX_KNOWN];
    if (name.n < 2 || name.n > sizeof lower)
        return FIELD_OTHER;
    for (size_t i = 0; i < name.n; i++)
        lower[i] = ascii_lower(name.p[i]);
    switch (name.n) {
#define OF_LENGTH(n)                                                                               \
    case n: return among(lower, n);
        OF_LENGTH(2)
        OF_LENGTH(3)
        OF_LENGTH(4)
        OF_LENGTH(5)
        OF_LENGTH(6)
        OF_LENGTH(7)
        OF_LENGTH(8)
        OF_LENGTH(9)
        OF_LENGTH(10)
        OF_LENGTH(11)
        OF_LENGTH(12)
        OF_LENGTH(13)
        OF_LENGTH(14)
        OF_LENGTH(15)
        OF_LENGTH(16)
        OF_LENGTH(17)
        OF_LENGTH(18)
        OF_LENGTH(19)
        OF_LENGTH(20)
        OF_LENGTH(21)
        OF_LENGTH(22)
        OF_LENGTH(23)
        OF_LENGTH(24)
        OF_LENGTH(25)
        OF_LENGTH(26)
        OF_LENGTH(27)
        OF_LENGTH(28)
#undef OF_LENGTH
    default: return FIELD_OTHER;
    }
}

struct str field_name(enum field_id id)
{
    return (unsigned)id < FIELD_COUNT ? names[id] : STR_NONE;
}

const struct field *head_get(const struct head *h, enum field_id id)
{
    if (!head_has(h, id))
        return NULL;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id == id)
            return &h->fields[i];
    return NULL;
}

struct str head_value(const struct head *h, enum field_id id)
{
    const struct field *f = head_get(h, id);
    return f ? f->value : STR_NONE;
}

const struct field *head_find(const struct head *h, struct str name)
{
    for (size_t i = 0; i < h->nfields; i++)
        if (str_ieq(h->fields[i].name, name))
            return &h->fields[i];
    return NULL;
}

static int add(struct head *h, struct field f)
{
    if (h->nfields >= h->cap)
        return -ERR_HTTP_FIELDS_TOO_LARGE;
    h->fields[h->nfields++] = f;
    h->present |= UINT64_C(1) << f.id;
    return 0;
}

int head_add(struct head *h, enum field_id id, struct str value)
{
    return add(h, (struct field){field_name(id), value, id});
}

int head_add_named(struct head *h, struct str name, struct str value)
{
    return add(h, (struct field){name, value, field_lookup(name)});
}

void head_remove(struct head *h, enum field_id id)
{
    if (!head_has(h, id))
        return;
    size_t kept = 0;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id != id)
            h->fields[kept++] = h->fields[i];
    h->nfields = kept;
    h->present &= ~(UINT64_C(1) << id);
}

static const struct str methods[] = {
    [METHOD_OTHER] = {"", 0},          [METHOD_GET] = {"GET", 3},
    [METHOD_HEAD] = {"HEAD", 4},       [METHOD_POST] = {"POST", 4},
    [METHOD_PUT] = {"PUT", 3},         [METHOD_DELETE] = {"DELETE", 6},
    [METHOD_OPTIONS] = {"OPTIONS", 7}, [METHOD_PATCH] = {"PATCH", 5},
    [METHOD_CONNECT] = {"CONNECT", 7}, [METHOD_TRACE] = {"TRACE", 5},
};
#define METHODS (sizeof methods / sizeof methods[0])

enum method method_lookup(struct str text)
{
    for (size_t i = 1; i < METHODS; i++)
        if (str_eq(methods[i], text)) /* methods are case-sensitive: RFC 9110 9.1 */
            return (enum method)i;
    return METHOD_OTHER;
}

struct str method_name(enum method m)
{
    return (unsigned)m < METHODS ? methods[m] : STR_NONE;
}

static const char *const reasons[] = {
    [100] = "Continue",
    [101] = "Switching Protocols",
    [102] = "Processing",
    [103] = "Early Hints",
    [200] = "OK",
    [201] = "Created",
    [202] = "Accepted",
    [203] = "Non-Authoritative Information",
    [204] = "No Content",
    [205] = "Reset Content",
    [206] = "Partial Content",
    [207] = "Multi-Status",
    [208] = "Already Reported",
    [226] = "IM Used",
    [300] = "Multiple Choices",
    [301] = "Moved Permanently",
    [302] = "Found",
    [303] = "See Other",
    [304] = "Not Modified",
    [305] = "Use Proxy",
    [307] = "Temporary Redirect",
    [308] = "Permanent Redirect",
    [400] = "Bad Request",
    [401] = "Unauthorized",
    [402] = "Payment Required",
    [403] = "Forbidden",
    [404] = "Not Found",
    [405] = "Method Not Allowed",
    [406] = "Not Acceptable",
    [407] = "Proxy Authentication Required",
    [408] = "Request Timeout",
    [409] = "Conflict",
    [410] = "Gone",
    [411] = "Length Required",
    [412] = "Precondition Failed",
    [413] = "Content Too Large",
    [414] = "URI Too Long",
    [415] = "Unsupported Media Type",
    [416] = "Range Not Satisfiable",
    [417] = "Expectation Failed",
    [421] = "Misdirected Request",
    [422] = "Unprocessable Content",
    [423] = "Locked",
    [424] = "Failed Dependency",
    [425] = "Too Early",
    [426] = "Upgrade Required",
    [428] = "Precondition Required",
    [429] = "Too Many Requests",
    [431] = "Request Header Fields Too Large",
    [451] = "Unavailable For Legal Reasons",
    [500] = "Internal Server Error",
    [501] = "Not Implemented",
    [502] = "Bad Gateway",
    [503] = "Service Unavailable",
    [504] = "Gateway Timeout",
    [505] = "HTTP Version Not Supported",
    [506] = "Variant Also Negotiates",
    [507] = "Insufficient Storage",
    [508] = "Loop Detected",
    [511] = "Network Authentication Required",
};

const char *status_reason(unsigned status)
{
    if (status >= sizeof reasons / sizeof reasons[0] || !reasons[status])
        return "";
    return reasons[status];
}
