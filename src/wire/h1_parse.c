/* HTTP/1 heads, strictly; see h1_parse.h.
 *
 * One pass from the front: each element is scanned up to the first byte that cannot belong to it,
 * and that byte must be the one the grammar wants next. A line therefore ends at CRLF only,
 * whatever it holds. When the input runs out the answer is NEED_MORE and the next try begins anew;
 * `from` keeps that linear, because a new try is only made when a line feed has come in, and the
 * number of lines is limited. A table-driven state machine was rejected: it would resume in the
 * middle, but cannot use the vector scans and reads worse.
 *
 * What the fields mean for framing is judged in h1_frame.c. */
#include "wire/h1_parse.h"

#include "wire/h1_frame.h"
#include "wire/scan.h"
#include "wire/uri.h"

#define METHOD_MAX 32 /* bytes; longer than all registered ones */

/* RFC 9112 2.2: a recipient may take a bare LF as a line's end. We refuse it: others do not take
 * it. */
static int line_end(struct str *in)
{
    if (in->n == 0)
        return -ERR_NEED_MORE;
    if (in->p[0] != '\r')
        return -ERR_HTTP_MALFORMED;
    if (in->n == 1)
        return -ERR_NEED_MORE;
    if (in->p[1] != '\n')
        return -ERR_HTTP_MALFORMED;
    *in = str_from(*in, 2);
    return 0;
}

/* "HTTP/1.1" or "HTTP/1.0" off the front. */
static int version(struct str *in, uint8_t *ret)
{
    static const char form[] = "HTTP/d.d";
    for (size_t i = 0; i < 8; i++) {
        if (i == in->n)
            return -ERR_NEED_MORE;
        char c = in->p[i];
        if (form[i] == 'd' ? c < '0' || c > '9' : c != form[i])
            return -ERR_HTTP_MALFORMED;
    }
    if (in->p[5] == '0')
        return -ERR_HTTP_MALFORMED; /* HTTP/0.9 has no version in its request, so this is nothing */
    if (in->p[5] != '1' || in->p[7] > '1')
        return -ERR_HTTP_VERSION;
    *ret = in->p[7] == '1' ? HTTP_11 : HTTP_10;
    *in = str_from(*in, 8);
    return 0;
}

static int field_line(struct head *h, struct str *in, size_t max)
{
    /* A line that begins with space (obs-fold, RFC 9112 5.2) and an empty name end up here as
     * well. */
    size_t n = scan_token(*in);
    if (n == in->n)
        return -ERR_NEED_MORE;
    if (n == 0 || in->p[n] != ':')
        return -ERR_HTTP_FIELD;
    struct str name = str_of(in->p, n), rest = str_from(*in, n + 1);
    n = scan_value(rest);
    struct str value = str_trim(str_of(rest.p, n));
    *in = str_from(rest, n);
    int err = line_end(in);
    if (err)
        return err == -ERR_NEED_MORE ? err : -ERR_HTTP_FIELD;
    if (h->nfields >= max)
        return -ERR_HTTP_FIELDS_TOO_LARGE;
    return head_add_named(h, name, value);
}

/* All field lines and the empty line behind them. */
static int field_section(struct head *h, struct str *in, size_t max)
{
    for (;;) {
        if (in->n == 0)
            return -ERR_NEED_MORE;
        if (in->p[0] == '\r') {
            int err = line_end(in);
            return err == -ERR_HTTP_MALFORMED ? -ERR_HTTP_FIELD : err;
        }
        int err = field_line(h, in, max);
        if (err)
            return err;
    }
}

static int method_part(struct head *h, struct str *in)
{
    size_t n = scan_token(*in);
    if (n > METHOD_MAX)
        return -ERR_HTTP_METHOD;
    if (n == in->n)
        return -ERR_NEED_MORE;
    if (n == 0 || in->p[n] != ' ')
        return -ERR_HTTP_MALFORMED;
    h->method_text = str_of(in->p, n);
    h->method = method_lookup(h->method_text);
    *in = str_from(*in, n + 1);
    return 0;
}

static int target_part(struct head *h, struct str *in, const struct h1_limits *limits)
{
    size_t n = scan_target(*in);
    if (n > limits->line)
        return -ERR_HTTP_URI_TOO_LONG;
    if (n == in->n)
        return -ERR_NEED_MORE;
    if (n == 0 || in->p[n] != ' ')
        return in->p[n] == '\r' || n == 0 ? -ERR_HTTP_MALFORMED : -ERR_HTTP_URI;
    h->target = str_of(in->p, n);
    *in = str_from(*in, n + 1);
    return 0;
}

static int authority_ok(struct str authority, uint16_t *ret_port)
{
    char text[URI_HOST_MAX];
    struct str host;
    return uri_host(authority, text, &host, ret_port);
}

/* "http://host:port/path?query": cut in its parts (RFC 9112 3.2.2). */
static int absolute_form(struct head *h)
{
    struct str t = h->target;
    size_t scheme = str_istarts(t, STR("https://")) ? 5 : str_istarts(t, STR("http://")) ? 4 : 0;
    uint16_t port;
    if (scheme == 0)
        return -ERR_HTTP_URI;
    struct str rest = str_from(t, scheme + 3);
    size_t n = 0;
    while (n < rest.n && rest.p[n] != '/' && rest.p[n] != '?')
        n++;
    h->scheme = scheme == 5 ? STR("https") : STR("http");
    h->authority = str_of(rest.p, n);
    h->target = str_from(rest, n);
    if (h->target.n == 0) /* RFC 9112 3.2.4: the asterisk in disguise */
        h->target = h->method == METHOD_OPTIONS ? STR("*") : STR("/");
    return authority_ok(h->authority, &port) ? -ERR_HTTP_URI : 0;
}

static int target_form(struct head *h)
{
    uint16_t port;
    if (str_find(h->target, '#', 0) < h->target.n) /* RFC 9112 3.2: a fragment is never sent */
        return -ERR_HTTP_URI;
    if (h->method == METHOD_CONNECT) {
        h->authority = h->target;
        return authority_ok(h->authority, &port) || port == 0 ? -ERR_HTTP_URI : 0;
    }
    if (h->target.p[0] == '/')
        return 0;
    if (str_eq(h->target, STR("*")))
        return h->method == METHOD_OPTIONS ? 0 : -ERR_HTTP_URI;
    return absolute_form(h);
}

static int request_line(struct head *h, struct str *in, const struct h1_limits *limits)
{
    int err = method_part(h, in);
    if (!err)
        err = target_part(h, in, limits);
    if (!err)
        err = version(in, &h->version);
    if (!err)
        err = line_end(in);
    return err ? err : target_form(h);
}

/* RFC 9112 3.2: exactly one valid Host in HTTP/1.1; what absolute-form says wins over it. */
static int host_rules(struct head *h)
{
    uint16_t port;
    size_t hosts = 0;
    for (size_t i = 0; i < h->nfields && head_has(h, FIELD_HOST); i++)
        hosts += h->fields[i].id == FIELD_HOST;
    if (hosts > 1 || (hosts == 0 && h->version == HTTP_11))
        return -ERR_HTTP_HOST;
    if (hosts == 0)
        return 0;
    struct str host = head_value(h, FIELD_HOST);
    if (authority_ok(host, &port))
        return -ERR_HTTP_HOST;
    if (h->authority.n == 0)
        h->authority = host;
    return 0;
}

static void head_reset(struct head *h)
{
    *h = (struct head){.fields = h->fields, .cap = h->cap, .length = LENGTH_NONE};
}

static int request(struct head *h, struct str *in, const struct h1_limits *limits)
{
    if (in->n && in->p[0] == '\r') {
        int err = line_end(in);
        if (err)
            return err;
    }
    int err = request_line(h, in, limits);
    if (!err)
        err = field_section(h, in, limits->fields);
    if (!err)
        err = host_rules(h);
    return err ? err : h1_frame_request(h);
}

/* Something can have changed since the last try only if a line has ended since, or a CR is
 * followed by what ends no line. */
static bool worth_a_try(struct str in, size_t from)
{
    return from == 0 || str_find(in, '\n', from) < in.n || str_find(in, '\r', from - 1) + 1 < in.n;
}

/* An incomplete head that fills its limit already is too large: what of it is, the lines tell. */
static int incomplete(struct str in, const struct h1_limits *limits)
{
    if (in.n < limits->head)
        return -ERR_NEED_MORE;
    bool in_first_line = str_find(str_from(in, 2), '\n', 0) == in.n - 2;
    return in_first_line ? -ERR_HTTP_URI_TOO_LONG : -ERR_HTTP_FIELDS_TOO_LARGE;
}

int h1_parse_request(struct head *ret, struct str in, size_t from, const struct h1_limits *limits,
                     size_t *ret_used)
{
    in = str_sub(in, 0, limits->head);
    /* A request line that grows without end is noticed here even though no line has ended. */
    if (!worth_a_try(in, from) && in.n <= limits->line + METHOD_MAX)
        return incomplete(in, limits);
    struct str rest = in;
    head_reset(ret);
    int err = request(ret, &rest, limits);
    if (err == -ERR_NEED_MORE)
        return incomplete(in, limits);
    if (!err)
        *ret_used = in.n - rest.n;
    return err;
}

/* "HTTP/1.1 200 OK" (RFC 9112 4). The reason is not kept. The space in front of an empty reason may
 * be missing, as many servers have it. */
static int status_line(struct head *h, struct str *in)
{
    int err = version(in, &h->version);
    if (err)
        return err;
    if (in->n < 5)
        return str_find(*in, '\n', 0) < in->n ? -ERR_HTTP_MALFORMED : -ERR_NEED_MORE;
    uint64_t status;
    if (in->p[0] != ' ' || !str_u64(str_sub(*in, 1, 3), &status) || status < 100 || status > 599)
        return -ERR_HTTP_MALFORMED;
    h->status = (uint16_t)status;
    *in = str_from(*in, 4);
    if (in->p[0] == ' ')
        *in = str_from(*in, 1 + scan_value(str_from(*in, 1)));
    return line_end(in);
}

int h1_parse_response(struct head *ret, struct str in, size_t from, enum method to,
                      const struct h1_limits *limits, size_t *ret_used)
{
    in = str_sub(in, 0, limits->head);
    struct str rest = in;
    int err = -ERR_NEED_MORE;
    if (worth_a_try(in, from)) {
        head_reset(ret);
        err = status_line(ret, &rest);
        if (!err)
            err = field_section(ret, &rest, limits->fields);
        if (!err)
            err = h1_frame_response(ret, to);
    }
    if (err == -ERR_NEED_MORE)
        return in.n < limits->head ? err : -ERR_HTTP_FIELDS_TOO_LARGE;
    if (!err)
        *ret_used = in.n - rest.n;
    return err;
}

int h1_parse_trailers(struct head *ret, struct str in, const struct h1_limits *limits,
                      size_t *ret_used)
{
    in = str_sub(in, 0, limits->head);
    struct str rest = in;
    head_reset(ret);
    int err = field_section(ret, &rest, limits->fields);
    if (err == -ERR_NEED_MORE)
        return in.n < limits->head ? err : -ERR_HTTP_FIELDS_TOO_LARGE;
    if (!err)
        err = h1_frame_trailers(ret);
    if (!err)
        *ret_used = in.n - rest.n;
    return err;
}
