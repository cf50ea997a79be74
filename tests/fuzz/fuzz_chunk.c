/* Chunked bodies: the same bytes and the same end however the input is cut. The first byte tells
 * the size of the pieces. */
#include "wire/chunk.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    int result;
    size_t body, used;
    uint64_t hash;
};

static struct outcome decode(struct str in, size_t step)
{
    struct chunk_decoder d;
    struct outcome o = {.hash = 0};
    chunk_init(&d);
    while (o.used < in.n && o.result == 0) {
        struct str piece = str_sub(in, o.used, step), rest = piece, body;
        while ((o.result = chunk_next(&d, &rest, &body)) == 1) {
            assert(body.n > 0 && body.p >= piece.p && body.p + body.n <= rest.p);
            for (size_t i = 0; i < body.n; i++)
                o.hash = o.hash * 31 + (unsigned char)body.p[i];
            o.body += body.n;
        }
        assert(o.result != 0 || rest.n == 0);
        o.used += piece.n - rest.n;
    }
    return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct str in = str_of((const char *)data + 1, size - 1);
    struct outcome whole = decode(in, in.n + 1), cut = decode(in, data[0] % 32 + 1);
    assert(whole.result == cut.result && whole.body == cut.body && whole.hash == cut.hash);
    assert(whole.result < 0 || whole.used == cut.used);
    return 0;
}
