/* A peer's records under fixed keys: whatever comes is opened or refused, without a byte read or
 * written elsewhere. The first bytes of the input choose the suite; the rest are records. */
#include "audit/seal.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OUT_MAX = 1 << 16 };

static struct crypto *crypto;

static bool begin(struct seal *s, const uint8_t choice[3])
{
    static const enum crypto_md macs[] = {CRYPTO_MD5, CRYPTO_SHA1, CRYPTO_SHA256, CRYPTO_SHA384};
    static const unsigned char material[SEAL_MAC_MAX] = {1, 2, 3};
    struct seal_params p = {
        .version = 0x0300 + choice[0] % 5,
        .cipher = (enum seal_cipher)(choice[1] % SEAL_CIPHERS),
        .mac = macs[choice[2] % 4],
        .encrypt_then_mac = choice[2] & 4,
    };
    struct seal_keys keys = {
        .mac = crypto_str(material, seal_mac_size(&p)),
        .key = crypto_str(material, seal_key_size(&p)),
        .iv = crypto_str(material, seal_iv_size(&p)),
    };
    return seal_init(s, crypto, &p, &keys, false) == 0;
}

/* One record off the front of `in`; false when it was refused. */
static bool open_one(struct seal *s, struct str *in, struct buf *out)
{
    const unsigned char *header = (const unsigned char *)in->p;
    struct str body = str_sub(*in, SEAL_HEADER, (size_t)(header[3] << 8 | header[4]));
    uint64_t seq = s->seq;
    uint8_t type = 0;
    int err = seal_open(s, header, body, out, &type);
    *in = str_from(*in, SEAL_HEADER + body.n);
    assert(out->n <= SEAL_PLAIN_MAX && out->n <= body.n);
    assert(err ? out->n == 0 : s->seq == seq + 1);
    assert(!err || err == -ERR_TLS_MAC || err == -ERR_TLS_DECODE);
    return !err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seal s;
    struct buf out;
    if (!crypto)
        crypto = crypto_new();
    if (size < 3 || !begin(&s, data))
        return 0;
    struct str in = str_of((const char *)data + 3, size - 3);
    buf_init(&out, OUT_MAX);
    while (in.n >= SEAL_HEADER && open_one(&s, &in, &out))
        buf_clear(&out);
    buf_done(&out);
    seal_done(&s);
    return 0;
}
