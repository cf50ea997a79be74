/* Writing HTTP/1.1 heads; see h1_emit.h. All is checked and summed up first, then written in one
 * go: a head that would smuggle a line (CR, LF, NUL in a value) never reaches the buffer in
 * part. */
#include "wire/h1_emit.h"

#include "wire/scan.h"

/* Bytes of the fields and the empty line, or -ERR_HTTP_FIELD. */
static int measure(const struct head *h, size_t *ret_n)
{
    size_t n = 2;
    for (size_t i = 0; i < h->nfields; i++) {
        const struct field *f = &h->fields[i];
        if (!scan_is_token(f->name) || scan_value(f->value) != f->value.n)
            return -ERR_HTTP_FIELD;
        n += f->name.n + f->value.n + 4;
    }
    *ret_n = n;
    return 0;
}

static char *put(char *p, struct str s)
{
    if (s.n)
        memcpy(p, s.p, s.n);
    return p + s.n;
}

static char *put_fields(char *p, const struct head *h)
{
    for (size_t i = 0; i < h->nfields; i++) {
        p = put(p, h->fields[i].name);
        p = put(p, STR(": "));
        p = put(p, h->fields[i].value);
        p = put(p, STR("\r\n"));
    }
    return put(p, STR("\r\n"));
}

int h1_emit_fields(struct buf *out, const struct head *h)
{
    size_t n;
    int err = measure(h, &n);
    if (!err)
        err = buf_reserve(out, n);
    if (err)
        return err;
    put_fields(buf_end(out), h);
    buf_added(out, n);
    return 0;
}

int h1_emit_response(struct buf *out, const struct head *h)
{
    struct str reason = str_c(status_reason(h->status));
    size_t n;
    if (h->status < 100 || h->status > 599)
        return -ERR_INVAL;
    int err = measure(h, &n);
    n += sizeof "HTTP/1.1 200 \r\n" - 1 + reason.n;
    if (!err)
        err = buf_reserve(out, n);
    if (err)
        return err;
    char code[4] = {(char)('0' + h->status / 100), (char)('0' + h->status / 10 % 10),
                    (char)('0' + h->status % 10), ' '};
    char *p = put(buf_end(out), STR("HTTP/1.1 "));
    p = put(p, str_of(code, sizeof code));
    p = put(p, reason);
    p = put(p, STR("\r\n"));
    put_fields(p, h);
    buf_added(out, n);
    return 0;
}

int h1_emit_request(struct buf *out, const struct head *h)
{
    struct str method = h->method_text.n ? h->method_text : method_name(h->method);
    size_t n;
    if (!scan_is_token(method))
        return -ERR_HTTP_METHOD;
    if (h->target.n == 0 || scan_target(h->target) != h->target.n)
        return -ERR_HTTP_URI;
    int err = measure(h, &n);
    n += method.n + 1 + h->target.n + sizeof " HTTP/1.1\r\n" - 1;
    if (!err)
        err = buf_reserve(out, n);
    if (err)
        return err;
    char *p = put(buf_end(out), method);
    p = put(p, STR(" "));
    p = put(p, h->target);
    p = put(p, STR(" HTTP/1.1\r\n"));
    put_fields(p, h);
    buf_added(out, n);
    return 0;
}
