/* Requests, and a reader of responses that shares no code with the server. */
#include "sim.h"

#include <stdlib.h>
#include <zlib.h>

void sim_expect(struct sim_expect *e, enum sim_kind kind, const struct sim_files *f,
                const char *hello)
{
    static const char filler[3000] = {[0] = 'x', [2999] = 'y'};
    *e = (struct sim_expect){.method = "GET", .path = "/", .status = 200};
    switch (kind) {
    case SIM_GET_EMPTY:
        e->path = "/empty.txt";
        break;
    case SIM_GET_SMALL:
        e->path = "/small.txt";
        e->body = str_of(f->small, SIM_SMALL);
        break;
    case SIM_GET_MID:
        e->path = "/mid.bin";
        e->body = str_of(f->mid, SIM_MID);
        break;
    case SIM_GET_BIG:
        e->path = "/big.bin";
        e->body = str_of(f->big, SIM_BIG);
        break;
    case SIM_HEAD_MID:
        e->method = "HEAD";
        e->path = "/mid.bin";
        e->head = true;
        break;
    case SIM_MISSING:
        e->path = "/missing/at/all?a=b";
        e->status = 404;
        e->any_body = true;
        break;
    case SIM_REDIRECT:
        e->path = "/old/page";
        e->status = 308;
        e->any_body = true;
        break;
    case SIM_RANGE:
        e->path = "/mid.bin";
        e->field = STR("range: bytes=1000-3999");
        e->status = 206;
        e->body = str_of(f->mid + 1000, 3000);
        break;
    case SIM_GZIP:
        e->path = "/page.html";
        e->field = STR("accept-encoding: gzip");
        e->gzip = true;
        e->body = str_of(f->page, SIM_PAGE);
        break;
    case SIM_UNCHANGED:
        e->path = "/mid.bin";
        e->field = STR("if-none-match: *");
        e->status = 304;
        e->head = true;
        break;
    case SIM_POST:
        e->method = "POST";
        e->path = "/hello";
        e->body = str_c(hello);
        e->post = str_of(filler, sizeof filler);
        break;
    case SIM_POST_STATIC:
        e->method = "POST";
        e->path = "/mid.bin";
        e->status = 405;
        e->any_body = true;
        e->post = str_of(filler, 700);
        break;
    case SIM_OPTIONS:
        e->method = "OPTIONS";
        e->path = "/mid.bin";
        e->status = 204;
        e->head = true;
        break;
    case SIM_DENIED:
        e->path = "/../../etc/passwd";
        e->status = 0; /* 400 or 404: never the file */
        e->any_body = true;
        break;
    case SIM_LISTING:
        e->path = "/?sort=size";
        e->any_body = true;
        break;
    default:
        e->path = "/hello";
        e->body = str_c(hello);
    }
}

/* Through a narrow pipe every byte costs a turn of the loop: nothing large there. */
enum sim_kind sim_any_kind(struct sim *s, size_t capacity)
{
    enum sim_kind kind = (enum sim_kind)sim_below(s, SIM_KINDS);
    if (kind == SIM_GET_BIG && (capacity < 512 || !sim_chance(s, 2)))
        kind = SIM_GET_MID;
    if (kind == SIM_GET_MID && capacity < 32)
        kind = SIM_GET_SMALL;
    return kind;
}

static bool gunzip_right(struct str body, struct str want)
{
    char *out = malloc(want.n + 1);
    z_stream z = {.next_in = (unsigned char *)body.p,
                  .avail_in = (unsigned)body.n,
                  .next_out = (unsigned char *)out,
                  .avail_out = (unsigned)want.n + 1};
    bool right = out && inflateInit2(&z, 31) == Z_OK;
    if (right) {
        right = inflate(&z, Z_FINISH) == Z_STREAM_END && z.total_out == want.n &&
                z.avail_in == 0 && memcmp(out, want.p, want.n) == 0;
        inflateEnd(&z);
    }
    free(out);
    return right;
}

bool sim_body_right(const struct sim_expect *e, bool gzip, struct str body)
{
    if (e->head)
        return body.n == 0;
    if (e->any_body)
        return true;
    if (gzip)
        return e->gzip && gunzip_right(body, e->body);
    return str_eq(body, e->body);
}

void sim_h1_request(struct sim *s, struct buf *out, const struct sim_expect *e, bool last)
{
    buf_addf(out, "%s %s HTTP/1.1\r\nHost: localhost\r\n", e->method, e->path);
    if (e->field.n)
        buf_addf(out, "%.*s\r\n", STR_ARG(e->field));
    if (last && sim_chance(s, 2))
        buf_addf(out, "Connection: close\r\n");
    if (e->post.n && sim_chance(s, 3))
        buf_addf(out, "Expect: 100-continue\r\n");
    if (e->post.n && sim_chance(s, 2)) {
        buf_addf(out, "Transfer-Encoding: chunked\r\n\r\n");
        for (size_t at = 0; at < e->post.n;) {
            size_t n = 1 + sim_below(s, e->post.n);
            n = n < e->post.n - at ? n : e->post.n - at;
            buf_addf(out, "%zx\r\n", n);
            buf_add(out, str_of(e->post.p + at, n));
            buf_addf(out, "\r\n");
            at += n;
        }
        buf_addf(out, "0\r\n\r\n");
        return;
    }
    if (e->post.n)
        buf_addf(out, "Content-Length: %zu\r\n", e->post.n);
    buf_addf(out, "\r\n");
    buf_add(out, e->post);
}

/* ---- responses ---- */

struct answer {
    unsigned status;
    bool has_length, chunked, close, gzip;
    uint64_t length;
};

static bool has_value(struct str line, const char *name, struct str *ret)
{
    size_t n = strlen(name);
    if (line.n <= n || line.p[n] != ':' || strncasecmp(line.p, name, n) != 0)
        return false;
    *ret = str_trim(str_from(line, n + 1));
    return true;
}

static const char *read_head(struct str head, struct answer *m)
{
    struct str line, value;
    *m = (struct answer){0};
    for (bool first = true; head.n && head.p; first = false) {
        const char *end = memmem(head.p, head.n, "\r\n", 2);
        if (!end)
            return "a line without end";
        line = str_of(head.p, (size_t)(end - head.p));
        head = str_from(head, line.n + 2);
        if (first) {
            if (line.n < 12 || memcmp(line.p, "HTTP/1.1 ", 9) != 0)
                return "no status line";
            m->status = (unsigned)strtoul(line.p + 9, NULL, 10);
        } else if (has_value(line, "content-length", &value)) {
            if (m->has_length || !str_u64(value, &m->length))
                return "a bad Content-Length";
            m->has_length = true;
        } else if (has_value(line, "transfer-encoding", &value)) {
            m->chunked = true;
        } else if (has_value(line, "connection", &value)) {
            m->close = str_ieq(value, STR("close"));
        } else if (has_value(line, "content-encoding", &value)) {
            m->gzip = str_eq(value, STR("gzip"));
        }
    }
    return m->has_length && m->chunked ? "both framings" : NULL;
}

/* 1: whole, *used bytes; 0: more is to come; −1: wrong. */
static int read_chunks(struct str in, struct buf *body, size_t *used)
{
    size_t all = in.n;
    for (;;) {
        const char *end = memmem(in.p, in.n, "\r\n", 2);
        if (!end)
            return in.n > 20 ? -1 : 0;
        char *stop;
        size_t n = strtoul(in.p, &stop, 16), line = (size_t)(end - in.p) + 2;
        if (stop != end)
            return -1;
        if (in.n < line + n + 2)
            return 0;
        if (memcmp(in.p + line + n, "\r\n", 2) != 0)
            return -1;
        buf_add(body, str_of(in.p + line, n));
        in = str_from(in, line + n + 2);
        if (n == 0) {
            *used = all - in.n;
            return 1;
        }
    }
}

static int read_body(const struct answer *m, const struct sim_expect *e, struct str in, bool eof,
                     size_t *used)
{
    struct buf body;
    int whole = 1;
    *used = 0;
    buf_init(&body, (size_t)1 << 20);
    if (e->head || m->status == 204 || m->status == 304) {
        *used = 0;
    } else if (m->chunked) {
        whole = read_chunks(in, &body, used);
    } else if (m->has_length) {
        whole = in.n >= m->length;
        *used = m->length;
    } else { /* to the end of the connection: we never ask in a way that permits this */
        whole = -1;
    }
    if (whole == 1) {
        struct str got = m->chunked ? buf_str(&body) : str_of(in.p, *used);
        whole = sim_body_right(e, m->gzip, got) ? 1 : -1;
    }
    buf_done(&body);
    return whole;
}

static bool status_right(const struct sim_expect *e, unsigned status)
{
    if (e->status)
        return status == e->status;
    return status == 400 || status == 403 || status == 404;
}

int sim_h1_check(struct str in, const struct sim_expect *e, size_t n, bool eof, bool *ret_closed,
                 const char **ret_why)
{
    size_t done = 0;
    *ret_closed = false;
    while (in.n && in.p) {
        struct answer m;
        const char *end = memmem(in.p, in.n, "\r\n\r\n", 4);
        if (!end)
            return (int)done;
        struct str head = str_of(in.p, (size_t)(end - in.p) + 2);
        in = str_from(in, head.n + 2);
        if ((*ret_why = read_head(head, &m)))
            return -1;
        if (m.status == 100)
            continue;
        if (m.status == 408 && eof) { /* a deadline passed while we were slow: the last word */
            *ret_closed = true;
            return (int)done;
        }
        *ret_why = "more responses than requests";
        if (done == n)
            return -1;
        *ret_why = "another status than expected";
        if (!status_right(&e[done], m.status))
            return -1;
        size_t used = 0;
        int whole = read_body(&m, &e[done], in, eof, &used);
        *ret_why = "another body than expected";
        if (whole < 0)
            return -1;
        if (whole == 0)
            return (int)done;
        in = str_from(in, used);
        done++;
        *ret_why = "bytes behind the last response";
        if (m.close) {
            *ret_closed = true;
            return in.n ? -1 : (int)done;
        }
    }
    return (int)done;
}
