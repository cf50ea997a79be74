/* The first bytes of a connection; see hello.h.
 *
 * The parser starts from the first byte with each call: a ClientHello is at most 16 KiB in at
 * most 64 records, so the work of a peer that sends byte by byte is bounded by the caller's
 * deadline, and no state has to be right. What OpenSSL would also find (unknown values, wrong
 * lengths inside extensions that we do not read) is left to it. */
#include "wire/hello.h"

#include "wire/uri.h"

#define RECORDS_MAX    64
#define EXTENSIONS_MAX 128
#define RECORD_HEAD    5
#define RECORD_MAX     16384

enum { HANDSHAKE = 22, CLIENT_HELLO = 1 };
enum {
    EXT_SERVER_NAME = 0,
    EXT_GROUPS = 10,
    EXT_SIGALGS = 13,
    EXT_ALPN = 16,
    EXT_PSK = 41,
    EXT_EARLY_DATA = 42,
    EXT_VERSIONS = 43,
    EXT_ECH = 0xfe0d,
};

/* ---- reading off the front ---- */

static bool number(struct str *s, size_t bytes, uint32_t *ret)
{
    uint32_t v = 0;
    if (s->n < bytes)
        return false;
    for (size_t i = 0; i < bytes; i++)
        v = v << 8 | (unsigned char)s->p[i];
    *ret = v;
    *s = str_from(*s, bytes);
    return true;
}

static bool fixed(struct str *s, size_t n, struct str *ret)
{
    if (s->n < n)
        return false;
    *ret = str_of(s->p, n);
    *s = str_from(*s, n);
    return true;
}

/* A vector with a length of 1 or 2 bytes in front. */
static bool vector(struct str *s, size_t bytes, size_t min, size_t max, struct str *ret)
{
    uint32_t n;
    return number(s, bytes, &n) && n >= min && n <= max && fixed(s, n, ret);
}

/* A vector that is all of an extension's body. */
static bool whole_vector(struct str s, size_t bytes, size_t min, struct str *ret)
{
    return vector(&s, bytes, min, 65535, ret) && s.n == 0;
}

static bool u16_list(struct str s, size_t bytes, struct str *ret)
{
    return whole_vector(s, bytes, 2, ret) && ret->n % 2 == 0;
}

uint16_t hello_u16(struct str list, size_t i)
{
    uint32_t v;
    list = str_from(list, 2 * i);
    return number(&list, 2, &v) ? (uint16_t)v : 0;
}

bool hello_has_u16(struct str list, uint16_t value)
{
    for (size_t i = 0; i < list.n / 2; i++)
        if (hello_u16(list, i) == value)
            return true;
    return false;
}

bool hello_is_grease(uint16_t value)
{
    return (value & 0x0f0f) == 0x0a0a && value >> 8 == (value & 0xff);
}

bool hello_alpn_next(struct str *rest, struct str *ret_name)
{
    return vector(rest, 1, 1, 255, ret_name);
}

bool hello_alpn_has(const struct hello *h, struct str name)
{
    struct str rest = h->alpn, one;
    while (hello_alpn_next(&rest, &one))
        if (str_eq(one, name))
            return true;
    return false;
}

bool hello_extension_next(struct str *rest, uint16_t *ret_type, struct str *ret_body)
{
    uint32_t type;
    struct str s = *rest;
    if (!number(&s, 2, &type) || !vector(&s, 2, 0, 65535, ret_body))
        return false;
    *ret_type = (uint16_t)type;
    *rest = s;
    return true;
}

/* ---- extensions ---- */

/* RFC 6066 3: a list, but of one host name. */
static bool server_name(struct hello *h, struct hello_storage *storage, struct str body)
{
    struct str list, name;
    uint32_t type;
    uint16_t port;
    if (!whole_vector(body, 2, 1, &list) || !number(&list, 1, &type) || type != 0 ||
        !vector(&list, 2, 1, 255, &name) || list.n != 0)
        return false;
    if (str_find(name, ':', 0) < name.n || name.p[0] == '[')
        return false;
    h->has_sni = true;
    return uri_host(name, storage->name, &h->sni, &port) == 0;
}

/* RFC 7301 3.1: no empty list, no empty name. */
static bool alpn(struct hello *h, struct str body)
{
    struct str rest, name;
    if (!whole_vector(body, 2, 2, &h->alpn))
        return false;
    rest = h->alpn;
    while (rest.n)
        if (!hello_alpn_next(&rest, &name))
            return false;
    return true;
}

static bool extension(struct hello *h, struct hello_storage *storage, uint16_t type,
                      struct str body)
{
    switch (type) {
    case EXT_SERVER_NAME: return server_name(h, storage, body);
    case EXT_ALPN: return alpn(h, body);
    case EXT_VERSIONS: return u16_list(body, 1, &h->versions);
    case EXT_GROUPS: return u16_list(body, 2, &h->groups);
    case EXT_SIGALGS: return u16_list(body, 2, &h->sigalgs);
    case EXT_EARLY_DATA: h->early_data = true; return body.n == 0;
    case EXT_ECH: h->ech = true; return true;
    default: return true;
    }
}

static bool extensions(struct hello *h, struct hello_storage *storage)
{
    uint16_t seen[EXTENSIONS_MAX];
    size_t n = 0;
    struct str rest = h->extensions, body;
    while (rest.n) {
        uint16_t type;
        if (n == EXTENSIONS_MAX || h->psk || !hello_extension_next(&rest, &type, &body))
            return false; /* RFC 8446 4.2.11: pre_shared_key is the last one */
        for (size_t i = 0; i < n; i++)
            if (seen[i] == type)
                return false; /* 4.2: no two of the same type */
        seen[n++] = type;
        h->psk = type == EXT_PSK;
        if (!extension(h, storage, type, body))
            return false;
    }
    return true;
}

/* ---- the message ---- */

static uint16_t max_version(const struct hello *h)
{
    uint16_t best = 0;
    if (h->versions.n == 0)
        return h->legacy_version < 0x0303 ? h->legacy_version : 0x0303;
    for (size_t i = 0; i < h->versions.n / 2; i++) {
        uint16_t v = hello_u16(h->versions, i);
        if (v >= 0x0300 && v <= 0x0304 && v > best)
            best = v;
    }
    return best;
}

/* RFC 8446 4.1.2; the handshake header is gone. */
static int client_hello(struct hello *h, struct hello_storage *storage, struct str s)
{
    struct str compression;
    uint32_t version;
    if (!number(&s, 2, &version) || !fixed(&s, 32, &h->random) ||
        !vector(&s, 1, 0, 32, &h->session_id) || !vector(&s, 2, 2, 65534, &h->ciphers) ||
        h->ciphers.n % 2 || !vector(&s, 1, 1, 255, &compression))
        return -ERR_TLS_DECODE;
    if (version >> 8 != 3 || str_find(compression, '\0', 0) == compression.n)
        return -ERR_TLS_DECODE;
    h->legacy_version = (uint16_t)version;
    /* Before TLS 1.3 the block may be missing (RFC 5246 7.4.1.2). */
    if (s.n && (!whole_vector(s, 2, 0, &h->extensions) || !extensions(h, storage)))
        return -ERR_TLS_DECODE;
    h->max_version = max_version(h);
    return 0;
}

/* ---- records ---- */

/* What one record brings: *ret_payload may be cut short when `in` is. 0, -ERR_NEED_MORE (header
 * incomplete). */
static int record(struct str in, bool first, struct str *ret_payload, size_t *ret_length)
{
    int wrong = first ? -ERR_TLS_NOT_TLS : -ERR_TLS_DECODE;
    const unsigned char *p = (const unsigned char *)in.p;
    if (in.n >= 1 && p[0] != HANDSHAKE)
        return wrong;
    if (in.n >= 2 && p[1] != 3)
        return wrong;
    if (in.n < RECORD_HEAD)
        return -ERR_NEED_MORE;
    size_t length = (size_t)p[3] << 8 | p[4];
    if (length == 0 || length > RECORD_MAX) /* RFC 8446 5.1: no empty handshake fragments */
        return -ERR_TLS_DECODE;
    *ret_payload = str_sub(in, RECORD_HEAD, length);
    *ret_length = length;
    return 0;
}

/* Bytes of the handshake message with its header, once its header is there; 0 before. */
static int message_size(struct str so_far, size_t *ret)
{
    uint32_t type, n;
    if (so_far.n >= 1 && so_far.p[0] != CLIENT_HELLO)
        return -ERR_TLS_NOT_TLS;
    *ret = 0;
    if (so_far.n < 4)
        return 0;
    if (!number(&so_far, 1, &type) || !number(&so_far, 3, &n) || n > HELLO_MAX)
        return -ERR_LIMIT;
    *ret = n + 4;
    return 0;
}

/* Puts the message together: 0 and *ret_message complete. */
static int gather(struct hello_storage *storage, struct str in, struct str *ret_message,
                  size_t *ret_used)
{
    size_t have = 0, at = 0, size;
    for (unsigned records = 0; records < RECORDS_MAX; records++) {
        struct str part, message;
        size_t length;
        int err = record(str_from(in, at), records == 0, &part, &length);
        if (err)
            return err;
        if (part.n > sizeof storage->message - have)
            return -ERR_LIMIT;
        if (part.n) /* the first is copied too when another may follow; a slice serves else */
            memcpy(storage->message + have, part.p, part.n);
        have += part.n;
        message = records == 0 ? part : str_of(storage->message, have);
        err = message_size(message, &size);
        if (err)
            return err;
        if (part.n < length)
            return size && have > size ? -ERR_TLS_DECODE : -ERR_NEED_MORE;
        at += RECORD_HEAD + length;
        if (size && have >= size) {
            *ret_message = message;
            *ret_used = at;
            return have == size ? 0 : -ERR_TLS_DECODE; /* nothing may follow in its record */
        }
    }
    return -ERR_LIMIT;
}

int hello_parse(struct hello *ret, struct hello_storage *storage, struct str in)
{
    struct hello h = {0};
    struct str message;
    int err = gather(storage, in, &message, &h.used);
    if (!err)
        err = client_hello(&h, storage, str_from(message, 4));
    if (!err)
        *ret = h;
    return err;
}

/* ---- sniffing ---- */

/* 1: begins with it; 0: may still; -1: does not. */
static int begins(struct str in, struct str with)
{
    size_t n = in.n < with.n ? in.n : with.n;
    if (n && memcmp(in.p, with.p, n) != 0)
        return -1;
    return in.n >= with.n;
}

/* A method is a run of capitals; longer ones than any registered are not waited for. */
static enum hello_kind request_like(struct str in)
{
    size_t n = 0;
    while (n < in.n && n < 20 && in.p[n] >= 'A' && in.p[n] <= 'Z')
        n++;
    if (n == in.n)
        return HELLO_SHORT;
    return n > 0 && in.p[n] == ' ' ? HELLO_HTTP : HELLO_OTHER;
}

enum hello_kind hello_sniff(struct str in)
{
    static const struct {
        struct str text;
        enum hello_kind kind;
    } marks[] = {
        {{"\x16\x03", 2}, HELLO_TLS},
        {{"SSH-", 4}, HELLO_SSH},
        {{"PROXY ", 6}, HELLO_PROXY},
        {{"\r\n\r\n\0\r\nQUIT\n", 12}, HELLO_PROXY},
    };
    const unsigned char *p = (const unsigned char *)in.p;
    bool may_be = in.n == 0;
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        int fit = begins(in, marks[i].text);
        if (fit > 0)
            return marks[i].kind;
        may_be |= fit == 0;
    }
    if (may_be)
        return HELLO_SHORT;
    if (p[0] & 0x80) {
        if (in.n < 4)
            return HELLO_SHORT;
        return p[2] == CLIENT_HELLO && (p[3] == 3 || p[3] == 0) ? HELLO_SSL2 : HELLO_OTHER;
    }
    return request_like(in);
}
