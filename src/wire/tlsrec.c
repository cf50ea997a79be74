/* Records; see tlsrec.h. */
#include "wire/tlsrec.h"

#include "wire/tlswrite.h"

int tlsrec_parse(struct tlsrec *ret, struct str in)
{
    const unsigned char *p = (const unsigned char *)in.p;
    if (in.n >= 1 && (p[0] < TLSREC_CCS || p[0] > 63))
        return -ERR_TLS_NOT_TLS;
    if (in.n >= 2 && p[1] != 3)
        return -ERR_TLS_NOT_TLS;
    if (in.n < TLSREC_HEAD)
        return -ERR_NEED_MORE;
    size_t n = (size_t)p[3] << 8 | p[4];
    if (n > TLSREC_BODY_MAX)
        return -ERR_TLS_DECODE;
    if (in.n - TLSREC_HEAD < n)
        return -ERR_NEED_MORE;
    *ret = (struct tlsrec){p[0], (uint16_t)(p[1] << 8 | p[2]), str_sub(in, TLSREC_HEAD, n),
                           TLSREC_HEAD + n};
    return 0;
}

void tlsrec_emit(struct buf *out, uint8_t type, uint16_t version, struct str payload,
                 size_t fragment)
{
    if (fragment == 0 || fragment > TLSREC_PLAIN_MAX)
        fragment = TLSREC_PLAIN_MAX;
    do {
        struct str piece = str_sub(payload, 0, fragment);
        buf_addc(out, (char)type);
        tlswrite_number(out, 2, version);
        tlswrite_vector(out, 2, piece);
        payload = str_from(payload, piece.n);
    } while (payload.n);
}
