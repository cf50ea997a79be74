/* Framing of HTTP/1 messages; see h1_frame.h. Two recipients must never see two lengths, so each
 * ambiguity is an error, also where RFC 9112 6.3 would allow to repair it: both fields, repeated
 * Content-Length even when equal, any Transfer-Encoding that is not exactly "chunked". */
#include "wire/h1_frame.h"

#include "wire/scan.h"

/* Counts of what the Transfer-Encoding lines hold. */
struct codings {
    unsigned chunked, other;
    bool malformed;      /* an empty member, or no token */
    bool behind_chunked; /* something stands behind "chunked" */
};

static void count_codings(struct codings *c, struct str value)
{
    struct str piece;
    if (value.n == 0)
        c->malformed = true;
    while (str_split(&value, ',', &piece)) {
        piece = str_trim(piece);
        c->behind_chunked |= c->chunked > 0;
        if (str_ieq(piece, STR("chunked")))
            c->chunked++;
        else if (scan_is_token(piece))
            c->other++;
        else
            c->malformed = true;
    }
}

/* RFC 9112 6.1. */
static int transfer_encoding(struct head *h)
{
    struct codings c = {0};
    if (head_has(h, FIELD_CONTENT_LENGTH) || h->version == HTTP_10)
        return -ERR_HTTP_LENGTH;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id == FIELD_TRANSFER_ENCODING)
            count_codings(&c, h->fields[i].value);
    if (c.malformed || c.behind_chunked)
        return -ERR_HTTP_LENGTH;
    if (c.other)
        return -ERR_HTTP_CODING;
    h->length = LENGTH_UNKNOWN;
    return 0;
}

/* RFC 9112 6.2: digits only, one line, one value. */
static int content_length(struct head *h)
{
    size_t lines = 0;
    uint64_t n = 0;
    for (size_t i = 0; i < h->nfields; i++)
        lines += h->fields[i].id == FIELD_CONTENT_LENGTH;
    if (lines != 1 || !str_u64(head_value(h, FIELD_CONTENT_LENGTH), &n) || n > INT64_MAX)
        return -ERR_HTTP_LENGTH;
    h->length = n;
    return 0;
}

static int length(struct head *h)
{
    h->length = LENGTH_NONE;
    if (head_has(h, FIELD_TRANSFER_ENCODING))
        return transfer_encoding(h);
    return head_has(h, FIELD_CONTENT_LENGTH) ? content_length(h) : 0;
}

bool h1_frame_list_has(const struct head *h, enum field_id id, struct str token)
{
    for (size_t i = 0; i < h->nfields && head_has(h, id); i++) {
        struct str rest = h->fields[i].value, piece;
        if (h->fields[i].id != id)
            continue;
        while (str_split(&rest, ',', &piece))
            if (str_ieq(str_trim(piece), token))
                return true;
    }
    return false;
}

/* RFC 9112 9.3. */
static bool persistent(const struct head *h)
{
    if (h1_frame_list_has(h, FIELD_CONNECTION, STR("close")))
        return false;
    return h->version == HTTP_11 || h1_frame_list_has(h, FIELD_CONNECTION, STR("keep-alive"));
}

/* RFC 9110 10.1.1. */
static int expectation(struct head *h)
{
    h->expect_continue = false;
    if (!head_has(h, FIELD_EXPECT) || h->version == HTTP_10)
        return 0;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id == FIELD_EXPECT && !str_ieq(h->fields[i].value, STR("100-continue")))
            return -ERR_HTTP_EXPECT;
    h->expect_continue = h->length != LENGTH_NONE && h->length != 0;
    return 0;
}

int h1_frame_request(struct head *h)
{
    int err = length(h);
    if (err)
        return err;
    h->keep_alive = persistent(h);
    return expectation(h);
}

int h1_frame_response(struct head *h, enum method to)
{
    int err = length(h);
    if (err)
        return err;
    h->keep_alive = persistent(h);
    /* RFC 9110 8.6, RFC 9112 6.1: neither field may be in these. Whoever sends a length there
     * may send the body too, which would then be taken for the next response. */
    if (h->status < 200 || h->status == 204) {
        if (h->length != LENGTH_NONE && h->length != 0)
            return -ERR_HTTP_LENGTH;
        h->length = LENGTH_NONE;
        return 0;
    }
    if (to == METHOD_HEAD || h->status == 304 || (to == METHOD_CONNECT && h->status < 300)) {
        h->length = LENGTH_NONE;
        return 0;
    }
    if (h->length == LENGTH_NONE) {
        h->length = LENGTH_UNKNOWN;
        h->keep_alive = false;
    }
    return 0;
}

/* RFC 9110 6.5.1: framing, routing, request modifiers, credentials, response control, and how to
 * process the content. */
static const enum field_id never_in_trailers[] = {
    FIELD_HOST,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_CONNECTION,
    FIELD_CONTENT_TYPE,
    FIELD_CONTENT_ENCODING,
    FIELD_CONTENT_RANGE,
    FIELD_COOKIE,
    FIELD_SET_COOKIE,
    FIELD_AUTHORIZATION,
    FIELD_WWW_AUTHENTICATE,
    FIELD_IF_MATCH,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_RANGE,
    FIELD_IF_MODIFIED_SINCE,
    FIELD_IF_UNMODIFIED_SINCE,
    FIELD_RANGE,
    FIELD_CACHE_CONTROL,
    FIELD_EXPIRES,
    FIELD_VARY,
    FIELD_LOCATION,
    FIELD_EXPECT,
    FIELD_TE,
    FIELD_TRAILER,
    FIELD_UPGRADE,
    FIELD_KEEP_ALIVE,
    FIELD_PROXY_CONNECTION,
    FIELD_FORWARDED,
    FIELD_X_FORWARDED_FOR,
    FIELD_X_FORWARDED_PROTO,
    FIELD_ORIGIN,
    FIELD_RETRY_AFTER,
    FIELD_STRICT_TRANSPORT_SECURITY,
    FIELD_EARLY_DATA,
    FIELD_HTTP2_SETTINGS,
};

int h1_frame_trailers(const struct head *h)
{
    for (size_t i = 0; i < sizeof never_in_trailers / sizeof never_in_trailers[0]; i++)
        if (head_has(h, never_in_trailers[i]))
            return -ERR_HTTP_FIELD;
    return 0;
}
