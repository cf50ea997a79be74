/* Ranges: none empty, none beyond the end, no two that touch. The first eight bytes are the
 * size. */
#include "wire/range.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct str value, uint64_t size)
{
    struct range r[RANGE_MAX];
    size_t n;
    if (range_parse(value, size, r, RANGE_MAX, &n))
        return;
    assert(n <= RANGE_MAX);
    for (size_t i = 0; i < n; i++) {
        assert(r[i].length > 0 && r[i].from < size && r[i].length <= size - r[i].from);
        for (size_t k = 0; k < i; k++)
            assert(r[i].from > r[k].from + r[k].length || r[k].from > r[i].from + r[i].length);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint64_t length = 0;
    if (size < sizeof length)
        return 0;
    memcpy(&length, data, sizeof length);
    struct str value = str_of((const char *)data + sizeof length, size - sizeof length);
    check(value, length);
    check(value, length % 1000);
    check(value, 0);
    return 0;
}
