/* Growable buffers with a maximum; see buf.h. Growth doubles, so appends are linear in total; the
 * consumed front is reused before memory grows, so a steady stream never reallocates. */
#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

void buf_done(struct buf *b)
{
    free(b->mem);
    buf_init(b, b->max);
}

void buf_clear(struct buf *b)
{
    b->off = b->n = 0;
    b->failed = false;
}

static int buf_fail(struct buf *b, int err)
{
    if (!b->failed)
        b->starved = err == -ERR_NOMEM;
    b->failed = true;
    return err;
}

int buf_reserve(struct buf *b, size_t n)
{
    if (n > b->max - b->n)
        return buf_fail(b, -ERR_LIMIT);
    if (b->mem && buf_tail(b) >= n)
        return 0;
    if (b->off && b->cap - b->n >= n && b->n <= b->cap / 2) {
        memmove(b->mem, b->mem + b->off, b->n);
        b->off = 0;
        return 0;
    }
    size_t want = b->n + n, cap = b->cap ? b->cap : 64;
    while (cap < want)
        cap = cap > b->max / 2 ? b->max : cap * 2;
    if (cap > b->max)
        cap = b->max;
    char *mem = malloc(cap ? cap : 1);
    if (!mem)
        return buf_fail(b, -ERR_NOMEM);
    if (b->n)
        memcpy(mem, b->mem + b->off, b->n);
    free(b->mem);
    b->mem = mem;
    b->cap = cap;
    b->off = 0;
    return 0;
}

int buf_append(struct buf *b, struct str s)
{
    int err = buf_reserve(b, s.n);
    if (err)
        return err;
    if (s.n)
        memcpy(buf_end(b), s.p, s.n);
    b->n += s.n;
    return 0;
}

void buf_add(struct buf *b, struct str s)
{
    int err = buf_append(b, s);
    (void)err; /* the buffer remembers it */
}

void buf_addc(struct buf *b, char c)
{
    buf_add(b, str_of(&c, 1));
}

void buf_addv(struct buf *b, const char *format, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, again);
    va_end(again);
    if (n < 0) /* a conversion that failed */
        (void)buf_fail(b, -ERR_LIMIT);
    if (n < 0 || buf_reserve(b, (size_t)n + 1))
        return;
    vsnprintf(buf_end(b), (size_t)n + 1, format, args);
    b->n += (size_t)n;
}

void buf_addf(struct buf *b, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    buf_addv(b, format, args);
    va_end(args);
}

void buf_addu(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t i = sizeof digits;
    do {
        digits[--i] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, str_of(digits + i, sizeof digits - i));
}

struct str buf_keep(struct buf *b, struct arena *a)
{
    struct str s = arena_str(a, buf_str(b));
    a->starved = a->starved || b->starved;
    buf_done(b);
    return s;
}

void buf_consume(struct buf *b, size_t n)
{
    b->off += n;
    b->n -= n;
    if (b->n == 0)
        b->off = 0;
}

char *buf_cstr(struct buf *b)
{
    if (buf_reserve(b, 1))
        return NULL;
    *buf_end(b) = '\0';
    return b->mem + b->off;
}

/* Length of what may stand in a JSON string as it is. */
static size_t json_plain(const unsigned char *p, size_t n)
{
    size_t i = 0;
    while (i < n && p[i] >= 0x20 && p[i] < 0x7f && p[i] != '"' && p[i] != '\\')
        i++;
    return i;
}

void buf_add_json(struct buf *b, struct str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        size_t len = json_plain(p + i, s.n - i);
        if (len == 0)
            len = p[i] < 0x80 ? 0 : str_utf8(str_from(s, i));
        if (len) {
            buf_add(b, str_of(s.p + i, len));
            i += len;
        } else if (p[i] == '"' || p[i] == '\\') {
            buf_addc(b, '\\');
            buf_addc(b, (char)p[i++]);
        } else if (p[i] < 0x80) {
            buf_addf(b, "\\u%04x", p[i++]);
        } else {
            buf_add(b, STR("\\ufffd"));
            i++;
        }
    }
}

void buf_add_html(struct buf *b, struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        switch (s.p[i]) {
        case '&':
            buf_add(b, STR("&amp;"));
            break;
        case '<':
            buf_add(b, STR("&lt;"));
            break;
        case '>':
            buf_add(b, STR("&gt;"));
            break;
        case '"':
            buf_add(b, STR("&quot;"));
            break;
        case '\'':
            buf_add(b, STR("&#39;"));
            break;
        default:
            buf_addc(b, s.p[i]);
        }
    }
}
