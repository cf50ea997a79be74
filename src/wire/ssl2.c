/* SSL 2.0 hellos; see ssl2.h. */
#include "wire/ssl2.h"

#include "wire/tlsread.h"
#include "wire/tlswrite.h"

enum { CLIENT_HELLO = 1, SERVER_HELLO = 4, VERSION = 0x0002 };

static const char specs[] = "\x01\x00\x80\x02\x00\x80\x03\x00\x80\x04\x00\x80"
                            "\x05\x00\x80\x06\x00\x40\x07\x00\xc0\x08\x00\x80";

void ssl2_client_hello_emit(struct buf *out, const unsigned char challenge[16])
{
    struct str offered = str_of(specs, sizeof specs - 1);
    tlswrite_number(out, 2, 0x8000 | (9 + offered.n + 16)); /* no padding: 2 bytes of head */
    tlswrite_number(out, 1, CLIENT_HELLO);
    tlswrite_number(out, 2, VERSION);
    tlswrite_number(out, 2, (uint32_t)offered.n);
    tlswrite_number(out, 2, 0); /* session id */
    tlswrite_number(out, 2, 16);
    buf_add(out, offered);
    buf_add(out, str_of((const char *)challenge, 16));
}

/* The record's head has 2 bytes, or 3 of which the last counts padding. */
static int record(struct str in, struct str *ret_body)
{
    struct tlsread r = tlsread_of(in);
    uint32_t head = tlsread_number(&r, 2);
    if (r.bad)
        return -ERR_NEED_MORE;
    bool padded = !(head & 0x8000);
    size_t n = padded ? head & 0x3fff : head & 0x7fff;
    if (padded)
        tlsread_number(&r, 1);
    if (r.bad || r.in.n < n)
        return -ERR_NEED_MORE;
    *ret_body = str_sub(r.in, 0, n);
    return 0;
}

/* Told at once, not when a length that was none has come. A TLS record or alert begins with 20 to
 * 24, 3: no SSL 2.0 hello is that long. */
static bool is_other(struct str in)
{
    if (in.n >= 2 && in.p[0] >= 20 && in.p[0] <= 24 && in.p[1] == 3)
        return true;
    size_t type = in.n && in.p[0] & 0x80 ? 2 : 3; /* behind the head */
    return in.n > type && in.p[type] != SERVER_HELLO;
}

int ssl2_server_hello_parse(struct ssl2_server_hello *ret, struct str in)
{
    struct ssl2_server_hello h = {0};
    struct str body;
    if (is_other(in))
        return -ERR_TLS_DECODE;
    int err = record(in, &body);
    if (err)
        return err;
    struct tlsread r = tlsread_of(body);
    if (tlsread_number(&r, 1) != SERVER_HELLO)
        return -ERR_TLS_DECODE;
    h.session_hit = tlsread_number(&r, 1);
    tlsread_number(&r, 1); /* certificate type */
    h.version = (uint16_t)tlsread_number(&r, 2);
    size_t certificate = tlsread_number(&r, 2), list = tlsread_number(&r, 2),
           id = tlsread_number(&r, 2);
    h.certificate = tlsread_fixed(&r, certificate);
    h.specs = tlsread_fixed(&r, list);
    h.connection_id = tlsread_fixed(&r, id);
    if (r.bad || h.version != VERSION || list % 3)
        return -ERR_TLS_DECODE;
    *ret = h;
    return 0;
}
