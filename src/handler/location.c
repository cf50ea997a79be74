/* Building Location; see location.h. A redirect is an open door when the client's own text can
 * reach the authority part, or a second field. Neither can from here: paths are normalised before
 * ("//" and "\" do not occur in them) or stand behind a host that is ours, and unsafe bytes are
 * encoded whatever parsers let through. */
#include "handler/location.h"

static bool unsafe(unsigned char c)
{
    return c <= 0x20 || c >= 0x7f || strchr("\"<>\\^`{|}", c);
}

void location_add(struct buf *out, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (unsafe(c))
            buf_addf(out, "%%%02X", c);
        else
            buf_addc(out, (char)c);
    }
}

void location_add_path(struct buf *out, const struct exchange *x)
{
    if (x->path.decoded.n)
        uri_encode_path(out, x->path.decoded);
    else
        buf_addc(out, '/');
}

void location_add_sent(struct buf *out, const struct exchange *x)
{
    struct str raw = x->path.raw;
    location_add(out, str_starts(raw, STR("/")) ? raw : STR("/"));
}

void location_add_query(struct buf *out, const struct exchange *x)
{
    if (!x->path.has_query)
        return;
    buf_addc(out, '?');
    location_add(out, x->path.query);
}

void location_flatten(struct buf *out, size_t from)
{
    if (!buf_ok(out) || from >= out->n)
        return;
    char *p = out->mem + out->off + from;
    size_t n = out->n - from, skip = 0;
    while (skip < n && (p[skip] == '/' || p[skip] == '\\'))
        skip++;
    if (skip < 2)
        return;
    p[0] = '/';
    memmove(p + 1, p + skip, n - skip);
    out->n -= skip - 1;
}

int location_send(struct exchange *x, unsigned status, struct buf *out)
{
    int err = buf_err(out);
    if (!err)
        exchange_redirect(x, status, buf_str(out));
    buf_done(out);
    return err == -ERR_LIMIT ? -ERR_HTTP_URI_TOO_LONG : err;
}
