/* Records off the front of anything: what is cut off is inside, and emitted again it is the same. */
#include "wire/tlsrec.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str in = str_of((const char *)data, size);
    struct tlsrec r, part;
    while (tlsrec_parse(&r, in) == 0) {
        assert(r.used == r.body.n + TLSREC_HEAD && r.used <= in.n && r.body.n <= TLSREC_BODY_MAX);
        assert(r.body.p == in.p + TLSREC_HEAD && r.type >= 20 && r.type <= 63 && r.version >> 8 == 3);
        for (size_t n = 0; n < r.used; n += 1 + r.used / 16)
            assert(tlsrec_parse(&part, str_sub(in, 0, n)) == -ERR_NEED_MORE);
        struct buf again;
        buf_init(&again, 1 << 15);
        tlsrec_emit(&again, r.type, r.version, r.body, 0);
        if (r.body.n <= TLSREC_PLAIN_MAX)
            assert(str_eq(buf_str(&again), str_sub(in, 0, r.used)));
        buf_done(&again);
        in = str_from(in, r.used);
    }
    return 0;
}
