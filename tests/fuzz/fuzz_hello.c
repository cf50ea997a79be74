/* First bytes: slices stay inside, and a prefix is never called malformed when the whole is
 * good. */
#include "wire/hello.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct hello_storage storage;

static void check_slice(struct str s, struct str in)
{
    const char *m = storage.message;
    bool in_input = s.p >= in.p && s.p + s.n <= in.p + in.n;
    bool in_storage = s.p >= m && s.p + s.n <= m + sizeof storage.message;
    assert(s.n == 0 || in_input || in_storage);
}

static void check(const struct hello *h, struct str in)
{
    struct str rest, one;
    uint16_t type;
    check_slice(h->random, in);
    check_slice(h->session_id, in);
    check_slice(h->ciphers, in);
    check_slice(h->alpn, in);
    check_slice(h->versions, in);
    check_slice(h->groups, in);
    check_slice(h->sigalgs, in);
    check_slice(h->extensions, in);
    assert(h->used <= in.n && h->sni.n < sizeof storage.name && h->random.n == 32);
    assert(h->has_sni == (h->sni.n > 0));
    for (rest = h->alpn; hello_alpn_next(&rest, &one);)
        check_slice(one, in);
    assert(rest.n == 0);
    for (rest = h->extensions; hello_extension_next(&rest, &type, &one);)
        check_slice(one, in);
    assert(rest.n == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct hello h, part;
    enum hello_kind kind = hello_sniff(in);
    int err = hello_parse(&h, &storage, in);
    if (err == 0) {
        assert(kind == HELLO_TLS);
        check(&h, in);
        for (size_t n = 0; n < h.used; n += 1 + h.used / 16)
            assert(hello_parse(&part, &storage, str_of(in.p, n)) == -ERR_NEED_MORE);
    }
    return 0;
}
