/* The two extensions of a ClientHello that we read ourselves, as OpenSSL hands them over: server_name
 * (RFC 6066 3) and the ALPN list (RFC 7301 3.1). The first byte chooses. The functions are static,
 * so their file is a part of this one. */
#include "tls/tls_hello.c"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A name that is taken is a name: it ends up in logs and as a key. */
static void fuzz_sni(const uint8_t *p, size_t n)
{
    char name[NAME_MAX_ + 1];
    size_t len = 0;
    int err = parse_sni(p, n, name, &len);
    if (err) {
        assert(err == -ERR_TLS_DECODE || err == -ERR_TLS_NAME);
        return;
    }
    assert(len > 0 && len <= NAME_MAX_ && len == n - 5);
    for (size_t i = 0; i < len; i++)
        assert(name_char((unsigned char)name[i]));
}

/* The protocol that is found stands in the list, behind its own length. */
static void fuzz_alpn(const uint8_t *p, size_t n)
{
    static const struct str protocols[] = {{"h2", 2}, {"http/1.1", 8}};
    for (size_t i = 0; i < 2; i++) {
        const unsigned char *at = NULL;
        unsigned char len = 0;
        if (!offers(p, (unsigned)n, protocols[i], &at, &len))
            continue;
        assert(at > p && at + len <= p + n && at[-1] == len);
        assert(str_eq(str_of((const char *)at, len), protocols[i]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] & 1)
        fuzz_alpn(data + 1, size - 1);
    else
        fuzz_sni(data + 1, size - 1);
    return 0;
}
