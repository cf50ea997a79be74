/* HTTP/1.1 exchanges of the auditor; see http_client.h.
 *
 * The head is gathered until its empty line, found by counting the bytes of the current line, so
 * that no byte is looked at twice however it trickles in; only then it is parsed, once, out of the
 * caller's arena, where the result's slices live. */
#include "audit/http_client.h"

#include "audit/http_lenient.h"
#include "wire/h1_parse.h"
#include "wire/scan.h"

enum { HEAD, LENGTH, CHUNKS, TRAILERS, TO_CLOSE, DONE };

#define TRAILER_MAX (16 * 1024)

static bool has_field(const struct http_request *r, struct str name)
{
    for (size_t i = 0; i < r->nfields; i++)
        if (str_ieq(r->fields[i].name, name))
            return true;
    return false;
}

static void add_field(struct buf *out, struct str name, struct str value)
{
    buf_add(out, name);
    buf_add(out, STR(": "));
    buf_add(out, value);
    buf_add(out, STR("\r\n"));
}

static void add_default(struct buf *out, const struct http_request *r, struct str name,
                        struct str value)
{
    if (!has_field(r, name))
        add_field(out, name, value);
}

static bool request_ok(const struct http_request *r)
{
    if ((r->method.n && !scan_is_token(r->method)) || scan_target(r->target) != r->target.n ||
        r->host.n == 0 || scan_target(r->host) != r->host.n)
        return false;
    for (size_t i = 0; i < r->nfields; i++)
        if (!scan_is_token(r->fields[i].name) || !scan_is_value(r->fields[i].value))
            return false;
    return true;
}

int http_client_request(struct buf *out, const struct http_request *r)
{
    if (!request_ok(r))
        return -ERR_INVAL;
    buf_add(out, r->method.n ? r->method : STR("GET"));
    buf_addc(out, ' ');
    buf_add(out, r->target.n ? r->target : STR("/"));
    buf_add(out, r->http10 ? STR(" HTTP/1.0\r\n") : STR(" HTTP/1.1\r\n"));
    add_default(out, r, STR("Host"), r->host);
    add_default(out, r, STR("User-Agent"), STR("gate443-audit/" GATE443_VERSION));
    add_default(out, r, STR("Accept"), STR("text/html,*/*;q=0.8"));
    add_default(out, r, STR("Accept-Encoding"), STR("identity"));
    add_default(out, r, STR("Connection"), r->keep_alive ? STR("keep-alive") : STR("close"));
    for (size_t i = 0; i < r->nfields; i++)
        add_field(out, r->fields[i].name, r->fields[i].value);
    buf_add(out, STR("\r\n"));
    return buf_err(out);
}

void http_client_init(struct http_client *c, struct arena *arena, enum method to)
{
    memset(c, 0, sizeof *c);
    c->arena = arena;
    c->to = to;
    buf_init(&c->in, HTTP_HEAD_MAX);
    buf_init(&c->body, HTTP_BODY_KEPT);
}

void http_client_done(struct http_client *c)
{
    buf_done(&c->in);
    buf_done(&c->body);
}

static int finish(struct http_client *c, enum http_end end)
{
    struct str body = arena_str(c->arena, buf_str(&c->body));
    if (!body.p)
        return -ERR_NOMEM;
    c->answer.body = body;
    c->answer.end = end;
    c->answer.truncated = end == HTTP_END_CUT;
    if (end == HTTP_END_CUT || end == HTTP_END_CLOSE || end == HTTP_END_FAULT)
        c->answer.keep_alive = false;
    c->state = DONE;
    return 0;
}

static int strict(struct head *h, struct str in, enum method to)
{
    static const struct h1_limits limits = {
        .line = HTTP_HEAD_MAX, .head = HTTP_HEAD_MAX, .fields = HTTP_FIELDS_MAX};
    size_t used;
    int err = h1_parse_response(h, in, 0, to, &limits, &used);
    return err ? err : used == in.n ? 0 : -ERR_HTTP_MALFORMED;
}

static size_t lines(struct str in)
{
    size_t n = 1;
    for (size_t i = 0; i < in.n; i++)
        n += in.p[i] == '\n';
    return n;
}

/* Parses what is in c->in, out of a copy that stays. */
static int parse_head(struct http_client *c, struct head *h)
{
    struct str in = buf_str(&c->in);
    h->cap = lines(in) < HTTP_FIELDS_MAX ? lines(in) : HTTP_FIELDS_MAX;
    h->fields = arena_alloc(c->arena, h->cap * sizeof *h->fields);
    char *mem = arena_cstr(c->arena, in);
    if (!h->fields || !mem)
        return -ERR_NOMEM;
    c->answer.sloppy = 0;
    int err = strict(h, str_of(mem, in.n), c->to);
    if (err)
        err = http_lenient_parse(h, mem, in.n, c->to, &c->answer.sloppy);
    if (c->skipped)
        c->answer.sloppy |= HTTP_SLOPPY_NEWLINE;
    return err;
}

/* "gzip, chunked": the last coding frames the message (RFC 9112 6.1). */
static bool is_chunked(const struct head *h)
{
    struct str last = STR_NONE;
    for (size_t i = 0; i < h->nfields; i++)
        if (h->fields[i].id == FIELD_TRANSFER_ENCODING)
            last = h->fields[i].value;
    size_t comma = str_rfind(last, ',');
    return str_ieq(str_trim(comma < last.n ? str_from(last, comma + 1) : last), STR("chunked"));
}

/* How the body goes on. */
static int begin_body(struct http_client *c, const struct head *h)
{
    c->answer.status = h->status;
    c->answer.version = h->version;
    c->answer.keep_alive = h->keep_alive;
    c->answer.fields = h->fields;
    c->answer.nfields = h->nfields;
    if (h->status == 101)
        return finish(c, HTTP_END_SWITCH);
    if (h->length == LENGTH_NONE || h->length == 0)
        return finish(c, HTTP_END_EMPTY);
    c->state = TO_CLOSE;
    if (h->length != LENGTH_UNKNOWN) {
        c->left = h->length;
        c->state = LENGTH;
    } else if (is_chunked(h)) {
        chunk_init(&c->chunk);
        c->state = CHUNKS;
    }
    return -ERR_NEED_MORE;
}

static int head_complete(struct http_client *c)
{
    struct head h;
    int err = parse_head(c, &h);
    buf_clear(&c->in);
    if (err)
        return err;
    if (h.status >= 200 || h.status == 101)
        return begin_body(c, &h);
    if (++c->answer.interim > HTTP_INTERIM_MAX)
        return -ERR_TOO_MANY;
    return -ERR_NEED_MORE;
}

/* What does not begin like a status line never becomes one. */
static bool is_http(struct str in)
{
    struct str begin = str_sub(in, 0, 5);
    return str_ieq(begin, str_sub(STR("HTTP/"), 0, begin.n));
}

/* Up to and with the line feed of an empty line; 0: it is not among these bytes. */
static size_t empty_line(size_t *line, struct str in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (in.p[i] == '\n' && *line == 0)
            return i + 1;
        if (in.p[i] == '\n')
            *line = 0;
        else if (in.p[i] != '\r')
            *line += 1;
    }
    return 0;
}

static void skip_newlines(struct http_client *c, struct str *in)
{
    size_t n = 0;
    while (n < in->n && (in->p[n] == '\r' || in->p[n] == '\n'))
        n++;
    c->skipped |= n > 0;
    *in = str_from(*in, n);
}

static int feed_head(struct http_client *c, struct str *in)
{
    if (c->in.n == 0)
        skip_newlines(c, in);
    size_t n = empty_line(&c->line, *in);
    int err = buf_append(&c->in, str_sub(*in, 0, n ? n : in->n));
    if (err)
        return err == -ERR_LIMIT ? -ERR_HTTP_FIELDS_TOO_LARGE : err;
    *in = n ? str_from(*in, n) : STR_NONE;
    if (!is_http(buf_str(&c->in)))
        return -ERR_HTTP_MALFORMED;
    return n ? head_complete(c) : -ERR_NEED_MORE;
}

static int keep(struct http_client *c, struct str data)
{
    c->answer.body_bytes += data.n;
    return buf_append(&c->body, str_sub(data, 0, buf_room(&c->body)));
}

static int feed_length(struct http_client *c, struct str *in)
{
    struct str data = str_sub(*in, 0, c->left < in->n ? (size_t)c->left : in->n);
    int err = keep(c, data);
    if (err)
        return err;
    c->left -= data.n;
    *in = str_from(*in, data.n);
    return c->left ? -ERR_NEED_MORE : finish(c, HTTP_END_LENGTH);
}

static int feed_chunks(struct http_client *c, struct str *in)
{
    struct str data;
    int more;
    while ((more = chunk_next(&c->chunk, in, &data)) == 1) {
        int err = keep(c, data);
        if (err)
            return err;
    }
    if (more < 0)
        return finish(c, HTTP_END_FAULT);
    if (more == 0)
        return -ERR_NEED_MORE;
    c->state = TRAILERS;
    c->line = 0;
    return -ERR_NEED_MORE;
}

/* Their contents say nothing about security, so they are only skipped. */
static int feed_trailers(struct http_client *c, struct str *in)
{
    size_t n = empty_line(&c->line, *in);
    c->trailer += n ? n : in->n;
    *in = n ? str_from(*in, n) : STR_NONE;
    if (c->trailer > TRAILER_MAX)
        return finish(c, HTTP_END_FAULT);
    return n ? finish(c, HTTP_END_CHUNK) : -ERR_NEED_MORE;
}

static int feed_some(struct http_client *c, struct str *in)
{
    int err;
    switch (c->state) {
    case HEAD: return feed_head(c, in);
    case LENGTH: return feed_length(c, in);
    case CHUNKS: return feed_chunks(c, in);
    case TRAILERS: return feed_trailers(c, in);
    case TO_CLOSE:
        err = keep(c, *in);
        *in = STR_NONE;
        return err ? err : -ERR_NEED_MORE;
    default: return 0;
    }
}

int http_client_feed(struct http_client *c, struct str in, size_t *ret_used)
{
    struct str rest = in;
    int err = c->state == DONE ? 0 : -ERR_NEED_MORE;
    while (err == -ERR_NEED_MORE && rest.n)
        err = feed_some(c, &rest);
    if (err == 0)
        *ret_used = in.n - rest.n;
    return err;
}

/* A head without its end is shown as far as it came. */
static int close_head(struct http_client *c)
{
    struct head h;
    if (c->in.n == 0)
        return -ERR_EOF;
    int err = parse_head(c, &h);
    if (err)
        return err;
    c->answer.sloppy = 0; /* what is missing is no sloppiness */
    err = begin_body(c, &h);
    return err == 0 || err == -ERR_NEED_MORE ? finish(c, HTTP_END_CUT) : err;
}

int http_client_close(struct http_client *c, bool clean)
{
    if (c->state == DONE)
        return 0;
    c->answer.clean_close = clean;
    if (c->state == HEAD)
        return close_head(c);
    return finish(c, c->state == TO_CLOSE ? HTTP_END_CLOSE : HTTP_END_CUT);
}

void http_client_from_h2(struct http_answer *ret, const struct h2_client_answer *a)
{
    static const enum http_end ends[] = {[H2_CLIENT_OPEN] = HTTP_END_NONE,
                                         [H2_CLIENT_DONE] = HTTP_END_CHUNK,
                                         [H2_CLIENT_RESET] = HTTP_END_FAULT,
                                         [H2_CLIENT_GONE] = HTTP_END_CUT};
    *ret = (struct http_answer){.status = a->status,
                                .version = HTTP_2,
                                .interim = a->interim,
                                .fields = a->fields,
                                .nfields = a->nfields,
                                .body = a->body,
                                .body_bytes = a->body_bytes,
                                .end = ends[a->end],
                                .truncated = a->end == H2_CLIENT_GONE,
                                .keep_alive = a->end == H2_CLIENT_DONE,
                                .sloppy = a->cut ? HTTP_SLOPPY_MANY : 0};
}

const struct field *http_answer_find(const struct http_answer *a, struct str name)
{
    for (size_t i = 0; i < a->nfields; i++)
        if (str_ieq(a->fields[i].name, name))
            return &a->fields[i];
    return NULL;
}

struct str http_answer_value(const struct http_answer *a, struct str name)
{
    const struct field *f = http_answer_find(a, name);
    return f ? f->value : STR_NONE;
}
