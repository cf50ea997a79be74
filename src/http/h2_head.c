/* Request heads of HTTP/2: fields as nghttp2 decodes them → struct head in the exchange's arena.
 * nghttp2 has checked already what RFC 9113 8.2 and 8.3 say about pseudo-fields, letters,
 * connection-specific fields and content-length; here come the limits on what it decodes (an
 * HPACK bomb is large only when decoded), cookies, and Host against :authority. */
#include "http/h2.h"

#include "wire/scan.h"
#include "wire/uri.h"

void h2_head_begin(struct h2_stream *s)
{
    struct head *h = &s->x.req;
    *h = (struct head){.version = HTTP_2, .keep_alive = true, .length = LENGTH_UNKNOWN};
    h->fields = s->first;
    h->cap = H2_FIELDS_FIRST;
}

static int grow(struct h2_stream *s)
{
    struct head *h = &s->x.req;
    struct field *bigger = arena_alloc(&s->arena, 2 * h->cap * sizeof *bigger);
    if (!bigger)
        return -ERR_HTTP_FIELDS_TOO_LARGE;
    memcpy(bigger, h->fields, h->nfields * sizeof *bigger);
    h->fields = bigger;
    h->cap *= 2;
    return 0;
}

static int set(struct h2_stream *s, struct str *to, struct str value)
{
    *to = arena_str(&s->arena, value);
    return to->p ? 0 : -ERR_HTTP_FIELDS_TOO_LARGE;
}

static int pseudo(struct h2_stream *s, struct str name, struct str value)
{
    struct head *h = &s->x.req;
    if (str_eq(name, STR(":method"))) {
        h->method = method_lookup(value);
        return set(s, &h->method_text, value);
    }
    if (str_eq(name, STR(":path"))) {
        if (value.n > s->h2->base.limits->uri_size)
            return -ERR_HTTP_URI_TOO_LONG;
        return scan_target(value) == value.n ? set(s, &h->target, value) : -ERR_HTTP_URI;
    }
    if (str_eq(name, STR(":scheme"))) { /* as HTTP/1's absolute-form; letters of any case (RFC 3986 3.1) */
        h->scheme = str_ieq(value, STR("https")) ? STR("https") : STR("http");
        return str_ieq(value, h->scheme) ? 0 : -ERR_HTTP_URI;
    }
    if (str_eq(name, STR(":authority")))
        return set(s, &h->authority, value);
    if (str_eq(name, STR(":protocol")))
        return set(s, &h->protocol, value);
    return -ERR_HTTP_FIELD;
}

static int regular(struct h2_stream *s, struct str name, struct str value)
{
    struct head *h = &s->x.req;
    struct field f = {.name = name, .id = field_lookup(name)};
    int err = h->nfields == h->cap ? grow(s) : 0;
    if (err)
        return err;
    if (f.id != FIELD_OTHER)
        f.name = field_name(f.id);
    else if ((err = set(s, &f.name, name)) != 0)
        return err;
    if ((err = set(s, &f.value, value)) != 0)
        return err;
    h->fields[h->nfields++] = f;
    h->present |= f.id ? (uint64_t)1 << f.id : 0;
    return 0;
}

void h2_head_count(struct h2_stream *s, struct str name, struct str value)
{
    s->head_bytes += name.n + value.n + 32; /* RFC 9113 6.5.2 */
    s->cookies += str_eq(name, STR("cookie"));
    /* Crumbs are one field (RFC 9113 8.2.3): their bytes count, their number does not. */
    s->head_fields += name.n && name.p[0] != ':' && (s->cookies <= 1 || !str_eq(name, STR("cookie")));
}

void h2_head_field(struct h2_stream *s, struct str name, struct str value)
{
    const struct limits *l = s->h2->base.limits;
    if (s->fault)
        return;
    if (s->head_bytes > l->header_size || s->head_fields > l->header_count) {
        s->fault = -ERR_HTTP_FIELDS_TOO_LARGE;
        return;
    }
    s->fault = name.n && name.p[0] == ':' ? pseudo(s, name, value) : regular(s, name, value);
}

/* RFC 9113 8.2.3: crumbs are joined by "; " before anybody else sees them. */
static int join_cookies(struct h2_stream *s)
{
    struct head *h = &s->x.req;
    size_t n = 0, at = 0, kept = 0;
    struct field *joined = NULL;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id == FIELD_COOKIE)
            n += h->fields[i].value.n + 2;
    char *text = arena_alloc(&s->arena, n + 1);
    if (!text)
        return -ERR_HTTP_FIELDS_TOO_LARGE;
    for (size_t i = 0; i < h->nfields; i++) {
        struct field f = h->fields[i];
        if (f.id == FIELD_COOKIE) {
            if (joined) {
                memcpy(text + at, "; ", 2);
                at += 2;
            }
            memcpy(text + at, f.value.p, f.value.n);
            at += f.value.n;
            if (joined)
                continue;
            joined = &h->fields[kept];
        }
        h->fields[kept++] = f;
    }
    text[at] = '\0';
    joined->value = str_of(text, at);
    h->nfields = kept;
    return 0;
}

/* Whether both name the same: letters of any case, a port that the scheme has anyway
 * (RFC 3986 6.2.3). */
static bool same_authority(const struct head *h, struct str one, struct str other)
{
    char text[2][URI_HOST_MAX];
    struct str host[2];
    uint16_t port[2], usual = str_eq(h->scheme, STR("http")) ? 80 : 443;
    if (str_ieq(one, other))
        return true;
    if (uri_host(one, text[0], &host[0], &port[0]) || uri_host(other, text[1], &host[1], &port[1]))
        return false;
    return str_eq(host[0], host[1]) && (port[0] ? port[0] : usual) == (port[1] ? port[1] : usual);
}

/* RFC 9113 8.3.1: Host, if there too, must be the same. */
static int check_authority(struct head *h)
{
    const struct field *host = head_get(h, FIELD_HOST);
    if (!host)
        return 0;
    if (h->authority.n == 0)
        h->authority = host->value;
    return same_authority(h, h->authority, host->value) ? 0 : -ERR_HTTP_HOST;
}

/* RFC 9110 10.1.1, as HTTP/1 has it (wire/h1_frame.c). */
static int read_expectation(struct head *h)
{
    for (size_t i = 0; head_has(h, FIELD_EXPECT) && i < h->nfields; i++)
        if (h->fields[i].id == FIELD_EXPECT && !str_ieq(h->fields[i].value, STR("100-continue")))
            return -ERR_HTTP_EXPECT;
    h->expect_continue = head_has(h, FIELD_EXPECT) && h->length != LENGTH_NONE && h->length != 0;
    return 0;
}

static int read_length(struct head *h, bool end)
{
    const struct field *f = head_get(h, FIELD_CONTENT_LENGTH);
    if (f)
        return str_u64(f->value, &h->length) && h->length < LENGTH_UNKNOWN ? 0 : -ERR_HTTP_LENGTH;
    h->length = end ? LENGTH_NONE : LENGTH_UNKNOWN;
    return 0;
}

void h2_head_finish(struct h2_stream *s, bool end)
{
    struct head *h = &s->x.req;
    if (!s->fault && s->cookies > 1)
        s->fault = join_cookies(s);
    if (!s->fault)
        s->fault = check_authority(h);
    if (!s->fault)
        s->fault = read_length(h, end);
    if (!s->fault)
        s->fault = read_expectation(h);
    if (head_has(h, FIELD_PRIORITY)) /* nghttp2 has read it as well; ours is for the response's */
        s->priority = priority_parse(head_value(h, FIELD_PRIORITY));
    if (h->method == METHOD_CONNECT && h->protocol.n == 0)
        h->target = h->authority; /* as HTTP/1's authority-form */
}
