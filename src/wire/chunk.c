/* The chunked transfer coding; see chunk.h.
 *
 * Every disagreement about where a chunk ends is a request-smuggling hole, so nothing is
 * tolerated: no space around the size, no bare LF, at most 16 hexadecimal digits, CRLF behind
 * the data. Chunk extensions must follow the grammar of RFC 9112 7.1.1 (without its "bad
 * whitespace"), are limited in sum over the whole message (a peer could otherwise send 1 byte of
 * data with each 256 bytes of extension for ever), and are dropped. */
#include "wire/chunk.h"

#include "wire/scan.h"

#define EXTENSIONS_MAX 256

enum {
    SIZE,       /* digits */
    EXT_NAME,   /* behind ";" or in the name */
    EXT_VALUE0, /* behind "=" */
    EXT_TOKEN,
    EXT_QUOTED,
    EXT_ESCAPED,    /* behind a backslash */
    EXT_QUOTED_END, /* behind the closing quote */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    DONE,
};

void chunk_init(struct chunk_decoder *d)
{
    *d = (struct chunk_decoder){.state = SIZE};
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_tchar(char c)
{
    return scan_token(str_of(&c, 1)) == 1;
}

static int size_step(struct chunk_decoder *d, char c)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (d->digits == 16)
            return -ERR_HTTP_CHUNK;
        d->digits++;
        d->left = d->left << 4 | (unsigned)digit;
        return SIZE;
    }
    if (d->digits == 0)
        return -ERR_HTTP_CHUNK;
    if (c == ';') {
        d->digits = 0; /* counts the bytes of the extension's name from here on */
        return EXT_NAME;
    }
    return c == '\r' ? SIZE_LF : -ERR_HTTP_CHUNK;
}

/* Behind a complete extension: the next one, or the line's end. */
static int extension_end(struct chunk_decoder *d, char c)
{
    d->digits = 0;
    if (c == ';')
        return EXT_NAME;
    return c == '\r' ? SIZE_LF : -ERR_HTTP_CHUNK;
}

static int extension_name_step(struct chunk_decoder *d, char c)
{
    if (is_tchar(c)) {
        d->digits = 1;
        return EXT_NAME;
    }
    if (d->digits == 0)
        return -ERR_HTTP_CHUNK;
    return c == '=' ? EXT_VALUE0 : extension_end(d, c);
}

static int extension_step(struct chunk_decoder *d, char c)
{
    if (++d->extension > EXTENSIONS_MAX)
        return -ERR_HTTP_CHUNK;
    bool text = scan_value(str_of(&c, 1)) == 1;
    switch (d->state) {
    case EXT_NAME: return extension_name_step(d, c);
    case EXT_VALUE0:
        if (c == '"')
            return EXT_QUOTED;
        return is_tchar(c) ? EXT_TOKEN : -ERR_HTTP_CHUNK;
    case EXT_TOKEN: return is_tchar(c) ? EXT_TOKEN : extension_end(d, c);
    case EXT_QUOTED:
        if (c == '"')
            return EXT_QUOTED_END;
        if (c == '\\')
            return EXT_ESCAPED;
        return text ? EXT_QUOTED : -ERR_HTTP_CHUNK;
    case EXT_ESCAPED: return text ? EXT_QUOTED : -ERR_HTTP_CHUNK;
    default: return extension_end(d, c);
    }
}

/* The new state, or the error. */
static int step(struct chunk_decoder *d, char c)
{
    switch (d->state) {
    case SIZE: return size_step(d, c);
    case SIZE_LF:
        if (c != '\n' || d->left > INT64_MAX) /* sums of sizes must not overflow anywhere */
            return -ERR_HTTP_CHUNK;
        d->digits = 0;
        return d->left ? DATA : DONE;
    case DATA_CR: return c == '\r' ? DATA_LF : -ERR_HTTP_CHUNK;
    case DATA_LF: return c == '\n' ? SIZE : -ERR_HTTP_CHUNK;
    default: return extension_step(d, c);
    }
}

static int take_data(struct chunk_decoder *d, struct str *in, struct str *ret_data)
{
    size_t n = in->n < d->left ? in->n : (size_t)d->left;
    *ret_data = str_of(in->p, n);
    *in = str_from(*in, n);
    d->left -= n;
    if (d->left == 0)
        d->state = DATA_CR;
    return 1;
}

int chunk_next(struct chunk_decoder *d, struct str *in, struct str *ret_data)
{
    while (in->n) {
        if (d->state == DONE)
            return 2;
        if (d->state == DATA)
            return take_data(d, in, ret_data);
        int next = step(d, in->p[0]);
        if (next < 0)
            return next;
        d->state = (uint8_t)next;
        *in = str_from(*in, 1);
    }
    return d->state == DONE ? 2 : 0;
}

size_t chunk_emit_head(char out[CHUNK_HEAD_MAX], uint64_t n)
{
    char digits[16];
    size_t i = sizeof digits, len;
    do {
        digits[--i] = "0123456789abcdef"[n & 15];
        n >>= 4;
    } while (n);
    len = sizeof digits - i;
    memcpy(out, digits + i, len);
    memcpy(out + len, "\r\n", 2);
    return len + 2;
}
