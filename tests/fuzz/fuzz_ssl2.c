/* SSL 2.0's SERVER-HELLO: slices stay inside, and no prefix of a good one is refused. */
#include "wire/ssl2.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str s, struct str in)
{
    assert(s.n == 0 || (s.p >= in.p && s.p + s.n <= in.p + in.n));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct ssl2_server_hello h, part;
    if (ssl2_server_hello_parse(&h, in))
        return 0;
    check(h.certificate, in);
    check(h.specs, in);
    check(h.connection_id, in);
    assert(h.version == 2 && h.specs.n % 3 == 0);
    for (size_t n = 0; n < size; n += 1 + size / 32) {
        int err = ssl2_server_hello_parse(&part, str_sub(in, 0, n));
        assert(err == 0 || err == -ERR_NEED_MORE);
    }
    return 0;
}
