/* Sending files; see static_send.h. One walk over pieces serves whole files, one range and
 * multipart/byteranges alike, from memory and from disk. Nothing is held but the pieces: at most
 * RANGE_MAX file stretches with a text before each, and the closing boundary.
 *
 * Invariant: a body is only ended when all that Content-Length promised was sent; a file that
 * shrinks meanwhile resets the exchange, so no client takes a part for the whole. */
#include "handler/static_send.h"

#include "io/loop.h"
#include "wire/condition.h"
#include "wire/range.h"

#include <sys/stat.h>

static int send_not_modified(struct exchange *x, const struct representation *rep)
{
    struct head h = rep->head;
    h.status = 304;
    exchange_send_head(x, &h, true);
    return 0; /* after an error the exchange was reset already */
}

/* A failure may be answered by the site's own page, made by a handler that uses x->state: we let go
 * of everything before (which may free rep). */
static int send_failure(struct exchange *x, struct static_sender *s, unsigned status,
                        const struct field *f)
{
    static_send_done(s);
    x->state = NULL;
    exchange_fail_status(x, status, f, f ? 1 : 0);
    return 0;
}

static int send_unsatisfiable(struct exchange *x, struct static_sender *s,
                              const struct representation *rep)
{
    struct str value = arena_printf(x->arena, "bytes */%llu", (unsigned long long)rep->size);
    struct field f = {STR("content-range"), value, FIELD_CONTENT_RANGE};
    if (!value.p)
        return -ERR_NOMEM;
    return send_failure(x, s, 416, &f);
}

static struct static_piece stretch(const struct static_sender *s, uint64_t from, uint64_t length)
{
    if (s->content)
        return (struct static_piece){str_of(s->content + from, (size_t)length), 0, length};
    return (struct static_piece){STR_NONE, from, length};
}

static struct static_piece text_piece(struct str text)
{
    return (struct static_piece){text, 0, text.n};
}

static int send_pieces(struct exchange *x, struct static_sender *s, const struct head *h)
{
    bool empty = h->length == 0 || x->req.method == METHOD_HEAD;
    int err = exchange_send_head(x, h, empty);
    if (err || empty)
        return 0; /* after an error the exchange was reset already */
    static_send_more(x, s);
    return 0;
}

static int send_whole(struct exchange *x, struct static_sender *s, const struct representation *rep)
{
    s->one = stretch(s, 0, rep->size);
    s->pieces = &s->one;
    s->n = 1;
    return send_pieces(x, s, &rep->head);
}

/* The prepared head again, as 206. fields: room for two more. */
static struct head partial_head(const struct representation *rep, struct field *fields)
{
    struct head h = rep->head;
    memcpy(fields, rep->fields, sizeof rep->fields);
    h.fields = fields;
    h.cap = REPRESENT_FIELDS + 2;
    h.status = 206;
    return h;
}

static struct str content_range(struct exchange *x, const struct range *r, uint64_t size)
{
    return arena_printf(x->arena, "bytes %llu-%llu/%llu", (unsigned long long)r->from,
                        (unsigned long long)(r->from + r->length - 1), (unsigned long long)size);
}

static int send_range(struct exchange *x, struct static_sender *s,
                      const struct representation *rep, const struct range *r)
{
    struct field fields[REPRESENT_FIELDS + 2];
    struct head h = partial_head(rep, fields);
    struct str value = content_range(x, r, rep->size);
    if (!value.p || head_add(&h, FIELD_CONTENT_RANGE, value))
        return -ERR_NOMEM;
    h.length = r->length;
    s->one = stretch(s, r->from, r->length);
    s->pieces = &s->one;
    s->n = 1;
    return send_pieces(x, s, &h);
}

/* The boundary need not be secret, but must not occur in the file: 128 bits mixed from what the
 * file's author cannot know (time of the request, the connection's number) make that certain
 * enough. */
static struct str make_boundary(struct exchange *x)
{
    const uint64_t *seed = x->conn->snapshot->by_name.seed;
    uint64_t salt[3] = {x->conn->loop ? x->conn->loop->now : 0, x->conn->id, x->conn->exchanges};
    struct str bytes = str_of((const char *)salt, sizeof salt);
    uint64_t a = map_hash(seed, bytes);
    salt[0] ^= a;
    uint64_t b = map_hash(seed, bytes);
    return arena_printf(x->arena, "%016llx%016llx", (unsigned long long)a, (unsigned long long)b);
}

/* Fills the pieces of a multipart/byteranges body (RFC 9110 14.6); its length or 0: no memory. */
static uint64_t multipart(struct exchange *x, struct static_sender *s,
                          const struct representation *rep, const struct range *r, size_t n,
                          struct str boundary)
{
    uint64_t total = 0;
    struct str type = head_value(&rep->head, FIELD_CONTENT_TYPE);
    for (size_t i = 0; i < n; i++) {
        struct str range = content_range(x, &r[i], rep->size);
        struct str text =
            arena_printf(x->arena, "%s--%.*s\r\nContent-Type: %.*s\r\nContent-Range: %.*s\r\n\r\n",
                         i ? "\r\n" : "", STR_ARG(boundary), STR_ARG(type), STR_ARG(range));
        if (!range.p || !text.p)
            return 0;
        s->pieces[s->n++] = text_piece(text);
        s->pieces[s->n++] = stretch(s, r[i].from, r[i].length);
        total += text.n + r[i].length;
    }
    struct str end = arena_printf(x->arena, "\r\n--%.*s--\r\n", STR_ARG(boundary));
    s->pieces[s->n++] = text_piece(end);
    return end.p ? total + end.n : 0;
}

static int send_ranges(struct exchange *x, struct static_sender *s,
                       const struct representation *rep, const struct range *r, size_t n)
{
    struct field fields[REPRESENT_FIELDS + 2];
    struct head h = partial_head(rep, fields);
    struct str boundary = make_boundary(x);
    struct str type =
        arena_printf(x->arena, "multipart/byteranges; boundary=%.*s", STR_ARG(boundary));
    s->pieces = arena_zalloc(x->arena, (2 * n + 1) * sizeof *s->pieces);
    if (!boundary.p || !type.p || !s->pieces)
        return -ERR_NOMEM;
    h.length = multipart(x, s, rep, r, n, boundary);
    head_remove(&h, FIELD_CONTENT_TYPE);
    if (h.length == 0 || head_add(&h, FIELD_CONTENT_TYPE, type))
        return -ERR_NOMEM;
    return send_pieces(x, s, &h);
}

/* Range is defined for GET alone (RFC 9110 14.2). */
static bool wants_range(const struct exchange *x, const struct representation *rep)
{
    return x->req.method == METHOD_GET && head_has(&x->req, FIELD_RANGE) &&
           condition_range_applies(&x->req, rep->etag, rep->mtime);
}

int static_send(struct exchange *x, struct static_sender *s, const struct representation *rep)
{
    if (x->failing) /* a page for an error: what the client knows of it is beside the point */
        return send_whole(x, s, rep);
    switch (condition_evaluate(&x->req, rep->etag, rep->mtime)) {
    case COND_NOT_MODIFIED:
        return send_not_modified(x, rep);
    case COND_FAILED:
        return send_failure(x, s, 412, NULL);
    default:
        break;
    }
    struct range ranges[RANGE_MAX];
    size_t n = 0;
    if (wants_range(x, rep) &&
        range_parse(head_value(&x->req, FIELD_RANGE), rep->size, ranges, RANGE_MAX, &n))
        return send_unsatisfiable(x, s, rep);
    if (n == 0)
        return send_whole(x, s, rep);
    return n == 1 ? send_range(x, s, rep, ranges) : send_ranges(x, s, rep, ranges, n);
}

/* A file that became shorter than what is still promised. */
static bool shrunk(int fd, const struct static_piece *p)
{
    struct stat st;
    return fstat(fd, &st) || (uint64_t)st.st_size < p->offset + p->left;
}

static ssize_t send_piece(struct exchange *x, struct static_sender *s, struct static_piece *p,
                          bool end)
{
    if (p->text.p)
        return exchange_send_body(x, &p->text, 1, end);
    int fd = file_pool_use(&s->file);
    if (fd < 0)
        return fd;
    if (shrunk(fd, p))
        return -ERR_FILE_CHANGED;
    return exchange_send_file(x, fd, p->offset, p->left, end);
}

void static_send_more(struct exchange *x, struct static_sender *s)
{
    while (s->at < s->n && !x->gone) {
        struct static_piece *p = &s->pieces[s->at];
        ssize_t taken = send_piece(x, s, p, s->at + 1 == s->n);
        if (taken < 0) {
            s->at = s->n;
            if (!x->gone && taken != -ERR_AGAIN)
                exchange_reset(x, (int)taken);
            return;
        }
        p->left -= (uint64_t)taken;
        p->offset += (uint64_t)taken;
        if (p->text.p)
            p->text = str_from(p->text, (size_t)taken);
        if (p->left)
            return; /* on_writable follows */
        s->at++;
    }
}

void static_send_done(struct static_sender *s)
{
    file_entry_unref(s->entry);
    s->entry = NULL;
    file_pool_remove(&s->file);
}
