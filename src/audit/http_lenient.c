/* Sloppy response heads; see http_lenient.h. One pass, each byte looked at a bounded number of
 * times. */
#include "audit/http_lenient.h"

#include "wire/h1_frame.h"
#include "wire/scan.h"

/* The next line without its end, off the front. */
static struct str next_line(struct str *in, unsigned *sloppy)
{
    size_t n = str_find(*in, '\n', 0);
    struct str line = str_of(in->p, n);
    *in = str_from(*in, n + 1);
    if (line.n && line.p[line.n - 1] == '\r')
        line.n--;
    else
        *sloppy |= HTTP_SLOPPY_NEWLINE;
    return line;
}

static int status_line(struct head *h, struct str line, unsigned *sloppy)
{
    if (!str_istarts(line, STR("HTTP/")))
        return -ERR_HTTP_MALFORMED;
    size_t n = str_find(line, ' ', 0);
    struct str version = str_sub(line, 5, n < 5 ? 0 : n - 5);
    h->version = str_eq(version, STR("1.1")) ? HTTP_11 : HTTP_10;
    struct str rest = str_trim(str_from(line, n)), number = str_sub(rest, 0, 3);
    uint64_t status;
    if (!str_u64(number, &status) || status < 100)
        return -ERR_HTTP_MALFORMED;
    if (status > 599 || n + 1 > line.n || line.p[n + 1] == ' ' ||
        (rest.n > 3 && rest.p[3] != ' ') ||
        !(h->version == HTTP_11 || str_eq(version, STR("1.0"))) || !str_starts(line, STR("HTTP/")))
        *sloppy |= HTTP_SLOPPY_STATUS;
    h->status = (uint16_t)status;
    return 0;
}

static void clear_controls(char *p, size_t n, unsigned *sloppy)
{
    for (size_t i = 0; i < n; i++)
        if (((unsigned char)p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7f) {
            p[i] = ' ';
            *sloppy |= HTTP_SLOPPY_CONTROL;
        }
}

static void field_line(struct head *h, struct str line, unsigned *sloppy)
{
    size_t n = str_find(line, ':', 0);
    struct str name = str_trim(str_of(line.p, n));
    if (n == line.n || !scan_is_token(name)) {
        *sloppy |= HTTP_SLOPPY_LINE;
        return;
    }
    if (name.n != n)
        *sloppy |= HTTP_SLOPPY_COLON;
    if (head_add_named(h, name, str_trim(str_from(line, n + 1))))
        *sloppy |= HTTP_SLOPPY_MANY;
}

/* The field's value goes on: everything between becomes space, which it stands for (RFC 9112 5.2). */
static void fold(struct head *h, char *mem, struct str line, unsigned *sloppy)
{
    *sloppy |= HTTP_SLOPPY_FOLD;
    if (h->nfields == 0)
        return;
    struct str *value = &h->fields[h->nfields - 1].value;
    struct str more = str_trim(line);
    if (more.n == 0)
        return;
    size_t from = (size_t)(value->p - mem) + value->n, to = (size_t)(more.p - mem);
    memset(mem + from, ' ', to - from);
    *value = str_trim(str_of(value->p, (size_t)(more.p + more.n - value->p)));
}

/* RFC 9112 6.3 where the strict reading failed: Transfer-Encoding wins, then the first length. */
static void frame(struct head *h, enum method to)
{
    uint64_t length;
    h->keep_alive = false;
    h->length = LENGTH_UNKNOWN;
    if (h->status < 200 || h->status == 204 || h->status == 304 || to == METHOD_HEAD)
        h->length = LENGTH_NONE;
    else if (!head_has(h, FIELD_TRANSFER_ENCODING) &&
             str_u64(head_value(h, FIELD_CONTENT_LENGTH), &length) && length < LENGTH_UNKNOWN)
        h->length = length;
}

int http_lenient_parse(struct head *ret, char *mem, size_t n, enum method to, unsigned *ret_sloppy)
{
    struct str in = str_of(mem, n);
    unsigned sloppy = 0;
    struct str line = next_line(&in, &sloppy);
    struct head h = {.fields = ret->fields, .cap = ret->cap, .length = LENGTH_NONE};
    int err = status_line(&h, line, &sloppy);
    if (err)
        return err;
    bool dropped = false; /* what is folded onto a dropped line is dropped, too */
    while (in.n) {
        line = next_line(&in, &sloppy);
        if (line.n == 0)
            break;
        clear_controls(mem + (line.p - mem), line.n, &sloppy);
        if (line.p[0] == ' ' || line.p[0] == '\t') {
            if (!dropped)
                fold(&h, mem, line, &sloppy);
            continue;
        }
        size_t before = h.nfields;
        field_line(&h, line, &sloppy);
        dropped = h.nfields == before;
    }
    if (h1_frame_response(&h, to)) {
        sloppy |= HTTP_SLOPPY_LENGTH;
        frame(&h, to);
    }
    *ret = h;
    *ret_sloppy = sloppy;
    return 0;
}
