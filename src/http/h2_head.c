/* Request heads of HTTP/2: fields as nghttp2 decodes them → struct head in the exchange's arena.
 * nghttp2 has checked already what RFC 9113 8.2 and 8.3 say about pseudo-fields, letters,
 * connection-specific fields and content-length; here come the limits on what it decodes (an
 * HPACK bomb is large only when decoded), cookies, and Host against :authority. */
#include "http/h2.h"

#include "wire/scan.h"

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
    if (str_eq(name, STR(":scheme")))
        return set(s, &h->scheme, value);
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
    s->cookies += f.id == FIELD_COOKIE;
    h->fields[h->nfields++] = f;
    h->present |= f.id ? (uint64_t)1 << f.id : 0;
    return 0;
}

void h2_head_field(struct h2_stream *s, struct str name, struct str value)
{
    const struct limits *l = s->h2->base.limits;
    if (s->fault)
        return;
    if (s->head_bytes > l->header_size || s->head_fields > l->header_count + 5) {
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

/* RFC 9113 8.3.1: Host, if there too, must be the same. */
static int check_authority(struct head *h)
{
    const struct field *host = head_get(h, FIELD_HOST);
    if (!host)
        return 0;
    if (h->authority.n == 0)
        h->authority = host->value;
    return str_ieq(h->authority, host->value) ? 0 : -ERR_HTTP_HOST;
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
    if (head_has(h, FIELD_EXPECT))
        h->expect_continue = str_ieq(head_value(h, FIELD_EXPECT), STR("100-continue"));
    if (head_has(h, FIELD_PRIORITY)) /* nghttp2 has read it as well; ours is for the response's */
        s->priority = priority_parse(head_value(h, FIELD_PRIORITY));
    if (h->method == METHOD_CONNECT && h->protocol.n == 0)
        h->target = h->authority; /* as HTTP/1's authority-form */
}
